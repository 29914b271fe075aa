"""Writes that show on a live server what an audit log records: those that must be logged, exactly, and those that must
not; and that nobody changes what is logged.

What must be logged is worked out from the row before and after the write, by plain queries that know nothing of the
trigger functions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pgspec.audit_triggers import audit_trigger_name, holds_json_text
from pgspec.audits import Audit, AuditedTable
from pgspec.catalog import Catalog
from pgspec.kinds import Persona, Project
from pgspec.sql import Sql, commas, ident, qname
from pgspec.triggers import EVENTS
from pgspec.values import claims_text
from pgspec.writes import ExerciseError, NothingShownError, Writes

ENTRY = (
    "INSERT INTO {log} (table_schema, table_name, event, source, db_role, session_role, txid)"
    " VALUES ('', '', 'TRUNCATE', 'database', '', '', 0)"
)
"""An entry of a log, for showing what may happen to one."""

_REFUSED = "42501"
_READER = "pgspec_audit_reader"

_Image = dict[str, str | None]


@dataclass(slots=True)
class AuditTally:
    """How many writes were logged, how many rightly not, and which columns no write could change."""

    logged: int = 0
    silent: int = 0
    untried: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        text = f"{self.logged} writes are logged, {self.silent} are not"
        return f"{text}, not tried: {', '.join(self.untried)}" if self.untried else text


@dataclass(frozen=True, slots=True)
class AuditExercise:
    """One audit log, on a connection in autocommit whose role owns everything."""

    connection: Any
    catalog: Catalog
    project: Project
    audit: Audit

    def run(self) -> AuditTally:
        """Try every event and column of every table.  `ExerciseError` when a write logs other entries than it must, or
        the log can be changed; `NothingShownError` when there is no row to try it on."""
        tally = AuditTally()
        with self._session():
            for table in self.audit.tables:
                _Table(self, table, tally).run()
        if not tally.logged:
            help_ = "log an event, or a column that can be changed"
            raise NothingShownError(f"no write shows what `{self.audit.spec.name}` does", help_)
        self._append_only()
        self._viewer()
        return tally

    @contextmanager
    def _session(self) -> Iterator[None]:
        """A session like that of a request, spelling values as the log does."""
        claims: dict[str, Any] = {}
        for word, path in (self.audit.claims or {}).items():
            inner = claims
            for part in path[:-1]:
                inner = inner.setdefault(part, {})
                if not isinstance(inner, dict):
                    raise NothingShownError(f"a claim cannot be inside another: `{word}`", "name one of the two")
            inner[path[-1]] = f"the claim {word}"
        settings = {
            self.project.session.claims: json.dumps(claims),
            "request.headers": '{"x-request-id": "pgspec test"}',
            "timezone": "UTC",
            "datestyle": "ISO, MDY",
            "intervalstyle": "postgres",
            "extra_float_digits": "1",
            "bytea_output": "hex",
        }
        with self.connection.transaction(force_rollback=True):
            for name, value in settings.items():
                self.connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", [name, value])
            yield

    def _append_only(self) -> None:
        """UPDATE, DELETE and TRUNCATE are refused to the service roles, to a role that was given the right, to us: on
        the table, and through the view."""
        table, view = qname(self.audit.table), qname(self.audit.name)
        statements = [
            statement
            for log in (table, view)
            for statement in (f"UPDATE {log} SET event = event", f"DELETE FROM {log}", f"TRUNCATE {log}")
            if statement != f"TRUNCATE {view}"  # which no view can be
        ]
        with self.connection.transaction(force_rollback=True):
            run = self.connection.execute
            run(f"CREATE ROLE {_READER}")
            run(f"GRANT ALL ON {table}, {view} TO {_READER}")
            schemas = commas(ident(name) for name in {self.audit.name.schema, self.audit.table.schema})
            run(f"GRANT USAGE ON SCHEMA {schemas} TO {_READER}")
            for role in (None, _READER, *self.project.roles.service):
                for statement in statements:
                    self._refused(role, statement)

    def _viewer(self) -> None:
        """Who meets the condition reads the viewer, all of it unless a policy narrows it; everybody else gets an error,
        whatever is asked and whatever is in the log."""
        viewer = self.audit.viewer
        if viewer is None:
            return
        name, table = qname(viewer.name), qname(self.audit.table)
        bare = [(role, Persona(role=role)) for role in viewer.to]
        narrowed = "SELECT EXISTS (SELECT FROM pg_policy WHERE polrelid = %s::regclass AND NOT polpermissive)"
        whole = not self.connection.execute(narrowed, [table]).fetchone()[0]
        written = [(n, p) for n, p in self.project.personas.items() if p.role in viewer.to]
        for who, persona in [*bare, *written]:
            for empty in (False, True):
                with self.connection.transaction(force_rollback=True):
                    self.connection.execute("SET LOCAL session_replication_role = replica")
                    self.connection.execute(f"DELETE FROM {table}")
                    self.connection.execute("SET LOCAL session_replication_role = origin")
                    if not empty:
                        self.connection.execute(ENTRY.format(log=table))
                    self._become(persona)
                    meets = self._meets(viewer.condition)
                    for where in ("", " LIMIT 1", " WHERE id = -5"):
                        query = f"SELECT id FROM {name}{where}"
                        seen = self._seen(query, who, meets=meets)
                        if meets and whole and seen != (0 if empty or "-5" in where else 1):
                            raise ExerciseError(f"{query}\nshows {seen} entries to {who}, who meets `require`")

    def _become(self, persona: Persona) -> None:
        settings = "SELECT pg_catalog.set_config(%s, %s, true), pg_catalog.set_config('role', %s, true)"
        self.connection.execute(settings, [self.project.session.claims, claims_text(persona.claims), persona.role])

    def _meets(self, condition: str) -> bool:
        """Whether the session meets a condition; what fails does not."""
        import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds

        try:
            with self.connection.transaction():
                return self.connection.execute(f"SELECT (\n{condition}\n) IS TRUE").fetchone()[0] is True
        except psycopg.Error:
            return False

    def _seen(self, query: str, who: str, *, meets: bool) -> int:
        """How many entries a query of the viewer shows."""
        import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds

        try:
            with self.connection.transaction():
                seen = len(self.connection.execute(query).fetchall())
        except psycopg.Error as error:
            if meets or error.sqlstate != _REFUSED or not error.diag.message_hint:
                raise
            return 0
        if not meets:
            raise ExerciseError(f"{query}\nis not refused to {who}, who does not meet `require`")
        return seen

    def _refused(self, role: str | None, statement: str) -> None:
        import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds

        try:
            with self.connection.transaction(force_rollback=True):
                if role is not None:
                    self.connection.execute(f"SET LOCAL ROLE {ident(role)}")
                self.connection.execute(statement)
        except psycopg.Error as error:
            if error.sqlstate != _REFUSED:
                raise
        else:
            raise ExerciseError(f"{statement}\nis not refused to {role or 'the owner'}")


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of a log being written to."""

    exercise: AuditExercise
    table: AuditedTable
    tally: AuditTally

    @property
    def writes(self) -> Writes:
        return Writes(self.exercise.connection, self.exercise.catalog, self.table.relation)

    def run(self) -> None:
        """Every event on a row that is there, on no row, and by roles of each sort."""
        audit = self.exercise.audit
        row = self.writes.row(None, audit.spec.name)
        with self.writes.set_aside([audit_trigger_name(audit.spec.name, event) for event in EVENTS]):
            for event in EVENTS:
                if event == "UPDATE":
                    self._updates(row)
                else:
                    self._try(self.writes.write(event, row), event, row)
                if event in ("INSERT", "DELETE"):
                    self._try(self.writes.write(event, Sql("false")), event, None)
            roles = self.exercise.project.roles
            for role in (*roles.api[:1], *roles.service[:1]):
                for event in ("INSERT", "DELETE"):
                    self._try(self.writes.write(event, row), event, row, role=role)

    def _updates(self, row: Sql) -> None:
        """A change of each column that counts, and of one that does not; and an update that changes nothing."""
        columns = self.table.relation.columns
        counting = dict.fromkeys((*self.table.logged("UPDATE"), *self.table.key))
        for name in counting if "UPDATE" in self.table.events else ():
            if not self._change(name, row):
                self.tally.untried.append(name)
        next((name for name in columns if name not in counting and self._change(name, row)), None)
        plain = next((name for name, column in columns.items() if column.generated is None), None)
        if plain is not None:
            self._try(self.writes.update(plain, ident(plain), row), "UPDATE", row)

    def _change(self, name: str, row: Sql) -> bool:
        """Give a column another value; False when none can be written."""
        values = self.writes.other_values(name) if self.table.relation.columns[name].generated is None else []
        return any(self._try(self.writes.update(name, v, row), "UPDATE", row, must_change=True) for v in values)

    def _try(
        self, write: Sql, event: str, row: Sql | None, *, must_change: bool = False, role: str | None = None
    ) -> bool:
        """Make a write, compare, and undo it.  False when it cannot be made, or does not change the row it should."""
        import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds

        connection, log = self.exercise.connection, qname(self.exercise.audit.table)
        before = self._image(row if event != "INSERT" else None)
        count = connection.execute(f"SELECT count(*) FROM {qname(self.table.relation.name)}").fetchone()[0]
        try:
            with connection.transaction(force_rollback=True):
                last = connection.execute(f"SELECT coalesce(max(id), 0) FROM {log}").fetchone()[0]
                if role is not None:
                    self._become(role)
                new = self.writes.written(write, event)
                connection.execute("RESET ROLE")
                after = self._image(new)
                found = self._entries(last)
                expected = [self._expected(event, before, after, count, role)]
        except psycopg.Error as error:
            if "PL/pgSQL function" in (error.diag.context or ""):  # the write is refused by what watches it
                raise ExerciseError(f"{write}\nfails: {error}\n{error.diag.context}") from error
            return False
        if must_change and before == after:
            return False
        rows = before is not None or after is not None or event == "TRUNCATE"
        if event not in self.table.events or not rows or (event == "UPDATE" and not self._counts(before, after)):
            expected = []
        if event == "TRUNCATE" and len(found) > 1:  # one entry for each partition that had rows
            total = sum(int(entry["truncated_rows"]) for entry in found)
            found = [{**found[0], "truncated_rows": total}]
        if found != expected:
            raise ExerciseError(_difference(write, expected, found))
        self.tally.logged += bool(expected)
        self.tally.silent += not expected
        return True

    def _become(self, role: str) -> None:
        """A role with every right on the table, and none on the log."""
        name, run = qname(self.table.relation.name), self.exercise.connection.execute
        run(f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY")
        run(f"GRANT ALL ON {name} TO {ident(role)}")
        run(f"GRANT USAGE ON SCHEMA {ident(self.table.relation.name.schema)} TO {ident(role)}")
        run(f"SET LOCAL ROLE {ident(role)}")

    def _counts(self, before: _Image | None, after: _Image | None) -> bool:
        if before is None or after is None:
            return True
        return any(before[name] != after[name] for name in (*self.table.logged("UPDATE"), *self.table.key))

    def _image(self, row: Sql | None) -> _Image | None:
        """A row as JSON, column by column."""
        if row is None:
            return None
        alias, names = ident(self.table.relation.name.name), self.table.columns
        texts = []
        for name in names:
            value = Sql(f"{alias}.{ident(name)}")
            if holds_json_text(name, self.table, self.exercise.catalog):
                value = Sql(f"{value}::text")
            texts.append(Sql(f"coalesce(to_jsonb({value})::text, 'null')"))
        text = f"SELECT {commas(texts)} FROM {qname(self.table.relation.name)} AS {alias} WHERE {row}"
        found = self.exercise.connection.execute(text).fetchone()
        return None if found is None else dict(zip(names, found, strict=True))

    def _entries(self, last: int) -> list[dict[str, Any]]:
        """What was logged since the entry ``last``; values of JSON as their texts."""
        log, run = qname(self.exercise.audit.table), self.exercise.connection.execute
        columns = ("row_key", "new_row_key", "old", "new", "claims")
        objects = ", ".join(
            f"(SELECT json_object_agg(e.key, e.value::text) FROM jsonb_each(l.{c}) AS e) AS {c}" for c in columns
        )
        plain = (
            "table_schema, table_name, event, truncated_rows, source, db_role, session_role, request_id,"
            " txid = pg_current_xact_id()::text::bigint AND at BETWEEN now() AND clock_timestamp() AS here"
        )
        cursor = run(f"SELECT {plain}, {objects} FROM {log} AS l WHERE id > {last} ORDER BY id")
        names = [column.name for column in cursor.description]
        return [dict(zip(names, entry, strict=True)) for entry in cursor]

    def _expected(
        self, event: str, before: _Image | None, after: _Image | None, count: int, role: str | None
    ) -> dict[str, Any]:
        """The entry for a write of one row."""
        table, audit, roles = self.table, self.exercise.audit, self.exercise.project.roles
        user, request_id = self._session()
        role = role or user
        logged = table.logged(event)
        old = self._some(before, logged) if event in ("UPDATE", "DELETE") else None
        new = self._some(after, logged) if event in ("UPDATE", "INSERT") else None
        keys = [self._some(image, table.key) if table.key else None for image in (before, after)]
        moved = event == "UPDATE" and keys[0] != keys[1]
        claims = {word: json.dumps(f"the claim {word}", ensure_ascii=False) for word in audit.claims or ()}
        return {
            "table_schema": table.relation.name.schema,
            "table_name": table.relation.name.name,
            "event": event,
            "truncated_rows": count if event == "TRUNCATE" else None,
            "source": "service" if role in roles.service else "api" if role in roles.api else "database",
            "db_role": role,
            "session_role": user,
            "request_id": request_id,
            "here": True,
            "row_key": None if event == "TRUNCATE" else keys[1] if event == "INSERT" else keys[0],
            "new_row_key": keys[1] if moved else None,
            "old": old,
            "new": new,
            "claims": claims or None,
        }

    def _session(self) -> tuple[str, str | None]:
        """Who we are, and what the project's expression says."""
        import psycopg  # noqa: PLC0415 - see above

        run = self.exercise.connection.execute
        user = str(run("SELECT session_user::text").fetchone()[0])
        if self.exercise.audit.request_id is None:
            return user, None
        query = f"SELECT (\n{self.exercise.audit.request_id}\n)::text"
        try:
            with self.exercise.connection.transaction(force_rollback=True):
                run("SET LOCAL search_path = pg_catalog, pg_temp")
                run(f"EXPLAIN {query}")  # finds names that do not exist; the log would hold NULL for ever
        except psycopg.Error as error:
            raise ExerciseError(f"the expression for the request id cannot be asked: {error}") from error
        try:
            with self.exercise.connection.transaction(force_rollback=True):
                run("SET LOCAL search_path = pg_catalog, pg_temp")
                found = run(query).fetchone()
        except psycopg.Error:
            return user, None
        return user, found[0]

    @staticmethod
    def _some(image: _Image | None, names: tuple[str, ...]) -> _Image | None:
        return None if image is None else {name: image[name] for name in names}


def _difference(write: Sql, expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> str:
    lines = [f"{write}", "logs something else than it must:"]
    if len(expected) != len(found):
        lines.append(f"  {len(found)} entries instead of {len(expected)}")
    for must, entry in zip(expected, found, strict=False):
        lines += [f"  {name}: {entry[name]!r} instead of {must[name]!r}" for name in must if entry[name] != must[name]]
    return "\n".join(lines)
