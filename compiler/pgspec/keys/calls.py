"""Binding of function calls: plain ones, aggregates and window functions (parse_func.c, parse_agg.c)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pgspec.keys import builtins
from pgspec.keys.algebra import Aggregate, Expr, Form, Op, Ref, WindowCall, is_volatile, operands
from pgspec.keys.builtins import Signature
from pgspec.keys.context import Binding, nearest
from pgspec.keys.operators import cast
from pgspec.keys.remarks import note_function
from pgspec.keys.scope import Scope, unknown
from pgspec.sql import QName

Bind = Callable[[Binding, Any, Scope], Expr]

DEFAULT_FRAME = 0x422  # RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW: FRAMEOPTION_DEFAULTS
_ORDERED_SET = frozenset({"rank", "dense_rank", "percent_rank", "cume_dist"})
_NO_AGGREGATES = {
    "WHERE": "WHERE", "ON": "JOIN conditions", "GROUP BY": "GROUP BY", "FROM": "functions in FROM", "VALUES": "VALUES",
    "LIMIT": "LIMIT",
}  # fmt: skip
_NO_WINDOWS = {**_NO_AGGREGATES, "HAVING": "HAVING"}


def bind_call(binding: Binding, node: Any, scope: Scope, bind: Bind) -> Expr:
    """Bind a function call, of whichever kind it is."""
    parts = [part.sval for part in node.funcname]
    schema, name = (parts[-2] if len(parts) > 1 else None), parts[-1]
    clause = scope.clause
    windowed, aggregate = node.over is not None, _is_aggregate(binding, schema, name, node)
    if aggregate or windowed:
        _check_place(binding, node, name, scope, windowed=windowed)
        scope.clause = "aggregate" if not windowed else clause
    arguments = tuple(bind(binding, argument, scope) for argument in node.args or ())
    order = tuple(bind(binding, item.node, scope) for item in node.agg_order or ())
    condition = bind(binding, node.agg_filter, scope) if node.agg_filter is not None else None
    typed = arguments + order if node.agg_within_group else arguments
    chosen = binding.types.function(schema, name, tuple(a.type for a in typed))
    if chosen is not None and chosen.schema is not None and schema is None:
        binding.qualify(node.location, QName(chosen.schema, name))
    scope.clause = clause
    result = chosen.returns or None if chosen else None
    if chosen is None and len(arguments) == 1 and not (aggregate or windowed):
        target = binding.types.cast_named(schema, name)
        if target is not None:
            return cast(binding, arguments[0], target, "", node.location)
    full_name = name if chosen is None or chosen.schema is None else f"{chosen.schema}.{name}"
    _note(binding, node, schema, name, chosen, arguments)
    if windowed:
        return _window(binding, node, scope, bind, full_name, arguments, condition, result)
    volatile = chosen is None or chosen.volatility == "volatile"
    if aggregate:
        read = [a for part in (*typed, *((condition,) if condition else ())) for a in _attributes(part)]
        if read and all(a in scope.outer for a in read):
            binding.cannot(node.location, f"`{name}` over columns of an outer query")
        return Aggregate(
            full_name, arguments, order, condition, bool(node.agg_distinct), bool(node.agg_within_group), result,
            volatile and any(map(is_volatile, arguments)), node.location,
        )  # fmt: skip
    if chosen is not None and chosen.returns_set and not scope.srf_allowed:
        binding.cannot(node.location, f"the set-returning function `{name}` in this place")
    start = min([node.location, *(a.start for a in arguments if a.start >= 0)])
    suffix = " variadic" if node.func_variadic else ""
    return Op(Form.FUNCTION, full_name + suffix, arguments, result, chosen, volatile, start)


def _attributes(expr: Expr) -> list[int]:
    if type(expr) is Ref:
        return [expr.attribute]
    return [a for part in operands(expr) for a in _attributes(part)]


def _is_aggregate(binding: Binding, schema: str | None, name: str, node: Any) -> bool:
    if node.agg_star or node.agg_within_group or node.agg_distinct or node.agg_order or node.agg_filter is not None:
        return node.over is None
    if node.over is not None:
        return False
    if schema in (None, "pg_catalog") and name not in _ORDERED_SET:
        own = builtins.functions(name)
        if own and own[0].kind == "aggregate":
            return True
    return any(s.kind == "aggregate" for s in binding.types.user_functions(schema, name))


def _check_place(binding: Binding, node: Any, name: str, scope: Scope, *, windowed: bool) -> None:
    """Aggregates and window functions are refused where there are no groups or rows of a result yet."""
    what = "window functions" if windowed else "aggregate functions"
    place = (_NO_WINDOWS if windowed else _NO_AGGREGATES).get(scope.clause)
    if place and (windowed or not _reads_outer_only(node, scope)):
        outside = "compare in an outer query" if windowed else "use HAVING, or compare in an outer query"
        help_text = outside if scope.clause == "WHERE" else ""
        binding.find("SQL005", node.location, f"{what} are not allowed in {place}", help_text, len(name))
    elif scope.clause == "aggregate" and (windowed or not _reads_outer_only(node, scope)):
        inner = "a window function" if windowed else "an aggregate function"
        outer = "an aggregate function" if windowed else "another one"
        binding.find("SQL005", node.location, f"{inner} cannot be called inside {outer}", "", len(name))


def _reads_outer_only(node: Any, scope: Scope) -> bool:
    """An aggregate over columns of an enclosing query belongs to that query; we cannot tell before binding."""
    return scope.parent is not None and bool(node.args)


def _note(
    binding: Binding, node: Any, schema: str | None, name: str, chosen: Signature | None, arguments: Sequence[Expr]
) -> None:
    shown = schema or (chosen.schema if chosen else None)
    note_function(binding, name, None if shown == "pg_catalog" else shown, chosen, arguments, node.location)
    if chosen is None:
        binding.volatile_calls += 1
        if not _may_exist(binding, schema, name):
            known = {f.name for f in binding.catalog.functions}
            binding.find(
                "SQL005", node.location, f"function `{name}` does not exist", nearest(name, sorted(known)), len(name)
            )


def _may_exist(binding: Binding, schema: str | None, name: str) -> bool:
    if schema == "pg_catalog" or (schema is None and builtins.is_function(name)):
        return True
    catalog = binding.catalog
    if catalog.extensions or (schema is not None and schema not in catalog.schemas):
        return True
    if any(f.name == name for f in catalog.functions):
        return True
    return binding.types.named_exists(name)


def _window(
    binding: Binding, node: Any, scope: Scope, bind: Bind, name: str, arguments: tuple[Expr, ...],
    condition: Expr | None, result: str | None,
) -> Expr:  # fmt: skip
    over = node.over
    base = scope.windows.get(over.name or over.refname) if (over.name or over.refname) else None
    if (over.name or over.refname) and base is None:
        binding.find("SQL005", over.location, f"window `{over.name or over.refname}` does not exist")
        return unknown(node.location)
    clause, scope.clause = scope.clause, "window"
    partition, order, frame = _window_parts(binding, over, base, scope, bind)
    scope.clause = clause
    default = frame[0] & ~0x1 == DEFAULT_FRAME & ~0x1
    return WindowCall(name, arguments, partition, order, condition, default, result, frame, node.location)


def _window_parts(
    binding: Binding, over: Any, base: Any, scope: Scope, bind: Bind
) -> tuple[tuple[Expr, ...], tuple[Expr, ...], tuple[Any, ...]]:
    """PARTITION BY, ORDER BY and frame, with what a named window adds."""
    named = over.name is not None and base is not None
    while base is not None and base.refname and base.refname in scope.windows and not base.partitionClause:
        inherited = scope.windows[base.refname]
        partition_nodes = inherited.partitionClause or ()
        order_nodes = base.orderClause or inherited.orderClause or ()
        break
    else:
        partition_nodes = (base.partitionClause or ()) if base is not None else ()
        order_nodes = (base.orderClause or ()) if base is not None else ()
    partition_nodes = partition_nodes or over.partitionClause or ()
    order_nodes = order_nodes or over.orderClause or ()
    partition = tuple(bind(binding, item, scope) for item in partition_nodes)
    order = tuple(bind(binding, item.node, scope) for item in order_nodes)
    framed = base if named else over
    offsets = [bind(binding, o, scope) for o in (framed.startOffset, framed.endOffset) if o is not None]
    return partition, order, (framed.frameOptions, *offsets)
