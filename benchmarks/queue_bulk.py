"""Statements that change many rows: seconds for each variant of trigger."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

from queue_project import QUEUE, SPECIALTIES, VARIANTS, Bench, Table, ratio, rounds, timed

_LOAD = "SELECT i, 'vendor ' || i, i % {specialties}, true, 0, repeat('x', 60) FROM generate_series(1, {rows}) AS i"
HEAD = ("", "s", "CPU s", "/ none", "/ floor", "CPU / none", "CPU / floor", "WAL MB", "queue rows")


def bulk(bench: Bench, rows: int, number: int) -> Iterator[Table]:
    """UPDATE of ``rows`` rows, of a watched column and of another, and COPY of 100,000 at most."""
    bench.turn_on("none", "vendors")
    bench.run(f"TRUNCATE vendors; INSERT INTO vendors {_load(rows)}")
    bench.run("VACUUM ANALYZE vendors")
    for which, change in (("a watched column", "name = name || '.'"), ("another column", "rating = rating + 1")):
        yield _compared(bench, f"UPDATE of {rows:,} rows, {which}", number, _update(bench, change))
    copied = min(rows, 100_000)
    path = bench.server.directory / "data" / "vendors.copy"
    bench.run(f"COPY ({_load(copied)}) TO '{path}'")
    yield _compared(bench, f"COPY of {copied:,} rows", number, _copy(bench, f"COPY vendors FROM '{path}'"))


def _load(rows: int) -> str:
    return _LOAD.format(rows=rows, specialties=SPECIALTIES)


Case = Callable[[str], tuple[float, float, float, float]]


def _compared(bench: Bench, title: str, number: int, case: Case) -> Table:
    found = rounds({variant: lambda variant=variant: case(variant) for variant in VARIANTS}, number)
    wall = {name: [result[0] for result in results] for name, results in found.items()}
    used = {name: [result[1] for result in results] for name, results in found.items()}
    rows = []
    for name in VARIANTS:
        seconds, spent = statistics.median(wall[name]), statistics.median(used[name])
        ratios = [ratio(values[name], values[base]) for values in (wall, used) for base in ("none", "floor")]
        written = statistics.median(result[2] for result in found[name])
        rows.append((name, seconds, spent, *ratios, written, int(found[name][-1][3])))
    return Table(f"{title}, medians of {number}", HEAD, rows)


def _update(bench: Bench, change: str) -> Case:
    def case(variant: str) -> tuple[float, float, float, float]:
        bench.turn_on(variant, "vendors")
        bench.run("UPDATE vendors SET name = name || '.' WHERE id = 1")  # plans are made for one row, as elsewhere
        bench.run(f"TRUNCATE {QUEUE}, rival.storm")
        return _measured(bench, f"UPDATE vendors SET {change}")

    return case


def _copy(bench: Bench, statement: str) -> Case:
    def case(variant: str) -> tuple[float, float, float, float]:
        bench.turn_on("none", "vendors")
        bench.run("TRUNCATE vendors")
        bench.turn_on(variant, "vendors")
        bench.run("INSERT INTO vendors VALUES (0, 'first', 1)")
        bench.run(f"TRUNCATE {QUEUE}, rival.storm")
        return _measured(bench, statement)

    return case


def _measured(bench: Bench, statement: str) -> tuple[float, float, float, float]:
    bench.run("VACUUM vendors")
    bench.run("CHECKPOINT")
    position = bench.value("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
    seconds, used = timed(bench.connection, lambda: bench.run(statement))
    written = bench.value("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn") - position
    queued = bench.value(f"SELECT (SELECT count(*) FROM {QUEUE}) + (SELECT count(*) FROM rival.storm)")
    return seconds, used, written / 1e6, queued
