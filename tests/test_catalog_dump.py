"""What pg_dump prints of a schema gives the same catalog as the DDL that made it."""

from __future__ import annotations

from typing import Any

import pytest

from catalog_corpus import CORPUS
from catalog_view import of_catalog
from live import Database
from pgspec.catalog import read_schema
from test_catalog_live import has_extensions

# pg_dump writes NO INHERIT and dropped columns as they are, but some things are only as they were at creation.
NAMES = [
    name
    for name in CORPUS
    if not name.endswith(("_18", "_icu")) and name not in ("do_blocks", "temporary", "foreign_tables")
]


def comparable(said: dict[str, Any]) -> dict[str, Any]:
    """Without what pg_dump does not keep: the order of parents is kept, the order of a child's columns is not."""
    for facts in said["relations"].values():
        facts["columns"] = sorted(facts["columns"])
    return said


@pytest.mark.parametrize("name", NAMES)
def test_dump_reads_as_its_source(database: Database, name: str) -> None:
    with database.connect() as connection:
        if not has_extensions(connection, CORPUS[name]):
            return
        connection.execute("DROP ROLE IF EXISTS owner_role")
        connection.execute("BEGIN; " + CORPUS[name] + "; COMMIT")
    dumped, findings = read_schema([("dump.sql", database.dump())], ("public",))
    assert findings == []
    written, _ = read_schema([("source.sql", CORPUS[name])], ("public",))
    got, wanted = comparable(of_catalog(dumped)), comparable(of_catalog(written))
    assert got["relations"].keys() == wanted["relations"].keys()
    for relation, facts in wanted["relations"].items():
        assert got["relations"][relation] == facts, relation
    assert got == wanted
