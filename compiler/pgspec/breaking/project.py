"""What every caller meets: schemas, servers, sessions, roles."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.breaking.findings import Finding, listed, place
from pgspec.program import Program


def project_changes(old: Program, new: Program) -> Iterator[Finding]:
    """The differences between two project files."""
    before, after, document = old.project, new.project, new.written
    assert document is not None

    def changed(code: str, message: str, *path: str) -> Finding:
        return Finding(code, place(document, *path), message, after.name)

    for key in ("runtime_schema", "internal_schema"):
        if getattr(before, key) != getattr(after, key):
            what = f"what pgspec installs moves from the schema `{getattr(before, key)}` to `{getattr(after, key)}`"
            yield changed("BRK018", what, key)
    if after.postgres > before.postgres:
        yield changed("BRK018", f"servers older than PostgreSQL {after.postgres} are no longer supported", "postgres")
    elif after.postgres < before.postgres:
        yield changed("BRK020", f"servers are supported from PostgreSQL {after.postgres} on", "postgres")
    if before.session.claims != after.session.claims:
        what = f"claims are read from `{after.session.claims}`, no longer from `{before.session.claims}`"
        yield changed("BRK018", what, "session", "claims")
    if before.session.request_id != after.session.request_id:
        yield changed("BRK019", "the number of a request is read in another way", "session", "request_id")
    for kind in ("api", "service"):
        ours, theirs = set(getattr(after.roles, kind)), set(getattr(before.roles, kind))
        if ours - theirs:
            yield changed("BRK019", f"{listed(sorted(ours - theirs))} joined the {kind} roles", "roles", kind)
        if theirs - ours:
            yield changed("BRK019", f"{listed(sorted(theirs - ours))} left the {kind} roles", "roles", kind)
