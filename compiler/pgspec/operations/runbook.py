"""generated/runbook: for each switch a psql script that throws it, and one that puts it back."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pgspec import render
from pgspec.program import Program
from pgspec.runtime.refresh import LOG as REFRESH_LOG
from pgspec.runtime.refresh import NAMESPACE as REFRESH_LOCKS
from pgspec.runtime.switches import HISTORY, LEFT, RESET, THROW
from pgspec.sql import QName, Sql, dollar, literal, qname, remark
from pgspec.switches import Hardening, hardenings, switch_names

FOLDER = "runbook"


def runbook(program: Program) -> Mapping[str, str]:
    """The scripts by path under generated/."""
    return {f"{FOLDER}/{file}.sql": text for file, text in _scripts(program)}


def _scripts(program: Program) -> Iterator[tuple[str, str]]:
    """The name of each script, and the script."""
    closing = hardenings(program)
    known = {item.name for item in closing}
    for name in (name for name in switch_names(program) if name not in known):
        yield from _pair(program, name, (f"{name}_off", f"{name}_on"), f"{name} off", f"{name} on")
    for item, file in zip(closing, file_names(closing), strict=True):
        about = qname(item.about)
        titles = f"deny {about} to the API roles", f"give {about} back to the API roles"
        yield from _pair(program, item.name, ("harden", "relax"), *titles, tail=f"_{file}")


def _pair(
    program: Program, switch: str, templates: tuple[str, str], thrown: str, reset: str, tail: str = ""
) -> Iterator[tuple[str, str]]:
    for this, other, title, function in ((*templates, thrown, THROW), (*templates[::-1], reset, RESET)):
        yield f"{this}{tail}", _printed(program, switch, (this, other, tail), title, function)


def _printed(program: Program, switch: str, files: tuple[str, str, str], title: str, function: str) -> Sql:
    """One script.  ``files``: its template, that of the one which undoes it, and how the names of both end."""
    project, (this, other, tail) = program.project, files
    call = f"psql -X -v ON_ERROR_STOP=1 -v why='INC-123: ...' -d DATABASE -f generated/{FOLDER}/{this}{tail}.sql"
    name = literal(switch)
    left = qname(QName(project.runtime_schema, LEFT))
    values = {
        "title": remark(f"pgspec {project.name}, switch: {title}"),
        "usage": remark(f"Run: {call}"),
        "undo": remark(f"Undo: generated/{FOLDER}/{other}{tail}.sql"),
        "lock_timeout": literal(f"{project.migration.lock_timeout.seconds}s"),
        "function": qname(QName(project.runtime_schema, function)),
        "history": qname(QName(project.runtime_schema, HISTORY)),
        "switch": name,
        "refresh_log": qname(QName(project.runtime_schema, REFRESH_LOG)),
        "refresh_namespace": literal(REFRESH_LOCKS),
        "check": dollar(render.whole("runbook/harden_check.sql.j2", {"left": left, "switch": name})),
    }
    return render.whole(f"runbook/{this}.sql.j2", values)


def file_names(items: Sequence[Hardening]) -> list[str]:
    """A name for each that every file system takes and no other has."""
    written = [f"{item.about.schema}_{item.about.name}" for item in items]
    plain = [re.sub(r"[^a-z0-9_]", "_", name)[:100] for name in written]
    number = Counter(plain)
    tails = [hashlib.sha256(repr(tuple(item.about)).encode()).hexdigest()[:8] for item in items]
    return [
        name if name == text and number[name] == 1 else f"{name}_{tail}"
        for name, text, tail in zip(plain, written, tails, strict=True)
    ]
