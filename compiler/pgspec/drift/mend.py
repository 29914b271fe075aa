"""Findings -> the SQL that makes a database as the release says again: one block, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pgspec.drift.compare import Finding
from pgspec.drift.expect import RELATIONS
from pgspec.migration import Printer
from pgspec.objects import TYPES, Key
from pgspec.plan import Plan
from pgspec.plan import plan as plan_changes
from pgspec.sql import QName, Sql, qname, remark
from pgspec.state import State


def mend_sql(title: str, found: Sequence[Finding], state: State, printer: Printer) -> str:
    """One DO block for all findings, run like a migration; it records anew what it made anew."""
    away, back = _plans(found, state)
    # What others made of a view is a finding of its own, with a remedy in the same block.
    remade = Plan((*away.changes, *back.changes), (*away.steps, *back.steps))
    made = {change.after.key for change in remade.changes if change.after is not None}
    recorded = {key for key in made if TYPES[key.type].fingerprint}
    recorded |= {key for finding in found for key in finding.remedy.record}
    forgotten = sorted({key for finding in found for key in finding.remedy.forget})
    header = [remark(f"pgspec mend: {title}"), remark(f"{len(found)} differences")]
    deployed = [state[key] for key in sorted(recorded)]
    return printer.block(header, _steps(found, away, back, printer), deployed, forgotten, remade)


def statements(finding: Finding, state: State, printer: Printer) -> str:
    """What mends one finding, for reading; empty where only a person can."""
    steps = _steps([finding], *_plans([finding], state), printer)
    return "\n".join(step["sql"].strip() for step in steps)


def _steps(found: Sequence[Finding], away: Plan, back: Plan, printer: Printer) -> list[Mapping[str, Any]]:
    first = [_step(finding, sql) for finding in found for sql in finding.remedy.first]
    altered = [_step(finding, sql) for finding in found for sql in finding.remedy.altered]
    last = [_step(finding, sql) for finding in found for sql in finding.remedy.last]
    needed, reading = _split(back)
    steps = [*printer.steps(away), *printer.steps(needed), *altered, *printer.steps(reading)]
    return [*first, *steps, *last]


def _split(plan: Plan) -> tuple[Plan, Plan]:
    """What columns may need, such as functions, with what must be away; and what reads columns, from views on."""
    routine = TYPES["procedure"].rank
    readers = (
        number
        for number, step in enumerate(plan.steps)
        if step.do != "drop" and TYPES[step.object.key.type].rank > routine
    )
    at = next(readers, len(plan.steps))
    return replace(plan, steps=plan.steps[:at]), replace(plan, steps=plan.steps[at:])


def _step(finding: Finding, sql: Sql) -> dict[str, Any]:
    # A guard is a statement of its own before the one that loses rows.
    return {"remark": remark(f"{finding.kind}: {finding.object}"), "sql": sql, "statements": 1 + sql.startswith("DO ")}


def _plans(found: Iterable[Finding], state: State) -> tuple[Plan, Plan]:
    """From what is there to the release: away with what cannot be changed in place, then as a migration does it."""
    missing = {key for finding in found for key in finding.remedy.missing}
    changed = {key for finding in found for key in finding.remedy.changed}
    there = {key: item for key, item in state.items() if not _within(key, missing, state)}
    for key in changed & there.keys():
        there[key] = replace(there[key], definition={**there[key].definition, "drifted": True})
    gone = _dependents({key for finding in found for key in finding.remedy.rebuilt}, there)
    kept = {key: item for key, item in there.items() if key not in gone}
    return plan_changes(there, kept), plan_changes(kept, state)


def _within(key: Key, missing: set[Key], state: State) -> bool:
    """Whether an object is missing: alone, with its parent, or with the table that it is on."""
    item = state[key]
    homes = [item.parent] if item.parent else []
    if "table" in item.definition:
        table = qname(QName(*item.definition["table"]))
        homes += [home for kind in RELATIONS if (home := Key(kind, table)) in state]
    return key in missing or any(_within(home, missing, state) for home in homes)


def _dependents(keys: set[Key], state: State) -> set[Key]:
    """These objects, and all that cannot stay without them."""
    out = set(keys)
    while True:
        more = {k for k, item in state.items() if k not in out and {*item.depends_on, item.parent} & out}
        if not more:
            return out
        out |= more
