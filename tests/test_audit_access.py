"""Who reads an audit log, who changes it, and who is told why not, on a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from audit_cases import (
    AUDIT,
    GUARD,
    LOG,
    PERSONAS,
    PROMOTE,
    SCHEMA,
    VIEWER,
    Mutant,
    compiled,
    draft,
    fill,
    installed,
    owned,
    wrong,
)
from live import Database
from pgspec.compile import Result, compile_project
from pgspec.scratch import ScratchServer
from pgspec.sources import from_texts

ALICE, ADMIN = {"sub": "alice"}, {"sub": "admin", "level": 4}
DENIED = [ALICE, {"level": 3}, {"level": "high"}, {"level": None}, {"app": {"level": 9}}, "{", ""]
PUBLIC = "public.trail"
USAGE = "GRANT USAGE ON SCHEMA pgspec TO audit_anon, audit_user, audit_job, audit_plain"


def guarded() -> Result:
    return compiled(VIEWER + GUARD, PERSONAS)


def become(connection: psycopg.Connection, role: str, claims: Any = "") -> None:
    text = claims if isinstance(claims, str) else json.dumps(claims)
    connection.execute("SELECT set_config('request.jwt.claims', %s, true), set_config('role', %s, true)", [text, role])


def ask(connection: psycopg.Connection, query: str, role: str, claims: Any = "", before: str = "") -> Any:
    """The rows that a query gives a role, or the error that it ends with; all of it is rolled back."""
    with connection.transaction(force_rollback=True):
        if before:
            connection.execute(before.encode())
        become(connection, role, claims)
        try:
            with connection.transaction():
                return connection.execute(query.encode()).fetchall()
        except psycopg.Error as error:
            return error


def written(connection: psycopg.Connection) -> None:
    """Two entries: one of Alice, one of nobody."""
    with connection.transaction():
        become(connection, "audit_user", ALICE)
        connection.execute(PROMOTE.encode())
    connection.execute("DELETE FROM orders WHERE id = 11")


@pytest.fixture(scope="module")
def plain(server: ScratchServer) -> Iterator[psycopg.Connection]:
    with installed(server, draft(compiled())) as connection:
        written(connection)
        yield connection


@pytest.fixture(scope="module")
def seen(server: ScratchServer) -> Iterator[psycopg.Connection]:
    """Guarded by policies, and with a viewer."""
    with installed(server, draft(guarded())) as connection:
        written(connection)
        yield connection


@pytest.mark.parametrize("role", ["audit_job", "audit_plain"])
def test_service_roles_read(plain: psycopg.Connection, seen: psycopg.Connection, role: str) -> None:
    """Whether policies bind them or not.  Where somebody may be refused, every role may read its own claims."""
    for connection, uses in ((plain, False), (seen, True)):
        assert ask(connection, f"SELECT event FROM {PUBLIC} ORDER BY id", role) == [("UPDATE",), ("DELETE",)]
        assert ask(connection, f"SELECT has_schema_privilege('{role}', 'pgspec', 'USAGE')", role) == [(uses,)]


def test_nobody_else_reads(plain: psycopg.Connection) -> None:
    for role in ("audit_anon", "audit_user"):
        for log in (LOG, PUBLIC):
            assert ask(plain, f"SELECT FROM {log}", role, ADMIN).sqlstate == "42501"


def test_nobody_adds_entries(plain: psycopg.Connection) -> None:
    """But the triggers."""
    insert = "INSERT INTO {} (table_schema, table_name, event, source, db_role, session_role, txid)"
    for role in ("audit_anon", "audit_user", "audit_job", "audit_plain"):
        for log in (LOG, PUBLIC):
            query = f"{insert.format(log)} VALUES ('', '', 'DELETE', 'api', '', '', 0) RETURNING id"
            assert ask(plain, query, role, before=USAGE).sqlstate == "42501"


def test_a_view_reads_with_the_rights_of_its_reader(plain: psycopg.Connection) -> None:
    """So that rights, and policies, on the table are what counts."""
    before = f"GRANT SELECT ON {PUBLIC} TO audit_user"
    assert ask(plain, f"SELECT FROM {PUBLIC}", "audit_user", before=before).sqlstate == "42501"


CHANGES = [
    "UPDATE {log} SET event = event", "UPDATE {log} SET event = 'INSERT' WHERE id = -1", "DELETE FROM {log}",
    "DELETE FROM {log} WHERE false", "TRUNCATE {log}", "TRUNCATE {log} CASCADE",
    "MERGE INTO pgspec.trail l USING (VALUES (1)) v (i) ON l.id = v.i WHEN MATCHED THEN DELETE",
    "SET LOCAL pgspec.audit_retention = 'pgspec.trail'; DELETE FROM {log}",
]  # fmt: skip
ALL = f"GRANT ALL ON {LOG}, {PUBLIC} TO audit_anon; {USAGE}"


def changed(connection: psycopg.Connection) -> list[str]:
    """The changes that somebody can make to a log: a role with every right on it, a service role, the superuser."""
    out = []
    for role in ("audit_anon", "audit_job", "postgres"):
        for change in CHANGES:
            for log in (LOG, PUBLIC):
                if role == "postgres" and "audit_retention" in change:
                    continue  # here the superuser owns the log, and may do what its function does
                with connection.transaction(force_rollback=True):
                    connection.execute(ALL.encode())
                    connection.execute(f"SET LOCAL ROLE {role}".encode())
                    try:
                        connection.execute(change.format(log=log).encode())
                        out.append(f"{role}: {change}")
                    except psycopg.errors.InsufficientPrivilege:
                        pass
                    except psycopg.errors.WrongObjectType:  # nobody truncates a view
                        assert log == PUBLIC
    return out


def test_a_log_only_grows(plain: psycopg.Connection, seen: psycopg.Connection) -> None:
    assert changed(plain) == []
    assert changed(seen) == []


@pytest.mark.parametrize(
    "mutant",
    [
        Mutant("no guard against updates", "", f"ALTER TABLE {LOG} DISABLE TRIGGER pgspec_audit_guard_update"),
        Mutant("no guard against truncation", "", f"ALTER TABLE {LOG} DISABLE TRIGGER pgspec_audit_guard_truncate"),
        Mutant("the setting is enough", "AND current_user = (SELECT", "AND current_user <> (SELECT"),
    ],
    ids=lambda mutant: mutant.what,
)
def test_a_log_that_changes_is_noticed(server: ScratchServer, mutant: Mutant) -> None:
    with installed(server, mutant.of(draft(compiled()))) as connection:
        assert changed(connection)


def _aged(connection: psycopg.Connection) -> None:
    """An entry of 399 days ago, and two of 401."""
    connection.execute(
        f"""INSERT INTO {LOG} (at, table_schema, table_name, event, source, db_role, session_role, txid)
        SELECT now() - age, 'public', 'old', 'DELETE', 'database', '', '', 0
        FROM unnest('{{399 days, 401 days, 402 days}}'::interval[]) AS a (age)""".encode()
    )


def test_retention(plain: psycopg.Connection) -> None:
    """The service roles forget what is older, the oldest first; nobody else does."""
    with plain.transaction(force_rollback=True):
        _aged(plain)
        become(plain, "audit_user")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), plain.transaction():
            plain.execute("SELECT public.cleanup_trail()")
        become(plain, "audit_plain")
        left = f"SELECT (now() - at)::text FROM {PUBLIC} WHERE table_name = 'old' ORDER BY at"
        assert plain.execute("SELECT public.cleanup_trail(1)").fetchone() == (1,)
        assert plain.execute(left.encode()).fetchall() == [("401 days",), ("399 days",)]
        assert plain.execute("SELECT public.cleanup_trail()").fetchone() == (1,)
        assert plain.execute(f"SELECT count(*) FROM {PUBLIC}".encode()).fetchone() == (3,)


QUERIES = [
    "SELECT * FROM trail_viewer", "SELECT FROM trail_viewer LIMIT 1", "SELECT FROM trail_viewer WHERE id = -5",
    "SELECT FROM trail_viewer WHERE id = 1", "SELECT count(*) FROM trail_viewer",
    "SELECT EXISTS (SELECT FROM trail_viewer WHERE event = 'none')", "SELECT FROM trail_viewer WHERE old @> '{}'",
    "SELECT FROM (VALUES (1)) v LEFT JOIN trail_viewer t ON t.id = -5",
    "SELECT FROM (VALUES (1)) v (i) WHERE NOT EXISTS (SELECT FROM trail_viewer t WHERE t.id = v.i)",
    "CREATE TEMP TABLE copied AS SELECT * FROM trail_viewer", "EXPLAIN ANALYZE SELECT FROM trail_viewer",
    "SET LOCAL plan_cache_mode = force_generic_plan; SELECT FROM trail_viewer WHERE id = -5",
]  # fmt: skip
EMPTY = f"SET LOCAL session_replication_role = replica; DELETE FROM {LOG}; SET LOCAL session_replication_role = origin"


def unrefused(connection: psycopg.Connection) -> list[str]:
    """The queries of the viewer that do not give 42501 and the hint to somebody whom it is not for."""
    out = []
    for claims in DENIED:
        for query in QUERIES:
            for before in ("", EMPTY):
                found = ask(connection, query, "audit_user", claims, before)
                hint = found.diag.message_hint if isinstance(found, psycopg.errors.InsufficientPrivilege) else None
                if hint != "required: pgspec.claim('level')::int > 3":
                    out.append(f"{claims}: {query}")
    return out


def visible(connection: psycopg.Connection) -> list[Any]:
    """What roles read: the table itself, the log, and the viewer."""
    out = []
    for role, claims in (("audit_user", ""), ("audit_user", ALICE), ("audit_user", ADMIN), ("audit_anon", ADMIN)):
        for name in (LOG, PUBLIC, "trail_viewer"):
            found = ask(connection, f"SELECT id FROM {name} ORDER BY id", role, claims)
            out.append(getattr(found, "sqlstate", found))
    return out


ONE, BOTH, NO = [(1,)], [(1,), (2,)], "42501"
VISIBLE = [[], [], NO, ONE, ONE, NO, BOTH, BOTH, BOTH, NO, NO, NO]


def test_a_viewer_refuses_always(seen: psycopg.Connection) -> None:
    assert unrefused(seen) == []


def test_policies_and_the_viewer_stand_together(seen: psycopg.Connection) -> None:
    assert visible(seen) == VISIBLE


def test_a_viewer_alone(server: ScratchServer) -> None:
    """Its readers reach the log through it only; the table shows them no more than it does."""
    with installed(server, draft(compiled(VIEWER))) as connection:
        written(connection)
        assert unrefused(connection) == []
        assert visible(connection) == [[], NO, NO, [], NO, NO, BOTH, NO, BOTH, NO, NO, NO]
        assert ask(connection, f"SELECT FROM {PUBLIC}", "audit_plain") == [(), ()]
        assert ask(connection, "SELECT FROM trail_viewer", "audit_plain").sqlstate == NO


ASKED = "WHERE (SELECT pgspec.may_view_trail_viewer(true))"
VIEW_MUTANTS = [
    Mutant("the condition filters", ASKED, ASKED.replace("true", "false")),
    Mutant("the condition is asked of each row", ASKED, "WHERE pgspec.may_view_trail_viewer(id IS NOT NULL)"),
    Mutant("what fails is met", "NULL;  -- what cannot be read does not meet it", "RETURN true;"),
    Mutant("what fails has its own error", "WHEN OTHERS THEN\n    NULL;", "WHEN division_by_zero THEN\n    NULL;"),
    Mutant("no hint", ", HINT = 'required: ", ", DETAIL = 'required: "),
    Mutant("NULL is met", "    ) THEN\n      RETURN true;", "    ) IS NOT FALSE THEN\n      RETURN true;"),
    Mutant("the policy lets all in", "USING ((SELECT pgspec.may_view_trail_viewer(false)))", "USING (true)"),
    Mutant("the policy lets nobody in", "USING ((SELECT pgspec.may_view_trail_viewer(false)))", "USING (false)"),
    Mutant("the views read as their owner", "security_invoker = true", "security_invoker = false"),
    Mutant("no barrier", ", security_barrier = true", ""),
    Mutant("no row security", "", f"ALTER TABLE {LOG} DISABLE ROW LEVEL SECURITY"),
]  # fmt: skip


@pytest.mark.parametrize("mutant", VIEW_MUTANTS, ids=lambda mutant: mutant.what)
def test_a_wrong_viewer_is_noticed(server: ScratchServer, mutant: Mutant) -> None:
    with installed(server, mutant.of(draft(guarded()))) as connection:
        written(connection)
        assert unrefused(connection) or visible(connection) != VISIBLE


def mistaken(connection: psycopg.Connection) -> list[str]:
    """The cases that log something else than they must.  How many rows are lost is not known to an owner who may not
    read all of them."""
    if out := wrong(connection):
        return out
    with connection.transaction(force_rollback=True):
        connection.execute(
            """ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE orders FORCE ROW LEVEL SECURITY;
            CREATE POLICY one ON orders USING (id = 10); TRUNCATE orders"""
        )
        found = connection.execute(f"SELECT truncated_rows FROM {LOG} WHERE event = 'TRUNCATE'".encode()).fetchall()
    return [] if found == [(None,)] else ["a truncation of rows that the owner may not read"]


def test_an_owner_whom_policies_bind(database: Database) -> None:
    """Writes are logged, retention works, and a rollback refuses to lose entries, when the migrations run as a role
    that is neither superuser nor exempt from policies, though row security is forced."""
    result = guarded()
    with owned(database, result) as owner, database.connect() as connection:
        owner.execute(draft(result, "verify").encode())
        forced = f"SELECT relforcerowsecurity, relowner::regrole::text FROM pg_class WHERE oid = '{LOG}'::regclass"
        assert connection.execute(forced).fetchone() == (True, "audit_owner")
        assert mistaken(connection) == []
        _aged(connection)
        owner.execute("SET ROLE audit_plain")
        assert owner.execute("SELECT public.cleanup_trail()").fetchone() == (2,)
        owner.execute("RESET ROLE")
        assert owner.execute(f"SELECT count(*) FROM {PUBLIC}".encode()).fetchone() == (1,)
        for change in (f"DELETE FROM {LOG}", f"UPDATE {LOG} SET event = event", f"TRUNCATE {LOG}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                owner.execute(change.encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):  # the superuser, who is not the owner
                connection.execute(f"SET pgspec.audit_retention = '{LOG}'; {change}".encode())
        with pytest.raises(psycopg.errors.RaiseException, match="1 entries of an audit log in pgspec"):
            owner.execute(draft(result, "rollback").encode())
        owner.execute("SET pgspec.allow_data_loss = on")
        owner.execute(draft(result, "rollback").encode())
        assert connection.execute(f"SELECT to_regclass('{LOG}'), to_regclass('{PUBLIC}')").fetchone() == (None, None)


@pytest.mark.parametrize(
    "mutant",
    [
        Mutant("no policy for the owner", "TO CURRENT_USER\n  USING (true)", "TO CURRENT_USER\n  USING (false)"),
        Mutant("the session's row_security", "SET row_security = on\n", ""),
        Mutant("rows are counted under policies", "set_config('row_security', 'off', true)", "true"),
        Mutant("entries are added without policies", "set_config('row_security', 'on', true)", "true"),
    ],
    ids=lambda mutant: mutant.what,
)  # fmt: skip
def test_an_owner_who_cannot_log_is_noticed(database: Database, mutant: Mutant) -> None:
    result = guarded()
    text = mutant.of(draft(result))
    result.files["generated/draft/migrate.sql"] = text
    with owned(database, result), database.connect() as connection:
        assert mistaken(connection)


def test_verify_notices(database: Database) -> None:
    result = guarded()
    changes = {
        f"ALTER VIEW {PUBLIC} SET (security_invoker = false)": f"view {PUBLIC}: has other options",
        "ALTER VIEW trail_viewer RESET (security_barrier)": "view public.trail_viewer: has other options",
        f"ALTER POLICY pgspec_owner ON {LOG} TO audit_job": f"policy pgspec_owner ON {LOG}: is for other roles",
        f"ALTER TABLE {LOG} OWNER TO audit_owner": f"policy pgspec_owner ON {LOG}: is for other roles",
        f"DROP POLICY pgspec_viewer ON {LOG}": f"policy pgspec_viewer ON {LOG}: does not exist",
        f"GRANT SELECT ON {LOG} TO audit_anon": f"access to {LOG}: is",
        f"GRANT SELECT ON {PUBLIC} TO audit_anon": f"access to {PUBLIC}: is",
        f"ALTER TABLE {LOG} DISABLE TRIGGER pgspec_audit_guard_update": "is disabled",
    }
    with database.connect() as connection:
        fill(connection, draft(result))
        connection.execute(draft(result, "verify").encode())
        for change, said in changes.items():
            with connection.transaction(force_rollback=True):
                connection.execute(change.encode())
                with pytest.raises(psycopg.Error, match="verify") as caught, connection.transaction():
                    connection.execute(draft(result, "verify").encode())
                assert said in str(caught.value)


HIDDEN = """
CREATE SCHEMA hidden;
CREATE FUNCTION hidden.level() RETURNS int LANGUAGE sql STABLE AS
  $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'level')::int $$;
"""


def test_what_a_viewer_requires_may_be_where_its_readers_may_not_look(database: Database) -> None:
    """As in a policy: the right to call a function is asked, the right to its schema is not."""
    viewer = 'viewer: {name: trail_viewer, to: [audit_user], require: "hidden.level() > 3 -- enough"}\n'
    texts = {
        "specs/project.yaml": PERSONAS.partition("fixtures:")[0],
        "specs/schema.sql": SCHEMA + HIDDEN,
        "specs/trail.yaml": AUDIT + viewer,
    }
    result = compile_project(from_texts(texts))
    assert result.ok, result.diagnostics
    with database.connect() as connection:
        fill(connection, HIDDEN + draft(result))
        written(connection)
        assert ask(connection, "SELECT event FROM trail_viewer ORDER BY id", "audit_user", ADMIN) == [
            ("UPDATE",),
            ("DELETE",),
        ]
        for claims in ({"level": 3}, {"level": "high"}, ALICE, ""):
            refused = ask(connection, "SELECT event FROM trail_viewer", "audit_user", claims)
            assert isinstance(refused, psycopg.errors.InsufficientPrivilege), claims
