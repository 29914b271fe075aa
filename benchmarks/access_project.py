"""What the benchmark of row security compares: the example's policies, the same by hand, and the same written naively.

A policy's condition is taken from the database that it was deployed to, so what is compared is what the specs say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from pgspec.compile import compile_project
from pgspec.scratch import scratch_server
from pgspec.sources import Sources, from_disk, from_texts

ROOT = Path(__file__).parents[1]
SETTINGS: Mapping[str, str] = {
    "shared_buffers": "1GB",
    "max_parallel_workers_per_gather": "0",  # ratios of one backend
    "jit": "off",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
}
FREE = "by_hand"
"""A role that no policy binds."""

_SUBSELECT = re.compile(r"\( SELECT (pgspec\.\w+\('\w+'::text\)) AS \w+\)")
_CALL = r"\1"
_CLAIM = re.compile(r"pgspec\.(claim\w*)\('(\w+)'::text\)")


@dataclass(frozen=True, slots=True)
class Case:
    """A statement that a role runs with claims; ``{condition}`` in it stands for what the policies add.

    ``naive``: under policies that read the claims in every row; ``off``: a trigger that does not fire; ``fails``: it
    ends in an error each time.
    """

    statement: str
    role: str
    claims: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    command: str = "SELECT"
    prepared: bool = False
    condition: str = "true"
    naive: bool = False
    off: str = ""
    fails: bool = False

    @property
    def text(self) -> str:
        """The statement with its condition."""
        return self.statement.replace("{condition}", self.condition)


@dataclass(frozen=True, slots=True)
class Access:
    """A database with a project, and a connection to it in autocommit; ``personas`` are the project's."""

    connection: psycopg.Connection
    personas: Mapping[str, Case]

    def run(self, script: str) -> None:
        """Run statements as the superuser."""
        self.connection.execute(script.encode())

    @contextmanager
    def acting(self, case: Case) -> Iterator[None]:
        """Within the block: as the case's role with its claims, and under its policies.  What it does is undone."""
        with self.connection.transaction(force_rollback=True):
            if case.naive:
                self._read_claims_in_every_row()
            if case.off:
                self.run(f"ALTER TABLE {case.table} DISABLE TRIGGER {case.off}")
            claims = json.dumps(dict(case.claims)) if case.claims else ""
            self.connection.execute("SELECT set_config('request.jwt.claims', %s, true)", [claims])
            self.run(f"SET LOCAL ROLE {case.role}")
            yield

    def _read_claims_in_every_row(self) -> None:
        query = b"SELECT schemaname, tablename, policyname, qual, with_check FROM pg_policies"
        for schema, table, name, *conditions in self.connection.execute(query).fetchall():
            policy = sql.SQL("ALTER POLICY {} ON {}").format(sql.Identifier(name), sql.Identifier(schema, table))
            for clause, text in zip(("USING", "WITH CHECK"), conditions, strict=True):
                if text:
                    self.run(f"{policy.as_string()} {clause} ({_SUBSELECT.sub(_CALL, text)})")

    def loop(self, case: Case, times: int) -> None:
        """Run the case's statement so often."""
        call = f"EXECUTE $statement${case.text}$statement$"
        if case.prepared:
            call = case.text.replace("SELECT", "PERFORM", 1)
        if case.fails:
            call = f"BEGIN {call}; EXCEPTION WHEN insufficient_privilege THEN NULL; END"
        self.run(f"DO $$ BEGIN FOR i IN 1..{times} LOOP {call}; END LOOP; END $$")

    def value(self, case: Case) -> Any:
        """What the case's statement finds first."""
        with self.acting(case):
            found = self.connection.execute(case.text.encode()).fetchone()
        return found and found[0]

    def cases(self, *, writes: bool = True) -> Iterator[tuple[str, list[tuple[str, Case]]]]:
        """For each persona and table: what is run, by name."""
        for persona, table, column, change in ASKED:
            who = self.personas[persona]
            sub = who.claims.get("sub", "")
            free = replace(who, table=table, role=FREE)
            seen = f"SELECT t.id FROM {table} AS t WHERE {self._condition(replace(who, table=table))} LIMIT 1"
            id_ = self.value(replace(free, statement=seen))
            value = sub
            if who.claims.get("role", "admin") == "admin":  # no row is theirs
                value = self.value(replace(free, statement=f"SELECT t.{column} FROM {table} AS t WHERE t.id = '{id_}'"))
            made = replace(who, table=table)
            read = f"SELECT * FROM {table} AS t WHERE t."
            by_id = replace(made, statement=f"{read}id = '{id_}' AND {{condition}}")
            cases = [
                ("count", replace(made, statement=f"SELECT count(*) FROM {table} AS t WHERE {{condition}}")),
                (f"by {column}", replace(made, statement=f"{read}{column} = '{value}' AND {{condition}}")),
                ("by id", by_id),
                ("by id, prepared", replace(by_id, prepared=True)),
            ]
            if column == "id":
                del cases[1]
            if writes and change:
                statement = f"UPDATE {table} AS t SET {change} WHERE t.id = '{id_}' AND {{condition}}"
                cases.append(("update by id", replace(made, statement=statement, command="UPDATE")))
            yield f"`{table}` as `{persona}`", cases

    def by_hand(self, case: Case) -> Case:
        """The same statement and condition, by a role that no policy binds."""
        return replace(case, role=FREE, condition=self._condition(case))

    def known(self, case: Case) -> Case:
        """The same, with the claims written as constants: an application that has read them itself."""
        claims = case.claims

        def constant(found: re.Match[str]) -> str:
            value = _CLAIM.fullmatch(found[1])
            assert value is not None
            kind = value[1].removeprefix("claim").removeprefix("_") or "text"
            return f"'{claims[value[2]]}'::{kind}" if value[2] in claims else f"NULL::{kind}"

        return replace(case, role=FREE, condition=_SUBSELECT.sub(constant, self._condition(case)))

    def naive(self, case: Case) -> Case:
        """The same, under policies that read each claim in every row."""
        return replace(case, naive=True)

    def _condition(self, case: Case) -> str:
        """What the policies add to the case's statement; an UPDATE that reads the row asks those for SELECT too."""
        # In the order in which the server asks them: the first that admits a row spares the others.
        asked = dict.fromkeys([case.command, "SELECT"])
        query = """SELECT string_agg(qual, ' OR ' ORDER BY policyname DESC) FROM pg_policies
            WHERE tablename = %s AND cmd IN ('ALL', %s) AND %s = ANY (roles) AND qual IS NOT NULL"""
        found = [self.connection.execute(query, [case.table, command, case.role]).fetchone() for command in asked]
        return " AND ".join(f"({one[0]})" for one in found if one and one[0])


ASKED: Sequence[tuple[str, str, str, str]] = (
    ("customer", "profiles", "id", "display_name = 'Carol'"),
    ("admin", "profiles", "id", ""),
    ("anonymous", "services", "provider_id", ""),
    ("vendor", "services", "provider_id", "duration_minutes = 30"),
    ("vendor", "bookings", "provider_id", "refunded_amount = 0"),
    ("customer", "bookings", "customer_id", ""),
    ("admin", "bookings", "provider_id", ""),
)
"""Persona, table, the column that decides, and what they may change."""

_ROWS = """
CREATE ROLE {free} BYPASSRLS;
GRANT USAGE ON SCHEMA pgspec TO {free};
GRANT EXECUTE ON FUNCTION pgspec.claim(text), pgspec.claim_uuid(text) TO {free};
GRANT SELECT, UPDATE ON profiles, services, bookings TO {free};
SET session_replication_role = replica;
CREATE FUNCTION pg_temp.person(i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce((ARRAY[{subs}]::uuid[])[i], md5(i::text)::uuid)
$$;
INSERT INTO profiles (id, display_name, email)
SELECT pg_temp.person(i), 'person ' || i, i || '@example.com' FROM generate_series(1, {rows}) AS i;
INSERT INTO services (id, provider_id, name, price, is_active)
SELECT md5('s' || i)::uuid, pg_temp.person(i % {vendors} + 2), 'service ' || i, 10, i / 7 % 10 <> 0
FROM generate_series(1, {rows}) AS i;
INSERT INTO bookings (id, service_id, provider_id, customer_id, amount, created_at)
SELECT md5('b' || i)::uuid, md5('s' || i)::uuid, pg_temp.person(i % {vendors} + 2), pg_temp.person(i % {customers} + 1),
  10, timestamptz '2025-01-01 00:00:00+00' + i * interval '1 second'
FROM generate_series(1, {rows}) AS i;
RESET session_replication_role;
ALTER TABLE profiles DISABLE TRIGGER USER;
ALTER TABLE services DISABLE TRIGGER USER;
"""


@contextmanager
def marketplace(rows: int, major: int | None) -> Iterator[Access]:
    """The example with ``rows`` rows in each guarded table: a vendor has one of 1,000, a customer one of 100,000.

    The triggers of the cache do not fire: they cost the same whoever writes.
    """
    with _deployed(from_disk(ROOT), major) as access:
        subs = [who.claims["sub"] for who in access.personas.values() if who.claims]
        values = {
            "free": FREE,
            "rows": str(rows),
            "subs": ", ".join(f"'{sub}'" for sub in subs),
            "vendors": str(max(rows // 1000, len(subs))),
            "customers": str(max(rows // 10, len(subs))),
        }
        access.run(re.sub(r"\{(\w+)\}", lambda found: values[found[1]], _ROWS))
        access.run("VACUUM (ANALYZE, FREEZE) profiles")
        access.run("VACUUM (ANALYZE, FREEZE) services")
        access.run("VACUUM (ANALYZE, FREEZE) bookings")
        yield access


_ALICE = {"sub": "22222222-2222-4222-8222-222222222222", "role": "vendor"}
_CLINIC = {
    "specs/project.yaml": "kind: project\nname: clinic\nroles: {api: [anon, authenticated], service: [service_role]}\n",
    "specs/access.yaml": """\
kind: rls
table: visits
on_denied: error
expose: {as: api.visits}
allow: {RLS007: "measured, not proven"}
policies:
  - {name: own, command: select, to: [authenticated], using: "vendor_id = (SELECT pgspec.claim_uuid('sub'))"}
  - {name: admins_read, command: select, to: [authenticated], using: "(SELECT pgspec.claim('role')) = 'admin'"}
  - name: change
    command: update
    to: [authenticated]
    using: vendor_id = (SELECT pgspec.claim_uuid('sub'))
    check: vendor_id = (SELECT pgspec.claim_uuid('sub'))
""",
    "specs/schema.sql": """\
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE ROLE service_role BYPASSRLS;
CREATE SCHEMA api;
GRANT USAGE ON SCHEMA api TO anon, authenticated, service_role;
CREATE TABLE visits (id bigint PRIMARY KEY, vendor_id uuid NOT NULL, note text);
CREATE INDEX visits_vendor_id_idx ON visits (vendor_id);
""",
}
_VENDOR = Case("", "authenticated", _ALICE, "visits")
_ADMIN = replace(_VENDOR, claims={**_ALICE, "role": "admin"})
_STRANGER = Case("", "authenticated", {"role": "customer"}, "visits", fails=True)


def _both(case: Case, statement: str) -> tuple[Case, Case]:
    view, table = (replace(case, statement=statement.format(name)) for name in ("api.visits", "public.visits"))
    return view, table


_BY_ID = "SELECT * FROM {} AS t WHERE t.id = 1000"
_COUNT = "SELECT count(*) FROM {}"
_UPDATE = replace(_VENDOR, statement="UPDATE visits SET note = 'x' WHERE id = 1000", command="UPDATE")

CLINIC: Sequence[tuple[str, Case, Case]] = (
    ("admitted: by id", *_both(_VENDOR, _BY_ID)),
    ("admitted: by id, prepared", *_both(replace(_VENDOR, prepared=True), _BY_ID)),
    ("admitted: count", *_both(_VENDOR, _COUNT)),
    ("admitted, admin: count", *_both(_ADMIN, _COUNT)),
    ("denied: by id", *_both(_STRANGER, _BY_ID)),
    ("denied: count", *_both(_STRANGER, _COUNT)),
    ("admitted: UPDATE of one row", _UPDATE, replace(_UPDATE, off="pgspec_guard_update")),
)
"""What is asked of the view, or with the triggers, and of the table itself, or without."""


@contextmanager
def clinic(rows: int, major: int | None) -> Iterator[Access]:
    """A table with a guard view and guard triggers, and ``rows`` rows, one of 1,000 of them Alice's."""
    with _deployed(from_texts(_CLINIC), major) as access:
        access.run(
            f"""INSERT INTO visits
            SELECT i, CASE WHEN i % 1000 = 0 THEN '{_ALICE["sub"]}' ELSE md5((i % 1000)::text) END::uuid, 'x'
            FROM generate_series(1, {max(rows, 1000)}) AS i"""
        )
        access.run("VACUUM (ANALYZE, FREEZE) visits")
        yield access


@contextmanager
def _deployed(sources: Sources, major: int | None) -> Iterator[Access]:
    """A project on a new server: its tables, and everything that its specs describe."""
    result = compile_project(sources)
    assert result.ok, result.diagnostics
    assert result.program is not None
    project = result.program.project
    personas = {name: Case("", one.role, one.claims) for name, one in project.personas.items()}
    with scratch_server(major, SETTINGS) as server:
        server.create_database("bench")
        with psycopg.connect(server.dsn("bench"), autocommit=True) as connection:
            access = Access(connection, personas)
            for path in sources.schema:
                access.run(sources.sql[path].decode())
            access.run(result.files["generated/schema.sql"])
            yield access
