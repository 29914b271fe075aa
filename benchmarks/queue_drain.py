"""How fast a backlog is drained: tags per second, against queues that do less."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

import psycopg

from queue_project import QUEUE, Bench, Table, ratio, rounds, timed

BATCHES = (100, 1000)
DRAINED = 20_000
"""Tags that are drained of a deeper queue."""

HEAD = ("", "tags/s", "CPU us a tag", "CPU / pop", "CPU / read and delete", "s / read and delete")
_DUE = "SELECT id FROM rival.messages WHERE visible_at <= clock_timestamp() ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED"

Step = Callable[[psycopg.Connection, int], int]


def drain(bench: Bench, rows: int, number: int) -> Iterator[Table]:
    """A queue of ``rows`` distinct tags, for each size of batch."""
    for batch in BATCHES:
        yield _compared(bench, rows, batch, number)


def _compared(bench: Bench, rows: int, batch: int, number: int) -> Table:
    steps = {
        "pop": ("rival.messages", pop),
        "read and delete": ("rival.messages", read_and_delete),
        "ours, claim and ack": (QUEUE, claim_and_ack),
        "ours, drain": (QUEUE, drain_once),
        "ours, drain in one call": (QUEUE, drain_all),
    }
    cases = {
        name: lambda queue=queue, step=step: _case(bench, queue, rows, batch, step)
        for name, (queue, step) in steps.items()
    }
    found = rounds(cases, number)
    wall = {name: [result[0] for result in results] for name, results in found.items()}
    used = {name: [result[1] for result in results] for name, results in found.items()}
    lines = [
        (
            name,
            1e6 / statistics.median(wall[name]),
            statistics.median(used[name]),
            ratio(used[name], used["pop"]),
            ratio(used[name], used["read and delete"]),
            ratio(wall[name], wall["read and delete"]),
        )
        for name in steps
    ]
    return Table(f"{rows:,} pending tags, batches of {batch}, medians of {number}", HEAD, lines)


def _case(bench: Bench, queue: str, rows: int, batch: int, step: Step) -> tuple[float, float]:
    """Microseconds for each tag: by the clock, and of the backend's processor."""
    bench.run(f"TRUNCATE {queue}, pgspec.cache_tags")
    bench.run(f"INSERT INTO {queue} (tag) SELECT 'tag:' || i FROM generate_series(1, {rows}) AS i")
    bench.run(f"VACUUM ANALYZE {queue}")
    bench.run("CHECKPOINT")
    done = 0

    def work() -> None:
        nonlocal done
        while done < min(rows, DRAINED) and (number := step(connection, batch)):
            done += number

    with bench.connect() as connection:
        seconds, spent = timed(connection, work)
    assert done
    return seconds / done * 1e6, spent / done * 1e6


def pop(connection: psycopg.Connection, batch: int) -> int:
    """Delete and return: what a consumer that crashes has taken is lost."""
    return len(
        connection.execute(f"DELETE FROM rival.messages WHERE id IN ({_DUE}) RETURNING tag", (batch,)).fetchall()
    )


def read_and_delete(connection: psycopg.Connection, batch: int) -> int:
    """Hide for a while and return, then delete."""
    read = (
        "UPDATE rival.messages SET visible_at = clock_timestamp() + interval '30 s', reads = reads + 1 "
        f"WHERE id IN ({_DUE}) RETURNING id, tag"
    )
    found = connection.execute(read, (batch,)).fetchall()
    if found:
        connection.execute("DELETE FROM rival.messages WHERE id = ANY (%s)", ([row[0] for row in found],))
    return len(found)


def claim_and_ack(connection: psycopg.Connection, batch: int) -> int:
    """For a cache elsewhere."""
    found = connection.execute("SELECT token, tag, ids FROM claim_cache_invalidations(%s)", (batch,)).fetchall()
    ids = [number for row in found for number in row[2]]
    if found:
        connection.execute("SELECT ack_cache_invalidations(%s, %s)", (found[0][0], ids))
    return len(ids)


def drain_once(connection: psycopg.Connection, batch: int) -> int:
    """For the cache in the database, a transaction for each batch."""
    row = connection.execute("SELECT drain_cache_invalidation_queue(%s, 0)", (batch,)).fetchone()
    return int(row[0]) if row else 0


def drain_all(connection: psycopg.Connection, batch: int) -> int:
    """The same in one transaction, for five seconds at most."""
    row = connection.execute("SELECT drain_cache_invalidation_queue(%s, 5)", (batch,)).fetchone()
    return int(row[0]) if row else 0
