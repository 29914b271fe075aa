"""The locks that plan.md names are those that the migration takes: pg_locks is read at its end, before the commit."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

import change_world as world
from live import fresh_database
from pgspec.compile import Result
from pgspec.plan_text import _cells
from pgspec.scratch import ScratchServer
from shop import released
from test_change_fuzz import compiled, run

MODES = (
    "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)  # fmt: skip
_LOCK = re.compile(rf"\b({'|'.join(sorted(MODES, key=len, reverse=True))})(?: on ((?:`[^`]+`(?:, )?)+))?")
RELATIONS = """
    SELECT c.oid, c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"""
HELD = """
    SELECT relation, upper(regexp_replace(regexp_replace(mode, 'Lock$', ''), '(.)([A-Z])', '\\1 \\2', 'g'))
    FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted"""


def told(result: Result) -> dict[str, str]:
    """The strongest lock that the plan names for each relation."""
    found: dict[str, str] = {}
    for change in result.draft.changes:
        last: list[str] = []
        for mode, names in _LOCK.findall(_cells(change, [])["lock"]):
            last = re.findall(r"`([^`]+)`", names) or last  # "then ACCESS EXCLUSIVE" is on the same
            for name in last:
                plain = name.removeprefix("public.")
                found[plain] = max(found.get(plain, mode), mode, key=MODES.index)
    return found


def taken(connection: Any, text: str) -> tuple[dict[str, str], set[str]]:
    """The strongest lock that the migration holds at its end on each relation that was there before it, and which were
    there."""
    before = dict(connection.execute(RELATIONS).fetchall())
    found: dict[str, str] = {}
    with connection.transaction(force_rollback=True):
        run(connection, text)
        for relation, mode in connection.execute(HELD).fetchall():
            if name := before.get(relation):
                found[name] = max(found.get(name, mode), mode, key=MODES.index)
    return found, set(before.values())


def differences(server: ScratchServer, seed: int) -> tuple[int, list[str]]:
    rng = random.Random(seed)
    first = world.draw(rng)
    one = compiled(first, {})
    two = compiled(world.edit(rng, first), released(one, "20250101000000_first"))
    if not (one.draft.changes and two.draft.changes):
        return 0, []
    with fresh_database(server) as database, database.connect() as connection:
        connection.execute(world.SCHEMA.encode())
        run(connection, one.files["generated/draft/migrate.sql"])
        held, there = taken(connection, two.files["generated/draft/migrate.sql"])
    names = told(two)
    # The registry is pgspec's own, and writes are what it is for.  What a statement reads on the way is not named.
    wrong = [
        f"{seed}: {relation} {mode}, the plan says {names.get(relation)}"
        for relation, mode in sorted(held.items())
        if relation != "pgspec.deployed_objects" and mode != "ACCESS SHARE" and names.get(relation) != mode
    ]
    wrong += [
        f"{seed}: {relation} nothing, the plan says {mode}"
        for relation, mode in sorted(names.items())
        if relation in there and relation not in held
    ]  # fmt: skip
    return len(held), wrong


@pytest.mark.parametrize("block", range(2))
def test_the_locks_are_those_that_the_plan_names(server: ScratchServer, block: int) -> None:
    seen, wrong = 0, []
    for number in range(8):
        held, found = differences(server, 500 + block * 8 + number)
        seen += held
        wrong += found
    assert wrong == []
    assert seen > 20
