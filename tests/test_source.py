"""YAML as specs are written in it: values, what is refused, and the exact place of everything."""

from __future__ import annotations

import math
import time

import pytest

from pgspec.diagnostics import Span
from pgspec.source import MAX_BYTES, MAX_DEPTH, Document, SqlText, read, sql_file

PATH = "specs/x.yaml"


def only(text: str | bytes) -> Document:
    (document,) = read(PATH, text.encode() if isinstance(text, str) else text)
    return document


def problems(text: str | bytes) -> list[tuple[str, int, int, str]]:
    documents = read(PATH, text.encode() if isinstance(text, str) else text)
    return [(d.code, d.span.line, d.span.column, d.message) for doc in documents for d in doc.diagnostics]


def written(text: str, span: Span) -> str:
    """What a span of one line covers."""
    assert span.line == span.end_line
    return text.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1]


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        *[(word, word) for word in ("on", "off", "yes", "no", "y", "n", "On", "NO", "tRUE", "nuLL", "None", "=", "<<")],
        *[(word, True) for word in ("true", "True", "TRUE")],
        *[(word, False) for word in ("false", "False", "FALSE")],
        *[(word, None) for word in ("", "~", "null", "Null", "NULL")],
        *[("010", 10), ("0o17", 15), ("0x1F", 31), ("+5", 5), ("-7", -7), ("0o8", "0o8"), ("-0x1", "-0x1")],
        *[("1_000", "1_000"), ("0b1", "0b1"), ("1:30", "1:30"), ("2001-01-01", "2001-01-01"), ("1.5.2", "1.5.2")],
        *[("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-1.5E-3", -0.0015), ("1e999", math.inf)],
        *[(".inf", math.inf), ("+.INF", math.inf), ("-.Inf", -math.inf), (".Infinity", ".Infinity"), ("inf", "inf")],
        *[('"010"', "010"), ("'true'", "true"), ('"null"', "null"), ("!!str 5", "5"), ('"\\u00e9\\t"', "é\t")],
        ("9" * 5000, "9" * 5000),  # more digits than Python converts
        ("größe 列", "größe 列"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(scalar: str, value: object) -> None:
    document = only(f"a: {scalar}\n")
    assert document.diagnostics == []
    assert document.value == {"a": value} and type(document.value["a"]) is type(value)


def test_not_a_number() -> None:
    assert math.isnan(only("a: .nan\n").value["a"])


def test_keys_are_text_whatever_they_look_like() -> None:
    assert only("1: a\ntrue: b\n~: c\non: d\n").value == {"1": "a", "true": "b", "~": "c", "on": "d"}


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "PRJ002", 3, 1, "duplicate key `a`; it is first defined on line 1"),
        ("x: {a: 1, 'a': 2}\n", "PRJ002", 1, 11, "duplicate key `a`; it is first defined on line 1"),
        ("a: &n [x]\nb: *n\n", "PRJ003", 2, 1, "aliases (`*name`) are not allowed"),
        ("a: &n [*n]\n", "PRJ003", 1, 1, "aliases (`*name`) are not allowed"),
        ("b: {x: 1}\na:\n  <<: {x: 1}\n", "PRJ003", 3, 3, "merge keys (`<<`) are not allowed"),
        ("a: !!binary aGk=\n", "PRJ003", 1, 4, "the tag `tag:yaml.org,2002:binary` is not allowed"),
        ("a: !!int 5\n", "PRJ003", 1, 4, "the tag `tag:yaml.org,2002:int` is not allowed"),
        ("a: !!python/object:os.system {}\n", "PRJ003", 1, 4, None),
        ("!!set {a}\n", "PRJ003", 1, 1, "the tag `tag:yaml.org,2002:set` is not allowed"),
        ("!x a: 1\n", "PRJ003", 1, 1, "the tag `!x` is not allowed"),
        ("a: *n\n", "PRJ001", 1, 4, "YAML syntax error: found undefined alias"),
        ("? [a]\n: 1\n", "PRJ001", 1, 3, "a key must be a word"),
        ("a:\n\tb: 1\n", "PRJ001", 2, 1, None),
        ("a: b: c\n", "PRJ001", 1, 5, "YAML syntax error: mapping values are not allowed in this context"),
        ("a: [1\n", "PRJ001", 2, 1, None),
        ("a: 'x\n", "PRJ001", 2, 1, None),
        ("a: [x", "PRJ001", 1, 6, None),
        ("é: 1\nb: \x01\n", "PRJ001", 2, 4, "YAML syntax error: control characters are not allowed"),
        ("é: 1\nb: \x00\n", "PRJ001", 2, 4, "YAML syntax error: control characters are not allowed"),
        ("a: 1\n# é\u2028 b\n", "PRJ001", 2, 4, None),
        ('a: "x\\0y"\n', "PRJ006", 1, 4, "the text has a character that PostgreSQL cannot store"),
        ('"x\\0y": 1\n', "PRJ006", 1, 1, "the text has a character that PostgreSQL cannot store"),
        ('a: "x\\ey"\n', "PRJ006", 1, 4, "the text has the control character U+001B"),
        ('a: "x\\Ny"\n', "PRJ006", 1, 4, "the text has the control character U+0085"),
        ('a: "\\ud800"\n', "PRJ001", 1, 7, None),
        ("%YAML 2.0\n---\na: 1\n", "PRJ001", 1, 1, "YAML syntax error: found incompatible YAML document"),
        ("", "PRJ005", 1, 1, "the file holds no spec"),
        ("\n# a comment\n---\n", "PRJ005", 1, 1, "the file holds no spec"),
        (b"\xef\xbb\xbf", "PRJ005", 1, 1, "the file holds no spec"),
        (b"a: \xff\n", "PRJ009", 1, 1, "the file is not UTF-8 text (byte 3)"),
        ("a: 1\n".encode("utf-16"), "PRJ009", 1, 1, "the file is not UTF-8 text (byte 0)"),
        (bytes(range(256)), "PRJ009", 1, 1, "the file is not UTF-8 text (byte 128)"),
    ],
)
def test_what_is_refused(text: str | bytes, code: str, line: int, column: int, message: str | None) -> None:
    (found,) = problems(text)
    assert found[:3] == (code, line, column)
    assert message is None or found[3] == message


def test_every_alias_is_named() -> None:
    assert [found[0] for found in problems("a: &a [x]\nb: &b [*a, *a]\nc: [*b]\n")] == ["PRJ003"] * 3


def test_the_good_documents_before_a_mistake_are_kept() -> None:
    good, bad = read(PATH, b"a: 1\n---\nb: [\n")
    assert good.value == {"a": 1} and good.diagnostics == []
    assert [d.code for d in bad.diagnostics] == ["PRJ001"]


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfa: 1\nb: [x]\n", b"a: 1\r\nb: [x]\r\n", b"a: 1\rb: [x]\r"])
def test_byte_order_marks_and_line_ends_do_not_matter(data: bytes) -> None:
    document = only(data)
    assert document.value == {"a": 1, "b": ["x"]}
    assert document.at("b", 0) == Span(PATH, 2, 5, 2, 6)


def test_documents_know_their_lines() -> None:
    first, second = read(PATH, b"a: 1\n---\n# nothing\n---\nb: 2\n...\n")
    assert (first.value, second.value) == ({"a": 1}, {"b": 2})
    assert second.at("b") == Span(PATH, 5, 4, 5, 5)


def test_a_large_file_is_refused_unread() -> None:
    begin = time.perf_counter()
    assert problems(b"a: 1\n" * 2_000_000) == [
        ("PRJ009", 1, 1, "the file has 10,000,000 bytes; a spec file has at most 1,048,576")
    ]
    assert time.perf_counter() - begin < 1
    assert only("a: |\n  " + "x" * (MAX_BYTES - 8) + "\n").diagnostics == []


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "[" * 3000 + "]" * 3000,
        "#" + "]" * 5000 + "\n" + "[" * 5000,
        "{a: " * 3000 + "}" * 3000,
        "- " * 100_000 + "x",
        "? " * 100_000 + "x",
        "".join(f"{' ' * n}a:\n" for n in range(700)),
        "".join(f"{' ' * n}-\n" for n in range(700)),
    ],
)
def test_deep_nesting_is_refused_in_time(text: str) -> None:
    begin = time.perf_counter()
    (found,) = problems(text)
    assert found[0] == "PRJ001" and found[3] == "nested too deeply"
    assert time.perf_counter() - begin < 5


def test_the_depth_that_is_allowed() -> None:
    assert only("[" * MAX_DEPTH + "]" * MAX_DEPTH).diagnostics == []
    assert len(problems("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))) == 1
    assert only("a: |\n  SELECT '" + "[{" * 1000 + "'\n" + " " * 500 + "-- far\n").diagnostics == []


def test_many_duplicates_take_no_time() -> None:
    text = "".join(f"k{number}: 1\n" for number in range(20_000))
    begin = time.perf_counter()
    assert len(problems(text * 2)) == 20_000
    assert time.perf_counter() - begin < 10


SPEC = """\
# a spec
kind: materialized_view
name:   "größe"   # wide
unique_key: {columns: [ä, 列], index: i}
indexes:
  - columns: [a]

  - {columns: [b, c]}

# between
refresh:
  every: 5 minutes

query: |
  SELECT 1

"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("kind",), "kind", "materialized_view"),
        (("name",), "name", '"größe"'),
        (("unique_key",), "unique_key", "{columns: [ä, 列], index: i}"),
        (("unique_key", "columns"), "columns", "[ä, 列]"),
        (("unique_key", "columns", 1), "列", "列"),
        (("unique_key", "index"), "index", "i"),
        (("unique_key", "nothing", "here"), "unique_key", "{columns: [ä, 列], index: i}"),
        (("indexes", 0), "columns: [a]", "columns: [a]"),
        (("indexes", 1, "columns", 1), "c", "c"),
        (("refresh",), "refresh", "every: 5 minutes"),
        (("refresh", "every"), "every", "5 minutes"),
    ],
)
def test_spans_of_keys_and_values(path: tuple[str | int, ...], key: str, value: str) -> None:
    document = only(SPEC)
    assert written(SPEC, document.at(*path)) == value
    assert written(SPEC, document.key(*path)) == key


def test_spans_of_larger_parts_end_where_the_text_ends() -> None:
    document = only(SPEC)
    assert document.at("indexes") == Span(PATH, 6, 3, 8, 22)
    assert document.at("query") == Span(PATH, 14, 8, 15, 11)
    assert document.at() == Span(PATH, 2, 1, 15, 11)
    assert written(SPEC, document.head()) == "kind: materialized_view"
    assert document.has("indexes", 1) and not document.has("indexes", 2) and not document.has("nothing")
    assert only("name:\nkind: x\n").at("name") == Span(PATH, 1, 6, 1, 6)
    assert only("? a").at("a") == Span(PATH, 1, 4, 1, 4)  # the parser puts it on a second line
    assert Document(PATH, "").head() == Span(PATH, 1, 1, 1, 2)


def sql_of(text: str) -> tuple[SqlText, list[str]]:
    """The SQL under ``q``, and what each of its words points at in the file."""
    document = only(text)
    assert document.diagnostics == [] and not document.is_folded("q")
    sql = document.sql("q")
    assert sql.text == document.value["q"]
    words, position = [], 0
    for word in sql.text.split():
        position = sql.text.index(word, position)
        words.append(written(text, sql.span(position, position + len(word))))
        position += len(word)
    return sql, words


@pytest.mark.parametrize(
    "text",
    [
        "q: |\n  SELECT a,\n         b\n  FROM t\n",
        "q: |-\n  SELECT a\n  FROM t\n",
        "q: |+\n  SELECT a\n\n\n",
        "q: |2\n    SELECT a\n  FROM t\n",
        "q: |2-\n    SELECT a\n  FROM t\n",
        "q: |-2\n     indented\n  FROM t\n",
        "q: |  # why\n  SELECT a\n",
        "q: |\n\n\n  SELECT a\n\n  FROM t\n",
        "q: |\n  \n  SELECT a\n",
        "q: |\n     SELECT a,\n       b -- c\n     FROM t\n",
        "q: |\n  SELECT\ta,\tb\n  \tFROM t\n",
        "q: |\n  SELECT 'größe', \"列\", 😀\n  FROM t\n",
        "q: |\n  SELECT a\n  FROM t",
        "x:\n  - y\nq: |\n  SELECT a   \n  FROM t  \nz: 1\n",
        "q:\n  |\n  SELECT a\n",
        "q: !!str\n  |\n  SELECT a\n",
        "q: &anchor |\n  SELECT a\n",
        "q: SELECT a FROM t\n",
        "q: SELECT a FROM t   # why\n",
        "{x: 1, q: SELECT a FROM t, z: 2}\n",
        "q: 'SELECT a FROM t'\n",
        'q: "SELECT ä FROM t"\n',
        "q:\n  SELECT a FROM t\n",
        "---\nx: 1\nq: |\n  SELECT\n# after\n",
    ],
)
@pytest.mark.parametrize("change", [str, lambda text: text.replace("\n", "\r\n")], ids=["lf", "crlf"])
def test_places_inside_sql(text: str, change: object) -> None:
    assert callable(change)
    sql = only(change(text)).sql("q")
    assert sql == sql_of(text)[0]
    assert sql_of(text)[1] == sql.text.split() != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("q: 'SELECT ''a'''\n", (1, 4, 1, 18)),
        ('q: "SELECT \\"a\\""\n', (1, 4, 1, 18)),
        ('q: "SELECT\\n1"\n', (1, 4, 1, 15)),
    ],
)
def test_text_with_escapes_is_one_place(text: str, expected: tuple[int, ...]) -> None:
    sql = only(text).sql("q")
    assert sql.lines == () and sql.span(3, 4) == sql.span(0, 1) == Span(PATH, *expected)


@pytest.mark.parametrize(
    "text", ["q: >\n  SELECT\n  1\n", "q: >-\n  SELECT 1\n", "q: SELECT\n  1\n", 'q: "SELECT\n  1"\n']
)
def test_folded_text_is_recognised(text: str) -> None:
    assert only(text).is_folded("q")


def test_spans_at_the_edges_of_sql() -> None:
    text = "q: |\n  SELECT a\n  FROM t\n\nz: 1\n"
    sql = only(text).sql("q")
    assert sql.text == "SELECT a\nFROM t\n"
    assert sql.span(7, 13) == Span(PATH, 2, 10, 3, 7)  # over the line end
    assert sql.span(7, 9) == Span(PATH, 2, 10, 2, 11)  # a line end is not part of what is marked
    assert sql.span(8, 9) == Span(PATH, 2, 11, 2, 12)  # a line end itself is the place after the line
    assert sql.span(5, 5) == Span(PATH, 2, 8, 2, 9)  # nothing is shown as one character
    # The end of the input, however far beyond it the parser looked, is after the last word.
    assert {sql.span(start, start + 1) for start in (15, 16, 17, 99)} == {Span(PATH, 3, 9, 3, 10)}
    assert sql.span(-3, 2) == Span(PATH, 2, 3, 2, 5)
    assert sql.span(9, 99) == Span(PATH, 3, 3, 3, 9)


def test_a_file_of_sql() -> None:
    sql = sql_file("specs/q.sql", "SELECT a\n  FROM ä\n")
    assert sql.span(11, 15) == Span("specs/q.sql", 2, 3, 2, 7)
    assert sql.whole == Span("specs/q.sql", 1, 1, 3, 1)
    assert sql_file("specs/q.sql", "").span(0, 1) == Span("specs/q.sql", 1, 1, 1, 2)
