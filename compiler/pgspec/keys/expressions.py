"""Binding of expressions: PostgreSQL's tree in, `algebra` out, with types, as parse_expr.c does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from pgspec.keys import calls
from pgspec.keys.algebra import (
    PARAMETER,
    Const,
    Expr,
    Form,
    Grouping,
    Op,
    Subquery,
    SubqueryForm,
    Written,
    is_volatile,
)
from pgspec.keys.context import Binding
from pgspec.keys.nodes import is_a, place
from pgspec.keys.operators import (
    as_type,
    cast,
    is_builtin,
    modifier_of,
    number_type,
    operator,
    start_of,
    subquery_type,
)
from pgspec.keys.remarks import note_value_function
from pgspec.keys.scope import Scope, resolve, unknown
from pgspec.keys.typesystem import UNKNOWN
from pgspec.pgsql import ast, enums

_Kind = enums.A_Expr_Kind
_SUBQUERY = {
    enums.SubLinkType.EXISTS_SUBLINK: SubqueryForm.EXISTS,
    enums.SubLinkType.ANY_SUBLINK: SubqueryForm.ANY,
    enums.SubLinkType.ALL_SUBLINK: SubqueryForm.ALL,
    enums.SubLinkType.EXPR_SUBLINK: SubqueryForm.SCALAR,
    enums.SubLinkType.ARRAY_SUBLINK: SubqueryForm.ARRAY,
}
_TRUTH = ("true", "not true", "false", "not false", "unknown", "not unknown")
_VALUE_TYPES = {
    "current_date": "date", "current_time": "time with time zone", "current_timestamp": "timestamp with time zone",
    "localtime": "time without time zone", "localtimestamp": "timestamp without time zone",
}  # fmt: skip


def bind_all(binding: Binding, nodes: Sequence[Any] | None, scope: Scope) -> tuple[Expr, ...]:
    """Bind a list of expressions."""
    return tuple(bind(binding, node, scope) for node in nodes or ())


def bind(binding: Binding, node: Any, scope: Scope) -> Expr:
    """Bind one expression."""
    handler = _HANDLERS.get(type(node))
    return handler(binding, node, scope) if handler else _other(binding, node, scope)


def conjuncts(binding: Binding, node: Any, scope: Scope) -> tuple[Expr, ...]:
    """Bind a condition as the list of conditions that AND connects."""
    if node is None:
        return ()
    if is_a(node, ast.BoolExpr) and node.boolop == enums.BoolExprType.AND_EXPR:
        return tuple(part for arg in node.args for part in conjuncts(binding, arg, scope))
    return (bind(binding, node, scope),)


# leaves


def _column(binding: Binding, node: Any, scope: Scope) -> Expr:
    last = node.fields[-1]
    if is_a(last, ast.A_Star):
        binding.find("SQL005", node.location, "`*` is not allowed here")
        return unknown(node.location)
    parts = tuple(field.sval for field in node.fields)
    return resolve(scope, parts, node.location, binding)


def _constant(binding: Binding, node: Any, scope: Scope) -> Expr:
    if node.isnull:
        return Const(None, UNKNOWN)
    value = node.val
    if is_a(value, ast.Integer):
        return Const(value.ival or 0, "integer")
    if is_a(value, ast.Boolean):
        return Const(bool(value.boolval), "boolean")
    if is_a(value, ast.Float):
        return Const(value.fval, number_type(value.fval))
    if is_a(value, ast.BitString):
        return Const(value.bsval, "bit")
    return Const(value.sval, UNKNOWN)


def _parameter(binding: Binding, node: Any, scope: Scope) -> Expr:
    return Op(Form.OTHER, f"{PARAMETER}{node.number}", (), UNKNOWN, start=node.location)


def _value_function(binding: Binding, node: Any, scope: Scope) -> Expr:
    name = enums.SQLValueFunctionOp(node.op).name[6:].lower().removesuffix("_n")
    note_value_function(binding, name, node.location)
    precision = str(node.typmod) if node.typmod not in (None, -1) else ""
    return Op(Form.STATEMENT_TIME, name + precision, (), _VALUE_TYPES.get(name, "name"), start=node.location)


# operators


def _operator_expression(binding: Binding, node: Any, scope: Scope) -> Expr:
    handler = _OPERATORS.get(node.kind)
    if handler:
        return handler(binding, node, scope)
    left = bind(binding, node.lexpr, scope) if node.lexpr is not None else None
    right = bind(binding, node.rexpr, scope)
    return operator(binding, node, node.name, left, right)


def _in(binding: Binding, node: Any, scope: Scope) -> Expr:
    operand = bind(binding, node.lexpr, scope)
    items = bind_all(binding, node.rexpr, scope)
    form = Form.IN if node.name[-1].sval == "=" else Form.NOT_IN
    if form is Form.IN and len(items) == 1:
        return operator(binding, node, node.name, operand, items[0])
    items = tuple(Const(i.value, operand.type, i.start) if type(i) is Const and i.type == UNKNOWN else i for i in items)
    arguments = (operand, *items)
    return Op(form, "", arguments, "boolean", start=start_of(node, arguments))


def _between(binding: Binding, node: Any, scope: Scope) -> Expr:
    operand = bind(binding, node.lexpr, scope)
    low, high = bind_all(binding, node.rexpr, scope)
    negated = node.kind in (_Kind.AEXPR_NOT_BETWEEN, _Kind.AEXPR_NOT_BETWEEN_SYM)
    symmetric = node.kind in (_Kind.AEXPR_BETWEEN_SYM, _Kind.AEXPR_NOT_BETWEEN_SYM)
    start = start_of(node, (operand,))
    if symmetric:
        return Op(Form.OTHER, f"between symmetric {negated}", (operand, low, high), "boolean", start=start)

    def compare(symbol: str, bound: Expr) -> Expr:
        return operator(binding, node, (ast.String(sval=symbol),), operand, bound)

    if negated:
        return Op(Form.OR, "", (compare("<", low), compare(">", high)), "boolean", start=start)
    return Op(Form.AND, "", (compare(">=", low), compare("<=", high)), "boolean", start=start)


def _distinct(binding: Binding, node: Any, scope: Scope) -> Expr:
    form = Form.DISTINCT_FROM if node.kind == _Kind.AEXPR_DISTINCT else Form.NOT_DISTINCT_FROM
    left, right = bind(binding, node.lexpr, scope), bind(binding, node.rexpr, scope)
    if type(right) is Const and right.value is None:
        null_form = Form.IS_NOT_NULL if form is Form.DISTINCT_FROM else Form.IS_NULL
        return Op(null_form, "", (left,), "boolean", start=start_of(node, (left,)))
    if type(right) is Const and right.type == UNKNOWN:
        right = Const(right.value, left.type, right.start)
    return Op(form, "", (left, right), "boolean", start=start_of(node, (left, right)))


def _nullif(binding: Binding, node: Any, scope: Scope) -> Expr:
    arguments = (bind(binding, node.lexpr, scope), bind(binding, node.rexpr, scope))
    chosen = binding.types.operator("=", tuple(a.type for a in arguments))
    result = chosen.arguments[0] if chosen and chosen.arguments else None
    own = binding.types.base(arguments[0].type)
    if own not in (None, UNKNOWN) and (result is None or "any" in result or own == "character varying"):
        result = own
    return Op(Form.NULLIF, "", arguments, result, start=start_of(node, arguments))


def _any_or_all(binding: Binding, node: Any, scope: Scope) -> Expr:
    operand, array = bind(binding, node.lexpr, scope), bind(binding, node.rexpr, scope)
    form = Form.ANY if node.kind == _Kind.AEXPR_OP_ANY else Form.ALL
    name = node.name[-1].sval if is_builtin(node.name) else ""
    return Op(form, name, (operand, array), "boolean", start=start_of(node, (operand,)))


_OPERATORS: dict[Any, Callable[[Binding, Any, Scope], Expr]] = {
    _Kind.AEXPR_IN: _in, _Kind.AEXPR_BETWEEN: _between, _Kind.AEXPR_NOT_BETWEEN: _between,
    _Kind.AEXPR_BETWEEN_SYM: _between, _Kind.AEXPR_NOT_BETWEEN_SYM: _between, _Kind.AEXPR_DISTINCT: _distinct,
    _Kind.AEXPR_NOT_DISTINCT: _distinct, _Kind.AEXPR_NULLIF: _nullif, _Kind.AEXPR_OP_ANY: _any_or_all,
    _Kind.AEXPR_OP_ALL: _any_or_all,
}  # fmt: skip


# boolean forms


def _boolean(binding: Binding, node: Any, scope: Scope) -> Expr:
    arguments = bind_all(binding, node.args, scope)
    form = {enums.BoolExprType.AND_EXPR: Form.AND, enums.BoolExprType.OR_EXPR: Form.OR}.get(node.boolop, Form.NOT)
    return Op(form, "", arguments, "boolean", start=start_of(node, arguments))


def _null_test(binding: Binding, node: Any, scope: Scope) -> Expr:
    argument = bind(binding, node.arg, scope)
    form = Form.IS_NULL if node.nulltesttype == enums.NullTestType.IS_NULL else Form.IS_NOT_NULL
    return Op(form, "", (argument,), "boolean", start=start_of(node, (argument,)))


def _truth_test(binding: Binding, node: Any, scope: Scope) -> Expr:
    argument = bind(binding, node.arg, scope)
    return Op(Form.IS_TRUTH, _TRUTH[node.booltesttype], (argument,), "boolean", start=start_of(node, (argument,)))


# casts and conditionals


def _cast(binding: Binding, node: Any, scope: Scope) -> Expr:
    target, unqualified = binding.types.named(node.typeName)
    if unqualified is not None:
        binding.qualify(node.typeName.location, unqualified)
    argument = bind(binding, node.arg, scope)
    modifier = modifier_of(node.typeName)
    start = start_of(node, (argument,))
    return cast(binding, argument, target, modifier, start if start >= 0 else place(node.typeName))


def _case(binding: Binding, node: Any, scope: Scope) -> Expr:
    operand = bind(binding, node.arg, scope) if node.arg is not None else None
    parts: list[Expr] = []
    for when in node.args:
        condition = bind(binding, when.expr, scope)
        if operand is not None:
            condition = operator(binding, when, (ast.String(sval="="),), operand, condition)
        parts += [condition, bind(binding, when.result, scope)]
    default = bind(binding, node.defresult, scope) if node.defresult is not None else Const(None, UNKNOWN)
    parts.append(default)
    result = binding.types.common([default.type, *(p.type for p in parts[1:-1:2])])
    return Op(Form.CASE, "", tuple(parts), result, start=node.location)


def _coalesce(binding: Binding, node: Any, scope: Scope) -> Expr:
    arguments = bind_all(binding, node.args, scope)
    result = binding.types.common([a.type for a in arguments])
    arguments = as_type(arguments, result)
    return Op(Form.COALESCE, "", arguments, result, start=node.location)


def _extremum(binding: Binding, node: Any, scope: Scope) -> Expr:
    arguments = bind_all(binding, node.args, scope)
    result = binding.types.common([a.type for a in arguments])
    name = "greatest" if node.op == enums.MinMaxOp.IS_GREATEST else "least"
    return Op(Form.EXTREMUM, name, as_type(arguments, result), result, start=node.location)


# rows, arrays, parts


def _row(binding: Binding, node: Any, scope: Scope) -> Expr:
    arguments: list[Expr] = []
    for item in node.args or ():
        if is_a(item, ast.ColumnRef) and is_a(item.fields[-1], ast.A_Star):
            arguments.append(resolve(scope, tuple(f.sval for f in item.fields[:-1]), item.location, binding))
        else:
            arguments.append(bind(binding, item, scope))
    return Op(Form.ROW, "", tuple(arguments), "record", start=node.location)


def _array(binding: Binding, node: Any, scope: Scope) -> Expr:
    elements = bind_all(binding, node.elements, scope)
    common = binding.types.common([e.type for e in elements]) if elements else None
    if common is not None and common.endswith("[]"):
        result: str | None = common
    else:
        result = common + "[]" if common else None
    return Op(Form.ARRAY, "", as_type(elements, common), result, start=node.location)


def _parts(binding: Binding, node: Any, scope: Scope) -> Expr:
    value = bind(binding, node.arg, scope)
    for subscripts, parts in groupby(node.indirection, lambda part: is_a(part, ast.A_Indices)):
        chosen = list(parts)
        value = _element(binding, value, chosen, scope) if subscripts else _fields(binding, value, chosen)
    return value


def _fields(binding: Binding, value: Expr, parts: list[Any]) -> Expr:
    for part in parts:
        if is_a(part, ast.String):
            fields = dict(binding.types.attributes(binding.types.base(value.type)) or ())
            value = Op(Form.FIELD, part.sval, (value,), fields.get(part.sval), start=value.start)
        else:
            binding.cannot(value.start, "expansion of a composite value with `.*`")
            return unknown(value.start)
    return value


def _element(binding: Binding, value: Expr, parts: list[Any], scope: Scope) -> Expr:
    bounds = tuple(bind(binding, b, scope) for part in parts for b in (part.lidx, part.uidx) if b is not None)
    base = binding.types.base(value.type)
    sliced = any(part.is_slice for part in parts)
    if sliced:
        result = base
    elif base is not None and base.endswith("[]"):
        result = base[:-2]
    else:
        result = "jsonb" if base == "jsonb" else None
    name = "slice" if sliced else f"{len(parts)}"
    return Op(Form.ELEMENT, name, (value, *bounds), result, start=value.start)


def _collate(binding: Binding, node: Any, scope: Scope) -> Expr:
    argument = bind(binding, node.arg, scope)
    name = ".".join(part.sval for part in node.collname)
    return Op(Form.COLLATE, name, (argument,), argument.type, start=argument.start)


def _grouping(binding: Binding, node: Any, scope: Scope) -> Expr:
    return Grouping(bind_all(binding, node.args, scope), start=node.location)


# sub-queries


def _sublink(binding: Binding, node: Any, scope: Scope) -> Expr:
    form = _SUBQUERY.get(node.subLinkType)
    if form is None or not is_a(node.subselect, ast.SelectStmt):
        binding.cannot(node.location, "this kind of sub-query")
        return unknown(node.location)
    test = bind(binding, node.testexpr, scope) if node.testexpr is not None else None
    tests = () if test is None else test.arguments if isinstance(test, Op) and test.form is Form.ROW else (test,)
    inner = scope.child()
    query = binding.bind_query(binding, node.subselect, inner)
    wanted = 1 if form in (SubqueryForm.SCALAR, SubqueryForm.ARRAY) else len(tests) if tests else None
    if wanted is not None and len(query.outputs) > wanted:
        binding.find(
            "SQL005", node.location, f"this sub-query returns {len(query.outputs)} columns instead of {wanted}"
        )
    symbol = node.operName[-1].sval if node.operName else "="
    result = subquery_type(form, query.outputs[0].type if query.outputs else None)
    start = start_of(node, tests)
    written = Written(node.subselect, scope)
    return Subquery(form, written, query, tests, symbol, frozenset(inner.outer), result, query.volatile, start)


# anything else


def _named_argument(binding: Binding, node: Any, scope: Scope) -> Expr:
    return bind(binding, node.arg, scope)


def _other(binding: Binding, node: Any, scope: Scope) -> Expr:
    """A form that we do not model: a value that depends on whatever is inside it."""
    inside = tuple(bind(binding, child, scope) for child in _expressions_in(node))
    name = type(node).__name__
    volatile = not name.startswith(("Json", "Xml")) or any(map(is_volatile, inside))
    result = {"JsonIsPredicate": "boolean", "XmlExpr": "xml"}.get(name)
    return Op(Form.OTHER, f"{name} {id(node)}", inside, result, volatile=volatile, start=start_of(node, inside))


def _expressions_in(node: Any) -> list[Any]:
    found: list[Any] = []
    for slot in node.__slots__:
        value = getattr(node, slot, None)
        for child in value if isinstance(value, tuple) else (value,):
            if type(child) in _HANDLERS:
                found.append(child)
            elif is_a(child, ast.Node) and not is_a(child, ast.TypeName, ast.SelectStmt):
                found += _expressions_in(child)
    return found


_HANDLERS: dict[Any, Callable[[Binding, Any, Scope], Expr]] = {
    ast.ColumnRef: _column, ast.A_Const: _constant, ast.ParamRef: _parameter, ast.SQLValueFunction: _value_function,
    ast.A_Expr: _operator_expression, ast.BoolExpr: _boolean, ast.NullTest: _null_test, ast.BooleanTest: _truth_test,
    ast.TypeCast: _cast, ast.CaseExpr: _case, ast.CoalesceExpr: _coalesce, ast.MinMaxExpr: _extremum,
    ast.RowExpr: _row, ast.A_ArrayExpr: _array, ast.A_Indirection: _parts, ast.CollateClause: _collate,
    ast.GroupingFunc: _grouping, ast.SubLink: _sublink, ast.NamedArgExpr: _named_argument,
}  # fmt: skip


def bind_call(binding: Binding, node: Any, scope: Scope) -> Expr:
    """A function call with its arguments."""
    return calls.bind_call(binding, node, scope, bind)


_HANDLERS[ast.FuncCall] = bind_call
