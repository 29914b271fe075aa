"""Alerts without a server: what specs mean, what a change of them does to others; and what `pgspec test` notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from alerts_support import HOSTILE, SCHEMA, SPECS, compiled
from live import MAJORS
from pgspec import testing
from pgspec.alerts import build_alerts
from pgspec.breaking import compare
from pgspec.builtin_alerts import BUILTIN
from pgspec.compile import DRAFT, Result, compile_project
from pgspec.explain import explain_object
from pgspec.installed import Part, own_relations, relations_of
from pgspec.kinds.json_schema import json_schema
from pgspec.program import Program
from pgspec.sources import from_disk, from_texts
from pgspec.sql import QName, qname
from pgspec.switches import switch_names
from queue_support import changed

CASES = Path(__file__).parent / "cases"
DEFINER = "STABLE SECURITY DEFINER\nSET search_path = pg_catalog, pg_temp\nSET lock_timeout = '1s'\n"
PROJECT = "kind: project\nname: shop\nroles: {api: [anon], service: [service_role]}\n"
ORDERS = "kind: alert\nname: orders\nquery: SELECT count(*) AS value FROM requests\nabove: 100\nfor: 5 minutes\n"


def program(specs: str = SPECS, schema: str = SCHEMA) -> Program:
    made = compiled(specs, schema).program
    assert made is not None
    return made


def findings(text: str, more: dict[str, str] | None = None, schema: str = SCHEMA) -> list[tuple[str, int, int]]:
    texts = {"specs/project.yaml": PROJECT, "specs/schema.sql": schema, "specs/alert.yaml": text, **(more or {})}
    found = compile_project(from_texts(texts)).diagnostics
    return [(item.code, item.span.line, item.span.column) for item in found]


def test_a_spec_without_a_query_changes_a_built_in_alert() -> None:
    before = next(item for item in BUILTIN if item.name == "refresh_failures")
    after = next(alert for alert in program().alerts if alert.name == "refresh_failures")
    assert (after.threshold, after.severity, after.built_in) == (2, "page", True)
    assert (after.pending, after.summary) == (before.pending, before.summary)
    assert after.origin is not None and after.origin.path == "specs/all.yaml"


def test_built_in_alerts_are_of_what_is_there() -> None:
    everything = {alert.name for alert in program().alerts}
    assert {item.name for item in BUILTIN} <= everything and HOSTILE in everything
    alone = {alert.name for alert in program(ORDERS).alerts}
    assert alone == {"orders", "alerts_not_evaluated"}
    assert program("kind: materialized_view\nname: v\nunique_key: [id]\nquery: SELECT id FROM requests\n").alerts == ()


@pytest.mark.parametrize("case", [p.name for p in sorted(CASES.iterdir()) if not p.name.startswith("findings")])
def test_parts_are_what_is_installed(case: str) -> None:
    """What alerts take for installed is what the state has; so no built-in alert asks for what is not there."""
    result = compile_project(from_disk(CASES / case))
    made = result.program
    assert made is not None
    relations = {key.name for key in result.after if key.type in ("table", "view")}
    parts: tuple[Part, ...] = ("cache", "refresh", "switches", "events")
    for part in parts:
        own = relations_of(part, made.project)
        names = {qname(name) for name in own if name.name != "deployed_objects"}
        assert (names <= relations) == (part in made.parts), part
        assert part in made.parts or not names & relations
    assert ("switches" in made.parts) == bool(switch_names(made))


@pytest.mark.parametrize(
    ("column", "code"),
    [
        ("1::smallint", None), ("1.5::real", None), ("count(*)", None), ("avg(took)", None), ("sum(id)", None),
        ("max(grade)", None), ("max(took) > 1", "ALR001"), ("max(at)", "ALR001"), ("max(endpoint)", "ALR001"),
        ("max(at) - min(at)", "ALR001"), ("max(word)", "ALR001"), ("NULL", "ALR001"), ("'1'", "ALR001"),
        ("extract(epoch FROM max(at) - min(at))", None), ("percentile_cont(0.95) WITHIN GROUP (ORDER BY took)", None),
        ("(SELECT max(id) FROM requests)", None), ("max(nothing)", "SQL003"), ("nothing()", "SQL005"),
    ],
)  # fmt: skip
def test_a_value_is_a_number(column: str, code: str | None) -> None:
    schema = (
        f"CREATE DOMAIN inner_grade AS integer; CREATE DOMAIN grade AS inner_grade; CREATE DOMAIN word AS text;{SCHEMA}"
        "ALTER TABLE requests ADD COLUMN grade grade, ADD COLUMN word word;"
    )
    found = findings(
        f"kind: alert\nname: a\nquery: |\n  SELECT {column} AS value\n  FROM requests\nabove: 1\n", None, schema
    )
    assert [item[0] for item in found] == ([code] if code else [])
    assert all(item[1] == 4 for item in found)


def test_a_query_in_a_file() -> None:
    text = "kind: alert\nname: a\nquery_file: a.sql\nabove: 1\n"
    assert findings(text, {"specs/a.sql": "SELECT count(*) AS value\nFROM requests -- all\n"}) == []
    found = compile_project(
        from_texts(
            {"specs/project.yaml": PROJECT, "specs/schema.sql": SCHEMA, "specs/alert.yaml": text,
             "specs/a.sql": "SELECT count(*) AS value\nFROM request"}
        )
    ).diagnostics  # fmt: skip
    assert [(item.code, item.span.path, item.span.line, item.span.column) for item in found] == [
        ("SQL002", "specs/a.sql", 2, 6)
    ]


def test_what_is_installed_is_known_when_it_is_installed() -> None:
    text = "kind: alert\nname: a\nquery: SELECT count(*) AS value FROM cache_entries\nabove: 1\n"
    assert findings(text) == [("SQL002", 3, 38)]
    cached = "---\nkind: cached_query\nname: q\nquery: SELECT 1 AS a\ntags: [a]\nttl: 1s\nallow: {INV004: no}\n"
    assert "SQL002" not in [code for code, *_ in findings(text + cached)]


def test_names_of_alerts_are_taken() -> None:
    schema = f"{SCHEMA}CREATE TABLE pgspec_alerts (id int);"
    assert findings(ORDERS, None, schema) == [("PRJ011", 1, 7)]


def test_a_table_whose_rows_an_owner_may_not_see_is_checked() -> None:
    """Row security may hide rows from the function that asks: the migration finds out, and refuses."""
    checks = {key.name: item for key, item in compiled().after.items() if key.type == "row_check"}
    readers = [reader[1] for item in checks.values() for reader in item.definition["readers"]]
    assert "pgspec.alert_values()" in readers


def test_explained() -> None:
    text = explain_object("slow", compiled())
    assert text is not None and text.startswith("alert slow  (specs/all.yaml:2)")
    assert "  above 300, for 10 minutes; severity page\n" in text and "  turn the cache off\n" in text
    built_in = explain_object("queue_depth", compiled())
    assert built_in is not None and built_in.startswith("built-in alert queue_depth\n")


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        ("above: 100", "above: 200", ["`orders` fires above 200, not 100"]),
        ("above: 100", "above: 50", []),
        ("above: 100", "below: 50", ["`orders` fires below a threshold, not above"]),
        ("for: 5 minutes", "for: 1h", ["`orders` fires after 1 hour, not after 5 minutes"]),
        ("for: 5 minutes\n", "", []),
        ("for: 5 minutes", "for: 5 minutes\nseverity: info", ["`orders` is of severity info, not ticket"]),
        ("for: 5 minutes", "for: 5 minutes\nseverity: page", []),
        ("FROM requests", "FROM requests WHERE id > 5", ["`orders` watches something else"]),
        ("SELECT count(*) AS value", "SELECT  COUNT(*)  as value", []),
        ("name: orders", "name: requests", ["the alert `orders` is gone: nobody is told any more",
                                            "the alert `requests` is new"]),
    ],
)  # fmt: skip
def test_what_a_change_does_to_others(old: str, new: str, messages: list[str]) -> None:
    found = compare(program(ORDERS), program(changed(ORDERS, {old: new})))
    assert [item.message for item in found] == messages
    assert [item.code for item in found] == ["BRK040", "BRK020"][: len(messages)]


def test_what_is_said_otherwise_of_a_built_in_alert() -> None:
    later = changed(SPECS, {"above: 2\n": "above: 9\n"})
    assert [item.message for item in compare(program(), program(later))] == ["`refresh_failures` fires above 9, not 2"]
    assert compare(program(later), program()) == []


def test_editors_know_alerts() -> None:
    schema = json_schema()
    value = {"kind": "alert", "name": "a", "query": "SELECT 1 AS value", "above": 1.5, "for": "1h", "severity": "page"}
    jsonschema.validate(value, schema)
    for wrong in ({**value, "severity": "urgent"}, {**value, "above": "1"}, {**value, "after": "1h"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_there_is_nothing_without_anything_to_watch() -> None:
    made = program(ORDERS)
    assert build_alerts([], made.catalog, {}, made.project, []) == ([], [], [])


def steps(change: Callable[[str], str]) -> list[str]:
    """The steps of `pgspec test` with a migration that was changed behind the compiler's back."""
    sources = from_disk(CASES / "alert_basic")
    result: Result = compile_project(sources)
    files = {**result.files, f"{DRAFT}/migrate.sql": change(result.files[f"{DRAFT}/migrate.sql"])}
    done: list[str] = []
    testing.run(
        replace(result, files=files), sources, MAJORS[-1], None, lambda what, _, how: done.append(f"{how} {what}")
    )
    return done


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("coalesce(s.breached_since, excluded.breached_since)", "excluded.breached_since", "slow_requests is"),
        ("FROM app.requests WHERE at", "FROM app.request WHERE at", 'cache_hit_rate: relation "app.request" does not'),
        (DEFINER, DEFINER.replace("DEFINER", "INVOKER"),
         "permission denied for"),
    ],
    ids=["forgets", "unknown table", "invoker"],
)  # fmt: skip
def test_the_test_notices(old: str, new: str, says: str) -> None:
    with pytest.raises(testing.StepError) as caught:
        steps(lambda text: changed(text, {old: new}))
    assert says in caught.value.detail


def test_own_names_are_in_their_schemas() -> None:
    project = program().project
    names = {QName("public", "pgspec_alerts"), QName("pgspec", "alert_state")}
    assert relations_of("alerts", project) == names < own_relations(project)


def test_the_docs_name_every_built_in_alert() -> None:
    """With the thresholds that it has."""
    text = (Path(__file__).parents[1] / "docs" / "alerts.md").read_text("utf-8")
    for item in BUILTIN:
        assert f"`{item.name}`" in text
    shown = {"queue_depth": "10,000", "queue_age": "300 s", "label_cardinality": "90 %", "partitions_missing": "than 2"}
    for name, words in shown.items():
        row = next(line for line in text.split("\n") if line.startswith("|") and f"`{name}`" in line)
        assert words in row
        assert float(words.strip("abcdefghijklmnopqrstuvwxyz %").replace(",", "")) == next(
            item.threshold for item in BUILTIN if item.name == name
        )
