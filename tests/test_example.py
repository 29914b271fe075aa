"""The example project: the marketplace, its release, and what is committed for it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from live import MAJORS
from pgspec import testing
from pgspec.compile import Result, compile_project
from pgspec.output import compare
from pgspec.sources import from_disk

ROOT = Path(__file__).parents[1]
RELEASES = [
    "20250823191011_performance_optimization_enhanced",
    "20250901083000_cache_invalidation",
    "20250915120000_access_control",
    "20251006080000_operations",
]
# What rolls up the event log has nothing to hold once the release of the log was rolled back.
ROLL_UPS = {
    "performance_analytics_5min",
    "performance_analytics_hourly",
    "api_metrics_5m",
    "api_metrics_hourly_enhanced",
}
VIEWS = {
    "provider_analytics_daily": ("date, provider_id", "idx_provider_analytics_unique"),
    "specialty_analytics_daily": ("date, specialty_id", "idx_specialty_analytics_unique"),
    "geographic_analytics_daily": ("date, city, state, country", "idx_geographic_analytics_unique"),
    "performance_analytics_5min": ("five_minute_bucket, endpoint, method", "idx_performance_5min_unique"),
    "performance_analytics_hourly": ("hour, endpoint, method", "idx_performance_hourly_unique"),
    "api_metrics_5m": ("bucket, endpoint, method", "idx_api_metrics_5m_unique"),
    "api_metrics_hourly_enhanced": ("hour, endpoint, method", "idx_api_metrics_hourly_enhanced_unique"),
}


@pytest.fixture(scope="module")
def example() -> Result:
    return compile_project(from_disk(ROOT))


def test_it_is_clean(example: Result) -> None:
    assert example.diagnostics == ()


def test_what_is_committed_is_what_the_specs_say(example: Result) -> None:
    assert not compare(ROOT, example.files)


def test_its_release_holds_everything(example: Result) -> None:
    assert [release.folder for release in example.releases] == RELEASES
    assert example.before == example.after
    assert example.draft.changes == ()


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_has_its_key_and_its_index(example: Result, name: str) -> None:
    columns, index = VIEWS[name]
    text = example.files["generated/schema.sql"]
    assert f"CREATE MATERIALIZED VIEW public.{name} AS\n" in text
    assert f"CREATE UNIQUE INDEX {index} ON public.{name} ({columns});" in text
    assert example.program is not None
    view = next(view for view in example.program.views if view.name.name == name)
    assert view.verdicts[0][0].name == index and view.verdicts[0][1].proven


def test_the_hourly_view_is_built_from_the_five_minute_one(example: Result) -> None:
    assert example.program is not None
    reads = {view.name.name: {name.name for name in view.reads} for view in example.program.views}
    assert reads["api_metrics_hourly_enhanced"] == {"api_metrics_5m"}
    order = [view.name.name for view in example.program.views]
    assert order.index("api_metrics_5m") < order.index("api_metrics_hourly_enhanced")


@pytest.mark.parametrize("major", MAJORS)
def test_it_passes_its_own_test(example: Result, major: int) -> None:
    steps: list[str] = []
    testing.run(example, from_disk(ROOT), major, None, lambda what, _s, outcome: steps.append(f"{outcome} {what}"))
    assert [step for step in steps if not step.startswith("ok ")] == []
    for name in VIEWS:
        refreshed = [step.rpartition(", ")[2] for step in steps if f"concurrently public.{name}," in step]
        # The fixtures give every view something to hold.
        assert len(refreshed) == 2 and refreshed[0] != "0 rows"
        assert (refreshed[1] == "0 rows") == (name in ROLL_UPS)
    assert [f"ok roll back {release}" for release in reversed(RELEASES)] == [s for s in steps if "roll back" in s]
    assert len([step for step in steps if "enqueue exactly their tags" in step and "not tried" not in step]) == 4


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_a_build_does_not_depend_on_the_hash_seed(example: Result, tmp_path: Path, seed: str) -> None:
    script = (
        "import sys; from pathlib import Path; from pgspec.compile import compile_project as c;"
        "from pgspec.sources import from_disk as d; r = c(d(Path(sys.argv[1])));"
        "sys.stdout.buffer.write(repr(sorted(r.files.items())).encode())"
    )
    command = [sys.executable, "-c", script, str(ROOT)]
    environment = {"PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo", "LC_ALL": "C", "HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.decode() == repr(sorted(example.files.items()))


def test_nothing_in_generated_knows_where_it_was_made() -> None:
    for path in (ROOT / "generated").rglob("*"):
        if path.is_file():
            assert not re.search(r"/home/|/root/|/tmp/|\b20[23]\d-\d\d-\d\dT", path.read_text("utf-8")), path
