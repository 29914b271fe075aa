"""What the functions of the schema files read and call, as far as their texts tell without a server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgspec.catalog import Catalog, Function, Relation
from pgspec.pgsql import printed, tokens
from pgspec.sql import QName

_BEFORE_RELATIONS = frozenset({"from", "join", "update", "into", "only", "using"})
_QUIET = frozenset({"debug", "log", "info", "notice", "warning"})
_SESSION = frozenset({"current_setting", "current_user", "session_user", "current_role", "current_catalog"})


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text, at the half-open range of offsets; of a call, up to its closing parenthesis."""

    schema: str | None
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Body:
    """What a text in SQL or PL/pgSQL mentions.  ``raises``: it ends in errors of its own; ``session``: it depends on
    who asks.  Text that is put together at run time is not seen."""

    reads: tuple[Mention, ...]
    calls: tuple[Mention, ...]
    raises: bool
    session: bool

    @staticmethod
    def of(text: str) -> Body:
        """What ``text`` mentions."""
        words = tokens(text)
        plain = [_word(text, token) for token in words]
        following = zip(plain, [*plain[1:], ""], strict=False)
        names = list(_names(text, words, plain))
        return Body(
            tuple(m for m, before, called in names if before == "into" or (before in _BEFORE_RELATIONS and not called)),
            tuple(mention for mention, before, called in names if called and before != "into"),
            any(word == "raise" and after not in _QUIET for word, after in following),
            bool(_SESSION & set(plain)),
        )


def _word(text: str, token: Any) -> str:
    written = text[token.start : token.end + 1]
    return written[1:-1].replace('""', '"') if written.startswith('"') else written.lower()


def _names(text: str, words: list[Any], plain: list[str]) -> Iterator[tuple[Mention, str, bool]]:
    """The names that may be those of relations and functions, with the word before, and whether one is called.

    Behind a comma the word before is that before the list, as in ``FROM a, b AS c, d``.
    """
    place, clause = 0, ""
    while place < len(words):
        start = place
        if not _is_name(words[place]):
            if plain[place] not in (",", "as"):
                clause = "" if plain[place - 1 : place + 1] == ["distinct", "from"] else plain[place]
            place += 1
            continue
        while place + 2 < len(words) and plain[place + 1] == "." and _is_name(words[place + 2]):
            place += 2
        called = place + 1 < len(words) and plain[place + 1] == "("
        end = _closing(words, plain, place + 1) if called else words[place].end + 1
        behind = plain[start - 1] if start else ""
        schema = plain[place - 2] if place > start else None
        if behind in (",", clause):
            yield Mention(schema, plain[place], words[start].start, end), clause, called
        elif called:
            yield Mention(schema, plain[place], words[start].start, end), "", called
        place += 1


def _is_name(token: Any) -> bool:
    return token.name == "IDENT" or (
        token.kind in ("UNRESERVED_KEYWORD", "COL_NAME_KEYWORD") and token.name != "UPDATE"
    )


def _closing(words: list[Any], plain: list[str], opening: int) -> int:
    depth = 0
    for token, word in zip(words[opening:], plain[opening:], strict=True):
        depth += (word == "(") - (word == ")")
        if depth == 0:
            return int(token.end) + 1
    return int(words[-1].end) + 1


def text_of(function: Function) -> str:
    """The body of a function as text; empty when it has none that can be read."""
    source = function.source
    if isinstance(source, str) or source is None:
        return source or ""
    statements = source if isinstance(source, tuple) else (source,)
    return ";\n".join(map(printed, statements))


def relation(catalog: Catalog, path: tuple[str, ...] | None, mention: Mention) -> Relation | None:
    """The relation that a mention means under a search path, None for that of the project."""
    schemas = (mention.schema,) if mention.schema else path if path is not None else catalog.search_path
    return next((r for schema in schemas if (r := catalog.relations.get(QName(schema, mention.name)))), None)


def functions(catalog: Catalog, path: tuple[str, ...] | None, mention: Mention) -> tuple[Function, ...]:
    """The functions that a call may mean: all that have the name."""
    schemas = (mention.schema,) if mention.schema else path if path is not None else catalog.search_path
    return next((f for schema in schemas if (f := catalog.functions.get(QName(schema, mention.name)))), ())


@dataclass(frozen=True, slots=True)
class Callee:
    """A function that is reached from a text.  ``place`` is where the text calls it, or what leads to it.

    ``runs_as``: None as who asks, else the function on the way whose owner it runs as; ``called_as``: the same of
    who calls it.
    """

    function: Function
    body: Body
    place: Mention
    runs_as: Function | None
    called_as: Function | None


def reached(catalog: Catalog, text: str) -> list[Callee]:
    """Every function of the schema files that evaluating ``text`` may call, each once for each way to run it."""
    found: dict[tuple[int, int], Callee] = {}
    waiting: list[Callee] = []

    def meet(body: Body, path: tuple[str, ...] | None, above: Callee | None) -> None:
        for call in body.calls:
            for function in functions(catalog, path, call):
                caller = above.runs_as if above else None
                runs_as = function if function.definer else caller
                key = (id(function), id(runs_as))
                if key not in found:
                    place = above.place if above else call
                    made = Callee(function, Body.of(text_of(function)), place, runs_as, caller)
                    found[key] = made
                    waiting.append(made)

    meet(Body.of(text), None, None)
    while waiting:
        current = waiting.pop(0)
        meet(current.body, current.function.path or None, current)
    return list(found.values())


def words_of(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where names and literals of ``text`` match a pattern; comments do not count."""
    for token in tokens(text):
        if token.name in ("SCONST", "IDENT") and pattern.search(text[token.start : token.end + 1]):
            yield token.start, token.end + 1
