"""Prometheus: the rules of the alerts, their tests for promtool, and the queries of the exporter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from pgspec.alerts import Alert, number
from pgspec.installed import VIEW
from pgspec.kinds.base import Duration
from pgspec.operations.yaml_text import Yaml, dump, quoted
from pgspec.program import Program
from pgspec.sql import QName, ident, literal, qname

FOLDER = "monitoring"
RULES, TESTS, QUERIES = "prometheus_rules.yaml", "prometheus_rules_test.yaml", "exporter_queries.yaml"
_HEADS = {
    RULES: "# Printed by pgspec from the alerts: rules for Prometheus, over what postgres_exporter reads with\n"
    f"# {QUERIES}.\n",
    TESTS: "# Printed by pgspec: each rule fires beyond its threshold, and not before its time, and not at it.\n"
    f"# promtool test rules {TESTS}\n",
    QUERIES: "# Printed by pgspec: the queries that postgres_exporter --extend.query-path=FILE runs, as a member of a\n"
    "# service role.  Labels are names of alerts, views and event logs: few, and no data.\n",
}

MISSING, PROBLEM = "PgspecMetricsMissing", "PgspecAlertProblem"
"""The rules about the alerts themselves: nobody exports them, or one cannot be evaluated."""

_WAIT = 300
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def prometheus_files(program: Program) -> Mapping[str, str]:
    """The three files, when there is an alert."""
    if not program.alerts:
        return {}
    project = program.project.name
    rules = [*(_rule(alert, project) for alert in program.alerts), _problem(project), _missing(project)]
    bodies: Mapping[str, Yaml] = {
        RULES: {"groups": [{"name": f"pgspec {project}", "rules": rules}]},
        TESTS: {"rule_files": [RULES], "evaluation_interval": "1m", "tests": list(_tests(program.alerts, project))},
        QUERIES: {name: {"query": query, **more} for name, query, more in _queries(program)},
    }
    return {f"{FOLDER}/{name}": head + dump(bodies[name]) for name, head in _HEADS.items()}


def _time(seconds: int) -> str:
    """A duration as Prometheus writes it."""
    size, unit = next(entry for entry in _UNITS if seconds % entry[0] == 0)
    return f"{seconds // size}{unit}"


def _template(text: str) -> str:
    """A text as an annotation prints it: braces would call a template."""
    return text.replace("{{", '{{ "{{" }}')


def _series(project: str, metric: str, name: str) -> str:
    return f"pgspec_alert_{metric}{{name={quoted(name)},project={quoted(project)}}}"


def _annotations(alert: Alert, value: str, text: Callable[[str], str] = _template) -> dict[str, Yaml]:
    """What is said of an alert; ``text`` makes a text of a spec what it is there."""
    side, waited = "above" if alert.above else "below", f" for {Duration(alert.pending)}" if alert.pending else ""
    said = {
        "summary": text(alert.summary),
        "description": f"{text(alert.name)} is {value}, {side} {number(alert.threshold)}{waited}",
    }
    return {**said, **({"runbook": text(alert.runbook)} if alert.runbook else {})}


def _rule(alert: Alert, project: str) -> dict[str, Yaml]:
    beyond = f"{'>' if alert.above else '<'} {number(alert.threshold)}"
    return {
        "alert": alert.name,
        "expr": f"{_series(project, 'value', alert.name)} {beyond}",
        **({"for": _time(alert.pending)} if alert.pending else {}),
        "labels": {"severity": alert.severity},
        "annotations": _annotations(alert, '{{ $value | printf "%.6g" }}'),
    }


_PROBLEM_SAYS: Mapping[str, str] = {
    "summary": "the query of {name} fails",
    "runbook": f"SELECT name, problem FROM {VIEW} WHERE problem IS NOT NULL",
}
_MISSING_SAYS: Mapping[str, Yaml] = {
    "summary": "no alert of pgspec is exported",
    "runbook": f"is postgres_exporter up, and does it run {QUERIES}? pg_exporter_last_scrape_error says so",
}


def _problem(project: str) -> dict[str, Yaml]:
    summary = _PROBLEM_SAYS["summary"].format(name="{{ $labels.name }}")
    return {
        "alert": PROBLEM,
        "expr": f"pgspec_alert_problem{{project={quoted(project)}}} > 0",
        "for": _time(_WAIT),
        "labels": {"severity": "ticket"},
        "annotations": {**_PROBLEM_SAYS, "summary": summary},
    }


def _missing(project: str) -> dict[str, Yaml]:
    return {
        "alert": MISSING,
        "expr": f"absent(pgspec_alert_value{{project={quoted(project)}}})",
        "for": _time(_WAIT),
        "labels": {"severity": "page"},
        "annotations": _MISSING_SAYS,
    }


def _tests(alerts: Sequence[Alert], project: str) -> Iterator[Yaml]:
    """All alerts beyond their thresholds, at them, unknown, and not there."""
    last = max(_WAIT, *(alert.pending for alert in alerts)) // 60 + 10

    def inputs(values: Mapping[str, float], metric: str = "value") -> list[Yaml]:
        return [
            {"series": _series(project, metric, name), "values": f"{number(value)}+0x{last}"}
            for name, value in values.items()
        ]

    def expected(seconds: int, name: str, *alerts: Yaml) -> Yaml:
        return {"eval_time": _time(seconds), "alertname": name, "exp_alerts": alerts}

    beyond = {alert.name: _beyond(alert) for alert in alerts}
    labels = {"project": project}
    firing: list[Yaml] = []
    for alert in alerts:
        said = _annotations(alert, f"{beyond[alert.name]:.6g}", str)
        fires: Yaml = {
            "exp_labels": {"name": alert.name, **labels, "severity": alert.severity},
            "exp_annotations": said,
        }
        if alert.pending > 60:  # noqa: PLR2004 - the interval of the evaluation
            firing.append(expected((alert.pending - 1) // 60 * 60, alert.name))
        firing.append(expected(-(-alert.pending // 60) * 60 or 60, alert.name, fires))
    yield {"interval": "1m", "input_series": inputs(beyond), "alert_rule_test": firing}
    at = {alert.name: alert.threshold for alert in alerts}
    quiet = [expected((last - 1) * 60, alert.name) for alert in alerts]
    yield {"interval": "1m", "input_series": inputs(at), "alert_rule_test": quiet}
    first = alerts[0].name
    said = {**_PROBLEM_SAYS, "summary": _PROBLEM_SAYS["summary"].format(name=first)}
    failing: Yaml = {"exp_labels": {"name": first, **labels, "severity": "ticket"}, "exp_annotations": said}
    absent: Yaml = {"exp_labels": {**labels, "severity": "page"}, "exp_annotations": _MISSING_SAYS}
    yield {
        "interval": "1m",
        "input_series": inputs({first: 1}, "problem"),
        "alert_rule_test": [expected(_WAIT, PROBLEM, failing), expected(_WAIT, MISSING, absent)],
    }
    yield {
        "interval": "1m",
        "input_series": [*inputs({first: 0}, "problem"), *inputs(at)],
        "alert_rule_test": [expected(_WAIT + 60, PROBLEM), expected(_WAIT + 60, MISSING)],
    }


def _beyond(alert: Alert) -> float:
    """A value that fires, far enough from the threshold to be told apart from it."""
    step = max(1.0, abs(alert.threshold) / 100)
    return alert.threshold + step if alert.above else alert.threshold - step


Query = tuple[str, str, dict[str, Yaml]]


def _queries(program: Program) -> Iterator[Query]:
    runtime, name = program.project.runtime_schema, literal(program.project.name)
    query = (
        f"SELECT {name} AS project, name, value, threshold, firing::int AS firing,\n"
        f"  (problem IS NOT NULL)::int AS problem\nFROM {qname(QName(runtime, VIEW))}\n"
    )
    gauges = {
        "value": "the value of the alert; NaN when there is none",
        "threshold": "the value beyond which it fires",
        "firing": "1 while the database says that it fires",
        "problem": "1 while its query fails",
    }
    labels = {"project": "the project of pgspec", "name": "the alert"}
    yield "pgspec_alert", query, _metrics(labels, gauges)
    if "cache" in program.parts:
        yield from _cache(ident(runtime), name)
    if "refresh" in program.parts:
        yield _refresh(ident(runtime), name)
    if "events" in program.parts:
        yield from _events(ident(runtime), name)


def _cache(runtime: str, project: str) -> Iterator[Query]:
    ages = ",\n  ".join(
        f"extract(epoch FROM {age})::float8 AS {age}_seconds" for age in ("average_age", "greatest_age")
    )
    query = (
        f"SELECT {project} AS project, pending, due, leased, retried, dead,\n  {ages}\n"
        f"FROM {runtime}.cache_invalidation_health\n"
    )
    gauges = {
        "pending": "cache invalidations that are not done",
        "due": "those of them that could be done now",
        "leased": "those that a worker has in hand",
        "retried": "those that failed at least once",
        "dead": "cache invalidations that were given up",
        "average_age_seconds": "how long those that are not done wait",
        "greatest_age_seconds": "how long the oldest waits",
    }
    labels = {"project": "the project of pgspec"}
    yield "pgspec_queue", query, _metrics(labels, gauges)
    query = f"SELECT {project} AS project, count(*) AS entries\nFROM {runtime}.cache_entries\n"
    more = _metrics(labels, {"entries": "entries in the cache, those that have expired among them"})
    yield "pgspec_cache", query, {"cache_seconds": 60, **more}


def _refresh(runtime: str, project: str) -> Query:
    ages = ",\n  ".join(
        f"extract(epoch FROM {age})::float8 AS {age}_seconds" for age in ("staleness", "max_staleness", "last_duration")
    )
    query = (
        f"SELECT {project} AS project, view_name, due::int AS due, failures,\n  {ages}\n"
        f"FROM {runtime}.mv_refresh_health\n"
    )
    gauges = {
        "due": "1 while it is due",
        "failures": "failed refreshes in a row",
        "staleness_seconds": "how long ago something was written that it does not show",
        "max_staleness_seconds": "how long that may be",
        "last_duration_seconds": "how long the last refresh took",
    }
    labels = {"project": "the project of pgspec", "view_name": "the materialized view"}
    return "pgspec_refresh", query, _metrics(labels, gauges)


def _events(runtime: str, project: str) -> Iterator[Query]:
    counts = "days_ahead, default_rows, events_last_hour, request_ids_last_hour"
    query = f"SELECT {project} AS project, log, {counts}\nFROM {runtime}.event_log_health\n"
    gauges = {
        "days_ahead": "days from tomorrow on that have a partition",
        "default_rows": "rows in the default partition",
        "events_last_hour": "events of the last hour",
        "request_ids_last_hour": "those of them whose request had an id of its own",
    }
    labels = {"project": "the project of pgspec", "log": "the event log"}
    yield "pgspec_event_log", query, {"cache_seconds": 60, **_metrics(labels, gauges)}
    query = f"SELECT {project} AS project, log, label, distinct_values, budget\nFROM {runtime}.event_label_health\n"
    gauges = {"distinct_values": "values that the label has had", "budget": "how many it may have"}
    yield "pgspec_event_label", query, {"cache_seconds": 60, **_metrics({**labels, "label": "the label"}, gauges)}


def _metrics(labels: Mapping[str, str], gauges: Mapping[str, str]) -> dict[str, Yaml]:
    entries: list[Yaml] = [{name: {"usage": "LABEL", "description": text}} for name, text in labels.items()]
    return {"metrics": [*entries, *({name: {"usage": "GAUGE", "description": t}} for name, t in gauges.items())]}
