"""Guarded tables -> the functions that tell a caller why, and the views and triggers that refuse with an error.

A policy must not raise: PostgreSQL asks it only of rows that are there, so an error would tell which are.  The view and
the triggers ask before a row is read, and only for what the session alone decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgspec import render
from pgspec.admission import names_foreign
from pgspec.diagnostics import Span
from pgspec.kinds import Command, Project
from pgspec.kinds.rls import COMMANDS
from pgspec.objects import Key, SqlObject
from pgspec.policies import EXPLAIN, PUBLIC, Guarded, Policy
from pgspec.row_conditions import Condition, Part
from pgspec.runtime import claim_keys
from pgspec.runtime.cache import FIXED_PATH
from pgspec.sql import QName, Sql, commas, derived_name, ident, literal, qname, remark

_WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")


def refusals(guarded: Sequence[Guarded], project: Project, roles: Sequence[str]) -> Iterator[SqlObject]:
    """The functions of all guarded tables, and the views and triggers of those that refuse with an error.

    ``roles``: those of the project, which may ask why.
    """
    made = [_Refusals(item, project, tuple(sorted(roles))) for item in guarded]
    for one in made:
        yield from one.admissions()
        yield one.access_function()
        if one.item.raises:
            yield from one.guards()
    yield _explain(made, project, tuple(sorted(roles)))


def reading_guard(item: Guarded, project: Project) -> tuple[str, Key]:
    """The condition by which a view in front of the table refuses, and the function that it calls."""
    one = _Refusals(item, project, ())
    return f"(SELECT {qname(one.name('guard'))}('select'))", one.key("guard", "text")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A condition of a policy, the commands that ask it first, and the function that tells whether the session can meet
    it."""

    policy: Policy
    condition: Condition | None
    commands: list[Command]
    function: QName

    @property
    def part(self) -> Part | None:
        """What the session decides of it."""
        return self.condition.session if self.condition is not None else None

    @property
    def key(self) -> Key | None:
        """The function's key; None where there is nothing to ask, or every caller may use what the condition names."""
        if self.part is None or not names_foreign(self.part.sql, self.function.schema):
            return None
        return Key("function", f"{qname(self.function)}()")

    @property
    def passes(self) -> Sql:
        """Whether the session can meet the condition, as an expression."""
        if self.part is None:
            return Sql("true")
        return Sql(f"({self.part.sql}) IS TRUE" if self.key is None else f"{qname(self.function)}()")


@dataclass(frozen=True, slots=True)
class _Refusals:
    """What one guarded table gets."""

    item: Guarded
    project: Project
    roles: tuple[str, ...]

    @property
    def table(self) -> QName:
        assert self.item.table is not None
        return self.item.table.name

    def admissions(self) -> Iterator[SqlObject]:
        """For each condition that names what not every caller may use, a function of its own.

        Its body is bound when it is made, as a policy is: a caller needs no right to the schemas that it names, and is
        asked for the right to call its functions only where the policy is for him.
        """
        for entry in self._entries:
            if entry.key is None or entry.part is None:
                continue
            definition = {
                "name": list(entry.function),
                "arguments": [],
                "returns": "boolean",
                "language": "sql",
                "volatility": "stable",
                "parallel": "restricted",
                "settings": [],
                "return": f"({entry.part.sql}) IS TRUE",
                "revoke": list(self.roles),
                "execute": list(self.roles),
            }
            place = self._origin
            yield SqlObject(entry.key, definition, depends_on=claim_keys(self.project.internal_schema), origin=place)

    def access_function(self) -> SqlObject:
        """The function that lists the policies that a caller's command asks."""
        body = render.whole("rls/access.sql.j2", {"policies": [self._printed(entry) for entry in self._entries]})
        returns = "TABLE (policy text, restrictive boolean, ok boolean, condition text)"
        own = [key for entry in self._entries if (key := entry.key)]
        needs = (*claim_keys(self.project.internal_schema), *own)
        return self._function("access", "command text", returns, body, needs)

    def guards(self) -> Iterator[SqlObject]:
        """The function that refuses, the view in front of the table, and the triggers."""
        label = literal(str(self.item.face or self.table))
        values = {
            "table_name": literal(qname(self.table)),
            "label": label,
            "access": qname(self.name("access")),
            "hint": self.hint("command"),
        }
        needs = (self.key("access", "text"),)
        yield self._function("guard", "command text", "boolean", render.whole("rls/guard.sql.j2", values), needs)
        if self.item.log is not None:
            return  # it has a view, and a guard against writes, of its own
        yield from self._view()
        writes = {"label": label, "guard": qname(self.name("guard"))}
        body = render.whole("rls/guard_writes.sql.j2", writes)
        yield self._function("guard_writes", "", "trigger", body, (self.key("guard", "text"),))
        for event in _WRITES:
            name = f"pgspec_guard_{event.lower()}"
            definition = {
                "name": name,
                "table": list(self.table),
                "timing": "BEFORE",
                "event": event,
                "old": None,
                "new": None,
                "function": list(self.name("guard_writes")),
            }
            key = Key("trigger", f"{ident(name)} ON {qname(self.table)}")
            yield SqlObject(key, definition, depends_on=(self.key("guard_writes", ""),), origin=self._origin)

    def hint(self, command: str) -> Sql:
        """What a refused caller is told, as an expression over the variable that holds the command."""
        if self.item.spec.hint is not None:
            return literal(self.item.spec.hint)
        before, _, after = self.item.hint("select", self.project.runtime_schema).partition("'select'")
        return Sql(f"{literal(before)} || quote_literal({command}) || {literal(after)}")

    def name(self, what: str, *more: str) -> QName:
        """A function of this table."""
        return QName(self.project.internal_schema, derived_name(what, *self.table, *more))

    @property
    def names(self) -> list[str]:
        """What callers may call the table."""
        known = [str(self.item.spec.table), self.table.name, str(self.table)]
        if self.item.face is not None:
            known.append(str(self.item.face))
        return list(dict.fromkeys(known))

    @property
    def _origin(self) -> Span:
        return self.item.document.at("table")

    @property
    def _entries(self) -> list[_Entry]:
        """Each condition that some command of a policy asks first."""
        found: dict[tuple[Policy, Condition | None], list[Command]] = {}
        for policy in self.item.refusing:
            for command in policy.commands:
                found.setdefault((policy, policy.asked(command)), []).append(command)
        number = Counter(policy for policy, _ in found)
        return [
            _Entry(policy, condition, commands, self.name("admits", policy.spec.name, *commands[: number[policy] - 1]))
            for (policy, condition), commands in found.items()
        ]

    def _printed(self, entry: _Entry) -> dict[str, object]:
        """What the templates print of a condition."""
        policy, condition = entry.policy, entry.condition
        roles = [Sql(f"pg_has_role({literal(role)}, 'USAGE')") for role in policy.roles if role != PUBLIC]
        return {
            "remark": remark(policy.spec.name),  # without its place: a line more in a file must change no function
            "commands": commas(literal(command) for command in entry.commands),
            "roles": Sql(" OR ").join(roles),
            "name": literal(policy.spec.name),
            "restrictive": literal(policy.spec.restrictive),
            "ok": entry.passes,
            "condition": literal(condition.source.text.strip() if condition is not None else "true"),
        }

    def _view(self) -> Iterator[SqlObject]:
        """The view that callers read: their own rights and policies hold behind it, and nothing is read before it has
        let them through."""
        item, table = self.item, self.item.table
        assert item.face is not None
        assert table is not None
        columns = Sql(",\n  ").join(Sql(f"t.{ident(column)}") for column in table.columns)
        guard, guarding = reading_guard(item, self.project)
        definition = {
            "name": list(item.face),
            "options": ["security_invoker = true", "security_barrier = true"],
            "query": f"SELECT\n  {columns}\nFROM {qname(self.table)} AS t\nWHERE {guard}",
        }
        place = item.document.at("expose") if item.document.has("expose") else self._origin
        key = Key("view", qname(item.face))
        yield SqlObject(key, definition, depends_on=(guarding,), origin=place)
        kept = {role: held(table.grants.get(role, ())) for role in self.project.roles.service}
        granted = {**kept, **item.grants(self.project)}
        if table.owner in self.roles:
            granted[table.owner] = held(("ALL",))
        access = {
            "on": "view",
            "target": list(item.face),
            "revoke": list(self.roles),
            "grant": [[role, list(granted[role])] for role in sorted(granted) if granted[role]],
        }
        yield SqlObject(Key("access", key.name), access, parent=key, origin=place)

    def key(self, what: str, arguments: str) -> Key:
        """The key of a function of this table."""
        return Key("function", f"{qname(self.name(what))}({arguments})")

    def _function(self, what: str, arguments: str, returns: str, body: str, needs: Sequence[Key]) -> SqlObject:
        name = self.name(what)
        given = [arguments.split()] if arguments else []
        may_call = list(self.roles) if given else []
        definition = _definition(name, given, returns, body, self.roles, may_call)
        key = self.key(what, given[0][1] if given else "")
        return SqlObject(key, definition, depends_on=tuple(needs), origin=self._origin)


def held(rights: Sequence[str]) -> tuple[str, ...]:
    """The commands that these rights, as GRANT has them, allow."""
    commands = (command.upper() for command in COMMANDS)
    return tuple(sorted(c for c in commands if c in rights or ("ALL" in rights and f"-{c}" not in rights)))


def _explain(made: Sequence[_Refusals], project: Project, roles: tuple[str, ...]) -> SqlObject:
    """The function that tells callers of all guarded tables why they are refused."""
    number = Counter(name for one in made for name in one.names)  # a name of two tables stands for neither
    tables = [
        {
            "names": commas(literal(name) for name in one.names if number[name] == 1),
            "table_name": literal(qname(one.table)),
            "hint": literal(one.item.spec.hint) if one.item.spec.hint is not None else Sql("NULL"),
            "access": qname(one.name("access")),
        }
        for one in made
    ]
    name = QName(project.runtime_schema, EXPLAIN)
    values = {"tables": tables, "setting": literal(project.session.claims)}
    body = render.whole("rls/explain_access.sql.j2", values)
    arguments = [["target", "text"], ["command", "text"]]
    returns = "TABLE (name text, ok boolean, hint text)"
    definition = _definition(name, arguments, returns, body, roles, list(roles))
    needs = tuple(Key("function", f"{qname(one.name('access'))}(text)") for one in made)
    return SqlObject(Key("function", f"{qname(name)}(text, text)"), definition, depends_on=needs)


def _definition(
    name: QName, arguments: list[list[str]], returns: str, body: str, roles: Sequence[str], execute: list[str]
) -> dict[str, object]:
    return {
        "name": list(name),
        "arguments": arguments,
        "returns": returns,
        "language": "plpgsql",
        "volatility": "volatile" if returns == "trigger" else "stable",
        # The body may have backslashes, which PL/pgSQL reads when a session first runs it.
        "settings": [list(FIXED_PATH), ["standard_conforming_strings", "on"]],
        "body": body,
        # The conditions may call what a worker must not, and a query behind the view is still to be done by several.
        **({} if returns == "trigger" else {"parallel": "restricted"}),
        "revoke": list(roles),
        "execute": execute,
    }
