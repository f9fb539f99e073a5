"""The reference page of the model, written from the classes themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo

from crossdock.model.codes.units import UNITS, Dimension
from crossdock.model.document import Document, Part
from crossdock.model.refusal import parts_in
from crossdock.model.register import kinds
from crossdock.model.schema import json_schema

_HEAD = """# The canonical model

Every document the hub knows, written from the program itself. A tree is what JSON can say. Fields
in **bold** must be there; any other may be absent or null, which mean the same. A field that is not
listed is refused, except under `extra`. Numbers are exact and have at most 18 digits. Times are ISO
8601 with a zone; a time without one is read in the `timezone:` of its system, and refused where
that is not set. A time that the autumn's clock shows twice means the first. Where a day is allowed,
it stays a day. `crossdock schema NAME` prints the JSON Schema of a document.

The class says how repeats count: of a **command** and an **event** every one counts, in order; of a
**state** the latest wins and older ones end superseded.
"""
_UNITS_HEAD = """## Units

A unit is known when it stands here or when the item declares it as a pack. A code means here what
this table says, whatever it means elsewhere; a partner's own codes go through its crosswalk. Packs
have no fixed content: the item says how many base units one holds. An item's base unit must stand
here. What an item declares goes before this table.
"""


def model_page() -> str:
    """`docs/reference/model.md` as it should be."""
    blocks = [_HEAD, _overview()]
    blocks += [_document(cls) for cls in kinds().values()]
    shared = sorted(
        {part for cls in kinds().values() for part in _inside(cls)}, key=lambda part: part.__name__
    )
    blocks += ["## Parts that documents share\n", *(_part(part) for part in shared), _units()]
    return "\n".join(blocks)


def _overview() -> str:
    rows = [
        f"| [`{cls.kind}`](#{cls.kind}) | {cls.document_class.value} | {_first_line(cls)} |"
        for cls in kinds().values()
    ]
    return "\n".join(["| document | class | what it is |", "|---|---|---|", *rows, ""])


def _document(cls: type[Document]) -> str:
    heading = f"## {cls.kind}\n\n{_first_line(cls)} Class: {cls.document_class.value}.\n"
    return "\n".join([heading, _fields(cls, json_schema(cls.kind))])


def _part(cls: type[Part]) -> str:
    holder = next(each for each in kinds().values() if cls in _inside(each))
    schema = json_schema(holder.kind)["$defs"][cls.__name__]
    return "\n".join([f"### {cls.__name__}\n\n{_first_line(cls)}\n", _fields(cls, schema)])


def _fields(cls: type[Part], schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    # `extra` comes from the base class and would stand first.
    names = sorted(cls.model_fields, key=lambda name: name == "extra")
    rows = [
        f"| {_name(name, name in required)} | {_shape(schema['properties'][name], cls.model_fields[name])} "
        f"| {cls.model_fields[name].description} |"
        for name in names
    ]
    return "\n".join(["| field | what | says |", "|---|---|---|", *rows, ""])


def _name(name: str, is_required: bool) -> str:
    return f"**`{name}`**" if is_required else f"`{name}`"


def _shape(schema: dict[str, Any], field: FieldInfo) -> str:
    """A few words for what may stand in a field."""
    parts = list(parts_in(field.annotation))
    if parts:
        link = f"[{parts[0].__name__}](#{parts[0].__name__.lower()})"
        return f"list of {link}" if _is_list(schema) else link
    return _words(schema)


def _words(schema: dict[str, Any]) -> str:
    if "$comment" in schema:
        return schema["$comment"]
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if choices:
        return " or ".join(_words(each) for each in choices)
    if "enum" in schema:
        return " ".join(f"`{code}`" for code in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_words(schema['items'])}"
    plain = {"string": "text", "boolean": "true or false", "object": "anything"}[schema["type"]]
    return plain + (f", up to {schema['maxLength']} characters" if "maxLength" in schema else "")


def _is_list(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "array" or any(
        each.get("type") == "array" for each in schema.get("anyOf", ())
    )


def _inside(cls: type[Part]) -> Iterator[type[Part]]:
    """Every part that a class holds, at any depth."""
    for field in cls.model_fields.values():
        for part in parts_in(field.annotation):
            yield part
            yield from _inside(part)


def _units() -> str:
    rows = [
        f"| `{unit.code}` | {unit.says} | {unit.dimension.value} | {unit.factor if unit.factor else ''} |"
        for dimension in Dimension
        for unit in UNITS.values()
        if unit.dimension is dimension
    ]
    return "\n".join(
        [_UNITS_HEAD, "| code | unit | measures | base units in one |", "|---|---|---|---|", *rows, ""]
    )


def _first_line(cls: type[Part]) -> str:
    return (cls.__doc__ or "").strip().partition("\n")[0]
