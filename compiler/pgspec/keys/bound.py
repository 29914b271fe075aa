"""Binding a statement from its tree: the entry to names, reads and plans, without any key logic.

Later features (policies, cached queries, lineage) start here.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from pgspec.catalog.model import Catalog
from pgspec.diagnostics import SqlFinding
from pgspec.keys.context import Binding, Definition
from pgspec.keys.places import Places
from pgspec.keys.plans import Query
from pgspec.keys.queries import bind_query
from pgspec.keys.typesystem import Types
from pgspec.sql import QName

_REMEMBERED = 8
_views: OrderedDict[int, Views] = OrderedDict()


@dataclass(slots=True)
class Views:
    """What was found out about one catalog: its types, and its views, each bound once."""

    catalog: Catalog
    types: Types
    definitions: dict[QName, Definition | None]

    def definition(self, name: QName) -> Definition | None:
        """The bound query of a view; None while it is being bound, that is for a view that reads itself."""
        if name not in self.definitions:
            self.definitions[name] = None
            self.definitions[name] = self._bind(name)
        return self.definitions[name]

    def _bind(self, name: QName) -> Definition | None:
        relation = self.catalog.relations[name]
        binding, query = _bind(self, relation.query, "")
        if query is None:
            return None
        names = [*relation.column_names, *(o.name for o in query.outputs[len(relation.column_names) :])]
        sound = not binding.findings and not binding.unsupported
        return Definition(
            query, binding.attributes, tuple(names[: len(query.outputs)]), binding.base_reads, binding.remarks, sound,
            binding.used, binding.placed,
        )  # fmt: skip


def views_of(catalog: Catalog) -> Views:
    """What is known of a catalog.  A few catalogs are remembered, by identity: they are frozen."""
    found = _views.get(id(catalog))
    if found is None or found.catalog is not catalog:
        found = _views[id(catalog)] = Views(catalog, Types(catalog), {})
        while len(_views) > _REMEMBERED:
            _views.popitem(last=False)
    return found


def bind_statement(node: Any, catalog: Catalog, text: str = "") -> tuple[Binding, Query | None]:
    """Bind a SELECT.  ``text`` is what the tree was parsed from: with it, findings end exactly where the name ends.
    The query is None when it is nested too deeply."""
    return _bind(views_of(catalog), node, text)


def _bind(views: Views, node: Any, text: str) -> tuple[Binding, Query | None]:
    binding = Binding(views.catalog, views.types, Places(text), bind_query, views.definition)
    try:
        return binding, bind_query(binding, node, None)
    except RecursionError:
        binding.unsupported.append(SqlFinding(0, 1, "", "a query that is nested so deeply"))
        return binding, None
