"""Writes to tables of all shapes and names, and the tags that they must leave in the queue."""

from __future__ import annotations

from cache_cases import Case

LONG = "c" * 60 + "列"  # 63 bytes
ODD = ["rows", "hit", "ignored", "made_1", "tag", "tags", "changed", "pairs", "r", "o", "n", "c", "t", "pgspec_row",
       "pgspec_match", "pgspec_here", "old_match", "new_match", "old_rows", "new_rows", "new", "old", "tg_op", "found",
       "two", "select", "a b", 'q"q', "Größe", "u", "s", "pgspec_old_match", "ord", "old_n"]  # fmt: skip
WIDE = [f"c{number}" for number in range(200)]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_ODD = ", ".join(map(quoted, ODD))

SCHEMA = f"""\
CREATE SCHEMA other;
CREATE SCHEMA "Other";
-- three levels of partitions, columns in another order in one of them
CREATE TABLE parts (k int, sub text, val text, id int) PARTITION BY LIST (k);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 (gone int, id int, val text, sub text, k int);
ALTER TABLE parts_2 DROP COLUMN gone;
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES IN (2);
CREATE TABLE parts_3 PARTITION OF parts FOR VALUES IN (3) PARTITION BY LIST (sub);
CREATE TABLE parts_3a PARTITION OF parts_3 FOR VALUES IN ('a');
CREATE TABLE parts_3b PARTITION OF parts_3 DEFAULT;
CREATE TABLE later (id int, val text, sub text, k int);
-- inheritance
CREATE TABLE base (id int, val text);
CREATE TABLE base_child (more text) INHERITS (base);
CREATE TABLE base_grandchild (val text, even_more text) INHERITS (base_child);
CREATE TABLE second (id int, other text);
CREATE TABLE both_of_them () INHERITS (base, second);
-- two tables with one name, and names that look alike when they are joined
CREATE TABLE twin (id int);
CREATE TABLE other.twin (id int);
CREATE TABLE "Other"."Twin" ("Id" int, "order" text);
CREATE TABLE other_twin (id int);
CREATE TABLE "user" ({", ".join(f"{quoted(name)} text" for name in ODD)});
CREATE TABLE old_rows ("select" int, "{LONG}" text);
CREATE TABLE new_rows (id int);
CREATE TABLE "changed" (id int);
CREATE TABLE pairs (id int);
CREATE TABLE "new" (old int, new text);
CREATE TABLE "{LONG}" (id int);
CREATE TABLE r (o int, n int, r int, c text);
CREATE TABLE wide (id int, {", ".join(f"{name} int" for name in WIDE)});
CREATE TABLE escaped (id int, a text);
"""

SPECS = f"""\
name: parts
table: parts
where: "val <> 'off'"
on: {{insert: true, update: [val, k], delete: true, truncate: true}}
tags: [parts, "id:{{id}}", "k:{{k}}:{{val}}", {{query: "SELECT 'q:' || sub FROM changed"}}]
---
name: parts_all
table: parts
on: {{update: true}}
tags: ["all:{{id}}", {{query: "SELECT 'allq:' || id FROM changed"}}]
---
name: base
table: base
tags: [base, "base:{{id}}", {{query: "SELECT 'val:' || val FROM changed"}}]
---
name: second
table: second
tags: ["second:{{id}}"]
---
name: twin
table: twin
tags: ["public:{{id}}"]
---
name: other_twin
table: other.twin
tags: ["other:{{id}}"]
---
name: mixed_twin
table: '"Other"."Twin"'
on: {{insert: true, update: [order], delete: true}}
where: '"order" IS NOT NULL'
tags: ["mixed:{{Id}}", {{query: 'SELECT ''q:'' || "order" FROM changed WHERE "Id" > 0'}}]
---
name: joined_twin
table: other_twin
tags: ["joined:{{id}}"]
---
name: odd
table: '"user"'
on: {{insert: true, update: true, delete: true, truncate: true}}
where: '{_ODD.replace(", ", " || ").replace("'", "''")} IS NOT NULL'
tags:
  - "{"".join(f"{{{name}}}" for name in ODD).replace('"', chr(92) + '"')}"
  - query: 'SELECT ''q:'' || {_ODD.replace(", ", " || ").replace("'", "''")} FROM changed'
  - query: 'SELECT ''qn:'' || new.hit FROM changed new JOIN changed old USING (rows)'
---
name: long
table: old_rows
on: {{insert: true, update: ["{LONG}"], delete: true}}
tags: ["l:{{{LONG}}}", "s:{{select}}", {{query: 'SELECT ''q:'' || "{LONG}" FROM changed'}}]
---
name: new_rows
table: new_rows
tags: ["new_rows:{{id}}", {{query: "SELECT 'p:' || p.id FROM changed JOIN pairs p USING (id)"}}]
---
name: changed
table: '"changed"'
tags: ["changed:{{id}}", {{query: "SELECT 'c:' || id FROM changed"}}]
---
name: pairs
table: pairs
where: pairs.id > 0
tags: ["pairs:{{id}}", {{query: "SELECT 'np:' || n.id FROM new_rows n JOIN changed c USING (id)"}}]
---
name: new
table: '"new"'
on: {{insert: true, update: [new], delete: true}}
where: new IS NOT NULL AND old > 0
tags: ["new:{{old}}:{{new}}", {{query: "SELECT 'old:' || old.old FROM changed old"}}]
---
name: a_long_name
table: '"{LONG}"'
tags: ["long:{{id}}"]
---
name: r
table: r
where: "c IS NOT NULL"
tags: ["r:{{r}}:{{o}}:{{n}}:{{c}}", {{query: "SELECT 'r:' || r.o FROM changed r"}}]
---
name: wide
table: wide
on: {{update: true}}
tags: ["wide:{{c199}}"]
---
name: escaped
table: escaped
where: a <> 'a\\b' AND a <> E'c\\'d'
tags: ['back\\slash', '{{a}}\\', {{query: 'SELECT ''q\\'' || id FROM changed'}}]
"""

_PARTS = """\
INSERT INTO parts (k, sub, val, id) VALUES
  (1, 'a', 'x', 1), (2, 'b', 'y', 2), (3, 'a', 'z', 3), (3, 'c', 'off', 4), (1, 'd', NULL, 5);
"""
_EAT = """
CREATE FUNCTION eat() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER eat BEFORE INSERT ON parts_2 FOR EACH ROW EXECUTE FUNCTION eat();
"""
_BASE = """\
INSERT INTO base VALUES (1, 'a'); INSERT INTO base_child VALUES (2, 'b', 'm');
INSERT INTO base_grandchild VALUES (3, 'c', 'm');
INSERT INTO both_of_them VALUES (4, 'd', 'o'); INSERT INTO second VALUES (5, 'p');
"""
_USER = f'INSERT INTO "user" VALUES ({", ".join(["%s"] * len(ODD))});'


def _user(values: str) -> str:
    return _USER.replace("%s", "{}").format(*(f"'{value}'" for value in values))


_XS, _YS = "x" * len(ODD), "x" * (len(ODD) - 1) + "y"

CASES = [
    # partitions
    Case("insert into partitions", "", _PARTS, "parts id:1 id:2 id:3 k:1:x k:2:y k:3:z q:a q:b"),
    Case(
        "insert into one partition",
        "",
        "INSERT INTO parts_2 (id, k, val, sub) VALUES (7, 2, 'v', 's')",
        "parts id:7 k:2:v q:s",
    ),
    Case(
        "insert into a partition of a partition",
        "",
        "INSERT INTO parts_3a (id, k, val, sub) VALUES (7, 3, 'v', 'a')",
        "parts id:7 k:3:v q:a",
    ),
    Case(
        "insert into partitions of a partition",
        "",
        "INSERT INTO parts_3 VALUES (3, 'a', 'v', 7), (3, 'z', 'w', 8)",
        "parts id:7 id:8 k:3:v k:3:w q:a q:z",
    ),
    Case(
        "update over partitions",
        _PARTS,
        "UPDATE parts SET val = 'n' WHERE id < 4",
        "parts id:1 id:2 id:3 k:1:x k:1:n k:2:y k:2:n k:3:z k:3:n q:a q:b all:1 all:2 all:3 allq:1 allq:2 allq:3",
    ),
    Case("update in one partition", _PARTS, "UPDATE parts_2 SET val = 'n'", "parts id:2 k:2:y k:2:n q:b all:2 allq:2"),
    Case(
        "update some over partitions",
        _PARTS,
        "UPDATE parts SET val = CASE id WHEN 2 THEN 'n' ELSE val END",
        "parts id:2 k:2:y k:2:n q:b all:2 allq:2",
    ),
    Case("a row moves", _PARTS, "UPDATE parts SET k = 2 WHERE id = 1", "parts id:1 k:1:x k:2:x q:a all:1 allq:1"),
    Case(
        "rows move",
        _PARTS,
        "UPDATE parts SET k = k % 3 + 1",
        "parts id:1 id:2 id:3 k:1:x k:2:x k:2:y k:3:y k:3:z k:1:z q:a q:b "
        + " ".join(f"all:{n} allq:{n}" for n in range(1, 6)),
    ),
    Case(
        "some rows move, some change",
        _PARTS,
        "UPDATE parts SET k = CASE WHEN id = 1 THEN 3 ELSE k END, val = CASE WHEN id = 2 THEN 'n' ELSE val END",
        "parts id:1 id:2 k:1:x k:3:x k:2:y k:2:n q:a q:b all:1 all:2 allq:1 allq:2",
    ),
    Case(
        "rows move below a partition",
        _PARTS,
        "UPDATE parts_3 SET sub = 'a', val = 'm' WHERE id = 4",
        "parts id:4 k:3:m q:a all:4 allq:4",
    ),
    Case(
        "a row moves and is swallowed",
        _PARTS + _EAT,
        "UPDATE parts SET k = 2 WHERE id = 1",
        "parts id:1 k:1:x q:a all:1 allq:1",
    ),
    Case(
        "a row that does not match is swallowed", _PARTS + _EAT, "UPDATE parts SET k = 2 WHERE id = 4", "all:4 allq:4"
    ),
    Case(
        "rows that do not match are swallowed",
        _PARTS + _EAT,
        "UPDATE parts SET k = 2 WHERE id IN (4, 5)",
        "all:4 allq:4 all:5 allq:5",
    ),
    # Which rows belong together is not known then, so all that the statement touched count.
    Case(
        "one of many is swallowed",
        _PARTS + _EAT,
        "UPDATE parts SET k = CASE id WHEN 1 THEN 2 ELSE k END WHERE id < 4",
        "parts id:1 id:2 id:3 k:1:x k:2:y k:3:z q:a q:b all:1 all:2 all:3 allq:1 allq:2 allq:3",
    ),
    Case("delete over partitions", _PARTS, "DELETE FROM parts WHERE id <> 2", "parts id:1 id:3 k:1:x k:3:z q:a"),
    Case("delete in a partition", _PARTS, "DELETE FROM parts_3b", ""),
    Case("truncate partitions", _PARTS, "TRUNCATE parts", "parts id:* k:* q:a q:b"),
    Case("truncate a partition", _PARTS, "TRUNCATE parts_2", "parts id:* k:* q:a q:b"),
    Case(
        "attached later, by the parent",
        _PARTS + "ALTER TABLE parts ATTACH PARTITION later FOR VALUES IN (9)",
        "UPDATE parts SET k = 9 WHERE id = 2",
        "parts id:2 k:2:y k:9:y q:b all:2 allq:2",
    ),
    Case(
        "attached later, directly",
        _PARTS + "ALTER TABLE parts ATTACH PARTITION later FOR VALUES IN (9)",
        "INSERT INTO later (id, k, val) VALUES (1, 9, 'x')",
        "",
    ),
    Case(
        "merge over partitions",
        _PARTS,
        """MERGE INTO parts USING (VALUES (1), (2), (8)) AS v (v) ON id = v
         WHEN MATCHED AND v = 1 THEN UPDATE SET val = 'm' WHEN MATCHED THEN DELETE
         WHEN NOT MATCHED THEN INSERT (id, k, val, sub) VALUES (v, 2, 'i', 'j')""",
        "parts id:1 k:1:x k:1:m q:a all:1 allq:1 id:2 k:2:y q:b id:8 k:2:i q:j",
    ),
    # inheritance
    Case("insert into the parent", "", "INSERT INTO base VALUES (1, 'v')", "base base:1 val:v"),
    Case("insert into a child", "", "INSERT INTO base_child VALUES (1, 'v', 'm')", "base base:1 val:v"),
    Case("insert into a grandchild", "", "INSERT INTO base_grandchild VALUES (1, 'v', 'm', 'e')", "base base:1 val:v"),
    Case(
        "insert into a child of two", "", "INSERT INTO both_of_them VALUES (1, 'v', 'o')", "base base:1 val:v second:1"
    ),
    Case(
        "update the family",
        _BASE,
        "UPDATE base SET val = val || '!' WHERE id <> 2",
        "base base:1 base:3 base:4 val:a val:a! val:c val:c! val:d val:d!",
    ),
    Case("update the parent only", _BASE, "UPDATE ONLY base SET val = 'x'", "base base:1 val:a val:x"),
    Case("update a child and below", _BASE, "UPDATE base_child SET val = 'x'", "base base:2 base:3 val:b val:c val:x"),
    Case(
        "update a child of two", _BASE, "UPDATE both_of_them SET id = 9", "base base:4 base:9 val:d second:4 second:9"
    ),
    Case("update the other parent", _BASE, "UPDATE second SET other = 'x'", "second:4 second:5"),
    Case("update what only the child has", _BASE, "UPDATE base_child SET more = 'x'", ""),
    Case("delete the family", _BASE, "DELETE FROM base WHERE id < 4", "base base:1 base:2 base:3 val:a val:b val:c"),
    Case("delete the parent only", _BASE, "DELETE FROM ONLY base", "base base:1 val:a"),
    Case("truncate the parent only", _BASE, "TRUNCATE ONLY base", "base base:* val:a val:b val:c val:d"),
    # names
    Case(
        "twins",
        "",
        """INSERT INTO twin VALUES (1); INSERT INTO other.twin VALUES (2); INSERT INTO "Other"."Twin" VALUES (3, 'x');
         INSERT INTO other_twin VALUES (4)""",
        "public:1 other:2 mixed:3 q:x joined:4",
    ),
    Case(
        "mixed case, update",
        """INSERT INTO "Other"."Twin" VALUES (3, NULL), (4, 'x')""",
        """UPDATE "Other"."Twin" SET "order" = 'y'""",
        "mixed:3 mixed:4 q:x q:y",
    ),
    Case("odd names, insert", "", _user(_XS), [_XS, "q:" + _XS, "qn:x"]),
    Case(
        "odd names, update one",
        _user(_XS),
        """UPDATE "user" SET old_n = 'y'""",
        [_XS, "q:" + _XS, "qn:x", _YS, "q:" + _YS],
    ),
    Case(
        "odd names, update many",
        _user(_XS) * 3,
        """UPDATE "user" SET old_n = 'y'""",
        [_XS, "q:" + _XS, "qn:x", _YS, "q:" + _YS],
    ),
    Case("odd names, delete", _user(_XS) * 3, """DELETE FROM "user" """, [_XS, "q:" + _XS, "qn:x"]),
    Case("odd names, truncate", _user(_XS), """TRUNCATE "user" """, ["*", "q:" + _XS, "qn:x"]),
    Case(
        "a long name",
        "INSERT INTO old_rows VALUES (1, 'a'), (2, 'b')",
        f"""UPDATE old_rows SET "{LONG}" = "select" """,
        "l:a l:b l:1 l:2 s:1 s:2 q:a q:b q:1 q:2",
    ),
    Case("a table with a long name", "", f"""INSERT INTO "{LONG}" VALUES (1)""", "long:1"),
    Case(
        "our own names",
        "INSERT INTO pairs VALUES (1), (2)",
        """INSERT INTO new_rows VALUES (1), (2), (3);
         INSERT INTO "changed" VALUES (4); UPDATE "changed" SET id = 5; UPDATE pairs SET id = id + 1""",
        "new_rows:1 new_rows:2 new_rows:3 p:1 p:2 changed:4 c:4 changed:5 c:5 pairs:1 pairs:2 pairs:3 np:1 np:2 np:3",
    ),
    Case(
        "new and old",
        """INSERT INTO "new" VALUES (1, 'a'), (2, 'b'), (0, 'c')""",
        """UPDATE "new" SET new = 'x'; UPDATE "new" SET new = NULL WHERE old = 1""",
        "new:1:a new:2:b new:1:x new:2:x old:1 old:2",
    ),
    Case(
        "short names",
        "INSERT INTO r VALUES (1, 2, 3, 'c'), (4, 5, 6, NULL)",
        "UPDATE r SET o = o + 1; DELETE FROM r",
        "r:3:1:2:c r:3:2:2:c r:1 r:2",
    ),
    Case(
        "a wide table",
        "INSERT INTO wide (id, c199) VALUES (1, 1), (2, 2), (3, 3)",
        "UPDATE wide SET c198 = CASE id WHEN 2 THEN 0 END",
        "wide:2",
    ),
    Case("a wide table, one row", "INSERT INTO wide (id, c199) VALUES (1, 1)", "UPDATE wide SET c0 = 0", "wide:1"),
    # backslashes
    Case(
        "backslashes",
        "",
        r"""INSERT INTO escaped VALUES (1, 'x'), (2, 'a\b'), (3, E'c\'d')""",
        ["back\\slash", "x\\", "q\\1"],
    ),
]
