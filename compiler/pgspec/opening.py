"""What every command begins with: the project at hand, compiled, or the end of the program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pgspec.disk import PROJECT_FILE, find_root
from pgspec.terminal import fail, print_findings

if TYPE_CHECKING:
    from pgspec.compile import Result
    from pgspec.sources import Sources


def project_root(start: Path) -> Path:
    """The folder of the project at or above ``start``."""
    if not start.is_dir():
        fail(f"{start} is not a folder", "")
    root = find_root(start)
    if root is None:
        fail(f"no {PROJECT_FILE} in {start} or above", "`pgspec init` writes a starting project; `-C DIR` names one")
    return root


def compiled(root: Path) -> tuple[Sources, Result]:
    """The project and what it compiles to."""
    from pgspec.compile import compile_project  # noqa: PLC0415 - needs every library; `--help` needs none
    from pgspec.sources import from_disk  # noqa: PLC0415

    sources = from_disk(root)
    return sources, compile_project(sources)


def without_errors(root: Path) -> Result:
    """What the project compiles to; with errors in it the program ends with 1."""
    sources, result = compiled(root)
    if not result.ok:
        print_findings(result.diagnostics, sources, "full", err=True)
        sys.exit(1)
    return result
