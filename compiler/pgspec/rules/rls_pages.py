"""RLS: what is wrong with a policy is found while it is read, so these are pages without a check."""

from __future__ import annotations

from pgspec.rules.registry import page


@page("RLS008")
def unknown_name() -> None:
    """
    Row security names a table or a role that the project does not have.

    Why
    ---
    A policy for a role that nobody is protects nothing, and PostgreSQL refuses it only when the migration runs.  Roles
    are those of `roles:` in project.yaml; `public` stands for everybody.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: own, command: select, to: [annon], using: "owner_id IS NULL"}
    ```

    Good
    ----
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: owned, command: select, to: [anon], using: "owner_id IS NOT NULL"}
    expect:
      select: {anonymous: all, "*": denied}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```
    """


@page("RLS009")
def impossible_policy() -> None:
    """
    A policy is none that PostgreSQL could ask.

    Why
    ---
    `using` is asked of rows that are there, `check` of rows that are written; each is one boolean expression over the
    row.  An insert has no old row, a select and a delete write none.  The policies of a table stand together, because
    permissive ones widen each other: a policy elsewhere would undo what is proven here.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: add, command: insert, to: [anon], using: "owner_id IS NULL"}
    ```

    Good
    ----
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: owned, command: select, to: [anon], using: "owner_id IS NOT NULL"}
      - {name: add, command: insert, to: [anon], check: "owner_id IS NOT NULL"}
    expect:
      select: {anonymous: all, "*": denied}
      insert: {anonymous: all, "*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```
    """
