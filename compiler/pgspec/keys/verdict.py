"""Judging a declared key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgspec.keys.analysis import Analysis, ProvenKey
from pgspec.keys.context import nearest
from pgspec.keys.facts import Facts, Mask, mask_of, members
from pgspec.keys.nulls import why_nullable
from pgspec.keys.plans import Output
from pgspec.keys.reasons import Reason, why_not_unique


@dataclass(frozen=True, slots=True)
class KeyVerdict:
    """Whether columns are a key.  ``unique``: no two rows share them, NULLs being equal.  ``proven``: unique, and none
    can be NULL.  ``unique_where_not_null``: as UNIQUE means it.  ``nullable`` says why columns may be NULL, ``reasons``
    why rows may share them; ``redundant`` is a proven key with fewer of the columns."""

    proven: bool
    unique: bool
    unique_where_not_null: bool
    nullable: tuple[tuple[str, Reason], ...]
    reasons: tuple[Reason, ...]
    redundant: ProvenKey | None = None


def check_key(analysis: Analysis, columns: Sequence[str]) -> KeyVerdict:
    """Judge ``columns``, output names, as a key of the analysed query."""
    proof = analysis.proof
    by_name: dict[str, Output] = {}
    for output in proof.outputs:
        by_name.setdefault(output.name, output)
    refused = _not_judged(analysis, columns, list(by_name))
    if refused or proof.facts is None:
        return KeyVerdict(False, False, False, (), tuple(refused))
    facts = proof.facts
    key = mask_of(by_name[c].attribute for c in columns)
    unique = facts.is_key(key)
    assumed = facts.copy()
    assumed.require(key)
    nullable = tuple(
        (c, why_nullable(proof, by_name[c])) for c in columns if not facts.not_null >> by_name[c].attribute & 1
    )
    reasons: list[Reason] = []
    if not unique:
        reasons = why_not_unique(analysis, columns, key, assumed)
    proven = unique and not nullable and bool(columns)
    return KeyVerdict(
        proven, unique, unique or assumed.is_key(key), nullable, tuple(reasons),
        _smaller(analysis, key, facts) if proven else None,
    )  # fmt: skip


def _not_judged(analysis: Analysis, columns: Sequence[str], known: list[str]) -> list[Reason]:
    reasons = [
        Reason(f"nothing is concluded from a query with {u.message}", "", u.start, u.end) for u in analysis.unsupported
    ]
    mistakes = [f for f in analysis.findings if f not in analysis.naming]
    if mistakes and not reasons:
        first = mistakes[0]
        reasons.append(Reason("nothing is concluded from a query with mistakes", first.message, first.start, first.end))
    if not mistakes and not reasons:
        for column in columns:
            if column not in known:
                text = f"`{column}` is not an output column"
                reasons.append(Reason(text, nearest(column, known), 0, 0))
    return reasons


def _smaller(analysis: Analysis, key: Mask, facts: Facts) -> ProvenKey | None:
    """A part of the key that is a key already; the first columns are kept."""
    smaller = key
    for attribute in sorted(members(key), reverse=True):
        without = smaller & ~(1 << attribute)
        if without and facts.is_key(without):
            smaller = without
    return analysis.proof.proven(smaller, facts) if smaller != key else None
