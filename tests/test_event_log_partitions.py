"""Partitions of event logs: made ahead and dropped while others record, and how a log changes without losing events."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from event_log_support import LOG, PROJECT, compiled, event, logged, migration, one, record
from live import Database, fresh_database
from pgspec.compile import Result, compile_project, release_files
from pgspec.drift import compare_live
from pgspec.exercises.events import unordered
from pgspec.scratch import ScratchServer
from pgspec.snapshot import diff, snapshot
from pgspec.sources import from_texts

SHARED = "LOCK TABLE ONLY public.hits IN SHARE UPDATE EXCLUSIVE MODE"
CLOSED = "LOCK TABLE ONLY public.hits IN ACCESS EXCLUSIVE MODE"
DAY = timedelta(days=1)


def today(connection: psycopg.Connection) -> date:
    found = one(connection, "SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date")
    assert isinstance(found, date)
    return found


def partitions(connection: psycopg.Connection) -> list[str]:
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'hits'::regclass ORDER BY 1"
    return [name for (name,) in connection.execute(query).fetchall()]


def health(connection: psycopg.Connection) -> dict[str, object]:
    cursor = connection.execute("SELECT * FROM event_log_health WHERE log = 'hits'")
    (row,) = cursor.fetchall()
    return dict(zip([column.name for column in cursor.description or ()], row, strict=True))


def look(connection: psycopg.Connection, result: Result) -> dict[str, str]:
    assert result.program is not None
    return unordered(snapshot(connection), result.program.event_logs)


def named(first: date, days: int) -> list[str]:
    return [f"hits_{first + n * DAY:%Y%m%d}" for n in range(days)]


def attach(connection: psycopg.Connection, day: date) -> None:
    """A partition of a day that is over."""
    bounds = f"FROM ('{day}Z') TO ('{day + DAY}Z')"
    connection.execute(f"CREATE TABLE {named(day, 1)[0]} PARTITION OF hits FOR VALUES {bounds}".encode())


@contextmanager
def sessions(database: Database) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    with database.connect() as first, database.connect() as second:
        second.execute("SET lock_timeout = '2s'")
        yield first, second


def test_a_week_ahead_once_a_day(server: ScratchServer) -> None:
    with logged(server) as database, database.connect() as connection:
        assert (health(connection)["days_ahead"], partitions(connection)) == (-1, ["hits_default"])
        connection.execute("SET timezone = 'Pacific/Kiritimati'; SET datestyle = 'German'; SET search_path = ''")
        assert one(connection, "SELECT public.maintain_hits()") == 8
        assert one(connection, "SELECT public.maintain_hits()") == 0
        assert one(connection, "SELECT public.maintain_hits(0)") == 0
        assert one(connection, "SELECT public.maintain_hits(9)") == 2
        connection.execute("RESET ALL")
        start = today(connection)
        assert partitions(connection) == [*named(start, 10), "hits_default"]
        bounds = connection.execute(
            "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = %s::regclass", [named(start, 1)[0]]
        ).fetchone()
        assert bounds == (f"FOR VALUES FROM ('{start} 00:00:00+00') TO ('{start + DAY} 00:00:00+00')",)
        assert health(connection) == {
            "log": "hits", "oldest": start, "newest": start + 9 * DAY, "days_ahead": 9, "default_rows": 0,
            "events_last_hour": 0, "request_ids_last_hour": 0,
        }  # fmt: skip
        connection.execute(f"DROP TABLE {named(start, 10)[4]}".encode())  # a gap ends what is ahead
        assert health(connection)["days_ahead"] == 3
        record(connection, request_id="a")
        record(connection)
        record(connection, created_at=datetime.now(UTC) - timedelta(hours=2))
        seen = health(connection)
        assert (seen["events_last_hour"], seen["request_ids_last_hour"]) == (2, 1)


def test_indexes_and_rights_come_with_a_partition(server: ScratchServer) -> None:
    with logged(server) as database, database.connect() as connection:
        one(connection, "SELECT maintain_hits(0)")
        (part,) = named(today(connection), 1)
        query = """SELECT amname, indisvalid FROM pg_index JOIN pg_class c ON c.oid = indexrelid
            JOIN pg_am a ON a.oid = relam WHERE indrelid = %s::regclass ORDER BY 1"""
        methods = connection.execute(query, [part]).fetchall()
        assert methods == [("btree", True), ("hash", True)]
        owners = connection.execute("SELECT DISTINCT relowner FROM pg_class WHERE relname ~ '^hits'").fetchall()
        assert len(owners) == 1


def test_late_events_get_their_day_and_old_ones_go(server: ScratchServer) -> None:
    with logged(server) as database, database.connect() as connection:
        now = datetime.now(UTC)
        edge = datetime(now.year, now.month, now.day, tzinfo=UTC)
        kept = [record(connection, created_at=moment) for moment in (now, edge, edge - timedelta(microseconds=1))]
        gone = [
            record(connection, created_at=m) for m in (now - 4 * DAY, now - 3 * DAY - timedelta(hours=1), "-infinity")
        ]
        connection.execute("INSERT INTO hits (created_at) VALUES (now() + interval '300 days')")  # by hand
        assert (health(connection)["default_rows"], partitions(connection)) == (7, ["hits_default"])
        assert one(connection, "SELECT maintain_hits(2)") == 4  # yesterday's too
        assert partitions(connection) == [*named(today(connection) - DAY, 4), "hits_default"]
        homes = [one(connection, "SELECT tableoid::regclass::text FROM hits WHERE request_id = %s", [n]) for n in kept]
        assert homes == [named(edge.date(), 1)[0], named(edge.date(), 1)[0], named(edge.date() - DAY, 1)[0]]
        query = "SELECT count(*) FROM hits WHERE request_id = ANY (%s)"
        assert (one(connection, query, [kept]), one(connection, query, [gone])) == (3, 0)
        assert health(connection)["default_rows"] == 1


def test_a_partition_goes_when_all_of_it_is_too_old(server: ScratchServer) -> None:
    with logged(server) as database, database.connect() as connection:
        now = datetime.now(UTC)
        for days in (1, 2, 3, 4, 5):
            first = now.date() - days * DAY
            attach(connection, first)
            connection.execute("INSERT INTO hits (created_at) VALUES (%s)", [f"{first} 12:00Z"])
        one(connection, "SELECT maintain_hits(0)")
        # three days ago some of it is younger than three days
        assert partitions(connection) == [*named(now.date() - 3 * DAY, 4), "hits_default"]
        assert one(connection, "SELECT count(*) FROM hits") == 3


def test_recording_goes_on_while_partitions_are_made_ahead(server: ScratchServer) -> None:
    """With the lock that a writer meets it does not; nor with one that CREATE TABLE ... PARTITION OF takes."""

    def meanwhile(database: Database) -> None:
        with sessions(database) as (keeper, writer):
            one(keeper, "SELECT maintain_hits(2)")
            writer.execute("SET lock_timeout = '200ms'")
            with keeper.transaction():
                assert one(keeper, "SELECT maintain_hits(5)") == 3
                number = record(writer, endpoint="/a")
                assert one(writer, "SELECT maintain_hits(5)") == 0  # two keepers do not wait for each other
            assert event(writer, number)["endpoint"] == "/a"

    with logged(server) as database:
        meanwhile(database)
    made = "EXECUTE format('CREATE TABLE %s (LIKE public.hits"
    for old, new in ((SHARED, CLOSED), (made, f"{CLOSED};\n      {made}")):
        with logged(server, {old: new}) as database, pytest.raises(psycopg.errors.LockNotAvailable):
            meanwhile(database)


def late(database: Database) -> dict[str, object]:
    """Somebody records today's event while today's partition is being made, which is late."""
    with sessions(database) as (keeper, writer), ThreadPoolExecutor(1) as pool:
        record(keeper, endpoint="/a")
        with keeper.transaction():
            assert one(keeper, "SELECT maintain_hits(1)") == 2
            waiting = pool.submit(record, writer, endpoint="/b")
            query = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
            end = time.monotonic() + 20
            while not one(keeper, query, [writer.info.backend_pid]) and time.monotonic() < end:
                time.sleep(0.01)
            assert not waiting.done()
        found = {"event": event(writer, waiting.result(20)), "default": health(writer)["default_rows"]}
        assert one(writer, "SELECT count(*) FROM hits") == 2
        return found


def test_a_writer_of_the_day_that_is_being_made_waits_and_does_not_fail(server: ScratchServer) -> None:
    with logged(server) as database:
        assert late(database)["default"] == 0
    with logged(server, {CLOSED: SHARED}) as database, pytest.raises(psycopg.errors.CheckViolation):
        late(database)


def test_a_lock_that_cannot_be_had_is_left_for_the_next_time(server: ScratchServer) -> None:
    with logged(server) as database, sessions(database) as (reader, keeper):
        notices: list[str] = []
        keeper.add_notice_handler(lambda item: notices.append(str(item.message_primary)))
        with reader.transaction():
            reader.execute("SELECT count(*) FROM hits")
            number = record(keeper)
            assert one(keeper, "SELECT maintain_hits(0)") == 0
            assert len(notices) == 1 and "is not made, since somebody holds a lock" in notices[0]
            record(keeper)
        assert one(keeper, "SELECT maintain_hits(0)") == 1
        first = today(keeper) - 9 * DAY
        attach(keeper, first)
        with reader.transaction():
            reader.execute("SELECT count(*) FROM hits")
            assert one(keeper, "SELECT maintain_hits(0)") == 0
            assert "is kept, since somebody holds a lock" in notices[-1]
        assert one(keeper, "SELECT maintain_hits(0)") == 1
        assert event(keeper, number) and partitions(keeper) == [*named(today(keeper), 1), "hits_default"]


def test_partitions_are_made_with_a_current_view(server: ScratchServer) -> None:
    with logged(server) as database, database.connect() as connection:
        connection.execute("SET default_transaction_isolation = 'repeatable read'")
        with pytest.raises(psycopg.errors.ActiveSqlTransaction, match="READ COMMITTED"):
            one(connection, "SELECT maintain_hits()")


def test_upkeep_is_no_drift_and_nothing_to_verify(server: ScratchServer) -> None:
    result = compiled()
    with logged(server) as database, database.connect() as connection:
        record(connection, endpoint="/a", created_at=datetime.now(UTC) - DAY)
        assert one(connection, "SELECT maintain_hits()") == 9
        connection.execute(migration(result, name="verify").encode())
        assert compare_live(database.dsn, result).findings == []
        connection.execute("ALTER TABLE hits DETACH PARTITION hits_default")
        with pytest.raises(psycopg.errors.RaiseException, match="has no default partition"):
            connection.execute(migration(result, name="verify").encode())
        connection.execute("ALTER TABLE hits ATTACH PARTITION hits_default DEFAULT")
        connection.execute("DROP INDEX hits_request_id")
        assert [f.what for f in compare_live(database.dsn, result).findings] == ["does not exist"]
        connection.execute("SET pgspec.allow_data_loss = on")
        connection.execute(migration(result, name="rollback").encode())
        assert [name for name in snapshot(connection) if "hits" in name or "pgspec" in name] == []


VIEW = """\
---
kind: materialized_view
name: by_endpoint
unique_key: [endpoint]
query: SELECT endpoint, count(*) AS hits FROM hits GROUP BY endpoint
"""
WIDER = LOG.replace("identifiers:", "  region: {max_cardinality: 4}\nidentifiers:").replace(
    "cost:", "bytes: int, cost:"
)
CHANGES = {
    "columns": (LOG + VIEW, WIDER + VIEW, "region => 'eu', bytes => 7", ["bytes", "region"]),
    "columns that a view reads": (
        LOG + VIEW,
        WIDER + VIEW.replace("count(*)", "sum(bytes)"),
        "bytes => 7",
        ["bytes"],
    ),
    "another type": (LOG + VIEW, LOG.replace("cached: boolean", "cached: text") + VIEW, "cached => 'x'", ["cached"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_there_and_back_without_losing_an_event(server: ScratchServer, name: str) -> None:
    """A, B, A and B again on a log with events: what is there stays, and what only B knows is not dropped silently."""
    before, after, values, columns = CHANGES[name]
    base = {"specs/project.yaml": PROJECT, "specs/schema.sql": ""}
    first = compile_project(from_texts(base | {"specs/log.yaml": before}))
    releases = {
        path: text for path, text in release_files(first, "20250101000000_first").items() if "/releases/" in path
    }
    second = compile_project(from_texts(base | {"specs/log.yaml": after} | releases))
    assert first.ok and second.ok, second.diagnostics
    files = {part: second.files[f"generated/draft/{part}.sql"] for part in ("migrate", "rollback", "verify")}
    with logged(server, result=first) as database, database.connect() as connection:
        record(connection, endpoint="/a", status=200)
        one(connection, "SELECT maintain_hits()")
        then = look(connection, first)
        for _ in range(2):
            connection.execute(files["migrate"].encode())
            connection.execute(files["verify"].encode())
            assert one(connection, "SELECT count(*) FROM hits WHERE endpoint = '/a' AND status = 200") == 1
            connection.execute(files["rollback"].encode())
            assert diff(then, look(connection, first)) == []
        connection.execute(files["migrate"].encode())
        number = one(connection, f"SELECT record_hits(endpoint => '/b', {values})")
        assert event(connection, number)[columns[0]] in (7, "x")
        lost = " or ".join(rf"1 values of the column {column} of public\.hits would be lost" for column in columns)
        with pytest.raises(psycopg.errors.RaiseException, match=re.sub(" or ", "|", lost)):
            connection.execute(files["rollback"].encode())
        connection.execute("RESET statement_timeout")
        assert event(connection, number)[columns[0]] in (7, "x")
        connection.execute("SET pgspec.allow_data_loss = on")
        connection.execute(files["rollback"].encode())
        assert diff(then, look(connection, first)) == []
        assert one(connection, "SELECT count(*) FROM hits") == 2
        connection.execute(files["migrate"].encode())
        connection.execute(files["verify"].encode())


def test_a_log_with_events_is_not_dropped(server: ScratchServer) -> None:
    result = compiled()
    with fresh_database(server) as database, logged(server) as other, other.connect() as connection:
        assert database.name != other.name
        record(connection)
        one(connection, "SELECT maintain_hits()")  # in a partition of its own
        with pytest.raises(psycopg.errors.RaiseException, match=r"1 events in public\.hits would be lost"):
            connection.execute(migration(result, name="rollback").encode())
        connection.execute("RESET statement_timeout")
        assert one(connection, "SELECT count(*) FROM hits") == 1


def test_readers_go_on_while_a_view_gets_a_column_that_is_new(server: ScratchServer) -> None:
    """The log has its column before the view that reads it is built, and the old view goes when that is done."""
    before, after, _, _ = CHANGES["columns that a view reads"]
    base = {"specs/project.yaml": PROJECT, "specs/schema.sql": ""}
    first = compile_project(from_texts(base | {"specs/log.yaml": before}))
    releases = {
        path: text for path, text in release_files(first, "20250101000000_first").items() if "/releases/" in path
    }
    result = compile_project(from_texts(base | {"specs/log.yaml": after} | releases))
    text = migration(result)
    order = [
        "ADD COLUMN bytes int",
        "CREATE MATERIALIZED VIEW pgspec.by_endpoint",
        "DROP MATERIALIZED VIEW",
        "SET SCHEMA",
    ]
    places = [text.index(what) for what in order]
    assert places == sorted(places)
    assert "CREATE MATERIALIZED VIEW public.by_endpoint" in migration(result, name="rollback")  # its column goes first
    with logged(server, result=first) as database, database.connect() as connection:
        connection.execute(text.encode())
        assert one(connection, "SELECT count(*) FROM by_endpoint") == 0
