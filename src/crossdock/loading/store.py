"""Parts handed in while no hub runs: straight into the site's own store, each in one commit with its place."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable, Iterable

from crossdock.assembly import Hub
from crossdock.journal.contract import Accepted
from crossdock.kit.connector import Content
from crossdock.loading.parts import Part
from crossdock.loading.plan import CONTENT_TYPE, Plan
from crossdock.settings import Secrets, Settings

#: Commits that wait for the disk at once.
_AHEAD = 4


def hand_in(
    settings: Settings,
    secrets: Secrets,
    plan: Plan,
    parts: Iterable[Part],
    seen: Callable[[Part, bool], None],
) -> None:
    """Commits each part that was not committed before; `seen` is told of each, and whether it was. Raises StoreDown."""
    asyncio.run(_handed_in(settings, secrets, plan, parts, seen))


async def _handed_in(
    settings: Settings,
    secrets: Secrets,
    plan: Plan,
    parts: Iterable[Part],
    seen: Callable[[Part, bool], None],
) -> None:
    hub = Hub(settings, secrets)
    try:
        await hub.start()
        bound, name = hub.context.systems[plan.system], f"load {plan.load.digest[:40]}"
        reached = int(hub.journal.cursor(plan.system, name) or 0)
        waiting: list[tuple[Future[list[Accepted]], Part]] = []
        for part in parts:
            if part.number <= reached or not part.body:
                seen(part, part.number <= reached)
                continue
            content = Content(part.body, CONTENT_TYPE)
            reader = bound.readers[plan.load.document]
            arrival = hub.worker.door.arrival(
                bound, plan.load.document, reader, content, key=None, polled=True
            )
            waiting.append((hub.journal.accept_page([arrival], plan.system, name, str(part.number)), part))
            if len(waiting) >= _AHEAD:
                committed, done = waiting.pop(0)
                await committed
                seen(done, False)
        for committed, done in waiting:
            await committed
            seen(done, False)
    finally:
        await hub.stop()
