"""verify.sql passes on what was deployed, and names whatever is changed, dropped or invalid."""

import psycopg
import pytest

from live import Database
from pgspec.compile import Result
from shop import DAILY, MONTHLY, SCHEMA, compiled, draft, make_roles, statements

# Constants of types that the server prints by the session's settings.
CONSTANTS = """\
  WHERE placed_on > DATE '2000-01-31' AND placed_on < TIMESTAMPTZ '2100-01-31 00:00:00+00' + INTERVAL '1 day 2 hours'
    AND coupon IS DISTINCT FROM encode('\\x0a'::bytea, 'hex')
  GROUP BY"""
OWNED = DAILY.replace("access:", "owner: keeper\naccess:").replace("  GROUP BY", CONSTANTS)
SPECS = {"daily.yaml": OWNED, "monthly.yaml": MONTHLY}

INSTEAD = "DROP INDEX orders_daily_key; CREATE UNIQUE INDEX orders_daily_key ON"
BREAKS = {
    "another query": (
        """DROP MATERIALIZED VIEW orders_monthly;
        CREATE MATERIALIZED VIEW orders_monthly AS
          SELECT date_trunc('month', placed_on::timestamp) AS month, count(*) AS orders FROM orders_daily GROUP BY 1;
        CREATE UNIQUE INDEX orders_monthly_key ON orders_monthly (month);
        REVOKE ALL ON orders_monthly FROM PUBLIC""",
        "materialized view public.orders_monthly: its query is not the one deployed from these specs",
    ),
    "the view is dropped": (
        "DROP MATERIALIZED VIEW orders_monthly",
        "materialized view public.orders_monthly: does not exist",
    ),
    "the view is renamed": (
        "ALTER MATERIALIZED VIEW orders_monthly RENAME TO other",
        "materialized view public.orders_monthly: does not exist",
    ),
    "a table has taken the name": (
        "DROP MATERIALIZED VIEW orders_monthly; CREATE TABLE orders_monthly (month timestamp, orders numeric)",
        "materialized view public.orders_monthly: does not exist",
    ),
    "not populated": (
        "REFRESH MATERIALIZED VIEW orders_monthly WITH NO DATA",
        "materialized view public.orders_monthly: is not populated",
    ),
    "the unique index is dropped": (
        "DROP INDEX orders_daily_key",
        "index public.orders_daily_key on public.orders_daily: does not exist",
    ),
    "the unique index is not unique": (
        "DROP INDEX orders_daily_key; CREATE INDEX orders_daily_key ON orders_daily (placed_on)",
        "index public.orders_daily_key on public.orders_daily: is not unique",
    ),
    "the unique index is partial": (
        f"{INSTEAD} orders_daily (placed_on) WHERE orders > 0",
        "index public.orders_daily_key on public.orders_daily: has a WHERE clause",
    ),
    "the unique index is over an expression": (
        f"{INSTEAD} orders_daily ((placed_on + 0))",
        "index public.orders_daily_key on public.orders_daily: is not on the columns placed_on",
    ),
    "the unique index is on other columns": (
        f"{INSTEAD} orders_daily (placed_on, orders)",
        "index public.orders_daily_key on public.orders_daily: is not on the columns placed_on",
    ),
    "the unique index covers more": (
        f"{INSTEAD} orders_daily (placed_on) INCLUDE (orders)",
        "index public.orders_daily_key on public.orders_daily: is not on the columns placed_on",
    ),
    "the unique index is invalid": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_daily_key'::regclass",
        "index public.orders_daily_key on public.orders_daily: is invalid",
    ),
    "the unique index is on another table": (
        f"{INSTEAD} orders (id)",
        "index public.orders_daily_key on public.orders_daily: does not exist",
    ),
    "the other index has another method": (
        "DROP INDEX orders_daily_orders_idx; CREATE INDEX orders_daily_orders_idx ON orders_daily USING hash (orders)",
        "index public.orders_daily_orders_idx on public.orders_daily: is of another access method than btree",
    ),
    "the other index is sorted otherwise": (
        "DROP INDEX orders_daily_orders_idx; CREATE INDEX orders_daily_orders_idx ON orders_daily (orders DESC)",
        "index public.orders_daily_orders_idx on public.orders_daily: is not as it was deployed from these specs",
    ),
    "another owner": (
        "ALTER MATERIALIZED VIEW orders_daily OWNER TO postgres",
        "owner of public.orders_daily: is not keeper",
    ),
    "another comment": (
        "COMMENT ON MATERIALIZED VIEW orders_daily IS 'Orders.'",
        "comment on public.orders_daily: is not the description in the spec",
    ),
    "no comment": (
        "COMMENT ON MATERIALIZED VIEW orders_daily IS NULL",
        "comment on public.orders_daily: is not the description in the spec",
    ),
    "a comment that no spec has": (
        "COMMENT ON MATERIALIZED VIEW orders_monthly IS 'Orders.'",
        "comment on public.orders_monthly: is not the description in the spec",
    ),
    "something else was deployed": (
        "INSERT INTO pgspec.deployed_objects VALUES ('materialized_view', 'public.other', 'x', 'y')",
        "materialized view public.other: was deployed, and is not in the specs",
    ),
    "a right more": (
        "GRANT SELECT ON orders_monthly TO anon",
        "access to public.orders_monthly: is {anon SELECT}, the spec says {}",
    ),
    "a right on one column": (
        "GRANT SELECT (orders) ON orders_monthly TO anon",
        "access to public.orders_monthly: is {anon SELECT of column orders}, the spec says {}",
    ),
    "a right for everybody": (
        "GRANT SELECT ON orders_monthly TO PUBLIC",
        "access to public.orders_monthly: is {PUBLIC SELECT}, the spec says {}",
    ),
    "a right to give rights": (
        "GRANT SELECT ON orders_daily TO service_role WITH GRANT OPTION",
        "access to public.orders_daily: is {service_role SELECT with grant option}, the spec says {service_role",
    ),
    "a right less": (
        "REVOKE SELECT ON orders_daily FROM service_role",
        "access to public.orders_daily: is {}, the spec says {service_role SELECT}",
    ),
    "the function is changed": (
        """CREATE OR REPLACE FUNCTION pgspec.fingerprint(type text, name text) RETURNS text LANGUAGE sql STABLE
        SET search_path = pg_catalog, pg_temp AS 'SELECT md5(name)'""",
        "function pgspec.fingerprint(text, text): is not as it was deployed from these specs",
    ),
    "the function is open to everybody": (
        "GRANT EXECUTE ON FUNCTION pgspec.fingerprint(text, text) TO PUBLIC",
        "function pgspec.fingerprint(text, text): can be executed by others than the spec says",
    ),
    "nothing is recorded": (
        "DELETE FROM pgspec.deployed_objects",
        "materialized view public.orders_daily: its query is not the one deployed from these specs",
    ),
    "nothing is deployed": (
        "DROP SCHEMA pgspec CASCADE",
        "nothing is deployed here",
    ),
}


@pytest.fixture(scope="module")
def project() -> Result:
    return compiled(SPECS)


def deploy(connection: psycopg.Connection, project: Result) -> None:
    make_roles(connection)
    connection.execute(SCHEMA)
    connection.execute("INSERT INTO customers VALUES (1, 'Rome')")
    connection.execute("INSERT INTO orders VALUES (1, 1, '2025-01-01', 5, NULL)")
    for statement in statements(draft(project, "migrate.sql")):
        connection.execute(statement)


def test_passes_on_what_was_deployed(database: Database, project: Result) -> None:
    with database.connect() as connection:
        deploy(connection, project)
        notices: list[str] = []
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        connection.execute(draft(project, "verify.sql"))
        assert notices == ["verify: 42 checks passed"]


OTHER_SETTINGS = {
    "search_path": "",
    "quote_all_identifiers": "on",
    "standard_conforming_strings": "off",
    "datestyle": "German, DMY",
    "intervalstyle": "iso_8601",
    "timezone": "Asia/Tokyo",
    "bytea_output": "escape",
    "default_transaction_read_only": "on",
}


@pytest.mark.parametrize("setting", OTHER_SETTINGS)
def test_passes_under_another(database: Database, project: Result, setting: str) -> None:
    with database.connect() as connection:
        deploy(connection, project)
        connection.execute("SELECT set_config(%s, %s, false)", [setting, OTHER_SETTINGS[setting]])
        connection.execute(draft(project, "verify.sql"))


@pytest.mark.parametrize("what", BREAKS)
def test_names_what_is_broken(database: Database, project: Result, what: str) -> None:
    sabotage, expected = BREAKS[what]
    with database.connect() as connection:
        deploy(connection, project)
        connection.execute(draft(project, "verify.sql"))
        connection.execute(sabotage)
        with pytest.raises(psycopg.errors.RaiseException) as caught:
            connection.execute(draft(project, "verify.sql"))
        assert expected in str(caught.value)


def test_an_accepted_key_is_checked_on_the_data(database: Database) -> None:
    specs = """\
kind: materialized_view
name: amounts
unique_key: [customer_id]
allow: {MV002: one order a customer}
query: SELECT customer_id, amount FROM orders -- all of them
"""
    accepted = compiled({"amounts.yaml": specs})
    with database.connect() as connection:
        deploy(connection, accepted)
        connection.execute(draft(accepted, "verify.sql"))
        connection.execute("INSERT INTO orders VALUES (2, 1, '2025-01-01', 7, NULL)")
        with pytest.raises(
            psycopg.errors.RaiseException,
            match=r"key of public.amounts, index public.amounts_key: the accepted key \(customer_id\)",
        ):
            connection.execute(draft(accepted, "verify.sql"))
