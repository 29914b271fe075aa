"""Invalidation specs -> mappings: the table found, the condition and the tags bound to its rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pgspec.catalog import Catalog, Relation
from pgspec.conditions import not_found_by_triggers, not_of_the_row, not_over_changed, wildcard_of
from pgspec.diagnostics import Diagnostic, Severity, SqlFinding
from pgspec.keys import analyse
from pgspec.kinds import Invalidation, Name, TagQuery
from pgspec.pgsql import ParseFailure, Statement, ast, parse
from pgspec.queries import edited, inline_source, is_closed, nearest, one_select, placed, syntax_error
from pgspec.source import Document, Path, SqlText
from pgspec.sql import QName, commas, ident, qname
from pgspec.tags import Placeholder, TagProblem, Template, parse_tag

# Types whose text is the same in every session, so that writer and reader spell a tag alike.
_SPELT_ALIKE = frozenset({
    "smallint", "integer", "bigint", "numeric", "text", "character varying", "character", "boolean", "uuid", "name",
    "oid", '"char"', "inet", "cidr", "macaddr", "macaddr8",
})  # fmt: skip
_UNKNOWN_NAMES = frozenset({"SQL002", "SQL003"})


@dataclass(frozen=True, slots=True)
class Tag:
    """One entry of ``tags``: a template, or the text of a query with every name qualified.  ``wildcard`` stands for
    all the tags that it can make; ``reads`` are the relations that the query names beside ``changed``."""

    path: Path
    wildcard: str
    template: Template | None = None
    query: str = ""
    reads: frozenset[QName] = frozenset()


@dataclass(frozen=True, slots=True)
class Mapping:
    """One invalidation.  ``table`` is None when it is not known or can have no such triggers; diagnostics say why.

    ``where`` is the condition over a row with every name qualified, None for all rows; ``where_columns`` are those that
    it reads.  ``watched``: the columns whose change counts, None for any.  ``followers``: the partitions and
    inheritance children, to which a statement can write directly.  ``understood``: nothing is wrong with it.
    """

    spec: Invalidation
    document: Document
    table: Relation | None = None
    where: str | None = None
    where_columns: frozenset[str] = frozenset()
    tags: tuple[Tag, ...] = ()
    followers: tuple[QName, ...] = ()
    understood: bool = False

    @property
    def watched(self) -> tuple[str, ...] | None:
        """The columns whose change counts; None for any column, empty when updates do not count.

        Those of the primary key always do: with another key it is another row.
        """
        update = self.spec.on.update
        if isinstance(update, bool):
            return None if update else ()
        keys = [key.columns for key in (self.table.keys if self.table else ()) if key.primary]
        return tuple(dict.fromkeys([*update, *(column for columns in keys for column in columns)]))

    @property
    def events(self) -> tuple[str, ...]:
        """The events that count, in PostgreSQL's words."""
        on = self.spec.on
        counted = {"INSERT": on.insert, "UPDATE": bool(on.update), "DELETE": on.delete, "TRUNCATE": on.truncate}
        return tuple(event for event, counts in counted.items() if counts)


def build_mappings(
    specs: Sequence[tuple[Invalidation, Document]], catalog: Catalog, own: Iterable[QName]
) -> tuple[list[Mapping], list[Diagnostic]]:
    """The mappings in the order of their names.  ``own``: what pgspec itself installs."""
    found: list[Diagnostic] = []
    made = [_Reader(spec, document, catalog, frozenset(own), found).mapping() for spec, document in specs]
    made.sort(key=lambda mapping: mapping.spec.name)
    return made, [*found, *_contradictions(made)]


def _contradictions(mappings: Sequence[Mapping]) -> Iterable[Diagnostic]:
    """Two mappings of one table that emit one tag, each with a window or a limit of its own: which one is in force
    would depend on their order."""
    seen: dict[tuple[QName, tuple[object, ...]], Mapping] = {}
    for mapping in mappings:
        for tag in mapping.tags if mapping.table else ():
            if mapping.table is None or tag.template is None:
                continue
            text = _short(tag.template.text)
            first = seen.setdefault((mapping.table.name, _made(tag.template)), mapping)
            what = ""
            if first.spec.dedup_window != mapping.spec.dedup_window:
                what = f"windows, {first.spec.dedup_window} and {mapping.spec.dedup_window}"
            elif first.spec.max_tags != mapping.spec.max_tags and not tag.template.is_static:
                what = f"limits, {first.spec.max_tags:,} and {mapping.spec.max_tags:,} tags"
            if what:
                message = f"two mappings of `{mapping.table.name}` emit `{text}` with different {what}"
                place = first.document.at("name")
                help_ = f"the other is `{first.spec.name}` ({place.path}:{place.line}); give both the same"
                span = mapping.document.at(*tag.path)
                yield Diagnostic(span, "INV007", Severity.ERROR, message, help_, mapping.spec.name)


def _made(template: Template) -> tuple[object, ...]:
    """What tells apart the tags that templates make of one row: their texts and the columns between them."""
    return tuple((part.name,) if isinstance(part, Placeholder) else part for part in template.parts)


@dataclass(frozen=True, slots=True)
class _Reader:
    """One invalidation being read; what is wrong goes to ``found``."""

    spec: Invalidation
    document: Document
    catalog: Catalog
    own: frozenset[QName]
    found: list[Diagnostic]

    def mapping(self) -> Mapping:
        before = len(self.found)
        mapping = Mapping(self.spec, self.document)
        if not mapping.events:
            self._error(("on",), "INV011", "no event is watched, so no tag is ever emitted", "add `insert: true`")
        table = self._table()
        if table is not None:
            self._columns(table)
            where, columns = self._where(table)
            tags = tuple(self._tags(table))
            below = tuple(sorted(followers(self.catalog, table.name)))
            mapping = replace(mapping, table=table, where=where, where_columns=columns, tags=tags, followers=below)
        return replace(mapping, understood=len(self.found) == before)

    def _error(self, path: Path, code: str, message: str, help_: str) -> None:
        span = self.document.at(*path)
        self.found.append(Diagnostic(span, code, Severity.ERROR, message, help_, self.spec.name))

    def _table(self) -> Relation | None:
        name = self.spec.table
        table = self.catalog.relation(name.schema, name.name)
        if self._is_own(name):
            help_ = "an invalidation watches a table of the application"
            self._error(("table",), "INV005", f"`{name}` is pgspec's own", help_)
        elif table is None:
            known = {str(r) if name.schema else r.name for r in self.catalog.relations}
            elsewhere = sorted(str(r) for r in self.catalog.relations if r.name == name.name)
            help_ = f"known as `{elsewhere[0]}`" if elsewhere else nearest(str(name), known)
            self._error(("table",), "INV001", f"the table `{name}` is not in the schema files", help_)
        elif problem := unwatchable(table, self.catalog):
            self._error(("table",), "INV005", *problem)
        else:
            return table
        return None

    def _is_own(self, name: Name) -> bool:
        schemas = [name.schema] if name.schema else self.catalog.search_path
        return any(QName(schema, name.name) in self.own for schema in schemas)

    def _columns(self, table: Relation) -> None:
        watched = self.spec.on.update
        for number, column in enumerate(watched if isinstance(watched, list) else ()):
            path: Path = ("on", "update", number)
            if column not in table.columns:
                message = f"the table `{table.name}` has no column `{column}`"
                self._error(path, "INV001", message, nearest(column, table.columns))
            elif table.columns[column].virtual:
                self._error(path, "INV005", *is_virtual(column))
            elif isinstance(watched, list) and column in watched[:number]:
                self._error(path, "INV007", f"the column `{column}` is there twice", "remove one of the two")

    def _where(self, table: Relation) -> tuple[str | None, frozenset[str]]:
        if self.spec.where is None:
            return None, frozenset()
        source = inline_source(self.document, ("where",), self.spec.name, self.found)
        if not source.text.strip():
            return None, frozenset()
        head = "SELECT ("
        text = f"{head}{source.text}\n) FROM {qname(table.name)} AS {ident(table.name.name)}"
        node = self._closed(source, text, len(head))
        if node is None:
            return None, frozenset()
        analysis = analyse(node, self.catalog, text)
        problems = list(not_of_the_row(node, analysis, self.catalog))
        problems = problems or [f for f in analysis.findings if f not in analysis.naming]
        problems = problems or list(not_found_by_triggers(node.targetList, analysis, self.catalog))
        kind = analysis.columns[0].type if analysis.columns else None
        if not problems and kind not in (None, "boolean", "unknown"):
            end = len(head) + len(source.text.rstrip())
            help_ = "write a comparison, such as `role = 'vendor'`"
            problems = [SqlFinding(len(head), end, "INV006", f"the condition is {kind}, not boolean", help_)]
        columns = analysis.reads.get(table.name, frozenset())
        if not problems and (virtual := sorted(c for c in columns & table.columns.keys() if table.columns[c].virtual)):
            message, help_ = is_virtual(virtual[0])
            problems = [SqlFinding(len(head), len(head) + len(source.text.rstrip()), "INV005", message, help_)]
        self._report(source, problems, len(head))
        where = edited(text, len(head), len(head) + len(source.text), analysis.edits)
        return f"{where}\n" if "--" in where else where, columns  # a comment must not reach what follows

    def _closed(self, source: SqlText, text: str, head: int) -> ast.SelectStmt | None:
        """The tree of ``text``, in which the user's condition stands at ``head``; None when it is no condition."""
        statements, failure = parse(text)
        if failure is not None:
            inside = max(min(failure.offset - head, len(source.text)), 0)
            message = failure.message.partition("\n")[0]  # it may quote what stands behind the condition
            if inside >= len(source.text.rstrip()):
                inside, message = max(len(source.text.rstrip()) - 1, 0), "the condition ends in the middle"
            self._report(source, [syntax_error(source.text, ParseFailure(message, inside))], 0)
            return None
        node = statements[0].node
        one = len(statements) == 1 and len(node.targetList or ()) == 1 and len(node.fromClause or ()) == 1
        if not one or not is_closed(source.text) or node.targetList[0].name is not None:
            help_ = "write what would stand after WHERE"
            problem = SqlFinding(0, len(source.text), "INV006", "the condition is not one expression", help_)
            self._report(source, [problem], 0)
            return None
        return node

    def _report(self, source: SqlText, problems: Iterable[SqlFinding], head: int) -> None:
        for problem in problems:
            code = "INV001" if problem.code in _UNKNOWN_NAMES else problem.code
            moved = replace(problem, start=problem.start - head, end=problem.end - head, code=code)
            self.found.append(placed(source, self.spec.name, moved))

    def _tags(self, table: Relation) -> Iterable[Tag]:
        seen: set[tuple[object, ...]] = set()
        for number, entry in enumerate(self.spec.tags):
            path: Path = ("tags", number)
            if isinstance(entry, TagQuery):
                if (tag := self._tag_query(table, (*path, "query"))) is not None:
                    yield tag
                continue
            template = parse_tag(entry)
            if isinstance(template, TagProblem):
                self._error(path, "INV008", template.message, template.help)
                continue
            if _made(template) in seen:
                self._error(path, "INV007", f"the tag `{_short(entry)}` is there twice", "remove one of the two")
            seen.add(_made(template))
            for placeholder in template.placeholders:
                self._placeholder(table, placeholder, path)
            yield Tag(path, template.wildcard, template)

    def _placeholder(self, table: Relation, placeholder: Placeholder, path: Path) -> None:
        span = self.document.at(*path)
        source = self.document.sql(*path)
        if source.lines:
            span = source.span(placeholder.start, placeholder.end)
        column = table.columns.get(placeholder.name)
        if column is None:
            message = f"the table `{table.name}` has no column `{placeholder.name}`"
            code, help_ = "INV001", nearest(placeholder.name, table.columns)
        elif column.virtual:
            code, (message, help_) = "INV005", is_virtual(column.name)
        elif not _is_spelt_alike(column.type, self.catalog):
            message = f"`{placeholder.name}` is {column.type}, whose text depends on the session's settings"
            code, help_ = "INV008", "use a column of a plain type, or `{query: SELECT ... FROM changed}` with a format"
        else:
            return
        self.found.append(Diagnostic(span, code, Severity.ERROR, message, help_, self.spec.name))

    def _tag_query(self, table: Relation, path: Path) -> Tag | None:
        source = inline_source(self.document, path, self.spec.name, self.found)
        if not source.text.strip():
            return None
        statement = one_select(source.text, "a tag's query has no parameters")
        problem = statement if isinstance(statement, SqlFinding) else not_over_changed(statement)
        if problem is not None:
            self._report(source, [problem], 0)
            return None
        assert isinstance(statement, Statement)
        columns = commas(ident(column.name) for column in table.columns.values() if not column.virtual)
        head = f"WITH changed AS (SELECT {columns} FROM {qname(table.name)}) SELECT t.* FROM ("
        body = source.text[statement.start : statement.end]
        text = f"{head}{body}\n) AS t"
        shift = len(head) - statement.start
        statements, failure = parse(text)
        assert failure is None, failure
        node = statements[0].node
        analysis = analyse(node, self.catalog, text)
        problems = [f for f in analysis.findings if f not in analysis.naming]
        kinds = [column.type for column in analysis.columns]
        if not problems and not analysis.unsupported and (len(kinds) != 1 or kinds[0] not in (None, "text", "unknown")):
            what = f"{len(kinds)} columns" if len(kinds) != 1 else f"a column of type {kinds[0]}"
            help_ = "return the tag alone, as text: `SELECT 'search:geo:' || l.city FROM changed c JOIN ...`"
            problems = [SqlFinding(shift, shift + 1, "INV008", f"the query of a tag returns {what}", help_)]
        problems = problems or list(not_found_by_triggers(node, analysis, self.catalog))
        help_ = "a tag is made of the changed rows and of what is joined to them"
        problems = problems or [replace(f, code="INV006", help=help_) for f in analysis.volatile]
        self._report(source, problems, shift)
        query = edited(text, len(head), len(head) + len(body), analysis.edits)
        reads = frozenset(reference.name for reference in analysis.references if reference.start >= len(head))
        return Tag(path, wildcard_of(statement.node), None, query, reads)


def is_virtual(name: str) -> tuple[str, str]:
    """Why a virtual column cannot be watched, and what to do."""
    message = f"`{name}` is a virtual generated column, which the rows that triggers see lack"
    return message, "use the columns that it is made of, or make it STORED"


def unwatchable(table: Relation, catalog: Catalog) -> tuple[str, str] | None:
    """Why statement triggers on this relation cannot see every write."""
    if table.kind in ("view", "materialized_view", "foreign_table"):
        what = {"view": "a view", "materialized_view": "a materialized view", "foreign_table": "a foreign table"}
        message = f"`{table.name}` is {what[table.kind]}: triggers with transition tables need a table"
        return message, "name the tables that it reads" if table.kind != "foreign_table" else "watch it where it lives"
    if (parent := table.partition_of) is not None or table.inherits:
        parent = parent or table.inherits[0]
        message = f"`{table.name}` is part of `{parent}`: writes through `{parent}` do not fire its triggers"
        return message, f"write `table: {parent}`; a `where` can tell its rows apart"
    foreign = [n for n in sorted(followers(catalog, table.name)) if catalog.relations[n].kind == "foreign_table"]
    if foreign:
        message = (
            f"`{table.name}` has the foreign table `{foreign[0]}` among its parts, of which no trigger sees the rows"
        )
        return message, "watch the tables that are not foreign, each by itself, once they are detached"
    return None


def followers(catalog: Catalog, name: QName) -> set[QName]:
    """The partitions and inheritance children of a table, at any depth."""
    children: dict[QName, set[QName]] = defaultdict(set)
    for relation in catalog.relations.values():
        for parent in (*relation.inherits, *((relation.partition_of,) if relation.partition_of else ())):
            children[parent].add(relation.name)
    out: set[QName] = set()
    waiting = [name]
    while waiting:
        for child in children[waiting.pop()] - out:
            out.add(child)
            waiting.append(child)
    return out


def base_type(type_name: str, catalog: Catalog) -> str:
    """The type below domains."""
    domains = {str(name): base for name, base in catalog.domains.items()}
    seen: set[str] = set()
    while type_name in domains and type_name not in seen:
        seen.add(type_name)
        type_name = domains[type_name]
    return type_name


def _is_spelt_alike(type_name: str, catalog: Catalog) -> bool:
    base = base_type(type_name, catalog)
    return base in _SPELT_ALIKE or base in {str(name) for name in catalog.enums}


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."  # noqa: PLR2004 - as long as a line of a terminal allows
