"""Keys per operator: what is proven, and what looks alike and is not."""

from __future__ import annotations

import pytest

from keys_support import analysed, keys_of

# A query, and its proven keys, each as its columns; () when nothing is proven; "one row" when there is at most one.
KEYS = {
    "scan": [
        ("SELECT id, slug, name FROM orgs", ["id", "slug"]),
        ("SELECT name FROM orgs", []),
        ("SELECT code FROM users", ["code"]),
        ("SELECT currency, day FROM rates", []),
        ("SELECT id FROM logs", []),
        ("SELECT id FROM ONLY logs", ["id"]),
        ("SELECT name FROM orgs WHERE name IS NOT NULL", ["name"]),
        ("SELECT lower(name) AS l FROM orgs WHERE name IS NOT NULL", ["l"]),
        ("SELECT tenth, sum(score) AS s FROM profiles GROUP BY score, tenth", ["tenth"]),
        ("SELECT id FROM app.events", ["id"]),
    ],
    "filter": [
        ("SELECT line, sku FROM items WHERE order_id = 7", ["line"]),
        ("SELECT line, sku FROM items WHERE order_id IN (7)", ["line"]),
        ("SELECT line, sku FROM items WHERE order_id IN (7, 8)", []),
        ("SELECT line, sku FROM items WHERE order_id > 7", []),
        ("SELECT sku FROM items WHERE order_id = 7 AND line = 1", ["sku"]),
        ("SELECT sku FROM items WHERE (order_id, line) = (7, 1)", ["sku"]),
        ("SELECT user_id FROM profiles WHERE user_id > 0", ["user_id"]),
        ("SELECT user_id FROM profiles WHERE user_id + 1 > 0 OR user_id IS NOT NULL", ["user_id"]),
        ("SELECT user_id FROM profiles WHERE user_id > 0 OR bio IS NULL", []),
        ("SELECT born FROM users WHERE city IS NULL", ["born"]),
        ("SELECT mail FROM users WHERE deleted_at IS NULL AND mail IS NOT NULL", ["mail"]),
        ("SELECT mail FROM users WHERE mail IS NOT NULL", []),
        ("SELECT mail FROM users WHERE (deleted_at IS NULL OR city = 'a') AND mail IS NOT NULL", []),
    ],
    "expressions": [
        ("SELECT id::text AS t FROM orgs", ["t"]),
        ("SELECT 'o-' || id AS t FROM orgs", ["t"]),
        ("SELECT -id AS a, id + 5 AS b, 5 - id AS c FROM orgs", ["a", "b", "c"]),
        ("SELECT id * 2 AS a FROM orgs", ["a"]),
        ("SELECT id * 0 AS a FROM orgs", []),
        ("SELECT id / 2 AS a FROM orgs", []),
        ("SELECT id % 2 AS a FROM orgs", []),
        ("SELECT md5(slug) AS m FROM orgs", []),
        ("SELECT amount::text AS t FROM prices", []),
        ("SELECT amount::double precision AS f FROM prices", []),
        ("SELECT amount + 1 AS a FROM prices", ["a"]),
        ("SELECT amount * 0.5 AS a FROM prices", []),
        ("SELECT coalesce(id, 0) AS a FROM orgs", ["a"]),
        ("SELECT coalesce(user_id, 0) AS a FROM profiles", []),
        ("SELECT nullif(id, 3) AS a FROM orgs", []),
        ("SELECT CASE WHEN paid THEN id END AS a FROM orders", []),
        ("SELECT ROW(id, 1) AS r, slug FROM orgs", ["r", "slug"]),
        ("SELECT slug::varchar(2) AS s FROM orgs", []),
        ("SELECT (SELECT o.id) AS a FROM orgs o", []),
    ],
    "inner and cross joins": [
        ("SELECT u.id, o.slug FROM users u JOIN orgs o ON o.id = u.org_id", ["id"]),
        ("SELECT u.id FROM users u JOIN prices p ON p.label = u.city", []),
        ("SELECT u.id, o.slug FROM users u JOIN orgs o ON o.name = u.city", ["id"]),
        ("SELECT o.id AS o, p.amount FROM orgs o, prices p", ["o amount"]),
        ("SELECT p.id FROM profiles p JOIN users u ON u.id = p.user_id", ["id"]),
        ("SELECT u.id FROM users u JOIN profiles p ON p.user_id = u.id", ["id"]),
        ("SELECT a.id FROM orders a JOIN orders b ON a.id < b.id", []),
        ("SELECT id FROM users JOIN orders USING (id)", ["id"]),
        ("SELECT p.label FROM prices p JOIN orders o ON o.total::float8 = p.amount::float8", []),
    ],
    "outer joins": [
        ("SELECT u.id, p.bio FROM users u LEFT JOIN profiles p ON p.user_id = u.id", ["id"]),
        ("SELECT u.id, p.bio FROM users u LEFT JOIN profiles p ON p.user_id = u.id AND p.score > 3", ["id"]),
        ("SELECT u.id, p.bio FROM users u LEFT JOIN profiles p ON p.bio = u.city", []),
        ("SELECT p.id FROM users u LEFT JOIN profiles p ON p.user_id = u.id", []),
        ("SELECT p.id FROM users u LEFT JOIN profiles p ON p.user_id = u.id WHERE p.score > 1", ["id"]),
        ("SELECT p.id FROM profiles p RIGHT JOIN users u ON p.user_id = u.id", []),
        ("SELECT u.id FROM profiles p RIGHT JOIN users u ON p.user_id = u.id", ["id"]),
        ("SELECT o.slug, u.id FROM users u LEFT JOIN orgs o ON o.id = u.org_id", ["id"]),
        (("SELECT o.id FROM orders d LEFT JOIN users u ON u.mail = d.city AND u.deleted_at IS NULL JOIN "
          "orgs o ON o.id = d.id"),
         ["id"]),
        ("SELECT d.id FROM orders d LEFT JOIN users u ON u.mail = d.city", []),
        (("SELECT d.mail FROM users d LEFT JOIN orgs o ON o.id = d.id AND d.deleted_at IS NULL WHERE "
          "d.mail IS NOT NULL"), []),
    ],
    "full join": [
        ("SELECT id, a.slug FROM orgs a FULL JOIN prices b ON a.id = b.amount", []),
        ("SELECT id FROM orgs FULL JOIN orders USING (id)", ["id"]),
        ("SELECT coalesce(a.id, b.id) AS id FROM orgs a FULL JOIN orders b ON a.id = b.id", ["id"]),
        ("SELECT coalesce(a.id, b.id) AS id FROM orgs a FULL JOIN orders b ON a.id = b.id AND b.paid", []),
        ("SELECT coalesce(a.id, b.user_id) AS id FROM orgs a FULL JOIN orders b ON a.id = b.user_id", []),
        ("SELECT a.id FROM orgs a FULL JOIN orders b ON a.id = b.id", []),
        ("SELECT a.id FROM orgs a FULL JOIN orders b ON a.id = b.id WHERE a.id > 0", ["id"]),
        ("SELECT x.a FROM (SELECT 1 AS a) x FULL JOIN (SELECT 2 AS b) y ON x.a = y.b WHERE x.a > 0", ["one row"]),
        ("SELECT coalesce(x.a, 0) AS a FROM (SELECT 1 AS a) x FULL JOIN (SELECT 2 AS b) y ON x.a = y.b", []),
    ],
    "semi joins": [
        ("SELECT id FROM users u WHERE EXISTS (SELECT FROM orders o WHERE o.user_id = u.id)", ["id"]),
        ("SELECT user_id FROM profiles WHERE user_id IN (SELECT id FROM users)", ["user_id"]),
        ("SELECT user_id FROM profiles WHERE user_id NOT IN (SELECT id FROM users)", []),
        ("SELECT id FROM users WHERE NOT EXISTS (SELECT FROM orders)", ["id"]),
    ],
    "lateral": [
        (("SELECT u.id, x.total FROM users u LEFT JOIN LATERAL "
         "(SELECT total FROM orders o WHERE o.user_id = u.id ORDER BY day LIMIT 1) x ON true"), ["id"]),
        (("SELECT u.id, x.total FROM users u LEFT JOIN LATERAL "
         "(SELECT total FROM orders o WHERE o.user_id = u.id ORDER BY day LIMIT 2) x ON true"), []),
        (("SELECT u.id, x.n FROM users u, LATERAL (SELECT count(*) AS n FROM orders o WHERE o.user_id = "
          "u.id) x"), ["id"]),
        ("SELECT x.day FROM users u, LATERAL (SELECT DISTINCT day FROM orders o WHERE o.user_id = u.id) x", []),
        ("SELECT u.id, x.day FROM users u, LATERAL (SELECT DISTINCT day FROM orders o WHERE o.user_id = u.id) x",
         ["id day"]),
        (("SELECT u.id, x.day, x.n FROM users u, LATERAL "
         "(SELECT day, count(*) AS n FROM orders o WHERE o.user_id = u.id GROUP BY day) x"), ["id day"]),
    ],
    "group by": [
        ("SELECT day, count(*) AS n FROM orders GROUP BY day", ["day"]),
        ("SELECT count(*) AS n FROM orders GROUP BY day", []),
        ("SELECT lower(slug) AS slug, count(*) AS n FROM orgs GROUP BY slug", []),
        ("SELECT upper(slug) AS u, count(*) AS n FROM orgs GROUP BY u", ["u"]),
        ("SELECT city, count(*) AS n FROM orders GROUP BY city", []),
        ("SELECT coalesce(city, '') AS city, count(*) AS n FROM orders GROUP BY coalesce(city, '')", ["city"]),
        ("SELECT coalesce(city, '') AS city, count(*) AS n FROM orders GROUP BY orders.city", []),
        ("SELECT date_trunc('month', placed) AS m, user_id, count(*) AS n FROM orders GROUP BY 1, 2", ["m user_id"]),
        ("SELECT date_trunc('month', placed) AS m, count(*) AS n FROM orders GROUP BY placed", []),
        ("SELECT o.slug, count(u.id) AS n FROM orgs o LEFT JOIN users u ON u.org_id = o.id GROUP BY o.id", ["slug"]),
        ("SELECT max(id) AS m, user_id FROM orders GROUP BY user_id", ["user_id", "m"]),
        ("SELECT max(total) AS m FROM orders GROUP BY user_id", []),
        ("SELECT (array_agg(id ORDER BY day))[1] AS f FROM orders GROUP BY user_id", ["f"]),
        ("SELECT (array_agg(id ORDER BY day))[2] AS f FROM orders GROUP BY user_id", []),
        ("SELECT total::text AS t FROM orders GROUP BY total", []),
        ("SELECT to_char(placed, 'YYYY') AS y FROM orders GROUP BY 1", []),
        ("SELECT extract(year FROM placed) AS y FROM orders GROUP BY 1", []),
        ("SELECT day, n FROM (SELECT day, count(*) AS n FROM orders GROUP BY day HAVING count(*) > 3) t", ["day"]),
    ],
    "grouping sets": [
        ("SELECT day, paid FROM orders GROUP BY ROLLUP (day, paid)", []),
        ("SELECT day, paid, grouping(day, paid) AS g FROM orders GROUP BY ROLLUP (day, paid)", []),
        (("SELECT coalesce(day, 'infinity') AS d, coalesce(city, '') AS c, grouping(day, city) AS g "
         "FROM orders GROUP BY ROLLUP (day, city)"), []),
        ("SELECT coalesce(day::text, '*') AS d, grouping(day) AS g FROM orders GROUP BY CUBE (day)", ["d g"]),
        ("SELECT day, grouping(day) AS g FROM orders GROUP BY GROUPING SETS ((day), (day))", []),
        ("SELECT user_id, day FROM orders GROUP BY user_id, ROLLUP (day)", []),
        ("SELECT user_id FROM orders GROUP BY GROUPING SETS ((user_id))", ["user_id"]),
    ],
    "aggregates without group by": [
        ("SELECT count(*) AS n, max(id) AS m FROM orders", ["one row"]),
        ("SELECT max(id) AS m FROM orders WHERE id = 3", []),
        ("SELECT 1 AS one FROM orders HAVING count(*) > 3", ["one row"]),
    ],
    "distinct": [
        ("SELECT DISTINCT user_id, day FROM orders", ["user_id day"]),
        ("SELECT DISTINCT id, day FROM orders", ["id"]),
        ("SELECT DISTINCT city FROM orders", []),
        ("SELECT DISTINCT random() AS a, random() AS b FROM orgs", ["a b"]),
        ("SELECT DISTINCT ON (user_id) user_id, day FROM orders ORDER BY user_id, day", ["user_id"]),
        ("SELECT DISTINCT ON (user_id) day FROM orders ORDER BY user_id, day", []),
        ("SELECT DISTINCT ON (user_id) user_id, generate_series(1, 2) AS g FROM orders", ["user_id g"]),
        ("SELECT DISTINCT ON (date_trunc('day', placed)) date_trunc('day', placed) AS d, id FROM orders ORDER BY 1, id",
         ["d", "id"]),
    ],
    "set operations": [
        ("SELECT id, 1 AS s FROM orgs UNION ALL SELECT id, 2 FROM users", ["id s"]),
        ("SELECT id, 1 AS s FROM orgs UNION ALL SELECT id, 1 FROM users", []),
        (("SELECT id, 'a' AS s FROM orgs UNION ALL SELECT id, 'b' FROM users UNION ALL SELECT id, 'c' "
          "FROM orders"), ["id s"]),
        ("SELECT id, 'a' AS s FROM orgs UNION ALL SELECT user_id, 'b' FROM orders", []),
        ("SELECT id FROM orgs UNION ALL SELECT id FROM users", []),
        ("SELECT id, paid FROM orders WHERE paid UNION ALL SELECT id, paid FROM orders WHERE NOT paid", ["id paid"]),
        ("SELECT id FROM orgs UNION SELECT id FROM users", ["id"]),
        ("SELECT id, city FROM orders UNION SELECT id, city FROM users", []),
        ("SELECT user_id, day FROM orders UNION SELECT id, born FROM users", ["user_id day"]),
        ("SELECT user_id AS a FROM orders INTERSECT SELECT id FROM users", ["a"]),
        ("SELECT id AS a, day FROM orders EXCEPT SELECT id, born FROM users", ["a"]),
        ("SELECT id, day FROM orders INTERSECT ALL SELECT user_id, day FROM orders", ["id"]),
        ("SELECT user_id FROM orders EXCEPT ALL SELECT id FROM users", []),
        ("SELECT amount, 1 AS s FROM prices UNION ALL SELECT id, 2 FROM orgs", []),
    ],
    "with": [
        (("WITH a AS (SELECT user_id, count(*) AS n FROM orders GROUP BY 1) SELECT x.user_id, y.n FROM a x JOIN a y "
         "ON y.user_id = x.user_id"), ["user_id"]),
        (("WITH a AS (SELECT user_id, count(*) AS n FROM orders GROUP BY 1) SELECT x.user_id FROM a x "
          "JOIN a y ON y.n = x.n"),
         []),
        (("WITH RECURSIVE t AS (SELECT id, parent_id FROM orgs WHERE parent_id IS NULL UNION ALL "
         "SELECT o.id, o.parent_id FROM orgs o JOIN t ON o.parent_id = t.id) SELECT id FROM t"), ["id"]),
        (("WITH RECURSIVE t AS (SELECT id, parent_id FROM orgs UNION ALL "
         "SELECT o.id, o.parent_id FROM orgs o JOIN t ON o.parent_id = t.id) SELECT id FROM t"), []),
        (("WITH RECURSIVE t AS (SELECT id, id AS root FROM orgs UNION "
         "SELECT o.id, t.root FROM orgs o JOIN t ON o.parent_id = t.id) SELECT id, root FROM t"), ["id root"]),
        (("WITH RECURSIVE t AS (SELECT id, parent_id FROM orgs WHERE parent_id IS NULL UNION ALL "
         "SELECT o.id, o.parent_id FROM orgs o JOIN t ON o.parent_id <> t.id) SELECT id FROM t"), []),
    ],
    "windows": [
        ("SELECT id, row_number() OVER (ORDER BY day) AS n FROM orders", ["n", "id"]),
        ("SELECT user_id, row_number() OVER (PARTITION BY user_id ORDER BY day) AS n FROM orders", ["user_id n"]),
        ("SELECT user_id, rank() OVER (PARTITION BY user_id ORDER BY day) AS n FROM orders", []),
        ("SELECT user_id, rank() OVER (PARTITION BY user_id ORDER BY day, id) AS n FROM orders", ["user_id n"]),
        (("SELECT user_id, d FROM (SELECT user_id, day AS d, row_number() OVER (PARTITION BY user_id ORDER BY id) AS n "
         "FROM orders) t WHERE n = 1"), ["user_id"]),
        (("SELECT user_id, d FROM (SELECT user_id, day AS d, row_number() OVER (PARTITION BY user_id ORDER BY id) AS n "
         "FROM orders) t WHERE n < 2"), ["user_id"]),
        (("SELECT user_id, d FROM (SELECT user_id, day AS d, row_number() OVER (PARTITION BY user_id ORDER BY id) AS n "
         "FROM orders) t WHERE n <= 2"), []),
        (("SELECT user_id, d FROM (SELECT user_id, day AS d, rank() OVER (PARTITION BY user_id ORDER BY day) AS n "
         "FROM orders) t WHERE n = 1"), []),
    ],
    "limit": [
        ("SELECT city FROM orders LIMIT 1", []),
        ("SELECT day FROM orders LIMIT 1", ["one row"]),
        ("SELECT day FROM orders ORDER BY day FETCH FIRST 1 ROW WITH TIES", []),
        ("SELECT day FROM orders LIMIT 2", []),
    ],
    "values and functions": [
        ("SELECT v.a, v.b FROM (VALUES (1, 'x'), (2, 'x')) v (a, b)", ["a"]),
        ("SELECT v.a, v.b FROM (VALUES (1, 'x'), (1, 'y')) v (a, b)", ["b"]),
        ("SELECT v.a, v.b FROM (VALUES (1, 'x'), (1, 'x')) v (a, b)", []),
        ("SELECT g AS a FROM generate_series(1, 9) g", ["a"]),
        ("SELECT u.id, g AS a FROM users u, generate_series(1, 9) g", ["id a"]),
        ("SELECT u.id, t.tag FROM users u, unnest(u.tags) AS t (tag)", []),
        ("SELECT u.id, t.n FROM users u, unnest(u.tags) WITH ORDINALITY AS t (tag, n)", ["id n"]),
        ("SELECT u.id, t.key FROM users u, jsonb_each_text(u.settings) AS t", ["id key"]),
        ("SELECT t.x FROM unnest(ARRAY['a', 'b']) AS t (x)", ["x"]),
        ("SELECT t.x FROM unnest(ARRAY['a', 'a']) AS t (x)", []),
        ("SELECT id, unnest(tags) AS tag FROM users", []),
        ("SELECT d::date AS d FROM generate_series('2024-01-01'::timestamp, '2024-02-01', '1 day') d", ["d"]),
        ("SELECT d::date AS d FROM generate_series('2024-01-01'::timestamp, '2024-02-01', '12 hours') d", []),
        (("SELECT date_trunc('month', d) AS m FROM generate_series('2024-01-01'::timestamp, '2024-02-01', "
          "'1 day') d"), []),
        ("SELECT a, b FROM ROWS FROM (generate_series(1, 2), generate_series(1, 3)) AS t (a, b)", []),
    ],
    "views": [
        ("SELECT user_id, total FROM spenders", ["user_id"]),
        ("SELECT mail FROM live_users WHERE mail IS NOT NULL", ["mail"]),
        ("SELECT a.user_id FROM spenders a JOIN spenders b ON b.user_id = a.user_id", ["user_id"]),
        ("SELECT a.user_id FROM spenders a JOIN spenders b ON b.total = a.total", []),
    ],
}  # fmt: skip
CASES = [(query, keys) for cases in KEYS.values() for query, keys in cases]


@pytest.mark.parametrize(("query", "keys"), CASES, ids=[c[0][:90] for c in CASES])
def test_keys(query: str, keys: list[str]) -> None:
    analysis = analysed(query)
    assert not analysis.findings
    if keys == ["one row"]:
        assert analysis.single_row
        assert keys_of(query)
    else:
        assert sorted(keys_of(query)) == sorted(keys)


NULLS = [
    ("SELECT city AS c FROM orders", True),
    ("SELECT max(id) AS c FROM orders", True),
    ("SELECT max(id) AS c FROM orders GROUP BY day", False),
    ("SELECT max(id) FILTER (WHERE paid) AS c FROM orders GROUP BY day", True),
    ("SELECT max(city) AS c FROM orders GROUP BY day", True),
    ("SELECT count(city) AS c FROM orders", False),
    ("SELECT sum(total) AS c FROM orders GROUP BY GROUPING SETS ((day), ())", True),
    ("SELECT array_agg(city) AS c FROM orders GROUP BY day", False),
    ("SELECT string_agg(city, ',') AS c FROM orders GROUP BY day", True),
    ("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total) AS c FROM orders GROUP BY day", False),
    ("SELECT coalesce(city, 'x') AS c FROM orders", False),
    ("SELECT coalesce(city, bio) AS c FROM orders, profiles", True),
    ("SELECT lower(city) AS c FROM orders", True),
    ("SELECT lower(slug) AS c FROM orgs", False),
    ("SELECT lower(int4range(NULL, 5)) AS c FROM orgs", True),
    ("SELECT to_char(placed, 'YYYY') AS c FROM orders", True),
    ("SELECT extract(year FROM placed) AS c FROM orders", True),
    ("SELECT date_trunc('day', placed) AS c FROM orders", False),
    ("SELECT total / 2 AS c FROM orders", False),
    ("SELECT tags[1] AS c FROM users", True),
    ("SELECT settings ->> 'a' AS c FROM users", True),
    ("SELECT CASE WHEN paid THEN 1 END AS c FROM orders", True),
    ("SELECT CASE WHEN paid THEN 1 ELSE 2 END AS c FROM orders", False),
    ("SELECT CASE WHEN paid THEN 1 ELSE NULL END AS c FROM orders", True),
    ("SELECT nullif(id, 1) AS c FROM orders", True),
    ("SELECT city IS NULL AS c FROM orders", False),
    ("SELECT (SELECT max(id) FROM users) AS c", True),
    ("SELECT (SELECT count(*) FROM users) AS c", False),
    ("SELECT (SELECT id FROM users LIMIT 1) AS c", True),
    ("SELECT EXISTS (SELECT FROM users) AS c", False),
    ("SELECT id IN (SELECT user_id FROM profiles) AS c FROM users", True),
    ("SELECT ARRAY(SELECT city FROM users) AS c", False),
    ("SELECT p.score AS c FROM users u LEFT JOIN profiles p ON p.user_id = u.id", True),
    ("SELECT p AS c FROM users u LEFT JOIN profiles p ON p.user_id = u.id", True),
    ("SELECT p.score AS c FROM users u LEFT JOIN profiles p ON p.user_id = u.id WHERE p.score > 1", False),
    ("SELECT p.score AS c FROM users u LEFT JOIN profiles p ON p.user_id = u.id WHERE p.score > 1 OR p.id = 3", False),
    ("SELECT p.score AS c FROM users u LEFT JOIN profiles p ON p.user_id = u.id WHERE p.score > 1 OR u.id = 3", True),
    ("SELECT o.slug AS c FROM users u LEFT JOIN orgs o ON o.id = u.org_id", False),
    ("SELECT o.slug AS c FROM users u LEFT JOIN orgs o ON o.id = u.org_id AND o.name = 'a'", True),
    ("SELECT u.code AS c FROM profiles p LEFT JOIN users u ON u.id = p.user_id", True),
    ("SELECT lag(id) OVER (ORDER BY id) AS c FROM orders", True),
    ("SELECT sum(id) OVER (ORDER BY id) AS c FROM orders", False),
    ("SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING) AS c FROM orders", True),
    ("SELECT c FROM unnest(ARRAY['a', NULL]) AS t (c)", True),
    ("SELECT id AS c FROM orgs UNION SELECT user_id FROM profiles", True),
    ("SELECT id AS c FROM orgs EXCEPT SELECT user_id FROM profiles", False),
    ("SELECT user_id AS c FROM profiles INTERSECT SELECT id FROM orgs", False),
    ("SELECT unknown_one(id) AS c FROM orgs", True),
    ("SELECT code AS c FROM users", False),
    ("SELECT tenth AS c FROM profiles", False),
    ("SELECT tax(total) AS c FROM orders", True),
]


@pytest.mark.parametrize(("query", "nullable"), NULLS, ids=[n[0] for n in NULLS])
def test_nulls(query: str, nullable: bool) -> None:
    (column,) = analysed(query).columns
    assert column.nullable is nullable


def test_keys_come_smallest_first() -> None:
    query = "SELECT order_id, line, row_number() OVER (ORDER BY sku) AS n FROM items"
    assert keys_of(query) == ["n", "order_id line"]


PROOFS = [
    ("SELECT day, count(*) AS n FROM orders «GROUP BY day» HAVING count(*) > 1", "GROUP BY"),
    ("SELECT o.id FROM «orders o» WHERE o.paid", "PRIMARY KEY of public.orders"),
    ("SELECT u.code FROM «users u»", "UNIQUE (code) of public.users"),
    ("SELECT DISTINCT «day» FROM orders", "DISTINCT"),
    ("SELECT user_id FROM «spenders s»", "GROUP BY"),
]


@pytest.mark.parametrize(("marked", "why"), PROOFS, ids=[p[0] for p in PROOFS])
def test_a_key_says_what_proves_it(marked: str, why: str) -> None:
    (key,) = analysed(marked.replace("«", "").replace("»", "")).keys
    assert key.why == why
    assert (key.start, key.end) == (marked.index("«"), marked.index("»") - 1)


def test_nullable_keys() -> None:
    analysis = analysed("SELECT user_id, bio FROM profiles")
    assert not analysis.keys
    assert [k.columns for k in analysis.nullable_keys] == [("user_id",)]


def test_lossless_joins() -> None:
    query = "SELECT u.id, o.slug FROM users u LEFT JOIN orgs o ON o.id = u.org_id"
    (join,) = analysed(query).lossless_joins
    assert query[join.start : join.end] == "orgs"
