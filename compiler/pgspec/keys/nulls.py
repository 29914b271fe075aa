"""Why a column can be NULL, in the user's terms: which outer join, which nullable column, which function."""

from __future__ import annotations

from pgspec.keys.algebra import Aggregate, Const, Expr, Form, Op, Ref, Subquery, WindowCall
from pgspec.keys.analysis import Proof
from pgspec.keys.plans import FunctionScan, Group, Join, JoinForm, Output, Scan
from pgspec.keys.reasons import Reason
from pgspec.keys.values import Cause, Prover
from pgspec.sql import ident, qname

_INFINITE = frozenset({"extract", "date_part", "to_char"})


def why_nullable(proof: Proof, output: Output) -> Reason:
    """Why an output column can be NULL, and what would keep it from being so."""
    assert proof.prover is not None
    here = (max(0, output.start), max(1, output.end))
    column = f"`{output.name}`"
    message, help_text, place = _because(proof.prover, output.attribute)
    if place is None or place[0] < 0:
        place = here
    elif place[1] <= place[0]:
        place = (place[0], proof.binding.places.name_end(place[0]))
    return Reason(f"{column} can be NULL: {message}", help_text.format(column=ident(output.name)), *place)


_Found = tuple[str, str, tuple[int, int] | None]
_FILTER = "WHERE {column} IS NOT NULL, or coalesce(...) AS {column}"


def _because(prover: Prover, attribute: int) -> _Found:
    cause = prover.causes.get(attribute)
    if cause is None:
        return "nothing shows that it is not", _FILTER, None
    if cause.view is not None and cause.home is not None:
        plan = cause.view
        return f"in `{plan.alias}` {_because(cause.home, cause.attribute)[0]}", _FILTER, (plan.start, -1)
    if isinstance(cause.plan, Join):
        return _outer_join(cause.plan)
    if isinstance(cause.plan, Scan):
        return _stored(prover, attribute, cause.plan)
    if isinstance(cause.plan, Group) and cause.expr is None:
        return _subtotal(cause.plan)
    if isinstance(cause.plan, FunctionScan):
        return f"`{cause.plan.alias}` may return NULL", _FILTER, None
    if cause.expr is not None:
        return _expression(prover, cause.expr, cause)
    return "one of the combined queries may return NULL", _FILTER, None


def _outer_join(plan: Join) -> _Found:
    place = (plan.start, plan.end) if plan.start >= 0 else None
    if plan.form is JoinForm.FULL:
        help_text = "select coalesce() of both sides AS {column}, or the column of USING"
        return "a FULL JOIN keeps rows that only one side has", help_text, place
    word = f"{plan.form.name} JOIN"
    text = f"the {word} keeps rows without a match in `{plan.name}`"
    return text, "write JOIN, or add WHERE {column} IS NOT NULL, or coalesce(...) AS {column}", place


def _stored(prover: Prover, attribute: int, plan: Scan) -> _Found:
    stored = prover.stored.get(attribute)
    column = stored[2] if stored is not None else prover.attributes[attribute].name
    table = qname(plan.relation.name)
    text = f"`{table}.{ident(column)}` is nullable"
    change = f"ALTER TABLE {table} ALTER COLUMN {ident(column)} SET NOT NULL"
    if plan.relation.kind != "table":
        return text, _FILTER, None
    return text, f"{_FILTER}, or {change}", None


def _subtotal(plan: Group) -> _Found:
    text = "it is NULL in the subtotal rows of GROUPING SETS, ROLLUP or CUBE"
    return text, "coalesce(...) AS {column}, with grouping(...) in the key", (plan.start, plan.end)


def _expression(prover: Prover, expr: Expr, cause: Cause) -> _Found:
    if isinstance(expr, Aggregate):
        return _aggregate(prover, expr, cause)
    if isinstance(expr, WindowCall):
        return f"{expr.name}() returns NULL where its window has no value", _FILTER, None
    if isinstance(expr, Subquery):
        return "the sub-query returns NULL when it finds no row", "coalesce((SELECT ...), 0) AS {column}", None
    if isinstance(expr, Const):
        return "it is the constant NULL", _FILTER, None
    if not isinstance(expr, Op):
        return "nothing shows that it is not", _FILTER, None
    if expr.form is Form.CASE and type(expr.arguments[-1]) is Const and expr.arguments[-1].value is None:
        return "CASE has no ELSE", "CASE ... ELSE ... END AS {column}", None
    if expr.form is Form.NULLIF:
        return "nullif() returns NULL", _FILTER, None
    nullable = _first_nullable(expr, cause)
    if nullable is not None:
        return _because(prover, nullable)
    name = expr.signature.name if expr.signature else expr.name or expr.form.name.lower()
    if name in _INFINITE:
        help_text = "date_trunc(...) AS {column}, which is not NULL, or WHERE isfinite(...)"
        return f"{name}() returns NULL for 'infinity'", help_text, None
    if expr.form is Form.OTHER and not expr.signature:
        name = "this expression"
    return f"{name} can return NULL", _FILTER, None


def _first_nullable(expr: Op, cause: Cause) -> int | None:
    """The first column inside that was nullable when the expression was met."""
    for argument in expr.arguments:
        if type(argument) is Ref and not cause.not_null >> argument.attribute & 1:
            return argument.attribute
        if isinstance(argument, Op):
            found = _first_nullable(argument, cause)
            if found is not None:
                return found
    return None


def _aggregate(prover: Prover, expr: Aggregate, cause: Cause) -> _Found:
    coalesce = f"coalesce({expr.name}(...), ...) AS {{column}}"
    if expr.condition is not None:
        return f"{expr.name}() FILTER is NULL when no row of the group qualifies", coalesce, None
    if isinstance(cause.plan, Group) and not cause.plan.keys:
        return f"{expr.name}() is NULL when there are no rows", coalesce, None
    for argument in (*expr.arguments, *expr.order):
        if type(argument) is Ref and not cause.not_null >> argument.attribute & 1:
            text, _, place = _because(prover, argument.attribute)
            return f"{expr.name}() is NULL when all its values are, and {text}", coalesce, place
    return f"{expr.name}() can return NULL", coalesce, None
