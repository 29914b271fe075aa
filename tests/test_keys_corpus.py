"""The corpus of views with known keys: each label is what the prover says."""

from __future__ import annotations

from functools import cache

import pytest

from keys_support import analysed
from known_views import SCHEMA, KnownView, known_views
from pgspec.catalog import Catalog
from pgspec.catalog.reader import read_schema
from pgspec.keys import check_key

each_view = pytest.mark.parametrize("view", known_views(), ids=lambda view: view.name)


@cache
def catalog() -> Catalog:
    return read_schema([("schema.sql", SCHEMA)])[0]


@each_view
def test_verdicts(view: KnownView) -> None:
    analysis = analysed(view.query, catalog())
    assert not analysis.findings
    assert not analysis.unsupported
    listed = {frozenset(key.columns) for key in analysis.keys}
    for columns in view.holds:
        verdict = check_key(analysis, columns)
        assert verdict.proven, (columns, verdict)
        assert verdict.redundant is None
        assert frozenset(columns) in listed
    for case in view.fails:
        verdict = check_key(analysis, case.columns)
        assert not verdict.unique
        assert verdict.reasons
    for case in view.nullable:
        verdict = check_key(analysis, case.columns)
        assert not verdict.proven
        assert verdict.unique_where_not_null
        assert case.column in dict(verdict.nullable)
