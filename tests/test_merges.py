"""Two branches of one project in git: what merges, what conflicts, and what the next build says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from projects import FILES, pgspec, tree, view, write

A, B = view("branch_a", "SELECT id, amount FROM orders"), view("branch_b", "SELECT id, amount FROM orders")


def git(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=check)


def commit(folder: Path, branch: str, files: dict[str, str], *commands: tuple[str, ...]) -> None:
    git(folder, "switch", "-q", "-c", branch, "main")
    write(folder, files)
    for command in commands:
        done = pgspec(folder, *command)
        assert done.returncode == 0, done.stderr
    git(folder, "add", ".")
    git(folder, "commit", "-qm", branch)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    write(tmp_path, FILES | {".gitignore": ".pgspec_cache/\n"})
    assert pgspec(tmp_path, "build").returncode == 0
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "start")
    return tmp_path


def test_branches_that_change_other_specs_merge_to_the_union(repository: Path) -> None:
    commit(repository, "a", {"specs/branch_a.yaml": A}, ("build",))
    commit(repository, "b", {"specs/branch_b.yaml": B}, ("build",))
    merged = git(repository, "merge", "-q", "-m", "both", "a", check=False)
    assert merged.returncode == 0, merged.stdout
    forgotten = pgspec(repository, "build", "--check")  # what CI says of a merge that forgot to build
    assert forgotten.returncode == 1 and "run `pgspec build` and commit the result" in forgotten.stderr
    assert pgspec(repository, "build").returncode == 0
    built = tree(repository / "generated")
    git(repository, "commit", "-qam", "built")
    git(repository, "switch", "-q", "main")
    write(repository, {"specs/branch_a.yaml": A, "specs/branch_b.yaml": B})
    git(repository, "clean", "-qfdx", "generated")
    assert pgspec(repository, "build").returncode == 0
    assert tree(repository / "generated") == built


def test_branches_that_both_release_conflict_and_are_told_how_to_go_on(repository: Path) -> None:
    for name, text, version in (("a", A, "20250301000000"), ("b", B, "20250401000000")):
        released = ("release", name, "--version", version)
        commit(repository, name, {f"specs/branch_{name}.yaml": text}, ("build",), released)
    merged = git(repository, "merge", "-q", "-m", "both", "a", check=False)
    assert merged.returncode == 1 and "generated/releases/pgspec.sum" in merged.stdout
    said = pgspec(repository, "build")
    assert said.returncode == 1 and "REL002" in said.stderr + said.stdout
    # The releases of one branch stay; the folder of the other goes, and its specs are the next draft.
    git(repository, "checkout", "HEAD", "--", "generated/releases")
    git(repository, "rm", "-rqf", "generated/releases/20250301000000_a")
    done = pgspec(repository, "build")
    assert done.returncode == 0, done.stderr
    assert "public.branch_a" in (repository / "generated/draft/migrate.sql").read_text("utf-8")
