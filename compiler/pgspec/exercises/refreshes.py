"""What shows on a live server that views are refreshed when something that they read was written, and only then.

What a view reads is asked of the server's own catalog, which knows nothing of the triggers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pgspec.program import Program
from pgspec.runtime.refresh import HEALTH, LOG, PROCEDURE, STATE
from pgspec.sql import QName, Sql, qname
from pgspec.tracked import tracked
from pgspec.views import View
from pgspec.writes import ExerciseError

# The tables and materialized views behind views, and for a table all that shares rows with it.
_READS = """
WITH RECURSIVE reads (view, relation, kind) AS (
  SELECT v.name, c.oid, c.relkind FROM unnest(%s::text[]) AS v (name) JOIN pg_class AS c ON c.oid = to_regclass(v.name)
  UNION
  SELECT r.view, c.oid, c.relkind FROM reads AS r
  JOIN pg_rewrite AS w ON w.ev_class = r.relation
  JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
  JOIN pg_class AS c ON c.oid = d.refobjid AND c.oid <> r.relation
  WHERE r.kind = 'v' OR r.relation = to_regclass(r.view)),
tables AS (SELECT r.view, r.relation FROM reads AS r WHERE r.kind IN ('r', 'p')),
below (view, relation) AS (
  SELECT t.view, t.relation FROM tables AS t
  UNION SELECT b.view, i.inhrelid FROM below AS b JOIN pg_inherits AS i ON i.inhparent = b.relation),
above (view, relation) AS (
  SELECT t.view, t.relation FROM tables AS t
  UNION SELECT a.view, i.inhparent FROM above AS a JOIN pg_inherits AS i ON i.inhrelid = a.relation)
SELECT format('%%I.%%I', n.nspname, c.relname), array_agg(DISTINCT f.view ORDER BY f.view),
  (SELECT quote_ident(a.attname) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0
     AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a' LIMIT 1)
FROM (SELECT * FROM below UNION SELECT * FROM above) AS f
JOIN pg_class AS c ON c.oid = f.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
GROUP BY c.oid, n.nspname, c.relname ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class RefreshExercise:
    """The refreshes of a project, on a connection in autocommit whose role owns everything."""

    connection: Any
    program: Program

    def run(self) -> str:
        """Refresh everything, write to every table that a view reads, in each way, and refresh what has changed.
        `ExerciseError` when a view is refreshed in vain, or not although it must be."""
        scheduled = [view for view in self.program.views if view.spec.refresh.every is not None]
        watched = [view for view in self.program.views if (t := tracked(view, self.program)) and not t.unseen]
        state = qname(QName(self.program.project.internal_schema, STATE))
        self._execute(f"DELETE FROM {state}")  # as it is after the first deploy
        always = {self._name(view) for view in scheduled if view not in watched}
        for view in watched:
            if view not in scheduled:
                self._execute(f"SELECT {self._runtime('refresh_materialized_view')}(%s)", [self._name(view)])
        self._expect_refreshed({self._name(view) for view in scheduled}, "the first call")
        self._expect_refreshed(self._with_readers(always), "a call after nothing was written")
        reads = self._execute(_READS, [[self._name(view) for view in watched]])
        number = sum(self._written(table, set(views), column) for table, views, column in reads)
        for table, _, _ in reads:
            self._execute(f"DELETE FROM {table} WHERE false")
        due = {view for _, views, _ in reads for view in views} & {self._name(view) for view in scheduled}
        self._expect_refreshed(self._with_readers(due | always), "a call after every table was written")
        return (
            f"{len(watched)} of {len(scheduled)} wait for a write, {number} writes to {len(reads)} tables are noted"
            if watched
            else f"{len(scheduled)} whenever they are due"
        )

    def _with_readers(self, due: set[str]) -> set[str]:
        """These views, and those that read them."""
        found = set(due)
        for view in self.program.views:  # in order of dependency
            known = view.spec.refresh.every is not None and self._name(view) not in found
            if known and any(qname(name) in found for name in view.reads):
                found.add(self._name(view))
        return found

    def _written(self, table: str, views: set[str], column: str | None) -> int:
        """Write to a table in each way, undone; the number of ways."""
        import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds

        statements = [f"DELETE FROM {table} WHERE false", f"TRUNCATE {table}"]
        if column:
            statements.append(f"UPDATE {table} SET {column} = {column} WHERE false")
            statements.append(f"INSERT INTO {table} ({column}) SELECT {column} FROM {table} WHERE false")
        for statement in statements:
            cascades = False
            with self.connection.transaction(force_rollback=True):
                try:
                    with self.connection.transaction():
                        self.connection.execute(statement)
                except psycopg.errors.FeatureNotSupported:
                    cascades = True
                    self.connection.execute(f"{statement} CASCADE")
                query = f"SELECT view_name FROM {self._runtime(HEALTH)} WHERE changed"
                changed = {name for (name,) in self.connection.execute(query)}
            if missing := views - changed:
                raise ExerciseError(f"{statement}\nis not noted for {_listed(missing)}")
            if not cascades and (more := changed - views):
                raise ExerciseError(f"{statement}\nis noted for {_listed(more)}, which does not read {table}")
        return len(statements)

    def _expect_refreshed(self, names: set[str], what: str) -> None:
        """One call when everything is due refreshes these views, once each."""
        state = qname(QName(self.program.project.internal_schema, STATE))
        self._execute(f"UPDATE {state} SET last_success = NULL")
        ((before,),) = self._execute(f"SELECT coalesce(max(id), 0) FROM {self._runtime(LOG)}")
        self._execute(f"CALL {self._runtime(PROCEDURE)}()")
        query = f"SELECT view_name, status, error FROM {self._runtime(LOG)} WHERE id > %s ORDER BY id"
        done = self._execute(query, [before])
        for name, status, error in done:
            if status != "ok":
                raise ExerciseError(f"{what} does not refresh {name}: {error}")
        found = [name for name, _, _ in done]
        if missing := names - set(found):
            raise ExerciseError(f"{what} does not refresh {_listed(missing)}")
        if more := sorted(set(found) - names) or sorted({name for name in found if found.count(name) > 1}):
            raise ExerciseError(f"{what} refreshes {_listed(more)} in vain")

    def _execute(self, statement: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        cursor = self.connection.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []

    def _runtime(self, name: str) -> Sql:
        return qname(QName(self.program.project.runtime_schema, name))

    @staticmethod
    def _name(view: View) -> str:
        return str(qname(view.name))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
