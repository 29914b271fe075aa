"""RLS specs -> guarded tables: the table found, every condition bound inside the statement that carries it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pgspec.catalog import Catalog, Relation
from pgspec.catalog.model import Function
from pgspec.diagnostics import Diagnostic, Severity
from pgspec.kinds import Command, PolicySpec, Project, RowSecurity
from pgspec.kinds.rls import COMMANDS
from pgspec.queries import nearest
from pgspec.row_conditions import Carrier, Condition, bind_condition, bound
from pgspec.source import Document, Path, SqlText
from pgspec.sql import QName, literal, qname

CLAIMS: Mapping[str, str] = {"claim": "text", "claim_uuid": "uuid", "claim_bigint": "bigint"}
"""The functions that read a claim of the request, and what they return: NULL for a claim that is missing or is no such
value."""
EXPLAIN = "explain_access"
"""The function that tells callers why they are refused."""
PUBLIC = "public"


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One policy; ``number`` is its place in the spec."""

    spec: PolicySpec
    number: int
    using: Condition | None = None
    check: Condition | None = None

    @property
    def path(self) -> Path:
        """Where it is written."""
        return ("policies", self.number)

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands that it speaks of."""
        return COMMANDS if self.spec.command == "all" else (self.spec.command,)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that it is for, ``public`` for everybody."""
        return (PUBLIC,) if PUBLIC in self.spec.to else tuple(sorted(set(self.spec.to)))

    def asked(self, command: Command) -> Condition | None:
        """The condition that a command asks first: of the rows that are there, or of new ones if it only adds rows."""
        return self.new_rows() if command == "insert" else self.using

    def new_rows(self) -> Condition | None:
        """The condition that rows must meet which are written: PostgreSQL takes USING where WITH CHECK is missing."""
        return self.check or (None if self.spec.command == "insert" else self.using)


@dataclass(frozen=True, slots=True, eq=False)
class Guarded:
    """One table with its policies.  ``table`` is None when it is not known or can have none; ``face`` is the view under
    which callers read it, None when they read the table itself; ``log``: the table is that of an audit log;
    ``understood``: nothing is wrong with the spec."""

    spec: RowSecurity
    document: Document
    table: Relation | None = None
    policies: tuple[Policy, ...] = ()
    face: QName | None = None
    understood: bool = False
    log: Log | None = None

    @property
    def in_force(self) -> tuple[Policy, ...]:
        """Every policy of the table, whoever asks for it."""
        return (*self.policies, *self.log.policies) if self.log else self.policies

    @property
    def refusing(self) -> tuple[Policy, ...]:
        """The policies that decide whom `raises` refuses: the viewer of an audit log is a view of its own."""
        standing = self.log.policies if self.log else ()
        return (*self.policies, *(policy for policy in standing if policy.spec.using == "true"))

    @property
    def raises(self) -> bool:
        """Whether a caller whom no policy can admit gets an error."""
        return self.spec.on_denied == "error"

    def hint(self, command: Command, runtime_schema: str) -> str:
        """What such a caller is told."""
        call = f"{qname(QName(runtime_schema, EXPLAIN))}({literal(str(self.spec.table))}, {literal(command)})"
        return self.spec.hint or f"SELECT * FROM {call} says what is missing"

    def place(self, policy: Policy) -> str:
        """Where a policy is written, for messages."""
        if policy not in self.policies:
            return f"`{policy.spec.name}` of the audit log"
        span = self.document.at(*policy.path, "name")
        return f"`{policy.spec.name}` ({span.path}:{span.line})"

    def grants(self, project: Project) -> dict[str, tuple[str, ...]]:
        """What the policies let each role do with the table: only permissive ones let anybody do anything.  Its owner
        needs no grant."""
        found: dict[str, set[str]] = {}
        for policy in self.policies:
            roles = project.roles.api if PUBLIC in policy.roles else policy.roles
            for role in roles if not policy.spec.restrictive else ():
                found.setdefault(role, set()).update(command.upper() for command in policy.commands)
        return {role: tuple(sorted(found[role])) for role in sorted(found) if role != self._owner}

    def closed_to(self, project: Project) -> tuple[str, ...]:
        """The roles whose rights on the table the policies alone decide.  Service roles that no policy names keep what
        the schema files give them: no policy is meant for them."""
        named = {role for policy in self.policies for role in policy.roles} - {PUBLIC}
        return tuple(sorted({*project.roles.api, *named} - {self._owner}))

    @property
    def _owner(self) -> str | None:
        return self.table.owner if self.table else None


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """The table of an audit log as policies see it.  ``face``: the view under which callers read it; ``policies``: what
    it has of itself for select, whatever an rls spec says."""

    table: Relation
    face: QName
    policies: tuple[Policy, ...] = ()


RESERVED = "pgspec_"
"""How the names of those policies begin."""


def with_logs(catalog: Catalog, logs: Iterable[Log]) -> Catalog:
    """The catalog with the tables of audit logs, under their own names and under those of their views."""
    names = {name: log.table for log in logs for name in (log.table.name, log.face)}
    return replace(catalog, relations={**catalog.relations, **names})


def standing_policy(spec: PolicySpec, source: SqlText, table: Relation, catalog: Catalog) -> Policy:
    """A policy of an audit log, with a condition in which nothing is wrong.  ``catalog`` knows the table."""
    return Policy(spec, 0, bound(source, (), str(table.name), table.name, catalog, _POLICY, []))


def with_claim(catalog: Catalog, project: Project) -> Catalog:
    """The catalog with the functions that read a claim of the request, which pgspec installs."""
    schema = project.internal_schema
    made = [Function(QName(schema, name), ("text",), kind, "stable") for name, kind in CLAIMS.items()]
    functions = {**catalog.functions, **{function.name: (function,) for function in made}}
    return replace(catalog, functions=functions, schemas=catalog.schemas | {schema})


def build_policies(
    specs: Sequence[tuple[RowSecurity, Document]],
    catalog: Catalog,
    project: Project,
    own: Iterable[QName],
    logs: Iterable[Log] = (),
) -> tuple[list[Guarded], list[Diagnostic]]:
    """The guarded tables, by name.  ``catalog`` is one `with_claim` and `with_logs`; ``own``: what pgspec installs and
    nobody guards."""
    found: list[Diagnostic] = []
    taken: dict[QName, Document] = {}
    by_table = {log.table.name: log for log in logs}
    made = [_Reader(s, d, catalog, project, frozenset(own), by_table, found, taken).guarded() for s, d in specs]
    return sorted(made, key=lambda item: str(item.spec.table)), found


@dataclass(frozen=True, slots=True)
class _Reader:
    """One spec being read; what is wrong goes to ``found``.  ``taken``: the tables that other specs guard."""

    spec: RowSecurity
    document: Document
    catalog: Catalog
    project: Project
    own: frozenset[QName]
    logs: Mapping[QName, Log]
    found: list[Diagnostic]
    taken: dict[QName, Document]

    def guarded(self) -> Guarded:
        before = len(self.found)
        table = self._table()
        policies = tuple(self._policies(table)) if table is not None else ()
        log = self.logs.get(table.name) if table is not None else None
        face = self._face(table, log)
        return Guarded(self.spec, self.document, table, policies, face, len(self.found) == before, log)

    def _face(self, table: Relation | None, log: Log | None) -> QName | None:
        """The view in front of the table.  A policy that raised would tell which rows exist; a view can refuse before
        any row is read."""
        name = self.spec.expose.as_ if self.spec.expose else None
        raises = self.spec.on_denied == "error"
        if raises and name is None and table is not None and log is None:
            message = "reads of a table can only be filtered, so an error needs a view in front of it"
            help_ = (
                f"add `expose: {{as: api.{table.name.name}}}`, the view that callers read; or write `on_denied: filter`"
            )
            self._error(("on_denied",), "RLS009", message, help_)
        if self.spec.hint is not None and not raises:
            self._error(("hint",), "RLS009", "without an error nobody reads the hint", "add `on_denied: error`")
        if log is not None:
            if name is not None:
                message = f"`{self.spec.table}` is an audit log, which is read through a view already"
                self._error(("expose",), "RLS009", message, "remove `expose:`")
            return log.face
        if name is None:
            return None
        if not raises:
            message = "a view in front of the table is there to refuse with an error"
            self._error(("expose",), "RLS009", message, "add `on_denied: error`")
        face = QName(name.schema or self.project.search_path[0], name.name)
        if face.schema not in self.catalog.schemas:
            message = f"the schema `{face.schema}` is not in the schema files"
            self._error(("expose", "as"), "RLS008", message, nearest(face.schema, self.catalog.schemas))
        if face in self.own or face in self.catalog.relations:
            message = f"the name `{face}` is already taken"
            self._error(("expose", "as"), "PRJ011", message, "choose another name")
        return face

    def _error(self, path: Path, code: str, message: str, help_: str) -> None:
        span = self.document.at(*path)
        self.found.append(Diagnostic(span, code, Severity.ERROR, message, help_, str(self.spec.table)))

    def _table(self) -> Relation | None:
        name = self.spec.table
        table = self.catalog.relation(name.schema, name.name)
        schemas = [name.schema] if name.schema else self.catalog.search_path
        if any(QName(schema, name.name) in self.own for schema in schemas):
            self._error(("table",), "RLS009", f"`{name}` is pgspec's own", "guard a table of the application")
        elif table is None:
            known = {str(r) if name.schema else r.name for r in self.catalog.relations}
            elsewhere = sorted(str(r) for r in self.catalog.relations if r.name == name.name)
            help_ = f"known as `{elsewhere[0]}`" if elsewhere else nearest(str(name), known)
            self._error(("table",), "RLS008", f"the table `{name}` is not in the schema files", help_)
        elif table.kind not in ("table", "partitioned_table"):
            message = f"`{table.name}` is a {table.kind.replace('_', ' ')}, which can have no policies"
            self._error(("table",), "RLS009", message, "guard the tables that it reads")
        elif table.policies:
            message = f"the schema files already have the policy `{table.policies[0]}` on `{table.name}`"
            self._error(("table",), "RLS009", message, "move it into this spec, which holds all policies of the table")
        elif table.name in self.taken:
            place = self.taken[table.name].at("table")
            message = f"another spec guards `{table.name}` ({place.path}:{place.line})"
            self._error(("table",), "PRJ011", message, "put all policies of a table in one spec")
        else:
            self.taken[table.name] = self.document
            return table
        return None

    def _policies(self, table: Relation) -> Iterable[Policy]:
        names: set[str] = set()
        for number, spec in enumerate(self.spec.policies):
            path: Path = ("policies", number)
            if spec.name in names:
                message = f"the policy `{spec.name}` is there twice"
                self._error((*path, "name"), "RLS009", message, "choose another name")
            names.add(spec.name)
            self._roles(spec, path)
            self._shape(spec, path)
            if table.name in self.logs:
                self._of_log(spec, path)
            yield Policy(
                spec,
                number,
                self._condition(table, spec.using, (*path, "using")),
                self._condition(table, spec.check, (*path, "check")),
            )

    def _roles(self, spec: PolicySpec, path: Path) -> None:
        known = {*self.project.roles.api, *self.project.roles.service}
        for number, role in enumerate(spec.to):
            if role not in known and role != PUBLIC:
                help_ = nearest(role, known) or f"add it to project.yaml: `roles: {{api: [{role}]}}`"
                self._error((*path, "to", number), "RLS008", f"`{role}` is not a role of the project", help_)

    def _shape(self, spec: PolicySpec, path: Path) -> None:
        """PostgreSQL takes USING for rows that are there, and WITH CHECK for rows that are written."""
        if spec.using is None and spec.check is None:
            wanted = "check" if spec.command == "insert" else "using"
            self._error(path, "RLS009", f"the policy `{spec.name}` has no condition", f"add `{wanted}:`")
        elif spec.command == "insert" and spec.using is not None:
            message = "an insert has no old row, so USING means nothing"
            self._error((*path, "using"), "RLS009", message, "write `check:` instead of `using:`")
        elif spec.command in ("select", "delete") and spec.check is not None:
            message = f"a {spec.command} writes no row, so WITH CHECK means nothing"
            self._error((*path, "check"), "RLS009", message, "write `using:` instead of `check:`")
        elif spec.using is None and spec.command != "insert":
            message = f"without USING the policy `{spec.name}` reaches every row that is there"
            self._error(path, "RLS009", message, "add `using:`; `using: 'true'` says that it is meant")

    def _of_log(self, spec: PolicySpec, path: Path) -> None:
        """An audit log only grows, by its triggers: what policies can be about is who reads it."""
        if spec.command != "select":
            message = f"`{self.spec.table}` is an audit log, which nobody writes to but its triggers"
            place = (*path, "command") if self.document.has(*path, "command") else path
            self._error(place, "RLS009", message, "write `command: select`")
        if spec.name.startswith(RESERVED):
            message = f"names of policies that begin with `{RESERVED}` are those that an audit log has of itself"
            self._error((*path, "name"), "RLS009", message, "choose another name")

    def _condition(self, table: Relation, written: str | None, path: Path) -> Condition | None:
        if written is None:
            return None
        return bind_condition(self.document, path, str(self.spec.table), table.name, self.catalog, _POLICY, self.found)


_POLICY = Carrier("RLS009", "a policy", "between the parentheses of USING")
