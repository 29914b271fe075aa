"""State x State -> the changes between them, and the steps that make them.

Migration is ``plan(before, after)``; rollback is ``plan(after, before)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgspec.beside import VIEW, beside
from pgspec.objects import ROUTINES, TYPES, Action, Key, SqlObject
from pgspec.renames import renamed, renames
from pgspec.state import State, ordered
from pgspec.tables import grows, loses


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do with an object: ``build`` creates it where it is in nobody's way, ``place`` puts it in its
    place.  ``before`` is what a replacement replaces, or what the object was called or built as."""

    do: Literal["create", "rename", "replace", "drop", "build", "place"]
    object: SqlObject
    before: SqlObject | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one object, and why.  A child that comes and goes with its parent has ``with_parent`` set;
    ``beside``: it is rebuilt beside the old one."""

    action: Action
    before: SqlObject | None
    after: SqlObject | None
    why: str
    with_parent: bool = False
    beside: bool = False

    @property
    def object(self) -> SqlObject:
        """The object as it will be, or as it was."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def lock(self) -> str:
        """The strongest lock that the change takes, on what, and what its duration depends on."""
        locks = TYPES[self.object.key.type].locks
        if self.action == "replace" and self.before and self.after:
            old, new = self.before.definition, self.after.definition
            if grows(old, new) and old["columns"] != new["columns"]:
                return locks["grow"]
        return locks["beside"] if self.beside else locks.get(self.action, "")


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes, one for each object that differs, and the steps in the order in which they must run.

    ``replaced``: the views that another one takes the place of, as they are called before; what others made of them
    would be lost.
    """

    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    replaced: tuple[SqlObject, ...] = ()


def plan(before: State, after: State) -> Plan:
    """The way from one state to another."""
    names = renames(before, after)
    if not names:
        return _plan(before, after)
    found = _plan(renamed(before, after, names), after)
    # A view's indexes are renamed with it.
    pairs = [
        (before[old], after[new]) for old, new in sorted(names.items(), key=lambda pair: pair[0].type, reverse=True)
    ]
    changes = [Change("rename", old, new, f"was {old.key.name}", old.parent in names) for old, new in pairs]
    steps = [Step("rename", new, old) for old, new in pairs]
    former = {new: before[old] for old, new in names.items()}
    replaced = tuple(former.get(item.key, item) for item in found.replaced)
    return Plan((*changes, *found.changes), (*steps, *found.steps), replaced)


def _plan(before: State, after: State) -> Plan:
    existing = ordered(before)
    reasons = _rebuilds(existing, after)
    aside = beside(before, after, reasons)
    changes: list[Change] = []
    drops: list[Step] = []
    for old in reversed(existing):
        gone = old.key not in after
        if gone or old.key in reasons:
            whole = old.parent is not None and (old.parent not in after or old.parent in reasons)
            if gone:
                changes.append(Change("drop", old, None, reasons.get(old.key, "no longer in the specs"), whole))
            if not whole:
                drops.append(Step("drop", old))
    builds: list[Step] = []
    for new in ordered(after):
        known = before.get(new.key)
        whole = new.parent is not None and (new.parent not in before or new.parent in reasons)
        if known is None or new.key in reasons:
            action: Action = "create" if known is None else "rebuild"
            why = reasons.get(new.key, "new in the specs")
            changes.append(Change(action, known, new, why, whole, action == "rebuild" and new.key in aside.keys))
            if new.key not in aside.keys:
                builds.append(Step("create", new))
        elif known.definition != new.definition:
            changes.append(Change("replace", known, new, _difference(known, new)))
            builds.append(Step("replace", new, known))
    built = [Step("create" if item.key in after else "build", item) for item in aside.built]
    placed = [Step("place", item, made) for item, made in aside.placed]
    replaced = tuple(before[item.key] for item, _ in aside.placed if item.key.type == VIEW)
    first = [step for step in builds if step.object.key in aside.first or step.object.parent in aside.first]
    rest = [step for step in builds if step not in first]
    return Plan(tuple(changes), (*first, *built, *drops, *placed, *rest), replaced)


def _rebuilds(before: list[SqlObject], after: State) -> dict[Key, str]:
    """The objects that must be dropped and created again, or go with one that is, each with the reason."""
    users: dict[Key, list[SqlObject]] = {}
    for item in before:
        # What a routine's body names is looked up when it runs: it can stay while another function goes.
        late = item.key.type in ROUTINES and "body" in item.definition
        for need in (*([] if late else item.depends_on), *([item.parent] if item.parent else [])):
            users.setdefault(need, []).append(item)
    reasons: dict[Key, str] = {}
    waiting: list[Key] = []
    for item in before:
        new = after.get(item.key)
        if new is None:
            waiting.append(item.key)
        elif new.definition != item.definition and not TYPES[item.key.type].changes_in_place(item, new):
            reasons[item.key] = _difference(item, new)
            waiting.append(item.key)
        elif loses(item.definition, new.definition):
            readers = [user.key for user in users.get(item.key, ()) if user.parent != item.key and user.key in after]
            reasons.update((reader, f"depends on {item.key}") for reader in readers if reader not in reasons)
            waiting += readers
    while waiting:
        key = waiting.pop(0)
        for user in users.get(key, []):
            if user.key not in reasons and user.key in after:
                reasons[user.key] = f"part of {key}" if user.parent == key else f"depends on {key}"
                waiting.append(user.key)
    return reasons


def _difference(before: SqlObject, after: SqlObject) -> str:
    names = sorted(before.definition.keys() | after.definition.keys())
    changed = [name for name in names if before.definition.get(name) != after.definition.get(name)]
    return f"{', '.join(changed)} changed"
