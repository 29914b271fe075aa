"""What two versions of a table's policies give the same people of the same rows, decided without a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pgspec.decide import Decider, automatic, fixture_rows
from pgspec.kinds import Command, Persona
from pgspec.policies import Guarded
from pgspec.program import Program

_Version = tuple[Program, Guarded]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The rows that a command newly reaches, and those that it does not reach any more, each with the persona, in
    words.  ``unknown``: why something could not be told; empty when everything was."""

    gained: tuple[str, ...]
    lost: tuple[str, ...]
    unknown: str


def outcomes(old: _Version, new: _Version, command: Command) -> Outcomes:
    """Both versions asked about the personas and the fixture rows of either."""
    rows = _either(_rows(old), _rows(new))
    before, after = (Decider(guarded, program.project, program.catalog, rows) for program, guarded in (old, new))
    people = [{f"`{name}`": p for name, p in program.project.personas.items()} for program, _ in (old, new)]
    strangers = [{name: p for name, (p, _) in automatic(program.project).items()} for program, _ in (old, new)]
    found = _asked(before, after, command, _either(*people))
    others = _asked(before, after, command, _either(*strangers))  # they matter where nobody else shows anything
    return Outcomes(found.gained or others.gained, found.lost or others.lost, found.unknown or others.unknown)


def _asked(before: Decider, after: Decider, command: Command, personas: Mapping[str, Persona]) -> Outcomes:
    gained: list[str] = []
    lost: list[str] = []
    unknown = ""
    for name, persona in personas.items():
        was, now = (decider.decide(command, name, persona).rows for decider in (before, after))
        for label in after.rows:
            told = [verdict for verdict in (was[label], now[label]) if verdict.outcome == "unknown"]
            if told:
                unknown = unknown or told[0].why
            elif (now[label].outcome == "ok") != (was[label].outcome == "ok"):
                (gained if now[label].outcome == "ok" else lost).append(f"`{label}` as {name}")
    return Outcomes(tuple(gained), tuple(lost), unknown)


def _rows(version: _Version) -> Mapping[str, Mapping[str, Any]]:
    program, guarded = version
    assert guarded.table is not None
    return fixture_rows(program.project, program.catalog, guarded.table)


def _either(old: Mapping[str, _T], new: Mapping[str, _T]) -> dict[str, _T]:
    """What is in one of the two; of what differs under one name, both."""
    changed = {f"{name} (before)": value for name, value in old.items() if name in new and new[name] != value}
    return {**old, **new, **changed}
