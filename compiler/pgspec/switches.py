"""Program -> its switches: what operators turn off and on again without a migration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pgspec.objects import Key, SqlObject
from pgspec.program import Program
from pgspec.runtime.switches import SwitchRuntime, Target
from pgspec.sql import QName, qname

CACHE, ENQUEUE, REFRESH = "cache", "enqueue", "refresh"


@dataclass(frozen=True, slots=True)
class Hardening:
    """The switch that denies API roles a relation and what is in front of it.  ``about``: the relation as people know
    it; ``relations``: what the specs make, or guard, of it."""

    about: QName
    relations: tuple[QName, ...]

    @property
    def name(self) -> str:
        """What the switch is called."""
        return f"harden {qname(self.about)}"


def switch_names(program: Program) -> tuple[str, ...]:
    """The switches of a project: only for what it has."""
    cache = (CACHE, ENQUEUE) if program.mappings or program.cached else ()
    refresh = (REFRESH,) if any(view.is_watched for view in program.views) else ()
    return (*cache, *refresh, *(hardening.name for hardening in hardenings(program)))


def hardenings(program: Program) -> tuple[Hardening, ...]:
    """What can be closed to the API roles: guarded tables, audit logs that such a role may read, exposed views."""
    if not program.project.roles.api:
        return ()
    found = []
    for item in program.guarded:
        if item.table is not None and item.log is None:
            faces = (item.face,) if item.face is not None else ()
            found.append(Hardening(item.table.name, (item.table.name, *faces)))
    guarded = {item.face for item in program.guarded if item.log is not None}
    for audit in program.audits:
        if audit.viewer or audit.name in guarded:
            viewer = (audit.viewer.name,) if audit.viewer else ()
            found.append(Hardening(audit.name, (audit.table, audit.name, *viewer)))
    for view in program.views:
        if view.exposed is not None:
            found.append(Hardening(view.exposed.name, (view.name, view.exposed.name)))
    return tuple(sorted(found, key=lambda item: item.name))


def switch_objects(program: Program, objects: Iterable[SqlObject]) -> list[SqlObject]:
    """What the switches are made of.  ``objects``: all others of the project, which say who may use what."""
    names = switch_names(program)
    if not names:
        return []
    project = program.project
    given = {item.key: _granted(item.definition["grant"]) for item in objects if item.key.type in ("rights", "access")}
    targets = [
        Target(hardening.name, qname(relation), role, tuple(sorted(_rights(given, relation).get(role, ()))))
        for hardening in hardenings(program)
        for relation in hardening.relations
        for role in sorted(project.roles.api)
    ]
    runtime = SwitchRuntime(
        project.runtime_schema,
        project.internal_schema,
        tuple(sorted(project.roles.api)),
        tuple(sorted(project.roles.service)),
        names,
        tuple(targets),
    )
    return list(runtime.objects())


def _rights(given: Mapping[Key, Mapping[str, tuple[str, ...]]], relation: QName) -> Mapping[str, tuple[str, ...]]:
    name = qname(relation)
    return given.get(Key("rights", name)) or given.get(Key("access", name)) or {}


def _granted(grant: Iterable[tuple[str, Iterable[str]]]) -> dict[str, tuple[str, ...]]:
    return {role: tuple(privileges) for role, privileges in grant}
