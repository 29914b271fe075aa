"""What binding one query collects: attributes, what it reads, what has to be qualified, and what is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgspec.catalog.model import Catalog
from pgspec.diagnostics import SqlFinding
from pgspec.keys.algebra import Attribute, Ref
from pgspec.keys.places import Places
from pgspec.keys.plans import Instance, Query, Scan
from pgspec.keys.typesystem import Types
from pgspec.sql import QName, ident, qname

if TYPE_CHECKING:
    from pgspec.keys.scope import Scope


@dataclass(frozen=True, slots=True)
class Reference:
    """A place that names a relation of the catalog."""

    name: QName
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Definition:
    """A view's query, bound once: it does not depend on who reads the view.  ``base_reads`` are the tables and
    materialized views below; ``remarks`` what its expressions depend on beside rows; ``used`` and ``placed`` as in
    `Binding`."""

    query: Query | None
    attributes: list[Attribute]
    names: tuple[str, ...]
    base_reads: dict[QName, set[str]]
    remarks: Remarks
    sound: bool
    used: set[int]
    placed: list[Scan | Instance]


@dataclass(slots=True)
class Remarks:
    """Places where the result depends on something other than the rows."""

    session: list[SqlFinding] = field(default_factory=list)
    volatile: list[SqlFinding] = field(default_factory=list)
    time: list[SqlFinding] = field(default_factory=list)
    unstable: list[SqlFinding] = field(default_factory=list)


@dataclass(slots=True)
class Binding:
    """The state of binding one statement.  ``used``: the attributes that the text mentions, by name or by `*`;
    ``placed``: every scan, view and CTE that it reads, also where no plan holds the expression (ORDER BY, LIMIT)."""

    catalog: Catalog
    types: Types
    places: Places
    bind_query: Callable[[Binding, Any, Scope | None], Query]
    view_definition: Callable[[QName], Definition | None]
    attributes: list[Attribute] = field(default_factory=list)
    origins: dict[int, tuple[QName, str]] = field(default_factory=dict)
    scans: dict[int, Scan] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    placed: list[Scan | Instance] = field(default_factory=list)
    reads: dict[QName, set[str]] = field(default_factory=dict)
    base_reads: dict[QName, set[str]] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    edits: dict[int, str] = field(default_factory=dict)
    findings: list[SqlFinding] = field(default_factory=list)
    unsupported: list[SqlFinding] = field(default_factory=list)
    remarks: Remarks = field(default_factory=Remarks)
    recursions: int = 0
    silent: int = 0
    volatile_calls: int = 0

    def attribute(
        self, name: str, type_name: str | None, start: int = -1, *, alias: str = "", not_null: bool = False
    ) -> int:
        """A new attribute."""
        self.attributes.append(Attribute(name, type_name, start, alias, not_null))
        return len(self.attributes) - 1

    def mark_read(self, ref: object) -> None:
        """Note that the query reads the stored column that this is, if it is one."""
        if self.silent or type(ref) is not Ref:
            return
        self.used.add(ref.attribute)
        if origin := self.origins.get(ref.attribute):
            self.reads[origin[0]].add(origin[1])
            if origin[0] in self.base_reads:
                self.base_reads[origin[0]].add(origin[1])

    def qualify(self, start: int, name: QName) -> None:
        """Note that the unqualified name at ``start`` stands for ``name``."""
        if start >= 0 and not self.silent:
            self.edits[start] = f"{ident(name.schema)}."

    def find(self, code: str, start: int, message: str, help_text: str = "", length: int = 1) -> None:
        """Note a mistake at the name that starts at ``start``."""
        if not self.silent:
            self.findings.append(SqlFinding(start, self.places.name_end(start, length), code, message, help_text))

    def cannot(self, start: int, what: str) -> None:
        """Note a construct about which nothing is derived."""
        self.unsupported.append(SqlFinding(max(start, 0), self.places.name_end(max(start, 0)), "", what))

    def remark(self, into: list[SqlFinding], code: str, start: int, message: str, help_text: str = "") -> None:
        """Note a dependency on something other than the rows."""
        if not self.silent:
            into.append(SqlFinding(start, self.places.name_end(start), code, message, help_text))


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean ...?`` for a misspelt name, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f"did you mean {' or '.join(f'`{c}`' for c in close)}?" if close else ""


def relation_help(catalog: Catalog, schema: str | None, name: str) -> str:
    """Where a relation of that name is, or which names come close."""
    elsewhere = [r for r in catalog.relations if r.name == name]
    if elsewhere:
        places = ", ".join(f"`{qname(r)}`" for r in elsewhere)
        return f"known as {places}"
    if schema is not None and schema not in catalog.schemas:
        return f"schema `{schema}` is not in the base schema"
    known = [r for r in catalog.relations if schema in (None, r.schema)]
    visible = {r.name if r.schema in catalog.search_path and schema is None else str(r) for r in known}
    return nearest(name if schema is None else f"{schema}.{name}", sorted(visible))
