"""What an event log does on a live server: whom it lets record, what it makes of request ids, paths and values beyond
their budget, and what its upkeep makes and drops.  All of it is undone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pgspec.event_logs import GIVEN, HEALTH, MOMENT, OTHER, REQUEST, Events, LogColumn
from pgspec.kinds import Project
from pgspec.sql import QName, Sql, commas, ident, literal, qname
from pgspec.writes import ExerciseError

EVENT = "INSERT INTO {log} DEFAULT VALUES"
"""An event of a log, for showing what may happen to one."""

_PATH, _ROUTE = "/pgspec/8f2e4c1a-5b6d-4e7f-8a9b-0c1d2e3f4a5b/test?page=2", "/pgspec/:id/test"
_AHEAD = 3
_DAY = re.compile(r'_[0-9]{8}"?$')


def unordered(catalog: Mapping[str, str], logs: Iterable[Events]) -> dict[str, str]:
    """A snapshot in which the columns of event logs and of their partitions have no order: one that comes, or comes
    back, is the last of its table, wherever it stands in the spec."""
    names = {str(qname(log.name)) for log in logs}
    found = dict(catalog)
    for identity, text in catalog.items():
        lines = text.split("\n")
        if identity.removeprefix("table ") in names or any(f"inherits {name}" in lines for name in names):
            columns = sorted(line for line in lines if line.startswith("column "))
            found[identity] = "\n".join([*(x for x in lines if not x.startswith("column ")), *columns])
    return found


def without_days(catalog: Mapping[str, str], logs: Iterable[Events]) -> dict[str, str]:
    """A snapshot without the partitions of days: the maintenance makes and drops them, not the migrations."""
    names = {f"inherits {qname(log.name)}" for log in logs}
    tables = {i.removeprefix("table ") for i, text in catalog.items() if not names.isdisjoint(text.split("\n"))}
    days = {table for table in tables if _DAY.search(table)}

    def of_a_day(identity: str, text: str) -> bool:
        return any(
            identity == f"table {day}" or identity.endswith(f" on {day}") or f" ON {day} USING " in text for day in days
        )

    return {identity: text for identity, text in catalog.items() if not of_a_day(identity, text)}


@dataclass(frozen=True, slots=True)
class EventExercise:
    """One event log, on a connection in autocommit whose role owns everything."""

    connection: Any
    project: Project
    log: Events

    def run(self) -> str:
        """Record as those who may, and keep the partitions as a service role does; what was shown.  `ExerciseError`
        when something else happens than must."""
        with self.connection.transaction(force_rollback=True):
            self._execute(f"DELETE FROM {qname(self.log.seen)}")
            roles = self._roles()
            for role in roles:
                self._requests(role)
            folded = [column.name for column in self.log.columns if column.label and self._folds(column, roles[0])]
            made = self._upkeep(self.project.roles.service[0] if self.project.roles.service else None)
        shown = f"{', '.join(role or 'its owner' for role in roles)} may record"
        return f"{shown}, {', '.join(folded) or 'no label'} is bounded, {made} partitions are kept"

    def _roles(self) -> list[str | None]:
        """Those who may record, after everybody else was found not to be able to."""
        allowed = {*self.project.roles.service, *self.log.spec.access.record}
        may = "SELECT pg_catalog.has_function_privilege(%s, p.oid, 'EXECUTE') FROM pg_catalog.pg_proc AS p"
        where = "p.pronamespace = %s::regnamespace AND p.proname = %s"
        for role in {*self.project.roles.api, *self.project.roles.service}:
            name = (str(ident(self.log.record.schema)), self.log.record.name)
            ((can,),) = self.connection.execute(f"{may} WHERE {where}", [role, *name]).fetchall()
            if can != (role in allowed):
                raise ExerciseError(f"{role} {'may' if can else 'may not'} call {self.log.record}")
        return [*sorted(allowed)] if allowed else [None]

    def _execute(self, text: str) -> Any:
        return self.connection.execute(text.encode())

    def _record(self, role: str | None, **given: Sql) -> dict[str, Any]:
        """Record an event as a role; the row that is there for it."""
        arguments = commas(Sql(f"{ident(name)} => {value}") for name, value in given.items())
        if role is not None:
            self._execute(f"SET LOCAL ROLE {ident(role)}")
        ((number,),) = self._execute(f"SELECT {qname(self.log.record)}({arguments})").fetchall()
        self._execute("RESET ROLE")
        cursor = self._execute(f"SELECT * FROM {qname(self.log.name)} WHERE {ident(REQUEST)} = {literal(number)}")
        rows = cursor.fetchall()
        if len(rows) != 1:
            raise ExerciseError(
                f"{self.log.record}({arguments}) leaves {len(rows)} rows of the request that it returns"
            )
        return dict(zip((column.name for column in cursor.description), rows[0], strict=True))

    def _requests(self, role: str | None) -> None:
        given = self._record(role, request_id=literal(f"pgspec test as {role}"))
        if (given[REQUEST], given[GIVEN]) != (f"pgspec test as {role}", True):
            raise ExerciseError(f"a request id is recorded as {given[REQUEST]!r}, given: {given[GIVEN]}")
        found = [self._record(role) for _ in range(2)]  # finds one row of each: the ids differ
        if any(row[GIVEN] for row in found) or not all(row[REQUEST] for row in found):
            raise ExerciseError(f"without a request id {found[0][REQUEST]!r} is recorded as a given one")

    def _folds(self, column: LogColumn, role: str | None) -> bool:
        """Whether one value too many was folded; it cannot be shown where there is none."""
        assert column.label is not None
        label, budget = column.label, column.label.max_cardinality
        if label.normalize:
            row = self._record(role, **{column.name: literal(_PATH)})
            if row[column.name] != _ROUTE:
                raise ExerciseError(f"{_PATH} is recorded as {row[column.name]!r}, not as {_ROUTE!r}")
        if column.type == "boolean":
            return False
        if budget is not None:
            self._execute(f"DELETE FROM {qname(self.log.seen)}")
            self._execute(
                f"INSERT INTO {qname(self.log.seen)} (label, value, place) SELECT {literal(column.name)}, "
                f"'pgspec ' || n, n FROM pg_catalog.generate_series(1, {budget - 1}) AS n"
            )
        numbers = column.type != "text"
        for number in (1, 2):
            words: tuple[Any, ...] = (31001, 31002) if numbers else ("/pgspec", "/beyond")
            row = self._record(role, **{column.name: literal(words[number - 1])})
            expected = words[0] if budget is not None and number == 1 else None if numbers else OTHER
            if row[column.name] != expected:
                what = (
                    f"value {budget - 1 + number} of {budget}" if budget is not None else "a value that is not listed"
                )
                raise ExerciseError(f"{what} of `{column.name}` is recorded as {row[column.name]!r}, not {expected!r}")
        return True

    def _upkeep(self, role: str | None) -> int:
        """Partitions ahead, late events moved to theirs, expired ones gone; nothing to do the second time."""
        moments = ("now() - interval '1 hour'", f"now() - interval '{self.log.spec.retention.seconds + 172800} s'")
        late, expired = (self._record(role, **{MOMENT: Sql(moment)}) for moment in moments)
        recent = f"SELECT count(*) FROM {qname(self.log.name)} WHERE {ident(MOMENT)} > now() - interval '1 day'"
        before = self._execute(recent).fetchone()[0]
        made = [self._maintain(role) for _ in range(2)]
        if (after := self._execute(recent).fetchone()[0]) != before:
            raise ExerciseError(f"{after} rows of the last day are left of {before}")
        health = f"SELECT days_ahead, default_rows FROM {qname(QName(self.project.runtime_schema, HEALTH))}"
        row = self._execute(f"{health} WHERE log = {literal(self.log.name.name)}").fetchone()
        if made[0] < _AHEAD or made[1] or row[0] < _AHEAD:
            raise ExerciseError(f"{self.log.maintain}({_AHEAD}) makes {made[0]}, then {made[1]}, days ahead: {row[0]}")
        if row[1]:
            raise ExerciseError(f"{row[1]} rows are left in {self.log.default}")
        for event, there in ((late, 1), (expired, 0)):
            where = f"{ident(REQUEST)} = {literal(event[REQUEST])}"
            found = self._execute(f"SELECT count(*) FROM {qname(self.log.name)} WHERE {where}").fetchone()[0]
            if found != there:
                raise ExerciseError(f"of an event of {event[MOMENT]} {found} rows are left, not {there}")
        return made[0]

    def _maintain(self, role: str | None) -> int:
        if role is not None:
            self._execute(f"SET LOCAL ROLE {ident(role)}")
        number = self._execute(f"SELECT {qname(self.log.maintain)}({_AHEAD})").fetchone()[0]
        self._execute("RESET ROLE")
        return int(number)
