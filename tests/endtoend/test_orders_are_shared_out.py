"""Order routing through the running hub: an order comes by HTTP, two warehouses get what is theirs, the ERP hears."""

from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.harness.hub import Hub, make_key
from tests.harness.wire import Client

WAIT_S = 120.0
CHARTER = """
crossdock: 1
site: {{name: demo, timezone: Europe/Amsterdam, currency: EUR}}
network: {{allow: ["127.0.0.1/32"]}}
checks: {{item_known: skip}}
systems:
  shop:
    connector: http
    in:
      - {{document: sales_order, id: number, on_change: revise}}
      - {{document: cancellation, id: number}}
  ams: {{connector: http, url: {url}, in: {floor}, out: {asked}}}
  lyo: {{connector: http, url: {url}, in: {floor}, out: {asked}}}
  erp:
    connector: http
    url: {url}
    out: [{{document: sales_order, send: {{path: /erp}}}}, {{document: order_status, send: {{path: /erp}}}}]
objects:
  sales_order: {{owner: shop, readers: [erp]}}
  cancellation: {{owner: shop}}
  inventory_balance: {{owner: ams, also: [lyo]}}
  pick_status: {{owner: ams, also: [lyo]}}
  warehouse_order: {{owner: hub, readers: [ams, lyo]}}
  warehouse_order_cancel: {{owner: hub, readers: [ams, lyo]}}
  order_status: {{owner: hub, readers: [erp]}}
stock:
  sites: {{AMS: {{system: ams}}, LYO: {{system: lyo}}}}
sourcing:
  zones: {{near: {{countries: [NL, BE]}}}}
  rules:
    retail: {{split: units, split_penalty: 3, backorder: split}}
  sites:
    AMS: {{costs: {{near: 4, "*": 9}}, cut_off: "16:00", days: [monday, tuesday, wednesday, thursday, friday,
           saturday, sunday]}}
    LYO: {{costs: {{near: 11, "*": 5}}}}
"""
FLOOR = "[{document: inventory_balance, id: extra.id}, {document: pick_status, id: extra.id}]"
ASKED = (
    "[{document: warehouse_order, send: {path: %s}}, {document: warehouse_order_cancel, send: {path: %s}}]"
)


class Recorder:
    """Takes whatever it is sent and remembers it by path."""

    def __init__(self) -> None:
        got = self.got = list[tuple[str, dict[str, Any]]]()

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got.append((self.path, json.loads(body)))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def at(self, path: str) -> list[dict[str, Any]]:
        return [body for where, body in self.got if where == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


async def until(true: Any) -> None:
    for _ in range(int(WAIT_S / 0.05)):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come about")


async def test_the_warehouses_get_their_parts_and_the_trace_says_why(tmp_path: Path) -> None:
    recorder, site = Recorder(), tmp_path / "site"
    site.mkdir()
    asked = {name: ASKED % (f"/{name}", f"/{name}") for name in ("ams", "lyo")}
    text = CHARTER.replace("{asked}", "{ams}", 1).replace("{asked}", "{lyo}", 1)
    (site / "charter.yaml").write_text(text.format(url=recorder.url, floor=FLOOR, **asked))
    keys = {name: await make_key(site, name) for name in ("shop", "ams", "lyo")}
    watcher = await make_key(site, "watcher", role="observer")
    hub = Hub(site)
    await hub.start()
    try:
        doors = {name: Client(hub.url, key) for name, key in keys.items()}
        for name, place, quantity in (("ams", "AMS", 3), ("lyo", "LYO", 9)):
            balance = {
                "sku": "TEA", "site": place, "status": "available", "quantity": quantity, "unit": "EA",
                "as_of": "2026-01-05T10:00:00Z", "extra": {"id": f"{place}/TEA"},
            }  # fmt: skip
            path = f"/v1/systems/{name}/messages?document=inventory_balance"
            assert (await doors[name].ask("POST", path, json.dumps(balance).encode())).status == 202
        view = Client(hub.url, watcher)
        for _ in range(int(WAIT_S / 0.05)):
            if len((await view.ask("GET", "/v1/stock/TEA")).json.get("sites", ())) == 2:
                break
            await asyncio.sleep(0.05)
        order = {
            "number": "SO-1", "lines": [{"line": 1, "sku": "TEA", "quantity": 5, "unit": "EA"}],
            "ship_to": {"street": "Meir 1", "postcode": "2000", "city": "Antwerpen", "country": "BE"},
        }  # fmt: skip
        path = "/v1/systems/shop/messages?document=sales_order"
        assert (await doors["shop"].ask("POST", path, json.dumps(order).encode())).status == 202
        # 11 alone from LYO counts less than 4 + 11 + 3 from both.
        await until(lambda: recorder.at("/lyo") and len(recorder.at("/erp")) >= 2)
        asked_of = [(one["number"], one["site"], one["lines"][0]["quantity"]) for one in recorder.at("/lyo")]
        assert (asked_of, recorder.at("/ams")) == ([("SO-1-1", "LYO", 5)], [])
        told = [one for one in recorder.at("/erp") if one.get("occasion") == "sourced"]
        assert told[0]["parts"][0]["site"] == "LYO"
        order |= {"number": "SO-2", "lines": [{**order["lines"][0], "quantity": 6}]}
        assert (await doors["shop"].ask("POST", path, json.dumps(order).encode())).status == 202
        await until(lambda: recorder.at("/ams") and len(recorder.at("/lyo")) == 2)
        shares = [one["lines"][0]["quantity"] for place in ("/ams", "/lyo") for one in recorder.at(place)]
        assert shares == [3, 5, 3], "the dearer site gives the rest of it"
        trace = (await view.ask("GET", "/v1/trace/sales_order/SO-1")).json
        says = " ".join(entry["says"] for entry in trace["entries"])
        assert "by the rule retail: ships from LYO on" in says
        assert "LYO counts 11 (11 carriage)" in says
        assert (await view.ask("GET", "/v1/conservation")).json["balanced"]
        cancel = {"number": "C-2", "order": "SO-2"}
        path = "/v1/systems/shop/messages?document=cancellation"
        assert (await doors["shop"].ask("POST", path, json.dumps(cancel).encode())).status == 202
        await until(lambda: len(recorder.at("/ams")) == 2 and len(recorder.at("/lyo")) == 3)
        assert recorder.at("/ams")[-1]["number"] == recorder.at("/ams")[0]["number"], (
            "the same part is stopped"
        )
    finally:
        await hub.process.stop()
        recorder.close()
