"""What is written for migration runners: where, what, after what, and never over something else."""

from __future__ import annotations

import ast
import os
import re
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from pgspec import pgsql
from pgspec.compile import compile_project
from pgspec.layouts import RUNNERS, lay_out
from pgspec.pgsql import parse
from pgspec.releases import Release
from pgspec.sources import from_disk
from projects import FILES, bound_by_permissions, pgspec, tree, view, write

GOLDEN = Path(__file__).parent / "layouts"


def release(folder: str, body: str = "x") -> Release:
    """A small one: what a sealed release looks like, with short blocks."""

    def text(what: str) -> str:
        sets = ("SET statement_timeout = '900s';\n\n", "\nRESET statement_timeout;\n")
        before, after = ("", "") if what == "verify" else sets
        block = f"DO $pgspec$\nBEGIN\n-- to {what}: {body}\nEND\n$pgspec$;\n"
        return f"-- pgspec {what}: shop, {folder}\n\n{before}{block}{after}"

    return Release(folder, {f"{what}.sql": text(what).encode() for what in ("migrate", "rollback", "verify")})


FIRST, SECOND = release("20250823191011_search_views"), release("20250901083000_cache")


def laid(runner: str, releases: list[Release], found: Mapping[str, str] | None = None) -> dict[str, str]:
    """The files by path in the runner's folder."""
    texts, blocked = lay_out(runner, "", releases, found or {}, sealing=True)
    assert blocked == []
    return texts


@pytest.mark.parametrize("runner", RUNNERS)
def test_golden(runner: str, request: pytest.FixtureRequest) -> None:
    made, folder = laid(runner, [FIRST, SECOND]), GOLDEN / runner
    if request.config.getoption("--update") and "CI" not in os.environ:
        shutil.rmtree(folder, ignore_errors=True)
        write(folder, made)
    assert {path: data for path, data in tree(folder).items() if data} == {p: t.encode() for p, t in made.items()}


@pytest.mark.parametrize("runner", RUNNERS)
def test_each_release_continues_what_is_there(runner: str) -> None:
    """Released one by one or together: the same files; and again: nothing to write."""
    first = laid(runner, [FIRST])
    both = first | laid(runner, [FIRST, SECOND], first)
    assert both == laid(runner, [FIRST, SECOND])
    assert not {path for path in first if both[path] != first[path]} - set(RUNNERS[runner].grown)
    assert laid(runner, [FIRST, SECOND], both) == {}
    assert laid(runner, [FIRST, SECOND], {path: text.replace("\n", "\r\n") for path, text in both.items()}) == {}
    for sealing in (True, False):
        assert lay_out(runner, "", [FIRST, SECOND], both, sealing=sealing) == ({}, [])


@pytest.mark.parametrize("runner", RUNNERS)
def test_what_is_read_is_there_to_be_found(runner: str, tmp_path: Path) -> None:
    """The globs find all that was written."""
    made = write(tmp_path, laid(runner, [FIRST]))
    found = {path.relative_to(made).as_posix() for glob in RUNNERS[runner].globs for path in made.glob(glob)}
    assert found == set(laid(runner, [FIRST]))


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_file_with_another_text_stays(runner: str) -> None:
    made = laid(runner, [FIRST])
    path = next(path for path in made if "search_views" in path)
    lines = made[path].split("\n")
    found = made | {path: "\n".join([*lines[:2], "mine", *lines[3:]])}
    texts, blocked = lay_out(runner, "db", [FIRST], found, sealing=True)
    assert texts == {}
    assert [(item.code, item.span.path, item.span.line) for item in blocked] == [("REL006", f"db/{path}", 3)]
    assert f"git rm db/{path}" in blocked[0].help


def test_releases_before_those_that_are_there_are_not_written_again() -> None:
    made = laid("dbmate", [SECOND])
    assert laid("dbmate", [FIRST, SECOND], made) == {}
    later = release("20251001000000_later")
    assert set(laid("dbmate", [FIRST, SECOND, later], made)) == {"20251001000000_later.sql"}


def test_a_release_is_not_another_whose_name_continues_its_own() -> None:
    found = {"20250823191011_search_views_more.sql": "SELECT 1;\n", "x20250823191011_search_views-2.sql": ""}
    assert set(laid("dbmate", [FIRST], found)) == {"20250823191011_search_views.sql"}


# What each runner reads in SQL as its own, and what of it is left in the files.
HOSTILE = {
    "dbmate": "\n  --migrate:down\n",
    "flyway": "${x}",
    "goose": "\n-- +goose StatementEnd\n",
    "graphile-migrate": "\n--! include x\n :DATABASE_NAME::DATABASE_OWNER :MINE",
    "liquibase": "\n--rollback x\n-- changeset a:b\n/* liquibase rollback */ ${x}",
    "node-pg-migrate": "\n-- - Down  Migration\n \u2028--UP\nmigration",
}


@pytest.mark.parametrize(("runner", "text"), HOSTILE.items())
def test_text_that_a_runner_would_read_as_its_own(runner: str, text: str) -> None:
    """The server is given the same blocks, in which the runner finds nothing that it does not find in others."""
    given = release(FIRST.folder, f"{text} it''s \\ \\' E'\\x41' \u00e9")
    marks = re.compile(RUNNERS[runner].reads, re.MULTILINE)
    made, plain = laid(runner, [given]), laid(runner, [FIRST])
    assert marks.search(given.files["migrate.sql"].decode()) and marks.search(text)
    assert [len(marks.findall(each)) for each in scripts(made)] == [len(marks.findall(each)) for each in scripts(plain)]
    found = [block for script in scripts(made) for block in blocks(script)]
    assert all(
        blocks(given.files[f"{name}.sql"].decode())[0] in found for name in ("migrate", "rollback")[: len(found)]
    )


@pytest.mark.parametrize("runner", ["alembic", "golang-migrate", "prisma", "psql", "sqitch", "supabase"])
def test_text_that_means_nothing_to_a_runner_stays_readable(runner: str) -> None:
    text = "".join(HOSTILE.values())
    assert text.strip() in "".join(laid(runner, [release(FIRST.folder, text)]).values())


def test_a_return_is_kept_where_an_editor_could_lose_it() -> None:
    """Alone or before a line's end, it is data, other than the line ends of a checkout."""
    text = laid("supabase", [release(FIRST.folder, "a\rb\r\nc")])["20250823191011_search_views.sql"]
    assert "\r" not in text and blocks(text) == ["\nBEGIN\n-- to migrate: a\rb\r\nc\nEND\n"]
    turned = Release(FIRST.folder, {name: data.replace(b"\n", b"\r\n") for name, data in FIRST.files.items()})
    assert laid("supabase", [turned]) == laid("supabase", [FIRST])


def blocks(text: str) -> list[str]:
    """The texts of the DO blocks of a script."""
    parsed, failure = parse(text)
    assert failure is None, failure
    return [item.node.args[0].arg.sval for item in parsed if isinstance(item.node, pgsql.ast.DoStmt)]


def scripts(files: Mapping[str, str]) -> list[str]:
    """The scripts in a runner's files, without what only the runner reads."""
    texts = [text for path, text in files.items() if path.endswith(".sql")]
    return [re.sub(r"^--rollback ", "", text, flags=re.MULTILINE) for text in texts]


def test_python_reads_the_same_statements() -> None:
    given = release(FIRST.folder, '""" \'\'\' \\ \\n \\x41 {x} %s \\""""" \r')
    tree_ = ast.parse(laid("alembic", [given])[f"{FIRST.folder}.py"])
    values = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree_.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    assert [block for text in values["UP"] for block in blocks(text)] == blocks(given.files["migrate.sql"].decode())
    assert values["DOWN"][0] == "SET statement_timeout = '900s';"
    assert (values["revision"], values["down_revision"]) == ("20250823191011", None)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({"a.py": "revision = 'aa'\ndown_revision = None\n"}, "aa"),
        ({"a.py": 'revision: str = "aa"\ndown_revision: Union[str, None] = None\n'}, "aa"),
        ({"a.py": "revision = 'aa'\n", "b.py": "revision = 'bb'\ndown_revision = 'aa'\n"}, "bb"),
        (
            {
                "a.py": "revision = 'aa'\n",
                "b.py": "revision = 'bb'\n",
                "m.py": "revision = 'm'\ndown_revision = ('aa', \"bb\")\n",
            },
            "m",
        ),
        ({"a.py": "import os\n"}, "None"),
    ],
)
def test_alembic_continues_the_head(others: Mapping[str, str], expected: str) -> None:
    made = laid("alembic", [FIRST, SECOND], others)
    wanted = f'"{expected}"' if expected != "None" else expected
    assert f"down_revision = {wanted}\n" in made[f"{FIRST.folder}.py"]
    assert 'down_revision = "20250823191011"\n' in made[f"{SECOND.folder}.py"]


def test_graphile_migrate_continues_the_last_number_and_hash() -> None:
    found = {"000041-x.sql": "--! Previous: -\n--! Hash: sha1:aa\n\nSELECT 1;\n", "README.sql": ""}
    made = laid("graphile-migrate", [FIRST, SECOND], found)
    assert list(made) == [f"000042-{FIRST.folder}.sql", f"000043-{SECOND.folder}.sql"]
    first, second = made.values()
    assert first.startswith("--! Previous: sha1:aa\n--! Hash: sha1:")
    assert re.findall("Hash: (.*)", first) == re.findall("Previous: (.*)", second)


def test_sqitch_continues_the_plan_of_its_project() -> None:
    plan = "%syntax-version=1.0.0\n%project=flipr\n\nusers 2024-01-01T00:00:00Z a <a@b> # users\n"
    made = laid("sqitch", [FIRST], {"sqitch.plan": plan, "sqitch.conf": "[core]\n"})
    entry = "20250823191011_search_views 2025-08-23T19:10:11Z pgspec <pgspec@localhost> # search_views\n"
    assert made["sqitch.plan"] == plan + entry
    assert "sqitch.conf" not in made and "project = 'flipr'" in made[f"verify/{FIRST.folder}.sql"]


@pytest.mark.parametrize(
    ("runner", "folder", "others", "message"),
    [
        (
            "sqitch",
            "20259999999999_x",
            {},
            "version 20259999999999 is no point in time, and the runner reads it as one",
        ),
        (
            "node-pg-migrate",
            "20250230000000_x",
            {},
            "version 20250230000000 is no point in time, and the runner reads it as one",
        ),
        ("sqitch", "20250101000000_x-", {}, "a change cannot end in a sign, as `20250101000000_x-` does"),
        (
            "supabase",
            "20211208000000_init",
            {},
            "supabase passes over `20211208000000_init.sql`: old tools wrote a dump there",
        ),
        (
            "alembic",
            "20250101000000_x",
            {"a.py": "revision = 'a'\n", "b.py": "revision = 'b'\n"},
            "there are 2 heads: a, b",
        ),
    ],
)
def test_what_a_runner_could_not_use(runner: str, folder: str, others: Mapping[str, str], message: str) -> None:
    texts, blocked = lay_out(runner, "db", [release(folder)], others, sealing=True)
    assert texts == {} and [(item.code, item.message) for item in blocked] == [("REL007", message)]
    assert blocked[0].span.path.startswith("db/") and blocked[0].help
    assert lay_out("dbmate", "db", [release(folder)], {}, sealing=True)[1] == []


def test_a_statement_of_another_kind_is_refused() -> None:
    """One that cannot run in a transaction would need a file of its own."""
    files = dict(FIRST.files) | {"migrate.sql": b"CREATE INDEX CONCURRENTLY i ON t (a);\n"}
    with pytest.raises(TypeError, match="neither SET nor DO: CREATE INDEX"):
        laid("psql", [Release(FIRST.folder, files)])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


def test_release_writes_the_layout_with_the_release(project: Path) -> None:
    assert pgspec(project, "release", "first", "--version", "20250101000000").returncode == 0
    write(project, {"specs/c.yaml": view("c")})
    done = pgspec(project, "release", "second", "--version", "20250201000000", "--layout", "dbmate")
    paths = ["db/migrations/20250101000000_first.sql", "db/migrations/20250201000000_second.sql"]
    assert done.returncode == 0 and done.stdout.endswith(f"dbmate: wrote {', '.join(paths)}\n")
    assert all((project / path).is_file() for path in paths)
    done = pgspec(project / "specs", "release", "second", "--layout", "supabase:sub/folder/")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("supabase: wrote sub/folder/20250101000000_first.sql, ")
    assert pgspec(project, "release", "second", "--layout", "supabase:sub/folder").stdout == "supabase: up to date\n"


def test_nothing_is_sealed_when_the_layout_cannot_be_written(project: Path) -> None:
    write(project, {"db/migrations/20250101000000_first.sql": "mine\n"})
    before = tree(project)
    done = pgspec(project, "release", "first", "--version", "20250101000000", "--layout", "dbmate")
    message = "`db/migrations/20250101000000_first.sql` is already there, and is not what pgspec would write"
    assert done.returncode == 1 and done.stderr.startswith(f"error[REL006]: {message}\n")
    assert " --> db/migrations/20250101000000_first.sql:1:1\n" in done.stderr and "1 | mine\n" in done.stderr
    assert done.stderr.endswith("nothing was written\n") and tree(project) == before


def test_all_is_written_or_nothing(project: Path) -> None:
    """Also where the layout's folder can be written and the releases' cannot, or the reverse."""
    (project / "db").mkdir()
    (project / "db").chmod(stat.S_IRUSR | stat.S_IXUSR)
    before = tree(project)
    arguments = ("release", "first", "--version", "20250101000000", "--layout", "dbmate")
    done = pgspec(project, *arguments, preexec_fn=bound_by_permissions)
    (project / "db").chmod(stat.S_IRWXU)
    assert done.returncode == 1 and done.stderr.startswith("error[REL005]: cannot write db/migrations")
    assert tree(project) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x", "--layout", "dbmat"), "there is no layout for `dbmat`\n  = help: did you mean `dbmate`?"),
        (("x", "--layout", "django"), f"there is no layout for `django`\n  = help: one of {', '.join(RUNNERS)}"),
    ],
)
def test_misuse(project: Path, arguments: tuple[str, ...], message: str) -> None:
    done = pgspec(project, "release", *arguments)
    assert done.returncode == 2 and done.stderr == f"error: {message}\n"


@pytest.mark.parametrize("runner", ["dbmate", "goose", "liquibase", "supabase"])
def test_the_folder_of_the_runner_may_hold_the_base_schema(project: Path, runner: str) -> None:
    """What pgspec wrote there is not read as if the project found it."""
    folder = RUNNERS[runner].folder
    (project / folder).mkdir(parents=True)
    (project / "specs/schema.sql").rename(project / folder / "20240101000000_base.sql")
    write(project, {"specs/project.yaml": f"kind: project\nname: shop\nschema: ../{folder}\n"})
    done = pgspec(project, "release", "first", "--version", "20250101000000", "--layout", runner)
    assert done.returncode == 0, done.stderr
    assert len(list((project / folder).iterdir())) == 2
    done = pgspec(project, "build")
    assert (done.returncode, done.stderr) == (0, "") and not (project / "generated/draft").exists()
    assert compile_project(from_disk(project)).diagnostics == ()


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_manual_names_the_files(runner: str) -> None:
    text = (Path(__file__).parents[1] / "docs/runners.md").read_text("utf-8")
    row = re.search(rf"^\| `{runner}` \| (.*)$", text, re.MULTILINE)
    folder = RUNNERS[runner].folder
    made, _ = lay_out(runner, folder, [FIRST], {}, sealing=True)
    assert row and [path for path in re.findall(r"`([^`]*search_views[./][^`]*)`", row[1]) if path in made]


def test_the_example_of_help_and_manual_is_read(project: Path) -> None:
    done = pgspec(
        project, "release", "x", "--layout", "flyway:src/main/resources/db/migration", "--version", "20250101000000"
    )
    assert done.returncode == 0 and (project / "src/main/resources/db/migration/V20250101000000__x.sql").is_file()


def test_help_names_the_runners(project: Path) -> None:
    shown = " ".join(pgspec(project, "release", "--help").stdout.split())
    assert f"RUNNER is one of {', '.join(RUNNERS)};" in shown
