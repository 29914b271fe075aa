"""Findings as people and machines read them, byte by byte."""

from __future__ import annotations

import json
import time

import pytest

from pgspec.diagnostics import Diagnostic, Severity, Span
from pgspec.report import FORMATS, render, summary

PATH = "specs/v.yaml"
TEXT = "kind: materialized_view\nname: daily\nquery: |\n\tSELECT\ta\n  SELECT '列列', b\n\n"


def finding(line: int, column: int, end_line: int, end_column: int, **more: str) -> Diagnostic:
    values = {"code": "MV001", "message": "it is wrong", "help": "", "name": "", "path": PATH} | more
    span = Span(values["path"], line, column, end_line, end_column)
    return Diagnostic(span, values["code"], Severity.ERROR, values["message"], values["help"], values["name"])


def full(item: Diagnostic, text: str = TEXT) -> str:
    """One finding in full, without the summary."""
    printed = render("full", [item], {item.span.path: text})
    assert printed.endswith("\n\n1 error\n")
    return printed.removesuffix("\n1 error\n")


def picture(item: Diagnostic, text: str = TEXT) -> list[str]:
    """The line with the carets, and the line that it marks."""
    rows = full(item, text).splitlines()
    return [row.partition("| ")[2] for row in rows if "|" in row][1:3]


def test_a_frame() -> None:
    item = finding(
        2, 7, 2, 12, message="materialized view `daily` has no unique key", help="`unique_key: [a]` is proven"
    )
    assert full(item) == (
        "error[MV001]: materialized view `daily` has no unique key\n"
        " --> specs/v.yaml:2:7\n"
        "  |\n"
        "2 | name: daily\n"
        "  |       ^^^^^\n"
        "  = help: `unique_key: [a]` is proven\n"
    )


def test_several_frames_and_the_gutter_of_larger_numbers() -> None:
    warning = Diagnostic(Span(PATH, 123, 1, 123, 2), "PRJ013", Severity.WARNING, "nothing needs it", "remove it")
    text = "\n" * 122 + "allow: x\n"
    frame = (
        "warning[PRJ013]: nothing needs it\n"
        "   --> specs/v.yaml:123:1\n"
        "    |\n"
        "123 | allow: x\n"
        "    | ^\n"
        "    = help: remove it\n"
    )
    assert render("full", [finding(1, 1, 1, 2), warning, warning], {PATH: text}) == (
        f"error[MV001]: it is wrong\n --> specs/v.yaml:1:1\n\n{frame}\n{frame}\n1 error, 2 warnings\n"
    )


@pytest.mark.parametrize(
    ("place", "row", "carets"),
    [
        ((4, 2, 4, 8), "\tSELECT\ta", "\t^^^^^^"),
        ((4, 9, 4, 10), "\tSELECT\ta", "\t      \t^"),
        ((5, 10, 5, 14), "  SELECT '列列', b", "         ^^^^^^"),
        ((5, 16, 5, 17), "  SELECT '列列', b", "                 ^"),
        ((2, 1, 2, 1), "name: daily", "^"),  # no width
        ((2, 12, 2, 13), "name: daily", "           ^"),  # after the last word
        ((2, 500, 2, 501), "name: daily", "           ^"),  # beyond the line
        ((2, 7, 5, 3), "name: daily", "      ^^^^^"),  # over several lines
        ((2, 7, 2, 400), "name: daily", "      ^^^^^"),
        ((2, 7, 2, 3), "name: daily", "      ^"),  # backwards
    ],
)
def test_carets_stand_under_the_place(place: tuple[int, int, int, int], row: str, carets: str) -> None:
    assert picture(finding(*place)) == [row, carets]


def test_combining_characters_take_no_room() -> None:
    text = "q: e\u0301a\u0301 xyz\n"
    assert picture(finding(1, 9, 1, 12), text) == ["q: e\u0301a\u0301 xyz", "      ^^^"]


@pytest.mark.parametrize("place", [(99, 1, 99, 2), (6, 1, 6, 2), (7, 1, 7, 2), (0, 1, 0, 2)])
@pytest.mark.parametrize("text", [TEXT, ""])
def test_a_place_without_a_line_has_no_picture(place: tuple[int, int, int, int], text: str) -> None:
    gutter = " " * len(str(place[0]))
    expected = f"error[MV001]: it is wrong\n{gutter}--> specs/v.yaml:{place[0]}:{place[1]}\n"
    assert full(finding(*place), text) == expected


@pytest.mark.parametrize("column", [1, 2, 50, 60, 158, 160, 161, 300, 499, 500])
def test_long_lines_are_shortened_around_the_place(column: int) -> None:
    text = "".join(chr(ord("a") + number % 26) for number in range(500))
    row, carets = picture(finding(1, column, 1, column + 1), text)
    assert len(row) <= 166
    assert row[carets.index("^")] == text[column - 1] and carets.count("^") == 1
    assert row.strip(".") in text and row.startswith("...") == (text[0:20] != row[0:20])
    assert picture(finding(1, column, 1, 501), text)[1].rstrip("^").strip(" ") == ""
    assert len(picture(finding(1, column, 1, 501), text)[1]) <= len(row)


def test_a_line_of_160_characters_is_not_shortened() -> None:
    assert picture(finding(1, 160, 1, 161), "x" * 160) == ["x" * 160, " " * 159 + "^"]
    assert picture(finding(1, 1, 1, 2), "x" * 161)[0] == "x" * 160 + "..."


NASTY = "a\x1b[31mb\x07c\x9bd\x7fe\u202ef\u2028g\ud800h"
CLEAN = "a�[31mb�c�d�e�f�g�h"


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_from_a_spec_acts_on_the_terminal(form: str) -> None:
    item = finding(1, 1, 1, 2, message=NASTY, help=NASTY, name=NASTY, path=NASTY)
    printed = render(form, [item], {NASTY: NASTY})
    assert not set(printed) & set("\x1b\x07\x9b\x7f\u202e\u2028\ud800")
    printed.encode()
    if form in ("full", "concise", "github"):
        assert CLEAN in printed


def test_a_frame_of_nasty_text() -> None:
    item = finding(1, 2, 1, 3, message=f"{NASTY}\n  and more\t", help="x\ny")
    assert full(item, NASTY) == (
        f"error[MV001]: {CLEAN} and more\n --> specs/v.yaml:1:2\n  |\n1 | {CLEAN}\n  |  ^\n  = help: x y\n"
    )


def test_joined_emoji_stay_whole() -> None:
    assert picture(finding(1, 1, 1, 2), "👩\u200d🔧 x")[0] == "👩\u200d🔧 x"


def test_concise() -> None:
    found = [finding(2, 7, 2, 12, message="it is\nwrong", help="not shown"), finding(3, 1, 3, 2, code="SQL001")]
    assert render("concise", found, {}) == (
        "specs/v.yaml:2:7: error[MV001] it is wrong\nspecs/v.yaml:3:1: error[SQL001] it is wrong\n2 errors\n"
    )


@pytest.mark.parametrize("form", ["full", "concise", "github"])
def test_no_findings_print_nothing(form: str) -> None:
    assert render(form, [], {}) == ""


def test_json() -> None:
    warning = Diagnostic(Span("specs/ä b.yaml", 1, 2, 3, 4), "PRJ013", Severity.WARNING, "größe", "tun", "v")
    printed = render("json", [finding(2, 7, 2, 12), warning], {})
    assert json.loads(printed) == {
        "findings": [
            {
                "code": "MV001",
                "severity": "error",
                "message": "it is wrong",
                "help": "",
                "path": "specs/v.yaml",
                "line": 2,
                "column": 7,
                "end_line": 2,
                "end_column": 12,
                "name": "",
            },
            {
                "code": "PRJ013",
                "severity": "warning",
                "message": "größe",
                "help": "tun",
                "path": "specs/ä b.yaml",
                "line": 1,
                "column": 2,
                "end_line": 3,
                "end_column": 4,
                "name": "v",
            },
        ],
        "summary": {"errors": 1, "warnings": 1},
    }
    assert printed.isascii() and printed.endswith("}\n")
    assert json.loads(render("json", [], {})) == {"findings": [], "summary": {"errors": 0, "warnings": 0}}


def test_github() -> None:
    item = finding(2, 7, 3, 1, message="50% a:b,c\nd", help="e\r\nf", name="x,y:z", path="specs/a,b:c%d.yaml")
    assert render("github", [item], {}) == (
        "::error file=specs/a%2Cb%3Ac%25d.yaml,line=2,endLine=3,col=7,endColumn=1,title=MV001 x%2Cy%3Az"
        "::50%25 a:b,c%0Ad%0Ahelp: e%0Af\n"
    )
    forged = render("github", [finding(1, 1, 1, 2, message="x\n::error::forged", path="a\n::error::forged")], {})
    assert forged.count("\n") == 1 and forged.startswith("::error file=a%0A%3A%3Aerror%3A%3Aforged,")


def test_sarif() -> None:
    found = [finding(2, 7, 2, 12, help="do it", name="v", path="specs/ä b%.yaml"), finding(3, 1, 4, 2, code="ZZZ999")]
    value = json.loads(render("sarif", found, {}))
    assert (value["version"], value["$schema"]) == ("2.1.0", "https://json.schemastore.org/sarif-2.1.0.json")
    (run,) = value["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["MV001", "ZZZ999"]
    assert rules[0]["shortDescription"]["text"] and rules[0]["help"]["text"]
    assert run["results"] == [
        {
            "ruleId": "MV001",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": "it is wrong\nhelp: do it"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "specs/%C3%A4%20b%25.yaml"},
                        "region": {"startLine": 2, "startColumn": 7, "endLine": 2, "endColumn": 12},
                    }
                }
            ],
        },
        {
            "ruleId": "ZZZ999",
            "ruleIndex": 1,
            "level": "error",
            "message": {"text": "it is wrong"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "specs/v.yaml"},
                        "region": {"startLine": 3, "startColumn": 1, "endLine": 4, "endColumn": 2},
                    }
                }
            ],
        },
    ]
    assert json.loads(render("sarif", [], {}))["runs"][0]["results"] == []


def test_colour_is_painted_around_the_text() -> None:
    painted = render("full", [finding(2, 7, 2, 12, help="h")], {PATH: TEXT}, lambda text, style: f"<{style} {text}>")
    assert painted == (
        "<error error[MV001]><message : it is wrong>\n"
        " <rule -->> specs/v.yaml:2:7\n"
        "  <rule |>\n"
        "<rule 2> <rule |> name: daily\n"
        "  <rule |>       <error ^^^^^>\n"
        "  <rule => <help help>: h\n"
        "\n1 error\n"
    )


@pytest.mark.parametrize(
    ("errors", "warnings", "text"),
    [(0, 0, "no findings"), (1, 0, "1 error"), (0, 2, "2 warnings"), (2, 1, "2 errors, 1 warning")],
)
def test_summary(errors: int, warnings: int, text: str) -> None:
    error = finding(1, 1, 1, 2)
    warning = Diagnostic(error.span, "PRJ013", Severity.WARNING, "")
    assert summary([error] * errors + [warning] * warnings) == text


def test_many_findings_in_a_large_file_take_no_time() -> None:
    text = "key: value\n" * 90_000
    begin = time.perf_counter()
    render("full", [finding(line, 1, line, 4) for line in range(1, 5001)], {PATH: text})
    assert time.perf_counter() - begin < 5
