"""What is not as released of a table that holds rows, and the statements that change it in place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pgspec import render
from pgspec.drift.remedies import guarded
from pgspec.drift.texts import difference, plain
from pgspec.objects import SqlObject
from pgspec.pgsql import parse, printed
from pgspec.snapshot import Facts
from pgspec.sql import QName, Sql, ident, qname


class Change(NamedTuple):
    """What differs, and the statement that makes it as released.  ``bound``: not while a view or a policy reads it."""

    what: str
    statement: Sql
    bound: bool = False


class Changes(NamedTuple):
    """All that differs of a table, the statements that mend it, and lines of a diff.  ``bound``: see `Change`."""

    what: str
    statements: tuple[Sql, ...]
    diff: tuple[str, ...]
    bound: bool


class _Column(NamedTuple):
    text: str
    type: str
    not_null: bool
    default: str
    generated: bool


def changes(item: SqlObject, facts: Facts, constraints: Mapping[str, str]) -> Changes:
    """What differs of columns, constraints and options.

    ``constraints`` are the table's now, by name.  A CHECK that has the name which PostgreSQL gave it is taken for the
    server's way of writing it.  When nothing else differs, one of them may be what was changed: all are made again.
    """
    found = _changes(item, facts, constraints, trusted=True)
    if found:
        what = "; ".join(change.what for change in found)
        bound = any(change.bound for change in found)
        return Changes(what, tuple(change.statement for change in found), (), bound)
    found = _changes(item, facts, constraints, trusted=False)
    released = [text for _, text in _released(item)[1]]
    diff = difference(released, list(constraints.values()))
    return Changes("", tuple(change.statement for change in found), diff, bound=False)


def _changes(item: SqlObject, facts: Facts, constraints: Mapping[str, str], *, trusted: bool) -> list[Change]:
    name = qname(QName(*item.definition["name"]))
    columns, wanted = _released(item)
    dropped, added = _constraints(wanted, constraints, trusted=trusted)
    return [
        *(_alter(name, f"constraint {n} {text} is in no spec", f"DROP CONSTRAINT {n}") for n, text in dropped),
        *_columns(name, columns, facts),
        *(_alter(name, f"a constraint {text} is missing", f"ADD {text}") for text in added),
        *_storage(name, item, facts),
    ]


def _alter(table: Sql, what: str, action: str) -> Change:
    return Change(what, render.block("drift.sql.j2", "alter_table", {"table": table, "action": Sql(action)}))


def _columns(table: Sql, released: Mapping[str, _Column], facts: Facts) -> Iterator[Change]:
    now = {_name(text): text for text in facts.get("column", ())}
    for name, other in _renamed(released, now).items():
        yield _alter(table, f"column {name} is called {other} now", f"RENAME COLUMN {other} TO {name}")
        now[name] = now.pop(other)
    for name in now:
        if name not in released:
            statement = Sql(f"ALTER TABLE {table} DROP COLUMN {name}")
            what = f"column {name} is in no spec"
            yield Change(what, guarded(table, statement, f"the column {name} of {table}", Sql(f"{name} IS NOT NULL")))
    for name, column in released.items():
        if name not in now:
            yield _alter(table, f"column {name} is missing", f"ADD COLUMN {column.text}")
            continue
        kind, not_null, default = _read(now[name])
        if kind != column.type:
            what = f"column {name} is {kind}, not {column.type}"
            yield _alter(table, what, f"ALTER COLUMN {name} TYPE {column.type}")._replace(bound=True)
        if not_null != column.not_null:
            verb = "SET" if column.not_null else "DROP"
            what = "must not be null" if not_null else "may be null"
            yield _alter(table, f"column {name} {what}", f"ALTER COLUMN {name} {verb} NOT NULL")
        if not column.generated and _expression(default) != column.default:
            action = f"SET DEFAULT {column.default}" if column.default else "DROP DEFAULT"
            what = f"has the default {default}" if default else "has no default"
            yield _alter(table, f"column {name} {what}", f"ALTER COLUMN {name} {action}")


def _renamed(released: Mapping[str, _Column], now: Mapping[str, str]) -> dict[str, str]:
    """What columns are called that have another name in the place of one of the release, and its type."""
    return {
        name: other
        for name, other in zip(released, now, strict=False)
        if name not in now and other not in released and _read(now[other])[0] == released[name].type
    }


def _name(text: str) -> str:
    found = re.match(r'"(?:[^"]|"")+"|[^ ]+', text)
    return found[0] if found else text


_TAIL = re.compile(
    r"^(?P<type>.*?)(?: collate (?P<collation>\S+))?(?P<null> not null)?(?: identity (?:always|by default))?"
    r"(?: (?:default (?P<default>.*?)|(?:stored|virtual) as .*?))?"
    r"(?: storage .*| compression .*| statistics .*| options .*)?$",
    re.DOTALL,
)


def _read(text: str) -> tuple[str, bool, str]:
    """Type, whether it must not be null, and the default, of a column as a snapshot has it."""
    found = _TAIL.match(text.removeprefix(_name(text)).strip())
    assert found is not None
    return _type(found["type"]), found["null"] is not None, found["default"] or ""


def _released(item: SqlObject) -> tuple[dict[str, _Column], list[tuple[str, str]]]:
    """The columns by name, and the constraints, of the statement that makes the table.

    A CHECK of a column comes with the name that PostgreSQL gives it, every other constraint without.
    """
    columns: dict[str, _Column] = {}
    constraints: list[tuple[str, str]] = []
    keyed: set[str] = set()
    for line in item.definition["columns"]:
        node = _parse(f"CREATE TABLE t ({line})").tableElts[0]
        if not hasattr(node, "colname"):
            constraints.append(("", _normal(line)))
            keyed |= {str(ident(key.sval)) for key in node.keys or () if node.contype.name == "CONSTR_PRIMARY"}
            continue
        name = str(ident(node.colname))
        parts = {part.contype.name: part for part in node.constraints or ()}
        default = parts.get("CONSTR_DEFAULT")
        columns[name] = _Column(
            line,
            _type(printed(node.typeName)),
            bool(parts.keys() & {"CONSTR_NOTNULL", "CONSTR_PRIMARY", "CONSTR_IDENTITY"}),
            "" if default is None else _expression(printed(default.raw_expr)),
            bool(parts.keys() & {"CONSTR_IDENTITY", "CONSTR_GENERATED"}),
        )
        constraints += [("", f"{kind} ({name})") for mark, kind in _KEYS.items() if mark in parts]
        if "CONSTR_CHECK" in parts:
            given = str(ident(f"{item.definition['name'][1]}_{node.colname}_check"))
            constraints.append((given, _normal(f"CHECK ({printed(parts['CONSTR_CHECK'].raw_expr)})")))
    return {n: c._replace(not_null=c.not_null or n in keyed) for n, c in columns.items()}, constraints


_KEYS = {"CONSTR_PRIMARY": "PRIMARY KEY", "CONSTR_UNIQUE": "UNIQUE"}


def _constraints(
    wanted: Sequence[tuple[str, str]], now: Mapping[str, str], *, trusted: bool
) -> tuple[list[tuple[str, str]], list[str]]:
    """Those that are too many, by name, and those that are missing."""
    missing = list(wanted)
    dropped = []
    for name, text in now.items():
        same = next((w for w in missing if w[1] == _normal(text) or (trusted and w[0] == name)), None)
        if same is not None:
            missing.remove(same)
        else:
            dropped.append((name, text))
    return dropped, [text for _, text in missing]


def _storage(table: Sql, item: SqlObject, facts: Facts) -> Iterator[Change]:
    unlogged = bool(item.definition.get("unlogged"))
    if unlogged != ("persistence" in facts):
        what = "is logged" if unlogged else "is unlogged: a crash empties it"
        yield _alter(table, what, "SET UNLOGGED" if unlogged else "SET LOGGED")
    wanted = {option.replace(" ", ""): option for option in item.definition.get("options", ())}
    now = facts.get("option", ())
    extra = [option for option in now if option not in wanted]
    set_again = {option.partition("=")[0] for option in wanted}
    names = [name for option in extra if (name := option.partition("=")[0]) not in set_again]
    if names:
        yield _alter(table, f"has the options {', '.join(extra)}", f"RESET ({', '.join(names)})")
    if lost := [option for name, option in wanted.items() if name not in now]:
        yield _alter(table, f"lacks the options {', '.join(lost)}", f"SET ({', '.join(lost)})")


def _parse(sql: str) -> Any:
    """The tree of one statement; None when this parser does not know what a newer server may write."""
    found, failure = parse(sql)
    return found[0].node if failure is None else None


def _type(text: str) -> str:
    node = _parse(f"SELECT NULL::{text}")
    text = printed(node.targetList[0].val.typeName).removeprefix("pg_catalog.") if node else text
    return {"timestamptz": "timestamp with time zone", "int": "integer"}.get(text, text)


def _expression(text: str) -> str:
    """An expression as one hand writes it, without the casts that a server adds to constants."""
    tree = _parse(f"SELECT {text}")
    return printed(plain(tree).targetList[0].val) if text and tree else text


def _normal(text: str) -> str:
    node = _parse(f"ALTER TABLE t ADD {text}")
    return printed(plain(node).cmds[0].def_) if node else text
