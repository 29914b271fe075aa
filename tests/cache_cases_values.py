"""Values that change, or do not, and the texts that tags are made of; the tables are those of cache_cases."""

from __future__ import annotations

from cache_cases import Case

_FEW = "INSERT INTO few SELECT n, n, 'b' || n FROM generate_series(1, 9) AS n"
_TYPED = """\
INSERT INTO typed (id, j, jb, x, p, n, r, f, arr, ch, ts, m) VALUES
  (1, '{"a": 1}', '{"a": 1}', NULL, '(1,2)', 1.0, '[1,3)', 0, '{1,2}', 'a', '2020-01-01 UTC', 'sad'),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"""
_LEFT = "INSERT INTO left_over VALUES (1, 'x'), (2, 'y'), (3, NULL)"
_ONE = "INSERT INTO one_tag VALUES (1, 'a', 'b'), (2, 'a', 'b'), (3, 'z', NULL)"


def _spelt(column: str, *values: str) -> str:
    return f"INSERT INTO spelt ({column}) VALUES " + ", ".join(f"({value})" for value in values)


CASES = [
    # types that are watched
    Case("json changes its spelling", _TYPED, """UPDATE typed SET j = '{"a":1}'""", "typed:1 typed:2"),
    Case("jsonb changes", _TYPED, """UPDATE typed SET jb = '{"a": 2}' WHERE id = 1""", "typed:1"),
    Case("jsonb stays", _TYPED, """UPDATE typed SET jb = '{"a":   1}' WHERE id = 1""", ""),
    Case("a point changes", _TYPED, "UPDATE typed SET p = '(1,2.0000001)' WHERE id = 1", "typed:1"),
    Case("a point stays", _TYPED, "UPDATE typed SET p = '(1,2)' WHERE id = 1", ""),
    Case("a scale changes", _TYPED, "UPDATE typed SET n = 1.00 WHERE id = 1", "typed:1"),
    Case("a number stays", _TYPED, "UPDATE typed SET n = 1.0 WHERE id = 1", ""),
    Case("minus zero", _TYPED, "UPDATE typed SET f = '-0' WHERE id = 1", "typed:1"),
    Case("a range", _TYPED, "UPDATE typed SET r = '[1,2]', arr = arr || '{}' WHERE id = 1", ""),
    Case("an array", _TYPED, "UPDATE typed SET arr = '{1,3}' WHERE id = 1", "typed:1"),
    Case("from NULL, all types", _TYPED, "UPDATE typed SET j = NULL, jb = NULL, p = NULL WHERE id = 2", ""),
    Case("a generated column", _TYPED, "UPDATE typed SET id = 3 WHERE id = 1", "typed:1 typed:3"),
    Case("blanks at the end of char(5)", _TYPED, "UPDATE typed SET ch = 'a  ' WHERE id = 1", ""),
    Case("another zone, the same moment", _TYPED, "UPDATE typed SET ts = '2020-01-01 01:00+01' WHERE id = 1", ""),
    Case("an enum", _TYPED, "UPDATE typed SET m = 'it''s {ok}: é'", "typed:1 typed:2"),
    Case(
        "any column",
        "INSERT INTO any_column VALUES (1, 'a', '{}'), (2, 'b', '{}')",
        """UPDATE any_column SET b = CASE id WHEN 2 THEN '[]' ELSE b END""",
        "any:2",
    ),
    # values in tags
    Case("uuid", "", _spelt("u", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"), "u:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    Case("numbers", "", _spelt("i, n", "-5, 1.50", "7, 1e3", "7, 1.5"), "i:-5 i:7 n:1.50 n:1000 n:1.5"),
    Case("booleans", "", _spelt("b", "true", "false", "NULL"), "b:true b:false"),
    Case("enum", "", _spelt("m", "'it''s {ok}: é'"), ["m:it's {ok}: é"]),
    Case("domain", "", _spelt("d", "'a'", "'*'"), "d:a d:*"),
    Case("two placeholders, one NULL", "", _spelt("v, big", "'a', NULL", "'b', 2", "NULL, 3"), "v:b2"),
    Case("char(4)", "", _spelt("ch", "'ab'", "'ab  '", "''"), "ch:ab| ch:|"),
    Case("inet", "", _spelt("net", "'10.0.0.1'", "'10.0.0.0/8'"), "net:10.0.0.1/32 net:10.0.0.0/8"),
    Case(
        "odd texts",
        "",
        _spelt("t", "'it''s'", "'a:b:c'", "'{x}'", "'é 列 😀'", "''", r"'\'", "'%s $1'", "E'two\nlines'"),
        ["t:it's", "t:a:b:c", "t:{x}", "t:é 列 😀", "t:", "t:\\", "t:%s $1", "t:two\nlines"],
    ),
    Case("too long a value", "", _spelt("t", "repeat('x', 10000)"), "t:*"),
    Case("as long as a tag may be", "", _spelt("t", "repeat('x', 498)", "repeat('x', 499)"), ["t:*", "t:" + "x" * 498]),
    # columns that were dropped before
    Case("dropped columns, insert", "", "INSERT INTO left_over VALUES (5, 'v')", "left:5 b:v"),
    Case(
        "dropped columns, update",
        _LEFT,
        "UPDATE left_over SET b = coalesce(b, 'n') || 'z'",
        "left:1 b:xz left:2 b:y b:yz left:3 b:nz",
    ),
    Case("dropped columns, delete", _LEFT, "DELETE FROM left_over", "left:2 b:y"),
    Case("dropped columns, truncate", _LEFT, "TRUNCATE left_over", "left:* b:y"),
    # how many tags
    Case(
        "as many as allowed",
        "",
        "INSERT INTO few SELECT 0, n, 'b' || n FROM generate_series(1, 3) AS n",
        "few few:all:1 few:all:2 few:all:3 few:geo:b1 few:geo:b2 few:geo:b3 b1 b2 b3",
    ),
    Case(
        "one more",
        "",
        "INSERT INTO few SELECT 0, n, 'b' || n FROM generate_series(1, 4) AS n",
        "few few:all:* few:geo:* *",
    ),
    Case(
        "one entry over",
        "",
        "INSERT INTO few SELECT 0, n, 'b' FROM generate_series(1, 4) AS n",
        "few few:all:* few:geo:b b",
    ),
    Case(
        "NULL does not count",
        "",
        "INSERT INTO few SELECT 0, nullif(n, 4), 'b' FROM generate_series(1, 4) AS n",
        "few few:all:1 few:all:2 few:all:3 few:geo:b b",
    ),
    Case(
        "both images count", _FEW, "UPDATE few SET a = a + 10 WHERE id < 3", "few few:all:* few:geo:b1 few:geo:b2 b1 b2"
    ),
    Case(
        "one in both images",
        _FEW,
        "UPDATE few SET a = a + 1 WHERE id < 3",
        "few few:all:1 few:all:2 few:all:3 few:geo:b1 few:geo:b2 b1 b2",
    ),
    Case("one tag, one row, no change of it", _ONE, "UPDATE one_tag SET id = 9 WHERE id = 1", "one:ab q:a"),
    Case("one tag, NULL before", _ONE, "UPDATE one_tag SET b = '' WHERE id = 3", "one:z q:z"),
    Case("one tag, two values", _ONE, "UPDATE one_tag SET b = 'c' WHERE id = 1", "one:* q:a"),
    Case(
        "one tag of two pairs of values",
        "",
        "INSERT INTO one_tag VALUES (1, 'a', 'bc'), (2, 'ab', 'c')",
        "one:abc q:*",
    ),
    Case("one tag of many rows", _ONE, "UPDATE one_tag SET id = id + 1 WHERE b IS NOT NULL", "one:ab q:a"),
    Case("truncate over the limit", _FEW, "TRUNCATE few", "few few:all:* few:geo:* *"),
    Case("truncate under the limit", "INSERT INTO few VALUES (1, 2, 'b')", "TRUNCATE few", "few few:all:* few:geo:b b"),
]
