"""Workers, writers, backends and the server are killed under load: nothing is lost, and the cache outside is right."""

from __future__ import annotations

import itertools
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from live import MAJORS, Database
from pgspec.scratch import ScratchServer, scratch_server
from queue_load import ITEMS, KEYS, PENDING, SHELVES, ExternalCache, Snapshot, connect, count_in, in_background, value
from queue_support import PATIENCE, QUEUE, queue_database

_LOG = logging.getLogger(__name__)

WORKER = Path(__file__).with_name("queue_worker.py")
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
WORKERS = 3
# A lease is over, and an operator gives dead rows another round.
HURRY = (
    "SELECT retry_dead_cache_invalidations()",
    f"UPDATE {QUEUE} SET visible_at = clock_timestamp() WHERE processed_at IS NULL AND retry_count > 0",
)


@dataclass
class Load:
    """What is written, told and read, and by whom."""

    server: ScratchServer
    database: Database
    cache: ExternalCache = field(default_factory=ExternalCache)
    told: dict[str, list[Snapshot]] = field(default_factory=dict)
    # By the mark of a transaction: for each tag, how often it had been told when the transaction began.
    written: dict[int, dict[str, int]] = field(default_factory=dict)
    acknowledged: set[int] = field(default_factory=set)
    workers: list[subprocess.Popen[str]] = field(default_factory=list)
    count: Counter[str] = field(default_factory=Counter)
    marks: Iterator[int] = field(default_factory=itertools.count)

    def start_worker(self) -> None:
        """Another process, and a thread that is the cache it talks to."""
        dsn = self.server.dsn(self.database.name, application_name="worker")
        worker = subprocess.Popen(
            [sys.executable, str(WORKER), dsn], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.workers.append(worker)
        threading.Thread(target=self._listen, args=[worker], daemon=True).start()

    def _listen(self, worker: subprocess.Popen[str]) -> None:
        assert worker.stdin and worker.stdout
        with suppress(OSError, ValueError):
            for line in worker.stdout:
                snapshot, tag = line.split()
                self.cache.drop(tag)
                self.told.setdefault(tag, []).append(Snapshot.parse(snapshot))
                worker.stdin.write("\n")

    def wait_for_progress(self) -> None:
        """Wait until the cache has been told of some more tags, so that what is disturbed is at work."""
        goal = self.progress() + 8
        deadline = time.monotonic() + PATIENCE
        while self.progress() < goal:
            assert time.monotonic() < deadline, "nobody tells the cache anything"
            time.sleep(0.01)

    def progress(self) -> int:
        """How often the cache was told of a tag."""
        return sum(len(snapshots) for snapshots in list(self.told.values()))

    def kill_worker(self) -> None:
        """Kill the oldest process, whatever it is doing."""
        worker = self.workers.pop(0)
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            assert pipe
            with suppress(OSError):
                pipe.close()

    def write(self, connection: psycopg.Connection, rng: random.Random) -> None:
        """A transaction of one to three items; whether it has committed is known by its mark."""
        mark = next(self.marks)
        tags: set[str] = {"writes"}
        connection.execute("BEGIN")
        connection.execute("INSERT INTO marks VALUES (%s)", [mark])
        for item in rng.sample(range(ITEMS), rng.choice((1, 2, 3))):
            tags |= {f"item:{item}", f"shelf:{item % SHELVES}"}
        self.written[mark] = {tag: len(self.told.get(tag, ())) for tag in tags}
        for tag in sorted(tags):
            kind, _, number = tag.partition(":")
            if kind == "item":
                connection.execute("INSERT INTO writes VALUES (%s, %s)", [int(number), int(number) % SHELVES])
        time.sleep(rng.random() * 0.01)
        connection.execute("COMMIT")
        self.acknowledged.add(mark)

    def read(self, connection: psycopg.Connection, rng: random.Random) -> None:
        """Read through the cache."""
        key = rng.choice(KEYS)
        found, generation = self.cache.look(key)
        if found is None:
            self.cache.fill(key, count_in(connection, key), generation)
        time.sleep(0.001)

    def lost(self, connection: psycopg.Connection) -> list[tuple[int, str]]:
        """The tags of committed writes that nobody was told of afterwards."""
        committed = connection.execute("SELECT id, xmin::text::bigint FROM marks").fetchall()
        assert self.acknowledged <= {mark for mark, _ in committed}, "the server has forgotten a commit"
        self.count["transactions"] = len(committed)
        return [
            (mark, tag)
            for mark, xid in committed
            for tag, earlier in self.written[mark].items()
            if not any(snapshot.sees(xid) for snapshot in self.told.get(tag, [])[earlier:])
        ]


class Client:
    """Does one thing again and again, on a new connection when the old one is lost."""

    def __init__(self, load: Load, name: str, seed: int) -> None:
        self.load, self.name, self.random = load, name, random.Random(seed)
        self.connection: psycopg.Connection | None = None

    def __call__(self) -> None:
        try:
            if self.connection is None:
                self.connection = connect(self.load.database, self.name)
            getattr(self.load, "write" if self.name == "writer" else "read")(self.connection, self.random)
        except psycopg.OperationalError:
            self.load.count[f"{self.name}s cut off"] += 1
            self.close()
            time.sleep(0.02)

    def close(self) -> None:
        """Close the connection if there is one."""
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def patient_connection(database: Database) -> psycopg.Connection:
    """A connection, as soon as the server gives one."""
    for _ in range(1000):
        with suppress(psycopg.OperationalError):
            return connect(database, "admin")
        time.sleep(0.02)
    raise AssertionError(database.server.log_tail())


def cut_off(load: Load, who: str, sign: int | None) -> None:
    """End a backend of a worker or a writer, as an administrator does; or kill it, and the server has to recover."""
    with patient_connection(load.database) as admin:
        busy = "SELECT pid FROM pg_stat_activity WHERE application_name = %s ORDER BY random() LIMIT 1"
        for (pid,) in admin.execute(busy, [who]).fetchall():
            load.count[f"{who} backends ended" if sign is None else "backends killed"] += 1
            if sign is None:
                admin.execute("SELECT pg_terminate_backend(%s)", [pid])
            else:
                os.kill(pid, sign)


def disturb(load: Load, steps: int) -> None:
    """Kill something every now and then; a crash of the whole server is rarer."""
    for step in range(steps):
        load.wait_for_progress()
        if step % 12 == 5:
            cut_off(load, random.Random(step).choice(["worker", "writer"]), signal.SIGKILL)
        elif step % 12 == 11:
            load.server.restart(immediate=True)
            load.count["immediate stops"] += 1
        elif step % 3 == 0:
            load.kill_worker()
            load.start_worker()
            load.count["workers killed"] += 1
        else:
            cut_off(load, "worker" if step % 3 == 1 else "writer", None)


@contextmanager
def clients(load: Load, names: list[str]) -> Iterator[None]:
    """Clients at work for the length of the block."""
    made = [Client(load, name, number) for number, name in enumerate(names)]
    with in_background(threading.Event(), list(made)):
        yield
    for client in made:
        client.close()


def crash_run(load: Load, steps: int) -> tuple[int, int]:
    """How much is lost and how much is stale after disturbances, the last a crash with rows in the queue."""
    for _ in range(WORKERS):
        load.start_worker()
    with clients(load, ["reader"]):
        with clients(load, ["writer"] * 3):
            disturb(load, steps)
            for _ in range(WORKERS):
                load.kill_worker()
            goal = len(load.acknowledged) + 20
            while len(load.acknowledged) < goal:
                time.sleep(0.01)
        load.server.restart(immediate=True)
        load.start_worker()
        with patient_connection(load.database) as admin:
            deadline = time.monotonic() + 60
            while value(admin, PENDING):
                assert time.monotonic() < deadline, "the queue does not become empty"
                for statement in HURRY:
                    admin.execute(statement.encode())
                time.sleep(0.05)
    load.kill_worker()
    with patient_connection(load.database) as admin:
        stale = [key for key in KEYS if load.cache.look(key)[0] not in (None, count_in(admin, key))]
        lost = load.lost(admin)
    _LOG.info("lost %d, stale %d: %s", len(lost), len(stale), dict(load.count))
    return len(lost), len(stale)


@contextmanager
def crashing(major: int, *changes: str) -> Iterator[Load]:
    """A server whose commits are durable, and a queue on it."""
    with ExitStack() as stack:
        server = stack.enter_context(scratch_server(major, DURABLE))
        database = stack.enter_context(queue_database(server))
        for statement in ("CREATE TABLE marks (id bigint NOT NULL)", *changes):
            database.run(statement)
        load = Load(server, database)
        stack.callback(lambda: [load.kill_worker() for _ in list(load.workers)])
        yield load


@pytest.mark.parametrize("steps", [12, pytest.param(360, marks=pytest.mark.slow)], ids=["short", "long"])
@pytest.mark.parametrize("major", MAJORS, ids="pg{}".format)
def test_nothing_is_lost_in_crashes(major: int, steps: int) -> None:
    with crashing(major) as load:
        assert crash_run(load, steps) == (0, 0), load.count
    assert load.count["transactions"] > steps
    assert load.count["workers killed"] and load.count["worker backends ended"] and load.count["writer backends ended"]
    assert load.count["backends killed"] and load.count["immediate stops"]


@pytest.mark.parametrize("major", MAJORS, ids="pg{}".format)
def test_a_queue_that_is_not_durable_loses_in_a_crash(major: int) -> None:
    with crashing(major, f"ALTER TABLE {QUEUE} SET UNLOGGED") as load:
        lost, _ = crash_run(load, 2)
    assert lost
