"""The jobs of a project as lines of cron, for those who let cron run them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from textwrap import wrap

from pgspec.kinds import Project
from pgspec.schedules import Job

CRONTAB = "runbook/crontab"
_WIDTH = 100


def crontab_files(project: Project, found: Iterable[Job]) -> Mapping[str, str]:
    """The crontab by path under generated/; none when there is nothing to run, or pg_cron runs it."""
    entries = [f"# {job.does}\n{job.schedule}  {_line(job.command)}\n" for job in found]
    if project.scheduler != "none" or not entries:
        return {}
    who = " or ".join(["the role that migrates", *project.roles.service])
    text = (
        f"pgspec {project.name}: what must run again and again. Put these lines into the crontab of a user whose psql "
        f"may connect to DATABASE, as {who}; what fails is mailed to that user. No run waits for another, or for a "
        f"writer."
    )
    database = project.name if re.fullmatch(r"[A-Za-z0-9_-]+", project.name) else "app"
    head = "".join(f"# {line}\n" for line in wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False))
    return {CRONTAB: "\n".join([f"{head}DATABASE={database}\n", *entries])}


def _line(command: str) -> str:
    """A command of the shell, in which cron would take a percent sign for the end of the line."""
    return f'psql -Xqd "$DATABASE" -c {shlex.quote(command)}'.replace("%", r"\%")
