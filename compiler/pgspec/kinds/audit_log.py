"""``kind: audit_log``: which writes are recorded, with what of the request, and for how long."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pgspec.kinds.base import Flag, Identifier, Interval, Model, Spec, TableKey
from pgspec.kinds.invalidation import Columns, watched
from pgspec.kinds.project import Names


class Audited(Model):
    """The events of a table that are logged.  ``update``: the columns that count, True for all of them."""

    insert: Flag = False
    update: Annotated[Flag | Columns, BeforeValidator(watched, json_schema_input_type=bool | list[str])] = False
    delete: Flag = False
    truncate: Flag = False


class Viewer(Model):
    """A view of the log for roles that are not trusted with all of it."""

    name: Identifier
    to: Annotated[Names, Field(min_length=1)]
    require: str


class AuditLog(Spec):
    """Writes to ``tables`` are recorded, by the transaction that makes them, in a table that only grows."""

    kind: Literal["audit_log"]
    name: Identifier
    tables: Annotated[dict[TableKey, Audited], Field(min_length=1)]
    context: list[str] = []
    retention: Interval
    viewer: Viewer | None = None
