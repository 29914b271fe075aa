"""What policies call: the functions that read a claim of the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pgspec import render
from pgspec.evaluate import MAX_DEPTH
from pgspec.objects import Key, SqlObject
from pgspec.policies import CLAIMS
from pgspec.sql import QName, Sql, literal, qname


def claim_keys(schema: str) -> tuple[Key, ...]:
    """The keys of the functions, the one that all others call first."""
    return tuple(Key("function", f"{qname(QName(schema, name))}(text)") for name in CLAIMS)


def session(schema: str, setting: str, roles: Sequence[str], users: Sequence[str]) -> list[SqlObject]:
    """``claim(name)`` over the setting that holds the claims, and the same for claims of other types, closed to
    ``roles``, open to ``users``.

    They are STABLE, so that `(SELECT pgspec.claim('role'))` runs once a query, and never raise.
    """
    home = Key("schema", schema)
    claim, *typed = claim_keys(schema)
    values = {"setting": literal(setting), "depth": literal(MAX_DEPTH), "claim": qname(QName(schema, "claim"))}
    usage = {"schema": schema, "revoke": sorted(roles), "grant": sorted(users)}
    return [
        SqlObject(claim, _reader(schema, "claim", values, roles, users), depends_on=(home,)),
        *(
            SqlObject(key, _reader(schema, name, values, roles, users), depends_on=(claim,))
            for key, name in zip(typed, list(CLAIMS)[1:], strict=True)
        ),
        SqlObject(Key("schema_usage", schema), usage, parent=home),
    ]


def _reader(
    schema: str, name: str, values: Mapping[str, Sql], roles: Sequence[str], users: Sequence[str]
) -> dict[str, object]:
    return {
        "name": [schema, name],
        "arguments": [["name", "text"]],
        "returns": CLAIMS[name],
        "language": "plpgsql",
        "volatility": "stable",
        "parallel": "safe",
        # The body has backslashes, which PL/pgSQL reads when a session first runs it.
        "settings": [["search_path", "pg_catalog, pg_temp"], ["standard_conforming_strings", "on"]],
        "body": str(render.whole(f"runtime/rls/{name}.sql.j2", values)),
        "revoke": sorted(roles),
        "execute": sorted(users),
    }
