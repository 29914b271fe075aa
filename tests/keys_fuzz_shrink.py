"""Makes a failing case of the fuzz small: leaves out rows, clauses, tables and constraints while it still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from pglast import ast, parse_sql
from pglast.error import Error
from pglast.stream import RawStream

from keys_fuzz import Case
from keys_fuzz_schema import DataSet, Schema, Table, View

Fails = Callable[[Case], bool]
_SIZES = (1000, 8, 3, 1)
"""How many rows are left out at once: first all, then fewer."""


def shrink(case: Case, fails: Fails, tries: int = 4000) -> Case:
    """The smallest case that was found within ``tries`` attempts; ``fails`` says whether a case is still wrong."""
    progress = True
    while progress and tries > 0:
        progress = False
        for candidates in (_fewer_rows, _smaller_queries, _smaller_views, _smaller_schemas):
            done = False
            while not done and tries > 0:
                done = True
                for candidate in candidates(case):
                    tries -= 1
                    if fails(candidate):
                        case, done, progress = candidate, False, True
                        break
                    if tries <= 0:
                        break
    return case


def _fewer_rows(case: Case) -> Iterator[Case]:
    for size in _SIZES:
        for table, rows in case.data.rows.items():
            for start in range(0, len(rows), size):
                yield replace(case, data=case.data.without(table, start, size))


def _smaller_queries(case: Case) -> Iterator[Case]:
    for query in smaller(case.query):
        yield replace(case, query=query)


def _smaller_views(case: Case) -> Iterator[Case]:
    views = case.schema.views
    for i in reversed(range(len(views))):
        yield _with_views(case, (*views[:i], *views[i + 1 :]))
        if views[i].materialized:
            yield _with_views(case, (*views[:i], replace(views[i], materialized=False), *views[i + 1 :]))
        for query in smaller(views[i].query):
            yield _with_views(case, (*views[:i], replace(views[i], query=query), *views[i + 1 :]))


def _with_views(case: Case, views: tuple[View, ...]) -> Case:
    return replace(case, schema=replace(case.schema, views=views))


def _smaller_schemas(case: Case) -> Iterator[Case]:
    tables = case.schema.tables
    for i, table in enumerate(tables):
        yield _with_tables(case, (*tables[:i], *tables[i + 1 :]))
        for smaller_table in _smaller_tables(table):
            yield _with_tables(case, (*tables[:i], smaller_table, *tables[i + 1 :]))
        for j, column in enumerate(table.columns):
            fewer = replace(table, columns=(*table.columns[:j], *table.columns[j + 1 :]))
            rows = case.data.rows
            if not column.generated:
                k = table.stored.index(column)
                cut = tuple((*row[:k], *row[k + 1 :]) for row in rows.get(table.name, ()))
                rows = {**rows, table.name: cut}
            if fewer.stored:
                schema = Schema((*tables[:i], fewer, *tables[i + 1 :]), case.schema.views)
                yield Case(schema, DataSet(rows), case.query)


def _with_tables(case: Case, tables: tuple[Table, ...]) -> Case:
    names = {table.name for table in tables}
    data = DataSet({name: rows for name, rows in case.data.rows.items() if name in names})
    return Case(replace(case.schema, tables=tables), data, case.query)


def _smaller_tables(table: Table) -> Iterator[Table]:
    for i in range(len(table.uniques)):
        yield replace(table, uniques=(*table.uniques[:i], *table.uniques[i + 1 :]))
    for i in range(len(table.references)):
        yield replace(table, references=(*table.references[:i], *table.references[i + 1 :]))
    for i in range(len(table.checks)):
        yield replace(table, checks=(*table.checks[:i], *table.checks[i + 1 :]))
    for i, column in enumerate(table.columns):
        if column.not_null:
            relaxed = (*table.columns[:i], replace(column, not_null=False), *table.columns[i + 1 :])
            yield replace(table, columns=relaxed)


def smaller(query: str) -> Iterator[str]:
    """Queries like this one with a part left out, or with a part in place of what it was in; not all of them valid."""
    statement = parse_sql(query)[0].stmt
    seen = {query}
    for node in list(_nodes(statement)):
        for attribute in node:
            value = getattr(node, attribute)
            for replacement in _replacements(value):
                try:
                    setattr(node, attribute, replacement)
                    text = RawStream()(statement)
                except (Error, TypeError, ValueError, AttributeError, AssertionError, NotImplementedError, KeyError):
                    continue  # not a tree of SQL
                finally:
                    setattr(node, attribute, value)
                if text not in seen and len(text) <= len(query):
                    seen.add(text)
                    yield text
    if isinstance(statement, ast.SelectStmt) and statement.larg:
        yield RawStream()(statement.larg)
        yield RawStream()(statement.rarg)


def _nodes(node: ast.Node) -> Iterator[ast.Node]:
    yield node
    for attribute in node:
        for child in _children(getattr(node, attribute)):
            yield from _nodes(child)


def _children(value: object) -> list[ast.Node]:
    if isinstance(value, ast.Node):
        return [value]
    return [child for part in value for child in _children(part)] if isinstance(value, tuple) else []


def _replacements(value: object) -> Iterator[object]:
    """What may stand in place of an attribute's value: nothing, fewer elements, a part of it."""
    if isinstance(value, tuple):
        yield None
        for i in range(len(value) if len(value) > 1 else 0):
            yield (*value[:i], *value[i + 1 :])
        for i, element in enumerate(value):
            if isinstance(element, ast.Node):
                for part in _parts(element):
                    yield (*value[:i], part, *value[i + 1 :])
    elif isinstance(value, ast.Node):
        yield None
        yield from _parts(value)


def _parts(node: ast.Node) -> Iterator[ast.Node]:
    for attribute in node:
        yield from _children(getattr(node, attribute))
