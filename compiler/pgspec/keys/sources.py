"""Binding of FROM items: tables, views, CTEs, sub-queries, functions and joins (parse_clause.c)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pgspec.catalog.model import Relation
from pgspec.keys.algebra import Expr, Form, Op, Ref
from pgspec.keys.context import Binding, Reference, relation_help
from pgspec.keys.expressions import conjuncts
from pgspec.keys.functions import bind_functions
from pgspec.keys.nodes import is_a
from pgspec.keys.operators import operator
from pgspec.keys.plans import FunctionScan, Instance, Join, JoinForm, One, Plan, RecursiveScan
from pgspec.keys.scope import AMBIGUOUS, Cte, Item, Scope, TableItem, note_outer, note_use
from pgspec.keys.stored import scan_of
from pgspec.pgsql import ast, enums
from pgspec.sql import QName, qname

_JOINS = {
    enums.JoinType.JOIN_INNER: JoinForm.INNER,
    enums.JoinType.JOIN_LEFT: JoinForm.LEFT,
    enums.JoinType.JOIN_RIGHT: JoinForm.RIGHT,
    enums.JoinType.JOIN_FULL: JoinForm.FULL,
}


@dataclass(slots=True)
class Source:
    """A bound FROM item: its rows, the names it adds, and whether it reads the items before it."""

    plan: Plan
    items: list[Item]
    lateral: bool = False
    start: int = -1
    volatile: bool = False


def bind_from(binding: Binding, nodes: Any, scope: Scope) -> Plan:
    """Bind a FROM clause; its items become visible in ``scope``."""
    whole: Source | None = None
    for node in nodes or ():
        source = _source(binding, node, scope, scope.items)
        _refuse_same_name(binding, scope.items, source)
        scope.items = scope.items + source.items
        if whole is None:
            whole = source
        else:
            whole = Source(_cross(whole, source), [], start=whole.start, volatile=whole.volatile or source.volatile)
    return whole.plan if whole is not None else One()


def _cross(left: Source, right: Source) -> Plan:
    volatile = (left.volatile, right.volatile)
    name = right.items[0].alias if right.items else ""
    return Join(JoinForm.INNER, left.plan, right.plan, (), (), right.lateral, volatile, name, right.start, right.start)


def _refuse_same_name(binding: Binding, before: list[Item], source: Source) -> None:
    taken = {(item.alias, item.schema) for item in before if item.name_visible and item.alias}
    for item in source.items:
        if item.name_visible and (item.alias, item.schema) in taken:
            help_text = f"give one of them an alias: `AS {item.alias}2`"
            binding.find(
                "SQL005", source.start, f"`{item.alias}` is in the FROM clause twice", help_text, len(item.alias)
            )


def _source(binding: Binding, node: Any, scope: Scope, visible: list[Item]) -> Source:
    volatile_before = binding.volatile_calls
    source = _source_of_any_kind(binding, node, scope, visible)
    source.volatile = binding.volatile_calls > volatile_before
    return source


def _source_of_any_kind(binding: Binding, node: Any, scope: Scope, visible: list[Item]) -> Source:
    if is_a(node, ast.RangeVar):
        return _relation(binding, node, scope)
    if is_a(node, ast.JoinExpr):
        return _join(binding, node, scope, visible)
    if is_a(node, ast.RangeSubselect):
        return _subselect(binding, node, scope, visible)
    if is_a(node, ast.RangeFunction):
        return _functions(binding, node, scope, visible)
    if is_a(node, ast.RangeTableSample):
        binding.volatile_calls += 1
        start = node.relation.location
        binding.remark(binding.remarks.volatile, "MV006", start, "TABLESAMPLE reads other rows each time")
        return _source(binding, node.relation, scope, visible)
    binding.cannot(getattr(node, "location", -1) or -1, f"{type(node).__name__} in FROM")
    alias = getattr(node, "alias", None)
    return Source(One(), [Item(alias.aliasname if alias else "", [], is_open=True)])


# names


def _relation(binding: Binding, node: Any, scope: Scope) -> Source:
    alias = node.alias.aliasname if node.alias else node.relname
    names = [n.sval for n in node.alias.colnames or ()] if node.alias else []
    if not node.schemaname and node.relname in scope.ctes:
        return _cte(binding, scope.ctes[node.relname], alias, names, node, scope)
    relation = binding.catalog.relation(node.schemaname, node.relname)
    if relation is None:
        return _missing(binding, node, alias)
    name = relation.name
    if not binding.silent:
        written = len(node.relname) + (len(node.schemaname) + 1 if node.schemaname else 0)
        end = binding.places.name_end(node.location, written)
        binding.references.append(Reference(name, node.location, end))
        if not node.schemaname:
            binding.qualify(node.location, name)
        binding.reads.setdefault(name, set())
    if not relation.columns and relation.kind not in ("view", "materialized_view"):
        binding.cannot(node.location, f"the table `{qname(name)}`, whose columns are not known")
        return Source(One(), [Item(alias, [], is_open=True)], start=node.location)
    if not relation.columns and relation.query is not None:
        source = _view(binding, relation, alias, names, node)
    else:
        binding.base_reads.setdefault(name, set())
        scan = scan_of(binding, relation, alias, only=not node.inh, start=node.location)
        binding.placed.append(scan)
        source = Source(scan, [TableItem(scan, names)], start=node.location)
    if node.alias is None:
        source.items[0].schema = name.schema
    return source


def _missing(binding: Binding, node: Any, alias: str) -> Source:
    written = f"{node.schemaname}.{node.relname}" if node.schemaname else node.relname
    known_system = node.schemaname in ("pg_catalog", "information_schema") or (
        not node.schemaname and node.relname.startswith("pg_")
    )
    if known_system:
        binding.cannot(node.location, f"the system catalog `{written}`")
    else:
        help_text = relation_help(binding.catalog, node.schemaname, node.relname)
        binding.find("SQL002", node.location, f"relation `{written}` does not exist", help_text, len(written))
    return Source(One(), [Item(alias, [], is_open=True)], start=node.location)


def _view(binding: Binding, relation: Relation, alias: str, names: list[str], node: Any) -> Source:
    definition = binding.view_definition(relation.name)
    if definition is None or definition.query is None or not definition.sound:
        binding.cannot(node.location, f"the view `{qname(relation.name)}`, whose query could not be analysed")
        return Source(One(), [Item(alias, [], is_open=True)], start=node.location)
    if not binding.silent:
        for table, read in definition.base_reads.items():
            binding.base_reads.setdefault(table, set()).update(read)
        _repeat_remarks(binding, definition.remarks, relation.name, node.location)
    query = definition.query
    snapshot = relation.kind == "materialized_view"
    instance, columns = _instance(binding, query, definition.names, alias, node.location)
    instance = replace(instance, foreign=definition.attributes, snapshot=snapshot, view=relation.name)
    binding.placed.append(instance)
    for name, attribute in zip(definition.names, instance.attributes, strict=True):
        binding.origins[attribute] = (relation.name, name)
    item = Item(alias, _renamed(columns, names))
    item.row_type = str(relation.name)
    if query.volatile:
        binding.volatile_calls += 1
    return Source(instance, [item], start=node.location)


def _repeat_remarks(binding: Binding, remarks: Any, view: QName, start: int) -> None:
    """What a view depends on, its readers depend on."""
    for kind in ("session", "volatile", "time", "unstable"):
        for finding in getattr(remarks, kind)[:1]:
            text = f"the view `{qname(view)}`: {finding.message}"
            binding.remark(getattr(binding.remarks, kind), finding.code, start, text, finding.help)


def _cte(binding: Binding, cte: Cte, alias: str, names: list[str], node: Any, scope: Scope) -> Source:
    start = node.location
    if cte.recursive is not None:
        made = [binding.attribute(name, type_name, start, alias=alias) for name, type_name in cte.recursive]
        plan: Plan = RecursiveScan(tuple(made), alias, cte.number, start)
        columns: list[tuple[str, Expr]] = [(n, Ref(a, t)) for (n, t), a in zip(cte.recursive, made, strict=True)]
    elif cte.query is None:
        return Source(One(), [Item(alias, [], is_open=True)], start=start)
    else:
        plan, columns = _instance(binding, cte.query, cte.names, alias, start)
        binding.placed.append(plan)
        for attribute, level in cte.outer.items():
            note_outer(attribute, scope, level)
    is_open = cte.query is not None and not cte.query.complete
    return Source(plan, [Item(alias, _renamed(columns, names), is_open=is_open)], start=start)


def _instance(
    binding: Binding, query: Any, names: tuple[str, ...], alias: str, start: int
) -> tuple[Instance, list[tuple[str, Expr]]]:
    made: list[int] = []
    columns: list[tuple[str, Expr]] = []
    for name, output in zip(names, query.outputs, strict=True):
        type_name = _settled(output.type)
        attribute = binding.attribute(name, type_name, alias=alias)
        made.append(attribute)
        columns.append((name, Ref(attribute, type_name)))
    return Instance(query, tuple(made), alias, start), columns


def _renamed(columns: list[tuple[str, Expr]], names: list[str]) -> list[tuple[str, Expr]]:
    if not names:
        return columns
    renamed = [(name, value) for name, (_, value) in zip(names, columns, strict=False)]
    return renamed + columns[len(renamed) :]


# sub-queries and functions


def _lateral_level(scope: Scope, visible: list[Item]) -> Scope:
    """What a LATERAL item sees: the items before it, and what its query sees outside."""
    return Scope(scope.parent, scope.ctes, visible)


def _subselect(binding: Binding, node: Any, scope: Scope, visible: list[Item]) -> Source:
    level = _lateral_level(scope, visible if node.lateral else [])
    inner = level.child()
    query = binding.bind_query(binding, node.subquery, inner)
    scope.outer |= level.outer
    alias = node.alias.aliasname if node.alias else ""
    names = [n.sval for n in node.alias.colnames or ()] if node.alias else []
    columns: list[tuple[str, Expr]] = [(o.name, Ref(o.attribute, _settled(o.type))) for o in query.outputs]
    lateral = level in inner.outer.values()
    item = Item(alias, _renamed(columns, names), is_open=not query.complete)
    return Source(query.plan, [item], lateral, _first_place(query))


def _settled(type_name: str | None) -> str | None:
    """An untyped literal that leaves its query is text."""
    return "text" if type_name == "unknown" else type_name


def _first_place(query: Any) -> int:
    return query.outputs[0].start if query.outputs else -1


def _functions(binding: Binding, node: Any, scope: Scope, visible: list[Item]) -> Source:
    level = _lateral_level(scope, visible)
    inner = level.child()
    inner.clause = "FROM"
    inner.srf_allowed = True
    scan, item = bind_functions(binding, node, inner)
    scope.outer |= level.outer
    lateral = level in inner.outer.values()
    return Source(scan, [item], lateral, scan.start if isinstance(scan, FunctionScan) else -1)


# joins


def _join(binding: Binding, node: Any, scope: Scope, visible: list[Item]) -> Source:
    left = _source(binding, node.larg, scope, visible)
    right = _source(binding, node.rarg, scope, visible + left.items)
    _refuse_same_name(binding, left.items, right)
    form = _JOINS.get(node.jointype)
    if form is None:
        binding.cannot(right.start, "this kind of join")
        form = JoinForm.FULL
    level = Scope(scope.parent, scope.ctes, left.items + right.items, "ON")
    names = _using_names(node, left, right)
    conditions: list[Expr] = []
    merged: list[tuple[int, Expr, Expr]] = []
    columns: list[tuple[str, Expr]] = []
    for name in names:
        columns += _merge(binding, name, form, left, right, level, conditions, merged, node)
    conditions += conjuncts(binding, node.quals, level)
    scope.outer |= level.outer
    name = "/".join(dict.fromkeys(i.alias for i in right.items if i.alias and i.name_visible))
    if form is JoinForm.RIGHT:
        name = "/".join(dict.fromkeys(i.alias for i in left.items if i.alias and i.name_visible))
    end = binding.places.source_end(right.start)
    plan = Join(
        form, left.plan, right.plan, tuple(conditions), tuple(merged), right.lateral, (left.volatile, right.volatile),
        name, right.start, end,
    )  # fmt: skip
    items = _joined_items(binding, node, left, right, columns)
    return Source(plan, items, left.lateral, left.start)


def _using_names(node: Any, left: Source, right: Source) -> list[str]:
    if not node.isNatural:
        return [n.sval for n in node.usingClause or ()]
    there = {name for item in right.items if item.columns_visible for name in item.names()}
    return [n for item in left.items if item.columns_visible for n in item.names() if n in there]


def _merge(
    binding: Binding, name: str, form: JoinForm, left: Source, right: Source, level: Scope,
    conditions: list[Expr], merged: list[tuple[int, Expr, Expr]], node: Any,
) -> list[tuple[str, Expr]]:  # fmt: skip
    """One column of USING: its condition, and what the name stands for afterwards."""
    sides: list[Expr] = []
    for source, which in ((left, "left"), (right, "right")):
        visible = [i for i in source.items if i.columns_visible]
        found = [f for i in visible if (f := i.find(name, binding)) is not None]
        if not found:
            if not any(i.is_open for i in visible):
                text = f"column `{name}` of USING does not exist on the {which} side of the join"
                binding.find("SQL003", right.start, text)
            return []
        if len(found) > 1 or found[0] == AMBIGUOUS:
            binding.find(
                "SQL004", right.start, f"column `{name}` of USING is ambiguous on the {which} side of the join"
            )
            return []
        sides.append(found[0])
        note_use(found[0], level, level, binding)
    conditions.append(operator(binding, node, (ast.String(sval="="),), sides[0], sides[1]))
    common = binding.types.common([sides[0].type, sides[1].type])
    if form is JoinForm.FULL:
        attribute = binding.attribute(name, common)
        merged.append((attribute, sides[0], sides[1]))
        return [(name, Ref(attribute, common))]
    chosen = sides[1] if form is JoinForm.RIGHT else sides[0]
    if chosen.type != common:
        other = sides[1]
        if form is JoinForm.INNER and other.type == common:
            chosen = other
        elif common is not None:
            chosen = Op(Form.CAST, "", (chosen,), common)
    return [(name, chosen)]


def _joined_items(
    binding: Binding, node: Any, left: Source, right: Source, merged: list[tuple[str, Expr]]
) -> list[Item]:
    items = left.items + right.items
    if not merged and node.alias is None:
        return items
    names = {name for name, _ in merged}
    rest = [c for i in items if i.columns_visible for c in i.all(binding) if c[0] not in names]
    joined = Item("", merged + rest, is_open=any(i.is_open for i in items))
    joined.name_visible = False
    if node.alias is not None:
        joined.alias, joined.name_visible = node.alias.aliasname, True
        joined = _with_columns(joined, _renamed(joined.columns, [n.sval for n in node.alias.colnames or ()]))
        return [joined]
    for item in items:
        item.columns_visible = False
    made = [joined, *items]
    if node.join_using_alias is not None:
        alias = Item(node.join_using_alias.aliasname, merged)
        alias.columns_visible = False
        made.append(alias)
    return made


def _with_columns(item: Item, columns: list[tuple[str, Expr]]) -> Item:
    renamed = Item(item.alias, columns, is_open=item.is_open)
    renamed.name_visible = item.name_visible
    return renamed
