"""The manual: of a rule, from its docstring; of an object, from the program."""

from __future__ import annotations

from pgspec.compile import Result
from pgspec.program import View
from pgspec.rules import RULES, Rule
from pgspec.sql import qname


def explain_rule(code: str) -> str | None:
    """The page of a rule as text, or None when there is none."""
    rule = RULES.get(code.upper())
    return None if rule is None else f"{_title(rule)}\n\n{rule.doc}\n"


def explain_object(name: str, result: Result) -> str | None:
    """Why a view exists, what it reads, what reads it, and how its key is proven; None when there is no such view."""
    for view in result.program.views if result.program else ():
        if name in (view.name.name, str(view.spec.name), f"{view.name.schema}.{view.name.name}"):
            return _view(view, result)
    return None


def rules_markdown() -> str:
    """docs/rules.md: every page, in order."""
    lines = ["# Rules", "", "Printed from the rules themselves: `pgspec explain CODE` shows the same page.", ""]
    lines += ["| code | severity | finding |", "|---|---|---|"]
    lines += [f"| [{r.code}](#{r.code.lower()}) | {r.severity} | {r.summary} |" for _, r in sorted(RULES.items())]
    for _, rule in sorted(RULES.items()):
        lines += ["", f"## {rule.code}", "", f"`{rule.name}`, {rule.severity}", "", _headings(rule.doc)]
    return "\n".join(lines) + "\n"


def _title(rule: Rule) -> str:
    return f"{rule.code} {rule.name} ({rule.severity})"


def _headings(doc: str) -> str:
    """Underlined headings as Markdown's third level."""
    lines = doc.split("\n")
    out: list[str] = []
    for number, line in enumerate(lines):
        if set(line) == {"-"} and number and len(line) == len(lines[number - 1]):
            out[-1] = f"### {out[-1]}"
        else:
            out.append(line)
    return "\n".join(out)


def _view(view: View, result: Result) -> str:
    assert result.program is not None
    place = view.document.at("name")
    lines = [f"materialized view {view.name}  ({place.path}:{place.line})"]
    if view.spec.description:
        lines.append(f"  {view.spec.description.strip()}")
    users = sorted(str(other.name) for other in result.program.views if view.name in other.reads)
    lines += ["", f"reads    {', '.join(sorted(qname(name) for name in view.reads)) or 'nothing'}"]
    lines.append(f"read by  {', '.join(users) or 'no other view'}")
    if view.analysis is not None:
        lines.append("columns")
        width = max((len(column.name) for column in view.analysis.columns), default=0)
        for column in view.analysis.columns:
            null = "" if column.nullable else " not null"
            lines.append(f"  {column.name:<{width}}  {column.type or 'unknown type'}{null}")
        lines.append("keys")
        for key in view.analysis.keys:
            line = view.source.span(key.start, key.end).line
            lines.append(f"  [{', '.join(key.columns)}]  proven by {key.why}, line {line}")
        if not view.analysis.keys:
            lines.append("  none is proven")
    lines.append("indexes")
    lines += [f"  {i.name} ({', '.join(i.columns)}){' unique' if i.unique else ''}" for i in view.indexes]
    return "\n".join(lines) + "\n"
