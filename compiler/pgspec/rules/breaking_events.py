"""Differences from an earlier commit, which `pgspec breaking` reports: event logs."""

from __future__ import annotations

from pgspec.rules.grades import graded


@graded("BRK031")
def gone_event_column() -> None:
    """
    An event log, or a column of one, is gone or has another type.

    Why
    ---
    Breaking: whoever records it by name fails, and so does whoever reads it.  Its values go with it; a migration
    refuses to drop any that are there.  Add the new column and keep the old one until nobody records it.

    Bad
    ---
    ```diff
     kind: event_log
     name: requests
    -labels: {endpoint: {max_cardinality: 100}, city: {max_cardinality: 100}}
    +labels: {endpoint: {max_cardinality: 100}}
     retention: 30 days
    ```

    Good
    ----
    ```diff
     kind: event_log
     name: requests
     labels: {endpoint: {max_cardinality: 100}}
    +measures: {took_ms: double precision}
     retention: 30 days
    ```
    """


@graded("BRK032")
def narrower_event_log() -> None:
    """
    An event log keeps its events for a shorter time, or a label may have fewer values.

    Why
    ---
    Review: the next upkeep drops what is older, for good.  Values beyond the smaller budget are recorded as `other`
    from now on, also those that were there by name.

    Bad
    ---
    ```diff
     kind: event_log
     name: requests
    -labels: {endpoint: {max_cardinality: 100}}
    +labels: {endpoint: {max_cardinality: 10}}
     retention: 30 days
    ```

    Good
    ----
    ```diff
     kind: event_log
     name: requests
    -labels: {endpoint: {max_cardinality: 100}}
    +labels: {endpoint: {max_cardinality: 200}}
     retention: 30 days
    ```
    """
