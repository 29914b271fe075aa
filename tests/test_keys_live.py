"""What the analysis says of names and types, held against what a server says; and that its edits change nothing."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from keys_support import SCHEMA, analysed
from live import fresh_database
from pgspec.scratch import ScratchServer

QUERIES = [
    "SELECT users.* FROM users",
    "SELECT users AS u FROM users",
    "SELECT row_to_json(u) AS j, u AS r FROM users u",
    "SELECT id, feeling::text AS s, 'sad'::mood AS p, ARRAY['sad']::mood[] AS a, mood 'ok' AS o FROM users",
    ("SELECT CAST('a@b' AS email) AS e, mail, lower(mail) AS l, coalesce(mail, 'x') AS c, coalesce(mail, "
     "mail) AS d FROM users"),
    "WITH orders AS (SELECT 1 AS id) SELECT id FROM orders",
    "WITH orders AS (SELECT id FROM orders) SELECT id FROM orders",
    ("WITH a AS (WITH orders AS (SELECT 1 AS id) SELECT id FROM orders) SELECT a.id, o.city FROM a JOIN "
     "orders o ON true"),
    "SELECT (WITH users AS (SELECT 2 AS id) SELECT max(id) FROM users) AS a, (SELECT max(id) FROM users) AS b",
    ("WITH RECURSIVE orgs AS (SELECT id, parent_id FROM public.orgs UNION ALL SELECT o.id, o.parent_id "
    "FROM public.orgs o JOIN orgs ON orgs.id = o.parent_id) SELECT id FROM orgs"),
    ("WITH RECURSIVE t AS (SELECT id FROM orgs UNION SELECT t.id FROM t) SELECT t.id, orgs.slug FROM t "
     "JOIN orgs USING (id)"),
    "SELECT \"id\", U&\"\\0069d\" AS b FROM orders",
    "SELECT orders.id, public.orders.city FROM public.orders",
    "SELECT x.id FROM (SELECT * FROM users) x WHERE EXISTS (SELECT FROM orders WHERE user_id = x.id)",
    "SELECT id FROM ONLY (users) TABLESAMPLE system (50)",
    "SELECT u.id FROM users u WHERE (u.id, u.org_id) IN (SELECT user_id, id FROM orders)",
    "SELECT tax(total) AS t, public.tax(1) AS u FROM orders",
    "SELECT n, l.line FROM lines() l",
    "SELECT lines.n FROM lines()",
    "SELECT 1 AS a UNION SELECT 2.5 UNION ALL SELECT NULL",
    "SELECT a, count(*) AS c FROM (VALUES (1, 'x'), (2, NULL)) v (a, b) GROUP BY a ORDER BY count(*) DESC, v.a",
    "SELECT day + 1 AS d, day - day AS i, placed - interval '1 day' AS t, now() - created_at AS v FROM orders, users",
    "SELECT round(total, 2) AS a, round(total::float8) AS b, total / 3 AS c, id / 2 AS e, 2 ^ 3 AS f FROM orders",
    "SELECT greatest(id, 1.5) AS b, nullif(city, 'x') AS c, CASE WHEN id > 1 THEN 'a' ELSE NULL END AS d FROM orders",
    ("SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY total) AS p, percentile_disc(ARRAY[0.5]) WITHIN GROUP "
    "(ORDER BY total) AS q, avg(id) AS a, sum(id) AS s, stddev(total) AS d, bool_or(paid) AS b FROM orders"),
    ("SELECT json_agg(o) AS j, jsonb_object_agg(id, city) AS o, array_agg(total ORDER BY id) AS a, "
     "min(day) AS m FROM orders o"),
    ("SELECT lag(total) OVER (ORDER BY id) AS l, first_value(city) OVER w AS f, ntile(4) OVER w AS n, "
     "rank() OVER w AS r FROM orders WINDOW w AS (PARTITION BY user_id ORDER BY id)"),
    "SELECT extract(year FROM day) AS y, date_part('year', day) AS p, to_char(placed, 'YYYY') AS t FROM orders",
    "SELECT settings -> 'a' AS a, settings ->> 'b' AS b, settings #>> '{a,b}' AS c, settings @> '{}' AS d FROM users",
    ("SELECT tags || 'x'::text AS t, tags[1] AS f, tags[1:2] AS s, (ARRAY[[1,2]])[1][2] AS m, 'a' = ANY "
     "(tags) AS h FROM users"),
    ("SELECT u.id, t.* FROM users u LEFT JOIN LATERAL (SELECT o.total FROM orders o WHERE o.user_id = "
     "u.id LIMIT 1) t ON true"),
    "SELECT count(DISTINCT (user_id, city)) AS n, grouping(day) AS g FROM orders GROUP BY CUBE (day)",
    ("SELECT id || '' AS s, city || ' ' || id AS l, concat(id, city) AS c, format('%s', id) AS f, "
     "text(id) AS t FROM orders"),
    "SELECT current_user AS u, current_date AS d, localtimestamp AS t, current_timestamp(3) AS c",
    "SELECT d::date AS d FROM generate_series(date '2024-01-01', date '2024-02-01', interval '1 day') AS d",
    "SELECT s.a, s.n FROM regexp_split_to_table('a b', ' ') WITH ORDINALITY AS s (a, n)",
    "SELECT (u.x).slug AS s, ('(1,a)'::pair).b AS b FROM (SELECT orgs AS x FROM orgs) u",
    ("SELECT a.id FROM users a JOIN orders b ON a.id = b.user_id JOIN (users c JOIN orgs d ON c.org_id = "
     "d.id) ON c.id = b.id"),
    "SELECT j.a, j.total FROM (prices JOIN spenders ON true) AS j (a, b)",
    "SELECT int4range(1, 5) AS r, lower(int4range(1, 5)) AS l, daterange('2020-01-01', NULL) @> current_date AS c",
    "SELECT interval '1 day' * 2 AS i, B'101' AS b, 1e3 AS n, 12345678901 AS g, 0.5 AS h, -1 AS m, true AS t",
    "SELECT id, user_id FROM orders NATURAL JOIN (SELECT id, 1 AS one FROM users) x",
    "SELECT id FROM orgs FULL JOIN orders USING (id)",
    "SELECT s.total, l.mail FROM spenders s JOIN live_users l ON l.id = s.user_id",
    "SELECT count(*) AS n FROM app.events",
    "SELECT 'sad' = feeling AS a, feeling IN ('sad', 'ok') AS b, feeling > 'sad' AS c FROM users",
    "SELECT unnest(tags) AS t, generate_series(1, 2) AS g FROM users",
    "SELECT city::varchar, 'a'::text, CASE WHEN paid THEN 1 ELSE id END, day - '2024-01-01' AS d FROM orders",
    "SELECT (SELECT slug FROM orgs LIMIT 1), ARRAY[1], NULLIF(1, 2), LEAST(1, 2), EXISTS (SELECT 1)",
    "SELECT (x.p).*, (lines()).* FROM (SELECT ROW(1, 'a')::pair AS p) x",
    "SELECT (jsonb_each(settings)).* FROM users",
    "TABLE orgs",
]  # fmt: skip


@pytest.fixture(scope="module")
def connection(server: ScratchServer) -> Iterator[psycopg.Connection]:
    with fresh_database(server) as database:
        database.run(SCHEMA)
        with database.connect() as connection:
            yield connection


def view_of(connection: psycopg.Connection, name: str, query: str, search_path: str) -> str:
    """Create a view; what the server then says its text is."""
    connection.execute(f"SET search_path = {search_path}".encode())
    connection.execute(f"CREATE VIEW public.{name} AS {query}".encode())
    connection.execute(b"SET search_path = ''")
    return connection.execute("SELECT pg_get_viewdef(%s::regclass)", [f"public.{name}"]).fetchone()[0]


def edited(query: str, edits: tuple[tuple[int, str], ...]) -> str:
    """The text with every edit applied."""
    for offset, text in sorted(edits, reverse=True):
        query = query[:offset] + text + query[offset:]
    return query


@pytest.mark.parametrize("query", QUERIES)
def test_names_types_and_edits(query: str, connection: psycopg.Connection) -> None:
    analysis = analysed(query)
    assert not analysis.findings
    with connection.transaction(force_rollback=True):
        as_written = view_of(connection, "as_written", query, "public")
        assert view_of(connection, "qualified", edited(query, analysis.edits), "''") == as_written
        columns = connection.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
            " WHERE attrelid = 'public.as_written'::regclass ORDER BY attnum"
        ).fetchall()
    assert [(c.name, c.type) for c in analysis.columns] == columns
