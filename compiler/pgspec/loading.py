"""What `pgspec load` does: a load test run against a live database."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click
import pydantic

from pgspec.kinds.base import Interval
from pgspec.load_report import judged, render
from pgspec.load_run import LoadError, Run, session_of
from pgspec.load_tests import Load, LoadEntry
from pgspec.opening import without_errors
from pgspec.queries import nearest
from pgspec.scratch import Missing, ScratchError, find_pgbench
from pgspec.terminal import fail, painter

_STOPPED = 128 + signal.SIGTERM


def run_load_test(
    root: Path, name: str, database: str, clients: int | None, duration: str | None, form: str, *, read_only: bool
) -> int:
    """Run the load test ``name`` and print what it found; 0 when every threshold is kept to, else 1.

    Misuse, and a database or a pgbench that cannot be used, end the program with 2.
    """
    result = without_errors(root)
    assert result.program is not None
    loads = {load.spec.name: load for load in result.program.loads}
    if name not in loads:
        known = f"load tests: {', '.join(loads)}" if loads else "write a spec of `kind: load_test`"
        fail(f"there is no load test `{name}`", nearest(name, loads) or known)
    project, load = result.program.project, loads[name]
    seconds = _seconds(duration) if duration else load.spec.duration.seconds
    entries = [entry for entry in load.entries if not (read_only and entry.writes)]
    if not entries:
        fail(f"every entry of `{name}` writes", "run it without --read-only, on a database that may be written to")
    program = find_pgbench()
    if isinstance(program, Missing):
        fail(program.message, program.help)
    try:
        session = session_of(load, project, database, read_only=read_only)
        run = Run(project, load, entries, session, program, clients or load.spec.clients, seconds)
        _announce(run, load)
        with _stopped_in_order(), _progress(run) as progress:
            outcome = run.measure(progress)
    except ScratchError as error:
        fail(error.message, error.help)
    except LoadError as error:
        click.echo(f"{painter(sys.stderr)('failed', 'error')}: {error}", err=True)
        return 1
    report = judged(load, outcome, run.clients, seconds)
    click.echo(render(form, report, painter(sys.stdout)), nl=False)
    return 0 if report.ok else 1


def _seconds(duration: str) -> int:
    try:
        found: Any = pydantic.TypeAdapter(Interval).validate_python(duration)
    except pydantic.ValidationError as error:
        fail(f"`--duration {duration}`: {error.errors()[0]['msg']}", "write `--duration 30s`")
    return int(found.seconds)


def _announce(run: Run, load: Load) -> None:
    """What is about to happen to the database, where a person sees it first."""
    left_out = [entry.spec.name for entry in load.entries if entry not in run.entries]
    click.echo(f"{load.spec.name}: {run.clients} clients for {run.seconds} s", err=True)
    for entry in run.entries:
        if entry.writes:
            click.echo(f"  {_writing(entry)}; --read-only leaves it out", err=True)
    if left_out:
        click.echo(f"  left out, since they write: {', '.join(left_out)}", err=True)


def _writing(entry: LoadEntry) -> str:
    return f"{entry.spec.name} changes the database ({entry.writes})"


@contextmanager
def _progress(run: Run) -> Iterator[Any]:
    """A line that is written anew each second, on a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    try:
        yield lambda at, tps: click.echo(f"\r  {at:.0f} of {run.seconds} s, {tps:.0f} tps\033[K", nl=False, err=True)
    finally:
        click.echo("\r\033[K", nl=False, err=True)


@contextmanager
def _stopped_in_order() -> Iterator[None]:
    """SIGTERM ends the program as Ctrl-C does: pgbench first."""

    def stop(*_: object) -> NoReturn:
        raise SystemExit(_STOPPED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
