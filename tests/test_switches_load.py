"""Switches thrown and reset again and again while readers and writers run: nobody waits for them, nobody gets an error
that is not the switch's own, and nothing stale is served."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from live import MAJORS, Database
from pgspec.scratch import scratch_server
from switch_support import deployed

ROUNDS = 8
PATIENCE = 60.0
ORDERS = "harden public.orders"
WRITERS = {1: "read committed", 2: "repeatable read", 3: "serializable"}


@dataclass
class Load:
    """Readers and writers under way.  ``committed``: what each writer committed last; ``floor``: what the cache must
    serve at least; ``epoch``: a multiple of 4 while the table is open, and 2 more while it is hardened; ``operator``:
    the session for which nobody must wait; ``done``: how often each thing was done."""

    database: Database
    stop: threading.Event = field(default_factory=threading.Event)
    problems: list[str] = field(default_factory=list)
    committed: dict[int, int] = field(default_factory=dict)
    floor: dict[int, int] = field(default_factory=dict)
    epoch: int = 0
    operator: int = 0
    done: dict[str, int] = field(default_factory=dict)

    def count(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1

    @contextmanager
    def running(self) -> Iterator[None]:
        jobs: list[Callable[[], None]] = [lambda row=row: self.write(row) for row in WRITERS]  # type: ignore[misc]
        jobs += [self.read, self.read, self.drain, self.sample, self.select, self.select]
        threads = [threading.Thread(target=self.guarded, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join(PATIENCE)
            assert not any(thread.is_alive() for thread in threads)

    def guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception as error:
            self.problems.append(f"{type(error).__name__}: {error}")

    def write(self, row: int) -> None:
        with self.database.connect("service_role") as connection:
            connection.execute(f"SET default_transaction_isolation = '{WRITERS[row]}'".encode())
            while not self.stop.is_set():
                with connection.transaction():
                    update = "UPDATE orders SET amount = amount + 1 WHERE id = %s RETURNING amount"
                    found = connection.execute(update, [row]).fetchone()
                    time.sleep(0.002)
                assert found is not None
                self.committed[row] = found[0]
                self.count("writes")

    def read(self) -> None:
        with self.database.connect("service_role") as connection:
            while not self.stop.is_set():
                for row in WRITERS:
                    self.read_one(connection, row)

    def read_one(self, connection: psycopg.Connection, row: int) -> None:
        """As readers do: the cache, else versions, the data, and what was read into the cache."""
        floor = self.floor.get(row, 0)
        found = connection.execute("SELECT cache_get(%s)", [f"order:{row}"]).fetchone()
        if found and found[0] is not None:
            self.count("hits")
            if found[0] < floor:
                self.problems.append(f"row {row}: got {found[0]}, after {floor} was committed and the cache put on")
            return
        tags = [f"order:{row}"]
        versions = connection.execute("SELECT cache_tag_versions(%s)", [tags]).fetchone()
        value = connection.execute("SELECT amount FROM orders WHERE id = %s", [row]).fetchone()
        assert versions and value
        put = "SELECT cache_put(%s, to_jsonb(%s::int), %s, %s)"
        stored = connection.execute(put, [f"order:{row}", value[0], tags, versions[0]]).fetchone()
        self.count("stored" if stored == (True,) else "not stored")

    def select(self) -> None:
        """An API role asks the table: it is refused while that is hardened, and at no other time."""
        with self.database.connect("authenticated") as connection:
            while not self.stop.is_set():
                before = self.epoch
                try:
                    connection.execute("SELECT count(*) FROM orders")
                    refused = False
                except psycopg.errors.InsufficientPrivilege:
                    refused = True
                self.count("refused" if refused else "allowed")
                if before == self.epoch and before % 4 in (0, 2) and refused != (before % 4 == 2):
                    self.problems.append("refused" if refused else "served while it was hardened")

    def drain(self) -> None:
        with self.database.connect("service_role") as connection:
            while not self.stop.wait(0.01):
                connection.execute("SELECT drain_cache_invalidation_queue(100, 1)")

    def sample(self) -> None:
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND %s = ANY (pg_blocking_pids(pid))"
        with self.database.connect() as connection:
            while not self.stop.wait(0.002):
                if found := connection.execute(waiting, [self.operator]).fetchall():
                    self.problems.append(f"{found} wait for the operator")
                self.count("looks")

    def operate(self) -> None:
        """Each switch, thrown and reset, ``ROUNDS`` times."""
        with self.database.connect() as operator:
            self.operator = operator.info.backend_pid

            def switch(function: str, name: str, more: str = "") -> None:
                operator.execute(f"SELECT {function}(%s, 'load'{more})".encode(), [name])

            for _ in range(ROUNDS):
                switch("throw_switch", "cache")
                time.sleep(0.02)
                switch("reset_switch", "cache")
                switch("throw_switch", "enqueue")
                time.sleep(0.02)
                switch("reset_switch", "enqueue")
                known = dict(self.committed)
                switch("reset_switch", "cache", ", 30")
                self.floor.update(known)
                time.sleep(0.1)
                for function in ("throw_switch", "reset_switch"):
                    self.epoch += 1  # about to change
                    switch(function, ORDERS)
                    self.epoch += 1
                    time.sleep(0.03)
                switch("throw_switch", "refresh")
                switch("reset_switch", "refresh")


@pytest.fixture(scope="module", params=MAJORS, ids="pg{}".format)
def shop(request: pytest.FixtureRequest) -> Iterator[Database]:
    watched = {"log_lock_waits": "on", "deadlock_timeout": "500ms"}
    with scratch_server(request.param, watched) as server, deployed(server) as database:
        yield database


def test_switches_are_thrown_and_reset_under_load(shop: Database) -> None:
    load = Load(shop)
    with load.running():
        load.operate()
    assert load.problems == []
    for what in ("writes", "hits", "stored", "not stored", "refused", "allowed", "looks"):
        assert load.done.get(what, 0) > 0, f"too few: {load.done}"
    with shop.connect() as connection:
        connection.execute("SELECT drain_cache_invalidation_queue()")
        for row in WRITERS:
            found = connection.execute("SELECT cache_get(%s)", [f"order:{row}"]).fetchone()
            assert found in ((None,), (load.committed[row],))
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert connection.execute(deadlocks).fetchone() == (0,)
        count = "SELECT count(*) FROM pgspec_switch_log"
        assert connection.execute(count).fetchone() == (ROUNDS * 9,)
        assert connection.execute("SELECT count(*) FROM pgspec.thrown_switches").fetchone() == (0,)
    log = (shop.server.directory / "log").read_text("utf-8", "replace")
    assert "still waiting for" not in log and "deadlock detected" not in log


def test_a_switch_that_locks_the_table_is_seen(shop: Database) -> None:
    """What ALTER TABLE ... DISABLE ROW LEVEL SECURITY would do to readers."""
    load = Load(shop)
    with load.running(), shop.connect() as operator:
        load.operator = operator.info.backend_pid
        operator.execute("BEGIN")
        operator.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        deadline = time.monotonic() + PATIENCE
        while not load.problems:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        operator.execute("ROLLBACK")
    assert any("wait for the operator" in problem for problem in load.problems)
