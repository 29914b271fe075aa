"""The example's specs, broken at random: a finding or a build, never an exception, and every place exists."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pgspec import source
from pgspec.compile import Result, compile_project
from pgspec.diagnostics import Diagnostic, Severity, Span
from pgspec.kinds.load import load
from pgspec.pgsql import parse, tokens
from pgspec.report import FORMATS, render
from pgspec.sources import from_texts

ROOT = Path(__file__).parent.parent / "specs"
EXAMPLE = {f"specs/{path.relative_to(ROOT).as_posix()}": path.read_text() for path in sorted(ROOT.rglob("*.*"))}
YAML = [path for path in EXAMPLE if path.endswith(".yaml")]
VIEWS = [path for path in YAML if "/views/" in path]

NASTY = [
    "", "~", "null", "true", "0", "-1", "1e999", ".nan", "9" * 400, "[]", "{}", "[[]]", "{a: {b: [c]}}", "[1, null, x]",
    "''", '""', "' '", '"\\0"', '"\\e[31m"', '"\\ud800"', "*a", "&a b", "!!int x", "!x {}", "<<: {a: b}", "%x", "@x",
    "x" * 64, "ä" * 32, "a.b.c", "'\"a'", "a'b", 'a"b', "{{ x }}", "{% x %}", "$pgspec$", "$$", "--", "*/", "\\", "#",
    "manual", "5 minutes", "0s", "1 fortnight", "SELECT 1", "SELECT * FROM profiles", "DROP TABLE profiles", "|", "> x",
    "- x", "? x", ": x", "materialized_view", "project", "public", "pg_catalog.x", "on", "2001-01-01", "列", "\t",
]  # fmt: skip
WORDS = [
    "SELECT", "FROM", "WHERE", "GROUP BY", "(", ")", ",", ";", "'", "$$", "*", "NULL", "1", "::int", "AS", "OVER ()",
    "profiles", "p.id", "now()", "count(*)", "UNION ALL", "WITH x AS (SELECT 1)", "JOIN", "ON true", "LATERAL", "--",
    "ORDER BY 1", "FILTER (WHERE true)", "CASE", "END", "$1", ":x", '"', "U&'\\0041'", "ARRAY[]", "DISTINCT", "LIMIT 1",
    "INTO y", "FOR UPDATE", "INSERT INTO x VALUES (1)", "TABLE profiles", "VALUES (1)", "ROW(1)", "INTERVAL", "\u00a0",
]  # fmt: skip


def lines_changed(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    match chance.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(chance.randrange(len(lines)), lines[at])
        case 2:
            lines.insert(chance.randrange(len(lines)), lines.pop(at))
        case 3:
            lines[at] = " " * chance.randrange(4) + lines[at].strip()
        case _:
            lines[at] = chance.choice(chance.choice(list(EXAMPLE.values())).split("\n"))
    return "\n".join(lines)


def value_replaced(text: str, chance: random.Random) -> str:
    found = list(re.finditer(r"(?<=: )[^\n{\[|]+|(?<=[\[{,] )?\w+(?=[,}\]])|^\w+(?=:)", text, re.MULTILINE))
    place = chance.choice(found) if found else None
    return f"{text[: place.start()]}{chance.choice(NASTY)}{text[place.end() :]}" if place else chance.choice(NASTY)


def bytes_changed(text: str, chance: random.Random) -> str:
    data = bytearray(text.encode())
    for _ in range(chance.choice([1, 1, 1, 5, 50])):
        data[chance.randrange(len(data))] = chance.choice(
            [chance.randrange(256), ord(chance.choice(":-{}[]'\"#|>&*! \n"))]
        )
    return data.decode("utf-8", "replace")


def truncated(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text))]


def sql_changed(text: str, chance: random.Random) -> str:
    """Tokens of the query taken out, put in, or exchanged."""
    found = re.search(r"(?<=query: \|\n)(?:  .*\n|\n)+", text)
    if found is None:
        return value_replaced(text, chance)
    sql = found[0]
    try:
        parts = [(token.start, token.end + 1) for token in tokens(sql)]
    except Exception:
        return bytes_changed(text, chance)
    start, end = chance.choice(parts or [(0, 1)])
    other = chance.choice(parts or [(0, 1)])
    new = {0: "", 1: f"{sql[start:end]} {chance.choice(WORDS)}", 2: sql[slice(*other)], 3: chance.choice(WORDS)}
    sql = sql[:start] + new[chance.randrange(4)] + sql[end:]
    return text[: found.start()] + sql + text[found.end() :]


def mildly_changed(text: str, chance: random.Random) -> str:
    """A change that a spec may well survive: another number, another text, another comment."""
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    match chance.randrange(5):
        case 0:
            numbers = list(re.finditer(r"(?<=[ (])\d+(?=[ ,)])", text))
            place = chance.choice(numbers or [re.match("", text)])
            return text[: place.start()] + str(chance.randrange(1000)) + text[place.end() :] if numbers else text
        case 1:
            said = json.dumps(" ".join(chance.choices([*NASTY, *WORDS], k=3)), ensure_ascii=False)
            return re.sub(r"^description: .*$", lambda _: f"description: {said}", text, flags=re.MULTILINE)
        case 2:
            lines.insert(at, f"{' ' * chance.choice([0, 2, 9])}# {chance.choice(NASTY)}")
        case 3:
            said = "".join(chance.choices([*NASTY, *WORDS], k=2)).replace("'", "''")
            return re.sub(r"'[a-z_]+'", lambda _: f"'{said}'", text, count=chance.randrange(1, 4))
        case _:
            lines[at] += chance.choice([" ", "\t", " -- x" if lines[at].endswith(",") else "", "\r"])
    return "\n".join(lines)


CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    lines_changed, value_replaced, bytes_changed, truncated, sql_changed, sql_changed, sql_changed,
    mildly_changed, mildly_changed, mildly_changed, mildly_changed, mildly_changed, mildly_changed,
)  # fmt: skip


def mutant(seed: int) -> dict[str, str]:
    chance = random.Random(seed)
    files = dict(EXAMPLE)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        path = chance.choice(VIEWS if chance.random() < 0.9 else list(EXAMPLE))
        change = chance.choice(CHANGES) if path in YAML else chance.choice([lines_changed, bytes_changed, truncated])
        files[path] = change(files[path] or "x", chance)
    return files


def check_span(span: Span, files: Mapping[str, str]) -> None:
    assert span.path in files
    lines = source_lines(files[span.path])
    assert 1 <= span.line <= len(lines) and 1 <= span.column <= len(lines[span.line - 1]) + 1, span
    assert (span.line, span.column) <= (span.end_line, span.end_column), span
    # The end may be one beyond the line: what is missing is shown as one character after the last.
    assert span.end_line <= len(lines) and span.end_column <= len(lines[span.end_line - 1]) + 2, span


def source_lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def check(files: Mapping[str, str]) -> Result:
    """Compile, and hold what must hold of any result."""
    result = compile_project(from_texts(files))
    found = result.diagnostics
    assert list(found) == sorted(set(found))
    for item in found:
        check_span(item.span, files)
        assert re.fullmatch(r"[A-Z]{2,3}\d{3}", item.code) and item.message
    assert result.ok == (not any(item.severity is Severity.ERROR for item in found))
    for form in FORMATS:
        printed = render(form, found, files)
        printed.encode()
        if form in ("json", "sarif"):
            json.loads(printed)
    assert bool(result.files) <= result.ok
    for path, text in result.files.items():
        # Those are for psql and pgbench.
        if path.endswith(".sql") and not path.startswith(("generated/runbook/", "generated/load/")):
            assert parse(text)[1] is None
    return result


def run(seeds: range, base: int) -> list[Result]:
    out = []
    for number in seeds:
        seed = base + number
        try:
            out.append(check(mutant(seed)))
        except BaseException as error:
            error.add_note(f"mutant({seed})")
            raise
    return out


BLOCKS = 6


@pytest.mark.parametrize("block", range(BLOCKS))
def test_mutants(block: int) -> None:
    base = random.randrange(1 << 32)
    results = run(range(50), base)
    good = sum(result.ok for result in results)
    assert 3 <= good <= 40, f"seeds from {base}: {good} of 50 mutants have no error"


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_many_mutants(block: int) -> None:
    base = random.randrange(1 << 32)
    results = run(range(1000), base)
    good = sum(result.ok for result in results)
    assert 120 <= good <= 700, f"seeds from {base}: {good} of 1000 mutants have no error"
    codes = {item.code for result in results for item in result.diagnostics}
    assert {"PRJ001", "PRJ004", "PRJ006", "SQL001", "SQL002", "SQL003", "MV002"} <= codes


def test_the_example_itself_has_no_findings() -> None:
    assert check(EXAMPLE).diagnostics == ()


def a_line_too_far(text: source.SqlText, start: int, end: int) -> Span:
    return Span(text.whole.path, text.whole.line + 100, 1, text.whole.line + 100, 2)


def unguarded(document: source.Document) -> object:
    return load(document) if not document.diagnostics else (None, [document.value["name"]])


def unsorted(found: object) -> tuple[Diagnostic, ...]:
    assert isinstance(found, list)
    return tuple(reversed(found))


def half_printed(*_: object) -> str:
    return "SELECT ("


@pytest.mark.parametrize(
    ("place", "bug"),
    [
        ("pgspec.source.SqlText.span", a_line_too_far),
        ("pgspec.compile.load", unguarded),
        ("pgspec.compile._sorted", unsorted),
        ("pgspec.migration.Printer.schema_sql", half_printed),
    ],
)
def test_bugs_are_found(place: str, bug: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these bugs is met by fewer mutants than a normal run has."""
    monkeypatch.setattr(place, bug)
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, it is not silence
        run(range(50), 0)
