"""How much the differences matter that `pgspec breaking` reports, and where their pages are registered."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping

from pgspec.diagnostics import Severity
from pgspec.rules.registry import page


class Grade(enum.StrEnum):
    """How much a difference matters: it opens what was closed, somebody relies on what is gone, somebody should look,
    or nobody needs to."""

    DANGEROUS = "dangerous"
    BREAKING = "breaking"
    REVIEW = "review"
    SAFE = "safe"


STOPPING = (Grade.DANGEROUS, Grade.BREAKING)
"""The grades that `pgspec breaking` fails for."""

GRADES: Mapping[str, Grade] = {
    "BRK001": Grade.BREAKING,
    "BRK002": Grade.BREAKING,
    "BRK003": Grade.BREAKING,
    "BRK004": Grade.REVIEW,
    "BRK005": Grade.REVIEW,
    "BRK006": Grade.BREAKING,
    "BRK007": Grade.DANGEROUS,
    "BRK008": Grade.BREAKING,
    "BRK009": Grade.REVIEW,
    "BRK010": Grade.BREAKING,
    "BRK011": Grade.REVIEW,
    "BRK012": Grade.DANGEROUS,
    "BRK013": Grade.BREAKING,
    "BRK014": Grade.REVIEW,
    "BRK015": Grade.BREAKING,
    "BRK016": Grade.DANGEROUS,
    "BRK017": Grade.REVIEW,
    "BRK018": Grade.BREAKING,
    "BRK019": Grade.REVIEW,
    "BRK020": Grade.SAFE,
    "BRK031": Grade.BREAKING,
    "BRK032": Grade.REVIEW,
    "BRK040": Grade.REVIEW,
    "BRK041": Grade.REVIEW,
}


def graded(code: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register the manual page of a difference."""
    return page(code, Severity.ERROR if GRADES[code] in STOPPING else Severity.WARNING)
