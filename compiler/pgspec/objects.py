"""SQL objects: what should exist, as values; and what PostgreSQL lets each type of object do.

The planner knows these types, not the kinds of spec.  An object is its type, its identity and a definition of
plain JSON values, from which its template prints it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from pgspec.diagnostics import Span
from pgspec.sql import QName, Sql, commas, dollar, ident, literal, qname

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))

Json = Any
Values = dict[str, Any]
Action = Literal["create", "replace", "rebuild", "drop"]


class Key(NamedTuple):
    """The identity of an object: its type and the name that PostgreSQL would print, qualified and quoted."""

    type: str
    name: str

    def __str__(self) -> str:
        return f"{TYPES[self.type].title} {self.name}"


@dataclass(frozen=True, slots=True)
class SqlObject:
    """One object of the database.

    ``parent``: it disappears with its parent and is re-created with it.  ``depends_on``: objects that must exist
    before it, and without which it cannot stay.  ``origin``: the spec line that it comes from; no part of its identity.
    """

    key: Key
    definition: Mapping[str, Json]
    parent: Key | None = None
    depends_on: tuple[Key, ...] = ()
    origin: Span | None = field(default=None, compare=False)

    @property
    def hash(self) -> str:
        """16 hex digits that change when the definition does."""
        return hashlib.sha256(_CANONICAL.encode(self.definition).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class ObjectType:
    """What a type of object can do.

    ``rank`` orders objects that do not depend on each other.  ``in_place``: a changed definition is applied to the
    existing object, if only these parts of it change; otherwise it is dropped and created again.  ``fingerprint``: the
    server's own text of it is recorded when it is deployed.  ``locks``: for each action the strongest lock, on what,
    and what the time depends on.  ``risks``: what an action means for whoever uses the database, where it is other
    than for most types.  ``statements``: how many of them a block prints.  ``noun``: the type in singular and plural,
    for counts.
    """

    title: str
    rank: int
    values: Callable[[SqlObject], Values]
    in_place: bool | frozenset[str] = False
    fingerprint: bool = False
    locks: Mapping[str, str] = field(default_factory=dict)
    risks: Mapping[str, str] = field(default_factory=dict)
    statements: Callable[[str, Values], int] = lambda _do, _values: 1
    noun: tuple[str, str] | None = None

    def changes_in_place(self, before: SqlObject, after: SqlObject) -> bool:
        """Whether the existing object can be given the other definition."""
        if isinstance(self.in_place, bool):
            return self.in_place
        old, new = before.definition, after.definition
        return all(old.get(part) == new.get(part) for part in (old.keys() | new.keys()) - self.in_place)

    def count(self, number: int) -> str:
        """``1 index``, ``2 indexes``."""
        one, many = self.noun or (self.title, f"{self.title}s")
        return f"{number} {one if number == 1 else many}"


def _qname(parts: Json) -> Sql:
    return qname(QName(*parts))


def _roles(names: Json) -> Sql:
    return commas([Sql("PUBLIC"), *(ident(name) for name in names)])


def _schema(o: SqlObject) -> Values:
    d = o.definition
    return {"name": ident(d["name"]), "plain_name": literal(d["name"]), "revoke": _roles(d["revoke"])}


def _table(o: SqlObject) -> Values:
    d = o.definition
    keep = d.get("keep")
    return {
        "name": _qname(d["name"]),
        "columns": [Sql(line) for line in d["columns"]],
        "persistence": Sql("UNLOGGED " if d.get("unlogged") else ""),
        "options": commas(Sql(option) for option in d.get("options", [])),
        "revoke": _roles(d["revoke"]),
        "keep": keep and _keep(_qname(d["name"]), keep),
    }


def _keep(table: Sql, keep: Json) -> Values:
    """What the guard of a table says whose rows cannot be made again."""
    return {
        "rows": Sql(keep["rows"]),
        "message": literal(f"rollback: % {keep['what']} in {table.replace(chr(37), chr(37) * 2)} would be lost"),
        "hint": literal(f"{keep['advice']}; or accept the loss: SET pgspec.allow_data_loss = on"),
    }


def _function(o: SqlObject) -> Values:
    d = o.definition
    return {
        "name": _qname(d["name"]),
        "arguments": commas(_argument(*argument) for argument in d["arguments"]),
        "signature": Sql(f"{_qname(d['name'])}({', '.join(argument[1] for argument in d['arguments'])})"),
        "returns": Sql(d["returns"]),
        "language": Sql(d["language"]),
        "volatility": Sql(d["volatility"].upper()),
        "security": Sql(" SECURITY DEFINER" if d.get("security") == "definer" else ""),
        "settings": [Sql(f"{ident(name)} = {value}") for name, value in d["settings"]],
        "body": dollar(d["body"], "function"),
        "revoke": _roles(d["revoke"]),
        "executors": [ident(role) for role in sorted(d.get("execute", []))],
        "execute": commas(ident(role) for role in sorted(d.get("execute", []))),
        "may_execute": commas(literal(role) for role in sorted(d.get("execute", []))),
    }


def _argument(name: str, kind: str, default: str | None = None) -> Sql:
    return Sql(f"{ident(name)} {kind}" + (f" DEFAULT {default}" if default is not None else ""))


def _trigger(o: SqlObject) -> Values:
    d = o.definition
    tables = [f"{which} TABLE AS {ident(name)}" for which, name in (("OLD", d["old"]), ("NEW", d["new"])) if name]
    return {
        "name": ident(d["name"]),
        "table": _qname(d["table"]),
        "timing": Sql(d["timing"]),
        "event": Sql(d["event"]),
        "referencing": Sql(f"REFERENCING {' '.join(tables)} " if tables else ""),
        "function": _qname(d["function"]),
        "trigger_name": literal(d["name"]),
        "table_name": literal(_qname(d["table"])),
        "bits": literal(_TRIGGER_BITS[d["event"]] | (_BEFORE if d["timing"] == "BEFORE" else 0)),
        "function_name": literal(f"{_qname(d['function'])}()"),
    }


# pg_trigger.tgtype of statement triggers (src/include/catalog/pg_trigger.h).
_TRIGGER_BITS = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
_BEFORE = 2


def _view(o: SqlObject) -> Values:
    return {"name": _qname(o.definition["name"]), "query": Sql(o.definition["query"])}


def _index(o: SqlObject) -> Values:
    d = o.definition
    return {
        "name": ident(d["name"][1]),
        "qualified": _qname(d["name"]),
        "table": _qname(d["table"]),
        "unique": Sql("UNIQUE " if d["unique"] else ""),
        "method": Sql("" if d["method"] == "btree" else f"USING {ident(d['method'])} "),
        "columns": commas(ident(column) for column in d["columns"]),
        "where": Sql(f" WHERE {d['where']}" if d.get("where") else ""),
        "is_partial": literal(bool(d.get("where"))),
        "relation": literal(_qname(d["table"])),
        "is_unique": literal(bool(d["unique"])),
        "access_method": literal(d["method"]),
        "column_names": commas(literal(column) for column in d["columns"]),
    }


def _on(o: SqlObject) -> Values:
    """What comments, owners and grants share: the object that they are about."""
    target = _qname(o.definition["target"])
    return {"kind": Sql(TYPES[o.definition["on"]].title.upper()), "target": target, "target_name": literal(target)}


def _comment(o: SqlObject) -> Values:
    return {**_on(o), "text": literal(o.definition["text"])}


def _access(o: SqlObject) -> Values:
    grant = [(role, sorted(privileges)) for role, privileges in o.definition["grant"]]
    granted = sorted(f"{role} {privilege}" for role, privileges in grant for privilege in privileges)
    return {
        **_on(o),
        "revoke": _roles(o.definition["revoke"]),
        "grants": [
            {"privileges": commas(Sql(p) for p in privileges), "role": ident(role)} for role, privileges in grant
        ],
        "granted": commas(literal(entry) for entry in granted),
    }


def _owner(o: SqlObject) -> Values:
    return {**_on(o), "role": ident(o.definition["role"]), "role_name": literal(o.definition["role"])}


def _key_check(o: SqlObject) -> Values:
    d = o.definition
    return {
        **_on(o),
        "query": Sql(d["query"]),
        "columns": commas(Sql(f"q.{ident(column)}") for column in d["columns"]),
        "column_names": literal(", ".join(d["columns"])),
    }


def _nothing(_do: str, _values: Values) -> int:
    return 0


def _with_rights(do: str, values: Values) -> int:
    """Creating an object is followed by closing it, and perhaps by opening it to some."""
    return 1 if do == "drop" else 2 + bool(values.get("execute"))


def _schema_statements(do: str, _values: Values) -> int:
    """What changes of a schema in place are the rights alone."""
    return 2 if do == "create" else 1


def _table_statements(do: str, values: Values) -> int:
    """A table whose rows must be kept is guarded when it is dropped."""
    return 2 if do == "create" or (do == "drop" and values["keep"]) else 1


def _grants(_do: str, values: Values) -> int:
    return 1 + len(values["grants"]) + len(values["withdrawn"])


_ON_VIEW = "on the view; catalog only"
_RIGHTS = frozenset({"revoke"})
TYPES: dict[str, ObjectType] = {
    "schema": ObjectType(
        "schema",
        0,
        _schema,
        in_place=_RIGHTS,
        locks={
            "create": "no lock on existing objects; catalog only",
            "replace": "no lock that readers or writers meet; catalog only",
            "drop": "ACCESS EXCLUSIVE on the empty schema",
        },
        statements=_schema_statements,
    ),
    "table": ObjectType(
        "table",
        10,
        _table,
        in_place=_RIGHTS,
        fingerprint=True,
        locks={
            "create": "no lock on existing objects; catalog only",
            "replace": "no lock that readers or writers meet; catalog only",
            "drop": "ACCESS EXCLUSIVE on the table; catalog only",
        },
        statements=_table_statements,
    ),
    "function": ObjectType(
        "function",
        20,
        _function,
        in_place=True,
        fingerprint=True,
        locks={
            "create": "no lock on existing objects; catalog only",
            "replace": "no lock that readers or writers meet; catalog only",
            "drop": "ACCESS EXCLUSIVE on the function; catalog only",
        },
        statements=_with_rights,
    ),
    "materialized_view": ObjectType(
        "materialized view",
        50,
        _view,
        fingerprint=True,
        locks={
            "create": "ACCESS SHARE on the tables that it reads, as long as its query runs",
            "drop": "ACCESS EXCLUSIVE on the view; catalog only",
            "rebuild": "ACCESS EXCLUSIVE on the view, as long as its query runs",
        },
    ),
    "view": ObjectType(
        "view",
        30,
        _view,
        fingerprint=True,
        locks={
            "create": "no lock on existing objects; catalog only",
            "drop": "ACCESS EXCLUSIVE on the view; catalog only",
            "rebuild": "ACCESS EXCLUSIVE on the view; catalog only",
        },
    ),
    "trigger": ObjectType(
        "trigger",
        55,
        _trigger,
        in_place=True,
        fingerprint=True,
        locks={
            "create": "SHARE ROW EXCLUSIVE on the table: readers go on, writers wait; catalog only",
            "replace": "SHARE ROW EXCLUSIVE on the table: readers go on, writers wait; catalog only",
            "drop": "ACCESS EXCLUSIVE on the table; catalog only",
        },
        risks={
            "create": "medium: writers of the table wait until the migration ends",
            "replace": "medium: writers of the table wait until the migration ends",
            "drop": "medium: readers and writers of the table wait until the migration ends",
        },
    ),
    "index": ObjectType(
        "index",
        60,
        _index,
        noun=("index", "indexes"),
        fingerprint=True,
        locks={
            "create": "SHARE on the view, as long as one scan of it takes: readers go on, refreshes wait",
            "drop": f"ACCESS EXCLUSIVE {_ON_VIEW}",
            "rebuild": "ACCESS EXCLUSIVE on the view, as long as one scan of it takes",
        },
    ),
    "key_check": ObjectType(
        "key check of",
        65,
        _key_check,
        noun=("key check", "key checks"),
        in_place=True,
        locks=dict.fromkeys(("create", "replace", "drop"), "none: verify.sql runs the query"),
        statements=_nothing,
    ),
    "comment": ObjectType(
        "comment on",
        70,
        _comment,
        noun=("comment", "comments"),
        in_place=True,
        locks=dict.fromkeys(("create", "replace", "drop"), f"SHARE UPDATE EXCLUSIVE {_ON_VIEW}"),
    ),
    "access": ObjectType(
        "access to",
        80,
        _access,
        in_place=True,
        locks=dict.fromkeys(("create", "replace", "drop"), f"no table lock; {_ON_VIEW}"),
        statements=_grants,
        noun=("access list", "access lists"),
    ),
    "owner": ObjectType(
        "owner of",
        90,
        _owner,
        noun=("owner", "owners"),
        in_place=True,
        locks=dict.fromkeys(("create", "replace", "drop"), f"ACCESS EXCLUSIVE {_ON_VIEW}"),
    ),
}
