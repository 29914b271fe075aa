"""Event logs: what can be recorded and read, how many values labels have, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.breaking.findings import Finding, listed, place
from pgspec.event_logs import Events
from pgspec.program import Program

_RIGHTS = (("select", "read"), ("record", "record in"))


def event_log_changes(old: Program, new: Program) -> Iterator[Finding]:
    """The differences between the event logs of two programs."""
    before, after = ({log.spec.name: log for log in program.event_logs} for program in (old, new))
    for name, log in before.items():
        if name in after:
            yield from _columns(log, after[name])
            yield from _bounds(log, after[name])
            yield from _access(log, after[name])
        else:
            message = f"the event log `{name}` is gone, and so is `{log.record}()`"
            yield Finding("BRK031", log.document.at("name"), message, name, True)
    for name, log in after.items():
        if name not in before:
            yield Finding("BRK020", log.document.at("name"), f"the event log `{name}` is new", name)
            for right, may in _RIGHTS:
                if opened := sorted(set(getattr(log.spec.access, right)) & set(new.project.roles.api)):
                    message = f"{listed(opened)} may {may} `{name}`, which is new"
                    yield Finding("BRK007", place(log.document, "access", right), message, name)


def _columns(old: Events, new: Events) -> Iterator[Finding]:
    name = new.spec.name
    before, after = ({column.name: column for column in log.columns} for log in (old, new))
    for column in old.columns:
        heir = after.get(column.name)
        if heir is None:
            message = f"the column `{column.name}` of `{name}` is gone, which callers of `{new.record}()` may name"
            yield Finding("BRK031", old.document.key(column.section, column.name), message, name, True)
        elif heir.type != column.type:
            message = f"the column `{column.name}` of `{name}` was {column.type} and is {heir.type}"
            yield Finding("BRK031", new.document.key(heir.section, heir.name), message, name)
        elif heir.section != column.section:
            message = f"`{column.name}` of `{name}` was among the {column.section}, and is among the {heir.section}"
            yield Finding("BRK032", new.document.key(heir.section, heir.name), message, name)
    for column in new.columns:
        if column.name not in before:
            where = new.document.key(column.section, column.name)
            yield Finding("BRK020", where, f"the column `{column.name}` of `{name}` is new", name)


def _bounds(old: Events, new: Events) -> Iterator[Finding]:
    name = new.spec.name
    if new.spec.retention.seconds < old.spec.retention.seconds:
        message = f"events of `{name}` are kept for {new.spec.retention}, not for {old.spec.retention}"
        yield Finding("BRK032", new.document.at("retention"), message, name)
    for label, after in new.spec.labels.items():
        before = old.spec.labels.get(label)
        if before is None:
            continue
        where = place(new.document, "labels", label)
        if after.max_cardinality and (before.max_cardinality or 0) > after.max_cardinality:
            message = f"`{label}` of `{name}` may have {after.max_cardinality} values, not {before.max_cardinality}"
            yield Finding("BRK032", where, message, name)
        elif gone := [str(v) for v in before.values or () if after.values is not None and v not in after.values]:
            yield Finding("BRK032", where, f"`{label}` of `{name}` cannot be {listed(gone)} any more", name)
        elif (before.values is None) != (after.values is None):
            yield Finding("BRK032", where, f"`{label}` of `{name}` is bounded in another way", name)
        if before.normalize != after.normalize:
            how = f"are made {after.normalize}s" if after.normalize else "are taken as they are"
            yield Finding("BRK032", where, f"values of `{label}` of `{name}` {how}", name)


def _access(old: Events, new: Events) -> Iterator[Finding]:
    name = new.spec.name
    for right, may in _RIGHTS:
        where = place(new.document, "access", right)
        before, after = (set(getattr(log.spec.access, right)) for log in (old, new))
        if withdrawn := sorted(before - after):
            yield Finding("BRK006", where, f"{listed(withdrawn)} may no longer {may} `{name}`", name)
        if granted := sorted(after - before):
            yield Finding("BRK007", where, f"{listed(granted)} may {may} `{name}`", name)
