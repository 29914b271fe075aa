"""``kind: event_log``: what happened, one row an event, in partitions of a day that are dropped when they are old."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from pgspec.kinds.base import Identifier, Integer, Interval, Model, Spec
from pgspec.kinds.project import Names

MOST_VALUES = 10_000
"""How many values a label can have: each one that the log has not seen is looked for among all of them."""

LabelValue = StrictStr | StrictBool | StrictInt


class Label(Model):
    """A column of few values, by which roll-ups may group.  ``max_cardinality``: how many values it may have;
    ``values``: those that it has, and no others.  ``normalize``: how a value is made one of few."""

    type: str = "text"
    max_cardinality: Annotated[Integer, Field(ge=1, le=MOST_VALUES)] | None = None
    values: Annotated[list[LabelValue], Field(min_length=1)] | None = None
    normalize: Literal["path"] | None = None


class LogAccess(Model):
    """Who reads the log, and who records in it, beside the service roles."""

    select: Names = []
    record: Names = []


class EventLog(Spec):
    """Events with ``labels`` of few values, ``identifiers`` of any number, and ``measures``, kept for ``retention``."""

    kind: Literal["event_log"]
    name: Identifier
    labels: dict[Identifier, Label] = {}
    identifiers: dict[Identifier, str] = {}
    measures: dict[Identifier, str] = {}
    retention: Interval
    partition: Literal["day"] = "day"
    access: LogAccess = LogAccess()
