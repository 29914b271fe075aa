"""The documentation is true: what it shows is what happens."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click import Command

from live import Database, fresh_database, psql
from pgspec import testing
from pgspec.cli import cli
from pgspec.compile import compile_project
from pgspec.explain import rules_markdown
from pgspec.report import frame
from pgspec.rules import RULES
from pgspec.scratch import ScratchServer
from pgspec.sources import from_disk, from_texts
from pgspec.starter import FILES
from shop import draft, statements

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_rules_md_is_current() -> None:
    assert (ROOT / "docs" / "rules.md").read_text("utf-8") == rules_markdown()


def test_row_security_names_tests_and_codes_that_are_there() -> None:
    text = (ROOT / "docs" / "row_security.md").read_text("utf-8")
    written = "".join(path.read_text("utf-8") for path in (ROOT / "tests").glob("test_*.py"))
    tests, codes = set(re.findall(r"`(test_\w+)`", text)), set(re.findall(r"\b(?:RLS|MV)\d{3}\b", text))
    assert [name for name in sorted(tests) if f"def {name}(" not in written] == []
    assert codes - RULES.keys() == set()
    assert {code for code in RULES if code.startswith("RLS02")} <= codes


def test_the_readme_shows_the_starting_project() -> None:
    assert FILES["specs/orders_daily.yaml"] in blocks("yaml")


def test_the_readme_shows_what_is_printed() -> None:
    migrate = draft(compile_project(from_texts(FILES)), "migrate.sql")
    shown = blocks("sql")[0]
    assert shown in migrate


def test_the_readme_shows_what_a_wrong_key_says() -> None:
    view = FILES["specs/orders_daily.yaml"]
    wrong = re.sub(r"unique_key: .*", "unique_key: [day]", view)
    found = compile_project(from_texts(FILES | {"specs/orders_daily.yaml": wrong})).diagnostics
    assert frame(found[0], wrong.split("\n")) in blocks("")


def test_the_readme_shows_what_an_uncovered_write_says() -> None:
    texts = {path: data.decode() for path, data in from_disk(ROOT).all().items() if path.startswith("specs/")}
    vendors = texts["specs/cache/vendors.yaml"]
    assert ", location_id]" in vendors
    texts["specs/cache/vendors.yaml"] = vendors.replace(", location_id]", "]")
    found = [f for f in compile_project(from_texts(texts)).diagnostics if f.name == "search_by_city"]
    assert [f.code for f in found] == ["INV003"]
    assert frame(found[0], texts["specs/cache/queries.yaml"].split("\n")) in README


def test_the_readme_shows_what_verify_says(database: Database) -> None:
    result = compile_project(from_texts(FILES))
    with database.connect() as connection:
        connection.execute(FILES["specs/schema.sql"])
        for statement in statements(draft(result, "migrate.sql")):
            connection.execute(statement)
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'anon'").fetchone() is None:
            connection.execute("CREATE ROLE anon")
        connection.execute("GRANT SELECT ON orders_daily TO anon")
        with pytest.raises(Exception, match="verify: 1 of") as caught:
            connection.execute(draft(result, "verify.sql"))
    said = str(caught.value).partition("\nCONTEXT")[0]
    assert f"ERROR:  {said}\n" in blocks("")


def test_the_readme_shows_what_a_missing_key_says() -> None:
    texts = {path: data.decode() for path, data in from_disk(ROOT).all().items()}
    path = "specs/views/provider_analytics_daily.yaml"
    line = next(line for line in texts[path].split("\n") if line.startswith("unique_key:"))
    texts[path] = texts[path].replace(f"{line}\n", "")
    (found,) = compile_project(from_texts(texts)).diagnostics
    assert frame(found, texts[path].split("\n")) in README


def test_the_readme_s_story_happens(server: ScratchServer) -> None:
    """What stands behind `shop=>` is run by psql, in order, on the example with its fixtures."""
    result = compile_project(from_disk(ROOT))
    with fresh_database(server) as database, database.connect() as connection:
        connection.execute((ROOT / "specs/schema.sql").read_bytes())
        for statement in statements(result.files["generated/schema.sql"]):
            connection.execute(statement)
        testing._fixtures(testing._Run(connection, lambda *_: None), result)
        connection.execute("CALL public.run_maintenance()")
        connection.execute("CALL public.refresh_materialized_views()")
        program, environment = psql(database)
        told = 0
        for block in blocks(""):
            if not block.startswith("shop=> "):
                continue
            typed = [line.removeprefix("shop=> ") for line in block.split("\n") if line.startswith("shop=> ")]
            shown = "\n".join(line for line in block.split("\n") if not line.startswith("shop=> "))
            command = [program, "-X", "-v", "SHOW_CONTEXT=never", "-d", database.dsn]
            command += [word for line in typed for word in ("-c", line)]
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=environment
            )
            assert done.stdout == shown
            told += len(typed)
        assert told == 15


def test_every_example_spec_of_the_readme_is_understood() -> None:
    for text in blocks("yaml"):
        if text.startswith("kind: project"):
            texts = FILES | {"specs/project.yaml": text.replace("schema: [schema.sql]", "schema: []")}
            del texts["specs/orders_daily.yaml"]
            assert compile_project(from_texts(texts)).diagnostics == ()


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_is_in_the_readme_and_has_help_with_an_example(name: str) -> None:
    assert f"`pgspec {name}" in README
    command = cli.commands[name]
    assert isinstance(command, Command) and "Example:" in (command.help or "")
    assert f"pgspec {name}" in (command.help or "").partition("Example:")[2]


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_readme_s_make_targets_exist(target: str) -> None:
    assert f"make {target}" in README
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_links_lead_somewhere() -> None:
    for page in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text("utf-8")):
            assert (ROOT / target).exists(), f"{page}: {target}"


def test_codes_in_the_text_exist() -> None:
    for page in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"):
        codes = set(re.findall(r"\b(?:PRJ|SQL|MV|REL|BRK)\d{3}\b", (ROOT / page).read_text("utf-8")))
        assert codes <= RULES.keys()


def test_the_hooks_call_commands_that_exist() -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    assert re.findall(r"^- id: (\S+)", text, re.MULTILINE) == ["pgspec-build", "pgspec-check", "pgspec-breaking"]
    for entry in re.findall(r"entry: (.+)", text):
        done = subprocess.run(
            [sys.executable, "-m", *entry.split(), "--help"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
