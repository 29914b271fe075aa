"""Two programs, side by side."""

from __future__ import annotations

from pgspec.breaking.access import row_security_changes
from pgspec.breaking.alerting import alert_changes
from pgspec.breaking.caching import cached_query_changes, invalidation_changes
from pgspec.breaking.event_logs import event_log_changes
from pgspec.breaking.findings import Finding
from pgspec.breaking.loads import load_changes
from pgspec.breaking.project import project_changes
from pgspec.breaking.records import audit_changes
from pgspec.breaking.views import view_changes
from pgspec.program import Program
from pgspec.rules.grades import Grade

_PARTS = (
    view_changes,
    invalidation_changes,
    cached_query_changes,
    row_security_changes,
    audit_changes,
    event_log_changes,
    alert_changes,
    load_changes,
    project_changes,
)


def compare(old: Program, new: Program) -> list[Finding]:
    """The differences that somebody may notice, the gravest first, then by place.  Both programs are without errors."""
    found = {finding for changes in _PARTS for finding in changes(old, new)}
    grades = list(Grade)
    return sorted(found, key=lambda item: (grades.index(item.grade), item.span, item.code, item.message))
