"""The one place that turns names and values into SQL text.

`Sql` marks text that is already SQL.  Templates print nothing else, so a name that was not quoted
cannot reach the output: it fails to render.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple, Self

from pgspec.pgsql import KEYWORDS_TO_QUOTE

MAX_IDENTIFIER_BYTES = 63

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


class Sql(str):
    """Text that is already valid SQL."""

    __slots__ = ()

    def join(self, parts: Iterable[str], /) -> Self:
        """Join parts that are all `Sql`; anything else is a TypeError."""
        items = list(parts)
        if not all(isinstance(p, Sql) for p in items):
            raise TypeError("only Sql can be joined into Sql")
        return type(self)(super().join(items))


class QName(NamedTuple):
    """A name in a schema, as the catalog stores it: neither part is quoted or folded."""

    schema: str
    name: str

    def __str__(self) -> str:
        return qname(self)


def name_problem(name: str) -> str | None:
    """Why ``name`` cannot be an identifier, or None when it can."""
    if not name:
        return "a name cannot be empty"
    if _CONTROL.search(name):
        return "a name cannot contain a line break or another control character"
    size = len(name.encode("utf-8", "surrogatepass"))
    if size > MAX_IDENTIFIER_BYTES:
        return f"a name is at most {MAX_IDENTIFIER_BYTES} bytes long; this one has {size}"
    return None


@functools.lru_cache(maxsize=1 << 16)
def ident(name: str) -> Sql:
    """``name`` as an identifier; quoted only where PostgreSQL needs it.  ValueError when it cannot be one."""
    if problem := name_problem(name):
        raise ValueError(f"{problem}: {name!r}")
    if _PLAIN.fullmatch(name) and name not in KEYWORDS_TO_QUOTE:
        return Sql(name)
    return Sql('"' + name.replace('"', '""') + '"')


def catalog_ident(name: str) -> Sql:
    """A name that a server has as an identifier, as `ident` writes it; also one that no spec could use."""
    return Sql('"' + name.replace('"', '""') + '"') if name_problem(name) else ident(name)


def qname(name: QName) -> Sql:
    """``schema.name``, each part quoted where needed."""
    return Sql(f"{ident(name.schema)}.{ident(name.name)}")


def literal(value: str | int | bool) -> Sql:
    """A value as a SQL literal that reads the same whatever ``standard_conforming_strings`` says."""
    if isinstance(value, bool):
        return Sql("true" if value else "false")
    if isinstance(value, int):
        return Sql(str(value))
    if "\0" in value:
        raise ValueError("NUL cannot be stored in text")
    quoted = "'" + value.replace("'", "''") + "'"
    return Sql("E" + quoted.replace("\\", "\\\\") if "\\" in value else quoted)


def dollar(body: str, tag: str = "pgspec") -> Sql:
    """``body`` between dollar quotes whose tag does not occur in it."""
    while f"${tag}$" in body or body.endswith(f"${tag}"):
        tag = f"{tag}_"
    return Sql(f"${tag}${body}${tag}$")


def remark(text: str) -> Sql:
    """``text`` as one ``--`` comment; a line break in it cannot end the comment."""
    return Sql("-- " + _CONTROL.sub(" ", text).strip())


def commas(parts: Iterable[str]) -> Sql:
    """The parts, all of them `Sql`, with ``, `` between."""
    return Sql(", ").join(parts)


def derived_name(*parts: str) -> str:
    """The parts joined by ``_``, cut to 63 bytes; a cut name keeps a hash, so that two stay different."""
    name = "_".join(parts)
    if len(name.encode()) <= MAX_IDENTIFIER_BYTES:
        return name
    tail = "_" + hashlib.sha256(name.encode()).hexdigest()[:8]
    head = name.encode()[: MAX_IDENTIFIER_BYTES - len(tail)].decode(errors="ignore")
    return head + tail
