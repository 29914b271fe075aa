"""Binding of functions in FROM: their columns, WITH ORDINALITY, ROWS FROM."""

from __future__ import annotations

from typing import Any

from pgspec.keys.algebra import Expr, Op, Ref
from pgspec.keys.builtins import Signature
from pgspec.keys.context import Binding
from pgspec.keys.expressions import bind
from pgspec.keys.plans import FunctionItem, FunctionScan, Plan
from pgspec.keys.scope import Item, Scope

_Column = tuple[str, str | None]


def bind_functions(binding: Binding, node: Any, scope: Scope) -> tuple[Plan, Item]:
    """Bind one function item of a FROM clause; ``scope`` is the level of its arguments."""
    alias = node.alias.aliasname if node.alias else ""
    names = [n.sval for n in node.alias.colnames or ()] if node.alias else []
    items: list[FunctionItem] = []
    columns: list[tuple[str, Expr]] = []
    is_open = False
    start = -1
    for function, definitions in _functions(node):
        call = bind(binding, function, scope)
        start = start if start >= 0 else call.start
        shape, complete = _shape(binding, call, definitions or node.coldeflist, alias, single=len(node.functions) == 1)
        is_open |= not complete
        made = tuple(binding.attribute(name, type_name, alias=alias) for name, type_name in shape)
        signature = call.signature if isinstance(call, Op) else None
        returns_set = signature.returns_set if signature else not isinstance(call, Op) or call.type is None
        items.append(FunctionItem(call, made, returns_set))
        columns += [(name, Ref(a, t)) for (name, t), a in zip(shape, made, strict=True)]
    ordinality = None
    if node.ordinality:
        ordinality = binding.attribute("ordinality", "bigint", alias=alias, not_null=True)
        columns.append(("ordinality", Ref(ordinality, "bigint")))
    renamed = [(name, value) for name, (_, value) in zip(names, columns, strict=False)]
    columns = renamed + columns[len(renamed) :]
    shown = alias or (columns[0][0] if columns and not alias else "")
    if not alias and items and isinstance(items[0].call, Op) and items[0].call.signature:
        shown = items[0].call.signature.name
    return FunctionScan(tuple(items), ordinality, shown, start), Item(shown, columns, is_open=is_open)


def _functions(node: Any) -> list[tuple[Any, Any]]:
    return [(f[0], f[1] if len(f) > 1 else None) if isinstance(f, tuple) else (f, None) for f in node.functions]


def _shape(binding: Binding, call: Expr, definitions: Any, alias: str, *, single: bool) -> tuple[list[_Column], bool]:
    """The columns that a function returns, and whether they are all known."""
    if definitions:
        return [_defined(binding, d) for d in definitions], True
    if not isinstance(call, Op):
        return [(alias or "?column?", call.type)], True
    signature = call.signature
    name = signature.name if signature else call.name.split(".")[-1].removesuffix(" variadic")
    if name == "unnest" and len(call.arguments) > 1:
        elements = [a.type[:-2] if a.type and a.type.endswith("[]") else None for a in call.arguments]
        return [(name, e) for e in elements], True
    if signature is None:
        return [(alias if alias and single else name, None)], False
    if signature.columns:  # those of monitoring functions differ between versions
        return list(signature.columns), signature.schema is not None or not name.startswith("pg_")
    return _result_columns(binding, signature, call.type, alias if alias and single else name)


def _result_columns(
    binding: Binding, signature: Signature, result: str | None, name: str
) -> tuple[list[_Column], bool]:
    attributes = binding.types.attributes(binding.types.base(result))
    if attributes is not None:
        return list(attributes), True
    if result == "record" or (result is None and signature.returns in ("", "record", "anyelement")):
        return [(name, result)], False
    return [(name, result)], True


def _defined(binding: Binding, definition: Any) -> _Column:
    type_name, unqualified = binding.types.named(definition.typeName)
    if unqualified is not None:
        binding.qualify(definition.typeName.location, unqualified)
    return definition.colname, type_name
