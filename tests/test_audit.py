"""Audit logs without a server: how they change, what they explain; and what `pgspec test` notices of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from audit_cases import AUDIT, GUARD, PERSONAS, SCHEMA, VIEWER, Mutant, compiled, draft
from live import MAJORS, Database
from pgspec import testing
from pgspec.audit_policies import LOG_COLUMNS
from pgspec.compile import DRAFT, compile_project
from pgspec.diagnostics import Diagnostic
from pgspec.explain import explain_object
from pgspec.migration import Printer
from pgspec.objects import Key
from pgspec.plan import plan
from pgspec.sources import from_disk, from_texts

CASE = Path(__file__).parent / "cases" / "audit_basic"


def steps(change: Callable[[str], str]) -> list[str]:
    """The steps of `pgspec test` with a migration that was changed behind the compiler's back."""
    sources = from_disk(CASE)
    result = compile_project(sources)
    files = {**result.files, f"{DRAFT}/migrate.sql": change(result.files[f"{DRAFT}/migrate.sql"])}
    done: list[str] = []
    testing.run(
        replace(result, files=files),
        sources,
        MAJORS[-1],
        None,
        lambda what, _, outcome: done.append(f"{outcome} {what}"),
    )
    return done


@pytest.mark.parametrize(
    ("mutant", "says"),
    [
        (Mutant("a column is not compared", "o.c2 IS DISTINCT FROM n.c2", "false"), "0 entries instead of 1"),
        (Mutant("no source", "THEN 'service'", "THEN 'api'"), "source: 'api' instead of 'service'"),
        (Mutant("no claims", "c.claims #> ARRAY['sub']", "c.claims #> ARRAY['su']"), "claims: "),
        (Mutant("no request", "RETURN (\ncurrent_setting", "RETURN (SELECT NULL) || (\ncurrent_setting"), "request_id"),
        (Mutant("no guard", "RAISE EXCEPTION '% on the audit log", "RETURN NULL; RAISE EXCEPTION '% on the audit log"),
         "is not refused to "),
        (Mutant("nothing to see", '((SELECT pgspec."may_view_quiet viewer"(false)))', "((SELECT now() IS NULL))"),
         "shows 0 entries to trusted"),
        (Mutant("no error", "IF demand THEN", "IF false THEN"), "does not meet `require`"),
        (Mutant("no way in", "    ) THEN\n      RETURN true;", "    ) IS NULL THEN\n      RETURN true;"),
         "as admin"),
        (Mutant("an open policy", "((SELECT pgspec.may_view_admin_audit_viewer(false)))", "(true)"),
         "as vendor"),
    ],
    ids=lambda value: value.what if isinstance(value, Mutant) else "",
)  # fmt: skip
def test_the_test_notices(mutant: Mutant, says: str) -> None:
    with pytest.raises(testing.StepError) as caught:
        steps(mutant.of)
    assert says in caught.value.detail


GARBLED = PERSONAS.replace(
    "  job: {role", "  garbled: {role: audit_user, claims: {level: high}}\n  clerk: {role: audit_plain}\n  job: {role"
)


def test_expectations_of_a_log() -> None:
    """Decided without a server as on one, a claim that cannot be read included; and mutants are noticed."""
    guard = GUARD.replace("alice: [hers]", "alice: [hers], garbled: none, clerk: all")
    texts = {"specs/project.yaml": GARBLED, "specs/schema.sql": SCHEMA, "specs/trail.yaml": AUDIT + VIEWER + guard}
    texts["specs/project.yaml"] += (
        "  profiles: {p: {id: 1, role: a, status: b}}\n  orders: {o: {id: 1, profile_id: 1}}\n"
    )
    texts["specs/project.yaml"] += "  events: {e: {kind: a, n: 1}}\n  papers: {p: {id: 1}}\n"
    sources = from_texts(texts)
    result = compile_project(sources)
    assert result.ok, result.diagnostics
    done: list[str] = []
    testing.run(
        result, sources, MAJORS[-1], None, lambda what, _, outcome: done.append(f"{outcome} {what}"), mutate=True
    )
    text = "\n".join(done)
    assert re.search(r"\nok expectations of trail, \d+ cells\n", text)  # none of them by the server alone
    assert text.count("surviving") == 0


def found(guard: str) -> list[Diagnostic]:
    texts = {"specs/project.yaml": PERSONAS, "specs/schema.sql": SCHEMA, "specs/trail.yaml": AUDIT + VIEWER + guard}
    return list(compile_project(from_texts(texts)).diagnostics)


def test_an_expectation_that_forgets_the_viewer_is_found() -> None:
    """Its policy is the log's own: the offline decision knows it."""
    (wrong,) = found(GUARD.replace("admin: all", "admin: none"))
    assert wrong.code == "RLS006" and wrong.message == "`select` as `admin` gives [hers, his], not none"
    assert wrong.help == "for `hers`: the policy `pgspec_viewer` of the audit log admits it"


def test_a_viewer_that_believes_its_readers_is_found() -> None:
    viewer = VIEWER.replace("claim('level')", "claim('user_metadata.level')")
    texts = {"specs/project.yaml": PERSONAS, "specs/schema.sql": SCHEMA, "specs/trail.yaml": AUDIT + viewer}
    (wrong,) = compile_project(from_texts(texts)).diagnostics
    assert (wrong.code, wrong.span.line) == ("RLS003", 10)
    assert wrong.message == "the viewer `trail_viewer` believes what users write about themselves"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", VIEWER),
        (VIEWER, VIEWER.replace("> 3", "> 4")),
        (VIEWER, VIEWER.replace("[audit_user]", "[audit_user, audit_anon]")),
        ("", VIEWER + GUARD),
        (VIEWER, VIEWER + GUARD),
    ],
    ids=["a viewer", "another condition", "other readers", "a viewer and policies", "policies"],
)
def test_entries_outlive_every_change(database: Database, before: str, after: str) -> None:
    """Of the spec, forward and back: the table of a log stays as it is."""
    old, new = compiled(before, PERSONAS), compiled(after, PERSONAS)
    assert old.settings is not None
    printer = Printer(old.settings)
    forward, back = plan(old.after, new.after), plan(new.after, old.after)
    kept = Key("table", "pgspec.trail")
    assert kept in new.after and kept not in {change.object.key for change in (*forward.changes, *back.changes)}
    with database.connect() as connection:
        connection.execute(SCHEMA.encode())
        connection.execute(draft(old).encode())
        connection.execute("INSERT INTO profiles VALUES (1)")
        for step, state in ((forward, new.after), (back, old.after)):
            connection.execute(printer.migrate_sql("m", step, state).encode())
            connection.execute(printer.verify_sql("v", state).encode())
        assert connection.execute("SELECT count(*) FROM trail").fetchone() == (1,)


def test_the_page_is_true() -> None:
    """Its example compiles, and it speaks of every column, of the error, and of the function."""
    page = (Path(__file__).parents[1] / "docs" / "audit.md").read_text("utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    texts = {
        "specs/project.yaml": "kind: project\nname: p\nroles: {api: [authenticated]}\n",
        "specs/schema.sql": "CREATE TABLE profiles (id bigint PRIMARY KEY, role text, status text);",
        "specs/log.yaml": example,
    }
    result = compile_project(from_texts(texts))
    assert result.diagnostics == ()
    table = page.partition("| column | holds |")[2].partition("\n\n")[0]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", table, re.MULTILINE)))
    assert sorted(named) == sorted(column.split()[0] for column in LOG_COLUMNS)
    required = result.files[f"{DRAFT}/migrate.sql"].replace("''", "'")
    refusal = "permission denied for view public.admin_audit_viewer"
    for line in (refusal, "required: pgspec.claim('app_metadata.role') = 'admin'"):
        assert line in page and line in required
    assert "FUNCTION public.cleanup_admin_audit_log(max_rows integer" in required


def test_one_schema_cannot_hold_both() -> None:
    """The table of a log, and the view of the same name."""
    project = "kind: project\nname: p\nruntime_schema: ops\ninternal_schema: ops\n"
    texts = {"specs/project.yaml": project, "specs/schema.sql": SCHEMA, "specs/trail.yaml": AUDIT}
    (wrong,) = compile_project(from_texts(texts)).diagnostics
    assert (wrong.code, wrong.span.line) == ("PRJ011", 2)
    assert wrong.message == "the view `ops.trail` and the table of the audit log would have one name"


EXPLAINED = """\
audit log public.trail, whose table is pgspec.trail  (specs/trail.yaml:2)

records
  public.profiles: INSERT, UPDATE of role, status, DELETE, TRUNCATE
  public.orders: UPDATE, DELETE, TRUNCATE
  public.events: INSERT, UPDATE, DELETE, TRUNCATE
  public.papers: INSERT
of the request
  request_id, claims.sub, claims.app.role
read by
  audit_job, audit_plain
  audit_user, as public.trail_viewer, who must meet pgspec.claim('level')::int > 3
kept
  400 days, then public.cleanup_trail() forgets

row security on pgspec.trail  (specs/trail.yaml:13)
"""


def test_a_log_is_explained() -> None:
    result = compiled(VIEWER + GUARD, PERSONAS)
    text = explain_object("trail", result)
    assert text is not None and text.startswith(EXPLAINED)
    assert text == explain_object("trail_viewer", result) == explain_object("pgspec.trail", result)
