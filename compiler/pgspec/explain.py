"""The manual: of a rule, from its docstring; of an object, from the program."""

from __future__ import annotations

from pgspec.audits import Audit
from pgspec.cached import Cached
from pgspec.compile import Result
from pgspec.decide import Decider, fixture_rows
from pgspec.kinds.rls import COMMANDS
from pgspec.lineage import column_sources
from pgspec.mappings import Mapping
from pgspec.policies import Guarded
from pgspec.program import View
from pgspec.queries import edited
from pgspec.rules import RULES, Rule
from pgspec.sql import qname


def explain_rule(code: str) -> str | None:
    """The page of a rule as text, or None when there is none."""
    rule = RULES.get(code.upper())
    return None if rule is None else f"{_title(rule)}\n\n{rule.doc}\n"


def explain_object(name: str, result: Result) -> str | None:
    """What a spec makes, and why; None when there is no such thing."""
    for view in result.program.views if result.program else ():
        front = (str(view.exposed.name),) if view.exposed is not None else ()
        if name in (view.name.name, str(view.spec.name), f"{view.name.schema}.{view.name.name}", *front):
            return _view(view, result)
    for mapping in result.program.mappings if result.program else ():
        if name == mapping.spec.name:
            return _mapping(mapping)
    for cached in result.program.cached if result.program else ():
        if name == cached.spec.name:
            return _cached(cached, result)
    for audit in result.program.audits if result.program else ():
        viewer = audit.viewer.name.name if audit.viewer else None
        if name in (audit.spec.name, str(audit.name), str(audit.table), viewer):
            return _audit(audit, result)
    for guarded in result.program.guarded if result.program else ():
        if guarded.table is not None and name in (
            guarded.table.name.name,
            str(guarded.spec.table),
            str(guarded.table.name),
        ):
            return _guarded(guarded, result)
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
    if view.exposed is not None and view.exposed.condition is not None:
        where = view.exposed.condition.sql.strip()
        lines += ["exposed as", f"  {view.exposed.name} to {', '.join(view.exposed.roles)}, where {where}"]
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


def _cached(cached: Cached, result: Result) -> str:
    """What a cached query reads, which invalidations watch it, and the writes that leave a cached result stale."""
    assert result.program is not None
    place = cached.document.at("name")
    lines = [f"cached query {cached.spec.name}  ({place.path}:{place.line})"]
    if cached.spec.description:
        lines.append(f"  {cached.spec.description.strip()}")
    lines += ["", "parameters", f"  {', '.join(sorted(cached.parameters)) or 'none'}", "reads"]
    for relation in sorted({use.relation for use in cached.uses}):
        columns = sorted({column for use in cached.uses if use.relation == relation for column in use.columns})
        on = [m.spec.name for m in result.program.mappings if m.table is not None and m.table.name == relation]
        lines.append(f"  {relation} ({', '.join(columns)}), watched by {', '.join(on) or 'nothing'}")
    lines += ["tags", *(f"  {template.text}" for _, template in cached.tags)]
    stale = [f"  {gap.event.upper()} of {gap.use.relation}: {gap.reason}" for gap in cached.gaps]
    lines += ["stale after", *(dict.fromkeys(stale) or ["  no write"])]
    lines += ["kept", f"  {cached.spec.ttl or 'until it is invalidated'}"]
    return "\n".join(lines) + "\n"


def _audit(audit: Audit, result: Result) -> str:
    """Which writes an audit log records, with what of the request, who reads it, and for how long it is kept."""
    assert result.program is not None
    place = audit.document.at("name")
    lines = [f"audit log {audit.name}, whose table is {audit.table}  ({place.path}:{place.line})"]
    if audit.spec.description:
        lines.append(f"  {audit.spec.description.strip()}")
    lines += ["", "records"]
    for table in audit.tables:
        watched = f" of {', '.join(table.watched)}" if table.watched else ""
        events = [f"{event}{watched if event == 'UPDATE' else ''}" for event in table.events]
        lines.append(f"  {table.relation.name}: {', '.join(events)}")
    lines += ["of the request", f"  {', '.join(audit.spec.context) or 'nothing'}"]
    lines += ["read by", f"  {', '.join(sorted(result.program.project.roles.service)) or 'its owner'}"]
    if audit.viewer:
        required = " ".join(audit.viewer.require.text.split())
        lines.append(f"  {', '.join(audit.viewer.to)}, as {audit.viewer.name}, who must meet {required}")
    lines += ["kept", f"  {audit.spec.retention}, then {audit.cleanup}() forgets"]
    guard = next((item for item in result.program.guarded if item.face == audit.name), None)
    return "\n".join(lines) + "\n" + (f"\n{_guarded(guard, result)}" if guard else "")


def _guarded(guarded: Guarded, result: Result) -> str:
    """The policies of a table, the rights that follow, and what each persona gets, as far as it can be decided."""
    assert result.program is not None
    assert guarded.table is not None
    project, catalog = result.program.project, result.program.catalog
    place = guarded.document.at("table")
    lines = [f"row security on {guarded.table.name}  ({place.path}:{place.line})", "", "policies"]
    for policy in guarded.in_force:
        kind = "restrictive, " if policy.spec.restrictive else ""
        lines.append(f"  {guarded.place(policy)}: {kind}{policy.spec.command} to {', '.join(policy.roles)}")
    rights = guarded.grants(project).items()
    lines += ["rights", *(f"  {role}: {', '.join(held)}" for role, held in rights)]
    rows = fixture_rows(project, catalog, guarded.table)
    decider = Decider(guarded, project, catalog, rows)
    for command in COMMANDS if rows else ():
        lines.append(command)
        for name, persona in project.personas.items():
            found = decider.decide(command, name, persona).result
            lines.append(
                f"  {name}: {found}" + (f", which only a server decides: {found.unknown}" if found.unknown else "")
            )
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
