"""The interface of the outbound HTTP client that connectors and the pipeline speak through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Response:
    """A complete HTTP answer; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


class Client(Protocol):
    """HTTP to one system, within its limits: concurrency, rate, breaker, credentials, SSRF guard."""

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """One request, and its complete answer whatever the status.

        Raises TryLater when nothing was sent (breaker open, DNS, connect, TLS), InDoubt when bytes
        may have left and no complete answer came.
        """
        ...

    async def close(self) -> None:
        """Ends all connections."""
        ...
