"""Functional dependencies: what is known of every row of a relation, and what follows from it.

The model is Paulley's (G. N. Paulley, "Exploiting functional dependence in query optimization", 2000): every relation
has hidden row ids; a set of attributes is a key when its closure contains them.  So projection hides attributes and
never rewrites a dependency.  Dependencies are strict (NULLs are equal, as GROUP BY has it) or lax (they hold among rows
whose determinant has no NULL, as UNIQUE has it); a lax one can be used once its determinant is known NOT NULL.
"Equal" is the type's default equality.  Sets of attributes are bit masks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pgspec.keys.algebra import Const, Expr

Mask = int
Dependencies = dict[tuple[Mask, bool], Mask]
"""Determinant and whether it is lax, to what it determines."""


def members(mask: Mask) -> Iterator[int]:
    """The attributes in a set."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def mask_of(attributes: Iterable[int]) -> Mask:
    """The set of these attributes."""
    mask = 0
    for attribute in attributes:
        mask |= 1 << attribute
    return mask


@dataclass(frozen=True, slots=True)
class Optional:
    """A null-extended side of an outer join.  ``matched`` is NULL for the rows without a partner; ``own`` are the
    side's attributes.  As soon as one of them is known NOT NULL, every row has a partner, and what holds for the inner
    join holds: ``inner``."""

    matched: int
    own: Mask
    inner: Facts
    fired: bool = False


@dataclass(slots=True)
class Facts:
    """What holds for every row.  ``rows``: the row ids; ``own``: all attributes that this relation makes; ``null``:
    those that are NULL in every row; ``constants``: known values; ``numbers``: the attribute that an expression's value
    was given; ``presence``: attributes that are NOT NULL where all of others are; ``exactly_one``: there is one row,
    always."""

    rows: Mask = 0
    own: Mask = 0
    not_null: Mask = 0
    null: Mask = 0
    fds: Dependencies = field(default_factory=dict)
    constants: dict[int, Const] = field(default_factory=dict)
    numbers: dict[Expr, int] = field(default_factory=dict)
    presence: dict[Mask, Mask] = field(default_factory=dict)
    optional: tuple[Optional, ...] = ()
    conditions: frozenset[Expr] = frozenset()
    exactly_one: bool = False

    def copy(self) -> Facts:
        """Facts that can be added to without changing these."""
        return Facts(
            self.rows, self.own, self.not_null, self.null, dict(self.fds), dict(self.constants), dict(self.numbers),
            dict(self.presence), self.optional, self.conditions, self.exactly_one,
        )  # fmt: skip

    def add(self, determinant: Mask, determined: Mask, *, lax: bool = False) -> None:
        """Add a dependency."""
        key = (determinant, lax)
        self.fds[key] = self.fds.get(key, 0) | determined

    def equal(self, first: int, second: int) -> None:
        """The two attributes determine each other."""
        self.add(1 << first, 1 << second)
        self.add(1 << second, 1 << first)

    def closure(self, mask: Mask, not_null: Mask | None = None) -> Mask:
        """Everything that the attributes determine."""
        known = self.not_null if not_null is None else not_null
        waiting = list(self.fds.items())
        while True:
            before = mask
            rest = []
            for entry in waiting:
                (determinant, lax), determined = entry
                if determinant & ~mask == 0 and not (lax and determinant & ~known):
                    mask |= determined
                elif determined & ~mask:
                    rest.append(entry)
            if mask == before:
                return mask
            waiting = rest

    def is_key(self, mask: Mask) -> bool:
        """Whether no two rows agree on the attributes."""
        return reaches(self.usable(), mask, self.rows)

    def usable(self) -> list[tuple[Mask, Mask]]:
        """The dependencies that may be used: the strict ones, and the lax ones whose determinant is NOT NULL."""
        known = self.not_null
        return [(d, r) for (d, lax), r in self.fds.items() if not (lax and d & ~known)]

    def require(self, mask: Mask) -> None:
        """The attributes are NOT NULL from here on; this may turn outer joins into inner ones."""
        self.not_null |= mask
        again = True
        while again:
            again = False
            for inputs, present in self.presence.items():
                if inputs & ~self.not_null == 0 and present & ~self.not_null:
                    self.not_null |= present
                    again = True
            for position, side in enumerate(self.optional):
                if side.fired or not self.not_null & (side.own | 1 << side.matched):
                    continue
                fired = Optional(side.matched, side.own, side.inner, fired=True)
                self.optional = (*self.optional[:position], fired, *self.optional[position + 1 :])
                self._restore(side)
                again = True

    def _restore(self, side: Optional) -> None:
        inner = side.inner
        self.add(0, 1 << side.matched)
        for (determinant, lax), determined in inner.fds.items():
            self.add(determinant, determined, lax=lax)
        self.not_null |= inner.not_null | 1 << side.matched
        self.null |= inner.null
        self.own |= inner.own
        for attribute, value in inner.constants.items():
            self.constants.setdefault(attribute, value)
        for expr, attribute in inner.numbers.items():
            self.numbers.setdefault(expr, attribute)
        for inputs, present in inner.presence.items():
            self.presence[inputs] = self.presence.get(inputs, 0) | present


def reaches(dependencies: list[tuple[Mask, Mask]], mask: Mask, goal: Mask) -> bool:
    """Whether the attributes determine those of ``goal``."""
    while goal & ~mask:
        before = mask
        rest = []
        for entry in dependencies:
            if entry[0] & ~mask:
                rest.append(entry)
            else:
                mask |= entry[1]
        if mask == before:
            return False
        dependencies = rest
    return True


def product(left: Facts, right: Facts) -> Facts:
    """What holds for pairs of rows."""
    fds = dict(left.fds)
    for key, determined in right.fds.items():
        fds[key] = fds.get(key, 0) | determined
    presence = dict(left.presence)
    for inputs, present in right.presence.items():
        presence[inputs] = presence.get(inputs, 0) | present
    return Facts(
        left.rows | right.rows,
        left.own | right.own,
        left.not_null | right.not_null,
        left.null | right.null,
        fds,
        {**left.constants, **right.constants},
        {**left.numbers, **right.numbers},
        presence,
        left.optional + right.optional,
        left.conditions | right.conditions,
        left.exactly_one and right.exactly_one,
    )


def null_extended(side: Facts, inner: Facts, matched: int) -> Facts:
    """What still holds for ``side`` when rows of NULLs are added to it, told apart by ``matched`` being NULL.  Strict
    A -> B becomes (A, matched) -> B: two rows without a partner agree on everything that is NULL in both.  A NOT NULL
    attribute is NULL exactly where there is no partner."""
    flag = 1 << matched
    fds: Dependencies = {}

    def add(determinant: Mask, determined: Mask, lax: bool) -> None:
        if determined:
            key = (determinant, lax)
            fds[key] = fds.get(key, 0) | determined

    for (determinant, lax), determined in side.fds.items():
        if lax:
            add(determinant | flag, determined, True)
        else:
            add(determinant | flag, determined & side.own, False)
            add(determinant | flag, determined & ~side.own, True)
    for attribute in members(side.not_null & side.own):
        add(1 << attribute, flag, False)
    optional = (*side.optional, Optional(matched, side.own, inner))
    presence = {inputs: present for inputs, present in side.presence.items() if inputs & side.own}
    return Facts(side.rows, side.own | flag, 0, side.null & side.own, fds, {}, {}, presence, optional)


def remapped(facts: Facts, renumber: Callable[[int], int]) -> Facts:
    """The same facts over other attributes: one more use of a named query."""
    cache: dict[Mask, Mask] = {}

    def moved(mask: Mask) -> Mask:
        if mask not in cache:
            cache[mask] = mask_of(renumber(a) for a in members(mask))
        return cache[mask]

    def moved_facts(old: Facts) -> Facts:
        fds: Dependencies = {}
        for (determinant, lax), determined in old.fds.items():
            key = (moved(determinant), lax)
            fds[key] = fds.get(key, 0) | moved(determined)
        optional = tuple(
            Optional(renumber(o.matched), moved(o.own), moved_facts(o.inner), o.fired) for o in old.optional
        )
        constants = {renumber(a): value for a, value in old.constants.items()}
        presence = {moved(inputs): moved(present) for inputs, present in old.presence.items()}
        return Facts(
            moved(old.rows), moved(old.own), moved(old.not_null), moved(old.null), fds, constants, {}, presence,
            optional, frozenset(), old.exactly_one,
        )  # fmt: skip

    return moved_facts(facts)
