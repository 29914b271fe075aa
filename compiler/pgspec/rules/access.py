"""MV: who may read a view, who owns it, and how its refresh locks."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.program import Program
from pgspec.queries import nearest
from pgspec.rules.registry import Finding, rule
from pgspec.sql import QName, ident


@rule("MV008")
def exposed_row_security(program: Program) -> Iterator[Finding]:
    """
    An API role may read a view over a table with row-level security.

    Why
    ---
    A materialized view stores what its owner sees and has no policies of its own: whoever may read it reads the rows
    of all tenants.  PostgreSQL raises no objection.  Give the view to service roles only, or accept the finding where
    the view holds nothing that the policies protect, with `allow: {MV008: reason}`.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: messages_by_sender
    unique_key: [sender_id]
    access: {select: [anon]}
    query: SELECT sender_id, count(*) AS messages FROM messages GROUP BY sender_id
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: messages_by_sender
    unique_key: [sender_id]
    access: {select: [service_role]}
    query: SELECT sender_id, count(*) AS messages FROM messages GROUP BY sender_id
    ```
    """
    protected: dict[QName, QName] = {}  # a table, or a view that reads one, to the table
    for name, relation in program.catalog.relations.items():
        if relation.row_security:
            protected[name] = name
    api = {*program.project.roles.api, "public", "PUBLIC"}
    for view in program.views:  # in order of dependency: what a view reads has been judged before it
        reads = sorted(view.analysis.base_reads) if view.analysis is not None else []
        source = next((protected[name] for name in reads if name in protected), None)
        if source is None:
            continue
        protected[view.name] = source
        for number, role in enumerate(view.spec.access.select):
            if role in api:
                message = (
                    f"`{role}` may read all that `{view.spec.name}` stores of `{source}`, which has row-level security"
                )
                help_ = "give it to service roles only, or give the reason in `allow: {MV008: ...}`"
                yield Finding(view.document.at("access", "select", number), message, help_, view)


@rule("MV010")
def locking_refresh(program: Program) -> Iterator[Finding]:
    """
    The view is refreshed without CONCURRENTLY.

    Why
    ---
    A plain refresh takes ACCESS EXCLUSIVE for as long as the query runs: readers wait.  It is right for a view that
    nobody reads while it is refreshed; say so with `allow: {MV010: reason}`.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: orders_daily
    unique_key: [placed_on]
    refresh: {every: 1h, concurrently: false}
    query: |
      SELECT placed_on, count(*) AS orders FROM orders GROUP BY placed_on
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: orders_daily
    unique_key: [placed_on]
    refresh: {every: 1h, concurrently: false}
    allow: {MV010: read only by the nightly export that runs after the refresh}
    query: |
      SELECT placed_on, count(*) AS orders FROM orders GROUP BY placed_on
    ```
    """
    for view in program.views:
        if not view.spec.refresh.concurrently:
            message = f"`{view.spec.name}` is refreshed without CONCURRENTLY, which locks readers out"
            help_ = "remove `concurrently: false`, or give the reason in `allow: {MV010: ...}`"
            yield Finding(view.document.at("refresh", "concurrently"), message, help_, view)


@rule("MV012")
def public_access(program: Program) -> Iterator[Finding]:
    """
    A view is readable by PUBLIC.

    Why
    ---
    A materialized view has no row-level security.  PUBLIC is every role, also those that are created tomorrow.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    access: {select: [public]}
    query: SELECT id, amount FROM orders
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    access: {select: [service_role]}
    query: SELECT id, amount FROM orders
    ```
    """
    for view in program.views:
        for number, role in enumerate(view.spec.access.select):
            if role.lower() == "public":
                message = f"`{view.spec.name}` would be readable by PUBLIC, that is, by every role"
                yield Finding(
                    view.document.at("access", "select", number), message, "name the roles that read it", view
                )


@rule("MV013")
def unknown_role(program: Program) -> Iterator[Finding]:
    """
    A role is named that neither the project nor the schema files know.

    Why
    ---
    A grant to a role that does not exist fails when the migration runs.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    access: {select: [servce_role]}
    query: SELECT id, amount FROM orders
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: order_amounts
    unique_key: [id]
    access: {select: [service_role]}
    query: SELECT id, amount FROM orders
    ```
    """
    known = sorted({*program.roles, *program.catalog.roles})
    for view in program.views:
        places = [(("access", "select", number), role) for number, role in enumerate(view.spec.access.select)]
        if view.spec.owner is not None:
            places.append((("owner",), view.spec.owner))  # type: ignore[arg-type]
        for path, role in places:
            if role not in known and role.lower() != "public":
                help_ = (
                    nearest(role, known) or "name it under `roles:` in project.yaml, or create it in the schema files"
                )
                yield Finding(view.document.at(*path), f"the role `{role}` is not known", help_, view)


@rule("MV014")
def unknown_schema(program: Program) -> Iterator[Finding]:
    """
    A view is to be created in a schema that does not exist.

    Why
    ---
    The migration would fail: pgspec creates objects, not the schemas that they belong to.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: reports.order_amounts
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
    known = sorted(program.catalog.schemas)
    for view in program.views:
        if view.name.schema not in program.catalog.schemas:
            create = f"add `CREATE SCHEMA {ident(view.name.schema)}` to the schema files"
            message = f"the schema `{view.name.schema}` is not in the schema files"
            yield Finding(view.document.at("name"), message, nearest(view.name.schema, known) or create, view)
