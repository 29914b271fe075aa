"""What recording an event costs: ``python benchmarks/event_log.py [--rounds N] [--seconds N] [--postgres MAJOR]``.

Against a plain INSERT of the same row into the same partitioned table:

- plain: the statement, with the values that the log would hold;
- floor: a function that only inserts them, SECURITY DEFINER and with a search_path, as every such function is;
- ours: ``record_performance_metrics``, whose labels are known, with a request id;
- folded: the same with an endpoint that its label has no room for, each time another one.

First one session in a loop on the server: processor time of the backend in microseconds a row.  Then pgbench with one
and with eight clients: transactions per second.  Cases run in turn; a ratio is the median of the ratios of one round.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import psycopg

from pgspec.compile import compile_project
from pgspec.scratch import scratch_server
from pgspec.sources import from_texts
from queue_oltp import pgbench
from queue_project import DURABLE, Bench, Table, ratio, rounds, timed

LOG = """\
kind: event_log
name: performance_metrics
labels:
  endpoint: {type: text, max_cardinality: 500, normalize: path}
  method: {type: text, values: [GET, POST, PUT, PATCH, DELETE]}
  status_code: {type: int, max_cardinality: 60}
identifiers: {request_id: text}
measures: {response_time_ms: double precision, cache_hit: boolean, database_queries: int}
retention: 30 days
"""
_PROJECT = {
    "specs/project.yaml": "kind: project\nname: bench\nroles: {service: [postgres]}\n",
    "specs/schema.sql": "",
    "specs/log.yaml": LOG,
}
_FLOOR = """
CREATE FUNCTION floor_metrics(e text, m text, s int, t float8, c boolean, d int, r text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO public.performance_metrics AS p (request_id, request_id_given, endpoint, method, status_code,
    response_time_ms, cache_hit, database_queries) VALUES (r, true, e, m, s, t, c, d) RETURNING p.request_id INTO r;
  RETURN r;
END $$;
"""
_VALUES = "'GET', 200, 12.5, true, 3, 'req-' || {n}"
CASES: Mapping[str, str] = {
    "plain": "INSERT INTO performance_metrics (request_id, request_id_given, endpoint, method, status_code,"
    " response_time_ms, cache_hit, database_queries) VALUES"
    " ('req-' || {n}, true, '/providers/one/route' || {n} % 30, 'GET', 200, 12.5, true, 3)",
    "floor": "{call} floor_metrics('/providers/one/route' || {n} % 30, " + _VALUES + ")",
    "ours": "{call} record_performance_metrics('/providers/' || {n} || '/route' || {n} % 30, " + _VALUES + ")",
    "folded": "{call} record_performance_metrics('/none/such' || {n}, " + _VALUES + ")",
}
"""The statements; ``{n}`` is a number that differs each time."""


@contextmanager
def bench(major: int | None) -> Iterator[Bench]:
    """A server on a disk, with durable settings, and the log with its partitions and 500 endpoints."""
    result = compile_project(from_texts(_PROJECT))
    assert result.ok, result.diagnostics
    with scratch_server(major, DURABLE, on_disk=True) as server:
        server.create_database("bench")
        with psycopg.connect(server.dsn("bench"), autocommit=True) as connection:
            made = Bench(server, connection)
            made.run(result.files["generated/draft/migrate.sql"])
            made.run(_FLOOR)
            made.run("SELECT maintain_performance_metrics()")
            made.run("SELECT record_performance_metrics('/providers/1/route' || n) FROM generate_series(0, 29) AS n")
            made.run("SELECT record_performance_metrics('/more/' || translate(n::text, '0123456789', 'abcdefghij'),"
                     " status_code => 200) FROM generate_series(1000, 1469) AS n")  # fmt: skip
            made.run("TRUNCATE performance_metrics")
            made.run("VACUUM ANALYZE pgspec.performance_metrics_labels")
            yield made


def tables(made: Bench, options: argparse.Namespace) -> Iterator[Table]:
    """What is printed."""
    yield _session(made, options.rows, options.rounds)
    for clients, synchronous in ((1, "on"), (8, "on"), (8, "off")):
        yield _clients(made, clients, synchronous, options.rounds, options.seconds)


def _session(made: Bench, rows: int, number: int) -> Table:
    def case(name: str) -> Callable[[], float]:
        statement = CASES[name].format(n="i", call="PERFORM")
        script = f"DO $$ BEGIN FOR i IN 1..{rows} LOOP {statement}; END LOOP; END $$"

        def run() -> float:
            made.run("TRUNCATE performance_metrics")
            return timed(made.connection, lambda: made.run(script))[1] / rows * 1e6

        return run

    found = rounds({name: case(name) for name in CASES}, number)
    return _table(f"One session, microseconds of the processor a row, {number} rounds of {rows:,} rows", found)


def _clients(made: Bench, clients: int, synchronous: str, number: int, seconds: int) -> Table:
    def case(name: str) -> Callable[[], float]:
        script = made.server.directory / f"{name}.sql"
        script.write_text(
            f"\\set n random(1, 1000000)\n{CASES[name].format(n='(:n)::integer', call='SELECT')};\n", "utf-8"
        )

        def run() -> float:
            made.run("TRUNCATE performance_metrics")
            return pgbench(made, script, clients, seconds, synchronous)[0]

        return run

    found = rounds({name: case(name) for name in CASES}, number)
    what = f"{clients} clients, synchronous_commit {synchronous}, transactions per second"
    return _table(f"{what}, medians of {number} rounds of {seconds} s", found)


def _table(title: str, found: Mapping[str, Sequence[float]]) -> Table:
    lines = [
        (name, sorted(values)[len(values) // 2], *(ratio(values, found[base]) for base in ("plain", "floor")))
        for name, values in found.items()
    ]
    return Table(title, ("", "measured", "/ plain", "/ floor"), lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="What recording an event costs.")
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--postgres", type=int)
    options = parser.parse_args(arguments)
    with bench(options.postgres) as made:
        print(f"\nPostgreSQL {made.connection.info.parameter_status('server_version')}", flush=True)
        for table in tables(made, options):
            print(table.text(), flush=True)


if __name__ == "__main__":
    main()
