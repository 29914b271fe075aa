"""RLS: policies against what the spec expects of them, decided row by row without a server."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.decide import Decider, Decision, automatic, fits, fixture_rows, may_see, written
from pgspec.kinds import Cell
from pgspec.kinds.rls import COMMANDS, EVERYBODY
from pgspec.policies import Guarded
from pgspec.program import Program
from pgspec.queries import nearest
from pgspec.rules.registry import Finding, rule


def _decider(program: Program, guarded: Guarded) -> Decider | None:
    """None where nothing can be decided: the table or a policy is wrong, or there are no rows."""
    if guarded.table is None or not guarded.understood:
        return None
    rows = fixture_rows(program.project, program.catalog, guarded.table)
    return Decider(guarded, program.project, program.catalog, rows) if rows else None


@rule("RLS006")
def unmet_expectation(program: Program) -> Iterator[Finding]:
    """
    The policies decide otherwise than an expectation says.

    Why
    ---
    `expect` says who must see what, in words that do not depend on how the policies say it.  Each cell is decided for
    each fixture row as PostgreSQL would: rights first, then some permissive policy and all restrictive ones.  The
    finding names the row that makes the difference and the policy that decides about it.  What cannot be decided
    without a server is left to `pgspec test`, which runs every cell as its real role.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
    expect:
      select: {admin: all, member: [first], anonymous: denied}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```

    Good
    ----
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
    expect:
      select: {admin: none, member: [first], anonymous: denied}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```
    """
    for guarded in program.guarded:
        decider = _decider(program, guarded)
        if decider is None:
            continue
        for command, name, key, cell in written(guarded, program.project):
            decision = decider.decide(command, name, program.project.personas[name])
            result = decision.result
            if isinstance(cell, list) and not decider.rows.keys() >= set(cell):
                continue  # RLS007 says which label there is not
            if not result.unknown and not fits(cell, result, decider.rows):
                message = f"`{command}` as `{name}` gives {result}, not {shown(cell)}"
                place = guarded.document.at("expect", command, key)
                yield Finding(place, message, _because(cell, decision), guarded)


def shown(cell: Cell) -> str:
    """A cell in the words of the spec."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, list):
        return f"[{', '.join(sorted(cell))}]"
    return f"error {cell.error}" + (f" with a hint like `{cell.hint}`" if cell.hint else "")


def _because(cell: Cell, decision: Decision) -> str:
    """What decides about the first row that is other than expected."""
    result = decision.result
    if not isinstance(cell, str | list) and cell.error == result.sqlstate:
        return "PostgreSQL refuses without a hint: expect `denied`"
    wanted = set(cell) if isinstance(cell, list) else set(decision.rows) if cell in ("all", "ok") else set()
    for label, row in decision.rows.items():
        if (row.outcome == "ok") != (label in wanted):
            return f"for `{label}`: {row.why}"
    return next((row.why for row in decision.rows.values() if row.why), "")


@rule("RLS007")
def idle_expectation(program: Program) -> Iterator[Finding]:
    """
    Expectations are not total, or prove nothing.

    Why
    ---
    A persona that no cell speaks of is the one that sees too much.  Every persona is listed under each of `select`,
    `insert`, `update` and `delete`, or covered by `"*"`.  Expectations prove something only when rows are there to be
    seen, when somebody sees each of them, and when not all cells say the same: an empty table satisfies every `none`.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
    expect:
      select: {admin: none, member: [first]}
      insert: {"*": denied}
    ```

    Good
    ----
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim_uuid('sub'))"}
    expect:
      select: {member: [first], anonymous: denied, "*": none}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```
    """
    for guarded in program.guarded:
        if guarded.table is not None and program.project.personas:
            yield from _gaps(program, guarded)
            yield from _unknown(program, guarded)
            yield from _idle(program, guarded)


def _gaps(program: Program, guarded: Guarded) -> Iterator[Finding]:
    """Personas and commands of which nothing is expected."""
    expect, document = guarded.spec.expect, guarded.document
    if not expect:
        example = 'expect: {select: {"*": none}, insert: {"*": denied}, update: {"*": denied}, delete: {"*": denied}}'
        yield Finding(document.at("table"), "nothing says who must see what", f"add `{example}`", guarded)
        return
    for command in COMMANDS:
        cells = expect.get(command, {})
        missing = [name for name in program.project.personas if name not in cells and EVERYBODY not in cells]
        if missing:
            names = ", ".join(f"`{name}`" for name in missing)
            place = document.key("expect", command) if command in expect else document.key("expect")
            message = f"nothing says what {names} must get from `{command}`"
            help_ = f'add `"*": denied` to `{command}`' if cells else f'add `{command}: {{"*": denied}}`'
            yield Finding(place, message, help_, guarded)


def _unknown(program: Program, guarded: Guarded) -> Iterator[Finding]:
    """Personas and labels that do not exist."""
    assert guarded.table is not None
    personas = program.project.personas
    labels = fixture_rows(program.project, program.catalog, guarded.table)
    for command, cells in guarded.spec.expect.items():
        for key, cell in cells.items():
            if key not in personas and key != EVERYBODY:
                place = guarded.document.key("expect", command, key)
                help_ = nearest(key, personas) or "add it under `personas:` in project.yaml"
                yield Finding(place, f"there is no persona `{key}`", help_, guarded)
            for number, label in enumerate(cell if isinstance(cell, list) else ()):
                if label not in labels:
                    place = guarded.document.at("expect", command, key, number)
                    message = f"the table `{guarded.spec.table}` has no fixture row `{label}`"
                    help_ = nearest(label, labels) or "add it under `fixtures:` in project.yaml"
                    yield Finding(place, message, help_, guarded)


def _idle(program: Program, guarded: Guarded) -> Iterator[Finding]:
    """Expectations that would hold whatever the policies say."""
    expect, document = guarded.spec.expect, guarded.document
    assert guarded.table is not None
    if not expect:
        return
    labels = fixture_rows(program.project, program.catalog, guarded.table)
    if not labels:
        message = f"`{guarded.spec.table}` has no fixture rows, so nothing is there to be seen"
        help_ = f"add some under `fixtures: {{{guarded.table.name.name}: ...}}` in project.yaml"
        yield Finding(document.key("expect"), message, help_, guarded)
        return
    cells = list(written(guarded, program.project))
    selects = [cell for command, _, _, cell in cells if command == "select"]
    seen = {label for cell in selects if isinstance(cell, list) for label in cell}
    unseen = [] if any(cell in ("all", "ok") for cell in selects) else [n for n in labels if n not in seen]
    if len({shown(cell) for _, _, _, cell in cells}) == 1 and len(cells) > 1:
        message = f"every cell says {shown(cells[0][3])}, so nothing tells right from wrong"
        help_ = "add a persona that sees something, such as one of a service role"
        yield Finding(document.key("expect"), message, help_, guarded)
    elif unseen and selects:
        names = ", ".join(f"`{name}`" for name in unseen)
        message = f"nobody is expected to see {names}, which might as well not be there"
        help_ = "add a persona that sees it, such as one of a service role"
        yield Finding(document.key("expect", "select"), message, help_, guarded)


@rule("RLS010")
def believed_stranger(program: Program) -> Iterator[Finding]:
    """
    A request without a session, or with forged metadata, gets more than it should.

    Why
    ---
    Two personas are tried that nobody has to write: each role without any claims, which must get no more than the
    personas that have none; and each persona with another's claims in `user_metadata`, where users can write, which
    must get no more than it does without.  A policy that compares with IS NOT DISTINCT FROM, or fills in a missing
    claim, fails the first.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - name: admins
        command: select
        to: [authenticated]
        using: coalesce((SELECT pgspec.claim('role')), 'admin') = 'admin'
    expect:
      select: {admin: all, member: none, anonymous: denied}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```

    Good
    ----
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: admins, command: select, to: [authenticated], using: "(SELECT pgspec.claim('role')) = 'admin'"}
    expect:
      select: {admin: all, member: none, anonymous: denied}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```
    """
    project = program.project
    for guarded in program.guarded:
        decider = _decider(program, guarded)
        for command in COMMANDS if decider is not None else ():
            assert decider is not None
            found = {name: decider.decide(command, name, p).result for name, p in project.personas.items()}
            if any(result.unknown for result in found.values()):
                continue
            seen = {name: result.labels for name, result in found.items()}
            for name, (persona, of) in automatic(project).items():
                decision = decider.decide(command, name, persona)
                more = sorted(decision.result.labels - may_see(project, of, seen))
                if more:
                    written_at = ("expect", command) if command in guarded.spec.expect else ("table",)
                    message = f"`{command}` as {name} reaches `{more[0]}`, which it must not"
                    why = decision.rows[more[0]].why
                    yield Finding(guarded.document.key(*written_at), message, why, guarded)
                    break
