"""What every pgspec project installs beside its own objects: the registry of what was deployed.

The registry holds, for each object, the hash of its definition in the specs and the hash of the server's own text of
it.  The second makes a change by hand visible without comparing a file's text with the catalog's.
"""

from __future__ import annotations

from collections.abc import Sequence

from pgspec import render
from pgspec.objects import Key, SqlObject
from pgspec.sql import QName, qname

REGISTRY = "deployed_objects"
FINGERPRINT = "fingerprint"

# Whatever changes how the server prints a definition: names by search_path and quoting, constants by the others.
_PRINTING = (
    ("search_path", "pg_catalog, pg_temp"),
    ("quote_all_identifiers", "off"),
    ("standard_conforming_strings", "on"),
    ("timezone", "'UTC'"),
    ("datestyle", "'ISO, MDY'"),
    ("intervalstyle", "'postgres'"),
    ("extra_float_digits", "1"),
    ("bytea_output", "'hex'"),
    ("xmlbinary", "'base64'"),
)


def registry(schema: str, roles: Sequence[str]) -> list[SqlObject]:
    """The internal schema with its table and function, closed to PUBLIC and to ``roles``."""
    home = Key("schema", schema)
    table, function = QName(schema, REGISTRY), QName(schema, FINGERPRINT)
    revoke = sorted(roles)
    columns = [
        "type text NOT NULL",
        "name text NOT NULL",
        "definition text NOT NULL",
        "fingerprint text NOT NULL",
        "PRIMARY KEY (type, name)",
    ]
    body = {
        "name": list(function),
        "arguments": [["type", "text"], ["name", "text"]],
        "returns": "text",
        "language": "sql",
        "volatility": "stable",
        "settings": [list(setting) for setting in _PRINTING],
        "body": render.text("runtime/fingerprint.sql"),
        "revoke": revoke,
    }
    return [
        SqlObject(home, {"name": schema, "revoke": revoke}),
        SqlObject(
            Key("table", qname(table)),
            {"name": list(table), "columns": columns, "revoke": revoke},
            depends_on=(home,),
        ),
        SqlObject(Key("function", f"{qname(function)}(text, text)"), body, depends_on=(home,)),
    ]
