"""RLS: what policies read and call beside the row, also through functions and views of the schema files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pgspec.audit_policies import VIEWER
from pgspec.audits import Audit
from pgspec.bodies import Callee, reached, relation, text_of, words_of
from pgspec.catalog import Relation
from pgspec.diagnostics import Span
from pgspec.pgsql import relation_names
from pgspec.policies import CLAIMS, PUBLIC, Policy
from pgspec.program import Program
from pgspec.row_conditions import Condition
from pgspec.rules.registry import Finding, rule
from pgspec.rules.rls import conditions
from pgspec.rules.row_conditions import row_conditions
from pgspec.sql import QName, commas, ident, qname

_ENDLESS = "so every query ends in an infinite recursion"
_EDITABLE = re.compile(r"\b(?:raw_)?user_meta_?data\b")


@rule("RLS003")
def editable_claim(program: Program) -> Iterator[Finding]:
    """
    A claim that the user can edit decides access.

    Why
    ---
    `user_metadata` is what a user may write about themselves: whoever signs up can put `{"role": "admin"}` there.
    What decides access must stand where only the server writes, such as `app_metadata`.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: vip, command: select, to: [authenticated], using: "(SELECT pgspec.claim('user_metadata.vip')) = 'yes'"}
    ```

    Good
    ----
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: admins, command: select, to: [authenticated], using: "(SELECT pgspec.claim('role')) = 'admin'"}
    expect:
      select: {admin: all, "*": none, anonymous: denied}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```
    """
    for subject, what, condition in (*row_conditions(program), *_viewers(program)):
        text = condition.source.text
        found = list(words_of(text, _EDITABLE))
        for callee in reached(program.catalog, text):
            if any(words_of(text_of(callee.function), _EDITABLE)):
                found.append((callee.place.start, callee.place.end))
        for start, end in found[:1]:
            message = f"{what} believes what users write about themselves"
            help_ = "read `app_metadata`, which only the server writes"
            yield Finding(condition.source.span(start, end), message, help_, subject)


def _viewers(program: Program) -> Iterator[tuple[Audit, str, Condition]]:
    """What the viewers of audit logs require."""
    for audit, log in zip(program.audits, program.logs, strict=True):
        for policy in log.policies:
            if audit.viewer and policy.spec.name == VIEWER and policy.using is not None:
                yield audit, f"the viewer `{audit.viewer.name.name}`", policy.using


@rule("RLS005")
def recursive_policy(program: Program) -> Iterator[Finding]:
    """
    A policy reads its own table.

    Why
    ---
    To read the table PostgreSQL asks its policies, which read the table: every query ends with `infinite recursion
    detected in policy`.  The same happens when the policies of two tables read each other's, and when a function or a
    view reads the table for the policy: in PL/pgSQL the stack overflows.  A SECURITY DEFINER function helps only when
    no policy binds its owner; FORCE binds the owner of the table, who then sees nothing.  Keep what decides in a table
    of its own, or let a role with BYPASSRLS own the function.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - name: same_org
        command: select
        to: [authenticated]
        using: org_id IN (SELECT n.org_id FROM notes n WHERE n.owner_id = (SELECT pgspec.claim_uuid('sub')))
    ```

    Good
    ----
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: same_org, command: select, to: [authenticated], using: "org_id = (SELECT pgspec.claim_uuid('org'))"}
    expect:
      select: {member: all, "*": none, anonymous: denied}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```
    """
    reads: dict[QName, set[QName]] = {}
    for guarded, _, condition in conditions(program):
        if guarded.table is not None:
            reads.setdefault(guarded.table.name, set()).update(read.table for read in _read(condition, program))
    for guarded, policy, condition in conditions(program):
        own = guarded.table.name if guarded.table else None
        for read in _read(condition, program):
            if own == read.table or own in _followed(read.table, reads):
                what = "its own table" if own == read.table else f"`{read.table}`, whose policies read its own table"
                ends = f"as `{read.who}`, whom policies bind too" if read.who else _ENDLESS
                message = f"the policy `{policy.spec.name}` reads {what}{read.through}, {ends}"
                yield Finding(read.place, message, "keep what decides in a table of its own", guarded)
                break


@dataclass(frozen=True, slots=True)
class _Read:
    """A table that is read under somebody's policies: by whom (who asks, when empty), where, and through what."""

    table: QName
    who: str
    place: Span
    through: str = ""


def _read(condition: Condition, program: Program) -> Iterator[_Read]:
    catalog, source = program.catalog, condition.source
    for reference in condition.analysis.references:
        found = catalog.relations.get(reference.name)
        if found is not None and reference.start >= condition.head:  # not the statement that carries the condition
            place = source.span(reference.start - condition.head, reference.end - condition.head)
            through = f" through `{found.name}`" if found.kind == "view" else ""
            for table, who in _tables(found, "", program):
                yield _Read(table, who, place, through)
    for callee in reached(catalog, source.text):
        reader = callee.runs_as.owner if callee.runs_as is not None else ""
        for mention in callee.body.reads if reader is not None else ():
            found = relation(catalog, callee.function.path or None, mention)
            place = source.span(callee.place.start, callee.place.end)
            for table, who in _tables(found, reader or "", program) if found is not None else ():
                yield _Read(table, who, place, f" through `{callee.function.name}()`")


def _tables(found: Relation, who: str, program: Program) -> Iterator[tuple[QName, str]]:
    """The tables behind a relation whose policies bind the reader: who asks (empty), or the owner of a view.

    An owner that the schema files do not name is taken for one whom no policy binds, as a superuser is.
    """
    catalog = program.catalog
    if found.kind == "view":
        reader = who if found.invoker else found.owner
        names = sorted(relation_names(found.query), key=str) if reader is not None else ()
        for schema, name in names:
            below = catalog.relation(schema, name)
            if below is not None and below.name != found.name:
                yield from _tables(below, reader or "", program)
    elif not who or _binds(found, who, program):
        yield found.name, who


def _binds(table: Relation, who: str, program: Program) -> bool:
    groups = program.catalog.groups(who)
    if who in program.catalog.bypassing:
        return False
    forced = any(g.spec.force for g in program.guarded if g.table is not None and g.table.name == table.name)
    return forced or table.owner not in groups


def _followed(name: QName, reads: dict[QName, set[QName]]) -> set[QName]:
    found, waiting = set[QName](), [name]
    while waiting:
        for below in reads.get(waiting.pop(), set()) - found:
            found.add(below)
            waiting.append(below)
    return found


@rule("RLS025")
def unsafe_function(program: Program) -> Iterator[Finding]:
    """
    A policy calls a function that cannot be trusted with the answer.

    Why
    ---
    Policies are as good as the functions that they call.  An IMMUTABLE function that reads the session is folded into a
    cached plan, and one user gets the rows of another.  A function that raises an error tells which rows exist, because
    PostgreSQL asks it only of rows that an index found.  A SECURITY DEFINER function that leaves `search_path` to the
    caller reads the temporary table that the caller put in the way.  And a function that a role may not execute fails
    every query of that role.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: admins, command: select, to: [authenticated], using: "(SELECT is_admin())"}
    expect:
      select: {admin: all, "*": none, anonymous: denied}
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
      select: {admin: all, "*": none, anonymous: denied}
      insert: {"*": denied}
      update: {"*": denied}
      delete: {"*": denied}
    ```
    """
    for guarded, policy, condition in conditions(program):
        seen: set[str] = set()
        for callee in reached(program.catalog, condition.source.text):
            for what, help_ in _mistrusted(callee, policy, program):
                if what not in seen:
                    seen.add(what)
                    name = callee.function.name
                    message = f"the policy `{policy.spec.name}` asks `{name}()`, which {what}"
                    place = condition.source.span(callee.place.start, callee.place.end)
                    yield Finding(place, message, help_, guarded)


def _mistrusted(callee: Callee, policy: Policy, program: Program) -> Iterator[tuple[str, str]]:
    function, body = callee.function, callee.body
    named = f"{qname(function.name)}({', '.join(function.arguments)})"
    claims = {QName(program.project.internal_schema, name) for name in CLAIMS}
    asks = body.session or any((call.schema, call.name) in claims for call in body.calls)
    if function.volatility == "immutable" and (asks or body.reads):
        what = "the session" if asks else "tables"
        yield f"is IMMUTABLE and reads {what}: cached plans keep its first answer", f"ALTER FUNCTION {named} STABLE;"
    if body.raises:
        help_ = "return false instead; a role that must get 42501 is left out of `to:`"
        yield "raises errors: they tell which hidden rows exist", help_
    if function.definer and isinstance(function.source, str):
        open_ = function.path is None or ("pg_temp" not in function.path and any(m.schema is None for m in body.reads))
        if open_:
            path = commas(ident(name) for name in (*(function.path or program.catalog.search_path), "pg_temp"))
            what = "is SECURITY DEFINER and finds the caller's temporary tables first"
            yield what, f"ALTER FUNCTION {named} SET search_path = {path};"
    if callee.called_as is None:
        roles = program.project.roles.api if PUBLIC in policy.roles else policy.roles
        shut = [r for r in roles if not {*function.callers, function.owner} & {*program.catalog.groups(r), PUBLIC}]
        if shut:
            what = f"`{shut[0]}` may not execute: every query of that role fails"
            yield what, f"GRANT EXECUTE ON FUNCTION {named} TO {ident(shut[0])};"
