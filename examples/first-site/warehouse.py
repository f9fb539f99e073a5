"""A warehouse for the first hour: it keeps the orders it is sent, and knows a key it has seen before."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

orders: list[dict[str, object]] = []
answers: dict[str, bytes] = {}  # idempotency key -> the answer it got
lock = Lock()


class Warehouse(BaseHTTPRequestHandler):
    """`POST /wh` takes an order, `GET /wh` shows all of them."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Keeps an order once, and answers a known key as it did the first time."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Idempotency-Key"]
        with lock:
            if key not in answers:
                order = json.loads(body)
                orders.append(order)
                # its own number, and the same one after a restart
                answers[key] = json.dumps({"id": f"W-{order['wh_order'].removeprefix('SO-')}"}).encode()
        self.reply(201, answers[key])

    def do_GET(self) -> None:
        """All orders, oldest first."""
        self.reply(200, json.dumps(orders, ensure_ascii=False, indent=2).encode() + b"\n")

    def reply(self, status: int, body: bytes) -> None:
        """One complete JSON answer."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the terminal belongs to the reader of the tutorial."""


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9100
    ThreadingHTTPServer(("127.0.0.1", port), Warehouse).serve_forever()
