"""What alerts do on a live server: a service role reads them, every query answers, and what is evaluated is kept."""

from __future__ import annotations

from typing import Any

from pgspec.alerts import EVALUATE, Alert
from pgspec.installed import STATE, VIEW
from pgspec.kinds import Project
from pgspec.sql import QName, ident, qname
from pgspec.writes import ExerciseError


def exercise_alerts(connection: Any, project: Project, alerts: tuple[Alert, ...]) -> str:
    """Evaluate twice, and read as a service role; what was shown.  ExerciseError names alerts that cannot be evaluated.
    All of it is undone."""
    view, state = qname(QName(project.runtime_schema, VIEW)), qname(QName(project.internal_schema, STATE))
    evaluate = f"SELECT {qname(QName(project.runtime_schema, EVALUATE))}()"
    may = "SELECT pg_catalog.has_schema_privilege(%s, %s, 'USAGE')"  # the schema is the project's to open
    users = [
        r for r in sorted(project.roles.service) if connection.execute(may, (r, project.runtime_schema)).fetchone()[0]
    ]
    role = next(iter(users), None)
    with connection.transaction(force_rollback=True):
        for other in project.roles.api:
            query = "SELECT pg_catalog.has_table_privilege(%s, %s, 'SELECT')"
            if connection.execute(query, (other, view)).fetchone()[0]:
                raise ExerciseError(f"{other}, a role of the API, may read {view}")
        connection.execute(f"DELETE FROM {state}")
        since = []
        for _ in range(2):
            if role:
                connection.execute(f"SET LOCAL ROLE {ident(role)}")
            connection.execute(evaluate)
            rows = connection.execute(f"SELECT name, problem, since, firing, breached FROM {view}").fetchall()
            connection.execute("RESET ROLE")
            if failing := [f"{name}: {problem}" for name, problem, *_ in rows if problem]:
                raise ExerciseError("\n".join(failing))
            if sorted(row[0] for row in rows) != sorted(alert.name for alert in alerts):
                raise ExerciseError(f"the view has {len(rows)} alerts instead of {len(alerts)}")
            since.append({name: moment for name, _, moment, _, breached in rows if breached})
        for name in since[0].keys() & since[1].keys():
            if since[0][name] != since[1][name]:
                raise ExerciseError(f"{name} is evaluated again, and forgets since when it is beyond its threshold")
    firing = sum(row[3] for row in rows)
    return f"{len(rows)} have an answer, {firing} {'fires' if firing == 1 else 'fire'}, read by {role or 'its owner'}"
