"""Printers of differences: text, markdown, json, github."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from pgspec import report
from pgspec.breaking.findings import Finding
from pgspec.diagnostics import Diagnostic, Severity
from pgspec.rules.grades import STOPPING, Grade

FORMATS = ("text", "markdown", "json", "github")

_STYLES = {Grade.DANGEROUS: "error", Grade.BREAKING: "error", Grade.REVIEW: "warning", Grade.SAFE: "ok"}


def render(
    form: str, found: Sequence[Finding], accepted: Sequence[Finding], ref: str, paint: report.Paint = report.plain
) -> str:
    """The findings in one of `FORMATS`.  ``accepted``: those among them that stop nobody; ``ref``: the old commit."""
    printer: Callable[[], str] = {
        "text": lambda: _text(found, accepted, ref, paint),
        "markdown": lambda: _markdown(found, accepted, ref),
        "json": lambda: _json(found, accepted, ref),
        "github": lambda: report.render("github", [_diagnostic(item) for item in found if _asks(item, accepted)], {}),
    }[form]
    return printer()


def summary(found: Sequence[Finding], ref: str) -> str:
    """``1 dangerous, 2 breaking since main``."""
    numbers = {grade: sum(item.grade is grade for item in found) for grade in Grade}
    parts = ", ".join(f"{number} {grade}" for grade, number in numbers.items() if number)
    return f"{parts or 'nothing changed'} since {_line(ref)}"


def _text(found: Sequence[Finding], accepted: Sequence[Finding], ref: str, paint: report.Paint) -> str:
    lines = []
    for item in found:
        title = paint(f"{item.grade}[{item.code}]", _STYLES[item.grade])
        lines.append(
            f"{title}: {_line(item.message)} ({_place(item, ref)}){', accepted' if item in accepted else ''}\n"
        )
    return "".join(lines) + f"{summary(found, ref)}\n"


def _markdown(found: Sequence[Finding], accepted: Sequence[Finding], ref: str) -> str:
    lines = [f"**{_cell(summary(found, ref))}**"]
    if found:
        lines += ["", "| grade | code | what | where |", "|---|---|---|---|"]
    for item in found:
        grade = f"{item.grade}, accepted" if item in accepted else f"**{item.grade}**" if _stops(item) else item.grade
        cells = (grade, item.code, _cell(item.message), f"`{_cell(_place(item, ref))}`")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _json(found: Sequence[Finding], accepted: Sequence[Finding], ref: str) -> str:
    entries = [
        {
            "grade": item.grade,
            "code": item.code,
            "message": item.message,
            "help": _help(item),
            "path": item.span.path,
            "line": item.span.line,
            "column": item.span.column,
            "end_line": item.span.end_line,
            "end_column": item.span.end_column,
            "ref": ref if item.gone else None,
            "name": item.name,
            "accepted": item in accepted,
        }
        for item in found
    ]
    counts = {str(grade): sum(item.grade is grade for item in found) for grade in Grade}
    return (
        json.dumps({"against": ref, "findings": entries, "summary": {**counts, "accepted": len(accepted)}}, indent=2)
        + "\n"
    )


def _diagnostic(item: Finding) -> Diagnostic:
    severity = Severity.ERROR if _stops(item) else Severity.WARNING
    return Diagnostic(item.span, item.code, severity, f"{item.grade}: {item.message}", _help(item), item.name)


def _help(item: Finding) -> str:
    accept = f"; `--allow {item.code}:{item.name}` accepts it" if _stops(item) else ""
    return f"`pgspec explain {item.code}` says what it means to others{accept}"


def _stops(item: Finding) -> bool:
    return item.grade in STOPPING


def _asks(item: Finding, accepted: Sequence[Finding]) -> bool:
    """Whether it deserves a mark on a line of a pull request."""
    return item.grade is not Grade.SAFE and item not in accepted


def _place(item: Finding, ref: str) -> str:
    return _line(f"{ref}:{item.span.path}:{item.span.line}" if item.gone else f"{item.span.path}:{item.span.line}")


def _line(text: str) -> str:
    return " ".join(report.clean(text).split())


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")
