"""What it costs writers and readers to ask whether a switch is thrown.

    python benchmarks/switches.py [--rows N] [--rounds N] [--seconds N] [--postgres MAJOR]

The same functions are run as they are printed, and without the question; both are timed in one run, in turn.
"""

from __future__ import annotations

import argparse
import re
import statistics
from collections.abc import Iterator, Mapping

from queue_project import Bench, Table, bench, ratio, rounds, timed

_WRITE = "UPDATE {table} SET {change} WHERE id = 1 + (i * 7919) % {rows}"
_LOOP = """
DO $$
BEGIN
  FOR i IN 1..{times} LOOP
    {statement};
    COMMIT;
  END LOOP;
END $$
"""
_CASES: Mapping[str, str] = {
    "update, 1 tag": _WRITE.replace("{table}", "accounts").replace("{change}", "balance = balance + 1"),
    "update, 3 tags": _WRITE.replace("{table}", "vendors").replace("{change}", "active = NOT active"),
    "enqueue a tag that is there": "PERFORM public.enqueue_cache_invalidation('there', 60)",
    "enqueue a new tag": "PERFORM public.enqueue_cache_invalidation('t' || i, 60)",
    "cache_get, found": "PERFORM public.cache_get('k')",
    "cache_get, not found": "PERFORM public.cache_get('none')",
    "cache_put": "PERFORM public.cache_put('k', '1', ARRAY['a'], ARRAY[0])",
}


def variants(made: Bench) -> dict[str, str]:
    """The scripts that put the functions in place, by what they do about switches."""
    query = "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = '{}'"
    ours = {n: _text(made, query.format(n)) for n in ("enqueue_tags", "cache_get", "cache_put")}
    without = dict(ours)
    without["enqueue_tags"] = _cut(ours["enqueue_tags"], r"  -- The same with the switch.*?END IF;\n")
    without["cache_get"] = _cut(ours["cache_get"], r" AND NOT EXISTS \([^)]*'cache'\)")
    without["cache_put"] = _cut(ours["cache_put"], r" OR EXISTS \([^)]*'cache'\)")
    return {"without": ";\n".join(without.values()), "ours": ";\n".join(ours.values())}


def _text(made: Bench, query: str) -> str:
    row = made.connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])


def _cut(text: str, pattern: str) -> str:
    cut, number = re.subn(pattern, "", text, count=1, flags=re.DOTALL)
    assert number == 1, f"{pattern} is not in\n{text}"
    return cut


def switches(made: Bench, rows: int, number: int, seconds: int) -> Iterator[Table]:
    """A statement and its commit, in a loop on the server: CPU of the backend."""
    for table, columns, more in (("accounts", "id, pad", ""), ("vendors", "id, pad, name", ", 'vendor ' || i")):
        made.turn_on("ours", table)
        made.run(
            f"INSERT INTO {table} ({columns}) SELECT i, repeat('x', 60){more} FROM generate_series(1, {rows}) AS i"
        )
        made.run(f"VACUUM ANALYZE {table}")
    scripts = variants(made)
    lines = []
    for name, statement in _CASES.items():

        def case(variant: str, statement: str = statement) -> float:
            return _cost(made, scripts[variant], statement.replace("{rows}", str(rows)), 2_000 * seconds)

        found = rounds({variant: lambda variant=variant: case(variant) for variant in scripts}, number)
        cost = {variant: statistics.median(found[variant]) for variant in scripts}
        lines.append((name, *cost.values(), *(ratio(found[v], found["without"]) for v in scripts if v != "without")))
    head = ("", *(f"{v}: us" for v in scripts), *(f"{v} / without" for v in scripts if v != "without"))
    yield Table(f"CPU of the backend for one statement and its commit, medians of {number}", head, lines)


def _cost(made: Bench, script: str, statement: str, times: int) -> float:
    made.run(script)
    made.run("TRUNCATE cache_invalidation_queue, cache_entries, pgspec.cache_tags")
    made.run("SELECT enqueue_cache_invalidation('there', 60), cache_put('k', '1', ARRAY['a'], ARRAY[0])")
    made.run("VACUUM accounts, vendors")
    with made.connect(options="-c synchronous_commit=off") as connection:
        connection.execute(_LOOP.format(times=100, statement=statement).encode())
        loop = _LOOP.format(times=times, statement=statement).encode()
        return timed(connection, lambda: connection.execute(loop))[1] / times * 1e6


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--postgres", type=int, default=None)
    options = parser.parse_args()
    with bench(options.postgres) as made:
        for table in switches(made, options.rows, options.rounds, options.seconds):
            print(table.text(), flush=True)


if __name__ == "__main__":
    main()
