"""``kind: alert``: a query for one number, and beyond which threshold somebody must know."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from pgspec.kinds.base import Duration, Identifier, Spec, interval

LARGEST = 1e15
"""The greatest threshold; numbers up to it are told apart by a double, with room beyond them."""

LONGEST_FOR = 7 * 86400
"""The longest `for`, in seconds: the generated tests of the Prometheus rules live through it minute by minute."""

Severity = Literal["page", "ticket", "info"]


def _refuse(message: str) -> PydanticCustomError:
    return PydanticCustomError("pgspec_alert", "{message}", {"message": message})


def _threshold(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or str(value) in ("nan", "inf", "-inf"):
        raise _refuse("expected a number such as `300` or `0.3`")
    if abs(value) > LARGEST:
        raise _refuse("a threshold is at most 1e15, on either side of zero")
    return float(value)


def _for(value: Any) -> Any:
    duration = interval(value)
    if duration.seconds > LONGEST_FOR:
        raise _refuse("an alert waits at most 7 days before it fires")
    return duration


Threshold = Annotated[float, BeforeValidator(_threshold, json_schema_input_type=float)]


class Alert(Spec):
    """It fires when the value of ``query`` has been ``above`` or ``below`` a threshold ``for`` some time.

    Without a query it has the name of a built-in alert, and changes what it gives.
    """

    kind: Literal["alert"]
    name: Identifier
    query: str | None = None
    query_file: str | None = None
    above: Threshold | None = None
    below: Threshold | None = None
    for_: Annotated[Duration | None, BeforeValidator(_for, json_schema_input_type=str), Field(alias="for")] = None
    severity: Severity | None = None
    runbook: str | None = None
