"""The example's cache: what the application and its dashboards rely on, each statement in a session of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from live import Database, fresh_database
from pgspec import testing
from pgspec.compile import compile_project
from pgspec.scratch import ScratchServer
from pgspec.sources import from_disk
from shop import statements

ROOT = Path(__file__).parents[1]
SPECIALTY = "5a000000-0000-4000-8000-000000000001"
ALICE = "22222222-2222-4222-8222-222222222222"
MAPPINGS = {
    "INSERT INTO profiles (role, business_name, specialty_id) VALUES ('vendor', 'New', %(specialty)s)": {
        "search:vendors",
        "search:provider",
        f"search:specialty:{SPECIALTY}",
    },
    "INSERT INTO profiles (role) VALUES ('customer')": set(),
    "UPDATE profiles SET business_name = 'Other' WHERE id = %(alice)s": {
        "search:vendors",
        "search:provider",
        f"search:specialty:{SPECIALTY}",
        "search:geo:Lisbon",
    },
    "UPDATE profiles SET updated_at = now(), verified_at = now()": set(),
    "UPDATE specialties SET name = upper(name)": {"specialties", "search:specialties"},
    "UPDATE services SET price = price + 1 WHERE provider_id = %(alice)s": {
        "services",
        "search:services",
        "search:provider",
        f"services:provider:{ALICE}",
    },
    "DELETE FROM services WHERE name = 'Odd job'": {
        "services",
        "search:services",
        "search:provider",
        "services:provider:44444444-4444-4444-8444-444444444444",
    },
    "INSERT INTO locations (city) VALUES ('Porto')": {"location", "search:geo", "search:location"},
    "UPDATE locations SET created_at = now()": set(),
    # The foreign key sets specialty_id to NULL: the cascade is a write like any other.
    "DELETE FROM specialties WHERE id = %(specialty)s": {
        "specialties",
        "search:specialties",
        "search:vendors",
        "search:provider",
        f"search:specialty:{SPECIALTY}",
        "search:geo:Lisbon",
    },
}


@pytest.fixture(scope="module")
def shop(server: ScratchServer) -> Iterator[Database]:
    """The example with its fixtures, as `schema.sql` installs it."""
    result = compile_project(from_disk(ROOT))
    assert result.program is not None
    with fresh_database(server) as database:
        with database.connect() as connection:
            connection.execute((ROOT / "specs" / "schema.sql").read_text("utf-8"))
            for statement in statements(result.files["generated/schema.sql"]):
                connection.execute(statement)
            testing._fixtures(testing._Run(connection, lambda *_: None), result)
        yield database


def one(database: Database, statement: str, *values: Any) -> Any:
    """The first value, from a session of its own in autocommit."""
    with database.connect() as connection:
        row = connection.execute(statement.encode(), list(values) or None).fetchone()
        return row[0] if row else None


def test_two_calls_leave_one_row(shop: Database) -> None:
    for _ in range(2):
        one(shop, "SELECT enqueue_cache_invalidation('test:tag', 1)")
    assert one(shop, "SELECT COUNT(*) FROM cache_invalidation_queue WHERE tag = 'test:tag'") == 1


def test_the_queue_drains(shop: Database) -> None:
    one(shop, "SELECT enqueue_cache_invalidation('test:drain', 1)")
    assert one(shop, "SELECT drain_cache_invalidation_queue(100, 60)") >= 1
    assert one(shop, "SELECT pending FROM cache_invalidation_health") == 0
    assert (
        one(shop, "SELECT count(*) FROM cache_invalidation_queue WHERE tag = 'test:drain' AND processed_at IS NULL")
        == 0
    )


def test_a_vendor_that_changes_its_name_is_searched_anew(shop: Database) -> None:
    one(shop, "SELECT drain_cache_invalidation_queue()")
    with shop.connect() as connection:
        connection.execute("UPDATE profiles SET business_name = business_name || '!' WHERE role = 'vendor'")
    assert (
        one(shop, "SELECT count(*) FROM cache_invalidation_queue WHERE tag LIKE 'search:%' AND processed_at IS NULL")
        >= 3
    )


def test_every_view_has_a_unique_index(shop: Database) -> None:
    without = """
        SELECT count(*) FROM pg_matviews m WHERE NOT EXISTS (
          SELECT 1 FROM pg_indexes i
          WHERE i.schemaname = m.schemaname AND i.tablename = m.matviewname AND i.indexdef LIKE '%UNIQUE%')"""
    assert one(shop, without) == 0
    assert one(shop, "SELECT count(*) FROM pg_matviews") == 7


@pytest.mark.parametrize("write", MAPPINGS)
def test_what_a_write_makes_stale(shop: Database, write: str) -> None:
    with shop.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("DELETE FROM cache_invalidation_queue")
        connection.execute(write.encode(), {"specialty": SPECIALTY, "alice": ALICE})
        tags = {tag for (tag,) in connection.execute("SELECT tag FROM cache_invalidation_queue")}
    assert tags == MAPPINGS[write]


def test_a_cached_search_lives_until_its_vendors_change(shop: Database) -> None:
    tag = [f"search:specialty:{SPECIALTY}"]
    versions = one(shop, "SELECT cache_tag_versions(%s)", tag)
    assert one(shop, "SELECT cache_put('search', '[1]', %s, %s, '5 minutes')", tag, versions) is True
    assert one(shop, "SELECT cache_get('search')") == [1]
    with shop.connect() as connection:
        connection.execute("UPDATE profiles SET display_name = 'A.' WHERE id = %s", [ALICE])
    one(shop, "SELECT drain_cache_invalidation_queue(1000, 1)")
    assert one(shop, "SELECT cache_get('search')") is None
    assert one(shop, "SELECT cache_put('search', '[1]', %s, %s, '5 minutes')", tag, versions) is False


def test_nobody_but_the_service_has_the_cache(shop: Database) -> None:
    calls = (
        "SELECT drain_cache_invalidation_queue()",
        "SELECT * FROM cache_invalidation_health",
        "SELECT cache_get('x')",
    )
    for role, allowed in (("anon", False), ("authenticated", False), ("service_role", True)):
        for call in (*calls, "SELECT enqueue_cache_invalidation('x')", "SELECT * FROM cache_entries"):
            with shop.connect() as connection, connection.transaction(force_rollback=True):
                connection.execute(f"SET ROLE {role}".encode())
                if allowed:
                    connection.execute(call.encode())
                else:
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        connection.execute(call.encode())
        with shop.connect() as connection, connection.transaction(force_rollback=True):
            connection.execute(f"SET ROLE {role}".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("INSERT INTO cache_invalidation_queue (tag) VALUES ('forged')")
