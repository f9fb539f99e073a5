"""Asking the warehouse what is new: its feed of events, and its stock levels."""

from __future__ import annotations

from hashlib import sha256
from typing import TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

from crossdock.connectors.warehouse.faults import fault
from crossdock.connectors.warehouse.wire import EventPage, StockPage
from crossdock.faults import InDoubt, TryLater
from crossdock.kit.connector import Answer, Content, Page, Polled, Tools
from crossdock.kit.http import Client

__all__ = ["PICK_TYPES", "SHIPMENT_TYPES", "EventPoller", "StockPoller"]

PAGE_EVENTS = 200
#: How many events before the cursor are asked for again: a warehouse may number an event before it commits it.
OVERLAP_EVENTS = 50
#: Longer ids are known by their digest, so that the cursor stays small.
ID_MAX = 255
PICK_TYPES = (
    "acknowledged",
    "allocated",
    "picking",
    "picked",
    "short",
    "packed",
    "cancelled",
    "cancel_refused",
)
SHIPMENT_TYPES = ("shipped",)
P = TypeVar("P")


class _Cursor(Struct, frozen=True):
    """Where to go on, and the events before it that are known, so that the overlap brings none twice."""

    after: str
    seen: list[str]


class _Named(Struct, frozen=True):
    id: str


class EventPoller:
    """Reads the feed for one document, each event once, those that turned up late in the overlap too."""

    def __init__(self, document: str, types: tuple[str, ...], tools: Tools) -> None:
        self._document = document
        self._types = ",".join(types)
        self._tools = tools

    async def poll(self, cursor: str | None, client: Client) -> Page:
        """The next page after the cursor. Raises TryLater, Rejected."""
        path = f"/events?types={self._types}&limit={PAGE_EVENTS + OVERLAP_EVENTS}"
        known = _Cursor("", []) if cursor is None else msgspec.json.decode(cursor, type=_Cursor)
        if cursor is not None:
            path += f"&after={quote(known.after, safe='')}&overlap={OVERLAP_EVENTS}"
        page = await _asked(client, path, EventPage, self._tools)
        seen = frozenset(known.seen)
        ids = [_name_of(item) for item in page.items]
        found = [
            Polled(self._document, Content(bytes(item)))
            for item, id in zip(page.items, ids, strict=True)
            if id not in seen
        ]
        # What the overlap can bring again is among the last so many, new ones included.
        fresh = [id for id in ids if id not in seen]
        reached = _Cursor(page.next, [*known.seen, *fresh][-4 * OVERLAP_EVENTS :])
        return Page(found, msgspec.json.encode(reached).decode(), page.more)


class StockPoller:
    """Reads the stock levels that changed; a level seen twice has a greater sequence, so that no overlap is needed."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def poll(self, cursor: str | None, client: Client) -> Page:
        """The next page after the cursor. Raises TryLater, Rejected."""
        path = f"/stock?limit={PAGE_EVENTS}" + ("" if cursor is None else f"&after={quote(cursor, safe='')}")
        page = await _asked(client, path, StockPage, self._tools)
        found = [Polled("inventory_balance", Content(bytes(item))) for item in page.items]
        return Page(found, page.next, page.more)


def _name_of(item: msgspec.Raw) -> str:
    """What tells one event from others: its id, or the digest of its bytes where no id can be read."""
    try:
        id = msgspec.json.decode(item, type=_Named).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        id = ""  # it is found all the same, so that the hub can say what is wrong with it
    return id if 0 < len(id) <= ID_MAX else f"sha256:{sha256(bytes(item)).hexdigest()}"


async def _asked(client: Client, path: str, shape: type[P], tools: Tools) -> P:
    """One page. A question changes nothing: whatever is unclear is simply asked again later."""
    try:
        response = await client.send("GET", path)
        if response.status != 200:
            raise fault(Answer(response.status, response.body, response.headers), tools.now())
        return msgspec.json.decode(response.body, type=shape)
    except InDoubt as unclear:
        raise TryLater(unclear.says) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TryLater(
            f"the warehouse's page cannot be read: {error}", path="page",
            fix="the warehouse must answer as docs/reference/warehouse-api.yaml says",
        ) from None  # fmt: skip
