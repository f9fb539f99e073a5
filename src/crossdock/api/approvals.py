"""What waits for a second person, over HTTP: the list, and saying yes or no."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from crossdock.api.acts import act_body
from crossdock.api.guest import Guest
from crossdock.api.keys import Keys
from crossdock.api.refusals import Refusal
from crossdock.api.shapes import Problem
from crossdock.faults import Invalid
from crossdock.governance.approvals import Approvals
from crossdock.governance.charter_gate import VERB
from crossdock.message.four_eyes import Kind

_VERSION = re.compile(r"sha256:[0-9a-f]{64}")
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Approval(BaseModel):
    """An act that waits for another person, or did."""

    id: str
    kind: str = Field(description="The word of the charter for such acts.")
    says: str
    subject: str
    state: str = Field(description="asked, approved, done, declined, withdrawn, failed or expired.")
    given: Any = Field(description="What the act was given.")
    asked_by: str
    asked_from: str
    asked_at: str
    until: str = Field(description="After this nobody can approve it.")
    decided_by: str | None
    decided_at: str | None
    reason: str
    result: Any = Field(None, description="What came of it, in the answer that carried it out.")


class ApprovalList(BaseModel):
    """Requests, newest first."""

    approvals: list[Approval]


#: For the routes whose acts may have to wait.
WAITS: dict[int | str, dict[str, Any]] = {
    202: {"model": Approval, "description": "Nothing is done yet: another person must approve it"}
}


def add_approvals(app: FastAPI, keys: Keys, approvals: Approvals) -> None:
    """Adds the routes. Whoever approves needs a key with the role approver or admin, and another name."""
    guest = Guest(keys)

    @app.get("/v1/approvals", response_model=ApprovalList, tags=["access"])
    async def listed(  # pyright: ignore[reportUnusedFunction]
        request: Request, state: Annotated[str, Query(pattern="^(open|all)$")] = "open"
    ) -> Response:
        """What waits for another person; `state=all` has what was decided, too."""
        guest.insider(request)
        return _answer({"approvals": await approvals.listed(open_only=state == "open")})

    @app.post("/v1/charter/{version}/propose", response_model=ApprovalList, tags=["access"], responses=WAITS)
    async def proposed(request: Request, version: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Asks for another version of the charter; answers an empty list where nobody needs to approve it."""
        holder = guest.operator(request)
        if not _VERSION.fullmatch(version):
            raise Invalid(
                "that is no version of a charter",
                path="version",
                fix="sha256: and 64 digits; see crossdock check",
            )
        says = f"bring the charter {version[:19]} into force"
        await approvals.must_agree(Kind.CHARTER, VERB, version, {}, who=holder.name, says=lambda: says)
        return _answer({"approvals": []})

    @app.post(
        "/v1/approvals/{id}/{act}", response_model=Approval, tags=["access"],
        responses={409: {"model": Problem, "description": "It is decided already, or too old"}},
        openapi_extra={"requestBody": {"content": {"application/json": {"schema": {
            "type": "object", "properties": {"reason": {"type": "string"}}}}}}},
    )  # fmt: skip
    async def decided(request: Request, id: str, act: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Approves a request, which carries it out at once, or declines it with a reason; its asker withdraws it so."""
        holder = guest.insider(request)
        if act not in {"approve", "decline"}:
            raise Invalid(f"there is no act {act[:40]}", path="act", fix="one of: approve, decline")
        body = act_body(await request.body())
        if not isinstance(body, dict):
            raise Invalid("the body is no object", fix='send {} or {"reason": "…"}')
        own = act == "decline" and await approvals.is_own(id, holder.name)
        if not holder.approves and not own:
            fix = "use a key made with crossdock keys create NAME --role approver"
            raise Refusal(403, f"the key {holder.name} may not approve", fix=fix)
        guest.note_origin(request)
        if act == "approve":
            return _answer(await approvals.approve(id, who=holder.name))
        return _answer(await approvals.decline(id, body.get("reason"), who=holder.name))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _answer(tree: dict[str, Any]) -> Response:
    return Response(_encode(tree), media_type="application/json", headers={"cache-control": "no-store"})
