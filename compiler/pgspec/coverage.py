"""Whether every write that can change the result of a cached query emits one of its cache tags, without a database.

A cached result is stored under the query's tags, filled with its parameters.  It stays right if each statement that
changes it emits one of these.  The proof goes use by use: a use's rows that cannot matter are left out (`keys.uses`),
and what is left can change only by a write for which one mapping is found.

For an UPDATE it is enough that each column that the query reads is covered.  Let the old image of a row matter; the
new one is alike.  What the use's conditions and equalities say is about columns that the query reads.  If none of the
columns read changed, both images matter in the same way and the result stays.  Otherwise one of them changed, and the
mapping that covers it emits for every image that matches its filter: the old image does, since all rows that matter
match; and its tag is one of the entry's, since in all rows that matter each placeholder's column equals the entry's
parameter.  A column to which the filter allows one value only is covered without being watched: the old image matches
the filter, so with another value the row leaves it, which emits too.

What follows for a transaction: if the result differs at its end, some statement of it changed the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pgspec.keys.conditions import Condition, Param
from pgspec.keys.uses import Use, holds
from pgspec.sql import QName, ident, qname
from pgspec.tags import Template

Event = Literal["insert", "update", "delete", "truncate"]

EVENTS: tuple[Event, ...] = ("insert", "update", "delete", "truncate")
"""The writes that a mapping can watch."""

_WATCHED_KINDS = ("table", "partitioned_table")
_SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})


@dataclass(frozen=True, slots=True)
class Emission:
    """What one invalidation mapping does, as the proof sees it.

    - ``update``: the watched columns; None for any column, empty when updates are not watched.
    - ``where``: the conjuncts of its row filter, from `keys.uses.bind_filter`; none when it takes all rows.
    - ``tags``: their placeholders are columns of the table.  Tags that a sub-query finds prove nothing, since the
      rows that it joins can change at the same time: leave them out."""

    name: str
    table: QName
    insert: bool
    update: frozenset[str] | None
    delete: bool
    truncate: bool
    where: tuple[Condition, ...]
    where_columns: frozenset[str]
    tags: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A write that can change the result and emits none of the tags.

    ``column``: of an update, the column that changes.  ``reason``: why the mapping that comes nearest, ``near``, does
    not cover it."""

    use: Use
    event: Event
    column: str | None
    reason: str
    near: str | None


def gaps(uses: Iterable[Use], tags: Sequence[Template], emissions: Sequence[Emission]) -> tuple[Gap, ...]:
    """The writes that no mapping covers: use by use, insert, update (column by column), delete, truncate.

    ``tags`` are those of the query, whose placeholders are its parameters.  A parameter's value must become part of a
    tag in the spelling that PostgreSQL gives to the column's value."""
    found: list[Gap] = []
    matches = {e: _pairs(tags, e) for e in emissions}
    for use in uses:
        if use.kind not in _WATCHED_KINDS:
            found += (Gap(use, event, None, _unwatchable(use), None) for event in EVENTS)
            continue
        attempts = [_attempt(use, e, tags, *pairs) for e, pairs in matches.items() if e.table == use.relation]
        for event in EVENTS:
            for column in sorted(use.columns) if event == "update" else (None,):
                gap = _gap(use, event, column, tags, attempts)
                found += (gap,) if gap is not None else ()
    return tuple(found)


def _unwatchable(use: Use) -> str:
    if use.kind == "materialized_view":
        return f"`{qname(use.relation)}` changes when it is refreshed, and a refresh emits no tag"
    return f"`{qname(use.relation)}` is a {use.kind.replace('_', ' ')}, on whose writes no invalidation can act"


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What keeps a mapping from covering a use, whatever the event: ``tags`` and ``rows`` are the reasons, None where
    nothing does.  ``shapes`` and ``wide``: it has a tag of the shape of one of the query's, and one of which the
    wildcard stands for one of them."""

    emission: Emission
    shapes: bool
    wide: bool
    tags: str | None
    rows: str | None


Pairs = list[tuple[Template, Template]]


def _pairs(tags: Sequence[Template], emission: Emission) -> tuple[Pairs, bool]:
    pairs = [(made, tag) for made in emission.tags for tag in tags if made.shape == tag.shape]
    return pairs, bool(pairs) or any(_below(made, tag) for made in emission.tags for tag in tags)


def _attempt(use: Use, emission: Emission, tags: Sequence[Template], pairs: Pairs, wide: bool) -> _Attempt:
    missing = [_unequal(use, made, tag) for made, tag in pairs]
    hiding = next((c for c in emission.where if not holds(c, use)), None)
    rows = f"the filter `{hiding.text}` may hide rows that the query reads" if hiding is not None else None
    return _Attempt(emission, bool(pairs), wide, None if None in missing or not missing else missing[0], rows)


def _gap(
    use: Use, event: Event, column: str | None, tags: Sequence[Template], attempts: Sequence[_Attempt]
) -> Gap | None:
    if not attempts:
        return Gap(use, event, column, f"no invalidation is on `{qname(use.relation)}`", None)
    problems = [_problem(use, event, column, tags, attempt) for attempt in attempts]
    nearest = max(range(len(attempts)), key=lambda i: problems[i][0])
    steps, reason = problems[nearest]
    return None if steps == _COVERED else Gap(use, event, column, reason, attempts[nearest].emission.name)


_COVERED = 5


def _problem(
    use: Use, event: Event, column: str | None, tags: Sequence[Template], attempt: _Attempt
) -> tuple[int, str]:
    """How far a mapping is from covering an event, `_COVERED` when it does, and what is missing."""
    emission = attempt.emission
    if not (attempt.wide if event == "truncate" else attempt.shapes):
        wanted = " or ".join(f"`{tag.text}`" for tag in tags)
        return 0, f"no invalidation on `{qname(use.relation)}` emits {wanted}" if tags else "the query has no tag"
    if not _watches(emission, event):
        return 1, f"`{emission.name}` does not watch {event.upper()}"
    if event == "truncate":
        return _COVERED, ""
    if column is not None and not _covers(emission, column):
        if column in _SYSTEM_COLUMNS:
            return 2, f"`{column}` is a system column, which no invalidation can watch"
        return 2, f"`{emission.name}` does not watch the column `{ident(column)}`"
    if attempt.tags is not None:
        return 3, attempt.tags
    return (_COVERED, "") if attempt.rows is None else (4, attempt.rows)


def _watches(emission: Emission, event: Event) -> bool:
    if event == "update":
        return emission.update is None or bool(emission.update)
    return {"insert": emission.insert, "delete": emission.delete, "truncate": emission.truncate}[event]


def _covers(emission: Emission, column: str) -> bool:
    """Whether a change of the column, in a row of which an image matches the filter, emits for this image."""
    if column in _SYSTEM_COLUMNS:
        return False
    if emission.update is None or column in emission.update:
        return True
    return any(c.column == column and c.form in ("equal", "null") for c in emission.where)


def _unequal(use: Use, made: Template, tag: Template) -> str | None:
    """What keeps a mapping's tag from being the query's, for the rows that matter; None when nothing does."""
    for ours, theirs in zip(made.placeholders, tag.placeholders, strict=True):
        if Param(theirs.name) not in use.equal.get(ours.name, frozenset()):
            column = f"{use.relation.name}.{ident(ours.name)}"
            return f"`{made.text}` needs {column} to equal :{theirs.name} in the query"
    return None


def _below(made: Template, tag: Template) -> bool:
    """Whether the wildcard that TRUNCATE makes of a mapping's template stands for the query's tag."""
    if made.is_static:
        return False
    head = tag.parts[0] if isinstance(tag.parts[0], str) else ""
    return head.startswith(made.wildcard[:-1])
