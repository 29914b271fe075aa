"""The relational algebra that queries are bound to.

A plan node says which attributes it makes.  The nodes know nothing of keys: what can be derived lives in `derive`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from pgspec.catalog.model import Key, Relation
from pgspec.keys.algebra import NOWHERE, Aggregate, Attribute, Expr, Op, WindowCall
from pgspec.sql import QName


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
    rows were stored earlier, so they may not fit the tables of today.  ``view`` is its name; None for a CTE."""

    definition: Query
    attributes: tuple[int, ...]
    alias: str
    start: int
    foreign: list[Attribute] | None = None
    snapshot: bool = False
    view: QName | None = None


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
    that the left and the right side may give other rows each time they are read.  ``name``: the null-extended side."""

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
    function somewhere, so that reading it twice may give different rows.  Not ``complete``: it may have columns that
    are not among the outputs."""

    plan: Plan
    outputs: tuple[Output, ...]
    outer: frozenset[int] = frozenset()
    volatile: bool = False
    complete: bool = True
