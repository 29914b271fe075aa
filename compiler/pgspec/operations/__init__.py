"""What operators, dashboards and applications use beside the migrations: files under generated/."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pgspec.program import Program

PRINTERS: tuple[Callable[[Program], Mapping[str, str]], ...] = ()
"""Each: program -> text by path under generated/.  The program has no errors.  In the folders `disk.OWNED_FOLDERS`
each text names pgspec in its first lines, by which a later build knows its own."""


def operations_files(program: Program) -> dict[str, str]:
    """The files by path under generated/."""
    return {path: text for printer in PRINTERS for path, text in printer(program).items()}
