"""Cached queries: their parameters, what they read, and which writes leave a cached result stale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pgspec.catalog import Catalog
from pgspec.coverage import Emission, Gap, gaps
from pgspec.diagnostics import Diagnostic, Severity, SqlFinding
from pgspec.keys import analyse
from pgspec.keys.parameters import substitute
from pgspec.keys.uses import RowFilter, Use, bind_filter, query_uses
from pgspec.kinds import CachedQuery
from pgspec.mappings import Mapping as Invalidating
from pgspec.pgsql import ParseFailure, ast, parse
from pgspec.queries import placed, query_source, syntax_error
from pgspec.source import Document, SqlText
from pgspec.tags import TagProblem, Template, parse_tag


@dataclass(frozen=True, slots=True)
class Cached:
    """One cached query.  ``uses`` are the scans of what it reads, ``parameters`` the names of its ``:name``s.

    ``beyond_rows``: what the result depends on beside the rows, such as the clock or the session.  ``gaps``: the writes
    that can change the result and emit none of its tags.  ``understood``: the query was analysed, so both are known.
    """

    spec: CachedQuery
    document: Document
    source: SqlText
    tags: tuple[tuple[int, Template], ...] = ()
    parameters: frozenset[str] = frozenset()
    uses: tuple[Use, ...] = ()
    beyond_rows: tuple[SqlFinding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    understood: bool = False


def build_cached(
    specs: Sequence[tuple[CachedQuery, Document]],
    catalog: Catalog,
    files: Mapping[str, SqlText],
    mappings: Sequence[Invalidating],
) -> tuple[list[Cached], list[Diagnostic]]:
    """The cached queries by name, judged against the mappings.  ``catalog`` has the views of the specs too."""
    found: list[Diagnostic] = []
    emissions = [_emission(mapping, catalog) for mapping in mappings if mapping.understood]
    certain = all(mapping.understood for mapping in mappings)
    made = []
    for spec, document in sorted(specs, key=lambda entry: entry[0].name):
        cached = _read(spec, document, catalog, files, found)
        if cached.understood and certain:
            cached = replace(cached, gaps=gaps(cached.uses, [tag for _, tag in cached.tags], emissions))
        made.append(cached)
    return made, found


def _read(
    spec: CachedQuery, document: Document, catalog: Catalog, files: Mapping[str, SqlText], found: list[Diagnostic]
) -> Cached:
    before = len(found)
    source = query_source(spec, document, files, found)
    cached = Cached(spec, document, source)
    if source.text.strip():
        cached = _analysed(cached, catalog, found)
    cached = replace(cached, tags=tuple(_tags(cached, found)))
    return replace(cached, understood=cached.understood and len(found) == before)


def _analysed(cached: Cached, catalog: Catalog, found: list[Diagnostic]) -> Cached:
    """What the query reads; without ``understood`` when it is not a query that PostgreSQL would take."""
    text = cached.source.text
    name = cached.spec.name
    problem = _not_a_select(text)
    if problem is not None:
        found.append(placed(cached.source, name, problem))
        return cached
    made = query_uses(text, catalog)
    if isinstance(made, ParseFailure):
        found.append(placed(cached.source, name, syntax_error(text, made)))
        return cached
    found += [placed(cached.source, name, finding) for finding in made.findings]
    if made.findings:
        return cached
    numbered = substitute(text)
    assert not isinstance(numbered, ParseFailure)
    analysis = analyse(parse(numbered.text)[0][0].node, catalog, numbered.text)
    beyond = [*analysis.session, *analysis.volatile, *analysis.time]
    beyond += [
        SqlFinding(0, 1, "INV009", f"the function `{function}` may read tables that the query does not name")
        for function in made.functions
    ]
    for gap in made.unsupported:
        message = f"{gap.message} is not understood, and may read what no invalidation watches"
        beyond.append(replace(gap, code="INV009", message=message))
    return replace(
        cached,
        parameters=frozenset(place.name for place in made.parameters),
        uses=made.uses,
        beyond_rows=tuple(beyond),
        understood=True,
    )


def _not_a_select(text: str) -> SqlFinding | None:
    """Why the text is not one SELECT, in offsets of the text."""
    made = substitute(text)
    if isinstance(made, ParseFailure):
        return syntax_error(text, made)
    statements, failure = parse(made.text)
    if failure is not None:
        return syntax_error(text, failure)
    if len(statements) != 1:
        message = "a cached query is one statement" if statements else "the query has only comments"
        start = statements[1].start if statements[1:] else 0
        return SqlFinding(start, start + 1, "SQL006", message, "write one SELECT")
    node = statements[0].node
    if not isinstance(node, ast.SelectStmt) or node.intoClause is not None:
        return SqlFinding(0, 1, "SQL006", "a cached query is a SELECT that only reads", "write a SELECT")
    return None


def _tags(cached: Cached, found: list[Diagnostic]) -> list[tuple[int, Template]]:
    tags = []
    for number, text in enumerate(cached.spec.tags):
        span = cached.document.at("tags", number)
        template = parse_tag(text)
        if isinstance(template, TagProblem):
            found.append(_error(cached, number, "INV008", template.message, template.help))
            continue
        tags.append((number, template))
        for placeholder in template.placeholders:
            if placeholder.name not in cached.parameters and cached.understood:
                listed = ", ".join(f"`:{name}`" for name in sorted(cached.parameters))
                help_ = f"its parameters: {listed}" if listed else "name what is compared with it in the query: `:name`"
                message = f"`{placeholder.name}` in a tag is no parameter of the query"
                source = cached.document.sql("tags", number)
                if source.lines:
                    span = source.span(placeholder.start, placeholder.end)
                found.append(Diagnostic(span, "INV001", Severity.ERROR, message, help_, cached.spec.name))
    return tags


def _error(cached: Cached, number: int, code: str, message: str, help_: str) -> Diagnostic:
    return Diagnostic(cached.document.at("tags", number), code, Severity.ERROR, message, help_, cached.spec.name)


def _emission(mapping: Invalidating, catalog: Catalog) -> Emission:
    """What a mapping does, as the proof sees it."""
    assert mapping.table is not None
    bound = RowFilter((), frozenset(), ())
    if mapping.spec.where is not None:
        found = bind_filter(mapping.spec.where, mapping.table.name, catalog)
        assert not isinstance(found, ParseFailure), "an understood mapping's condition parses"
        bound = found
    watched = mapping.watched
    return Emission(
        name=mapping.spec.name,
        table=mapping.table.name,
        insert=mapping.spec.on.insert,
        update=None if watched is None else frozenset(watched),
        delete=mapping.spec.on.delete,
        truncate=mapping.spec.on.truncate,
        where=bound.conditions,
        where_columns=bound.columns,
        tags=tuple(tag.template for tag in mapping.tags if tag.template is not None),
    )
