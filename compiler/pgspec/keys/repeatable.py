"""Whether a correlated sub-query is a function of the values that it reads outside."""

from __future__ import annotations

from collections.abc import Callable

from pgspec.keys.algebra import Aggregate
from pgspec.keys.plans import (
    Distinct,
    Expand,
    Extend,
    Filter,
    Group,
    Instance,
    Join,
    Limit,
    Plan,
    Recursive,
    SetOperation,
    Window,
)
from pgspec.keys.typesystem import INTEGERS, Types

Exact = Callable[[tuple[int, ...]], bool]

_ORDER_FREE = frozenset({"count", "min", "max", "bool_and", "bool_or", "every", "bit_and", "bit_or"})
_ORDER_FREE_SUMS = frozenset({"sum", "avg"})


def repeatable(plan: Plan, exact: Exact, types: Types) -> bool:
    """Whether a query gives the same for the same outer values, whatever order it meets its rows in.  ``exact`` tells
    of attributes whether equal values of them are the same, so that it does not matter which row represents a group."""
    if isinstance(plan, Limit | Window | Recursive):
        return False
    if isinstance(plan, Distinct):
        return not plan.on and exact(plan.attributes) and repeatable(plan.input, exact, types)
    if isinstance(plan, Group):
        fixed = all(_order_free(call, types) for _, call in plan.aggregates)
        return fixed and exact(plan.keys) and repeatable(plan.input, exact, types)
    if isinstance(plan, Instance):
        return repeatable(plan.definition.plan, exact, types)
    if isinstance(plan, SetOperation):
        return exact(plan.attributes) and all(repeatable(b.plan, exact, types) for b in plan.branches)
    if isinstance(plan, Join):
        return repeatable(plan.left, exact, types) and repeatable(plan.right, exact, types)
    return repeatable(plan.input, exact, types) if isinstance(plan, Filter | Extend | Expand) else True


def _order_free(call: Aggregate, types: Types) -> bool:
    exact = call.arguments and types.base(call.arguments[0].type) in (*INTEGERS, "numeric")
    return call.name in _ORDER_FREE or (call.name in _ORDER_FREE_SUMS and bool(exact))
