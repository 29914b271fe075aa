"""CREATE TABLE in all its forms, and what ties tables together: LIKE, INHERITS, partitions."""

from __future__ import annotations

from typing import Any

from pgspec.catalog.builder import Builder
from pgspec.catalog.columns import define_column, inherit_column, own_sequence, set_not_null
from pgspec.catalog.constraints import Pending, add_check, add_constraints, inherit_check, with_attributes
from pgspec.catalog.indexes import adopt_index, copy_index
from pgspec.catalog.parts import VIEW_KINDS, CheckConstraint, Table, TableColumn
from pgspec.catalog.references import adopt_reference
from pgspec.catalog.typenames import UserType
from pgspec.pgsql import ast, enums
from pgspec.sql import QName

Kind = enums.ConstrType
Like = enums.TableLikeOption


def create_table(state: Builder, node: Any) -> None:
    """CREATE TABLE, also PARTITION OF and OF type."""
    _create(state, node, "partitioned_table" if node.partspec else "table")


def create_foreign_table(state: Builder, node: Any) -> None:
    """CREATE FOREIGN TABLE."""
    _create(state, node.base, "foreign_table")


def _create(state: Builder, node: Any, kind: Any) -> None:
    name = state.new_name(node.relation)
    if name in state.relations:
        if not node.if_not_exists:
            state.report(f"`{name}` exists already, so the statement is passed over", "drop it before")
        return
    table = Table(*name, kind=kind)
    state.relations[name] = table
    if node.ofTypename:
        _columns_of_type(state, table, node.ofTypename)
    parents = _parents(state, node, table)
    for parent in parents:
        for column in parent.columns.values():
            inherit_column(state, table, column)
    pending, likes = _elements(state, table, node.tableElts)
    for parent in parents:
        for check in parent.checks:
            if not check.no_inherit:
                inherit_check(state, table, check)
    _validate_new(pending)
    if table.is_partition:
        _take_partition_objects(state, parents[0], table)
    add_constraints(state, table, pending)
    for source, options in likes:
        _like_after(state, table, source, options)


def _parents(state: Builder, node: Any, table: Table) -> list[Table]:
    found = []
    for var in node.inhRelations or ():
        parent = state.find_table(var.schemaname, var.relname)
        if parent is None or parent is table:
            state.missing("table", var.schemaname, var.relname, var.location, "its part in the new table")
            continue
        found.append(parent)
        table.parents.append(parent)
        parent.children.append(table)
    table.is_partition = node.partbound is not None and bool(found)
    return found


def _columns_of_type(state: Builder, table: Table, name: Any) -> None:
    composite = state.find_type(name.names)
    if not isinstance(composite, UserType) or composite.kind != "composite":
        state.missing("type", None, str(name.names[-1].sval), name.location, "its part in the new table")
        return
    for attribute, ref in composite.attributes.items():
        table.columns[attribute] = TableColumn(attribute, ref, collation=state.domain_collation(ref))


def _elements(state: Builder, table: Table, nodes: Any) -> tuple[list[Pending], list[tuple[Table, int]]]:
    """Define the columns; return the constraints, and what LIKE clauses copy after them."""
    pending: list[Pending] = []
    likes: list[tuple[Table, int]] = []
    for node in nodes or ():
        if isinstance(node, ast.ColumnDef):
            define_column(state, table, node)
            pending += [
                p for p in with_attributes(node.constraints, node.colname) if p.node.contype != Kind.CONSTR_NOTNULL
            ]
        elif isinstance(node, ast.Constraint):
            pending.append(Pending(node))
        elif isinstance(node, ast.TableLikeClause) and (source := _like_columns(state, table, node)):
            likes.append((source, node.options or 0))
    return pending, likes


def _validate_new(pending: list[Pending]) -> None:
    """A table without rows satisfies its constraints: NOT VALID says nothing in CREATE TABLE."""
    for item in pending:
        item.node.skip_validation = False


def _like_columns(state: Builder, table: Table, node: Any) -> Table | None:
    var = node.relation
    source = state.find_table(var.schemaname, var.relname)
    composite = None if source else state.find_type([ast.String(s) for s in (var.schemaname, var.relname) if s])
    if composite and composite.kind == "composite":
        for name, ref in composite.attributes.items():
            table.columns[name] = TableColumn(name, ref)
        return None
    if source is None or source.kind in VIEW_KINDS or not source.known:
        state.missing("the columns of", var.schemaname, var.relname, var.location, "LIKE")
        return None
    for column in source.columns.values():
        mine = TableColumn(column.name, column.type, collation=column.collation)
        table.columns[column.name] = mine
        if column.not_null:
            set_not_null(state, table, mine)
            if mine.not_null:
                mine.not_null.no_inherit = column.not_null.no_inherit
        if node.options & Like.CREATE_TABLE_LIKE_DEFAULTS and not column.identity and column.generated is None:
            mine.default = column.default
        if node.options & Like.CREATE_TABLE_LIKE_GENERATED and column.generated is not None:
            mine.generated, mine.virtual, mine.default = column.generated, column.virtual, column.default
        if node.options & Like.CREATE_TABLE_LIKE_IDENTITY and column.identity:
            mine.identity = True
            own_sequence(state, table, mine)
    return source


def _like_after(state: Builder, table: Table, source: Table, options: int) -> None:
    if options & Like.CREATE_TABLE_LIKE_CONSTRAINTS:
        for check in source.checks:
            own = CheckConstraint(check.name, check.expression, True, check.enforced, check.no_inherit)
            add_check(state, table, own)
    if options & Like.CREATE_TABLE_LIKE_INDEXES:
        for index in source.indexes:
            copy_index(state, index, table)


def _take_partition_objects(state: Builder, parent: Table, table: Table) -> None:
    """Give a partition what its parent has: indexes and foreign keys."""
    for index in list(parent.indexes):
        adopt_index(state, index, table)
    for reference in list(parent.references):
        adopt_reference(state, reference, table)


def attach_partition(state: Builder, parent: Table, node: Any) -> None:
    """ALTER TABLE ... ATTACH PARTITION."""
    child = state.find_table(node.name.schemaname, node.name.relname)
    if child is None:
        state.missing("table", node.name.schemaname, node.name.relname, node.name.location)
        return
    if link(state, parent, child):
        child.is_partition = True
        _take_partition_objects(state, parent, child)


def detach_partition(state: Builder, parent: Table, node: Any) -> None:
    """ALTER TABLE ... DETACH PARTITION: the former partition keeps all that it has, as its own."""
    child = state.find_table(node.name.schemaname, node.name.relname)
    if child is None:
        state.missing("table", node.name.schemaname, node.name.relname, node.name.location)
        return
    child.is_partition = False
    unlink(parent, child)
    for index in child.indexes:
        index.parent = None
    for reference in child.references:
        reference.parent = None


def add_inherit(state: Builder, child: Table, var: Any) -> None:
    """ALTER TABLE ... INHERIT parent."""
    parent = state.find_table(var.schemaname, var.relname)
    if parent is None:
        state.missing("table", var.schemaname, var.relname, var.location)
    else:
        link(state, parent, child)


def drop_inherit(state: Builder, child: Table, var: Any) -> None:
    """ALTER TABLE ... NO INHERIT parent."""
    parent = state.find_table(var.schemaname, var.relname)
    if parent is None:
        state.missing("table", var.schemaname, var.relname, var.location)
    else:
        unlink(parent, child)


def link(state: Builder, parent: Table, child: Table) -> bool:
    """Make one table the child of another; False, and a finding, when that would be a circle."""
    if child in ancestors(parent) or child in parent.children:
        state.report(
            f"`{QName(child.schema, child.name)}` is above or below its new parent already",
            "take the statement out",
        )
        return False
    parent.children.append(child)
    child.parents.append(parent)
    for column in parent.columns.values():
        if mine := child.columns.get(column.name):
            mine.inherited += 1
    inherited = {c.name for c in parent.checks if not c.no_inherit}
    for check in child.checks:
        if check.name in inherited:
            check.inherited += 1
    return True


def unlink(parent: Table, child: Table) -> None:
    """Undo `link`: what the child had from its parent is its own now."""
    if child not in parent.children:
        return
    parent.children.remove(child)
    child.parents.remove(parent)
    items: list[TableColumn | CheckConstraint] = [*child.columns.values(), *child.checks]
    for item in items:
        of_parent = item.name in parent.columns if isinstance(item, TableColumn) else _has_check(parent, item.name)
        if of_parent and item.inherited:
            item.inherited -= 1
            item.local = item.local or not item.inherited


def _has_check(table: Table, name: str) -> bool:
    return any(c.name == name and not c.no_inherit for c in table.checks)


def ancestors(table: Table) -> list[Table]:
    """The table and all tables above it."""
    out: list[Table] = []
    queue = [table]
    while queue:
        current = queue.pop()
        if current not in out:
            out.append(current)
            queue.extend(current.parents)
    return out
