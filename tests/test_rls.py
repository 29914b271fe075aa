"""Row security on a server: what verify.sql notices, how a change is made, and what expectations refuse to show."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest

from live import Database, fresh_database
from pgspec import snapshot, testing
from pgspec.compile import Result, compile_project
from pgspec.expectations import Matrix
from pgspec.explain import explain_object
from pgspec.migration import Printer, Settings
from pgspec.plan import plan
from pgspec.scratch import ScratchServer
from pgspec.sources import from_texts
from pgspec.writes import ExerciseError, NothingShownError

SCHEMA = """\
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rls_anon') THEN
    CREATE ROLE rls_anon; CREATE ROLE rls_user; CREATE ROLE rls_job BYPASSRLS;
  END IF;
END $$;
CREATE TABLE notes (id bigint PRIMARY KEY, owner_id text NOT NULL, text text NOT NULL DEFAULT '');
GRANT SELECT ON notes TO rls_job;
GRANT ALL ON notes TO rls_anon WITH GRANT OPTION;
"""
PROJECT = """\
kind: project
name: notes
roles: {api: [rls_anon, rls_user], service: [rls_job]}
personas:
  anonymous: {role: rls_anon}
  alice: {role: rls_user, claims: {sub: alice}}
  job: {role: rls_job}
fixtures:
  notes:
    hers: {id: 1, owner_id: alice}
    his: {id: 2, owner_id: bob}
"""
EXPECT = """\
expect:
  select: {anonymous: denied, alice: [hers], job: all}
  insert: {"*": denied}
  update: {alice: [hers], "*": denied}
  delete: {"*": denied}
"""
OWN = "owner_id = (SELECT pgspec.claim('sub'))"


def spec(*policies: str, expect: str = EXPECT, head: str = "") -> str:
    return "kind: rls\ntable: notes\n" + head + "policies:\n" + "".join(f"- {p}\n" for p in policies) + expect


FIRST = spec(
    f'{{name: own, command: select, to: [rls_user], using: "{OWN}"}}',
    f'{{name: "my \\"own\\"", command: update, to: [rls_user], using: "{OWN}", check: "{OWN}"}}',
)


def project(text: str, more: Mapping[str, str] = {}) -> Result:
    texts = {"specs/project.yaml": PROJECT, "specs/schema.sql": SCHEMA, "specs/notes.yaml": text, **more}
    result = compile_project(from_texts(texts))
    assert result.ok, result.diagnostics
    return result


def deployed(connection: psycopg.Connection, result: Result) -> None:
    connection.execute(SCHEMA.encode())
    connection.execute(result.files["generated/draft/migrate.sql"].encode())
    testing._fixtures(testing._Run(connection, lambda *_: None), result)


def complaint(connection: psycopg.Connection, result: Result) -> str:
    try:
        connection.execute(result.files["generated/draft/verify.sql"].encode())
    except psycopg.Error as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("SELECT 1", ""),
        ("ALTER TABLE notes DISABLE ROW LEVEL SECURITY", "row security on public.notes: is not enabled"),
        ("ALTER TABLE notes NO FORCE ROW LEVEL SECURITY", "row security on public.notes: does not bind the owner"),
        ("CREATE POLICY more ON notes USING (true)", "policies that are not in the specs: more"),
        ("DROP POLICY own ON notes", "policy own ON public.notes: does not exist"),
        ("ALTER POLICY own ON notes USING (true)", "policy own ON public.notes: is not as it was deployed"),
        ("ALTER POLICY own ON notes TO PUBLIC", "policy own ON public.notes: is for other roles"),
        ('ALTER POLICY "my ""own""" ON notes WITH CHECK (true)', 'policy "my ""own""" ON public.notes: is not as'),
        (
            "DROP POLICY own ON notes; CREATE POLICY own ON notes AS RESTRICTIVE FOR ALL TO rls_user USING (true)",
            "policy own ON public.notes: is restrictive",
        ),
        ("GRANT TRUNCATE ON notes TO rls_user", "rights on public.notes: are {rls_user SELECT, rls_user TRUNCATE"),
        ("GRANT SELECT (id) ON notes TO PUBLIC", "rights on public.notes: are {PUBLIC SELECT of column id"),
        ("REVOKE UPDATE ON notes FROM rls_user", "rights on public.notes: are {rls_user SELECT}"),
        ("GRANT ALL ON notes TO rls_job", "insert on public.notes as job: gives {hers,his}, the spec expects 42501"),
        ("GRANT EXECUTE ON FUNCTION pgspec.claim(text) TO PUBLIC", "pgspec.claim(text): can be executed by others"),
        ("REVOKE USAGE ON SCHEMA pgspec FROM rls_user", "use of schema pgspec: is open to others"),
        ("ALTER FUNCTION pgspec.claim(text) IMMUTABLE", "function pgspec.claim(text): is not as it was deployed"),
    ],
)  # fmt: skip
def test_verify_notices(database: Database, change: str, said: str) -> None:
    result = project(FIRST)
    with database.connect() as connection:
        deployed(connection, result)
        connection.execute(change.encode())
        found = complaint(connection, result)
    assert (said in found) if said else found == ""


CHANGES = {
    "a condition": (FIRST.replace("using: \"owner_id", "using: \"owner_id <> 'x' AND owner_id", 1), 1, 0),
    "roles": (
        FIRST.replace("select, to: [rls_user]", "select, to: [rls_user, rls_anon]").replace(
            "anonymous: denied, alice: [hers], job: all", "anonymous: none, alice: [hers], job: all"
        ),
        1,
        0,
    ),
    "a command": (
        FIRST.replace("command: select", "command: all")
        .replace('insert: {"*": denied}', 'insert: {alice: [hers], "*": denied}')
        .replace('delete: {"*": denied}', 'delete: {alice: [hers], "*": denied}'),
        0,
        1,
    ),
    "a check less": (FIRST.replace(f', check: "{OWN}"', ""), 0, 1),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_made_in_place_where_it_can_be(server: ScratchServer, what: str) -> None:
    """There and back: the catalog is what a fresh deployment would make, whichever way a policy is changed."""
    text, alters, drops = CHANGES[what]
    before, after = project(FIRST), project(text)
    printer = Printer(Settings("notes", "3s", "60s", "pgspec"))
    there = printer.migrate_sql("there", plan(before.after, after.after), after.after)
    back = printer.migrate_sql("back", plan(after.after, before.after), before.after)
    assert (there.count("ALTER POLICY"), there.count("DROP POLICY")) == (alters, drops)
    with (
        fresh_database(server) as one,
        fresh_database(server) as two,
        one.connect() as connection,
        two.connect() as fresh,
    ):
        deployed(connection, before)
        deployed(fresh, after)
        first = snapshot.snapshot(connection)
        connection.execute(there.encode())
        assert snapshot.diff(snapshot.snapshot(fresh), snapshot.snapshot(connection)) == []
        assert complaint(connection, after) == ""
        assert matrix(connection, after).run().tried == 16
        connection.execute(back.encode())
        assert snapshot.diff(first, snapshot.snapshot(connection)) == []


def test_a_restrictive_policy_is_never_absent(server: ScratchServer) -> None:
    """Its replacement stands beside it in one statement, so that nobody can look in between."""
    narrow = "{name: narrow, command: select, to: [public], restrictive: true, using: \"owner_id <> 'x'\"}"
    own = f'{{name: own, command: select, to: [rls_user], using: "{OWN}"}}'
    expect = EXPECT.replace('update: {alice: [hers], "*": denied}', 'update: {"*": denied}')
    before, after = (
        project(spec(own, narrow, expect=expect)),
        project(spec(own, narrow.replace("select", "all"), expect=expect)),
    )
    printer = Printer(Settings("notes", "3s", "60s", "pgspec"))
    there = printer.migrate_sql("there", plan(before.after, after.after), after.after)
    dropped, made = there.index("DROP POLICY narrow"), there.index("CREATE POLICY narrow")
    assert there[dropped:made] == "DROP POLICY narrow ON public.notes;\n"
    assert there.count("DO $pgspec$") == 1


def matrix(connection: psycopg.Connection, result: Result) -> Matrix:
    assert result.program is not None
    return Matrix(connection, result.program, result.program.guarded[0])


def test_expectations_pass_and_leave_nothing(database: Database) -> None:
    result = project(FIRST)
    with database.connect() as connection:
        deployed(connection, result)
        assert str(matrix(connection, result).run()) == "16 cells"
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (2,)
        assert connection.execute("SELECT current_user").fetchone() == ("postgres",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER POLICY own ON notes USING (true)", "pgspec had decided [hers]"),
        ("ALTER TABLE notes DISABLE ROW LEVEL SECURITY", "pgspec had decided"),
        ("GRANT SELECT ON notes TO rls_anon", "select as anonymous: the server gives none"),
        ("ALTER ROLE rls_user BYPASSRLS", "is bound by no policy"),
    ],
)
def test_expectations_notice(database: Database, change: str, said: str) -> None:
    result = project(FIRST)
    with database.connect() as connection:
        deployed(connection, result)
        try:
            connection.execute(change.encode())
            with pytest.raises(ExerciseError) as caught:
                matrix(connection, result).run()
        finally:
            connection.execute("ALTER ROLE rls_user NOBYPASSRLS")
    assert said in str(caught.value)


def test_what_cannot_be_decided_is_left_to_the_server(database: Database) -> None:
    """The policy reads another table: pgspec says so, and the expectation is judged by the server alone."""
    own = '{name: own, command: select, to: [rls_user], using: "owner_id IN (SELECT f.name FROM friends f)"}'
    expect = EXPECT.replace('update: {alice: [hers], "*": denied}', 'update: {"*": denied}')
    friends = "CREATE TABLE friends (name text PRIMARY KEY); GRANT SELECT ON friends TO rls_user;"
    more = {"specs/schema.sql": f"{SCHEMA}{friends}INSERT INTO friends VALUES ('alice')"}
    wrong = expect.replace("alice: [hers]", "alice: all")
    with database.connect() as connection:
        result = project(spec(own, expect=expect), more)
        connection.execute(friends.encode())
        deployed(connection, result)
        connection.execute("INSERT INTO friends VALUES ('alice')")
        with pytest.raises(ExerciseError, match="select as alice without a session"):
            matrix(connection, result).run()  # everybody with the role sees what friends wrote
        with pytest.raises(ExerciseError, match=r"select as alice: the server gives \[hers\], the spec expects all"):
            matrix(connection, project(spec(own, expect=wrong), more)).run()


def test_a_matrix_that_shows_nothing_is_refused(database: Database) -> None:
    allowed = 'allow: {RLS007: "to be shown by the server"}\n'
    own = f'{{name: own, command: select, to: [rls_user], using: "{OWN}"}}'
    denied = (
        'expect: {select: {anonymous: denied}, insert: {"*": denied}, update: {"*": denied}, delete: {"*": denied}}\n'
    )
    result = project(spec(own, expect=denied, head=allowed))
    with database.connect() as connection:
        deployed(connection, result)
        with pytest.raises(NothingShownError, match=r"every expectation of `public\.notes` gives denied"):
            matrix(connection, result).run()
        empty = {"specs/project.yaml": PROJECT.partition("fixtures:")[0]}
        with pytest.raises(NothingShownError, match="no fixture rows"):
            matrix(connection, project(spec(own, expect=denied, head=allowed), empty)).run()


def test_mutants_are_noticed_or_reported(database: Database) -> None:
    """Mutants that differ only in rows that no fixture has survive, and are named."""
    own = f"{{name: own, command: select, to: [rls_user], using: \"{OWN} AND (id = 1 OR text = 'x')\"}}"
    expect = EXPECT.replace('update: {alice: [hers], "*": denied}', 'update: {"*": denied}')
    result = project(spec(own, expect=expect))
    with database.connect() as connection:
        deployed(connection, result)
        before = snapshot.snapshot(connection)
        number, left = matrix(connection, result).surviving()
        assert snapshot.diff(before, snapshot.snapshot(connection)) == []
    assert number == 13
    assert [mutant.what for mutant in left] == [
        f"USING ({OWN} AND {OWN})",  # all of alice's rows have the number 1
        f"USING ({OWN} AND (id = 1 OR id = 1))",
        f"USING ({OWN} AND (id = 1 OR text <> 'x'))",
    ]


def test_explain_shows_what_is_decided() -> None:
    text = explain_object("notes", project(FIRST)) or ""
    assert "  `own` (specs/notes.yaml:4): select to rls_user\n" in text
    assert "  rls_user: SELECT, UPDATE\n" in text
    assert "select\n  anonymous: denied\n  alice: [hers]\n  job: [hers, his]\ninsert\n" in text


# The function that reads claims.

CLAIMS = (
    '{"a":{"b":"c"},"n":1.50,"t":true,"z":null,"l":[1,{"x":"y"}]}', '{"e":"\\ud83d\\ude00 \\n\\\\ \\"x\\""}', "{}",
    '{"a":"\\u0000"}', '{"a":"\\ud83d"}', "[1]", '"x"', '{"a":[[[[]]]]}', '{"a":1e5,"b":-0.1}', '{"a":01}', " ",
    '{"a":"b","a":"c"}', '{"a": v}', '{"a": "}', "{\\n}", '{"a":\x01}', '{"a":"b\nc"}', '{"a" : 1\n,\t"b":[ ] }',
    '{"a":truefalse}', '{"a":1 2}', '{"a":' * 32 + "1" + "}" * 32, '{"a":"\x01"}', "not json", '{"a":1},{"a":1}',
)  # fmt: skip


def mangled(rng: random.Random) -> str:
    text = list(rng.choice(CLAIMS))
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(text) + 1)
        text[place : place + rng.randint(0, 1)] = (
            rng.choice('{}[]",:\\u0 1eatrue.-\n\x02') if rng.random() < 0.7 else ""
        )
    return "".join(text)


def test_claim_never_raises(database: Database) -> None:
    """It reads what PostgreSQL's own JSON reads, and takes everything else for no claims."""
    rng = random.Random(3)
    result = project(FIRST)
    read = "SELECT set_config('request.jwt.claims', %s, false), pgspec.claim(%s)"
    own = "SELECT CASE WHEN json_typeof(%s::json) = 'object' THEN %s::json #>> string_to_array(%s, '.') END"

    def expected(connection: Any, text: str, path: str) -> str | None:
        try:
            return connection.execute(own, [text, text, path]).fetchone()[0]
        except psycopg.Error:
            return None

    found = 0
    with database.connect() as connection:
        assert connection.execute("SELECT current_setting('request.jwt.claims', true)").fetchone() == (None,)
        deployed(connection, result)
        assert connection.execute("SELECT pgspec.claim('sub')").fetchone() == (None,)
        for text in [*CLAIMS, *(mangled(rng) for _ in range(600))]:
            for path in ("a", "a.b", "l.1.x", ""):
                got = connection.execute(read, [text, path]).fetchone()
                assert got is not None and got[1] == expected(connection, text, path), (text, path)
                found += got[1] is not None
        deep = json.dumps({"a": 1})
        for _ in range(5000):
            deep = f'{{"a":{deep}}}'
        assert connection.execute(read, [deep, "a"]).fetchone() == (deep, None)
    assert found > 50


def test_claims_are_read_beside_parallel_workers(database: Database) -> None:
    result = project(FIRST)
    with database.connect() as connection:
        deployed(connection, result)
        connection.execute(
            "CREATE TABLE many AS SELECT g AS id, 'alice'::text AS owner FROM generate_series(1, 20000) g"
        )
        connection.execute("ALTER TABLE many SET (parallel_workers = 2); ANALYZE many")
        connection.execute(
            "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0"
        )
        connection.execute("""SELECT set_config('request.jwt.claims', '{"sub":"alice"}', false)""")
        query = "SELECT count(*) FROM many WHERE owner = pgspec.claim('sub') AND id % 50 = 0"
        shown = connection.execute(f"EXPLAIN {query}").fetchall()
        assert any("Parallel" in line for (line,) in shown)
        assert connection.execute(query).fetchone() == (400,)
