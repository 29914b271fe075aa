"""The SQL that a spec holds: found in the document or in the file that it names, parsed, and judged as one SELECT."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pgspec.diagnostics import Diagnostic, Severity, SqlFinding
from pgspec.pgsql import ParseFailure, Statement, ast, parse, tokens, walk
from pgspec.source import Document, Path, SqlText


def nearest(word: str, known: Iterable[str]) -> str:
    """Help text that offers the known word closest to ``word``, or an empty text."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""


def placed(source: SqlText, name: str, finding: SqlFinding, severity: Severity = Severity.ERROR) -> Diagnostic:
    """A finding inside the SQL of the spec ``name``, at its place in the file."""
    span = source.span(finding.start, finding.end)
    return Diagnostic(span, finding.code, severity, finding.message, finding.help, name)


def query_source(spec: Any, document: Document, files: Mapping[str, SqlText], found: list[Diagnostic]) -> SqlText:
    """The text of ``query``, or of the file that ``query_file`` names; empty, with a finding, when there is none.

    ``files`` holds the SQL files that may be named, by path.
    """

    def error(path: str, code: str, message: str, help_: str) -> None:
        found.append(Diagnostic(document.at(path), code, Severity.ERROR, message, help_, str(spec.name)))

    empty = SqlText("", document.head())
    if (spec.query is None) == (spec.query_file is None):
        message = "missing key `query`" if spec.query is None else "`query` and `query_file` exclude each other"
        span = document.head() if spec.query is None else document.key("query_file")
        help_ = "add `query: |` with the SELECT below it" if spec.query is None else "keep one of the two"
        found.append(Diagnostic(span, "PRJ005", Severity.ERROR, message, help_, str(spec.name)))
        return empty
    if spec.query_file is not None:
        folder = document.path.rpartition("/")[0]
        path = f"{folder}/{spec.query_file}" if folder else spec.query_file
        if path in files:
            return files[path]
        help_ = nearest(path, files) or f"the path is relative to {folder}/"
        error("query_file", "PRJ009", f"there is no SQL file `{path}`", help_)
        return empty
    return inline_source(document, ("query",), str(spec.name), found)


def inline_source(document: Document, path: Path, name: str, found: list[Diagnostic]) -> SqlText:
    """The SQL that is written at ``path``; empty, with a finding, when its places would be lost or there is nothing."""
    span = document.at(*path)
    if document.is_folded(*path):
        message = "SQL over several lines must be a literal block, or its places are lost"
        help_ = f"write `{path[-1]}: |` and the SQL below it, indented"
        found.append(Diagnostic(span, "PRJ016", Severity.ERROR, message, help_, name))
        return SqlText("", span)
    source = document.sql(*path)
    if not source.text.strip():
        help_ = "write a SELECT" if path[-1] == "query" else "write a condition, or remove the key"
        found.append(Diagnostic(span, "PRJ005", Severity.ERROR, f"the {path[-1]} is empty", help_, name))
    return source


def one_select(text: str, parameters: str) -> Statement | SqlFinding:
    """The one SELECT that ``text`` is, or why it is none.  ``parameters``: what to say of a ``$1``."""
    statements, failure = parse(text)
    if failure is not None:
        return syntax_error(text, failure)
    if not statements:
        return SqlFinding(0, 1, "SQL006", "the query has only comments", "write a SELECT")
    if len(statements) > 1:
        start = statements[1].start + len(text[statements[1].start :]) - len(text[statements[1].start :].lstrip())
        message = f"a query is one statement; this is number 2 of {len(statements)}"
        return SqlFinding(start, start + 1, "SQL006", message, "move it to a spec of its own")
    node = statements[0].node
    if not isinstance(node, ast.SelectStmt):
        what = type(node).__name__.removesuffix("Stmt").upper()
        start = len(text) - len(text.lstrip())
        return SqlFinding(start, start + 1, "SQL006", f"a query is a SELECT, not {what}", "write a SELECT")
    if "$" in text and (parameter := next((n for n in walk(node) if isinstance(n, ast.ParamRef)), None)) is not None:
        start = parameter.location
        end = start + len(re.match(r"\$\d*", text[start:])[0])  # type: ignore[index]
        return SqlFinding(start, end, "SQL006", parameters, "write the value itself")
    if node.intoClause is not None:
        start = text.lower().find("into")
        return SqlFinding(start, start + 1, "SQL006", "a query cannot have INTO", "remove INTO")
    return statements[0]


def syntax_error(text: str, failure: ParseFailure) -> SqlFinding:
    """What PostgreSQL's parser says, at the word where it stopped."""
    end = failure.offset + len(re.match(r"\w*", text[failure.offset :])[0])  # type: ignore[index]
    return SqlFinding(failure.offset, max(end, failure.offset + 1), "SQL001", failure.message, "")


def is_closed(text: str) -> bool:
    """Whether every parenthesis of ``text`` is opened and closed in it, so that it stays what it is between others'."""
    depth = 0
    for token in tokens(text):
        depth += (token.name == "ASCII_40") - (token.name == "ASCII_41")
        if depth < 0 or token.name == "ASCII_59":
            return False
    return depth == 0


def edited(text: str, start: int, end: int, edits: Iterable[tuple[int, str]]) -> str:
    """``text[start:end]`` with insertions made at offsets of ``text``."""
    out = []
    position = start
    for offset, insert in sorted(edits):
        if start <= offset < end:
            out += [text[position:offset], insert]
            position = offset
    return "".join((*out, text[position:end])).strip()
