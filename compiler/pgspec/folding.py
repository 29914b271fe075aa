"""What PostgreSQL knows of a condition before it reads a row: what its constants come to, and what it calls."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from pgspec.keys.algebra import Const, Expr, Form, Op, Subquery, operands
from pgspec.sql import QName

Truth = bool | None
_ANY: frozenset[Truth] = frozenset({True, False, None})


def outcomes(expr: Expr) -> frozenset[Truth]:
    """The truth values that are left to a condition when its constants are known and nothing else."""
    if isinstance(expr, Const):
        if expr.value in (True, "true"):
            return frozenset({True})
        return frozenset({None if expr.value is None else False})
    if isinstance(expr, Op) and expr.form in (Form.AND, Form.OR):
        decisive = expr.form is Form.OR
        left: frozenset[Truth] = frozenset({not decisive})
        for part in expr.arguments:
            left = frozenset(_connected(pair, decisive) for pair in product(left, outcomes(part)))
        return left
    if isinstance(expr, Op) and expr.form is Form.NOT:
        return frozenset(None if value is None else not value for value in outcomes(expr.arguments[0]))
    if isinstance(expr, Op) and expr.form is Form.CAST and expr.type == "boolean":
        return outcomes(expr.arguments[0]) if isinstance(expr.arguments[0], Const) else _ANY
    return _ANY


def _connected(parts: tuple[Truth, ...], decisive: bool) -> Truth:
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive


def called(expr: Expr | None) -> Iterator[QName]:
    """The functions of the schema files that a condition calls, in sub-queries without FROM too."""
    if expr is None:
        return
    if isinstance(expr, Op) and expr.form is Form.FUNCTION and expr.signature is not None and expr.signature.schema:
        yield QName(expr.signature.schema, expr.signature.name)
    if isinstance(expr, Subquery):
        for _, value in getattr(expr.query.plan, "values", ()):
            if not isinstance(value, tuple):
                yield from called(value)
    for part in operands(expr):
        yield from called(part)
