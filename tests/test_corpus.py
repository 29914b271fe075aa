"""The corpus: every label is what the data on a real server shows, and what the prover says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import psycopg
import pytest

from known_views import DATA, SCHEMA, KnownView, known_views
from live import fresh_database
from pgspec.catalog import Catalog
from pgspec.catalog.reader import read_schema
from pgspec.keys import Analysis, analyse, check_key
from pgspec.pgsql import parse
from pgspec.scratch import ScratchServer
from pgspec.sql import commas, ident

VIEWS = known_views()
each_view = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)


@pytest.fixture(scope="module")
def connection(server: ScratchServer) -> Iterator[psycopg.Connection]:
    with fresh_database(server) as database:
        database.run(SCHEMA)
        database.run(DATA)
        with database.connect() as connection:
            yield connection


def test_names_are_unique() -> None:
    names = [view.name for view in VIEWS]
    assert len(set(names)) == len(names)


@each_view
def test_labels_are_true(view: KnownView, connection: psycopg.Connection) -> None:
    connection.execute(f"CREATE TEMPORARY TABLE checked AS {view.query}".encode())
    try:
        for columns in (*view.holds, *view.by_data_only):
            assert not duplicates(connection, columns), columns
            assert not any(nulls(connection, column) for column in columns), columns
        for case in view.fails:
            assert duplicates(connection, case.columns), case
        for case in view.nullable:
            assert not duplicates(connection, case.columns), case
            assert nulls(connection, case.column), case
    finally:
        connection.execute("DROP TABLE checked")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    catalog, findings = read_schema([("schema.sql", SCHEMA)])
    assert not findings
    return catalog


def analysed(view: KnownView, catalog: Catalog) -> Analysis:
    (statement,), _ = parse(view.query)
    return analyse(statement.node, catalog, view.query)


@each_view
def test_what_does_not_hold_is_not_proven(view: KnownView, catalog: Catalog) -> None:
    analysis = analysed(view, catalog)
    assert not analysis.unsupported
    for case in view.fails:
        verdict = check_key(analysis, case.columns)
        assert not verdict.proven and not verdict.unique, case
        assert verdict.reasons and all(reason.message for reason in verdict.reasons), case
    for case in view.nullable:
        verdict = check_key(analysis, case.columns)
        assert not verdict.proven, case
        assert dict(verdict.nullable)[case.column].message, case


def test_what_holds_is_proven(catalog: Catalog) -> None:
    keys = [(view, columns) for view in VIEWS for columns in view.holds]
    missed = [
        f"{view.name} ({', '.join(columns)})"
        for view, columns in keys
        if not check_key(analysed(view, catalog), columns).proven
    ]
    assert len(missed) <= 0.05 * len(keys), missed


def duplicates(connection: psycopg.Connection, columns: Iterable[str]) -> int:
    """How many values of ``columns`` more than one row has; NULLs count as equal."""
    key = commas(ident(column) for column in columns)
    query = f"SELECT count(*) FROM (SELECT FROM checked GROUP BY {key} HAVING count(*) > 1) AS twice"
    return connection.execute(query.encode()).fetchone()[0]


def nulls(connection: psycopg.Connection, column: str) -> int:
    query = f"SELECT count(*) FROM checked WHERE {ident(column)} IS NULL"
    return connection.execute(query.encode()).fetchone()[0]
