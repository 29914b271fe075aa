"""Every kind of spec.  A new kind is one module here and one entry in `KINDS`."""

from __future__ import annotations

from pgspec.kinds.base import Duration, Model, Name, Spec
from pgspec.kinds.cached_query import CachedQuery
from pgspec.kinds.invalidation import Invalidation, TagQuery
from pgspec.kinds.materialized_view import MaterializedView
from pgspec.kinds.project import Project

KINDS: dict[str, type[Model]] = {
    "project": Project,
    "materialized_view": MaterializedView,
    "invalidation": Invalidation,
    "cached_query": CachedQuery,
}

__all__ = [
    "KINDS",
    "CachedQuery",
    "Duration",
    "Invalidation",
    "MaterializedView",
    "Model",
    "Name",
    "Project",
    "Spec",
    "TagQuery",
]
