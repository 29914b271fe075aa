"""Differences from an earlier commit, which `pgspec breaking` reports: alerts."""

from __future__ import annotations

from pgspec.rules.grades import graded


@graded("BRK040")
def loosened_alert() -> None:
    """
    An alert is gone, fires later, or tells somebody less urgently.

    Why
    ---
    Review: what it was about is noticed later, or by nobody.  That is right for an alert that cried wolf.

    Bad
    ---
    ```diff
     kind: alert
     name: orders_of_the_day
     query: SELECT count(*) AS value FROM orders WHERE placed_on = current_date
    -above: 1000
    +above: 100000
     runbook: "see who orders"
    ```

    Good
    ----
    ```diff
     kind: alert
     name: orders_of_the_day
     query: SELECT count(*) AS value FROM orders WHERE placed_on = current_date
    -above: 1000
    +above: 500
     runbook: "see who orders"
    ```
    """
