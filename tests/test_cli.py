"""The command line: what it prints, what it returns, what it leaves alone, and how little it loads."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from pgspec import source
from pgspec.cli import cli
from pgspec.kinds import KINDS
from pgspec.kinds.json_schema import json_schema
from pgspec.starter import FILES as STARTER
from projects import FILES, pgspec, tree, view, write

ROOT = Path(__file__).parent.parent
HEAVY = ("yaml", "click", "pydantic", "sqlglot", "jinja2", "pglast", "psycopg")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


@pytest.fixture
def broken(project: Path) -> Path:
    return write(project, {"specs/a.yaml": view("a").replace("unique_key", "uniqe_key")})


@pytest.mark.parametrize("command", [None, *cli.commands])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_has_help_with_an_example(command: str | None, flag: str, tmp_path: Path) -> None:
    done = pgspec(tmp_path, *([command] if command else []), flag)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(rf"Example:\n +pgspec {command or 'init'}", done.stdout)
    assert all(len(line) <= 100 for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    "arguments",
    [[], ["nothing"], ["build", "--nothing"], ["build", "x"], ["check", "--format", "xml"], ["release"], ["explain"],
     ["test", "--postgres", "9"], ["-C", "nothing", "build"], ["-C", "specs/project.yaml", "build"]],
)  # fmt: skip
def test_misuse(arguments: list[str], project: Path) -> None:
    before = tree(project)
    assert pgspec(project, *arguments).returncode == 2
    assert tree(project) == before


def test_exit_codes_and_what_is_printed(project: Path) -> None:
    done = pgspec(project, "build", "--check")
    assert done.returncode == 1 and "--- /dev/null\n+++ generated/draft/migrate.sql\n" in done.stdout
    done = pgspec(project, "check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "no findings\n", "")
    done = pgspec(project, "build")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("wrote 7 files under generated/: 2 materialized views; draft: create ")
    for _ in range(2):
        done = pgspec(project, "build")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("up to date: 2 materialized views; draft: create ")
    assert pgspec(project, "build", "--check").stdout.startswith("up to date: 2 materialized views")


@pytest.mark.parametrize("arguments", [["build"], ["build", "--check"], ["plan"], ["release", "x"], ["test"]])
def test_findings_stop_everything_and_nothing_is_written(broken: Path, arguments: list[str]) -> None:
    before = tree(broken)
    done = pgspec(broken, *arguments)
    assert done.returncode in (1, 2) and done.stdout == ""
    assert done.stderr.startswith(
        "error[PRJ004]: unknown key `uniqe_key`\n"
        " --> specs/a.yaml:3:1\n"
        "  |\n"
        "3 | uniqe_key: [id]\n"
        "  | ^^^^^^^^^\n"
        "  = help: did you mean `unique_key`?\n"
    )
    assert tree(broken) == before


def test_check_of_some_files(broken: Path) -> None:
    for file, code in (("specs/a.yaml", 1), (str(broken / "specs/a.yaml"), 1), ("specs/b.yaml", 0)):
        assert pgspec(broken, "check", file).returncode == code
    assert pgspec(broken / "specs", "check", "a.yaml").returncode == 1
    found = json.loads(pgspec(broken, "check", "--format", "json").stdout)
    assert found["summary"] == {"errors": 1, "warnings": 0}
    assert found["findings"][0]["path"] == "specs/a.yaml"
    assert json.loads(pgspec(broken, "check", "specs/b.yaml", "--format", "json").stdout)["findings"] == []


def test_the_project_is_found_from_below_and_by_name(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    away = tmp_path_factory.mktemp("away")
    (project / "specs/deep").mkdir()
    assert pgspec(project / "specs/deep", "check").returncode == 0
    assert pgspec(away, "check").returncode == 2
    assert pgspec(away, "-C", str(project), "check").returncode == 0
    assert pgspec(project / "specs", "-C", "..", "check").returncode == 0
    inner = write(project / "inner", FILES)
    assert pgspec(inner, "-C", "..", "build").returncode == 0
    assert (project / "generated").exists() and not (inner / "generated").exists()


def test_init_builds(tmp_path: Path) -> None:
    done = pgspec(tmp_path, "init", "shop")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("next: cd shop && pgspec build && pgspec test\n")
    assert pgspec(tmp_path / "shop", "build").returncode == 0
    assert pgspec(tmp_path / "shop", "build", "--check").returncode == 0
    before = tree(tmp_path)
    again = pgspec(tmp_path, "init", "shop")
    assert again.returncode == 2 and "already exists" in again.stderr and tree(tmp_path) == before


def test_init_writes_all_or_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"specs/orders_daily.yaml/x": ""})
    before = tree(tmp_path)
    assert pgspec(tmp_path, "init").returncode == 2
    assert tree(tmp_path) == before
    write(tmp_path, {"file": ""})
    assert pgspec(tmp_path, "init", "file/x").returncode == 2


def test_explain(project: Path) -> None:
    assert pgspec(project, "explain", "mv001").stdout.startswith("MV001 ")
    done = pgspec(project, "explain", "a")
    assert (done.returncode, done.stderr) == (0, "") and "materialized view public.a" in done.stdout
    done = pgspec(project, "explain", "MV00")
    assert done.returncode == 2 and "did you mean `MV0" in done.stderr
    assert pgspec(project, "explain", "\x1b[31m").returncode == 2


def test_the_schema_for_editors(tmp_path: Path) -> None:
    schema = json.loads(pgspec(tmp_path, "schema").stdout)
    assert schema == json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    specs = [*(ROOT / "specs").rglob("*.yaml")]
    texts = [*(path.read_text() for path in specs), *(text for path, text in STARTER.items() if path.endswith(".yaml"))]
    assert len(texts) > 8
    for text in texts:
        for document in source.read("specs/x.yaml", text.encode()):  # editors read YAML 1.2, as we do
            assert list(validator.iter_errors(document.value)) == []
    good = {"kind": "materialized_view", "name": "v", "query": "SELECT 1", "unique_key": ["a"]}
    assert validator.is_valid(good) and set(schema["properties"]["kind"]["enum"]) == set(KINDS)
    changes = ({"uniqe_key": ["a"]}, {"query": 5}, {"refresh": 5}, {"name": 5}, {"unique_key": 5}, {"kind": "nothing"})
    for bad in ({"name": "v"}, [], *({**good, **change} for change in changes)):
        assert not validator.is_valid(bad), bad


def on_terminal(root: Path, *arguments: str, **env: str) -> str:
    """What a command prints on a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pgspec", *arguments],
        cwd=root,
        env={key: value for key, value in os.environ.items() if key != "NO_COLOR"} | env,
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    printed = b""
    try:
        while data := os.read(leader, 65536):
            printed += data
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(leader)
        process.wait()
    return printed.decode().replace("\r\n", "\n")


def test_colour_on_a_terminal_only(broken: Path) -> None:
    plain = pgspec(broken, "check").stdout
    assert "\x1b" not in plain and "\x1b" not in pgspec(broken, "build").stderr
    painted = on_terminal(broken, "check")
    assert painted.startswith("\x1b[31m\x1b[1merror[PRJ004]\x1b[0m")
    assert re.sub(r"\x1b\[\d+m", "", painted) == plain
    assert on_terminal(broken, "check", NO_COLOR="1") == plain
    assert "\x1b" not in on_terminal(broken, "explain", "nothing_like_this", NO_COLOR="1")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_output_that_cannot_show_a_character(project: Path, encoding: str) -> None:
    write(project, {"specs/a.yaml": view("größe列", more="x: 1\n", key="[ü]")})
    env = dict(os.environ) | {"PYTHONIOENCODING": encoding}
    for form in ("full", "concise", "json", "github", "sarif"):
        command = [sys.executable, "-m", "pgspec", "check", "--format", form]
        done = subprocess.run(command, cwd=project, env=env, capture_output=True, check=False)
        assert done.returncode == 1 and b"Traceback" not in done.stderr and done.stdout


def loaded(root: Path, script: str) -> set[str]:
    """Which of the heavy modules a script has imported at its end."""
    code = f"{script}\nimport sys\nprint('loaded', *[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_a_build_with_nothing_to_do_loads_nothing(project: Path) -> None:
    script = (
        "import os, sys\nfrom pgspec.__main__ import main\nos._exit = sys.exit\nsys.argv = ['pgspec', {}]\n"
        "try: main()\nexcept SystemExit: pass"
    )
    build, check = script.format("'build'"), script.format("'build', '--check'")
    assert loaded(project, build) >= {"yaml", "click", "pydantic", "jinja2", "pglast"}
    assert loaded(project, build) == set()
    assert loaded(project, check) == set()
    write(project, {"specs/b.yaml": view("b", more="description: new\n")})
    assert "yaml" in loaded(project, build)
    assert loaded(project, build) == set()
    write(project, {"generated/schema.sql": "-- edited\n"})
    assert "yaml" in loaded(project, build)


def test_the_command_line_itself_is_light(tmp_path: Path) -> None:
    assert loaded(tmp_path, "import pgspec.cli") == {"click"}
    assert loaded(tmp_path, "import pgspec.__main__") == set()


def test_a_bug_is_one_line_and_exit_status_2(project: Path) -> None:
    code = (
        "import pgspec.compile\n"
        "def bug(sources): raise KeyError('x')\n"
        "pgspec.compile.compile_project = bug\n"
        "import sys; sys.argv = ['pgspec', 'check']\n"
        "from pgspec.__main__ import main\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: this is a bug in pgspec: KeyError: 'x' (<string>:2)\n  = help: ")
    env = dict(os.environ) | {"PGSPEC_TRACEBACK": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    assert "Traceback" in done.stderr
