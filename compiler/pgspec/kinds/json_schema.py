"""JSON Schema of the spec files, for completion and checks in editors."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from pgspec.kinds import KINDS


class _Schema(GenerateJsonSchema):
    """Values that pgspec reads from text (names, durations) are strings in the file."""

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> JsonSchemaValue:
        return {"type": "string"}


def json_schema() -> dict[str, Any]:
    """One schema for all kinds, told apart by ``kind``."""
    definitions: dict[str, Any] = {}
    kinds = []
    for name, model in KINDS.items():
        schema = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}", schema_generator=_Schema)
        definitions |= schema.pop("$defs", {})
        definitions[model.__name__] = schema
        kinds.append({"if": {"properties": {"kind": {"const": name}}}, "then": {"$ref": f"#/$defs/{model.__name__}"}})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pgspec",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(KINDS)}},
        "allOf": kinds,
        "$defs": definitions,
    }
