"""How drift is shown: as text, Markdown, JSON, or as the SQL that mends it."""

from __future__ import annotations

import json
import re

from pgspec.drift import Drift
from pgspec.drift.compare import Finding
from pgspec.drift.mend import mend_sql, statements
from pgspec.report import clean

FORMATS = ("text", "markdown", "json", "sql")


def render(form: str, found: Drift) -> str:
    """What was found, in one of `FORMATS`; it ends with a line break."""
    if form in ("text", "markdown"):
        return clean(_text(found) if form == "text" else _markdown(found))
    return _json(found) if form == "json" else sql(found)


def sql(found: Drift) -> str:
    """The block that mends everything; a remark when there is nothing to mend."""
    if not found.findings:
        return f"-- {_headline(found)}\n"
    return mend_sql(f"as {found.deployed} says", found.findings, found.state, found.printer)


def _headline(found: Drift) -> str:
    number = len(found.findings)
    exact = "is deployed" if found.exact else "is nearest to what is recorded as deployed"
    drifted = f"{number} difference{'' if number == 1 else 's'}" if number else "no drift"
    return f"{found.deployed} {exact}: {drifted}"


def _behind(found: Drift) -> str:
    return f"{found.behind} is the last release, and not deployed: run the migrate.sql of each release since"


def _line(finding: Finding) -> str:
    by = f" ({finding.by})" if finding.by else ""
    return _one_line(f"{finding.object}: {finding.what}{by}")


def _one_line(text: str) -> str:
    """A name may hold a line break, and a difference is one line."""
    return text.replace("\n", "\\n")


def _text(found: Drift) -> str:
    lines = [_headline(found), *([_behind(found)] if found.behind else [])]
    for finding in found.findings:
        lines.append(f"{finding.kind:<8}{_line(finding)}")
        lines += [f"    {line}" for line in finding.diff]
    if found.findings:
        lines.append("`--format sql` prints what mends it, `--fix FILE` writes it")
    return "\n".join(lines) + "\n"


def _markdown(found: Drift) -> str:
    lines = ["# Drift", "", f"{_headline(found)}.", *(["", f"{_behind(found)}."] if found.behind else [])]
    for finding in found.findings:
        by = f", {finding.by}" if finding.by else ""
        lines += ["", _one_line(f"## {finding.kind}: {finding.object}"), "", _one_line(f"{finding.what}{by}.")]
        if finding.diff:
            lines += ["", *_fenced("diff", "\n".join(finding.diff))]
        if mend := statements(finding, found.state, found.printer):
            lines += ["", *_fenced("sql", mend)]
    return "\n".join(lines) + "\n"


def _fenced(language: str, text: str) -> list[str]:
    """A code block whose fence does not occur in it."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    return [f"{fence}{language}", text, fence]


def _json(found: Drift) -> str:
    entries = [
        {
            "kind": finding.kind,
            "object": finding.object,
            "what": finding.what,
            "by": finding.by,
            "diff": list(finding.diff),
            "mend": statements(finding, found.state, found.printer),
        }
        for finding in found.findings
    ]
    summary = {
        "deployed": found.deployed,
        "exact": found.exact,
        "behind": found.behind,
        "findings": entries,
        "mend": sql(found) if entries else "",
    }
    return json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
