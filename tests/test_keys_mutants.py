"""The corpus and the fuzz see mistakes: each that is planted in a copy of the prover."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pgspec
from keys_mutants import MUTANTS, Mutant, plant
from live import MAJORS, Database

PACKAGE = Path(pgspec.__file__).parent
TESTS = Path(__file__).parent
each_mutant = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


@each_mutant
def test_a_mistake_can_be_planted(mutant: Mutant, tmp_path: Path) -> None:
    plant(mutant, PACKAGE, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("server", MAJORS[-1:], indirect=True, ids="pg{}".format)
@each_mutant
def test_a_mistake_is_seen(mutant: Mutant, tmp_path: Path, database: Database) -> None:
    plant(mutant, PACKAGE, tmp_path)
    command = [sys.executable, str(TESTS / "keys_mutants.py"), database.dsn]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(TESTS)))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"nobody saw that {mutant.name}\n{done.stdout}{done.stderr}"
