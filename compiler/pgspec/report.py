"""Printers of findings: full, concise, json, github, sarif."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pgspec import __version__
from pgspec.diagnostics import Diagnostic, Severity

FORMATS = ("full", "concise", "json", "github", "sarif")

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
    frames = "\n".join(frame(item, texts.get(item.span.path, ""), paint) for item in found)
    return frames + (f"\n{summary(found)}\n" if found else "")


def summary(found: Iterable[Diagnostic]) -> str:
    """``2 errors, 1 warning``."""
    number = dict.fromkeys(Severity, 0)
    for item in found:
        number[item.severity] += 1
    parts = [f"{count} {name}{'' if count == 1 else 's'}" for name, count in number.items() if count]
    return ", ".join(parts) or "no findings"


def frame(item: Diagnostic, text: str, paint: Paint = plain) -> str:
    """One finding as rustc shows it: message, place, the source line with carets, help."""
    span = item.span
    lines = text.split("\n")
    row = lines[span.line - 1].rstrip("\r") if 0 < span.line <= len(lines) else ""
    gutter = " " * len(str(span.line))
    title = paint(f"{item.severity}[{item.code}]", item.severity.value) + paint(
        f": {_one_line(item.message)}", "message"
    )
    out = [title, f"{gutter}{paint('-->', 'rule')} {_one_line(span.path)}:{span.line}:{span.column}"]
    if row.strip():
        bar = paint("|", "rule")
        before, marked = row[: span.column - 1], row[span.column - 1 :]
        if span.end_line == span.line:
            marked = marked[: max(span.end_column - span.column, 1)]
        indent = "".join("\t" if char == "\t" else " " * _width(char) for char in before)
        carets = paint("^" * max(sum(_width(char) for char in marked.rstrip()), 1), item.severity.value)
        out += [
            f"{gutter} {bar}",
            f"{paint(str(span.line), 'rule')} {bar} {_visible(row)}",
            f"{gutter} {bar} {indent}{carets}",
        ]
    if item.help:
        out.append(f"{gutter} {paint('=', 'rule')} {paint('help', 'help')}: {_one_line(item.help)}")
    return "\n".join(out) + "\n"


def _width(char: str) -> int:
    """Columns of a character in a terminal."""
    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _visible(row: str) -> str:
    """A source line without characters that would act on the terminal."""
    return "".join(char if char == "\t" or (ord(char) >= ord(" ") and char != "\x7f") else " " for char in row)


def _one_line(text: str) -> str:
    return " ".join(_visible(line).strip() for line in text.split("\n"))


def _concise(item: Diagnostic) -> str:
    span = item.span
    return f"{span.path}:{span.line}:{span.column}: {item.severity}[{item.code}] {_one_line(item.message)}\n"


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
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _github(item: Diagnostic) -> str:
    """A workflow command; see "Workflow commands for GitHub Actions", setting an error message."""
    span = item.span

    def escape(text: str, more: str = "") -> str:
        for char in f"%\r\n{more}":
            text = text.replace(char, f"%{ord(char):02X}")
        return text

    place = {
        "file": span.path,
        "line": span.line,
        "endLine": span.end_line,
        "col": span.column,
        "endColumn": span.end_column,
    }
    fields = [*place.items(), ("title", f"{item.code} {item.name}".strip())]
    text = item.message + (f"\nhelp: {item.help}" if item.help else "")
    properties = ",".join(f"{name}={escape(str(value), ':,')}" for name, value in fields)
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
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _location(item: Diagnostic) -> dict[str, Any]:
    span = item.span
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"artifactLocation": {"uri": span.path}, "region": region}
