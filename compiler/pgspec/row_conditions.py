"""Conditions over the rows of one relation, bound inside the statement that carries them: policies, exposed views."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pgspec.admission import session_part
from pgspec.catalog import Catalog
from pgspec.diagnostics import Diagnostic, SqlFinding
from pgspec.keys import Analysis, analyse
from pgspec.keys.algebra import Expr, Form, Op
from pgspec.keys.plans import Filter
from pgspec.pgsql import ast, parse, walk
from pgspec.queries import edited, inline_source, is_closed, placed, syntax_error
from pgspec.source import Document, Path, SqlText
from pgspec.sql import QName, qname

_IN_WHERE = " in WHERE"


@dataclass(frozen=True, slots=True)
class Carrier:
    """What a condition is part of: the code of findings about its form, what it is called, and ``place``, which
    completes "write what would stand"."""

    code: str
    noun: str
    place: str


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A condition that reads no row: its text, and what it means, as far as it was understood."""

    sql: str
    expr: Expr | None


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A condition over a row: where it is written, its text with every name qualified, and what it means.

    ``expr`` is None when it was not understood; ``attributes`` are the columns of the row by attribute.  ``head`` is
    the offset of the text in what was analysed.  ``session`` is the part of it that the session alone decides, None
    when the session alone can refuse nobody.
    """

    path: Path
    source: SqlText
    sql: str
    analysis: Analysis
    head: int
    expr: Expr | None
    attributes: Mapping[int, str]
    session: Part | None = None

    @property
    def columns(self) -> frozenset[str]:
        """The columns of the row that it reads."""
        return frozenset(self.attributes.values())

    @property
    def reads(self) -> frozenset[QName]:
        """The relations that its sub-queries name."""
        return frozenset(r.name for r in self.analysis.references if r.start >= self.head)


def bind_condition(
    document: Document,
    path: Path,
    name: str,
    relation: QName,
    catalog: Catalog,
    carrier: Carrier,
    found: list[Diagnostic],
) -> Condition | None:
    """The condition that the spec ``name`` has at ``path``, over the rows of ``relation``; None, with a finding, when
    it is no condition."""
    source = inline_source(document, path, name, found)
    return bound(source, path, name, relation, catalog, carrier, found) if source.text.strip() else None


def bound(
    source: SqlText,
    path: Path,
    name: str,
    relation: QName,
    catalog: Catalog,
    carrier: Carrier,
    found: list[Diagnostic],
) -> Condition | None:
    """The same for a condition that has been read already."""
    reader = _Reader(source, name, carrier, found)
    head = f"SELECT 1 FROM {qname(relation)} WHERE ("
    text = f"{head}{source.text}\n)"
    node = reader.closed(text, len(head))
    if node is None:
        return None
    analysis = analyse(node, catalog, text)
    problems = [f for f in analysis.findings if f not in analysis.naming]
    expr = _expression(analysis)
    if not problems and expr is not None and expr.type not in (None, "boolean", "unknown"):
        help_ = "write a comparison, such as `owner_id = (SELECT auth.uid())`"
        end = len(head) + len(source.text.rstrip())
        problems = [SqlFinding(len(head), end, carrier.code, f"the condition is {expr.type}, not boolean", help_)]
    reader.report(problems, len(head))
    origins = analysis.proof.binding.origins
    scan = analysis.proof.query.plan if analysis.proof.query else None
    own = _row(scan)
    sql = edited(text, len(head), len(head) + len(source.text), analysis.edits)
    attributes = {a: column for a, (_, column) in origins.items() if a in own}
    usable = expr if not problems and not analysis.unsupported else None
    sql = f"{sql}\n" if "--" in sql else sql  # a comment must not reach what follows
    session = _session(sql, catalog) if usable is not None else None
    return Condition(path, source, sql, analysis, len(head), usable, attributes, session)


def _session(condition: str, catalog: Catalog) -> Part | None:
    sql = session_part(condition)
    if sql is None:
        return None
    text = f"SELECT 1 WHERE ({sql})"
    analysis = analyse(parse(text)[0][0].node, catalog, text)
    return Part(sql, None if analysis.unsupported else _expression(analysis))


@dataclass(frozen=True, slots=True)
class _Reader:
    """One condition being read; what is wrong goes to ``found``."""

    source: SqlText
    name: str
    carrier: Carrier
    found: list[Diagnostic]

    def closed(self, text: str, head: int) -> ast.SelectStmt | None:
        """The tree of ``text``, in which the user's condition stands at ``head``; None when it is no condition."""
        source, code = self.source, self.carrier.code
        statements, failure = parse(text)
        if failure is not None:
            inside = max(min(failure.offset - head, len(source.text)), 0)
            self.report([syntax_error(source.text, replace(failure, offset=inside))], 0)
            return None
        if len(statements) != 1 or not is_closed(source.text):
            help_ = f"write what would stand {self.carrier.place}"
            self.report([SqlFinding(0, len(source.text), code, "the condition is not one expression", help_)], 0)
            return None
        node = statements[0].node
        if parameter := next((n for n in walk(node) if isinstance(n, ast.ParamRef)), None):
            place = parameter.location - head
            message = f"{self.carrier.noun} has no parameters"
            self.report([SqlFinding(place, place + 1, code, message, "write the value itself")], 0)
            return None
        return node

    def report(self, problems: Iterable[SqlFinding], head: int) -> None:
        """Place what is wrong; offsets are those of a text in which the condition stands at ``head``."""
        for problem in problems:
            moved = replace(problem, start=problem.start - head, end=problem.end - head)
            if moved.message.endswith(_IN_WHERE):
                message = f"{moved.message.removesuffix(_IN_WHERE)} in {self.carrier.noun}"
                help_ = f"{self.carrier.noun} is asked of one row; aggregate in a sub-query"
                moved = replace(moved, message=message, help=help_)
            self.found.append(placed(self.source, self.name, moved))


def _expression(analysis: Analysis) -> Expr | None:
    """The condition as it was bound: the filter of the statement that carries it."""
    plan = analysis.proof.query.plan if analysis.proof.query else None
    while plan is not None and not isinstance(plan, Filter):
        plan = getattr(plan, "input", None)
    if not isinstance(plan, Filter):
        return None
    return plan.conditions[0] if len(plan.conditions) == 1 else Op(Form.AND, "", plan.conditions, "boolean")


def _row(plan: object) -> frozenset[int]:
    """The attributes of the row that a condition is about."""
    while plan is not None and (below := getattr(plan, "input", None)) is not None:
        plan = below
    return frozenset(getattr(plan, "attributes", {}).values()) if plan is not None else frozenset()
