"""Binding of GROUP BY, HAVING, window functions and set-returning functions of one SELECT (parse_agg.c)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from pgspec.keys.algebra import Aggregate, Const, Expr, Grouping, Op, Ref, Subquery, WindowCall, operands
from pgspec.keys.context import Binding
from pgspec.keys.expressions import bind
from pgspec.keys.nodes import is_a, place
from pgspec.keys.plans import Extend, Plan, Window
from pgspec.keys.scope import Scope, lookup, unknown
from pgspec.pgsql import ast, enums

_SetKind = enums.GroupingSetKind
_MAX_SETS = 4096


@dataclass(slots=True)
class Target:
    """An entry of a SELECT list while it is being bound."""

    name: str
    value: Expr
    start: int
    end: int
    named: bool


def has_aggregate(expr: Expr) -> bool:
    """Whether an aggregate of this query level is inside."""
    return isinstance(expr, Aggregate) or any(map(has_aggregate, operands(expr)))


def rebuilt(expr: Expr, arguments: Sequence[Expr]) -> Expr:
    """The expression with other operands, in the order of `operands`."""
    made = tuple(arguments)
    if isinstance(expr, Op | Grouping):
        return replace(expr, arguments=made)
    if isinstance(expr, Subquery):
        return replace(expr, test=made)
    if isinstance(expr, WindowCall):
        a, p, o = len(expr.arguments), len(expr.partition), len(expr.order)
        condition = made[a + p + o] if expr.condition is not None else None
        return replace(
            expr, arguments=made[:a], partition=made[a : a + p], order=made[a + p : a + p + o], condition=condition
        )
    return expr


class GroupBinder:
    """Turns a SELECT's rows into groups and its expressions into expressions over groups."""

    def __init__(self, binding: Binding, scope: Scope, targets: list[Target]) -> None:
        self.binding = binding
        self.scope = scope
        self.targets = targets
        self.keys: list[Expr] = []
        self.starts: list[int] = []
        self.aggregates: list[tuple[int, Aggregate]] = []
        self.groupings: list[tuple[int, tuple[int, ...]]] = []
        self.outputs: dict[Expr, Ref] = {}
        self.plain = True
        self.dependent: set[int] = set()
        self.reported: set[int] = set()

    # GROUP BY

    def sets(self, clause: Iterable[Any], *, distinct: bool) -> list[tuple[int, ...]]:
        """The grouping sets as positions in ``keys``."""
        sets: list[tuple[int, ...]] = [()]
        for item in clause:
            choices = self._expand(item)
            if len(sets) * len(choices) > _MAX_SETS:
                self.binding.find("SQL005", self._place(item), "too many grouping sets: PostgreSQL allows 4096")
                break
            sets = [tuple(dict.fromkeys(s + c)) for s in sets for c in choices]
        if distinct:
            sets = list({frozenset(s): s for s in sets}.values())
        return sets

    def _place(self, item: Any) -> int:
        return max(0, place(item))

    def _expand(self, item: Any) -> list[tuple[int, ...]]:
        if not is_a(item, ast.GroupingSet):
            return [self._element(item)]
        content = item.content or ()
        if item.kind == _SetKind.GROUPING_SET_ROLLUP:
            parts = [self._element(c) for c in content]
            return [tuple(chain(*parts[:n])) for n in range(len(parts), -1, -1)]
        if item.kind == _SetKind.GROUPING_SET_CUBE:
            parts = [self._element(c) for c in content]
            wanted = range(min(1 << len(parts), _MAX_SETS + 1))
            return [tuple(chain(*(p for i, p in enumerate(parts) if bits >> i & 1))) for bits in wanted]
        if item.kind == _SetKind.GROUPING_SET_SETS:
            return [s for c in content for s in self._expand(c)]
        return [()]

    def _element(self, item: Any) -> tuple[int, ...]:
        if is_a(item, ast.RowExpr) and item.row_format == enums.CoercionForm.COERCE_IMPLICIT_CAST:
            return tuple(chain(*(self._element(part) for part in item.args or ())))
        value = self._key(item)
        start = place(item)
        for position, known in enumerate(self.keys):
            if known == value:
                return (position,)
        self.keys.append(value)
        self.starts.append(start if start >= 0 else value.start)
        return (len(self.keys) - 1,)

    def _key(self, item: Any) -> Expr:
        found = output_target(self.binding, self.scope, self.targets, item, columns_first=True)
        if found is None:
            self.scope.clause = "GROUP BY"
            found = bind(self.binding, item, self.scope)
        elif has_aggregate(found):
            self.binding.find("SQL005", found.start, "aggregate functions are not allowed in GROUP BY")
        return found

    def group(self, plan: Plan, sets: list[tuple[int, ...]]) -> tuple[Plan, list[int], list[int]]:
        """The rows with grouping expressions as attributes, and the attributes of keys and of what they become."""
        computed: list[tuple[int, Expr]] = []
        keys: list[int] = []
        for value in self.keys:
            repeated = len(sets) > 1 and type(value) is Ref and value.attribute in keys
            if type(value) is Ref and not repeated:
                keys.append(value.attribute)
            else:
                made = self.binding.attribute("?column?", value.type, value.start)
                computed.append((made, value))
                keys.append(made)
        if computed:
            plan = Extend(plan, tuple(computed))
        self.plain = len(sets) == 1
        always = frozenset.intersection(*map(frozenset, sets))
        outputs: list[int] = []
        for position, (key, value) in enumerate(zip(keys, self.keys, strict=True)):
            if self.plain or position in always:
                output = key
            else:
                output = self.binding.attribute(self.binding.attributes[key].name, value.type, value.start)
            outputs.append(output)
            self.outputs[value] = Ref(output, value.type)
            if self.plain or position in always:
                self.dependent.add(key)
        return plan, keys, outputs

    # expressions over groups

    def over_groups(self, expr: Expr) -> Expr:
        """The expression with grouping expressions and aggregates replaced by attributes of the group."""
        replaced = self.outputs.get(expr)
        if replaced is not None and type(expr) is not Const:
            return Ref(replaced.attribute, replaced.type, expr.start)
        if isinstance(expr, Aggregate):
            return self._aggregate(expr)
        if isinstance(expr, Grouping):
            return self._grouping(expr)
        if type(expr) is Ref:
            self._require_grouped(expr.attribute, expr.start)
            return expr
        if isinstance(expr, Subquery):
            for attribute in sorted(expr.outer):
                self._require_grouped(attribute, expr.start)
            if expr.outer and not self.plain:
                return unknown(expr.start)
        inside = operands(expr)
        if not inside:
            return expr
        return rebuilt(expr, [self.over_groups(part) for part in inside])

    def _aggregate(self, expr: Aggregate) -> Expr:
        if not expr.order:
            for attribute, known in self.aggregates:
                if known == expr:
                    return Ref(attribute, expr.type, expr.start)
        attribute = self.binding.attribute(expr.name, expr.type, expr.start)
        self.aggregates.append((attribute, expr))
        return Ref(attribute, expr.type, expr.start)

    def _grouping(self, expr: Grouping) -> Expr:
        positions = [i for argument in expr.arguments for i, key in enumerate(self.keys) if key == argument]
        if len(positions) != len(expr.arguments):
            self.binding.find("SQL005", expr.start, "arguments of GROUPING must be grouping expressions", "", 8)
            return unknown(expr.start)
        attribute = self.binding.attribute("grouping", "integer", expr.start, not_null=True)
        self.groupings.append((attribute, tuple(positions)))
        return Ref(attribute, "integer", expr.start)

    def _require_grouped(self, attribute: int, start: int) -> None:
        if attribute in self.dependent or attribute in self.scope.outer or attribute in self.reported:
            return
        self.reported.add(attribute)
        scan = self.binding.scans.get(attribute)
        if scan is not None and scan.relation.kind in ("table", "partitioned_table"):
            for key in scan.relation.keys:
                columns = (
                    [scan.attributes.get(c) for c in key.columns] if key.primary and not key.deferrable else [None]
                )
                if all(c in self.dependent for c in columns):
                    return
        known = self.binding.attributes[attribute]
        shown = f"{known.alias}.{known.name}" if known.alias else known.name
        help_text = f"add {shown} to GROUP BY, or aggregate it: max({shown})"
        self.binding.find(
            "SQL005", start, f"column `{shown}` must appear in GROUP BY or in an aggregate", help_text, len(shown)
        )


def output_target(
    binding: Binding, scope: Scope, targets: list[Target], item: Any, *, columns_first: bool
) -> Expr | None:
    """What GROUP BY, ORDER BY or DISTINCT ON mean by ``item`` if it is a position or an output name
    (findTargetlistEntrySQL92): GROUP BY prefers input columns, the others prefer outputs."""
    if is_a(item, ast.A_Const) and not item.isnull:
        if is_a(item.val, ast.Integer):
            position = item.val.ival or 0
            if 1 <= position <= len(targets):
                return targets[position - 1].value
            start = targets[0].start if targets else 0
            binding.find("SQL005", start, f"position {position} is not in the SELECT list")
            return unknown()
        return None
    if not is_a(item, ast.ColumnRef) or len(item.fields) != 1 or not is_a(item.fields[0], ast.String):
        return None
    name = item.fields[0].sval
    if columns_first and lookup(Scope(None, {}, scope.items), (), name, binding)[0] is not None:
        return None
    same = [t for t in targets if t.name == name]
    if not same:
        return None
    if any(t.value != same[0].value for t in same):
        binding.find(
            "SQL004", item.location, f"`{name}` is ambiguous: several output columns have this name", "", len(name)
        )
    return same[0].value


def windowed(binding: Binding, plan: Plan, targets: Sequence[Target]) -> Plan:
    """The plan with the window functions of ``targets`` computed; the targets then refer to them."""
    calls: list[tuple[int, WindowCall]] = []
    made: dict[int, Expr] = {}

    def find(expr: Expr) -> Expr | None:
        if not isinstance(expr, WindowCall):
            return None
        if id(expr) not in made:
            attribute = binding.attribute(expr.name, expr.type, expr.start)
            calls.append((attribute, expr))
            made[id(expr)] = Ref(attribute, expr.type, expr.start)
        return made[id(expr)]

    for target in targets:
        target.value = _replaced(target.value, find)
    return Window(plan, tuple(calls)) if calls else plan


def expanded(binding: Binding, targets: Sequence[Target]) -> list[tuple[int, Op]]:
    """The set-returning functions of ``targets`` with the attributes that now stand for them."""
    found: list[tuple[int, Op]] = []
    made: dict[int, Expr] = {}

    def find(expr: Expr) -> Expr | None:
        if not isinstance(expr, Op) or expr.signature is None or not expr.signature.returns_set:
            return None
        if id(expr) not in made:
            attribute = binding.attribute(expr.signature.name, expr.type, expr.start)
            found.append((attribute, expr))
            made[id(expr)] = Ref(attribute, expr.type, expr.start)
        return made[id(expr)]

    for target in targets:
        target.value = _replaced(target.value, find)
    return found


def _replaced(expr: Expr, find: Callable[[Expr], Expr | None]) -> Expr:
    found = find(expr)
    if found is not None:
        return found
    inside = operands(expr)
    if not inside:
        return expr
    made = [_replaced(part, find) for part in inside]
    return expr if all(a is b for a, b in zip(made, inside, strict=True)) else rebuilt(expr, made)
