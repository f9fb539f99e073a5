"""The hot route: a system hands in one document. No framework stands between the socket and the journal."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs

import structlog

from crossdock.api.keys import Keys
from crossdock.api.problems import MEDIA_TYPE, TITLES, problem, problem_of
from crossdock.api.store_down import heard
from crossdock.control.courtesy import Closed, Courtesy
from crossdock.control.pressure import Load, Pressure
from crossdock.faults import Unreadable
from crossdock.journal.contract import StoreDown, Verdict
from crossdock.pipeline.gates import Shut
from crossdock.pipeline.receive import Door

_log = structlog.get_logger("crossdock.intake")
_PREFIX, _SUFFIX = "/v1/systems/", "/messages"
#: Writes waiting for the disk from which on senders are asked to wait: about a second of work.
_DEPTH_MAX = 4_000
_KEY_MAX = 255
#: Seconds that a sender is told when the store begins to take no commits, and at most while that lasts.
_DOWN_FIRST_S, _DOWN_MAX_S = 2, 60
#: Seconds after which a sender asks again at a door that a person has closed.
_PAUSE_RETRY_S = 60
#: However long a door will be closed, a sender should ask again after so many seconds: the charter may change.
_RETRY_MAX_S = 3_600
#: Seconds that a sender has for the body of one request.
BODY_MAX_S = 30
#: Media types of bodies; those of EDI are for systems that are trading partners.
_TAKEN = frozenset(
    {
        "application/json",
        "application/edi-x12",
        "application/edifact",
        "application/edi-consent",
        "application/x12",
    }
)
Headers = list[tuple[str, str]]
_JSON: Headers = [("content-type", "application/json")]
_JSON_AGAIN: Headers = [*_JSON, ("crossdock-duplicate", "true")]


class Scope(Protocol):
    """What the server tells of a request (RSGI)."""

    method: str
    path: str
    query_string: str
    headers: Any


class RsgiProtocol(Protocol):
    """How the server is read and answered (RSGI)."""

    async def __call__(self) -> bytes:
        """The whole body."""
        ...

    def __aiter__(self) -> Any: ...
    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        """Answers."""
        ...


class Counters(Protocol):
    """What the control room counts at the door."""

    def received(self, system: str, status: int, seconds: float) -> None:
        """One answered request, and how long it took."""
        ...


@dataclass(slots=True)
class Refusal(Exception):
    """An answer other than 202."""

    status: int
    body: bytes
    headers: Headers
    keep: bytes | None = None  #: what was refused, kept for whoever asks


class Intake:
    """POST /v1/systems/{system}/messages."""

    def __init__(
        self,
        door: Door,
        keys: Keys,
        counters: Counters,
        pressure: Pressure,
        courtesy: Courtesy,
        *,
        max_bytes: int,
        now_ms: Callable[[], int],
    ) -> None:
        self._door = door
        self._keys = keys
        self._counters = counters
        self._max_bytes = max_bytes
        self._now_ms = now_ms
        self._pressure = pressure
        self._courtesy = courtesy
        self._down_since_s: float | None = None
        self.draining = False

    @staticmethod
    def takes(path: str) -> bool:
        """Whether a path is this route."""
        return path.startswith(_PREFIX) and path.endswith(_SUFFIX)

    async def handle(self, scope: Scope, protocol: RsgiProtocol) -> None:
        """Answers one request."""
        began_s = time.perf_counter()
        system = scope.path[len(_PREFIX) : -len(_SUFFIX)]  # the server has decoded it
        try:
            status, headers, body = await self._accepted(system, scope, protocol)
        except Refusal as refusal:
            status, headers, body = refusal.status, refusal.headers, refusal.body
        except Exception:  # ends in a problem document: a sender is never left without a word
            _log.exception("request failed", path=scope.path)
            fix = "keep it and send it again later; the log of the hub says what happened"
            failed = _refusal(500, "the hub stumbled over this request", fix=fix)
            status, headers, body = failed.status, failed.headers, failed.body
        self._counters.received(system, status, time.perf_counter() - began_s)
        protocol.response_bytes(status, headers, body)

    async def _accepted(
        self, system: str, scope: Scope, protocol: RsgiProtocol
    ) -> tuple[int, Headers, bytes]:
        self._admitted(system, scope)
        load = self._pressure.enter(system)
        held = [0]
        try:
            return await self._received(system, scope, protocol, load, held)
        finally:
            self._pressure.leave(load, held[0])

    async def _received(
        self, system: str, scope: Scope, protocol: RsgiProtocol, load: Load, held: list[int]
    ) -> tuple[int, Headers, bytes]:
        headers = scope.headers
        try:
            async with asyncio.timeout(BODY_MAX_S):
                body = await self._body(headers, protocol, load, held)
            key = headers.get("idempotency-key")
            document = self._document(scope, headers, key)
        except TimeoutError:
            raise _refusal(408, f"the body did not come within {BODY_MAX_S} s", fix="send it again") from None
        except Refusal as refusal:
            self._door.refused(system, refusal.status, TITLES[refusal.status], None)
            raise
        content_type = headers.get("content-type") or "application/json"
        try:
            # A flood waits here, behind its own, and not in the queue for the disk.
            await self._courtesy.enter(system)
            try:
                accepted = await self._door.receive(
                    system, document, body, {"content-type": content_type}, key=key
                )
            finally:
                self._courtesy.leave(system)
        except Unreadable as fault:
            self._door.refused(system, fault.status, fault.says, body)
            raise Refusal(
                fault.status, problem_of(fault.status, fault), [("content-type", MEDIA_TYPE)]
            ) from None
        except StoreDown as down:
            raise self._down(down) from None
        except Closed:
            raise _stopping() from None
        self._down_since_s = None
        if accepted.record is not None:
            self._pressure.taken(system)
        if accepted.verdict is Verdict.CONFLICT:
            raise _refusal(
                409, "the same number or key was accepted before with other content; the first one stands",
                fix="send a new version or number, or tell us which one is right", incident=f"i{accepted.incident}",
            )  # fmt: skip
        answer = b'{"capture": "c%d", "status": "accepted"}' % accepted.capture
        return 202, _JSON_AGAIN if accepted.verdict is Verdict.REPEAT else _JSON, answer

    def _admitted(self, system: str, scope: Scope) -> None:
        """Who may hand in for whom. These refusals are metrics, not history."""
        if scope.method != "POST":
            raise _refusal(405, "documents are handed in by POST", fix="use POST", more=[("allow", "POST")])
        try:
            holder = self._keys.holder(scope.headers.get("authorization"))
        except StoreDown as down:
            raise self._down(down) from None
        if holder is None:
            raise _refusal(
                401, "the key is missing or not known", fix="send Authorization: Bearer KEY; see crossdock keys create",
                more=[("www-authenticate", "Bearer")],
            )  # fmt: skip
        if not self._door.knows(system, holder.system):
            fix = "look at systems: in charter.yaml"
            raise _refusal(404, f"there is no system {system}", fix=fix, path="system")
        if not holder.delivers(system):
            raise _refusal(
                403,
                f"the key {holder.name} does not hand in for {system}",
                fix=f"crossdock keys create {system}",
            )
        shut = self._door.shut(system)
        if shut is not None:
            retry_s = _opens_in_s(shut, self._now_ms())
            raise _refusal(503, shut.told, fix="keep it and send it again later", retry_s=retry_s)
        if self.draining:
            raise _stopping()
        if self._door.depth >= _DEPTH_MAX:
            raise _refusal(429, "more came in than the disk can take", fix="send it again later", retry_s=1)
        length = scope.headers.get("content-length") or ""
        # One that is too large for good is told so below, however full it is.
        wanted = int(length) if length.isdigit() and int(length) <= self._max_bytes else 0
        full = self._pressure.full(system, wanted)
        if full is not None:
            raise _refusal(full.status, full.says, fix=full.fix, retry_s=full.retry_s)

    def _down(self, down: StoreDown) -> Refusal:
        """The store takes no commits; the longer that lasts, the later senders should come again."""
        now_s = time.monotonic()
        if self._down_since_s is None:
            self._down_since_s = now_s
        retry_s = min(max(int((now_s - self._down_since_s) / 2), _DOWN_FIRST_S), _DOWN_MAX_S)
        return _refusal(503, heard(down), fix="send it again later", retry_s=retry_s)

    async def _body(self, headers: Any, protocol: RsgiProtocol, load: Load, held: list[int]) -> bytes:
        """The whole body; `held` counts the bytes that memory holds of it."""
        length = headers.get("content-length")
        if length is not None and (not length.isdigit() or int(length) > self._max_bytes):
            raise self._too_large()
        if length is not None:
            held[0] += int(length)
            self._pressure.more(load, int(length))
            return await protocol()
        parts: list[bytes] = []
        async for part in protocol:
            held[0] += len(part)
            fits = self._pressure.more(load, len(part))
            if held[0] > self._max_bytes:
                raise self._too_large()
            if not fits:
                says = "more is at the door than memory can hold"
                raise _refusal(429, says, fix="send fewer at once", retry_s=1)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _too_large(self) -> Refusal:
        return _refusal(
            413,
            f"a document may have {self._max_bytes:,} bytes",
            fix="split it, or raise intake.max_bytes in charter.yaml",
        )

    def _document(self, scope: Scope, headers: Any, key: str | None) -> str | None:
        content_type = (headers.get("content-type") or "application/json").lower()
        media_type = content_type.partition(";")[0].strip()
        if media_type not in _TAKEN and not media_type.endswith("+json"):
            raise _refusal(415, f"{media_type} is not taken", fix="send application/json")
        if key is not None and (not key or len(key) > _KEY_MAX):
            raise _refusal(
                400,
                f"an Idempotency-Key has 1 to {_KEY_MAX} characters",
                path="Idempotency-Key",
                fix="send a shorter key",
            )
        if not scope.query_string:
            return None
        return parse_qs(scope.query_string).get("document", [None])[0]


def _opens_in_s(shut: Shut, now_ms: int) -> int:
    """How long a sender should wait at a closed door; one that a person closed may open at any time."""
    if shut.until_ms is None:
        return _PAUSE_RETRY_S
    return min(max(math.ceil((shut.until_ms - now_ms) / 1000), 1), _RETRY_MAX_S)


def _stopping() -> Refusal:
    return _refusal(503, "the hub is stopping", fix="send it again later", retry_s=5)


def _refusal(
    status: int,
    detail: str,
    *,
    fix: str,
    path: str | None = None,
    retry_s: int | None = None,
    incident: str | None = None,
    more: Headers | None = None,
) -> Refusal:
    headers: Headers = [("content-type", MEDIA_TYPE), *(more or [])]
    if retry_s is not None:
        headers.append(("retry-after", str(retry_s)))
    return Refusal(
        status, problem(status, TITLES[status], detail, path=path, fix=fix, incident=incident), headers
    )


Other = Callable[[Scope, Any], Awaitable[None]]
_AS2_PATH = "/v1/as2"


class Handles(Protocol):
    """Another route that no framework stands before."""

    async def handle(self, scope: Any, protocol: Any) -> None:
        """Answers one request."""
        ...


class Front:
    """The one application the server runs: the hot route, and everything else behind a bridge."""

    def __init__(self, intake: Intake, other: Other, as2: Handles | None = None) -> None:
        self._intake = intake
        self._other = other
        self._as2 = as2

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """One request."""
        if Intake.takes(scope.path):
            await self._intake.handle(scope, protocol)
        elif self._as2 is not None and scope.path == _AS2_PATH:
            await self._as2.handle(scope, protocol)
        else:
            await self._other(scope, protocol)
