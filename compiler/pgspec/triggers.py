"""Mappings -> the functions and triggers that put tags in the queue: per table and event one of each."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pgspec import render
from pgspec.catalog import Catalog, Column
from pgspec.mappings import Mapping, Tag, base_type
from pgspec.objects import Key, SqlObject
from pgspec.runtime.cache import INDEX_ONLY, enqueue_name
from pgspec.sql import QName, Sql, commas, derived_name, dollar, ident, literal, qname, remark
from pgspec.tags import Placeholder, Template

EVENTS = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")

# Types whose equal values look the same.  Of others (numeric without a scale, jsonb, geometry, citext ...) the stored
# bytes are compared: their `=` may be missing, or call values equal that people tell apart.
_EQUAL_IS_SAME = frozenset({
    "smallint", "integer", "bigint", "boolean", "uuid", "date", "bytea", "oid", "name", '"char"', "text",
    "character varying", "timestamp without time zone", "timestamp with time zone", "time without time zone",
})  # fmt: skip


def trigger_name(event: str) -> str:
    """The name of our trigger for an event, the same on every table."""
    return f"pgspec_cache_{event.lower()}"


def differs(column: Column, name: Sql, catalog: Catalog) -> Sql:
    """Whether a column, called ``name`` in both, differs between the rows ``o`` and ``n``, as people would say it."""
    if equal_is_same(column, catalog):
        return Sql(f"o.{name} IS DISTINCT FROM n.{name}")
    return Sql(f"record_image_ne(ROW(o.{name}), ROW(n.{name}))")


def equal_is_same(column: Column, catalog: Catalog) -> bool:
    """Whether values that are equal for PostgreSQL look the same."""
    base = base_type(column.type, catalog)
    scaled = base == "numeric" and column.has_modifier  # 1.0 and 1.00 cannot both be stored
    same = base in _EQUAL_IS_SAME or base in {str(name) for name in catalog.enums} or scaled
    return same and column.collation not in catalog.nondeterministic_collations


def cache_triggers(
    mappings: Sequence[Mapping], catalog: Catalog, internal: str, roles: Sequence[str]
) -> list[SqlObject]:
    """The functions and triggers of all tables.  The mappings have no errors."""
    tables = _by_table(mappings)
    names = _function_names(tables)
    above: dict[QName, set[QName]] = defaultdict(set)
    for mapping in mappings:
        for follower in mapping.followers:
            above[follower].add(mapping.table.name if mapping.table else follower)
    shared = frozenset(follower for follower, parents in above.items() if len(parents) > 1)
    out: list[SqlObject] = []
    for table, group in sorted(tables.items()):
        for event in EVENTS:
            watching = [mapping for mapping in group if event in mapping.events]
            if watching:
                made = _Event(
                    event, table, tuple(watching), catalog, internal, tuple(sorted(roles)), names[table], shared
                )
                out += made.objects()
    return out


def reading_functions(mappings: Sequence[Mapping], internal: str) -> Iterator[tuple[QName, frozenset[QName]]]:
    """The trigger functions that read tables, and what they read."""
    tables = _by_table(mappings)
    names = _function_names(tables)
    for table, group in sorted(tables.items()):
        for event in EVENTS:
            queries = [tag for m in group if event in m.events for tag in m.tags if tag.template is None]
            if queries:
                # TRUNCATE shows no rows to a trigger, which reads the table instead
                rows = {table} if event == "TRUNCATE" else set[QName]()
                yield _function(internal, event, names[table]), frozenset(rows.union(*(q.reads for q in queries)))


def _by_table(mappings: Sequence[Mapping]) -> dict[QName, list[Mapping]]:
    tables: dict[QName, list[Mapping]] = defaultdict(list)
    for mapping in mappings:
        assert mapping.table is not None
        tables[mapping.table.name].append(mapping)
    return tables


def _function(internal: str, event: str, table: str) -> QName:
    return QName(internal, derived_name("cache", event.lower(), table))


def _function_names(tables: Iterable[QName]) -> dict[QName, str]:
    """A name for each table that no other table has: ``a_b.c`` and ``a.b_c`` are told apart by a hash."""
    plain: dict[str, list[QName]] = defaultdict(list)
    for table in tables:
        plain["_".join(table)].append(table)
    out = {}
    for name, sharing in plain.items():
        for table in sharing:
            out[table] = name if len(sharing) == 1 else f"{name}_{hashlib.sha256(str(table).encode()).hexdigest()[:8]}"
    return out


@dataclass(frozen=True, slots=True)
class _Event:
    """One event of one table, with the mappings that watch it.  ``shared``: the children of several mapped tables."""

    event: str
    table: QName
    mappings: tuple[Mapping, ...]
    catalog: Catalog
    internal: str
    roles: tuple[str, ...]
    name: str
    shared: frozenset[QName]

    def objects(self) -> Iterable[SqlObject]:
        function = _function(self.internal, self.event, self.name)
        function_key = Key("function", f"{qname(function)}()")
        origin = self.mappings[0].document.at("name")
        body = str(self.body())
        # PL/pgSQL reads the body when a session first runs it; a backslash must then mean what it meant here.
        settings = [*INDEX_ONLY, *([("standard_conforming_strings", "on")] if "\\" in body else [])]
        definition = {
            "name": list(function),
            "arguments": [],
            "returns": "trigger",
            "language": "plpgsql",
            "volatility": "volatile",
            "settings": [list(setting) for setting in settings],
            "body": body,
            "revoke": list(self.roles),
            "security": "definer",
            "execute": [],
        }
        needs = (Key("schema", self.internal), Key("function", f"{enqueue_name(self.internal)}(text[], interval)"))
        yield SqlObject(function_key, definition, depends_on=tuple(sorted(needs)), origin=origin)
        followers = sorted({name for mapping in self.mappings for name in mapping.followers})
        for table in (self.table, *followers):
            name = trigger_name(self.event)
            if table in self.shared:  # each of its parents has a trigger on it
                name = derived_name(name, self.name)
            yield SqlObject(
                Key("trigger", f"{ident(name)} ON {qname(table)}"),
                {
                    "name": name,
                    "table": list(table),
                    "timing": "BEFORE" if self.event == "TRUNCATE" else "AFTER",
                    "event": self.event,
                    "old": "old_rows" if self.event in ("UPDATE", "DELETE") else None,
                    "new": "new_rows" if self.event in ("UPDATE", "INSERT") else None,
                    "function": list(function),
                },
                depends_on=(function_key,),
                origin=origin,
            )

    def body(self) -> Sql:
        """The body of the function."""
        template = {"UPDATE": "update", "TRUNCATE": "truncate"}.get(self.event, "rows")
        printed = [self._mapping(mapping) for mapping in self.mappings]
        most = max((len(entry["made"]) for entry in printed), default=0)
        values = {
            **self._shared(),
            "mappings": printed,
            "numbers": [literal(number + 1) for number in range(most)],
            "enqueue": enqueue_name(self.internal),
            "update": self.event == "UPDATE",
            # Whether there is more than one row decides how an UPDATE is read, and how a query is planned.
            "counts": self.event == "UPDATE" or (self.event != "TRUNCATE" and any(m["queries"] for m in printed)),
        }
        return render.whole(f"cache_trigger/{template}.sql.j2", values)

    def _shared(self) -> dict[str, Any]:
        many = Sql("EXISTS (SELECT FROM new_rows OFFSET 1)")
        if self._can_move():
            # A row that moves is deleted in one partition and inserted in another, where a trigger may swallow it;
            # nobody knows then which rows belong together, and all of them count.
            many = Sql(f"EXISTS (SELECT FROM old_rows OFFSET 1) OR {many}")
        return {
            "alias": ident(self.table.name),
            "position": self._own("row"),
            "transition": Sql("old_rows" if self.event == "DELETE" else "new_rows"),
            "many_rows": many,
            "all_columns": wrapped((f"r.{ident(name)}" for name in self._columns()), ", ", 4),
        }

    def _columns(self) -> list[str]:
        """The columns that transition tables have; virtual ones are made of the others."""
        return [column.name for column in self.catalog.relations[self.table].columns.values() if not column.virtual]

    def _own(self, word: str) -> Sql:
        """A name of ours beside the columns of the table: none of them has it."""
        name = f"pgspec_{word}"
        while name in self.catalog.relations[self.table].columns:
            name += "_"
        return ident(name)

    def _can_move(self) -> bool:
        return self.catalog.relations[self.table].kind == "partitioned_table"

    def _mapping(self, mapping: Mapping) -> dict[str, Any]:
        """What the templates print of a mapping."""
        templates = [tag for tag in mapping.tags if tag.template is not None and not tag.template.is_static]
        queries = [tag for tag in mapping.tags if tag.template is None]
        fixed = [literal(tag.template.literal) for tag in mapping.tags if tag.template and tag.template.is_static]
        numbered = [(literal(number + 1), tag) for number, tag in enumerate([*templates, *queries])]
        made = [{"number": number, "wildcard": literal(tag.wildcard)} for number, tag in numbered]
        parts = [Sql(f"ARRAY[{commas(fixed)}]")] if fixed else []
        parts += [Sql(f"made_{entry['number']}") for entry in made]
        limit = literal(mapping.spec.max_tags + 1)
        values: dict[str, Any] = {
            "remark": remark(mapping.spec.name),  # without its place: a line more in a file must change no function
            "filter": Sql(f" WHERE ({mapping.where})" if mapping.where else ""),
            "limit": limit,
            "max_tags": literal(mapping.spec.max_tags),
            "made": made,
            "targets": commas(
                [
                    Sql("hit"),
                    *([Sql("many")] if self.event == "UPDATE" or queries else []),
                    *(Sql(f"made_{number}") for number, tag in numbered[: len(templates)]),
                ]
            ),
            "tags": Sql(" || ").join(parts),
            "first_is_enough": not templates and not self._can_move(),
            "window": Sql(f"interval {literal(f'{mapping.spec.dedup_window.seconds} seconds')}"),
            **self._update(mapping, [tag.template for tag in templates if tag.template]),
        }
        values["templates"] = [
            self._template(mapping, tag.template, number) for number, tag in numbered if tag.template is not None
        ]
        values["queries"] = [
            {"number": number, **self._query(tag, mapping, values)} for number, tag in numbered if tag.template is None
        ]
        return values

    def _update(self, mapping: Mapping, templates: Sequence[Template]) -> dict[str, Any]:
        """How an UPDATE's pairs of rows, ``o`` and ``n``, are read and compared."""
        relation = self.catalog.relations[self.table]
        watched = self._columns() if mapping.watched is None else mapping.watched
        wanted = dict.fromkeys([*watched, *(part.name for t in templates for part in t.placeholders)])
        alias = ident(self.table.name)
        match, here = self._own("match"), self._own("here")
        columns = [Sql(f"{alias}.{ident(name)}") for name in wanted]
        tests = [differs(relation.columns[name], ident(name), self.catalog) for name in watched]
        pairs = [self._told_apart(side, n, derived_name(word, n)) for n in _named(templates) for side, word in _SIDES]
        if mapping.where:
            columns.append(Sql(f"({mapping.where}) IS TRUE AS {match}"))
            tests.insert(0, Sql(f"o.{match} IS DISTINCT FROM n.{match}"))
            pairs += [Sql(f"o.{match} AS pgspec_old_match"), Sql(f"n.{match} AS pgspec_new_match")]
        misaligned = ""
        if self._can_move():
            columns.append(Sql(f"true AS {here}"))
            tests.append(Sql(f"n.{here} IS NULL"))
            misaligned = "(SELECT count(*) FROM old_rows) <> (SELECT count(*) FROM new_rows)"
        changed = Sql(f"({wrapped(tests, ' OR ', 4) or 'false'})")
        either = f"(o.{match} IS TRUE OR n.{match} IS TRUE)"
        if mapping.where:
            changed = Sql(f"{either}\n    AND {changed}")
            misaligned = misaligned and f"{misaligned} AND {either}"
        kept = ("true", "true")
        if mapping.where or self._can_move():
            kept = (f"o.{match}", f"n.{match}") if mapping.where else (f"o.{here}", f"n.{here}")
        return {
            "columns": wrapped(columns, ", ", 4) if columns else Sql("true AS pgspec_here"),
            "changed": changed,
            "misaligned": Sql(misaligned and f"\n        OR {misaligned}"),
            "distinct": commas(pairs) if pairs else Sql("true AS pgspec_here"),
            "old_match": Sql("c.pgspec_old_match" if mapping.where else "true"),
            "new_match": Sql("c.pgspec_new_match" if mapping.where else "true"),
            "old_kept": Sql(kept[0]),
            "new_kept": Sql(kept[1]),
        }

    def _told_apart(self, side: str, name: str, alias: str) -> Sql:
        """A placeholder's column as DISTINCT reads it: by its text where it would merge values with different texts."""
        text = (
            ""
            if equal_is_same(self.catalog.relations[self.table].columns[name], self.catalog)
            else '::text COLLATE "C"'
        )
        renamed = f" AS {ident(alias)}" if text or alias != name else ""
        return Sql(f"{side}.{ident(name)}{text}{renamed}")

    def _template(self, mapping: Mapping, template: Template, number: Sql) -> dict[str, Any]:
        """A template's tags for the row ``r``, for a pair ``o`` and ``n``, and for distinct pairs ``c``."""
        old, new = self._spelt(template, lambda n: f"o.{ident(n)}"), self._spelt(template, lambda n: f"n.{ident(n)}")
        if mapping.where:
            match = self._own("match")
            old, new = Sql(f"CASE WHEN o.{match} THEN {old} END"), Sql(f"CASE WHEN n.{match} THEN {new} END")
        pair = Sql(f"ARRAY[{old}, {new}]")
        if mapping.spec.max_tags == 1:  # the only limit that the tags of one row could seem to exceed
            pair = Sql(f"ARRAY(SELECT DISTINCT u.tag FROM unnest({pair}) AS u (tag) WHERE u.tag IS NOT NULL)")
        alias = ident(self.table.name)
        names = dict.fromkeys(part.name for part in template.placeholders)
        return {
            "number": number,
            "wildcard": literal(next(tag.wildcard for tag in mapping.tags if tag.template is template)),
            "columns": commas(self._told_apart(alias, name, name) for name in names),
            "once": Sql("DISTINCT " if len(names) > 1 else ""),  # different values may make one tag
            "row": self._spelt(template, lambda n: f"r.{ident(n)}"),
            "known": Sql(" AND ".join(f"r.{ident(name)} IS NOT NULL" for name in names)),
            "pair": pair,
            "old": self._spelt(template, lambda n: f"c.{ident(derived_name('old', n))}"),
            "new": self._spelt(template, lambda n: f"c.{ident(derived_name('new', n))}"),
        }

    def _spelt(self, template: Template, column: Callable[[str], str]) -> Sql:
        """The expression that fills a template; NULL when one of the columns is."""
        parts = []
        for part in template.parts:
            parts.append(f"{column(part.name)}::text" if isinstance(part, Placeholder) else literal(part))
        text = " || ".join(parts)
        columns = self.catalog.relations[self.table].columns
        if any(columns[part.name].collation for part in template.placeholders):
            return Sql(f'({text}) COLLATE "C"')  # columns may have collations that do not go together, or merge tags
        return Sql(text)

    def _query(self, tag: Tag, mapping: Mapping, values: dict[str, Any]) -> dict[str, Sql]:
        """A tag's query as an expression for one changed row, and as the text of a statement for many."""
        shared = self._shared()
        alias = shared["alias"]
        rows = {"UPDATE": ("old_rows", "new_rows"), "TRUNCATE": (qname(self.table),)}.get(
            self.event, (shared["transition"],)
        )
        own = wrapped((f"{alias}.{ident(name)}" for name in self._columns()), ", ", 4)
        reads = " UNION ALL ".join(f"SELECT {own} FROM {name} AS {alias}{values['filter']}" for name in rows)
        head, tail = 'SELECT DISTINCT t.tag::text COLLATE "C" FROM (\n', "\n) AS t (tag) WHERE t.tag IS NOT NULL LIMIT "
        body = f"{head}{tag.query}{tail}{values['limit']}"
        one = f"ARRAY(\n    WITH changed AS ({reads})\n    {body})"
        if self.event == "UPDATE":
            pairs = render.whole("cache_trigger/changed_pairs.sql.j2", {**shared, "m": values})
            many = f"SELECT ARRAY(WITH {pairs}\n{body})"
        else:
            many = f"SELECT ARRAY(WITH changed AS ({reads})\n{body})"
        return {"one": Sql(one), "many": dollar(many, "query")}


_SIDES = (("o", "old"), ("n", "new"))
_WIDTH = 110


def wrapped(parts: Iterable[str], glue: str, indent: int) -> Sql:
    """The parts, joined over lines of a readable length; further lines start with ``indent`` spaces."""
    lines = [""]
    for part in parts:
        joined = f"{lines[-1]}{glue}{part}" if lines[-1] else part
        if lines[-1] and len(joined) > _WIDTH:
            lines.append(part)
        else:
            lines[-1] = joined
    end, start = (glue.rstrip(), "") if glue.startswith(",") else ("", glue.lstrip())
    return Sql(f"{end}\n{' ' * indent}{start}".join(lines))


def _named(templates: Sequence[Template]) -> list[str]:
    return list(dict.fromkeys(part.name for template in templates for part in template.placeholders))
