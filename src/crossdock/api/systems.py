"""Systems over HTTP: how each stands, and pause, resume and drain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response

from crossdock.api import shapes
from crossdock.api.acts import act_body
from crossdock.api.approvals import WAITS
from crossdock.api.guest import Guest
from crossdock.api.keys import Keys
from crossdock.api.refusals import Refusal
from crossdock.control import status
from crossdock.control.operate import Operator, read
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.gate import HUB
from crossdock.pipeline.bound import Context

_encode = msgspec.json.Encoder().encode
_ORDER = {
    "requestBody": {"content": {"application/json": {"schema": shapes.GateOrder.model_json_schema()}}, "required": True}
}  # fmt: skip


def add_systems(
    app: FastAPI,
    keys: Keys,
    journal: SiteJournal,
    context: Context,
    operator: Operator,
    now_ms: Callable[[], int],
    at_door: Callable[[], Mapping[str, int]] = dict,
) -> None:
    """Adds the routes; `at_door` says how many requests of each system wait at the door."""
    guest = Guest(keys)

    async def standing(only: str | None) -> dict[str, Any]:
        gates, systems = context.gates, context.charter.systems
        found = await journal.view(lambda c: status.counted(c, gates, systems))
        return status.standing(context.charter, gates, found, context.systems, now_ms(), only, at_door())

    @app.get("/v1/systems", response_model=shapes.Systems, tags=["control"])
    async def listed(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        """How every system stands: what may pass, how requests to it fare, what waits."""
        return _answer(await standing(guest.origin(guest.holder(request))))

    @app.get("/v1/systems/{system}", response_model=shapes.SystemItem, tags=["control"])
    async def one(request: Request, system: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """How one system stands."""
        own = guest.origin(guest.holder(request))
        if own is not None and own != system:
            raise _no_system(system, "the key of a system sees that system only")
        return _answer((await standing(_known(system)))["items"][0])

    @app.post(
        "/v1/systems/{system}/{act}", response_model=shapes.SystemItem, tags=["control"], openapi_extra=_ORDER,
        responses=WAITS,
    )  # fmt: skip
    async def acted(request: Request, system: str, act: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Pauses, resumes or drains one system; answers how it stands then. Doing it again changes nothing."""
        holder, order = guest.operator(request), read(act, act_body(await request.body()))
        await operator.act(_known(system), order, who=holder.name)
        return _answer((await standing(system))["items"][0])

    @app.post(
        "/v1/hub/{act}",
        response_model=shapes.Systems,
        tags=["control"],
        openapi_extra=_ORDER,
        responses=WAITS,
    )
    async def all_of_them(request: Request, act: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Pauses, resumes or drains the whole hub; answers how every system stands then."""
        holder, order = guest.operator(request), read(act, act_body(await request.body()))
        await operator.act(HUB, order, who=holder.name)
        return _answer(await standing(None))

    def _known(system: str) -> str:
        if system not in context.charter.systems:
            raise _no_system(system, f"one of: {', '.join(context.charter.systems)}")
        return system


def _no_system(name: str, fix: str) -> Refusal:
    return Refusal(404, f"there is no system {name[:60]}", fix=fix)


def _answer(tree: object) -> Response:
    return Response(_encode(tree), media_type="application/json")
