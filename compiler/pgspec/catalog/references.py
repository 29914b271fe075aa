"""Foreign keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgspec.catalog.builder import Builder
from pgspec.catalog.indexes import columns_of
from pgspec.catalog.names import joined_columns
from pgspec.catalog.parts import Index, Reference, Table, TableColumn


def is_enforced(node: Any) -> bool:
    """False for a CHECK or FOREIGN KEY node that is NOT ENFORCED."""
    return node.is_enforced is not False


def make_reference(state: Builder, table: Table, node: Any, own: TableColumn | None) -> Reference | None:
    """The foreign key that a node asks for, not yet registered; ``own`` is the column that it was written at."""
    columns = [own] if own else columns_of(state, table, node.fk_attrs)
    target = state.find_table(node.pktable.schemaname, node.pktable.relname)
    if target is None:
        state.missing("table", node.pktable.schemaname, node.pktable.relname, node.pktable.location, "the foreign key")
        return None
    if node.pk_attrs:
        wanted = columns_of(state, target, node.pk_attrs)
    else:
        wanted = next((list(i.elements) for i in target.indexes if i.constraint == "primary"), None)
        if wanted is None:
            state.report(
                f"`{target.name}` has no primary key here, so the foreign key to it is passed over",
                "name the columns that it references, or create the primary key first",
                node.pktable.location,
            )
    # A temporal key does not say that the referencing columns are those of one row.
    if not columns or not wanted or node.fk_with_period:
        return None
    return Reference(
        node.conname or _made_name(state, table, columns),
        columns,
        target,
        wanted,
        not node.skip_validation,
        is_enforced(node),
        bool(node.deferrable),
    )


def _made_name(state: Builder, table: Table, columns: list[TableColumn]) -> str:
    return state.free_constraint_name(table.schema, table.name, joined_columns(c.name for c in columns), "fkey")


def add_reference(state: Builder, table: Table, reference: Reference) -> None:
    """Register a foreign key; the partitions get it too."""
    table.references.append(reference)
    state.constraint_names[table.schema, reference.name] += 1
    if table.kind == "partitioned_table":
        for child in table.children:
            adopt_reference(state, reference, child)


def adopt_reference(state: Builder, parent: Reference, partition: Table) -> None:
    """Give a partition the foreign key of its parent: one of its own that is the same, or a new one."""
    columns = [partition.columns.get(c.name) for c in parent.columns]
    found = [c for c in columns if c]
    if len(found) < len(columns) or partition.kind == "foreign_table":
        return
    for own in partition.references:
        same = own.target is parent.target and own.columns == found and own.target_columns == parent.target_columns
        if same and own.parent is None and own.deferrable == parent.deferrable and own.enforced == parent.enforced:
            own.parent = parent
            own.valid = own.valid or parent.valid
            return
    taken = any(r.name == parent.name for r in partition.references)
    name = _made_name(state, partition, found) if taken else parent.name
    clone = Reference(
        name, found, parent.target, parent.target_columns, parent.valid, parent.enforced, parent.deferrable, parent
    )
    add_reference(state, partition, clone)


def drop_reference(state: Builder, table: Table, reference: Reference) -> None:
    """Take a foreign key away, and those of partitions that came from it."""
    if reference not in table.references:
        return
    table.references.remove(reference)
    state.constraint_names[table.schema, reference.name] -= 1
    for child in table.children:
        for theirs in [r for r in child.references if r.parent is reference]:
            drop_reference(state, child, theirs)


def drop_references_to(state: Builder, index: Index) -> None:
    """Take away the foreign keys that rested on a unique index which is gone, unless another serves them."""
    columns = set(map(id, index.elements))
    if any(i.unique and set(map(id, i.elements)) == columns for i in index.table.indexes):
        return
    drop_matching(state, index.table, columns)


def drop_matching(state: Builder, target: Table, columns: set[int] | None = None) -> None:
    """Take away the foreign keys to a table: all, or those to exactly these columns, given by identity."""
    for table in state.tables():
        for reference in [r for r in table.references if r.target is target]:
            if columns is None or set(map(id, reference.target_columns)) == columns:
                drop_reference(state, table, reference)


def drop_references_to_column(state: Builder, column: TableColumn) -> None:
    """Take away the foreign keys to a column."""
    for table in state.tables():
        for reference in [r for r in table.references if column in r.target_columns]:
            drop_reference(state, table, reference)


def family_of_reference(table: Table, name: str) -> Iterator[Reference]:
    """The foreign key of that name and its clones in partitions."""
    for reference in table.references:
        if reference.name == name:
            yield from _with_clones(table, reference)


def _with_clones(table: Table, reference: Reference) -> Iterator[Reference]:
    yield reference
    for child in table.children:
        for theirs in child.references:
            if theirs.parent is reference:
                yield from _with_clones(child, theirs)
