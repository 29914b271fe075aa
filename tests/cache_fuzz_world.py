"""Random tables, mappings over them, and statements that write to them; and what a row means to a mapping."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Row = Mapping[str, str | None]
"""A row: the text of each column."""
Truth = bool | None

# Few values, so that statements meet; some are equal for `=` and look different.
POOLS = {
    "integer": ["0", "1", "2", "3"],
    "text": ["a", "A", "b", "", "a:b", "it's"],
    "numeric": ["1", "1.0", "1.00", "2.5"],
    "boolean": ["true", "false"],
    "jsonb": ['{"a": 1}', "[]", "1.0", "1.00"],
    "json": ['{"a":1}', '{"a": 1}'],
    "uuid": ["00000000-0000-0000-0000-00000000000" + digit for digit in "123"],
    "date": ["2020-01-01", "2021-02-03"],
    "mood": ["sad", "ok"],
    "character(3)": ["a", "bc", "bc "],
    "point": ["(1,2)", "(1,2.5)"],
    "double precision": ["0", "-0", "1.5"],
    "integer[]": ["{1,2}", "{}", "{NULL}"],
}
SPELT = ("integer", "text", "numeric", "boolean", "uuid", "mood", "character(3)")
EQUAL = ("integer", "text", "numeric", "boolean", "uuid", "date", "mood")
BASE = """\
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE lookup (k int, v text);
"""
LOOKUP = [("0", "zero"), ("1", "one"), ("1", "uno"), ("2", None)]


@dataclass(frozen=True)
class Entry:
    """An entry of ``tags``: how it is written, its wildcard, and the tags that it makes of images that count."""

    written: str
    wildcard: str
    tags: Callable[[list[Row]], set[str | None]]
    static: bool = False
    query: bool = False


@dataclass(frozen=True)
class Condition:
    """A condition in SQL, and what it says of a row."""

    sql: str
    holds: Callable[[Row], Truth]


@dataclass(frozen=True)
class Invalidation:
    """A mapping.  ``watched`` is None for any column, empty when updates do not count; with them the ``key`` counts."""

    name: str
    where: Condition | None
    events: frozenset[str]
    watched: tuple[str, ...] | None
    key: tuple[str, ...]
    entries: tuple[Entry, ...]
    max_tags: int

    def yaml(self, table: str) -> str:
        update = "true" if self.watched is None else f"[{', '.join(self.watched)}]" if self.watched else "false"
        on = [f"{event}: {str(event in self.events).lower()}" for event in ("insert", "delete", "truncate")]
        lines = [
            "kind: invalidation",
            f"name: {self.name}",
            f"table: {table}",
            f"on: {{{', '.join(on)}, update: {update}}}",
        ]
        if self.where:
            lines.append(f"where: |\n  {self.where.sql}")
        lines += [f"max_tags: {self.max_tags}", "tags:", *(f"  - {entry.written}" for entry in self.entries)]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Table:
    """``columns`` are names and types; ``p`` decides the partition.  ``targets``: where writes may go.  ``eaten``: a
    trigger swallows what moves into the partition of 2."""

    name: str
    columns: Mapping[str, str]
    shape: str
    keyed: bool
    ddl: str
    targets: tuple[str, ...]
    mappings: tuple[Invalidation, ...]
    statements: tuple[str, ...] = field(default=(), repr=False)

    @property
    def partitioned(self) -> bool:
        return self.shape == "partitioned"


def literal(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


class Maker:
    """Makes one table, all from one seed."""

    def __init__(self, seed: str, number: int) -> None:
        self.random = random.Random(f"{seed}/{number}")
        self.name = f"t{number}"
        self.shape = self.random.choice(["plain", "plain", "partitioned", "partitioned", "inherited"])
        if number % 4 == 2:  # its trigger swallows rows that move
            self.shape = "partitioned"
        self.keyed = self.random.random() < 0.5
        self.max_tags = self.random.choice([1, 2, 2, 3, 4, 1000])  # one for the table: mappings share tags
        types = self.random.choices(list(POOLS), k=self.random.randint(2, 5))
        self.columns = {"id": "integer", "p": "integer", **{f"c{n}": name for n, name in enumerate(types)}}

    def make(self, statements: int) -> Table:
        ddl, targets = self.tables()
        mappings = tuple(self.mapping(f"{self.name}_{n}") for n in range(self.random.randint(1, 3)))
        written = [self.insert(self.name, 5), *(self.statement(targets) for _ in range(statements))]
        return Table(self.name, self.columns, self.shape, self.keyed, ddl, targets, mappings, tuple(written))

    # the tables

    def tables(self) -> tuple[str, tuple[str, ...]]:
        t = self.name
        listed = [f"{name} {type_}" for name, type_ in self.columns.items()]
        gone = self.random.random() < 0.3
        key = [f"PRIMARY KEY ({'id, p' if self.shape == 'partitioned' else 'id'})"] if self.keyed else []
        head = f"CREATE TABLE {t} ({', '.join([*(['gone text'] if gone else []), *listed, *key])})"
        drop = f"ALTER TABLE {t} DROP COLUMN gone;\n" if gone else ""
        if self.shape == "plain":
            return f"{head};\n{drop}", (t,)
        if self.shape == "inherited":
            return f"{head};\n{drop}CREATE TABLE {t}_child (more int) INHERITS ({t});\n", (
                t,
                t,
                f"ONLY {t}",
                f"{t}_child",
            )
        self.random.shuffle(listed)
        null = [f"{name} SET NOT NULL" for name in ("id", "p") if self.keyed]
        other = f"CREATE TABLE {t}_2 (dropped int, {', '.join(listed)});\nALTER TABLE {t}_2 DROP COLUMN dropped;\n"
        other += "".join(f"ALTER TABLE {t}_2 ALTER {change};\n" for change in null)
        ddl = (
            f"{head} PARTITION BY LIST (p);\n{drop}CREATE TABLE {t}_1 PARTITION OF {t} FOR VALUES IN (1);\n{other}"
            f"ALTER TABLE {t} ATTACH PARTITION {t}_2 FOR VALUES IN (2);\n"
            f"CREATE TABLE {t}_rest PARTITION OF {t} DEFAULT PARTITION BY LIST (p);\n"
            f"CREATE TABLE {t}_0 PARTITION OF {t}_rest FOR VALUES IN (0);\n"
            f"CREATE TABLE {t}_none PARTITION OF {t}_rest DEFAULT;\n"
        )
        return ddl, (t, t, t, t, f"{t}_2", f"{t}_rest")

    # the mappings

    def mapping(self, name: str) -> Invalidation:
        r = self.random
        where = self.condition(2) if r.random() < 0.6 else None
        events = frozenset(event for event in ("insert", "delete", "truncate") if r.random() < 0.8)
        names = list(self.columns)
        watched = r.choice([None, (), *[tuple(r.sample(names, r.randint(1, 3))) for _ in range(4)]])
        if watched == () and not events:
            events = frozenset({"insert"})
        entries = {entry.written: entry for entry in (self.entry(where) for _ in range(r.randint(1, 4)))}
        key = (("id", "p") if self.shape == "partitioned" else ("id",)) if self.keyed else ()
        return Invalidation(name, where, events, watched, key, tuple(entries.values()), self.max_tags)

    def entry(self, where: Condition | None) -> Entry:
        r = self.random
        head = r.choice(["x", "y:", "y:z:", "w:v"])
        names = [name for name, type_ in self.columns.items() if type_ in SPELT]
        a, b = r.choice(names), r.choice(names)
        start = ":".join([*head.split(":")[:-1], "*"])
        kind = r.choice(["static", "one", "one", "two", "query", "count", "join"])
        if kind == "static":
            return Entry(f'"{head}s"', "", lambda rows: {f"{head}s"}, static=True)
        if kind == "one":
            return Entry(f'"{head}{{{a}}}"', start, lambda rows: {_joined(head, row[a]) for row in rows})
        if kind == "two":
            made = lambda rows: {_joined(head, row[a], row[b]) for row in rows}  # noqa: E731
            return Entry(f'"{head}{{{a}}}{{{b}}}"', start, made)
        if kind == "count":
            query = f"SELECT '{head}' || count(*) FROM changed"
            return Entry(f"query: |\n      {query}", start, lambda rows: {f"{head}{len(rows)}"}, query=True)
        if kind == "join":
            query = f"SELECT '{head}' || l.v FROM changed AS c JOIN lookup AS l ON l.k = c.p"
            made = lambda rows: {_joined(head, v) for row in rows for k, v in LOOKUP if k == row["p"]}  # noqa: E731
            return Entry(f"query: |\n      {query}", start, made, query=True)
        query = f"SELECT '{head}' || {a}::text FROM changed"
        return Entry(
            f"query: |\n      {query}", start, lambda rows: {_joined(head, row[a]) for row in rows}, query=True
        )

    def condition(self, depth: int) -> Condition:
        r = self.random
        if depth and r.random() < 0.4:
            one, two = self.condition(depth - 1), self.condition(depth - 1)
            if r.random() < 0.5:
                return Condition(f"({one.sql} AND {two.sql})", lambda row: _and(one.holds(row), two.holds(row)))
            return Condition(
                f"({one.sql} OR {two.sql})", lambda row: _not(_and(_not(one.holds(row)), _not(two.holds(row))))
            )
        name = r.choice(
            [name for name, type_ in self.columns.items() if type_ in ("integer", "text", "boolean", "mood")]
        )
        if r.random() < 0.25:
            return Condition(f"{name} IS NULL", lambda row: row[name] is None)
        value = r.choice(POOLS[self.columns[name]])
        if r.random() < 0.3:
            return Condition(f"NOT {name} = {literal(value)}", lambda row: _not(_same(row[name], value)))
        return Condition(f"{name} = {literal(value)}", lambda row: _same(row[name], value))

    # the statements

    def value(self, type_: str) -> str:
        cast = "" if type_ in ("integer", "text") else f"::{type_}"
        return literal(None if self.random.random() < 0.25 else self.random.choice(POOLS[type_])) + cast

    def row(self, names: list[str]) -> str:
        values = [str(self.random.randint(0, 9)) if name == "id" else self.value(self.columns[name]) for name in names]
        if self.keyed and "p" in names:  # a key is not NULL
            values[names.index("p")] = self.random.choice(POOLS["integer"])
        return f"({', '.join(values)})"

    def insert(self, target: str, rows: int) -> str:
        names = list(self.columns)
        self.random.shuffle(names)
        values = ", ".join(self.row(names) for _ in range(rows))
        text = f"INSERT INTO {target} ({', '.join(names)}) VALUES {values}"
        return text + (" ON CONFLICT DO NOTHING" if self.keyed else "")

    def changes(self, movable: bool, alias: str = "") -> str:
        r = self.random
        names = [name for name in self.columns if name != "p" or movable]
        out = []
        for name in r.sample(names, r.randint(1, min(3, len(names)))):
            type_ = self.columns[name]
            if type_ == "integer" and r.random() < 0.5:
                out.append(f"{name} = {alias}{name} + 1" if name != "p" else f"p = ({alias}p + {r.randint(0, 2)}) % 4")
            elif r.random() < 0.4:
                test = self.condition(1).sql if not alias else f"{alias}id % 2 = 0"
                out.append(f"{name} = CASE WHEN {test} THEN {self.value(type_)} ELSE {alias}{name} END")
            else:
                value = self.value(type_) if name != "p" else r.choice(POOLS["integer"])
                out.append(f"{name} = {str(r.randint(0, 9)) if name == 'id' else value}")
        return ", ".join(out)

    def some(self) -> str:
        asked, third = self.condition(1).sql, self.random.randint(0, 2)
        tests = ["", "", f" WHERE {asked}", f" WHERE id % 3 = {third}", " WHERE id IN (1, 2)", " WHERE false"]
        return self.random.choice(tests)

    def statement(self, targets: tuple[str, ...]) -> str:
        r = self.random
        target = r.choice(targets)
        table = target.removeprefix("ONLY ")
        kind = r.choices(
            ["update", "insert", "delete", "merge", "conflict", "truncate", "cte", "join", "copied"],
            [12, 6, 4, 4, 3, 1, 3, 3, 2],
        )[0]
        if self.shape == "partitioned" and r.random() < 0.25:
            to = r.choice(["p = 2", "p = CASE WHEN id % 4 < 2 THEN 2 ELSE p END", "p = 1", "p = (p + 1) % 4"])
            some = f" WHERE id = {r.randint(0, 9)}" if r.random() < 0.4 else self.some()
            return f"UPDATE {self.name} SET {to}{some}"
        if kind == "insert":
            return self.insert(table, r.choice([1, 1, 2, 4, 7]))
        if kind == "copied":
            names = [name for name in self.columns if name != "id"]
            listed = ", ".join(names)
            conflict = " ON CONFLICT DO NOTHING" if self.keyed else ""
            query = f"SELECT id + {r.randint(1, 9)}, {listed} FROM {target}{self.some()}"
            return f"INSERT INTO {table} (id, {listed}) {query}{conflict}"
        if kind == "delete":
            return f"DELETE FROM {target}{self.some() or ' WHERE id < 5'}"
        if kind == "truncate":
            return f"TRUNCATE {target}"
        if kind == "conflict" and self.keyed and table != f"{self.name}_child":  # a child has no key
            names = list(self.columns)
            key = "id, p" if self.shape == "partitioned" else "id"
            values = ", ".join(self.row(names) for _ in range(r.randint(1, 3)))
            movable = self.shape != "partitioned"
            return (
                f"INSERT INTO {table} AS t ({', '.join(names)}) VALUES {values} "
                f"ON CONFLICT ({key}) DO UPDATE SET {self.changes(movable, 't.')}"
            )
        if kind == "merge" and table == target:
            return self.merge(target)
        if kind == "cte":
            first = f"UPDATE {target} SET {self.changes(True)} WHERE id % 2 = 0"
            second = r.choice(
                [f"UPDATE {target} SET {self.changes(True)} WHERE id % 2 = 1", f"DELETE FROM {target} WHERE id % 2 = 1"]
            )
            return f"WITH a AS ({first} RETURNING 1), b AS ({second} RETURNING 1) SELECT count(*) FROM a, b"
        if kind == "join":
            join = f"FROM {self.name} AS other WHERE other.id = t.id OR other.p = t.p"
            return f"UPDATE {target} AS t SET {self.changes(True, 't.')} {join}"
        return f"UPDATE {target} SET {self.changes(True)}{self.some()}"

    def merge(self, target: str) -> str:
        r = self.random
        names = list(self.columns)
        rows = ", ".join(f"({number})" for number in sorted(r.sample(range(10), r.randint(1, 5))))
        # What MERGE does to a partitioned table is not always seen by triggers: test_what_merge_hides_from_triggers.
        change = self.changes(self.shape != "partitioned", "t.")
        row = self.row(names)
        matched = r.sample([
            f"WHEN MATCHED AND v.id % 3 = 0 THEN UPDATE SET {change}", "WHEN MATCHED AND v.id % 3 = 1 THEN DELETE",
            f"WHEN MATCHED AND v.id % 2 = 1 THEN UPDATE SET {self.changes(self.shape != 'partitioned', 't.')}",
        ], r.randint(1, 3))  # fmt: skip
        key = names.index("id")
        values = ", ".join("v.id" if n == key else part for n, part in enumerate(row[1:-1].split(", ")))
        insert = f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({values})"
        if (
            (self.shape == "partitioned" and "UPDATE" in " ".join(matched))
            or "'it''s'" in row
            or row.count(", ") != len(names) - 1
            or r.random() < 0.4
        ):
            insert = "WHEN NOT MATCHED THEN DO NOTHING"
        return f"MERGE INTO {target} AS t USING (VALUES {rows}) AS v (id) ON t.id = v.id {' '.join(matched)} {insert}"


def _joined(head: str, *parts: str | None) -> str | None:
    return None if None in parts else head + "".join(str(part) for part in parts)


def _same(value: str | None, other: str) -> Truth:
    return None if value is None else value == other


def _not(value: Truth) -> Truth:
    return None if value is None else not value


def _and(one: Truth, two: Truth) -> Truth:
    if one is False or two is False:
        return False
    return None if one is None or two is None else True
