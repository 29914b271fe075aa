"""What `pgspec test` does: show on a real server that the files do what the specs say.

Base schema, every release and the draft forward, verify, fixtures, refresh; back again, with the catalog compared after
each step; forward once more, on data; back, and schema.sql, which must lead to the same catalog.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pgspec import snapshot
from pgspec.compile import DRAFT, Result
from pgspec.disk import GENERATED
from pgspec.exercises.alerts import exercise_alerts
from pgspec.exercises.audits import ENTRY, AuditExercise
from pgspec.exercises.events import EVENT, EventExercise, unordered, without_days
from pgspec.exercises.exposed import ExposedExercise
from pgspec.exercises.invalidations import Exercise
from pgspec.exercises.loads import exercise_loads
from pgspec.exercises.refreshes import RefreshExercise
from pgspec.exercises.switches import exercise_switches
from pgspec.exercises.upkeep import check, run_jobs
from pgspec.expectations import Matrix
from pgspec.fresh import Report, fresh_database, roles
from pgspec.kinds.base import Name
from pgspec.mutants import survivors
from pgspec.pgsql import parse
from pgspec.runtime.cache import DRAIN, PENDING, QUEUE
from pgspec.schedules import jobs
from pgspec.sources import Sources
from pgspec.sql import QName, commas, ident, literal, qname
from pgspec.views import resolve
from pgspec.writes import ExerciseError, NothingShownError

SCHEMA_FILE = f"{GENERATED}/schema.sql"


class StepError(Exception):
    """A step did not do what it must; ``detail`` says what the server answered, or what differs."""

    def __init__(self, step: str, detail: str) -> None:
        super().__init__(step)
        self.step = step
        self.detail = detail


class ProvesNothingError(StepError):
    """A step could not show anything, so that its success would mean nothing."""


class _DiffersError(Exception):
    """Something is other than it must be; the step that notices it becomes a `StepError`."""


@dataclass(frozen=True, slots=True)
class Migration:
    """A release or the draft: its files as they are on disk or would be."""

    name: str
    migrate: str
    rollback: str
    verify: str


@dataclass(slots=True)
class _Run:
    """A test under way: the connection, and who is told of each step."""

    connection: Any
    report: Report

    @contextmanager
    def step(self, what: str) -> Iterator[list[str]]:
        """One line of the report, with its time in seconds; what goes wrong inside becomes a `StepError`.

        What the body puts into the list is added to the line.
        """
        more: list[str] = []
        import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds

        start = time.perf_counter()
        try:
            yield more
        except psycopg.Error as error:
            self.report(what, time.perf_counter() - start, "failed")
            raise StepError(what, _server_error(error)) from error
        except (_DiffersError, ExerciseError) as error:
            self.report(what, time.perf_counter() - start, "failed")
            raise StepError(what, str(error)) from error
        except NothingShownError as error:
            self.report(what, time.perf_counter() - start, "nothing")
            raise ProvesNothingError(what, f"{error}\nhelp: {error.help}") from error
        self.report(", ".join([what, *more]), time.perf_counter() - start, "ok")

    def run(self, text: str, path: str) -> None:
        """Run a script as plain psql does: each statement by itself, in autocommit."""
        statements, failure = parse(text)
        if failure is not None:
            raise _DiffersError(f"{path}: {failure.message}")
        for statement in statements:
            self.connection.execute(text[statement.start : statement.end])


def migrations(result: Result) -> list[Migration]:
    """The releases in order, then the draft if there is one."""
    found = [
        Migration(r.folder, *(r.files[f"{name}.sql"].decode() for name in ("migrate", "rollback", "verify")))
        for r in result.releases
    ]
    if result.draft.changes:
        texts = [result.files[f"{DRAFT}/{name}.sql"] for name in ("migrate", "rollback", "verify")]
        found.append(Migration("draft", *texts))
    return found


def run(
    result: Result, sources: Sources, major: int | None, database: str | None, report: Report, *, mutate: bool = False
) -> None:
    """Run every step; ``mutate``: try mutants of policies too.

    `StepError` for the first step that fails, `ScratchError` when there is no server to run it on.
    """
    assert result.program is not None
    with fresh_database(major, database, result.program.project.scheduler, report) as connection:
        _cycle(_Run(connection, report), result, sources, mutate=mutate)


def _cycle(run: _Run, result: Result, sources: Sources, *, mutate: bool) -> None:
    assert result.program is not None
    steps = migrations(result)
    with run.step("base schema"):
        _base(run, result, sources)
    seen = [_look(run, result)]
    for step in steps:
        with run.step(f"migrate {step.name}"):
            run.run(step.migrate, f"{step.name}/migrate.sql")
        with run.step(f"verify {step.name}"):
            run.run(step.verify, f"{step.name}/verify.sql")
        seen.append(_look(run, result))
    rows = sum(len(entries) for entries in result.program.project.fixtures.values())
    if rows:
        with run.step(f"fixtures, {rows} rows"):
            _fixtures(run, result)
    _expect(run, result, mutate=mutate)
    _refresh(run, result)
    if any(view.is_watched for view in result.program.views):
        with run.step("refresh what is due") as more:
            more.append(RefreshExercise(run.connection, result.program).run())
    _expose(run, result)
    _invalidate(run, result)
    _audit(run, result)
    exercise_loads(run.step, result.program, run.connection)
    exercise_switches(run.step, run.connection, result.program)
    _record(run, result)
    _alert(run, result)
    _keep(run, result, steps)
    _operate(run, result)
    _keep_logs(run, result, steps)
    for step, before in zip(reversed(steps), reversed(seen[:-1]), strict=True):
        with run.step(f"roll back {step.name}"):
            run.run(step.rollback, f"{step.name}/rollback.sql")
            _same(before, _look(run, result), f"the rollback of {step.name} leaves the catalog other than it was")
    for step in steps:
        with run.step(f"migrate {step.name} again, on data"):
            run.run(step.migrate, f"{step.name}/migrate.sql")
            run.run(step.verify, f"{step.name}/verify.sql")
    with run.step("the same catalog as the first time"):
        _same(seen[-1], _look(run, result), "migrating again leads to another catalog")
    _refresh(run, result)
    with run.step("schema.sql leads to the same catalog"):
        for step in reversed(steps):
            run.run(step.rollback, f"{step.name}/rollback.sql")
        run.run(result.files.get(SCHEMA_FILE, ""), SCHEMA_FILE)
        _same(seen[-1], _look(run, result), "schema.sql and the migrations lead to different catalogs")


def _base(run: _Run, result: Result, sources: Sources) -> None:
    assert result.program is not None
    here = roles(run.connection)
    for role in result.program.roles:  # the platform's roles: there before the schema, unless the schema makes them
        if role not in here and role not in result.program.catalog.roles:
            run.connection.execute(f"CREATE ROLE {ident(role)}")
    run.connection.execute(f"SET search_path = {commas(ident(n) for n in result.program.project.search_path)}")
    for path in (path for path in sources.schema if path in sources.sql):
        run.run(_without_psql(sources.sql[path].decode("utf-8-sig")), path)
    run.connection.execute("RESET ALL")
    if result.program.project.scheduler == "pg_cron":
        run.connection.execute("CREATE EXTENSION IF NOT EXISTS pg_cron")


def _without_psql(text: str) -> str:
    """The script without the lines that only psql understands, as pg_dump writes them."""
    return "\n".join("" if line.startswith("\\") else line for line in text.split("\n"))


def _fixtures(run: _Run, result: Result) -> None:
    """Insert the fixtures; PostgreSQL's own conversion from JSON gives each value its column's type."""
    assert result.program is not None
    project, logs = result.program.project, {audit.table for audit in result.program.audits}
    tables = []
    for table, entries in project.fixtures.items():
        schema, _, name = table.rpartition(".")
        known = result.program.catalog.relation(schema or None, name)
        tables.append((known.name if known else resolve(Name(schema or None, name), project), entries))
    with run.connection.transaction():
        # Those of audit logs come first: the others are logged, and must not get their numbers.
        for place, entries in sorted(tables, key=lambda item: item[0] not in logs):
            target = qname(place)
            for row in entries.values():
                columns = commas(ident(column) for column in row)
                values = json.dumps(row, default=str)
                record = f"pg_catalog.jsonb_populate_record(NULL::{target}, {literal(values)}::jsonb)"
                run.connection.execute(
                    f"INSERT INTO {target} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {record}"
                )
            if place in logs:
                last, sequence = f"SELECT max(id) FROM {target}", f"pg_get_serial_sequence({literal(target)}, 'id')"
                run.connection.execute(f"SELECT pg_catalog.setval(pg_catalog.{sequence}, greatest(({last}), 1))")


def _expect(run: _Run, result: Result, *, mutate: bool) -> None:
    """Each expectation as the role that it is about."""
    assert result.program is not None
    for guarded in result.program.guarded:
        if guarded.spec.expect:
            with run.step(f"expectations of {guarded.spec.table}") as more:
                more.append(str(Matrix(run.connection, result.program, guarded).run()))
        if guarded.spec.expect and mutate:
            with run.step(f"mutants of {guarded.spec.table}") as more:
                number, left = Matrix(run.connection, result.program, guarded).surviving()
                more.append(f"{number - len(left)} of {number} are noticed by an expectation")
                if left:
                    more.append(f"surviving: {survivors(left)}")


def _refresh(run: _Run, result: Result) -> None:
    assert result.program is not None
    for view in result.program.views:
        how = "CONCURRENTLY " if view.spec.refresh.concurrently else ""
        with run.step(f"refresh {how.lower()}{view.name}") as more:
            timeout = view.spec.refresh.timeout
            if timeout is not None:
                run.connection.execute(f"SET statement_timeout = '{timeout.seconds}s'")
            run.connection.execute(f"REFRESH MATERIALIZED VIEW {how}{qname(view.name)}")
            run.connection.execute("RESET statement_timeout")
            rows = run.connection.execute(f"SELECT count(*) FROM {qname(view.name)}").fetchone()[0]
            more.append("1 row" if rows == 1 else f"{rows} rows")


def _expose(run: _Run, result: Result) -> None:
    """Each exposed view as the personas read it."""
    assert result.program is not None
    for view in result.program.views:
        if view.exposed is not None:
            with run.step(f"exposed view {view.exposed.name}") as more:
                more.append(ExposedExercise(run.connection, result.program.project, view, view.exposed).run())


def _invalidate(run: _Run, result: Result) -> None:
    """Each invalidation against writes that must enqueue its tags, and writes that must not."""
    assert result.program is not None
    program = result.program
    queue = QName(program.project.runtime_schema, QUEUE)
    for mapping in program.mappings:
        sharing = [other for other in program.mappings if other.table == mapping.table]
        with run.step(f"invalidation {mapping.spec.name}") as more:
            tally = Exercise(run.connection, program.catalog, queue, mapping, sharing).run()
            more.append(str(tally))


def _keep(run: _Run, result: Result, steps: list[Migration]) -> None:
    """No rollback loses what is pending; then drain it, so that the rollbacks that follow have nothing to lose."""
    import psycopg  # noqa: PLC0415 - see `_Run.step`

    assert result.program is not None
    if not result.program.mappings:
        return
    queue = qname(QName(result.program.project.runtime_schema, QUEUE))
    drain = qname(QName(result.program.project.runtime_schema, DRAIN))

    def pending() -> int:
        return int(run.connection.execute(f"SELECT count(*) FROM {queue} WHERE {PENDING}").fetchone()[0])

    number = pending()
    installs = next((s for s in steps if f"CREATE TABLE {queue} (" in s.migrate), None)
    if number and installs is steps[-1]:
        with run.step(f"the rollback refuses to lose {number} pending invalidation{'' if number == 1 else 's'}"):
            try:
                run.run(installs.rollback, f"{installs.name}/rollback.sql")
            except psycopg.errors.RaiseException:
                run.connection.execute("RESET statement_timeout")
            else:
                raise _DiffersError("the queue was dropped with what was pending in it")
    with run.step(f"drain {number} pending") as more:
        run.connection.execute(f"SELECT {drain}()")
        if left := pending():
            raise _DiffersError(f"{left} are left")
        more.append("the queue is empty")


def _operate(run: _Run, result: Result) -> None:
    """What runs on a schedule, and what asks whether all is well."""
    assert result.program is not None
    project = result.program.project
    found = jobs(project, result.after.values())
    if found:
        with run.step(f"{len(found)} job{'' if len(found) == 1 else 's'}") as more:
            more.append(run_jobs(run.connection, found))
    if result.after:
        with run.step("verify_migration_success") as more:
            more.append(check(run.connection, project.runtime_schema))


def _audit(run: _Run, result: Result) -> None:
    """Each audit log against writes that must be logged, and writes that must not."""
    assert result.program is not None
    for audit in result.program.audits:
        with run.step(f"audit log {audit.spec.name}") as more:
            tally = AuditExercise(run.connection, result.program.catalog, result.program.project, audit).run()
            more.append(str(tally))


def _alert(run: _Run, result: Result) -> None:
    """Every alert as a service role reads it."""
    assert result.program is not None
    if result.program.alerts:
        with run.step("alerts") as more:
            more.append(exercise_alerts(run.connection, result.program.project, result.program.alerts))


def _record(run: _Run, result: Result) -> None:
    """Each event log as those who record in it find it."""
    assert result.program is not None
    for log in result.program.event_logs:
        with run.step(f"event log {log.spec.name}") as more:
            more.append(EventExercise(run.connection, result.program.project, log).run())


def _keep_logs(run: _Run, result: Result, steps: list[Migration]) -> None:
    """No rollback loses what is logged, until it is told to; the rollbacks that follow are told."""
    import psycopg  # noqa: PLC0415 - see `_Run.step`

    assert result.program is not None
    kept = [(audit.table, ENTRY) for audit in result.program.audits]
    kept += [(log.name, EVENT) for log in result.program.event_logs]
    for table, entry in kept:
        log = qname(table)
        if steps and f"CREATE TABLE {log} (" in steps[-1].migrate:
            with run.step(f"the rollback refuses to lose what is in {log}"), run.connection.transaction() as undone:
                for other, _ in kept:  # the first that is not empty refuses for all
                    run.connection.execute(f"ALTER TABLE {qname(other)} DISABLE TRIGGER USER")
                    run.connection.execute(f"TRUNCATE {qname(other)}")
                run.connection.execute(entry.format(log=log))
                try:
                    with run.connection.transaction():
                        run.run(steps[-1].rollback, f"{steps[-1].name}/rollback.sql")
                except psycopg.errors.RaiseException as error:
                    if f" in {log} would be lost" not in str(error):
                        raise
                else:
                    raise _DiffersError(f"{log} was dropped with what was in it")
                raise psycopg.Rollback(undone)
    if kept:
        run.connection.execute("SET pgspec.allow_data_loss = on")


def _look(run: _Run, result: Result) -> dict[str, str]:
    assert result.program is not None
    logs = result.program.event_logs
    return without_days(unordered(snapshot.snapshot(run.connection), logs), logs)


def _same(before: dict[str, str], after: dict[str, str], problem: str) -> None:
    lines = snapshot.diff(before, after)
    if lines:
        raise _DiffersError("\n".join([problem, *lines]))


def _server_error(error: Any) -> str:
    info = error.diag
    lines = [f"{info.severity or 'ERROR'}: {info.message_primary or error}"]
    for name, value in (("DETAIL", info.message_detail), ("HINT", info.message_hint), ("CONTEXT", info.context)):
        if value:
            lines.append(f"{name}: {value}")
    return "\n".join(lines)
