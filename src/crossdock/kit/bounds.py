"""How long an id may be and how great a version, so that every store can keep and find it. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from crossdock.faults import Invalid, Unreadable
from crossdock.kit.connector import Draft, Facts

__all__ = [
    "ID_CHARS_MAX",
    "VERSION_MAX",
    "id_part",
    "kept_short",
    "no_version",
    "sized",
    "too_much",
    "within",
]

ID_CHARS_MAX = 255
#: Of an id that is made of several, such as site, item and lot. An index of PostgreSQL takes 2,704 bytes a row.
ID_BYTES_MAX = 2_000
VERSION_MAX = 2**63 - 1  #: what a store keeps as an integer, above zero and below
_SHOWN_CHARS = 80
_FIX = f"send a string of at most {ID_CHARS_MAX} characters that can be printed"


def id_part(value: str, path: str) -> str:
    """An id, or a part of one, as it came. Raises Unreadable (422)."""
    if len(value) > ID_CHARS_MAX or "\x00" in value:
        raise _no_id(value, path)
    return value


def within(facts: Facts) -> Facts:
    """What the door was told of an arrival, as it came. Raises Unreadable (422)."""
    if too_much(facts.id):
        raise _no_id(facts.id, "id")
    if facts.order_by is not None and too_much(facts.order_by):
        raise _no_id(facts.order_by, "order_by")
    if facts.version is not None and abs(facts.version) > VERSION_MAX:
        raise no_version(facts.version, "version")
    return facts


def no_version(value: int, path: str) -> Unreadable:
    """The refusal of a number that no store can keep."""
    return Unreadable(
        "this is no version", status=422, path=path, value=f"an integer of {value.bit_length()} bits",
        fix=f"send an integer between -{VERSION_MAX} and {VERSION_MAX}",
    )  # fmt: skip


def kept_short(number: str) -> str:
    """What stands for the number of a document that cannot be read: the beginning of what came."""
    return number.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:ID_CHARS_MAX]


def sized(draft: Draft) -> Draft:
    """A draft as it came; one whose id cannot be kept goes by its beginning and a digest, and is wrong."""
    if not too_much(draft.their_id):
        return draft
    digest = hashlib.sha256(draft.their_id.encode("utf-8", "surrogatepass")).hexdigest()
    wrong = Invalid("this cannot be an id", path="number", value=draft.their_id[:_SHOWN_CHARS], fix=_FIX)
    short = f"{kept_short(draft.their_id)[:_SHOWN_CHARS]}:{digest[:12]}"
    return replace(draft, their_id=short, wrong=draft.wrong or wrong)


def too_much(text: str) -> bool:
    """Whether a text is no id that every store can keep and find."""
    return "\x00" in text or len(text.encode("utf-8", "surrogatepass")) > ID_BYTES_MAX


def _no_id(value: str, path: str) -> Unreadable:
    return Unreadable(
        "this cannot be an id", status=422, path=path, value=value[:_SHOWN_CHARS],
        fix=_FIX,
    )  # fmt: skip
