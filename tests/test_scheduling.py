"""What runs on a schedule: the procedures, under concurrency; and the lines of cron that call them."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from drift_world import deploy, shop
from live import Database, fresh_database
from pgspec.compile import Result, compile_project
from pgspec.operations.crontab import CRONTAB
from pgspec.pgsql import parse
from pgspec.runtime.cache import NAMESPACE
from pgspec.scratch import ScratchServer
from pgspec.sources import from_texts
from pgspec.sql import ident

PATIENCE = 60.0
DRAIN = "CALL run_cache_invalidations"
MAINTAIN = "CALL run_maintenance"
OPEN = "SELECT count(*) FROM cache_invalidation_queue WHERE processed_at IS NULL"


@pytest.fixture
def live(server: ScratchServer) -> Iterator[Database]:
    with fresh_database(server) as made:
        with made.connect() as connection:
            deploy(connection)
        yield made


def until(holds: Callable[[], Any]) -> Any:
    """What ``holds`` returns, once that is true."""
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.05)
    return found


def one(connection: psycopg.Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def enqueue(connection: psycopg.Connection, tag: str) -> None:
    connection.execute("SELECT enqueue_cache_invalidation(%s, 1)", [tag])


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


def in_background(pool: ThreadPoolExecutor, connection: psycopg.Connection, call: str) -> Future[Any]:
    return pool.submit(connection.execute, call.encode())


def test_it_drains_again_and_again_and_commits_each_time(live: Database, pool: ThreadPoolExecutor) -> None:
    with live.connect() as drainer, live.connect() as other:
        running = in_background(pool, drainer, f"{DRAIN}(55)")
        for tag in ("first", "second"):
            enqueue(other, tag)
            until(lambda: one(other, OPEN) == 0)  # seen by another session
        assert not running.done()
        assert one(other, f"SELECT pg_cancel_backend({drainer.info.backend_pid})")
        with pytest.raises(psycopg.errors.QueryCanceled):
            running.result(PATIENCE)


@pytest.mark.parametrize("seconds", ["0", "1", "-5", "NULL"])
def test_it_ends(live: Database, seconds: str) -> None:
    with live.connect() as connection:
        enqueue(connection, "tag")
        connection.execute("SET statement_timeout = '30s'")
        connection.execute(f"{DRAIN}({seconds})".encode())
        assert one(connection, OPEN) == 0


def test_the_default_isolation_of_a_role_does_not_matter(live: Database) -> None:
    with live.connect() as connection:
        enqueue(connection, "tag")
        connection.execute("SET default_transaction_isolation = serializable")
        with pytest.raises(psycopg.errors.ActiveSqlTransaction):
            connection.execute("SELECT drain_cache_invalidation_queue()")
        connection.execute(f"{DRAIN}(0)".encode())
        assert one(connection, OPEN) == 0


@pytest.mark.parametrize(("call", "lock"), [(f"{DRAIN}(0)", -1), (f"{MAINTAIN}()", -2)])
def test_a_second_run_does_not_wait_for_the_first(live: Database, call: str, lock: int) -> None:
    with live.connect() as first, live.connect() as second:
        first.execute("BEGIN")
        assert one(first, f"SELECT pg_try_advisory_xact_lock({NAMESPACE}, {lock})")
        second.execute("SET statement_timeout = '30s'; SET lock_timeout = '1ms'")
        enqueue(second, "tag")
        second.execute("UPDATE cache_invalidation_queue SET processed_at = now() - interval '2 days' WHERE tag = 'tag'")
        before = one(second, "SELECT count(*) FROM cache_invalidation_queue")
        second.execute(call.encode())
        assert one(second, "SELECT count(*) FROM cache_invalidation_queue") == before  # it left the work to the first
        first.execute("COMMIT")


def old_rows(connection: psycopg.Connection, number: int) -> None:
    connection.execute(
        """INSERT INTO cache_invalidation_queue (tag, processed_at)
        SELECT 'x', now() - interval '2 days' FROM generate_series(1, %s)""",
        [number],
    )
    connection.execute("ALTER TABLE pgspec.audit DISABLE TRIGGER USER")
    connection.execute("UPDATE pgspec.audit SET at = now() - interval '1 year'")
    connection.execute("ALTER TABLE pgspec.audit ENABLE TRIGGER USER")


OLD = "SELECT count(*) FROM cache_invalidation_queue WHERE processed_at < now() - interval '1 day'"
AUDITED = "SELECT count(*) FROM pgspec.audit"
BREAK = """CREATE OR REPLACE FUNCTION cleanup_audit(max_rows integer DEFAULT 10000) RETURNS integer LANGUAGE plpgsql
AS 'BEGIN RAISE EXCEPTION ''the disk is %'', ''full''; END'"""


def test_maintenance_goes_on_until_nothing_is_left(live: Database) -> None:
    with live.connect() as connection:
        old_rows(connection, 25_000)  # more than one call deletes
        assert one(connection, AUDITED) > 0
        connection.execute(MAINTAIN.encode() + b"()")
        assert (one(connection, OLD), one(connection, AUDITED)) == (0, 0)


@pytest.mark.parametrize("seconds", ["0", "NULL"])
def test_maintenance_ends_with_its_time_but_does_something(live: Database, seconds: str) -> None:
    with live.connect() as connection:
        old_rows(connection, 25_000)
        connection.execute(f"{MAINTAIN}({seconds})".encode())
        assert (one(connection, OLD), one(connection, AUDITED)) == (15_000, 0)


def test_a_part_that_fails_stops_no_other_and_is_named(live: Database) -> None:
    with live.connect() as connection:
        old_rows(connection, 25_000)
        connection.execute(BREAK)
        warnings: list[str] = []
        connection.add_notice_handler(lambda notice: warnings.append(str(notice.message_primary)))
        with pytest.raises(psycopg.errors.RaiseException, match=r"public\.cleanup_audit\(\): the disk is full"):
            connection.execute(f"{MAINTAIN}()".encode())
        assert one(connection, OLD) == 0 and one(connection, AUDITED) > 0
        assert warnings == ["maintenance: public.cleanup_audit() failed: the disk is full"]  # tried once


def test_service_roles_call_them_and_nobody_else(live: Database) -> None:
    for call in (f"{DRAIN}(0)", f"{MAINTAIN}()"):
        with live.connect() as connection:
            connection.execute("SET ROLE service_role")
            connection.execute(call.encode())
            connection.execute("SET ROLE anon")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(call.encode())


# Everything that the procedures name, where a caller's search_path would find it first.
TRAP = """
CREATE SCHEMA trap;
CREATE TABLE trap.sprung (what text);
CREATE FUNCTION trap.bigger(integer, integer) RETURNS boolean LANGUAGE sql
AS $$ INSERT INTO trap.sprung VALUES ('>') RETURNING true $$;
CREATE OPERATOR trap.> (FUNCTION = trap.bigger, LEFTARG = integer, RIGHTARG = integer);
CREATE FUNCTION trap.sooner(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql
AS $$ INSERT INTO trap.sprung VALUES ('<') RETURNING false $$;
CREATE OPERATOR trap.< (FUNCTION = trap.sooner, LEFTARG = timestamptz, RIGHTARG = timestamptz);
CREATE FUNCTION trap.plus(timestamptz, interval) RETURNS timestamptz LANGUAGE sql
AS $$ INSERT INTO trap.sprung VALUES ('+') RETURNING now() $$;
CREATE OPERATOR trap.+ (FUNCTION = trap.plus, LEFTARG = timestamptz, RIGHTARG = interval);
CREATE FUNCTION trap.clock_timestamp() RETURNS timestamptz LANGUAGE sql
AS $$ INSERT INTO trap.sprung VALUES ('clock_timestamp') RETURNING now() $$;
CREATE FUNCTION trap.cardinality(anyarray) RETURNS integer LANGUAGE sql
AS $$ INSERT INTO trap.sprung VALUES ('cardinality') RETURNING 0 $$;
CREATE DOMAIN trap.text AS pg_catalog.text CHECK (false);
SET search_path = trap, pg_catalog;
SET statement_timeout = '30s';
"""


def test_a_search_path_of_the_caller_finds_nothing(live: Database) -> None:
    with live.connect() as connection:
        old_rows(connection, 10)
        connection.execute(TRAP)
        for name in ("run_cache_invalidations(integer)", "run_maintenance(integer)"):
            connection.execute(f"CALL public.{name.removesuffix('(integer)')}(0)".encode())
            assert one(connection, "SELECT pg_catalog.string_agg(what, ' ') FROM trap.sprung") is None
            # The trap works: the same body without its prefixes falls into it.
            body = one(connection, f"SELECT prosrc FROM pg_proc WHERE oid = 'public.{name}'::regprocedure")
            for qualified in ("OPERATOR(pg_catalog.>)", "OPERATOR(pg_catalog.<)", "OPERATOR(pg_catalog.+)"):
                body = body.replace(qualified, qualified[-2])
            connection.execute(
                f"""CREATE OR REPLACE PROCEDURE public.{name.replace("(", "(max_seconds ")} LANGUAGE plpgsql
                AS $body${body.replace("pg_catalog.clock", "clock")}$body$""".replace("integer)", "integer DEFAULT 5)")
            )
            with suppress(psycopg.errors.RaiseException):
                connection.execute(f"CALL public.{name.removesuffix('(integer)')}(0)".encode())
            assert one(connection, "SELECT count(*) FROM trap.sprung") > 0
            connection.execute("TRUNCATE trap.sprung")


# The crontab.


ODD = "a%b'c\"$(d)"
ODD_NAME = 'it\'s "50%" `$HOME` $pgspec$ \\'


def odd(scheduler: str = "none", name: str = ODD_NAME) -> Result:
    files = {
        "specs/project.yaml": f"kind: project\nname: {json.dumps(name)}\nscheduler: {scheduler}\n"
        f"runtime_schema: {json.dumps(ODD)}\n",
        "specs/schema.sql": f"CREATE SCHEMA {ident(ODD)}; CREATE TABLE items (id int PRIMARY KEY);",
        "specs/i.yaml": "kind: invalidation\nname: i\ntable: items\ntags: [items]\n",
    }
    result = compile_project(from_texts(files))
    assert result.ok, result.diagnostics
    return result


def lines(result: Result) -> list[tuple[str, str]]:
    """When each line of the crontab runs, and what, as cron reads it."""
    text = result.files[f"generated/{CRONTAB}"]
    entries = [line for line in text.split("\n") if line and not line.startswith("#") and "=" not in line.split()[0]]
    fields = [line.split(None, 5) for line in entries]
    # An unescaped percent sign ends the command for cron.
    assert all("%" not in f[5].replace(r"\%", "") for f in fields)
    return [(" ".join(f[:5]), f[5].replace(r"\%", "%")) for f in fields]


def sh(command: str, database: Database, **more: str) -> subprocess.CompletedProcess[str]:
    path = f"{database.server.server.bin}:/usr/bin:/bin"
    env = {"PATH": path, "DATABASE": database.dsn, **more}
    return subprocess.run(
        ["/bin/sh", "-c", command], env=env, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def test_the_lines_of_cron_run(server: ScratchServer) -> None:
    result = odd()
    with fresh_database(server) as database, database.connect() as connection:
        connection.execute(f"CREATE SCHEMA {ident(ODD)}; CREATE TABLE items (id int PRIMARY KEY)".encode())
        text = result.files["generated/draft/migrate.sql"]
        for statement in parse(text)[0]:
            connection.execute(text[statement.start : statement.end].encode())
        connection.execute("INSERT INTO items VALUES (1)")
        found = [line for line in lines(result) if "evaluate_alerts" not in line[1]]  # most projects have alerts
        assert [when for when, _ in found] == ["* * * * *", "17 * * * *"]
        queue = f"{ident(ODD)}.cache_invalidation_queue"
        for _, command in found:
            short = command.replace("run_cache_invalidations()", "run_cache_invalidations(0)")
            done = sh(short, database)
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert one(connection, f"SELECT count(*) FROM {queue} WHERE processed_at IS NULL") == 0
        connection.execute(f"DROP TABLE {queue} CASCADE".encode())
        assert all(sh(c.replace("invalidations()", "invalidations(0)"), database).returncode == 1 for _, c in found)


def test_there_is_no_crontab_when_there_is_nothing_to_run_or_pg_cron_runs_it() -> None:
    path = f"generated/{CRONTAB}"
    assert path in shop().files and path in odd().files and path not in odd("pg_cron").files
    view = "kind: materialized_view\nname: d\nunique_key: [id]\nquery: SELECT id FROM orders\n"
    assert path not in shop({"daily.yaml": view}).files
