"""The examples for a cache in Redis, on real servers.

Each protection has a test, and the same test for a variant without it: there the cache serves a stale value.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from redis import ConnectionError as RedisConnectionError
from redis import OutOfMemoryError, Redis

import redis_cache
import redis_worker
from live import Database
from pgspec.runtime.cache import MAX_RETRIES
from pgspec.scratch import ScratchServer, scratch_server
from redis_cache import (
    ENTRY,
    VERSION,
    connect,
    get_or_fill,
    invalidate,
    invalidate_all_after_restart,
    tag_and_wildcards,
)
from redis_server import RedisServer, find_redis, redis_server
from shop import SCHEMA, compiled, draft, make_roles, statements

ROOT = Path(__file__).parents[1]
SPEC = """\
kind: invalidation
name: orders
table: orders
tags: ["shop:order:{id}"]
max_tags: 3
"""
ROWS = """
INSERT INTO customers VALUES (1, 'Bern');
INSERT INTO orders SELECT n, 1, '2026-01-01', 10 FROM generate_series(1, 9) AS n;
DELETE FROM cache_invalidation_queue;
"""
Reader = Callable[..., Any]
WORKER = "the_worker"
DEADLINE = 120.0  # seconds: for a machine that hangs


class Shop:
    """A database with orders whose amounts are cached in Redis."""

    def __init__(self, dsn: str, connection: psycopg.Connection, server: RedisServer, redis: Redis) -> None:
        self.dsn, self.connection, self.server, self.redis = dsn, connection, server, redis
        self.loads = 0

    def amount(self, order: int = 1) -> int:
        """What the database says."""
        self.loads += 1
        row = self.connection.execute("SELECT amount FROM orders WHERE id = %s", [order]).fetchone()
        assert row is not None
        return int(row[0])

    def get(self, order: int = 1, reader: Reader = get_or_fill) -> int:
        """What the cache says."""
        return int(reader(self.redis, f"amount:{order}", [f"shop:order:{order}"], lambda: self.amount(order)))

    def set(self, amount: int, orders: Sequence[int] = (1,)) -> None:
        """A write by some other session."""
        with psycopg.connect(self.dsn) as other:
            other.execute("UPDATE orders SET amount = %s WHERE id = ANY (%s)", [amount, list(orders)])

    def work(self, redis: Redis | None = None) -> int:
        """One batch of a worker; how many tags it claimed."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return redis_worker.work(connection, redis or self.redis, 100, 60)

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        """Columns of the queue, in order."""
        return self.connection.execute(f"SELECT {columns} FROM cache_invalidation_queue ORDER BY id").fetchall()

    def health(self, column: str) -> int:
        """A number of the health view."""
        row = self.connection.execute(f"SELECT {column} FROM cache_invalidation_health").fetchone()
        assert row is not None
        return int(row[0])

    def due_now(self) -> None:
        """Pull the next attempt forward, so as not to wait for it."""
        self.connection.execute(
            "UPDATE cache_invalidation_queue SET visible_at = '-infinity' WHERE claim_token IS NULL"
        )


@dataclass(frozen=True, slots=True)
class Worker:
    """The worker as a process."""

    process: subprocess.Popen[bytes]
    log: Path

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; the status it ends with."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(DEADLINE)

    def done(self) -> int:
        """How many tags it says that it has invalidated."""
        return sum(int(number) for number in re.findall(r"tags invalidated: (\d+)", self.log.read_text("utf-8")))


@contextmanager
def worker(shop: Shop, *options: str, redis: str | None = None) -> Iterator[Worker]:
    """A running worker, as a role that may do no more than it must; killed at the end if it still runs."""
    dsn = make_conninfo(shop.dsn, options="-c role=service_role", application_name=WORKER)
    command = [sys.executable, str(ROOT / "examples" / "redis_worker.py"), "--postgres", dsn]
    command += ["--redis", redis or shop.server.url, "--poll", "0.05", *options]
    with tempfile.NamedTemporaryFile() as log:
        process = subprocess.Popen(command, stderr=log)
        try:
            yield Worker(process, Path(log.name))
        finally:
            process.kill()
            process.wait()
            sys.stderr.write(Path(log.name).read_text("utf-8")[-2000:])  # pytest shows it when the test fails


def run_once(shop: Shop) -> None:
    with worker(shop, "--once") as once:
        assert once.wait() == 0


def eventually(what: Callable[[], Any]) -> Any:
    """Wait until it is true."""
    deadline = time.monotonic() + DEADLINE
    while not (found := what()):
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.02)
    return found


def working(shop: Shop) -> list[tuple[Any, ...]]:
    """The connections of workers that have asked for work: their signal handlers are in place."""
    about = "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND query LIKE '%%claim%%'"
    return shop.connection.execute(about, [WORKER]).fetchall()


@cache
def migration() -> list[str]:
    """What installs the queue and the triggers."""
    return statements(draft(compiled({"orders.yaml": SPEC}), "migrate.sql"))


@contextmanager
def open_shop(database: Database) -> Iterator[Shop]:
    with database.connect() as connection:
        make_roles(connection)
        connection.execute(SCHEMA.encode())
        for statement in migration():
            connection.execute(statement.encode())
        connection.execute(ROWS.encode())
        with redis_server() as server, server.client() as redis:
            invalidate_all_after_restart(redis)  # or the first batch of every test would
            yield Shop(database.dsn, connection, server, redis)


@pytest.fixture
def shop(database: Database) -> Iterator[Shop]:
    with open_shop(database) as made:
        yield made


@pytest.fixture
def silent_redis() -> Iterator[str]:
    """The address of a Redis that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}"


# Variants of the reader without a protection.


def without_versions(redis: Redis, key: str, tags: Sequence[str], load: Callable[[], Any]) -> Any:
    """Keeps what it once found."""
    del tags
    found = redis.get(ENTRY + key)
    if found is None:
        found = json.dumps(load())
        redis.set(ENTRY + key, found)
    return json.loads(found)


def versions_after_loading(redis: Redis, key: str, tags: Sequence[str], load: Callable[[], Any]) -> Any:
    """Reads the database first and takes the versions then."""
    if redis.exists(ENTRY + key):
        return get_or_fill(redis, key, tags, load)
    value = load()
    return get_or_fill(redis, key, tags, lambda: value)


def counters(redis: Redis, key: str, tags: Sequence[str], load: Callable[[], Any]) -> Any:
    """Versions are counters that start at nothing, as they do in the database."""
    names = [VERSION + name for tag in tags for name in tag_and_wildcards(tag)]
    entry, *versions = redis.mget([ENTRY + key, *names])
    if entry is not None and json.loads(entry)["versions"] == versions:
        return json.loads(entry)["value"]
    value = load()
    redis.set(ENTRY + key, json.dumps({"versions": versions, "value": value}))
    return value


def count_up(redis: Redis, tags: Sequence[str]) -> None:
    """The invalidation that goes with `counters`."""
    for tag in tags:
        redis.incr(VERSION + tag)


# Tags make entries stale.


@pytest.mark.parametrize(("reader", "after"), [(get_or_fill, 20), (without_versions, 10)])
def test_a_write_makes_the_entry_stale(shop: Shop, reader: Reader, after: int) -> None:
    assert [shop.get(1, reader), shop.get(1, reader), shop.get(2, reader)] == [10, 10, 10]
    assert shop.loads == 2
    shop.set(20)
    assert shop.get(1, reader) == 10  # nobody has told Redis yet
    run_once(shop)
    assert shop.get(1, reader) == after
    loads = shop.loads
    assert shop.get(2, reader) == 10 and shop.loads == loads  # another order: its entry stays
    assert shop.rows("tag, processed_at IS NOT NULL, claim_token") == [("shop:order:1", True, None)]
    assert shop.health("pending") == 0


@pytest.mark.parametrize(("reader", "after"), [(get_or_fill, 20), (versions_after_loading, 10)])
def test_a_fill_that_overlaps_an_invalidation_is_never_served(shop: Shop, reader: Reader, after: int) -> None:
    def load() -> int:
        amount = shop.amount()
        shop.set(20)
        assert shop.work() == 1
        return amount

    assert reader(shop.redis, "amount:1", ["shop:order:1"], load) == 10
    assert shop.redis.exists(ENTRY + "amount:1")
    assert shop.get(1, reader) == after


@pytest.mark.parametrize(("names", "after"), [(tag_and_wildcards, 20), (lambda tag: [tag], 10)])
def test_a_wildcard_makes_everything_below_it_stale(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, names: Callable[[str], list[str]], after: int
) -> None:
    monkeypatch.setattr(redis_cache, "tag_and_wildcards", names)
    assert [shop.get(order) for order in (1, 9)] == [10, 10]
    shop.set(20, range(1, 10))
    assert shop.rows("tag") == [("shop:order:*",)]
    shop.work()
    assert [shop.get(order) for order in (1, 9)] == [after, after]


def test_wildcards_are_those_of_the_queue(shop: Shop) -> None:
    for tag in ("a", "a:b:c", "a::b", ":", "a:*", "*", "ä:" * 9 + "z", ":".join("abcdefgh"), ":".join("abcdefghijkl")):
        row = shop.connection.execute("SELECT pgspec.tag_and_wildcards(%s)", [tag]).fetchone()
        assert row == (tag_and_wildcards(tag),)


def test_an_invalidation_touches_one_key_however_many_entries_have_the_tag(shop: Shop) -> None:
    for number in range(500):
        get_or_fill(shop.redis, f"n:{number}", ["hot"], lambda: 1)
    keys, before = shop.redis.dbsize(), shop.redis.info("stats")["total_commands_processed"]
    invalidate(shop.redis, ["hot"])
    assert shop.redis.info("stats")["total_commands_processed"] - before == 2  # INFO and DEL
    assert keys - shop.redis.dbsize() == 1
    assert [get_or_fill(shop.redis, f"n:{number}", ["hot"], lambda: 2) for number in (0, 499)] == [2, 2]


def test_entries_and_versions_expire_and_the_versions_last(shop: Shop) -> None:
    names = [VERSION + name for name in tag_and_wildcards("a:b")]
    get_or_fill(shop.redis, "k", ["a:b"], lambda: 1, ttl=10**6)
    for name in names:
        shop.redis.expire(name, 1)
    get_or_fill(shop.redis, "another", ["a:b"], lambda: 1)  # renews them
    shortest = min(shop.redis.ttl(name) for name in names)
    assert 0 < shop.redis.ttl(ENTRY + "k") <= shortest <= redis_cache.LONGEST


# Redis forgets, remembers too well, is full, is away.

FORGETTING = pytest.mark.parametrize(
    ("reader", "invalidation", "after"), [(get_or_fill, invalidate, 20), (counters, count_up, 10)]
)


@FORGETTING
def test_a_redis_that_restarts_empty_during_a_fill(
    shop: Shop, reader: Reader, invalidation: Callable[..., None], after: int
) -> None:
    invalidation(shop.redis, ["shop:order:1"])

    def load() -> int:
        amount = shop.amount()
        shop.server.restart()
        shop.set(20)
        invalidation(shop.redis, ["shop:order:1"])
        return amount

    assert reader(shop.redis, "amount:1", ["shop:order:1"], load) == 10
    assert shop.get(1, reader) == after


@FORGETTING
def test_a_version_that_is_evicted_while_entries_stay(
    shop: Shop, reader: Reader, invalidation: Callable[..., None], after: int
) -> None:
    assert shop.get(1, reader) == 10
    shop.set(20)
    invalidation(shop.redis, ["shop:order:1"])
    shop.redis.delete(*(VERSION + name for name in tag_and_wildcards("shop:order:1")))
    assert shop.get(1, reader) == after


def test_a_missing_version_matches_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_cache, "_take_versions", lambda redis, names: [None] * len(names))
    assert shop.get() == 10  # stored as if its versions were evicted as soon as they were made
    shop.set(20)
    assert shop.redis.exists(ENTRY + "amount:1") and shop.get() == 20


@pytest.mark.parametrize(("check", "after"), [(invalidate_all_after_restart, 20), (lambda redis: None, 10)])
def test_a_redis_that_comes_back_with_an_older_memory(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, check: Callable[[Redis], None], after: int
) -> None:
    monkeypatch.setattr(redis_worker, "invalidate_all_after_restart", check)
    assert shop.get() == 10
    shop.redis.save()
    shop.set(20)
    assert shop.work() == 1
    shop.server.restart()
    assert shop.get() == 10  # the dump is from before the invalidation
    assert shop.work() == 0  # nothing is due, and yet
    assert shop.get() == after
    loads = shop.loads
    assert shop.work() == 0 and shop.get() == after and shop.loads == loads  # once is enough


def test_a_full_redis_is_still_told(shop: Shop) -> None:
    assert shop.get() == 10
    shop.set(20)
    shop.redis.config_set("maxmemory-policy", "noeviction")
    shop.redis.config_set("maxmemory", 1)
    with pytest.raises(OutOfMemoryError):
        count_up(shop.redis, ["shop:order:1"])
    assert shop.work() == 1 and shop.health("pending") == 0
    assert shop.get() == 20


def test_readers_do_without_redis(shop: Shop) -> None:
    shop.server.kill()
    assert shop.get() == 10

    def load() -> int:
        shop.server.kill()
        return shop.amount()

    shop.server.start()
    assert get_or_fill(shop.redis, "amount:1", ["shop:order:1"], load) == 10


def test_what_redis_is_not_told_is_tried_again_and_given_up(shop: Shop) -> None:
    assert shop.get() == 10
    shop.set(20)
    nowhere = connect(f"{shop.server.url}.gone")
    for attempt in range(1, MAX_RETRIES + 1):
        row = shop.connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        assert shop.work(nowhere) == 1
        retries, token, error, visible, dead = shop.rows(
            "retry_count, claim_token, last_error, visible_at, dead_at IS NOT NULL"
        )[0]
        assert (retries, token, dead) == (attempt, None, attempt == MAX_RETRIES)
        assert error.startswith("ConnectionError: ")
        assert (visible - row[0]).total_seconds() >= 0.5 * 2 ** min(
            attempt - 1, 8
        )  # 1, 2, 4 ... seconds, at most half off
        assert shop.health("retried") == 1
        shop.due_now()
    assert [shop.health(column) for column in ("dead", "pending", "due")] == [1, 0, 0]
    assert shop.work() == 0 and shop.get() == 10
    assert shop.connection.execute("SELECT retry_dead_cache_invalidations()").fetchone() == (1,)
    assert shop.work() == 1
    assert [shop.health(column) for column in ("dead", "pending")] == [0, 0]
    assert shop.get() == 20


def test_a_worker_goes_on_when_redis_is_back(shop: Shop) -> None:
    shop.server.kill()
    shop.connection.execute("ALTER TABLE cache_invalidation_queue ALTER max_retries SET DEFAULT 1000")
    with worker(shop) as running:
        shop.set(20)
        eventually(lambda: shop.rows("retry_count")[0][0] >= 1)
        shop.server.start()
        eventually(lambda: shop.rows("processed_at")[0][0])
        assert running.end() == 0


# Workers die, share, and end.


def claimed(shop: Shop) -> bool:
    return shop.rows("claim_token IS NOT NULL") == [(True,)]


@pytest.mark.parametrize(("lease", "after"), [(1, 20), (600, 10)])
def test_another_worker_takes_over_when_the_lease_has_run_out(
    shop: Shop, silent_redis: str, lease: int, after: int
) -> None:
    assert shop.get() == 10
    shop.set(20)
    with worker(shop, "--lease", str(lease), redis=f"{silent_redis}?socket_timeout=600") as dying:
        eventually(lambda: claimed(shop))
        assert dying.end(signal.SIGKILL) == -signal.SIGKILL
    if after == 20:
        eventually(shop.work)
    else:
        assert shop.work() == 0
    assert shop.rows("retry_count, processed_at IS NOT NULL") == [(int(after == 20), after == 20)]
    assert shop.get() == after


@pytest.mark.parametrize("autocommit", [True, False])
def test_the_claim_is_committed_before_redis_is_told(shop: Shop, autocommit: bool) -> None:
    seen = []

    class Witness:
        def info(self, _: str) -> dict[str, str]:
            seen.append(claimed(shop))
            raise RedisConnectionError

    shop.set(20)
    with psycopg.connect(shop.dsn, autocommit=autocommit) as connection:
        redis_worker.work(connection, Witness(), 100, 60)
    assert seen == [autocommit]


def just_delete(shop: Shop) -> None:
    """A worker that treats what it has told as done, whoever has joined the row."""
    tags = [tag for (tag,) in shop.rows("tag")]
    invalidate(shop.redis, tags)
    shop.connection.execute(
        "UPDATE cache_invalidation_queue SET processed_at = now(), closed_at = now(), sealed = true"
    )


@pytest.mark.parametrize(("works", "after"), [(Shop.work, 20), (just_delete, 15)])
def test_a_row_joined_by_a_transaction_in_flight_is_told_again(
    shop: Shop, works: Callable[[Shop], object], after: int
) -> None:
    shop.set(15)
    with psycopg.connect(shop.dsn) as other:
        other.execute("UPDATE orders SET amount = 20 WHERE id = 1")
        assert len(shop.rows("id")) == 1  # it joined the row that was there
        works(shop)
        assert shop.get() == 15  # filled again before the other has committed
    while shop.health("pending"):
        works(shop)
        time.sleep(0.02)
    assert shop.get() == after


def test_two_workers_share_the_work_and_end(shop: Shop) -> None:
    with worker(shop, "--batch", "1") as first, worker(shop, "--batch", "1") as second:
        eventually(lambda: len(working(shop)) == 2)
        tags = 0
        while not (first.done() and second.done()):
            tags += 1
            shop.connection.execute("SELECT enqueue_cache_invalidation(%s)", [f"n:{tags}"])
        eventually(lambda: shop.health("pending") == 0)
        assert (first.end(), second.end()) == (0, 0)
        assert first.done() + second.done() == tags  # nothing was done twice
    assert shop.health("retried") == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_worker_that_has_nothing_to_do(shop: Shop, number: signal.Signals) -> None:
    with worker(shop) as idle:
        eventually(lambda: working(shop))
        assert idle.end(number) == 0


def test_a_signal_lets_a_worker_finish_its_batch(shop: Shop, silent_redis: str) -> None:
    shop.set(20)
    with worker(shop, redis=f"{silent_redis}?socket_timeout=0.5") as busy:
        eventually(lambda: claimed(shop))
        assert busy.end() == 0
    token, retries, error = shop.rows("claim_token, retry_count, last_error")[0]
    assert token is None and retries >= 1 and error.startswith("TimeoutError")


@pytest.fixture
def own_server(server: ScratchServer) -> Iterator[ScratchServer]:
    """A server that may be restarted: no other test is on it."""
    with scratch_server(server.major) as running:
        yield running


def test_a_worker_connects_again_after_postgresql_was_restarted(own_server: ScratchServer) -> None:
    database = Database(own_server, "postgres")
    with open_shop(database) as shop, worker(shop) as running:
        eventually(lambda: working(shop))
        own_server.stop(immediate=True)
        with worker(shop, "--once") as once:
            assert once.wait() == 1  # a job of cron says that it could not work
        own_server.start()
        with database.connect() as connection:
            again = Shop(shop.dsn, connection, shop.server, shop.redis)
            again.set(20)
            eventually(lambda: again.health("pending") == 0)
        assert running.end() == 0


# What people are told.


def test_a_missing_redis_fails_and_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="apt-get install redis-server"):
        find_redis()


def test_the_page_names_what_exists(shop: Shop) -> None:
    page = (ROOT / "docs" / "external_cache.md").read_text("utf-8")
    functions = {name for (name,) in shop.connection.execute("SELECT proname FROM pg_proc").fetchall()}
    named = set(re.findall(r"`(\w+)\(", page))
    assert named and named <= functions | set(dir(redis_cache))
    for target in re.findall(r"\]\(([^)#:]+)\)", page):
        assert (ROOT / "docs" / target).exists(), target
