"""What refreshing costs: ``python benchmarks/refresh.py [tick|writers ...] [--views N] [--rounds N] [--seconds N]``.

tick: a call of the scheduler when everything is due and nothing has changed, against one of an empty procedure, and
against the same when one table was written.  writers: what noting writes costs those who write.  Cases run in turn, and
ratios are medians of the ratios of neighbours.

- none: no trigger;
- floor: a statement trigger that does nothing, with our SECURITY DEFINER and SET clauses;
- one row: a statement trigger that marks the one row of its table, so that writers wait for each other;
- ours.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import psycopg

from pgspec.compile import compile_project
from pgspec.scratch import scratch_server
from pgspec.sources import from_texts
from queue_oltp import drainer, pgbench, written
from queue_project import DURABLE, Bench, Table, ratio, rounds, timed

TABLES = 20
VARIANTS = ("none", "floor", "one row", "ours")
_VIEW = """\
kind: materialized_view
name: view_{n}
unique_key: [id]
query: SELECT a.id, a.value FROM t{a} a JOIN t{b} b USING (id) JOIN t{c} c USING (id)
refresh: {{every: 1s}}
---
"""
_RIVALS = """
CREATE SCHEMA rival;
CREATE TABLE rival.changed (source oid PRIMARY KEY, changed_at timestamptz NOT NULL);
INSERT INTO rival.changed SELECT 't0'::regclass, now();
CREATE PROCEDURE rival.nothing() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
CREATE FUNCTION rival.floor() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION rival.one_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ BEGIN UPDATE rival.changed SET changed_at = clock_timestamp() WHERE source = TG_RELID; RETURN NULL; END $$;
CREATE TRIGGER "floor" AFTER INSERT OR UPDATE ON t0 FOR EACH STATEMENT EXECUTE FUNCTION rival.floor();
CREATE TRIGGER "one row" AFTER INSERT OR UPDATE ON t0 FOR EACH STATEMENT EXECUTE FUNCTION rival.one_row();
ALTER TABLE t0 ADD COLUMN pad text;
"""
_CALL = "CALL public.refresh_materialized_views()"
_DUE = "UPDATE pgspec.mv_refresh_state SET last_success = NULL"
_SETTLE = "SELECT pgspec.settle_mv_sources()"
_LOOP = """
DO $$
BEGIN
  FOR i IN 1..{times} LOOP
    {statement};
    COMMIT;
  END LOOP;
END $$
"""
_UPDATE = "UPDATE t0 SET value = value + 1 WHERE id = {id}"
_INSERT = "INSERT INTO t0 (id, value) VALUES ((SELECT nextval('ids')), 0)"


@contextmanager
def refreshed(major: int | None, views: int) -> Iterator[Bench]:
    """A server on a disk, with durable settings, and a project of so many views over twenty tables."""
    specs = "".join(_VIEW.format(n=n, a=n % TABLES, b=(n + 7) % TABLES, c=(n + 3) % TABLES) for n in range(views))
    schema = "".join(f"CREATE TABLE t{n} (id integer PRIMARY KEY, value integer NOT NULL);\n" for n in range(TABLES))
    project = "kind: project\nname: bench\nroles: {service: []}\n"
    texts = {"specs/project.yaml": project, "specs/views.yaml": specs, "specs/schema.sql": schema}
    result = compile_project(from_texts(texts))
    assert result.ok, result.diagnostics
    with scratch_server(major, DURABLE, on_disk=True) as server:
        server.create_database("bench")
        with psycopg.connect(server.dsn("bench"), autocommit=True) as connection:
            made = Bench(server, connection)
            made.run(schema)
            made.run(result.files["generated/draft/migrate.sql"])
            made.run(_RIVALS)
            made.run(_CALL)
            yield made


def tick(bench: Bench, options: argparse.Namespace) -> Iterator[Table]:
    """Calls of the scheduler: milliseconds, and of the processor."""

    def case(statement: str, before: str = "") -> tuple[float, float]:
        bench.run(f"{_DUE}; {before}")
        seconds, used = timed(bench.connection, lambda: bench.run(statement))
        return seconds * 1e3, used * 1e3

    for _ in range(3):
        case(_CALL)
    write = "UPDATE t5 SET value = 0 WHERE false"
    cases: Mapping[str, Callable[[], tuple[float, float]]] = {
        "an empty procedure": lambda: case("CALL rival.nothing()"),
        "nothing has changed": lambda: case(_CALL),
        "a table was written, of which 15 in 100 views are": lambda: case(_CALL, write),
    }
    found = rounds(cases, options.rounds)
    base = [result[0] for result in found["an empty procedure"]]
    idle = [result[0] for result in found["nothing has changed"]]
    rows = []
    for name, results in found.items():
        clock = [result[0] for result in results]
        spent = statistics.median(result[1] for result in results)
        rows.append((name, statistics.median(clock), spent, ratio(clock, base), ratio(clock, idle)))
    head = ("", "ms", "CPU ms", "/ empty", "/ nothing has changed")
    yield Table(f"A call, {options.views} views that are due, medians of {options.rounds}", head, rows)
    rows = []
    for number in (1_000, 10_000, 100_000):
        notes = (
            "INSERT INTO pgspec.mv_source_writes (source, xid)"
            f" SELECT 't0'::regclass, '3'::xid8 FROM generate_series(1, {number})"
        )
        spent = [case(_SETTLE, notes)[0] for _ in range(options.rounds)]
        rows.append((f"{number:,}", statistics.median(spent), statistics.median(spent) * 1e3 / number))
    yield Table("Handing on the notes of one table", ("notes", "ms", "us a note"), rows)


def writers(bench: Bench, options: argparse.Namespace) -> Iterator[Table]:
    """Transactions of one row, and COPY."""
    rows = 100_000
    bench.run("CREATE SEQUENCE ids START 1000000 CACHE 100")
    bench.run("ALTER TABLE t0 DISABLE TRIGGER USER")
    bench.run(f"INSERT INTO t0 SELECT i, 0, repeat('x', 60) FROM generate_series(1, {rows}) AS i")
    bench.run("VACUUM ANALYZE t0")
    update = f"\\set id random(1, {rows})\n{_UPDATE.format(id=':id')};\n"
    for clients in (1, 8):
        for synchronous in ("on", "off"):

            def case(variant: str, clients: int = clients, synchronous: str = synchronous) -> float:
                _turn_on(bench, variant)
                with drainer(bench, _SETTLE if variant == "ours" else None, 1):
                    return pgbench(bench, written(bench, "update.sql", update), clients, options.seconds, synchronous)[
                        0
                    ]

            title = f"UPDATE of one row, {clients} clients, synchronous_commit {synchronous}, transactions per second"
            yield _compared(title, "tps", case, options.rounds)
    times = 1_000 * options.seconds
    for what, statement in (("UPDATE", _UPDATE.format(id=f"1 + (i * 7919) % {rows}")), ("INSERT", _INSERT)):

        def used(variant: str, statement: str = statement) -> float:
            _turn_on(bench, variant)
            with bench.connect(options="-c synchronous_commit=off") as connection:
                connection.execute(_LOOP.format(times=100, statement=statement).encode())
                loop = _LOOP.format(times=times, statement=statement).encode()
                return timed(connection, lambda: connection.execute(loop))[1] / times * 1e6

        yield _compared(f"{what} of one row and COMMIT, one session, CPU of the backend", "us", used, options.rounds)
    path = bench.server.directory / "data" / "t0.copy"
    bench.run(f"COPY (SELECT i + 10000000, 0, repeat('x', 60) FROM generate_series(1, {rows}) AS i) TO '{path}'")

    def copied(variant: str) -> float:
        _turn_on(bench, variant)
        seconds = timed(bench.connection, lambda: bench.run(f"COPY t0 FROM '{path}'"))[1]
        bench.run("DELETE FROM t0 WHERE id > 10000000")
        return seconds * 1e3

    yield _compared(f"COPY of {rows:,} rows, CPU of the backend", "ms", copied, options.rounds)


def _turn_on(bench: Bench, variant: str) -> None:
    bench.run("ALTER TABLE t0 DISABLE TRIGGER USER; TRUNCATE pgspec.mv_source_writes")
    if variant != "none":
        bench.run(f'ALTER TABLE t0 ENABLE TRIGGER "{"pgspec_refresh" if variant == "ours" else variant}"')
    bench.run("VACUUM t0")
    time.sleep(0.05)


def _compared(title: str, unit: str, case: Callable[[str], float], number: int) -> Table:
    found = rounds({variant: lambda variant=variant: case(variant) for variant in VARIANTS}, number)
    rows = [
        (name, statistics.median(speed), ratio(speed, found["none"]), ratio(speed, found["floor"]))
        for name, speed in found.items()
    ]
    return Table(f"{title}, medians of {number}", ("", unit, "/ none", "/ floor"), rows)


PARTS: Mapping[str, Callable[[Bench, argparse.Namespace], Iterator[Table]]] = {"tick": tick, "writers": writers}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables of the parts."""
    parser = argparse.ArgumentParser(description="What refreshing costs.")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--views", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--postgres", type=int)
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    for part in options.parts or PARTS:
        with refreshed(options.postgres, options.views) as made:
            print(f"\n## {part}, PostgreSQL {made.connection.info.parameter_status('server_version')}", flush=True)
            for table in PARTS[part](made, options):
                print(table.text(), flush=True)


if __name__ == "__main__":
    main()
