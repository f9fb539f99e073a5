"""The first run: from a hub that nothing came to yet to a first order, step by step, each seen to be done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.responses import Response

from crossdock.access.roles import Right
from crossdock.charter.charter import System
from crossdock.console.gate import Visit
from crossdock.console.words import say
from crossdock.journal.sql.keyring import keys_of

#: Seconds that a system has to open its door.
_KNOCK_S = 0.5
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Step:
    """One step: whether it is done, and what is typed to do it."""

    title: str
    done: bool
    says: str
    command: str = ""


async def page(visit: Visit) -> Response:
    """The steps as they stand now."""
    systems = [one for one in visit.shown.hub.charter.systems.values() if visit.scope.has(one.name)]
    steps = await _steps(visit, systems)
    left = [one for one in steps if not one.done]
    return visit.page(
        "first_run.html", steps=steps, following=left[0] if left else None,
        says=say("first.says", count=len(left)) if len(left) > 1 else say("first.last"),
        systems=[one.name for one in systems],
    )  # fmt: skip


async def _steps(visit: Visit, systems: Sequence[System]) -> list[Step]:
    site = visit.shown.hub.settings.site
    # Where the site lies is told to those who connect systems; others read an example.
    folder = str(site) if visit.may(Right.CONNECT) else "my-site"
    flows = sum(len(one.flows_in) + len(one.flows_out) for one in systems)
    sender = next((one for one in systems if one.flows_in), None)
    names = ", ".join(one.name for one in systems)
    steps = [Step(say("first.charter"), True, say("first.charter_says", count=flows, systems=names))]
    steps += [await _target(visit, one, site, folder) for one in systems if one.flows_out and one.url]
    if sender is None:
        return steps
    keyed = await _has_key(visit, sender.name)
    key = f"crossdock keys create {sender.name} --site {folder} > {sender.name}.key"
    steps.append(
        Step(say("first.key", system=sender.name), keyed, say("first.key_says", system=sender.name), key)
    )
    send = f"crossdock send {_order(site, folder)} --system {sender.name} --url {_url(visit)}"
    send += f' --key "$(cat {sender.name}.key)"'
    return [
        *steps,
        Step(say("first.send", system=sender.name), False, say("first.send_says", system=sender.name), send),
    ]


async def _target(visit: Visit, system: System, site: Path, folder: str) -> Step:
    """Whether a system that gets documents opens its door, and the twin that may stand in for it."""
    address = urlsplit(system.url or "")
    host, port = address.hostname or "", address.port or (443 if address.scheme == "https" else 80)
    opens = await visit.shown.looks.look(f"knock {host}:{port}", lambda: _opens(host, port), every_s=2)
    command = ""
    if host in _LOCAL:
        is_example = await asyncio.to_thread((site / "warehouse.py").exists)
        twin = f"crossdock twin up warehouse --listen {host}:{port}"
        command = f"python {folder}/warehouse.py {port}" if is_example else twin
    words = "first.target_opens" if opens else "first.target_says" if command else "first.target_far"
    return Step(
        say("first.target", system=system.name),
        opens,
        say(words, system=system.name, place=f"{host}:{port}"),
        command,
    )


async def _opens(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_KNOCK_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _has_key(visit: Visit, system: str) -> bool:
    now_ms = visit.shown.now_ms
    found = await visit.shown.hub.journal.view(keys_of)
    return any(
        one.role == "system" and one.system == system and (one.revoked_ms is None or one.revoked_ms > now_ms)
        for one in found
    )


def _order(site: Path, folder: str) -> str:
    """An order to send: the first example that the site brings, or the name of one's own."""
    found = sorted((site / "orders").glob("*.json")) if (site / "orders").is_dir() else []
    return f"{folder}/orders/{found[0].name}" if found else "ORDER.json"


def _url(visit: Visit) -> str:
    return f"{visit.request.url.scheme}://{visit.request.headers.get('host', '')}"
