"""Traces of documents as OpenTelemetry spans, sent as OTLP/HTTP JSON: found by the number of the order."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog

from crossdock.faults import Fault, TryLater
from crossdock.journal.sql.watched import Happened
from crossdock.kit.http import Client
from crossdock.pipeline.bound import Clock

_log = structlog.get_logger("crossdock.traces")
#: Spans that wait for the collector; beyond it the oldest are dropped, and counted.
WAITING_MAX = 10_000
_BATCH_MAX = 500
_EVERY_S = 1.0
#: What waits at the stop is tried for so long.
_LAST_S = 2.0
_RETRY_MAX_S = 60.0
_SERVER, _CLIENT = 2, 3
_FAILED = {"code": 2}
_encode = msgspec.json.Encoder().encode
Span = dict[str, Any]


class Tracer:
    """Makes spans of what happened and brings them to a collector."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        *,
        site: str,
        version: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._site = site
        self._headers = {"content-type": "application/json", **(headers or {})}
        self._resource = {
            "attributes": [
                _text("service.name", "crossdock"), _text("service.version", version),
                _text("service.namespace", site),
            ]
        }  # fmt: skip
        self._waiting: deque[Span] = deque()
        self._task: asyncio.Task[None] | None = None
        self.sent = 0
        self.dropped = 0

    def start(self) -> None:
        """Begins to send."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="traces")

    async def stop(self) -> None:
        """Sends what waits, once, and ends."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._waiting:
            try:
                async with asyncio.timeout(_LAST_S):
                    await self.flush()
            except (Fault, TimeoutError) as error:
                _log.warning("traces were dropped at the stop", spans=len(self._waiting), says=str(error))
        await self._client.close()

    def note(self, events: Sequence[Happened], orders: Mapping[int, str]) -> None:
        """Makes spans of a page of events; `orders` are the numbers of the objects that stories belong to."""
        for e in events:
            if e.root and (e.made or e.done or e.failed):
                self._waiting.append(self._span(e, orders.get(e.root, e.number)))
        while len(self._waiting) > WAITING_MAX:
            self._waiting.popleft()
            self.dropped += 1

    def _span(self, e: Happened, order: str) -> Span:
        """A document that was made of what came, or that went to its target: from the door to this moment."""
        trace = hashlib.sha256(f"{self._site}/{e.root}".encode()).hexdigest()[:32]
        came = hashlib.sha256(f"{self._site}/m{e.message}".encode()).hexdigest()[:16]
        own = came if e.made else hashlib.sha256(f"{self._site}/p{e.position}".encode()).hexdigest()[:16]
        name = f"{e.document} from {e.system}" if e.made else f"{e.document} to {e.target}"
        span: Span = {
            "traceId": trace, "spanId": own, "name": name, "kind": _SERVER if e.made else _CLIENT,
            "startTimeUnixNano": str(min(e.came_ms, e.at_ms) * 1_000_000), "endTimeUnixNano": str(e.at_ms * 1_000_000),
            "attributes": [
                _text("crossdock.order", order), _text("crossdock.number", e.number),
                _text("crossdock.document", e.document), _text("crossdock.system", e.target or e.system),
                _text("crossdock.message", f"m{e.message}"),
            ],
        }  # fmt: skip
        if not e.made:
            span["parentSpanId"] = came
        if e.failed:
            span["status"] = _FAILED
        return span

    async def flush(self) -> None:
        """Sends everything that waits. Raises TryLater when the collector does not take it."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH_MAX, len(self._waiting)))]
            scope = {"scope": {"name": "crossdock"}, "spans": batch}
            body = _encode({"resourceSpans": [{"resource": self._resource, "scopeSpans": [scope]}]})
            try:
                answer = await self._client.send("POST", "", body=body, headers=self._headers)
                if not 200 <= answer.status < 300:
                    raise TryLater(f"the collector answered {answer.status}")
            except BaseException:
                self._waiting.extendleft(reversed(batch))
                raise
            self.sent += len(batch)

    async def _run(self) -> None:
        pause_s = _EVERY_S
        while True:
            await self._clock.sleep(pause_s)
            try:
                await self.flush()
                pause_s = _EVERY_S
            except Fault as fault:
                _log.warning(
                    "the collector of traces does not take them", says=str(fault), waiting=len(self._waiting)
                )
                pause_s = min(pause_s * 2, _RETRY_MAX_S)
            except Exception:  # ends in the next try: traces must not disturb anything
                _log.exception("traces stumbled")
                pause_s = _RETRY_MAX_S


def _text(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}
