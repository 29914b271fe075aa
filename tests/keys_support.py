"""A small schema and short-hands for the tests of `pgspec.keys`."""

from __future__ import annotations

from functools import cache

from pgspec.catalog import Catalog
from pgspec.catalog.reader import read_schema
from pgspec.keys import Analysis, analyse
from pgspec.pgsql import parse

SCHEMA = """
CREATE SCHEMA app;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE orgs (id bigint PRIMARY KEY, slug text NOT NULL UNIQUE, name text, parent_id bigint REFERENCES orgs (id));
CREATE UNIQUE INDEX orgs_lower ON orgs (lower(name));
CREATE TABLE users (
    id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES orgs (id), mail email, city text, feeling mood NOT NULL,
    deleted_at timestamptz, created_at timestamptz NOT NULL, born date NOT NULL, tags text[] NOT NULL,
    settings jsonb NOT NULL, code text, CHECK (code IS NOT NULL), UNIQUE (code), UNIQUE NULLS NOT DISTINCT (city, born)
);
CREATE UNIQUE INDEX users_mail ON users (mail) WHERE deleted_at IS NULL;
CREATE TABLE profiles (
    id bigint PRIMARY KEY, user_id bigint UNIQUE REFERENCES users (id), bio text, score numeric NOT NULL,
    tenth numeric GENERATED ALWAYS AS (score + 10) STORED
);
CREATE TABLE orders (
    id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id), city text, total numeric NOT NULL,
    paid boolean NOT NULL, placed timestamp NOT NULL, day date NOT NULL
);
CREATE TABLE items (
    order_id bigint REFERENCES orders (id), line integer, sku text NOT NULL, PRIMARY KEY (order_id, line)
);
CREATE TABLE prices (amount numeric PRIMARY KEY, label text NOT NULL);
CREATE TABLE rates (currency text NOT NULL, day date NOT NULL, UNIQUE (currency, day) DEFERRABLE);
CREATE TABLE logs (id integer PRIMARY KEY, line text);
CREATE TABLE old_logs () INHERITS (logs);
CREATE TABLE app.events (id integer PRIMARY KEY, user_id bigint NOT NULL, at timestamptz NOT NULL);
CREATE FUNCTION tax(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION lines() RETURNS TABLE (n integer, line text) LANGUAGE sql STABLE AS 'SELECT 1, ''a''';
CREATE VIEW live_users AS SELECT id, mail, org_id FROM users WHERE deleted_at IS NULL;
CREATE VIEW spenders AS SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id;
"""


@cache
def catalog() -> Catalog:
    """The catalog of `SCHEMA`."""
    found, findings = read_schema([("schema.sql", SCHEMA)])
    assert not findings
    return found


def analysed(query: str, known: Catalog | None = None) -> Analysis:
    """The analysis of one SELECT."""
    (statement,), failure = parse(query)
    assert failure is None
    return analyse(statement.node, known or catalog(), query)


def keys_of(query: str) -> list[str]:
    """The proven keys, each as its columns in one text."""
    return [" ".join(key.columns) for key in analysed(query).keys]
