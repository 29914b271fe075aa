"""Random edits of random projects on a server: there, back, and there again, always to the same catalog."""

from __future__ import annotations

import random
from typing import Any

import pytest

import change_world as world
from live import fresh_database
from pgspec.compile import Result, compile_project
from pgspec.pgsql import parse
from pgspec.scratch import ScratchServer
from pgspec.snapshot import diff, snapshot
from pgspec.sources import from_texts
from shop import released

PAIRS, MANY = 40, 1000
BLOCKS = 10


def compiled(files: dict[str, str], releases: dict[str, str]) -> Result:
    specs = {f"specs/{name}": text for name, text in files.items()}
    result = compile_project(from_texts({"specs/schema.sql": world.SCHEMA, **specs, **releases}))
    wrong = [item for item in result.diagnostics if item.severity.name == "ERROR"]
    assert not wrong, (wrong, specs)
    return result


def run(connection: Any, text: str) -> None:
    statements, failure = parse(text)
    assert failure is None
    for statement in statements:
        connection.execute(text[statement.start : statement.end])


def there_and_back(server: ScratchServer, seed: int) -> int:
    """Deploy one project and change it to another; how many changes that took."""
    rng = random.Random(seed)
    first = world.draw(rng)
    second = world.edit(rng, first)
    one = compiled(first, {})
    if not one.draft.changes:
        return 0
    sealed = released(one, "20250101000000_first")
    two = compiled(second, sealed)
    assert {path: two.files.get(path) for path in sealed} == sealed
    if not two.draft.changes:
        return 0
    draft = {name: two.files[f"generated/draft/{name}.sql"] for name in ("migrate", "rollback", "verify")}
    with fresh_database(server) as database, fresh_database(server) as other, database.connect() as connection:
        connection.execute(world.SCHEMA.encode())
        run(connection, one.files["generated/draft/migrate.sql"])
        run(connection, one.files["generated/draft/verify.sql"])
        before = snapshot(connection)
        run(connection, draft["migrate"])
        run(connection, draft["verify"])
        after = snapshot(connection)
        with other.connect() as fresh:
            fresh.execute(world.SCHEMA.encode())
            run(fresh, compiled(second, {}).files.get("generated/draft/migrate.sql", ""))
            assert diff(snapshot(fresh), after) == [], (seed, "it is not what a first deployment makes")
        run(connection, draft["rollback"])
        assert diff(before, snapshot(connection)) == [], (seed, "the rollback leads elsewhere")
        run(connection, one.files["generated/draft/verify.sql"])
        run(connection, draft["migrate"])
        assert diff(after, snapshot(connection)) == [], (seed, "the second time leads elsewhere")
    return len(two.draft.changes)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_edits_lead_there_and_back(server: ScratchServer, block: int) -> None:
    size = PAIRS // BLOCKS
    changes = sum(there_and_back(server, block * size + number) for number in range(size))
    assert changes > size


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_edits_lead_there_and_back_at_length(server: ScratchServer, block: int) -> None:
    size = MANY // BLOCKS
    assert sum(there_and_back(server, 10_000 + block * size + number) for number in range(size)) > size
