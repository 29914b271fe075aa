"""Schedules of writers and drainers of the invalidation queue, step by step: nothing is lost, and nobody waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from queue_support import (
    DRAIN,
    ENQUEUE,
    NAMESPACE,
    PATIENCE,
    QUEUE,
    Sessions,
    claimed,
    replaced,
    told,
)

ISOLATION = ("READ COMMITTED", "REPEATABLE READ")


# Each way to drain: it returns the tags that were invalidated.


def by_claim(queue: Sessions) -> list[str]:
    return told(queue.drainer)


def by_sql(queue: Sessions) -> list[str]:
    before = dict(queue.monitor.run("SELECT tag, version FROM pgspec.cache_tags"))
    queue.drainer.run(DRAIN)
    after = dict(queue.monitor.run("SELECT tag, version FROM pgspec.cache_tags"))
    return sorted(tag for tag, version in after.items() if version != before.get(tag))


Drain = Callable[[Sessions], list[str]]
both_drains = pytest.mark.parametrize("drain", [by_claim, by_sql])


def test_two_calls_in_autocommit_leave_one_row(queue: Sessions) -> None:
    for _ in range(2):
        queue.writer.run("SELECT enqueue_cache_invalidation('test:tag', 1)")
    assert queue.tags() == ["test:tag"]


def test_two_writers_of_a_hot_tag_do_not_wait(queue: Sessions) -> None:
    for writer in (queue.first, queue.second):
        writer.run("BEGIN")
        writer.run(ENQUEUE, "hot")
    for writer in (queue.first, queue.second):
        writer.run("COMMIT")
    assert set(queue.tags()) == {"hot"}


def test_opposite_order_of_tags_does_not_deadlock(queue: Sessions) -> None:
    queue.first.run("BEGIN")
    queue.second.run("BEGIN")
    for writer, tag in ((queue.first, "a"), (queue.second, "b"), (queue.first, "b"), (queue.second, "a")):
        writer.run(ENQUEUE, tag)
    queue.first.run("COMMIT")
    queue.second.run("COMMIT")
    assert told(queue.drainer) == ["a", "b"]


def test_opposite_order_of_tags_that_wait_in_the_queue_does_not_deadlock(queue: Sessions) -> None:
    for tag in ("a", "b"):
        queue.writer.run(ENQUEUE, tag)
    test_opposite_order_of_tags_does_not_deadlock(queue)
    assert len(queue.rows("id")) == 2


@pytest.mark.parametrize("statement", [DRAIN, "SELECT count(*) FROM claim_cache_invalidations()"])
def test_a_writer_never_waits_for_a_drainer_that_holds_its_batch(queue: Sessions, statement: str) -> None:
    queue.writer.run(ENQUEUE, "hot")
    queue.drainer.run("BEGIN")
    queue.drainer.run(statement)
    queue.writer.run("BEGIN")
    queue.writer.run(ENQUEUE, "hot")
    queue.writer.run("UPDATE items SET value = 1 WHERE id = 1")
    queue.writer.run("COMMIT")
    queue.drainer.run("COMMIT")
    assert queue.pending().count("hot") >= 1, "the second write has a row of its own"
    assert told(queue.drainer).count("hot") == 1


@both_drains
def test_a_write_that_joined_a_row_is_not_lost_when_the_row_is_drained_before_its_commit(
    queue: Sessions, drain: Drain
) -> None:
    cache: dict[str, int] = {}

    def fill() -> None:
        if "item:1" not in cache:
            cache["item:1"] = queue.reader.value("SELECT value FROM items WHERE id = 1")

    queue.first.run("UPDATE items SET value = 1 WHERE id = 1")
    queue.second.run("BEGIN")
    queue.second.run("UPDATE items SET value = 2 WHERE id = 1")
    assert len(queue.joined()) == 2, "both tags are joined, or this schedule shows nothing"
    for step in (fill, lambda: queue.second.run("COMMIT"), fill):
        for tag in drain(queue):
            cache.pop(tag, None)
        step()
    assert cache == {"item:1": 2}
    assert queue.pending() == []


@both_drains
def test_a_long_writer_does_not_delay_the_one_that_committed(queue: Sessions, drain: Drain) -> None:
    queue.writer.run(ENQUEUE, "hot")
    queue.long.run("BEGIN")
    queue.long.run(ENQUEUE, "hot")
    assert drain(queue) == ["hot"], "invalidated at once for the writer that committed"
    assert queue.rows("closed_at IS NULL, sealed, processed_at IS NULL") == [(False, False, True)]
    later = queue.rows("visible_at >= closed_at + interval '1 second'")
    assert later == [(True,)], "and not again and again while the other is open"
    queue.writer.run(ENQUEUE, "hot")
    assert len(queue.rows("id")) == 2, "a closed row is not joined"
    queue.long.run("COMMIT")
    assert drain(queue) == ["hot"]
    assert queue.pending() == []


def test_a_row_whose_writers_take_longer_is_told_again_meanwhile_but_less_and_less_often(queue: Sessions) -> None:
    queue.writer.run(ENQUEUE, "hot")
    queue.long.run("BEGIN")
    queue.long.run(ENQUEUE, "hot")
    for number in range(8):
        before = queue.monitor.value("SELECT clock_timestamp()")
        assert told(queue.drainer) == ["hot"]
        wait = timedelta(seconds=min(2**number, 60))
        ((due, after),) = queue.rows("visible_at, clock_timestamp()")
        assert before + wait <= due <= after + wait
        queue.monitor.run(f"UPDATE {QUEUE} SET visible_at = clock_timestamp()")
    assert queue.rows("retry_count, dead_at") == [(0, None)], "that is no failure"


PAUSE = "pg_advisory_xact_lock_shared(1, 1) IS NOT NULL"
# The gate is a lock that the test holds: before the writer's flag is raised, or between the flag and the look at xmax.
LOCK = "WHEN pg_try_advisory_xact_lock_shared"
LOOK = "THEN q.xmax = 0"
GATES = {
    "before the lock": {LOCK: f"WHEN {PAUSE} AND pg_try_advisory_xact_lock_shared"},
    "between lock and look": {LOOK: f"THEN {PAUSE} AND q.xmax = 0"},
}


@pytest.mark.parametrize("isolation", ISOLATION)
@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("statement", [DRAIN, "SELECT count(*) FROM claim_cache_invalidations()"])
@pytest.mark.parametrize("committed", [True, False], ids=["committed", "in flight"])
def test_a_writer_sees_a_drainer_that_comes_while_it_joins(
    queue: Sessions, isolation: str, gate: str, statement: str, committed: bool
) -> None:
    # The writer has found the row, with a snapshot from before the drainer: only the page can tell it the truth.
    queue.monitor.run(ENQUEUE, "hot")
    queue.gate.run("SELECT pg_advisory_lock(1, 1)")
    with replaced(queue.database, "pgspec.enqueue_tags", GATES[gate]):
        queue.writer.run(f"BEGIN ISOLATION LEVEL {isolation}")
        joining = queue.writer.start(ENQUEUE, "hot")
        queue.wait_until_blocked(queue.writer)
        assert len(queue.joined()) == (gate == "between lock and look")
        queue.drainer.run("BEGIN")
        queue.drainer.run(statement)
        if committed:
            queue.drainer.run("COMMIT")
        queue.gate.run("SELECT pg_advisory_unlock(1, 1)")
        joining.result(PATIENCE)
        queue.drainer.run("COMMIT" if not committed else "SELECT 1")
        queue.writer.run("COMMIT")
    assert queue.rows("closed_at IS NULL") == [(False,), (True,)], "the writer has added a row of its own"


@both_drains
def test_a_drainer_sees_a_writer_whose_flag_is_up_and_that_has_not_looked_yet(queue: Sessions, drain: Drain) -> None:
    queue.monitor.run(ENQUEUE, "hot")
    queue.gate.run("SELECT pg_advisory_lock(1, 1)")
    with replaced(queue.database, "pgspec.enqueue_tags", GATES["between lock and look"]):
        queue.writer.run("BEGIN")
        joining = queue.writer.start(ENQUEUE, "hot")
        queue.wait_until_blocked(queue.writer)
        assert drain(queue) == ["hot"]
        assert queue.rows("sealed, processed_at IS NULL") == [(False, True)]
        queue.gate.run("SELECT pg_advisory_unlock(1, 1)")
        joining.result(PATIENCE)
        queue.writer.run("COMMIT")
    assert drain(queue) == ["hot"]
    assert queue.pending() == []


def test_a_copy_of_xmax_would_not_do(queue: Sessions) -> None:
    # What the tests above would see, if xmax were read from a copy that was made before the lock.
    table = "FROM public.cache_invalidation_queue AS"
    copy = f"FROM (SELECT c.*, c.xmin, c.xmax {table} c ORDER BY c.enqueued_at OFFSET 0) AS q"
    stale = {f"{table} q\n        WHERE q.tag": f"{copy}\n        WHERE q.tag"}
    queue.monitor.run(ENQUEUE, "hot")
    queue.gate.run("SELECT pg_advisory_lock(1, 1)")
    with replaced(queue.database, "pgspec.enqueue_tags", GATES["between lock and look"] | stale):
        joining = queue.writer.start(ENQUEUE, "hot")
        queue.wait_until_blocked(queue.writer)
        queue.drainer.run(DRAIN)
        queue.gate.run("SELECT pg_advisory_unlock(1, 1)")
        joining.result(PATIENCE)
    assert len(queue.rows("id")) == 1, "the write has joined a row that was taken"


def test_a_writer_that_comes_after_an_uncommitted_claim_adds_a_row(queue: Sessions) -> None:
    queue.writer.run(ENQUEUE, "hot")
    queue.drainer.run("BEGIN")
    assert list(claimed(queue.drainer)) == ["hot"]
    queue.writer.run("BEGIN")
    queue.writer.run(ENQUEUE, "hot")
    queue.drainer.run("COMMIT")
    queue.writer.run("COMMIT")
    assert queue.rows("closed_at IS NULL, sealed") == [(False, True), (True, False)]


def test_an_aborted_claim_leaves_the_row_due(queue: Sessions) -> None:
    queue.writer.run(ENQUEUE, "hot")
    queue.drainer.run("BEGIN")
    assert list(claimed(queue.drainer)) == ["hot"]
    queue.drainer.run("ROLLBACK")
    queue.writer.run(ENQUEUE, "hot")  # does not trust a row that somebody has touched
    assert told(queue.drainer) == ["hot"]
    assert queue.rows("processed_at IS NULL") == [(False,), (False,)]


def test_a_repeatable_read_writer_with_an_old_snapshot_does_not_join_a_drained_row(queue: Sessions) -> None:
    queue.monitor.run(ENQUEUE, "hot")
    queue.writer.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
    queue.writer.run("SELECT FROM items")
    assert told(queue.drainer) == ["hot"]
    queue.writer.run(ENQUEUE, "hot")
    queue.writer.run("COMMIT")
    assert queue.pending() == ["hot"]


@pytest.mark.parametrize("isolation", ISOLATION)
@both_drains
def test_a_writer_that_joined_is_followed_by_an_invalidation(queue: Sessions, drain: Drain, isolation: str) -> None:
    queue.monitor.run(ENQUEUE, "hot")
    queue.writer.run(f"BEGIN ISOLATION LEVEL {isolation}")
    queue.writer.run(ENQUEUE, "hot")
    assert len(queue.rows("id")) == len(queue.joined()) == 1
    assert drain(queue) == ["hot"]
    queue.writer.run("COMMIT")
    assert drain(queue) == ["hot"]
    assert drain(queue) == []


def test_serializable_writers_of_unrelated_rows_do_not_conflict(queue: Sessions) -> None:
    queue.monitor.run(ENQUEUE, "items")
    for number, writer in enumerate((queue.first, queue.second), 1):
        writer.run("BEGIN ISOLATION LEVEL SERIALIZABLE")
        writer.run("UPDATE items SET value = value + 1 WHERE id = %s", number)
    for writer in (queue.first, queue.second):
        for tag in ("a", "b"):
            writer.run(ENQUEUE, tag)
    queue.drainer.run(DRAIN)
    queue.first.run("COMMIT")
    queue.second.run("COMMIT")
    assert told(queue.drainer) == ["a", "b", "item:1", "item:2", "items"]


def test_a_savepoint_that_is_rolled_back_leaves_the_row(queue: Sessions) -> None:
    queue.monitor.run(ENQUEUE, "hot")
    for statement in ("BEGIN", "SAVEPOINT a", "SELECT enqueue_cache_invalidation('hot')"):
        queue.writer.run(statement)
    assert len(queue.joined()) == 1
    queue.writer.run("ROLLBACK TO a")
    assert queue.joined() == []
    assert told(queue.drainer) == ["hot"]
    assert queue.pending() == [], "the row does not wait for the transaction, which has not joined it any more"
    queue.writer.run(ENQUEUE, "hot")
    queue.writer.run("COMMIT")
    assert told(queue.drainer) == ["hot"]


def test_a_row_that_is_rolled_back_with_a_savepoint_is_added_again(queue: Sessions) -> None:
    for statement in ("BEGIN", "SAVEPOINT a", "UPDATE items SET value = 1", "ROLLBACK TO a"):
        queue.writer.run(statement)
    queue.writer.run("UPDATE items SET value = 2 WHERE id = 1")
    queue.writer.run("COMMIT")
    assert told(queue.drainer) == ["item:1", "items"]


def test_a_savepoint_that_is_released_keeps_what_it_joined(queue: Sessions) -> None:
    queue.monitor.run(ENQUEUE, "hot")
    for statement in ("BEGIN", "SAVEPOINT a", "SELECT enqueue_cache_invalidation('hot')", "RELEASE a"):
        queue.writer.run(statement)
    assert told(queue.drainer) == ["hot"]
    queue.writer.run("COMMIT")
    assert told(queue.drainer) == ["hot"]
    assert queue.pending() == []


def test_statements_of_one_transaction_share_their_row_across_savepoints(queue: Sessions) -> None:
    queue.writer.run("BEGIN")
    for number in range(3):
        queue.writer.run(f"SAVEPOINT s{number}")
        queue.writer.run(ENQUEUE, "hot")
        queue.writer.run(ENQUEUE, "hot")
    queue.writer.run("COMMIT")
    assert queue.tags() == ["hot"]
    assert told(queue.drainer) == ["hot"]


@both_drains
def test_a_prepared_transaction_that_joined_keeps_the_row_until_it_ends(queue: Sessions, drain: Drain) -> None:
    queue.monitor.run(ENQUEUE, "hot")
    for statement in ("BEGIN", "SELECT enqueue_cache_invalidation('hot')", "PREPARE TRANSACTION 'joined'"):
        queue.writer.run(statement)
    try:
        assert drain(queue) == ["hot"]
        assert queue.pending() == ["hot"]
        queue.other.run("COMMIT PREPARED 'joined'")
        assert drain(queue) == ["hot"]
        assert queue.pending() == []
    finally:
        for (name,) in queue.monitor.run("SELECT gid FROM pg_prepared_xacts"):
            queue.monitor.run(f"ROLLBACK PREPARED '{name}'")


def test_a_claim_inside_the_writing_transaction_is_not_the_last(queue: Sessions) -> None:
    # The cache is told before the write is visible, and may be filled with the old value again.
    queue.writer.run("BEGIN")
    queue.writer.run("UPDATE items SET value = 1 WHERE id = 1")
    assert told(queue.writer) == ["item:1", "items"]
    queue.writer.run("COMMIT")
    assert told(queue.drainer) == ["item:1", "items"]
    assert queue.pending() == []


def test_a_drain_inside_the_writing_transaction_takes_effect_with_the_write(queue: Sessions) -> None:
    queue.monitor.run(ENQUEUE, "item:1")
    queue.writer.run("BEGIN")
    queue.writer.run("UPDATE items SET value = 1 WHERE id = 1")
    assert queue.writer.value(DRAIN) == 2
    versions = queue.reader.value("SELECT cache_tag_versions(ARRAY['item:1'])")
    old = queue.reader.value("SELECT value FROM items WHERE id = 1")
    assert queue.reader.value("SELECT cache_put('k', to_jsonb(%s), ARRAY['item:1'], %s)", old, versions)
    assert queue.reader.value("SELECT cache_get('k')") == 0
    queue.writer.run("COMMIT")
    assert queue.reader.value("SELECT cache_get('k')") is None
    assert queue.pending() == []


def test_a_drain_that_is_rolled_back_with_its_transaction_is_done_again(queue: Sessions) -> None:
    queue.monitor.run(ENQUEUE, "hot")
    queue.writer.run("BEGIN")
    assert queue.writer.value(DRAIN) == 1
    queue.writer.run("ROLLBACK")
    assert by_sql(queue) == ["hot"]


def test_of_two_drains_at_once_one_returns_at_once(queue: Sessions) -> None:
    queue.monitor.run(ENQUEUE, "hot")
    queue.first.run("BEGIN")
    assert queue.first.value(DRAIN) == 1
    queue.monitor.run(ENQUEUE, "hot")
    assert queue.second.value(DRAIN) == 0
    queue.first.run("COMMIT")
    assert queue.second.value(DRAIN) == 1


def test_two_claims_at_once_share_the_rows(queue: Sessions) -> None:
    for tag in ("a", "b", "c"):
        queue.monitor.run(ENQUEUE, tag)
    queue.first.run("BEGIN")
    first = claimed(queue.first, batch=2)
    second = claimed(queue.second)
    queue.first.run("COMMIT")
    assert [set(first), set(second)] == [{"a", "b"}, {"c"}]


@pytest.mark.parametrize("statement", [DRAIN, "SELECT claim_cache_invalidations()"])
@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_drainers_refuse_a_snapshot_that_stands_still(queue: Sessions, statement: str, isolation: str) -> None:
    queue.drainer.run(f"BEGIN ISOLATION LEVEL {isolation}")
    with pytest.raises(psycopg.errors.ActiveSqlTransaction):
        queue.drainer.run(statement)


def test_a_transaction_with_thousands_of_tags_takes_a_bounded_number_of_locks(queue: Sessions) -> None:
    queue.monitor.run(f"INSERT INTO {QUEUE} (tag) SELECT 'item:' || i FROM generate_series(1, 3000) AS i")
    most = queue.monitor.value("SELECT current_setting('max_locks_per_transaction')::int / 2")
    queue.writer.run("BEGIN")
    queue.writer.run("INSERT INTO writes SELECT 1, 1")
    for first in range(0, 3000, 50):
        queue.writer.run("INSERT INTO items SELECT i, 0 FROM generate_series(%s::int, %s) AS i", first + 10, first + 59)
    held = queue.monitor.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s", NAMESPACE)
    assert most / 2 < held <= most
    queue.writer.run("INSERT INTO items SELECT -i, 0 FROM generate_series(1, 1000) AS i")
    queue.writer.run("COMMIT")
    assert set(queue.tags()) >= {f"item:{number}" for number in range(1, 3001)}
