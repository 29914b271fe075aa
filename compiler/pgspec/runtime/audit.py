"""Audit logs: the table, the views under which it is read and by whom, what keeps it as it is, and what forgets old
entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pgspec import render
from pgspec.admission import names_foreign
from pgspec.audit_policies import LOG_COLUMNS, OWNER, SERVICE, VIEWER
from pgspec.audits import CLEANUP, INDEXED, Audit, Viewer
from pgspec.diagnostics import Span
from pgspec.objects import Key, SqlObject
from pgspec.runtime.cache import FIXED_PATH
from pgspec.runtime.session import claim_keys
from pgspec.sql import QName, Sql, commas, derived_name, ident, literal, qname

RETENTION = "pgspec.audit_retention"
"""The setting by which the guard of a log knows its retention function, beside its owner."""

GUARDED = ("UPDATE", "DELETE", "TRUNCATE")
_VIEW_OPTIONS = ["security_invoker = true", "security_barrier = true"]


@dataclass(frozen=True, slots=True)
class AuditRuntime:
    """What audit logs share, and what each of them is made of."""

    runtime: str
    internal: str
    claims_setting: str
    roles: tuple[str, ...]
    service: tuple[str, ...]

    def shared(self, audits: Sequence[Audit]) -> Iterator[SqlObject]:
        """The guard, and the functions that read claims and request ids where a log records them."""
        values = {"runtime": literal(self.runtime), "cleanup": literal(CLEANUP), "setting": literal(RETENTION)}
        yield self._function("audit_guard", "trigger", values)
        if any(audit.claims for audit in audits):
            yield self._function("audit_claims", "jsonb", {"claims": literal(self.claims_setting)})
        request_id = next((audit.request_id for audit in audits if audit.request_id), None)
        if request_id:
            yield self.request_id(request_id)

    def request_id(self, expression: str) -> SqlObject:
        """The function that says which request this is, of the project's expression; event logs ask it too."""
        return self._function("audit_request_id", "text", {"request_id": Sql(expression)})

    def log(self, audit: Audit, readers: Sequence[str], guard: tuple[str, Key] | None) -> Iterator[SqlObject]:
        """The table of a log, the view under which the service roles and ``readers`` read it, its guard, its retention
        function and its viewer.  ``guard``: the condition, and the function that it calls, by which the view refuses
        with an error."""
        key, name, origin = Key("table", qname(audit.table)), audit.table, audit.document.at("name")
        keep = {
            "rows": "true",
            "what": "entries of an audit log",
            "advice": f"keep a copy first: COPY {qname(name)} TO STDOUT",
        }
        definition = {"name": list(name), "columns": list(LOG_COLUMNS), "revoke": list(self.roles), "keep": keep}
        yield SqlObject(key, definition, depends_on=(Key("schema", self.internal),), origin=origin)
        readers = [*self.service, *readers]
        to = audit.viewer.to if audit.viewer else ()
        yield self._access(key, name, [*readers, *to], origin)
        query = f"SELECT {commas(ident(column.split()[0]) for column in LOG_COLUMNS)}\nFROM {qname(name)}"
        public, needs = (query, (key,)) if guard is None else (f"{query}\nWHERE {guard[0]}", (key, guard[1]))
        yield from self._view(audit, audit.name, public, needs, readers, origin)
        if audit.viewer:
            yield from self._viewer(audit, audit.viewer, query)
        # hash: a key of any length fits, and it is only ever asked for equality
        for column, method in zip(INDEXED, ("btree", "hash"), strict=True):
            index = QName(name.schema, derived_name(name.name, column))
            made = {
                "name": list(index),
                "table": list(name),
                "columns": [column],
                "unique": False,
                "method": method,
            }
            yield SqlObject(Key("index", qname(index)), made, parent=key, origin=origin)
        yield from self._guards(audit)
        yield self._cleanup(audit)

    def _access(self, key: Key, name: QName, readers: Iterable[str], origin: Span) -> SqlObject:
        granted = [[role, ["SELECT"]] for role in sorted(set(readers))]
        definition = {"on": key.type, "target": list(name), "revoke": list(self.roles), "grant": granted}
        return SqlObject(Key("access", key.name), definition, parent=key, origin=origin)

    def _view(
        self, audit: Audit, name: QName, query: str, needs: tuple[Key, ...], readers: Iterable[str], origin: Span
    ) -> Iterator[SqlObject]:
        """A view of a log, which reads with the rights of whoever asks."""
        key = Key("view", qname(name))
        definition = {"name": list(name), "query": query, "options": list(_VIEW_OPTIONS)}
        yield SqlObject(key, definition, depends_on=needs, origin=origin)
        text = (audit.spec.description or f"Audit log, kept for {audit.spec.retention}.").strip()
        about = {"on": "view", "target": list(name), "text": text}
        yield SqlObject(Key("comment", key.name), about, parent=key, origin=origin)
        yield self._access(key, name, readers, origin)

    def _viewer(self, audit: Audit, viewer: Viewer, query: str) -> Iterator[SqlObject]:
        """The view whose readers must meet a condition, and the function that asks it."""
        key, origin = self._may_view(viewer), audit.document.at("viewer", "name")
        required, condition, needs = viewer.require.text.strip(), viewer.condition, claim_keys(self.internal)
        if names_foreign(condition, self.internal):
            met = self._met(audit, viewer)
            yield met
            condition, needs = f"{qname(QName(*met.definition['name']))}()", (met.key,)
        values = {
            "condition": Sql(condition),
            "message": literal(f"permission denied for view {qname(viewer.name)}".replace("%", "%%")),
            "hint": literal(f"required: {required}"),
        }
        body = render.whole("audit/may_view.sql.j2", values)
        definition = {
            "name": list(viewer.function),
            "arguments": [["demand", "boolean"]],
            "returns": "boolean",
            "language": "plpgsql",
            "volatility": "stable",
            "settings": [list(FIXED_PATH), *escaped(body)],
            "body": body,
            "revoke": list(self.roles),
            "security": "invoker",
            "execute": list(viewer.to),
        }
        require = audit.document.at("viewer", "require")
        yield SqlObject(key, definition, depends_on=needs, origin=require)
        guarded = f"{query}\nWHERE (SELECT {qname(viewer.function)}(true))"
        behind = (Key("table", qname(audit.table)), key)
        yield from self._view(audit, viewer.name, guarded, behind, viewer.to, origin)

    def _met(self, audit: Audit, viewer: Viewer) -> SqlObject:
        """A condition that names what not every caller may use, bound when it is made, as a policy is: a body that is
        read when it runs would need the caller's right to the schemas that it names."""
        name = QName(self.internal, derived_name("meets", viewer.name.name))
        definition = {
            "name": list(name),
            "arguments": [],
            "returns": "boolean",
            "language": "sql",
            "volatility": "stable",
            "settings": [],
            "return": f"(\n{viewer.condition}\n)",
            "revoke": list(self.roles),
            "execute": list(viewer.to),
        }
        key = Key("function", f"{qname(name)}()")
        place = audit.document.at("viewer", "require")
        return SqlObject(key, definition, depends_on=claim_keys(self.internal), origin=place)

    @staticmethod
    def _may_view(viewer: Viewer) -> Key:
        return Key("function", f"{qname(viewer.function)}(boolean)")

    def row_security(self, audit: Audit, key: Key) -> SqlObject:
        """Row security of a log that no rls spec guards."""
        security = {"table": list(audit.table), "force": True, "was_enabled": False, "was_forced": False}
        needs = (Key("table", qname(audit.table)),)
        return SqlObject(key, security, depends_on=needs, origin=audit.document.at("viewer"))

    def policies(self, audit: Audit, security: Key, *, force: bool) -> Iterator[SqlObject]:
        """The policies that a guarded log has of itself.  ``security``: the row security that they are part of, which
        with ``force`` binds the owner too, as whom the triggers log and the retention function forgets."""
        found: list[tuple[str, str, list[str | None], str, tuple[Key, ...]]] = []
        if force:
            found.append((OWNER, "all", [None], "true", ()))
        if self.service:
            found.append((SERVICE, "select", list(self.service), "true", ()))
        if audit.viewer:
            asked = f"(SELECT {qname(audit.viewer.function)}(false))"
            found.append((VIEWER, "select", list(audit.viewer.to), asked, (self._may_view(audit.viewer),)))
        for name, command, roles, using, needs in found:
            definition = {
                "table": list(audit.table),
                "name": name,
                "restrictive": False,
                "command": command,
                "roles": roles,
                "using": using,
                "check": None,
            }
            key = Key("policy", f"{name} ON {qname(audit.table)}")
            origin = audit.document.at("viewer" if name == VIEWER else "name")
            yield SqlObject(key, definition, depends_on=(security, *needs), origin=origin)

    def helper(self, name: str) -> QName:
        """A function that logs share."""
        return QName(self.internal, name)

    def _guards(self, audit: Audit) -> Iterator[SqlObject]:
        function = self.helper("audit_guard")
        for event in GUARDED:
            name = f"pgspec_audit_guard_{event.lower()}"
            definition = {
                "name": name,
                "table": list(audit.table),
                "timing": "BEFORE",
                "event": event,
                "old": None,
                "new": None,
                "function": list(function),
            }
            needs = (Key("table", qname(audit.table)), Key("function", f"{qname(function)}()"))
            key = Key("trigger", f"{name} ON {qname(audit.table)}")
            yield SqlObject(key, definition, depends_on=needs, origin=audit.document.at("name"))

    def _cleanup(self, audit: Audit) -> SqlObject:
        values = {
            "log": qname(audit.table),
            "retention": Sql(f"interval {literal(str(audit.spec.retention))}"),
            "setting": literal(RETENTION),
            "forgetting": literal(".".join(audit.table)),
        }
        definition = {
            "name": list(audit.cleanup),
            "arguments": [["max_rows", "integer", "10000"]],
            "returns": "integer",
            "language": "plpgsql",
            "volatility": "volatile",
            "settings": [list(FIXED_PATH), ["row_security", "on"]],
            "body": render.whole("audit/cleanup.sql.j2", values),
            "revoke": list(self.roles),
            "security": "definer",
            "execute": list(self.service),
        }
        key = Key("function", f"{qname(audit.cleanup)}(integer)")
        needs = (Key("table", qname(audit.table)),)
        return SqlObject(key, definition, depends_on=needs, origin=audit.document.at("retention"))

    def _function(self, name: str, returns: str, values: dict[str, Sql]) -> SqlObject:
        body = render.whole(f"audit/{name}.sql.j2", values)
        definition = {
            "name": list(self.helper(name)),
            "arguments": [],
            "returns": returns,
            "language": "plpgsql",
            "volatility": "volatile" if returns == "trigger" else "stable",
            "settings": [list(FIXED_PATH), *escaped(body)],
            "body": body,
            "revoke": list(self.roles),
            "security": "invoker",
            "execute": [],
        }
        key = Key("function", f"{qname(self.helper(name))}()")
        return SqlObject(key, definition, depends_on=(Key("schema", self.internal),))


def escaped(body: str) -> list[list[str]]:
    """The setting that a body with a backslash needs: PL/pgSQL reads it when a session first runs it, and the backslash
    must then mean what it meant here."""
    return [["standard_conforming_strings", "on"]] if "\\" in body else []
