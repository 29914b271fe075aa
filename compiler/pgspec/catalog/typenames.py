"""Type names: from the spellings of DDL to the one that ``format_type`` has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pgspec.pgsql import ast
from pgspec.sql import ident

TypeKind = Literal["enum", "domain", "composite", "other"]

SERIALS = {
    "smallserial": "int2",
    "serial2": "int2",
    "serial": "int4",
    "serial4": "int4",
    "bigserial": "int8",
    "serial8": "int8",
}

_SPELLINGS = {
    "any": '"any"',
    "bool": "boolean",
    "bpchar": "character",
    "char": '"char"',
    "float4": "real",
    "float8": "double precision",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
    "varbit": "bit varying",
    "varchar": "character varying",
}

_OTHER_BUILT_IN = """
    aclitem anyarray anycompatible anycompatiblearray anycompatiblemultirange anycompatiblenonarray
    anycompatiblerange anyelement anyenum anymultirange anynonarray anyrange bit box bytea cid cidr circle cstring
    date datemultirange daterange event_trigger fdw_handler gtsvector index_am_handler inet int2vector
    int4multirange int4range int8multirange int8range internal interval json jsonb jsonpath language_handler line
    lseg macaddr macaddr8 money name numeric nummultirange numrange oid oidvector path pg_ddl_command pg_lsn
    pg_node_tree pg_snapshot point polygon record refcursor regclass regcollation regconfig regdictionary
    regnamespace regoper regoperator regproc regprocedure regrole regtype table_am_handler text tid trigger
    tsm_handler tsmultirange tsquery tsrange tstzmultirange tstzrange tsvector txid_snapshot unknown uuid void xid
    xid8 xml
"""

BUILT_IN = frozenset(_SPELLINGS) | frozenset(_OTHER_BUILT_IN.split())

# The types of extensions that schemas use for columns; those of any other extension stay as they are written.
EXTENSION_TYPES: dict[str, tuple[str, ...]] = {
    "citext": ("citext",),
    "cube": ("cube",),
    "hstore": ("hstore",),
    "intarray": ("query_int",),
    "isn": ("ean13", "isbn13", "ismn13", "issn13", "isbn", "ismn", "issn", "upc"),
    "lo": ("lo",),
    "ltree": ("ltree", "lquery", "ltxtquery"),
    "postgis": ("geometry", "geography", "box2d", "box3d"),
    "seg": ("seg",),
    "vector": ("vector", "halfvec", "sparsevec"),
}


class Named(Protocol):
    """A thing with a name that later DDL may change."""

    schema: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class TypeRef:
    """A type in use.  ``base`` is the finished spelling, or the user's type, whose name is read only when asked for."""

    base: str | Named
    array: bool = False
    modifier: tuple[int, ...] = ()

    def __str__(self) -> str:
        """As ``format_type(oid, NULL)`` under an empty search path."""
        name = self.base if isinstance(self.base, str) else spelled(self.base.schema, self.base.name)
        return f"{name}[]" if self.array else name


UNKNOWN = TypeRef("unknown")


@dataclass(slots=True, eq=False)
class UserType:
    """A type that the schema defines: an enum's ``labels``, a domain's ``base``, a composite's ``attributes``."""

    schema: str
    name: str
    kind: TypeKind
    labels: list[str] = field(default_factory=list)
    base: TypeRef = UNKNOWN
    attributes: dict[str, TypeRef] = field(default_factory=dict)
    collation: Named | str | None = None
    extension: str = ""


@dataclass(slots=True, eq=False)
class Collation:
    """A collation that the schema defines."""

    schema: str
    name: str
    deterministic: bool = True


def quoted(name: str) -> str:
    """``name`` as ``quote_ident`` prints it; a name that DDL cannot have made is returned as it is."""
    try:
        return ident(name)
    except ValueError:
        return name


def spelled(schema: str, name: str) -> str:
    """``schema.name``, each part quoted where needed; without the schema when that is ``pg_catalog``."""
    return quoted(name) if schema == "pg_catalog" else f"{quoted(schema)}.{quoted(name)}"


def built_in(name: str) -> str | None:
    """The spelling of a type of ``pg_catalog``, or None when it has no such type."""
    if name not in BUILT_IN:
        return None
    return _SPELLINGS.get(name, name)


def names_of(nodes: Any) -> tuple[str, str]:
    """Schema (or an empty string) and name of a possibly qualified name given as a list of String nodes."""
    parts = [str(node.sval) for node in nodes if isinstance(node, ast.String)]
    return (parts[-2] if len(parts) > 1 else "", parts[-1] if parts else "")
