"""The alerts that exist without being written, as data: each with the part of pgspec that it watches.

A spec of `kind: alert` with the name of one, and without a query, changes its threshold, how long it waits, how severe
it is, and its runbook.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgspec.installed import Part
from pgspec.kinds.alert import Severity

NOT_EVALUATED = "alerts_not_evaluated"
"""The alert that says that nobody remembers since when the others are beyond their thresholds."""


@dataclass(frozen=True, slots=True)
class Builtin:
    """One alert.  ``needs``: the part that it watches, None for the alerts themselves.  ``query`` has ``{runtime}`` and
    ``{internal}`` where the names of the schemas belong.  ``pending``: seconds.  ``detail``: it has that column."""

    name: str
    needs: Part | None
    summary: str
    query: str
    side: Literal["above", "below"]
    threshold: float
    pending: int
    severity: Severity
    runbook: str
    detail: bool = False


BUILTIN = (
    Builtin(
        NOT_EVALUATED,
        None,
        "nobody calls evaluate_alerts(): alerts with `for` do not fire in the database (seconds since the last call)",
        "SELECT coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.max(s.checked_at)), 'infinity')\n"
        "  AS value\n"
        "FROM {internal}.alert_state AS s",
        "above",
        300,
        0,
        "ticket",
        "Call it every minute: SELECT {runtime}.evaluate_alerts(). A call that takes as long is in pg_stat_activity.",
    ),
    Builtin(
        "queue_depth",
        "cache",
        "more cache invalidations are due than are being done",
        "SELECT h.due AS value, h.pending || ' pending' AS detail FROM {runtime}.cache_invalidation_health AS h",
        "above",
        10_000,
        300,
        "ticket",
        "Is something draining? SELECT {runtime}.drain_cache_invalidation_queue() does it once. If it is, and falls "
        "behind: SELECT tag, count(*) FROM {runtime}.cache_invalidation_queue WHERE processed_at IS NULL GROUP BY tag "
        "ORDER BY 2 DESC LIMIT 20 shows which tags are written.",
        True,
    ),
    Builtin(
        "queue_age",
        "cache",
        "a cache invalidation is not done, and readers get stale data (seconds since the write)",
        "SELECT extract(epoch FROM h.greatest_age) AS value FROM {runtime}.cache_invalidation_health AS h",
        "above",
        300,
        60,
        "page",
        "Is something draining? SELECT {runtime}.drain_cache_invalidation_queue() does it once. A transaction that is "
        "open for long holds back what it has written to: SELECT pid, xact_start, query FROM pg_stat_activity ORDER BY "
        "xact_start.",
    ),
    Builtin(
        "dead_letters",
        "cache",
        "cache invalidations were given up: entries under their tags are stale until they expire",
        "SELECT h.dead AS value, (\n"
        "  SELECT q.last_error FROM {runtime}.cache_invalidation_queue AS q\n"
        "  WHERE q.dead_at IS NOT NULL AND q.processed_at IS NULL ORDER BY q.dead_at DESC LIMIT 1) AS detail\n"
        "FROM {runtime}.cache_invalidation_health AS h",
        "above",
        0,
        0,
        "ticket",
        "Read why: SELECT tag, last_error FROM {runtime}.cache_invalidation_queue WHERE dead_at IS NOT NULL AND "
        "processed_at IS NULL. When the cache is back: SELECT {runtime}.retry_dead_cache_invalidations().",
        True,
    ),
    Builtin(
        "refresh_failures",
        "refresh",
        "a materialized view fails to refresh (attempts in a row)",
        "SELECT h.failures AS value, h.view_name || ': ' || h.last_error AS detail "
        "FROM {runtime}.mv_refresh_health AS h",
        "above",
        0,
        300,
        "ticket",
        "It is tried again by itself, later each time. What happened: SELECT * FROM {runtime}.mv_refresh_log WHERE "
        "status = 'failed' ORDER BY id DESC LIMIT 20. When the cause is gone: SELECT "
        "{runtime}.refresh_materialized_view(name).",
        True,
    ),
    Builtin(
        "refresh_staleness",
        "refresh",
        "a materialized view is older than its `max_staleness` (seconds beyond it)",
        "SELECT extract(epoch FROM h.staleness - h.max_staleness) AS value, h.view_name AS detail\n"
        "FROM {runtime}.mv_refresh_health AS h\n"
        "WHERE h.max_staleness IS NOT NULL",
        "above",
        0,
        60,
        "page",
        "Does the scheduler run? CALL {runtime}.refresh_materialized_views() does it once, and "
        "{runtime}.mv_refresh_health says what is due, what failed and when it is tried again.",
        True,
    ),
    Builtin(
        "switch_thrown",
        "switches",
        "an operator has turned something off (how many switches are thrown)",
        "SELECT count(*) AS value, pg_catalog.string_agg(\n"
        "  s.name || ' by ' || s.thrown_by || coalesce(': ' || s.why, ''), '; ' ORDER BY s.thrown_at) AS detail\n"
        "FROM {internal}.thrown_switches AS s",
        "above",
        0,
        0,
        "ticket",
        "generated/runbook/ has a file that turns each of them on again.",
        True,
    ),
    Builtin(
        "label_cardinality",
        "events",
        "a label of an event log has almost used up its values (percent of its `max_cardinality`)",
        "SELECT 100.0 * h.distinct_values / h.budget AS value,\n"
        "  h.log || '.' || h.label || ': ' || h.distinct_values || ' of ' || h.budget AS detail\n"
        "FROM {runtime}.event_label_health AS h",
        "above",
        90,
        0,
        "ticket",
        "Values beyond the budget are recorded as `other`. Are they ids, or paths with ids in them? Normalize them, "
        "or make the label an identifier. Else raise max_cardinality.",
        True,
    ),
    Builtin(
        "partitions_missing",
        "events",
        "an event log has no partitions for the next days (days from tomorrow on that have one)",
        "SELECT h.days_ahead AS value, h.log AS detail FROM {runtime}.event_log_health AS h",
        "below",
        2,
        300,
        "page",
        "Does the maintenance run? CALL {runtime}.run_maintenance() does it once. Rows without a partition are not "
        "lost: they go to the default partition.",
        True,
    ),
    Builtin(
        "event_default_rows",
        "events",
        "rows of an event log are in its default partition, where retention does not reach them (rows)",
        "SELECT h.default_rows AS value, h.log AS detail FROM {runtime}.event_log_health AS h",
        "above",
        0,
        0,
        "ticket",
        "Their day had no partition when they were written. CALL {runtime}.run_maintenance() makes partitions ahead.",
        True,
    ),
)
