"""The data of one person over HTTP: exported and erased, with an admin's key."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, Field

from crossdock.api.acts import act_body
from crossdock.api.approvals import WAITS
from crossdock.api.guest import Guest
from crossdock.api.keys import Keys
from crossdock.faults import Invalid
from crossdock.governance.subjects import BY, Subject, Subjects

_encode = msgspec.json.Encoder(decimal_format="number").encode
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {
    "type": "object", "required": ["by", "value"], "properties": {
        "by": {"enum": list(BY)}, "value": {"type": "string", "minLength": 3, "maxLength": 300},
        "reason": {"type": "string", "maxLength": 300},
    },
}}}}}  # fmt: skip


class SubjectAnswer(BaseModel):
    """What is kept of a person, or what was taken out."""

    by: str
    value: str | None = None
    documents: list[dict[str, Any]] | None = Field(None, description="export: all documents, in our words.")
    bytes: list[str] | None = Field(None, description="export: where the bytes are that came and left.")
    untranslated: int | None = Field(
        None, description="export: bodies that were never read and hold the value."
    )
    erased: dict[str, int] | None = Field(None, description="erase: how many documents, bodies and values.")
    left: int | None = Field(
        None, description="erase: orders that are still under way; erase again once they ended."
    )


def add_subjects(app: FastAPI, keys: Keys, subjects: Subjects) -> None:
    """Adds the routes."""
    guest = Guest(keys)

    @app.post(
        "/v1/subjects/{act}", response_model=SubjectAnswer, response_model_exclude_none=True, tags=["access"],
        responses=WAITS, openapi_extra=_BODY,
    )  # fmt: skip
    async def acted(request: Request, act: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Exports what is kept of a person, or erases it; found by customer, order, email, phone or name."""
        holder = guest.admin(request)
        if act not in {"export", "erase"}:
            raise Invalid(f"there is no act {act[:40]}", path="act", fix="one of: export, erase")
        subject, reason = Subject.read(act_body(await request.body()))
        if act == "export":
            return _answer(await subjects.export(subject, who=holder.name))
        return _answer(await subjects.erase(subject, reason, who=holder.name))


def _answer(tree: dict[str, Any]) -> Response:
    return Response(_encode(tree), media_type="application/json", headers={"cache-control": "no-store"})
