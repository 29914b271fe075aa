"""What a condition tells of the rows for which it is true."""

from __future__ import annotations

from collections.abc import Iterable

from pgspec.keys.algebra import BINARY, Const, Expr, Form, Op, Ref, Subquery, SubqueryForm
from pgspec.keys.equality import determines
from pgspec.keys.facts import Facts, Mask, mask_of, members
from pgspec.keys.plans import Scan
from pgspec.keys.typesystem import INTEGERS, TEXTS
from pgspec.keys.values import Environment, Prover, number

_STRICT_COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})
_TRUE, _FALSE = Const(True, "boolean"), Const(False, "boolean")


def assume(prover: Prover, conditions: Iterable[Expr], facts: Facts, env: Environment) -> None:
    """Add what follows from all conditions being true."""
    conditions = tuple(conditions)
    for condition in conditions:
        _assume_one(prover, condition, facts, env)
    facts.conditions |= {spelling(c) for c in conditions if isinstance(c, Op | Ref)}


def _assume_one(prover: Prover, condition: Expr, facts: Facts, env: Environment) -> None:
    if isinstance(condition, Op):
        handler = _HANDLERS.get(condition.form)
        if handler is not None:
            handler(prover, condition, facts, env)
        else:
            facts.require(required(prover, condition, facts, env))
    elif type(condition) is Ref:
        _is_constant(condition.attribute, _TRUE, facts)
    elif isinstance(condition, Subquery):
        value = number(prover, condition, facts, env)
        facts.require(1 << value)
        if condition.form is SubqueryForm.ANY and condition.operator in _STRICT_COMPARISONS:
            facts.require(mask_of(number(prover, t, facts, env) for t in condition.test))


def _is_constant(attribute: int, value: Const, facts: Facts) -> None:
    facts.add(0, 1 << attribute)
    facts.require(1 << attribute)
    facts.constants.setdefault(attribute, value)


def _and(prover: Prover, op: Op, facts: Facts, env: Environment) -> None:
    assume(prover, op.arguments, facts, env)


def _or(prover: Prover, op: Op, facts: Facts, env: Environment) -> None:
    """Only what follows from each alternative: attributes that none of them lets be NULL."""
    common: Mask | None = None
    for alternative in op.arguments:
        trial = facts.copy()
        _assume_one(prover, alternative, trial, env)
        facts.own |= trial.own
        common = trial.not_null if common is None else common & trial.not_null
    if common:
        facts.require(common & ~facts.not_null)


def _not(prover: Prover, op: Op, facts: Facts, env: Environment) -> None:
    inner = op.arguments[0]
    if type(inner) is Ref:
        _is_constant(inner.attribute, _FALSE, facts)
    else:
        facts.require(required(prover, inner, facts, env))


def _equals(prover: Prover, op: Op, facts: Facts, env: Environment) -> None:
    if op.name != "=" or len(op.arguments) != BINARY or op.signature is None:
        _bounded(prover, op, facts, env)
        facts.require(required(prover, op, facts, env))
        return
    left, right = op.arguments
    facts.require(required(prover, op, facts, env))
    if isinstance(left, Op) and left.form is Form.ROW:
        return
    _equate(prover, left, right, facts, env, nulls=False)


def _same(prover: Prover, op: Op, facts: Facts, env: Environment) -> None:
    """IS NOT DISTINCT FROM: equal, or both NULL."""
    left, right = op.arguments
    _equate(prover, left, right, facts, env, nulls=True)


def _equate(prover: Prover, left: Expr, right: Expr, facts: Facts, env: Environment, *, nulls: bool) -> None:
    if _collated(left) or _collated(right):
        return
    a, b = number(prover, left, facts, env), number(prover, right, facts, env)
    left_type, right_type = prover.type_of(a), prover.type_of(b)
    forth = determines(left_type, right_type, prover.types)
    back = determines(right_type, left_type, prover.types)
    if forth:
        facts.add(1 << a, 1 << b)
    if back:
        facts.add(1 << b, 1 << a)
    if nulls:
        return
    facts.require(1 << a | 1 << b)
    alike = left_type == right_type or {left_type, right_type} <= TEXTS or {left_type, right_type} <= set(INTEGERS)
    if forth and back and alike:
        for known, other in ((a, b), (b, a)):
            if known in facts.constants:
                value = Const(facts.constants[known].value, prover.type_of(other))
                facts.constants.setdefault(other, value)


def _collated(expr: Expr) -> bool:
    """An explicit collation may call other values equal than the column's own does."""
    return isinstance(expr, Op) and (expr.form is Form.COLLATE or any(map(_collated, expr.arguments)))


def _bounded(prover: Prover, op: Op, facts: Facts, env: Environment) -> None:
    """row_number() <= 1 and < 2 mean = 1."""
    if len(op.arguments) != BINARY or type(op.arguments[1]) is not Const:
        return
    value = number(prover, op.arguments[0], facts, env)
    call = prover.windows.get(value)
    bound = (op.name, op.arguments[1].value)
    if call is not None and call.name in ("row_number", "rank", "dense_rank") and bound in (("<=", 1), ("<", 2)):
        facts.add(0, 1 << value)


def _is_null(prover: Prover, op: Op, facts: Facts, env: Environment) -> None:
    operand = op.arguments[0]
    if _is_row(prover, operand):
        return
    value = number(prover, operand, facts, env)
    facts.add(0, 1 << value)
    facts.null |= 1 << value


def _is_not_null(prover: Prover, op: Op, facts: Facts, env: Environment) -> None:
    operand = op.arguments[0]
    if isinstance(operand, Op) and operand.form is Form.ROW:
        facts.require(mask_of(number(prover, a, facts, env) for a in operand.arguments))
        return
    value = number(prover, operand, facts, env)
    facts.require(1 << value | required(prover, operand, facts, env))


def _is_row(prover: Prover, expr: Expr) -> bool:
    """IS NULL of a row asks for its fields."""
    composite = expr.type is None or expr.type == "record" or prover.types.attributes(expr.type) is not None
    return composite or (isinstance(expr, Op) and expr.form is Form.ROW)


def _is_truth(prover: Prover, op: Op, facts: Facts, env: Environment) -> None:
    if op.name == "true":
        _assume_one(prover, op.arguments[0], facts, env)
    elif op.name in ("false", "not unknown"):
        value = number(prover, op.arguments[0], facts, env)
        facts.require(1 << value | required(prover, op.arguments[0], facts, env))
        if op.name == "false":
            facts.add(0, 1 << value)


def _any(prover: Prover, op: Op, facts: Facts, env: Environment) -> None:
    """``x = ANY (array)``: true for one element, so ``x`` is not NULL."""
    if op.name:
        facts.require(_through(prover, op.arguments[:1], facts, env))


def _not_in(prover: Prover, op: Op, facts: Facts, env: Environment) -> None:
    """``x NOT IN (a, b)`` is true only when it was compared with each."""
    facts.require(_through(prover, op.arguments, facts, env))


_HANDLERS = {
    Form.AND: _and, Form.OR: _or, Form.NOT: _not, Form.OPERATOR: _equals, Form.NOT_DISTINCT_FROM: _same,
    Form.IS_NULL: _is_null, Form.IS_NOT_NULL: _is_not_null, Form.IS_TRUTH: _is_truth, Form.ANY: _any,
    Form.NOT_IN: _not_in,
}  # fmt: skip


def required(prover: Prover, expr: Expr, facts: Facts, env: Environment) -> Mask:
    """The attributes that are NOT NULL wherever the expression is not: through strict operations down to columns."""
    if type(expr) is Ref:
        return 1 << expr.attribute
    if not isinstance(expr, Op):
        return 0
    if expr.form in (Form.OPERATOR, Form.FUNCTION):
        if expr.signature is None or not expr.signature.strict:
            return 0
        inside = expr.arguments
    elif expr.form in (Form.NOT, Form.CAST, Form.COLLATE):
        if expr.form is Form.CAST and not _strict_cast(prover, expr):
            return 0
        inside = expr.arguments
    elif expr.form in (Form.IN, Form.NOT_IN):  # one element may decide, whatever the others are
        inside = expr.arguments[:1]
    else:  # of ANY, the array may be empty
        return 0
    return _through(prover, inside, facts, env)


def _through(prover: Prover, inside: tuple[Expr, ...], facts: Facts, env: Environment) -> Mask:
    """What is NOT NULL where all of these are."""
    mask = mask_of(number(prover, a, facts, env) for a in inside if type(a) is Op and a.form is not Form.ROW)
    for argument in inside:
        mask |= required(prover, argument, facts, env)
    return mask


def _strict_cast(prover: Prover, op: Op) -> bool:
    """Casts between built-in types, and those of enums, return NULL for NULL."""
    kinds = (prover.types.base(op.arguments[0].type), prover.types.base(op.type))
    return all(k is not None and (prover.types.comparable(k) or k in ("json", "jsonb", "xml")) for k in kinds)


# partial and expression indexes


def spelling(expr: Expr) -> Expr:
    """A condition in one of the spellings that PostgreSQL treats alike: ``b = true``, ``b IS TRUE`` and ``b``;
    ``x::text = 'a'::text`` and ``x = 'a'``; ``x = ANY (ARRAY[1, 2])`` and ``x IN (1, 2)``."""
    if not isinstance(expr, Op):
        return expr
    if expr.form is Form.IS_TRUTH and expr.name in ("true", "not false"):
        return spelling(expr.arguments[0]) if expr.name == "true" else expr
    if expr.form is Form.NOT:
        return Op(Form.NOT, "", (spelling(expr.arguments[0]),), "boolean")
    arguments = tuple(_plain(a) for a in expr.arguments)
    if expr.form is Form.OPERATOR and expr.name == "=" and len(arguments) == BINARY:
        left, right = arguments
        if type(right) is Const and right.type == "boolean" and right.value is not None:
            return left if right.value is True else Op(Form.NOT, "", (left,), "boolean")
    if expr.form is Form.ANY and expr.name == "=":
        array = arguments[1]
        if isinstance(array, Op) and array.form is Form.ARRAY:
            return _in_order(arguments[0], tuple(_plain(e) for e in array.arguments))
    if expr.form is Form.IN:
        return _in_order(arguments[0], arguments[1:])
    return Op(expr.form, expr.name, arguments, expr.type)


def _in_order(operand: Expr, items: tuple[Expr, ...]) -> Expr:
    return Op(Form.IN, "", (operand, *sorted(items, key=repr)), "boolean")


def _plain(expr: Expr) -> Expr:
    """Without casts between text and varchar, which change nothing that a comparison sees."""
    while isinstance(expr, Op) and expr.form is Form.CAST and not expr.name:
        inner = expr.arguments[0]
        text = {expr.type, inner.type} <= {"text", "character varying"}
        array = {expr.type, inner.type} <= {"text[]", "character varying[]"}
        if not (text or array):
            break
        expr = inner
    if type(expr) is Const and expr.type in ("text", "character varying"):
        return Const(expr.value, "text")
    if isinstance(expr, Op) and expr.form is Form.ARRAY:
        return Op(Form.ARRAY, "", tuple(_plain(a) for a in expr.arguments), None)
    return expr


def use_partial_keys(prover: Prover, facts: Facts, env: Environment) -> None:
    """Keys of partial unique indexes hold once every conjunct of the predicate is among the conditions, or follows
    from NOT NULL."""
    for row_id in members(facts.rows):
        source = prover.sources.get(row_id)
        scan = source.plan if source and not source.numbers else None
        if not isinstance(scan, Scan) or not scan.keys or (scan.relation.has_children and not scan.only):
            continue
        for entry in scan.keys:
            if entry.key.where is None or entry.key.deferrable:
                continue
            if all(_holds(condition, facts) for condition in entry.where):
                columns = mask_of(number(prover, c, facts, env) for c in entry.columns)
                strict = entry.key.nulls_not_distinct and facts.not_null >> row_id & 1
                facts.add(columns, 1 << row_id, lax=not strict)


def _holds(condition: Expr, facts: Facts) -> bool:
    if spelling(condition) in facts.conditions:
        return True
    if isinstance(condition, Op) and condition.form is Form.IS_NOT_NULL and type(condition.arguments[0]) is Ref:
        return bool(facts.not_null >> condition.arguments[0].attribute & 1)
    if isinstance(condition, Op) and condition.form is Form.IS_NULL and type(condition.arguments[0]) is Ref:
        return bool(facts.null >> condition.arguments[0].attribute & 1)
    return False
