"""RLS: what policies say, judged by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.keys.algebra import Const
from pgspec.policies import PUBLIC, Guarded, Policy
from pgspec.program import Program
from pgspec.row_conditions import Condition
from pgspec.rules.registry import Finding, rule

_WRITES = ("insert", "update", "delete")


def conditions(program: Program) -> Iterator[tuple[Guarded, Policy, Condition]]:
    """Every condition of every policy."""
    for guarded in program.guarded:
        for policy in guarded.policies:
            for condition in (policy.using, policy.check):
                if condition is not None:
                    yield guarded, policy, condition


def share_a_role(one: Policy, other: Policy) -> bool:
    """Whether both are for some role, as far as their `to:` says."""
    return PUBLIC in (*one.roles, *other.roles) or bool(set(one.roles) & set(other.roles))


@rule("RLS001")
def movable_rows(program: Program) -> Iterator[Finding]:
    """
    An UPDATE policy without WITH CHECK lets rows be moved out of reach.

    Why
    ---
    Without WITH CHECK the new row is asked by USING, which says nothing of the columns that it does not read.  When
    another policy decides by such a column who may see the row, or who may update it, an owner can give a row to
    somebody else, or make it vanish: `UPDATE notes SET org_id = ...` without WHERE is not even asked by the policies
    for select.  A WITH CHECK that reads less than USING does has the same hole.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: org, command: select, to: [authenticated], using: "org_id = (SELECT pgspec.claim_uuid('org'))"}
      - {name: own, command: update, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
    ```

    Good
    ----
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
      - name: own
        command: update
        to: [authenticated]
        using: owner_id = (SELECT pgspec.claim_uuid('sub'))
        check: owner_id = (SELECT pgspec.claim_uuid('sub'))
    expect:
      select: {member: [first], "*": none, anonymous: denied}
      insert: {"*": denied}
      update: {member: [first], "*": none, anonymous: denied}
      delete: {"*": denied}
    ```
    """
    for guarded in (item for item in program.guarded if item.understood):
        for policy in guarded.policies:
            if policy.spec.restrictive or "update" not in policy.commands or policy.using is None:
                continue
            lost = _lost(guarded, policy)
            if lost:
                path = (*policy.path, "check") if policy.check else policy.path
                message = f"`{policy.spec.name}` lets rows be moved out of reach: nothing checks their new `{lost[0]}`"
                help_ = f"add `check:` with a condition on `{lost[0]}`, such as that of the policy that reads it"
                yield Finding(guarded.document.at(*path), message, help_, guarded)


def _lost(guarded: Guarded, policy: Policy) -> list[str]:
    """The columns that decide who sees a row, and of which an update by this policy may write any value."""
    sharing = [other for other in guarded.policies if share_a_role(policy, other)]
    checking = [policy, *(p for p in sharing if p.spec.restrictive and "update" in p.commands)]
    checked = {column for p in checking if (new := p.new_rows()) is not None for column in new.columns}
    seeing = [p for p in sharing if "select" in p.commands and p.using is not None]
    narrow = [p.using.columns - checked for p in seeing if p.spec.restrictive and p.using]
    # One policy that still admits the row is enough.  One that reads no column is about other people, or about all.
    open_ = any(isinstance(p.using.expr, Const) for p in seeing if not p.spec.restrictive and p.using)
    ways = [p.using.columns - checked for p in seeing if not p.spec.restrictive and p.using and p.using.columns]
    if ways and not open_:
        narrow.append(min(ways, key=len))
    return sorted({column for columns in narrow for column in columns})


@rule("RLS002")
def unreachable_command(program: Program) -> Iterator[Finding]:
    """
    Row security has no policy for a command that is granted, or a policy that nobody can use.

    Why
    ---
    The rights on a guarded table follow from its permissive policies.  A command that the schema files grant to a role
    and no policy speaks of is taken away.  A restrictive policy alone admits nothing: it narrows what permissive ones
    admit.  An UPDATE or DELETE that names its rows reads them, so it needs a policy for select too.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: own, command: delete, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
    ```

    Good
    ----
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
      - {name: own, command: delete, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
    expect:
      select: {member: [first], "*": none, anonymous: denied}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {member: [first], "*": none, anonymous: denied}
    ```
    """
    for guarded in program.guarded:
        if guarded.table is None or not guarded.understood:
            continue
        rights = guarded.grants(program.project)
        for role in guarded.closed_to(program.project):
            # Nobody means a single command by GRANT ALL.
            lost = [r for r in guarded.table.grants.get(role, ()) if r.lower() in ("select", *_WRITES)]
            for right in sorted(set(lost) - set(rights.get(role, ()))):
                message = f"the schema files grant {right} to `{role}`, and no policy says for which rows"
                help_ = f"add a policy with `command: {right.lower()}`, or take the GRANT out of the schema files"
                yield Finding(guarded.document.at("table"), message, help_, guarded)
        for policy in guarded.policies:
            yield from _useless(program, guarded, policy)


def _useless(program: Program, guarded: Guarded, policy: Policy) -> Iterator[Finding]:
    place = guarded.document.at(*policy.path, "name")
    others = [p for p in guarded.policies if not p.spec.restrictive and share_a_role(p, policy)]
    if policy.spec.restrictive:
        if not any(set(p.commands) & set(policy.commands) for p in others):
            message = f"the restrictive policy `{policy.spec.name}` narrows nothing: no permissive policy admits a row"
            yield Finding(place, message, "add a permissive policy for the same command and role", guarded)
    elif policy.spec.command in ("update", "delete"):
        rights = guarded.grants(program.project)
        roles = program.project.roles.api if PUBLIC in policy.roles else policy.roles
        blind = [role for role in roles if role in rights and "SELECT" not in rights[role]]
        if blind:
            message = (
                f"`{blind[0]}` may {policy.spec.command} rows by `{policy.spec.name}`, but not select the ones it means"
            )
            yield Finding(place, message, "add a policy with `command: select` for the same role", guarded)
