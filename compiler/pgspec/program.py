"""All specs together: names resolved against the catalog, queries parsed and analysed, in order of dependency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from pgspec.alerts import Alert, WrittenAlert, build_alerts
from pgspec.audit_policies import audit_logs as logs_of
from pgspec.audits import Audit, build_audits, session_request_id
from pgspec.cached import Cached, build_cached
from pgspec.catalog import Catalog
from pgspec.diagnostics import Diagnostic, Severity
from pgspec.event_logs import Events, build_event_logs
from pgspec.installed import Part, own_relations, relations_of
from pgspec.kinds import Alert as AlertSpec
from pgspec.kinds import (
    AuditLog,
    CachedQuery,
    EventLog,
    Invalidation,
    LoadTest,
    MaterializedView,
    Model,
    Project,
    RowSecurity,
)
from pgspec.load_tests import Load, build_loads
from pgspec.mappings import Mapping as Invalidating
from pgspec.mappings import build_mappings
from pgspec.policies import Guarded, Log, build_policies, with_claim, with_logs
from pgspec.source import Document, SqlText
from pgspec.sql import QName
from pgspec.views import View, build_views, with_face

S = TypeVar("S", bound=Model)


Subject = View | Invalidating | Cached | Guarded | Audit | Events | WrittenAlert | Load


@dataclass(frozen=True, slots=True)
class Program:
    """Everything that rules and kinds may ask about.  ``views`` are in order of dependency, the others by name;
    ``alerts`` are all that exist, ``written_alerts`` the specs among them, ``parts`` what of pgspec
    they can watch; ``logs`` are what policies see of ``audits``, one for each; ``written`` is the document of the
    project.

    ``catalog`` has the views too, and says of each table what row security it will have: of the schema files and of
    the specs.
    """

    project: Project
    catalog: Catalog
    views: tuple[View, ...] = ()
    cycles: tuple[tuple[QName, ...], ...] = ()
    mappings: tuple[Invalidating, ...] = ()
    cached: tuple[Cached, ...] = ()
    guarded: tuple[Guarded, ...] = ()
    audits: tuple[Audit, ...] = ()
    logs: tuple[Log, ...] = ()
    alerts: tuple[Alert, ...] = ()
    written_alerts: tuple[WrittenAlert, ...] = ()
    parts: frozenset[Part] = frozenset()
    written: Document | None = None
    event_logs: tuple[Events, ...] = ()
    loads: tuple[Load, ...] = ()

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Every spec that rules speak of."""
        lists: tuple[Sequence[Subject], ...] = (
            self.views, self.mappings, self.cached, self.guarded, self.audits, self.event_logs, self.written_alerts,
            self.loads,
        )  # fmt: skip
        return tuple(subject for specs in lists for subject in specs)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that the project names, sorted."""
        return tuple(sorted({*self.project.roles.api, *self.project.roles.service}))


Loaded = Sequence[tuple[Model, Document]]


def of_kind(kind: type[S], specs: Loaded) -> list[tuple[S, Document]]:
    """The specs of one kind."""
    return [(spec, document) for spec, document in specs if isinstance(spec, kind)]


def build(
    project: Project, catalog: Catalog, specs: Loaded, files: Mapping[str, SqlText], written: Document | None = None
) -> tuple[Program, list[Diagnostic]]:
    """Resolve and analyse the specs.  ``files`` holds the SQL files that ``query_file`` may name, by path;
    ``written`` is the document of the project."""
    found: list[Diagnostic] = []
    audit_logs, event_specs = of_kind(AuditLog, specs), of_kind(EventLog, specs)
    own = own_relations(project)
    request_id = None
    if event_specs or any("request_id" in spec.context for spec, _ in audit_logs):
        request_id = session_request_id(project, written, catalog, found)
    audit_names = {QName(project.runtime_schema, spec.name) for spec, _ in audit_logs}
    events, problems = build_event_logs(event_specs, catalog, own | audit_names, project, request_id)
    found += problems
    catalog = catalog.with_relations(*(log.relation() for log in events if log.name not in catalog.relations))
    views, cycles, catalog, problems = build_views(of_kind(MaterializedView, specs), catalog, files, project)
    found += problems
    logs = audit_names | {log.name for log in events}
    mappings, problems = build_mappings(of_kind(Invalidation, specs), catalog, own | logs)
    found += problems
    cached, problems = build_cached(of_kind(CachedQuery, specs), catalog, files, mappings)
    found += problems
    audits, problems = build_audits(audit_logs, catalog, own, project, request_id)
    found += [*problems, *same_names([*mappings, *cached, *audits, *events])]
    callable_ = with_claim(catalog, project)
    known = logs_of(audits, callable_, project)
    guarded, problems = build_policies(
        of_kind(RowSecurity, specs), with_logs(callable_, known), project, own | {log.name for log in events}, known
    )
    found += problems
    taken = dict.fromkeys(own, "pgspec itself") | {audit.name: "an audit log" for audit in audits}
    views = [with_face(view, callable_, project, taken, found) for view in views]
    # The logs are there for fixtures and expectations; no query of a spec reads one.
    catalog = _secured(with_logs(catalog, known), guarded)
    made = Program(
        project,
        catalog,
        views=tuple(views),
        cycles=tuple(cycles),
        mappings=tuple(mappings),
        cached=tuple(cached),
        guarded=tuple(guarded),
        audits=tuple(audits),
        logs=tuple(known),
        event_logs=tuple(events),
        written=written,
    )
    made = _alerted(made, of_kind(AlertSpec, specs), files, found)
    loads, problems = build_loads(of_kind(LoadTest, specs), made.catalog, cached, own, project)
    found += [*problems, *same_names(loads)]
    return replace(made, loads=tuple(loads)), found


def _secured(catalog: Catalog, guarded: Sequence[Guarded]) -> Catalog:
    """The catalog with the row security that the specs ask for."""
    tables = [(item.table, item.spec.force) for item in guarded if item.table is not None]
    return catalog.with_relations(
        *(replace(table, row_security=True, force_row_security=force) for table, force in tables)
    )


def _alerted(
    program: Program, specs: list[tuple[AlertSpec, Document]], files: Mapping[str, SqlText], found: list[Diagnostic]
) -> Program:
    """The program with its alerts, which may watch all the rest."""
    users = _users(program)
    parts = frozenset(part for part, needing in users.items() if needing)
    alerts, written, problems = build_alerts(specs, program.catalog, files, program.project, parts)
    found += [*problems, *same_names(written)]
    for part, needing in (users | {"alerts": written}).items():
        found += _taken(part, needing, program.catalog, program.project)
    return replace(program, alerts=tuple(alerts), written_alerts=tuple(written), parts=parts)


def _users(program: Program) -> dict[Part, Sequence[Subject]]:
    """The parts of what pgspec installs, and the specs that need each."""
    cache: list[Subject] = [*program.mappings, *program.cached]
    refresh = [view for view in program.views if view.is_watched]
    readable: list[Subject] = [view for view in program.views if view.exposed is not None]
    readable += [*program.guarded, *(audit for audit in program.audits if audit.viewer)]
    return {
        "cache": cache,
        "refresh": refresh,
        "events": program.event_logs,
        "switches": [*cache, *refresh, *(readable if program.project.roles.api else ())],
    }


def same_names(specs: Sequence[Subject]) -> list[Diagnostic]:
    """Specs of one kind that share a name."""
    found = []
    first: dict[tuple[str, str], Document] = {}
    for item in specs:
        key = (item.spec.kind, str(item.spec.name))
        if key in first:
            place = first[key].at("name")
            message = f"the name `{key[1]}` is already taken by another {key[0]} ({place.path}:{place.line})"
            span = item.document.at("name")
            found.append(Diagnostic(span, "PRJ011", Severity.ERROR, message, "choose another name", key[1]))
        first.setdefault(key, item.document)
    return found


def _taken(part: Part, users: Sequence[Subject], catalog: Catalog, project: Project) -> list[Diagnostic]:
    """Relations of the schema files, or views, that have the names of a part that some spec needs."""
    found = []
    for name in sorted(relations_of(part, project) & catalog.relations.keys()) if users else ():
        message = f"the name `{name}` of the {part} runtime is already taken"
        help_ = "rename it, remove it from the schema files, or choose another `runtime_schema:` in project.yaml"
        first = users[0]
        found.append(
            Diagnostic(first.document.at("kind"), "PRJ011", Severity.ERROR, message, help_, str(first.spec.name))
        )
    return found
