"""What is wrong with a spec, in the words of the spec language and at its place."""

from __future__ import annotations

import pytest

from pgspec import kinds
from pgspec.kinds import Duration, MaterializedView, Model, Name, Project
from pgspec.kinds.load import load
from pgspec.source import read

VIEW = "kind: materialized_view\nname: v\nquery: SELECT 1 AS a\n"
NAMED = "kind: materialized_view\nname: {}\nquery: SELECT 1 AS a\n"
PROJECT = "kind: project\nname: p\n"

A_NAME = "expected a name; put it in quotes if it looks like a number, or is `true` or `false`"
A_DURATION = "expected a duration such as `90s`, `5 minutes` or `1h`"
NOTHING = "expected a name, found nothing; the word null needs quotes to be a name"
A_MAPPING = "expected a mapping such as `{key: value}`"
A_LIST = "expected a list such as `[a, b]`"
A_FLAG = "expected `true` or `false`"
TEXT = "expected text; quote it if it looks like a number"
CONTROL = "a name cannot contain a line break or another control character"
TWO_PARTS = "expected `name` or `schema.name`; a part that contains a dot is written in double quotes"
KINDS = f"known kinds: {', '.join(f'`{kind}`' for kind in kinds.KINDS)}"


def spec(text: str) -> Model:
    (document,) = read("specs/x.yaml", text.encode())
    model, found = load(document)
    assert found == [] and model is not None
    return model


def problems(text: str) -> list[tuple[str, str, str, str]]:
    """(code, what is marked, message, help) of each finding; what is marked is on one line."""
    (document,) = read("specs/x.yaml", text.encode())
    model, found = load(document)
    assert model is None and found == sorted(found)
    out = []
    for item in found:
        span = item.span
        assert span.line == span.end_line and item.name == ""
        marked = text.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1]
        out.append((item.code, f"{span.line}:{marked}", item.message, item.help))
    return out


@pytest.mark.parametrize(
    ("line", "marked", "message"),
    [
        ("unique_key: []", "[]", "`unique_key`: expected at least one entry"),
        ("unique_key: {columns: []}", "[]", "`unique_key.columns`: expected at least one entry"),
        ("unique_key: [a, 1]", "1", f"`unique_key`: {A_NAME}"),
        ("unique_key: [a, true]", "true", f"`unique_key`: {A_NAME}"),
        ("unique_key: [null]", "null", f"`unique_key`: {NOTHING}"),
        ("unique_key: [[a]]", "[a]", "`unique_key`: expected one name"),
        ("unique_key: a", "a", f"`unique_key`: {A_MAPPING}"),
        ("unique_key: {columns: [a], index: 5}", "5", f"`unique_key.index`: {A_NAME}"),
        ('unique_key: ["a\\tb"]', '"a\\tb"', f"`unique_key`: {CONTROL}"),
        ("indexes: a", "a", f"`indexes`: {A_LIST}"),
        ("indexes:", "", f"`indexes`: {A_LIST}"),
        ("indexes: [a]", "a", f"`indexes`: {A_MAPPING}"),
        (
            "indexes: [{columns: [a], method: btre}]",
            "btre",
            "`indexes.method`: expected `btree`, `hash`, `gin`, `gist`, `brin` or `spgist`",
        ),
        ("indexes: [{columns: [a], unique: maybe}]", "maybe", f"`indexes.unique`: {A_FLAG}"),
        ("refresh: daily", "daily", f"`refresh`: {A_MAPPING}"),
        *[
            (f"refresh: {{every: {text}}}", text, f"`refresh.every`: {A_DURATION}")
            for text in ("5", "5 fortnights", "-5m", "1.5h", "1h 5m", "[1h]", "null x", "{a: b}", "9999999999s")
        ],
        ("refresh: {every: 0s}", "0s", "`refresh.every`: a duration must be longer than zero"),
        ("refresh: {every: 36501d}", "36501d", "`refresh.every`: a duration is at most 36,500 days"),
        ("refresh: {timeout: 25d}", "25d", "`refresh.timeout`: PostgreSQL takes timeouts of at most 24 days"),
        ("refresh: {concurrently: yes}", "yes", f"`refresh.concurrently`: {A_FLAG}"),
        ("refresh: {concurrently: 1}", "1", f"`refresh.concurrently`: {A_FLAG}"),
        ("access: [a]", "[a]", f"`access`: {A_MAPPING}"),
        ("access: {select: a}", "a", f"`access.select`: {A_LIST}"),
        ("allow: [MV001]", "[MV001]", f"`allow`: {A_MAPPING}"),
        *[
            (f"allow: {{MV001: {text}}}", text, "`allow.MV001`: expected the reason why this finding is accepted")
            for text in ("", "' '", "5", "true", "[why]")
        ],
        ("owner: 5", "5", f"`owner`: {A_NAME}"),
        ("description: 5", "5", f"`description`: {TEXT}"),
        ("query_file: [a.sql]", "[a.sql]", f"`query_file`: {TEXT}"),
    ],
)
def test_wrong_values_of_a_view(line: str, marked: str, message: str) -> None:
    assert problems(f"{VIEW}{line}\n") == [("PRJ006", f"4:{marked}", message, "")]


@pytest.mark.parametrize(
    ("line", "marked", "message"),
    [
        ("postgres: 14", "14", "`postgres`: expected a major version from 15 to 18"),
        ("postgres: '15'", "'15'", "`postgres`: expected a major version from 15 to 18"),
        ("postgres: true", "true", "`postgres`: expected a major version from 15 to 18"),
        ("schema: 5", "5", f"`schema`: {A_LIST}"),
        ("schema: [5]", "5", f"`schema`: {TEXT}"),
        ("search_path: []", "[]", "`search_path`: expected at least one entry"),
        ("roles: {api: 5}", "5", f"`roles.api`: {A_LIST}"),
        ("scheduler: cron", "cron", "`scheduler`: expected `none` or `pg_cron`"),
        ("personas: {a: {role: x, claims: [1]}}", "[1]", f"`personas.a.claims`: {A_MAPPING}"),
        ("fixtures: {'t[': {'[key]': 5}}", "5", f"`fixtures.t[.[key]`: {A_MAPPING}"),
        ("session: {claims: ''}", "''", "`session.claims`: a name cannot be empty"),
        ("migration: {lock_timeout: 0}", "0", f"`migration.lock_timeout`: {A_DURATION}"),
        ("migration: {statement_timeout: 25d}", "25d", None),
    ],
)
def test_wrong_values_of_a_project(line: str, marked: str, message: str | None) -> None:
    ((code, place, text, help_),) = problems(f"{PROJECT}{line}\n")
    assert (code, place, help_) == ("PRJ006", f"3:{marked}", "")
    assert message in (None, text)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", NOTHING),
        ("null", NOTHING),
        ("5", A_NAME),
        ("1.5", A_NAME),
        ("true", A_NAME),
        ("[a]", "expected one name"),
        ("{a: b}", "expected one name"),
        ("''", "a name cannot be empty"),
        (".b", "a name cannot be empty"),
        ("a.", "a name cannot be empty"),
        ("'\"\"'", "a name cannot be empty"),
        ("pg_catalog.v", "the schema pg_catalog is PostgreSQL's own"),
        ("information_schema.v", "the schema information_schema is PostgreSQL's own"),
        ("a.b.c", TWO_PARTS),
        ("a..b", TWO_PARTS),
        ("'\"a\"b'", TWO_PARTS),
        ("'\"a'", "a name that begins with a double quote must end with one"),
        ("'\"a.b'", "a name that begins with a double quote must end with one"),
        ("x" * 64, "a name is at most 63 bytes long; this one has 64"),
        ("ä" * 32, "a name is at most 63 bytes long; this one has 64"),
        ('"a\\nb"', CONTROL),
        ('"a\\Lb"', CONTROL),
    ],
)
def test_wrong_names(name: str, message: str) -> None:
    assert problems(NAMED.format(name)) == [("PRJ006", f"2:{name}", f"`name`: {message}", "")]


@pytest.mark.parametrize(
    ("name", "schema", "plain"),
    [
        ("v", None, "v"),
        ("on", None, "on"),
        ("select", None, "select"),
        ("'5'", None, "5"),
        ("Mixed Case", None, "Mixed Case"),
        ("app.v", "app", "v"),
        ("'\"a.b\".c'", "a.b", "c"),
        ("'a.\"b.c\"'", "a", "b.c"),
        ('\'"say ""hi"""\'', None, 'say "hi"'),
        ("'a\"b'", None, 'a"b'),
        ("a'b", None, "a'b"),
        ("$pgspec$", None, "$pgspec$"),
        ("x" * 63, None, "x" * 63),
        ("größe", None, "größe"),
    ],
)
def test_names(name: str, schema: str | None, plain: str) -> None:
    view = spec(NAMED.format(name))
    assert isinstance(view, MaterializedView) and view.name == Name(schema, plain)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"{VIEW}uniqe_key: [a]\n",
            [("PRJ004", "4:uniqe_key", "unknown key `uniqe_key`", "did you mean `unique_key`?")],
        ),
        (
            f"{VIEW}unique_key: {{column: [a]}}\n",
            [
                ("PRJ005", "4:unique_key", "missing key `columns`", "add `columns:`"),
                ("PRJ004", "4:column", "unknown key `column`", "did you mean `columns`?"),
            ],
        ),
        (
            f"{VIEW}indexes:\n  - columns: [a]\n    uniqe: true\n",
            [("PRJ004", "6:uniqe", "unknown key `uniqe`", "did you mean `unique`?")],
        ),
        (f"{VIEW}indexes: [{{}}]\n", [("PRJ005", "4:{}", "missing key `columns`", "add `columns:`")]),
        (f"{PROJECT}personas: {{a: {{}}}}\n", [("PRJ005", "3:a", "missing key `role`", "add `role:`")]),
        (f"{PROJECT}roles: {{apii: [a]}}\n", [("PRJ004", "3:apii", "unknown key `apii`", "did you mean `api`?")]),
        (
            f"{VIEW}refresh: {{qqqqqq: 1}}\n",
            [
                (
                    "PRJ004",
                    "4:qqqqqq",
                    "unknown key `qqqqqq`",
                    "known keys: `every`, `concurrently`, `skip_unchanged`, `timeout`, `max_staleness`",
                )
            ],
        ),
        (f"{VIEW}a[b: 1\n", [("PRJ004", "4:a[b", "unknown key `a[b`", None)]),
        (f"{VIEW}'': 1\n", [("PRJ004", "4:''", "unknown key ``", None)]),
        (f"{VIEW}{'x' * 900}: 1\n", [("PRJ004", f"4:{'x' * 900}", f"unknown key `{'x' * 80}...`", None)]),
        ("kind: materialized_view\n", [("PRJ005", "1:kind: materialized_view", "missing key `name`", "add `name:`")]),
        ("kind: project\n", [("PRJ005", "1:kind: project", "missing key `name`", "add `name:`")]),
        ("name: v\nkinds: project\n", [("PRJ005", "1:name: v", "missing key `kind`", KINDS)]),
        ("kind:\nname: v\n", [("PRJ005", "1:kind:", "missing key `kind`", KINDS)]),
        ("a word\n", [("PRJ005", "1:a word", "a spec is a mapping that starts with `kind:`", KINDS)]),
        ("- kind: project\n", [("PRJ005", "1:- kind: project", "a spec is a mapping that starts with `kind:`", KINDS)]),
        (
            "kind: materialised_view\n",
            [
                (
                    "PRJ007",
                    "1:materialised_view",
                    "unknown kind `materialised_view`",
                    "did you mean `materialized_view`?",
                )
            ],
        ),
        ("kind: 5\n", [("PRJ007", "1:5", "unknown kind `5`", KINDS)]),
        (f"kind: {'k' * 900}\n", [("PRJ007", f"1:{'k' * 900}", f"unknown kind `{'k' * 80}...`", KINDS)]),
        ("kind: [project]\n", [("PRJ007", "1:[project]", "`kind` must be a word", KINDS)]),
    ],
)
def test_keys(text: str, expected: list[tuple[str, str, str, str | None]]) -> None:
    found = problems(text)
    assert [entry[:3] for entry in found] == [entry[:3] for entry in expected]
    for (*_, help_), (*_, wanted) in zip(found, expected, strict=True):
        assert help_ == wanted if wanted is not None else help_.startswith("known keys: ")


def test_all_mistakes_are_found_at_once() -> None:
    text = f"{VIEW}uniqe_key: [a]\nrefresh: {{every: 5, concurrently: no}}\nowner: 5\n"
    assert [place for _, place, _, _ in problems(text)] == ["4:uniqe_key", "5:5", "5:no", "6:5"]


def test_what_a_whole_view_means() -> None:
    view = spec(
        f"{VIEW}unique_key: [a]\nindexes: [{{columns: [a], method: hash}}]\nallow: {{MV003: because}}\n"
        "refresh: {every: manual, timeout: 5 minutes, max_staleness: 1h}\naccess: {select: [x]}\n"
    )
    assert isinstance(view, MaterializedView)
    assert view.unique_key is not None and view.unique_key.columns == ["a"] and view.unique_key.index is None
    assert (view.refresh.every, view.refresh.timeout, view.refresh.max_staleness) == (
        None,
        Duration(300),
        Duration(3600),
    )
    assert (view.refresh.concurrently, view.refresh.skip_unchanged) == (True, True)
    assert view.allow == {"MV003": "because"} and view.access.select == ["x"] and view.owner is None


def test_what_a_project_means_by_default() -> None:
    project = spec(PROJECT)
    assert isinstance(project, Project)
    assert (project.postgres, project.schema_files, project.search_path) == (15, ["schema.sql"], ["public"])
    assert (project.migration.lock_timeout, project.migration.statement_timeout) == (Duration(3), Duration(900))
    assert spec(f"{PROJECT}schema: a.sql\nsearch_path: app\n").schema_files == ["a.sql"]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("90s", "90 seconds"),
        ("1 sec", "1 second"),
        ("15 minutes", "15 minutes"),
        ("60m", "1 hour"),
        ("1h", "1 hour"),
        (" 2 days ", "2 days"),
    ],
)
def test_durations(text: str, printed: str) -> None:
    view = spec(f"{VIEW}refresh: {{every: '{text}'}}\n")
    assert isinstance(view, MaterializedView) and str(view.refresh.every) == printed
