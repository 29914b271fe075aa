"""The catalog as values: what DDL says, with names resolved and nothing quoted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pgspec.sql import QName

RelationKind = Literal["table", "partitioned_table", "foreign_table", "view", "materialized_view"]
Volatility = Literal["immutable", "stable", "volatile"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column.  ``type`` is spelt as ``format_type`` does without a modifier, schema-qualified unless built in:
    ``integer``, ``timestamp with time zone``, ``text[]``, ``public.mood``.  ``modifier`` is that of ``numeric(12,
    2)``, with -1 for what is no number.  ``not_null``: no row of a scan can hold NULL, not even one of an
    inheritance child; NOT NULL and validated, enforced CHECKs give it, a domain does not.  ``generated`` is the
    expression of a generated column, which is ``virtual`` when it is not stored.  ``collation`` is spelt like a
    type, and is also that of the column's domain.  ``has_default``: an INSERT may leave the column out and still
    get a value: by DEFAULT, identity or generation.  ``default``: the tree of its DEFAULT, if it has one."""

    name: str
    type: str
    not_null: bool = False
    modifier: tuple[int, ...] = ()
    generated: Any = None
    collation: str | None = None
    has_default: bool = False
    virtual: bool = False
    default: Any = None

    @property
    def has_modifier(self) -> bool:
        """Whether the type is ``varchar(10)`` rather than ``varchar``."""
        return bool(self.modifier)


@dataclass(frozen=True, slots=True)
class Key:
    """A uniqueness guarantee.  An element of ``columns`` is a column name, or the tree of an index expression.
    ``where`` is a partial index's predicate.  A ``deferrable`` key may be broken inside a transaction."""

    name: str
    columns: tuple[Any, ...]
    primary: bool = False
    nulls_not_distinct: bool = False
    deferrable: bool = False
    where: Any = None


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """An index as a query may use it.  ``elements`` as in `Key`; ``classes`` are the names of their operator classes,
    None for the default one.  ``constraint``: it is there for a constraint, not for queries.  ``partial``: it has a
    predicate."""

    name: str
    method: str
    elements: tuple[Any, ...]
    classes: tuple[str | None, ...]
    constraint: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """``columns`` reference ``ref_columns`` of ``references``.  Not ``validated``: NOT VALID or NOT ENFORCED."""

    name: str
    columns: tuple[str, ...]
    references: QName
    ref_columns: tuple[str, ...]
    validated: bool = True
    deferrable: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view.  ``query`` is the tree of a view's SELECT, with every table that the catalog knows qualified and
    under its present name; ``column_names`` its column aliases.  The columns of a view are known only after analysis,
    so ``columns`` is empty for it.  The ``query`` of a table is that of its CREATE TABLE AS, where a column's type may
    be ``unknown``.  ``keys`` are those that hold now for the relation without its inheritance children; ``checks`` are
    the trees that are enforced, validated and inherited.  ``has_children``: other tables inherit from it, so a scan
    without ONLY is not bound by its keys (partitions are not counted).  ``inherits`` names the INHERITS parents.
    ``row_security`` and ``force_row_security``: ENABLE and FORCE ROW LEVEL SECURITY were said; ``policies``
    names the policies that were made.  ``grants``: privileges by role as GRANT has them, ``-DELETE`` for one that
    was taken out of ALL; the role ``public`` is everybody.  ``invoker``: a view that reads as who asks."""

    name: QName
    kind: RelationKind
    columns: Mapping[str, Column] = field(default_factory=dict)
    keys: tuple[Key, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Any, ...] = ()
    has_children: bool = False
    partition_of: QName | None = None
    query: Any = None
    column_names: tuple[str, ...] = ()
    row_security: bool = False
    owner: str | None = None
    force_row_security: bool = False
    inherits: tuple[QName, ...] = ()
    grants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    policies: tuple[str, ...] = ()
    indexes: tuple[StoredIndex, ...] = ()
    invoker: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the schema defines.  ``arguments`` are the types of the input arguments; ``columns`` those of a
    ``RETURNS TABLE`` or of OUT arguments.  ``returns`` is a type name, or ``trigger``, ``record``, ``void``; it is
    ``unknown`` for an aggregate whose final function the schema does not define.  ``defaults``: how many of the last
    arguments may be left out.  ``body``: the text of a function in SQL, or the tree of its RETURN; ``source``: its
    text in whatever language, or the trees that were bound when it was made.  ``definer``: it runs as its ``owner``.
    ``path``: the search path that it sets.  ``callers``: the roles that were granted its execution."""

    name: QName
    arguments: tuple[str, ...]
    returns: str
    volatility: Volatility = "volatile"
    strict: bool = False
    returns_set: bool = False
    aggregate: bool = False
    columns: tuple[tuple[str, str], ...] = ()
    defaults: int = 0
    variadic: bool = False
    procedure: bool = False
    body: Any = field(default=None, compare=False)
    source: Any = field(default=None, compare=False)
    definer: bool = False
    path: tuple[str, ...] | None = None
    owner: str | None = None
    callers: frozenset[str] = frozenset({"public"})


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything that the base schema defines, by qualified name.  ``domains`` maps to the base type;
    ``composites`` to the attributes (name, type); ``other_types`` are ranges, base types and those of known
    extensions.  ``nondeterministic_collations``: names of such collations, spelt as in `Column`.
    ``bypassing``: the roles that no policy binds; ``memberships``: the groups of a role; ``schema_users``: who may
    use a schema."""

    search_path: tuple[str, ...] = ("public",)
    relations: Mapping[QName, Relation] = field(default_factory=dict)
    functions: Mapping[QName, tuple[Function, ...]] = field(default_factory=dict)
    enums: Mapping[QName, tuple[str, ...]] = field(default_factory=dict)
    domains: Mapping[QName, str] = field(default_factory=dict)
    composites: Mapping[QName, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    other_types: frozenset[QName] = frozenset()
    roles: frozenset[str] = frozenset()
    schemas: frozenset[str] = frozenset({"public"})
    extensions: frozenset[str] = frozenset()
    nondeterministic_collations: frozenset[str] = frozenset()
    bypassing: frozenset[str] = frozenset()
    memberships: Mapping[str, frozenset[str]] = field(default_factory=dict)
    schema_users: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def relation(self, schema: str | None, name: str) -> Relation | None:
        """The relation that ``schema.name``, or ``name`` by the search path, stands for."""
        for candidate in (schema,) if schema else self.search_path:
            if found := self.relations.get(QName(candidate, name)):
                return found
        return None

    def groups(self, role: str) -> frozenset[str]:
        """The role with the groups that it is in."""
        found, waiting = {role}, [role]
        while waiting:
            for group in self.memberships.get(waiting.pop(), frozenset()) - found:
                found.add(group)
                waiting.append(group)
        return frozenset(found)

    def with_relations(self, *added: Relation) -> Catalog:
        """A catalog that has the given relations too."""
        return replace(self, relations={**self.relations, **{r.name: r for r in added}})
