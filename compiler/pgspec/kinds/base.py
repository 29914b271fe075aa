"""What every kind of spec has in common, and the small types that specs are written with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictBool, StrictInt
from pydantic_core import PydanticCustomError

from pgspec.sql import name_problem

_UNITS = {
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hour": 3600, "hours": 3600,
    "d": 86400, "day": 86400, "days": 86400,
}  # fmt: skip
_PRINTED = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in whole seconds; written ``90s``, ``5 minutes``, ``1h``, and printed in the largest unit."""

    seconds: int

    def __str__(self) -> str:
        for size, unit in _PRINTED:
            if self.seconds % size == 0:
                count = self.seconds // size
                return f"{count} {unit}" + ("" if count == 1 else "s")
        raise AssertionError("a second divides every duration")


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it is written in a spec: ``schema`` is None where the search path decides."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


def _refuse(kind: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(f"pgspec_{kind}", "{message}", {"message": message})


def _duration(value: Any) -> Any:
    match = re.fullmatch(r"(\d{1,9})\s*([a-z]+)", value.strip()) if isinstance(value, str) else None
    if match is None or match[2] not in _UNITS:
        raise _refuse("duration", "expected a duration such as `90s`, `5 minutes` or `1h`")
    seconds = int(match[1]) * _UNITS[match[2]]
    if seconds == 0:
        raise _refuse("duration", "a duration must be longer than zero")
    return Duration(seconds)


def _identifier(value: Any) -> Any:
    if not isinstance(value, str):
        raise _refuse("name", "expected a name; quote it if it looks like a number")
    if problem := name_problem(value):
        raise _refuse("name", problem)
    return value


def _name(value: Any) -> Any:
    if not isinstance(value, str):
        raise _refuse("name", "expected a name; quote it if it looks like a number")
    parts = re.findall(r'"(?:[^"]|"")*"|[^.]+|(?<=\.)(?=\.|$)|^(?=\.)', value)
    if ".".join(parts) != value or not 1 <= len(parts) <= 2:  # noqa: PLR2004 - schema.name
        raise _refuse(
            "name", "expected `name` or `schema.name`; a part that contains a dot is written in double quotes"
        )
    plain = [part[1:-1].replace('""', '"') if part.startswith('"') and len(part) > 1 else part for part in parts]
    for part in plain:
        if problem := name_problem(part):
            raise _refuse("name", problem)
    return Name(plain[0] if len(plain) > 1 else None, plain[-1])


def _reason(value: Any) -> Any:
    if not isinstance(value, str) or not value.strip():
        raise _refuse("reason", "expected the reason why this finding is accepted")
    return value


Identifier = Annotated[str, BeforeValidator(_identifier)]
QualifiedName = Annotated[Name, BeforeValidator(_name)]
Interval = Annotated[Duration, BeforeValidator(_duration)]
ReasonText = Annotated[str, BeforeValidator(_reason)]
Flag = StrictBool
Integer = StrictInt


class Model(BaseModel):
    """A frozen part of a spec that refuses keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Spec(Model):
    """One YAML document: what every kind but ``project`` has."""

    description: str | None = None
    allow: dict[str, ReasonText] = {}
