"""Audit logs -> their tables, and per log, table and event a trigger function with its triggers."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pgspec import render
from pgspec.audits import Audit, AuditedTable
from pgspec.catalog import Catalog
from pgspec.mappings import base_type
from pgspec.objects import Key, SqlObject
from pgspec.program import Program
from pgspec.refusals import reading_guard
from pgspec.runtime.audit import AuditRuntime, escaped
from pgspec.runtime.cache import FIXED_PATH
from pgspec.sql import QName, Sql, commas, derived_name, ident, literal, qname
from pgspec.triggers import differs, wrapped

# A session must not decide how values are spelt in the log.
_PRINTING = (
    FIXED_PATH,
    ("row_security", "on"),  # a session without it could not write to a log that is guarded
    ("timezone", "'UTC'"),
    ("datestyle", "'ISO, MDY'"),
    ("intervalstyle", "'postgres'"),
    ("extra_float_digits", "1"),
    ("bytea_output", "'hex'"),
)
_PAIRS = 40  # of names and values in one call: a function has at most 100 arguments

_Name = tuple[str, str, QName]


def audit_trigger_name(log: str, event: str) -> str:
    """The name of a log's trigger for an event.  It is never quoted, which `fingerprint` relies on."""
    plain = re.sub(r"[^a-z0-9_]", "_", log)
    if plain != log:
        plain = f"{plain}_{hashlib.sha256(log.encode()).hexdigest()[:8]}"
    return derived_name("pgspec_audit", plain, event.lower())


def audit_objects(program: Program) -> list[SqlObject]:
    """Everything that the audit logs ask for."""
    project = program.project
    service = tuple(sorted(project.roles.service))
    runtime = AuditRuntime(
        project.runtime_schema, project.internal_schema, project.session.claims, program.roles, service
    )
    out = list(runtime.shared(program.audits))
    names = _function_names(
        (audit.spec.name, event, table.relation.name)
        for audit in program.audits
        for table in audit.tables
        for event in table.events
    )
    for audit in program.audits:
        guard = next((item for item in program.guarded if item.face == audit.name), None)
        refuses = reading_guard(guard, project) if guard and guard.raises else None
        out += runtime.log(audit, tuple(guard.grants(project)) if guard else (), refuses)
        if guard or audit.viewer:
            security = Key("row_security", qname(audit.table))
            if guard is None:
                out.append(runtime.row_security(audit, security))
            out += runtime.policies(audit, security, force=guard.spec.force if guard else True)
        above = Counter(follower for table in audit.tables for follower in table.followers)
        shared = frozenset(name for name, parents in above.items() if parents > 1)
        for table in audit.tables:
            for event in table.events:
                name = names[audit.spec.name, event, table.relation.name]
                out += _Event(program, runtime, audit, table, event, name, shared).objects()
    return out


def _function_names(wanted: Iterable[_Name]) -> dict[_Name, str]:
    """A name for each function that no other has: names that look alike are told apart by a hash."""
    every = list(wanted)
    plain = {entry: "_".join(("audit", entry[0], entry[1].lower(), *entry[2])) for entry in every}
    number = Counter(plain.values())
    out = {}
    for entry, name in plain.items():
        tail = hashlib.sha256(repr((entry[0], entry[1], *entry[2])).encode()).hexdigest()[:8]
        out[entry] = derived_name(name) if number[name] == 1 else derived_name(name, tail)
    return out


@dataclass(frozen=True, slots=True)
class _Event:
    """One event of one table of one log.  ``shared``: the children of several tables of the log."""

    program: Program
    runtime: AuditRuntime
    audit: Audit
    table: AuditedTable
    event: str
    name: str
    shared: frozenset[QName]

    def objects(self) -> Iterable[SqlObject]:
        function = QName(self.runtime.internal, self.name)
        key = Key("function", f"{qname(function)}()")
        origin = self.audit.document.at("name")
        body = self._body()
        definition = {
            "name": list(function),
            "arguments": [],
            "returns": "trigger",
            "language": "plpgsql",
            "volatility": "volatile",
            "settings": [*(list(setting) for setting in _PRINTING), *escaped(body)],
            "body": body,
            "revoke": list(self.runtime.roles),
            "security": "definer",
            "execute": [],
        }
        yield SqlObject(key, definition, depends_on=tuple(self._needs()), origin=origin)
        for table in (self.table.relation.name, *self.table.followers):
            name = audit_trigger_name(self.audit.spec.name, self.event)
            if table in self.shared:  # each of its parents has a trigger on it
                name = derived_name(name, hashlib.sha256(self.name.encode()).hexdigest()[:8])
            yield SqlObject(
                Key("trigger", f"{ident(name)} ON {qname(table)}"),
                {
                    "name": name,
                    "table": list(table),
                    "timing": "BEFORE" if self.event == "TRUNCATE" else "AFTER",
                    "event": self.event,
                    "old": "old_rows" if self.event in ("UPDATE", "DELETE") else None,
                    "new": "new_rows" if self.event in ("UPDATE", "INSERT") else None,
                    "function": list(function),
                },
                depends_on=(key,),
                origin=origin,
            )

    def _needs(self) -> Iterable[Key]:
        yield Key("schema", self.runtime.internal)
        yield Key("table", qname(self.audit.table))
        if self.audit.claims:
            yield Key("function", f"{qname(self.runtime.helper('audit_claims'))}()")
        if self.audit.request_id:
            yield Key("function", f"{qname(self.runtime.helper('audit_request_id'))}()")

    def _body(self) -> Sql:
        template = {"UPDATE": "update", "TRUNCATE": "truncate"}.get(self.event, "rows")
        values = {
            "log": qname(self.audit.table),
            "schema": literal(self.table.relation.name.schema),
            "table": literal(self.table.relation.name.name),
            "event": literal(self.event),
            "has_parts": bool(self.table.followers),
            **self._written(),
        }
        if self.event == "UPDATE":
            values |= self._pairs()
        elif self.event != "TRUNCATE":
            inserted = self.event == "INSERT"
            logged = self.table.logged(self.event)
            values |= {
                "image": Sql("new" if inserted else "old"),
                "transition": Sql("new_rows" if inserted else "old_rows"),
                "columns": self._columns(),
                "key": self._json("w", self.table.key) if self.table.key else Sql("NULL"),
                "values": self._json("w", logged),
            }
        return render.whole(f"audit/{template}.sql.j2", values)

    def _written(self) -> dict[str, Sql]:
        """What is logged of the writer and of the request."""
        roles = self.program.project.roles
        claims, request_id = Sql("NULL"), Sql("NULL")
        if self.audit.request_id:
            request_id = Sql(f"(SELECT {qname(self.runtime.helper('audit_request_id'))}())")
        if self.audit.claims:
            paths = {
                word: Sql(f"c.claims #> ARRAY[{commas(literal(part) for part in path)}]")
                for word, path in self.audit.claims.items()
            }
            read = f"SELECT {qname(self.runtime.helper('audit_claims'))}() AS claims OFFSET 0"
            claims = Sql(f"(SELECT {_object(paths)}\n      FROM ({read}) AS c WHERE c.claims IS NOT NULL)")
        return {
            "service": commas(literal(role) for role in sorted(roles.service)),
            "api": commas(literal(role) for role in sorted(roles.api)),
            "request_id": request_id,
            "claims": claims,
        }

    @property
    def _used(self) -> tuple[str, ...]:
        """The columns that the function reads: it calls them c1, c2 ..., so that no name can be one of ours."""
        return tuple(dict.fromkeys((*self.table.logged(self.event), *self.table.key)))

    def _columns(self) -> Sql:
        named = [Sql(f"r.{ident(name)} AS {_numbered(n)}") for n, name in enumerate(self._used)]
        return wrapped(named or [Sql("true AS here")], ", ", 4)

    def _pairs(self) -> dict[str, Sql]:
        """How the two images of a row are compared and printed.

        A row that moves is deleted in one partition and inserted in another, where a trigger may swallow it.  Nobody
        knows then which images belong together: each is logged by itself, the new ones numbered behind the old.
        """
        columns, logged, keys = self.table.relation.columns, self.table.logged(self.event), self.table.key
        place = {name: _numbered(n) for n, name in enumerate(self._used)}
        catalog = self.program.catalog
        # With another key it is another row: who swaps two keys gives one row what was logged of the other.
        tests = [differs(columns[name], place[name], catalog) for name in self._used]
        moved = Sql(" OR ").join(differs(columns[name], place[name], catalog) for name in keys)
        old, new = self._json("o", logged), self._json("n", logged)
        old_key, new_key = Sql("NULL"), Sql("NULL")
        if keys:
            old_key = self._json("o", keys)
            new_key = Sql(f"CASE WHEN {moved} THEN {self._json('n', keys)} END")
        printed, shift = self._columns(), Sql("")
        if self.table.relation.kind == "partitioned_table":
            printed = Sql(f"true AS here, {printed}") if self._used else printed
            shift = Sql(
                " + (SELECT CASE WHEN a.size = b.size THEN 0 ELSE a.size END"
                " FROM (SELECT count(*) AS size FROM old_rows) AS a, (SELECT count(*) AS size FROM new_rows) AS b)"
            )
            tests += [Sql("o.here IS NULL"), Sql("n.here IS NULL")]
            old = Sql(f"CASE WHEN o.here THEN {old} END")
            new = Sql(f"CASE WHEN n.here THEN {new} END")
            if keys:
                old_key = Sql(f"CASE WHEN o.here THEN {old_key} ELSE {self._json('n', keys)} END")
                new_key = Sql(f"CASE WHEN o.here AND n.here AND ({moved}) THEN {self._json('n', keys)} END")
        return {
            "columns": printed,
            "shift": shift,
            "key": old_key,
            "new_key": new_key,
            "old": old,
            "new": new,
            "changed": wrapped(tests, " OR ", 4) if tests else Sql("false"),
        }

    def _json(self, row: str, names: Sequence[str]) -> Sql:
        """Columns of a row as one JSON object."""
        place = {name: _numbered(n) for n, name in enumerate(self._used)}
        return _object({name: self._value(Sql(f"{row}.{place[name]}"), name) for name in names})

    def _value(self, value: Sql, name: str) -> Sql:
        """JSON text may hold what ``jsonb`` refuses, such as the character NUL: it is logged as the text that it is."""
        return Sql(f"{value}::text") if holds_json_text(name, self.table, self.program.catalog) else value


def holds_json_text(name: str, table: AuditedTable, catalog: Catalog) -> bool:
    """Whether a column is of type ``json``, or there is such a value inside its arrays and composite values."""
    composites = {str(known): attributes for known, attributes in catalog.composites.items()}
    waiting, seen = [table.relation.columns[name].type], set[str]()
    while waiting:
        found = base_type(waiting.pop(), catalog)
        if found == "json":
            return True
        if found not in seen:
            seen.add(found)
            waiting += [kind for _, kind in composites.get(found, ())]
            waiting += [found.removesuffix("[]")] if found.endswith("[]") else []
    return False


def _numbered(number: int) -> Sql:
    return Sql(f"c{number + 1}")


def _object(values: dict[str, Sql]) -> Sql:
    """A JSON object of names and expressions."""
    pairs = [Sql(f"{literal(name)}, {value}") for name, value in values.items()]
    calls = [pairs[start : start + _PAIRS] for start in range(0, len(pairs), _PAIRS)] or [[]]
    return Sql(" || ").join(Sql(f"jsonb_build_object({wrapped(call, ', ', 6)})") for call in calls)
