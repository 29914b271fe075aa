"""Scratch servers start anywhere, and leave nothing behind."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from live import MAJORS, Database
from pgspec.scratch import Missing, ScratchError, ScratchServer, Server, find_server, scratch_server
from pgspec.scratch import room as rooms
from pgspec.scratch.cache import cache_directory
from pgspec.scratch.run import _open_to_others

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become another user")

ON_DISK = """
from pathlib import Path
from pgspec.scratch import room
room._MEMORY = Path("/none")
"""

HOLD = """
import sys, time
from pgspec.scratch import scratch_server
with scratch_server() as server:
    print(server.pid, server._guard.pid, server.directory, flush=True)
    time.sleep(120)
"""

# What Docker's default profile does: no new user namespaces.
WITHOUT_NAMESPACES = """
import ctypes, platform, struct
number = {"x86_64": 272, "aarch64": 97}[platform.machine()]  # of unshare
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
program = Program(len(steps), ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
"""

START = """
import os
from pgspec.scratch import scratch_server
with scratch_server() as server:
    server.create_database("d")
    server.restart()
    print(os.stat(f"/proc/{server.pid}").st_uid, server.directory, os.readlink(f"/proc/{server.pid}/exe"))
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    path = tmp_path / "cache"
    monkeypatch.setenv("PGSPEC_CACHE_DIR", str(path))
    return path


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place for rooms that only this test uses; pytest's own directories are too long for sockets."""
    path = Path(tempfile.mkdtemp(prefix="pgspec-t-"))
    path.chmod(0o755)
    monkeypatch.setattr(rooms, "_MEMORY", tmp_path / "none")
    monkeypatch.setattr("tempfile.tempdir", str(path))
    monkeypatch.setenv("TMPDIR", str(path))
    yield path
    leftovers = list(path.iterdir())
    shutil.rmtree(path)
    assert leftovers == []


def python(*code: str) -> subprocess.Popen[str]:
    """Another process that has the same pgspec, in a session of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", "\n".join(code)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )


def runs(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 15
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


class Held:
    """A process that holds a scratch server until it is killed."""

    def __init__(self) -> None:
        self.process = python(ON_DISK, HOLD)
        assert self.process.stdout
        line = self.process.stdout.readline().split()
        assert line, self.process.communicate()[1]
        self.postmaster, self.guard, self.directory = int(line[0]), int(line[1]), Path(line[2])
        children = Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children").read_text().split()
        assert children
        self.all = [self.postmaster, self.guard, *map(int, children)]

    def kill(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=15)
        return self.process.returncode


def test_a_server_says_its_version_and_leaves_nothing(server: ScratchServer) -> None:
    with scratch_server(server.major) as mine:
        assert mine.major == server.major
        with psycopg.connect(mine.dsn("postgres")) as connection:
            row = connection.execute("SELECT current_setting('server_version_num')::int, current_user").fetchone()
            assert row == (mine.version, "postgres")
            locale = connection.execute("SELECT datcollate FROM pg_database WHERE datname = 'template1'").fetchone()
            assert locale in [("C.UTF-8",), ("C",)]
        pid, directory = mine.pid, mine.directory
        assert runs(pid) and directory.is_dir()
    assert not runs(pid) and not directory.exists()


@pytest.mark.parametrize("major", MAJORS)
def test_every_major_is_found(major: int) -> None:
    found = find_server(major)
    assert isinstance(found, Server), found
    assert found.major == major


def test_nothing_is_left_after_a_failure(base: Path) -> None:
    seen: list[int] = []

    def fail() -> None:
        with scratch_server() as mine:
            assert mine.directory.parent == base
            seen.append(mine.pid)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not runs(seen[0])


@linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_nothing_is_left_after_a_signal(base: Path, number: signal.Signals) -> None:
    held = Held()
    assert held.kill(number) != 0
    assert eventually(lambda: not any(map(runs, held.all)))
    assert eventually(lambda: not held.directory.exists())


@linux
def test_ctrl_c_reaches_the_owner_and_not_the_server(base: Path) -> None:
    held = Held()
    os.killpg(held.process.pid, signal.SIGINT)
    assert "KeyboardInterrupt" in held.process.communicate(timeout=15)[1]
    assert not any(map(runs, held.all)) and not held.directory.exists()


@linux
def test_a_killed_guard_takes_the_server_along_and_the_next_start_sweeps(base: Path) -> None:
    held = Held()
    os.kill(held.guard, signal.SIGKILL)
    assert eventually(lambda: not any(map(runs, held.all)))
    held.kill(signal.SIGKILL)
    assert held.directory.is_dir()
    with scratch_server():
        assert not held.directory.exists()


def test_a_sweep_spares_rooms_in_use(base: Path) -> None:
    with rooms.room(base) as one, rooms.room(base) as two:
        rooms.sweep(base)
        assert one.is_dir() and two.is_dir()


def test_two_cold_starts_at_once_make_one_template(cache: Path, base: Path) -> None:
    both = [python(ON_DISK, START), python(ON_DISK, START)]
    for process in both:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert len(list((cache / "clusters").iterdir())) == 1


@pytest.mark.parametrize("damage", ["missing", "garbled", "empty"])
def test_a_broken_template_is_replaced(cache: Path, damage: str) -> None:
    with scratch_server():
        pass
    (entry,) = (cache / "clusters").iterdir()
    control = entry / "data" / "global" / "pg_control"
    if damage == "missing":
        control.unlink()
    elif damage == "garbled":
        control.write_bytes(b"x" * control.stat().st_size)
    else:
        shutil.rmtree(entry / "data")
    for _ in range(2):
        with scratch_server() as mine:
            mine.create_database("d")
    assert (entry / "data" / "global" / "pg_control").read_bytes()[:8] != b"x" * 8


def test_the_cache_does_not_grow(cache: Path) -> None:
    leftovers = [cache / "clusters" / name for name in (".new-killed", "150000-old")]
    for leftover in leftovers:
        (leftover / "data").mkdir(parents=True)
        os.utime(leftover, (0, 0))
    with scratch_server():
        assert not any(path.exists() for path in leftovers)


def test_a_cache_that_cannot_be_written_is_not_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PGSPEC_CACHE_DIR", str(tmp_path / "file" / "below"))
    with scratch_server() as mine:
        mine.create_database("d")


def test_the_cache_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSPEC_CACHE_DIR", "/a")
    assert cache_directory() == Path("/a")
    monkeypatch.delenv("PGSPEC_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert cache_directory() == Path("/b/pgspec")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/x")
    assert cache_directory() in [Path("/home/x/.cache/pgspec"), Path("/home/x/Library/Caches/pgspec")]


@pytest.fixture
def only_explicit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No server but the one that PGSPEC_PG_BIN names."""
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setattr("pgspec.scratch.find._package", lambda _: None)
    monkeypatch.setattr("pgspec.scratch.find._system_directories", lambda: iter(()))
    monkeypatch.setenv("PGSPEC_PG_BIN", str(path))
    return path


def script(path: Path, text: str, mode: int = 0o755) -> None:
    path.write_text(text)
    path.chmod(mode)


def test_without_a_server_the_help_is_a_command(only_explicit: Path) -> None:
    for major, words in [(None, "'pgspec[postgres]'"), (18, "'pgspec[postgres]'"), (15, "postgresql-15"), (16, "pip")]:
        found = find_server(major)
        assert isinstance(found, Missing)
        assert words in found.help
    with pytest.raises(ScratchError, match="no PostgreSQL server was found"), scratch_server():
        pass


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [
        ("#!/bin/sh\necho 'postgres (PostgreSQL) 18.1'\n", 0o644, "Permission denied"),
        ("garbage", 0o755, "Exec format error"),
        ("#!/bin/sh\necho lib missing >&2; exit 127\n", 0o755, "lib missing"),
        ("#!/bin/sh\necho hello\n", 0o755, "hello"),
        ("#!/bin/sh\necho 'postgres (PostgreSQL) 13.4'\n", 0o755, "older than 15"),
    ],
)
def test_a_program_that_is_no_server_is_named(only_explicit: Path, text: str, mode: int, reason: str) -> None:
    script(only_explicit / "postgres", text, mode)
    with pytest.raises(ScratchError) as caught, scratch_server():
        pass
    assert reason in caught.value.message
    assert str(only_explicit / "postgres") in caught.value.message


def test_a_server_that_cannot_be_set_up_shows_its_log(only_explicit: Path, cache: Path, base: Path) -> None:
    script(only_explicit / "postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 18.1'\n")
    script(only_explicit / "initdb", "#!/bin/sh\necho no space for you; exit 1\n")
    with pytest.raises(ScratchError, match="no space for you"), scratch_server():
        pass
    (only_explicit / "initdb").chmod(0o644)
    with pytest.raises(ScratchError, match="initdb: Permission denied"), scratch_server():
        pass


def test_a_server_that_does_not_start_shows_its_log(base: Path) -> None:
    with pytest.raises(ScratchError, match="no_such_setting"), scratch_server(settings={"no_such_setting": "1"}):
        pass


def test_a_temporary_directory_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rooms, "_MEMORY", tmp_path / "none")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    monkeypatch.setattr(rooms, "_fits_socket", lambda _: True)
    with pytest.raises(ScratchError, match="gone"), scratch_server():
        pass


@pytest.mark.usefixtures("only_explicit")
def test_an_explicit_directory_is_used(server: ScratchServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSPEC_PG_BIN", str(server.server.bin))
    assert find_server(server.major) == Server(server.server.bin, server.version, "PGSPEC_PG_BIN")
    assert isinstance(find_server(99), Missing)


def test_the_environment_of_libpq_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = {
        "PGHOST": "production",
        "PGHOSTADDR": "192.0.2.1",
        "PGPORT": "1",
        "PGUSER": "x",
        "PGDATABASE": "x",
        "PGOPTIONS": "-c search_path=x",
        "PGSSLMODE": "verify-full",
        "PGDATA": "/nowhere",
        "PGCHANNELBINDING": "require",
        "PGTARGETSESSIONATTRS": "standby",
        "PGCLIENTENCODING": "LATIN1",
        "LC_ALL": "de_DE.UTF-8",
        "DATABASE_URL": "postgresql://production/",
    }
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    with scratch_server() as mine, psycopg.connect(mine.dsn("postgres")) as connection:
        assert connection.execute("SHOW search_path").fetchone() == ('"$user", public',)
        assert connection.info.encoding == "utf-8"


def test_names_and_values_may_hold_anything(server: ScratchServer) -> None:
    name = 'it\'s a \\ "name"'
    server.create_database(name)
    try:
        with psycopg.connect(server.dsn(name, application_name="a'b")) as connection:
            assert connection.info.dbname == name
            assert connection.execute("SHOW application_name").fetchone() == ("a'b",)
        with pytest.raises(ScratchError, match="already exists"):
            server.create_database(name)
    finally:
        server.drop_database(name)


@pytest.mark.parametrize("immediate", [False, True])
def test_a_restart_keeps_what_was_committed(immediate: bool) -> None:
    with scratch_server(settings={"wal_level": "logical", "max_wal_senders": "2"}) as mine:
        database = Database(mine, "d")
        mine.create_database("d")
        database.run("CREATE TABLE t AS SELECT 1 AS a")
        before = mine.pid
        mine.restart(immediate=immediate)
        assert mine.pid != before
        with database.connect() as connection:
            assert connection.execute("SELECT a FROM t").fetchone() == (1,)
            assert connection.execute("SHOW wal_level").fetchone() == ("logical",)
        mine.stop()
        mine.stop()
        assert mine.pid == 0
        mine.start()
        os.kill(mine.pid, signal.SIGKILL)


def test_a_thread_may_own_a_server() -> None:
    seen: list[int] = []

    def own() -> None:
        with scratch_server() as mine:
            mine.create_database("d")
            seen.append(mine.version)

    thread = threading.Thread(target=own)
    thread.start()
    thread.join()
    assert seen


def test_without_the_driver_the_help_is_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ScratchError) as caught, scratch_server():
        pass
    assert "pip install 'pgspec[postgres]'" in caught.value.help


def test_the_driver_is_imported_late() -> None:
    process = python("import pgspec.scratch, pgspec.snapshot, sys", "sys.exit('psycopg' in sys.modules)")
    process.communicate()
    assert process.returncode == 0


def test_a_long_temporary_directory_does_not_hold_sockets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    monkeypatch.setattr(rooms, "_MEMORY", tmp_path / "none")
    assert rooms.base_directory() == Path("/tmp")


@root
@linux
def test_root_gets_another_number(base: Path) -> None:
    process = python(ON_DISK, START)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert output.split()[0] in ("0", "65534")  # 0 outside a namespace that PostgreSQL cannot see out of


@root
@linux
@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="knows the system calls of these")
@pytest.mark.parametrize("closed", [False, True])
def test_root_without_namespaces_becomes_nobody(tmp_path: Path, base: Path, cache: Path, closed: bool) -> None:
    found = find_server(18)
    assert isinstance(found, Server)
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == 0 and parent.is_relative_to(tmp_path.parents[1]):
            parent.chmod(0o755)
    hide = f"""
import importlib.util, os, shutil
os.environ.pop("PGSPEC_PG_BIN", None)
from pathlib import Path
source = Path({str(found.bin)!r}).parent.parent
target = Path({str(tmp_path)!r}) / "closed"
target.mkdir(mode=0o700)
shutil.copytree(source, target / source.name)
libraries = source.with_name(source.name + ".libs")
if libraries.is_dir():
    shutil.copytree(libraries, target / libraries.name)
from pgspec.scratch import find
find._package = lambda name: target / name if name == source.name else None
"""
    process = python(ON_DISK, WITHOUT_NAMESPACES, hide if closed else "", START)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    owner, _, program = output.split(maxsplit=2)
    assert int(owner) == 65534
    assert program.startswith(str(base)) == (closed or not _open_to_others(found.bin / "postgres"))
