"""What an expression may read when it is evaluated without a server, and what needs no more than that to be decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pgspec.catalog import Catalog
from pgspec.keys.algebra import Expr
from pgspec.keys.plans import Query
from pgspec.keys.typesystem import Types
from pgspec.sql import QName
from pgspec.values import FailsError, Json, UndecidableError, Value, family, from_text, in_range, to_text

_INTEGERS = frozenset({"smallint", "integer", "bigint"})


@dataclass(frozen=True, slots=True)
class Session:
    """Who asks: the role, and the text of the claims' setting.  ``claims_schema`` is where the functions are that read
    a claim.  ``bodies``: the bound bodies of functions, as far as they were needed."""

    role: str
    claims: str
    setting: str
    claims_schema: str
    catalog: Catalog
    types: Types = field(compare=False)
    groups: frozenset[str] = frozenset()
    bodies: dict[QName, Query | None] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A column whose value is not known here."""

    reason: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may read: the session, and values by attribute.  ``inside``: it is the body of a function."""

    session: Session
    values: Mapping[int, Value | Unknown]
    inside: bool = False


Thunk = Callable[[], Value]


def all_of(conditions: Iterable[Thunk]) -> bool | None:
    """AND, in whatever order PostgreSQL likes."""
    return _connect(conditions, False)


def any_of(conditions: Iterable[Thunk]) -> bool | None:
    """OR, in whatever order PostgreSQL likes."""
    return _connect(conditions, True)


def _connect(conditions: Iterable[Thunk], decisive: bool) -> bool | None:
    values: list[Value] = []
    failure: FailsError | None = None
    for condition in conditions:
        try:
            values.append(condition())
        except FailsError as error:
            failure = failure or error
    if failure is not None:
        # A conjunct that is NULL ends the evaluation just as one that is false, and the planner makes conjuncts of what
        # stands under NOT (a OR b).
        if decisive in values or None in values:
            raise UndecidableError("an error that depends on the order of evaluation")
        raise failure
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def read(text: str, target: str | None, scope: Scope) -> Value:
    """A literal as a value of its type."""
    base = scope.session.types.base(target)
    if base != target:
        raise UndecidableError(f"the domain {target}")
    return from_text(text, base, labels_of(base, scope))


def labels_of(name: str | None, scope: Scope) -> tuple[str, ...] | None:
    """The labels of an enum; None for another type."""
    return next((labels for enum, labels in scope.session.catalog.enums.items() if str(enum) == name), None)


def family_of(expr: Expr, scope: Scope) -> str | None:
    """The family of an expression's type; None when its values are not known here."""
    enums = frozenset(map(str, scope.session.catalog.enums))
    return family(scope.session.types.base(expr.type), enums)


def convert(value: Value, source: str | None, target: str | None, scope: Scope) -> Value:
    """A value of one type as another, for the casts that are known here."""
    labels = labels_of(target, scope)
    if value is None or source == target:
        return value
    text_like = ("text", "character varying", "unknown")
    if source in text_like and (target in text_like or target not in ("name", None)):
        return from_text(str(value), target, labels)
    if target in text_like and not isinstance(value, Json):
        return to_text(value)
    if isinstance(value, bool):
        if target == "integer":
            return int(value)
    elif isinstance(value, int):
        if target in _INTEGERS:
            return in_range(value, target or "")
        if target == "numeric":
            return Decimal(value)
        if target == "boolean" and source == "integer":
            return value != 0
    if isinstance(value, Json) and target in ("json", "jsonb"):
        return Json(value.value, target == "jsonb")
    raise UndecidableError(f"a cast from {source} to {target}")


def array_literal(text: str) -> tuple[str, ...]:
    """The elements of ``{a,b}``; anything with quotes, NULLs or nesting is not read."""
    inner = text[1:-1]
    if not (text.startswith("{") and text.endswith("}")) or any(c in inner for c in '{}"\\') or "null" in inner.lower():
        raise UndecidableError("an array literal")
    return tuple(part.strip() for part in inner.split(",")) if inner.strip() else ()
