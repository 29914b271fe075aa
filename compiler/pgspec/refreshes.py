"""Materialized views -> the objects that refresh them when they are due."""

from __future__ import annotations

from pgspec.diagnostics import Span
from pgspec.objects import SqlObject
from pgspec.program import Program
from pgspec.runtime.refresh import Refreshed, note_triggers, refresh_runtime
from pgspec.sql import QName
from pgspec.tracked import tracked


def refresh_objects(program: Program) -> list[SqlObject]:
    """The scheduler and the triggers that note writes; nothing where no view asks to be refreshed.  The program has no
    errors."""
    if not any(view.is_watched for view in program.views):
        return []
    views: list[Refreshed] = []
    tables: dict[QName, Span] = {}
    for view in program.views:
        refresh, found = view.spec.refresh, tracked(view, program)
        known = found is not None and not found.unseen
        if found is not None and known:
            for table in found.tables:
                tables.setdefault(table, view.document.at("refresh"))
        views.append(
            Refreshed(
                view.name,
                str(refresh.every) if refresh.every else None,
                str(refresh.timeout) if refresh.timeout else None,
                refresh.concurrently,
                str(refresh.max_staleness) if refresh.max_staleness else None,
                found.sources if found is not None and known else None,
            )
        )
    project = program.project
    runtime = refresh_runtime(
        project.runtime_schema,
        project.internal_schema,
        f"{project.migration.lock_timeout.seconds}s",
        program.roles,
        project.roles.service,
        views,
    )
    return [*runtime, *note_triggers(project.internal_schema, tables)]
