"""What equality of values tells: which functions keep it, which are one-to-one, and which never return NULL.

The lists are checked by hand against PostgreSQL's source; a function that is not in one of them is assumed the worse.
"""

from __future__ import annotations

from pgspec.keys.algebra import Const, Expr, Form, Op
from pgspec.keys.typesystem import DATETIMES, INTEGERS, NUMBERS, TEXTS, Types

_TIMESTAMP, _TIMESTAMPTZ = "timestamp without time zone", "timestamp with time zone"
_FLOATS = frozenset({"real", "double precision"})
_GEOMETRIC = frozenset({"point", "lseg", "path", "box", "polygon", "line", "circle"})

ONE_TO_ONE_CASTS = frozenset(
    [(a, b) for a in INTEGERS for b in (*INTEGERS, "numeric", "text", "character varying") if a != b]
    + [(a, "double precision") for a in ("smallint", "integer", "real")]
    + [("smallint", "real"), ("boolean", "integer"), ("boolean", "text"), ("uuid", "text"), ("inet", "text")]
    + [("uuid", "character varying"), ("character varying", "text"), ("text", "character varying"), ("date", "text")]
    + [("date", _TIMESTAMP)]
)
"""Casts, without a modifier, that map different values to different values.  A narrowing cast between integers is one:
it raises an error instead of changing the value.  A cast to timestamptz is none: where a zone skips an hour or, as
Samoa did, a day, two local times are the same instant."""

_KEEPS_EQUALITY_CASTS = frozenset((a, b) for a in NUMBERS for b in NUMBERS)
_KEEPS_EQUALITY_FUNCTIONS = frozenset({"date_trunc", "lower", "upper", "abs"})
_KEEPS_EQUALITY_OPERATORS = frozenset({"+", "-", "=", "<>", "<", ">", "<=", ">="})
_PASS_THROUGH = frozenset({Form.COALESCE, Form.EXTREMUM, Form.NULLIF, Form.CASE})

NEVER_NULL_FUNCTIONS = frozenset({
    "abs", "array_append", "array_cat", "array_prepend", "array_remove", "array_replace", "ascii", "bit_length",
    "btrim", "cardinality", "ceil", "ceiling", "char_length", "character_length", "chr", "clock_timestamp",
    "concat", "date", "date_bin", "date_trunc", "decode", "encode", "floor", "format", "gen_random_uuid",
    "hashtext", "hashtextextended", "initcap", "json_array_length", "json_build_array", "json_build_object",
    "jsonb_array_length", "jsonb_build_array", "jsonb_build_object", "jsonb_pretty", "jsonb_strip_nulls",
    "jsonb_typeof", "left", "length", "lower", "lpad", "ltrim", "make_date", "make_interval", "make_timestamp",
    "make_timestamptz", "md5", "mod", "now", "num_nonnulls", "num_nulls", "octet_length", "overlay", "position",
    "power", "quote_ident", "quote_literal", "quote_nullable", "random", "regexp_replace",
    "regexp_split_to_array", "repeat", "replace", "reverse", "right", "round", "rpad", "rtrim", "row_to_json",
    "setweight", "sha224", "sha256", "sha384", "sha512", "sign", "split_part", "sqrt", "starts_with",
    "statement_timestamp", "strpos", "timezone", "to_hex", "to_json", "to_jsonb", "to_tsvector", "translate",
    "transaction_timestamp", "trunc", "upper", "width_bucket",
})  # fmt: skip
"""Built-in functions that return no NULL for arguments without NULL.  Not among them: extract, date_part and to_char
(NULL for 'infinity'), array_length and array_position, substring with a pattern, regexp_match, casts of jsonb.  Of
ranges and shapes, functions of the same names do: lower() of a range without a lower bound."""

IGNORE_NULLS_FUNCTIONS = frozenset({"concat", "num_nulls", "num_nonnulls", "json_build_array", "jsonb_build_array"})
"""Functions that return no NULL whatever their arguments are."""

NEVER_NULL_OPERATORS = frozenset({
    "+", "-", "*", "/", "%", "^", "||", "=", "<>", "<", ">", "<=", ">=", "~", "~*", "!~", "!~*", "~~", "~~*",
    "!~~", "!~~*", "&", "|", "#", "<<", ">>", "@>", "<@", "&&", "?", "?|", "?&", "^@",
})  # fmt: skip
"""Built-in operators of which the same holds, unless an operand is geometric or a row."""


def cast_never_null(source: str | None, target: str | None) -> bool:
    """Whether a cast keeps NOT NULL: every built-in one does, except that JSON null becomes NULL."""
    return source not in (None, "json", "jsonb", "record") and target is not None


def function_never_null(op: Op, *, present: bool) -> bool:
    """Whether a function returns no NULL, its arguments being ``present`` or not."""
    if op.signature is None or op.signature.schema is not None:
        return False
    if op.name in IGNORE_NULLS_FUNCTIONS:
        return True
    plain = not any(a.type is None or a.type in _GEOMETRIC or "range" in a.type for a in op.arguments)
    return present and plain and op.name in NEVER_NULL_FUNCTIONS


def operator_never_null(op: Op) -> bool:
    """Whether a built-in operator returns no NULL for operands without NULL."""
    if op.signature is None or op.name not in NEVER_NULL_OPERATORS:
        return False
    return not any(a.type in _GEOMETRIC or a.type in (None, "record") for a in op.arguments)


def keeps_equality(op: Op, types: Types) -> bool:
    """Whether equal operands give equal results, though the operands' bytes may differ: 1.0 and 1.00, 0 and -0.

    Division and multiplication of numeric are left out: how many digits they keep depends on the scale."""
    kinds = [types.base(a.type) for a in op.arguments]
    exact = [types.equal_image(k) or type(a) is Const for k, a in zip(kinds, op.arguments, strict=True)]
    if all(exact):
        return True
    if op.form is Form.CAST:
        return not op.name and (kinds[0], types.base(op.type)) in _KEEPS_EQUALITY_CASTS
    if op.form in _PASS_THROUGH:
        result = types.base(op.type)
        return all(e or k == result for e, k in zip(exact, kinds, strict=True))
    numbers = all(e or k in NUMBERS for e, k in zip(exact, kinds, strict=True))
    if op.form is Form.OPERATOR:
        floats = op.name in ("*", "/") and all(k in _FLOATS for k in kinds)
        return numbers and op.signature is not None and (op.name in _KEEPS_EQUALITY_OPERATORS or floats)
    if op.form is Form.FUNCTION:
        builtin = op.signature is not None and op.signature.schema is None
        return builtin and numbers and op.name in _KEEPS_EQUALITY_FUNCTIONS
    if op.form in (Form.IN, Form.NOT_IN):
        return numbers
    return op.form in (Form.IS_NULL, Form.IS_NOT_NULL, Form.ROW)


def one_to_one_operand(op: Op, types: Types) -> Expr | None:
    """The operand that the result determines, if there is one: x in x::text, x + 1, 'p-' || x, -x, NOT x."""
    if op.form is Form.CAST:
        (operand,) = op.arguments
        pair = (types.base(operand.type), types.base(op.type))
        if not op.name and (pair in ONE_TO_ONE_CASTS or (pair[0] == pair[1] and pair[0] is not None)):
            return operand
        if not op.name and pair[0] is not None and types.is_enum(pair[0]) and pair[1] in TEXTS:
            return operand
        return None
    if op.form is Form.NOT:
        return op.arguments[0]
    if op.form is Form.OPERATOR and op.signature is not None:
        return _operator_operand(op, types)
    return None


def _operator_operand(op: Op, types: Types) -> Expr | None:
    exact = (*INTEGERS, "numeric")
    if len(op.arguments) == 1:
        number = types.base(op.arguments[0].type) in NUMBERS
        return op.arguments[0] if op.name in "+-" and number else None
    left, right = op.arguments
    constant, other = (left, right) if type(left) is Const else (right, left)
    if type(constant) is not Const or constant.value is None or type(other) is Const:
        return None
    kind, constant_kind = types.base(other.type), types.base(constant.type)
    if kind in exact and constant_kind in exact:
        if op.name in ("+", "-"):
            return other
        whole = op.name == "*" and kind in INTEGERS and constant_kind in INTEGERS
        return other if whole and constant.value != 0 else None
    if op.name == "||" and op.type == "text" and kind in (*TEXTS, *INTEGERS, "uuid"):
        return other
    day = kind == "date" and constant_kind == "integer" and op.name in ("+", "-") and constant is right
    return other if day else None


def literal_value(constant: Const, types: Types) -> str | int | None:
    """What a literal stands for, such that different results are different values; None where that is not clear."""
    kind, value = types.base(constant.type), constant.value
    if kind in INTEGERS:
        if isinstance(value, str) and not value.strip().lstrip("+-").isdecimal():
            return None
        return None if value is None else int(value)
    if kind == "boolean":
        return int(value) if isinstance(value, bool) else None
    text = kind in (*TEXTS, "unknown") and types.equal_image("text")
    if not isinstance(value, str) or not (text or (kind is not None and types.is_enum(kind))):
        return None
    return value


def passes_through(operand: Expr, result: str | None, types: Types) -> tuple[bool, bool]:
    """Whether a value that becomes a result of this type, as the first argument of COALESCE does, fixes the result, and
    the other way round."""
    source, target = types.base(operand.type), types.base(result)
    if source is None or target is None:
        return False, False
    pair = (source, target)
    return (
        source == target or types.equal_image(source) or pair in _KEEPS_EQUALITY_CASTS,
        source == target or pair in ONE_TO_ONE_CASTS,
    )


def determines(left: str | None, right: str | None, types: Types) -> bool:
    """Whether ``left = right`` lets the left value fix the right one, under the right type's own equality.

    Both are cast to the wider type, and only a cast that is one-to-one tells the values apart: 2^53 and 2^53 + 1 are
    the same double precision, and two local times can be one instant."""
    left, right = types.base(left), types.base(right)
    if left is None or right is None or not (types.comparable(left) and types.comparable(right)):
        return False
    if {left, right} & TEXTS and not types.equal_image("text"):
        return False
    if left == right:
        return True
    if (left in INTEGERS and right in INTEGERS) or {left, right} <= TEXTS:
        return True
    if left in DATETIMES and right in DATETIMES:
        return left != _TIMESTAMPTZ
    if left in NUMBERS and right in NUMBERS:
        common = NUMBERS[max(NUMBERS.index(left), NUMBERS.index(right))]
        if common == "real" and {left, right} & {"integer", "bigint", "numeric"}:
            common = "double precision"
        return right == common or (right, common) in ONE_TO_ONE_CASTS
    return False
