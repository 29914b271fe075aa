"""RLS: what policies make of claims."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.diagnostics import Severity
from pgspec.keys.algebra import Expr, Form, Op, Subquery
from pgspec.policies import CLAIMS
from pgspec.program import Program
from pgspec.row_conditions import Condition
from pgspec.rules.registry import Finding, rule
from pgspec.rules.row_conditions import nodes, place_of, row_conditions

_TEXTS = frozenset({"text", "character varying", "name"})


@rule("RLS011", Severity.WARNING)
def failing_cast(program: Program) -> Iterator[Finding]:
    """
    A claim is cast in a way that fails for some requests.

    Why
    ---
    `''::uuid` and `'x'::bigint` are errors, and so is `''::json`: after the first request of a connection
    `current_setting('request.jwt.claims', true)` is the empty text, not NULL.  A policy that casts what the client sent
    makes every query of such a session fail, with a reason that is not the caller's.  `pgspec.claim(name)` reads the
    setting and never fails; `pgspec.claim_uuid(name)` and `pgspec.claim_bigint(name)` are NULL for a claim that is no
    such value.

    Bad
    ---
    ```yaml
    kind: rls
    table: notes
    policies:
      - {name: mine, command: select, to: [authenticated], using: "owner_id = (SELECT pgspec.claim('sub'))::uuid"}
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
    schema = program.project.internal_schema
    typed = {kind: name for name, kind in CLAIMS.items()}
    for subject, what, condition in row_conditions(program):
        for call, target in _casts(condition, schema):
            start, end = place_of(call, condition)
            help_ = "read it with a function that is NULL then"
            if target in typed:
                help_ = f"write `(SELECT {schema}.{typed[target]}(...))`, which is NULL then"
            elif call.name.endswith("current_setting"):
                help_ = f"write `(SELECT {schema}.claim(...))`, which reads the setting and never fails"
            message = f"{what} fails for a session whose claim is no {target}"
            yield Finding(condition.source.span(start, end), message, help_, subject)


def _casts(condition: Condition, schema: str) -> Iterator[tuple[Op, str]]:
    """The calls that read what a client sent, and the types to which their text is cast as it is."""
    for node in nodes(condition.expr):
        if isinstance(node, Op) and node.form is Form.CAST and node.type is not None and node.type not in _TEXTS:
            inner = _read(node.arguments[0])
            if isinstance(inner, Op) and inner.signature is not None and inner.form is Form.FUNCTION:
                chosen = inner.signature
                if (chosen.schema, chosen.name) in ((None, "current_setting"), (schema, "claim")):
                    yield inner, node.type


def _read(expr: Expr) -> Expr:
    """What a sub-select without FROM gives."""
    while isinstance(expr, Subquery):
        values = [value for _, value in getattr(expr.query.plan, "values", ())]
        if len(values) != 1:
            return expr
        expr = values[0]
    return expr
