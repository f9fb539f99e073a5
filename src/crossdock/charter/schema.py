"""The JSON Schema of charter.yaml, for editors that complete and check while one types."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from crossdock.charter.fields import ConnectorFields
from crossdock.charter.keys import SECTIONS, Key, Type
from crossdock.charter.systems import option_key

_TEXT = {"type": "string", "minLength": 1}
_PLAIN: dict[Type, dict[str, Any]] = {
    Type.WHOLE: {"type": "integer"},
    Type.NUMBER: {"type": "number"},
    Type.SECONDS: {"type": "number"},
    Type.FLAG: {"type": "boolean"},
    Type.TEXTS: {"type": "array", "items": _TEXT},
    Type.DAYS: {"type": "array", "items": {"anyOf": [_TEXT, {"type": "integer"}]}},
    Type.FIELDS: {"type": "array", "items": _TEXT},
    Type.NETWORKS: {"type": "array", "items": _TEXT},
    Type.STATUSES: {
        "type": "array",
        "items": {"anyOf": [{"type": "integer", "minimum": 100, "maximum": 599}, {"pattern": "^[1-5]xx$"}]},
    },
    Type.EXACT_STATUSES: {"type": "array", "items": {"type": "integer", "minimum": 100, "maximum": 599}},
    Type.SECRET_NAME: {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"},
    Type.READERS: {"type": "array", "items": {"anyOf": [_TEXT, {"$ref": "#/$defs/reader"}]}},
    Type.TEXT_BY_NAME: {"type": "object", "additionalProperties": _TEXT},
    Type.WHOLE_BY_NAME: {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
    Type.NUMBER_BY_NAME: {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
}


def charter_schema(connectors: Mapping[str, ConnectorFields], documents: Collection[str]) -> dict[str, Any]:
    """The schema, for these connectors and kinds of documents (draft 7, which editors know best).

    It is looser than `check`, which knows how the parts of a site fit together.
    """
    words = {Type.CONNECTOR: sorted(connectors), Type.DOCUMENT: sorted(documents)}
    options = {option.name: option_key(option) for fields in connectors.values() for option in fields.options}
    # A setting is required by one connector and unknown to another: here it is only completed.
    loose = {
        name: Key(name, key.type, key.says, default=key.default, least=key.least, most=key.most)
        for name, key in options.items()
    }
    sections = {
        name: _section({**loose, **keys} if name == "system" else keys, words)
        for name, keys in SECTIONS.items()
    }
    top = sections.pop("")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Crossdock charter",
        **top,
        "$defs": sections,
    }


def _section(keys: Mapping[str, Key], words: Mapping[Type, list[str]]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [key.name for key in keys.values() if key.required],
        "properties": {key.name: _key(key, words) for key in keys.values()},
    }


def _key(key: Key, words: Mapping[Type, list[str]]) -> dict[str, Any]:
    schema = dict(_PLAIN.get(key.type, _TEXT))
    inner = {"$ref": f"#/$defs/{key.section}"}
    match key.type:
        case Type.SECTION:
            schema = inner
        case Type.SECTIONS:
            schema = {"type": "array", "items": inner}
        case Type.SECTION_BY_NAME:
            schema = {"type": "object", "additionalProperties": inner}
        case Type.CHOICE:
            schema = {"enum": list(key.choices)}
        case Type.CONNECTOR | Type.DOCUMENT if words[key.type]:
            schema = {"enum": words[key.type]}
        case Type.WHOLE | Type.NUMBER | Type.SECONDS if key.least > float("-inf"):
            schema["minimum"] = key.least
            if key.most < float("inf"):
                schema["maximum"] = key.most
        case _:
            pass
    if not key.required:
        schema = {"anyOf": [schema, {"type": "null"}]}
    return (
        {**schema, "description": key.says}
        if "$ref" not in schema
        else {"allOf": [schema], "description": key.says}
    )
