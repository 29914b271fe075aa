"""Writing generated/: all files or none, and nothing that is already as it should be."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgspec.disk import GENERATED, owned_files

if sys.platform != "win32":
    import fcntl

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
    write = {path: text for path, text in files.items() if not _same(_read(root / path), text.encode())}
    return Difference(write, tuple(path for path in owned_files(root) if path not in files))


def _same(found: bytes | None, wanted: bytes) -> bool:
    """Whether a file is as it should be; a checkout may have turned its line ends into CRLF."""
    return found is not None and (found == wanted or found.replace(b"\r\n", b"\n") == wanted)


def unified(root: Path, difference: Difference) -> str:
    """The difference as a unified diff from what is on disk to what the specs say."""
    out: list[str] = []
    for path in sorted({*difference.write, *difference.remove}):
        old = (_read(root / path) or b"").decode("utf-8", "replace").replace("\r\n", "\n")
        new = difference.write.get(path, "")
        names = (path if old else "/dev/null", path if path in difference.write else "/dev/null")
        for line in difflib.unified_diff(_lines(old), _lines(new), *names):
            out.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(out)


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def apply(root: Path, difference: Difference) -> None:
    """Make the difference true, wholly or not at all.  OSError when it could not be; then nothing has changed.

    New texts are first written in full beside generated/'s files, so that a full disk is met before anything is
    touched; then each takes its place by a rename, and all are put back should one fail.
    """
    home = root / GENERATED
    if not difference and not _left(home):
        return
    made = not home.exists()
    home.mkdir(exist_ok=True)
    try:
        with _alone(home):
            for folder in _left(home):
                shutil.rmtree(folder, ignore_errors=True)
            if difference:
                _apply(root, difference, Path(tempfile.mkdtemp(prefix=_STAGING, dir=home)))
    finally:
        if made:
            with contextlib.suppress(OSError):
                home.rmdir()


def _apply(root: Path, difference: Difference, staging: Path) -> None:
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
            target.unlink(missing_ok=True)
    except BaseException:
        for target, kept in reversed(undo):
            with contextlib.suppress(OSError):  # the others are still put back
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
    if not os.path.lexists(target):
        return None
    try:
        os.link(target, place, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(target, place, follow_symlinks=False)
    return place


def _make_folders(folder: Path) -> list[Path]:
    made: list[Path] = []
    while not folder.exists():
        made.append(folder)
        folder = folder.parent
    for item in reversed(made):
        item.mkdir()
    return made[::-1]


def _left(home: Path) -> list[Path]:
    """What a killed build left, unless another build is at work there."""
    return sorted(home.glob(f"{_STAGING}*"))


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Wait until no other build writes here.  The lock is on the folder itself, and ends with the process."""
    if sys.platform == "win32":
        yield
        return
    handle = os.open(home, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


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
