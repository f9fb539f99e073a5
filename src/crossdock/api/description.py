"""The OpenAPI document as the hub really answers: refusals as problem documents, and the door beside the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from crossdock.api.problems import MEDIA_TYPE, TITLES
from crossdock.api.refusals import Refusal

_JSON = "application/json"
#: What the door answers besides 202.
_REFUSED = (400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503)


class Receipt(BaseModel):
    """A document that is durable."""

    capture: str = Field(description="What the hub calls it.")
    status: str = Field(description="accepted")


def add_intake(app: FastAPI) -> None:
    """Describes the door, which answers before any of these routes is asked."""

    @app.post(
        "/v1/systems/{system}/messages", status_code=202, response_model=Receipt, tags=["intake"],
        responses={status: {"content": {MEDIA_TYPE: {}}, "description": TITLES[status]} for status in _REFUSED},
        openapi_extra={
            "requestBody": {"required": True, "content": {_JSON: {"schema": {}}}},
            "parameters": [
                {"name": "idempotency-key", "in": "header", "schema": {"type": "string", "maxLength": 255}},
            ],
        },
    )  # fmt: skip
    async def intake(system: str, document: str | None = None) -> None:  # pyright: ignore[reportUnusedFunction]
        """Hands in one document as a system; a repeat gets the same answer with `Crossdock-Duplicate: true`."""
        raise Refusal(404, f"there is no door for {system} and {document} here")


def describe(app: FastAPI) -> None:
    """Says of every refusal that it is a problem document, whatever the framework thinks."""
    made: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        tree = made()
        for methods in tree["paths"].values():
            for about in methods.values():
                for status, answer in about["responses"].items():
                    if int(status) >= 400:
                        content = answer.get("content", {})
                        schema = content.pop(_JSON, None)
                        content.setdefault(
                            MEDIA_TYPE, schema or {"schema": {"$ref": "#/components/schemas/Problem"}}
                        )
                        answer["content"] = content
        return tree

    app.openapi = openapi
