"""`pgspec test`: it sees what is wrong, says where, and leaves nothing behind."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from live import Database
from pgspec import testing
from pgspec.compile import DRAFT, Result, compile_project
from pgspec.scratch import ScratchError
from pgspec.sources import Sources, from_texts
from pgspec.starter import FILES
from shop import DAILY, MONTHLY, PROJECT, SCHEMA, sources

ROWS = """\
fixtures:
  customers:
    ada: {id: 1, city: Rome}
  orders:
    one: {id: 1, customer_id: 1, placed_on: 2025-01-01, amount: 5}
    two: {id: 2, customer_id: 1, placed_on: 2025-01-01, amount: 7, coupon: "10%"}
"""
TRUSTED = """\
kind: materialized_view
name: amounts
unique_key: [customer_id]
allow: {MV002: "one order a customer, says the shop"}
query: SELECT customer_id, amount FROM orders
"""


def project(specs: Mapping[str, str]) -> tuple[Sources, Result]:
    made = sources(specs)
    made = replace(made, specs={**made.specs, "specs/project.yaml": (PROJECT + ROWS).encode()})
    result = compile_project(made)
    assert result.ok, result.diagnostics
    return made, result


def run(made: Sources, result: Result, database: str | None = None) -> list[str]:
    steps: list[str] = []
    testing.run(result, made, None, database, lambda what, _seconds, outcome: steps.append(f"{outcome} {what}"))
    return steps


def test_a_key_that_was_accepted_is_checked_on_data() -> None:
    made, result = project({"amounts.yaml": TRUSTED})
    with pytest.raises(testing.StepError) as caught:
        run(made, result)
    assert caught.value.step == "refresh concurrently public.amounts"
    assert "amounts" in caught.value.detail and "duplicate" in caught.value.detail


def test_the_fixtures_arrive_with_their_types() -> None:
    made, result = project({"daily.yaml": DAILY})
    assert "ok fixtures, 3 rows" in run(made, result)


@pytest.mark.parametrize(
    ("name", "edit", "step", "detail"),
    [
        (
            "rollback.sql",
            lambda text: text.replace("DROP MATERIALIZED VIEW public.orders_monthly;", ""),
            "roll back draft",
            "cannot drop materialized view orders_daily because other objects depend on it",
        ),
        (
            "rollback.sql",
            lambda text: text.replace("\nEND\n$pgspec$", "\nCREATE TABLE public.left_behind ();\nEND\n$pgspec$"),
            "roll back draft",
            "+ table public.left_behind",
        ),
        (
            "migrate.sql",
            lambda text: text.replace("GRANT SELECT ON TABLE public.orders_daily TO service_role;", ""),
            "verify draft",
            "access to public.orders_daily: is {}, the spec says {service_role SELECT}",
        ),
        (
            "migrate.sql",
            lambda text: text.replace("\nEND\n$pgspec$", "\nCREATE TABLE public.more ();\nEND\n$pgspec$"),
            "roll back draft",
            "+ table public.more",
        ),
        ("verify.sql", lambda text: text + "SELECT 1 / 0;", "verify draft", "division by zero"),
    ],
)
def test_what_is_wrong_is_named(name: str, edit: Callable[[str], str], step: str, detail: str) -> None:
    made, result = project({"daily.yaml": DAILY, "monthly.yaml": MONTHLY})
    path = f"{DRAFT}/{name}"
    assert edit(result.files[path]) != result.files[path]
    broken = replace(result, files={**result.files, path: edit(result.files[path])})
    with pytest.raises(testing.StepError) as caught:
        run(made, broken)
    assert caught.value.step == step
    assert detail in caught.value.detail


def test_schema_sql_must_lead_to_the_same_catalog() -> None:
    made, result = project({"daily.yaml": DAILY})
    path = "generated/schema.sql"
    broken = replace(result, files={**result.files, path: result.files[path] + "COMMENT ON SCHEMA pgspec IS 'x';"})
    with pytest.raises(testing.StepError) as caught:
        run(made, broken)
    assert "schema.sql" in caught.value.step and "schema pgspec" in caught.value.detail


def test_a_project_may_do_without_tables() -> None:
    text = "kind: materialized_view\nname: days\nunique_key: [day]\nquery: SELECT generate_series(1, 7) AS day\n"
    made = from_texts({"specs/project.yaml": "kind: project\nname: x\n", "specs/days.yaml": text})
    result = compile_project(made)
    assert result.diagnostics == ()
    assert "ok refresh concurrently public.days, 7 rows" in run(made, result)


def test_a_given_server_is_left_as_it_was(database: Database) -> None:
    made, _ = project({"daily.yaml": DAILY})
    made = replace(made, sql={"specs/schema.sql": f"CREATE ROLE only_here; {SCHEMA}".encode()})

    def everything() -> list[tuple[str, ...]]:
        with database.connect() as connection:
            databases = (
                "SELECT datname FROM pg_database WHERE datname LIKE 'pgspec%' UNION ALL SELECT rolname FROM pg_roles"
            )
            return sorted(connection.execute(databases).fetchall())

    before = everything()
    steps = run(made, compile_project(made), database.dsn)
    assert steps[-1] == "ok schema.sql leads to the same catalog"
    assert [step for step in steps if "pgspec_test_" in step]
    assert everything() == before


def test_a_server_that_does_not_answer_is_named() -> None:
    made, result = project({"daily.yaml": DAILY})
    with pytest.raises(ScratchError, match="cannot be used"):
        run(made, result, "host=127.0.0.1 port=1 connect_timeout=2")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_stays_when_it_is_stopped(tmp_path: Path, stop: signal.Signals) -> None:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        slow = (
            text.replace("count(*) AS orders", "count(*) + count(pg_sleep(60)) AS orders") if "daily" in path else text
        )
        (tmp_path / path).write_text(slow.replace("query: |", "allow: {MV006: it sleeps}\nquery: |"), "utf-8")
    command = [sys.executable, "-m", "pgspec", "test"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        seen = []
        for line in process.stdout:
            seen.append(line)
            if "base schema" in line:
                break
        assert seen and "base schema" in seen[-1], seen
        servers = descendants(process.pid)
        assert any("postgres" in name for name in servers.values()), servers
        process.send_signal(stop)
        process.wait(30)
        assert process.returncode != 0
        assert "Traceback" not in "".join(seen) + process.stdout.read()
    deadline = time.monotonic() + 20
    while any(alive(pid, name) for pid, name in servers.items()):
        assert time.monotonic() < deadline, "a server stayed"
        time.sleep(0.05)


def descendants(root: int) -> dict[int, str]:
    """The processes below one, by id, with their names."""
    found: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text()
            except OSError:
                continue
            match = re.match(r"(\d+) \((.*)\) \S (\d+)", status, re.DOTALL)
            if match:
                found[int(match[1])] = (int(match[3]), match[2])
    below = {root}
    while more := {pid for pid, (parent, _) in found.items() if parent in below} - below:
        below |= more
    return {pid: found[pid][1] for pid in below - {root}}


def alive(pid: int, name: str) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return f"({name})" in status and ") Z " not in status
