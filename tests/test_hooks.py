"""The pre-commit hooks in a fresh repository, by pre-commit and by prek, in environments that they make themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml", "compiler", "templates")
RUNNERS = ("pre-commit", "prek")


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *identity, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository with pgspec's own files, and its commit."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, folder / name)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "pgspec")
    return folder, git(folder, "rev-parse", "HEAD")


@pytest.fixture
def shop(tmp_path: Path, hooks: tuple[Path, str]) -> Path:
    """A project as `pgspec init` starts it, built and committed, with the hooks configured."""
    subprocess.run([sys.executable, "-m", "pgspec", "init", "shop"], cwd=tmp_path, check=True, capture_output=True)
    folder = tmp_path / "shop"
    subprocess.run([sys.executable, "-m", "pgspec", "build"], cwd=folder, check=True, capture_output=True)
    git(folder, "init", "-q", "-b", "main")
    ids = "\n".join(f"      - id: {name}" for name in ("pgspec-build", "pgspec-check"))
    config = f"repos:\n  - repo: {hooks[0]}\n    rev: {hooks[1]}\n    hooks:\n{ids}\n"
    (folder / ".pre-commit-config.yaml").write_text(config, "utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "shop")
    return folder


def run(runner: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a runner says; its own cache is beside the project, so that it installs pgspec anew."""
    program = Path(sysconfig.get_path("scripts")) / runner
    cache = folder.parent / "cache"
    env = {**os.environ, "PRE_COMMIT_HOME": str(cache), "PREK_HOME": str(cache), "NO_COLOR": "1"}
    return subprocess.run(
        [program, "run", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("runner", RUNNERS)
def test_a_spec_is_not_committed_without_what_it_prints(shop: Path, runner: str) -> None:
    assert run(runner, shop, "--all-files").returncode == 0
    spec = next(shop.glob("specs/orders_daily.yaml"))
    changed = spec.read_text("utf-8").replace("Orders and revenue", "Revenue and orders")
    assert changed != spec.read_text("utf-8")
    spec.write_text(changed, "utf-8")
    git(shop, "add", "specs")
    # As CI sees a merge that forgot to build: the diff, and nothing written.
    check = run(runner, shop, "pgspec-check")
    assert check.returncode == 1
    assert "+COMMENT ON MATERIALIZED VIEW public.orders_daily IS 'Revenue and orders" in check.stdout + check.stderr
    assert git(shop, "diff", "--stat", "--", "generated") == ""
    # As a commit sees it: generated/ is made, so that it is reviewed and added.
    build = run(runner, shop, "pgspec-build")
    assert build.returncode == 1 and "files were modified by this hook" in build.stdout
    assert "generated/" in git(shop, "diff", "--stat", "--", "generated")
    git(shop, "add", ".")
    assert run(runner, shop, "--all-files").returncode == 0
    # A mistake is a finding, with its place.
    spec.write_text(changed.replace("unique_key: [day, city]", "unique_key: [day]"), "utf-8")
    git(shop, "add", "specs")
    wrong = run(runner, shop, "pgspec-build")
    assert wrong.returncode == 1 and "error[MV002]" in wrong.stdout and "orders_daily.yaml:" in wrong.stdout
