"""The reference warehouse as a party: its own floor, stock and events, on virtual time."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from urllib.parse import parse_qsl, unquote, urlsplit

from crossdock.kit.http import Response
from crossdock.twins.clock import Clock
from crossdock.twins.door import Request
from crossdock.twins.warehouse.floor.feed import Event
from crossdock.twins.warehouse.floor.floor import WarehouseDials
from crossdock.twins.warehouse.opening import Opening, OpeningBin, OpeningItem
from crossdock.twins.warehouse.warehouse import Warehouse
from tests.simulation.machine import START_MS
from tests.simulation.network import Sent, Weather
from tests.simulation.parties import Effect, after, refusal
from tests.simulation.site import SKUS

_TURN_S = 0.4


class FloorParty:
    """Takes orders by the reference API, ships them, tells of each step."""

    name = "wms"

    def __init__(self, seed: int, random: Random, now_s: Callable[[], float]) -> None:
        self.weather = Weather()
        self.late_s = 0.5
        self.effects: list[Effect] = []
        self.quarrels: list[str] = []
        self.on_cursor: Callable[[str, int], None] = lambda _types, _after: None
        self.refuses: set[str] = set()
        self.refuses_always: set[str] = set()
        self._random = random
        self._now_s = now_s
        items = [OpeningItem(sku, packs={"CS": Decimal(12)}) for sku in SKUS]
        self.opening = {sku: random.choice((5, 40, 5000)) for sku in SKUS}
        bins = [OpeningBin(sku, Decimal(n), f"B-{sku}") for sku, n in self.opening.items()]
        self._start = datetime.fromtimestamp(START_MS / 1000, UTC)
        self.house = Warehouse(
            seed=seed, opening=Opening(items=items, stock=bins), dials=WarehouseDials(), clock=Clock(self._start)
        )  # fmt: skip
        self.events: list[Event] = []
        self.house.feed.listen(self.events.append)

    def dedupes(self, sent: Sent) -> bool:
        """It keeps the answer to every key."""
        return bool(sent.key)

    def handle(self, sent: Sent, mood: str) -> Response:
        """The answer of the warehouse, or what its bad mood makes of it."""
        self._tick()
        before = refusal(mood, self._random, self._now_s())
        if before is not None:
            return before
        split = urlsplit(sent.path)
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        if split.path == "/events":
            self.on_cursor(query.get("types", ""), int(query.get("after") or 0))
        parts = tuple(unquote(part) for part in split.path.split("/")[1:])
        known = len(self.house.face.effects)
        reply = self.house.face.answer(Request(sent.method, parts, query, sent.headers, sent.body, sent.path))
        if len(self.house.face.effects) > known:
            self._effect(sent, parts)
        answer = Response(reply.status, {name.lower(): v for name, v in reply.headers.items()}, reply.body)
        if mood == "garbled" and 200 <= reply.status < 300:
            return Response(reply.status, {}, b"\xff\xfe{")
        return after(mood if mood != "nameless" else "", answer, self._random)

    def _effect(self, sent: Sent, parts: tuple[str, ...]) -> None:
        tree = json.loads(sent.body or b"{}")
        document = {"orders": "sales_order", "items": "item"}[parts[0]]
        if parts[-1] == "cancel":
            document = "cancellation"
        mark = tree.get("notes") or tree.get("name") or tree.get("reason") or ""
        number = tree.get("number") or parts[1]
        self.effects.append(
            Effect(self._now_s(), sent.key, sent.attempt, document, number, mark, sent.body, sent.path)
        )

    def has(self, key: str) -> bool:
        """Whether a sending had its effect."""
        return any(effect.key == key for effect in self.effects)

    def id_of(self, document: str, number: str) -> str | None:
        """The id that the warehouse gave to an order."""
        order = self.house.floor.orders.get(number)
        return number if document == "item" else order.id if order is not None else None

    def stock(self) -> dict[str, Decimal]:
        """What is in the house, by item."""
        levels = self.house.stock.levels.values()
        return {sku: sum((one.quantity for one in levels if one.sku == sku), Decimal(0)) for sku in SKUS}

    def shipped(self) -> dict[str, Decimal]:
        """What left, by item, in pieces."""
        gone: defaultdict[str, Decimal] = defaultdict(Decimal)
        for order in self.house.floor.orders.values():
            packs = {line.line: line.pack for line in order.lines}
            for shipment in order.shipments:
                for row in shipment["lines"]:
                    gone[row["sku"]] += Decimal(str(row["quantity"])) * packs[row["line"]]
        return gone

    async def work(self) -> None:
        """Turns the floor for ever."""
        while True:
            await asyncio.sleep(_TURN_S)
            self._tick()
            if self.house.floor.busy:
                self.house.floor.turn(self.house.clock.now())

    def _tick(self) -> None:
        now = self._start + timedelta(seconds=self._now_s())
        self.house.clock.advance(max((now - self.house.clock.now()).total_seconds(), 0))
