"""What holds for VALUES, UNION, INTERSECT, EXCEPT and recursive CTEs."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from itertools import product as choices

from pgspec.keys.algebra import BINARY, Const, Expr
from pgspec.keys.candidates import candidate_keys
from pgspec.keys.equality import literal_value
from pgspec.keys.facts import Facts, mask_of, members
from pgspec.keys.plans import Query, Recursive, RecursiveScan, SetForm, SetOperation, Values
from pgspec.keys.values import Cause, Environment, Prover, number

_MAX_COMBINATIONS = 32


def derive_values(prover: Prover, plan: Values, env: Environment) -> Facts:
    """Literal rows: keys are seen by looking at them."""
    facts = Facts()
    scratch = Facts()
    if len(plan.rows) > 1:
        prover.row_id(facts, "row of VALUES", plan)
    facts.exactly_one = len(plan.rows) == 1
    columns = list(zip(*plan.rows, strict=True))
    for attribute, column in zip(plan.attributes, columns, strict=True):
        values = [number(prover, v, scratch, env) for v in column]
        facts.own |= 1 << attribute
        if all((scratch.not_null | env.not_null) >> v & 1 for v in values):
            facts.not_null |= 1 << attribute
        else:
            prover.causes[attribute] = Cause(plan=plan)
        if len(plan.rows) == 1 and type(column[0]) is Const and column[0].value is not None:
            facts.constants[attribute] = Const(column[0].value, prover.type_of(attribute))
    facts.add(facts.rows | env.context, mask_of(plan.attributes))
    known = [_literals(prover, column) for column in columns]
    literal = [i for i, values in enumerate(known) if values]
    for size in (1, 2, 3):
        keys = [c for c in combinations(literal, size) if _all_different([known[i] for i in c])]
        for key in keys:
            facts.add(mask_of(plan.attributes[i] for i in key), facts.rows)
        if keys:
            break
    return facts


def _all_different(columns: list[list[str | int]]) -> bool:
    rows = list(zip(*columns, strict=True))
    return len(set(rows)) == len(rows)


def _literals(prover: Prover, column: Iterable[Expr]) -> list[str | int]:
    """What the literals of a column stand for; nothing when one is no literal or they differ in type."""
    constants = [v for v in column if type(v) is Const]
    known = [v for v in (literal_value(c, prover.types) for c in constants) if v is not None]
    return known if len(known) == len(tuple(column)) and len({c.type for c in constants}) == 1 else []


def derive_set_operation(prover: Prover, plan: SetOperation, env: Environment) -> Facts:
    """UNION: all columns, or a column that tells the branches apart with a key of each.  UNION ALL: only the latter.
    INTERSECT: what is a key of either side.  EXCEPT: what is a key of the left side."""
    branches = [prover.derive_query(prover, b, env) for b in plan.branches]
    facts = Facts()
    row = 1 << prover.row_id(facts, "row of a set operation", plan)
    shown = mask_of(plan.attributes)
    facts.own |= shown
    facts.fds[row | env.context, False] = shown
    for column, attribute in enumerate(plan.attributes):
        _column(prover, plan, env, branches, column, attribute, facts)
    if not plan.all:
        facts.add(shown | env.context, row)
    keys = [_key_positions(prover, b, f, env) for b, f in zip(plan.branches, branches, strict=True)]
    same = [_same_type(prover, plan, column) for column in range(len(plan.attributes))]
    if plan.form is SetForm.UNION:
        prover.branch_keys[row.bit_length() - 1] = keys
        telling = [c for c in range(len(plan.attributes)) if _tells_apart(prover, plan, branches, c)]
        _union_keys(plan, env, facts, row, keys, telling, same)
        return facts
    for positions in keys[0] + (keys[1] if plan.form is SetForm.INTERSECT else []):
        if all(same[p] for p in positions):
            facts.add(mask_of(plan.attributes[p] for p in positions) | env.context, row)
    return facts


def _column(
    prover: Prover,
    plan: SetOperation,
    env: Environment,
    branches: list[Facts],
    column: int,
    attribute: int,
    facts: Facts,
) -> None:
    values = [b.outputs[column].attribute for b in plan.branches]
    present = [(f.not_null | env.not_null) >> v & 1 for f, v in zip(branches, values, strict=True)]
    if plan.form is SetForm.UNION:
        holds = all(present)
    else:
        holds = any(present) if plan.form is SetForm.INTERSECT else bool(present[0])
    if holds and _casts_keep_null(prover, plan, column):
        facts.not_null |= 1 << attribute
    else:
        causes = [prover.causes[v] for v, p in zip(values, present, strict=True) if not p and v in prover.causes]
        prover.causes[attribute] = causes[0] if causes else Cause(plan=plan)
    if plan.form is not SetForm.UNION and _same_type(prover, plan, column) and values[0] in branches[0].constants:
        facts.constants[attribute] = branches[0].constants[values[0]]
        facts.add(0, 1 << attribute)


def _casts_keep_null(prover: Prover, plan: SetOperation, column: int) -> bool:
    return all(prover.type_of(b.outputs[column].attribute) is not None for b in plan.branches)


def _same_type(prover: Prover, plan: SetOperation, column: int) -> bool:
    """Whether no branch is cast, so that its keys are keys of the result."""
    result = prover.type_of(plan.attributes[column])
    types = {prover.type_of(b.outputs[column].attribute) for b in plan.branches if not _untyped(prover, b, column)}
    return result is not None and types <= {result}


def _untyped(prover: Prover, branch: Query, column: int) -> bool:
    return prover.attributes[branch.outputs[column].attribute].type == "unknown"


def _key_positions(prover: Prover, branch: Query, facts: Facts, env: Environment) -> list[frozenset[int]]:
    position: dict[int, int] = {}
    for i, output in enumerate(branch.outputs):
        position.setdefault(output.attribute, i)
    keys = candidate_keys(prover, facts, list(position), env.context, 4)
    return [frozenset(position[a] for a in members(key)) for key in keys]


def _tells_apart(prover: Prover, plan: SetOperation, branches: list[Facts], column: int) -> bool:
    """Whether the column has a different constant in each branch, or is NULL in the one and NOT NULL in the other."""
    values = [b.outputs[column].attribute for b in plan.branches]
    if len(values) == BINARY:
        (first, second), (a, b) = branches, values
        null_here = first.null >> a & 1 and second.not_null >> b & 1
        null_there = second.null >> b & 1 and first.not_null >> a & 1
        if null_here or null_there:
            return True
    result = prover.type_of(plan.attributes[column])
    known = [f.constants.get(v) for f, v in zip(branches, values, strict=True)]
    constants = [k for k in known if k is not None]
    types_fit = all(prover.types.base(k.type) in (result, "unknown") for k in constants)
    told = {literal_value(Const(k.value, result), prover.types) for k in constants}
    return types_fit and None not in told and len(told) == len(values) == len(constants)


def _union_keys(
    plan: SetOperation, env: Environment, facts: Facts, row: int, keys: list[list[frozenset[int]]], telling: list[int],
    same: list[bool],
) -> None:  # fmt: skip
    if not telling or not all(keys):
        return
    for tried, combination in enumerate(choices(*keys)):
        if tried == _MAX_COMBINATIONS:
            break
        positions = frozenset().union(*combination)
        if all(same[p] or p in telling for p in positions):
            for told in telling:
                facts.add(mask_of(plan.attributes[p] for p in positions | {told}) | env.context, row)


# recursion


def derive_recursive_scan(prover: Prover, plan: RecursiveScan, env: Environment) -> Facts:
    """The rows of the previous round: nothing but which columns are NOT NULL so far."""
    facts = Facts()
    row = prover.row_id(facts, f"row of {plan.name}", plan)
    shown = mask_of(plan.attributes)
    facts.own |= shown
    facts.fds[1 << row, False] = shown
    present = dict(env.rounds).get(plan.number, frozenset())
    for position, attribute in enumerate(plan.attributes):
        if position in present:
            facts.not_null |= 1 << attribute
        else:
            prover.causes[attribute] = Cause(plan=plan)
    return facts


def derive_recursive(prover: Prover, plan: Recursive, env: Environment) -> Facts:
    """All rounds together.  Which columns are NOT NULL is found by assuming those of the first term and dropping what
    the recursive term does not confirm, until nothing changes."""
    base = prover.derive_query(prover, plan.base, env)
    present = frozenset(i for i, o in enumerate(plan.base.outputs) if base.not_null >> o.attribute & 1)
    while True:
        step_env = Environment(env.context, env.not_null, (*env.rounds, (plan.number, present)))
        step = prover.derive_query(prover, plan.step, step_env)
        confirmed = frozenset(i for i in present if step.not_null >> plan.step.outputs[i].attribute & 1)
        if confirmed == present:
            break
        present = confirmed
    facts = Facts()
    row = 1 << prover.row_id(facts, f"row of {plan.name}", plan)
    shown = mask_of(plan.attributes)
    facts.own |= shown | mask_of(plan.extra)
    facts.fds[row | env.context, False] = facts.own & ~row
    for position, attribute in enumerate(plan.attributes):
        if position in present:
            facts.not_null |= 1 << attribute
        else:
            prover.causes[attribute] = Cause(plan=plan)
    if not plan.all:
        facts.add(shown | env.context, row)
    if not env.context and not plan.extra:
        for position in range(len(plan.attributes)):
            if _descends_tree(prover, plan, position, base, step):
                facts.add(1 << plan.attributes[position], row)
    return facts


def _descends_tree(prover: Prover, plan: Recursive, position: int, base: Facts, step: Facts) -> bool:
    """Whether the column is the id of rows of one table that are reached once each: the first term takes roots
    (``parent IS NULL``), the recursive one children of rows found (``child.parent = found.id``), and id is a key.
    Every row then has one parent, so there is one path to it; a cycle is not reached from a root."""
    first, later = plan.base.outputs[position].attribute, plan.step.outputs[position].attribute
    root, child = prover.stored.get(first), prover.stored.get(later)
    if root is None or child is None or root[1].relation.name != child[1].relation.name or root[2] != child[2]:
        return False
    relation = root[1].relation
    unique = any(k.columns == (root[2],) and k.where is None and not k.deferrable for k in relation.keys)
    if not unique or (relation.has_children and not (root[1].only and child[1].only)) or not base.is_key(1 << first):
        return False
    if not (base.not_null >> first & 1 and step.not_null >> later & 1):
        return False
    found_rows = [r for r in members(step.rows) if _is_own_scan(prover, r, plan)]
    if len(found_rows) != 1:
        return False
    scan = prover.sources[found_rows[0]].plan
    assert isinstance(scan, RecursiveScan)
    found_id = scan.attributes[position]
    for column, attribute in child[1].attributes.items():
        parent = root[1].attributes.get(column)
        if parent is None or not base.null >> parent & 1:
            continue
        parent_fixes = step.fds.get((1 << attribute, False), 0) >> found_id & 1
        if parent_fixes and step.rows & ~step.closure(1 << later | 1 << found_rows[0]) == 0:
            return True
    return False


def _is_own_scan(prover: Prover, row_id: int, plan: Recursive) -> bool:
    source = prover.sources.get(row_id)
    return source is not None and isinstance(source.plan, RecursiveScan) and source.plan.number == plan.number
