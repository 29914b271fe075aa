"""What holds for the rows of functions in FROM and of set-returning functions in a SELECT list."""

from __future__ import annotations

import re

from pgspec.keys.algebra import Const, Expr, Form, Op
from pgspec.keys.equality import literal_value
from pgspec.keys.facts import Facts, mask_of
from pgspec.keys.plans import Expand, FunctionItem, FunctionScan
from pgspec.keys.typesystem import Types
from pgspec.keys.values import Cause, Environment, Prover, number

_STEP = re.compile(r"\+?(\d+)?\s*(day|week|mon|month|year)s?")
_WITH_STEP = 3
_DISTINCT_VALUES = frozenset(
    {"generate_series", "generate_subscripts", "jsonb_each", "jsonb_each_text", "jsonb_object_keys"}
)
"""Functions whose first column has no NULL and no value twice.  generate_series either moves on or never ends."""


def derive_function_scan(prover: Prover, plan: FunctionScan, env: Environment) -> Facts:
    """The rows of functions side by side; shorter ones are padded with NULLs."""
    facts = Facts()
    many = any(item.returns_set for item in plan.items)
    if many:
        prover.row_id(facts, f"row of {plan.alias}", plan)
    attributes = mask_of(a for item in plan.items for a in item.attributes)
    facts.own |= attributes
    facts.add(facts.rows | env.context, attributes)
    facts.exactly_one = not many
    for item in plan.items:
        for argument in item.call.arguments if isinstance(item.call, Op) else ():
            number(prover, argument, facts, env)
        for attribute in item.attributes:
            prover.causes[attribute] = Cause(plan=plan)
        if len(plan.items) == 1:
            _single(prover, item, facts, env)
    if plan.ordinality is not None:
        facts.own |= 1 << plan.ordinality
        facts.not_null |= 1 << plan.ordinality
        facts.add(facts.rows | env.context, 1 << plan.ordinality)
        facts.add(1 << plan.ordinality | env.context, facts.rows)
    return facts


def _single(prover: Prover, item: FunctionItem, facts: Facts, env: Environment) -> None:
    if not item.attributes or not isinstance(item.call, Op):
        return
    first = item.attributes[0]
    if item.returns_set and distinct_values(item.call, prover.types):
        facts.add(1 << first | env.context, facts.rows)
        facts.not_null |= 1 << first
        step = series_step(item.call)
        if step is not None:
            prover.series[first] = step


def distinct_values(call: Op, types: Types) -> bool:
    """Whether the function returns no value of its first column twice, and no NULL."""
    signature = call.signature
    if signature is None or signature.schema is not None:
        return False
    if signature.name in _DISTINCT_VALUES:
        return True
    return signature.name == "unnest" and len(call.arguments) == 1 and _distinct_literals(call.arguments[0], types)


def _distinct_literals(array: Expr, types: Types) -> bool:
    if not isinstance(array, Op) or array.form is not Form.ARRAY:
        return False
    literals = [e for e in array.arguments if type(e) is Const]
    values = {literal_value(e, types) for e in literals}
    same_type = len({e.type for e in literals}) == 1
    return len(values) == len(array.arguments) and None not in values and same_type


def series_step(call: Op) -> str | None:
    """The unit of a constant positive step of days or longer."""
    if call.signature is None or call.signature.name != "generate_series" or len(call.arguments) != _WITH_STEP:
        return None
    step = call.arguments[2]
    if type(step) is not Const or not isinstance(step.value, str):
        return None
    found = _STEP.fullmatch(step.value.strip())
    if not found or (found.group(1) is not None and int(found.group(1)) == 0):
        return None
    return "month" if found.group(2) == "mon" else found.group(2)


def derive_expand(prover: Prover, plan: Expand, facts: Facts, env: Environment) -> Facts:
    """Each row as often as its set-returning functions return; several run side by side, padded with NULLs."""
    before = facts.rows
    row_id = prover.row_id(facts, "row of a set-returning function", plan)
    facts.exactly_one = False
    for attribute, call in plan.values:
        for argument in call.arguments:
            number(prover, argument, facts, env)
        facts.own |= 1 << attribute
        facts.add(facts.rows | env.context, 1 << attribute)
        prover.causes[attribute] = Cause(call, facts.not_null)
        if (
            len(plan.values) == 1
            and distinct_values(call, prover.types)
            and not (call.signature and call.signature.columns[1:])
        ):
            facts.add(before | 1 << attribute | env.context, 1 << row_id)
            facts.not_null |= 1 << attribute
    return facts
