"""Audit logs: their tables and columns found, and what they record of a request bound to the session."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pgspec.catalog import Catalog, Relation
from pgspec.conditions import not_found_by_triggers
from pgspec.diagnostics import Diagnostic, Severity, SqlFinding
from pgspec.keys import analyse
from pgspec.kinds import AuditLog, Project
from pgspec.kinds.base import table_name
from pgspec.mappings import followers, is_virtual, unwatchable
from pgspec.pgsql import ParseFailure, ast, parse, walk
from pgspec.policies import with_claim
from pgspec.queries import edited, inline_source, is_closed, nearest, placed, syntax_error
from pgspec.source import Document, Path, SqlText
from pgspec.sql import MAX_IDENTIFIER_BYTES, QName, derived_name

CLEANUP = "cleanup_"
"""What the retention function of a log is called: this, and the log's name."""

INDEXED = ("at", "row_key")
"""The columns of a log that have an index, which is called by the log's name and theirs."""

_EVENTS = ("insert", "update", "delete", "truncate")
_CLAIM = re.compile(r'claims((?:\.(?:"(?:[^"]|"")+"|[^."]+))+)')
_PART = re.compile(r'\.("(?:[^"]|"")+"|[^."]+)')


@dataclass(frozen=True, slots=True)
class AuditedTable:
    """One table of a log.  ``events`` are in PostgreSQL's words; ``watched``: the columns of which an update is logged,
    None for all; ``followers``: partitions and inheritance children, to which a statement can write directly."""

    relation: Relation
    events: tuple[str, ...]
    watched: tuple[str, ...] | None
    followers: tuple[QName, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key; empty when there is none."""
        return next((key.columns for key in self.relation.keys if key.primary), ())

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that transition tables have; virtual ones are made of the others."""
        return tuple(column.name for column in self.relation.columns.values() if not column.virtual)

    def logged(self, event: str) -> tuple[str, ...]:
        """The columns whose values an event logs."""
        return self.columns if self.watched is None or event != "UPDATE" else self.watched


@dataclass(frozen=True, slots=True)
class Viewer:
    """The view of a log for roles that are not trusted with all of it.  ``require``: the condition as it was written;
    ``condition``: the same with every name qualified; ``function`` asks it."""

    name: QName
    function: QName
    to: tuple[str, ...]
    require: SqlText
    condition: str


@dataclass(frozen=True, slots=True)
class Audit:
    """One audit log.  ``name`` is that of the view under which it is read, ``table`` where its entries are.  ``claims``
    are the paths of the claims that it records, by the words that name them; ``request_id`` is the project's expression
    with every name qualified, None when the log does not record it.  ``understood``: nothing is wrong with it."""

    spec: AuditLog
    document: Document
    name: QName
    table: QName
    tables: tuple[AuditedTable, ...] = ()
    claims: Mapping[str, tuple[str, ...]] | None = None
    request_id: str | None = None
    viewer: Viewer | None = None
    understood: bool = False

    @property
    def cleanup(self) -> QName:
        """The function that forgets what is older than ``retention``."""
        return QName(self.name.schema, f"{CLEANUP}{self.name.name}")


def build_audits(
    specs: Sequence[tuple[AuditLog, Document]],
    catalog: Catalog,
    own: Iterable[QName],
    project: Project,
    request_id: str | None,
) -> tuple[list[Audit], list[Diagnostic]]:
    """The audit logs in the order of their names.  ``own``: what pgspec itself installs; ``request_id``: the project's
    expression for it."""
    found: list[Diagnostic] = []
    logs = {QName(project.runtime_schema, spec.name) for spec, _ in specs}
    taken = frozenset(own)
    names = set(logs)
    made = [_Reader(s, d, catalog, taken, logs, names, project, found).audit(request_id) for s, d in specs]
    return sorted(made, key=lambda audit: audit.spec.name), found


@dataclass(frozen=True, slots=True)
class _Reader:
    """One audit log being read; what is wrong goes to ``found``.  ``names``: those of all logs, and of the viewers that
    were read before."""

    spec: AuditLog
    document: Document
    catalog: Catalog
    own: frozenset[QName]
    logs: set[QName]
    names: set[QName]
    project: Project
    found: list[Diagnostic]

    def audit(self, request_id: str | None) -> Audit:
        before = len(self.found)
        name = QName(self.project.runtime_schema, self.spec.name)
        audit = Audit(self.spec, self.document, name, QName(self.project.internal_schema, self.spec.name))
        self._name(audit)
        claims = self._context()
        tables = tuple(self._tables())
        viewer = self._viewer() if self.spec.viewer is not None else None
        understood = len(self.found) == before
        request_id = request_id if "request_id" in self.spec.context else None
        return replace(audit, tables=tables, claims=claims, request_id=request_id, viewer=viewer, understood=understood)

    def _error(self, path: Path, code: str, message: str, help_: str, *, key: bool = False) -> None:
        span = self.document.key(*path) if key else self.document.at(*path)
        self.found.append(Diagnostic(span, code, Severity.ERROR, message, help_, self.spec.name))

    def _name(self, audit: Audit) -> None:
        size = len(audit.cleanup.name.encode())
        if size > MAX_IDENTIFIER_BYTES:
            message = f"the name of the log's function, `{audit.cleanup.name}`, would have {size} bytes"
            help_ = f"names have at most {MAX_IDENTIFIER_BYTES} bytes: shorten it by {size - MAX_IDENTIFIER_BYTES}"
            self._error(("name",), "AUD006", message, help_)
        if audit.name == audit.table:
            message = f"the view `{audit.name}` and the table of the audit log would have one name"
            help_ = "give `runtime_schema:` and `internal_schema:` of project.yaml different names"
            self._error(("name",), "PRJ011", message, help_)
        for name in (audit.name, audit.table, audit.cleanup):
            functions = name == audit.cleanup
            if name in (self.catalog.functions if functions else self.catalog.relations) or name in self.own:
                self._taken(("name",), name, "the audit log")
        indexes = {derived_name(log.name, suffix) for log in self.logs for suffix in INDEXED}
        if audit.table.name in indexes:
            self._taken(("name",), audit.table, "the audit log")

    def _taken(self, path: Path, name: QName, what: str) -> None:
        whose = "the runtime of pgspec" if name in self.own else "another audit log"
        whose = "the base schema" if name in self.catalog.relations or name in self.catalog.functions else whose
        self._error(path, "PRJ011", f"the name `{name}` of {what} is already taken by {whose}", "choose another name")

    def _viewer(self) -> Viewer | None:
        """The viewer, if nothing is wrong with its condition."""
        assert self.spec.viewer is not None
        spec, project = self.spec.viewer, self.project
        name = QName(project.runtime_schema, spec.name)
        if name in self.catalog.relations or name in self.own or name in self.names:
            self._taken(("viewer", "name"), name, "the viewer")
        self.names.add(name)
        known = {*project.roles.api, *project.roles.service}
        for number, role in enumerate(spec.to):
            if role not in known:
                path: Path = ("viewer", "to", number) if self.document.has("viewer", "to", number) else ("viewer", "to")
                help_ = nearest(role, known) or "name a role under `roles:` in project.yaml"
                self._error(path, "AUD001", f"`{role}` is not a role of the project", help_)
        source = inline_source(self.document, ("viewer", "require"), self.spec.name, self.found)
        if not source.text.strip():
            return None
        asked, catalog = _Asked("`require`", _asked_of_session, boolean=True), with_claim(self.catalog, project)
        condition = _expression(source, self.spec.name, catalog, self.found, asked)
        if condition is None:
            return None
        function = QName(project.internal_schema, derived_name("may_view", spec.name))
        return Viewer(name, function, tuple(sorted(set(spec.to))), source, condition)

    def _context(self) -> dict[str, tuple[str, ...]]:
        claims: dict[str, tuple[str, ...]] = {}
        for number, entry in enumerate(self.spec.context):
            path: Path = ("context", number)
            match = _CLAIM.fullmatch(entry)
            if entry in self.spec.context[:number]:
                self._error(path, "AUD005", f"`{entry}` is there twice", "remove one of the two")
            elif match is not None:
                parts = [_plain(part) for part in _PART.findall(match[1])]
                claims[".".join(parts)] = tuple(parts)
            elif entry != "request_id":
                message = f"`{entry}` is neither `request_id` nor a claim"
                help_ = nearest(entry, ["request_id", "claims.sub", "claims.role"])
                self._error(path, "AUD004", message, help_ or "name a claim such as `claims.sub`")
        return claims

    def _tables(self) -> Iterable[AuditedTable]:
        seen: dict[QName, str] = {}
        for key in self.spec.tables:
            table = self._table(key)
            if table is None:
                continue
            if table.name in seen:
                message = f"the table `{table.name}` is there twice, as `{seen[table.name]}` and as `{key}`"
                self._error(("tables", key), "AUD005", message, "merge the two", key=True)
                continue
            seen[table.name] = key
            yield self._events(key, table)

    def _table(self, key: str) -> Relation | None:
        name = table_name(key)
        table = self.catalog.relation(name.schema, name.name)
        path: Path = ("tables", key)
        schemas = [name.schema] if name.schema else self.catalog.search_path
        if any(QName(schema, name.name) in self.own | self.logs for schema in schemas):
            help_ = "an audit log watches tables of the application"
            self._error(path, "AUD002", f"`{name}` is pgspec's own", help_, key=True)
        elif table is None:
            known = {str(r) if name.schema else r.name for r in self.catalog.relations}
            elsewhere = sorted(str(r) for r in self.catalog.relations if r.name == name.name)
            help_ = f"known as `{elsewhere[0]}`" if elsewhere else nearest(str(name), known)
            self._error(path, "AUD001", f"the table `{name}` is not in the schema files", help_, key=True)
        elif problem := unwatchable(table, self.catalog):
            message, help_ = problem
            parent = table.partition_of or next(iter(table.inherits), None)
            self._error(path, "AUD002", message, f"name `{parent}`" if parent else help_, key=True)
        else:
            return table
        return None

    def _events(self, key: str, table: Relation) -> AuditedTable:
        audited = self.spec.tables[key]
        events = tuple(event.upper() for event in _EVENTS if getattr(audited, event))
        if not events:
            message = f"no event of `{table.name}` is logged"
            self._error(("tables", key), "AUD003", message, "add `update: true`", key=True)
        update = audited.update
        for number, column in enumerate(update if isinstance(update, list) else ()):
            path: Path = ("tables", key, "update", number)
            if column not in table.columns:
                message = f"the table `{table.name}` has no column `{column}`"
                self._error(path, "AUD001", message, nearest(column, table.columns))
            elif table.columns[column].virtual:
                self._error(path, "AUD002", *is_virtual(column))
            elif isinstance(update, list) and column in update[:number]:
                self._error(path, "AUD005", f"the column `{column}` is there twice", "remove one of the two")
        watched = None if isinstance(update, bool) else tuple(update)
        return AuditedTable(table, events, watched, tuple(sorted(followers(self.catalog, table.name))))


def _plain(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


def session_request_id(
    project: Project, document: Document | None, catalog: Catalog, found: list[Diagnostic]
) -> str | None:
    """The project's expression for the number of a request, with every name qualified; None when it is none."""
    path = ("session", "request_id")
    if document is not None and document.has(*path):
        source = inline_source(document, path, project.name, found)
    else:  # the default, whose place nobody needs
        source = SqlText(project.session.request_id, document.head() if document else _NOWHERE)
    if not source.text.strip():
        return None
    return _expression(source, project.name, catalog, found, _Asked("the request id", _known_to_session))


@dataclass(frozen=True, slots=True)
class _Asked:
    """An expression that is asked of the session: what findings call it, what it may not use, and its type."""

    what: str
    forbidden: Callable[[Any], Iterable[SqlFinding]]
    boolean: bool = False


def _expression(source: SqlText, name: str, catalog: Catalog, found: list[Diagnostic], asked: _Asked) -> str | None:
    """The text of an expression with every name qualified; None when something is wrong with it.  ``name`` is what
    findings call the spec."""
    head = "SELECT ("
    text = f"{head}{source.text}\n)"
    problems, edits = _judged(source.text, text, len(head), catalog, asked)
    moved = [replace(p, start=max(p.start - len(head), 0), end=max(p.end - len(head), 1)) for p in problems]
    found += [placed(source, name, problem) for problem in moved]
    return None if problems else edited(text, len(head), len(head) + len(source.text), edits)


def _judged(
    written: str, text: str, head: int, catalog: Catalog, asked: _Asked
) -> tuple[list[SqlFinding], tuple[tuple[int, str], ...]]:
    """What is wrong with an expression that stands at ``head`` of ``text``, and how its names are qualified."""
    statements, failure = parse(text)
    if failure is not None:
        inside = max(min(failure.offset - head, len(written.rstrip()) - 1), 0)
        problem = syntax_error(written, ParseFailure(failure.message.partition("\n")[0], inside))
        return [replace(problem, start=problem.start + head, end=problem.end + head)], ()
    node = statements[0].node
    whole = (head, head + len(written.rstrip()))
    if len(statements) != 1 or len(node.targetList or ()) != 1 or node.fromClause or not is_closed(written):
        help_ = "write what would stand after SELECT"
        return [SqlFinding(*whole, "SQL006", f"{asked.what} is not one expression", help_)], ()
    for problem in asked.forbidden(node):
        start = max(problem.start, head)
        return [replace(problem, start=start, end=start + len(_WORD.match(text, start)[0]))], ()  # type: ignore[index]
    analysis = analyse(node, catalog, text)
    problems = [finding for finding in analysis.findings if finding not in analysis.naming]
    problems = problems or [replace(f, code="SQL005") for f in not_found_by_triggers(node, analysis, catalog)]
    kind = next((column.type for column in analysis.columns), None)
    if not problems and asked.boolean and kind not in (None, "boolean", "unknown"):
        help_ = "write a comparison, such as `pgspec.claim('role') = 'admin'`"
        problems = [SqlFinding(*whole, "AUD007", f"{asked.what} is {kind}, not boolean", help_)]
    return problems, analysis.edits


_WORD = re.compile(r'[\w."]+|.')


def _known_to_session(node: Any) -> Iterable[SqlFinding]:
    """What a request id may not use."""
    for item in walk(node.targetList):
        if isinstance(item, ast.SubLink | ast.ParamRef):
            message = "the request id is what the session knows: it has no sub-query and no parameter"
            yield SqlFinding(
                item.location, item.location + 1, "SQL006", message, "call a function, if there is no other way"
            )


def _asked_of_session(node: Any) -> Iterable[SqlFinding]:
    """What the condition of a viewer may not use: it is asked once, before any row is there."""
    for item in walk(node.targetList):
        what = ""
        if isinstance(item, ast.ColumnRef):
            what = "names a column"
        elif isinstance(item, ast.RangeVar):
            what = "reads a table"
        elif isinstance(item, ast.ParamRef):
            what = "has a parameter"
        if what:
            help_ = "compare what the session knows, such as `pgspec.claim('role') = 'admin'`; a policy judges rows"
            message = f"`require` is asked of the session, before any row is read, and {what}"
            yield SqlFinding(item.location, item.location + 1, "AUD007", message, help_)


_NOWHERE = Document("specs/project.yaml", "").head()
