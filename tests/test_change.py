"""Changes between releases, on a live server: there, back again, and there once more."""

import threading
import time

import psycopg
import pytest

import pgspec.plan
from live import Database
from pgspec.beside import Beside
from pgspec.compile import Result, compile_project
from pgspec.migration import Printer, Settings
from pgspec.snapshot import diff, snapshot
from pgspec.sources import from_texts
from shop import DAILY, MONTHLY, PROJECT, SCHEMA, compiled, draft, make_roles, released, sources, statements

FIRST = {"daily.yaml": DAILY, "monthly.yaml": MONTHLY}
CITIES = """\
kind: materialized_view
name: orders_by_city
unique_key: [city]
query: |
  SELECT coalesce(c.city, '(unknown)') AS city, count(*) AS orders
  FROM orders o JOIN customers c ON c.id = o.customer_id
  GROUP BY 1
"""
EDITS = {
    "a view is added": FIRST | {"cities.yaml": CITIES},
    "a view is removed": {"daily.yaml": DAILY},
    "all views are removed": {},
    "a query changes": FIRST | {"monthly.yaml": MONTHLY.replace("sum(orders)", "max(orders)")},
    "a query that others read changes": FIRST | {"daily.yaml": DAILY.replace("sum(amount)", "max(amount)")},
    "a column is added": FIRST | {"daily.yaml": DAILY.replace("AS revenue", "AS revenue, min(id) AS first_id")},
    "the key's index is renamed": FIRST
    | {"daily.yaml": DAILY.replace("[placed_on]", "{columns: [placed_on], index: by_day}")},
    "an index is added": FIRST | {"daily.yaml": DAILY.replace("indexes:", "indexes:\n  - {columns: [revenue]}")},
    "an index is removed": FIRST | {"daily.yaml": DAILY.replace("indexes:\n  - {columns: [orders]}\n", "")},
    "an index changes": FIRST
    | {"daily.yaml": DAILY.replace("{columns: [orders]}", "{columns: [orders], method: hash}")},
    "the description changes": FIRST | {"daily.yaml": DAILY.replace("Orders by day.", "Orders by day; it's \\ here.")},
    "the description goes": FIRST | {"daily.yaml": DAILY.replace("description: Orders by day.\n", "")},
    "access moves": FIRST | {"daily.yaml": DAILY.replace("[service_role]", "[anon, keeper]")},
    "access goes": FIRST | {"daily.yaml": DAILY.replace("access: {select: [service_role]}\n", "")},
    "an owner comes": FIRST | {"daily.yaml": DAILY + "owner: keeper\n"},
    "a view is renamed": FIRST | {"monthly.yaml": MONTHLY.replace("orders_monthly", "orders_per_month")},
    "a view is renamed, and says so": FIRST
    | {"monthly.yaml": MONTHLY.replace("name: orders_monthly", "name: orders_per_month\nwas: orders_monthly")},
    "a view that others read is renamed": {
        "daily.yaml": DAILY.replace("name: orders_daily", "name: orders_by_day\nwas: orders_daily"),
        "monthly.yaml": MONTHLY.replace("FROM orders_daily", "FROM orders_by_day"),
    },
    "a view is renamed and changed": FIRST
    | {
        "daily.yaml": DAILY.replace("name: orders_daily", "name: a b\nwas: orders_daily")
        .replace("sum(amount)", "max(amount)")
        .replace("{columns: [orders]}", "{columns: [orders], name: by_orders}\n  - {columns: [revenue]}"),
        "monthly.yaml": MONTHLY.replace("FROM orders_daily", 'FROM "a b"'),
    },
    "everything changes": {
        "daily.yaml": DAILY.replace("sum(amount)", "max(amount)").replace("[service_role]", "[anon]"),
        "cities.yaml": CITIES + "description: By city.\nowner: keeper\n",
    },
}


@pytest.fixture(scope="module")
def first() -> Result:
    return compiled(FIRST)


def run(connection: object, text: str) -> None:
    for statement in statements(text):
        connection.execute(statement)  # type: ignore[attr-defined]


@pytest.mark.parametrize("what", EDITS)
def test_there_and_back(database: Database, first: Result, what: str) -> None:
    second = compiled(EDITS[what], released(first, "20250101000000_first"))
    with database.connect() as connection:
        make_roles(connection)
        connection.execute(SCHEMA)
        connection.execute("INSERT INTO customers VALUES (1, 'Rome'); INSERT INTO orders VALUES (1, 1, now(), 5, NULL)")
        run(connection, draft(first, "migrate.sql"))
        one = snapshot(connection)
        with pytest.raises(psycopg.errors.RaiseException, match="verify: "):
            run(connection, draft(second, "verify.sql"))
        run(connection, draft(second, "migrate.sql"))
        run(connection, draft(second, "verify.sql"))
        two = snapshot(connection)
        assert diff(one, two), "the edit changes the catalog"
        run(connection, draft(second, "rollback.sql"))
        assert diff(one, snapshot(connection)) == []
        run(connection, draft(first, "verify.sql"))
        run(connection, draft(second, "migrate.sql"))
        assert diff(two, snapshot(connection)) == []


@pytest.mark.parametrize("what", EDITS)
def test_a_migration_is_all_or_nothing(database: Database, first: Result, what: str) -> None:
    """Also without a transaction around it: the last thing that a migration does is made to fail."""
    second = compiled(EDITS[what], released(first, "20250101000000_first"))
    with database.connect() as connection:
        make_roles(connection)
        connection.execute(SCHEMA)
        run(connection, draft(first, "migrate.sql"))
        one = snapshot(connection)
        broken = draft(second, "migrate.sql").replace("\nEND\n$pgspec$", "\nPERFORM 1 / 0;\nEND\n$pgspec$")
        with pytest.raises(Exception, match="division by zero"):
            run(connection, broken)
        assert diff(one, snapshot(connection)) == []


def test_a_runner_keeps_its_transaction(database: Database, first: Result) -> None:
    with database.connect() as connection:
        make_roles(connection)
        connection.execute(SCHEMA)
        before = snapshot(connection)
        connection.execute("BEGIN")
        run(connection, draft(first, "migrate.sql"))
        connection.execute("ROLLBACK")
        assert diff(before, snapshot(connection)) == []


def test_a_migration_waits_for_a_lock_only_so_long(database: Database, first: Result) -> None:
    second = compiled({"monthly.yaml": CITIES}, released(first, "20250101000000_first"))
    text = draft(second, "migrate.sql").replace("lock_timeout = '3s'", "lock_timeout = '100ms'")
    with database.connect() as connection, database.connect() as reader:
        make_roles(connection)
        connection.execute(SCHEMA)
        run(connection, draft(first, "migrate.sql"))
        one = snapshot(connection)
        reader.execute("BEGIN; SELECT * FROM orders_monthly")
        with pytest.raises(Exception, match="lock timeout"):
            run(connection, text)
        assert diff(one, snapshot(connection)) == []


def test_other_roles_change_rights_and_nothing_else(database: Database) -> None:
    """Replacing keeps what is there: the queue with its rows, the registry, and the rights that must be taken back."""
    specs = {"daily.yaml": DAILY, "orders.yaml": "kind: invalidation\nname: orders\ntable: orders\ntags: [orders]\n"}
    first = compiled(specs)
    files = {"specs/project.yaml": PROJECT.replace(", keeper", ""), "specs/schema.sql": SCHEMA}
    files |= {f"specs/{name}": text for name, text in specs.items()}
    second = compile_project(from_texts(files | released(first, "20250101000000_a")))
    assert second.ok
    assert {change.action for change in second.draft.changes} == {"replace"}
    rights = """SELECT count(*) FROM pg_proc p, aclexplode(p.proacl) a
        WHERE p.proname = 'drain_cache_invalidation_queue' AND a.grantee = 'keeper'::regrole"""

    def run(connection: psycopg.Connection, text: str) -> None:
        for statement in statements(text):
            connection.execute(statement)

    with database.connect() as connection:
        make_roles(connection)
        connection.execute(SCHEMA)
        run(connection, draft(first, "migrate.sql"))
        before = snapshot(connection)
        assert connection.execute(rights).fetchone() == (1,)
        connection.execute("SELECT enqueue_cache_invalidation('kept')")
        run(connection, draft(second, "migrate.sql"))
        connection.execute(draft(second, "verify.sql"))
        assert connection.execute(rights).fetchone() == (0,)
        assert connection.execute("SELECT tag FROM cache_invalidation_queue").fetchall() == [("kept",)]
        run(connection, draft(second, "rollback.sql"))
        connection.execute(draft(first, "verify.sql"))
        assert diff(before, snapshot(connection)) == []


SLOW = """
CREATE FUNCTION slowly(numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN PERFORM pg_sleep(0.4); RETURN $1; END $$;
"""


def _slow(how: str) -> dict[str, str]:
    return {"daily.yaml": DAILY.replace("sum(amount)", f"{how}(amount + slowly(0))"), "monthly.yaml": MONTHLY}


def _reads_while(database: Database, text: str) -> tuple[int, int]:
    """How many reads of the view, while a migration runs, give rows, and how many have to wait for longer than it takes
    to rename something."""
    done, counted = threading.Event(), [0, 0]

    def read() -> None:
        with database.connect() as reader:
            reader.execute("SET statement_timeout = '150ms'")
            while not done.is_set():
                try:
                    reader.execute("SELECT count(*) FROM orders_daily")
                    counted[0] += 1
                except psycopg.errors.QueryCanceled:
                    counted[1] += 1
                time.sleep(0.02)

    thread = threading.Thread(target=read)
    with database.connect() as connection:
        thread.start()
        try:
            run(connection, text)
        finally:
            done.set()
            thread.join()
    return counted[0], counted[1]


def _slow_change(connection: psycopg.Connection, name: str = "") -> Result:
    """Deploy a view whose query takes a second, and give it another one, and perhaps another name."""
    one = compile_project(sources(_slow("max"), schema=SCHEMA + SLOW))
    assert one.ok, one.diagnostics
    make_roles(connection)
    connection.execute((SCHEMA + SLOW).encode())
    connection.execute("INSERT INTO customers VALUES (1)")
    connection.execute("INSERT INTO orders SELECT n, 1, '2025-01-01', n FROM generate_series(1, 3) AS n")
    run(connection, draft(one, "migrate.sql"))
    specs = _slow("min")
    if name:
        called = name.partition("\n")[0].removeprefix("name: ")
        specs["daily.yaml"] = specs["daily.yaml"].replace("name: orders_daily", name)
        specs["monthly.yaml"] = specs["monthly.yaml"].replace("FROM orders_daily", f"FROM {called}")
    two = compile_project(sources(specs, released(one, "20250101000000_first"), SCHEMA + SLOW))
    assert two.ok, two.diagnostics
    return two


def test_readers_go_on_while_a_view_is_built_anew(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.connect() as connection:
        two = _slow_change(connection)
    for file in ("migrate.sql", "rollback.sql"):
        read, waited = _reads_while(database, draft(two, file))
        assert read > 10 and waited == 0
    # In place, as it would be without: readers wait as long as the query runs.
    monkeypatch.setattr(pgspec.plan, "beside", lambda *_: Beside())
    changes = pgspec.plan.plan(two.before, two.after)
    text = Printer(Settings("shop", "3s", "60s", "pgspec")).migrate_sql("in place", changes, two.after)
    assert _reads_while(database, text)[1] > 0


FOREIGN = {
    "VIEW": "CREATE VIEW theirs AS SELECT * FROM orders_daily",
    "MATERIALIZED VIEW": "CREATE MATERIALIZED VIEW theirs AS SELECT d.revenue FROM orders_monthly, orders_daily AS d",
    "FUNCTION": "CREATE FUNCTION theirs() RETURNS bigint STABLE RETURN (SELECT count(*) FROM orders_daily)",
    "INDEX": "CREATE INDEX theirs ON orders_daily (revenue)",
    "STATISTICS": "CREATE STATISTICS theirs ON orders, revenue FROM orders_daily",
}
RENAMED = {"as it was called": False, "under another name": True}


@pytest.mark.parametrize("renamed", RENAMED)
@pytest.mark.parametrize("what", FOREIGN)
def test_what_others_made_of_a_view_stops_the_migration_at_once(database: Database, what: str, renamed: str) -> None:
    with database.connect() as connection:
        two = _slow_change(connection, "name: daily_orders\nwas: orders_daily" if RENAMED[renamed] else "")
        connection.execute(FOREIGN[what].encode())
        before = snapshot(connection)
        start = time.monotonic()
        with pytest.raises(
            psycopg.errors.DependentObjectsStillExist, match=r"nothing was changed.* (public\.)?theirs"
        ) as caught:
            run(connection, draft(two, "migrate.sql"))
        assert time.monotonic() - start < 0.5  # before the query of the new view
        assert caught.value.diag.message_hint
        assert diff(before, snapshot(connection)) == []
        connection.execute(f"DROP {what} theirs")
        run(connection, draft(two, "migrate.sql"))


OTHER = {"cities.yaml": CITIES + "was: orders_monthly\n"}
UNKNOWN = {
    "which the last release does not know": {
        "monthly.yaml": MONTHLY.replace("orders_monthly", "monthly") + "was: order_monthly\n"
    },
    "in another schema": {
        "monthly.yaml": MONTHLY.replace("orders_monthly", "api.monthly") + "was: public.orders_monthly\n"
    },
    "which is now `orders_monthly` (specs/monthly.yaml:2)": OTHER | {"monthly.yaml": MONTHLY},
    "which is now `orders_by_city` (specs/cities.yaml:2)": OTHER
    | {"z.yaml": CITIES.replace("orders_by_city", "z_by_city") + "was: orders_monthly\n"},
}


@pytest.mark.parametrize("problem", UNKNOWN)
def test_what_a_view_cannot_have_been_is_refused(first: Result, problem: str) -> None:
    """Otherwise a view would be dropped, or stay in the wrong schema, without a word."""
    schema = SCHEMA + "CREATE SCHEMA api;\n"
    specs = {"daily.yaml": DAILY} | UNKNOWN[problem]
    result = compile_project(sources(specs, released(first, "20250101000000_first"), schema))
    assert [item.code for item in result.diagnostics] == ["REL008"]
    assert problem in result.diagnostics[0].message and result.diagnostics[0].help


def test_a_role_of_the_project_does_not_migrate(database: Database) -> None:
    """What it made would be taken from it: REVOKE reaches owners too.  A superuser needs no rights, and keeps what the
    specs give."""
    queue = "kind: invalidation\nname: orders\ntable: orders\ntags: [orders]\nallow: {INV004: another service}\n"
    result = compiled({"daily.yaml": DAILY, "queue.yaml": queue})
    (block,) = (part for part in statements(draft(result, "migrate.sql")) if "DO $" in part)
    with database.connect() as connection:
        make_roles(connection)
        connection.execute(SCHEMA.encode())
        connection.execute("ALTER ROLE keeper LOGIN; ALTER SCHEMA public OWNER TO keeper")
        connection.execute("ALTER TABLE orders OWNER TO keeper")
        connection.execute(f"GRANT CREATE ON DATABASE {database.name} TO keeper".encode())
    with database.connect("keeper") as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="keeper is one of the roles of the project"):
            connection.execute(block.encode())
        assert connection.execute("SELECT to_regnamespace('pgspec')").fetchone() == (None,)
    with database.connect() as connection:
        connection.execute("ALTER ROLE keeper SUPERUSER")
    try:
        with database.connect("keeper") as connection:
            connection.execute(block.encode())
            (verify,) = statements(draft(result, "verify.sql"))
            connection.execute(verify.encode())
    finally:
        with database.connect() as connection:
            connection.execute("ALTER ROLE keeper NOSUPERUSER")
