"""YAML text -> values, with the span of every key and value.

PyYAML composes the nodes, whose marks are the positions; one walk turns them into plain values by the core
schema of YAML 1.2.2 (section 10.3), where ``on`` is a string and ``010`` is ten.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from pgspec.diagnostics import Diagnostic, Severity, Span

MAX_BYTES = 1 << 20
MAX_DEPTH = 64

Path = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_LOADER):  # type: ignore[misc]
    """A loader that composes nodes and resolves plain scalars by YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own protocol


def _number(convert: Callable[[str], int | float]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return convert(text)
        except ValueError:  # longer than Python converts: keep the text, the model will refuse it
            return text

    return parse


_SCALARS: tuple[tuple[str, str, str, Callable[[str], Any]], ...] = (
    ("null", r"null|Null|NULL|~|", "nN~", lambda _: None),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF", lambda text: text[0] in "tT"),
    ("int", r"[-+]?[0-9]+", "-+0123456789", _number(int)),
    ("octal", r"0o[0-7]+", "0", _number(lambda text: int(text[2:], 8))),
    ("hex", r"0x[0-9a-fA-F]+", "0", _number(lambda text: int(text, 16))),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
        _number(lambda text: float(re.sub(r"\.(inf|nan)$", r"\1", text, flags=re.IGNORECASE))),
    ),
)
_CONVERT = {f"!{tag}": convert for tag, _, _, convert in _SCALARS}
for _tag, _pattern, _first, _ in _SCALARS:
    _Loader.add_implicit_resolver(
        f"!{_tag}", re.compile(f"^(?:{_pattern})$"), [*_first, *([""] if _tag == "null" else [])]
    )

# Line breaks of YAML 1.1 that YAML 1.2 reads as other characters; libyaml would count lines by them.
_BREAKS = re.compile("[\x85\u2028\u2029]")

_CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

_STANDARD_TAGS = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"})


@dataclass(frozen=True, slots=True)
class SqlText:
    """SQL as a user wrote it, and where: ``lines`` holds the file position (line, column) of each of its lines.

    When the text cannot be mapped back (it has YAML escapes), ``lines`` is empty and every place is ``whole``.
    """

    text: str
    whole: Span
    lines: tuple[tuple[int, int], ...] = ()

    def span(self, start: int, end: int) -> Span:
        """The file span of the code points ``start`` to ``end`` of the text."""
        if not self.lines:
            return self.whole
        last = len(self.text.rstrip())  # what is missing at the end is missing after the last word
        start = min(max(start, 0), last)
        while end > start + 1 and self.text[end - 1 : end] in ("\n", ""):
            end -= 1
        line, column = self._position(start)
        end_line, end_column = self._position(end) if end > start else (line, column)
        if (end_line, end_column) <= (line, column) or self.text[start : start + 1] == "\n":
            end_line, end_column = line, column + 1
        return Span(self.whole.path, line, column, end_line, end_column)

    def _position(self, offset: int) -> tuple[int, int]:
        row = min(self.text.count("\n", 0, offset), len(self.lines) - 1)
        begin = self.text.rfind("\n", 0, offset) + 1
        line, column = self.lines[row]
        return line, column + offset - begin


def sql_file(path: str, text: str) -> SqlText:
    """The whole of a SQL file as `SqlText`."""
    rows = text.count("\n") + 1
    whole = Span(path, 1, 1, rows, len(text) - text.rfind("\n"))
    return SqlText(text, whole, tuple((row, 1) for row in range(1, rows + 1)))


@dataclass(slots=True)
class Document:
    """One YAML document: its plain value, its nodes for positions, and what was wrong with it as YAML."""

    path: str
    text: str
    node: Any = None
    value: Any = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    seen: set[int] = field(default_factory=set, repr=False)
    split: list[str] = field(default_factory=list, repr=False)

    @property
    def rows(self) -> list[str]:
        """The lines of the file."""
        if not self.split:
            self.split.extend(self.text.split("\n"))
        return self.split

    def _find(self, path: Path) -> tuple[Any, Any]:
        """The value node at ``path``, or at its nearest parent, and the key node that leads to it."""
        node, key = self.node, None
        for part in path:
            step = _step(node, part)
            if step is None:
                break
            key, node = step
        return node, key

    def at(self, *path: str | int) -> Span:
        """The span of the value at ``path``, or of its nearest parent."""
        return self._span(self._find(path)[0])

    def key(self, *path: str | int) -> Span:
        """The span of the key that leads to ``path``, or of the value where there is no key (list items)."""
        node, key = self._find(path)
        return self._span(key if key is not None else node)

    def head(self) -> Span:
        """The span that stands for the whole document: its first line."""
        span = self._span(self.node)
        first = self.rows[span.line - 1].rstrip() if self.node is not None else ""
        return Span(self.path, span.line, span.column, span.line, max(len(first) + 1, span.column + 1))

    def has(self, *path: str | int) -> bool:
        """Whether something is written at exactly ``path``."""
        node = self.node
        for part in path:
            step = _step(node, part)
            if step is None:
                return False
            node = step[1]
        return True

    def sql(self, *path: str | int) -> SqlText:
        """The scalar at ``path`` as SQL whose places can be mapped back to the file."""
        node = self._find(path)[0]
        text, span = node.value, self._span(node)
        if node.style == "|":
            first = _block_start(self.rows, node)
            column = _indent(self.rows[first:], text) + 1
            return SqlText(text, span, tuple((first + row + 1, column) for row in range(text.count("\n") + 1)))
        if span.line == span.end_line:
            quote = 1 if node.style in ("'", '"') else 0
            row = self.rows[span.line - 1]
            if row[span.column - 1 + quote : span.end_column - 1 - quote] == text:
                return SqlText(text, span, ((span.line, span.column + quote),))
        return SqlText(text, span)

    def is_folded(self, *path: str | int) -> bool:
        """Whether the scalar at ``path`` spans lines in a style that joins them, so that places are lost."""
        node = self._find(path)[0]
        return bool(node.style == ">" or (node.style != "|" and node.start_mark.line != node.end_mark.line))

    def _span(self, node: Any) -> Span:
        if node is None:
            return Span(self.path, 1, 1, 1, 2)
        line, column = _end(node, self.rows)
        start = min((node.start_mark.line, node.start_mark.column), (line, column))
        return Span(self.path, start[0] + 1, start[1] + 1, line + 1, column + 1)


def _end(node: Any, rows: list[str]) -> tuple[int, int]:
    """Where a node ends, 0-based; PyYAML lets block collections and literal blocks reach to the next word."""
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last, rows)
    mark = node.end_mark
    line, column = mark.line, mark.column
    if line >= len(rows):  # libyaml ends every text with a line break
        line, column = len(rows) - 1, len(rows[-1])
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        while line > node.start_mark.line and not rows[line][:column].strip():
            line -= 1
            column = len(rows[line])
    return line, column


def _step(node: Any, part: str | int) -> tuple[Any, Any] | None:
    """One step down: (key node or None, value node)."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None


def _block_start(rows: list[str], node: Any) -> int:
    """The number of lines up to and with the one that has the ``|`` of a literal block."""
    for number in range(node.start_mark.line, node.end_mark.line + 1):
        if re.search(r"\|[-+0-9]*\s*(#.*)?$", rows[number]):
            return number + 1
    return int(node.start_mark.line) + 1


def _indent(rows: list[str], text: str) -> int:
    """How many columns the lines of a literal block are indented by, given the lines that follow its ``|``."""
    wanted = next((line for line in text.split("\n") if line.strip()), "")
    written = next((row for row in rows if row.strip()), "")
    return len(written) - len(wanted)


def read(path: str, data: bytes) -> list[Document]:
    """The documents of one YAML file.  A file that is not YAML gives one document that holds the diagnostic."""
    if len(data) > MAX_BYTES:
        problem = f"the file has {len(data):,} bytes; a spec file has at most {MAX_BYTES:,}"
        return [
            _failed(path, "", "PRJ009", problem, "is it a spec? split it into several files, or move it out of specs/")
        ]
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        message = f"the file is not UTF-8 text (byte {error.start})"
        return [_failed(path, "", "PRJ009", message, "spec files are YAML in UTF-8")]
    if strange := _BREAKS.search(text):
        name = f"U+{ord(strange[0]):04X}"
        message = f"the file has the character {name}, which some YAML readers take for a line break"
        return [_failed(path, text, "PRJ001", message, "remove it", _place(text, strange.start()))]
    if _looks_deep(text) and (place := _too_deep(text)):
        return [_failed(path, text, "PRJ001", "nested too deeply", "a spec needs no such nesting", place)]
    return _compose(path, text)


def _place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _compose(path: str, text: str) -> list[Document]:
    documents: list[Document] = []
    loader = _Loader(text)
    try:
        while loader.check_node():
            document = Document(path, text, loader.get_node())
            document.value = _value(document, document.node, None)
            if document.value is not None or document.diagnostics:
                documents.append(document)
        if not documents:
            message, help_ = "the file holds no spec", "write one that starts with `kind:`, or delete the file"
            documents.append(_failed(path, text, "PRJ005", message, help_))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        rows = text.split("\n")
        if line > len(rows):  # libyaml ends every text with a line break
            line, column = len(rows), len(rows[-1]) + 1
        what = " ".join(part for part in (error.problem, error.context) if part) or "not YAML"
        documents.append(_failed(path, text, "PRJ001", f"YAML syntax error: {what}", _yaml_help(what), (line, column)))
    except yaml.reader.ReaderError as error:
        before = text.encode()[: error.position if isinstance(error.position, int) else 0].decode("utf-8", "ignore")
        message = f"YAML syntax error: {error.reason}"
        documents.append(_failed(path, text, "PRJ001", message, "remove them", _place(text, len(before))))
    finally:
        loader.dispose()
    return documents


def _yaml_help(problem: str) -> str:
    if "'\\t'" in problem or "tab" in problem:
        return "indent with spaces"
    if "mapping values are not allowed" in problem:
        return "quote a value that contains `: `"
    return "check the indentation and the quotes before this place"


def _failed(path: str, text: str, code: str, message: str, help_: str, at: tuple[int, int] = (1, 1)) -> Document:
    document = Document(path, text)
    span = Span(path, *at, at[0], at[1] + 1)
    document.diagnostics.append(Diagnostic(span, code, Severity.ERROR, message, help_))
    return document


def _looks_deep(text: str) -> bool:
    """Whether the text could nest deeply at all; a cheap look that spares most files a second reading."""
    if text.count("[") + text.count("{") > MAX_DEPTH:
        return True
    return any(len(row) - len(row.lstrip(" -?")) > MAX_DEPTH for row in text.split("\n"))


def _too_deep(text: str) -> tuple[int, int] | None:
    """Where the text nests further than a recursive parser should be asked to follow."""
    loader = _Loader(text)
    level = 0
    try:
        while loader.check_event():
            event: Any = loader.get_event()
            if isinstance(event, yaml.CollectionStartEvent):
                level += 1
                if level > MAX_DEPTH and event.start_mark:
                    return event.start_mark.line + 1, event.start_mark.column + 1
            elif isinstance(event, yaml.CollectionEndEvent):
                level -= 1
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        if mark is not None and "nesting depth" in (error.problem or ""):  # libyaml has a limit of its own
            return mark.line + 1, mark.column + 1
        return None  # reported when the nodes are composed
    except yaml.YAMLError:
        return None
    finally:
        loader.dispose()
    return None


def _value(document: Document, node: Any, key: Any) -> Any:
    if id(node) in document.seen:  # an alias is the node that it names, a second time
        _report(document, key or node, "PRJ003", "aliases (`*name`) are not allowed", "write the value out")
        return None
    document.seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        return _scalar(document, node)
    if node.tag not in _STANDARD_TAGS:
        _report(document, node, "PRJ003", f"the tag `{node.tag}` is not allowed", "remove the tag")
    if isinstance(node, yaml.SequenceNode):
        return [_value(document, child, key) for child in node.value]
    out: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for name, child in node.value:
        _pair(document, out, lines, name, child)
    return out


def _pair(document: Document, out: dict[str, Any], lines: dict[str, int], key: Any, child: Any) -> None:
    """Add a key and its value to ``out``; ``lines`` holds where each of its keys is written."""
    if not isinstance(key, yaml.ScalarNode):
        _report(document, key, "PRJ001", "a key must be a word", "quote it if it is meant as text")
    elif key.value == "<<" and not key.style:
        _report(document, key, "PRJ003", "merge keys (`<<`) are not allowed", "write the keys out")
    elif key.value in out:
        message = f"duplicate key `{key.value}`; it is first defined on line {lines[key.value]}"
        _report(document, key, "PRJ002", message, "remove one of the two")
    else:
        _scalar(document, key)  # as text, whatever it looks like
        lines[key.value] = key.start_mark.line + 1
        out[key.value] = _value(document, child, key)


def _scalar(document: Document, node: Any) -> Any:
    text: str = node.value
    convert = _CONVERT.get(node.tag)
    if convert is not None and not node.style:
        return convert(text)
    if convert is None and node.tag not in _STANDARD_TAGS:
        _report(document, node, "PRJ003", f"the tag `{node.tag}` is not allowed", "remove the tag")
    if "\0" in text or (not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)):
        _report(document, node, "PRJ006", "the text has a character that PostgreSQL cannot store", "remove it")
        return text.replace("\0", "").encode("utf-8", "replace").decode()
    if not text.isprintable() and (strange := _CONTROL.search(text)):
        message = f"the text has the control character U+{ord(strange[0]):04X}"
        _report(document, node, "PRJ006", message, "remove it")
    return text


def _report(document: Document, node: Any, code: str, message: str, help_: str) -> None:
    start, end = node.start_mark, node.end_mark
    end_line, end_column = (
        (end.line + 1, end.column + 1) if end.line == start.line else (start.line + 1, start.column + 2)
    )
    span = Span(document.path, start.line + 1, start.column + 1, end_line, end_column)
    document.diagnostics.append(Diagnostic(span, code, Severity.ERROR, message, help_))
