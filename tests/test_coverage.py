"""Which writes no mapping covers, and what the proof says of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coverage_mutants import MUTANTS, Mutant
from pgspec.catalog import Catalog
from pgspec.catalog.reader import read_schema
from pgspec.coverage import Emission, Gap, gaps
from pgspec.keys.uses import QueryUses, RowFilter, bind_filter, query_uses
from pgspec.sql import QName
from pgspec.tags import Template, parse_tag

SCHEMA = """
CREATE TABLE specialties (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE users (id bigint PRIMARY KEY, role text, name text, deleted_at timestamptz, seen integer);
CREATE TABLE services (
    id bigint PRIMARY KEY, vendor_id bigint NOT NULL REFERENCES users (id),
    specialty_id bigint REFERENCES specialties (id), price numeric
);
CREATE MATERIALIZED VIEW totals AS SELECT vendor_id, count(*) AS n FROM services GROUP BY vendor_id;
CREATE FOREIGN TABLE remote (id bigint) SERVER elsewhere;
"""
VENDORS = """
SELECT u.id, u.name FROM users u JOIN services s ON s.vendor_id = u.id
WHERE s.specialty_id = :specialty_id AND u.role = 'vendor' AND u.deleted_at IS NULL
"""
BY_SPECIALTY = "search:specialty:{specialty_id}"


def known() -> Catalog:
    found, findings = read_schema([("schema.sql", SCHEMA)])
    assert not findings
    return found


def tag(text: str) -> Template:
    made = parse_tag(text)
    assert isinstance(made, Template)
    return made


def mapping(
    table: str, *tags: str, update: str | None = "", where: str = "", without: str = "", name: str = ""
) -> Emission:
    """A mapping that watches everything but ``without``, and updates of the columns ``update``; None for any."""
    filtered = bind_filter(where or "true", QName("public", table), known())
    assert isinstance(filtered, RowFilter) and not filtered.findings
    return Emission(
        name or f"{table}_map", QName("public", table), "insert" not in without,
        None if update is None else frozenset(update.split()), "delete" not in without, "truncate" not in without,
        filtered.conditions, filtered.columns, tuple(map(tag, tags)),
    )  # fmt: skip


def found(query: str, tags: str, *emissions: Emission) -> list[Gap]:
    read = query_uses(query, known())
    assert isinstance(read, QueryUses) and not read.findings
    return list(gaps(read.uses, [tag(t) for t in tags.split()], emissions))


def shown(found_gaps: list[Gap]) -> list[str]:
    return [
        f"{g.use.relation.name} {g.event}{f' {g.column}' if g.column else ''}: {g.reason}" for g in found_gaps
    ]  # fmt: skip


USERS = mapping("users", "search:vendors", update="id name role deleted_at")
SERVICES = mapping("services", BY_SPECIALTY, update="vendor_id specialty_id")
TAGS = f"search:vendors {BY_SPECIALTY}"


def test_every_write_is_covered() -> None:
    assert found(VENDORS, TAGS, USERS, SERVICES) == []


def test_any_column() -> None:
    assert found(VENDORS, TAGS, mapping("users", "search:vendors", update=None), SERVICES) == []


def test_no_mapping() -> None:
    missing = found(VENDORS, TAGS, SERVICES)
    assert shown(missing)[0] == "users insert: no invalidation is on `public.users`"
    assert [(g.event, g.column) for g in missing] == [
        ("insert", None), ("update", "deleted_at"), ("update", "id"), ("update", "name"), ("update", "role"),
        ("delete", None), ("truncate", None),
    ]  # fmt: skip
    assert {g.near for g in missing} == {None}


def test_another_tag() -> None:
    missing = found(VENDORS, TAGS, USERS, mapping("services", "search:price:{price}", update=None, name="prices"))
    reason = "no invalidation on `public.services` emits `search:vendors` or `search:specialty:{specialty_id}`"
    assert shown(missing)[0] == f"services insert: {reason}"
    assert missing[0].near == "prices"


def test_events() -> None:
    for event in ("insert", "delete", "truncate"):
        less = mapping("services", BY_SPECIALTY, update=None, without=event)
        assert shown(found(VENDORS, TAGS, USERS, less)) == [
            f"services {event}: `services_map` does not watch {event.upper()}"
        ]
    still = mapping("services", BY_SPECIALTY)
    assert shown(found(VENDORS, TAGS, USERS, still))[0] == (
        "services update specialty_id: `services_map` does not watch UPDATE"
    )


def test_columns() -> None:
    less = mapping("users", "search:vendors", update="id role deleted_at")
    assert shown(found(VENDORS, TAGS, less, SERVICES)) == [
        "users update name: `users_map` does not watch the column `name`"
    ]
    other = mapping("users", "search:vendors", update="name", name="names")
    assert found(VENDORS, TAGS, less, other, SERVICES) == []


def test_columns_that_the_filter_pins_need_not_be_watched() -> None:
    where = "role = 'vendor' AND deleted_at IS NULL"
    assert found(VENDORS, TAGS, mapping("users", "search:vendors", update="id name", where=where), SERVICES) == []
    query = "SELECT role FROM users WHERE role IN ('a', 'b')"
    listed = mapping("users", "t", update="id", where="role IN ('a', 'b')")
    assert shown(found(query, "t", listed)) == ["users update role: `users_map` does not watch the column `role`"]
    unwatched = mapping("users", "search:vendors", where=where)
    assert "users update role: `users_map` does not watch UPDATE" in shown(found(VENDORS, TAGS, unwatched, SERVICES))


def test_placeholders() -> None:
    query = "SELECT s.id FROM services s WHERE s.vendor_id = :vendor_id"
    missing = found(query, BY_SPECIALTY.replace("specialty_id", "vendor_id"), SERVICES)
    reason = "`search:specialty:{specialty_id}` needs services.specialty_id to equal :vendor_id in the query"
    assert f"services insert: {reason}" in shown(missing)
    assert not any(g.event == "truncate" for g in missing)
    by_vendor = mapping("services", "search:specialty:{vendor_id}", update=None)
    assert found(query, "search:specialty:{vendor_id}", by_vendor) == []


def test_filters() -> None:
    hidden = mapping("users", "search:vendors", update=None, where="role = 'vendor'")
    assert found(VENDORS, TAGS, hidden, SERVICES) == []
    query = "SELECT id FROM users WHERE seen = :n"
    missing = found(query, "search:vendors", hidden)
    reason = "the filter `role = 'vendor'` may hide rows that the query reads"
    assert shown(missing)[0] == f"users insert: {reason}"
    assert not any(g.event == "truncate" for g in missing)


def test_the_nearest_mapping_is_named() -> None:
    missing = found(VENDORS, TAGS, mapping("users", "other", name="far"), replace(USERS, delete=False), SERVICES)
    assert [(g.event, g.near) for g in missing] == [("delete", "users_map")]


def test_truncate_makes_a_wildcard() -> None:
    only = mapping("users", "search:user:{id}", without="insert delete")
    assert [g.event for g in found("SELECT count(*) FROM users", "search:user:all", only)] == ["insert", "delete"]
    assert "truncate" in [g.event for g in found("SELECT count(*) FROM users", "search:all", only)]


def test_count_reads_no_column() -> None:
    assert found("SELECT count(*) FROM users", "n", mapping("users", "n")) == []


def test_system_columns() -> None:
    missing = found("SELECT xmin FROM users", "n", mapping("users", "n", update=None))
    assert shown(missing) == ["users update xmin: `xmin` is a system column, which no invalidation can watch"]


def test_materialized_views() -> None:
    missing = found("SELECT n FROM totals WHERE vendor_id = :v", "n", mapping("services", "n", update=None))
    reason = "`public.totals` changes when it is refreshed, and a refresh emits no tag"
    assert shown(missing) == [f"totals {event}: {reason}" for event in ("insert", "update", "delete", "truncate")]


def test_foreign_tables() -> None:
    assert shown(found("SELECT id FROM remote", "n"))[0] == (
        "remote insert: `public.remote` is a foreign table, on whose writes no invalidation can act"
    )


def test_without_tags() -> None:
    assert shown(found("SELECT count(*) FROM users", "", USERS))[0] == "users insert: the query has no tag"


@pytest.mark.parametrize("mutant", [m for m in MUTANTS if not m.in_uses], ids=lambda mutant: mutant.name)
def test_a_mistake_is_seen(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.plant(monkeypatch)
    with pytest.raises((AssertionError, IndexError)):
        check_all()


def check_all() -> None:
    test_no_mapping()
    test_another_tag()
    test_events()
    test_columns()
    test_filters()
    test_placeholders()
    test_columns_that_the_filter_pins_need_not_be_watched()
