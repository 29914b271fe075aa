"""What a condition over rows calls, in a policy or in front of a materialized view."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeGuard

from pgspec.diagnostics import Severity
from pgspec.keys.algebra import Const, Expr, Form, Op, Ref, Subquery, operands
from pgspec.pgsql import tokens
from pgspec.policies import Guarded
from pgspec.program import Program
from pgspec.row_conditions import Condition
from pgspec.rules.registry import Finding, rule
from pgspec.views import View


def row_conditions(program: Program) -> Iterator[tuple[Guarded | View, str, Condition]]:
    """Each condition with its spec, and what it is called."""
    for guarded in program.guarded:
        for policy in guarded.policies:
            for condition in (policy.using, policy.check):
                if condition is not None:
                    yield guarded, f"the policy `{policy.spec.name}`", condition
    for view in program.views:
        if view.exposed is not None and view.exposed.condition is not None:
            yield view, f"the view `{view.exposed.name}`", view.exposed.condition


@rule("RLS004", Severity.WARNING)
def call_for_each_row(program: Program) -> Iterator[Finding]:
    """
    A policy calls a function for each row that a sub-select would call once.

    Why
    ---
    The condition of a policy runs for every row that is scanned.  `(SELECT auth.uid())` is evaluated once, before the
    scan, and an index can be used with it; `auth.uid()` is evaluated for each row: on a million rows 45 times slower,
    and slower still for a function that reads a table.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = pgspec.claim_uuid('sub')"}
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
    for subject, what, condition in row_conditions(program):
        for call in _parts(condition.expr) if condition.expr is not None else ():
            if not _is_slow(call) or any(isinstance(part, Ref) for part in _parts(call)):
                continue
            start, end = place_of(call, condition)
            text = condition.source.text[start:end]
            name = re.match(r"[^(]*", text)
            called = name[0].strip() if name else text
            message = f"`{called}()` is called for each row that {what} is asked of"
            yield Finding(condition.source.span(start, end), message, f"write `(SELECT {text})`", subject)


def _is_slow(call: Expr) -> TypeGuard[Op]:
    if not isinstance(call, Op) or call.form is not Form.FUNCTION:
        return False
    chosen = call.signature
    own = chosen is not None and (chosen.schema is not None or chosen.name == "current_setting")
    return own and chosen is not None and chosen.volatility != "volatile"


def _parts(expr: Expr) -> Iterator[Expr]:
    """The expression and all below it, without the insides of sub-queries."""
    yield expr
    for part in operands(expr):
        yield from _parts(part)


def nodes(expr: Expr | None) -> Iterator[Expr]:
    """A condition and all below it, with the insides of sub-queries without FROM."""
    for part in _parts(expr) if expr is not None else ():
        yield part
        if isinstance(part, Subquery):
            for _, value in getattr(part.query.plan, "values", ()):
                if not isinstance(value, Const | tuple):
                    yield from nodes(value)


def place_of(call: Op, condition: Condition) -> tuple[int, int]:
    """Where a call stands in the text of a condition, up to its closing parenthesis."""
    text, start, depth = condition.source.text, max(call.start - condition.head, 0), 0
    for token in tokens(text):
        if token.start >= start:
            depth += (token.name == "ASCII_40") - (token.name == "ASCII_41")
            if token.name == "ASCII_41" and depth == 0:
                return start, token.end + 1
    return start, start + 1
