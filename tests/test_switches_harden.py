"""Hardening: nothing is left to API roles, by whatever way it was given; nobody waits; and all comes back as it was."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from live import Database, fresh_database
from pgspec.scratch import ScratchServer
from queue_support import changed
from switch_support import HARDENED, RESET, SCHEMA, THROW, deployed, make_roles, project, refused, runbook

DENIED = "42501"
ORDERS = "harden public.orders"
VERIFY = project().files["generated/draft/verify.sql"]
BY_HAND = """\
GRANT SELECT ON orders TO PUBLIC;
GRANT SELECT (id, city), UPDATE (amount) ON orders TO anon;
CREATE VIEW api.cities AS SELECT DISTINCT city FROM orders;
CREATE VIEW api.stacked WITH (security_invoker = true) AS SELECT city FROM api.cities;
CREATE VIEW api.top AS SELECT city FROM api.stacked;
GRANT SELECT ON api.cities, api.top TO anon WITH GRANT OPTION;
GRANT SELECT, INSERT ON api.stacked TO PUBLIC;
GRANT SELECT (city) ON api.cities TO authenticated;
GRANT SELECT ON api.top TO service_role;
GRANT SELECT ON parts_1 TO anon;
"""
GRANTS = """\
SELECT c.oid::regclass::text, g.* FROM pg_class AS c CROSS JOIN LATERAL pgspec.relation_grants(c.oid) AS g
WHERE c.relkind <> 'S' ORDER BY 1, 2, 3, 4
"""
LOCKS = """\
SELECT l.relation::regclass::text, l.mode FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation
WHERE l.pid = %s AND (l.mode = 'AccessExclusiveLock' OR (l.mode <> 'AccessShareLock'
  AND c.relnamespace NOT IN ('pgspec'::regnamespace, 'pg_catalog'::regnamespace)))
"""
WAYS = {
    "the table": "SELECT id FROM orders",
    "a column": "SELECT city FROM orders LIMIT 1",
    "a write": "UPDATE orders SET amount = 2 WHERE id = 1",
    "a view": "SELECT city FROM api.cities",
    "a view of a view": "SELECT city FROM api.stacked",
    "a view of that": "SELECT city FROM api.top",
}


@pytest.fixture
def shop(server: ScratchServer) -> Iterator[Database]:
    with deployed(server) as database:
        yield database


def call(database: Database, statement: str, *values: str) -> str:
    with database.connect() as connection:
        row = connection.execute(statement.encode(), values).fetchone()
        assert row is not None
        return str(row[0])


def grants(database: Database) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return connection.execute(GRANTS).fetchall()


def open_ways(database: Database) -> list[tuple[str, str]]:
    roles = ("anon", "authenticated")
    return [(role, way) for role in roles for way, query in WAYS.items() if refused(database, role, query) != DENIED]


def test_nothing_is_left_by_whatever_way_and_all_comes_back(shop: Database) -> None:
    shop.run(BY_HAND)
    assert {way for _, way in open_ways(shop)} == set(WAYS), "each way is open to somebody"
    before = grants(shop)
    done = call(shop, THROW, ORDERS)
    assert done.startswith("closed to API roles: api.cities, api.stacked, api.top, public.orders\ncopies that"), done
    assert "public.orders_daily" in done
    assert open_ways(shop) == []
    assert refused(shop, "service_role", WAYS["the table"]) is None
    assert refused(shop, "anon", "SELECT number FROM orders_daily") is None, "a copy, which is another switch"
    call(shop, RESET, ORDERS)
    again = grants(shop)
    assert set(again) <= set(before)
    # Of the guarded table API roles have what the specs say; what was given by hand there was against them.
    assert {row[0] for row in set(before) - set(again)} == {"orders"}
    shop.run("REVOKE SELECT ON parts_1 FROM anon")
    shop.run(VERIFY)


def generated(name: str) -> str:
    text = project().files["generated/schema.sql"]
    start = text.index(f"CREATE FUNCTION {name}(")
    return text[start : text.index("$function$;\n", start) + len("$function$;\n")]


@pytest.mark.parametrize(
    ("function", "replacements"),
    [
        ("pgspec.harden", {"WHERE g.role IS NULL OR to_regrole": "WHERE to_regrole"}),
        ("pgspec.relation_grants", {"aclexplode(a.attacl) AS x WHERE": "aclexplode(a.attacl) AS x WHERE false AND"}),
        ("pgspec.closed_by", {"SELECT r.ev_class FROM shown": "SELECT r.ev_class FROM (SELECT 0::oid) AS shown (oid)"}),
        ("pgspec.closed_by", {"SELECT i.inhrelid FROM below": "SELECT i.inhrelid FROM (SELECT 0::oid) AS below (oid)"}),
        ("pgspec.api_side", {"SELECT m.roleid FROM side": "SELECT m.roleid FROM (SELECT 0::oid) AS side (oid)"}),
    ],
    ids=["PUBLIC", "columns", "views", "partitions", "groups"],
)
def test_what_hardening_forgets_is_noticed(shop: Database, function: str, replacements: dict[str, str]) -> None:
    shop.run(BY_HAND)
    with shop.connect() as connection:
        connection.execute("DO $$ BEGIN CREATE ROLE readers; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        connection.execute("GRANT readers TO authenticated; GRANT SELECT ON orders TO readers")
    parts = "SELECT id FROM parts_1"
    group = "SELECT amount FROM orders"

    def left() -> bool:
        refusals = [refused(shop, "anon", parts), refused(shop, "authenticated", group)]
        return bool(open_ways(shop)) or refusals != [DENIED, DENIED]

    try:
        for name in (ORDERS, "harden public.parts"):
            call(shop, THROW, name)
        assert not left()
        for name in (ORDERS, "harden public.parts"):
            call(shop, RESET, name)
        shop.run(BY_HAND.split("CREATE VIEW", maxsplit=1)[0])
        assert refused(shop, "authenticated", group) is None, "the group has its right again"
        text = generated(function)
        shop.run(changed(text, {"CREATE FUNCTION": "CREATE OR REPLACE FUNCTION", **replacements}))
        for name in (ORDERS, "harden public.parts"):
            call(shop, THROW, name)
        assert left()
    finally:
        shop.run("REVOKE readers FROM authenticated")


def test_the_view_in_front_of_a_table_is_closed_too(shop: Database) -> None:
    """It reads with the rights of whoever asks, until somebody makes it read with its owner's."""
    call(shop, THROW, "harden public.secrets")
    assert refused(shop, "authenticated", "SELECT FROM secrets") == DENIED
    with shop.connect() as connection:
        rights = "SELECT has_table_privilege('authenticated', %s, 'SELECT')"
        for name in ("secrets", "api.secrets"):
            assert connection.execute(rights, [name]).fetchone() == (False,), name
    call(shop, RESET, "harden public.secrets")
    with shop.connect() as connection:
        for name in ("secrets", "api.secrets"):
            assert connection.execute(rights, [name]).fetchone() == (True,), name


@pytest.mark.parametrize("name", HARDENED)
def test_each_is_closed_verified_as_such_and_comes_back(shop: Database, name: str) -> None:
    before = grants(shop)
    call(shop, THROW, name)
    call(shop, THROW, name)  # once more changes nothing, and forgets nothing
    with pytest.raises(psycopg.errors.RaiseException, match=r"the (policies need|spec says)") as failed:
        shop.run(VERIFY)
    assert name.split()[1] in str(failed.value)
    assert failed.value.diag.message_hint == f"thrown switches: {name} (INC-1: a test)"
    call(shop, RESET, name)
    assert grants(shop) == before
    shop.run(VERIFY)


def test_a_view_of_two_tables_stays_closed_until_both_are_open(shop: Database) -> None:
    shop.run("CREATE VIEW api.both AS SELECT o.id FROM orders AS o, secrets AS s; GRANT SELECT ON api.both TO anon")
    both = "SELECT id FROM api.both"
    call(shop, THROW, ORDERS)
    call(shop, THROW, "harden public.secrets")
    call(shop, RESET, ORDERS)
    assert refused(shop, "anon", both) == DENIED
    call(shop, RESET, "harden public.secrets")
    assert refused(shop, "anon", both) is None


def test_what_the_switch_does_not_reach_is_said(shop: Database) -> None:
    """A right that another than the owner has given stays: the script fails, and says so."""
    shop.run("GRANT SELECT ON orders TO service_role WITH GRANT OPTION")
    with shop.connect("service_role") as service:
        service.execute("GRANT SELECT ON orders TO anon")
    done = runbook(shop, "harden_public_orders.sql", "-v", "why=x")
    assert done.returncode == 3
    assert "API roles still have access: anon SELECT on public.orders" in done.stderr, done.stderr
    assert refused(shop, "authenticated", "SELECT FROM orders") == DENIED, "the rest is closed all the same"
    assert refused(shop, "anon", "SELECT FROM orders") is None


def test_no_lock_on_a_table_is_taken(shop: Database) -> None:
    shop.run(BY_HAND)
    for name in (*HARDENED, "cache", "enqueue", "refresh"):
        for statement in (THROW, RESET):
            with shop.connect() as operator, shop.connect("service_role") as writer:
                writer.execute("SET lock_timeout = '10s'")
                operator.execute("BEGIN")
                operator.execute(statement.encode(), [name])
                assert writer.execute(LOCKS, [operator.info.backend_pid]).fetchall() == [], (name, statement)
                # As long as it is open, readers and writers go on.
                writer.execute("UPDATE orders SET amount = amount + 1 WHERE id = 1")
                writer.execute("SELECT count(*) FROM orders")
                operator.execute("COMMIT")
        if name == "enqueue":
            call(shop, RESET, "cache")


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ"])
def test_the_next_transaction_is_refused_and_one_that_may_go_on_is_named(shop: Database, isolation: str) -> None:
    """A session that holds its lock on the table already does not hear of the rights before its transaction ends."""
    query = "SELECT count(*) FROM orders"
    with shop.connect("anon") as reader, shop.connect("anon") as other:
        for connection in (reader, other):
            for _ in range(7):  # from then on the plan is kept
                connection.execute(query, prepare=True)
        reader.execute(f"BEGIN ISOLATION LEVEL {isolation}".encode())
        reader.execute(query, prepare=True)
        done = call(shop, THROW, ORDERS)
        assert done.endswith(f"which may use it until they end: pid {reader.info.backend_pid}"), done
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            other.execute(query, prepare=True)
        reader.execute("COMMIT")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(query, prepare=True)


def test_an_owner_who_is_no_superuser_closes_what_is_his_and_says_what_is_not(server: ScratchServer) -> None:
    with fresh_database(server) as database:
        with database.connect() as connection:
            make_roles(connection)
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'deployer'").fetchone():
                connection.execute("CREATE ROLE deployer LOGIN BYPASSRLS")
            connection.execute(f"GRANT CREATE ON DATABASE {database.name} TO deployer".encode())
            connection.execute("GRANT CREATE ON SCHEMA public TO deployer")
        with database.connect("deployer") as deployer:
            deployer.execute(SCHEMA.encode())
            deployer.execute(project().files["generated/draft/migrate.sql"].encode())
        before = grants(database)
        with database.connect("service_role") as service:
            done = service.execute(THROW.encode(), [ORDERS]).fetchone()
            assert done is not None and done[0].startswith("closed to API roles: public.orders\n"), done
            assert refused(database, "anon", WAYS["the table"]) == DENIED
            service.execute(RESET.encode(), [ORDERS])
        assert grants(database) == before
        database.run("CREATE VIEW api.cities AS SELECT city FROM orders; GRANT SELECT ON api.cities TO anon")
        with database.connect("service_role") as service:
            done = service.execute(THROW.encode(), [ORDERS]).fetchone()
            assert done is not None and "STILL OPEN: anon SELECT on api.cities\n" in done[0], done
            assert refused(database, "anon", WAYS["a view"]) is None
        assert refused(database, "authenticated", WAYS["the table"]) == DENIED
