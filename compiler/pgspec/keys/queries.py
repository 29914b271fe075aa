"""Binding of whole queries: WITH, SELECT, VALUES, set operations, LIMIT (analyze.c, parse_cte.c)."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from pgspec.keys.algebra import Expr, Form, Op, Ref, is_volatile, operands
from pgspec.keys.context import Binding
from pgspec.keys.ctes import bind_with, refuse_arity
from pgspec.keys.expressions import bind, bind_all, conjuncts
from pgspec.keys.grouping import GroupBinder, Target, expanded, has_aggregate, output_target, windowed
from pgspec.keys.naming import UNNAMED, output_name
from pgspec.keys.nodes import is_a, place
from pgspec.keys.plans import (
    Distinct,
    Expand,
    Extend,
    Filter,
    Group,
    Limit,
    Output,
    Plan,
    Query,
    SetForm,
    SetOperation,
    Values,
)
from pgspec.keys.scope import Scope, find_item, note_use
from pgspec.keys.sources import bind_from
from pgspec.pgsql import ast, enums

_SetOp = enums.SetOperation
_FORMS = {
    _SetOp.SETOP_UNION: SetForm.UNION,
    _SetOp.SETOP_INTERSECT: SetForm.INTERSECT,
    _SetOp.SETOP_EXCEPT: SetForm.EXCEPT,
}


def bind_query(binding: Binding, node: Any, parent: Scope | None) -> Query:
    """Bind a query expression.  ``parent`` is the scope made for it: what it sees outside, and where it notes that."""
    scope = parent if parent is not None else Scope(None, {})
    volatile_before, gaps_before = binding.volatile_calls, len(binding.unsupported)
    if node.withClause is not None:
        bind_with(binding, node.withClause, scope)
    if node.valuesLists:
        plan, outputs = _values(binding, node, scope)
    elif node.op != _SetOp.SETOP_NONE:
        plan, outputs = _set_operation(binding, node, scope)
    else:
        plan, outputs = _select(binding, node, scope)
    if node.limitCount is not None or node.limitOffset is not None:
        plan = Limit(plan, _limit(binding, node, scope))
    volatile = binding.volatile_calls > volatile_before
    complete = len(binding.unsupported) == gaps_before
    return Query(plan, tuple(outputs), frozenset(scope.outer), volatile, complete)


def _limit(binding: Binding, node: Any, scope: Scope) -> int | None:
    inner = Scope(scope.parent, scope.ctes, clause="LIMIT")
    for part in (node.limitCount, node.limitOffset):
        if part is not None and not is_a(part, ast.A_Const):
            bind(binding, part, inner)
    scope.outer |= inner.outer
    count = node.limitCount
    exact = node.limitOption == enums.LimitOption.LIMIT_OPTION_COUNT
    if exact and is_a(count, ast.A_Const) and not count.isnull and is_a(count.val, ast.Integer):
        return count.val.ival or 0
    return None


# VALUES and set operations


def _values(binding: Binding, node: Any, scope: Scope) -> tuple[Plan, list[Output]]:
    scope.clause = "VALUES"
    scope.srf_allowed = False
    rows = [bind_all(binding, row, scope) for row in node.valuesLists]
    width = len(rows[0])
    if any(len(row) != width for row in rows):
        binding.find("SQL005", max(0, rows[0][0].start if rows[0] else 0), "VALUES lists must all be the same length")
        return Values((), (), 0), []
    attributes: list[int] = []
    outputs: list[Output] = []
    for column in range(width):
        common = binding.types.common([row[column].type for row in rows])
        attributes.append(binding.attribute(f"column{column + 1}", common))
        outputs.append(Output(f"column{column + 1}", attributes[-1], common))
    return Values(tuple(rows), tuple(attributes), rows[0][0].start), outputs


def _branches(node: Any, op: Any, every: bool) -> list[Any]:
    """The operands of a chain of the same UNION."""
    same = node.op == op and bool(node.all) == every and op == _SetOp.SETOP_UNION
    if (
        same
        and node.withClause is None
        and node.limitCount is None
        and node.limitOffset is None
        and not node.valuesLists
    ):
        return _branches(node.larg, op, every) + _branches(node.rarg, op, every)
    return [node]


def _set_operation(binding: Binding, node: Any, scope: Scope) -> tuple[Plan, list[Output]]:
    every = bool(node.all)
    parts = _branches(node.larg, node.op, every) + _branches(node.rarg, node.op, every)
    branches: list[Query] = []
    for part in parts:
        inner = Scope(scope.parent, scope.ctes)
        branches.append(bind_query(binding, part, inner))
        scope.outer |= inner.outer
    first = branches[0]
    wrong = [b for b in branches[1:] if len(b.outputs) != len(first.outputs)]
    if wrong:
        refuse_arity(binding, first, wrong[0])
        return first.plan, list(first.outputs)
    attributes: list[int] = []
    outputs: list[Output] = []
    for column, shown in enumerate(first.outputs):
        common = binding.types.common([b.outputs[column].type for b in branches])
        attributes.append(binding.attribute(shown.name, common, shown.start))
        outputs.append(Output(shown.name, attributes[-1], common, shown.start, shown.end, shown.named))
    start = first.outputs[0].start if first.outputs else -1
    return SetOperation(_FORMS[node.op], every, tuple(branches), tuple(attributes), start), outputs


# SELECT


def _select(binding: Binding, node: Any, scope: Scope) -> tuple[Plan, list[Output]]:
    plan = bind_from(binding, node.fromClause, scope)
    if node.whereClause is not None:
        scope.clause = "WHERE"
        plan = Filter(plan, conjuncts(binding, node.whereClause, scope))
    scope.windows = {w.name: w for w in node.windowClause or ()}
    scope.clause, scope.srf_allowed = "SELECT", True
    targets = _targets(binding, node, scope)
    on_nodes = [n for n in node.distinctClause or () if n is not None]
    on = _extra_targets(binding, on_nodes, scope, targets)
    sorting = _extra_targets(binding, [s.node for s in node.sortClause or ()], scope, targets)
    scope.clause, scope.srf_allowed = "HAVING", False
    having = conjuncts(binding, node.havingClause, scope)
    everything = [*targets, *on, *sorting]
    if node.groupClause or node.havingClause is not None or any(has_aggregate(t.value) for t in everything):
        plan, having = _grouped(binding, node, scope, plan, targets, everything, having)
    if having:
        plan = Filter(plan, having)
    plan = windowed(binding, plan, everything)
    sets = expanded(binding, everything)
    distinct = bool(node.distinctClause) and not on_nodes
    return _output(binding, scope.outer, plan, targets, on, sets, distinct=distinct)


def _targets(binding: Binding, node: Any, scope: Scope) -> list[Target]:
    targets: list[Target] = []
    nodes = node.targetList or ()
    for position, target in enumerate(nodes):
        value = target.val
        start = place(target)
        if is_a(value, ast.ColumnRef) and is_a(value.fields[-1], ast.A_Star):
            targets += _star(binding, value, scope)
            continue
        if is_a(value, ast.A_Indirection) and is_a(value.indirection[-1], ast.A_Star):
            targets += _composite_star(binding, value, scope, start)
            continue
        following = place(nodes[position + 1]) if position + 1 < len(nodes) else -1
        end = binding.places.item_end(start, following)
        bound = bind(binding, value, scope)
        name = target.name or output_name(value)
        targets.append(Target(name or UNNAMED, bound, start, end, name is not None))
    return targets


def _star(binding: Binding, node: Any, scope: Scope) -> list[Target]:
    start = place(node)
    end = binding.places.name_end(start)
    if len(node.fields) == 1:
        items, level = [i for i in scope.items if i.columns_visible], scope
        end = start + 1
        if not items:
            binding.find("SQL005", start, "`SELECT *` without a FROM clause")
    else:
        qualifier = tuple(f.sval for f in node.fields[:-1])
        item, owner = find_item(scope, qualifier)
        if item is None or owner is None:
            binding.find("SQL002", start, f"`{qualifier[-1]}` is not in the FROM clause", "", len(qualifier[-1]))
            return []
        items, level = [item], owner
    found: list[Target] = []
    for item in items:
        if item.is_open:
            binding.cannot(start, "`*` over columns that are not known")
        for name, value in item.all(binding):
            note_use(value, scope, level, binding)
            found.append(Target(name, value, start, end, True))
    return found


def _composite_star(binding: Binding, node: Any, scope: Scope, start: int) -> list[Target]:
    """``(value).*``: the fields of a composite value or of what a function returns."""
    whole = ast.A_Indirection(arg=node.arg, indirection=node.indirection[:-1]) if node.indirection[1:] else node.arg
    value = bind(binding, whole, scope)
    fields = binding.types.attributes(binding.types.base(value.type))
    if fields is None and isinstance(value, Op) and value.signature is not None:
        fields = value.signature.columns
    if not fields:
        binding.cannot(start, "expansion of a composite value with `.*`")
        return []
    end = binding.places.item_end(start)
    made = [(name, Op(Form.FIELD, name, (value,), kind, start=start)) for name, kind in fields]
    return [Target(name, field, start, end, True) for name, field in made]


def _extra_targets(binding: Binding, nodes: list[Any], scope: Scope, targets: list[Target]) -> list[Target]:
    """What DISTINCT ON and ORDER BY name: entries of the SELECT list, or expressions that are not shown."""
    found: list[Target] = []
    for node in nodes:
        value = output_target(binding, scope, targets, node, columns_first=False)
        if value is None:
            value = bind(binding, node, scope)
            value = next((t.value for t in targets if t.value == value), value)
        start = place(node)
        found.append(Target(UNNAMED, value, start if start >= 0 else value.start, -1, False))
    return found


def _grouped(
    binding: Binding, node: Any, scope: Scope, plan: Plan, targets: list[Target], everything: list[Target],
    having: tuple[Expr, ...],
) -> tuple[Plan, tuple[Expr, ...]]:  # fmt: skip
    grouper = GroupBinder(binding, scope, targets)
    sets = grouper.sets(node.groupClause or (), distinct=bool(node.groupDistinct))
    first = min((s for s in grouper.starts if s >= 0), default=-1)
    start, end = binding.places.group_by(targets[0].start if targets else -1, first)
    plan, keys, outputs = grouper.group(plan, sets)
    over: dict[int, Expr] = {}
    for target in everything:
        known = over.get(id(target.value))
        over[id(target.value)] = made = grouper.over_groups(target.value) if known is None else known
        target.value = made
    having = tuple(grouper.over_groups(condition) for condition in having)
    flags = (
        ()
        if grouper.plain
        else tuple(
            binding.attribute(f"grouping({binding.attributes[key].name})", "integer", not_null=True) for key in keys
        )
    )
    grouped = Group(
        plan, tuple(keys), tuple(sets), tuple(outputs), flags, tuple(grouper.aggregates), tuple(grouper.groupings),
        start, end,
    )  # fmt: skip
    return grouped, having


def _output(
    binding: Binding,
    outer: Container[int],
    plan: Plan,
    targets: list[Target],
    on: list[Target],
    sets: list[tuple[int, Op]],
    *,
    distinct: bool,
) -> tuple[Plan, list[Output]]:
    """Compute what the SELECT list shows.  DISTINCT ON comes before the set-returning functions of the list, unless it
    names one of them."""
    multiplied = {attribute for attribute, _ in sets}
    before: list[tuple[int, Expr]] = []
    after: list[tuple[int, Expr]] = []
    made: dict[Expr, int] = {}
    computed: dict[int, int] = {}

    def attribute_of(target: Target) -> int:
        value = target.value
        if type(value) is Ref and value.attribute not in outer:  # an outer value becomes one of this query's own
            return value.attribute
        known = computed.get(id(value), None if is_volatile(value) else made.get(value))
        if known is None:
            known = binding.attribute(target.name, value.type, target.start)
            (after if _uses(value, multiplied) else before).append((known, value))
        computed[id(value)] = made[value] = known
        return known

    outputs = [Output(t.name, attribute_of(t), t.value.type, t.start, t.end, t.named) for t in targets]
    kept = tuple(dict.fromkeys(attribute_of(t) for t in on))
    plan = Extend(plan, tuple(before)) if before else plan
    start = on[0].start if on else outputs[0].start if outputs else -1
    early = bool(on) and not any(_uses(t.value, multiplied) for t in on)
    if early:
        plan = Distinct(plan, kept, True, start)
    plan = Expand(plan, tuple(sets)) if sets else plan
    plan = Extend(plan, tuple(after)) if after else plan
    if on and not early:
        plan = Distinct(plan, kept, True, start)
    elif distinct:
        plan = Distinct(plan, tuple(dict.fromkeys(o.attribute for o in outputs)), False, start)
    return plan, outputs


def _uses(expr: Expr, attributes: set[int]) -> bool:
    if type(expr) is Ref:
        return expr.attribute in attributes
    return any(_uses(part, attributes) for part in operands(expr))
