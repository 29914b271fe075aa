"""What a live database says of itself, read in one read-only transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pgspec.objects import ROUTINES, Key, SqlObject
from pgspec.snapshot import Facts, facts
from pgspec.snapshot.queries import OBJECTS, SCOPE
from pgspec.sql import QName, qname

if TYPE_CHECKING:
    import psycopg


class Entry(NamedTuple):
    """What the registry holds of an object: the hash of its definition, the fingerprint of what was made."""

    definition: str
    fingerprint: str


class Grant(NamedTuple):
    """One right, its names quoted as the server does; ``column`` is empty for a right to the whole object.

    ``held``: False for a right that an owner had from the start and has no longer.
    """

    grantee: str
    privilege: str
    column: str
    grantable: bool
    grantor: str
    is_owner: bool
    held: bool


@dataclass(frozen=True, slots=True)
class Observed:
    """The live database, as far as drift asks.

    ``facts``: by identity, such as ``index public.i``, what the server says of each object.  ``routines``: the
    identities of functions and procedures, by the names that the release has for them.  ``grants``: by ``schema``,
    ``relation`` or ``routine`` and the name.
    """

    facts: Mapping[str, Facts]
    registry: Mapping[Key, Entry]
    fingerprints: Mapping[Key, str | None]
    routines: Mapping[str, str]
    grants: Mapping[tuple[str, str], Sequence[Grant]]


# Names come qualified, and quoted only where they need it, whatever the session has set.
_QUALIFIED = "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL quote_all_identifiers = off"


def read_registry(connection: psycopg.Connection[Any], schema: str, table: str) -> dict[Key, Entry] | None:
    """What was deployed, by object; None when there is no such table.  psycopg's errors pass through."""
    present = "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE (nspname, relname) = (%s, %s)"
    if connection.execute(present, (schema, table)).fetchone() is None:
        return None
    query = f"SELECT type, name, definition, fingerprint FROM {qname(QName(schema, table))}"
    return {Key(kind, name): Entry(*rest) for kind, name, *rest in _raw(connection).execute(query.encode())}


def observe(
    connection: psycopg.Connection[Any], registry: Mapping[Key, Entry], keys: Iterable[Key], fingerprint: SqlObject
) -> Observed:
    """The catalog, and the fingerprint of each object as ``fingerprint``, the function's definition, takes it.

    The function itself is not called: it may have been changed.  psycopg's errors pass through.
    """
    known = sorted({*keys, *registry})
    found = facts(connection, OBJECTS)
    return Observed(
        found,
        registry,
        _fingerprints(connection, known, fingerprint),
        _routines(connection, [key.name for key in known if key.type in ROUTINES]),
        _grants(connection),
    )


def _fingerprints(
    connection: psycopg.Connection[Any], keys: Sequence[Key], function: SqlObject
) -> dict[Key, str | None]:
    definition = function.definition
    with connection.transaction(force_rollback=True):
        for name, value in definition["settings"]:
            connection.execute(f"SET LOCAL {name} = {value}".encode())
        query = (
            f"SELECT type, name, ({definition['body'].strip()}) FROM unnest($1::text[], $2::text[]) AS o (type, name)"
        )
        cursor = _raw(connection)
        cursor.execute(query.encode(), ([key.type for key in keys], [key.name for key in keys]))
        return {Key(kind, name): text for kind, name, text in cursor}


def _raw(connection: psycopg.Connection[Any]) -> psycopg.Cursor[Any]:
    """A cursor for a query that may contain percent signs."""
    from psycopg import RawCursor  # noqa: PLC0415 - importing the driver costs more than most builds

    return RawCursor(connection)


def _routines(connection: psycopg.Connection[Any], names: Sequence[str]) -> dict[str, str]:
    query = """
        SELECT f.name, format('%%s.%%I(%%s)', quote_ident(nspname), proname, oidvectortypes(proargtypes))
        FROM unnest(%s::text[]) AS f (name)
        JOIN pg_proc p ON p.oid = to_regprocedure(f.name) JOIN pg_namespace n ON n.oid = pronamespace"""
    with connection.transaction(force_rollback=True):
        connection.execute(_QUALIFIED)
        return dict(connection.execute(query, (list(names),)).fetchall())


_GRANTS = """, object AS (
    SELECT 'schema' AS kind, space.name, NULL::text AS attribute, nspowner AS owner, nspacl AS acl,
        acldefault('n', nspowner) AS standard
    FROM pg_namespace JOIN space USING (oid)
    UNION ALL
    SELECT 'relation', name, NULL, relowner, relacl,
        acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner)
    FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'relation', relation.name, quote_ident(attname), relowner, attacl, '{}'
    FROM relation JOIN pg_attribute a ON attrelid = relation.oid WHERE attacl IS NOT NULL AND NOT attisdropped
    UNION ALL
    SELECT 'routine', format('%s.%I(%s)', space.name, proname, oidvectortypes(proargtypes)), NULL, proowner, proacl,
        acldefault('f', proowner)
    FROM pg_proc JOIN space ON space.oid = pronamespace
), held AS (
    SELECT kind, name, coalesce(attribute, '') AS attribute, grantee, privilege_type, is_grantable, grantor, owner,
        true AS held
    FROM object CROSS JOIN LATERAL aclexplode(coalesce(acl, standard))
    UNION ALL
    SELECT kind, name, '', grantee, privilege_type, false, grantor, owner, false
    FROM object CROSS JOIN LATERAL aclexplode(standard) AS s
    WHERE attribute IS NULL AND grantee = owner AND NOT EXISTS (
        SELECT FROM aclexplode(coalesce(acl, standard)) AS a
        WHERE (a.grantee, a.privilege_type) = (s.grantee, s.privilege_type))
)
SELECT kind, name, CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END, privilege_type,
    attribute, is_grantable, quote_ident(pg_get_userbyid(grantor)), grantee = owner, held
FROM held WHERE grantee <> owner OR NOT held ORDER BY 1, 2, 3, 4, 5
"""


def _grants(connection: psycopg.Connection[Any]) -> dict[tuple[str, str], list[Grant]]:
    out: dict[tuple[str, str], list[Grant]] = {}
    with connection.transaction(force_rollback=True):
        connection.execute(_QUALIFIED)
        for kind, name, *grant in _raw(connection).execute((SCOPE + _GRANTS).encode()):
            out.setdefault((kind, name), []).append(Grant(*grant))
    return out
