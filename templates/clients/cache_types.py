Value = str | int | bool | Decimal | UUID | Sequence["Value"] | None
"""What a parameter of a query may be."""


@dataclass(frozen=True)
class CachedQuery:
    """A query and its cache entry: ``load`` runs ``text`` with ``values``.  A changed query has another key."""

    key: str
    tags: list[Tag]
    ttl_seconds: int | None
    text: LiteralString
    values: dict[str, Value]
