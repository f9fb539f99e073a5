"""A hub of a hundred lines that keeps everything in memory: honest, or lying in one named way.

The harness is tried against it, so that a finding of the harness is a finding.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from collections import deque
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import uvloop

from tests.harness.conservation import ROWS
from tests.harness.orders import Digits, Order, write
from tests.harness.target import answer
from tests.harness.wire import Client, Cut, NotSent, Parcel, Reassembly

LIES = ("lose", "twice", "swap", "garble", "rekey", "reuse", "attempt", "leak", "unequal")
EVERY = 10  #: each tenth order is lied about
REASON_202 = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: "


class FakeHub:
    """Accepts, maps by the harness's own expectation, and delivers in order per customer."""

    def __init__(self, target_url: str, lie: str | None) -> None:
        self.lie = lie
        self.known: dict[str, bytes] = {}
        self.done = 0
        self._target_url = target_url
        self._lanes: dict[str, deque[dict[str, Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, parcel: Parcel) -> bytes:
        """The answer to one request."""
        method, path, _ = parcel.first
        if method == "GET":
            return self._tell(path)
        tree = json.loads(parcel.body, parse_float=Decimal)
        number = tree["orderNumber"]
        if number in self.known:
            body = self.known[number] + (b" " if self.lie == "unequal" else b"")
            return REASON_202 + b"%d\r\nCrossdock-Duplicate: true\r\n\r\n" % len(body) + body
        body = json.dumps({"capture": f"c{len(self.known)}", "status": "accepted"}).encode()
        self.known[number] = body
        lane = self._lanes.setdefault(tree["customer"]["id"], deque())
        lane.append(tree)
        if self._lies("swap", tree) and len(lane) > 2:
            lane[-1], lane[-2] = lane[-2], lane[-1]
        if len(lane) == 1:
            task = asyncio.get_running_loop().create_task(self._empty(lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return REASON_202 + b"%d\r\n\r\n" % len(body) + body

    def _lies(self, lie: str, tree: dict[str, Any]) -> bool:
        return self.lie == lie and int(tree["orderNumber"][-6:]) % EVERY == 0

    def _tell(self, path: str) -> bytes:
        if path.startswith("/v1/incidents"):
            return answer(200, b'{"total": 0, "next": null, "items": []}')
        if path != "/v1/conservation":
            return answer(200, b"{}")
        made, done = len(self.known), self.done
        rows = {row: dict.fromkeys(names, 0) for row, names in ROWS.items()}
        rows["captures"] |= {"accepted": made, "translated": made - (self.lie == "leak")}
        rows["messages"] |= {"made": made, "routed": made}
        rows["transmissions"] |= {"made": made, "due": made - done, "done": done}
        return answer(200, json.dumps({"position": made + done, "balanced": True, **rows}).encode())

    async def _empty(self, lane: deque[dict[str, Any]]) -> None:
        client = Client(self._target_url, wait_s=1)
        while lane:
            await asyncio.sleep(0.01)
            tree = lane[0]
            if not self._lies("lose", tree):
                await self._deliver(client, tree)
            self.done += 1
            lane.popleft()
        await client.close()

    async def _deliver(self, client: Client, tree: dict[str, Any]) -> None:
        order = Order(int(tree["orderNumber"][-6:]), tree["customer"]["id"], tree["seq"])
        expected = order.expected()
        if self._lies("garble", tree):
            expected["order_lines"][0]["price"] = Digits("1.0")
        key = f"t{order.n}"
        for attempt in range(1, 200):
            round_ = attempt if self.lie == "rekey" else 1
            told = 1 if self.lie == "attempt" else attempt
            if self.lie == "reuse" and attempt > 1:
                expected["instructions"] = f"attempt {attempt}"
            headers = {"Idempotency-Key": f"{key}.{round_}", "Crossdock-Attempt": str(told)}
            try:
                reply = await client.ask("POST", "/wh", write(expected).encode(), headers)
            except (NotSent, Cut):
                await asyncio.sleep(0.02)
                continue
            if reply.status == 201:
                if self._lies("twice", tree) and not key.endswith("x"):
                    key += "x"
                    continue
                return
            await asyncio.sleep(0.02)


class _Door(asyncio.Protocol):
    def __init__(self, hub: FakeHub) -> None:
        self._hub = hub
        self._reassembly = Reassembly()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for parcel in self._reassembly.feed(data):
            assert self._transport is not None
            self._transport.write(self._hub.take(parcel))


async def serve(site: Path, listen: str, lie: str | None) -> None:
    """Runs until SIGTERM."""
    target_url = json.loads((site / "charter.yaml").read_text("utf-8"))["systems"]["wms"]["url"]
    hub = FakeHub(target_url, lie)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    host, port = listen.split(":")
    await loop.create_server(lambda: _Door(hub), host, int(port))
    print(json.dumps({"ready": True, "url": f"http://{listen}", "pid": os.getpid()}), flush=True)
    await ended.wait()


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, required=True)
    parser.add_argument("--listen", required=True)
    parser.add_argument("--lie", choices=LIES)
    asked = parser.parse_args()
    uvloop.run(serve(asked.site, asked.listen, asked.lie))


if __name__ == "__main__":
    main()
