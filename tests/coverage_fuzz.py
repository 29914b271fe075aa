"""Differential test of `pgspec.coverage`: where the proof says that mappings cover a query, no write that a server
makes changes the query's result without a tag.

For each random query, sets of mappings are made as weak as the proof lets them be.  What mappings emit is computed
here, from the rows before and after a write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from random import Random
from typing import Any

import psycopg

from coverage_queries import COLUMNS, DOMAIN, PARAMETERS, TABLES, QueryMaker, ddl, insert, write
from pgspec.catalog.reader import read_schema
from pgspec.coverage import Emission, gaps
from pgspec.keys.conditions import Param
from pgspec.keys.parameters import substitute
from pgspec.keys.uses import RowFilter, Use, bind_filter, query_uses
from pgspec.pgsql import ParseFailure
from pgspec.sql import QName
from pgspec.tags import Placeholder, Template, parse_tag

FILTERS = (
    "a = 1", "n = 2", "b = 'x'", "id = 1", "r = 1", "f", "NOT f", "a IS NOT NULL", "b IS NOT NULL", "r IS NOT NULL",
    "n IS NOT NULL", "a IS NULL", "b IS NULL", "r IS NULL", "a IN (1, 2)", "b IN ('x', 'y')", "id <> 2", "a >= 2",
    "b <> 'y'", "coalesce(a, 1) = 1", "f IS NOT TRUE", "n IN (1, 2, 3)", "r IN (3, 2)", "b IS DISTINCT FROM 'x'",
)  # fmt: skip
QUERIES, DATA_SETS, WRITES, SETS = 14, 2, 24, 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A query with its tags and mappings that, the proof says, cover it; the filters' texts by mapping."""

    query: str
    tags: tuple[Template, ...]
    emissions: tuple[Emission, ...]
    filters: Mapping[str, tuple[str, ...]]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row as text, and which of `FILTERS` it satisfies."""

    values: dict[str, str | None]
    matches: frozenset[str]


Rows = dict[str, dict[int, Row]]


@dataclass(slots=True)
class Report:
    """What a run did: counts, and the first write that the proof missed."""

    counts: Counter[str] = field(default_factory=Counter)
    failure: str = ""


# what mappings do at run time


def emitted(emission: Emission, filters: Sequence[str], before: Rows, after: Rows, truncated: set[str]) -> set[str]:
    """The tags that a mapping emits for a write, by its definition."""
    table = emission.table.name
    old, new = before[table], after[table]
    if table in truncated:
        return {t.literal if t.is_static else t.wildcard for t in emission.tags} if emission.truncate else set()
    images: list[Row] = []
    for k in old.keys() | new.keys():
        pair = [row for row in (old.get(k), new.get(k)) if row is not None]
        matching = [row for row in pair if row.matches.issuperset(filters)]
        if k not in old:
            fires = emission.insert
        elif k not in new:
            fires = emission.delete
        else:
            watched = COLUMNS if emission.update is None else emission.update
            changed = any(old[k].values[c] != new[k].values[c] for c in watched)
            fires = bool(watched) and (changed or len(matching) == 1)
        images += matching if fires else []
    return {tag for row in images for t in emission.tags if (tag := fill(t, row.values)) is not None}


def fill(template: Template, values: Mapping[str, str | None]) -> str | None:
    parts = [values[p.name] if isinstance(p, Placeholder) else p for p in template.parts]
    return None if None in parts else "".join(str(part) for part in parts)


def reaches(tags: set[str], wanted: set[str]) -> bool:
    """Whether an entry with the tags ``wanted`` becomes stale."""
    heads = [tag[:-1] for tag in tags if tag.endswith("*")]
    return bool(tags & wanted) or any(tag.startswith(head) for tag in wanted for head in heads)


# mappings


def template(text: str) -> Template:
    made = parse_tag(text)
    assert isinstance(made, Template)
    return made


def bound_filters(catalog: Any) -> dict[tuple[str, str], RowFilter]:
    made = {}
    for table, text in product(TABLES, FILTERS):
        bound = bind_filter(text, QName("public", table), catalog)
        assert isinstance(bound, RowFilter) and not bound.findings
        made[table, text] = bound
    return made


def strongest(uses: Sequence[Use], tags: Sequence[Template], copies: int) -> list[Emission]:
    """Mappings that emit all that could be one of the tags: by the columns that equal a parameter in some scan."""
    made = []
    for table in sorted({use.relation for use in uses}):
        texts = {t.text for t in tags if t.is_static}
        for tag in tags:
            for columns in product(*(equals(uses, table, p.name) for p in tag.placeholders)):
                text = tag.text
                for placeholder, column in zip(tag.placeholders, columns, strict=True):
                    text = text.replace(f"{{{placeholder.name}}}", f"{{@{column}}}", 1)
                texts.add(text.replace("@", ""))
        for copy in range(copies):
            chosen = tuple(template(text) for text in sorted(texts))
            name = f"{table.name}_{copy}"
            made.append(Emission(name, table, True, frozenset(COLUMNS), True, True, (), frozenset(), chosen))
    return made


def equals(uses: Sequence[Use], table: QName, parameter: str) -> list[str]:
    mine = [use.equal for use in uses if use.relation == table]
    return sorted({c for equal in mine for c, values in equal.items() if Param(parameter) in values})


Step = tuple[str, str]
"""What to leave out of a mapping: a tag, a watched column, an event, or the rows that a filter hides."""


def weaker(emission: Emission, step: Step, bound: Mapping[tuple[str, str], RowFilter]) -> Emission:
    what, name = step
    if what == "tag":
        return replace(emission, tags=tuple(t for t in emission.tags if t.text != name))
    if what == "column":
        return replace(emission, update=(emission.update or frozenset()) - {name})
    if what == "filter":
        return replace(emission, where=(*emission.where, *bound[emission.table.name, name].conditions))
    return replace(
        emission,
        insert=emission.insert and name != "insert",
        delete=emission.delete and name != "delete",
        truncate=emission.truncate and name != "truncate",
    )


def weakest(
    random: Random, uses: Sequence[Use], tags: tuple[Template, ...], bound: Mapping[tuple[str, str], RowFilter]
) -> tuple[tuple[Emission, ...], dict[str, tuple[str, ...]]] | None:
    """Mappings that the proof accepts, of which nothing more can be left out in the order tried."""
    emissions = {e.name: e for e in strongest(uses, tags, random.choice((1, 1, 2)))}
    filters: dict[str, tuple[str, ...]] = dict.fromkeys(emissions, ())
    if gaps(uses, tags, list(emissions.values())):
        return None
    steps = [(name, ("tag", t.text)) for name, e in emissions.items() for t in e.tags]
    for name in emissions:
        steps += [(name, ("column", c)) for c in COLUMNS]
        steps += [(name, ("event", event)) for event in ("insert", "delete", "truncate")]
        steps += [(name, ("filter", text)) for text in FILTERS if random.random() < 0.6]
    random.shuffle(steps)
    for name, step in steps:
        trial = {**emissions, name: weaker(emissions[name], step, bound)}
        if not gaps(uses, tags, list(trial.values())):
            emissions = trial
            filters[name] += (step[1],) if step[0] == "filter" else ()
    return tuple(emissions.values()), filters


def entries(random: Random, catalog: Any, counts: Counter[str], patterns: float) -> Iterator[Entry]:
    """Random queries with mappings that cover them."""
    bound = bound_filters(catalog)
    for _ in range(QUERIES):
        parameters = random.choice(((), ("i",), ("i",), ("s",), ("i", "s"), ("i", "j")))
        maker = QueryMaker(random, parameters)
        query = maker.pattern() if random.random() < patterns else maker.query()
        found = query_uses(query, catalog)
        assert not isinstance(found, ParseFailure), (query, found)
        counts["queries"] += 1
        if found.findings or found.unsupported:
            counts["not understood"] += 1
            continue
        names = tuple(dict.fromkeys(place.name for place in found.parameters))
        every = template(":".join(["q", *(f"{{{n}}}" for n in names)]))
        choices = {(every,), (template("q"),), *((template(f"q:{{{n}}}"),) for n in names)}
        if names:
            choices.add((every, template("q")))
        for tags in sorted(choices, key=repr):
            for _ in range(SETS):
                made = weakest(random, found.uses, tags, bound)
                if made is None:
                    counts["not covered"] += 1
                    break
                counts["covered"] += 1
                counts["covered by a template"] += any(not t.is_static for t in tags)
                yield Entry(query, tags, *made, names)


# the server


@dataclass(frozen=True, slots=True)
class Asked:
    """A query with values for its parameters."""

    query: str
    values: tuple[tuple[str, str], ...]

    @property
    def sql(self) -> str:
        made = substitute(self.query)
        assert not isinstance(made, ParseFailure)
        known, pieces, position = dict(self.values), [], 0
        for place in made.places:
            pieces += [self.query[position : place.start], f"'{known[place.name]}'"]
            position = place.end
        return "".join(pieces) + self.query[position:]


def asked(entry: Entry) -> Iterator[Asked]:
    domains = [[v.strip("'") for v in DOMAIN[PARAMETERS[name]]] for name in entry.names]
    for values in product(*domains):
        yield Asked(entry.query, tuple(zip(entry.names, values, strict=True)))


def results(connection: psycopg.Connection, questions: Sequence[Asked]) -> list[str]:
    """The sorted rows of each, as text."""
    texts = [
        f"(SELECT coalesce(string_agg(x::text, ' ' ORDER BY x::text), '') FROM ({question.sql}) x)"
        for question in questions
    ]
    row = connection.execute(f"SELECT ARRAY[{', '.join(texts)}]".encode()).fetchone()
    assert row is not None
    return list(row[0])


def stored(connection: psycopg.Connection) -> Rows:
    """The rows of every table, by ``k``."""
    rows: Rows = {}
    columns = ", ".join(f"{c}::text" for c in COLUMNS)
    tests = ", ".join(f"({text}) IS TRUE" for text in FILTERS)
    for table in TABLES:
        rows[table] = {}
        for k, *found in connection.execute(f"SELECT k, {columns}, {tests} FROM {table}".encode()):
            values = dict(zip(COLUMNS, found, strict=False))
            matches = frozenset(t for t, true in zip(FILTERS, found[len(COLUMNS) :], strict=True) if true)
            rows[table][k] = Row(values, matches)
    return rows


def fill_tables(connection: psycopg.Connection, random: Random) -> None:
    connection.execute(f"TRUNCATE {', '.join(TABLES)}".encode())
    for table in TABLES:
        for number in range(1, 6):
            for _ in range(4):
                try:
                    connection.execute(insert(random, table, [str(number)]).encode())
                except psycopg.errors.IntegrityError:
                    continue
                break


def truncated_by(statement: str, script: str) -> set[str]:
    """The tables that TRUNCATE ... CASCADE empties."""
    if not statement.startswith("TRUNCATE"):
        return set()
    parents = {
        line.split()[2]: line.split("REFERENCES ")[1].split()[0] for line in script.split("\n") if "TABLE" in line
    }
    found = {statement.split()[1]}
    for table in TABLES:  # parents come before children
        found |= {table} if parents[table] in found else set()
    return found


def fuzz(connection: psycopg.Connection, seed: str, scenarios: int, patterns: float = 0.5) -> Report:
    """Run; it ends at the first failure.  ``patterns``: how many of the queries follow `coverage_queries.PATTERNS`."""
    report = Report()
    for number in range(scenarios):
        scenario(connection, f"{seed}:{number}", report, patterns)
        if report.failure:
            break
    return report


def scenario(connection: psycopg.Connection, seed: str, report: Report, patterns: float) -> None:
    """One schema with its queries, data and writes."""
    random = Random(seed)
    script = ddl(random)
    connection.execute(b"DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public")
    connection.execute(script.encode())
    catalog, findings = read_schema([("schema.sql", script)])
    assert not findings
    known = list(entries(random, catalog, report.counts, patterns))
    questions = list(dict.fromkeys(question for entry in known for question in asked(entry)))
    for _ in range(DATA_SETS):
        if not questions:
            break
        fill_tables(connection, random)
        before, old = stored(connection), results(connection, questions)
        for _ in range(WRITES):
            statement = write(random)
            try:
                with connection.transaction(force_rollback=True):
                    connection.execute(statement.encode())
                    after, new = stored(connection), results(connection, questions)
            except psycopg.errors.IntegrityError:
                report.counts["refused writes"] += 1
                continue
            report.counts["writes"] += 1
            changed = {q for q, was, now in zip(questions, old, new, strict=True) if was != now}
            report.failure = missed(known, changed, before, after, truncated_by(statement, script), report.counts)
            if report.failure:
                report.failure = f"seed {seed}\n{script}\n{report.failure}\nwrite: {statement}\nrows: {shown(before)}"
                return


def missed(
    known: Sequence[Entry], changed: set[Asked], before: Rows, after: Rows, truncated: set[str], counts: Counter[str]
) -> str:
    """The first entry whose result changed without one of its tags, if there is one."""
    queries = {q.query for q in changed}

    @cache
    def made(entry: int) -> set[str]:
        chosen = known[entry]
        return {
            tag
            for e in chosen.emissions
            for tag in emitted(e, chosen.filters[e.name], before, after, truncated)
        }  # fmt: skip

    for number, entry in enumerate(known):
        for question in asked(entry) if entry.query in queries else ():
            if question not in changed:
                continue
            counts["changed"] += 1
            counts["changed, by a template"] += any(not t.is_static for t in entry.tags)
            wanted = {tag for t in entry.tags if (tag := fill(t, dict(question.values))) is not None}
            if not reaches(made(number), wanted):
                mappings = "\n".join(f"  {e} {entry.filters[e.name]}" for e in entry.emissions)
                tags = f"wanted {wanted}, made {made(number)}"
                return f"query: {question.sql}\n  of: {entry.query}\nmappings:\n{mappings}\n{tags}"
    return ""


def shown(rows: Rows) -> str:
    return "\n".join(f"{table}: {[tuple(r.values.values()) for r in found.values()]}" for table, found in rows.items())
