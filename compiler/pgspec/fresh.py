"""A database of its own for `pgspec test`: on a server that it starts, or on one that it is given."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pgspec.scratch import ScratchError, scratch_server
from pgspec.sql import ident

Report = Callable[[str, float, str], None]
"""Told of each step: what it was, its time in seconds, and how it ended."""


@contextmanager
def fresh_database(major: int | None, database: str | None, scheduler: str, report: Report) -> Iterator[Any]:
    """A connection to it, in autocommit.  ScratchError when there is no server for it.

    With the ``scheduler`` pg_cron the server has that extension, and no job ever starts: what they would do is tried by
    those who test it.
    """
    try:
        import psycopg  # noqa: PLC0415 - importing the driver costs more than most builds
    except ImportError as error:
        raise ScratchError("the PostgreSQL driver is not installed", "pip install 'pgspec[postgres]'") from error
    start = time.perf_counter()
    name = f"pgspec_test_{secrets.token_hex(4)}"
    if database is None:
        extension = scheduler if scheduler != "none" else None
        settings = {
            "shared_preload_libraries": "pg_cron",
            "cron.database_name": name,
            "max_worker_processes": "0",  # the scheduler is one
        }
        with scratch_server(major, settings if extension else None, extension=extension) as server:
            server.create_database(name)
            with psycopg.connect(server.dsn(name), autocommit=True) as connection:
                report(f"PostgreSQL {server.major} started", time.perf_counter() - start, "ok")
                yield connection
        return
    if scheduler != "none":
        raise ScratchError(
            f"{scheduler} works in one database of a server, which is not the one that a test makes at --database",
            f"leave out --database: a server of this machine that has {scheduler} is started for the test",
        )
    try:
        with psycopg.connect(database, autocommit=True) as admin:
            before = roles(admin)
            try:
                admin.execute(f"CREATE DATABASE {ident(name)}")
                with psycopg.connect(database, dbname=name, autocommit=True) as connection:
                    version = connection.info.server_version // 10000
                    report(f"PostgreSQL {version}, database {name}", time.perf_counter() - start, "ok")
                    yield connection
            finally:
                admin.execute(f"DROP DATABASE IF EXISTS {ident(name)} WITH (FORCE)")
                for role in sorted(roles(admin) - before):
                    admin.execute(f"DROP ROLE {ident(role)}")
    except psycopg.Error as error:
        message = str(error).strip().partition("\n")[0]
        raise ScratchError(
            f"the server at --database cannot be used: {message}", "it must allow CREATE DATABASE"
        ) from error


def roles(connection: Any) -> set[str]:
    """The roles of a server."""
    return {row[0] for row in connection.execute("SELECT rolname FROM pg_catalog.pg_roles")}
