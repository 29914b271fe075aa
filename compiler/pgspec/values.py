"""Values as PostgreSQL has them, for the types whose input and comparison are the same on every server.

A value is None, bool, int, Decimal, str (texts, enums, and uuids in their one printed form), or `Json`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

TEXTS = frozenset({"text", "character varying", "name", "unknown"})
_RANGES = {"smallint": 15, "integer": 31, "bigint": 63}
_UUID = re.compile(r"(?:[0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}")
_INTEGER = re.compile(r"[ \t\n\v\f\r]*([-+]?[0-9]+)[ \t\n\v\f\r]*")
_NUMERIC = re.compile(r"[ \t\n\v\f\r]*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))[ \t\n\v\f\r]*")
_LENIENT = re.compile(r"0[xob]|_|inf|nan|e", re.IGNORECASE)
_TRUTHS = {"true": 1, "yes": 1, "on": 2, "1": 1, "false": 1, "no": 1, "off": 2, "0": 1}
"""The words for booleans, and how many letters of each are enough."""


class UndecidableError(Exception):
    """What PostgreSQL would do is not known here; the text says of what."""


class FailsError(Exception):
    """PostgreSQL would raise an error with this SQLSTATE."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON value.  ``binary``: it is jsonb, which prints numbers and objects its own way."""

    value: Any
    binary: bool


Value = None | bool | int | Decimal | str | Json | tuple[Any, ...]


def family(type_name: str | None, enums: frozenset[str]) -> str | None:
    """Types of one family compare by their values; None for a type that is not known here."""
    if type_name in TEXTS:
        return "text"
    if type_name in _RANGES or type_name == "numeric":
        return "number"
    return type_name if type_name in ("uuid", "boolean") or type_name in enums else None


def from_text(text: str, target: str | None, labels: tuple[str, ...] | None = None) -> Value:
    """The value of type ``target`` that PostgreSQL reads from a text.  ``labels``: those of an enum."""
    if labels is not None:
        return text if text in labels else _fail("22P02")
    if target in TEXTS and target != "name":
        return text
    reader = _READERS.get(target or "")
    if reader is None:
        raise UndecidableError(f"a value of type {target}")
    return reader(text, target)


def _fail(sqlstate: str) -> Value:
    raise FailsError(sqlstate)


def _uuid(text: str, _target: str | None) -> Value:
    inner = text[1:-1] if text.startswith("{") and text.endswith("}") else text
    if not _UUID.fullmatch(inner):
        return _fail("22P02")
    digits = inner.replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _integer(text: str, target: str | None) -> Value:
    found = _INTEGER.fullmatch(text)
    if found is None:
        if _LENIENT.search(text):  # PostgreSQL 16 reads more than 15 does
            raise UndecidableError("a number that versions read differently")
        return _fail("22P02")
    return in_range(int(found[1]), target or "")


def in_range(number: int, target: str) -> int:
    """The number, if the integer type can hold it."""
    bits = _RANGES[target]
    if not -(2**bits) <= number < 2**bits:
        raise FailsError("22003")
    return number


def _numeric(text: str, _target: str | None) -> Value:
    found = _NUMERIC.fullmatch(text)
    if found is None:
        if _LENIENT.search(text):
            raise UndecidableError("a number that versions read differently")
        return _fail("22P02")
    return Decimal(found[1])


def _boolean(text: str, _target: str | None) -> Value:
    word = text.strip(" \t\n\v\f\r").lower()
    for known, least in _TRUTHS.items():
        if len(word) >= least and known.startswith(word):
            return known in ("true", "yes", "on", "1")
    return _fail("22P02")


def _json(text: str, target: str | None) -> Value:
    """Python's reader takes more than PostgreSQL's: NaN and Infinity."""
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return _fail("22P02")
    if "\\u" in text or "\0" in text:
        raise UndecidableError("JSON with escaped characters")
    return Json(value, target == "jsonb")


def _no_constant(name: str) -> None:
    raise ValueError(name)


_READERS = {
    "uuid": _uuid,
    "smallint": _integer,
    "integer": _integer,
    "bigint": _integer,
    "numeric": _numeric,
    "boolean": _boolean,
    "json": _json,
    "jsonb": _json,
}


def to_text(value: Value) -> str | None:
    """A value as a cast to text prints it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    raise UndecidableError("the text of a JSON value")


def member(value: Value, key: Value) -> Value:
    """``value -> key``: a member of an object by text, of an array by number."""
    if value is None or key is None:
        return None
    assert isinstance(value, Json)
    inside = value.value
    if isinstance(inside, dict) and isinstance(key, str) and key in inside:
        return Json(inside[key], value.binary)
    if isinstance(inside, list) and isinstance(key, int) and -len(inside) <= key < len(inside):
        return Json(inside[key], value.binary)
    return None


def at_path(value: Value, path: tuple[str, ...]) -> Value:
    """``value #> path``: an element of an array is named by its number."""
    for step in path:
        inside = value.value if isinstance(value, Json) else None
        if isinstance(inside, list):
            if not re.fullmatch(r"-?[0-9]{1,9}", step):
                return None
            value = member(value, int(step))
        else:
            value = member(value, step)
        if value is None:
            return None
    return value


def json_text(value: Value) -> str | None:
    """What ``->>`` gives for a member that was found."""
    if value is None:
        return None
    assert isinstance(value, Json)
    inside = value.value
    if inside is None or isinstance(inside, str):
        return inside
    if isinstance(inside, bool):
        return "true" if inside else "false"
    if value.binary and not isinstance(inside, int):
        raise UndecidableError("the text of a jsonb value")
    return json.dumps(inside, ensure_ascii=False)


def claims_text(claims: dict[str, Any]) -> str:
    """The setting that holds the claims of a request; empty without any."""
    return json.dumps(claims, ensure_ascii=False) if claims else ""
