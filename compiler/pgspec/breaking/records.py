"""Audit logs: what is recorded, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.audits import Audit, AuditedTable
from pgspec.breaking.findings import Finding, listed, place
from pgspec.kinds.base import table_name
from pgspec.program import Program
from pgspec.source import Path


def audit_changes(old: Program, new: Program) -> Iterator[Finding]:
    """The differences between the audit logs of two programs."""
    before, after = ({audit.spec.name: audit for audit in program.audits} for program in (old, new))
    for name, audit in before.items():
        if name in after:
            yield from _changed(audit, after[name], new)
        else:
            message = f"the audit log `{name}` is gone: it records nothing any more"
            yield Finding("BRK016", audit.document.at("name"), message, name, True)
    for name, audit in after.items():
        if name not in before:
            yield Finding("BRK020", audit.document.at("name"), f"the audit log `{name}` is new", name)


def _changed(old: Audit, new: Audit, program: Program) -> Iterator[Finding]:
    name = new.spec.name
    tables = {table.relation.name: table for table in new.tables}
    for table in old.tables:
        if (heir := tables.get(table.relation.name)) is not None:
            yield from _events(table, heir, new)
        elif table.relation.name in program.catalog.relations:
            message = f"writes to `{table.relation.name}` are not recorded any more"
            yield Finding("BRK016", old.document.key(*_path(old, table)), message, name, True)
    for table in new.tables:
        if table.relation.name not in {other.relation.name for other in old.tables}:
            message = f"writes to `{table.relation.name}` are recorded"
            yield Finding("BRK020", new.document.key(*_path(new, table)), message, name)
    if forgotten := [entry for entry in old.spec.context if entry not in new.spec.context]:
        message = f"{listed(forgotten)} of the request is not recorded any more"
        yield Finding("BRK016", place(new.document, "context"), message, name)
    if new.spec.retention.seconds < old.spec.retention.seconds:
        message = f"records of `{name}` are kept for {new.spec.retention}, not for {old.spec.retention}"
        yield Finding("BRK017", new.document.at("retention"), message, name)


def _events(old: AuditedTable, new: AuditedTable, audit: Audit) -> Iterator[Finding]:
    table, path = new.relation.name, _path(audit, new)
    for event in old.events:
        where = place(audit.document, *path, event.lower())
        if event not in new.events:
            yield Finding("BRK016", where, f"{event} on `{table}` is not recorded any more", audit.spec.name)
            continue
        there = [column for column in old.logged(event) if column in new.columns]
        if missing := [column for column in there if column not in new.logged(event)]:
            message = f"a change of {listed(missing)} of `{table}` is not recorded any more"
            yield Finding("BRK016", where, message, audit.spec.name)
    if added := [event for event in new.events if event not in old.events]:
        yield Finding(
            "BRK020", audit.document.key(*path), f"{', '.join(added)} on `{table}` is recorded", audit.spec.name
        )


def _path(audit: Audit, table: AuditedTable) -> Path:
    """Where a table of a log is written."""
    name = table.relation.name
    keys = [key for key in audit.spec.tables if table_name(key).name == name.name]
    return ("tables", next((key for key in keys if table_name(key).schema == name.schema), keys[0]))
