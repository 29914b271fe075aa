"""By which stored columns a query groups, directly or through values that are made of them.

A value is made of a column when it could tell its values apart: not by an aggregate, nor by a comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pgspec.keys.algebra import Aggregate, Const, Expr, Grouping, Ref, Subquery, WindowCall, operands
from pgspec.keys.analysis import Analysis
from pgspec.keys.plans import (
    Distinct,
    Expand,
    Extend,
    Filter,
    FunctionScan,
    Group,
    Instance,
    Join,
    Limit,
    Plan,
    Query,
    Recursive,
    Scan,
    SetOperation,
    Window,
)
from pgspec.sql import QName

Origin = tuple[QName, str]
"""A stored column."""

Marks = Mapping[QName, Mapping[str, frozenset[Origin]]]
"""What the columns of relations are made of, where anybody asks."""

_PASSING = ("lag", "lead", "first_value", "last_value", "nth_value")
_NONE: frozenset[Origin] = frozenset()


@dataclass(frozen=True, slots=True)
class GroupedBy:
    """A GROUP BY or DISTINCT: what its keys are made of, and where it is written (offsets of the query)."""

    origins: frozenset[Origin]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Groupings:
    """All that a query groups by, sub-queries included; and what its output columns are made of."""

    groups: tuple[GroupedBy, ...]
    columns: Mapping[str, frozenset[Origin]]


def groupings(analysis: Analysis, marks: Marks) -> Groupings:
    """By which of the marked columns a query groups."""
    query = analysis.proof.query
    if query is None:
        return Groupings((), {})
    walk = _Walk(marks)
    walk.query(query)
    columns = {output.name: made for output in query.outputs if (made := walk.made.get(output.attribute, _NONE))}
    return Groupings(tuple(walk.groups), columns)


@dataclass(slots=True)
class _Walk:
    """``made``: what each attribute is made of; attributes are numbered across the query."""

    marks: Marks
    made: dict[int, frozenset[Origin]] = field(default_factory=dict)
    groups: list[GroupedBy] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def query(self, query: Query) -> None:
        if id(query) not in self.seen:
            self.seen.add(id(query))
            self.plan(query.plan)

    def plan(self, plan: Plan) -> None:
        """What a node makes of what its inputs make."""
        for below in _inputs(plan):
            self.plan(below)
        if isinstance(plan, Scan):
            known = self.marks.get(plan.relation.name, {})
            self._set((attribute, known.get(name, _NONE)) for name, attribute in plan.attributes.items())
        elif isinstance(plan, Instance):
            if plan.foreign is None:  # a view of the schema files numbers attributes its own way
                self._branch(plan.attributes, plan.definition)
        elif isinstance(plan, SetOperation | Recursive):
            for branch in plan.branches if isinstance(plan, SetOperation) else (plan.base, plan.step):
                self._branch(plan.attributes, branch)
        elif isinstance(plan, Group):
            self._group(plan.keys, plan.start, plan.end)
            self._set((a, self._of(key)) for a, key in zip(plan.outputs, plan.keys, strict=False))
        elif isinstance(plan, Distinct):
            self._group(plan.attributes, plan.start, plan.start + 1)
        else:
            self._set((attribute, self.of(value)) for attribute, value in _computed(plan))
            for condition in plan.conditions if isinstance(plan, Join | Filter) else ():
                self.of(condition)

    def _branch(self, attributes: Iterable[int], query: Query) -> None:
        self.query(query)
        self._set((a, self._of(a) | self._of(o.attribute)) for a, o in zip(attributes, query.outputs, strict=False))

    def _group(self, keys: Iterable[int], start: int, end: int) -> None:
        if origins := frozenset[Origin]().union(*(self._of(key) for key in keys)):
            self.groups.append(GroupedBy(origins, start, end))

    def _set(self, values: Iterable[tuple[int, frozenset[Origin]]]) -> None:
        self.made.update((attribute, made) for attribute, made in values if made)

    def _of(self, attribute: int) -> frozenset[Origin]:
        return self.made.get(attribute, _NONE)

    def of(self, expr: Expr) -> frozenset[Origin]:
        """What a value is made of; sub-queries inside are walked too."""
        if isinstance(expr, Ref):
            return self._of(expr.attribute)
        if isinstance(expr, Const):
            return _NONE
        if isinstance(expr, Subquery):
            self.query(expr.query)
        inside = frozenset[Origin]().union(*map(self.of, operands(expr)))
        if isinstance(expr, Subquery):
            inside = frozenset[Origin]().union(*(self._of(output.attribute) for output in expr.query.outputs))
        compared = expr.type == "boolean" or isinstance(expr, Aggregate | Grouping)
        if compared or (isinstance(expr, WindowCall) and expr.name not in _PASSING):
            return _NONE
        return inside


def _inputs(plan: Plan) -> tuple[Plan, ...]:
    if isinstance(plan, Join):
        return (plan.left, plan.right)
    return (plan.input,) if isinstance(plan, Filter | Extend | Group | Window | Expand | Distinct | Limit) else ()


def _computed(plan: Plan) -> Iterator[tuple[int, Expr]]:
    """The attributes that a node computes, and of what."""
    if isinstance(plan, Extend | Expand):
        yield from plan.values
    elif isinstance(plan, Window):
        yield from plan.calls
    elif isinstance(plan, FunctionScan):
        yield from ((attribute, item.call) for item in plan.items for attribute in item.attributes)
    elif isinstance(plan, Join):
        yield from ((attribute, side) for attribute, left, right in plan.merged for side in (left, right))
