"""What stands for a system that is never called."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.faults import Misconfigured
from crossdock.kit.http import Response


class NoClient:
    """Stands for a system that is never called: it only sends."""

    def __init__(self, name: str) -> None:
        self._name = name

    def wait_s(self) -> float:
        """It never waits."""
        return 0.0

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """Raises Misconfigured: there is nowhere to send to."""
        fix = f"add url: to {self._name} in charter.yaml ({method} {path})"
        raise Misconfigured(f"{self._name} has no url", path=f"systems.{self._name}.url", fix=fix)

    async def close(self) -> None:
        """There is nothing to end."""
