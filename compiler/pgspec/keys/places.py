"""Where things end: the parser says where a node starts, the text says where it stops."""

from __future__ import annotations

import re

_NAME = r'(?:[uU]&)?"(?:[^"]|"")*"|[^\W\d][\w$]*'
_DOTTED = re.compile(rf"(?:{_NAME})(?:\s*\.\s*(?:{_NAME}|\*))*")
_TOKEN = re.compile(
    rf"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
    | (?P<string>[eE]'(?:[^'\\]|''|\\.)*' | '(?:[^']|'')*' | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<name>{_NAME})
    | (?P<open>[(\[]) | (?P<close>[)\]]) | (?P<comma>,) | (?P<semicolon>;)
    | (?P<other>[\d.]\w*|.)""",
    re.VERBOSE | re.DOTALL,
)
_GROUP_BY = re.compile(r"\bgroup\s+by\b", re.IGNORECASE)
_AFTER_ITEM = frozenset({"from", "where", "group", "having", "window", "order", "limit", "offset", "fetch", "for",
                         "union", "intersect", "except", "into"})  # fmt: skip
_AFTER_SOURCE = _AFTER_ITEM | {"join", "left", "right", "full", "inner", "cross", "natural"}


class Places:
    """Ends of names and clauses in one text; guesses when there is no text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def name_end(self, start: int, length: int = 1) -> int:
        """The end of the possibly qualified name that starts here; ``length`` is what to assume without a text."""
        found = _DOTTED.match(self.text, start) if start >= 0 else None
        return found.end() if found else start + length

    def item_end(self, start: int, following: int = -1) -> int:
        """The end of the item of a SELECT list that starts here; ``following`` is where the next one starts, if that
        is known: then the comma between is soon found, unless a comment may hold one."""
        if 0 <= start < following:
            between = self.text[start:following]
            if "--" not in between and "/*" not in between:
                return start + len(between[: between.rfind(",")].rstrip())
        return self._end(start, _AFTER_ITEM, stop_at_comma=True)

    def clause_end(self, start: int) -> int:
        """The end of the clause, a list, whose first element starts here."""
        return self._end(start, _AFTER_ITEM, stop_at_comma=False)

    def source_end(self, start: int) -> int:
        """The end of the FROM item that starts here, with its alias and ON condition."""
        return self._end(start, _AFTER_SOURCE, stop_at_comma=True)

    def _end(self, start: int, stops: frozenset[str], *, stop_at_comma: bool) -> int:
        if start < 0 or not self.text:
            return start + 1
        depth, end = 0, start
        for token in _TOKEN.finditer(self.text, start):
            kind = token.lastgroup
            if kind == "space":
                continue
            if depth == 0 and (
                kind in ("close", "semicolon")
                or (kind == "comma" and stop_at_comma)
                or (kind == "name" and token.group().lower() in stops)
            ):
                break
            depth += (kind == "open") - (kind == "close")
            end = token.end()
        return max(end, start + 1)

    def group_by(self, select_start: int, first: int) -> tuple[int, int]:
        """The GROUP BY clause of the SELECT whose list starts at ``select_start``; ``first`` is where its first
        element starts, if the parser said so."""
        written = _GROUP_BY.findall(self.text)
        alone = _GROUP_BY.search(self.text, max(0, select_start)) if len(written) == 1 else None
        start = alone.start() if alone else self._keyword("group", select_start)
        if start >= 0:
            return start, self.clause_end(start + len("group"))
        return (first, first + 1) if first >= 0 else (select_start, select_start + 1)

    def _keyword(self, word: str, start: int) -> int:
        depth = 0
        for token in _TOKEN.finditer(self.text, start) if start >= 0 else ():
            depth += (token.lastgroup == "open") - (token.lastgroup == "close")
            if depth < 0 or token.lastgroup == "semicolon":
                break
            if depth == 0 and token.lastgroup == "name" and token.group().lower() == word:
                return token.start()
        return -1
