"""What row security costs: ``python benchmarks/row_security.py [PART ...] [--rows N] [--rounds N] [--seconds N]``.

Parts; all of them if none is named:

- policies: each policy of the example, deployed from the project, as the persona's role with the persona's claims,
  against the same statement with the same condition written by hand, by a role that no policy binds;
- naive: the same policies against themselves with each claim read in every row, on a fiftieth of the rows;
- guards: the view and the triggers of ``on_denied: error`` against the table itself.

Statements run in a loop on the server, planned anew each time unless "prepared", without parallel workers.  Cases run
in turn, each round starting with another one; a ratio is the median of the ratios of one round.  Times are those of
the backend's processor, in microseconds a statement.

``--seconds``: how long a measurement takes at least; ``--postgres``: the major, else the newest that is found.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from access_project import CLINIC, Access, Case, clinic, marketplace
from queue_project import Table, ratio, rounds, timed

HEAD = ("", "us", "by hand: us", "/ by hand", "ids known: us", "/ ids known")


@dataclass(frozen=True, slots=True)
class Options:
    """Rows of each table, rounds, seconds that a measurement takes at least, and the server's major."""

    rows: int = 1_000_000
    rounds: int = 5
    seconds: float = 0.1
    postgres: int | None = None


def measured(access: Access, statements: Mapping[str, Case], options: Options) -> dict[str, list[float]]:
    """Microseconds of the processor a statement takes, for each case and round."""
    times = {name: _enough(access, case, options.seconds) for name, case in statements.items()}

    def case(name: str) -> Callable[[], float]:
        return lambda: _seconds(access, statements[name], times[name]) / times[name] * 1e6

    return rounds({name: case(name) for name in statements}, options.rounds)


def _seconds(access: Access, case: Case, times: int) -> float:
    with access.acting(case):
        return timed(access.connection, lambda: access.loop(case, times))[1]


def _enough(access: Access, case: Case, least: float) -> int:
    """How often the statement has to run; it is warm afterwards."""
    times = 1
    while (seconds := _seconds(access, case, times)) < least:
        times = min(times * 10, int(times * least * 1.2 / seconds) + 1)
    return times


def policies(options: Options) -> Iterator[Table]:
    """The example's policies against conditions written by hand."""
    rows = options.rows
    with marketplace(rows, options.postgres) as access:
        for title, cases in access.cases():
            lines = []
            for label, case in cases:
                variants = {"ours": case, "by hand": access.by_hand(case), "known": access.known(case)}
                found = measured(access, variants, options)
                lines.append((label, *_compared(found, "by hand", "known")))
            yield Table(f"{title}, {rows:,} rows, medians of {options.rounds}", HEAD, lines)


def naive(options: Options) -> Iterator[Table]:
    """The same policies with their claims read for each row."""
    head = ("", "us", "naive: us", "naive / ours")
    rows = max(options.rows // 50, 1)
    with marketplace(rows, options.postgres) as access:
        for title, cases in access.cases(writes=False):
            lines = []
            for label, case in cases:
                found = measured(access, {"ours": case, "naive": access.naive(case)}, options)
                us = [statistics.median(found[name]) for name in ("ours", "naive")]
                lines.append((label, *us, ratio(found["naive"], found["ours"])))
            yield Table(f"{title}, {rows:,} rows, medians of {options.rounds}", head, lines)


def guards(options: Options) -> Iterator[Table]:
    """The guard view and the guard triggers."""
    head = ("", "guarded: us", "table: us", "guarded / table")
    with clinic(options.rows, options.postgres) as access:
        lines = []
        for label, guarded, plain in CLINIC:
            found = measured(access, {"guarded": guarded, "table": plain}, options)
            us = [statistics.median(found[name]) for name in ("guarded", "table")]
            lines.append((label, *us, ratio(found["guarded"], found["table"])))
    yield Table(f"`on_denied: error`, {options.rows:,} rows, medians of {options.rounds}", head, lines)


def _compared(found: Mapping[str, Sequence[float]], *bases: str) -> Iterator[float]:
    yield statistics.median(found["ours"])
    for base in bases:
        yield statistics.median(found[base])
        yield ratio(found["ours"], found[base])


PARTS: Mapping[str, Callable[[Options], Iterator[Table]]] = {
    "policies": policies,
    "naive": naive,
    "guards": guards,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of the parts."""
    parser = argparse.ArgumentParser(description="What row security costs.")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--rows", type=int, default=Options().rows)
    parser.add_argument("--rounds", type=int, default=Options().rounds)
    parser.add_argument("--seconds", type=float, default=Options().seconds)
    parser.add_argument("--postgres", type=int)
    given = parser.parse_args(arguments)
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    options = Options(given.rows, given.rounds, given.seconds, given.postgres)
    for part in given.parts or PARTS:
        print(f"\n## {part}", flush=True)
        for table in PARTS[part](options):
            print(table.text(), flush=True)


if __name__ == "__main__":
    main()
