"""One shape for what the reader says and for what a server says, so that the two can be compared."""

from __future__ import annotations

from typing import Any

from pgspec.catalog import Catalog
from pgspec.catalog.columns import checked_not_null
from pgspec.pgsql import parse

_KINDS = {"r": "table", "p": "partitioned_table", "f": "foreign_table", "v": "view", "m": "materialized_view"}
_SYSTEM = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"
# What belongs to an extension is not in the DDL.
_OWN = "NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = {oid} AND e.deptype = 'e')"

_COLUMNS = f"""
SELECT a.attrelid, a.attname, CASE WHEN a.atttypid = 0 THEN '' ELSE format_type(a.atttypid, NULL) END,
  a.attnotnull AND c.relkind <> 'f', a.atttypmod <> -1, a.attgenerated <> '', a.atthasdef OR a.attidentity <> '',
  CASE WHEN a.attcollation NOT IN (0, t.typcollation) OR (t.typtype = 'd' AND t.typcollation <> b.typcollation)
    THEN a.attcollation::regcollation::text END
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype
WHERE a.attnum > 0 AND NOT a.attisdropped AND {_SYSTEM} ORDER BY a.attnum"""

_KEYS = f"""
SELECT i.indrelid, c.relname, i.indisprimary, i.indnullsnotdistinct, NOT i.indimmediate, i.indpred IS NOT NULL,
  ARRAY(SELECT CASE WHEN k = 0 THEN '<expression>' ELSE (SELECT attname::text FROM pg_attribute
    WHERE attrelid = i.indrelid AND attnum = k) END
    FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY u(k, o) ORDER BY o)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indisvalid AND NOT i.indisexclusion AND {_SYSTEM}"""

_INDEXES = f"""
SELECT i.indrelid, c.relname, m.amname, i.indpred IS NOT NULL,
  EXISTS (SELECT FROM pg_constraint k
    WHERE k.conindid = c.oid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')),
  ARRAY(SELECT CASE WHEN k = 0 THEN '<expression>' ELSE (SELECT attname::text FROM pg_attribute
    WHERE attrelid = i.indrelid AND attnum = k) END
    FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY u(k, o) ORDER BY o)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_am m ON m.oid = c.relam WHERE {_SYSTEM}"""

_REFERENCES = f"""
SELECT k.conrelid, k.conname, tn.nspname, t.relname, k.convalidated, k.condeferrable,
  ARRAY(SELECT attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, o)
    JOIN pg_attribute ON attrelid = k.conrelid AND attnum = n ORDER BY o),
  ARRAY(SELECT attname::text FROM unnest(k.confkey) WITH ORDINALITY u(n, o)
    JOIN pg_attribute ON attrelid = k.confrelid AND attnum = n ORDER BY o)
FROM pg_constraint k JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_namespace n ON n.oid = k.connamespace LEFT JOIN pg_constraint up ON up.oid = k.conparentid
WHERE k.contype = 'f' /* temporal */ AND up.conrelid IS DISTINCT FROM k.conrelid AND {_SYSTEM}"""

_RELATIONS = f"""
SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relispartition
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND {_SYSTEM} AND {_OWN.format(oid="c.oid")}"""


def of_server(connection: Any) -> dict[str, Any]:
    """What the server's catalog says."""
    return {"relations": _relations(connection), "functions": _functions(connection), **_types(connection)}


def _rows(connection: Any, query: str) -> list[Any]:
    connection.execute("SET LOCAL search_path = ''")
    return list(connection.execute(query).fetchall())


def _relations(connection: Any) -> dict[str, Any]:
    rows = _rows(connection, _RELATIONS)
    temporal = "AND NOT k.conperiod" if connection.info.server_version >= 180000 else ""
    references = _REFERENCES.replace("/* temporal */", temporal)
    names = {oid: (schema, name) for oid, schema, name, *_ in rows}
    parents: dict[int, list[int]] = {}
    for child, parent in _rows(connection, "SELECT inhrelid, inhparent FROM pg_inherits ORDER BY inhrelid, inhseqno"):
        if child in names:
            parents.setdefault(child, []).append(parent)
    children = {p: [c for c, ps in parents.items() if p in ps] for ps in parents.values() for p in ps}
    options = "SELECT oid FROM pg_class WHERE reloptions::text ~ 'security_invoker=(on|true|1|yes)'"
    invokers = {oid for (oid,) in _rows(connection, options)}
    invalid, checks = _invalid_not_null(connection), _checks(connection)
    columns: dict[int, list[Any]] = {}
    for oid, *column in _rows(connection, _COLUMNS):
        columns.setdefault(oid, []).append(column)
    tested = {(oid, name) for oid, trees in checks.items() for tree in trees for name in checked_not_null(tree)}

    def not_null(oid: int, name: str) -> bool:
        mine = next((c for c in columns.get(oid, ()) if c[0] == name), None)
        own = mine is not None and mine[2] and (oid, name) not in invalid
        own = own or ((oid, name) in tested and kinds[oid] != "f")
        return own and all(not_null(child, name) for child in children.get(oid, ()))

    kinds = {row[0]: row[3] for row in rows}
    out = {}
    for oid, schema, name, kind, secure, forced, is_partition in rows:
        view = kind in "vm"
        out[f"{schema}.{name}"] = {
            "kind": _KINDS[kind],
            "columns": [] if view else [(n, t, not_null(oid, n), *rest) for n, t, _, *rest in columns.get(oid, ())],
            "keys": sorted((*r[1:6], tuple(r[6])) for r in _rows(connection, _KEYS) if r[0] == oid),
            "indexes": sorted((*r[1:5], tuple(r[5])) for r in _rows(connection, _INDEXES) if r[0] == oid),
            "invoker": oid in invokers,
            "references": sorted(
                (r[1], f"{r[2]}.{r[3]}", r[4], r[5], tuple(r[6]), tuple(r[7]))
                for r in _rows(connection, references)
                if r[0] == oid
            ),
            "checks": 0 if kind == "f" else len(checks.get(oid, ())),
            "above": [".".join(names[p]) for p in parents.get(oid, ())],
            "is_partition": is_partition,
            "has_children": oid in children and kind != "p",
            "row_security": (secure, forced),
        }
    return out


def _invalid_not_null(connection: Any) -> set[tuple[int, str]]:
    """The columns whose not-null constraint is not validated, which PostgreSQL 18 allows."""
    if connection.info.server_version < 180000:
        return set()
    query = """SELECT conrelid, attname FROM pg_constraint
        JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'n' AND NOT convalidated"""
    return {(oid, name) for oid, name in _rows(connection, query)}


def _checks(connection: Any) -> dict[int, list[Any]]:
    out: dict[int, list[Any]] = {}
    query = """SELECT conrelid, pg_get_expr(conbin, conrelid) FROM pg_constraint
        WHERE contype = 'c' AND conrelid <> 0 AND convalidated AND NOT connoinherit"""
    for oid, text in _rows(connection, query):
        out.setdefault(oid, []).append(parse(f"SELECT {text}")[0][0].node.targetList[0].val)
    return out


def _functions(connection: Any) -> list[Any]:
    query = f"""SELECT n.nspname, p.proname,
        ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY u(t, o) ORDER BY o),
        format_type(p.prorettype, NULL), p.provolatile, p.proisstrict, p.proretset, p.prokind,
        p.pronargdefaults, p.provariadic <> 0,
        ARRAY(SELECT ARRAY[coalesce(p.proargnames[o], ''), format_type(t, NULL)]
          FROM unnest(p.proallargtypes) WITH ORDINALITY u(t, o) WHERE p.proargmodes[o] IN ('o', 'b', 't') ORDER BY o),
        p.prosecdef, p.proconfig::text ~ 'search_path=',
        ARRAY(SELECT CASE WHEN x.grantee = 0 THEN 'public' ELSE x.grantee::regrole::text END
          FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x WHERE x.grantee <> p.proowner)
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE {_SYSTEM} AND {_OWN.format(oid="p.oid")}
        -- constructors of range types
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'i')"""
    volatility = {"i": "immutable", "s": "stable", "v": "volatile"}
    return sorted(
        (
            f"{r[0]}.{r[1]}",
            tuple(r[2]),
            r[3],
            volatility[r[4]],
            r[5],
            r[6],
            r[7] == "a",
            r[7] == "p",
            r[8],
            r[9],
            tuple((name or f"column{i}", type_) for i, (name, type_) in enumerate(r[10], 1)),
            r[11],
            bool(r[12]),
            tuple(sorted(r[13])),
        )
        for r in _rows(connection, query)
    )


def _types(connection: Any) -> dict[str, Any]:
    own = f"{_SYSTEM} AND {_OWN.format(oid='t.oid')}"
    enums = f"""SELECT n.nspname, t.typname, array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_type t
        JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_enum e ON e.enumtypid = t.oid WHERE {own} GROUP BY 1, 2"""
    domains = f"""SELECT n.nspname, t.typname, format_type(t.typbasetype, NULL) FROM pg_type t
        JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND {own}"""
    composites = f"""SELECT n.nspname, t.typname,
        array_agg(ARRAY[a.attname, format_type(a.atttypid, NULL)] ORDER BY attnum)
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_class c ON c.oid = t.typrelid
        JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relkind = 'c' AND attnum > 0 AND NOT attisdropped AND {own}
        GROUP BY 1, 2"""
    collations = f"""SELECT c.oid::regcollation::text FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
        WHERE NOT collisdeterministic AND {_SYSTEM}"""
    schemas = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
    return {
        "enums": {f"{s}.{n}": tuple(labels) for s, n, labels in _rows(connection, enums)},
        "domains": {f"{s}.{n}": base for s, n, base in _rows(connection, domains)},
        "composites": {f"{s}.{n}": tuple(map(tuple, a)) for s, n, a in _rows(connection, composites)},
        "nondeterministic": {r[0] for r in _rows(connection, collations)},
        "schemas": {r[0] for r in _rows(connection, schemas)},
    }


def of_catalog(catalog: Catalog) -> dict[str, Any]:
    """The same of what was read."""
    relations = {}
    for name, r in catalog.relations.items():
        relations[f"{name.schema}.{name.name}"] = {
            "kind": r.kind,
            "columns": [
                (c.name, c.type, c.not_null, c.has_modifier, c.generated is not None, c.has_default, c.collation)
                for c in r.columns.values()
            ],
            "keys": sorted(
                (
                    k.name,
                    k.primary,
                    k.nulls_not_distinct,
                    k.deferrable,
                    k.where is not None,
                    tuple(c if isinstance(c, str) else "<expression>" for c in k.columns),
                )
                for k in r.keys
            ),
            "indexes": sorted(
                (
                    i.name,
                    i.method,
                    i.partial,
                    i.constraint,
                    tuple(c if isinstance(c, str) else "<expression>" for c in i.elements),
                )
                for i in r.indexes
            ),
            "invoker": r.invoker,
            "references": sorted(
                (
                    f.name,
                    f"{f.references.schema}.{f.references.name}",
                    f.validated,
                    f.deferrable,
                    f.columns,
                    f.ref_columns,
                )
                for f in r.foreign_keys
            ),
            "checks": len(r.checks),
            "above": [f"{p.schema}.{p.name}" for p in ((r.partition_of,) if r.partition_of else r.inherits)],
            "is_partition": r.partition_of is not None,
            "has_children": r.has_children,
            "row_security": (r.row_security, r.force_row_security),
        }
    return {
        "relations": relations,
        "functions": sorted(
            (
                f"{f.name.schema}.{f.name.name}",
                f.arguments,
                f.returns,
                f.volatility,
                f.strict,
                f.returns_set,
                f.aggregate,
                f.procedure,
                f.defaults,
                f.variadic,
                f.columns,
                f.definer,
                f.path is not None,
                tuple(sorted(f.callers)),
            )
            for overloads in catalog.functions.values()
            for f in overloads
        ),
        "enums": {f"{n.schema}.{n.name}": v for n, v in catalog.enums.items()},
        "domains": {f"{n.schema}.{n.name}": v for n, v in catalog.domains.items()},
        "composites": {f"{n.schema}.{n.name}": v for n, v in catalog.composites.items()},
        "nondeterministic": set(catalog.nondeterministic_collations),
        "schemas": set(catalog.schemas),
    }
