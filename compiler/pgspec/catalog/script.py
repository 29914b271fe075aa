"""Cut a SQL script into statements, as psql does, so that one mistake does not hide the statements after it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pgspec.pgsql import is_sql

_SPECIAL = re.compile(r"""['"$;\\/-]""")
_DOLLAR = re.compile(r"\$(?:[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)?\$")
_ESCAPED_STRING = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.DOTALL)
_STRING = re.compile(r"'[^']*'")
_IDENTIFIER = re.compile(r'"[^"]*"')
_COMMENT_MARK = re.compile(r"/\*|\*/")
_META = re.compile(r"\\([^\s\\]*)[^\n]*")
_BLANK = re.compile(r"(?:\s+|--[^\n]*)*")
# A semicolon inside these two need not end them: SQL-standard function bodies, and rules with several actions.
_HOLDS_STATEMENTS = re.compile(
    r"\s*create\s+(?:or\s+replace\s+)?(?:(?:function|procedure)\b.*\bbegin\s+atomic\b|rule\b)",
    re.IGNORECASE | re.DOTALL,
)
_COPY_STDIN = re.compile(r"\s*copy\b.*\bfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)
_COPY_END = re.compile(r"^\\\.[ \t\r]*$", re.MULTILINE)
_MAX_INNER_STATEMENTS = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement without its semicolon; ``start`` is its offset in the script.  Offsets into ``text`` are valid
    in the script too: what psql would take out of a statement is replaced by blanks."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Meta:
    """A psql meta-command, as ``connect`` of ``\\connect db``."""

    command: str
    start: int
    end: int


def split_script(text: str) -> Iterator[Piece | Meta]:
    """The statements and meta-commands of ``text`` in order; never fails, whatever the text is."""
    start = position = 0
    holes: list[tuple[int, int]] = []
    while found := _SPECIAL.search(text, position):
        position = found.start()
        char = text[position]
        if char == ";":
            end = _statement_end(text, start, position)
            piece = _piece(text, start, end, holes)
            yield piece
            start = position = _after_copy_data(text, piece, end + 1)
            holes = []
        elif char == "\\":
            meta = _META.match(text, position)
            assert meta is not None
            yield Meta(meta[1], position, meta.end())
            if meta[1].startswith("g") or not text[start:position].strip():
                yield _piece(text, start, position, holes)
                start, holes = meta.end(), []
            else:
                holes.append((position, meta.end()))
            position = meta.end()
        else:
            position = _skip(text, position, char)
    yield _piece(text, start, len(text), holes)


def _skip(text: str, position: int, char: str) -> int:
    """The offset behind the quoted text or comment that begins at ``position``, or of the next character."""
    if char == "-":
        if not text.startswith("--", position):
            return position + 1
        end = text.find("\n", position)
        return len(text) if end < 0 else end
    if char == "/":
        return _after_comment(text, position) if text.startswith("/*", position) else position + 1
    if char == "$":
        return _after_dollar(text, position)
    if char == '"':
        closed = _IDENTIFIER.match(text, position)
    else:
        escaped = position and text[position - 1] in "eE" and not _is_word(text, position - 2)
        closed = (_ESCAPED_STRING if escaped else _STRING).match(text, position)
    return closed.end() if closed else _recover(text, position)


def _after_comment(text: str, position: int) -> int:
    depth = 0
    for mark in _COMMENT_MARK.finditer(text, position):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    return _recover(text, position)


def _after_dollar(text: str, position: int) -> int:
    tag = _DOLLAR.match(text, position)
    if not tag or _is_word(text, position - 1):
        return position + 1
    end = text.find(tag[0], tag.end())
    return _recover(text, position) if end < 0 else end + len(tag[0])


def _is_word(text: str, position: int) -> bool:
    return position >= 0 and (text[position].isalnum() or text[position] in "_$")


def _recover(text: str, position: int) -> int:
    """Where to go on after a quote that nothing closes: at the next semicolon that ends a line."""
    end = text.find(";\n", position)
    return len(text) if end < 0 else end


def _statement_end(text: str, start: int, end: int) -> int:
    """The offset of the semicolon that really ends the statement whose first semicolon is at ``end``."""
    first = end
    start = code_start(text, start)
    if not _HOLDS_STATEMENTS.match(text, start, end):
        return first
    for _ in range(_MAX_INNER_STATEMENTS):
        if is_sql(text[start:end]):
            return end
        position = end + 1
        while (found := _SPECIAL.search(text, position)) and found[0] != ";":
            position = max(_skip(text, found.start(), found[0]), found.start() + 1)
        if not found:
            break
        end = found.start()
    return first


def code_start(text: str, position: int) -> int:
    """The first offset from ``position`` on that is neither blank nor comment."""
    while True:
        blank = _BLANK.match(text, position)
        assert blank is not None
        position = blank.end()
        if not text.startswith("/*", position):
            return position
        position = _after_comment(text, position)


def _after_copy_data(text: str, piece: Piece, position: int) -> int:
    """The offset behind the data that follow ``COPY ... FROM stdin;``, or ``position`` for another statement."""
    if not _COPY_STDIN.match(piece.text, code_start(piece.text, 0)):
        return position
    end = _COPY_END.search(text, position)
    return end.end() if end else len(text)


def _piece(text: str, start: int, end: int, holes: list[tuple[int, int]]) -> Piece:
    if not holes:
        return Piece(text[start:end], start)
    parts, position = [], start
    for hole_start, hole_end in holes:
        parts += [text[position:hole_start], " " * (hole_end - hole_start)]
        position = hole_end
    return Piece("".join((*parts, text[position:end])), start)
