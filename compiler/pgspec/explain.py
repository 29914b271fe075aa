"""The manual: of a rule, from its docstring; of an object, from the program."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial

from pgspec.alerts import Alert
from pgspec.alerts import number as printed
from pgspec.audits import Audit
from pgspec.cached import Cached
from pgspec.compile import Result
from pgspec.decide import Decider, fixture_rows
from pgspec.event_logs import MOMENT, REQUEST, Events
from pgspec.kinds import Limits, ParameterValues
from pgspec.kinds.base import Duration
from pgspec.kinds.rls import COMMANDS
from pgspec.lineage import column_sources
from pgspec.load_tests import Load
from pgspec.mappings import Mapping
from pgspec.policies import Guarded
from pgspec.program import Program
from pgspec.queries import edited
from pgspec.rules import RULES, Rule
from pgspec.sql import qname
from pgspec.tracked import tracked
from pgspec.views import View


def explain_rule(code: str) -> str | None:
    """The page of a rule as text, or None when there is none."""
    rule = RULES.get(code.upper())
    return None if rule is None else f"{_title(rule)}\n\n{rule.doc}\n"


def explain_object(name: str, result: Result) -> str | None:
    """What a spec makes, and why; None when there is no such thing."""
    known = _known(result.program, result) if result.program else ()
    return next((explain() for names, explain in known if name in names), None)


def _known(program: Program, result: Result) -> Iterator[tuple[Collection[str | None], Callable[[], str]]]:
    """Everything that can be explained: the names that it has, and what says what it is."""
    for view in program.views:
        front = (str(view.exposed.name),) if view.exposed is not None else ()
        yield (
            (view.name.name, str(view.spec.name), f"{view.name.schema}.{view.name.name}", *front),
            partial(_view, view, result),
        )
    for mapping in program.mappings:
        yield (mapping.spec.name,), partial(_mapping, mapping)
    for cached in program.cached:
        yield (cached.spec.name,), partial(_cached, cached, result)
    for audit in program.audits:
        viewer = audit.viewer.name.name if audit.viewer else None
        yield (audit.spec.name, str(audit.name), str(audit.table), viewer), partial(_audit, audit, result)
    for log in program.event_logs:
        yield (log.spec.name, str(log.name)), partial(_events, log, result)
    for guarded in program.guarded:
        if guarded.table is not None:
            names = (guarded.table.name.name, str(guarded.spec.table), str(guarded.table.name))
            yield names, partial(_guarded, guarded, result)
    for alert in program.alerts:
        yield (alert.name,), partial(_alert, alert)
    for load in program.loads:
        yield (load.spec.name,), partial(_load, load)


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
    lines += ["refreshed", *_refreshed(view, result.program)]
    lines.append("indexes")
    lines += [f"  {i.name} ({', '.join(i.columns)}){' unique' if i.unique else ''}" for i in view.indexes]
    return "\n".join(lines) + "\n"


def _refreshed(view: View, program: Program) -> list[str]:
    """When a view is refreshed, and what makes it change as far as that can be noted."""
    refresh, found = view.spec.refresh, tracked(view, program)
    lines = ["  by hand" if refresh.every is None else f"  at most every {refresh.every}"]
    if found is not None and found.unseen:
        lines.append("  whether or not something was written, since nobody notes a change of")
        return lines + [f"    {what}" for what in found.unseen]
    if found is not None:
        lines[0] += ", once one of these was written"
        return lines + [f"    {qname(name)}" for name in found.sources]
    return lines


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


def _alert(alert: Alert) -> str:
    """What an alert compares with which threshold, and what to do when it fires."""
    place = f"  ({alert.origin.path}:{alert.origin.line})" if alert.origin else ""
    lines = [f"{'built-in ' if alert.built_in else ''}alert {alert.name}{place}", f"  {alert.summary}", "", "fires"]
    waited = f", for {Duration(alert.pending)}" if alert.pending else ", at once"
    lines += [f"  {'above' if alert.above else 'below'} {printed(alert.threshold)}{waited}; severity {alert.severity}"]
    lines += ["value", *(f"  {line}" for line in alert.query.split("\n"))]
    return "\n".join([*lines, "runbook", f"  {alert.runbook or 'none'}"]) + "\n"


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


def _events(log: Events, result: Result) -> str:
    """What an event log records, how its labels are bounded, who records and who reads, and for how long."""
    assert result.program is not None
    place, spec, service = log.document.at("name"), log.spec, result.program.project.roles.service
    lines = [f"event log {log.name}  ({place.path}:{place.line})"]
    lines += [f"  {spec.description.strip()}"] if spec.description else []
    lines += ["", "labels"]
    for name, label in spec.labels.items():
        listed = ", ".join(map(str, label.values or ()))
        bound = f"at most {label.max_cardinality} values" if label.max_cardinality else f"one of {listed}"
        lines.append(f"  {name}: {bound}" + (f", normalized as a {label.normalize}" if label.normalize else ""))
    lines += ["other columns", f"  {MOMENT}: timestamp with time zone", f"  {REQUEST}: text"]
    lines += [f"  {column.name}: {column.type}" for column in log.columns if column.label is None]
    lines += [
        "recorded by",
        f"  {', '.join(sorted({*service, *spec.access.record})) or 'its owner'}, with {log.record}",
    ]
    lines += ["read by", f"  {', '.join(sorted({*service, *spec.access.select})) or 'its owner'}"]
    readers = sorted(str(view.name) for view in result.program.views if log.name in view.reads)
    lines += ["rolled up by", f"  {', '.join(readers) or 'no view'}"]
    lines += ["kept", f"  {spec.retention}, in partitions of a day; {log.maintain}() makes and drops them"]
    return "\n".join(lines) + "\n"


def _load(load: Load) -> str:
    """What a load test asks, with which values, and what the answers must keep to."""
    spec, place = load.spec, load.document.at("name")
    lines = [f"load test {spec.name}  ({place.path}:{place.line})"]
    if spec.description:
        lines.append(f"  {spec.description.strip()}")
    total = sum(entry.spec.weight for entry in load.entries)
    lines += [
        "",
        "runs",
        f"  {spec.clients} clients for {spec.duration}, as {spec.persona or 'the role that connects'}",
    ]
    for entry in load.entries:
        writes = f", which changes the database ({entry.writes})" if entry.writes else ""
        lines.append(f"  {entry.spec.name}, {100 * entry.spec.weight / total:.3g} % of the transactions{writes}")
    values = {name: source for entry in load.entries for name, source in entry.values.items()}
    lines += ["values", *(f"  {name}: {_source(values[name])}" for name in sorted(values))] if values else []
    lines.append("thresholds")
    for name, limits in {"errors": Limits(errors=0), **spec.thresholds}.items():
        for limit, bound in limits.model_dump(exclude_none=True).items():
            label = "all entries" if name == "errors" else name
            lines.append(
                f"  {label}: {limit.removesuffix('_ms')} {'>=' if limit == 'tps' else '<='} {bound:g}"
                f"{' ms' if limit.endswith('_ms') else ''}"
            )
    return "\n".join(lines) + "\n"


def _source(values: ParameterValues) -> str:
    if values.range is not None:
        return f"{values.range[0]} to {values.range[1]}"
    return " ".join((values.query or ", ".join(values.texts)).split())


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
