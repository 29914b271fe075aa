"""Projects with cache invalidations on real servers: compiled, installed, written to, and the queue read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg

from live import Database, fresh_database
from pgspec.compile import compile_project
from pgspec.scratch import ScratchServer
from shop import make_roles, sources, statements

QUEUE = "public.cache_invalidation_queue"


def spec_files(specs: str) -> dict[str, str]:
    """The invalidations in one YAML text, between lines of ``---``, as files; ``kind:`` is added to each."""
    parts = specs.strip().split("\n---\n")
    return {f"m{number}.yaml": f"kind: invalidation\n{part.strip()}\n" for number, part in enumerate(parts)}


def compiled_sql(schema: str, specs: Mapping[str, str]) -> str:
    """schema.sql of the project; a finding is the test's failure."""
    result = compile_project(sources(specs, schema=schema))
    assert result.ok, [(d.span.path, d.span.line, d.code, d.message) for d in result.diagnostics]
    return result.files["generated/schema.sql"]


def install(connection: psycopg.Connection, text: str) -> None:
    """Run a generated script in one transaction."""
    with connection.transaction():
        for statement in statements(text):
            connection.execute(statement.encode())


@contextmanager
def installed(server: ScratchServer, schema: str, specs: Mapping[str, str]) -> Iterator[Database]:
    """A fresh database with the schema and all that the specs ask for."""
    text = compiled_sql(schema, specs)
    with fresh_database(server) as database:
        with database.connect() as connection:
            make_roles(connection)
            connection.execute(schema.encode())
            install(connection, text)
        yield database


def queued(connection: psycopg.Connection) -> list[str]:
    """Every tag in the queue, one for each row, in order of bytes."""
    return sorted(row[0] for row in connection.execute(f"SELECT tag FROM {QUEUE}"))


def emitted(connection: psycopg.Connection, setup: str, write: str) -> list[str]:
    """The tags that ``write`` leaves in the queue, after ``setup``; all of it is rolled back."""
    with connection.transaction(force_rollback=True):
        if setup:
            connection.execute(setup.encode())
        connection.execute(f"TRUNCATE {QUEUE}")
        connection.execute(write.encode())
        return queued(connection)
