"""INV: cached queries, and the tags that invalidations and cached queries share."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.cached import Cached
from pgspec.coverage import Gap
from pgspec.diagnostics import Severity
from pgspec.program import Program
from pgspec.queries import nearest
from pgspec.rules.registry import Finding, rule
from pgspec.sql import ident, qname
from pgspec.tags import Template


@rule("INV002")
def uncovered_table(program: Program) -> Iterator[Finding]:
    """
    A cached query reads a table that no invalidation with one of its tags covers.

    Why
    ---
    A write to the table changes the result, and nothing says so: the cache serves the old one until the TTL ends.  An
    invalidation on the table must emit one of the query's tags for every event.  Its `where` must not leave out rows
    that the query reads, and a placeholder must be the column that the query compares with the parameter of its name.
    A TTL that is meant as the only bound is a reason to give in `allow: {INV002: reason}`.

    Bad
    ---
    ```yaml
    kind: cached_query
    name: orders_by_city
    query: SELECT count(*) AS orders FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.city = :city
    tags: [orders]
    ttl: 5 minutes
    ---
    kind: invalidation
    name: orders
    table: orders
    tags: [orders]
    ```

    Good
    ----
    ```yaml
    kind: cached_query
    name: orders_by_city
    query: SELECT count(*) AS orders FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.city = :city
    tags: [orders, "orders:city:{city}"]
    ttl: 5 minutes
    ---
    kind: invalidation
    name: orders
    table: orders
    tags: [orders]
    ---
    kind: invalidation
    name: cities
    table: customers
    on: {insert: true, update: [city], delete: true, truncate: true}
    tags: ["orders:city:{city}"]
    ```
    """
    for cached in program.cached:
        found: dict[tuple[str, str, int], list[str]] = {}
        for gap in cached.gaps:
            if gap.event != "update" or not _is_of_a_column(gap):
                key = (qname(gap.use.relation), gap.reason, gap.use.start)
                found.setdefault(key, []).append(gap.event.upper())
        for (table, reason, start), events in found.items():
            which = _listed(list(dict.fromkeys(events)))
            message = f"a cached `{cached.spec.name}` is stale {_until(cached)} after {which} on `{table}`: {reason}"
            help_ = (
                f"emit one of its tags from an invalidation on `{table}`, or say why not in `allow: {{INV002: ...}}`"
            )
            if reason.endswith("emits no tag"):
                help_ = "read its tables instead, or accept the TTL with `allow: {INV002: ...}`"
            yield Finding(cached.source.span(start, _end(cached, start)), message, help_, cached)


@rule("INV003")
def uncovered_column(program: Program) -> Iterator[Finding]:
    """
    A cached query reads a column whose update emits none of its tags.

    Why
    ---
    The column decides what the result is, be it shown, compared, joined or sorted by.  An update of it changes the
    result, and the cache serves the old one until the TTL ends.

    Bad
    ---
    ```yaml
    kind: cached_query
    name: order_amounts
    query: SELECT id, amount FROM orders
    tags: [orders]
    ---
    kind: invalidation
    name: orders
    table: orders
    on: {insert: true, update: [coupon], delete: true, truncate: true}
    tags: [orders]
    ```

    Good
    ----
    ```yaml
    kind: cached_query
    name: order_amounts
    query: SELECT id, amount FROM orders
    tags: [orders]
    ---
    kind: invalidation
    name: orders
    table: orders
    on: {insert: true, update: [id, amount, coupon], delete: true, truncate: true}
    tags: [orders]
    ```
    """
    for cached in program.cached:
        seen = set()
        for gap in cached.gaps:
            if gap.event != "update" or gap.column is None or not _is_of_a_column(gap):
                continue
            column = f"{qname(gap.use.relation)}.{ident(gap.column)}"
            if (column, gap.reason) in seen:
                continue
            seen.add((column, gap.reason))
            message = (
                f"a cached `{cached.spec.name}` is stale {_until(cached)} after UPDATE of `{column}`: {gap.reason}"
            )
            help_ = f"add `{gap.column}` to `on.update` of `{gap.near}`" if "does not watch" in gap.reason else ""
            yield Finding(cached.source.span(gap.use.start, _end(cached, gap.use.start)), message, help_, cached)


@rule("INV004", Severity.WARNING)
def unused_tag(program: Program) -> Iterator[Finding]:
    """
    An invalidation emits a tag that no cached query carries.

    Why
    ---
    Every write pays for the tag, and nothing becomes fresh by it: it is misspelt, or what carried it is gone.  Where
    something outside the project carries it, say so in `allow: {INV004: reason}`.  Projects without a cached query are
    not asked.

    Bad
    ---
    ```yaml
    kind: cached_query
    name: order_amounts
    query: SELECT id, amount FROM orders
    tags: [orders]
    ---
    kind: invalidation
    name: orders
    table: orders
    tags: [orders, order]
    ```

    Good
    ----
    ```yaml
    kind: cached_query
    name: order_amounts
    query: SELECT id, amount FROM orders
    tags: [orders]
    ---
    kind: invalidation
    name: orders
    table: orders
    tags: [orders]
    ```
    """
    carried = [tag for cached in program.cached for _, tag in cached.tags]
    shapes = {tag.shape for tag in carried}
    for mapping in program.mappings if program.cached else ():
        for tag in mapping.tags:
            if tag.template is not None:
                used = tag.template.shape in shapes
                text = tag.template.text
            else:
                used = any(_begins(other, tag.wildcard[:-1]) for other in carried)
                text = tag.wildcard
            if not used:
                help_ = (
                    nearest(text, {other.text for other in carried}) or "remove it, or add it to what it makes fresh"
                )
                message = f"no cached query carries the tag `{text}`"
                yield Finding(mapping.document.at(*tag.path), message, help_, mapping)


@rule("INV009")
def beyond_rows(program: Program) -> Iterator[Finding]:
    """
    A cached query depends on something other than rows.

    Why
    ---
    The result changes with the clock, with who asks, or by chance, and no write announces it.  Whoever asks next gets
    what the first one saw.  Make it a parameter, which becomes part of the key and of the tags; or, where the TTL is
    bound enough, give the reason in `allow: {INV009: reason}`.

    Bad
    ---
    ```yaml
    kind: cached_query
    name: recent_orders
    query: SELECT id FROM orders WHERE placed_at > now() - interval '1 day'
    tags: [orders]
    ttl: 1 minute
    ---
    kind: invalidation
    name: orders
    table: orders
    tags: [orders]
    ```

    Good
    ----
    ```yaml
    kind: cached_query
    name: recent_orders
    query: SELECT id FROM orders WHERE placed_at > :since
    tags: [orders]
    ttl: 1 minute
    ---
    kind: invalidation
    name: orders
    table: orders
    tags: [orders]
    ```
    """
    for cached in program.cached:
        for found in cached.beyond_rows:
            message = f"a cached `{cached.spec.name}` can be wrong without a write: {found.message}"
            help_ = "make it a parameter, or give the reason in `allow: {INV009: ...}`"
            yield Finding(cached.source.span(found.start, found.end), message, help_, cached)


@rule("INV010", Severity.WARNING)
def unknown_tag(program: Program) -> Iterator[Finding]:
    """
    A cached query carries a tag that no invalidation emits.

    Why
    ---
    The tag does nothing: it is misspelt, or what emitted it is gone.

    Bad
    ---
    ```yaml
    kind: cached_query
    name: order_amounts
    query: SELECT id, amount FROM orders
    tags: [orders, oders]
    ---
    kind: invalidation
    name: orders
    table: orders
    tags: [orders]
    ```

    Good
    ----
    ```yaml
    kind: cached_query
    name: order_amounts
    query: SELECT id, amount FROM orders
    tags: [orders]
    ---
    kind: invalidation
    name: orders
    table: orders
    tags: [orders]
    ```
    """
    tags = [tag for mapping in program.mappings for tag in mapping.tags]
    shapes = {tag.template.shape for tag in tags if tag.template is not None}
    heads = [tag.wildcard[:-1] for tag in tags if tag.template is None]
    for cached in program.cached:
        for number, tag in cached.tags:
            if tag.shape not in shapes and not any(_begins(tag, head) for head in heads):
                known = {other.template.text for other in tags if other.template is not None}
                help_ = nearest(tag.text, known) or "remove it, or emit it from an invalidation"
                message = f"no invalidation emits the tag `{tag.text}`"
                yield Finding(cached.document.at("tags", number), message, help_, cached)


def _begins(tag: Template, head: str) -> bool:
    return bool(tag.parts) and isinstance(tag.parts[0], str) and tag.parts[0].startswith(head)


def _is_of_a_column(gap: Gap) -> bool:
    """Whether an invalidation with the right tag is there, so that the column is what is missing."""
    return gap.near is not None and not gap.reason.startswith("no ")


def _until(cached: Cached) -> str:
    return f"until its TTL of {cached.spec.ttl} ends" if cached.spec.ttl else "for ever, since it has no TTL,"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _end(cached: Cached, start: int) -> int:
    """Where the name that starts here ends."""
    text = cached.source.text
    end = start
    while end < len(text) and (text[end].isalnum() or text[end] in '_."$'):
        end += 1
    return max(end, start + 1)
