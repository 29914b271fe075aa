"""Writes that show on a live server what an invalidation does: those that must enqueue its tags, those that must not.

What must be enqueued is worked out from the row before and after the write, by plain queries that know nothing of the
trigger functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pgspec.catalog import Catalog, Relation
from pgspec.mappings import Mapping
from pgspec.sql import QName, Sql, commas, ident, qname
from pgspec.tags import Placeholder, Template
from pgspec.triggers import EVENTS, trigger_name
from pgspec.writes import ExerciseError, NothingShownError, Writes


@dataclass(slots=True)
class Tally:
    """How many writes enqueued their tags, how many rightly none, and which columns no write could change."""

    emitting: int = 0
    silent: int = 0
    untried: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        text = f"{self.emitting} writes enqueue exactly their tags, {self.silent} enqueue nothing"
        return f"{text}, not tried: {', '.join(self.untried)}" if self.untried else text


@dataclass(frozen=True, slots=True)
class _Image:
    """What one row means to a mapping: whether ``where`` matches, every column as text, the tags that it stands for."""

    matches: bool
    values: tuple[tuple[str, str | None], ...]
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Exercise:
    """One mapping, and all the mappings of its table (whose tags a write enqueues too), on a connection in autocommit
    whose role owns the table."""

    connection: Any
    catalog: Catalog
    queue: QName
    mapping: Mapping
    sharing: Sequence[Mapping]

    @property
    def table(self) -> Relation:
        """The table that the mapping watches."""
        assert self.mapping.table is not None
        return self.mapping.table

    @property
    def writes(self) -> Writes:
        """The writes to that table."""
        return Writes(self.connection, self.catalog, self.table)

    def run(self) -> Tally:
        """Try every event and every watched column.  `ExerciseError` when a write enqueues other tags than it must,
        `NothingShownError` when there is no row to try it on, or no write that enqueues anything."""
        tally = Tally()
        row = self.writes.row(self.mapping.where, self.mapping.spec.name)
        with self.writes.set_aside([trigger_name(event) for event in EVENTS]):
            for event in EVENTS:
                if event == "UPDATE":
                    self._updates(row, tally)
                else:
                    self._try(self.writes.write(event, row), event, row, tally)
                if event in ("INSERT", "DELETE"):
                    self._try(self.writes.write(event, Sql("false")), event, None, tally)
        if not tally.emitting:
            help_ = "watch an event, or a column that can be changed"
            raise NothingShownError(f"no write shows what `{self.mapping.spec.name}` does", help_)
        return tally

    def _updates(self, row: Sql, tally: Tally) -> None:
        """A change of each column that counts, and of one that does not; and an update that changes nothing."""
        counting = list(self.table.columns if self.mapping.watched is None else self.mapping.watched)
        others = [
            name for name in self.table.columns if name not in counting and name not in self.mapping.where_columns
        ]
        named = self.mapping.spec.on.update
        implied = set(counting) - set(named) if isinstance(named, list) else set[str]()  # the primary key
        for name in dict.fromkeys([*counting, *sorted(self.mapping.where_columns)]):
            if not self._change(name, row, tally) and name not in implied:
                tally.untried.append(name)
        next((name for name in others if self._change(name, row, tally)), None)
        plain = next((name for name, column in self.table.columns.items() if column.generated is None), None)
        if plain is not None:
            self._try(self.writes.update(plain, ident(plain), row), "UPDATE", row, tally)

    def _change(self, name: str, row: Sql, tally: Tally) -> bool:
        """Give a column another value; False when none can be written."""
        values = self.writes.other_values(name) if self.table.columns[name].generated is None else []
        return any(self._try(self.writes.update(name, v, row), "UPDATE", row, tally, must_change=True) for v in values)

    def _try(self, write: Sql, event: str, row: Sql | None, tally: Tally, *, must_change: bool = False) -> bool:
        """Make a write, compare, and undo it.  False when it cannot be made, or does not change the row it should."""
        import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds

        before = [self._image(mapping, row if event != "INSERT" else None) for mapping in self.sharing]
        whole = [self._found(mapping, Sql("true")) if event == "TRUNCATE" else frozenset() for mapping in self.sharing]
        try:
            with self.connection.transaction(force_rollback=True):
                self.connection.execute(f"DELETE FROM {qname(self.queue)}")  # an open row would be joined
                new = self.writes.written(write, event)
                queued = {tag for (tag,) in self.connection.execute(f"SELECT DISTINCT tag FROM {qname(self.queue)}")}
                after = [self._image(mapping, new) for mapping in self.sharing]
        except psycopg.Error as error:
            if "PL/pgSQL function" in (error.diag.context or ""):  # the write is refused by what watches it
                raise ExerciseError(f"{write}\nfails: {error}\n{error.diag.context}") from error
            return False
        if must_change and [i and i.values for i in before] == [i and i.values for i in after]:
            return False
        expected = set[str]()
        for mapping, old, made, found in zip(self.sharing, before, after, whole, strict=True):
            if event in mapping.events:
                expected |= _truncated(mapping, found) if event == "TRUNCATE" else _expected(mapping, event, old, made)
        if queued != expected:
            raise ExerciseError(_difference(write, expected, queued))
        tally.emitting += bool(expected)
        tally.silent += not expected
        return True

    def _image(self, mapping: Mapping, row: Sql | None) -> _Image | None:
        if row is None:
            return None
        alias, names = ident(self.table.name.name), list(self.table.columns)
        columns = commas(Sql(f"{alias}.{ident(name)}::text") for name in names)
        where = f"({mapping.where}) IS TRUE" if mapping.where else "true"
        text = f"SELECT {where}, {columns} FROM {qname(self.table.name)} AS {alias} WHERE {row}"
        found = self.connection.execute(text).fetchone()
        if found is None:
            return None
        values = dict(zip(names, found[1:], strict=True))
        tags = {_filled(tag.template, values) for tag in mapping.tags if tag.template is not None}
        named = frozenset(tag for tag in tags if tag) | self._found(mapping, row)
        return _Image(found[0], tuple(values.items()), named)

    def _found(self, mapping: Mapping, rows: Sql) -> frozenset[str]:
        """The tags that the mapping's queries find for some rows of the table."""
        alias = ident(self.table.name.name)
        where = f" AND ({mapping.where}) IS TRUE" if mapping.where else ""
        changed = f"SELECT {alias}.* FROM {qname(self.table.name)} AS {alias} WHERE ({rows}){where}"
        out = set()
        for tag in mapping.tags:
            if tag.template is None:
                text = f"WITH changed AS ({changed}) SELECT t.tag FROM (\n{tag.query}\n) AS t (tag) WHERE t.tag <> ''"
                out |= {found for (found,) in self.connection.execute(text)}
        return frozenset(out)


def _expected(mapping: Mapping, event: str, old: _Image | None, new: _Image | None) -> set[str]:
    """What a write of one row must enqueue."""
    images = [image for image in (old, new) if image is not None and image.matches]
    if event == "UPDATE" and old is not None and new is not None and old.matches == new.matches:
        before, after = dict(old.values), dict(new.values)
        watched = before if mapping.watched is None else mapping.watched
        if all(before[name] == after[name] for name in watched):
            return set()
    return set[str]().union(*(image.tags for image in images))


def _truncated(mapping: Mapping, found: frozenset[str]) -> set[str]:
    templates = [tag for tag in mapping.tags if tag.template is not None]
    return {t.template.literal if t.template and t.template.is_static else t.wildcard for t in templates} | found


def _filled(template: Template, values: dict[str, str | None]) -> str | None:
    """The tag for a row; None where a column is NULL."""
    out = ""
    for part in template.parts:
        text = values[part.name] if isinstance(part, Placeholder) else part
        if text is None:
            return None
        out += text
    return out


def _difference(write: Sql, expected: set[str], queued: set[str]) -> str:
    lines = [f"{write}", "enqueues other tags than it must:"]
    lines += [f"  missing     {tag}" for tag in sorted(expected - queued)]
    lines += [f"  unexpected  {tag}" for tag in sorted(queued - expected)]
    return "\n".join(lines)
