"""The cache inside the database: nothing stale is filled in, and nobody waits."""

from __future__ import annotations

import random
import string

import psycopg
import pytest

from queue_support import DRAIN, ENQUEUE, PATIENCE, Sessions, replaced

VERSIONS = "SELECT cache_tag_versions(%s::text[])"
PUT = "SELECT cache_put(%s, to_jsonb(%s::int), %s::text[], %s::bigint[])"
GET = "SELECT cache_get(%s)"
TAGS = ["item:1"]


def test_what_is_put_is_got_until_its_tag_is_invalidated(queue: Sessions) -> None:
    versions = queue.reader.value(VERSIONS, TAGS)
    assert queue.reader.value(PUT, "k", 0, TAGS, versions)
    assert queue.other.value(GET, "k") == 0
    queue.writer.run("UPDATE items SET value = 1 WHERE id = 2")
    queue.drainer.run(DRAIN)
    assert queue.other.value(GET, "k") == 0
    queue.writer.run("UPDATE items SET value = 1 WHERE id = 1")
    queue.drainer.run(DRAIN)
    assert queue.other.value(GET, "k") is None


def stale_fill(queue: Sessions, isolation: str, *, drained_before_the_put: bool) -> object:
    """A reader reads, a write is invalidated, the reader puts what it read; what others then get."""
    queue.reader.run(f"BEGIN ISOLATION LEVEL {isolation}")
    versions = queue.reader.value(VERSIONS, TAGS)
    old = queue.reader.value("SELECT value FROM items WHERE id = 1")
    queue.writer.run("UPDATE items SET value = 1 WHERE id = 1")
    if drained_before_the_put:
        queue.drainer.run(DRAIN)
    queue.reader.run(PUT, "k", old, TAGS, versions)
    queue.reader.run("COMMIT")
    queue.drainer.run(DRAIN)
    return queue.other.value(GET, "k")


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("drained", [True, False], ids=["late", "early"])
def test_a_value_that_was_read_before_a_write_is_not_got_after_its_invalidation(
    queue: Sessions, isolation: str, drained: bool
) -> None:
    assert stale_fill(queue, isolation, drained_before_the_put=drained) is None


def test_without_versions_the_old_value_would_be_got(queue: Sessions) -> None:
    careless = {"  IF versions IS": "  versions := public.cache_tag_versions(tags);\n  IF versions IS"}
    with replaced(queue.database, "public.cache_put", careless):
        assert stale_fill(queue, "READ COMMITTED", drained_before_the_put=True) == 0


def test_an_invalidation_between_the_check_and_the_insert_makes_the_entry_invalid(queue: Sessions) -> None:
    check = "NOT pg_try_advisory_xact_lock(1885827952 + 1, hashtext(cache_put.key))"
    pause = {check: f"{check} OR pg_advisory_xact_lock_shared(1, 1) IS NULL"}
    versions = queue.reader.value(VERSIONS, TAGS)
    queue.gate.run("SELECT pg_advisory_lock(1, 1)")
    with replaced(queue.database, "public.cache_put", pause):
        putting = queue.reader.start(PUT, "k", 0, TAGS, versions)
        queue.wait_until_blocked(queue.reader)
        queue.writer.run("UPDATE items SET value = 1 WHERE id = 1")
        queue.drainer.run(DRAIN)
        queue.gate.run("SELECT pg_advisory_unlock(1, 1)")
        assert putting.result(PATIENCE) == [(True,)], "stored, since nothing was seen to be wrong"
    assert queue.other.value(GET, "k") is None
    assert queue.monitor.value("SELECT count(*) FROM cache_entries") == 1
    queue.monitor.run("SELECT cleanup_cache_invalidation_queue()")
    assert queue.monitor.value("SELECT count(*) FROM cache_entries") == 0


@pytest.mark.parametrize("tag", ["*", "a:*", "a:b:*", "a:b:c"])
def test_a_wildcard_invalidates_what_is_below_it(queue: Sessions, tag: str) -> None:
    tags = ["x", "a:b:c"]
    versions = queue.reader.value(VERSIONS, tags)
    queue.reader.run(PUT, "k", 1, tags, versions)
    queue.reader.run(PUT, "beside", 1, ["b", "ab:c"], queue.reader.value(VERSIONS, ["b", "ab:c"]))
    queue.writer.run(ENQUEUE, tag)
    queue.drainer.run(DRAIN)
    assert queue.reader.value(GET, "k") is None
    assert not queue.reader.value(PUT, "k", 1, tags, versions), "nor is what was read before"
    assert queue.reader.value(GET, "beside") == (None if tag == "*" else 1)


def test_the_versions_of_a_tag_grow_with_each_invalidation_that_covers_it(queue: Sessions) -> None:
    seen = [queue.reader.value(VERSIONS, ["a:b"])]
    for tag in ("a:b", "*", "a:*", "a:b", "*"):
        queue.writer.run(ENQUEUE, tag)
        queue.drainer.run(DRAIN)
        seen.append(queue.reader.value(VERSIONS, ["a:b"]))
    assert seen == [[number] for number in range(6)]


def test_truncate_invalidates_every_item(queue: Sessions) -> None:
    queue.reader.run(PUT, "k", 0, TAGS, queue.reader.value(VERSIONS, TAGS))
    queue.writer.run("TRUNCATE items")
    queue.drainer.run(DRAIN)
    assert queue.reader.value(GET, "k") is None


def test_a_put_does_not_wait_for_another_put_of_the_key(queue: Sessions) -> None:
    for value in (1, 2):  # the first time there is no row yet, the second time there is
        queue.first.run("BEGIN")
        assert queue.first.value(PUT, "k", value, TAGS, [0])
        assert not queue.second.value(PUT, "k", 9, TAGS, [0])
        assert queue.second.value(PUT, "other", 9, TAGS, [0])
        queue.first.run("COMMIT")
        assert queue.second.value(GET, "k") == value


def test_a_put_does_not_wait_for_a_drainer_that_deletes_the_entry(queue: Sessions) -> None:
    queue.reader.run(PUT, "k", 0, TAGS, [0])
    queue.writer.run(ENQUEUE, "item:1")
    queue.drainer.run("BEGIN")
    queue.drainer.run(DRAIN)
    assert not queue.reader.value(PUT, "k", 1, TAGS, [0])
    queue.drainer.run("COMMIT")
    assert queue.reader.value(GET, "k") is None
    assert queue.reader.value(PUT, "k", 1, TAGS, [1])
    assert queue.reader.value(GET, "k") == 1


def test_a_drainer_does_not_wait_for_a_put_of_an_entry_with_the_tag(queue: Sessions) -> None:
    queue.reader.run(PUT, "k", 0, TAGS, [0])
    queue.reader.run("BEGIN")
    assert queue.reader.value(PUT, "k", 1, TAGS, [0])
    queue.writer.run(ENQUEUE, "item:1")
    assert queue.drainer.value(DRAIN) == 1
    queue.monitor.run("SELECT cleanup_cache_invalidation_queue()")
    queue.reader.run("COMMIT")
    assert queue.reader.value(GET, "k") is None


def test_versions_must_fit_the_tags(queue: Sessions) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        queue.reader.run(PUT, "k", 1, TAGS, [0, 0])


def test_an_entry_may_have_a_tag_that_no_index_could_hold(queue: Sessions) -> None:
    letters = random.Random(1).choices(string.ascii_letters + string.digits, k=10_000)
    tags = ["a:" + "".join(letters)]
    assert queue.reader.value(PUT, "k", 1, tags, queue.reader.value(VERSIONS, tags))
    queue.writer.run(ENQUEUE, tags[0])
    queue.drainer.run(DRAIN)
    assert queue.reader.value(GET, "k") is None
    assert queue.monitor.value("SELECT count(*) FROM cache_entries") == 0


def test_a_drain_does_not_read_the_whole_cache(queue: Sessions) -> None:
    reads = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'cache_entries'"
    queue.drainer.run(DRAIN)  # plans are made while the tables are small
    queue.monitor.run(
        "INSERT INTO cache_entries (key, value, invalidation_tags, tag_versions)"
        " SELECT 'k' || i, '1', ARRAY['item:' || i], '{0}' FROM generate_series(1, 5000) AS i"
    )
    queue.monitor.run("SELECT pg_stat_force_next_flush()")
    before = queue.monitor.value(reads)
    for number in range(5):
        queue.writer.run(ENQUEUE, f"item:{number + 1}")
        queue.drainer.run(DRAIN)
    queue.drainer.run("SELECT pg_stat_force_next_flush()")
    assert queue.monitor.value(reads) - before <= 5, "one row, to see that there is any"
    assert queue.monitor.value("SELECT count(*) FROM cache_entries") == 4995
