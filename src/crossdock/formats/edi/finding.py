"""A finding: one thing that is wrong, or was forgiven, at one place of an EDI file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: error: the standard or the partner's rules are broken. forgiven: a lenient reading went on past it. note: worth
#: knowing.
Severity = Literal["error", "forgiven", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, with the place a person can follow and what to do next.

    `segment_number` counts as the acknowledgements do (AK301, UCS 0096): the header of the set is 1. Outside a set it
    counts from the header of the interchange. `position` counts the segments of the file from 1, whatever they belong
    to.
    """

    code: str
    says: str
    fix: str
    severity: Severity = "error"
    interchange: str | None = None
    group: str | None = None
    set: str | None = None
    segment_number: int | None = None
    segment_id: str | None = None
    #: "02" an element, "02-1" a component of it (both from 1); None where the whole segment is meant
    element: str | None = None
    value: str | None = None
    position: int | None = None
    #: code that an acknowledgement gives for it ("AK304:3", "AK403:5", "AK502:4", "TA1:001", "0085:12"), if any
    ack: str | None = None
    file: str | None = None
