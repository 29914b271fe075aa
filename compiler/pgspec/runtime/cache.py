"""The cache runtime: the invalidation queue, its functions, and a cache inside the database.

RETURNS and arguments are what applications call; the bodies are in templates/runtime/cache, with the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pgspec import render
from pgspec.objects import Key, SqlObject
from pgspec.sql import QName, Sql, ident, literal, qname
from pgspec.tags import MAX_BYTES, MAX_SEGMENTS

QUEUE = "cache_invalidation_queue"
ENTRIES = "cache_entries"
TAGS = "cache_tags"
THROWN = "thrown_switches"
"""The table that says what is off: see `runtime.switches`."""
DRAIN = "drain_cache_invalidation_queue"
ENQUEUE = "enqueue_tags"

PENDING = "processed_at IS NULL"
"""The rows of the queue that a rollback must not lose."""

MAX_RETRIES = 10
"""How often a tag is tried before it is given up: some six minutes, longer than a cache takes to restart."""

NAMESPACE = 0x70677370
"""The first of the two numbers of our advisory locks: "pgsp"."""

FIXED_PATH = ("search_path", "pg_catalog, pg_temp")
INDEX_ONLY: tuple[tuple[str, str], ...] = (
    FIXED_PATH,
    # PL/pgSQL keeps the plan that it made when the queue was empty: it must be the one for a full queue.
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("plan_cache_mode", "force_generic_plan"),
)
"""Settings of every function that looks into the queue."""

ENTRIES_BY_TAG: tuple[tuple[str, str], ...] = (
    FIXED_PATH,
    # A GIN index is read by bitmap scans only, and a function inherits the settings of its caller.
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "on"),
)
"""Settings of the function that looks into the cache."""


@dataclass(frozen=True, slots=True)
class _Routine:
    """A function: its arguments as (name, type[, default]); ``needs``: what must exist when its body is checked."""

    name: str
    arguments: tuple[tuple[str, ...], ...]
    returns: str
    public: bool = True
    language: str = "plpgsql"
    volatility: str = "volatile"
    settings: tuple[tuple[str, str], ...] = INDEX_ONLY
    needs: tuple[str, ...] = field(default=())


_ROUTINES = (
    _Routine("tag_and_wildcards", (("tag", "text"),), "text[]", False, "sql", "immutable", (FIXED_PATH,)),
    _Routine(
        "tags_and_wildcards", (("tags", "text[]"),), "text[]", False, "sql", "immutable", (FIXED_PATH,),
        ("tag_and_wildcards",),
    ),
    _Routine(
        "storable_tag", (("tag", "text"),), "text", False, "sql", "immutable", (FIXED_PATH,), ("tag_and_wildcards",)
    ),
    _Routine(ENQUEUE, (("tags", "text[]"), ("join_window", "interval")), "integer", False, settings=()),
    _Routine("joined_rows", (("own", "boolean"),), "bigint[]", False, "sql", settings=(FIXED_PATH,)),
    _Routine("wake_joined", (("moment", "timestamptz"),), "void", False),
    _Routine("settle_dead", (("tags", "text[]"), ("began", "timestamptz")), "void", False),
    _Routine("invalidate_tags", (("tags", "text[]"),), "void", False, settings=ENTRIES_BY_TAG),
    _Routine("enqueue_cache_invalidation", (("tag", "text"), ("window_minutes", "integer", "1")), "void"),
    _Routine(
        "claim_cache_invalidations", (("batch_size", "integer", "100"), ("lease_seconds", "integer", "60")),
        "TABLE (token uuid, tag text, ids bigint[])",
    ),
    _Routine("ack_cache_invalidations", (("token", "uuid"), ("ids", "bigint[]")), "integer"),
    _Routine("fail_cache_invalidations", (("token", "uuid"), ("ids", "bigint[]"), ("error", "text")), "integer"),
    _Routine("retry_dead_cache_invalidations", (), "integer"),
    _Routine(
        "drain_cache_invalidation_queue", (("batch_size", "integer", "100"), ("max_seconds", "integer", "60")),
        "integer",
    ),
    _Routine(
        "cleanup_cache_invalidation_queue", (("keep", "interval", "'1 day'"), ("max_rows", "integer", "10000")),
        "integer", settings=(FIXED_PATH,),
    ),
    _Routine(
        "cache_tag_versions", (("tags", "text[]"),), "bigint[]", True, "sql", "stable", (FIXED_PATH,),
        ("tag_and_wildcards", TAGS),
    ),
    _Routine(
        "cache_get", (("key", "text"),), "jsonb", True, "sql", "stable", (FIXED_PATH,),
        (ENTRIES, "cache_tag_versions", THROWN)
    ),
    _Routine(
        "cache_put",
        (
            ("key", "text"), ("value", "jsonb"), ("tags", "text[]"), ("versions", "bigint[]"),
            ("ttl", "interval", "NULL"),
        ),
        "boolean", settings=(FIXED_PATH,),
    ),
)  # fmt: skip


def cache_runtime(runtime: str, internal: str, roles: Sequence[str], service: Sequence[str]) -> list[SqlObject]:
    """The tables, functions and the view.  Applications' names are in the schema ``runtime``, helpers in ``internal``.

    Nobody but ``service`` may use any of it; those roles run the functions and read the queue, and change nothing else.
    """
    made = _Runtime(runtime, internal, tuple(sorted(roles)), tuple(sorted(service)))
    return [*made.tables(), *made.routines(), *made.health()]


def enqueue_name(internal: str) -> Sql:
    """The function that triggers call: ``(tags text[], join_window interval)``."""
    return qname(QName(internal, ENQUEUE))


@dataclass(frozen=True, slots=True)
class _Runtime:
    runtime: str
    internal: str
    roles: tuple[str, ...]
    service: tuple[str, ...]

    def tables(self) -> Iterator[SqlObject]:
        queue = QName(self.runtime, QUEUE)
        columns = [
            "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            f"tag text NOT NULL CHECK (octet_length(tag) BETWEEN 1 AND {MAX_BYTES})",
            "enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp()",
            "visible_at timestamptz NOT NULL DEFAULT clock_timestamp()",
            "closed_at timestamptz",
            "sealed boolean NOT NULL DEFAULT false",
            "claim_token uuid",
            "processed_at timestamptz",
            "retry_count integer NOT NULL DEFAULT 0",
            f"max_retries integer NOT NULL DEFAULT {MAX_RETRIES}",
            "recheck_count integer NOT NULL DEFAULT 0",
            "dead_at timestamptz",
            "last_error text",
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
        keep = {
            "rows": PENDING,
            "what": "cache invalidations that are not done",
            "advice": f"drain them first: SELECT {qname(QName(self.runtime, 'drain_cache_invalidation_queue'))}()",
        }
        yield from self._table(queue, columns, options=options, keep=keep, grant=[["SELECT"]])
        done, dead = "processed_at IS NULL", "dead_at IS NULL"
        yield self._index(queue, "open", ["tag", "enqueued_at"], "closed_at IS NULL")
        yield self._index(queue, "due", ["visible_at", "id"], f"{done} AND {dead}")
        yield self._index(queue, "joined", ["id"], f"{done} AND closed_at IS NOT NULL AND NOT sealed")
        yield self._index(queue, "dead", ["tag"], f"{done} AND dead_at IS NOT NULL")
        versions = ["tag text PRIMARY KEY", "version bigint NOT NULL"]
        yield from self._table(QName(self.internal, TAGS), versions, options=["fillfactor = 70"])
        entries = QName(self.runtime, ENTRIES)
        lookup = f"{qname(QName(self.internal, 'tags_and_wildcards'))}(invalidation_tags)"
        columns = [
            "key text PRIMARY KEY",
            "value jsonb NOT NULL",
            "invalidation_tags text[] NOT NULL",
            "tag_versions bigint[] NOT NULL DEFAULT '{}'",
            "created_at timestamptz NOT NULL DEFAULT clock_timestamp()",
            "expires_at timestamptz",
            f"lookup_tags text[] GENERATED ALWAYS AS ({lookup}) STORED",
        ]
        needs = (self._function_key("tags_and_wildcards"),)
        yield from self._table(entries, columns, needs=needs, unlogged=True, grant=[["SELECT"]])
        yield self._index(entries, "lookup_tags", ["lookup_tags"], None, method="gin")

    def routines(self) -> Iterator[SqlObject]:
        values = {
            "runtime": ident(self.runtime),
            "internal": ident(self.internal),
            "namespace": literal(NAMESPACE),
            "max_bytes": literal(MAX_BYTES),
            "max_segments": literal(MAX_SEGMENTS),
        }
        for routine in _ROUTINES:
            definition = {
                "name": list(self._home(routine)),
                "arguments": [list(argument) for argument in routine.arguments],
                "returns": routine.returns,
                "language": routine.language,
                "volatility": routine.volatility,
                "settings": [list(setting) for setting in routine.settings],
                "body": str(render.whole(f"runtime/cache/{routine.name}.sql.j2", values)),
                "revoke": list(self.roles),
                "security": "definer" if routine.public else "invoker",
                "execute": list(self.service) if routine.public else [],
            }
            needs = [self._key(name) for name in routine.needs]
            yield SqlObject(
                self._function_key(routine.name), definition, depends_on=tuple(sorted((*needs, *self._schema())))
            )

    def health(self) -> Iterator[SqlObject]:
        name = QName(self.runtime, "cache_invalidation_health")
        query = str(render.whole("runtime/cache/health.sql.j2", {"runtime": ident(self.runtime)})).strip()
        key = Key("view", qname(name))
        yield SqlObject(key, {"name": list(name), "query": query}, depends_on=(self._key(QUEUE),))
        yield self._access(key, name, [["SELECT"]])

    def _table(
        self,
        name: QName,
        columns: list[str],
        *,
        options: Sequence[str] = (),
        keep: dict[str, str] | None = None,
        needs: tuple[Key, ...] = (),
        unlogged: bool = False,
        grant: Sequence[list[str]] = (),
    ) -> Iterator[SqlObject]:
        key = Key("table", qname(name))
        definition: dict[str, object] = {"name": list(name), "columns": columns, "revoke": list(self.roles)}
        if options:
            definition["options"] = list(options)
        if unlogged:
            definition["unlogged"] = True
        if keep is not None:
            definition["keep"] = keep
        yield SqlObject(key, definition, depends_on=tuple(sorted((*needs, *self._schema()))))
        yield self._access(key, name, grant)

    def _access(self, key: Key, name: QName, grant: Sequence[list[str]]) -> SqlObject:
        granted = [[role, privileges] for role in self.service for privileges in grant]
        definition = {"on": key.type, "target": list(name), "revoke": list(self.roles), "grant": granted}
        return SqlObject(Key("access", key.name), definition, parent=key)

    def _index(
        self, table: QName, suffix: str, columns: list[str], where: str | None, method: str = "btree"
    ) -> SqlObject:
        name = QName(table.schema, f"{table.name}_{suffix}")
        definition = {"name": list(name), "table": list(table), "columns": columns, "unique": False, "method": method}
        if where is not None:
            definition["where"] = where
        return SqlObject(Key("index", qname(name)), definition, parent=Key("table", qname(table)))

    def _home(self, routine: _Routine) -> QName:
        return QName(self.runtime if routine.public else self.internal, routine.name)

    def _key(self, name: str) -> Key:
        if name in (QUEUE, ENTRIES):
            return Key("table", qname(QName(self.runtime, name)))
        if name in (TAGS, THROWN):
            return Key("table", qname(QName(self.internal, name)))
        return self._function_key(name)

    def _function_key(self, name: str) -> Key:
        routine = next(routine for routine in _ROUTINES if routine.name == name)
        types = ", ".join(argument[1] for argument in routine.arguments)
        return Key("function", f"{qname(self._home(routine))}({types})")

    def _schema(self) -> tuple[Key, ...]:
        return (Key("schema", self.internal),)
