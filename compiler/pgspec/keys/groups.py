"""What holds for groups and for window functions."""

from __future__ import annotations

from itertools import combinations

from pgspec.keys.algebra import Aggregate, WindowCall
from pgspec.keys.facts import Facts, Mask, mask_of, members
from pgspec.keys.plans import Group, Window
from pgspec.keys.values import Cause, Environment, Prover, number

_PRESENT_IF_ARGUMENT = frozenset({
    "sum", "min", "max", "avg", "string_agg", "bool_and", "bool_or", "every", "bit_and", "bit_or", "bit_xor",
    "var_pop", "stddev_pop", "any_value", "array_agg", "json_agg", "jsonb_agg", "json_object_agg",
    "jsonb_object_agg",
})  # fmt: skip
"""Aggregates that are not NULL for a group with rows whose argument is NOT NULL."""

_PRESENT_IF_ROWS = frozenset({"array_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg"})
_PASS_THROUGH = frozenset({"min", "max", "any_value"})
_ORDERED_SET = frozenset({"mode", "percentile_disc", "percentile_cont"})


def derive_group(prover: Prover, plan: Group, facts: Facts, env: Environment) -> Facts:
    """One row per group.  What held for the rows still holds for groups when a group is read as one of its rows:
    grouping columns have that row's values, and so has every column that depends on them."""
    arguments = [
        [number(prover, a, facts, env) for a in (call.order if call.within_group else call.arguments)]
        for _, call in plan.aggregates
    ]
    if len(plan.sets) > 1:
        grouped = _grouping_sets(prover, plan, facts, env)
    elif not plan.keys:
        grouped = Facts(exactly_one=True)
    else:
        grouped = facts.copy()
        grouped.rows, grouped.exactly_one = 0, False
        group = prover.row_id(grouped, "group", plan)
        keys = mask_of(plan.keys)
        grouped.add(keys | env.context, 1 << group)
        grouped.add(1 << group, keys)
    has_rows = all(plan.sets)
    for (attribute, call), values in zip(plan.aggregates, arguments, strict=True):
        grouped.own |= 1 << attribute
        grouped.add(grouped.rows | env.context, 1 << attribute)
        if _present(call, values, facts, has_rows=has_rows):
            grouped.not_null |= 1 << attribute
        else:
            prover.causes[attribute] = Cause(call, facts.not_null, plan)
        if plan.keys and len(plan.sets) == 1 and values:
            _passed_through(prover, plan, attribute, call, values[0], facts, grouped, env)
    return grouped


def _present(call: Aggregate, values: list[int], facts: Facts, *, has_rows: bool) -> bool:
    if call.name in ("count", "regr_count"):
        return True
    if not has_rows or call.condition is not None:
        return False
    if call.within_group:
        scalar = call.type is not None and not call.type.endswith("[]")
        fixed = all(getattr(a, "value", None) is not None for a in call.arguments)
        return call.name in _ORDERED_SET and scalar and fixed and bool(facts.not_null >> values[0] & 1)
    if call.name in _PRESENT_IF_ROWS:
        return True
    return call.name in _PRESENT_IF_ARGUMENT and bool(values) and bool(facts.not_null >> values[0] & 1)


def _passed_through(
    prover: Prover, plan: Group, attribute: int, call: Aggregate, value: int, facts: Facts, grouped: Facts,
    env: Environment,
) -> None:  # fmt: skip
    """min, max, any_value and (array_agg(x))[1] return x of one row of the group.  If x determines the group there,
    so does the result; if x is the same within the group, the result is x."""
    keys = mask_of(plan.keys)
    same = bool(facts.closure(keys | env.context) >> value & 1) and call.condition is None
    if call.name in _PASS_THROUGH:
        if same:
            grouped.equal(attribute, value)
        needed = keys
        known = facts.not_null | 1 << value
        tells = any(determinant >> value & 1 for determinant, _ in facts.fds)
        for key in members(keys) if tells else ():
            without = needed & ~(1 << key)
            if keys & ~facts.closure(1 << value | without | env.context, known) == 0:
                needed = without
        if needed != keys:
            grouped.add(1 << attribute | needed | env.context, grouped.rows, lax=True)
    elif call.name == "array_agg" and not (prover.type_of(value) or "[]").endswith("[]"):
        decides = keys & ~facts.closure(1 << value | env.context) == 0
        present = bool(facts.not_null >> value & 1) and call.condition is None
        rows = grouped.rows if decides and not env.context else 0
        prover.elements[attribute] = (value, rows, present, same)


# GROUPING SETS


def _grouping_sets(prover: Prover, plan: Group, facts: Facts, env: Environment) -> Facts:
    """Groups of several grouping sets.  A key that a set leaves out is NULL in its rows; the key's flag tells that
    NULL from the value NULL.  The empty set makes a row even when there is no input, so nothing of it remains."""
    always = frozenset.intersection(*map(frozenset, plan.sets))
    grouped = facts.copy() if all(plan.sets) else Facts()
    grouped.rows, grouped.exactly_one = 0, False
    group = prover.row_id(grouped, "group", plan)
    row = 1 << group
    determinant = env.context
    for position, (key, output, flag) in enumerate(zip(plan.keys, plan.outputs, plan.flags, strict=True)):
        grouped.add(row, 1 << output)
        determinant |= 1 << output
        if position in always:
            continue
        grouped.own |= 1 << output | 1 << flag
        grouped.not_null |= 1 << flag
        grouped.add(row, 1 << flag)
        if all(plan.sets):
            grouped.add(1 << key | 1 << flag, 1 << output)
        if facts.not_null >> key & 1:
            grouped.add(1 << output, 1 << flag)
            prover.deciders[output] = flag
        prover.causes[output] = Cause(plan=plan, before=prover.causes.get(key))
    optional = [p for p in range(len(plan.keys)) if p not in always]
    flags = mask_of(plan.flags[p] for p in optional)
    if len({frozenset(s) for s in plan.sets}) == len(plan.sets):
        grouped.add(determinant | flags, row)
        _telling_flags(plan, optional, flags, grouped)
    for attribute, positions in plan.groupings:
        told = mask_of(plan.flags[p] for p in positions if p not in always)
        grouped.own |= 1 << attribute
        grouped.not_null |= 1 << attribute
        grouped.add(1 << attribute, told)
        grouped.add(told, 1 << attribute)
    return grouped


def _telling_flags(plan: Group, optional: list[int], flags: Mask, grouped: Facts) -> None:
    """Few flags may already tell all sets apart."""
    for size in range(1, min(3, len(optional)) + 1):
        for chosen in combinations(optional, size):
            patterns = {tuple(p in s for p in chosen) for s in plan.sets}
            if len(patterns) == len(plan.sets):
                grouped.add(mask_of(plan.flags[p] for p in chosen), flags)


# windows

_ALWAYS_PRESENT = frozenset({"row_number", "rank", "dense_rank", "cume_dist", "percent_rank", "count"})
_PRESENT_IN_DEFAULT_FRAME = frozenset({"sum", "min", "max", "avg", "first_value", "last_value"})
_RANKS = frozenset({"rank", "dense_rank"})


def derive_window(prover: Prover, plan: Window, facts: Facts, env: Environment) -> Facts:
    """The values of window functions: row_number tells the rows of a partition apart, rank only if the order does."""
    for attribute, call in plan.calls:
        arguments = [number(prover, a, facts, env) for a in call.arguments]
        partition = mask_of(number(prover, p, facts, env) for p in call.partition) | env.context
        order = mask_of(number(prover, o, facts, env) for o in call.order)
        facts.own |= 1 << attribute
        facts.add(facts.rows | env.context, 1 << attribute)
        if _window_present(call, arguments, facts):
            facts.not_null |= 1 << attribute
        else:
            prover.causes[attribute] = Cause(call, facts.not_null)
        total = facts.rows & ~facts.closure(partition | order) == 0
        if call.name == "row_number" or (call.name in _RANKS and total):
            facts.add(1 << attribute | partition, facts.rows)
        if call.name in ("row_number", *_RANKS) and not total:
            prover.ties.append(call)
        prover.windows[attribute] = call
    return facts


def _window_present(call: WindowCall, arguments: list[int], facts: Facts) -> bool:
    if call.name in _ALWAYS_PRESENT:
        return True
    plain = call.condition is None and call.default_frame and bool(arguments)
    return plain and call.name in _PRESENT_IN_DEFAULT_FRAME and bool(facts.not_null >> arguments[0] & 1)
