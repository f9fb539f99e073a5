"""Several twins in one process: an ERP, a warehouse, a shop, a carrier, each at an address of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossdock.faults import Misconfigured
from crossdock.twins.carrier.carrier import Carrier
from crossdock.twins.clock import EPOCH, Clock
from crossdock.twins.dials import Dials
from crossdock.twins.door import Door
from crossdock.twins.erp.erp import Erp, opening
from crossdock.twins.office import Office, Tree
from crossdock.twins.shop.shop import Shop
from crossdock.twins.warehouse.floor.feed import TOPICS
from crossdock.twins.warehouse.floor.floor import WarehouseDials
from crossdock.twins.warehouse.opening import Opening
from crossdock.twins.warehouse.push import Push, Subscription, poster
from crossdock.twins.warehouse.warehouse import Warehouse

__all__ = ["KINDS", "Plan", "Twin", "run"]

#: What can be simulated.
KINDS = ("erp", "wms", "shop", "carrier")
#: How long a carrier takes from one place to the next.
_CARRIER_S = 5.0
Twin = Office | Warehouse


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to run; the same seed gives the same story."""

    kinds: Sequence[str]
    host: str = "127.0.0.1"
    port: int = 9200  #: of the first; the others follow it, or take free ones where it is 0
    seed: int = 1
    opening: Opening = field(default_factory=Opening)
    push: Sequence[str] = ()  #: URLs; `{system}` and `{topic}` are filled in
    keys: Mapping[str, str] = field(default_factory=dict[str, str])  #: twin -> the key of its own pushes
    api_key: str | None = None
    dials: Mapping[str, Any] = field(default_factory=dict[str, Any])  #: `late`, or `erp.late` for one of them
    simulated_clock: bool = False


def run(plan: Plan, ready: Callable[[Mapping[str, str]], None]) -> int:
    """Runs until SIGTERM or SIGINT; `ready` hears the URLs. 2 for a wrong setting."""
    try:
        asyncio.run(_run(plan, ready))
    except Misconfigured as fault:
        sys.stderr.write(f"{fault}\n")
        return 2
    return 0


async def _run(plan: Plan, ready: Callable[[Mapping[str, str]], None]) -> None:
    post = poster()
    twins = {kind: made(plan, kind, number) for number, kind in enumerate(plan.kinds)}
    _turn(plan, twins)
    doors: list[Door] = []
    urls: dict[str, str] = {}
    for number, (kind, twin) in enumerate(twins.items()):
        twin.subscribe([_push(plan, kind, twin, url, post) for url in plan.push])
        doors.append(Door(twin.handle))
        port = plan.port + number if plan.port else 0
        try:
            urls[kind] = await doors[-1].listen(plan.host, port)
        except (OSError, OverflowError) as error:
            says = f"cannot listen on {plan.host}:{port}: {error}"
            raise Misconfigured(
                says, fix="give a free HOST:PORT, with as many free ports behind it"
            ) from None
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    running = [asyncio.create_task(push.run()) for twin in twins.values() for push in twin.pushes]
    if not plan.simulated_clock:
        running += [asyncio.create_task(_work(twin)) for twin in twins.values()]
    for kind, url in urls.items():
        sys.stdout.write(json.dumps({"ready": True, "twin": kind, "url": url, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    ready(urls)
    _introduce(plan, twins)
    waiting = asyncio.create_task(stop.wait())
    # A task that ends is a defect: the twins then die loudly instead of standing still.
    done, _ = await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
    for door in doors:
        await door.close()
    for task in running:
        task.cancel()
    for task in done - {waiting}:
        task.result()


def made(plan: Plan, kind: str, number: int) -> Twin:
    """One twin, opened. Raises Misconfigured."""
    clock = Clock(EPOCH if plan.simulated_clock else None)
    more: dict[str, Any] = {"seed": plan.seed + number, "clock": clock, "api_key": plan.api_key}
    match kind:
        case "erp":
            erp = Erp(**more)
            opening(erp, list(_items(plan.opening)), _stock(plan.opening))
            return erp
        case "shop":
            return Shop(**more)
        case "carrier":
            return Carrier(**more)
        case "wms":
            return Warehouse(opening=plan.opening, dials=WarehouseDials(), **more)
        case _:
            raise Misconfigured(f"there is no twin of a {kind}", fix=f"use some of {', '.join(KINDS)}")


def _items(opened: Opening) -> Sequence[Tree]:
    found: list[Tree] = []
    for item in opened.items:
        tree: Tree = {"sku": item.sku, "name": item.name or item.sku, "unit": item.unit}
        if item.packs:
            tree["packs"] = [{"unit": unit, "factor": size} for unit, size in item.packs.items()]
        found.append(tree | ({"lot_tracked": True} if item.lot_tracked else {}))
    return found


def _stock(opened: Opening) -> list[Tree]:
    return [
        {"site": row.site, "sku": row.sku, "status": row.status, "quantity": row.quantity}
        for row in opened.stock
    ]


def _push(plan: Plan, kind: str, twin: Twin, url: str, post: Any) -> Push:
    topics = (
        frozenset(twin.tells) if isinstance(twin, Office) else frozenset((*TOPICS.values(), "pick_status"))
    )
    subscription = Subscription(url.replace("{system}", kind), plan.keys.get(kind), None, topics)

    def dials() -> Dials:
        return twin.faulty.dials

    return Push(subscription, post, dials, twin.dice)


def _turn(plan: Plan, twins: Mapping[str, Twin]) -> None:
    """Dials of one twin, or of all that have them. Raises Misconfigured for a dial that none has."""
    for name, value in plan.dials.items():
        kind, dot, dial = name.partition(".")
        if dot and kind not in twins:
            raise Misconfigured(f"no {kind} runs here", path=name, fix=f"use one of {', '.join(twins)}")
        meant = [twins[kind]] if dot else list(twins.values())
        takers = [twin for twin in meant if hasattr(twin.faulty.dials, dial if dot else name)]
        for twin in takers or meant[:1]:
            twin.turn_dials({dial if dot else name: value})


def _introduce(plan: Plan, twins: Mapping[str, Twin]) -> None:
    """The ERP tells its items, so that the hub knows them before an order comes."""
    erp = twins.get("erp")
    if isinstance(erp, Erp):
        for item in _items(plan.opening):
            erp.tell("item", str(item["sku"]), item)


async def _work(twin: Twin) -> None:
    """What a twin does by itself, by the machine's clock."""
    if isinstance(twin, Warehouse):
        await twin.work()
    while True:
        await asyncio.sleep(_CARRIER_S)
        if isinstance(twin, Carrier):
            twin.work()
