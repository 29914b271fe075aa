"""The files of a project: what the compiler is given, so that the compiler itself reads no disk."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

PROJECT_FILE = "specs/project.yaml"
SPECS = "specs"
GENERATED = "generated"
RELEASES = "generated/releases"


@dataclass(frozen=True, slots=True)
class Sources:
    """Every file that a build may read, by path relative to the project.

    ``specs``: the YAML files.  ``sql``: the SQL files in specs/ and the schema files.  ``schema``: paths of the latter
    in the order in which they apply; a pattern that matched nothing stands for itself.  ``releases``: sealed files.
    ``ignored``: files that look like specs and are not read.  ``unreadable``: files that should be read and cannot be,
    with the reason.
    """

    specs: Mapping[str, bytes] = field(default_factory=dict)
    sql: Mapping[str, bytes] = field(default_factory=dict)
    schema: tuple[str, ...] = ()
    releases: Mapping[str, bytes] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def all(self) -> Mapping[str, bytes]:
        """All files in one mapping."""
        return {**self.specs, **self.sql, **self.releases}


def from_texts(texts: Mapping[str, str]) -> Sources:
    """Sources that exist in memory only, as tests and manual pages have them."""
    return _sorted({path: text.encode() for path, text in texts.items()}, {})


def from_disk(root: Path) -> Sources:
    """The sources of the project in ``root``."""
    project = _read(root / PROJECT_FILE)
    return _sorted(*files_on_disk(root, schema_patterns(project) if isinstance(project, bytes) else []))


def files_on_disk(root: Path, patterns: Sequence[str]) -> tuple[dict[str, bytes], dict[str, str]]:
    """The files that `Sources` are made of, by path, and why others could not be read.

    ``patterns``: what the project file says under ``schema``.
    """
    unreadable: dict[str, str] = {}
    wanted = {
        name: root / name
        for name in (*_inside(root, SPECS, unreadable), *_inside(root, RELEASES, unreadable))
        if name.endswith((".yaml", ".yml", ".sql")) or name.startswith(RELEASES)
    }
    for pattern in patterns:
        wanted |= {Path(os.path.relpath(path, root)).as_posix(): path for path in _outside(root, pattern)}
    data = {}
    for found, path in wanted.items():
        name = os.fsencode(found).decode("utf-8", "replace")  # the same name in every locale
        content = _read(path) if os.fsencode(found) == name.encode() else "its name is not UTF-8"
        if isinstance(content, bytes):
            data[name] = content
        else:
            unreadable[name] = content
    return data, unreadable


def _read(path: Path) -> bytes | str:
    """The bytes of a file, or why there are none.  What is no file is not opened: a pipe would wait for a writer."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return "it is not a regular file"
        return path.read_bytes()
    except FileNotFoundError:
        return "it is a link to nothing" if path.is_symlink() else "there is no such file"
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
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        inside = Path(place).relative_to(root).as_posix()
        found += [f"{inside}/{name}" for name in sorted(files)]
    return found


def find_root(start: Path) -> Path | None:
    """The nearest folder at or above ``start`` that has a project file."""
    for folder in (start, *start.parents):
        with contextlib.suppress(OSError):  # a folder that may not be entered
            if (folder / PROJECT_FILE).is_file():
                return folder
    return None


def _sorted(data: Mapping[str, bytes], unreadable: Mapping[str, str]) -> Sources:
    specs = {p: d for p, d in data.items() if p.startswith(f"{SPECS}/") and p.endswith(".yaml")}
    ignored = tuple(p for p in sorted(data) if p.startswith(f"{SPECS}/") and p.endswith(".yml"))
    releases = {p: d for p, d in data.items() if p.startswith(f"{RELEASES}/")}
    sql = {p: d for p, d in data.items() if p.endswith(".sql") and p not in releases}
    schema: list[str] = []
    for pattern in schema_patterns(specs.get(PROJECT_FILE, b"")):
        wanted = _normal(pattern)
        if any(char in wanted for char in "*?["):
            matched = sorted(path for path in sql if fnmatch.fnmatchcase(path, wanted))
        else:
            matched = [wanted] if wanted in sql else sorted(p for p in sql if p.startswith(f"{wanted.rstrip('/')}/"))
        schema += [path for path in matched or [wanted] if path not in schema]
    return Sources(specs, sql, tuple(schema), releases, ignored, unreadable)


def schema_patterns(project: bytes) -> list[str]:
    """What the project file says under ``schema``; the compiler says what is wrong with it, if anything is."""
    if not project:
        return []
    from pgspec import source  # noqa: PLC0415 - a build that has nothing to do does not read YAML

    for document in source.read(PROJECT_FILE, project):
        if isinstance(document.value, dict):
            value = document.value.get("schema", ["schema.sql"])
            items = [value] if isinstance(value, str) else value
            return [item for item in items if isinstance(item, str) and item] if isinstance(items, list) else []
    return []


def _normal(pattern: str) -> str:
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
    wanted = _normal(pattern)
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
