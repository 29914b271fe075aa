"""Leases, failures and dead letters of the invalidation queue, rights on it, and tags that are odd."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from pgspec.runtime.cache import MAX_RETRIES
from queue_support import DRAIN, ENQUEUE, QUEUE, Sessions, acknowledge, claimed, told

ISOLATION = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
FAIL = "SELECT fail_cache_invalidations(%s, %s, %s)"


def hurry(queue: Sessions) -> None:
    """Let every lease and every wait be over."""
    queue.monitor.run(f"UPDATE {QUEUE} SET visible_at = clock_timestamp() WHERE processed_at IS NULL")


def die(queue: Sessions, tag: str) -> None:
    """Fail a tag, the only one that is due, until it is dead."""
    for _ in range(MAX_RETRIES):
        token, ids = claimed(queue.failing)[tag]
        queue.failing.run(FAIL, token, ids, "no cache")
        hurry(queue)


def test_a_lease_that_ran_out_is_claimed_again_and_its_token_is_worth_nothing(queue: Sessions) -> None:
    queue.writer.run(ENQUEUE, "hot")
    token, ids = claimed(queue.slow)["hot"]
    assert claimed(queue.drainer) == {}
    hurry(queue)
    again, same = claimed(queue.drainer)["hot"]
    assert same == ids
    assert acknowledge(queue.slow, token, ids) == 0
    assert queue.slow.value(FAIL, token, ids, "late") == 0
    assert queue.rows("claim_token::text, retry_count, last_error") == [(again, 1, "the lease ran out")]
    assert acknowledge(queue.drainer, again, ids) == 1
    assert queue.pending() == []


def test_a_late_acknowledgement_counts_while_nobody_has_claimed_again(queue: Sessions) -> None:
    queue.writer.run(ENQUEUE, "hot")
    token, ids = claimed(queue.slow)["hot"]
    hurry(queue)
    assert acknowledge(queue.slow, token, ids) == 1


def test_a_row_whose_workers_all_vanish_is_dead_in_the_end(queue: Sessions) -> None:
    queue.writer.run(ENQUEUE, "poison")
    for _ in range(MAX_RETRIES):
        assert list(claimed(queue.drainer)) == ["poison"]
        hurry(queue)
    assert claimed(queue.drainer) == {}
    assert queue.rows("dead_at IS NOT NULL, last_error") == [(True, "the lease ran out")]


def test_a_row_that_a_writer_has_joined_outlives_its_workers(queue: Sessions) -> None:
    queue.monitor.run(ENQUEUE, "hot")
    queue.long.run("BEGIN")
    queue.long.run(ENQUEUE, "hot")
    for number in range(MAX_RETRIES + 3):
        (token, ids), *_ = claimed(queue.drainer).values()
        if number % 2:
            queue.drainer.run(FAIL, token, ids, "no cache")
        hurry(queue)
    queue.long.run("COMMIT")
    assert told(queue.drainer) == ["hot"], "it is told once more after the commit, however often it failed before"
    assert queue.pending() == []


def test_failures_wait_longer_and_longer_and_then_the_row_is_dead(queue: Sessions) -> None:
    queue.writer.run(ENQUEUE, "hot")
    for number in range(MAX_RETRIES):
        token, ids = claimed(queue.drainer)["hot"]
        before = queue.monitor.value("SELECT clock_timestamp()")
        assert queue.drainer.value(FAIL, token, ids, "no cache") == (number == MAX_RETRIES - 1)
        wait = timedelta(seconds=2 ** min(number, 8))
        ((due, after),) = queue.rows("visible_at, clock_timestamp()")
        assert before + wait / 2 <= due <= after + timedelta(seconds=min(2**number, 300))
        hurry(queue)
    assert claimed(queue.drainer) == {}
    assert queue.rows("dead_at IS NOT NULL, retry_count, last_error") == [(True, MAX_RETRIES, "no cache")]
    assert queue.monitor.run("SELECT pending, dead FROM cache_invalidation_health") == [(0, 1)]


@pytest.mark.parametrize("drain", ["claim", "sql"])
def test_a_later_success_of_the_tag_heals_a_dead_row(queue: Sessions, drain: str) -> None:
    queue.writer.run(ENQUEUE, "hot")
    die(queue, "hot")
    queue.writer.run(ENQUEUE, "other")
    told(queue.drainer)
    assert queue.pending() == ["hot"]
    queue.writer.run(ENQUEUE, "hot")
    assert queue.pending() == ["hot", "hot"], "a dead row is not joined"
    if drain == "sql":
        assert queue.drainer.value(DRAIN) == 1
    else:
        assert told(queue.drainer) == ["hot"]
    assert queue.pending() == []


def test_a_success_that_began_before_the_dead_write_does_not_heal_it(queue: Sessions) -> None:
    queue.writer.run(ENQUEUE, "hot")
    token, ids = claimed(queue.slow)["hot"]  # the cache is told here
    queue.writer.run("BEGIN")
    queue.writer.run(ENQUEUE, "hot")
    queue.writer.run("COMMIT")
    late = queue.monitor.run(f"SELECT id FROM {QUEUE} WHERE closed_at IS NULL")
    for _ in range(MAX_RETRIES):
        other, numbers = claimed(queue.failing)["hot"]
        assert [(number,) for number in numbers] == late
        queue.failing.run(FAIL, other, numbers, "no cache")
        queue.monitor.run(f"UPDATE {QUEUE} SET visible_at = clock_timestamp() WHERE id = %s", *late[0])
    assert acknowledge(queue.slow, token, ids) == 1
    assert queue.tags("processed_at IS NULL AND dead_at IS NOT NULL") == ["hot"]


def test_workers_that_heal_the_same_dead_row_do_not_wait_for_each_other(queue: Sessions) -> None:
    queue.writer.run(ENQUEUE, "hot")
    die(queue, "hot")
    claims = []
    for worker in (queue.first, queue.second):
        queue.writer.run(ENQUEUE, "hot")
        claims.append((worker, *claimed(worker)["hot"]))
    for worker, token, ids in claims:
        worker.run("BEGIN")
        assert acknowledge(worker, token, ids) == 1
    for worker, *_ in claims:
        worker.run("COMMIT")
    assert queue.pending() == []


def test_dead_rows_are_retried_on_demand(queue: Sessions) -> None:
    queue.writer.run(ENQUEUE, "hot")
    die(queue, "hot")
    assert queue.monitor.value("SELECT retry_dead_cache_invalidations()") == 1
    assert told(queue.drainer) == ["hot"]
    assert queue.pending() == []
    assert queue.monitor.value("SELECT retry_dead_cache_invalidations()") == 0


def test_cleanup_forgets_what_is_done_and_nothing_else(queue: Sessions) -> None:
    queue.writer.run(ENQUEUE, "dead")
    die(queue, "dead")
    queue.writer.run(ENQUEUE, "done")
    told(queue.drainer)
    queue.writer.run(ENQUEUE, "leased")
    claimed(queue.drainer)
    queue.writer.run(ENQUEUE, "open")
    assert queue.monitor.value("SELECT cleanup_cache_invalidation_queue(interval '1 hour')") == 0
    assert queue.monitor.value("SELECT cleanup_cache_invalidation_queue(interval '-1 second')") == 1
    assert queue.tags() == ["dead", "leased", "open"]


def test_a_tag_is_data(queue: Sessions) -> None:
    strange = ["'; DROP TABLE items; --", 'a"b', "{a,b}", "\\", "schnäppchen:🐘", " ", "NULL", "%s", "*", ":", "a\nb"]
    for tag in strange * 2:
        queue.writer.run(ENQUEUE, tag)
    assert queue.tags() == strange
    assert told(queue.drainer) == sorted(strange)
    for tag in strange:
        queue.writer.run(ENQUEUE, tag)
    assert queue.drainer.value(DRAIN) == len(strange)
    assert {tag for (tag,) in queue.monitor.run("SELECT tag FROM pgspec.cache_tags")} == set(strange)


@pytest.mark.parametrize("tag", [None, ""])
def test_no_tag_is_no_error(queue: Sessions, tag: str | None) -> None:
    queue.writer.run(ENQUEUE, tag)
    queue.writer.run("SELECT enqueue_cache_invalidation(%s, 0)", tag)
    queue.writer.run("SELECT enqueue_cache_invalidation('a', NULL)")
    assert queue.tags() == ["a"]


def test_a_tag_that_is_too_long_becomes_a_wildcard(queue: Sessions) -> None:
    long = "x" * 10_000
    for isolation in ISOLATION:
        queue.writer.run(f"BEGIN ISOLATION LEVEL {isolation}")
        for tag in (f"a:b:{long}", f"a:{long}:c", long, "ü" * 251):
            queue.writer.run(ENQUEUE, tag)
        queue.writer.run("COMMIT")
    assert set(queue.tags()) == {"a:b:*", "a:*", "*"}


def test_a_writing_role_needs_no_right_on_the_queue_and_has_none(queue: Sessions) -> None:
    queue.monitor.run("GRANT SELECT, INSERT, UPDATE, DELETE ON items TO anon")
    queue.writer.run("SET ROLE anon")
    queue.writer.run("UPDATE items SET value = 1 WHERE id = 1")
    queue.writer.run("DELETE FROM items WHERE id = 2")
    assert told(queue.drainer) == ["item:1", "item:2", "items"]
    for statement in (
        f"SELECT FROM {QUEUE}",
        f"INSERT INTO {QUEUE} (tag) VALUES ('forged')",
        "SELECT pgspec.enqueue_tags(ARRAY['forged'], interval '1 minute')",
        "SELECT enqueue_cache_invalidation('forged', 1)",
        DRAIN,
        "SELECT claim_cache_invalidations()",
        "SELECT cache_get('k')",
        "SELECT FROM cache_entries",
        "SELECT FROM cache_invalidation_health",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            queue.writer.run(statement)


def test_a_service_role_runs_the_functions_and_changes_nothing_else(queue: Sessions) -> None:
    queue.writer.run("SET ROLE service_role")
    queue.writer.run(ENQUEUE, "hot")
    assert told(queue.writer) == ["hot"]
    assert queue.writer.value(f"SELECT count(*) FROM {QUEUE}") == 1
    for statement in (f"DELETE FROM {QUEUE}", f"UPDATE {QUEUE} SET tag = 'x'", "SELECT pgspec.invalidate_tags('{a}')"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            queue.writer.run(statement)
