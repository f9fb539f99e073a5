"""Restored mode over HTTP: which systems hand in again, and saying that one has ended."""

from __future__ import annotations

from fastapi import FastAPI, Request

from crossdock.api.approvals import WAITS
from crossdock.api.guest import Guest
from crossdock.api.keys import Keys
from crossdock.api.refusals import Refusal
from crossdock.api.shapes import RestoredState, RestoredSystems
from crossdock.journal.contract import RestoredSystem
from crossdock.journal.sql.restored import Ending, endings
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.four_eyes import FourEyes, Kind
from crossdock.message.names import moment
from crossdock.pipeline.restored import Restored


def add_restored(
    app: FastAPI, keys: Keys, restored: Restored, journal: SiteJournal, eyes: FourEyes | None = None
) -> None:
    """Adds the routes."""
    guest = Guest(keys)

    @app.get("/v1/restored", response_model=RestoredSystems, tags=["desk"])
    async def listed(request: Request) -> RestoredSystems:  # pyright: ignore[reportUnusedFunction]
        """Systems that hand in again what a restored store has lost, or did."""
        own = guest.origin(guest.holder(request))
        ends = await journal.view(endings)
        return RestoredSystems(
            systems=[_shown(one, ends.get(one.system)) for one in restored.all if own in (None, one.system)]
        )

    @app.post("/v1/restored/{system}/end", response_model=RestoredSystems, tags=["desk"], responses=WAITS)
    async def ended(request: Request, system: str) -> RestoredSystems:  # pyright: ignore[reportUnusedFunction]
        """Says that a system has sent again all that was lost: what comes from now on is new."""
        holder = guest.operator(request)
        if system not in {one.system for one in restored.all}:
            raise Refusal(404, f"{system[:60]} does not hand in again", fix="see GET /v1/restored")
        says = f"end the restored mode of {system}"
        if eyes is not None:
            await eyes.must_agree(
                Kind.RESTORED, "restored/end", system, {}, who=holder.name, says=lambda: says
            )
        await restored.end(system, f"{system} has sent again all that was lost", holder.name)
        return await listed(request)


def _shown(one: RestoredSystem, end: Ending | None) -> RestoredState:
    state = RestoredState(system=one.system, backup_at=moment(one.backup_ms), since=moment(one.since_ms))
    if one.ended_id is not None:
        state.ended = f"before c{one.ended_id}"
    if one.ended_id is not None and end is not None:
        state.ended_at, state.ended_by, state.ended_says = moment(end.at_ms), end.who or None, end.says
    return state
