"""Every refusal of the process and admin API as a problem document."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from crossdock.api.problems import MEDIA_TYPE, TITLES, problem
from crossdock.faults import Fault
from crossdock.journal.contract import Overtaken, StoreDown
from crossdock.message.four_eyes import Asked

_log = structlog.get_logger("crossdock.api")
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Refusal(Exception):
    """An answer that says no, and what to do."""

    def __init__(
        self, status: int, detail: str, *, path: str | None = None, fix: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.path = path
        self.fix = fix
        self.headers = headers


def refused(
    status: int, detail: str, *, path: str | None = None, fix: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """The response to a refusal."""
    body = problem(status, TITLES.get(status, "It was not possible"), detail, path=path, fix=fix)
    return Response(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def add_handlers(app: FastAPI) -> None:
    """Turns whatever a route raises into a problem document."""

    @app.exception_handler(Refusal)
    async def refusal(_: Request, error: Refusal) -> Response:  # pyright: ignore[reportUnusedFunction]
        return refused(error.status, error.detail, path=error.path, fix=error.fix, headers=error.headers)

    @app.exception_handler(Fault)
    async def fault(_: Request, error: Fault) -> Response:  # pyright: ignore[reportUnusedFunction]
        return refused(422, error.says, path=error.path, fix=error.fix)

    @app.exception_handler(Asked)
    async def asked(_: Request, waits: Asked) -> Response:  # pyright: ignore[reportUnusedFunction]
        return Response(_encode(waits.request), 202, media_type="application/json")

    @app.exception_handler(Overtaken)
    async def overtaken(_: Request, error: Overtaken) -> Response:  # pyright: ignore[reportUnusedFunction]
        return refused(409, str(error), fix="read the incident again")

    @app.exception_handler(StoreDown)
    async def store_down(_: Request, error: StoreDown) -> Response:  # pyright: ignore[reportUnusedFunction]
        return refused(503, str(error), fix="send it again later", headers={"retry-after": "2"})

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:  # pyright: ignore[reportUnusedFunction]
        first = error.errors()[0]
        return refused(422, str(first["msg"]), path=".".join(str(step) for step in first["loc"][1:]))

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> Response:  # pyright: ignore[reportUnusedFunction]
        return refused(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(Exception)
    async def defect(request: Request, error: Exception) -> Response:  # pyright: ignore[reportUnusedFunction]
        _log.error("request failed", path=request.url.path, exc_info=error)
        return refused(500, "see the log of the hub")
