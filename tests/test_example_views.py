"""The example project's materialized views on real servers, with data: their keys and their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg.rows import dict_row

from live import Database, fresh_database
from pgspec.compile import compile_project
from pgspec.keys import check_key
from pgspec.scratch import ScratchServer
from pgspec.sources import from_disk
from pgspec.sql import commas, ident

ROOT = Path(__file__).parent.parent
SCHEMA = (ROOT / "specs/schema.sql").read_text()
DATA = (ROOT / "tests/example_data.sql").read_text()
PROJECT = yaml.load((ROOT / "specs/project.yaml").read_text(), yaml.BaseLoader)
# In the order of their names, which is also one in which every view comes after those that it reads.
SPECS = [yaml.load(path.read_text(), yaml.BaseLoader) for path in sorted((ROOT / "specs/views").glob("*.yaml"))]
QUERIES = {spec["name"]: spec["query"] for spec in SPECS}
PROGRAM = compile_project(from_disk(ROOT)).program
CLASS_WIDTH = 2**0.25
# Where the API requests are recorded, as far as the views care.
_LOG = r"CREATE TABLE public\.performance_metrics \(.*? DEFAULT;$"
LOG = re.search(_LOG, (ROOT / "generated/schema.sql").read_text(), re.DOTALL | re.MULTILINE)

CHANGES = (
    """
    DELETE FROM performance_metrics WHERE status_code = 404;
    INSERT INTO performance_metrics (endpoint, method, status_code, created_at)
    VALUES ('/new', 'GET', 200, '2025-03-01 10:01:00+00');
    UPDATE locations SET city = NULL WHERE city = 'Lisbon';
    DELETE FROM bookings WHERE status = 'no_show';
    """,
    """
    UPDATE performance_metrics SET response_time_ms = response_time_ms * 1.5 WHERE endpoint = '/search';
    DELETE FROM search_events WHERE results_count < 3;
    INSERT INTO locations (id, city, country) VALUES ('a2000000-0000-4000-8000-0000000000ff', 'Oslo', 'NO');
    UPDATE bookings SET location_id = 'a2000000-0000-4000-8000-0000000000ff' WHERE location_id IS NULL;
    """,
)
UTC_DAY = "{} >= '2025-03-01 00:00:00+00' AND {} < '2025-03-02 00:00:00+00'"


@pytest.fixture(scope="module")
def connection(server: ScratchServer) -> Iterator[psycopg.Connection]:
    """The views of the example, filled, and refreshed twice after changes, each time in another time zone."""
    with fresh_database(server) as database:
        run_schema(database)
        database.run(DATA)
        with database.connect() as connection:
            create_views(connection)
            for changes, zone in zip(CHANGES, ("Asia/Kathmandu", "America/St_Johns"), strict=True):
                connection.execute(changes.encode())
                connection.execute(f"SET timezone = '{zone}'".encode())
                for name in QUERIES:
                    connection.execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {ident(name)}".encode())
            yield connection


def run_schema(database: Database) -> None:
    """The tables that the views read."""
    assert LOG is not None
    database.run(SCHEMA)
    database.run(LOG[0])


def create_views(connection: psycopg.Connection) -> None:
    for spec in SPECS:
        name, key = ident(spec["name"]), spec["unique_key"]
        columns = commas(map(ident, key["columns"]))
        connection.execute(f"CREATE MATERIALIZED VIEW {name} AS {spec['query']}".encode())
        connection.execute(f"CREATE UNIQUE INDEX {ident(key['index'])} ON {name} ({columns})".encode())


def one(connection: psycopg.Connection, query: str) -> dict:
    (row,) = connection.cursor(row_factory=dict_row).execute(query.encode()).fetchall()
    return row


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec["name"])
def test_keys_are_proven(spec: dict) -> None:
    assert PROGRAM is not None
    analysis = next(view.analysis for view in PROGRAM.views if view.name.name == spec["name"])
    assert analysis is not None
    assert not analysis.findings and not analysis.unsupported
    # Nothing depends on the session or on the time of a refresh.
    assert not analysis.session and not analysis.time and not analysis.volatile and not analysis.unstable
    verdict = check_key(analysis, spec["unique_key"]["columns"])
    assert verdict.proven and verdict.redundant is None, verdict


def test_fixtures_satisfy_the_constraints(database: Database) -> None:
    run_schema(database)
    with database.connect() as connection:
        for table, rows in PROJECT["fixtures"].items():
            for row in rows.values() if table != "admin_audit_log" else ():  # no table of the schema files
                columns = commas(map(ident, row))
                values = ", ".join(["%s"] * len(row))
                insert = f"INSERT INTO {ident(table)} ({columns}) VALUES ({values})"
                connection.execute(insert.encode(), list(row.values()))
        create_views(connection)
        for name in QUERIES:
            assert one(connection, f"SELECT count(*) AS n FROM {ident(name)}")["n"] > 0, name


def test_schema_creates_roles_only_where_missing(database: Database) -> None:
    roles = SCHEMA[: SCHEMA.index("CREATE TABLE")]
    database.run(roles)
    database.run(roles)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec["name"])
def test_refreshed_rows_are_those_of_the_query(spec: dict, connection: psycopg.Connection) -> None:
    connection.execute("SET timezone = 'Pacific/Chatham'")
    view, query = ident(spec["name"]), spec["query"]
    extra = one(connection, f"SELECT count(*) AS n FROM (TABLE {view} EXCEPT ALL ({query})) AS extra")
    lost = one(connection, f"SELECT count(*) AS n FROM (({query}) EXCEPT ALL TABLE {view}) AS lost")
    assert (extra["n"], lost["n"]) == (0, 0)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec["name"])
def test_key_columns_are_never_null(spec: dict, connection: psycopg.Connection) -> None:
    missing = " OR ".join(f"{ident(column)} IS NULL" for column in spec["unique_key"]["columns"])
    assert one(connection, f"SELECT count(*) AS n FROM {ident(spec['name'])} WHERE {missing}")["n"] == 0


def test_a_provider_s_day(connection: psycopg.Connection) -> None:
    provider = "a3000000-0000-4000-8000-000000000001"
    created, completed = UTC_DAY.format("created_at", "created_at"), UTC_DAY.format("completed_at", "completed_at")
    stored = one(
        connection,
        f"""SELECT profile_views, contact_clicks, known_visitors, bookings_requested, revenue
            FROM provider_analytics_daily WHERE provider_id = '{provider}' AND date = '2025-03-01'""",
    )
    assert stored["profile_views"] > 1
    assert stored == one(
        connection,
        f"""
        WITH e AS (SELECT * FROM provider_events WHERE provider_id = '{provider}' AND {created}),
             b AS (SELECT * FROM bookings WHERE provider_id = '{provider}')
        SELECT (SELECT count(*) FROM e WHERE event_type = 'profile_view') AS profile_views,
               (SELECT count(*) FROM e WHERE event_type = 'contact_click') AS contact_clicks,
               (SELECT count(DISTINCT coalesce(viewer_id, session_id)) FROM e) AS known_visitors,
               (SELECT count(*) FROM b WHERE {created}) AS bookings_requested,
               (SELECT coalesce(sum(amount - refunded_amount), 0) FROM b WHERE {completed}) AS revenue
        """,
    )


def test_revenue_is_counted_once(connection: psycopg.Connection) -> None:
    earned = "SELECT sum(amount - refunded_amount) AS n FROM bookings WHERE status = 'completed'"
    expected = one(connection, earned)
    assert expected["n"] > 1000
    for view in ("provider_analytics_daily", "geographic_analytics_daily"):
        assert one(connection, f"SELECT sum(revenue) AS n FROM {view}") == expected


def test_unknown_places_are_one_place(connection: psycopg.Connection) -> None:
    stored = one(
        connection,
        """SELECT count(*) AS rows, sum(searches) AS searches FROM geographic_analytics_daily
           WHERE (date, city, state, country) = ('2025-03-01', '(unknown)', '(none)', '(unknown)')""",
    )
    expected = one(
        connection,
        f"""
        SELECT 1 AS rows, count(*) AS searches
        FROM search_events s
        WHERE {UTC_DAY.format("s.created_at", "s.created_at")}
          AND NOT EXISTS (SELECT FROM locations l WHERE l.id = s.location_id
                          AND (l.city <> '' OR l.state <> '' OR l.country <> ''))
        """,
    )
    assert expected["searches"] > 1
    assert stored == expected


def test_searches_of_specialties(connection: psycopg.Connection) -> None:
    stored = one(connection, "SELECT sum(searches) AS n, sum(search_clicks) AS c FROM specialty_analytics_daily")
    assert stored == one(
        connection,
        "SELECT count(*) AS n, count(clicked_provider_id) AS c FROM search_events WHERE specialty_id IS NOT NULL",
    )


def test_hourly_percentiles_stay_within_a_class_of_the_exact_ones(connection: psycopg.Connection) -> None:
    pairs = connection.cursor(row_factory=dict_row).execute(
        """
        SELECT h.requests, h.avg_ms, h.max_ms, h.p50_ms, h.p95_ms, h.p99_ms, x.*
        FROM api_metrics_hourly_enhanced h
        CROSS JOIN LATERAL (
            SELECT count(*) AS exact_requests, round(avg(r.response_time_ms)::numeric, 3) AS exact_avg_ms,
                   max(r.response_time_ms) AS exact_max_ms,
                   percentile_disc(0.50) WITHIN GROUP (ORDER BY r.response_time_ms) AS exact_p50_ms,
                   percentile_disc(0.95) WITHIN GROUP (ORDER BY r.response_time_ms) AS exact_p95_ms,
                   percentile_disc(0.99) WITHIN GROUP (ORDER BY r.response_time_ms) AS exact_p99_ms
            FROM performance_metrics r
            WHERE r.endpoint = h.endpoint AND r.method = h.method
              AND r.created_at >= h.hour AND r.created_at < h.hour + interval '1 hour'
        ) x
        """
    )
    compared = 0
    for row in pairs:
        for exact in ("requests", "max_ms"):
            assert row[exact] == row[f"exact_{exact}"]
        assert row["avg_ms"] == pytest.approx(row["exact_avg_ms"]) if row["avg_ms"] else row["exact_avg_ms"] is None
        for name in ("p50_ms", "p95_ms", "p99_ms"):
            value, exact = row[name], row[f"exact_{name}"]
            if exact is None:
                assert value is None
            elif exact <= 1:
                assert value == 1  # class 0 holds all that is faster
            else:
                assert exact <= value * (1 + 1e-12) and value <= exact * CLASS_WIDTH * (1 + 1e-12)
                compared += 1
    assert compared > 100


def test_the_mean_of_percentiles_is_no_percentile(connection: psycopg.Connection) -> None:
    """Why the hourly view merges histograms: the short way is far off where the load changes within the hour."""
    row = one(
        connection,
        """
        SELECT max(abs(m.p95 / x.p95 - 1)) AS error
        FROM (SELECT date_bin('1 hour', bucket, TIMESTAMPTZ '2000-01-01 00:00:00+00') AS hour, endpoint, method,
                     avg(p95_ms) AS p95 FROM api_metrics_5m GROUP BY 1, 2, 3) m
        JOIN (SELECT hour, endpoint, method, p95_ms AS p95, requests FROM performance_analytics_hourly) x
            USING (hour, endpoint, method)
        WHERE x.requests > 50
        """,
    )
    assert row["error"] > CLASS_WIDTH - 1
