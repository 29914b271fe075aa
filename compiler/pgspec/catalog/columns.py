"""Columns: their definitions, and the facts about them that constraints give."""

from __future__ import annotations

import copy
from typing import Any

from pgspec.catalog.builder import Builder
from pgspec.catalog.names import free_name
from pgspec.catalog.parts import CheckConstraint, NotNull, Sequence, Table, TableColumn
from pgspec.catalog.typenames import SERIALS, TypeRef, built_in, names_of
from pgspec.pgsql import ast, enums, walk
from pgspec.sql import QName

Kind = enums.ConstrType


def define_column(state: Builder, table: Table, node: Any) -> TableColumn:
    """Add the column of a ColumnDef node, or merge it into the inherited one; keys and checks are the caller's."""
    ref, serial = column_type(state, node)
    column = table.columns.get(node.colname)
    if column is None:
        column = table.columns[node.colname] = TableColumn(node.colname, ref or TypeRef("unknown"))
    elif column.type.base == "unknown" and ref:
        column.type = ref
    column.local = True
    if node.collClause:
        column.collation = state.collation(node.collClause.collname)
    elif ref:
        column.collation = state.domain_collation(ref)
    column.default = column.default or node.raw_default is not None
    column.default_value = node.raw_default or column.default_value
    if serial:
        own_sequence(state, table, column)
        set_not_null(state, table, column)
    for constraint in node.constraints or ():
        _column_constraint(state, table, column, constraint)
    return column


def column_type(state: Builder, node: Any) -> tuple[TypeRef | None, bool]:
    """The type of a ColumnDef, which may be left out in a typed table or a partition, and whether it is a serial."""
    if node.typeName is None:
        return None, False
    schema, name = names_of(node.typeName.names)
    if not schema and not node.typeName.pct_type and (integer := SERIALS.get(name)):
        return TypeRef(built_in(integer) or integer), True
    return state.type(node.typeName), False


def _column_constraint(state: Builder, table: Table, column: TableColumn, node: Any) -> None:
    if node.contype == Kind.CONSTR_NOTNULL:
        set_not_null(state, table, column, node)
    elif node.contype == Kind.CONSTR_IDENTITY:
        column.identity = True
        own_sequence(state, table, column)
        set_not_null(state, table, column)
    elif node.contype == Kind.CONSTR_GENERATED:
        column.generated, column.virtual = own_expression(node.raw_expr), node.generated_kind == "v"
    elif node.contype == Kind.CONSTR_DEFAULT:
        column.default = not is_null_constant(node.raw_expr)
        column.default_value = node.raw_expr if column.default else None


def is_null_constant(node: Any) -> bool:
    """Whether an expression is a bare NULL, which as a default is none."""
    return isinstance(node, ast.A_Const) and bool(node.isnull)


def own_sequence(state: Builder, table: Table, column: TableColumn) -> None:
    """Make the sequence of a serial or identity column."""
    column.default = True
    name = state.free_relation_name(table.schema, table.name, column.name, "seq", constraint=False)
    state.relations[QName(table.schema, name)] = Sequence(table.schema, name, column)


def set_not_null(state: Builder, table: Table, column: TableColumn, node: Any = None) -> None:
    """Mark a column NOT NULL as a constraint node says, or as a key does when there is no node."""
    valid = not (node and node.skip_validation)
    no_inherit = bool(node and node.is_no_inherit)
    if old := column.not_null:
        old.valid = old.valid or valid
        old.no_inherit = old.no_inherit and no_inherit
        return
    name = (node.conname if node else None) or free_name(
        table.name, column.name, "not_null", lambda n: state.constraint_names[table.schema, n] > 0
    )
    column.not_null = NotNull(name, valid, no_inherit)
    state.constraint_names[table.schema, name] += 1


def drop_not_null(state: Builder, table: Table, column: TableColumn) -> None:
    """Take NOT NULL from a column."""
    if column.not_null:
        state.constraint_names[table.schema, column.not_null.name] -= 1
        column.not_null = None


def inherit_column(state: Builder, child: Table, column: TableColumn) -> None:
    """Give a child the column of its parent, or count the parent's in."""
    mine = child.columns.get(column.name)
    if mine is None:
        mine = TableColumn(
            column.name,
            column.type,
            default=column.default and not column.identity,
            default_value=column.default_value,
            generated=column.generated,
            virtual=column.virtual,
            collation=column.collation,
            local=False,
        )
        child.columns[column.name] = mine
    mine.inherited += 1
    theirs = column.not_null
    if theirs and not theirs.no_inherit:
        if mine.not_null:
            mine.not_null.valid = mine.not_null.valid or theirs.valid
            mine.not_null.no_inherit = False
        else:
            mine.not_null = NotNull(theirs.name, theirs.valid)
            state.constraint_names[child.schema, theirs.name] += 1


def own_expression(node: Any) -> Any:
    """An expression over one table's columns with the table's name taken from its column references: it may change."""
    for part in walk(node):
        if isinstance(part, ast.ColumnRef) and part.fields and isinstance(part.fields[-1], ast.String):
            part.fields = part.fields[-1:]
    return node


def columns_used(node: Any) -> list[str]:
    """The distinct column names in an expression over one table, in the order of writing."""
    names: dict[str, None] = {}
    for part in walk(node):
        if isinstance(part, ast.ColumnRef) and (name := _column_name(part)):
            names[name] = None
    return list(names)


def _column_name(node: Any) -> str | None:
    last = node.fields[-1] if node.fields else None
    return str(last.sval) if isinstance(last, ast.String) else None


def renamed_in(node: Any, old: str, new: str) -> Any:
    """A copy of an expression over one table with a column under its new name; the same tree when it has none."""
    if node is None or old not in columns_used(node):
        return node
    node = copy.deepcopy(node)
    for part in walk(node):
        if isinstance(part, ast.ColumnRef) and _column_name(part) == old:
            part.fields = (ast.String(new),)
    return node


def enforced(check: CheckConstraint) -> bool:
    """Whether every row satisfies the check, those of inheritance children too."""
    return check.valid and check.enforced and not check.no_inherit


def checked_not_null(node: Any) -> list[str]:
    """The columns c for which ``c IS NOT NULL`` is a conjunct of the expression."""
    if isinstance(node, ast.NullTest) and isinstance(node.arg, ast.ColumnRef):
        name = _column_name(node.arg) if node.nulltesttype == enums.NullTestType.IS_NOT_NULL else None
        return [name] if name else []
    if isinstance(node, ast.BoolExpr) and node.boolop == enums.BoolExprType.AND_EXPR:
        return [name for argument in node.args or () for name in checked_not_null(argument)]
    return []


def scanned_not_null(table: Table, name: str) -> bool:
    """Whether no row that a scan of the table returns has NULL in the column, rows of children included."""
    column = table.columns.get(name)
    if column is None or table.kind == "foreign_table":
        return False
    own = column.not_null is not None and column.not_null.valid
    checked = own or any(enforced(c) and name in checked_not_null(c.expression) for c in table.checks)
    return checked and all(scanned_not_null(child, name) for child in table.children)
