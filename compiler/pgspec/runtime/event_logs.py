"""Event logs: their tables and partitions, the functions that record and that keep partitions, what watches them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgspec import render
from pgspec.definitions import closed
from pgspec.event_logs import GIVEN, HEALTH, LABEL_HEALTH, MOMENT, OTHER, REQUEST, UNKNOWN, Events, LogColumn
from pgspec.objects import Key, SqlObject
from pgspec.runtime.audit import AuditRuntime
from pgspec.runtime.cache import FIXED_PATH
from pgspec.sql import QName, Sql, commas, ident, literal, qname

NAMESPACE = 0x70676576
"""The first of the two numbers of the advisory locks: "pgev"."""

MAX_VALUE_BYTES = 1000
"""Of a label's value, which must fit an index."""

LOCK_TIMEOUT = "200ms"
"""How long the upkeep of partitions waits for a lock, and how long others may then wait behind it."""

_NORMALIZE = "normalize_path"


def event_log_objects(
    logs: Sequence[Events], runtime: str, internal: str, roles: Sequence[str], service: Sequence[str]
) -> list[SqlObject]:
    """Everything that the event logs ask for.  Only ``service``, and those whom a spec names, may use any of it."""
    made = _Runtime(runtime, internal, tuple(sorted(roles)), tuple(sorted(service)))
    shared = AuditRuntime(runtime, internal, "", made.roles, made.service)
    expression = next((log.request_id for log in logs if log.request_id), None)
    out = [shared.request_id(expression)] if expression else []
    if any(column.label and column.label.normalize for log in logs for column in log.columns):
        out.append(made.normalizer())
    for log in logs:
        out += made.log(log)
    return [*out, *made.health(logs)]


@dataclass(frozen=True, slots=True)
class _Runtime:
    runtime: str
    internal: str
    roles: tuple[str, ...]
    service: tuple[str, ...]

    def log(self, log: Events) -> Iterator[SqlObject]:
        yield from self._table(log)
        yield from self._seen(log)
        if log.budgets:
            yield self._admits(log)
        yield self._record(log)
        yield self._maintain(log)

    def _table(self, log: Events) -> Iterator[SqlObject]:
        key, origin = Key("table", qname(log.name)), log.document.at("name")
        keep = {
            "rows": "true",
            "what": "events",
            "advice": f"keep a copy first: COPY (SELECT * FROM {qname(log.name)}) TO STDOUT",
        }
        columns = list(_columns(log))
        definition = {
            "name": list(log.name),
            "columns": [line for _, line, _ in columns],
            "grows": [[name, empty] for name, _, empty in columns],
            "partition_by": MOMENT,
            "default": list(log.default),
            "revoke": list(self.roles),
            "keep": keep,
        }
        needs = [Key("schema", self.internal)]
        yield SqlObject(key, definition, depends_on=tuple(needs), origin=origin)
        yield self._access(key, log.name, [*self.service, *log.spec.access.select], log)
        for column, method in log.indexes().items():
            index = log.index(column)
            made = {
                "name": list(index),
                "table": list(log.name),
                "columns": [column],
                "unique": False,
                "method": method,
            }
            yield SqlObject(Key("index", qname(index)), made, parent=key, origin=origin)
        if log.spec.description:
            text = {"on": "table", "target": list(log.name), "text": log.spec.description.strip()}
            yield SqlObject(Key("comment", key.name), text, parent=key, origin=log.document.at("description"))

    def _seen(self, log: Events) -> Iterator[SqlObject]:
        """The table of the values that labels have.  It is there without a budget too, so that one can come."""
        key = Key("table", qname(log.seen))
        columns = [
            "label text NOT NULL",
            "value text NOT NULL",
            "place integer NOT NULL",
            "first_seen timestamptz NOT NULL DEFAULT clock_timestamp()",
            "PRIMARY KEY (label, value)",
            "UNIQUE (label, place)",
        ]
        definition = {"name": list(log.seen), "columns": columns, "revoke": list(self.roles)}
        origin = log.document.at("name")
        yield SqlObject(key, definition, depends_on=(Key("schema", self.internal),), origin=origin)
        yield self._access(key, log.seen, (), log)

    def _admits(self, log: Events) -> SqlObject:
        values = {
            "max_bytes": literal(MAX_VALUE_BYTES),
            "namespace": literal(NAMESPACE),
            "log_name": literal(qname(log.name)),
            "seen": qname(log.seen),
        }
        arguments = (("of_label", "text"), ("wanted", "text"), ("budget", "integer"))
        return self._function(log, log.admits, arguments, "boolean", "admits", values, (Key("table", qname(log.seen)),))

    def _record(self, log: Events) -> SqlObject:
        arguments = _arguments(log)
        place = {name: Sql(f"${number}") for number, (name, *_) in enumerate(arguments, 1)}
        labels = [self._label(log, column, place[column.name], n) for n, column in enumerate(_labels(log), 1)]
        variables = {column.name: label["variable"] for column, label in zip(_labels(log), labels, strict=True)}
        values = {
            "request": place[REQUEST],
            "request_id": qname(QName(self.internal, "audit_request_id")),
            "labels": labels,
            "looks": Sql(",\n    ").join(label["known"] for label in labels if label["known"]),
            "known": commas(Sql(f"known_{label['variable']}") for label in labels if label["known"]),
            "log": qname(log.name),
            "columns": commas(ident(name) for name in (MOMENT, REQUEST, GIVEN, *(c.name for c in log.columns))),
            "at": place[MOMENT],
            "values": [variables.get(c.name) or _finite(c, place[c.name]) for c in log.columns],
            "request_column": ident(REQUEST),
        }
        needs = [Key("table", qname(log.name)), Key("function", f"{values['request_id']}()")]
        if log.budgets:
            needs.append(_key(log.admits, ("text", "text", "integer")))
        if any(column.label and column.label.normalize for column in log.columns):
            needs.append(_key(QName(self.internal, _NORMALIZE), ("text",)))
        execute = [*self.service, *log.spec.access.record]
        return self._function(
            log, log.record, arguments, "text", "record", values, needs, execute=execute, security="definer"
        )

    def _label(self, log: Events, column: LogColumn, given: Sql, number: int) -> dict[str, Sql]:
        """How the value of a label becomes one of those that it may have."""
        assert column.label is not None
        variable, label, known = Sql(f"l{number}"), column.label, Sql("")
        if label.normalize:
            given = Sql(f"{qname(QName(self.internal, _NORMALIZE))}({given})")
        if column.folds:
            is_given = Sql(f"{variable} NOT IN ({literal(UNKNOWN)}, {literal(OTHER)})")
        else:
            is_given = Sql(f"{variable} IS NOT NULL")
        if label.values is not None:
            listed = commas(literal(value) for value in label.values)
            beyond = Sql(f"{variable} NOT IN ({listed})")
        else:
            text = variable if column.folds else Sql(f"{variable}::text")
            budget = literal(label.max_cardinality or 0)
            known = Sql(
                f"EXISTS (SELECT FROM {qname(log.seen)} AS k WHERE k.label = {literal(column.name)} "
                f"AND k.value = {text} AND k.place <= {budget})"
            )
            beyond = Sql(f"NOT known_{variable} AND NOT {qname(log.admits)}({literal(column.name)}, {text}, {budget})")
        return {
            "variable": variable,
            "type": Sql(column.type),
            "value": Sql(f"coalesce({given}, {literal(UNKNOWN)})") if column.folds else given,
            "is_given": is_given,
            "is_beyond": beyond,
            "known": known,
            "other": literal(OTHER) if column.folds else Sql("NULL"),
        }

    def _maintain(self, log: Events) -> SqlObject:
        names = [MOMENT, REQUEST, GIVEN, *(column.name for column in log.columns)]
        moved = commas(Sql(f"m.{ident(name)}") for name in names)
        rows = f"DELETE FROM {_percent(log.default)} AS d WHERE d.{MOMENT} >= $1 AND d.{MOMENT} < $2 RETURNING d.*"
        into = f"INSERT INTO %s ({_percent(commas(map(ident, names)))}) SELECT {_percent(moved)} FROM moved AS m"
        bounds = "FOR VALUES FROM (%L) TO (%L)"
        values = {
            **_names(log),
            "retention": Sql(f"interval {literal(str(log.spec.retention))}"),
            "namespace": literal(NAMESPACE),
            "schema_name": literal(log.name.schema),
            "table_name": literal(log.name.name),
            "make": literal(f"CREATE TABLE %s (LIKE {_percent(log.name)} INCLUDING ALL)"),
            "close": literal(f"REVOKE ALL ON TABLE %s FROM {_percent(closed(self.roles))}"),
            "move": literal(f"WITH moved AS ({rows}) {into}"),
            "attach": literal(f"ALTER TABLE {_percent(log.name)} ATTACH PARTITION %s {bounds}"),
        }
        arguments = (("days_ahead", "integer", "7"),)
        settings = [["lock_timeout", literal(LOCK_TIMEOUT)], ["timezone", "'UTC'"], ["datestyle", "'ISO, MDY'"]]
        return self._function(
            log, log.maintain, arguments, "integer", "maintain", values, (Key("table", qname(log.name)),),
            execute=self.service, security="definer", settings=settings,
        )  # fmt: skip

    def normalizer(self) -> SqlObject:
        """The function that makes a route of a path."""
        name = QName(self.internal, _NORMALIZE)
        definition = {
            "name": list(name),
            "arguments": [["path", "text"]],
            "returns": "text",
            "language": "plpgsql",
            "volatility": "immutable",
            "parallel": "safe",
            "settings": [list(FIXED_PATH)],
            "body": render.whole("event_log/normalize_path.sql.j2", {}),
            "revoke": list(self.roles),
            "execute": [],
        }
        return SqlObject(_key(name, ("text",)), definition, depends_on=(Key("schema", self.internal),))

    def health(self, logs: Sequence[Events]) -> Iterator[SqlObject]:
        """The views for alerts and dashboards."""
        budgeted = [log for log in logs if log.budgets]
        for view, template, about, tables in (
            (HEALTH, "health", logs, [log.name for log in logs]),
            (LABEL_HEALTH, "label_health", budgeted, [log.seen for log in budgeted]),
        ):
            name = QName(self.runtime, view)
            query = render.whole(f"event_log/{template}.sql.j2", {"logs": [_watched(log) for log in about]})
            key = Key("view", qname(name))
            needs = tuple(Key("table", qname(table)) for table in tables)
            yield SqlObject(key, {"name": list(name), "query": str(query).strip()}, depends_on=needs)
            yield self._access(key, name, self.service)

    def _access(self, key: Key, name: QName, readers: Iterable[str], log: Events | None = None) -> SqlObject:
        granted = [[role, ["SELECT"]] for role in sorted(set(readers))]
        definition = {"on": key.type, "target": list(name), "revoke": list(self.roles), "grant": granted}
        origin = log.document.at("name") if log else None
        return SqlObject(Key("access", key.name), definition, parent=key, origin=origin)

    def _function(
        self,
        log: Events,
        name: QName,
        arguments: Sequence[tuple[str, ...]],
        returns: str,
        template: str,
        values: Mapping[str, object],
        needs: Iterable[Key],
        *,
        execute: Iterable[str] = (),
        security: str = "invoker",
        settings: Sequence[list[str]] = (),
    ) -> SqlObject:
        definition = {
            "name": list(name),
            "arguments": [list(argument) for argument in arguments],
            "returns": returns,
            "language": "plpgsql",
            "volatility": "volatile",
            "settings": [list(FIXED_PATH), *settings],
            "body": render.whole(f"event_log/{template}.sql.j2", dict(values)),
            "revoke": list(self.roles),
            "security": security,
            "execute": sorted(set(execute)),
        }
        key = _key(name, [argument[1] for argument in arguments])
        return SqlObject(key, definition, depends_on=tuple(needs), origin=log.document.at("name"))


def _columns(log: Events) -> Iterator[tuple[str, str, str]]:
    """Each column: its name, how it is declared, and what it holds where nothing was recorded."""
    yield MOMENT, f"{MOMENT} timestamptz NOT NULL DEFAULT clock_timestamp()", "NULL"
    yield REQUEST, f"{REQUEST} text NOT NULL DEFAULT gen_random_uuid()::text", "NULL"
    yield GIVEN, f"{GIVEN} boolean NOT NULL DEFAULT false", "NULL"
    for column in log.columns:
        declared = f"{ident(column.name)} {column.declared}"
        if column.folds:
            yield column.name, f"{declared} NOT NULL DEFAULT {literal(UNKNOWN)}", literal(UNKNOWN)
        else:
            yield column.name, declared, "NULL"


def _labels(log: Events) -> list[LogColumn]:
    return [column for column in log.columns if column.label is not None]


def _arguments(log: Events) -> list[tuple[str, ...]]:
    """What is recorded, by name; everything may be left out.  Labels come first, then measures."""
    found = [column for section in ("labels", "measures", "identifiers") for column in log.columns
             if column.section == section]  # fmt: skip
    named = [(column.name, column.type, "NULL") for column in found]
    return [*named, (REQUEST, "text", "NULL"), (MOMENT, "timestamptz", "NULL")]


def _finite(column: LogColumn, value: Sql) -> Sql:
    """One value that is no number would make every sum of a roll-up no number."""
    if column.section == "measures" and column.type in ("real", "double precision", "numeric"):
        kind = Sql(column.type)
        listed = commas(Sql(f"{literal(word)}::{kind}") for word in ("NaN", "Infinity", "-Infinity"))
        return Sql(f"CASE WHEN {value} NOT IN ({listed}) THEN {value} END")
    return value


def _percent(sql: QName | Sql) -> str:
    """SQL inside the first argument of ``format``."""
    return (qname(sql) if isinstance(sql, QName) else sql).replace("%", "%%")


def _names(log: Events) -> dict[str, Sql]:
    return {
        "log": qname(log.name),
        "log_name": literal(qname(log.name)),
        "default": qname(log.default),
        "moment": ident(MOMENT),
        "given": ident(GIVEN),
        "pattern": literal("_[0-9]{8}$"),
        "seen": qname(log.seen),
    }


def _watched(log: Events) -> dict[str, Sql]:
    budgets = commas(Sql(f"({literal(label)}, {budget}::bigint)") for label, budget in log.budgets.items())
    return {**_names(log), "title": literal(log.name.name), "name": literal(qname(log.name)), "budgets": budgets}


def _key(name: QName, types: Iterable[str]) -> Key:
    return Key("function", f"{qname(name)}({', '.join(types)})")
