"""Read DDL into a `Catalog`: the statements of schema files, applied in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pgspec.catalog.access import (
    alter_role,
    create_policy,
    create_role,
    default_privileges,
    drop_policy,
    grant,
    grant_role,
    is_drop_policy,
)
from pgspec.catalog.alter import alter_table
from pgspec.catalog.blocks import read_block
from pgspec.catalog.builder import Builder, Source
from pgspec.catalog.definitions import (
    alter_enum,
    create_composite,
    create_domain,
    create_enum,
    create_extension,
    create_range,
    define,
)
from pgspec.catalog.drops import drop, drop_owned, drop_role
from pgspec.catalog.freeze import freeze
from pgspec.catalog.indexes import create_index
from pgspec.catalog.model import Catalog
from pgspec.catalog.renames import reassign_owned, rename, set_schema
from pgspec.catalog.routines import alter_function, alter_owner, create_function
from pgspec.catalog.script import Piece, split_script
from pgspec.catalog.settings import call_set_config, set_variable, transaction
from pgspec.catalog.tables import create_foreign_table, create_table
from pgspec.catalog.views import create_table_as, create_view, select_into
from pgspec.diagnostics import Diagnostic
from pgspec.pgsql import ast, parse

_INCLUDES = ("i", "ir", "include", "include_relative")


def read_schema(
    files: Sequence[tuple[str, str]], search_path: tuple[str, ...] = ("public",)
) -> tuple[Catalog, list[Diagnostic]]:
    """The catalog that the DDL of ``files``, pairs of path and text in the order of application, defines.

    Each file is a session of its own: it starts with ``search_path``.  What cannot be read is in the findings, and the
    statements around it still count: SQL001 (error) for a text that is not SQL, PRJ010 (warning) for DDL that
    concerns the catalog and is not understood.
    """
    state = Builder(search_path, Source("", ""))
    for path, text in files:
        _read_file(state, path, text)
    return freeze(state), sorted(state.findings)


def _read_file(state: Builder, path: str, text: str) -> None:
    # The parser ends at a NUL and refuses half a surrogate pair; neither can be part of a statement.
    text = text.replace("\0", "\x01").encode("utf-8", "replace").decode()
    state.source = Source(path, text)
    state.path, state.path_before_local = list(state.default_path), None
    for piece in split_script(text):
        if isinstance(piece, Piece):
            _read_statement(state, piece)
        elif piece.command in _INCLUDES:
            state.offset, state.statement = piece.start, text[piece.start : piece.end]
            state.report(f"`\\{piece.command}` reads a file that is not known here", "list that file under `schema:`")


def _read_statement(state: Builder, piece: Piece) -> None:
    state.offset, state.statement = piece.start, piece.text
    statements, failure = parse(piece.text)
    if failure is None:
        for statement in statements:
            apply(state, statement.node)
        return
    state.report(failure.message, "correct this statement; those after it are read", failure.offset, "SQL001")
    line_start = piece.text.rfind("\n", 0, failure.offset) + 1
    if line_start and not piece.text[line_start : failure.offset].strip():
        # A forgotten semicolon: what stands before the line may be whole, and so may be what begins there.
        before, after = piece.text[:line_start], piece.text[line_start:]
        for text, start in ((before, piece.start), (after, piece.start + line_start)):
            statements, failure = parse(text)
            state.offset, state.statement = start, text
            for statement in statements:
                apply(state, statement.node)


def apply(state: Builder, node: Any) -> None:
    """Apply one statement; those that do not concern the catalog are passed over."""
    if is_drop_policy(node):
        drop_policy(state, node)
    elif handler := _HANDLERS.get(type(node)):
        handler(state, node)


def _select(state: Builder, node: Any) -> None:
    call_set_config(state, node)
    select_into(state, node)


def _do(state: Builder, node: Any) -> None:
    read_block(state, node, apply)


_SCHEMA_ELEMENTS = (ast.CreateSeqStmt, ast.CreateStmt, ast.ViewStmt, ast.IndexStmt)


def _create_schema(state: Builder, node: Any) -> None:
    """CREATE SCHEMA with the objects that it may hold, which are made in a fixed order."""
    name = node.schemaname or (node.authrole.rolename if node.authrole else None)
    if not name:
        return
    state.schemas.add(name)
    outer, state.path = state.path, [name, *state.path]
    elements = [e for e in node.schemaElts or () if isinstance(e, _SCHEMA_ELEMENTS)]
    for element in sorted(elements, key=lambda e: _SCHEMA_ELEMENTS.index(type(e))):
        apply(state, element)
    state.path = outer


def _create_sequence(state: Builder, node: Any) -> None:
    """CREATE SEQUENCE: known only so that a later ALTER TABLE of it is no surprise."""
    state.add_sequence(node.sequence)


def _foreign_schema(state: Builder, node: Any) -> None:
    """IMPORT FOREIGN SCHEMA."""
    del node
    state.report(
        "the tables of IMPORT FOREIGN SCHEMA are not known without the server", "write CREATE FOREIGN TABLE for each"
    )


_HANDLERS: dict[type, Callable[[Builder, Any], None]] = {
    ast.AlterDefaultPrivilegesStmt: default_privileges,
    ast.AlterEnumStmt: alter_enum,
    ast.AlterFunctionStmt: alter_function,
    ast.AlterOwnerStmt: alter_owner,
    ast.AlterObjectSchemaStmt: set_schema,
    ast.AlterRoleStmt: alter_role,
    ast.AlterTableStmt: alter_table,
    ast.CompositeTypeStmt: create_composite,
    ast.CreateDomainStmt: create_domain,
    ast.CreateEnumStmt: create_enum,
    ast.CreateExtensionStmt: create_extension,
    ast.CreateForeignTableStmt: create_foreign_table,
    ast.CreateFunctionStmt: create_function,
    ast.CreatePolicyStmt: create_policy,
    ast.CreateRangeStmt: create_range,
    ast.CreateRoleStmt: create_role,
    ast.CreateSchemaStmt: _create_schema,
    ast.CreateSeqStmt: _create_sequence,
    ast.CreateStmt: create_table,
    ast.CreateTableAsStmt: create_table_as,
    ast.DefineStmt: define,
    ast.DoStmt: _do,
    ast.DropOwnedStmt: drop_owned,
    ast.DropRoleStmt: drop_role,
    ast.DropStmt: drop,
    ast.GrantRoleStmt: grant_role,
    ast.GrantStmt: grant,
    ast.ImportForeignSchemaStmt: _foreign_schema,
    ast.IndexStmt: create_index,
    ast.ReassignOwnedStmt: reassign_owned,
    ast.RenameStmt: rename,
    ast.SelectStmt: _select,
    ast.TransactionStmt: transaction,
    ast.VariableSetStmt: set_variable,
    ast.ViewStmt: create_view,
}
