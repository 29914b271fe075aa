"""What Prometheus, its exporter and Grafana are given: that they take it, and that what it asks is answered."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from alerts_support import HOSTILE, SPECS, compiled, installed
from live import Database
from pgspec.disk import HEAD, MARK
from pgspec.operations.dashboard import WIDTH
from pgspec.operations.yaml_text import dump
from pgspec.scratch import ScratchServer
from queue_support import changed

FOLDER = "generated/monitoring"
FILES = {path.rpartition("/")[2]: text for path, text in compiled().files.items() if path.startswith(FOLDER)}


def promtool(tmp_path: Path, *arguments: str, files: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run promtool on the files.  It must be there: what it would say cannot be known otherwise."""
    program = shutil.which("promtool")
    assert program, "promtool is missing: apt-get install prometheus, or brew install prometheus"
    for name, text in (FILES | (files or {})).items():
        (tmp_path / name).write_text(text, "utf-8")
    command = [program, *arguments]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)


def test_promtool_takes_the_rules(tmp_path: Path) -> None:
    done = promtool(tmp_path, "check", "rules", "prometheus_rules.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert compiled().program is not None
    assert f"{len(compiled().program.alerts) + 2} rules found" in done.stdout


def test_promtool_shows_that_each_rule_fires_and_does_not(tmp_path: Path) -> None:
    done = promtool(tmp_path, "test", "rules", "prometheus_rules_test.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("} > 300'\n        for: \"10m\"", "} > 500'\n        for: \"10m\"", "slow"),
        ("} > 300'\n        for: \"10m\"", "} >= 300'\n        for: \"10m\"", "slow"),
        ('for: "10m"', 'for: "12m"', "slow"),
        ('for: "10m"', 'for: "5m"', "slow"),
        ("severity: page", "severity: info", "slow"),
        ('{{ \\"{{\\" }} $labels', "{{ $labels", "Odd"),
        ("turn the cache off", "turn", "slow"),
        ("absent(pgspec_alert_value", "absent(pgspec_alert_valu", "PgspecMetricsMissing"),
        ("pgspec_alert_problem{", "pgspec_alert_problems{", "PgspecAlertProblem"),
    ],
)  # fmt: skip
def test_promtool_notices_a_broken_rule(tmp_path: Path, old: str, new: str, says: str) -> None:
    rules = changed(FILES["prometheus_rules.yaml"], {old: new})
    done = promtool(tmp_path, "test", "rules", "prometheus_rules_test.yaml", files={"prometheus_rules.yaml": rules})
    assert done.returncode != 0 and says in done.stdout + done.stderr


def test_texts_are_what_the_specs_say() -> None:
    """Read by another reader of YAML, with the templates called as Prometheus does."""
    rules = yaml.safe_load(FILES["prometheus_rules.yaml"])["groups"][0]["rules"]
    odd = next(rule for rule in rules if rule["alert"] == HOSTILE)
    said = {key: re.sub(r'\{\{ "\{\{" \}\}', "{{", text) for key, text in odd["annotations"].items()}
    assert said["summary"] == '{{ .Value }} of 100% "sure"\n# not a comment: $value'
    assert said["runbook"] == "{{ end }} \\ $1"
    assert json.loads(re.search(r'name=("(?:[^"\\]|\\.)*")', odd["expr"])[1]) == HOSTILE  # type: ignore[index]
    assert next(rule for rule in rules if rule["alert"] == "refresh_failures")["expr"].endswith("> 2")
    assert {rule["labels"]["severity"] for rule in rules} == {"page", "ticket"}


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "yes", "No", "null", "1", "1.5", "1e3", "0x1", "2001-01-01", "a: b", "a #b", "- a", "&a", "*a", "!a",
        "a\n", "a\nb\n", " a\nb\n", "a \nb\n", "a\tb\n", "\n", "a\r\n", "'", '"', "\\", "it's \\n \"x\"", "é", "\x85",
        "\u2028a", "\ufeff", "\x7f", "😀 \\", "{{ a }}", "%a", "@a", "`a", "=", "<<", "a:", ":", "~", "true", "|", ">",
    ],
)  # fmt: skip
def test_yaml_is_read_as_it_was_meant(value: str) -> None:
    for whole in ({"k": value}, [value], {value: [{"k": value}, value]}, [{"a": value, "b": [value, value]}]):
        assert yaml.safe_load(dump(whole)) == whole  # type: ignore[arg-type]


def test_other_values_are_read_as_they_were_meant() -> None:
    value = {"a": None, "b": True, "c": -1, "d": 0.5, "e": [], "f": {}, "g": [{"h": [{"i": 1}]}, {}]}
    assert yaml.safe_load(dump(value)) == value  # type: ignore[arg-type]


def test_each_file_says_whose_it_is() -> None:
    assert set(FILES) == {
        "prometheus_rules.yaml", "prometheus_rules_test.yaml", "exporter_queries.yaml", "grafana_dashboard.json",
    }  # fmt: skip
    assert all(MARK in text.encode()[:HEAD] for text in FILES.values())
    assert not [path for path in compiled("kind: cached_query\nname: q\nquery: SELECT 1 AS a\ntags: [a]\nttl: 1s\n"
        "allow: {INV004: x}\n").files if path.startswith(FOLDER) and "mv_refresh" in path]  # fmt: skip


# What follows needs a server with something in it.


@pytest.fixture(scope="module", name="filled")
def _filled(server: ScratchServer) -> Iterator[Database]:
    with installed(server) as database:
        with database.connect() as connection:
            fill(connection)
        yield database


def fill(connection: psycopg.Connection) -> None:
    """Some of everything."""
    connection.execute("INSERT INTO requests SELECT n, '/' || n % 2, n, now() FROM generate_series(1, 20) AS n")
    connection.execute("CALL refresh_materialized_views()")
    connection.execute("DROP MATERIALIZED VIEW by_endpoint")
    connection.execute("SELECT refresh_materialized_view('public.by_endpoint')")
    connection.execute("SELECT maintain_metrics()")
    for number in range(20):
        connection.execute(
            "SELECT record_metrics(endpoint => %s, took_ms => %s, cache_hit => %s, database_queries => 2, "
            '"is ""odd""" => true)',
            (f"/{number % 2}", number, number % 4 == 0),
        )
    connection.execute("SELECT enqueue_cache_invalidation('dead:1')")
    connection.execute("UPDATE cache_invalidation_queue SET dead_at = now(), last_error = 'x' WHERE tag = 'dead:1'")
    connection.execute("SELECT drain_cache_invalidation_queue()")
    put = "SELECT cache_put('k', '1', ARRAY['a'], cache_tag_versions(ARRAY['a']), '1 hour')"
    assert connection.execute(put).fetchone() == (True,)


DASHBOARD = json.loads(FILES["grafana_dashboard.json"])
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = [(panel, target) for panel in PANELS for target in panel["targets"]]


def expanded(query: str) -> str:
    """The query as Grafana's data source sends it, for the last six hours (pkg/tsdb/grafana-postgresql-datasource)."""
    frame = "(now() - interval '6 hours')::text::timestamptz"
    query = query.replace("$__interval", "30s")
    query = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 BETWEEN {frame} AND (now() + interval '1 minute')", query)
    group = r"floor(extract(epoch from \1)/30)*30"
    query = re.sub(r"\$__timeGroupAlias\((\w+), ?'?30s'?\)", rf'{group} AS "time"', query)
    assert "$__" not in query
    return query


@pytest.mark.parametrize(
    ("panel", "target"), TARGETS, ids=[f"{panel['title']}-{target['refId']}" for panel, target in TARGETS]
)
def test_a_panel_shows_something(filled: Database, panel: dict[str, Any], target: dict[str, Any]) -> None:
    """As a service role, which is what the data source logs in as."""
    with filled.connect("service_role") as connection:
        cursor = connection.execute(expanded(target["rawSql"]))
        rows, columns = cursor.fetchall(), [column.name for column in cursor.description or ()]
    assert rows
    if target["format"] == "time_series":
        assert columns[0] == "time" and set(columns[1:-1]) <= {"metric", "p50", "p95"}
        assert rows == sorted(rows, key=lambda row: row[0])
        assert all(row[-1] is None or isinstance(row[-1], int | float) for row in rows)
    if columns == ["metric", "value"]:
        assert all(isinstance(row[0], str) for row in rows)


def test_the_panels_show_what_was_put_in(filled: Database) -> None:
    queries = {panel["title"]: panel["targets"][0]["rawSql"] for panel in PANELS}

    def rows(title: str) -> list[tuple[Any, ...]]:
        with filled.connect("service_role") as connection:
            return connection.execute(expanded(queries[title])).fetchall()

    assert {row[-1] for row in rows("Share of cache_hit in metrics")} <= {0.25}
    assert sum(row[-1] for row in rows("Invalidations by the first word of the tag") if row[1] == "requests") == 2
    assert [row[0] for row in rows("Dead letters")] == ["dead:1"]
    assert rows("Entries") == [(1, 0)]
    assert {row[1] for row in rows("p95 of took_ms in metrics by endpoint, the ten busiest")} == {"/0", "/1"}
    p50, p95, _ = rows("p50, p95, p99 of took_ms in metrics")[-1][1:]
    assert (p50, p95) == (9.5, pytest.approx(18.05))
    assert [row[1] for row in rows("Failures")] == ["public.by_endpoint"]
    assert len(rows("Alerts")) == len(rows("Values")) > 10 and rows("Alerts")[0][4] is True


def test_the_dashboard_is_one_that_can_be_imported() -> None:
    """Its structure is that of Grafana's dashboard model; panels do not overlap and fill whole rows from the left."""
    source = {"type": "postgres", "uid": "${DS_POSTGRES}"}
    assert [given["name"] for given in DASHBOARD["__inputs"]] == ["DS_POSTGRES"]
    assert DASHBOARD["__inputs"][0]["type"] == "datasource" and DASHBOARD["__inputs"][0]["pluginId"] == "postgres"
    assert DASHBOARD["id"] is None and 0 < len(DASHBOARD["uid"]) <= 40 and DASHBOARD["schemaVersion"] >= 36
    assert DASHBOARD["title"] == 'pgspec {{ shop }}\' "s"'
    titles = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert titles == ["Alerts", "Refresh", "Queue", "Cache", "Latency: metrics"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert cells and not cells & taken and place["x"] + place["w"] <= WIDTH
        taken |= cells
    for panel in PANELS:
        assert panel["datasource"] == source and panel["type"] in {"table", "stat", "timeseries", "bargauge"}
        assert [target["refId"] for target in panel["targets"]] == ["A", "B", "C"][: len(panel["targets"])]
        for target in panel["targets"]:
            assert target["rawQuery"] is True and target["datasource"] == source and target["rawSql"].strip()
            assert target["format"] == ("time_series" if panel["type"] == "timeseries" else "table")
    kinds = {item["id"] for item in DASHBOARD["__requires"] if item["type"] == "panel"}
    assert kinds == {panel["type"] for panel in PANELS}


def test_names_that_grafana_would_read_have_no_panels() -> None:
    odd = "kind: event_log\nname: events\nlabels: {'a$__interval': {max_cardinality: 3}}\nmeasures: {ms: int}\n"
    text = compiled(SPECS + "---\n" + odd + "retention: 1 day\n").files[f"{FOLDER}/grafana_dashboard.json"]
    assert "a$__interval" not in text and "Latency: events" not in text


def test_the_exporter_s_queries_are_answered(filled: Database) -> None:
    """Each column of a query is a metric or a label that is declared, and the labels tell the rows apart."""
    queries = yaml.safe_load(FILES["exporter_queries.yaml"])
    assert set(queries) == {
        "pgspec_alert", "pgspec_queue", "pgspec_cache", "pgspec_refresh", "pgspec_event_log", "pgspec_event_label",
    }  # fmt: skip
    for name, entry in queries.items():
        usages = {column: about["usage"] for metric in entry["metrics"] for column, about in metric.items()}
        with filled.connect("service_role") as connection:
            cursor = connection.execute(entry["query"])
            rows, columns = cursor.fetchall(), [column.name for column in cursor.description or ()]
        assert rows and columns == list(usages), name
        labels = [tuple(row[i] for i, column in enumerate(columns) if usages[column] == "LABEL") for row in rows]
        assert len(set(labels)) == len(rows) and all(isinstance(v, str) for label in labels for v in label), name
        gauges = [row[i] for row in rows for i, column in enumerate(columns) if usages[column] == "GAUGE"]
        assert all(value is None or isinstance(value, int | float) for value in gauges), name


def test_a_project_without_alerts_has_none_of_it() -> None:
    view = "kind: materialized_view\nname: v\nunique_key: [id]\nquery: SELECT id FROM requests\n"
    assert [path for path in compiled(view).files if path.startswith(FOLDER)] == []


def test_a_row_without_a_label_is_noticed(filled: Database) -> None:
    """The check above can fail: labels that are the same in two rows."""
    text = changed(FILES["exporter_queries.yaml"], {"AS project, name, value": "AS project, 'x' AS name, value"})
    query = yaml.safe_load(text)["pgspec_alert"]["query"]
    with filled.connect() as connection:
        rows = connection.execute(query).fetchall()
    assert len({row[:2] for row in rows}) < len(rows)


def test_the_printers_do_not_depend_on_order() -> None:
    documents = SPECS.split("---\n")
    moved = compiled("---\n".join(reversed(documents)))
    assert {name: moved.files[f"{FOLDER}/{name}"] for name in FILES} == FILES
    assert replace(moved, files={}) is not moved
