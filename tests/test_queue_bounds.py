"""A hot tag that is written without pause is still invalidated, and the queue stays small."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import psycopg
import pytest

from live import Database
from pgspec.scratch import ScratchServer
from queue_load import Snapshot, connect, in_background, value
from queue_support import ENQUEUE, QUEUE, Sessions, queue_database, told, variant

CLAIMS = "SELECT token, ids FROM claim_cache_invalidations()"
DRAINS = 60


def snapshot(connection: psycopg.Connection) -> Snapshot:
    """What can be seen now."""
    return Snapshot.parse(value(connection, "SELECT pg_current_snapshot()::text"))


def by_claim(connection: psycopg.Connection) -> Snapshot | None:
    """Drain once; what could be seen when the invalidation began, or None if there was none."""
    claimed = connection.execute(CLAIMS).fetchall()
    began = snapshot(connection)
    for token, ids in claimed:
        connection.execute("SELECT ack_cache_invalidations(%s, %s)", [token, ids])
    return began if claimed else None


def by_sql(connection: psycopg.Connection) -> Snapshot | None:
    """Drain once; what could be seen when the invalidation began, or None if there was none."""
    version = "SELECT coalesce(sum(version), 0) FROM pgspec.cache_tags"
    with connection.transaction():
        before = value(connection, version)
        connection.execute("SELECT drain_cache_invalidation_queue(100, 0)")
        return snapshot(connection) if value(connection, version) != before else None


Drain = Callable[[psycopg.Connection], Snapshot | None]


def write_without_pause(connection: psycopg.Connection, hold: float, committed: list[int]) -> None:
    """One transaction that writes the hot tag, and stays open for some seconds."""
    connection.execute("BEGIN")
    connection.execute(ENQUEUE, ["hot"])
    xid = int(value(connection, "SELECT pg_current_xact_id()::text"))
    time.sleep(hold)
    connection.execute("COMMIT")
    committed.append(xid)


def drains_until_invalidated(database: Database, drain: Drain) -> int:
    """Hot writers and one drainer; the most drains that any write had to wait for, of those that began after it."""
    committed: list[int] = []
    drains: list[tuple[Snapshot, Snapshot | None]] = []
    connections = [connect(database, "writer") for _ in range(4)]
    tasks = [
        partial(write_without_pause, connection, hold, committed)
        for connection, hold in zip(connections, (0, 0.001, 0.005, 0.2), strict=True)
    ]
    with connect(database, "worker") as drainer:

        def once() -> None:
            drains.append((snapshot(drainer), drain(drainer)))

        with in_background(threading.Event(), tasks):
            for _ in range(DRAINS):
                once()
                time.sleep(0.01)
        for _ in range(3):
            once()
    for connection in connections:
        connection.close()
    assert len(committed) > DRAINS
    return max(_waited_for(xid, drains) for xid in committed)


def _waited_for(xid: int, drains: list[tuple[Snapshot, Snapshot | None]]) -> int:
    """How many drains ran from the first that began after the write up to the one that invalidated its tag."""
    first = next(n for n, (start, _) in enumerate(drains) if start.sees(xid))
    invalidated = [n for n, (_, began) in enumerate(drains) if began is not None and began.sees(xid)]
    assert invalidated, "the write is lost"
    return invalidated[0] - first + 1


@pytest.mark.parametrize("drain", [by_claim, by_sql])
def test_a_write_of_a_hot_tag_waits_for_two_drains_at_most(
    queue_server: ScratchServer,
    drain: Drain,
) -> None:
    with queue_database(queue_server) as database:
        most = drains_until_invalidated(database, drain)
    assert most <= 2


def test_without_the_wake_a_write_waits_longer(queue_server: ScratchServer) -> None:
    asleep = variant("pgspec.wake_joined", {"  IF NOT FOUND THEN": "  IF true THEN"})
    never = variant("public.ack_cache_invalidations", {"least(interval '1 minute'": "greatest(interval '1 hour'"})
    with queue_database(queue_server) as database:
        database.run(asleep)
        database.run(never)
        with connect(database, "writer") as writer, connect(database, "worker") as drainer:
            writer.execute(ENQUEUE, ["hot"])
            writer.execute("BEGIN")
            writer.execute(ENQUEUE, ["hot"])
            assert by_claim(drainer)
            writer.execute("COMMIT")
            assert not any(by_claim(drainer) for _ in range(3))


def test_without_a_drainer_a_hot_tag_has_one_row_for_each_writer_at_most(queue_server: ScratchServer) -> None:
    with queue_database(queue_server) as database:
        committed: list[int] = []
        connections = [connect(database, "writer") for _ in range(4)]
        tasks = [partial(write_without_pause, connection, 0, committed) for connection in connections]
        with in_background(threading.Event(), tasks):
            while len(committed) < 500:
                time.sleep(0.01)
        for connection in connections:
            connection.close()
        with database.connect() as admin:
            assert value(admin, f"SELECT count(*) FROM {QUEUE}") <= 4


def test_a_row_is_joined_within_the_window_only(queue: Sessions) -> None:
    queue.writer.run(ENQUEUE, "hot")
    queue.monitor.run(f"UPDATE {QUEUE} SET enqueued_at = enqueued_at - interval '61 seconds'")
    queue.writer.run(ENQUEUE, "hot")
    queue.writer.run(ENQUEUE, "hot")
    assert queue.tags() == ["hot", "hot"]
    queue.writer.run("SELECT enqueue_cache_invalidation('hot', 0)")
    assert queue.tags() == ["hot", "hot", "hot"]


def test_rounds_of_writes_and_drains_leave_nothing_after_cleanup(queue: Sessions) -> None:
    for number in range(10):
        queue.writer.run("UPDATE items SET value = %s", number + 1)
        assert told(queue.drainer) == ["item:1", "item:2", "items"]
        queue.monitor.run("SELECT cleanup_cache_invalidation_queue(interval '-1 second')")
    assert queue.tags() == []
