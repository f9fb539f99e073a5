"""Tryton's ways to say no, sorted by what the hub does next.

| their answer | fault | why |
|---|---|---|
| 200, `UserError` | Rejected | a rule of theirs, in words; the transaction was rolled back |
| 200, `UserWarning` | Rejected | they want a person to confirm; nothing was written |
| 200, `ConcurrencyException` | TryLater | someone changed the record just now |
| 200, `LoginException` | TryLater | the sign-in ran out; the client signs in again |
| 200, anything else | Rejected | an exception inside; the transaction was rolled back |
| 401 | TryLater | the sign-in ran out or is wrong: no document is to blame |
| 403, 404, 405 | Rejected | the method or the database is not open to us |
| 429, 503 | TryLater | too many sign-ins; database locked (they tried five times) |
| 408, 5xx, anything else | InDoubt, TryLater after a safe request | nobody knows how far it got |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from crossdock.faults import Fault, InDoubt, Rejected, TryLater
from crossdock.kit.connector import Answer
from crossdock.kit.excerpt import redacted

_LATER_KINDS = frozenset({"ConcurrencyException", "LoginException"})
_LATER_STATUSES = frozenset({401, 429, 503})
_CLOSED_STATUSES = frozenset({400, 403, 404, 405, 413, 415})
_SAYS_MAX = 300


def error_fault(error: object, method: str) -> Fault:
    """The fault for the `error` of a JSON-RPC answer, which is a list: its kind, then its words."""
    parts = cast(Sequence[object], error) if isinstance(error, list) else [error]
    kind = str(parts[0]) if parts else ""
    says = _words(parts[1:])
    if kind in _LATER_KINDS:
        return TryLater(f"Tryton: {kind} {says}".strip())
    if kind == "UserWarning":
        return Rejected(
            f"Tryton wants this confirmed: {says}",
            path=method,
            fix="change the record, or confirm it in Tryton",
        )
    if kind == "UserError":
        return Rejected(f"Tryton: {says}", path=method, fix="mend it in Tryton, then retry")
    return Rejected(
        redacted(f"Tryton failed inside: {kind} {says}".strip(), _SAYS_MAX),
        path=method,
        fix="see Tryton's log; a module or field that we use may be missing",
    )


def status_fault(answer: Answer, *, safe: bool) -> Fault:
    """The fault for an HTTP status other than 200."""
    says = f"Tryton answered HTTP {answer.status}"
    if answer.status in _LATER_STATUSES:
        return TryLater(says, wait_s=_retry_after_s(answer))
    if answer.status in _CLOSED_STATUSES:
        return Rejected(says, fix="check the database's name and the rights of the hub's user")
    return TryLater(says) if safe else InDoubt(says)


def unreadable_fault(answer: Answer, *, safe: bool) -> Fault:
    """The fault for an answer that is not JSON-RPC, as a proxy gives it."""
    says = f"Tryton's answer of {len(answer.body)} bytes cannot be read"
    return TryLater(says) if safe else InDoubt(says)


def _words(parts: Sequence[object]) -> str:
    flat = [
        word for part in parts for word in (cast(list[object], part) if isinstance(part, list) else [part])
    ]
    # A third part repeats the whole domain that failed: no person reads that.
    words = [word.strip() for word in flat[:2] if isinstance(word, str) and word.strip()]
    return redacted(" ".join(words), _SAYS_MAX)


def _retry_after_s(answer: Answer) -> float | None:
    try:
        return max(0.0, float(answer.headers.get("retry-after", "")))
    except ValueError:
        return None
