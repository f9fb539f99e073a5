"""The tables of the reference that tell of documents and units, written from the classes themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crossdock.model.codes.units import UNITS, Dimension
from crossdock.model.register import kinds
from crossdock.model.schema import json_schema


def document_tables() -> Iterator[str]:
    """Every kind of document with its class and fields, then the parts that several share."""
    yield "| document | class | what it is |\n|---|---|---|\n"
    for kind, cls in kinds().items():
        yield f"| [`{kind}`](#{kind}) | {cls.document_class.value} | {_sentence(cls.__doc__)} |\n"
    parts: dict[str, Any] = {}
    for kind, cls in kinds().items():
        schema = json_schema(kind)
        parts |= schema.get("$defs", {})
        yield f"\n## {kind}\n\n{_sentence(cls.__doc__)} Class: {cls.document_class.value}.\n\n"
        yield from _fields(schema)
    yield "\n## Parts\n"
    for name, schema in sorted(parts.items()):
        yield f"\n### {name}\n\n{_sentence(schema['description'])}\n\n"
        yield from _fields(schema)


def unit_table() -> Iterator[str]:
    """Every unit the hub knows without an item."""
    yield "| code | unit | measures | base units in one |\n|---|---|---|---|\n"
    for dimension in Dimension:
        for unit in UNITS.values():
            if unit.dimension is dimension:
                yield f"| `{unit.code}` | {unit.says} | {dimension.value} | {unit.factor or ''} |\n"


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    """The fields of one document or part; a star marks those that must be there."""
    yield "| field | holds | meaning |\n|---|---|---|\n"
    required = set(schema.get("required", ()))
    # `extra` comes from the base class and would stand first.
    for name in sorted(schema["properties"], key=lambda name: name == "extra"):
        field = schema["properties"][name]
        yield f"| `{name}`{' *' * (name in required)} | {_holds(field)} | {field['description']} |\n"


def _holds(field: dict[str, Any]) -> str:
    """What may stand in a field, in a few words."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "$comment" in field:
        return field["$comment"]
    if "anyOf" in field:
        return " or ".join(_holds(each) for each in field["anyOf"] if each.get("type") != "null")
    if "enum" in field:
        return ", ".join(f"`{code}`" for code in field["enum"])
    if field["type"] == "array":
        return f"list of {_holds(field['items'])}"
    plain = {"string": "text", "boolean": "true or false", "object": "anything"}[field["type"]]
    return plain + (f", up to {field['maxLength']} characters" if "maxLength" in field else "")


def _sentence(docstring: str | None) -> str:
    return (docstring or "").strip().partition("\n")[0]
