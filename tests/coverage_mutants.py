"""Mistakes planted in the proof of coverage, one at a time: each must be seen by a unit case, and by the fuzz."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from pgspec import coverage
from pgspec.keys import restrict, uses
from pgspec.keys.algebra import Form, Op, Subquery
from pgspec.keys.plans import Distinct, Group, JoinForm, Limit, SetOperation, Window

Patch = pytest.MonkeyPatch
Restrictor = restrict.Restrictor


@dataclass(frozen=True, slots=True)
class Mutant:
    """``plant`` makes the mistake ``name``; ``in_uses``: in what is known of scans, not in what mappings cover.
    ``by_fuzz``: random queries show it too."""

    name: str
    plant: Callable[[Patch], None]
    in_uses: bool = True
    by_fuzz: bool = True


def form_is(told: JoinForm, answer: JoinForm) -> Callable[[Patch], None]:
    """A join of one form is taken for another."""

    def plant(patch: Patch) -> None:
        right = Restrictor._form
        patch.setattr(
            Restrictor, "_form", lambda *a: answer if (found := right(*a)) is told else found
        )  # fmt: skip

    return plant


def passes(node: type) -> Callable[[Patch], None]:
    """Every condition goes through a node."""

    def plant(patch: Patch) -> None:
        right = Restrictor._passing

        def passing(self: Any, plan: Any, frame: Any, conditions: Any) -> Any:
            return conditions if isinstance(plan, node) else right(self, plan, frame, conditions)

        patch.setattr(Restrictor, "_passing", passing)

    return plant


def replaced(module: Any, name: str, made: Callable[..., Any]) -> Callable[[Patch], None]:
    return lambda patch: patch.setattr(module, name, made)


def null_extended(patch: Patch) -> None:
    """Conditions above an outer join restrict the nullable side, though they may be true of NULLs."""
    right = Restrictor.visit
    join = Restrictor._join

    def visit_join(self: Any, plan: Any, frame: Any, conditions: Any) -> None:
        with pytest.MonkeyPatch.context() as inner:
            own = self.own(plan.left, frame) | self.own(plan.right, frame)
            without = Restrictor.without
            inner.setattr(Restrictor, "without", lambda s, c, a: c if a <= own and a else without(s, c, a))
            inner.setattr(Restrictor, "visit", lambda s, p, f, c: _later.append((s, p, f, c)))
            _later: list[Any] = []
            join(self, plan, frame, conditions)
        for s, p, f, c in _later:
            right(s, p, f, c)

    patch.setattr(Restrictor, "_join", visit_join)


def through_partitions(patch: Patch) -> None:
    """A condition goes through a window function if one of the calls is partitioned by its column."""
    right = Restrictor._passing

    def passing(self: Any, plan: Any, frame: Any, conditions: Any) -> Any:
        if not isinstance(plan, Window):
            return right(self, plan, frame, conditions)
        found = ()
        for call in plan.calls:
            found += right(self, Window(plan.input, (call,)), frame, conditions)
        return found

    patch.setattr(Restrictor, "_passing", passing)


def any_alternative(patch: Patch) -> None:
    right = restrict.required

    def required(condition: Any) -> Any:
        if isinstance(condition, Op) and condition.form is Form.OR:
            return frozenset().union(*map(required, condition.arguments))
        return right(condition)

    patch.setattr(restrict, "required", required)
    patch.setattr(uses, "required", required)


def one_frame(patch: Patch) -> None:
    """The uses of a CTE number their attributes alike."""
    right = Restrictor._inner

    def inner(self: Any, plan: Any, frame: Any) -> Any:
        return restrict.Frame(frame.source, frame.start) if plan.view is None else right(self, plan, frame)

    patch.setattr(Restrictor, "_inner", inner)


def negation_is_dropped(patch: Patch) -> None:
    """NOT EXISTS, or NOT IN, is taken for a join."""
    right = restrict.flattened

    def flattened(conditions: Any) -> Any:
        for c in right(conditions):
            yield (
                c.arguments[0]
                if isinstance(c, Op) and c.form is Form.NOT and isinstance(c.arguments[0], Subquery)
                else c
            )

    patch.setattr(restrict, "flattened", flattened)


def first_branch_decides(patch: Patch) -> None:
    """The facts of a set operation are those of its first branch."""
    right = Restrictor.facts

    def facts(self: Any, plan: Any, frame: Any, conditions: Any) -> Any:
        if isinstance(plan, SetOperation):
            branch = plan.branches[0]
            pairs = zip(branch.outputs, plan.attributes, strict=True)
            numbers = {frame.of(o.attribute): frame.of(a) for o, a in pairs}
            return tuple(restrict.renamed(c, numbers) for c in right(self, branch.plan, frame, ()))
        return right(self, plan, frame, conditions)

    patch.setattr(Restrictor, "facts", facts)


def empty_groups(patch: Patch) -> None:
    """An aggregate without GROUP BY has no row when its input has none."""
    right = Restrictor.facts

    def facts(self: Any, plan: Any, frame: Any, conditions: Any) -> Any:
        if isinstance(plan, Group):
            return self.facts(plan.input, frame, ())
        return right(self, plan, frame, conditions)

    patch.setattr(Restrictor, "facts", facts)


def pinned_by_a_list(patch: Patch) -> None:
    """A column that a filter allows several values need not be watched."""
    right = coverage._covers

    def covers(emission: Any, column: str) -> bool:
        return right(emission, column) or any(c.column == column for c in emission.where)

    patch.setattr(coverage, "_covers", covers)


MUTANTS = (
    Mutant("ON of a LEFT JOIN restricts the left side", form_is(JoinForm.LEFT, JoinForm.INNER)),
    Mutant("ON of a RIGHT JOIN restricts the right side", form_is(JoinForm.RIGHT, JoinForm.INNER)),
    Mutant("a FULL JOIN equates its sides", form_is(JoinForm.FULL, JoinForm.INNER)),
    Mutant("a FULL JOIN keeps its left side alone", form_is(JoinForm.FULL, JoinForm.LEFT)),
    Mutant("a condition that NULL satisfies restricts the nullable side", null_extended),
    Mutant("conditions go through LIMIT", passes(Limit)),
    Mutant("conditions go through window functions", passes(Window)),
    Mutant("one PARTITION BY is enough", through_partitions),
    Mutant("conditions go through DISTINCT ON", passes(Distinct)),
    Mutant("equal numbers look the same", replaced(Restrictor, "_exact", lambda *_: True), by_fuzz=False),
    Mutant("OR requires what one alternative requires", any_alternative),
    Mutant("every filter holds", replaced(coverage, "holds", lambda *_: True), False),
    Mutant("every column equals every parameter", replaced(coverage, "_unequal", lambda *_: None), False),
    Mutant("every column is watched", replaced(coverage, "_covers", lambda *_: True), False),
    Mutant("a filter's list of values need not be watched", pinned_by_a_list, False),
    Mutant("every event is watched", replaced(coverage, "_watches", lambda *_: True), False),
    Mutant("what no plan holds is not read", replaced(Restrictor, "rest", lambda *_: None)),
    Mutant("NOT EXISTS asks for a partner", negation_is_dropped),
    Mutant("the first branch of UNION decides", first_branch_decides),
    Mutant("an aggregate over no rows has no row", empty_groups),
    Mutant("two uses of a CTE are one", one_frame),
)
