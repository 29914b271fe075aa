"""What the commands say on a terminal: findings, steps, failures; colour where a person reads."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click

from pgspec.diagnostics import Diagnostic, Severity, Span

if TYPE_CHECKING:
    from pgspec.compile import Result
    from pgspec.sources import Sources

_STYLES = {
    "ok": ("green", False),
    "error": ("red", True),
    "warning": ("yellow", True),
    "help": ("cyan", True),
    "rule": ("blue", True),
}


def print_findings(found: Sequence[Diagnostic], sources: Sources, form: str, *, err: bool = False) -> None:
    """The findings in one of the formats, on standard output or on standard error."""
    if not found and form in ("full", "concise", "github"):
        return
    from pgspec import report  # noqa: PLC0415

    texts = {path: data.decode("utf-8-sig", "replace").replace("\r\n", "\n") for path, data in sources.all().items()}
    stream = sys.stderr if err else sys.stdout
    click.echo(report.render(form, found, texts, painter(stream)), nl=False, err=err)


def painter(stream: Any) -> Callable[[str, str], str]:
    """Colour on a terminal only, and never under NO_COLOR."""
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return lambda text, _style: text

    def paint(text: str, style: str) -> str:
        color, bold = _STYLES.get(style, (None, True))
        return click.style(text, fg=color, bold=bold)

    return paint


def report_step(what: str, seconds: float, outcome: str) -> None:
    """One line of `pgspec test`."""
    mark = painter(sys.stdout)(f"{outcome:>4}", "ok" if outcome == "ok" else "error")
    click.echo(f"{mark}  {seconds * 1000:7.0f} ms  {what}")


def summary(result: Result) -> str:
    """How much there is of what, and how much the draft would do."""
    from pgspec.migration import counts  # noqa: PLC0415

    assert result.program is not None
    program = result.program
    kinds = (
        ("materialized view", "materialized views", program.views),
        ("invalidation", "invalidations", program.mappings),
        ("cached query", "cached queries", program.cached),
        ("guarded table", "guarded tables", program.guarded),
        ("audit log", "audit logs", program.audits),
        ("event log", "event logs", program.event_logs),
        ("alert", "alerts", program.written_alerts),
        ("load test", "load tests", program.loads),
    )
    parts = [f"{len(found)} {one if len(found) == 1 else many}" for one, many, found in kinds if found]
    draft = f"; draft: {counts(result.draft)}" if result.draft.changes else ""
    return f"{', '.join(parts) or 'no specs'}{draft}"


def finding(code: str, message: str, help_: str) -> NoReturn:
    """A finding that no file's line is to blame for."""
    from pgspec import report  # noqa: PLC0415

    item = Diagnostic(Span("generated", 1, 1, 1, 1), code, Severity.ERROR, message, help_)
    click.echo(report.frame(item, (), painter(sys.stderr)), nl=False, err=True)
    sys.exit(1)


def fail(message: str, help_: str) -> NoReturn:
    """Misuse, or something missing on this machine."""
    from pgspec.report import clean  # noqa: PLC0415

    click.echo(f"{painter(sys.stderr)('error', 'error')}: {clean(message)}", err=True)
    if help_:
        click.echo(f"  = help: {clean(help_)}", err=True)
    sys.exit(2)
