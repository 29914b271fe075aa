"""Differences from an earlier commit, which `pgspec breaking` reports: rights, policies, audit logs, the project."""

from __future__ import annotations

from pgspec.rules.grades import graded


@graded("BRK007")
def granted_access() -> None:
    """
    A role may read a view, or use a table, and could not before.

    Why
    ---
    Dangerous: what was closed is open.  A new view counts when API roles may read it, since what it shows was there
    before.

    Bad
    ---
    ```diff
     kind: materialized_view
     name: daily
     unique_key: [placed_on]
     query: |
       SELECT placed_on, count(*) AS orders
       FROM orders
       GROUP BY placed_on
    -access: {select: [service_role]}
    +access: {select: [service_role, anon]}
    ```

    Good
    ----
    ```diff
    +kind: materialized_view
    +name: daily
    +unique_key: [placed_on]
    +query: |
    +  SELECT placed_on, count(*) AS orders
    +  FROM orders
    +  GROUP BY placed_on
    +access: {select: [service_role]}
    ```
    """


@graded("BRK012")
def loosened_row_security() -> None:
    """
    Policies admit more rows than before.

    Why
    ---
    Dangerous: rows that a caller could not reach can be reached.  A policy or a role that is added is certain, and
    so are AND and OR at the top of a condition.  Of any other change the personas and fixture rows of both versions
    are asked, and the finding names one that got through.

    Bad
    ---
    ```diff
     kind: rls
     table: notes
     policies:
       - name: own
         command: select
         to: [authenticated]
    -    using: owner_id = (SELECT pgspec.claim_uuid('sub'))
    +    using: owner_id = (SELECT pgspec.claim_uuid('sub')) OR org_id IS NULL
    ```

    Good
    ----
    ```diff
     kind: rls
     table: notes
     policies:
    -  - name: own
    +  - name: own_notes
         command: select
         to: [authenticated]
         using: owner_id = (SELECT pgspec.claim_uuid('sub'))
    ```
    """


@graded("BRK013")
def tightened_row_security() -> None:
    """
    Policies admit fewer rows than before.

    Why
    ---
    Breaking: rows that a caller reached are missing, or refused.  It is told as for BRK012.

    Bad
    ---
    ```diff
     kind: rls
     table: notes
     policies:
       - name: own
         command: select
         to: [authenticated]
    -    using: owner_id = (SELECT pgspec.claim_uuid('sub'))
    +    using: owner_id = (SELECT pgspec.claim_uuid('sub')) AND org_id IS NOT NULL
    ```

    Good
    ----
    ```diff
     kind: rls
     table: notes
     policies:
       - name: own
         command: select
         to: [authenticated]
    -    using: owner_id = (SELECT pgspec.claim_uuid('sub'))
    +    using: notes.owner_id = (SELECT pgspec.claim_uuid('sub'))
    ```
    """


@graded("BRK014")
def undecided_policy() -> None:
    """
    A condition of a policy is another, and nothing shows what that changes.

    Why
    ---
    Review: for every persona and fixture row both versions decide the same, or only a server can decide.  A fixture
    row that the two conditions tell apart would show it.

    Bad
    ---
    ```diff
     kind: rls
     table: notes
     policies:
       - name: own
         command: select
         to: [authenticated]
    -    using: owner_id = (SELECT pgspec.claim_uuid('sub'))
    +    using: owner_id IN (SELECT pgspec.claim_uuid('sub'))
    ```

    Good
    ----
    ```diff
     kind: rls
     table: notes
     policies:
       - name: own
         command: select
         to: [authenticated]
    -    using: owner_id = (SELECT pgspec.claim_uuid('sub'))
    +    using: owner_id  =  (select pgspec.claim_uuid('sub'))
    ```
    """


@graded("BRK015")
def other_refusal() -> None:
    """
    Whoever is refused learns it in another way, or reads the table under another name.

    Why
    ---
    Breaking: an application that expects no rows gets an error, or the reverse; with `expose` reads go to a view.

    Bad
    ---
    ```diff
     kind: rls
     table: notes
    +on_denied: error
    +expose: {as: public.own_notes}
     policies:
       - name: own
         command: select
         to: [authenticated]
         using: owner_id = (SELECT pgspec.claim_uuid('sub'))
    ```

    Good
    ----
    ```diff
     kind: rls
     table: notes
    +on_denied: filter
     policies:
       - name: own
         command: select
         to: [authenticated]
         using: owner_id = (SELECT pgspec.claim_uuid('sub'))
    ```
    """


@graded("BRK016")
def unrecorded_write() -> None:
    """
    An audit log no longer records what it recorded.

    Why
    ---
    Dangerous: what happens from now on leaves no trace, and nobody notices that something is missing.

    Bad
    ---
    ```diff
     kind: audit_log
     name: changes
    -tables: {customers: {update: true, delete: true}}
    +tables: {customers: {update: true}}
     context: [claims.sub]
     retention: 400 days
    ```

    Good
    ----
    ```diff
     kind: audit_log
     name: changes
    -tables: {customers: {update: true, delete: true}}
    +tables: {customers: {insert: true, update: true, delete: true}}
     context: [claims.sub]
     retention: 400 days
    ```
    """


@graded("BRK017")
def shorter_retention() -> None:
    """
    An audit log keeps its records for a shorter time.

    Why
    ---
    Review: the next clean-up forgets what is older, for good.

    Bad
    ---
    ```diff
     kind: audit_log
     name: changes
     tables: {customers: {update: true, delete: true}}
     context: [claims.sub]
    -retention: 400 days
    +retention: 90 days
    ```

    Good
    ----
    ```diff
     kind: audit_log
     name: changes
     tables: {customers: {update: true, delete: true}}
     context: [claims.sub]
    -retention: 400 days
    +retention: 800 days
    ```
    """


@graded("BRK018")
def moved_ground() -> None:
    """
    What every caller relies on is elsewhere: a schema, the claims, or the oldest server.

    Why
    ---
    Breaking: functions and tables that applications name have moved, policies look for claims where none are, or a
    server is too old for what is printed.

    Bad
    ---
    ```diff
     kind: project
     name: manual
     roles: {api: [anon, authenticated], service: [service_role]}
     postgres: 16
    -runtime_schema: cache
    +runtime_schema: public
    ```

    Good
    ----
    ```diff
     kind: project
     name: manual
     roles: {api: [anon, authenticated], service: [service_role]}
    -postgres: 16
    +postgres: 15
    ```
    """


@graded("BRK019")
def other_roles() -> None:
    """
    A role joins or leaves the roles of the project, or requests are numbered in another way.

    Why
    ---
    Review: policies for `public` are for every API role, and each API role loses the rights that policies do not
    give it.  What a role gains or loses by that has findings of its own.

    Bad
    ---
    ```diff
     kind: project
     name: manual
    -roles: {api: [anon, authenticated], service: [service_role]}
    +roles: {api: [anon, authenticated, partner], service: [service_role]}
     postgres: 16
    ```

    Good
    ----
    ```diff
     kind: project
     name: manual
    -roles: {api: [anon, authenticated], service: [service_role]}
    +roles: {api: [authenticated, anon], service: [service_role]}
     postgres: 16
    ```
    """


@graded("BRK020")
def addition() -> None:
    """
    Something is there that was not.

    Why
    ---
    Safe: nobody relies on it yet.

    Bad
    ---
    ```diff
     kind: materialized_view
     name: daily
     unique_key: [placed_on]
     query: |
    -  SELECT placed_on, count(*) AS orders
    +  SELECT placed_on, count(*) AS orders, sum(amount) AS revenue
       FROM orders
       GROUP BY placed_on
    ```

    Good
    ----
    ```diff
     kind: materialized_view
     name: daily
    +description: Orders by day.
     unique_key: [placed_on]
     query: |
       SELECT placed_on, count(*) AS orders
       FROM orders
       GROUP BY placed_on
    ```
    """
