"""PRJ: YAML and the shape of specs.  Found while reading, so these are pages without a check."""

from __future__ import annotations

from pgspec.rules.registry import page


@page("PRJ001")
def not_yaml() -> None:
    """
    The file is not YAML.

    Why
    ---
    Specs are read as YAML 1.2: `on`, `off`, `yes` and `no` are text, `010` is ten.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: [order_amounts
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


@page("PRJ002")
def duplicate_key() -> None:
    """
    A key is written twice.

    Why
    ---
    YAML parsers keep one of the two in silence, usually the last.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, amount FROM orders
    unique_key: [amount]
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


@page("PRJ003")
def tag_or_alias() -> None:
    """
    A tag, an alias or a merge key is used.

    Why
    ---
    A spec is read in a pull request, where a value that stands elsewhere cannot be seen.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: &key [id]
    indexes: [{columns: *key}]
    query: SELECT id, amount FROM orders
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    indexes: [{columns: [amount]}]
    query: SELECT id, amount FROM orders
    ```
    """


@page("PRJ004")
def unknown_key() -> None:
    """
    A key is not known.

    Why
    ---
    A key that is spelt wrong would be ignored, and what it asks for would not happen.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    uniqe_key: [id]
    query: SELECT id, amount FROM orders
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


@page("PRJ005")
def missing_key() -> None:
    """
    A key that is needed is missing or empty.

    Why
    ---
    The spec does not say enough to be compiled.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
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


@page("PRJ006")
def wrong_value() -> None:
    """
    A value is not of the type that the key takes.

    Why
    ---
    Numbers that are meant as names are quoted; durations carry their unit; a switch is `true` or `false`.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, amount FROM orders
    refresh: {every: 15 fortnights}
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, amount FROM orders
    refresh: {every: 15 minutes}
    ```
    """


@page("PRJ007")
def unknown_kind() -> None:
    """
    The kind of the spec is not known.

    Why
    ---
    `kind` decides what the other keys mean.

    Bad
    ---
    ```yaml
    kind: materialised_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, amount FROM orders
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


@page("PRJ016")
def folded_sql() -> None:
    """
    SQL over several lines is not a literal block.

    Why
    ---
    YAML joins the lines of other styles: comments swallow what follows, and places cannot be shown.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: >
      SELECT id, amount
      FROM orders
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: |
      SELECT id, amount
      FROM orders
    ```
    """
