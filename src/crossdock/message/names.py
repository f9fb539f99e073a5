"""The names by which people and other systems know what the store knows by number: c17, m18, t19.2."""

from __future__ import annotations

from datetime import UTC, datetime

CAPTURE, MESSAGE, TRANSMISSION, HUB, INCIDENT, BYTES = "c", "m", "t", "h", "i", "b"
_DIGITS_MAX = 18


def name_of(kind: str, id_: int | None) -> str | None:
    """The name of one thing; None for nothing."""
    return None if id_ is None else f"{kind}{id_}"


def id_of(kind: str, name: str) -> int | None:
    """The number behind a name; None when it is no name of that kind."""
    digits = name[len(kind) :]
    return int(digits) if name.startswith(kind) and _is_whole(digits) else None


def whole(text: str) -> int:
    """The number that somebody wrote; 0 for anything else, and for what is more than the store counts to."""
    return int(text) if _is_whole(text) else 0


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX


def moment(at_ms: int) -> str:
    """A time as every answer shows it: RFC 3339, UTC, milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
