"""How long a build takes: ``python benchmarks/build.py [VIEWS] [RUNS]``.

Whole processes, in turn, so that a drift of the machine meets all alike.  Seconds are those of the processors (user and
system, of the child alone), which say more on a shared machine than the clock; medians, and ratios of medians.  The
yardsticks are the bare start of the interpreter, and pglast's own parse of the same queries.  Two projects: small
queries that are generated, and the example's own views under other names.  A last table splits a build by stage.

squawk and dbt run beside on the small queries where they are installed (``pip install squawk-cli 'dbt-core<1.12'
'dbt-postgres<1.12'``); they do other work, and stand here for the order of magnitude.
"""

from __future__ import annotations

import gc
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pglast import parse_sql

import project

PGSPEC = [sys.executable, "-m", "pgspec"]


def main(views: int, runs: int) -> None:
    """Print a table for each project."""
    with tempfile.TemporaryDirectory() as folder:
        for name, write in {"small": project.write, "example": project.write_example}.items():
            root = Path(folder) / name
            queries = write(root, views)
            cases: dict[str, Callable[[], float]] = {
                "python -c pass": lambda root=root: used([sys.executable, "-c", "pass"], root),
                "pglast parses the queries": lambda queries=queries: parse_all(queries),
                "build, cold": lambda root=root: cold(root),
                "build, one spec edited": lambda root=root: edited(root),
                "build, nothing changed": lambda root=root: used([*PGSPEC, "build"], root),
                "build --check, nothing changed": lambda root=root: used([*PGSPEC, "build", "--check"], root),
                **(peers(root, queries) if name == "small" else {}),
            }
            print_table(f"{views} views, {name} queries, {runs} runs", measured(cases, runs))
            print_stages(root)


def measured(cases: Mapping[str, Callable[[], float]], runs: int) -> dict[str, float]:
    """The median of each case; the first round warms caches and does not count."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for run in range(runs + 1):
        for name, case in cases.items():
            seconds = case()
            if run:
                times[name].append(seconds)
    return {name: statistics.median(found) for name, found in times.items()}


def print_table(title: str, found: Mapping[str, float]) -> None:
    """Milliseconds, milliseconds over the bare start, and the ratio to the parse."""
    start, parsed = list(found.values())[:2]
    print(f"\n{title}, Python {sys.version.split()[0]}\n{'':34}{'cpu ms':>8}{'over start':>12}{'/ parse':>9}")
    for name, middle in found.items():
        print(f"{name:34}{middle * 1000:8.0f}{(middle - start) * 1000:12.0f}{middle / parsed:9.2f}")


def used(command: Sequence[str], root: Path) -> float:
    """Processor seconds of a process that must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def parse_all(queries: Sequence[str]) -> float:
    """Seconds that pglast takes for the queries alone, in this process, as a build runs: without garbage collection."""
    gc.collect()
    gc.disable()
    begin = time.process_time()
    for text in queries:
        parse_sql(text)
    seconds = time.process_time() - begin
    gc.enable()
    return seconds


def cold(root: Path) -> float:
    """A build without anything to start from."""
    shutil.rmtree(root / "generated", ignore_errors=True)
    shutil.rmtree(root / ".pgspec_cache", ignore_errors=True)
    return used([*PGSPEC, "build"], root)


def edited(root: Path) -> float:
    """A build after one spec got another description."""
    spec = sorted((root / "specs" / "views").glob("*.yaml"))[0]
    lines = spec.read_text("utf-8").split("\n")
    lines = [f"description: Edited, {time.time_ns()}." if ln.startswith("description:") else ln for ln in lines]
    spec.write_text("\n".join(lines), "utf-8")
    return used([*PGSPEC, "build"], root)


def print_stages(root: Path) -> None:
    """Where a cold build spends its time, in one process without garbage collection."""
    gc.disable()
    begin = time.process_time()
    from pgspec import compile as pipeline  # noqa: PLC0415 - the import is one of the stages
    from pgspec import program, sources  # noqa: PLC0415

    spent: dict[str, float] = {"import": time.process_time() - begin}

    def watch(module: object, name: str, stage: str) -> None:
        function = getattr(module, name)

        def timed(*arguments: object) -> object:
            start = time.process_time()
            result = function(*arguments)
            spent[stage] = spent.get(stage, 0) + time.process_time() - start
            return result

        setattr(module, name, timed)

    before = {module: dict(vars(module)) for module in (pipeline, program, pipeline.source)}
    watch(pipeline.source, "read", "read YAML")
    watch(pipeline, "load", "validate specs")
    watch(pipeline, "read_schema", "read DDL")
    watch(program, "parse", "parse queries")
    watch(program, "analyse", "analyse queries")
    watch(program, "check_key", "judge keys")
    watch(pipeline, "_rules", "rules")
    watch(pipeline, "desired_state", "desired state")
    watch(pipeline, "plan_changes", "plan")
    watch(pipeline, "_printed", "state, plan and printing together")
    texts = sources.from_disk(root)
    begin = time.process_time()
    pipeline.compile_project(texts)
    spent["all of compile_project"] = time.process_time() - begin
    for module, names in before.items():
        vars(module).update(names)
    gc.enable()
    print("\n".join(f"    {stage:34}{seconds * 1000:8.0f} ms" for stage, seconds in spent.items()))


def peers(root: Path, queries: Sequence[str]) -> dict[str, Callable[[], float]]:
    """Other tools over the same queries, where they are installed."""
    found: dict[str, Callable[[], float]] = {}
    folder = Path(sys.executable).parent
    if (squawk := folder / "squawk").exists():
        script = root / "views.sql"
        script.write_text("".join(f"CREATE MATERIALIZED VIEW v{i} AS\n{q};\n" for i, q in enumerate(queries)), "utf-8")
        found["squawk, lint"] = lambda: used(["sh", "-c", f"{squawk} {script} || true"], root)
    if (dbt := folder / "dbt").exists():
        home = root / "dbt"
        (home / "models").mkdir(parents=True)
        (home / "dbt_project.yml").write_text("name: bench\nversion: '1.0'\nprofile: bench\n", "utf-8")
        (home / "profiles.yml").write_text(
            "bench: {target: x, outputs: {x: {type: postgres, host: localhost, port: 1, user: x, password: x, "
            "dbname: x, schema: x}}}\n",
            "utf-8",
        )
        for i, text in enumerate(queries):
            model = "{{ config(materialized='materialized_view') }}\n" + text
            (home / "models" / f"view_{i:04}.sql").write_text(model, "utf-8")
        parse = [str(dbt), "parse", "--profiles-dir", ".", "--no-partial-parse", "--quiet"]
        found["dbt parse, cold"] = lambda: used(parse, home)
    return found


if __name__ == "__main__":
    main(*(int(argument) for argument in (sys.argv[1:] + ["1000", "5"][len(sys.argv) - 1 :])))
