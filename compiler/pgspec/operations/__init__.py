"""What operators, dashboards and applications use beside the migrations: files under generated/."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pgspec.operations.checklist import checklist_files
from pgspec.operations.clients import clients
from pgspec.operations.crontab import crontab_files
from pgspec.operations.dashboard import dashboard_file
from pgspec.operations.k6 import k6_scripts
from pgspec.operations.pgbench import scripts
from pgspec.operations.prometheus import prometheus_files
from pgspec.operations.runbook import runbook
from pgspec.program import Program
from pgspec.schedules import jobs
from pgspec.state import State

PRINTERS: tuple[Callable[[Program], Mapping[str, str]], ...] = (
    clients, dashboard_file, k6_scripts, prometheus_files, runbook, scripts,
)  # fmt: skip
"""Each: program -> text by path under generated/.  The program has no errors.  In the folders `disk.OWNED_FOLDERS`
each text names pgspec in its first lines, by which a later build knows its own."""


def operations_files(program: Program, state: State, folder: str) -> dict[str, str]:
    """The files by path under generated/.  ``state``: what the specs describe; ``folder``: where under generated/ the
    way there is, the draft or the last release."""
    files = {path: text for printer in PRINTERS for path, text in printer(program).items()}
    found = jobs(program.project, state.values())
    return {**files, **crontab_files(program.project, found), **checklist_files(program, state, folder, found)}
