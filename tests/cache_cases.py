"""Writes, and the tags that they must leave in the queue: exactly those, each once."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """``setup`` and ``write`` are SQL; the queue is emptied between them.  ``tags``: words, or a list."""

    name: str
    setup: str
    write: str
    tags: str | list[str]

    @property
    def expected(self) -> list[str]:
        return sorted(self.tags.split() if isinstance(self.tags, str) else self.tags)


SCHEMA = """\
CREATE TYPE mood AS ENUM ('sad', 'it''s {ok}: é');
CREATE DOMAIN code AS varchar(40);
CREATE TABLE cities (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE shops (
  id int PRIMARY KEY, city_id int REFERENCES cities ON DELETE CASCADE ON UPDATE CASCADE,
  second_id int REFERENCES cities ON DELETE SET NULL, name text, status text, visits int DEFAULT 0);
CREATE TABLE loose (a int, b text);
CREATE TABLE few (id int, a int, b text);
CREATE TABLE typed (
  id int, j json, jb jsonb, x xml, p point, n numeric, r int4range, f float8, arr int[],
  g int GENERATED ALWAYS AS (id * 2) STORED,
  ch char(5), ts timestamptz, m mood, loose text);
CREATE TABLE spelt (
  id int, u uuid, i int, t text, b boolean, m mood, d code, v varchar(5), big bigint, n numeric, ch char(4), net inet);
CREATE TABLE any_column (id int, a text, b jsonb);
CREATE TABLE left_over (gone int, a int, gone_too text, b text);
ALTER TABLE left_over DROP COLUMN gone, DROP COLUMN gone_too;
CREATE TABLE one_tag (id int, a text, b text);
CREATE TABLE noted (id int, note text);
CREATE TABLE unwatched (id int, a text);
"""

SPECS = """\
name: shops
table: shops
where: "status = 'open'"
on: {insert: true, update: [name, city_id, second_id], delete: true, truncate: true}
tags:
  - shops
  - "shop:{id}"
  - "shops:city:{city_id}"
  - query: SELECT 'geo:' || c.name FROM changed s JOIN cities c ON c.id = s.second_id
---
name: shops_visits
table: shops
on: {update: [visits]}
tags: ["visits:{id}"]
dedup_window: 1 hour
---
name: loose
table: loose
tags: [loose, "loose:{a}", "loose:{b}"]
---
name: few
table: few
max_tags: 3
tags: [few, "few:all:{a}", {query: "SELECT 'few:geo:' || b FROM changed"}, {query: "SELECT b FROM changed"}]
---
name: typed
table: typed
on: {update: [j, jb, x, p, n, r, f, arr, g, ch, ts, m]}
tags: ["typed:{id}"]
---
name: spelt
table: spelt
on: {insert: true, delete: true}
tags: ["u:{u}", "i:{i}", "t:{t}", "b:{b}", "m:{m}", "d:{d}", "v:{v}{big}", "n:{n}", "ch:{ch}|", "net:{net}"]
---
name: any_column
table: any_column
on: {update: true}
tags: ["any:{id}"]
---
name: left_over
table: left_over
where: "b <> 'x' -- not those"
on: {insert: true, update: true, delete: true, truncate: true}
tags: ["left:{a}", {query: "SELECT 'b:' || b FROM changed"}]
---
name: one_tag
table: one_tag
max_tags: 1
tags: ["one:{a}{b}", {query: "SELECT 'q:' || a FROM changed"}]
---
name: noted
table: noted
on: {insert: true}
tags: [noted]
"""

_SHOPS = """\
INSERT INTO cities VALUES (1, 'Rome'), (2, 'Bonn'), (3, 'Oslo');
INSERT INTO shops VALUES (1, 1, 2, 'a', 'open'), (2, 1, 3, 'b', 'shut'), (3, 2, NULL, 'c', 'open'),
  (4, NULL, 1, 'd', NULL);
"""
_LOOSE = "INSERT INTO loose VALUES (1, 'x'), (2, 'y'), (3, 'z'), (NULL, NULL)"


CASES = [
    # INSERT
    Case("insert one", _SHOPS, "INSERT INTO shops VALUES (5, 2, 3, 'e', 'open')", "shops shop:5 shops:city:2 geo:Oslo"),
    Case(
        "insert many",
        _SHOPS,
        "INSERT INTO shops VALUES (5, 2, 3, 'e', 'open'), (6, 2, 2, 'f', 'open'), (7, 3, 3, 'g', 'no')",
        "shops shop:5 shop:6 shops:city:2 geo:Oslo geo:Bonn",
    ),
    Case(
        "insert that does not match",
        _SHOPS,
        "INSERT INTO shops VALUES (5, 2, 3, 'e', 'shut'), (6, 1, 1, 'f', NULL)",
        "",
    ),
    Case("insert of no rows", _SHOPS, "INSERT INTO shops SELECT * FROM shops WHERE false", ""),
    Case("insert with NULL", _SHOPS, "INSERT INTO shops VALUES (5, NULL, NULL, 'e', 'open')", "shops shop:5"),
    Case("insert nothing but NULL", "", "INSERT INTO loose VALUES (NULL, NULL)", "loose"),
    Case(
        "insert select",
        _LOOSE,
        "INSERT INTO loose SELECT a + 10, b FROM loose",
        "loose loose:11 loose:12 loose:13 loose:x loose:y loose:z",
    ),
    # UPDATE
    Case("update watched", _SHOPS, "UPDATE shops SET name = 'new' WHERE id = 1", "shops shop:1 shops:city:1 geo:Bonn"),
    Case("update unwatched", _SHOPS, "UPDATE shops SET status = 'open' WHERE status = 'open'", ""),
    Case(
        "another key is another row",
        _SHOPS,
        "UPDATE shops SET id = id + 100 WHERE id < 3",
        "shops shop:1 shop:101 shops:city:1 geo:Bonn visits:1 visits:101 visits:2 visits:102",
    ),
    Case("update to the same", _SHOPS, "UPDATE shops SET name = name, status = status", ""),
    Case("update no rows", _SHOPS, "UPDATE shops SET name = 'x' WHERE false", ""),
    Case(
        "update some of many",
        _SHOPS,
        "UPDATE shops SET name = CASE id WHEN 3 THEN 'new' ELSE name END",
        "shops shop:3 shops:city:2",
    ),
    Case(
        "update all",
        _SHOPS,
        "UPDATE shops SET name = name || '!'",
        "shops shop:1 shop:3 shops:city:1 shops:city:2 geo:Bonn",
    ),
    Case(
        "update placeholder",
        _SHOPS,
        "UPDATE shops SET city_id = 3 WHERE id IN (1, 2)",
        "shops shop:1 shops:city:1 shops:city:3 geo:Bonn",
    ),
    Case(
        "update to NULL", _SHOPS, "UPDATE shops SET city_id = NULL WHERE id = 1", "shops shop:1 shops:city:1 geo:Bonn"
    ),
    Case(
        "update from NULL", _SHOPS, "UPDATE shops SET second_id = 3 WHERE id = 3", "shops shop:3 shops:city:2 geo:Oslo"
    ),
    Case(
        "rows enter",
        _SHOPS,
        "UPDATE shops SET status = 'open' WHERE id IN (2, 4)",
        "shops shop:2 shop:4 shops:city:1 geo:Oslo geo:Rome",
    ),
    Case("a row enters", _SHOPS, "UPDATE shops SET status = 'open' WHERE id = 4", "shops shop:4 geo:Rome"),
    Case("a row leaves", _SHOPS, "UPDATE shops SET status = NULL WHERE id = 1", "shops shop:1 shops:city:1 geo:Bonn"),
    Case(
        "a row leaves and changes",
        _SHOPS,
        "UPDATE shops SET status = 'x', city_id = 3, second_id = 1 WHERE id = 1",
        "shops shop:1 shops:city:1 geo:Bonn",
    ),
    Case(
        "rows enter and leave",
        _SHOPS,
        "UPDATE shops SET status = CASE status WHEN 'open' THEN 'shut' ELSE 'open' END",
        "shops shop:1 shop:2 shop:3 shop:4 shops:city:1 shops:city:2 geo:Bonn geo:Oslo geo:Rome",
    ),
    Case("changes outside", _SHOPS, "UPDATE shops SET name = 'x', status = 'still not' WHERE id IN (2, 4)", ""),
    Case(
        "keys move up",
        _LOOSE,
        "UPDATE loose SET a = a + 1",
        "loose loose:1 loose:2 loose:3 loose:4 loose:x loose:y loose:z",
    ),
    Case(
        "values are swapped",
        _SHOPS,
        "UPDATE shops AS s SET city_id = o.city_id FROM shops AS o WHERE s.id + o.id = 4",
        "shops shop:1 shop:3 shops:city:1 shops:city:2 geo:Bonn",
    ),
    Case(
        "a join hits a row twice",
        _SHOPS,
        "UPDATE shops AS s SET name = 'j' FROM cities WHERE cities.id < 3 AND s.id = 3",
        "shops shop:3 shops:city:2",
    ),
    Case(
        "two mappings, one trigger",
        _SHOPS,
        "UPDATE shops SET visits = visits + 1, name = 'v' WHERE id < 3",
        "visits:1 visits:2 shops shop:1 shops:city:1 geo:Bonn",
    ),
    Case("one of two mappings", _SHOPS, "UPDATE shops SET visits = visits + id - 1", "visits:2 visits:3 visits:4"),
    Case(
        "no key, equal rows",
        "INSERT INTO loose VALUES (1, 'x'), (1, 'x'), (1, 'x')",
        "UPDATE loose SET b = 'y' WHERE ctid = (SELECT min(ctid) FROM loose)",
        "loose loose:1 loose:x loose:y",
    ),
    Case("from empty to NULL", "INSERT INTO loose VALUES (1, '')", "UPDATE loose SET b = NULL", "loose loose:1 loose:"),
    # DELETE and what follows from it
    Case("delete one", _SHOPS, "DELETE FROM shops WHERE id = 1", "shops shop:1 shops:city:1 geo:Bonn"),
    Case("delete all", _SHOPS, "DELETE FROM shops", "shops shop:1 shop:3 shops:city:1 shops:city:2 geo:Bonn"),
    Case("delete what does not match", _SHOPS, "DELETE FROM shops WHERE id IN (2, 4)", ""),
    Case("delete nothing", _SHOPS, "DELETE FROM shops WHERE false", ""),
    Case("cascaded delete", _SHOPS, "DELETE FROM cities WHERE id = 1", "shops shop:1 shops:city:1 geo:Bonn"),
    Case("cascaded delete of two", _SHOPS, "DELETE FROM cities", "shops shop:1 shop:3 shops:city:1 shops:city:2"),
    Case("set NULL", _SHOPS + "UPDATE shops SET city_id = NULL", "DELETE FROM cities WHERE id = 2", "shops shop:1"),
    Case(
        "cascaded update",
        _SHOPS + "UPDATE shops SET second_id = 3",
        "UPDATE cities SET id = 7 WHERE id = 1",
        "shops shop:1 shops:city:1 shops:city:7 geo:Oslo",
    ),
    # TRUNCATE
    Case("truncate", _SHOPS, "TRUNCATE shops", "shops shop:* shops:city:* geo:Bonn"),
    Case("truncate cascaded", _SHOPS, "TRUNCATE cities CASCADE", "shops shop:* shops:city:* geo:Bonn"),
    Case("truncate empty", "", "TRUNCATE loose", "loose loose:*"),
    # other statements
    Case(
        "merge",
        _SHOPS,
        """MERGE INTO shops AS s
           USING (VALUES (1, 'upd'), (3, 'del'), (2, 'upd'), (9, 'ins')) AS v (id, what) ON s.id = v.id
           WHEN MATCHED AND what = 'upd' THEN UPDATE SET name = 'm'
           WHEN MATCHED THEN DELETE
           WHEN NOT MATCHED THEN INSERT VALUES (v.id, 3, 1, 'i', 'open')""",
        "shops shop:1 shops:city:1 geo:Bonn shop:3 shops:city:2 shop:9 shops:city:3 geo:Rome",
    ),
    Case(
        "merge that does nothing",
        _SHOPS,
        "MERGE INTO shops AS s USING (VALUES (1)) AS v (id) ON s.id = v.id "
        "WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT (id, status) VALUES (v.id, 'open')",
        "",
    ),
    Case(
        "on conflict do nothing",
        _SHOPS,
        "INSERT INTO shops VALUES (1, 3, 3, 'x', 'open'), (8, 3, 3, 'x', 'open') ON CONFLICT DO NOTHING",
        "shops shop:8 shops:city:3 geo:Oslo",
    ),
    Case(
        "on conflict do update",
        _SHOPS,
        "INSERT INTO shops VALUES (1, 3, 3, 'x', 'open'), (8, 2, 1, 'y', 'open') "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        "shops shop:1 shops:city:1 geo:Bonn shop:8 shops:city:2 geo:Rome",
    ),
    Case(
        "on conflict do update of nothing",
        _SHOPS,
        "INSERT INTO shops VALUES (1, 3, 3, 'x', 'open') ON CONFLICT (id) DO UPDATE SET name = shops.name",
        "",
    ),
    Case(
        "writable CTEs",
        _SHOPS,
        """WITH gone AS (DELETE FROM shops WHERE id = 1 RETURNING *),
           one AS (UPDATE shops SET name = 'w' WHERE id = 3 RETURNING *),
           two AS (UPDATE shops SET status = 'open' WHERE id = 2)
         INSERT INTO shops SELECT id + 10, 3, 3, name, status FROM gone, (SELECT count(*) FROM one) AS x""",
        "shops shop:1 shops:city:1 geo:Bonn shop:3 shops:city:2 shop:2 geo:Oslo shop:11 shops:city:3",
    ),
    Case(
        "two writable CTEs on one table",
        _LOOSE,
        "WITH a AS (UPDATE loose SET b = 'A' WHERE a = 1 RETURNING a), "
        "b AS (UPDATE loose SET b = 'B' WHERE a = 3 RETURNING a) SELECT * FROM a, b",
        "loose loose:1 loose:x loose:A loose:3 loose:z loose:B",
    ),
    Case("select for update", _SHOPS, "SELECT * FROM shops FOR UPDATE", ""),
    # user's triggers
    Case(
        "a BEFORE trigger changes a watched column",
        _SHOPS
        + """CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
         CREATE TRIGGER up BEFORE UPDATE ON shops FOR EACH ROW EXECUTE FUNCTION up()""",
        "UPDATE shops SET visits = visits WHERE id IN (1, 2)",
        "shops shop:1 shops:city:1 geo:Bonn",
    ),
    Case(
        "a BEFORE trigger undoes the change",
        _SHOPS
        + """CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.name := OLD.name; RETURN NEW; END $$;
         CREATE TRIGGER undo BEFORE UPDATE ON shops FOR EACH ROW EXECUTE FUNCTION undo()""",
        "UPDATE shops SET name = 'x'",
        "",
    ),
    Case(
        "a BEFORE trigger swallows rows",
        _SHOPS
        + """CREATE FUNCTION eat() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN IF OLD.id % 2 = 1 THEN RETURN NULL; END IF; RETURN coalesce(NEW, OLD); END $$;
         CREATE TRIGGER eat BEFORE UPDATE OR DELETE ON shops FOR EACH ROW EXECUTE FUNCTION eat();
         UPDATE shops SET status = 'open'""",
        "UPDATE shops SET name = 'x'; DELETE FROM shops WHERE id = 3",
        "shops shop:2 shops:city:1 geo:Oslo shop:4 geo:Rome",
    ),
    Case(
        "an AFTER trigger writes to another mapped table",
        """CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN INSERT INTO noted VALUES (NEW.id, 'x'); INSERT INTO loose VALUES (NEW.id, 'n'); RETURN NULL; END $$;
         CREATE TRIGGER note AFTER INSERT ON unwatched FOR EACH ROW EXECUTE FUNCTION note()""",
        "INSERT INTO unwatched VALUES (1, 'a'), (2, 'b')",
        "noted loose loose:1 loose:2 loose:n",
    ),
    Case(
        "an AFTER trigger writes to its own table",
        _SHOPS
        + """CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN UPDATE shops SET visits = visits + 1 WHERE id = NEW.id AND visits < 2; RETURN NULL; END $$;
         CREATE TRIGGER more AFTER UPDATE ON shops FOR EACH ROW EXECUTE FUNCTION more()""",
        "UPDATE shops SET name = 'x' WHERE id = 3",
        "shops shop:3 shops:city:2 visits:3",
    ),
    # the queue
    Case(
        "twice the same",
        _LOOSE,
        "DELETE FROM loose WHERE a = 1; INSERT INTO loose VALUES (1, 'x')",
        "loose loose:1 loose:x",
    ),
    Case(
        "a replica", _LOOSE + "; SET LOCAL session_replication_role = replica", "DELETE FROM loose; TRUNCATE shops", ""
    ),
    Case(
        "undone in part",
        _LOOSE,
        """DO $$ BEGIN BEGIN DELETE FROM loose; RAISE EXCEPTION 'x'; EXCEPTION WHEN raise_exception THEN
         INSERT INTO noted VALUES (1, 'x'); END; END $$""",
        "noted",
    ),
]
