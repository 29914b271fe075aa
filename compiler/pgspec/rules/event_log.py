"""EVT: event logs, and the roll-ups of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from pgspec.diagnostics import Severity, Span
from pgspec.event_logs import REQUEST, Events
from pgspec.keys.groupings import GroupedBy, Groupings, Origin, groupings
from pgspec.program import Program
from pgspec.rules.registry import Finding, page, rule
from pgspec.sql import QName
from pgspec.views import View

MOST_GROUPS = 1_000_000
"""How many rows a roll-up may have for each moment by the budgets of its labels."""


@rule("EVT001")
def grouping_by_identifier(program: Program) -> Iterator[Finding]:
    """
    A roll-up groups by a high-cardinality identifier.

    Why
    ---
    Nothing bounds the values of an identifier: the roll-up has as many rows as the log has events, takes as long to
    refresh, and sums up nothing.  A value that is made of an identifier, such as its first letters, is no label either:
    nobody counts its values.

    Bad
    ---
    ```yaml
    kind: event_log
    name: requests
    labels: {endpoint: {max_cardinality: 100}}
    identifiers: {session_id: uuid}
    retention: 30 days
    ---
    kind: materialized_view
    name: requests_by_session
    unique_key: [session_id]
    query: SELECT session_id, count(*) AS requests FROM requests WHERE session_id IS NOT NULL GROUP BY session_id
    ```

    Good
    ----
    ```yaml
    kind: event_log
    name: requests
    labels: {endpoint: {max_cardinality: 100}}
    identifiers: {session_id: uuid}
    retention: 30 days
    ---
    kind: materialized_view
    name: requests_by_endpoint
    unique_key: [endpoint]
    query: SELECT endpoint, count(DISTINCT session_id) AS sessions FROM requests GROUP BY endpoint
    ```
    """
    for view, found in _rolled_up(program):
        for group in found.groups:
            for name, column in sorted(group.origins):
                log = next(log for log in program.event_logs if log.name == name)
                if column in log.spec.labels:
                    continue
                labels = ", ".join(log.spec.labels) or "a label"
                message = f"`{view.spec.name}` groups by `{column}`, an identifier of the event log `{log.spec.name}`"
                help_ = f"group by {labels}; or count it: `count(DISTINCT {column})`"
                yield Finding(_place(view, group, column), message, help_, view)


@rule("EVT007", Severity.WARNING)
def many_groups(program: Program) -> Iterator[Finding]:
    """
    The budgets of the labels that a roll-up groups by allow more than a million groups.

    Why
    ---
    Each label is bounded, but a roll-up has a row for each combination that occurs, and that for each moment.  Labels
    that hardly depend on each other multiply.

    Bad
    ---
    ```yaml
    kind: event_log
    name: requests
    labels: {endpoint: {max_cardinality: 2000}, city: {max_cardinality: 2000}}
    retention: 30 days
    ---
    kind: materialized_view
    name: requests_by_city
    unique_key: [endpoint, city]
    query: SELECT endpoint, city, count(*) AS requests FROM requests GROUP BY endpoint, city
    ```

    Good
    ----
    ```yaml
    kind: event_log
    name: requests
    labels: {endpoint: {max_cardinality: 200}, city: {max_cardinality: 2000}}
    retention: 30 days
    ---
    kind: materialized_view
    name: requests_by_city
    unique_key: [endpoint, city]
    query: SELECT endpoint, city, count(*) AS requests FROM requests GROUP BY endpoint, city
    ```
    """
    for view, found in _rolled_up(program):
        sizes = {group: _combinations(group, program) for group in found.groups}
        group = max(sizes, key=lambda group: sizes[group], default=None)
        if group is not None and sizes[group] > MOST_GROUPS:
            labels = sorted(column for _, column in group.origins)
            message = f"`{view.spec.name}` may have {sizes[group]:,} rows for each moment, by the budgets of its labels"
            help_ = f"give {', '.join(f'`{label}`' for label in labels)} smaller budgets, or group by fewer of them"
            yield Finding(_place(view, group, labels[0]), message, help_, view)


def _rolled_up(program: Program) -> Iterator[tuple[View, Groupings]]:
    """The views that read an event log, directly or through other views, with what they group by."""
    marks: dict[QName, dict[str, frozenset[Origin]]] = {}
    for log in program.event_logs:
        named = [REQUEST, *log.spec.labels, *(name for name in log.spec.identifiers if name != REQUEST)]
        marks[log.name] = {name: frozenset({(log.name, name)}) for name in named}
    for view in program.views if marks else ():
        if view.analysis is not None and not view.reads.isdisjoint(marks):
            found = groupings(view.analysis, marks)
            marks[view.name] = dict(found.columns)
            yield view, found


def _combinations(group: GroupedBy, program: Program) -> int:
    """How many combinations of values the labels may have, those for none and for one too many included."""
    return math.prod(_values(log, column) for log in program.event_logs for name, column in group.origins
                     if name == log.name and column in log.spec.labels)  # fmt: skip


def _values(log: Events, column: str) -> int:
    label = log.spec.labels[column]
    return (label.max_cardinality or len(label.values or ())) + 2


def _place(view: View, group: GroupedBy, column: str) -> Span:
    """Where a column is named in the clause; the clause, where it goes by another name."""
    start, end = max(group.start, 0), max(group.end, group.start + 1, 1)
    found = re.compile(rf"(?<!\w){re.escape(column)}(?!\w)").search(view.source.text, start, end)
    return view.source.span(*(found.span() if found else (start, end)))


@page("EVT002")
def column_taken() -> None:
    """
    An event log has two columns of one name, or one that every log has.

    Why
    ---
    `created_at`, `request_id` and `request_id_given` are there in every log; labels, identifiers and measures are
    columns of one table.

    Bad
    ---
    ```yaml
    kind: event_log
    name: requests
    labels: {endpoint: {max_cardinality: 100}, created_at: {max_cardinality: 100}}
    measures: {endpoint: int}
    retention: 30 days
    ```

    Good
    ----
    ```yaml
    kind: event_log
    name: requests
    labels: {endpoint: {max_cardinality: 100}}
    measures: {took_ms: int}
    retention: 30 days
    ```
    """


@page("EVT003")
def unbounded_label() -> None:
    """
    A label of an event log has neither a list of values nor a number of them, or a value that it cannot have.

    Why
    ---
    Roll-ups group by labels.  One whose values nobody bounds grows with whatever clients send: a label that explodes.

    Bad
    ---
    ```yaml
    kind: event_log
    name: requests
    labels: {endpoint: {type: text}, status: {type: int, values: [200, "404"]}}
    retention: 30 days
    ```

    Good
    ----
    ```yaml
    kind: event_log
    name: requests
    labels: {endpoint: {type: text, max_cardinality: 100}, status: {type: int, values: [200, 404]}}
    retention: 30 days
    ```
    """


@page("EVT004")
def needless_normalization() -> None:
    """
    A label is normalized that is no text, or whose values are listed.

    Why
    ---
    `normalize: path` makes a route of a path.  What is no text is no path, and a list already says which values there
    are.

    Bad
    ---
    ```yaml
    kind: event_log
    name: requests
    labels: {status: {type: int, max_cardinality: 60, normalize: path}}
    retention: 30 days
    ```

    Good
    ----
    ```yaml
    kind: event_log
    name: requests
    labels: {endpoint: {max_cardinality: 60, normalize: path}}
    retention: 30 days
    ```
    """


@page("EVT005")
def unknown_event_type() -> None:
    """
    The type of a column of an event log does not exist, or is none for such a column.

    Why
    ---
    The table could not be made.  Labels are text, whole numbers or booleans: what has few values, and one spelling for
    each.  The request id is text, since clients and proxies choose it.

    Bad
    ---
    ```yaml
    kind: event_log
    name: requests
    labels: {started: {type: timestamptz, max_cardinality: 100}}
    measures: {took_ms: dubble precision}
    retention: 30 days
    ```

    Good
    ----
    ```yaml
    kind: event_log
    name: requests
    measures: {took_ms: double precision, started: timestamptz}
    retention: 30 days
    ```
    """


@page("EVT006")
def long_event_log_name() -> None:
    """
    The name of an event log is too long for those of its functions and partitions.

    Why
    ---
    `record_NAME`, `maintain_NAME` and `NAME_20250823` are made of it.  PostgreSQL cuts names after 63 bytes.

    Bad
    ---
    ```yaml
    kind: event_log
    name: requests_that_the_api_answered_or_refused_or_gave_up_on
    retention: 30 days
    ```

    Good
    ----
    ```yaml
    kind: event_log
    name: requests
    retention: 30 days
    ```
    """


@page("EVT008")
def short_retention() -> None:
    """
    An event log is kept for less than one of its partitions holds.

    Why
    ---
    Old events are dropped by the partition: those of a day go together.

    Bad
    ---
    ```yaml
    kind: event_log
    name: requests
    retention: 12h
    ```

    Good
    ----
    ```yaml
    kind: event_log
    name: requests
    retention: 1 day
    ```
    """


@page("EVT009")
def unknown_event_role() -> None:
    """
    An event log is opened to a role that the project does not know.

    Why
    ---
    The role may not exist, and then the migration fails; or nobody meant to trust it.

    Bad
    ---
    ```yaml
    kind: event_log
    name: requests
    retention: 30 days
    access: {record: [authentcated]}
    ```

    Good
    ----
    ```yaml
    kind: event_log
    name: requests
    retention: 30 days
    access: {record: [authenticated]}
    ```
    """
