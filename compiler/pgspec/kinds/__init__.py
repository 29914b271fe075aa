"""Every kind of spec.  A new kind is one module here and one entry in `KINDS`."""

from __future__ import annotations

from pgspec.kinds.base import Duration, Model, Name, Spec
from pgspec.kinds.materialized_view import MaterializedView
from pgspec.kinds.project import Project

KINDS: dict[str, type[Model]] = {"project": Project, "materialized_view": MaterializedView}

__all__ = ["KINDS", "Duration", "MaterializedView", "Model", "Name", "Project", "Spec"]
