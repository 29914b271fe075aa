"""PostgreSQL's own parser: the only importer of pglast.

Offsets are code points into the text that was given, as in pglast's nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pglast.ast
from pglast import enums, keywords, parser
from pglast.stream import IndentedStream, RawStream

__all__ = [
    "KEYWORDS_TO_QUOTE",
    "ParseFailure",
    "Statement",
    "ast",
    "count_statements",
    "enums",
    "is_sql",
    "parse",
    "pretty",
    "printed",
    "relation_names",
    "tokens",
    "walk",
]

# Of the levels that a stack of 8 MB has room for, about half; a shorter text than this cannot reach them.
_MAX_DEPTH = 10_000
_SHORT = 2 * _MAX_DEPTH

# The classes of nodes.  pglast declares every attribute optional, also those that the grammar always sets, so the trees
# are not typed: what a node has is known from the grammar.
ast: Any = pglast.ast

KEYWORDS_TO_QUOTE: frozenset[str] = frozenset(
    keywords.RESERVED_KEYWORDS | keywords.COL_NAME_KEYWORDS | keywords.TYPE_FUNC_NAME_KEYWORDS
)


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """Why a text is not SQL: PostgreSQL's message and where it stopped reading."""

    message: str
    offset: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One top-level statement: its tree and the half-open range of the text that it was read from."""

    node: Any
    start: int
    end: int


def parse(text: str) -> tuple[list[Statement], ParseFailure | None]:
    """Every statement of ``text``, or why it cannot be parsed."""
    text = str(text)  # pglast takes no subclass
    try:
        if len(text) > _SHORT and (place := _too_deep(text)) is not None:
            return [], ParseFailure("the statement is nested too deeply", place)
        raws = parser.parse_sql(text)
    except parser.ParseError as error:
        return [], _failure(error, text)
    out = []
    for raw in raws:
        start = raw.stmt_location or 0
        end = start + raw.stmt_len if raw.stmt_len else len(text)
        out.append(Statement(raw.stmt, start, end))
    return out, None


def _too_deep(text: str) -> int | None:
    """Where the trees of ``text`` could become deeper than C code can follow: no level can hold more operators than
    it has tokens between two commas."""
    levels = [0]
    for token in parser.scan(text):
        if token.name == "ASCII_40":
            levels.append(0)
        elif token.name == "ASCII_41" and len(levels) > 1:
            levels.pop()
        elif token.name == "ASCII_59":
            levels = [0]
        elif token.name == "ASCII_44":
            levels[-1] = 0
        elif token.name not in ("SQL_COMMENT", "C_COMMENT"):
            levels[-1] += 1
        if levels[-1] + len(levels) > _MAX_DEPTH or (not levels[-1] % 100 and sum(levels) > _MAX_DEPTH):
            return int(token.start)
    return None


def count_statements(text: str) -> int | ParseFailure:
    """How many statements ``text`` has; cheaper than `parse`, since no tree is built."""
    try:
        return len(parser.split(str(text), only_slices=True)) if text.strip() else 0
    except parser.ParseError as error:
        return _failure(error, text)


def is_sql(text: str) -> bool:
    """Whether PostgreSQL's grammar accepts ``text``."""
    return not isinstance(count_statements(text), ParseFailure)


def walk(node: Any) -> Iterator[Any]:
    """Every node of a tree, or of the trees in a list: parents before children, in the order of writing."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, tuple | list):
            stack.extend(reversed(current))
        elif isinstance(current, ast.Node):
            yield current
            children = [getattr(current, name) for name in current]
            stack.extend(child for child in reversed(children) if isinstance(child, tuple | list | ast.Node))


def relation_names(node: Any) -> set[tuple[str | None, str]]:
    """The (schema, name) of every relation that a query names, without the names of its CTEs."""
    named: set[tuple[str | None, str]] = set()
    ctes: set[tuple[str | None, str]] = set()
    for item in walk(node):
        if isinstance(item, ast.RangeVar):
            named.add((item.schemaname, item.relname))
        elif isinstance(item, ast.CommonTableExpr):
            ctes.add((None, item.ctename))
    return {name for name in named if name not in ctes}


def tokens(text: str) -> list[Any]:
    """The tokens of ``text``: ``start``, ``end`` (inclusive), ``name``, ``kind``; none when they cannot be told."""
    try:
        return list(parser.scan(text))
    except parser.ParseError:
        return []


def printed(node: Any) -> str:
    """An expression's tree as SQL."""
    return str(RawStream()(node))


def pretty(node: Any) -> list[str]:
    """A statement's tree as SQL, over several lines."""
    return str(IndentedStream()(node)).split("\n")


def _failure(error: parser.ParseError, text: str) -> ParseFailure:
    message = str(error.args[0]) if error.args else "syntax error"
    offset = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else len(text.rstrip())
    return ParseFailure(message, min(max(offset, 0), len(text)))
