"""The benchmarks measure projects that are as they should be."""

import sys
from pathlib import Path

from pgspec.compile import compile_project
from pgspec.sources import from_disk

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))


def test_the_generated_project_is_clean(tmp_path: Path) -> None:
    import project  # noqa: PLC0415 - beside the benchmark, not a package

    project.write(tmp_path, 12)
    result = compile_project(from_disk(tmp_path))
    assert result.diagnostics == ()
    assert len(result.draft.changes) == 12 * 4 + 3
