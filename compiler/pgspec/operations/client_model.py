"""What generated clients offer, whatever their language: tags, cached queries, guarded tables, and names for them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pgspec.cached import Cached
from pgspec.catalog import Catalog
from pgspec.keys.parameters import Place, Substitution, substitute
from pgspec.mappings import base_type
from pgspec.policies import Guarded
from pgspec.program import Program
from pgspec.tags import Template

Kind = Literal["uuid", "integer", "bigint", "boolean", "numeric", "padded", "address", "label", "text", "any"]
"""How a value becomes the text that PostgreSQL gives it.  ``any``: a parameter that stands in no tag."""

_KINDS: Mapping[str, Kind] = {
    "uuid": "uuid",
    "smallint": "integer",
    "integer": "integer",
    "oid": "integer",
    "bigint": "bigint",
    "boolean": "boolean",
    "numeric": "numeric",
    "character": "padded",
    "inet": "address",
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A placeholder of a tag or a parameter of a query; ``labels`` are those of an enum."""

    name: str
    kind: Kind
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Builder:
    """All tags of one shape.  ``slots`` are its placeholders, one for each in order."""

    template: Template
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A cached query: its parameters in the order of writing, and its tags as builders with the names that the query
    gives their placeholders."""

    name: str
    description: str
    text: str
    places: tuple[Place, ...]
    parameters: tuple[Slot, ...]
    tags: tuple[tuple[Builder, tuple[str, ...]], ...]
    ttl: int | None

    @property
    def key(self) -> str:
        """How its cache keys begin: a query that was changed has others."""
        return f"{self.name}@{hashlib.sha256(self.text.encode()).hexdigest()[:8]}"

    def written(self, print_parameter: Callable[[str], str], escape: Callable[[str], str] = str) -> str:
        """The text with its parameters as a driver writes them."""
        pieces, position = [], 0
        for place in self.places:
            pieces += [escape(self.text[position : place.start]), print_parameter(place.name)]
            position = place.end
        return "".join([*pieces, escape(self.text[position:])])


@dataclass(frozen=True, slots=True)
class Client:
    """What a project offers to its clients.  ``hints`` are what specs tell refused callers, by name of the table."""

    schema: str
    builders: tuple[Builder, ...]
    queries: tuple[Query, ...]
    tables: tuple[str, ...]
    hints: Mapping[str, str]

    @property
    def has_queue(self) -> bool:
        """Whether the project has the invalidation queue."""
        return bool(self.builders or self.queries)


def client_model(program: Program) -> Client:
    """What the clients of a program without errors offer."""
    shapes = _shapes(program)
    queries = tuple(_query(cached, shapes) for cached in program.cached)
    guarded = [(name, item.spec.hint) for item in program.guarded for name in sorted(_names(item))]
    number = Counter(name for name, _ in guarded)
    return Client(
        program.project.runtime_schema,
        tuple(shapes[shape] for shape in sorted(shapes, key=lambda shape: shapes[shape].template.text)),
        queries,
        tuple(sorted({str(item.spec.table) for item in program.guarded})),
        {name: hint for name, hint in sorted(guarded, key=lambda entry: entry[0]) if hint and number[name] == 1},
    )


Shapes = dict[tuple[str | None, ...], Builder]


def _shapes(program: Program) -> Shapes:
    """The builders, of what writes emit and of what cached results carry; what is of two kinds is text."""
    found: Shapes = {}
    for mapping in program.mappings:
        assert mapping.table is not None
        for tag in mapping.tags:
            if tag.template is not None:
                columns = [mapping.table.columns[part.name] for part in tag.template.placeholders]
                slots = [_slot(column.name, column.type, program.catalog) for column in columns]
                _add(found, Builder(tag.template, tuple(slots)))
    for cached in program.cached:
        for _, template in cached.tags:
            if template.shape not in found:
                _add(found, Builder(template, tuple(Slot(part.name, "text") for part in template.placeholders)))
    while _unified(program.cached, found):
        pass
    return found


def _slot(name: str, type_name: str, catalog: Catalog) -> Slot:
    base = base_type(type_name, catalog)
    labels = {str(enum): labels for enum, labels in catalog.enums.items()}.get(base)
    return Slot(name, "label", labels) if labels else Slot(name, _KINDS.get(base, "text"))


def _add(found: Shapes, builder: Builder) -> None:
    """Put a builder beside those of its shape; of two that name their placeholders differently, the first counts."""
    former = found.setdefault(builder.template.shape, builder)
    first, second = sorted((former, builder), key=lambda one: one.template.text)
    slots = [_common(a, b) for a, b in zip(first.slots, second.slots, strict=True)]
    found[builder.template.shape] = replace(first, slots=tuple(slots))


def _common(a: Slot, b: Slot) -> Slot:
    """A slot for the values of both."""
    if (a.kind, a.labels) == (b.kind, b.labels):
        return a
    return Slot(a.name, "bigint" if {a.kind, b.kind} == {"integer", "bigint"} else "text")


def _unified(cached: Iterable[Cached], found: Shapes) -> bool:
    """Give parameters that stand in several tags one kind; whether anything changed."""
    before = dict(found)
    for one in cached:
        kinds: dict[str, Slot] = {}
        templates = [template for _, template in one.tags]
        for template in templates:
            for part, slot in zip(template.placeholders, found[template.shape].slots, strict=True):
                kinds[part.name] = _common(kinds.get(part.name, slot), slot)
        for template in templates:
            builder = found[template.shape]
            pairs = zip(template.placeholders, builder.slots, strict=True)
            slots = [_common(slot, kinds[part.name]) for part, slot in pairs]
            found[template.shape] = replace(builder, slots=tuple(slots))
    return found != before


def _query(cached: Cached, shapes: Shapes) -> Query:
    numbered = substitute(cached.source.text)
    assert isinstance(numbered, Substitution)
    kinds: dict[str, Slot] = {}
    tags = []
    for _, template in cached.tags:
        builder = shapes[template.shape]
        names = tuple(part.name for part in template.placeholders)
        kinds |= {name: replace(slot, name=name) for name, slot in zip(names, builder.slots, strict=True)}
        tags.append((builder, names))
    return Query(
        cached.spec.name,
        " ".join((cached.spec.description or "").split()),
        cached.source.text.strip(),
        _moved(numbered.places, cached.source.text),
        tuple(kinds.get(name, Slot(name, "any")) for name in dict.fromkeys(place.name for place in numbered.places)),
        tuple(tags),
        cached.spec.ttl.seconds if cached.spec.ttl else None,
    )


def _moved(places: Iterable[Place], text: str) -> tuple[Place, ...]:
    """The places in the text without the space before it."""
    before = len(text) - len(text.lstrip())
    return tuple(replace(place, start=place.start - before, end=place.end - before) for place in places)


def _names(item: Guarded) -> set[str]:
    """What errors may call a guarded table."""
    assert item.table is not None
    table = item.table.name
    face = {str(item.face), item.face.name} if item.face else set()
    return {str(item.spec.table), table.name, str(table), *face}


Words = Sequence[str]
"""A name without a style: ``search``, ``specialty``."""


def words(text: str) -> list[str]:
    """The words of a text in ASCII, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+", text)]


def builder_names(builders: Sequence[Builder], style: Callable[[Words], str]) -> dict[str, str]:
    """A name for each builder, by the text of its template: its literal words, with those of its placeholders only
    where another has the same."""
    short = {
        one.template.text: words(" ".join(p for p in one.template.parts if isinstance(p, str))) for one in builders
    }
    number = Counter(style(name) for name in short.values())
    full = {}
    for one in builders:
        text = one.template.text
        more = [word for slot in one.slots for word in words(slot.name)] if number[style(short[text])] > 1 else []
        full[text] = [*short[text], *more]
    return unique_names(full, style)


def unique_names(names: Mapping[str, Words], style: Callable[[Words], str]) -> dict[str, str]:
    """The names in a style, by what they are names of; those that would be the same get a hash of it."""
    number = Counter(style(name) for name in names.values())
    out = {}
    for what, name in names.items():
        plain = style(name)
        out[what] = plain if number[plain] == 1 else f"{plain}_{hashlib.sha256(what.encode()).hexdigest()[:8]}"
    return out


def slot_names(slots: Sequence[Slot], style: Callable[[Words], str]) -> list[str]:
    """A name for each slot; one that is there twice is numbered."""
    seen = Counter[str]()
    whats = []
    for slot in slots:
        seen[slot.name] += 1
        whats.append((slot.name, seen[slot.name]))
    names = {f"{name} {count}": [*words(name), *([str(count)] if count > 1 else [])] for name, count in whats}
    return list(unique_names(names, style).values())
