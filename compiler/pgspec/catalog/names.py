"""The names that PostgreSQL gives to constraints, indexes and sequences which the DDL leaves unnamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pgspec.pgsql import ast
from pgspec.sql import MAX_IDENTIFIER_BYTES


def made_name(first: str, second: str, label: str) -> str:
    """``first_second_label`` without its empty parts, the longer of the first two cut so that 63 bytes suffice."""
    one, two = first.encode(), second.encode()
    overhead = (len(label.encode()) + 1 if label else 0) + (1 if two else 0)
    room = MAX_IDENTIFIER_BYTES - overhead
    while len(one) + len(two) > room and (one or two):
        if len(one) > len(two):
            one = one[:-1]
        else:
            two = two[:-1]
    parts = (one.decode(errors="ignore"), two.decode(errors="ignore"), label)
    return "_".join(p for p in parts if p)


def free_name(first: str, second: str, label: str, taken: Callable[[str], bool]) -> str:
    """The first of ``..._label``, ``..._label1``, ``..._label2`` that is not ``taken``."""
    number = 0
    name = made_name(first, second, label)
    while taken(name):
        number += 1
        name = made_name(first, second, f"{label}{number}")
    return name


def joined_columns(names: Iterable[str]) -> str:
    """Column names with ``_`` between, up to the length of a name."""
    out = ""
    for name in names:
        out = f"{out}_{name}" if out else name
        if len(out.encode()) > MAX_IDENTIFIER_BYTES:
            break
    return out


def distinct_names(names: Iterable[str]) -> list[str]:
    """The names, a repeated one with a number behind it."""
    out: list[str] = []
    for name in names:
        number, candidate = 0, name
        while candidate in out:
            number += 1
            candidate = f"{name}{number}"
        out.append(candidate)
    return out


def expression_name(node: Any) -> str | None:
    """The name that PostgreSQL takes from an expression for an output column, or None: ``?column?`` or ``expr``."""
    return _figure(node)[1]


_CONSTANT_NAMES: dict[type, str] = {
    ast.A_ArrayExpr: "array",
    ast.RowExpr: "row",
    ast.CoalesceExpr: "coalesce",
    ast.XmlExpr: "xml",
    ast.XmlSerialize: "xmlserialize",
    ast.GroupingFunc: "grouping",
}


def _figure(node: Any) -> tuple[int, str | None]:
    """The name and its strength: 2 for a real name, 1 for one that is better than nothing."""
    kind = type(node)
    if kind in (ast.ColumnRef, ast.A_Indirection):
        return _last_field(node)
    if kind is ast.FuncCall:
        return 2, str(node.funcname[-1].sval)
    if kind is ast.CollateClause:
        return _figure(node.arg)
    if kind in (ast.TypeCast, ast.CaseExpr):
        strength, name = _figure(node.arg if kind is ast.TypeCast else node.defresult)
        weak = str(node.typeName.names[-1].sval) if kind is ast.TypeCast else "case"
        return (strength, name) if strength > 1 else (1, weak)
    if kind is ast.MinMaxExpr:
        return 2, node.op.name.removeprefix("IS_").lower()
    if kind is ast.SQLValueFunction:
        return 2, node.op.name.removeprefix("SVFOP_").removesuffix("_N").lower()
    if kind is ast.SubLink:
        return _figure_sublink(node)
    fixed = _CONSTANT_NAMES.get(kind)
    return (2, fixed) if fixed else (0, None)


def _last_field(node: Any) -> tuple[int, str | None]:
    is_column = type(node) is ast.ColumnRef
    for part in reversed((node.fields if is_column else node.indirection) or ()):
        if isinstance(part, ast.String):
            return 2, str(part.sval)
    return (0, None) if is_column else _figure(node.arg)


def _figure_sublink(node: Any) -> tuple[int, str | None]:
    kind = node.subLinkType.name
    if kind in ("EXISTS_SUBLINK", "ARRAY_SUBLINK"):
        return 2, kind.removesuffix("_SUBLINK").lower()
    query = node.subselect
    targets = getattr(query, "targetList", None)
    if kind == "EXPR_SUBLINK" and targets:
        target = targets[0]
        return (2, str(target.name)) if target.name else _figure(target.val)
    return 0, None
