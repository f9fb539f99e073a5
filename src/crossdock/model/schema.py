"""The JSON Schema of every document, as others may check trees by it."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import CoreSchema

from crossdock.model.refusal import unknown_kind
from crossdock.model.register import kinds

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Schema(GenerateJsonSchema):
    """Without titles that repeat the field's name and defaults that only say `absent`."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        inner = super().default_schema(schema)
        return {name: value for name, value in inner.items() if name != "default"}

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        return {"$schema": DIALECT} | super().generate(schema, mode)


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one kind of document. Raises Invalid for a kind that does not exist.

    What the gate accepts is valid by it. The gate is stricter where a schema cannot say it: check
    digits, units that only an item declares, rules between fields.
    """
    cls = kinds().get(kind)
    if cls is None:
        raise unknown_kind(kind, kinds())
    schema = cls.model_json_schema(schema_generator=_Schema)
    return {"$schema": DIALECT, "$id": f"urn:crossdock:model:{kind}"} | schema
