"""Load tests: their statements parsed, and the names in them found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pgspec.cached import Cached
from pgspec.catalog import Catalog, Relation
from pgspec.diagnostics import Diagnostic, Severity, SqlFinding
from pgspec.keys import analyse
from pgspec.keys.parameters import Place, substitute
from pgspec.kinds import LoadTest, MixEntry, ParameterValues, Project
from pgspec.pgsql import ParseFailure, ast, parse, relation_names, walk
from pgspec.queries import inline_source, nearest, one_select, placed, syntax_error
from pgspec.source import Document, Path, SqlText
from pgspec.sql import QName

_WRITING = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class LoadEntry:
    """One statement of a load test, without what ends it.

    ``number``: its place in the mix; ``places``: its parameters as they are written; ``numbered``: the statement with
    ``$1`` for them, whose names by number are ``names``; ``values`` says of each parameter of the statement and of the
    request where its values come from; ``writes``: what it does beside reading, empty when it only reads.
    """

    spec: MixEntry
    number: int
    source: SqlText
    text: str = ""
    numbered: str = ""
    places: tuple[Place, ...] = ()
    names: tuple[str, ...] = ()
    values: Mapping[str, ParameterValues] = field(default_factory=dict)
    writes: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """One load test.  ``understood``: nothing is wrong with it."""

    spec: LoadTest
    document: Document
    entries: tuple[LoadEntry, ...] = ()
    understood: bool = False


def build_loads(
    specs: Sequence[tuple[LoadTest, Document]],
    catalog: Catalog,
    cached: Sequence[Cached],
    own: Iterable[QName],
    project: Project,
) -> tuple[list[Load], list[Diagnostic]]:
    """The load tests in the order of their names.  ``own``: what pgspec installs, which is not in ``catalog``."""
    found: list[Diagnostic] = []
    queries = {item.spec.name: item for item in cached}
    names = frozenset(name.name for name in own)
    made = []
    for spec, document in sorted(specs, key=lambda item: item[0].name):
        before = len(found)
        reader = _Reader(spec, document, catalog, queries, names, found)
        reader.persona(project)
        entries = tuple(reader.entry(number) for number in range(len(spec.mix)))
        reader.names_of_entries()
        reader.thresholds()
        reader.shared_values()
        made.append(Load(spec, document, entries, len(found) == before))
    return made, found


def placeholders(value: Any) -> Iterator[str]:
    """The names in braces in a request: in its path, its headers, and the texts of its body."""
    if isinstance(value, str):
        yield from _PLACEHOLDER.findall(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from placeholders(key)
            yield from placeholders(item)
    elif isinstance(value, list):
        for item in value:
            yield from placeholders(item)


@dataclass(frozen=True, slots=True)
class _Reader:
    """One load test being read; what is wrong goes to ``found``.  ``own``: the names of what pgspec installs."""

    spec: LoadTest
    document: Document
    catalog: Catalog
    cached: Mapping[str, Cached]
    own: frozenset[str]
    found: list[Diagnostic]

    def persona(self, project: Project) -> None:
        """The persona is one of the project's."""
        name = self.spec.persona
        if name is not None and name not in project.personas:
            known = ", ".join(f"`{p}`" for p in project.personas)
            help_ = nearest(name, project.personas) or (
                f"personas: {known}" if known else "describe it under `personas:` in project.yaml"
            )
            self._error(("persona",), "LOD001", f"there is no persona `{name}`", help_)

    def names_of_entries(self) -> None:
        """No two entries have one name, nor one that thresholds use otherwise."""
        first: dict[str, int] = {}
        for number, entry in enumerate(self.spec.mix):
            path = ("mix", number, "name")
            if entry.name == "errors":
                message = "`errors` stands for all entries in `thresholds`, so no entry can have the name"
                self._error(path, "LOD002", message, "choose another name")
            elif first.setdefault(entry.name, number) != number:
                line = self.document.at("mix", first[entry.name], "name").line
                message = f"the entry `{entry.name}` is there twice; the first is on line {line}"
                self._error(path, "LOD002", message, "choose another name: files and thresholds are called by it")

    def thresholds(self) -> None:
        """Each is about an entry."""
        names = [entry.name for entry in self.spec.mix]
        for name in self.spec.thresholds:
            if name not in names and name != "errors":
                listed = ", ".join(f"`{entry}`" for entry in names)
                help_ = nearest(name, names) or f"entries: {listed}; `errors` is a number for all of them"
                message = f"a threshold for `{name}`, which is no entry of the mix"
                self._error(("thresholds", name), "LOD001", message, help_, key=True)

    def shared_values(self) -> None:
        """The queries for values that entries share."""
        self._values(self.spec.parameters, ("parameters",))

    def entry(self, number: int) -> LoadEntry:
        """One entry of the mix, as far as it is understood."""
        spec = self.spec.mix[number]
        entry = LoadEntry(spec, number, self._source(number))
        if entry.source.text.strip():
            entry = self._parsed(entry)
        values = {**self.spec.parameters, **spec.parameters}
        for place in {place.name: place for place in reversed(entry.places)}.values():
            if place.name not in values:
                message, help_ = self._without_values(place.name, spec.name)
                self._place(entry.source, SqlFinding(place.start, place.end, "LOD003", message, help_), number)
        wanted = [place.name for place in entry.places]
        asked = list(placeholders([spec.http.path, spec.http.headers, spec.http.body]) if spec.http else ())
        for name in dict.fromkeys(asked):
            if name not in values and name not in wanted:
                self._error(("mix", number, "http"), "LOD003", *self._without_values(name, spec.name), key=True)
        self._values(spec.parameters, ("mix", number, "parameters"))
        return replace(entry, values={n: values[n] for n in dict.fromkeys([*wanted, *asked]) if n in values})

    @staticmethod
    def _without_values(name: str, entry: str) -> tuple[str, str]:
        help_ = (
            f"add `parameters: {{{name}: {{query: SELECT ...}}}}`, or `{{values: [...]}}`, or `{{range: [1, 1000]}}`"
        )
        return f"nothing says which values `{name}` of `{entry}` has", help_

    def _source(self, number: int) -> SqlText:
        """The text of the entry's query, or of the cached query that it names."""
        spec, path = self.spec.mix[number], ("mix", number)
        empty = SqlText("", self.document.at(*path))
        if (spec.query is None) == (spec.cached_query is None):
            message = "`query` and `cached_query` exclude each other"
            if spec.query is None:
                message = f"the entry `{spec.name}` has no query"
            help_ = "write one of `query: SELECT ...` and `cached_query: NAME`"
            where = path if spec.query is None else (*path, "cached_query")
            self._error(where, "PRJ005", message, help_, key=spec.query is not None)
            return empty
        if spec.cached_query is None:
            return inline_source(self.document, (*path, "query"), self.spec.name, self.found)
        if spec.cached_query not in self.cached:
            help_ = nearest(spec.cached_query, self.cached) or "write the query itself: `query: SELECT ...`"
            message = f"there is no cached query `{spec.cached_query}`"
            self._error((*path, "cached_query"), "LOD001", message, help_)
            return empty
        return self.cached[spec.cached_query].source

    def _parsed(self, entry: LoadEntry) -> LoadEntry:
        """The statement and its parameters; what PostgreSQL would refuse is found."""
        text, source = entry.source.text, entry.source
        made = substitute(text)
        if isinstance(made, ParseFailure):
            self._place(source, syntax_error(text, made), entry.number)
            return entry
        statements, failure = parse(made.text)
        problem = syntax_error(text, failure) if failure else _not_one(statements)
        if problem is not None:
            self._place(source, problem, entry.number)
            return entry
        statement = statements[0]
        if entry.spec.cached_query is None:
            for finding in _wrong_names(statement.node, self.catalog, made.text, self.own):
                self._place(source, finding, entry.number)
        start = statement.start + len(text[statement.start :]) - len(text[statement.start :].lstrip())
        cut = text[start : statement.end].rstrip()
        places = tuple(Place(p.name, p.start - start, p.end - start) for p in made.places)
        return replace(
            entry,
            text=cut,
            numbered=made.text[start : start + len(cut)],
            places=places,
            names=tuple(made.names[n] for n in sorted(made.names)),
            writes=_writes(statement.node),
        )

    def _values(self, parameters: Mapping[str, ParameterValues], path: Path) -> None:
        """Each query of values is one SELECT of one column."""
        for name, source in parameters.items():
            if source.query is None:
                continue
            text = inline_source(self.document, (*path, name, "query"), self.spec.name, self.found)
            if not text.text.strip():
                continue
            statement = one_select(text.text, "a query of values has no parameters")
            if isinstance(statement, SqlFinding):
                self.found.append(placed(text, self.spec.name, statement))
                continue
            wrong = _wrong_names(statement.node, self.catalog, text.text, self.own)
            self.found.extend(placed(text, self.spec.name, finding) for finding in wrong)
            analysis = analyse(statement.node, self.catalog, text.text)
            if not wrong and not analysis.findings and len(analysis.columns) != 1:
                message = f"the query of `{name}` has {len(analysis.columns)} columns"
                finding = SqlFinding(0, 1, "LOD004", message, "select the value alone")
                self.found.append(placed(text, self.spec.name, finding))

    def _place(self, source: SqlText, finding: SqlFinding, number: int) -> None:
        """A finding in the text of an entry; in that of a cached query, it is the reference that is to blame."""
        if self.spec.mix[number].cached_query is None:
            self.found.append(placed(source, self.spec.name, finding))
        elif finding.code.startswith("LOD"):
            self._error(("mix", number, "cached_query"), finding.code, finding.message, finding.help)

    def _error(self, path: Path, code: str, message: str, help_: str, *, key: bool = False) -> None:
        span = self.document.key(*path) if key else self.document.at(*path)
        self.found.append(Diagnostic(span, code, Severity.ERROR, message, help_, self.spec.name))


def _not_one(statements: Sequence[Any]) -> SqlFinding | None:
    """Why the text is not one statement that can be prepared."""
    help_ = "write one SELECT, INSERT, UPDATE, DELETE or MERGE"
    if len(statements) != 1:  # the place is the semicolon between the first two
        start = statements[0].end if statements else 0
        message = "an entry is one statement" if statements else "the query has only comments"
        return SqlFinding(start, start + 1, "SQL006", message, help_)
    node = statements[0].node
    if not isinstance(node, (ast.SelectStmt, *_WRITING)) or getattr(node, "intoClause", None) is not None:
        return SqlFinding(
            0, 1, "SQL006", "the statement of an entry reads or writes rows, and does nothing else", help_
        )
    return None


def _writes(node: Any) -> str:
    """What a statement does beside reading, in PostgreSQL's words; functions may do more."""
    kinds = [type(item).__name__.removesuffix("Stmt").upper() for item in walk(node) if isinstance(item, _WRITING)]
    locks = ["FOR UPDATE or SHARE" for item in walk(node) if isinstance(item, ast.LockingClause)]
    return ", ".join(dict.fromkeys([*kinds, *locks]))


def _wrong_names(node: Any, catalog: Catalog, text: str, own: frozenset[str]) -> list[SqlFinding]:
    """The names that do not exist, as far as the analysis of a SELECT can tell: a statement that writes is asked as the
    SELECT of what it reads.  What pgspec installs is not in the catalog, so statements that name it are left to the
    server."""
    named = relation_names(node)
    if any(name in own and catalog.relation(schema, name) is None for schema, name in named):
        return []
    found: list[SqlFinding] = []
    reading = _reading(node, catalog, found)
    inner = [item for item in walk(reading) if isinstance(item, (*_WRITING, ast.SetToDefault, ast.MultiAssignRef))]
    if reading is not None and not inner:
        analysis = analyse(reading, catalog, text)
        found += [finding for finding in analysis.findings if finding not in analysis.naming]
    return sorted(set(found))


def _reading(node: Any, catalog: Catalog, found: list[SqlFinding]) -> Any:
    """What a statement reads, as a SELECT; None when it cannot be written as one.  Unknown target columns go to
    ``found``."""
    if isinstance(node, ast.SelectStmt):
        return node
    if isinstance(node, ast.MergeStmt):
        return None
    target = catalog.relation(node.relation.schemaname, node.relation.relname)
    columns = _targets(node)
    if target is not None:
        found += [_no_column(column, target) for column in columns if column.name not in target.columns]
    if isinstance(node, ast.InsertStmt):
        if node.withClause is not None:  # its names are known to what is inserted too
            return None
        if target is None:
            return ast.SelectStmt(targetList=(), fromClause=(node.relation,), op=0, limitOption=0)
        return node.selectStmt
    sources = node.fromClause if isinstance(node, ast.UpdateStmt) else node.usingClause
    values = columns if isinstance(node, ast.UpdateStmt) else ()
    return ast.SelectStmt(
        targetList=tuple(ast.ResTarget(val=item.val, location=item.location) for item in values) or None,
        fromClause=(node.relation, *(sources or ())),
        whereClause=node.whereClause,
        withClause=node.withClause,
        op=0,
        limitOption=0,
    )


def _targets(node: Any) -> Sequence[Any]:
    """The columns that a statement writes."""
    if isinstance(node, ast.DeleteStmt):
        return ()
    return (node.cols if isinstance(node, ast.InsertStmt) else node.targetList) or ()


def _no_column(column: Any, target: Relation) -> SqlFinding:
    message, help_ = f"`{target.name}` has no column `{column.name}`", nearest(column.name, target.columns)
    return SqlFinding(column.location, column.location + len(column.name), "SQL003", message, help_)
