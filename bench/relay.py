"""A bare relay as the yardstick: it takes an order, maps it, passes it on and answers; it keeps nothing.

python -m bench.relay --listen 127.0.0.1:8090 --target http://127.0.0.1:9100
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal

import uvloop
from aiohttp import ClientSession, TCPConnector, web

from bench.mapped import mapped

CONNECTIONS_MAX = 32


class Relay:
    """One handler and one client."""

    def __init__(self, target: str, client: ClientSession) -> None:
        self._url = f"{target}/wh"
        self._client = client
        self._made = 0

    async def take(self, request: web.Request) -> web.Response:
        """Maps, passes on, and answers 202 when the target took it."""
        order = json.loads(await request.read())
        self._made += 1
        made = self._made
        headers = {
            "Idempotency-Key": f"{made}.1",
            "Crossdock-Attempt": "1",
            "Content-Type": "application/json",
        }
        body = json.dumps(mapped(order)).encode()
        async with self._client.post(self._url, data=body, headers=headers) as answer:
            await answer.read()
            status = 202 if answer.status == 201 else 502
        return web.json_response({"capture": str(made), "status": "accepted"}, status=status)


async def serve(listen: str, target: str) -> None:
    """Runs until SIGTERM."""
    host, port = listen.split(":")
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with ClientSession(connector=TCPConnector(limit=CONNECTIONS_MAX)) as client:
        app = web.Application()
        app.router.add_post("/v1/systems/shop/messages", Relay(target, client).take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, host, int(port)).start()
        print(json.dumps({"ready": True, "url": f"http://{listen}", "pid": os.getpid()}), flush=True)
        await ended.wait()
        await runner.cleanup()


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listen", required=True)
    parser.add_argument("--target", required=True)
    asked = parser.parse_args()
    uvloop.run(serve(asked.listen, asked.target))


if __name__ == "__main__":
    main()
