"""Small projects for tests, compiled in memory."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from pgspec.compile import DRAFT, Result, compile_project, release_files
from pgspec.pgsql import parse
from pgspec.sources import Sources, from_texts

PROJECT = "kind: project\nname: shop\nroles: {api: [anon], service: [service_role, keeper]}\n"
SCHEMA = """\
CREATE TABLE customers (id bigint PRIMARY KEY, city text);
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers (id),
  placed_on date NOT NULL,
  amount numeric NOT NULL,
  coupon text
);
"""
DAILY = """\
kind: materialized_view
name: orders_daily
description: Orders by day.
unique_key: [placed_on]
indexes:
  - {columns: [orders]}
query: |
  SELECT placed_on, count(*) AS orders, sum(amount) AS revenue
  FROM orders
  GROUP BY placed_on
access: {select: [service_role]}
"""
MONTHLY = """\
kind: materialized_view
name: orders_monthly
unique_key: [month]
query: |
  SELECT date_trunc('month', placed_on::timestamp) AS month, sum(orders) AS orders
  FROM orders_daily
  GROUP BY 1
"""


def sources(specs: Mapping[str, str], releases: Mapping[str, str] | None = None, schema: str = SCHEMA) -> Sources:
    """A project with the given spec files (by name, without folder), and the files of earlier releases."""
    texts = {"specs/project.yaml": PROJECT, "specs/schema.sql": schema}
    return from_texts(texts | {f"specs/{name}": text for name, text in specs.items()} | dict(releases or {}))


def compiled(specs: Mapping[str, str], releases: Mapping[str, str] | None = None) -> Result:
    """The project compiled; its findings, if it has errors, are the test's failure."""
    result = compile_project(sources(specs, releases))
    assert result.ok, result.diagnostics
    return result


def released(result: Result, folder: str) -> dict[str, str]:
    """The files under generated/releases after the draft is sealed."""
    return {
        path: text for path, text in release_files(result, folder).items() if path.startswith("generated/releases/")
    }


def draft(result: Result, name: str) -> str:
    """A file of the draft."""
    return result.files[f"{DRAFT}/{name}"]


def statements(text: str) -> list[str]:
    """The statements of a script, as plain psql would send them one by one."""
    found, failure = parse(text)
    assert failure is None, failure
    return [text[statement.start : statement.end] for statement in found]


def make_roles(connection: psycopg.Connection) -> None:
    """The roles of `PROJECT`; they belong to the server, so another test may have made them."""
    for role in ("anon", "service_role", "keeper"):
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
            connection.execute(f"CREATE ROLE {role}")
