"""The user's cache: clusters that are ready to be copied, and unpacked servers.

Nothing depends on the cache: an entry that is missing, broken or cannot be written costs time and nothing else.
Entries appear by a rename, so two processes that build the same one do not disturb each other.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_COUNT = "count"
_DATA = "data"


def cache_directory() -> Path:
    """``PGSPEC_CACHE_DIR``, else ``pgspec`` in ``XDG_CACHE_HOME`` or in the platform's place for caches."""
    if explicit := os.environ.get("PGSPEC_CACHE_DIR"):
        return Path(explicit).absolute()
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if xdg.is_absolute():  # the standard says to ignore one that is not
        return xdg / "pgspec"
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises for a user without a home
    return home / ("Library/Caches/pgspec" if sys.platform == "darwin" else ".cache/pgspec")


def fingerprint(file: Path, *more: str) -> str:
    """A short name for this very file, as its size, place and time of change tell it, and for ``more``."""
    status = file.stat()
    parts = (os.path.realpath(file), str(status.st_size), str(status.st_mtime_ns), *more)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def publish(entry: Path, fill: Callable[[Path], object]) -> None:
    """Make the directory ``entry`` by ``fill``, unless another process was faster; OSError when it cannot be."""
    entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".new-", dir=entry.parent))
    try:
        fill(unfinished)
        try:
            unfinished.rename(entry)
        except OSError:
            if not entry.is_dir():
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def copy_tree(source: Path, target: Path) -> tuple[int, int]:
    """Copy plain files and directories, a third faster than `shutil.copytree`; the number of files and of bytes."""
    files = size = 0
    target.mkdir(mode=0o700)
    with os.scandir(source) as entries:
        for entry in entries:
            path = target / entry.name
            if entry.is_dir(follow_symlinks=False):
                more_files, more_size = copy_tree(Path(entry.path), path)
                files, size = files + more_files, size + more_size
            else:
                content = Path(entry.path).read_bytes()
                path.write_bytes(content)
                files, size = files + 1, size + len(content)
    return files, size


def store_cluster(entry: Path, data: Path) -> None:
    """Keep a copy of a cluster that was shut down cleanly; a cache that cannot be written is no error."""

    def fill(directory: Path) -> None:
        (directory / _COUNT).write_text(repr(copy_tree(data, directory / _DATA)))

    with suppress(OSError):
        publish(entry, fill)


def load_cluster(entry: Path, data: Path) -> bool:
    """Copy a kept cluster to ``data``; False, and nothing at ``data``, when there is none or files are missing."""
    try:
        if repr(copy_tree(entry / _DATA, data)) == (entry / _COUNT).read_text():
            return True
    except OSError:
        pass
    shutil.rmtree(data, ignore_errors=True)
    return False


def discard(entry: Path) -> None:
    """Remove an entry that proved to be broken."""
    shutil.rmtree(entry, ignore_errors=True)
