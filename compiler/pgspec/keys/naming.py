"""The names that PostgreSQL gives to output columns without an alias (FigureColname in parse_target.c)."""

from __future__ import annotations

from typing import Any

from pgspec.keys.nodes import is_a
from pgspec.pgsql import ast, enums

_FIXED = {
    ast.CoalesceExpr: "coalesce", ast.A_ArrayExpr: "array", ast.RowExpr: "row", ast.GroupingFunc: "grouping",
    ast.XmlSerialize: "xmlserialize", ast.JsonObjectConstructor: "json_object", ast.JsonArrayConstructor: "json_array",
    ast.JsonArrayQueryConstructor: "json_array", ast.JsonObjectAgg: "json_objectagg", ast.JsonArrayAgg: "json_arrayagg",
    ast.JsonParseExpr: "json", ast.JsonScalarExpr: "json_scalar", ast.JsonSerializeExpr: "json_serialize",
}  # fmt: skip
_XML = ("xmlconcat", "xmlelement", "xmlforest", "xmlparse", "xmlpi", "xmlroot")
_JSON_FUNCTION = ("json_exists", "json_query", "json_value")
UNNAMED = "?column?"


def output_name(node: Any) -> str | None:
    """The name, or None where PostgreSQL would write ``?column?``."""
    return _figure(node)[0]


def _figure(node: Any) -> tuple[str | None, bool]:
    """The name and whether it is a strong one, which a cast around it does not replace."""
    fixed = _FIXED.get(type(node))
    if fixed is not None:
        return fixed, True
    handler = _HANDLERS.get(type(node))
    return handler(node) if handler else (None, False)


def _column(node: Any) -> tuple[str | None, bool]:
    names = [f.sval for f in node.fields if is_a(f, ast.String)]
    return (names[-1], True) if names else (None, False)


def _indirection(node: Any) -> tuple[str | None, bool]:
    names = [f.sval for f in node.indirection if is_a(f, ast.String)]
    return (names[-1], True) if names else _figure(node.arg)


def _call(node: Any) -> tuple[str | None, bool]:
    return node.funcname[-1].sval, True


def _operator(node: Any) -> tuple[str | None, bool]:
    return ("nullif", True) if node.kind == enums.A_Expr_Kind.AEXPR_NULLIF else (None, False)


def _cast(node: Any) -> tuple[str | None, bool]:
    name, strong = _figure(node.arg)
    return (name, True) if strong else (node.typeName.names[-1].sval, False)


def _case(node: Any) -> tuple[str | None, bool]:
    name, strong = _figure(node.defresult) if node.defresult is not None else (None, False)
    return (name, True) if strong else ("case", False)


def _sublink(node: Any) -> tuple[str | None, bool]:
    kind = node.subLinkType
    if kind == enums.SubLinkType.EXISTS_SUBLINK:
        return "exists", True
    if kind == enums.SubLinkType.ARRAY_SUBLINK:
        return "array", True
    if kind == enums.SubLinkType.EXPR_SUBLINK:
        query = node.subselect
        while query.larg is not None:
            query = query.larg
        if query.targetList:
            target = query.targetList[0]
            return (target.name, True) if target.name else _figure(target.val)
        return ("column1", True) if query.valuesLists else (None, False)
    return None, False


def _value_function(node: Any) -> tuple[str | None, bool]:
    return enums.SQLValueFunctionOp(node.op).name[6:].lower().removesuffix("_n"), True


def _collate(node: Any) -> tuple[str | None, bool]:
    return _figure(node.arg)


def _xml(node: Any) -> tuple[str | None, bool]:
    return (_XML[node.op], True) if node.op < len(_XML) else (None, False)


def _minmax(node: Any) -> tuple[str | None, bool]:
    return ("greatest" if node.op == enums.MinMaxOp.IS_GREATEST else "least"), True


def _json_function(node: Any) -> tuple[str | None, bool]:
    return (_JSON_FUNCTION[node.op], True) if node.op < len(_JSON_FUNCTION) else (None, False)


_HANDLERS: dict[Any, Any] = {
    ast.ColumnRef: _column, ast.A_Indirection: _indirection, ast.FuncCall: _call, ast.A_Expr: _operator,
    ast.TypeCast: _cast, ast.CaseExpr: _case, ast.SubLink: _sublink, ast.SQLValueFunction: _value_function,
    ast.CollateClause: _collate, ast.XmlExpr: _xml, ast.MinMaxExpr: _minmax, ast.JsonFuncExpr: _json_function,
}  # fmt: skip
