"""``verify_migration_success()``: whether what is deployed is as it was deployed, and works."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pgspec import event_logs, render
from pgspec.objects import Key, SqlObject
from pgspec.runtime import refresh
from pgspec.runtime.cache import FIXED_PATH, QUEUE
from pgspec.runtime.registry import FINGERPRINT, REGISTRY
from pgspec.runtime.switches import SWITCHES
from pgspec.sql import QName, Sql, literal, qname

VERIFICATION = "verify_migration_success"

# A part, the title of the row that says why it cannot be asked, and what there must be to ask it of: an object of this
# type, and of this name in the runtime schema.
_PARTS: tuple[tuple[str, str, str, str | None], ...] = (
    ("objects", "objects are as they were deployed", "", None),
    ("switched", "indexes and triggers work", "", None),
    ("public", "nothing is open to PUBLIC", "", None),
    ("views", "materialized views can be refreshed", "materialized_view", None),
    ("queue", "cache invalidations", "table", QUEUE),
    ("refreshes", "last refreshes", "view", refresh.HEALTH),
    ("events", "event logs", "view", event_logs.HEALTH),
    ("switches", "no switch is thrown", "view", SWITCHES),
    ("schedules", "schedules are active", "schedule", None),
)


def verification(
    runtime: str, internal: str, roles: Sequence[str], service: Sequence[str], made: Iterable[SqlObject]
) -> SqlObject:
    """The function, with the parts that there is something to ask of in what is ``made``.

    It reads what only its owner may read, and is closed to all but ``service``.
    """
    name = QName(runtime, VERIFICATION)
    registry, fingerprint = QName(internal, REGISTRY), QName(internal, FINGERPRINT)
    made = list(made)
    keys = {item.key for item in made}
    types = {"", *(key.type for key in keys)}
    schedules = sorted((item for item in made if item.key.type == "schedule"), key=lambda item: item.key)
    values: dict[str, Any] = {
        "registry": qname(registry),
        "fingerprint": qname(fingerprint),
        "internal_name": literal(internal),
        **{part: qname(QName(runtime, relation)) for part, _, _, relation in _PARTS if relation is not None},
        "labels": qname(QName(runtime, event_logs.LABEL_HEALTH)),
        "jobs": [{part: literal(item.definition[part]) for part in item.definition} for item in schedules],
    }
    parts = [
        (part, title)
        for part, title, kind, needs in _PARTS
        if (kind in types if needs is None else Key(kind, qname(QName(runtime, needs))) in keys)
    ]
    queries = [
        {"query": Sql(render.whole(f"runtime/checks/{part}.sql.j2", values).rstrip()), "title": literal(title)}
        for part, title in parts
    ]
    definition = {
        "name": list(name),
        "arguments": [],
        "returns": "TABLE (name text, ok boolean, detail text)",
        "language": "plpgsql",
        "volatility": "stable",
        "settings": [list(FIXED_PATH), ["row_security", "on"]],
        "body": render.whole(f"runtime/checks/{VERIFICATION}.sql.j2", {"parts": queries}),
        "revoke": sorted(roles),
        "security": "definer",
        "execute": sorted(service),
    }
    needs = (Key("table", qname(registry)), Key("function", f"{qname(fingerprint)}(text, text)"))
    return SqlObject(Key("function", f"{qname(name)}()"), definition, depends_on=needs)
