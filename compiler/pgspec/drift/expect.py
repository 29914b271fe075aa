"""What a release says of each object that it makes, in the terms of the server's catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pgspec.objects import ROUTINES, TYPES, Key, SqlObject
from pgspec.sql import QName, Sql, ident, qname
from pgspec.state import State, ordered

RELATIONS = ("table", "view", "materialized_view")


@dataclass(frozen=True, slots=True)
class Expected:
    """One object.  ``relation``: the one that a trigger, policy or index is on, or whose rows security binds.

    ``grants``: the rights of each role but the owner, None where the object has none of its own or they are not ours to
    say.  ``revoked``: whom the release itself takes every other right, perhaps the owner too.  ``closed``: the only
    roles whose rights are ours to say; empty when all are.  ``owner``: where the specs name one.  ``comment``: None for
    an object that has none.
    """

    item: SqlObject
    relation: Sql | None = None
    grants: Mapping[str, frozenset[str]] | None = None
    revoked: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    owner: Sql | None = None
    comment: str | None = None

    @property
    def key(self) -> Key:
        """The object in the release."""
        return self.item.key


def expected(state: State) -> list[Expected]:
    """Every object that can be seen in the catalog, in the order in which they can be made."""
    parts = {
        (kind, str(item.definition["on"]), str(qname(QName(*item.definition["target"])))): item
        for item in state.values()
        if (kind := item.key.type) in ("comment", "access", "owner")
    }
    usage = {item.definition["schema"]: item for item in state.values() if item.key.type == "schema_usage"}
    out = []
    for item in ordered(state):
        kind, definition = item.key.type, item.definition
        if kind not in ("schema", "rights", "schedule") and not TYPES[kind].fingerprint:
            continue
        grants: Mapping[str, frozenset[str]] | None = None
        closed: Iterable[str] = ()
        revoked = definition.get("revoke", ())
        if kind == "schema":
            users = usage.get(definition["name"])
            grants = _grants((role, ["USAGE"]) for role in (users.definition["grant"] if users else ()))
        elif kind in ROUTINES:
            grants = _grants((role, ["EXECUTE"]) for role in definition.get("execute", ()))
        elif kind == "rights":
            grants = _grants(definition["grant"])
            closed = ("PUBLIC", *(ident(role) for role in definition["revoke"]))
        elif kind in RELATIONS:
            access = parts.get(("access", kind, item.key.name))
            grants = _grants(access.definition["grant"] if access else ())
            revoked = access.definition["revoke"] if access else revoked
        comment = parts.get(("comment", kind, item.key.name))
        owner = parts.get(("owner", kind, item.key.name))
        out.append(
            Expected(
                item,
                qname(QName(*definition["table"])) if "table" in definition else None,
                grants,
                frozenset(str(ident(role)) for role in revoked),
                frozenset(closed),
                ident(owner.definition["role"]) if owner else None,
                comment.definition["text"] if comment else None,
            )
        )
    return out


def _grants(entries: Iterable[tuple[str, Sequence[str]]]) -> dict[str, frozenset[str]]:
    """Names as the server quotes them."""
    return {"PUBLIC" if role == "public" else str(ident(role)): frozenset(rights) for role, rights in entries}


def recorded(state: State) -> dict[Key, str]:
    """What a database holds in its registry after the release: the hash of each definition."""
    return {key: item.hash for key, item in state.items() if TYPES[key.type].fingerprint}


def identity(item: SqlObject, routines: Mapping[str, str]) -> str:
    """The identity of an object in a snapshot; empty for a routine that the server does not have."""
    kind, definition = item.key.type, item.definition
    if kind in ("trigger", "policy"):
        return f"{kind} {ident(definition['name'])} on {qname(QName(*definition['table']))}"
    if kind in ROUTINES:
        return f"{kind} {routines[item.key.name]}" if item.key.name in routines else ""
    if kind in ("row_security", "rights"):
        return f"table {qname(QName(*definition['table']))}"
    if kind == "schema":
        return f"schema {ident(definition['name'])}"
    return f"{kind.replace('_', ' ')} {item.key.name}"
