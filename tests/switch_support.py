"""A project with a guarded table of each sort, for tests of what hardens it, and psql for its runbook."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import psycopg

from live import Database, fresh_database, psql
from pgspec.compile import Result, compile_project
from pgspec.scratch import ScratchServer
from pgspec.sources import from_texts

SCHEMA = """\
CREATE SCHEMA api;
CREATE TABLE orders (id bigint NOT NULL, city text NOT NULL, amount int NOT NULL DEFAULT 0, PRIMARY KEY (id));
CREATE TABLE parts (id bigint NOT NULL, city text NOT NULL) PARTITION BY LIST (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE secrets (id bigint PRIMARY KEY, owner text NOT NULL);
GRANT USAGE ON SCHEMA api, public TO anon, authenticated, service_role;
GRANT SELECT, INSERT, UPDATE, DELETE ON orders, secrets, parts TO service_role;
"""
SPECS = {
    "specs/project.yaml": "kind: project\nname: shop\nroles: {api: [anon, authenticated], service: [service_role]}\n"
    "migration: {lock_timeout: 30s}\n",
    "specs/schema.sql": SCHEMA,
    "specs/rls.yaml": """\
kind: rls
table: orders
policies:
  - {name: all_see, command: select, to: [anon, authenticated], using: "true"}
  - {name: all_change, command: update, to: [authenticated], using: "true"}
---
kind: rls
table: parts
policies: [{name: all_see, command: select, to: [anon], using: "true"}]
---
kind: rls
table: secrets
on_denied: error
expose: {as: api.secrets}
policies:
  - {name: own, command: select, to: [authenticated], using: "owner = (SELECT pgspec.claim('sub'))"}
---
kind: audit_log
name: trail
tables: {secrets: {delete: true}}
retention: 30 days
viewer: {name: trail_viewer, to: [authenticated], require: "pgspec.claim('role') = 'admin'"}
---
kind: materialized_view
name: orders_daily
unique_key: [city]
query: SELECT city, count(*) AS number FROM orders GROUP BY city
refresh: {every: 15 minutes}
allow: {MV008: counts are for everybody}
access: {select: [anon]}
expose: {as: api.daily, where: "city = (SELECT pgspec.claim('city'))", to: [authenticated]}
---
kind: invalidation
name: orders
table: orders
tags: ["order:{id}"]
""",
}
HARDENED = (
    "harden api.daily",
    "harden public.orders",
    "harden public.parts",
    "harden public.secrets",
    "harden public.trail",
)
THROW = "SELECT throw_switch(%s, 'INC-1: a test')"
RESET = "SELECT reset_switch(%s, 'INC-1: a test', 0)"


@cache
def project() -> Result:
    """The project, compiled."""
    result = compile_project(from_texts(SPECS))
    assert result.ok, result.diagnostics
    return result


def make_roles(connection: psycopg.Connection) -> None:
    """The roles of the project; they belong to the server, so another test may have made them."""
    for role in ("anon", "authenticated", "service_role"):
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
            connection.execute(f"CREATE ROLE {role}")
    connection.execute("ALTER ROLE anon LOGIN; ALTER ROLE authenticated LOGIN; ALTER ROLE service_role LOGIN BYPASSRLS")


@contextmanager
def deployed(server: ScratchServer) -> Iterator[Database]:
    """A new database in which the project is deployed, with a row in each table."""
    with fresh_database(server) as database:
        with database.connect() as connection:
            make_roles(connection)
        database.run(SCHEMA)
        database.run(project().files["generated/draft/migrate.sql"])
        database.run(
            "INSERT INTO orders SELECT i, 'Rome' FROM generate_series(1, 20) AS i; INSERT INTO parts VALUES (1, 'x')"
        )
        yield database


def runbook(
    database: Database, name: str, *arguments: str, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """A script of the runbook, run by psql; or ``text`` in its place."""
    script = project().files[f"generated/runbook/{name}"] if text is None else text
    program, environment = psql(database)
    return subprocess.run(
        [program, "-X", *arguments, "-d", database.dsn, "-f", "-"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
    )


def refused(database: Database, role: str, statement: str) -> str | None:
    """The SQLSTATE with which a statement of a role fails; None when it does not."""
    with database.connect(role) as connection:
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            return error.sqlstate
    return None
