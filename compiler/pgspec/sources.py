"""The files of a project: what the compiler is given, so that the compiler itself reads no disk."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pgspec import source
from pgspec.disk import PROJECT_FILE, RELEASES, SPECS, files_on_disk, read, relative_to_project

# How pgspec marks the files that it writes for migration runners; the name of the release follows.
WRITTEN = f"written by pgspec from {RELEASES}/"


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
    return arranged({path: text.encode() for path, text in texts.items()}, {})


def from_disk(root: Path) -> Sources:
    """The sources of the project in ``root``."""
    project = read(f"{root}/{PROJECT_FILE}")
    return arranged(*files_on_disk(root, schema_patterns(project) if isinstance(project, bytes) else []))


def arranged(data: Mapping[str, bytes], unreadable: Mapping[str, str]) -> Sources:
    """The sources that files make, by path relative to the project; ``unreadable``: why others are not among them."""
    specs = {p: d for p, d in data.items() if p.startswith(f"{SPECS}/") and p.endswith(".yaml")}
    ignored = tuple(p for p in sorted(data) if p.startswith(f"{SPECS}/") and p.endswith(".yml"))
    releases = {p: d for p, d in data.items() if p.startswith(f"{RELEASES}/")}
    sql = {p: d for p, d in data.items() if p.endswith(".sql") and p not in releases}
    schema: list[str] = []
    for pattern in schema_patterns(specs.get(PROJECT_FILE, b"")):
        wanted = relative_to_project(pattern)
        if any(char in wanted for char in "*?["):
            matched = sorted(path for path in sql if fnmatch.fnmatchcase(path, wanted))
        else:
            matched = [wanted] if wanted in sql else sorted(p for p in sql if p.startswith(f"{wanted.rstrip('/')}/"))
        # Of a migration runner's folder, what pgspec wrote there is no part of the base schema.
        matched = [path for path in matched if not is_laid_out(sql[path])]
        schema += [path for path in matched or [wanted] if path not in schema]
    return Sources(specs, sql, tuple(schema), releases, ignored, unreadable)


def is_laid_out(text: bytes) -> bool:
    """Whether a file repeats a release for a migration runner, as its first lines then say."""
    return f"-- {WRITTEN}".encode() in text[:400]


def schema_patterns(project: bytes) -> list[str]:
    """What the project file says under ``schema``; the compiler says what is wrong with it, if anything is."""
    if not project:
        return []
    for document in source.read(PROJECT_FILE, project):
        if isinstance(document.value, dict):
            value = document.value.get("schema", ["schema.sql"])
            items = [value] if isinstance(value, str) else value
            return [item for item in items if isinstance(item, str) and item] if isinstance(items, list) else []
    return []
