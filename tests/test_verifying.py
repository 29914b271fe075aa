"""`pgspec verify`: the verification queries on a live database, which it only reads."""

import re
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from live import Database
from pgspec.cli import cli
from pgspec.compile import compile_project
from pgspec.sources import from_disk, from_texts
from pgspec.starter import FILES
from shop import draft, statements


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(folder), *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    assert run(tmp_path, "build").exit_code == 0
    return tmp_path


def deploy(connection: psycopg.Connection) -> None:
    connection.execute(FILES["specs/schema.sql"])
    for statement in statements(draft(compile_project(from_texts(FILES)), "migrate.sql")):
        connection.execute(statement)


def test_passes_fails_and_reads_only(folder: Path, database: Database) -> None:
    with database.connect() as connection:
        before = run(folder, "verify", "--database", database.dsn)
        assert before.exit_code == 1
        assert before.stderr.startswith(
            "draft: verify: nothing is deployed here: pgspec.deployed_objects does not exist\n"
        )
        deploy(connection)
        passed = run(folder, "verify", "--database", database.dsn)
        assert passed.exit_code == 0
        assert re.fullmatch(r"draft: verify: [1-9]\d+ checks passed\n", passed.stdout)
        connection.execute("DROP INDEX orders_daily_key")
        failed = run(folder, "verify", "--database", database.dsn)
        assert failed.exit_code == 1
        assert "index public.orders_daily_key on public.orders_daily: does not exist\n" in failed.stderr


def test_the_last_release_is_what_counts(folder: Path, database: Database) -> None:
    assert run(folder, "release", "first", "--version", "20250101000000").exit_code == 0
    view = folder / "specs" / "orders_daily.yaml"
    view.write_text(view.read_text("utf-8").replace("Orders and revenue", "Revenue"), "utf-8")
    assert compile_project(from_disk(folder)).draft.changes
    with database.connect() as connection:
        deploy(connection)
    passed = run(folder, "verify", "--database", database.dsn)
    assert passed.exit_code == 0
    assert re.fullmatch(r"20250101000000_first: verify: [1-9]\d+ checks passed\n", passed.stdout)


def test_what_cannot_be_asked_is_misuse(folder: Path, database: Database) -> None:
    assert run(folder, "verify").exit_code == 2
    nobody = run(folder, "verify", "--database", "host=127.0.0.1 port=1 connect_timeout=2")
    assert nobody.exit_code == 2 and nobody.stderr.startswith("error: the database cannot be asked: ")
    with database.connect() as connection:
        deploy(connection)
        connection.execute("DROP ROLE IF EXISTS onlooker; CREATE ROLE onlooker LOGIN")
    refused = run(folder, "verify", "--database", database.server.dsn(database.name, user="onlooker"))
    assert refused.exit_code == 2 and "verify as the role that runs the migrations" in refused.stderr
