"""Generated clients: what compiles, what must not, and which parts a project gets."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import node
import projects
from clients_support import PROJECT, SCHEMA, clients, compiled, load_python, mypy, typescript_folder, world
from pgspec.compile import compile_project
from pgspec.operations.client_model import unique_names, words
from pgspec.operations.client_python import snake
from pgspec.operations.client_typescript import camel, variable
from pgspec.sources import from_disk, from_texts

ROOT = Path(__file__).parents[1]
CASE = Path(__file__).parent / "cases" / "clients_basic"
BARE = "kind: project\nname: bare\nclients: [typescript, python]\n"
ITEMS = "CREATE TABLE items (id int PRIMARY KEY, value int);\n"
ONLY_TAGS = "kind: invalidation\nname: items\ntable: items\ntags: [items]\n"
ONLY_RLS = """\
kind: rls
table: items
policies: [{name: read, command: select, to: [anon], using: "id = 1"}]
allow: {RLS003: no fixtures}
"""
HOSTILE = [
    "a:b", "a_b", "A-b", "1:2", "default", "class:{class}", "constructor", "__proto__", "toString", "staticmethod",
    "${{x}}", "{{}}", "*/", '"""', "\\", "`", "\u00e4\u00f6", "\u00fc", "\u2028", "tags", "int", "str", "p",
    "{tags}:{int}:{_uuid}", "{a_b}:{aB}:{A}", "{_1}", "x:{x}:{x}", "'\U0001f600", "{{x}}", "\\u0041", "a\nb",
]  # fmt: skip
COLUMNS = ("class", "tags", "int", "_uuid", "a_b", "aB", "A", "_1", "x")


QUERY = """SELECT '%s \\ ` ${x} %' || chr(1) FROM t WHERE "class" = :class AND x <> :default AND x <> :tags"""


def hostile() -> tuple[str, str]:
    """The clients of a project with names that are no identifiers."""
    columns = ", ".join(f'"{name}" uuid' for name in COLUMNS)
    specs = [
        {"kind": "invalidation", "name": "t", "table": "t", "tags": HOSTILE, "allow": {"INV004": "they are odd"}},
        {
            "kind": "cached_query",
            "name": '*/ """ \\',
            "description": '*/ """ \\ ${x} `',
            "query": QUERY,
            "tags": ["class:{class}"],
        },
    ]
    files = {
        "project.yaml": BARE,
        "schema.sql": f"CREATE TABLE t ({columns});",
        "t.yaml": yaml.safe_dump_all(specs, width=1000),
    }
    return clients(compiled(files))


def parts(text: str) -> set[str]:
    """What a client offers."""
    names = (
        "tags|cachedQueries|cached|invalidate|retrying|runInvalidations|explainDenied|explainAccess|Tag|GuardedTable"
    )
    return set(re.findall(rf"^export (?:async )?(?:const|function|type) ({names})\b", text, re.M))


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        ({}, {"explainDenied"}),
        (
            {"a.yaml": ONLY_TAGS},
            {"explainDenied", "Tag", "tags", "invalidate", "retrying", "runInvalidations"},
        ),
        ({"a.yaml": ONLY_RLS}, {"explainDenied", "explainAccess", "GuardedTable"}),
    ],
    ids=["nothing", "tags", "rls"],
)
def test_a_project_gets_the_parts_that_it_has(specs: dict[str, str], expected: set[str], tmp_path: Path) -> None:
    project = BARE + "roles: {api: [anon]}\n"
    typescript, python = clients(compiled({"project.yaml": project, "schema.sql": ITEMS, **specs}))
    assert parts(typescript) == expected
    module = load_python(python, tmp_path)
    for name in parts(clients(world())[0]):
        assert hasattr(module, "_".join(words(name)) if name[0].islower() else name) is (name in expected)
    typescript_folder(tmp_path, {"pgspec.ts": typescript})
    assert mypy(tmp_path, "pgspec_client.py") == []


@pytest.mark.parametrize("which", ["world", "case"])
def test_clients_are_strictly_typed(which: str, tmp_path: Path) -> None:
    result = world() if which == "world" else compile_project(from_disk(CASE))
    typescript, python = clients(result)
    (tmp_path / "pgspec_client.py").write_text(python, "utf-8")
    typescript_folder(tmp_path, {"pgspec.ts": typescript})
    assert mypy(tmp_path, "pgspec_client.py") == []


WRONG_TYPESCRIPT = """\
import pg from "pg";
import { cached, cachedQueries, explainAccess, invalidate, runInvalidations, tags } from "./pgspec.js";
const pool = new pg.Pool();
const client = await pool.connect();
await invalidate(pool, [tags.items, tags.item(7), tags.c0("x"), tags.c13("sad")]);
await invalidate(client, [tags.item(7)]);
await invalidate(new pg.Client(), []);
const value: number[] = await cached(pool, cachedQueries.itemValue({ id: 1, others: [2] }), async () => [1]);
await runInvalidations(pool, async (tag: string, signal: AbortSignal) => void [tag, signal, value]);
await explainAccess(pool, "payouts", "select");
await invalidate(pool, [tags.itmes]);
await invalidate(pool, ["items"]);
await invalidate(pool, [`item:${7}` as string]);
await invalidate(pool, [tags.item("7")]);
await invalidate(pool, [tags.item(null)]);
await invalidate(pool, [tags.item]);
await invalidate(pool, [tags.c13("glad")]);
await invalidate(pool, [tags.c0(7)]);
cachedQueries.itemValue({ id: 1 });
cachedQueries.itemValue({ id: 1, others: [], more: 1 });
await explainAccess(pool, "payout", "select");
await runInvalidations(pool, (tag: number) => tag);
await invalidate({ query: 1 }, []);
"""
TYPESCRIPT_ERRORS = {
    11: "TS2551", 12: "TS2322", 13: "TS2322", 14: "TS2345", 15: "TS2345", 16: "TS2322", 17: "TS2345", 18: "TS2345",
    19: "TS2345", 20: "TS2353", 21: "TS2345", 22: "TS2345", 23: "TS2322",
}  # fmt: skip
WRONG_PYTHON = """\
import psycopg
from uuid import UUID
from pgspec_client import cached, cached_queries, explain_access, invalidate, run_invalidations, tags
connection = psycopg.connect()
invalidate(connection, [tags.items, tags.item(7), tags.c0("x"), tags.c0(UUID(int=0)), tags.c13("sad")])
query = cached_queries.item_value(id=1, others=[2])
cached(connection, query, lambda: connection.execute(query.text, query.values).fetchall())
run_invalidations(psycopg.connect, print)
run_invalidations(lambda: psycopg.connect("", row_factory=psycopg.rows.dict_row), lambda tag: tag.upper())
explain_access(connection, "payouts", "select")
invalidate(connection, [tags.itmes])
invalidate(connection, ["items"])
invalidate(connection, [tags.item("7")])
invalidate(connection, [tags.item(None)])
invalidate(connection, [tags.item])
invalidate(connection, [tags.c13("glad")])
invalidate(connection, [tags.c0(7)])
cached_queries.item_value(id=1)
explain_access(connection, "payout", "select")
run_invalidations(psycopg.connect, lambda: None)
"""
PYTHON_ERRORS = {
    11: "attr-defined", 12: "list-item", 13: "arg-type", 14: "arg-type", 15: "list-item", 16: "arg-type",
    17: "arg-type", 18: "call-arg", 19: "arg-type", 20: "arg-type",
}  # fmt: skip


def test_a_misspelt_tag_does_not_compile_in_typescript(tmp_path: Path) -> None:
    node.node_folder(tmp_path, {"pgspec.ts": clients(world())[0], "use.ts": WRONG_TYPESCRIPT})
    errors = node.tsc(tmp_path, "use.ts", "--noEmit")
    assert {line: message.split(":")[0] for _, line, message in errors} == TYPESCRIPT_ERRORS
    assert {file for file, _, _ in errors} == {"use.ts"} and len(errors) == len(TYPESCRIPT_ERRORS)
    assert "Did you mean 'items'?" in errors[0][2]


def test_a_misspelt_tag_is_an_error_of_types_in_python(tmp_path: Path) -> None:
    (tmp_path / "pgspec_client.py").write_text(clients(world())[1], "utf-8")
    (tmp_path / "use.py").write_text(WRONG_PYTHON, "utf-8")
    errors = mypy(tmp_path, "use.py")
    assert {line: message[message.rindex("[") + 1 : -1] for _, line, message in errors} == PYTHON_ERRORS


@pytest.mark.parametrize("kept", ["string & { readonly [_made]: true }", 'NewType("Tag", str)'])
def test_without_its_brand_a_tag_could_be_any_string(kept: str, tmp_path: Path) -> None:
    """The two tests above would see it."""
    typescript, python = clients(world())
    assert kept in typescript or kept in python
    if kept in typescript:
        node.node_folder(tmp_path, {"pgspec.ts": typescript.replace(kept, "string"), "use.ts": WRONG_TYPESCRIPT})
        assert {12, 13} - {line for _, line, _ in node.tsc(tmp_path, "use.ts", "--noEmit")} == {12, 13}
    else:
        (tmp_path / "pgspec_client.py").write_text(python.replace(kept, "str"), "utf-8")
        (tmp_path / "use.py").write_text(WRONG_PYTHON, "utf-8")
        assert 12 not in {line for _, line, _ in mypy(tmp_path, "use.py")}


def test_no_name_and_no_text_of_a_spec_breaks_a_client(tmp_path: Path) -> None:
    typescript, python = hostile()
    list_all = """\
import { cachedQueries, tags } from "./pgspec.js";
const id = "6B1F0000-0000-4000-8000-000000000001";
const made = Object.values(tags).map((tag) => (typeof tag === "string" ? tag : (tag as Function)(id, id, id)));
const query = Object.values(cachedQueries)[0]!({ class: id, default: 1, tags: 2 } as never);
process.stdout.write(JSON.stringify({ made, query }));
"""
    typescript_folder(tmp_path, {"pgspec.ts": typescript, "all.ts": list_all})
    found = json.loads(node.node_output(tmp_path, "all.js"))
    module = load_python(python, tmp_path)
    assert mypy(tmp_path, "pgspec_client.py") == []
    id_ = "6b1f0000-0000-4000-8000-000000000001"
    filled = [re.sub(r"\{(\{|\w+\})|\}\}", lambda m: m[0][0] if m[0] in ("{{", "}}") else id_, t) for t in HOSTILE]
    expected = sorted(set(filled))  # tags of one form have one builder
    assert len(expected) == len(HOSTILE) - 1
    assert sorted(found["made"]) == expected
    values = [value for name, value in vars(module.tags).items() if not name.startswith("__")]
    calls = [value if isinstance(value, str) else value.__func__ for value in values]
    assert sorted(c if isinstance(c, str) else c(*[id_] * c.__code__.co_argcount) for c in calls) == expected
    (query,) = [value.__func__ for value in vars(module.cached_queries).values() if isinstance(value, staticmethod)]
    names = query.__code__.co_varnames[: query.__code__.co_kwonlyargcount]
    python_query = query(**dict(zip(names, (id_, 1, 2), strict=True)))
    assert python_query.key.lower() == found["query"]["key"].lower()
    assert re.sub(r"\$\d", "?", found["query"]["text"]) == re.sub(r":[a-z]+", "?", QUERY)
    assert re.sub(r"%\(\w+\)s", "?", python_query.text).replace("%%", "%") == re.sub(r":[a-z]+", "?", QUERY)


def test_names_are_unique_and_are_words() -> None:
    assert words("search:specialty") == ["search", "specialty"]
    assert words("HTTPServer-v2_fooBar") == ["http", "server", "v2", "foo", "bar"]
    names = {text: words(text) for text in ("a:b", "a_b", "c")}
    found = unique_names(names, camel)
    assert found["a:b"].startswith("aB_") and found["a_b"].startswith("aB_") and found["c"] == "c"
    assert len(set(found.values())) == len(set(unique_names(names, snake).values())) == 3
    assert [camel(words(text)) for text in ("default", "9 lives", "")] == ["default", "n9Lives", "value"]
    assert [variable(words(text)) for text in ("default", "9 lives")] == ["default_", "n9Lives"]
    assert [snake(words(text)) for text in ("class", "9 lives", "")] == ["class_", "n9_lives", "value"]


def test_another_tag_renames_no_other_unless_they_share_the_name() -> None:
    def names(*tags: str) -> set[str]:
        spec = f"kind: invalidation\nname: items\ntable: items\ntags: {json.dumps(tags)}\n"
        text, _ = clients(compiled({"project.yaml": BARE, "schema.sql": ITEMS, "a.yaml": spec}))
        block = text[text.index("export const tags") : text.index("\n};\n")]
        return set(re.findall(r"^  (\w+):", block, re.M))

    assert names("items", "item:{id}") == {"items", "item"}
    assert names("items", "item:{id}", "other") == {"items", "item", "other"}
    assert names("items", "item:{id}", "item") == {"items", "item", "itemId"}


def test_nothing_is_printed_unless_the_project_asks() -> None:
    files = {"project.yaml": PROJECT.replace("clients: [typescript, python]\n", ""), "schema.sql": SCHEMA}
    assert clients(compiled(files)) == ("", "")
    assert [
        bool(text) for text in clients(compiled(files | {"project.yaml": PROJECT.replace("typescript, ", "")}))
    ] == [
        False,
        True,
    ]


def test_an_unknown_language_is_a_finding() -> None:
    project = PROJECT.replace("[typescript, python]", "[java]")
    result = compile_project(from_texts({"specs/project.yaml": project, "specs/schema.sql": SCHEMA}))
    (found,) = result.diagnostics
    assert (found.span.line, found.message) == (3, "`clients`: expected `typescript` or `python`")


def test_a_client_goes_when_nobody_asks_for_it(tmp_path: Path) -> None:
    files = {"specs/project.yaml": BARE, "specs/schema.sql": ITEMS, "specs/a.yaml": ONLY_TAGS}
    projects.write(tmp_path, files)
    assert projects.pgspec(tmp_path, "build").returncode == 0
    folder = tmp_path / "generated" / "clients"
    assert sorted(path.name for path in folder.iterdir()) == ["pgspec.ts", "pgspec_client.py"]
    (folder / "mine.ts").write_text("// mine\n", "utf-8")
    projects.write(tmp_path, {"specs/project.yaml": BARE.replace("typescript, ", "")})
    assert projects.pgspec(tmp_path, "build").returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == ["mine.ts", "pgspec_client.py"]


def test_missing_programs_fail_and_say_how_to_install_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(node, "MODULES", tmp_path)
    with pytest.raises(pytest.fail.Exception, match="npm ci"):
        node.node_folder(tmp_path, {})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="apt-get install nodejs npm"):
        node.find_node()


def test_the_client_in_python_needs_the_oldest_python_and_the_driver_alone() -> None:
    imported = set(re.findall(r"^(?:from|import) (\w+)", clients(world())[1], re.M)) - {"__future__"}
    assert imported - sys.stdlib_module_names == {"psycopg"}
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--version"], capture_output=True, text=True, check=True
    )  # the tests above would say nothing of types without it
    assert done.stdout.startswith("mypy")


BEFORE = """\
import pg from "pg";
import { cached, cachedQueries, explainDenied, invalidate, retrying, runInvalidations, tags } from "./pgspec.js";
declare const client: pg.PoolClient, pool: pg.Pool, specialtyId: string, stop: AbortController;
declare function purge(tag: string, options: { signal: AbortSignal }): Promise<void>;
declare function show(title: string, hint: string): void;
await retrying(() => invalidate(pool, [tags.searchVendors]));
"""


def test_the_page_shows_code_that_compiles_for_the_example(tmp_path: Path) -> None:
    sources = from_disk(ROOT)
    project = sources.specs["specs/project.yaml"]
    project += b"" if b"\nclients:" in project else b"\nclients: [typescript]\n"
    result = compile_project(replace(sources, specs={**sources.specs, "specs/project.yaml": project}))
    assert result.ok
    page = (ROOT / "docs" / "clients.md").read_text("utf-8")
    blocks = re.findall(r"^```ts\n(.*?)^```$", page, re.M | re.S)
    text = BEFORE + "".join(f"{{\n{block}}}\n" for block in blocks).replace("try { ... }", "try {}")
    node.node_folder(tmp_path, {"pgspec.ts": clients(result)[0], "page.ts": text})
    expected = {n: m[1] for n, line in enumerate(text.splitlines(), 1) if (m := re.search(r"// error (TS\d+)", line))}
    strict = tuple(option for option in node.STRICT if not option.startswith("--noUnused"))
    errors = node.tsc(tmp_path, "page.ts", "--noEmit", strict=strict)
    assert len(blocks) == 4 and len(expected) == 2
    assert {line: message.split(":")[0] for _, line, message in errors} == expected
