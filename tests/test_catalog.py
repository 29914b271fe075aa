"""The DDL reader, one form after the other; `catalog_cases.txt` holds DDL and the catalog that it makes."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from catalog_corpus import CORPUS
from catalog_text import describe
from pgspec.catalog import Catalog, read_schema
from pgspec.catalog.model import Function
from pgspec.catalog.names import made_name
from pgspec.catalog.script import Meta, Piece, split_script
from pgspec.diagnostics import Diagnostic, Severity, Span
from pgspec.pgsql import walk
from pgspec.sql import QName

CASES = (Path(__file__).parent / "catalog_cases.txt").read_text(encoding="utf-8").strip().split("\n\n")


def read(*texts: str, path: tuple[str, ...] = ("public",)) -> tuple[Catalog, list[Diagnostic]]:
    return read_schema([(f"{number}.sql", text) for number, text in enumerate(texts, 1)], path)


def facts(*texts: str) -> list[str]:
    catalog, findings = read(*texts)
    assert findings == []
    return describe(catalog)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[:60])
def test_form(case: str) -> None:
    ddl = "\n".join(line for line in case.split("\n") if not line.startswith("= "))
    catalog, findings = read(ddl)
    said = describe(catalog) + [f"{f.code} {f.span.line}:{f.span.column} {f.message}" for f in findings]
    assert said == [line[2:] for line in case.split("\n") if line.startswith("= ")]


# Script


def test_split_keeps_quotes_comments_and_bodies_whole() -> None:
    statements = [
        "SELECT ';', E'\\';', \";\", $$;$$, $a$ ; $$ ; $a$ -- ;\n /* ; /* ; */ ; */",
        " CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
        " CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)",
        "\nSELECT 5 - 3 / 2, a$b",
    ]
    pieces = list(split_script(";".join(statements)))
    assert [p.text for p in pieces if isinstance(p, Piece)] == statements
    assert [p.start for p in pieces if isinstance(p, Piece)] == [0, 71, 165, 237]


def test_meta_commands_and_copy_data_are_passed_over() -> None:
    dump = (
        "\\restrict abc'def\n\\connect db\nCREATE TABLE t (a text);\n"
        "COPY public.t (a) FROM stdin;\nit's; \"x\nCREATE TABLE no (a int);\n\\.\n\n"
        "SELECT 1 \\gset\nSELECT 'a\n\\b';\n\\unrestrict abc\nCREATE TABLE u (a int\n\\echo hi\n, b int);\n"
    )
    assert facts(dump) == ["table public.t: a text", "table public.u: a integer, b integer"]
    metas = [p.command for p in split_script(dump) if isinstance(p, Meta)]
    assert metas == ["restrict", "connect", "gset", "unrestrict", "echo"]


def test_an_included_file_is_reported() -> None:
    _, findings = read("\n  \\ir other.sql\n")
    assert [(f.code, f.span) for f in findings] == [("PRJ010", Span("1.sql", 2, 3, 2, 4))]


@pytest.mark.parametrize(
    ("text", "line", "column", "tables"),
    [
        ("CREATE TABLE a (x int);\nCREATE TABEL b ();\nCREATE TABLE c (y int);", 2, 8, ["a", "c"]),
        ("CREATE TABLE a (x int;\nCREATE TABLE c (y int);", 1, 22, ["c"]),
        ("CREATE TABLE a (x int)\nCREATE TABLE c (y int);", 2, 1, ["a", "c"]),
        ("SELECT 'é𝄞' x FROM FROM;\nCREATE TABLE c (y int);", 1, 20, ["c"]),
        ("SELECT 'open;\nCREATE TABLE c (y int);", 1, 8, ["c"]),
        ("/* open ;\nCREATE TABLE c (y int);", 1, 1, ["c"]),
        ("SELECT $x$ open;\nCREATE TABLE c (y int);", 1, 8, ["c"]),
        ("CREATE TABLE c (y int);\n\x00;", 2, 1, ["c"]),
    ],
)
def test_syntax_error_is_placed_and_the_rest_is_read(text: str, line: int, column: int, tables: list[str]) -> None:
    catalog, findings = read(text)
    assert [(f.code, f.severity, f.span.line, f.span.column) for f in findings] == [
        ("SQL001", Severity.ERROR, line, column)
    ]
    assert [name.name for name in catalog.relations] == tables


def test_findings_are_in_the_order_of_place_and_help() -> None:
    _, findings = read("DROP TABLE b; DROP TABLE a;", "DROP TABLE c;")
    assert findings == sorted(findings)
    assert [f.span.path for f in findings] == ["1.sql", "1.sql", "2.sql"]
    for finding in findings:
        assert finding.help and finding.message[0].islower() and not finding.message.endswith(".")


# Names


def test_each_file_begins_with_the_search_path_of_the_project() -> None:
    catalog, findings = read_schema(
        [("a", "CREATE SCHEMA s; SET search_path = ''; CREATE TABLE s.x (a int);"), ("b", "CREATE TABLE t (a int);")],
        ("s", "public"),
    )
    assert findings == []
    assert set(catalog.relations) == {QName("s", "x"), QName("s", "t")}
    assert catalog.search_path == ("s", "public")
    assert catalog.relation(None, "t") is catalog.relations[QName("s", "t")]


def test_long_names_are_cut_in_bytes() -> None:
    assert made_name("t" * 40, "c" * 40, "fkey") == "t" * 29 + "_" + "c" * 28 + "_fkey"
    assert made_name("é" * 40, "", "pkey") == "é" * 29 + "_pkey"


def test_a_rename_does_not_reach_the_copy_that_like_made() -> None:
    lines = facts(
        "CREATE TABLE t (a int CHECK (a > 0), b int GENERATED ALWAYS AS (a + 1) STORED);"
        "CREATE UNIQUE INDEX ON t ((a + 2)); CREATE TABLE u (LIKE t INCLUDING ALL); ALTER TABLE t RENAME a TO z;"
    )
    assert "(a + 1)" in lines[1] and "check (a > 0)" in lines[1] and "(a + 2)" in lines[1]


def test_functions_are_values() -> None:
    catalog, _ = read("CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS '';")
    assert catalog.functions == {QName("public", "f"): (Function(QName("public", "f"), ("integer",), "integer"),)}


# Soundness: whatever the text, no facts that the server would not have, and no exception


def test_nothing_raises() -> None:
    chance = random.Random(7)
    texts = list(CORPUS.values()) + CASES
    statements = [p.text for text in texts for p in split_script(text) if isinstance(p, Piece)]
    for _ in range(1500):
        kind = chance.randrange(4)
        if kind == 0:
            text = chance.choice(texts)
            text = text[: chance.randrange(len(text))]
        elif kind == 1:
            text = "; ".join(chance.sample(statements, 12))
        elif kind == 2:
            words = chance.choice(texts).split(" ")
            for _ in range(3):
                words[chance.randrange(len(words))] = chance.choice(words)
            text = " ".join(words)
        else:
            text = chance.choice(texts)
            place = chance.randrange(len(text))
            text = text[:place] + chance.choice("'\"$;()\\/*é\x00-eE") + text[place + chance.randrange(3) :]
        catalog, findings = read(text)
        for relation in catalog.relations.values():
            for key in relation.keys:
                names = [c for c in key.columns if isinstance(c, str)]
                assert (
                    relation.kind == "materialized_view" or not relation.columns or set(names) <= set(relation.columns)
                )
        assert all(f.span.line >= 1 and f.span.column >= 1 for f in findings)


def test_long_expressions_are_read() -> None:
    long = "a" + " + 1" * 2000
    catalog, findings = read(f"CREATE TABLE t (a int CHECK ({long} > 0)); CREATE VIEW v AS SELECT {long} FROM t;")
    assert (len(catalog.relations), findings) == (2, [])


def test_trees_of_views_are_not_shared() -> None:
    catalog, _ = read("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM t;")
    one, two = (catalog.relations[QName("public", name)].query for name in "vw")
    assert not set(map(id, walk(one))) & set(map(id, walk(two)))


def dump_of(tables: int) -> str:
    types = ["integer NOT NULL", "bigint", "text", "character varying(100) NOT NULL", "timestamp with time zone"]
    columns = ",\n".join(f"    c{n} {types[n % len(types)]}" for n in range(15))
    parts = ["\\restrict x\nSELECT pg_catalog.set_config('search_path', '', false);\n"]
    parts += [
        f"CREATE TABLE public.t{n} (\n{columns}\n);\nALTER TABLE public.t{n} OWNER TO app;\n" for n in range(tables)
    ]
    parts += [f"ALTER TABLE ONLY public.t{n}\n    ADD CONSTRAINT t{n}_pkey PRIMARY KEY (c0);\n" for n in range(tables)]
    parts += [f"ALTER TABLE ONLY public.t{n}\n    ADD CONSTRAINT t{n}_k UNIQUE (c3, c4);\n" for n in range(tables)]
    parts += [f"CREATE INDEX t{n}_i ON public.t{n} USING btree (c4);\n" for n in range(tables)]
    for n in range(tables):
        target = f"public.t{n * 7 % tables}(c0)"
        parts.append(f"ALTER TABLE ONLY public.t{n}\n    ADD CONSTRAINT f{n} FOREIGN KEY (c1) REFERENCES {target};\n")
    return "\n".join(parts)


def test_reading_time_grows_with_the_length() -> None:
    def seconds(tables: int) -> float:
        text = dump_of(tables)
        start = time.process_time()
        catalog, findings = read(text)
        assert (len(catalog.relations), findings) == (tables, [])
        return time.process_time() - start

    small = min(seconds(100) for _ in range(3))
    assert seconds(600) < 6 * small * 3
