"""Values of data elements against their definition: lengths, types, codes, dates."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from crossdock.formats.edi.grammar import BroadCodes, Element

#: Format of a date or time (2379) -> how it is read; what is not named here is not looked at.
DATE_FORMATS = {
    "2": "%d%m%y",
    "3": "%m%d%y",
    "4": "%d%m%Y",
    "101": "%y%m%d",
    "102": "%Y%m%d",
    "201": "%y%m%d%H%M",
    "202": "%y%m%d%H%M%S",
    "203": "%Y%m%d%H%M",
    "204": "%Y%m%d%H%M%S",
    "401": "%H%M",
    "402": "%H%M%S",
    "602": "%Y",
    "609": "%y%m",
    "610": "%Y%m",
}
#: Formats of two of those, from and to, with or without a hyphen between them.
PERIOD_FORMATS = {"711": "102", "718": "102", "713": "201", "719": "203"}
_NUMBER = re.compile(r"(-?)(\d*)(?:([.,])(\d*))?")


class Flaw(NamedTuple):
    """What is wrong with a value, how to mend it, and the code of 0085 for it; none where it is worth a note only."""

    code: str
    says: str
    fix: str
    ack: str


def flaw(element: Element, value: str, codes: frozenset[str] | None) -> Flaw | None:
    """What is wrong with a value that is not empty; `codes` are those of its place, or of the element."""
    if element.type == "n":
        wrong = _number_flaw(element, value)
        if wrong:
            return wrong
        length = sum(char.isdigit() for char in value)
    else:
        length = len(value)
        if element.type == "a" and re.search(r"\d", value):
            return Flaw(
                "edifact.wrong_type", f"{element.name} {value!r} has digits in it", "write letters only", "37"
            )
    if length > element.max:
        says = f"{element.name} has {length} characters, {element.max} are the most"
        return Flaw("edifact.too_long", says, f"shorten it to {element.max}", "39")
    if length < element.min:
        says = f"{element.name} has {length} characters, {element.min} are the least"
        return Flaw("edifact.too_short", says, f"write {element.min}", "40")
    if isinstance(codes, BroadCodes) and value not in codes:
        says = f"{element.name} {value!r} is not among the codes that are known here, which are not all there are"
        return Flaw("edifact.unlisted_code", says, "check it against the partner's guide", "")
    if codes is not None and value not in codes:
        return Flaw(
            "edifact.invalid_code", f"{element.name} knows no code {value!r}", _suggested(value, codes), "12"
        )
    return None


def _number_flaw(element: Element, value: str) -> Flaw | None:
    found = _NUMBER.fullmatch(value)
    if not found or not (found[2] or found[4]):
        fix = "write digits, with a minus before and a decimal mark within where needed"
        return Flaw("edifact.wrong_type", f"{element.name} {value!r} is no number", fix, "37")
    if not found[2]:
        says = f"{element.name} {value!r} has no digit before the decimal mark"
        return Flaw("edifact.bad_number", says, f"write {found[1]}0{value.lstrip('-')}", "38")
    if found[3] and not found[4]:
        says = f"{element.name} {value!r} has no digit behind the decimal mark"
        return Flaw("edifact.bad_number", says, f"write {value[:-1]}", "19")
    return None


def _suggested(value: str, codes: frozenset[str]) -> str:
    for other in (value.strip(), value.upper().strip(), value.lstrip("0")):
        if other in codes:
            return f"write {other}"
    if len(codes) <= 12:
        return f"write one of {', '.join(sorted(codes, key=lambda code: (len(code), code)))}"
    return "write a code of its list, or name the list of the code beside it"


def date_flaw(value: str, format_: str) -> Flaw | None:
    """What is wrong with a date or time (2380) in a format (2379)."""
    if format_ in PERIOD_FORMATS:
        half = DATE_FORMATS[PERIOD_FORMATS[format_]]
        digits = value.replace("-", "", 1)
        middle = len(digits) // 2
        halves = [(digits[:middle], half), (digits[middle:], half)]
    elif format_ in DATE_FORMATS:
        halves = [(value, DATE_FORMATS[format_])]
    else:
        return None
    for text, form in halves:
        # strptime takes one digit where two belong; a directive has two letters, and the year of four digits two more
        if not text.isdecimal() or len(text) != len(form) + 2 * form.count("%Y"):
            return _date_flaw(value, format_)
        try:
            datetime.strptime(text, form)  # noqa: DTZ007  a date on the wire has no zone
        except ValueError:
            return _date_flaw(value, format_)
    return None


def _date_flaw(value: str, format_: str) -> Flaw:
    says = f"{value!r} is no date or time of format {format_}"
    return Flaw(
        "edifact.invalid_date",
        says,
        "write a date that is in the calendar, in the format that is named",
        "12",
    )
