"""ALTER TABLE, and its forms for views, indexes, sequences and composite types."""

from __future__ import annotations

import copy
from typing import Any

from pgspec.catalog.builder import Builder
from pgspec.catalog.columns import (
    column_type,
    columns_used,
    define_column,
    drop_not_null,
    inherit_column,
    is_null_constant,
    own_expression,
    own_sequence,
    set_not_null,
)
from pgspec.catalog.constraints import (
    Pending,
    add_constraints,
    alter_constraint,
    drop_check,
    drop_constraint,
    drop_index_constraint,
    drop_not_null_in_family,
    set_not_null_in_family,
    validate_constraint,
    with_attributes,
)
from pgspec.catalog.indexes import attach_index, column_of, uses_column
from pgspec.catalog.parts import VIEW_KINDS, Index, Sequence, Table, TableColumn
from pgspec.catalog.references import drop_reference, drop_references_to_column
from pgspec.catalog.tables import add_inherit, attach_partition, detach_partition, drop_inherit
from pgspec.catalog.views import drop_dependent_views, is_on
from pgspec.pgsql import enums

Command = enums.AlterTableType
Kind = enums.ConstrType

# PostgreSQL does the parts of one ALTER TABLE in passes; within a pass as they are written.
_PASSES = {
    Command.AT_DropColumn: 0,
    Command.AT_DropConstraint: 0,
    Command.AT_DropNotNull: 0,
    Command.AT_DropExpression: 0,
    Command.AT_DropIdentity: 0,
    Command.AT_AlterColumnType: 1,
    Command.AT_AddColumn: 2,
    Command.AT_SetExpression: 2,
    Command.AT_SetNotNull: 3,
    Command.AT_AddIdentity: 3,
    Command.AT_AddConstraint: 4,
}
_CONSTRAINTS = 4
_LAST_PASS = 5


def alter_table(state: Builder, node: Any) -> None:
    """ALTER TABLE and whatever else the grammar reads as one."""
    var = node.relation
    if node.objtype == enums.ObjectType.OBJECT_TYPE:
        _alter_composite(state, node)
        return
    found = state.find(var.schemaname, var.relname)
    if found is None:
        if not node.missing_ok:
            state.missing("relation", var.schemaname, var.relname, var.location)
    elif isinstance(found, Index):
        for command in node.cmds or ():
            if command.subtype == Command.AT_AttachPartition:
                attach_index(state, found, command.def_)
    elif isinstance(found, Table):
        commands = sorted(node.cmds or (), key=lambda c: _PASSES.get(c.subtype, _LAST_PASS))
        _run(state, found, commands, only=not var.inh)


def _run(state: Builder, table: Table, commands: list[Any], only: bool) -> None:
    """Do the commands; constraints that are added together are collected, since a name may depend on its neighbours."""
    pending: list[Pending] = []
    for number, command in enumerate(commands):
        if command.subtype == Command.AT_AddColumn:
            pending += _add_column(state, table, command, only)
        elif command.subtype == Command.AT_AddConstraint:
            pending.append(Pending(command.def_))
        else:
            _alter(state, table, command, only)
        last_of_pass = (
            number + 1 == len(commands) or _PASSES.get(commands[number + 1].subtype, _LAST_PASS) > _CONSTRAINTS
        )
        if pending and last_of_pass:
            add_constraints(state, table, pending, only)
            pending = []


def _alter(state: Builder, table: Table, command: Any, only: bool) -> None:
    match command.subtype:
        case Command.AT_DropColumn:
            _drop_column(state, table, command, only)
        case Command.AT_AttachPartition:
            attach_partition(state, table, command.def_)
        case Command.AT_DetachPartition:
            detach_partition(state, table, command.def_)
        case Command.AT_AddInherit:
            add_inherit(state, table, command.def_)
        case Command.AT_DropInherit:
            drop_inherit(state, table, command.def_)
        case Command.AT_DropConstraint | Command.AT_ValidateConstraint | Command.AT_AlterConstraint:
            _alter_named_constraint(state, table, command, only)
        case _:
            _alter_property(table, command)
            if command.subtype in _COLUMN_COMMANDS and (column := column_of(state, table, command.name)):
                _alter_column(state, table, column, command, only)


def _alter_named_constraint(state: Builder, table: Table, command: Any, only: bool) -> None:
    name = command.name or command.def_.conname
    if command.subtype == Command.AT_DropConstraint:
        found = drop_constraint(state, table, name, only) or command.missing_ok
    elif command.subtype == Command.AT_ValidateConstraint:
        found = validate_constraint(state, table, name)
    else:
        found = alter_constraint(state, table, command.def_)
    if not found:
        state.missing("constraint", None, name)


def _alter_property(table: Table, command: Any) -> None:
    match command.subtype:
        case Command.AT_EnableRowSecurity | Command.AT_DisableRowSecurity:
            table.row_security = command.subtype == Command.AT_EnableRowSecurity
        case Command.AT_ForceRowSecurity | Command.AT_NoForceRowSecurity:
            table.force_row_security = command.subtype == Command.AT_ForceRowSecurity
        case Command.AT_ChangeOwner:
            table.owner = command.newowner.rolename
        case Command.AT_SetRelOptions if any(o.defname == "security_invoker" for o in command.def_ or ()):
            table.invoker = is_on(command.def_, "security_invoker")
        case Command.AT_ResetRelOptions if any(o.defname == "security_invoker" for o in command.def_ or ()):
            table.invoker = False


_COLUMN_COMMANDS = frozenset(
    {
        Command.AT_AlterColumnType,
        Command.AT_SetNotNull,
        Command.AT_DropNotNull,
        Command.AT_ColumnDefault,
        Command.AT_SetExpression,
        Command.AT_DropExpression,
        Command.AT_AddIdentity,
        Command.AT_DropIdentity,
    }
)


def _alter_column(state: Builder, table: Table, column: TableColumn, command: Any, only: bool) -> None:
    match command.subtype:
        case Command.AT_SetNotNull:
            set_not_null_in_family(state, table, column.name, None, only)
            return
        case Command.AT_DropNotNull:
            drop_not_null_in_family(state, table, column.name)
            return
    # An inheritance child does not take its parent's identity; pg_dump relies on that.
    identity = command.subtype in (Command.AT_AddIdentity, Command.AT_DropIdentity)
    for member in family(table, only or identity):
        if mine := member.columns.get(column.name):
            _alter_member_column(state, member, mine, command)


def _alter_member_column(state: Builder, table: Table, column: TableColumn, command: Any) -> None:
    match command.subtype:
        case Command.AT_AlterColumnType:
            ref, _ = column_type(state, command.def_)
            if ref:
                column.type = ref
                column.collation = state.domain_collation(ref)
            if command.def_.collClause:
                column.collation = state.collation(command.def_.collClause.collname)
        case Command.AT_ColumnDefault:
            column.default = command.def_ is not None and not is_null_constant(command.def_)
            column.default_value = command.def_ if column.default else None
        case Command.AT_SetExpression:
            column.generated = own_expression(copy.deepcopy(command.def_))
        case Command.AT_DropExpression:
            column.generated, column.virtual, column.default = None, False, False
        case Command.AT_AddIdentity:
            column.identity = True
            own_sequence(state, table, column)
            set_not_null(state, table, column)
        case Command.AT_DropIdentity:
            column.identity = column.default = False
            _drop_sequences(state, column)


def family(table: Table, only: bool = False) -> list[Table]:
    """The table and, unless ``only``, all tables below it, each once."""
    out = [table]
    if not only:
        for member in out:
            out.extend(child for child in member.children if child not in out)
    return out


def _add_column(state: Builder, table: Table, command: Any, only: bool) -> list[Pending]:
    """Add a column to the table and those below it; return its constraints, to be added with the others."""
    node = command.def_
    if node.colname in table.columns:
        if not command.missing_ok:
            state.report(f"column `{node.colname}` exists already, so it is not added", "drop it before", node.location)
        return []
    column = define_column(state, table, node)
    if table.kind not in VIEW_KINDS:
        for child in () if only else table.children:
            _pass_column_down(state, child, column)
    pending = with_attributes(node.constraints, node.colname)
    return [p for p in pending if p.node.contype != Kind.CONSTR_NOTNULL]


def _pass_column_down(state: Builder, child: Table, column: TableColumn) -> None:
    known = column.name in child.columns
    inherit_column(state, child, column)
    if not known:
        for grandchild in child.children:
            _pass_column_down(state, grandchild, child.columns[column.name])


def _drop_column(state: Builder, table: Table, command: Any, only: bool) -> None:
    column = table.columns.get(command.name)
    if column is None:
        if not command.missing_ok and table.known:
            state.missing("column", None, command.name)
        return
    remove_column(state, table, column, only)


def remove_column(state: Builder, table: Table, column: TableColumn, only: bool = False) -> None:
    """Take a column away with all that involves it, and from the children that have it from nowhere else."""
    _remove_uses(state, table, column)
    del table.columns[column.name]
    for made_of_it in [c for c in table.columns.values() if column.name in columns_used(c.generated)]:
        if made_of_it.name in table.columns:
            remove_column(state, table, made_of_it, only)
    for child in table.children:
        mine = child.columns.get(column.name)
        if mine is None:
            continue
        mine.inherited -= 1
        if only:
            mine.local = True
        elif mine.inherited <= 0 and not mine.local:
            remove_column(state, child, mine)


def _remove_uses(state: Builder, table: Table, column: TableColumn) -> None:
    """Take away the indexes, constraints, sequences and views that involve a column."""
    for index in [i for i in table.indexes if uses_column(i, column)]:
        drop_index_constraint(state, index)
    for check in [c for c in table.checks if column.name in columns_used(c.expression)]:
        drop_check(state, table, check)
    for reference in [r for r in table.references if column in r.columns]:
        drop_reference(state, table, reference)
    drop_references_to_column(state, column)
    drop_not_null(state, table, column)
    _drop_sequences(state, column)
    drop_dependent_views(state, table, column)


def _drop_sequences(state: Builder, column: TableColumn) -> None:
    for name in [n for n, r in state.relations.items() if isinstance(r, Sequence) and r.owner is column]:
        del state.relations[name]


def _alter_composite(state: Builder, node: Any) -> None:
    """ALTER TYPE ... ADD, DROP, ALTER ATTRIBUTE."""
    var = node.relation
    found = state.named_type(var.schemaname, var.relname)
    attributes = getattr(found, "attributes", None)
    if attributes is None:
        state.missing("type", var.schemaname, var.relname, var.location)
        return
    for command in node.cmds or ():
        if command.subtype == Command.AT_DropColumn:
            attributes.pop(command.name, None)
        elif command.subtype == Command.AT_ChangeOwner:
            continue
        elif command.def_ is not None:
            name = command.def_.colname or command.name
            attributes[name] = state.type(command.def_.typeName)
