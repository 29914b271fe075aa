"""All specs together: names resolved against the catalog, queries parsed and analysed, in order of dependency."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pgspec import graph
from pgspec.catalog import Catalog, Column, Key, Relation
from pgspec.diagnostics import Diagnostic, Severity, SqlFinding
from pgspec.keys import Analysis, KeyVerdict, analyse, check_key
from pgspec.kinds import MaterializedView, Name, Project
from pgspec.pgsql import ParseFailure, Statement, ast, parse, relation_names, walk
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


@dataclass(frozen=True, slots=True)
class Program:
    """Everything that rules and kinds may ask about.  ``views`` are in order of dependency."""

    project: Project
    catalog: Catalog
    views: tuple[View, ...] = ()
    cycles: tuple[tuple[QName, ...], ...] = ()

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that the project names, sorted."""
        return tuple(sorted({*self.project.roles.api, *self.project.roles.service}))


def build(
    project: Project,
    catalog: Catalog,
    specs: Sequence[tuple[MaterializedView, Document]],
    files: Mapping[str, SqlText],
) -> tuple[Program, list[Diagnostic]]:
    """Resolve and analyse the specs.  ``files`` holds the SQL files that ``query_file`` may name, by path."""
    found: list[Diagnostic] = []
    views = [_read(spec, document, project, files, found) for spec, document in specs]
    found += _collisions(views, catalog)
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
    return Program(project, catalog, tuple(done), tuple(tuple(cycle) for cycle in cycles)), found


_TOO_DEEP = SqlFinding(
    0,
    1,
    "SQL005",
    "the query is nested too deeply to be understood",
    "name parts of it in WITH, or write lists: `IN (...)`",
)


def located(view: View, finding: SqlFinding, severity: Severity = Severity.ERROR) -> Diagnostic:
    """A finding inside the view's query, at its place in the file."""
    span = view.source.span(finding.start, finding.end)
    return Diagnostic(span, finding.code, severity, finding.message, finding.help, str(view.spec.name))


def resolve(name: Name, project: Project) -> QName:
    """A name from a spec in the schema where the project creates objects."""
    return QName(name.schema or project.search_path[0], name.name)


def nearest(word: str, known: Iterable[str]) -> str:
    """Help text that offers the known word closest to ``word``, or an empty text."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""


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
    source = _source(spec, document, files, found)
    view = View(spec, document, name, source)
    if not source.text.strip():
        return view
    statements, failure = parse(source.text)
    problem = _not_a_query(statements, failure, source.text)
    if problem is None:
        return replace(view, statement=statements[0])
    found.append(located(view, problem))
    return view


def _source(
    spec: MaterializedView, document: Document, files: Mapping[str, SqlText], found: list[Diagnostic]
) -> SqlText:
    def error(path: str, code: str, message: str, help_: str) -> None:
        found.append(Diagnostic(document.at(path), code, Severity.ERROR, message, help_, str(spec.name)))

    empty = SqlText("", document.head())
    if (spec.query is None) == (spec.query_file is None):
        message = "missing key `query`" if spec.query is None else "`query` and `query_file` exclude each other"
        span = document.head() if spec.query is None else document.key("query_file")
        help_ = "add `query: |` with the SELECT below it" if spec.query is None else "keep one of the two"
        found.append(Diagnostic(span, "PRJ005", Severity.ERROR, message, help_, str(spec.name)))
        return empty
    if spec.query_file is not None:
        folder = document.path.rpartition("/")[0]
        path = f"{folder}/{spec.query_file}" if folder else spec.query_file
        if path in files:
            return files[path]
        help_ = nearest(path, files) or f"the path is relative to {folder}/"
        error("query_file", "PRJ009", f"there is no SQL file `{path}`", help_)
        return empty
    if document.is_folded("query"):
        help_ = "write `query: |` and the SQL below it, indented"
        error("query", "PRJ016", "SQL over several lines must be a literal block, or its places are lost", help_)
        return empty
    source = document.sql("query")
    if not source.text.strip():
        error("query", "PRJ005", "the query is empty", "write a SELECT")
    return source


def _not_a_query(statements: list[Statement], failure: ParseFailure | None, text: str) -> SqlFinding | None:
    if failure is not None:
        end = failure.offset + len(re.match(r"\w*", text[failure.offset :])[0])  # type: ignore[index]
        return SqlFinding(failure.offset, max(end, failure.offset + 1), "SQL001", failure.message, "")
    if not statements:
        return SqlFinding(0, 1, "SQL006", "the query has only comments", "write a SELECT")
    if len(statements) > 1:
        start = statements[1].start + len(text[statements[1].start :]) - len(text[statements[1].start :].lstrip())
        message = f"a query is one statement; this is number 2 of {len(statements)}"
        return SqlFinding(start, start + 1, "SQL006", message, "move it to a spec of its own")
    node = statements[0].node
    if not isinstance(node, ast.SelectStmt):
        what = type(node).__name__.removesuffix("Stmt").upper()
        start = len(text) - len(text.lstrip())
        return SqlFinding(start, start + 1, "SQL006", f"a query is a SELECT, not {what}", "write a SELECT")
    if "$" in text and (parameter := next((n for n in walk(node) if isinstance(n, ast.ParamRef)), None)) is not None:
        start = parameter.location
        end = start + len(re.match(r"\$\d*", text[start:])[0])  # type: ignore[index]
        return SqlFinding(start, end, "SQL006", "a view has no parameters", "write the value itself")
    if node.intoClause is not None:
        start = text.lower().find("into")
        return SqlFinding(start, start + 1, "SQL006", "a query cannot have INTO", "remove INTO")
    return None


def _collisions(views: Sequence[View], catalog: Catalog) -> list[Diagnostic]:
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
