"""A PostgreSQL server that exists for the length of a ``with`` block."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import ModuleType

from pgspec.scratch import cache
from pgspec.scratch.errors import ScratchError
from pgspec.scratch.find import Missing, Server, find_server
from pgspec.scratch.room import base_directory, disk_directory, room
from pgspec.scratch.run import Launcher, close, launcher
from pgspec.sql import ident

SETTINGS: Mapping[str, str] = {
    # Nothing has to survive a crash of the machine, so nothing waits for a disk.
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "2MB",
    "max_wal_size": "64MB",
    "shared_buffers": "16MB",
    "max_connections": "50",
    # Files in the cluster, deleted with it; the default leaves segments in /dev/shm when a server is killed.
    "dynamic_shared_memory_type": "mmap",
    # A test applies a whole project in one transaction.
    "max_locks_per_transaction": "512",
    # What happens must depend on the SQL alone.
    "autovacuum": "off",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "listen_addresses": "",
    "logging_collector": "off",
}
"""Server settings unless overridden."""

_RECIPE = "2"  # part of the cache key: raise it when the content of a template changes
_INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions", "--wal-segsize=1")
_LOCALES = ("C.UTF-8", "C")
_START_TIMEOUT = 60.0
_STOP_TIMEOUT = 30.0
_POLL = 0.002
_STATUS_LINE = 7  # of postmaster.pid, counted from 0
_NO_DRIVER = "run: pip install 'pgspec[postgres]'"


class ScratchServer:
    """A running server.  Made by `scratch_server`; every method raises `ScratchError` when it fails."""

    def __init__(self, server: Server, launch: Launcher, settings: Mapping[str, str]) -> None:
        self.server = server
        self._launch = launch
        self._settings = {**SETTINGS, **settings}
        self._guard: subprocess.Popen[bytes] | None = None
        self._pid = 0

    @property
    def version(self) -> int:
        """As server_version_num: 180006 is 18.6."""
        return self.server.version

    @property
    def major(self) -> int:
        """15, 16, ..."""
        return self.server.major

    @property
    def directory(self) -> Path:
        """The room: it holds the cluster (``data``), the log and the socket, and is deleted at the end."""
        return self._launch.rooms[0]

    @property
    def pid(self) -> int:
        """The process id of the postmaster; 0 when it is stopped."""
        return self._pid

    def dsn(self, dbname: str, **parameters: str | int) -> str:
        """A connection string for libpq; ``parameters`` are libpq's, such as ``user`` or ``options``.

        Everything that the environment (``PGOPTIONS``, ``PGSSLMODE``, ...) could change is given.
        """
        values: dict[str, str | int] = {
            "host": str(self.directory),
            "hostaddr": "",
            "port": 5432,
            "user": "postgres",
            "dbname": dbname,
            "options": "",
            "sslmode": "disable",
            "gssencmode": "disable",
            "channel_binding": "disable",
            "target_session_attrs": "any",
            "client_encoding": "UTF8",
            "application_name": "pgspec",
            "connect_timeout": 10,
            **parameters,
        }
        return " ".join(f"{key}={_quote(str(value))}" for key, value in values.items())

    def create_database(self, name: str, template: str = "template1") -> None:
        """Create a database as a copy of ``template``, to which nobody may be connected."""
        copy = f"CREATE DATABASE {ident(name)} TEMPLATE {ident(template)} STRATEGY file_copy"
        self._execute(copy)

    def drop_database(self, name: str) -> None:
        """Drop a database, with its connections, if it exists."""
        self._execute(f"DROP DATABASE IF EXISTS {ident(name)} WITH (FORCE)")

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        if self._guard:
            return
        options = [part for key, value in self._settings.items() for part in ("-c", f"{key}={value}")]
        data = self.directory / "data"
        (data / "postmaster.pid").unlink(missing_ok=True)  # one that was killed leaves it, and it would look ready
        guard = self._launch.start("postgres", ["-D", str(data), "-k", str(self.directory), *options])
        try:
            self._pid = self._wait_until_ready(guard)
            self._guard = guard
        finally:
            if not self._guard:
                close(guard)

    def stop(self, *, immediate: bool = False) -> None:
        """Stop the server: cleanly, or at once as in a crash, so that the next start has to recover."""
        guard, self._guard, pid, self._pid = self._guard, None, self._pid, 0
        if not guard:
            return
        try:
            if guard.poll() is None:  # else the server died of itself, and its number may be another's
                os.kill(pid, signal.SIGQUIT if immediate else signal.SIGINT)
            guard.wait(_STOP_TIMEOUT)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        finally:
            close(guard)

    def restart(self, *, immediate: bool = False) -> None:
        """Stop the server and start it on the same data."""
        self.stop(immediate=immediate)
        self.start()

    def log_tail(self) -> str:
        """The end of the server's log."""
        return self._launch.log_tail()

    def _wait_until_ready(self, guard: subprocess.Popen[bytes]) -> int:
        """The process id of the postmaster, once it is ready."""
        status = self.directory / "data" / "postmaster.pid"
        deadline = time.monotonic() + _START_TIMEOUT
        while time.monotonic() < deadline:
            with suppress(OSError, ValueError):
                lines = status.read_text().split("\n")
                if len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready":
                    return int(lines[0])
            if guard.poll() is not None:
                break
            time.sleep(_POLL)
        raise _failed(self._launch, "PostgreSQL does not start")

    def _execute(self, statement: str) -> None:
        driver = _driver()
        try:
            with driver.connect(self.dsn("postgres"), autocommit=True) as connection:
                connection.execute(statement.encode())
        except driver.Error as error:
            raise ScratchError(f"{statement}: {error}".strip(), "") from error


@contextmanager
def scratch_server(
    major: int | None = None,
    settings: Mapping[str, str] | None = None,
    *,
    on_disk: bool = False,
    extension: str | None = None,
) -> Iterator[ScratchServer]:
    """A new server of this major, or of the newest that `find_server` finds; nothing of it is left at the end.

    Its superuser is ``postgres``, without a password, over a socket that only this user can reach.  ``settings``
    override `SETTINGS`.  ``on_disk``: never in memory, so that fsync means something.  ``extension``: one whose library
    the installation must have.  `ScratchError` when there is no server or it does not start.
    """
    _driver()
    found = find_server(major, extension)
    if isinstance(found, Missing):
        raise ScratchError(found.message, found.help)
    with ExitStack() as stack:
        try:
            directory = stack.enter_context(room(disk_directory() if on_disk else base_directory()))
            launch = launcher(found, directory, stack)
            server = ScratchServer(found, launch, settings or {})
            stack.callback(server.stop, immediate=True)
            _start_on_new_cluster(server, launch)
        except OSError as error:
            help_ = "set TMPDIR to a directory with 100 MB of free space that you may write"
            raise ScratchError(f"no scratch server can be made: {error}", help_) from error
        yield server


def _start_on_new_cluster(server: ScratchServer, launch: Launcher) -> None:
    """Start the server on a copy of the template; make the template first if there is none that works."""
    data = server.directory / "data"
    key = f"{server.version}-{cache.fingerprint(server.server.bin / 'postgres', _RECIPE, *_INITDB)}"
    entry = cache.cache_directory() / "clusters" / key
    if cache.load_cluster(entry, data):
        with suppress(ScratchError):  # a broken template is replaced; broken settings fail again below
            server.start()
            return
    shutil.rmtree(data, ignore_errors=True)
    cache.discard(entry)
    _initdb(launch, data)
    maker = ScratchServer(server.server, launch, {})
    try:
        maker.start()
        maker._execute("ALTER DATABASE template0 IS_TEMPLATE false")  # noqa: SLF001
        maker._execute("DROP DATABASE template0")  # noqa: SLF001 - 7 MB less to copy
    finally:
        maker.stop()
    cache.store_cluster(entry, data)
    server.start()


def _initdb(launch: Launcher, data: Path) -> None:
    for locale in _LOCALES:
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(mode=0o700)
        if launch.run("initdb", ["-D", str(data), *_INITDB, f"--locale={locale}"]) == 0:
            return
    raise _failed(launch, "initdb fails")


def _failed(launch: Launcher, what: str) -> ScratchError:
    log = launch.log_tail()
    return ScratchError(f"{what}: {launch.bin}", f"its log ends with:\n{log}" if log else "it wrote no log")


def _driver() -> ModuleType:
    """The module psycopg; imported when first needed, because that takes a sixth of a second."""
    try:
        import psycopg
    except ImportError as error:  # psycopg without libpq also is an ImportError
        raise ScratchError(f"psycopg cannot be imported: {error}", _NO_DRIVER) from error
    return psycopg


def _quote(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
