"""Operators, casts and literals over operands that are bound already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgspec.keys.algebra import Const, Expr, Form, Op, SubqueryForm
from pgspec.keys.context import Binding
from pgspec.keys.nodes import is_a, place
from pgspec.keys.remarks import note_cast, note_literal, note_operator
from pgspec.keys.typesystem import UNKNOWN
from pgspec.pgsql import ast

_COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">=", "~~", "!~~"})


def start_of(node: Any, arguments: Sequence[Expr]) -> int:
    """Where an expression starts: the parser reports the operator, the operand before it may be further left."""
    places = [a.start for a in arguments if a.start >= 0]
    own = place(node)
    if own >= 0:
        places.append(own)
    return min(places, default=-1)


def number_type(digits: str) -> str:
    """The type of a number that is written so."""
    try:
        whole = int(digits, 0)
    except ValueError:
        return "numeric"
    return "integer" if abs(whole) < 2**31 else "bigint" if abs(whole) < 2**63 else "numeric"


def operator(binding: Binding, node: Any, name: Sequence[Any], left: Expr | None, right: Expr) -> Expr:
    """An operator applied to bound operands."""
    symbol = name[-1].sval
    arguments: tuple[Expr, ...] = (right,) if left is None else (left, right)
    start = start_of(node, arguments)
    if (
        isinstance(left, Op)
        and isinstance(right, Op)
        and left.form == right.form == Form.ROW
        and len(left.arguments) == len(right.arguments)
        and symbol == "="
    ):
        pairs = zip(left.arguments, right.arguments, strict=True)
        return Op(Form.AND, "", tuple(operator(binding, node, name, a, b) for a, b in pairs), "boolean", start=start)
    signature = binding.types.operator(symbol, tuple(a.type for a in arguments)) if is_builtin(name) else None
    note_operator(binding, signature, arguments, start)
    if signature is not None:
        result = signature.returns or None
        arguments = _typed(arguments, signature.arguments)
    else:
        result = "boolean" if symbol in _COMPARISONS else None
    return Op(Form.OPERATOR, symbol, arguments, result, signature, start=start)


def _typed(arguments: tuple[Expr, ...], parameters: tuple[str, ...]) -> tuple[Expr, ...]:
    """Untyped literals take the type of their parameter, a polymorphic one that of the operand beside them."""
    if len(arguments) != len(parameters):
        return arguments
    known = next((a.type for a in arguments if a.type != UNKNOWN), "text")
    return tuple(
        Const(a.value, known if p.startswith("any") else p, a.start) if type(a) is Const and a.type == UNKNOWN else a
        for a, p in zip(arguments, parameters, strict=True)
    )


def is_builtin(name: Sequence[Any]) -> bool:
    """Whether an operator is written without a schema, or with PostgreSQL's own."""
    return len(name) == 1 or name[0].sval == "pg_catalog"


def modifier_of(type_name: Any) -> str:
    """The modifier of a written type: ``10,2`` of numeric(10, 2)."""
    values = [
        getattr(m.val, "ival", getattr(m.val, "sval", "?")) for m in type_name.typmods or () if is_a(m, ast.A_Const)
    ]
    return ",".join(map(str, values)) or ("?" if type_name.typmods else "")


def cast(binding: Binding, argument: Expr, target: str | None, modifier: str, start: int) -> Expr:
    """A cast of a bound expression; a literal simply takes the type."""
    if type(argument) is Const and argument.type == UNKNOWN:
        if target is not None and target == binding.types.base(target):
            note_literal(binding, argument.value, target, start)
            if not modifier or argument.value is None:
                return Const(argument.value, target, start)
        return Op(Form.CAST, modifier, (Const(argument.value, "text", start),), target, start=start)
    if argument.type == target and target is not None and not modifier:
        return argument
    if (
        isinstance(argument, Op)
        and argument.form is Form.ARRAY
        and not modifier
        and target is not None
        and target.endswith("[]")
    ):
        elements = tuple(cast(binding, e, target[:-2], "", e.start) for e in argument.arguments)
        return Op(Form.ARRAY, "", elements, target, start=start)
    note_cast(binding, argument.type, target, start)
    return Op(Form.CAST, modifier, (argument,), target, start=start)


def as_type(arguments: tuple[Expr, ...], target: str | None) -> tuple[Expr, ...]:
    """The expressions with untyped literals taking the common type."""
    return tuple(Const(a.value, target, a.start) if type(a) is Const and a.type == UNKNOWN else a for a in arguments)


def subquery_type(form: SubqueryForm, column: str | None) -> str | None:
    """The type of a sub-query in an expression, whose first column has this type."""
    if form is SubqueryForm.SCALAR:
        return "text" if column == UNKNOWN else column
    if form is SubqueryForm.ARRAY:
        if column is None:
            return None
        element = "text" if column == UNKNOWN else column
        return element if element.endswith("[]") else element + "[]"
    return "boolean"
