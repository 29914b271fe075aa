"""Switches by name: what there is of them, what the log says, and the psql scripts of the runbook."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import PurePosixPath

import psycopg
import pytest

from live import Database
from pgspec.compile import compile_project
from pgspec.pgsql import parse
from pgspec.scratch import ScratchServer
from pgspec.sources import from_texts
from switch_support import HARDENED, RESET, SPECS, THROW, deployed, project, runbook

IS_SCRIPT = re.compile(r"generated/runbook/.*\.sql$", re.DOTALL)
SCRIPTS = [
    *(f"{name}_{way}.sql" for name in ("cache", "enqueue", "refresh") for way in ("off", "on")),
    *(f"{way}_{name.split()[1].replace('.', '_')}.sql" for name in HARDENED for way in ("harden", "relax")),
]
HOSTILE = {
    "specs/project.yaml": """\
kind: project
name: "a'; \\\\! x -- %"
roles: {api: ["an'on"], service: ['Ser"vice']}
runtime_schema: "r'un time"
internal_schema: "in-ternal"
""",
    "specs/schema.sql": """\
CREATE TABLE "o'r:why ders\\" (id bigint PRIMARY KEY);
CREATE SCHEMA a;
CREATE SCHEMA a_b;
CREATE TABLE a.b_c (id int PRIMARY KEY);
CREATE TABLE a_b.c (id int PRIMARY KEY);
CREATE TABLE a."../../etc" (id int PRIMARY KEY);
CREATE SCHEMA "r'un time";
CREATE TABLE "B" (id int PRIMARY KEY);
CREATE TABLE b (id int PRIMARY KEY);
""",
    "specs/rls.yaml": "\n---\n".join(
        f"kind: rls\ntable: {table}\npolicies: [{{name: p, command: select, to: [\"an'on\"], using: 'true'}}]\n"
        for table in ("'\"o''r:why ders\\\"'", "a.b_c", "a_b.c", "'a.\"../../etc\"'", "'\"B\"'", "b")
    ),
    "specs/cache.yaml": "kind: invalidation\nname: b\ntable: b\ntags: [b]\n",
}


@pytest.fixture
def shop(server: ScratchServer) -> Iterator[Database]:
    with deployed(server) as database:
        yield database


def test_a_project_has_the_switches_of_what_it_has() -> None:
    files = project().files
    assert sorted(p.removeprefix("generated/runbook/") for p in files if IS_SCRIPT.match(p)) == sorted(SCRIPTS)
    without = {path: text for path, text in SPECS.items() if path != "specs/rls.yaml"}
    assert not [path for path in compile_project(from_texts(without)).files if IS_SCRIPT.match(path)]


def test_a_reason_and_a_known_name_are_needed(shop: Database) -> None:
    with shop.connect() as connection:
        for why in ("", " \n\t", None):
            with pytest.raises(psycopg.errors.InvalidParameterValue, match="needs a reason"):
                connection.execute("SELECT throw_switch('cache', %s)", [why])
        for name in ("Cache", "harden orders", "", None):
            with pytest.raises(psycopg.errors.InvalidParameterValue, match="there is no switch") as unknown:
                connection.execute(THROW, [name])
            assert all(known in (unknown.value.diag.message_hint or "") for known in ("cache, enqueue", *HARDENED))
        assert connection.execute("SELECT count(*) FROM pgspec.switch_log").fetchone() == (0,)


def test_the_log_says_who_and_why_and_only_grows(shop: Database) -> None:
    with shop.connect("service_role") as service, shop.connect() as owner:
        service.execute("SET application_name = 'runbook'")
        service.execute("SELECT throw_switch('cache', 'wrong prices')")
        service.execute("SELECT reset_switch('cache', 'prices are right')")
        assert service.execute("SELECT reset_switch('cache', 'again')").fetchone() == ("was not thrown",)
        owner.execute("SET ROLE service_role")
        owner.execute("SELECT throw_switch('cache', 'again')")
        owner.execute("RESET ROLE")
        found = service.execute(
            "SELECT name, thrown, db_role, session_role, application, why FROM pgspec_switch_log ORDER BY id"
        )
        assert found.fetchall() == [
            ("cache", True, "service_role", "service_role", "runbook", "wrong prices"),
            ("cache", False, "service_role", "service_role", "runbook", "prices are right"),
            ("cache", True, "service_role", "postgres", "pgspec", "again"),
        ]
        recent = "thrown_at BETWEEN now() - interval '1 minute' AND now()"
        state = f"SELECT name, thrown_by, why, {recent} FROM pgspec_switches WHERE thrown"
        assert service.execute(state).fetchall() == [("cache", "postgres", "again", True)]
        for statement in ("UPDATE {} SET why = ''", "DELETE FROM {}", "TRUNCATE {}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                owner.execute(statement.format("pgspec.switch_log").encode())


def test_the_alerts_show_what_is_thrown(shop: Database) -> None:
    firing = "SELECT detail FROM pgspec_alerts WHERE name = 'switch_thrown' AND firing"
    with shop.connect() as connection:
        connection.execute("SELECT evaluate_alerts()")
        assert connection.execute(firing).fetchall() == []
        connection.execute("SELECT throw_switch('refresh', 'INC-9: too slow')")
        connection.execute("SELECT evaluate_alerts()")
        shown = connection.execute("SELECT value, detail FROM pgspec_alerts WHERE name = 'switch_thrown'").fetchall()
        assert [value for value, _ in shown] == [1] and "INC-9: too slow" in shown[0][1]
        assert connection.execute(firing).fetchall() == [(shown[0][1],)]  # at once, not after an hour


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_api_roles_may_not_touch_a_switch(shop: Database, role: str) -> None:
    with shop.connect(role) as connection:
        for statement in (
            "SELECT throw_switch('cache', 'x')",
            "SELECT reset_switch('cache', 'x')",
            "SELECT * FROM access_left('harden public.orders')",
            "SELECT * FROM pgspec_switches",
            "SELECT * FROM pgspec_switch_log",
            "DELETE FROM pgspec.thrown_switches",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_a_rollback_does_not_lose_what_is_thrown_nor_the_log(shop: Database) -> None:
    rollback = project().files["generated/draft/rollback.sql"]
    with shop.connect() as connection:
        connection.execute("SELECT drain_cache_invalidation_queue()")
        connection.execute(THROW, ["harden public.orders"])
    with pytest.raises(psycopg.errors.RaiseException, match=r"1 (thrown switches|entries of the log of switches)"):
        shop.run(rollback)
    with shop.connect() as connection:
        connection.execute(RESET, ["harden public.orders"])
    with pytest.raises(psycopg.errors.RaiseException, match="2 entries of the log of switches"):
        shop.run(rollback)
    shop.run("SET pgspec.allow_data_loss = on;" + rollback)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_says_what_it_does_and_how_to_undo_it(name: str) -> None:
    text = project().files[f"generated/runbook/{name}"]
    other = next(
        name.replace(a, b)
        for a, b in (("_off", "_on"), ("_on", "_off"), ("harden", "relax"), ("relax", "harden"))
        if a in name
    )
    assert text.startswith("-- pgspec shop, switch: ")
    assert f"-- Undo: generated/runbook/{other}\n" in text
    assert f"-v why='INC-123: ...' -d DATABASE -f generated/runbook/{name}\n" in text
    assert f"generated/runbook/{other}" in project().files


def plain(text: str) -> str:
    """A psql script as the server gets it, when `why` is given."""
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("\\")]
    return "\n".join(lines).replace(":'why'", "'it''s'").replace(":'cancel'", "'off'")


def test_every_script_is_sql_whatever_things_are_called() -> None:
    result = compile_project(from_texts(HOSTILE))
    assert result.ok, result.diagnostics
    for files in (project().files, result.files):
        scripts = {path: text for path, text in files.items() if IS_SCRIPT.match(path)}
        for path, text in scripts.items():
            statements, failure = parse(plain(text))
            extra = ("/harden_" in path) or ("refresh_off" in path)
            assert failure is None and len(statements) == 4 + extra, path
            assert re.fullmatch(r"generated/runbook/[a-z0-9_]+\.sql", path)
    names = [PurePosixPath(path).name for path in result.files if "/runbook/harden" in path]
    assert len(names) == len({name.lower() for name in names}) == 6
    assert "harden_public_b.sql" in names, "a plain name stays plain"


def test_the_scripts_run_whatever_things_are_called(database: Database) -> None:
    result = compile_project(from_texts(HOSTILE))
    with database.connect() as connection:
        for role in ("an'on", 'Ser"vice'):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute('CREATE ROLE "' + role.replace('"', '""') + '"')
    database.run(HOSTILE["specs/schema.sql"])
    database.run(result.files["generated/draft/migrate.sql"])
    for path in sorted(path for path in result.files if "/runbook/harden" in path):
        for script in (path, path.replace("harden_", "relax_")):
            done = runbook(database, "", "-v", "why=it's \\! :x", text=result.files[script])
            assert done.returncode == 0 and "it's \\! :x" in done.stdout, (script, done)
    database.run(result.files["generated/draft/verify.sql"])


@pytest.mark.parametrize("name", [name for name in SCRIPTS if "_off" in name or name.startswith("harden")])
def test_a_script_throws_and_the_other_resets(shop: Database, name: str) -> None:
    missing = runbook(shop, name)
    assert missing.returncode == 3 and "a switch needs a reason" in missing.stderr and "psql -v why=" in missing.stderr
    thrown = runbook(shop, name, "-v", "why=INC-7: it's late")
    assert thrown.returncode == 0, thrown.stderr
    assert re.search(r"\| t +\| postgres +\| INC-7: it's late", thrown.stdout), thrown.stdout
    with shop.connect() as connection:
        count = "SELECT count(*) FROM pgspec_switches WHERE thrown"
        assert connection.execute(count).fetchone() == (2 if name == "enqueue_off.sql" else 1,)
    other = name.replace("_off", "_on").replace("harden", "relax")
    reset = runbook(shop, other, "-v", "why=INC-7: over")
    assert reset.returncode == 0, reset.stderr
    if name == "enqueue_off.sql":
        assert runbook(shop, "cache_on.sql", "-v", "why=INC-7: over").returncode == 0
    with shop.connect() as connection:
        assert connection.execute(count).fetchone() == (0,)
    shop.run(project().files["generated/draft/verify.sql"])


def test_refresh_off_lets_a_refresh_go_on_and_cancels_it_when_told(shop: Database) -> None:
    with shop.connect() as holder, shop.connect() as refresher:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        errors: list[Exception] = []

        def refresh() -> None:
            try:
                refresher.execute("CALL refresh_materialized_views()")
            except psycopg.Error as error:
                errors.append(error)

        thread = threading.Thread(target=refresh)
        thread.start()
        pid = refresher.info.backend_pid
        waiting = "SELECT cardinality(pg_blocking_pids(%s)) > 0"
        with shop.connect() as monitor:
            while monitor.execute(waiting, [pid]).fetchone() != (True,):
                assert thread.is_alive()
        off = runbook(shop, "refresh_off.sql", "-v", "why=x")
        assert off.returncode == 0 and f"pid {pid} refreshes public.orders_daily\n" in off.stdout, off
        assert thread.is_alive() or errors, "it goes on"
        cancelled = runbook(shop, "refresh_off.sql", "-v", "why=x", "-v", "cancel=on")
        assert f"pid {pid} refreshes public.orders_daily, cancelled\n" in cancelled.stdout, cancelled
        thread.join(30)
        assert errors and isinstance(errors[0], psycopg.errors.QueryCanceled)
        holder.execute("ROLLBACK")
    with shop.connect() as connection:
        connection.execute("CALL refresh_materialized_views()")
        count = "SELECT count(*) FROM mv_refresh_log WHERE status = 'ok'"
        assert connection.execute(count).fetchone() == (0,)
        connection.execute(RESET, ["refresh"])
        connection.execute("UPDATE pgspec.mv_refresh_state SET retry_at = NULL")
        connection.execute("CALL refresh_materialized_views()")
        assert connection.execute(count).fetchone() == (1,)
