"""What `pgspec breaking` does: the project of a commit against the one of the work tree."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from pgspec.breaking import Finding, compare, render
from pgspec.compile import read_project
from pgspec.git import GitError, sources_at
from pgspec.program import Program
from pgspec.queries import nearest
from pgspec.rules.grades import GRADES, STOPPING
from pgspec.sources import from_disk
from pgspec.terminal import fail, painter, print_findings


def compare_with(root: Path, ref: str, allowed: Sequence[str], form: str) -> int:
    """Print what changed since the commit ``ref``; 1 when something dangerous or breaking is not ``allowed``, else 0.

    ``allowed``: codes, or ``CODE:NAME`` for one spec.  Misuse, and a commit that is of no use, end the program with 2;
    specs of today with errors, with 1.
    """
    for entry in allowed:
        if (code := entry.partition(":")[0]) not in GRADES:
            fail(f"`--allow {entry}`: there is no finding `{code}`", nearest(code, GRADES) or "write `BRK001:NAME`")
    sources = from_disk(root)
    new = read_project(sources)
    if not new.ok or new.program is None:
        print_findings(new.diagnostics, sources, "full", err=True)
        return 1
    found = compare(_old(root, ref), new.program)
    accepted = [item for item in found if item.code in allowed or f"{item.code}:{item.name}" in allowed]
    click.echo(render(form, found, accepted, ref, painter(sys.stdout)), nl=False)
    return int(any(_stops(item) for item in found if item not in accepted))


def _stops(item: Finding) -> bool:
    return item.grade in STOPPING


def _old(root: Path, ref: str) -> Program:
    """The program of the commit.  Rules are not asked: they may be newer than it; `check` asks them of today's."""
    try:
        sources = sources_at(root, ref)
    except GitError as error:
        fail(str(error), error.help)
    old = read_project(sources)
    if not old.ok or old.program is None:
        print_findings(old.diagnostics, sources, "full", err=True)
        fail(f"the specs at `{ref}` have errors, so there is nothing to compare with", "choose a commit that builds")
    return old.program
