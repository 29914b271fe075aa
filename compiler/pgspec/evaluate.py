"""Conditions decided without a server: PostgreSQL's three-valued logic over one row and one session.

The forms that are known are evaluated exactly as PostgreSQL does; for all others `UndecidableError` says which one it
was.  Nothing is guessed: where the order of evaluation decides whether an error is raised, that is undecidable too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pgspec.catalog import Catalog
from pgspec.keys.algebra import Const, Expr, Form, Op, Ref, Subquery, SubqueryForm
from pgspec.keys.bound import bind_statement
from pgspec.keys.plans import Extend, One, Plan, Query
from pgspec.pgsql import ast, parse
from pgspec.scopes import (
    Scope,
    Unknown,
    all_of,
    any_of,
    array_literal,
    convert,
    family_of,
    read,
)
from pgspec.sql import QName
from pgspec.values import FailsError, Json, UndecidableError, Value, at_path, from_text, json_text, member

MAX_DEPTH = 32
"""How deep objects and arrays may be nested in claims; deeper ones are taken for no claims at all."""

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_SETTING_ARGUMENTS = 2
# As the functions of the same names have it (templates/runtime/rls).
_UUID = re.compile(r"([0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}")
_BIGINT = re.compile(r"-?[0-9]{1,19}")


def truth(expr: Expr, scope: Scope) -> bool | None:
    """A condition's truth value."""
    value = evaluate(expr, scope)
    if isinstance(value, str) and isinstance(expr, Const):
        value = from_text(value, "boolean")
    if value is None or isinstance(value, bool):
        return value
    raise UndecidableError("a condition that is not boolean")


def evaluate(expr: Expr, scope: Scope) -> Value:
    """The value of an expression."""
    if isinstance(expr, Const):
        return _constant(expr, scope)
    if isinstance(expr, Ref):
        return _column(expr, scope)
    if isinstance(expr, Op):
        handler = _FORMS.get(expr.form)
        if handler is None:
            raise UndecidableError(f"`{expr.name or expr.form.name.lower()}`")
        return handler(expr, scope)
    if isinstance(expr, Subquery) and expr.form is SubqueryForm.SCALAR:
        return _scalar(expr.query, scope)
    raise UndecidableError("a sub-query that reads rows" if isinstance(expr, Subquery) else "an aggregate")


def _column(expr: Ref, scope: Scope) -> Value:
    if expr.attribute not in scope.values:
        raise UndecidableError("a column of another row")
    value = scope.values[expr.attribute]
    if isinstance(value, Unknown):
        raise UndecidableError(value.reason)
    return value


def _constant(expr: Const, scope: Scope) -> Value:
    if isinstance(expr.value, str) and expr.type not in (None, "unknown"):
        return read(expr.value, expr.type, scope)
    return expr.value


def _scalar(query: Query, scope: Scope) -> Value:
    """A sub-query without FROM."""
    values = _row(query.plan, scope)
    if len(query.outputs) != 1:
        raise UndecidableError("a sub-query of several columns")
    return _column(Ref(query.outputs[0].attribute, query.outputs[0].type), replace(scope, values=values))


def _row(plan: Plan, scope: Scope) -> Mapping[int, Value | Unknown]:
    if isinstance(plan, One):
        return scope.values
    if not isinstance(plan, Extend):
        raise UndecidableError("a sub-query that reads rows")
    values = dict(_row(plan.input, scope))
    for attribute, expr in plan.values:
        values[attribute] = evaluate(expr, replace(scope, values=values))
    return values


# comparisons


def _operator(op: Op, scope: Scope) -> Value:
    if op.signature is None or op.signature.schema is not None or len(op.arguments) != _SETTING_ARGUMENTS:
        raise UndecidableError(f"the operator `{op.name}`")
    left, right = op.arguments
    if op.name in _COMPARE:
        return _compare(op.name, left, right, scope)
    if op.name in ("->", "->>"):
        return _json_member(op, scope)
    if op.name in ("#>", "#>>") and isinstance(right, Const) and right.type == "text[]":
        found = at_path(evaluate(left, scope), array_literal(str(right.value)))
        return json_text(found) if op.name == "#>>" else found
    if op.name == "||" and family_of(left, scope) == family_of(right, scope) == "text":
        texts = [evaluate(left, scope), evaluate(right, scope)]
        return None if None in texts else "".join(map(str, texts))
    raise UndecidableError(f"the operator `{op.name}`")


def _compare(name: str, left: Expr, right: Expr, scope: Scope) -> bool | None:
    kind = _same_family(left, right, scope)
    a, b = evaluate(left, scope), evaluate(right, scope)
    if a is None or b is None:
        return None
    if name not in ("=", "<>") and a != b and kind not in ("number", "boolean", "uuid"):
        raise UndecidableError("the order of texts, which collations decide")
    return _COMPARE[name](a, b)


def _same_family(left: Expr, right: Expr, scope: Scope) -> str:
    kinds = [family_of(left, scope), family_of(right, scope)]
    if kinds[0] is None or kinds[0] != kinds[1]:
        raise UndecidableError(f"a comparison of {left.type} and {right.type}")
    return kinds[0]


def _distinct(op: Op, scope: Scope) -> Value:
    left, right = op.arguments
    _same_family(left, right, scope)
    same = evaluate(left, scope) == evaluate(right, scope)
    return same if op.form is Form.NOT_DISTINCT_FROM else not same


def _in(op: Op, scope: Scope) -> Value:
    tested, *items = op.arguments
    if op.form is Form.IN:
        return any_of(partial(_compare, "=", tested, item, scope) for item in items)
    return all_of(partial(_compare, "<>", tested, item, scope) for item in items)


def _any(op: Op, scope: Scope) -> Value:
    tested, array = op.arguments
    if op.name not in ("=", "<>"):
        raise UndecidableError(f"`{op.name}` over an array")
    if isinstance(array, Const) and isinstance(array.value, str):
        kind = scope.session.types.base(tested.type)
        items: list[Expr] = [Const(item, kind) for item in array_literal(array.value)]
    elif isinstance(array, Op) and array.form is Form.ARRAY:
        items = list(array.arguments)
    else:
        raise UndecidableError("an array that is not written out")
    parts = [partial(_compare, op.name, tested, item, scope) for item in items]
    return any_of(parts) if op.form is Form.ANY else all_of(parts)


def _json_member(op: Op, scope: Scope) -> Value:
    left, right = op.arguments
    if scope.session.types.base(left.type) not in ("json", "jsonb"):
        raise UndecidableError(f"the operator `{op.name}`")
    found = member(evaluate(left, scope), evaluate(right, scope))
    return json_text(found) if op.name == "->>" else found


# logic


def _and(op: Op, scope: Scope) -> Value:
    return all_of(partial(truth, part, scope) for part in op.arguments)


def _or(op: Op, scope: Scope) -> Value:
    return any_of(partial(truth, part, scope) for part in op.arguments)


def _not(op: Op, scope: Scope) -> Value:
    value = truth(op.arguments[0], scope)
    return None if value is None else not value


def _null_test(op: Op, scope: Scope) -> Value:
    if op.arguments[0].type in (None, "record"):
        raise UndecidableError("a test for NULL of a row")
    return (evaluate(op.arguments[0], scope) is None) == (op.form is Form.IS_NULL)


def _truth_test(op: Op, scope: Scope) -> Value:
    value = truth(op.arguments[0], scope)
    wanted = {"true": True, "false": False, "unknown": None}[op.name.removeprefix("not ")]
    return (value is wanted) != op.name.startswith("not ")


def _case(op: Op, scope: Scope) -> Value:
    *pairs, default = op.arguments
    for condition, result in zip(pairs[::2], pairs[1::2], strict=True):
        if truth(condition, scope):
            return _as(result, op.type, scope)
    return _as(default, op.type, scope)


def _coalesce(op: Op, scope: Scope) -> Value:
    for argument in op.arguments:
        value = _as(argument, op.type, scope)
        if value is not None:
            return value
    return None


def _nullif(op: Op, scope: Scope) -> Value:
    left, right = op.arguments
    kind = left.type if right.type == "unknown" else right.type
    left, right = (Const(a.value, kind) if isinstance(a, Const) and a.type == "unknown" else a for a in (left, right))
    same = _compare("=", left, right, scope)
    return None if same else _as(left, op.type, scope)


def _as(expr: Expr, target: str | None, scope: Scope) -> Value:
    """A branch's value as the type that all branches share."""
    if isinstance(expr, Const) and expr.type == "unknown" and isinstance(expr.value, str):
        return read(expr.value, target, scope)
    base = scope.session.types.base
    if base(expr.type) != base(target) and expr.type != "unknown":
        return convert(evaluate(expr, scope), base(expr.type), base(target), scope)
    return evaluate(expr, scope)


# casts and functions


def _cast(op: Op, scope: Scope) -> Value:
    argument = op.arguments[0]
    if op.name:
        raise UndecidableError(f"a cast to {op.type} with a modifier")
    base = scope.session.types.base
    if base(op.type) != op.type:
        raise UndecidableError(f"a cast to the domain {op.type}")
    return convert(evaluate(argument, scope), base(argument.type), op.type, scope)


def _value_function(op: Op, scope: Scope) -> Value:
    if op.name in ("current_user", "current_role", "user") and not scope.inside:
        return scope.session.role
    raise UndecidableError(f"`{op.name}`")


def _function(op: Op, scope: Scope) -> Value:
    chosen = op.signature
    if chosen is None:
        raise UndecidableError(f"the function `{op.name}`")
    if chosen.schema is None:
        if op.name == "current_setting":
            return _current_setting(op, scope)
        raise UndecidableError(f"the function `{op.name}`")
    name = QName(chosen.schema, chosen.name)
    if name.schema == scope.session.claims_schema and name.name in _CLAIMS:
        return _CLAIMS[name.name](_claim(evaluate(op.arguments[0], scope), scope))
    return _own_function(name, op, scope)


def _current_setting(op: Op, scope: Scope) -> Value:
    name, *more = (evaluate(argument, scope) for argument in op.arguments)
    if name is None or (more and more[0] is None):
        return None
    assert isinstance(name, str)
    if name.lower() == scope.session.setting.lower():
        return scope.session.claims
    if "." not in name:
        raise UndecidableError(f"the setting `{name}`")
    if more and more[0]:
        return None
    raise FailsError("42704")


def _claim(path: Value, scope: Scope) -> Value:
    text = scope.session.claims
    if path is None or not text:
        return None
    value = json.loads(text)
    if _depth(value) > MAX_DEPTH or "\\u" in text:
        return _unsure()
    steps = tuple(str(path).split(".")) if path else ()
    return json_text(at_path(Json(value, False), steps))


def _uuid_claim(value: Value) -> Value:
    return from_text(value, "uuid") if isinstance(value, str) and _UUID.fullmatch(value) else None


def _bigint_claim(value: Value) -> Value:
    if not isinstance(value, str) or not _BIGINT.fullmatch(value):
        return None
    return int(value) if -(2**63) <= int(value) < 2**63 else None


_CLAIMS: Mapping[str, Callable[[Value], Value]] = {
    "claim": lambda value: value,
    "claim_uuid": _uuid_claim,
    "claim_bigint": _bigint_claim,
}


def _unsure() -> Value:
    raise UndecidableError("claims with escapes, or nested deeply")


def _depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inside), default=0) if isinstance(value, dict | list) else 0


def _own_function(name: QName, op: Op, scope: Scope) -> Value:
    """A function of the schema files without arguments, whose body is one expression."""
    catalog = scope.session.catalog
    found = catalog.functions.get(name, ())
    if len(found) != 1 or op.arguments or found[0].body is None or found[0].arguments or found[0].returns_set:
        raise UndecidableError(f"the function `{name}`")
    if not found[0].callers & {*scope.session.groups, "public"}:
        raise UndecidableError(f"the right to call `{name}`")
    usable = catalog.schema_users.get(name.schema, frozenset())
    if scope.inside and not usable & {*scope.session.groups, "public"}:
        raise UndecidableError(f"the right to use the schema of `{name}`")
    bodies = scope.session.bodies
    if name not in bodies:
        bodies[name] = _body(found[0].body, catalog)
    query = bodies[name]
    base = scope.session.types.base
    if query is None or not query.outputs or base(query.outputs[0].type) not in (base(found[0].returns), "unknown"):
        raise UndecidableError(f"the function `{name}`")
    return _scalar(query, Scope(scope.session, {}, inside=True))


def _body(body: Any, catalog: Catalog) -> Query | None:
    node = body
    if isinstance(body, str):
        statements, failure = parse(body)
        if failure is not None or len(statements) != 1 or not isinstance(statements[0].node, ast.SelectStmt):
            return None
        node = statements[0].node
    else:
        node = parse("SELECT 1")[0][0].node
        node.targetList[0].val = body
    binding, query = bind_statement(node, catalog)
    return None if binding.findings or binding.unsupported else query


_FORMS: Mapping[Form, Callable[[Op, Scope], Value]] = {
    Form.OPERATOR: _operator, Form.AND: _and, Form.OR: _or, Form.NOT: _not, Form.IS_NULL: _null_test,
    Form.IS_NOT_NULL: _null_test, Form.IS_TRUTH: _truth_test, Form.DISTINCT_FROM: _distinct,
    Form.NOT_DISTINCT_FROM: _distinct, Form.IN: _in, Form.NOT_IN: _in, Form.ANY: _any, Form.ALL: _any,
    Form.CASE: _case, Form.COALESCE: _coalesce, Form.NULLIF: _nullif, Form.CAST: _cast, Form.FUNCTION: _function,
    Form.STATEMENT_TIME: _value_function,
}  # fmt: skip
