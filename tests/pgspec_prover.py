"""The key prover, as the fuzz wants it."""

from __future__ import annotations

from typing import Any

from keys_fuzz import Prover
from pgspec.catalog.reader import read_schema
from pgspec.keys import analyse, check_key
from pgspec.pgsql import parse


def read(ddl: str) -> Any:
    catalog, findings = read_schema([("schema.sql", ddl)])
    assert not findings, findings
    return catalog


def analyse_text(query: str, catalog: Any) -> Any:
    (statement,), failure = parse(query)
    assert failure is None
    return analyse(statement.node, catalog, query)


PROVER = Prover(read, analyse_text, check_key)
