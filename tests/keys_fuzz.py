"""Differential fuzz of the key prover: what it claims about random queries is checked on a real server.

A claim is wrong as soon as one data set that respects the schema's constraints contradicts it.  A wrong claim is
shrunk and printed as a script.  Every schema has its own seed, so that a finding is reproduced by one number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

import psycopg

from keys_fuzz_queries import QueryMaker
from keys_fuzz_schema import SHARED_DDL, DataSet, RowMaker, Schema, SchemaMaker, View, insert_rows

QUERIES_PER_SCHEMA = 24
DATA_SETS = 3
MOST_ROWS = 3000
SUBSETS = 6


class Database(Protocol):
    """Where to run."""

    @property
    def dsn(self) -> str: ...

    def connect(self) -> psycopg.Connection:
        """In autocommit."""
        ...


@dataclass(frozen=True, slots=True)
class Prover:
    """What is under test: reads DDL, analyses a query against it, and judges a set of columns."""

    read: Callable[[str], Any]
    analyse: Callable[[str, Any], Any]
    check_key: Callable[[Any, Sequence[str]], Any]


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that the prover says about the result of a query."""

    kind: str
    columns: tuple[str, ...] = ()
    said: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {', '.join(self.columns)} {self.said}".strip()


@dataclass(frozen=True, slots=True)
class Case:
    """All that a claim is about: what to create, what to load, what to ask."""

    schema: Schema
    data: DataSet
    query: str

    def script(self, claim: Claim) -> str:
        """Statements for psql that show what is wrong; nothing remains of them."""
        lines = ["BEGIN;", f"{SHARED_DDL};"]
        for table in self.schema.tables:
            lines += (f"{statement};" for statement in table.statements())
        for table in self.schema.tables:
            if rows := self.data.rows.get(table.name):
                insert = f"{table.insert(rows)};"
                lines += _as_replica(insert) if table.is_lenient else [insert]
        lines += (f"{view.sql()};" for view in self.schema.views)
        return "\n".join([*lines, f"-- the prover claims: {claim}", f"{self.query};", "ROLLBACK;"])


def _as_replica(insert: str) -> list[str]:
    return ["SET LOCAL session_replication_role = replica;", insert, "SET LOCAL session_replication_role = origin;"]


@dataclass(slots=True)
class Report:
    """What a run did, and the first wrong claim, if there is one."""

    seed: str
    counts: Counter[str] = field(default_factory=Counter)
    claim: Claim | None = None
    case: Case | None = None

    def __str__(self) -> str:
        done = ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))
        head = f"seed {self.seed}: {done}"
        return f"{head}\n\n{self.case.script(self.claim)}" if self.case and self.claim else head


def fuzz(database: Database, prover: Prover, seed: str, queries: int) -> Report:
    """Check ``queries`` queries, or stop at the first wrong claim.  ``seed`` is any text, or ``text/number`` for one
    schema of such a run."""
    report = Report(seed)
    prepare(database)
    numbers = [int(seed.partition("/")[2])] if "/" in seed else range(-(-queries // QUERIES_PER_SCHEMA))
    for number in numbers:
        report.seed = f"{seed.partition('/')[0]}/{number}"
        if fuzz_schema(database, prover, Random(report.seed), report):
            break
    return report


def prepare(database: Database) -> None:
    """What every schema shares."""
    with database.connect() as connection:
        if not connection.execute("SELECT 1 FROM pg_type WHERE typname = 'mood'").fetchone():
            connection.execute(SHARED_DDL.encode())


def fuzz_schema(database: Database, prover: Prover, random: Random, report: Report) -> bool:
    """Check the queries of one schema; whether a claim was wrong."""
    schema = SchemaMaker(random).schema()
    with ExitStack() as stack:
        loaded: list[tuple[psycopg.Connection, DataSet]] = []
        for number in range(DATA_SETS):
            connection = stack.enter_context(sandbox(database, f"fuzz{number}"))
            for statement in schema.relations():
                connection.execute(statement.encode())
            loaded.append((connection, RowMaker(random, connection).load(schema)))
        connections = [connection for connection, _ in loaded]
        schema = _with_views(schema, connections, random)
        catalog = prover.read(schema.ddl)
        report.counts["schemas"] += 1
        for _ in range(QUERIES_PER_SCHEMA):
            query = QueryMaker(random, schema).query(random.choice((1, 2, 2, 3))).sql
            if not _accepted(connections[0], f"SELECT FROM ({query}) AS q LIMIT 0"):
                report.counts["refused by the server"] += 1
                continue
            report.counts["queries"] += 1
            claims = claims_of(prover, query, catalog, random)
            report.counts["claims"] += len(claims)
            report.counts["queries with a key"] += any(claim.kind in ("unique", "one row") for claim in claims)
            for connection, data in loaded:
                try:
                    wrong = wrong_claims(connection, query, claims)
                except psycopg.Error as error:
                    report.counts[f"error: {type(error).__name__}"] += 1
                    continue
                if wrong:
                    report.claim, report.case = wrong[0], Case(schema, data, query)
                    return True
    return False


def _with_views(schema: Schema, connections: Sequence[psycopg.Connection], random: Random) -> Schema:
    """The schema with views that work on all data sets."""
    for name, materialized in (("v0", False), ("v1", True), ("v2", True)):
        query = QueryMaker(random, schema).query(2)
        view = View(name, query.sql, tuple((c.sql, c.type) for c in query.columns), materialized)
        accepted = [_accepted(connection, view.sql()) for connection in connections]  # all are asked, all are alike
        if all(accepted):
            schema = Schema(schema.tables, (*schema.views, view))
        else:
            for connection in connections:
                connection.execute(f"DROP {'MATERIALIZED ' * materialized}VIEW IF EXISTS {name}".encode())
    return schema


def _accepted(connection: psycopg.Connection, statement: str) -> bool:
    try:
        with connection.transaction():
            connection.execute(statement.encode())
    except psycopg.Error:
        return False
    return True


@contextmanager
def sandbox(database: Database, schema: str) -> Iterator[psycopg.Connection]:
    """A connection whose transaction never ends well, in an empty schema of its own."""
    with psycopg.connect(database.dsn, autocommit=False) as connection:
        try:
            connection.execute("SET LOCAL statement_timeout = '3s'")
            connection.execute(f"CREATE SCHEMA {schema}".encode())
            connection.execute(f"SET LOCAL search_path = {schema}, public".encode())
            yield connection
        finally:
            connection.rollback()


def claims_of(prover: Prover, query: str, catalog: Any, random: Random) -> list[Claim]:
    """All that the prover says: of the columns, of the keys, and of a few column sets that it is asked about."""
    try:
        analysis = prover.analyse(query, catalog)
        names = [column.name for column in analysis.columns]
        claims = list(_of_columns(analysis))
        if names and len(set(names)) == len(names):
            keys = [tuple(key.columns) for key in analysis.keys]
            asked = [tuple(random.sample(names, random.randint(1, min(3, len(names))))) for _ in range(SUBSETS)]
            claims += (Claim("unique", columns) for columns in keys)
            for columns in filter(None, dict.fromkeys([*keys, *asked])):
                claims += _when_asked(prover.check_key(analysis, columns), columns, names)
    except Exception as error:
        return [Claim("no crash", (), f"{type(error).__name__}: {error}")]
    return claims


def _of_columns(analysis: Any) -> Iterator[Claim]:
    for position, column in enumerate(analysis.columns):
        yield Claim("name", (str(position),), column.name)
        if column.type is not None:
            yield Claim("type", (str(position),), column.type)
        if not column.nullable:
            yield Claim("not null", (str(position),))
    if analysis.single_row:
        yield Claim("one row")


def _when_asked(verdict: Any, columns: tuple[str, ...], names: list[str]) -> Iterator[Claim]:
    if verdict.unique:
        yield Claim("unique", columns, "when asked")
    if verdict.unique_where_not_null:
        yield Claim("unique where not null", columns)
    if verdict.proven:
        yield Claim("unique", columns, "and proven")
        yield from (Claim("not null", (str(names.index(column)),), "as part of a key") for column in columns)
    else:
        yield Claim("explained", columns, "" if verdict.reasons or verdict.nullable else "no reason")


def wrong_claims(connection: psycopg.Connection, query: str, claims: Sequence[Claim]) -> list[Claim]:
    """The claims that the rows in this connection's schema contradict; all of them are looked at in one query."""
    with connection.transaction():
        head = connection.execute(f"SELECT * FROM ({query}) AS q LIMIT 0".encode()).description or []
        names = [column.name for column in head]
        types = _type_names(connection, [column.type_code for column in head])
        aliases = [f"r{position}" for position in range(len(names))]
        tests = ", ".join(["count(*)", *(_test(claim, names) for claim in claims)])
        rows = f"(SELECT * FROM ({query}) AS q LIMIT {MOST_ROWS}) AS r ({', '.join(aliases)})"
        answers = connection.execute(f"SELECT {tests} FROM {rows}".encode()).fetchone()
    assert answers is not None
    wrong = []
    for claim, answer in zip(claims, answers[1:], strict=True):
        match claim.kind:
            case "name":
                holds = names[int(claim.columns[0])] == claim.said
            case "type":
                holds = types[int(claim.columns[0])] == claim.said
            case "explained" | "no crash":
                holds = not claim.said
            case _:
                holds = bool(answer)
        if not holds:
            wrong.append(claim)
    return wrong


def _test(claim: Claim, names: Sequence[str]) -> str:
    """An expression over the rows that is true when the claim holds.  Equality is the server's, NULLs are equal."""
    match claim.kind:
        case "not null":
            return f"count(*) = count(r{claim.columns[0]})"
        case "one row":
            return "count(*) <= 1"
        case "unique":
            return f"count(*) = count(DISTINCT ROW({_row(claim, names)}))" if claim.columns else "count(*) <= 1"
        case "unique where not null":
            row = _row(claim, names)
            complete = f"FILTER (WHERE num_nulls({row}) = 0)"
            return f"count(*) {complete} = count(DISTINCT ROW({row})) {complete}"
    return "true"


def _row(claim: Claim, names: Sequence[str]) -> str:
    return ", ".join(f"r{names.index(column)}" for column in claim.columns)


def _type_names(connection: psycopg.Connection, oids: Sequence[int]) -> list[str]:
    """As a catalog spells them: qualified unless built in."""
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL search_path = pg_catalog")
        rows = connection.execute(
            "SELECT format_type(t, NULL) FROM unnest(%s::oid[]) WITH ORDINALITY AS o (t, n) ORDER BY n", [list(oids)]
        )
        return [name for (name,) in rows]


def load(connection: psycopg.Connection, case: Case) -> bool:
    """Create and fill everything; whether the constraints and the server accept it."""
    try:
        for table in case.schema.tables:
            for statement in table.statements():
                connection.execute(statement.encode())
        for table in case.schema.tables:
            if (rows := case.data.rows.get(table.name)) and not insert_rows(connection, table, rows):
                return False
        for view in case.schema.views:
            connection.execute(view.sql().encode())
    except psycopg.Error:
        return False
    return True


def still_wrong(database: Database, prover: Prover, case: Case, kind: str) -> Claim | None:
    """A claim of this kind that the case contradicts."""
    with sandbox(database, "shrunk") as connection:
        if not load(connection, case) or not _accepted(connection, f"SELECT FROM ({case.query}) AS q LIMIT 0"):
            return None
        claims = claims_of(prover, case.query, prover.read(case.schema.ddl), Random(0))
        claims = [claim for claim in claims if claim.kind == kind]
        try:
            wrong = wrong_claims(connection, case.query, claims)
        except psycopg.Error:
            return None
        return wrong[0] if wrong else None
