"""What a persona gets from a table: decided from grants, policies and fixture rows, without a server.

The order is PostgreSQL's: the right to the schema and the table, whether row security binds the role at all, then for
each row whether some permissive policy and every restrictive one admits it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Literal

from pgspec.catalog import Catalog, Column, Relation
from pgspec.evaluate import truth
from pgspec.folding import called, outcomes
from pgspec.keys.bound import views_of
from pgspec.kinds import Cell, Command, Persona, Project
from pgspec.kinds.rls import EVERYBODY
from pgspec.pgsql import ast
from pgspec.policies import PUBLIC, Guarded, Policy
from pgspec.row_conditions import Condition
from pgspec.scopes import Scope, Session, Thunk, Unknown, all_of, any_of
from pgspec.values import FailsError, Json, UndecidableError, claims_text, from_text

DENIED = "42501"
"""insufficient_privilege"""

Outcome = Literal["ok", "none", "denied", "fails", "unknown"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens to one row: the command reaches it, passes it by, or fails.  ``why`` says what decided, ``hint``
    what the caller is told."""

    outcome: Outcome
    why: str = ""
    sqlstate: str = ""
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a command gives: the labels of the rows that it reaches, or the SQLSTATE that it ends with.

    ``unknown`` is not empty when that cannot be told without a server; it says why.
    """

    labels: frozenset[str] = frozenset()
    sqlstate: str = ""
    unknown: str = ""
    hint: str | None = None

    def __str__(self) -> str:
        if self.unknown:
            return "undecided"
        if self.sqlstate:
            return "denied" if self.sqlstate == DENIED else f"error {self.sqlstate}"
        return f"[{', '.join(sorted(self.labels))}]" if self.labels else "none"


@dataclass(frozen=True, slots=True)
class Decision:
    """One cell: who does what, and what happens to each fixture row, by label."""

    command: Command
    persona: str
    rows: Mapping[str, Verdict]

    @property
    def result(self) -> Result:
        """The rows put together."""
        found = together({label: (v.outcome, v.sqlstate or v.why) for label, v in self.rows.items()})
        hints = {row.hint for row in self.rows.values()}
        return replace(found, hint=hints.pop()) if found.sqlstate and len(hints) == 1 else found


def together(rows: Mapping[str, tuple[Outcome, str]]) -> Result:
    """What a command gives over all rows.  The text beside an outcome is a SQLSTATE, or why it is not known."""
    found: dict[str, str] = {}
    for outcome, text in rows.values():
        found.setdefault(outcome, text)
    if "unknown" in found:
        return Result(unknown=found["unknown"])
    if "fails" in found:
        return Result(sqlstate=found["fails"])
    labels = frozenset(label for label, (outcome, _) in rows.items() if outcome == "ok")
    return Result(sqlstate=DENIED) if not labels and "denied" in found else Result(labels)


def fits(cell: Cell, result: Result, labels: Iterable[str]) -> bool:
    """Whether a result is what an expectation says; ``labels`` are those of all fixture rows."""
    if isinstance(cell, list):
        return not result.sqlstate and result.labels == set(cell)
    if not isinstance(cell, str):
        hinted = cell.hint is None or (
            result.hint is not None and fnmatchcase(result.hint, cell.hint.replace("[", "[[]"))
        )
        return result.sqlstate == cell.error and hinted
    if cell == "denied":
        return result.sqlstate == DENIED
    return not result.sqlstate and result.labels == (set() if cell == "none" else set(labels))


def written(guarded: Guarded, project: Project) -> Iterable[tuple[Command, str, str, Cell]]:
    """Every cell that is written: command, persona, the key under which it is, and what it says."""
    for command, cells in guarded.spec.expect.items():
        for persona in project.personas:
            key = persona if persona in cells else EVERYBODY
            if key in cells:
                yield command, persona, key, cells[key]


def automatic(project: Project) -> Mapping[str, tuple[Persona, str]]:
    """Personas that nobody has to write, each with the persona that it must not outdo (none: it must get nothing that
    a persona without claims does not get).

    A request without a session has the role and no claims; a forger writes another's claims where users may write.
    """
    found: dict[str, tuple[Persona, str]] = {}
    asking = {name: p for name, p in project.personas.items() if p.role not in project.roles.service}
    for name, persona in asking.items():
        if persona.claims:
            found[f"{name} without a session"] = (Persona(role=persona.role), "")
            for other, model in asking.items():
                if model.claims and other != name:
                    forged = {**persona.claims, "user_metadata": {**model.claims, **_inner(model.claims)}}
                    found[f"{name} posing as {other}"] = (Persona(role=persona.role, claims=forged), name)
    return found


def may_see(project: Project, of: str, seen: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """What an automatic persona may get, given what the written ones get of one command."""
    if of:
        return seen.get(of, frozenset())
    bare = [n for n, p in project.personas.items() if not p.claims and p.role not in project.roles.service]
    return frozenset[str]().union(*(seen.get(name, frozenset()) for name in bare))


def _inner(claims: Mapping[str, Any]) -> dict[str, Any]:
    """What the metadata of claims says, as if it stood among them."""
    inside = claims.get("app_metadata")
    return dict(inside) if isinstance(inside, dict) else {}


def fixture_rows(project: Project, catalog: Catalog, table: Relation) -> Mapping[str, Mapping[str, Any]]:
    """The fixture rows of a table as they are written, by label."""
    for name, rows in project.fixtures.items():
        schema, _, plain = name.rpartition(".")
        found = catalog.relation(schema or None, plain) if plain == table.name.name else None
        if found is not None and found.name == table.name:
            return rows
    return {}


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides about one guarded table."""

    guarded: Guarded
    project: Project
    catalog: Catalog
    rows: Mapping[str, Mapping[str, Any]]

    def decide(self, command: Command, name: str, persona: Persona) -> Decision:
        """What the command gives the persona, row by row."""
        session = self._session(persona, self.catalog.groups(persona.role))
        return Decision(command, name, {label: self._row(command, session, row) for label, row in self.rows.items()})

    def _row(self, command: Command, session: Session, row: Mapping[str, Any]) -> Verdict:
        try:
            return self._decided(command, session, row)
        except UndecidableError as error:
            return Verdict("unknown", str(error))
        except FailsError as error:
            return Verdict("fails", f"a condition fails with {error.sqlstate}", error.sqlstate)

    def _decided(self, command: Command, session: Session, row: Mapping[str, Any]) -> Verdict:
        table, groups = self._table, session.groups
        if missing := self._missing(command, groups):
            return Verdict("denied", missing, DENIED)
        if session.role in self.catalog.bypassing:
            return Verdict("ok", f"row security does not bind `{session.role}`")
        if table.owner in groups and not self.guarded.spec.force:
            return Verdict("ok", f"row security does not bind `{table.owner}`, who owns the table")
        self._may_call(command, session)
        if self.guarded.raises and session.role != table.owner and not self._can_pass(command, session):
            hint = self.guarded.hint(command, self.project.runtime_schema)
            return Verdict("denied", "no policy can admit the session, whatever the row", DENIED, hint)
        return self._asked(command, session, row)

    def _asked(self, command: Command, session: Session, row: Mapping[str, Any]) -> Verdict:
        """What the policies say."""
        if command == "insert":
            fine, why = self._admits(("insert",), session, row, new=True)
            return Verdict("ok", why) if fine else Verdict("denied", why, DENIED)
        asked: tuple[Command, ...] = ("select",) if command == "select" else (command, "select")
        fine, why = self._admits(asked, session, row, new=False)
        if not fine:
            return Verdict("none", why)
        if command == "update":
            fine, refused = self._admits(("update",), session, row, new=True)
            if not fine:
                return Verdict("denied", refused, DENIED)
        return Verdict("ok", why)

    def _may_call(self, command: Command, session: Session) -> None:
        """A function that the role may not call fails the query before anything is asked, if it is not folded away."""
        asked = [p for p in self.guarded.in_force if {command, "select"} & {*p.commands} and self._is_for(p, session)]
        for condition in (condition for policy in asked for condition in (policy.using, policy.check)):
            for name in called(condition.expr) if condition is not None else ():
                if any(not f.callers & {*session.groups, PUBLIC} for f in self.catalog.functions.get(name, ())):
                    raise UndecidableError(f"the right to call `{name}`")

    def _can_pass(self, command: Command, session: Session) -> bool:
        """Whether the session alone does not already refuse the command."""
        asked = [p for p in self.guarded.refusing if command in p.commands and self._is_for(p, session)]

        def passing(judge: Callable[[Condition | None], bool | None]) -> bool:
            parts: dict[bool, list[Thunk]] = {True: [], False: []}
            for policy in asked:
                parts[policy.spec.restrictive].append(partial(judge, policy.asked(command)))
            return all_of([partial(any_of, parts[False]), *parts[True]]) is True

        if command == "select" and not passing(_may_hold):
            raise UndecidableError("no policy could admit anybody, so some servers answer before the view is asked")
        return passing(lambda condition: _passes(condition, session))

    @property
    def _table(self) -> Relation:
        assert self.guarded.table is not None
        return self.guarded.table

    def _missing(self, command: Command, groups: frozenset[str]) -> str:
        """Which right is missing.  An update or delete names its row, and so reads it."""
        table = self._table
        if table.owner in groups:
            return ""
        # Callers know an audit log by its view alone; other tables are still written to by their own names.
        face = self.guarded.face if command == "select" or self.guarded.log else None
        schema = (face or table.name).schema
        if not self.catalog.schema_users.get(schema, frozenset()) & {*groups, PUBLIC}:
            return f"nobody grants the use of schema `{schema}`"
        held = list(self._held(groups))
        needed = {command.upper(), *(["SELECT"] if command in ("update", "delete") else [])}
        for right in sorted(needed):
            if not any(right in rights or ("ALL" in rights and f"-{right}" not in rights) for rights in held):
                if any(one.startswith(f"{right} (") for rights in held for one in rights):
                    raise UndecidableError("rights to single columns")
                return f"no permissive policy for {right.lower()} is for the role, so it has no right to it"
        return ""

    def _held(self, groups: frozenset[str]) -> Iterable[tuple[str, ...]]:
        """The rights of each role that remain when the policies' grants have been made."""
        granted = self.guarded.grants(self.project)
        closed = {*self.guarded.closed_to(self.project), PUBLIC}
        kept = {role: rights for role, rights in self._table.grants.items() if role not in closed}
        return (rights for role in groups for rights in (granted.get(role, ()), kept.get(role, ())))

    def _session(self, persona: Persona, groups: frozenset[str]) -> Session:
        return Session(
            persona.role,
            claims_text(persona.claims),
            self.project.session.claims,
            self.project.internal_schema,
            self.catalog,
            views_of(self.catalog).types,
            groups,
        )

    def _admits(
        self, commands: Sequence[Command], session: Session, row: Mapping[str, Any], *, new: bool
    ) -> tuple[bool, str]:
        """Whether the policies for all these commands admit a row, and which of them decides.

        ``new``: the row is written, so it is asked by WITH CHECK.
        """
        parts: list[Thunk] = []
        named: list[tuple[Policy, Thunk]] = []
        for command in commands:
            fitting = [p for p in self.guarded.in_force if command in p.commands and self._is_for(p, session)]
            asked = [(p, partial(self._asks, p, session, row, new=new)) for p in fitting]
            named += asked
            permissive = [thunk for policy, thunk in asked if not policy.spec.restrictive]
            parts.append(partial(any_of, permissive))
            parts += [thunk for policy, thunk in asked if policy.spec.restrictive]
        fine = all_of(parts) is True
        return fine, self._reason(commands, named, fine=fine)

    def _is_for(self, policy: Policy, session: Session) -> bool:
        return PUBLIC in policy.roles or bool(session.groups & set(policy.roles))

    def _asks(self, policy: Policy, session: Session, row: Mapping[str, Any], *, new: bool) -> bool | None:
        condition = policy.new_rows() if new else policy.using
        if condition is None:
            return True
        if condition.expr is None:
            raise UndecidableError("a condition that was not understood")
        values = {a: self._value(self._table.columns[c], row) for a, c in condition.attributes.items()}
        try:
            return truth(condition.expr, Scope(session, values))
        except FailsError:
            if policy in self.guarded.policies:
                raise
            return False  # the viewer of an audit log takes what fails for a no

    def _value(self, column: Column, row: Mapping[str, Any]) -> Any:
        """A column of a fixture row as PostgreSQL would store it."""
        if column.generated is not None:
            return Unknown(f"the generated column `{column.name}`")
        if column.name not in row:
            if column.has_default and column.default is None:
                return Unknown(f"the default of `{column.name}`")
            text = None if column.default is None else _literal(column.default)
            if column.default is not None and text is None:
                return Unknown(f"the default of `{column.name}`")
        else:
            given = row[column.name]
            if column.type in ("json", "jsonb") and given is not None:
                return Json(given, True)
            text = given if given is None or isinstance(given, str) else json.dumps(given, default=str)
        return None if text is None else self._read(column, text)

    def _read(self, column: Column, text: str) -> Any:
        modified = column.has_modifier and column.type not in ("character varying", "numeric")
        if modified or column.collation in self.catalog.nondeterministic_collations:
            return Unknown(f"`{column.name}` of type {column.type}")
        labels = next((names for enum, names in self.catalog.enums.items() if str(enum) == column.type), None)
        try:
            value = from_text(text, column.type, labels)
            return _rounded(value, column.modifier) if isinstance(value, Decimal) and column.modifier else value
        except (UndecidableError, FailsError):
            return Unknown(f"`{column.name}` of type {column.type}")

    def _reason(self, commands: Sequence[Command], asked: list[tuple[Policy, Thunk]], *, fine: bool) -> str:
        """Which policy decides, and where it is written."""
        answers = [(policy, _answer(thunk)) for policy, thunk in asked]
        if fine:
            admitting = [p for p, answer in answers if answer and not p.spec.restrictive]
            return f"the policy {self.guarded.place(admitting[0])} admits it" if admitting else ""
        refusing = [p for p, answer in answers if p.spec.restrictive and not answer]
        if refusing:
            return f"the restrictive policy {self.guarded.place(refusing[0])} refuses it"
        permissive = [p for p, answer in answers if not p.spec.restrictive and not answer]
        if not permissive:
            return f"there is no permissive policy for {' and '.join(commands)}"
        return f"the policy {self.guarded.place(permissive[0])} does not admit it"


def _may_hold(condition: Condition | None) -> bool:
    """Whether the planner, who knows constants only, takes a condition for one that may be true."""
    return condition is None or condition.expr is None or True in outcomes(condition.expr)


def _passes(condition: Condition | None, session: Session) -> bool | None:
    if condition is None or (condition.expr is not None and condition.session is None):
        return True
    if condition.session is None or condition.session.expr is None:
        raise UndecidableError("a condition that was not understood")
    return truth(condition.session.expr, Scope(session, {}))


def _rounded(value: Decimal, modifier: Sequence[int]) -> Decimal:
    """A number as a column of type ``numeric(precision, scale)`` stores it."""
    scale = modifier[1] if len(modifier) > 1 else 0
    if scale < 0:
        raise UndecidableError("a negative scale")
    return value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)


def _answer(thunk: Thunk) -> Any:
    try:
        return thunk()
    except (UndecidableError, FailsError):
        return None


def _literal(node: Any) -> str | None:
    """The text of a DEFAULT that is a literal."""
    while isinstance(node, ast.TypeCast):
        node = node.arg
    if not isinstance(node, ast.A_Const) or node.isnull:
        return None
    value = node.val
    if isinstance(value, ast.Boolean):
        return "true" if value.boolval else "false"
    if isinstance(value, ast.Integer):
        return str(value.ival or 0)
    if isinstance(value, ast.String | ast.Float):
        return str(value.sval if isinstance(value, ast.String) else value.fval)
    return None
