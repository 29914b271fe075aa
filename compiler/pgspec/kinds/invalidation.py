"""``kind: invalidation``: which writes to a table make which cache tags stale."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from pgspec.kinds.base import Duration, Flag, Identifier, Integer, Interval, Model, QualifiedName, Spec

Columns = Annotated[list[Identifier], Field(min_length=1)]


def watched(value: Any) -> Any:
    """A flag or a list of columns, in words that say so."""
    if isinstance(value, bool) or (isinstance(value, list) and value):
        return value
    message = "expected `true` for any column, `false`, or a list of at least one column"
    raise PydanticCustomError("pgspec_watched", "{message}", {"message": message})


class Events(Model):
    """The events that count.  ``update``: True for a change of any column, or the columns that are watched."""

    insert: Flag = False
    update: Annotated[Flag | Columns, BeforeValidator(watched, json_schema_input_type=bool | list[str])] = False
    delete: Flag = False
    truncate: Flag = False


class TagQuery(Model):
    """Tags that a query finds: it reads ``changed``, the rows that changed, and returns one column of text."""

    query: str


def _tag(value: Any) -> Any:
    if isinstance(value, str | dict):
        return value
    message = "expected a tag such as `search:vendors`, or `{query: SELECT ...}`"
    raise PydanticCustomError("pgspec_tag", "{message}", {"message": message})


def _at_least_one(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and value < 1:
        raise PydanticCustomError("pgspec_count", "{message}", {"message": "expected a number of at least 1"})
    return value


class Invalidation(Spec):
    """Writes to ``table`` put ``tags`` in the invalidation queue."""

    kind: Literal["invalidation"]
    name: Identifier
    table: QualifiedName
    where: str | None = None
    on: Events = Events(insert=True, update=True, delete=True, truncate=True)
    tags: Annotated[
        list[Annotated[str | TagQuery, BeforeValidator(_tag, json_schema_input_type=str | TagQuery)]],
        Field(min_length=1),
    ]
    dedup_window: Interval = Duration(60)
    max_tags: Annotated[Integer, BeforeValidator(_at_least_one, json_schema_input_type=int)] = 1000
