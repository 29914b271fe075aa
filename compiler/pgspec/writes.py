"""Writes to one row of a table on a live server, for showing what triggers do.

The table's constraints and other triggers are set aside, so that any column can be given any value; all of it happens
in a transaction that is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pgspec.catalog import Catalog, Relation
from pgspec.mappings import base_type
from pgspec.sql import Sql, commas, ident, literal, qname

_NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision", "money"})
_TEXTS = frozenset({"text", "character varying", "character", "name"})
_TIMES = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})


class ExerciseError(Exception):
    """A write did something else than it must."""


class NothingShownError(Exception):
    """There is nothing on which a trigger could be shown; ``help`` says what is missing."""

    def __init__(self, message: str, help_: str) -> None:
        super().__init__(message)
        self.help = help_


@dataclass(frozen=True, slots=True)
class Writes:
    """Writes to ``table``, on a connection in autocommit whose role owns it."""

    connection: Any
    catalog: Catalog
    table: Relation

    def row(self, where: str | None, name: str) -> Sql:
        """The condition that finds one row that ``where`` matches.  `NothingShownError` when there is none to show what
        the spec ``name`` does."""
        alias = ident(self.table.name.name)
        condition = f" WHERE ({where}) IS TRUE" if where else ""
        target = f"{qname(self.table.name)} AS {alias}{condition}"
        text = f"SELECT tableoid::bigint, ctid::text FROM {target} ORDER BY ctid LIMIT 1"
        found = self.connection.execute(text).fetchone()
        if found is None:
            which = f"no row of `{self.table.name}` matches its `where`" if where else f"`{self.table.name}` is empty"
            help_ = f"add one under `fixtures: {{{self.table.name.name}: ...}}` in project.yaml"
            raise NothingShownError(f"nothing shows what `{name}` does: {which}", help_)
        return self._at(found)

    def _at(self, found: Any) -> Sql:
        alias = ident(self.table.name.name)
        return Sql(f"{alias}.tableoid = {found[0]} AND {alias}.ctid = {literal(found[1])}")

    @contextmanager
    def set_aside(self, triggers: Sequence[str]) -> Iterator[None]:
        """The table without its constraints, its unique indexes and all other triggers; as it was afterwards."""
        table = qname(self.table.name)
        with self.connection.transaction(force_rollback=True):
            run = self.connection.execute
            run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for (name,) in run(
                "SELECT tgname FROM pg_catalog.pg_trigger WHERE tgrelid = %s::regclass AND tgname = ANY (%s)",
                [table, list(triggers)],
            ).fetchall():
                run(f"ALTER TABLE {table} ENABLE TRIGGER {ident(name)}")
            constraints = (
                "SELECT conname FROM pg_catalog.pg_constraint"
                " WHERE conrelid = %s::regclass AND contype IN ('c', 'f', 'p', 'u', 'x')"
            )
            for (name,) in run(constraints, [table]).fetchall():
                run(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {ident(name)} CASCADE")
            unique = (
                "SELECT indexrelid::regclass::text FROM pg_catalog.pg_index"
                " WHERE indrelid = %s::regclass AND indisunique"
            )
            for (name,) in run(unique, [table]).fetchall():
                run(f"DROP INDEX {name}")
            yield

    def update(self, column: str, value: Sql, row: Sql) -> Sql:
        """An UPDATE of one column."""
        alias = ident(self.table.name.name)
        return Sql(f"UPDATE {qname(self.table.name)} AS {alias} SET {ident(column)} = {value} WHERE {row}")

    def write(self, event: str, row: Sql) -> Sql:
        """The statement that deletes a row, inserts it once more, or truncates the table."""
        table, alias = qname(self.table.name), ident(self.table.name.name)
        if event == "DELETE":
            return Sql(f"DELETE FROM {table} AS {alias} WHERE {row}")
        if event == "TRUNCATE":
            return Sql(f"TRUNCATE {table}")
        columns = commas(ident(c.name) for c in self.table.columns.values() if c.generated is None)
        read = f"SELECT {columns} FROM {table} AS {alias} WHERE {row}"
        return Sql(f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE {read}")

    def other_values(self, name: str) -> list[Sql]:
        """Expressions for another value than a column has now, likely ones first."""
        base, column = base_type(self.table.columns[name].type, self.catalog), ident(name)
        other = f"(SELECT s.{column} FROM {qname(self.table.name)} AS s WHERE s.{column} IS NOT NULL"
        found = []
        if base == "boolean":
            found = [f"{column} IS NOT TRUE"]
        elif base in _NUMBERS:
            found = [f"coalesce({column}, 0::{base}) + 1::{base}"]
        elif base in _TEXTS:
            found = [f"coalesce({column}, '') || 'x'", "'x'"]
        elif base in _TIMES:
            found = [f"coalesce({column}, '2000-01-01')::timestamp + interval '1 day'"]
        elif base == "uuid":
            found = ["'00000000-0000-4000-8000-000000000000'"]
        elif base in ("json", "jsonb"):
            found = ["""'{"pgspec": 1}'"""]
        elif base.endswith("[]"):
            found = [f"CASE WHEN {column} IS NULL THEN '{{}}'::{base} END"]
        for enum, labels in self.catalog.enums.items():
            if base == str(enum):
                found = [literal(label) for label in labels]
        return [Sql(value) for value in (*found, f"{other} AND s.{column}::text <> {column}::text LIMIT 1)", "NULL")]

    def written(self, write: Sql, event: str) -> Sql | None:
        """Run the write; the condition that finds the row as it is now."""
        if event not in ("INSERT", "UPDATE"):
            self.connection.execute(write)
            return None
        text = f"WITH w AS ({write} RETURNING tableoid::bigint, ctid::text) SELECT * FROM w"
        found = self.connection.execute(text).fetchone()
        return self._at(found) if found else None
