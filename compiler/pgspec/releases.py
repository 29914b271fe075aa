"""Sealed releases: folders that never change, chained by hashes in ``pgspec.sum``.

A line of the sum file is the release and a hash over its files and the line before.  An edit by hand breaks the hash
of its release; two branches that both release conflict in the last line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from pgspec import state as states
from pgspec.diagnostics import Diagnostic, Severity, Span
from pgspec.disk import RELEASES
from pgspec.state import State

SUM_FILE = f"{RELEASES}/pgspec.sum"
FILES = ("migrate.sql", "plan.md", "rollback.sql", "state.json", "verify.sql")
_FOLDER = re.compile(r"([0-9]{14})_([A-Za-z0-9_-]{1,100})")


@dataclass(frozen=True, slots=True)
class Release:
    """A sealed release: its folder's name, which starts with the version, and its files by name."""

    folder: str
    files: Mapping[str, bytes]

    @property
    def version(self) -> str:
        """14 digits."""
        return self.folder[:14]

    def line(self, before: str) -> str:
        """The line of the sum file, given the line before it."""
        digest = hashlib.sha256(before.encode())
        for name in sorted(self.files):
            digest.update(f"\n{name} {hashlib.sha256(_unix(self.files[name])).hexdigest()}".encode())
        return f"{self.folder} sha256:{digest.hexdigest()}"


def read(files: Mapping[str, bytes]) -> tuple[list[Release], State, list[Diagnostic]]:
    """The releases in order, the state after the last of them, and what is wrong with them."""
    folders: dict[str, dict[str, bytes]] = {}
    for path in sorted(files):
        folder, _, name = path.removeprefix(f"{RELEASES}/").partition("/")
        if name in FILES and _FOLDER.fullmatch(folder):
            folders.setdefault(folder, {})[name] = files[path]
    releases = [Release(folder, folders[folder]) for folder in sorted(folders)]
    found = _check_chain(releases, files.get(SUM_FILE, b"").decode("utf-8", "replace"))
    if found or not releases:
        return releases, {}, found
    last = releases[-1]
    try:
        return releases, states.load(last.files["state.json"].decode()), []
    except (ValueError, KeyError) as error:
        message = f"the state of release `{last.folder}` cannot be read: {error}"
        return releases, {}, [_error(f"{RELEASES}/{last.folder}/state.json", 1, "REL001", message, _RESTORE)]


def sum_text(releases: Sequence[Release]) -> str:
    """The sum file for these releases."""
    lines: list[str] = []
    for release in releases:
        lines.append(release.line(lines[-1] if lines else ""))
    return "".join(f"{line}\n" for line in lines)


def name_problem(version: str, name: str, releases: Sequence[Release]) -> tuple[str, str] | None:
    """Why a release cannot be called this: message and help; None when it can."""
    if not _FOLDER.fullmatch(f"{version}_{name}"):
        example = "a version is 14 digits, a name at most 100 letters, digits, `_` and `-`"
        return f"`{version}_{name}` is not a release", f"{example}: 20250823191011_search_views"
    if releases and version <= releases[-1].version:
        last = releases[-1].folder
        return f"version {version} is not after the last release, `{last}`", "give a later one with --version"
    return None


_MARKERS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
_RESTORE = "restore it from version control; a change belongs into a new release"


def _check_chain(releases: Sequence[Release], text: str) -> list[Diagnostic]:
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if marker := next((number for number, line in lines if line.startswith(_MARKERS)), 0):
        help_ = (
            "`git checkout BRANCH -- generated/releases` of the deployed one; remove the other's folder; build; release"
        )
        return [_error(SUM_FILE, marker, "REL002", "two branches both released: the file has a merge conflict", help_)]
    if found := _check_names({release.folder for release in releases}, lines):
        return found
    before = ""
    for release, (_, line) in zip(releases, lines, strict=True):
        folder = f"{RELEASES}/{release.folder}"
        if missing := sorted(set(FILES) - set(release.files)):
            message = f"the release `{release.folder}` has no {missing[0]}"
            return [_error(f"{folder}/{missing[0]}", 1, "REL001", message, _RESTORE)]
        if release.line(before) != line:
            message = f"the release `{release.folder}` is not as it was sealed"
            return [_error(folder, 1, "REL001", message, _RESTORE)]
        before = line
    return []


def _check_names(folders: Set[str], lines: Sequence[tuple[int, str]]) -> list[Diagnostic]:
    """Whether the sum file names each folder once, in order."""
    found = []
    last = ""
    for number, line in lines:
        folder = line.partition(" ")[0]
        if folder not in folders:
            help_ = f"restore {RELEASES}/{folder}/ from version control"
            message = f"the release `{folder}` is in pgspec.sum, its folder is missing"
            found.append(_error(SUM_FILE, number, "REL002", message, help_))
        elif folder <= last:
            message = f"the release `{folder}` is out of order, or written twice"
            found.append(_error(SUM_FILE, number, "REL002", message, "restore pgspec.sum from version control"))
        last = max(folder, last)
    for folder in sorted(folders - {line.partition(" ")[0] for _, line in lines}):
        help_ = "if two branches released, keep one of the two; otherwise restore pgspec.sum from version control"
        message = f"the release `{folder}` is not in pgspec.sum"
        found.append(_error(f"{RELEASES}/{folder}", 1, "REL002", message, help_))
    return found


def _unix(data: bytes) -> bytes:
    """Line ends as they were written: a checkout may have turned them into CRLF."""
    return data.replace(b"\r\n", b"\n")


def _error(path: str, line: int, code: str, message: str, help_: str) -> Diagnostic:
    return Diagnostic(Span(path, line, 1, line, 2), code, Severity.ERROR, message, help_)
