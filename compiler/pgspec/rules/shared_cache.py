"""INV: results of cached queries that one caller may see and another may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgspec.catalog import Relation
from pgspec.keys.algebra import Const, Expr, Form, Op, Subquery, operands
from pgspec.keys.conditions import Param, attributes_of, condition_of, flattened
from pgspec.keys.uses import Use, holds
from pgspec.policies import PUBLIC, Guarded, Policy
from pgspec.program import Program
from pgspec.row_conditions import Condition
from pgspec.rules.registry import Finding, rule
from pgspec.sql import QName, ident


@rule("INV012")
def shared_between_callers(program: Program) -> Iterator[Finding]:
    """
    A cached query reads rows that not every caller may see, and its key does not say whose they are.

    Why
    ---
    A cache knows tags and parameters, and no policies: what was cached for one caller is served to the next one.  What
    the policies decide by must be part of the key, as a parameter that the query compares with the column; or all rows
    that it reads must be such that a policy shows them to everybody.  The application must then fill the parameter from
    the session.  Of row security in the schema files only the names of the policies are known, so any parameter counts.
    Where nothing in the result is anybody's own, say so in `allow: {INV012: reason}`.

    Bad
    ---
    ```yaml
    kind: cached_query
    name: note_texts
    query: SELECT id, text FROM notes
    tags: [notes]
    ---
    kind: invalidation
    name: notes
    table: notes
    tags: [notes]
    ---
    kind: rls
    table: notes
    policies:
      - {name: org, command: select, to: [authenticated], using: "org_id = (SELECT pgspec.claim_uuid('org'))"}
    expect:
      select: {member: all, "*": none, anonymous: denied}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```

    Good
    ----
    ```yaml
    kind: cached_query
    name: note_texts
    query: SELECT id, text FROM notes WHERE org_id = :org
    tags: ["notes:{org}"]
    ---
    kind: invalidation
    name: notes
    table: notes
    tags: ["notes:{org_id}"]
    ---
    kind: rls
    table: notes
    policies:
      - {name: org, command: select, to: [authenticated], using: "org_id = (SELECT pgspec.claim_uuid('org'))"}
    expect:
      select: {member: all, "*": none, anonymous: denied}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```
    """
    guarded = {item.table.name: item for item in program.guarded if item.table is not None}
    for cached in (cached for cached in program.cached if cached.understood):
        seen: set[QName] = set()
        for use in cached.uses:
            relation = program.catalog.relations.get(use.relation)
            if relation is None or not relation.row_security or use.relation in seen:
                continue
            decided = _decided(relation, use, guarded, program)
            if decided is None:
                continue
            seen.add(use.relation)
            columns, asks = decided
            by = " and ".join(f"`{column}`" for column in columns) or "who asks"
            compare = ""
            if asks:
                what = f"shows one caller's rows of `{use.relation}` to others: its policies decide by {by}"
                message = f"a cached `{cached.spec.name}` {what}, and the key does not"
                compare = f"compare it with a parameter, `{ident(columns[0])} = :{columns[0]}`, or " if columns else ""
            else:
                what = f"may hold rows of `{use.relation}` that its policies keep from some: they decide by {by}"
                message = f"a cached `{cached.spec.name}` {what}, and the query does not"
                compare = "give the query the condition of the policy, or "
            help_ = f"{compare}say in `allow: {{INV012: ...}}` why everybody may see the result"
            yield Finding(cached.source.span(use.start, use.start + len(use.relation.name)), message, help_, cached)


def _decided(
    relation: Relation, use: Use, guarded: Mapping[QName, Guarded], program: Program
) -> tuple[tuple[str, ...], bool] | None:
    """The columns by which the policies decide about the rows of a use, and whether they ask who the caller is; None
    when every caller with the same parameters sees all of these rows, or the same of them."""
    item = guarded.get(relation.name)
    if item is None:
        return None if any(map(_is_key, use.equal.values())) else ((), True)
    if not item.understood:
        return None
    readable = [p for p in item.policies if "select" in p.commands]
    ways = [way for p in readable if not p.spec.restrictive for way in _ways(p)]
    keyed = any(_is_keyed(*way, use) for way in ways)
    readers = {role for role, rights in item.grants(program.project).items() if "SELECT" in rights}
    for role in sorted(readers & set(program.project.roles.api)):
        asked = [p for p in readable if {role, PUBLIC} & {*p.roles}]
        opening = [way for p in asked if not p.spec.restrictive for way in _ways(p)]
        if not keyed and not any(_is_open(*way, use) for way in opening):
            return _columns(opening, use)
        for narrowing in (_ways(p) for p in asked if p.spec.restrictive):
            if not any(_is_open(*way, use) or _is_keyed(*way, use) for way in narrowing):
                return _columns(narrowing, use)
    return None


_Way = tuple[Condition, tuple[Expr, ...]]


def _ways(policy: Policy) -> list[_Way]:
    """The ways in which a policy lets a row pass: the conjuncts of each alternative."""
    using = policy.using
    if using is None or using.expr is None:
        return [(using, ())] if using is not None else []
    alternatives = using.expr.arguments if isinstance(using.expr, Op) and using.expr.form is Form.OR else (using.expr,)
    return [(using, tuple(flattened([alternative]))) for alternative in alternatives]


def _is_open(condition: Condition, conjuncts: tuple[Expr, ...], use: Use) -> bool:
    """Whether a way lets every row pass that is read, whoever asks."""
    return bool(conjuncts) and all(_holds(conjunct, condition, use) for conjunct in conjuncts)


def _is_keyed(condition: Condition, conjuncts: tuple[Expr, ...], use: Use) -> bool:
    """Whether what a way asks of the caller are parameters of the query."""
    asking = [conjunct for conjunct in conjuncts if _asks(conjunct)]
    return bool(asking) and all(_is_in_key(conjunct, condition, use) for conjunct in asking)


def _holds(conjunct: Expr, condition: Condition, use: Use) -> bool:
    if isinstance(conjunct, Const):
        return conjunct.value is True
    if _asks(conjunct):
        return False
    return holds(condition_of(conjunct, condition.attributes, condition.analysis.proof.binding.types), use)


def _asks(expr: Expr) -> bool:
    """Whether an expression depends on more than the row: a sub-query, or a function that may give each caller
    something else."""
    if isinstance(expr, Subquery) or (isinstance(expr, Op) and _is_of_the_session(expr)):
        return True
    return any(map(_asks, operands(expr)))


def _is_of_the_session(op: Op) -> bool:
    if op.form in (Form.OTHER, Form.STATEMENT_TIME):  # CURRENT_USER and its like
        return True
    called = op.form is Form.FUNCTION
    return called and (op.signature is None or op.signature.volatility != "immutable")


def _is_in_key(conjunct: Expr, condition: Condition, use: Use) -> bool:
    columns = _read(conjunct, condition)
    return bool(columns) and all(_is_key(use.equal.get(column, frozenset())) for column in columns)


def _read(conjunct: Expr, condition: Condition) -> frozenset[str]:
    """The columns of the row that a conjunct compares; those of the whole condition when a sub-query reads them."""
    own = {condition.attributes[a] for a in attributes_of(conjunct) if a in condition.attributes}
    return frozenset(own) or condition.columns


def _is_key(values: object) -> bool:
    return isinstance(values, frozenset) and any(isinstance(value, Param) for value in values)


def _columns(ways: list[_Way], use: Use) -> tuple[tuple[str, ...], bool]:
    """The columns that would have to be in the key, for the first way that has any; otherwise those that the query
    would have to ask for."""
    asked = [(condition, c) for condition, conjuncts in ways for c in conjuncts if _asks(c)]
    for condition, conjunct in asked:
        read = _read(conjunct, condition)
        if missing := sorted(column for column in read if not _is_key(use.equal.get(column))):
            return tuple(missing), True
    plain = {column for condition, conjuncts in ways for c in conjuncts for column in _read(c, condition)}
    return ((), True) if asked else (tuple(sorted(plain)), False)
