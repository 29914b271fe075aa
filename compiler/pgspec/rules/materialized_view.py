"""MV: materialized views."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgspec.diagnostics import Severity
from pgspec.keys import KeyVerdict
from pgspec.program import Program
from pgspec.queries import nearest
from pgspec.rules.registry import Finding, rule
from pgspec.views import View, ViewIndex


def _analysed(program: Program) -> Iterator[View]:
    """The views whose query was understood; what is wrong with the others has been said."""
    for view in program.views:
        if view.analysis is not None and not view.analysis.findings:
            yield view


def _judged(program: Program) -> Iterator[tuple[View, ViewIndex, KeyVerdict]]:
    """The unique indexes that could be judged, each view's key first."""
    for view in program.views:
        for index, verdict in view.verdicts:
            yield view, index, verdict


def _listed(columns: tuple[str, ...] | list[str]) -> str:
    return f"[{', '.join(columns)}]"


@rule("MV001")
def no_unique_key(program: Program) -> Iterator[Finding]:
    """
    A materialized view has no unique key.

    Why
    ---
    `REFRESH MATERIALIZED VIEW CONCURRENTLY` needs a unique index on plain columns.  Without one it fails, and the plain
    refresh that remains locks every reader out while the query runs.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: orders_daily
    query: |
      SELECT placed_on, count(*) AS orders FROM orders GROUP BY placed_on
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: orders_daily
    unique_key: [placed_on]
    query: |
      SELECT placed_on, count(*) AS orders FROM orders GROUP BY placed_on
    ```
    """
    for view in program.views:
        if view.spec.unique_key is not None:
            continue
        keys = view.analysis.keys if view.analysis is not None else ()
        if keys:
            line = view.source.span(keys[0].start, keys[0].end).line
            help_ = f"`unique_key: {_listed(keys[0].columns)}` is proven by {keys[0].why} on line {line}"
        elif view.analysis is not None and not view.analysis.findings:
            help_ = (
                "no key can be proven from the query: add `GROUP BY`, or the primary keys of the tables that it reads"
            )
        else:
            help_ = "add `unique_key: [...]` with the columns that identify a row"
        yield Finding(view.document.at("name"), f"materialized view `{view.spec.name}` has no unique key", help_, view)


@rule("MV002")
def unproven_unique_key(program: Program) -> Iterator[Finding]:
    """
    The query does not prove that the unique key is unique.

    Why
    ---
    A key that does not hold fails when the view is refreshed: `could not create unique index`, or `new data contains
    duplicate rows`.  Where a row has a NULL it is worse: the concurrent refresh drops one of the two rows in silence.
    Accept a key that holds for a reason that the schema does not know with `allow: {MV002: reason}`.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: orders_daily
    unique_key: [placed_on]
    query: |
      SELECT placed_on, customer_id, count(*) AS orders FROM orders GROUP BY placed_on, customer_id
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: orders_daily
    unique_key: [placed_on, customer_id]
    query: |
      SELECT placed_on, customer_id, count(*) AS orders FROM orders GROUP BY placed_on, customer_id
    ```
    """
    for view, index, verdict in _judged(program):
        if verdict.unique or verdict.unique_where_not_null:  # the second is MV003's
            continue
        message = f"the query does not prove `{_listed(index.columns)}` unique"
        reason = verdict.reasons[0] if verdict.reasons else None
        if reason is not None:
            where = view.source.span(reason.start, reason.end)
            message += f": {reason.message} (line {where.line})"
        help_ = reason.help if reason is not None else ""
        keys = view.analysis.keys if view.analysis is not None else ()
        if keys:
            said = re.sub(r"(^|; )proven: .*", "", help_)
            proven = f"`unique_key: {_listed(keys[0].columns)}` is proven"
            help_ = f"{said}; {proven}" if said else proven
        yield Finding(view.document.at(*index.columns_path), message, help_, view)


@rule("MV003")
def nullable_unique_key(program: Program) -> Iterator[Finding]:
    """
    A column of the unique key may be NULL.

    Why
    ---
    NULL equals nothing, so the unique index does not bind such rows and a concurrent refresh never matches them: it
    deletes and inserts them again every time, and may lose duplicates.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: orders_by_coupon
    unique_key: [coupon]
    query: |
      SELECT coupon, count(*) AS orders FROM orders GROUP BY coupon
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: orders_by_coupon
    unique_key: [coupon]
    query: |
      SELECT coalesce(coupon, '(none)') AS coupon, count(*) AS orders FROM orders GROUP BY coalesce(coupon, '(none)')
    ```
    """
    for view, index, verdict in _judged(program):
        for column, reason in verdict.nullable:
            where = view.source.span(reason.start, reason.end)
            message = f"the key column {reason.message} (line {where.line})"
            place = view.document.at(*index.columns_path, index.columns.index(column))
            yield Finding(place, message, reason.help, view)


@rule("MV004")
def unknown_key_column(program: Program) -> Iterator[Finding]:
    """
    A column of the unique key, or of an index, is not an output column of the query.

    Why
    ---
    An index can only be built on the columns that the view has.  Names are compared as they are written: `Date` is not
    `date`.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: orders_daily
    unique_key: [day]
    query: |
      SELECT placed_on, count(*) AS orders FROM orders GROUP BY placed_on
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: orders_daily
    unique_key: [day]
    query: |
      SELECT placed_on AS day, count(*) AS orders FROM orders GROUP BY placed_on
    ```
    """
    for view in program.views:
        if view.analysis is None:
            continue
        names = [column.name for column in view.analysis.columns]
        for index in view.indexes:
            for number, column in enumerate(index.columns):
                if column not in names:
                    same = next((name for name in names if name.lower() == column.lower()), None)
                    help_ = f"names are case-sensitive: write `{same}`" if same else nearest(column, names)
                    help_ = help_ or f"output columns: {', '.join(names)}"
                    message = f"`{column}` is not an output column of `{view.spec.name}`"
                    yield Finding(view.document.at(*index.columns_path, number), message, help_, view)


@rule("MV005")
def session_state_in_query(program: Program) -> Iterator[Finding]:
    """
    The query reads session state.

    Why
    ---
    A materialized view is filled by whoever refreshes it: `current_user`, `auth.uid()` or a setting gives the
    refresher's value, and every reader gets rows that were chosen for somebody else.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: my_orders
    unique_key: [id]
    query: |
      SELECT id, amount FROM orders WHERE customer_id = current_setting('app.customer')::uuid
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: customer_orders
    unique_key: [id]
    query: |
      SELECT id, customer_id, amount FROM orders
    ```
    """
    for view in _analysed(program):
        assert view.analysis is not None
        for found in view.analysis.session:
            help_ = found.help or "keep everybody's rows, with the column to filter by, and filter where it is read"
            yield Finding(view.source.span(found.start, found.end), found.message, help_, view)


@rule("MV006", Severity.WARNING)
def result_depends_on_refresh(program: Program) -> Iterator[Finding]:
    """
    The query is volatile, or depends on the time of refresh.

    Why
    ---
    A view that filters by `now()` changes although no table was written, so it cannot be skipped when nothing changed,
    and it goes stale by the clock.  A volatile function gives other rows at each refresh.  Often that is meant: then
    say so with `allow: {MV006: reason}`.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: recent_orders
    unique_key: [id]
    query: |
      SELECT id, amount FROM orders WHERE placed_at > now() - interval '7 days'
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: recent_orders
    unique_key: [id]
    allow: {MV006: the window moves with every refresh on purpose}
    query: |
      SELECT id, amount FROM orders WHERE placed_at > now() - interval '7 days'
    ```
    """
    for view in _analysed(program):
        assert view.analysis is not None
        for found in (*view.analysis.volatile, *view.analysis.time, *view.analysis.unstable):
            help_ = found.help or "if that is meant, say so: `allow: {MV006: reason}`"
            yield Finding(view.source.span(found.start, found.end), found.message, help_, view)


@rule("MV007")
def refresh_cycle(program: Program) -> Iterator[Finding]:
    """
    Views refresh each other in a cycle.

    Why
    ---
    A view that reads itself, also through others, can neither be created nor refreshed in any order.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: a
    unique_key: [id]
    query: SELECT id FROM b
    ---
    kind: materialized_view
    name: b
    unique_key: [id]
    query: SELECT id FROM a
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: a
    unique_key: [id]
    query: SELECT id FROM orders
    ---
    kind: materialized_view
    name: b
    unique_key: [id]
    query: SELECT id FROM a
    ```
    """
    views = {view.name: view for view in program.views}
    for cycle in program.cycles:
        view = views[cycle[0]]
        path = " -> ".join(str(name) for name in (*cycle, cycle[0]))
        message = f"views read each other in a cycle: {path}" if len(cycle) > 1 else f"`{cycle[0]}` reads itself"
        yield Finding(
            view.document.at("name"), message, "break the cycle: one of them must read base tables only", view
        )


@rule("MV011", Severity.WARNING)
def unique_key_too_large(program: Program) -> Iterator[Finding]:
    """
    The unique key holds, but fewer columns would do.

    Why
    ---
    Every column of the key is compared for every row of a concurrent refresh, and stored in the index.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id, customer_id]
    query: SELECT id, customer_id, amount FROM orders
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    query: SELECT id, customer_id, amount FROM orders
    ```
    """
    for view, index, verdict in _judged(program):
        smaller = verdict.redundant
        if smaller and index.path[0] == "unique_key":
            message = f"`{_listed(index.columns)}` is unique, and so is `{_listed(smaller.columns)}` alone"
            help_ = f"write `unique_key: {_listed(smaller.columns)}`"
            yield Finding(view.document.at("unique_key"), message, help_, view)
