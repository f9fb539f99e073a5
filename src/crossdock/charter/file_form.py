"""How the files of one flow look and are named: read from its `file` section."""

from __future__ import annotations

import codecs
from typing import Any

from crossdock.charter.charter import FlowOut, OnUnclear
from crossdock.charter.fields import ConnectorFields
from crossdock.charter.flow_settings import FileForm
from crossdock.charter.reading import Reading, Values
from crossdock.charter.sheet import Entry

FORMATS = ("csv", "tsv", "fixed", "xlsx", "json", "ndjson", "xml")


def read_file_form(reading: Reading, entry: Entry | None, path: str, *, incoming: bool) -> FileForm | None:
    """A form as it is written; None where the flow has none."""
    values = reading.section(entry, "file", path) if entry else None
    if values is None:
        return None
    named: str = values["match"] if incoming else values["name"] or ""
    values["name"] = values["name"] or ""
    values["format"] = format_ = values["format"] or _by_name(named)
    if format_ is None:
        reading.refuse(
            path, "nothing says how these files are written", f"add `format`: {', '.join(FORMATS)}"
        )
        return None
    if values["header"] is None:
        values["header"] = format_ != "fixed"
    if format_ == "tsv":
        values["delimiter"] = values["delimiter"] or "\t"
    _check(reading, values, path, format_)
    if not incoming and "{key}" not in named:
        # A revision back to what was sent first would else be taken for the first, which is there already.
        fix = "put {key} into it: order-{number}-{key}.csv"
        reading.refuse(f"{path}.name", "two files could have one name", fix)
    return FileForm(**values)


def _by_name(name: str) -> str | None:
    ending = name.rpartition(".")[2].lower()
    return {"txt": "csv", "jsonl": "ndjson"}.get(ending, ending if ending in FORMATS else None)


def _check(reading: Reading, values: dict[str, Any], path: str, format_: str) -> None:
    for key in ("delimiter", "quote", "decimal", "grouping"):
        if len(values[key]) > 1:
            reading.refuse(
                f"{path}.{key}", f'"{values[key]}" is more than one character', "write one character"
            )
    if values["decimal"] and values["decimal"] == values["grouping"]:
        reading.refuse(f"{path}.grouping", "one mark cannot do both", "write another than `decimal`")
    if format_ == "fixed" and not all(":" in one for one in values["columns"] or ("",)):
        reading.refuse(
            f"{path}.columns", "each column needs its places", "write them like [sku:1-12, qty:13-20]"
        )
    if format_ == "xml" and not values["rows"]:
        reading.refuse(path, "nothing says which element is a row", "add `rows`: the element's name")
    if not values["header"] and not values["columns"] and format_ in ("csv", "tsv"):
        reading.refuse(path, "the columns have no names", "add `columns`, or leave `header` out")
    try:
        codecs.lookup(values["encoding"])
    except LookupError:
        reading.refuse(
            f"{path}.encoding", f"there is no encoding {values['encoding']}", "write utf-8 or cp1252"
        )


def has_file(reading: Reading, fields: ConnectorFields, values: Values, place: str) -> None:
    """A flow of files says how they look, and no other flow does."""
    if (
        fields.filed
        and values["file"] is None
        and not any(p.path.startswith(place) for p in reading.problems)
    ):
        reading.refuse(
            place, "this key is missing: file", "add `file: {match: 'items-*.csv'}`, or with `name` out"
        )
    elif not fields.filed and values["file"] is not None:
        reading.refuse(f"{place}.file", f"the connector {fields.kind} has no files", "leave it out")


def filed_out(reading: Reading, section: Entry, values: Values, place: str) -> FlowOut:
    """A flow of files: each is handed over once, under a name that tells it again."""
    for key in ("send", "idempotency", "find", "answers", "their_id", "on_unclear"):
        if isinstance(section.value, dict) and key in section.value:
            reading.refuse(f"{place}.{key}", "a file is handed over under its name", "leave it out")
    return FlowOut(
        values["document"],
        map=values["map"],
        on_unclear=OnUnclear.RESEND,
        optional=values["optional"],
        lengths=values["lengths"],
        charset=values["charset"],
        fits=values["fits"],
        file=values["file"],
    )
