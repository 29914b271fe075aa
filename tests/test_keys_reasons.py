"""Why a declared key fails: the words, the place, the advice."""

from __future__ import annotations

import pytest

from keys_support import analysed
from pgspec.keys import KeyVerdict, check_key


def judged(query: str, key: str) -> KeyVerdict:
    return check_key(analysed(query), key.split())


# The place of the reason is between « and ».
NOT_UNIQUE = [
    (
        "SELECT u.id, p.bio FROM users u LEFT JOIN «profiles p ON p.bio = u.city» WHERE u.id > 3", "id",
        ("one (id) can be in several rows of `public.profiles p`: the query fixes p.bio there, and its key is (id) "
        "or (user_id)"),
        ("select p.id AS p_id and add it to the key, or aggregate the rows of p, or declare UNIQUE (bio) on "
        "public.profiles if that is so"),
    ),
    (
        "SELECT u.id, p.id AS profile FROM users u JOIN «profiles p ON p.bio = u.city»", "id",
        ("one (id) can be in several rows of `public.profiles p`: the query fixes p.bio there, and its key is (id) "
        "or (user_id)"),
        ("add profile to the key, or aggregate the rows of p, or declare UNIQUE (bio) on public.profiles if that is "
        "so; proven: (id, profile)"),
    ),
    (
        "SELECT day, user_id, count(*) AS n FROM orders «GROUP BY 1, 2»", "day",
        "rows are one per GROUP BY (day, user_id), but (day) leaves out user_id",
        "add user_id to the key; proven: (day, user_id)",
    ),
    (
        "SELECT day, count(*) AS n FROM orders o «GROUP BY day, o.user_id, lower(city)» HAVING true", "day",
        "rows are one per GROUP BY (day, o.user_id, lower(city)), but (day) leaves out o.user_id and lower(city)",
        "output o.user_id and lower(city) too and add them to the key, or leave them out of GROUP BY",
    ),
    (
        "SELECT «id» FROM orgs UNION ALL SELECT id FROM users", "id",
        "the queries of UNION ALL can return the same (id)",
        "tell them apart: SELECT 'a' AS source, ... UNION ALL SELECT 'b', ..., and add source to the key",
    ),
    (
        "SELECT «id» FROM orgs UNION ALL SELECT user_id FROM orders", "id",
        "query 2 of the UNION ALL has no proven key of its own", "make its rows unique first",
    ),
    (
        "SELECT «id», born FROM users UNION SELECT id, day FROM orders", "id",
        "UNION removes only rows that are equal in every column, and (id) leaves out born",
        "add born to the key; proven: (id, born)",
    ),
    (
        ("SELECT user_id, d FROM (SELECT user_id, day AS d, rank() OVER (PARTITION BY user_id ORDER BY day) AS n "
        "FROM «orders») t WHERE n = 1"), "user_id",
        ("one (user_id) can be in several rows of `public.orders`: the query fixes orders.user_id there, and its key "
        "is (id)"),
        ("rank() keeps ties: use row_number() with an ORDER BY that ends in a key, or select orders.id and add it to "
        "the key, or declare UNIQUE (user_id) on public.orders if that is so"),
    ),
    (
        "SELECT mail FROM «users» WHERE mail IS NOT NULL", "mail",
        ("one (mail) can be in several rows of `public.users`: the query fixes users.mail there, and its key is (id) "
        "or (code) or (city, born) (the unique index `users_mail` is partial: it counts only where the query repeats "
        "its WHERE)"),
        "select users.id and add it to the key, or declare UNIQUE (mail) on public.users if that is so",
    ),
    (
        "SELECT currency, day FROM «rates»", "currency day",
        ("one (currency, day) can be in several rows of `public.rates`: the query fixes rates.currency and rates.day "
        "there, and its key is not declared (`rates_currency_day_key` is DEFERRABLE, so it may be broken within a "
        "transaction)"),
        "declare UNIQUE (currency, day) on public.rates if that is so",
    ),
    (
        "SELECT id FROM «logs»", "id",
        ("one (id) can be in several rows of `public.logs`: keys of `public.logs` do not reach the tables that inherit "
        "from it"),
        "read FROM ONLY public.logs",
    ),
    (
        "SELECT order_id::text || '-' || line::text AS k FROM «items»", "k",
        "`k` is computed from items.order_id and items.line, and nothing shows that it keeps them apart",
        "output items.order_id and items.line and use them in its place",
    ),
    (
        "SELECT u.id, t.n FROM users u, «unnest»(u.tags) WITH ORDINALITY AS t (tag, n)", "id",
        "unnest() can return several rows for one (id)", "add n to the key; proven: (id, n)",
    ),
    (
        "SELECT id, «unnest»(tags) AS tag FROM users", "id",
        "unnest() in the SELECT list makes several rows of one (id)",
        "call it in FROM: CROSS JOIN LATERAL unnest() WITH ORDINALITY AS t (value, n), and add n to the key",
    ),
    (
        "SELECT DISTINCT «user_id», day FROM orders", "user_id",
        "DISTINCT keeps all rows that share (user_id) and differ in day",
        "add day to the key, or use DISTINCT ON (user_id) with ORDER BY; proven: (user_id, day)",
    ),
    (
        "SELECT s.total FROM «spenders s»", "total",
        "rows are one per GROUP BY (s.user_id), but (total) leaves out s.user_id",
        "output s.user_id too and add it to the key, or leave it out of GROUP BY",
    ),
    (
        "SELECT coalesce(day, 'infinity') AS d FROM orders «GROUP BY ROLLUP (day)»", "d",
        "(d) does not tell a subtotal row of GROUPING SETS from a group with the same value",
        "output grouping(day) AS level and add level to the key",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "key", "message", "help_text"), NOT_UNIQUE, ids=[n[0] for n in NOT_UNIQUE])
def test_why_not_unique(marked: str, key: str, message: str, help_text: str) -> None:
    verdict = judged(marked.replace("«", "").replace("»", ""), key)
    assert not verdict.proven
    assert not verdict.unique
    (reason,) = verdict.reasons
    assert (reason.message, reason.help) == (message, help_text)
    assert (reason.start, reason.end) == (marked.index("«"), marked.index("»") - 1)


NULLABLE = [
    (
        "SELECT «city», count(*) AS n FROM orders GROUP BY city", "city",
        "`city` can be NULL: `public.orders.city` is nullable",
        "WHERE city IS NOT NULL, or coalesce(...) AS city, or ALTER TABLE public.orders ALTER COLUMN city SET NOT NULL",
    ),
    (
        "SELECT «to_char(placed, 'YYYY') AS y» FROM orders GROUP BY 1", "y",
        "`y` can be NULL: to_char() returns NULL for 'infinity'",
        "date_trunc(...) AS y, which is not NULL, or WHERE isfinite(...)",
    ),
    (
        "SELECT p.id FROM users u LEFT JOIN «profiles p ON p.user_id = u.id» WHERE true", "id",
        "`id` can be NULL: the LEFT JOIN keeps rows without a match in `p`",
        "write JOIN, or add WHERE id IS NOT NULL, or coalesce(...) AS id",
    ),
    (
        "SELECT a.id FROM orgs a FULL JOIN «orders b ON a.id = b.id»", "id",
        "`id` can be NULL: a FULL JOIN keeps rows that only one side has",
        "select coalesce() of both sides AS id, or the column of USING",
    ),
    (
        "SELECT day, paid FROM orders «GROUP BY ROLLUP (day, paid)» LIMIT 3", "day",
        "`day` can be NULL: it is NULL in the subtotal rows of GROUPING SETS, ROLLUP or CUBE",
        "coalesce(...) AS day, with grouping(...) in the key",
    ),
    (
        "SELECT «max(id) AS m» FROM orders", "m", "`m` can be NULL: max() is NULL when there are no rows",
        "coalesce(max(...), ...) AS m",
    ),
    (
        "SELECT «max(city) AS m» FROM orders GROUP BY day", "m",
        "`m` can be NULL: max() is NULL when all its values are, and `public.orders.city` is nullable",
        "coalesce(max(...), ...) AS m",
    ),
    (
        "SELECT «CASE WHEN paid THEN id END AS c» FROM orders", "c", "`c` can be NULL: CASE has no ELSE",
        "CASE ... ELSE ... END AS c",
    ),
    (
        "SELECT l.mail FROM «live_users» l", "mail", "`mail` can be NULL: in `l` `public.users.mail` is nullable",
        "WHERE mail IS NOT NULL, or coalesce(...) AS mail",
    ),
    (
        "SELECT «lower(x.c) AS c» FROM (SELECT upper(city) AS c FROM orders) x", "c",
        "`c` can be NULL: `public.orders.city` is nullable",
        "WHERE c IS NOT NULL, or coalesce(...) AS c, or ALTER TABLE public.orders ALTER COLUMN city SET NOT NULL",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "column", "message", "help_text"), NULLABLE, ids=[n[0] for n in NULLABLE])
def test_why_nullable(marked: str, column: str, message: str, help_text: str) -> None:
    verdict = judged(marked.replace("«", "").replace("»", ""), column)
    assert not verdict.proven
    ((name, reason),) = verdict.nullable
    assert name == column
    assert (reason.message, reason.help) == (message, help_text)
    assert (reason.start, reason.end) == (marked.index("«"), marked.index("»") - 1)


def test_unique_where_not_null() -> None:
    verdict = judged("SELECT user_id FROM profiles", "user_id")
    assert (verdict.proven, verdict.unique, verdict.unique_where_not_null) == (False, False, True)
    assert verdict.reasons[0].message == "(user_id) is unique only among rows in which it is not NULL"


def test_a_larger_key_than_needed() -> None:
    verdict = judged("SELECT order_id, line, sku FROM items", "sku order_id line")
    assert verdict.proven
    assert verdict.redundant is not None
    assert verdict.redundant.columns == ("order_id", "line")


def test_a_minimal_key_is_not_redundant() -> None:
    assert judged("SELECT order_id, line FROM items", "order_id line").redundant is None


def test_any_not_null_column_is_a_key_of_one_row() -> None:
    analysis = analysed("SELECT 1 AS one, count(*) AS n, max(id) AS m FROM orders")
    assert [k.columns for k in analysis.keys] == [("one",), ("n",)]
    assert check_key(analysis, ["n"]).proven
    assert not check_key(analysis, ["m"]).proven
    assert not check_key(analysis, []).proven


def test_an_unknown_column() -> None:
    (reason,) = judged("SELECT slug FROM orgs", "slugg").reasons
    assert (reason.message, reason.help) == ("`slugg` is not an output column", "did you mean `slug`?")


def test_nothing_follows_from_a_mistake() -> None:
    verdict = judged("SELECT id, nme FROM orgs", "id")
    assert not verdict.proven
    assert verdict.reasons[0].message == "nothing is concluded from a query with mistakes"


UNSUPPORTED = [
    ("SELECT (unknown_one(1)).*, 1 AS id", "expansion of a composite value with `.*`"),
    ("SELECT (SELECT sum(o.id) FROM items) AS id FROM orders o", "`sum` over columns of an outer query"),
    ("SELECT oid AS id FROM pg_class", "the system catalog `pg_class`"),
    ("SELECT id FROM orders WHERE generate_series(1, 2) = 1", ("the set-returning function "
                                                               "`generate_series` in this place")),
]  # fmt: skip


@pytest.mark.parametrize(("query", "what"), UNSUPPORTED, ids=[u[0] for u in UNSUPPORTED])
def test_what_is_not_supported_is_not_proven(query: str, what: str) -> None:
    verdict = judged(query, "id")
    assert not verdict.proven
    assert verdict.reasons[0].message == f"nothing is concluded from a query with {what}"
