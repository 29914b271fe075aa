"""What the key prover claims about random queries is what a server returns.

``PGSPEC_FUZZ_SEED`` chooses another run, or one schema of a run: the text that a failure prints.
"""

from __future__ import annotations

import os
import secrets
from types import SimpleNamespace
from typing import Any

import pytest

from keys_fuzz import Case, Claim, Prover, Report, fuzz, prepare, still_wrong
from keys_fuzz_schema import Column, DataSet, Schema, Table, Unique
from keys_fuzz_shrink import shrink
from live import Database
from pgspec_prover import PROVER, analyse_text, read

COUNT = 480
SLOW_COUNT = 6000


def run(database: Database, prover: Prover, seed: str, queries: int) -> Report:
    """A run of the fuzz, with what it finds made small."""
    report = fuzz(database, prover, seed, queries)
    if report.case and (claim := report.claim):
        report.case = shrink(report.case, lambda case: wrong(database, prover, case, claim) is not None)
        report.claim = wrong(database, prover, report.case, claim) or claim
    return report


def wrong(database: Database, prover: Prover, case: Case, claim: Claim) -> Claim | None:
    return still_wrong(database, prover, case, claim.kind)


def check(report: Report) -> None:
    if report.case:
        pytest.fail(str(report), pytrace=False)
    queries = report.counts["queries"]
    assert report.counts["refused by the server"] < queries / 10
    assert report.counts["queries with a key"] > queries / 3, "a prover that claims nothing is never wrong"


def test_claims_hold(database: Database) -> None:
    check(run(database, PROVER, os.environ.get("PGSPEC_FUZZ_SEED", "pgspec"), COUNT))


@pytest.mark.slow
def test_claims_hold_in_a_fresh_run(database: Database) -> None:
    check(run(database, PROVER, os.environ.get("PGSPEC_FUZZ_SEED", secrets.token_hex(4)), SLOW_COUNT))


# A prover that takes the first column of every result for a key must be caught, or the fuzz proves nothing.


def lying_check(analysis: Any, columns: Any) -> Any:
    first = analysis.columns[0].name in columns
    return SimpleNamespace(unique=first, unique_where_not_null=False, proven=False, nullable=(), reasons=("",))


LIAR = Prover(read, analyse_text, lying_check)


def test_a_lie_is_found(database: Database) -> None:
    report = fuzz(database, LIAR, "pgspec", COUNT)
    assert report.claim is not None and report.claim.kind == "unique"


def test_a_case_is_made_small(database: Database) -> None:
    columns = (Column("a", "integer"), Column("b", "text"))
    schema = Schema((Table("t0", columns, (Unique(("a", "b")),)), Table("t1", columns)))
    rows = {"t0": (("1", "x"), ("2", "x"), ("2", "y"), ("3", "z")), "t1": (("1", "x"),)}
    query = "SELECT t0.a, upper(t0.b) AS b FROM t0 LEFT JOIN t1 ON t1.a = t0.a WHERE t0.a > 0 ORDER BY t0.a"
    prepare(database)
    case = Case(schema, DataSet(rows), query)
    small = shrink(case, lambda case: still_wrong(database, LIAR, case, "unique") is not None)
    assert [table.statements for table in small.schema.tables if table.name == "t1"] == []
    assert len(small.data.rows["t0"]) == 2
    assert "JOIN" not in small.query and "WHERE" not in small.query
