"""SQL: syntax and names inside queries.  Found while reading, so these are pages without a check."""

from __future__ import annotations

from pgspec.rules.registry import page


@page("SQL001")
def syntax_error() -> None:
    """
    The SQL does not parse.

    Why
    ---
    The text is read by PostgreSQL's own grammar: what it refuses, the server refuses.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, amount FORM orders
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, amount FROM orders
    ```
    """


@page("SQL002")
def unknown_relation() -> None:
    """
    A table or view is not known.

    Why
    ---
    Names are resolved against the schema files and the other specs, along `search_path`.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, amount FROM ordrs
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, amount FROM orders
    ```
    """


@page("SQL003")
def unknown_column() -> None:
    """
    A column is not known.

    Why
    ---
    The relation has no such column, or the alias does not reach this far.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amuonts
    unique_key: [id]
    query: SELECT id, amuont FROM orders
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, amount FROM orders
    ```
    """


@page("SQL004")
def ambiguous_column() -> None:
    """
    A column name means several columns.

    Why
    ---
    PostgreSQL refuses it as well; qualify the name.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, amount FROM orders JOIN customers ON customers.id = orders.customer_id
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT orders.id, amount FROM orders JOIN customers ON customers.id = orders.customer_id
    ```
    """


@page("SQL005")
def meaningless_query() -> None:
    """
    PostgreSQL would refuse the query.

    Why
    ---
    It parses and its names are known, and still it means nothing: a column outside of GROUP BY, two output columns
    of one name.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, count(*) AS amount FROM orders
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, count(*) AS amount FROM orders GROUP BY id
    ```
    """


@page("SQL006")
def not_one_query() -> None:
    """
    The SQL is not exactly one SELECT.

    Why
    ---
    A view stores the result of one query.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: DELETE FROM orders
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, amount FROM orders
    ```
    """
