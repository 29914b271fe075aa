"""Constraints as CREATE TABLE and ALTER TABLE write them: on a column, on the table, added, altered, dropped."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgspec.catalog.builder import Builder
from pgspec.catalog.columns import columns_used, drop_not_null, own_expression, set_not_null
from pgspec.catalog.indexes import add_index, columns_of, drop_index, index_constraint, promote_index
from pgspec.catalog.parts import CheckConstraint, Index, Reference, Table, TableColumn
from pgspec.catalog.references import (
    add_reference,
    drop_reference,
    drop_references_to,
    family_of_reference,
    is_enforced,
    make_reference,
)
from pgspec.pgsql import enums
from pgspec.sql import QName

Kind = enums.ConstrType
_INDEX_KINDS = (Kind.CONSTR_PRIMARY, Kind.CONSTR_UNIQUE, Kind.CONSTR_EXCLUSION)
_OWN_KINDS = (*_INDEX_KINDS, Kind.CONSTR_CHECK, Kind.CONSTR_FOREIGN, Kind.CONSTR_NOTNULL)


@dataclass(slots=True)
class Pending:
    """A constraint node with the column that it was written at, if it was."""

    node: Any
    column: str | None = None


def with_attributes(nodes: Any, column: str | None = None) -> list[Pending]:
    """The constraints of a list in which DEFERRABLE and NOT ENFORCED stand behind the constraint they belong to."""
    out: list[Pending] = []
    for node in nodes or ():
        if node.contype in _OWN_KINDS:
            out.append(Pending(node, column))
        elif not out:
            continue
        elif node.contype == Kind.CONSTR_ATTR_DEFERRABLE:
            out[-1].node.deferrable = True
        elif node.contype == Kind.CONSTR_ATTR_DEFERRED:
            out[-1].node.deferrable = out[-1].node.initdeferred = True
        elif node.contype == Kind.CONSTR_ATTR_NOT_ENFORCED:
            out[-1].node.is_enforced = False
    return out


def add_constraints(state: Builder, table: Table, pending: list[Pending], only: bool = False) -> None:
    """Add constraints together, in the order in which PostgreSQL does, on which the names that it makes depend."""
    for item in pending:
        if item.node.contype == Kind.CONSTR_CHECK:
            _add_check(state, table, item, only)
        elif item.node.contype == Kind.CONSTR_NOTNULL and item.column is None:
            for column in columns_of(state, table, item.node.keys) or ():
                set_not_null_in_family(state, table, column.name, item.node, only)
    _add_indexes(state, table, [p for p in pending if p.node.contype in _INDEX_KINDS], only)
    for item in pending:
        if item.node.contype == Kind.CONSTR_FOREIGN:
            own = table.columns.get(item.column) if item.column else None
            if reference := make_reference(state, table, item.node, own):
                add_reference(state, table, reference)


def _add_indexes(state: Builder, table: Table, pending: list[Pending], only: bool) -> None:
    """A key that repeats another of the same statement is merged into it; the primary key comes first."""
    made: list[tuple[Index, str | None]] = []
    for item in sorted(pending, key=lambda p: p.node.contype != Kind.CONSTR_PRIMARY):
        if item.node.indexname:
            promote_index(state, table, item.node)
            continue
        index = index_constraint(state, table, item.node, table.columns.get(item.column) if item.column else None)
        if index is None:
            continue
        for number, (other, name) in enumerate(made):
            if _duplicate(index, other):
                made[number] = (other, name or item.node.conname)
                break
        else:
            made.append((index, item.node.conname))
    for index, name in made:
        add_index(state, index, name, only)


def _duplicate(one: Index, two: Index) -> bool:
    return (
        one.unique
        and two.unique
        and one.elements == two.elements
        and one.including == two.including
        and one.nulls_not_distinct == two.nulls_not_distinct
        and (one.deferrable, one.initially_deferred) == (two.deferrable, two.initially_deferred)
    )


def set_not_null_in_family(state: Builder, table: Table, name: str, node: Any, only: bool) -> None:
    """NOT NULL on a column, and on that of every descendant."""
    if column := table.columns.get(name):
        set_not_null(state, table, column, node)
    if not only and not (node and node.is_no_inherit):
        for child in table.children:
            set_not_null_in_family(state, child, name, node and _unnamed(node), only=False)


def _unnamed(node: Any) -> Any:
    node = copy.copy(node)
    node.conname = None
    return node


def _add_check(state: Builder, table: Table, item: Pending, only: bool) -> None:
    node = item.node
    expression = own_expression(node.raw_expr)
    used = columns_used(expression)
    name = node.conname or state.free_constraint_name(
        table.schema, table.name, used[0] if len(used) == 1 else "", "check"
    )
    check = CheckConstraint(name, expression, not node.skip_validation, is_enforced(node), bool(node.is_no_inherit))
    add_check(state, table, check)
    if not only and not check.no_inherit:
        for child in table.children:
            inherit_check(state, child, check)


def add_check(state: Builder, table: Table, check: CheckConstraint) -> None:
    """Register a check."""
    table.checks.append(check)
    state.constraint_names[table.schema, check.name] += 1


def inherit_check(state: Builder, child: Table, check: CheckConstraint) -> None:
    """Give a child, and its children, the check of its parent, or count the parent's in."""
    mine = next((c for c in child.checks if c.name == check.name), None)
    if mine is not None:
        mine.inherited += 1
        return
    mine = CheckConstraint(check.name, check.expression, check.valid, check.enforced, local=False, inherited=1)
    add_check(state, child, mine)
    for grandchild in child.children:
        inherit_check(state, grandchild, mine)


def drop_check(state: Builder, table: Table, check: CheckConstraint, only: bool = False) -> None:
    """Take a check away, and from the children that have it from nowhere else."""
    table.checks.remove(check)
    state.constraint_names[table.schema, check.name] -= 1
    if check.no_inherit:
        return
    for child in table.children:
        mine = next((c for c in child.checks if c.name == check.name), None)
        if mine is None:
            continue
        mine.inherited -= 1
        if only:
            mine.local = True
        elif mine.inherited <= 0 and not mine.local:
            drop_check(state, child, mine)


def drop_index_constraint(state: Builder, index: Index) -> None:
    """Take an index away, and the foreign keys that rest on it."""
    drop_index(state, index)
    if index.unique:
        drop_references_to(state, index)


def drop_constraint(state: Builder, table: Table, name: str, only: bool) -> bool:
    """Take the constraint of that name away; False when the table has none."""
    for index in table.indexes:
        if index.name == name and index.constraint:
            drop_index_constraint(state, index)
            return True
    for check in table.checks:
        if check.name == name:
            drop_check(state, table, check, only)
            return True
    for reference in table.references:
        if reference.name == name:
            drop_reference(state, table, reference)
            return True
    for column in table.columns.values():
        if column.not_null and column.not_null.name == name:
            drop_not_null_in_family(state, table, column.name)
            return True
    return False


def drop_not_null_in_family(state: Builder, table: Table, name: str) -> None:
    """DROP NOT NULL on a column and that of every descendant.  PostgreSQL 18 keeps a child's own, older ones do not."""
    if column := table.columns.get(name):
        drop_not_null(state, table, column)
    for child in table.children:
        drop_not_null_in_family(state, child, name)


def validate_constraint(state: Builder, table: Table, name: str) -> bool:
    """VALIDATE CONSTRAINT; False when the table has none of that name."""
    found = False
    for check in table.checks:
        if check.name == name:
            check.valid = found = True
            if not check.no_inherit:
                for child in table.children:
                    validate_constraint(state, child, name)
    for reference in family_of_reference(table, name):
        reference.valid = found = True
    for column in table.columns.values():
        if column.not_null and column.not_null.name == name:
            found = True
            _validate_not_null(table, column)
    return found or any(i.name == name for i in table.indexes)


def _validate_not_null(table: Table, column: TableColumn) -> None:
    if column.not_null:
        column.not_null.valid = True
    for child in table.children:
        if theirs := child.columns.get(column.name):
            _validate_not_null(child, theirs)


def alter_constraint(state: Builder, table: Table, node: Any) -> bool:
    """ALTER CONSTRAINT; False when the table has none of that name."""
    found = False
    for reference in family_of_reference(table, node.conname):
        found = True
        if node.alterDeferrability:
            reference.deferrable = bool(node.deferrable)
        if node.alterEnforceability:
            reference.enforced = reference.valid = bool(node.is_enforced)
    for column in table.columns.values():
        if column.not_null and column.not_null.name == node.conname:
            found = True
            if node.alterInheritability:
                column.not_null.no_inherit = bool(node.noinherit)
                if not node.noinherit:
                    set_not_null_in_family(state, table, column.name, None, only=False)
    return found or any(c.name == node.conname for c in table.checks)


def rename_constraint(state: Builder, table: Table, old: str, new: str) -> bool:
    """RENAME CONSTRAINT, in children too; False when the table has none of that name."""
    for index in table.indexes:
        if index.name == old and index.constraint:
            rename_index(state, index, new)
            return True
    named: list[Any] = [c for c in table.checks if c.name == old] + [r for r in table.references if r.name == old]
    named += [c.not_null for c in table.columns.values() if c.not_null and c.not_null.name == old]
    for item in named:
        item.name = new
        state.constraint_names[table.schema, old] -= 1
        state.constraint_names[table.schema, new] += 1
        if not isinstance(item, Reference):
            for child in table.children:
                rename_constraint(state, child, old, new)
    return bool(named)


def constraint_names(table: Table) -> Iterator[str]:
    """The names of all constraints of a table."""
    yield from (i.name for i in table.indexes if i.constraint)
    yield from (c.name for c in table.checks)
    yield from (r.name for r in table.references)
    yield from (c.not_null.name for c in table.columns.values() if c.not_null)


def rename_index(state: Builder, index: Index, new: str) -> None:
    """Rename an index and the constraint that it belongs to."""
    state.relations.pop(QName(index.schema, index.name), None)
    if index.constraint:
        state.constraint_names[index.schema, index.name] -= 1
        state.constraint_names[index.schema, new] += 1
    index.name = new
    state.relations[QName(index.schema, new)] = index
