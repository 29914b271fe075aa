"""Files on the disk of a user: what fails there ends the command, and in generated/ it is a finding."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pgspec import output
from pgspec.terminal import fail, finding


def compare(root: Path, files: Mapping[str, str]) -> output.Difference:
    """What has to be written and removed; the finding, when generated/ cannot be read."""
    try:
        return output.compare(root, files)
    except OSError as error:
        finding(
            "REL005",
            f"cannot read {_named(error, root)}: {error.strerror}",
            "make generated/ readable; its files are pgspec's",
        )


def write(root: Path, difference: output.Difference) -> None:
    """Write it, all or nothing; the finding, when it cannot be written."""
    try:
        output.apply(root, difference)
    except OSError as error:
        message = f"cannot write {_named(error, root)}: {error.strerror}; nothing was changed"
        finding("REL005", message, "make room, or make generated/ a folder that can be written, and build again")


def write_new(root: Path, files: Mapping[str, str]) -> None:
    """Write files where there are none yet, all or none of them; misuse when one is there or cannot be written."""
    if taken := [path for path in files if (root / path).exists()]:
        fail(f"{root / taken[0]} already exists", "choose an empty folder; nothing was written")
    done: list[Path] = []
    for path, text in files.items():
        try:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            done.append(root / path)
            (root / path).write_text(text, "utf-8")
        except OSError as error:
            for unfinished in done:
                unfinished.unlink(missing_ok=True)
            fail(f"cannot write {root / path}: {error.strerror}", "choose another folder; nothing was written")


def _named(error: OSError, root: Path) -> str:
    """The file that an error is about, as the user knows it."""
    name = os.fsdecode(error.filename2 or error.filename or "")
    return "generated/" if not name or "/.pgspec-" in name else relative(Path(name), root)


def relative(path: Path, root: Path) -> str:
    """A path as the project names it; as it is when it lies outside."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.as_posix()
