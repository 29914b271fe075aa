"""Each pitfall of row security: that pgspec finds it, that it finds nothing in the variant beside it, and that
PostgreSQL really behaves as the finding says."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString, cast

import psycopg
import pytest

from live import Database
from pgspec import testing
from pgspec.bodies import Body
from pgspec.migration import Printer, Settings
from pgspec.plan import plan
from pgspec.policies import CLAIMS
from pgspec.rules.rls_indexes import LEAKPROOF_TYPES
from rls_pitfalls import (
    ADMINS,
    ASKS,
    CHECKED,
    CHILD,
    FAMILY,
    FOUND,
    MINE,
    MORE,
    ORG,
    ROLES,
    SELECT,
    TABLES,
    UPDATE,
    codes,
    compiled,
    function,
    notes,
    policy,
)


@pytest.mark.parametrize("pitfall", FOUND)
def test_is_found_and_nothing_beside_it(pitfall: str) -> None:
    bad, code, good = FOUND[pitfall]
    assert codes(*bad) == {code}
    assert codes(*good) == set()


@pytest.mark.parametrize("what", MORE)
def test_is_judged_as_it_should(what: str) -> None:
    schema, specs, wanted = MORE[what]
    assert codes(schema, specs) == wanted


def test_says_who_reads_and_who_is_not_bound() -> None:
    schema, specs, _ = MORE["renamed"]
    (recursive,) = (d for d in compiled(schema, specs).diagnostics if d.code == "RLS005")
    assert recursive.message.endswith("reads its own table through `public.allowed()`, as `y`, whom policies bind too")
    (free,) = (d for d in compiled(*FOUND["P15 BYPASSRLS"][0]).diagnostics if d.code == "RLS024")
    assert (free.message, free.help) == ("no policy binds `pit_user`", "ALTER ROLE pit_user NOBYPASSRLS NOSUPERUSER;")


WORDS = (
    *("from", "join", "update", "into", "distinct", "as", "raise", "notice", "select", "begin", "current_user", "x"),
    *(",", "(", ")", "((", ".", ";", "'", '"', 'b."C"', "$$", "/*", "--\n", "1", "=", "E'", 'U&"y"', "\\", "é", " "),
)


def test_any_text_can_be_a_body() -> None:
    """Whatever it is, reading it does not fail, and what it mentions is in it."""
    rng, mentioned = random.Random(1), 0
    for number in range(3000):
        text = " "[: number % 2].join(rng.choices(WORDS, k=rng.randint(0, 12)))
        body = Body.of(text)
        for mention in (*body.reads, *body.calls):
            mentioned += 1
            assert 0 <= mention.start < mention.end <= len(text), text
    assert mentioned > 100


@pytest.mark.parametrize(
    "open_to_strangers",
    [
        "(SELECT pgspec.claim('org')) IS DISTINCT FROM 'b'",
        "coalesce((SELECT pgspec.claim('role')), 'admin') = 'admin'",
        "NOT coalesce((SELECT pgspec.claim('banned'))::boolean, false)",
        "spare IS NOT DISTINCT FROM (SELECT pgspec.claim('sub'))",
        "(SELECT pgspec.claim('sub')) IS NULL",
    ],
)
def test_a_condition_that_is_true_without_claims_is_found(open_to_strangers: str) -> None:
    """P9: whoever has no session passes."""
    found = compiled("ALTER TABLE notes ADD spare text;", notes(policy(f"{open_to_strangers}")))
    assert [d.message for d in found.diagnostics if d.code == "RLS010"][:1] == [
        "`select` as alice without a session reaches `hers`, which it must not"
    ]


# What PostgreSQL does.


@contextmanager
def deployed(database: Database, schema: str, specs: str, *allowed: str) -> Iterator[psycopg.Connection]:
    """A server with the specs migrated and the fixture rows there; ``allowed``: the findings that it is about."""
    reasons = ", ".join(f"{code}: shown" for code in ("RLS007", *allowed))
    found = compiled(schema, specs.replace("policies:", f"allow: {{{reasons}}}\npolicies:"))
    assert found.ok, found.diagnostics
    with database.connect() as connection:
        connection.execute(cast(LiteralString, ROLES + TABLES + schema))
        connection.execute(found.files["generated/draft/migrate.sql"].encode())
        testing._fixtures(testing._Run(connection, lambda *_: None), found)
        yield connection


def complaint(connection: psycopg.Connection, schema: str, specs: str, *allowed: str) -> str:
    """What verify.sql says to the server."""
    reasons = ", ".join(f"{code}: shown" for code in ("RLS007", *allowed))
    found = compiled(schema, specs.replace("policies:", f"allow: {{{reasons}}}\npolicies:"))
    try:
        connection.execute(found.files["generated/draft/verify.sql"].encode())
    except psycopg.Error as error:
        return str(error)
    return ""


def asked(connection: psycopg.Connection, query: str, role: str = "pit_user", claims: str = "") -> Any:
    """All rows that the role gets, how many it touched, or the SQLSTATE; undone."""
    claims = claims or '{"sub": "alice", "org": "a"}'
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT set_config('request.jwt.claims', %s, true)", [claims])
        connection.execute(cast(LiteralString, f"SET LOCAL ROLE {role}"))
        try:
            answer = connection.execute(cast(LiteralString, query))
        except psycopg.Error as error:
            return error.sqlstate
        return answer.fetchall() if answer.description else answer.rowcount


COUNT = "SELECT count(*) FROM notes"


@pytest.mark.parametrize(("force", "seen"), [(True, 0), (False, 3)])
def test_force_binds_the_owner(database: Database, force: bool, seen: int) -> None:
    """P1."""
    spec = notes(SELECT, head="" if force else "force: false\n")
    owned = "ALTER TABLE notes OWNER TO pit_owner;"
    with deployed(database, owned, spec, *(() if force else ("RLS020",))) as connection:
        assert asked(connection, COUNT, "pit_owner") == [(seen,)]


def test_an_update_without_where_is_not_asked_by_the_policies_for_select(database: Database) -> None:
    """P4: nor is an insert, until it returns the row."""
    moves = policy(MINE, "update", ', check: "true"', "u")
    adds = policy(command="insert", more=', check: "true"', name="i")
    with deployed(database, "", notes(policy(ORG), moves, adds), "RLS001", "RLS022", "RLS010") as connection:
        assert asked(connection, "UPDATE notes SET org = 'b'") == 1
        assert asked(connection, "UPDATE notes SET org = 'b' WHERE id = 1") == "42501"
        insert = "INSERT INTO notes VALUES (9, 'x', 'b')"
        assert asked(connection, insert) == 1
        assert asked(connection, f"{insert} RETURNING id") == "42501"


def test_using_and_check_of_two_policies_cross(database: Database) -> None:
    """P5: alice is no admin and approves her own note."""
    approve = "UPDATE notes SET state = 'approved' WHERE id = 1"
    narrow = UPDATE.replace(f'check: "{MINE}"', f"check: \"{MINE} AND state = 'new'\"")
    with deployed(database, "", notes(SELECT, narrow, CHECKED), "RLS021") as connection:
        assert asked(connection, approve) == 1
        connection.execute(cast(LiteralString, f"ALTER POLICY admins ON notes WITH CHECK ({ADMINS})"))
        assert asked(connection, approve) == "42501"


@pytest.mark.parametrize(
    ("pitfall", "answer"),
    [
        ("P7 invoker", "54001"),
        ("P7 atomic", "54001"),
        ("P7 view", "42P17"),
        ("P7 definer under FORCE", [(0,)]),
    ],
)
def test_a_policy_that_reads_its_own_table_fails_or_is_blind(database: Database, pitfall: str, answer: Any) -> None:
    """P7: and the variant beside it works."""
    (bad, spec), code, (good, good_spec) = FOUND[pitfall]
    for_view = "GRANT SELECT ON v TO pit_user;" if "VIEW" in bad else ""
    with deployed(database, bad + for_view, spec, code) as connection:
        assert asked(connection, COUNT) == answer
    if pitfall == "P7 definer under FORCE":
        database.run("DROP SCHEMA public, pgspec CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC")
        with deployed(database, f"{good} GRANT SELECT ON notes TO pit_job;", good_spec) as connection:
            assert asked(connection, COUNT) == [(3,)]


def test_leakproof_types_are_those_of_the_server(database: Database) -> None:
    """P10."""
    query = """
        SELECT DISTINCT pg_catalog.format_type(c.opcintype, NULL) FROM pg_opclass c JOIN pg_am m ON m.oid = c.opcmethod
        JOIN pg_amop a ON a.amopfamily = c.opcfamily AND a.amoplefttype = c.opcintype AND a.amoprighttype = c.opcintype
        JOIN pg_operator o ON o.oid = a.amopopr JOIN pg_proc p ON p.oid = o.oprcode
        WHERE m.amname IN ('btree', 'hash') AND c.opcdefault GROUP BY c.oid, 1 HAVING bool_and(p.proleakproof)"""
    with database.connect() as connection:
        found = {name for (name,) in connection.execute(query)}
        others = connection.execute(
            """SELECT count(*) FROM pg_opclass c JOIN pg_am m ON m.oid = c.opcmethod JOIN pg_amop a
            ON a.amopfamily = c.opcfamily JOIN pg_operator o ON o.oid = a.amopopr JOIN pg_proc p ON p.oid = o.oprcode
            WHERE m.amname = 'gin' AND p.proleakproof"""
        ).fetchone()
    # These two are compared by the operators of another type.
    assert found == LEAKPROOF_TYPES - {"character varying", "cidr"}
    assert others == (0,)


def test_an_index_that_is_not_leakproof_is_not_used(database: Database) -> None:
    """P10."""
    schema = """
        ALTER TABLE notes ADD title text, ADD doc jsonb, ADD price numeric;
        CREATE INDEX by_lower ON notes (lower(title)); CREATE INDEX by_title ON notes (title text_pattern_ops);
        CREATE INDEX by_doc ON notes USING gin (doc); CREATE INDEX by_price ON notes (price);
        CREATE INDEX by_state ON notes (state); GRANT SELECT ON notes TO pit_job;"""
    queries = {
        "by_lower": "lower(title) = 'x'", "by_title": "title LIKE 'x%'", "by_doc": "doc @> '{}'",
        "by_price": "price = 1", "by_state": "state = 'x'",
    }  # fmt: skip
    # Not all rows are hers, so that the policy cannot do without reading.
    spec = notes(policy("owner <> (SELECT pgspec.claim('sub'))"))
    found = [d.message for d in compiled(schema, spec).diagnostics if d.code == "RLS027"]
    with deployed(database, schema, spec, "RLS027") as connection:
        connection.execute("SET enable_seqscan = off")
        for name, condition in queries.items():
            plan = f"EXPLAIN SELECT * FROM notes WHERE {condition}"
            used = [
                any(f"on {name}" in line or f"using {name}" in line for (line,) in asked(connection, plan, role))
                for role in ("pit_job", "pit_user")
            ]
            assert used == [True, name == "by_state"], name
            assert any(f"`{name}`" in message for message in found) is (name != "by_state")


def test_keys_see_hidden_rows(database: Database) -> None:
    """P13."""
    schema = "ALTER TABLE notes ADD slug text UNIQUE;"
    with deployed(database, schema, notes(policy(ORG, "all")), "RLS023") as connection:
        connection.execute("UPDATE notes SET slug = 'taken' WHERE id = 3")
        add = "INSERT INTO notes (id, owner, slug) VALUES (9, 'x', '{}')"
        assert asked(connection, add.format("taken")) == "23505"
        assert asked(connection, add.format("free")) == 1
        assert asked(connection, f"{add.format('taken')} ON CONFLICT DO NOTHING") == 0


def test_foreign_keys_see_hidden_rows(database: Database) -> None:
    """P12: alice ties a row to one of another organisation, and learns that it is there."""
    schema = CHILD.format(key="FOREIGN KEY (parent_id) REFERENCES parents (id)")
    with deployed(database, schema, FAMILY, "RLS023") as connection:
        connection.execute("INSERT INTO parents VALUES (1, 'b')")
        assert asked(connection, "SELECT * FROM parents") == []
        assert asked(connection, "INSERT INTO children VALUES (1, 'a', 1)") == 1
        assert asked(connection, "INSERT INTO children VALUES (1, 'a', 2)") == "23503"


def test_truncate_is_taken_away(database: Database) -> None:
    """P12, P18: no policy is asked about TRUNCATE, so nobody whom the policies bind may do it."""
    schema = "GRANT ALL ON notes TO pit_user, PUBLIC;"
    with deployed(database, schema, notes(SELECT)) as connection:
        assert asked(connection, "TRUNCATE notes") == asked(connection, "TRUNCATE notes", "pit_anon") == "42501"
        assert asked(connection, COUNT, "pit_anon") == asked(connection, "DELETE FROM notes") == "42501"
        connection.execute("GRANT TRUNCATE ON notes TO pit_user")
        assert asked(connection, "TRUNCATE notes") == -1


def test_a_definer_reads_the_temporary_table_of_its_caller(database: Database) -> None:
    """P14."""
    path = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public"
    body = "SELECT EXISTS (SELECT FROM admins)"
    schema = "CREATE TABLE admins (name text);"
    spec = notes(ASKS)
    trap = "CREATE TEMP TABLE admins AS SELECT 'x' AS name; GRANT SELECT ON admins TO PUBLIC"
    assert codes(schema + function(f"{path}, pg_temp", body), spec) == set()
    with deployed(database, schema + function(path, body), spec, "RLS025") as connection:
        assert asked(connection, COUNT) == [(0,)]
        connection.execute(trap)
        assert asked(connection, COUNT) == [(3,)]
        connection.execute("ALTER FUNCTION allowed() SET search_path = public, pg_temp")
        assert asked(connection, COUNT) == [(0,)]


def test_a_role_that_can_become_another_is_not_bound(database: Database) -> None:
    """P15: neither as one with BYPASSRLS nor as the owner, who can switch row security off in spite of FORCE."""
    schema = "ALTER TABLE notes OWNER TO pit_owner; GRANT SELECT ON notes TO pit_job;"
    with deployed(database, schema, notes(SELECT)) as connection:
        connection.execute("GRANT pit_job, pit_owner TO pit_user")
        try:
            with connection.transaction(force_rollback=True):
                connection.execute("SET LOCAL SESSION AUTHORIZATION pit_user")
                assert connection.execute(COUNT).fetchone() == (0,)
                connection.execute("SET LOCAL ROLE pit_job")
                assert connection.execute(COUNT).fetchone() == (3,)
                connection.execute("SET LOCAL ROLE pit_owner")
                assert connection.execute(COUNT).fetchone() == (0,)
                connection.execute("ALTER TABLE notes NO FORCE ROW LEVEL SECURITY")
                assert connection.execute(COUNT).fetchone() == (3,)
            assert "pit_user as pit_job, pit_user as pit_owner" in complaint(connection, schema, notes(SELECT))
            assert complaint(connection, schema, notes(SELECT), "RLS024") == ""
        finally:
            connection.execute("REVOKE pit_job, pit_owner FROM pit_user")


@pytest.mark.parametrize("how", ["INHERITS (notes)", "PARTITION OF"])
def test_a_part_is_read_beside_its_parent(database: Database, how: str) -> None:
    """P16."""
    schema, parent = "CREATE TABLE part () INHERITS (notes);", "notes"
    if how == "PARTITION OF":
        parent = "logs"
        schema = """CREATE TABLE logs (id bigint, owner text, org text) PARTITION BY LIST (id);
            CREATE INDEX ON logs (owner); CREATE TABLE part PARTITION OF logs DEFAULT;"""
    spec = notes(SELECT).replace("table: notes", f"table: {parent}")
    with deployed(database, f"{schema} GRANT SELECT ON part TO pit_user;", spec, "RLS024") as connection:
        connection.execute("INSERT INTO part (id, owner, org) VALUES (7, 'bob', 'b')")
        of_bob = "SELECT count(*) FROM {} WHERE owner = 'bob'"
        assert asked(connection, of_bob.format(parent)) == [(0,)]
        assert asked(connection, of_bob.format("part")) == [(1,)]
        assert "which can be used by themselves: part" in complaint(connection, schema, spec)
        connection.execute("REVOKE ALL ON part FROM pit_user")
        assert complaint(connection, schema, spec) == ""


def test_copy_asks_the_policies_or_refuses(database: Database) -> None:
    """P17."""
    spec = notes(policy(MINE, "all", f', check: "{MINE}"'))
    with deployed(database, "", spec) as connection, connection.transaction(force_rollback=True):
        connection.execute("""SELECT set_config('request.jwt.claims', '{"sub": "alice"}', true)""")
        connection.execute("SET LOCAL ROLE pit_user")
        with connection.cursor() as cursor, cursor.copy("COPY notes (id) TO STDOUT") as rows:
            assert [bytes(row) for row in rows] == [b"1\n"]
        with pytest.raises(psycopg.errors.FeatureNotSupported), connection.cursor() as cursor:
            cursor.execute("COPY notes (id, owner) FROM STDIN")


def test_an_immutable_function_gives_one_user_the_rows_of_another(database: Database) -> None:
    """P19."""
    reads = "SELECT nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub'"
    schema = function("LANGUAGE sql IMMUTABLE", reads, "me()", "text")
    stable = function("LANGUAGE sql STABLE", reads, "me()", "text")
    spec = notes(policy("owner = (SELECT me())"))
    assert codes(stable, spec) == set()
    with deployed(database, schema, spec, "RLS025") as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        answers = {}
        for volatility in ("IMMUTABLE", "STABLE"):
            connection.execute(cast(LiteralString, f"ALTER FUNCTION me() {volatility}; DISCARD PLANS"))
            connection.execute("SET ROLE pit_user")
            connection.execute("PREPARE mine AS SELECT owner FROM notes")
            for sub in ("alice", "bob"):
                connection.execute("SELECT set_config('request.jwt.claims', %s, false)", [f'{{"sub": "{sub}"}}'])
                answers[volatility, sub] = connection.execute("EXECUTE mine").fetchall()
            connection.execute("RESET ROLE")
            connection.execute("DEALLOCATE mine")
    assert answers["STABLE", "bob"] == [("bob",)]
    assert answers["IMMUTABLE", "bob"] == [("alice",)]


def test_a_function_that_may_not_be_executed_fails_every_query(database: Database) -> None:
    """P21."""
    (bad, spec), code, (good, _) = FOUND["P21 EXECUTE"]
    with deployed(database, bad, spec, code) as connection:
        assert asked(connection, COUNT) == "42501"
        connection.execute(cast(LiteralString, good[good.index("REVOKE") :]))
        assert asked(connection, COUNT) == [(3,)]


def test_a_policy_that_raises_tells_which_rows_exist(database: Database) -> None:
    """The error comes for a row that is there, and not for one that is not."""
    (bad, spec), code, _ = FOUND["raises"]
    with deployed(database, bad, spec, code) as connection:
        connection.execute("SET enable_seqscan = off")
        assert asked(connection, "SELECT id FROM notes WHERE id = 3") == "P0001"
        assert asked(connection, "SELECT id FROM notes WHERE id = 4") == []


def test_default_privileges_give_nothing(database: Database) -> None:
    """P24: what pgspec makes, and the table that it guards, are closed in the same migration that makes them."""
    schema = """
        ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO pit_anon, PUBLIC;
        ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO pit_anon;
        CREATE TABLE later (id bigint PRIMARY KEY, owner text); CREATE INDEX ON later (owner);"""
    spec = notes(SELECT).replace("table: notes", "table: later")
    held = """
        SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind IN ('r', 'v', 'm')
        AND c.relnamespace::regnamespace::text IN ('public', 'pgspec') AND has_table_privilege('pit_anon', c.oid,
          'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        UNION SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace::regnamespace::text = 'pgspec'
        AND has_function_privilege('pit_anon', p.oid, 'EXECUTE') ORDER BY 1"""
    with deployed(database, schema, spec) as connection:
        meant = [(f"pgspec.{name}(text)",) for name in ("access_public_later", *sorted(CLAIMS))]  # it may ask why
        assert connection.execute(held).fetchall() == meant
        connection.execute("CREATE TABLE pgspec.left_open ()")
        assert connection.execute(held).fetchall() == [*meant, ("pgspec.left_open",)]


def test_nobody_looks_between_two_statements_of_a_change(database: Database) -> None:
    """P22: while a restrictive policy is replaced, the table is locked from its absence to the commit."""
    narrow = policy(ORG, more=", restrictive: true", name="narrow", to="public")
    with deployed(database, "", notes(SELECT, narrow)) as connection, database.connect() as other:
        accepted = notes(SELECT, narrow, head='allow: {RLS007: "shown by the server"}\n')
        before, after = (
            compiled("", accepted),
            compiled("", accepted.replace("narrow, command: select", "narrow, command: all")),
        )
        printer = Printer(Settings("notes", "3s", "60s", "pgspec"))
        change = printer.migrate_sql("change", plan(before.after, after.after), after.after)
        halfway = change[change.index("DO $pgspec$") : change.index("CREATE POLICY narrow")] + "END $pgspec$"
        other.execute("SET lock_timeout = '50ms'")
        with connection.transaction(force_rollback=True):
            connection.execute(halfway.encode())
            assert connection.execute("SELECT polname FROM pg_policy").fetchall() == [("own",)]
            assert asked(other, COUNT) == "55P03"
        assert asked(other, COUNT) == [(1,)]


def test_explain_tells_how_many_rows_are_hidden(database: Database) -> None:
    """P23: which is why clients should not get it."""
    with deployed(database, "", notes(SELECT)) as connection:
        connection.execute("SET enable_indexscan = off; SET enable_bitmapscan = off")
        plan_of_count = asked(connection, f"EXPLAIN (ANALYZE, TIMING off) {COUNT}")
        assert any("Rows Removed by Filter: 2" in line for (line,) in plan_of_count)
