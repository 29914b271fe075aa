"""verify.sql names whatever is changed, dropped, disabled or opened of the cache runtime and its triggers."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from live import Database, fresh_database
from pgspec.compile import Result, compile_project
from pgspec.scratch import ScratchServer
from pgspec.sources import from_disk
from shop import draft, statements

CASE = Path(__file__).parent / "cases" / "invalidation_basic"
ENQUEUE = "CREATE OR REPLACE FUNCTION pgspec.enqueue_tags(tags text[], join_window interval) RETURNS integer"
AS_DEPLOYED = "is not as it was deployed from these specs"
BREAKS = {
    "a trigger is dropped": (
        "DROP TRIGGER pgspec_cache_update ON orders",
        "trigger pgspec_cache_update on public.orders: does not exist",
    ),
    "a trigger is disabled": (
        "ALTER TABLE orders DISABLE TRIGGER pgspec_cache_insert",
        "trigger pgspec_cache_insert on public.orders: is disabled: writes are not seen",
    ),
    "a trigger fires for replicas only": (
        "ALTER TABLE orders ENABLE REPLICA TRIGGER pgspec_cache_insert",
        "trigger pgspec_cache_insert on public.orders: is disabled: writes are not seen",
    ),
    "a trigger is for another event": (
        """CREATE OR REPLACE TRIGGER pgspec_cache_insert AFTER UPDATE ON orders
        REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_insert_public_orders()""",
        "trigger pgspec_cache_insert on public.orders: is for other events",
    ),
    "a trigger fires for each row": (
        """DROP TRIGGER pgspec_cache_insert ON orders;
        CREATE TRIGGER pgspec_cache_insert AFTER INSERT ON orders
        FOR EACH ROW EXECUTE FUNCTION pgspec.cache_insert_public_orders()""",
        "trigger pgspec_cache_insert on public.orders: is for other events",
    ),
    "a trigger calls another function": (
        """CREATE OR REPLACE TRIGGER pgspec_cache_delete AFTER DELETE ON orders REFERENCING OLD TABLE AS old_rows
        FOR EACH STATEMENT EXECUTE FUNCTION pgspec.cache_truncate_public_orders()""",
        "calls another function than pgspec.cache_delete_public_orders()",
    ),
    "a trigger has a condition": (
        """CREATE OR REPLACE TRIGGER pgspec_cache_delete AFTER DELETE ON orders REFERENCING OLD TABLE AS old_rows
        FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION pgspec.cache_delete_public_orders()""",
        f"trigger pgspec_cache_delete on public.orders: {AS_DEPLOYED}",
    ),
    "a trigger function is emptied": (
        """CREATE OR REPLACE FUNCTION pgspec.cache_insert_public_orders() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN RETURN NULL; END'""",
        f"function pgspec.cache_insert_public_orders(): {AS_DEPLOYED}",
    ),
    "a trigger function loses its rights": (
        "ALTER FUNCTION pgspec.cache_insert_public_orders() SECURITY INVOKER",
        f"function pgspec.cache_insert_public_orders(): {AS_DEPLOYED}",
    ),
    "the queue's function loses writes": (
        f"{ENQUEUE} LANGUAGE sql AS 'SELECT 0'",
        f"function pgspec.enqueue_tags(text[], interval): {AS_DEPLOYED}",
    ),
    "a function is open to everybody": (
        "GRANT EXECUTE ON FUNCTION cache.drain_cache_invalidation_queue TO PUBLIC",
        "function cache.drain_cache_invalidation_queue(integer, integer): can be executed by others",
    ),
    "a function is closed to the worker": (
        "REVOKE EXECUTE ON FUNCTION cache.claim_cache_invalidations FROM worker",
        "function cache.claim_cache_invalidations(integer, integer): can be executed by others",
    ),
    "the queue is open to the API": (
        "GRANT INSERT ON cache.cache_invalidation_queue TO anon",
        "access to cache.cache_invalidation_queue: is {anon INSERT, worker SELECT}, the spec says {worker SELECT}",
    ),
    "the queue has another default": (
        "ALTER TABLE cache.cache_invalidation_queue ALTER max_retries SET DEFAULT 0",
        f"table cache.cache_invalidation_queue: {AS_DEPLOYED}",
    ),
    "the queue lost a constraint": (
        "ALTER TABLE cache.cache_invalidation_queue DROP CONSTRAINT cache_invalidation_queue_tag_check",
        f"table cache.cache_invalidation_queue: {AS_DEPLOYED}",
    ),
    "the queue survives no crash": (
        "ALTER TABLE cache.cache_invalidation_queue SET UNLOGGED",
        f"table cache.cache_invalidation_queue: {AS_DEPLOYED}",
    ),
    "the queue lost an index": (
        "DROP INDEX cache.cache_invalidation_queue_due",
        "index cache.cache_invalidation_queue_due on cache.cache_invalidation_queue: does not exist",
    ),
    "an index holds other rows": (
        """DROP INDEX cache.cache_invalidation_queue_due;
        CREATE INDEX cache_invalidation_queue_due ON cache.cache_invalidation_queue (visible_at, id)
        WHERE processed_at IS NULL""",
        f"index cache.cache_invalidation_queue_due on cache.cache_invalidation_queue: {AS_DEPLOYED}",
    ),
    "the health view says something else": (
        """CREATE OR REPLACE VIEW cache.cache_invalidation_health AS SELECT 0::bigint AS total, 0::bigint AS pending,
        0::bigint AS due, 0::bigint AS leased, 0::bigint AS joined, 0::bigint AS retried, 0::bigint AS dead,
        interval '0' AS average_age, interval '0' AS greatest_age""",
        f"view cache.cache_invalidation_health: {AS_DEPLOYED}",
    ),
}


@pytest.fixture(scope="module")
def project() -> Result:
    return compile_project(from_disk(CASE))


@pytest.fixture(scope="module")
def deployed(server: ScratchServer, project: Result) -> Iterator[Database]:
    """The case, deployed once; each test undoes what it breaks."""
    with fresh_database(server) as database:
        with database.connect() as connection:
            for role in ("anon", "worker"):
                if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
                    connection.execute(f"CREATE ROLE {role}")
            connection.execute((CASE / "specs" / "schema.sql").read_text("utf-8"))
            for statement in statements(draft(project, "migrate.sql")):
                connection.execute(statement)
        yield database


def test_passes_on_what_was_deployed(deployed: Database, project: Result) -> None:
    with deployed.connect() as connection:
        notices: list[str] = []
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        connection.execute(draft(project, "verify.sql"))
    assert len(notices) == 1 and re.fullmatch(r"verify: \d\d\d checks passed", notices[0])


@pytest.mark.parametrize("what", BREAKS)
def test_names_what_is_broken(deployed: Database, project: Result, what: str) -> None:
    sabotage, expected = BREAKS[what]
    with deployed.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(sabotage)
        with pytest.raises(psycopg.errors.RaiseException) as caught:
            connection.execute(draft(project, "verify.sql"))
    assert expected in str(caught.value)


def test_the_rollback_refuses_until_it_is_told_or_has_nothing_to_lose(deployed: Database, project: Result) -> None:
    with deployed.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("SELECT cache.enqueue_cache_invalidation('a'), cache.enqueue_cache_invalidation('b')")
        rollback = statements(draft(project, "rollback.sql"))[1]
        with pytest.raises(psycopg.errors.RaiseException) as refused, connection.transaction():
            connection.execute(rollback)
        assert (
            "rollback: 2 cache invalidations that are not done in cache.cache_invalidation_queue would be lost"
            in str(refused.value)
        )
        hint = refused.value.diag.message_hint or ""
        assert "SELECT cache.drain_cache_invalidation_queue()" in hint and "SET pgspec.allow_data_loss = on" in hint
        with connection.transaction(force_rollback=True):
            connection.execute("SET pgspec.allow_data_loss = on")
            connection.execute(rollback)
        connection.execute("SELECT cache.drain_cache_invalidation_queue()")
        connection.execute(rollback)
        assert connection.execute("SELECT to_regclass('cache.cache_invalidation_queue')").fetchone() == (None,)
