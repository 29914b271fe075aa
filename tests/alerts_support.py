"""A project with everything that alerts can watch, on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg

from live import Database, fresh_database
from pgspec.compile import Result, compile_project
from pgspec.scratch import ScratchServer
from pgspec.sources import from_texts

HOSTILE = "Odd \"name\" {{ $labels }} \\ 'x' $__interval [[a]] %s é"
PROJECT = "kind: project\nname: '{{ shop }}'' \"s\"'\nroles: {api: [anon], service: [service_role, keeper]}\n"
SCHEMA = """\
CREATE TABLE requests (id bigint PRIMARY KEY, endpoint text NOT NULL, took numeric NOT NULL, at timestamptz NOT NULL);
CREATE TABLE secrets (id bigint PRIMARY KEY, text text NOT NULL);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
"""
SPECS = f"""\
kind: alert
name: slow
query: SELECT took AS value, endpoint AS detail FROM requests
above: 300
for: 10 minutes
severity: page
runbook: "turn the cache off"
---
kind: alert
name: few
query: SELECT count(*) AS value, NULL AS detail FROM requests HAVING count(*) > 0
below: 2
---
kind: alert
name: ratio
query: SELECT 100 / (SELECT count(*) FROM requests WHERE id > 1000) AS value
above: 1000
---
kind: alert
name: secret
query: SELECT count(*) AS value FROM secrets
above: 0
---
kind: alert
name: {"'" + HOSTILE.replace("'", "''") + "'"}
description: |
  {{{{ .Value }}}} of 100% "sure"
  # not a comment: $value
query: SELECT -1 AS value, 'x\\$function$' AS detail
below: -0.5
runbook: '{{{{ end }}}} \\ $1'
---
kind: alert
name: refresh_failures
above: 2
severity: page
---
kind: materialized_view
name: by_endpoint
unique_key: [endpoint]
query: SELECT endpoint, count(*) AS requests FROM requests GROUP BY endpoint
refresh: {{every: 5 minutes, max_staleness: 1h}}
---
kind: event_log
name: metrics
labels:
  endpoint: {{type: text, max_cardinality: 3}}
  "odd label": {{type: text, max_cardinality: 2}}
measures: {{took_ms: double precision, cache_hit: boolean, database_queries: int, 'is "odd"': boolean}}
retention: 30 days
---
kind: invalidation
name: requests
table: requests
tags: ["requests:{{endpoint}}"]
---
kind: cached_query
name: requests
query: SELECT count(*) FROM requests WHERE endpoint = :endpoint
tags: ["requests:{{endpoint}}"]
ttl: 1 minute
"""


@cache
def compiled(specs: str = SPECS, schema: str = SCHEMA, project: str = PROJECT) -> Result:
    """The project compiled; its findings, if it has errors, are the test's failure."""
    texts = {"specs/project.yaml": project, "specs/schema.sql": schema, "specs/all.yaml": specs}
    result = compile_project(from_texts(texts))
    assert result.ok, result.diagnostics
    return result


def install(database: Database, result: Result, schema: str = SCHEMA) -> None:
    """The roles, the tables and the generated SQL."""
    assert result.program is not None
    with database.connect() as connection:
        here = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in sorted(result.program.roles):  # another test may have made it
            connection.execute(f"{'ALTER' if role in here else 'CREATE'} ROLE {role} LOGIN")
    database.run(schema)
    database.run(result.files["generated/schema.sql"])


@contextmanager
def installed(server: ScratchServer, result: Result | None = None, schema: str = SCHEMA) -> Iterator[Database]:
    """A new database with the project."""
    with fresh_database(server) as database:
        install(database, result or compiled(), schema)
        yield database


def alert(connection: psycopg.Connection[Any], name: str) -> dict[str, Any]:
    """The row of one alert in the view."""
    cursor = connection.execute("SELECT * FROM public.pgspec_alerts WHERE name = %s", (name,))
    row = cursor.fetchone()
    assert row is not None and cursor.description is not None
    return dict(zip([column.name for column in cursor.description], row, strict=True))
