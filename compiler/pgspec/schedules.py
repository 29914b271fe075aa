"""The jobs of a project: what must run again and again, as values, for whichever scheduler runs them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from pgspec.kinds import Project
from pgspec.objects import Key, SqlObject
from pgspec.runtime import DRAINING, MAINTENANCE
from pgspec.sql import QName, derived_name, qname


@dataclass(frozen=True, slots=True)
class Job:
    """One job: a name of its own in the cluster, when it starts as cron writes it, one statement, and what that does.

    ``needs``: what the statement calls.
    """

    name: str
    schedule: str
    command: str
    does: str
    needs: Key

    @property
    def once(self) -> str:
        """The statement, ending soon where it would go on for a time."""
        return f"{self.command.removesuffix('()')}(0)" if self.command.endswith(f".{DRAINING}()") else self.command


_MINUTELY = "* * * * *"
_HOURLY = "17 * * * *"  # not with everybody else's

# The name of a job, what it calls, when, and what that does.
_KNOWN = (
    ("refresh", "refresh_materialized_views", _MINUTELY, "refreshes the materialized views that are due"),
    ("overdue", "cancel_overdue_refreshes", _MINUTELY, "cancels refreshes that run for longer than their timeout"),
    ("invalidations", DRAINING, _MINUTELY, "invalidates what was written, every second for a minute"),
    ("alerts", "evaluate_alerts", _MINUTELY, "remembers since when alerts fire"),
    ("maintenance", MAINTENANCE, _HOURLY, "forgets what is older than its retention, and makes partitions ahead"),
)


def jobs(project: Project, made: Iterable[SqlObject]) -> tuple[Job, ...]:
    """The jobs for what is ``made``, in the order in which people read them."""
    routines = {
        item.definition["name"][1]: item
        for item in made
        if item.key.type in _CALLS and item.definition["name"][0] == project.runtime_schema
    }
    return tuple(
        Job(derived_name("pgspec", project.name, name), when, _call(routines[routine]), does, routines[routine].key)
        for name, routine, when, does in _KNOWN
        if routine in routines
    )


_CALLS = {"procedure": "CALL", "function": "SELECT"}


def _call(item: SqlObject) -> str:
    return f"{_CALLS[item.key.type]} {qname(QName(*item.definition['name']))}()"


def schedule_objects(found: Collection[Job]) -> Iterator[SqlObject]:
    """The jobs as objects that migrations make, for pg_cron."""
    for job in found:
        definition = {"name": job.name, "schedule": job.schedule, "command": job.command}
        yield SqlObject(Key("schedule", job.name), definition, depends_on=(job.needs,))
