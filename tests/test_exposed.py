"""Exposed views on a server: what verify.sql notices, changes there and back, and what the exercise refuses to show."""

from __future__ import annotations

import psycopg
import pytest

from live import Database, fresh_database
from pgspec import snapshot
from pgspec.compile import Result, compile_project
from pgspec.exercises.exposed import ExposedExercise
from pgspec.migration import Printer, Settings
from pgspec.plan import plan
from pgspec.scratch import ScratchServer
from pgspec.sources import from_texts
from pgspec.writes import ExerciseError, NothingShownError

SCHEMA = """\
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ex_anon') THEN
    CREATE ROLE ex_anon; CREATE ROLE ex_user; CREATE ROLE ex_member IN ROLE ex_user; CREATE ROLE ex_owner;
  END IF;
END $$;
CREATE SCHEMA api;
GRANT USAGE ON SCHEMA api TO ex_anon, ex_user, ex_member;
CREATE TABLE notes (id bigint PRIMARY KEY, owner_id text NOT NULL, text text NOT NULL DEFAULT '');
"""
PROJECT = """\
kind: project
name: notes
roles: {api: [ex_anon, ex_user, ex_member], service: [ex_owner]}
personas:
  anonymous: {role: ex_anon}
  alice: {role: ex_user, claims: {sub: alice}}
  bob: {role: ex_member, claims: {sub: bob}}
"""
SPEC = """\
kind: materialized_view
name: counts
unique_key: [owner_id]
query: SELECT owner_id, count(*) AS notes FROM notes GROUP BY owner_id
expose:
  as: api.counts
  where: owner_id = (SELECT pgspec.claim('sub'))
  to: [ex_user]
"""
ROWS = "INSERT INTO notes VALUES (1, 'alice'), (2, 'bob'), (3, 'bob'); REFRESH MATERIALIZED VIEW counts"


def project(text: str = SPEC, project_file: str = PROJECT) -> Result:
    texts = {"specs/project.yaml": project_file, "specs/schema.sql": SCHEMA, "specs/counts.yaml": text}
    result = compile_project(from_texts(texts))
    assert result.ok, result.diagnostics
    return result


def deployed(connection: psycopg.Connection, result: Result) -> None:
    connection.execute(SCHEMA.encode())
    connection.execute(result.files["generated/draft/migrate.sql"].encode())
    connection.execute(ROWS.encode())


DEFINITION = "CREATE OR REPLACE VIEW api.counts WITH (security_barrier=true) AS SELECT owner_id, notes FROM counts"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("SELECT 1", ""),
        ("ALTER VIEW api.counts RESET (security_barrier)", "view api.counts: has other options than security_barrier"),
        ("ALTER VIEW api.counts SET (security_barrier = false)", "view api.counts: has other options"),
        ("ALTER VIEW api.counts SET (security_invoker = true)", "view api.counts: has other options"),
        (DEFINITION, "view api.counts: is not as it was deployed from these specs"),
        ("DROP VIEW api.counts", "view api.counts: does not exist"),
        ("GRANT SELECT ON api.counts TO ex_anon", "access to api.counts: is {ex_anon SELECT, ex_user SELECT}"),
        ("REVOKE SELECT ON api.counts FROM ex_user", "access to api.counts: is {}"),
        ("GRANT SELECT ON counts TO ex_user", "access to public.counts: is {ex_user SELECT}"),
        ("REVOKE USAGE ON SCHEMA pgspec FROM ex_user", "use of schema pgspec: is open to others"),
    ],
)  # fmt: skip
def test_verify_notices(database: Database, change: str, said: str) -> None:
    result = project()
    with database.connect() as connection:
        deployed(connection, result)
        connection.execute(change.encode())
        found = ""
        try:
            connection.execute(result.files["generated/draft/verify.sql"].encode())
        except psycopg.Error as error:
            found = str(error)
    assert (said in found) if said else found == ""


CHANGES = {
    "the condition": SPEC.replace("(SELECT pgspec.claim('sub'))", "(SELECT pgspec.claim('name'))"),
    "no call of claim": SPEC.replace("(SELECT pgspec.claim('sub'))", "current_user"),
    "the roles": SPEC.replace("to: [ex_user]", "to: [ex_anon]"),
    "the name": SPEC.replace("as: api.counts", "as: api.mine"),
    "the query": SPEC.replace("count(*) AS notes", "count(text) AS notes, max(id) AS last"),
    "the owner": SPEC + "owner: ex_owner\n",
    "nothing exposed": SPEC.partition("expose:")[0],
}


@pytest.mark.parametrize("what", CHANGES)
def test_there_and_back(server: ScratchServer, what: str) -> None:
    """Whatever changes, the catalog is what a fresh deployment makes, and after the way back what it was."""
    before, after = project(), project(CHANGES[what])
    printer = Printer(Settings("notes", "3s", "60s", "pgspec"))
    there = printer.migrate_sql("there", plan(before.after, after.after), after.after)
    back = printer.migrate_sql("back", plan(after.after, before.after), before.after)
    grant = "GRANT ALL ON SCHEMA public, api TO ex_owner"
    with (
        fresh_database(server) as changed,
        fresh_database(server) as fresh,
        changed.connect() as one,
        fresh.connect() as other,
    ):
        for connection, result in ((one, before), (other, after)):
            connection.execute(SCHEMA.encode())
            connection.execute(grant.encode())
            connection.execute(result.files["generated/draft/migrate.sql"].encode())
        first = snapshot.snapshot(one)
        one.execute(there.encode())
        one.execute(after.files["generated/draft/verify.sql"].encode())
        assert snapshot.diff(snapshot.snapshot(other), snapshot.snapshot(one)) == []
        one.execute(back.encode())
        assert snapshot.diff(first, snapshot.snapshot(one)) == []


def as_alice(connection: psycopg.Connection, statement: str) -> list[tuple[object, ...]]:
    with connection.transaction():
        connection.execute("""SELECT set_config('request.jwt.claims', '{"sub": "alice"}', true)""")
        connection.execute("SET LOCAL ROLE ex_user")
        return connection.execute(statement.encode()).fetchall()


def test_a_callers_function_sees_no_row_of_others(database: Database) -> None:
    """What the barrier is for: a cheap function of the caller's runs before a condition that is not one."""
    spy = "SELECT count(*) FROM api.counts WHERE spy(owner_id)"
    with database.connect() as connection:
        deployed(connection, project())
        connection.execute(
            "CREATE FUNCTION spy(text) RETURNS boolean COST 0.0001 LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$"
        )
        seen: list[str] = []
        connection.add_notice_handler(lambda notice: seen.append(notice.message_primary or ""))
        connection.execute("SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off")
        assert as_alice(connection, spy) == [(1,)]
        assert seen == ["alice"]
        connection.execute("ALTER VIEW api.counts RESET (security_barrier)")
        as_alice(connection, spy)
        assert "bob" in seen  # the test can fail


def test_the_index_is_used(database: Database) -> None:
    with database.connect() as connection:
        deployed(connection, project())
        connection.execute(
            "INSERT INTO notes SELECT n, 'user ' || n FROM generate_series(10, 20000) AS n;"
            "REFRESH MATERIALIZED VIEW counts; ANALYZE counts"
        )
        lines = [str(line) for (line,) in as_alice(connection, "EXPLAIN SELECT * FROM api.counts")]
    assert any("Index" in line and "counts_key" in line for line in lines), lines


def exercised(connection: psycopg.Connection, result: Result) -> str:
    assert result.program is not None
    view = result.program.views[0]
    assert view.exposed is not None
    return ExposedExercise(connection, result.program.project, view, view.exposed).run()


def test_each_persona_reads_its_rows(database: Database) -> None:
    result = project()
    with database.connect() as connection:
        deployed(connection, result)
        assert exercised(connection, result) == "6 of 7 personas read it"


BROKEN = {
    "a lost condition": (DEFINITION, "alice reads 2 rows, and the condition holds for 1"),
    "another condition": (f"{DEFINITION} WHERE owner_id <> (SELECT pgspec.claim('sub'))", "alice reads 1 rows"),
    "nothing": (f"{DEFINITION} WHERE false", "alice reads 0 rows, and the condition holds for 1"),
    "the stored rows": ("GRANT SELECT ON counts TO ex_user", "alice reads `public.counts` itself"),
    "for anybody": (
        "GRANT SELECT ON api.counts TO ex_anon; GRANT EXECUTE ON FUNCTION pgspec.claim TO ex_anon",
        "anonymous reads `api.counts`, which is not for `ex_anon`",
    ),
    "no right": ("REVOKE ALL ON api.counts FROM ex_user", "alice may not read `api.counts`: permission denied"),
    "no schema": ("REVOKE ALL ON SCHEMA api FROM ex_user", "alice may not read `api.counts`: permission denied"),
    "no claims": ("REVOKE ALL ON FUNCTION pgspec.claim FROM ex_user", "permission denied for function claim"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_the_exercise_notices(database: Database, what: str) -> None:
    change, said = BROKEN[what]
    result = project()
    with database.connect() as connection:
        deployed(connection, result)
        connection.execute(change.encode())
        with pytest.raises(ExerciseError, match="(?s).*" + said.replace("(", r"\(")):
            exercised(connection, result)


def test_an_exercise_that_shows_nothing_says_so(database: Database) -> None:
    result = project()
    with database.connect() as connection:
        deployed(connection, result)
        connection.execute("DELETE FROM notes WHERE owner_id = 'bob'; REFRESH MATERIALIZED VIEW counts")
        assert exercised(connection, result)  # a request without a session sees nothing
        connection.execute("DELETE FROM notes; REFRESH MATERIALIZED VIEW counts")
        with pytest.raises(NothingShownError, match="no persona sees a row"):
            exercised(connection, result)
        nobody = project(SPEC, PROJECT.partition("  alice")[0])
        with pytest.raises(NothingShownError, match="no persona has a role"):
            exercised(connection, nobody)
        connection.execute(
            "DROP VIEW api.counts; CREATE VIEW api.counts AS SELECT * FROM counts WHERE owner_id IS NOT NULL"
        )
        connection.execute("GRANT SELECT ON api.counts TO ex_user")
        connection.execute(ROWS.encode())
        everybody = project(SPEC.replace("= (SELECT pgspec.claim('sub'))", "<> current_user"))
        with pytest.raises(NothingShownError, match="every persona sees all rows"):
            exercised(connection, everybody)


@pytest.mark.parametrize(
    ("where", "codes"),
    [
        ("owner_id = (SELECT pgspec.claim('sub'))", set()),
        ("owner_id = current_user", set()),
        ("owner_id = (SELECT me())", set()),  # a function that may ask who it is
        ("owner_id IN (SELECT f.name FROM friends f WHERE f.of = (SELECT pgspec.claim('sub')))", set()),
        ("owner_id = (SELECT fixed())", {"MV016"}),
        ("owner_id IN (SELECT f.name FROM friends f)", {"MV016"}),
        ("notes > 3", {"MV016"}),
        ("(SELECT pgspec.claim('role')) = 'admin'", {"MV016"}),
        ("true", {"MV016"}),
        ("notes = (SELECT pgspec.claim_bigint('n'))", {"MV017"}),
        ("notes = (SELECT pgspec.claim_bigint('n')) AND owner_id = (SELECT pgspec.claim('sub'))", set()),
        ("notes = ANY (ARRAY(SELECT pgspec.claim_bigint('n')))", {"MV017"}),
        ("notes IN (1, 2) AND owner_id LIKE (SELECT pgspec.claim('sub'))", {"MV017"}),
        ("notes = length(owner_id) AND owner_id > (SELECT pgspec.claim('sub'))", set()),  # no index would help
        ("notes = (SELECT pgspec.claim_bigint('n')) OR owner_id = (SELECT pgspec.claim('sub'))", set()),
        ("owner_id = pgspec.claim('sub')", {"RLS004"}),
        ("owner_id = (SELECT pgspec.claim('user_metadata.sub'))", {"RLS003"}),
        ("owner_id", {"MV015"}),
        ("owner = (SELECT pgspec.claim('sub'))", {"SQL003"}),
        ("owner_id = (SELECT pgspec.claims('sub'))", {"SQL005"}),
    ],
)
def test_findings(where: str, codes: set[str]) -> None:
    schema = f"""{SCHEMA}
        CREATE FUNCTION me() RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN current_user; END $$;
        CREATE FUNCTION fixed() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'x' $$;
        CREATE TABLE friends (name text, of text);
    """
    spec = SPEC.replace("owner_id = (SELECT pgspec.claim('sub'))", f'"{where}"')
    texts = {"specs/project.yaml": PROJECT, "specs/schema.sql": schema, "specs/counts.yaml": spec}
    assert {item.code for item in compile_project(from_texts(texts)).diagnostics} == codes


def test_claim_comes_only_where_it_is_called() -> None:
    assert "pgspec.claim" in project().files["generated/schema.sql"]
    without = project(SPEC.replace("(SELECT pgspec.claim('sub'))", "current_user")).files["generated/schema.sql"]
    assert "CREATE VIEW api.counts" in without and "pgspec.claim" not in without
