"""The deployment checklist of a project: what to do before, during and after, and if it fails, with every command."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pgspec.decide import written
from pgspec.disk import GENERATED
from pgspec.kinds import Persona, Project
from pgspec.objects import Key
from pgspec.operations.crontab import CRONTAB
from pgspec.policies import PUBLIC
from pgspec.program import Program
from pgspec.runtime import VERIFICATION
from pgspec.runtime.cache import DRAIN, QUEUE
from pgspec.schedules import Job
from pgspec.sql import QName, Sql, commas, ident, literal, qname
from pgspec.state import State
from pgspec.values import claims_text

CHECKLIST = "CHECKLIST.md"


def checklist_files(program: Program, state: State, folder: str, found: Sequence[Job]) -> Mapping[str, str]:
    """The checklist by path under generated/, for the deployment of what is in ``folder`` there, a release or the
    draft; none when there is nothing to deploy."""
    if not state:
        return {}
    here = _Checklist(program, state, f"{GENERATED}/{folder}", found)
    parts = [
        (f"# Deploying {program.project.name}: {here.folder}", here.head()),
        ("## Before", here.before()),
        ("## During", here.during()),
        ("## After", here.after()),
        ("## If it fails", here.if_it_fails()),
    ]
    return {CHECKLIST: "\n".join(f"{title}\n\n{''.join(text).rstrip()}\n" for title, text in parts)}


def _step(text: str, *code: str) -> str:
    """An item to tick off, and the commands or queries that it needs."""
    blocks = "".join(f"\n  ```{_language(block)}\n{_indented(block)}\n  ```\n" for block in code)
    return f"- [ ] {text}\n{blocks}\n" if blocks else f"- [ ] {text}\n"


def _language(block: str) -> str:
    return "sh" if block.startswith(("pgspec ", "psql ", "pg_dump ")) else "sql"


def _indented(block: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in block.split("\n"))


class _Checklist:
    def __init__(self, program: Program, state: State, folder: str, found: Sequence[Job]) -> None:
        self.program, self.project, self.state, self.folder, self.jobs = program, program.project, state, folder, found

    def _named(self, name: str) -> Sql:
        return qname(QName(self.project.runtime_schema, name))

    def _has(self, kind: str, name: str) -> bool:
        return Key(kind, self._named(name)) in self.state

    def _psql(self, name: str) -> str:
        return f'psql -X -v ON_ERROR_STOP=1 -f {shlex.quote(f"{self.folder}/{name}")} "$DATABASE"'

    def head(self) -> Iterator[str]:
        """Who does it."""
        yield (
            "pgspec prints this from the specs. Commands run in the folder of the project; `DATABASE` is the URL of the"
            "\ndatabase, for the role that migrates: what is made belongs to it. Queries run in that database too.\n"
        )

    def before(self) -> Iterator[str]:
        """What must hold before anything is changed."""
        yield _step(
            "What is deployed is what the specs say, and was tried on a server.", "pgspec build --check\npgspec test"
        )
        yield _step(f"`{self.folder}/plan.md` is read: what changes, under which locks, at what risk.")
        yield _step("`pgspec breaking --against` the commit that is deployed now is read: who loses what.")
        yield _step('Nothing was changed by hand since: `pgspec drift --database "$DATABASE"`.')
        if self.project.scheduler == "pg_cron":
            query = "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'pg_cron';"
            yield _step("The extension pg_cron is in this database: one row.", query)
        if tables := self._owned():
            yield _step(
                "The role that migrates owns the tables that get policies or triggers: no row.",
                f"SELECT c.oid::regclass AS table, pg_get_userbyid(c.relowner) AS owner, current_user AS migrates\n"
                f"FROM pg_class AS c\nWHERE c.oid = ANY (ARRAY[{tables}]::regclass[])\n"
                f"  AND NOT pg_has_role(current_user, c.relowner, 'USAGE');",
            )
        yield _step(
            "Nobody holds locks for long: no row. The migration waits at most "
            f"{self.project.migration.lock_timeout} for each of its own.",
            "SELECT pid, usename, state, now() - xact_start AS open_for, left(query, 60) AS query\n"
            "FROM pg_stat_activity\nWHERE datname = current_database() AND pid <> pg_backend_pid()\n"
            "  AND xact_start < now() - interval '1 minute'\nORDER BY xact_start;",
        )
        if self.program.views:
            yield _step(
                "There is room: a view that plan.md builds anew takes its size once more, and its query sorts what it "
                "reads.",
                "SELECT n.name, pg_size_pretty(pg_total_relation_size(to_regclass(n.name))) AS size\n"
                f"FROM unnest(ARRAY[{self._sizes()}]) AS n (name)\n"
                "ORDER BY pg_total_relation_size(to_regclass(n.name)) DESC NULLS LAST;",
            )
        yield _step(
            "A backup is recent, and the schema is kept as it is now.",
            'pg_dump --schema-only --file before.sql "$DATABASE"',
        )

    def _owned(self) -> Sql:
        """The tables of others on which there will be policies or triggers."""
        ours = {key.name for key in self.state if key.type == "table"}
        named = {qname(QName(*item.definition["table"])) for item in self.state.values() if item.key.type in _ON_TABLES}
        return commas(literal(name) for name in sorted(named - ours))

    def _sizes(self) -> Sql:
        names = {view.name for view in self.program.views} | {name for v in self.program.views for name in v.reads}
        return commas(literal(qname(name)) for name in sorted(names))

    def during(self) -> Iterator[str]:
        """The one command, and what to watch."""
        timeout = self.project.migration.statement_timeout
        yield _step(f"Migrate: all of it or nothing, in at most {timeout}.", self._psql("migrate.sql"))
        yield _step(
            "Meanwhile, in another session: who waits, and for whom.",
            "SELECT w.pid, left(w.query, 40) AS waits, now() - w.query_start AS since,\n"
            "  b.pid AS for_pid, b.state, left(b.query, 40) AS query\nFROM pg_stat_activity AS w\n"
            "JOIN pg_stat_activity AS b ON b.pid = ANY (pg_blocking_pids(w.pid))\n"
            "WHERE w.datname = current_database();",
        )

    def after(self) -> Iterator[str]:
        """That all is well."""
        tried = " It also tries what each persona gets, on rows that it takes back." if self._is_tried() else ""
        yield _step(f"Verify; the last notice counts the checks.{tried}", self._psql("verify.sql"))
        if self.jobs:
            once = "\n".join(f"{job.once};" for job in self.jobs)
            yield _step("What will run again and again is run once: the first refresh, what is in the queue.", once)
        yield _step("All works: no row.", f"SELECT * FROM {self._named(VERIFICATION)}() WHERE NOT ok;")
        yield from self._scheduled()
        if self._has("view", "mv_refresh_health"):
            query = f"SELECT view_name, staleness, failures, last_error FROM {self._named('mv_refresh_health')};"
            yield _step("The views are refreshed: their staleness falls, and nothing fails.", query)
        if self._has("table", QUEUE):
            query = f"SELECT pending, due, dead, greatest_age FROM {self._named('cache_invalidation_health')};"
            yield _step("The queue drains: `due` goes back to zero, `dead` is zero.", query)
        if self._has("view", "event_log_health"):
            yield _step("Events are recorded.", f"SELECT * FROM {self._named('event_log_health')};")
        if self._has("view", "pgspec_alerts"):
            columns = "name, severity, value, threshold, detail, runbook"
            query = f"SELECT {columns} FROM {self._named('pgspec_alerts')} WHERE firing;"
            yield _step("Nothing fires.", query)
        yield from self._personas()

    def _is_tried(self) -> bool:
        return any(key.type == "expectations" for key in self.state)

    def _scheduled(self) -> Iterator[str]:
        if not self.jobs:
            return
        if self.project.scheduler == "pg_cron":
            names = commas(literal(job.name) for job in self.jobs)
            query = f"SELECT jobname, schedule, active FROM cron.job WHERE jobname IN ({names});"
            yield _step(f"What runs again and again is scheduled: {len(self.jobs)} rows, all active.", query)
        else:
            yield _step(f"The lines of `{GENERATED}/{CRONTAB}` are in a crontab, and have run once.")

    def _personas(self) -> Iterator[str]:
        """For each persona a count of what it may read."""
        blocks = []
        for name, persona in self.project.personas.items():
            if persona.role != PUBLIC and (tables := list(self._readable(name))):
                blocks.append(_counts(name, persona, tables, self.project))
        if blocks:
            yield _step("Each persona reads as much as it should.", "\n\n".join(blocks))

    def _readable(self, name: str) -> Iterator[QName]:
        """The guarded tables from which a persona may select."""
        for guarded in self.program.guarded:
            for command, persona, _, cell in written(guarded, self.project):
                readable = isinstance(cell, list) or cell in ("all", "ok", "none")
                if command == "select" and persona == name and readable and guarded.table is not None:
                    yield guarded.face or guarded.table.name

    def if_it_fails(self) -> Iterator[str]:
        """The ways back."""
        yield _step(
            "An error, also `canceling statement due to lock timeout`, leaves everything as it was: end what is in the "
            "way, or\n  wait for a quieter moment, and run it again."
        )
        kept = "".join(self._kept()).rstrip()
        text = (
            f"Back to where it was. It refuses to lose what cannot be made again:\n{kept}"
            if kept
            else "Back to where it was."
        )
        yield _step(text, self._psql("rollback.sql"))
        if any(key.type == "table" and key.name.endswith(".thrown_switches") for key in self.state):
            yield _step(
                "To switch one part off and leave the rest: the files in `generated/runbook/` say what each does."
            )

    def _kept(self) -> Iterator[str]:
        """The tables that a rollback does not drop while they hold rows that matter, and what to do first."""
        tables = [(key, item.definition.get("keep")) for key, item in sorted(self.state.items()) if key.type == "table"]
        kept = [(key.name, keep["what"]) for key, keep in tables if keep]
        for name, what in kept:
            first = f"SELECT {self._named(DRAIN)}()" if name == self._named(QUEUE) else f"COPY (TABLE {name}) TO STDOUT"
            yield f"  - `{name}`: {what} (`{first}` first)\n"
        if kept:
            yield "  - or accept the loss: put `-c 'SET pgspec.allow_data_loss = on'` before `-f`\n"


_ON_TABLES = ("trigger", "row_security", "policy", "rights")


def _counts(name: str, persona: Persona, tables: Iterable[QName], project: Project) -> str:
    """A transaction that counts as a persona, and ends without a trace."""
    counts = commas(
        Sql(f"(SELECT count(*) FROM {qname(table)}) AS {ident(table.name)}") for table in dict.fromkeys(tables)
    )
    claims = f"set_config({literal(project.session.claims)}, {literal(claims_text(persona.claims))}, true)"
    return (
        f"BEGIN; -- {name}\nSELECT {claims}, set_config('role', {literal(persona.role)}, true);\n"
        f"SELECT {counts};\nROLLBACK;"
    )
