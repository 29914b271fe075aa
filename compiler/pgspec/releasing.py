"""What `pgspec release` does: what the release is called, and what is written for a migration runner."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from pgspec import layouts, releases, report
from pgspec.compile import Result
from pgspec.disk import RELEASES
from pgspec.queries import nearest
from pgspec.terminal import fail, finding, painter


def release_folder(result: Result, version: str | None, name: str, *, again: bool) -> str:
    """The folder of the release that the draft becomes; ends the command when there can be none.

    ``again``: the last release may be asked for by its name, when there is nothing to seal.
    """
    last = result.releases[-1].folder if result.releases else ""
    if again and last == f"{version or last[:14]}_{name}" and not result.draft.changes:
        return last
    version = version or datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    if problem := releases.name_problem(version, name, result.releases):
        finding("REL003", *problem)
    if not result.draft.changes:
        finding("REL004", "there is nothing to release", "the specs describe what the last release already installs")
    return f"{version}_{name}"


def read_layout(text: str) -> tuple[str, str]:
    """The runner and its folder, which ``RUNNER`` or ``RUNNER:DIR`` names; the folder is relative to the project."""
    name, _, folder = text.partition(":")
    if name not in layouts.RUNNERS:
        help_ = nearest(name, [*layouts.RUNNERS]) or f"one of {', '.join(layouts.RUNNERS)}"
        fail(f"there is no layout for `{name}`", help_)
    return name, folder or layouts.RUNNERS[name].folder


def laid_out(
    root: Path, target: tuple[str, str], sealed: Mapping[str, bytes], files: Mapping[str, str], *, sealing: bool
) -> Mapping[str, str]:
    """What to write for a runner, by path relative to the project.

    ``sealed``: the files of releases as they are on disk; ``files``: what is about to be written, with one more release
    when ``sealing``.  What stands in the way is printed, and ends the command.
    """
    new = {path: text.encode() for path, text in files.items() if path.startswith(f"{RELEASES}/")}
    runner, folder = target
    found = _found(root / folder, layouts.RUNNERS[runner].globs)
    every = releases.read({**sealed, **new})[0]
    texts, blocked = layouts.lay_out(runner, folder, every, found, sealing=sealing)
    for item in blocked:
        lines = found.get(item.span.path.removeprefix(folder).lstrip("/"), "").split("\n")
        click.echo(report.frame(item, lines, painter(sys.stderr)), err=True)
    if blocked:
        click.echo("nothing was written", err=True)
        sys.exit(1)
    return texts


def _found(folder: Path, globs: tuple[str, ...]) -> dict[str, str]:
    """The files of a runner's folder, by path in it."""
    try:
        paths = {path for pattern in globs for path in folder.glob(pattern) if path.is_file()}
        return {path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8", "replace") for path in paths}
    except OSError as error:
        fail(f"cannot read {error.filename}: {error.strerror}", "make it readable; nothing was written")
