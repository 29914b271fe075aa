"""The search path, as SET, RESET and ``set_config`` change it."""

from __future__ import annotations

from typing import Any

from pgspec.catalog.builder import Builder
from pgspec.catalog.typenames import names_of
from pgspec.pgsql import ast

_ENDS = {"TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK", "TRANS_STMT_PREPARE"}
_SETTING_ARGUMENTS = 3


def set_variable(state: Builder, node: Any) -> None:
    """SET search_path, SET SCHEMA, RESET search_path, RESET ALL."""
    kind = node.kind.name
    if kind == "VAR_RESET_ALL" or (node.name == "search_path" and kind in ("VAR_RESET", "VAR_SET_DEFAULT")):
        _set_path(state, list(state.default_path), bool(node.is_local))
    elif node.name == "search_path" and kind == "VAR_SET_VALUE":
        values = [_text(argument) for argument in node.args or ()]
        _set_path(state, [v for v in values if v is not None], bool(node.is_local))


def _text(node: Any) -> str | None:
    if isinstance(node, ast.A_Const) and isinstance(node.val, ast.String):
        return str(node.val.sval)
    return None


def _set_path(state: Builder, names: list[str], local: bool) -> None:
    """``$user`` has no schema here, and an empty name is none."""
    if local and state.path_before_local is None:
        state.path_before_local = state.path
    elif not local:
        state.path_before_local = None
    state.path = [name for name in names if name and name != "$user"]


def transaction(state: Builder, node: Any) -> None:
    """The end of a transaction undoes SET LOCAL."""
    if node.kind.name in _ENDS and state.path_before_local is not None:
        state.path, state.path_before_local = state.path_before_local, None


def call_set_config(state: Builder, node: Any) -> None:
    """SELECT set_config('search_path', ..., ...), as pg_dump writes it."""
    for target in node.targetList or ():
        call = target.val
        if not isinstance(call, ast.FuncCall) or names_of(call.funcname)[1] != "set_config":
            continue
        arguments: tuple[Any, ...] = call.args or ()
        if len(arguments) == _SETTING_ARGUMENTS and _text(arguments[0]) == "search_path":
            value = _text(arguments[1])
            is_local = isinstance(arguments[2], ast.A_Const) and bool(getattr(arguments[2].val, "boolval", False))
            if value is not None:
                _set_path(state, path_elements(value), is_local)


def path_elements(value: str) -> list[str]:
    """The schemas in the text of a search path: ``a, "B c"``."""
    out: list[str] = []
    position = 0
    while position < len(value):
        if value[position] in " \t\n\r\f,":
            position += 1
        elif value[position] == '"':
            end = position + 1
            while end < len(value) and (value[end] != '"' or value.startswith('""', end)):
                end += 2 if value[end] == '"' else 1
            out.append(value[position + 1 : end].replace('""', '"'))
            position = end + 1
        else:
            end = value.find(",", position)
            end = len(value) if end < 0 else end
            out.append(value[position:end].strip().lower())
            position = end
    return out
