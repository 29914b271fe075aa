"""Policies with one thing wrong in each: what expectations must tell from the right ones."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pgspec.kinds import Project
from pgspec.pgsql import ast, enums, parse, printed, walk
from pgspec.policies import PUBLIC, Guarded, Policy
from pgspec.row_conditions import Condition
from pgspec.sql import Sql, commas, ident, qname

_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_AND, _OR = enums.BoolExprType.AND_EXPR, enums.BoolExprType.OR_EXPR


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change for the worse: what it is in words, the policy that it is made to, and the statements that make it."""

    what: str
    policy: Policy
    statements: tuple[Sql, ...]


def mutants(guarded: Guarded, project: Project) -> Iterator[Mutant]:
    """The mutants of a table's policies.  Some may decide exactly as the original does."""
    assert guarded.table is not None
    table = qname(guarded.table.name)
    read = commas(qname(name) for name in (guarded.table.name, guarded.face) if name is not None)
    for policy in guarded.policies:
        name = ident(policy.spec.name)
        alter = f"ALTER POLICY {name} ON {table}"
        yield Mutant("does not exist", policy, (Sql(f"DROP POLICY {name} ON {table}"),))
        for word, condition in (("USING", policy.using), ("WITH CHECK", policy.check)):
            for text in _worse(condition) if condition is not None else ():
                yield Mutant(f"{word} ({text})", policy, (Sql(f"{alter} {word} ({text})"),))
        if not policy.spec.restrictive and PUBLIC not in policy.roles:
            rights = commas(Sql(command.upper()) for command in policy.commands)
            roles = commas(ident(role) for role in project.roles.api)
            given = (Sql(f"GRANT {rights} ON {read} TO {roles}"),) if roles else ()
            yield Mutant("TO PUBLIC, with the rights", policy, (Sql(f"{alter} TO PUBLIC"), *given))


def _worse(condition: Condition) -> Iterator[str]:
    """The condition with one thing wrong."""
    statements, failure = parse(f"SELECT 1 WHERE ({condition.sql})")
    assert failure is None
    tree = statements[0].node.whereClause
    original = printed(tree)
    seen = {original}
    for text in ["true", *(printed(changed) for changed in _changed(tree)), *_for_strangers(tree, original)]:
        if text not in seen:
            seen.add(text)
            yield text


def _changed(tree: Any) -> Iterator[Any]:
    """Copies of the tree with one node changed: AND for OR, a part left out, a comparison turned round."""
    for number, node in enumerate(walk(tree)):
        if isinstance(node, ast.BoolExpr) and node.boolop in (_AND, _OR):
            yield _with(tree, number, "boolop", _OR if node.boolop == _AND else _AND)
            for position in range(len(node.args)):
                rest = tuple(arg for other, arg in enumerate(node.args) if other != position)
                yield _with(tree, number, "args", rest * 2 if len(rest) == 1 else rest)  # a AND a is a
        elif isinstance(node, ast.A_Expr) and node.kind == enums.A_Expr_Kind.AEXPR_OP and len(node.name) == 1:
            if opposite := _OPPOSITE.get(node.name[0].sval):
                yield _with(tree, number, "name", (ast.String(sval=opposite),))
        elif isinstance(node, ast.NullTest):
            kinds = enums.NullTestType
            turned = kinds.IS_NOT_NULL if node.nulltesttype == kinds.IS_NULL else kinds.IS_NULL
            yield _with(tree, number, "nulltesttype", turned)


def _with(tree: Any, number: int, name: str, value: Any) -> Any:
    """A copy of the tree in which one field of the node with this number is another."""
    changed = copy.deepcopy(tree)
    node = next(node for place, node in enumerate(walk(changed)) if place == number)
    setattr(node, name, copy.deepcopy(value))
    return changed


def _for_strangers(tree: Any, original: str) -> Iterator[str]:
    """The condition that holds for everybody whose request lacks a claim."""
    for node in walk(tree):
        if isinstance(node, ast.SubLink) and node.subLinkType == enums.SubLinkType.EXPR_SUBLINK:
            yield f"({original}) OR {printed(node)} IS NULL"


def survivors(found: Sequence[Mutant]) -> str:
    """What is reported of mutants that no expectation tells from the original."""
    return "; ".join(f"`{mutant.policy.spec.name}` {mutant.what}" for mutant in found)
