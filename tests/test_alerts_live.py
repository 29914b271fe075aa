"""Alerts on real servers: what fires, since when, and what one that fails does to the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from alerts_support import HOSTILE, SPECS, alert, compiled, installed
from live import Database
from pgspec.installed import _INSTALLED, installed_relations
from pgspec.scratch import ScratchServer
from queue_support import changed

EVALUATE = "SELECT public.evaluate_alerts()"
LATER = """
    UPDATE pgspec.alert_state
    SET breached_since = breached_since - interval '{0}', checked_at = checked_at - interval '{0}'"""


@pytest.fixture(scope="module", name="shared")
def _shared(server: ScratchServer) -> Iterator[Database]:
    with installed(server) as database:
        yield database


@pytest.fixture
def db(shared: Database) -> Iterator[psycopg.Connection]:
    """A connection whose transaction is undone."""
    with shared.connect() as connection:
        connection.autocommit = False
        yield connection
        connection.rollback()


def slow(connection: psycopg.Connection, took: float = 400) -> None:
    connection.execute("INSERT INTO requests VALUES (1, '/search', %s, now()), (2, '/orders', 5, now())", (took,))


def test_the_worst_row_counts(db: psycopg.Connection) -> None:
    slow(db)
    found = alert(db, "slow")
    assert (found["value"], found["threshold"], found["detail"]) == (400, 300, "/search")
    assert (found["severity"], found["runbook"], found["problem"]) == ("page", "turn the cache off", None)
    db.execute("UPDATE requests SET took = 300")
    assert not alert(db, "slow")["breached"]  # at the threshold is not beyond it


def test_no_row_and_null_do_not_fire(db: psycopg.Connection) -> None:
    for name in ("slow", "few"):
        found = alert(db, name)
        assert (found["value"], found["firing"], found["since"], found["problem"]) == (None, False, None, None)
    db.execute("INSERT INTO requests VALUES (1, '/', 1, now())")
    assert alert(db, "few")["firing"]


def test_an_alert_that_waits(db: psycopg.Connection) -> None:
    """It fires when it was found beyond its threshold for as long as it waits, and begins anew after it was not."""
    slow(db)
    assert alert(db, "slow")["breached"] and not alert(db, "slow")["firing"]
    db.execute(EVALUATE)
    begun = alert(db, "slow")["since"]
    db.execute(EVALUATE)
    assert alert(db, "slow")["since"] == begun
    db.execute(LATER.format("9 minutes"))
    db.execute(EVALUATE)
    assert not alert(db, "slow")["firing"]
    db.execute(LATER.format("1 minute"))
    assert alert(db, "slow")["firing"]
    db.execute("DELETE FROM requests")
    assert not alert(db, "slow")["firing"] and alert(db, "slow")["since"] is None
    slow(db)
    assert alert(db, "slow")["firing"]  # nobody has looked in between
    db.execute("DELETE FROM requests")
    db.execute(EVALUATE)
    slow(db)
    assert alert(db, "slow")["breached"] and not alert(db, "slow")["firing"]
    assert alert(db, "slow")["since"] > begun


def test_one_that_does_not_wait_fires_at_once(db: psycopg.Connection) -> None:
    db.execute("INSERT INTO secrets VALUES (1, 'x')")
    found = alert(db, "secret")
    assert found["firing"] and found["since"] is not None
    assert db.execute(EVALUATE).fetchone()[0] > 0
    assert alert(db, "secret")["firing"]


def test_one_that_fails_takes_none_along(db: psycopg.Connection) -> None:
    slow(db)
    db.execute("DROP TABLE secrets")
    failing = {
        row[0]: row[1] for row in db.execute("SELECT name, problem FROM pgspec_alerts WHERE problem IS NOT NULL")
    }
    assert set(failing) == {"ratio", "secret"}
    assert failing["ratio"] == "division by zero (SQLSTATE 22012)" and "42P01" in failing["secret"]
    found = alert(db, "secret")
    assert (found["firing"], found["value"], found["detail"]) == (True, None, None)
    assert alert(db, "slow")["value"] == 400
    db.execute(EVALUATE)


def test_a_locked_table_holds_up_nobody(shared: Database) -> None:
    """Only the alert about it fails, and a cancelled query is not taken for an alert that fails."""
    with shared.connect() as locker, shared.connect() as reader, locker.transaction(force_rollback=True):
        locker.execute("LOCK TABLE secrets")
        reader.execute("SET statement_timeout = '10s'")
        rows = reader.execute("SELECT name, problem FROM pgspec_alerts WHERE problem LIKE '%55P03%'").fetchall()
        assert [row[0] for row in rows] == ["secret"]
        reader.execute("SET statement_timeout = '200ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            reader.execute("SELECT * FROM pgspec_alerts")


def test_nobody_evaluates(db: psycopg.Connection) -> None:
    found = alert(db, "alerts_not_evaluated")
    assert found["firing"] and found["value"] == float("inf")
    db.execute(EVALUATE)
    assert not alert(db, "alerts_not_evaluated")["firing"]
    db.execute(LATER.format("6 minutes"))
    found = alert(db, "alerts_not_evaluated")
    assert found["firing"] and 360 <= found["value"] < 420


def test_two_evaluators_do_not_wait(shared: Database) -> None:
    with shared.connect() as first, shared.connect() as second, first.transaction(force_rollback=True):
        assert first.execute(EVALUATE).fetchone()[0] is not None
        second.execute("SET statement_timeout = '5s'")
        assert second.execute(EVALUATE).fetchone() == (None,)
        assert second.execute("SELECT count(*) > 5 FROM pgspec_alerts").fetchone() == (True,)
    with shared.connect() as other, other.transaction(force_rollback=True):
        assert other.execute(EVALUATE).fetchone()[0] is not None


def test_what_is_no_alert_any_more_is_forgotten(db: psycopg.Connection) -> None:
    db.execute("INSERT INTO pgspec.alert_state VALUES ('gone', now(), now() - interval '1 minute')")
    db.execute(EVALUATE)
    left = {row[0] for row in db.execute("SELECT name FROM pgspec.alert_state")}
    assert "gone" not in left and {"slow", HOSTILE} <= left


def test_names_and_texts_are_data(db: psycopg.Connection) -> None:
    found = alert(db, HOSTILE)
    assert found["firing"] and found["value"] == -1
    assert (found["detail"], found["runbook"], found["threshold"]) == ("x\\$function$", "{{ end }} \\ $1", -0.5)


def test_service_roles_read_what_they_may_not_see(shared: Database) -> None:
    """They are told that an alert fires, and may not read what it is about; API roles may do neither."""
    with shared.connect("keeper") as keeper:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            keeper.execute("SELECT * FROM secrets")
        assert alert(keeper, "secret")["problem"] is None and alert(keeper, "secret")["value"] == 0
        keeper.execute(EVALUATE)
        for statement in ("SELECT * FROM pgspec.alert_state", "SELECT pgspec.alert_values()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                keeper.execute(statement)
    with shared.connect("anon") as anon:
        for statement in ("SELECT * FROM pgspec_alerts", EVALUATE, "SELECT pgspec.alert_values()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                anon.execute(statement)


def test_a_changed_alert_keeps_since_when() -> None:
    """Only the function changes, so the view and what is remembered stay."""
    before, after = compiled(), compiled(SPECS.replace("above: 300", "above: 200"))
    changes = {key.name for key, item in after.after.items() if before.after[key].definition != item.definition}
    assert changes == {"pgspec.alert_values()"}


def test_built_in_alerts_of_the_queue(db: psycopg.Connection) -> None:
    db.execute("INSERT INTO requests VALUES (1, '/a', 1, now())")
    db.execute("UPDATE cache_invalidation_queue SET enqueued_at = now() - interval '1 hour'")
    found = alert(db, "queue_age")
    assert found["breached"] and 3600 <= found["value"] < 3700
    db.execute("UPDATE cache_invalidation_queue SET dead_at = now(), last_error = 'the cache is down'")
    found = alert(db, "dead_letters")
    assert (found["value"], found["firing"], found["detail"]) == (1, True, "the cache is down")
    db.execute("INSERT INTO cache_invalidation_queue (tag) SELECT 't' || n FROM generate_series(1, 10001) AS n")
    found = alert(db, "queue_depth")
    assert found["breached"] and found["value"] == 10001 and found["detail"] == "10001 pending"


def test_built_in_alerts_of_refreshes(shared: Database) -> None:
    with shared.connect() as connection:
        connection.execute("CALL refresh_materialized_views()")
        assert not alert(connection, "refresh_staleness")["breached"]
        connection.autocommit = False
        connection.execute("UPDATE pgspec.mv_refresh_state SET failures = 3, last_error = 'no space'")
        found = alert(connection, "refresh_failures")
        assert found["breached"] and (found["value"], found["threshold"], found["severity"]) == (3, 2, "page")
        assert found["detail"] == "public.by_endpoint: no space"
        connection.execute("UPDATE pgspec.mv_refresh_state SET changed_since = now() - interval '90 minutes'")
        found = alert(connection, "refresh_staleness")
        assert found["breached"] and 1800 <= found["value"] < 1860 and found["detail"] == "public.by_endpoint"
        connection.rollback()


def test_built_in_alerts_of_event_logs(db: psycopg.Connection) -> None:
    assert alert(db, "partitions_missing")["breached"]  # nothing has made one yet
    db.execute("SELECT maintain_metrics()")
    assert not alert(db, "partitions_missing")["breached"] and not alert(db, "event_default_rows")["firing"]
    assert not alert(db, "label_cardinality")["firing"]
    for number in range(4):
        db.execute("SELECT record_metrics(endpoint => %s, took_ms => 1)", (f"/{number}",))
    found = alert(db, "label_cardinality")
    assert found["firing"] and (found["value"], found["detail"]) == (100, "metrics.endpoint: 3 of 3")
    db.execute("INSERT INTO metrics (created_at) VALUES (now() + interval '1 year')")
    found = alert(db, "event_default_rows")
    assert found["firing"] and (found["value"], found["detail"]) == (1, "metrics")


def test_a_thrown_switch(db: psycopg.Connection) -> None:
    assert not alert(db, "switch_thrown")["breached"]
    db.execute("INSERT INTO pgspec.thrown_switches (name, thrown_by, why) VALUES ('cache', 'ann', 'it lies')")
    found = alert(db, "switch_thrown")
    assert found["breached"] and found["detail"] == "cache by ann: it lies"


def test_what_queries_are_analysed_against_is_what_is_there(shared: Database) -> None:
    result = compiled()
    assert result.program is not None
    known = {r.name.name: r for r in installed_relations(result.program.parts, result.program.project)}
    assert len(known) == sum(len(relations) for relations in _INSTALLED.values()) > 6
    query = """
      SELECT a.attname, pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
    with shared.connect() as connection:
        for name, relation in known.items():
            there = connection.execute(query, (f"public.{name}",)).fetchall()
            assert [(c.name, c.type) for c in relation.columns.values()] == there, name


@pytest.mark.parametrize(
    ("test", "function", "old", "new"),
    [
        (test_the_worst_row_counts, "pgspec.alert_values()", "a.value DESC", "a.value ASC"),
        (test_the_worst_row_counts, "pgspec.alert_values()", "value > threshold", "value >= threshold"),
        (test_no_row_and_null_do_not_fire, "pgspec.alert_values()", "threshold, false)", "threshold, true)"),
        (test_an_alert_that_waits, "public.evaluate_alerts()", "coalesce(s.breached_since, excluded.breached_since)",
         "excluded.breached_since"),
        (test_an_alert_that_waits, "public.evaluate_alerts()", "CASE WHEN v.breached THEN moment END", "moment"),
        (test_an_alert_that_waits, "public.pgspec_alerts", "interval '0' OR ", "interval '0' OR true OR "),
        (test_one_that_fails_takes_none_along, "pgspec.alert_values()", "WHEN OTHERS", "WHEN undefined_table"),
        (test_nobody_evaluates, "pgspec.alert_values()", "'infinity'", "0"),
        (test_what_is_no_alert_any_more_is_forgotten, "public.evaluate_alerts()", "s.checked_at < moment", "false"),
    ],
    ids=lambda value: value.__name__.removeprefix("test_") if callable(value) else None,
)  # fmt: skip
def test_a_broken_variant_is_noticed(server: ScratchServer, test: object, function: str, old: str, new: str) -> None:
    assert callable(test)
    text = changed(compiled().files["generated/schema.sql"], {old: new})
    assert function in text
    variant = replace(compiled(), files={"generated/schema.sql": text})
    with installed(server, variant) as database, database.connect() as connection:
        connection.autocommit = False
        with pytest.raises((AssertionError, psycopg.Error)):
            test(connection)
        connection.rollback()


@pytest.mark.parametrize(
    ("test", "old", "new"),
    [
        (test_a_locked_table_holds_up_nobody, "SET lock_timeout = '1s'\n", "SET lock_timeout = '50s'\n"),
        (test_two_evaluators_do_not_wait, "IF NOT pg_try_advisory_xact_lock(1885823340, 0) THEN", "IF false THEN"),
        (test_service_roles_read_what_they_may_not_see, "plpgsql STABLE SECURITY DEFINER", "plpgsql STABLE"),
    ],
    ids=["lock_timeout", "try_lock", "definer"],
)  # fmt: skip
def test_a_broken_variant_is_noticed_between_sessions(server: ScratchServer, test: object, old: str, new: str) -> None:
    assert callable(test)
    text = changed(compiled().files["generated/schema.sql"], {old: new})
    variant = replace(compiled(), files={"generated/schema.sql": text})
    with installed(server, variant) as database, pytest.raises((AssertionError, psycopg.Error)):
        test(database)
