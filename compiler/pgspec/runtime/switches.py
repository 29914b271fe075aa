"""Switches: what is thrown, the log of it, and the functions that throw and reset.

A row of the table is a switch that is thrown, so that those who ask it on every write find it empty.  The bodies are in
templates/switches, with the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgspec import render
from pgspec.objects import Key, SqlObject
from pgspec.runtime.cache import ENTRIES_BY_TAG, FIXED_PATH, NAMESPACE, THROWN
from pgspec.sql import QName, Sql, commas, ident, literal, qname

LOG = "switch_log"
SWITCHES, HISTORY = "pgspec_switches", "pgspec_switch_log"
"""The views under which service roles read them."""
THROW, RESET, LEFT = "throw_switch", "reset_switch", "access_left"
"""The functions that throw and reset a switch, and the one that lists what API roles can still do."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a switch closes of a relation, and the rights on it that the specs give a role; none for ``privileges``
    empty."""

    switch: str
    relation: str
    role: str
    privileges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SwitchRuntime:
    """The objects.  ``names``: the switches of the project; ``targets``: what those that close relations close."""

    runtime: str
    internal: str
    api: tuple[str, ...]
    service: tuple[str, ...]
    names: tuple[str, ...]
    targets: tuple[Target, ...] = ()

    @property
    def roles(self) -> tuple[str, ...]:
        """Those of the project."""
        return tuple(sorted({*self.api, *self.service}))

    def objects(self) -> Iterator[SqlObject]:
        """All of them."""
        yield from self._tables()
        yield from self._views()
        yield from self._functions()

    def _tables(self) -> Iterator[SqlObject]:
        switched = "they say what is switched off, and for hardened tables what was taken"
        thrown = ["name text PRIMARY KEY", *_NOTED, "state jsonb"]
        keep = {"rows": "true", "what": "thrown switches", "advice": f"reset them first: {switched}"}
        yield from self._table(THROWN, thrown, keep)
        log = [
            "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            "at timestamptz NOT NULL DEFAULT clock_timestamp()",
            "name text NOT NULL",
            "thrown boolean NOT NULL",
            "db_role text NOT NULL",
            "session_role text NOT NULL",
            "application text",
            "why text NOT NULL",
        ]
        copy = f"keep a copy first: COPY {qname(QName(self.internal, LOG))} TO STDOUT"
        yield from self._table(LOG, log, {"rows": "true", "what": "entries of the log of switches", "advice": copy})
        yield self._function(QName(self.internal, "switch_log_guard"), (), "trigger", {})
        for event in ("UPDATE", "DELETE", "TRUNCATE"):
            table, function = QName(self.internal, LOG), QName(self.internal, "switch_log_guard")
            name = f"pgspec_switch_log_guard_{event.lower()}"
            definition = {
                "name": name,
                "table": list(table),
                "timing": "BEFORE",
                "event": event,
                "old": None,
                "new": None,
                "function": list(function),
            }
            needs = (Key("function", f"{qname(function)}()"), Key("table", qname(table)))
            yield SqlObject(Key("trigger", f"{name} ON {qname(table)}"), definition, depends_on=needs)

    def _table(self, name: str, columns: list[str], keep: dict[str, str]) -> Iterator[SqlObject]:
        table = QName(self.internal, name)
        key = Key("table", qname(table))
        definition = {"name": list(table), "columns": columns, "revoke": list(self.roles), "keep": keep}
        yield SqlObject(key, definition, depends_on=(Key("schema", self.internal),))
        yield self._access(key, table, ())

    def _views(self) -> Iterator[SqlObject]:
        thrown, log = QName(self.internal, THROWN), QName(self.internal, LOG)
        known = ",\n  ".join(f"({literal(name)})" for name in self.names)
        columns = "coalesce(k.name, s.name) AS name, s.name IS NOT NULL AS thrown, s.thrown_at, s.thrown_by, s.why"
        joined = (
            f"FULL JOIN {qname(thrown)} AS s ON s.name = k.name"  # one may be thrown that is no longer in the specs
        )
        state = f"SELECT {columns}\nFROM (VALUES\n  {known}\n) AS k (name)\n{joined}"
        entries = f"SELECT id, at, name, thrown, db_role, session_role, application, why\nFROM {qname(log)}"
        for name, query, table in ((SWITCHES, state, thrown), (HISTORY, entries, log)):
            view = QName(self.runtime, name)
            key = Key("view", qname(view))
            definition = {"name": list(view), "query": query}
            yield SqlObject(key, definition, depends_on=(Key("table", qname(table)),))
            yield self._access(key, view, self.service)

    def _access(self, key: Key, name: QName, readers: Sequence[str]) -> SqlObject:
        grant = [[role, ["SELECT"]] for role in readers]
        definition = {"on": key.type, "target": list(name), "revoke": list(self.roles), "grant": grant}
        return SqlObject(Key("access", key.name), definition, parent=key)

    def _functions(self) -> Iterator[SqlObject]:
        home, hardens, cache = self.internal, bool(self.targets), "cache" in self.names
        text, flags = (
            (("name", "text"), ("why", "text")),
            {"cache": cache, "hardens": hardens, "refresh": "refresh" in self.names},
        )
        listed = literal(f"the switches are {', '.join(self.names)}")
        known = {"names": commas(literal(name) for name in self.names), "known": listed}
        yield self._function(QName(home, "may_switch"), (("switch", "text"), ("why", "text")), "void", known)
        logged = (("switch", "text"), ("thrown", "boolean"), ("why", "text"))
        yield self._function(QName(home, "log_switch"), logged, "void", {}, language="sql", needs=(self._log,))
        yield self._function(QName(self.runtime, THROW), text, "text", flags, public=True)
        waiting = (*text, ("max_seconds", "integer", "60"))
        yield self._function(QName(self.runtime, RESET), waiting, "text", flags, public=True)
        if cache:
            yield self._function(
                QName(home, "skipping"), (), "text[]", {"namespace": literal(NAMESPACE)}, language="sql"
            )
            patience = (("patience", "interval"),)
            yield self._function(QName(home, "catch_up"), patience, "void", {}, settings=ENTRIES_BY_TAG)
        if hardens:
            yield from self._hardening()

    def _hardening(self) -> Iterator[SqlObject]:
        home, switch = self.internal, (("switch", "text"),)
        targets = [
            {
                "switch": literal(target.switch),
                "relation": literal(target.relation),
                "role": literal(target.role),
                "privileges": literal(", ".join(target.privileges)),
            }
            for target in self.targets
        ]
        columns = "TABLE (switch text, relation text, role text, privileges text)"
        listed = self._function(QName(home, "switch_targets"), (), columns, {"targets": targets}, language="sql")
        closed = self._function(
            QName(home, "closed_by"), switch, "SETOF regclass", {}, language="sql", needs=(listed.key,)
        )
        api = {"api": commas(literal(role) for role in self.api)}
        side = self._function(QName(home, "api_side"), (), "SETOF oid", api, language="sql")
        grants = "TABLE (role text, privilege text, part text, grantable boolean)"
        relation = (("relation", "regclass"),)
        yield from (listed, closed, side)
        yield self._function(QName(home, "relation_grants"), relation, grants, {}, language="sql")
        left = "TABLE (relation text, role text, privilege text)"
        needs = (closed.key, side.key)
        yield self._function(QName(self.runtime, LEFT), switch, left, {}, language="sql", public=True, needs=needs)
        service = commas(literal(role) for role in sorted({*self.service} - {*self.api}))
        held = Sql(
            "(SELECT coalesce(jsonb_agg(jsonb_build_object('relation', closed::text, 'role', g.role, 'privilege', "
            "g.privilege, 'part', g.part, 'grantable', g.grantable)), '[]') "
            f"FROM {qname(QName(home, 'relation_grants'))}(closed) AS g)"
        )
        kept = {"service": service, "grants": held, "api_names": api["api"]}
        yield self._function(QName(home, "harden"), switch, "text", kept)
        yield self._function(QName(home, "relax"), switch, "text", {"api_names": api["api"]})

    @property
    def _log(self) -> Key:
        return Key("table", qname(QName(self.internal, LOG)))

    def _function(
        self,
        name: QName,
        arguments: Sequence[tuple[str, ...]],
        returns: str,
        values: Mapping[str, Any],
        *,
        language: str = "plpgsql",
        public: bool = False,
        settings: Sequence[tuple[str, str]] = (FIXED_PATH,),
        needs: tuple[Key, ...] = (),
    ) -> SqlObject:
        """A function whose body is the template of its name.  ``public``: service roles may call it."""
        home = {"runtime": ident(self.runtime), "internal": ident(self.internal)}
        reads = language == "sql" and name.name != "log_switch"
        definition = {
            "name": list(name),
            "arguments": [list(argument) for argument in arguments],
            "returns": returns,
            "language": language,
            "volatility": "stable" if reads else "volatile",
            "settings": [list(setting) for setting in settings],
            "body": str(render.whole(f"switches/{name.name}.sql.j2", home | dict(values))),
            "revoke": list(self.roles),
            "security": "definer" if public else "invoker",
            "execute": list(self.service) if public else [],
        }
        key = Key("function", f"{qname(name)}({', '.join(argument[1] for argument in arguments)})")
        return SqlObject(key, definition, depends_on=tuple(sorted((*needs, Key("schema", self.internal)))))


_NOTED = (
    "thrown_at timestamptz NOT NULL DEFAULT clock_timestamp()",
    "thrown_by text NOT NULL",
    "why text NOT NULL",
)
