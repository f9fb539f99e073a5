"""Everything that runs in the demo, set up in order and stopped in reverse: the ERP, the warehouse, the hub."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import shutil
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from crossdock.twins.warehouse.process import WarehouseTwin
from demo.hub import Hub
from demo.screen import Screen
from demo.tryton import seed
from demo.tryton.rpc import Erp
from demo.tryton.sales import Wanted
from demo.tryton.server import TrytonServer

HERE = Path(__file__).parent
HOME = HERE.parent / "var" / "demo"

#: How badly the warehouse behaves: shares of its requests and of its pushed events.
FAULTS: dict[str, float] = {
    "late": 0.1, "drop": 0.05, "throttle": 0.05, "fail": 0.05, "malformed": 0.05,
    "duplicate": 0.1, "reorder": 0.1, "push_drop": 0.05,
}  # fmt: skip
HELD_S = 3_600.0  #: between two turns: the floor stands still
PACE_S = 0.1
REPLENISHED, STAYS_SHORT = "TEA-0500", "CUP-0001"  #: too little of both; one of them comes in later
#: Of what is ordered of the two, this part is there.
SHORT_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Running:
    """Where a demo that stays up can be reached, as `running.json` in its folder tells it."""

    erp_url: str
    erp_database: str
    erp_password: str  #: of the user admin
    warehouse_url: str
    hub_url: str


class Stage:
    """The three processes of the demo, with what the demo says to them."""

    def __init__(self, screen: Screen, *, home: Path = HOME, random_seed: int = 7) -> None:
        self.home = home
        self.random_seed = random_seed
        self.screen = screen
        self._running = ExitStack()
        self._key = secrets.token_urlsafe(18)
        self.server: TrytonServer
        self.erp: Erp
        self.twin: WarehouseTwin
        self.hub: Hub

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all that was started, the last one first; a second Ctrl-C does not leave anything behind."""
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._running.close()
        finally:
            signal.signal(signal.SIGINT, before)

    def open(self, sales: Sequence[Wanted]) -> None:
        """Starts all three; the warehouse has stock for these sales, of two items too little."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        with self.screen.phase("The ERP gets ready (Tryton, a process of its own)") as tell:
            self.server = TrytonServer(folder=self.home / "erp", tell=lambda says: tell(now=says))
            self._running.callback(self.server.stop)
            self.server.start()
            self.erp = self.server.erp()
            tell(now="it listens")
        with self.screen.phase("The warehouse and the hub open", 2) as tell:
            self._set_up_site()
            wms_key = self.hub.say("keys", "create", "wms").strip()
            self.twin = WarehouseTwin.start(
                seed=self.random_seed,
                stock=opening(sales),
                push=[f"{self.hub.url}/v1/systems/wms/messages?document={{topic}}"],
                key=wms_key,
                topics=("pick_status", "shipment", "goods_receipt", "return_receipt", "inventory_count"),
                api_key=self._key,
                faults={
                    **FAULTS,
                    "work_interval_s": HELD_S,
                    "wave_orders": 1_000,
                    "on_short": "ship_or_wait",
                },
            )
            self._running.callback(self.twin.stop)
            tell(1)
            self._fill_site({"erp": self.server.url, "wms": self.twin.url})
            self.hub.say("check")
            self._running.callback(self.hub.stop)
            self.hub.start({"ERP": self.server.hub_password, "WMS": self._key})
            tell(2, "the floor stands still yet")

    def tell_where(self) -> None:
        """Writes `running.json`, for its owner alone; it is gone when the stage closes."""
        where = self.home / "running.json"
        where.touch(mode=0o600)
        self._running.callback(where.unlink, missing_ok=True)
        running = Running(
            self.server.url, self.server.database, self.server.admin_password, self.twin.url, self.hub.url
        )
        where.write_text(json.dumps(asdict(running)))

    def _set_up_site(self) -> None:
        site = self.home / "site"
        shutil.copytree(HERE / "site", site)
        self.hub = Hub(site, self.home / "hub.log")

    def _fill_site(self, urls: dict[str, str]) -> None:
        charter = self.hub.site / "charter.yaml"
        text = charter.read_text()
        for placeholder, name in (("http://127.0.0.1:8000", "erp"), ("http://127.0.0.1:9100", "wms")):
            assert text.count(placeholder) == 1, f"the charter names the address of {name} once"
            text = text.replace(placeholder, urls[name])
        charter.write_text(text)


def opening(sales: Sequence[Wanted]) -> dict[str, Any]:
    """What lies in the warehouse: plenty, but of two items less than these sales ask for."""
    demand = _demand(sales)
    today = dt.date.today()
    items, stock = [], []
    for index, product in enumerate(product for product in seed.PRODUCTS if not product.parts):
        items.append({
            "sku": product.sku, "unit": "EA", "name": product.name, "weight_kg": product.grams / 1000,
            "lot_tracked": product.by_lot, "packs": {"CS": 12},
        })  # fmt: skip
        wanted = demand[product.sku]
        there = (
            max(1, int(wanted * SHORT_SHARE)) if product.sku in (REPLENISHED, STAYS_SHORT) else wanted + 48
        )
        row = {"sku": product.sku, "site": seed.WAREHOUSE, "bin": f"A-{index + 1:02d}"}
        if product.by_lot:
            # The lot that expires first is not enough for all, so that some shipments hold two lots.
            first = max(1, wanted // 2)
            for lot, quantity, days in ((seed.LOTS[0], first, 90), (seed.LOTS[1], there - first, 240)):
                expires_on = (today + dt.timedelta(days=days)).isoformat()
                stock.append(
                    {**row, "quantity": quantity, "lot": lot, "expires_on": expires_on, "bin": f"L-{lot[-1]}"}
                )
        else:
            stock.append({**row, "quantity": there})
    return {"items": items, "stock": stock, "sites": [seed.WAREHOUSE]}


def _demand(sales: Sequence[Wanted]) -> Counter[str]:
    """Base units of each item that the sales ask for, kits by their parts."""
    products = {product.sku: product for product in seed.PRODUCTS}
    found: Counter[str] = Counter()
    for sale in sales:
        for sku, quantity in sale.lines:
            product = products[sku]
            for part, count in product.parts or ((sku, 12 if product.sold_in == "Case of 12" else 1),):
                found[part] += quantity * count
    return found
