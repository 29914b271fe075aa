"""Differences from an earlier commit, which `pgspec breaking` reports: views and caches."""

from __future__ import annotations

from pgspec.rules.grades import graded


@graded("BRK001")
def gone_view() -> None:
    """
    A materialized view is gone.

    Why
    ---
    Breaking: whoever reads it fails.  A view under another name is another view.  Keep the old one beside the new
    one until nobody reads it.

    Bad
    ---
    ```diff
     kind: materialized_view
    -name: daily
    +name: by_day
     unique_key: [placed_on]
     query: |
       SELECT placed_on, count(*) AS orders
       FROM orders
       GROUP BY placed_on
    ```

    Good
    ----
    ```diff
     kind: materialized_view
     name: daily
     unique_key: [placed_on]
     query: |
       SELECT placed_on, count(*) AS orders
       FROM orders
       GROUP BY placed_on
    +---
    +kind: materialized_view
    +name: by_day
    +unique_key: [placed_on]
    +query: SELECT placed_on, orders FROM daily
    ```
    """


@graded("BRK002")
def gone_column() -> None:
    """
    A column of a materialized view is gone, or has another type.

    Why
    ---
    Breaking: whoever names it fails, or reads something else.  Add the new column and keep the old one until nobody
    reads it.

    Bad
    ---
    ```diff
     kind: materialized_view
     name: daily
     unique_key: [placed_on]
     query: |
    -  SELECT placed_on, count(*) AS orders
    +  SELECT placed_on, count(*) AS number
       FROM orders
       GROUP BY placed_on
    ```

    Good
    ----
    ```diff
     kind: materialized_view
     name: daily
     unique_key: [placed_on]
     query: |
    -  SELECT placed_on, count(*) AS orders
    +  SELECT placed_on, count(*) AS orders, count(*) AS number
       FROM orders
       GROUP BY placed_on
    ```
    """


@graded("BRK003")
def wider_key() -> None:
    """
    Rows of a materialized view are no longer unique by what they were unique by.

    Why
    ---
    Breaking: a reader that joins by the old key, or takes one row for it, now gets several.  A key of fewer columns
    breaks nobody.

    Bad
    ---
    ```diff
     kind: materialized_view
     name: daily
    -unique_key: [placed_on]
    +unique_key: [placed_on, coupon]
     query: |
    -  SELECT placed_on, count(*) AS orders
    +  SELECT placed_on, coalesce(coupon, '') AS coupon, count(*) AS orders
       FROM orders
    -  GROUP BY placed_on
    +  GROUP BY placed_on, coalesce(coupon, '')
    ```

    Good
    ----
    ```diff
     kind: materialized_view
     name: daily
    -unique_key: [placed_on, orders]
    +unique_key: [placed_on]
    -allow: {MV011: see below}
     query: |
       SELECT placed_on, count(*) AS orders
       FROM orders
       GROUP BY placed_on
    ```
    """


@graded("BRK004")
def other_rows() -> None:
    """
    The query of a materialized view is another, or a column may be NULL now.

    Why
    ---
    Review: names and types are the same, so nobody fails; whether the rows still mean the same is for people to
    tell.  How it is spelt does not count.

    Bad
    ---
    ```diff
     kind: materialized_view
     name: daily
     unique_key: [placed_on]
     query: |
       SELECT placed_on, count(*) AS orders
    -  FROM orders
    +  FROM orders WHERE amount > 0
       GROUP BY placed_on
    ```

    Good
    ----
    ```diff
     kind: materialized_view
     name: daily
     unique_key: [placed_on]
     query: |
       SELECT placed_on, count(*) AS orders
    -  FROM orders
    +  from orders  -- all of them
       GROUP BY placed_on
    ```
    """


@graded("BRK005")
def other_upkeep() -> None:
    """
    A materialized view is refreshed less often, in another way, or has lost an index.

    Why
    ---
    Review: readers meet older rows, wait for a refresh, or are slower.  It may also be refreshed as another role,
    who may see other rows.

    Bad
    ---
    ```diff
     kind: materialized_view
     name: daily
     unique_key: [placed_on]
     query: |
       SELECT placed_on, count(*) AS orders
       FROM orders
       GROUP BY placed_on
    -refresh: {every: 15 minutes}
    +refresh: {every: 1h}
    ```

    Good
    ----
    ```diff
     kind: materialized_view
     name: daily
     unique_key: [placed_on]
     query: |
       SELECT placed_on, count(*) AS orders
       FROM orders
       GROUP BY placed_on
    -refresh: {every: 15 minutes}
    +refresh: {every: 5 minutes}
    ```
    """


@graded("BRK006")
def withdrawn_access() -> None:
    """
    A role may no longer read a view, or use a table.

    Why
    ---
    Breaking: its requests fail.  Find out who still asks as this role before it is closed.

    Bad
    ---
    ```diff
     kind: materialized_view
     name: daily
     unique_key: [placed_on]
     query: |
       SELECT placed_on, count(*) AS orders
       FROM orders
       GROUP BY placed_on
    -access: {select: [service_role, anon]}
    +access: {select: [service_role]}
    ```

    Good
    ----
    ```diff
     kind: materialized_view
     name: daily
     unique_key: [placed_on]
     query: |
       SELECT placed_on, count(*) AS orders
       FROM orders
       GROUP BY placed_on
    -access: {select: [service_role, anon]}
    +access: {select: [anon, service_role]}
    ```
    """


@graded("BRK008")
def lost_tag() -> None:
    """
    A write no longer emits a tag that it emitted.

    Why
    ---
    Breaking: what is cached under the tag stays stale until its TTL ends.  It does not matter which invalidation
    emits a tag.  A condition that loses a part joined by AND, or gains one joined by OR, breaks nobody.

    Bad
    ---
    ```diff
     kind: invalidation
     name: orders
     table: orders
    -on: {insert: true, update: [amount, coupon], delete: true}
    +on: {insert: true, update: [amount], delete: true}
     tags: [revenue]
    ```

    Good
    ----
    ```diff
     kind: invalidation
    -name: orders
    +name: revenue
     table: orders
    -on: {insert: true, update: [amount, coupon], delete: true}
    +on: {insert: true, update: true, delete: true}
     tags: [revenue]
    ```
    """


@graded("BRK009")
def slower_invalidation() -> None:
    """
    Caches learn later of writes, or keep results longer.

    Why
    ---
    Review: a longer window or TTL serves what is stale for longer; a lower `max_tags` invalidates more than it
    must.

    Bad
    ---
    ```diff
     kind: invalidation
     name: orders
     table: orders
     on: {insert: true, update: [amount, coupon], delete: true}
     tags: [revenue]
    +dedup_window: 5 minutes
    ```

    Good
    ----
    ```diff
     kind: invalidation
     name: orders
     table: orders
     on: {insert: true, update: [amount, coupon], delete: true}
     tags: [revenue]
    +dedup_window: 30s
    ```
    """


@graded("BRK010")
def other_parameters() -> None:
    """
    The parameters of a cached query are others.

    Why
    ---
    Breaking: applications that give the old ones fail, or look under keys that nothing fills.  Give the query
    another name.

    Bad
    ---
    ```diff
     kind: cached_query
     name: customer
    -query: SELECT city FROM customers WHERE id = :id
    +query: SELECT city FROM customers WHERE id = :customer
     tags: [x]
     ttl: 5 minutes
     ---
     kind: invalidation
     name: customers
     table: customers
     tags: [x]
    ```

    Good
    ----
    ```diff
     kind: cached_query
     name: customer
    -query: SELECT city FROM customers WHERE id = :id
    +query: SELECT c.city FROM customers c WHERE c.id = :id
     tags: ["customer:{id}"]
     ttl: 5 minutes
     ---
     kind: invalidation
     name: customers
     table: customers
     tags: ["customer:{id}"]
    ```
    """


@graded("BRK011")
def other_cached_query() -> None:
    """
    A cached query is gone, reads otherwise, or carries other tags.

    Why
    ---
    Review: applications hold the text and the tags too, and follow when they are deployed.  Until then what they
    cache is invalidated while the old tags are emitted (BRK008).

    Bad
    ---
    ```diff
     kind: cached_query
     name: customer
    -query: SELECT city FROM customers WHERE id = :id
    +query: SELECT upper(city) AS city FROM customers WHERE id = :id
     tags: ["customer:{id}"]
     ttl: 5 minutes
     ---
     kind: invalidation
     name: customers
     table: customers
     tags: ["customer:{id}"]
    ```

    Good
    ----
    ```diff
     kind: cached_query
     name: customer
     query: SELECT city FROM customers WHERE id = :id
     tags: ["customer:{id}"]
    -ttl: 5 minutes
    +ttl: 1 minute
     ---
     kind: invalidation
     name: customers
     table: customers
     tags: ["customer:{id}"]
    ```
    """
