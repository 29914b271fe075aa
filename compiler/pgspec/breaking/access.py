"""Row security: who gets more than before, who gets less, and what only a reviewer can tell.

What policies say is compared by what PostgreSQL makes of it, not by their names: for each command and role the
permissive conditions, of which one must hold, and the restrictive ones, which must all hold.  Where conditions were
only added, or only removed, the direction is certain.  Where one took the place of another, both versions are asked
what each persona gets of each fixture row of either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pgspec.breaking.findings import Finding, condition, implies, listed, place
from pgspec.breaking.outcomes import Outcomes, outcomes
from pgspec.catalog import Relation
from pgspec.kinds import Command
from pgspec.kinds.rls import COMMANDS
from pgspec.policies import PUBLIC, Guarded, Policy
from pgspec.program import Program
from pgspec.row_conditions import Condition
from pgspec.sql import QName


class _Slot(NamedTuple):
    """What is asked together: ``new`` rows by WITH CHECK, others by USING."""

    command: Command
    role: str
    restrictive: bool
    new: bool


_Slots = Mapping[_Slot, Mapping[str, Policy]]
"""The conditions of each slot, each with a policy that has it."""


@dataclass(frozen=True, slots=True)
class _Side:
    """A table in one of the two programs; ``guarded`` is None when no spec guards it there."""

    program: Program
    table: Relation
    guarded: Guarded | None

    @property
    def bound(self) -> bool:
        """Whether row security is on."""
        return self.guarded is not None or self.table.row_security

    @property
    def forced(self) -> bool:
        """Whether it binds the owner too."""
        forced = self.guarded.spec.force if self.guarded is not None else self.table.force_row_security
        return self.bound and forced

    @property
    def closed(self) -> set[str]:
        """The roles whose rights the policies decide."""
        return set(self.guarded.closed_to(self.program.project)) if self.guarded else set()

    def rights(self, role: str) -> set[Command]:
        """What a role may do with the table."""
        grants = self.table.grants
        sources = [grants.get(role, ()), *([] if self.guarded else [grants.get(PUBLIC, ())])]
        if self.guarded is not None and role in self.closed:
            sources = [self.guarded.grants(self.program.project).get(role, ())]
        return {c for c in COMMANDS if any(_holds(held, c.upper()) for held in sources)}


def _holds(granted: Sequence[str], right: str) -> bool:
    return right in granted or ("ALL" in granted and f"-{right}" not in granted)


def row_security_changes(old: Program, new: Program) -> Iterator[Finding]:
    """The differences between the guards of two programs, for the tables that both have."""
    before, after = _guards(old), _guards(new)
    for name in sorted(before.keys() | after.keys()):
        table, was = new.catalog.relations.get(name), old.catalog.relations.get(name)
        if was is not None and table is not None:
            left, right = _Side(old, was, before.get(name)), _Side(new, table, after.get(name))
            yield from _rights(left, right)
            yield from _guard(left, right)
        elif table is not None and name in after:
            spec = after[name]
            message = f"row security guards `{name}`, which is new"
            yield Finding("BRK020", spec.document.at("table"), message, str(spec.spec.table))


def _guards(program: Program) -> dict[QName, Guarded]:
    return {guarded.table.name: guarded for guarded in program.guarded if guarded.table is not None}


def _rights(left: _Side, right: _Side) -> Iterator[Finding]:
    """What roles may try at all."""
    gained, lost = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for role in sorted(left.closed | right.closed):
        before, after = left.rights(role), right.rights(role)
        for command in COMMANDS:
            if command in after - before:
                gained[role].append(command.upper())
            elif command in before - after:
                lost[role].append(command.upper())
    table = right.table.name
    for role, commands in gained.items():
        yield _finding("BRK007", left, right, f"`{role}` gets the right to {', '.join(commands)} on `{table}`")
    for role, commands in lost.items():
        yield _finding("BRK006", left, right, f"`{role}` loses the right to {', '.join(commands)} on `{table}`")


def _finding(code: str, left: _Side, right: _Side, message: str, key: str = "table") -> Finding:
    """A finding about a table, at its spec of today, or at the one that it had."""
    guarded = right.guarded or left.guarded
    assert guarded is not None
    written = key if guarded.document.has(key) else "table"
    return Finding(code, guarded.document.key(written), message, str(guarded.spec.table), right.guarded is None)


def _guard(left: _Side, right: _Side) -> Iterator[Finding]:
    name = right.table.name
    if left.bound != right.bound:
        yield from _switched(left, right)
    elif unread := [side for side in (left, right) if side.guarded is None and side.table.policies]:
        which = listed(unread[0].table.policies)
        message = f"the policies of the schema files on `{name}` cannot be compared with those of a spec: {which}"
        yield _finding("BRK014", left, right, message)
    else:
        yield from _policies(left, right)
    if left.forced and not right.forced:
        yield _finding("BRK012", left, right, f"the owner of `{name}` is not bound by its policies any more", "force")
    elif right.forced and not left.forced:
        yield _finding("BRK013", left, right, f"the owner of `{name}` is bound by its policies", "force")
    if left.guarded is not None and right.guarded is not None:
        yield from _refusal(left, right, left.guarded, right.guarded)


def _switched(left: _Side, right: _Side) -> Iterator[Finding]:
    """Row security is new, or gone; without rights on the open table only its owner met the difference."""
    name = right.table.name
    if right.bound and left.table.grants:
        yield _finding("BRK013", left, right, f"row security decides who reaches rows of `{name}`, and none did before")
    elif left.bound and right.table.grants:
        yield _finding("BRK012", left, right, f"`{name}` has no row security any more: every right reaches every row")


def _refusal(left: _Side, right: _Side, before: Guarded, after: Guarded) -> Iterator[Finding]:
    name = right.table.name
    if before.raises != after.raises:
        now = "an error" if after.raises else "no rows and no error"
        yield _finding("BRK015", left, right, f"whoever is refused on `{name}` gets {now}", "on_denied")
    elif before.face != after.face:
        yield _finding(
            "BRK015", left, right, f"callers read `{name}` as `{after.face}`, not as `{before.face}`", "expose"
        )


def _policies(left: _Side, right: _Side) -> Iterator[Finding]:
    """What policies admit, role by role; a role that has no policy has no right, so `_rights` speaks of it."""
    roles = {*left.program.roles, *right.program.roles}
    before, after = _slots(left.guarded, roles), _slots(right.guarded, roles)
    certain: dict[tuple[str, str, str], list[_Slot]] = defaultdict(list)
    undecided: dict[Command, tuple[_Slot, str]] = {}
    for slot in sorted(before.keys() | after.keys()):
        ours, theirs = after.get(slot, {}), before.get(slot, {})
        came, went = sorted(ours.keys() - theirs.keys()), sorted(theirs.keys() - ours.keys())
        if not (came or went) or (slot.command in left.rights(slot.role) ^ right.rights(slot.role)):
            continue
        admitting = slot._replace(restrictive=False)
        if slot.restrictive and not (before.get(admitting) and after.get(admitting)):
            continue  # one side admits no row at all
        keeps, stays = _compared(slot, ours, theirs, came, went)
        policies = [ours[text] for text in came] or [theirs[text] for text in went]
        if keeps and not stays:
            certain["BRK012", policies[0].spec.name, "fewer" if slot.restrictive else "more"].append(slot)
        elif stays and not keeps:
            certain["BRK013", policies[0].spec.name, "more" if slot.restrictive else "fewer"].append(slot)
        elif not keeps:
            undecided.setdefault(slot.command, (slot, policies[0].spec.name))
    for (code, name, amount), slots in certain.items():
        yield _told(code, left, right, name, amount, slots)
    yield from _asked(left, right, undecided)


def _told(code: str, left: _Side, right: _Side, name: str, amount: str, slots: Sequence[_Slot]) -> Finding:
    """What a policy does otherwise, whatever the rows are."""
    kind, verb = ("restrictive policy", "refuses") if slots[0].restrictive else ("policy", "admits")
    commands = ", ".join(c.upper() for c in COMMANDS if c in {slot.command for slot in slots})
    whom = listed(sorted({slot.role for slot in slots}))
    gone = name not in _named(right)
    message = f"the {kind} `{name}` {verb} {amount} rows of `{right.table.name}`: {commands} as {whom}"
    return _about(code, left, right, name, message if not gone else f"{message}; it is gone")


def _asked(left: _Side, right: _Side, undecided: Mapping[Command, tuple[_Slot, str]]) -> Iterator[Finding]:
    """What the commands give the personas of either version, where conditions alone do not tell."""
    silent: dict[tuple[str, str, str], list[Command]] = defaultdict(list)
    for command, (slot, name) in undecided.items():
        path = "check" if slot.new and name in _named(right) and _named(right)[name].check else "using"
        found = _outcomes(left, right, command)
        for code, amount, rows in (("BRK012", "more", found.gained), ("BRK013", "less", found.lost)):
            if rows:
                more = f", and {len(rows) - 1} more" if len(rows) > 1 else ""
                message = f"{command.upper()} on `{right.table.name}` reaches {amount}: {rows[0]}{more}"
                yield _about(code, left, right, name, message, path)
        if not found.gained and not found.lost:
            silent[name, path, found.unknown].append(command)
    for (name, path, unknown), silenced in silent.items():
        why = f"only a server decides: {unknown}" if unknown else "no persona and no fixture row tells the two apart"
        words = ", ".join(command.upper() for command in COMMANDS if command in silenced)
        message = f"another condition decides about {words} on `{right.table.name}`; {why}"
        yield _about("BRK014", left, right, name, message, path)


def _outcomes(left: _Side, right: _Side, command: Command) -> Outcomes:
    assert left.guarded is not None
    assert right.guarded is not None
    return outcomes((left.program, left.guarded), (right.program, right.guarded), command)


def _slots(guarded: Guarded | None, roles: set[str]) -> _Slots:
    found: dict[_Slot, dict[str, Policy]] = defaultdict(dict)
    for policy in guarded.policies if guarded else ():
        for role in roles if PUBLIC in policy.roles else policy.roles:
            for command in policy.commands:
                if command != "insert":
                    text = _text(policy.using)
                    found[_Slot(command, role, policy.spec.restrictive, False)][text] = policy
                if command in ("insert", "update"):
                    text = _text(policy.new_rows())
                    found[_Slot(command, role, policy.spec.restrictive, True)][text] = policy
    return found


def _text(asked: Condition | None) -> str:
    return condition(None if asked is None else asked.sql)


def _compared(
    slot: _Slot, ours: Iterable[str], theirs: Iterable[str], came: Iterable[str], went: Iterable[str]
) -> tuple[bool, bool]:
    """Whether every row that the old conditions admit is certainly still admitted, and whether no other certainly is.

    ``ours`` and ``theirs`` are the new and the old conditions, ``came`` and ``went`` those that only one side has.
    """
    if slot.restrictive:
        keeps = all(any(implies(old, new) for old in theirs) for new in came)
        return keeps, all(any(implies(new, old) for new in ours) for old in went)
    keeps = all(any(implies(old, new) for new in ours) for old in went)
    return keeps, all(any(implies(new, old) for old in theirs) for new in came)


def _named(side: _Side) -> Mapping[str, Policy]:
    return {policy.spec.name: policy for policy in (side.guarded.policies if side.guarded else ())}


def _about(code: str, left: _Side, right: _Side, name: str, message: str, *path: str) -> Finding:
    """A finding about a policy, where it is written today, or where it was."""
    side = right if name in _named(right) else left
    assert side.guarded is not None
    span = place(side.guarded.document, *_named(side)[name].path, *(path or ("name",)))
    return Finding(code, span, message, str(side.guarded.spec.table), side is left)
