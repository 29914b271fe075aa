"""A project with an event log on real servers, as generated or with something changed in its SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from live import Database, fresh_database
from pgspec.compile import Result, compile_project
from pgspec.scratch import ScratchServer
from pgspec.sources import from_texts

ROLES = """\
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'log_anon') THEN
    CREATE ROLE log_anon LOGIN; CREATE ROLE log_user LOGIN; CREATE ROLE log_service LOGIN;
  END IF;
END $$;
"""
PROJECT = "kind: project\nname: logged\nroles: {api: [log_anon, log_user], service: [log_service]}\n"
LOG = """\
kind: event_log
name: hits
labels:
  endpoint: {max_cardinality: 3, normalize: path}
  method: {values: [GET, POST]}
  status: {type: int, max_cardinality: 2}
identifiers: {request_id: text, visitor: uuid}
measures: {took_ms: double precision, cached: boolean, cost: numeric}
retention: 3 days
access: {record: [log_user]}
"""


def compiled(log: str = LOG, *more: str) -> Result:
    texts = {"specs/project.yaml": PROJECT, "specs/schema.sql": "", "specs/log.yaml": "---\n".join([log, *more])}
    result = compile_project(from_texts(texts))
    assert result.ok, [(d.span.line, d.code, d.message) for d in result.diagnostics]
    return result


def migration(result: Result, changes: Mapping[str, str] = {}, name: str = "migrate") -> str:
    """The draft with every occurrence replaced; each must occur, or the test no longer tests what it says."""
    text = result.files[f"generated/draft/{name}.sql"]
    for old, new in changes.items():
        assert old in text, f"the generated SQL no longer contains {old!r}"
        text = text.replace(old, new)
    return text


@contextmanager
def logged(server: ScratchServer, changes: Mapping[str, str] = {}, result: Result | None = None) -> Iterator[Database]:
    """A database with the log."""
    with fresh_database(server) as database:
        database.run(ROLES)
        database.run(migration(result or compiled(), changes))
        yield database


def one(connection: psycopg.Connection, query: str, values: Sequence[Any] = ()) -> Any:
    """The only value of the only row."""
    rows = connection.execute(query.encode(), values).fetchall()
    assert len(rows) == 1 and len(rows[0]) == 1, rows
    return rows[0][0]


def record(connection: psycopg.Connection, log: str = "hits", **values: Any) -> str:
    """Record an event; its request id."""
    arguments = ", ".join(f"{name} => %s" for name in values)
    found = one(connection, f"SELECT record_{log}({arguments})", list(values.values()))
    assert isinstance(found, str) and found
    return found


def event(connection: psycopg.Connection, request_id: str, log: str = "hits") -> dict[str, Any]:
    """The event of a request."""
    cursor = connection.execute(f"SELECT * FROM {log} WHERE request_id = %s".encode(), [request_id])
    names = [column.name for column in cursor.description or ()]
    (row,) = cursor.fetchall()
    return dict(zip(names, row, strict=True))


def recorded(connection: psycopg.Connection, log: str = "hits", **values: Any) -> dict[str, Any]:
    """Record an event; what is there of it."""
    return event(connection, record(connection, log, **values), log)
