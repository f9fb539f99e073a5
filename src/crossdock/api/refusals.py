"""Every refusal of the process and admin API as a problem document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Route

from crossdock.api.problems import MEDIA_TYPE, TITLES, problem
from crossdock.api.store_down import heard
from crossdock.faults import Fault
from crossdock.journal.contract import Overtaken, StoreDown
from crossdock.message.four_eyes import Asked

_log = structlog.get_logger("crossdock.api")
_PATH_MAX = 200
_WORDS = re.compile(r"\^\(([a-z_|]+)\)\$")
_LIMITS = {
    "ge": "at least", "le": "at most", "gt": "more than", "lt": "less than",
    "min_length": "at least so many characters:", "max_length": "at most so many characters:",
}  # fmt: skip
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
        return refused(503, heard(error), fix="send it again later", headers={"retry-after": "2"})

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:  # pyright: ignore[reportUnusedFunction]
        first = error.errors()[0]
        path = ".".join(str(step) for step in first["loc"][1:])
        return refused(422, f"{path}: {first['msg']}", path=path, fix=_fix_of(path, first))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:  # pyright: ignore[reportUnusedFunction]
        here, says, fix = request.url.path[:_PATH_MAX], str(error.detail), None
        headers = dict(error.headers or {})
        if error.status_code == 404:
            says = f"there is nothing at {here}"
        elif error.status_code == 405:
            allowed = ", ".join(_methods(request))
            says, fix = f"{request.method} is not offered at {here}", f"use {allowed}"
            headers = {"allow": allowed}
        return refused(error.status_code, says, fix=fix, headers=headers)

    @app.exception_handler(Exception)
    async def defect(request: Request, error: Exception) -> Response:  # pyright: ignore[reportUnusedFunction]
        _log.error("request failed", path=request.url.path, exc_info=error)
        return refused(500, "see the log of the hub", fix="see the log of the hub; send it again later")


def _methods(request: Request) -> list[str]:
    """What may be done at an address, over all its routes: the framework tells of the first one only."""
    routes = [one for one in request.app.routes if isinstance(one, Route)]
    return sorted({m for one in routes if one.path_regex.match(request.url.path) for m in one.methods or ()})


def _fix_of(path: str, error: Mapping[str, Any]) -> str | None:
    """What may be given instead of a value that does not fit what the route says of it."""
    limits: Mapping[str, Any] = error.get("ctx") or {}
    if words := _WORDS.fullmatch(str(limits.get("pattern", ""))):
        return f"one of: {words[1].replace('|', ', ')}"
    if error["type"] == "missing":
        return f"give {path}"
    if str(error["type"]).startswith("int_"):
        return "write a whole number"
    said = [f"{_LIMITS[name]} {value}" for name, value in limits.items() if name in _LIMITS]
    return f"give {' and '.join(said)}" if said else None
