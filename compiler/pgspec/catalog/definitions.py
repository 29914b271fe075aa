"""Schemas, types, collations, extensions and roles."""

from __future__ import annotations

from typing import Any

from pgspec.catalog.builder import Builder
from pgspec.catalog.routines import create_aggregate
from pgspec.catalog.typenames import EXTENSION_TYPES, Collation, TypeKind, UserType
from pgspec.pgsql import enums
from pgspec.sql import QName

Kind = enums.ObjectType
_FALSE = ("false", "off", "no", "0")


def _add_type(state: Builder, name: QName, kind: TypeKind) -> UserType:
    state.types[name] = UserType(name.schema, name.name, kind)
    return state.types[name]


def create_enum(state: Builder, node: Any) -> None:
    """CREATE TYPE ... AS ENUM."""
    made = _add_type(state, state.new_qname(node.typeName), "enum")
    made.labels = [str(v.sval) for v in node.vals or ()]


def alter_enum(state: Builder, node: Any) -> None:
    """ALTER TYPE ... ADD VALUE and RENAME VALUE."""
    found = state.find_type(node.typeName)
    if found is None or found.kind != "enum":
        state.missing("type", None, str(node.typeName[-1].sval))
    elif node.oldVal is not None:
        found.labels = [node.newVal if label == node.oldVal else label for label in found.labels]
    elif node.newVal not in found.labels:
        place = len(found.labels)
        if node.newValNeighbor in found.labels:
            place = found.labels.index(node.newValNeighbor) + bool(node.newValIsAfter)
        found.labels.insert(place, node.newVal)


def create_domain(state: Builder, node: Any) -> None:
    """CREATE DOMAIN."""
    ref = state.type(node.typeName)
    made = _add_type(state, state.new_qname(node.domainname), "domain")
    made.base = ref
    if node.collClause:
        made.collation = state.collation(node.collClause.collname)


def create_composite(state: Builder, node: Any) -> None:
    """CREATE TYPE ... AS (...)."""
    var = node.typevar
    made = _add_type(state, QName(state.creation_schema(var.schemaname), var.relname), "composite")
    made.attributes = {str(c.colname): state.type(c.typeName) for c in node.coldeflist or ()}


def create_range(state: Builder, node: Any) -> None:
    """CREATE TYPE ... AS RANGE, which makes a multirange type too."""
    name = state.new_qname(node.typeName)
    _add_type(state, name, "other")
    multi = name.name.replace("range", "multirange", 1) if "range" in name.name else f"{name.name}_multirange"
    for option in node.params or ():
        if option.defname == "multirange_type_name":
            multi = str(option.arg.names[-1].sval)
    _add_type(state, QName(name.schema, multi), "other")


def define(state: Builder, node: Any) -> None:
    """CREATE AGGREGATE, COLLATION, and TYPE with input and output functions."""
    if node.kind == Kind.OBJECT_AGGREGATE:
        create_aggregate(state, node)
    elif node.kind == Kind.OBJECT_TYPE:
        name = state.new_qname(node.defnames)
        if name not in state.types:
            _add_type(state, name, "other")
    elif node.kind == Kind.OBJECT_COLLATION:
        _create_collation(state, node)


def _create_collation(state: Builder, node: Any) -> None:
    name = state.new_qname(node.defnames)
    if node.if_not_exists and name in state.collations:
        return
    made = Collation(*name)
    for option in node.definition or ():
        if option.defname == "deterministic":
            value = getattr(option.arg, "sval", None) or str(getattr(option.arg, "ival", ""))
            made.deterministic = str(value).lower() not in _FALSE
        elif option.defname == "from" and isinstance(option.arg, tuple | list):
            origin = state.collation(option.arg)
            made.deterministic = isinstance(origin, str) or origin.deterministic
    state.collations[name] = made


def create_extension(state: Builder, node: Any) -> None:
    """CREATE EXTENSION."""
    if node.extname in state.extensions:
        return
    state.extensions.add(node.extname)
    schema = next((o.arg.sval for o in node.options or () if o.defname == "schema"), None)
    types = EXTENSION_TYPES.get(node.extname, ())
    if types or schema:
        where = state.creation_schema(schema)
        for name in types:
            _add_type(state, QName(where, name), "other").extension = node.extname


def role_name(spec: Any) -> str | None:
    """The role that a RoleSpec names; None for CURRENT_USER and its like."""
    name = spec.rolename if spec else None
    return str(name) if name else None
