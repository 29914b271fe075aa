"""Order and cycles, over any hashable names."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def order(needs: Mapping[T, Iterable[T]], rank: Callable[[T], Any]) -> list[T]:
    """The names, each after all that it needs, otherwise by ``rank`` (Kahn's algorithm with a heap: one order only).

    Needs that are not names themselves are ignored.  Names on a cycle come last, by rank.
    """
    waiting = {name: {need for need in needs[name] if need in needs and need != name} for name in needs}
    users: dict[T, list[T]] = {name: [] for name in needs}
    for name, required in waiting.items():
        for need in required:
            users[need].append(name)
    counter = {name: position for position, name in enumerate(sorted(needs, key=rank))}
    ready = [(counter[name], name) for name, required in waiting.items() if not required]
    heapq.heapify(ready)
    out: list[T] = []
    while ready:
        _, name = heapq.heappop(ready)
        out.append(name)
        for user in users[name]:
            waiting[user].discard(name)
            if not waiting[user]:
                heapq.heappush(ready, (counter[user], user))
    if len(out) < len(waiting):
        done = set(out)
        out += sorted((name for name in needs if name not in done), key=rank)
    return out


def cycles(needs: Mapping[T, Iterable[T]], rank: Callable[[T], Any]) -> list[list[T]]:
    """One path for each group of names that need each other, starting at the least: ``[a, b]`` for a -> b -> a.

    Groups are the strongly connected components (Tarjan 1972), found without recursion.
    """
    found = []
    for group in _components({name: [n for n in needs[name] if n in needs] for name in needs}):
        start = min(group, key=rank)
        if len(group) > 1 or start in needs[start]:
            found.append(_path(needs, group, start, rank))
    return sorted(found, key=lambda path: rank(path[0]))


def _path(needs: Mapping[T, Iterable[T]], group: set[T], start: T, rank: Callable[[T], Any]) -> list[T]:
    """A shortest cycle through ``start`` inside its component, by breadth-first search."""
    came: dict[T, T] = {}
    frontier = [start]
    while frontier:
        following = []
        for name in frontier:
            for need in sorted((n for n in needs[name] if n in group), key=rank):
                if need == start:
                    path = [name]
                    while path[-1] != start:
                        path.append(came[path[-1]])
                    return path[::-1]
                if need not in came:
                    came[need] = name
                    following.append(need)
        frontier = following
    raise AssertionError("a component has a cycle through each of its members")


def _components(needs: Mapping[T, list[T]]) -> list[set[T]]:
    index: dict[T, int] = {}
    low: dict[T, int] = {}
    stack: list[T] = []
    on_stack: set[T] = set()
    found: list[set[T]] = []
    for root in needs:
        work = [(root, iter(needs[root]))] if root not in index else []
        while work:
            name, rest = work[-1]
            if name not in index:
                index[name] = low[name] = len(index)
                stack.append(name)
                on_stack.add(name)
            for need in rest:
                if need not in index:
                    work.append((need, iter(needs[need])))
                    break
                if need in on_stack:
                    low[name] = min(low[name], index[need])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    group = set()
                    while name not in group:
                        member = stack.pop()
                        on_stack.discard(member)
                        group.add(member)
                    found.append(group)
    return found
