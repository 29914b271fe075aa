"""The user-visible catalog of a database as text, so that two moments, or two databases, can be compared.

Nothing in a snapshot depends on OIDs, on the session's settings, or on where a column sits after others were dropped.
The jobs of pg_cron that have a name are part of it. Left out: what the system or an extension owns, temporary
objects, data (a sequence's value, statistics), what belongs to the cluster (roles, tablespaces), and kinds that
migrations hardly touch: languages, conversions, transforms, access methods, text search parsers and templates,
subscriptions, security labels, large objects.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pgspec.snapshot.queries import JOBS, QUERIES, SCOPE

if TYPE_CHECKING:
    import psycopg

# Whatever changes how the server prints a definition.
_SETTINGS: Mapping[str, str] = {
    "search_path": "pg_catalog, pg_temp",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "bytea_output": "hex",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "timezone": "UTC",
    "xmlbinary": "base64",
    "lc_monetary": "C",
}


Facts = Mapping[str, tuple[str, ...]]
"""What describes one object, by name: one text for each that there is of it."""


def snapshot(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Every object of the connected database: its identity, such as ``index public.i``, and its description.

    The connection may be in a transaction, and its settings are as before afterwards.  psycopg's errors pass through.
    """
    return {
        identity: "\n".join(f"{name} {text}" for name, texts in found.items() for text in texts)
        for identity, found in facts(connection).items()
    }


def facts(connection: psycopg.Connection[Any], queries: Sequence[str] = QUERIES) -> dict[str, Facts]:
    """The same in parts, as far as ``queries`` ask: ``{"index public.i": {"definition": ("CREATE ...",), ...}}``."""
    from psycopg.rows import tuple_row

    found: dict[str, Facts] = {}
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        for name, value in _SETTINGS.items():
            cursor.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
        is_cron = cursor.execute("SELECT pg_catalog.to_regclass('cron.job') IS NOT NULL").fetchone() == (True,)
        for query in (*queries, JOBS) if is_cron else queries:
            cursor.execute((SCOPE + query).encode())
            names = [column.name for column in cursor.description or ()][1:]
            for identity, *values in cursor:
                if identity in found:
                    raise AssertionError(f"two objects with one identity: {identity}")
                found[identity] = _describe(names, values)
    return dict(sorted(found.items()))


def _describe(names: Sequence[str], values: Sequence[object]) -> Facts:
    out: dict[str, tuple[str, ...]] = {}
    for name, value in zip(names, values, strict=True):
        items = value if isinstance(value, list) else [] if value is None else [value]
        texts = [str(item).lower() if isinstance(item, bool) else str(item) for item in items]
        # The order of an access list is the order of grants, and means nothing.
        if texts:
            out[name.replace("_", " ")] = tuple(sorted(texts) if name == "acl" else texts)
    return out


def diff(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What changed, one entry for each object, by identity: ``+ new``, ``- gone``, or ``~ other`` and the lines."""
    entries: list[str] = []
    for identity in sorted(before.keys() | after.keys()):
        old, new = before.get(identity), after.get(identity)
        if old is None:
            entries.append(f"+ {identity}")
        elif new is None:
            entries.append(f"- {identity}")
        elif old != new:
            lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))
            changed = [line for line in lines[2:] if not line.startswith("@@")]  # two lines of file names
            entries.append("\n".join([f"~ {identity}", *(f"    {line}" for line in changed)]))
    return entries
