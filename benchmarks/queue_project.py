"""What the benchmarks of the invalidation queue compare: ours, as pgspec compiles it, and the others.

``vendors`` has two static tags and a template with 200 values, and four triggers for each event, one of which is on:

- none: no trigger;
- floor: a statement trigger with transition tables that does nothing, with our SECURITY DEFINER and SET clauses;
- storm: a trigger for each row, which looks for a pending row of each tag and adds one if there is none;
- ours.

``accounts`` has one static tag, and the same four.  ``rival`` holds the other queues.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psycopg

from pgspec.compile import compile_project
from pgspec.scratch import ScratchServer, scratch_server
from pgspec.sources import from_texts

DURABLE: Mapping[str, str] = {
    "fsync": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "min_wal_size": "1GB",
    "wal_level": "replica",
    "checkpoint_timeout": "1h",
}
"""Settings as a server has them that keeps data; what else a scratch server sets stays."""

SPECIALTIES = 200
VARIANTS = ("none", "floor", "storm", "ours")
QUEUE = "public.cache_invalidation_queue"

_PROJECT = {
    "specs/project.yaml": "kind: project\nname: bench\nroles: {service: [postgres]}\n",
    "specs/cache/vendors.yaml": """\
kind: invalidation
name: vendors
table: vendors
on: {insert: true, update: [name, specialty_id, active]}
tags: [search:vendors, search:provider, "search:specialty:{specialty_id}"]
""",
    "specs/cache/accounts.yaml": """\
kind: invalidation
name: accounts
table: accounts
on: {insert: true, update: [balance]}
tags: [accounts]
""",
    "specs/schema.sql": """\
CREATE TABLE vendors (
    id integer PRIMARY KEY,
    name text NOT NULL,
    specialty_id integer,
    active boolean NOT NULL DEFAULT true,
    rating integer NOT NULL DEFAULT 0,
    pad text
) WITH (fillfactor = 50);
CREATE TABLE accounts (
    id integer PRIMARY KEY,
    balance integer NOT NULL DEFAULT 0,
    pad text
) WITH (fillfactor = 50);
""",
}

_RIVALS = """
CREATE SCHEMA rival;
CREATE TABLE rival.storm (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tag text NOT NULL,
  enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  processed_at timestamptz);
CREATE INDEX storm_tag ON rival.storm (tag, enqueued_at) WHERE processed_at IS NULL;
CREATE INDEX storm_pending ON rival.storm (id) WHERE processed_at IS NULL;
CREATE FUNCTION rival.storm(wanted text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM rival.storm AS s
    WHERE s.tag = wanted AND s.processed_at IS NULL AND s.enqueued_at > now() - interval '1 minute') THEN
    INSERT INTO rival.storm (tag) VALUES (wanted);
  END IF;
END $$;
CREATE FUNCTION rival.storm_vendors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT'
    OR (old.name, old.specialty_id, old.active) IS DISTINCT FROM (new.name, new.specialty_id, new.active) THEN
    PERFORM rival.storm('search:vendors');
    PERFORM rival.storm('search:provider');
    PERFORM rival.storm('search:specialty:' || new.specialty_id);
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION rival.storm_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rival.storm('accounts');
  RETURN NULL;
END $$;
CREATE FUNCTION rival.nothing() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER {settings} AS $$
BEGIN
  RETURN NULL;
END $$;
CREATE TABLE rival.unique_pending (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tag text NOT NULL,
  processed_at timestamptz);
CREATE UNIQUE INDEX unique_pending_tag ON rival.unique_pending (tag) WHERE processed_at IS NULL;
CREATE FUNCTION rival.enqueue_unique(tag text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO rival.unique_pending (tag) VALUES (tag) ON CONFLICT (tag) WHERE processed_at IS NULL DO NOTHING;
$$;
CREATE TABLE rival.messages (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  visible_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  reads integer NOT NULL DEFAULT 0,
  tag text NOT NULL);
CREATE INDEX messages_visible_at ON rival.messages (visible_at);
"""
_TRIGGERS = """
CREATE TRIGGER floor_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION rival.nothing();
CREATE TRIGGER floor_update AFTER UPDATE ON {table} REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION rival.nothing();
CREATE TRIGGER storm AFTER INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION rival.storm_{table}();
"""
_SETTINGS = """
SELECT string_agg('SET ' || replace(setting, '=', ' = '), ' ')
FROM pg_proc, unnest(proconfig) AS setting WHERE proname = 'cache_update_public_vendors'
"""
_ON: Mapping[str, Sequence[str]] = {
    "none": (),
    "floor": ("floor_insert", "floor_update"),
    "storm": ("storm",),
    "ours": ("pgspec_cache_insert", "pgspec_cache_update"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """What is printed: a row for each case; numbers are printed with two digits, or none from 100 on."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str | float]]

    def text(self) -> str:
        """As Markdown."""
        lines = [f"| {' | '.join(self.head)} |", f"|{'---|' * len(self.head)}"]
        lines += [f"| {' | '.join(map(_cell, row))} |" for row in self.rows]
        return "\n".join([f"\n{self.title}\n", *lines])


@dataclass(frozen=True, slots=True)
class Bench:
    """A database with the project and the rivals, and a connection to it in autocommit."""

    server: ScratchServer
    connection: psycopg.Connection

    def run(self, script: str) -> None:
        """Run statements."""
        self.connection.execute(script.encode())

    def value(self, query: str) -> float:
        """The number that a query finds."""
        row = self.connection.execute(query.encode()).fetchone()
        assert row is not None
        return float(row[0])

    def connect(self, **parameters: str) -> psycopg.Connection:
        """Another connection, in autocommit."""
        return psycopg.connect(self.server.dsn("bench", **parameters), autocommit=True)

    def turn_on(self, variant: str, table: str) -> None:
        """Let the triggers of one variant fire, on an empty queue."""
        self.run(f"TRUNCATE {QUEUE}, rival.storm; ALTER TABLE {table} DISABLE TRIGGER USER;")
        for trigger in _ON[variant]:
            self.run(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


@contextmanager
def bench(major: int | None) -> Iterator[Bench]:
    """A server on a disk, with durable settings, and the project deployed."""
    result = compile_project(from_texts(_PROJECT))
    assert result.ok, result.diagnostics
    with scratch_server(major, DURABLE, on_disk=True) as server:
        server.create_database("bench")
        with psycopg.connect(server.dsn("bench"), autocommit=True) as connection:
            made = Bench(server, connection)
            made.run(_PROJECT["specs/schema.sql"])
            made.run(result.files["generated/draft/migrate.sql"])
            found = connection.execute(_SETTINGS.encode()).fetchone()
            assert found is not None
            made.run(_RIVALS.replace("{settings}", found[0]))
            for table in ("vendors", "accounts"):
                made.run(_TRIGGERS.replace("{table}", table))
            yield made


_T = TypeVar("_T")


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    return int(Path(f"/proc/{pid}/schedstat").read_text("utf-8").split()[0]) / 1e9


def timed(connection: psycopg.Connection, work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of the processor of the connection's backend."""
    pid = connection.info.backend_pid
    before, begin = processor(pid), time.monotonic()
    work()
    return time.monotonic() - begin, processor(pid) - before


def rounds(cases: Mapping[str, Callable[[], _T]], number: int) -> dict[str, list[_T]]:
    """The cases in turn, ``number`` times, each time starting with another one."""
    found: dict[str, list[_T]] = {name: [] for name in cases}
    names = list(cases)
    for turn in range(number):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            found[name].append(cases[name]())
    return found


def ratio(found: Sequence[float], base: Sequence[float]) -> float:
    """The median of the ratios of neighbours, so that a drift of the machine does not count."""
    return statistics.median(a / b if b else float("nan") for a, b in zip(found, base, strict=True))


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
