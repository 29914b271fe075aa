"""Alerts: what somebody is told of."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.alerts import Alert, number
from pgspec.breaking.findings import Finding, canonical, place
from pgspec.kinds.base import Duration
from pgspec.program import Program
from pgspec.source import Document

SEVERITIES = ("info", "ticket", "page")
"""From the one that can wait to the one that wakes somebody."""


def alert_changes(old: Program, new: Program) -> Iterator[Finding]:
    """The differences between the alerts of two programs, those that exist without being written among them."""
    before, after = ({alert.name: alert for alert in program.alerts} for program in (old, new))
    there, here = ({item.spec.name: item.document for item in program.written_alerts} for program in (old, new))
    for name, alert in before.items():
        if name in after:
            yield from _changed(alert, after[name], here.get(name), there.get(name))
        elif name in there:  # a built-in alert goes with what it watches
            message = f"the alert `{name}` is gone: nobody is told any more"
            yield Finding("BRK040", there[name].at("name"), message, name, True)
    for name in here:
        if name not in before:
            yield Finding("BRK020", here[name].at("name"), f"the alert `{name}` is new", name)


def _changed(old: Alert, new: Alert, here: Document | None, there: Document | None) -> Iterator[Finding]:
    name, document = new.name, here or there
    if document is None:  # a built-in alert as it is
        return

    def found(message: str, *path: str) -> Finding:
        return Finding("BRK040", place(document, *path), message, name, here is None)

    side, was = ("above" if alert.above else "below" for alert in (new, old))
    if side != was:
        yield found(f"`{name}` fires {side} a threshold, not {was}", side)
    elif (new.threshold > old.threshold) if new.above else (new.threshold < old.threshold):
        yield found(f"`{name}` fires {side} {number(new.threshold)}, not {number(old.threshold)}", side)
    if new.pending > old.pending:
        before = f"after {Duration(old.pending)}" if old.pending else "at once"
        yield found(f"`{name}` fires after {Duration(new.pending)}, not {before}", "for")
    if SEVERITIES.index(new.severity) < SEVERITIES.index(old.severity):
        yield found(f"`{name}` is of severity {new.severity}, not {old.severity}", "severity")
    if canonical(new.query) != canonical(old.query):
        yield found(f"`{name}` watches something else", "query")
