"""MV: who may read a view, who owns it, and how its refresh locks."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.catalog import Relation
from pgspec.keys.algebra import Const
from pgspec.policies import PUBLIC
from pgspec.program import Program
from pgspec.queries import nearest
from pgspec.rules.registry import Finding, rule
from pgspec.source import Path
from pgspec.sql import QName, ident


@rule("MV008")
def exposed_row_security(program: Program) -> Iterator[Finding]:
    """
    An API role may read a view over a table with row-level security.

    Why
    ---
    A materialized view stores what its owner sees and has no policies of its own: whoever may read it reads the rows
    of all tenants.  PostgreSQL raises no objection.  Show each caller its own rows with `expose`, give the view to
    service roles only, or accept the finding where the view holds nothing that the policies protect, with
    `allow: {MV008: reason}`.

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
    query: SELECT sender_id, count(*) AS messages FROM messages GROUP BY sender_id
    expose: {as: my_messages, where: "sender_id = (SELECT pgspec.claim_uuid('sub'))", to: [authenticated]}
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
                help_ = "show callers their own rows with `expose:`, or give the reason in `allow: {MV008: ...}`"
                yield Finding(view.document.at("access", "select", number), message, help_, view)


@rule("MV009")
def stored_subset(program: Program) -> Iterator[Finding]:
    """
    The owner is subject to row-level security on a source, so a refresh stores a subset.

    Why
    ---
    A refresh reads as the owner of the view, whoever runs it.  Policies that bind the owner keep rows from it: the view
    stores a part of them or nothing, and no error says so.  Policies bind every role but superusers, roles with
    BYPASSRLS and, without FORCE, the owner of the table.

    What the files do not say, the server is asked: without `owner:` the view belongs to the role that migrates.  The
    migration refuses when policies would keep rows from it, and so does verify.sql.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: messages_by_sender
    unique_key: [sender_id]
    owner: authenticated
    query: SELECT sender_id, count(*) AS messages FROM messages GROUP BY sender_id
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: messages_by_sender
    unique_key: [sender_id]
    query: SELECT sender_id, count(*) AS messages FROM messages GROUP BY sender_id
    ```
    """
    for view in program.views:
        owner = view.spec.owner
        if owner is None or view.analysis is None or not _is_bound(owner, program):
            continue
        for name in sorted(view.analysis.reads):
            relation = program.catalog.relations.get(name)
            if relation is not None and relation.row_security and _hides(relation, owner, program):
                message = f"the policies of `{name}` bind `{owner}`: a refresh stores only the rows that it may see"
                help_ = "remove `owner:`, or name a role with BYPASSRLS"
                yield Finding(view.document.at("owner"), message, help_, view)


def _is_bound(role: str, program: Program) -> bool:
    """Whether it is known that policies bind the role.  Of a service role that the platform makes it is not."""
    known = role in program.project.roles.api or role in program.catalog.roles
    return known and role not in program.catalog.bypassing


def _hides(table: Relation, owner: str, program: Program) -> bool:
    """Whether it is known that the policies of a table keep rows from a role that they bind."""
    groups = {owner, *program.catalog.memberships.get(owner, ())}
    # Tables without an owner in the schema files belong to whoever runs those, which is no API role.
    may_own = table.owner in groups or (table.owner is None and owner not in program.project.roles.api)
    if may_own and not table.force_row_security:
        return False
    guarded = next((item for item in program.guarded if item.table and item.table.name == table.name), None)
    if guarded is None:
        return not table.policies  # of a policy of the schema files only the name is known
    asked = [p for p in guarded.policies if "select" in p.commands and {*groups, PUBLIC} & {*p.roles}]
    every = [p for p in asked if p.using and isinstance(p.using.expr, Const) and p.using.expr.value is True]
    return not any(not p.spec.restrictive for p in every) or any(p.spec.restrictive for p in asked if p not in every)


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
        readers = [("access", "select", view.spec.access.select)]
        if view.spec.expose is not None:
            readers.append(("expose", "to", view.spec.expose.to))
        for key, entry, roles in readers:
            for number, role in enumerate(roles):
                if role.lower() == "public":
                    message = f"`{view.spec.name}` would be readable by PUBLIC, that is, by every role"
                    place = view.document.at(key, entry, number)
                    yield Finding(place, message, "name the roles that read it", view)


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
        places: list[tuple[Path, str]] = [
            (("access", "select", number), role) for number, role in enumerate(view.spec.access.select)
        ]
        if view.spec.expose is not None:
            places += [(("expose", "to", number), role) for number, role in enumerate(view.spec.expose.to)]
        if view.spec.owner is not None:
            places.append((("owner",), view.spec.owner))
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
        places: list[tuple[Path, str]] = [(("name",), view.name.schema)]
        if view.spec.expose is not None and view.spec.expose.as_.schema is not None:
            places.append((("expose", "as"), view.spec.expose.as_.schema))
        for path, schema in places:
            if schema not in program.catalog.schemas:
                create = f"add `CREATE SCHEMA {ident(schema)}` to the schema files"
                message = f"the schema `{schema}` is not in the schema files"
                yield Finding(view.document.at(*path), message, nearest(schema, known) or create, view)
