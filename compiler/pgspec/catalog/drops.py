"""DROP of everything, with what goes with it."""

from __future__ import annotations

from typing import Any

from pgspec.catalog.alter import remove_column
from pgspec.catalog.builder import Builder
from pgspec.catalog.constraints import constraint_names, drop_index_constraint
from pgspec.catalog.indexes import drop_index
from pgspec.catalog.parts import Index, Sequence, Table
from pgspec.catalog.references import drop_matching
from pgspec.catalog.routines import drop_routine, find_routines
from pgspec.catalog.tables import unlink
from pgspec.catalog.typenames import EXTENSION_TYPES, TypeRef, UserType, names_of
from pgspec.catalog.views import drop_dependent_views
from pgspec.pgsql import enums
from pgspec.sql import QName

Kind = enums.ObjectType
_RELATIONS = {
    Kind.OBJECT_TABLE: "table",
    Kind.OBJECT_VIEW: "view",
    Kind.OBJECT_MATVIEW: "materialized view",
    Kind.OBJECT_FOREIGN_TABLE: "foreign table",
    Kind.OBJECT_INDEX: "index",
    Kind.OBJECT_SEQUENCE: "sequence",
}
_ROUTINES = (Kind.OBJECT_FUNCTION, Kind.OBJECT_PROCEDURE, Kind.OBJECT_AGGREGATE, Kind.OBJECT_ROUTINE)


def drop(state: Builder, node: Any) -> None:
    """DROP of anything that the catalog holds; other kinds are passed over."""
    kind = node.removeType
    for item in node.objects or ():
        if kind in _RELATIONS:
            _drop_relation(state, names_of(item), _RELATIONS[kind], bool(node.missing_ok))
        elif kind in (Kind.OBJECT_TYPE, Kind.OBJECT_DOMAIN):
            _drop_type(state, item, bool(node.missing_ok))
        elif kind in _ROUTINES:
            _drop_routine(state, item, bool(node.missing_ok))
        elif kind == Kind.OBJECT_SCHEMA:
            drop_schema(state, str(item.sval))
        elif kind == Kind.OBJECT_EXTENSION:
            _drop_extension(state, str(item.sval))
        elif kind == Kind.OBJECT_COLLATION:
            schema, name = names_of(item)
            for candidate in state.searched(schema):
                if state.collations.pop(QName(candidate, name), None):
                    break


def _drop_relation(state: Builder, name: tuple[str, str], kind: str, missing_ok: bool) -> None:
    found = state.find(*name)
    if found is None:
        if not missing_ok:
            state.missing(kind, *name)
    elif isinstance(found, Index):
        drop_index_constraint(state, found)
    elif isinstance(found, Sequence):
        if found.owner:
            found.owner.default = found.owner.default and found.owner.identity
        state.relations.pop(QName(found.schema, found.name), None)
    else:
        remove_table(state, found)


def remove_table(state: Builder, table: Table) -> None:
    """Take a table or view away with its indexes, sequences, children, and what else depends on it."""
    name = QName(table.schema, table.name)
    if state.relations.get(name) is not table:
        return
    for child in list(table.children):
        remove_table(state, child)
    drop_matching(state, table)
    drop_dependent_views(state, table)
    for parent in list(table.parents):
        unlink(parent, table)
    for index in list(table.indexes):
        drop_index(state, index)
    for constraint in constraint_names(table):
        state.constraint_names[table.schema, constraint] -= 1
    owned = set(map(id, table.columns.values()))
    for key in [k for k, r in state.relations.items() if isinstance(r, Sequence) and id(r.owner) in owned]:
        del state.relations[key]
    del state.relations[name]
    _drop_uses_of_type(state, table)


def _drop_type(state: Builder, node: Any, missing_ok: bool) -> None:
    found = state.find_type(node.names)
    if found is None:
        if not missing_ok:
            state.missing("type", *names_of(node.names))
        return
    _remove_type(state, found)


def _remove_type(state: Builder, found: UserType) -> None:
    state.types.pop(QName(found.schema, found.name), None)
    _drop_uses_of_type(state, found)


def _drop_uses_of_type(state: Builder, gone: object) -> None:
    """What CASCADE takes away with a type: columns, attributes, domains and functions of it."""

    def uses(ref: TypeRef) -> bool:
        return ref.base is gone

    for table in list(state.tables()):
        for column in [c for c in table.columns.values() if uses(c.type)]:
            if column.name in table.columns:
                remove_column(state, table, column)
    for user_type in list(state.types.values()):
        if user_type.kind == "domain" and uses(user_type.base):
            _remove_type(state, user_type)
        for attribute in [a for a, ref in user_type.attributes.items() if uses(ref)]:
            del user_type.attributes[attribute]
    for routine in [r for overloads in state.routines.values() for r in overloads]:
        if any(map(uses, (*routine.arguments, routine.returns, *(ref for _, ref in routine.columns)))):
            drop_routine(state, routine)


def _drop_routine(state: Builder, node: Any, missing_ok: bool) -> None:
    found = find_routines(state, node)
    if not found and not missing_ok:
        state.missing("function", *names_of(node.objname))
    for routine in found:
        drop_routine(state, routine)


def drop_schema(state: Builder, schema: str) -> None:
    """Take a schema away with all that is in it."""
    for table in [t for t in state.tables() if t.schema == schema]:
        remove_table(state, table)
    for user_type in [t for t in state.types.values() if t.schema == schema]:
        _remove_type(state, user_type)
    for mapping in (state.relations, state.routines, state.collations):
        for key in [k for k in mapping if k.schema == schema]:
            del mapping[key]
    state.schemas.discard(schema)


def _drop_extension(state: Builder, extension: str) -> None:
    state.extensions.discard(extension)
    if extension in EXTENSION_TYPES:
        for user_type in [t for t in state.types.values() if t.extension == extension]:
            _remove_type(state, user_type)


def drop_role(state: Builder, node: Any) -> None:
    """DROP ROLE, USER, GROUP."""
    for role in node.roles or ():
        state.roles.discard(role.rolename)


def drop_owned(state: Builder, node: Any) -> None:
    """DROP OWNED BY: which objects a role owns is not told by DDL alone."""
    del node
    state.report(
        "what DROP OWNED takes away is not known without a database", "drop the objects by their names instead"
    )
