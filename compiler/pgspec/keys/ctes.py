"""Binding of WITH, also WITH RECURSIVE (parse_cte.c)."""

from __future__ import annotations

from typing import Any

from pgspec.keys.context import Binding
from pgspec.keys.nodes import is_a
from pgspec.keys.plans import Output, Query, Recursive
from pgspec.keys.scope import Cte, Scope
from pgspec.pgsql import ast, enums


def bind_with(binding: Binding, clause: Any, scope: Scope) -> None:
    """Bind WITH: its names are visible in ``scope`` from here on."""
    scope.ctes = dict(scope.ctes)
    if clause.recursive:
        _refuse_forward(binding, clause, scope)
    for cte in clause.ctes:
        query = cte.ctequery
        names = [n.sval for n in cte.aliascolnames or ()]
        if not is_a(query, ast.SelectStmt):
            message = f"a view cannot change data, as `{cte.ctename}` does"
            binding.find("SQL006", cte.location, message, "write a SELECT", len(cte.ctename))
            scope.ctes[cte.ctename] = Cte(None, ())
            continue
        inner = Scope(scope.parent, scope.ctes)
        if clause.recursive and query.op == enums.SetOperation.SETOP_UNION and _mentions(query.rarg, cte.ctename):
            bound, columns = _recursive(binding, cte, query, inner, names)
        else:
            bound = binding.bind_query(binding, query, inner)
            columns = _cte_names(binding, cte, bound, names)
        scope.ctes[cte.ctename] = Cte(bound, columns, outer=inner.outer)


def _refuse_forward(binding: Binding, clause: Any, scope: Scope) -> None:
    """WITH RECURSIVE lets a CTE read a later one; those we do not follow."""
    names = [cte.ctename for cte in clause.ctes]
    for position, cte in enumerate(clause.ctes):
        for later in names[position + 1 :]:
            if is_a(cte.ctequery, ast.SelectStmt) and _mentions(cte.ctequery, later):
                binding.cannot(cte.location, "a CTE that reads a later one")
                scope.ctes[later] = Cte(None, ())


def _cte_names(binding: Binding, cte: Any, bound: Query, names: list[str]) -> tuple[str, ...]:
    if len(names) > len(bound.outputs):
        text = f"`{cte.ctename}` has {len(bound.outputs)} columns, but {len(names)} names are given"
        binding.find("SQL005", cte.location, text, "", len(cte.ctename))
    return (*names[: len(bound.outputs)], *(o.name for o in bound.outputs[len(names) :]))


def _mentions(node: Any, name: str) -> bool:
    """Whether a relation of that name, without a schema, is read anywhere inside."""
    if isinstance(node, tuple):
        return any(_mentions(part, name) for part in node)
    if not is_a(node, ast.Node):
        return False
    if is_a(node, ast.RangeVar):
        return node.relname == name and not node.schemaname
    return any(_mentions(getattr(node, slot, None), name) for slot in node.__slots__)


def _recursive(binding: Binding, cte: Any, query: Any, scope: Scope, names: list[str]) -> tuple[Query, tuple[str, ...]]:
    binding.recursions += 1
    number = binding.recursions
    if query.withClause is not None:
        bind_with(binding, query.withClause, scope)
    base_scope = Scope(scope.parent, scope.ctes)
    base = binding.bind_query(binding, query.larg, base_scope)
    columns = _cte_names(binding, cte, base, names)
    types = ["text" if o.type == "unknown" else o.type for o in base.outputs]
    self_reference = Cte(None, columns, number, tuple(zip(columns, types, strict=True)))
    step_scope = Scope(scope.parent, {**scope.ctes, cte.ctename: self_reference})
    step = binding.bind_query(binding, query.rarg, step_scope)
    scope.outer |= base_scope.outer | step_scope.outer
    if len(step.outputs) != len(base.outputs):
        refuse_arity(binding, base, step)
        return base, columns
    made = tuple(binding.attribute(name, t, alias=cte.ctename) for name, t in zip(columns, types, strict=True))
    extra = _search_and_cycle(binding, cte)
    plan = Recursive(
        base, step, bool(query.all), made, tuple(a for _, a, _ in extra), cte.cycle_clause is not None, cte.ctename,
        number, cte.location,
    )  # fmt: skip
    outputs = [Output(n, a, t) for n, a, t in zip(columns, made, types, strict=True)]
    outputs += [Output(n, a, t) for n, a, t in extra]
    return Query(plan, tuple(outputs), frozenset(scope.outer), base.volatile or step.volatile), tuple(
        o.name for o in outputs
    )


def _search_and_cycle(binding: Binding, cte: Any) -> list[tuple[str, int, str | None]]:
    """The columns that SEARCH and CYCLE add."""
    added: list[tuple[str, str | None]] = []
    if cte.search_clause is not None:
        breadth = cte.search_clause.search_breadth_first
        added.append((cte.search_clause.search_seq_column, "record" if breadth else "record[]"))
    if cte.cycle_clause is not None:
        added.append((cte.cycle_clause.cycle_mark_column, _mark_type(cte.cycle_clause.cycle_mark_value)))
        added.append((cte.cycle_clause.cycle_path_column, "record[]"))
    return [(name, binding.attribute(name, type_name, alias=cte.ctename), type_name) for name, type_name in added]


def _mark_type(value: Any) -> str | None:
    """The type of CYCLE's mark, which is true or false unless it says TO ... DEFAULT ..."""
    return "boolean" if value is None or (is_a(value, ast.A_Const) and is_a(value.val, ast.Boolean)) else None


def refuse_arity(binding: Binding, first: Query, other: Query) -> None:
    """Note that the parts of a set operation differ in their number of columns."""
    if not (first.complete and other.complete):
        return
    start = other.outputs[0].start if other.outputs else 0
    text = f"this part of the set operation has {len(other.outputs)} columns, the first one has {len(first.outputs)}"
    binding.find("SQL005", start, text)
