"""What holds for pairs of rows: inner and outer joins."""

from __future__ import annotations

from collections.abc import Callable

from pgspec.keys.algebra import Expr, Form, Op, Ref, Subquery, is_volatile, operands
from pgspec.keys.equality import determines
from pgspec.keys.facts import Facts, Mask, mask_of, members, null_extended, product
from pgspec.keys.plans import Join, JoinForm, Plan, Scan
from pgspec.keys.predicates import assume, use_partial_keys
from pgspec.keys.values import Cause, Environment, Prover

Derive = Callable[[Prover, Plan, Environment], Facts]


def derive_join(prover: Prover, plan: Join, env: Environment, derive: Derive) -> Facts:
    """What holds for the rows of a join."""
    left, right, readings = _sides(prover, plan, env, derive)
    inner = product(left, right)
    for rows, reading in readings:
        inner.add(rows, reading)
    assume(prover, plan.conditions, inner, env)
    use_partial_keys(prover, inner, env)
    if plan.form is JoinForm.INNER:
        if plan.conditions:
            inner.exactly_one = False
        return inner
    if plan.form is JoinForm.FULL:
        facts = _full(prover, plan, env, left, right, inner)
    elif plan.form is JoinForm.LEFT:
        facts = _outer(prover, plan, env, left, right, inner)
    else:
        facts = _outer(prover, plan, env, right, left, inner)
    for rows, reading in readings:
        facts.add(rows, reading)
    return facts


def _sides(
    prover: Prover, plan: Join, env: Environment, derive: Derive
) -> tuple[Facts, Facts, list[tuple[Mask, Mask]]]:
    """Facts of both sides.  A side that may give other rows each time it is read is, like a LATERAL one, evaluated in
    the context of the other side's row; since that row may not be known yet, ``readings`` stands for it."""
    readings: list[tuple[Mask, Mask]] = []
    left_volatile, right_volatile = plan.volatile
    left_env = env
    left_reading = 0
    if left_volatile:
        left_reading = 1 << prover.hidden(Facts(), "reading")
        left_env = Environment(env.context | left_reading, env.not_null, env.rounds)
    left = derive(prover, plan.left, left_env)
    right_env = env
    if plan.lateral or right_volatile:
        known = left.not_null if plan.lateral else 0
        right_env = Environment(env.context | left.rows, env.not_null | known, env.rounds)
    right = derive(prover, plan.right, right_env)
    if left_reading:
        readings.append((right.rows | env.context, left_reading))
    return left, right, readings


def _outer(prover: Prover, plan: Join, env: Environment, kept: Facts, side: Facts, inner: Facts) -> Facts:
    """LEFT and RIGHT JOIN: every row of ``kept``, with its partners of ``side`` or with NULLs."""
    if _always_matches(prover, plan, kept, side):
        prover.lossless.append((plan.start, plan.name))
        return inner
    matched = prover.hidden(Facts(), "matched", "boolean")
    extended = null_extended(side, inner, matched)
    _note_nulls(prover, plan, side, matched)
    facts = product(kept, extended)
    facts.numbers = dict(kept.numbers)
    facts.conditions = kept.conditions
    facts.exactly_one = False
    flag = 1 << matched
    rows = kept.rows | env.context
    facts.add(rows, flag)
    if side.rows & ~inner.closure(rows) == 0:
        facts.add(rows, side.rows | flag)
    _by_condition(prover, plan, env, facts, side, inner, flag)
    _equated(prover, plan, facts, side, flag, env)
    return facts


def _note_nulls(prover: Prover, plan: Join, side: Facts, matched: int) -> None:
    for attribute in members(side.not_null & side.own):
        prover.causes[attribute] = Cause(plan=plan)
        prover.deciders[attribute] = matched
    for attribute in members(side.own & ~side.not_null):
        prover.causes[attribute] = Cause(plan=plan, before=prover.causes.get(attribute))


def _by_condition(
    prover: Prover, plan: Join, env: Environment, facts: Facts, side: Facts, inner: Facts, flag: Mask
) -> None:
    """Whether a row finds partners depends only on the columns that the condition reads, if ``side`` does not depend
    on the row, and equal values look the same to the condition."""
    if env.context or plan.lateral or any(plan.volatile) or any(map(is_volatile, plan.conditions)):
        return
    read = 0
    for condition in plan.conditions:
        columns = _columns(condition)
        if columns is None:
            return
        read |= columns
    read &= ~side.own
    if not all(prover.types.equal_image(prover.type_of(a)) for a in members(read)):
        return
    facts.add(read, flag)
    if side.rows & ~inner.closure(read) == 0:
        facts.add(read, side.rows | flag)


def _columns(expr: Expr) -> Mask | None:
    """The attributes that an expression reads; None when a sub-query makes that unclear."""
    if type(expr) is Ref:
        return 1 << expr.attribute
    if isinstance(expr, Subquery):
        return None
    mask = 0
    for part in operands(expr):
        inside = _columns(part)
        if inside is None:
            return None
        mask |= inside
    return mask


def _equations(conditions: tuple[Expr, ...]) -> tuple[list[tuple[Expr, Expr]], int]:
    """The equalities among the conditions, and how many other conditions there are."""
    pairs: list[tuple[Expr, Expr]] = []
    others = 0
    for condition in conditions:
        if not isinstance(condition, Op):
            others += 1
        elif condition.form is Form.AND:
            inner, more = _equations(condition.arguments)
            pairs += inner
            others += more
        elif condition.form is Form.OPERATOR and condition.name == "=" and condition.signature is not None:
            left, right = condition.arguments
            pairs.append((left, right))
        else:
            others += 1
    return pairs, others


def _equated(prover: Prover, plan: Join, facts: Facts, side: Facts, flag: Mask, env: Environment) -> None:
    """kept.a = side.b holds for matched rows: (a, matched) -> b, and b -> a where b is not NULL."""
    for left, right in _equations(plan.conditions)[0]:
        if type(left) is not Ref or type(right) is not Ref:
            continue
        a, b = left.attribute, right.attribute
        if side.own >> a & 1:
            a, b = b, a
        if side.own >> a & 1 or not side.own >> b & 1:
            continue
        if determines(prover.type_of(a), prover.type_of(b), prover.types):
            facts.add(1 << a | flag, 1 << b)
        if determines(prover.type_of(b), prover.type_of(a), prover.types):
            facts.add(1 << b, 1 << a, lax=True)


def _always_matches(prover: Prover, plan: Join, kept: Facts, side: Facts) -> bool:
    """An outer join on exactly a validated FOREIGN KEY of NOT NULL columns into a bare table finds a partner for
    every row, so it is an inner join.  Row-level security may hide the partner."""
    table = plan.right if plan.form is JoinForm.LEFT else plan.left
    pairs, others = _equations(plan.conditions)
    if others or not pairs or not isinstance(table, Scan):
        return False
    referenced: dict[str, str] = {}
    owners: set[int] = set()
    source: Scan | None = None
    for left, right in pairs:
        if type(left) is not Ref or type(right) is not Ref:
            return False
        a, b = left.attribute, right.attribute
        if side.own >> a & 1:
            a, b = b, a
        here, there = prover.stored.get(a), prover.stored.get(b)
        if (
            here is None
            or there is None
            or not side.own >> b & 1
            or not kept.own >> a & 1
            or not kept.not_null >> a & 1
        ):
            return False
        owners.add(here[0])
        source = here[1]
        referenced[there[2]] = here[2]
    if len(owners) != 1 or source is None or len(referenced) != len(pairs):
        return False
    return _foreign_key(source, table, referenced)


def _foreign_key(source: Scan, table: Scan, referenced: dict[str, str]) -> bool:
    if table.relation.row_security or (table.only and table.relation.kind == "partitioned_table"):
        return False
    relation = source.relation
    if relation.kind not in ("table", "partitioned_table") or (relation.has_children and not source.only):
        return False
    for key in relation.foreign_keys:
        if not key.validated or key.deferrable or key.references != table.relation.name:
            continue
        targets = key.ref_columns
        if not targets:
            targets = next(
                (tuple(c for c in k.columns if isinstance(c, str)) for k in table.relation.keys if k.primary), ()
            )
        pairs = dict(zip(targets, key.columns, strict=False))
        if len(targets) == len(key.columns) and pairs == referenced:
            return True
    return False


# FULL JOIN


def _full(prover: Prover, plan: Join, env: Environment, left: Facts, right: Facts, inner: Facts) -> Facts:
    pairs, others = _equations(plan.conditions)
    sides = [_oriented(left, right, a, b) for a, b in pairs]
    clean = bool(sides) and all(s is not None for s in sides)
    both = [s for s in sides if s is not None]
    left_keys, right_keys = mask_of(a for a, _ in both), mask_of(b for _, b in both)
    present = left_keys & ~left.not_null == 0 and right_keys & ~right.not_null == 0
    one_each = left.is_key(left_keys | env.context) and right.is_key(right_keys | env.context)
    at_most_right = right.rows & ~inner.closure(left.rows | env.context) == 0
    at_most_left = left.rows & ~inner.closure(right.rows | env.context) == 0
    nullable = {a: bool(left.not_null >> a & 1) and bool(right.not_null >> b & 1) for a, b in both}
    m1, m2 = prover.hidden(Facts(), "matched", "boolean"), prover.hidden(Facts(), "matched", "boolean")
    _note_nulls(prover, plan, left, m1)
    _note_nulls(prover, plan, right, m2)
    facts = product(null_extended(left, left, m1), null_extended(right, right, m2))
    facts.rows |= 1 << m1 | 1 << m2
    facts.exactly_one = False
    if at_most_right:
        facts.add(left.rows | 1 << m1 | env.context, right.rows | 1 << m2, lax=True)
    if at_most_left:
        facts.add(right.rows | 1 << m2 | env.context, left.rows | 1 << m1, lax=True)
    merged = _merged(prover, plan, env, facts, both, nullable)
    same_types = all(prover.type_of(a) == prover.type_of(b) for a, b in both)
    if clean and not others and merged and present and one_each and same_types:
        facts.add(mask_of(merged) | env.context, facts.rows)
    return facts


def _oriented(left: Facts, right: Facts, a: Expr, b: Expr) -> tuple[int, int] | None:
    if type(a) is not Ref or type(b) is not Ref:
        return None
    if left.own >> b.attribute & 1 and right.own >> a.attribute & 1:
        a, b = b, a
    if left.own >> a.attribute & 1 and right.own >> b.attribute & 1:
        return a.attribute, b.attribute
    return None


def _merged(
    prover: Prover, plan: Join, env: Environment, facts: Facts, both: list[tuple[int, int]], present: dict[int, bool]
) -> list[int]:
    """The attributes coalesce(left, right) of the equated columns: those of USING, or hidden ones that an explicit
    COALESCE finds."""
    shown = {
        (a.attribute, b.attribute): attribute for attribute, a, b in plan.merged if type(a) is Ref and type(b) is Ref
    }
    for attribute, _, _ in plan.merged:
        facts.own |= 1 << attribute
        facts.add(facts.rows | env.context, 1 << attribute)
        prover.causes[attribute] = Cause(plan=plan)
    made: list[int] = []
    for a, b in both:
        attribute = shown.get((a, b), -1)
        if attribute < 0:
            common = prover.types.common([prover.type_of(a), prover.type_of(b)])
            attribute = prover.hidden(facts, prover.attributes[a].name, common)
            facts.add(facts.rows | env.context, 1 << attribute)
            prover.causes[attribute] = Cause(plan=plan)
        if present[a]:
            facts.not_null |= 1 << attribute
        prover.coalesced[frozenset((a, b))] = attribute
        made.append(attribute)
    return made
