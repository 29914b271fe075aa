"""The benchmarks measure projects that are as they should be."""

import sys
from pathlib import Path

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
