"""No write changes the result of a query that mappings cover without one of its tags, on a real server.

``PGSPEC_FUZZ_SEED`` chooses another run.
"""

from __future__ import annotations

import os
import secrets

import pytest

from coverage_fuzz import Report, fuzz
from coverage_mutants import MUTANTS, Mutant
from live import MAJORS, Database

SCENARIOS = 4
SLOW_SCENARIOS = 120
MUTANT_SCENARIOS = 20


def run(database: Database, seed: str, scenarios: int, patterns: float = 0.5) -> Report:
    with database.connect() as connection:
        return fuzz(connection, seed, scenarios, patterns)


def check(report: Report, scenarios: int) -> None:
    if report.failure:
        pytest.fail(report.failure, pytrace=False)
    counts = report.counts
    assert counts["covered"] > 25 * scenarios, counts
    assert counts["covered by a template"] > 8 * scenarios, counts
    assert counts["changed"] > 100 * scenarios, "a proof of results that never change shows nothing"
    assert counts["changed, by a template"] > 50 * scenarios, counts


def test_no_change_is_missed(database: Database) -> None:
    check(run(database, os.environ.get("PGSPEC_FUZZ_SEED", "coverage"), SCENARIOS), SCENARIOS)


@pytest.mark.slow
def test_no_change_is_missed_in_a_fresh_run(database: Database) -> None:
    check(run(database, os.environ.get("PGSPEC_FUZZ_SEED", secrets.token_hex(4)), SLOW_SCENARIOS), SLOW_SCENARIOS)


@pytest.mark.parametrize("server", MAJORS[-1:], indirect=True, ids="pg{}".format)
def test_a_lie_is_found(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    next(m for m in MUTANTS if m.name == "every filter holds").plant(monkeypatch)
    assert run(database, "coverage", SCENARIOS).failure


@pytest.mark.slow
@pytest.mark.parametrize("server", MAJORS[-1:], indirect=True, ids="pg{}".format)
@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.by_fuzz], ids=lambda mutant: mutant.name)
def test_a_mistake_is_found(mutant: Mutant, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.plant(monkeypatch)
    report = run(database, "mutants", MUTANT_SCENARIOS, 1.0)
    assert report.failure, f"nobody saw that {mutant.name}: {report.counts}"
