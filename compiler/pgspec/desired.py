"""Program -> the state: every SQL object that the specs ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pgspec.audit_triggers import audit_objects
from pgspec.diagnostics import Span
from pgspec.expected import expectations
from pgspec.objects import Key, SqlObject
from pgspec.policies import PUBLIC, Guarded
from pgspec.program import Program
from pgspec.queries import edited
from pgspec.refreshes import refresh_objects
from pgspec.refusals import refusals
from pgspec.row_checks import row_checks
from pgspec.runtime import (
    alert_runtime,
    cache_runtime,
    claim_keys,
    event_log_objects,
    registry,
    session,
    upkeep,
    verification,
)
from pgspec.schedules import jobs, schedule_objects
from pgspec.sql import QName, ident, qname
from pgspec.state import State
from pgspec.switches import switch_objects
from pgspec.triggers import cache_triggers
from pgspec.views import View


def desired_state(program: Program) -> State:
    """Every object that should exist, by key.  The program has no errors."""
    objects: list[SqlObject] = []
    names = {view.name for view in program.views}
    logs = {log.name for log in program.event_logs}
    for view in program.views:
        objects += [*_view(view, program.roles, names, logs), *_exposed(view, program, names, logs)]
    project = program.project
    if program.mappings or program.cached:
        objects += cache_runtime(project.runtime_schema, project.internal_schema, program.roles, project.roles.service)
        objects += cache_triggers(program.mappings, program.catalog, project.internal_schema, program.roles)
    asking = [
        *program.guarded,
        *(view for view in program.views if view.exposed and view.exposed.calls_claim),
        *(audit for audit in program.audits if audit.viewer),
    ]
    if asking:
        # Whoever is refused may ask why, so every role of the project may read its own claims.
        objects += session(project.internal_schema, project.session.claims, program.roles, program.roles)
    if program.guarded:
        objects += refusals(program.guarded, project, program.roles)
    for item in program.guarded:
        objects += _guarded(item, program)
        expected = expectations(item, project, program.catalog)
        objects += [expected] if expected is not None else []
    objects += row_checks(program)
    if program.audits:
        objects += audit_objects(program)
    if program.event_logs:
        schemas = (project.runtime_schema, project.internal_schema)
        objects += event_log_objects(program.event_logs, *schemas, program.roles, project.roles.service)
    objects += refresh_objects(program)
    objects += switch_objects(program, objects)
    if program.alerts:
        service = project.roles.service
        objects += alert_runtime(
            program.alerts, project.runtime_schema, project.internal_schema, program.roles, service
        )
    if objects:
        objects += _operated(program, objects)
    return {item.key: replace(item, depends_on=tuple(sorted(set(item.depends_on)))) for item in objects}


def _operated(program: Program, made: list[SqlObject]) -> Iterator[SqlObject]:
    """What keeps and checks all that is made: the registry, the jobs, and the function that verifies."""
    project = program.project
    where = (project.runtime_schema, project.internal_schema, program.roles, project.roles.service)
    yield from registry(project.internal_schema, program.roles)
    kept = list(upkeep(*where, made))
    scheduled = list(schedule_objects(jobs(project, [*made, *kept]))) if project.scheduler == "pg_cron" else []
    yield from (*kept, *scheduled, verification(*where, [*made, *scheduled]))


def _guarded(item: Guarded, program: Program) -> list[SqlObject]:
    """Row security of a table, its policies, and the rights that follow from them."""
    assert item.table is not None
    table, document = item.table, item.document
    origin = document.at("table")
    about = {"table": list(table.name)}
    security = {
        **about,
        "force": item.spec.force,
        "was_enabled": table.row_security,
        "was_forced": table.force_row_security,
    }
    home = Key("row_security", qname(table.name))
    needed = () if item.log is None else (Key("table", qname(table.name)),)
    out = [SqlObject(home, security, depends_on=needed, origin=origin)]
    for policy in item.policies:
        definition = {
            **about,
            "name": policy.spec.name,
            "restrictive": policy.spec.restrictive,
            "command": policy.spec.command,
            "roles": list(policy.roles),
            "using": policy.using and policy.using.sql,
            "check": policy.check and policy.check.sql,
        }
        key = Key("policy", f"{ident(policy.spec.name)} ON {qname(table.name)}")
        needs = (*claim_keys(program.project.internal_schema), home)
        out.append(SqlObject(key, definition, depends_on=needs, origin=document.at(*policy.path, "name")))
    if item.log is not None:  # its table and its view are ours, and so are their rights
        return out
    closed = item.closed_to(program.project)
    rights = {
        **about,
        "revoke": list(closed),
        "bound": [role for role in closed if role in program.project.roles.api and "RLS024" not in item.spec.allow],
        "grant": [[role, list(privileges)] for role, privileges in item.grants(program.project).items()],
        "restore": [[r, list(p)] for r, p in table.grants.items() if r in {*closed, PUBLIC}],
    }
    out.append(SqlObject(Key("rights", qname(table.name)), rights, origin=origin))
    return out


def _read(names: Iterable[QName], views: set[QName], logs: set[QName]) -> list[Key]:
    """The objects of ours among what a query reads."""
    kinds = (("materialized_view", views), ("table", logs))
    return sorted(Key(kind, qname(name)) for kind, ours in kinds for name in set(names) & ours)


def _view(view: View, roles: tuple[str, ...], views: set[QName], logs: set[QName]) -> list[SqlObject]:
    assert view.statement is not None
    assert view.analysis is not None
    key = Key("materialized_view", qname(view.name))
    origin = view.document.at("name")
    needs = tuple(_read(view.reads, views, logs))
    query = edited(view.source.text, view.statement.start, view.statement.end, view.analysis.edits)
    about = {"on": "materialized_view", "target": list(view.name)}
    grant = [[role, ["SELECT"]] for role in sorted(set(view.spec.access.select) - {view.spec.owner})]  # who has all
    former = view.spec.was
    was = Key("materialized_view", qname(QName(former.schema or view.name.schema, former.name))) if former else None
    out = [SqlObject(key, {"name": list(view.name), "query": query}, depends_on=needs, origin=origin, was=was)]

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


def _exposed(view: View, program: Program, views: set[QName], logs: set[QName]) -> list[SqlObject]:
    """The view in front of a materialized view.  It reads with the rights of its owner, who must be that of the other;
    those who read it have no right on what it reads."""
    exposed = view.exposed
    if exposed is None or exposed.condition is None:
        return []
    key = Key("view", qname(exposed.name))
    needs = set(_read((view.name, *exposed.condition.reads), views, logs))
    if exposed.calls_claim:
        needs.update(claim_keys(program.project.internal_schema))
    definition = {"name": list(exposed.name), "query": exposed.query, "options": ["security_barrier = true"]}
    out = [SqlObject(key, definition, depends_on=tuple(sorted(needs)), origin=view.document.at("expose", "as"))]
    about = {"on": "view", "target": list(exposed.name)}
    grant = [[role, ["SELECT"]] for role in exposed.roles]
    access = {**about, "revoke": list(program.roles), "grant": grant}
    out.append(SqlObject(Key("access", key.name), access, parent=key, origin=view.document.at("expose", "to")))
    if view.spec.owner is not None:
        owner = {**about, "role": view.spec.owner}
        out.append(SqlObject(Key("owner", key.name), owner, parent=key, origin=view.document.at("owner")))
    return out
