"""`generated/CHECKLIST.md`: every command and query in it runs, in order, on a real server."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from drift_world import base
from live import Database, fresh_database
from pgspec.compile import Result, compile_project, release_files
from pgspec.scratch import ScratchServer, scratch_server
from pgspec.sources import Sources, from_disk
from projects import write

pytestmark = pytest.mark.newest

EXAMPLE = Path(__file__).parents[1]
CHECKLIST = "generated/CHECKLIST.md"
SCHEMA = """\
CREATE TABLE items (id int PRIMARY KEY, owner text NOT NULL, value int);
CREATE TABLE audited (id int PRIMARY KEY, value int);
"""
PROJECT = """\
kind: project
name: shop
scheduler: {scheduler}
roles: {{api: [anon], service: [service_role]}}
personas:
  nobody: {{role: anon}}
  ann: {{role: anon, claims: {{sub: "ann's"}}}}
  bob: {{role: anon, claims: {{sub: bob}}}}
fixtures:
  items: {{one: {{id: 1, owner: "ann's", value: 1}}, two: {{id: 2, owner: bob, value: 2}}}}
  audited: {{first: {{id: 1, value: 1}}}}
"""
SPECS = {
    "specs/view.yaml": """\
kind: materialized_view
name: by_owner
unique_key: [owner]
query: SELECT owner, count(*) AS items FROM items GROUP BY owner
refresh: {every: 15 minutes}
""",
    "specs/items.yaml": "kind: invalidation\nname: items\ntable: items\ntags: [items]\n",
    "specs/log.yaml": "kind: audit_log\nname: log\ntables: {audited: {delete: true}}\nretention: 7 days\n",
    "specs/rls.yaml": """\
kind: rls
table: items
policies:
  - {name: own, command: select, to: [anon], using: "owner = (SELECT pgspec.claim('sub'))"}
expect:
  select: {nobody: none, ann: [one], bob: [two]}
  insert: {"*": denied}
  update: {"*": denied}
  delete: {"*": denied}
""",
}


def blocks(text: str) -> list[tuple[str, str, str]]:
    """The section, the language and the text of each block of code, in order."""
    found, section = [], ""
    for match in re.finditer(r"^## ([^\n]+)$|^( *)```(\w+)\n(.*?)^\2```$", text, re.MULTILINE | re.DOTALL):
        if match[1]:
            section = match[1]
        else:
            lines = [line.removeprefix(match[2]) for line in match[4].split("\n")]
            found.append((section, match[3], "\n".join(lines).strip()))
    return found


def project(root: Path, scheduler: str = "none", specs: Sequence[str] = tuple(SPECS)) -> Path:
    files = {"specs/project.yaml": PROJECT.format(scheduler=scheduler), "specs/schema.sql": SCHEMA}
    return write(root, files | {path: SPECS[path] for path in specs})


def built(root: Path, release: str = "") -> Result:
    """The project with its files on disk; sealed, if ``release`` names one."""
    result = compile_project(from_disk(root))
    assert result.ok, result.diagnostics
    files = release_files(result, release) if release else result.files
    write(root, dict(files))
    for path in set(result.files) - set(files):
        (root / path).unlink(missing_ok=True)
    again = compile_project(from_disk(root))
    assert {**again.files} == dict(files), "a build after it changes something"
    return again


class Session:
    """Somebody who works through the checklist, in the folder of the project."""

    def __init__(self, root: Path, database: Database) -> None:
        self.root, self.database = root, database
        path = f"{database.server.server.bin}:{Path(os.sys.executable).parent}:{os.environ['PATH']}"  # type: ignore[attr-defined]
        self.env = {**os.environ, "PATH": path, "DATABASE": database.dsn}

    def sh(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-ec", command],
            cwd=self.root,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def sql(self, query: str) -> subprocess.CompletedProcess[str]:
        """As somebody pastes it into psql."""
        return subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.database.dsn],
            env=self.env,
            input=query,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def run(self, language: str, text: str) -> str:
        done = self.sh(text) if language == "sh" else self.sql(text)
        assert done.returncode == 0, (text, done.stdout, done.stderr)
        return done.stdout


@contextmanager
def database_for(server: ScratchServer, result: Result, sources: Sources) -> Iterator[Database]:
    with fresh_database(server) as database:
        with database.connect() as connection:
            base(connection, result, sources)
        yield database


NO_ROW = ("NOT pg_has_role", "xact_start <", "WHERE NOT ok", "pg_blocking_pids")


def work_through(session: Session, text: str, *, leave_out: str = "") -> dict[str, str]:
    """What each block prints; the queries that must give no row give none."""
    printed: dict[str, str] = {}
    assert {section for section, _, _ in blocks(text)} == {"Before", "During", "After", "If it fails"}
    for section, language, block in blocks(text):
        if leave_out:
            block = "\n".join(line for line in block.split("\n") if line != leave_out)  # noqa: PLW2901
        printed[block] = session.run(language, block)
        if language == "sql" and any(mark in block for mark in NO_ROW):
            assert printed[block] == "", (section, block)
    return printed


@pytest.mark.parametrize("release", ["", "20250101000000_first"])
def test_everything_in_it_runs(server: ScratchServer, tmp_path: Path, release: str) -> None:
    root = project(tmp_path)
    result = built(root, release)
    text = result.files[CHECKLIST]
    folder = f"generated/releases/{release}" if release else "generated/draft"
    assert text.startswith(f"# Deploying shop: {folder}\n") and text.count(folder) == 5
    with database_for(server, result, from_disk(root)) as database:
        session = Session(root, database)
        printed = work_through(session, text)
        assert "CREATE TABLE public.items" in (root / "before.sql").read_text()
        (persona,) = [out for block, out in printed.items() if "-- ann" in block]
        assert "anon\n0" in persona and len(persona.splitlines()) == 6  # no row is there yet
        with database.connect() as connection:
            left = connection.execute("SELECT to_regclass('pgspec.deployed_objects')").fetchone()
        assert left == (None,)  # the last block rolled it back


def test_what_is_wrong_shows(server: ScratchServer, tmp_path: Path) -> None:
    """The queries that must give no row give some when they must, and the steps that must fail do."""
    root = project(tmp_path)
    result = built(root)
    with database_for(server, result, from_disk(root)) as database, database.connect() as connection:
        session = Session(root, database)
        found = {mark: block for mark in NO_ROW for _, _, block in blocks(result.files[CHECKLIST]) if mark in block}
        migrate, rollback = (f"psql -X -v ON_ERROR_STOP=1 -f generated/draft/{n}.sql" for n in ("migrate", "rollback"))
        commands = [block for _, language, block in blocks(result.files[CHECKLIST]) if language == "sh"]
        (migrate,) = [block for block in commands if block.startswith(migrate)]
        (rollback,) = [block for block in commands if block.startswith(rollback)]
        connection.execute("BEGIN")
        connection.execute("LOCK TABLE items")
        stopped = session.sh(migrate)
        assert stopped.returncode == 3 and "lock timeout" in stopped.stderr
        connection.execute("COMMIT")
        session.run("sh", migrate)
        connection.execute("ALTER TABLE items DISABLE TRIGGER pgspec_cache_insert")
        assert "triggers fire|f|disabled" in session.run("sql", found["WHERE NOT ok"])
        connection.execute("ALTER TABLE items ENABLE TRIGGER pgspec_cache_insert")
        connection.execute("INSERT INTO audited VALUES (1, 1); DELETE FROM audited")
        refused = session.sh(rollback)
        assert refused.returncode == 3 and "in pgspec.log would be lost" in refused.stderr
        session.run("sh", rollback.replace(" -f ", " -c 'SET pgspec.allow_data_loss = on' -f "))
        connection.execute("CREATE ROLE stranger_to_items LOGIN; GRANT SELECT ON items TO stranger_to_items")
        try:
            asked = f"SET ROLE stranger_to_items;\n{found['NOT pg_has_role']}"
            assert sorted(session.run("sql", asked).splitlines()) == [
                "audited|postgres|stranger_to_items",
                "items|postgres|stranger_to_items",
            ]
        finally:
            connection.execute("DROP OWNED BY stranger_to_items; DROP ROLE stranger_to_items")


def test_only_what_applies_is_in_it(tmp_path: Path) -> None:
    text = built(project(tmp_path / "small", specs=["specs/view.yaml"])).files[CHECKLIST]
    for absent in ("cache_invalidation_health", "Each persona", "cron.job", "COPY (TABLE pgspec.log)"):
        assert absent not in text
    whole = built(project(tmp_path / "whole")).files[CHECKLIST]
    for there in (
        "cache_invalidation_health",
        "-- ann",
        "generated/runbook/crontab",
        "NOT pg_has_role",
        "COPY (TABLE pgspec.log)",
    ):
        assert there in whole
    assert "cron.job" not in whole
    cron = built(project(tmp_path / "cron", "pg_cron")).files[CHECKLIST]
    assert "cron.job" in cron and "generated/runbook/crontab" not in cron
    nothing = built(project(tmp_path / "nothing", specs=[]))
    assert CHECKLIST not in nothing.files
    assert len(whole.splitlines()) < 180


def test_with_pg_cron(tmp_path: Path) -> None:
    root = project(tmp_path, "pg_cron")
    result = built(root)
    settings = {"shared_preload_libraries": "pg_cron", "cron.database_name": "shop", "max_worker_processes": "0"}
    with scratch_server(None, settings, extension="pg_cron") as server:
        server.create_database("shop")
        database = Database(server, "shop")
        with database.connect() as connection:
            base(connection, result, from_disk(root))
            connection.execute("CREATE EXTENSION pg_cron")
        printed = work_through(Session(root, database), result.files[CHECKLIST], leave_out="pgspec test")
        (scheduled,) = [out for block, out in printed.items() if "FROM cron.job" in block]
        assert scheduled.count("|t\n") == len(scheduled.splitlines()) >= 3


def test_the_example(server: ScratchServer, tmp_path: Path) -> None:
    """With all that it has; its own test is another's."""
    for path in [*(EXAMPLE / "specs").rglob("*"), *(EXAMPLE / "generated").rglob("*")]:
        if path.is_file():
            write(tmp_path, {path.relative_to(EXAMPLE).as_posix(): path.read_bytes()})
    for stale in (tmp_path / "generated").glob("draft/*"):
        stale.unlink()
    result = built(tmp_path)
    with database_for(server, result, from_disk(tmp_path)) as database:
        with database.connect() as connection:
            connection.execute("ALTER ROLE service_role BYPASSRLS")  # another test may have made it
            releases = result.releases if result.draft.changes else result.releases[:-1]
            for release in releases:
                connection.execute(release.files["migrate.sql"])
        work_through(Session(tmp_path, database), result.files[CHECKLIST], leave_out="pgspec test")
