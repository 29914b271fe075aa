"""Names: what they resolve to, what is wrong with them and exactly where, what a query reads."""

from __future__ import annotations

import pytest

from keys_support import analysed
from pgspec.sql import QName

# The place of each finding is between « and »; then its code, message and help.
MISTAKES = [
    ("SELECT id FROM «userz»", "SQL002", "relation `userz` does not exist", "did you mean `users`?"),
    ("SELECT id FROM «events»", "SQL002", "relation `events` does not exist", "known as `app.events`"),
    ("SELECT id FROM «public.events»", "SQL002", "relation `public.events` does not exist", "known as `app.events`"),
    ("SELECT mail FROM «auth.people»", "SQL002", "relation `auth.people` does not exist",
     "schema `auth` is not in the base schema"),
    ("SELECT «nme» FROM orgs", "SQL003", "column `nme` does not exist", "did you mean `name`?"),
    ("SELECT «o.slg» FROM orgs o", "SQL003", "column `slg` does not exist in `o`", "did you mean `slug`?"),
    ("SELECT «orgs.id» FROM orgs o", "SQL002", "`orgs` is not in the FROM clause", ""),
    ("SELECT «x.*» FROM orgs o", "SQL002", "`x` is not in the FROM clause", ""),
    ("SELECT «id» FROM orgs, users", "SQL004", "column `id` is ambiguous", "write `orgs.id` or `users.id`"),
    ("SELECT o.id FROM orgs o JOIN «users» USING (slug)", "SQL003",
     "column `slug` of USING does not exist on the right side of the join", ""),
    ("SELECT 1 AS one FROM orgs a, «users» a", "SQL005", "`a` is in the FROM clause twice",
     "give one of them an alias: `AS a2`"),
    ("SELECT id FROM orgs WHERE «count»(*) > 1", "SQL005", "aggregate functions are not allowed in WHERE",
     "use HAVING, or compare in an outer query"),
    ("SELECT o.id FROM orgs o JOIN users u ON «max»(u.id) = o.id", "SQL005",
     "aggregate functions are not allowed in JOIN conditions", ""),
    ("SELECT id FROM orgs WHERE «row_number»() OVER () = 1", "SQL005", "window functions are not allowed in WHERE",
     "compare in an outer query"),
    (("SELECT count(*) AS n FROM orgs GROUP BY "
      "«sum»(id)"), "SQL005", "aggregate functions are not allowed in GROUP BY", ""),
    ("SELECT sum(«count»(*)) AS n FROM orgs", "SQL005",
     "an aggregate function cannot be called inside another one", ""),
    ("SELECT «o.name», count(*) AS n FROM orgs o GROUP BY o.slug", "SQL005",
     ("column `o.name` must appear in GROUP BY or in an "
      "aggregate"), "add o.name to GROUP BY, or aggregate it: max(o.name)"),
    ("SELECT «id», count(*) AS n FROM orgs", "SQL005", "column `orgs.id` must appear in GROUP BY or in an aggregate",
     "add orgs.id to GROUP BY, or aggregate it: max(orgs.id)"),
    ("SELECT id, «id» FROM orgs", "SQL005", "output column `id` is there twice", "name it: `... AS id_2`"),
    ("SELECT id, «id + 1» FROM orgs", "SQL005", "output column has no name", "name it: `... AS name`"),
    ("SELECT id FROM orgs UNION SELECT «id», slug FROM orgs", "SQL005",
     "this part of the set operation has 2 columns, the first one has 1", ""),
    ("SELECT id FROM orgs WHERE id = «(»SELECT id, slug FROM orgs)", "SQL005",
     "this sub-query returns 2 columns instead of 1", ""),
    ("SELECT «taxx»(1) AS t", "SQL005", "function `taxx` does not exist", "did you mean `tax`?"),
    ("SELECT sum(id) OVER «w» AS s FROM orgs", "SQL005", "window `w` does not exist", ""),
    (("WITH x (a, b) AS (SELECT id FROM orgs) SELECT a FROM "
      "x"), "SQL005", "`x` has 1 columns, but 2 names are given", ""),
    ("SELECT «\"Name\"» FROM orgs", "SQL003", "column `Name` does not exist", "did you mean `name`?"),
    ("SELECT o . «» slug FROM orgs o", "", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "code", "message", "help_text"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_a_mistake_is_found_at_its_place(marked: str, code: str, message: str, help_text: str) -> None:
    query = marked.replace("«", "").replace("»", "")
    findings = analysed(query).findings
    if not code:
        assert not findings
        return
    (finding,) = findings
    assert (finding.code, finding.message, finding.help) == (code, message, help_text)
    if "«" in marked:
        start = marked.index("«")
        assert (finding.start, finding.end) == (start, marked.index("»") - 1)


def test_all_mistakes_are_found_in_one_go() -> None:
    query = "SELECT x.a, o.nme FROM orgs o, userz u WHERE count(*) > 1 AND o.slugg = 'a'"
    assert [f.code for f in analysed(query).findings] == ["SQL002", "SQL003", "SQL002", "SQL005", "SQL003"]


SOUND = [
    "SELECT u.anything, count(*) AS n FROM unknown_function() u GROUP BY 1",
    "SELECT n, line FROM lines()",
    "SELECT o.id, o.slug, o.name FROM orgs o GROUP BY o.id",
    "SELECT (SELECT max(u.id) FROM users u WHERE u.org_id = o.id) AS m FROM orgs o",
    "SELECT lower(slug) AS l, count(*) AS n FROM orgs GROUP BY lower(slug)",
    "SELECT slug AS s FROM orgs ORDER BY s, name",
    "SELECT name AS id FROM orgs ORDER BY id",
    "SELECT u.id FROM users u JOIN orgs o ON o.id = u.org_id JOIN profiles p ON p.id = u.id",
    "SELECT id FROM orgs JOIN users USING (id)",
    "SELECT o.ctid AS c, o.tableoid AS t FROM orgs o",
    "SELECT orgs AS whole FROM orgs",
    "SELECT (p).a AS a FROM (SELECT ROW(1, 'x')::pair AS p) s",
    "SELECT sum(total) OVER w AS s FROM orders WINDOW w AS (PARTITION BY city)",
    "SELECT x.id FROM orgs, LATERAL (SELECT orgs.id) x",
    "SELECT (WITH users AS (SELECT 1 AS one) SELECT one FROM users) AS a, (SELECT max(id) FROM users) AS b",
    "SELECT o.id, (SELECT max(u.id) + o.id FROM users u) AS m FROM orgs o",
    "SELECT c.b FROM (SELECT (unknown_one(1)).*) AS c (a, b)",
    "TABLE orgs",
    "SELECT text(id) AS t FROM orgs",
]


@pytest.mark.parametrize("query", SOUND)
def test_no_false_alarm(query: str) -> None:
    assert not [f for f in analysed(query).findings if not (f.code == "SQL005" and "unknown_" in f.message)]


READS = [
    ("SELECT count(*) AS n FROM orgs", {"orgs": set()}),
    ("SELECT * FROM prices", {"prices": {"amount", "label"}}),
    ("SELECT prices AS p FROM prices", {"prices": {"amount", "label"}}),
    ("SELECT p.* FROM prices p, orgs", {"prices": {"amount", "label"}, "orgs": set()}),
    ("SELECT o.id FROM orders o WHERE o.paid ORDER BY o.day", {"orders": {"id", "paid", "day"}}),
    ("SELECT u.id FROM users u JOIN profiles p USING (id)", {"users": {"id"}, "profiles": {"id"}}),
    ("SELECT 1 AS a FROM orgs GROUP BY slug HAVING max(name) > 'a'", {"orgs": {"slug", "name"}}),
    ("SELECT id FROM orgs o WHERE EXISTS (SELECT FROM users u WHERE u.org_id = o.id)",
     {"orgs": {"id"}, "users": {"org_id"}}),
    ("SELECT mail FROM live_users", {"live_users": {"mail"}}),
    ("WITH users AS (SELECT slug FROM orgs) SELECT slug FROM users", {"orgs": {"slug"}}),
    ("WITH users AS (SELECT slug FROM orgs) SELECT id FROM public.users", {"orgs": {"slug"}, "users": {"id"}}),
    ("SELECT mail FROM users WHERE deleted_at IS NULL", {"users": {"mail", "deleted_at"}}),
]  # fmt: skip


@pytest.mark.parametrize(("query", "reads"), READS, ids=[r[0] for r in READS])
def test_reads(query: str, reads: dict[str, set[str]]) -> None:
    assert {name.name: set(columns) for name, columns in analysed(query).reads.items()} == reads


def test_places_of_output_columns() -> None:
    query = "SELECT id -- one, two\n , upper(slug), (SELECT 1, 2 LIMIT 0) AS b /* , */ , *\nFROM orgs"
    shown = [query[c.start : c.end] for c in analysed(query).columns]
    assert shown == ["id", "upper(slug)", "(SELECT 1, 2 LIMIT 0) AS b", "*", "*", "*", "*"]


def test_base_reads_look_through_views() -> None:
    analysis = analysed("SELECT l.mail, o.slug FROM live_users l JOIN orgs o ON o.id = l.org_id")
    assert analysis.base_reads == {
        QName("public", "users"): {"id", "mail", "org_id", "deleted_at"},
        QName("public", "orgs"): {"id", "slug"},
    }


def test_references_are_the_places_of_relations() -> None:
    query = "WITH t AS (SELECT id FROM public . users) SELECT t.id FROM t, orgs o"
    analysis = analysed(query)
    assert [(str(r.name), query[r.start : r.end]) for r in analysis.references] == [
        ("public.users", "public . users"),
        ("public.orgs", "orgs"),
    ]


REMARKS = [
    ("session", "SELECT «current_user» AS u"),
    ("session", "SELECT «current_setting»('a.b') AS u"),
    ("session", "SELECT id FROM users WHERE id::text = «auth.uid»()::text"),
    ("volatile", "SELECT «random»() AS r"),
    ("volatile", "SELECT id FROM «orgs» TABLESAMPLE system (5)"),
    ("time", "SELECT «now»() AS n"),
    ("time", "SELECT «current_date» AS d"),
    ("time", "SELECT id FROM users WHERE born > «date» 'today'"),
    ("unstable", "SELECT «date_trunc»('day', created_at) AS d FROM users"),
    ("unstable", "SELECT «created_at»::date AS d FROM users"),
    ("unstable", "SELECT id, «row_number»() OVER (ORDER BY city) AS n FROM users"),
]


@pytest.mark.parametrize(("kind", "marked"), REMARKS, ids=[r[1] for r in REMARKS])
def test_remarks(kind: str, marked: str) -> None:
    query = marked.replace("«", "").replace("»", "")
    analysis = analysed(query)
    (remark,) = getattr(analysis, kind)
    assert (remark.start, remark.end) == (marked.index("«"), marked.index("»") - 1)
    others = {"session", "volatile", "time", "unstable"} - {kind}
    assert not any(getattr(analysis, other) for other in others)


STABLE = [
    "SELECT date_trunc('day', created_at, 'UTC') AS d FROM users",
    "SELECT (created_at AT TIME ZONE 'UTC')::date AS d FROM users",
    "SELECT id, row_number() OVER (PARTITION BY city ORDER BY born, id) AS n FROM users",
    "SELECT placed::date AS d, date_trunc('day', placed) AS t FROM orders",
]


@pytest.mark.parametrize("query", STABLE)
def test_nothing_to_remark(query: str) -> None:
    analysis = analysed(query)
    assert not (analysis.session or analysis.volatile or analysis.time or analysis.unstable)
