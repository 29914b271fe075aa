"""Random writes to random tables leave exactly the tags that an oracle in Python expects.

``PGSPEC_FUZZ_SEED`` chooses another run: the seed that a failure prints.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import replace

import pytest

from cache_fuzz import Report, make_world, prepare, run
from cache_mutants import MUTANTS, functions, mutated
from live import Database

SEED = os.environ.get("PGSPEC_FUZZ_SEED", "tags")


def check(database: Database, seed: str, tables: int, statements: int) -> None:
    world = make_world(seed, tables, statements)
    prepare(database, world)
    with database.connect() as connection:
        report: Report = run(connection, world)
    if report.failure:
        pytest.fail(str(report.failure), pytrace=False)
    counts = report.counts
    assert counts["refused"] < counts["statements"] / 5
    assert counts["statements with tags"] > counts["statements"] / 4, "writes that emit nothing show little"


def test_writes_emit_what_the_oracle_expects(database: Database) -> None:
    check(database, SEED, 16, 40)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(8))
def test_writes_emit_what_the_oracle_expects_in_a_fresh_run(database: Database, number: int) -> None:
    check(database, os.environ.get("PGSPEC_FUZZ_SEED", f"{secrets.token_hex(4)}/{number}"), 40, 120)


def test_the_fuzz_finds_wrong_triggers(database: Database) -> None:
    world = make_world("w6", 16, 40)
    made = functions(prepare(database, world))
    assert len(made) > 16
    missed = []
    for mutant in MUTANTS:
        wrong = [text for function in made if (text := mutated(function, mutant)) != function]
        assert wrong, f"nothing to make wrong: {mutant.name}"
        with database.connect() as connection, connection.transaction(force_rollback=True):
            connection.execute(";".join(wrong).encode())
            names = {re.search(r"public_(t\d+)\(", text)[1] for text in wrong}  # type: ignore[index]
            tables = tuple(table for table in world.tables if table.name in names)
            if run(connection, replace(world, tables=tables)).failure is None:
                missed.append(mutant.name)
    assert missed == []
