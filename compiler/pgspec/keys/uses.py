"""What a query reads, scan by scan, and which rows of each scan can matter.

A condition restricts a scan when the query gives the same for every content of its tables whether or not the scan
leaves out the rows for which the condition is not true.  It may speak of other attributes too: then a row matters only
if some values of those make all conditions true.  Such conditions are carried down the plan, node by node, as far as
leaving out rows early changes nothing.  A node that is not understood is passed by what does not speak of its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgspec.catalog.model import Catalog, RelationKind
from pgspec.diagnostics import SqlFinding
from pgspec.keys.algebra import Expr
from pgspec.keys.bound import bind_statement
from pgspec.keys.conditions import (
    Condition,
    Param,
    Value,
    attributes_of,
    condition_of,
    equality,
    flattened,
    parameter,
    required,
)
from pgspec.keys.context import Binding
from pgspec.keys.parameters import Place, substitute
from pgspec.keys.plans import Filter, Instance, Query, Scan
from pgspec.keys.restrict import Frame, TooMany, restrict
from pgspec.pgsql import ParseFailure, ast, parse, walk
from pgspec.sql import QName, qname

_OTHER_CLAUSES = ("groupClause", "havingClause", "sortClause", "limitCount", "limitOffset", "lockingClause",
                  "windowClause", "distinctClause")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Use:
    """One scan of a stored relation inside a query.  Views are looked through; materialized views are stored.

    - ``columns``: those that the query uses anywhere; none for ``count(*)``.  System columns are among them.
    - ``equal``: columns that equal each of these values in every row that can matter.
    - ``conditions``: the conjuncts over this relation's columns that hold for every row that can matter; ``present``:
      the columns that are not NULL in it.
    - ``start``: where the relation, or the view that brings it, is named in the query."""

    relation: QName
    kind: RelationKind
    columns: frozenset[str]
    equal: Mapping[str, frozenset[Value]] = field(hash=False)
    conditions: frozenset[Condition]
    present: frozenset[str]
    start: int


@dataclass(frozen=True, slots=True)
class QueryUses:
    """What a query with parameters reads.  Offsets are those of the query as it was written.

    With ``findings`` (what PostgreSQL would refuse) or ``unsupported`` (what was not understood), uses may be missing.
    ``functions``: functions of the schema that are not immutable, which may read tables that no use names."""

    uses: tuple[Use, ...]
    parameters: tuple[Place, ...]
    findings: tuple[SqlFinding, ...]
    unsupported: tuple[SqlFinding, ...]
    functions: tuple[QName, ...]


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A boolean expression over the columns of one relation: its conjuncts, and the columns that it reads."""

    conditions: tuple[Condition, ...]
    columns: frozenset[str]
    findings: tuple[SqlFinding, ...]


def query_uses(text: str, catalog: Catalog) -> QueryUses | ParseFailure:
    """The uses of a SELECT with ``:name`` parameters."""
    made = substitute(text)
    if isinstance(made, ParseFailure):
        return made
    statements, failure = parse(made.text)
    if failure is not None:
        return failure
    if len(statements) != 1 or not isinstance(statements[0].node, ast.SelectStmt):
        return ParseFailure("a cached query is one SELECT", statements[1].start if statements[1:] else 0)
    node = statements[0].node
    binding, query = bind_statement(node, catalog, made.text)
    uses = scan_uses(binding, query, made.names)
    found = (tuple(binding.findings), tuple(binding.unsupported))
    return QueryUses(uses, made.places, *found, _functions(binding, node))


def scan_uses(binding: Binding, query: Query | None, parameters: Mapping[int, str]) -> tuple[Use, ...]:
    """The uses of a bound query, in the order of writing; ``parameters`` are names by number."""
    sink = _Uses(binding, parameters, {})
    top = Frame(binding)
    try:
        sound = query is not None and not binding.findings and not binding.unsupported
        if sound and query is not None:
            restrict(binding, query, top, sink)
    except (RecursionError, TooMany):
        sound = False
    if not sound:
        sink.found.clear()
        _everything(binding, top, sink)
    return tuple(sorted(sink.found, key=lambda use: use.start))


def _everything(binding: Binding, top: Frame, sink: _Uses) -> None:
    """Every scan, with nothing known of its rows; each view is opened once."""
    waiting, opened = [top], set[QName]()
    while waiting:
        frame = waiting.pop()
        for placed in frame.source.placed:
            if isinstance(placed, Scan):
                sink.scan(placed, frame, ())
            elif placed.snapshot:
                sink.snapshot(placed, frame, ())
            elif placed.view is not None and placed.view not in opened:
                opened.add(placed.view)
                if definition := binding.view_definition(placed.view):
                    waiting.append(Frame(definition, frame.start_of(placed.start)))


@dataclass(frozen=True, slots=True)
class _Uses:
    """Collects the uses.  The keys of ``found`` are the uses, in order."""

    binding: Binding
    parameters: Mapping[int, str]
    found: dict[Use, None]

    def scan(self, scan: Scan, frame: Frame, conditions: Iterable[Expr]) -> None:
        """Note a scan whose rows matter only where the conditions can be true."""
        relation = scan.relation
        columns = {name: frame.of(a) for name, a in scan.attributes.items() if a in frame.source.used}
        self._note(relation.name, relation.kind, columns, scan.not_null, frame.start_of(scan.start), conditions)

    def snapshot(self, instance: Instance, frame: Frame, conditions: Iterable[Expr]) -> None:
        """Note a scan of a materialized view whose columns its query tells."""
        assert instance.view is not None
        definition = self.binding.view_definition(instance.view)
        names = definition.names if definition is not None else ()
        columns = {n: frame.of(a) for n, a in zip(names, instance.attributes, strict=True) if a in frame.source.used}
        self._note(instance.view, "materialized_view", columns, frozenset(), frame.start_of(instance.start), conditions)

    def _note(
        self, relation: QName, kind: RelationKind, columns: Mapping[str, int], not_null: frozenset[str], start: int,
        conditions: Iterable[Expr],
    ) -> None:  # fmt: skip
        types = self.binding.types
        conditions = tuple(flattened(conditions))
        known = _values(conditions, self, types)
        names = {attribute: name for name, attribute in columns.items()}
        own = [c for c in conditions if (read := set(attributes_of(c))) and read <= names.keys()]
        spelt = (condition_of(c, names, types) for c in own)
        present = {names[a] for c in conditions for a in required(c) if a in names}
        use = Use(
            relation, kind, frozenset(columns), {names[a]: v for a, v in known.items() if a in names},
            frozenset(c for c in spelt if c.form != "opaque"), not_null | present, start,
        )  # fmt: skip
        self.found.setdefault(use)


def _values(conditions: Iterable[Expr], uses: _Uses, types: Any) -> dict[int, frozenset[Value]]:
    """What each attribute equals, also by way of others.  The attributes of a class have types of which equality
    means the same value, so that it is transitive."""
    classes: dict[int, set[int]] = {}
    values: list[tuple[int, Value]] = []
    for condition in conditions:
        known = equality(condition, types)
        if known is None:
            continue
        left, right = known[0].attribute, known[1]
        number = parameter(right)
        mine = classes.setdefault(left, {left})
        if number is not None:
            if number in uses.parameters:
                values.append((left, Param(uses.parameters[number])))
        elif other := list(attributes_of(right)):
            mine |= classes.setdefault(other[0], {other[0]})
            classes.update((a, mine) for a in mine)
        else:
            values.append((left, right))  # type: ignore[arg-type]
    found: dict[int, frozenset[Value]] = {}
    for attribute, value in values:
        for member in classes[attribute]:
            found[member] = found.get(member, frozenset()) | {value}
    return found


def holds(condition: Condition, use: Use) -> bool:
    """Whether a condition over the relation is true for every row of the use that can matter."""
    if condition.form == "opaque":
        return False
    if condition in use.conditions:
        return True
    equal = use.equal.get(condition.column, frozenset())
    if condition.form == "not null":
        return condition.column in use.present
    if condition.form == "equal":
        return bool(condition.values & equal)
    if condition.form == "one of":
        lists = (c.values for c in use.conditions if c.form == "one of" and c.column == condition.column)
        return bool(condition.values & equal) or any(values <= condition.values for values in lists)
    return False


def bind_filter(text: str, relation: QName, catalog: Catalog) -> RowFilter | ParseFailure:
    """A mapping's row filter, a boolean expression over the columns of ``relation``.  Offsets are those of ``text``.

    Sub-queries and what sessions see differently are not understood: such a conjunct is never shown to hold."""
    head = f"SELECT FROM ONLY {qname(relation)} WHERE ("
    for whole, offset in ((f"SELECT ({text}\n)", len("SELECT (")), (f"{head}{text}\n)", len(head))):
        statements, failure = parse(whole)
        if failure is not None or len(statements) != 1:
            message = failure.message if failure else "a filter is one expression"
            return ParseFailure(message, min(max(0, (failure.offset if failure else 0) - offset), len(text)))
    node = statements[0].node
    if node.op or any(getattr(node, clause) for clause in _OTHER_CLAUSES):
        return ParseFailure("a filter is one expression", 0)
    binding, query = bind_statement(node, catalog, whole)
    findings = tuple(
        SqlFinding(max(0, f.start - offset), max(1, f.end - offset), f.code, f.message, f.help)
        for f in (*binding.findings, *binding.unsupported)
    )
    scan = next((p for p in binding.placed if isinstance(p, Scan)), None)
    if scan is None or query is None or findings or not isinstance(query.plan, Filter):
        return RowFilter((Condition(text, "opaque"),), frozenset(), findings)
    names = {attribute: name for name, attribute in scan.attributes.items() if attribute in binding.used}
    conditions = [condition_of(part, names, binding.types) for part in flattened(query.plan.conditions)]
    shown = tuple(c if c.form != "opaque" else Condition(text, "opaque") for c in conditions if c.text != "true")
    return RowFilter(shown, frozenset(names.values()), findings)


def _functions(binding: Binding, node: Any) -> tuple[QName, ...]:
    """The functions of the schema that may read tables, in the query and in the views that it reads."""
    found: set[QName] = set()
    waiting, seen = [node], set[QName]()
    while waiting:
        for part in walk(waiting.pop()):
            if isinstance(part, ast.FuncCall):
                names = [n.sval for n in part.funcname]
                for f in binding.types.user_functions(names[-2] if names[1:] else None, names[-1]):
                    if f.volatility != "immutable" and f.schema is not None:
                        found.add(QName(f.schema, f.name))
            elif isinstance(part, ast.RangeVar):
                relation = binding.catalog.relation(part.schemaname, part.relname)
                if relation is not None and relation.kind == "view" and relation.name not in seen:
                    seen.add(relation.name)
                    waiting.append(relation.query)
    return tuple(sorted(found))
