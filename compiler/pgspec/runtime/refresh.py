"""Refreshing materialized views: what is due and how, the log of attempts, and the notes of writers.

Arguments and results are what applications call; the bodies are in templates/runtime/refresh, with the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgspec import render
from pgspec.diagnostics import Span
from pgspec.objects import Key, SqlObject
from pgspec.runtime.cache import FIXED_PATH
from pgspec.sql import QName, Sql, commas, ident, literal, qname

PROCEDURE = "refresh_materialized_views"
LOG = "mv_refresh_log"
HEALTH = "mv_refresh_health"
STATE = "mv_refresh_state"
NOTES = "mv_source_writes"
LISTED = "refreshed_views"
TRIGGER = "pgspec_refresh"
"""The name of the trigger that notes writes, the same on every table."""

# The first of the two numbers of our advisory locks: "pgsp" and more, since the cache has that number and the next.
NAMESPACE = 0x70677372
_SETTLING = NAMESPACE + 1

_NOTE = "note_write"
_LISTED = (
    "TABLE (view_name text, place integer, every interval, timeout interval, mode text, max_staleness interval,"
    " sources text[])"
)

# Name -> (arguments, result, whether it has the rights of its owner).  What is public is in the schema of the runtime.
_Arguments = tuple[tuple[str, ...], ...]
_INTERNAL: dict[str, tuple[_Arguments, str, bool]] = {
    _NOTE: ((), "trigger", True),
    "settle_mv_sources": ((), "void", False),
    "open_mv_refresh": ((("view_name", "text"), ("only_due", "boolean")), "bigint", False),
    "close_mv_refresh": (
        (("attempt", "bigint"), ("number", "bigint"), ("problem", "text"), ("pause", "interval")),
        "void",
        False,
    ),
}
_PUBLIC: dict[str, tuple[_Arguments, str, bool]] = {
    "begin_mv_refresh": ((("behind", "integer"),), "TABLE (place integer, log_id bigint)", True),
    "run_mv_refresh": ((("attempt", "bigint"),), "text", True),
    "refresh_materialized_view": ((("name", "text"),), "text", True),
    "cancel_overdue_refreshes": ((), "integer", False),
    "cleanup_mv_refresh_log": ((("keep", "interval", "'30 days'"), ("max_rows", "integer", "10000")), "integer", True),
}


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A view as the scheduler knows it; durations as PostgreSQL reads them.  ``sources``: the relations whose writes
    may change it, None where that cannot be said, or nobody asked."""

    name: QName
    every: str | None
    timeout: str | None
    concurrently: bool
    max_staleness: str | None
    sources: tuple[QName, ...] | None


def refresh_runtime(
    runtime: str,
    internal: str,
    lock_timeout: str,
    roles: Iterable[str],
    service: Iterable[str],
    views: Sequence[Refreshed],
) -> list[SqlObject]:
    """Everything but the triggers.  ``views`` are in the order in which they are refreshed; ``service`` may refresh,
    and read the log."""
    made = _Runtime(runtime, internal, lock_timeout, tuple(sorted(roles)), tuple(sorted(service)))
    return [*made.tables(), made.listed(views), *made.inner_views(), *made.health(), *made.routines()]


def note_triggers(internal: str, tables: Mapping[QName, Span]) -> Iterator[SqlObject]:
    """The trigger of each table whose writes are noted, with the spec line that asks for it."""
    function = QName(internal, _NOTE)
    for table, origin in sorted(tables.items()):
        definition = {
            "name": TRIGGER,
            "table": list(table),
            "timing": "AFTER",
            "event": "INSERT OR UPDATE OR DELETE OR TRUNCATE",
            "old": None,
            "new": None,
            "function": list(function),
        }
        needs = (Key("function", f"{qname(function)}()"),)
        yield SqlObject(Key("trigger", f"{TRIGGER} ON {qname(table)}"), definition, depends_on=needs, origin=origin)


@dataclass(frozen=True, slots=True)
class _Runtime:
    runtime: str
    internal: str
    lock_timeout: str
    roles: tuple[str, ...]
    service: tuple[str, ...]

    def tables(self) -> Iterator[SqlObject]:
        log = QName(self.runtime, LOG)
        columns = [
            "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            "view_name text NOT NULL",
            "started_at timestamptz NOT NULL DEFAULT clock_timestamp()",
            "finished_at timestamptz",
            "mode text NOT NULL CHECK (mode IN ('concurrent', 'plain'))",
            "status text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'ok', 'failed'))",
            "rows bigint",
            "error text",
            "give_up_at timestamptz",
        ]
        yield from self._table(log, columns, service=True)
        index = QName(self.runtime, f"{LOG}_view")
        definition = {
            "name": list(index),
            "table": list(log),
            "columns": ["view_name", "started_at"],
            "unique": False,
            "method": "btree",
        }
        yield SqlObject(Key("index", qname(index)), definition, parent=Key("table", qname(log)))
        columns = [
            "view_name text PRIMARY KEY",
            "seen pg_snapshot",
            "basis text",
            "stale_since timestamptz",
            "changed_since timestamptz",
            "log_id bigint",
            "started_at timestamptz",
            "last_success timestamptz",
            "last_duration interval",
            "failures integer NOT NULL DEFAULT 0",
            "retry_at timestamptz",
            "last_error text",
        ]
        options = ["fillfactor = 50", "autovacuum_vacuum_scale_factor = 0", "autovacuum_vacuum_threshold = 500"]
        yield from self._table(QName(self.internal, STATE), columns, options=options)
        columns = [
            "source oid NOT NULL",
            "xid xid8 NOT NULL DEFAULT pg_current_xact_id()",
            "noted_at timestamptz NOT NULL DEFAULT clock_timestamp()",
        ]
        options = [
            "autovacuum_vacuum_scale_factor = 0",
            "autovacuum_vacuum_threshold = 2000",
            "autovacuum_vacuum_insert_scale_factor = 0",
            "autovacuum_vacuum_insert_threshold = 20000",
            "autovacuum_analyze_scale_factor = 0",
            "autovacuum_analyze_threshold = 20000",
            "autovacuum_vacuum_cost_delay = 0",
            "vacuum_truncate = false",
        ]
        yield from self._table(QName(self.internal, NOTES), columns, options=options)

    def listed(self, views: Sequence[Refreshed]) -> SqlObject:
        """What the specs say of each view, as a function: replacing one locks nobody out.  The service roles read the
        view of the health with their own right to what it calls."""
        entries = [
            {
                "name": literal(qname(view.name)),
                "place": literal(number + 1),
                "every": _interval(view.every),
                "timeout": _interval(view.timeout),
                "mode": literal("concurrent" if view.concurrently else "plain"),
                "max_staleness": _interval(view.max_staleness),
                "sources": _sources(view.sources),
            }
            for number, view in enumerate(views)
        ]
        body = render.whole("runtime/refresh/refreshed_views.sql.j2", {"views": entries})
        return self._function(LISTED, (), _LISTED, str(body), public=False, language="sql")

    def inner_views(self) -> Iterator[SqlObject]:
        for name, template in (("mv_reads", "reads"), ("mv_refresh_basis", "basis")):
            yield from self._view(QName(self.internal, name), template, (), ())

    def health(self) -> Iterator[SqlObject]:
        needs = tuple(Key("table", qname(QName(self.internal, name))) for name in (STATE, NOTES))
        yield from self._view(QName(self.runtime, HEALTH), "health", needs, self.service)

    def routines(self) -> Iterator[SqlObject]:
        for public, routines in ((False, _INTERNAL), (True, _PUBLIC)):
            for name, (arguments, returns, definer) in routines.items():
                body = str(render.whole(f"runtime/refresh/{name}.sql.j2", self._values()))
                yield self._function(name, arguments, returns, body, public=public, definer=definer)
        body = str(render.whole(f"runtime/refresh/{PROCEDURE}.sql.j2", self._values()))
        home = QName(self.runtime, PROCEDURE)
        definition = {
            "name": list(home),
            "arguments": [],
            "language": "plpgsql",
            "settings": [],
            "body": body,
            "revoke": list(self.roles),
            "execute": list(self.service),
        }
        yield SqlObject(Key("procedure", f"{qname(home)}()"), definition, depends_on=self._schema())

    def _values(self) -> dict[str, Sql]:
        return {
            "runtime": ident(self.runtime),
            "internal": ident(self.internal),
            "namespace": literal(NAMESPACE),
            "settling": literal(_SETTLING),
            "trigger": literal(TRIGGER),
        }

    def _function(
        self,
        name: str,
        arguments: _Arguments,
        returns: str,
        body: str,
        *,
        public: bool,
        definer: bool = False,
        language: str = "plpgsql",
    ) -> SqlObject:
        home = QName(self.runtime if public else self.internal, name)
        settings = [list(FIXED_PATH)]
        if name in ("run_mv_refresh", "refresh_materialized_view"):
            settings.append(["lock_timeout", str(literal(self.lock_timeout))])  # a refresh waits for nobody for long
        definition = {
            "name": list(home),
            "arguments": [list(argument) for argument in arguments],
            "returns": returns,
            "language": language,
            "volatility": "stable" if language == "sql" else "volatile",
            "settings": settings,
            "body": body,
            "revoke": list(self.roles),
            "security": "definer" if definer else "invoker",
            "execute": list(self.service) if public or name == LISTED else [],
        }
        types = ", ".join(argument[1] for argument in arguments)
        # PL/pgSQL looks up the row types of its variables when it is first called, so it needs nothing but the schema.
        return SqlObject(Key("function", f"{qname(home)}({types})"), definition, depends_on=self._schema())

    def _table(
        self, name: QName, columns: list[str], *, options: Sequence[str] = (), service: bool = False
    ) -> Iterator[SqlObject]:
        key = Key("table", qname(name))
        definition: dict[str, object] = {"name": list(name), "columns": columns, "revoke": list(self.roles)}
        if options:
            definition["options"] = list(options)
        yield SqlObject(key, definition, depends_on=self._schema())
        yield self._access(key, name, self.service if service else ())

    def _view(self, name: QName, template: str, needs: tuple[Key, ...], readers: Sequence[str]) -> Iterator[SqlObject]:
        key = Key("view", qname(name))
        query = str(render.whole(f"runtime/refresh/{template}.sql.j2", self._values())).strip()
        listed = Key("function", f"{qname(QName(self.internal, LISTED))}()")
        yield SqlObject(key, {"name": list(name), "query": query}, depends_on=tuple(sorted((*needs, listed))))
        yield self._access(key, name, readers)

    def _access(self, key: Key, name: QName, readers: Sequence[str]) -> SqlObject:
        granted = [[role, ["SELECT"]] for role in readers]
        definition = {"on": key.type, "target": list(name), "revoke": list(self.roles), "grant": granted}
        return SqlObject(Key("access", key.name), definition, parent=key)

    def _schema(self) -> tuple[Key, ...]:
        return (Key("schema", self.internal),)


def _interval(text: str | None) -> Sql:
    return Sql("NULL::interval") if text is None else Sql(f"interval {literal(text)}")


def _sources(names: tuple[QName, ...] | None) -> Sql:
    if names is None:
        return Sql("NULL::text[]")
    return Sql(f"ARRAY[{commas(literal(qname(name)) for name in names)}]::text[]")
