"""Which rows of each scan can matter to a query, and which of its columns it uses."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from coverage_mutants import MUTANTS, Mutant
from keys_support import catalog
from pgspec.catalog.reader import read_schema
from pgspec.keys.conditions import Const, Param
from pgspec.keys.parameters import substitute
from pgspec.keys.uses import QueryUses, RowFilter, Use, bind_filter, holds, query_uses
from pgspec.pgsql import ParseFailure
from pgspec.sql import QName


def uses(query: str) -> list[Use]:
    found = query_uses(query, catalog())
    assert isinstance(found, QueryUses), found
    assert not found.findings
    assert not found.unsupported
    return list(found.uses)


def use(query: str, name: str) -> Use:
    (found,) = [u for u in uses(query) if u.relation.name == name]
    return found


def equals(query: str, name: str) -> set[str]:
    """``column:parameter`` or ``column=literal`` for what a scan is restricted to."""
    shown = set()
    for column, values in use(query, name).equal.items():
        for value in values:
            shown.add(f"{column}:{value.name}" if isinstance(value, Param) else f"{column}={value.value}")
    return shown


# query, relation, what is known there

EQUAL = {
    "a filter": ("SELECT id FROM users WHERE org_id = :o", "users", {"org_id:o"}),
    "the other way round": ("SELECT id FROM users WHERE :o = org_id", "users", {"org_id:o"}),
    "a cast parameter": ("SELECT id FROM users WHERE org_id = :o::bigint", "users", {"org_id:o"}),
    "a parameter cast twice": ("SELECT id FROM users WHERE org_id = :o::numeric::bigint", "users", set()),
    "a cast column": ("SELECT id FROM users WHERE org_id::text = :o", "users", set()),
    "numbers have several spellings": ("SELECT label FROM prices WHERE amount = :a", "prices", set()),
    "instants depend on the session": ("SELECT id FROM app.events WHERE at = :a", "events", set()),
    "other types": ("SELECT i.sku FROM items i JOIN prices p ON p.amount = i.line WHERE i.line = :l", "prices", set()),
    "integers of two sizes": ("SELECT l.id FROM logs l JOIN orgs o ON o.id = l.id WHERE o.id = :i", "logs", {"id:i"}),
    "a collation": ('SELECT id FROM orgs WHERE slug = :s COLLATE "C"', "orgs", set()),
    "IN of one": ("SELECT id FROM users WHERE org_id IN (:o)", "users", {"org_id:o"}),
    "IN of two": ("SELECT id FROM users WHERE org_id IN (:o, 2)", "users", set()),
    "NULL is found by IS NOT DISTINCT FROM": (
        "SELECT id FROM users WHERE city IS NOT DISTINCT FROM :c", "users", set()),
    "a literal is none": ("SELECT id FROM users WHERE city IS NOT DISTINCT FROM 'x'", "users", {"city=x"}),
    "a boolean": ("SELECT id FROM orders WHERE paid", "orders", {"paid=True"}),
    "NOT": ("SELECT id FROM orders WHERE NOT paid", "orders", {"paid=False"}),
    "an enum": ("SELECT id FROM users WHERE feeling = 'ok'", "users", {"feeling=ok"}),
    "OR": ("SELECT id FROM users WHERE org_id = :o OR city = 'x'", "users", set()),
    "two at once": ("SELECT id FROM users WHERE org_id = :o AND org_id = 7", "users", {"org_id:o", "org_id=7"}),
    "a join": ("SELECT 1 FROM users u JOIN orgs o ON o.id = u.org_id WHERE o.id = :o", "users", {"org_id:o"}),
    "a comma": ("SELECT 1 FROM users u, orgs o WHERE o.id = u.org_id AND u.org_id = :o", "orgs", {"id:o"}),
    "left join, left": (
        "SELECT 1 FROM users u LEFT JOIN orgs o ON o.id = u.org_id AND u.city = :c", "users", set()),
    "left join, right": (
        "SELECT 1 FROM users u LEFT JOIN orgs o ON o.id = u.org_id AND o.slug = :s WHERE u.org_id = :o", "orgs",
        {"id:o", "slug:s"}),
    "left join, NULLs kept": (
        "SELECT 1 FROM users u LEFT JOIN profiles p ON p.user_id = u.id WHERE p.bio IS NOT DISTINCT FROM NULL",
        "profiles", set()),
    "left join, NULLs may be kept": (
        "SELECT 1 FROM users u LEFT JOIN profiles p ON p.user_id = u.id WHERE p.bio = 'x' OR u.city = 'y'",
        "users", set()),
    "left join, ON of a side that may be kept": (
        ("SELECT 1 FROM users u LEFT JOIN profiles p ON p.user_id = u.id AND u.city = 'z' "
        "WHERE p.bio = 'x' OR u.code = 'y'"), "users", set()),
    "left join, NULLs out": (
        "SELECT 1 FROM users u LEFT JOIN profiles p ON p.user_id = u.id AND u.city = :c WHERE p.bio = 'x'",
        "users", {"city:c"}),
    "right join": (
        "SELECT 1 FROM orgs o RIGHT JOIN users u ON o.id = u.org_id AND u.city = 'x' WHERE u.org_id = :o", "users",
        {"org_id:o"}),
    "right join, nullable side": (
        "SELECT 1 FROM orgs o RIGHT JOIN users u ON o.id = u.org_id WHERE u.org_id = :o", "orgs", {"id:o"}),
    "full join": ("SELECT 1 FROM users u FULL JOIN orgs o ON o.id = u.org_id AND o.slug = :s", "orgs", set()),
    "full join, left kept": (
        "SELECT 1 FROM users u FULL JOIN orgs o ON o.id = u.org_id AND o.slug = 'a' WHERE o.name IS NULL", "orgs",
        set()),
    "full join with a filter on one side": (
        "SELECT 1 FROM users u FULL JOIN orgs o ON o.id = u.org_id WHERE o.id = :o", "users", {"org_id:o"}),
    "EXISTS": (
        "SELECT 1 FROM users u WHERE u.id = :i AND EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)", "orders",
        {"user_id:i"}),
    "EXISTS, outwards": (
        "SELECT 1 FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.user_id = :i)",
        "users", {"id:i"}),
    "NOT EXISTS, inwards": (
        "SELECT 1 FROM users u WHERE u.id = :i AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)",
        "orders", {"user_id:i"}),
    "NOT EXISTS, outwards": (
        "SELECT 1 FROM users u WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.user_id = :i)",
        "users", set()),
    "IN": ("SELECT 1 FROM users WHERE id IN (SELECT user_id FROM orders) AND id = :i", "orders", {"user_id:i"}),
    "IN with LIMIT": (
        "SELECT 1 FROM users WHERE id IN (SELECT user_id FROM orders ORDER BY 1 LIMIT 1) AND id = :i", "orders", set()),
    "a scalar sub-query": (
        "SELECT (SELECT max(o.id) FROM orders o WHERE o.user_id = u.id) FROM users u WHERE u.id = :i", "orders",
        {"user_id:i"}),
    "a view": ("SELECT mail FROM live_users WHERE org_id = :o", "users", {"org_id:o"}),
    "a grouped view": ("SELECT total FROM spenders WHERE user_id = :u", "orders", {"user_id:u"}),
    "a sum": ("SELECT user_id FROM spenders WHERE total = 1", "orders", set()),
    "a computed group": (
        "SELECT c FROM (SELECT user_id, max(city) AS c FROM orders GROUP BY user_id) x WHERE c = :c", "orders", set()),
    "a subtotal": (
        "SELECT city FROM (SELECT city FROM orders GROUP BY ROLLUP (city)) x WHERE city = :c", "orders", set()),
    "a count of nothing is a row": (
        "SELECT u.id FROM users u, LATERAL (SELECT count(*) FROM orders o WHERE u.city = :c) x", "users", set()),
    "a CTE": ("WITH c AS (SELECT * FROM orders) SELECT 1 FROM c WHERE user_id = :u", "orders", {"user_id:u"}),
    "UNION": (
        "SELECT id FROM (SELECT id FROM users UNION SELECT user_id FROM orders) x WHERE id = :i", "orders",
        {"user_id:i"}),
    "a branch says nothing of the other": (
        ("SELECT o.id FROM orgs o JOIN (SELECT id FROM users WHERE id = :i UNION ALL SELECT user_id FROM orders) x "
        "ON x.id = o.id"), "orgs", set()),
    "LIMIT": ("SELECT 1 FROM (SELECT id FROM users ORDER BY id LIMIT 3) x WHERE id = :i", "users", set()),
    "DISTINCT": ("SELECT 1 FROM (SELECT DISTINCT city FROM users) x WHERE city = :c", "users", {"city:c"}),
    "DISTINCT ON": (
        "SELECT 1 FROM (SELECT DISTINCT ON (city) city, code FROM users ORDER BY 1, 2) x WHERE code = :c", "users",
        set()),
    "a window": (
        "SELECT 1 FROM (SELECT city, code, count(*) OVER (PARTITION BY city) FROM users) x WHERE city = :c", "users",
        {"city:c"}),
    "a window's other column": (
        "SELECT 1 FROM (SELECT city, code, count(*) OVER (PARTITION BY city) FROM users) x WHERE code = :c", "users",
        set()),
    "two windows": (
        ("SELECT 1 FROM (SELECT city, count(*) OVER (PARTITION BY city) AS a, count(*) OVER () AS b FROM users) x "
        "WHERE city = :c"), "users", set()),
    "a computed column": ("SELECT 1 FROM (SELECT lower(city) AS c FROM users) x WHERE c = :c", "users", set()),
    "LATERAL": (
        ("SELECT 1 FROM users u, LATERAL (SELECT id FROM orders o WHERE o.user_id = u.id ORDER BY 1 LIMIT 1) x "
        "WHERE u.id = :i"), "orders", {"user_id:i"}),
    "recursion": (
        ("WITH RECURSIVE w (i) AS (SELECT id FROM orgs UNION SELECT u.org_id FROM users u JOIN w ON w.i = u.id) "
        "SELECT i FROM w WHERE i = :i"), "users", set()),
    "ORDER BY": ("SELECT id FROM users ORDER BY (SELECT max(slug) FROM orgs WHERE id = :o)", "orgs", set()),
    "LIMIT's sub-query": ("SELECT id FROM users ORDER BY id LIMIT (SELECT count(*) FROM logs)", "logs", set()),
}  # fmt: skip


@pytest.mark.parametrize(("query", "name", "known"), EQUAL.values(), ids=EQUAL)
def test_what_columns_equal(query: str, name: str, known: set[str]) -> None:
    assert equals(query, name) == known


def test_two_uses_of_a_cte_are_two() -> None:
    query = (
        "WITH c AS (SELECT id, parent_id FROM orgs) SELECT 1 FROM c a JOIN c b ON b.parent_id = a.id WHERE a.id = :i"
    )
    known = [dict(u.equal) for u in uses(query)]
    assert sorted(map(sorted, known)) == [["id"], ["parent_id"]]


def test_what_a_use_says_of_its_own_rows_only() -> None:
    named = "WITH c AS (SELECT id FROM orgs WHERE id = parent_id)"
    query = f"{named} SELECT 1 FROM c a JOIN c b ON b.id <> a.id WHERE b.id = :i"
    assert sorted(sorted(u.equal) for u in uses(query)) == [[], ["id", "parent_id"]]


CONDITIONS = {
    "a filter": ("SELECT id FROM orders WHERE user_id > 5 AND total = 2", "orders", {"user_id > 5", "total = 2"}),
    "what NULL satisfies": (
        "SELECT 1 FROM users u LEFT JOIN profiles p ON p.user_id = u.id WHERE p.bio IS NULL", "profiles", set()),
    "what NULL may satisfy": (
        "SELECT 1 FROM users u LEFT JOIN profiles p ON p.user_id = u.id WHERE coalesce(p.bio, 'x') = 'x'", "profiles",
        set()),
    "ON": (
        "SELECT 1 FROM users u LEFT JOIN profiles p ON p.user_id = u.id AND p.bio IS NULL", "profiles",
        {"bio IS NULL"}),
    "digits of a group": (
        "SELECT 1 FROM (SELECT score FROM profiles GROUP BY score) x WHERE score::text = '1.0'", "profiles", set()),
    "digits of duplicates": (
        "SELECT 1 FROM (SELECT DISTINCT score FROM profiles) x WHERE score::text = '1.0'", "profiles", set()),
    "a view": ("SELECT id FROM live_users", "users", {"deleted_at IS NULL"}),
    "a random filter": ("SELECT id FROM orders WHERE total > random()", "orders", set()),
}  # fmt: skip


@pytest.mark.parametrize(("query", "name", "known"), CONDITIONS.values(), ids=CONDITIONS)
def test_conditions(query: str, name: str, known: set[str]) -> None:
    assert {c.text for c in use(query, name).conditions} == known


COLUMNS = {
    "count(*)": ("SELECT count(*) FROM orgs", ""),
    "a star": ("SELECT * FROM orgs", "id name parent_id slug"),
    "a whole row": ("SELECT o FROM orgs o", "id name parent_id slug"),
    "count of a row": ("SELECT count(o) FROM orgs o", "id name parent_id slug"),
    "ORDER BY": ("SELECT id FROM orgs ORDER BY slug", "id slug"),
    "GROUP BY": ("SELECT count(*) FROM orgs GROUP BY slug", "slug"),
    "a row": ("SELECT 1 FROM orgs WHERE (id, slug) = (1, 'a')", "id slug"),
    "a system column": ("SELECT xmin FROM orgs", "xmin"),
    "a window's frame": ("SELECT sum(1) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM orgs", "id"),
    "a key's columns are not read": ("SELECT parent_id FROM orgs", "parent_id"),
}


@pytest.mark.parametrize(("query", "columns"), COLUMNS.values(), ids=COLUMNS)
def test_columns(query: str, columns: str) -> None:
    (found,) = uses(query)
    assert " ".join(sorted(found.columns)) == columns


def test_columns_of_joins() -> None:
    shown = {u.relation.name: sorted(u.columns) for u in uses("SELECT 1 FROM rates NATURAL JOIN orders")}
    assert shown == {"rates": ["day"], "orders": ["day"]}
    shown = {u.relation.name: sorted(u.columns) for u in uses("SELECT 1 FROM orgs FULL JOIN users USING (id)")}
    assert shown == {"orgs": ["id"], "users": ["id"]}


# filters of mappings: query over users, filter, whether it holds for all rows that matter

FILTERS = {
    "the same": ("city = 'x'", "city = 'x'", True),
    "mirrored": ("city = 'x'", "'x' = city", True),
    "another value": ("city = 'x'", "city = 'y'", False),
    "among": ("city = 'x'", "city IN ('x', 'y')", True),
    "among more": ("city IN ('x', 'y')", "city IN ('z', 'y', 'x')", True),
    "among fewer": ("city IN ('x', 'y')", "city IN ('x', 'z')", False),
    "not null": ("lower(city) = 'x'", "city IS NOT NULL", True),
    "not null, by the catalog": ("true", "org_id IS NOT NULL", True),
    "not null is not known": ("coalesce(city, 'x') = 'x'", "city IS NOT NULL", False),
    "not null in one alternative": ("city = 'x' OR born > '2020-01-01'", "city IS NOT NULL", False),
    "not null in each": ("city = 'x' OR lower(city) = 'y'", "city IS NOT NULL", True),
    "a list may decide without its NULL": ("NOT (code NOT IN ('a', city))", "city IS NOT NULL", False),
    "null": ("deleted_at IS NULL", "deleted_at IS NULL", True),
    "an interval": ("id > 5", "5 < id", True),
    "an interval is not compared": ("id > 5", "id > 4", False),
    "AND": ("city = 'x' AND id > 5", "id > 5 AND city = 'x'", True),
    "OR in another order": ("city = 'x' OR id > 5", "id > 5 OR city = 'x'", True),
    "a boolean": ("feeling = 'ok'", "feeling = 'ok'::mood", True),
    "now": ("created_at > now()", "created_at > now()", False),
    "today": ("born > 'today'", "born > 'today'", False),
    "a zone": ("created_at > '2020-01-01 00:00:00'", "created_at > '2020-01-01 00:00:00'", False),
    "an instant": ("created_at > '2020-01-01 00:00:00+00'", "created_at > '2020-01-01 00:00:00+00'", True),
    "a zone, by the way": ("coalesce(born, created_at) > '2020-01-01 00:00:00+00'",
                          "coalesce(born, created_at) > '2020-01-01 00:00:00+00'", False),
    "a session": ("city = current_user", "city = current_user", False),
    "a stable function": ("to_char(born, 'Mon') = 'Jan'", "to_char(born, 'Mon') = 'Jan'", False),
    "a sub-query": ("id = (SELECT max(id) FROM orgs)", "id = (SELECT max(id) FROM orgs)", False),
    "true": ("id = 1", "true", True),
}  # fmt: skip


@pytest.mark.parametrize(("where", "text", "held"), FILTERS.values(), ids=FILTERS)
def test_filters(where: str, text: str, held: bool) -> None:
    bound = bind_filter(text, QName("public", "users"), catalog())
    assert isinstance(bound, RowFilter)
    assert not bound.findings
    found = next(u for u in uses(f"SELECT id FROM users WHERE {where}") if u.relation.name == "users")
    assert all(holds(condition, found) for condition in bound.conditions) == held


def test_a_filter_by_way_of_a_join() -> None:
    found = use("SELECT 1 FROM users u JOIN orders o ON o.city = u.city WHERE o.city = 'x'", "users")
    bound = bind_filter("city = 'x'", QName("public", "users"), catalog())
    assert isinstance(bound, RowFilter) and all(holds(c, found) for c in bound.conditions)
    assert bound.columns == {"city"}


def test_filters_with_mistakes() -> None:
    name = QName("public", "users")
    assert isinstance(bind_filter("city = ", name, catalog()), ParseFailure)
    assert isinstance(bind_filter("true) GROUP BY (city", name, catalog()), ParseFailure)
    assert isinstance(bind_filter("true; SELECT 1", name, catalog()), ParseFailure)
    bound = bind_filter("town = 'x'", name, catalog())
    assert isinstance(bound, RowFilter)
    assert [(f.start, f.end, f.message) for f in bound.findings] == [(0, 4, "column `town` does not exist")]


def test_nondeterministic_collations_equate_other_texts() -> None:
    known, _ = read_schema([("s.sql", """CREATE COLLATION ci (provider = icu, locale = 'und', deterministic = false);
        CREATE TABLE t (id integer PRIMARY KEY, b text COLLATE ci)""")])  # fmt: skip
    found = query_uses("SELECT id FROM t WHERE b = :b", known)
    assert isinstance(found, QueryUses) and not found.uses[0].equal


def test_materialized_views_are_stored() -> None:
    known, _ = read_schema([("s.sql", ("CREATE TABLE t (id integer, a integer);"
                            "CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t"))])  # fmt: skip
    found = query_uses("SELECT a FROM m WHERE id = :i", known)
    assert isinstance(found, QueryUses)
    (only,) = found.uses
    assert (only.kind, only.columns, dict(only.equal)) == ("materialized_view", {"a", "id"}, {"id": {Param("i")}})


def test_what_is_not_understood_restricts_nothing() -> None:
    found = query_uses("SELECT u.id FROM users u JOIN pg_class c ON true WHERE u.id = :i", catalog())
    assert isinstance(found, QueryUses) and found.unsupported
    assert [(u.relation.name, dict(u.equal)) for u in found.uses] == [("users", {})]


def test_a_view_is_where_it_is_named() -> None:
    query = "SELECT mail FROM live_users"
    assert [u.start for u in uses(query)] == [query.index("live_users")]


def test_functions_that_may_read_tables() -> None:
    found = query_uses("SELECT n FROM lines(), tax(1)", catalog())
    assert isinstance(found, QueryUses) and found.functions == (QName("public", "lines"),)


# parameters


@dataclass(frozen=True, slots=True)
class Given:
    text: str
    names: str
    made: str


PARAMETERS = (
    Given("SELECT :a, :bc, :a", "a bc", "SELECT $1, $2 , $1"),
    Given("SELECT ':a', \":b\", $x$:c$x$, :f", "f", "SELECT ':a', \":b\", $x$:c$x$, $1"),
    Given("SELECT 1 -- :d\n, /* :e */ :f", "f", "SELECT 1 -- :d\n, /* :e */ $1"),
    Given("SELECT x::int, :user::int", "user", "SELECT x::int, $1   ::int"),
    Given("SELECT a[1:n], a[:n], a[(:n)], ARRAY[:m, :o]", "n m o", "SELECT a[1:n], a[:n], a[($1)], ARRAY[$2, $3]"),
    Given("SELECT f(a := 1), 'é', :é, :x", "x", "SELECT f(a := 1), 'é', :é, $1"),
)  # fmt: skip


@pytest.mark.parametrize("given", PARAMETERS, ids=lambda given: given.text)
def test_parameters(given: Given) -> None:
    made = substitute(given.text)
    assert not isinstance(made, ParseFailure)
    assert made.text == given.made
    assert len(made.text) == len(given.text)
    assert sorted(made.names.values()) == sorted(given.names.split())
    assert all(given.text[p.start : p.end] == f":{p.name}" for p in made.places)


def test_parameters_that_do_not_fit() -> None:
    assert isinstance(substitute("SELECT $1"), ParseFailure)
    assert isinstance(substitute("SELECT " + ", ".join(f":{c}" for c in "abcdefghij")), ParseFailure)
    many = substitute("SELECT :zz, " + ", ".join(f":{c}" for c in "abcdefghi"))
    assert not isinstance(many, ParseFailure) and many.names[10] == "zz"


def test_a_literal_has_one_spelling() -> None:
    found = use("SELECT id FROM users WHERE id = '07'", "users")
    assert found.equal["id"] == {Const(7, "integer")}


# mistakes are seen

IN_USES = [m for m in MUTANTS if m.in_uses]


@pytest.mark.parametrize("mutant", IN_USES, ids=lambda mutant: mutant.name)
def test_a_mistake_is_seen(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.plant(monkeypatch)
    with pytest.raises((AssertionError, ValueError)):
        check_all()


def check_all() -> None:
    for query, name, known in EQUAL.values():
        assert equals(query, name) == known
    for where, text, held in FILTERS.values():
        test_filters(where, text, held)
    for query, name, known in CONDITIONS.values():
        test_conditions(query, name, known)
    test_what_a_use_says_of_its_own_rows_only()
