"""Carries conditions down a plan to its scans: which rows of each scan can matter to the result.

`Restrictor.visit` is called with conditions such that a row of the plan matters only if the attributes that are not
the plan's own can have values for which all conditions are true.  To know fewer conditions is always right.
Attributes are numbered anew for each use of a view or CTE, so that those of two uses are different ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from pgspec.keys.algebra import Const, Expr, Form, Op, Ref, Subquery, SubqueryForm, is_volatile, operands
from pgspec.keys.conditions import attributes_of, flattened, renamed, required, semi_join
from pgspec.keys.context import Binding, Definition
from pgspec.keys.plans import (
    Distinct,
    Expand,
    Extend,
    Filter,
    FunctionScan,
    Group,
    Instance,
    Join,
    JoinForm,
    Limit,
    Plan,
    Query,
    Recursive,
    RecursiveScan,
    Scan,
    SetOperation,
    Values,
    Window,
)

_MOST_CONDITIONS = 400
_MOST_INSTANCES = 2000
Conditions = tuple[Expr, ...]


class TooMany(Exception):  # noqa: N818 - nobody's error
    """The query reads so many views that looking through each use would take too long."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Where a plan stands: the statement that it belongs to; the place in the query's text of the view that brings it;
    and how its attributes are numbered, where those of enclosing queries, ``kept``, are numbered as outside."""

    source: Binding | Definition
    start: int = -1
    offset: int = 0
    kept: frozenset[int] = frozenset()
    outside: Frame | None = None

    def of(self, attribute: int) -> int:
        """The number of an attribute across all frames."""
        if self.outside is not None and attribute in self.kept:
            return self.outside.of(attribute)
        return self.offset + attribute

    def start_of(self, start: int) -> int:
        """Where a place in this statement is in the query's text."""
        return start if self.start < 0 else self.start


class Sink(Protocol):
    """Where the scans go."""

    def scan(self, scan: Scan, frame: Frame, conditions: Iterable[Expr]) -> None:
        """A scan whose rows matter only where the conditions can be true."""

    def snapshot(self, instance: Instance, frame: Frame, conditions: Iterable[Expr]) -> None:
        """The same of a materialized view that is known by its query."""


def restrict(binding: Binding, query: Query, top: Frame, sink: Sink) -> None:
    """Report every scan of a query.  TooMany when views are used too often."""
    walker = Restrictor(binding, sink)
    walker.visit(query.plan, top, ())
    walker.rest(top)


class Restrictor:
    """The state of one walk."""

    def __init__(self, binding: Binding, sink: Sink) -> None:
        self.binding = binding
        self.sink = sink
        self.types = binding.types
        self.numbers = len(binding.attributes)
        self.instances = 0
        self.seen: set[int] = set()
        self.produced: dict[int, frozenset[int]] = {}
        self.promised: dict[tuple[int, Frame], Conditions] = {}

    def rest(self, frame: Frame) -> None:
        """Report what the statement reads where no plan holds it, such as a sub-query in ORDER BY or LIMIT."""
        for placed in frame.source.placed:
            if id(placed) not in self.seen:
                self.visit(placed, frame, ())

    def visit(self, plan: Plan, frame: Frame, conditions: Conditions) -> None:
        """Report the scans of a plan."""
        conditions = tuple(dict.fromkeys(conditions))[:_MOST_CONDITIONS]
        if isinstance(plan, Scan):
            self.seen.add(id(plan))
            self.sink.scan(plan, frame, conditions)
        elif isinstance(plan, Instance):
            self._instance(plan, frame, conditions)
        elif isinstance(plan, Join):
            self._join(plan, frame, conditions)
        elif isinstance(plan, Filter):
            inner = (*conditions, *self.admitted(plan.conditions, frame))
            self._expressions(plan.conditions, plan.input, frame, inner)
            self.visit(plan.input, frame, inner)
        elif isinstance(plan, SetOperation):
            self._set_operation(plan, frame, conditions)
        elif isinstance(plan, Recursive):
            outside = self.without(conditions, self.own(plan, frame))
            self.visit(plan.base.plan, frame, outside)
            self.visit(plan.step.plan, frame, outside)
        elif isinstance(plan, Extend | Expand | Group | Distinct | Window | Limit):
            passing = self._passing(plan, frame, conditions)
            self._expressions(_inside(plan), plan.input, frame, passing)
            self.visit(plan.input, frame, passing)
        else:
            outside = self.without(conditions, self.own(plan, frame))
            for expr in _inside(plan):
                self._subqueries(expr, frame, outside)

    # what passes a node

    def _passing(
        self, plan: Extend | Expand | Group | Distinct | Window | Limit, frame: Frame, conditions: Conditions
    ) -> Conditions:
        """The conditions under which a row of the input matters.

        Rows that share a group, a partition or a duplicate must be left out together: a condition may speak only of
        what they have in common, and only if equal values of that are the same to every condition."""
        if isinstance(plan, Expand):
            return conditions
        if isinstance(plan, Extend):
            copies = {frame.of(a): frame.of(v.attribute) for a, v in plan.values if type(v) is Ref}
            return tuple(renamed(c, copies) for c in conditions) if copies else conditions
        common: Iterable[int] = ()
        if isinstance(plan, Group):
            common = {plan.keys[i] for i in frozenset.intersection(*map(frozenset, plan.sets))}
        elif isinstance(plan, Distinct) and not plan.on:
            common = plan.attributes
        elif isinstance(plan, Window):
            parts = ({p.attribute for p in call.partition if type(p) is Ref} for _, call in plan.calls)
            common = set.intersection(*parts)
        through = frozenset(frame.of(a) for a in common if self._exact(a, frame))
        return self.without(conditions, self.own(plan, frame) - through)

    def _exact(self, attribute: int, frame: Frame) -> bool:
        return self.types.equal_image(self.types.base(frame.source.attributes[attribute].type))

    def _instance(self, plan: Instance, frame: Frame, conditions: Conditions) -> None:
        self.seen.add(id(plan))
        if plan.snapshot:
            self.sink.snapshot(plan, frame, conditions)
            return
        inner = self._inner(plan, frame)
        definition = plan.definition
        if definition.volatile:
            conditions = self.without(conditions, self.own(plan, frame))
        outputs = zip(plan.attributes, definition.outputs, strict=True)
        numbers = {frame.of(a): inner.of(output.attribute) for a, output in outputs}
        self.visit(definition.plan, inner, tuple(renamed(c, numbers) for c in conditions))
        if plan.view is not None:
            self.rest(inner)

    def _inner(self, plan: Instance, frame: Frame) -> Frame:
        """The frame of one use of a view or CTE."""
        self.instances += 1
        if self.instances > _MOST_INSTANCES:
            raise TooMany
        offset = self.numbers
        definition = self.binding.view_definition(plan.view) if plan.view is not None else None
        if definition is not None:
            self.numbers += len(definition.attributes)
            return Frame(definition, frame.start_of(plan.start), offset)
        self.numbers += len(frame.source.attributes)
        return Frame(frame.source, frame.start, offset, plan.definition.outer, frame)

    def _set_operation(self, plan: SetOperation, frame: Frame, conditions: Conditions) -> None:
        """Every row of a branch with the same values is left out, in all branches, so a condition on the result goes
        into each."""
        own = self.own(plan, frame)
        for branch in plan.branches:
            pairs = list(zip(plan.attributes, branch.outputs, strict=True))
            through = [
                (a, o.attribute) for a, o in pairs
                if frame.source.attributes[a].type == o.type and self._exact(a, frame)
            ]  # fmt: skip
            numbers = {frame.of(a): frame.of(b) for a, b in through}
            passing = self.without(conditions, own - numbers.keys())
            self.visit(branch.plan, frame, tuple(renamed(c, numbers) for c in passing))

    def _join(self, plan: Join, frame: Frame, conditions: Conditions) -> None:
        """A side whose rows stay without a partner is restricted by the conditions above alone.  The other side's
        rows matter only to a pair; but without its partner a row of the kept side stays with NULLs, so conditions
        above about the nullable side do not restrict that side.  Where they cannot be true of NULLs, the join is
        an inner one: `_form`."""
        left_own, right_own = self.own(plan.left, frame), self.own(plan.right, frame)
        merged = frozenset(frame.of(a) for a, _, _ in plan.merged)
        form = self._form(plan, frame, conditions)
        on = self.admitted(plan.conditions, frame)
        known = (*conditions, *on) if form is JoinForm.INNER else conditions
        left_facts = self.facts(plan.left, frame, () if form is JoinForm.RIGHT else known)
        right_facts = self.facts(plan.right, frame, () if form is JoinForm.LEFT else known)
        if form is JoinForm.INNER:
            left_conditions = right_conditions = (*conditions, *on)
        elif form is JoinForm.LEFT:
            left_conditions = conditions
            right_conditions = (*self.without(conditions, right_own | merged), *on)
        elif form is JoinForm.RIGHT:
            left_conditions = (*self.without(conditions, left_own | merged), *on)
            right_conditions = conditions
        else:
            left_conditions = right_conditions = self.without(conditions, left_own | right_own | merged)
        pair = (*self.without(conditions, left_own | right_own | merged), *on, *left_facts, *right_facts)
        for condition in plan.conditions:
            self._subqueries(condition, frame, (*conditions, *pair) if form is JoinForm.INNER else pair)
        needs_right = form in (JoinForm.INNER, JoinForm.RIGHT)
        needs_left = form in (JoinForm.INNER, JoinForm.LEFT)
        self.visit(plan.left, frame, (*left_conditions, *(right_facts if needs_right else ())))
        self.visit(plan.right, frame, (*right_conditions, *(left_facts if needs_left else ())))

    def _form(self, plan: Join, frame: Frame, conditions: Conditions) -> JoinForm:
        """What the join is for rows that satisfy the conditions: those with NULLs for a side whose columns must not
        be NULL do not count."""
        needed = frozenset[int]().union(*map(required, conditions))
        left, right = needed & self.own(plan.left, frame), needed & self.own(plan.right, frame)
        keeps_left = plan.form in _KEEPS_LEFT and not right
        keeps_right = plan.form in _KEEPS_RIGHT and not left
        if keeps_left:
            return JoinForm.FULL if keeps_right else JoinForm.LEFT
        return JoinForm.RIGHT if keeps_right else JoinForm.INNER

    # conditions

    def admitted(self, conditions: Iterable[Expr], frame: Frame) -> Conditions:
        """The conjuncts in the numbering of all frames, without those that hold sub-queries.  In the place of EXISTS
        and IN stands what its sub-query promises of the row that there must be."""
        found: list[Expr] = []
        for condition in flattened(conditions):
            if is_volatile(condition):
                continue
            if isinstance(condition, Subquery) and semi_join(condition):
                found += self._partner(condition, frame)
            elif _plain(condition):
                found.append(_numbered(condition, frame))
        return tuple(found)

    def _partner(self, condition: Subquery, frame: Frame) -> Conditions:
        query = condition.query
        found = list(self.facts(query.plan, frame, ()))
        if condition.form is SubqueryForm.ANY and len(condition.test) == len(query.outputs):
            for tested, output in zip(condition.test, query.outputs, strict=True):
                signature = self.types.operator("=", (tested.type, output.type))
                other = Ref(output.attribute, output.type)
                if _plain(tested):
                    equal = Op(Form.OPERATOR, "=", (tested, other), "boolean", signature)
                    found.append(_numbered(equal, frame))
        return tuple(found)

    def facts(self, plan: Plan, frame: Frame, conditions: Conditions) -> Conditions:
        """What every row of the plan that satisfies the conditions satisfies too."""
        if isinstance(plan, Filter):
            own = self.admitted(plan.conditions, frame)
            return (*own, *self.facts(plan.input, frame, (*conditions, *own)))
        if isinstance(plan, Join):
            return self._join_facts(plan, frame, conditions)
        if isinstance(plan, Group):  # without a key, there is a row even if the input has none
            return self.facts(plan.input, frame, ()) if all(plan.sets) else ()
        if isinstance(plan, Extend | Expand | Distinct | Window | Limit):
            return self.facts(plan.input, frame, conditions)
        if isinstance(plan, Instance) and not plan.snapshot:
            known = self.promised.get((id(plan), frame))
            if known is None:
                known = self.promised[id(plan), frame] = self._instance_facts(plan, frame)
            return known
        return ()

    def _join_facts(self, plan: Join, frame: Frame, conditions: Conditions) -> Conditions:
        form = self._form(plan, frame, conditions)
        found: Conditions = ()
        if form in (JoinForm.INNER, JoinForm.LEFT):
            found += self.facts(plan.left, frame, conditions)
        if form in (JoinForm.INNER, JoinForm.RIGHT):
            found += self.facts(plan.right, frame, conditions)
        if form is JoinForm.INNER:
            found += self.admitted(plan.conditions, frame)
        return found

    def _instance_facts(self, plan: Instance, frame: Frame) -> Conditions:
        if plan.definition.volatile:
            return ()
        inner = self._inner(plan, frame)
        outputs = zip(plan.attributes, plan.definition.outputs, strict=True)
        numbers = {inner.of(output.attribute): frame.of(a) for a, output in outputs}
        found = self.facts(plan.definition.plan, inner, ())[:_MOST_CONDITIONS]
        return tuple(renamed(c, numbers) for c in found)

    def own(self, plan: Plan, frame: Frame) -> frozenset[int]:
        """The attributes that the plan makes."""
        made = self.produced.get(id(plan))
        if made is None:
            made = self.produced[id(plan)] = _made(plan)
        return frozenset(frame.of(a) for a in made)

    def without(self, conditions: Conditions, attributes: frozenset[int]) -> Conditions:
        """The conditions that do not speak of these attributes."""
        return tuple(c for c in conditions if attributes.isdisjoint(attributes_of(c)))

    # sub-queries

    def _expressions(self, exprs: Iterable[Expr], source: Plan, frame: Frame, conditions: Conditions) -> None:
        """Report the scans of sub-queries: what they give matters only for a row of the source that matters."""
        exprs = [e for e in exprs if not _plain(e)]
        if exprs:
            conditions = (*conditions, *self.facts(source, frame, conditions))
        for expr in exprs:
            self._subqueries(expr, frame, conditions)

    def _subqueries(self, expr: Expr, frame: Frame, conditions: Conditions) -> None:
        if isinstance(expr, Subquery):
            self.visit(expr.query.plan, frame, conditions)
        for part in operands(expr):
            self._subqueries(part, frame, conditions)


_KEEPS_LEFT = frozenset({JoinForm.LEFT, JoinForm.FULL})
_KEEPS_RIGHT = frozenset({JoinForm.RIGHT, JoinForm.FULL})


def _plain(expr: Expr) -> bool:
    """Whether only columns, literals and operations are inside."""
    kind = type(expr)
    return kind is Ref or kind is Const or (isinstance(expr, Op) and all(map(_plain, expr.arguments)))


def _numbered(expr: Expr, frame: Frame) -> Expr:
    return renamed(expr, {a: frame.of(a) for a in attributes_of(expr)})


def _inside(plan: Plan) -> list[Expr]:
    """The expressions of a node."""
    if isinstance(plan, Filter):
        return list(plan.conditions)
    if isinstance(plan, Extend | Expand):
        return [value for _, value in plan.values]
    if isinstance(plan, Group):
        return [call for _, call in plan.aggregates]
    if isinstance(plan, Window):
        return [call for _, call in plan.calls]
    if isinstance(plan, Values):
        return [value for row in plan.rows for value in row]
    return [item.call for item in plan.items] if isinstance(plan, FunctionScan) else []


def _made(plan: Plan) -> frozenset[int]:
    """The attributes that a plan makes, also those that only nodes inside see."""
    if isinstance(plan, Scan):
        return frozenset(plan.attributes.values())
    if isinstance(plan, Instance | Values | RecursiveScan):
        return frozenset(plan.attributes)
    if isinstance(plan, FunctionScan):
        last = () if plan.ordinality is None else (plan.ordinality,)
        return frozenset((*(a for item in plan.items for a in item.attributes), *last))
    if isinstance(plan, Join):
        return _made(plan.left) | _made(plan.right) | {a for a, _, _ in plan.merged}
    if isinstance(plan, SetOperation):
        return frozenset(plan.attributes).union(*(_made(b.plan) for b in plan.branches))
    if isinstance(plan, Recursive):
        return frozenset((*plan.attributes, *plan.extra)) | _made(plan.base.plan) | _made(plan.step.plan)
    if isinstance(plan, Extend | Expand):
        return _made(plan.input) | {a for a, _ in plan.values}
    if isinstance(plan, Window):
        return _made(plan.input) | {a for a, _ in plan.calls}
    if isinstance(plan, Group):
        computed = (*plan.outputs, *plan.flags, *(a for a, _ in plan.aggregates), *(a for a, _ in plan.groupings))
        return _made(plan.input).union(computed)
    return _made(plan.input) if isinstance(plan, Filter | Distinct | Limit) else frozenset()
