"""Random small schemas, data, queries with parameters and writes, for the differential test of `pgspec.coverage`."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

TABLES = ("t0", "t1", "t2", "t3")
VIEWS = ("v0", "v1")
COLUMNS = {"id": "integer", "r": "integer", "a": "integer", "n": "bigint", "b": "text", "f": "boolean"}
DOMAIN = {"integer": ("1", "2", "3"), "bigint": ("1", "2", "3"), "text": ("'x'", "'y'", "'z'"),
          "boolean": ("true", "false")}  # fmt: skip
PARAMETERS = {"i": "integer", "j": "integer", "s": "text"}
_INTEGERS = ("integer", "bigint")

Shown = list[tuple[str, str]]
"""Columns that can be named, with their types."""


def ddl(random: Random) -> str:
    """Tables with the same columns and random NOT NULLs and foreign keys, and two views.  ``k`` tells rows apart over
    time; no query reads it."""
    statements = []
    for number, table in enumerate(TABLES):
        target = TABLES[random.randrange(number)] if number else table
        action = random.choice(("CASCADE", "SET NULL"))
        nulls = {c: " NOT NULL" if random.random() < 0.25 else "" for c in COLUMNS}
        key = f"r integer REFERENCES {target} (id) ON UPDATE CASCADE ON DELETE {action}"
        statements.append(
            f"CREATE TABLE {table} (k integer GENERATED ALWAYS AS IDENTITY UNIQUE, id integer PRIMARY KEY, {key}, "
            f"a integer{nulls['a']}, n bigint{nulls['n']}, b text{nulls['b']}, f boolean{nulls['f']})"
        )
    for number, view in enumerate(VIEWS):
        query = QueryMaker(random, (), VIEWS[:number]).named(2, {"c1": "integer", "c2": "text"})
        statements.append(f"CREATE VIEW {view} AS {query}")
    return ";\n".join(statements)


def value(random: Random, column: str) -> str:
    """A literal for a column."""
    if column not in ("id", "r", "f") and random.random() < 0.2:
        return "NULL"
    return random.choice(DOMAIN[COLUMNS[column]])


def insert(random: Random, table: str, ids: list[str]) -> str:
    """An INSERT, which keeps constraints only by chance."""
    names = ("a", "n", "b", "f")
    lines = [", ".join([i, random.choice(("1", "2", "3", "NULL")), *(value(random, c) for c in names)]) for i in ids]
    values = ", ".join(f"({line})" for line in lines)
    return f"INSERT INTO {table} (id, r, a, n, b, f) VALUES {values}"


def write(random: Random) -> str:
    """One statement that changes a table, in rows that are few or many."""
    table = random.choice(TABLES)
    kind = random.random()
    if kind < 0.25:
        return insert(random, table, [str(10 + i) for i in range(random.randint(1, 3))])
    if kind < 0.33:
        return f"TRUNCATE {table} CASCADE"
    where = random.choice(
        (f"id = {random.randint(1, 5)}", f"id > {random.randint(0, 4)}", f"b = {value(random, 'f')}::text", "f",
         f"a = {random.randint(1, 3)}", "a IS NULL", "b = 'x'", "true")
    )  # fmt: skip
    if kind < 0.5:
        return f"DELETE FROM {table} WHERE {where}"
    names = random.sample(list(COLUMNS), random.choice((1, 1, 1, 2)))
    new = {c: "id + 20" if c == "id" else value(random, c) for c in names}
    if random.random() < 0.2:
        new["a"] = "coalesce(a, 0) % 3 + 1"
    return f"UPDATE {table} SET {', '.join(f'{c} = {v}' for c, v in new.items())} WHERE {where}"


PATTERNS = (
    "SELECT s.c1, s.c2 FROM (SELECT x.{X} AS c1, x.b AS c2 FROM {T} x ORDER BY 1, 2 LIMIT 2) s WHERE {S}",
    "SELECT s.c1, s.c2 FROM (SELECT DISTINCT ON (x.{X}) x.{X} AS c1, x.b AS c2 FROM {T} x ORDER BY 1, 2) s WHERE {S}",
    "SELECT s.* FROM (SELECT x.{X} AS c1, x.b AS c2, count(*) OVER (PARTITION BY x.{X}) FROM {T} x) s WHERE {S}",
    (
        "SELECT s.* FROM (SELECT x.{X} AS c1, x.b AS c2, count(*) OVER (PARTITION BY x.{X}), count(*) OVER (PARTITION "
        "BY x.b) AS w FROM {T} x) s WHERE {S}"
    ),
    "SELECT s.c1, s.c2 FROM (SELECT x.{X} AS c1, max(x.b) AS c2 FROM {T} x GROUP BY x.{X}) s WHERE {S}",
    "SELECT s.c1, s.c2 FROM (SELECT max(x.{X}) AS c1, x.b AS c2 FROM {T} x GROUP BY ROLLUP (x.b)) s WHERE {S}",
    "SELECT x.{X}, y.b FROM {T} x {J} JOIN {U} y ON x.{Y} = y.{Z} WHERE {S:x}",
    "SELECT x.{X}, y.b FROM {T} x {J} JOIN {U} y ON x.{Y} = y.{Z} AND x.b = 'x' WHERE {S:y}",
    "SELECT x.{X}, y.b FROM {T} x {J} JOIN {U} y ON x.{Y} = y.{Z} AND y.{X} = {P}",
    "SELECT x.{X}, y.b FROM {T} x {J} JOIN {U} y ON x.{Y} = y.{Z} WHERE {S:x} AND (y.b = 'x' OR x.b = 'y')",
    "SELECT x.{X}, y.b FROM {T} x {J} JOIN {U} y ON x.{Y} = y.{Z} WHERE y.b IS NULL AND {S:x}",
    "SELECT x.{X}, y.b FROM {T} x {J} JOIN {U} y ON x.{Y} = y.{Z} WHERE coalesce(y.{X}, {P}) = {P}",
    (
        "SELECT x.{X}, y.c1 FROM {T} x JOIN (SELECT u.{X} AS c1 FROM {U} u WHERE u.{X} = {P} UNION ALL SELECT v.{Y} "
        "FROM {V} v) y ON y.c1 = x.{Z}"
    ),
    "SELECT s.c1, s.c2 FROM (SELECT x.{X} AS c1, x.b AS c2 FROM {T} x EXCEPT SELECT y.{Y}, y.b FROM {U} y) s WHERE {S}",
    (
        "SELECT x.{X}, y.c1 FROM {T} x CROSS JOIN LATERAL (SELECT count(*) AS c1 FROM {U} y WHERE y.{Y} = x.{Z} AND "
        "x.{X} = {P}) y"
    ),
    (
        "SELECT x.{X}, y.c1 FROM {T} x LEFT JOIN LATERAL (SELECT max(y.{Z}) AS c1 FROM {U} y WHERE y.{Y} = x.{Z}) y "
        "ON true WHERE {S:x}"
    ),
    (
        "WITH c AS (SELECT x.{X} AS c1, x.b AS c2, x.{Y} AS c3 FROM {T} x) SELECT s.c1, o.c2 FROM c s JOIN c o ON "
        "o.c3 = s.c1 WHERE {S}"
    ),
    (
        "WITH c AS (SELECT x.{X} AS c1, x.b AS c2 FROM {T} x WHERE x.{X} = x.{Y}) SELECT s.c1, o.c2 FROM c s JOIN c o "
        "ON o.c1 <> s.c1 WHERE {S}"
    ),
    "WITH c AS (SELECT x.{X} AS c1, x.b AS c2 FROM {T} x) SELECT s.c1, (SELECT count(*) FROM c) FROM c s WHERE {S}",
    "SELECT x.{X} FROM {T} x WHERE {S:x} AND NOT EXISTS (SELECT 1 FROM {U} y WHERE y.{Y} = x.{Z} AND y.b = 'x')",
    "SELECT x.{X} FROM {T} x WHERE {S:x} AND x.{Y} NOT IN (SELECT y.{Z} FROM {U} y WHERE y.{Z} = {P})",
    "SELECT x.{X} FROM {T} x WHERE x.{Y} IN (SELECT y.{Z} FROM {U} y WHERE y.{Z} = {P} OR y.f)",
    "SELECT x.{X} FROM {T} x WHERE x.{Y} IN (SELECT y.{Z} FROM {U} y ORDER BY 1 LIMIT 2) AND {S:x}",
    "SELECT x.{X}, x.b FROM {T} x WHERE {S:x} ORDER BY 1, 2 LIMIT (SELECT count(*) FROM {U} y WHERE y.{Y} = {P})",
    "SELECT s.c1, s.c2 FROM (SELECT y.{X} AS c1, x.b AS c2 FROM {T} x {J} JOIN {U} y USING ({Y})) s WHERE {S}",
    "SELECT x.{X}, (SELECT count(*) FROM {U} y WHERE y.{Y} = x.{Z}) AS w FROM {T} x WHERE {S:x}",
    "SELECT s.c1, s.c2 FROM v0 s {J} JOIN {T} x ON x.{X} = s.c1 WHERE {S}",
)
"""Queries in which a condition seems to restrict a scan.  X, Y and Z are columns of numbers, P is a parameter or a
literal, J the form of a join, S a condition on c1 and c2 of ``s``, or on the columns of another item."""


@dataclass(slots=True)
class QueryMaker:
    """Makes one query.  ``parameters`` may be named; its results do not depend on the order of rows."""

    random: Random
    parameters: tuple[str, ...]
    views: tuple[str, ...] = VIEWS
    aliases: int = 0

    def alias(self) -> str:
        self.aliases += 1
        return f"q{self.aliases}"

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pattern(self) -> str:
        """One of `PATTERNS`, with its blanks filled in."""
        words = {w: self.random.choice(("id", "r", "a", "n")) for w in "XYZ"}
        words |= {w: self.random.choice(TABLES) for w in "TUV"}
        words |= {"J": self.random.choice(("INNER", "LEFT", "RIGHT", "FULL"))}
        numbers = [f":{n}" for n in self.parameters if PARAMETERS[n] == "integer"] or ["1", "2"]
        made = self.random.choice(PATTERNS).replace("{P}", self.random.choice(numbers))
        for item, number in (("x", words["X"]), ("y", words["Y"])):
            made = made.replace(f"{{S:{item}}}", self.sought(f"{item}.{number}", f"{item}.b"))
        return made.replace("{S}", self.sought("s.c1", "s.c2")).format(**words)

    def sought(self, number: str, text: str) -> str:
        parts = []
        for name in self.parameters:
            parts.append(f"{number if PARAMETERS[name] == 'integer' else text} = :{name}")
        if not parts or self.chance(0.3):
            parts.append(self.simple([(number, "integer"), (text, "text")]))
        return " AND ".join(parts)

    def query(self) -> str:
        """A whole query."""
        wanted = {f"c{i + 1}": self.random.choice(("integer", "text", "integer")) for i in range(2)}
        if self.chance(0.12):
            inner = self.named(1, wanted)
            body = self.filtered("c", wanted, 2)
            if self.chance(0.3):
                body = f"{body} UNION ALL {self.filtered('c', wanted, 1)}"
            return f"WITH c AS ({inner}) {body}"
        if self.chance(0.05):
            table, other = self.random.choices(TABLES, k=2)
            start = self.conjunction([(f"{table}.{c}", t) for c, t in COLUMNS.items()], 0, 1)
            return (f"WITH RECURSIVE w (c1) AS (SELECT {table}.id FROM {table} WHERE {start} UNION SELECT x.id "
                    f"FROM {other} x JOIN w ON x.r = w.c1) SELECT w.c1 FROM w "
                    f"WHERE {self.conjunction([('w.c1', 'integer')], 0, 1)}")  # fmt: skip
        return self.named(2, wanted)

    def named(self, depth: int, wanted: dict[str, str], outer: Shown | None = None) -> str:
        """A query with these columns, by name and type."""
        kind = self.random.random()
        if depth and kind < 0.12:
            form = self.random.choice(("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL"))
            parts = [self.named(depth - 1, wanted, outer) for _ in range(2)]
            made = f"({parts[0]}) {form} ({parts[1]})"
            if self.chance(0.6):
                alias = self.alias()
                shown = [(f"{alias}.{c}", t) for c, t in wanted.items()]
                return f"SELECT {alias}.* FROM ({made}) {alias} WHERE {self.conjunction(shown, depth - 1)}"
            return made
        if depth and kind < 0.3:
            return self.filtered(f"({self.named(depth - 1, wanted)})", wanted, depth - 1)
        source, shown = self.source(depth)
        where = f" WHERE {self.conjunction(shown, depth, outer=outer)}" if self.chance(0.9) else ""
        head = f"FROM {source}{where}"
        kind = self.random.random()
        if kind < 0.2:
            return self.grouped(head, shown, wanted)
        if kind < 0.3:
            return self.windowed(head, shown, wanted)
        targets = [f"{self.expression(shown, t, depth)} AS {c}" for c, t in wanted.items()]
        order = ", ".join(str(i + 1) for i in range(len(wanted)))
        if kind < 0.42:
            return f"SELECT {', '.join(targets)} {head} ORDER BY {order} LIMIT {self.random.randint(1, 2)}"
        if kind < 0.48:
            first = targets[0].rsplit(" AS ", 1)[0]
            return f"SELECT DISTINCT ON ({first}) {', '.join(targets)} {head} ORDER BY {order}"
        return f"SELECT {'DISTINCT ' if kind < 0.55 else ''}{', '.join(targets)} {head}"

    def filtered(self, source: str, wanted: dict[str, str], depth: int) -> str:
        """The rows of a source with these columns that satisfy something, joined to something."""
        alias = self.alias()
        shown = [(f"{alias}.{c}", t) for c, t in wanted.items()]
        joined = ""
        if depth and self.chance(0.4):
            other, more = self.source(0)
            form = self.random.choice(("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"))
            condition = self.equation(shown, more) or "true"
            joined, shown = f" {form} {other} ON {condition}", shown + more
        columns = ", ".join(f"{alias}.{c}" for c in wanted)
        return f"SELECT {columns} FROM {source} {alias}{joined} WHERE {self.conjunction(shown, depth)}"

    def grouped(self, head: str, shown: Shown, wanted: dict[str, str]) -> str:
        names = list(wanted)
        calls = {"integer": ("count(*)::int", "sum({})::int", "max({})", "min({})"), "text": ("max({})", "min({})")}
        keys, targets = [], []
        for number, (name, kind) in enumerate(wanted.items()):
            column = self.column(shown, kind)
            if column is None:
                targets.append(f"{'count(*)::int' if kind == 'integer' else 'max(NULL::text)'} AS {name}")
            elif number == 0 and self.chance(0.8):
                keys.append(column)
                targets.append(f"{column} AS {name}")
            else:
                targets.append(f"{self.random.choice(calls[kind]).format(column)} AS {name}")
        group = f" GROUP BY {', '.join(keys)}" if keys else ""
        having = ""
        if keys and self.chance(0.6):
            having = f" HAVING {self.conjunction([(keys[0], wanted[names[0]])], 0, 1)}"
        if keys and self.chance(0.15):
            group = f" GROUP BY ROLLUP ({', '.join(keys)})"
        return f"SELECT {', '.join(targets)} {head}{group}{having}"

    def windowed(self, head: str, shown: Shown, wanted: dict[str, str]) -> str:
        columns = {name: self.expression(shown, kind, 0) for name, kind in wanted.items()}
        inner = ", ".join(f"{value} AS {name}" for name, value in columns.items())
        first = next(iter(columns.values()))
        alias = self.alias()
        over = f"count(*) OVER (PARTITION BY {first})"
        above = [(f"{alias}.{c}", t) for c, t in wanted.items()]
        if self.chance(0.3):
            over = f"{over} + count(*) OVER (PARTITION BY {list(columns.values())[-1]})"
        shows = ", ".join(f"{alias}.{c}" for c in wanted)
        if self.chance(0.5):
            shows = (
                shows.replace(f"{alias}.c1", f"({alias}.w + {alias}.c1)::int AS c1")
                if wanted["c1"] == "integer"
                else shows
            )
        where = self.conjunction(above, 0, 1)
        return f"SELECT {shows} FROM (SELECT {inner}, {over} AS w {head}) {alias} WHERE {where}"

    # FROM

    def source(self, depth: int) -> tuple[str, Shown]:
        """A FROM item and what it shows."""
        kind = self.random.random()
        if not depth or kind < 0.3:
            return self.relation()
        if kind < 0.42:
            alias = self.alias()
            wanted = {"c1": "integer", "c2": "text"}
            return f"({self.named(depth - 1, wanted)}) {alias}", [(f"{alias}.{c}", t) for c, t in wanted.items()]
        left, shown = self.source(depth - 1)
        if kind < 0.52:
            alias = self.alias()
            inner = self.named(depth - 1, {"c1": "integer", "c2": "text"}, shown)
            more = [(f"{alias}.c1", "integer"), (f"{alias}.c2", "text")]
            form = self.random.choice(("CROSS JOIN LATERAL {}", "LEFT JOIN LATERAL {} ON true"))
            return f"{left} {form.format(f'({inner}) {alias}')}", shown + more
        right, more = self.source(0 if self.chance(0.6) else depth - 1)
        if kind < 0.57 and not any(part.startswith("(") for part in (left, right)) and "JOIN" not in left + right:
            return self.using(left, right, shown, more)
        form = self.random.choice(("JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"))
        condition = self.equation(shown, more) or "true"
        if form != "FULL JOIN" and self.chance(0.4):
            condition += f" AND {self.conjunction(self.random.choice((shown, more, shown + more)), 0, 1)}"
        return f"({left} {form} {right} ON {condition})", shown + more

    def using(self, left: str, right: str, shown: Shown, more: Shown) -> tuple[str, Shown]:
        common = {c.split(".")[1] for c, _ in shown} & {c.split(".")[1] for c, _ in more}
        if not common:
            return left, shown
        name = self.random.choice(sorted(common))
        kind = next(t for c, t in shown if c.endswith(f".{name}"))
        form = self.random.choice(("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"))
        alias = self.alias()
        other, its = self.random.choice(shown + more)
        inner = f"SELECT {name} AS m, {other} AS o FROM {left} {form} {right} USING ({name})"
        return f"({inner}) {alias}", [(f"{alias}.m", kind), (f"{alias}.o", its)]

    def relation(self) -> tuple[str, Shown]:
        alias = self.alias()
        if self.views and self.chance(0.2):
            view = self.random.choice(self.views)
            return f"{view} {alias}", [(f"{alias}.c1", "integer"), (f"{alias}.c2", "text")]
        return f"{self.random.choice(TABLES)} {alias}", [(f"{alias}.{c}", t) for c, t in COLUMNS.items()]

    # expressions

    def column(self, shown: Shown, *kinds: str) -> str | None:
        fitting = [c for c, t in shown if t in kinds]
        return self.random.choice(fitting) if fitting else None

    def equation(self, left: Shown, right: Shown) -> str | None:
        """An equality between both."""
        kinds = _INTEGERS if self.chance(0.8) else ("text",)
        first, second = self.column(left, *kinds), self.column(right, *kinds)
        return f"{first} = {second}" if first and second else None

    def expression(self, shown: Shown, kind: str, depth: int) -> str:
        column = self.column(shown, kind)
        if depth and self.chance(0.1):
            inner, more = self.relation()
            link = self.equation(shown, more) or "true"
            call = "count(*)::int" if kind == "integer" else "max(NULL::text)"
            target = self.column(more, kind)
            call = f"max({target})" if target and self.chance(0.7) else call
            return f"(SELECT {call} FROM {inner} WHERE {link} AND {self.conjunction(more, 0, 1)})"
        if column is None:
            return f"NULL::{kind}"
        return f"coalesce({column}, {DOMAIN[kind][0]})" if self.chance(0.1) else column

    def conjunction(self, shown: Shown, depth: int, most: int = 3, outer: Shown | None = None) -> str:
        parts = [self.condition(shown, depth) for _ in range(self.random.randint(1, most))]
        if outer and (link := self.equation(shown, outer)):
            parts.append(link)
        return " AND ".join(parts)

    def condition(self, shown: Shown, depth: int) -> str:
        """One condition; equality with a parameter is the commonest."""
        kind = self.random.random()
        if kind < 0.35 and self.parameters:
            name = self.random.choice(self.parameters)
            column = self.column(shown, *(_INTEGERS if PARAMETERS[name] == "integer" else ("text",)))
            if column:
                return f"{column} = :{name}" if self.chance(0.9) else f":{name} = {column}"
        if kind < 0.43:
            return self.equation(shown, shown) or "true"
        if depth and kind < 0.58:
            return self.with_subquery(shown, depth)
        if kind < 0.68:
            first, second = self.simple(shown), self.simple(shown)
            return self.random.choice((f"({first} OR {second})", f"NOT ({first} AND {second})", f"({first}) IS TRUE"))
        return self.simple(shown)

    def simple(self, shown: Shown) -> str:
        column, kind = self.random.choice(shown)
        literal = self.random.choice(DOMAIN[kind])
        if kind == "boolean":
            return self.random.choice((column, f"NOT {column}", f"{column} IS NOT TRUE", f"{column} = true"))
        return self.random.choice((
            f"{column} = {literal}", f"{column} = {literal}", f"{column} <> {literal}", f"{column} IS NULL",
            f"{column} IS NOT NULL", f"{column} IN ({literal}, {DOMAIN[kind][1]})", f"{column} >= {literal}",
            f"{column} IS DISTINCT FROM {literal}", f"{column} IS NOT DISTINCT FROM {literal}",
            f"{column} NOT IN ({literal}, {DOMAIN[kind][2]})", f"coalesce({column}, {literal}) = {literal}",
        ))  # fmt: skip

    def with_subquery(self, shown: Shown, depth: int) -> str:
        negated = self.random.choice(("", "", "NOT "))
        if self.chance(0.5):
            inner, more = self.source(depth - 1)
            link = self.equation(shown, more) or "true"
            tail = f"AND {self.conjunction(more, depth - 1, 2)}"
            return f"{negated}EXISTS (SELECT 1 FROM {inner} WHERE {link} {tail})"
        column = self.column(shown, "integer")
        if column is None:
            return "true"
        inner = self.named(depth - 1, {"c1": "integer"}, shown if self.chance(0.3) else None)
        return f"{column} {negated}IN ({inner})"
