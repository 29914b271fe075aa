"""Every folder in tests/cases is a project; its expected/ is what it must compile to.

    pytest tests/test_cases.py -k NAME --update

rewrites the expected files of the named cases and shows the difference.  Every case runs twice: its files are compared
byte for byte, and they are applied, verified, rolled back and applied again on a real server.
"""

import difflib
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from live import MAJORS
from pgspec import report, testing
from pgspec.compile import Result, compile_project
from pgspec.sources import Sources, from_disk

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
VALID = [name for name in NAMES if not (CASES / name / "expected" / "findings.txt").exists()]


def compiled(case: str) -> tuple[Sources, Result]:
    sources = from_disk(CASES / case)
    return sources, compile_project(sources)


def produced(case: str) -> dict[str, str]:
    """The files of the case by name, and its findings as a user would read them."""
    sources, result = compiled(case)
    files = {path.removeprefix("generated/"): text for path, text in result.files.items()}
    if result.diagnostics:
        texts = {path: data.decode() for path, data in sources.all().items()}
        files["findings.txt"] = report.render("full", result.diagnostics, texts)
    return {name: text for name, text in files.items() if not name.startswith("releases/")}


def expected(case: str) -> dict[str, str]:
    folder = CASES / case / "expected"
    return {p.relative_to(folder).as_posix(): p.read_text("utf-8") for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("case", NAMES)
def test_case(case: str, request: pytest.FixtureRequest) -> None:
    """The case compiles to exactly the files in its expected/ folder, and twice to the same."""
    actual = produced(case)
    if request.config.getoption("--update"):
        update(case, actual)
    assert sorted(actual) == sorted(expected(case))
    for name, text in expected(case).items():
        assert actual[name] == text, name
    assert produced(case) == actual


@pytest.mark.parametrize("major", MAJORS)
@pytest.mark.parametrize("case", VALID)
def test_case_live(case: str, major: int) -> None:
    """What the case compiles to does on a server what it says."""
    sources, result = compiled(case)
    steps: list[str] = []
    testing.run(result, sources, major, None, lambda what, _seconds, outcome: steps.append(f"{outcome} {what}"))
    assert all(step.startswith("ok ") for step in steps)
    assert steps[-1] == "ok schema.sql leads to the same catalog"


def update(case: str, actual: dict[str, str]) -> None:
    """Accept what the case compiles to; the difference is printed, and CI never accepts anything."""
    assert not os.environ.get("CI"), "--update is for people who read the difference"
    folder = CASES / case / "expected"
    old = expected(case)
    for name in sorted({*old, *actual}):
        before, after = old.get(name, ""), actual.get(name, "")
        sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), after.splitlines(True), name, name))
        if name in actual:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(after, "utf-8")
        else:
            (folder / name).unlink()


@pytest.mark.parametrize("case", VALID)
def test_what_is_written_elsewhere_in_a_file_changes_nothing(case: str) -> None:
    """Places are for messages and remarks; no object is another one because a line was added above it."""
    sources, before = compiled(case)
    moved = {path: b"# a line more\n" + data for path, data in sources.specs.items()}
    after = compile_project(replace(sources, specs=moved))
    assert after.ok and after.after.keys() == before.after.keys()
    assert [key for key in before.after if before.after[key].definition != after.after[key].definition] == []
