"""Printers of findings: full, concise, json, github, sarif."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pgspec import __version__
from pgspec.diagnostics import Diagnostic, Severity

FORMATS = ("full", "concise", "json", "github", "sarif")

_LONGEST = 160
# Controls, directions of writing, halves of characters, other line breaks; two of them are part of ordinary words.
_ACTING = ("Cc", "Cf", "Cs", "Zl", "Zp")
_JOINERS = "\u200c\u200d"

Texts = Mapping[str, str]
Paint = Callable[[str, str], str]


def plain(text: str, _style: str) -> str:
    """No colour."""
    return text


def render(form: str, found: Sequence[Diagnostic], texts: Texts, paint: Paint = plain) -> str:
    """The findings in one of `FORMATS`.  ``texts`` holds the files that they point into; ``paint`` colours a piece of
    text by the name of a style (``error``, ``warning``, ``rule``, ``help``)."""
    if form == "json":
        return _json(found)
    if form == "sarif":
        return _sarif(found)
    if form == "github":
        return "".join(_github(item) for item in found)
    if form == "concise":
        return "".join(_concise(item) for item in found) + (summary(found) + "\n" if found else "")
    lines = {path: texts[path].split("\n") for path in {item.span.path for item in found} if path in texts}
    frames = "\n".join(frame(item, lines.get(item.span.path, ()), paint) for item in found)
    return frames + (f"\n{summary(found)}\n" if found else "")


def summary(found: Iterable[Diagnostic]) -> str:
    """``2 errors, 1 warning``."""
    number = dict.fromkeys(Severity, 0)
    for item in found:
        number[item.severity] += 1
    parts = [f"{count} {name}{'' if count == 1 else 's'}" for name, count in number.items() if count]
    return ", ".join(parts) or "no findings"


def frame(item: Diagnostic, lines: Sequence[str], paint: Paint = plain) -> str:
    """One finding as rustc shows it: message, place, the source line with carets, help.  ``lines``: of its file."""
    span = item.span
    row = lines[span.line - 1].rstrip("\r") if 0 < span.line <= len(lines) else ""
    gutter = " " * len(str(span.line))
    title = paint(f"{item.severity}[{item.code}]", item.severity.value) + paint(
        f": {_one_line(item.message)}", "message"
    )
    out = [title, f"{gutter}{paint('-->', 'rule')} {_one_line(span.path)}:{span.line}:{span.column}"]
    if row.strip():
        bar = paint("|", "rule")
        end = span.end_column if span.end_line == span.line else len(row) + 1
        row, column, end = _shortened(_visible(row), span.column, max(end, span.column + 1))
        before, marked = row[: column - 1], row[column - 1 : end - 1]
        indent = "".join("\t" if char == "\t" else " " * _width(char) for char in before)
        carets = paint("^" * max(sum(_width(char) for char in marked.rstrip()), 1), item.severity.value)
        out += [
            f"{gutter} {bar}",
            f"{paint(str(span.line), 'rule')} {bar} {row}",
            f"{gutter} {bar} {indent}{carets}",
        ]
    if item.help:
        out.append(f"{gutter} {paint('=', 'rule')} {paint('help', 'help')}: {_one_line(item.help)}")
    return "\n".join(out) + "\n"


def _shortened(row: str, column: int, end: int) -> tuple[str, int, int]:
    """A long line as the piece around ``column``, with the places of the marked part in that piece."""
    if len(row) <= _LONGEST:
        return row, column, end
    first = min(max(column - 1 - _LONGEST // 3, 0), max(len(row) - _LONGEST, 0))
    last = min(first + _LONGEST, len(row))
    left, right = "..." if first else "", "..." if last < len(row) else ""
    shift = len(left) - first
    return f"{left}{row[first:last]}{right}", column + shift, min(end, last + 1) + shift


def _width(char: str) -> int:
    """Columns of a character in a terminal."""
    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _visible(row: str) -> str:
    """A line with a mark for each character that would act on the terminal, or hide what is written."""
    return row if row.isascii() and row.isprintable() else "".join(_mark(char) for char in row)


def _mark(char: str) -> str:
    acts = unicodedata.category(char) in _ACTING and char not in _JOINERS
    return "\N{REPLACEMENT CHARACTER}" if acts and char != "\t" else char


def _one_line(text: str) -> str:
    return " ".join(_visible(line).strip() for line in text.split("\n"))


def clean(text: str) -> str:
    """A text that may keep its line breaks."""
    return "\n".join(_visible(line) for line in text.split("\n"))


def _concise(item: Diagnostic) -> str:
    span = item.span
    return f"{_one_line(span.path)}:{span.line}:{span.column}: {item.severity}[{item.code}] {_one_line(item.message)}\n"


def _json(found: Sequence[Diagnostic]) -> str:
    entries = [
        {
            "code": item.code,
            "severity": item.severity.value,
            "message": item.message,
            "help": item.help,
            "path": item.span.path,
            "line": item.span.line,
            "column": item.span.column,
            "end_line": item.span.end_line,
            "end_column": item.span.end_column,
            "name": item.name,
        }
        for item in found
    ]
    errors = sum(item.severity is Severity.ERROR for item in found)
    value = {"findings": entries, "summary": {"errors": errors, "warnings": len(found) - errors}}
    return json.dumps(value, indent=2) + "\n"


def _github(item: Diagnostic) -> str:
    """A workflow command; see "Workflow commands for GitHub Actions", setting an error message."""
    span = item.span

    def escape(text: str, more: str = "") -> str:
        for char in f"%\r\n{more}":
            text = text.replace(char, f"%{ord(char):02X}")
        return text

    def cleaned(text: str) -> str:
        return clean(text.replace("\r", ""))

    place = {
        "file": span.path,
        "line": span.line,
        "endLine": span.end_line,
        "col": span.column,
        "endColumn": span.end_column,
    }
    fields = [*place.items(), ("title", f"{item.code} {item.name}".strip())]
    text = cleaned(item.message) + (f"\nhelp: {cleaned(item.help)}" if item.help else "")
    properties = ",".join(f"{name}={escape(cleaned(str(value)), ':,')}" for name, value in fields)
    return f"::{item.severity} {properties}::{escape(text)}\n"


def _sarif(found: Sequence[Diagnostic]) -> str:
    """SARIF 2.1.0, as code scanning services read it."""
    from pgspec.rules import RULES  # noqa: PLC0415 - only this format needs the manual

    codes = sorted({item.code for item in found})
    rules: list[dict[str, Any]] = []
    for code in codes:
        entry: dict[str, Any] = {"id": code}
        if code in RULES:
            entry |= {"name": RULES[code].name, "shortDescription": {"text": RULES[code].summary}}
            entry["help"] = {"text": RULES[code].doc}
        rules.append(entry)
    results = [
        {
            "ruleId": item.code,
            "ruleIndex": codes.index(item.code),
            "level": item.severity.value,
            "message": {"text": item.message + (f"\nhelp: {item.help}" if item.help else "")},
            "locations": [{"physicalLocation": _location(item)}],
        }
        for item in found
    ]
    driver = {"name": "pgspec", "version": __version__, "rules": rules}
    value = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(value, indent=2) + "\n"


def _location(item: Diagnostic) -> dict[str, Any]:
    span = item.span
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"artifactLocation": {"uri": quote(span.path, errors="replace")}, "region": region}
