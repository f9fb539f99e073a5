"""What an answer of the warehouse means for the hub: status and code to fault."""

from __future__ import annotations

import msgspec

from crossdock.connectors.warehouse.wire import Problem
from crossdock.faults import Fault, InDoubt, Rejected, TryLater
from crossdock.kit.connector import Answer
from crossdock.kit.excerpt import redacted
from crossdock.kit.throttle import retry_after_s

__all__ = ["LATER", "UNCLEAR", "fault"]

#: Nothing was done; the same request may come again.
LATER = frozenset((425, 429, 503))
#: Nobody knows whether it was done. Every status that stands nowhere here is unclear too.
UNCLEAR = frozenset((408, 500, 502, 504))

#: The warehouse's code -> what happened, in words for a supervisor, and what to do about it.
REFUSALS = {
    "pick_started": (
        "the warehouse has begun to pick the order and does not cancel or change it any more",
        "let it ship and take it back as a return, or ask the warehouse by telephone",
    ),
    "not_found": (
        "the warehouse does not have what this is about",
        "ask the warehouse; send again what it has lost, then retry",
    ),
    "not_open": (
        "the warehouse has less of the line to ship than is to be cancelled",
        "ask the warehouse what is left of the line; what has left comes back as a return",
    ),
    "order_exists": (
        "the warehouse has another order of this number",
        "compare the two; cancel the old one there, or release this one under a new number",
    ),
    "unknown_sku": ("the warehouse does not know the item", "send the item to the warehouse, then retry"),
    "unknown_unit": (
        "the warehouse does not know this unit for the item",
        "add the pack to the item and send it to the warehouse, then retry",
    ),
    "unknown_site": ("the warehouse has no such site", "mend the site of the order, or its crosswalk row"),
    "received_already": (
        "more came already than is expected now",
        "look at what came, and expect at least that",
    ),
    "unit_in_use": (
        "the item has stock in another unit",
        "let the stock run out, or keep the unit and give the new one as a pack",
    ),
    "key_reused": (
        "the warehouse knows the idempotency key from another request",
        "a new round gets a new key: retry",
    ),
    "cursor_expired": (
        "the events after the last one read are not kept any more",
        "compare orders and stock with the warehouse, then begin to read anew",
    ),
    "unauthorized": ("the warehouse does not accept our key", "mend the secret of this system, then retry"),
}


def fault(answer: Answer, now_s: float) -> Fault:
    """The fault behind an answer that is not a success; `now_s` is for a Retry-After that is a date."""
    problem = _problem(answer)
    if answer.status in LATER:
        return TryLater(
            f"the warehouse is busy ({answer.status})", wait_s=retry_after_s(answer.headers, now_s)
        )
    if answer.status in UNCLEAR or not 400 <= answer.status < 500:
        return InDoubt(f"the warehouse answered {answer.status}: nobody knows whether it was done")
    code = problem.code or ("unauthorized" if answer.status in (401, 403) else "")
    says, fix = REFUSALS.get(code, (_words(problem, answer.status), "mend the document, then retry"))
    value = None if problem.value is None else redacted(str(problem.value), 80)
    return Rejected(says, path=problem.path[:200], value=value, fix=fix)


def _problem(answer: Answer) -> Problem:
    """The problem document in the answer; an empty one when there is none."""
    try:
        return msgspec.json.decode(answer.body, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Problem()


def _words(problem: Problem, status: int) -> str:
    words = redacted(": ".join(part for part in (problem.title, problem.detail) if part))
    return f"the warehouse refused it ({status})" + (f": {words}" if words else "")
