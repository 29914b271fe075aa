"""Materialized views: what readers and refreshes rely on."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.breaking.findings import Finding, canonical, listed, place
from pgspec.kinds import Duration
from pgspec.program import Program
from pgspec.views import View


def view_changes(old: Program, new: Program) -> Iterator[Finding]:
    """The differences between the views of two programs."""
    before, after = ({view.name: view for view in program.views} for program in (old, new))
    for name, view in before.items():
        if name in after:
            yield from _changed(view, after[name])
        else:
            heirs = [
                other.name for other in after.values() if other.name not in before and _query(other) == _query(view)
            ]
            more = f"; {listed(heirs)} has its query" if heirs else ""
            message = f"the materialized view `{name}` is gone{more}"
            yield Finding("BRK001", view.document.at("name"), message, str(view.spec.name), True)
    for name, view in after.items():
        if name not in before:
            called = str(view.spec.name)
            yield Finding("BRK020", view.document.at("name"), f"the materialized view `{name}` is new", called)
            if seen := sorted(set(view.spec.access.select) & set(new.project.roles.api)):
                message = f"{listed(seen)} may read `{name}`, which is new"
                yield Finding("BRK007", place(view.document, "access", "select"), message, called)


def _changed(old: View, new: View) -> Iterator[Finding]:
    yield from _columns(old, new)
    yield from _keys(old, new)
    yield from _upkeep(old, new)
    yield from _access(old, new)
    if _query(old) != _query(new):
        assert new.statement is not None
        start = new.source.span(new.statement.start, new.statement.start + 1)
        yield Finding("BRK004", start, f"the query of `{new.name}` is another", str(new.spec.name))


def _query(view: View) -> str:
    assert view.statement is not None
    return canonical(view.source.text[view.statement.start : view.statement.end])


def _columns(old: View, new: View) -> Iterator[Finding]:
    if old.analysis is None or new.analysis is None:
        return  # a view that reads itself by way of others, which a rule reports
    name = str(new.spec.name)
    before = {column.name: column for column in old.analysis.columns}
    after = {column.name: column for column in new.analysis.columns}
    for number, column in enumerate(old.analysis.columns):
        if column.name not in after:
            heir = new.analysis.columns[number] if number < len(after) else None
            renamed = heir is not None and heir.name not in before and heir.type == column.type
            more = f"; `{heir.name}` stands in its place" if heir is not None and renamed else ""
            span = old.source.span(column.start, column.end)
            yield Finding("BRK002", span, f"the column `{column.name}` of `{new.name}` is gone{more}", name, True)
    for column in new.analysis.columns:
        span = new.source.span(column.start, column.end)
        was = before.get(column.name)
        if was is None:
            yield Finding("BRK020", span, f"the column `{column.name}` of `{new.name}` is new", name)
        elif was.type != column.type and was.type is not None and column.type is not None:
            message = f"the column `{column.name}` of `{new.name}` was {was.type} and is {column.type}"
            yield Finding("BRK002", span, message, name)
        elif column.nullable and not was.nullable:
            yield Finding("BRK004", span, f"the column `{column.name}` of `{new.name}` may be NULL now", name)


def _keys(old: View, new: View) -> Iterator[Finding]:
    """A key still holds when some of its columns are a key."""
    document, name = new.document, str(new.spec.name)
    unique = [set(index.columns) for index in new.indexes if index.unique]
    plain = {(index.columns, index.method) for index in new.indexes}
    for index in old.indexes:
        columns = ", ".join(index.columns)
        if index.unique and not any(key <= set(index.columns) for key in unique):
            message = f"`{new.name}` is no longer unique by [{columns}]"
            yield Finding("BRK003", place(document, "unique_key"), message, name)
        elif not index.unique and (index.columns, index.method) not in plain:
            message = f"`{new.name}` has no {index.method} index on [{columns}] any more"
            yield Finding("BRK005", place(document, "indexes"), message, name)


def _upkeep(old: View, new: View) -> Iterator[Finding]:
    document, before, after = new.document, old.spec.refresh, new.spec.refresh

    def changed(message: str, *path: str) -> Finding:
        return Finding("BRK005", place(document, *path), message, str(new.spec.name))

    if before.concurrently and not after.concurrently:
        yield changed(f"readers of `{new.name}` wait while it is refreshed", "refresh", "concurrently")
    if _longer(before.every, after.every):
        yield changed(f"`{new.name}` is {_every(after.every)}, not every {before.every}", "refresh", "every")
    if _longer(before.max_staleness, after.max_staleness):
        message = f"`{new.name}` may be older than {before.max_staleness}"
        yield changed(message, "refresh", "max_staleness")
    if after.timeout is not None and (before.timeout is None or after.timeout.seconds < before.timeout.seconds):
        yield changed(f"a refresh of `{new.name}` is given up after {after.timeout}", "refresh", "timeout")
    if old.spec.owner != new.spec.owner:
        owner = f"`{new.spec.owner}`" if new.spec.owner else "whoever migrates"
        yield changed(f"`{new.name}` belongs to {owner}, as whom it is refreshed", "owner")


def _longer(before: Duration | None, after: Duration | None) -> bool:
    """Whether a promise is weaker: None promises nothing."""
    return before is not None and (after is None or after.seconds > before.seconds)


def _every(duration: Duration | None) -> str:
    return "refreshed by hand" if duration is None else f"due every {duration}"


def _access(old: View, new: View) -> Iterator[Finding]:
    document, name = new.document, str(new.spec.name)
    where = place(document, "access", "select")
    before, after = set(old.spec.access.select), set(new.spec.access.select)
    if withdrawn := sorted(before - after):
        yield Finding("BRK006", where, f"{listed(withdrawn)} may no longer read `{new.name}`", name)
    if granted := sorted(after - before):
        yield Finding("BRK007", where, f"{listed(granted)} may read `{new.name}`", name)
