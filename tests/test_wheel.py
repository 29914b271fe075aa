"""What is shipped works: the wheel alone, in an environment of its own."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PGSPEC", "PIP_"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)  # the wheel is built from the sdist
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_what_the_tree_holds(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.startswith("pgspec-")}
    code = {f"pgspec/{p.relative_to(ROOT / 'compiler/pgspec').as_posix()}" for p in files(ROOT / "compiler/pgspec")}
    templates = {f"pgspec/templates/{p.relative_to(ROOT / 'templates').as_posix()}" for p in files(ROOT / "templates")}
    assert names == code | templates


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def test_a_stranger_can_use_it(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    programs = tmp_path / "env" / "bin"
    run(programs / "python", "-m", "pip", "install", "--quiet", f"{wheel}[postgres]", cwd=tmp_path)
    run(programs / "pgspec", "init", "demo", cwd=tmp_path)
    demo = tmp_path / "demo"
    assert "wrote 7 files under generated/" in run(programs / "pgspec", "build", cwd=demo)
    assert "passed in" in run(programs / "pgspec", "test", cwd=demo)
    assert run(programs / "pgspec", "check", cwd=demo) == "no findings\n"
