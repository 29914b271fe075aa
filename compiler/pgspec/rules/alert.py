"""ALR: alerts.  What is wrong with the query of one is found while it is read; that is a page without a check."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.diagnostics import Severity
from pgspec.program import Program
from pgspec.rules.registry import Finding, page, rule


@page("ALR001")
def no_number() -> None:
    """
    The query of an alert does not return a number under the name `value`.

    Why
    ---
    `value` is what is compared with the threshold.  Beside it there may be `detail`, a text that says what of many it
    is about.  Of several rows the worst counts; without a row, or with NULL, nothing fires.

    Bad
    ---
    ```yaml
    kind: alert
    name: oldest_order
    query: SELECT now() - min(placed_at) AS value FROM orders WHERE coupon IS NULL
    above: 3600
    runbook: "see who packs"
    ```

    Good
    ----
    ```yaml
    kind: alert
    name: oldest_order
    query: SELECT extract(epoch FROM now() - min(placed_at)) AS value FROM orders WHERE coupon IS NULL
    above: 3600
    runbook: "see who packs"
    ```
    """


@page("ALR002")
def no_threshold() -> None:
    """
    An alert has no threshold, or two.

    Why
    ---
    It fires beyond one number, on one side of it: `above` or `below`.  A range is two alerts, with two runbooks.

    Bad
    ---
    ```yaml
    kind: alert
    name: orders_of_the_day
    query: SELECT count(*) AS value FROM orders WHERE placed_on = current_date
    above: 100000
    below: 1
    runbook: "see whether the shop is open"
    ```

    Good
    ----
    ```yaml
    kind: alert
    name: orders_of_the_day
    query: SELECT count(*) AS value FROM orders WHERE placed_on = current_date
    below: 1
    runbook: "see whether the shop is open"
    ```
    """


@page("ALR003")
def not_a_built_in_alert() -> None:
    """
    A spec of a built-in alert does not fit to it.

    Why
    ---
    Without a query a spec changes what the built-in alert of its name says: threshold, `for`, severity, runbook.  There
    must be such an alert, which depends on what the project has; it fires on the side that it fires on; and its query
    is its own.

    Bad
    ---
    ```yaml
    kind: alert
    name: queue_dept
    above: 50000
    ---
    kind: invalidation
    name: orders
    table: orders
    tags: [orders]
    ---
    kind: cached_query
    name: orders
    query: SELECT id FROM orders
    tags: [orders]
    ttl: 5 minutes
    ```

    Good
    ----
    ```yaml
    kind: alert
    name: queue_depth
    above: 50000
    ---
    kind: invalidation
    name: orders
    table: orders
    tags: [orders]
    ---
    kind: cached_query
    name: orders
    query: SELECT id FROM orders
    tags: [orders]
    ttl: 5 minutes
    ```
    """


@rule("ALR004", Severity.WARNING)
def no_runbook(program: Program) -> Iterator[Finding]:
    """
    An alert pages somebody and does not say what to do.

    Why
    ---
    Whoever is woken by it has to find out what it means.  `runbook` is a text or an address; a built-in alert has one.

    Bad
    ---
    ```yaml
    kind: alert
    name: orders_of_the_day
    query: SELECT count(*) AS value FROM orders WHERE placed_on = current_date
    below: 1
    severity: page
    ```

    Good
    ----
    ```yaml
    kind: alert
    name: orders_of_the_day
    query: SELECT count(*) AS value FROM orders WHERE placed_on = current_date
    below: 1
    severity: page
    runbook: "look at the shop with a browser, then at the log of its payments"
    ```
    """
    for item in program.written_alerts:
        if item.alert is not None and item.alert.severity == "page" and not item.alert.runbook:
            message = f"`{item.spec.name}` pages somebody who is not told what to do"
            yield Finding(item.document.at("severity"), message, 'add `runbook: "..."`', item)
