"""What is watched over, as a page or a monitor asks for it."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from fastapi import FastAPI, Request, Response

from crossdock.api import shapes_of_watch as shapes
from crossdock.api.guest import Guest
from crossdock.api.keys import Keys
from crossdock.charter.watch import Watching
from crossdock.control.watch.beat import Beat
from crossdock.control.watch.shown import watched_now
from crossdock.control.watch.watch import Watch

_encode = msgspec.json.Encoder().encode


class Watched(Protocol):
    """What is asked of the process."""

    @property
    def watch(self) -> Watch:
        """What watches."""
        ...

    @property
    def beat(self) -> Beat | None:
        """The sign of life, where somebody outside listens."""
        ...

    def ails(self) -> str | None:
        """Why the hub does not work now; None: it works."""
        ...


def add_watch(app: FastAPI, keys: Keys, watched: Watched, rules: Watching) -> None:
    """Adds the routes."""
    guest = Guest(keys)

    @app.get("/v1/watch", response_model=shapes.Watched, tags=["health"])
    async def watch(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Service levels, what is awaited of whom, alerts and the beat."""
        only = guest.origin(guest.holder(request))
        tree: dict[str, Any] = await watched_now(watched.watch, watched.beat, rules, watched.ails(), only)
        return Response(_encode(tree), media_type="application/json")
