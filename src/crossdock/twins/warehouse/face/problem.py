"""Refusals of the warehouse as problem documents (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.twins.door import Reply
from crossdock.twins.warehouse.floor.feed import JSON

__all__ = ["Problem"]

RETRY_AFTER_S = 60  #: unless the one who refuses knows better

TITLES = {
    "unreadable": "The body is not JSON of the right shape",
    "invalid": "A value breaks a rule",
    "key_missing": "The header Idempotency-Key is missing",
    "key_reused": "The Idempotency-Key came before with another request",
    "unauthorized": "The key is missing or wrong",
    "not_found": "There is no such thing",
    "method_not_allowed": "That cannot be done here",
    "unknown_sku": "The warehouse does not know the item",
    "unknown_unit": "The item has no such unit",
    "unknown_site": "The warehouse has no such site",
    "order_exists": "The warehouse has another order of that number",
    "pick_started": "Picking has begun, the order cannot be cancelled or changed any more",
    "not_open": "Less of the line is still to be shipped than is to be cancelled",
    "not_enough": "The bin has not that much free stock",
    "received_already": "More of it came already than is expected now",
    "unit_in_use": "The item has stock, its unit cannot change",
    "cursor_expired": "The events after that cursor are not kept any more",
    "busy": "Too much at once, come again later",
    "failed": "Something went wrong, nobody knows what",
}


class Problem(Exception):
    """A refusal: HTTP status, code, and where in the request."""

    def __init__(self, status: int, code: str, *, path: str = "", value: object = None, **more: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.path, self.value, self.more = status, code, path, value, more

    def reply(self, headers: Mapping[str, str] | None = None) -> Reply:
        """The refusal as an answer."""
        tree: dict[str, Any] = {
            "type": f"urn:crossdock:problem:{self.code}",
            "title": TITLES[self.code],
            "status": self.status,
            "code": self.code,
        }
        if self.path:
            tree["path"] = self.path
        if self.value is not None:
            tree["value"] = self.value
        tree.update(self.more)
        if self.status == 429:
            headers = {"Retry-After": str(RETRY_AFTER_S), **(headers or {})}
        return Reply(
            self.status, JSON.encode(tree), "application/problem+json", headers or {}, outcome="refused"
        )
