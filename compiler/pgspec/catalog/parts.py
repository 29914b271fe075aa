"""The reader's own mutable objects.  They point at each other, so that a rename is one assignment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pgspec.catalog.model import RelationKind, Volatility
from pgspec.catalog.typenames import UNKNOWN, Collation, TypeRef

VIEW_KINDS = ("view", "materialized_view")


@dataclass(slots=True, eq=False)
class NotNull:
    """A not-null constraint.  ``name`` is the one that PostgreSQL 18 gives it."""

    name: str
    valid: bool = True
    no_inherit: bool = False


@dataclass(slots=True, eq=False)
class TableColumn:
    """A column.  ``local``: the table's own DDL names it; ``inherited``: how many parents have it."""

    name: str
    type: TypeRef = UNKNOWN
    not_null: NotNull | None = None
    default: bool = False
    default_value: Any = None
    identity: bool = False
    generated: Any = None
    virtual: bool = False
    collation: Collation | str | None = None
    local: bool = True
    inherited: int = 0


@dataclass(slots=True, eq=False)
class CheckConstraint:
    """A CHECK.  ``local`` and ``inherited`` as for a column."""

    name: str
    expression: Any
    valid: bool = True
    enforced: bool = True
    no_inherit: bool = False
    local: bool = True
    inherited: int = 0


@dataclass(slots=True, eq=False)
class Reference:
    """A foreign key.  ``parent`` is the constraint of the partitioned table that this one came from."""

    name: str
    columns: list[TableColumn]
    target: Table
    target_columns: list[TableColumn]
    valid: bool = True
    enforced: bool = True
    deferrable: bool = False
    parent: Reference | None = None


@dataclass(slots=True, eq=False)
class Index:
    """An index; it is in the schema of its table.  ``elements`` are columns, or trees of expressions.  ``proves``:
    its operator classes mean what ``=`` means.  ``collated``: an element names a collation.  ``constraint``: the kind
    of constraint that it belongs to.  ``parent``: the index of the partitioned table that it is a part of."""

    name: str
    table: Table
    elements: list[Any]
    including: list[TableColumn] = field(default_factory=list)
    opclasses: tuple[Any, ...] = ()
    unique: bool = False
    proves: bool = True
    nulls_not_distinct: bool = False
    where: Any = None
    constraint: Literal["", "primary", "unique", "exclusion"] = ""
    deferrable: bool = False
    initially_deferred: bool = False
    parent: Index | None = None
    collated: bool = False
    method: str = "btree"

    @property
    def schema(self) -> str:
        """The schema of its table."""
        return self.table.schema


@dataclass(slots=True, eq=False)
class Sequence:
    """A sequence; ``owner`` is the column that it is dropped with."""

    schema: str
    name: str
    owner: TableColumn | None = None


@dataclass(slots=True, eq=False)
class Use:
    """A reference to a relation in a view's query: the RangeVar node, the relation that it meant when the view was
    created, and the columns which that had then, with the names that they had."""

    var: Any
    table: Table
    columns: list[tuple[TableColumn, str]]


@dataclass(frozen=True, slots=True)
class Grant:
    """A GRANT to one role, or a REVOKE from it when it is not ``given``."""

    given: bool
    role: str
    privileges: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Table:
    """A table or view.  ``known``: all columns are in ``columns``; for a view they are not.  ``uses`` are the
    references to relations in its query.  ``grants`` are in the order of writing; ``policies`` are names."""

    schema: str
    name: str
    kind: RelationKind = "table"
    columns: dict[str, TableColumn] = field(default_factory=dict)
    known: bool = True
    indexes: list[Index] = field(default_factory=list)
    checks: list[CheckConstraint] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    parents: list[Table] = field(default_factory=list)
    children: list[Table] = field(default_factory=list)
    is_partition: bool = False
    query: Any = None
    column_names: tuple[str, ...] = ()
    uses: list[Use] = field(default_factory=list)
    row_security: bool = False
    force_row_security: bool = False
    owner: str | None = None
    grants: list[Grant] = field(default_factory=list)
    policies: dict[str, None] = field(default_factory=dict)
    invoker: bool = False


@dataclass(slots=True, eq=False)
class Routine:
    """A function, procedure or aggregate, as `Function` of the model."""

    schema: str
    name: str
    arguments: list[TypeRef]
    returns: TypeRef
    volatility: Volatility = "volatile"
    strict: bool = False
    returns_set: bool = False
    kind: Literal["function", "procedure", "aggregate"] = "function"
    columns: list[tuple[str, TypeRef]] = field(default_factory=list)
    defaults: int = 0
    variadic: bool = False
    body: Any = None
    source: Any = None
    definer: bool = False
    path: tuple[str, ...] | None = None
    owner: str | None = None
    grants: list[Grant] = field(default_factory=list)
