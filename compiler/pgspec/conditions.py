"""What the SQL of invalidations may use: a condition looks at one row, a tag's query at the rows that changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pgspec.catalog import Catalog
from pgspec.diagnostics import SqlFinding
from pgspec.keys import Analysis
from pgspec.keys.builtins import functions
from pgspec.pgsql import Statement, ast, enums, walk
from pgspec.sql import ident
from pgspec.tags import MAX_SEGMENTS

SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
_MODIFYING = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)
_OF_THE_ROW = "a condition compares columns of the row with constants"


def not_of_the_row(node: ast.SelectStmt, analysis: Analysis, catalog: Catalog) -> Iterable[SqlFinding]:
    """What a condition may not use: it is asked of old and new rows alike, long after they were read."""
    places = set()
    inside = {id(n) for link in walk(node.targetList) if isinstance(link, ast.SubLink) for n in walk(link.subselect)}
    for item in walk(node.targetList):
        what = ""
        if id(item) in inside:  # whatever stands in a sub-query, it is the sub-query that is wrong
            continue
        if isinstance(item, ast.SubLink):
            what = "reads other rows in a sub-query"
        elif isinstance(item, ast.ParamRef):
            what = "has a parameter"
        elif isinstance(item, ast.ColumnRef):
            what = _not_plain(item)
        elif isinstance(item, ast.FuncCall) and (item.over is not None or _is_of_many_rows(item, catalog)):
            what = "looks at more than one row"
        if what:
            start = max(item.location, 0)
            places.add(start)
            yield SqlFinding(start, start + 1, "INV006", f"the condition {what}", _OF_THE_ROW)
    for finding in (*analysis.session, *analysis.volatile, *analysis.time, *analysis.unstable):
        message = f"the condition is not about the row alone: {finding.message}"
        if finding.start not in places:
            yield replace(finding, code="INV006", message=message, help=_OF_THE_ROW)


def _not_plain(item: ast.ColumnRef) -> str:
    last = item.fields[-1]
    if isinstance(last, ast.A_Star) or len(item.fields) > 2:  # noqa: PLR2004 - table.column
        return "names more than a plain column"
    system = isinstance(last, ast.String) and last.sval in SYSTEM_COLUMNS
    return f"names `{last.sval}`, which transition tables lack" if system else ""


def _is_of_many_rows(call: ast.FuncCall, catalog: Catalog) -> bool:
    """Whether a function reads many rows or returns many."""
    if call.agg_star or call.agg_distinct or call.agg_order or call.agg_filter:
        return True
    name = call.funcname[-1].sval
    own = [f for known, made in catalog.functions.items() if known.name == name for f in made]
    if own:
        return all(f.aggregate or f.returns_set for f in own)
    found = functions(name)
    return bool(found) and all(f.kind in ("aggregate", "window") or f.returns_set for f in found)


def not_found_by_triggers(tree: Any, analysis: Analysis, catalog: Catalog) -> Iterable[SqlFinding]:
    """Functions and operators of extensions that are written without a schema: the functions of triggers look for names
    in pg_catalog alone, where they would find nothing, or the operator of another type."""
    types = {}
    for relation in analysis.reads:
        for column in catalog.relations[relation].columns.values() if relation in catalog.relations else ():
            for schema, name in catalog.other_types:
                if column.type in (f"{ident(schema)}.{ident(name)}", f"{schema}.{name}"):
                    types[column.name] = (schema, column.type)
    for item in walk(tree):
        if isinstance(item, ast.FuncCall) and len(item.funcname) == 1:
            name = item.funcname[0].sval
            if not functions(name) and not any(known.name == name for known in catalog.functions):
                help_ = f"write its schema, `{catalog.search_path[0]}.{name}(...)`, or remove it"
                message = f"the function `{name}` is not in the schema files, and triggers look in pg_catalog alone"
                yield SqlFinding(item.location, item.location + len(name), "INV006", message, help_)
        elif isinstance(item, ast.A_Expr) and len(item.name) == 1:
            sides = [side for side in (item.lexpr, item.rexpr) if isinstance(side, ast.ColumnRef)]
            names = [side.fields[-1].sval for side in sides if isinstance(side.fields[-1], ast.String)]
            if kind := next((types[name] for name in names if name in types), None):
                schema, type_ = kind
                symbol = item.name[0].sval
                message = f"triggers look in pg_catalog alone, and would not find the `{symbol}` of `{type_}`"
                help_ = f"write `OPERATOR({ident(schema)}.{symbol})`, or cast the column to text"
                yield SqlFinding(item.location, item.location + len(symbol), "INV006", message, help_)


def not_over_changed(statement: Statement) -> SqlFinding | None:
    """Why a tag's query is none, in the offsets of its own text."""
    reads = False
    for item in walk(statement.node):
        if isinstance(item, _MODIFYING):
            return SqlFinding(0, 1, "SQL006", "a tag's query only reads", "remove the part that writes")
        if isinstance(item, ast.CommonTableExpr) and item.ctename == "changed":
            help_ = "give it another name; `changed` are the rows that changed"
            return SqlFinding(
                item.location, item.location + 1, "INV006", "the query hides `changed` by a name of its own", help_
            )
        if isinstance(item, ast.LockingClause):
            return SqlFinding(0, 1, "INV006", "a tag's query must not lock rows: writers would wait", "remove FOR ...")
        reads |= isinstance(item, ast.RangeVar) and item.schemaname is None and item.relname == "changed"
    if reads:
        return None
    help_ = "read the changed rows: `FROM changed c`"
    return SqlFinding(0, 1, "INV006", "the query of a tag does not read `changed`", help_)


def wildcard_of(node: ast.SelectStmt) -> str:
    """The wildcard of the tags that a query makes: known from the text that they all begin with."""
    head = node.targetList[0].val if node.op == enums.SetOperation.SETOP_NONE and node.targetList else None
    while isinstance(head, ast.A_Expr) and head.name[-1].sval == "||" and head.lexpr is not None:
        head = head.lexpr
    start = head.val.sval if isinstance(head, ast.A_Const) and isinstance(head.val, ast.String) else ""
    return ":".join([*start.split(":")[:-1][: MAX_SEGMENTS - 1], "*"])
