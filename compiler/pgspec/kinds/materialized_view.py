"""``kind: materialized_view``: a query whose result is stored, with the key that lets it refresh concurrently."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from pgspec.kinds.base import Flag, Identifier, Interval, Model, QualifiedName, Spec, Timeout


class UniqueKey(Model):
    """The columns that identify a row, and the name of the unique index over them (derived when absent)."""

    columns: Annotated[list[Identifier], Field(min_length=1)]
    index: Identifier | None = None


class Index(Model):
    """A further index: plain columns, optionally named, unique, or of another access method than btree."""

    columns: Annotated[list[Identifier], Field(min_length=1)]
    name: Identifier | None = None
    unique: Flag = False
    method: Literal["btree", "hash", "gin", "gist", "brin", "spgist"] = "btree"


def _manual(value: Any) -> Any:
    """``manual`` is the absence of a due time."""
    return None if value == "manual" else value


class Refresh(Model):
    """When and how the view is brought up to date.  ``every`` is None for ``manual``."""

    every: Annotated[Interval | None, BeforeValidator(_manual, json_schema_input_type=str | None)] = None
    concurrently: Flag = True
    skip_unchanged: Flag = True
    timeout: Timeout | None = None
    max_staleness: Interval | None = None


class Expose(Model):
    """A view in front: who may read it, and which rows it shows to whom."""

    as_: Annotated[QualifiedName, Field(alias="as")]
    where: str
    to: Annotated[list[Identifier], Field(min_length=1)]


class Access(Model):
    """Who may read; nobody by default."""

    select: list[Identifier] = []


def _key(value: Any) -> Any:
    """A list of columns is short for a mapping with ``columns``."""
    return {"columns": value} if isinstance(value, list) else value


class MaterializedView(Spec):
    """A materialized view with everything that hangs on it.  ``was``: its name in the last release."""

    kind: Literal["materialized_view"]
    name: QualifiedName
    was: QualifiedName | None = None
    unique_key: Annotated[
        UniqueKey | None, BeforeValidator(_key, json_schema_input_type=UniqueKey | list[Identifier] | None)
    ] = None
    indexes: list[Index] = []
    query: str | None = None
    query_file: str | None = None
    refresh: Refresh = Refresh()
    access: Access = Access()
    expose: Expose | None = None
    owner: Identifier | None = None
