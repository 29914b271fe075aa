"""Guarded tables -> what verify.sql tries as each persona, on rows that it inserts and takes back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgspec.catalog import Catalog, Relation
from pgspec.decide import DENIED, automatic, fixture_rows, written
from pgspec.kinds import Cell, Command, Project
from pgspec.objects import Key, SqlObject
from pgspec.policies import Guarded
from pgspec.sql import QName, qname
from pgspec.values import claims_text

_Labels = Mapping[tuple[Command, str], frozenset[str]]


def expectations(item: Guarded, project: Project, catalog: Catalog) -> SqlObject | None:
    """The cells of one table as data; None when there is nothing that could be tried: no cell, no row, no key."""
    assert item.table is not None
    rows = fixture_rows(project, catalog, item.table)
    key = next((key.columns for key in item.table.keys if key.primary), ())
    labelled = {label for label, row in rows.items() if all(row.get(str(column)) is not None for column in key)}
    cells = list(written(item, project))
    if not key or not cells or not rows or labelled != rows.keys():
        return None
    seen = {(command, persona): _labels(cell, rows) for command, persona, _, cell in cells}
    tried = [_cell(command, name, cell, rows) for command, name, _, cell in cells]
    tried += _strangers(item, project, seen)
    personas = {**project.personas, **{name: persona for name, (persona, _) in automatic(project).items()}}
    definition = {
        "table": list(item.table.name),
        "face": list(item.face) if item.face else None,
        "setting": project.session.claims,
        "key": [str(column) for column in key],
        "changed": _changed(item.table, key),
        "rows": {label: _row(row) for label, row in rows.items()},
        "needs": list(_needed(item.table, project, catalog)),
        "personas": {
            name: [persona.role, claims_text(persona.claims), persona.role not in project.roles.service]
            for name, persona in personas.items()
            if any(cell["persona"] == name for cell in tried)
        },
        "cells": tried,
    }
    place = item.document.key("expect")
    return SqlObject(Key("expectations", qname(item.table.name)), definition, origin=place)


def _labels(cell: Cell, rows: Mapping[str, Any]) -> frozenset[str]:
    if isinstance(cell, list):
        return frozenset(cell)
    return frozenset(rows) if cell in ("all", "ok") else frozenset()


def _cell(command: Command, name: str, cell: Cell, rows: Mapping[str, Any]) -> dict[str, Any]:
    """One cell: who does what, and the labels or the error that it must end with."""
    error = cell.error if not isinstance(cell, str | list) else DENIED if cell == "denied" else None
    return {
        "command": command,
        "persona": name,
        "labels": sorted(_labels(cell, rows)),
        "most": False,
        "error": error,
        "hint": cell.hint if not isinstance(cell, str | list) else None,
    }


def _strangers(item: Guarded, project: Project, seen: _Labels) -> Iterator[dict[str, Any]]:
    """The automatic personas: each may reach no more than the one that it must not outdo."""
    bare = [n for n, p in project.personas.items() if not p.claims and p.role not in project.roles.service]
    for name, (_, of) in automatic(project).items():
        for command in item.spec.expect:
            allowed = frozenset[str]().union(*(seen.get((command, n), frozenset()) for n in ([of] if of else bare)))
            yield {**_cell(command, name, sorted(allowed), {}), "most": True}


def _changed(table: Relation, key: Sequence[Any]) -> str:
    """The column that an update sets to what it is: best one that is not part of the key."""
    plain = [name for name, column in table.columns.items() if column.generated is None]
    return next((name for name in plain if name not in key), plain[0])


def _row(row: Mapping[str, Any]) -> list[Any]:
    """The columns that a fixture row gives, and the row as JSON text."""
    return [list(row), json.dumps(row, default=str, ensure_ascii=False)]


def _needed(table: Relation, project: Project, catalog: Catalog) -> Iterator[list[Any]]:
    """The fixture rows of the table and of those that it references, in the order in which they can be inserted."""
    wanted, waiting = {table.name}, [table]
    while waiting:
        for key in waiting.pop().foreign_keys:
            if key.references not in wanted and (found := catalog.relations.get(key.references)) is not None:
                wanted.add(found.name)
                waiting.append(found)
    plain_names = {name.name for name in wanted}
    for name, rows in project.fixtures.items():
        schema, _, plain = name.rpartition(".")
        if plain not in plain_names:
            continue
        relation = catalog.relation(schema or None, plain)
        target = relation.name if relation is not None else QName(schema, plain)
        keys = relation.keys if relation is not None else ()
        primary = next(([str(column) for column in key.columns] for key in keys if key.primary), [])
        if target in wanted:
            yield from ([list(target), primary, *_row(row)] for row in rows.values())
