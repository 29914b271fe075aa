"""`pgspec drift`: every change by hand is named, what is printed mends it, and nothing else raises an alarm."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from click.testing import Result as Invoked

from drift_world import PROJECT, RELEASE, SCHEMA, SPECS, base, deploy, first_release, lines, look, mend, run, shop
from live import MAJORS, Database, fresh_database
from pgspec.cli import cli
from pgspec.compile import Result, compile_project
from pgspec.drift import report
from pgspec.objects import TYPES
from pgspec.scratch import ScratchError, ScratchServer, scratch_server
from pgspec.snapshot import diff, snapshot
from pgspec.sources import from_disk
from pgspec.verifying import script, verify
from projects import write
from shop import draft, make_roles, released
from test_cases import CASES, VALID

pytestmark = pytest.mark.newest

SAME = "though it reads the same: another version of the server may write it otherwise"

# The view of the audit log as the release makes it: who retypes a column of the table must drop it before.
LOG_VIEW = """CREATE VIEW audit WITH (security_invoker = true, security_barrier = true) AS
SELECT id, at, table_schema, table_name, event, row_key, new_row_key, old, new, truncated_rows, source, db_role,
  session_role, request_id, claims, txid FROM pgspec.audit;
COMMENT ON VIEW audit IS 'Audit log, kept for 7 days.'; GRANT SELECT ON audit TO keeper, service_role"""

# What is done by hand, and what drift says; all of it, and in this order.
EDITS: dict[str, tuple[str, list[str]]] = {
    "schema: a right more": (
        "GRANT CREATE ON SCHEMA pgspec TO anon",
        ["added CREATE on schema pgspec to anon: is in no spec"],
    ),
    "schema: a right less": (
        "REVOKE USAGE ON SCHEMA pgspec FROM keeper",
        ["missing USAGE on schema pgspec to keeper: was revoked"],
    ),
    "schema: owner": (
        "ALTER SCHEMA pgspec OWNER TO keeper",
        [
            "changed schema pgspec: belongs to keeper, its neighbours belong to postgres",
            "missing USAGE on schema pgspec to keeper: became the owner's own",
        ],
    ),
    "schema: comment": ("COMMENT ON SCHEMA pgspec IS 'x'", ["added comment on schema pgspec: says 'x'"]),
    "table: a column more": (
        "ALTER TABLE pgspec.audit ADD COLUMN extra text",
        ["changed table pgspec.audit: column extra is in no spec"],
    ),
    "table: another type": (
        f"DROP VIEW audit; ALTER TABLE pgspec.audit ALTER COLUMN db_role TYPE varchar(80); {LOG_VIEW}",
        ["changed table pgspec.audit: column db_role is varchar(80), not text"],
    ),
    "table: another type, and its view dropped": (
        "DROP VIEW audit; ALTER TABLE pgspec.audit ALTER COLUMN txid TYPE int",
        [
            "changed table pgspec.audit: column txid is integer, not bigint",
            "missing view public.audit: does not exist",
        ],
    ),
    "table: a column renamed": (
        "ALTER TABLE pgspec.audit RENAME COLUMN db_role TO acting",
        [
            "changed table pgspec.audit: column db_role is called acting now",
            "changed view public.audit: is not as it was deployed",
        ],
    ),
    "table: a column more, which its view shows": (
        """ALTER TABLE pgspec.audit ADD COLUMN extra text;
        CREATE OR REPLACE VIEW audit WITH (security_invoker = true, security_barrier = true) AS
        SELECT id, at, table_schema, table_name, event, row_key, new_row_key, old, new, truncated_rows, source, db_role,
          session_role, request_id, claims, txid, extra FROM pgspec.audit""",
        [
            "changed table pgspec.audit: column extra is in no spec",
            "changed view public.audit: is not as it was deployed",
        ],
    ),
    "table: another default": (
        "ALTER TABLE cache_invalidation_queue ALTER COLUMN max_retries SET DEFAULT 3",
        ["changed table public.cache_invalidation_queue: column max_retries has the default 3"],
    ),
    "table: no default": (
        "ALTER TABLE pgspec.audit ALTER COLUMN at DROP DEFAULT",
        ["changed table pgspec.audit: column at has no default"],
    ),
    "table: may be null": (
        "ALTER TABLE pgspec.audit ALTER COLUMN txid DROP NOT NULL",
        ["changed table pgspec.audit: column txid may be null"],
    ),
    "table: must not be null": (
        "ALTER TABLE cache_entries ALTER COLUMN expires_at SET NOT NULL",
        ["changed table public.cache_entries: column expires_at must not be null"],
    ),
    "table: a check less": (
        "ALTER TABLE pgspec.audit DROP CONSTRAINT audit_source_check",
        ["changed table pgspec.audit: a constraint CHECK (source IN ('api', 'service', 'database')) is missing"],
    ),
    "table: a check more": (
        "ALTER TABLE pgspec.audit ADD CONSTRAINT few CHECK (id < 1000)",
        ["changed table pgspec.audit: constraint few CHECK ((id < 1000)) is in no spec"],
    ),
    "table: options": (
        "ALTER TABLE pgspec.cache_tags SET (fillfactor = 90); ALTER TABLE pgspec.audit SET (fillfactor = 50)",
        [
            "changed table pgspec.audit: has the options fillfactor=50",
            "changed table pgspec.cache_tags: lacks the options fillfactor = 70",
        ],
    ),
    "table: unlogged": (
        "ALTER TABLE cache_invalidation_queue SET UNLOGGED",
        ["changed table public.cache_invalidation_queue: is unlogged: a crash empties it"],
    ),
    "table: row security": (
        "ALTER TABLE pgspec.audit ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON pgspec.audit USING (true)",
        ["added row security on pgspec.audit: is in no spec", "added policy p on pgspec.audit: is in no spec"],
    ),
    "table: a right on one column": (
        "GRANT SELECT (tag) ON cache_invalidation_queue TO anon, keeper",
        [
            "added SELECT (tag) on table public.cache_invalidation_queue to anon: is in no spec",
            "added SELECT (tag) on table public.cache_invalidation_queue to keeper: is in no spec",
        ],
    ),
    "table: a right more and one less": (
        "GRANT DELETE ON pgspec.audit TO anon, PUBLIC; REVOKE SELECT ON pgspec.audit FROM service_role",
        [
            "added DELETE on table pgspec.audit to PUBLIC: is in no spec",
            "added DELETE on table pgspec.audit to anon: is in no spec",
            "missing SELECT on table pgspec.audit to service_role: was revoked",
        ],
    ),
    "table: a right given on": (
        """GRANT SELECT ON pgspec.deployed_objects TO keeper WITH GRANT OPTION;
        SET ROLE keeper; GRANT SELECT ON pgspec.deployed_objects TO anon; RESET ROLE""",
        [
            "added SELECT on table pgspec.deployed_objects to anon: is in no spec",
            "added SELECT with grant option on table pgspec.deployed_objects to keeper: is in no spec",
        ],
    ),
    "table: a right to its sequence": (
        "GRANT USAGE ON SEQUENCE pgspec.audit_id_seq TO anon",
        ["added USAGE on sequence pgspec.audit_id_seq to anon: is in no spec"],
    ),
    "table: the owner's rights": (
        "REVOKE INSERT ON pgspec.audit FROM postgres",
        [
            "missing INSERT of the owner postgres on table pgspec.audit: an owner has it unless it was revoked",
        ],
    ),
    "table: owner": (
        "ALTER TABLE pgspec.audit OWNER TO keeper",
        [
            "changed table pgspec.audit: belongs to keeper, its neighbours belong to postgres",
            "missing SELECT on table pgspec.audit to keeper: became the owner's own",
        ],
    ),
    "table: comments": (
        "COMMENT ON TABLE pgspec.audit IS 'x'; COMMENT ON COLUMN pgspec.audit.at IS 'y'",
        [
            "added comment on table pgspec.audit: says 'x'",
            "added comment on column pgspec.audit.at: is in no spec",
        ],
    ),
    "view: no comment": (
        "COMMENT ON VIEW audit IS NULL",
        ["missing comment on view public.audit: does not exist"],
    ),
    "view: another comment": (
        "COMMENT ON VIEW audit IS 'x'",
        ["changed comment on view public.audit: says something else"],
    ),
    "view: of a log, dropped": ("DROP VIEW audit", ["missing view public.audit: does not exist"]),
    "view: of a log, no longer the caller's rights": (
        "ALTER VIEW audit RESET (security_invoker)",
        ["changed view public.audit: is not as it was deployed"],
    ),
    "view: of a log, no barrier": (
        "ALTER VIEW audit SET (security_barrier = false)",
        ["changed view public.audit: is not as it was deployed"],
    ),
    "view: of a log, an option more": (
        "ALTER VIEW audit SET (check_option = local)",
        ["changed view public.audit: is not as it was deployed"],
    ),
    "view: of a log, rights": (
        "GRANT SELECT, INSERT ON audit TO anon; REVOKE SELECT ON audit FROM keeper",
        [
            "added INSERT, SELECT on view public.audit to anon: is in no spec",
            "missing SELECT on view public.audit to keeper: was revoked",
        ],
    ),
    "view: exposed, without its condition": (
        "CREATE OR REPLACE VIEW api.daily WITH (security_barrier = true) AS SELECT * FROM orders_daily",
        ["changed view api.daily: is not as it was deployed"],
    ),
    "view: exposed, no barrier": (
        "ALTER VIEW api.daily RESET (security_barrier)",
        ["changed view api.daily: is not as it was deployed"],
    ),
    "view: exposed, to others": (
        "GRANT SELECT ON api.daily TO service_role; REVOKE SELECT ON api.daily FROM anon",
        [
            "added SELECT on view api.daily to service_role: is in no spec",
            "missing SELECT on view api.daily to anon: was revoked",
        ],
    ),
    "trigger: a guard dropped": (
        "DROP TRIGGER pgspec_guard_update ON customers; DROP TRIGGER pgspec_audit_guard_delete ON pgspec.audit",
        [
            "missing trigger pgspec_audit_guard_delete ON pgspec.audit: does not exist",
            "missing trigger pgspec_guard_update ON public.customers: does not exist",
        ],
    ),
    "table: a trigger and a rule": (
        """CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER t AFTER INSERT ON pgspec.audit EXECUTE FUNCTION public.f();
        CREATE RULE r AS ON DELETE TO pgspec.audit DO INSTEAD NOTHING""",
        ["added trigger t on pgspec.audit: is in no spec", "added rule r on pgspec.audit: is in no spec"],
    ),
    "view: another query": (
        "CREATE OR REPLACE VIEW api.customers AS SELECT id, city FROM customers",
        ["changed view api.customers: is not as it was deployed"],
    ),
    "view: dropped": ("DROP VIEW api.customers", ["missing view api.customers: does not exist"]),
    "view: no longer the caller's rights": (
        "ALTER VIEW api.customers SET (security_invoker = off)",
        ["changed view api.customers: is not as it was deployed"],
    ),
    "view: a right more": (
        "GRANT SELECT ON api.customers TO anon",
        ["added SELECT on view api.customers to anon: is in no spec"],
    ),
    "view: owner and comment": (
        "ALTER VIEW api.customers OWNER TO keeper; COMMENT ON VIEW api.customers IS 'x'",
        [
            "changed view api.customers: belongs to keeper, its neighbours belong to postgres",
            "added comment on view api.customers: says 'x'",
            "missing DELETE, INSERT, SELECT, UPDATE on view api.customers to keeper: became the owner's own",
        ],
    ),
    "materialized view: another query": (
        """DROP MATERIALIZED VIEW orders_monthly;
        CREATE MATERIALIZED VIEW orders_monthly AS
          SELECT date_trunc('month', placed_on::timestamp) AS month, count(*) AS orders FROM orders_daily GROUP BY 1;
        CREATE UNIQUE INDEX orders_monthly_key ON orders_monthly (month); REVOKE ALL ON orders_monthly FROM PUBLIC""",
        ["changed materialized view public.orders_monthly: is not as it was deployed"],
    ),
    "materialized view: another query, and an index by hand": (
        """DROP MATERIALIZED VIEW orders_monthly;
        CREATE MATERIALIZED VIEW orders_monthly AS
          SELECT date_trunc('month', placed_on::timestamp) AS month, count(*) AS orders FROM orders_daily GROUP BY 1;
        CREATE UNIQUE INDEX orders_monthly_key ON orders_monthly (month); REVOKE ALL ON orders_monthly FROM PUBLIC;
        CREATE INDEX hand ON orders_monthly (orders)""",
        [
            "changed materialized view public.orders_monthly: is not as it was deployed",
            "added index public.hand: on public.orders_monthly is in no spec",
        ],
    ),
    "materialized view: dropped with what reads it": (
        "DROP MATERIALIZED VIEW orders_daily CASCADE",
        [
            "missing materialized view public.orders_daily: does not exist",
            "missing view api.daily: does not exist",
            "missing materialized view public.orders_monthly: does not exist",
        ],
    ),
    "materialized view: renamed": (
        "ALTER MATERIALIZED VIEW orders_monthly RENAME TO other",
        ["changed materialized view public.orders_monthly: is called public.other now"],
    ),
    "materialized view: one that another reads is renamed": (
        'ALTER MATERIALIZED VIEW orders_daily RENAME TO "O ther"',
        [
            'changed materialized view public.orders_daily: is called public."O ther" now',
            "changed view api.daily: is not as it was deployed",
            "changed materialized view public.orders_monthly: is not as it was deployed",
        ],
    ),
    "table: renamed": (
        "ALTER TABLE pgspec.audit RENAME TO old",
        [
            "changed table pgspec.audit: is called pgspec.old now",
            "changed view public.audit: is not as it was deployed",
        ],
    ),
    "materialized view: a table has taken the name": (
        "DROP MATERIALIZED VIEW orders_monthly; CREATE TABLE orders_monthly (month timestamp)",
        [
            "missing materialized view public.orders_monthly: does not exist",
            "added table public.orders_monthly: has the name of the materialized view; mending renames it",
        ],
    ),
    "materialized view: emptied": (
        "REFRESH MATERIALIZED VIEW orders_monthly WITH NO DATA",
        ["changed materialized view public.orders_monthly: is not populated"],
    ),
    "materialized view: options": (
        "ALTER MATERIALIZED VIEW orders_daily SET (fillfactor = 50, autovacuum_enabled = off)",
        [
            "changed materialized view public.orders_daily: has the options autovacuum_enabled=off, fillfactor=50",
        ],
    ),
    "materialized view: owner, comment, rights": (
        """ALTER MATERIALIZED VIEW orders_daily OWNER TO postgres; COMMENT ON MATERIALIZED VIEW orders_daily IS 'x';
        GRANT SELECT ON orders_daily TO service_role WITH GRANT OPTION; GRANT SELECT ON orders_daily TO PUBLIC""",
        [
            "changed materialized view public.orders_daily: belongs to postgres, the spec says keeper",
            "changed comment on materialized view public.orders_daily: says something else",
            "added SELECT on materialized view public.orders_daily to PUBLIC: is in no spec",
            "added SELECT with grant option on materialized view public.orders_daily to service_role: is in no spec",
        ],
    ),
    "materialized view: a column renamed": (
        "ALTER MATERIALIZED VIEW orders_monthly RENAME COLUMN orders TO n",
        ["changed materialized view public.orders_monthly: is not as it was deployed"],
    ),
    "index: dropped": (
        "DROP INDEX orders_daily_key",
        ["missing index public.orders_daily_key: does not exist"],
    ),
    "index: another one": (
        "DROP INDEX orders_daily_key; CREATE INDEX orders_daily_key ON orders_daily (placed_on, orders)",
        ["changed index public.orders_daily_key: is not as it was deployed"],
    ),
    "index: on another table": (
        "DROP INDEX orders_daily_key; CREATE UNIQUE INDEX orders_daily_key ON orders (id)",
        [
            "missing index public.orders_daily_key: does not exist",
            "added index public.orders_daily_key: has the name of the index; mending renames it",
        ],
    ),
    "index: invalid": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_daily_key'::regclass",
        ["changed index public.orders_daily_key: is invalid"],
    ),
    "index: renamed": (
        "ALTER INDEX orders_daily_key RENAME TO other",
        [
            "missing index public.orders_daily_key: does not exist",
            "added index public.other: on public.orders_daily is in no spec",
        ],
    ),
    "index: one more": (
        "CREATE INDEX ON orders_daily (revenue); CREATE INDEX ON pgspec.audit (txid)",
        [
            "added index pgspec.audit_txid_idx: on pgspec.audit is in no spec",
            "added index public.orders_daily_revenue_idx: on public.orders_daily is in no spec",
        ],
    ),
    "index: comment": (
        "COMMENT ON INDEX orders_daily_key IS 'x'",
        ["added comment on index public.orders_daily_key: says 'x'"],
    ),
    "function: another body": (
        """CREATE OR REPLACE FUNCTION pgspec.claim(name text) RETURNS text LANGUAGE sql STABLE
        SET search_path = pg_catalog, pg_temp AS 'SELECT name'""",
        ["changed function pgspec.claim(text): is not as it was deployed"],
    ),
    "function: altered": (
        """ALTER FUNCTION cache_get(text) COST 7; ALTER FUNCTION cache_get(text) RESET ALL;
        ALTER FUNCTION cache_get(text) SECURITY INVOKER""",
        ["changed function public.cache_get(text): is not as it was deployed"],
    ),
    "function: dropped": (
        "DROP FUNCTION enqueue_cache_invalidation(text, integer)",
        ["missing function public.enqueue_cache_invalidation(text, integer): does not exist"],
    ),
    "function: dropped with its triggers": (
        "DROP FUNCTION pgspec.cache_insert_public_orders() CASCADE",
        [
            "missing function pgspec.cache_insert_public_orders(): does not exist",
            "missing trigger pgspec_cache_insert ON public.orders: does not exist",
        ],
    ),
    "function: returns something else": (
        """DROP FUNCTION cache_get(text);
        CREATE FUNCTION cache_get(key text) RETURNS text LANGUAGE sql AS 'SELECT key';
        REVOKE ALL ON FUNCTION cache_get(text) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION cache_get(text) TO keeper, service_role""",
        ["changed function public.cache_get(text): is not as it was deployed"],
    ),
    "function: with a default": (
        "CREATE OR REPLACE FUNCTION cache_get(key text DEFAULT 'x') RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb'",
        ["changed function public.cache_get(text): is not as it was deployed"],
    ),
    "function: rights": (
        """GRANT EXECUTE ON FUNCTION cache_get(text) TO PUBLIC; GRANT EXECUTE ON FUNCTION pgspec.fingerprint TO anon;
        REVOKE EXECUTE ON FUNCTION cache_get(text) FROM keeper""",
        [
            "added EXECUTE on function pgspec.fingerprint(text, text) to anon: is in no spec",
            "added EXECUTE on function public.cache_get(text) to PUBLIC: is in no spec",
            "missing EXECUTE on function public.cache_get(text) to keeper: was revoked",
        ],
    ),
    "function: owner and comment": (
        "ALTER FUNCTION cache_get(text) OWNER TO keeper; COMMENT ON FUNCTION cache_get(text) IS 'x'",
        [
            "changed function public.cache_get(text): belongs to keeper, its neighbours belong to postgres",
            "added comment on function public.cache_get(text): says 'x'",
            "missing EXECUTE on function public.cache_get(text) to keeper: became the owner's own",
        ],
    ),
    "function: that which fingerprints": (
        """CREATE OR REPLACE FUNCTION pgspec.fingerprint(type text, name text) RETURNS text LANGUAGE sql STABLE
        AS 'SELECT fingerprint FROM pgspec.deployed_objects AS d WHERE (d.type, d.name) = ($1, $2)';
        DROP INDEX orders_daily_key""",
        [
            "changed function pgspec.fingerprint(text, text): is not as it was deployed",
            "missing index public.orders_daily_key: does not exist",
        ],
    ),
    "trigger: dropped": (
        "DROP TRIGGER pgspec_cache_insert ON orders",
        ["missing trigger pgspec_cache_insert ON public.orders: does not exist"],
    ),
    "trigger: disabled": (
        "ALTER TABLE orders DISABLE TRIGGER pgspec_cache_insert",
        ["changed trigger pgspec_cache_insert ON public.orders: is disabled"],
    ),
    "trigger: always": (
        "ALTER TABLE orders ENABLE ALWAYS TRIGGER pgspec_cache_insert",
        ["changed trigger pgspec_cache_insert ON public.orders: fires on replicas too"],
    ),
    "trigger: another one": (
        """CREATE OR REPLACE TRIGGER pgspec_cache_insert AFTER DELETE ON orders REFERENCING OLD TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_insert_public_orders()""",
        ["changed trigger pgspec_cache_insert ON public.orders: is not as it was deployed"],
    ),
    "trigger: renamed": (
        "ALTER TRIGGER pgspec_cache_insert ON orders RENAME TO other",
        [
            "missing trigger pgspec_cache_insert ON public.orders: does not exist",
            "added trigger other on public.orders: is in no spec",
        ],
    ),
    "trigger: one more, by its name": (
        """CREATE TRIGGER pgspec_mine AFTER INSERT ON orders
        FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_truncate_public_orders()""",
        ["added trigger pgspec_mine on public.orders: is in no spec"],
    ),
    "trigger: comment": (
        "COMMENT ON TRIGGER pgspec_cache_insert ON orders IS 'x'",
        ["added comment on trigger pgspec_cache_insert ON public.orders: says 'x'"],
    ),
    "policy: dropped": (
        "DROP POLICY readers ON customers",
        ["missing policy readers ON public.customers: does not exist"],
    ),
    "policy: other roles": (
        "ALTER POLICY readers ON customers TO PUBLIC",
        ["changed policy readers ON public.customers: is not as it was deployed"],
    ),
    "policy: another condition": (
        "ALTER POLICY locals ON customers USING (true)",
        ["changed policy locals ON public.customers: is not as it was deployed"],
    ),
    "policy: another command": (
        "DROP POLICY readers ON customers; CREATE POLICY readers ON customers AS RESTRICTIVE FOR ALL USING (true)",
        ["changed policy readers ON public.customers: is not as it was deployed"],
    ),
    "policy: one more": (
        "CREATE POLICY everybody ON customers USING (true)",
        ["added policy everybody on public.customers: is in no spec"],
    ),
    "policy: renamed, and a comment": (
        "ALTER POLICY readers ON customers RENAME TO other; COMMENT ON POLICY locals ON customers IS 'x'",
        [
            "added comment on policy locals ON public.customers: says 'x'",
            "missing policy readers ON public.customers: does not exist",
            "added policy other on public.customers: is in no spec",
        ],
    ),
    "row security: disabled": (
        "ALTER TABLE customers DISABLE ROW LEVEL SECURITY",
        ["changed row security on public.customers: is disabled, and binds the owner"],
    ),
    "row security: not for the owner": (
        "ALTER TABLE customers NO FORCE ROW LEVEL SECURITY",
        ["changed row security on public.customers: is enabled, and does not bind the owner"],
    ),
    "rights: more and less": (
        "GRANT INSERT, SELECT (city) ON customers TO anon; REVOKE DELETE ON customers FROM keeper",
        [
            "added INSERT, SELECT (city) on table public.customers to anon: is in no spec",
            "missing DELETE on table public.customers to keeper: was revoked",
        ],
    ),
    "registry: an entry less": (
        "DELETE FROM pgspec.deployed_objects WHERE name = 'public.orders_daily_key'",
        ["changed index public.orders_daily_key: is not recorded as deployed"],
    ),
    "registry: an entry more": (
        "INSERT INTO pgspec.deployed_objects VALUES ('view', 'public.x', 'y', 'z')",
        ["added view public.x: is recorded as deployed, and not in the release"],
    ),
    "registry: another definition": (
        "UPDATE pgspec.deployed_objects SET definition = 'x' WHERE name = 'public.cache_get(text)'",
        ["changed function public.cache_get(text): was deployed from another definition"],
    ),
    "registry: another fingerprint": (
        """UPDATE pgspec.deployed_objects SET fingerprint = 'x'
        WHERE name IN ('pgspec.audit', 'readers ON public.customers')""",
        [
            "changed table pgspec.audit: is not as it was deployed",
            f"changed policy readers ON public.customers: is not as it was deployed, {SAME}",
        ],
    ),
    "internal schema: other things": (
        """CREATE TABLE pgspec.t (a int PRIMARY KEY); CREATE VIEW pgspec.v AS SELECT 1 AS a; CREATE SEQUENCE pgspec.s;
        CREATE FUNCTION pgspec."F x"(a int, b text) RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE TYPE pgspec.e AS ENUM ();
        CREATE MATERIALIZED VIEW pgspec.m AS SELECT 1 AS a WHERE false""",
        [
            "added view pgspec.v: is in no spec",
            "added materialized view pgspec.m: is in no spec",
            "added table pgspec.t: is in no spec",
            'added function pgspec."F x"(integer, text): is in no spec',
            "added sequence pgspec.s: is in no spec",
            "added type pgspec.e: is in no spec",
        ],
    ),
}
# What mending cannot bring back as it was: a thing that took a name stands beside under another one.
LEFT = {
    "materialized view: a table has taken the name": ["+ table public.orders_monthly_by_hand"],
    "index: on another table": ["+ index public.orders_daily_key_by_hand"],
    "table: a trigger and a rule": ["+ function public.f()"],
}


@pytest.fixture(scope="module")
def project() -> Result:
    return first_release()


@pytest.fixture(scope="module")
def deployed(server: ScratchServer) -> Iterator[str]:
    """The name of a database with the release, to be copied."""
    with fresh_database(server) as made:
        with made.connect() as connection:
            deploy(connection)
        yield made.name


@pytest.fixture
def live(server: ScratchServer, deployed: str) -> Iterator[Database]:
    with fresh_database(server, deployed) as made:
        yield made


def passes(database: Database, project: Result) -> None:
    found = script(project)
    assert found is not None and verify(database.dsn, found[1])[0]


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_is_named_and_mended(live: Database, project: Result, what: str) -> None:
    edit, expected = EDITS[what]
    with live.connect() as connection:
        before = snapshot(connection)
        connection.execute(edit.encode())
        found = look(live, project)
        assert lines(found) == expected
        assert not found.clean
        mend(connection, found)
        assert [entry for entry in diff(before, snapshot(connection)) if entry not in LEFT.get(what, ())] == []
    assert lines(look(live, project)) == []
    passes(live, project)


def dropped(name: str, kind: str) -> str:
    """The statement that drops an object of ours, whatever hangs on it."""
    if kind == "row_security":
        return f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY"
    return f"DROP {kind.replace('_', ' ')} {name} CASCADE"


@pytest.mark.parametrize("case", ["audit_basic", "rls_error", "rls_names", "view_exposed", "view_names"])
def test_whatever_is_dropped_comes_back(server: ScratchServer, case: str) -> None:
    """Also under names that need every quote; each object in turn, and all of them in one database."""
    sources = from_disk(CASES / case)
    result = compile_project(sources)
    with fresh_database(server) as database, database.connect() as connection:
        base(connection, result, sources)
        run(connection, draft(result, "migrate.sql"))
        before = snapshot(connection)
        assert lines(look(database, result)) == []
        tried = [item for item in result.after.values() if TYPES[item.key.type].fingerprint]
        for item in tried:
            if item.key.name.endswith(".deployed_objects"):
                continue
            connection.execute(dropped(item.key.name, item.key.type).encode())
            found = look(database, result)
            assert any(str(item.key) in line for line in lines(found)), (item.key, lines(found))
            mend(connection, found)
            assert diff(before, snapshot(connection)) == [], item.key
            assert lines(look(database, result)) == [], item.key
        passes(database, result)
        assert len(tried) > 5


@pytest.mark.parametrize("kind", ["materialized_view", "view", "table", "function", "schema"])
def test_names_of_roles_and_columns_are_quoted(live: Database, project: Result, kind: str) -> None:
    with live.connect() as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = 'Odd \"one\"'").fetchone() is None:
            connection.execute('CREATE ROLE "Odd ""one"""')
        before = snapshot(connection)
        for key in [key for key in project.after if key.type == kind][:3]:  # of most, the owner is who they belong to
            on = kind if kind in ("function", "schema") else "TABLE"
            what = {"schema": "USAGE", "function": "EXECUTE"}.get(kind, "UPDATE")
            connection.execute(f'GRANT {what} ON {on} {key.name} TO "Odd ""one"""'.encode())
            connection.execute(f'ALTER {kind.replace("_", " ")} {key.name} OWNER TO "Odd ""one"""'.encode())
            connection.execute(f"COMMENT ON {kind.replace('_', ' ')} {key.name} IS 'it''s $pgspec$ \\'".encode())
        found = look(live, project)
        assert len(found.findings) >= 2
        mend(connection, found)
        assert diff(before, snapshot(connection)) == []


@pytest.mark.parametrize("case", VALID)
def test_no_case_raises_an_alarm(server: ScratchServer, case: str) -> None:
    sources = from_disk(CASES / case)
    result = compile_project(sources)
    with fresh_database(server) as database:
        with database.connect() as connection:
            base(connection, result, sources)
            for release in result.releases:
                run(connection, release.files["migrate.sql"].decode())
            if result.draft.changes:
                run(connection, draft(result, "migrate.sql"))
        assert lines(look(database, result)) == []


def test_a_right_of_the_owner_s_own_is_no_grant(database: Database) -> None:
    keepers = SPECS["daily.yaml"].replace("[service_role]", "[keeper, service_role]")
    result = shop({"daily.yaml": keepers})
    with database.connect() as connection:
        make_roles(connection)
        run(connection, SCHEMA)
        run(connection, draft(result, "migrate.sql"))
    assert lines(look(database, result)) == []


def test_default_rights_on_sequences_reach_none_of_ours(database: Database) -> None:
    project = shop()
    with database.connect() as connection:
        make_roles(connection)
        run(connection, SCHEMA)
        connection.execute("ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO PUBLIC, anon, keeper, service_role")
        run(connection, draft(project, "migrate.sql"))
        assert lines(look(database, project)) == []
        passes(database, project)
        connection.execute("GRANT USAGE ON SEQUENCE cache_invalidation_queue_id_seq TO anon")
        found = script(project)
        assert found is not None
        passed, said = verify(database.dsn, found[1])
        assert not passed
        assert "table public.cache_invalidation_queue: has a sequence that others than its owner may use" in said


def test_whoever_deploys_need_be_no_superuser(database: Database) -> None:
    project = shop({name: text for name, text in SPECS.items() if name != "audit.yaml"})
    with database.connect() as connection:
        make_roles(connection)
        if connection.execute("SELECT FROM pg_roles WHERE rolname = 'deployer'").fetchone() is None:
            connection.execute("CREATE ROLE deployer LOGIN")
        connection.execute("GRANT keeper TO deployer")
        connection.execute(f"GRANT CREATE ON DATABASE {database.name} TO deployer".encode())
        connection.execute("GRANT CREATE ON SCHEMA public TO deployer, keeper")
    with database.connect("deployer") as connection:
        run(connection, SCHEMA)
        connection.execute("GRANT CREATE, USAGE ON SCHEMA api TO keeper")
        run(connection, draft(project, "migrate.sql"))
        assert lines(look(database, project, user="deployer")) == []
        before = snapshot(connection)
        connection.execute("""DROP INDEX orders_daily_key; ALTER POLICY readers ON customers TO PUBLIC;
            ALTER TABLE orders DISABLE TRIGGER USER; GRANT ALL ON cache_entries TO anon; DROP VIEW api.customers;
            CREATE OR REPLACE FUNCTION pgspec.claim(name text) RETURNS text LANGUAGE sql AS 'SELECT name'""")
        found = look(database, project, user="deployer")
        assert len(found.findings) == 9
        mend(connection, found)
        assert diff(before, snapshot(connection)) == []


def test_names_that_no_spec_could_have(live: Database, project: Result) -> None:
    """What somebody made by hand may be called anything, and none of it becomes SQL."""
    odd = 'a\n$pgspec$; DROP TABLE orders; --"" '
    with live.connect() as connection:
        before = snapshot(connection)
        connection.execute(
            f"""CREATE ROLE "{odd}"; CREATE INDEX "{odd}" ON orders_daily (revenue);
            GRANT SELECT ON orders_monthly TO "{odd}"; CREATE POLICY "{odd}" ON customers USING (true);
            CREATE FUNCTION pgspec."{odd}"("{odd}" int) RETURNS int LANGUAGE sql AS 'SELECT 1';
            ALTER FUNCTION cache_get(text) OWNER TO "{odd}"; COMMENT ON SCHEMA pgspec IS '{odd}'""".encode()
        )
        try:
            found = look(live, project)
            assert len(found.findings) == 6
            assert len(report.render("text", found).splitlines()) == 8
            mend(connection, found)
            assert diff(before, snapshot(connection)) == []
        finally:
            connection.execute(f'DROP OWNED BY "{odd}" CASCADE; DROP ROLE "{odd}"'.encode())


SETTINGS = [
    "search_path=public,pgspec,api",
    "search_path=",
    "quote_all_identifiers=on",
    "standard_conforming_strings=off",
    "datestyle=German,DMY",
    "intervalstyle=iso_8601",
    "timezone=Asia/Tokyo",
    "bytea_output=escape",
    "extra_float_digits=-3",
    "xmlbinary=hex",
    "lc_monetary=C",
    "row_security=off",
    "default_transaction_isolation=serializable",
]


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_session_s_settings_raise_no_alarm(live: Database, project: Result, setting: str) -> None:
    option = setting.replace(" ", "\\ ")
    assert lines(look(live, project, options=f"-c {option}")) == []


HARMLESS = {
    "maintenance": """REINDEX TABLE orders_daily; REINDEX TABLE pgspec.audit; VACUUM FULL;
        CLUSTER pgspec.audit USING audit_pkey; ANALYZE;
        REFRESH MATERIALIZED VIEW CONCURRENTLY orders_daily; REFRESH MATERIALIZED VIEW orders_monthly""",
    "a column renamed, and back": """ALTER TABLE orders RENAME placed_on TO x; ALTER TABLE orders RENAME x TO placed_on;
        ALTER TABLE customers RENAME city TO x; ALTER TABLE customers RENAME x TO city""",
    "work": """INSERT INTO orders VALUES (3, 1, '2025-03-01', 9, NULL); DELETE FROM orders WHERE id = 3;
        SELECT drain_cache_invalidation_queue(); DELETE FROM customers WHERE id = 3""",
    "what belongs to others": """CREATE INDEX ON orders (coupon); CREATE TABLE other (id int);
        CREATE VIEW api.v AS SELECT 1 AS a;
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER t AFTER INSERT ON customers EXECUTE FUNCTION f(); GRANT SELECT ON orders TO anon;
        ALTER TABLE other ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON other USING (true);
        ALTER TABLE customers ADD COLUMN note text; COMMENT ON TABLE customers IS 'x'; CREATE SCHEMA pgspec_other""",
    "storage and planning": """ALTER TABLE pgspec.audit ALTER COLUMN at SET STATISTICS 500;
        CREATE STATISTICS s ON id, at FROM pgspec.audit;
        ALTER TABLE pgspec.audit REPLICA IDENTITY FULL""",
    "the role's and the database's settings": "ALTER ROLE postgres SET search_path = public, api",
}


@pytest.mark.parametrize("what", HARMLESS)
def test_what_changes_nothing_of_ours_raises_no_alarm(live: Database, project: Result, what: str) -> None:
    with live.connect() as connection:
        run(connection, HARMLESS[what])
    try:
        assert lines(look(live, project)) == []
    finally:
        with live.connect() as connection:
            connection.execute("ALTER ROLE postgres RESET ALL")


@pytest.mark.parametrize("options", [[], ["--no-owner"]], ids=["as it is", "to another owner"])
def test_a_restored_dump_raises_no_alarm(
    server: ScratchServer, live: Database, project: Result, options: list[str]
) -> None:
    command = [server.server.bin / "pg_dump", "--inserts", *options, "--dbname", live.dsn]
    script_ = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    with fresh_database(server) as copy:
        user = "postgres" if not options else "restorer"
        with copy.connect() as connection:
            if connection.execute("SELECT FROM pg_roles WHERE rolname = 'restorer'").fetchone() is None:
                connection.execute("CREATE ROLE restorer LOGIN SUPERUSER")
        with copy.connect(user) as connection:
            connection.execute("\n".join(n for n in script_.split("\n") if not n.startswith("\\")).encode())
        found = lines(look(copy, project))
        # Without owners in the dump, what a spec gives an owner has none.
        views = ("materialized view public.orders_daily", "view api.daily")
        assert [line for line in found if not any(view in line for view in views)] == []
        owners = [line for line in found if "belongs to" in line]
        assert owners == [f"changed {v}: belongs to restorer, the spec says keeper" for v in views if options]
        assert options or not found


@pytest.mark.skipif(len(MAJORS) < 2, reason="takes two majors")
def test_after_an_upgrade_views_are_named_once(project: Result) -> None:
    """A newer server writes queries otherwise; what is made again there is recorded as it writes it."""
    with (
        scratch_server(MAJORS[0]) as old,
        scratch_server(MAJORS[-1]) as new,
        fresh_database(old) as before,
        fresh_database(new) as after,
    ):
        with before.connect() as connection:
            deploy(connection)
        dump = [new.server.bin / "pg_dump", "--inserts", "--dbname", before.dsn]
        text = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
        with after.connect() as connection:
            make_roles(connection)
            connection.execute("\n".join(line for line in text.split("\n") if not line.startswith("\\")).encode())
            found = look(after, project)
            assert all("view " in finding.object and finding.kind == "changed" for finding in found.findings)
            mend(connection, found)
        assert lines(look(after, project)) == []
        passes(after, project)


def test_a_role_that_can_read_is_enough(live: Database, project: Result) -> None:
    with live.connect() as connection:
        connection.execute("DROP ROLE IF EXISTS watcher; CREATE ROLE watcher LOGIN")
        with pytest.raises(ScratchError, match=r"permission denied .*\nask as .*GRANT pg_read_all_data TO its_name"):
            look(live, project, user="watcher")
        connection.execute("GRANT pg_read_all_data TO watcher")
        assert lines(look(live, project, user="watcher")) == []
        connection.execute("ALTER TABLE orders DISABLE TRIGGER pgspec_cache_insert; DROP INDEX orders_daily_key")
        assert lines(look(live, project, user="watcher")) == lines(look(live, project)) != []
        connection.execute("DROP OWNED BY watcher; DROP ROLE watcher")


def test_the_database_is_only_read(live: Database, project: Result) -> None:
    """Also when a function of its own, or the registry itself, is a trap."""
    drops = "LANGUAGE plpgsql AS 'BEGIN DROP TABLE public.orders CASCADE; RETURN NULL; END'"
    with live.connect() as connection:
        connection.execute(
            f"CREATE OR REPLACE FUNCTION pgspec.fingerprint(type text, name text) RETURNS text {drops}".encode()
        )
        before = snapshot(connection)
        assert lines(look(live, project)) == [
            "changed function pgspec.fingerprint(text, text): is not as it was deployed"
        ]
        connection.execute(
            f"""CREATE FUNCTION f() RETURNS text {drops}; ALTER TABLE pgspec.deployed_objects RENAME TO other;
            CREATE VIEW pgspec.deployed_objects AS SELECT type, name, definition, f() AS fingerprint FROM pgspec.other
            """.encode()
        )
        with pytest.raises(ScratchError, match="cannot execute DROP TABLE in a read-only transaction"):
            look(live, project)
        connection.execute("DROP VIEW pgspec.deployed_objects; ALTER TABLE pgspec.other RENAME TO deployed_objects")
        connection.execute("DROP FUNCTION f()")
        assert diff(before, snapshot(connection)) == []


def test_a_table_that_was_dropped_is_made_again(live: Database, project: Result) -> None:
    with live.connect() as connection:
        before = snapshot(connection)
        connection.execute("DROP TABLE pgspec.audit CASCADE; DROP TABLE cache_entries CASCADE")
        found = look(live, project)
        assert {"missing table public.cache_entries: does not exist", "missing table pgspec.audit: does not exist"} <= (
            {*lines(found)}
        )
        mend(connection, found)
        assert diff(before, snapshot(connection)) == []
    passes(live, project)


def test_a_table_that_was_renamed_keeps_its_rows(live: Database, project: Result) -> None:
    with live.connect() as connection:
        rows = connection.execute("SELECT * FROM pgspec.audit").fetchall()
        assert rows
        connection.execute("ALTER TABLE pgspec.audit RENAME TO old; ALTER INDEX pgspec.audit_at RENAME TO old_at")
        mend(connection, look(live, project))
        assert lines(look(live, project)) == [
            "missing index pgspec.audit_at: does not exist",
            "added index pgspec.old_at: on pgspec.audit is in no spec",
        ]
        mend(connection, look(live, project))
        assert lines(look(live, project)) == []
        assert connection.execute("SELECT * FROM pgspec.audit").fetchall() == rows


def test_a_column_that_was_renamed_keeps_its_values(live: Database, project: Result) -> None:
    with live.connect() as connection:
        rows = connection.execute("SELECT * FROM audit").fetchall()
        assert rows
        connection.execute("ALTER TABLE pgspec.audit RENAME db_role TO acting")
        connection.execute("ALTER TABLE pgspec.audit RENAME session_role TO login")
        mend(connection, look(live, project))
        assert lines(look(live, project)) == []
        assert connection.execute("SELECT * FROM audit").fetchall() == rows


def test_a_column_that_was_dropped_comes_back_as_the_last(live: Database, project: Result) -> None:
    with live.connect() as connection:
        with pytest.raises(psycopg.errors.DependentObjectsStillExist):
            connection.execute("ALTER TABLE pgspec.audit DROP COLUMN request_id")
        connection.execute("ALTER TABLE pgspec.audit DROP COLUMN request_id CASCADE")
        found = look(live, project)
        assert lines(found) == [
            "changed table pgspec.audit: column request_id is missing",
            "missing view public.audit: does not exist",
        ]
        mend(connection, found)
    assert lines(look(live, project)) == []
    passes(live, project)


def test_rows_are_never_lost_in_silence(live: Database, project: Result) -> None:
    with live.connect() as connection:
        connection.execute("""ALTER TABLE pgspec.audit ADD COLUMN extra text; UPDATE pg_trigger SET tgenabled = 'D'
            WHERE tgrelid = 'pgspec.audit'::regclass""")
        connection.execute("UPDATE pgspec.audit SET extra = 'mine'")
        connection.execute("UPDATE pg_trigger SET tgenabled = 'O' WHERE tgrelid = 'pgspec.audit'::regclass")
        connection.execute("CREATE TABLE pgspec.mine AS SELECT 1 AS a")
        found = look(live, project)
        before = snapshot(connection)
        for lost in ("rows of pgspec.mine", "the column extra of pgspec.audit"):
            with pytest.raises(psycopg.errors.RaiseException, match=f"mend: {lost} would be lost"):
                mend(connection, found)
            assert diff(before, snapshot(connection)) == []
            connection.execute("DROP TABLE IF EXISTS pgspec.mine")
            found, before = look(live, project), snapshot(connection)
        connection.execute("SET pgspec.allow_data_loss = on")
        mend(connection, found)
    assert lines(look(live, project)) == []


def test_what_only_people_can_restore_is_said(live: Database, project: Result) -> None:
    with live.connect() as connection:
        connection.execute("DROP TABLE customers CASCADE")
        found = look(live, project)
        assert (
            "missing row security on public.customers: its table public.customers does not exist: restore that first"
            in (lines(found))
        )
        assert "CREATE POLICY" not in report.sql(found)


def test_it_says_which_release_is_deployed(live: Database) -> None:
    first = released(shop(), RELEASE)
    described = SPECS | {"monthly.yaml": SPECS["monthly.yaml"] + "description: By month.\n"}
    draft_ = shop(described, first)
    assert (look(live, draft_).deployed, look(live, draft_).clean) == (RELEASE, True)
    second = shop(described, released(draft_, "20250202000000_second"))
    # Nothing that is recorded differs, so the comment tells.
    found = look(live, second)
    assert (found.deployed, found.exact, found.behind, lines(found)) == (RELEASE, True, "20250202000000_second", [])
    assert not found.clean
    with live.connect() as connection:
        run(connection, draft(draft_, "migrate.sql"))
    found = look(live, second)
    assert (found.deployed, found.behind, found.clean) == ("20250202000000_second", "", True)
    assert (look(live, draft_).deployed, look(live, draft_).clean) == ("the draft", True)
    with live.connect() as connection:
        connection.execute("DELETE FROM pgspec.deployed_objects WHERE name = 'public.orders_daily_key'")
    assert not look(live, second).exact


@pytest.fixture
def folder(tmp_path: Path, project: Result) -> Path:
    files = {"specs/project.yaml": PROJECT, "specs/schema.sql": SCHEMA, **project.files}
    files |= {f"specs/{name}": text for name, text in SPECS.items()}
    return write(tmp_path, files)


def command(folder: Path, database: Database, *arguments: str) -> Invoked:
    return CliRunner().invoke(cli, ["-C", str(folder), "drift", "--database", database.dsn, *arguments])


def test_the_command(folder: Path, live: Database) -> None:
    quiet = command(folder, live)
    assert (quiet.exit_code, quiet.stdout) == (0, f"{RELEASE} is deployed: no drift\n")
    assert command(folder, live, "--format", "sql").stdout == f"-- {RELEASE} is deployed: no drift\n"
    assert json.loads(command(folder, live, "--format", "json").stdout)["findings"] == []
    with live.connect() as connection:
        connection.execute("GRANT SELECT ON orders_monthly TO anon; ALTER POLICY readers ON customers TO PUBLIC")
    loud = command(folder, live)
    assert (loud.exit_code, loud.stdout) == (
        1,
        f"""{RELEASE} is deployed: 2 differences
changed policy readers ON public.customers: is not as it was deployed
    @@ -1,4 +1,4 @@
     permissive
     for select
    -to keeper
    +to public
     using (SELECT pgspec.claim('role')) = 'reader'
added   SELECT on materialized view public.orders_monthly to anon: is in no spec (granted by postgres)
`--format sql` prints what mends it, `--fix FILE` writes it
""",
    )
    shown = json.loads(command(folder, live, "--format", "json").stdout)
    assert shown["deployed"] == RELEASE
    assert shown["findings"][1] == {
        "kind": "added",
        "object": "SELECT on materialized view public.orders_monthly to anon",
        "what": "is in no spec",
        "by": "granted by postgres",
        "diff": [],
        "mend": "REVOKE SELECT ON TABLE public.orders_monthly FROM anon CASCADE;",
    }
    markdown = command(folder, live, "--format", "markdown").stdout
    assert "## changed: policy readers ON public.customers\n" in markdown
    assert "```sql\nDROP POLICY readers ON public.customers;\nCREATE POLICY readers" in markdown
    fixed = command(folder, live, "--fix", "mend.sql", "--format", "sql")
    assert fixed.exit_code == 1
    assert (folder / "mend.sql").read_text("utf-8") == fixed.stdout == shown["mend"]
    with live.connect() as connection:
        run(connection, fixed.stdout)
    assert command(folder, live).exit_code == 0


def test_what_cannot_be_told(folder: Path, live: Database, database: Database) -> None:
    empty = command(folder, database)
    assert empty.exit_code == 2
    assert empty.stderr.startswith("error: nothing is deployed here: pgspec.deployed_objects does not exist\n")
    assert command(folder, live, "--fix", "no/such/folder").exit_code == 2
    assert CliRunner().invoke(cli, ["-C", str(folder), "drift"]).exit_code == 2
    nobody = CliRunner().invoke(cli, ["-C", str(folder), "drift", "--database", "host=127.0.0.1 port=1"])
    (folder / "specs" / "broken.yaml").write_text("kind: nothing\n", "utf-8")
    broken = command(folder, live)
    assert broken.exit_code == 2 and "drift cannot be told" in broken.stderr
    assert nobody.exit_code == 2 and nobody.stderr.startswith("error: the database cannot be asked: ")


def test_the_page_shows_what_it_says(folder: Path, live: Database) -> None:
    with live.connect() as connection:
        connection.execute("ALTER POLICY readers ON customers TO PUBLIC; DROP INDEX orders_daily_key")
        connection.execute("GRANT SELECT ON orders_monthly TO anon")
    page = (Path(__file__).parents[1] / "docs" / "drift.md").read_text("utf-8")
    assert f"```\n{command(folder, live).stdout}```\n" in page
