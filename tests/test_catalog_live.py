"""The reader against real servers: the same DDL must give the same catalog."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest

from catalog_corpus import CORPUS
from catalog_view import of_catalog, of_server
from live import Database
from pgspec.catalog import read_schema
from pgspec.catalog.indexes import DEFAULT_EQUALITY

ICU = "CREATE COLLATION pg_temp.probe (provider = icu, locale = 'und')"


def has_icu(connection: Any) -> bool:
    try:
        connection.execute(f"BEGIN; {ICU}; ROLLBACK")
    except psycopg.errors.FeatureNotSupported:
        connection.execute("ROLLBACK")
        return False
    return True


def has_extensions(connection: Any, script: str) -> bool:
    """Whether the server has the extensions that a script creates; the smallest packages bring none."""
    wanted = set(re.findall(r"CREATE EXTENSION (?:IF NOT EXISTS )?(\w+)", script))
    return wanted <= {row[0] for row in connection.execute("SELECT name FROM pg_available_extensions")}


@pytest.mark.parametrize("name", CORPUS)
def test_reader_agrees_with_server(database: Database, name: str) -> None:
    with database.connect() as connection:
        version = connection.info.server_version // 10000
        if name.endswith("_18") and version < 18:
            return
        if (name.endswith("_icu") and not has_icu(connection)) or not has_extensions(connection, CORPUS[name]):
            return
        connection.execute("BEGIN")
        connection.execute(CORPUS[name])
        said = of_server(connection)
        connection.execute("ROLLBACK")
    catalog, findings = read_schema([(f"{name}.sql", CORPUS[name])], ("public",))
    assert findings == []
    read = of_catalog(catalog)
    assert read["relations"].keys() == said["relations"].keys()
    for relation, facts in said["relations"].items():
        assert read["relations"][relation] == facts, relation
    assert set(read["functions"]) ^ set(said["functions"]) == set()
    assert read == said


def test_the_classes_that_prove_equality_have_the_common_equality(database: Database) -> None:
    query = """SELECT c.opcname, o.oprname, o.oprnamespace::regnamespace::text FROM pg_opclass c
        JOIN pg_am m ON m.oid = c.opcmethod JOIN pg_amop a ON a.amopfamily = c.opcfamily AND a.amopstrategy = 3
        JOIN pg_operator o ON o.oid = a.amopopr
        WHERE m.amname = 'btree' AND a.amoplefttype = c.opcintype AND a.amoprighttype = c.opcintype"""
    with database.connect() as connection:
        classes = {name: (schema, operator) for name, operator, schema in connection.execute(query).fetchall()}
    known = {name: equality for name, equality in classes.items() if name in DEFAULT_EQUALITY}
    assert len(known) > 25
    assert set(known.values()) == {("pg_catalog", "=")}
