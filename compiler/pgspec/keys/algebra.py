"""Expressions as queries are bound to them: every name resolved, every value an integer attribute.

An attribute is one value that a row can hold; attributes are numbered across a whole query.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgspec.keys.builtins import Signature

if TYPE_CHECKING:
    from pgspec.keys.plans import Query

NOWHERE = -1

BINARY = 2
"""How many operands a binary operator has."""

PARAMETER = "parameter "
"""How the name of a parameter's operation starts; its number follows."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """What is known of an attribute when the query is bound.  ``alias`` is the name of its FROM item."""

    name: str
    type: str | None
    start: int = NOWHERE
    alias: str = ""
    not_null: bool = False


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

    def __hash__(self) -> int:
        """Over what tells operations apart in practice; the whole signature would be hashed at each look-up."""
        return hash((self.name, self.arguments, self.type))


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
    kind = type(expr)  # asked for every node of every query: comparing types is several times faster than isinstance
    if kind is Ref or kind is Const:
        return ()
    if isinstance(expr, (Op, Grouping)):
        return expr.arguments
    if isinstance(expr, Aggregate):
        return (*expr.arguments, *expr.order, *((expr.condition,) if expr.condition else ()))
    if isinstance(expr, WindowCall):
        last = (expr.condition,) if expr.condition else ()
        return (*expr.arguments, *expr.partition, *expr.order, *last)
    return expr.test if isinstance(expr, Subquery) else ()


def is_volatile(expr: Expr) -> bool:
    """Whether evaluating the expression twice may give two values."""
    kind = type(expr)
    if kind is Ref or kind is Const:
        return False
    if isinstance(expr, (Op, Aggregate, Subquery)) and expr.volatile:
        return True
    return any(map(is_volatile, operands(expr)))
