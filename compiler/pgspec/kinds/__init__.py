"""Every kind of spec.  A new kind is one module here and one entry in `KINDS`."""

from __future__ import annotations

from pgspec.kinds.alert import Alert
from pgspec.kinds.audit_log import AuditLog
from pgspec.kinds.base import Duration, Model, Name, Spec
from pgspec.kinds.cached_query import CachedQuery
from pgspec.kinds.event_log import EventLog, Label
from pgspec.kinds.invalidation import Invalidation, TagQuery
from pgspec.kinds.load_test import HttpRequest, Limits, LoadTest, MixEntry, ParameterValues
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
    "event_log": EventLog,
    "alert": Alert,
    "load_test": LoadTest,
}

__all__ = [
    "KINDS",
    "Alert",
    "AuditLog",
    "CachedQuery",
    "Cell",
    "Command",
    "Duration",
    "EventLog",
    "HttpRequest",
    "Invalidation",
    "Label",
    "Limits",
    "LoadTest",
    "MaterializedView",
    "MixEntry",
    "Model",
    "Name",
    "ParameterValues",
    "Persona",
    "PolicySpec",
    "Project",
    "RowSecurity",
    "Spec",
    "TagQuery",
]
