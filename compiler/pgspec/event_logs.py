"""Event logs: their columns and roles found, their types bound to the schema, and the relation that queries read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pgspec.catalog import Catalog, Column, Relation
from pgspec.diagnostics import Diagnostic, Severity
from pgspec.keys import analyse
from pgspec.kinds import EventLog, Label, Project
from pgspec.pgsql import ast, parse
from pgspec.queries import edited, is_closed, nearest
from pgspec.source import Document, Path
from pgspec.sql import MAX_IDENTIFIER_BYTES, QName, derived_name

MOMENT, REQUEST, GIVEN = "created_at", "request_id", "request_id_given"
"""The columns that every log has: when, in which request, and whether the request said so itself."""

OTHER, UNKNOWN = "other", "unknown"
"""What a label of type text holds for a value beyond its budget, and for none."""

RECORD, MAINTAIN = "record_", "maintain_"
HEALTH, LABEL_HEALTH = "event_log_health", "event_label_health"

Section = Literal["labels", "identifiers", "measures"]
_DAY = 86400
_SYSTEM = ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")
_LABEL_TYPES = {"text": str, "smallint": int, "integer": int, "bigint": int, "boolean": bool}
_PSEUDO = re.compile(
    r"any\w*|anyarray|cstring|event_trigger|\w+_handler|internal|pg_ddl_command|record|trigger|unknown|void"
)


@dataclass(frozen=True, slots=True)
class LogColumn:
    """A column that a spec names.  ``type`` is spelt as `format_type` does, ``declared`` as the spec has it, with every
    name qualified.  ``label`` is what the spec says of a label, None for other columns."""

    name: str
    section: Section
    type: str
    declared: str
    label: Label | None = None

    @property
    def folds(self) -> bool:
        """Whether it holds words of its own for no value and for one too many, rather than NULL."""
        return self.label is not None and self.type == "text"


@dataclass(frozen=True, slots=True)
class Events:
    """One event log.  ``columns``: the labels, the identifiers beside the request id, the measures; ``request_id``: the
    project's expression for it.  ``understood``: nothing is wrong with it."""

    spec: EventLog
    document: Document
    name: QName
    internal: str
    columns: tuple[LogColumn, ...] = ()
    request_id: str | None = None
    understood: bool = False

    @property
    def default(self) -> QName:
        """The partition for rows of days that have none."""
        return QName(self.name.schema, f"{self.name.name}_default")

    @property
    def seen(self) -> QName:
        """The table of the values that labels have."""
        return QName(self.internal, f"{self.name.name}_labels")

    @property
    def admits(self) -> QName:
        """The function that admits a value to a label."""
        return QName(self.internal, f"{self.name.name}_admits")

    @property
    def record(self) -> QName:
        """The function that records an event."""
        return QName(self.name.schema, f"{RECORD}{self.name.name}")

    @property
    def maintain(self) -> QName:
        """The function that makes and drops partitions."""
        return QName(self.name.schema, f"{MAINTAIN}{self.name.name}")

    @property
    def budgets(self) -> dict[str, int]:
        """The labels with a budget, and how many values each may have."""
        labels = self.spec.labels.items()
        return {name: label.max_cardinality for name, label in labels if label.max_cardinality is not None}

    def indexes(self) -> dict[str, str]:
        """The indexed columns with their access methods.

        Alerts ask for the last minutes, again and again: a BRIN index is as dear to write, and until it is vacuumed has
        today's partition read to its end.  A request id is only ever asked for equality."""
        return {MOMENT: "btree", REQUEST: "hash"}

    def index(self, column: str) -> QName:
        """What the index of a column is called."""
        return QName(self.name.schema, derived_name(self.name.name, column))

    def relation(self) -> Relation:
        """The log as queries see it."""
        columns = {
            MOMENT: Column(MOMENT, "timestamp with time zone", not_null=True, has_default=True),
            REQUEST: Column(REQUEST, "text", not_null=True, has_default=True),
            GIVEN: Column(GIVEN, "boolean", not_null=True, has_default=True),
        }
        for column in self.columns:
            made = Column(column.name, column.type, not_null=column.folds, has_default=column.folds)
            columns[column.name] = made
        return Relation(self.name, "partitioned_table", columns)


def build_event_logs(
    specs: Sequence[tuple[EventLog, Document]],
    catalog: Catalog,
    taken: Iterable[QName],
    project: Project,
    request_id: str | None,
) -> tuple[list[Events], list[Diagnostic]]:
    """The event logs in the order of their names.  ``taken``: names of relations and functions of pgspec's own and of
    other specs; ``request_id``: the project's expression for it."""
    found: list[Diagnostic] = []
    names = set(taken)
    made = [_Reader(s, d, catalog, names, project, found).log(request_id) for s, d in specs]
    return sorted(made, key=lambda log: log.spec.name), found


@dataclass(frozen=True, slots=True)
class _Reader:
    """One event log being read; what is wrong goes to ``found``.  ``names``: what is taken, by those read before
    too."""

    spec: EventLog
    document: Document
    catalog: Catalog
    names: set[QName]
    project: Project
    found: list[Diagnostic]

    def log(self, request_id: str | None) -> Events:
        before = len(self.found)
        project = self.project
        log = Events(
            self.spec, self.document, QName(project.runtime_schema, self.spec.name), project.internal_schema,
            request_id=request_id,
        )  # fmt: skip
        self._name(log)
        columns = tuple(self._columns())
        self._retention()
        self._roles()
        return replace(log, columns=columns, understood=len(self.found) == before)

    def _error(self, path: Path, code: str, message: str, help_: str, *, key: bool = False) -> None:
        span = self.document.key(*path) if key else self.document.at(*path)
        self.found.append(Diagnostic(span, code, Severity.ERROR, message, help_, self.spec.name))

    def _name(self, log: Events) -> None:
        longest = max((log.record, log.maintain, log.default, log.seen, log.admits, _day(log)), key=_size)
        if _size(longest) > MAX_IDENTIFIER_BYTES:
            message = f"the log has a part called `{longest.name}`, which would have {_size(longest)} bytes"
            help_ = f"names have at most {MAX_IDENTIFIER_BYTES} bytes: shorten it by "
            self._error(("name",), "EVT006", message, f"{help_}{_size(longest) - MAX_IDENTIFIER_BYTES}")
        for name in (log.name, log.default, log.seen):
            if name in self.catalog.relations or name in self.names:
                self._taken(name, name in self.catalog.relations)
            self.names.add(name)
        for name in (log.record, log.maintain):
            if name in self.catalog.functions or name in self.names:
                self._taken(name, name in self.catalog.functions)
            self.names.add(name)
        for column in log.indexes():
            if log.index(column) in self.catalog.relations:
                self._taken(log.index(column), True)
        days = re.compile(rf"{re.escape(log.name.name)}_\d{{8}}")
        for name in sorted(self.catalog.relations):
            if name.schema == log.name.schema and days.fullmatch(name.name):
                self._taken(name, True)

    def _taken(self, name: QName, in_schema: bool) -> None:
        whose = "the base schema" if in_schema else "another spec or the runtime of pgspec"
        message = f"the name `{name}` of the event log is already taken by {whose}"
        self._error(("name",), "PRJ011", message, "choose another name")

    def _columns(self) -> Iterator[LogColumn]:
        first: dict[str, str] = {MOMENT: "every log", GIVEN: "every log", REQUEST: "every log"}
        first |= dict.fromkeys(_SYSTEM, "PostgreSQL itself")
        for section, entries in (
            ("labels", {name: label.type for name, label in self.spec.labels.items()}),
            ("identifiers", self.spec.identifiers),
            ("measures", self.spec.measures),
        ):
            for name, written in entries.items():
                path: Path = (section, name)
                if name == REQUEST and section == "identifiers":
                    self._request(written)
                    continue
                if name in first:
                    message = f"the column `{name}` is already there: {first[name]} has it"
                    self._error(path, "EVT002", message, "choose another name", key=True)
                    continue
                first[name] = f"`{section}`"
                column = self._column(section, name, written)  # type: ignore[arg-type]
                if column is not None:
                    yield column

    def _request(self, written: str) -> None:
        if " ".join(written.lower().split()) != "text":
            message = f"the request id is text, not `{written}`"
            self._error(("identifiers", REQUEST), "EVT005", message, f"write `{REQUEST}: text`")

    def _column(self, section: Section, name: str, written: str) -> LogColumn | None:
        path: Path = (section, name)
        if section == "labels" and self.document.has(section, name, "type"):
            path = (section, name, "type")
        column = self._typed(name, section, written, path)
        if section != "labels":
            return column
        label = self.spec.labels[name]
        if column is not None and column.type not in _LABEL_TYPES:
            message = f"a label is text, a whole number or a boolean, not {column.type}"
            self._error(path, "EVT005", message, "move it to `identifiers:` or `measures:`")
            column = None
        self._budget(name, label, column.type if column else None)
        return column and replace(column, label=label)

    def _typed(self, name: str, section: Section, written: str, path: Path) -> LogColumn | None:
        problem = self._type(written)
        if isinstance(problem, str):
            self._error(path, "EVT005", problem, nearest(written, _COMMON) or "write a type such as `text` or `int`")
            return None
        return LogColumn(name, section, *problem)

    def _type(self, written: str) -> tuple[str, str] | str:
        """A type as `format_type` spells it and as it is declared; or what is wrong with it."""
        head = "SELECT NULL::"
        statements, failure = parse(f"{head}{written}")
        node: Any = statements[0].node if failure is None and len(statements) == 1 else None
        targets = list(getattr(node, "targetList", None) or ())
        cast: Any = targets[0].val if len(targets) == 1 and not targets[0].name else None
        plain = isinstance(cast, ast.TypeCast) and isinstance(cast.arg, ast.A_Const) and cast.arg.isnull
        if not plain or any(getattr(node, part) for part in _CLAUSES) or not is_closed(written):
            return f"`{written}` is no type"
        text = f"{head}{written}"
        analysis = analyse(node, self.catalog, text)
        kind = analysis.columns[0].type if analysis.columns else None
        if analysis.findings or kind is None or not self._exists(cast.typeName, kind):
            return f"there is no type `{written}`"
        if _PSEUDO.fullmatch(kind.removesuffix("[]")):
            return f"a column cannot be of type {kind}"
        return kind, " ".join(edited(text, len(head), len(text), analysis.edits).split())

    def _exists(self, node: Any, kind: str) -> bool:
        """Whether the type is PostgreSQL's own, or one of the schema."""
        catalog = self.catalog
        known = (*catalog.enums, *catalog.domains, *catalog.composites, *catalog.other_types)
        kind = kind.removesuffix("[]")
        return not node.setof and ("." not in kind or kind in {str(name) for name in known})

    def _budget(self, name: str, label: Label, kind: str | None) -> None:
        path: Path = ("labels", name)
        if (label.max_cardinality is None) == (label.values is None):
            message = f"nothing bounds the values of the label `{name}`"
            if label.values is not None:
                message = f"the label `{name}` has both a list of values and a number of them"
            help_ = "add `max_cardinality: 100`, or `values: [...]`" if label.values is None else "keep one of the two"
            self._error(path, "EVT003", message, help_, key=True)
        if label.normalize is not None and (label.values is not None or kind not in (None, "text")):
            why = "its values are listed" if label.values is not None else f"it is {kind}"
            message = f"the label `{name}` cannot be normalized: {why}"
            self._error((*path, "normalize"), "EVT004", message, "remove `normalize:`")
        expected = _LABEL_TYPES.get(kind or "")
        for number, value in enumerate(label.values or ()):
            place: Path = (*path, "values", number)
            if expected is not None and type(value) is not expected:
                shown = str(value).lower() if isinstance(value, bool) else value
                self._error(place, "EVT003", f"`{shown}` is no value of type {kind}", "put text in quotes")
            elif value in (label.values or ())[:number]:
                self._error(place, "EVT003", f"`{value}` is there twice", "remove one of the two")

    def _retention(self) -> None:
        seconds = self.spec.retention.seconds
        if seconds < _DAY:
            message = f"events are kept for {self.spec.retention}, and partitions are of a day"
            self._error(("retention",), "EVT008", message, "write `retention: 1 day` or longer")

    def _roles(self) -> None:
        known = {*self.project.roles.api, *self.project.roles.service}
        for right in ("select", "record"):
            for number, role in enumerate(getattr(self.spec.access, right)):
                if role not in known:
                    path: Path = ("access", right)
                    path = (*path, number) if self.document.has(*path, number) else path
                    help_ = nearest(role, known) or "name a role under `roles:` in project.yaml"
                    self._error(path, "EVT009", f"`{role}` is not a role of the project", help_)


_COMMON = (
    "text",
    "integer",
    "bigint",
    "boolean",
    "double precision",
    "numeric",
    "uuid",
    "timestamptz",
    "jsonb",
    "inet",
)
_CLAUSES = ("fromClause", "whereClause", "groupClause", "havingClause", "sortClause", "limitCount", "intoClause", "op",
            "valuesLists", "distinctClause", "windowClause", "lockingClause", "withClause")  # fmt: skip


def _size(name: QName) -> int:
    return len(name.name.encode())


def _day(log: Events) -> QName:
    return QName(log.name.schema, f"{log.name.name}_20000101")
