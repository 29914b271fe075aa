"""BRK: differences between load tests."""

from __future__ import annotations

from pgspec.rules.grades import graded


@graded("BRK041")
def looser_load_test() -> None:
    """
    A load test measures less than it did, or allows more.

    Why
    ---
    Review: a slower answer passes that would have failed before.  Thresholds that move with every change measure
    nothing.

    Bad
    ---
    ```diff
     kind: load_test
     name: orders
     duration: 30s
     mix: [{name: newest, query: "SELECT id FROM orders ORDER BY placed_at DESC LIMIT 20"}]
    -thresholds: {newest: {p95_ms: 300}}
    +thresholds: {newest: {p95_ms: 3000}}
    ```

    Good
    ----
    ```diff
     kind: load_test
     name: orders
     duration: 30s
     mix: [{name: newest, query: "SELECT id FROM orders ORDER BY placed_at DESC LIMIT 20"}]
    -thresholds: {newest: {p95_ms: 300}}
    +thresholds: {newest: {p95_ms: 100}}
    ```
    """
