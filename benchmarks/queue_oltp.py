"""Transactions that change one row: pgbench, and the processor time of a single session."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from queue_project import QUEUE, VARIANTS, Bench, Table, ratio, rounds, timed

CLIENTS = (1, 4, 8)

_UPDATE = "\\set id random(1, {rows})\nUPDATE accounts SET balance = balance + 1 WHERE id = :id;\n"
_OPEN = """\
\\set order random(0, 1)
\\set id random(1, {rows})
BEGIN;
UPDATE accounts SET balance = balance + 1 WHERE id = :id;
\\if :order
{first}
{second}
\\else
{second}
{first}
\\endif
\\sleep 5 ms
COMMIT;
"""
_LOOP = """
DO $$
BEGIN
  FOR i IN 1..{times} LOOP
    UPDATE {table} SET {change} WHERE id = 1 + (i * 7919) % {rows};
    COMMIT;
  END LOOP;
END $$
"""
_DONE = (
    "UPDATE rival.{queue} SET processed_at = clock_timestamp() WHERE id IN ("
    "SELECT id FROM rival.{queue} WHERE processed_at IS NULL ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED)"
)
_DRAIN: Mapping[str, str] = {
    "storm": _DONE.format(queue="storm"),
    "unique index": _DONE.format(queue="unique_pending"),
    "ours": "SELECT public.drain_cache_invalidation_queue(1000, 1)",
}
_ENQUEUE: Mapping[str, str] = {
    "none": "SELECT '{tag}';",
    "unique index": "SELECT rival.enqueue_unique('{tag}');",
    "ours": "SELECT public.enqueue_cache_invalidation('{tag}');",
}


def oltp(bench: Bench, rows: int, number: int, seconds: int) -> Iterator[Table]:
    """Single-row updates under one hot tag, then what one of them costs the backend."""
    _load(bench, rows)
    script = written(bench, "update.sql", _UPDATE.format(rows=rows))
    for synchronous in ("on", "off"):
        for clients in CLIENTS:

            def case(variant: str, clients: int = clients, synchronous: str = synchronous) -> tuple[float, float]:
                bench.turn_on(variant, "accounts")
                bench.run("VACUUM accounts")
                with drainer(bench, _DRAIN.get(variant), pause=1):
                    return pgbench(bench, script, clients, seconds, synchronous)

            title = f"{clients} clients, synchronous_commit {synchronous}, transactions per second, medians of {number}"
            yield _throughput(title, {v: lambda v=v: case(v) for v in VARIANTS}, number, ("none", "floor"))
    for table, tags in (("accounts", 1), ("vendors", 3)):
        yield _session(bench, table, tags, rows, number, seconds)


def held_open(bench: Bench, rows: int, number: int, seconds: int) -> Iterator[Table]:
    """Transactions that put two tags in the queue in random order, and stay open 5 ms longer."""
    _load(bench, rows)
    bench.turn_on("none", "accounts")
    for pause in (0.001, 0.05, 1):

        def case(variant: str, pause: float = pause) -> tuple[float, float]:
            bench.run(f"TRUNCATE {QUEUE}, rival.unique_pending")
            bench.run("VACUUM accounts")
            calls = [_ENQUEUE[variant].format(tag=tag) for tag in ("one", "two")]
            text = _OPEN.format(rows=rows, first=calls[0], second=calls[1])
            with drainer(bench, _DRAIN.get(variant), pause):
                return pgbench(bench, written(bench, "open.sql", text), 8, seconds, "on")

        what = f"8 clients, open for 5 ms, drained every {pause * 1000:.0f} ms"
        title = f"{what}, transactions per second, medians of {number}"
        yield _throughput(title, {v: lambda v=v: case(v) for v in _ENQUEUE}, number, ("none", "unique index"))


def _load(bench: Bench, rows: int) -> None:
    for table, columns in (("accounts", "id, pad"), ("vendors", "id, pad, name, specialty_id")):
        bench.turn_on("none", table)
        more = ", 'vendor ' || i, i % 200" if table == "vendors" else ""
        bench.run(
            f"INSERT INTO {table} ({columns}) SELECT i, repeat('x', 60){more} FROM generate_series(1, {rows}) AS i"
        )
        bench.run(f"VACUUM ANALYZE {table}")


def written(bench: Bench, name: str, text: str) -> Path:
    """A file beside the server."""
    path = bench.server.directory / name
    path.write_text(text, "utf-8")
    return path


def _throughput(
    title: str, cases: Mapping[str, Callable[[], tuple[float, float]]], number: int, bases: tuple[str, str]
) -> Table:
    found = rounds(cases, number)
    speed = {name: [result[0] for result in results] for name, results in found.items()}
    table = []
    for name, results in found.items():
        ratios = [ratio(speed[name], speed[base]) for base in bases]
        table.append((name, statistics.median(speed[name]), *ratios, int(sum(result[1] for result in results))))
    return Table(title, ("", "tps", *(f"/ {base}" for base in bases), "retries"), table)


def _session(bench: Bench, table: str, tags: int, rows: int, number: int, seconds: int) -> Table:
    """Microseconds of the backend for one update and commit, in a loop on the server."""
    change = "balance = balance + 1" if table == "accounts" else "active = NOT active"
    times = 2_000 * seconds

    def case(variant: str) -> float:
        bench.turn_on(variant, table)
        bench.run(f"VACUUM {table}")
        with bench.connect(options="-c synchronous_commit=off") as connection:
            values = {"table": table, "change": change, "rows": rows}
            connection.execute(_LOOP.format(times=100, **values).encode())
            used = timed(connection, lambda: connection.execute(_LOOP.format(times=times, **values).encode()))[1]
        return used / times * 1e6

    found = rounds({variant: lambda variant=variant: case(variant) for variant in VARIANTS}, number)
    head = ("", "CPU us", "over floor", "/ none", "/ floor")
    floor = statistics.median(found["floor"])
    lines = [
        (
            name,
            (middle := statistics.median(used)),
            middle - floor,
            ratio(used, found["none"]),
            ratio(used, found["floor"]),
        )
        for name, used in found.items()
    ]
    return Table(
        f"One session, {tags} tag{'s' if tags > 1 else ''} an update, CPU of the backend, medians of {number}",
        head,
        lines,
    )


@contextmanager
def drainer(bench: Bench, statement: str | None, pause: float) -> Iterator[None]:
    """Beside the block a statement, if there is one, every ``pause`` seconds."""
    if statement is None:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_drain, args=(bench, statement, pause, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _drain(bench: Bench, statement: str, pause: float, stop: threading.Event) -> None:
    with bench.connect() as connection:
        while not stop.wait(pause):
            try:
                connection.execute(statement.encode())
            except psycopg.errors.DeadlockDetected:
                continue


def pgbench(bench: Bench, script: Path, clients: int, seconds: int, synchronous: str) -> tuple[float, float]:
    """Transactions per second, and how many were tried again after a deadlock."""
    command = [_program(bench), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds)]
    options = f"-c synchronous_commit={synchronous}"
    result = subprocess.run(
        [*command, "--max-tries=100", "-f", script, bench.server.dsn("bench", options=options)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "LD_LIBRARY_PATH": str(bench.server.server.bin.parent / "lib")},
    )
    speed = re.search(r"^tps = ([\d.]+)", result.stdout, re.MULTILINE)
    again = re.search(r"total number of retries: (\d+)", result.stdout)
    assert speed, result.stdout
    return float(speed[1]), float(again[1]) if again else 0.0


def _program(bench: Bench) -> str:
    """Beside the server, else in the system."""
    beside = bench.server.server.bin / "pgbench"
    found = str(beside) if beside.exists() else shutil.which("pgbench")
    assert found, "there is no pgbench: install postgresql-contrib"
    return found
