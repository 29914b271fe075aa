"""Deriving facts: one rule per operator of the algebra."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pgspec.keys.facts import Facts, Mask, mask_of, remapped
from pgspec.keys.groups import derive_group, derive_window
from pgspec.keys.joins import derive_join
from pgspec.keys.plans import (
    Distinct,
    Expand,
    Extend,
    Filter,
    FunctionScan,
    Group,
    Instance,
    Join,
    Limit,
    One,
    Plan,
    Query,
    Recursive,
    RecursiveScan,
    Scan,
    SetOperation,
    Values,
    Window,
)
from pgspec.keys.predicates import assume, use_partial_keys
from pgspec.keys.setops import derive_recursive, derive_recursive_scan, derive_set_operation, derive_values
from pgspec.keys.tablefunctions import derive_expand, derive_function_scan
from pgspec.keys.values import TOP, Cause, Environment, Prover, RowSource, define, number


def derive_query(prover: Prover, query: Query, env: Environment = TOP) -> Facts:
    """What holds for the rows of a query."""
    return derive(prover, query.plan, env)


def derive(prover: Prover, plan: Plan, env: Environment) -> Facts:
    """What holds for the rows of a plan, as new facts that the caller may add to."""
    facts: Facts = _RULES[type(plan)](prover, plan, env)
    return facts


def _one(prover: Prover, plan: One, env: Environment) -> Facts:
    return Facts(exactly_one=True)


def _scan(prover: Prover, plan: Scan, env: Environment) -> Facts:
    facts = Facts()
    row_id = prover.row_id(facts, f"row of {plan.alias}", plan)
    row = 1 << row_id
    attributes = plan.attributes
    own = mask_of(attributes.values())
    facts.own |= own
    facts.fds[row, False] = own
    for name, attribute in attributes.items():
        prover.stored[attribute] = (row_id, plan, name)
        if prover.attributes[attribute].not_null:
            facts.not_null |= 1 << attribute
        else:
            prover.causes[attribute] = Cause(plan=plan)
    if plan.relation.has_children and not plan.only:
        return facts
    for key in plan.relation.keys:
        if key.deferrable or key.where is not None:
            continue
        found = [attributes.get(c) if isinstance(c, str) else None for c in key.columns]
        columns = [a for a in found if a is not None]
        if len(columns) == len(found):
            mask = mask_of(columns)
            facts.add(mask, row, lax=not key.nulls_not_distinct and bool(mask & ~facts.not_null))
    for entry in plan.keys:
        if entry.key.where is None and not entry.key.deferrable:
            columns_mask = mask_of(number(prover, c, facts, env) for c in entry.columns)
            facts.add(columns_mask, row, lax=not entry.key.nulls_not_distinct)
    for attribute, value in plan.generated:
        computed = number(prover, value, facts, env)
        facts.equal(computed, attribute)
        if facts.not_null >> computed & 1:
            facts.not_null |= 1 << attribute
    return facts


def _instance(prover: Prover, plan: Instance, env: Environment) -> Facts:
    """One more use of a named query: its facts over attributes of their own."""
    definition = plan.definition
    home, original, kept = _named(prover, plan, env)
    numbers: dict[int, int] = {}
    duplicates: list[tuple[int, int]] = []
    for output, attribute in zip(definition.outputs, plan.attributes, strict=True):
        if output.attribute in numbers:
            duplicates.append((numbers[output.attribute], attribute))
        elif kept >> output.attribute & 1:
            duplicates.append((output.attribute, attribute))
        else:
            numbers[output.attribute] = attribute

    def renumber(attribute: int) -> int:
        if kept >> attribute & 1:
            return attribute
        found = numbers.get(attribute)
        if found is None:
            prover.attributes.append(home.attributes[attribute])
            found = numbers[attribute] = len(prover.attributes) - 1
        return found

    facts = remapped(original, renumber)
    if definition.volatile and plan.foreign is not None and env.context:  # it may differ from reading to reading
        facts.fds = {(d | env.context, lax): r for (d, lax), r in facts.fds.items()}
    _copy_notes(prover, home, plan, numbers)
    for known, attribute in duplicates:
        facts.own |= 1 << attribute
        facts.equal(known, attribute)
        facts.add(facts.rows | env.context, 1 << attribute)
        facts.not_null |= ((facts.not_null | env.not_null) >> known & 1) << attribute
        facts.null |= (facts.null >> known & 1) << attribute
        if known in prover.causes:
            prover.causes.setdefault(attribute, prover.causes[known])
        if known in facts.constants:
            facts.constants[attribute] = facts.constants[known]
    return facts


def _named(prover: Prover, plan: Instance, env: Environment) -> tuple[Prover, Facts, Mask]:
    """The facts of a named query, in whose numbering they are, and which attributes belong to its surroundings.
    Only a correlated query depends on where it stands; of others the facts are derived once."""
    definition = plan.definition
    if plan.foreign is not None:
        cache = prover.types.derived
        if id(definition) not in cache:
            home = Prover(list(plan.foreign), prover.types, derive_query)
            cache[id(definition)] = (home, derive_query(home, definition), definition)
        found: tuple[Prover, Facts, Query] = cache[id(definition)]  # type: ignore[assignment]
        return found[0], found[1], 0
    if definition.outer or env.rounds:
        return prover, derive_query(prover, definition, env), mask_of(definition.outer) | env.context
    if id(definition) not in prover.named:
        prover.named[id(definition)] = derive_query(prover, definition)
    return prover, prover.named[id(definition)], 0


def _copy_notes(prover: Prover, home: Prover, plan: Instance, numbers: dict[int, int]) -> None:
    """What is noted of attributes, for the attributes that stand for them here."""
    view = plan if plan.foreign is not None else None
    for old, new in list(numbers.items()):
        if old in home.sources:
            source = home.sources[old]
            prover.sources[new] = RowSource(source.plan, (*source.numbers, numbers), view or source.view)
        if old in home.causes:
            prover.causes[new] = Cause(view=view, home=home, attribute=old) if view else home.causes[old]
        if old in home.series:
            prover.series[new] = home.series[old]
        if old in home.windows:
            prover.windows[new] = home.windows[old]
        if old in home.deciders and home.deciders[old] in numbers:
            prover.deciders[new] = numbers[home.deciders[old]]
        if old in home.branch_keys:
            prover.branch_keys[new] = home.branch_keys[old]
        if old in home.stored and not plan.snapshot and home.stored[old][0] in numbers:
            row_id, scan, column = home.stored[old]
            prover.stored[new] = (numbers[row_id], scan, column)


def _filter(prover: Prover, plan: Filter, env: Environment) -> Facts:
    facts = derive(prover, plan.input, env)
    assume(prover, plan.conditions, facts, env)
    use_partial_keys(prover, facts, env)
    facts.exactly_one = False
    return facts


def _extend(prover: Prover, plan: Extend, env: Environment) -> Facts:
    facts = derive(prover, plan.input, env)
    for attribute, value in plan.values:
        define(prover, attribute, value, facts, env)
    return facts


def _distinct(prover: Prover, plan: Distinct, env: Environment) -> Facts:
    facts = derive(prover, plan.input, env)
    shown = mask_of(plan.attributes) | env.context
    if plan.on:
        facts.add(shown, facts.rows)
    elif facts.rows & ~facts.closure(shown):
        facts.rows = 0
        row_id = prover.row_id(facts, "distinct row", plan)
        facts.add(shown, 1 << row_id)
        facts.add(1 << row_id, mask_of(plan.attributes))
    return facts


def _limit(prover: Prover, plan: Limit, env: Environment) -> Facts:
    facts = derive(prover, plan.input, env)
    if plan.count is not None and plan.count <= 1:
        facts.add(env.context, facts.rows)
    facts.exactly_one = False
    return facts


def _join(prover: Prover, plan: Join, env: Environment) -> Facts:
    return derive_join(prover, plan, env, derive)


def _group(prover: Prover, plan: Group, env: Environment) -> Facts:
    return derive_group(prover, plan, derive(prover, plan.input, env), env)


def _window(prover: Prover, plan: Window, env: Environment) -> Facts:
    return derive_window(prover, plan, derive(prover, plan.input, env), env)


def _expand(prover: Prover, plan: Expand, env: Environment) -> Facts:
    return derive_expand(prover, plan, derive(prover, plan.input, env), env)


_RULES: dict[Any, Callable[[Prover, Any, Environment], Facts]] = {
    One: _one, Scan: _scan, Instance: _instance, Filter: _filter, Extend: _extend, Distinct: _distinct, Limit: _limit,
    Join: _join, Group: _group, Window: _window, Expand: _expand, Values: derive_values,
    FunctionScan: derive_function_scan, SetOperation: derive_set_operation, Recursive: derive_recursive,
    RecursiveScan: derive_recursive_scan,
}  # fmt: skip
