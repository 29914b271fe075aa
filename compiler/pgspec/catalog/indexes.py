"""Indexes and the constraints that stand on them: PRIMARY KEY, UNIQUE, EXCLUDE; also on partitioned tables."""

from __future__ import annotations

from typing import Any

from pgspec.catalog.builder import Builder
from pgspec.catalog.columns import columns_used, own_expression, set_not_null
from pgspec.catalog.names import distinct_names, expression_name, joined_columns
from pgspec.catalog.parts import Index, Table, TableColumn
from pgspec.catalog.typenames import Collation
from pgspec.pgsql import enums
from pgspec.sql import QName

Kind = enums.ConstrType

# Operator classes whose equality is the `=` of the type: the default ones, and those for patterns, which differ only in
# the order.  Uniqueness under any other class, as record_image_ops, says nothing about `=`.
DEFAULT_EQUALITY = frozenset(
    f"{name}_ops"
    for name in (
        *("int2", "int4", "int8", "float4", "float8", "numeric", "money", "oid", "bool", "char", "name", "text"),
        *("varchar", "bpchar", "bytea", "bit", "varbit", "uuid", "date", "time", "timetz", "timestamp"),
        *("timestamptz", "interval", "inet", "macaddr", "macaddr8", "enum", "pg_lsn", "citext"),
        *("text_pattern", "varchar_pattern", "bpchar_pattern"),
    )
)


def column_of(state: Builder, table: Table, name: str) -> TableColumn | None:
    """The table's column; for a view, whose columns are not known, it is made when it is first mentioned."""
    column = table.columns.get(name)
    if column is None and not table.known:
        column = table.columns[name] = TableColumn(name)
    if column is None:
        state.missing("column", None, name)
    return column


def columns_of(state: Builder, table: Table, nodes: Any) -> list[TableColumn] | None:
    """The columns that a list of String nodes names, or None when one is missing."""
    found = [column_of(state, table, str(node.sval)) for node in nodes or ()]
    return [c for c in found if c] if all(found) else None


def create_index(state: Builder, node: Any) -> None:
    """CREATE INDEX."""
    table = state.find_table(node.relation.schemaname, node.relation.relname)
    if table is None:
        state.missing("table", node.relation.schemaname, node.relation.relname, node.relation.location)
        return
    if node.if_not_exists and node.idxname and QName(table.schema, node.idxname) in state.relations:
        return
    elements: list[Any] = []
    for element in node.indexParams or ():
        item = column_of(state, table, element.name) if element.name else own_expression(element.expr)
        if item is None:
            return
        elements.append(item)
    index = Index(
        "",
        table,
        elements,
        columns_of(state, table, [e for e in map(_as_string, node.indexIncludingParams or ()) if e]) or [],
        opclasses=_opclasses(node),
        unique=bool(node.unique),
        proves=all(proves_equality(e) for e in node.indexParams or ()) and node.accessMethod in (None, "btree"),
        nulls_not_distinct=bool(node.nulls_not_distinct),
        where=own_expression(node.whereClause),
        collated=any(e.collation for e in node.indexParams or ()),
        method=node.accessMethod or "btree",
    )
    add_index(state, index, node.idxname, only=not node.relation.inh)


def _opclasses(node: Any) -> tuple[Any, ...]:
    classes = tuple(e.opclass for e in node.indexParams or ())
    return classes if any(classes) else ()


def _as_string(element: Any) -> Any:
    return None if element.name is None else _Name(element.name)


class _Name:
    """What `columns_of` reads of a String node."""

    def __init__(self, sval: str) -> None:
        self.sval = sval


def proves_equality(element: Any) -> bool:
    """Whether uniqueness under an index element's operator class is uniqueness under ``=``."""
    return not element.opclass or element.opclass[-1].sval in DEFAULT_EQUALITY


def add_index(state: Builder, index: Index, name: str | None, only: bool = False) -> None:
    """Register an index under its name or a made one; on a partitioned table the partitions get theirs, unless ONLY."""
    table = index.table
    index.name = name or _made_name(state, index)
    table.indexes.append(index)
    state.relations[QName(table.schema, index.name)] = index
    if index.constraint:
        state.constraint_names[table.schema, index.name] += 1
    if index.constraint == "primary":
        for column in index.elements:
            set_not_null(state, table, column)
    if table.kind == "partitioned_table" and not only:
        for child in table.children:
            adopt_index(state, index, child)


def _made_name(state: Builder, index: Index) -> str:
    table = index.table
    if index.constraint == "primary":
        return state.free_relation_name(table.schema, table.name, "", "pkey", constraint=True)
    label = {"unique": "key", "exclusion": "excl"}.get(index.constraint, "idx")
    names = [
        e.name if isinstance(e, TableColumn) else expression_name(e) or "expr"
        for e in (*index.elements, *index.including)
    ]
    second = joined_columns(distinct_names(names))
    return state.free_relation_name(table.schema, table.name, second, label, constraint=bool(index.constraint))


def adopt_index(state: Builder, parent: Index, partition: Table) -> None:
    """Give a partition the index of its parent: one of its own that is the same, or a new one."""
    if partition.kind == "foreign_table":
        return
    wanted = _moved(parent, partition)
    if wanted is None:
        return
    for own in partition.indexes:
        if own.parent is None and _same(own, wanted):
            own.parent = parent
            return
    wanted.parent = parent
    add_index(state, wanted, None)


def _moved(index: Index, table: Table) -> Index | None:
    """The index as one over the columns of another table, unless a column is missing there."""
    elements: list[Any] = []
    including: list[Any] = []
    for target, source in ((elements, index.elements), (including, index.including)):
        for item in source:
            moved = table.columns.get(item.name) if isinstance(item, TableColumn) else item
            if moved is None:
                return None
            target.append(moved)
    return Index(
        "",
        table,
        elements,
        including,
        index.opclasses,
        index.unique,
        index.proves,
        index.nulls_not_distinct,
        index.where,
        index.constraint,
        index.deferrable,
        index.initially_deferred,
        collated=index.collated,
        method=index.method,
    )


def copy_index(state: Builder, index: Index, table: Table) -> None:
    """LIKE ... INCLUDING INDEXES."""
    if moved := _moved(index, table):
        add_index(state, moved, None)


def _same(one: Index, two: Index) -> bool:
    return (
        one.elements == two.elements
        and one.including == two.including
        and (one.unique, one.nulls_not_distinct, one.deferrable) == (two.unique, two.nulls_not_distinct, two.deferrable)
        and one.opclasses == two.opclasses
        and one.where == two.where
        and (not two.constraint or one.constraint == two.constraint)
    )


def drop_index(state: Builder, index: Index) -> None:
    """Take an index away, with its constraint and the partitions' indexes that came from it."""
    table = index.table
    if index not in table.indexes:
        return
    table.indexes.remove(index)
    state.relations.pop(QName(table.schema, index.name), None)
    if index.constraint:
        state.constraint_names[table.schema, index.name] -= 1
    for child in table.children:
        for theirs in [i for i in child.indexes if i.parent is index]:
            drop_index(state, theirs)


def is_key(index: Index) -> bool:
    """Whether no two rows of the table can be equal in the index's elements, as ``=`` on the columns sees it."""
    return index.unique and index.proves and is_valid(index) and not (index.collated and _has_loose_equality(index))


def _has_loose_equality(index: Index) -> bool:
    """Whether ``=`` on a column may hold for different bytes, which an index with a COLLATE of its own tells apart."""
    names: list[str] = []
    for element in index.elements:
        names += [element.name] if isinstance(element, TableColumn) else columns_used(element)
    collations = [c.collation for name in names if (c := index.table.columns.get(name))]
    return any(isinstance(c, Collation) and not c.deterministic for c in collations)


def is_valid(index: Index) -> bool:
    """Whether the index covers the whole table: one made with ONLY does when all partitions have theirs attached."""
    if index.table.kind != "partitioned_table":
        return index.table.kind != "foreign_table"
    return all(any(i.parent is index and is_valid(i) for i in child.indexes) for child in index.table.children)


def uses_column(index: Index, column: TableColumn) -> bool:
    """Whether the index goes when the column goes."""
    for item in (*index.elements, *index.including, index.where):
        if item is column:
            return True
        if item is not None and not isinstance(item, TableColumn) and column.name in columns_used(item):
            return True
    return False


def index_constraint(state: Builder, table: Table, node: Any, column: TableColumn | None = None) -> Index | None:
    """The index that a PRIMARY KEY, UNIQUE or EXCLUDE node asks for, not yet registered; None when it is not to be."""
    if node.contype == Kind.CONSTR_EXCLUSION:
        elements = [table.columns.get(e.name) if e.name else own_expression(e.expr) for e, _ in node.exclusions or ()]
        if not all(elements):
            return None
        deferrable, method = bool(node.deferrable), node.access_method or "btree"
        return Index("", table, elements, proves=False, constraint="exclusion", deferrable=deferrable, method=method)
    columns = [column] if column else columns_of(state, table, node.keys)
    if not columns:
        return None
    return Index(
        "",
        table,
        list(columns),
        columns_of(state, table, node.including) or [],
        unique=True,
        proves=not node.without_overlaps,
        nulls_not_distinct=bool(node.nulls_not_distinct),
        constraint="primary" if node.contype == Kind.CONSTR_PRIMARY else "unique",
        deferrable=bool(node.deferrable),
        initially_deferred=bool(node.initdeferred),
        method="gist" if node.without_overlaps else "btree",
    )


def promote_index(state: Builder, table: Table, node: Any) -> None:
    """ADD CONSTRAINT ... USING INDEX: the index becomes the constraint's and takes its name."""
    index = next((i for i in table.indexes if i.name == node.indexname), None)
    if index is None:
        state.missing("index", table.schema, node.indexname)
        return
    state.relations.pop(QName(table.schema, index.name), None)
    index.name = node.conname or index.name
    state.relations[QName(table.schema, index.name)] = index
    state.constraint_names[table.schema, index.name] += 1
    index.constraint = "primary" if node.contype == Kind.CONSTR_PRIMARY else "unique"
    index.deferrable = bool(node.deferrable)
    if index.constraint == "primary":
        for element in index.elements:
            if isinstance(element, TableColumn):
                set_not_null(state, table, element)


def attach_index(state: Builder, index: Index, node: Any) -> None:
    """ALTER INDEX ... ATTACH PARTITION."""
    child = state.find(node.name.schemaname, node.name.relname)
    if isinstance(child, Index):
        child.parent = index
    else:
        state.missing("index", node.name.schemaname, node.name.relname, node.name.location)
