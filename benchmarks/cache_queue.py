"""What the invalidation queue costs: ``python benchmarks/cache_queue.py [PART ...] [--rows N] [--rounds N]``.

Parts: bulk (statements that change many rows), oltp (single rows with pgbench), open (transactions that stay open after
the write), drain (tags per second); all of them if none is named.  The server is a scratch server with durable settings
on a disk.  Cases run in turn, and ratios are medians of the ratios of neighbours: on a machine that others share they
say more than seconds do.  CPU is that of the backends.

``--rows``: rows of a bulk statement and depth of the queue; ``--seconds``: length of a run of pgbench; ``--postgres``:
the major, else the newest that is found.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence

from queue_bulk import bulk
from queue_drain import drain
from queue_oltp import held_open, oltp
from queue_project import Bench, Table, bench

SIZES = {"bulk": (100_000, 1_000_000), "drain": (10_000, 1_000_000)}

Part = Callable[[Bench, argparse.Namespace], Iterator[Table]]


def _each_size(part: str, run: Callable[[Bench, int, int], Iterator[Table]]) -> Part:
    def tables(made: Bench, options: argparse.Namespace) -> Iterator[Table]:
        for rows in [options.rows] if options.rows else SIZES[part]:
            yield from run(made, rows, options.rounds)

    return tables


PARTS: Mapping[str, Part] = {
    "bulk": _each_size("bulk", bulk),
    "oltp": lambda made, options: oltp(made, options.rows or 100_000, options.rounds, options.seconds),
    "open": lambda made, options: held_open(made, options.rows or 100_000, options.rounds, options.seconds),
    "drain": _each_size("drain", drain),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of the parts."""
    parser = argparse.ArgumentParser(description="What the invalidation queue costs.")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--rows", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--postgres", type=int)
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    for part in options.parts or PARTS:
        with bench(options.postgres) as made:
            print(f"\n## {part}, PostgreSQL {made.connection.info.parameter_status('server_version')}", flush=True)
            for table in PARTS[part](made, options):
                print(table.text(), flush=True)


if __name__ == "__main__":
    main()
