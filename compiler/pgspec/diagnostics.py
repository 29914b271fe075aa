"""What went wrong, and where: the value that every stage returns beside its result."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """How bad a finding is: an error stops the build, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open region of a text file; 1-based lines and columns, columns count code points."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One finding; ordered by place, then code, so that a sorted list is the order of printing.

    ``message`` stands alone, in lower case and without a full stop; ``help`` says what to do, preferably as
    text to paste; ``name`` is the spec that it concerns, if one does.
    """

    span: Span
    code: str
    severity: Severity
    message: str
    help: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, order=True)
class SqlFinding:
    """A finding inside one SQL text: ``start`` and ``end`` are code-point offsets into that text.

    Analyses of SQL know nothing of YAML; whoever owns the text turns the offsets into a `Span`.
    """

    start: int
    end: int
    code: str
    message: str
    help: str = ""
