"""`scheduler: pg_cron`, with the real extension: its jobs come, change and go with the migrations, and are checked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from drift_world import RELEASE, lines, look, mend, run
from live import Database, fresh_database
from pgspec.compile import Result, compile_project
from pgspec.scratch import ScratchError, ScratchServer, scratch_server
from pgspec.snapshot import diff, snapshot
from pgspec.sources import from_texts
from projects import pgspec, write
from shop import draft, make_roles, released

# Tests of this file fail where there is no such server: `apt-get install postgresql-15-cron` brings it.
NAME = "scheduled"
SETTINGS = {"shared_preload_libraries": "pg_cron", "cron.database_name": NAME, "cron.use_background_workers": "on"}
SCHEMA = "CREATE TABLE items (id int PRIMARY KEY, value int);\nCREATE TABLE changes (id int PRIMARY KEY, value int);\n"
ITEMS = "kind: invalidation\nname: i\ntable: items\ntags: [items]\n"
AUDIT = "kind: audit_log\nname: log\ntables: {changes: {delete: true}}\nretention: 7 days\n"
# Alerts, which most projects have, are evaluated by a job too; it is not looked at here.
JOBS = """SELECT jobname, schedule, command, database, active FROM cron.job
WHERE jobname !~ '_alerts$' ORDER BY jobname"""
DRAINS = ("pgspec_shop_invalidations", "* * * * *", "CALL public.run_cache_invalidations()", NAME, True)
FORGETS = ("pgspec_shop_maintenance", "17 * * * *", "CALL public.run_maintenance()", NAME, True)


def project(
    *, scheduler: str = "pg_cron", name: str = "shop", releases: dict[str, str] | None = None, **specs: str
) -> Result:
    roles = "{api: [anon], service: [service_role, keeper]}"
    head = f"kind: project\nname: {name}\nscheduler: {scheduler}\nroles: {roles}\n"
    files = {"specs/project.yaml": head, "specs/schema.sql": SCHEMA}
    found = specs or {"items": ITEMS}
    result = compile_project(from_texts(files | {f"specs/{n}.yaml": t for n, t in found.items()} | (releases or {})))
    assert result.ok, result.diagnostics
    return result


@pytest.fixture(scope="module")
def cron() -> Iterator[ScratchServer]:
    """A server that has pg_cron, and whose jobs never start."""
    with scratch_server(None, {**SETTINGS, "max_worker_processes": "0"}, extension="pg_cron") as running:
        yield running


@pytest.fixture
def database(cron: ScratchServer) -> Iterator[Database]:
    cron.create_database(NAME)
    try:
        made = Database(cron, NAME)
        with made.connect() as connection:
            make_roles(connection)
            connection.execute("CREATE EXTENSION pg_cron")
            connection.execute(SCHEMA.encode())
        yield made
    finally:
        cron.drop_database(NAME)


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect() as made:
        yield made


def jobs(connection: psycopg.Connection) -> list[Any]:
    return connection.execute(JOBS).fetchall()


def wrong(connection: psycopg.Connection) -> dict[str, str]:
    found = connection.execute("SELECT name, detail FROM verify_migration_success() WHERE NOT ok").fetchall()
    return dict(found)


def test_jobs_come_and_go_with_the_migrations(connection: psycopg.Connection, database: Database) -> None:
    result = project()
    before = snapshot(connection)
    run(connection, draft(result, "migrate.sql"))
    assert jobs(connection) == [DRAINS, FORGETS]
    run(connection, draft(result, "verify.sql"))
    assert wrong(connection) == {} and lines(look(database, result)) == []
    after = snapshot(connection)
    assert {f"schedule {DRAINS[0]}", f"schedule {FORGETS[0]}"} <= after.keys()
    run(connection, draft(result, "rollback.sql"))
    assert jobs(connection) == [] and diff(before, snapshot(connection)) == []
    run(connection, result.files["generated/schema.sql"])
    assert jobs(connection) == [DRAINS, FORGETS] and diff(after, snapshot(connection)) == []


def test_they_follow_what_the_project_has(connection: psycopg.Connection) -> None:
    first = project(log=AUDIT)
    run(connection, draft(first, "migrate.sql"))
    assert jobs(connection) == [FORGETS]
    before = snapshot(connection)
    sealed = released(first, RELEASE)
    both = project(log=AUDIT, items=ITEMS, releases=sealed)
    run(connection, draft(both, "migrate.sql"))
    assert jobs(connection) == [DRAINS, FORGETS] and wrong(connection) == {}
    run(connection, draft(both, "rollback.sql"))
    assert jobs(connection) == [FORGETS] and diff(before, snapshot(connection)) == []
    by_cron = project(log=AUDIT, scheduler="none", releases=sealed)
    run(connection, draft(by_cron, "migrate.sql"))
    assert jobs(connection) == []
    run(connection, draft(by_cron, "verify.sql"))
    run(connection, draft(by_cron, "rollback.sql"))
    assert jobs(connection) == [FORGETS] and wrong(connection) == {}


def test_a_job_that_is_there_is_replaced(connection: psycopg.Connection) -> None:
    """Also one that somebody had made by hand, and switched off."""
    connection.execute("SELECT cron.schedule(%s, '5 5 * * *', 'SELECT 1')", [DRAINS[0]])
    connection.execute("UPDATE cron.job SET active = false")
    connection.execute("SELECT cron.schedule('mine', '5 5 * * *', 'SELECT 1')")
    run(connection, draft(project(), "migrate.sql"))
    mine = ("mine", "5 5 * * *", "SELECT 1", NAME, True)
    assert jobs(connection) == [mine, DRAINS, FORGETS]
    run(connection, draft(project(), "rollback.sql"))
    assert jobs(connection) == [mine]


def test_the_stored_commands_run(connection: psycopg.Connection, database: Database) -> None:
    run(connection, draft(project(), "migrate.sql"))
    connection.execute("INSERT INTO items VALUES (1, 1)")
    commands = [command for _, _, command, _, _ in jobs(connection)]
    is_open = "SELECT count(*) FROM cache_invalidation_queue WHERE processed_at IS NULL"
    with ThreadPoolExecutor(1) as pool, database.connect() as worker:
        running = pool.submit(worker.execute, commands[0].encode())
        end = time.monotonic() + 60
        while connection.execute(is_open).fetchone() != (0,):
            assert time.monotonic() < end, "nothing is drained"
            time.sleep(0.05)
        connection.execute("SELECT pg_cancel_backend(%s)", [worker.info.backend_pid])
        with pytest.raises(psycopg.errors.QueryCanceled):
            running.result(60)
    connection.execute("UPDATE cache_invalidation_queue SET processed_at = now() - interval '2 days'")
    connection.execute(commands[1].encode())
    assert connection.execute("SELECT count(*) FROM cache_invalidation_queue").fetchone() == (0,)


FIRST = f"jobname = '{DRAINS[0]}'"
# What is done by hand, what verify.sql and drift say, and the function.
EDITS = {
    "removed": (
        f"SELECT cron.unschedule(jobid) FROM cron.job WHERE {FIRST}",
        "cron.job has none that postgres may see",
        "missing schedule pgspec_shop_invalidations: does not exist",
        "is not in cron.job",
    ),
    "switched off": (
        f"SELECT cron.alter_job(jobid, active => false) FROM cron.job WHERE {FIRST}",
        "is not active",
        "changed schedule pgspec_shop_invalidations: is not active",
        "is not active",
    ),
    "at other times": (
        f"SELECT cron.alter_job(jobid, schedule => '5 * * * *') FROM cron.job WHERE {FIRST}",
        r"runs at other times than \* \* \* \* \*",
        "changed schedule pgspec_shop_invalidations: has the schedule `5 * * * *`",
        "is not as it was deployed",
    ),
    "another command": (
        f"SELECT cron.alter_job(jobid, command => 'SELECT 1') FROM cron.job WHERE {FIRST}",
        r"does not run CALL public.run_cache_invalidations\(\)",
        "changed schedule pgspec_shop_invalidations: has the command `SELECT 1`",
        "is not as it was deployed",
    ),
    "elsewhere": (
        f"SELECT cron.alter_job(jobid, database => 'postgres') FROM cron.job WHERE {FIRST}",
        "runs in another database",
        "changed schedule pgspec_shop_invalidations: runs in the database postgres",
        "is not as it was deployed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_changed_by_hand_is_named_and_mended(
    connection: psycopg.Connection, database: Database, edit: str
) -> None:
    result = project()
    run(connection, draft(result, "migrate.sql"))
    before = snapshot(connection)
    statement, verified, drifted, row = EDITS[edit]
    connection.execute(statement.encode())
    with pytest.raises(psycopg.errors.RaiseException, match=f"schedule pgspec_shop_invalidations: {verified}"):
        run(connection, draft(result, "verify.sql"))
    assert wrong(connection) == {"schedule pgspec_shop_invalidations": row}
    found = look(database, result)
    assert lines(found) == [drifted]
    mend(connection, found)
    assert diff(before, snapshot(connection)) == []
    run(connection, draft(result, "verify.sql"))


def test_a_job_of_another_role_too_runs_twice(connection: psycopg.Connection, database: Database) -> None:
    result = project()
    run(connection, draft(result, "migrate.sql"))
    connection.execute("GRANT USAGE ON SCHEMA cron TO keeper; SET ROLE keeper")
    connection.execute(f"SELECT cron.schedule('{DRAINS[0]}', '* * * * *', '{DRAINS[2]}')".encode())
    connection.execute("RESET ROLE")
    with pytest.raises(psycopg.errors.RaiseException, match="is there more than once"):
        run(connection, draft(result, "verify.sql"))
    assert wrong(connection) == {
        "schedule pgspec_shop_invalidations": "is there more than once: it belongs to more than one role"
    }
    assert lines(look(database, result)) == [
        "changed schedule pgspec_shop_invalidations: is there more than once: it belongs to more than one role"
    ]


def test_a_run_that_failed_is_a_row(connection: psycopg.Connection) -> None:
    run(connection, draft(project(), "migrate.sql"))
    record = """INSERT INTO cron.job_run_details (jobid, runid, database, username, command, status, return_message)
        SELECT jobid, %s, database, username, command, %s, %s FROM cron.job WHERE jobname = %s"""
    connection.execute(record, [1, "failed", "ERROR: boo", DRAINS[0]])
    assert wrong(connection) == {"schedule pgspec_shop_invalidations": "its last run failed: ERROR: boo"}
    connection.execute(record, [2, "succeeded", "CALL", DRAINS[0]])
    connection.execute(record, [3, "running", None, DRAINS[0]])
    assert wrong(connection) == {}


def test_without_the_extension_nothing_is_changed(server: ScratchServer) -> None:
    with fresh_database(server) as other, other.connect() as connection:
        make_roles(connection)
        connection.execute(SCHEMA.encode())
        before = snapshot(connection)
        with pytest.raises(psycopg.errors.RaiseException) as caught:
            run(connection, draft(project(), "migrate.sql"))
        assert caught.value.diag.message_primary == (
            "migrate: nothing was changed, since the extension pg_cron is not in this database"
        )
        assert "CREATE EXTENSION pg_cron" in (caught.value.diag.message_hint or "")
        assert diff(before, snapshot(connection)) == []


def test_when_the_extension_is_gone_it_is_said_and_the_way_back_is_open(connection: psycopg.Connection) -> None:
    result = project()
    before = snapshot(connection)
    run(connection, draft(result, "migrate.sql"))
    connection.execute("DROP EXTENSION pg_cron")
    with pytest.raises(psycopg.errors.RaiseException, match="the extension pg_cron is not in this database"):
        run(connection, draft(result, "verify.sql"))
    assert wrong(connection) == {"schedules are active": 'relation "cron.job" does not exist'}
    run(connection, draft(result, "rollback.sql"))
    assert diff(before, snapshot(connection)) == ["- extension pg_cron"]


@pytest.mark.parametrize("name", ['it\'s "50%" $schedule$ \\', "n" * 60, "Ümläut"])
def test_names_of_jobs_are_data(connection: psycopg.Connection, name: str) -> None:
    result = project(name=json.dumps(name, ensure_ascii=False))
    run(connection, draft(result, "migrate.sql"))
    run(connection, draft(result, "verify.sql"))
    assert wrong(connection) == {}
    found = [job[0] for job in jobs(connection)]
    assert len(found) >= 2 and all(job.startswith(f"pgspec_{name[:30]}") for job in found)
    run(connection, draft(result, "rollback.sql"))
    assert jobs(connection) == []


def test_pgspec_test_finds_a_server_with_the_extension(tmp_path: Path, cron: ScratchServer) -> None:
    head = "kind: project\nname: shop\nscheduler: pg_cron\nfixtures: {items: {one: {id: 1}, two: {id: 2}}}\n"
    root = write(tmp_path, {"specs/project.yaml": head, "specs/schema.sql": SCHEMA, "specs/i.yaml": ITEMS})
    assert pgspec(root, "build").returncode == 0
    done = pgspec(root, "test")
    assert done.returncode == 0, done.stderr
    assert f"PostgreSQL {cron.major} started" in done.stdout + done.stderr
    (jobs_run,) = [line for line in done.stdout.split("\n") if " jobs, " in line]
    assert jobs_run.lstrip().startswith("ok ")
    assert DRAINS[2] in jobs_run and FORGETS[2] in jobs_run
    cron.create_database("postgres_like")
    given = pgspec(root, "test", "--database", cron.dsn("postgres_like"))
    assert given.returncode == 2 and "leave out --database" in given.stderr
    missing = pgspec(root, "test", "--postgres", "18", env={"PATH": "/nowhere", "HOME": str(tmp_path)})
    assert missing.returncode == 2 and "has no pg_cron" in missing.stderr
    assert "apt-get install postgresql-18-cron" in missing.stderr


def test_a_server_without_the_extension_is_not_taken(server: ScratchServer) -> None:
    with pytest.raises(ScratchError, match="no PostgreSQL 18 server with no_such_thing was found"):  # noqa: SIM117
        with scratch_server(18, extension="no_such_thing"):
            pass


@pytest.mark.slow
def test_pg_cron_runs_them() -> None:
    """The real scheduler, up to the next minute."""
    with scratch_server(None, SETTINGS, extension="pg_cron") as server:
        server.create_database(NAME)
        database = Database(server, NAME)
        with database.connect() as connection:
            make_roles(connection)
            connection.execute("CREATE EXTENSION pg_cron")
            connection.execute(SCHEMA.encode())
            run(connection, draft(project(), "migrate.sql"))
            connection.execute("INSERT INTO items VALUES (1, 1)")
            connection.execute("SELECT cron.alter_job(jobid, schedule => '* * * * *') FROM cron.job")
            end = time.monotonic() + 140
            ran = """SELECT count(DISTINCT jobid) = (SELECT count(*) FROM cron.job)
                FROM cron.job_run_details WHERE status = 'succeeded'"""
            drained = "SELECT count(*) FROM cache_invalidation_queue WHERE processed_at IS NULL"
            while connection.execute(ran).fetchone() != (True,):
                assert time.monotonic() < end, connection.execute("TABLE cron.job_run_details").fetchall()
                time.sleep(1)
            assert connection.execute(drained).fetchone() == (0,)
