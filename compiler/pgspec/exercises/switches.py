"""Switches thrown and reset on a live server: what they do, what the log says, and that all is as before; undone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from pgspec.program import Program
from pgspec.runtime.switches import HISTORY, LEFT, RESET, SWITCHES, THROW
from pgspec.sql import QName, Sql, ident, literal, qname
from pgspec.switches import CACHE, ENQUEUE, REFRESH, Hardening, hardenings, switch_names
from pgspec.writes import ExerciseError

_REFUSED = "42501"
_WHY = "pgspec test"


def exercise_switches(
    step: Callable[[str], AbstractContextManager[list[str]]], connection: Any, program: Program
) -> None:
    """Throw and reset each switch, as one ``step`` of the report; the connection is in autocommit, and its role owns
    everything.  `ExerciseError` when a switch does something else than it must."""
    if names := switch_names(program):
        with step("switches") as more:
            _Exercise(connection, program).run(names)
            more.append(f"{len(names)} thrown and reset")


@dataclass(frozen=True, slots=True)
class _Exercise:
    """Switches being thrown and reset, each in a transaction that is undone."""

    connection: Any
    program: Program

    def run(self, names: Sequence[str]) -> None:
        """Every switch; and one that is not there."""
        closing = {item.name: item for item in hardenings(self.program)}
        for name in names:
            with self.connection.transaction(force_rollback=True):
                self._refuses(THROW, name, " ", "22023")
                if name in closing:
                    self._harden(closing[name])
                else:
                    {CACHE: self._cache, ENQUEUE: self._enqueue, REFRESH: self._refresh}[name]()
                self._logged(name)
        self._refuses(THROW, "no such switch", _WHY, "22023")

    def _cache(self) -> None:
        """Nothing is found and nothing is stored while it is off; what was there is found again afterwards."""
        get = f"SELECT {self._public('cache_get')}('pgspec test') IS NOT NULL"
        put = f"SELECT {self._public('cache_put')}('pgspec test', '1', '{{}}', '{{}}')"
        self._expect(put, True)
        self._thrown(CACHE)
        self._expect(get, False)
        self._expect(put, False)
        self._reset(CACHE)
        self._expect(get, True)
        self._expect(put, True)

    def _enqueue(self) -> None:
        """Nothing is enqueued while it is off; the cache is then off too, and cannot be put on before all know."""
        enqueue = f"SELECT {self._public('enqueue_cache_invalidation')}('pgspec test', 0)"
        number = f"SELECT count(*) FROM {self._public('cache_invalidation_queue')} WHERE tag = 'pgspec test'"
        self._thrown(ENQUEUE)
        self._run(enqueue)
        self._expect(number, 0)
        self._expect(f"SELECT thrown FROM {self._public(SWITCHES)} WHERE name = {literal(CACHE)}", True)
        self._refuses(RESET, CACHE, _WHY, "55000")
        self._reset(ENQUEUE)
        self._run(enqueue)
        self._expect(number, 1)
        self._refuses(RESET, CACHE, _WHY, "55000")

    def _refresh(self) -> None:
        """Nothing is due while it is off, and a view that was never refreshed is due afterwards."""
        state = qname(QName(self.program.project.internal_schema, "mv_refresh_state"))
        begin = f"SELECT count(*) FROM {self._public('begin_mv_refresh')}(0)"
        self._run(f"DELETE FROM {state}")
        due = self._run(f"SELECT count(*) FROM {self._public('mv_refresh_health')} WHERE due")
        self._thrown(REFRESH)
        self._expect(begin, 0)
        self._reset(REFRESH)
        self._expect(begin, min(int(due[0][0]), 1))

    def _harden(self, item: Hardening) -> None:
        """No API role can do anything while it is thrown; afterwards each can do what it could."""
        before = self._grants(item)
        self._thrown(item.name)
        left = f"SELECT role, privilege, relation FROM {self._public(LEFT)}({literal(item.name)})"
        if rows := self._run(left):
            raise ExerciseError(f"{item.name}: API roles still have access: {rows}")
        for role in self.program.project.roles.api:
            for relation in item.relations:
                self._denied(role, f"SELECT FROM {qname(relation)}")
        self._reset(item.name)
        if (after := self._grants(item)) != before:
            raise ExerciseError(f"{item.name}: rights are not as they were: {before} became {after}")

    def _grants(self, item: Hardening) -> list[Any]:
        names = ", ".join(f"({literal(qname(relation))})" for relation in item.relations)
        function = qname(QName(self.program.project.internal_schema, "relation_grants"))
        query = f"SELECT v.name, g.* FROM (VALUES {names}) AS v (name), {function}(v.name::regclass) AS g"
        return sorted(map(str, self._run(query)))

    def _denied(self, role: str, statement: str) -> None:
        def attempt() -> None:
            self._run(f"SET LOCAL ROLE {ident(role)}")
            self._run(statement)

        self._fails(attempt, _REFUSED, f"{statement}\nis not refused to {role}")

    def _thrown(self, name: str) -> None:
        self._run(f"SELECT {self._public(THROW)}({literal(name)}, {literal(_WHY)})")
        self._expect(f"SELECT thrown FROM {self._public(SWITCHES)} WHERE name = {literal(name)}", True)

    def _reset(self, name: str) -> None:
        self._run(f"SELECT {self._public(RESET)}({literal(name)}, {literal(_WHY)}, 0)")
        self._expect(f"SELECT thrown FROM {self._public(SWITCHES)} WHERE name = {literal(name)}", False)

    def _logged(self, name: str) -> None:
        entries = f"SELECT thrown, session_role = session_user, why FROM {self._public(HISTORY)}"
        found = self._run(f"{entries} WHERE name = {literal(name)} AND at >= now() ORDER BY id")
        if found != [(True, True, _WHY), (False, True, _WHY)]:
            raise ExerciseError(f"the log of switches says of {name}: {found}")

    def _refuses(self, function: str, name: str, why: str, code: str) -> None:
        more = ", 0" if function == RESET else ""  # it waits for nobody
        call = f"SELECT {self._public(function)}({literal(name)}, {literal(why)}{more})"
        self._fails(lambda: self._run(call), code, f"{call}\nis not refused")

    def _fails(self, attempt: Callable[[], object], code: str, problem: str) -> None:
        import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds

        try:
            with self.connection.transaction(force_rollback=True):
                attempt()
        except psycopg.Error as error:
            if error.sqlstate != code:
                raise
        else:
            raise ExerciseError(problem)

    def _expect(self, query: str, value: object) -> None:
        if (found := self._run(query)) != [(value,)]:
            raise ExerciseError(f"{query}\ngives {found} instead of {value}")

    def _run(self, statement: str) -> Sequence[tuple[Any, ...]]:
        cursor = self.connection.execute(statement)
        return cursor.fetchall() if cursor.description else []

    def _public(self, name: str) -> Sql:
        return qname(QName(self.program.project.runtime_schema, name))
