"""Views are refreshed when they are due and something that they read was written, in order, and whatever fails."""

from __future__ import annotations

import psycopg
import pytest

from live import Database, fresh_database
from pgspec.scratch import ScratchServer
from refresh_support import CALL, TRACKED, World, refresh_server, refresh_template, replaced, world

__all__ = ["refresh_server", "refresh_template", "world"]

BY_ITEMS = ["b_totals", "a_top", "c_shelves", "e_rare"]

WRITES: dict[str, tuple[str, list[str]]] = {
    "insert": ("INSERT INTO items VALUES (3, 2, 5)", BY_ITEMS),
    "update": ("UPDATE items SET value = value + 1", BY_ITEMS),
    "delete": ("DELETE FROM items", BY_ITEMS),
    "truncate": ("TRUNCATE items", BY_ITEMS),
    "merge": (
        "MERGE INTO items i USING (VALUES (1)) AS v (id) ON i.id = v.id WHEN MATCHED THEN UPDATE SET value = 7",
        BY_ITEMS,
    ),
    "in a query": ("WITH w AS (INSERT INTO items VALUES (9, 9, 9) RETURNING id) SELECT id FROM w", BY_ITEMS),
    "through a view": ("UPDATE full_shelves SET name = 'uno' WHERE id = 1", ["c_shelves"]),
    "to a partition": ("INSERT INTO events_1 VALUES (1, 1)", ["d_events"]),
    "to the parent": ("INSERT INTO events VALUES (2, 1)", ["d_events"]),
    "to a sibling": ("INSERT INTO events_2 VALUES (3, 2)", []),
    "to no source": ("INSERT INTO control VALUES ('nothing')", []),
    "a query": ("SELECT count(*) FROM items", []),
    "another refresh": ("REFRESH MATERIALIZED VIEW g_manual", []),
}


def test_what_is_written_decides_what_is_refreshed(world: World) -> None:
    assert world.tick() == []
    for what, (statement, refreshed) in WRITES.items():
        world.writer.run(statement)
        assert world.tick() == refreshed, what
        assert world.tick() == [], what
    assert world.monitor.run("SELECT source FROM pgspec.mv_source_writes") == []


def test_copy_and_cascades_are_writes(world: World) -> None:
    with world.database.connect() as connection:
        with connection.cursor().copy("COPY items FROM STDIN") as copy:
            copy.write("7\t1\t1\n")
        assert world.tick() == BY_ITEMS
        connection.execute("ALTER TABLE items ADD FOREIGN KEY (shelf) REFERENCES shelves ON DELETE CASCADE")
        assert world.tick() == []
        connection.execute("DELETE FROM shelves WHERE id = 1")
        assert world.tick() == BY_ITEMS
        assert world.monitor.run("SELECT * FROM b_totals") == []


def test_each_attempt_is_logged(world: World) -> None:
    world.writer.run("INSERT INTO items VALUES (3, 2, 5)")
    world.tick()
    rows = world.log("view_name, mode, status, rows, error, finished_at >= started_at")
    assert rows == [
        ("public.b_totals", "concurrent", "ok", 2, None, True),
        ("public.a_top", "concurrent", "ok", 1, None, True),
        ("public.c_shelves", "concurrent", "ok", 2, None, True),
        ("public.e_rare", "concurrent", "ok", 3, None, True),
        ("public.f_clock", "concurrent", "ok", 2, None, True),
    ]
    # each in a transaction of its own
    assert len(set(world.log("xmin::text"))) == len(rows)


def test_a_view_is_due_once_its_time_has_passed(world: World) -> None:
    world.monitor.run("UPDATE pgspec.mv_refresh_state SET last_success = clock_timestamp() - interval '58 minutes'")
    world.writer.run("UPDATE items SET value = 3")
    assert world.state("e_rare", "due, changed") == (False, True)
    assert world.state("b_totals", "due, changed") == (True, True)
    assert world.state("g_manual", "due, changed") == (False, None)
    assert world.state("f_clock", "due, changed") == (True, None)
    world.forget_log()
    world.scheduler.run(CALL)
    assert "public.e_rare" not in [name for (name,) in world.log("view_name")]
    # cron is never exact: what will be due within half a minute is
    world.monitor.run(
        "UPDATE pgspec.mv_refresh_state SET last_success = clock_timestamp() - interval '59 minutes 31 seconds'"
    )
    assert world.state("e_rare", "due, changed") == (True, True)


def test_how_stale_a_view_is(world: World) -> None:
    assert world.state("e_rare", "staleness, max_staleness")[0].total_seconds() == 0
    world.writer.run("UPDATE items SET value = 3")
    for _ in range(2):  # noted, then handed on
        world.monitor.run("UPDATE pgspec.mv_source_writes SET noted_at = noted_at - interval '1 hour'")
        assert 3600 <= world.state("e_rare", "staleness")[0].total_seconds() < 3700
        world.forget_log()
        world.scheduler.run(CALL)
        assert "public.e_rare" not in [name for (name,) in world.log("view_name")]
    assert "e_rare" in world.tick()
    assert world.state("e_rare", "staleness")[0].total_seconds() == 0


def test_a_scheduler_that_never_ran_is_seen_by_the_age_of_its_views(world: World) -> None:
    world.monitor.run("TRUNCATE pgspec.mv_refresh_state")
    assert world.state("e_rare", "due, changed, last_success, staleness::text") == (True, True, None, "00:00:00")
    assert world.state("f_clock", "due, changed, last_success, staleness::text") == (True, None, None, None)
    world.writer.run("UPDATE items SET value = 3")
    world.monitor.run("UPDATE pgspec.mv_source_writes SET noted_at = noted_at - interval '1 hour'")
    for view in ("e_rare", "f_clock"):
        assert 3600 <= world.state(view, "staleness")[0].total_seconds() < 3700
    assert world.state("d_events", "staleness::text") == ("00:00:00",)


def test_a_view_that_fails_is_tried_again_later_and_the_others_go_on(world: World) -> None:
    world.told("fail")
    world.writer.run("INSERT INTO items VALUES (3, 2, 5)")
    pauses = []
    for failures in range(1, 9):
        world.tick()
        assert ("public.e_rare", "failed", "division_by_zero (22012)") in world.log("view_name, status, error")
        assert ("public.f_clock", "ok", None) in world.log("view_name, status, error")
        assert world.state("e_rare", "failures, last_error") == (failures, "division_by_zero (22012)")
        pauses.append(round(world.state("e_rare", "extract(epoch FROM retry_at - clock_timestamp())")[0] / 60))
        world.monitor.run("UPDATE pgspec.mv_refresh_state SET last_success = last_success - interval '1 day'")
        world.forget_log()
        world.scheduler.run(CALL)
        assert "public.e_rare" not in [name for (name,) in world.log("view_name")]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    world.monitor.run("TRUNCATE control")
    assert world.tick() == ["e_rare"]
    assert world.state("e_rare", "failures, retry_at, last_error, changed") == (0, None, None, False)


def test_a_view_that_is_not_populated_is_filled_plainly(world: World) -> None:
    world.monitor.run("REFRESH MATERIALIZED VIEW b_totals WITH NO DATA")
    assert world.monitor.value("SELECT refresh_materialized_view('b_totals')") == "ok"
    world.monitor.run("INSERT INTO items VALUES (3, 2, 5)")
    assert world.monitor.value("SELECT refresh_materialized_view('b_totals')") == "ok"
    rows = world.log("view_name, mode, status, rows")[-2:]
    assert rows == [("public.b_totals", "plain", "ok", 1), ("public.b_totals", "concurrent", "ok", 2)]


def test_one_view_is_refreshed_on_demand(world: World) -> None:
    one = world.one
    world.forget_log()
    assert one.value("SELECT refresh_materialized_view('public.g_manual')") == "ok"
    assert world.log() == [("public.g_manual", "ok")]
    world.told("fail")
    heard: list[str] = []
    one.connection.add_notice_handler(lambda diagnostic: heard.append(diagnostic.message_primary or ""))
    assert one.value("SELECT refresh_materialized_view('e_rare')") == "failed"
    assert heard == ["public.e_rare was not refreshed: division_by_zero (22012)"]
    assert world.log()[1:] == [("public.e_rare", "failed")]
    with pytest.raises(
        psycopg.errors.InvalidParameterValue, match="materialized view 'nothing' is not known"
    ) as caught:
        one.run("SELECT refresh_materialized_view('nothing')")
    assert "public.b_totals, public.a_top" in str(caught.value.diag.message_hint)


def test_a_view_whose_writes_nobody_notes_is_not_taken_for_unchanged(world: World) -> None:
    """A trigger that is gone or disabled, a view that is another one, a snapshot of another server."""
    run = world.monitor.run
    run("ALTER TABLE shelves DISABLE TRIGGER pgspec_refresh")
    run("INSERT INTO shelves VALUES (3, 'three')")
    assert world.tick() == ["c_shelves"]
    assert world.tick() == ["c_shelves"]  # who knows
    run("ALTER TABLE shelves ENABLE TRIGGER pgspec_refresh")
    assert world.tick() == ["c_shelves"]
    assert world.tick() == []
    run("DROP TRIGGER pgspec_refresh ON shelves")
    assert world.tick() == ["c_shelves"]
    run(
        "CREATE TRIGGER pgspec_refresh AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON shelves"
        " FOR EACH STATEMENT EXECUTE FUNCTION pgspec.note_write()"
    )
    assert world.tick() == ["c_shelves"]
    assert world.tick() == []
    run("ALTER TABLE shelves RENAME TO racks")
    assert world.tick() == ["c_shelves"]
    run("INSERT INTO racks VALUES (4, 'four')")
    run("INSERT INTO events_1 VALUES (1, 1)")
    assert world.tick() == ["c_shelves", "d_events"]
    assert world.tick() == ["c_shelves"]
    assert world.monitor.run("SELECT source FROM pgspec.mv_source_writes") == []
    run("ALTER TABLE racks RENAME TO shelves")
    assert world.tick() == ["c_shelves"]
    assert world.tick() == []
    run("DROP MATERIALIZED VIEW a_top")
    run("CREATE MATERIALIZED VIEW a_top AS SELECT id, total FROM b_totals WHERE total > 0")
    run("CREATE UNIQUE INDEX ON a_top (id)")
    assert world.tick() == ["a_top"]
    run("UPDATE pgspec.mv_refresh_state SET seen = '9000000000:9000000000:' WHERE view_name = 'public.d_events'")
    assert world.tick() == ["d_events"]
    assert world.tick() == []


def test_a_view_that_no_spec_has_any_more_is_forgotten(world: World) -> None:
    world.told("fail")
    world.writer.run("INSERT INTO items VALUES (3, 2, 5)")
    world.all_due()
    assert world.monitor.run("SELECT place FROM begin_mv_refresh(4)") == [(5,)]
    with replaced(world.database, "pgspec.refreshed_views", {"('public.e_rare'": "('public.e_other'"}):
        world.all_due()
        world.scheduler.run(CALL)
        names = "SELECT view_name FROM pgspec.mv_refresh_state WHERE view_name LIKE '%.e_%'"
        assert world.monitor.run(names) == [("public.e_other",)]
        # as of a view that somebody has dropped
        assert 'relation "public.e_other" does not exist (42P01)' in [error for (error,) in world.log("error")]
    gone = "interrupted: no spec has the view any more"
    assert ("public.e_rare", "failed", gone) in world.log("view_name, status, error")
    assert world.tick()[-1] == "e_rare"


def test_old_attempts_are_forgotten(world: World) -> None:
    world.told("fail")
    world.all_due()
    world.scheduler.run(CALL)
    run, number = world.monitor.run, len(world.log())
    run("UPDATE mv_refresh_log SET finished_at = finished_at - interval '40 days' WHERE id > 2")
    run("UPDATE mv_refresh_log SET finished_at = NULL, status = 'running' WHERE id = 3")
    assert run("SELECT cleanup_mv_refresh_log(max_rows => 1), cleanup_mv_refresh_log()") == [(1, number - 4)]
    assert [i for (i,) in world.log("id")] == [1, 2, 3]


def test_a_call_inside_a_transaction_is_refused(world: World) -> None:
    world.writer.run("UPDATE items SET value = 3")
    world.all_due()
    with world.database.connect() as connection, connection.transaction():
        with pytest.raises(psycopg.errors.InvalidTransactionTermination), connection.transaction():
            connection.execute(CALL)
        connection.execute("SET LOCAL default_transaction_isolation = 'serializable'")
    with world.database.connect() as connection:
        connection.execute("SET default_transaction_isolation = 'repeatable read'")
        for statement in (CALL, "SELECT refresh_materialized_view('a_top')"):
            with pytest.raises(psycopg.errors.ActiveSqlTransaction, match="READ COMMITTED"):
                connection.execute(statement)
    assert world.tick() == BY_ITEMS


SERVICE = (CALL, "SELECT refresh_materialized_view('a_top')", "SELECT cancel_overdue_refreshes()",
           "SELECT cleanup_mv_refresh_log()", "SELECT * FROM mv_refresh_log", "SELECT * FROM mv_refresh_health",
           "SELECT * FROM begin_mv_refresh(0)", "SELECT run_mv_refresh(1)")  # fmt: skip
INTERNAL = ("SELECT * FROM pgspec.mv_refresh_state", "SELECT * FROM pgspec.mv_source_writes",
            "SELECT pgspec.settle_mv_sources()", "SELECT * FROM pgspec.refreshed_views()",
            "INSERT INTO mv_refresh_log (view_name, mode) VALUES ('x', 'plain')")  # fmt: skip


def test_service_roles_refresh_and_nobody_else(world: World) -> None:
    world.writer.run("UPDATE items SET value = 3")
    world.all_due()
    with world.database.connect() as connection:
        connection.execute("SET SESSION AUTHORIZATION service_role")
        for statement in SERVICE:
            connection.execute(statement)
        for statement in INTERNAL:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        connection.execute("SET SESSION AUTHORIZATION anon")
        for statement in SERVICE + INTERNAL:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
    assert world.tick() == []


def test_a_writer_needs_no_right_and_cannot_hide_a_write(world: World) -> None:
    world.monitor.run("GRANT INSERT ON items TO anon")
    mark = "' ' || x || '.' || 'items'::regclass::oid || ' '"
    mark = f"SELECT set_config('pgspec.noted', string_agg({mark}, ''), false) FROM generate_series(1, 3) AS x"
    with world.database.connect() as connection:
        connection.execute("SET SESSION AUTHORIZATION anon")
        connection.execute(mark)
        connection.execute("INSERT INTO items VALUES (3, 2, 5)")
    assert world.tick() == BY_ITEMS


@pytest.mark.parametrize("inherits", [True, False])
def test_a_view_of_another_owner(world: World, inherits: bool) -> None:
    """Whoever migrates refreshes it as a member of its owner; otherwise the log says why not."""
    major = world.monitor.connection.info.server_version // 10000
    run = world.monitor.run
    for role in ("analyst", "deployer"):
        if not run("SELECT 1 FROM pg_roles WHERE rolname = %s", role):
            run(f"CREATE ROLE {role}")
    run("GRANT SELECT ON items TO analyst")
    run("ALTER MATERIALIZED VIEW b_totals OWNER TO analyst")
    run(f"ALTER ROLE deployer {'INHERIT' if inherits else 'NOINHERIT'}")
    run("REVOKE analyst FROM deployer")
    run("GRANT analyst TO deployer" + (f" WITH INHERIT {inherits}" if major >= 16 else ""))
    run("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pgspec, public TO deployer")
    run("GRANT USAGE ON SCHEMA pgspec TO deployer")
    run("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pgspec TO deployer")
    for function in ("run_mv_refresh(bigint)", "refresh_materialized_view(text)"):
        run(f"ALTER FUNCTION {function} OWNER TO deployer")
    outcome = world.one.value("SELECT refresh_materialized_view('b_totals')")
    assert outcome == ("ok" if inherits else "failed")
    if not inherits:
        assert "must be owner" in str(world.log("error")[-1][0]) or "permission denied" in str(
            world.log("error")[-1][0]
        )


def test_the_first_call_refreshes_everything_that_is_due(
    refresh_server: ScratchServer, refresh_template: Database
) -> None:
    with fresh_database(refresh_server, refresh_template.name) as database:
        made = World(database)
        names = [str(name).removeprefix("public.") for (name,) in made.log("view_name")]
        made.close()
    assert names == [*TRACKED, "f_clock"]


def test_a_lock_that_others_hold_is_not_waited_for_long(world: World) -> None:
    world.writer.run("UPDATE items SET value = 3")
    world.all_due()
    with replaced(world.database, "public.run_mv_refresh", {"lock_timeout = '3s'": "lock_timeout = '100ms'"}):
        world.holder.run("BEGIN")
        world.holder.run("REFRESH MATERIALIZED VIEW b_totals")
        world.forget_log()
        world.scheduler.run(CALL)
        world.holder.run("ROLLBACK")
    assert ("public.b_totals", "failed", "canceling statement due to lock timeout (55P03)") in world.log(
        "view_name, status, error"
    )
    assert ("public.e_rare", "ok", None) in world.log("view_name, status, error")
    assert 0 < world.state("b_totals", "extract(epoch FROM retry_at - clock_timestamp())")[0] <= 15
