"""Invalidations and cached queries: what caches rely on, so that what they hold is never stale."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgspec.breaking.findings import Finding, canonical, condition, implies, listed, place
from pgspec.cached import Cached
from pgspec.keys.parameters import Substitution, substitute
from pgspec.mappings import Mapping as Invalidating
from pgspec.mappings import Tag
from pgspec.program import Program
from pgspec.sql import QName
from pgspec.tags import Placeholder


@dataclass(frozen=True, slots=True)
class _Emitter:
    """One tag of one invalidation."""

    mapping: Invalidating
    tag: Tag
    where: str

    @property
    def table(self) -> QName:
        """The table whose writes emit it."""
        assert self.mapping.table is not None
        return self.mapping.table.name


_Emitters = Mapping[tuple[QName, str], Sequence[_Emitter]]


def invalidation_changes(old: Program, new: Program) -> Iterator[Finding]:
    """The differences between what writes make stale: tag by tag, whichever invalidation emits it."""
    before, after = _emitters(old), _emitters(new)
    for (table, text), emitters in before.items():
        heirs = after.get((table, text))
        for emitter in emitters:
            if heirs:
                yield from _lost(text, emitter, heirs)
            elif table in new.catalog.relations:
                message = f"no write to `{table}` emits {text} any more"
                yield Finding(
                    "BRK008", emitter.mapping.document.at(*emitter.tag.path), message, emitter.mapping.spec.name, True
                )
        if heirs:
            yield from _slower(text, emitters, heirs)
    for (table, text), emitters in after.items():
        if (table, text) not in before:
            mapping, tag = emitters[0].mapping, emitters[0].tag
            message = f"writes to `{table}` emit {text}"
            yield Finding("BRK020", mapping.document.at(*tag.path), message, mapping.spec.name)


def _emitters(program: Program) -> _Emitters:
    found: dict[tuple[QName, str], list[_Emitter]] = defaultdict(list)
    for mapping in program.mappings:
        where = condition(mapping.where)
        for tag in mapping.tags:
            emitter = _Emitter(mapping, tag, where)
            found[emitter.table, _text(tag)].append(emitter)
    return found


def _text(tag: Tag) -> str:
    """The tags that it makes, in words that are the same for the same tags."""
    if tag.template is None:
        return f"the tags of `{canonical(tag.query)}`"
    parts = (f"{{{p.name}}}" if isinstance(p, Placeholder) else p for p in tag.template.parts)
    return f"`{''.join(parts)}`"


def _lost(text: str, old: _Emitter, heirs: Sequence[_Emitter]) -> Iterator[Finding]:
    """The writes that emitted the tag and do not any more."""
    fitting = [heir for heir in heirs if implies(old.where, heir.where)]
    nearest = (fitting or heirs)[0].mapping
    document = nearest.document

    def found(message: str, *path: str) -> Finding:
        return Finding("BRK008", place(document, *path), message, nearest.spec.name)

    if not fitting:
        yield found(f"{text} may not be emitted any more for rows of `{old.table}` where {old.where}", "where")
        return
    for event in old.mapping.events:
        watching = [heir.mapping for heir in fitting if event in heir.mapping.events]
        if not watching:
            yield found(f"{event} on `{old.table}` does not emit {text} any more", "on", event.lower())
        elif event == "UPDATE" and None not in (watched := [mapping.watched for mapping in watching]):
            counted = {column for columns in watched for column in columns or ()}
            missing = _columns(old.mapping, watching[0]) - counted
            if missing:
                message = f"a change of {listed(sorted(missing))} of `{old.table}` does not emit {text} any more"
                yield found(message, "on", "update")


def _columns(old: Invalidating, new: Invalidating) -> set[str]:
    """The columns that counted and that the table still has."""
    assert old.table is not None
    assert new.table is not None
    watched = old.table.columns if old.watched is None else old.watched
    return {column for column in watched if column in new.table.columns and not new.table.columns[column].virtual}


def _slower(text: str, old: Sequence[_Emitter], new: Sequence[_Emitter]) -> Iterator[Finding]:
    mapping = new[0].mapping
    document, name = mapping.document, mapping.spec.name
    was, now = (min(e.mapping.spec.dedup_window.seconds for e in emitters) for emitters in (old, new))
    if now > was:
        message = (
            f"{text} waits up to {mapping.spec.dedup_window} for more writes, not {old[0].mapping.spec.dedup_window}"
        )
        yield Finding("BRK009", place(document, "dedup_window"), message, name)
    was, now = (min(e.mapping.spec.max_tags for e in emitters) for emitters in (old, new))
    static = new[0].tag.template is not None and new[0].tag.template.is_static
    if now < was and not static:
        message = f"more than {now:,} tags at once, not {was:,}, become `{new[0].tag.wildcard}`"
        yield Finding("BRK009", place(document, "max_tags"), message, name)


def cached_query_changes(old: Program, new: Program) -> Iterator[Finding]:
    """The differences between the queries that applications cache."""
    before, after = ({cached.spec.name: cached for cached in program.cached} for program in (old, new))
    for name, cached in before.items():
        if name in after:
            yield from _cached(cached, after[name])
        else:
            message = f"the cached query `{name}` is gone: nothing proves any more that writes reach its results"
            yield Finding("BRK011", cached.document.at("name"), message, name, True)
    for name, cached in after.items():
        if name not in before:
            yield Finding("BRK020", cached.document.at("name"), f"the cached query `{name}` is new", name)


def _cached(old: Cached, new: Cached) -> Iterator[Finding]:
    document, name = new.document, new.spec.name
    query = new.source.span(0, 1)
    if gone := sorted(old.parameters - new.parameters):
        yield Finding("BRK010", query, f"`{name}` has no parameter {listed(gone)} any more", name)
    if added := sorted(new.parameters - old.parameters):
        yield Finding("BRK010", query, f"`{name}` needs {listed(added)}, which callers do not give", name)
    if _query(old) != _query(new):
        yield Finding("BRK011", query, f"the cached query `{name}` is another", name)
    tags, were = ({template.text for _, template in cached.tags} for cached in (new, old))
    if tags != were:
        changes = [
            *(f"`{tag}` is gone" for tag in sorted(were - tags)),
            *(f"`{t}` is new" for t in sorted(tags - were)),
        ]
        message = f"results of `{name}` carry other tags: {', '.join(changes)}"
        yield Finding("BRK011", document.at("tags"), message, name)
    if old.spec.ttl is not None and (new.spec.ttl is None or new.spec.ttl.seconds > old.spec.ttl.seconds):
        kept = f"for {new.spec.ttl}" if new.spec.ttl else "without end"
        yield Finding(
            "BRK009", place(document, "ttl"), f"results of `{name}` are kept {kept}, not for {old.spec.ttl}", name
        )


def _query(cached: Cached) -> tuple[str, tuple[str, ...]]:
    made = substitute(cached.source.text)
    assert isinstance(made, Substitution)
    return canonical(made.text), tuple(made.names.values())
