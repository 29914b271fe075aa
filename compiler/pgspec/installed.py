"""What pgspec installs for others to read, as queries of specs see it: tables and views with their columns.

Written down here, and not taken from what creates them, since queries are analysed before that is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from pgspec.catalog import Column, Relation
from pgspec.event_logs import HEALTH, LABEL_HEALTH
from pgspec.kinds import Project
from pgspec.sql import QName

VIEW, STATE = "pgspec_alerts", "alert_state"
"""The view that says which alerts fire, and the table of what is remembered of them."""

Part = Literal["cache", "refresh", "events", "alerts", "switches"]
"""A part of what pgspec installs, of which a project may have need or not."""

_TIME = "timestamp with time zone"
_INSTALLED: Mapping[Part, Mapping[str, Mapping[str, str]]] = {
    "cache": {
        "cache_invalidation_queue": {
            "id": "bigint",
            "tag": "text",
            "enqueued_at": _TIME,
            "visible_at": _TIME,
            "closed_at": _TIME,
            "sealed": "boolean",
            "claim_token": "uuid",
            "processed_at": _TIME,
            "retry_count": "integer",
            "max_retries": "integer",
            "recheck_count": "integer",
            "dead_at": _TIME,
            "last_error": "text",
        },
        "cache_entries": {
            "key": "text",
            "value": "jsonb",
            "invalidation_tags": "text[]",
            "tag_versions": "bigint[]",
            "created_at": _TIME,
            "expires_at": _TIME,
            "lookup_tags": "text[]",
        },
        "cache_invalidation_health": {
            "total": "bigint",
            "pending": "bigint",
            "due": "bigint",
            "leased": "bigint",
            "joined": "bigint",
            "retried": "bigint",
            "dead": "bigint",
            "average_age": "interval",
            "greatest_age": "interval",
        },
    },
    "switches": {},
    "events": {
        HEALTH: {
            "log": "text",
            "oldest": "date",
            "newest": "date",
            "days_ahead": "integer",
            "default_rows": "bigint",
            "events_last_hour": "bigint",
            "request_ids_last_hour": "bigint",
        },
        LABEL_HEALTH: {"log": "text", "label": "text", "distinct_values": "bigint", "budget": "bigint"},
    },
    "refresh": {
        "mv_refresh_log": {
            "id": "bigint",
            "view_name": "text",
            "started_at": _TIME,
            "finished_at": _TIME,
            "mode": "text",
            "status": "text",
            "rows": "bigint",
            "error": "text",
            "give_up_at": _TIME,
        },
        "mv_refresh_health": {
            "view_name": "text",
            "due": "boolean",
            "changed": "boolean",
            "last_success": _TIME,
            "staleness": "interval",
            "max_staleness": "interval",
            "failures": "integer",
            "retry_at": _TIME,
            "last_error": "text",
            "last_duration": "interval",
        },
    },
    "alerts": {},
}
# What queries of specs do not read: names in the runtime schema, and in the internal one.
_OTHERS: Mapping[Part, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "cache": ((), ("cache_tags", "deployed_objects")),
    "refresh": ((), ("mv_refresh_state", "mv_source_writes", "mv_reads", "mv_refresh_basis")),
    "events": ((), ()),
    "alerts": ((VIEW,), (STATE,)),
    "switches": (("pgspec_switches", "pgspec_switch_log"), ("switch_log", "thrown_switches")),
}


def installed_relations(parts: Iterable[Part], project: Project) -> Iterator[Relation]:
    """The tables and views of these parts that queries may read, which are in the runtime schema."""
    for part in parts:
        for name, columns in _INSTALLED[part].items():
            made = {column: Column(column, kind) for column, kind in columns.items()}
            yield Relation(QName(project.runtime_schema, name), "table", made)


def relations_of(part: Part, project: Project) -> frozenset[QName]:
    """The names of all tables and views of a part."""
    runtime, internal = _OTHERS[part]
    names = [QName(project.runtime_schema, name) for name in (*_INSTALLED[part], *runtime)]
    return frozenset([*names, *(QName(project.internal_schema, name) for name in internal)])


def own_relations(project: Project) -> frozenset[QName]:
    """The tables and views that pgspec installs, whatever the specs need of them."""
    return frozenset(name for part in _INSTALLED for name in relations_of(part, project))
