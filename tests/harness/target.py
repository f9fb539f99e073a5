"""A recording warehouse in a process of its own: it applies orders, forgets none, and fails as its dials say.

    python -m tests.harness.target --record FILE [--port N]

prints one line of JSON with `url` (for the hub) and `control` (for the harness), and ends on SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import unquote

import uvloop

from tests.harness.arrivals import Arrival, entry
from tests.harness.dials import Dials
from tests.harness.ports import free_port
from tests.harness.wire import Parcel, Reassembly

NUMBER = re.compile(rb'"(?:wh_order|orderNumber)"\s*:\s*"([^"\\]*)"')
REASONS = {200: "OK", 201: "Created", 302: "Found", 404: "Not Found", 422: "Unprocessable Content",
           429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}  # fmt: skip
VANISHING = ("500", "302", "drop", "timeout")


def answer(status: int, body: bytes = b"", more: str = "") -> bytes:
    """The bytes of an answer."""
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


class Warehouse:
    """Orders applied, answers given, and the record of every arrival."""

    def __init__(self, record: BinaryIO) -> None:
        self.dials = Dials()
        self.dice = random.Random(1)
        self.counts: Counter[str] = Counter()
        self._record = record
        self._owing = 0
        self._ids: dict[str, int] = {}  # order number -> the warehouse's own id
        self._since_s: dict[str, float] = {}  # order number -> when it was first applied
        self._answers: dict[str, bytes] = {}  # Idempotency-Key -> the first answer

    def turn(self, changes: dict[str, Any]) -> None:
        """Sets dials; a seed starts the dice again."""
        self.dials.turned(changes)
        if "seed" in changes:
            self.dice = random.Random(self.dials.seed)

    def take(self, parcel: Parcel, port: int = 0) -> bytes | None:
        """The answer to one request from a port: b"" cuts the connection, None never answers."""
        method, path, _ = parcel.first
        if method == "GET":
            return self._find(path)
        at_s = time.monotonic()
        found = NUMBER.search(parcel.body)
        number = found.group(1).decode() if found else ""
        key = parcel.header("idempotency-key") or ""
        outcome, applied, reply = self._decide(number, key)
        attempt = parcel.header("crossdock-attempt") or ""
        self._record.write(entry(Arrival(at_s, number, key, attempt, outcome, applied, parcel.body, port)))
        self.counts["arrivals"] += 1
        self.counts[outcome] += 1
        self.counts["effects"] += applied
        return reply

    def owe(self, change: int) -> None:
        """Counts the requests that wait for their answer, and how many ever did at one time."""
        self._owing += change
        self.counts["at once"] = max(self.counts["at once"], self._owing)

    def cut(self, parcel: Parcel) -> None:
        """Counts a request whose sender went away before the answer was due."""
        self.counts["cut"] += parcel.first[0] != "GET"

    def _decide(self, number: str, key: str) -> tuple[str, bool, bytes | None]:
        dials = self.dials
        drawn = self.dice.random()
        for outcome, rate in (
            ("busy", dials.busy_rate), ("throttled", dials.throttle_rate), ("rejected", dials.reject_rate),
            ("blank", dials.blank_rate), ("vanished", dials.vanish_rate),
        ):  # fmt: skip
            if drawn < rate:
                return self._fail(outcome, number, key)
            drawn -= rate
        applied, reply = self._apply(number, key)
        return ("done" if applied else "repeated"), applied, reply

    def _fail(self, outcome: str, number: str, key: str) -> tuple[str, bool, bytes | None]:
        if outcome == "busy":
            return outcome, False, answer(503, b'{"busy": true}')
        if outcome == "throttled":
            return outcome, False, answer(429, b"{}", f"Retry-After: {self.dials.retry_after_s}\r\n")
        if outcome == "rejected":
            return outcome, False, answer(422, b'{"error": "not as it is"}')
        if outcome == "blank":
            return outcome, False, answer(500, b'{"error": "no idea"}')
        how = self.dials.vanish_how
        how = self.dice.choice(VANISHING) if how == "mixed" else how
        applied, _ = self._apply(number, key)
        reply = {"500": answer(500), "302": answer(302), "drop": b"", "timeout": None}[how]
        return f"vanished-{how}", applied, reply

    def _apply(self, number: str, key: str) -> tuple[bool, bytes]:
        if self.dials.dedupe and key and (known := self._answers.get(key)) is not None:
            return False, known
        own_id = self._ids.setdefault(number, 700_000 + len(self._ids))
        reply = answer(201, b'{"id": "W%d"}' % own_id if self.dials.tell_id else b"{}")
        self._answers[key] = reply
        self._since_s.setdefault(number, time.monotonic())
        return True, reply

    def _find(self, path: str) -> bytes:
        self.counts["asked"] += 1
        if self.dice.random() < self.dials.busy_rate:
            return answer(503)
        number = unquote(path.rsplit("/", 1)[-1])
        since_s = self._since_s.get(number)
        if since_s is None or time.monotonic() < since_s + self.dials.find_lag_s:
            return answer(404, b"{}")
        return answer(200, b'{"id": "W%d"}' % self._ids[number])


class Door(asyncio.Protocol):
    """One connection from the hub."""

    def __init__(self, warehouse: Warehouse, open_doors: set[Door]) -> None:
        self._warehouse = warehouse
        self._open_doors = open_doors
        self._reassembly = Reassembly()
        self._owed: dict[int, Parcel] = {}  # requests whose answer is not yet due
        self._turn = 0
        self._port = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Notes the connection."""
        self.transport = cast(asyncio.Transport, transport)
        self._port = int(transport.get_extra_info("peername")[1])
        self._open_doors.add(self)

    def data_received(self, data: bytes) -> None:
        """Takes complete requests; answers at once, late, or never."""
        for parcel in self._reassembly.feed(data):
            reply = self._warehouse.take(parcel, self._port)
            latency_s = self._warehouse.dials.latency_s
            if reply is None:
                continue
            if not latency_s:
                self._give(reply)
                continue
            self._turn += 1
            self._owed[self._turn] = parcel
            self._warehouse.owe(1)
            loop = asyncio.get_running_loop()
            loop.call_later(latency_s * self._warehouse.dice.uniform(0.5, 1.5), self._late, self._turn, reply)

    def _late(self, turn: int, reply: bytes) -> None:
        if self._owed.pop(turn, None) is not None:
            self._warehouse.owe(-1)
            self._give(reply)

    def _give(self, reply: bytes) -> None:
        if self.transport is not None and reply:
            self.transport.write(reply)
        elif self.transport is not None:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Counts what was under way."""
        for parcel in self._owed.values():
            self._warehouse.owe(-1)
            self._warehouse.cut(parcel)
        self._owed.clear()
        self._open_doors.discard(self)
        self.transport = None


class Site:
    """The warehouse's address, which can go away and come back."""

    def __init__(self, warehouse: Warehouse, port: int) -> None:
        self.port = port
        self._warehouse = warehouse
        self._doors: set[Door] = set()
        self._server: asyncio.Server | None = None

    async def up(self) -> None:
        """Listens."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(
                lambda: Door(self._warehouse, self._doors), "127.0.0.1", self.port, backlog=512
            )

    def down(self) -> None:
        """Refuses connections and cuts those that are open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for door in list(self._doors):
            if door.transport is not None:
                door.transport.abort()


class Control(asyncio.Protocol):
    """The harness's own door: /dials, /down, /up, /stats."""

    def __init__(self, warehouse: Warehouse, site: Site, record: BinaryIO) -> None:
        self._warehouse, self._site, self._record = warehouse, site, record
        self._reassembly = Reassembly()
        self._transport: asyncio.Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Starts the work of each request."""
        for parcel in self._reassembly.feed(data):
            task = asyncio.get_running_loop().create_task(self._act(parcel))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _act(self, parcel: Parcel) -> None:
        asked = json.loads(parcel.body or b"{}")
        match parcel.first[1]:
            case "/dials":
                self._warehouse.turn(asked)
            case "/down":
                self._site.down()
            case "/up":
                await self._site.up()
        self._record.flush()
        stats = {**self._warehouse.counts, "dials": self._warehouse.dials.as_json()}
        if self._transport is not None:
            self._transport.write(answer(200, json.dumps(stats).encode()))


async def serve(record_file: Path, port: int) -> None:
    """Runs until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    with record_file.open("wb", buffering=1 << 20) as record:
        warehouse = Warehouse(record)
        site = Site(warehouse, port)
        await site.up()
        control = await loop.create_server(lambda: Control(warehouse, site, record), "127.0.0.1", 0)
        control_port = control.sockets[0].getsockname()[1]
        says = {"url": f"http://127.0.0.1:{port}", "control": f"http://127.0.0.1:{control_port}"}
        print(json.dumps(says), flush=True)
        await ended.wait()


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--record", type=Path, required=True, help="file that every arrival is appended to")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    asked = parser.parse_args()
    uvloop.run(serve(asked.record, asked.port or free_port()))


if __name__ == "__main__":
    main()
