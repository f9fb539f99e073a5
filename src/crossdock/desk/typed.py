"""Whether the value that an incident asks for is a number or a text, for whoever writes the right one in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

from crossdock.model import register
from crossdock.model.document import Part
from crossdock.model.fields import Exact
from crossdock.model.refusal import parts_in

#: Types whose wrong value is a code or a name, however many digits it has.
_OF_TEXT = frozenset(
    {
        "unknown_sku",
        "unknown_unit",
        "unmapped_code",
        "bad_address",
        "lot_missing",
        "lot_expired",
        "duplicate_conflict",
    }
)
_OF_NUMBERS = frozenset({"price_missing", "negative_stock"})
#: How faults speak of numbers, where a path is in the sender's words and its last name tells nothing.
_SPEAKS_OF_NUMBERS = re.compile(r"\b(number|quantity|digits|negative|less than nothing)\b")


def takes_number(item: Mapping[str, Any]) -> bool:
    """Whether what belongs at the path of an incident is a number; a SKU of digits is none."""
    if item["type"] in _OF_TEXT:
        return False
    if item["type"] in _OF_NUMBERS:
        return True
    name = re.sub(r"\[\d+\]$", "", str(item["path"] or "")).rpartition(".")[2]
    numbers, others = _names()
    if name in numbers or name in others:
        return name in numbers
    return bool(_SPEAKS_OF_NUMBERS.search(str(item["says"])))


@cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    """The names of fields that are numbers in every document that has them, and all other names."""
    numbers, others = set[str](), set[str]()
    for part in _parts():
        for name, field in part.model_fields.items():
            is_number = _is_number((field.annotation, *field.metadata))
            (numbers if is_number else others).add(name)
    return frozenset(numbers - others), frozenset(others)


def _parts() -> Iterator[type[Part]]:
    """Every document of the model, and every part of one."""
    look, seen = list[type[Part]](register.kinds().values()), set[type[Part]]()
    while look:
        part = look.pop()
        if part not in seen:
            seen.add(part)
            yield part
            look += [one for field in part.model_fields.values() for one in parts_in(field.annotation)]


def _is_number(annotations: tuple[Any, ...]) -> bool:
    """Whether an annotation, or one within it, is of an exact number."""
    return any(isinstance(one, Exact) or _is_number(_within(one)) for one in annotations)


def _within(annotation: Any) -> tuple[Any, ...]:
    return (*get_args(annotation), *getattr(annotation, "__metadata__", ()))
