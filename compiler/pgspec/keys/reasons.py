"""Why a key is not proven unique, in the user's terms: which rows can share it, and what would tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgspec.keys.algebra import Expr, Op, Ref, WindowCall, operands
from pgspec.keys.analysis import Analysis, Proof
from pgspec.keys.facts import Facts, Mask, mask_of
from pgspec.keys.plans import (
    Distinct,
    Expand,
    FunctionScan,
    Group,
    Recursive,
    RecursiveScan,
    Scan,
    SetForm,
    SetOperation,
    Values,
)
from pgspec.keys.proofs import describe, place_of, root_rows
from pgspec.keys.values import RowSource
from pgspec.sql import ident, qname


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not proven, what to do about it, and the place in the query that it is about."""

    message: str
    help: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Case:
    """One row source that the key does not fix."""

    proof: Proof
    source: RowSource
    row_id: int
    key: str
    reached: Mask
    names: dict[int, str]

    def fixed(self, attribute: int) -> bool:
        return bool(self.reached >> self.source.here(attribute) & 1)

    def shown(self, attribute: int) -> str | None:
        """The output column that shows an attribute of the source."""
        return self.names.get(self.source.here(attribute))


def why_not_unique(analysis: Analysis, columns: Sequence[str], key: Mask, assumed: Facts) -> list[Reason]:
    """One reason for each row source that is at the root of it: what a fixed source would fix too is not repeated.
    ``assumed`` are the facts with the key's columns NOT NULL, since that is a matter of its own."""
    proof = analysis.proof
    assert proof.facts is not None
    assert proof.prover is not None
    shown = quoted(columns)
    facts = assumed
    if assumed.is_key(key):
        facts = proof.facts
    reached = facts.closure(key)
    reasons: list[Reason] = []
    for row_id in root_rows(facts, key, facts.rows):
        source = proof.prover.sources.get(row_id)
        if source is None:
            start, end = _whole(proof)
            text = f"{shown} does not tell rows without a partner in a FULL JOIN apart"
            reasons.append(Reason(text, "select the columns of USING, or coalesce() of both sides", start, end))
            continue
        case = _Case(proof, source, row_id, shown, reached, proof.names())
        message, help_text = _subtotals(case, key, assumed) or _computed(case, key, assumed) or _explain(case)
        if assumed.is_key(key):
            message = f"{shown} is unique only among rows in which it is not NULL"
            help_text = "keep NULLs out with WHERE ... IS NOT NULL, or declare NOT NULL"
        start, end = place_of(source, proof.binding.places)
        if end == 0:
            start, end = _whole(proof)
        reasons.append(Reason(message, _with_keys(help_text, analysis), start, end))
    return list(dict.fromkeys(reasons))


def _whole(proof: Proof) -> tuple[int, int]:
    first = proof.outputs[0] if proof.outputs else None
    return (max(0, first.start), max(1, first.end)) if first else (0, 1)


def _with_keys(help_text: str, analysis: Analysis) -> str:
    """The help, with what this query does prove."""
    if not analysis.keys or not analysis.keys[0].columns:
        return help_text
    proven = " or ".join(quoted(k.columns) for k in analysis.keys[:2])
    return f"{help_text}; proven: {proven}" if help_text else f"proven: {proven}"


def quoted(columns: Sequence[str]) -> str:
    """Column names as a key is written."""
    return "(" + ", ".join(ident(c) for c in columns) + ")"


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else "nothing"


def _explain(case: _Case) -> tuple[str, str]:
    plan = case.source.plan
    if isinstance(plan, Scan):
        return _scan(case, plan)
    if isinstance(plan, Group):
        return _group(case, plan)
    if isinstance(plan, Distinct):
        return _distinct(case, plan)
    if isinstance(plan, SetOperation):
        return _set_operation(case, plan)
    if isinstance(plan, FunctionScan):
        return _function(case, plan)
    if isinstance(plan, Expand):
        called = ", ".join(_call(c) for _, c in plan.values)
        return f"{called} in the SELECT list makes several rows of one {case.key}", (
            f"call it in FROM: CROSS JOIN LATERAL {called} WITH ORDINALITY AS t (value, n), and add n to the key"
        )
    if isinstance(plan, Recursive | RecursiveScan):
        return (
            f"the recursion of `{plan.name}` may reach one {case.key} along several paths",
            "use UNION instead of UNION ALL with all columns as key, or GROUP BY after the recursion",
        )
    if isinstance(plan, Values):
        return f"the VALUES rows are not told apart by {case.key}", "add a column whose values differ"
    return f"{case.key} does not fix {describe(plan)}", ""


def _subtotals(case: _Case, key: Mask, facts: Facts) -> tuple[str, str] | None:
    """The key would do if it told subtotals from groups."""
    plan = case.source.plan
    if not isinstance(plan, Group) or not plan.flags:
        return None
    if not facts.is_key(key | mask_of(case.source.here(f) for f in plan.flags)):
        return None
    shown = ", ".join(_text(case, a) for a in plan.outputs if a not in plan.keys)
    return (
        f"{case.key} does not tell a subtotal row of {describe(plan)} from a group with the same value",
        f"output grouping({shown}) AS level and add level to the key",
    )


def _computed(case: _Case, key: Mask, facts: Facts) -> tuple[str, str] | None:
    """The key has a value computed from what would be a key."""
    prover = case.proof.prover
    assert prover is not None
    for attribute, name in case.names.items():
        operation = prover.computed.get(attribute)
        if operation is None or not key >> attribute & 1:
            continue
        inputs = list(dict.fromkeys(_inputs(operation)))
        if inputs and facts.is_key(key & ~(1 << attribute) | mask_of(inputs)):
            parts = [_column(case, a) for a in inputs]
            message = f"`{name}` is computed from {listed(parts)}, and nothing shows that it keeps them apart"
            shown = [case.names[a] for a in inputs if a in case.names]
            if len(shown) == len(inputs):
                return message, f"use {quoted(shown)} in its place"
            return message, f"output {listed(parts)} and use {'it' if len(parts) == 1 else 'them'} in its place"
    return None


def _inputs(expr: Expr) -> list[int]:
    if type(expr) is Ref:
        return [expr.attribute]
    return [a for part in operands(expr) for a in _inputs(part)]


def _column(case: _Case, attribute: int) -> str:
    assert case.proof.prover is not None
    known = case.proof.prover.attributes[attribute]
    return f"{known.alias}.{ident(known.name)}" if known.alias else ident(known.name)


# tables


def _scan(case: _Case, plan: Scan) -> tuple[str, str]:
    relation = plan.relation
    name = qname(relation.name)
    alias = "" if plan.alias == relation.name.name else f" {plan.alias}"
    fixed = [c for c, a in plan.attributes.items() if case.fixed(a)]
    head = f"one {case.key} can be in several rows of `{name}{alias}`"
    known = f"the query fixes {listed([f'{plan.alias}.{c}' for c in fixed])} there"
    if relation.has_children and not plan.only:
        return f"{head}: keys of `{name}` do not reach the tables that inherit from it", f"read FROM ONLY {name}"
    keys = [
        k for k in relation.keys if not k.deferrable and k.where is None and all(isinstance(c, str) for c in k.columns)
    ]
    shown = " or ".join(quoted([str(c) for c in k.columns]) for k in keys) or "not declared"
    message = f"{head}: {known}, and its key is {shown}"
    message += _unusable(plan)
    helps: list[str] = []
    tied = [c.name for c in _ties(case) if c.name != "row_number"]
    if tied:
        helps.append(f"{tied[0]}() keeps ties: use row_number() with an ORDER BY that ends in a key")
    if keys:
        helps.append(_add_columns(case, plan, [str(c) for c in keys[0].columns]))
    if fixed and not _is_only_source(case):
        helps.append(f"aggregate the rows of {plan.alias}")
    if fixed:
        helps.append(f"declare UNIQUE {quoted(fixed)} on {name} if that is so")
    return message, ", or ".join(helps)


def _ties(case: _Case) -> list[WindowCall]:
    return case.proof.prover.ties if case.proof.prover is not None else []


def _is_only_source(case: _Case) -> bool:
    assert case.proof.facts is not None
    return case.proof.facts.rows == 1 << case.row_id


def _unusable(plan: Scan) -> str:
    """Keys that exist but prove nothing here, and why."""
    for key in plan.relation.keys:
        if key.deferrable:
            return f" (`{key.name}` is DEFERRABLE, so it may be broken within a transaction)"
        if key.where is not None:
            return f" (the unique index `{key.name}` is partial: it counts only where the query repeats its WHERE)"
    return ""


def _add_columns(case: _Case, plan: Scan, columns: list[str]) -> str:
    """Which output columns to add to the key, or which columns to select first."""
    missing = [c for c in columns if c not in plan.attributes or not case.fixed(plan.attributes[c])]
    visible = [case.shown(plan.attributes[c]) if c in plan.attributes else None for c in missing]
    if missing and all(visible):
        return f"add {listed([ident(v) for v in visible if v])} to the key"
    taken = set(case.names.values())
    parts = [f"{plan.alias}.{ident(c)}" + (f" AS {plan.alias}_{c}" if c in taken else "") for c in missing]
    return f"select {listed(parts)} and add {'it' if len(parts) == 1 else 'them'} to the key"


# groups and DISTINCT


def _text(case: _Case, attribute: int) -> str:
    """How the query writes an attribute: by its output name, column or expression."""
    shown = case.shown(attribute)
    if shown is not None:
        return ident(shown)
    assert case.proof.prover is not None
    known = case.proof.prover.attributes[case.source.here(attribute)]
    if known.alias:
        return f"{known.alias}.{ident(known.name)}"
    places = case.proof.binding.places
    if known.start >= 0 and places.text and case.source.view is None:
        return places.text[known.start : places.item_end(known.start)]
    return known.name


def _group(case: _Case, plan: Group) -> tuple[str, str]:
    missing = [a for a in plan.outputs if not case.fixed(a)]
    word = describe(plan)
    left = listed([_text(case, a) for a in missing])
    message = (
        f"rows are one per {word} ({', '.join(_text(case, a) for a in plan.outputs)}), but {case.key} leaves out {left}"
    )
    hidden = [_text(case, a) for a in missing if case.shown(a) is None]
    if hidden:
        them = "it" if len(missing) == 1 else "them"
        advice = f"output {listed(hidden)} too and add {them} to the key, or leave {them} out of {word}"
        return message, advice
    return message, f"add {left} to the key"


def _distinct(case: _Case, plan: Distinct) -> tuple[str, str]:
    missing = [_text(case, a) for a in plan.attributes if not case.fixed(a)]
    return (
        f"DISTINCT keeps all rows that share {case.key} and differ in {listed(missing)}",
        f"add {listed(missing)} to the key, or use DISTINCT ON {case.key} with ORDER BY",
    )


# the rest


def _call(call: object) -> str:
    return f"{call.signature.name if call.signature else call.name}()" if isinstance(call, Op) else "the function"


def _function(case: _Case, plan: FunctionScan) -> tuple[str, str]:
    called = listed([_call(item.call) for item in plan.items])
    message = f"{called} can return several rows for one {case.key}"
    if plan.ordinality is not None:
        shown = case.shown(plan.ordinality)
        return message, f"add {ident(shown)} to the key" if shown else "select its ordinality and add it to the key"
    return (
        message,
        f"write {called.replace('()', '(...)')} WITH ORDINALITY AS {plan.alias} (value, n) and add n to the key",
    )


def _set_operation(case: _Case, plan: SetOperation) -> tuple[str, str]:
    if plan.form is not SetForm.UNION:
        return f"{describe(plan)} keeps rows that share {case.key}", "add the columns of a key of its first query"
    assert case.proof.prover is not None
    keys = case.proof.prover.branch_keys.get(case.row_id, [])
    without = [str(i + 1) for i, k in enumerate(keys) if not k]
    if not plan.all:
        missing = [_text(case, a) for a in plan.attributes if not case.fixed(a)]
        return (
            f"UNION removes only rows that are equal in every column, and {case.key} leaves out {listed(missing)}",
            f"add {listed(missing)} to the key",
        )
    if without:
        return f"query {listed(without)} of the UNION ALL has no proven key of its own", "make its rows unique first"
    return (
        f"the queries of UNION ALL can return the same {case.key}",
        "tell them apart: SELECT 'a' AS source, ... UNION ALL SELECT 'b', ..., and add source to the key",
    )
