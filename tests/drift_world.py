"""A shop with every type of object that pgspec makes, deployed on a real server, to be changed by hand."""

from __future__ import annotations

import re

import psycopg

from live import Database
from pgspec.compile import Result, compile_project
from pgspec.drift import Drift, compare_live, report
from pgspec.sources import Sources, from_texts
from pgspec.sql import ident
from shop import DAILY, MONTHLY, draft, make_roles, released, statements

RELEASE = "20250101000000_first"
PROJECT = """\
kind: project
name: shop
roles: {api: [anon], service: [service_role, keeper]}
"""
SCHEMA = """\
CREATE SCHEMA api;
CREATE TABLE customers (id bigint PRIMARY KEY, city text);
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers (id),
  placed_on date NOT NULL,
  amount numeric NOT NULL,
  coupon text
);
"""
INVALIDATION = "kind: invalidation\nname: orders\ntable: orders\ntags: ['orders:{id}']\n"
AUDIT = "kind: audit_log\nname: audit\ntables: {customers: {update: [city], delete: true}}\nretention: 7 days\n"
RLS = """\
kind: rls
table: customers
on_denied: error
expose: {as: api.customers}
policies:
  - {name: locals, command: all, to: [keeper], using: "city = (SELECT pgspec.claim('city'))", check: "city IS NOT NULL"}
  - {name: readers, command: select, to: [keeper], using: "(SELECT pgspec.claim('role')) = 'reader'"}
"""
EXPOSED = """\
expose:
  as: api.daily
  where: "placed_on = (SELECT pgspec.claim('day'))::date"
  to: [anon]
"""
SPECS = {
    "daily.yaml": DAILY + EXPOSED + "owner: keeper\n",
    "monthly.yaml": MONTHLY,
    "orders.yaml": INVALIDATION,
    "audit.yaml": AUDIT,
    "customers.yaml": RLS,
}
ROWS = """
GRANT SELECT ON orders TO keeper;
INSERT INTO customers VALUES (1, 'Rome'), (2, 'Oslo');
INSERT INTO orders VALUES (1, 1, '2025-01-01', 5, NULL), (2, 2, '2025-02-01', 7, 'x');
UPDATE customers SET city = 'Bari' WHERE id = 1;
"""


def shop(specs: dict[str, str] = SPECS, releases: dict[str, str] | None = None) -> Result:
    """The shop compiled; its findings, if it has errors, are the test's failure."""
    files = {"specs/project.yaml": PROJECT, "specs/schema.sql": SCHEMA}
    result = compile_project(
        from_texts(files | {f"specs/{name}": text for name, text in specs.items()} | (releases or {}))
    )
    assert result.ok, result.diagnostics
    return result


def first_release() -> Result:
    """The shop with its first release sealed, and nothing to do."""
    return shop(releases=released(shop(), RELEASE))


def run(connection: psycopg.Connection, script: str) -> None:
    """As plain psql does: statement by statement."""
    for statement in statements(script):
        connection.execute(statement)


def deploy(connection: psycopg.Connection) -> None:
    """The base schema, the first release, and some rows."""
    make_roles(connection)
    run(connection, SCHEMA)
    run(connection, draft(shop(), "migrate.sql"))
    run(connection, ROWS)


def base(connection: psycopg.Connection, result: Result, sources: Sources) -> None:
    """The base schema of a project, and the roles that it takes for granted."""
    assert result.program is not None
    for role in {*result.program.roles, *result.program.catalog.roles}:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
            connection.execute(f"CREATE ROLE {ident(role)}".encode())
    for path in sources.schema:
        connection.execute(re.sub(rb"(?:^|(?<=; ))CREATE ROLE [^;]*;", b"", sources.sql[path], flags=re.MULTILINE))


def look(database: Database, result: Result, **parameters: str) -> Drift:
    """What drift finds, asked with libpq's ``parameters``."""
    return compare_live(database.server.dsn(database.name, **parameters), result)


def lines(found: Drift) -> list[str]:
    """One line for each finding."""
    return [f"{f.kind} {f.object}: {f.what}" for f in found.findings]


def mend(connection: psycopg.Connection, found: Drift) -> None:
    """Run what mends it."""
    run(connection, report.sql(found))
