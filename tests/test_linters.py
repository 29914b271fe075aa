"""What linters of others say about generated SQL is what docs/linters.md says they do."""

import json
import re
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest

from pgspec.compile import compile_project
from pgspec.sources import from_disk

ROOT = Path(__file__).parents[1]
SQUAWK = Path(sysconfig.get_path("scripts")) / "squawk"
PROJECTS = [ROOT / "generated", *sorted((ROOT / "tests" / "cases").glob("*/expected"))]
PROJECTS = [path for path in PROJECTS if (path / "schema.sql").exists()]
IN_MIGRATIONS = {"prefer-bigint-over-int", "require-concurrent-index-creation"}
BODY = re.compile(r"DO \$(\w*)\$\n#variable_conflict use_column\nBEGIN\n(.*)\nEND\n?\$\1\$", re.DOTALL)

# What only looks, and may raise.
CHECK = re.compile(r"^(?:DECLARE\n.*?^END|IF .*?^END IF);\n", re.DOTALL | re.MULTILINE)


def squawk(*arguments: str, folder: Path = ROOT, text: str | None = None) -> set[str]:
    """The rules that have findings; the configuration is that of the folder."""
    command = [SQUAWK, "--reporter", "json", *arguments]
    done = subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True, check=False)
    findings = json.loads(done.stdout)
    assert done.returncode == bool(findings), done.stderr
    return {finding["rule_name"] for finding in findings}


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_whole_state_is_clean(project: Path) -> None:
    assert squawk(str(project / "schema.sql")) == set()


def test_each_exception_for_squawk_is_needed(tmp_path: Path) -> None:
    accepted = tomllib.loads((ROOT / ".squawk.toml").read_text("utf-8"))["excluded_rules"]
    assert squawk(str(ROOT / "generated" / "schema.sql"), folder=tmp_path) == set(accepted)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_migrations_are_clean_outside_of_their_block(project: Path, tmp_path: Path) -> None:
    """squawk does not look into a DO block, so its statements are taken out of it."""
    for path in sorted(project.rglob("migrate.sql")) + sorted(project.rglob("rollback.sql")):
        found = BODY.search(path.read_text("utf-8"))
        assert found is not None, path
        plain = CHECK.sub("", found[2])
        script = f"BEGIN;\nSET LOCAL statement_timeout = '1min';\n{plain}\nCOMMIT;\n"
        rules = squawk(folder=tmp_path, text=script)
        # Drops are what a rollback is for; and what was built beside an old view takes its place.
        if path.name == "rollback.sql" or "-- put in its place: " in plain:
            rules = {rule for rule in rules if not rule.startswith("ban-drop-") and rule != "ban-set-schema"}
        assert rules <= IN_MIGRATIONS, path


def test_each_exception_for_pgrls_names_something() -> None:
    """pgrls itself needs another pglast than pgspec, so it cannot be installed beside it."""
    result = compile_project(from_disk(ROOT))
    assert result.program is not None
    known = {key.name for key in result.after} | {str(name) for name in result.program.catalog.relations}
    rules = tomllib.loads((ROOT / "pgrls.toml").read_text("utf-8"))["lint"]["rules"]
    for rule, settings in rules.items():
        for name in settings["allowlist"]:
            table, _, policy = name.rpartition(".")
            assert {name, f"{policy} ON {table}"} & (known | {"service_role"}), (rule, name)
