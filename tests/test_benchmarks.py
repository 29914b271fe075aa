"""The benchmarks measure projects that are as they should be."""

import argparse
import math
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from pgspec.compile import compile_project
from pgspec.sources import from_disk

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))


def test_the_generated_projects_are_clean(tmp_path: Path) -> None:
    import project  # noqa: PLC0415 - beside the benchmark, not a package

    assert len(project.write(tmp_path / "small", 12)) == 12
    result = compile_project(from_disk(tmp_path / "small"))
    assert result.diagnostics == ()
    made = Counter(change.object.key.type for change in result.draft.changes if change.object.origin is not None)
    assert made["materialized_view"] == 12
    assert made["trigger"] > 0
    queries = project.write_example(tmp_path / "example", 14)
    result = compile_project(from_disk(tmp_path / "example"))
    assert result.diagnostics == ()
    assert len(queries) == len(result.program.views if result.program else ()) == 14


PARTS = {
    "bulk": ["UPDATE of 50 rows, a watched column", "UPDATE of 50 rows, another column", "COPY of 50 rows"],
    "oltp": ["1 clients", "4 clients", "8 clients", "One session"],
    "open": ["drained every 1 ms", "drained every 50 ms", "drained every 1000 ms"],
    "drain": ["batches of 100,", "batches of 1000,"],
}


@pytest.mark.parametrize("part", PARTS)
def test_the_queue_is_measured(part: str) -> None:
    import cache_queue  # noqa: PLC0415 - beside the benchmark, not a package
    from queue_project import bench  # noqa: PLC0415

    options = argparse.Namespace(rows=50, rounds=1, seconds=1)
    with bench(None) as made:
        tables = list(cache_queue.PARTS[part](made, options))
    titles = "\n".join(table.title for table in tables)
    assert all(title in titles for title in PARTS[part])
    for table in tables:
        assert {"ours", "ours, drain"} & {row[0] for row in table.rows}
        assert table.text().count("\n") == len(table.rows) + 4
        for row in table.rows:
            assert len(row) == len(table.head)
            speed = row[1]  # seconds, transactions or tags per second, or processor time
            assert isinstance(speed, float) and math.isfinite(speed)


def test_bulk_statements_queue_the_same_tags() -> None:
    from queue_bulk import bulk  # noqa: PLC0415
    from queue_project import bench  # noqa: PLC0415

    with bench(None) as made:
        watched, other, copied = bulk(made, 50, 1)
    queued = [{row[0]: row[-1] for row in table.rows} for table in (watched, other, copied)]
    assert queued[0] == queued[2] == {"none": 0, "floor": 0, "storm": 52, "ours": 52}
    assert queued[1] == {"none": 0, "floor": 0, "storm": 0, "ours": 0}


@pytest.mark.parametrize("part", ["policies", "naive", "guards"])
def test_row_security_is_measured(part: str) -> None:
    import row_security  # noqa: PLC0415
    from access_project import ASKED  # noqa: PLC0415

    tables = list(row_security.PARTS[part](row_security.Options(2000, 1, 0.001)))
    assert [table.title.partition(",")[0] for table in tables] == {"guards": ["`on_denied: error`"]}.get(
        part, [f"`{table}` as `{persona}`" for persona, table, *_ in ASKED]
    )
    for table in tables:
        assert table.rows
        for row in table.rows:
            assert len(row) == len(table.head)
            assert all(isinstance(value, float) and 0 < value < math.inf for value in row[1:])


def test_what_row_security_is_compared_with_finds_the_same() -> None:
    from access_project import CLINIC, Case, clinic, marketplace  # noqa: PLC0415

    def explained(case: Case) -> Case:
        return replace(case, statement=f"EXPLAIN (COSTS OFF, FORMAT JSON) {case.statement}")

    with marketplace(2000, None) as access:
        counted = {}
        for title, cases in access.cases():
            for label, case in cases:
                if case.command == "SELECT":
                    variants = [case, access.by_hand(case), access.known(case), access.naive(case)]
                    found = [access.value(variant) for variant in variants]
                    assert found[0] and found == found[:1] * 4, (title, label, found)
                    plans = [access.value(explained(variant)) for variant in variants[:2]]
                    assert plans[0] == plans[1], (title, label)  # to the letter: row security costs nothing more
                    if label == "count":
                        counted[title] = found[0]
    assert counted == {
        "`profiles` as `customer`": 1,
        "`profiles` as `admin`": 2000,
        "`services` as `anonymous`": 1798,
        "`services` as `vendor`": 1855,
        "`bookings` as `vendor`": 510,  # ten of them as a customer
        "`bookings` as `customer`": 10,
        "`bookings` as `admin`": 2000,
    }
    with clinic(2000, None) as access:
        for label, guarded, plain in CLINIC:
            if guarded.command == "SELECT" and not guarded.fails:
                assert access.value(guarded) == access.value(plain) != 0, label


def test_refreshes_are_measured() -> None:
    import refresh  # noqa: PLC0415 - beside the benchmark, not a package

    with refresh.refreshed(None, 4) as made:
        calls, notes = refresh.tick(made, argparse.Namespace(views=4, rounds=1, seconds=1))
        refreshed = made.value("SELECT count(*) FROM mv_refresh_log")
    assert [row[0] for row in calls.rows][1] == "nothing has changed"
    assert len(notes.rows) == 3
    assert refreshed == 4 + 1  # the first call, and the one after a write; `t5` is read by one view


@pytest.mark.slow
def test_the_price_of_notes_is_measured() -> None:
    import refresh  # noqa: PLC0415

    with refresh.refreshed(None, 4) as made:
        tables = list(refresh.writers(made, argparse.Namespace(views=4, rounds=1, seconds=1)))
    assert len(tables) == 7
    assert all([row[0] for row in table.rows] == list(refresh.VARIANTS) for table in tables)


def test_recording_events_is_measured() -> None:
    import event_log  # noqa: PLC0415

    with event_log.bench(None) as made:
        tables = list(event_log.tables(made, argparse.Namespace(rows=50, rounds=1, seconds=1)))
        assert [len(table.rows) for table in tables] == [len(event_log.CASES)] * 4
        assert all(
            isinstance(value, float) and 0 < value < math.inf
            for table in tables
            for row in table.rows
            for value in row[1:]
        )
        stored = "SELECT count(DISTINCT endpoint) FROM performance_metrics WHERE endpoint"
        for name, routes, other in (("plain", 30, 0), ("floor", 30, 0), ("ours", 30, 0), ("folded", 0, 1)):
            made.run("TRUNCATE performance_metrics")
            statement = event_log.CASES[name].format(n="i", call="PERFORM")
            made.run(f"DO $$ BEGIN FOR i IN 1..90 LOOP {statement}; END LOOP; END $$")
            assert made.value(f"{stored} <> 'other'") == routes, name
            assert made.value(f"{stored} = 'other'") == other, name


def test_the_switches_are_measured() -> None:
    from queue_project import bench  # noqa: PLC0415
    from switches import switches  # noqa: PLC0415

    with bench(None) as made:
        (table,) = switches(made, 50, 1, 1)
    assert next(row[0] for row in table.rows) == "update, 1 tag"
    for row in table.rows:
        assert all(isinstance(value, float) and math.isfinite(value) for value in row[1:])
