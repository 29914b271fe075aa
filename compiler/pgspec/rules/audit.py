"""AUD: audit logs.  What is wrong with one is found while it is read, so these are pages without a check."""

from __future__ import annotations

from pgspec.rules.registry import page


@page("AUD001")
def unknown_audited_name() -> None:
    """
    An audit log names a table, a column or a role that does not exist.

    Why
    ---
    Its trigger would fail, and with it every write to the table; or it would never log the change that it waits for.
    A viewer for a role that is not there is read by nobody.

    Bad
    ---
    ```yaml
    kind: audit_log
    name: order_log
    tables: {orders: {update: [ammount]}}
    retention: 400 days
    ```

    Good
    ----
    ```yaml
    kind: audit_log
    name: order_log
    tables: {orders: {update: [amount]}}
    retention: 400 days
    ```
    """


@page("AUD002")
def unauditable_table() -> None:
    """
    An audit log watches something of which no trigger sees every write.

    Why
    ---
    Statement triggers with transition tables need a table.  Views have no rows of their own, a write through a
    partitioned table does not fire the triggers of its partitions, and what pgspec installs is not the application's.

    Bad
    ---
    ```yaml
    kind: audit_log
    name: message_log
    tables: {senders: {update: true}}
    retention: 400 days
    ```

    Good
    ----
    ```yaml
    kind: audit_log
    name: message_log
    tables: {messages: {update: true}}
    retention: 400 days
    ```
    """


@page("AUD003")
def idle_audit_log() -> None:
    """
    An audit log names a table and logs no event of it.

    Why
    ---
    Whoever reads the spec believes that writes to the table are recorded.

    Bad
    ---
    ```yaml
    kind: audit_log
    name: order_log
    tables: {orders: {}}
    retention: 400 days
    ```

    Good
    ----
    ```yaml
    kind: audit_log
    name: order_log
    tables: {orders: {delete: true, truncate: true}}
    retention: 400 days
    ```
    """


@page("AUD004")
def unknown_context() -> None:
    """
    An entry of `context` is neither `request_id` nor a claim.

    Why
    ---
    Nobody would know what to record for it.  `request_id` is the expression under `session:` in project.yaml; a claim
    is `claims.` and the way to it, such as `claims.sub` or `claims.app_metadata.role`; a part that contains a dot is
    written in double quotes.

    Bad
    ---
    ```yaml
    kind: audit_log
    name: order_log
    tables: {orders: {delete: true}}
    context: [request_id, sub]
    retention: 400 days
    ```

    Good
    ----
    ```yaml
    kind: audit_log
    name: order_log
    tables: {orders: {delete: true}}
    context: [request_id, claims.sub]
    retention: 400 days
    ```
    """


@page("AUD005")
def logged_twice() -> None:
    """
    A table, a column or an entry of `context` is there twice.

    Why
    ---
    Every write would be logged twice, or one of the two entries is a slip for another name.

    Bad
    ---
    ```yaml
    kind: audit_log
    name: order_log
    tables: {orders: {delete: true}, public.orders: {update: true}}
    retention: 400 days
    ```

    Good
    ----
    ```yaml
    kind: audit_log
    name: order_log
    tables: {orders: {delete: true, update: true}}
    retention: 400 days
    ```
    """


@page("AUD006")
def long_audit_name() -> None:
    """
    The name of an audit log is too long for that of its function.

    Why
    ---
    `cleanup_NAME` forgets entries that are older than the retention.  PostgreSQL cuts names after 63 bytes.

    Bad
    ---
    ```yaml
    kind: audit_log
    name: every_change_that_somebody_made_to_an_order_of_some_customer
    tables: {orders: {update: true}}
    retention: 400 days
    ```

    Good
    ----
    ```yaml
    kind: audit_log
    name: order_log
    tables: {orders: {update: true}}
    retention: 400 days
    ```
    """


@page("AUD007")
def condition_on_rows() -> None:
    """
    The condition of an audit log's `viewer` is not one of the session alone.

    Why
    ---
    `require` is asked once, before any row is read, so that its answer cannot tell which rows there are: whoever does
    not meet it gets an error even from an empty log.  A condition on columns chooses rows: that is a policy, in a spec
    of `kind: rls` whose `table` is the log.

    Bad
    ---
    ```yaml
    kind: audit_log
    name: order_log
    tables: {orders: {update: true}}
    retention: 400 days
    viewer: {name: order_log_viewer, to: [authenticated], require: "db_role = 'authenticated'"}
    ```

    Good
    ----
    ```yaml
    kind: audit_log
    name: order_log
    tables: {orders: {update: true}}
    retention: 400 days
    viewer: {name: order_log_viewer, to: [authenticated], require: "pgspec.claim('role') = 'admin'"}
    ```
    """
