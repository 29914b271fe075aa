"""`on_denied: error` and `explain_access` on a server: whom they refuse, what they say, and what they do not tell."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

import decide_world as world
from live import Database, fresh_database
from pgspec import admission, snapshot, testing
from pgspec.compile import Result, compile_project
from pgspec.decide import Decider, fixture_rows
from pgspec.expectations import Matrix
from pgspec.kinds.rls import COMMANDS
from pgspec.migration import Printer, Settings
from pgspec.objects import Key
from pgspec.pgsql import ast
from pgspec.plan import plan
from pgspec.scratch import ScratchServer
from pgspec.sources import from_texts

CASE = Path(__file__).parent / "cases/rls_error/specs"
ADMIN = {"sub": "11111111-1111-1111-1111-111111111111", "role": "admin"}
VENDOR = {"sub": "22222222-2222-2222-2222-222222222222", "role": "vendor"}
HINT = "role=admin? session present?"


def compiled() -> Result:
    result = compile_project(from_texts({f"specs/{p.name}": p.read_text("utf-8") for p in CASE.iterdir()}))
    assert result.ok, result.diagnostics
    return result


@pytest.fixture
def clinic(database: Database) -> Iterator[Any]:
    """The case, deployed, with its fixtures and a row that references a guarded one."""
    with database.connect() as connection:
        _deploy(connection, compiled())
        yield connection


def _deploy(connection: Any, result: Result) -> None:
    here = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
    schema = (CASE / "schema.sql").read_text("utf-8")
    lines = [
        line
        for line in schema.split("\n")
        if not (line.startswith("CREATE ROLE") and line.split()[2].strip(";") in here)
    ]
    connection.execute("\n".join(lines).encode())
    connection.execute("ALTER ROLE service_role BYPASSRLS")  # another test may have made it
    connection.execute(result.files["generated/draft/migrate.sql"].encode())
    testing._fixtures(testing._Run(connection, lambda *_: None), result)


@contextmanager
def acting(connection: Any, role: str, claims: dict[str, Any] | str | None) -> Iterator[None]:
    text = claims if isinstance(claims, str) else json.dumps(claims) if claims else ""
    with connection.transaction(force_rollback=True):
        setting = "SELECT set_config('request.jwt.claims', %s, true), set_config('role', %s, true)"
        connection.execute(setting, [text, role])
        yield


def refusal(connection: Any, sql: str, role: str, claims: dict[str, Any] | str | None) -> tuple[str, str] | None:
    """SQLSTATE and hint; None when it is allowed."""
    try:
        with acting(connection, role, claims):
            connection.execute(sql.encode())
    except psycopg.Error as error:
        return error.sqlstate or "", error.diag.message_hint or ""
    return None


READS = (
    'SELECT * FROM api."sec rets"', 'SELECT count(*) FROM api."sec rets"', 'SELECT * FROM api."sec rets" WHERE id = 1',
    'SELECT * FROM api."sec rets" WHERE id = -5', 'SELECT * FROM api."sec rets" LIMIT 1',
    'SELECT EXISTS (SELECT FROM api."sec rets" WHERE id = -5)',
    'SELECT g.id FROM (VALUES (7)) AS g (id) LEFT JOIN api."sec rets" AS s USING (id)',
    'SELECT g.id FROM (VALUES (7)) AS g (id) WHERE NOT EXISTS (SELECT FROM api."sec rets" AS s WHERE s.id = g.id)',
    'SELECT * FROM api."sec rets" WHERE text LIKE \'x%\' ORDER BY id DESC', 'DELETE FROM secrets WHERE false',
    'UPDATE api."sec rets" SET text = text WHERE id = -5',
)  # fmt: skip


@pytest.mark.parametrize("rows", ["with rows", "empty"])
def test_a_refusal_says_nothing_of_the_rows(clinic: Any, rows: str) -> None:
    if rows == "empty":
        clinic.execute("DELETE FROM secrets")
    clinic.execute('GRANT UPDATE, DELETE ON secrets, api."sec rets" TO authenticated')
    for sql in READS:
        for claims in (VENDOR, None, "not json", '{"role": 5}'):
            assert refusal(clinic, sql, "authenticated", claims) == ("42501", HINT), (sql, claims)
        assert refusal(clinic, sql, "service_role", None) is None
    with acting(clinic, "authenticated", ADMIN):
        found = clinic.execute('SELECT text FROM api."sec rets"').fetchall()
    assert found == ([("it",)] if rows == "with rows" else [])
    # The table itself filters, as PostgreSQL does.
    with acting(clinic, "authenticated", VENDOR):
        assert clinic.execute("SELECT * FROM secrets").fetchall() == []


def test_prepared_and_generic_plans_ask_again(clinic: Any) -> None:
    clinic.execute("SET plan_cache_mode = force_generic_plan")
    clinic.execute('PREPARE read AS SELECT count(*) FROM api."sec rets"')
    for claims, allowed in ((ADMIN, True), (VENDOR, False), (ADMIN, True)):
        assert (refusal(clinic, "EXECUTE read", "authenticated", claims) is None) is allowed


WRITES = (
    "INSERT INTO bookings (id, vendor_id) SELECT 1, NULL WHERE false", "DELETE FROM api.bookings WHERE id = -5",
    "UPDATE bookings SET note = note WHERE false", "DELETE FROM bookings WHERE false",
)  # fmt: skip


@pytest.mark.parametrize("sql", WRITES)
def test_writes_are_refused_before_they_read(clinic: Any, sql: str) -> None:
    state, hint = refusal(clinic, sql, "authenticated", None) or ("", "")
    assert state == "42501"
    command = "select" if "api." in sql else sql.split(maxsplit=1)[0].lower()
    assert hint in (
        f"SELECT * FROM public.explain_access('bookings', '{word}') says what is missing"
        for word in (command, "delete")
    )
    assert refusal(clinic, sql, "authenticated", VENDOR) is None
    assert refusal(clinic, sql, "service_role", None) is None
    assert refusal(clinic, sql, "postgres", None) is None


def test_truncate_is_refused_whoever_granted_it(clinic: Any) -> None:
    assert refusal(clinic, "TRUNCATE secrets", "authenticated", ADMIN) == ("42501", "")
    clinic.execute("GRANT TRUNCATE ON secrets TO authenticated")
    assert refusal(clinic, "TRUNCATE secrets", "authenticated", ADMIN) == (
        "42501",
        "TRUNCATE asks no policy; DELETE does",
    )
    assert refusal(clinic, "TRUNCATE secrets", "postgres", ADMIN) is None


def test_cascades_of_foreign_keys_pass(clinic: Any) -> None:
    """They run as the owner, whatever the caller may do to the guarded table itself."""
    clinic.execute("CREATE TABLE vendors (id uuid PRIMARY KEY); GRANT SELECT, DELETE ON vendors TO authenticated")
    clinic.execute("INSERT INTO vendors SELECT vendor_id FROM bookings")
    clinic.execute("ALTER TABLE bookings ADD FOREIGN KEY (vendor_id) REFERENCES vendors ON DELETE CASCADE")
    with acting(clinic, "authenticated", None):
        clinic.execute("DELETE FROM vendors")
        clinic.execute("RESET ROLE")
        assert clinic.execute("SELECT count(*) FROM bookings").fetchone() == (0,)


def test_the_expectations_of_the_case_hold_and_mutants_do_not(clinic: Any) -> None:
    result = compiled()
    assert result.program is not None
    for guarded in result.program.guarded:
        assert Matrix(clinic, result.program, guarded).run().undecided == 0


OWN = "needs vendor_id = (SELECT pgspec.claim_uuid('sub')) OR (SELECT pgspec.claim('role')) = 'admin'"
EXPLAINED = {
    ("secrets", "select", "authenticated", "vendor"): [
        ("session", True, None), ("right", True, None),
        ("policy admins_read", False, "needs (SELECT pgspec.claim('role')) = 'admin'"), ("access", False, HINT),
    ],
    ("api.bookings", "UPDATE", "authenticated", None): [
        ("session", False, "the request carries no claims"), ("right", True, None),
        ("policy own", False, OWN),
        ("policy never_null", True, None), ("access", False, None),
    ],
    ("bookings", "insert", "authenticated", "vendor"): [
        ("session", True, None), ("right", True, None), ("policy own", True, None),
        ("access", True, "to the rows that the policies admit"),
    ],
    ("public.secrets", "delete", "anon", "vendor"): [
        ("session", True, None), ("right", False, "DELETE is not granted to anon"), ("access", False, HINT),
    ],
    ("secrets", "select", "service_role", None): [
        ("session", False, "the request carries no claims"), ("right", True, None),
        ("row security", True, "does not bind service_role"),
    ],
    ("pg_authid", "select", "anon", None): [("table", False, "no spec guards a table of this name")],
}  # fmt: skip


@pytest.mark.parametrize("asked", EXPLAINED)
def test_explain_access_says_why(clinic: Any, asked: tuple[str, str, str, str | None]) -> None:
    table, command, role, who = asked
    with acting(clinic, role, {"vendor": VENDOR}.get(who or "")):
        found = clinic.execute("SELECT * FROM explain_access(%s, %s)", [table, command]).fetchall()
    assert found == EXPLAINED[asked]


def test_explain_access_refuses_other_commands(clinic: Any) -> None:
    for command in ("truncate", "", None):
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            clinic.execute("SELECT * FROM explain_access('secrets', %s)", [command])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("SELECT 1", ""),
        ("ALTER VIEW api.bookings SET (security_invoker = false)", "view api.bookings: is not as it was deployed"),
        ("ALTER VIEW api.bookings RESET (security_barrier)", "view api.bookings: is not as it was deployed"),
        ("GRANT SELECT ON api.bookings TO anon", "access to api.bookings: is {anon SELECT"),
        ("ALTER TABLE bookings DISABLE TRIGGER pgspec_guard_update", "pgspec_guard_update on public.bookings: is dis"),
        ("DROP TRIGGER pgspec_guard_truncate ON bookings", "pgspec_guard_truncate on public.bookings: does not"),
    ],
)  # fmt: skip
def test_verify_notices(clinic: Any, change: str, said: str) -> None:
    clinic.execute(change.encode())
    try:
        clinic.execute(compiled().files["generated/draft/verify.sql"].encode())
        found = ""
    except psycopg.Error as error:
        found = str(error)
    assert (said in found) if said else found == ""


def _refused_but_admitted(number: int, seed: int) -> tuple[int, list[str]]:
    """How many cells are refused, and those of them in which a policy admits a row."""
    rng, refused, wrong = random.Random(seed), 0, []
    while number:
        text = world.policies(rng)
        if "on_denied" not in text:
            continue
        number -= 1
        filtered = "\n".join(line for line in text.split("\n") if not line.startswith(("on_denied", "expose", "hint")))
        raising, silent = (_decider(text), _decider(filtered))
        for name, persona in raising.project.personas.items():
            for command in COMMANDS:
                hint = raising.decide(command, name, persona).result.hint
                refused += hint is not None
                if hint is not None and silent.decide(command, name, persona).result.labels:
                    wrong.append(f"{text}{command} as {name}")
    return refused, wrong


def _decider(text: str) -> Decider:
    program = world.compiled(text)
    (guarded,) = program.guarded
    assert guarded.table is not None
    return Decider(
        guarded, program.project, program.catalog, fixture_rows(program.project, program.catalog, guarded.table)
    )


def test_nobody_is_refused_whom_a_policy_admits(monkeypatch: pytest.MonkeyPatch) -> None:
    refused, wrong = _refused_but_admitted(60, 5)
    assert wrong == []
    assert refused > 100
    part = admission._part

    def narrower(node: Any) -> Any:
        """Of an OR, only what the session decides."""
        if not (isinstance(node, ast.BoolExpr) and node.boolop == admission._OR):
            return part(node)
        kept = [inside for arg in node.args if (inside := narrower(arg)) is not None]
        return ast.BoolExpr(boolop=admission._OR, args=tuple(kept)) if len(kept) > 1 else next(iter(kept), None)

    monkeypatch.setattr(admission, "_part", narrower)
    assert _refused_but_admitted(60, 5)[1] != []


def _variant(change: Callable[[str], str]) -> Result:
    texts = {f"specs/{p.name}": p.read_text("utf-8") for p in CASE.iterdir()}
    texts["specs/rls.yaml"] = change(texts["specs/rls.yaml"])
    result = compile_project(from_texts(texts))
    assert result.ok, result.diagnostics
    return result


def _filtering(text: str) -> str:
    """The bookings without an error: who has no session then gets no rows."""
    bookings, _, secrets = text.partition("---\n")
    lines = [line for line in bookings.split("\n") if not line.startswith(("on_denied", "expose"))]
    silent = [line if "hint:" not in line else line.partition("{error")[0] + "none" for line in lines]
    return "\n".join(silent).replace("delete: {admin: all,", "delete: {admin: all, stranger: none,") + "---\n" + secrets


CHANGES: dict[str, Callable[[str], str]] = {
    "it filters": _filtering,
    "another hint": lambda text: text.replace("role=admin? session present?", "role=admin, they say"),
    "another name": lambda text: text.replace('api."sec rets"', "api.secrets"),
    "another condition": lambda text: text.replace("'admin'\"}", "'admin' AND id > 0\"}"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_there_and_back(server: ScratchServer, what: str) -> None:
    """Whichever way a refusal changes, the catalog is what a fresh deployment makes; and back."""
    before, after = compiled(), _variant(CHANGES[what])
    printer = Printer(Settings("clinic", "3s", "60s", "pgspec"))
    there = printer.migrate_sql("there", plan(before.after, after.after), after.after)
    back = printer.migrate_sql("back", plan(after.after, before.after), before.after)
    with fresh_database(server) as one, fresh_database(server) as two, one.connect() as old, two.connect() as fresh:
        _deploy(old, before)
        _deploy(fresh, after)
        first = snapshot.snapshot(old)
        old.execute(there.encode())
        assert snapshot.diff(snapshot.snapshot(fresh), snapshot.snapshot(old)) == []
        old.execute(after.files["generated/draft/verify.sql"].encode())
        old.execute(back.encode())
        assert snapshot.diff(first, snapshot.snapshot(old)) == []


def test_a_name_that_two_tables_have_stands_for_neither() -> None:
    schema = (CASE / "schema.sql").read_text("utf-8") + "CREATE TABLE api.secrets (id bigint PRIMARY KEY);\n"
    other = "---\nkind: rls\ntable: api.secrets\nallow: {RLS007: elsewhere}\npolicies:\n"
    other += "- {name: all, command: select, to: [anon], using: 'true'}\n"
    texts = {f"specs/{p.name}": p.read_text("utf-8") for p in CASE.iterdir()}
    texts |= {"specs/schema.sql": schema, "specs/rls.yaml": texts["specs/rls.yaml"] + other}
    result = compile_project(from_texts(texts))
    assert result.ok, result.diagnostics
    body = result.after[Key("function", "public.explain_access(text, text)")].definition["body"]
    assert "ARRAY['public.secrets', 'api.\"sec rets\"']" in body and "ARRAY['api.secrets']" in body
