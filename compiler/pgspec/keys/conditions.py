"""Conditions on the rows of one relation, spelt so that two of them can be compared, and what they tell of columns.

Two queries, or a query and the filter of a mapping, are read at different times and by different sessions.  So only
what every session sees alike counts as understood: immutable operations, and literals that no setting changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pgspec.keys.algebra import BINARY, PARAMETER, Const, Expr, Form, Op, Ref, Subquery, SubqueryForm, operands
from pgspec.keys.equality import literal_value
from pgspec.keys.predicates import spelling
from pgspec.keys.typesystem import DATETIMES, INTEGERS, NUMBERS, TEXTS, UNKNOWN, Types
from pgspec.sql import ident


@dataclass(frozen=True, slots=True)
class Param:
    """The value of the query's parameter of that name, in the type of what it is compared with."""

    name: str


Value = Const | Param
"""What a column can equal: a literal in a spelling that equal literals share, or a parameter."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A conjunct over the columns of one relation.  Conditions with the same ``text`` are true for the same rows.

    ``form`` tells those that say something of one ``column`` alone: that it is the one of ``values``, that it is among
    them, that it is NULL or not NULL.  An ``opaque`` condition is not understood and equals no other."""

    text: str
    form: Literal["equal", "one of", "null", "not null", "other", "opaque"] = "other"
    column: str = ""
    values: frozenset[Const] = frozenset()


_COMPARISONS = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_ISO = r"\d{4}-\d\d-\d\d"
_FIXED_LITERALS = {
    "date": re.compile(_ISO),
    "timestamp without time zone": re.compile(_ISO + r"( \d\d:\d\d(:\d\d(\.\d+)?)?)?"),
    "timestamp with time zone": re.compile(_ISO + r" \d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d(:\d\d)?|Z)"),
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}
_PLAIN_LITERALS = frozenset({*NUMBERS, *TEXTS, "boolean", "json", "jsonb", UNKNOWN})
_EXACT_CASTS = frozenset({*INTEGERS, "numeric", *TEXTS, "boolean", "uuid"})
_ROWWISE = frozenset({
    Form.AND, Form.OR, Form.NOT, Form.IS_NULL, Form.IS_NOT_NULL, Form.IS_TRUTH, Form.ELEMENT, Form.COLLATE,
})  # fmt: skip
_COMPARING = frozenset({
    Form.DISTINCT_FROM, Form.NOT_DISTINCT_FROM, Form.NULLIF, Form.IN, Form.NOT_IN, Form.COALESCE, Form.EXTREMUM,
    Form.CASE, Form.ARRAY,
})  # fmt: skip
"""Forms that cast their operands to one type."""


def flattened(conditions: Iterable[Expr]) -> Iterator[Expr]:
    """The conjuncts, also those of an AND inside."""
    for condition in conditions:
        if isinstance(condition, Op) and condition.form is Form.AND:
            yield from flattened(condition.arguments)
        else:
            yield condition


def attributes_of(expr: Expr) -> Iterator[int]:
    """The attributes that an expression reads, apart from what its sub-queries read outside."""
    if type(expr) is Ref:
        yield expr.attribute
    for part in operands(expr):
        yield from attributes_of(part)


def parameter(expr: Expr) -> int | None:
    """The number of the parameter that this is.  A cast may say its type; a second one would change its value."""
    if isinstance(expr, Op) and expr.form is Form.CAST and not expr.name:
        expr = expr.arguments[0]
    if isinstance(expr, Op) and expr.form is Form.OTHER and expr.name.startswith(PARAMETER):
        return int(expr.name.removeprefix(PARAMETER))
    return None


def has_parameter(expr: Expr) -> bool:
    """Whether a parameter is inside."""
    return parameter(expr) is not None or any(map(has_parameter, operands(expr)))


def renamed(expr: Expr, numbers: Mapping[int, int]) -> Expr:
    """The expression over other attributes; those that are not in ``numbers`` stay."""
    if type(expr) is Ref:
        return Ref(numbers.get(expr.attribute, expr.attribute), expr.type, expr.start)
    if isinstance(expr, Op):
        return replace(expr, arguments=tuple(renamed(a, numbers) for a in expr.arguments))
    return expr


def understood(expr: Expr, types: Types) -> bool:
    """Whether the expression gives the same for the same row and parameters at any time and in any session."""
    if type(expr) is Ref or parameter(expr) is not None:
        return True
    if type(expr) is Const:
        return _fixed(expr, types)
    if not isinstance(expr, Op) or expr.volatile or not all(understood(a, types) for a in expr.arguments):
        return False
    kinds = [types.base(a.type) for a in expr.arguments]
    if expr.form in (Form.OPERATOR, Form.FUNCTION):
        return _immutable(expr, kinds)
    if expr.form is Form.CAST:
        return all(k in _EXACT_CASTS or (k is not None and types.is_enum(k)) for k in (*kinds, types.base(expr.type)))
    if expr.form is Form.ANY or expr.form is Form.ALL:
        return bool(expr.name) and kinds[0] in _PLAIN_LITERALS
    if expr.form is Form.CASE:
        kinds = [*kinds[1:-1:2], kinds[-1]]
    if expr.form in _COMPARING:
        return _alike(kinds)
    return expr.form in _ROWWISE


def _immutable(op: Op, kinds: list[str | None]) -> bool:
    """Whether the function is immutable, and no operand is cast on the way as only the session's TimeZone tells."""
    if op.signature is None or op.signature.volatility != "immutable":
        return False
    timed = any(kind in DATETIMES for kind in kinds)
    return not timed or kinds == list(op.signature.arguments)


def _alike(kinds: list[str | None]) -> bool:
    known = {kind for kind in kinds if kind != UNKNOWN}
    return None not in known and (len(known) <= 1 or known <= set(NUMBERS) or known <= TEXTS)


def _fixed(constant: Const, types: Types) -> bool:
    """Whether no setting, such as TimeZone or DateStyle, and no clock, as in 'today', changes what a literal means."""
    kind = types.base(constant.type)
    if constant.value is None or kind in _PLAIN_LITERALS:
        return True
    if kind is None:
        return False
    known = _FIXED_LITERALS.get(kind)
    if known is not None:
        return isinstance(constant.value, str) and known.fullmatch(constant.value) is not None
    return types.is_enum(kind) or kind.removesuffix("[]") in _PLAIN_LITERALS


# what a condition tells of its columns


def required(condition: Expr) -> frozenset[int]:
    """The attributes that are NOT NULL wherever the condition is true."""
    if isinstance(condition, Op):
        if condition.form is Form.AND:
            return frozenset().union(*map(required, condition.arguments))
        if condition.form is Form.OR:
            return frozenset.intersection(*map(required, condition.arguments))
        if condition.form is Form.IS_NOT_NULL:
            return _present(condition.arguments[0])
        if condition.form is Form.IS_TRUTH and condition.name in ("true", "false", "not unknown"):
            inside = condition.arguments[0]
            return required(inside) if condition.name == "true" else _present(inside)
        if condition.form is Form.ANY and condition.name in _COMPARISONS:  # true: one element compares with it
            return _present(condition.arguments[0])
        if condition.form is Form.NOT_IN:
            return frozenset().union(*map(_present, condition.arguments))
    return _present(condition)


def _present(expr: Expr) -> frozenset[int]:
    """The attributes that are NOT NULL wherever the value is not: through strict operations down to columns."""
    if type(expr) is Ref:
        return frozenset({expr.attribute})
    if not isinstance(expr, Op):
        return frozenset()
    if expr.form in (Form.OPERATOR, Form.FUNCTION):
        inside = expr.arguments if expr.signature is not None and expr.signature.strict else ()
    elif expr.form in (Form.NOT, Form.COLLATE):
        inside = expr.arguments
    elif expr.form is Form.CAST:
        inside = expr.arguments if expr.type in _EXACT_CASTS and expr.arguments[0].type in _EXACT_CASTS else ()
    else:  # of IN, the list may decide without an element that is NULL
        inside = expr.arguments[:1] if expr.form in (Form.IN, Form.NOT_IN) else ()
    return frozenset().union(*(_present(a) for a in inside if not (isinstance(a, Op) and a.form is Form.ROW)))


def alike(left: str | None, right: str | None, types: Types) -> bool:
    """Whether ``=`` between values of these types means that they are the same value, spelt the same as text."""
    left, right = types.base(left), types.base(right)
    if left is None or right is None or not (types.equal_image(left) and types.equal_image(right)):
        return False
    return left == right or {left, right} <= set(INTEGERS) or {left, right} <= TEXTS


def equality(condition: Expr, types: Types) -> tuple[Ref, Expr] | None:
    """An attribute and what it equals wherever the condition is true: another attribute, a literal that `literal`
    made, or the operation of a parameter."""
    if type(condition) is Ref and types.base(condition.type) == "boolean":
        return condition, Const(True, "boolean")
    if not isinstance(condition, Op):
        return None
    if condition.form is Form.NOT and type(condition.arguments[0]) is Ref:
        return condition.arguments[0], Const(False, "boolean")
    if condition.form is Form.IS_TRUTH and condition.name in ("true", "false"):
        inside = condition.arguments[0]
        return (inside, Const(condition.name == "true", "boolean")) if type(inside) is Ref else None
    plain = condition.form is Form.OPERATOR and condition.name == "=" and condition.signature is not None
    nulls = condition.form is Form.NOT_DISTINCT_FROM
    if not (plain or nulls) or len(condition.arguments) != BINARY:
        return None
    left, right = condition.arguments
    if type(left) is not Ref:
        left, right = right, left
    return _equated(left, right, types, nulls=nulls) if type(left) is Ref else None


def _equated(left: Ref, right: Expr, types: Types, *, nulls: bool) -> tuple[Ref, Expr] | None:
    if parameter(right) is not None:
        typed = types.base(right.type) != UNKNOWN
        # a parameter may be NULL, which IS NOT DISTINCT FROM finds
        fits = alike(left.type, right.type if typed else left.type, types) and _written_alike(left.type, types)
        return (left, right) if fits and not nulls else None
    if not alike(left.type, right.type, types):
        return None
    if type(right) is Ref:
        return left, right
    value = literal(right, types)
    return (left, value) if value is not None else None


def _written_alike(type_name: str | None, types: Types) -> bool:
    """Whether a value of the type is the same text in every session: a parameter's value becomes part of a tag."""
    kind = types.base(type_name) or ""
    return kind in (*INTEGERS, *TEXTS, "boolean", "uuid", "date") or types.is_enum(kind)


def literal(expr: Expr, types: Types) -> Const | None:
    """The literal in the one spelling of its value; None for NULL, for what is no literal, and where that is not
    clear."""
    if type(expr) is not Const or expr.value is None:
        return None
    kind = types.base(expr.type)
    known = _FIXED_LITERALS.get(kind or "")
    if known is not None:
        whole = kind in ("date", "uuid") and isinstance(expr.value, str) and known.fullmatch(expr.value)
        return Const(expr.value, kind) if whole else None
    value = literal_value(expr, types)
    if value is None:
        return None
    if kind == "boolean":
        return Const(bool(value), kind)
    return Const(value, "integer" if kind in INTEGERS else "text" if kind in TEXTS else kind)


def semi_join(condition: Expr) -> bool:
    """Whether the condition asks for a row of a sub-query: EXISTS, or IN."""
    if not isinstance(condition, Subquery):
        return False
    among = condition.form is SubqueryForm.ANY and condition.operator == "="
    return among or condition.form is SubqueryForm.EXISTS


# spelling


def condition_of(expr: Expr, columns: Mapping[int, str], types: Types) -> Condition:
    """The condition over a relation whose columns the attributes are."""
    if not understood(expr, types) or has_parameter(expr):
        return Condition("", "opaque")
    known = equality(expr, types)
    if known is not None and type(known[1]) is Const:
        column = columns[known[0].attribute]
        return Condition(f"{ident(column)} = {_spelt(known[1], columns)}", "equal", column, frozenset({known[1]}))
    expr = spelling(expr)
    text = _spelt(expr, columns)
    if not isinstance(expr, Op) or type(expr.arguments[0]) is not Ref:
        return Condition(text)
    first = expr.arguments[0]
    column = columns[first.attribute]
    simple = first.type not in (None, "record") and types.attributes(types.base(first.type)) is None
    if expr.form is Form.IS_NULL and simple:
        return Condition(text, "null", column)
    if expr.form is Form.IS_NOT_NULL and simple:
        return Condition(text, "not null", column)
    if expr.form is Form.IN and all(alike(first.type, a.type, types) for a in expr.arguments[1:]):
        values = [literal(a, types) for a in expr.arguments[1:]]
        if None not in values:
            return Condition(text, "one of", column, frozenset(v for v in values if v is not None))
    return Condition(text)


def _spelt(expr: Expr, columns: Mapping[int, str]) -> str:
    """A text that tells what the expression computes, and is close to SQL for what is written often."""
    if type(expr) is Ref:
        return ident(columns[expr.attribute])
    if type(expr) is Const:
        if expr.value is None or expr.type in ("boolean", "integer"):
            return "NULL" if expr.value is None else str(expr.value).lower()
        quoted = "'" + str(expr.value).replace("'", "''") + "'"
        return quoted if expr.type == "text" else f"{quoted}::{expr.type}"
    assert isinstance(expr, Op)
    parts = [f"({_spelt(a, columns)})" if isinstance(a, Op) else _spelt(a, columns) for a in expr.arguments]
    name = expr.name
    if expr.form is Form.OPERATOR and len(parts) == BINARY:
        first, second = expr.arguments
        mirrored = _COMPARISONS.get(name)
        if mirrored is not None and (type(first) is Const, parts[0]) > (type(second) is Const, parts[1]):
            parts, name = parts[::-1], mirrored
        return f" {name} ".join(parts)
    if expr.form in (Form.AND, Form.OR):
        return f" {expr.form.name} ".join(sorted(parts))
    if expr.form in (Form.IS_NULL, Form.IS_NOT_NULL):
        return f"{parts[0]} {expr.form.name.replace('_', ' ')}"
    if expr.form is Form.IN:
        return f"{parts[0]} IN ({', '.join(parts[1:])})"
    target = f"::{expr.type}" if expr.form is Form.CAST else ""
    return f"{expr.form.name}[{name}]({', '.join(parts)}){target}"
