"""How long a build takes: ``python benchmarks/build.py [VIEWS] [RUNS]``.

Whole processes, in turn, so that a drift of the machine meets all alike; medians, and ratios of medians.  The
yardsticks are the bare start of the interpreter, and pglast's own parse of the same queries.  squawk and dbt run beside
on the same views where they are installed (``pip install squawk-cli 'dbt-core<1.12' dbt-postgres``); they do other
work, and stand here for the order of magnitude.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import project
from pgspec.pgsql import parse

PGSPEC = [sys.executable, "-m", "pgspec"]


def main(views: int, runs: int) -> None:
    """Print one line for each figure."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "bench"
        project.write(root, views)
        cases: dict[str, Callable[[], float]] = {
            "python -c pass": lambda: timed([sys.executable, "-c", "pass"], root),
            "pglast parses the queries": lambda: parse_all(views),
            "build, cold": lambda: cold(root),
            "build, one spec edited": lambda: edited(root),
            "build, nothing changed": lambda: timed([*PGSPEC, "build"], root),
            "build --check, nothing changed": lambda: timed([*PGSPEC, "build", "--check"], root),
            **peers(root, views),
        }
        times: dict[str, list[float]] = {name: [] for name in cases}
        for run in range(runs + 1):
            for name, case in cases.items():
                seconds = case()
                if run:  # the first round warms caches
                    times[name].append(seconds)
    start, parsed = (statistics.median(times[name]) for name in list(cases)[:2])
    print(f"{views} views, median of {runs} runs, Python {sys.version.split()[0]}")
    print(f"{'':34}{'ms':>8}{'over start':>12}{'/ parse':>9}")
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"{name:34}{middle * 1000:8.0f}{(middle - start) * 1000:9.0f} ms{middle / parsed:9.2f}")


def timed(command: list[str], root: Path) -> float:
    """Wall seconds of a process that must succeed."""
    begin = time.perf_counter()
    subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def parse_all(views: int) -> float:
    """Seconds that pglast takes for the queries alone, in this process."""
    queries = [project.query(i)[1] for i in range(views)]
    begin = time.perf_counter()
    for text in queries:
        parse(text)
    return time.perf_counter() - begin


def cold(root: Path) -> float:
    """A build without anything to start from."""
    shutil.rmtree(root / "generated", ignore_errors=True)
    shutil.rmtree(root / ".pgspec_cache", ignore_errors=True)
    return timed([*PGSPEC, "build"], root)


def edited(root: Path) -> float:
    """A build after one spec got another description."""
    spec = root / "specs" / "views" / "view_0000.yaml"
    spec.write_text(spec.read_text("utf-8").replace("number 0", f"number 0, {time.time_ns()}"), "utf-8")
    return timed([*PGSPEC, "build"], root)


def peers(root: Path, views: int) -> dict[str, Callable[[], float]]:
    """Other tools over the same queries, where they are installed."""
    found: dict[str, Callable[[], float]] = {}
    folder = Path(sys.executable).parent
    if (squawk := folder / "squawk").exists():
        script = root / "views.sql"
        script.write_text(
            "".join(f"CREATE MATERIALIZED VIEW view_{i} AS\n{project.query(i)[1]};\n" for i in range(views)), "utf-8"
        )
        found["squawk, lint"] = lambda: timed(["sh", "-c", f"{squawk} {script} || true"], root)
    if (dbt := folder / "dbt").exists():
        home = root / "dbt"
        (home / "models").mkdir(parents=True)
        (home / "dbt_project.yml").write_text("name: bench\nversion: '1'\nprofile: bench\n", "utf-8")
        (home / "profiles.yml").write_text(
            "bench: {target: x, outputs: {x: {type: postgres, host: localhost, port: 1, user: x, password: x, "
            "dbname: x, schema: x}}}\n",
            "utf-8",
        )
        for i in range(views):
            text = "{{ config(materialized='materialized_view') }}\n" + project.query(i)[1]
            (home / "models" / f"view_{i:04}.sql").write_text(text, "utf-8")
        parse = [str(dbt), "parse", "--profiles-dir", ".", "--no-partial-parse", "--quiet"]
        found["dbt parse, cold"] = lambda: timed(parse, home)
    return found


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main(*(int(argument) for argument in (sys.argv[1:] + ["1000", "5"][len(sys.argv) - 1 :])))
