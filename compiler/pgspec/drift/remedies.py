"""What mends a difference: objects to make again from the release, and statements of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pgspec import render
from pgspec.drift.observe import Grant
from pgspec.drift.texts import read_routine
from pgspec.objects import ROUTINES, Key, SqlObject
from pgspec.snapshot import Facts
from pgspec.sql import Sql, ident, literal


@dataclass(frozen=True, slots=True)
class Remedy:
    """Objects of the release that are made again: ``missing``, ``changed`` (in place where PostgreSQL can) or
    ``rebuilt`` (dropped with what depends on them).  ``first``, ``last``: statements before and after that;
    ``altered``: what is done to tables while what is rebuilt is away, and once functions are made again.
    ``record``, ``forget``: entries of the registry alone.
    """

    missing: tuple[Key, ...] = ()
    changed: tuple[Key, ...] = ()
    rebuilt: tuple[Key, ...] = ()
    first: tuple[Sql, ...] = ()
    altered: tuple[Sql, ...] = ()
    last: tuple[Sql, ...] = ()
    record: tuple[Key, ...] = ()
    forget: tuple[Key, ...] = ()


NOTHING = Remedy()
_TEMPLATE = "drift.sql.j2"


def _sql(name: str, values: dict[str, Any]) -> Sql:
    return render.block(_TEMPLATE, name, values)


def _object(identity: str) -> Sql:
    """An identity as a statement names it: the kind is a keyword, names are quoted by the server."""
    kinds = ("materialized view", "foreign table")
    kind = next((k for k in kinds if identity.startswith(f"{k} ")), identity.partition(" ")[0])
    return Sql(f"{kind.upper()} {identity.removeprefix(f'{kind} ')}")


def remake(item: SqlObject, sql: str, facts: Facts) -> Remedy:
    """In place, unless PostgreSQL cannot: ALTER POLICY takes nothing away, CREATE OR REPLACE keeps a signature."""
    if item.key.type == "policy":
        return Remedy(rebuilt=(item.key,))
    if item.key.type in ROUTINES:
        released, now = read_routine(sql), read_routine("\n".join(facts.get("definition", ())))
        if released is None or now is None or released.fixed != now.fixed or now.defaults > released.defaults:
            return Remedy(rebuilt=(item.key,))
    return Remedy(changed=(item.key,))


def drop(identity: str) -> Remedy:
    """Something that holds no rows."""
    return Remedy(first=(_sql("drop", {"object": _object(identity)}),))


def drop_rows(identity: str, name: str) -> Remedy:
    """Something that may hold rows: it is dropped when it holds none, or the loss is accepted."""
    return Remedy(first=(guarded(Sql(name), Sql(f"DROP {_object(identity)}"), f"rows of {name}"),))


def guarded(table: Sql, statement: Sql, what: str, where: Sql | None = None) -> Sql:
    """A statement that loses rows, or a column of them, behind a guard that refuses to."""
    values = {
        "table": table,
        "where": where,
        "statement": statement,
        "message": literal(f"mend: {what} would be lost".replace("%", "%%")),
        "hint": literal("keep a copy first; or accept the loss: SET pgspec.allow_data_loss = on"),
    }
    return _sql("drop_rows", values)


def rename(identity: str, name: str) -> Remedy:
    """Give something another name, in its schema."""
    return Remedy(first=(_sql("rename", {"object": _object(identity), "name": ident(name)}),))


def owner(identity: str, role: str) -> Remedy:
    """Give an object back."""
    return Remedy(last=(_sql("owner", {"object": _object(identity), "role": Sql(role)}),))


def uncomment(identity: str) -> Remedy:
    """Take a comment away."""
    return Remedy(last=(_sql("uncomment", {"object": _object(identity)}),))


def table(name: str, action: str) -> Remedy:
    """One action of ALTER TABLE."""
    return Remedy(last=(_sql("alter_table", {"table": Sql(name), "action": Sql(action)}),))


def view_options(name: str, options: str) -> Remedy:
    """Reset storage options of a view."""
    return Remedy(last=(_sql("alter_view", {"view": Sql(name), "action": Sql(f"RESET ({options})")}),))


def refresh(name: str) -> Remedy:
    """Fill a view."""
    return Remedy(last=(_sql("refresh", {"view": Sql(name)}),))


def grant(privileges: str, target: str, role: str) -> Remedy:
    """Give a right back."""
    values = {"privileges": Sql(privileges), "object": _object(target), "role": Sql(role)}
    return Remedy(last=(_sql("grant", values),))


def revoke(grants: Sequence[Grant], target: str, role: str, wanted: Sequence[str]) -> Remedy:
    """Take back what one role was given, and whatever it gave on; ``wanted`` are the rights that it keeps."""
    out = []
    for item in grants:
        keeps = item.privilege in wanted and not item.column
        column = f" ({item.column})" if item.column else ""
        option = "GRANT OPTION FOR " if keeps else ""
        values = {"privileges": Sql(f"{option}{item.privilege}{column}"), "object": _object(target), "role": Sql(role)}
        out.append(_sql("revoke", values))
    return Remedy(last=tuple(out))
