"""Grafana: a dashboard that people import, over the database itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgspec.event_logs import MOMENT, Events, LogColumn
from pgspec.installed import VIEW
from pgspec.program import Program
from pgspec.sql import QName, ident, qname

PATH = "monitoring/grafana_dashboard.json"
WIDTH = 24
"""The columns of Grafana's grid."""

_INPUT = "DS_POSTGRES"
_SOURCE = {"type": "postgres", "uid": f"${{{_INPUT}}}"}
_SCHEMA_VERSION = 37
_HEIGHT = 8
_MANY = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": True}}
_NUMBERS = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"})
_SECONDS = "extract(epoch FROM {})::double precision"


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel: its type in Grafana, its queries, how wide it is, and the unit of its numbers."""

    title: str
    type: str
    queries: tuple[str, ...]
    width: int = 8
    unit: str = "short"
    options: Mapping[str, Any] | None = None


def dashboard_file(program: Program) -> Mapping[str, str]:
    """The dashboard, when there is an alert.  It says at its head whose it is."""
    if not program.alerts:
        return {}
    project = program.project.name
    panels = list(_placed(_rows(program)))
    kinds = sorted({panel["type"] for panel in panels} - {"row"})
    board: dict[str, Any] = {
        "title": f"pgspec {project}",
        "uid": f"pgspec-{hashlib.sha256(project.encode()).hexdigest()[:12]}",
        "tags": ["pgspec"],
        "description": "What pgspec has installed, as the database sees it; the data source logs in as a member of a "
        "service role",
        "__inputs": [
            {
                "name": _INPUT,
                "label": "PostgreSQL",
                "description": "the database of the project",
                "type": "datasource",
                "pluginId": "postgres",
                "pluginName": "PostgreSQL",
            }
        ],
        "__requires": [
            {"type": "grafana", "id": "grafana", "name": "Grafana", "version": "9.0.0"},
            {"type": "datasource", "id": "postgres", "name": "PostgreSQL", "version": "1.0.0"},
            *({"type": "panel", "id": kind, "name": kind, "version": ""} for kind in kinds),
        ],
        "id": None,
        "schemaVersion": _SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": []},
        "annotations": {"list": []},
        "panels": panels,
    }
    return {PATH: json.dumps(board, indent=2, ensure_ascii=False) + "\n"}


def _rows(program: Program) -> Iterator[tuple[str, Sequence[Panel]]]:
    """Panels by the title of their row."""
    schema = program.project.runtime_schema
    yield "Alerts", _alerts(qname(QName(schema, VIEW)))
    if "refresh" in program.parts:
        attempts, health = (qname(QName(schema, name)) for name in ("mv_refresh_log", "mv_refresh_health"))
        yield "Refresh", _refresh(attempts, health)
    logs = [log for log in program.event_logs if not _called(log)]
    shares = [(log, m) for log in logs for m in log.columns if m.section == "measures" and m.type == "boolean"]
    cached = [_share(log, measure) for log, measure in shares if "cache" in measure.name]
    if "cache" in program.parts:
        queue = qname(QName(schema, "cache_invalidation_queue"))
        yield "Queue", _queue(queue, qname(QName(schema, "cache_invalidation_health")))
        cached += _cache(queue, qname(QName(schema, "cache_entries")))
    if cached:
        yield "Cache", cached
    for log in logs:
        numbers = [m for m in log.columns if m.section == "measures" and m.type in _NUMBERS]
        panels = [panel for measure in numbers for panel in _latency(log, measure)]
        panels += [_share(log, m) for of, m in shares if of is log and "cache" not in m.name]
        if panels:
            yield f"Latency: {log.spec.name}", panels


def _called(log: Events) -> bool:
    """Whether Grafana would take part of a name for a variable of its own."""
    names = (*log.name, *(column.name for column in log.columns))
    return any(mark in name for name in names for mark in ("$", "[["))


def _alerts(view: str) -> Sequence[Panel]:
    table = (
        "SELECT name, severity, value, threshold, firing, since, coalesce(problem, detail) AS detail, runbook\n"
        f"FROM {view}\nORDER BY firing DESC, breached DESC, name"
    )
    return (
        Panel("Alerts", "table", (table,), 16),
        Panel("Values", "stat", (f"SELECT name AS metric, value\nFROM {view}\nORDER BY name",), 8, options=_MANY),
    )


def _refresh(log: str, health: str) -> Sequence[Panel]:
    duration = _SECONDS.format("finished_at - started_at")
    durations = (
        f"SELECT started_at AS time, view_name AS metric, {duration} AS value\nFROM {log}\n"
        "WHERE $__timeFilter(started_at) AND status = 'ok'\nORDER BY 1"
    )
    staleness = f"SELECT view_name AS metric, {_SECONDS.format('staleness')} AS value\nFROM {health}\nORDER BY 1"
    views = (
        "SELECT view_name, due, last_success, staleness::text, max_staleness::text, last_duration::text, failures,\n"
        f"  retry_at, last_error\nFROM {health}\nORDER BY failures DESC, view_name"
    )
    failures = (
        f"SELECT started_at, view_name, mode, error\nFROM {log}\n"
        "WHERE $__timeFilter(started_at) AND status = 'failed'\nORDER BY started_at DESC\nLIMIT 50"
    )
    return (
        Panel("Duration of refreshes", "timeseries", (durations,), 16, "s", {"legend": {"displayMode": "list"}}),
        Panel("Staleness", "bargauge", (staleness,), 8, "s", _MANY),
        Panel("Views", "table", (views,), 12),
        Panel("Failures", "table", (failures,), 12),
    )


def _queue(queue: str, health: str) -> Sequence[Panel]:
    age = ", ".join(f'{_SECONDS.format(f"{which}_age")} AS "{which} age"' for which in ("average", "greatest"))
    dead = (
        f"SELECT tag, retry_count, last_error, dead_at\nFROM {queue}\n"
        "WHERE dead_at IS NOT NULL AND processed_at IS NULL\nORDER BY dead_at DESC\nLIMIT 50"
    )
    flow = tuple(
        f"SELECT $__timeGroupAlias({moment}, $__interval), count(*) AS {name}\nFROM {queue}\n"
        f"WHERE $__timeFilter({moment})\nGROUP BY 1\nORDER BY 1"
        for moment, name in (("enqueued_at", "enqueued"), ("processed_at", "done"))
    )
    return (
        Panel("Depth", "stat", (f"SELECT pending, due, leased, retried, dead\nFROM {health}",), 8, options=_MANY),
        Panel("Age", "stat", (f"SELECT {age}\nFROM {health}",), 4, "s", _MANY),
        Panel("Throughput", "timeseries", flow, 12),
        Panel("Dead letters", "table", (dead,), 24),
    )


def _cache(queue: str, entries: str) -> Sequence[Panel]:
    counted = f"SELECT count(*) AS entries, count(*) FILTER (WHERE expires_at <= now()) AS expired\nFROM {entries}"
    tags = (
        "SELECT $__timeGroupAlias(processed_at, $__interval), split_part(tag, ':', 1) AS metric, count(*) AS value\n"
        f"FROM {queue}\nWHERE $__timeFilter(processed_at)\nGROUP BY 1, 2\nORDER BY 1"
    )
    return (
        Panel("Entries", "stat", (counted,), 8, options=_MANY),
        Panel("Invalidations by the first word of the tag", "timeseries", (tags,), 16),
    )


def _latency(log: Events, measure: LogColumn) -> Iterator[Panel]:
    """Percentiles of all events, and of the busiest values of the first label: of the events themselves, since
    percentiles of parts give none of the whole."""
    value, source = f"{ident(measure.name)}::double precision", qname(log.name)
    title = f"{measure.name} in {log.spec.name}"
    unit = "ms" if measure.name.endswith("_ms") else "short"

    def percentile(percent: int) -> str:
        return f"percentile_cont(0.{percent}) WITHIN GROUP (ORDER BY {value})"

    where = f"WHERE $__timeFilter({MOMENT}) AND {ident(measure.name)} IS NOT NULL"
    shown = ",\n  ".join(f"{percentile(number)} AS p{number}" for number in (50, 95, 99))
    overall = (
        f"SELECT $__timeGroupAlias({MOMENT}, $__interval),\n  {shown}\nFROM {source}\n{where}\nGROUP BY 1\nORDER BY 1"
    )
    yield Panel(f"p50, p95, p99 of {title}", "timeseries", (overall,), 12, unit)
    label = next((column for column in log.columns if column.section == "labels"), None)
    if label is None:
        return
    name = ident(label.name)
    worst = (
        f"WITH busiest AS (\n  SELECT {name} AS label FROM {source} {where}\n"
        "  GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 10)\n"
        f"SELECT $__timeGroupAlias({MOMENT}, $__interval), {name}::text AS metric,\n"
        f"  {percentile(95)} AS value\nFROM {source}\n{where} AND {name} IN (SELECT label FROM busiest)\n"
        "GROUP BY 1, 2\nORDER BY 1"
    )
    yield Panel(f"p95 of {title} by {label.name}, the ten busiest", "timeseries", (worst,), 12, unit)


def _share(log: Events, measure: LogColumn) -> Panel:
    name = ident(measure.name)
    query = (
        f"SELECT $__timeGroupAlias({MOMENT}, $__interval), avg({name}::int)::double precision AS share\n"
        f"FROM {qname(log.name)}\nWHERE $__timeFilter({MOMENT}) AND {name} IS NOT NULL\nGROUP BY 1\nORDER BY 1"
    )
    return Panel(f"Share of {measure.name} in {log.spec.name}", "timeseries", (query,), 12, "percentunit")


def _placed(rows: Iterator[tuple[str, Sequence[Panel]]]) -> Iterator[dict[str, Any]]:
    """The panels of each row from left to right, in as many lines as it takes."""
    y = number = 0
    for title, panels in rows:
        number += 1
        at = {"x": 0, "y": y, "w": WIDTH, "h": 1}
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": at, "panels": []}
        x, y = 0, y + 1
        for panel in panels:
            if x + panel.width > WIDTH:
                x, y = 0, y + _HEIGHT
            number += 1
            yield _json(panel, number, {"x": x, "y": y, "w": panel.width, "h": _HEIGHT})
            x += panel.width
        y += _HEIGHT


def _json(panel: Panel, number: int, place: Mapping[str, int]) -> dict[str, Any]:
    form = "time_series" if panel.type == "timeseries" else "table"
    targets = [
        {
            "refId": chr(ord("A") + index),
            "datasource": _SOURCE,
            "editorMode": "code",
            "format": form,
            "rawQuery": True,
            "rawSql": query,
        }
        for index, query in enumerate(panel.queries)
    ]
    return {
        "id": number,
        "type": panel.type,
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": dict(place),
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "options": dict(panel.options or {}),
        "targets": targets,
    }
