"""Directories that do not outlive their owner.

A room holds a lock file that its owner keeps locked; the kernel lets go of the lock when the owner dies, so a room
that can be locked is stale.  Process ids would not do: they are reused, and containers that share ``/dev/shm`` or
``/tmp`` do not see each other's.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "pgspec-room-"
_UNFINISHED = "pgspec-new-"
_LOCK = "lock"
_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system, not a file; the room inside has a random name
_MEMORY_NEEDED = 200 * 1024 * 1024
_LONGEST_SOCKET = 103  # bytes; macOS allows 104 with the final NUL, Linux 108


def _fits_socket(base: Path) -> bool:
    return len(os.fsencode(base / (PREFIX + "x" * 8) / ".s.PGSQL.5432")) <= _LONGEST_SOCKET


def base_directory() -> Path:
    """Where rooms are made: memory when there is enough, else the directory for temporary files."""
    try:
        if os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free > _MEMORY_NEEDED:
            return _MEMORY
    except OSError:
        pass
    return disk_directory()


def disk_directory() -> Path:
    """The directory for temporary files, or ``/tmp`` when its name is too long to hold a socket."""
    base = Path(tempfile.gettempdir())
    return base if _fits_socket(base) else Path("/tmp")  # noqa: S108 - as above


@contextmanager
def room(base: Path) -> Iterator[Path]:
    """A new private directory in ``base``, deleted at the end; OSError when it cannot be made."""
    sweep(base)
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=base))
    path = unfinished.with_name(PREFIX + unfinished.name.removeprefix(_UNFINISHED))
    lock = os.open(unfinished / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        unfinished.rename(path)  # only now can a sweep see it, and it is locked
        yield path
    finally:
        for leftover in (unfinished, path):
            shutil.rmtree(leftover, ignore_errors=True)
        os.close(lock)


def sweep(base: Path) -> None:
    """Delete the rooms in ``base`` whose owners are dead and which are this user's to delete."""
    with suppress(OSError):
        for path in base.glob(PREFIX + "*"):
            with suppress(OSError):
                if _is_stale(path):
                    shutil.rmtree(path, ignore_errors=True)


def _is_stale(path: Path) -> bool:
    me = os.geteuid()
    if me != 0 and path.lstat().st_uid != me:
        return False
    lock = os.open(path / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
