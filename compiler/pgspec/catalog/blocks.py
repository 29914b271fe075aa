"""DO blocks: what they create, where that can be told from their text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pgspec.catalog.builder import Builder
from pgspec.catalog.script import Piece, split_script
from pgspec.pgsql import ast, parse

# `CREATE ROLE name`, also inside the string that EXECUTE is given.
_ROLE = re.compile(r'\bcreate\s+(?:role|user|group)\s+(?!if\b|mapping\b)("(?:[^"]|"")+"|[a-z_][\w$]*)', re.IGNORECASE)
# The options of such a role, up to the end of the statement or string, with one that no policy binds.
_UNBOUND = re.compile(r"[^;']*\b(?:bypassrls|superuser)\b", re.IGNORECASE)
_DDL = re.compile(
    r"\b(?:(?:create|alter|drop)\s+(?:unlogged\s+|foreign\s+|or\s+replace\s+|unique\s+|materialized\s+)*"
    r"(?:table|view|index|type|domain|schema|function|extension))\b",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
# Everything up to the DDL of a block's statement: BEGIN, IF ... THEN, ELSE.
_LEAD = re.compile(r"^.*?\b(?=(?:create|alter|drop)\s)", re.IGNORECASE | re.DOTALL)
# What may stand before DDL that is certain to have its effect: nothing, or the question whether it had it before.
_CERTAIN = re.compile(
    r"^\s*(?:begin\s+)?(?:if\s+not\s+exists\s*\(\s*select\b[^;]*\b(?:pg_\w+|information_schema)\b[^;]*\)\s*then\s+)?$",
    re.IGNORECASE,
)
# A handler of `others` hides failures, after which the DDL has had no effect.
_DUPLICATE_HANDLER = re.compile(
    r"^\s*exception(?:\s+when\s+duplicate_\w+(?:\s+or\s+duplicate_\w+)*\s+then\s+null)\s*$", re.IGNORECASE
)
_END = re.compile(r"^\s*(?:end(?:\s+if)?|null|)\s*$", re.IGNORECASE)
_HARMLESS = (
    ast.CreateEnumStmt,
    ast.CompositeTypeStmt,
    ast.CreateDomainStmt,
    ast.CreateSchemaStmt,
    ast.CreateExtensionStmt,
    ast.CreateRoleStmt,
)


def read_block(state: Builder, node: Any, apply: Callable[[Builder, Any], None]) -> None:
    """DO: the roles and types that it creates are known; its other DDL counts when it is certain to have its effect."""
    body = next((a.arg[0].sval if isinstance(a.arg, tuple) else a.arg.sval for a in node.args if a.defname == "as"), "")
    body = _COMMENT.sub(" ", body)
    for found in _ROLE.finditer(body):
        name = found[1]
        role = name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
        state.roles.add(role)
        if _UNBOUND.match(body, found.end()):
            state.bypassing.add(role)
    if not _DDL.search(body):
        return
    plain, statements, understood = True, [], True
    for piece in split_script(body):
        text = piece.text if isinstance(piece, Piece) else ""
        if _END.match(text) or _DUPLICATE_HANDLER.match(text):
            continue
        lead = _LEAD.match(text)
        parsed = parse(text[lead.end() :])[0] if lead else []
        if len(parsed) == 1 and lead:
            plain = plain and bool(_CERTAIN.match(lead[0]))
            statements.append(parsed[0].node)
        else:
            plain = False
            understood = understood and not _DDL.search(text)
    for statement in statements:
        if plain or isinstance(statement, _HARMLESS):
            apply(state, statement)
        else:
            understood = False
    if not understood:
        state.report(
            "the DDL in this DO block depends on what the block finds, so it is passed over",
            "write the statements outside of the block",
        )
