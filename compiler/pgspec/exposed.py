"""`expose` of a materialized view: the view in front of it, with its condition bound to the rows of the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pgspec.catalog import Catalog
from pgspec.diagnostics import Diagnostic, Severity
from pgspec.kinds import MaterializedView
from pgspec.pgsql import ast, parse, walk
from pgspec.policies import CLAIMS
from pgspec.row_conditions import Carrier, Condition, bind_condition
from pgspec.source import Document
from pgspec.sql import QName, commas, ident, qname

_CARRIER = Carrier("MV015", "a condition of `expose`", "after WHERE")


@dataclass(frozen=True, slots=True, eq=False)
class Exposed:
    """The view that shows a caller some rows of a materialized view.  ``condition`` is None when it is none;
    ``calls``: the functions of the schema that it calls; ``calls_claim``: pgspec's is among them; ``query`` is the
    view's; ``understood``: nothing is wrong with the condition."""

    name: QName
    roles: tuple[str, ...]
    condition: Condition | None = None
    calls: frozenset[QName] = frozenset()
    calls_claim: bool = False
    query: str = ""
    understood: bool = False


def build_exposed(
    spec: MaterializedView,
    document: Document,
    stored: QName,
    name: QName,
    columns: Sequence[str],
    catalog: Catalog,
    taken: Mapping[QName, str],
    internal: str,
    found: list[Diagnostic],
) -> Exposed:
    """The view ``name`` over the materialized view ``stored``.  ``catalog`` has that and pgspec's `claim`; ``taken``:
    what has the names that pgspec itself gives."""
    assert spec.expose is not None
    shown = str(spec.name)
    if name in taken:
        message = f"the name `{name}` of the exposed view is already taken by {taken[name]}"
        span = document.at("expose", "as")
        found.append(Diagnostic(span, "PRJ011", Severity.ERROR, message, "choose another name", shown))
    roles = tuple(sorted(set(spec.expose.to)))
    before = len(found)
    condition = bind_condition(document, ("expose", "where"), shown, stored, catalog, _CARRIER, found)
    if condition is None:
        return Exposed(name, roles)
    listed = commas(ident(column) for column in columns)
    query = f"SELECT {listed}\nFROM {qname(stored)}\nWHERE ({condition.sql})"
    calls = _calls(query)
    asks = any(QName(internal, claim) in calls for claim in CLAIMS)
    return Exposed(name, roles, condition, calls, asks, query, len(found) == before)


def _calls(query: str) -> frozenset[QName]:
    statements, failure = parse(query)
    assert failure is None, failure
    names = [item.funcname for item in walk(statements[0].node) if isinstance(item, ast.FuncCall)]
    return frozenset(QName(name[0].sval, name[1].sval) for name in names if name[1:])
