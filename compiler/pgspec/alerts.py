"""Alerts: those of the specs, whose queries are analysed, and those that exist without being written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pgspec.builtin_alerts import BUILTIN, Builtin
from pgspec.catalog import Catalog
from pgspec.diagnostics import Diagnostic, Severity, Span, SqlFinding
from pgspec.installed import Part, installed_relations
from pgspec.keys import Analysis, analyse
from pgspec.kinds import Alert as Spec
from pgspec.kinds import Project
from pgspec.pgsql import ast, walk
from pgspec.queries import edited, nearest, one_select, placed, query_source
from pgspec.source import Document, SqlText
from pgspec.sql import QName, ident

VALUES, EVALUATE = "alert_values", "evaluate_alerts"
"""The function that asks for the value of every alert, and the one that remembers them."""

_NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"})
_INSTEAD = {
    "interval": "print it in seconds: `extract(epoch FROM ...) AS value`",
    "boolean": "print it as a number: `(...)::int AS value`",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as it is evaluated.  ``query`` has every name qualified; with ``detail`` it has that column.
    ``pending``: for how many seconds the value must be beyond the threshold.  ``reads``: the relations that the query
    of a spec names; ``origin``: where it is written, None when it is not."""

    name: str
    query: str
    detail: bool
    above: bool
    threshold: float
    pending: int
    severity: str
    summary: str
    runbook: str
    reads: frozenset[QName] = frozenset()
    origin: Span | None = None
    built_in: bool = False


@dataclass(frozen=True, slots=True)
class WrittenAlert:
    """A spec of an alert, and what it means; ``alert`` is None when something is wrong with it."""

    spec: Spec
    document: Document
    source: SqlText | None = None
    alert: Alert | None = None

    @property
    def understood(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.alert is not None


def build_alerts(
    specs: Sequence[tuple[Spec, Document]],
    catalog: Catalog,
    files: Mapping[str, SqlText],
    project: Project,
    parts: Collection[Part],
) -> tuple[list[Alert], list[WrittenAlert], list[Diagnostic]]:
    """All alerts by name, and the specs among them.  ``parts``: what of pgspec is installed beside them; ``catalog``
    need not have it.  None without anything to watch."""
    found: list[Diagnostic] = []
    if not specs and not parts:
        return [], [], found
    built_in = {item.name: item for item in BUILTIN if item.needs is None or item.needs in parts}
    known = catalog.with_relations(*installed_relations(sorted(parts), project))
    reader = _Reader(known, files, project, built_in, found)
    written = [reader.read(*entry) for entry in sorted(specs, key=lambda entry: entry[0].name)]
    alerts = {name: _made(item, project) for name, item in built_in.items()}
    alerts |= {item.alert.name: item.alert for item in written if item.alert is not None}
    return [alerts[name] for name in sorted(alerts)], written, found


def number(value: float) -> str:
    """A threshold as people write it: ``300``, ``0.3``."""
    return str(int(value)) if value == int(value) else repr(value)


def _made(item: Builtin, project: Project) -> Alert:
    schemas = {"runtime": ident(project.runtime_schema), "internal": ident(project.internal_schema)}
    query, runbook = item.query.format(**schemas), item.runbook.format(**schemas)
    above = item.side == "above"
    made = Alert(
        item.name, query, item.detail, above, item.threshold, item.pending, item.severity, item.summary, runbook
    )
    return replace(made, built_in=True)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads specs; what is wrong goes to ``found``."""

    catalog: Catalog
    files: Mapping[str, SqlText]
    project: Project
    built_in: Mapping[str, Builtin]
    found: list[Diagnostic]

    def read(self, spec: Spec, document: Document) -> WrittenAlert:
        before = len(self.found)
        if spec.query is None and spec.query_file is None:
            written = WrittenAlert(spec, document, alert=self._override(spec, document))
        else:
            written = self._queried(spec, document)
        return written if len(self.found) == before else replace(written, alert=None)

    def _override(self, spec: Spec, document: Document) -> Alert | None:
        """A built-in alert, with what the spec says otherwise."""
        item = self.built_in.get(spec.name)
        if item is None:
            message = f"there is no query, and no built-in alert `{spec.name}` in this project"
            known = ", ".join(f"`{name}`" for name in sorted(self.built_in))
            self._error(document.at("name"), "ALR003", message, nearest(spec.name, self.built_in) or known, spec)
            return None
        other = "below" if item.side == "above" else "above"
        if document.has(other):
            message = f"the built-in alert `{spec.name}` fires {item.side} its threshold, not {other}"
            self._error(document.key(other), "ALR003", message, f"write `{item.side}:`", spec)
        threshold = getattr(spec, item.side)
        made = _made(item, self.project)
        return replace(
            made,
            threshold=made.threshold if threshold is None else threshold,
            pending=made.pending if spec.for_ is None else spec.for_.seconds,
            severity=spec.severity or made.severity,
            summary=spec.description or made.summary,
            runbook=spec.runbook or made.runbook,
            origin=document.at("name"),
        )

    def _queried(self, spec: Spec, document: Document) -> WrittenAlert:
        if spec.name in self.built_in:
            message = f"`{spec.name}` is a built-in alert, which has a query"
            help_ = "choose another name; or leave out the query, to change its threshold"
            self._error(document.at("name"), "ALR003", message, help_, spec)
        if (spec.above is None) == (spec.below is None):
            both = spec.above is not None
            span = document.key("below") if both else document.head()
            message = "`above` and `below` exclude each other" if both else "there is no threshold"
            help_ = "keep one of the two; make a second alert of the other" if both else "add `above:` or `below:`"
            self._error(span, "ALR002", message, help_, spec)
        source = query_source(spec, document, self.files, self.found)
        written = WrittenAlert(spec, document, source)
        if not source.text.strip():
            return written
        statement = one_select(source.text, "an alert has no parameters")
        if isinstance(statement, SqlFinding):
            self.found.append(placed(source, spec.name, statement))
            return written
        if any(isinstance(node, ast.LockingClause) for node in walk(statement.node)):
            locks = SqlFinding(
                0, 1, "SQL006", "the query of an alert locks no rows", "remove `FOR UPDATE` or `FOR SHARE`"
            )
            self.found.append(placed(source, spec.name, locks))
            return written
        analysis = analyse(statement.node, self.catalog, source.text)
        problems = list(analysis.findings)
        if analysis.proof.query is None and not problems:
            help_ = "name parts of it in WITH, or write lists: `IN (...)`"
            problems = [SqlFinding(0, 1, "SQL005", "the query is nested too deeply to be understood", help_)]
        problems = problems or list(self._columns(analysis))
        self.found.extend(placed(source, spec.name, problem) for problem in problems)
        above = spec.above is not None
        threshold = spec.above if spec.above is not None else spec.below
        if problems or threshold is None:
            return written
        alert = Alert(
            spec.name,
            edited(source.text, statement.start, statement.end, analysis.edits),
            any(column.name == "detail" for column in analysis.columns),
            above,
            threshold,
            spec.for_.seconds if spec.for_ else 0,
            spec.severity or "ticket",
            (spec.description or f"the value of {spec.name} is {'above' if above else 'below'} its threshold").strip(),
            (spec.runbook or "").strip(),
            frozenset(reference.name for reference in analysis.references),
            document.at("name"),
        )
        return replace(written, alert=alert)

    def _columns(self, analysis: Analysis) -> Iterator[SqlFinding]:
        """What is wrong with the columns of a query that means something."""
        names = [column.name for column in analysis.columns]
        if "value" not in names:
            help_ = "name the number that is compared with the threshold: `... AS value`"
            start, end = (analysis.columns[0].start, analysis.columns[0].end) if names else (0, 1)
            yield SqlFinding(start, end, "ALR001", "the query has no column `value`", help_)
            return
        for column in analysis.columns:
            kind = self._plain(column.type)
            if column.name not in ("value", "detail"):
                message = f"a column `{column.name}`, which an alert has no use for"
                help_ = "an alert has `value`, and perhaps `detail`: a text that says what of many it is about"
                yield SqlFinding(column.start, column.end, "ALR001", message, help_)
            elif column.name == "value" and kind is not None and kind not in _NUMBERS:
                message = f"`value` is of type {kind}, not a number"
                yield SqlFinding(column.start, column.end, "ALR001", message, _INSTEAD.get(kind, "print a number"))

    def _plain(self, kind: str | None) -> str | None:
        """The type below any domains."""
        domains = {str(name): base for name, base in self.catalog.domains.items()}
        while kind in domains:
            kind = domains[kind]
        return kind

    def _error(self, span: Span, code: str, message: str, help_: str, spec: Spec) -> None:
        self.found.append(Diagnostic(span, code, Severity.ERROR, message, help_, spec.name))
