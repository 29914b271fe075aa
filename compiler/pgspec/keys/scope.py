"""Scopes: which FROM items and columns a name can mean at a place in a query (parse_relation.c)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pgspec.keys.algebra import Expr, Form, Op, Ref
from pgspec.keys.context import Binding, nearest
from pgspec.keys.plans import Query, Scan

AMBIGUOUS: Literal["ambiguous"] = "ambiguous"
Found = Expr | Literal["ambiguous"] | None

_SYSTEM_COLUMNS = {"ctid": "tid", "xmin": "xid", "xmax": "xid", "cmin": "cid", "cmax": "cid", "tableoid": "oid"}


class Item:
    """A FROM item: a name for a list of columns.  ``is_open``: it may have columns that we do not know."""

    __slots__ = ("alias", "by_name", "columns", "columns_visible", "is_open", "name_visible", "row_type", "schema")

    def __init__(self, alias: str, columns: list[tuple[str, Expr]], *, is_open: bool = False) -> None:
        self.alias = alias
        self.schema: str | None = None
        self.columns = columns
        self.is_open = is_open
        self.name_visible = True
        self.columns_visible = True
        self.row_type: str | None = None
        self.by_name: dict[str, Found] = {}
        for name, value in columns:
            same = self.by_name.setdefault(name, value)
            if same is not value and same != value:
                self.by_name[name] = AMBIGUOUS

    def find(self, name: str, binding: Binding) -> Found:
        """The column of that name."""
        return self.by_name.get(name)

    def all(self, binding: Binding) -> list[tuple[str, Expr]]:
        """All columns in order, as `*` means them."""
        return self.columns

    def names(self) -> list[str]:
        """The column names, for suggestions."""
        return [name for name, _ in self.columns]


class TableItem(Item):
    """A stored relation.  Its attributes are made when they are first mentioned: a table has many columns, a query
    uses few."""

    __slots__ = ("aliases", "scan")

    def __init__(self, scan: Scan, aliases: list[str]) -> None:
        super().__init__(scan.alias, [])
        self.scan = scan
        names = list(scan.relation.columns)
        self.aliases = dict(zip(aliases + names[len(aliases) :], names, strict=False)) if aliases else None
        self.row_type = str(scan.relation.name)

    def find(self, name: str, binding: Binding) -> Found:
        """The column of that name, with an attribute from now on."""
        column = self.aliases.get(name) if self.aliases is not None else name
        if column is None or column not in self.scan.relation.columns:
            return self._system(name, binding)
        return self._column(column, binding)

    def all(self, binding: Binding) -> list[tuple[str, Expr]]:
        """All columns in order."""
        shown = self.aliases.items() if self.aliases is not None else ((c, c) for c in self.scan.relation.columns)
        return [(name, self._column(column, binding)) for name, column in shown]

    def names(self) -> list[str]:
        """The column names, for suggestions."""
        return list(self.aliases if self.aliases is not None else self.scan.relation.columns)

    def _column(self, name: str, binding: Binding) -> Ref:
        scan = self.scan
        attribute = scan.attributes.get(name)
        declared = scan.relation.columns[name].type
        type_name = None if declared == "unknown" else declared  # of CREATE TABLE AS
        if attribute is None:
            not_null = name in scan.not_null
            attribute = binding.attribute(name, type_name, alias=scan.alias, not_null=not_null)
            scan.attributes[name] = attribute
            binding.origins[attribute] = (scan.relation.name, name)
            binding.scans[attribute] = scan
        return Ref(attribute, type_name)

    def _system(self, name: str, binding: Binding) -> Found:
        if name not in _SYSTEM_COLUMNS or self.scan.relation.kind == "view":
            return None
        attribute = self.scan.attributes.get(name)
        if attribute is None:
            attribute = binding.attribute(name, _SYSTEM_COLUMNS[name], alias=self.scan.alias, not_null=True)
            self.scan.attributes[name] = attribute
        return Ref(attribute, _SYSTEM_COLUMNS[name])


@dataclass(slots=True)
class Cte:
    """A name that WITH gives to a query; ``recursive_columns`` while its own recursive term is being bound."""

    query: Query | None
    names: tuple[str, ...]
    number: int = -1
    recursive: tuple[tuple[str, str | None], ...] | None = None
    outer: dict[int, Scope] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Scope:
    """One query level.  ``clause`` says where we are, for what may not be used there; ``outer`` collects the attributes
    of enclosing levels that this one reads, with the level of each."""

    parent: Scope | None
    ctes: dict[str, Cte]
    items: list[Item] = field(default_factory=list)
    clause: str = ""
    outer: dict[int, Scope] = field(default_factory=dict)
    windows: dict[str, Any] = field(default_factory=dict)
    srf_allowed: bool = False

    def child(self) -> Scope:
        """The scope of a sub-query."""
        return Scope(self, self.ctes)


def lookup(scope: Scope, qualifier: tuple[str, ...], name: str, binding: Binding) -> tuple[Found, Scope | None, bool]:
    """The column ``qualifier.name`` seen from ``scope``: what it is, at which level, and whether an item whose columns
    are unknown may have it."""
    level: Scope | None = scope
    doubtful = False
    while level is not None:
        found, maybe = _lookup_here(level, qualifier, name, binding)
        if found is not None:
            return found, level, doubtful
        if maybe:
            return None, level, True
        level = level.parent
    return None, None, doubtful


def _lookup_here(level: Scope, qualifier: tuple[str, ...], name: str, binding: Binding) -> tuple[Found, bool]:
    found: Found = None
    maybe = False
    for item in level.items:
        if qualifier:
            if not item.name_visible or not _is_named(item, qualifier):
                continue
        elif not item.columns_visible:
            continue
        here = item.find(name, binding)
        if here is None:
            maybe |= item.is_open
        elif found is not None and found != here:
            return AMBIGUOUS, False
        else:
            found = here
    return found, maybe


def _is_named(item: Item, qualifier: tuple[str, ...]) -> bool:
    if item.alias != qualifier[-1]:
        return False
    return len(qualifier) == 1 or item.schema == qualifier[-2]


def find_item(scope: Scope, qualifier: tuple[str, ...]) -> tuple[Item | None, Scope | None]:
    """The FROM item of that name."""
    level: Scope | None = scope
    while level is not None:
        for item in level.items:
            if item.name_visible and _is_named(item, qualifier):
                return item, level
        level = level.parent
    return None, None


def note_use(value: Expr, scope: Scope, level: Scope, binding: Binding) -> None:
    """Record that ``scope`` uses a value of ``level``: as a column read, and as correlation on the way there."""
    if type(value) is Ref:
        binding.mark_read(value)
        note_outer(value.attribute, scope, level)
    elif isinstance(value, Op):
        for argument in value.arguments:
            note_use(argument, scope, level, binding)


def note_outer(attribute: int, scope: Scope, level: Scope) -> None:
    """Record that the levels from ``scope`` up to below ``level`` read an attribute of ``level``."""
    inner: Scope | None = scope
    while inner is not None and inner is not level:
        inner.outer[attribute] = level
        inner = inner.parent


def resolve(scope: Scope, parts: tuple[str, ...], start: int, binding: Binding) -> Expr:
    """What the column reference ``parts`` means; a finding and an unknown value when it means nothing."""
    qualifier, name = parts[:-1], parts[-1]
    found, level, doubtful = lookup(scope, qualifier, name, binding)
    if found == AMBIGUOUS:
        _ambiguous(scope, name, start, binding)
        return unknown(start)
    if found is not None and level is not None:
        note_use(found, scope, level, binding)
        return Ref(found.attribute, found.type, start) if type(found) is Ref else found
    if doubtful:
        return unknown(start)
    return _row_or_field(scope, parts, start, binding) or _not_found(scope, parts, start, binding)


def unknown(start: int = -1) -> Op:
    """A value about which nothing is known, not even that it is the same twice."""
    return Op(Form.OTHER, "unknown", (), None, volatile=True, start=start)


def _row_or_field(scope: Scope, parts: tuple[str, ...], start: int, binding: Binding) -> Expr | None:
    """A whole row (``alias``), or a field of a composite column (``column.field`` is not SQL, ``row.function`` is)."""
    item, level = find_item(scope, parts)
    if item is not None and level is not None:
        values = tuple(value for _, value in item.all(binding))
        for value in values:
            note_use(value, scope, level, binding)
        if len(values) == 1 and not isinstance(item, TableItem) and item.row_type is None:
            return values[0]
        return Op(Form.OTHER, "whole row", values, item.row_type, start=start)
    if len(parts) > 1:
        item, level = find_item(scope, parts[:-1])
        functions = binding.types.user_functions(None, parts[-1])
        if item is not None and functions:
            return unknown(start)
    return None


def _ambiguous(scope: Scope, name: str, start: int, binding: Binding) -> None:
    level: Scope | None = scope
    while level is not None:
        owners = [i.alias for i in level.items if i.columns_visible and i.alias and i.find(name, binding) is not None]
        if owners:
            break
        level = level.parent
    choices = " or ".join(f"`{alias}.{name}`" for alias in dict.fromkeys(owners))
    binding.find("SQL004", start, f"column `{name}` is ambiguous", f"write {choices}" if choices else "", len(name))


def _not_found(scope: Scope, parts: tuple[str, ...], start: int, binding: Binding) -> Expr:
    length = len(".".join(parts))
    if len(parts) > 1:
        item, _ = find_item(scope, parts[:-1])
        if item is not None:
            help_text = nearest(parts[-1], item.names())
            binding.find("SQL003", start, f"column `{parts[-1]}` does not exist in `{parts[-2]}`", help_text, length)
        else:
            help_text = nearest(parts[-2], [i.alias for level in _levels(scope) for i in level.items if i.alias])
            binding.find("SQL002", start, f"`{parts[-2]}` is not in the FROM clause", help_text, length)
        return unknown(start)
    names = {name for level in _levels(scope) for item in level.items for name in item.names()}
    binding.find("SQL003", start, f"column `{parts[-1]}` does not exist", nearest(parts[-1], sorted(names)), length)
    return unknown(start)


def _levels(scope: Scope) -> list[Scope]:
    found: list[Scope] = []
    level: Scope | None = scope
    while level is not None:
        found.append(level)
        level = level.parent
    return found
