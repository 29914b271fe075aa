"""``kind: rls``: the row security of a table, and who must see what."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from pgspec.kinds.base import Flag, Identifier, Model, Name, QualifiedName, Spec

Command = Literal["select", "insert", "update", "delete"]
COMMANDS: tuple[Command, ...] = ("select", "insert", "update", "delete")
EVERYBODY = "*"
"""The persona that stands for all that an expectation does not name."""


class PolicySpec(Model):
    """One policy, as CREATE POLICY has it.  ``to`` may name ``public``."""

    name: Identifier
    command: Literal["select", "insert", "update", "delete", "all"] = "all"
    to: Annotated[list[Identifier], Field(min_length=1)]
    using: str | None = None
    check: str | None = None
    restrictive: Flag = False


class Refusal(Model):
    """An expected error: its SQLSTATE, and a pattern of ``*`` and ``?`` that its hint matches."""

    error: str
    hint: str | None = None


_WORDS = ("all", "none", "denied", "ok")


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list) or (isinstance(value, str) and value in _WORDS):
        return value
    message = 'expected `all`, `none`, `denied`, `ok`, a list of fixture labels, or `{error: "42501"}`'
    raise PydanticCustomError("pgspec_cell", "{message}", {"message": message})


Cell = Annotated[
    Literal["all", "none", "denied", "ok"] | list[str] | Refusal,
    BeforeValidator(_cell, json_schema_input_type=Literal["all", "none", "denied", "ok"] | list[str] | Refusal),
]


class Face(Model):
    """The view under which callers read a table that refuses with an error."""

    as_: QualifiedName = Field(alias="as")


class RowSecurity(Spec):
    """All policies of ``table``, and for each command and persona what it must give.

    ``on_denied``: whether a caller whom no policy can admit sees no rows, or gets an error with ``hint``.
    """

    kind: Literal["rls"]
    table: QualifiedName
    force: Flag = True
    on_denied: Literal["filter", "error"] = "filter"
    hint: str | None = None
    expose: Face | None = None
    policies: list[PolicySpec] = []
    expect: dict[Command, dict[str, Cell]] = {}

    @property
    def name(self) -> Name:
        """What findings call the spec: it has no name of its own."""
        return self.table
