"""The JSON Schema of policy documents, by which editors complete and check them.

It ships as `schema.json` beside this file.  It says what one value must be by itself, and which
keys go together; names that must be declared are beyond it.  What it refuses, the reader refuses.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from cfacl.policy.document.examples import EXAMPLES
from cfacl.policy.document.sections import Document

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    """TOML has no null, and titles only repeat the keys."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if made.get("default", made) is None:
            del made["default"]
        return made

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        made = super().dict_schema(schema)
        made.pop("patternProperties", None)  # it lets names pass that fit no pattern, with anything below them
        made["additionalProperties"] = self.generate_inner(schema["values_schema"])
        names = self.generate_inner(schema["keys_schema"])
        return made if names == {"type": "string"} else {**made, "propertyNames": names}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # an override's signature
        return False


def schema() -> dict[str, Any]:
    """Return the JSON Schema, generated anew from the models."""
    made = Document.model_json_schema(schema_generator=_Generator)
    for section, keys in EXAMPLES.items():
        properties = (made if section == Document.__name__ else made["$defs"][section])["properties"]
        for key, examples in keys.items():
            properties[key]["examples"] = examples
    return {"$schema": _DIALECT, **made, "title": "cfacl policy"}
