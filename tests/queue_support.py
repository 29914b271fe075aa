"""The invalidation queue of a small project, on real servers: sessions that can be watched while they wait."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
import pytest

from live import MAJORS, Database, fresh_database
from pgspec.compile import compile_project
from pgspec.scratch import ScratchServer, scratch_server
from shop import make_roles, sources

QUEUE = "public.cache_invalidation_queue"
NAMESPACE = 0x70677370
"""The first number of the queue's advisory locks."""

SCHEMA = """\
CREATE TABLE items (id int PRIMARY KEY, value int NOT NULL);
CREATE TABLE writes (item int NOT NULL, shelf int NOT NULL);
CREATE INDEX writes_item ON writes (item);
CREATE INDEX writes_shelf ON writes (shelf);
"""
SPECS = {
    "items.yaml": """\
kind: invalidation
name: items
table: items
on: {insert: true, update: [value], delete: true, truncate: true}
tags: [items, "item:{id}"]
""",
    "writes.yaml": """\
kind: invalidation
name: writes
table: writes
on: {insert: true}
tags: [writes, "item:{item}", "shelf:{shelf}"]
""",
}
ENQUEUE = "SELECT enqueue_cache_invalidation(%s, 1)"
DRAIN = "SELECT drain_cache_invalidation_queue(100, 60)"
_CLEAN = f"""\
SET session_replication_role = replica;
DELETE FROM {QUEUE};
DELETE FROM cache_entries;
DELETE FROM pgspec.cache_tags;
DELETE FROM items;
DELETE FROM writes;
INSERT INTO items VALUES (1, 0), (2, 0);
"""
PATIENCE = 60.0
"""Seconds after which what should have happened has not; no test waits that long when the SQL is right."""


@cache
def generated_sql() -> str:
    """What the compiler prints for the project."""
    result = compile_project(sources(SPECS, schema=SCHEMA))
    assert result.ok, result.diagnostics
    return result.files["generated/schema.sql"]


def generated_function(name: str) -> str:
    """The statement that creates a function, as generated."""
    text = generated_sql()
    start = text.index(f"CREATE FUNCTION {name}(")
    end = "$function$;\n"
    return text[start : text.index(end, start) + len(end)]


def changed(text: str, replacements: Mapping[str, str]) -> str:
    """The text with every occurrence replaced; each must occur, or the test no longer tests what it says."""
    for old, new in replacements.items():
        assert old in text, f"the generated SQL no longer contains {old!r}"
        text = text.replace(old, new)
    return text


def variant(name: str, replacements: Mapping[str, str]) -> str:
    """A statement that puts a changed function in the place of a generated one."""
    return changed(
        generated_function(name),
        {f"CREATE FUNCTION {name}(": f"CREATE OR REPLACE FUNCTION {name}("} | dict(replacements),
    )


def install(database: Database) -> None:
    """The tables and the generated SQL, in an empty database."""
    with database.connect() as connection:
        make_roles(connection)
    database.run(SCHEMA)
    database.run(generated_sql())


@contextmanager
def queue_database(server: ScratchServer) -> Iterator[Database]:
    """A new database with the queue."""
    with fresh_database(server) as database:
        install(database)
        yield database


@contextmanager
def replaced(database: Database, name: str, replacements: Mapping[str, str]) -> Iterator[None]:
    """A changed function in the place of a generated one, for the length of the block."""
    database.run(variant(name, replacements))
    try:
        yield
    finally:
        database.run(variant(name, {}))


class Session:
    """A connection whose statements run in a thread of its own, so that one that waits can be watched."""

    def __init__(self, dsn: str, name: str = "session") -> None:
        self.connection = psycopg.connect(dsn, autocommit=True, application_name=name)
        self.pid = self.connection.info.backend_pid
        self._thread = ThreadPoolExecutor(max_workers=1)
        # A statement that waits for a transaction which the test holds open fails, instead of hanging.
        self.run("SET lock_timeout = '30s'")

    def start(self, statement: str, *values: Any) -> Future[list[tuple[Any, ...]]]:
        """Begin a statement."""
        return self._thread.submit(self._execute, statement, values)

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a statement; it fails if it has to wait for somebody else for long."""
        return self.start(statement, *values).result(PATIENCE)

    def value(self, statement: str, *values: Any) -> Any:
        """The only value of a statement's only row."""
        ((value,),) = self.run(statement, *values)
        return value

    def close(self) -> None:
        """Close the connection; what is open is rolled back."""
        self.connection.cancel()
        self._thread.shutdown(wait=True)
        self.connection.close()

    def _execute(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []


class Sessions:
    """Sessions by name, made when first asked for, and a monitor that never waits itself."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._made: dict[str, Session] = {}

    def __getattr__(self, name: str) -> Session:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._made:
            self._made[name] = Session(self.database.dsn, name)
        return self._made[name]

    def close(self) -> None:
        """Close them all."""
        for session in self._made.values():
            session.close()

    def wait_until_blocked(self, session: Session) -> None:
        """Wait until the session's statement waits for another session."""
        deadline = time.monotonic() + PATIENCE
        while not self.monitor.value("SELECT cardinality(pg_blocking_pids(%s)) > 0", session.pid):
            assert time.monotonic() < deadline, "the statement does not wait for anybody"
            time.sleep(0.005)

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        """Columns of the queue, in order of insertion."""
        return self.monitor.run(f"SELECT {columns} FROM {QUEUE} ORDER BY id")

    def tags(self, where: str = "true") -> list[str]:
        """The tags of the rows of the queue that fulfil a condition."""
        return [tag for (tag,) in self.monitor.run(f"SELECT tag FROM {QUEUE} WHERE {where} ORDER BY id")]

    def pending(self) -> list[str]:
        """The tags of the rows that are not done."""
        return self.tags("processed_at IS NULL")

    def joined(self) -> list[int]:
        """The numbers of the rows that transactions in flight have joined."""
        return self.monitor.value("SELECT pgspec.joined_rows(true)")


def claimed(session: Session, batch: int = 100, lease: int = 60) -> dict[str, tuple[str, list[int]]]:
    """Claim what is due: tag -> token and ids."""
    rows = session.run("SELECT tag, token::text, ids FROM claim_cache_invalidations(%s, %s)", batch, lease)
    return {tag: (token, ids) for tag, token, ids in rows}


def acknowledge(session: Session, token: str, ids: list[int]) -> int:
    """Say that the cache was told; the number of rows that the lease still held."""
    return session.value("SELECT ack_cache_invalidations(%s, %s)", token, ids)


def told(session: Session) -> list[str]:
    """Claim what is due and acknowledge it, as a worker does for whom nothing goes wrong; the tags, sorted."""
    tags = claimed(session)
    for token, ids in tags.values():
        acknowledge(session, token, ids)
    return sorted(tags)


@pytest.fixture(scope="session", params=MAJORS, ids="pg{}".format)
def queue_server(request: pytest.FixtureRequest) -> Iterator[ScratchServer]:
    """A running server of each major under test, which allows prepared transactions."""
    with scratch_server(request.param, {"max_prepared_transactions": "20"}) as running:
        yield running


@pytest.fixture(scope="session")
def _queue_database(queue_server: ScratchServer) -> Iterator[Database]:
    with queue_database(queue_server) as database:
        yield database


@pytest.fixture
def queue(_queue_database: Database) -> Iterator[Sessions]:
    """Sessions on the queue of the small project, which is empty; there are two items."""
    _queue_database.run(_CLEAN)
    sessions = Sessions(_queue_database)
    try:
        yield sessions
    finally:
        sessions.close()
