"""PostgreSQL's own types, functions, operators and casts, as its catalogs of the supported versions say.

`builtins.json` is written by ``tools/dump_builtins.py``.  It is read on first use; an entry is unpacked when its name
is first asked for, because a query uses a handful of the three thousand functions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from pgspec.catalog.model import Volatility

Kind = Literal["function", "aggregate", "window", "procedure"]

_VOLATILITY: dict[str, Volatility] = {"i": "immutable", "s": "stable", "v": "volatile"}
_KIND: dict[str, Kind] = {"f": "function", "a": "aggregate", "w": "window", "p": "procedure"}


@dataclass(frozen=True, slots=True)
class Signature:
    """One overload of a function or operator.  ``schema`` is None for what PostgreSQL itself brings."""

    name: str
    arguments: tuple[str, ...]
    returns: str
    volatility: Volatility
    strict: bool = False
    returns_set: bool = False
    kind: Kind = "function"
    defaults: int = 0
    variadic: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    schema: str | None = None


class TypeFacts(NamedTuple):
    """A row of pg_type: category, whether it is its category's preferred type, element type of an array."""

    category: str
    preferred: bool
    kind: str
    element: str


class CastFacts(NamedTuple):
    """A row of pg_cast: context (implicit, assignment, explicit), method and volatility of its function."""

    implicit: bool
    binary: bool
    volatility: Volatility


@cache
def _tables() -> dict[str, dict[str, str]]:
    text = files("pgspec.keys").joinpath("builtins.json").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, str]] = json.loads(text)
    return loaded


@cache
def type_facts(name: str) -> TypeFacts | None:
    """What pg_type says of the type, or None when it is not built in."""
    packed = _tables()["types"].get(name)
    return TypeFacts(packed[0], packed[1] == "p", packed[2], packed[3:]) if packed else None


@cache
def equal_image_types() -> frozenset[str]:
    """Types whose equal values are the same bytes (btree support function 4), so that any function of equal values is
    equal.  ``character`` is left out: it compares without its trailing blanks, which casts and functions can see."""
    return (frozenset(_tables()["equal_image"]) - {"character", "anyenum", "oidvector"}) | {"character varying"}


@cache
def ordered_types() -> frozenset[str]:
    """Types with a default btree operator class: those that GROUP BY and unique indexes can compare."""
    return frozenset(_tables()["ordered"]) | {"character varying"}


def is_function(name: str) -> bool:
    """Whether any supported version has a function of this name."""
    return name in _tables()["functions"]


@cache
def functions(name: str) -> tuple[Signature, ...]:
    """The overloads of a built-in function."""
    packed = _tables()["functions"].get(name)
    return tuple(_unpack_function(name, entry) for entry in packed.split(";")) if packed else ()


def _unpack_function(name: str, entry: str) -> Signature:
    arguments, defaults, variadic, returns, flags, columns = entry.split("|")
    return Signature(
        name,
        tuple(arguments.split(",")) if arguments else (),
        returns,
        _VOLATILITY[flags[0]],
        flags[1] == "s",
        flags[2] == "r",
        _KIND[flags[3]],
        int(defaults or 0),
        variadic,
        tuple(_split_column(c) for c in columns.split(",")) if columns else (),
    )


def _split_column(column: str) -> tuple[str, str]:
    name, _, type_name = column.partition(":")
    return name, type_name


@cache
def operators(name: str) -> tuple[Signature, ...]:
    """The overloads of a built-in operator; a prefix operator has one argument."""
    packed = _tables()["operators"].get(name)
    return tuple(_unpack_operator(name, entry) for entry in packed.split(";")) if packed else ()


def _unpack_operator(name: str, entry: str) -> Signature:
    left, right, returns, flags = entry.split(",")
    return Signature(name, (left, right) if left else (right,), returns, _VOLATILITY[flags[0]], flags[1] == "s")


@cache
def casts(source: str) -> dict[str, CastFacts]:
    """The casts from a type, by target."""
    packed = _tables()["casts"].get(source)
    if not packed:
        return {}
    entries = (entry.split(",") for entry in packed.split(";"))
    return {target: CastFacts(f[0] == "i", f[1] == "b", _VOLATILITY[f[2]]) for target, f in entries}
