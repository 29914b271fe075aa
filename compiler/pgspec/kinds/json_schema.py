"""JSON Schema of the spec files, for completion and checks in editors."""

from __future__ import annotations

from typing import Any

from pgspec.kinds import KINDS


def json_schema() -> dict[str, Any]:
    """One schema for all kinds, told apart by ``kind``."""
    definitions: dict[str, Any] = {}
    kinds = []
    for name, model in KINDS.items():
        schema = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
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
