"""MV: the views in front of materialized views, and whether they filter."""

from __future__ import annotations

from collections.abc import Iterator

from pgspec.diagnostics import Severity
from pgspec.keys.algebra import Expr, Form, Op, Ref, Subquery, SubqueryForm
from pgspec.keys.conditions import attributes_of, flattened
from pgspec.program import Program
from pgspec.row_conditions import Condition
from pgspec.rules.registry import Finding, page, rule
from pgspec.sql import ident
from pgspec.views import View

_SCANNED = ("btree", "hash")


@page("MV015")
def impossible_condition() -> None:
    """
    The condition of `expose` is none that a view could have.

    Why
    ---
    `where` is one boolean expression over the columns of the materialized view: what would stand after WHERE.  It has
    no parameters: who asks is known from the session.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: amounts
    unique_key: [id]
    query: SELECT id, customer_id, amount FROM orders
    expose: {as: shown_amounts, where: "customer_id", to: [authenticated]}
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: amounts
    unique_key: [id]
    indexes: [{columns: [customer_id]}]
    query: SELECT id, customer_id, amount FROM orders
    expose: {as: shown_amounts, where: "customer_id = (SELECT pgspec.claim_uuid('sub'))", to: [authenticated]}
    ```
    """


@rule("MV016")
def same_rows_for_everybody(program: Program) -> Iterator[Finding]:
    """
    A materialized view is exposed, and what a caller reads does not depend on who it is.

    Why
    ---
    `expose` is there to show each caller its own rows: its condition compares a column of the view with what the
    session says of the caller, such as `pgspec.claim('sub')`.  A condition without the one or the other shows all
    callers the same, or some of them everything.  So does `access` for a role that `expose` filters for.  Where that is
    meant, say why in `allow: {MV016: reason}`.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: amounts
    unique_key: [id]
    query: SELECT id, customer_id, amount FROM orders
    expose: {as: shown_amounts, where: "amount < 1000", to: [authenticated]}
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: amounts
    unique_key: [id]
    indexes: [{columns: [customer_id]}]
    query: SELECT id, customer_id, amount FROM orders
    expose: {as: shown_amounts, where: "customer_id = (SELECT pgspec.claim_uuid('sub'))", to: [authenticated]}
    ```
    """
    for view, condition in _exposed(program):
        assert view.exposed is not None
        problem = ""
        if not condition.columns:
            problem = f"reads no column of `{view.spec.name}`: a caller sees all rows or none"
        elif not condition.analysis.session and not _may_ask(view, program):
            problem = "says nothing of the caller: all see the same rows"
        if problem:
            message = f"the condition of `{view.exposed.name}` {problem}"
            help_ = "compare a column with the caller: `owner_id = (SELECT pgspec.claim_uuid('sub'))`"
            yield Finding(view.document.at("expose", "where"), message, help_, view)
        for number, role in enumerate(view.spec.access.select):
            if role in view.exposed.roles:
                message = f"`{role}` reads all of `{view.spec.name}` directly, past the condition of `expose`"
                help_ = "take the role out of `access`, or out of `expose`"
                yield Finding(view.document.at("access", "select", number), message, help_, view)


def _exposed(program: Program) -> Iterator[tuple[View, Condition]]:
    for view in program.views:
        if view.exposed is not None and view.exposed.condition is not None and view.exposed.understood:
            yield view, view.exposed.condition


def _may_ask(view: View, program: Program) -> bool:
    """Whether a function that is called may give each caller something else."""
    assert view.exposed is not None
    if view.exposed.calls_claim:
        return True
    called = (f for name in view.exposed.calls for f in program.catalog.functions.get(name, ()))
    return any(function.volatility != "immutable" for function in called)


@rule("MV017", Severity.WARNING)
def exposed_without_index(program: Program) -> Iterator[Finding]:
    """
    No index leads with the column by which a materialized view is filtered per caller.

    Why
    ---
    Every query of every caller reads the whole view to find the caller's rows.

    Bad
    ---
    ```yaml
    kind: materialized_view
    name: amounts
    unique_key: [id]
    query: SELECT id, customer_id, amount FROM orders
    expose: {as: shown_amounts, where: "customer_id = (SELECT pgspec.claim_uuid('sub'))", to: [authenticated]}
    ```

    Good
    ----
    ```yaml
    kind: materialized_view
    name: amounts
    unique_key: [id]
    indexes: [{columns: [customer_id]}]
    query: SELECT id, customer_id, amount FROM orders
    expose: {as: shown_amounts, where: "customer_id = (SELECT pgspec.claim_uuid('sub'))", to: [authenticated]}
    ```
    """
    for view, condition in _exposed(program):
        compared = [c for e in flattened([condition.expr] if condition.expr else ()) if (c := _compared(e, condition))]
        leading = {index.columns[0] for index in view.indexes if index.method in _SCANNED}
        if compared and leading.isdisjoint(compared):
            column = compared[0]
            entry = f"{{columns: [{ident(column)}]}}"
            message = f"no index of `{view.spec.name}` leads with `{column}`, by which `expose` filters"
            help_ = f"add `- {entry}` to `indexes:`" if view.spec.indexes else f"add `indexes: [{entry}]`"
            yield Finding(view.document.at("expose", "where"), message, help_, view)


def _compared(conjunct: Expr, condition: Condition) -> str | None:
    """The column that a conjunct compares for equality with what is not of the row, so that an index could find it."""
    if isinstance(conjunct, Subquery) and conjunct.form is SubqueryForm.ANY:
        sides = conjunct.test if conjunct.operator == "=" else ()
    elif isinstance(conjunct, Op) and (conjunct.form is Form.OPERATOR or conjunct.form in (Form.IN, Form.ANY)):
        sides = conjunct.arguments if conjunct.name in ("=", "") else ()
    else:
        return None
    own = condition.attributes.keys()
    found = [side.attribute for side in sides if isinstance(side, Ref) and side.attribute in own]
    if len(found) != 1 or len([a for side in sides for a in attributes_of(side) if a in own]) != 1:
        return None
    return condition.attributes[found[0]]
