"""From the reader's mutable objects to the values of the model."""

from __future__ import annotations

from typing import Any

from pgspec.catalog.access import PUBLIC, held, settle
from pgspec.catalog.builder import TEMPORARY, Builder
from pgspec.catalog.columns import enforced, scanned_not_null
from pgspec.catalog.indexes import is_key
from pgspec.catalog.model import Catalog, Column, ForeignKey, Function, Key, Relation, StoredIndex
from pgspec.catalog.parts import VIEW_KINDS, Grant, Index, Reference, Routine, Table, TableColumn
from pgspec.catalog.typenames import Collation, spelled
from pgspec.catalog.views import settle_names
from pgspec.sql import QName


def freeze(state: Builder) -> Catalog:
    """The catalog as a value.  Temporary relations are left out."""
    return Catalog(
        search_path=state.default_path,
        relations={QName(t.schema, t.name): _relation(state, t) for t in state.tables() if t.schema != TEMPORARY},
        functions={name: tuple(map(_function, overloads)) for name, overloads in state.routines.items()},
        enums={name: tuple(t.labels) for name, t in state.types.items() if t.kind == "enum"},
        domains={name: str(t.base) for name, t in state.types.items() if t.kind == "domain"},
        composites={
            name: tuple((a, str(ref)) for a, ref in t.attributes.items())
            for name, t in state.types.items()
            if t.kind == "composite"
        },
        other_types=frozenset(name for name, t in state.types.items() if t.kind == "other"),
        roles=frozenset(state.roles),
        schemas=frozenset(state.schemas),
        extensions=frozenset(state.extensions),
        nondeterministic_collations=frozenset(
            spelled(c.schema, c.name) for c in state.collations.values() if not c.deterministic
        ),
        bypassing=frozenset(state.bypassing | state.superusers),
        memberships={role: frozenset(groups) for role, groups in state.memberships.items() if groups},
        schema_users={schema: _users(state, schema) for schema in state.schemas},
    )


def _users(state: Builder, schema: str) -> frozenset[str]:
    """Who may use a schema; everybody may use ``public`` until that is taken away."""
    first = [Grant(True, PUBLIC, ("USAGE",))] if schema == "public" else []
    return frozenset(
        role
        for role, privileges in settle([*first, *state.schema_grants.get(schema, [])]).items()
        if {"USAGE", "ALL"} & set(privileges)
    )


def _relation(state: Builder, table: Table) -> Relation:
    if table.query is not None:
        settle_names(table)
    is_view = table.kind in VIEW_KINDS
    has_facts = table.kind != "foreign_table"
    parents = tuple(QName(p.schema, p.name) for p in table.parents)
    return Relation(
        name=QName(table.schema, table.name),
        kind=table.kind,
        columns={} if is_view else {c.name: _column(table, c) for c in table.columns.values()},
        keys=tuple(_key(i) for i in table.indexes if is_key(i)),
        foreign_keys=tuple(map(_foreign_key, table.references)) if has_facts else (),
        checks=tuple(c.expression for c in table.checks if enforced(c)) if has_facts else (),
        has_children=bool(table.children) and table.kind != "partitioned_table",
        partition_of=parents[0] if table.is_partition else None,
        inherits=() if table.is_partition else parents,
        query=table.query,
        column_names=table.column_names,
        row_security=table.row_security,
        force_row_security=table.force_row_security,
        owner=table.owner,
        grants=held(state, table),
        policies=tuple(table.policies),
        indexes=tuple(map(_index, table.indexes)),
        invoker=table.invoker,
    )


def _column(table: Table, column: TableColumn) -> Column:
    return Column(
        column.name,
        str(column.type),
        scanned_not_null(table, column.name),
        column.type.modifier,
        column.generated,
        _collation(column.collation),
        column.default or column.generated is not None,
        column.virtual,
        column.default_value,
    )


def _collation(collation: Collation | str | None) -> str | None:
    return spelled(collation.schema, collation.name) if isinstance(collation, Collation) else collation


def _key(index: Index) -> Key:
    elements: tuple[Any, ...] = tuple(e.name if isinstance(e, TableColumn) else e for e in index.elements)
    return Key(
        index.name,
        elements,
        index.constraint == "primary",
        index.nulls_not_distinct,
        index.deferrable,
        index.where,
    )


def _index(index: Index) -> StoredIndex:
    classes = tuple(name[-1].sval if name else None for name in index.opclasses)
    elements = tuple(e.name if isinstance(e, TableColumn) else e for e in index.elements)
    return StoredIndex(
        index.name,
        index.method,
        elements,
        classes or (None,) * len(elements),
        bool(index.constraint),
        index.where is not None,
    )


def _foreign_key(reference: Reference) -> ForeignKey:
    return ForeignKey(
        reference.name,
        tuple(c.name for c in reference.columns),
        QName(reference.target.schema, reference.target.name),
        tuple(c.name for c in reference.target_columns),
        reference.valid and reference.enforced,
        reference.deferrable,
    )


def _function(routine: Routine) -> Function:
    return Function(
        QName(routine.schema, routine.name),
        tuple(map(str, routine.arguments)),
        str(routine.returns),
        routine.volatility,
        routine.strict,
        routine.returns_set,
        routine.kind == "aggregate",
        tuple((name, str(ref)) for name, ref in routine.columns),
        routine.defaults,
        routine.variadic,
        routine.kind == "procedure",
        routine.body,
        routine.source,
        routine.definer,
        routine.path,
        routine.owner,
        frozenset(settle(routine.grants)),
    )
