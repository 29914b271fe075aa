"""Rules: a function, a code, and a docstring that is the manual page and the test.

A rule is a generator over the whole program.  A code that another stage reports (YAML, SQL, releases) has only a page.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pgspec.diagnostics import Diagnostic, Severity, Span
from pgspec.program import Program, Subject


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule yields: where, what, and what to do; ``subject`` is the spec whose ``allow`` may accept it."""

    span: Span
    message: str
    help: str
    subject: Subject


Check = Callable[[Program], Iterator[Finding]]
RULES: dict[str, Rule] = {}


@dataclass(frozen=True, slots=True)
class Rule:
    """A code with its manual page, and with its check unless an earlier stage reports it."""

    code: str
    name: str
    severity: Severity
    doc: str
    check: Check | None = None

    @property
    def summary(self) -> str:
        """The first sentence of the page."""
        return self.doc.partition("\n")[0].rstrip(".")

    def examples(self, heading: str) -> list[str]:
        """The blocks under ``Bad`` or ``Good``: YAML, or for what `pgspec breaking` reports the difference in it."""
        part = re.search(rf"^{heading}\n-+\n(.*?)(?=^(?:Why|Bad|Good)\n-+\n|\Z)", self.doc, re.MULTILINE | re.DOTALL)
        return re.findall(r"```(?:yaml|diff)\n(.*?)```", part[1], re.DOTALL) if part else []

    def run(self, program: Program) -> Iterator[tuple[Subject, Diagnostic]]:
        """The findings of the rule over a program."""
        for found in self.check(program) if self.check else ():
            name = str(found.subject.spec.name)
            yield found.subject, Diagnostic(found.span, self.code, self.severity, found.message, found.help, name)


def rule(code: str, severity: Severity = Severity.ERROR) -> Callable[[Check], Check]:
    """Register a check under its code; the name of the function reads well after "allow"."""

    def register(check: Check) -> Check:
        _add(code, severity, check, check)
        return check

    return register


def page(code: str, severity: Severity = Severity.ERROR) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register the manual page of a code that an earlier stage reports."""

    def register(function: Callable[[], None]) -> Callable[[], None]:
        _add(code, severity, function, None)
        return function

    return register


def _add(code: str, severity: Severity, function: Callable[..., object], check: Check | None) -> None:
    if code in RULES:
        raise ValueError(f"{code} is already {RULES[code].name}")
    name = function.__name__.replace("_", "-")
    RULES[code] = Rule(code, name, severity, inspect.getdoc(function) or "", check)
