"""INV: invalidations.  What is wrong with one is found while it is read, so these are pages without a check."""

from __future__ import annotations

from pgspec.rules.registry import page


@page("INV001")
def unknown_column() -> None:
    """
    An invalidation names a table or a column that does not exist.

    Why
    ---
    Its trigger would fail, and with it every write to the table; or it would never see the change that it waits for.

    Bad
    ---
    ```yaml
    kind: invalidation
    name: orders
    table: orders
    on: {insert: true, update: [ammount], delete: true}
    tags: [orders]
    ```

    Good
    ----
    ```yaml
    kind: invalidation
    name: orders
    table: orders
    on: {insert: true, update: [amount], delete: true}
    tags: [orders]
    ```
    """


@page("INV005")
def unwatchable_table() -> None:
    """
    An invalidation watches something of which no trigger sees every write.

    Why
    ---
    Statement triggers with transition tables need a table.  Views have no rows of their own; a materialized view
    changes when it is refreshed; a write through a partitioned table fires the triggers of that table alone, not those
    of its partitions; and what pgspec installs is not the application's.

    Bad
    ---
    ```yaml
    kind: invalidation
    name: senders
    table: senders
    tags: [senders]
    ```

    Good
    ----
    ```yaml
    kind: invalidation
    name: senders
    table: messages
    tags: [senders]
    ```
    """


@page("INV006")
def foreign_condition() -> None:
    """
    A condition, or the query of a tag, is not about the rows that changed.

    Why
    ---
    `where` is asked of the old and of the new row, once each.  What other tables, the clock or the session say may be
    different when the cache is read, and nothing would invalidate it then.  The query of a tag reads `changed`, the
    rows that changed, and may join others to it.

    Bad
    ---
    ```yaml
    kind: invalidation
    name: orders
    table: orders
    where: placed_at > now() - interval '1 day'
    tags: [orders]
    ```

    Good
    ----
    ```yaml
    kind: invalidation
    name: orders
    table: orders
    where: amount > 0
    tags: [orders]
    ```
    """


@page("INV007")
def contradicting_invalidations() -> None:
    """
    Two invalidations, or two entries of one, contradict each other.

    Why
    ---
    What both of them say of one tag cannot hold at once; the shorter window would decide, whichever was meant.

    Bad
    ---
    ```yaml
    kind: invalidation
    name: orders
    table: orders
    tags: [orders, orders]
    ```

    Good
    ----
    ```yaml
    kind: invalidation
    name: orders
    table: orders
    tags: [orders]
    ```
    """


@page("INV008")
def malformed_tag() -> None:
    """
    A tag cannot be made.

    Why
    ---
    Writer and reader must spell a tag alike.  A placeholder is a column in braces whose text is the same in every
    session; a literal brace is written twice; a tag is at most 500 bytes long, and does not end in `*`, which stands
    for all below.

    Bad
    ---
    ```yaml
    kind: invalidation
    name: orders
    table: orders
    tags: ["orders:{customer_id"]
    ```

    Good
    ----
    ```yaml
    kind: invalidation
    name: orders
    table: orders
    tags: ["orders:{customer_id}"]
    ```
    """


@page("INV011")
def idle_invalidation() -> None:
    """
    An invalidation watches no event.

    Why
    ---
    It installs nothing, and its tags are never emitted.

    Bad
    ---
    ```yaml
    kind: invalidation
    name: orders
    table: orders
    on: {}
    tags: [orders]
    ```

    Good
    ----
    ```yaml
    kind: invalidation
    name: orders
    table: orders
    on: {insert: true, delete: true}
    tags: [orders]
    ```
    """
