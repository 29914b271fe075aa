"""`pgspec breaking` on real repositories: the old specs from git, the new ones from the work tree."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from pgspec.cli import cli
from pgspec.git import GitError, sources_at
from pgspec.sources import from_disk
from projects import FILES, PROJECT, pgspec, tree, view, write

CHANGED = {"specs/a.yaml": view("a", "SELECT id, amount FROM orders", more="access: {select: [anon]}\n")}
PROJECT_WITH_ROLES = f"{PROJECT}roles: {{api: [anon]}}\n"


def git(folder: Path, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": os.fspath(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(folder: Path, files: Mapping[str, str | bytes], message: str = "all") -> str:
    write(folder, files)
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@dataclass(frozen=True)
class Done:
    returncode: object
    stdout: str
    stderr: str


def breaking(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Done:
    """The command in this process, where it costs less to start."""
    out, err, code = io.StringIO(), io.StringIO(), None
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        patch.dict(os.environ, dict(os.environ) if env is None else env, clear=True),
    ):
        try:
            cli.main(["-C", os.fspath(folder), "breaking", *arguments], prog_name="pgspec")
        except SystemExit as end:
            code = end.code
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    commit(root, FILES | {"specs/project.yaml": PROJECT_WITH_ROLES})
    return root


def test_nothing_changed(project: Path) -> None:
    before = tree(project)
    done = breaking(project, "--against", "main")
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing changed since main\n", "")
    done = breaking(project, "--against", "main", "--format", "github")
    assert (done.returncode, done.stdout) == (0, "")
    assert tree(project) == before


def test_what_is_printed(project: Path) -> None:
    write(project, CHANGED)
    before = tree(project)
    done = pgspec(project, "breaking", "--against", "main")
    assert done.stdout == (
        "dangerous[BRK007]: `anon` may read `public.a` (specs/a.yaml:6)\n"
        "breaking[BRK002]: the column `city` of `public.a` is gone (main:specs/a.yaml:5)\n"
        "review[BRK004]: the query of `public.a` is another (specs/a.yaml:5)\n"
        "safe[BRK020]: the column `amount` of `public.a` is new (specs/a.yaml:5)\n"
        "1 dangerous, 1 breaking, 1 review, 1 safe since main\n"
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert tree(project) == before


def test_formats(project: Path) -> None:
    write(project, CHANGED)
    value = json.loads(breaking(project, "--against", "main", "--format", "json").stdout)
    assert value["summary"] == {"dangerous": 1, "breaking": 1, "review": 1, "safe": 1, "accepted": 0}
    first, second = value["findings"][:2]
    assert first["grade"] == "dangerous" and first["ref"] is None and first["name"] == "a"
    assert second == {
        "grade": "breaking", "code": "BRK002", "message": "the column `city` of `public.a` is gone",
        "help": "`pgspec explain BRK002` says what it means to others; `--allow BRK002:a` accepts it",
        "path": "specs/a.yaml", "line": 5, "column": 14, "end_line": 5, "end_column": 18, "ref": "main", "name": "a",
        "accepted": False,
    }  # fmt: skip
    markdown = breaking(project, "--against", "main", "--format", "markdown", "--allow", "BRK007").stdout
    assert markdown.splitlines()[4:6] == [
        "| dangerous, accepted | BRK007 | `anon` may read `public.a` | `specs/a.yaml:6` |",
        "| **breaking** | BRK002 | the column `city` of `public.a` is gone | `main:specs/a.yaml:5` |",
    ]
    marks = breaking(project, "--against", "main", "--format", "github").stdout.splitlines()
    assert [mark.partition(" ")[0] for mark in marks] == ["::error", "::error", "::warning"]
    assert "file=specs/a.yaml,line=6,endLine=6" in marks[0] and "title=BRK007 a::dangerous: `anon`" in marks[0]


@pytest.mark.parametrize(
    ("allowed", "status"),
    [
        ((), 1),
        (("BRK002",), 1),
        (("BRK002", "BRK007"), 0),
        (("BRK002:a", "BRK007:a"), 0),
        (("BRK002:a", "BRK007:b"), 1),
        (("BRK004",), 1),
    ],
)
def test_findings_can_be_accepted(project: Path, allowed: tuple[str, ...], status: int) -> None:
    write(project, CHANGED)
    options = [part for entry in allowed for part in ("--allow", entry)]
    done = breaking(project, "--against", "main", *options)
    assert done.returncode == status
    assert done.stdout.count(", accepted\n") == len([a for a in allowed if a != "BRK007:b"])


@pytest.mark.parametrize("grade", ["review", "safe"])
def test_what_is_for_review_or_safe_does_not_fail(project: Path, grade: str) -> None:
    query = "SELECT id, city FROM orders WHERE id > 0" if grade == "review" else "SELECT id, city, amount FROM orders"
    more = {"review": "BRK004", "safe": "BRK020"}[grade]
    write(project, {"specs/a.yaml": view("a", query)})
    done = breaking(project, "--against", "main")
    assert done.returncode == 0 and f"{grade}[{more}]" in done.stdout


def test_every_kind_of_ref(project: Path) -> None:
    first = git(project, "rev-parse", "HEAD")
    git(project, "tag", "-a", "v1", "-m", "the first")
    commit(project, CHANGED)
    for ref in (first, first[:10], "v1", "HEAD~1", "main~1", "refs/tags/v1", "HEAD^{/all}~1"):
        done = breaking(project, "--against", ref)
        assert (done.returncode, done.stderr) == (1, ""), ref
        assert f"({ref}:specs/a.yaml:5)" in done.stdout
    assert breaking(project, "--against", "HEAD").stdout == "nothing changed since HEAD\n"


def failing(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    done = breaking(folder, *arguments, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


def test_misuse(project: Path, tmp_path: Path) -> None:
    assert "Missing option '--against'" in failing(project)
    for ref in (
        "nothing",
        "--all",
        "--since=yesterday",
        "-h",
        "",
        "main:specs",
        "HEAD^{tree}",
        "a b",
        "main\nmain",
        "main..HEAD",
    ):
        said = failing(project, f"--against={ref}")
        assert "is no commit of this repository" in said and "git fetch origin main" in said
    assert "there is no finding `BRK999`" in failing(project, "--against", "main", "--allow", "BRK999:a")
    outside = write(tmp_path / "outside", FILES)
    environment = dict(os.environ, GIT_CEILING_DIRECTORIES=os.fspath(tmp_path))
    assert f"{outside} is not in a git repository" in failing(outside, "--against", "main", env=environment)
    assert "git is not installed" in failing(project, "--against", "main", env={"PATH": ""})


def test_the_commit_may_be_of_no_use(project: Path) -> None:
    commit(project, {"specs/a.yaml": "kind: materialized_view\nname: a\nquery: SELEC 1\n"})
    write(project, {"specs/a.yaml": FILES["specs/a.yaml"]})
    said = failing(project, "--against", "main")
    assert said.startswith("error[SQL001]: ") and "specs/a.yaml:3:8" in said
    assert "the specs at `main` have errors" in said
    git(project, "rm", "-rqf", "specs")
    commit(project, {"README": "nothing"})
    write(project, FILES)
    assert "there is no specs/project.yaml at `main`" in failing(project, "--against", "main")


def test_rules_do_not_judge(project: Path) -> None:
    """Rules grow with pgspec: a commit that an earlier one accepted can still be compared with."""
    without_key = "kind: materialized_view\nname: a\nquery: SELECT id, city FROM orders\n"
    commit(project, {"specs/a.yaml": without_key})
    write(project, {"specs/a.yaml": FILES["specs/a.yaml"]})
    assert breaking(project, "--against", "main").stdout == "nothing changed since main\n"
    done = breaking(project, "--against", "main~1")
    assert (done.returncode, done.stdout) == (0, "nothing changed since main~1\n")
    write(project, {"specs/a.yaml": without_key})
    done = breaking(project, "--against", "main~1")
    assert done.returncode == 1 and done.stdout.startswith("breaking[BRK003]: `public.a` is no longer unique by [id] (")


def test_errors_of_today_are_printed(project: Path) -> None:
    write(project, {"specs/a.yaml": "kind: materialized_view\nname: a\nquery: SELEC 1\n"})
    done = breaking(project, "--against", "main")
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.startswith("error[SQL001]: ")


def test_a_project_below_the_top_and_schema_files_elsewhere(tmp_path: Path) -> None:
    """Files are those of a build: patterns, folders, files in neighbouring folders, and nothing else."""
    schema = "schema: [base.sql, ../db/*.sql, ../more/**/x.sql, ../folder, ../../common/all.sql]\n"
    tables = {
        "app/specs/base.sql": "base", "app/db/one.sql": "one", "app/db/deep/two.sql": "two",
        "app/more/x.sql": "top", "app/more/a/b/x.sql": "x", "app/more/a/y.sql": "y", "app/folder/three.sql": "three",
        "app/folder/deep/four.sql": "four", "common/all.sql": "shared", "specs/other.sql": "other",
    }  # fmt: skip
    files = {path: f"CREATE TABLE {name}_t (id bigint PRIMARY KEY);\n" for path, name in tables.items()}
    project = {"app/specs/project.yaml": f"kind: project\nname: app\n{schema}"}
    commit(tmp_path, files | project | {"app/specs/deep/v.yaml": view("v", "SELECT id FROM shared_t")})
    root = tmp_path / "app"
    assert sources_at(root, "main") == from_disk(root)
    assert "deep/two.sql" not in "".join(sources_at(root, "main").schema)
    write(root, {"specs/deep/v.yaml": view("v", "SELECT id, id AS twin FROM shared_t")})
    done = breaking(root / "specs", "--against", "main")
    assert "(specs/deep/v.yaml:5)\n" in done.stdout and done.returncode == 0


def test_releases_line_breaks_and_names(project: Path) -> None:
    files: dict[str, str | bytes] = {
        "specs/b.yaml": FILES["specs/b.yaml"].replace("\n", "\r\n").encode(),
        "specs/größe.yaml": view("c"),
        "specs/not\nread.txt": "x",
        "specs/z.yml": "x",
        ".gitattributes": "specs export-ignore\n*.yaml text=auto eol=lf\n",
    }
    write(project, files)
    assert pgspec(project, "release", "first", "--version", "20250101000000").returncode == 0
    git(project, "config", "core.autocrlf", "false")
    commit(project, {})
    ours = from_disk(project)
    theirs = sources_at(project, "HEAD")
    assert theirs.releases == ours.releases and len(ours.releases) == 6
    assert theirs.ignored == ours.ignored and theirs.specs.keys() == ours.specs.keys()


def test_links_are_followed(project: Path) -> None:
    write(project, {"common/views/c.yaml": view("c"), "elsewhere.sql": "CREATE TABLE more (id bigint);\n"})
    (project / "specs" / "views").symlink_to("../common/views")
    (project / "specs" / "d.yaml").symlink_to("views/../../common/views/../../d-spec")
    (project / "specs" / "loop").symlink_to("loop")
    (project / "specs" / "e.yaml").symlink_to("views/c.yaml")
    write(project, {"d-spec": view("d")})
    commit(project, {})
    theirs, ours = sources_at(project, "HEAD"), from_disk(project)
    assert theirs.specs == ours.specs and {"specs/views/c.yaml", "specs/d.yaml", "specs/e.yaml"} < ours.specs.keys()


def test_hooks_and_settings_do_not_mislead(project: Path, tmp_path: Path) -> None:
    """A hook runs with GIT_DIR set; the repository is that of the project all the same."""
    commit(tmp_path / "other", {"x": "y"})
    environment = dict(
        os.environ, GIT_DIR=os.fspath(tmp_path / "other" / ".git"), GIT_INDEX_FILE="x", LANG="de_DE.UTF-8"
    )
    done = breaking(project, "--against", "main", env=environment)
    assert (done.returncode, done.stdout) == (0, "nothing changed since main\n")


def test_nothing_is_fetched(project: Path, tmp_path: Path) -> None:
    """A partial clone lacks contents; git would bring them, and is told not to."""
    git(project, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{project}", os.fspath(clone))
    with pytest.raises(GitError, match="the repository lacks files of the commit"):
        sources_at(clone, "HEAD")
    git(clone, "checkout", "-q", "HEAD", ".")
    assert sources_at(clone, "HEAD").specs == from_disk(project).specs
