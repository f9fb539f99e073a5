"""What the simulated systems do in a run: the shop sells, the ERP keeps items, the warehouse ships."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import Any

from tests.simulation.floor import FloorParty
from tests.simulation.loop import SimulatedLoop
from tests.simulation.machine import START_MS
from tests.simulation.parties import Effect, Receiver
from tests.simulation.senders import Couriers, Told
from tests.simulation.site import LATE_SKU, LATER_METHOD, METHODS, SKUS, UNKNOWN_SKU, Plan


class Shop:
    """Sends orders, edits them, cancels some, and makes the mistakes that shops make."""

    def __init__(self, plan: Plan, couriers: Couriers, random: Random, horizon_s: float) -> None:
        self._plan = plan
        self._couriers = couriers
        self._random = random
        self._horizon_s = horizon_s

    async def sell(self) -> None:
        """The working day of the shop."""
        for n in range(1, self._plan.orders + 1):
            await asyncio.sleep(self._random.expovariate(self._plan.orders / self._horizon_s))
            self._order(f"SO-{n}")
        await asyncio.sleep(1)
        self._send_unreadable()

    def _order(self, number: str) -> None:
        draw, plan = self._random, self._plan
        customer = f"C{draw.randrange(plan.customers)}"
        first = self._told(number, customer, 1)
        self._couriers.send(first)
        if (plan.versions or plan.revise) and draw.random() < 0.6:
            versions = [2, 3] if draw.random() < 0.5 else [2]
            if draw.random() < 0.3:
                versions.reverse()
            for version in versions:
                self._later(self._told(number, customer, version), draw.random() * 6)
        if not plan.revise and draw.random() < 0.15:
            other = self._told(number, customer, 1)
            other.wants = "conflict"
            self._later(other, 2 + draw.random() * 20, after=first)
        if draw.random() < 0.2:
            self._cancel(number, draw.choice((0.0, 0.0, draw.random() * 8)))
        if draw.random() < 0.04:
            self._cancel(f"{number}-nobody-placed", draw.random())
        if first.key is not None and draw.random() < 0.1:
            stranger = self._told(f"{number}-B", customer, 1)
            stranger.key, stranger.wants = first.key, "conflict"
            self._later(stranger, 1 + draw.random() * 5, after=first)

    def _told(self, number: str, customer: str, version: int) -> Told:
        draw, mark = self._random, self._couriers.mark()
        tree: dict[str, Any] = {
            "orderNumber": number, "customer": customer, "mark": mark, "sentAt": "", "lines": self._lines()
        }  # fmt: skip
        if self._plan.versions:
            tree["revision"] = version
        method = draw.choice((*METHODS, *METHODS, None, None))
        if draw.random() < 0.06:
            method = LATER_METHOD[0]
        if method is not None:
            tree["method"] = method
        # Where revisions have no number, only a key tells a repeat of an older one from a new one.
        key = f"k-{mark}" if self._plan.revise or draw.random() < 0.6 else None
        return Told("shop", "sales_order", number, mark, tree, key, version, customer)

    def _lines(self) -> list[dict[str, Any]]:
        draw = self._random
        lines: list[dict[str, Any]] = []
        for line in range(1, draw.choice((1, 1, 2, 3)) + 1):
            sku = draw.choice(SKUS)
            if draw.random() < 0.04:
                sku = draw.choice((UNKNOWN_SKU, LATE_SKU))
            unit = "CS" if self._plan.items == "refuse" and draw.random() < 0.2 else "EA"
            lines.append({"line": line, "sku": sku, "quantity": draw.randrange(1, 9), "unit": unit})
        return lines

    def _cancel(self, order: str, delay_s: float) -> None:
        mark = self._couriers.mark()
        tree = {"number": f"CX-{mark}", "order": order, "reason": mark, "extra": {"mark": mark}}
        told = Told("shop", "cancellation", tree["number"], mark, tree, f"k-{mark}", None)
        self._later(told, delay_s)

    def _later(self, told: Told, delay_s: float, *, after: Told | None = None) -> None:
        """Sends in a while; a contradiction only once the first word was answered."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)

        async def wait() -> None:
            await asyncio.sleep(delay_s)
            while after is not None and not after.answers:
                await asyncio.sleep(0.5)
            self._couriers.send(told)
            if (
                told.wants == "conflict"
                and told.key
                and self._random.random() < 0.6
                and told.key[2:] == told.mark
            ):
                await self._key_is_free(told)

        self._couriers.under_way += 1
        loop.spawn(loop.world, wait()).add_done_callback(self._ended)

    async def _key_is_free(self, refused: Told) -> None:
        """A refused request never occupies a key: the next document may use it."""
        while not refused.answers:
            await asyncio.sleep(0.5)
        heir = self._told(f"{refused.id}-H{refused.mark}", refused.customer, 1)
        heir.key = refused.key
        refused.key = None  # nobody repeats the refused one under it any more
        self._couriers.send(heir)

    def _ended(self, _: object) -> None:
        self._couriers.under_way -= 1

    def _send_unreadable(self) -> None:
        tree = {"customer": "C0", "lines": [], "mark": self._couriers.mark()}
        self._couriers.send(Told("shop", "sales_order", "", tree["mark"], tree, None, wants="unreadable"))


class Erp:
    """Keeps the items; its master data come at the start, late, edited and out of order."""

    def __init__(self, plan: Plan, couriers: Couriers, random: Random, horizon_s: float) -> None:
        self._plan = plan
        self._couriers = couriers
        self._random = random
        self._horizon_s = horizon_s
        self._changed = 0

    async def keep(self) -> None:
        """The working day of master data."""
        for sku in self._random.sample(SKUS, len(SKUS)):
            self.tell(sku)
            await asyncio.sleep(self._random.random() * 0.3)
        for _ in range(self._random.randrange(1, 6)):
            await asyncio.sleep(self._random.random() * self._horizon_s / 5)
            sku = self._random.choice(SKUS)
            burst = [self._item(sku) for _ in range(self._random.choice((1, 2, 5)))]
            self._random.shuffle(burst)  # the older one may come after the newer
            burst += [self._price(sku) for _ in range(self._random.choice((0, 1, 3)))]
            for told in burst:
                self._couriers.send(told)
        self.tell(LATE_SKU)

    def tell(self, sku: str) -> None:
        """Sends an item as it is now."""
        self._couriers.send(self._item(sku))

    def _item(self, sku: str) -> Told:
        self._changed += 1
        mark = self._couriers.mark()
        case = {"unit": "CS", "factor": self._random.choice((6, 12, 12, 24))}
        extra = {
            "changed": self._changed,
            "mark": mark,
            "group": f"G{SKUS.index(sku) % 2}" if sku in SKUS else "G9",
        }
        tree = {"sku": sku, "unit": "EA", "name": mark, "packs": [case], "extra": extra}
        key = f"k-{mark}" if self._random.random() < 0.5 else None
        return Told("erp", "item", sku, mark, tree, key, self._changed)

    def _price(self, sku: str) -> Told:
        self._changed += 1
        mark = self._couriers.mark()
        id_ = f"P-{sku}"
        extra = {"id": id_, "changed": self._changed, "mark": mark, "group": f"G{SKUS.index(sku) % 2}"}
        tree = {"sku": sku, "price": self._changed, "currency": "EUR", "unit": "EA", "extra": extra}
        return Told("erp", "price", id_, mark, tree, None, self._changed)

    def echo(self, effect: Effect) -> None:
        """Sends an order back that it was sent, as shops and ERPs do on every write; sometimes it changed it."""
        tree = json.loads(effect.body)
        if "number" not in tree or effect.document != "sales_order":
            return
        wants = "echo"
        if self._random.random() < 0.3:
            tree["notes"], wants = "changed by the ERP", "not owned"
        told = Told("erp", "sales_order", tree["number"], effect.mark, tree, None, wants=wants)
        self._couriers.send(told)


class PlainWarehouse:
    """A warehouse that takes orders by HTTP, ships them at once and tells what left and what is left."""

    def __init__(self, party: Receiver, couriers: Couriers, random: Random) -> None:
        self._party = party
        self._couriers = couriers
        self._random = random
        self.opening = Counter(dict.fromkeys((*SKUS, UNKNOWN_SKU, LATE_SKU), 10000))
        self.stock = Counter(self.opening)
        self.asked: dict[str, Counter[str]] = {}  #: order -> pieces by item, as of its last revision
        self._sequence = 0
        self._seen = 0
        self.busy = False

    async def work(self) -> None:
        """Looks at what came, ships, tells."""
        while True:
            await asyncio.sleep(self._random.uniform(0.3, 1.5))
            news, self._seen = self._party.effects[self._seen :], len(self._party.effects)
            for effect in news:
                if effect.document == "sales_order":
                    self._take(effect)
                    await asyncio.sleep(self._random.random() * 0.2)

    @property
    def behind(self) -> bool:
        """Whether there is something that it has not looked at."""
        return self._seen < len(self._party.effects)

    def _take(self, effect: Effect) -> None:
        """Every effect counts: one that comes twice ships twice."""
        tree = json.loads(effect.body)
        pieces: Counter[str] = Counter()
        for line in tree["lines"]:
            told = line.get("pieces") or line["quantity"] * (12 if line["unit"] == "CS" else 1)
            pieces[line.get("item") or line["sku"]] += int(told)
        known = self.asked.get(effect.number)
        self.asked[effect.number] = pieces
        if known is not None:
            self.stock.update(known)
        self.stock.subtract(pieces)
        if known is None:
            self._ship(effect.number, pieces)
        for sku in sorted({*pieces, *(known or ())}):
            self._balance(sku)

    def _ship(self, order: str, pieces: Counter[str]) -> None:
        mark = self._couriers.mark()
        lines = [
            {"line": n, "sku": sku, "quantity": count, "unit": "EA"}
            for n, (sku, count) in enumerate(sorted(pieces.items()), 1)
        ]
        tree = {"number": f"SH-{mark}", "order": order, "lines": lines, "extra": {"mark": mark}}
        self._couriers.send(Told("wms", "shipment", tree["number"], mark, tree, f"k-{mark}"))

    def _balance(self, sku: str) -> None:
        self._sequence += 1
        mark = self._couriers.mark()
        as_of = datetime.fromtimestamp(START_MS / 1000 + self._sequence, UTC).isoformat()
        tree = {
            "sku": sku, "site": "MAIN", "status": "available", "quantity": self.stock[sku], "unit": "EA",
            "as_of": as_of, "extra": {"seq": self._sequence, "mark": mark},
        }  # fmt: skip
        self._couriers.send(Told("wms", "inventory_balance", sku, mark, tree, None, self._sequence))


class FloorNews:
    """Pushes the events of the reference warehouse to the hub, each until it is answered."""

    def __init__(self, plan: Plan, party: FloorParty, couriers: Couriers, random: Random) -> None:
        self._plan = plan
        self._party = party
        self._couriers = couriers
        self._random = random
        self._seen = 0

    async def tell(self) -> None:
        """Pushes for ever; where the hub also reads the feed, some pushes are lost on purpose."""
        while True:
            await asyncio.sleep(0.2)
            news, self._seen = self._party.events[self._seen :], len(self._party.events)
            for event in news:
                if self._plan.events == "poll" or (
                    self._plan.events == "both" and self._random.random() < 0.3
                ):
                    continue
                tree = json.loads(event.body)
                id_ = event.number if event.topic == "inventory_balance" else event.id
                mark = tree.get("at", "") if event.topic == "inventory_balance" else event.id
                self._couriers.send(Told("wms", event.topic, id_, mark, tree, None, wants="event"))
