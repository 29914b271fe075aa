"""Whatever stands in a project: an exit code, a code, a place, never a traceback; and where it is legal, it works."""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from live import Database
from pgspec.compile import Result, compile_project
from pgspec.pgsql import parse
from pgspec.sources import from_disk, from_texts
from projects import FILES, SCHEMA, bound_by_permissions, pgspec, tree, view, write

Found = list[tuple[str, str, int, int]]


def compiled(files: Mapping[str, str]) -> Result:
    return compile_project(from_texts({**FILES, **files}))


def places(result: Result) -> Found:
    return [(d.code, d.span.path, d.span.line, d.span.column) for d in result.diagnostics]


def on_disk(root: Path) -> Found:
    """What a build of the project finds; it writes nothing, and says so."""
    result = compile_project(from_disk(root))
    done = pgspec(root, "build", "--format", "concise")
    assert not (root / "generated").exists()
    assert done.stdout == "" and done.stderr.endswith("nothing was written\n") and done.returncode == 1
    assert len(done.stderr.splitlines()) == len(result.diagnostics) + 2
    return places(result)


# What PostgreSQL takes, however odd it looks

ODD_NAMES = [
    "select", "table", "user", "order", "Mixed Case", 'a"b', "a'b", "a;b", "a%sb", "100%", "--", "/*", "*/", "\\", "$$",
    "$pgspec$", "$function$", "{{ x }}", "{% x %}", "{# x #}", "größe", "列", "😀", " ", "5", "x" * 63, "\\! ls",
]  # fmt: skip
ODD_TEXTS = [
    "$pgspec$ $pgspec_$ $function$ $$", "*/ /* -- ; '", 'say "hi" \'there\'', "\\ \\\\ \\' \\! ls",
    "{{ 7 * 7 }}{% x %}{# y #}",
    "%s %(a)s %% %I", ":x :'x' :\"x\"", "größe 列 😀", "x" * 20_000,
]  # fmt: skip


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def yaml_text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def apply(database: Database, files: Mapping[str, str], *names: str) -> None:
    """Run files as plain psql does, each statement by itself."""
    with database.connect() as connection:
        for name in names:
            text = files[f"generated/draft/{name}.sql"]
            statements, failure = parse(text)
            assert failure is None
            for statement in statements:
                connection.execute(text[statement.start : statement.end].encode())


def test_odd_names_and_texts_arrive_as_they_are(database: Database) -> None:
    """A view for each name, with an index of that name too, a column, and a comment; and one for each text."""
    files = {"specs/project.yaml": FILES["specs/project.yaml"], "specs/schema.sql": SCHEMA}
    for number, name in enumerate(ODD_NAMES):
        column = quoted(name)
        files[f"specs/n{number}.yaml"] = (
            f"kind: materialized_view\nname: {yaml_text(quoted(name))}\n"
            f"description: {yaml_text(ODD_TEXTS[number % len(ODD_TEXTS)])}\n"
            f"unique_key: {{columns: [{yaml_text(name)}], index: {yaml_text(name[:60] + 'key')}}}\n"
            f"query: |\n  SELECT id AS {column} -- {name}\n  FROM orders\n"
        )
    for number, text in enumerate(ODD_TEXTS):
        literal = "'" + text.replace("'", "''") + "'"
        files[f"specs/t{number}.yaml"] = view(f"t{number}", f"SELECT id, {literal} AS said FROM orders")
    result = compile_project(from_texts(files))
    assert result.ok, result.diagnostics
    database.run(SCHEMA)
    database.run("INSERT INTO orders VALUES (1, 'x', 2)")
    apply(database, result.files, "migrate", "verify")
    with database.connect() as connection:
        for number, name in enumerate(ODD_NAMES):
            query = f"SELECT {quoted(name)} FROM public.{quoted(name)}".encode()
            assert connection.execute(query).fetchone() == (1,)
            query = "SELECT obj_description(%s::regclass, 'pg_class'), to_regclass(%s)::text IS NOT NULL"
            row = connection.execute(query, [quoted(name), quoted(name[:60] + "key")]).fetchone()
            assert row == (ODD_TEXTS[number % len(ODD_TEXTS)].strip(), True)
        for number, text in enumerate(ODD_TEXTS):
            assert connection.execute(f"SELECT said FROM t{number}".encode()).fetchone() == (text,)
        apply(database, result.files, "rollback")
        row = connection.execute("SELECT count(*) FROM pg_matviews").fetchone()
        assert row == (0,)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM orders;",
        "SELECT id FROM orders -- the end",
        "SELECT id FROM orders; -- the end",
        "SELECT id FROM orders /* the end */ ;;",
        "-- first\n  /* second */ SELECT id FROM orders",
        "(SELECT id FROM orders)",
        "TABLE orders",
        "WITH o AS (SELECT id FROM orders) SELECT id FROM o ORDER BY id LIMIT 5",
        "SELECT id, E'\\'\\\\' AS said, U&'\\0041' AS letter FROM ONLY orders",
        "SELECT id, '\n  \\! ls\n  \\q' AS said FROM orders",
        "SELECT id FROM orders -- $pgspec$ $function$ */ {{ x }}",
    ],
)
def test_ways_to_write_a_query(query: str, database: Database) -> None:
    result = compiled({"specs/x.yaml": view("x", query)})
    assert result.ok and not result.diagnostics
    database.run(SCHEMA)
    apply(database, result.files, "migrate", "verify", "rollback", "migrate")


# What is wrong with a project


@pytest.mark.parametrize(
    ("query", "code", "line", "column", "message"),
    [
        ("SELECT 1; SELECT 2", "SQL006", 5, 13, "a query is one statement; this is number 2 of 2"),
        ("INSERT INTO orders VALUES (1)", "SQL006", 5, 3, "a query is a SELECT, not INSERT"),
        ("VACUUM", "SQL006", 5, 3, "a query is a SELECT, not VACUUM"),
        ("EXPLAIN SELECT 1", "SQL006", 5, 3, "a query is a SELECT, not EXPLAIN"),
        ("SELECT id INTO y FROM orders", "SQL006", 5, 13, "a query cannot have INTO"),
        ("SELECT id, $1 AS a FROM orders", "SQL006", 5, 14, "a view has no parameters"),
        (
            "WITH d AS (DELETE FROM orders RETURNING id) SELECT id FROM d",
            "SQL006",
            5,
            8,
            "a view cannot change data, as `d` does",
        ),
        ("-- nothing", "SQL006", 5, 3, "the query has only comments"),
        ("SELECT id, 'a FROM orders", "SQL001", 5, 14, None),
        ("SELECT id, $$a FROM orders", "SQL001", 5, 14, None),
        ('SELECT id, "a FROM orders', "SQL001", 5, 14, None),
        ("SELECT id /* FROM orders", "SQL001", 5, 13, None),
        ("SELECT id FROM", "SQL001", 5, 17, None),
        ("SELECT (id FROM orders", "SQL001", 5, 14, None),
        ("SELECT id FROM orders WHERE id = :x", "SQL001", 5, 36, None),
        ("\\d orders", "SQL001", 5, 3, None),
        ("{{ x }}", "SQL001", 5, 3, None),
        ("SELECT id FROM x", "MV007", 2, 7, "`public.x` reads itself"),
    ],
)
def test_queries_that_are_none(query: str, code: str, line: int, column: int, message: str | None) -> None:
    result = compiled({"specs/x.yaml": view("x", query)})
    assert places(result) == [(code, "specs/x.yaml", line, column)] and not result.files
    assert message in (None, result.diagnostics[0].message)
    assert result.diagnostics[0].name == "x"


def test_an_empty_query() -> None:
    assert places(compiled({"specs/x.yaml": view("x", "")})) == [("PRJ005", "specs/x.yaml", 4, 8)]


def test_a_key_that_differs_by_case_only() -> None:
    result = compiled({"specs/x.yaml": view("x", key="[ID]")})
    assert places(result) == [("MV004", "specs/x.yaml", 3, 14)]
    assert "`ID`" in result.diagnostics[0].message


@pytest.mark.parametrize(
    ("expression", "levels"),
    [(" + 1", 3000), (" + 1", 60_000), ("::int", 1000), (" || 'x'", 5000), (" UNION SELECT id FROM orders", 5000)],
)
def test_queries_that_nest_without_end(expression: str, levels: int) -> None:
    result = compiled({"specs/x.yaml": view("x", f"SELECT id FROM orders WHERE id = 1{expression * levels}")})
    ((code, path, line, _),) = places(result)
    assert (code in ("SQL001", "SQL005"), path, line) == (True, "specs/x.yaml", 5)
    assert "nested too deeply" in result.diagnostics[0].message


@pytest.mark.parametrize("opening", ["(", "NOT ", "- ", "ARRAY[", "CASE WHEN true THEN ", "abs(", "(SELECT "])
def test_queries_that_open_without_end(opening: str) -> None:
    result = compiled({"specs/x.yaml": view("x", "SELECT id, " + opening * 50_000)})
    ((code, path, line, _),) = places(result)
    assert (code, path, line) == ("SQL001", "specs/x.yaml", 5)


def test_chains_as_people_write_them() -> None:
    text = " || city" * 100
    union = " UNION SELECT id FROM orders" * 100
    assert compiled({"specs/x.yaml": view("x", f"SELECT id, city{text} AS c FROM orders")}).ok
    assert compiled({"specs/x.yaml": view("x", f"SELECT id FROM orders{union}")}).ok


TWICE = view("a", more="description: again\n")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"specs/x.yaml": ""}, [("PRJ005", "specs/x.yaml", 1, 1)]),
        ({"specs/x.yaml": "# later\n"}, [("PRJ005", "specs/x.yaml", 1, 1)]),
        ({"specs/x.yaml": bytes(range(256))}, [("PRJ009", "specs/x.yaml", 1, 1)]),
        ({"specs/x.yaml": b"x" * 10_000_000}, [("PRJ009", "specs/x.yaml", 1, 1)]),
        ({"specs/x.yaml": b"kind: project\0"}, [("PRJ001", "specs/x.yaml", 1, 14)]),
        ({"specs/x.yaml": "kind: materialized_view\nname: &a x\nowner: *a\n"}, [("PRJ003", "specs/x.yaml", 3, 1)]),
        ({"specs/x.yaml": "kind: !!binary eA==\n"}, [("PRJ003", "specs/x.yaml", 1, 7)]),
        ({"specs/x.yaml": "kind: project\nname: q\n"}, [("PRJ008", "specs/x.yaml", 1, 7)]),
        ({"specs/project.yaml": ""}, [("PRJ005", "specs/project.yaml", 1, 1)]),
        ({"specs/project.yaml": view("q")}, [("PRJ008", "specs/project.yaml", 1, 1)]),
        (
            {"specs/project.yaml": "kind: project\nname: a\n---\nkind: project\nname: b\n"},
            [("PRJ008", "specs/project.yaml", 4, 7)],
        ),
        (
            {"specs/project.yaml": "kind: project\nname: a\nschema: [schema.sql, nothing.sql]\n"},
            [("PRJ009", "specs/project.yaml", 3, 22)],
        ),
        (
            {"specs/project.yaml": "kind: project\nname: a\nschema: [/etc/passwd, schema.sql]\n"},
            [("PRJ009", "specs/project.yaml", 3, 10)],
        ),
        (
            {"specs/project.yaml": "kind: project\nname: a\nschema: [../../../nothing.sql, schema.sql]\n"},
            [("PRJ009", "specs/project.yaml", 3, 10)],
        ),
        (
            {"specs/project.yaml": 'kind: project\nname: a\nschema: ["[", "**", schema.sql, "\\t"]\n'},
            [("PRJ009", "specs/project.yaml", 3, 10), ("PRJ009", "specs/project.yaml", 3, 33)],
        ),
        ({"specs/schema.sql": b"\xff\xfe"}, [("PRJ009", "specs/schema.sql", 1, 1)]),
        ({"specs/x.yaml": TWICE}, [("PRJ011", "specs/x.yaml", 2, 7), ("PRJ011", "specs/x.yaml", 3, 13)]),
        ({"specs/x.yaml": view("orders")}, [("PRJ011", "specs/x.yaml", 2, 7)]),
        ({"specs/x.yaml": view('"' + "x" * 64 + '"')}, [("PRJ006", "specs/x.yaml", 2, 7)]),
        ({"specs/x.yaml": view('"a\\nb"')}, [("PRJ006", "specs/x.yaml", 2, 7)]),
        ({"specs/x.yaml": view("x", more='description: "a\\0b"\n')}, [("PRJ006", "specs/x.yaml", 6, 14)]),
        ({"specs/x.yaml": view("x").replace("query: |\n  ", "query: >\n  ")}, [("PRJ016", "specs/x.yaml", 4, 8)]),
        (
            {"specs/x.yaml": "kind: materialized_view\nname: x\nunique_key: [id]\nquery_file: y.sql\n"},
            [("PRJ009", "specs/x.yaml", 4, 13)],
        ),
    ],
)
def test_projects_with_mistakes(tmp_path: Path, files: Mapping[str, str | bytes], expected: Found) -> None:
    write(tmp_path, {**FILES, **files})
    found = on_disk(tmp_path)
    assert [entry for entry in found if entry[0].startswith("PRJ")] == expected
    assert tree(tmp_path / "specs") == tree(write(tmp_path / "again", {**FILES, **files}) / "specs")


def test_no_specs_folder(tmp_path: Path) -> None:
    for command in (["build"], ["build", "--check"], ["check"], ["plan"], ["release", "x"], ["test"]):
        done = pgspec(tmp_path, *command)
        assert done.returncode == 2
        assert done.stderr == (
            f"error: no specs/project.yaml in {tmp_path} or above\n"
            "  = help: `pgspec init` writes a starting project; `-C DIR` names one\n"
        )
    assert tree(tmp_path) == {}


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    done = pgspec(tmp_path / "gone", "build", preexec_fn=lambda: os.rmdir(tmp_path / "gone"))  # noqa: PTH106
    assert done.returncode == 2 and done.stderr.startswith("error: No such file or directory")


# What is in the folder and is no file


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def bind(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize("name", ["x.yaml", "x.sql", "schema.sql"])
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (link("nothing"), "it is a link to nothing"),
        (link("x.yaml"), None),
        (os.mkfifo, "it is not a regular file"),
        (bind, "it is not a regular file"),
        (link("/dev/zero"), "it is not a regular file"),
    ],
    ids=["dangling", "loop", "pipe", "socket", "device"],
)
def test_what_is_no_file(tmp_path: Path, name: str, make: Callable[[Path], None], reason: str | None) -> None:
    write(tmp_path, FILES)
    place = tmp_path / "specs" / name
    place.unlink(missing_ok=True)
    make(place)
    result = compile_project(from_disk(tmp_path))
    assert [entry for entry in places(result) if entry[0] == "PRJ009"] == [("PRJ009", f"specs/{name}", 1, 1)]
    found = next(d for d in result.diagnostics if d.code == "PRJ009")
    assert reason is None or found.message == f"the file cannot be read: {reason}"
    assert pgspec(tmp_path, "build").returncode == 1


def test_a_project_file_that_is_no_file(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "specs/project.yaml").unlink()
    os.mkfifo(tmp_path / "specs/project.yaml")
    assert pgspec(tmp_path, "build").returncode == 2


def test_files_that_may_not_be_read(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "specs/closed/y.yaml": view("y")})
    (tmp_path / "specs/b.yaml").chmod(0)
    (tmp_path / "specs/closed").chmod(0)
    done = pgspec(tmp_path, "build", "--format", "concise", preexec_fn=bound_by_permissions)
    (tmp_path / "specs/closed").chmod(0o755)
    assert done.returncode == 1 and not (tmp_path / "generated").exists()
    assert done.stderr == (
        "specs/b.yaml:1:1: error[PRJ009] the file cannot be read: Permission denied\n"
        "specs/closed:1:1: error[PRJ009] the file cannot be read: Permission denied\n"
        "2 errors\nnothing was written\n"
    )


def test_links_and_folders_that_work(tmp_path: Path) -> None:
    root = write(
        tmp_path / "p",
        {**FILES, "elsewhere/deep/s.yaml": view("s"), "one.txt": view("one"), "specs/dir.yaml/d.yaml": view("d")},
    )
    (root / "specs/linked").symlink_to("../elsewhere")
    (root / "specs/one.yaml").symlink_to("../one.txt")
    (root / "specs/loop").symlink_to("..")
    (root / "elsewhere/up").symlink_to("../specs")
    result = compile_project(from_disk(root))
    assert result.ok and result.program is not None
    assert sorted(v.name.name for v in result.program.views) == ["a", "b", "d", "one", "s"]
    assert pgspec(root, "build").returncode == 0


ODD_FILES = ["a b.yaml", "a'b.yaml", 'a"b.yaml', "a\nb.yaml", "%0A.yaml", "größe.yaml", "-x.yaml", "$(ls).yaml",
             "*.yaml", "\\.yaml", "{x}.yaml", "|.yaml", "#.yaml", "a:b,c.yaml", "*/.yaml", "\x1b[31m.yaml"]  # fmt: skip


def test_odd_file_names(tmp_path: Path) -> None:
    names = {f"specs/{name}" if name != "*/.yaml" else "specs/*/.yaml": number for number, name in enumerate(ODD_FILES)}
    write(tmp_path, FILES | {path: view(f"v{number}") for path, number in names.items()})
    result = compile_project(from_disk(tmp_path))
    assert result.ok and result.program is not None and len(result.program.views) == len(ODD_FILES) + 2
    assert pgspec(tmp_path, "build").returncode == 0
    for path in names:
        (tmp_path / path).write_text("kind: nothing\n")
    for form, lines in (("concise", len(ODD_FILES) + 1), ("github", len(ODD_FILES)), ("full", None)):
        done = pgspec(tmp_path, "check", "--format", form)
        assert done.returncode == 1 and "\x1b" not in done.stdout
        assert lines is None or len(done.stdout.splitlines()) == lines


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / os.fsdecode(b"specs/\xff.yaml")).write_text(view("x"))
    done = pgspec(tmp_path, "build", "--format", "concise")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "specs/\ufffd.yaml:1:1: error[PRJ009] the file cannot be read: its name is not UTF-8\n"
    )


def test_yml_files_are_named(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "specs/c.yml": "not: [yaml"})
    done = pgspec(tmp_path, "check", "--format", "concise")
    assert done.returncode == 0 and done.stdout.startswith("specs/c.yml:1:1: warning[PRJ012] ")


# Every text field


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_every_text_field_is_text(text: str) -> None:
    """Text that is code somewhere else, in every place that takes text: never an exception, never another statement."""
    quoted_text = yaml_text(text)
    plain = compiled({})
    keys = ("description", "owner", "query_file", "name", "kind")
    for key in keys:
        more = f"{key}: {quoted_text}\n"
        body = "\n".join(line for line in view("x").split("\n") if not line.startswith(f"{key}:"))
        result = compiled({"specs/x.yaml": body + more})
        assert result.ok or all(d.span.path == "specs/x.yaml" for d in result.diagnostics)
        for path, sql in result.files.items():
            if path.startswith("generated/draft/") and path.endswith(".sql"):
                assert len(parse(sql)[0]) == len(parse(plain.files[path])[0])
    for key in ("name", "schema", "search_path", "runtime_schema", "internal_schema", "scheduler", "description"):
        body = FILES["specs/project.yaml"].replace("name: shop\n", "") if key == "name" else FILES["specs/project.yaml"]
        result = compiled({"specs/project.yaml": f"{body}{key}: {quoted_text}\n"})
        assert result.ok or result.diagnostics
        assert all(parse(sql)[1] is None for path, sql in result.files.items() if path.endswith(".sql"))


def test_a_plan_of_nasty_text_stays_a_plan(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert pgspec(tmp_path, "release", "first", "--version", "20250101000000").returncode == 0
    text = "a | b\n\n````\n# heading\n```"
    write(tmp_path, {"specs/a.yaml": view("a", more=f"description: {yaml_text(text)}\n".replace("\n", "\\n", 4))})
    assert pgspec(tmp_path, "build").returncode == 0
    plan = (tmp_path / "generated/draft/plan.md").read_text()
    fences = re.findall(r"^(`{3,})(\w*)$", plan, re.MULTILINE)
    assert fences[0][1] == "diff" and len(fences[0][0]) > 4 and fences[-1] == (fences[0][0], "")


def test_a_copy_of_the_example_builds(tmp_path: Path) -> None:
    root = Path(__file__).parent.parent
    for folder in ("specs", "generated"):
        shutil.copytree(root / folder, tmp_path / folder)
    assert pgspec(tmp_path, "build", "--check").returncode == 0
