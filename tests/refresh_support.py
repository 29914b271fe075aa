"""A small project whose views are refreshed on real servers, and what tests ask of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

from live import MAJORS, Database, fresh_database
from pgspec.compile import compile_project
from pgspec.scratch import ScratchServer, scratch_server
from queue_support import PATIENCE, Session, Sessions, changed
from shop import make_roles, sources

NAMESPACE = 0x70677372
CALL = "CALL refresh_materialized_views()"

SCHEMA = """\
CREATE TABLE items (id int PRIMARY KEY, shelf int NOT NULL, value int NOT NULL);
CREATE TABLE shelves (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE events (id int NOT NULL, day int NOT NULL, PRIMARY KEY (id, day)) PARTITION BY LIST (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
CREATE TABLE events_2 PARTITION OF events FOR VALUES IN (2);
CREATE VIEW full_shelves AS SELECT s.id, s.name FROM shelves s WHERE EXISTS (SELECT FROM items i WHERE i.shelf = s.id);
CREATE TABLE control (action text NOT NULL);
CREATE FUNCTION obey(given int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF EXISTS (SELECT FROM public.control WHERE action = 'fail') THEN
    RAISE division_by_zero;
  ELSIF EXISTS (SELECT FROM public.control WHERE action = 'wait') THEN
    WHILE NOT pg_catalog.pg_try_advisory_xact_lock_shared(7) LOOP
      PERFORM pg_catalog.pg_sleep(0.01);
    END LOOP;
  END IF;
  RETURN given;
END
$$;
INSERT INTO items VALUES (1, 1, 0), (2, 1, 0);
INSERT INTO shelves VALUES (1, 'one'), (2, 'two');
"""
"""`obey` is not immutable: with it a test decides how long a refresh takes, and whether it fails."""


def _view(name: str, query: str, refresh: str = "every: 1s", more: str = "") -> str:
    return (
        f"kind: materialized_view\nname: {name}\nunique_key: [id]\nquery: |\n  {query}\n"
        f"refresh: {{{refresh}}}\n{more}---\n"
    )


# Names in another order than that of the dependencies: `a_top` reads `b_totals` reads items.
SPECS = {
    "views.yaml": _view(
        "b_totals", "SELECT shelf AS id, sum(value) AS total, count(*) AS items FROM items GROUP BY shelf"
    )
    + _view("a_top", "SELECT id, total FROM b_totals WHERE total > 0")
    + _view("c_shelves", "SELECT id, name FROM full_shelves")
    + _view("d_events", "SELECT 1 AS id, count(*) AS events FROM events_1")
    + _view("e_rare", "SELECT id, obey(value) AS value FROM items", "every: 1h, timeout: 30min")
    + _view("f_clock", "SELECT id, now() AS at FROM shelves", "every: 1s", "allow: {MV006: the moment is wanted}\n")
    + _view("g_manual", "SELECT id, name FROM shelves", "every: manual")
}
TRACKED = ("b_totals", "a_top", "c_shelves", "d_events", "e_rare")


@cache
def generated_sql() -> str:
    """What the compiler prints for the project."""
    result = compile_project(sources(SPECS, schema=SCHEMA))
    assert result.ok, result.diagnostics
    return result.files["generated/schema.sql"]


def generated_function(name: str) -> str:
    """The statement that creates a function or procedure, as generated."""
    text = generated_sql()
    kind = "PROCEDURE" if name.endswith("refresh_materialized_views") else "FUNCTION"
    start = text.index(f"CREATE {kind} {name}(")
    end = "$function$;\n"
    return text[start : text.index(end, start) + len(end)]


@contextmanager
def replaced(database: Database, name: str, replacements: Mapping[str, str]) -> Iterator[None]:
    """A changed function in the place of a generated one, for the length of the block."""
    whole = generated_function(name).replace("CREATE ", "CREATE OR REPLACE ", 1)
    database.run(changed(whole, replacements))
    try:
        yield
    finally:
        database.run(whole)


@contextmanager
def refresh_database(server: ScratchServer) -> Iterator[Database]:
    """A new database with the project, in which every view was refreshed once."""
    with fresh_database(server) as database:
        with database.connect() as connection:
            make_roles(connection)
        database.run(SCHEMA)
        database.run(generated_sql())
        with database.connect() as connection:
            connection.execute(CALL)
        yield database


@pytest.fixture(scope="session", params=MAJORS, ids="pg{}".format)
def refresh_server(request: pytest.FixtureRequest) -> Iterator[ScratchServer]:
    """A running server of each major under test, which allows prepared transactions."""
    with scratch_server(request.param, {"max_prepared_transactions": "20"}) as running:
        yield running


@pytest.fixture(scope="session")
def refresh_template(refresh_server: ScratchServer) -> Iterator[Database]:
    with refresh_database(refresh_server) as database:
        yield database


@pytest.fixture
def world(refresh_server: ScratchServer, refresh_template: Database) -> Iterator[World]:
    """The project in a database of its own."""
    with fresh_database(refresh_server, refresh_template.name) as database:
        made = World(database)
        try:
            yield made
        finally:
            made.close()


class World(Sessions):
    """Sessions on the project, by name.  ``call``: a call of the scheduler that has not returned."""

    call: Future[list[tuple[Any, ...]]]
    forgotten = 0

    def all_due(self) -> None:
        """Let the time between two refreshes be over, for all views whose state nobody holds."""
        self.monitor.run(
            "UPDATE pgspec.mv_refresh_state SET last_success = last_success - interval '1 day', retry_at = NULL"
            " WHERE view_name IN (SELECT view_name FROM pgspec.mv_refresh_state FOR UPDATE SKIP LOCKED)"
        )

    def told(self, action: str) -> None:
        """Let the refreshes of `e_rare` fail, or wait for `release`."""
        self.monitor.run("SELECT pg_advisory_lock(7)")
        self.monitor.run("INSERT INTO control VALUES (%s)", action)

    def release(self) -> None:
        """Let what waits go on."""
        self.monitor.run("SELECT pg_advisory_unlock(7)")

    def wait_for(self, question: str, *values: object) -> None:
        """Wait until a query says true."""
        deadline = time.monotonic() + PATIENCE
        while not self.monitor.value(question, *values):
            assert time.monotonic() < deadline, question
            time.sleep(0.005)

    def wait_until_refreshing(self) -> None:
        """Wait until the query of `e_rare` runs."""
        self.wait_for(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database())"
        )

    def log(self, columns: str = "view_name, status") -> list[tuple[Any, ...]]:
        """Columns of the log since `forget_log`, in order."""
        return self.monitor.run(f"SELECT {columns} FROM mv_refresh_log WHERE id > %s ORDER BY id", self.forgotten)

    def forget_log(self) -> None:
        """Look at nothing that is in the log now, but at what is running."""
        number = "SELECT coalesce(min(id) FILTER (WHERE status = 'running') - 1, max(id), 0) FROM mv_refresh_log"
        self.forgotten = self.monitor.value(number)

    def give_up_early(self) -> None:
        """Let refreshes be given up after a third of a second instead of half an hour."""
        self.monitor.run(
            "CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.give_up_at :="
            " NEW.give_up_at - interval '30 minutes' + interval '300 milliseconds'; RETURN NEW; END $$"
        )
        self.monitor.run("CREATE TRIGGER t BEFORE INSERT ON mv_refresh_log FOR EACH ROW EXECUTE FUNCTION give_up()")

    def tick(self, session: Session | None = None) -> list[str]:
        """Everything is due; what one call refreshes, in order, without those that nobody can skip."""
        self.forget_log()
        self.all_due()
        (session or self.scheduler).run(CALL)
        names = [str(name).removeprefix("public.") for (name,) in self.log("view_name")]
        return [name for name in names if name in TRACKED]

    def state(self, view: str, columns: str) -> tuple[Any, ...]:
        """Columns of the health of a view."""
        ((*values,),) = self.monitor.run(
            f"SELECT {columns} FROM mv_refresh_health WHERE view_name = %s", f"public.{view}"
        )
        return tuple(values)
