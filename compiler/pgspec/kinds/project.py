"""``kind: project``: what holds for all specs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from pgspec.kinds.base import Duration, Identifier, Integer, Model, SchemaName, Timeout

OLDEST, NEWEST = 15, 18


def _listed(value: Any) -> Any:
    """One name may stand for a list of one."""
    return [value] if isinstance(value, str) else value


def _major(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or not OLDEST <= value <= NEWEST:
        message = f"expected a major version from {OLDEST} to {NEWEST}"
        raise PydanticCustomError("pgspec_major", "{message}", {"message": message})
    return value


_Listed = BeforeValidator(_listed, json_schema_input_type=list[str] | str)
Names = Annotated[list[Identifier], _Listed]


class Roles(Model):
    """Roles that the project knows: requests run as ``api`` roles, trusted jobs as ``service`` roles."""

    api: Names = []
    service: Names = []


class Session(Model):
    """How a request identifies itself."""

    claims: Identifier = "request.jwt.claims"
    request_id: str = "current_setting('request.headers', true)::json ->> 'x-request-id'"


class Migration(Model):
    """How long a statement of a migration may wait for a lock, and run."""

    lock_timeout: Timeout = Duration(3)
    statement_timeout: Timeout = Duration(900)


class Persona(Model):
    """Who an expectation runs as: a role and the claims of its token."""

    role: Identifier
    claims: dict[str, Any] = {}


class Project(Model):
    """The project file, ``specs/project.yaml``."""

    kind: Literal["project"]
    name: Identifier
    description: str | None = None
    postgres: Annotated[Integer, BeforeValidator(_major, json_schema_input_type=int)] = OLDEST
    schema_files: Annotated[list[str], _Listed] = Field(default=["schema.sql"], alias="schema")
    search_path: Annotated[list[Identifier], _Listed, Field(min_length=1)] = ["public"]
    runtime_schema: SchemaName = "public"
    internal_schema: SchemaName = "pgspec"
    roles: Roles = Roles()
    scheduler: Literal["none", "pg_cron"] = "none"
    session: Session = Session()
    migration: Migration = Migration()
    personas: dict[str, Persona] = {}
    fixtures: dict[str, dict[str, dict[str, Any]]] = {}
    clients: Annotated[list[Literal["typescript", "python"]], _Listed] = []
