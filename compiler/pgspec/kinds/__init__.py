"""Every kind of spec.  A new kind is one module here and one entry in `KINDS`."""

from __future__ import annotations

from pgspec.kinds.audit_log import AuditLog
from pgspec.kinds.base import Duration, Model, Name, Spec
from pgspec.kinds.cached_query import CachedQuery
from pgspec.kinds.invalidation import Invalidation, TagQuery
from pgspec.kinds.materialized_view import MaterializedView
from pgspec.kinds.project import Persona, Project
from pgspec.kinds.rls import Cell, Command, PolicySpec, RowSecurity

KINDS: dict[str, type[Model]] = {
    "project": Project,
    "materialized_view": MaterializedView,
    "invalidation": Invalidation,
    "cached_query": CachedQuery,
    "rls": RowSecurity,
    "audit_log": AuditLog,
}

__all__ = [
    "KINDS",
    "AuditLog",
    "CachedQuery",
    "Cell",
    "Command",
    "Duration",
    "Invalidation",
    "MaterializedView",
    "Model",
    "Name",
    "Persona",
    "PolicySpec",
    "Project",
    "RowSecurity",
    "Spec",
    "TagQuery",
]
