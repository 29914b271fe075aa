"""Expectations on a live server: each cell runs as its real role, in a transaction that is rolled back.

Nothing here knows of policies: what PostgreSQL answers is compared with what the spec expects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pgspec.catalog import Relation
from pgspec.decide import DENIED, Decider, Outcome, Result, automatic, fits, fixture_rows, may_see, together, written
from pgspec.kinds import Command, Persona
from pgspec.mutants import Mutant, mutants
from pgspec.policies import Guarded
from pgspec.program import Program
from pgspec.sql import QName, Sql, commas, ident, literal, qname
from pgspec.values import claims_text
from pgspec.writes import ExerciseError, NothingShownError

# What a row meets after row security has let it pass: keys, checks, references.
_CONSTRAINTS = "23"

MANY = 2
"""How many different results tell right from wrong."""


@dataclass(slots=True)
class Cells:
    """How many cells were tried, and how many of them could be decided on a server only."""

    tried: int = 0
    undecided: int = 0
    results: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        text = "1 cell" if self.tried == 1 else f"{self.tried} cells"
        return f"{text}, {self.undecided} of them decided by the server alone" if self.undecided else text


@dataclass(frozen=True, slots=True)
class Matrix:
    """The expectations of one table, on a connection in autocommit whose role may set every other role."""

    connection: Any
    program: Program
    guarded: Guarded

    @property
    def table(self) -> Relation:
        """The guarded table."""
        assert self.guarded.table is not None
        return self.guarded.table

    def run(self) -> Cells:
        """Try every cell.  `ExerciseError` when one is other than the spec says, or than was decided without a server;
        `NothingShownError` when all of them together show nothing."""
        project, cells, wrong = self.program.project, Cells(), list[str]()
        rows = fixture_rows(project, self.program.catalog, self.table)
        help_ = f"add some under `fixtures: {{{self.table.name.name}: ...}}` in project.yaml"
        if not rows:
            raise NothingShownError(f"`{self.table.name}` has no fixture rows, so every cell would pass", help_)
        probe = self._probe(rows)
        decider = Decider(self.guarded, project, self.program.catalog, rows)
        got: dict[tuple[Command, str], Result] = {}
        for command, name, _, cell in written(self.guarded, project):
            persona = project.personas[name]
            self._bound(persona, name)
            result = got[command, name] = probe.result(command, persona)
            cells.results.add(str(result))
            self._count(cells, decider, command, name, persona, result)
            if not fits(cell, result, rows):
                wrong.append(f"{command} as {name}: {_shown(result)}, the spec expects {_expected(cell)}")
        for name, (persona, of) in automatic(project).items():
            for command in self.guarded.spec.expect:
                result = probe.result(command, persona)
                self._count(cells, decider, command, name, persona, result)
                allowed = may_see(project, of, {n: r.labels for (c, n), r in got.items() if c == command})
                if result.labels - allowed:
                    more = f"which is more than [{', '.join(sorted(allowed))}]"
                    wrong.append(f"{command} as {name}: {_shown(result)}, {more}")
        if wrong:
            raise ExerciseError("\n".join(wrong))
        if len(got) != 1 and len(cells.results) < MANY:
            message = f"every expectation of `{self.table.name}` gives {next(iter(cells.results), 'nothing')}"
            raise NothingShownError(message, "add a persona, or a fixture row, that makes a difference")
        return cells

    def surviving(self) -> tuple[int, list[Mutant]]:
        """How many mutants of the policies there are, and those with which every expectation still holds."""
        import psycopg  # noqa: PLC0415 - see `Probe.select`

        left, number = [], 0
        for mutant in mutants(self.guarded, self.program.project):
            with self.connection.transaction(force_rollback=True):
                try:
                    with self.connection.transaction():
                        for statement in mutant.statements:
                            self.connection.execute(statement)
                except psycopg.Error:
                    continue  # it is no policy at all
                number += 1
                if self._holds():
                    left.append(mutant)
        return number, left

    def _holds(self) -> bool:
        """Whether every expectation holds, of written and of automatic personas."""
        project, catalog = self.program.project, self.program.catalog
        rows = fixture_rows(project, catalog, self.table)
        probe = self._probe(rows)
        seen: dict[Command, dict[str, frozenset[str]]] = {}
        for command, name, _, cell in written(self.guarded, project):
            result = probe.result(command, project.personas[name])
            if not fits(cell, result, rows):
                return False
            seen.setdefault(command, {})[name] = result.labels
        return all(
            probe.result(command, persona).labels <= may_see(project, of, labels)
            for persona, of in automatic(project).values()
            for command, labels in seen.items()
        )

    def _probe(self, rows: Mapping[str, Mapping[str, Any]]) -> Probe:
        claims = self.program.project.session.claims
        return Probe(self.connection, self.table, rows, claims, self.guarded.face, self.guarded.log is not None)

    def _count(
        self, cells: Cells, decider: Decider, command: Command, name: str, persona: Persona, result: Result
    ) -> None:
        """Count a cell, and compare with what was decided without a server."""
        cells.tried += 1
        offline = decider.decide(command, name, persona).result
        cells.undecided += bool(offline.unknown)
        if not offline.unknown and (offline.labels, offline.sqlstate) != (result.labels, result.sqlstate):
            raise ExerciseError(f"{command} as {name}: the server gives {result}, pgspec had decided {offline}")

    def _bound(self, persona: Persona, name: str) -> None:
        """An expectation that is checked as somebody whom no policy binds shows nothing."""
        text = "SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = %s"
        found = self.connection.execute(text, [persona.role]).fetchone()
        if found is None:
            raise ExerciseError(f"the role `{persona.role}` of the persona `{name}` does not exist")
        if found[0] and persona.role not in self.program.project.roles.service:
            raise ExerciseError(f"the role `{persona.role}` of the persona `{name}` is bound by no policy")


@dataclass(frozen=True, slots=True)
class Probe:
    """Asks the server what a persona gets from a table.  ``rows`` are the fixture rows, which are in it; ``face`` is
    the view under which it is read, None when it is read itself; ``written``: the view is written to as well."""

    connection: Any
    table: Relation
    rows: Mapping[str, Mapping[str, Any]]
    setting: str
    face: QName | None = None
    written: bool = False

    @property
    def name(self) -> QName:
        """What callers write to."""
        return self.face if self.face is not None and self.written else self.table.name

    def result(self, command: Command, persona: Persona) -> Result:
        """What the command gives over all fixture rows."""
        return self.select(persona) if command == "select" else self.write(command, persona)

    def select(self, persona: Persona) -> Result:
        """The labels of the rows that one SELECT returns."""
        import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds

        labels = {self._key(label): label for label in self.rows}
        columns = commas(Sql(f"{ident(c)}::text") for c in self._primary())
        text = f"SELECT {columns} FROM {qname(self.face or self.table.name)}"
        try:
            with self._as(persona):
                found = self.connection.execute(text).fetchall()
        except psycopg.Error as error:
            return Result(sqlstate=error.sqlstate or "", hint=error.diag.message_hint)
        return Result(frozenset(labels[key] for key in map(tuple, found) if key in labels))

    def write(self, command: Command, persona: Persona) -> Result:
        """Which rows a write reaches, each by a statement of its own."""
        rows, hints = self.each(command, persona)
        result = together(rows)
        return Result(result.labels, result.sqlstate, hint=hints.pop() if result.sqlstate and len(hints) == 1 else None)

    def each(self, command: Command, persona: Persona) -> tuple[dict[str, tuple[Outcome, str]], set[str | None]]:
        """The outcome of a write of each row with its SQLSTATE, and the hints that came with errors."""
        import psycopg  # noqa: PLC0415 - see `select`

        rows: dict[str, tuple[Outcome, str]] = {}
        hints = set[str | None]()
        for label in self.rows:
            before, text = self._statement(command, label)
            try:
                with self._as(persona, before):
                    done = self.connection.execute(text).rowcount
                rows[label] = ("ok" if done else "none", "")
            except psycopg.Error as error:
                state = error.sqlstate or ""
                passed = state.startswith(_CONSTRAINTS)
                rows[label] = ("ok", "") if passed else ("denied" if state == DENIED else "fails", state)
                hints |= set() if passed else {error.diag.message_hint}
        return rows, hints

    @contextmanager
    def _as(self, persona: Persona, before: Sql | None = None) -> Iterator[None]:
        """A transaction of the persona; ``before`` runs in it first, as ourselves and without triggers."""
        with self.connection.transaction(force_rollback=True):
            if before is not None:
                self.connection.execute("SET LOCAL session_replication_role = replica")
                self.connection.execute(before)
                self.connection.execute("SET LOCAL session_replication_role = origin")
            self.connection.execute("SET LOCAL row_security = on")
            settings = "SELECT pg_catalog.set_config(%s, %s, true), pg_catalog.set_config('role', %s, true)"
            self.connection.execute(settings, [self.setting, claims_text(persona.claims), persona.role])
            yield

    def _primary(self) -> tuple[str, ...]:
        key = next((key for key in self.table.keys if key.primary), None)
        if key is None:
            message = f"`{self.table.name}` has no primary key, by which its fixture rows could be told apart"
            raise NothingShownError(message, "add one")
        return tuple(map(str, key.columns))

    def _key(self, label: str) -> tuple[str, ...]:
        """The text of the primary key of a fixture row."""
        row = self.rows[label]
        missing = [column for column in self._primary() if row.get(column) is None]
        if missing:
            message = f"the fixture row `{label}` of `{self.table.name}` has no `{missing[0]}`"
            raise NothingShownError(message, "give every fixture row its primary key, so that it can be found again")
        columns = commas(Sql(f"{ident(column)}::text") for column in self._primary())
        found = self.connection.execute(f"SELECT {columns} FROM {self._record(label)}").fetchone()
        return tuple(found)

    def _record(self, label: str) -> Sql:
        values = literal(json.dumps(self.rows[label], default=str))
        return Sql(f"pg_catalog.jsonb_populate_record(NULL::{qname(self.name)}, {values}::jsonb)")

    def _statement(self, command: Command, label: str) -> tuple[Sql | None, Sql]:
        """What must happen before, and the write of one row."""
        table = qname(self.name)
        pairs = zip(self._primary(), self._key(label), strict=True)
        delete = Sql(f"DELETE FROM {table} WHERE {' AND '.join(f'{ident(c)} = {literal(v)}' for c, v in pairs)}")
        if command == "delete":
            return None, delete
        if command == "update":
            column = ident(self._plain_column())
            return None, Sql(str(delete).replace(f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}", 1))
        columns = commas(ident(column) for column in self.rows[label])
        insert = f"INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {self._record(label)}"
        return delete, Sql(insert)

    def _plain_column(self) -> str:
        """A column that an UPDATE may set: best one that is not part of the key."""
        text = """SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = %s::regclass AND attnum > 0
            AND NOT attisdropped AND attgenerated = '' AND attidentity <> 'a' ORDER BY attname = ANY (%s), attnum"""
        found = self.connection.execute(text, [str(qname(self.table.name)), list(self._primary())]).fetchone()
        if found is None:
            raise NothingShownError(f"`{self.table.name}` has no column that can be updated", "expect no update")
        return str(found[0])


def _shown(result: Result) -> str:
    hint = f" with the hint `{result.hint}`" if result.hint else ""
    return f"the server gives {result}{hint}"


def _expected(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, list):
        return f"[{', '.join(sorted(cell))}]"
    return f"error {cell.error}" + (f" with a hint like `{cell.hint}`" if cell.hint else "")
