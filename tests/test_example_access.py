"""The example's access as its team meets it: who reads the audit log, who is told why not, and what is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from live import Database
from pgspec import testing
from pgspec.compile import compile_project
from pgspec.sources import from_disk
from shop import statements

ROOT = Path(__file__).parents[1]
ADMIN = {"sub": "11111111-1111-4111-8111-111111111111", "role": "admin"}
ALICE = {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}
DAVE = {"sub": "44444444-4444-4444-8444-444444444444", "role": "vendor"}


@pytest.fixture
def shop(database: Database) -> Iterator[Any]:
    result = compile_project(from_disk(ROOT))
    with database.connect() as connection:
        connection.execute((ROOT / "specs" / "schema.sql").read_bytes())
        connection.execute("ALTER ROLE service_role BYPASSRLS")  # another test may have made it
        for statement in statements(result.files["generated/schema.sql"]):
            connection.execute(statement)
        testing._fixtures(testing._Run(connection, lambda *_: None), result)
        yield connection


@contextmanager
def acting(connection: Any, role: str, claims: dict[str, str] | None = None) -> Iterator[None]:
    """A request: the role, the claims, and its number among the headers."""
    with connection.transaction():
        settings = "SELECT set_config('request.jwt.claims', %s, true), set_config('request.headers', %s, true)"
        connection.execute(settings, [json.dumps(claims) if claims else "", '{"x-request-id": "req-7"}'])
        connection.execute(f"SET LOCAL ROLE {role}")
        yield


@pytest.mark.parametrize("query", ["SELECT * FROM admin_audit_log", "SELECT 1 FROM admin_audit_log WHERE id = 42"])
def test_an_admin_reads_the_audit_log_and_a_vendor_is_told_why_not(shop: Any, query: str) -> None:
    with acting(shop, "authenticated", ADMIN):
        assert len(shop.execute(query).fetchall()) == ("*" in query)
    for claims in (ALICE, None):
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught, acting(shop, "authenticated", claims):
            shop.execute(query)
        assert caught.value.diag.message_hint == "role=admin? session present?"
    with pytest.raises(psycopg.errors.InsufficientPrivilege), acting(shop, "anon"):
        shop.execute(query)


def test_the_viewer_requires_what_it_says(shop: Any) -> None:
    with acting(shop, "authenticated", ADMIN):
        assert shop.execute("SELECT event FROM admin_audit_viewer").fetchall() == [("UPDATE",)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught, acting(shop, "authenticated", ALICE):
        shop.execute("SELECT event FROM admin_audit_viewer LIMIT 1")
    assert "claim('role')" in (caught.value.diag.message_hint or "")


def test_an_answer_to_a_booking_is_recorded_with_who_and_for_which_request(shop: Any) -> None:
    with acting(shop, "authenticated", DAVE):
        done = shop.execute("UPDATE bookings SET status = 'confirmed' WHERE status = 'requested'")
        assert done.rowcount == 1  # his own, not Alice's
    with acting(shop, "service_role"):
        shop.execute("UPDATE profiles SET status = 'suspended' WHERE business_name = 'Dave and Sons'")
        columns = "source, db_role, request_id, claims ->> 'sub', old, new"
        found = shop.execute(f"SELECT {columns} FROM admin_audit_log WHERE id > 0 ORDER BY id").fetchall()
    assert [row[:4] for row in found] == [
        ("api", "authenticated", "req-7", DAVE["sub"]),
        ("service", "service_role", "req-7", None),
    ]
    assert (found[0][4]["status"], found[0][5]["status"]) == ("requested", "confirmed")


def test_a_vendor_asks_why(shop: Any) -> None:
    with acting(shop, "authenticated", ALICE):
        found = shop.execute("SELECT * FROM explain_access('admin_audit_log', 'select')").fetchall()
    assert [(name, ok) for name, ok, _ in found][:2] == [("session", True), ("right", True)]
    assert found[-1] == ("access", False, "role=admin? session present?")
    with acting(shop, "authenticated", ALICE):
        answers = shop.execute("SELECT ok FROM explain_access('bookings', 'delete')").fetchall()
    assert answers[-1] == (False,)
