"""One simulated warehouse put together: floor, face, faults, pushes, and the doors for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgspec

from crossdock.faults import Misconfigured
from crossdock.twins.clock import Clock, rfc3339
from crossdock.twins.dials import Dice, turned
from crossdock.twins.door import Reply, Request
from crossdock.twins.faulty import Faulty
from crossdock.twins.warehouse.face.dock import counter, truck
from crossdock.twins.warehouse.face.face import Face, decode
from crossdock.twins.warehouse.face.problem import Problem
from crossdock.twins.warehouse.face.wire import Counter, Truck
from crossdock.twins.warehouse.floor.dock import task_facts
from crossdock.twins.warehouse.floor.feed import JSON, Feed
from crossdock.twins.warehouse.floor.floor import ON_SHORT, Floor, WarehouseDials, level_facts
from crossdock.twins.warehouse.floor.orders import Order, order_facts, present
from crossdock.twins.warehouse.floor.packing import Labels
from crossdock.twins.warehouse.floor.stock import Bin, Stock
from crossdock.twins.warehouse.opening import Opening, fill
from crossdock.twins.warehouse.push import Push

__all__ = ["Warehouse"]

TURNS_MAX = 100_000  #: of one move of a simulated clock


class Warehouse:
    """A warehouse with its own memory: the same seed, requests and clock steps give the same story."""

    def __init__(
        self, *, seed: int, opening: Opening, dials: WarehouseDials, clock: Clock, api_key: str | None = None
    ) -> None:
        self.seed, self.clock = seed, clock
        self.dice = Dice(seed)
        self.stock = Stock()
        sites = fill(self.stock, opening, rfc3339(clock.now()))
        self.feed = Feed(seed)
        self.floor = Floor(self.stock, self.feed, Labels(seed), self.dice, dials)
        self.face = Face(self.floor, clock, sites, api_key=api_key)
        self.faulty = Faulty(
            self.face.answer,
            lambda wait_s: Problem(429, "busy").reply({"Retry-After": str(wait_s)}),
            lambda: Problem(500, "failed").reply(),
            dials,
            self.dice,
        )
        self.pushes: Sequence[Push] = ()
        self._news = asyncio.Event()
        self._turned = asyncio.Event()  # a dial: the pace may be another one now
        self._turn_due_at: float | None = None  # simulated clock only, seconds since 1970

    def subscribe(self, pushes: Sequence[Push]) -> None:
        """Sends every event from now on to the subscribers too."""
        self.pushes = pushes
        for push in pushes:
            self.feed.listen(push.offer)

    async def handle(self, request: Request) -> Reply | None:
        """The answer to one request; the doors for tests begin with an underscore and never misbehave."""
        if request.parts and request.parts[0].startswith("_"):
            try:
                return self._backstage(request)
            except Problem as problem:
                return problem.reply()
        reply = await self.faulty.handle(request)
        self._news.set()
        return reply

    async def work(self) -> None:
        """Turns the floor by the machine's clock until cancelled; sleeps while there is nothing to do."""
        while True:
            if not self.floor.busy:
                self._news.clear()
                await self._news.wait()
            await self._pause()
            self.floor.turn(self.clock.now())

    async def _pause(self) -> None:
        """Waits out the interval between two turns; when a dial is turned it begins anew, at the new pace."""
        while True:
            self._turned.clear()
            try:
                async with asyncio.timeout(self.floor.dials.work_interval_s):
                    await self._turned.wait()
            except TimeoutError:
                return

    def advance(self, seconds: float) -> None:
        """Moves a simulated clock, and turns the floor each time the interval is over."""
        end_s = self.clock.now().timestamp() + seconds
        interval_s = max(self.floor.dials.work_interval_s, 0.001)
        for _ in range(TURNS_MAX):
            now_s = self.clock.now().timestamp()
            due_s = now_s + interval_s if self._turn_due_at is None else self._turn_due_at
            if due_s > end_s or not self.floor.busy:
                break
            self.clock.advance(max(due_s - now_s, 0))
            self.floor.turn(self.clock.now())
            self._turn_due_at = due_s + interval_s
        if not self.floor.busy:
            self._turn_due_at = None
        self.clock.advance(max(end_s - self.clock.now().timestamp(), 0))

    def turn_dials(self, changes: dict[str, Any]) -> None:
        """Turns some dials, in effect at once. Raises Misconfigured."""
        dials = turned(self.floor.dials, changes)
        if dials.on_short not in ON_SHORT:
            raise Misconfigured(
                f"on_short is {dials.on_short!r}", path="on_short", fix=f"use one of {', '.join(ON_SHORT)}"
            )
        self.floor.dials = self.faulty.dials = dials
        self.floor.stock_came()
        self._news.set()
        self._turned.set()

    def _backstage(self, request: Request) -> Reply:
        match (request.method, *request.parts):
            case ("GET", "_state"):
                return Reply(200, JSON.encode(self.state()))
            case ("GET", "_requests"):
                return Reply(200, JSON.encode([asdict(met) for met in self.faulty.record]))
            case ("GET", "_dials"):
                return Reply(200, JSON.encode(asdict(self.floor.dials)))
            case ("PUT", "_dials"):
                return self._put(request, self.turn_dials)
            case ("PUT", "_truck"):
                return self._comes(
                    lambda now: truck(self.face.dock, decode(request.body, Truck), self.face.pack_of, now)
                )
            case ("PUT", "_count"):
                found = decode(request.body, Counter)
                site = self.face.site_of(found.site)
                return self._comes(lambda now: counter(self.face.dock, found, site, self.face.pack_of, now))
            case ("PUT", "_clock") if self.clock.simulated:
                return self._put(request, self._advance)
            case _:
                return Problem(404, "not_found").reply()

    def _comes(self, act: Callable[[datetime], None]) -> Reply:
        """Something happens at the dock, and whoever waits for stock is looked at again."""
        act(self.clock.now())
        self.floor.tell_stock()
        self.floor.stock_came()
        self._news.set()
        return Reply(200, JSON.encode({"now": rfc3339(self.clock.now())}))

    def _advance(self, change: dict[str, Any]) -> None:
        self.advance(float(change["advance_s"]))

    def _put(self, request: Request, act: Callable[[dict[str, Any]], None]) -> Reply:
        try:
            act(msgspec.json.decode(request.body, type=dict[str, Any]))
        except (msgspec.DecodeError, KeyError, ValueError) as error:
            return Problem(400, "unreadable", detail=str(error)).reply()
        except Misconfigured as fault:
            return Problem(422, "invalid", path=fault.path, detail=str(fault)).reply()
        return Reply(200, JSON.encode({**asdict(self.floor.dials), "now": rfc3339(self.clock.now())}))

    @property
    def quiet(self) -> bool:
        """Whether all work is done and all events are pushed."""
        return not self.floor.busy and not any(push.pending for push in self.pushes)

    def state(self) -> dict[str, Any]:
        """All that the warehouse knows, for comparison by tests and demos."""
        orders = self.floor.orders.values()
        return {
            "seed": self.seed,
            "now": rfc3339(self.clock.now()),
            "quiet": self.quiet,
            "orders": [_order_state(order) for order in orders],
            "effects": list(self.face.effects),
            "requests": dict(self.faulty.counts),
            "events": self.feed.count,
            "pushes": [
                {"url": p.subscription.url, "pending": p.pending, **p.counts, "refusals": list(p.refused)}
                for p in self.pushes
            ],
            "bins": [_bin_facts(bin) for bin in self.stock.bins.values()],
            "stock": [level_facts(level) for level in self.stock.levels.values()],
            "packages": [
                {"order": o.number, "shipment": s["number"], **p}
                for o in orders
                for s in o.shipments
                for p in s["packages"]
            ],
            "adjustments": len(self.stock.adjustments),
            "receiving": [task_facts(task) for task in self.face.dock.tasks.values()],
            "counts": self.face.dock.counts,
        }


def _order_state(order: Order) -> dict[str, Any]:
    """The order as the API tells it, with what was asked for and what happened."""
    history = [{"at": at, "event": event} for at, event in order.history]
    return {**order_facts(order), "asked": msgspec.json.decode(order.content), "history": history}


def _bin_facts(bin: Bin) -> dict[str, Any]:
    place = bin.place
    return present(
        site=place.site,
        bin=place.bin,
        sku=place.sku,
        lot=place.lot,
        status=place.status,
        owner=place.owner,
        expires_on=bin.expires_on.isoformat() if bin.expires_on is not None else None,
        quantity=bin.quantity,
        allocated=bin.allocated,
    )
