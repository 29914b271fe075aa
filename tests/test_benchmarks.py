"""The benchmarks measure projects that are as they should be."""

import argparse
import math
import sys
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
    assert len(result.draft.changes) == 12 * 4 + 3
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
            speed = row[1]  # seconds, transactions or tags per second, or processor time, whose steps are coarse
            assert isinstance(speed, float) and math.isfinite(speed)


def test_bulk_statements_queue_the_same_tags() -> None:
    from queue_bulk import bulk  # noqa: PLC0415
    from queue_project import bench  # noqa: PLC0415

    with bench(None) as made:
        watched, other, copied = bulk(made, 50, 1)
    queued = [{row[0]: row[-1] for row in table.rows} for table in (watched, other, copied)]
    assert queued[0] == queued[2] == {"none": 0, "floor": 0, "storm": 52, "ours": 52}
    assert queued[1] == {"none": 0, "floor": 0, "storm": 0, "ours": 0}
