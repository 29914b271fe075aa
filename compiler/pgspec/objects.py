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

from pgspec import definitions, tables
from pgspec.diagnostics import Span

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))

Json = Any
Values = dict[str, Any]
Action = Literal["create", "rename", "replace", "rebuild", "drop"]


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
    before it, and without which it cannot stay.  ``origin``: the spec line that it comes from; ``was``: what the spec
    says that it was called; neither is part of its identity.
    """

    key: Key
    definition: Mapping[str, Json]
    parent: Key | None = None
    depends_on: tuple[Key, ...] = ()
    origin: Span | None = field(default=None, compare=False)
    was: Key | None = field(default=None, compare=False)

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
    than for most types.  ``grows``: further parts that change in place where `tables.grows` says so.  ``statements``:
    how many of them a block prints.  ``noun``: the type in singular and plural, for counts.  ``template``: the
    type that prints it, where that is another.
    """

    title: str
    rank: int
    values: Callable[[Mapping[str, Json]], Values]
    in_place: bool | frozenset[str] = False
    fingerprint: bool = False
    locks: Mapping[str, str] = field(default_factory=dict)
    risks: Mapping[str, str] = field(default_factory=dict)
    grows: frozenset[str] = frozenset()
    statements: Callable[[str, Values], int] = lambda _do, _values: 1
    noun: tuple[str, str] | None = None
    template: str = ""

    def changes_in_place(self, before: SqlObject, after: SqlObject) -> bool:
        """Whether the existing object can be given the other definition."""
        if isinstance(self.in_place, bool):
            return self.in_place
        old, new = before.definition, after.definition
        parts = self.in_place | (self.grows if tables.grows(old, new) else frozenset())
        return all(old.get(part) == new.get(part) for part in (old.keys() | new.keys()) - parts)

    def count(self, number: int) -> str:
        """``1 index``, ``2 indexes``."""
        one, many = self.noun or (self.title, f"{self.title}s")
        return f"{number} {one if number == 1 else many}"


ROUTINES = ("function", "procedure")
_ON_VIEW = "on the view; catalog only"
_RIGHTS = frozenset({"revoke"})
_ROUTINE_LOCKS = {
    "create": "no lock on existing objects; catalog only",
    "replace": "no lock that readers or writers meet; catalog only",
    "drop": "ACCESS EXCLUSIVE on the function; catalog only",
}
TYPES: dict[str, ObjectType] = {
    "schema": ObjectType(
        "schema",
        0,
        definitions.schema,
        in_place=_RIGHTS,
        locks={
            "create": "no lock on existing objects; catalog only",
            "replace": "no lock that readers or writers meet; catalog only",
            "drop": "ACCESS EXCLUSIVE on the empty schema",
        },
        statements=definitions.schema_statements,
    ),
    "table": ObjectType(
        "table",
        10,
        tables.table,
        in_place=_RIGHTS,
        grows=frozenset({"columns", "grows"}),
        fingerprint=True,
        locks={
            "create": "no lock on existing objects; catalog only",
            "replace": "no lock that readers or writers meet; catalog only",
            "grow": "ACCESS EXCLUSIVE on the table; catalog only, but one scan of it for a column that goes",
            "drop": "ACCESS EXCLUSIVE on the table; catalog only",
        },
        statements=tables.statements,
    ),
    "function": ObjectType(
        "function",
        20,
        definitions.function,
        in_place=True,
        fingerprint=True,
        locks=_ROUTINE_LOCKS,
        statements=definitions.with_rights_count,
    ),
    "procedure": ObjectType(
        "procedure",
        25,
        definitions.procedure,
        in_place=True,
        fingerprint=True,
        locks=_ROUTINE_LOCKS | {"drop": "ACCESS EXCLUSIVE on the procedure; catalog only"},
        statements=definitions.with_rights_count,
        template="function",
    ),
    "row_security": ObjectType(
        "row security on",
        40,
        definitions.row_security,
        noun=("table with row security", "tables with row security"),
        in_place=True,
        fingerprint=True,
        locks=dict.fromkeys(("create", "replace", "drop"), "ACCESS EXCLUSIVE on the table; catalog only"),
        risks={
            "create": "high: whom it binds sees and writes only what the policies admit",
            "replace": "high: it binds the owner of the table, or binds the owner no longer",
            "drop": "high: whom the rights allow sees and writes every row",
        },
    ),
    "policy": ObjectType(
        "policy",
        45,
        definitions.policy,
        noun=("policy", "policies"),
        in_place=True,
        fingerprint=True,
        locks=dict.fromkeys(("create", "replace", "drop"), "ACCESS EXCLUSIVE on the table; catalog only"),
        risks=dict.fromkeys(("create", "replace", "drop"), "medium: other rows are seen or written than before"),
        statements=definitions.policy_statements,
    ),
    "materialized_view": ObjectType(
        "materialized view",
        50,
        definitions.view,
        fingerprint=True,
        locks={
            "create": "ACCESS SHARE on the tables that it reads, as long as its query runs",
            "drop": "ACCESS EXCLUSIVE on the view; catalog only",
            "rename": "ACCESS EXCLUSIVE on the view; catalog only",
            "rebuild": "ACCESS EXCLUSIVE on the view, as long as its query runs",
            "beside": "ACCESS SHARE on the tables that it reads, as long as its query runs; then ACCESS EXCLUSIVE on "
            "the view: catalog only",
        },
    ),
    "view": ObjectType(
        "view",
        30,
        definitions.view,
        fingerprint=True,
        locks={
            "create": "ACCESS SHARE on the tables that it reads; catalog only",
            "drop": "ACCESS EXCLUSIVE on the view; catalog only",
            "rebuild": "ACCESS EXCLUSIVE on the view; catalog only",
        },
    ),
    "trigger": ObjectType(
        "trigger",
        55,
        definitions.trigger,
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
        definitions.index,
        noun=("index", "indexes"),
        fingerprint=True,
        locks={
            "create": "SHARE on the view, as long as one scan of it takes: readers go on, refreshes wait",
            "drop": f"ACCESS EXCLUSIVE {_ON_VIEW}",
            "rename": "SHARE UPDATE EXCLUSIVE on the index; catalog only",
            "rebuild": "ACCESS EXCLUSIVE on the view, as long as one scan of it takes",
            "beside": "SHARE on the view, as long as one scan of it takes: readers go on, refreshes wait; then ACCESS "
            "EXCLUSIVE: catalog only",
        },
    ),
    "key_check": ObjectType(
        "key check of",
        65,
        definitions.key_check,
        noun=("key check", "key checks"),
        in_place=True,
        locks=dict.fromkeys(("create", "replace", "drop"), "none: verify.sql runs the query"),
        statements=definitions.nothing_count,
    ),
    "comment": ObjectType(
        "comment on",
        70,
        definitions.comment,
        noun=("comment", "comments"),
        in_place=True,
        locks=dict.fromkeys(("create", "replace", "drop"), f"SHARE UPDATE EXCLUSIVE {_ON_VIEW}"),
    ),
    "access": ObjectType(
        "access to",
        80,
        definitions.access,
        in_place=True,
        locks=dict.fromkeys(("create", "replace", "drop"), f"no table lock; {_ON_VIEW}"),
        statements=definitions.grants_count,
        noun=("access list", "access lists"),
    ),
    "rights": ObjectType(
        "rights on",
        85,
        definitions.rights,
        noun=("table's rights", "tables' rights"),
        in_place=True,
        locks=dict.fromkeys(("create", "replace", "drop"), "no table lock; catalog only"),
        risks=dict.fromkeys(
            ("create", "replace", "drop"), "high: roles may do what the policies speak of, and no more"
        ),
        statements=definitions.rights_statements,
    ),
    "schema_usage": ObjectType(
        "use of schema",
        86,
        definitions.schema_usage,
        noun=("schema's users", "schemas' users"),
        in_place=True,
        locks=dict.fromkeys(("create", "replace", "drop"), "no lock on the schema's objects; catalog only"),
        statements=definitions.grants_count,
    ),
    "schedule": ObjectType(
        "schedule",
        92,
        definitions.schedule,
        in_place=True,
        locks=dict.fromkeys(("create", "replace", "drop"), "ROW EXCLUSIVE on cron.job"),
        risks={"drop": "medium: what it did is done no longer"},
    ),
    "expectations": ObjectType(
        "expectations of",
        95,
        definitions.expectations,
        noun=("table's expectations", "tables' expectations"),
        in_place=True,
        locks=dict.fromkeys(("create", "replace", "drop"), "none: verify.sql tries them on rows that it takes back"),
        risks=dict.fromkeys(("create", "replace", "drop"), "none: nothing is installed"),
        statements=definitions.nothing_count,
    ),
    "row_check": ObjectType(
        "rows read by",
        95,
        definitions.row_check,
        noun=("check of rows read", "checks of rows read"),
        in_place=True,
        locks=dict.fromkeys(("create", "replace", "drop"), "none: the catalog is asked"),
        statements=definitions.row_check_statements,
    ),
    "owner": ObjectType(
        "owner of",
        90,
        definitions.owner,
        noun=("owner", "owners"),
        in_place=True,
        locks=dict.fromkeys(("create", "replace", "drop"), f"ACCESS EXCLUSIVE {_ON_VIEW}"),
    ),
}
