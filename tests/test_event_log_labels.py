"""The budget of a label: never exceeded, whatever runs beside, and nobody waits for it; with weaker SQL, it is."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from event_log_support import LOG, compiled, logged, migration, one, record, recorded
from live import Database
from pgspec.scratch import ScratchServer

LOCK = "OR NOT pg_try_advisory_xact_lock(1885824374, hashtext('public.hits' || '.' || $1))"
PLACE = ",\n  UNIQUE (label, place)"
CAUGHT = "EXCEPTION WHEN unique_violation OR serialization_failure THEN"
ONE = LOG.replace("max_cardinality: 3,", "max_cardinality: 1,")
LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")


def values(connection: psycopg.Connection, label: str = "endpoint") -> set[str]:
    query = "SELECT value FROM pgspec.hits_labels WHERE label = %s"
    return {value for (value,) in connection.execute(query, [label]).fetchall()}


def interleaved(database: Database, budget: int) -> tuple[set[str], list[str]]:
    """Two transactions that see a new value each at the same time: what the label has then, and what was recorded."""
    with database.connect() as first, database.connect() as second:
        for connection in (first, second):
            connection.execute("SET lock_timeout = '200ms'")
        with first.transaction():
            rows = [recorded(first, endpoint=f"/{name}")["endpoint"] for name in "abc"[:budget]]
            rows += [recorded(second, endpoint=f"/{name}")["endpoint"] for name in ("z", "a")]
        return values(first), rows


def test_two_at_once_stay_within_the_budget(server: ScratchServer) -> None:
    with logged(server, result=compiled(ONE)) as database:
        assert interleaved(database, 1) == ({"/a"}, ["/a", "other", "other"])
    with logged(server) as database:
        assert interleaved(database, 2) == ({"/a", "/b"}, ["/a", "/b", "other", "other"])
        with database.connect() as connection:  # the lock went with the transaction
            assert [recorded(connection, endpoint=x)["endpoint"] for x in ("/z", "/y")] == ["/z", "other"]


def test_without_the_lock_and_the_places_the_budget_is_exceeded(server: ScratchServer) -> None:
    with logged(server, {LOCK: "", PLACE: ""}, compiled(ONE)) as database:
        with database.connect() as connection:
            connection.execute("ALTER TABLE pgspec.hits_labels DROP CONSTRAINT hits_labels_pkey")
            body = one(connection, "SELECT pg_get_functiondef('pgspec.hits_admits(text, text, integer)'::regprocedure)")
            assert "ON CONFLICT" in body
            start, end = body.index("    ON CONFLICT"), body.index("  EXCEPTION")
            connection.execute((body[:start] + ";\n" + body[end:]).encode())
        found, rows = interleaved(database, 1)
        assert found == {"/a", "/z"} and rows == ["/a", "/z", "other"]


@pytest.mark.parametrize("changes", [{LOCK: ""}, {"pg_try_advisory_xact_lock(1885824374, hashtext('public.hits' ||":
                         "(SELECT true FROM pg_advisory_xact_lock(1885824374, hashtext('public.hits' ||",
                         "'.' || $1)) THEN": "'.' || $1))) THEN"}], ids=["no lock", "a lock that waits"])  # fmt: skip
def test_with_another_lock_they_wait(server: ScratchServer, changes: dict[str, str]) -> None:
    with logged(server, changes, compiled(ONE)) as database, pytest.raises(psycopg.errors.LockNotAvailable):
        interleaved(database, 1)


def test_what_is_rolled_back_takes_no_place(server: ScratchServer) -> None:
    with logged(server, result=compiled(ONE)) as database, database.connect() as connection:
        with connection.transaction(force_rollback=True):
            assert recorded(connection, endpoint="/gone")["endpoint"] == "/gone"
        with connection.transaction():
            with connection.transaction(force_rollback=True):
                assert recorded(connection, endpoint="/gone too")["endpoint"] == "/:id"
                assert values(connection) == {"/:id"}
            with database.connect() as other:  # the savepoint's lock is free again
                assert recorded(other, endpoint="/kept")["endpoint"] == "/kept"
        assert values(connection) == {"/kept"}


def test_an_old_snapshot_does_not_exceed_the_budget(server: ScratchServer) -> None:
    """REPEATABLE READ does not see who took the place; the place itself tells."""

    def stale(database: Database) -> list[str]:
        with database.connect() as old, database.connect() as new:
            with old.transaction():
                old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                assert one(old, "SELECT count(*) FROM hits") == 0
                record(new, endpoint="/new")
                rows = [recorded(old, endpoint=x)["endpoint"] for x in ("/old", "/new")]
            assert values(new) == {"/new"}
            return rows

    with logged(server, result=compiled(ONE)) as database:
        assert stale(database) == ["other", "other"]
    careless = {CAUGHT: "EXCEPTION WHEN division_by_zero THEN"}
    failures = (psycopg.errors.UniqueViolation, psycopg.errors.SerializationFailure)
    with logged(server, careless, compiled(ONE)) as database, pytest.raises(failures):
        stale(database)


def test_a_smaller_budget_folds_what_was_there_and_a_larger_one_has_room(server: ScratchServer) -> None:
    small = compiled(LOG.replace("max_cardinality: 3,", "max_cardinality: 2,"))
    with logged(server) as database, database.connect() as connection:
        for name in "abc":
            record(connection, endpoint=f"/{name}")
        text = migration(small)
        start = text.index("CREATE FUNCTION public.record_hits(")
        end = text.index("$function$;\n", start) + len("$function$;\n")
        connection.execute(text[start:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").encode())
        assert [recorded(connection, endpoint=f"/{x}")["endpoint"] for x in "abcd"] == ["/a", "/b", "other", "other"]
        connection.execute("DELETE FROM pgspec.hits_labels WHERE value = '/a'")
        assert [recorded(connection, endpoint=f"/{x}")["endpoint"] for x in "cab"] == ["/c", "other", "/b"]
        assert one(connection, "SELECT count(*) FROM pgspec.hits_labels") == 2


def one_session(database: Database, seed: int, rounds: int) -> Counter[str]:
    """Random transactions of one session."""
    chance = random.Random(seed)
    count: Counter[str] = Counter()
    with database.connect() as connection:
        connection.execute("SET lock_timeout = '5s'")
        for _ in range(rounds):
            try:
                with connection.transaction(force_rollback=chance.random() < 0.4):
                    level = chance.choices(LEVELS, (6, 2, 1))[0]
                    connection.execute(f"SET TRANSACTION ISOLATION LEVEL {level}".encode())
                    for _ in range(chance.randrange(1, 4)):
                        with connection.transaction(force_rollback=chance.random() < 0.2):
                            record(connection, endpoint=f"/{chance.choice('abcdefghij')}", status=chance.randrange(9))
                        count["recorded"] += 1
                    if chance.random() < 0.3:
                        connection.execute("SELECT pg_sleep(%s)", [chance.random() / 200])
            except psycopg.Error as error:
                count[type(error).__name__] += 1
    return count


def load(database: Database, rounds: int) -> Counter[str]:
    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(lambda seed: one_session(database, seed, rounds), range(8)), Counter())


def excess(database: Database) -> dict[str, int]:
    """How many values there are beyond each budget, in the table of values and in the log."""
    with database.connect() as connection:
        found = {}
        for label, budget in (("endpoint", 3), ("status", 2)):
            there = f"SELECT count(DISTINCT {label}) FROM hits WHERE {label}::text NOT IN ('other', 'unknown')"
            found[label] = max(len(values(connection, label)), one(connection, there)) - budget
        return found


def test_the_budget_holds_under_load_and_nobody_fails(server: ScratchServer) -> None:
    with logged(server) as database:
        count = load(database, 60)
        assert count.keys() == {"recorded"}, count
        with database.connect() as connection:
            assert 100 < one(connection, "SELECT count(*) FROM hits WHERE endpoint = 'other'") < count["recorded"]
            assert one(connection, "SELECT count(*) FROM hits WHERE endpoint <> 'other'") > 30
        assert excess(database) == {"endpoint": 0, "status": 0}


def test_the_load_notices_a_budget_that_does_not_hold(server: ScratchServer) -> None:
    with logged(server, {LOCK: "", PLACE: ""}) as database:
        load(database, 60)
        assert max(excess(database).values()) > 0
