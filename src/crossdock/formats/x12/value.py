"""The rules of one value: type, length, characters, codes; each breach with its code and what to send instead."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crossdock.formats.edi.grammar import BroadCodes, Element
from crossdock.formats.x12.envelope import is_date, is_time

CODES_SHOWN_MAX = 12  #: codes that a fix lists

_WHOLE = re.compile(r"-?[0-9]+")
#: what any code is made of; postal codes and the like hold blanks and hyphens
_CODE = re.compile(r"[A-Z0-9](?:[A-Z0-9 -]*[A-Z0-9])?")
_DECIMAL = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")


@dataclass(frozen=True, slots=True)
class Breach:
    """What is wrong with a value: the code of AK403, a predicate for people, and what to send.

    `note`: worth knowing, and no error: an acknowledgement does not speak of it.
    """

    ack: str
    says: str
    fix: str
    note: bool = False


def breach(element: Element, text: str, codes: frozenset[str] | None) -> Breach | None:
    """The first rule that a value breaks; `codes` are those that its position allows, None for any."""
    kind = element.type
    if kind == "B":
        return _length(element, len(text), "bytes")
    if not text.isprintable():
        return Breach("6", "holds a control character", "send printable characters only")
    if kind in ("AN", "ID"):
        return _text(element, text, codes)
    if kind == "DT":
        return _date(element, text)
    if kind == "TM":
        return _time(element, text)
    return _number(element, text) or _listed(text, codes, element)


def _text(element: Element, text: str, codes: frozenset[str] | None) -> Breach | None:
    if not text.strip():
        return Breach("6", "holds nothing but blanks", "leave the element empty, or send a value")
    wrong = _length(element, len(text), "characters")
    if wrong and codes and 1 <= len(codes) <= CODES_SHOWN_MAX:
        return Breach(wrong.ack, wrong.says, f"send one of {', '.join(sorted(codes))}")
    if wrong is None and element.type == "ID" and _CODE.fullmatch(text) is None:
        return Breach("7", "holds what no code holds", "send capital letters and digits")
    return wrong or _listed(text, codes, element)


def _length(element: Element, length: int, unit: str) -> Breach | None:
    if length > element.max:
        return Breach(
            "5", f"has {length} {unit}, at most {element.max} fit", f"send at most {element.max} {unit}"
        )
    if length < element.min:
        return Breach(
            "4",
            f"has {length} {unit}, at least {element.min} are needed",
            f"send at least {element.min} {unit}",
        )
    return None


def _listed(text: str, codes: frozenset[str] | None, element: Element) -> Breach | None:
    if codes is None or text in codes:
        return None
    if isinstance(codes, BroadCodes):
        says = "is not among the codes that are known here, which are not all there are"
        return Breach("7", says, "check it against the partner's guide", note=True)
    if 1 <= len(codes) <= CODES_SHOWN_MAX:
        fix = f"send one of {', '.join(sorted(codes))}"
    else:
        fix = f"send one of the {len(codes)} codes of element {element.id}"
    return Breach("7", "is no code that may stand here", fix)


def _date(element: Element, text: str) -> Breach | None:
    form = "CCYYMMDD" if element.max >= 8 else "YYMMDD"
    if is_date(text) and element.min <= len(text) <= element.max:
        return None
    if text.isdecimal() and len(text) != len(form):
        ack = "5" if len(text) > element.max else "4" if len(text) < element.min else "8"
        return Breach(ack, f"has {len(text)} digits, a date is {form}", f"send the date as {form}")
    return Breach("8", "is no date of the calendar", f"send the date as {form}")


def _time(element: Element, text: str) -> Breach | None:
    if is_time(text) and element.min <= len(text) <= element.max:
        return None
    if text.isdecimal() and not element.min <= len(text) <= element.max:
        ack = "5" if len(text) > element.max else "4"
        return Breach(ack, f"has {len(text)} digits", "send the time as HHMM, HHMMSS or HHMMSSDD")
    return Breach("9", "is no time of the day", "send the time as HHMM, HHMMSS or HHMMSSDD")


def _number(element: Element, text: str) -> Breach | None:
    if element.type == "R":
        if _DECIMAL.fullmatch(text) is None:
            return Breach(
                "6", "is no number", "send digits, with a point before decimals and - before a negative one"
            )
    elif _WHOLE.fullmatch(text) is None:
        places = int(element.type[1:] or "0")
        fix = "send digits only" + (f"; the last {places} are decimals" if places else "")
        return Breach("6", "is no whole number", fix)
    return _length(element, sum(character.isdigit() for character in text), "digits")
