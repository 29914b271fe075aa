"""INV012: which cached queries serve one caller's rows to another, and which do not."""

from __future__ import annotations

import pytest

from pgspec.compile import compile_project
from pgspec.sources import from_texts

SCHEMA = """\
CREATE TABLE profiles (id uuid PRIMARY KEY, role text NOT NULL, name text, shown boolean NOT NULL, org uuid, made date);
CREATE TABLE bookings (id uuid PRIMARY KEY, customer uuid NOT NULL, vendor uuid NOT NULL REFERENCES profiles);
CREATE TABLE services (id uuid PRIMARY KEY, vendor uuid NOT NULL REFERENCES profiles);
CREATE TABLE letters (id uuid PRIMARY KEY, owner uuid);
ALTER TABLE letters ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON letters USING (owner::text = current_user);
CREATE TABLE open (id uuid PRIMARY KEY);
CREATE VIEW vendors AS SELECT id, name FROM profiles WHERE role = 'vendor';
"""
PROJECT = "kind: project\nname: shop\nroles: {api: [anon, authenticated], service: [service_role]}\n"
SUB = "(SELECT pgspec.claim_uuid('sub'))"
ALL = "anon, authenticated"


def guard(table: str, *policies: tuple[str, str], restrictive: str = "") -> str:
    lines = [f"kind: rls\ntable: {table}\npolicies:\n"]
    for number, (to, using) in enumerate(policies):
        lines.append(f'- {{name: p{number}, command: select, to: [{to}], using: "{using}"}}\n')
    if restrictive:
        lines.append(f'- {{name: r, command: select, to: [public], restrictive: true, using: "{restrictive}"}}\n')
    return "".join(lines)


MARKETPLACE = [
    guard("profiles", (ALL, "role = 'vendor'"), ("authenticated", f"id = {SUB}")),
    guard("services", (ALL, "true")),
    guard("bookings", ("authenticated", f"customer = {SUB}"), ("authenticated", f"vendor = {SUB} OR false")),
]


def said(query: str, specs: list[str]) -> str:
    cached = f"kind: cached_query\nname: q\ntags: [t]\nquery: |\n  {query}\n"
    texts = {"specs/project.yaml": PROJECT, "specs/schema.sql": SCHEMA, "specs/a.yaml": "---\n".join([*specs, cached])}
    found = compile_project(from_texts(texts)).diagnostics
    assert {item.code for item in found} <= {"INV002", "INV010", "INV012", "RLS004", "RLS007", "RLS026"}, found
    return "; ".join(item.message for item in found if item.code == "INV012")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM open",
        "SELECT id FROM profiles WHERE role = 'vendor'",
        "SELECT p.id FROM profiles p WHERE p.role = 'vendor' AND p.name LIKE 'a%' LIMIT 3",
        "SELECT name FROM vendors WHERE id = :vendor",
        "SELECT s.id FROM services s JOIN profiles p ON p.id = s.vendor WHERE p.role = 'vendor'",
        "SELECT id FROM services",
        "SELECT id FROM profiles WHERE id = :me",
        "SELECT id FROM bookings WHERE customer = :me",
        "SELECT id FROM bookings WHERE vendor = :vendor",
        "SELECT b.id FROM bookings b JOIN vendors v ON v.id = b.vendor WHERE v.id = :vendor",
        "SELECT id FROM letters WHERE owner = :me",
    ],
)
def test_what_everybody_sees_or_the_key_tells_is_accepted(query: str) -> None:
    assert said(query, MARKETPLACE) == ""


@pytest.mark.parametrize(
    ("query", "by"),
    [
        ("SELECT id FROM profiles", "decide by `role`"),
        ("SELECT id FROM profiles WHERE role <> 'vendor'", "decide by `role`"),
        ("SELECT id FROM profiles WHERE role = 'vendor' OR name = 'x'", "decide by `role`"),
        ("SELECT id FROM profiles WHERE role = :role", "decide by `role`"),
        ("SELECT s.id FROM services s JOIN profiles p ON p.id = s.vendor", "`public.profiles`"),
        ("SELECT count(*) AS n FROM bookings", "decide by `customer`"),
        ("SELECT id FROM bookings WHERE id = :id", "decide by `customer`"),
        ("SELECT id FROM bookings WHERE customer <> :me", "decide by `customer`"),
        ("SELECT id FROM bookings WHERE customer = :me OR vendor = :me", "decide by `customer`"),
        ("SELECT id FROM services WHERE EXISTS (SELECT FROM bookings)", "`public.bookings`"),
        ("SELECT id FROM letters", "decide by who asks"),
    ],
)
def test_what_only_some_see_is_a_finding(query: str, by: str) -> None:
    assert by in said(query, MARKETPLACE)


@pytest.mark.parametrize(
    ("spec", "query", "by"),
    [
        (guard("profiles", ("authenticated", "shown")), "SELECT id FROM profiles WHERE shown", ""),
        (guard("profiles", ("authenticated", "shown")), "SELECT id FROM profiles", "from some: they decide by `shown`"),
        # who may not select at all gets nothing from the table, and no result
        (guard("profiles", ("authenticated", "true")), "SELECT id FROM profiles", ""),
        # what one role sees, the other does not
        (guard("profiles", ("authenticated", "true"), ("anon", "shown")), "SELECT id FROM profiles", "`shown`"),
        (guard("profiles", (ALL, "true"), restrictive=f"org = {SUB}"), "SELECT id FROM profiles", "`org`"),
        (guard("profiles", (ALL, "true"), restrictive=f"org = {SUB}"), "SELECT id FROM profiles WHERE org = :org", ""),
        (guard("profiles", (ALL, f"org = {SUB} AND id = {SUB}")), "SELECT id FROM profiles WHERE id = :i", "`org`"),
        (guard("profiles", (ALL, f"org = {SUB} AND shown")), "SELECT id FROM profiles WHERE org = :org", ""),
        (guard("profiles", (ALL, "(SELECT pgspec.claim('r')) = 'admin'")), "SELECT id FROM profiles", "who asks"),
        (guard("profiles", (ALL, "name = current_user")), "SELECT id FROM profiles WHERE name = :name", ""),
        (guard("profiles", (ALL, "name = current_user")), "SELECT id FROM profiles WHERE org = :org", "`name`"),
        (guard("profiles", (ALL, f"coalesce(org, id) = {SUB}")), "SELECT id FROM profiles WHERE id = :id", "`org`"),
        (guard("profiles", (ALL, "role = 'v' AND shown")), "SELECT id FROM profiles WHERE role = 'v'", "`shown`"),
        (guard("profiles", (ALL, "id = pgspec.claim_uuid('sub')")), "SELECT id FROM profiles", "one caller's rows"),
        (guard("profiles", (ALL, "made < current_date")), "SELECT id FROM profiles", "`made`"),
        (
            guard("profiles", (ALL, f"org IN (SELECT b.vendor FROM bookings b WHERE b.customer = {SUB})")),
            "SELECT id FROM profiles WHERE org = :org",
            "",
        ),
        (
            guard("profiles", (ALL, f"EXISTS (SELECT FROM bookings b WHERE b.vendor = org AND b.customer = {SUB})")),
            "SELECT id FROM profiles WHERE id = :id",
            "`org`",
        ),
    ],
)
def test_policies_of_other_shapes(spec: str, query: str, by: str) -> None:
    found = said(query, [spec])
    assert (by in found) if by else found == ""


def test_a_table_is_named_once() -> None:
    found = said("SELECT a.id FROM bookings a JOIN bookings b ON a.vendor = b.vendor", MARKETPLACE)
    assert found.count("public.bookings") == 1
