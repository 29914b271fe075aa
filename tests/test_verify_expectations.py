"""verify.sql tries every expectation as its real role, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
import pytest

from live import Database
from pgspec import snapshot
from pgspec.compile import Result, compile_project
from pgspec.sources import from_texts

SCHEMA = """\
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'try_user') THEN
    CREATE ROLE try_anon; CREATE ROLE try_user; CREATE ROLE try_job BYPASSRLS;
    CREATE ROLE try_owner; CREATE ROLE try_reader; CREATE ROLE try_deployer BYPASSRLS;
  END IF;
END $$;
CREATE TABLE friends (name text PRIMARY KEY, of text NOT NULL);
CREATE TABLE notes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, friend text NOT NULL REFERENCES friends,
  text text NOT NULL DEFAULT ''
);
CREATE TABLE log (at timestamptz DEFAULT now());
CREATE FUNCTION logged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO log DEFAULT VALUES; RETURN NULL; END $$;
CREATE TRIGGER logged AFTER INSERT ON notes EXECUTE FUNCTION logged();
GRANT SELECT ON friends TO try_user;
GRANT ALL ON notes TO try_job;
GRANT SELECT ON notes TO try_reader;
GRANT INSERT ON log TO PUBLIC;
"""
PROJECT = """\
kind: project
name: notes
roles: {api: [try_anon, try_user], service: [try_job]}
personas:
  anonymous: {role: try_anon}
  alice: {role: try_user, claims: {sub: alice}}
  "o'brien": {role: try_user, claims: {sub: "o'brien"}}
  job: {role: try_job}
fixtures:
  friends: {bob: {name: bob, of: alice}, "o'neill": {name: "o'neill", of: "o'brien"}}
  notes:
    "bob's": {id: 1, friend: bob}
    other: {id: 2, friend: "o'neill", text: "100%_\\\\"}
"""
# What friends are is read from a table, so that no cell of alice can be decided before it is tried.
SPEC = """\
kind: rls
table: notes
policies:
- name: friends
  command: all
  to: [try_user]
  using: EXISTS (SELECT FROM friends AS f WHERE f.name = friend AND f.of = (SELECT pgspec.claim('sub')))
expect:
  select: {anonymous: denied, alice: ["bob's"], "o'brien": [other], job: all}
  insert: {anonymous: denied, alice: ["bob's"], "o'brien": [other], job: all}
  update: {anonymous: denied, alice: ["bob's"], "o'brien": [other], job: all}
  delete: {anonymous: denied, alice: ["bob's"], "o'brien": [other], job: all}
"""


def compiled(spec: str = SPEC) -> Result:
    result = compile_project(
        from_texts({"specs/project.yaml": PROJECT, "specs/schema.sql": SCHEMA, "specs/notes.yaml": spec})
    )
    assert result.ok, result.diagnostics
    return result


def verified(connection: Any, result: Result) -> str:
    said: list[str] = []
    connection.add_notice_handler(lambda notice: said.append(notice.message_primary))
    try:
        connection.execute(result.files["generated/draft/verify.sql"].encode())
    except psycopg.Error as error:
        return str(error)
    return said[-1]


def deployed(connection: Any, result: Result) -> None:
    connection.execute(SCHEMA.encode())
    connection.execute(result.files["generated/draft/migrate.sql"].encode())


def test_every_cell_is_tried_and_undone(database: Database) -> None:
    result = compiled()
    with database.connect() as connection:
        deployed(connection, result)
        before = snapshot.snapshot(connection)
        assert verified(connection, result) == "verify: 32 expectations hold"
        assert snapshot.diff(before, snapshot.snapshot(connection)) == []
        for table in ("friends", "notes", "log"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        who = "SELECT current_user, nullif(current_setting('request.jwt.claims', true), '')"
        assert connection.execute(who).fetchone() == ("postgres", None)
        # Rows that are there already do not hinder it, and stay.
        connection.execute("INSERT INTO friends VALUES ('bob', 'alice'), ('eve', 'alice')")
        connection.execute("INSERT INTO notes (id, friend) OVERRIDING SYSTEM VALUE VALUES (1, 'bob'), (7, 'eve')")
        assert verified(connection, result) == "verify: 32 expectations hold"
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (2,)


def test_a_session_that_can_only_read_says_that_it_did_not_try(database: Database) -> None:
    result = compiled()
    with database.connect() as connection:
        deployed(connection, result)
        connection.execute("SET default_transaction_read_only = on")
        assert (
            verified(connection, result) == "verify: 32 expectations are not tried, since the transaction is read-only"
        )


WRONG: Mapping[str, tuple[str, str]] = {
    'alice: ["bob\'s"]': ("alice: all", "as alice: gives {bob's}, the spec expects {bob's,other}"),
    "select: {anonymous: denied": ("select: {anonymous: none", "as anonymous: gives 42501, the spec expects {}"),
    "job: all": ("job: [other]", "select on public.notes as job: gives {bob's,other}, the spec expects {other}"),
    "insert: {anonymous: denied": (
        'insert: {anonymous: {error: "42501", hint: "*call_?*"}',
        "insert on public.notes as anonymous: gives 42501, the spec expects 42501 with a hint like E'%call",
    ),
}  # fmt: skip


@pytest.mark.parametrize("written", WRONG)
def test_what_the_spec_expects_wrongly_is_named(database: Database, written: str) -> None:
    replacement, said = WRONG[written]
    spec = SPEC.replace(written, replacement, 1)
    if "alice" not in written:  # these could be decided without a server, and were
        spec = spec.replace("table: notes\n", 'table: notes\nallow: {RLS006: "to be shown by the server"}\n')
    with database.connect() as connection:
        deployed(connection, compiled())
        found = verified(connection, compiled(spec))
    assert found.startswith("verify: 1 of 32 expectations failed\n")
    assert said in found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("REVOKE SELECT ON friends FROM try_user", "select on public.notes as alice: gives 42501, the spec"),
        ("GRANT try_reader TO try_anon", "select on public.notes as anonymous: gives {}, the spec expects 42501"),
        ("ALTER TABLE notes ALTER text TYPE varchar(2)", "fixture rows for the expectations of public.notes cannot"),
        ("ALTER TABLE friends ADD CHECK (name <> 'bob')", "cannot be inserted: new row for relation"),
    ],
)  # fmt: skip
def test_what_no_look_at_the_catalog_notices_is_noticed(database: Database, change: str, said: str) -> None:
    result = compiled()
    with database.connect() as connection:
        deployed(connection, result)
        try:
            connection.execute(change.encode())
            found = verified(connection, result)
        finally:
            connection.execute("REVOKE try_reader FROM try_anon")
    assert said in found


def test_a_persona_whom_no_policy_binds_shows_nothing(database: Database) -> None:
    project = PROJECT.replace("  job:", "  reader: {role: try_reader}\n  job:")
    spec = SPEC.replace("job: all", "reader: denied, job: all").replace("select: {", "select: {reader: none, ", 1)
    spec = spec.replace(
        'reader: none, anonymous: denied, alice: ["bob\'s"], "o\'brien": [other], reader: denied,',
        'reader: none, anonymous: denied, alice: ["bob\'s"], "o\'brien": [other],',
    )
    result = compile_project(
        from_texts({"specs/project.yaml": project, "specs/schema.sql": SCHEMA, "specs/notes.yaml": spec})
    )
    assert result.ok, result.diagnostics
    with database.connect() as connection:
        deployed(connection, result)
        assert verified(connection, result) == "verify: 36 expectations hold"
        try:
            connection.execute("ALTER ROLE try_reader BYPASSRLS")
            assert "select on public.notes as reader: no policy binds the role try_reader" in verified(
                connection, result
            )
        finally:
            connection.execute("ALTER ROLE try_reader NOBYPASSRLS")


def test_who_cannot_become_a_persona_is_told_so(database: Database) -> None:
    """Otherwise all cells would look denied."""
    result = compiled()
    with database.connect() as connection:
        connection.execute(SCHEMA.split("CREATE TABLE", maxsplit=1)[0].encode())
        connection.execute(
            f"GRANT ALL ON DATABASE {database.name} TO try_deployer; GRANT ALL ON SCHEMA public TO try_deployer"
        )
        connection.execute("SET SESSION AUTHORIZATION try_deployer")
        deployed(connection, result)
        found = verified(connection, result)
        connection.execute("RESET SESSION AUTHORIZATION; DROP OWNED BY try_deployer")
    assert found.startswith('permission denied to set role "try_')


def test_whom_row_security_binds_says_that_it_did_not_try(database: Database) -> None:
    result = compiled()
    with database.connect() as connection:
        connection.execute(SCHEMA.split("CREATE TABLE", maxsplit=1)[0].encode())
        connection.execute(
            f"GRANT ALL ON DATABASE {database.name} TO try_owner; GRANT ALL ON SCHEMA public TO try_owner"
        )
        connection.execute("SET SESSION AUTHORIZATION try_owner")
        deployed(connection, result)
        found = verified(connection, result)
        connection.execute("RESET SESSION AUTHORIZATION; DROP OWNED BY try_owner")
    assert found == "verify: 32 expectations are not tried, since row security binds try_owner itself"
