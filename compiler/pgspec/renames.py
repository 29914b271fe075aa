"""Specs that were renamed: their objects keep what they hold, and get the new name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pgspec.objects import Key, SqlObject
from pgspec.state import State


def renames(before: State, after: State) -> dict[Key, Key]:
    """From the old keys to the new ones, for views whose spec says what they `was`, and for the indexes on them.

    It works both ways: a rollback renames back what the migration renamed.
    """
    found = {item.was: item.key for item in after.values() if item.was is not None}
    found |= {item.key: item.was for item in before.values() if item.was is not None}
    found = {old: new for old, new in found.items() if old in before and new in after}
    found = {old: new for old, new in found.items() if old not in after and new not in before}
    for old, new in list(found.items()):
        theirs = [item for item in after.values() if item.parent == new and item.key not in before]
        for item in (item for item in before.values() if item.parent == old and item.key.type == "index"):
            wanted = _plain(item)
            same = next((t for t in theirs if t.key.type == "index" and _plain(t) == wanted), None)
            if same is not None and item.key not in after:
                found[item.key] = same.key
                theirs.remove(same)
    return found


def _plain(item: SqlObject) -> dict[str, object]:
    return {name: value for name, value in item.definition.items() if name not in ("name", "table")}


def renamed(before: State, after: State, names: dict[Key, Key]) -> State:
    """The state after the renaming, and before anything else."""
    called = {old: after[new].definition["name"] for old, new in names.items()}
    return {new.key: new for item in before.values() for new in [_renamed(item, names, called)]}


def _renamed(item: SqlObject, names: dict[Key, Key], called: Mapping[Key, object]) -> SqlObject:
    """An object that was renamed, or hangs on one that was.  What reads it keeps its text, and so is built anew: the
    server would show the old name as an alias in it."""
    definition = {**item.definition, **({"name": called[item.key]} if item.key in called else {})}
    key, parent = names.get(item.key, item.key), item.parent
    if parent is not None and parent in names:
        for part in ("table", "target"):
            definition |= {part: called[parent]} if part in definition else {}
        if item.key.name == parent.name:  # a comment on it, or the rights to it
            key = Key(item.key.type, names[parent].name)
        elif (index := Key("index", item.key.name)) in names:  # the check of an index
            key = Key(item.key.type, names[index].name)
        parent = names[parent]
    needs = tuple(names.get(need, need) for need in item.depends_on)
    return replace(item, key=key, definition=definition, parent=parent, depends_on=needs)
