"""One difference between two programs, and how SQL is compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pgspec.diagnostics import Span
from pgspec.pgsql import ast, enums, parse, printed
from pgspec.rules.grades import GRADES, Grade
from pgspec.source import Document


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A difference that somebody may notice.  ``span`` is in the work tree, or in the old commit when ``gone``;
    ``name`` is the spec that it concerns."""

    code: str
    span: Span
    message: str
    name: str
    gone: bool = False

    @property
    def grade(self) -> Grade:
        """How much it matters."""
        return GRADES[self.code]


def place(document: Document, *path: str | int) -> Span:
    """Where something is written, or as much of the way there as is; the first line when it is left to the default."""
    while path and not document.has(*path):
        path = path[:-1]
    return document.key(*path) if path else document.head()


def canonical(sql: str) -> str:
    """A statement in the spelling that all statements of the same tree share: without comments and line breaks."""
    statements, failure = parse(sql)
    assert failure is None, failure
    return "; ".join(printed(statement.node) for statement in statements)


def condition(sql: str | None) -> str:
    """The same for a condition; without one every row counts."""
    return "true" if sql is None else printed(_tree(sql))


def implies(narrow: str, wide: str) -> bool:
    """Whether ``wide`` holds wherever ``narrow`` does, as far as AND and OR at the top show it: both `canonical`."""
    if wide == "true" or narrow == "false":
        return True
    left, right = _tree(narrow), _tree(wide)
    ands, wanted = _parts(left, enums.BoolExprType.AND_EXPR), _parts(right, enums.BoolExprType.AND_EXPR)
    ors, allowed = _parts(left, enums.BoolExprType.OR_EXPR), _parts(right, enums.BoolExprType.OR_EXPR)
    return wanted <= ands or ors <= allowed


def _tree(sql: str) -> Any:
    statements, failure = parse(f"SELECT 1 WHERE ({sql}\n)")
    assert failure is None, failure
    return statements[0].node.whereClause


def _parts(tree: Any, operator: Any) -> set[str]:
    return set(_split(tree, operator))


def _split(tree: Any, operator: Any) -> Iterable[str]:
    if isinstance(tree, ast.BoolExpr) and tree.boolop == operator:
        for part in tree.args:
            yield from _split(part, operator)
    else:
        yield printed(tree)


def listed(items: Iterable[object], most: int = 4) -> str:
    """Names in backticks, the first few of them."""
    names = [f"`{item}`" for item in items]
    more = [f"{len(names) - most} more"] if len(names) > most else []
    return ", ".join([*names[:most], *more])
