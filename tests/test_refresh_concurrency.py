"""A write is not forgotten whenever it commits, two schedulers do not meet, and nothing waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import psycopg
import pytest

from refresh_support import CALL, World, refresh_server, refresh_template, replaced, world

__all__ = ["refresh_server", "refresh_template", "world"]

BY_ITEMS = ["b_totals", "a_top", "c_shelves", "e_rare"]
RARE = "SELECT array_agg(id ORDER BY id) FROM e_rare"


def refreshing(world: World) -> None:
    """A scheduler is in the middle of `e_rare`."""
    world.told("wait")
    world.writer.run("INSERT INTO items VALUES (10, 2, 1)")
    world.all_due()
    world.call = world.scheduler.start(CALL)
    world.wait_until_refreshing()


def written_before_and_committed_after(world: World) -> None:
    """A transaction that is open while the view is refreshed."""
    world.early.run("BEGIN")
    world.early.run("INSERT INTO items VALUES (11, 2, 1)")
    assert world.tick() == []
    world.early.run("COMMIT")
    assert world.tick() == BY_ITEMS
    assert world.tick() == []
    assert world.monitor.value(RARE) == [1, 2, 11]


def written_during(world: World) -> None:
    """Transactions that commit while the view is refreshed, begun before or not; another scheduler sees the notes."""
    world.early.run("BEGIN")
    world.early.run("INSERT INTO items VALUES (11, 2, 1)")
    refreshing(world)
    world.early.run("COMMIT")
    world.other.run(CALL)
    world.release()
    world.call.result()
    assert world.monitor.value(RARE) == [1, 2, 10]
    assert world.state("e_rare", "changed") == (True,)
    assert "e_rare" in world.tick()
    assert world.monitor.value(RARE) == [1, 2, 10, 11]


def written_between(world: World) -> None:
    """A transaction that commits between the two of a refresh."""
    world.writer.run("INSERT INTO items VALUES (10, 2, 1)")
    world.all_due()
    ((_, attempt),) = world.scheduler.run("SELECT * FROM begin_mv_refresh(4)")
    world.writer.run("INSERT INTO items VALUES (11, 2, 1)")
    assert world.scheduler.value("SELECT run_mv_refresh(%s)", attempt) == "ok"
    assert world.monitor.value(RARE) == [1, 2, 10, 11]
    assert world.tick() == BY_ITEMS


def failed(world: World) -> None:
    """A refresh that fails leaves the view as it was: changed."""
    world.told("fail")
    world.writer.run("INSERT INTO items VALUES (10, 2, 1)")
    world.tick()
    assert world.state("e_rare", "changed, failures") == (True, 1)
    world.monitor.run("TRUNCATE control")
    assert world.tick() == ["e_rare"]
    assert world.monitor.value(RARE) == [1, 2, 10]


def refreshed_by_an_open_transaction(world: World) -> None:
    """Who refreshes a view on demand holds its state until the transaction ends; nothing is forgotten meanwhile."""
    for end in ("COMMIT", "ROLLBACK"):
        world.holder.run("BEGIN")
        assert world.holder.value("SELECT refresh_materialized_view('e_rare')") == "ok"
        world.writer.run("INSERT INTO items SELECT max(id) + 1, 2, 1 FROM items")
        assert world.other.value("SELECT refresh_materialized_view('e_rare')") == "busy"
        assert "e_rare" not in world.tick()
        world.holder.run(end)
        assert "e_rare" in world.tick()
        assert world.monitor.value(RARE) == world.monitor.value("SELECT array_agg(id ORDER BY id) FROM items")
    assert world.tick() == []


def rolled_back_to_a_savepoint(world: World) -> None:
    """What is taken back is noted again when it is done again, also in functions with settings of their own."""
    world.monitor.run(
        "CREATE FUNCTION attempt(id int) RETURNS void LANGUAGE plpgsql SET work_mem = '1MB' AS $$ BEGIN"
        " BEGIN INSERT INTO public.items VALUES (id, 1, 1); RAISE division_by_zero;"
        " EXCEPTION WHEN division_by_zero THEN NULL; END; END $$"
    )
    run = world.writer.run
    for first, then in (
        (
            ["SAVEPOINT s", "INSERT INTO items VALUES (10, 2, 1)", "ROLLBACK TO s"],
            "INSERT INTO items VALUES (11, 2, 1)",
        ),
        (["SELECT attempt(12)"], "INSERT INTO items VALUES (12, 2, 1)"),
        (
            ["SAVEPOINT s", "SAVEPOINT t", "DELETE FROM items", "RELEASE t", "ROLLBACK TO s"],
            "DELETE FROM items WHERE id = 11",
        ),
    ):
        run("BEGIN")
        for statement in first:
            run(statement)
        run("COMMIT")
        assert world.tick() == []
        run("BEGIN")
        for statement in first:
            run(statement)
        run(then)
        run("COMMIT")
        assert world.tick() == BY_ITEMS
    run("BEGIN")
    run("INSERT INTO items VALUES (13, 2, 1)")
    run("SAVEPOINT s")
    run("INSERT INTO items VALUES (14, 2, 1)")
    run("ROLLBACK TO s")
    run("COMMIT")
    assert world.tick() == BY_ITEMS
    assert world.monitor.value(RARE) == [1, 2, 12, 13]


def written_again(world: World) -> None:
    """Each transaction of a session is noted, and each once."""
    for number in range(3):
        world.writer.run("BEGIN")
        for shelf in range(3):
            world.writer.run("INSERT INTO items VALUES (%s, %s, 1)", 10 * number + shelf + 10, shelf)
        world.writer.run("COMMIT")
        assert world.monitor.value("SELECT count(*) FROM pgspec.mv_source_writes") == 1
        assert world.tick() == BY_ITEMS


def written_while_noted(world: World) -> None:
    """A transaction that writes what another has noted already."""
    world.writer.run("INSERT INTO items VALUES (10, 2, 1)")
    world.early.run("BEGIN")
    world.early.run("INSERT INTO items VALUES (11, 2, 1)")
    assert world.tick() == BY_ITEMS
    world.early.run("COMMIT")
    assert world.tick() == BY_ITEMS
    assert world.monitor.value(RARE) == [1, 2, 10, 11]


def prepared(world: World) -> None:
    """A prepared transaction commits long after it was written, by whoever."""
    world.writer.run("BEGIN")
    world.writer.run("INSERT INTO items VALUES (11, 2, 1)")
    world.writer.run("PREPARE TRANSACTION 'refresh'")
    assert world.tick() == []
    world.other.run("COMMIT PREPARED 'refresh'")
    assert world.tick() == BY_ITEMS
    assert world.monitor.value(RARE) == [1, 2, 11]


Scenario = Callable[[World], None]
SCENARIOS: tuple[Scenario, ...] = (
    written_before_and_committed_after, written_during, written_between, failed, refreshed_by_an_open_transaction,
    rolled_back_to_a_savepoint, written_again, written_while_noted, prepared,
)  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_nothing_is_forgotten(world: World, scenario: Scenario) -> None:
    scenario(world)


MUTANTS: dict[str, tuple[str, Mapping[str, str], Scenario]] = {
    "what an attempt could see is asked when it ends": (
        "pgspec.close_mv_refresh",
        {"SET log_id = NULL, stale_since = NULL,": "SET seen = pg_current_snapshot(), changed_since = NULL,"
                                                   " log_id = NULL, stale_since = NULL,"},
        written_during,
    ),
    "an attempt that ends says that nothing has changed": (
        "pgspec.close_mv_refresh",
        {"SET log_id = NULL, stale_since = NULL,": "SET changed_since = NULL, log_id = NULL, stale_since = NULL,"},
        written_during,
    ),
    "open transactions count as seen": (
        "pgspec.settle_mv_sources",
        {"NOT pg_visible_in_snapshot(g.xid, s.seen)": "g.xid >= pg_snapshot_xmax(s.seen)"},
        written_during,
    ),
    "the time of a note is compared": (
        "pgspec.settle_mv_sources",
        {"NOT pg_visible_in_snapshot(g.xid, s.seen)": "g.noted_at > s.started_at"},
        written_during,
    ),
    "an attempt that begins says that nothing has changed": (
        "pgspec.open_mv_refresh",
        {"coalesce(s.stale_since, s.changed_since, clock_timestamp())": "NULL"},
        failed,
    ),
    "what others hold is forgotten": (
        "pgspec.settle_mv_sources",
        {"o.source <> ALL (kept)": "true"},
        refreshed_by_an_open_transaction,
    ),
    "what is noted is remembered beyond the savepoint": (
        "pgspec.note_write",
        {"concat(' ', pg_current_xact_id(), '.', TG_RELID, ' ')": "concat(' ', TG_RELID, ' ')",
         "concat(noted, mark), true": "concat(noted, mark), false"},
        written_again,
    ),
    "notes are of sessions": (
        "pgspec.note_write",
        {"strpos(noted, mark) > 0": "EXISTS (SELECT FROM pgspec.mv_source_writes AS w WHERE w.source = TG_RELID)"},
        written_while_noted,
    ),
}  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_scenarios_notice_what_is_wrong(world: World, mutant: str) -> None:
    name, replacements, scenario = MUTANTS[mutant]
    with replaced(world.database, name, replacements), pytest.raises(AssertionError):
        scenario(world)


def test_two_schedulers_do_not_meet(world: World) -> None:
    refreshing(world)
    assert ("public.e_rare", "running") in world.log()
    world.forget_log()
    world.monitor.run("UPDATE pgspec.mv_refresh_state SET last_success = last_success - interval '1 day'")
    world.writer.run("INSERT INTO items VALUES (11, 2, 1)")
    world.other.run(CALL)  # while the first waits
    names = [name for (name,) in world.log("view_name")]
    assert names == ["public.e_rare", "public.b_totals", "public.a_top", "public.c_shelves", "public.f_clock"]
    assert world.other.value("SELECT refresh_materialized_view('e_rare')") == "busy"
    assert not world.call.done()
    world.release()
    world.call.result()
    assert world.state("e_rare", "failures") == (0,)


def test_many_schedulers_refresh_each_view_once(world: World) -> None:
    schedulers = [getattr(world, f"scheduler_{number}") for number in range(4)]
    for number in range(6):
        world.writer.run("UPDATE items SET value = %s", number + 1)
        world.forget_log()
        world.all_due()
        for call in [scheduler.start(CALL) for scheduler in schedulers]:
            call.result()
        done = world.log("view_name, status")
        assert set(done) == {(f"public.{name}", "ok") for name in [*BY_ITEMS, "f_clock"]}
        assert len(done) == len(set(done)), done


def test_a_scheduler_that_dies_is_followed_by_another(world: World) -> None:
    refreshing(world)
    world.monitor.run("SELECT pg_terminate_backend(%s)", world.scheduler.pid)
    with pytest.raises(psycopg.OperationalError):
        world.call.result()
    world.release()
    world.monitor.run("TRUNCATE control")
    world.wait_for("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s)", world.scheduler.pid)
    world.monitor.run("UPDATE pgspec.mv_refresh_state SET last_success = last_success - interval '1 day'")
    world.other.run(CALL)
    assert ("public.e_rare", "running") in world.log()  # it may be between its two transactions
    assert world.state("e_rare", "changed") == (True,)
    world.monitor.run("UPDATE pgspec.mv_refresh_state SET started_at = started_at - interval '11 seconds'")
    world.other.run(CALL)
    assert ("public.e_rare", "failed", "interrupted: its session ended") in world.log("view_name, status, error")
    assert world.state("e_rare", "failures, retry_at > clock_timestamp()") == (1, True)
    assert world.tick(world.other) == ["e_rare"]
    assert world.monitor.value(RARE) == [1, 2, 10]


@pytest.mark.parametrize("who", ["a job", "the next scheduler"])
def test_a_refresh_that_takes_too_long_is_canceled(world: World, who: str) -> None:
    world.give_up_early()
    refreshing(world)
    world.wait_for("SELECT bool_and(give_up_at < clock_timestamp()) FROM mv_refresh_log WHERE status = 'running'")
    if who == "a job":
        assert world.other.value("SELECT cancel_overdue_refreshes()") == 1
    else:
        world.other.run(CALL)
    world.call.result()  # it goes on with the others
    outcome = {name: (status, error) for name, status, error in world.log("view_name, status, error")}
    assert outcome["public.e_rare"][0] == "failed"
    assert str(outcome["public.e_rare"][1]).startswith("timeout: given up after ")
    assert outcome["public.f_clock"] == ("ok", None)
    assert world.state("e_rare", "changed, failures") == (True, 1)


def test_who_may_not_cancel_is_told(world: World) -> None:
    world.give_up_early()
    refreshing(world)
    world.wait_for("SELECT bool_and(give_up_at < clock_timestamp()) FROM mv_refresh_log WHERE status = 'running'")
    heard: list[str] = []
    world.other.connection.add_notice_handler(lambda diagnostic: heard.append(diagnostic.message_primary or ""))
    world.other.run("SET SESSION AUTHORIZATION service_role")
    assert world.other.value("SELECT cancel_overdue_refreshes()") == 0
    assert heard == ["the refresh of public.e_rare takes too long, and service_role may not cancel it"]
    world.other.run(CALL)  # which goes on with what is due
    world.release()
    world.call.result()
    assert ("public.e_rare", "ok") in world.log()


def test_who_cancels_the_statement_stops_the_scheduler(world: World) -> None:
    refreshing(world)
    world.forget_log()
    world.monitor.run("SELECT pg_cancel_backend(%s)", world.scheduler.pid)
    with pytest.raises(psycopg.errors.QueryCanceled):
        world.call.result()
    assert world.log() == [("public.e_rare", "failed")]
    assert world.state("e_rare", "changed, failures") == (True, 1)
    world.release()
    world.monitor.run("TRUNCATE control")
    assert "e_rare" in world.tick()


def test_the_callers_own_timeout_stops_the_scheduler(world: World) -> None:
    world.told("wait")
    world.writer.run("INSERT INTO items VALUES (10, 2, 1)")
    world.all_due()
    world.scheduler.run("SET statement_timeout = '700ms'")
    world.give_up_early()
    with pytest.raises(psycopg.errors.QueryCanceled):
        world.scheduler.run(CALL)
    assert world.log("view_name, status, error")[-1] == (
        "public.e_rare",
        "failed",
        "canceling statement due to statement timeout (57014)",
    )


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_writers_neither_wait_nor_fail(world: World, isolation: str) -> None:
    """Notes are added and deleted while transactions of each isolation level are open."""
    first, second = world.first, world.second
    for number in range(3):
        for session in (first, second):
            session.run(f"BEGIN ISOLATION LEVEL {isolation}")
            session.run("SELECT count(*) FROM events")
        first.run("INSERT INTO items VALUES (%s, 1, 1)", 100 + number)
        world.tick()
        second.run("INSERT INTO items VALUES (%s, 2, 1)", 200 + number)
        second.run("UPDATE shelves SET name = name || '!' WHERE id = 2")
        world.writer.run("INSERT INTO items VALUES (%s, 2, 1)", 300 + number)
        world.tick()
        second.run("COMMIT")
        world.tick()
        first.run("UPDATE items SET value = value + 1 WHERE id = %s", 100 + number)
        first.run("COMMIT")
    world.tick()
    assert world.monitor.value(RARE) == world.monitor.value("SELECT array_agg(id ORDER BY id) FROM items")
