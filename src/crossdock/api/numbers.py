"""Control numbers of a partner over HTTP: where they stand, and what they go on with."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

from crossdock.api.acts import act_body
from crossdock.api.guest import Guest
from crossdock.api.keys import Keys
from crossdock.api.refusals import Refusal
from crossdock.control.numbering import MOST, Numbering, read
from crossdock.journal.sql.site import SiteJournal
from crossdock.pipeline.bound import Context


class Sequence(BaseModel):
    """One sequence of control numbers."""

    kind: str = Field(description="interchange or group")
    last: int = Field(description="The last number that was given; 0: none was.")
    next: int = Field(description="The number that is given next.")


class Sequences(BaseModel):
    """The sequences of one partner."""

    system: str
    items: list[Sequence]


class NumberOrder(BaseModel):
    """What a sequence shall go on with."""

    next: int = Field(description="The next number.", ge=1, le=MOST)
    kind: str | None = Field(default=None, description="interchange or group; absent: both")
    reason: str = Field(description="Why; it stays in the ledger.")
    force: bool = Field(default=False, description="Also below what was given.")


_ORDER = {
    "requestBody": {"content": {"application/json": {"schema": NumberOrder.model_json_schema()}}, "required": True}
}  # fmt: skip


def add_numbers(app: FastAPI, keys: Keys, journal: SiteJournal, context: Context) -> None:
    """Adds the routes; before those of systems, whose acts would take the name."""
    guest, charter = Guest(keys), context.charter
    profiles = {name: one.partner for name, one in charter.systems.items() if one.partner is not None}
    numbering = Numbering(journal, profiles)

    def told(system: str) -> dict[str, Any]:
        return {"system": system, "items": [asdict(one) for one in numbering.standing(system)]}

    @app.get("/v1/systems/{system}/numbers", response_model=Sequences, tags=["control"])
    async def standing(request: Request, system: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        """Where the control numbers of a partner stand."""
        guest.narrowed(guest.holder(request), system)
        return told(_known(system))

    @app.post(
        "/v1/systems/{system}/numbers", response_model=Sequences, tags=["control"], openapi_extra=_ORDER
    )
    async def begin(request: Request, system: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        """Lets the control numbers of a partner go on with another one; never below what was given, unless forced."""
        holder, order = guest.operator(request), read(act_body(await request.body()))
        await numbering.begin(_known(system), order, who=holder.name)
        return told(system)

    def _known(system: str) -> str:
        if system not in profiles:
            raise Refusal(404, f"{system[:60]} is no EDI partner", fix="name a partner; see GET /v1/systems")
        return system
