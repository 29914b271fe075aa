"""The runners themselves apply releases, verify.sql agrees, and going back leaves nothing: whatever the specs say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from live import MAJORS, Database, fresh_database
from pgspec.scratch import ScratchServer, scratch_server
from pgspec.snapshot import diff, snapshot
from projects import FILES, SCHEMA, pgspec, write
from runners import RUNNERS, World, alembic_script, relay

STANDING_IN = {"flyway", "golang-migrate", "goose", "prisma"}


def runners(names: Iterable[str], slow: Set[str]) -> list[ParameterSet]:
    """The runners as parameters; those that take long only when long proofs are asked for."""
    return [pytest.param(name, marks=[pytest.mark.slow] if name in slow else []) for name in names]


# What one runner or the other reads as its own, where a line begins, and anywhere.
MARKERS = """\
-- migrate:up
-- migrate:down transaction:false
-- +goose Down
-- +goose StatementEnd
-- +goose unknown
--liquibase formatted sql
--changeset x:y
--rollback DROP TABLE orders
-- rollback empty
--comment x
/* liquibase rollback */
-- Up Migration
-- Down Migration
--! include x
--! no-transaction
--! Hash: sha1:0
\\i x
\\\\ \\' \\x27 \\n
/
GO
$$ $pgspec$ $1 ? ?? ${x} ${flyway:timestamp} #{x} {{ x }} {% x %} {fn now()} <%= x %>
:name :'name' :"name" :HOSTILE :DATABASE_NAME :DATABASE_OWNER a:b ::text %s %(x)s %% % @x &x \t|
''' \"\"\" \""""


def indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in text.split("\n"))


def hostile_view() -> str:
    literal = MARKERS.replace("'", "''")
    comments = "\n".join(line if line.startswith("--") else f"-- {line}" for line in MARKERS.split("\n"))
    return (
        f"kind: materialized_view\nname: hostile\ndescription: |\n{indented(MARKERS, 2)}unique_key: [id]\nquery: |\n"
        f"  SELECT id, '\n{indented(literal, 2)}' AS text\n".replace("\n' AS", "\n  ' AS")
        + f"{indented(comments, 2)}  FROM orders\n"
    )


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a release, and specs for a second one, full of what runners read as their own."""
    root = write(tmp_path_factory.mktemp("released"), FILES)
    assert pgspec(root, "release", "first", "--version", "20250101000000").returncode == 0
    return write(
        root, {"specs/h.yaml": hostile_view(), "specs/b.yaml": FILES["specs/b.yaml"].replace("city", "amount")}
    )


@pytest.fixture(scope="module")
def server() -> Iterator[ScratchServer]:
    """One major is enough: what is written for runners does not depend on it."""
    with scratch_server(MAJORS[-1]) as running:
        yield running


@pytest.fixture
def port(server: ScratchServer) -> Iterator[int]:
    with relay(server.directory / ".s.PGSQL.5432") as number:
        yield number


def catalog(database: Database) -> dict[str, str]:
    with database.connect() as connection:
        return snapshot(connection)


def sealed(root: Path, name: str) -> list[str]:
    return [(root / f"generated/releases/{release}/{name}").read_bytes().decode() for release in RELEASES]


RELEASES = ("20250101000000_first", "20250201000000_second")


@pytest.fixture
def world(released: Path, tmp_path: Path, database: Database, port: int, request: pytest.FixtureRequest) -> World:
    """Both releases laid out for the runner that the test is about, and a database with the base schema."""
    root = write(
        tmp_path, {p.relative_to(released).as_posix(): p.read_bytes() for p in released.rglob("*") if p.is_file()}
    )
    runner = request.node.callspec.params["runner"]
    done = pgspec(root, "release", "second", "--version", "20250201000000", "--layout", runner)
    assert done.returncode == 0, done.stderr
    database.run(SCHEMA)
    return World(root, database, port)


@pytest.fixture
def wanted(world: World, server: ScratchServer) -> dict[str, str]:
    """The catalog after the releases themselves."""
    with fresh_database(server) as plain:
        plain.run(SCHEMA)
        for text in sealed(world.root, "migrate.sql"):
            plain.run(text)
        return catalog(plain)


@pytest.mark.parametrize("runner", runners(RUNNERS, {"liquibase"}))
def test_up_and_down(runner: str, world: World, wanted: dict[str, str]) -> None:
    calls, before = RUNNERS[runner], catalog(world.database)

    def changed(since: dict[str, str]) -> list[str]:
        return [entry for entry in diff(since, catalog(world.database)) if not re.search(calls.own, entry)]

    calls.up(world)
    assert changed(wanted) == []
    world.database.run(sealed(world.root, "verify.sql")[-1])
    if calls.down:
        calls.down(world)
    else:
        for text in sealed(world.root, "rollback.sql")[::-1]:
            world.database.run(text)
    assert changed(before) == []


@pytest.mark.parametrize("runner", ["alembic"])
def test_alembic_without_a_connection(runner: str, world: World, wanted: dict[str, str]) -> None:
    world.database.run(alembic_script(world))
    assert [entry for entry in diff(wanted, catalog(world.database)) if RUNNERS[runner].own not in entry] == []


@pytest.mark.parametrize(
    "runner", runners(sorted(RUNNERS.keys() - STANDING_IN - {"psql"}), {"liquibase", "sqitch", "supabase"})
)
def test_a_failure_leaves_nothing_half_done(runner: str, world: World, wanted: dict[str, str]) -> None:
    """The second release fails; what stays is the first or nothing, and the runner goes on from there."""
    calls, before = RUNNERS[runner], catalog(world.database)
    world.database.run("CREATE TABLE hostile ()")
    with pytest.raises(AssertionError, match='relation "hostile" already exists'):
        calls.up(world)
    world.database.run("DROP TABLE hostile")
    now = {name: text for name, text in catalog(world.database).items() if not re.search(calls.own, name)}
    if now != before:
        world.database.run(sealed(world.root, "verify.sql")[0])
    calls.up(world)
    assert [entry for entry in diff(wanted, catalog(world.database)) if not re.search(calls.own, entry)] == []


@pytest.mark.parametrize("runner", ["sqitch"])
def test_sqitch_verifies_the_last_release(runner: str, world: World) -> None:
    RUNNERS[runner].up(world)
    world.database.run("DROP INDEX hostile_key")
    with pytest.raises(AssertionError, match=r"index public\.hostile_key on public\.hostile: does not exist"):
        RUNNERS[runner].up(world)
