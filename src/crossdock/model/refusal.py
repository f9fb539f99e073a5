"""What pydantic found wrong, as one fault that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import ValidationError

from crossdock.faults import Invalid
from crossdock.model.codes.countries import MISTAKEN
from crossdock.model.document import Document, Part
from crossdock.model.documents.party import Address
from crossdock.model.fields import DIGITS_MAX

#: What JSON takes for a number, but for exponents.
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_TEXT_MAX = 200  #: characters of a wrong value that a fault repeats


def unknown_kind(kind: str, known: Iterable[str]) -> Invalid:
    """The fault for a document the model does not have."""
    near = get_close_matches(kind, list(known), 1)
    return Invalid(
        f"there is no document {kind}",
        path="document",
        value=kind,
        fix=f"did you mean {near[0]}?" if near else "`crossdock schema` lists them",
    )


def refusal(error: ValidationError, cls: type[Document]) -> Invalid:
    """The first finding as a fault with path, value and the next act."""
    found = error.errors(include_url=False)[0]
    loc = found["loc"]
    path = _path(loc)
    owner = _owner(cls, loc)
    value = found["input"]
    says, fix = _words(found["type"], found.get("ctx", {}), value, str(loc[-1]) if loc else "", owner)
    is_address = issubclass(owner, Address) and found["type"] not in ("missing", "extra_forbidden")
    is_unit = bool(loc) and loc[-1] == "unit" and isinstance(value, str)
    kind = "bad_address" if is_address else "unknown_unit" if is_unit else "invalid"
    return Invalid(says, path=path, value=_shown(found["type"], value), fix=fix, type=kind)


def _path(loc: tuple[int | str, ...]) -> str:
    """`lines[2].quantity`."""
    path = ""
    for step in loc:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _owner(cls: type[Part], loc: tuple[int | str, ...]) -> type[Part]:
    """The class of the part in which the last step of a path stands."""
    for step in loc[:-1]:
        field = cls.model_fields.get(step) if isinstance(step, str) else None
        if field is not None:
            cls = next(parts_in(field.annotation), cls)
    return cls


def parts_in(annotation: Any) -> Iterator[type[Part]]:
    """The part classes that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for member in get_args(annotation):
        yield from parts_in(member)


def no_field(owner: type[Part], name: str) -> str:
    """What to do about a field that a part has not."""
    near = get_close_matches(name, owner.model_fields, 1)
    if near:
        return f"did you mean `{near[0]}`?"
    return "put it under `extra`" if "extra" in owner.model_fields else "put it under the document's `extra`"


def _words(
    kind: str, context: Mapping[str, Any], value: object, name: str, owner: type[Part]
) -> tuple[str, str]:
    """What is wrong and what to do about it."""
    if value is None:
        kind = "missing"
    match kind:
        case "said":
            return context["says"], context["fix"]
        case "missing":
            return f"`{name}` is missing", f"map `{name}`: {_says(owner, name)}"
        case "extra_forbidden":
            return f"the model has no field `{name}`", no_field(owner, name)
        case "number":
            return _number_words(value, name)
        case "naive":
            return "a time without a zone", "set `timezone:` for the system in charter.yaml"
        case "instant":
            return "not a date and time", "write it as 2026-11-22T10:00:00+01:00"
        case "day":
            return "not a date", "write it as 2026-11-22"
        case "code":
            return _code_words(value)
        case "literal_error":
            return _list_words(context, value, name)
        case "too_short":
            return f"`{name}` is empty", f"a document without {name} says nothing: send at least one"
        case "too_long":
            return f"`{name}` is too long", f"at most {context['max_length']} are taken: split the document"
        case _:
            return _type_words(kind, context, value, name)


def _number_words(value: object, name: str) -> tuple[str, str]:
    if isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value):
        return (
            "a text, not a number",
            f"send it as a number: {value} without quotes; or map it with $number(...)",
        )
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return "not a number", "send a number such as 12 or 0.25, with a point and no comma"
    if isinstance(value, float):
        return "a binary float is not exact", "read JSON numbers with a fraction as Decimal"
    if isinstance(value, Decimal) and not value.is_finite():
        return "not a number", "send a number"
    if len(Decimal(value).as_tuple().digits) > DIGITS_MAX or abs(value) >= 10**DIGITS_MAX:
        return f"more than {DIGITS_MAX} digits", "check the value at its source"
    says = (
        "a quantity must be more than nothing"
        if value == 0
        else f"{name} is {value} and must not be negative"
    )
    return says, "check the value at its source"


def _code_words(value: object) -> tuple[str, str]:
    if isinstance(value, str) and not value.strip():
        return "a blank where a code belongs", "send the code, or leave the field out"
    if isinstance(value, str) and value != value.strip():
        return "blanks around a code", "map it with $trim(...)"
    if isinstance(value, str):
        return "not a code: too long, or with control characters", "check the value at its source"
    return "not a code", "send it as text"


def _list_words(context: Mapping[str, Any], value: object, name: str) -> tuple[str, str]:
    if name == "country":
        right = MISTAKEN.get(str(value).upper())
        if (
            right is None
            and isinstance(value, str)
            and len(value) == 2
            and f"'{value.upper()}'" in context["expected"]
        ):
            right = value.upper()
        return "not a country of ISO 3166", f"write {right}" if right else "send two letters, such as NL"
    if name == "currency":
        return "not a currency of ISO 4217", "send three letters, such as EUR"
    return f"not one of {context['expected']}", "map it by a crosswalk"


def _type_words(kind: str, context: Mapping[str, Any], value: object, name: str) -> tuple[str, str]:
    wanted = {
        "string": "text",
        "tuple": "a list",
        "dict": "an object",
        "model": "an object",
        "bool": "true or false",
    }
    first = kind.partition("_")[0]
    if kind == "string_too_long":
        return (
            f"longer than {context['max_length']} characters",
            "shorten it in the mapping, by a rule people know",
        )
    if kind == "string_too_short":
        return "a blank where a value belongs", "send the value, or leave the field out"
    if kind == "string_pattern_mismatch" and name.endswith("unit"):
        return _code_words(value)
    if kind == "string_pattern_mismatch":
        return "control characters in a text", "remove them in the mapping"
    if kind.endswith("_type") and first in wanted:
        return f"`{name}` is not {wanted[first]}" if name else f"not {wanted[first]}", f"send {wanted[first]}"
    return f"`{name}` is wrong" if name else "the document is wrong", "check the value at its source"


def _says(owner: type[Part], name: str) -> str:
    field = owner.model_fields.get(name)
    says = (field.description if field is not None else None) or "it is required"
    return says[0].lower() + says[1:]


def _shown(kind: str, value: object) -> object:
    """The wrong value, unless it is the whole part around it or too long to show."""
    if kind in ("missing", "too_short") or isinstance(value, dict | list | tuple):
        return None
    if isinstance(value, str) and len(value) > _TEXT_MAX:
        return value[:_TEXT_MAX] + "…"
    return value
