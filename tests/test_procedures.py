"""Procedures, as objects like any other: made, replaced, granted, verified, compared and dropped on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from drift_world import lines, look, mend
from live import Database
from pgspec.compile import Result
from pgspec.migration import Printer
from pgspec.objects import Key, SqlObject
from pgspec.plan import plan
from pgspec.snapshot import diff, snapshot
from shop import SCHEMA, compiled, make_roles
from test_change_fuzz import run

COMMITS = "\nBEGIN\n  COMMIT;\n  RAISE NOTICE 'seen %', number;\nEND\n"


def tick(body: str = COMMITS, roles: tuple[str, ...] = ("keeper",)) -> SqlObject:
    definition = {
        "name": ["public", "tick"],
        "arguments": [["number", "integer", "3"]],
        "language": "plpgsql",
        "settings": [],
        "body": body,
        "revoke": ["anon", "keeper", "service_role"],
        "execute": list(roles),
    }
    key = Key("procedure", "public.tick(integer)")
    return SqlObject(key, definition, depends_on=(Key("schema", "pgspec"),))


def with_procedure(result: Result, item: SqlObject) -> Result:
    after = {**result.after, item.key: item}
    return replace(result, after=after, draft=plan(result.before, after))


@pytest.fixture
def project() -> Result:
    return with_procedure(
        compiled({"v.yaml": "kind: materialized_view\nname: v\nunique_key: [id]\nquery: SELECT id FROM orders\n"}),
        tick(),
    )


def printer(result: Result) -> Printer:
    assert result.settings is not None
    return Printer(result.settings)


@pytest.fixture
def connection(database: Database, project: Result) -> Iterator[psycopg.Connection]:
    with database.connect() as connection:
        make_roles(connection)
        connection.execute(SCHEMA.encode())
        run(connection, printer(project).migrate_sql("t", project.draft, project.after))
        yield connection


def verify(connection: psycopg.Connection, result: Result) -> None:
    run(connection, printer(result).verify_sql("t", result.after))


def test_it_may_commit_and_is_closed(connection: psycopg.Connection, project: Result) -> None:
    verify(connection, project)
    connection.execute("SET ROLE keeper")
    connection.execute("CALL public.tick()")
    connection.execute("SET ROLE anon")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CALL public.tick()")


def test_there_and_back(connection: psycopg.Connection, project: Result) -> None:
    before = snapshot(connection)
    other = with_procedure(project, tick("\nBEGIN\n  NULL;\nEND\n", ("service_role",)))
    run(connection, printer(other).migrate_sql("t", plan(project.after, other.after), other.after))
    verify(connection, other)
    with pytest.raises(psycopg.errors.RaiseException, match=r"procedure public.tick\(integer\): is not as it was"):
        verify(connection, project)
    run(connection, printer(other).migrate_sql("t", plan(other.after, project.after), project.after))
    assert diff(before, snapshot(connection)) == []
    run(connection, printer(project).migrate_sql("t", plan(project.after, {}), {}))
    assert not [name for name in snapshot(connection) if name.startswith("procedure ")]


@pytest.mark.parametrize(
    ("edit", "found", "failure"),
    [
        ("DROP PROCEDURE tick", "missing procedure public.tick(integer): does not exist", "does not exist"),
        (
            "CREATE OR REPLACE PROCEDURE tick(number integer DEFAULT 3) LANGUAGE plpgsql AS 'BEGIN END'",
            "changed procedure public.tick(integer): is not as it was deployed",
            "is not as it was deployed from these specs",
        ),
        (
            "GRANT EXECUTE ON PROCEDURE tick TO PUBLIC",
            "added EXECUTE on procedure public.tick(integer) to PUBLIC: is in no spec",
            "can be executed by others than the spec says",
        ),
        (
            "REVOKE EXECUTE ON PROCEDURE tick FROM keeper",
            "missing EXECUTE on procedure public.tick(integer) to keeper: was revoked",
            "can be executed by others than the spec says",
        ),
        (
            "DROP PROCEDURE tick; CREATE PROCEDURE tick(n integer) LANGUAGE plpgsql AS 'BEGIN END'",
            "changed procedure public.tick(integer): is not as it was deployed",
            "is not as it was deployed from these specs",
        ),
    ],
)  # fmt: skip
def test_edits_are_named_and_mended(
    connection: psycopg.Connection, database: Database, project: Result, edit: str, found: str, failure: str
) -> None:
    before = snapshot(connection)
    assert lines(look(database, project)) == []
    connection.execute(edit.encode())
    seen = look(database, project)
    assert any(line.startswith(found) for line in lines(seen)), lines(seen)
    with pytest.raises(psycopg.errors.RaiseException, match=failure):
        verify(connection, project)
    mend(connection, seen)
    assert diff(before, snapshot(connection)) == []
    verify(connection, project)
