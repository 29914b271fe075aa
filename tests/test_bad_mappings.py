"""Invalidations that cannot work: each has a code, a place and a message that stands alone, and none of them raises."""

from __future__ import annotations

import pytest

from pgspec.compile import compile_project
from pgspec.diagnostics import Diagnostic
from shop import sources

SCHEMA = """\
CREATE EXTENSION citext;
CREATE TABLE profiles (id int PRIMARY KEY, role text, seen timestamptz, email citext, n numeric, tags text[], gone int);
ALTER TABLE profiles DROP COLUMN gone;
CREATE TABLE locations (id int, city text);
CREATE VIEW a_view AS SELECT id FROM profiles;
CREATE MATERIALIZED VIEW a_matview AS SELECT id FROM profiles;
CREATE FOREIGN DATA WRAPPER wrapper;
CREATE SERVER far FOREIGN DATA WRAPPER wrapper;
CREATE FOREIGN TABLE far_away (id int) SERVER far;
CREATE TABLE measured (id int, k int) PARTITION BY LIST (k);
CREATE TABLE measured_1 PARTITION OF measured FOR VALUES IN (1);
CREATE FOREIGN TABLE measured_far PARTITION OF measured FOR VALUES IN (2) SERVER far;
CREATE TABLE base (id int);
CREATE TABLE child (x int) INHERITS (base);
CREATE SCHEMA other;
CREATE TABLE other.profiles (uid int, kind text);
CREATE TABLE other.elsewhere (id int);
CREATE TABLE made (a int, v int GENERATED ALWAYS AS (a + 1) VIRTUAL, s int GENERATED ALWAYS AS (a + 1) STORED);
CREATE FUNCTION own(word text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT word $$;
CREATE AGGREGATE longest (text) (SFUNC = larger, STYPE = text);
"""

Place = tuple[str, int, int, str]
"""Code, line, column, and a part of the message."""


def compiled(*specs: str) -> list[Diagnostic]:
    files = {f"m{number}.yaml": f"kind: invalidation\n{text}\n" for number, text in enumerate(specs)}
    found = list(compile_project(sources(files, schema=SCHEMA)).diagnostics)
    for d in found:
        assert d.message and d.message == d.message.strip() and not d.message.endswith("."), d
        assert "\n" not in d.message and "SELECT (" not in d.message, f"it quotes what the user has not written: {d}"
        lines = files[d.span.path.removeprefix("specs/")].split("\n")
        assert 1 <= d.span.line <= len(lines) and 1 <= d.span.column <= len(lines[d.span.line - 1]) + 1, d
        assert (d.span.line, d.span.column) <= (d.span.end_line, d.span.end_column), d
    return found


def assert_found(found: list[Diagnostic], *places: Place) -> None:
    assert [(d.code, d.span.line, d.span.column) for d in found] == [place[:3] for place in places], found
    for d, place in zip(found, places, strict=True):
        assert place[3] in f"{d.message} | {d.help}", d


def of(table: str, rest: str = "tags: [t]") -> str:
    return f"name: m\ntable: {table}\n{rest}"


LONG = "n" * 64

TABLES: list[tuple[str, str, str]] = [
    ("profile", "INV001", "the table `profile` is not in the schema files | did you mean `profiles`?"),
    ("nothing_like_it", "INV001", "is not in the schema files"),
    ("other.profile", "INV001", "`other.profile` is not in the schema files | did you mean `other.profiles`?"),
    ("elsewhere", "INV001", "| known as `other.elsewhere`"),
    ("PROFILES", "INV001", "`PROFILES` is not in"),
    ("pg_class", "INV001", "is not in the schema files"),
    ("pg_catalog.pg_class", "PRJ006", "the schema pg_catalog is PostgreSQL's own"),
    ("a_view", "INV005", "`public.a_view` is a view: triggers with transition tables need a table | name the tables"),
    ("a_matview", "INV005", "is a materialized view"),
    ("far_away", "INV005", "is a foreign table"),
    ("measured_1", "INV005", "is part of `public.measured`: writes through `public.measured` do not fire its triggers"),
    ("measured", "INV005", "has the foreign table `public.measured_far` among its parts"),
    ("child", "INV005", "is part of `public.base`"),
    ("cache_invalidation_queue", "INV005", "is pgspec's own"),
    ("public.cache_entries", "INV005", "is pgspec's own"),
    ("cache_invalidation_health", "INV005", "is pgspec's own"),
    ("pgspec.cache_tags", "INV005", "is pgspec's own"),
    ("pgspec.deployed_objects", "INV005", "is pgspec's own"),
    ("a.b.c", "PRJ006", "expected `name` or `schema.name`"),
    ("[a]", "PRJ006", "expected one name"),
    (LONG, "PRJ006", "a name is at most 63 bytes long; this one has 64"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "code", "message"), TABLES)
def test_table(table: str, code: str, message: str) -> None:
    assert_found(compiled(of(table)), (code, 3, 8, message))


@pytest.mark.parametrize("table", ["profiles", "public.profiles", "base", "locations"])
def test_table_that_is_watchable(table: str) -> None:
    assert compiled(of(table)) == []


def test_the_search_path_chooses_between_tables_of_one_name() -> None:
    assert compiled(of("profiles", 'tags: ["{role}"]')) == compiled(of("other.profiles", 'tags: ["{kind}"]')) == []
    message = "the table `other.profiles` has no column `role`"
    assert_found(compiled(of("other.profiles", 'tags: ["{role}"]')), ("INV001", 4, 9, message))


EVENTS: list[tuple[str, Place]] = [
    ("{update: [rol]}", ("INV001", 4, 15, "the table `public.profiles` has no column `rol` | did you mean `role`?")),
    ("{update: [id, gone]}", ("INV001", 4, 19, "has no column `gone`")),
    ("{update: [ctid]}", ("INV001", 4, 15, "has no column `ctid`")),
    ("{update: [role, id, role]}", ("INV007", 4, 25, "the column `role` is there twice")),
    ("{update: []}", ("PRJ006", 4, 14, "a list of at least one column")),
    ("{update: role}", ("PRJ006", 4, 14, "expected `true` for any column, `false`, or a list")),
    ("{}", ("INV011", 4, 5, "no event is watched, so no tag is ever emitted")),
    ("{insert: false, update: false}", ("INV011", 4, 5, "no event is watched")),
    ("", ("PRJ006", 4, 4, "expected a mapping")),
    ("{inserts: true}", ("PRJ004", 4, 6, "unknown key `inserts` | did you mean `insert`?")),
]  # fmt: skip


@pytest.mark.parametrize(("on", "place"), EVENTS)
def test_events(on: str, place: Place) -> None:
    assert_found(compiled(of("profiles", f"on: {on}\ntags: [t]")), place)


TAGS: list[tuple[str, str, int, str]] = [
    ("'a{'", "INV008", 8, "the tag has a single `{`"),
    ("'a}b'", "INV008", 8, "the tag has a single `}`"),
    ("'{}'", "INV008", 8, "the tag has an empty placeholder"),
    ("'{ }'", "INV008", 8, "the tag has an empty placeholder"),
    ("''", "INV008", 8, "a tag cannot be empty"),
    ("'" + "x" * 10000 + "'", "INV008", 8, "the tag has 10,000 bytes; a tag has at most 500"),
    ("'" + "列" * 167 + "'", "INV008", 8, "the tag has 501 bytes"),
    ("'a:*'", "INV008", 8, "a tag cannot end in the wildcard `*`"),
    ("'*'", "INV008", 8, "a tag cannot end in the wildcard"),
    ("'{id}:*'", "INV008", 8, "a tag cannot end in the wildcard"),
    ("a, b, a", "INV007", 14, "the tag `a` is there twice"),
    ("'{id}', '{ id }'", "INV007", 16, "the tag `{ id }` is there twice"),
    ("'{seen}'", "INV008", 9, "`seen` is timestamp with time zone, whose text depends on the session's settings"),
    ("'a:{tags}'", "INV008", 11, "`tags` is text[]"),
    ("'{rol}'", "INV001", 9, "the table `public.profiles` has no column `rol` | did you mean `role`?"),
    ("'{id}:{gone}'", "INV001", 14, "has no column `gone`"),
    ("'{role.id}'", "INV001", 9, "has no column `role.id`"),
    ("'{Role}'", "INV001", 9, "has no column `Role` | did you mean `role`?"),
    ("'{" + LONG + "}'", "INV001", 9, "has no column `nnnn"),
    ("5", "PRJ006", 8, "expected a tag such as `search:vendors`"),
    ("null", "PRJ006", 8, "expected a tag such as `search:vendors`"),
    ("[a]", "PRJ006", 8, "expected a tag such as `search:vendors`"),
    ("{query: ''}", "PRJ005", 16, "the query is empty"),
]  # fmt: skip


@pytest.mark.parametrize(("tags", "code", "column", "message"), TAGS, ids=[entry[0][:30] for entry in TAGS])
def test_tags(tags: str, code: str, column: int, message: str) -> None:
    assert_found(compiled(of("profiles", f"tags: [{tags}]")), (code, 4, column, message))


def test_tags_that_look_odd_and_are_not_wrong() -> None:
    tags = ["'{{id}}'", "'a*'", "'é 列 😀'", '"it\'s \\"q\\""', "'a\\b'", "'{ n }:'", "' '", "'" + "x" * 500 + "'"]
    assert compiled(of("profiles", f"tags: [{', '.join(tags)}]")) == []


@pytest.mark.parametrize(
    ("tags", "place"),
    [
        ("tags: []", ("PRJ006", 4, 7, "expected at least one entry")),
        ("tags:", ("PRJ006", 4, 6, "expected a list")),
        ("tags: t", ("PRJ006", 4, 7, "expected a list")),
        ("description: x", ("PRJ005", 1, 1, "missing key `tags`")),
    ],
)
def test_no_tags(tags: str, place: Place) -> None:
    assert_found(compiled(of("profiles", tags)), place)


CONDITIONS: list[tuple[str, str, int, str]] = [
    ("rol = 'v'", "INV001", 3, "column `rol` does not exist | did you mean `role`?"),
    ("id > 1 AND gone > 1", "INV001", 14, "column `gone` does not exist"),
    ("other.role = 'v'", "INV001", 3, "`other` is not in the FROM clause"),
    ("public.profiles.role = 'v'", "INV006", 3, "the condition names more than a plain column"),
    ("profiles.* IS NOT NULL", "INV006", 3, "the condition names more than a plain column"),
    ("ctid IS NOT NULL", "INV006", 3, "the condition names `ctid`, which transition tables lack"),
    ("id > 0 AND tableoid > 0", "INV006", 14, "the condition names `tableoid`"),
    ("id IN (SELECT id FROM locations)", "INV006", 6, "the condition reads other rows in a sub-query"),
    ("n > (SELECT max(o.n) FROM profiles o)", "INV006", 7, "the condition reads other rows in a sub-query"),
    ("EXISTS (SELECT 1)", "INV006", 3, "the condition reads other rows in a sub-query"),
    ("id = ANY (ARRAY(SELECT 1))", "INV006", 13, "the condition reads other rows"),
    ("random() < 0.5", "INV006", 3, "the condition is not about the row alone: `random()` is volatile"),
    ("nextval('s') > 1", "INV006", 3, "`nextval()` is volatile"),
    ("now() > seen", "INV006", 3, "`now()` depends on when the query runs"),
    ("seen > CURRENT_TIMESTAMP", "INV006", 10, "depends on when the query runs"),
    ("current_setting('x') = role", "INV006", 3, "`current_setting()` depends on the session"),
    ("current_user = role", "INV006", 3, "`current_user` depends on the session"),
    ("seen::date = '2020-01-01'", "INV006", 3, "depends on the session's TimeZone"),
    ("to_char(seen, 'YYYY') = 'x'", "INV006", 3, "depends on the session's TimeZone"),
    ("count(*) > 1", "INV006", 3, "the condition looks at more than one row"),
    ("id = 1 OR max(id) > 1", "INV006", 13, "the condition looks at more than one row"),
    ("longest(role) = 'x'", "INV006", 3, "the condition looks at more than one row"),
    ("row_number() OVER () = 1", "INV006", 3, "the condition looks at more than one row"),
    ("generate_series(1, 2) > 1", "INV006", 3, "the condition looks at more than one row"),
    ("id = $1", "INV006", 8, "the condition has a parameter"),
    ("unaccent(role) = 'x'", "INV006", 3, "the function `unaccent` is not in the schema files"),
    ("email = 'a@b'", "INV006", 9, "triggers look in pg_catalog alone, and would not find the `=` of `public.citext`"),
    ("email LIKE 'a%'", "INV006", 9, "would not find the `~~` of `public.citext` | write `OPERATOR(public.~~)`"),
    ("id", "INV006", 3, "the condition is integer, not boolean"),
    ("role", "INV006", 3, "the condition is text, not boolean"),
    ("'yes'", "INV006", 3, "the condition is text, not boolean"),
    ("id > 0, id < 5", "INV006", 3, "the condition is record, not boolean"),
    ("a) OR (b", "INV006", 3, "the condition is not one expression | write what would stand after WHERE"),
    ("id > 0) OR (id < 5", "INV006", 3, "the condition is not one expression"),
    ("role = 'v'; DROP TABLE profiles", "SQL001", 13, 'syntax error at or near ";"'),
    ("role = 'v';", "SQL001", 13, 'syntax error at or near ";"'),
    ("role =", "SQL001", 8, "the condition ends in the middle"),
    ("(id > 0", "SQL001", 9, "the condition ends in the middle"),
    ("-- only", "SQL001", 9, "the condition ends in the middle"),
    ("id > 0 /* x", "SQL001", 10, "unterminated /* comment"),
    ("role = 'x", "SQL001", 10, "unterminated quoted string"),
    ("id > 0 ORDER BY 1", "SQL001", 10, 'syntax error at or near "ORDER"'),
    ("id > 0 AS x", "SQL001", 10, 'syntax error at or near "AS"'),
    ("id > 0 FROM locations", "SQL001", 10, 'syntax error at or near "FROM"'),
]  # fmt: skip


@pytest.mark.parametrize(("where", "code", "column", "message"), CONDITIONS)
def test_condition(where: str, code: str, column: int, message: str) -> None:
    """As a literal block, on its second line, and in one line."""
    found = compiled(of("profiles", f"where: |\n  {where}\ntags: [t]"))
    assert_found(found, (code, 5, column, message))
    quoted = where.replace("\\", "\\\\").replace('"', '\\"')
    (again,) = compiled(of("profiles", f'where: "{quoted}"\ntags: [t]'))
    assert (again.code, again.span.line, again.span.column) == (code, 4, column + 6)


@pytest.mark.parametrize(
    "where",
    ["role = 'v'", "profiles.role = 'v'", "role = 'v' -- comment", "role = 'v' /* c */ ", '"role" = $$v$$', "true",
     "ROLE = 'x'", "CASE WHEN id > 0 THEN true END", "lower(role) = own(role)", "id = 1\n  AND\n  role IS NOT NULL",
     "email OPERATOR(public.=) 'x'", "email::text = 'x'", "email IS NOT NULL", "public.unaccent(role) = 'x'",
     "seen AT TIME ZONE 'UTC' > '2020-01-01'", "id IN (1, 2) OR n BETWEEN 1 AND 2", "role ~ '^a' AND NOT tags @> '{a}'",
     "coalesce(role, '') <> '' AND extract(year FROM seen AT TIME ZONE 'UTC') > 2000", "id > 0\n\n"],
)  # fmt: skip
def test_condition_that_is_good(where: str) -> None:
    assert compiled(of("profiles", f"where: |\n  {where}\ntags: [t]")) == []


@pytest.mark.parametrize(
    ("where", "place"),
    [
        (">\n  id > 0\n  AND id < 4", ("PRJ016", 4, 8, "SQL over several lines must be a literal block")),
        ("id > 0\n  AND id < 4", ("PRJ016", 4, 8, "SQL over several lines must be a literal block")),
        ("''", ("PRJ005", 4, 8, "the where is empty")),
        ("5", ("PRJ006", 4, 8, "expected text")),
        ("true", ("PRJ006", 4, 8, "expected text")),
    ],
)
def test_condition_as_yaml(where: str, place: Place) -> None:
    assert_found(compiled(of("profiles", f"where: {where}\ntags: [t]")), place)


QUERIES: list[tuple[str, str, int, str]] = [
    ("SELECT 'a'", "INV006", 7, "the query of a tag does not read `changed`"),
    ("SELECT role FROM profiles", "INV006", 7, "does not read `changed`"),
    ("SELECT role FROM public.changed", "INV006", 7, "does not read `changed`"),
    ("VALUES ('a')", "INV006", 7, "does not read `changed`"),
    ("WITH changed AS (SELECT 'a' AS t) SELECT t FROM changed", "INV006", 12, "the query hides `changed`"),
    ("SELECT role FROM changed FOR UPDATE", "INV006", 7, "must not lock rows"),
    ("SELECT 'a', role FROM changed", "INV008", 7, "the query of a tag returns 2 columns | return the tag alone"),
    ("SELECT FROM changed", "INV008", 7, "returns 0 columns"),
    ("TABLE changed", "INV008", 7, "returns 6 columns"),
    ("SELECT id FROM changed", "INV008", 7, "returns a column of type integer"),
    ("SELECT tags FROM changed", "INV008", 7, "returns a column of type text[]"),
    ("WITH x AS (INSERT INTO locations VALUES (1) RETURNING id) SELECT 'a' FROM changed", "SQL006", 7, "only reads"),
    ("DELETE FROM changed", "SQL006", 7, "a query is a SELECT, not DELETE"),
    ("INSERT INTO locations SELECT 1 FROM changed", "SQL006", 7, "a query is a SELECT, not INSERT"),
    ("SELECT role FROM changed; SELECT 1", "SQL006", 33, "a query is one statement; this is number 2 of 2"),
    ("SELECT role INTO x FROM changed", "SQL006", 19, "a query cannot have INTO"),
    ("SELECT $1 FROM changed", "SQL006", 14, "a tag's query has no parameters"),
    ("-- nothing", "SQL006", 7, "the query has only comments"),
    ("SELECT role FROM changed, nothing", "INV001", 33, "relation `nothing` does not exist"),
    ("SELECT rol FROM changed", "INV001", 14, "column `rol` does not exist | did you mean `role`?"),
    ("SELECT gone::text FROM changed", "INV001", 14, "column `gone` does not exist"),
    ("SELECT ctid::text FROM changed", "INV001", 14, "column `ctid` does not exist"),
    ("SELECT role FROM changed WHERE", "SQL001", 37, "syntax error at end of input"),
    ("SELECT nofunc(role) FROM changed", "INV006", 14, "the function `nofunc` is not in the schema files"),
    ("SELECT p.role FROM changed c JOIN profiles p ON p.email = c.email", "INV006", 63, "the `=` of `public.citext`"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "code", "column", "message"), QUERIES)
def test_query(query: str, code: str, column: int, message: str) -> None:
    found = compiled(of("profiles", f"tags:\n  - query: |\n      {query}"))
    assert_found(found, (code, 6, column, message))


@pytest.mark.parametrize(
    "query",
    ["SELECT role FROM changed", "SELECT 'q:' || l.city FROM changed c JOIN locations l USING (id)",
     "SELECT NULL FROM changed", "SELECT DISTINCT role FROM changed;", "SELECT role -- c\n      FROM changed -- d",
     "SELECT (SELECT role FROM changed LIMIT 1)",
     "SELECT string_agg(role, ',' ORDER BY id) FROM changed", "SELECT unnest(tags) FROM changed",
     "SELECT role FROM changed UNION SELECT own(city) FROM locations", "WITH x AS (TABLE changed) SELECT role FROM x"],
)  # fmt: skip
def test_query_that_is_good(query: str) -> None:
    assert compiled(of("profiles", f"tags:\n  - query: |\n      {query}")) == []


def test_query_over_lines_that_are_joined() -> None:
    found = compiled(of("profiles", "tags:\n  - query: >\n      SELECT role\n      FROM changed"))
    assert_found(found, ("PRJ016", 5, 12, "SQL over several lines must be a literal block"))


def test_a_virtual_column_is_in_no_transition_table() -> None:
    found = compiled(
        of("made", "where: v > 0\non: {update: [s, v]}\ntags: ['{v}', '{s}', {query: SELECT v::text FROM changed}]")
    )
    message = "`v` is a virtual generated column, which the rows that triggers see lack"
    assert_found(
        found,
        ("INV005", 4, 8, message),
        ("INV005", 5, 18, message),
        ("INV005", 6, 9, message),
        ("INV001", 6, 37, "column `v` does not exist"),
    )
    assert (
        compiled(of("made", "where: s > 0\non: {update: true}\ntags: ['{s}', {query: SELECT s::text FROM changed}]"))
        == []
    )


KEYS: list[tuple[str, Place]] = [
    ("max_tags: 0", ("PRJ006", 5, 11, "expected a number of at least 1")),
    ("max_tags: -1", ("PRJ006", 5, 11, "expected a number of at least 1")),
    ("max_tags: 1.5", ("PRJ006", 5, 11, "expected a whole number")),
    ("max_tags: many", ("PRJ006", 5, 11, "expected a whole number")),
    ("max_tags: true", ("PRJ006", 5, 11, "expected a whole number")),
    ("dedup_window: 0s", ("PRJ006", 5, 15, "a duration must be longer than zero")),
    ("dedup_window: 0", ("PRJ006", 5, 15, "expected a duration such as")),
    ("dedup_window: 1 fortnight", ("PRJ006", 5, 15, "expected a duration such as")),
    ("dedup_window: 99999 days", ("PRJ006", 5, 15, "a duration is at most 36,500 days")),
    ("max_tags: 1\nmax_tags: 2", ("PRJ002", 6, 1, "duplicate key `max_tags`; it is first defined on line 5")),
    ("tags: [u]", ("PRJ002", 5, 1, "duplicate key `tags`")),
    ("name: n", ("PRJ002", 5, 1, "duplicate key `name`")),
    ("nothing: 1", ("PRJ004", 5, 1, "unknown key `nothing`")),
    ("max_tag: 1", ("PRJ004", 5, 1, "unknown key `max_tag` | did you mean `max_tags`?")),
]  # fmt: skip


@pytest.mark.parametrize(("line", "place"), KEYS)
def test_keys(line: str, place: Place) -> None:
    assert_found(compiled(of("profiles", f"tags: [t]\n{line}")), place)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"name: {LONG}\ntable: profiles\ntags: [t]", ("PRJ006", 2, 7, "a name is at most 63 bytes long")),
        ("name: ''\ntable: profiles\ntags: [t]", ("PRJ006", 2, 7, "a name cannot be empty")),
        ("table: profiles\ntags: [t]", ("PRJ005", 1, 1, "missing key `name`")),
        ("name: m\ntags: [t]", ("PRJ005", 1, 1, "missing key `table`")),
    ],
)
def test_names(text: str, place: Place) -> None:
    assert_found(compiled(text), place)


# Two mappings


def test_two_mappings_with_one_name() -> None:
    found = compiled(of("profiles"), of("locations", "tags: [u]"))
    assert_found(found, ("PRJ011", 2, 7, "the name `m` is already taken"))


def two(one: str, other: str, table: str = "profiles") -> list[Diagnostic]:
    return compiled(f"name: a\ntable: profiles\n{one}", f"name: b\ntable: {table}\n{other}")


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        ("tags: [t]", "tags: [u, t]\ndedup_window: 5 minutes", ("INV007", 4, 11, "emit `t` with different windows")),
        ("tags: ['{id}']", "tags: ['{ id }']\ndedup_window: 1h", ("INV007", 4, 8, "windows, 1 minute and 1 hour")),
        (
            "tags: ['{id}']",
            "tags: ['{id}']\nmax_tags: 5",
            ("INV007", 4, 8, "emit `{id}` with different limits, 1,000 and 5"),
        ),
    ],
)
def test_two_mappings_that_contradict_each_other(one: str, other: str, place: Place) -> None:
    found = two(one, other)
    assert_found(found, place)
    assert found[0].message.startswith("two mappings of `public.profiles` emit `")
    assert found[0].span.path == "specs/m1.yaml" and "`a` (specs/m0.yaml:2)" in found[0].help


@pytest.mark.parametrize(
    ("one", "other", "table"),
    [
        ("tags: [t]", "tags: [t]\ndedup_window: 60s\non: {update: [role]}", "profiles"),
        ("tags: [t]", "tags: [t]\nmax_tags: 5", "profiles"),  # a tag that is always one is never too many
        ("tags: [t]", "tags: [u]\ndedup_window: 1h", "profiles"),
        ("tags: ['{id}']", "tags: ['{role}']\ndedup_window: 1h", "profiles"),
        ("tags: [t]", "tags: [t]\ndedup_window: 1h", "locations"),
    ],
)
def test_two_mappings_that_do_not(one: str, other: str, table: str) -> None:
    assert two(one, other, table) == []
