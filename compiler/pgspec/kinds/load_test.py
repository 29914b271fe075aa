"""``kind: load_test``: queries that a database must answer fast enough, many at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from pgspec.kinds.base import Interval, Model, Spec

_MOST_SCRIPTS = 128  # of pgbench
_MOST = 10_000
_BIGINT = 2**63


def _refuse(message: str) -> PydanticCustomError:
    return PydanticCustomError("pgspec_load_test", "{message}", {"message": message})


def _file_name(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9_][a-z0-9_-]{0,62}", value):
        raise _refuse("expected a name of a-z, 0-9, `_` and `-`, which names a file too")
    return value


def _parameter_name(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", value):
        raise _refuse("expected the name of a parameter without its colon, such as `vendor_id`")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise _refuse("expected a number above zero")
    return float(value)


def _count(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST:
        raise _refuse(f"expected a whole number from 1 to {_MOST:,}")
    return value


def _at_most(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _refuse("expected how many may fail, a whole number from 0 on")
    return value


def _scalar(value: Any) -> Any:
    if isinstance(value, str | bool | int | float):
        return value
    raise _refuse("expected a text, a number, `true` or `false`")


def _range(value: Any) -> Any:
    good = isinstance(value, list) and len(value) == 2  # noqa: PLR2004 - a first and a last number
    if not good or any(isinstance(n, bool) or not isinstance(n, int) or abs(n) >= _BIGINT for n in value):
        raise _refuse("expected the first and the last whole number, such as `[1, 1000]`")
    if value[0] > value[1]:
        raise _refuse("the first number is greater than the last")
    return tuple(value)


def _one_source(value: Any) -> Any:
    if isinstance(value, Mapping) and sum(key in value for key in ("query", "values", "range")) != 1:
        raise _refuse("expected one of `{query: SELECT id FROM ...}`, `{values: [...]}` and `{range: [1, 1000]}`")
    return value


def _with_errors(value: Any) -> Any:
    """``errors: 0`` beside the entries is short for a limit of all together."""
    if isinstance(value, Mapping) and "errors" in value and not isinstance(value["errors"], Mapping):
        return {**value, "errors": {"errors": value["errors"]}}
    return value


def _mix(value: Any) -> Any:
    if isinstance(value, list) and len(value) > _MOST_SCRIPTS:
        raise _refuse(f"a mix has at most {_MOST_SCRIPTS} entries")
    return value


def _path(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("/"):
        raise _refuse("expected a path that begins with `/`; `BASE_URL` holds what is before it")
    return value


FileName = Annotated[str, BeforeValidator(_file_name, json_schema_input_type=str)]
ParameterName = Annotated[str, BeforeValidator(_parameter_name, json_schema_input_type=str)]
Count = Annotated[int, BeforeValidator(_count, json_schema_input_type=int)]
Number = Annotated[float, BeforeValidator(_number, json_schema_input_type=float)]
Maximum = Annotated[int, BeforeValidator(_at_most, json_schema_input_type=int)]
Scalar = Annotated[Any, BeforeValidator(_scalar, json_schema_input_type=str | int | float | bool)]
Range = Annotated[tuple[int, int], BeforeValidator(_range, json_schema_input_type=list[int])]


class ParameterValues(Model):
    """Where the values of a parameter come from: one column of a query, a list, or the numbers of a range."""

    query: str | None = None
    values: Annotated[list[Scalar], Field(min_length=1)] | None = None
    range: Range | None = None

    @property
    def texts(self) -> list[str]:
        """The listed values as PostgreSQL reads them."""
        return [value if isinstance(value, str) else json.dumps(value) for value in self.values or ()]


class HttpRequest(Model):
    """The request that makes an application run the query; ``{name}`` in it stands for a parameter."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: Annotated[str, BeforeValidator(_path, json_schema_input_type=str)]
    headers: dict[str, str] = {}
    body: Any = None


class Limits(Model):
    """What a load test must keep to: latencies and failures at most, transactions a second at least."""

    p50_ms: Number | None = None
    p95_ms: Number | None = None
    p99_ms: Number | None = None
    tps: Number | None = None
    errors: Maximum | None = None


Parameters = dict[ParameterName, Annotated[ParameterValues, BeforeValidator(_one_source)]]


class MixEntry(Model):
    """One statement of the mix; of all transactions, its share is its weight by the weights of all."""

    name: FileName
    weight: Count = 1
    query: str | None = None
    cached_query: str | None = None
    parameters: Parameters = {}
    http: HttpRequest | None = None


class LoadTest(Spec):
    """Statements that ``clients`` sessions ask at once for ``duration``, and what the answers must keep to."""

    kind: Literal["load_test"]
    name: FileName
    clients: Count = 8
    duration: Interval
    persona: str | None = None
    parameters: Parameters = {}
    mix: Annotated[list[MixEntry], BeforeValidator(_mix), Field(min_length=1)]
    thresholds: Annotated[
        dict[str, Limits], BeforeValidator(_with_errors, json_schema_input_type=dict[str, Limits | int])
    ] = {}
