"""Real servers for tests: one for each major under test, and fresh databases on it.

``PGSPEC_TEST_MAJORS`` names the majors, ``15,18`` if unset.  A major without a server fails the tests that need it.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest

from pgspec.scratch import ScratchServer, scratch_server

MAJORS = tuple(int(major) for major in os.environ.get("PGSPEC_TEST_MAJORS", "15,18").split(","))

_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Database:
    """A database on a scratch server."""

    server: ScratchServer
    name: str

    @property
    def dsn(self) -> str:
        """For libpq: the superuser, on this database."""
        return self.server.dsn(self.name)

    def connect(self, user: str = "postgres") -> psycopg.Connection:
        """A connection in autocommit; use it in a ``with`` block, which closes it."""
        return psycopg.connect(self.server.dsn(self.name, user=user), autocommit=True)

    def run(self, script: str) -> None:
        """Run statements as the superuser, in one implicit transaction unless the script has its own."""
        with self.connect() as connection:
            connection.execute(script.encode())

    def dump(self) -> str:
        """What ``pg_dump --schema-only`` prints."""
        program = self.server.server.bin / "pg_dump"
        command = [program, "--schema-only", "--dbname", self.dsn]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def fresh_database(server: ScratchServer, template: str = "template1") -> Iterator[Database]:
    """A new database, a copy of ``template``; dropped at the end, with its connections.  Roles are the server's."""
    database = Database(server, f"t{next(_numbers)}")
    server.create_database(database.name, template)
    try:
        yield database
    finally:
        server.drop_database(database.name)


@pytest.fixture(scope="session", params=MAJORS, ids="pg{}".format)
def server(request: pytest.FixtureRequest) -> Iterator[ScratchServer]:
    """A running server of each major under test."""
    with scratch_server(request.param) as running:
        yield running


@pytest.fixture
def database(server: ScratchServer) -> Iterator[Database]:
    """An empty database on `server`."""
    with fresh_database(server) as made:
        yield made


def psql(database: Database) -> tuple[str, dict[str, str]]:
    """The program psql, that of the server where it has one, and the environment that it runs in."""
    beside = database.server.server.bin / "psql"
    program = str(beside) if beside.exists() else shutil.which("psql")
    assert program, "there is no psql: install postgresql-client"
    libraries = {"LD_LIBRARY_PATH": str(beside.parent.parent / "lib")} if beside.exists() else {}
    return program, {**os.environ, **libraries}
