"""RENAME, SET SCHEMA and OWNER TO."""

from __future__ import annotations

from typing import Any

from pgspec.catalog.alter import family
from pgspec.catalog.builder import Builder
from pgspec.catalog.columns import renamed_in
from pgspec.catalog.constraints import constraint_names, rename_constraint, rename_index
from pgspec.catalog.parts import VIEW_KINDS, Index, Routine, Sequence, Table
from pgspec.catalog.routines import find_routines, move_routine
from pgspec.catalog.typenames import Named, UserType, names_of
from pgspec.catalog.views import rename_view_column
from pgspec.pgsql import ast, enums
from pgspec.sql import QName

Kind = enums.ObjectType
_RELATIONS = (
    Kind.OBJECT_TABLE,
    Kind.OBJECT_VIEW,
    Kind.OBJECT_MATVIEW,
    Kind.OBJECT_FOREIGN_TABLE,
    Kind.OBJECT_INDEX,
    Kind.OBJECT_SEQUENCE,
)
_ROUTINES = (Kind.OBJECT_FUNCTION, Kind.OBJECT_PROCEDURE, Kind.OBJECT_AGGREGATE, Kind.OBJECT_ROUTINE)
_TYPES = (Kind.OBJECT_TYPE, Kind.OBJECT_DOMAIN)


def rename(state: Builder, node: Any) -> None:
    """ALTER ... RENAME of anything that the catalog holds; other kinds are passed over."""
    kind = node.renameType
    if kind in _RELATIONS or kind in (Kind.OBJECT_COLUMN, Kind.OBJECT_TABCONSTRAINT):
        _rename_in_relation(state, node)
    elif kind == Kind.OBJECT_ATTRIBUTE:
        _rename_attribute(state, node)
    elif kind in _TYPES:
        if found := _type(state, node.object):
            move_type(state, found, QName(found.schema, node.newname))
    elif kind in _ROUTINES:
        for routine in find_routines(state, node.object):
            move_routine(state, routine, QName(routine.schema, node.newname))
    elif kind == Kind.OBJECT_SCHEMA:
        rename_schema(state, node.subname, node.newname)
    elif kind == Kind.OBJECT_ROLE:
        _rename_role(state, node.subname, node.newname)
    elif kind == Kind.OBJECT_COLLATION:
        _move_collation(state, node.object, None, node.newname)


def _rename_in_relation(state: Builder, node: Any) -> None:
    var = node.relation
    found = state.find(var.schemaname, var.relname)
    if found is None:
        if not node.missing_ok:
            state.missing("relation", var.schemaname, var.relname, var.location)
    elif node.renameType in _RELATIONS:
        _rename_relation(state, found, node.newname)
    elif not isinstance(found, Table):
        return
    elif node.renameType == Kind.OBJECT_TABCONSTRAINT:
        if not rename_constraint(state, found, node.subname, node.newname):
            state.missing("constraint", None, node.subname)
    elif found.kind in VIEW_KINDS:
        _rename_column(found, node.subname, node.newname)
        rename_view_column(state, found, node.subname, node.newname)
    elif node.subname not in found.columns:
        state.missing("column", None, node.subname)
    else:
        for member in family(found, only=not var.inh):
            _rename_column(member, node.subname, node.newname)


def _rename_relation(state: Builder, found: Table | Index | Sequence, new: str) -> None:
    if isinstance(found, Index):
        rename_index(state, found, new)
        return
    state.relations.pop(QName(found.schema, found.name), None)
    found.name = new
    state.relations[QName(found.schema, new)] = found


def _rename_column(table: Table, old: str, new: str) -> None:
    if old not in table.columns or new in table.columns:
        return
    table.columns = {(new if name == old else name): column for name, column in table.columns.items()}
    table.columns[new].name = new
    for column in table.columns.values():
        column.generated = renamed_in(column.generated, old, new)
    for check in table.checks:
        check.expression = renamed_in(check.expression, old, new)
    for index in table.indexes:
        index.where = renamed_in(index.where, old, new)
        index.elements = [renamed_in(e, old, new) if isinstance(e, ast.Node) else e for e in index.elements]


def _rename_attribute(state: Builder, node: Any) -> None:
    found = state.named_type(node.relation.schemaname, node.relation.relname)
    if isinstance(found, UserType):
        found.attributes = {
            (node.newname if name == node.subname else name): ref for name, ref in found.attributes.items()
        }


def _type(state: Builder, nodes: Any) -> UserType | None:
    found = state.find_type(nodes)
    if found is None:
        state.missing("type", *names_of(nodes))
    return found


def move_type(state: Builder, found: UserType, name: QName) -> None:
    """Give a type another schema or name."""
    state.types.pop(QName(found.schema, found.name), None)
    found.schema, found.name = name
    state.types[name] = found


def _rename_role(state: Builder, old: str, new: str) -> None:
    if old in state.roles:
        state.roles.remove(old)
        state.roles.add(new)
    for item in _owned(state):
        if item.owner == old:
            item.owner = new


def _owned(state: Builder) -> list[Table | Routine]:
    return [*state.tables(), *(routine for overloads in state.routines.values() for routine in overloads)]


def _move_collation(state: Builder, nodes: Any, schema: str | None, name: str | None) -> None:
    found = state.collation(nodes)
    if not isinstance(found, str):
        state.collations.pop(QName(found.schema, found.name), None)
        found.schema, found.name = schema or found.schema, name or found.name
        state.collations[QName(found.schema, found.name)] = found


def rename_schema(state: Builder, old: str, new: str) -> None:
    """ALTER SCHEMA ... RENAME TO."""
    for relation in list(state.relations.values()):
        if isinstance(relation, Table | Sequence) and relation.schema == old:
            relation.schema = new
    for routine in [r for overloads in state.routines.values() for r in overloads if r.schema == old]:
        routine.schema = new
    things: list[Named] = [*state.types.values(), *state.collations.values()]
    for thing in things:
        if thing.schema == old:
            thing.schema = new
    state.relations = {QName(r.schema, r.name): r for r in state.relations.values()}
    state.types = {QName(t.schema, t.name): t for t in state.types.values()}
    state.collations = {QName(c.schema, c.name): c for c in state.collations.values()}
    state.routines = {QName(new if k.schema == old else k.schema, k.name): v for k, v in state.routines.items()}
    for key in [k for k in state.constraint_names if k[0] == old]:
        state.constraint_names[new, key[1]] += state.constraint_names.pop(key)
    if old in state.schemas:
        state.schemas.remove(old)
    state.schemas.add(new)


def set_schema(state: Builder, node: Any) -> None:
    """ALTER ... SET SCHEMA."""
    state.schemas.add(node.newschema)
    if node.relation is not None:
        found = state.find(node.relation.schemaname, node.relation.relname)
        if found is None:
            if not node.missing_ok:
                state.missing("relation", node.relation.schemaname, node.relation.relname, node.relation.location)
        else:
            _move_relation(state, found, node.newschema)
    elif node.objectType in _TYPES:
        if found_type := _type(state, node.object):
            move_type(state, found_type, QName(node.newschema, found_type.name))
    elif node.objectType in _ROUTINES:
        for routine in find_routines(state, node.object):
            move_routine(state, routine, QName(node.newschema, routine.name))
    elif node.objectType == Kind.OBJECT_COLLATION:
        _move_collation(state, node.object, node.newschema, None)
    elif node.objectType == Kind.OBJECT_EXTENSION:
        for user_type in [t for t in state.types.values() if t.extension == node.object.sval]:
            move_type(state, user_type, QName(node.newschema, user_type.name))


def _move_relation(state: Builder, found: Table | Index | Sequence, schema: str) -> None:
    if isinstance(found, Index):
        return
    old = found.schema
    owned: list[Any] = [found]
    if isinstance(found, Table):
        columns = set(map(id, found.columns.values()))
        owned += found.indexes
        owned += [r for r in state.relations.values() if isinstance(r, Sequence) and id(r.owner) in columns]
        _move_constraint_names(state, found, schema)
    for item in owned:
        state.relations.pop(QName(old, item.name), None)
    for item in owned:
        if not isinstance(item, Index):
            item.schema = schema
        state.relations[QName(schema, item.name)] = item


def _move_constraint_names(state: Builder, table: Table, schema: str) -> None:
    for name in constraint_names(table):
        state.constraint_names[table.schema, name] -= 1
        state.constraint_names[schema, name] += 1


def reassign_owned(state: Builder, node: Any) -> None:
    """REASSIGN OWNED BY."""
    old = {role.rolename for role in node.roles or ()}
    for item in _owned(state):
        if item.owner in old:
            item.owner = node.newrole.rolename
