"""The shape of a policy's condition: what is connected by AND, whom it asks, and which rows it seeks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgspec.catalog import Relation
from pgspec.kinds import Command
from pgspec.pgsql import ast, enums, parse, printed, walk
from pgspec.policies import PUBLIC, Guarded, Policy
from pgspec.program import Program
from pgspec.row_conditions import Condition

_HEAD = "SELECT 1 WHERE ("
_CALLS = (ast.FuncCall, ast.SQLValueFunction)


@dataclass(frozen=True, slots=True)
class Sought:
    """``column`` is compared with a value that is the same for all rows; ``start``: where in the condition."""

    column: str
    value: str
    start: int


def conjuncts(condition: Condition) -> list[Any]:
    """The trees that the condition connects by AND."""
    statements, _ = parse(f"{_HEAD}{condition.source.text}\n)")
    return list(_flat(statements[0].node.whereClause)) if statements else []


def _flat(node: Any) -> Iterator[Any]:
    if isinstance(node, ast.BoolExpr) and node.boolop == enums.BoolExprType.AND_EXPR:
        for part in node.args:
            yield from _flat(part)
    else:
        yield node


def asked_of_session(condition: Condition) -> set[str]:
    """The conjuncts that are about the caller alone, not about the row."""
    return {
        printed(part)
        for part in conjuncts(condition)
        if any(isinstance(n, _CALLS) for n in walk(part)) and not any(isinstance(n, ast.ColumnRef) for n in walk(part))
    }


def is_open(condition: Condition | None) -> bool:
    """Whether the condition is ``true``, or ``true`` by OR."""
    return condition is not None and all(map(_is_true, conjuncts(condition)))


def _is_true(node: Any) -> bool:
    if isinstance(node, ast.BoolExpr) and node.boolop == enums.BoolExprType.OR_EXPR:
        return any(map(_is_true, node.args))
    return isinstance(node, ast.A_Const) and isinstance(node.val, ast.Boolean) and bool(node.val.boolval)


def sought(condition: Condition, table: Relation) -> list[Sought]:
    """The columns that must equal a value of the session: an index that they lead finds the rows."""
    found = []
    for part in conjuncts(condition):
        if not isinstance(part, ast.A_Expr) or part.name[-1].sval != "=":
            continue
        if part.kind not in (enums.A_Expr_Kind.AEXPR_OP, enums.A_Expr_Kind.AEXPR_OP_ANY):
            continue
        for one, other in ((part.lexpr, part.rexpr), (part.rexpr, part.lexpr)):
            column = _column(one, table)
            if column is not None and any(isinstance(n, _CALLS) for n in walk(other)) and not _reads(other, table):
                found.append(Sought(column, printed(other), one.location - len(_HEAD)))
    return found


def _column(node: Any, table: Relation) -> str | None:
    """The column of the guarded row that a reference means."""
    if not isinstance(node, ast.ColumnRef) or not all(isinstance(field, ast.String) for field in node.fields):
        return None
    *qualifier, name = (field.sval for field in node.fields)
    return name if name in table.columns and qualifier[-1:] in ([], [table.name.name]) else None


def _reads(node: Any, table: Relation) -> bool:
    return any(_column(part, table) is not None for part in walk(node))


def for_command(guarded: Guarded, command: Command) -> list[Policy]:
    """The permissive policies for a command."""
    return [p for p in guarded.policies if command in p.commands and not p.spec.restrictive]


def api_roles(policy: Policy, program: Program) -> list[str]:
    """The roles of the API that a policy is for."""
    return [r for r in program.project.roles.api if PUBLIC in policy.roles or r in policy.roles]
