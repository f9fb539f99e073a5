"""Accounts over HTTP: for the terminal beside a running hub, and for whoever holds an admin key."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response

from crossdock.access import acts
from crossdock.access.people import People
from crossdock.access.roles import Actor
from crossdock.api.acts import act_body
from crossdock.api.approvals import WAITS
from crossdock.api.guest import Guest
from crossdock.api.keys import Keys
from crossdock.api.shapes_of_people import People as PeopleShown
from crossdock.api.shapes_of_people import PersonItem
from crossdock.message.whence import WHENCE

_encode = msgspec.json.Encoder().encode
_BODY = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}}


def add_people(app: FastAPI, keys: Keys, people: People) -> None:
    """Adds the routes; all of them need a key with the role admin."""
    guest = Guest(keys)

    @app.get("/v1/people", response_model=PeopleShown, tags=["access"])
    async def listed(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Everybody who may sign in to the console."""
        guest.admin(request)
        return _answer({"people": [acts.shown(one) for one in await people.all()]})

    @app.post(
        "/v1/people/{name}/{act}", response_model=PersonItem, tags=["access"], openapi_extra=_BODY,
        responses=WAITS,
    )  # fmt: skip
    async def acted(request: Request, name: str, act: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Makes an account, or changes one; answers it as it is then, with a one-time password where one was made."""
        holder = guest.admin(request)
        by = Actor(holder.name, WHENCE.get())
        return _answer(await acts.do(people, name, act, act_body(await request.body()), by))


def _answer(tree: dict[str, Any]) -> Response:
    return Response(_encode(tree), media_type="application/json", headers={"cache-control": "no-store"})
