"""The relational algebra that queries are bound to: every name resolved, every value an integer attribute.

An attribute is one value that a row can hold; attributes are numbered across a whole query, so a plan node only says
which of them it makes.  The nodes know nothing of keys: what can be derived from them lives in other modules.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from pgspec.catalog.model import Key, Relation
from pgspec.keys.builtins import Signature

NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Attribute:
    """What is known of an attribute when the query is bound.  ``relation`` and ``column`` say which stored column it
    is; ``alias`` is the name of its FROM item."""

    name: str
    type: str | None
    start: int = NOWHERE
    alias: str = ""
    not_null: bool = False


# expressions


class Form(enum.Enum):
    """The forms that an operation takes in the grammar."""

    FUNCTION = enum.auto()
    OPERATOR = enum.auto()
    CAST = enum.auto()
    AND = enum.auto()
    OR = enum.auto()
    NOT = enum.auto()
    IS_NULL = enum.auto()
    IS_NOT_NULL = enum.auto()
    IS_TRUTH = enum.auto()
    DISTINCT_FROM = enum.auto()
    NOT_DISTINCT_FROM = enum.auto()
    CASE = enum.auto()
    COALESCE = enum.auto()
    EXTREMUM = enum.auto()
    NULLIF = enum.auto()
    IN = enum.auto()
    NOT_IN = enum.auto()
    ANY = enum.auto()
    ALL = enum.auto()
    ROW = enum.auto()
    ARRAY = enum.auto()
    ELEMENT = enum.auto()
    FIELD = enum.auto()
    COLLATE = enum.auto()
    STATEMENT_TIME = enum.auto()
    OTHER = enum.auto()


@dataclass(frozen=True, slots=True)
class Ref:
    """The value of an attribute."""

    attribute: int
    type: str | None
    start: int = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Const:
    """A literal; None is NULL."""

    value: str | int | bool | None
    type: str | None
    start: int = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Op:
    """An operation on values of the same row.  ``name`` tells operations of one form apart: the function, the
    operator, the modifier of a cast.  ``volatile``: two evaluations may differ within one statement."""

    form: Form
    name: str
    arguments: tuple[Expr, ...]
    type: str | None
    signature: Signature | None = None
    volatile: bool = False
    start: int = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate call; it is replaced by a reference to the attribute that its Group makes."""

    name: str
    arguments: tuple[Expr, ...]
    order: tuple[Expr, ...]
    condition: Expr | None
    distinct: bool
    within_group: bool
    type: str | None
    volatile: bool = False
    start: int = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class WindowCall:
    """A window function call; it is replaced by a reference to the attribute that its Window makes."""

    name: str
    arguments: tuple[Expr, ...]
    partition: tuple[Expr, ...]
    order: tuple[Expr, ...]
    condition: Expr | None
    default_frame: bool
    type: str | None
    frame: tuple[Any, ...] = ()
    start: int = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Grouping:
    """GROUPING(...)."""

    arguments: tuple[Expr, ...]
    type: str = "integer"
    start: int = field(default=NOWHERE, compare=False)


class SubqueryForm(enum.Enum):
    """What a sub-query in an expression is asked for."""

    EXISTS = enum.auto()
    ANY = enum.auto()
    ALL = enum.auto()
    SCALAR = enum.auto()
    ARRAY = enum.auto()


class Written:
    """A tree at a query level: equal to the same tree, wherever it is written, at the same level."""

    __slots__ = ("level", "tree")

    def __init__(self, tree: object, level: object) -> None:
        self.tree = tree
        self.level = level

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Written) and self.level is other.level and bool(self.tree == other.tree)

    def __hash__(self) -> int:
        return id(self.level)


@dataclass(frozen=True, slots=True)
class Subquery:
    """A sub-query in an expression.  ``outer`` are the attributes of the enclosing queries that it reads; ``test`` the
    operands before IN, ANY or ALL."""

    form: SubqueryForm
    written: Written
    query: Query = field(compare=False)
    test: tuple[Expr, ...]
    operator: str
    outer: frozenset[int]
    type: str | None
    volatile: bool
    start: int = field(default=NOWHERE, compare=False)


Expr = Ref | Const | Op | Aggregate | WindowCall | Grouping | Subquery


def operands(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside, of the same query level."""
    if isinstance(expr, Op | Grouping):
        return expr.arguments
    if isinstance(expr, Aggregate):
        return (*expr.arguments, *expr.order, *((expr.condition,) if expr.condition else ()))
    if isinstance(expr, WindowCall):
        last = (expr.condition,) if expr.condition else ()
        return (*expr.arguments, *expr.partition, *expr.order, *last)
    return expr.test if isinstance(expr, Subquery) else ()


def is_volatile(expr: Expr) -> bool:
    """Whether evaluating the expression twice may give two values."""
    if isinstance(expr, Op | Aggregate | Subquery) and expr.volatile:
        return True
    return any(map(is_volatile, operands(expr)))


# plans


@dataclass(frozen=True, slots=True, eq=False)
class One:
    """One row without columns: a SELECT without FROM."""


@dataclass(frozen=True, slots=True, eq=False)
class ScanKey:
    """A key over expressions, or a partial one: what its elements and the conjuncts of its predicate mean in a scan."""

    key: Key
    columns: tuple[Expr, ...]
    where: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """The rows of a table or materialized view.  ``attributes`` holds the columns that the query mentions, by name.
    ``generated`` are the stored expressions of generated columns."""

    relation: Relation
    attributes: dict[str, int]
    alias: str
    only: bool
    start: int
    not_null: frozenset[str]
    keys: tuple[ScanKey, ...] = ()
    generated: tuple[tuple[int, Expr], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One use of a query that has a name: a view or a CTE.  ``attributes`` stand for the outputs of ``definition``.
    ``foreign`` are the attributes that a view's definition numbers its own way; None for a CTE.  ``snapshot``: its
    rows were stored earlier, so they may not fit the tables of today."""

    definition: Query
    attributes: tuple[int, ...]
    alias: str
    start: int
    foreign: list[Attribute] | None = None
    snapshot: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """VALUES lists."""

    rows: tuple[tuple[Expr, ...], ...]
    attributes: tuple[int, ...]
    start: int


@dataclass(frozen=True, slots=True, eq=False)
class FunctionItem:
    """One function of a FROM item and the attributes of its columns.  ``call`` is None when nothing is known of it."""

    call: Expr
    attributes: tuple[int, ...]
    returns_set: bool


@dataclass(frozen=True, slots=True, eq=False)
class FunctionScan:
    """The rows that functions return, side by side when there are several."""

    items: tuple[FunctionItem, ...]
    ordinality: int | None
    alias: str
    start: int


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """The rows for which every condition is true."""

    input: Plan
    conditions: tuple[Expr, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Extend:
    """The same rows with computed attributes."""

    input: Plan
    values: tuple[tuple[int, Expr], ...]


class JoinForm(enum.Enum):
    """The joins that can be written; semi and anti joins are conditions with a `Subquery`."""

    INNER = enum.auto()
    LEFT = enum.auto()
    RIGHT = enum.auto()
    FULL = enum.auto()


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """Pairs of rows.  ``merged`` are the columns of a FULL JOIN's USING: the output attribute and both sides'
    expressions, which ``conditions`` already equate.  ``lateral``: the right side reads the left one.  ``volatile``:
    that the left and the right side may give other rows each time they are read.  ``name`` is the null-extended side."""

    form: JoinForm
    left: Plan
    right: Plan
    conditions: tuple[Expr, ...]
    merged: tuple[tuple[int, Expr, Expr], ...]
    lateral: bool
    volatile: tuple[bool, bool]
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """One row per group.  ``sets`` are the grouping sets as positions in ``keys`` (a single one for a plain GROUP BY,
    a single empty one for aggregates without it).  With several sets, ``outputs`` are the nullable attributes that
    stand for the keys afterwards, and ``flags`` what GROUPING tells of each; else ``outputs`` are the keys."""

    input: Plan
    keys: tuple[int, ...]
    sets: tuple[tuple[int, ...], ...]
    outputs: tuple[int, ...]
    flags: tuple[int, ...]
    aggregates: tuple[tuple[int, Aggregate], ...]
    groupings: tuple[tuple[int, tuple[int, ...]], ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The same rows with the values of window functions."""

    input: Plan
    calls: tuple[tuple[int, WindowCall], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Expand:
    """Set-returning functions in a SELECT list: each row as often as the longest of them returns."""

    input: Plan
    values: tuple[tuple[int, Op], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """One row per combination of the attributes.  ``on``: DISTINCT ON, which keeps the other attributes of one row."""

    input: Plan
    attributes: tuple[int, ...]
    on: bool
    start: int


class SetForm(enum.Enum):
    """Set operations."""

    UNION = enum.auto()
    INTERSECT = enum.auto()
    EXCEPT = enum.auto()


@dataclass(frozen=True, slots=True, eq=False)
class SetOperation:
    """UNION of any number of branches, INTERSECT or EXCEPT of two."""

    form: SetForm
    all: bool
    branches: tuple[Query, ...]
    attributes: tuple[int, ...]
    start: int


@dataclass(frozen=True, slots=True, eq=False)
class Recursive:
    """WITH RECURSIVE: ``base`` UNION [ALL] ``step``, which reads the rows so far through `RecursiveScan`s."""

    base: Query
    step: Query
    all: bool
    attributes: tuple[int, ...]
    extra: tuple[int, ...]
    cycle: bool
    name: str
    number: int
    start: int


@dataclass(frozen=True, slots=True, eq=False)
class RecursiveScan:
    """The rows that the previous round of a recursive CTE found; ``number`` tells which."""

    attributes: tuple[int, ...]
    name: str
    number: int
    start: int


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """At most ``count`` rows, None when that is not known."""

    input: Plan
    count: int | None


Plan = (
    One | Scan | Instance | Values | FunctionScan | Filter | Extend | Join | Group | Window | Expand | Distinct
    | SetOperation | Recursive | RecursiveScan | Limit
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """A column that a query returns."""

    name: str
    attribute: int
    type: str | None
    start: int = NOWHERE
    end: int = NOWHERE
    named: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A bound query.  ``outer``: the attributes of enclosing queries that it reads.  ``volatile``: it calls a volatile
    function somewhere, so that reading it twice may give different rows."""

    plan: Plan
    outputs: tuple[Output, ...]
    outer: frozenset[int] = frozenset()
    volatile: bool = False
