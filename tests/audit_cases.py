"""A project with an audit log, writes with what each of them must log, and wrong variants of the generated SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg

from live import Database, fresh_database
from pgspec.compile import Result, compile_project
from pgspec.scratch import ScratchServer
from pgspec.sources import from_texts

SCHEMA = """\
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'audit_anon') THEN
    CREATE ROLE audit_anon; CREATE ROLE audit_user; CREATE ROLE audit_job BYPASSRLS; CREATE ROLE audit_plain;
    CREATE ROLE audit_owner LOGIN;
  END IF;
END $$;
CREATE TABLE profiles (id bigint PRIMARY KEY, role text, status text, note text);
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  profile_id bigint REFERENCES profiles ON DELETE CASCADE ON UPDATE CASCADE,
  due timestamptz
);
CREATE TABLE events (kind text, n int) PARTITION BY LIST (kind);
CREATE TABLE events_a PARTITION OF events FOR VALUES IN ('a');
CREATE TABLE events_b PARTITION OF events FOR VALUES IN ('b');
CREATE TYPE boxed AS (a int, b json);
CREATE DOMAIN document AS json;
CREATE TABLE papers (id int PRIMARY KEY, plain json, many document[], boxed boxed, boxes boxed[]);
CREATE FUNCTION promote(who bigint) RETURNS void LANGUAGE sql SECURITY DEFINER AS
  'UPDATE public.profiles SET role = ''admin'' WHERE id = who';
GRANT ALL ON profiles, orders, events TO audit_anon, audit_user, audit_job, audit_plain;
"""
ROWS = """\
INSERT INTO profiles VALUES (1, 'vendor', 'open', 'n1'), (2, 'buyer', 'open', 'n2');
INSERT INTO orders VALUES (10, 1, '2025-03-01 12:00Z'), (11, 1, NULL);
INSERT INTO events VALUES ('a', 1), ('b', 2);
"""
PROJECT = """\
kind: project
name: audited
roles: {api: [audit_anon, audit_user], service: [audit_job, audit_plain]}
"""
AUDIT = """\
kind: audit_log
name: trail
tables:
  profiles: {insert: true, update: [role, status], delete: true, truncate: true}
  orders: {update: true, delete: true, truncate: true}
  events: {insert: true, update: true, delete: true, truncate: true}
  papers: {insert: true}
context: [request_id, claims.sub, claims.app.role]
retention: 400 days
"""
LOG = "pgspec.trail"
VIEWER = "viewer: {name: trail_viewer, to: [audit_user], require: \"pgspec.claim('level')::int > 3\"}\n"
GUARD = """\
---
kind: rls
table: trail
policies:
  - {name: own, command: select, to: [audit_user], using: "claims ->> 'sub' = (SELECT pgspec.claim('sub'))"}
expect:
  select: {alice: [hers], admin: all, job: all, "*": denied}
  insert: {"*": denied}
  update: {"*": denied}
  delete: {"*": denied}
"""
_ENTRY = "table_schema: s, table_name: t, event: DELETE, source: api, db_role: r, session_role: r, txid: 1"
PERSONAS = f"""\
kind: project
name: audited
roles: {{api: [audit_anon, audit_user], service: [audit_job, audit_plain]}}
personas:
  anonymous: {{role: audit_anon}}
  alice: {{role: audit_user, claims: {{sub: alice}}}}
  admin: {{role: audit_user, claims: {{sub: admin, level: 4}}}}
  job: {{role: audit_job}}
fixtures:
  trail:
    hers: {{id: -1, {_ENTRY}, claims: {{sub: alice}}}}
    his: {{id: 2, {_ENTRY}, claims: {{sub: bob}}}}
"""


def compiled(more: str = "", project: str = PROJECT) -> Result:
    texts = {"specs/project.yaml": project, "specs/schema.sql": SCHEMA, "specs/trail.yaml": AUDIT + more}
    result = compile_project(from_texts(texts))
    assert result.ok, [(d.span.line, d.code, d.message) for d in result.diagnostics]
    return result


def draft(result: Result, name: str = "migrate") -> str:
    return result.files[f"generated/draft/{name}.sql"]


@contextmanager
def installed(server: ScratchServer, migration: str) -> Iterator[psycopg.Connection]:
    """The superuser's connection to a database with the schema, the migration and some rows, of which nothing is
    logged."""
    with fresh_database(server) as database, database.connect() as connection:
        fill(connection, migration)
        yield connection


def fill(connection: psycopg.Connection, migration: str) -> None:
    connection.execute(SCHEMA.encode())
    connection.execute(migration.encode())
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(ROWS)


@contextmanager
def owned(database: Database, result: Result) -> Iterator[psycopg.Connection]:
    """The connection of a migration role that is neither superuser nor exempt from policies, and owns everything."""
    with database.connect() as connection:
        connection.execute(SCHEMA.encode())
        connection.execute(ROWS)
        connection.execute(f"GRANT CREATE ON DATABASE {database.name} TO audit_owner")
        connection.execute("ALTER SCHEMA public OWNER TO audit_owner")
        for table in ("profiles", "orders", "events", "events_a", "events_b", "papers"):
            connection.execute(f"ALTER TABLE {table} OWNER TO audit_owner".encode())
        connection.execute("GRANT audit_anon, audit_user, audit_job, audit_plain TO audit_owner")
    with database.connect("audit_owner") as connection:
        connection.execute(draft(result).encode())
        yield connection


class Case(NamedTuple):
    """A write, and what it logs beside ``table_name`` and ``event``; what is not named must be NULL, or what a write of
    the superuser without a request has."""

    what: str
    write: str
    logs: list[dict[str, Any]]
    settings: Mapping[str, str] = {}
    copied: str = ""


def _entry(table: str, event: str, **more: Any) -> dict[str, Any]:
    return {"table_name": table, "event": event, **more}


def _by(role: str, source: str) -> dict[str, Any]:
    return {"db_role": role, "source": source}


def _claims(value: Any) -> dict[str, str]:
    return {"request.jwt.claims": value if isinstance(value, str) else json.dumps(value)}


P1, P2 = {"role": "vendor", "status": "open"}, {"role": "buyer", "status": "open"}
ADMIN = {"role": "admin", "status": "open"}
PROMOTE = "UPDATE profiles SET role = 'admin' WHERE id = 1"
PROMOTED = _entry("profiles", "UPDATE", row_key={"id": 1}, old=P1, new=ADMIN)
O10 = {"id": 10, "profile_id": 1, "due": "2025-03-01T12:00:00+00:00"}
O11 = {"id": 11, "profile_id": 1, "due": None}
WHOLE = {"id": 3, "role": "x", "status": "open", "note": None}
ADDED = _entry("profiles", "INSERT", row_key={"id": 3}, new=WHOLE)
GONE = _entry("profiles", "DELETE", row_key={"id": 1}, old={"id": 1, **P1, "note": "n1"})
CASCADED = [_entry("orders", "DELETE", row_key={"id": o["id"]}, old=o) for o in (O10, O11)]
REQUEST = {"request.headers": '{"x-request-id": "r-1"}'}
NUL = """(SELECT j, (1, j)::boxed FROM (SELECT '"\\u0000"'::json) AS n (j)) AS m (j, b)"""
NO_CLAIMS = {
    "not JSON": "{", "an array": "[]", "a string": '"sub"', "null": "null", "empty": "", "a NUL": '{"sub": "\\u0000"}',
    "too deep": "[" * 20000,
}  # fmt: skip

CASES = [
    Case("an insert", "INSERT INTO profiles VALUES (3, 'x', 'open', NULL)", [ADDED]),
    Case("a change of a column that counts", PROMOTE, [PROMOTED]),
    Case("a change of another column", "UPDATE profiles SET note = 'x'", []),
    Case("no change", "UPDATE profiles SET role = role, status = status", []),
    Case("to NULL", "UPDATE profiles SET status = NULL WHERE id = 2",
         [_entry("profiles", "UPDATE", row_key={"id": 2}, old=P2, new={"role": "buyer", "status": None})]),
    Case("many rows", "UPDATE profiles SET role = 'admin'",
         [PROMOTED, _entry("profiles", "UPDATE", row_key={"id": 2}, old=P2, new=ADMIN)]),
    Case("another key", "UPDATE profiles SET id = 5 WHERE id = 2",
         [_entry("profiles", "UPDATE", row_key={"id": 2}, new_row_key={"id": 5}, old=P2, new=P2)]),
    Case("a delete, and what it deletes by a foreign key", "DELETE FROM profiles WHERE id = 1", [GONE, *CASCADED]),
    Case("a key that is followed", "UPDATE profiles SET id = 7 WHERE id = 1",
         [_entry("profiles", "UPDATE", row_key={"id": 1}, new_row_key={"id": 7}, old=P1, new=P1),
          *(_entry("orders", "UPDATE", row_key={"id": o["id"]}, old=o, new={**o, "profile_id": 7})
            for o in (O10, O11))]),
    Case("no row", "DELETE FROM profiles WHERE id = 99", []),
    Case("a truncation", "TRUNCATE orders", [_entry("orders", "TRUNCATE", truncated_rows=2)]),
    Case("a truncation that reaches on", "TRUNCATE profiles CASCADE",
         [_entry("profiles", "TRUNCATE", truncated_rows=2), _entry("orders", "TRUNCATE", truncated_rows=2)]),
    Case("a truncation of partitions", "TRUNCATE events",
         [_entry("events", "TRUNCATE", truncated_rows=number) for number in (0, 1, 1)]),
    Case("a merge", """MERGE INTO profiles p USING (VALUES (1), (2), (3)) AS v (id) ON p.id = v.id
         WHEN MATCHED AND p.id = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET role = 'admin'
         WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'x', 'open')""",
         [GONE, *CASCADED, _entry("profiles", "UPDATE", row_key={"id": 2}, old=P2, new=ADMIN), ADDED]),
    Case("an upsert", """INSERT INTO profiles VALUES (1, 'admin', 'open'), (3, 'x', 'open')
         ON CONFLICT (id) DO UPDATE SET role = excluded.role""", [PROMOTED, ADDED]),
    Case("an upsert that does nothing", "INSERT INTO profiles VALUES (1, 'x') ON CONFLICT DO NOTHING", []),
    Case("a copy", "COPY profiles (id, role, status) FROM STDIN", [ADDED], copied="3\tx\topen\n"),
    Case("a delete inside a query", "WITH d AS (DELETE FROM orders WHERE id = 11 RETURNING id) SELECT FROM d",
         CASCADED[1:]),
    Case("a write that is taken back",
         f"DO $$ BEGIN {PROMOTE}; RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END $$", []),
    Case("through a partitioned table", "INSERT INTO events VALUES ('a', 3)",
         [_entry("events", "INSERT", new={"kind": "a", "n": 3})]),
    Case("into a partition", "INSERT INTO events_a VALUES ('a', 3)",
         [_entry("events", "INSERT", new={"kind": "a", "n": 3})]),
    Case("from one partition to another", "UPDATE events SET kind = 'b' WHERE n = 1",
         [_entry("events", "UPDATE", old={"kind": "a", "n": 1}, new={"kind": "b", "n": 1})]),
    Case("JSON that jsonb refuses", f"INSERT INTO papers SELECT 1, j, ARRAY[j], b, ARRAY[b] FROM {NUL}",
         [_entry("papers", "INSERT", row_key={"id": 1},
                 new={"id": 1, "plain": r'"\u0000"', "many": r'{"\"\\u0000\""}', "boxed": r'(1,"""\\u0000""")',
                      "boxes": r'{"(1,\"\"\"\\\\u0000\"\"\")"}'})]),
    Case("for a request", PROMOTE,
         [{**PROMOTED, **_by("audit_user", "api"), "claims": {"sub": "u1", "app.role": "admin"}, "request_id": "r-1"}],
         {**_claims({"sub": "u1", "app": {"role": "admin"}, "secret": 1}), **REQUEST, "role": "audit_user"}),
    Case("without claims", PROMOTE, [{**PROMOTED, **_by("audit_anon", "api")}], {"role": "audit_anon"}),
    Case("with other claims", PROMOTE, [{**PROMOTED, "claims": {"sub": ["u1"], "app.role": None}}],
         _claims({"sub": ["u1"], "app": "admin"})),
    *(Case(f"with claims that are {what}", PROMOTE, [PROMOTED], _claims(text)) for what, text in NO_CLAIMS.items()),
    *(Case(f"with headers that are {what}", PROMOTE, [PROMOTED], {"request.headers": text})
      for what, text in NO_CLAIMS.items()),
    Case("by a service role", PROMOTE, [{**PROMOTED, **_by("audit_job", "service")}], {"role": "audit_job"}),
    Case("by a service role that policies bind", PROMOTE, [{**PROMOTED, **_by("audit_plain", "service")}],
         {"role": "audit_plain"}),
    Case("by a function with other rights", "SELECT promote(1)", [{**PROMOTED, **_by("audit_user", "api")}],
         {"role": "audit_user"}),
    Case("in a session with habits of its own", "UPDATE orders SET due = due + interval '1 day' WHERE id = 10",
         [_entry("orders", "UPDATE", row_key={"id": 10}, old=O10, new={**O10, "due": "2025-03-02T12:00:00+00:00"})],
         {"timezone": "Asia/Tokyo", "datestyle": "German", "row_security": "off", "intervalstyle": "sql_standard",
          "standard_conforming_strings": "off"}),
]  # fmt: skip
_READ = (
    "table_schema", "table_name", "event", "row_key", "new_row_key", "old", "new", "truncated_rows", "source",
    "db_role", "session_role", "request_id", "claims",
)  # fmt: skip
_SUPERUSER = {"table_schema": "public", "source": "database", "db_role": "postgres", "session_role": "postgres"}


def logged(connection: psycopg.Connection, case: Case) -> tuple[list[Any], list[Any]]:
    """What a case logs, and what it must; in no order, since triggers of one statement have none."""
    with connection.transaction(force_rollback=True):
        for name, value in case.settings.items():
            connection.execute("SELECT set_config(%s, %s, true)", [name, value])
        if case.copied:
            with connection.cursor() as cursor, cursor.copy(case.write.encode()) as copy:
                copy.write(case.copied)
        else:
            connection.execute(case.write.encode())
        connection.execute("RESET ROLE")
        found = connection.execute(f"SELECT {', '.join(_READ)} FROM {LOG} ORDER BY id".encode()).fetchall()
        odd = connection.execute(
            f"""SELECT count(*) FROM {LOG} WHERE txid <> pg_current_xact_id()::text::bigint
            OR at NOT BETWEEN now() AND clock_timestamp()""".encode()
        ).fetchone()
    assert odd == (0,)
    must = [{**_SUPERUSER, **entry} for entry in case.logs]
    return _sorted(found), _sorted([tuple(entry.get(name) for name in _READ) for entry in must])


def _sorted(entries: list[Any]) -> list[Any]:
    return sorted(entries, key=lambda entry: json.dumps(entry, sort_keys=True))


def wrong(connection: psycopg.Connection) -> list[str]:
    """The cases that log something else than they must, or fail."""
    out = []
    for case in CASES:
        try:
            found, must = logged(connection, case)
        except psycopg.Error:
            out.append(case.what)
        else:
            out += [] if found == must else [case.what]
    return out


@dataclass(frozen=True, slots=True)
class Mutant:
    """``wrong`` is put for ``right`` wherever it stands in the migration; it runs after it if ``right`` is empty."""

    what: str
    right: str
    wrong: str

    def of(self, migration: str) -> str:
        assert self.right in migration
        return migration.replace(self.right, self.wrong) if self.right else f"{migration}\n{self.wrong};"


MUTANTS = [
    Mutant("a column is not compared", "o.c1 IS DISTINCT FROM n.c1", "false"),
    Mutant("every update is logged", "o.c1 IS DISTINCT FROM n.c1", "true"),
    Mutant("columns are compared by =", "o.c2 IS DISTINCT FROM n.c2", "o.c2 <> n.c2"),
    Mutant("the order of rows is another", "(SELECT row_number() OVER () AS p, r.role",
           "(SELECT row_number() OVER (ORDER BY r.role) AS p, r.role"),
    Mutant("the new key is not logged", "CASE WHEN o.c3 IS DISTINCT FROM n.c3 THEN jsonb_build_object('id', n.c3) END",
           "NULL"),
    Mutant("the old image is the new one", "jsonb_build_object('role', o.c1", "jsonb_build_object('role', n.c1"),
    Mutant("inserts are not logged", "FROM new_rows AS r) AS w", "FROM new_rows AS r LIMIT 0) AS w"),
    Mutant("partitions have no triggers", "", "ALTER TABLE events_a DISABLE TRIGGER USER"),
    Mutant("truncation is logged too late", "BEFORE TRUNCATE ON public.orders", "AFTER TRUNCATE ON public.orders"),
    Mutant("claims that are no JSON fail", "EXCEPTION WHEN OTHERS THEN\n    RETURN NULL;\n  END;\n  RETURN CASE",
           "END;\n  RETURN CASE"),
    Mutant("claims that are no object count", "CASE WHEN jsonb_typeof(claims) = 'object' THEN claims END", "claims"),
    Mutant("empty claims fail", "coalesce(current_setting('request.jwt.claims', true), '') = ''",
           "current_setting('request.jwt.claims') = ''"),
    Mutant("headers that are no JSON fail", "EXCEPTION WHEN OTHERS THEN\n  RETURN NULL;\nEND", "END"),
    Mutant("the writer is the owner", "coalesce(nullif(current_setting('role'), 'none'), session_user)",
           "current_user"),
    Mutant("the writer is the session's", "coalesce(nullif(current_setting('role'), 'none'), session_user)",
           "session_user"),
    Mutant("a service role is like any other", "THEN 'service'", "THEN 'database'"),
    Mutant("all claims are logged", "SELECT jsonb_build_object('sub', c.claims #> ARRAY['sub']",
           "SELECT c.claims || jsonb_build_object('sub', c.claims #> ARRAY['sub']"),
    Mutant("functions have the writer's rights", "VOLATILE SECURITY DEFINER", "VOLATILE"),
    Mutant("JSON inside another value is not its text", "w.c4::text", "w.c4"),
    Mutant("the session spells times", "SET timezone = 'UTC'\n", ""),
]  # fmt: skip
