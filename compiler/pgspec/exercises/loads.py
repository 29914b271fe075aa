"""What `pgspec test` does with load tests: each statement is run for a moment, by two sessions at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from pgspec.kinds import Project
from pgspec.load_run import LoadError, Outcome, Run, session_of
from pgspec.load_tests import Load
from pgspec.program import Program
from pgspec.scratch import Missing, find_pgbench
from pgspec.writes import ExerciseError, NothingShownError

_CLIENTS = 2


def exercise_loads(step: Callable[[str], AbstractContextManager[list[str]]], program: Program, connection: Any) -> None:
    """Each load test is a step of its own, which reports how many transactions there were."""
    for load in program.loads:
        with step(f"load test {load.spec.name}") as more:
            more.append(exercise_load(load, program.project, connection))


def exercise_load(load: Load, project: Project, connection: Any) -> str:
    """Run every entry, all as often, on the database of ``connection``; thresholds are not applied, but nothing may
    fail.  What was run, as words for the report."""
    program = find_pgbench()
    if isinstance(program, Missing):
        raise NothingShownError(program.message, program.help)
    session = session_of(load, project, _conninfo(connection))
    entries = [replace(entry, spec=entry.spec.model_copy(update={"weight": 1})) for entry in load.entries]
    left, count = entries, 0
    while left:  # one that is slow keeps others from being chosen
        try:
            run = Run(project, load, left, session, program, _CLIENTS, 1, missing_as_null=True)
            outcome = run.measure()
        except LoadError as error:
            raise ExerciseError(str(error)) from error
        _check(outcome)
        done = {entry.name for entry in outcome.entries if entry.latencies}
        count += sum(len(entry.latencies) for entry in outcome.entries)
        if not done:
            raise ExerciseError("no transaction ends")
        left = [entry for entry in left if entry.spec.name not in done]
    return f"{count} transactions"


def _check(outcome: Outcome) -> None:
    if outcome.said:
        raise ExerciseError("\n".join(outcome.said))
    for entry in outcome.entries:
        if entry.failed:
            raise ExerciseError(f"{entry.failed} transactions of `{entry.name}` cannot be serialized, or deadlock")


def _conninfo(connection: Any) -> str:
    """How to connect once more."""
    import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds

    info = connection.info
    given = {**info.get_parameters(), **({"password": info.password} if info.password else {})}
    return psycopg.conninfo.make_conninfo(**given)
