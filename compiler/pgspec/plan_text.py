"""The plan for people: Markdown for the pull request, the same as plain text, and as data."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pgspec.migration import counts
from pgspec.objects import TYPES, SqlObject
from pgspec.plan import Change, Plan

_RISK = {
    "create": "low: nothing that exists is touched",
    "replace": "low: changed in place",
    "rebuild": "high: readers wait until it is built again",
    "drop": "medium: whoever still reads it fails",
}


def plan_markdown(title: str, last: str, forward: Plan, back: Plan) -> str:
    """What a reviewer reads first."""
    lines = [f"# Plan: {title}", "", f"After {last}: **{counts(forward)}**.", f"Rollback: {counts(back)}.", ""]
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
        "lock": change.lock,
        "risk": TYPES[item.key.type].risks.get(change.action, _RISK[change.action]),
        "rollback": "refuses to lose rows that matter" if item.definition.get("keep") else "lossless",
        "spec": f"{item.origin.path}:{item.origin.line}" if item.origin is not None else "",
    }


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
