"""Random load on the invalidation queue: nothing is lost and nobody waits; with weaker SQL, the same load shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from live import Database
from pgspec.scratch import ScratchServer
from queue_load import GUARDED, External, Internal, run_load
from queue_support import QUEUE, queue_database, variant

BOTH = pytest.mark.parametrize("kind", [External, Internal], ids=["external", "internal"])
ENQUEUE_TAGS, CLAIM, SQL_DRAIN = (
    "pgspec.enqueue_tags",
    "public.claim_cache_invalidations",
    "public.drain_cache_invalidation_queue",
)
TRY = "pg_try_advisory_xact_lock_shared(1885827952, (q.id & 2147483647)::integer)"
LOOK = f"WHEN {TRY} THEN q.xmax = 0"
SLEEP = "pg_sleep(random() * 0.004) IS NOT NULL"


@contextmanager
def loaded_database(server: ScratchServer, *changes: str) -> Iterator[Database]:
    """A new database with the queue, changed by some statements."""
    with queue_database(server) as database:
        database.run(GUARDED)
        for change in changes:
            database.run(change)
        yield database


def never(_: Counter[str]) -> bool:
    return False


def wrong(count: Counter[str]) -> bool:
    return any(count[what] for what in ("lost", "stale", "blocked", "deadlocks", "serialization failures"))


def check_real(database: Database, kind: type[External | Internal], rounds: int, seed: int) -> None:
    """The load on the SQL as generated, or as it must be just as good."""
    count = run_load(database, kind, rounds=rounds, until=never, seed=seed)
    assert not wrong(count), count
    assert count["pending"] == 0
    assert count["transactions"] > rounds * 8, "the load is none"
    assert count["joined"] > rounds, "no write has joined another's row"


@BOTH
def test_nothing_is_lost_and_nobody_waits(queue_server: ScratchServer, kind: type[External | Internal]) -> None:
    with loaded_database(queue_server) as database:
        check_real(database, kind, rounds=30, seed=1)


def slow_to_join() -> str:
    """Writers that take their time before their flag is up, and before they look."""
    return variant(ENQUEUE_TAGS, {LOOK: f"WHEN {SLEEP} AND {TRY} AND {SLEEP} THEN q.xmax = 0"})


@BOTH
def test_nothing_is_lost_when_writers_take_their_time_to_join(
    queue_server: ScratchServer, kind: type[External | Internal]
) -> None:
    with loaded_database(queue_server, slow_to_join()) as database:
        check_real(database, kind, rounds=10, seed=2)


@pytest.mark.slow
@pytest.mark.parametrize("slow", [False, True], ids=["as generated", "slow to join"])
@BOTH
def test_nothing_is_lost_in_the_long_run(
    queue_server: ScratchServer, kind: type[External | Internal], slow: bool
) -> None:
    with loaded_database(queue_server, *([slow_to_join()] if slow else [])) as database:
        check_real(database, kind, rounds=400, seed=3)


# What others do, and our own functions with one thought left out.  The load must find each out.


def other_body(statements: str) -> str:
    """The function that triggers call, with another body."""
    return (
        "CREATE OR REPLACE FUNCTION pgspec.enqueue_tags(tags text[], join_window interval) RETURNS integer"
        f" LANGUAGE plpgsql AS $$ BEGIN {statements} RETURN 0; END $$"
    )


def unless_there(condition: str) -> str:
    """Adds a row for each tag that has none of a kind."""
    return other_body(
        f"INSERT INTO {QUEUE} (tag) SELECT DISTINCT t FROM unnest(tags) AS t WHERE NOT EXISTS (SELECT FROM {QUEUE} AS q"
        f" WHERE q.tag = t AND q.enqueued_at > clock_timestamp() - join_window AND {condition});"
    )


@dataclass(frozen=True)
class Weak:
    """Weaker SQL, and what the load must show of it."""

    shows: tuple[str, ...]
    statements: tuple[str, ...] = ()
    functions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def changes(self) -> list[str]:
        return [*self.statements, *(variant(name, replacements) for name, replacements in self.functions.items())]


AFTER_LOCKS = "-- after the rows are locked"
HELD_LATE = f"  held := pgspec.joined_rows(true);  {AFTER_LOCKS}\n"
HELD_LATE_SQL = (
    f"    held := pgspec.joined_rows(false);  {AFTER_LOCKS}; own writes become visible with the new versions\n"
)
LOST = ("lost", "stale")
WEAK: dict[str, Weak] = {
    "a unique index and ON CONFLICT DO NOTHING": Weak(
        ("blocked", "deadlocks", *LOST),
        (
            f"CREATE UNIQUE INDEX ON {QUEUE} (tag) WHERE processed_at IS NULL",
            other_body(
                f"INSERT INTO {QUEUE} (tag) SELECT DISTINCT t FROM unnest(tags) AS t"
                " ON CONFLICT (tag) WHERE processed_at IS NULL DO NOTHING;"
            ),
        ),
    ),
    "not again within the window": Weak(LOST, (unless_there("true"),)),
    "not again while one is pending": Weak(LOST, (unless_there("q.processed_at IS NULL"),)),
    "a writer raises no flag": Weak(LOST, (), {ENQUEUE_TAGS: {LOOK: "WHEN q.xmax = 0 THEN true"}}),
    "a writer does not look": Weak(
        LOST, (), {ENQUEUE_TAGS: {LOOK: f"WHEN {SLEEP} AND {TRY} THEN true", " OR q.xmax <> 0 THEN": " THEN"}}
    ),
    "a writer looks before its flag is up": Weak(
        LOST, (), {ENQUEUE_TAGS: {LOOK: f"WHEN q.xmax = 0 AND {SLEEP} AND {TRY} THEN true"}}
    ),
    "a row is done although it was joined": Weak(
        LOST,
        (),
        {
            CLAIM: {"(q.id & 2147483647) <> ALL (held)": "true"},
            SQL_DRAIN: {"(q.id & 2147483647) <> ALL (held)": "true"},
        },
    ),
    "a drainer looks before its flag is up": Weak(
        LOST,
        (),
        {
            CLAIM: {
                HELD_LATE: "",
                "  SELECT array_agg(due.place) INTO": (
                    "  held := pgspec.joined_rows(true);\n  PERFORM pg_sleep(0.004);\n"
                    "  SELECT array_agg(due.place) INTO"
                ),
            },
            SQL_DRAIN: {
                HELD_LATE_SQL: "",
                "    SELECT array_agg(due.place), ": (
                    "    held := pgspec.joined_rows(false);\n    PERFORM pg_sleep(0.004);\n"
                    "    SELECT array_agg(due.place), "
                ),
            },
        },
    ),
}


@pytest.mark.parametrize("weak", WEAK)
@BOTH
def test_the_load_finds_weaker_sql_out(queue_server: ScratchServer, kind: type[External | Internal], weak: str) -> None:
    shows = WEAK[weak].shows
    with loaded_database(queue_server, *WEAK[weak].changes()) as database:
        count = run_load(database, kind, rounds=150, until=lambda count: any(count[what] for what in shows), seed=4)
    assert any(count[what] for what in shows), count


def test_the_load_finds_a_wait(queue_server: ScratchServer) -> None:
    # Writers of a tag one after the other: nothing is lost, and everybody waits.
    lock = other_body(
        f"PERFORM pg_advisory_xact_lock(hashtext(tags[1])); INSERT INTO {QUEUE} (tag) SELECT unnest(tags);"
    )
    with loaded_database(queue_server, lock) as database:
        count = run_load(database, External, rounds=150, until=lambda count: count["blocked"] > 0, seed=5)
    assert count["blocked"] and not count["lost"]
