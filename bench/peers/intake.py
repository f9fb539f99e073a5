"""The door of the peers that have none of their own: takes an order over HTTP and hands it on.

    python bench/peers/intake.py celery|dbos --listen HOST:PORT --target URL --folder DIR [--redis PROGRAM]

runs in the peer's own environment, and prints one line of JSON when it is ready.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

Hand = Callable[[bytes, str], Awaitable[None]]
_HERE = Path(__file__).parent
PATH = "/v1/systems/shop/messages"


def celery(folder: Path, target: str, redis: str) -> tuple[Hand, list[subprocess.Popen[bytes]]]:
    """Redis with its log on disk, workers on both cores, and a door that enqueues."""
    port = _free_port()
    keep = [
        "--port",
        str(port),
        "--dir",
        str(folder),
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
        "--save",
        "",
    ]
    started = [subprocess.Popen([redis, *keep], stdout=subprocess.DEVNULL)]
    os.environ.update(PEER_REDIS=f"redis://127.0.0.1:{port}/0", PEER_TARGET=target)
    _listens(port)
    words = [sys.executable, "-m", "celery", "-A", "celery_app", "worker", "-c", "8", "-l", "error"]
    started.append(subprocess.Popen(words, cwd=_HERE, stdout=subprocess.DEVNULL))
    sys.path.insert(0, str(_HERE))
    import celery_app

    async def hand(body: bytes, number: str) -> None:
        await asyncio.to_thread(celery_app.deliver.delay, body.decode(), number)

    time.sleep(4)  # workers say nothing when they are ready
    return hand, started


def dbos(folder: Path, target: str) -> tuple[Hand, list[subprocess.Popen[bytes]]]:
    """Durable workflows on SQLite: one that maps, then posts."""
    import dbos as library

    sys.path.insert(0, str(_HERE.parents[1]))
    os.chdir(folder)
    library.DBOS(
        config={"name": "peer", "system_database_url": "sqlite:///peer.sqlite", "log_level": "ERROR"}
    )
    import dbos_app

    dbos_app.TARGET = target
    library.DBOS.launch()

    async def hand(body: bytes, number: str) -> None:
        with library.SetWorkflowID(number):
            await library.DBOS.start_workflow_async(dbos_app.deliver, body.decode(), number)

    return hand, []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on {port}")


async def serve(hand: Hand, listen: str) -> None:
    """Answers 202 once an order is handed on."""
    ended = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    made = 0

    async def take(request: web.Request) -> web.Response:
        nonlocal made
        body = await request.read()
        made += 1
        await hand(body, json.loads(body)["orderNumber"])
        return web.json_response({"capture": str(made), "status": "accepted"}, status=202)

    app = web.Application()
    app.router.add_post(PATH, take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    host, port = listen.split(":")
    await web.TCPSite(runner, host, int(port)).start()
    print(json.dumps({"ready": True, "url": f"http://{listen}", "pid": os.getpid()}), flush=True)
    await ended.wait()
    await runner.cleanup()


def main() -> None:
    """Starts the peer and its door."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("peer", choices=("celery", "dbos"))
    parser.add_argument("--listen", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--redis", default="redis-server")
    asked = parser.parse_args()
    started: list[Any] = []
    try:
        if asked.peer == "celery":
            hand, started = celery(asked.folder, asked.target, asked.redis)
        else:
            hand, started = dbos(asked.folder, asked.target)
        asyncio.run(serve(hand, asked.listen))
    finally:
        for one in started:
            one.terminate()


if __name__ == "__main__":
    main()
