"""The project that `pgspec init` writes: small, and green in `pgspec build` and `pgspec test`."""

from __future__ import annotations

PROJECT = """\
kind: project
name: shop
postgres: 15                 # the oldest server that the SQL must run on: 15 to 18
schema: [schema.sql]         # the tables that pgspec reads and does not own; `pg_dump --schema-only` prints such a file
roles:
  service: [reporting]
fixtures:                    # rows for `pgspec test`
  customers:
    ada: {id: 1, city: London}
    bob: {id: 2}
  orders:
    first: {id: 1, customer_id: 1, placed_at: "2025-01-01 10:00:00+00", amount: 12.50}
    second: {id: 2, customer_id: 2, placed_at: "2025-01-01 11:00:00+00", amount: 7.00}
"""

SCHEMA = """\
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'reporting') THEN
        CREATE ROLE reporting NOLOGIN;
    END IF;
END
$$;

CREATE TABLE customers (
    id bigint PRIMARY KEY,
    city text
);

CREATE TABLE orders (
    id bigint PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers (id),
    placed_at timestamptz NOT NULL,
    amount numeric NOT NULL
);
"""

VIEW = """\
kind: materialized_view
name: orders_daily
description: Orders and revenue by city and UTC day.
unique_key: [day, city]      # proven from the query: GROUP BY makes it unique, coalesce makes it not null
query: |
  SELECT (o.placed_at AT TIME ZONE 'UTC')::date AS day,
         coalesce(c.city, '(unknown)') AS city,
         count(*) AS orders,
         sum(o.amount) AS revenue
  FROM orders o
  JOIN customers c ON c.id = o.customer_id
  GROUP BY (o.placed_at AT TIME ZONE 'UTC')::date, coalesce(c.city, '(unknown)')
access: {select: [reporting]}
"""

FILES = {"specs/project.yaml": PROJECT, "specs/schema.sql": SCHEMA, "specs/orders_daily.yaml": VIEW}
