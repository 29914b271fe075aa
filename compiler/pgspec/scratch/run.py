"""Starts PostgreSQL's programs under the guard, as a user that PostgreSQL accepts.

PostgreSQL refuses to run as root.  Inside a user namespace root gets another number, and no file has to change; where
namespaces are refused, as containers often do, the programs run as ``nobody``, who then owns the room, and who needs
a copy of an installation that lies in a directory closed to others.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pgspec.scratch import guard
from pgspec.scratch.errors import ScratchError
from pgspec.scratch.find import Server
from pgspec.scratch.room import disk_directory, room

LOG = "log"
_LOG_TAIL = 2000
_REPORT = "a server that does not start is worth a report if its log does not say why"


@dataclass(frozen=True, slots=True)
class Launcher:
    """How to run the programs of one installation in one room: ``account`` and ``rooms`` are the guard's words."""

    bin: Path
    account: str
    rooms: tuple[Path, ...]

    @property
    def log(self) -> Path:
        """What the programs print."""
        return self.rooms[0] / LOG

    def run(self, program: str, arguments: Sequence[str]) -> int:
        """Run a program to its end; its exit status."""
        process = self.start(program, arguments)
        try:
            return process.wait()
        finally:
            close(process)

    def start(self, program: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a program; the process is its guard.  ScratchError when it cannot be started."""
        if ":" in self.account:
            _give(self.rooms[0], self.account)
        rooms = [str(path) for path in self.rooms]
        command = [sys.executable, "-I", "-S", guard.__file__, self.account, str(len(rooms)), *rooms]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*command, str(self.bin / program), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.rooms[0],
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for the owner, which then stops the server in order
            )
        assert process.stdout is not None
        try:
            if not (problem := process.stdout.read().decode(errors="replace")):
                return process
        except BaseException:
            close(process)
            raise
        close(process)
        if problem.startswith(guard.NO_ACCOUNT):
            raise AccountError(problem, _REPORT)
        raise ScratchError(f"PostgreSQL cannot be started: {problem}", "is the installation complete?")

    def log_tail(self) -> str:
        """The end of the log, whole lines."""
        try:
            text = self.log.read_text(errors="replace").strip()
        except OSError:
            return ""
        return text if len(text) <= _LOG_TAIL else text[-_LOG_TAIL:].partition("\n")[2]


class AccountError(ScratchError):
    """The system does not let this process run a program under that account."""


def close(process: subprocess.Popen[bytes]) -> None:
    """Cut the lifeline, which ends the program if it still runs, and wait for the guard."""
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()
    process.wait()


def launcher(server: Server, directory: Path, stack: ExitStack) -> Launcher:
    """How to run ``server`` in the room ``directory``; further rooms, if needed, live as long as ``stack``."""
    if os.geteuid() != 0:
        return Launcher(server.bin, "self", (directory,))
    if sys.platform == "linux":
        first = Launcher(server.bin, "namespace", (directory,))
        try:
            first.run("postgres", ["-V"])
        except AccountError:
            pass
        else:
            return first
    nobody = pwd.getpwnam("nobody")
    account = f"{nobody.pw_uid}:{nobody.pw_gid}"
    if _open_to_others(server.bin / "postgres"):
        return Launcher(server.bin, account, (directory,))
    copy = stack.enter_context(room(disk_directory()))  # not in memory: /dev/shm often forbids programs
    copy.chmod(0o755)
    return Launcher(_stage(server.bin, copy), account, (directory, copy))


def _open_to_others(program: Path) -> bool:
    """Whether anyone may run the program: its directories, and it, are open to others."""
    real = Path(os.path.realpath(program))
    return all(path.stat().st_mode & 0o001 for path in (real, *real.parents))


def _stage(bin_directory: Path, target: Path) -> Path:
    """Copy an installation to ``target``; the new directory of programs.

    Wheels keep libraries in ``<package>.libs`` beside the package and find them by relative path.
    """
    install = Path(os.path.realpath(bin_directory)).parent
    package = install.parent
    staged = target / package.name / install.name
    shutil.copytree(install, staged, ignore=shutil.ignore_patterns("*.a", "include", "pgxs"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    return staged / bin_directory.name


def _give(directory: Path, account: str) -> None:
    uid, gid = map(int, account.split(":"))
    for path in (directory, *directory.rglob("*")):
        os.chown(path, uid, gid, follow_symlinks=False)


def _environment() -> dict[str, str]:
    """This process's environment without what would change the server from machine to machine."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_")) and k not in ("LANG", "LANGUAGE")}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}
