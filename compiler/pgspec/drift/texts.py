"""How an object is now and how the release made it, as lines that a diff can show.

The server writes names, types and casts out, so both texts are read by PostgreSQL's parser and printed again by one
hand, without the casts that a server adds to constants.  What then still differs in a query or a condition may be the
server's way of writing it: a fingerprint has told that the object was changed, the lines only show where to look.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgspec.objects import ROUTINES, SqlObject
from pgspec.pgsql import parse, pretty, printed, walk
from pgspec.snapshot import Facts
from pgspec.sql import QName, commas, ident, qname


def difference(released: list[str], now: list[str]) -> tuple[str, ...]:
    """A unified diff without its two lines of file names."""
    return tuple(difflib.unified_diff(released, now, lineterm="", n=2))[2:]


def describe(item: SqlObject, sql: str, facts: Facts) -> tuple[list[str], list[str]]:
    """An object as released and as it is; ``sql`` is the statement that creates it.  Empty for what has no text."""
    definition = item.definition
    if item.key.type in ("view", "materialized_view"):
        options = sorted(option.replace(" ", "").lower() for option in definition.get("options", ()))
        return [*options, *_query(definition["query"])], [*facts.get("option", ()), *_query(_one(facts, "definition"))]
    if item.key.type in ROUTINES:
        released, now = read_routine(sql), read_routine(_one(facts, "definition"))
        return (released.lines, now.lines) if released and now else ([], [])
    if item.key.type == "index":
        return [_index(definition)], [_one(facts, "definition")]
    if item.key.type == "trigger":
        statement = " ".join(sql.strip().removesuffix(";").split())
        return [statement], [_one(facts, "definition")]
    if item.key.type == "policy":
        return _policy(definition), _policy_now(facts)
    return [], []


def schedule_problem(item: SqlObject, facts: Facts) -> str:
    """What is other of a job of pg_cron than the release made it; empty when nothing is."""
    if len(facts["schedule"]) > 1:
        return "is there more than once: it belongs to more than one role"
    if _one(facts, "active") != "true":
        return "is not active"
    if _one(facts, "database") != "this":
        return f"runs in the database {_one(facts, 'database')}"
    wanted = [(part, item.definition[part]) for part in ("schedule", "command")]
    return ", ".join(f"has the {part} `{now}`" for part, w in wanted if (now := _one(facts, part)) != w)


def _one(facts: Facts, name: str) -> str:
    return "\n".join(facts.get(name, ()))


def _query(text: str) -> list[str]:
    found, failure = parse(text)
    return pretty(plain(found[0].node)) if failure is None and found else text.split("\n")


def plain(tree: Any) -> Any:
    """A tree without casts of constants, and without the names of what a sub-select gives: a server adds both."""
    for node in walk(tree):
        for name in node:
            value = getattr(node, name)
            setattr(node, name, tuple(map(_uncast, value)) if isinstance(value, tuple) else _uncast(value))
        for target in getattr(getattr(node, "subselect", None), "targetList", None) or ():
            target.name = None
    return tree


def _uncast(node: Any) -> Any:
    while hasattr(node, "typeName") and hasattr(getattr(node, "arg", None), "isnull"):
        node = node.arg
    return node


def _index(definition: Mapping[str, Any]) -> str:
    unique = "UNIQUE " if definition["unique"] else ""
    name, table = ident(definition["name"][1]), qname(QName(*definition["table"]))
    where = f" WHERE ({definition['where']})" if definition.get("where") else ""
    columns = commas(ident(column) for column in definition["columns"])
    return f"CREATE {unique}INDEX {name} ON {table} USING {definition['method']} ({columns}){where}"


def _policy(definition: Mapping[str, Any]) -> list[str]:
    return [
        "restrictive" if definition["restrictive"] else "permissive",
        f"for {definition['command']}",
        f"to {', '.join(definition['roles'])}",
        *(f"{name} {_condition(text)}" for name in ("using", "check") if (text := definition[name])),
    ]


def _policy_now(facts: Facts) -> list[str]:
    return [
        "permissive" if _one(facts, "permissive") == "true" else "restrictive",
        f"for {_one(facts, 'command')}",
        f"to {', '.join(facts.get('to', ()))}",
        *(f"using {_condition(text)}" for text in facts.get("using", ())),
        *(f"check {_condition(text)}" for text in facts.get("with check", ())),
    ]


def _condition(text: str) -> str:
    found, failure = parse(f"SELECT {text}")
    return printed(plain(found[0].node)).removeprefix("SELECT ") if failure is None and found else text


@dataclass(frozen=True, slots=True)
class Signature:
    """A routine's text, read.  ``fixed`` is what CREATE OR REPLACE cannot change; nor can it take a default away."""

    fixed: tuple[str, ...]
    defaults: int
    lines: list[str]


def read_routine(text: str) -> Signature | None:
    """What a statement that creates a routine says; None when it cannot be read, or says something else."""
    found, failure = parse(text)
    if failure is not None or not found or not hasattr(found[0].node, "funcname"):
        return None
    node = found[0].node
    parameters = node.parameters or ()
    names = [f"{getattr(p.mode, 'name', '')} {p.name} {_type(p.argType)}" for p in parameters]
    defaults = [p for p in parameters if p.defexpr is not None]
    returns = "" if node.returnType is None else _type(node.returnType)
    fixed = (str(bool(node.is_procedure)), returns, *names)
    lines = [f"{p.name} {_type(p.argType)}{_default(p)}" for p in parameters] + [f"returns {returns}"]
    body: list[str] = []
    options = []
    for option in node.options or ():
        if option.defname == "as":
            body = str(option.arg[0].sval).split("\n")
        elif option.defname == "set":
            options.append(printed(option.arg))
        elif option.defname == "security":
            options.append("security definer" if option.arg.boolval else "security invoker")
        else:
            options.append(f"{option.defname} {_value(option.arg)}")
    if node.sql_body is not None:
        body = pretty(node.sql_body)
    return Signature(fixed, len(defaults), [*lines, *sorted(options), *body])


def _value(node: Any) -> str:
    for name in ("sval", "fval", "ival", "boolval"):
        if hasattr(node, name):
            return str(getattr(node, name)).lower()
    return printed(node)


def _default(parameter: Any) -> str:
    return "" if parameter.defexpr is None else f" default {printed(parameter.defexpr)}"


_SAME = {"timestamptz": "timestamp with time zone", "int": "integer", "int8": "bigint", "int4": "integer"}


def _type(node: Any) -> str:
    text = printed(node).removeprefix("SETOF pg_catalog.").removeprefix("pg_catalog.")
    name, bracket, rest = text.partition("[")
    return f"{_SAME.get(name, name)}{bracket}{rest}"
