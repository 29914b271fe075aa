"""The switches of the cache and of the queue: what readers and writers see, and that nothing is stale when they are
reset, whatever was in flight."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from queue_support import DRAIN, ENQUEUE, PATIENCE, Sessions, replaced

ISOLATION = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
VERSIONS = "SELECT cache_tag_versions(%s::text[])"
PUT = "SELECT cache_put(%s, to_jsonb(%s::int), %s::text[], %s::bigint[])"
GET = "SELECT cache_get(%s)"
TAGS = ["item:1"]
THROW = "SELECT throw_switch(%s, 'a test')"
RESET = "SELECT reset_switch(%s, 'a test', 0)"
READ = "SELECT value FROM items WHERE id = 1"
WRITE = "UPDATE items SET value = value + 1 WHERE id = 1"
CLEAN = (
    "SET session_replication_role = replica; DELETE FROM pgspec.switch_log; DELETE FROM pgspec.thrown_switches;"
    " RESET session_replication_role"
)
NOBODY = {"AND l.granted": "AND NOT l.granted"}
"""A variant of `skipping` that finds nobody."""
WITHOUT_LOCK = {"pg_try_advisory_xact_lock_shared(1885827952, -3)": "true"}
WITHOUT_XMAX = {" AND s.xmax = 0": ""}


@pytest.fixture
def switches(queue: Sessions) -> Iterator[Sessions]:
    """The queue, with no switch thrown."""
    queue.monitor.run(CLEAN)
    try:
        yield queue
    finally:
        for (gid,) in queue.monitor.run("SELECT quote_literal(gid) FROM pg_prepared_xacts"):
            queue.monitor.run(f"ROLLBACK PREPARED {gid}")
        queue.monitor.run(CLEAN)


def fill(queue: Sessions, key: str = "k") -> bool:
    """Read a value, as readers do, and put it."""
    versions = queue.filler.value(VERSIONS, TAGS)
    value = queue.filler.value(READ)
    return bool(queue.filler.value(PUT, key, value, TAGS, versions))


def thrown(queue: Sessions) -> list[str]:
    return [name for (name,) in queue.monitor.run("SELECT name FROM pgspec_switches WHERE thrown ORDER BY name")]


def test_while_the_cache_is_off_nothing_is_found_and_nothing_is_stored(switches: Sessions) -> None:
    assert fill(switches) and switches.reader.value(GET, "k") == 0
    switches.operator.run(THROW, "cache")
    assert switches.reader.value(GET, "k") is None
    assert not fill(switches) and not fill(switches, "another")
    switches.writer.run(WRITE)
    assert "item:1" in switches.pending(), "writers go on enqueueing"
    switches.drainer.run(DRAIN)
    switches.operator.run(RESET, "cache")
    assert switches.reader.value(GET, "k") is None, "it was invalidated in the meantime"
    assert fill(switches) and switches.reader.value(GET, "k") == 1


@pytest.mark.parametrize(
    ("function", "replacements"),
    [
        ("public.cache_get", {"NOT EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = 'cache')": "true"}),
        ("public.cache_put", {"EXISTS (SELECT FROM pgspec.thrown_switches AS s WHERE s.name = 'cache')": "false"}),
    ],
)
def test_a_cache_that_does_not_ask_is_noticed(switches: Sessions, function: str, replacements: dict[str, str]) -> None:
    fill(switches)
    switches.operator.run(THROW, "cache")
    with replaced(switches.database, function, replacements):
        assert (switches.reader.value(GET, "k") is not None) or fill(switches, "another")


def test_a_reader_that_runs_long_sees_the_cache_off_in_its_next_statement(switches: Sessions) -> None:
    fill(switches)
    switches.reader.run("BEGIN")
    assert switches.reader.value(GET, "k") == 0
    switches.operator.run(THROW, "cache")
    assert switches.reader.value(GET, "k") is None
    switches.reader.run("COMMIT")


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_what_an_old_snapshot_puts_is_not_served_when_the_cache_is_on_again(switches: Sessions, isolation: str) -> None:
    switches.reader.run(f"BEGIN ISOLATION LEVEL {isolation}")
    versions, value = switches.reader.value(VERSIONS, TAGS), switches.reader.value(READ)
    switches.operator.run(THROW, "enqueue")
    switches.writer.run(WRITE)
    switches.operator.run(RESET, "enqueue")
    switches.operator.run(RESET, "cache")
    switches.reader.run(PUT, "k", value, TAGS, versions)  # to its snapshot the cache was never off
    switches.reader.run("COMMIT")
    assert switches.other.value(GET, "k") is None


def test_while_enqueueing_is_off_writers_do_not_touch_the_queue(switches: Sessions) -> None:
    fill(switches)
    switches.operator.run(THROW, "enqueue")
    assert thrown(switches) == ["cache", "enqueue"]
    assert switches.reader.value(GET, "k") is None and not fill(switches)
    # Nothing can be read from the queue, nor written to it, and the writer does not notice.
    switches.gate.run("BEGIN")
    switches.gate.run("LOCK TABLE cache_invalidation_queue IN ACCESS EXCLUSIVE MODE")
    switches.writer.run(WRITE)
    switches.writer.run(ENQUEUE, "by hand")
    switches.gate.run("ROLLBACK")
    assert switches.pending() == []
    switches.operator.run(RESET, "enqueue")
    assert thrown(switches) == ["cache"], "it has not made good yet for what was skipped"
    switches.writer.run(WRITE)
    assert sorted(switches.pending()) == ["item:1", "items"]
    switches.operator.run(RESET, "cache")
    assert thrown(switches) == []
    assert "*" in switches.pending(), "caches elsewhere are told to forget everything"
    assert switches.reader.value(GET, "k") is None


def in_flight(queue: Sessions, isolation: str) -> object:
    """What readers get for item 1 after a write that was skipped ends late; the switches are reset as soon as they can
    be.  The caller says what must hold of the reset in between."""
    fill(queue)
    queue.operator.run(THROW, "enqueue")
    queue.writer.run(f"BEGIN ISOLATION LEVEL {isolation}")
    queue.writer.run(WRITE)
    queue.operator.run(RESET, "enqueue")
    refused = queue.operator.start(RESET, "cache").exception(PATIENCE)
    if refused is not None:
        assert isinstance(refused, psycopg.errors.ObjectInUse)
        assert refused.diag.message_detail == f"pid {queue.writer.pid}"
        assert thrown(queue) == ["cache"]
        assert queue.reader.value(GET, "k") is None
    queue.drainer.run(DRAIN)
    fill(queue)
    queue.writer.run("COMMIT")
    if refused is not None:
        queue.operator.run(RESET, "cache")
    queue.drainer.run(DRAIN)
    return queue.reader.value(GET, "k")


@pytest.mark.parametrize("isolation", ISOLATION)
def test_the_cache_stays_off_until_the_writers_that_skipped_have_ended(switches: Sessions, isolation: str) -> None:
    assert in_flight(switches, isolation) is None
    assert fill(switches) and switches.reader.value(GET, "k") == 1


def test_without_waiting_for_them_an_old_value_would_be_served(switches: Sessions) -> None:
    with replaced(switches.database, "pgspec.skipping", NOBODY):
        assert in_flight(switches, "READ COMMITTED") == 0


def test_without_the_lock_of_the_writers_an_old_value_would_be_served(switches: Sessions) -> None:
    with replaced(switches.database, "pgspec.enqueue_tags", WITHOUT_LOCK):
        assert in_flight(switches, "READ COMMITTED") == 0


def test_the_cache_waits_for_a_writer_that_ends_in_time(switches: Sessions) -> None:
    switches.operator.run(THROW, "enqueue")
    switches.writer.run("BEGIN")
    switches.writer.run(WRITE)
    switches.operator.run(RESET, "enqueue")
    waiting = switches.operator.start("SELECT reset_switch('cache', 'a test', 30)")
    assert not waiting.done()
    switches.writer.run("COMMIT")
    waiting.result(30)
    assert thrown(switches) == [] and switches.reader.value(GET, "k") is None


def test_a_prepared_transaction_counts_as_in_flight(switches: Sessions) -> None:
    switches.operator.run(THROW, "enqueue")
    switches.writer.run("BEGIN")
    switches.writer.run(WRITE)
    switches.writer.run("PREPARE TRANSACTION 'it''s late'")
    switches.operator.run(RESET, "enqueue")
    with pytest.raises(psycopg.errors.ObjectInUse) as refused:
        switches.operator.run(RESET, "cache")
    assert refused.value.diag.message_detail == "prepared transaction 'it''s late'"
    switches.writer.run("COMMIT PREPARED 'it''s late'")
    switches.operator.run(RESET, "cache")
    assert thrown(switches) == []


def test_who_enqueued_by_hand_before_writing_counts_too(switches: Sessions) -> None:
    """It has no transaction id yet, and between its statements no snapshot."""
    switches.operator.run(THROW, "enqueue")
    switches.writer.run("BEGIN")
    switches.writer.run(ENQUEUE, "item:1")
    assert switches.monitor.value(
        "SELECT backend_xid IS NULL FROM pg_stat_activity WHERE pid = %s", switches.writer.pid
    )
    switches.operator.run(RESET, "enqueue")
    with pytest.raises(psycopg.errors.ObjectInUse):
        switches.operator.run(RESET, "cache")
    switches.writer.run("ROLLBACK")


def old_snapshot(queue: Sessions, isolation: str) -> object:
    """What readers get after a writer whose snapshot is from when enqueueing was off, but who wrote afterwards."""
    queue.operator.run(THROW, "enqueue")
    queue.writer.run(f"BEGIN ISOLATION LEVEL {isolation}")
    queue.writer.run("SELECT count(*) FROM writes")
    queue.operator.run(RESET, "enqueue")
    queue.operator.run(RESET, "cache")
    assert thrown(queue) == [], "who has skipped nothing holds nobody up"
    queue.drainer.run(DRAIN)
    queue.writer.run(WRITE)
    fill(queue)
    queue.writer.run("COMMIT")
    queue.drainer.run(DRAIN)
    return queue.reader.value(GET, "k")


@pytest.mark.parametrize("isolation", ISOLATION)
def test_a_writer_with_an_old_snapshot_enqueues_as_soon_as_it_must(switches: Sessions, isolation: str) -> None:
    assert old_snapshot(switches, isolation) is None


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_writer_that_asked_its_snapshot_alone_would_leave_an_old_value(switches: Sessions, isolation: str) -> None:
    with replaced(switches.database, "pgspec.enqueue_tags", WITHOUT_XMAX):
        assert old_snapshot(switches, isolation) == 0


def test_the_two_are_not_reset_in_one_transaction(switches: Sessions) -> None:
    """Others see the first reset when it commits: until then they skip, after the look at who has skipped."""
    switches.operator.run(THROW, "enqueue")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="while writers enqueue nothing"):
        switches.operator.run(RESET, "cache")
    switches.operator.run("BEGIN")
    switches.operator.run(RESET, "enqueue")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="do not know yet"):
        switches.operator.run(RESET, "cache")
    switches.operator.run("ROLLBACK")
    assert thrown(switches) == ["cache", "enqueue"]


def test_a_cache_that_was_off_before_is_on_when_somebody_says_so(switches: Sessions) -> None:
    switches.operator.run("SELECT throw_switch('cache', 'wrong prices')")
    switches.operator.run(THROW, "enqueue")
    assert switches.monitor.value("SELECT why FROM pgspec_switches WHERE name = 'cache'") == "wrong prices"
    switches.operator.run(RESET, "enqueue")
    assert thrown(switches) == ["cache"]
    switches.operator.run(RESET, "cache")
    assert thrown(switches) == []


def test_throwing_enqueue_while_the_cache_comes_back_leaves_it_off(switches: Sessions) -> None:
    switches.operator.run(THROW, "enqueue")
    switches.operator.run(RESET, "enqueue")
    switches.operator.run("BEGIN")
    switches.operator.run(RESET, "cache")
    again = switches.other.start(THROW, "enqueue")
    switches.wait_until_blocked(switches.other)
    switches.operator.run("COMMIT")
    again.result(30)
    assert thrown(switches) == ["cache", "enqueue"]


def write_skew(queue: Sessions, isolation: str) -> None:
    """Two serializable writers, one of which reads what the other writes, and an operator in between."""
    queue.reader.run("BEGIN ISOLATION LEVEL SERIALIZABLE")
    queue.reader.run(READ)
    queue.reader.run("UPDATE items SET value = 7 WHERE id = 2")
    queue.writer.run("BEGIN ISOLATION LEVEL SERIALIZABLE")
    queue.writer.run(WRITE)
    queue.operator.run(f"SET default_transaction_isolation = '{isolation}'")
    queue.operator.run(THROW, "cache")
    queue.operator.run(THROW, "enqueue")
    queue.writer.run("COMMIT")
    queue.reader.run("COMMIT")


def test_throwing_a_switch_makes_no_serializable_writer_fail(switches: Sessions) -> None:
    write_skew(switches, "read committed")
    assert thrown(switches) == ["cache", "enqueue"]
    switches.operator.run("BEGIN ISOLATION LEVEL SERIALIZABLE")
    with pytest.raises(psycopg.errors.ActiveSqlTransaction):
        switches.operator.run(THROW, "cache")


def test_a_serializable_operator_would_make_one_fail(switches: Sessions) -> None:
    anyhow = {"NOT IN ('read committed', 'read uncommitted')": "= 'none'"}
    with (
        replaced(switches.database, "pgspec.may_switch", anyhow),
        pytest.raises(psycopg.errors.SerializationFailure),
    ):
        write_skew(switches, "serializable")
