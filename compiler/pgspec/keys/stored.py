"""Stored relations: what a scan of one promises besides its keys over plain columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgspec.catalog.model import Relation
from pgspec.keys.algebra import Expr
from pgspec.keys.context import Binding
from pgspec.keys.expressions import bind, conjuncts
from pgspec.keys.nodes import is_a
from pgspec.keys.plans import Scan, ScanKey
from pgspec.keys.scope import Scope, TableItem
from pgspec.pgsql import ast, enums


def scan_of(binding: Binding, relation: Relation, alias: str, *, only: bool, start: int) -> Scan:
    """The scan of a relation.  Predicates and expressions of its constraints are bound like those of a query that
    reads nothing else, but looking at them is not reading the columns."""
    not_null = binding.types.not_null.get(relation.name)
    if not_null is None:
        not_null = binding.types.not_null[relation.name] = frozenset(_not_null(relation))
    if relation.has_children and not only:  # a table that inherits may drop NOT NULL
        not_null = frozenset()
    scan = Scan(relation, {}, alias, only, start, not_null)
    special = [k for k in relation.keys if k.where is not None or not all(isinstance(c, str) for c in k.columns)]
    generated = [c for c in relation.columns.values() if c.generated is not None]
    if not special and not generated:
        return scan
    item = TableItem(scan, [])
    scope = Scope(None, {}, [item])
    binding.silent += 1
    keys = tuple(
        ScanKey(k, tuple(_element(binding, c, item, scope) for c in k.columns), conjuncts(binding, k.where, scope))
        for k in special
    )
    values = []
    for column in generated:
        value = bind(binding, column.generated, scope)
        target = item.find(column.name, binding)
        values.append((target.attribute, value))  # type: ignore[union-attr]
    binding.silent -= 1
    return Scan(relation, scan.attributes, alias, only, start, not_null, keys, tuple(values))


def _not_null(relation: Relation) -> Iterator[str]:
    """The columns that are NOT NULL: declared, of the primary key, or by a CHECK."""
    yield from (c.name for c in relation.columns.values() if c.not_null)
    yield from (c for key in relation.keys if key.primary for c in key.columns if isinstance(c, str))
    for check in relation.checks:
        yield from _checked_not_null(check)


def _element(binding: Binding, element: Any, item: TableItem, scope: Scope) -> Expr:
    if isinstance(element, str):
        found = item.find(element, binding)
        assert found is not None
        assert not isinstance(found, str)
        return found
    return bind(binding, element, scope)


def _checked_not_null(check: Any) -> Iterator[str]:
    """The columns that a CHECK constraint keeps from being NULL: ``c IS NOT NULL``, alone or beside AND."""
    if is_a(check, ast.BoolExpr) and check.boolop == enums.BoolExprType.AND_EXPR:
        for part in check.args:
            yield from _checked_not_null(part)
    elif (
        is_a(check, ast.NullTest)
        and check.nulltesttype == enums.NullTestType.IS_NOT_NULL
        and is_a(check.arg, ast.ColumnRef)
    ):
        yield check.arg.fields[-1].sval
