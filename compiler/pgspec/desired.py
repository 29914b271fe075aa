"""Program -> the state: every SQL object that the specs ask for."""

from __future__ import annotations

from collections.abc import Mapping

from pgspec.diagnostics import Span
from pgspec.objects import Key, SqlObject
from pgspec.program import Program, View
from pgspec.queries import edited
from pgspec.runtime import cache_runtime, registry
from pgspec.sql import QName, qname
from pgspec.state import State
from pgspec.triggers import cache_triggers


def desired_state(program: Program) -> State:
    """Every object that should exist, by key.  The program has no errors."""
    objects: list[SqlObject] = []
    names = {view.name for view in program.views}
    for view in program.views:
        objects += _view(view, program.roles, names)
    project = program.project
    if program.mappings or program.cached:
        objects += cache_runtime(project.runtime_schema, project.internal_schema, program.roles, project.roles.service)
        objects += cache_triggers(program.mappings, program.catalog, project.internal_schema, program.roles)
    if objects:
        objects += registry(program.project.internal_schema, program.roles)
    return {item.key: item for item in objects}


def _view(view: View, roles: tuple[str, ...], views: set[QName]) -> list[SqlObject]:
    assert view.statement is not None
    assert view.analysis is not None
    key = Key("materialized_view", qname(view.name))
    origin = view.document.at("name")
    needs = tuple(sorted(Key("materialized_view", qname(name)) for name in view.reads & views))
    query = edited(view.source.text, view.statement.start, view.statement.end, view.analysis.edits)
    about = {"on": "materialized_view", "target": list(view.name)}
    grant = [[role, ["SELECT"]] for role in sorted(set(view.spec.access.select))]
    out = [SqlObject(key, {"name": list(view.name), "query": query}, depends_on=needs, origin=origin)]

    def child(kind: str, name: str, definition: Mapping[str, object], span: Span) -> None:
        out.append(SqlObject(Key(kind, name), definition, parent=key, origin=span))

    for index in view.indexes:
        name = QName(view.name.schema, index.name)
        definition = {
            "name": list(name),
            "table": list(view.name),
            "columns": list(index.columns),
            "unique": index.unique,
            "method": index.method,
        }
        child("index", qname(name), definition, view.document.at(*index.path))
    for index, verdict in view.verdicts:
        if not (verdict.unique or verdict.unique_where_not_null):
            accepted = {**about, "query": query, "columns": list(index.columns)}
            checked = qname(QName(view.name.schema, index.name))
            child("key_check", checked, accepted, view.document.at("allow", "MV002"))
    if view.spec.description:
        child("comment", key.name, {**about, "text": view.spec.description.strip()}, view.document.at("description"))
    where = view.document.at("access") if view.document.has("access") else origin
    child("access", key.name, {**about, "revoke": list(roles), "grant": grant}, where)
    if view.spec.owner is not None:
        child("owner", key.name, {**about, "role": view.spec.owner}, view.document.at("owner"))
    return out
