"""Load tests on a server: what `pgspec load` measures, prints and leaves, and what `pgspec test` does with them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from live import Database
from pgspec.compile import compile_project
from pgspec.exercises.loads import exercise_load
from pgspec.load_run import Outcome, Run, session_of
from pgspec.load_tests import Load
from pgspec.operations import pgbench
from pgspec.program import Program
from pgspec.scratch import ScratchServer, find_pgbench
from pgspec.sources import from_texts
from projects import pgspec, write

pytestmark = pytest.mark.newest

SCHEMA = """\
CREATE TABLE orders (id bigint PRIMARY KEY, city text NOT NULL, amount numeric NOT NULL);
CREATE TABLE seen (at bigint GENERATED ALWAYS AS IDENTITY, text text);
CREATE VIEW slow_orders AS SELECT id, pg_sleep(0.03) IS NULL AS slow FROM orders LIMIT 1;
CREATE FUNCTION noted(what text) RETURNS text LANGUAGE sql
  AS $$ INSERT INTO seen (text) VALUES (what) RETURNING text $$;
"""
PROJECT = "kind: project\nname: shop\n"
HEAD = "kind: load_test\nname: shop\nclients: 2\nduration: 1s\n"
LOAD = f"""{HEAD}\
parameters: {{city: {{query: SELECT city FROM orders}}}}
mix:
  - {{name: find, weight: 9, query: SELECT id FROM orders WHERE city = :city}}
  - {{name: slow, query: SELECT slow FROM slow_orders}}
thresholds: {{find: {{tps: 1}}, slow: {{p50_ms: 5000}}}}
"""
ROWS = "INSERT INTO orders SELECT n, 'city ' || n, 1 FROM generate_series(1, 50) AS n;"
BY_ID = (
    "name: by_id\n    query: SELECT id FROM orders WHERE id = :x\n"
    "    parameters: {{x: {{query: SELECT id FROM orders {}}}}}"
)
OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgspec_load%'"


def texts(load: str, project: str = PROJECT, schema: str = SCHEMA) -> dict[str, str]:
    return {"specs/project.yaml": project, "specs/schema.sql": schema, "specs/load.yaml": load}


def built(load: str, project: str = PROJECT) -> tuple[Program, Load]:
    found = compile_project(from_texts(texts(load, project)))
    assert found.diagnostics == ()
    assert found.program is not None
    return found.program, found.program.loads[0]


def measured(database: Database, load: str, project: str = PROJECT, **more: Any) -> Outcome:
    program, made = built(load, project)
    found = find_pgbench()
    assert isinstance(found, Path)
    session = session_of(made, program.project, database.dsn)
    return Run(program.project, made, made.entries, session, found, 2, 1, **more).measure()


@pytest.fixture
def shop(database: Database) -> Database:
    database.run(SCHEMA + ROWS)
    return database


def load_command(root: Path, database: Database, *arguments: str) -> subprocess.CompletedProcess[str]:
    return pgspec(root, "load", "shop", "--database", database.dsn, *arguments)


def test_thresholds_that_are_kept_to(shop: Database, tmp_path: Path) -> None:
    """Each entry is measured by itself: the slow one takes its 30 ms, and does not make the other slow."""
    done = load_command(write(tmp_path, texts(LOAD)), shop, "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    find, slow = found["entries"]
    assert (find["name"], slow["name"], found["ok"], found["errors"]) == ("find", "slow", True, [])
    assert slow["p50_ms"] >= 30 > find["p50_ms"]
    assert 3 * slow["count"] < find["count"] < 27 * slow["count"]  # 9 to 1 on average
    assert found["all"]["count"] == find["count"] + slow["count"]
    assert "changes the database" not in done.stderr


def test_a_threshold_that_is_not_kept_to(shop: Database, tmp_path: Path) -> None:
    root = write(tmp_path, texts(LOAD.replace("p50_ms: 5000", "p50_ms: 29")))
    done = load_command(root, shop)
    assert done.returncode == 1
    assert re.search(r"^find .* tps >= 1 +ok$", done.stdout, re.MULTILINE)
    assert re.search(r"^slow .* p50 <= 29 ms \(not kept\) +failed$", done.stdout, re.MULTILINE)
    assert re.search(r"^all .* errors <= 0 +ok$", done.stdout, re.MULTILINE)
    assert "\x1b" not in done.stdout + done.stderr
    markdown = load_command(root, shop, "--format", "markdown", "--clients", "3", "--duration", "2s")
    assert markdown.returncode == 1
    assert markdown.stdout.startswith("### load test shop: 3 clients, 2 s\n\n| entry | count |")


def test_an_error_ends_in_a_failure_with_the_message_of_the_server(shop: Database, tmp_path: Path) -> None:
    """One that only some rows have: nothing tells before it is run."""
    query = "SELECT 1 / (random() > 0.05)::int AS one"
    done = load_command(write(tmp_path, texts(f"{HEAD}mix: [{{name: divide, query: {query}}}]\n")), shop)
    assert done.returncode == 1
    assert "2 sessions ended by an error, divide: ERROR:  division by zero" in done.stdout
    assert re.search(r"^all .* 2  errors <= 0 \(not kept\) +failed$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("mix", "said"),
    [
        ("{name: gone, query: SELECT 'a'::integer AS one}", "the server refuses `gone`: invalid input syntax"),
        ("{name: kind, query: 'SELECT lower(3) AS x'}", "the server refuses `kind`: function lower(integer) does not"),
        (BY_ID.format("WHERE id < 0"), "the query for the values of `x` of `by_id` finds none"),
        (BY_ID.format("WHERE 1 / (id - id) = 1"), "the server refuses the query for `x`: division by zero"),
    ],
)
def test_what_cannot_run_is_said_before_anything_is_run(mix: str, said: str, shop: Database, tmp_path: Path) -> None:
    load = f"{HEAD}mix:\n  - {{name: note, query: INSERT INTO seen (text) VALUES ('ran')}}\n  - {mix}\n"
    done = load_command(write(tmp_path, texts(load)), shop)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stdout == ""
    with shop.connect() as connection:
        assert connection.execute("SELECT count(*) FROM seen").fetchone() == (0,)


LITERALS = (
    "'a:id' || ':id'", "E'\\\\:id\\'x:id\\n'", "U&'\\0041:id'", "$$it's :id; \\ $$", "'a\n\\set a 1\n:id;'",
    "(ARRAY['a', 'b', 'c'])[1:2]::text", "(SELECT string_agg(u, '') FROM (SELECT 'x' AS \"a:id\") AS s (u))",
    "/* it's :id */ 'b' -- :id", "'12:34:56'::time::text", "'%s :é'", "$q$:id'$q$",
)  # fmt: skip


def test_what_is_printed_means_to_a_server_what_was_written(shop: Database) -> None:
    """Through pgbench, from the script as it is printed, each literal arrives as it does without pgbench."""
    for number, text in enumerate(LITERALS):
        query = f"INSERT INTO seen (text) SELECT :id || {text}\n"
        indented = "\n".join(f"      {line}" for line in query.split("\n"))
        load = f"{HEAD}parameters: {{id: {{values: [v]}}}}\nmix:\n  - name: q\n    query: |\n{indented}\n"
        assert measured(shop, load).entries[0].failed == 0, text
        with shop.connect() as connection:
            wanted = connection.execute(f"SELECT 'v' || {text}\n".encode()).fetchone()
            found = connection.execute("SELECT DISTINCT text FROM seen").fetchall()
            connection.execute("TRUNCATE seen")
        assert found == [wanted], number


HOSTILE = ("x'); DROP TABLE seen; --", 'a:id "b" {c},d\\e', "NULL", "", "é\n\\set id 1\n;", ":id", "$1")


def test_values_arrive_as_they_are(shop: Database) -> None:
    """Every value of a list is used, as it is written, whatever it looks like; numbers of a range are in it."""
    values = json.dumps(HOSTILE)
    load = (
        f"{HEAD}parameters: {{v: {{values: {values}}}, n: {{range: [-2, 2]}}, ids: {{values: ['{{1,2}}', '{{3}}']}}}}\n"
        "mix:\n"
        "  - {name: text, query: 'INSERT INTO seen (text) VALUES (:v)'}\n"
        "  - {name: number, query: \"INSERT INTO seen (text) VALUES ('n' || CAST(:n AS int))\"}\n"
        "  - {name: list, query: \"INSERT INTO seen (text) SELECT 'id' || id FROM orders WHERE id = ANY (:ids)\"}\n"
    )
    outcome = measured(shop, load)
    assert [entry.failed for entry in outcome.entries] == [0, 0, 0]
    with shop.connect() as connection:
        found = {text for (text,) in connection.execute("SELECT DISTINCT text FROM seen")}
    assert found == {*HOSTILE, "n-2", "n-1", "n0", "n1", "n2", "id1", "id2", "id3"}


def test_values_of_a_query_vary(shop: Database) -> None:
    mix = "mix:\n  - {name: q, query: 'INSERT INTO seen (text) VALUES (:c)'}\n"
    load = f"{HEAD}parameters: {{c: {{query: SELECT city FROM orders}}}}\n{mix}"
    measured(shop, load)
    with shop.connect() as connection:
        assert connection.execute("SELECT count(DISTINCT text) FROM seen").fetchone() == (50,)
        unknown = "SELECT count(*) FROM seen WHERE text NOT IN (SELECT city FROM orders)"
        assert connection.execute(unknown).fetchone() == (0,)


def test_no_transaction_takes_no_time(shop: Database) -> None:
    """pgbench says 0 of answers that are there at once, unless its clock is read before; so the clock is."""
    outcome = measured(shop, f"{HEAD}mix: [{{name: one, query: SELECT 1 AS one}}]\n")
    assert len(outcome.entries[0].latencies) > 100
    assert outcome.entries[0].latencies[0] > 0


def test_statements_run_as_the_persona(shop: Database) -> None:
    """With its role and claims, so that row security filters; and with the search path of the project."""
    shop.run(
        "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk; CREATE SCHEMA other; GRANT USAGE ON SCHEMA other TO clerk;"
        "CREATE TABLE other.words (text text); GRANT INSERT ON other.words TO clerk;"
    )
    project = (
        "kind: project\nname: shop\nsearch_path: [other, public]\n"
        'personas: {clerk: {role: clerk, claims: {sub: "it\'s a b\\\\c"}}}\n'
    )
    query = "INSERT INTO words (text) SELECT current_user || current_setting('request.jwt.claims') || session_user"
    schema = SCHEMA + "CREATE SCHEMA other; CREATE TABLE other.words (text text);"
    load = f"{HEAD}persona: clerk\nmix:\n  - name: q\n    query: {query}\n"
    found = compile_project(from_texts(texts(load, project, schema)))
    assert found.diagnostics == () and found.program is not None
    made = found.program.loads[0]
    program = find_pgbench()
    assert isinstance(program, Path)
    session = session_of(made, found.program.project, shop.dsn)
    outcome = Run(found.program.project, made, made.entries, session, program, 1, 1).measure()
    assert outcome.said == {}
    with shop.connect() as connection:
        rows = connection.execute("SELECT DISTINCT text FROM other.words").fetchall()
        connection.execute("DROP OWNED BY clerk; DROP ROLE clerk")
    assert rows == [('clerk{"sub": "it\'s a b\\\\c"}postgres',)]


def test_read_only(shop: Database, tmp_path: Path) -> None:
    """Entries that write are said first, and left out if asked; a function that writes is stopped by the server."""
    note = "  - {name: note, query: INSERT INTO seen (text) VALUES ('ran')}\n"
    mix = f"mix:\n{note}  - {{name: find, query: SELECT id FROM orders}}\n"
    root = write(tmp_path, texts(HEAD + mix))
    done = load_command(root, shop, "--read-only", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert [entry["name"] for entry in json.loads(done.stdout)["entries"]] == ["find"]
    assert "left out, since they write: note" in done.stderr
    with shop.connect() as connection:
        assert connection.execute("SELECT count(*) FROM seen").fetchone() == (0,)
        done = load_command(root, shop)
        assert done.returncode == 0
        assert "note changes the database (INSERT)" in done.stderr
        assert connection.execute("SELECT count(*) > 0 FROM seen").fetchone() == (True,)
    write(root, texts(HEAD + "mix: [{name: hidden, query: SELECT noted('x') AS x}]\n"))
    done = load_command(root, shop, "--read-only")
    assert done.returncode == 1
    assert "hidden: ERROR:  cannot execute INSERT in a read-only transaction" in done.stdout
    write(root, texts(HEAD + "mix: [{name: note, query: DELETE FROM seen}]\n"))
    assert load_command(root, shop, "--read-only").returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_half_way_nothing_is_left(number: int, shop: Database, tmp_path: Path) -> None:
    """No pgbench, no session of it, no file: not even while the server is busy with a long statement."""
    load = f"{HEAD}mix: [{{name: wait, query: SELECT pg_sleep(600) IS NULL AS x}}]\n"
    root = write(tmp_path / "project", texts(load))
    (tmp_path / "tmp").mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    command = [sys.executable, "-m", "pgspec", "load", "shop", "--database", shop.dsn]
    process = subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with shop.connect() as connection:
        until(lambda: connection.execute(f"{OURS} AND state = 'active'").fetchone() == (2,))
        assert len(processes(tmp_path)) == 1
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode != 0
        assert "Traceback" not in errors
        assert processes(tmp_path) == []
        until(lambda: connection.execute(OURS).fetchone() == (0,))
    assert list((tmp_path / "tmp").glob("pgspec-load-*")) == []


def processes(folder: Path) -> list[str]:
    """The commands of the pgbench processes that log into a folder."""
    listed = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.split("\n") if "pgbench" in line and f"--log-prefix={folder}" in line]


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_server_that_goes_away(shop: Database) -> None:
    """Sessions that are ended from outside are failures, not transactions."""
    load = f"{HEAD}mix: [{{name: end, query: 'SELECT pg_terminate_backend(pg_backend_pid()) AS x'}}]\n"
    outcome = measured(shop, load)
    assert (len(outcome.entries[0].latencies), outcome.entries[0].failed) == (0, 2)
    assert sum(outcome.said.values()) == 2


def test_failures_that_do_not_end_a_session_are_counted(shop: Database) -> None:
    """Deadlocks and serialization failures: pgbench goes on after them."""
    options = "-c default_transaction_isolation=serializable"
    program, made = built(f"{HEAD}mix: [{{name: add, query: UPDATE orders SET amount = amount + 1 WHERE id = 1}}]\n")
    found = find_pgbench()
    assert isinstance(found, Path)
    session = session_of(made, program.project, shop.server.dsn(shop.name, options=options))
    assert session.options == ""
    outcome = Run(program.project, made, made.entries, session, found, 4, 1).measure()
    assert outcome.entries[0].failed > 0
    assert outcome.said == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shopp"], "did you mean `shop`?"),
        (["shop", "--duration", "soon"], "expected a duration"),
        (["shop", "--database", "host=/nowhere dbname=x"], "the database cannot be used"),
        (["shop", "--database", "hots=x"], "the URL is none"),
    ],
)
def test_misuse(arguments: list[str], said: str, tmp_path: Path) -> None:
    root = write(tmp_path, texts(LOAD))
    done = pgspec(root, "load", *arguments, *([] if "--database" in arguments else ["--database", "host=/nowhere"]))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_database_is_required(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PGSPEC_DATABASE_URL"}
    done = pgspec(write(tmp_path, texts(LOAD)), "load", "shop", env=environment)
    assert done.returncode == 2
    assert "--database" in done.stderr


FIXTURES = "fixtures: {orders: {first: {id: 1, city: Lisbon, amount: 1}}}\n"


def try_out(root: Path, server: ScratchServer, *more: str) -> subprocess.CompletedProcess[str]:
    return pgspec(root, "test", *(more or ("--postgres", str(server.major))))


def test_pgspec_test_runs_every_entry(server: ScratchServer, tmp_path: Path) -> None:
    """Also the rare and the slow, without thresholds; a parameter without values is NULL."""
    load = (
        f"{HEAD}clients: 50\n".replace("clients: 2\n", "")
        + "mix:\n  - {name: often, weight: 10000, query: SELECT id FROM orders}\n"
        "  - {name: slow, query: SELECT pg_sleep(1.2) IS NULL AS x}\n"
        "  - {name: none, query: 'INSERT INTO seen (text) SELECT city FROM orders WHERE id = :x',"
        " parameters: {x: {query: SELECT id FROM orders WHERE id < 0}}}\n"
        "thresholds: {often: {p50_ms: 0.0001}}\n"
    )
    root = write(tmp_path, texts(load, PROJECT + FIXTURES))
    done = try_out(root, server)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"ok .* load test shop, \d+ transactions", done.stdout)


def test_entries_that_are_never_chosen_in_time_are_run_too(shop: Database) -> None:
    """Two sessions have time for few of the slow ones in a second; the others are run after them."""
    entries = "".join(
        f"  - {{name: e{n}, query: INSERT INTO seen (text) SELECT '{n}' FROM pg_sleep(1.1)}}\n" for n in range(5)
    )
    program, made = built(f"{HEAD}mix:\n{entries}")
    with shop.connect() as connection:
        exercise_load(made, program.project, connection)
        found = connection.execute("SELECT DISTINCT text FROM seen ORDER BY text").fetchall()
    assert found == [(str(n),) for n in range(5)]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT lower(3) AS x", "the server refuses `q`: function lower(integer) does not exist"),
        ("SELECT 1 / (id - id) AS x FROM orders", "q: ERROR:  division by zero"),
    ],
)
def test_pgspec_test_fails_with_what_fails(query: str, said: str, server: ScratchServer, tmp_path: Path) -> None:
    load = f"{HEAD}mix: [{{name: q, query: '{query}'}}]\n"
    done = try_out(write(tmp_path, texts(load, PROJECT + FIXTURES)), server)
    assert done.returncode == 1
    assert said in done.stderr


def test_pgspec_test_on_a_given_server(shop: Database, tmp_path: Path) -> None:
    done = try_out(write(tmp_path, texts(LOAD, PROJECT + FIXTURES)), shop.server, "--database", shop.dsn)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "load test shop" in done.stdout


def test_without_the_clock_some_answers_would_take_no_time(shop: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `\\set` of a script is not decoration: what is measured without it is not all true."""
    monkeypatch.setattr(pgbench, "_CLOCK", ("-- nothing",))
    load = f"{HEAD}mix: [{{name: one, query: SELECT 1 AS one}}]\n"

    def zeros() -> Sequence[int]:
        return [took for took in measured(shop, load).entries[0].latencies if took == 0]

    assert any(zeros() for _ in range(5))
