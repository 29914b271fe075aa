"""What proves a key, in the user's terms."""

from __future__ import annotations

from pgspec.keys.facts import Facts, Mask, mask_of, members
from pgspec.keys.places import Places
from pgspec.keys.plans import (
    Distinct,
    Expand,
    FunctionScan,
    Group,
    Instance,
    Plan,
    Recursive,
    Scan,
    SetForm,
    SetOperation,
    Values,
)
from pgspec.keys.values import Prover, RowSource
from pgspec.sql import ident, qname


def proof(prover: Prover, facts: Facts, key: Mask, places: Places) -> tuple[str, int, int]:
    """Why ``key`` is one, and the place of the clause or relation that proves it."""
    roots = root_rows(facts, 0, facts.rows)
    if not roots:
        return "the query returns at most one row", 0, 0
    reached = facts.closure(key)
    reasons = [_reason(prover.sources[r], reached, places) for r in roots if r in prover.sources]
    if not reasons:
        return "the query returns at most one row", 0, 0
    words = " and ".join(dict.fromkeys(words for words, _, _ in reasons))
    return words, reasons[0][1], reasons[0][2]


def root_rows(facts: Facts, given: Mask, wanted: Mask) -> list[int]:
    """The row ids that fix the others: those to explain, since the rest follows from them."""
    reached = facts.closure(given)
    left = wanted & ~reached
    roots: list[int] = []
    while left:
        best = max(members(left), key=lambda r: ((left & facts.closure(reached | 1 << r)).bit_count(), -r))
        roots.append(best)
        reached = facts.closure(reached | 1 << best)
        left &= ~reached
    return roots


def _reason(source: RowSource, reached: Mask, places: Places) -> tuple[str, int, int]:
    plan = source.plan
    words = _scan_key(source, plan, reached) if isinstance(plan, Scan) else describe(plan)
    return (words, *place_of(source, places))


def place_of(source: RowSource, places: Places) -> tuple[int, int]:
    """Where the query writes what makes these rows; for the rows of a view, where it names the view."""
    plan = source.view or source.plan
    if isinstance(plan, Group):
        return plan.start, plan.end
    start = plan.values[0][1].start if isinstance(plan, Expand) else getattr(plan, "start", -1)
    if start < 0:
        return 0, 0
    if isinstance(plan, Scan | Instance):
        return start, places.source_end(start)
    return start, places.name_end(start)


def describe(plan: Plan) -> str:
    """The clause that a plan node stands for."""
    if isinstance(plan, Group):
        return "GROUP BY" if len(plan.sets) == 1 else "GROUPING SETS"
    if isinstance(plan, Distinct):
        return "DISTINCT ON" if plan.on else "DISTINCT"
    if isinstance(plan, SetOperation):
        word = plan.form.name
        return f"{word} ALL" if plan.all and plan.form is SetForm.UNION else word
    if isinstance(plan, FunctionScan):
        return "WITH ORDINALITY" if plan.ordinality is not None else f"the values of {plan.alias}"
    if isinstance(plan, Values):
        return "VALUES"
    if isinstance(plan, Recursive):
        return "the recursion"
    return "the set-returning function" if isinstance(plan, Expand) else "its rows"


def _scan_key(source: RowSource, plan: Scan, reached: Mask) -> str:
    """The constraint of a table whose columns are fixed."""
    name = qname(plan.relation.name)
    for key in sorted(plan.relation.keys, key=lambda k: not k.primary):
        known = [source.here(plan.attributes[c]) for c in key.columns if isinstance(c, str) and c in plan.attributes]
        if len(known) == len(key.columns) and mask_of(known) & ~reached == 0 and not key.deferrable:
            if key.primary:
                return f"PRIMARY KEY of {name}"
            shown = ", ".join(ident(c) for c in key.columns if isinstance(c, str))
            return f"UNIQUE ({shown}) of {name}"
    return f"a unique index of {name}"
