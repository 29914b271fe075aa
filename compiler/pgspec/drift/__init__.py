"""What `pgspec drift` does: a live database against the release that it holds, catalog against catalog.

The database is only read.  What was deployed is known from the registry: the hash of each object's definition tells
the release, the server's own fingerprint of what was made tells whether it was changed since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgspec import state as states
from pgspec.compile import Result
from pgspec.drift.compare import Finding, compare
from pgspec.drift.expect import recorded
from pgspec.drift.observe import Entry, Observed, observe, read_registry
from pgspec.migration import Printer, Settings
from pgspec.objects import Key
from pgspec.runtime import FINGERPRINT, REGISTRY
from pgspec.scratch import ScratchError
from pgspec.sql import QName, qname
from pgspec.state import State

__all__ = ["Drift", "Finding", "compare_live"]

DRAFT = "the draft"


@dataclass(frozen=True, slots=True)
class Drift:
    """What was found.  ``deployed``: the release that the registry tells of, or the draft; ``exact``: whether it holds
    just that.  ``behind``: the last release, where an earlier one is deployed.
    """

    deployed: str
    exact: bool
    behind: str
    findings: Sequence[Finding]
    state: State
    printer: Printer

    @property
    def clean(self) -> bool:
        """Whether the database holds the last release, or the draft, and nothing else."""
        return not self.findings and not self.behind


def compare_live(database: str, result: Result) -> Drift:
    """Compare a live database, given by its URL.  ScratchError, with what is missing, when that cannot be told."""
    try:
        import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds
    except ImportError as error:
        raise ScratchError("the PostgreSQL driver is not installed", "pip install 'pgspec[postgres]'") from error
    assert result.settings is not None
    if not result.after and not result.releases:
        raise ScratchError("there is nothing to compare: the specs describe no objects", "add a spec, build and deploy")
    try:
        connection: Any
        with psycopg.connect(database) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            return _compare(connection, result, result.settings)
    except psycopg.errors.InsufficientPrivilege as error:
        help_ = "ask as the role that runs the migrations, or let this one read: GRANT pg_read_all_data TO its_name"
        raise ScratchError(f"drift cannot be told: {error.diag.message_primary}", help_) from error
    except psycopg.Error as error:
        message = str(error).strip().partition("\n")[0]
        raise ScratchError(
            f"the database cannot be asked: {message}", "check the URL and the rights of its role"
        ) from error


def _compare(connection: Any, result: Result, settings: Settings) -> Drift:
    registry = read_registry(connection, settings.internal_schema, REGISTRY)
    if registry is None:
        raise ScratchError(
            f"nothing is deployed here: {settings.registry} does not exist",
            "run migrate.sql first; if the table was dropped, no one can tell what else was changed",
        )
    best = _closest(list(_candidates(result)), registry)
    printer = Printer(settings)
    name, state = best[0]
    function = state.get(Key("function", f"{qname(QName(settings.internal_schema, FINGERPRINT))}(text, text)"))
    if function is None:
        raise ScratchError(
            "nothing is deployed here, and the specs describe no objects", "add a spec, build and deploy"
        )
    keys = {key for _, candidate in best for key in candidate}
    live = observe(connection, registry, keys, function)
    name, state, findings = _fewest(best, live, printer)
    last = result.releases[-1].folder if result.releases else ""
    return Drift(
        name,
        _distance(state, registry) == 0,
        last if name not in (last, DRAFT) else "",
        findings,
        state,
        printer,
    )


def _candidates(result: Result) -> Iterator[tuple[str, State]]:
    """What may be deployed: the last release, the draft, and the releases before, newest first.

    A state without objects has no registry, so it cannot be the one.
    """
    if result.before:
        yield result.releases[-1].folder, result.before
    if result.after and (not result.releases or result.draft.changes):
        yield DRAFT, result.after
    for release in reversed(result.releases[:-1]):
        try:
            state = states.load(release.files["state.json"].decode())
        except ValueError:
            return  # sealed by a version of pgspec whose objects this one does not know
        if state:
            yield release.folder, state


def _distance(state: State, registry: Mapping[Key, Entry]) -> int:
    """How many entries of the registry are not those of a state."""
    wanted = recorded(state)
    there = {key: entry.definition for key, entry in registry.items()}
    return sum(wanted.get(key) != there.get(key) for key in wanted.keys() | there.keys())


def _closest(candidates: Sequence[tuple[str, State]], registry: Mapping[Key, Entry]) -> list[tuple[str, State]]:
    """Those whose entries the registry holds, or most of them: several, when they differ in nothing recorded."""
    nearest = min(_distance(state, registry) for _, state in candidates)
    return [(name, state) for name, state in candidates if _distance(state, registry) == nearest]


def _fewest(
    candidates: Sequence[tuple[str, State]], live: Observed, printer: Printer
) -> tuple[str, State, list[Finding]]:
    """The candidate that the database is nearest to; of equals the first."""
    compared = [(name, state, compare(state, live, printer)) for name, state in candidates]
    return min(compared, key=lambda entry: len(entry[2]))
