"""What is built beside the object that it replaces, and takes its place when everything is ready.

Readers go on with the old view while the new one is built, in the schema that is pgspec's own: what takes long is done
before the first lock that they would meet.  Relations keep their names there, so that what the server writes down of
queries is what it would write of a view that was built in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from pgspec.objects import Key, SqlObject
from pgspec.pgsql import ast, parse, tokens, walk
from pgspec.sql import QName, derived_name, ident, qname
from pgspec.state import State, ordered
from pgspec.tables import loses

VIEW, INDEX = "materialized_view", "index"
_SUFFIX = "pgspec_new"


@dataclass(frozen=True, slots=True)
class Beside:
    """``built``: what to create before anything is dropped, some of it elsewhere; ``placed``: what then goes where it
    belongs, with what it was built as; ``keys``: the final keys of all that needs nothing else.  ``first``: tables that
    must be there, or have their new columns, before any of it is built."""

    built: tuple[SqlObject, ...] = ()
    placed: tuple[tuple[SqlObject, SqlObject], ...] = ()
    keys: frozenset[Key] = frozenset()
    first: frozenset[Key] = frozenset()


def beside(before: State, after: State, rebuilt: Mapping[Key, str]) -> Beside:
    """How the views and indexes that are ``rebuilt`` are built beside the old ones.

    Nothing, when there is no room for them or a query cannot be pointed to the new views; they are then dropped first.
    """
    home = next((key.name for key in sorted(before) if key.type == "schema" and key in after), None)
    moving = {_name(after[key]) for key in rebuilt if key.type == VIEW and key in after and key in before}
    if home is None or len({name.name for name in moving}) < len(moving):
        return Beside()
    if {QName(home, name.name) for name in moving} & {
        _name(item) for item in before.values() if item.key.type == "table"
    }:
        return Beside()
    ours = {Key(VIEW, qname(name)) for name in moving}
    # New views are built with them: what is built anew may read them, and they may read what is built anew.
    views = {key for key in after if key.type == VIEW and ours and (key in ours or key not in before)}
    tables = {key for key, item in after.items() if key.type == "table" and before.get(key) != item}
    first = {need for key in views for need in after[key].depends_on if need in tables}
    if any(key in rebuilt or (key in before and loses(before[key].definition, after[key].definition)) for key in first):
        return Beside()
    built: list[SqlObject] = []
    placed: list[tuple[SqlObject, SqlObject]] = []
    keys: set[Key] = set()
    for item in ordered(after):
        name = made = _name(item) if item.key.type in (VIEW, INDEX) else None
        if made is None or name is None:
            continue
        changed: dict[str, object] = {}
        if item.key in views:
            query = redirected(item.definition["query"], moving, home)
            if query is None:
                return Beside()
            changed = {"query": query}
            made = QName(home, name.name) if name in moving else name
        elif item.parent in ours:  # it comes along with its view
            made = QName(home, name.name)
            changed = {"table": [home, item.definition["table"][1]]}
        elif item.parent in views:
            pass
        elif item.key in rebuilt and item.parent in before and item.parent not in rebuilt:
            made = QName(name.schema, derived_name(name.name, _SUFFIX))
        else:
            continue
        definition = {**item.definition, **changed, "name": list(made)}
        built.append(replace(item, key=Key(item.key.type, qname(made)), definition=definition))
        keys.add(item.key)
        if made != name and item.parent not in ours:
            placed.append((item, built[-1]))
    return Beside(tuple(built), tuple(placed), frozenset(keys), frozenset(first))


def _name(item: SqlObject) -> QName:
    return QName(*item.definition["name"])


def redirected(query: str, names: Set[QName], home: str) -> str | None:
    """The query with the relations of these ``names`` read from the schema ``home``; None when they are not found in
    its text."""
    statements, failure = parse(query)
    if failure is not None or len(statements) != 1:
        return None
    found = tokens(query)
    at = {token.start: number for number, token in enumerate(found)}
    edits: list[tuple[int, int]] = []
    for node in walk(statements[0].node):
        if isinstance(node, ast.RangeVar):
            parts = [node.schemaname, node.relname]
        elif isinstance(node, ast.ColumnRef) and len(node.fields) > 2:  # noqa: PLR2004 - schema.table.column
            parts = [getattr(field, "sval", None) for field in node.fields[:2]]
        else:
            continue
        if None not in parts and QName(*map(str, parts)) in names:
            number = at.get(node.location)
            if number is None:
                return None
            edits.append((node.location, found[number].end + 1))
    for start, end in sorted(edits, reverse=True):
        query = query[:start] + ident(home) + query[end:]
    return query
