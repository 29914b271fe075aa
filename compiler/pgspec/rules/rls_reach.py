"""RLS: ways past the policies: roles that none binds, tables beside the guarded one, policies that open too much."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.catalog import Relation
from pgspec.diagnostics import Severity
from pgspec.kinds.rls import Command
from pgspec.policies import PUBLIC, Guarded, Policy
from pgspec.program import Program
from pgspec.rules.registry import Finding, rule
from pgspec.rules.rls import share_a_role
from pgspec.rules.rls_shapes import api_roles, asked_of_session, for_command, is_open
from pgspec.sql import QName, ident, qname

_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")


@rule("RLS020")
def unbound_owner(program: Program) -> Iterator[Finding]:
    """
    Row security does not bind the owner of the table.

    Why
    ---
    Without FORCE the owner reads and writes every row, and so does all that runs as the owner: SECURITY DEFINER
    functions, views, jobs of the migrations' role.  Where that is meant, say why.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    force: false
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
    ```

    Good
    ----
    ```yaml
    kind: rls
    table: notes
    force: false
    allow: {RLS020: "a nightly job of the owner counts all notes"}
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
    expect:
      select: {member: [first], "*": none, anonymous: denied}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```
    """
    for guarded in program.guarded:
        if not guarded.spec.force:
            message = f"the owner of `{guarded.spec.table}` reads and writes every row"
            help_ = 'take `force: false` out, or say why with `allow: {RLS020: "..."}`'
            yield Finding(guarded.document.at("force"), message, help_, guarded)


@rule("RLS021", Severity.WARNING)
def crossed_policies(program: Program) -> Iterator[Finding]:
    """
    An UPDATE may take the rows of one policy and the WITH CHECK of another.

    Why
    ---
    PostgreSQL connects the USING of all permissive policies by OR, and their WITH CHECK by OR, each on its own.  When a
    policy asks in USING who is updating and not in WITH CHECK, whoever reaches a row by another policy may write what
    this one lets be written: a member approves the own row.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: mine, command: all, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
      - name: admins
        command: update
        to: [authenticated]
        using: (SELECT pgspec.claim('role')) = 'admin'
        check: owner_id IS NOT NULL
    ```

    Good
    ----
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: mine, command: all, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
      - name: admins
        command: update
        to: [authenticated]
        using: (SELECT pgspec.claim('role')) = 'admin'
        check: (SELECT pgspec.claim('role')) = 'admin' AND owner_id IS NOT NULL
    expect:
      select: {member: [first], "*": none, anonymous: denied}
      insert: {member: [first], "*": denied}
      update: {member: [first], "*": none, anonymous: denied}
      delete: {member: [first], "*": none, anonymous: denied}
    ```
    """
    for guarded in program.guarded:
        updates = for_command(guarded, "update")
        for policy in updates:
            for other in updates:
                crossed = _crossed(guarded, policy, other) if other is not policy else []
                if crossed:
                    message = (
                        f"rows that `{other.spec.name}` reaches may be written as `{policy.spec.name}` checks, "
                        f"which does not ask for `{crossed[0]}`"
                    )
                    place = guarded.document.at(*policy.path, "check")
                    yield Finding(place, message, f"add `{crossed[0]} AND` to `check:`", guarded)
                    break


def _crossed(guarded: Guarded, policy: Policy, other: Policy) -> list[str]:
    """What ``policy`` asks of the caller for old rows and not for new ones, and ``other`` does not ask at all."""
    if policy.check is None or policy.using is None or other.using is None or not share_a_role(policy, other):
        return []
    also = [p.new_rows() for p in guarded.policies if p.spec.restrictive and "update" in p.commands]
    asked = [c for c in (policy.check, other.using, *also) if c is not None]
    return sorted(asked_of_session(policy.using).difference(*map(asked_of_session, asked)))


@rule("RLS022", Severity.WARNING)
def open_policy(program: Program) -> Iterator[Finding]:
    """
    A policy lets an API role write any row, or makes another policy idle.

    Why
    ---
    `true` admits every row to everybody whom the policy is for.  Permissive policies are connected by OR, so beside it
    no other one narrows anything.  For reading alone `true` is a fair answer: the table is public.  Where everybody may
    write, say why.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
      - {name: everybody, command: select, to: [authenticated], using: "true"}
    ```

    Good
    ----
    ```yaml
    kind: rls
    table: notes
    allow: {RLS022: "guests leave notes, which service_role reads"}
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
      - {name: leave, command: insert, to: [anon], check: "true"}
    expect:
      select: {member: [first], "*": none, anonymous: denied}
      insert: {anonymous: all, "*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```
    """
    for guarded in program.guarded:
        for policy in guarded.policies:
            if policy.spec.restrictive or not (roles := api_roles(policy, program)):
                continue
            written = [c for c in policy.commands if c != "select" and _is_open(guarded, policy, c)]
            idle = [other for other in guarded.policies if _makes_idle(guarded, policy, other)]
            place = guarded.document.at(*policy.path, "name")
            if idle:
                message = f"`{policy.spec.name}` admits every row, so `{idle[0].spec.name}` narrows nothing"
                yield Finding(place, message, "give it a condition, or take the other policy out", guarded)
            elif written:
                message = f"`{policy.spec.name}` lets `{roles[0]}` {written[0]} any row"
                help_ = 'give it a condition on the caller, or say why with `allow: {RLS022: "..."}`'
                yield Finding(place, message, help_, guarded)


def _makes_idle(guarded: Guarded, policy: Policy, other: Policy) -> bool:
    """Whether whatever ``other`` admits, ``policy`` admits to everybody whom ``other`` is for."""
    covered = PUBLIC in policy.roles or set(other.roles) <= set(policy.roles)
    if not covered or other.spec.restrictive or not set(other.commands) <= set(policy.commands):
        return False
    commands = other.commands
    return all(_is_open(guarded, policy, c) for c in commands) and not all(
        _is_open(guarded, other, c) for c in commands
    )


def _is_open(guarded: Guarded, policy: Policy, command: Command) -> bool:
    """Whether a policy admits every row to a command, and no restrictive one narrows it."""
    asked = policy.new_rows() if command == "insert" else policy.using
    narrow = [p for p in guarded.policies if p.spec.restrictive and command in p.commands and share_a_role(p, policy)]
    return is_open(asked) and not narrow


@rule("RLS024")
def way_around(program: Program) -> Iterator[Finding]:
    """
    An API role can go around row security.

    Why
    ---
    Policies do not bind a role with BYPASSRLS, nor one that can SET ROLE to such a role or to the owner of the table.
    A query of a partition, or of a table that inherits, asks the policies of that table, not those of its parent: with
    a right of its own to it, everybody reads there what the parent hides.

    Bad
    ---
    ```yaml
    kind: rls
    table: readings
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
    ```

    Good
    ----
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
    expect:
      select: {member: [first], "*": none, anonymous: denied}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```
    """
    for guarded in program.guarded:
        table = guarded.table
        if table is None:
            continue
        place = guarded.document.at("table")
        for role in program.project.roles.api:
            for message, help_ in _exempt(role, table, program):
                yield Finding(place, message, help_, guarded)
        kept = {item.table.name for item in program.guarded if item.table is not None}
        for part in _below(table, program):
            if part.name in kept or part.row_security:
                continue
            for role, right in _held(part, program)[:1]:
                grantee = "PUBLIC" if role == PUBLIC else ident(role)
                message = f"`{grantee}` has {right} on `{part.name}` itself, where no policy of `{table.name}` is asked"
                help_ = f"add `REVOKE ALL ON {qname(part.name)} FROM {grantee};` to the schema files"
                yield Finding(place, message, help_, guarded)


def _exempt(role: str, table: Relation, program: Program) -> Iterator[tuple[str, str]]:
    catalog = program.catalog
    groups = catalog.groups(role)
    free = sorted(groups & catalog.bypassing, key=lambda name: (name != role, name))
    if role in free:
        yield f"no policy binds `{role}`", f"ALTER ROLE {ident(role)} NOBYPASSRLS NOSUPERUSER;"
    elif free:
        yield f"`{role}` can become `{free[0]}`, whom no policy binds", f"REVOKE {ident(free[0])} FROM {ident(role)};"
    elif table.owner in groups:
        what = "owns" if table.owner == role else f"can become `{table.owner}`, who owns"
        yield (
            f"`{role}` {what} `{table.name}`, and can switch row security off",
            "let a role own it that no request has",
        )


def _below(table: Relation, program: Program) -> Iterator[Relation]:
    """The partitions and the tables that inherit, at any depth."""
    parents: set[QName] = {table.name}
    while True:
        found = [
            r
            for r in program.catalog.relations.values()
            if r.name not in parents and {r.partition_of, *r.inherits} & parents
        ]
        if not found:
            return
        yield from found
        parents.update(r.name for r in found)


def _held(table: Relation, program: Program) -> list[tuple[str, str]]:
    """The rights on a table that roles of the API have, directly, as members of a group or as everybody."""
    found = []
    for role in program.project.roles.api:
        for holder in (*sorted(program.catalog.groups(role)), PUBLIC):
            rights = table.grants.get(holder, ())
            held = [r for r in _RIGHTS if r in rights or ("ALL" in rights and f"-{r}" not in rights)]
            found += [(PUBLIC if holder == PUBLIC else role, right) for right in held[:1]]
    return found
