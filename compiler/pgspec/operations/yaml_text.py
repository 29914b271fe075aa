"""Values as YAML that every reader of YAML takes alike: 1.1, 1.2, Go's and Python's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

Yaml = None | bool | int | float | str | Sequence["Yaml"] | Mapping[str, "Yaml"]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
# Readers of 1.1 take some of these for line breaks, and refuse others.
_ODD = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_LINE = re.compile(r"[ -~]*[!-~]")


def dump(value: Yaml) -> str:
    """The text of a mapping or a list."""
    return "".join(f"{line}\n" for line in _block(value))


def quoted(text: str) -> str:
    """A text in double quotes, as YAML, JSON and PromQL read it."""
    return _ODD.sub(lambda odd: f"\\u{ord(odd[0]):04x}", json.dumps(text, ensure_ascii=False))


def _block(value: Yaml) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(f"{_scalar(key)}:", item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            first, *others = _block(item) if _nested(item) else [_scalar(item)]
            yield f"- {first}"
            yield from (f"  {line}".rstrip() for line in others)
    else:
        yield _scalar(value)


def _entry(key: str, item: Yaml) -> Iterator[str]:
    if _nested(item):
        yield key
        yield from (f"  {line}".rstrip() for line in _block(item))
    elif isinstance(item, str) and _is_literal(item):
        yield f"{key} |"
        yield from (f"  {line}" for line in item.rstrip("\n").split("\n"))
    else:
        yield f"{key} {_scalar(item)}"


def _nested(item: Yaml) -> bool:
    return isinstance(item, Mapping | Sequence) and not isinstance(item, str) and bool(item)


def _is_literal(text: str) -> bool:
    """Whether a text of several lines is the same as a literal block: it ends in one line break."""
    lines = text.removesuffix("\n").split("\n")
    return text.endswith("\n") and not text.startswith(" ") and all(_LINE.fullmatch(line) for line in lines)


def _scalar(value: Yaml) -> str:
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
            return value
        single = _LINE.fullmatch(value) and ('"' in value or "\\" in value)
        return "'" + value.replace("'", "''") + "'" if single else quoted(value)
    if isinstance(value, Mapping):
        return "{}"
    return json.dumps(value) if value is None or isinstance(value, bool | int | float) else "[]"
