"""The manual: of a rule, from its docstring; of an object, from the program."""

from __future__ import annotations

from pgspec.compile import Result
from pgspec.lineage import column_sources
from pgspec.mappings import Mapping
from pgspec.program import View
from pgspec.queries import edited
from pgspec.rules import RULES, Rule
from pgspec.sql import qname


def explain_rule(code: str) -> str | None:
    """The page of a rule as text, or None when there is none."""
    rule = RULES.get(code.upper())
    return None if rule is None else f"{_title(rule)}\n\n{rule.doc}\n"


def explain_object(name: str, result: Result) -> str | None:
    """Why a view or an invalidation exists, what it reads and what depends on it; None when there is no such thing."""
    for view in result.program.views if result.program else ():
        if name in (view.name.name, str(view.spec.name), f"{view.name.schema}.{view.name.name}"):
            return _view(view, result)
    for mapping in result.program.mappings if result.program else ():
        if name == mapping.spec.name:
            return _mapping(mapping)
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
    lines += ["", "read by", f"  {', '.join(users) or 'no other view'}"]
    if view.analysis is not None and view.statement is not None:
        lines += ["reads"]
        lines += [f"  {name} ({', '.join(sorted(view.analysis.reads[name]))})" for name in sorted(view.analysis.reads)]
        lines += ["columns", *_columns(view, result), "keys", *_keys(view)]
        lines += _notes(view)
    lines.append("indexes")
    lines += [f"  {i.name} ({', '.join(i.columns)}){' unique' if i.unique else ''}" for i in view.indexes]
    return "\n".join(lines) + "\n"


def _mapping(mapping: Mapping) -> str:
    """Which writes an invalidation watches, and what they make stale."""
    place = mapping.document.at("name")
    lines = [f"invalidation {mapping.spec.name}  ({place.path}:{place.line})"]
    if mapping.spec.description:
        lines.append(f"  {mapping.spec.description.strip()}")
    if mapping.table is not None:
        name = mapping.table.name
        lines += ["", "table", f"  {qname(name)}" + (f" where {mapping.where.strip()}" if mapping.where else "")]
        lines += [f"  {qname(follower)}, when it is written to directly" for follower in mapping.followers]
    watched = f" of {', '.join(mapping.watched)}" if mapping.watched else ""
    lines += ["events", *(f"  {event}{watched if event == 'UPDATE' else ''}" for event in mapping.events), "tags"]
    for tag in mapping.tags:
        many = f"  more than {mapping.spec.max_tags} at once: {tag.wildcard}"
        text = tag.template.text if tag.template else f"a query, line {mapping.document.at(*tag.path).line}"
        lines.append(f"  {text}" + ("" if tag.template and tag.template.is_static else many))
    lines += ["window", f"  {mapping.spec.dedup_window}"]
    return "\n".join(lines) + "\n"


def _columns(view: View, result: Result) -> list[str]:
    assert view.analysis is not None
    assert view.statement is not None
    assert result.program is not None
    columns = view.analysis.columns
    query = edited(view.source.text, view.statement.start, view.statement.end, view.analysis.edits)
    names = [column.name for column in columns]
    sources = column_sources(query, names, result.program.catalog.relations)
    width = max(len(name) for name in names)
    kinds = [(column.type or "unknown type") + ("" if column.nullable else " not null") for column in columns]
    wide = max(len(kind) for kind in kinds)
    out = []
    for column, kind in zip(columns, kinds, strict=True):
        made_of = sources[column.name]
        origin = f"  <- {', '.join(made_of)}" if made_of else ""
        out.append(f"  {column.name:<{width}}  {kind:<{wide}}{origin}".rstrip())
    return out


def _keys(view: View) -> list[str]:
    assert view.analysis is not None
    out = []
    for key in view.analysis.keys:
        line = view.source.span(key.start, key.end).line
        out.append(f"  [{', '.join(key.columns)}]  proven by {key.why}, line {line}")
    for key in view.analysis.nullable_keys:
        out.append(f"  [{', '.join(key.columns)}]  unique by {key.why}, but a column can be NULL")
    return out or ["  none is proven"]


def _notes(view: View) -> list[str]:
    """What else the analysis knows: outer joins that a foreign key makes inner, and what the result depends on."""
    assert view.analysis is not None
    found = view.analysis
    notes = [*found.lossless_joins, *found.session, *found.volatile, *found.time, *found.unstable]
    lines = [f"  {note.message}, line {view.source.span(note.start, note.end).line}" for note in notes]
    return ["notes", *lines] if lines else []
