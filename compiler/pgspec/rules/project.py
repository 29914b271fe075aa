"""PRJ: the project as a whole.  Found while reading, so these are pages without a check."""

from __future__ import annotations

from pgspec.diagnostics import Severity
from pgspec.rules.registry import page


@page("PRJ008")
def not_one_project() -> None:
    """
    There is not exactly one project.

    Why
    ---
    `specs/project.yaml` is the one spec of kind `project`; it holds what is common to all.

    Bad
    ---
    ```yaml
    kind: project
    name: another
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


@page("PRJ009")
def unreadable_file() -> None:
    """
    A file cannot be read as what it should be.

    Why
    ---
    A spec file is UTF-8 text of at most 1 MiB; `query_file` and `schema` name files that exist.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query_file: missing.sql
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


@page("PRJ010", Severity.WARNING)
def ddl_not_understood() -> None:
    """
    A statement of the schema files concerns the catalog and is not understood.

    Why
    ---
    What the schema files say is what proofs rest on, so a statement that could not be followed is named.
    """


@page("PRJ011")
def name_taken() -> None:
    """
    A name is already taken.

    Why
    ---
    Tables, views and indexes of a schema share one name space; the second CREATE would fail.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: orders
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


@page("PRJ012", Severity.WARNING)
def wrong_file_name() -> None:
    """
    A file in specs/ looks like a spec and is not read.

    Why
    ---
    Only `*.yaml` is read.
    """


@page("PRJ013", Severity.WARNING)
def unused_allow() -> None:
    """
    `allow` accepts a finding that is not there.

    Why
    ---
    The reason outlived the finding; left in place it would hide the next one.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, amount FROM orders
    allow: {MV003: the column is filled by the import}
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


@page("PRJ014")
def unknown_code() -> None:
    """
    `allow` names a code that does not exist, or one that cannot be accepted.

    Why
    ---
    Only the findings of rules can be accepted; what stops the compiler from understanding a spec cannot.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, amount FROM orders
    allow: {MV999: no reason}
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
