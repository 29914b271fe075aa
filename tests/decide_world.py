"""A table, personas and fixture rows, random policies over them, and what a server says to each cell."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg

from live import Database
from pgspec import testing
from pgspec.compile import compile_project
from pgspec.decide import Decider, Outcome, Result, fixture_rows
from pgspec.desired import desired_state
from pgspec.expectations import Probe
from pgspec.kinds import Command
from pgspec.kinds.rls import COMMANDS
from pgspec.migration import Printer, Settings
from pgspec.plan import plan
from pgspec.program import Program
from pgspec.sources import from_texts

A, B = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
SCHEMA = """\
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'decide_anon') THEN
    CREATE ROLE decide_anon; CREATE ROLE decide_user; CREATE ROLE decide_staff; CREATE ROLE decide_clerk;
    CREATE ROLE decide_owner; CREATE ROLE decide_service BYPASSRLS; CREATE ROLE decide_plain;
  END IF;
END $$;
GRANT decide_staff TO decide_clerk;
CREATE SCHEMA auth;
CREATE SCHEMA api;
GRANT USAGE ON SCHEMA api TO PUBLIC;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;
CREATE FUNCTION auth.is_admin() RETURNS boolean STABLE
  RETURN coalesce(
    (nullif(current_setting('request.jwt.claims', true), '')::json #>> '{app_metadata,role}') = 'admin', false
  );
CREATE FUNCTION auth.for_staff() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true';
REVOKE EXECUTE ON FUNCTION auth.for_staff() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.for_staff() TO decide_staff, decide_user;
CREATE TYPE mood AS ENUM ('draft', 'open');
CREATE TABLE items (
  id int PRIMARY KEY, org int, owner uuid, status text DEFAULT 'a', mood mood, flag boolean NOT NULL DEFAULT true,
  amount numeric, price numeric(5, 1) NOT NULL DEFAULT 2.25, doc jsonb
);
ALTER TABLE items OWNER TO decide_owner;
GRANT ALL ON items TO decide_anon, decide_service;
GRANT SELECT, UPDATE ON items TO decide_plain;
GRANT DELETE ON items TO PUBLIC;
"""
PROJECT = f"""\
kind: project
name: world
roles:
  api: [decide_anon, decide_user, decide_staff, decide_clerk]
  service: [decide_service, decide_plain, decide_owner]
personas:
  anonymous: {{role: decide_anon}}
  bare: {{role: decide_user}}
  alice: {{role: decide_user, claims: {{sub: {A}, role: member, org: 1, app_metadata: {{org: 1, role: member}}}}}}
  admin:
    role: decide_user
    claims: {{sub: {B.upper()}, role: admin, org: "2", app_metadata: {{org: 2, role: admin}}}}
  odd: {{role: decide_user, claims: {{sub: "", role: null, org: "x", app_metadata: []}}}}
  clerk: {{role: decide_clerk, claims: {{role: clerk, org: 1}}}}
  owner: {{role: decide_owner, claims: {{role: admin, org: 2, app_metadata: {{org: "1"}}}}}}
  service: {{role: decide_service}}
  plain: {{role: decide_plain, claims: {{sub: {A}, role: guest}}}}
fixtures:
  items:
    r1: {{id: 1, org: 1, owner: {A}, status: a, mood: open, amount: 10.50, price: 2.24, doc: {{k: v, n: 2}}}}
    r2: {{id: 2, org: 2, owner: {B}, status: b, mood: draft, flag: false, amount: 1, doc: {{k: w, n: "1"}}}}
    r3: {{id: 3, org: null, owner: {A}, flag: true}}
    r4: {{id: 4, org: 1, status: null, mood: open, flag: false, amount: -3, doc: {{n: z}}}}
    r5: {{id: 5, org: 3, owner: {B}, status: c, amount: 3, doc: {{}}}}
"""
ATOMS = (
    "owner = (SELECT auth.uid())", "(SELECT auth.uid()) IS NOT NULL", "(SELECT auth.is_admin())",
    "owner = (SELECT pgspec.claim_uuid('sub'))", "org = (SELECT pgspec.claim_bigint('org'))",
    "NOT ((SELECT pgspec.claim_bigint('app_metadata.org')) = org)", "(SELECT pgspec.claim_uuid('sub')) IS NULL",
    "org = (SELECT pgspec.claim('org')::int)", "org = (SELECT nullif(pgspec.claim('app_metadata.org'), '')::int)",
    "(SELECT pgspec.claim('role')) = 'admin'", "(SELECT pgspec.claim('role')) <> 'guest'",
    "(SELECT pgspec.claim('app_metadata.role')) IN ('admin', 'clerk')", "(SELECT pgspec.claim('sub')) IS NULL",
    "org IS NOT DISTINCT FROM (SELECT pgspec.claim('app_metadata.org')::int)", "status IS DISTINCT FROM 'a'",
    "status = 'a'", "status IN ('a', 'b')", "status NOT IN ('a', 'b')", "status = ANY ('{a,b}')",
    "status <> ALL (ARRAY['a', NULL])", "status || 'x' = 'ax'", "items.org IN (1, 3)", "org BETWEEN 1 AND 2",
    "flag", "flag IS NOT TRUE", "NOT flag", "owner IS NULL", "mood = 'open'", "amount >= 3", "price = 2.3",
    "price::text = '2.2'", "amount < org",
    "CASE WHEN flag THEN status = 'a' ELSE org = 1 END", "CASE status WHEN 'a' THEN 't' ELSE 'f' END::boolean",
    "coalesce((SELECT pgspec.claim('role')), 'admin') = 'admin'", "coalesce(org, 1) = 1", "nullif(status, 'a') = 'b'",
    "doc ->> 'k' = 'v'", "(doc ->> 'n')::int > 1", "doc #>> '{k}' IS NULL", "current_user = 'decide_clerk'",
    "(SELECT current_setting('request.jwt.claims', true)::json ->> 'role') = 'admin'",
    "(SELECT nullif(current_setting('request.jwt.claims', true), '')::json -> 'app_metadata' ->> 'role') = 'admin'",
    "(SELECT current_setting('app.unset', true)) IS NULL", "owner::text = lower((SELECT pgspec.claim('sub')))",
    "owner::text = (SELECT pgspec.claim('sub'))", "org::numeric = amount", "(status = 'a') IS UNKNOWN",
    "true", "false", "NULL::boolean", "(SELECT auth.for_staff())", "org::text = (SELECT pgspec.claim('org'))",
)  # fmt: skip
_ROLES = ("decide_anon", "decide_user", "decide_staff", "decide_clerk", "decide_owner", "decide_plain", "public")


@dataclass(frozen=True)
class Cell:
    """What a server said: per row for writes, and the whole."""

    decider: Decider
    command: Command
    persona: str
    rows: dict[str, tuple[Outcome, str]]
    result: Result
    text: str


def condition(rng: random.Random, depth: int = 3) -> str:
    """A random condition."""
    kind = rng.random()
    if depth == 0 or kind < 0.45:
        return rng.choice(ATOMS)
    if kind < 0.55:
        return f"NOT ({condition(rng, depth - 1)})"
    word = " AND " if kind < 0.8 else " OR "
    return word.join(f"({condition(rng, depth - 1)})" for _ in range(rng.randint(2, 3)))


def policies(rng: random.Random) -> str:
    """A spec of random policies; the commands and roles are weighted so that cells differ."""
    lines = ["kind: rls", "table: items", f"force: {rng.choice(('true', 'false'))}"]
    if rng.random() < 0.4:
        lines += ["on_denied: error", "expose: {as: api.things}"]
        lines += ["hint: not for you"] if rng.random() < 0.5 else []
    lines.append("policies:")
    for number in range(rng.randint(1, 6)):
        command = rng.choice(("select", "select", "insert", "update", "delete", "all", "all"))
        roles = rng.sample(_ROLES, rng.randint(1, 3)) if rng.random() < 0.7 else ["public"]
        parts = [f"- name: p{number}", f"  command: {command}", f"  to: [{', '.join(roles)}]"]
        parts += ["  restrictive: true"] if rng.random() < 0.25 else []
        if command != "insert":
            parts += ["  using: |", f"    {condition(rng)}"]
        if command == "insert" or (command in ("update", "all") and rng.random() < 0.6):
            parts += ["  check: |", f"    {condition(rng)}"]
        lines += parts
    return "\n".join(lines) + "\n"


def singles() -> list[str]:
    """One policy for each atom."""
    head = "kind: rls\ntable: items\npolicies:\n- {name: p, command: select, to: [public], using: "
    return [f"{head}{json.dumps(atom)}}}\n" for atom in ATOMS]


def compiled(spec: str) -> Program:
    """The program of the world with a spec."""
    texts = {"specs/project.yaml": PROJECT, "specs/schema.sql": SCHEMA, "specs/rls.yaml": spec}
    result = compile_project(from_texts(texts))
    wrong = [d for d in result.diagnostics if d.code in ("RLS008", "RLS009") or d.code.startswith(("SQL", "PRJ"))]
    assert not wrong, (spec, wrong)
    assert result.program is not None
    return result.program


def prepare(database: Database) -> None:
    """The table with its rows."""
    database.run(SCHEMA)
    with database.connect() as connection:
        result = compile_project(from_texts({"specs/project.yaml": PROJECT, "specs/schema.sql": SCHEMA}))
        testing._fixtures(testing._Run(connection, lambda *_: None), result)


def observe(
    connection: psycopg.Connection, specs: Sequence[str], commands: Sequence[Command] = COMMANDS
) -> Iterator[Cell]:
    """What the server says to every cell under each of the specs."""
    printer = Printer(Settings("world", "3s", "60s", "pgspec"))
    for spec in specs:
        program = compiled(spec)
        (guarded,) = program.guarded
        assert guarded.table is not None
        rows = fixture_rows(program.project, program.catalog, guarded.table)
        decider = Decider(guarded, program.project, program.catalog, rows)
        state = desired_state(program)
        with connection.transaction(force_rollback=True):
            connection.execute(printer.migrate_sql("world", plan({}, state), state).encode())
            probe = Probe(connection, guarded.table, rows, program.project.session.claims, guarded.face)
            for name, persona in program.project.personas.items():
                for command in commands:
                    each = probe.each(command, persona)[0] if command != "select" else {}
                    result = probe.result(command, persona)
                    yield Cell(decider, command, name, each, result, spec)


def disagreements(cells: Sequence[Cell]) -> tuple[list[str], int, int]:
    """Where the evaluator says otherwise; how many rows it decided, and how many it did not."""
    wrong, decided, undecided = [], 0, 0
    for cell in cells:
        decision = cell.decider.decide(cell.command, cell.persona, cell.decider.project.personas[cell.persona])
        result = decision.result
        open_rows = [row for row in decision.rows.values() if row.outcome == "unknown"]
        undecided += len(open_rows)
        decided += len(decision.rows) - len(open_rows)
        differing = [
            f"{label} {row.outcome} instead of {cell.rows[label][0]}"
            for label, row in decision.rows.items()
            if cell.rows and not open_rows and not result.sqlstate and row.outcome != cell.rows[label][0]
        ]
        if not result.unknown and (result.labels, result.sqlstate) != (cell.result.labels, cell.result.sqlstate):
            differing.append(f"{result} instead of {cell.result}")
        if not result.unknown and result.hint != cell.result.hint:
            differing.append(f"the hint {result.hint!r} instead of {cell.result.hint!r}")
        if differing:
            wrong.append(f"{cell.text}{cell.command} as {cell.persona}: {'; '.join(differing)}")
    return wrong, decided, undecided
