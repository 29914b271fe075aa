"""Writers, drainers and readers at once, and an oracle that says which invalidations were lost.

An invalidation makes good for a write if it begins when the write can be seen.  No clock decides that: whoever
invalidates takes a snapshot first, and the write's transaction is visible in it or not.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from live import Database
from queue_support import QUEUE

_LOG = logging.getLogger(__name__)

ITEMS, SHELVES = 6, 3
KEYS = [f"item:{number}" for number in range(ITEMS)] + [f"shelf:{number}" for number in range(SHELVES)]
GUARDED = """\
CREATE FUNCTION write_guarded(item int, shelf int, fail boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.writes VALUES (item, shelf);
  IF fail THEN
    RAISE EXCEPTION 'undone';
  END IF;
EXCEPTION WHEN raise_exception THEN
END $$;
"""
PENDING = f"SELECT count(*) FROM {QUEUE} WHERE processed_at IS NULL AND dead_at IS NULL"
# Failures need not be waited for.
HURRY = (
    f"UPDATE {QUEUE} SET visible_at = clock_timestamp()"
    " WHERE processed_at IS NULL AND retry_count > 0 AND claim_token IS NULL"
)
# Writers only insert: whatever they wait for is the queue's.  An extension of a table is no wait for a transaction.
BLOCKED = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'writer' AND state = 'active'"
    " AND wait_event_type = 'Lock' AND wait_event <> 'extend'"
)
XID_AND_JOINED = (
    "SELECT pg_current_xact_id()::text,"
    " (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory')"
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which transactions are visible, as `pg_current_snapshot` prints it."""

    end: int
    in_flight: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Snapshot:
        """From ``xmin:xmax:xid,xid``."""
        _, end, in_flight = text.split(":")
        return cls(int(end), frozenset(int(xid) for xid in in_flight.split(",") if xid))

    def sees(self, xid: int) -> bool:
        """Whether a transaction, which has committed by now, had committed."""
        return xid < self.end and xid not in self.in_flight


@dataclass(slots=True)
class Ledger:
    """What was committed and what was invalidated."""

    commits: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    snapshots: dict[str, list[Snapshot]] = field(default_factory=lambda: defaultdict(list))
    count: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def committed(self, xid: int, tags: set[str]) -> None:
        """A transaction wrote what these tags are about, and has committed."""
        with self._lock:
            self.commits.append((xid, frozenset(tags)))

    def invalidated(self, tag: str, snapshot: Snapshot) -> None:
        """The tag was invalidated, after the snapshot was taken."""
        with self._lock:
            self.snapshots[tag].append(snapshot)

    def add(self, what: str, number: int = 1) -> None:
        """Count something."""
        with self._lock:
            self.count[what] += number

    def lost(self) -> list[tuple[int, str]]:
        """The writes of which nobody was told after they could be seen."""
        with self._lock:
            return [
                (xid, tag)
                for xid, tags in self.commits
                for tag in tags
                if not any(snapshot.sees(xid) for snapshot in reversed(self.snapshots[tag]))
            ]

    def settle(self) -> None:
        """Forget what has been checked."""
        with self._lock:
            self.count["transactions"] += len(self.commits)
            self.count["writes of tags"] += sum(len(tags) for _, tags in self.commits)
            self.commits.clear()
            self.snapshots.clear()


class ExternalCache:
    """A cache that knows nothing of transactions; who fills it names the generation that he saw before he read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, int] = {}
        self._generations: Counter[str] = Counter()

    def look(self, key: str) -> tuple[int | None, int]:
        """The value, and the generation of the key."""
        with self._lock:
            return self._values.get(key), self._generations[key]

    def fill(self, key: str, value: int, generation: int) -> None:
        """Store a value, unless the key was dropped since."""
        with self._lock:
            if self._generations[key] == generation:
                self._values[key] = value

    def drop(self, key: str) -> None:
        """Invalidate a key."""
        with self._lock:
            self._generations[key] += 1
            self._values.pop(key, None)


def connect(database: Database, name: str) -> psycopg.Connection:
    """A connection in autocommit, which `BLOCKED` knows by its name."""
    return psycopg.connect(database.dsn, autocommit=True, application_name=name)


def count_in(connection: psycopg.Connection, key: str) -> int:
    """What the cache should have under a key."""
    kind, number = key.split(":")
    return value(connection, f"SELECT count(*) FROM writes WHERE {kind} = %s", int(number))


def value(connection: psycopg.Connection, statement: str, *values: Any) -> Any:
    """The only value of the only row."""
    ((found,),) = connection.execute(statement.encode(), values or None).fetchall()
    return found


class Writer:
    """Transactions of all kinds, each of which writes one to three items in any order."""

    def __init__(self, database: Database, ledger: Ledger, seed: int) -> None:
        self.connection = connect(database, "writer")
        self.ledger = ledger
        self.random = random.Random(seed)
        self.number = 0
        self.name = f"writer{seed}"

    def burst(self, transactions: int) -> None:
        """Some transactions."""
        for _ in range(transactions):
            try:
                self.transaction()
            except psycopg.errors.DeadlockDetected:
                self.ledger.add("deadlocks")
            except psycopg.errors.SerializationFailure:
                self.ledger.add("serialization failures")
            finally:
                if self.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                    self.connection.execute("ROLLBACK")

    def transaction(self) -> None:
        """One transaction."""
        isolation = self.random.choices(["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"], [60, 25, 15])[0]
        self.connection.execute(f"BEGIN ISOLATION LEVEL {isolation}".encode())
        if self.random.random() < 0.3:
            self.connection.execute("SELECT")  # a snapshot that will be old
            self.pause(0.005)
        tags: set[str] = set()
        for item in self.random.sample(range(ITEMS), self.random.choice((1, 1, 2, 3))):
            if self.write(item, item % SHELVES):
                tags |= {"writes", f"item:{item}", f"shelf:{item % SHELVES}"}
        ((xid, joined),) = self.connection.execute(XID_AND_JOINED.encode()).fetchall()
        self.ledger.add("joined", joined)
        self.pause(0.05 if self.random.random() < 0.03 else 0.008)
        if self.end():
            self.ledger.committed(int(xid), tags)

    def write(self, item: int, shelf: int) -> bool:
        """One write, and whether it is there in the end."""
        execute, kind = self.connection.execute, self.random.random()
        if kind < 0.15:
            fail = self.random.random() < 0.5
            execute("SELECT write_guarded(%s, %s, %s)", [item, shelf, fail])
            return not fail
        if kind < 0.45:
            keep = kind < 0.3
            execute("SAVEPOINT s")
            execute("INSERT INTO writes VALUES (%s, %s)", [item, shelf])
            execute("RELEASE s" if keep else "ROLLBACK TO s")
            return keep
        execute("INSERT INTO writes VALUES (%s, %s)", [item, shelf])
        return True

    def end(self) -> bool:
        """End the transaction, and say whether it has committed."""
        kind = self.random.random()
        if kind < 0.08:
            self.connection.execute("ROLLBACK")
        elif kind < 0.12:
            self.number += 1
            name = f"{self.name}_{self.number}"
            self.connection.execute(f"PREPARE TRANSACTION '{name}'".encode())
            self.pause(0.02)
            self.connection.execute(f"COMMIT PREPARED '{name}'".encode())
            self.ledger.add("prepared")
        else:
            self.connection.execute("COMMIT")
        return kind >= 0.08

    def pause(self, most: float) -> None:
        """Wait for a random time of at most so many seconds."""
        time.sleep(self.random.random() * most)


class External:
    """A cache outside: workers claim, tell it, and acknowledge."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self.database, self.ledger, self.cache = database, ledger, ExternalCache()

    def drain(self, connection: psycopg.Connection, rng: random.Random) -> None:
        """One batch."""
        with connection.transaction():
            batch = rng.choice((3, 20, 100))
            claimed = connection.execute(
                "SELECT tag, token, ids FROM claim_cache_invalidations(%s, 60)", [batch]
            ).fetchall()
            time.sleep(rng.random() * 0.004 if claimed else 0.001)
            undone = rng.random() < 0.05
            if undone:
                raise psycopg.Rollback
        if undone or not claimed:
            return
        snapshot = Snapshot.parse(value(connection, "SELECT pg_current_snapshot()::text"))
        for tag, *_ in claimed:
            self.cache.drop(tag)
            self.ledger.invalidated(tag, snapshot)
        ids = [number for *_, numbers in claimed for number in numbers]
        if rng.random() < 0.02:
            connection.execute("SELECT fail_cache_invalidations(%s, %s, 'test')", [claimed[0][1], ids])
        else:
            connection.execute("SELECT ack_cache_invalidations(%s, %s)", [claimed[0][1], ids])

    def read(self, connection: psycopg.Connection, rng: random.Random) -> None:
        """Read through the cache."""
        key = rng.choice(KEYS)
        found, generation = self.cache.look(key)
        if found is None:
            read = count_in(connection, key)
            time.sleep(rng.random() * 0.004)
            self.cache.fill(key, read, generation)

    def get(self, connection: psycopg.Connection, key: str) -> int | None:
        """What the cache has."""
        return self.cache.look(key)[0]


class Internal:
    """The cache in the database: `drain_cache_invalidation_queue`, `cache_get`, `cache_put`."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self.database, self.ledger = database, ledger

    def drain(self, connection: psycopg.Connection, rng: random.Random) -> None:
        """One batch; its new versions are seen when it commits, after the snapshot."""
        with connection.transaction():
            value(connection, "SELECT drain_cache_invalidation_queue(%s, 0)", rng.choice((3, 20, 100)))
            mine = "SELECT tag FROM pgspec.cache_tags WHERE xmin = pg_current_xact_id()::xid"
            tags = connection.execute(mine).fetchall()
            snapshot = Snapshot.parse(value(connection, "SELECT pg_current_snapshot()::text"))
            for (tag,) in tags:
                self.ledger.invalidated(tag, snapshot)
            time.sleep(rng.random() * 0.004 if tags else 0.001)

    def read(self, connection: psycopg.Connection, rng: random.Random) -> None:
        """Read through the cache."""
        key = rng.choice(KEYS)
        if self.get(connection, key) is None:
            versions = value(connection, "SELECT cache_tag_versions(%s)", [key])
            read = count_in(connection, key)
            time.sleep(rng.random() * 0.004)
            connection.execute("SELECT cache_put(%s, to_jsonb(%s), %s, %s)", [key, read, [key], versions])

    def get(self, connection: psycopg.Connection, key: str) -> int | None:
        """What the cache has."""
        return value(connection, "SELECT cache_get(%s)", key)


@contextmanager
def in_background(stop: threading.Event, tasks: list[Callable[[], None]]) -> Iterator[None]:
    """Run each task again and again until the block ends; an error of any is an error of the block."""

    def loop(task: Callable[[], None]) -> None:
        while not stop.is_set():
            task()

    with ThreadPoolExecutor(len(tasks)) as threads:
        running = [threads.submit(loop, task) for task in tasks]
        try:
            yield
        finally:
            stop.set()
        for future in running:
            future.result()


def run_load(
    database: Database,
    kind: type[External | Internal],
    *,
    rounds: int,
    until: Callable[[Counter[str]], bool],
    seed: int = 1,
) -> Counter[str]:
    """Bursts of writes, each followed by a silence in which everything must become right; what happened, counted.

    A write that was lost in a burst cannot be made good for by a later one.  Ends early when ``until`` says so.
    """
    ledger = Ledger()
    cache = kind(database, ledger)
    stop = threading.Event()
    writers = [Writer(database, ledger, seed * 100 + number) for number in range(4)]
    admin, watcher, janitor = (connect(database, name) for name in ("admin", "watcher", "janitor"))

    def watch() -> None:
        ledger.add("blocked", value(watcher, BLOCKED))
        time.sleep(0.004)

    def tidy() -> None:
        # A vacuum also takes back the mark (xmax) of a claim that was rolled back.
        janitor.execute("SELECT cleanup_cache_invalidation_queue(interval '0', 100)")
        janitor.execute(f"VACUUM (FREEZE) {QUEUE}".encode())
        time.sleep(0.03)

    def task(work: Callable[[psycopg.Connection, random.Random], None], number: int) -> Callable[[], None]:
        connection, rng = connect(database, "worker"), random.Random(number)
        opened.append(connection)
        return lambda: work(connection, rng)

    opened = [admin, watcher, janitor, *(writer.connection for writer in writers)]
    tasks = [task(cache.drain, 1), task(cache.drain, 2), task(cache.read, 3), watch, tidy]
    with in_background(stop, tasks), ThreadPoolExecutor(len(writers)) as threads:
        for _ in range(rounds):
            list(threads.map(lambda writer: writer.burst(4), writers))
            _check(admin, cache, ledger)
            if until(ledger.count):
                break
    ledger.add("stale", _stale(admin, cache))  # after the last reader has filled it
    ledger.add("pending", value(admin, PENDING))
    for connection in opened:
        connection.close()
    _LOG.info("%s: %s", kind.__name__, dict(ledger.count))
    return ledger.count


def _check(admin: psycopg.Connection, cache: External | Internal, ledger: Ledger) -> None:
    """Wait until the queue is empty; count what is wrong then."""
    deadline = time.monotonic() + 60
    while value(admin, PENDING):
        assert time.monotonic() < deadline, "the queue does not become empty"
        admin.execute(HURRY.encode())
        time.sleep(0.002)
    ledger.add("lost", len(ledger.lost()))
    ledger.add("stale", _stale(admin, cache))
    ledger.add("rounds")
    ledger.settle()


def _stale(admin: psycopg.Connection, cache: External | Internal) -> int:
    """How many keys have another value in the cache than in the tables."""
    return sum(cache.get(admin, key) not in (None, count_in(admin, key)) for key in KEYS)
