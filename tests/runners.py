"""Migration runners for tests: how each is called, and who stands in for one that has no package to install."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from live import Database

# What the extras install, so that nobody has to read that a test was skipped.
IN_DEV = {"alembic", "dbmate", "psql"}


@dataclass(frozen=True, slots=True)
class World:
    """A project with releases laid out for a runner, and the database that the runner is to change."""

    root: Path
    database: Database
    port: int  # of the same server, on the loopback interface

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{self.database.name}?sslmode=disable"

    def run(self, program: str, *arguments: str, **environment: str) -> str:
        """Run a program in the project; the test fails with what it said when it fails."""
        own = (str(self.database.server.server.bin), str(Path(sys.executable).parent))
        path = os.pathsep.join([*own, os.environ.get("PATH", "")])
        found = shutil.which(program, path=path)
        if found is None and program in IN_DEV:
            pytest.fail(f"{program} is missing: pip install -e '.[postgres,dev]'", pytrace=False)
        if found is None:
            pytest.skip(f"{program} is not installed; CONTRIBUTING.md says how")
        done = subprocess.run(
            [found, *arguments],
            cwd=self.root,
            env={"HOME": str(self.root), "PATH": path, "LANG": "C.UTF-8", "CI": "1", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, "utf-8")

    def files(self, pattern: str) -> list[str]:
        """The texts of the files that match, in the order of their names."""
        return [path.read_bytes().decode() for path in sorted(self.root.glob(pattern))]


@dataclass(frozen=True, slots=True)
class Calls:
    """How a runner applies everything, and how it takes everything back; without ``down`` it goes forward only.

    ``own``: the objects in which it keeps its history, as a pattern over what `snapshot` calls them.
    """

    up: Callable[[World], None]
    down: Callable[[World], None] | None = None
    own: str = r"(?!)"


@contextmanager
def relay(path: Path) -> Iterator[int]:
    """A port on the loopback interface that leads to a socket of the file system; not every runner can use one."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        threads: list[threading.Thread] = []

        def accept() -> None:
            while True:
                try:
                    client = listener.accept()[0]
                except OSError:  # closed at the end
                    return
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(path))
                for pair in ((client, server), (server, client)):
                    threads.append(threading.Thread(target=_pump, args=pair))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
        for thread in threads:
            thread.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Carry what comes; the thread that writes to a socket closes it."""
    with target, suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def _alembic_project(world: World) -> None:
    versions = world.root / "alembic/versions"
    kept = {path.name: path.read_text("utf-8") for path in versions.glob("*.py")}
    shutil.rmtree(world.root / "alembic")
    world.run("alembic", "init", "alembic")
    for name, text in kept.items():
        (versions / name).write_text(text, "utf-8")
    config = world.root / "alembic.ini"
    url = world.url.replace("postgres://", "postgresql+psycopg://", 1)
    config.write_text(re.sub(r"(?m)^sqlalchemy\.url = .*", f"sqlalchemy.url = {url}", config.read_text()))


def alembic_up(world: World) -> None:
    _alembic_project(world)
    world.run("alembic", "upgrade", "head")


def alembic_script(world: World) -> str:
    """The same as a script for psql."""
    _alembic_project(world)
    return world.run("alembic", "upgrade", "head", "--sql")


def _dbmate(*commands: str) -> Callable[[World], None]:
    def call(world: World) -> None:
        for command in commands:
            world.run("dbmate", "--no-dump-schema", "--url", world.url, command)

    return call


def _sqitch(*commands: tuple[str, ...]) -> Callable[[World], None]:
    def call(world: World) -> None:
        for command in commands:
            target = world.url.replace("postgres://", "db:pg://", 1).partition("?")[0]
            world.run("sqitch", *command, target, SQITCH_FULLNAME="x", SQITCH_EMAIL="x@localhost", TZ="UTC")

    return call


def _node(*arguments: str) -> Callable[[World], None]:
    return lambda world: void(world.run("node-pg-migrate", *arguments, DATABASE_URL=world.url))


def _graphile(world: World) -> None:
    world.write(".gmrc", '{"pgSettings": {}, "placeholders": {":HOSTILE": "replaced"}}')
    shadow, root = (world.url.replace(f"/{world.database.name}?", f"/{name}?") for name in ("shadow", "postgres"))
    world.run("graphile-migrate", "migrate", DATABASE_URL=world.url, SHADOW_DATABASE_URL=shadow, ROOT_DATABASE_URL=root)


_INCLUDE_ALL = """\
<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
      http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd">
  <property name="x" value="replaced"/>
  <includeAll path="changelog" relativeToChangelogFile="true"/>
</databaseChangeLog>
"""


def _liquibase(*command: str) -> Callable[[World], None]:
    def call(world: World) -> None:
        world.write("db/all.xml", _INCLUDE_ALL)
        url = f"--url=jdbc:postgresql://127.0.0.1:{world.port}/{world.database.name}"
        program = "liquibase" if shutil.which("liquibase") else "node-liquibase"
        world.run(program, "--changelog-file=db/all.xml", url, "--username=postgres", "--password=x", *command)

    return call


def _supabase(world: World) -> None:
    world.run("supabase", "migration", "up", "--db-url", world.url, "--include-all", "--yes")


def _psql(pattern: str, *, reverse: bool = False) -> Callable[[World], None]:
    def call(world: World) -> None:
        for path in sorted(world.root.glob(pattern), reverse=reverse):
            world.run("psql", "--no-psqlrc", "--quiet", "--dbname", world.database.dsn, "--file", str(path))

    return call


def _in_one_piece(texts: Callable[[World], list[str]]) -> Callable[[World], None]:
    """A runner that sends each file as one request, in a transaction."""

    def call(world: World) -> None:
        with psycopg.connect(world.database.dsn) as connection:
            for text in texts(world):
                connection.execute(text.encode())

    return call


def flyway_text(text: str) -> str:
    """What Flyway sends: a placeholder without a value is an error."""
    return re.sub(
        r"\$\{.*?\}", lambda found: pytest.fail(f"no value for placeholder {found[0]}"), text, flags=re.DOTALL
    )


def goose_statements(text: str, direction: str) -> list[str]:
    """What goose sends: it reads lines, and a line that is one of its annotations is never SQL."""
    statements: list[str] = []
    lines: list[str] = []
    current, inside = "", False
    for line in text.split("\n"):
        annotation = re.fullmatch(r"--\s*\+goose (.*?)\s*", line)
        match annotation[1] if annotation else "":
            case "Up" | "Down" as new:
                assert (current, new) in (("", "Up"), ("Up", "Down")) and not inside and not lines
                current = new
            case "StatementBegin":
                assert current and not inside
                inside = True
            case "StatementEnd":
                assert inside
                inside = False
                if current == direction:
                    statements.append("\n".join(lines).strip())
                lines = []
            case "":
                if lines or not (line.strip().startswith("--") or not line):
                    assert inside, "our statements are all annotated"
                    lines.append(line)
            case other:
                pytest.fail(f"unknown annotation {other}")
    assert not inside and not lines
    return statements


def _goose(direction: str) -> Callable[[World], list[str]]:
    def texts(world: World) -> list[str]:
        files = world.files("migrations/*.sql")
        ordered = files if direction == "Up" else files[::-1]
        return [statement for text in ordered for statement in goose_statements(text, direction)]

    return texts


def void(_: object) -> None:
    """For a call that is made for its effect."""


RUNNERS: Mapping[str, Calls] = {
    "alembic": Calls(alembic_up, lambda world: void(world.run("alembic", "downgrade", "base")), "alembic_version"),
    "dbmate": Calls(_dbmate("migrate"), _dbmate("rollback", "rollback"), "schema_migrations"),
    "graphile-migrate": Calls(_graphile, own="graphile_migrate"),
    "liquibase": Calls(_liquibase("update"), _liquibase("rollback-count", "--count=2"), "databasechangelog"),
    "node-pg-migrate": Calls(_node("up"), _node("down", "2"), "pgmigrations"),
    "psql": Calls(_psql("psql/up.sql"), _psql("psql/*.down.sql", reverse=True)),
    "sqitch": Calls(_sqitch(("deploy", "--verify"), ("verify",)), _sqitch(("revert", "-y")), "sqitch"),
    "supabase": Calls(_supabase, own="supabase_migrations"),
    # No package of these can be installed without a compiler or a download: what they send is read as they read it.
    "flyway": Calls(
        _in_one_piece(lambda world: [flyway_text(text) for text in world.files("sql/V*.sql")]),
        _in_one_piece(lambda world: [flyway_text(text) for text in world.files("sql/U*.sql")[::-1]]),
    ),
    "golang-migrate": Calls(
        _in_one_piece(lambda world: world.files("migrations/*.up.sql")),
        _in_one_piece(lambda world: world.files("migrations/*.down.sql")[::-1]),
    ),
    "goose": Calls(_in_one_piece(_goose("Up")), _in_one_piece(_goose("Down"))),
    "prisma": Calls(_in_one_piece(lambda world: world.files("prisma/migrations/*/migration.sql"))),
}
