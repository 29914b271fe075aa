"""The house stands as ARCHITECTURE.md draws it."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "compiler" / "pgspec"

# From the bottom to the top: a module imports only from those above it in this list, that is, from earlier entries.
ORDER = [
    "diagnostics",
    "pgsql",
    "sql",
    "disk",
    "source",
    "sources",
    "git",
    "catalog",
    "tags",
    "keys",
    "lineage",
    "coverage",
    "kinds",
    "graph",
    "queries",
    "conditions",
    "mappings",
    "cached",
    "load_tests",
    "admission",
    "bodies",
    "row_conditions",
    "policies",
    "values",
    "scopes",
    "evaluate",
    "folding",
    "decide",
    "audits",
    "event_logs",
    "exposed",
    "audit_policies",
    "installed",
    "builtin_alerts",
    "alerts",
    "views",
    "program",
    "rules",
    "render",
    "definitions",
    "tables",
    "objects",
    "state",
    "renames",
    "beside",
    "plan",
    "runtime",
    "schedules",
    "refusals",
    "expected",
    "triggers",
    "audit_triggers",
    "row_checks",
    "tracked",
    "refreshes",
    "switches",
    "desired",
    "operations",
    "migration",
    "plan_text",
    "releases",
    "layouts",
    "compile",
    "report",
    "breaking",
    "output",
    "unchanged",
    "explain",
    "scratch",
    "fresh",
    "snapshot",
    "writes",
    "mutants",
    "expectations",
    "load_run",
    "exercises",
    "testing",
    "verifying",
    "drift",
    "starter",
    "terminal",
    "opening",
    "releasing",
    "comparing",
    "load_report",
    "loading",
    "writing",
    "cli",
    "__main__",
]
ONLY_IMPORTER = {
    "pglast": "pgsql",
    "sqlglot": "lineage",
    "jinja2": "render",
    "yaml": "source",
    "click": "cli releasing comparing loading terminal",
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def unit(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(file: Path) -> set[str]:
    """The dotted names that a module imports anywhere, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def misplaced(file: Path, names: set[str], order: list[str]) -> list[str]:
    """Imports of a module that do not point down."""
    rank = {name: number for number, name in enumerate(order)}
    here = unit(file)
    targets = {name.split(".")[1] for name in names if name.startswith("pgspec.")} & rank.keys()
    return [f"{here} -> {target}" for target in sorted(targets) if target != here and rank[target] >= rank[here]]


@pytest.mark.parametrize("file", modules(), ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_imports_point_one_way(file: Path) -> None:
    if unit(file) == "__init__":
        return
    assert misplaced(file, imported(file), ORDER) == []


def test_an_import_upwards_is_seen() -> None:
    assert misplaced(PACKAGE / "sql.py", {"pgspec.program.Program"}, ORDER) == ["sql -> program"]


def test_every_module_has_its_place() -> None:
    assert {unit(file) for file in modules()} - {"__init__"} <= set(ORDER)


@pytest.mark.parametrize(("library", "owner"), ONLY_IMPORTER.items())
def test_libraries_have_one_importer(library: str, owner: str) -> None:
    users = {unit(file) for file in modules() if any(re.match(rf"{library}(\.|$)", name) for name in imported(file))}
    assert users <= set(owner.split())


def test_no_file_is_too_long() -> None:
    files = [*modules(), *(ROOT / "benchmarks").rglob("*.py"), *(ROOT / "docs").rglob("*.py")]
    assert [file.name for file in files if len(file.read_text("utf-8").splitlines()) > 400] == []


def test_architecture_md_names_every_module() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    missing = {unit(file) for file in modules()} - {"__init__", "__main__"} - set(re.findall(r"`(\w+)`", text))
    assert missing == set()


def test_every_package_is_listed() -> None:
    """`packages` is written by hand: a package that is forgotten works in a checkout and is missing from the wheel."""
    found = {".".join(file.parent.relative_to(PACKAGE.parent).parts) for file in PACKAGE.rglob("__init__.py")}
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    assert found | {"pgspec.templates"} == set(listed)


def test_nothing_is_left_open() -> None:
    marks = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|NotImpl" + r"ementedError)\b")
    files = [*modules(), *(ROOT / "templates").rglob("*.j2")]
    assert [file.name for file in files if marks.search(file.read_text("utf-8"))] == []
