"""``kind: cached_query``: a query whose result an application caches under tags."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pgspec.kinds.base import Identifier, Interval, Spec


class CachedQuery(Spec):
    """A query with ``:name`` parameters, the tags that its cached results carry, and how long they are kept."""

    kind: Literal["cached_query"]
    name: Identifier
    query: str | None = None
    query_file: str | None = None
    tags: Annotated[list[str], Field(min_length=1)]
    ttl: Interval | None = None
