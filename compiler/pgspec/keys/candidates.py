"""Candidate keys among visible attributes (C. Lucchesi and S. Osborn, "Candidate keys for relations", 1978)."""

from __future__ import annotations

from pgspec.keys.facts import Facts, Mask, mask_of, members, reaches
from pgspec.keys.values import Prover

_MAX_DEPENDENCIES = 400


def candidate_keys(prover: Prover, facts: Facts, visible: list[int], context: Mask, limit: int = 8) -> list[Mask]:
    """Minimal keys among ``visible``; ``context`` is given for free.  At most ``limit``: there can be exponentially
    many.  Starting from one key, every dependency that could replace a part of a known key is tried."""
    shown = mask_of(visible)
    usable = facts.usable()

    def is_key(mask: Mask) -> bool:
        return reaches(usable, mask | context, facts.rows)

    if not is_key(shown):
        return []
    rank = {
        a: (not facts.not_null >> a & 1, not prover.types.equal_image(prover.type_of(a)), i)
        for i, a in enumerate(visible)
    }

    def reduced(key: Mask) -> Mask:
        for attribute in sorted(members(key), key=rank.__getitem__, reverse=True):
            smaller = key & ~(1 << attribute)
            if is_key(smaller):
                key = smaller
        return key

    keys = [reduced(shown)]
    useful = [
        (determinant & ~context, determined)
        for determinant, determined in usable
        if determinant & ~(shown | context) == 0 and determined & (shown | facts.rows)
    ][:_MAX_DEPENDENCIES]
    useful += [(1 << a, facts.closure(1 << a | context)) for a in visible if _through_hidden(facts, a, shown)]
    tried = 0
    while tried < len(keys) and len(keys) < limit:
        key = keys[tried]
        tried += 1
        for determinant, determined in useful:
            if not determined & (key | facts.rows):
                continue
            other = determinant | key & ~facts.closure(determinant | context)
            if any(k & ~other == 0 for k in keys) or not is_key(other):
                continue
            smaller = reduced(other)
            if smaller not in keys:
                keys.append(smaller)
            if len(keys) == limit:
                break
    return keys


def _through_hidden(facts: Facts, attribute: int, shown: Mask) -> bool:
    """Whether the attribute fixes one that is not shown, through which it may fix more: lower(name) for name."""
    determined = facts.fds.get((1 << attribute, False), 0)
    return bool(determined & ~shown & ~facts.rows & ~(1 << attribute))
