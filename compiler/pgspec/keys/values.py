"""Values: gives every expression an attribute, with what its form tells about NULLs and dependencies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pgspec.keys.algebra import (
    BINARY,
    Aggregate,
    Attribute,
    Const,
    Expr,
    Form,
    Grouping,
    Op,
    Ref,
    Subquery,
    SubqueryForm,
    WindowCall,
    is_volatile,
)
from pgspec.keys.equality import (
    cast_never_null,
    function_never_null,
    keeps_equality,
    one_to_one_operand,
    operator_never_null,
    passes_through,
)
from pgspec.keys.facts import Facts, Mask, mask_of, members
from pgspec.keys.plans import (
    Instance,
    Plan,
    Query,
    Scan,
)
from pgspec.keys.repeatable import repeatable
from pgspec.keys.typesystem import Types


@dataclass(frozen=True, slots=True)
class Environment:
    """What a plan sees outside: ``context`` are the row ids of enclosing rows, for which it is evaluated anew;
    ``not_null`` what is known of their attributes; ``rounds`` the NOT NULL columns of recursive CTEs so far."""

    context: Mask = 0
    not_null: Mask = 0
    rounds: tuple[tuple[int, frozenset[int]], ...] = ()


TOP = Environment()


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an attribute can be NULL: the expression that made it and what was NOT NULL then, or the outer join (its
    plan) or other plan node that adds NULLs.  For a column of a ``view`` that is said of ``attribute`` where the view
    was analysed, at ``home``."""

    expr: Expr | None = None
    not_null: Mask = 0
    plan: Plan | None = None
    before: Cause | None = None
    view: Instance | None = None
    home: Prover | None = None
    attribute: int = -1


@dataclass(frozen=True, slots=True)
class RowSource:
    """Which plan a row id tells the rows of, and, when it is a copy for a use of a named query, how the plan's
    attributes are numbered there and where a view is named that brought it."""

    plan: Plan
    numbers: tuple[dict[int, int], ...] = ()
    view: Instance | None = None

    def here(self, attribute: int) -> int:
        """The attribute that stands for one of the plan's."""
        for numbers in self.numbers:
            attribute = numbers.get(attribute, attribute)
        return attribute


@dataclass(slots=True)
class Prover:
    """The state of deriving facts about one query: attributes (with hidden ones after the visible), and for
    diagnostics which plan each row id stands for, why attributes can be NULL and how they are computed.  The other
    tables are notes on
    attributes: stored columns, series, window functions, array_agg, COALESCE of both sides of a FULL JOIN, and of which
    attributes another one (`deciders`) tells whether they are NULL."""

    attributes: list[Attribute]
    types: Types
    derive_query: Callable[[Prover, Query, Environment], Facts]
    sources: dict[int, RowSource] = field(default_factory=dict)
    causes: dict[int, Cause] = field(default_factory=dict)
    stored: dict[int, tuple[int, Scan, str]] = field(default_factory=dict)
    lossless: list[tuple[int, str]] = field(default_factory=list)
    named: dict[int, Facts] = field(default_factory=dict)
    series: dict[int, str] = field(default_factory=dict)
    windows: dict[int, WindowCall] = field(default_factory=dict)
    elements: dict[int, tuple[int, Mask, bool, bool]] = field(default_factory=dict)
    coalesced: dict[frozenset[int], int] = field(default_factory=dict)
    deciders: dict[int, int] = field(default_factory=dict)
    computed: dict[int, Op] = field(default_factory=dict)
    ties: list[WindowCall] = field(default_factory=list)
    branch_keys: dict[int, list[list[frozenset[int]]]] = field(default_factory=dict)

    def hidden(self, facts: Facts, name: str, type_name: str | None = None) -> int:
        """A new attribute of these facts that the query does not show."""
        self.attributes.append(Attribute(name, type_name))
        attribute = len(self.attributes) - 1
        facts.own |= 1 << attribute
        return attribute

    def row_id(self, facts: Facts, name: str, plan: Plan) -> int:
        """A new row id: what tells the rows of ``plan`` apart."""
        attribute = self.hidden(facts, name)
        facts.rows |= 1 << attribute
        facts.not_null |= 1 << attribute
        self.sources[attribute] = RowSource(plan)
        return attribute

    def type_of(self, attribute: int) -> str | None:
        """The type of an attribute's values; an untyped literal became text."""
        found = self.types.base(self.attributes[attribute].type)
        return "text" if found == "unknown" else found

    def exact(self, attributes: Iterable[int]) -> bool:
        """Whether equal values of these attributes are the same to every function."""
        return all(self.types.equal_image(self.type_of(a)) for a in attributes)


def define(prover: Prover, attribute: int, expr: Expr, facts: Facts, env: Environment) -> None:
    """The attribute has the value of the expression: an output column, a grouping expression."""
    value = number(prover, expr, facts, env)
    bit = 1 << attribute
    facts.own |= bit
    facts.add(facts.rows | env.context, bit)
    facts.equal(value, attribute)
    if isinstance(expr, Op):
        prover.computed[attribute] = expr
    if facts.not_null & (1 << value):
        facts.not_null |= bit
    elif value in prover.causes:
        prover.causes.setdefault(attribute, prover.causes[value])
    if facts.null & (1 << value):
        facts.null |= bit
    if value in facts.constants:
        facts.constants[attribute] = facts.constants[value]
    notes: tuple[dict[int, Any], ...] = (
        prover.series, prover.windows, prover.elements, prover.stored, prover.deciders,
    )  # fmt: skip
    for table in notes:
        if value in table:
            table.setdefault(attribute, table[value])


def number(prover: Prover, expr: Expr, facts: Facts, env: Environment) -> int:
    """The attribute for the value of an expression; equal expressions over the same row get the same one."""
    if type(expr) is Ref:
        return expr.attribute
    known = facts.numbers.get(expr)
    if known is not None:
        return known
    if type(expr) is Const:
        return _constant(prover, expr, facts)
    if isinstance(expr, Op):
        attribute = _operation(prover, expr, facts, env)
    elif isinstance(expr, Subquery):
        attribute = _subquery(prover, expr, facts, env)
    else:
        assert isinstance(expr, Aggregate | WindowCall | Grouping)
        attribute = prover.hidden(facts, "misplaced")
        facts.add(facts.rows | env.context, 1 << attribute)
    if not is_volatile(expr):
        facts.numbers[expr] = attribute
    return attribute


def _constant(prover: Prover, expr: Const, facts: Facts) -> int:
    attribute = prover.hidden(facts, "?column?", expr.type)
    facts.add(0, 1 << attribute)
    if expr.value is None:
        facts.null |= 1 << attribute
        prover.causes[attribute] = Cause(expr)
    else:
        facts.not_null |= 1 << attribute
        facts.constants[attribute] = expr
    facts.numbers[expr] = attribute
    return attribute


def _operation(prover: Prover, op: Op, facts: Facts, env: Environment) -> int:
    if op.form is Form.COALESCE:
        passed = _coalesce(prover, op, facts, env)
        if passed is not None:
            return passed
    inputs = {a: number(prover, a, facts, env) for a in op.arguments if type(a) is not Const}
    attribute = prover.hidden(facts, op.name, op.type)
    bit = 1 << attribute
    facts.add(facts.rows | env.context, bit)
    determinant = mask_of(inputs.values())
    if not is_volatile(op) and (keeps_equality(op, prover.types) or not inputs):
        facts.add(determinant, bit)
    operand = one_to_one_operand(op, prover.types)
    if operand is not None and operand in inputs:
        facts.add(bit, 1 << inputs[operand])
    elif op.form is Form.ROW:
        facts.add(bit, determinant)
    elif operand is None:
        _one_to_one_here(prover, op, attribute, inputs, facts, env)
    if never_null(op, inputs, facts.not_null | env.not_null):
        facts.not_null |= bit
    else:
        prover.causes[attribute] = Cause(op, facts.not_null | env.not_null)
        if never_null(op, inputs, determinant):
            facts.presence[determinant] = facts.presence.get(determinant, 0) | bit
            _same_decider(prover, op, attribute, list(inputs.values()))
    return attribute


def _same_decider(prover: Prover, op: Op, attribute: int, inputs: list[int]) -> None:
    """A strict operation on one value is NULL exactly where the value is."""
    strict = op.form is Form.CAST or (op.signature is not None and op.signature.strict)
    if strict and len(inputs) == 1 and inputs[0] in prover.deciders:
        prover.deciders[attribute] = prover.deciders[inputs[0]]


def never_null(op: Op, inputs: dict[Expr, int], known: Mask) -> bool:
    """Whether the operation gives no NULL, ``known`` being the attributes that are NOT NULL."""

    def present(expr: Expr) -> bool:
        return expr.value is not None if type(expr) is Const else bool(known >> inputs[expr] & 1)

    arguments = op.arguments
    if op.form in _ALWAYS_PRESENT:
        return True
    if op.form in (Form.COALESCE, Form.EXTREMUM):
        return any(map(present, arguments))
    if op.form is Form.CASE:
        return all(present(a) for a in (*arguments[1:-1:2], arguments[-1]))
    if op.form is Form.FUNCTION:
        return function_never_null(op, present=all(map(present, arguments)))
    if not all(map(present, arguments)):
        return False
    if op.form is Form.OPERATOR:
        return operator_never_null(op)
    if op.form is Form.CAST:
        return cast_never_null(arguments[0].type, op.type)
    if op.form in (Form.IN, Form.NOT_IN):
        return not any(a.type in (None, "record") for a in arguments)
    if op.form is Form.STATEMENT_TIME:
        return op.name != "current_schema"
    return op.form in (Form.AND, Form.OR, Form.NOT, Form.COLLATE)


_ALWAYS_PRESENT = frozenset({
    Form.IS_NULL, Form.IS_NOT_NULL, Form.IS_TRUTH, Form.DISTINCT_FROM, Form.NOT_DISTINCT_FROM, Form.ROW, Form.ARRAY,
})  # fmt: skip


def _coalesce(prover: Prover, op: Op, facts: Facts, env: Environment) -> int | None:
    """COALESCE over both sides of a FULL JOIN's equality is its merged column; over a NOT NULL first argument of the
    same type it is that argument."""
    first = op.arguments[0]
    if type(first) is Const:
        return None
    value = number(prover, first, facts, env)
    if prover.types.base(first.type) == prover.types.base(op.type) and (facts.not_null | env.not_null) >> value & 1:
        return value
    refs = frozenset(a.attribute for a in op.arguments if type(a) is Ref)
    merged = prover.coalesced.get(refs) if len(refs) == len(op.arguments) else None
    return merged if merged is not None and facts.own >> merged & 1 else None


def _one_to_one_here(
    prover: Prover, op: Op, attribute: int, inputs: dict[Expr, int], facts: Facts, env: Environment
) -> None:
    """Operations that are one-to-one because of what is known of their operand."""
    if op.form is Form.NULLIF:
        left, right = op.arguments
        if type(right) is Const and left in inputs and facts.not_null >> inputs[left] & 1:
            facts.add(1 << attribute, 1 << inputs[left])
    elif op.form in (Form.CAST, Form.FUNCTION) and op.arguments:
        value = inputs.get(op.arguments[-1])
        step = prover.series.get(value) if value is not None else None
        if value is not None and step is not None and _separates(op, step):
            facts.add(1 << attribute | env.context, 1 << value)
    elif op.form is Form.COALESCE:
        _coalesced(prover, op, attribute, inputs, facts)
    elif op.form is Form.ELEMENT and op.name == "1":
        _element(prover, op, attribute, inputs, facts)


def _coalesced(prover: Prover, op: Op, attribute: int, inputs: dict[Expr, int], facts: Facts) -> None:
    """COALESCE returns its first argument where that is not NULL; another attribute may tell where it is."""
    first = inputs.get(op.arguments[0])
    if first is None:
        return
    forth, back = passes_through(op.arguments[0], op.type, prover.types)
    if facts.not_null >> first & 1:
        if forth:
            facts.add(1 << first, 1 << attribute)
        if back:
            facts.add(1 << attribute, 1 << first)
    elif first in prover.deciders and back:
        facts.add(1 << attribute | 1 << prover.deciders[first], 1 << first)


_UNITS = ("second", "minute", "hour", "day", "week", "month", "year")


def _separates(op: Op, step: str) -> bool:
    """Whether truncating the values of a series with this step keeps them apart."""
    if op.form is Form.CAST:
        return not op.name and op.type == "date" and _UNITS.index(step) >= _UNITS.index("day")
    if op.name != "date_trunc" or len(op.arguments) != BINARY or type(op.arguments[0]) is not Const:
        return False
    unit = str(op.arguments[0].value).lower()
    return unit in _UNITS and unit != "week" and _UNITS.index(unit) <= _UNITS.index(step)


def _element(prover: Prover, op: Op, attribute: int, inputs: dict[Expr, int], facts: Facts) -> None:
    """``(array_agg(x))[1]`` is a value of x in the group."""
    array, index = op.arguments[0], op.arguments[-1]
    known = prover.elements.get(inputs.get(array, -1))
    if known is None or type(index) is not Const or index.value != 1 or index.type != "integer":
        return
    value, group, present, same = known
    facts.add(1 << attribute, group, lax=True)
    if same:
        facts.equal(attribute, value)
    if present:
        facts.not_null |= 1 << attribute


# sub-queries


def _subquery(prover: Prover, expr: Subquery, facts: Facts, env: Environment) -> int:
    inner_env = Environment(env.context | facts.rows, env.not_null | facts.not_null, env.rounds)
    inner = prover.derive_query(prover, expr.query, inner_env)
    attribute = prover.hidden(facts, "?column?", expr.type)
    bit = 1 << attribute
    facts.add(facts.rows | env.context, bit)
    inputs = mask_of(number(prover, t, facts, env) for t in expr.test) | mask_of(expr.outer)
    if not expr.volatile and repeatable(expr.query.plan, prover.exact, prover.types):
        if prover.exact(members(inputs)):
            facts.add(inputs, bit)
    elif not expr.volatile and not inputs:
        facts.add(0, bit)
    if _subquery_present(expr, inner):
        facts.not_null |= bit
    else:
        prover.causes[attribute] = Cause(expr, facts.not_null)
    return attribute


def _subquery_present(expr: Subquery, inner: Facts) -> bool:
    if expr.form in (SubqueryForm.EXISTS, SubqueryForm.ARRAY):
        return True
    if expr.form is SubqueryForm.SCALAR and expr.query.outputs:
        return inner.exactly_one and bool(inner.not_null >> expr.query.outputs[0].attribute & 1)
    return False
