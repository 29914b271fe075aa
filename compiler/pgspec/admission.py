"""What of a condition the session alone decides: a part that is true whenever the condition is true of some row.

Where that part is not true the caller is refused whatever the table holds, so saying so tells nothing about its rows.
"""

from __future__ import annotations

from typing import Any

from pgspec.pgsql import ast, enums, parse, printed, walk

_AND, _OR = enums.BoolExprType.AND_EXPR, enums.BoolExprType.OR_EXPR
_KINDS = enums.A_Expr_Kind
# NULL on either side makes these NULL, so the side that the session gives must not be.
_STRICT = frozenset({"=", "<>", "<", "<=", ">", ">="})


def session_part(condition: str) -> str | None:
    """The part of a condition, as SQL, that reads no row; None when nothing of it can refuse anybody.

    A part that reads a row counts as true, except that a comparison needs the session's side of it.  AND and OR keep
    what may be true; NOT is taken whole or not at all.
    """
    statements, failure = parse(f"SELECT 1 WHERE ({condition}\n)")
    assert failure is None
    part = _part(statements[0].node.whereClause)
    return None if part is None else printed(part)


def _part(node: Any) -> Any:
    if not _reads_rows(node):
        return None if _is_true(node) else node
    if isinstance(node, ast.BoolExpr) and node.boolop in (_AND, _OR):
        parts = [_part(arg) for arg in node.args]
        if node.boolop == _OR:
            return None if None in parts else ast.BoolExpr(boolop=_OR, args=tuple(parts))
        return _all([part for part in parts if part is not None])
    if _is_strict(node):
        given = [side for side in (node.lexpr, node.rexpr) if not _reads_rows(side) and not _is_constant(side)]
        return _all([ast.NullTest(arg=side, nulltesttype=enums.NullTestType.IS_NOT_NULL) for side in given])
    return None


def _is_strict(node: Any) -> bool:
    """Whether it is a comparison that NULL on either side makes NULL."""
    kinds = (_KINDS.AEXPR_OP, _KINDS.AEXPR_OP_ANY)
    return isinstance(node, ast.A_Expr) and node.kind in kinds and len(node.name) == 1 and node.name[0].sval in _STRICT


def _all(parts: list[Any]) -> Any:
    if len(parts) > 1:
        return ast.BoolExpr(boolop=_AND, args=tuple(parts))
    return parts[0] if parts else None


def _reads_rows(node: Any) -> bool:
    """Of the table itself or, in a sub-query, of any."""
    return any(isinstance(part, ast.ColumnRef | ast.RangeVar | ast.RangeFunction) for part in walk(node))


def _is_true(node: Any) -> bool:
    return isinstance(node, ast.A_Const) and isinstance(node.val, ast.Boolean) and bool(node.val.boolval)


def _is_constant(node: Any) -> bool:
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return isinstance(node, ast.A_Const)


def names_foreign(condition: str, own: str) -> bool:
    """Whether a condition names anything in a schema other than ``own`` and PostgreSQL's."""
    statements, failure = parse(f"SELECT 1 WHERE ({condition}\n)")
    assert failure is None
    fields = {ast.FuncCall: "funcname", ast.TypeName: "names", ast.A_Expr: "name"}
    for node in walk(statements[0].node):
        names: Any = getattr(node, fields.get(type(node), ""), None) or ()
        if len(names) > 1 and names[0].sval not in (own, "pg_catalog"):
            return True
    return False
