"""Writing generated/: all files or none, and nothing that is already as it should be."""

from __future__ import annotations

import contextlib
import difflib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgspec.sources import GENERATED

# Sealed releases are not among them: they are never removed.
OWNED = ("schema.sql", "draft")
_STAGING = ".pgspec-"


@dataclass(frozen=True, slots=True)
class Difference:
    """What has to be done to generated/: the texts to write, the files to remove; paths relative to the project."""

    write: Mapping[str, str]
    remove: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.write or self.remove)


def compare(root: Path, files: Mapping[str, str]) -> Difference:
    """What generated/ lacks, holds in another form, or holds too much of.  Files of others are left alone."""
    write = {path: text for path, text in files.items() if _read(root / path) != text.encode()}
    return Difference(write, tuple(path for path in owned_files(root) if path not in files))


def owned_files(root: Path) -> list[str]:
    """The files under generated/ that belong to pgspec, relative to the project, sorted."""
    found = []
    for name in OWNED:
        place = root / GENERATED / name
        inside = [place] if place.is_file() else place.rglob("*") if place.is_dir() else []
        found += [path.relative_to(root).as_posix() for path in inside if path.is_file() or path.is_symlink()]
    return sorted(found)


def unified(root: Path, difference: Difference) -> str:
    """The difference as a unified diff from what is on disk to what the specs say."""
    out: list[str] = []
    for path in sorted({*difference.write, *difference.remove}):
        old = (_read(root / path) or b"").decode("utf-8", "replace")
        new = difference.write.get(path, "")
        names = (path if old else "/dev/null", path if path in difference.write else "/dev/null")
        for line in difflib.unified_diff(old.splitlines(True), new.splitlines(True), *names):
            out.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(out)


def apply(root: Path, difference: Difference) -> None:
    """Make the difference true, wholly or not at all.  OSError when it could not be; then nothing has changed.

    New texts are first written in full beside generated/'s files, so that a full disk is met before anything is
    touched; then each takes its place by a rename, and all are put back should one fail.
    """
    if not difference:
        return
    home = root / GENERATED
    made = not home.exists()
    home.mkdir(exist_ok=True)
    _sweep(home)
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=home))
    try:
        for number, path in enumerate(sorted(difference.write)):
            with (staging / f"{number}.new").open("wb") as file:
                file.write(difference.write[path].encode())
                file.flush()
                os.fsync(file.fileno())
        with _undisturbed():
            _commit(root, difference, staging)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if made:
            with contextlib.suppress(OSError):
                home.rmdir()


def _commit(root: Path, difference: Difference, staging: Path) -> None:
    undo: list[tuple[Path, Path | None]] = []
    folders: list[Path] = []
    try:
        for number, path in enumerate(sorted(difference.write)):
            target = root / path
            folders += _make_folders(target.parent)
            undo.append((target, _keep(target, staging / f"{number}.old")))
            (staging / f"{number}.new").replace(target)
        for number, path in enumerate(difference.remove):
            target = root / path
            undo.append((target, _keep(target, staging / f"{number}.gone")))
            target.unlink()
    except BaseException:
        for target, kept in reversed(undo):
            if kept is not None:
                kept.replace(target)
            else:
                target.unlink(missing_ok=True)
        for folder in reversed(folders):
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    for folder in sorted({(root / path).parent for path in difference.remove}, reverse=True):
        with contextlib.suppress(OSError):  # somebody else's file keeps it
            folder.rmdir()


def _keep(target: Path, place: Path) -> Path | None:
    """A second name for what is there now; None when nothing is."""
    if not target.exists():
        return None
    try:
        os.link(target, place)
    except OSError:  # a file system without hard links
        shutil.copy2(target, place)
    return place


def _make_folders(folder: Path) -> list[Path]:
    made: list[Path] = []
    while not folder.exists():
        made.append(folder)
        folder = folder.parent
    for item in reversed(made):
        item.mkdir()
    return made[::-1]


def _sweep(home: Path) -> None:
    """Remove what a killed build left."""
    for left in home.glob(f"{_STAGING}*"):
        shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold Ctrl-C and a polite kill back while files take their places: it is a matter of milliseconds."""
    held: list[int] = []
    previous: dict[int, Any] = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(ValueError):  # not the main thread
            previous[number] = signal.signal(number, lambda got, _frame: held.append(got))
    try:
        yield
    finally:
        for caught, handler in previous.items():
            signal.signal(caught, handler)
        for caught in held:
            os.kill(os.getpid(), caught)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
