"""What a load test found: its thresholds compared, and printed as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgspec.kinds import Limits
from pgspec.load_run import Measured, Outcome
from pgspec.load_tests import Load

ALL = "all"
"""The row of all entries together."""

_PERCENTILES = {"p50_ms": 50, "p95_ms": 95, "p99_ms": 99}
_HEAD = ("entry", "count", "tps", "p50 ms", "p95 ms", "p99 ms", "max ms", "failed", "thresholds", "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One threshold: ``value`` is None when there was no transaction to measure, which no limit on one allows."""

    limit: str
    bound: float
    value: float | None

    @property
    def ok(self) -> bool:
        """Whether it is kept to."""
        if self.value is None:
            return False
        return self.value >= self.bound if self.limit == "tps" else self.value <= self.bound

    def __str__(self) -> str:
        unit = " ms" if self.limit.endswith("_ms") else ""
        name = self.limit.removesuffix("_ms")
        return f"{name} {'>=' if self.limit == 'tps' else '<='} {self.bound:g}{unit}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    measured: Measured
    tps: float
    verdicts: tuple[Verdict, ...]

    @property
    def ok(self) -> bool:
        """Whether every threshold is kept to."""
        return all(verdict.ok for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class Report:
    """What a run of a load test found.  ``title`` says what was run."""

    load: Load
    title: Mapping[str, Any]
    rows: tuple[Row, ...]
    said: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """Whether every threshold is kept to."""
        return all(row.ok for row in self.rows)


def judged(load: Load, outcome: Outcome, clients: int, seconds: int) -> Report:
    """The outcome against the thresholds; unless they say otherwise, no transaction may fail."""
    limits = {"errors": Limits(errors=0), **load.spec.thresholds}
    rows = [_row(entry, outcome, limits.get(entry.name, Limits())) for entry in outcome.entries]
    merged = sorted(latency for entry in outcome.entries for latency in entry.latencies)
    everything = Measured(ALL, merged, sum(entry.failed for entry in outcome.entries))
    rows.append(_row(everything, outcome, limits["errors"]))
    title = {"name": load.spec.name, "clients": clients, "duration_s": seconds}
    return Report(load, title, tuple(rows), outcome.said)


def _row(entry: Measured, outcome: Outcome, limits: Limits) -> Row:
    verdicts = []
    for limit, percent in _PERCENTILES.items():
        if (bound := getattr(limits, limit)) is not None:
            verdicts.append(Verdict(limit, bound, entry.percentile(percent)))
    if limits.tps is not None:
        verdicts.append(Verdict("tps", limits.tps, outcome.rate(entry)))
    if limits.errors is not None:
        verdicts.append(Verdict("errors", limits.errors, entry.failed))
    return Row(entry, outcome.rate(entry), tuple(verdicts))


def render(form: str, report: Report, paint: Callable[[str, str], str]) -> str:
    """The report as ``text``, ``markdown`` or ``json``."""
    if form == "json":
        return json.dumps(_json(report), indent=2) + "\n"
    title = f"load test {report.title['name']}: {report.title['clients']} clients, {report.title['duration_s']} s"
    head, *body = [_HEAD, *(_cells(row) for row in report.rows)]
    if form == "markdown":
        rule = ["---"] + ["---:"] * 7 + ["---", "---"]
        lines = [f"| {' | '.join(cells)} |" for cells in ([*head[:-1], "result"], rule, *body)]
        said = [f"- {_ended(count)} `{' '.join(message.split())}`" for message, count in report.said.items()]
        return "\n".join([f"### {title}", "", *lines, *([""] if said else []), *said]) + "\n"
    widths = [max(len(cells[number]) for cells in (head, *body)) for number in range(len(head))]
    lines = [_line(head, widths, "", paint)]
    for row, cells in zip(report.rows, body, strict=True):
        lines.append(_line(cells, widths, "ok" if row.ok else "error", paint))
    said = [f"{_ended(count)} {message}" for message, count in report.said.items()]
    return "\n".join([title, *lines, *said]) + "\n"


def _ended(count: int) -> str:
    """An error ends the session that meets it, so that less was asked of the server after it."""
    return f"{count} {'session' if count == 1 else 'sessions'} ended by an error,"


def _cells(row: Row) -> tuple[str, ...]:
    entry = row.measured
    times = [entry.percentile(percent) for percent in (*_PERCENTILES.values(), 100)]
    limits = ", ".join(f"{verdict}{'' if verdict.ok else ' (not kept)'}" for verdict in row.verdicts)
    return (
        entry.name,
        str(len(entry.latencies)),
        f"{row.tps:.1f}",
        *("-" if time is None else f"{time:.2f}" for time in times),
        str(entry.failed),
        limits,
        "" if not row.verdicts else "ok" if row.ok else "failed",
    )


def _line(cells: Sequence[str], widths: Sequence[int], style: str, paint: Callable[[str, str], str]) -> str:
    """Names to the left, numbers to the right."""
    shown = [
        cell.ljust(width) if number in (0, 8, 9) else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    last = shown[-1].rstrip()
    return "  ".join([*shown[:-1], paint(last, style) if last and style else last]).rstrip()


def _json(report: Report) -> dict[str, Any]:
    rows = [
        {
            "name": row.measured.name,
            "count": len(row.measured.latencies),
            "failed": row.measured.failed,
            "tps": round(row.tps, 3),
            **{limit: row.measured.percentile(percent) for limit, percent in _PERCENTILES.items()},
            "max_ms": row.measured.percentile(100),
            "thresholds": [
                {"limit": verdict.limit, "bound": verdict.bound, "value": verdict.value, "ok": verdict.ok}
                for verdict in row.verdicts
            ],
            "ok": row.ok,
        }
        for row in report.rows
    ]
    said = [{"message": message, "count": count} for message, count in report.said.items()]
    return {**report.title, "entries": rows[:-1], "all": rows[-1], "errors": said, "ok": report.ok}
