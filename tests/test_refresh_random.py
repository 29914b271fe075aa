"""Random writers, schedulers and accidents: in the end every view holds what its query says."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping

import psycopg
import pytest

from live import Database, fresh_database
from pgspec.scratch import ScratchServer
from refresh_support import CALL, refresh_server, refresh_template, replaced

__all__ = ["refresh_server", "refresh_template"]

QUERIES = {
    "b_totals": "SELECT shelf, sum(value), count(*) FROM items GROUP BY shelf",
    "a_top": "SELECT id, total FROM b_totals WHERE total > 0",
    "c_shelves": "SELECT id, name FROM full_shelves",
    "d_events": "SELECT 1, count(*) FROM events_1",
    "e_rare": "SELECT id, value FROM items",
}
WRITES = (
    "INSERT INTO items VALUES ({n}, {r}, {r}) ON CONFLICT DO NOTHING",
    "UPDATE items SET value = value + 1 WHERE id % 5 = {r}",
    "DELETE FROM items WHERE id % 7 = {r}",
    "INSERT INTO shelves VALUES ({r}, 'new') ON CONFLICT (id) DO UPDATE SET name = 'n{n}'",
    "INSERT INTO events VALUES ({n}, 1 + {n} % 2) ON CONFLICT DO NOTHING",
    "INSERT INTO events_1 VALUES ({n}, 1) ON CONFLICT DO NOTHING",
    "DELETE FROM events WHERE id % 3 = {r}",
)
RARELY = ("TRUNCATE items", "TRUNCATE events", "TRUNCATE events_1")
BOUND = "SET lock_timeout = '5s'; SET deadlock_timeout = '100ms'"


def write(database: Database, seed: int, stop: threading.Event) -> None:
    """Transactions of one to four writes, some of them taken back, prepared, or held open for a while."""
    chance = random.Random(seed)
    number = 0
    while not stop.is_set():
        number += 1
        level = chance.choice(["READ COMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
        with database.connect() as connection:
            try:
                connection.execute(BOUND)
                for _ in range(8):
                    if stop.is_set():
                        return
                    connection.execute(f"BEGIN ISOLATION LEVEL {level}")
                    for _ in range(chance.randint(1, 4)):
                        kind = chance.choice(RARELY if chance.random() < 0.03 else WRITES)
                        statement = kind.format(n=chance.randrange(1000), r=chance.randrange(5))
                        taken_back = chance.random() < 0.3
                        connection.execute("SAVEPOINT s")
                        connection.execute(statement)
                        if taken_back:
                            connection.execute("ROLLBACK TO s")
                        time.sleep(chance.choice([0, 0, 0.002, 0.03]))
                    if chance.random() < 0.1:
                        connection.execute(f"PREPARE TRANSACTION 'w{seed}_{number}'")
                        time.sleep(0.02)
                        end = "ROLLBACK" if chance.random() < 0.3 else "COMMIT"
                        connection.execute(f"{end} PREPARED 'w{seed}_{number}'")
                    else:
                        connection.execute("ROLLBACK" if chance.random() < 0.1 else "COMMIT")
            except (
                psycopg.errors.SerializationFailure,
                psycopg.errors.DeadlockDetected,
                psycopg.errors.LockNotAvailable,
            ):
                pass  # as without triggers: two writers of one row


def schedule(database: Database, seed: int, stop: threading.Event) -> None:
    """Calls one after the other; everything is due again at once.  Now and then one view on demand, some of them
    taken back, and a refresh that fails."""
    chance = random.Random(seed)
    while not stop.is_set():
        try:
            with database.connect() as connection:
                for _ in range(10):
                    if stop.is_set():
                        return
                    connection.execute(
                        "UPDATE pgspec.mv_refresh_state SET last_success = NULL, retry_at = NULL WHERE view_name IN"
                        " (SELECT view_name FROM pgspec.mv_refresh_state FOR UPDATE SKIP LOCKED)"
                    )
                    action = chance.random()
                    if action < 0.15:
                        with connection.transaction(force_rollback=chance.random() < 0.4):
                            name = chance.choice(list(QUERIES))
                            connection.execute(f"SELECT refresh_materialized_view('{name}')")
                            time.sleep(chance.choice([0, 0.02]))
                    else:
                        connection.execute(
                            "INSERT INTO control VALUES ('fail')" if action < 0.35 else "TRUNCATE control"
                        )
                        connection.execute(CALL)
        except psycopg.errors.QueryCanceled:
            pass  # `disturb`
        except psycopg.OperationalError:
            pass


def disturb(database: Database, seed: int, stop: threading.Event) -> None:
    """Cancel or end what refreshes."""
    chance = random.Random(seed)
    with database.connect() as connection:
        while not stop.wait(0.15):
            how = chance.choice(["pg_cancel_backend", "pg_terminate_backend"])
            connection.execute(
                f"SELECT {how}(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'CALL %' AND state = 'active' LIMIT 1"
            )
            connection.execute(
                "UPDATE pgspec.mv_refresh_state SET started_at = started_at - interval '11 seconds' WHERE view_name IN"
                " (SELECT view_name FROM pgspec.mv_refresh_state WHERE log_id IS NOT NULL FOR UPDATE SKIP LOCKED)"
            )


def stale_after(database: Database, seed: int, bursts: int) -> list[str]:
    """The views that do not hold what their queries say after some burst, when everybody has come to rest and what is
    due was refreshed.  Bursts are short: later writes would hide that an earlier one was forgotten."""
    for burst in range(bursts):
        stop = threading.Event()
        tasks = [*((write, n) for n in range(4)), *((schedule, 10 + n) for n in range(3)), (disturb, 20)]
        threads = [
            threading.Thread(target=task, args=(database, 1000 * seed + 50 * burst + n, stop)) for task, n in tasks
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        stop.set()
        for thread in threads:
            thread.join()
        if stale := _stale(database):
            return stale
    return []


def _stale(database: Database) -> list[str]:
    with database.connect() as connection:
        run = connection.execute
        run("TRUNCATE control")
        for _ in range(2):  # the first call closes what was interrupted
            run(
                "UPDATE pgspec.mv_refresh_state SET last_success = NULL, retry_at = NULL,"
                " started_at = started_at - interval '11 seconds'"
            )
            run(CALL)
        return [
            name
            for name, query in QUERIES.items()
            if run(f"(TABLE {name} EXCEPT ALL ({query})) UNION ALL (({query}) EXCEPT ALL TABLE {name})").fetchone()
        ]


def test_every_view_is_right_in_the_end(
    refresh_server: ScratchServer, refresh_template: Database, request: pytest.FixtureRequest
) -> None:
    rounds, bursts = (6, 30) if request.config.getoption("--slow") else (1, 4)
    for seed in range(rounds):
        with fresh_database(refresh_server, refresh_template.name) as database:
            assert stale_after(database, seed, bursts) == [], seed
            with database.connect() as connection:
                query = "SELECT status, count(*) FROM mv_refresh_log GROUP BY status"
                attempts = dict(connection.execute(query).fetchall())
            assert attempts["ok"] > 10, attempts
            assert attempts["failed"] > 0, attempts
            assert "running" not in attempts


MUTANTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "what was seen is asked at the end": (
        "pgspec.close_mv_refresh",
        {
            "SET log_id = NULL, stale_since = NULL,": "SET seen = pg_current_snapshot(), changed_since = NULL,"
            " log_id = NULL, stale_since = NULL,"
        },
    ),
    "an attempt that ends says that nothing has changed": (
        "pgspec.close_mv_refresh",
        {"SET log_id = NULL, stale_since = NULL,": "SET changed_since = NULL, log_id = NULL, stale_since = NULL,"},
    ),
    "what others hold is forgotten": ("pgspec.settle_mv_sources", {"o.source <> ALL (kept)": "true"}),
    "an attempt that begins says that nothing has changed": (
        "pgspec.open_mv_refresh",
        {"coalesce(s.stale_since, s.changed_since, clock_timestamp())": "NULL"},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_random_test_notices(refresh_server: ScratchServer, refresh_template: Database, mutant: str) -> None:
    name, replacements = MUTANTS[mutant]
    for seed in range(5):
        with (
            fresh_database(refresh_server, refresh_template.name) as database,
            replaced(database, name, replacements),
        ):
            if stale_after(database, seed, 20):
                return
    pytest.fail("a hundred bursts found nothing")
