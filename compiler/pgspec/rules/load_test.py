"""LOD: load tests.  What keeps one from running is found while it is read, and has a page without a check."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.diagnostics import Severity
from pgspec.program import Program
from pgspec.rules.registry import Finding, page, rule


@page("LOD001")
def unknown_name_in_load_test() -> None:
    """
    A load test names an entry, a cached query or a persona that does not exist.

    Why
    ---
    A threshold for an entry that is not in the mix is never compared with anything, and the test passes without it.

    Bad
    ---
    ```yaml
    kind: load_test
    name: checkout
    duration: 30s
    mix: [{name: list_orders, query: "SELECT id, amount FROM orders LIMIT 20"}]
    thresholds: {list_order: {p95_ms: 300}}
    ```

    Good
    ----
    ```yaml
    kind: load_test
    name: checkout
    duration: 30s
    mix: [{name: list_orders, query: "SELECT id, amount FROM orders LIMIT 20"}]
    thresholds: {list_orders: {p95_ms: 300}}
    ```
    """


@page("LOD002")
def ambiguous_load_entry() -> None:
    """
    Two entries of a mix have one name, or one is called `errors`.

    Why
    ---
    Thresholds, the printed table and the files under generated/load know an entry by its name.  `errors` among the
    thresholds is the number of transactions of all entries that may fail.

    Bad
    ---
    ```yaml
    kind: load_test
    name: checkout
    duration: 30s
    mix:
      - {name: orders, query: "SELECT id FROM orders LIMIT 20"}
      - {name: orders, query: "SELECT count(*) FROM orders"}
    ```

    Good
    ----
    ```yaml
    kind: load_test
    name: checkout
    duration: 30s
    mix:
      - {name: orders, query: "SELECT id FROM orders LIMIT 20"}
      - {name: count_orders, query: "SELECT count(*) FROM orders"}
    ```
    """


@page("LOD003")
def parameter_without_values() -> None:
    """
    A statement or a request has a parameter, and nothing says which values it has.

    Why
    ---
    A query is as fast as its values let it be: one that is asked for the same row a thousand times finds it in memory.
    Values come from a query (up to 100 of its rows, chosen at random when the test starts), from a list, or are
    whole numbers of a range.

    Bad
    ---
    ```yaml
    kind: load_test
    name: checkout
    duration: 30s
    mix: [{name: one_order, query: "SELECT amount FROM orders WHERE id = :order_id"}]
    ```

    Good
    ----
    ```yaml
    kind: load_test
    name: checkout
    duration: 30s
    parameters: {order_id: {query: SELECT id FROM orders}}
    mix: [{name: one_order, query: "SELECT amount FROM orders WHERE id = :order_id"}]
    ```
    """


@page("LOD004")
def values_of_many_columns() -> None:
    """
    The query for the values of a parameter returns more than the value.

    Why
    ---
    One parameter takes one value; which column it is would be a guess.

    Bad
    ---
    ```yaml
    kind: load_test
    name: checkout
    duration: 30s
    parameters: {order_id: {query: "SELECT id, placed_on FROM orders"}}
    mix: [{name: one_order, query: "SELECT amount FROM orders WHERE id = :order_id"}]
    ```

    Good
    ----
    ```yaml
    kind: load_test
    name: checkout
    duration: 30s
    parameters: {order_id: {query: SELECT id FROM orders}}
    mix: [{name: one_order, query: "SELECT amount FROM orders WHERE id = :order_id"}]
    ```
    """


@rule("LOD005", Severity.WARNING)
def unused_load_parameter(program: Program) -> Iterator[Finding]:
    """
    A load test describes values that no entry uses.

    Why
    ---
    It is a slip for the name of another parameter, or was left when a query changed.  Values that an entry describes
    for itself take the place of those of the test.

    Bad
    ---
    ```yaml
    kind: load_test
    name: checkout
    duration: 30s
    parameters: {order_id: {query: SELECT id FROM orders}}
    mix: [{name: list_orders, query: "SELECT id, amount FROM orders LIMIT 20"}]
    ```

    Good
    ----
    ```yaml
    kind: load_test
    name: checkout
    duration: 30s
    mix: [{name: list_orders, query: "SELECT id, amount FROM orders LIMIT 20"}]
    ```
    """
    for load in program.loads:
        if not load.understood:
            continue
        help_ = "remove it, or write `:{}` where the query should take it"
        shared: set[str] = set()
        for number, entry in enumerate(load.entries):
            shared |= entry.values.keys() - entry.spec.parameters.keys()
            for name in entry.spec.parameters:
                if name not in entry.values:
                    span = load.document.key("mix", number, "parameters", name)
                    message = f"`{entry.spec.name}` has no parameter `{name}`"
                    yield Finding(span, message, help_.format(name), load)
        for name in load.spec.parameters:
            if name not in shared:
                span = load.document.key("parameters", name)
                yield Finding(span, f"no entry takes `{name}` from here", help_.format(name), load)
