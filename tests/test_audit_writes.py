"""What writes log, on a server; and that each of the wrong variants of the SQL is noticed."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from audit_cases import CASES, LOG, MUTANTS, PROMOTE, Case, Mutant, compiled, draft, installed, logged, wrong
from pgspec.scratch import ScratchServer


@pytest.fixture(scope="module")
def connection(server: ScratchServer) -> Iterator[psycopg.Connection]:
    with installed(server, draft(compiled())) as made:
        yield made


@pytest.mark.parametrize("case", CASES, ids=[case.what for case in CASES])
def test_logs_exactly(connection: psycopg.Connection, case: Case) -> None:
    found, must = logged(connection, case)
    assert found == must


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.what for mutant in MUTANTS])
def test_a_mutant_is_noticed(server: ScratchServer, mutant: Mutant) -> None:
    with installed(server, mutant.of(draft(compiled()))) as changed:
        assert wrong(changed)


@pytest.mark.parametrize(
    "obstacle",
    [
        f"ALTER TABLE {LOG} ADD CONSTRAINT nothing CHECK (false) NOT VALID",
        f"DROP TABLE {LOG} CASCADE",
        f"ALTER TABLE {LOG} DROP COLUMN event CASCADE",
    ],
    ids=["a check", "no table", "no column"],
)
def test_a_write_that_cannot_be_logged_fails(connection: psycopg.Connection, obstacle: str) -> None:
    """Loudly, and it leaves nothing: no row, no entry."""
    with connection.transaction(force_rollback=True):
        connection.execute(obstacle.encode())
        for write in (PROMOTE, "DELETE FROM orders", "INSERT INTO events VALUES ('a', 9)", "TRUNCATE orders"):
            with pytest.raises(psycopg.Error) as caught, connection.transaction():
                connection.execute(write.encode())
            assert "PL/pgSQL function pgspec.audit_trail_" in (caught.value.diag.context or "")
        text = "SELECT (SELECT role FROM profiles WHERE id = 1), (SELECT count(*) FROM orders)"
        assert connection.execute(text).fetchone() == ("vendor", 2)


def test_a_client_cannot_make_a_write_fail(connection: psycopg.Connection) -> None:
    """By no text of its headers and claims, however long or odd."""
    odd = ["x" * 10_000_000, '{"x-request-id": "' + "y" * 1_000_000 + '"}', '{"x-request-id": {"a": [1]}}', "\x01\n\t'"]
    for text in [*odd, '{"x-request-id": null}', '{"sub": 1e999999}', '{"sub": "\\ud800"}', "{}" * 1000]:
        for name in ("request.headers", "request.jwt.claims"):
            with connection.transaction(force_rollback=True):
                connection.execute(
                    "SELECT set_config(%s, %s, true), set_config('role', 'audit_user', true)", [name, text]
                )
                assert connection.execute(PROMOTE.encode()).rowcount == 1
