"""Random queries for the fuzz of the key prover.

A query is text.  The types that are tracked only keep most of the queries valid: one that the server refuses is
drawn again.  Chances are set so that what a prover gets wrong most easily is frequent: outer joins along partial
indexes, grouping sets, LATERAL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from keys_fuzz_schema import Schema, Table, Unique, View, literal

NUMBERS = ("integer", "bigint", "smallint", "numeric", "double precision")
TEXTS = ("text", "character varying", "character(3)")
TIMES = ("date", "timestamp", "timestamptz")
JOINS = ("JOIN", "LEFT JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN")
AGGREGATABLE = frozenset({*NUMBERS, *TEXTS, *TIMES, "interval", "mood"})
CASTS = {"integer": ("::float8", "::numeric", "::text"), "text": ("::text",), "date": ("::date", "::timestamp")}
"""Casts around a comparison; some lose what tells two values apart."""
_INTEGER = (
    ("({} + 1)", ""),
    ("({} % 2)", ""),
    ("(-{})", ""),
    ("nullif({}, 1)", ""),
    ("(CASE WHEN {} > 1 THEN 5 END)", "integer"),
    ("{}::text", "text"),
    ("{}::numeric", "numeric"),
    ("{}::float8", "double precision"),
)
_REAL = (
    ("{}::text", "text"),
    ("({} * 2)", ""),
    ("round({})", ""),
    ("{}::numeric", "numeric"),
    ("{}::float8", "double precision"),
)
_TEXT = (("lower({})", "text"), ("({} || 'x')", "text"), ("length({})", "integer"), ("({})::text", "text"))
_TIMESTAMP = (
    ("date_trunc('day', {})", ""),
    ("date_trunc('month', {})", ""),
    ("date_bin('1 hour', {}, '2024-01-01')", ""),
    ("{}::date", "date"),
    ("({} AT TIME ZONE 'UTC')::date", "date"),
    ("to_char({}, 'YYYY-MM')", "text"),
    ("extract(day FROM {})", "numeric"),
    ("{}::text", "text"),
)
FUNCTIONS: Mapping[str, tuple[tuple[str, str], ...]] = {
    **dict.fromkeys(("integer", "bigint", "smallint"), _INTEGER),
    **dict.fromkeys(("numeric", "double precision"), _REAL),
    **dict.fromkeys(TEXTS, _TEXT),
    **dict.fromkeys(("timestamp", "timestamptz"), _TIMESTAMP),
    "date": (
        ("{}::timestamp", "timestamp"),
        ("date_trunc('month', {}::timestamp)", "timestamp"),
        ("extract(month FROM {})", "numeric"),
        ("({} + 1)", ""),
    ),
    "boolean": (("(NOT {})", ""), ("(CASE WHEN {} THEN 1 ELSE 0 END)", "integer"), ("({} IS TRUE)", "")),
    "jsonb": (("({} ->> 'a')", "text"), ("{}::text", "text")),
    "int4range": (("lower({})", "integer"), ("upper({})", "integer"), ("isempty({})", "boolean")),
    "integer[]": (("{}::text", "text"), ("cardinality({})", "integer"), ("{}[1]", "integer")),
}
"""What may be made of an expression: a template, and the type of the result where it is another one."""


def family(kind: str) -> str:
    """Types of one family can be compared without a cast."""
    return next((group[0] for group in (NUMBERS, TEXTS, TIMES) if kind in group), kind)


@dataclass(frozen=True, slots=True)
class Item:
    """An expression, or an output column, and roughly its type."""

    sql: str
    type: str


@dataclass(frozen=True, slots=True)
class Query:
    sql: str
    columns: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """An entry of FROM: ``uniques`` are what the table behind it has."""

    sql: str
    items: tuple[Item, ...]
    alias: str
    uniques: tuple[Unique, ...] = ()

    def key_columns(self) -> list[list[Item]]:
        """The columns of each unique constraint or index, conditional or not."""
        plain = {item.sql.rpartition(".")[2]: item for item in self.items}
        return [
            [plain[column] for column in unique.columns]
            for unique in self.uniques
            if all(column in plain for column in unique.columns)
        ]


@dataclass(frozen=True, slots=True)
class Scope:
    """What the SELECT list may use, and column sets that look like keys."""

    items: list[Item]
    keys: list[list[Item]]


class QueryMaker:
    """Draws queries over a schema."""

    def __init__(self, random: Random, schema: Schema) -> None:
        self.random = random
        self.schema = schema
        self.common: list[tuple[str, Query]] = []
        self.names = 0

    def query(self, depth: int) -> Query:
        roll = self.random.random()
        if depth <= 0 or roll > 0.2:
            return self._select(depth)
        if roll < 0.13:
            return self._set_operation(depth)
        return self._with(depth)

    # Chance

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def _name(self, prefix: str = "x") -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    def _sample(self, items: Sequence[Item], most: int) -> list[Item]:
        distinct = list({item.sql: item for item in items}.values())
        return self.random.sample(distinct, min(len(distinct), self.random.randint(1, most)))

    # Whole queries

    def _with(self, depth: int) -> Query:
        name, inner = self._name("w"), self.query(depth - 1)
        self.common.append((name, inner))
        outer = self._select(depth - 1)
        self.common.pop()
        return Query(f"WITH {name} AS ({inner.sql}) {outer.sql}", outer.columns)

    def _set_operation(self, depth: int) -> Query:
        left = self.query(depth - 1)
        for _ in range(5):
            right = self.query(depth - 1)
            width = min(len(left.columns), len(right.columns))
            pairs = list(zip(left.columns, right.columns, strict=False))
            if all(family(a.type) == family(b.type) for a, b in pairs):
                break
        else:
            return left
        operator = self.random.choice(
            ("UNION", "UNION ALL", "UNION ALL", "UNION ALL", "INTERSECT", "EXCEPT", "INTERSECT ALL", "EXCEPT ALL")
        )
        tag = operator.startswith("UNION") and self._chance(0.6)
        tags = self.random.choice((("1", "2"), ("'a'", "'b'"), ("1", "1"), ("NULL", "'b'"))) if tag else ("", "")
        halves = []
        for half, constant in zip((left, right), tags, strict=True):
            alias = self._name()
            shown = [f"{alias}.{column.sql}" for column in half.columns[:width]]
            halves.append(f"SELECT {', '.join([f'{constant} AS tag'] * tag + shown)} FROM ({half.sql}) {alias}")
        columns = left.columns[:width]
        tagged = (Item("tag", "integer" if tags[0] == "1" else "text"), *columns) if tag else columns
        return Query(f"{halves[0]} {operator} {halves[1]}", tagged)

    def _select(self, depth: int) -> Query:
        text, sources = self._from(depth)
        items = [item for source in sources for item in source.items]
        scope = Scope(items, [key for source in sources for key in source.key_columns()])
        conditions = [self._predicate(items) for _ in range(self.random.choice((0, 0, 0, 1, 1, 2)))]
        if self._chance(0.25):
            conditions += self._index_predicates(self.random.choice(sources))
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        shape = self.random.choices(
            (self._plain, self._grouped, self._sets, self._distinct, self._distinct_on, self._numbered, self._few,
             self._totals),
            (34, 16, 14, 10, 8, 12, 4, 3),
        )[0]  # fmt: skip
        return shape(scope, f"FROM {text}{where}")

    # Shapes of SELECT

    def _outputs(self, scope: Scope, most: int = 4) -> list[tuple[Item, str]]:
        if scope.keys and self._chance(0.45):  # what could be a key, and at times too little of it
            keys = self.random.sample(scope.keys, min(len(scope.keys), self.random.choice((1, 1, 2))))
            drawn = [item for key in keys for item in key]
            drawn += [self._expression(scope.items) for _ in range(self.random.choice((0, 0, 1)))]
        else:
            drawn = [self._expression(scope.items) for _ in range(self.random.randint(1, most))]
        if self._chance(0.3):  # what is made of a column beside the column: does one fix the other?
            drawn[-1] = self._derived(drawn[0])
        chosen = {item.sql: item for item in drawn}
        return [(item, f"e{i}") for i, item in enumerate(chosen.values())]

    def _plain(self, scope: Scope, rest: str) -> Query:
        outputs = self._outputs(scope, 5)
        extras = [self._scalar_subquery(scope.items)] if self._chance(0.1) else []
        if self._chance(0.06):
            extras.append(Item(self.random.choice(("generate_series(1, 2)", "unnest(ARRAY[1, 2, 1])")), "integer"))
        if self._chance(0.08):
            extras.append(self.random.choice((Item("'k'", "text"), Item("7", "integer"), Item("NULL", "text"))))
        outputs += [(item, f"f{i}") for i, item in enumerate(extras)]
        return _query(outputs, rest)

    def _grouped(self, scope: Scope, rest: str) -> Query:
        groups = self._outputs(scope, 3)
        shown = [group for group in groups if self._chance(0.9)] or groups[:1]
        having = " HAVING count(*) > 1" if self._chance(0.12) else ""
        by = ", ".join(item.sql for item, _ in groups)
        return _query([*shown, *self._aggregates(scope.items)], f"{rest} GROUP BY {by}{having}")

    def _sets(self, scope: Scope, rest: str) -> Query:
        groups = self._outputs(scope, 3)
        names = [item.sql for item, _ in groups]
        first, last, every = names[0], names[-1], ", ".join(names)
        by = self.random.choice(
            (
                f"ROLLUP ({every})",
                f"CUBE ({every})",
                f"GROUPING SETS (({every}), ({first}))",
                f"GROUPING SETS (({first}), ({last}))",
                f"GROUPING SETS (({every}), ())",
                f"GROUPING SETS (({every}), ({every}))",
                f"{first}, ROLLUP ({last})",
                f"ROLLUP (({every}), {first})",
            )
        )
        shown = [group for group in groups if self._chance(0.9)] or groups[:1]
        if self._chance(0.25):  # an expression over a group column, where NULL may come from the set
            item = self.random.choice(groups)[0]
            shown.append((Item(f"coalesce({item.sql}, {literal(item.type, self.random)})", item.type), "c0"))
        if self._chance(0.5):
            shown.append((Item(f"grouping({every})", "integer"), "level"))
        return _query([*shown, *self._aggregates(scope.items)], f"{rest} GROUP BY {by}")

    def _aggregates(self, items: Sequence[Item]) -> list[tuple[Item, str]]:
        made = []
        for i in range(self.random.choice((0, 1, 1, 2))):
            item = self.random.choice(items)
            kind = self.random.choice(("count(*)", "count", "max", "min", "sum", "array"))
            if kind in ("max", "min") and item.type in AGGREGATABLE:
                narrowed = f" FILTER (WHERE {self._predicate(items, nested=False)})" if self._chance(0.2) else ""
                aggregate = Item(f"{kind}({item.sql}){narrowed}", item.type)
            elif kind == "sum" and item.type in NUMBERS:
                aggregate = Item(f"sum({item.sql}::numeric)", "numeric")
            elif (
                kind == "array" and item.type != "integer[]"
            ):  # arrays of arrays have another dimension, not an element
                aggregate = Item(f"(array_agg({item.sql} ORDER BY {item.sql}))[1]", item.type)
            else:
                aggregate = Item("count(*)" if kind == "count(*)" else f"count({item.sql})", "bigint")
            made.append((aggregate, f"a{i}"))
        return made

    def _distinct(self, scope: Scope, rest: str) -> Query:
        return _query(self._outputs(scope, 4), rest, "DISTINCT ")

    def _distinct_on(self, scope: Scope, rest: str) -> Query:
        outputs = self._outputs(scope, 4)
        on = ", ".join(item.sql for item, _ in outputs[: self.random.choice((1, 1, 2))])
        return _query(outputs, f"{rest} ORDER BY {on}", f"DISTINCT ON ({on}) ")

    def _numbered(self, scope: Scope, rest: str) -> Query:
        outputs = self._outputs(scope, 4)
        parts = [(item, f"p{i}") for i, item in enumerate(self._sample(scope.items, 2))] if self._chance(0.8) else []
        order = ", ".join(item.sql for item in self._sample(scope.items, 2))
        function = self.random.choice(("row_number", "row_number", "row_number", "rank", "dense_rank"))
        partition = "PARTITION BY " + ", ".join(item.sql for item, _ in parts) if parts else ""
        inner = _query(
            [*outputs, *parts, (Item(f"{function}() OVER ({partition} ORDER BY {order})", "bigint"), "rn")], rest
        )
        if self._chance(0.3):
            return inner
        alias = self._name()
        kept = inner.columns if self._chance(0.3) else inner.columns[:-1]
        limit = self.random.choice(("= 1", "= 1", "<= 1", "< 2", "= 2", "<= 2"))
        shown = [(Item(f"{alias}.{column.sql}", column.type), column.sql) for column in kept]
        return _query(shown, f"FROM ({inner.sql}) {alias} WHERE {alias}.rn {limit}")

    def _few(self, scope: Scope, rest: str) -> Query:
        return _query(self._outputs(scope), f"{rest} ORDER BY 1 LIMIT {self.random.choice((1, 1, 2))}")

    def _totals(self, scope: Scope, rest: str) -> Query:
        """Aggregates without GROUP BY: one row, also of an empty input."""
        item = self.random.choice(scope.items)
        outputs = [(Item("count(*)", "bigint"), "n"), (Item(f"count({item.sql})", "bigint"), "m")]
        if item.type in AGGREGATABLE:
            outputs.append((Item(f"max({item.sql})", item.type), "top"))
        return _query(outputs, rest)

    # FROM

    def _from(self, depth: int) -> tuple[str, list[Source]]:
        first = self._source(depth)
        text, sources = first.sql, [first]
        for _ in range(self.random.choice((0, 0, 1, 1, 1, 2, 3) if depth > 0 else (0, 0, 1))):
            lateral = self._chance(0.2)
            text = self._join_lateral(text, sources) if lateral else self._join(text, sources, depth)
        return text, sources

    def _join(self, text: str, sources: list[Source], depth: int) -> str:
        items = [item for source in sources for item in source.items]
        other = self._source(depth - 1)
        kind = self.random.choice(JOINS)
        conditions = [] if kind == "CROSS JOIN" else self._along_a_key(other, items)
        if kind == "CROSS JOIN" or not conditions:
            sources.append(other)
            return f"{text} CROSS JOIN {other.sql}"
        if kind != "FULL JOIN" and self._chance(0.3):
            conditions.append(self._predicate([*items, *other.items]))
        if kind != "FULL JOIN" and self._chance(0.35):  # the predicate of an index, on the side that is kept
            partial = [source for source in sources if any(unique.where for unique in source.uniques)]
            conditions += self._index_predicates(self.random.choice(partial or sources))
        sources.append(other)
        return f"{text} {kind} {other.sql} ON {' AND '.join(conditions)}"

    def _along_a_key(self, other: Source, items: Sequence[Item]) -> list[str]:
        """Equalities on a unique key of ``other``, or on any columns; a partial index with its predicate, mostly."""
        named = {item.sql.rpartition(".")[2]: item for item in other.items}
        usable = [unique for unique in other.uniques if named.keys() >= set(unique.columns)]
        partial = [unique for unique in usable if unique.where]
        unique = self.random.choice(partial if partial and self._chance(0.5) else usable) if usable else None
        if unique and self._chance(0.7):
            wanted = [named[column] for column in unique.columns]
        else:
            unique, wanted = None, self._sample(other.items, 2)
        conditions = []
        for item in wanted:
            partners = [partner for partner in items if family(partner.type) == family(item.type)]
            alike = [partner for partner in partners if partner.type == item.type]
            if partners and self._chance(0.93):
                partner = self.random.choice(alike if alike and self._chance(0.7) else partners)
                left, right = self.random.sample([item.sql, partner.sql], 2)
                cast = self.random.choice(CASTS.get(family(item.type), ("",))) if self._chance(0.25) else ""
                conditions.append(f"{left}{cast} = {right}{cast}")
            elif self._chance(0.5):
                conditions.append(f"{item.sql} = {literal(item.type, self.random)}")
        if unique and unique.where and self._chance(0.8):
            conditions.append(_qualified(unique.where, other))
        return conditions

    def _index_predicates(self, source: Source) -> list[str]:
        partial = [unique.where for unique in source.uniques if unique.where]
        return [_qualified(self.random.choice(partial), source)] if partial else []

    def _join_lateral(self, text: str, sources: list[Source]) -> str:
        items = [item for source in sources for item in source.items]
        alias, inner = self._name(), self._lateral(items)
        kind = self.random.choice(("CROSS JOIN LATERAL", "LEFT JOIN LATERAL", "JOIN LATERAL"))
        added = tuple(Item(f"{alias}.{column.sql}", column.type) for column in inner.columns)
        sources.append(Source("", added, alias))
        on = (
            ""
            if kind.startswith("CROSS")
            else " ON " + ("true" if self._chance(0.7) else self._predicate([*items, *added]))
        )
        return f"{text} {kind} ({inner.sql}) {alias}{on}"

    def _lateral(self, outer: Sequence[Item]) -> Query:
        """A subquery that refers to what stands before it."""
        source = self._table(self.random.choice(self.schema.tables))
        conditions = self._along_a_key(source, outer) or ["true"]
        if self._chance(0.3):
            conditions.append(self._predicate(source.items))
        shown = [(item, f"l{i}") for i, item in enumerate(self._sample(source.items, 2))]
        if self._chance(0.3):
            shown.append((self.random.choice(outer), "outside"))
        rest = f"FROM {source.sql} WHERE {' AND '.join(conditions)}"
        item = shown[0][0]
        counted = (Item("count(*)", "bigint"), "n")
        match self.random.choice(("limit", "limit", "count", "group", "distinct", "rows", "rows")):
            case "limit":
                return _query(shown, f"{rest} ORDER BY 1 LIMIT 1")
            case "count":
                top = [(Item(f"max({item.sql})", item.type), "top")] if item.type in AGGREGATABLE else []
                return _query([counted, *top], rest)
            case "group":
                return _query([shown[0], counted], f"{rest} GROUP BY {item.sql}")
            case "distinct":
                return _query(shown, rest, "DISTINCT ")
        return _query(shown, rest)

    def _source(self, depth: int) -> Source:
        if self.common and self._chance(0.5):
            name, query = self.random.choice(self.common)
            return self._aliased(name, query.columns)
        makers = (self._relation, self._subquery, self._series, self._unnested, self._values, self._using, self._tree)
        maker = self.random.choices(makers, (60, 24 if depth > 0 else 0, 4, 3, 3, 5, 3))[0]
        return maker(depth) if maker == self._subquery else maker()

    def _aliased(self, sql: str, columns: Sequence[Item], uniques: tuple[Unique, ...] = ()) -> Source:
        alias = self._name()
        return Source(f"{sql} {alias}", tuple(Item(f"{alias}.{c.sql}", c.type) for c in columns), alias, uniques)

    def _relation(self) -> Source:
        relation = self.random.choice([*self.schema.tables, *self.schema.views])
        if isinstance(relation, View):
            return self._aliased(relation.name, [Item(name, kind) for name, kind in relation.columns])
        return self._table(relation)

    def _table(self, table: Table) -> Source:
        only = "ONLY " if self._chance(0.05) else ""
        columns = [Item(column.name, column.type) for column in table.columns]
        return self._aliased(f"{only}{table.name}", columns, table.uniques)

    def _subquery(self, depth: int) -> Source:
        query = self.query(depth - 1)
        return self._aliased(f"({query.sql})", query.columns)

    def _series(self) -> Source:
        alias = self._name()
        if self._chance(0.6):
            call = f"generate_series({self.random.randint(0, 2)}, {self.random.randint(1, 4)})"
            return Source(f"{call} AS {alias} (g)", (Item(f"{alias}.g", "integer"),), alias)
        step = self.random.choice(("1 day", "12 hours", "2 days"))
        days = f"generate_series(timestamp '2024-01-01', timestamp '2024-01-04', interval '{step}') AS s (at)"
        return self._aliased(f"(SELECT s.at::date AS day FROM {days})", [Item("day", "date")])

    def _unnested(self) -> Source:
        alias = self._name()
        if self._chance(0.5):
            columns = (Item(f"{alias}.u", "text"), Item(f"{alias}.o", "bigint"))
            return Source(f"unnest(ARRAY['a', 'b', 'a']) WITH ORDINALITY AS {alias} (u, o)", columns, alias)
        columns = (Item(f"{alias}.u", "text"), Item(f"{alias}.g", "integer"))
        return Source(f"ROWS FROM (unnest(ARRAY['a', 'b']), generate_series(1, 3)) AS {alias} (u, g)", columns, alias)

    def _values(self) -> Source:
        alias, number = self._name(), self.random.choice((1, 3))
        columns = (Item(f"{alias}.k", "integer"), Item(f"{alias}.v", "text"))
        return Source(f"(VALUES (1, 'a'), (2, 'b'), ({number}, 'c')) AS {alias} (k, v)", columns, alias)

    def _using(self) -> Source:
        """A join whose merged column is shown, and coalesced by hand."""
        left, right = (self.random.choice(self.schema.tables) for _ in range(2))
        kinds = {column.name: column.type for column in right.columns}
        shared = [c for c in left.columns if c.name in kinds and family(c.type) == family(kinds[c.name])]
        if not shared:
            return self._relation()
        key = self.random.choice(shared)
        shown = [Item("k", key.type), Item("k2", key.type)]
        text = f"{key.name} AS k, coalesce(l.{key.name}, r.{key.name}) AS k2"
        for side, table in (("l", left), ("r", right)):
            if others := [column for column in table.columns if column.name != key.name]:
                column = self.random.choice(others)
                text += f", {side}.{column.name} AS {side}1"
                shown.append(Item(f"{side}1", column.type))
        kind = self.random.choice(("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "FULL JOIN", "FULL JOIN"))
        query = f"SELECT {text} FROM {left.name} l {kind} {right.name} r USING ({key.name})"
        return self._aliased(f"({query})", shown)

    def _tree(self) -> Source:
        """A descent along a self reference; some of the variants visit a row more than once."""
        trees = [table for table in self.schema.tables if any(c.name == "parent" for c in table.columns)]
        if not trees:
            return self._relation()
        table = self.random.choice(trees)
        kind = table.column("parent").type
        roots = self.random.choice(("t.parent IS NULL", "t.parent IS NULL", "t.c0 IS NOT NULL"))
        step = self.random.choice(("c.parent = z.id", "z.id = c.parent", "c.parent = z.parent", "c.parent <> z.id"))
        union = self.random.choice(("UNION ALL", "UNION ALL", "UNION"))
        depth = self.random.choice((", 0 AS depth", ", 0 AS depth", ""))
        deeper = ", z.depth + 1" if depth else ""
        limit = " WHERE z.depth < 4" if depth else ""
        if not depth and (union == "UNION ALL" or "<>" in step):  # would not end where rows refer to each other
            union, step = "UNION", "c.parent = z.id"
        query = (
            f"WITH RECURSIVE z AS (SELECT t.c0 AS id, t.parent{depth} FROM {table.name} t WHERE {roots} {union} "
            f"SELECT c.c0, c.parent{deeper} FROM {table.name} c JOIN z ON {step}{limit}) SELECT * FROM z"
        )
        columns = [Item("id", kind), Item("parent", kind), *([Item("depth", "integer")] if depth else [])]
        return self._aliased(f"({query})", columns)

    # Expressions and predicates

    def _expression(self, items: Sequence[Item]) -> Item:
        item = self.random.choice(items)
        sql, kind = item.sql, item.type
        if self._chance(0.6):
            return item
        if self._chance(0.2):
            return Item(f"coalesce({sql}, {literal(kind, self.random)})", kind)
        if self._chance(0.08):
            return self._scalar_subquery(items)
        return self._derived(item)

    def _derived(self, item: Item) -> Item:
        """A function of one expression."""
        template, kind = self.random.choice(FUNCTIONS.get(item.type, (("{}::text", "text"),)))
        return Item(template.format(item.sql), kind or item.type)

    def _scalar_subquery(self, items: Sequence[Item]) -> Item:
        source = self._table(self.random.choice(self.schema.tables))
        conditions = self._along_a_key(source, items) or ["true"]
        item = self.random.choice(source.items)
        if self._chance(0.3):
            return Item(f"(SELECT {item.sql} FROM {source.sql} WHERE {' AND '.join(conditions)} LIMIT 1)", item.type)
        if item.type in AGGREGATABLE and self._chance(0.5):
            return Item(f"(SELECT max({item.sql}) FROM {source.sql} WHERE {' AND '.join(conditions)})", item.type)
        return Item(f"(SELECT count(*) FROM {source.sql} WHERE {' AND '.join(conditions)})", "bigint")

    def _predicate(self, items: Sequence[Item], nested: bool = True) -> str:
        item = self.random.choice(items)
        partners = [other for other in items if family(other.type) == family(item.type) and other != item]
        value = literal(item.type, self.random)
        choices = [
            (24, f"{item.sql} = {value}"),
            (10, f"{item.sql} IS NOT NULL"),
            (8, f"{item.sql} IS NULL"),
            (8, f"{item.sql} {self.random.choice(('>', '<=', '<>'))} {value}"),
            (6, f"{item.sql} IN ({value}, {literal(item.type, self.random)})"),
            (3, f"{item.sql} IN ({value})"),
            (3, f"{item.sql} IS NOT DISTINCT FROM {value}"),
        ]
        if item.type == "boolean":
            choices += [(12, item.sql), (8, f"NOT {item.sql}"), (4, f"{item.sql} IS NOT TRUE")]
        if partners:
            partner = self.random.choice(partners)
            choices += [(14, f"{item.sql} = {partner.sql}"), (2, f"{item.sql} IS NOT DISTINCT FROM {partner.sql}")]
        if nested:
            either = f"({self._predicate(items, nested=False)} OR {self._predicate(items, nested=False)})"
            changed = self._expression(items)
            choices += [(6, either), (5, f"{changed.sql} = {literal(changed.type, self.random)}"),
                        (8, self._semijoin(item))]  # fmt: skip
        weights, texts = zip(*choices, strict=True)
        return self.random.choices(texts, weights)[0]

    def _semijoin(self, item: Item) -> str:
        source = self._table(self.random.choice(self.schema.tables))
        partners = [other for other in source.items if family(other.type) == family(item.type)]
        if not partners:
            return "true"
        partner = self.random.choice(partners).sql
        negated = "NOT " if self._chance(0.4) else ""
        if self._chance(0.5):
            return f"{item.sql} {negated}IN (SELECT {partner} FROM {source.sql})"
        return f"{negated}EXISTS (SELECT FROM {source.sql} WHERE {partner} = {item.sql})"


def _query(outputs: Sequence[tuple[Item, str]], rest: str, distinct: str = "") -> Query:
    shown = ", ".join(f"{item.sql} AS {name}" for item, name in outputs)
    return Query(f"SELECT {distinct}{shown} {rest}", tuple(Item(name, item.type) for item, name in outputs))


def _qualified(predicate: str, source: Source) -> str:
    """The predicate of an index, over the columns of ``source``."""
    column = next(word for word in predicate.split() if word != "NOT")
    return predicate.replace(column, f"{source.alias}.{column}", 1)
