"""Named parameters, ``:name``, which PostgreSQL's grammar does not know: ``$1`` stands in their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgspec.pgsql import ParseFailure, tokens

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPEN = {"ASCII_40": "(", "ASCII_91": "["}
_CLOSE = frozenset({"ASCII_41", "ASCII_93"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a parameter is written, with its colon: a half-open range of code points."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Substitution:
    """A query for the parser.  Every offset into ``text`` is one into the query as it was written.  ``names`` are the
    parameters by their number in ``text``, from 1 on."""

    text: str
    names: dict[int, str]
    places: tuple[Place, ...]


def substitute(text: str) -> Substitution | ParseFailure:
    """The query with ``$1``, ``$2`` ... for its parameters, each padded to the length of what it replaces.

    A colon inside a string, a comment, a quoted name or a subscript (``a[1:n]``) starts no parameter; in a subscript,
    write ``a[(:n)]``.  A failure: the query numbers parameters itself, or it has more than nine parameters of one
    letter, for which ``$10`` has no room."""
    try:
        scanned = tokens(text)
    except Exception as error:
        return ParseFailure(str(error.args[0] if error.args else "syntax error"), 0)
    for token in scanned:
        if token.name == "PARAM":
            return ParseFailure("a parameter has a name, as in `:name`, and no number", token.start)
    places = tuple(_places(text, scanned))
    # short names first: they get the short numbers
    ordered = sorted(dict.fromkeys(place.name for place in places), key=len)
    numbers = {name: number for number, name in enumerate(ordered, 1)}
    pieces, position = [], 0
    for place in places:
        written = f"${numbers[place.name]}"
        if len(written) > place.end - place.start:
            return ParseFailure(f"too many parameters with names as short as `:{place.name}`", place.start)
        pieces += [text[position : place.start], written.ljust(place.end - place.start)]
        position = place.end
    pieces.append(text[position:])
    return Substitution("".join(pieces), {number: name for name, number in numbers.items()}, places)


def _places(text: str, scanned: list[Any]) -> Iterator[Place]:
    """The parameters.  ``brackets`` tells for each open bracket whether it holds a subscript."""
    brackets: list[bool] = []
    previous: Any = None
    for token, following in zip(scanned, [*scanned[1:], None], strict=True):
        if token.name in _OPEN:
            constructor = previous is not None and (
                previous.name == "ARRAY" or (previous.name in ("ASCII_91", "ASCII_44") and _within_array(brackets))
            )
            brackets.append(_OPEN[token.name] == "[" and not constructor)
        elif token.name in _CLOSE:
            del brackets[-1:]
        elif token.name == "ASCII_58" and following is not None and not (brackets and brackets[-1]):
            end = following.end + 1
            alone = not re.match(r"[\w$]", text[token.start - 1 : token.start])  # `x$1` would be one name
            if alone and following.start == token.start + 1 and _NAME.fullmatch(text, following.start, end):
                yield Place(text[following.start : end], token.start, end)
        previous = token


def _within_array(brackets: list[bool]) -> bool:
    return bool(brackets) and not brackets[-1]
