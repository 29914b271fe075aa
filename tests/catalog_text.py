"""A catalog as short text, for tests to read."""

from __future__ import annotations

from typing import Any

from pglast.stream import RawStream

from pgspec.catalog import Catalog, Column, ForeignKey, Function, Key, Relation


def describe(catalog: Catalog) -> list[str]:
    """One line for every thing in the catalog; of schemas only those besides ``public``."""
    lines = [_relation(r) for r in catalog.relations.values()]
    lines += [f"enum {n}: {', '.join(labels)}" for n, labels in catalog.enums.items()]
    lines += [f"domain {n}: {base}" for n, base in catalog.domains.items()]
    lines += [
        f"composite {n}: {', '.join(' '.join(a) for a in attributes)}" for n, attributes in catalog.composites.items()
    ]
    lines += [_function(f) for overloads in catalog.functions.values() for f in overloads]
    others = {
        "type": [str(n) for n in catalog.other_types],
        "role": catalog.roles,
        "schema": catalog.schemas - {"public"},
        "extension": catalog.extensions,
        "nondeterministic": catalog.nondeterministic_collations,
    }
    return lines + [f"{kind} {name}" for kind, names in others.items() for name in sorted(names)]


def _relation(r: Relation) -> str:
    parts = [", ".join(map(_column, r.columns.values()))] if r.columns else []
    parts += [_key(k) for k in r.keys]
    parts += [_reference(f) for f in r.foreign_keys]
    parts += [f"check ({_sql(c)})" for c in r.checks]
    parts += [f"partition of {r.partition_of}"] if r.partition_of else []
    parts += [f"inherits {', '.join(map(str, r.inherits))}"] if r.inherits else []
    parts += ["has children"] if r.has_children else []
    parts += [f"columns {', '.join(r.column_names)}"] if r.column_names else []
    parts += [f"as {_sql(r.query)}"] if r.query is not None else []
    parts += ["row security"] if r.row_security else []
    parts += ["forced"] if r.force_row_security else []
    parts += [f"owner {r.owner}"] if r.owner else []
    return f"{r.kind} {r.name}: {'; '.join(parts)}"


def _column(c: Column) -> str:
    parts = [c.name, c.type + ("(n)" if c.has_modifier else "")]
    parts += [f"collate {c.collation}"] if c.collation else []
    parts += ["!"] if c.not_null else []
    parts += [f"= ({_sql(c.generated)})"] if c.generated is not None else []
    parts += ["default"] if c.has_default and c.generated is None else []
    return " ".join(parts)


def _key(k: Key) -> str:
    columns = ", ".join(c if isinstance(c, str) else f"({_sql(c)})" for c in k.columns)
    flags = (" nulls not distinct" if k.nulls_not_distinct else "") + (" deferrable" if k.deferrable else "")
    where = f" where {_sql(k.where)}" if k.where is not None else ""
    return f"{'primary' if k.primary else 'unique'} {k.name} ({columns}){flags}{where}"


def _reference(f: ForeignKey) -> str:
    flags = ("" if f.validated else " not valid") + (" deferrable" if f.deferrable else "")
    return f"{f.name} ({', '.join(f.columns)}) -> {f.references} ({', '.join(f.ref_columns)}){flags}"


def _function(f: Function) -> str:
    kind = "aggregate" if f.aggregate else "procedure" if f.procedure else "function"
    flags = [f.volatility, "strict" if f.strict else "", "variadic" if f.variadic else ""]
    flags += [f"defaults {f.defaults}"] if f.defaults else []
    columns = f" ({', '.join(' '.join(c) for c in f.columns)})" if f.columns else ""
    setof = "setof " if f.returns_set else ""
    return f"{kind} {f.name}({', '.join(f.arguments)}): {setof}{f.returns}{columns} {' '.join(filter(None, flags))}"


def _sql(node: Any) -> str:
    return str(RawStream()(node))
