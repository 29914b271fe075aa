"""A rule's docstring is its manual; its examples must be true."""

import textwrap

import pytest

from pgspec.compile import compile_project
from pgspec.diagnostics import Diagnostic
from pgspec.rules import RULES
from pgspec.rules.grades import GRADES
from pgspec.sources import from_texts

PROJECT = """\
kind: project
name: manual
roles: {api: [anon, authenticated], service: [service_role]}
personas:
  anonymous: {role: anon}
  admin: {role: authenticated, claims: {sub: 11111111-1111-1111-1111-111111111111, role: admin}}
  member:
    role: authenticated
    claims: {sub: 22222222-2222-2222-2222-222222222222, role: member, org: 33333333-3333-3333-3333-333333333333}
fixtures:
  notes:
    first: {id: 1, owner_id: 22222222-2222-2222-2222-222222222222, org_id: 33333333-3333-3333-3333-333333333333}
"""
SCHEMA = """\
CREATE TABLE customers (id uuid PRIMARY KEY, city text);
CREATE TABLE orders (
  id uuid PRIMARY KEY,
  customer_id uuid NOT NULL REFERENCES customers (id),
  placed_at timestamptz NOT NULL,
  placed_on date NOT NULL,
  amount numeric NOT NULL,
  coupon text
);
CREATE TABLE messages (id uuid PRIMARY KEY, sender_id uuid NOT NULL);
ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
CREATE TABLE notes (id bigint PRIMARY KEY, owner_id uuid, org_id uuid, text text);
CREATE INDEX notes_owner_idx ON notes (owner_id);
CREATE INDEX notes_org_idx ON notes (org_id);
CREATE TABLE pages (id bigint PRIMARY KEY, owner_id uuid, org_id uuid, slug text UNIQUE, title text);
CREATE INDEX pages_title_idx ON pages (lower(title));
CREATE TABLE readings (owner_id uuid, at date) PARTITION BY RANGE (at);
CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
GRANT SELECT ON readings_2025 TO authenticated;
CREATE VIEW senders AS SELECT sender_id FROM messages;
CREATE FUNCTION is_admin() RETURNS boolean LANGUAGE sql IMMUTABLE
  RETURN current_setting('request.jwt.claims', true)::json ->> 'role' = 'admin';
"""
# Codes whose cause is not in a spec file: test_releases.py, test_output.py, test_layouts.py, test_catalog*.py.
WITHOUT_EXAMPLES = {"PRJ010", "PRJ012", "REL001", "REL002", "REL003", "REL004", "REL005", "REL006", "REL007"}

EXAMPLES = [
    (code, heading, text)
    for code, rule in RULES.items()
    if code not in GRADES  # tests/test_breaking.py shows what differences are
    for heading in ("Bad", "Good")
    for text in rule.examples(heading)
]


def findings(text: str) -> tuple[Diagnostic, ...]:
    texts = {"specs/project.yaml": PROJECT, "specs/schema.sql": SCHEMA, "specs/example.yaml": text}
    return compile_project(from_texts(texts)).diagnostics


@pytest.mark.parametrize("code", sorted(RULES.keys() - WITHOUT_EXAMPLES))
def test_has_examples(code: str) -> None:
    assert RULES[code].examples("Bad")
    assert RULES[code].examples("Good") or code == "PRJ008"


@pytest.mark.parametrize(("code", "heading", "text"), EXAMPLES, ids=[f"{code}-{how}" for code, how, _ in EXAMPLES])
def test_examples(code: str, heading: str, text: str) -> None:
    """The bad example has the finding; the good one has none at all."""
    codes = {item.code for item in findings(text)}
    assert (code in codes) if heading == "Bad" else codes == set()


@pytest.mark.parametrize("code", sorted(RULES))
def test_page_reads_well(code: str) -> None:
    rule = RULES[code]
    assert rule.summary and not rule.summary.endswith(".")
    assert "\nWhy\n---\n" in rule.doc
    assert all(len(line) <= 120 for line in rule.doc.split("\n"))


@pytest.mark.parametrize(("code", "heading", "text"), EXAMPLES, ids=[f"{code}-{how}" for code, how, _ in EXAMPLES])
def test_findings_are_whole(code: str, heading: str, text: str) -> None:
    """Every finding says where, in words that stand alone, and what to do."""
    for item in findings(text):
        assert item.span.path in {"specs/example.yaml", "specs/project.yaml"}
        assert (
            item.message
            and item.message[-1] not in ".!"
            and (item.message[0].islower() or item.message[:2].isupper() or item.message[0] == "`")
        )
        lines = text.split("\n")
        assert item.span.line <= len(lines), (code, heading)


def test_an_unused_allow_is_a_finding_and_a_used_one_is_not() -> None:
    text = textwrap.dedent("""\
        kind: materialized_view
        name: coupons
        unique_key: [coupon]
        allow: {MV003: "rows without a coupon are few", MV002: "no reason"}
        query: SELECT coupon, count(*) AS orders FROM orders GROUP BY coupon
    """)
    assert [(item.code, item.span.line, item.span.column) for item in findings(text)] == [("PRJ013", 4, 49)]


def test_row_security_is_followed_through_views() -> None:
    text = textwrap.dedent("""\
        kind: materialized_view
        name: inner
        unique_key: [sender_id]
        query: SELECT DISTINCT sender_id FROM senders
        ---
        kind: materialized_view
        name: outer
        unique_key: [sender_id]
        access: {select: [service_role, anon]}
        query: SELECT i.sender_id FROM "inner" i
    """)
    assert [(item.code, item.name, item.span.line) for item in findings(text)] == [("MV008", "outer", 9)]
