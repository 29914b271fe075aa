"""How tables of ours print, and how they change while their rows stay."""

from __future__ import annotations

from pgspec.definitions import Definition, Json, Values, closed, name_of
from pgspec.sql import Sql, commas, dollar, ident, literal


def table(d: Definition) -> Values:
    """A table of ours."""
    keep = d.get("keep")
    grows = d.get("grows") or []
    part = name_of(d["default"]) if "default" in d else None
    return {
        "name": name_of(d["name"]),
        "columns": [Sql(line) for line in d["columns"]],
        "partition_by": "partition_by" in d and ident(d["partition_by"]),
        "default": part,
        "default_name": part and literal(part),
        "parts": [
            _part(name_of(d["name"]), Sql(line), name, empty)
            for line, (name, empty) in zip(d["columns"], grows, strict=False)
        ],
        "persistence": Sql("UNLOGGED " if d.get("unlogged") else ""),
        "options": commas(Sql(option) for option in d.get("options", [])),
        "revoke": closed(d["revoke"]),
        "closings": _closings(d),
        "keep": keep and _keep(name_of(d["name"]), keep),
    }


def _part(table: Sql, line: Sql, name: Json, empty: Json) -> Values:
    """A column that can come and go while the table stays; ``empty``: what it holds where nobody gave it a value."""
    what = f"values of the column {ident(name)} of {table}".replace("%", "%%")
    return {
        "line": line,
        "name": ident(name),
        "empty": Sql(empty),
        "message": literal(f"nothing was changed: % {what} would be lost"),
    }


def _closings(d: Definition) -> list[Sql]:
    """For each identity column the block that closes its sequence.

    PostgreSQL names the sequences, so they are asked for when the table is there.
    """
    others = literal(f" FROM {closed(d['revoke'])}")
    columns = [literal(line.split()[0]) for line in d["columns"] if " AS IDENTITY" in line]
    found = [f"pg_catalog.pg_get_serial_sequence({literal(name_of(d['name']))}, {column})" for column in columns]
    return [
        dollar(f"\nBEGIN\n  EXECUTE 'REVOKE ALL ON SEQUENCE ' || {name} || {others};\nEND\n", "close") for name in found
    ]


def _keep(table: Sql, keep: Json) -> Values:
    """What the guard of a table says whose rows cannot be made again."""
    return {
        "rows": Sql(keep["rows"]),
        "message": literal(f"rollback: % {keep['what']} in {table.replace(chr(37), chr(37) * 2)} would be lost"),
        "hint": literal(f"{keep['advice']}; or accept the loss: SET pgspec.allow_data_loss = on"),
    }


def statements(do: str, values: Values) -> int:
    """A table and its sequences are closed; one whose rows must be kept is guarded when it is dropped."""
    if do == "drop":
        return 2 if values["keep"] else 1
    parts = 2 if values["default"] else 1
    if do == "create":
        return 2 * parts + len(values["closings"])
    closed_anew = values["revoke"] != values["before"]["revoke"]
    return _altered(values) + (parts if closed_anew else 0) + len(values["closings"])


def _altered(values: Values) -> int:
    """How many statements change the columns: a guarded one for each that goes, one for each that comes."""
    old, new = ({part["line"] for part in parts} for parts in (values["before"]["parts"], values["parts"]))
    return 2 * len(old - new) + len(new - old)


def grows(before: Definition, after: Definition) -> bool:
    """Whether the columns of a table come and go while it stays."""
    return "grows" in before and "grows" in after


def loses(before: Definition, after: Definition) -> bool:
    """Whether a table that stays loses a column, so that what reads it cannot stay."""
    return grows(before, after) and not set(before["columns"]) <= set(after["columns"])
