"""The plan for people: Markdown for the pull request, the same as plain text, and as data."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pgspec.migration import counts
from pgspec.objects import TYPES, SqlObject
from pgspec.pgsql import parse, relation_names
from pgspec.plan import Change, Plan
from pgspec.sql import QName, qname

_RISK = {
    "create": "low: nothing that exists is touched",
    "rename": "medium: whoever still reads it by the old name fails",
    "replace": "low: changed in place",
    "rebuild": "high: readers wait until it is built again",
    "beside": "medium: both need space while the new one is built; readers wait a moment",
    "drop": "medium: whoever still reads it fails",
}


def plan_markdown(title: str, last: str, forward: Plan, back: Plan, note: str = "") -> str:
    """What a reviewer reads first; ``note``: what else there is to say of the whole."""
    lines = [f"# Plan: {title}", "", f"After {last}: **{counts(forward)}**.", f"Rollback: {counts(back)}.", ""]
    lines += [note, ""] if note else []
    lines += ["| change | object | why | strongest lock | risk | rollback | spec |", "|---|---|---|---|---|---|---|"]
    for change, children in _grouped(forward):
        cells = _cells(change, children)
        lines.append("| " + " | ".join(_cell(cells[name]) for name in _COLUMNS) + " |")
    for change, children in _grouped(forward):
        lines += _details(change, children)
    return "\n".join(lines) + "\n"


def plan_plain(title: str, last: str, forward: Plan, back: Plan) -> str:
    """The same for a terminal."""
    lines = [title, f"after {last}: {counts(forward)}", f"rollback: {counts(back)}", ""]
    for change, children in _grouped(forward):
        cells = _cells(change, children)
        lines.append(f"{cells['change']} {cells['object']}")
        lines += [f"    {name}: {cells[name]}" for name in _COLUMNS[2:] if cells[name]]
    return "\n".join(lines) + "\n"


def plan_json(title: str, last: str, forward: Plan) -> str:
    """The same for programs: one entry for each change."""
    entries = [{**_cells(change, []), "with_parent": change.with_parent} for change in forward.changes]
    return json.dumps({"title": title, "after": last, "changes": entries}, indent=2, ensure_ascii=False) + "\n"


_COLUMNS = ("change", "object", "why", "lock", "risk", "rollback", "spec")


def _grouped(forward: Plan) -> Iterable[tuple[Change, list[Change]]]:
    """Each change with the children that come and go with it."""
    children: dict[Any, list[Change]] = {}
    for change in forward.changes:
        if change.with_parent:
            children.setdefault(change.object.parent, []).append(change)
    for change in forward.changes:
        if not change.with_parent:
            yield change, children.get(change.object.key, [])


def _cells(change: Change, children: list[Change]) -> Mapping[str, str]:
    item = change.object
    parts = [f"{TYPES[c.object.key.type].title} {c.object.key.name}" for c in children if c.object.key.type == "index"]
    parts += [TYPES[c.object.key.type].count(1)[2:] for c in children if c.object.key.type != "index"]
    name = f"{TYPES[item.key.type].title} `{item.key.name}`"
    return {
        "change": "change" if change.action == "replace" else change.action,
        "object": name + (f" with {', '.join(parts)}" if parts else ""),
        "why": change.why,
        "lock": _lock(change),
        "risk": TYPES[item.key.type].risks.get(change.action, _RISK["beside" if change.beside else change.action]),
        "rollback": _grade(change),
        "spec": f"{item.origin.path}:{item.origin.line}" if item.origin is not None else "",
    }


def _lock(change: Change) -> str:
    """The strongest lock of a change, with the names of what it is on."""
    definition = (change.after or change.object).definition
    own = definition.get("table") or definition.get("target") or definition.get("name")

    def named(match: re.Match[str]) -> str:
        if match[0] == _SOURCES:
            names = sorted({qname(QName(*name)) for name in _read(definition["query"])})
            return ", ".join(f"`{name}`" for name in names) or "no table"
        return f"`{qname(QName(*own))}`" if isinstance(own, list) else match[0]

    return re.sub(rf"{_SOURCES}|the table\b|the view\b", named, change.lock)


_SOURCES = "the tables that it reads"


def _read(query: str) -> Iterable[tuple[str, str]]:
    """The relations that a printed query names; every name in it is qualified."""
    return {(schema, name) for schema, name in (relation_names(parse(query)[0][0].node)) if schema}


def _grade(change: Change) -> str:
    """What the way back restores."""
    item = change.object
    if item.key.type != "table":
        return "lossless"
    if change.action in ("drop", "rebuild"):
        guard = ", so the migration refuses while there are any that matter" if item.definition.get("keep") else ""
        return f"lossy: the rows are gone{guard}"
    return "lossless; refuses while there are rows that matter" if item.definition.get("keep") else "lossless"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _details(change: Change, children: list[Change]) -> list[str]:
    lines: list[str] = []
    for part in [change, *children]:
        if part.before is None or part.after is None or part.before.definition == part.after.definition:
            continue
        old, new = _describe(part.before), _describe(part.after)
        diff = list(difflib.unified_diff(old, new, "before", "after", lineterm="", n=2))
        fence = "`" * (max((len(run) for run in re.findall("`+", "\n".join(diff))), default=0) + 1)
        fence = max(fence, "````", key=len)
        lines += ["", f"## {part.object.key}", "", f"{fence}diff", *diff, fence]
    return lines


def _describe(item: SqlObject) -> list[str]:
    """A definition as lines that a diff can show."""
    lines = []
    for name in sorted(item.definition):
        value = item.definition[name]
        if isinstance(value, str) and "\n" in value:
            lines += [f"{name}:", *(f"  {line}" for line in value.split("\n"))]
        else:
            lines.append(f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")
    return lines
