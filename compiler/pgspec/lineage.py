"""Which base columns feed which output column: sqlglot's lineage, and the only importer of sqlglot.

It serves `pgspec explain` alone, which may take its time; what a proof rests on comes from `keys`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from pgspec.catalog import Relation
from pgspec.sql import QName, ident, qname


def column_sources(
    query: str, columns: Sequence[str], relations: Mapping[QName, Relation]
) -> dict[str, tuple[str, ...] | None]:
    """For each output column the columns that its value is made of, ``schema.table.column``, sorted.

    ``query`` names its relations with their schema.  None where sqlglot does not follow PostgreSQL: a syntax that it
    does not know, or a function that makes rows.
    """
    import sqlglot  # noqa: PLC0415 - it costs more to import than a build
    from sqlglot import exp  # noqa: PLC0415
    from sqlglot.lineage import lineage  # noqa: PLC0415

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for name, relation in relations.items():
        types: dict[str, str] = {ident(column.name): column.type for column in relation.columns.values()}
        schema.setdefault(ident(name.schema), {})[ident(name.name)] = types
    try:
        tree = sqlglot.parse_one(query, dialect="postgres")
    except sqlglot.errors.SqlglotError:
        return dict.fromkeys(columns)
    out: dict[str, tuple[str, ...] | None] = {}
    for column in columns:
        try:
            root = lineage(ident(column), tree, schema=schema, dialect="postgres")
        except (sqlglot.errors.SqlglotError, ValueError, KeyError, RecursionError):
            out[column] = None
            continue
        found = set()
        for node in root.walk():
            if not node.downstream and isinstance(node.source, exp.Table):
                home = QName(node.source.db, node.source.name)
                found.add(f"{qname(home)}.{ident(_last(node.name))}")
        out[column] = tuple(sorted(found))
    return out


def _last(name: str) -> str:
    """The column of ``alias.column``, without quotes."""
    return name.rpartition(".")[2].strip('"')
