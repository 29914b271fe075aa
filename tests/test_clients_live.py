"""Generated clients over node-postgres and psycopg, against the queue of real servers.

Both languages do the same in `clients_program.ts` and `clients_program.py`, and say what they do.
"""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import node
from clients_support import COLUMNS, KINDS, clients, install, settings, typescript_folder, world
from live import Database, fresh_database
from pgspec.scratch import ScratchServer, scratch_server
from pgspec.sql import ident

pytestmark = pytest.mark.newest

HERE = Path(__file__).parent
LANGUAGES = ("typescript", "python")
DEADLINE = 90.0  # seconds: for a machine that hangs
Change = tuple[str, str]


class Program:
    """A program of one language that runs, and the events that it has printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.seen: list[Any] = []
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._events.put(json.loads(line))
        self._events.put(EOFError)

    def wait_for(self, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        """The next event that is wanted; those before it are in ``seen`` too."""
        deadline = time.monotonic() + DEADLINE
        while True:
            event = self._events.get(timeout=max(deadline - time.monotonic(), 0.001))
            assert event is not EOFError, (self.seen, self.process.stderr and self.process.stderr.read())
            self.seen.append(event)
            if wanted(event):
                return event

    def tell(self) -> None:
        """A line for a program that waits for one."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """End it if it still runs, and close its pipes."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()

    def end(self) -> list[Any]:
        """End its input, and wait until it has ended well; all that it said."""
        assert self.process.stdin is not None and self.process.stderr is not None
        self.process.stdin.close()
        errors = self.process.stderr.read()
        assert self.process.wait(DEADLINE) == 0, errors
        while (event := self._events.get(timeout=DEADLINE)) is not EOFError:
            self.seen.append(event)
        return self.seen


class World:
    """A database of the project, and programs on it in one language."""

    def __init__(self, database: Database, connection: psycopg.Connection, language: str, folder: Path) -> None:
        self.database, self.connection, self.language, self.folder = database, connection, language, folder

    @contextmanager
    def program(
        self, what: str, *, role: str = "service_role", claims: str = "", folder: Path | None = None, **options: Any
    ) -> Iterator[Program]:
        """A running program; killed at the end if it still runs."""
        place, more = folder or self.folder, f" -c request.jwt.claims={claims}" if claims else ""
        if self.language == "typescript":
            known = settings(self.database, role)
            known["options"] += more
            process = node.node(place, "clients_program.js", what, json.dumps(known), json.dumps(options))
        else:
            dsn = make_conninfo(self.database.dsn, options=f"-c role={role}{more}")
            command = [sys.executable, str(HERE / "clients_program.py"), str(place), what, dsn, json.dumps(options)]
            pipe = subprocess.PIPE
            process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        program = Program(process)
        try:
            yield program
        finally:
            program.kill()

    def run(self, what: str, **options: Any) -> list[Any]:
        """All that a program says."""
        with self.program(what, **options) as program:
            return program.end()

    def write(self, statement: str) -> None:
        self.connection.execute(statement.encode())

    def rows(self, columns: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(f"SELECT {columns} FROM cache_invalidation_queue ORDER BY id").fetchall()

    def pending(self) -> int:
        return len([1 for (done,) in self.rows("processed_at") if done is None])

    def drained(self) -> bool:
        return self.pending() == 0


def eventually(what: Callable[[], Any]) -> None:
    """Wait until it is true."""
    deadline = time.monotonic() + DEADLINE
    while not what():
        assert time.monotonic() < deadline, "this never came true"
        time.sleep(0.02)


def printed(language: str, folder: Path, *changes: Change, runtime: str = "public") -> Path:
    """The folder with the client of a language, and the program on it; each change replaces a text that is there."""
    text = clients(world(runtime))[LANGUAGES.index(language)]
    for old, new in changes:
        assert old in text, f"the client no longer contains {old!r}"
        text = text.replace(old, new)
    if language == "python":
        (folder / "pgspec_client.py").write_text(text, "utf-8")
        return folder
    program = (HERE / "clients_program.ts").read_text("utf-8")
    if not changes:
        return typescript_folder(folder, {"pgspec.ts": text, "clients_program.ts": program})
    node.node_folder(folder, {"pgspec.ts": text, "clients_program.ts": program})
    node.tsc(folder, "clients_program.ts")  # a changed client may have errors of types, and is printed
    return folder


@pytest.fixture(scope="session", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def program_folder(language: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, compiled once."""
    return printed(language, tmp_path_factory.mktemp(language))


@contextmanager
def open_world(database: Database, language: str, folder: Path) -> Iterator[World]:
    install(database)
    with database.connect() as connection:
        yield World(database, connection, language, folder)


@pytest.fixture
def here(database: Database, language: str, program_folder: Path) -> Iterator[World]:
    with open_world(database, language, program_folder) as made:
        yield made


# Tags.


def fill(connection: psycopg.Connection) -> set[str]:
    """Rows with every value of every type, and rows with none; the tags that the triggers emit."""
    for column, kind in COLUMNS.items():
        for value in KINDS[kind]:
            connection.execute(f"INSERT INTO kinds ({column}) VALUES (%s::{kind})".encode(), [value])
    connection.execute("INSERT INTO kinds DEFAULT VALUES")
    return {tag for (tag,) in connection.execute("SELECT tag FROM cache_invalidation_queue").fetchall()}


def test_a_builder_gives_the_tag_that_the_trigger_emits(here: World) -> None:
    emitted = fill(here.connection)
    assert len(emitted) == sum(map(len, KINDS.values()))
    assert set(here.run("build")) == emitted


@pytest.mark.parametrize(
    ("language", "change"),
    [
        ("typescript", ('value : value + (value.includes(":") ? "/128" : "/32")', "value : value")),
        ("typescript", ('.replace(/ +$/, "")', "")),
        ("python", ('.rstrip(" ")', "")),
        ("python", (', "f")', ', "")')),
        ("python", ('("true" if', '("True" if')),
    ],
    indirect=["language"],
)
def test_a_builder_that_spells_a_value_otherwise_is_found(here: World, change: Change, tmp_path: Path) -> None:
    emitted = fill(here.connection)
    assert set(here.run("build", folder=printed(here.language, tmp_path, change))) != emitted


# The worker.


def test_what_fails_is_tried_again_and_the_rest_is_not(here: World) -> None:
    here.write("INSERT INTO items VALUES (1, 1), (2, 2)")
    with here.program("work", fails={"item:1": 2}) as worker:
        eventually(here.drained)
        assert worker.end()[-1] == "ended"
    calls = [event["tag"] for event in worker.seen if "tag" in event]
    assert sorted(calls) == ["item:1", "item:1", "item:1", "item:2", "items"]
    assert sorted(here.rows("tag, retry_count")) == [("item:1", 2), ("item:2", 0), ("items", 0)]
    assert [event["of"] for event in worker.seen if "error" in event] == ["item:1", "item:1"]


def test_the_queue_knows_why(here: World) -> None:
    here.write("INSERT INTO items VALUES (1, 1)")
    with here.program("work", fails={"items": 1}) as worker:
        worker.wait_for(lambda event: "error" in event)
        eventually(lambda: ("items", 1) in here.rows("tag, retry_count"))
        (error,) = [error for tag, error in here.rows("tag, last_error") if tag == "items"]
        worker.end()
    assert error is None or error.endswith("Error: cannot tell items")  # None: it has gone well since
    here.write("UPDATE cache_invalidation_queue SET processed_at = now()")
    here.write("UPDATE items SET value = 2")
    with here.program("work", fails={"items": 100}) as worker:
        eventually(lambda: any(error for (error,) in here.rows("last_error")))
        worker.end()
    found = [error for (error,) in here.rows("last_error") if error]
    assert found[0].endswith("Error: cannot tell items")


def test_another_worker_takes_over_from_one_that_was_killed(here: World) -> None:
    here.write("INSERT INTO items VALUES (1, 1)")
    with here.program("work", hangs="item:1", lease=3, batch=1) as dying:
        dying.wait_for(lambda event: event == {"tag": "item:1"})
        with here.program("work") as other:
            dying.process.send_signal(signal.SIGKILL)
            assert dying.process.wait(DEADLINE) == -signal.SIGKILL
            other.wait_for(lambda event: event.get("done") == "item:1")
            eventually(here.drained)
            other.end()
    assert dict(here.rows("tag, retry_count")) == {"items": 0, "item:1": 1}  # the lease that ran out


def test_a_worker_that_is_told_to_stop_finishes_its_batch(here: World) -> None:
    here.write("INSERT INTO items VALUES (1, 1)")
    with here.program("work", slow="item:1", seconds=1.0) as worker:
        worker.wait_for(lambda event: event == {"tag": "item:1"})
        assert {"done": "item:1", "aborted": False} in worker.end()
    assert here.drained()


def test_a_worker_that_has_nothing_to_do_stops_at_once(here: World) -> None:
    with here.program("work") as worker:
        about = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT token%'"
        eventually(lambda: here.connection.execute(about).fetchall())
        assert worker.end() == ["ended"]


def test_a_handler_is_given_up_before_its_lease_ends(here: World) -> None:
    """In TypeScript by the signal; in Python by not calling it for the tags that are left."""
    here.write("INSERT INTO items VALUES (1, 1)")
    first = "item:1" if here.language == "typescript" else None
    slow = first or here.connection.execute("SELECT tag FROM cache_invalidation_queue ORDER BY visible_at, id LIMIT 1")
    name = slow if isinstance(slow, str) else slow.fetchone()[0]
    with here.program("work", slow=name, seconds=3.0, lease=2, batch=2) as worker:
        worker.wait_for(lambda event: "the lease is ending" in str(event.get("error")))
        eventually(lambda: any(retries for (retries,) in here.rows("retry_count")))
    claims = here.rows("tag, claim_token IS NULL, last_error")
    assert [error for _, free, error in claims if free and error] and "the lease ran out" not in str(claims)


def test_a_worker_without_the_right_ends_with_the_error(here: World) -> None:
    with here.program("work", role="anon") as worker:
        assert worker.process.stderr is not None
        assert "permission denied for function claim_cache_invalidations" in worker.process.stderr.read()
        assert worker.process.wait(DEADLINE) != 0


def test_a_worker_goes_on_when_postgresql_was_restarted(
    server: ScratchServer, language: str, program_folder: Path
) -> None:
    with (
        scratch_server(server.major) as own,
        fresh_database(own) as database,
        open_world(database, language, program_folder) as here,
    ):
        here.write("INSERT INTO items VALUES (1, 1)")
        with here.program("work") as worker:
            eventually(here.drained)
            own.stop(immediate=True)
            worker.wait_for(lambda event: event.get("error") and event["of"] is None)
            own.start()
            with database.connect() as connection:
                again = World(database, connection, language, program_folder)
                again.write("INSERT INTO items VALUES (2, 1)")
                eventually(again.drained)
                assert worker.end()[-1] == "ended"


# Writers and readers.


def test_an_application_invalidates_by_itself(here: World) -> None:
    assert here.run("enqueue") == []
    assert sorted(here.rows("tag")) == [("item:7",), ("items",)]


def test_what_fails_for_a_while_is_tried_again(here: World) -> None:
    """Three times it fails: as a mistake would, and then as a transaction that lost a conflict does."""
    here.write("CREATE SEQUENCE calls; GRANT USAGE ON calls TO service_role")
    body = (
        "BEGIN IF nextval('public.calls') < 4 THEN RAISE EXCEPTION 'busy' USING ERRCODE = '{state}'; END IF;"
        " PERFORM pgspec.enqueue_tags(ARRAY[$1], interval '1 minute'); END"
    )
    replace = (
        "CREATE OR REPLACE FUNCTION enqueue_cache_invalidation(tag text, window_minutes integer DEFAULT 1) RETURNS void"
        " LANGUAGE plpgsql SECURITY DEFINER AS $f$ {} $f$"
    )
    here.write(replace.format(body.format(state="22000")))
    with here.program("enqueue") as program:
        assert program.process.wait(DEADLINE) != 0
    assert here.rows("tag") == []
    here.write("SELECT setval('calls', 1, false)")
    here.write(replace.format(body.format(state="40001")))
    here.run("enqueue")
    assert sorted(here.rows("tag")) == [("item:7",), ("items",)]


def test_a_cached_query_is_loaded_once(here: World) -> None:
    here.write("INSERT INTO items VALUES (1, 10)")
    with here.program("read") as reader:
        reader.wait_for(lambda event: "loaded" in event)
        reader.tell()
        first = reader.wait_for(lambda event: "turn" in event)
        reader.tell()
        second = reader.wait_for()
        reader.end()
    assert (second["turn"], second["value"]) == (2, first["value"]) == (2, [{"value": 10}])
    rows = here.connection.execute(
        "SELECT key, invalidation_tags, expires_at - created_at > interval '59 min' FROM cache_entries"
    )
    assert rows.fetchall() == [(first["key"], ["item:1"], True)]
    assert first["key"].startswith("item_value@") and first["key"].endswith(':["1",["5"]]')


TAKE = {
    "typescript": "  const taken: unknown = (await db.query(versions, [query.tags])).rows[0]?.taken;\n",
    "python": '    taken = cursor.execute("SELECT public.cache_tag_versions(%s)", [query.tags]).fetchall()[0][0]\n',
}
PUT = {"typescript": "  const put = ", "python": "    put = "}


@pytest.mark.parametrize("late", [False, True])
def test_a_value_that_was_invalidated_while_it_was_read_is_not_kept(here: World, late: bool, tmp_path: Path) -> None:
    here.write("INSERT INTO items VALUES (1, 10)")
    take, put = TAKE[here.language], PUT[here.language]
    folder = printed(here.language, tmp_path, (take, ""), (put, take + put)) if late else None
    with here.program("read", folder=folder) as reader:
        assert reader.wait_for() == {"loaded": [{"value": 10}]}
        here.write("UPDATE items SET value = 20 WHERE id = 1")
        here.write("SELECT drain_cache_invalidation_queue()")
        reader.tell()
        assert reader.wait_for(lambda event: "turn" in event)["value"] == [{"value": 10}]
        reader.tell()
        second = reader.wait_for(lambda event: event.get("turn") == 2)
        reader.end()
    assert second["value"] == [{"value": 10 if late else 20}]


ODD = 'o%s "\\` ${x}'


def test_the_schema_of_the_queue_may_have_any_name(database: Database, language: str, tmp_path: Path) -> None:
    install(database, ODD)
    folder = printed(language, tmp_path, runtime=ODD)
    with database.connect() as connection:
        connection.execute("SELECT set_config('search_path', %s, false)", [str(ident(ODD))])
        here = World(database, connection, language, folder)
        here.run("enqueue")
        assert sorted(here.rows("tag")) == [("item:7",), ("items",)]
        with here.program("work", fails={"items": 1}) as worker:
            eventually(here.drained)
            worker.end()
        with here.program("read") as reader:
            for _ in range(2):
                reader.tell()
            assert [event["turn"] for event in reader.end() if "turn" in event] == [1, 2]


# Refusals.

STATEMENTS = [
    "SELECT * FROM api.payouts",
    "INSERT INTO payouts VALUES (1, 'b')",
    "SELECT * FROM api.ledgers",  # the error has a hint of ours, which is SQL
    "SELECT * FROM secrets",
    "DELETE FROM payouts",
    "CREATE TABLE api.more ()",
    "SELECT 1 / 0",
    "SELECT 1",
]
OTHER = "Use an account that is, or ask an administrator."


def test_people_are_told_what_the_specs_say_and_no_sql(here: World) -> None:
    *found, access = here.run("refuse", role="anon", claims='{"sub":"a"}', statements=STATEMENTS)
    see, do, save = (f"You are not allowed to {verb} this." for verb in ("see", "do", "save"))
    assert found == [
        {"title": see, "hint": "Sign in as an admin.", "table": "api.payouts"},
        {"title": save, "hint": "Sign in as an admin.", "table": "payouts"},
        {"title": see, "hint": OTHER, "table": "api.ledgers"},
        {"title": do, "hint": OTHER, "table": "secrets"},
        {"title": do, "hint": "Sign in as an admin.", "table": "payouts"},
        {"title": do, "hint": OTHER},
        None,
        "allowed",
    ]
    assert access[0] == {"name": "session", "ok": True, "hint": None}
    assert access[-1] == {"name": "access", "ok": False, "hint": "Sign in as an admin."}
