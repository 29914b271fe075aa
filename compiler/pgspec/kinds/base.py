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
_LONGEST = 36500 * 86400
_LONGEST_TIMEOUT = 24 * 86400  # timeouts are integers of 32 bits, in milliseconds
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


def interval(value: Any) -> Duration:
    """The duration that a text stands for; what is wrong with it is raised as pydantic expects."""
    match = re.fullmatch(r"(\d{1,9})\s*([a-z]+)", value.strip()) if isinstance(value, str) else None
    if match is None or match[2] not in _UNITS:
        raise _refuse("duration", "expected a duration such as `90s`, `5 minutes` or `1h`")
    seconds = int(match[1]) * _UNITS[match[2]]
    if seconds == 0:
        raise _refuse("duration", "a duration must be longer than zero")
    if seconds > _LONGEST:
        raise _refuse("duration", f"a duration is at most {_LONGEST // 86400:,} days")
    return Duration(seconds)


def _timeout(value: Any) -> Any:
    duration = interval(value)
    if duration.seconds > _LONGEST_TIMEOUT:
        raise _refuse("duration", f"PostgreSQL takes timeouts of at most {_LONGEST_TIMEOUT // 86400} days")
    return duration


def _text(value: Any) -> str:
    """A value that should be a name."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        raise _refuse("name", "expected one name")
    if value is None:
        raise _refuse("name", "expected a name, found nothing; the word null needs quotes to be a name")
    raise _refuse("name", "expected a name; put it in quotes if it looks like a number, or is `true` or `false`")


def _identifier(value: Any) -> Any:
    value = _text(value)
    if problem := name_problem(value):
        raise _refuse("name", problem)
    return value


def _schema(value: Any) -> Any:
    value = _identifier(value)
    if value.startswith("pg_") or value == "information_schema":
        raise _refuse("name", f"the schema {value} is PostgreSQL's own")
    return value


def _name(value: Any) -> Any:
    value = _text(value)
    if not value:
        raise _refuse("name", "a name cannot be empty")
    parts = re.findall(r'"(?:[^"]|"")*"|[^.]+|(?<=\.)(?=\.|$)|^(?=\.)', value)
    if ".".join(parts) != value or not 1 <= len(parts) <= 2:  # noqa: PLR2004 - schema.name
        raise _refuse(
            "name", "expected `name` or `schema.name`; a part that contains a dot is written in double quotes"
        )
    if any(part.startswith('"') and not re.fullmatch(r'"(?:[^"]|"")*"', part) for part in parts):
        raise _refuse("name", "a name that begins with a double quote must end with one")
    plain = [part[1:-1].replace('""', '"') if part.startswith('"') else part for part in parts]
    for part in plain:
        if problem := name_problem(part):
            raise _refuse("name", problem)
    return Name(_schema(plain[0]) if len(plain) > 1 else None, plain[-1])


def _table_key(value: Any) -> Any:
    """A name that is a key of a mapping: it is checked, and stays as it is written, so that its place can be found."""
    _name(value)
    return value


def table_name(key: str) -> Name:
    """The name that a `TableKey` stands for."""
    name = _name(key)
    assert isinstance(name, Name)
    return name


def _reason(value: Any) -> Any:
    if not isinstance(value, str) or not value.strip():
        raise _refuse("reason", "expected the reason why this finding is accepted")
    return value


SchemaName = Annotated[str, BeforeValidator(_schema, json_schema_input_type=str)]
Identifier = Annotated[str, BeforeValidator(_identifier, json_schema_input_type=str)]
QualifiedName = Annotated[Name, BeforeValidator(_name, json_schema_input_type=str)]
TableKey = Annotated[str, BeforeValidator(_table_key, json_schema_input_type=str)]
Interval = Annotated[Duration, BeforeValidator(interval, json_schema_input_type=str)]
Timeout = Annotated[Duration, BeforeValidator(_timeout, json_schema_input_type=str)]
ReasonText = Annotated[str, BeforeValidator(_reason, json_schema_input_type=str)]
Flag = StrictBool
Integer = StrictInt


class Model(BaseModel):
    """A frozen part of a spec that refuses keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Spec(Model):
    """One YAML document: what every kind but ``project`` has."""

    description: str | None = None
    allow: dict[str, ReasonText] = {}
