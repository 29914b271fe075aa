"""How objects print: the definition of each type as the values that its templates may print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgspec.sql import QName, Sql, commas, dollar, ident, literal, qname

Json = Any
Values = dict[str, Any]
Definition = Mapping[str, Json]


def name_of(parts: Json) -> Sql:
    """A qualified name that a definition holds as a list."""
    return qname(QName(*parts))


def schema(d: Definition) -> Values:
    """A schema."""
    return {"name": ident(d["name"]), "plain_name": literal(d["name"]), "revoke": closed(d["revoke"])}


def function(d: Definition) -> Values:
    """A function."""
    returns = Sql(f" RETURNS {d['returns']}")
    return {
        **_routine(d),
        "kind": Sql("FUNCTION"),
        "returns": returns,
        "volatility": Sql(f" {d['volatility'].upper()}"),
    }


def procedure(d: Definition) -> Values:
    """A procedure.  One that commits can have no settings and not be SECURITY DEFINER: PostgreSQL refuses both."""
    return {**_routine(d), "kind": Sql("PROCEDURE"), "returns": Sql(""), "volatility": Sql("")}


def _routine(d: Definition) -> Values:
    return {
        "name": name_of(d["name"]),
        "arguments": commas(_argument(*argument) for argument in d["arguments"]),
        "signature": Sql(f"{name_of(d['name'])}({', '.join(argument[1] for argument in d['arguments'])})"),
        "language": Sql(d["language"]),
        "security": Sql(" SECURITY DEFINER" if d.get("security") == "definer" else ""),
        "parallel": Sql(f" PARALLEL {d['parallel'].upper()}" if "parallel" in d else ""),
        "settings": [Sql(f"{ident(name)} = {value}") for name, value in d["settings"]],
        # An expression is bound when the function is made: callers need no right to the schemas that it names.
        "body": Sql(f"RETURN {d['return']}") if "return" in d else Sql(f"AS {dollar(d['body'], 'function')}"),
        "revoke": closed(d["revoke"]),
        "executors": [ident(role) for role in sorted(d.get("execute", []))],
        "execute": commas(ident(role) for role in sorted(d.get("execute", []))),
        "may_execute": commas(literal(role) for role in sorted(d.get("execute", []))),
    }


def _argument(name: str, kind: str, default: str | None = None) -> Sql:
    return Sql(f"{ident(name)} {kind}" + (f" DEFAULT {default}" if default is not None else ""))


def trigger(d: Definition) -> Values:
    """A statement trigger, for one event or for several with OR between them."""
    tables = [f"{which} TABLE AS {ident(name)}" for which, name in (("OLD", d["old"]), ("NEW", d["new"])) if name]
    return {
        "name": ident(d["name"]),
        "table": name_of(d["table"]),
        "timing": Sql(d["timing"]),
        "event": Sql(d["event"]),
        "referencing": Sql(f"REFERENCING {' '.join(tables)} " if tables else ""),
        "function": name_of(d["function"]),
        "trigger_name": literal(d["name"]),
        "table_name": literal(name_of(d["table"])),
        "bits": literal(
            sum(_TRIGGER_BITS[event] for event in d["event"].split(" OR "))
            | (_BEFORE if d["timing"] == "BEFORE" else 0)
        ),
        "function_name": literal(f"{name_of(d['function'])}()"),
    }


# pg_trigger.tgtype of statement triggers (src/include/catalog/pg_trigger.h).
_TRIGGER_BITS = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
_BEFORE = 2


def view(d: Definition) -> Values:
    """A view, materialized or not."""
    options = [Sql(option) for option in d.get("options", [])]
    return {
        "name": name_of(d["name"]),
        "schema": ident(d["name"][0]),
        "bare": ident(d["name"][1]),
        "query": Sql(d["query"]),
        "options": commas(options),
        "option_names": literal(",".join(option.replace(" ", "") for option in options)),
    }


def row_check(d: Definition) -> Values:
    """What reads tables, and must read all of their rows."""
    return {
        "readers": [
            {"kind": literal(kind), "name": literal(name), "reads": commas(literal(name_of(read)) for read in reads)}
            for kind, name, reads in d["readers"]
        ],
    }


def row_check_statements(do: str, _values: Values) -> int:
    """Nothing is installed, so nothing is dropped."""
    return 0 if do == "drop" else 1


def index(d: Definition) -> Values:
    """An index."""
    return {
        "name": ident(d["name"][1]),
        "qualified": name_of(d["name"]),
        "table": name_of(d["table"]),
        "unique": Sql("UNIQUE " if d["unique"] else ""),
        "method": Sql("" if d["method"] == "btree" else f"USING {ident(d['method'])} "),
        "columns": commas(ident(column) for column in d["columns"]),
        "where": Sql(f" WHERE {d['where']}" if d.get("where") else ""),
        "is_partial": literal(bool(d.get("where"))),
        "relation": literal(name_of(d["table"])),
        "is_unique": literal(bool(d["unique"])),
        "access_method": literal(d["method"]),
        "column_names": commas(literal(column) for column in d["columns"]),
    }


def _on(d: Definition) -> Values:
    """What comments, owners and grants share: the object that they are about."""
    target = name_of(d["target"])
    return {"kind": Sql(d["on"].replace("_", " ").upper()), "target": target, "target_name": literal(target)}


def comment(d: Definition) -> Values:
    """A comment."""
    return {**_on(d), "text": literal(d["text"])}


def access(d: Definition) -> Values:
    """Who may do what with an object of ours."""
    grant = [(role, sorted(privileges)) for role, privileges in d["grant"]]
    granted = sorted(f"{role} {privilege}" for role, privileges in grant for privilege in privileges)
    return {
        **_on(d),
        "revoke": closed(d["revoke"]),
        "grants": [
            {"privileges": commas(Sql(p) for p in privileges), "role": ident(role)} for role, privileges in grant
        ],
        "granted": commas(literal(entry) for entry in granted),
    }


def owner(d: Definition) -> Values:
    """An owner."""
    return {**_on(d), "role": ident(d["role"]), "role_name": literal(d["role"])}


def key_check(d: Definition) -> Values:
    """A query that must have no duplicates."""
    return {
        **_on(d),
        "query": Sql(d["query"]),
        "columns": commas(Sql(f"q.{ident(column)}") for column in d["columns"]),
        "column_names": literal(", ".join(d["columns"])),
    }


def schedule(d: Definition) -> Values:
    """A job of pg_cron, and the blocks that make it and take it away."""
    values = {part: literal(d[part]) for part in ("name", "schedule", "command")}
    mine = f"j.jobname = {values['name']} AND j.username = current_user"
    gone = f"PERFORM cron.unschedule(j.jobid) FROM cron.job AS j WHERE {mine}"
    made = f"PERFORM cron.schedule({commas(values.values())})"
    is_there = "pg_catalog.to_regclass('cron.job') IS NOT NULL"
    return values | {
        "made": dollar(f"\nBEGIN\n  {gone};\n  {made};\nEND\n", "schedule"),
        "gone": dollar(f"\nBEGIN\n  IF {is_there} THEN\n    {gone};\n  END IF;\nEND\n", "schedule"),
    }


def nothing_count(_do: str, _values: Values) -> int:
    """It prints no statement."""
    return 0


def with_rights_count(do: str, values: Values) -> int:
    """Creating an object is followed by closing it, and perhaps by opening it to some."""
    return 1 if do == "drop" else 2 + bool(values.get("execute"))


def schema_statements(do: str, _values: Values) -> int:
    """What changes of a schema in place are the rights alone."""
    return 2 if do == "create" else 1


def grants_count(_do: str, values: Values) -> int:
    """A revocation, and a grant or revocation for each role."""
    return 1 + len(values["grants"]) + len(values["withdrawn"])


def closed(names: Json) -> Sql:
    """PUBLIC and these roles, as REVOKE names them."""
    return commas([Sql("PUBLIC"), *(ident(name) for name in names)])


def row_security(d: Definition) -> Values:
    """ENABLE and FORCE, and what was there before."""
    return {
        "table": name_of(d["table"]),
        "table_name": literal(name_of(d["table"])),
        "force": _FORCE[d["force"]],
        "is_forced": literal(bool(d["force"])),
        "restored": Sql("ENABLE" if d["was_enabled"] else "DISABLE"),
        "restored_force": _FORCE[d["was_forced"]],
    }


_FORCE = {True: Sql("FORCE"), False: Sql("NO FORCE")}
_ROLE_WORDS = {"public": Sql("PUBLIC"), None: Sql("CURRENT_USER")}
_COMMAND_LETTERS = {"all": "*", "select": "r", "insert": "a", "update": "w", "delete": "d"}


def policy(d: Definition) -> Values:
    """One policy."""
    using, check = d["using"], d["check"]
    return {
        "name": ident(d["name"]),
        "policy_name": literal(d["name"]),
        "table": name_of(d["table"]),
        "table_name": literal(name_of(d["table"])),
        "kind": Sql("RESTRICTIVE" if d["restrictive"] else "PERMISSIVE"),
        "is_permissive": literal(not d["restrictive"]),
        "command": Sql(d["command"].upper()),
        "command_letter": literal(_COMMAND_LETTERS[d["command"]]),
        # NULL stands for whoever owns the table.
        "roles": commas(_ROLE_WORDS.get(role) or ident(role) for role in d["roles"]),
        "role_names": commas(Sql("NULL") if role is None else literal(role) for role in d["roles"]),
        "using": using and Sql(using),
        "check": check and Sql(check),
        # What ALTER POLICY cannot change: it adds conditions and replaces them, but takes none away.
        "shape": (d["restrictive"], d["command"], using is None, check is None),
    }


def policy_statements(do: str, values: Values) -> int:
    """A policy whose command or kind changes is dropped and made again."""
    return 2 if do == "replace" and values["before"]["shape"] != values["shape"] else 1


def rights(d: Definition) -> Values:
    """What roles may do with a table, and what they could before."""
    granted = sorted(f"{role} {privilege}" for role, privileges in d["grant"] for privilege in privileges)
    return {
        "table": name_of(d["table"]),
        "table_name": literal(name_of(d["table"])),
        "revoke": closed(d["revoke"]),
        "closed": commas(literal(role) for role in ("PUBLIC", *d["revoke"])),
        "bound": commas(literal(role) for role in d["bound"]),
        "grants": _granted(d["grant"]),
        "restored": _granted(d["restore"]),
        "granted": commas(literal(entry) for entry in granted),
    }


def _granted(entries: Json) -> list[Values]:
    return [
        {
            "privileges": commas(Sql(privilege) for privilege in privileges if not privilege.startswith("-")),
            "withheld": commas(Sql(privilege[1:]) for privilege in privileges if privilege.startswith("-")),
            "role": Sql("PUBLIC") if role == "public" else ident(role),
        }
        for role, privileges in entries
    ]


def rights_statements(do: str, values: Values) -> int:
    """One revocation, and a grant for each role."""
    return 1 + (
        sum(1 + bool(g["withheld"]) for g in values["restored"])
        if do == "drop"
        else len(values["grants"]) + len(values["withdrawn"])
    )


def schema_usage(d: Definition) -> Values:
    """Who may use the names of a schema."""
    return {
        "schema": ident(d["schema"]),
        "plain_name": literal(d["schema"]),
        "revoke": closed(d["revoke"]),
        "grants": [{"role": ident(role)} for role in d["grant"]],
        "may_use": commas(literal(f"{role} USAGE") for role in d["grant"]),
    }


def expectations(d: Definition) -> Values:
    """What personas must get from a table, and the statements that try it."""
    table, key = name_of(d["table"]), d["key"]
    rows = [_expected_row(d, label, *row) for label, row in d["rows"].items()]
    keys = commas(Sql(f"t.{ident(column)}::text") for column in key)
    found = f"k.key IN (SELECT ROW({keys})::text FROM {name_of(d['face'] or d['table'])} AS t)"
    known = "SELECT k.label FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS k (label, key)"
    return {
        "table": table,
        "table_name": literal(table),
        "label": literal(name_of(d["face"] or d["table"])),
        "setting": literal(d["setting"]),
        "key": keys,
        "labels": commas(literal(label) for label in d["rows"]),
        "rows": rows,
        "try_select": literal(f"SELECT ARRAY({known} WHERE {found})"),
        "needs": [_needed_row(*row) for row in d["needs"]],
        "personas": [
            {"name": literal(name), "role": literal(role), "claims": literal(claims), "bound": literal(bound)}
            for name, (role, claims, bound) in d["personas"].items()
        ],
        "cells": [_expected_cell(cell) for cell in d["cells"]],
        "number": len(d["cells"]),
    }


def _needed_row(table: Json, key: Json, columns: Json, text: str) -> Values:
    """A row that must be there, and how one that is there already is compared with it."""
    return {
        "table": name_of(table),
        "columns": commas(map(ident, columns)),
        "json": literal(text),
        "same_key": Sql(" AND ").join(Sql(f"t.{ident(c)} = r.{ident(c)}") for c in key) or Sql("false"),
        "stored": commas(Sql(f"t.{ident(c)}") for c in columns),
        "given": commas(Sql(f"r.{ident(c)}") for c in columns),
    }


def _expected_row(d: Definition, label: str, columns: Json, text: str) -> Values:
    table, changed = name_of(d["table"]), ident(d["changed"])
    record = f"pg_catalog.jsonb_populate_record(NULL::{table}, {literal(text)})"
    pairs = Sql(" AND ").join(Sql(f"t.{ident(c)} = r.{ident(c)}") for c in d["key"])
    names = commas(map(ident, columns))
    return {
        "label": literal(label),
        "json": literal(text),
        "try_insert": literal(f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM {record}"),
        "try_update": literal(f"UPDATE {table} AS t SET {changed} = t.{changed} FROM {record} AS r WHERE {pairs}"),
        "try_delete": literal(f"DELETE FROM {table} AS t USING {record} AS r WHERE {pairs}"),
    }


def _expected_cell(cell: Json) -> Values:
    return {
        "command": literal(cell["command"]),
        "persona": literal(cell["persona"]),
        "labels": commas(literal(label) for label in cell["labels"]),
        "most": literal(cell["most"]),
        "error": Sql("NULL") if cell["error"] is None else literal(cell["error"]),
        "hint": Sql("NULL") if cell["hint"] is None else literal(_like(cell["hint"])),
    }


def _like(glob: str) -> str:
    """A pattern of ``*`` and ``?`` as LIKE has it."""
    escaped = "".join(f"\\{c}" if c in "\\%_" else c for c in glob)
    return escaped.replace("*", "%").replace("?", "_")
