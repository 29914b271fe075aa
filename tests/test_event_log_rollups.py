"""The roll-ups of the example over an event log, from real inserts, against buckets that plain Python counts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg.rows import dict_row

from event_log_support import PROJECT, ROLES, one
from live import Database, fresh_database
from pgspec.compile import compile_project
from pgspec.scratch import ScratchServer
from pgspec.sources import from_texts

LOG_NAME = "performance_metrics"
VIEWS = Path(__file__).parents[1] / "specs" / "views"
LOG = """\
kind: event_log
name: performance_metrics
labels:
  endpoint: {type: text, max_cardinality: 500, normalize: path}
  method: {type: text, values: [GET, POST, PUT, PATCH, DELETE]}
  status_code: {type: int, max_cardinality: 60}
identifiers: {request_id: text}
measures: {response_time_ms: double precision, cache_hit: boolean, database_queries: int}
retention: 2000 days
partition: day
"""
ROLLUPS = {
    "api_metrics_5m": ("bucket", timedelta(minutes=5)),
    "performance_analytics_5min": ("five_minute_bucket", timedelta(minutes=5)),
    "performance_analytics_hourly": ("hour", timedelta(hours=1)),
    "api_metrics_hourly_enhanced": ("hour", timedelta(hours=1)),
}
FIVE, TICK = timedelta(minutes=5), timedelta(microseconds=1)
BINNED = "date_bin('5 minutes', r.created_at, TIMESTAMPTZ '2000-01-01 00:00:00+00')"
# Days on which clocks change in the time zones below, and a leap day.
EDGES = [
    datetime(2024, 2, 29, 23, 55, tzinfo=UTC),
    datetime(2025, 3, 30, 1, 0, tzinfo=UTC),
    datetime(2025, 10, 26, 1, 0, tzinfo=UTC),
    datetime(2025, 4, 5, 15, 0, tzinfo=UTC),
    datetime(2025, 8, 23, 0, 0, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 55, tzinfo=UTC),
]
ZONES = ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham"]


class Event(NamedTuple):
    moment: datetime
    path: str
    route: str
    method: str
    status: int | None
    took: float | None
    cached: bool | None


def spec(name: str) -> str:
    return (
        (VIEWS / f"{name}.yaml")
        .read_text("utf-8")
        .replace("api_requests", LOG_NAME)
        .replace("service_role", "log_service")
    )


@contextmanager
def rolled_up(server: ScratchServer, change: tuple[str, str] = ("", "")) -> Iterator[Database]:
    """The log with the example's views of it; ``change`` is made in their specs."""
    specs = [spec(name) for name in ROLLUPS]
    assert any(change[0] in text for text in specs)
    texts = {"specs/project.yaml": PROJECT, "specs/schema.sql": ""}
    texts["specs/all.yaml"] = "---\n".join([LOG, *(text.replace(*change) for text in specs)])
    result = compile_project(from_texts(texts))
    assert result.ok, result.diagnostics
    with fresh_database(server) as database:
        database.run(ROLES)
        database.run(result.files["generated/draft/migrate.sql"])
        yield database


def events(seed: int, number: int) -> list[Event]:
    """At bucket edges, a microsecond beside them, and anywhere between."""
    chance = random.Random(seed)
    found = []
    for _ in range(number):
        moment = chance.choice(EDGES) + chance.randrange(-3, 4) * FIVE
        moment += chance.choice((timedelta(0), -TICK, TICK, FIVE - TICK, timedelta(seconds=chance.random() * 300)))
        path, route = chance.choice(
            (("/search?q=x", "/search"), (f"/providers/{chance.randrange(9)}", "/providers/:id"))
        )
        took = chance.choice((None, 0.0, 1.0, 8.0, chance.random() * 2000))
        status, cached = chance.choice((200, 404, 500, None)), chance.choice((None, True, False))
        found.append(Event(moment, path, route, chance.choice(("GET", "POST")), status, took, cached))
    return found


def record(connection: psycopg.Connection, found: list[Event], chance: random.Random) -> None:
    for item in found:
        connection.execute(f"SET timezone = '{chance.choice(ZONES)}'".encode())
        connection.execute(
            """SELECT record_performance_metrics(endpoint => %s, method => %s, status_code => %s,
                 response_time_ms => %s, cache_hit => %s, database_queries => 2, created_at => %s)""",
            [item.path, item.method, item.status, item.took, item.cached, item.moment],
        )


def expected(found: list[Event], width: timedelta) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Counts and sums of each bucket: how many whole widths there are since the year 2000, without any calendar."""
    start = datetime(2000, 1, 1, tzinfo=UTC)
    out: dict[tuple[Any, ...], dict[str, Any]] = {}
    for item in found:
        key = (start + (item.moment - start) // width * width, item.route, item.method)
        row = out.setdefault(key, {"requests": 0, "server_errors": 0, "max_ms": None, "cache": [], "took": []})
        row["requests"] += 1
        row["server_errors"] += item.status == 500
        row["took"] += [] if item.took is None else [item.took]
        row["cache"] += [] if item.cached is None else [item.cached]
    return out


def compare(connection: psycopg.Connection, found: list[Event]) -> None:
    """Every roll-up, row by row."""
    for name, (column, width) in ROLLUPS.items():
        wanted = expected(found, width)
        rows = connection.cursor(row_factory=dict_row).execute(f"SELECT * FROM {name}".encode()).fetchall()
        # In UTC: a local time that occurs twice is equal to nothing in another zone.
        keyed = {(row[column].astimezone(UTC), row["endpoint"], row["method"]): row for row in rows}
        assert len(keyed) == len(rows) and keyed.keys() == wanted.keys(), name
        for key, row in keyed.items():
            right = wanted[key]
            assert row["requests"] == right["requests"], name
            if "server_errors" in row:
                assert row["server_errors"] == right["server_errors"], name
            else:
                assert float(row["error_rate"]) == pytest.approx(right["server_errors"] / right["requests"], abs=1e-4)
            if "max_ms" in row:
                assert row["max_ms"] == max(right["took"], default=None), name
            if "total_ms" in row:
                assert float(row["total_ms"]) == pytest.approx(sum(right["took"]), rel=1e-9)
                assert (row["cache_lookups"], row["cache_hits"]) == (len(right["cache"]), sum(right["cache"]))
                assert sum(row["latency_counts"]) == row["timed_requests"] == len(right["took"])
            else:
                rate = sum(right["cache"]) / len(right["cache"]) if right["cache"] else None
                assert (
                    row["cache_hit_rate"] is None
                    if rate is None
                    else float(row["cache_hit_rate"]) == pytest.approx(rate, abs=1e-4)
                )


def refresh(connection: psycopg.Connection) -> None:
    for name in ROLLUPS:
        connection.execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {name}".encode())


def rounds(database: Database, seed: int) -> None:
    """Events, a refresh, late events for the same buckets and for days before, upkeep, and another refresh."""
    chance = random.Random(seed)
    found: list[Event] = []
    with database.connect() as connection:
        for number in (150, 100, 50):
            new = events(chance.randrange(1000), number)
            record(connection, new, chance)
            found += new
            connection.execute(f"SET timezone = '{chance.choice(ZONES)}'".encode())
            refresh(connection)
            compare(connection, found)
            assert one(connection, "SELECT maintain_performance_metrics(1)") >= 0
            refresh(connection)
            compare(connection, found)
        homes = "count(DISTINCT tableoid), count(*) FILTER (WHERE tableoid = 'performance_metrics_default'::regclass)"
        (row,) = connection.execute(f"SELECT {homes} FROM performance_metrics".encode()).fetchall()
        assert row[0] >= len(EDGES) and row[1] == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_buckets_are_right_at_their_edges_and_with_late_events(server: ScratchServer, seed: int) -> None:
    with rolled_up(server) as database:
        rounds(database, seed)


@pytest.mark.parametrize(
    "wrong",
    [
        "date_bin('5 minutes', r.created_at - INTERVAL '1 microsecond', TIMESTAMPTZ '2000-01-01 00:00:00+00')",
        "date_bin('5 minutes', r.created_at, TIMESTAMPTZ '2000-01-01 00:00:01+00')",
        "date_bin('6 minutes', r.created_at, TIMESTAMPTZ '2000-01-01 00:00:00+00')",
        f"({BINNED} AT TIME ZONE 'Europe/Berlin') AT TIME ZONE 'Europe/Berlin'",
    ],
    ids=["beside the edge", "another origin", "another width", "by way of local time"],
)
def test_a_wrong_bucket_is_noticed(server: ScratchServer, wrong: str) -> None:
    with rolled_up(server, (BINNED, wrong)) as database, pytest.raises(AssertionError):
        rounds(database, 1)


def test_an_event_that_is_left_behind_is_noticed(server: ScratchServer) -> None:
    """Whether a day's partition gets the rows of the day before it was made."""
    with rolled_up(server) as database, database.connect() as connection:
        found = events(3, 40)
        record(connection, found, random.Random(3))
        body = one(connection, "SELECT pg_get_functiondef('maintain_performance_metrics(integer)'::regprocedure)")
        assert body.count(" FROM moved AS m'") == 1
        connection.execute(body.replace(" FROM moved AS m'", " FROM moved AS m OFFSET 1'").encode())
        one(connection, "SELECT maintain_performance_metrics(1)")
        refresh(connection)
        with pytest.raises(AssertionError):
            compare(connection, found)
