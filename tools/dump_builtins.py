"""Write what PostgreSQL's own catalogs say about built-in types, functions, operators and casts into one JSON file.

    python tools/dump_builtins.py OUT.json DSN [DSN ...]

Give one server per supported major version, oldest first.  The result is their union; where two versions disagree, the
weaker promise is kept (the more volatile, not strict).  Values are packed into strings, which the compiler unpacks by
name when it needs them: see `pgspec.keys.builtins`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import psycopg

TYPES = """
SELECT format_type(t.oid, NULL), t.typcategory::text, t.typispreferred, t.typtype::text,
       coalesce(format_type(nullif(t.typelem, 0), NULL), '')
FROM pg_type t
WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typrelid = 0 AND t.typtype IN ('b', 'p', 'r', 'm')
"""
EQUAL_IMAGE = """
SELECT format_type(c.opcintype, NULL)
FROM pg_opclass c
JOIN pg_am a ON a.oid = c.opcmethod AND a.amname = 'btree'
JOIN pg_amproc p ON p.amprocfamily = c.opcfamily AND p.amproclefttype = c.opcintype AND p.amprocrighttype = c.opcintype
WHERE c.opcdefault AND p.amprocnum = 4 AND p.amproc::text IN ('btequalimage', 'btvarstrequalimage')
"""
ORDERED = """
SELECT format_type(c.opcintype, NULL)
FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod AND a.amname = 'btree' WHERE c.opcdefault
"""
FUNCTIONS = """
SELECT p.proname::text, ARRAY(SELECT format_type(x, NULL) FROM unnest(p.proargtypes) x), p.pronargdefaults,
       CASE WHEN p.provariadic <> 0 THEN format_type(p.provariadic, NULL) ELSE '' END, format_type(p.prorettype, NULL),
       p.provolatile::text, p.proisstrict, p.proretset, p.prokind::text,
       ARRAY(SELECT coalesce(nullif(p.proargnames[i], ''), p.proname::text) || ':'
                    || format_type(p.proallargtypes[i], NULL)
             FROM generate_subscripts(p.proallargtypes, 1) i WHERE p.proargmodes[i] IN ('o', 'b', 't') ORDER BY i)
FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
"""
OPERATORS = """
SELECT o.oprname::text, coalesce(format_type(nullif(o.oprleft, 0), NULL), ''), format_type(o.oprright, NULL),
       format_type(o.oprresult, NULL), p.provolatile::text, p.proisstrict
FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode WHERE o.oprnamespace = 'pg_catalog'::regnamespace
"""
CASTS = """
SELECT format_type(c.castsource, NULL), format_type(c.casttarget, NULL), c.castcontext::text, c.castmethod::text,
       coalesce((SELECT p.provolatile::text FROM pg_proc p WHERE p.oid = c.castfunc), 'i')
FROM pg_cast c
"""
NOT_CALLABLE = {
    "internal",
    "cstring",
    "trigger",
    "event_trigger",
    "index_am_handler",
    "table_am_handler",
    "fdw_handler",
}
VOLATILITY = "isv"


def weaker(first: str, second: str) -> str:
    """The flags `volatility strict set kind` of which both versions keep the promise."""
    volatility = max(first[0], second[0], key=VOLATILITY.index)
    return volatility + ("s" if first[1] == second[1] == "s" else "-") + first[2:]


def functions(rows: list[Any], into: dict[str, dict[str, list[str]]]) -> None:
    """Add the overloads of one server, keyed by name and argument types."""
    for name, arguments, defaults, variadic, returns, volatility, strict, returns_set, kind, columns in rows:
        overloads = into.setdefault(name, {})
        if NOT_CALLABLE & {returns, *arguments}:
            continue
        key = ",".join(arguments)
        flags = volatility + ("s" if strict else "-") + ("r" if returns_set else "-") + kind
        if key in overloads:
            flags = weaker(flags, overloads[key][4])
        overloads[key] = [key, str(defaults or ""), variadic, returns, flags, ",".join(columns)]


def operators(rows: list[Any], into: dict[str, dict[tuple[str, str], list[str]]]) -> None:
    """Add the operators of one server, keyed by name and operand types."""
    for name, left, right, result, volatility, strict in rows:
        flags = volatility + ("s" if strict else "-")
        same = into.setdefault(name, {})
        if (left, right) in same:
            flags = weaker(flags, same[left, right][3])
        same[left, right] = [left, right, result, flags]


def main(out: str, *dsns: str) -> None:
    """Read every server and write the union."""
    types: dict[str, str] = {}
    equal_image: set[str] = set()
    ordered: set[str] = set()
    procs: dict[str, dict[str, list[str]]] = {}
    ops: dict[str, dict[tuple[str, str], list[str]]] = {}
    casts: dict[str, dict[str, str]] = {}
    for dsn in dsns:
        with psycopg.connect(dsn) as connection:

            def rows(query: str, at: psycopg.Connection[Any] = connection) -> list[Any]:
                return at.execute(query).fetchall()  # type: ignore[arg-type]

            types |= {r[0]: f"{r[1]}{'p' if r[2] else '-'}{r[3]}{r[4]}" for r in rows(TYPES)}
            equal_image |= {r[0] for r in rows(EQUAL_IMAGE)}
            ordered |= {r[0] for r in rows(ORDERED)}
            functions(rows(FUNCTIONS), procs)
            operators(rows(OPERATORS), ops)
            for source, target, context, method, volatility in rows(CASTS):
                casts.setdefault(source, {})[target] = f"{context}{method}{volatility}"
    packed = {
        "types": dict(sorted(types.items())),
        "equal_image": sorted(equal_image),
        "ordered": sorted(ordered),
        "functions": {n: ";".join("|".join(o) for _, o in sorted(f.items())) for n, f in sorted(procs.items())},
        "operators": {n: ";".join(",".join(o) for _, o in sorted(f.items())) for n, f in sorted(ops.items())},
        "casts": {s: ";".join(f"{t},{c}" for t, c in sorted(ts.items())) for s, ts in sorted(casts.items())},
    }
    Path(out).write_text(json.dumps(packed, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
