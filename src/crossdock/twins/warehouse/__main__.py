"""The warehouse twin as a program of its own: `python -m crossdock.twins.warehouse`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from crossdock.faults import Misconfigured
from crossdock.twins.clock import EPOCH, Clock
from crossdock.twins.door import Door
from crossdock.twins.warehouse.floor.floor import WarehouseDials
from crossdock.twins.warehouse.opening import Opening, read_opening
from crossdock.twins.warehouse.push import ORDER_TOPICS, Push, Subscription, poster
from crossdock.twins.warehouse.warehouse import Warehouse


def main(arguments: list[str] | None = None) -> int:
    """Runs until SIGTERM or SIGINT; 2 for a wrong setting."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_run(options))
    except Misconfigured as fault:
        sys.stderr.write(f"{fault}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="crossdock.twins.warehouse", description=__doc__)
    add = parser.add_argument
    add("--listen", default="127.0.0.1:0", help="HOST:PORT; port 0 takes a free one")
    add("--seed", type=int, default=1, help="the same seed, requests and clock steps give the same story")
    add("--stock", type=Path, help="JSON file of items and stock to open with")
    add("--push", action="append", default=[], metavar="URL", help="subscriber; {topic} in it is filled in")
    add("--topics", default=",".join(sorted(ORDER_TOPICS)), help="what is pushed, separated by commas")
    add("--key-env", metavar="NAME", help="environment variable with the bearer key for pushes")
    add(
        "--sign-env", metavar="NAME", help="environment variable with the Standard Webhooks secret for pushes"
    )
    add(
        "--api-key-env",
        metavar="NAME",
        help="environment variable with the bearer key that callers must show",
    )
    add(
        "--faults",
        default="",
        metavar="DIAL=VALUE,…",
        help="dials to start with, such as late=0.1,work_interval_s=0.05",
    )
    add("--simulated-clock", action="store_true", help="time moves only by PUT /_clock")
    return parser


async def _run(options: argparse.Namespace) -> None:
    dials = WarehouseDials()
    warehouse = Warehouse(
        seed=options.seed,
        opening=read_opening(options.stock) if options.stock is not None else Opening(),
        dials=dials,
        clock=Clock(EPOCH if options.simulated_clock else None),
        api_key=_secret(options.api_key_env),
    )
    warehouse.turn_dials(dial_settings(options.faults))
    topics = frozenset(options.topics.split(","))
    key, secret = _secret(options.key_env), _secret(options.sign_env)
    post = poster()
    warehouse.subscribe(
        [
            Push(Subscription(url, key, secret, topics), post, lambda: warehouse.floor.dials, warehouse.dice)
            for url in options.push
        ]
    )
    door = Door(warehouse.handle)
    host, _, port = options.listen.rpartition(":")
    try:
        url = await door.listen(host or "127.0.0.1", int(port))
    except (OSError, ValueError, OverflowError) as error:
        raise Misconfigured(
            f"cannot listen on {options.listen}: {error}", fix="give a free HOST:PORT"
        ) from None
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    running = [asyncio.create_task(push.run()) for push in warehouse.pushes]
    if not warehouse.clock.simulated:
        running.append(asyncio.create_task(warehouse.work()))
    sys.stdout.write(json.dumps({"ready": True, "url": url, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    waiting = asyncio.create_task(stop.wait())
    # A task that ends is a defect: the twin then dies loudly instead of standing still.
    done, _ = await asyncio.wait([waiting, *running], return_when=asyncio.FIRST_COMPLETED)
    await door.close()
    for task in running:
        task.cancel()
    for task in done - {waiting}:
        task.result()


def dial_settings(text: str) -> dict[str, Any]:
    """`late=0.1,on_short=wait` as dial -> value. Raises Misconfigured."""
    changes: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals:
            raise Misconfigured(f"{part!r} is no dial with a value", fix="write DIAL=VALUE,DIAL=VALUE")
        changes[name.strip()] = _number(value.strip())
    return changes


def _number(text: str) -> object:
    if text == "none":
        return None
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        return text


def _secret(name: str | None) -> str | None:
    if name is None:
        return None
    value = os.environ.get(name)
    if not value:
        raise Misconfigured(f"the environment variable {name} is not set", fix=f"set {name}")
    return value


if __name__ == "__main__":
    sys.exit(main())
