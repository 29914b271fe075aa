"""`verify_migration_success()`: green on what was just deployed, and red, by name, for each thing that goes wrong."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from drift_world import RELEASE, SCHEMA, deploy, run, shop
from live import Database, fresh_database
from pgspec.compile import Result
from pgspec.scratch import ScratchServer
from pgspec.snapshot import diff, snapshot
from shop import draft, make_roles, released

ALL = "SELECT name, ok, detail FROM verify_migration_success()"
Row = tuple[str, bool, str]


@pytest.fixture(scope="module")
def template(server: ScratchServer) -> Iterator[Database]:
    with fresh_database(server) as made:
        with made.connect() as connection:
            deploy(connection)
            connection.execute("SELECT drain_cache_invalidation_queue()")
        yield made


@pytest.fixture
def connection(template: Database) -> Iterator[psycopg.Connection]:
    """What is done in it is undone."""
    with template.connect() as connection, connection.transaction(force_rollback=True):
        yield connection


def rows(connection: psycopg.Connection) -> list[Row]:
    return connection.execute(ALL).fetchall()


def wrong(connection: psycopg.Connection) -> dict[str, str]:
    found = rows(connection)
    assert all(ok is not None for _, ok, _ in found)
    return {name: detail for name, ok, detail in found if not ok}


def test_all_is_well_and_every_object_has_its_row(connection: psycopg.Connection) -> None:
    found = rows(connection)
    assert [row for row in found if not row[1]] == []
    names = [name for name, _, _ in found]
    assert len(set(names)) == len(names)
    deployed = connection.execute(
        "SELECT replace(type, '_', ' ') || ' ' || name FROM pgspec.deployed_objects"
    ).fetchall()
    assert {name for (name,) in deployed} <= set(names) and len(deployed) > 50
    assert set(names) - {name for (name,) in deployed} == {
        "indexes are valid",
        "triggers fire",
        "nothing is open to PUBLIC",
        "refreshes of public.orders_daily",
        "refreshes of public.orders_monthly",
        "cache invalidations reach the cache",
        "cache invalidations are not given up",
        "no switch is thrown",
    }


def test_service_roles_ask_and_nobody_else(connection: psycopg.Connection) -> None:
    connection.execute("SET LOCAL ROLE service_role")
    assert wrong(connection) == {}
    connection.execute("SET LOCAL ROLE anon")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(ALL)


def test_it_only_reads(template: Database) -> None:
    with template.connect() as connection:
        connection.execute("SET default_transaction_read_only = on")
        assert wrong(connection) == {}


def test_the_settings_of_the_caller_do_not_matter(connection: psycopg.Connection) -> None:
    connection.execute("CREATE SCHEMA trap; CREATE FUNCTION trap.upper(text) RETURNS text LANGUAGE sql RETURN 'x'")
    connection.execute("CREATE FUNCTION trap.same(text, text) RETURNS boolean LANGUAGE sql RETURN false")
    connection.execute("CREATE OPERATOR trap.= (FUNCTION = trap.same, LEFTARG = text, RIGHTARG = text)")
    connection.execute("SET LOCAL search_path = trap, public, pg_catalog")
    connection.execute(
        "SET LOCAL row_security = off; SET LOCAL quote_all_identifiers = on; SET LOCAL timezone = 'Asia/Tokyo'"
    )
    connection.execute("SET LOCAL DateStyle = 'SQL, DMY'; SET LOCAL standard_conforming_strings = off")
    assert wrong(connection) == {}


# What goes wrong, the row that says so, and what it says.
BROKEN: dict[str, tuple[str, str, str]] = {
    "a view dropped": (
        "DROP MATERIALIZED VIEW orders_monthly",
        "materialized view public.orders_monthly",
        "is gone",
    ),
    "an index dropped": (
        "DROP INDEX orders_daily_key",
        "refreshes of public.orders_daily",
        "cannot run concurrently: no valid UNIQUE index on plain columns, without a condition",
    ),
    "an index invalid": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_daily_key'::regclass",
        "refreshes of public.orders_daily",
        "cannot run concurrently: no valid UNIQUE index on plain columns, without a condition",
    ),
    "an index invalid, named": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'cache_invalidation_queue_due'::regclass",
        "indexes are valid",
        "invalid: public.cache_invalidation_queue_due",
    ),
    "a partial index in its place": (
        "DROP INDEX orders_daily_key; CREATE UNIQUE INDEX ON orders_daily (placed_on) WHERE orders > 0",
        "refreshes of public.orders_daily",
        "cannot run concurrently: no valid UNIQUE index on plain columns, without a condition",
    ),
    "an index on an expression in its place": (
        "DROP INDEX orders_daily_key; CREATE UNIQUE INDEX orders_daily_key ON orders_daily ((orders + 1))",
        "index public.orders_daily_key",
        "was changed since it was deployed",
    ),
    "a view emptied": (
        "REFRESH MATERIALIZED VIEW orders_monthly WITH NO DATA",
        "refreshes of public.orders_monthly",
        "cannot be read: it was never filled",
    ),
    "a function replaced": (
        """CREATE OR REPLACE FUNCTION enqueue_cache_invalidation(tag text, window_minutes integer DEFAULT 1)
        RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN END'""",
        "function public.enqueue_cache_invalidation(text, integer)",
        "was changed since it was deployed",
    ),
    "a procedure dropped": (
        "DROP PROCEDURE run_maintenance",
        "procedure public.run_maintenance(integer)",
        "is gone",
    ),
    "a trigger disabled": (
        "ALTER TABLE orders DISABLE TRIGGER pgspec_cache_insert",
        "triggers fire",
        "disabled: pgspec_cache_insert ON public.orders",
    ),
    "a trigger on replicas only": (
        "ALTER TABLE orders ENABLE REPLICA TRIGGER pgspec_cache_update",
        "triggers fire",
        "disabled: pgspec_cache_update ON public.orders",
    ),
    "a trigger dropped": (
        "DROP TRIGGER pgspec_cache_insert ON orders",
        "trigger pgspec_cache_insert ON public.orders",
        "is gone",
    ),
    "a policy loosened": (
        "ALTER POLICY readers ON customers USING (true)",
        "policy readers ON public.customers",
        "was changed since it was deployed",
    ),
    "row security off": (
        "ALTER TABLE customers DISABLE ROW LEVEL SECURITY",
        "row security public.customers",
        "was changed since it was deployed",
    ),
    "a column more": (
        "ALTER TABLE cache_invalidation_queue ADD extra text",
        "table public.cache_invalidation_queue",
        "was changed since it was deployed",
    ),
    "a function for PUBLIC": (
        "GRANT EXECUTE ON FUNCTION pgspec.enqueue_tags TO PUBLIC",
        "nothing is open to PUBLIC",
        "open: pgspec.enqueue_tags(text[], interval)",
    ),
    "a procedure for PUBLIC": (
        "GRANT EXECUTE ON PROCEDURE run_maintenance TO PUBLIC",
        "nothing is open to PUBLIC",
        "open: public.run_maintenance(integer)",
    ),
    "a view for PUBLIC": (
        "GRANT SELECT ON orders_daily TO PUBLIC",
        "nothing is open to PUBLIC",
        "open: public.orders_daily",
    ),
    "a column for PUBLIC": (
        "GRANT SELECT (tag) ON cache_invalidation_queue TO PUBLIC",
        "nothing is open to PUBLIC",
        "open: public.cache_invalidation_queue",
    ),
    "the internal schema for PUBLIC": (
        "GRANT USAGE ON SCHEMA pgspec TO PUBLIC",
        "nothing is open to PUBLIC",
        "open: schema pgspec",
    ),
    "a tag given up": (
        "INSERT INTO cache_invalidation_queue (tag, dead_at, last_error) VALUES ('x', now(), 'no route to host')",
        "cache invalidations are not given up",
        "1 are, the last with: no route to host",
    ),
    "nobody drains": (
        "INSERT INTO cache_invalidation_queue (tag, visible_at) VALUES ('x', now() - interval '20 minutes')",
        "cache invalidations reach the cache",
        "the oldest is due for 00:20:00: nobody drains the queue",
    ),
    "a part that cannot be asked": (
        "ALTER TABLE cache_invalidation_queue RENAME TO elsewhere",
        "cache invalidations",
        'relation "public.cache_invalidation_queue" does not exist',
    ),
    "an entry by hand that is no name": (
        "INSERT INTO pgspec.deployed_objects VALUES ('function', 'no name', '', '')",
        "objects are as they were deployed",
        "expected a left parenthesis",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_what_goes_wrong_has_a_row(connection: psycopg.Connection, what: str) -> None:
    edit, name, detail = BROKEN[what]
    connection.execute(edit.encode())
    found = wrong(connection)
    if what == "an entry by hand that is no name" and name not in found:  # newer servers say NULL
        name, detail = "function no name", "is gone"
    assert found.get(name) == detail, found
    # The parts that can be asked are: what is not broken is still said to be well.
    assert len(rows(connection)) > 5 and len(found) < 12


def test_what_is_recent_or_done_is_no_failure(connection: psycopg.Connection) -> None:
    connection.execute(
        """INSERT INTO cache_invalidation_queue (tag, visible_at, processed_at, dead_at)
        VALUES ('new', now(), NULL, NULL), ('later', now() + interval '1 hour', NULL, NULL),
            ('done', now() - interval '1 hour', now(), NULL), ('revived', now() - interval '1 hour', now(), now())"""
    )
    assert wrong(connection) == {}


# A project with what is refreshed, recorded and switched.
OPERATED = {
    "daily.yaml": """kind: materialized_view
name: daily
unique_key: [placed_on]
query: SELECT placed_on, count(*) AS orders FROM orders GROUP BY placed_on
refresh: {every: 15 minutes, max_staleness: 1h}
""",
    "metrics.yaml": """kind: event_log
name: metrics
labels:
  method: {type: text, values: [GET, POST]}
  endpoint: {type: text, max_cardinality: 3}
identifiers: {request_id: text}
measures: {took_ms: double precision}
retention: 30 days
""",
    "orders.yaml": "kind: invalidation\nname: orders\ntable: orders\ntags: ['orders:{id}']\n",
}


@pytest.fixture(scope="module")
def operated(server: ScratchServer) -> Iterator[Database]:
    with fresh_database(server) as made:
        with made.connect() as connection:
            make_roles(connection)
            run(connection, SCHEMA)
            run(connection, draft(shop(OPERATED), "migrate.sql"))
            assert wrong(connection) == {"partitions of metrics": "none for today: run_maintenance() makes them"}
            connection.execute("CALL run_maintenance()")
        yield made


RECORD = "SELECT record_metrics(request_id => {given}, method => 'GET', endpoint => {endpoint}, created_at => now())"
STATE = """INSERT INTO pgspec.mv_refresh_state (view_name, last_error, failures, stale_since)
VALUES ('public.daily', 'out of disk'"""
PARTITIONS = """DO $$ DECLARE p regclass; BEGIN
FOR p IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'metrics'::regclass
  AND right(inhrelid::regclass::text, 8) > to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')
  AND right(inhrelid::regclass::text, 8) ~ '^[0-9]+$'
LOOP EXECUTE 'DROP TABLE ' || p; END LOOP; END $$"""
# What is done, the row that fails, and what it says.
OPERATIONS = {
    "a refresh that failed": (
        f"{STATE}, 3, NULL)",
        "last refresh of public.daily",
        "failed 3 times in a row: out of disk",
    ),
    "a view that is stale": (
        f"{STATE}, 0, now() - interval '2 hours')",
        "last refresh of public.daily",
        "is stale for 02:00:00, and may be for 01:00:00",
    ),
    "no partitions ahead": (
        PARTITIONS,
        "partitions of metrics",
        "0 days ahead, 0 rows outside of any",
    ),
    "events without request ids": (
        ";".join(RECORD.format(given="NULL", endpoint="'/a'") for _ in range(3)),
        "request ids of metrics",
        "given for 0 of 3 events of the last hour",
    ),
    "a label that is full": (
        ";".join(RECORD.format(given="'r'", endpoint=f"'/{n}'") for n in range(5)),
        "values of metrics.endpoint",
        "3 of 3",
    ),
    "a switch": (
        "SELECT throw_switch('cache', 'a bad key')",
        "no switch is thrown",
        "thrown: cache by postgres: a bad key",
    ),
}


@pytest.mark.parametrize("what", OPERATIONS)
def test_what_goes_wrong_while_it_runs_has_a_row(operated: Database, what: str) -> None:
    statements, name, detail = OPERATIONS[what]
    with operated.connect() as connection, connection.transaction(force_rollback=True):
        assert wrong(connection) == {}
        connection.execute(statements.encode())
        assert wrong(connection) == {name: detail}


SMALL: Result = shop(
    {"daily.yaml": "kind: materialized_view\nname: d\nunique_key: [id]\nquery: SELECT id FROM orders\n"}
)


def test_a_project_without_a_queue_asks_nothing_of_it(database: Database) -> None:
    with database.connect() as connection:
        make_roles(connection)
        run(connection, SCHEMA)
        run(connection, draft(SMALL, "migrate.sql"))
        names = [name for name, ok, _ in rows(connection) if ok]
        assert len(names) == len(rows(connection)) and not any("cache" in name for name in names)
        before = snapshot(connection)
        whole = shop(releases=released(SMALL, RELEASE))
        run(connection, draft(whole, "migrate.sql"))
        assert wrong(connection) == {} and any("cache" in name for name, _, _ in rows(connection))
        run(connection, draft(whole, "rollback.sql"))
        assert wrong(connection) == {} and diff(before, snapshot(connection)) == []
