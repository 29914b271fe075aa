"""Random schemas for the fuzz of the key prover, and random rows that respect their constraints and nothing more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

import psycopg

# Values that are equal and look different, that differ only in the last bit, that are infinite: by type.
ODD_VALUES: Mapping[str, tuple[str, ...]] = {
    "integer": ("0", "1", "2", "-1"),
    "bigint": ("0", "1", "9007199254740992", "9007199254740993"),
    "smallint": ("0", "1", "2"),
    "numeric": ("0", "1", "1.0", "1.00", "2.50", "1.00000000000000000001", "9007199254740993"),
    "double precision": ("0", "-0", "1", "2.5", "9007199254740992", "infinity"),
    "text": ("a", "A", "b", "", "ab"),
    "character varying": ("a", "A", "b", "", "ab"),
    "character(3)": ("a", "A", "ab"),
    "date": ("2024-01-01", "2024-01-02", "2024-02-01", "infinity"),
    "timestamp": ("2024-01-01 00:00", "2024-01-01 10:00", "2024-01-02 00:00", "infinity"),
    "timestamptz": ("2024-01-01 00:00+00", "2024-01-01 22:00+00", "2024-01-02 00:00+00", "infinity"),
    "boolean": ("t", "f"),
    "uuid": ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"),
    "interval": ("1 day", "24 hours", "30 days", "1 mon"),
    "jsonb": ("1", "1.0", '{"a": 1}', '{"a": 1.0}', "null"),
    "mood": ("sad", "ok", "happy"),
    "int4range": ("empty", "[1,3)", "(,2)", "[2,)"),
    "integer[]": ("{1,2}", "{}", "{1,NULL}", "{1,1}"),
}
KEY_TYPES = (
    *("integer", "integer", "bigint", "bigint", "smallint", "double precision", "numeric"),
    *("text", "character varying", "uuid", "date"),
)
TYPES = (*KEY_TYPES, *ODD_VALUES)
TEXTUAL = frozenset({"text", "character varying"})
SHARED_DDL = "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')"

Cell = str | None
Rows = tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    not_null: bool = False
    generated: str = ""

    def sql(self) -> str:
        generated = f" GENERATED ALWAYS AS ({self.generated}) STORED" if self.generated else ""
        return f"{self.name} {self.type}{' NOT NULL' if self.not_null else ''}{generated}"


@dataclass(frozen=True, slots=True)
class Unique:
    """A constraint, or an index where it is partial or on an expression."""

    columns: tuple[str, ...]
    kind: str = "UNIQUE"
    where: str = ""
    deferrable: bool = False

    @property
    def is_index(self) -> bool:
        return bool(self.where) or any("(" in column for column in self.columns)

    def sql(self, table: str) -> str:
        columns = ", ".join(self.columns)
        if self.is_index:
            return f"CREATE UNIQUE INDEX ON {table} ({columns}){' WHERE ' + self.where if self.where else ''}"
        return f"{self.kind} ({columns}){' DEFERRABLE INITIALLY DEFERRED' if self.deferrable else ''}"


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key on one column; one that is not ``valid`` has rows that break it."""

    column: str
    table: str
    ref_column: str
    valid: bool = True

    def sql(self) -> str:
        return f"FOREIGN KEY ({self.column}) REFERENCES {self.table} ({self.ref_column})"


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    uniques: tuple[Unique, ...] = ()
    references: tuple[Reference, ...] = ()
    checks: tuple[str, ...] = ()
    inherits: str = ""

    def statements(self) -> Iterator[str]:
        parts = [
            *(column.sql() for column in self.columns if not self.inherits),
            *(unique.sql(self.name) for unique in self.uniques if not unique.is_index),
            *(reference.sql() for reference in self.references if reference.valid),
            *(f"CHECK ({check})" for check in self.checks),
        ]
        yield f"CREATE TABLE {self.name} ({', '.join(parts)}){f' INHERITS ({self.inherits})' if self.inherits else ''}"
        yield from (unique.sql(self.name) for unique in self.uniques if unique.is_index)
        for reference in self.references:
            if not reference.valid:
                yield f"ALTER TABLE {self.name} ADD {reference.sql()} NOT VALID"

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns that an INSERT may give."""
        return tuple(column for column in self.columns if not column.generated)

    @property
    def is_lenient(self) -> bool:
        """Whether rows may break constraints: those that are deferred, or not valid."""
        return any(unique.deferrable for unique in self.uniques) or any(not ref.valid for ref in self.references)

    def required(self, column: Column) -> bool:
        in_key = any(unique.kind == "PRIMARY KEY" and column.name in unique.columns for unique in self.uniques)
        return column.not_null or in_key or f"{column.name} IS NOT NULL" in self.checks

    def insert(self, rows: Rows, suffix: str = "") -> str:
        values = ", ".join("(" + ", ".join(map(_literal, row)) + ")" for row in rows)
        return f"INSERT INTO {self.name} ({', '.join(c.name for c in self.stored)}) VALUES {values}{suffix}"


@dataclass(frozen=True, slots=True)
class View:
    """A view, or a materialized view, which stores its rows and so keeps only what was proven about them."""

    name: str
    query: str
    columns: tuple[tuple[str, str], ...]
    materialized: bool = False

    def sql(self) -> str:
        return f"CREATE {'MATERIALIZED ' if self.materialized else ''}VIEW {self.name} AS {self.query}"


@dataclass(frozen=True, slots=True)
class Schema:
    tables: tuple[Table, ...]
    views: tuple[View, ...] = ()

    def statements(self) -> Iterator[str]:
        yield SHARED_DDL
        yield from self.relations()

    def relations(self) -> Iterator[str]:
        """Without the type, which every schema shares."""
        for table in self.tables:
            yield from table.statements()
        yield from (view.sql() for view in self.views)

    @property
    def ddl(self) -> str:
        """The whole schema as a script."""
        return "".join(f"{statement};\n" for statement in self.statements())


@dataclass(frozen=True, slots=True)
class DataSet:
    """Rows of each table; cells are text."""

    rows: Mapping[str, Rows]

    def without(self, table: str, index: int, count: int) -> DataSet:
        kept = self.rows[table][:index] + self.rows[table][index + count :]
        return replace(self, rows={**self.rows, table: kept})


def _literal(cell: Cell) -> str:
    return "NULL" if cell is None else "'" + cell.replace("'", "''") + "'"


class SchemaMaker:
    """Draws schemas."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def schema(self) -> Schema:
        tables: list[Table] = []
        for number in range(self.random.randint(3, 4)):
            tables.append(self._table(f"t{number}", tables))
        if self._chance(0.15):
            parent = self.random.choice(tables)
            columns = tuple(replace(column, not_null=parent.required(column)) for column in parent.columns)
            tables.append(Table("child", columns, inherits=parent.name))
        return Schema(tuple(tables))

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _table(self, name: str, others: list[Table]) -> Table:
        types = [self.random.choice(TYPES) for _ in range(self.random.randint(2, 4))]
        columns = [Column(f"c{i}", kind, self._chance(0.45)) for i, kind in enumerate(types, 1)]
        columns.insert(0, Column("c0", self.random.choice(KEY_TYPES), not_null=True))
        uniques = list(self._uniques(columns))
        references, valid = [], self._chance(0.85)
        if (target := self._target(others)) and self._chance(0.65):
            table, key = target
            column = Column("ref", table.column(key).type, self._chance(0.6))
            columns.append(column)
            references.append(Reference("ref", table.name, key, valid))
            if self._chance(0.3):
                uniques.append(Unique(("ref",)))
        primary = next((u for u in uniques if u.kind == "PRIMARY KEY" and len(u.columns) == 1), None)
        if primary and not primary.deferrable and self._chance(0.35):
            columns.append(Column("parent", columns[0].type))
            references.append(Reference("parent", name, "c0", valid))
        checks = tuple(f"{c.name} IS NOT NULL" for c in columns if not c.not_null and self._chance(0.1))
        source = self.random.choice(columns[1:])
        if source.type in TEXTUAL and self._chance(0.5):
            columns.append(Column("made", "text", generated=f"lower({source.name})"))
            if self._chance(0.5):
                uniques.append(Unique(("made",)))
        return Table(name, tuple(columns), tuple(uniques), tuple(references), checks)

    def _uniques(self, columns: list[Column]) -> Iterator[Unique]:
        names = [column.name for column in columns]
        if self._chance(0.8):
            key = ("c0",) if self._chance(0.7) else tuple(sorted(self.random.sample(names, 2)))
            yield Unique(key, "PRIMARY KEY", deferrable=self._chance(0.05))
        for _ in range(self.random.choice((0, 1, 2, 2, 3))):
            key = tuple(sorted(self.random.sample(names, self.random.choice((1, 1, 2)))))
            roll = self.random.random()
            if roll < 0.3:
                yield Unique(key, deferrable=self._chance(0.15))
            elif roll < 0.45:
                yield Unique(key, "UNIQUE NULLS NOT DISTINCT")
            elif roll < 0.85:
                yield Unique(key, where=self._predicate(columns))
            elif textual := [column.name for column in columns if column.type in TEXTUAL]:
                yield Unique((f"lower({self.random.choice(textual)})",))

    def _predicate(self, columns: list[Column]) -> str:
        column = self.random.choice(columns)
        roll = self.random.random()
        if column.type == "boolean" and roll < 0.6:
            return self.random.choice((column.name, f"NOT {column.name}", f"{column.name} IS NOT TRUE"))
        if roll < 0.35:
            return f"{column.name} IS NULL"
        if roll < 0.75:
            return f"{column.name} IS NOT NULL"
        return f"{column.name} = {literal(column.type, self.random)}"

    def _target(self, others: Iterable[Table]) -> tuple[Table, str] | None:
        """A table that a foreign key can point to, and its key column."""
        targets = [
            (table, unique.columns[0])
            for table in others
            for unique in table.uniques
            if len(unique.columns) == 1
            and not unique.is_index
            and not unique.deferrable
            and unique.columns[0].startswith("c")
        ]
        return self.random.choice(targets) if targets else None


def literal(type_name: str, random: Random) -> str:
    """A typed constant."""
    return f"{_literal(random.choice(ODD_VALUES[type_name]))}::{type_name}"


class RowMaker:
    """Draws a data set, and leaves it loaded in the schema that the connection's search path names.

    The connection is inside a transaction that is never committed, so that deferred constraints stay broken.
    """

    def __init__(self, random: Random, connection: psycopg.Connection) -> None:
        self.random = random
        self.connection = connection
        self.spread = random.choice((0, 0, 4, 12))  # 0: only odd values
        self.null_share = random.choice((0.1, 0.35, 0.6))
        self.size = random.choice((0, 3, 10, 25))

    def load(self, schema: Schema) -> DataSet:
        """Rows for every table.  Those that a constraint refuses are left out."""
        for table in schema.tables:
            count = 0 if self.random.random() < 0.06 else self.random.randint(self.size // 2, self.size)
            for batch in (count // 2, count - count // 2):  # the second may refer to the first
                self._offer(table, tuple(filter(None, (self._row(table) for _ in range(batch)))))
        return DataSet({table.name: self._stored(table) for table in schema.tables})

    def _row(self, table: Table) -> tuple[Cell, ...] | None:
        row = tuple(self._cell(table, column) for column in table.stored)
        missing = any(cell is None and table.required(column) for cell, column in zip(row, table.stored, strict=True))
        return None if missing else row

    def _cell(self, table: Table, column: Column) -> Cell:
        if not table.required(column) and self.random.random() < self.null_share:
            return None
        for reference in table.references:
            if reference.column == column.name and reference.valid:
                return self._referenced(reference)
        return self._value(column.type)

    def _referenced(self, reference: Reference) -> Cell:
        query = (
            f"SELECT {reference.ref_column}::text FROM ONLY {reference.table} WHERE {reference.ref_column} IS NOT NULL"
        )
        found = self.connection.execute(query.encode()).fetchall()
        return self.random.choice(found)[0] if found else None

    def _value(self, kind: str) -> str:
        if not self.spread or self.random.random() < 0.2:
            return self.random.choice(ODD_VALUES[kind])
        number = self.random.randint(0, self.spread)
        match kind:
            case "integer" | "bigint" | "smallint" | "double precision":
                return str(number)
            case "numeric":
                return f"{number}{self.random.choice(('', '.0', '.50'))}"
            case "text" | "character varying" | "character(3)":
                return "".join(self.random.choices("abA", k=self.random.randint(0, 3)))
            case "date":
                return f"2024-01-{1 + number:02}"
            case "timestamp" | "timestamptz":
                return f"2024-01-{1 + number:02} {self.random.choice(('00', '12'))}:00"
            case "uuid":
                return f"00000000-0000-0000-0000-{number:012}"
        return self.random.choice(ODD_VALUES[kind])

    def _offer(self, table: Table, rows: Rows) -> None:
        if not rows:
            return
        if table.is_lenient:  # ON CONFLICT does not go together with deferrable constraints
            for row in rows:
                insert_rows(self.connection, table, (row,))
        else:
            self.connection.execute(table.insert(rows, " ON CONFLICT DO NOTHING").encode())

    def _stored(self, table: Table) -> Rows:
        columns = ", ".join(f"{column.name}::text" for column in table.stored)
        return tuple(self.connection.execute(f"SELECT {columns} FROM ONLY {table.name}".encode()).fetchall())


def insert_rows(connection: psycopg.Connection, table: Table, rows: Rows) -> bool:
    """Whether the constraints accepted the rows, all of them or none."""
    try:
        with connection.transaction():
            if table.is_lenient:  # as if the rows were older than the constraints that were never validated
                connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute(table.insert(rows).encode())
            if table.is_lenient:
                connection.execute("SET LOCAL session_replication_role = origin")
    except psycopg.errors.IntegrityError:
        return False
    return True
