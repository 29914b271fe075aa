"""Exposed views on a live server: each persona reads the rows for which the condition holds, and no others.

What a persona gets from the view is compared with the condition over the materialized view itself, asked by ourselves
in the persona's session.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pgspec.decide import DENIED, automatic
from pgspec.exposed import Exposed
from pgspec.kinds import Persona, Project
from pgspec.sql import Sql, ident, qname
from pgspec.values import claims_text
from pgspec.views import View
from pgspec.writes import ExerciseError, NothingShownError

_ROLE_NAMES = ("`current_user`", "`current_role`", "`user`")

Rows = list[str] | None
"""Rows as text, sorted; None when they may not be read."""


@dataclass(frozen=True, slots=True)
class ExposedExercise:
    """One exposed view, on a connection in autocommit whose role may set every other role."""

    connection: Any
    project: Project
    view: View
    exposed: Exposed

    def run(self) -> str:
        """Try every persona, and say how many there were.  `ExerciseError` when one reads other rows than the condition
        says; `NothingShownError` when that would go unnoticed."""
        wrong: list[str] = []
        seen: dict[str, Rows] = {}
        personas = {**self.project.personas, **{n: p for n, (p, _) in automatic(self.project).items()}}
        stored = self._all()
        for name, persona in personas.items():
            direct, _ = self._read(persona, self._rows_of(qname(self.view.name)))
            if direct is not None and not self._may(persona.role, self.view.spec.access.select):
                wrong.append(f"{name} reads `{self.view.name}` itself, past the condition")
            got, refusal = self._read(persona, self._rows_of(qname(self.exposed.name)))
            if not self._may(persona.role, self.exposed.roles):
                if got is not None:
                    wrong.append(f"{name} reads `{self.exposed.name}`, which is not for `{persona.role}`")
                continue
            seen[name] = got
            expected = self._expected(persona)
            if got is None:
                wrong.append(f"{name} may not read `{self.exposed.name}`: {refusal}")
            elif got != expected:
                wrong.append(f"{name} reads {len(got)} rows, and the condition holds for {len(expected or ())}")
        if wrong:
            raise ExerciseError("\n".join(wrong))
        self._shown(stored, seen)
        return f"{len(seen)} of {len(personas)} personas read it"

    def _shown(self, stored: list[str], seen: dict[str, Rows]) -> None:
        what = f"`{self.exposed.name}`"
        if not seen:
            help_ = f"add a persona to project.yaml: `{{role: {self.exposed.roles[0]}, claims: {{sub: ...}}}}`"
            raise NothingShownError(f"no persona has a role that may read {what}", help_)
        if not any(seen.values()):
            raise NothingShownError(
                f"no persona sees a row of {what}",
                "add fixture rows for which the condition holds, or a persona with their claims",
            )
        if "MV016" not in self.view.spec.allow and all(rows == stored for rows in seen.values()):
            message = f"every persona sees all rows of {what}, as without a condition"
            raise NothingShownError(message, "add fixture rows that some persona must not see")

    def _expected(self, persona: Persona) -> Rows:
        """The rows for which the condition holds in the persona's session."""
        assert self.exposed.condition is not None
        rows = Sql(f"(SELECT * FROM {qname(self.view.name)} WHERE ({self.exposed.condition.sql}))")
        text = self._rows_of(rows)
        names_role = any(w in f.message for f in self.exposed.condition.analysis.session for w in _ROLE_NAMES)
        with self._session(persona):
            if names_role:  # only as the persona it means the persona
                self.connection.execute(f"GRANT SELECT ON {qname(self.view.name)} TO {ident(persona.role)}")
                self.connection.execute(f"SET LOCAL ROLE {ident(persona.role)}")
            return [row for (row,) in self.connection.execute(text)]

    def _all(self) -> list[str]:
        return [row for (row,) in self.connection.execute(self._rows_of(qname(self.view.name)))]

    def _rows_of(self, source: Sql) -> Sql:
        return Sql(f'SELECT v::text COLLATE "C" AS line FROM {source} AS v ORDER BY line')

    def _read(self, persona: Persona, text: Sql) -> tuple[Rows, str]:
        """The rows that a persona reads, or why it may not."""
        import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds

        try:
            with self._session(persona):
                self.connection.execute(f"SET LOCAL ROLE {ident(persona.role)}")
                return [row for (row,) in self.connection.execute(text)], ""
        except psycopg.Error as error:
            if error.sqlstate != DENIED:
                raise
            return None, error.diag.message_primary or ""

    def _may(self, role: str, allowed: Any) -> bool:
        """Whether the role is one of those, or a member."""
        text = "SELECT coalesce(bool_or(pg_catalog.pg_has_role(%s, r, 'USAGE')), false) FROM unnest(%s::name[]) AS r"
        return bool(self.connection.execute(text, [role, list(allowed)]).fetchone()[0])

    @contextmanager
    def _session(self, persona: Persona) -> Iterator[None]:
        """A transaction with the persona's claims, undone at the end; we are still ourselves in it."""
        with self.connection.transaction(force_rollback=True):
            setting = self.project.session.claims
            text = "SELECT pg_catalog.set_config(%s, %s, true)"
            self.connection.execute(text, [setting, claims_text(persona.claims)])
            yield
