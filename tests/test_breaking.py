"""`pgspec breaking`: the differences between two programs, each with a change that is none."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

import decide_world
from pgspec.breaking import Finding, compare, render
from pgspec.compile import Result, read_project
from pgspec.decide import Decider, fixture_rows
from pgspec.diagnostics import Span
from pgspec.kinds.rls import COMMANDS
from pgspec.program import Program
from pgspec.rules import RULES
from pgspec.rules.grades import GRADES, STOPPING
from pgspec.sources import from_disk, from_texts
from pgspec.starter import FILES as STARTER
from test_rules import PROJECT, SCHEMA

CASES = Path(__file__).parent / "cases"
README = Path(__file__).parents[1] / "README.md"
EXAMPLES = [
    (code, heading, text) for code in GRADES for heading in ("Bad", "Good") for text in RULES[code].examples(heading)
]


def result(text: str, project: str = PROJECT, schema: str = SCHEMA) -> Result:
    specs = {"specs/project.yaml": project, "specs/schema.sql": schema}
    made = read_project(from_texts(specs | ({"specs/example.yaml": text} if text.strip() else {})))
    assert made.ok and made.program is not None, made.diagnostics
    return made


def differences(old: Result, new: Result) -> list[Finding]:
    assert old.program is not None and new.program is not None
    return compare(old.program, new.program)


def version(text: str, mark: str) -> Result:
    """One side of a difference: ``-`` or ``+``."""
    lines = [line[1:] for line in text.splitlines() if line[:1] in (" ", mark)]
    whole = "\n".join(lines) + "\n"
    if "kind: project" in whole:
        return result("", whole)
    return result(whole)


@pytest.mark.parametrize(("code", "heading", "text"), EXAMPLES, ids=[f"{code}-{how}" for code, how, _ in EXAMPLES])
def test_the_manual_is_true(code: str, heading: str, text: str) -> None:
    codes = [item.code for item in differences(version(text, "-"), version(text, "+"))]
    if heading == "Bad":
        assert code in codes
        assert all(GRADES[other] not in STOPPING or other == code for other in codes)
    else:
        assert code not in codes and not any(GRADES[other] in STOPPING for other in codes)


VIEW = """\
kind: materialized_view
name: daily
unique_key: [placed_on]
indexes:
  - {columns: [orders]}
query: |
  SELECT placed_on,
         count(*) AS orders
  FROM orders
  GROUP BY placed_on
refresh: {every: 15 minutes, max_staleness: 1h}
access: {select: [service_role]}
owner: service_role
"""
INVALIDATION = """\
kind: invalidation
name: orders
table: orders
where: amount > 0 AND coupon IS NOT NULL
on: {insert: true, update: [amount, coupon], delete: true, truncate: true}
tags:
  - revenue
  - "customer:{customer_id}"
  - query: SELECT 'city:' || u.city FROM changed c JOIN customers u ON u.id = c.customer_id
max_tags: 100
"""
CACHED = """\
kind: cached_query
name: cities
query: SELECT c.city FROM customers c WHERE c.id = :id AND c.city <> :city
tags: [cities]
ttl: 5 minutes
"""
AUDIT = """\
kind: audit_log
name: changes
tables:
  customers: {update: [city], delete: true}
  orders: {insert: true}
context: [claims.sub, claims.role]
retention: 400 days
"""
GUARD = """\
kind: rls
table: notes
policies:
  - {name: own, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
  - {name: all, command: all, to: [service_role], using: "true"}
  - {name: limit, to: [public], restrictive: true, using: id > 0}
"""
GONE = (
    "the restrictive policy `limit` refuses fewer rows of `public.notes`: SELECT, INSERT, UPDATE, DELETE "
    "as `authenticated`, `service_role`; it is gone"
)
OTHER = (
    "another condition decides about SELECT, INSERT, UPDATE, DELETE on `public.notes`; "
    "no persona and no fixture row tells the two apart"
)
FACED = GUARD.replace("policies:", "on_denied: error\nexpose: {as: public.my_notes}\npolicies:")
WRITES = f"""\
{GUARD}\
  - {{name: add, command: insert, to: [authenticated], check: text IS NOT NULL OR id = 1}}
  - {{name: move, command: update, to: [authenticated], using: id > 1 OR id = 1, check: text IS NOT NULL}}
"""
FILTERED = "may not be emitted any more for rows of `public.orders` where amount > 0 AND coupon IS NOT NULL"
HARMLESS = "kind: materialized_view\nname: other\nunique_key: [id]\nquery: SELECT id FROM orders\n"


def test_the_readme_shows_what_is_reported() -> None:
    spec = "specs/orders_daily.yaml"
    later = STARTER[spec].replace("AS revenue", "AS income").replace("15 minutes", "1h")
    later = later.replace("[reporting]", "[reporting, web]")
    old, new = (read_project(from_texts({**STARTER, spec: text})) for text in (STARTER[spec], later))
    shown = render("text", differences(old, new), [], "origin/main")
    assert f"```\n{shown}```\n" in README.read_text("utf-8")


def directions(found: Iterable[Finding]) -> tuple[bool, bool]:
    """Whether something opened, and whether something closed."""
    codes = {item.code for item in found}
    return bool(codes & {"BRK007", "BRK012"}), bool(codes & {"BRK006", "BRK013"})


def graded(spec: str, *edits: tuple[str, str], schema: str = SCHEMA, later: str = SCHEMA) -> list[tuple[str, int, str]]:
    """Code, line and message of what changes when each text is replaced by another."""
    changed = spec
    for before, after in edits:
        assert before in changed
        changed = changed.replace(before, after)
    found = differences(result(spec, schema=schema), result(changed, schema=later))
    return [(item.code, item.span.line, item.message) for item in found]


@pytest.mark.parametrize(
    ("spec", "before", "after", "expected"),
    [
        (VIEW, VIEW, HARMLESS, [("BRK001", 2, "the materialized view `public.daily` is gone"),
                                ("BRK020", 2, "the materialized view `public.other` is new")]),
        (VIEW, "name: daily", "name: by_day",
         [("BRK001", 2, "the materialized view `public.daily` is gone; `public.by_day` has its query"),
          ("BRK020", 2, "the materialized view `public.by_day` is new")]),
        (VIEW, "orders\n  FROM", "number\n  FROM", None),
        (VIEW, "count(*) AS orders", "count(*)::int AS orders",
         [("BRK002", 8, "the column `orders` of `public.daily` was bigint and is integer"),
          ("BRK004", 7, "the query of `public.daily` is another")]),
        (VIEW, "count(*) AS orders", "nullif(count(*), 0) AS orders",
         [("BRK004", 7, "the query of `public.daily` is another"),
          ("BRK004", 8, "the column `orders` of `public.daily` may be NULL now")]),
        (VIEW, "  FROM orders", "  FROM -- all\n    public.orders AS orders", None),
        (VIEW, "  FROM orders\n", "  from  Orders -- all of them\n", []),
        (VIEW, "15 minutes", "10 minutes", []),
        (VIEW, "every: 15 minutes", "every: manual",
         [("BRK005", 11, "`public.daily` is refreshed by hand, not every 15 minutes")]),
        (VIEW, ", max_staleness: 1h", "", [("BRK005", 11, "`public.daily` may be older than 1 hour")]),
        (VIEW, "1h}", "1h, concurrently: false}",
         [("BRK005", 11, "readers of `public.daily` wait while it is refreshed")]),
        (VIEW, "1h}", "1h, timeout: 5s}", [("BRK005", 11, "a refresh of `public.daily` is given up after 5 seconds")]),
        (VIEW, "owner: service_role\n", "",
         [("BRK005", 1, "`public.daily` belongs to whoever migrates, as whom it is refreshed")]),
        (VIEW, "indexes:\n  - {columns: [orders]}\n", "",
         [("BRK005", 1, "`public.daily` has no btree index on [orders] any more")]),
        (VIEW, "columns: [orders]", "columns: [orders], name: by_orders", []),
        (VIEW, "[service_role]", "[anon]", [("BRK007", 12, "`anon` may read `public.daily`"),
                                            ("BRK006", 12, "`service_role` may no longer read `public.daily`")]),
        (HARMLESS, HARMLESS, HARMLESS + "---\n" + VIEW.replace("[service_role]", "[anon]"),
         [("BRK007", 17, "`anon` may read `public.daily`, which is new"),
          ("BRK020", 7, "the materialized view `public.daily` is new")]),
        (INVALIDATION, "  - revenue\n", "", [("BRK008", 7, "no write to `public.orders` emits `revenue` any more")]),
        (INVALIDATION, "{customer_id}", "{ customer_id }", []),
        (INVALIDATION, "{customer_id}", "{id}",
         [("BRK008", 8, "no write to `public.orders` emits `customer:{customer_id}` any more"),
          ("BRK020", 8, "writes to `public.orders` emit `customer:{id}`")]),
        (INVALIDATION, ", delete: true", "",
         [("BRK008", 5, "DELETE on `public.orders` does not emit `customer:{customer_id}` any more"),
          ("BRK008", 5, "DELETE on `public.orders` does not emit `revenue` any more"), ("BRK008", 5, ...)]),
        (INVALIDATION, "[amount, coupon]", "true", []),
        (INVALIDATION, " AND coupon IS NOT NULL", "", []),
        (INVALIDATION, "NOT NULL\n", "NOT NULL OR id IS NULL\n", []),
        (INVALIDATION, "amount > 0", "amount > 1",
         [("BRK008", 4, f"`customer:{{customer_id}}` {FILTERED}"), ("BRK008", 4, f"`revenue` {FILTERED}"),
          ("BRK008", 4, ...)]),
        (INVALIDATION, "coupon]", "placed_on]",
         [("BRK008", 5, f"a change of `coupon` of `public.orders` does not emit {tag} any more") for tag in
          ("`customer:{customer_id}`", "`revenue`")] + [("BRK008", 5, ...)]),
        (INVALIDATION, "[amount, coupon]", "[coupon]", [("BRK008", 5, ...)] * 3),
        (INVALIDATION, "name: orders", "name: again", []),
        (INVALIDATION, "SELECT 'city:'", "select\t'city:'", []),
        (INVALIDATION, "max_tags: 100", "max_tags: 99", [("BRK009", 10, ...), ("BRK009", 10, ...)]),
        (INVALIDATION, "max_tags: 100", "max_tags: 101", []),
        (INVALIDATION + "dedup_window: 5s\n", "5s", "4s", []),
        (CACHED, CACHED, HARMLESS,
         [("BRK011", 2, "the cached query `cities` is gone: nothing proves any more that writes reach its results"),
          ("BRK020", 2, ...)]),
        (CACHED, "<> :city", "<> :town",
         [("BRK010", 3, "`cities` has no parameter `city` any more"),
          ("BRK010", 3, "`cities` needs `town`, which callers do not give"), ("BRK011", 3, ...)]),
        (CACHED, "c.id = :id AND c.city <> :city", "c.city <> :city AND c.id = :id", [("BRK011", 3, ...)]),
        (CACHED, "SELECT c.city FROM", "SELECT  c.city from", []),
        (CACHED, "[cities]", "[towns]",
         [("BRK011", 4, "results of `cities` carry other tags: `cities` is gone, `towns` is new")]),
        (CACHED, "ttl: 5 minutes\n", "",
         [("BRK009", 1, "results of `cities` are kept without end, not for 5 minutes")]),
        (CACHED, "5 minutes", "4 minutes", []),
        (AUDIT, AUDIT, HARMLESS, [("BRK016", 2, "the audit log `changes` is gone: it records nothing any more"),
                                  ("BRK020", 2, ...)]),
        (AUDIT, "  orders: {insert: true}\n", "",
         [("BRK016", 5, "writes to `public.orders` are not recorded any more")]),
        (AUDIT, "[city]", "[id]", [("BRK016", 4, "a change of `city` of `public.customers` is not recorded any more")]),
        (AUDIT, "[city]", "true", []),
        (AUDIT, "claims.sub, ", "", [("BRK016", 6, "`claims.sub` of the request is not recorded any more")]),
        (AUDIT, "claims.sub, claims.role", "claims.role, claims.sub", []),
        (GUARD, "name: own,", "name: mine,", []),
        (GUARD, "  - {name: limit, to: [public], restrictive: true, using: id > 0}\n", "",
         [("BRK012", 6, GONE)]),
        (GUARD, "[authenticated]", "[authenticated, anon]",
         [("BRK007", 2, "`anon` gets the right to SELECT on `public.notes`")]),
        (GUARD, "command: all, to: [service_role]", "command: select, to: [service_role]",
         [("BRK006", 2, "`service_role` loses the right to INSERT, UPDATE, DELETE on `public.notes`")]),
        (GUARD, "('sub'))", "('sub')) OR id = 2",
         [("BRK012", 4, "the policy `own` admits more rows of `public.notes`: SELECT as `authenticated`")]),
        (GUARD, "('sub'))", "('org'))", [("BRK013", 4, "SELECT on `public.notes` reaches less: `first` as `member`")]),
        (GUARD, "owner_id =", "org_id =", [("BRK013", 4, ...)]),
        (GUARD, "id > 0", "id > 10", [("BRK013", 6, ...), ("BRK014", 6, ...)]),
        (GUARD, "id > 0", "0 < id", [("BRK014", 6, OTHER)]),
        (WRITES, " OR id = 1}", "}",
         [("BRK013", 7, "the policy `add` admits fewer rows of `public.notes`: INSERT as `authenticated`")]),
        (WRITES, "check: text IS NOT NULL}", "check: text IS NOT NULL OR id = 3}",
         [("BRK012", 8, "the policy `move` admits more rows of `public.notes`: UPDATE as `authenticated`")]),
        (WRITES, " OR id = 1, check", ", check",
         [("BRK013", 8, "the policy `move` admits fewer rows of `public.notes`: UPDATE as `authenticated`")]),
        (WRITES, ", check: text IS NOT NULL}", "}",
         [("BRK012", 8, "UPDATE on `public.notes` reaches more: `first` as `member`")]),
        (GUARD, "policies:", "force: false\npolicies:",
         [("BRK012", 3, "the owner of `public.notes` is not bound by its policies any more")]),
        (GUARD, "policies:", "on_denied: error\nexpose: {as: public.my_notes}\npolicies:",
         [("BRK015", 3, "whoever is refused on `public.notes` gets an error")]),
        (FACED, "my_notes", "our_notes",
         [("BRK015", 4, "callers read `public.notes` as `public.our_notes`, not as `public.my_notes`")]),
        (FACED, "on_denied: error", "on_denied: error\nhint: ask", []),
        (GUARD, GUARD, HARMLESS,
         [("BRK012", 2, "the owner of `public.notes` is not bound by its policies any more"),
          ("BRK006", 2, "`authenticated` loses the right to SELECT on `public.notes`"), ("BRK006", 2, ...),
          ("BRK020", 2, ...)]),
    ],
)  # fmt: skip
def test_what_is_reported(spec: str, before: str, after: str, expected: list[tuple[str, int, object]] | None) -> None:
    found = graded(spec, (before, after))
    if expected is not None:
        assert len(found) == len(expected)
        for ours, theirs in zip(found, expected, strict=True):
            assert ours[:2] == theirs[:2] and theirs[2] in (..., ours[2])


NOTES = "CREATE TABLE notes (id bigint PRIMARY KEY, owner_id uuid, org_id uuid, text text);\n"
SECURED = f"{NOTES}ALTER TABLE notes ENABLE ROW LEVEL SECURITY;\n"
OPENED = f"{NOTES}GRANT SELECT ON notes TO authenticated;\n"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (SCHEMA, SCHEMA, ["BRK007", "BRK013"]),
        (SCHEMA.replace(NOTES, OPENED), SCHEMA, ["BRK007", "BRK013"]),
        (SCHEMA.replace(NOTES, f"{NOTES}GRANT ALL ON notes TO PUBLIC;\n"), SCHEMA, ["BRK006", "BRK013"]),
        (SCHEMA.replace(NOTES, SECURED), SCHEMA, ["BRK007", "BRK013"]),
        (
            SCHEMA.replace(NOTES, f"{SECURED}GRANT SELECT ON notes TO authenticated;\n"),
            SCHEMA,
            ["BRK007", "BRK012", "BRK013"],
        ),
        (
            SCHEMA.replace(NOTES, f"{SECURED}CREATE POLICY p ON notes USING (true);\n"),
            SCHEMA,
            ["BRK007", "BRK013", "BRK014"],
        ),
        (SCHEMA.replace(NOTES, ""), SCHEMA, []),
    ],
)
def test_a_guard_appears(before: str, after: str, expected: list[str]) -> None:
    """By what the schema files said before: no rights, a right, everybody's, row security without policies, with one
    of its own, no such table."""
    plain, guarded = result(HARMLESS, schema=before), result(GUARD + "---\n" + HARMLESS, schema=after)
    assert {item.code for item in differences(plain, guarded)} - {"BRK020"} == set(expected)
    assert directions(differences(guarded, plain)) == directions(differences(plain, guarded))[::-1]


def test_a_guard_is_gone_from_a_table_that_others_use() -> None:
    granted = SCHEMA + "GRANT SELECT ON notes TO anon;\n"
    unforced = GUARD.replace("policies:", "force: false\npolicies:") + "---\n" + HARMLESS
    there = differences(result(unforced, schema=granted), result(HARMLESS, schema=granted))
    message = "`public.notes` has no row security any more: every right reaches every row"
    assert [item.message for item in there if item.code == "BRK012"] == [message]
    assert [item.message for item in there if item.code == "BRK007"] == [
        "`anon` gets the right to SELECT on `public.notes`"
    ]
    assert all(item.gone for item in there)
    alone = differences(result(unforced), result(HARMLESS))
    assert not [item for item in alone if item.code in ("BRK007", "BRK012")]


def test_views_in_a_cycle_are_compared_as_far_as_they_go() -> None:
    cycle = "kind: materialized_view\nname: a\nunique_key: [id]\nquery: SELECT id FROM b\n---\n"
    cycle += cycle.replace("name: a", "name: b").replace("FROM b", "FROM a").removesuffix("---\n")
    assert differences(result(cycle), result(cycle)) == []
    assert [item[0] for item in graded(cycle, ("name: b", "name: b\naccess: {select: [anon]}"))] == ["BRK007"]


def test_projects_against_themselves_nothing_and_each_other() -> None:
    """No pair of projects is too odd to be compared, and none differs from itself."""
    cases = [
        read_project(from_disk(folder)) for folder in [*sorted(CASES.iterdir()), CASES.parents[1]] if folder.is_dir()
    ]
    programs = [made.program for made in cases if made.ok and made.program is not None]
    assert len(programs) > 10
    kept = {"BRK001", "BRK008", "BRK012", "BRK016"}
    nothing = result("").program
    assert nothing is not None
    for number, program in enumerate(programs):
        assert compare(program, program) == []
        other = programs[number - 1]
        for finding in (*compare(other, program), *compare(program, other), *compare(nothing, program)):
            assert finding.code in RULES and finding.message and finding.span.line >= 1
        gone = compare(program, nothing)
        assert not program.views or kept & {item.code for item in gone}
        assert all(item.gone for item in gone if item.code in ("BRK001", "BRK011"))


def reached(program: Program) -> set[tuple[str, str, str]] | None:
    """Every command, persona and row that a program lets through; None when that is not decided."""
    (guarded,) = program.guarded
    assert guarded.table is not None
    rows = fixture_rows(program.project, program.catalog, guarded.table)
    decider = Decider(guarded, program.project, program.catalog, rows)
    found = set()
    for command in COMMANDS:
        for name, persona in program.project.personas.items():
            for label, verdict in decider.decide(command, name, persona).rows.items():
                if verdict.outcome == "unknown":
                    return None
                if verdict.outcome == "ok":
                    found.add((command, name, label))
    return found


@pytest.mark.parametrize("seed", range(30))
def test_whoever_gets_more_or_less_is_noticed(seed: int) -> None:
    """Random policies, changed at random: what the decision of both sides shows is never missed, and the way back
    opens what the way there closed."""
    rng = random.Random(seed)
    old = decide_world.policies(rng)
    new = decide_world.policies(rng) if rng.random() < 0.3 else mutated(old, rng)
    before, after = decide_world.compiled(old), decide_world.compiled(new)
    there, back = directions(compare(before, after)), directions(compare(after, before))
    assert there == back[::-1]
    was, now = reached(before), reached(after)
    if was is not None and now is not None:
        assert there[0] or now <= was
        assert there[1] or was <= now
    assert compare(before, before) == compare(after, after) == []


def mutated(spec: str, rng: random.Random) -> str:
    """The same spec with one policy, role or condition changed."""
    head, *policies = spec.split("- name: ")
    policies = [policy for policy in policies if policy]
    number = rng.randrange(len(policies))
    kind = rng.choice(("drop", "add", "condition", "restrictive", "and", "roles"))
    policy = policies[number]
    lines = policy.split("\n")
    inside = [place for place, line in enumerate(lines) if line.startswith("    ")]
    if kind == "drop" and len(policies) > 1:
        del policies[number]
    elif kind == "add":
        policies.append(
            f"extra\n  command: select\n  to: [decide_user]\n  using: |\n    {decide_world.condition(rng)}\n"
        )
    elif kind == "restrictive":
        more = "" if "  restrictive: true\n" in policy else "  restrictive: true\n"
        first, _, rest = policy.replace("  restrictive: true\n", "").partition("\n")
        policies[number] = f"{first}\n{more}{rest}"
    elif kind == "roles":
        policies[number] = "\n".join("  to: [public]" if line.startswith("  to:") else line for line in lines)
    else:
        place = rng.choice(inside)
        more = decide_world.condition(rng)
        word = rng.choice(("AND", "OR"))
        lines[place] = f"    {more}" if kind == "condition" else f"    ({lines[place].strip()}) {word} ({more})"
        policies[number] = "\n".join(lines)
    return head + "".join(f"- name: {policy}" for policy in policies)


def test_personas_and_rows_of_either_version_are_asked() -> None:
    """Taking the witness away with the condition hides nothing; nor does changing who a persona is."""
    loosened = GUARD.replace("owner_id = (SELECT pgspec.claim_uuid('sub'))", "org_id IS NOT NULL")
    row = "    first: {id: 1, owner_id: 22222222"
    assert row in PROJECT
    for project in (PROJECT, PROJECT.replace(row, "    other: {id: 1, owner_id: 11111111")):
        (found,) = [f for f in differences(result(GUARD), result(loosened, project)) if f.code == "BRK012"]
        assert found.message.startswith("SELECT on `public.notes` reaches more: `first` as `admin`")
    moved = PROJECT.replace("sub: 22222222", "sub: 99999999")
    narrowed = GUARD.replace("'sub'", "'org'")
    (lost,) = [item for item in differences(result(GUARD), result(narrowed, moved)) if item.code == "BRK013"]
    assert lost.message == "SELECT on `public.notes` reaches less: `first` as `member` (before)"


def test_those_whom_nobody_writes_are_asked_too() -> None:
    strict = GUARD.replace("owner_id = (SELECT pgspec.claim_uuid('sub'))", "(SELECT pgspec.claim('role')) = 'admin'")
    lax = strict.replace("(SELECT pgspec.claim('role'))", "coalesce((SELECT pgspec.claim('role')), 'admin')")
    (found,) = differences(result(strict), result(lax))
    assert found.code == "BRK012" and "`first` as admin without a session" in found.message


def test_texts_that_act_are_shown_as_texts() -> None:
    item = Finding("BRK001", Span("specs/a|b.yaml", 1, 1, 1, 2), "`x|y`\n\x1b[31mis\u202e gone", "x|y", True)
    text = render("text", [item], [], "ma\nin")
    assert text == (
        "breaking[BRK001]: `x|y` \N{REPLACEMENT CHARACTER}[31mis\N{REPLACEMENT CHARACTER} gone "
        "(ma in:specs/a|b.yaml:1)\n1 breaking since ma in\n"
    )
    assert "| **breaking** | BRK001 | `x\\|y` " in render("markdown", [item], [], "main")
    assert render("text", [item], [item], "main", lambda text, style: f"<{style} {text}>").startswith(
        "<error breaking[BRK001]>: "
    )


ENTRY = """\
kind: cached_query
name: spent
query: SELECT sum(amount) AS amount FROM orders WHERE customer_id = :customer_id AND amount > 1 AND coupon = 'x'
tags: [revenue, "customer:{customer_id}"]
"""


def mappings(rng: random.Random) -> str:
    """Random invalidations of the table that `ENTRY` reads, and the query."""
    texts = [ENTRY]
    for number in range(rng.randint(1, 3)):
        columns = rng.sample(("amount", "coupon", "customer_id", "placed_on"), rng.randint(1, 4))
        update = rng.choice(("true", "false", f"[{', '.join(columns)}]", f"[{', '.join(columns)}]"))
        events = {event: rng.choice(("true", "true", "false")) for event in ("delete", "truncate")}
        on = ", ".join(f"{event}: {flag}" for event, flag in {"insert": "true", "update": update, **events}.items())
        parts = rng.sample(("amount > 1", "coupon = 'x'", "placed_on IS NOT NULL"), rng.randint(0, 2))
        where = f"where: {rng.choice((' AND ', ' OR ')).join(parts)}\n" if parts else ""
        tags = rng.choice(("[revenue]", '["customer:{customer_id}"]', '[revenue, "customer:{customer_id}"]', "[other]"))
        texts.append(f"kind: invalidation\nname: m{number}\ntable: orders\n{where}on: {{{on}}}\ntags: {tags}\n")
    return "---\n".join(texts)


def uncovered(made: Result) -> set[tuple[str, str | None]]:
    assert made.program is not None
    (cached,) = made.program.cached
    return {(gap.event, gap.column) for gap in cached.gaps}


def test_writes_that_no_longer_reach_a_cached_result_are_noticed() -> None:
    """The proof of cached queries is the judge: a write that was covered and is not, is never passed over."""
    lost = 0
    for seed in range(120):
        rng = random.Random(seed)
        old, new = result(mappings(rng)), result(mappings(rng))
        if uncovered(new) - uncovered(old):
            lost += 1
            assert "BRK008" in {item.code for item in differences(old, new)}, seed
    assert lost > 20


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "description: x\n", []),
        ("", "runtime_schema: cache\n",
         [("BRK018", "what pgspec installs moves from the schema `public` to `cache`")]),
        ("", "internal_schema: inner\n",
         [("BRK018", "what pgspec installs moves from the schema `pgspec` to `inner`")]),
        ("", "session: {claims: app.claims}\n",
         [("BRK018", "claims are read from `app.claims`, no longer from `request.jwt.claims`")]),
        ("", "session: {request_id: \"current_setting('x', true)\"}\n",
         [("BRK019", "the number of a request is read in another way")]),
        ("", "postgres: 17\n", [("BRK018", "servers older than PostgreSQL 17 are no longer supported")]),
        ("postgres: 17\n", "postgres: 16\n", [("BRK020", "servers are supported from PostgreSQL 16 on")]),
        ("", "migration: {lock_timeout: 1s}\n", []),
    ],
)  # fmt: skip
def test_the_project_changes(before: str, after: str, expected: list[tuple[str, str]]) -> None:
    schema = SCHEMA + "CREATE SCHEMA cache;\n"
    old, new = (result(HARMLESS, PROJECT + more, schema) for more in (before, after))
    found = differences(old, new)
    assert [(item.code, item.message) for item in found] == expected
    assert all(item.span.path == "specs/project.yaml" and item.span.line > 10 and not item.gone for item in found)


def test_roles_join_and_leave() -> None:
    joined = PROJECT.replace("[anon, authenticated]", "[anon, authenticated, partner]")
    everybody = GUARD.replace("[authenticated]", "[public]")
    there = [(item.code, item.message) for item in differences(result(everybody), result(everybody, joined))]
    assert there == [
        ("BRK007", "`partner` gets the right to SELECT on `public.notes`"),
        ("BRK019", "`partner` joined the api roles"),
    ]
    back = [(item.code, item.message) for item in differences(result(everybody, joined), result(everybody))]
    assert back == [
        ("BRK006", "`partner` loses the right to SELECT on `public.notes`"),
        ("BRK019", "`partner` left the api roles"),
    ]
