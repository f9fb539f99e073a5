"""Applications of the usual kind (ASGI) behind the server's own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from crossdock.api.intake import BODY_MAX_S, Other
from crossdock.api.problems import MEDIA_TYPE, TITLES, problem
from crossdock.api.proxies import Proxies

_log = structlog.get_logger("crossdock.bridge")
ASGI = Callable[
    [dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]
]


def bridged(app: ASGI, *, max_bytes: int, proxies: Proxies | None = None) -> Other:
    """An ASGI application as the server's own kind: the answer is collected, then sent whole."""
    trusted = proxies or Proxies(())

    async def handle(scope: Any, protocol: Any) -> None:
        if "\x00" in scope.path or "%00" in scope.query_string:
            # Nothing is called so, and not every store can be asked for it.
            told = problem(404, TITLES[404], "the address holds a sign that no name can have")
            protocol.response_bytes(404, [("content-type", MEDIA_TYPE)], told)
            return
        try:
            body: bytes | None = b""
            # Most of what is asked has no body to wait for, as open pages do hundreds of times a second.
            if (
                scope.method != "GET"
                or "content-length" in scope.headers
                or "transfer-encoding" in scope.headers
            ):
                async with asyncio.timeout(BODY_MAX_S):
                    body = await _whole(protocol, max_bytes)
        except TimeoutError:
            body, status = None, 408
        else:
            status = 413
        if body is None:
            says = TITLES[status]
            protocol.response_bytes(
                status, [("content-type", MEDIA_TYPE)], problem(status, says, says.lower())
            )
            return
        await _run(app, scope, protocol, body, trusted)

    return handle


async def _whole(protocol: Any, max_bytes: int) -> bytes | None:
    """The body; None when it is too long."""
    parts: list[bytes] = []
    left = max_bytes
    async for part in protocol:
        left -= len(part)
        if left < 0:
            return None
        parts.append(part)
    return b"".join(parts)


def parted(other: Other, parts: Mapping[str, Other]) -> Other:
    """Sends what lies below a path to its own application, and the rest to the other one."""

    async def handle(scope: Any, protocol: Any) -> None:
        for prefix, part in parts.items():
            if scope.path == prefix or scope.path.startswith(f"{prefix}/"):
                await part(scope, protocol)
                return
        await other(scope, protocol)

    return handle


async def _run(app: ASGI, scope: Any, protocol: Any, body: bytes, proxies: Proxies) -> None:
    status, headers, parts = 500, list[tuple[str, str]](), list[bytes]()

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = [
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]
            ]
        else:
            parts.append(message.get("body", b""))

    path = scope.path
    whence, scheme = proxies.seen(scope.client.rpartition(":")[0], scope.scheme, scope.headers)
    asgi = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": scope.method,
        "scheme": scheme,
        "path": path,
        "raw_path": path.encode("latin-1", "replace"),
        "query_string": scope.query_string.encode("latin-1", "replace"),
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
            for name, value in scope.headers.items()
        ],
        "client": (whence, 0),
        "server": (scope.server.rpartition(":")[0], 0),
        "root_path": "",
    }
    try:
        await app(asgi, receive, send)
    except Exception:  # ends in a 500 problem document: one bad request never ends the process
        _log.exception("request failed", path=path)
        status, headers, parts = (
            500,
            [("content-type", MEDIA_TYPE)],
            [problem(500, TITLES[500], "see the log of the hub")],
        )
    if not any(name == "x-content-type-options" for name, _ in headers):
        headers.append(("x-content-type-options", "nosniff"))
    protocol.response_bytes(status, headers, b"".join(parts))
