"""Materialized views: their queries parsed and analysed, in order of dependency."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pgspec import graph
from pgspec.catalog import Catalog, Column, Key, Relation
from pgspec.diagnostics import Diagnostic, Severity, SqlFinding
from pgspec.exposed import Exposed, build_exposed
from pgspec.keys import Analysis, KeyVerdict, analyse, check_key
from pgspec.kinds import MaterializedView, Name, Project
from pgspec.pgsql import Statement, relation_names
from pgspec.queries import one_select, placed, query_source
from pgspec.source import Document, SqlText
from pgspec.sql import QName, derived_name


@dataclass(frozen=True, slots=True)
class ViewIndex:
    """An index of a view.  ``path`` is where it is written in the spec, ``columns_path`` where its columns are."""

    name: str
    columns: tuple[str, ...]
    unique: bool
    method: str
    path: tuple[str | int, ...]
    columns_path: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class View:
    """One materialized view: its spec, where it is written, and what its query turned out to mean.

    ``statement`` is None when the query does not parse, ``analysis`` when it was not analysed; diagnostics say why.
    ``verdicts`` judges its unique indexes, the key's first, where they name output columns of a query without findings.
    """

    spec: MaterializedView
    document: Document
    name: QName
    source: SqlText
    statement: Statement | None = None
    analysis: Analysis | None = None
    verdicts: tuple[tuple[ViewIndex, KeyVerdict], ...] = ()
    reads: frozenset[QName] = frozenset()
    exposed: Exposed | None = None

    @property
    def understood(self) -> bool:
        """Whether its query was analysed and is without a finding, and so is its condition for callers."""
        known = self.analysis is not None and not self.analysis.findings
        return known and (self.exposed is None or self.exposed.understood)

    @property
    def is_watched(self) -> bool:
        """Whether its age matters to anybody: it is due at times, or may not be older than something."""
        return self.spec.refresh.every is not None or self.spec.refresh.max_staleness is not None

    @property
    def indexes(self) -> tuple[ViewIndex, ...]:
        """The unique key's index first, then the others in the order of the spec."""
        found = []
        if key := self.spec.unique_key:
            name = key.index or derived_name(self.name.name, "key")
            path = ("unique_key", "index") if key.index else ("unique_key",)
            listed = ("unique_key",) if self.document.has("unique_key", 0) else ("unique_key", "columns")
            found.append(ViewIndex(name, tuple(key.columns), True, "btree", path, listed))
        for number, index in enumerate(self.spec.indexes):
            name = index.name or derived_name(self.name.name, *index.columns, "idx")
            at = ("indexes", number)
            found.append(ViewIndex(name, tuple(index.columns), index.unique, index.method, at, (*at, "columns")))
        return tuple(found)


Built = tuple[list[View], list[tuple[QName, ...]], Catalog, list[Diagnostic]]


def build_views(
    specs: Sequence[tuple[MaterializedView, Document]], catalog: Catalog, files: Mapping[str, SqlText], project: Project
) -> Built:
    """The views in order of dependency, the cycles among them, the catalog with the views, and what is wrong."""
    found: list[Diagnostic] = []
    views = [_read(spec, document, project, files, found) for spec, document in specs]
    found += _collisions(views, catalog, project)
    unique = {view.name: view for view in reversed(views)}
    reads = _reads(unique, tuple(project.search_path))
    cycles = graph.cycles(reads, _printed)
    cyclic = {name for cycle in cycles for name in cycle}
    relations = dict(catalog.relations)
    catalog = replace(catalog, relations=relations)  # the analysed views are added to it on the way
    done = []
    for name in graph.order(reads, _printed):
        view = unique[name]
        if view.statement is not None and name not in cyclic:
            analysis = analyse(view.statement.node, catalog, view.source.text)
            found += [located(view, finding) for finding in analysis.findings]
            if analysis.proof.query is None:
                found.append(located(view, _TOO_DEEP))
            else:
                reads_of = frozenset(reference.name for reference in analysis.references)
                view = replace(view, analysis=analysis, verdicts=_verdicts(view, analysis), reads=reads_of)
        relations.setdefault(name, _relation(view))  # a view that takes a table's name has been refused
        done.append(view)
    return done, [tuple(cycle) for cycle in cycles], catalog, found


_TOO_DEEP = SqlFinding(
    0,
    1,
    "SQL005",
    "the query is nested too deeply to be understood",
    "name parts of it in WITH, or write lists: `IN (...)`",
)


def with_face(
    view: View, catalog: Catalog, project: Project, taken: Mapping[QName, str], found: list[Diagnostic]
) -> View:
    """The view with the one in front of it, if it has one and both are understood."""
    if view.spec.expose is None or view.analysis is None or not view.understood:
        return view
    columns = [column.name for column in view.analysis.columns]
    name = resolve(view.spec.expose.as_, project)
    exposed = build_exposed(
        view.spec, view.document, view.name, name, columns, catalog, taken, project.internal_schema, found
    )
    return replace(view, exposed=exposed)


def located(view: View, finding: SqlFinding, severity: Severity = Severity.ERROR) -> Diagnostic:
    """A finding inside the view's query, at its place in the file."""
    return placed(view.source, str(view.spec.name), finding, severity)


def resolve(name: Name, project: Project) -> QName:
    """A name from a spec in the schema where the project creates objects."""
    return QName(name.schema or project.search_path[0], name.name)


def _verdicts(view: View, analysis: Analysis) -> tuple[tuple[ViewIndex, KeyVerdict], ...]:
    names = {column.name for column in analysis.columns}
    unique = [index for index in view.indexes if index.unique and names.issuperset(index.columns)]
    return () if analysis.findings else tuple((index, check_key(analysis, index.columns)) for index in unique)


def _printed(name: QName) -> str:
    return str(name)


def _read(
    spec: MaterializedView,
    document: Document,
    project: Project,
    files: Mapping[str, SqlText],
    found: list[Diagnostic],
) -> View:
    """The view with its query parsed."""
    name = resolve(spec.name, project)
    source = query_source(spec, document, files, found)
    view = View(spec, document, name, source)
    if not source.text.strip():
        return view
    statement = one_select(source.text, "a view has no parameters")
    if isinstance(statement, SqlFinding):
        found.append(located(view, statement))
        return view
    return replace(view, statement=statement)


def _collisions(views: Sequence[View], catalog: Catalog, project: Project) -> list[Diagnostic]:
    """Names are shared by tables, views and indexes of a schema."""
    found: list[Diagnostic] = []
    taken: dict[QName, str] = {}

    def take(view: View, name: QName, what: str, path: tuple[str | int, ...]) -> None:
        if name in taken or name in catalog.relations:
            owner = taken.get(name) or "the base schema"
            message = f"the name `{name}` of {what} is already taken by {owner}"
            help_ = "choose another name" if name in taken else "rename it, or remove it from the schema files"
            found.append(
                Diagnostic(view.document.at(*path), "PRJ011", Severity.ERROR, message, help_, str(view.spec.name))
            )
        taken.setdefault(name, f"{what} ({view.document.path}:{view.document.at(*path).line})")

    for view in views:
        take(view, view.name, "the view", ("name",))
    for view in views:
        if view.spec.expose is not None:
            take(view, resolve(view.spec.expose.as_, project), "the exposed view", ("expose", "as"))
        for index in view.indexes:
            take(view, QName(view.name.schema, index.name), "the index", index.path)
    return found


def _reads(views: Mapping[QName, View], search_path: tuple[str, ...]) -> dict[QName, set[QName]]:
    """Which views each view reads; a tree is walked only when a view's name occurs in its text at all."""
    words = {name.name for name in views}
    quoted = any(not re.fullmatch(r"[a-z_][a-z0-9_]*", word) for word in words)
    out: dict[QName, set[QName]] = {}
    for name, view in views.items():
        out[name] = set()
        if view.statement is None:
            continue
        if not quoted and words.isdisjoint(re.findall(r"[a-z_][a-z0-9_]*", view.source.text.lower())):
            continue
        for schema, relation in relation_names(view.statement.node):
            for candidate in [schema] if schema else search_path:
                if QName(candidate, relation) in views:
                    out[name].add(QName(candidate, relation))
                    break
    return out


def _relation(view: View) -> Relation:
    """The view as other queries see it: its columns, and the keys that its unique indexes enforce."""
    columns = {}
    if view.analysis is not None:
        for column in view.analysis.columns:
            columns[column.name] = Column(column.name, column.type or "unknown", not_null=not column.nullable)
    keys = tuple(Key(index.name, index.columns) for index in view.indexes if index.unique)
    return Relation(view.name, "materialized_view", columns, keys if columns else ())
