"""Mistakes that key inference has made, here or elsewhere: each of these keys is wrong, or each fact is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keys_support import analysed, catalog, keys_of
from pgspec.catalog import Catalog, Column, Key, Relation
from pgspec.keys import check_key
from pgspec.pgsql import parse
from pgspec.sql import QName

# A query and columns that are not a key of it.
NOT_KEYS = {
    "a grouping-set expression is not the row's expression": (
        "SELECT lower(city) AS l, count(*) AS n FROM orders GROUP BY GROUPING SETS ((lower(city)), (city))", "l"),
    "nor is one that repeats a column": (
        "SELECT day AS a, day AS b FROM orders GROUP BY GROUPING SETS ((day), (user_id))", "a b"),
    "a NULL of a subtotal is not the value NULL": (
        "SELECT city, count(*) AS n FROM orders GROUP BY ROLLUP (city)", "city"),
    "the same set twice": ("SELECT day FROM orders GROUP BY GROUPING SETS ((day), (day))", "day"),
    "rows of a scalar aggregate over nothing": (
        ("SELECT u.id, x.m FROM users u LEFT JOIN LATERAL (SELECT max(o.id) AS m FROM orders o WHERE o.id "
         "= u.id) x ON true"),
        "m"),
    "full join of two single rows": (
        ("SELECT x.a, y.b FROM (SELECT count(*) AS a FROM orgs) x FULL JOIN (SELECT count(*) AS b FROM "
         "users) y ON x.a = y.b"),
        "a"),
    "distinct on does not stop a set-returning function": (
        "SELECT DISTINCT ON (user_id) user_id, generate_series(1, 2) AS g FROM orders", "user_id"),
    "using of different types": (
        "SELECT id FROM (SELECT amount AS id FROM prices) a FULL JOIN (SELECT id FROM orgs) b USING (id)", "id"),
    "coalesce to a wider type": (
        "SELECT coalesce(a.id, 0.5::float8) AS c FROM orgs a", "c"),
    "the ON of an outer join does not filter the kept side": (
        "SELECT u.mail FROM users u LEFT JOIN orgs o ON u.deleted_at IS NULL AND o.id = u.org_id", "mail"),
    "an outer value in a lateral query": (
        "SELECT x.u, x.day FROM users u LEFT JOIN LATERAL (SELECT u.id AS u, o.day FROM orders o) x ON true", "u"),
    "unique allows many nulls": ("SELECT user_id, count(*) AS n FROM profiles GROUP BY id", "user_id"),
    "equal numbers are written differently": (
        "SELECT DISTINCT amount::text AS t, label FROM prices", "t"),
    "doubles merge integers": (
        "SELECT p.label FROM prices p JOIN orgs o ON o.id = p.amount::float8", "label"),
    "a narrower string": ("SELECT slug::varchar(3) AS s FROM orgs", "s"),
    "an array constructor with repetitions": ("SELECT x FROM unnest(ARRAY[1, 2, 1]) AS t (x)", "x"),
    "a volatile sub-query is read again for every row": (
        ("SELECT x.g, x.n FROM orgs o JOIN (SELECT random() > 0.5 AS g, count(*) AS n FROM users GROUP BY "
         "1) x ON true"), "g"),
    "views twice": ("SELECT a.user_id FROM spenders a, spenders b WHERE a.total = b.total", "user_id"),
    "union of different tables": ("SELECT id, 1 AS k FROM orgs UNION ALL SELECT id, 1 FROM users", "id k"),
    "constants that are equal after a cast": (
        "SELECT id, 1 AS k FROM orgs UNION ALL SELECT id, 1.0 FROM users", "id k"),
    "one truth, two spellings": (
        "SELECT id, 't'::boolean AS k FROM orgs UNION ALL SELECT id, 'true'::boolean FROM users", "id k"),
    "one number, two spellings": ("SELECT x FROM unnest(ARRAY['1', '01']::integer[]) AS t (x)", "x"),
    "a volatile view is read again for every row": (
        "SELECT x.g FROM orgs o, (SELECT g FROM (SELECT random() > 0.5 AS g FROM users GROUP BY 1) y) x", "g"),
    "rank keeps ties": (
        ("SELECT user_id FROM (SELECT user_id, dense_rank() OVER (PARTITION BY user_id ORDER BY day) AS n "
         "FROM orders) t WHERE n = 1"), "user_id"),
    "recursion over a graph": (
        ("WITH RECURSIVE t AS (SELECT id, org_id FROM users WHERE org_id IS NULL UNION ALL "
        "SELECT u.id, u.org_id FROM users u JOIN t ON u.id > t.id) SELECT id FROM t"), "id"),
    "limit inside lateral is per row": (
        "SELECT x.day FROM users u, LATERAL (SELECT o.day FROM orders o WHERE o.user_id = u.id LIMIT 1) x", "day"),
    "local times that a zone skips": (
        "SELECT placed::timestamptz AS t FROM (SELECT DISTINCT placed FROM orders) x", "t"),
    "division keeps as many digits as the scale": (
        "SELECT DISTINCT total, total / 3 AS t FROM orders", "total"),
}  # fmt: skip


@pytest.mark.parametrize(("query", "key"), NOT_KEYS.values(), ids=NOT_KEYS)
def test_not_a_key(query: str, key: str) -> None:
    analysis = analysed(query)
    assert not analysis.findings
    assert not analysis.unsupported
    verdict = check_key(analysis, key.split())
    assert not verdict.unique
    assert verdict.reasons


# Columns that can be NULL although something nearby is not.
NOT_PRESENT = {
    "NOT NULL of the outer row does not leave a lateral query": (
        "SELECT x.c FROM orders o LEFT JOIN LATERAL (SELECT o.id AS c FROM users u WHERE u.id = o.user_id) x ON true"),
    "the sum of no rows": "SELECT sum(total) AS c FROM orders WHERE total > 0",
    "the sum of no rows of the empty set": "SELECT sum(total) AS c FROM orders GROUP BY GROUPING SETS ((day), ())",
    "the first of two padded functions": ("SELECT c FROM ROWS FROM (generate_series(1, 2), "
                                          "generate_series(1, 3)) AS t (c, d)"),
    "extract of infinity": "SELECT extract(day FROM day) AS c FROM orders",
    "a bound of a range": "SELECT lower(int8range(id, NULL)) AS c FROM orgs",
    "a whole row without a match": "SELECT row_to_json(p) AS c FROM users u LEFT JOIN profiles p ON p.user_id = u.id",
    "an array of an array": "SELECT (array_agg(tags))[1] AS c FROM users GROUP BY id",
    "a json null": "SELECT (settings -> 'a')::text AS c FROM users",
    "a comparison of rows": "SELECT (id, city) > (1, 'a') AS c FROM orders",
    "not in": "SELECT id NOT IN (SELECT user_id FROM profiles) AS c FROM users",
    "a child table may drop NOT NULL": "SELECT id AS c FROM logs",
    "a filter that drops all": "SELECT min(day) FILTER (WHERE paid) AS c FROM orders GROUP BY user_id",
    "one element of a list decides against it": "SELECT city AS c FROM users WHERE NOT (code NOT IN ('a', city))",
    "an element of a list that is false": "SELECT city AS c FROM users WHERE (code NOT IN ('a', city)) IS FALSE",
    "an array without elements": "SELECT city AS c FROM users WHERE NOT (city = ANY (ARRAY[]::text[]))",
}  # fmt: skip


@pytest.mark.parametrize("query", NOT_PRESENT.values(), ids=NOT_PRESENT)
def test_can_be_null(query: str) -> None:
    (column,) = analysed(query).columns
    assert column.nullable


PRESENT = {
    "not in a list": "SELECT city AS c FROM users WHERE city NOT IN ('a', 'b')",
    "compared with every element": "SELECT city AS c FROM users WHERE code NOT IN ('a', city)",
    "equal to an element": "SELECT city AS c FROM users WHERE city = ANY (ARRAY['a', 'b'])",
}


@pytest.mark.parametrize("query", PRESENT.values(), ids=PRESENT)
def test_cannot_be_null(query: str) -> None:
    (column,) = analysed(query).columns
    assert not column.nullable


def test_any_error_or_gap_proves_nothing() -> None:
    for query in ("SELECT id, x FROM orgs", "SELECT o.id FROM orgs o, nowhere", "SELECT id FROM pg_class"):
        analysis = analysed(query)
        assert not analysis.keys
        assert not analysis.single_row
        assert all(column.nullable for column in analysis.columns)


def test_a_foreign_key_that_row_security_may_hide_is_no_inner_join() -> None:
    orgs = catalog().relations[QName("public", "orgs")]
    hidden = catalog().with_relations(replace(orgs, row_security=True))
    query = "SELECT o.slug AS c FROM users u LEFT JOIN orgs o ON o.id = u.org_id"
    assert not analysed(query).columns[0].nullable
    assert analysed(query, hidden).columns[0].nullable


def test_a_stored_view_is_a_table_with_the_keys_it_was_given() -> None:
    stored = Relation(
        QName("public", "totals"), "materialized_view",
        {"user_id": Column("user_id", "bigint", not_null=True), "total": Column("total", "numeric")},
        (Key("totals_key", ("user_id",)),),
    )  # fmt: skip
    known = catalog().with_relations(stored)
    analysis = analysed("SELECT t.user_id, u.code FROM totals t LEFT JOIN users u ON u.id = t.user_id", known)
    assert [k.columns for k in analysis.keys] == [("user_id",)]
    assert analysis.columns[1].nullable
    assert analysis.base_reads[stored.name] == {"user_id"}


def test_deep_nesting_is_refused_not_raised() -> None:
    query = "SELECT " + "(" * 400 + "1" + " + 1)" * 400 + " AS a"
    assert keys_of(query) in (["a"], [])


def with_view(name: str, query: str) -> Catalog:
    (statement,), _ = parse(query)
    return catalog().with_relations(Relation(QName("public", name), "view", query=statement.node))


def test_a_volatile_view_is_read_again_for_every_row() -> None:
    known = with_view("luck", "SELECT random() > 0.5 AS g, count(*) AS n FROM users GROUP BY 1")
    alone = analysed("SELECT DISTINCT g, n FROM luck", known)
    assert [k.columns for k in alone.keys] == [("g",)]
    joined = analysed("SELECT DISTINCT l.g, l.n FROM orgs o, luck l", known)
    assert [k.columns for k in joined.keys] == [("g", "n")]


def test_a_view_with_a_mistake_proves_nothing() -> None:
    known = with_view("broken", "SELECT id, nope AS x FROM orgs")
    analysis = analysed("SELECT b.id FROM broken b", known)
    assert not analysis.findings
    assert not analysis.keys
    assert [u.message for u in analysis.unsupported] == ["the view `public.broken`, whose query could not be analysed"]


def test_a_view_that_reads_itself_ends() -> None:
    known = with_view("again", "SELECT id FROM again")
    assert analysed("SELECT id FROM again", known).unsupported


def test_a_column_of_unknown_type_is_no_literal() -> None:
    stored = Relation(QName("public", "copied"), "table", {"a": Column("a", "unknown", not_null=True)})
    known = catalog().with_relations(stored)
    (column,) = analysed("SELECT a FROM copied", known).columns
    assert (column.type, column.nullable) == (None, False)


def test_a_table_is_not_the_query_that_filled_it() -> None:
    (statement,), _ = parse("SELECT id FROM orgs")
    known = catalog().with_relations(Relation(QName("public", "copied"), "table", query=statement.node))
    analysis = analysed("SELECT id FROM copied", known)
    assert not analysis.findings
    assert not analysis.keys
