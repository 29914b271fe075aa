"""Where the files of a project are, and reading them: all that a build needs to see that nothing changed.

Nothing heavy is imported here, nor anything that defines a dataclass: the shortcut of `unchanged` lives on it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

PROJECT_FILE = "specs/project.yaml"
SPECS = "specs"
GENERATED = "generated"
RELEASES = "generated/releases"

# What a build writes and removes.  Sealed releases are not among it: they are never removed.
OWNED = (
    ".gitattributes",
    "CHECKLIST.md",
    "schema.sql",
    *(f"draft/{name}" for name in ("migrate.sql", "plan.md", "rollback.sql", "verify.sql")),
)
# In these folders it owns the files that name it at their head, which all that it writes there do.
OWNED_FOLDERS = ("clients", "load", "monitoring", "runbook")
MARK, HEAD = b"pgspec", 400


def find_root(start: Path) -> Path | None:
    """The nearest folder at or above ``start`` that has a project file."""
    for folder in (start, *start.parents):
        try:
            if (folder / PROJECT_FILE).is_file():
                return folder
        except OSError:  # a folder that may not be entered
            continue
    return None


def owned_files(root: Path) -> list[str]:
    """The files under generated/ that belong to pgspec, relative to the project, sorted."""
    paths = [f"{GENERATED}/{name}" for name in OWNED]
    for folder in OWNED_FOLDERS:
        for here, _, names in os.walk(root / GENERATED / folder):
            found = (Path(here) / name for name in names)
            paths += [path.relative_to(root).as_posix() for path in found if _is_marked(path)]
    return sorted(path for path in paths if os.path.lexists(root / path) and not (root / path).is_dir())


def _is_marked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return MARK in file.read(HEAD)
    except OSError:  # whoever writes here meets it again, and says so
        return False


def files_on_disk(root: Path, patterns: Sequence[str]) -> tuple[dict[str, bytes], dict[str, str]]:
    """The files that `Sources` are made of, by path, and why others could not be read.

    ``patterns``: what the project file says under ``schema``.
    """
    unreadable: dict[str, str] = {}
    wanted = {
        name: f"{root}/{name}"
        for name in (*_inside(root, SPECS, unreadable), *_inside(root, RELEASES, unreadable))
        if name.endswith((".yaml", ".yml", ".sql")) or name.startswith(RELEASES)
    }
    for pattern in patterns:
        wanted |= {Path(os.path.relpath(path, root)).as_posix(): os.fspath(path) for path in _outside(root, pattern)}
    data: dict[str, bytes] = {}
    for found, path in wanted.items():
        name = os.fsencode(found).decode("utf-8", "replace")  # the same name in every locale
        content = read(path) if os.fsencode(found) == name.encode() else "its name is not UTF-8"
        if isinstance(content, bytes):
            data[name] = content
        else:
            unreadable[name] = content
    return data, unreadable


def read(path: str) -> bytes | str:
    """The bytes of a file, or why there are none.  What is no file is not opened: a pipe would wait for a writer."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - here and below: a path object costs more than the call
            return "it is not a regular file"
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            return file.read()
    except FileNotFoundError:
        return "it is a link to nothing" if os.path.islink(path) else "there is no such file"  # noqa: PTH114
    except OSError as error:
        return str(error.strerror)


def _inside(root: Path, folder: str, unreadable: dict[str, str]) -> list[str]:
    """Every file below a folder, relative to the root; `os.walk` is several times faster than a glob here.

    Links to folders are followed, each folder once.
    """

    def refused(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            unreadable[Path(os.path.relpath(error.filename, root)).as_posix()] = str(error.strerror)

    found, seen = [], set()
    for place, folders, files in os.walk(root / folder, onerror=refused, followlinks=True):
        status = os.stat(place)  # noqa: PTH116
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        inside = os.path.relpath(place, root).replace(os.sep, "/")
        found += [f"{inside}/{name}" for name in sorted(files)]
    return found


def relative_to_project(pattern: str) -> str:
    """A pattern relative to specs/ as a path relative to the project: ``../db/*.sql`` is ``db/*.sql``."""
    parts: list[str] = []
    for part in PurePosixPath(SPECS, pattern.replace("\\", "/")).parts:
        if part == "/":
            parts = [""]
        elif part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _outside(root: Path, pattern: str) -> list[Path]:
    """The schema files of a pattern that leaves specs/."""
    wanted = relative_to_project(pattern)
    if wanted.startswith((f"{SPECS}/", "/")):
        return []
    if any(char in wanted for char in "*?["):
        try:
            found = root.glob(wanted) if not wanted.startswith("..") else []
            return sorted(path for path in found if path.is_file())
        except (ValueError, OSError):  # not a pattern, or not to be read; the compiler reports that nothing matched
            return []
    path = root / wanted
    try:
        if path.is_dir():
            return sorted(child for child in path.glob("*.sql") if child.is_file())
        return [path] if path.exists() else []
    except (ValueError, OSError):
        return []
