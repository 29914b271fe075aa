"""Runs on a live server what is to run on a schedule, and asks whether all is well."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pgspec.runtime import VERIFICATION
from pgspec.schedules import Job
from pgspec.sql import QName, qname
from pgspec.writes import ExerciseError


def run_jobs(connection: Any, found: Iterable[Job]) -> str:
    """Each job once, as the scheduler runs it, but those that go on for a time end at once; their commands."""
    names = []
    for job in found:
        connection.execute(job.once)
        names.append(job.command)
    return ", ".join(names)


def check(connection: Any, runtime_schema: str) -> str:
    """Every check of ``verify_migration_success()``; how many there are.  ExerciseError names those that fail.

    What was recorded so far is no traffic, so it does not count how many events came with an id of their request.
    """
    query = f"SELECT name, ok, detail FROM {qname(QName(runtime_schema, VERIFICATION))}()"
    query += " WHERE NOT starts_with(name, 'request ids of ')"
    rows = connection.execute(query).fetchall()
    failed = [f"{name}: {detail}" for name, ok, detail in rows if not ok]
    if failed:
        raise ExerciseError("\n".join(failed))
    return f"{len(rows)} checks are ok"
