"""What runs on a schedule: procedures that drain the queue, and that forget what is old, in short transactions.

They run with the rights of whoever calls them, who may call what they call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pgspec import render
from pgspec.objects import Key, SqlObject
from pgspec.runtime.cache import DRAIN, NAMESPACE
from pgspec.sql import QName, Sql, literal, qname

DRAINING = "run_cache_invalidations"
MAINTENANCE = "run_maintenance"

_LOCK = -2
"""The second number of the advisory lock of whoever maintains; the first is `NAMESPACE`."""

_PARTS = ("maintain_", "cleanup_")


def upkeep(
    runtime: str, internal: str, roles: Sequence[str], service: Sequence[str], made: Iterable[SqlObject]
) -> Iterator[SqlObject]:
    """The procedures for what is ``made``; nobody but ``service`` may call them."""
    functions = sorted((item for item in made if item.key.type == "function"), key=lambda item: item.key)
    drains = [item for item in functions if item.definition["name"] == [runtime, DRAIN]]
    parts = [item for prefix in _PARTS for item in functions if _is_part(item, internal, prefix)]
    values = {
        "drain": qname(QName(runtime, DRAIN)),
        "parts": [literal(f"{_name(item)}()") for item in parts],
        "namespace": literal(NAMESPACE),
        "lock": literal(_LOCK),
    }
    for name, seconds, needs in ((DRAINING, "55", drains), (MAINTENANCE, "600", parts)):
        if needs:
            keys = (*(item.key for item in needs), Key("schema", internal))
            yield _procedure(QName(runtime, name), seconds, values, roles, service, keys)


def _is_part(item: SqlObject, internal: str, prefix: str) -> bool:
    """Whether it is one of those that applications may call, and say how much they found to do."""
    schema, name = item.definition["name"]
    callable_ = all(len(argument) > 2 for argument in item.definition["arguments"])  # noqa: PLR2004 - with a default
    return schema != internal and name.startswith(prefix) and callable_ and item.definition["returns"] == "integer"


def _name(item: SqlObject) -> Sql:
    return qname(QName(*item.definition["name"]))


def _procedure(
    name: QName,
    seconds: str,
    values: Mapping[str, object],
    roles: Sequence[str],
    service: Sequence[str],
    needs: tuple[Key, ...],
) -> SqlObject:
    definition = {
        "name": list(name),
        "arguments": [["max_seconds", "integer", seconds]],
        "language": "plpgsql",
        "settings": [],
        "body": str(render.whole(f"runtime/upkeep/{name.name}.sql.j2", values)),
        "revoke": sorted(roles),
        "execute": sorted(service),
    }
    return SqlObject(Key("procedure", f"{qname(name)}(integer)"), definition, depends_on=needs)
