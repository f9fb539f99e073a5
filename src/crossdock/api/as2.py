"""POST /v1/as2: partners hand in interchanges, and hear what became of them once they are on disk."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import structlog

from crossdock.faults import Fault, Unreadable
from crossdock.journal.contract import Accepted, StoreDown, Verdict

_log = structlog.get_logger("crossdock.as2")
PATH = "/v1/as2"
_BODY_MAX_S = 120
#: How often an MDN that was asked for later is posted, and the pause between two tries.
_DELIVERY_TRIES, _DELIVERY_PAUSE_S = 6, 10.0
#: MDNs that wait to be taken at once; a partner who gets none sends its message again.
_DELIVERIES_MAX = 500
#: Bodies of the greatest length that memory holds at once.
_HELD_TIMES = 8
_LENGTH_DIGITS = 18
Headers = list[tuple[str, str]]
_TEXT: Headers = [("content-type", "text/plain")]


class Reply(Protocol):
    """An answer to one message."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class Answered(Protocol):
    """How the endpoint speaks with the station."""

    async def open(self, headers: Mapping[str, str], body: bytes) -> Handed:
        """What a request holds."""
        ...


class Handed(Protocol):
    """One request that was opened."""

    @property
    def system(self) -> str | None:
        """The system whose partner sent it; None: refused, or an MDN."""
        ...

    @property
    def arrival(self) -> str:
        """The key under which it is known again."""
        ...

    @property
    def digest(self) -> bytes:
        """What its documents are, however they were wrapped."""
        ...

    @property
    def payloads(self) -> list[tuple[bytes, str]]:
        """Documents with their media types."""
        ...

    @property
    def is_mdn(self) -> bool:
        """Whether it is an MDN for something of ours."""
        ...

    @property
    def amiss(self) -> tuple[str, Fault] | None:
        """The system in whose partner's name something came that was refused, and why; None for strangers."""
        ...

    def reply(self) -> Reply:
        """The answer now."""
        ...

    def refused(self, says: str) -> Reply:
        """The answer to a document that the door did not take."""
        ...

    def conflicting(self) -> Reply:
        """The answer to another document under a Message-ID that was taken; `amiss` says so from then on."""
        ...

    async def deliver(self) -> None:
        """Posts the MDN that was asked for later. Raises Fault."""
        ...

    @property
    def later(self) -> bool:
        """Whether an MDN is to be posted."""
        ...


class Store(Protocol):
    """Where answers are kept, and the door through which documents come."""

    async def receive(
        self, system: str, document: str | None, body: bytes, headers: Mapping[str, str], *, key: str | None
    ) -> Accepted:
        """Stores one document and says what it was. Raises Unreadable."""
        ...

    def refused(self, system: str, status: int, says: str, body: bytes | None) -> None:
        """Notes a refusal."""
        ...

    def amiss(self, system: str, fault: Fault) -> None:
        """Tells people of what was refused, once while they have not dealt with it."""
        ...

    def shut(self, system: str) -> object | None:
        """Why nothing is taken from a system now; None when something is."""
        ...


#: Digest and answer that were given under a key, and how one is kept.
Recall = Callable[[str], tuple[bytes, bytes] | None]
Keep = Callable[[str, bytes, bytes], Awaitable[None]]


class As2Door:
    """Answers AS2 messages; nothing is answered before it is stored."""

    def __init__(self, station: Answered, door: Store, recall: Recall, keep: Keep, *, max_bytes: int) -> None:
        self._station = station
        self._door = door
        self._recall = recall
        self._keep = keep
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def handle(self, scope: Any, protocol: Any) -> None:
        """Answers one request."""
        if scope.method != "POST":
            protocol.response_bytes(405, [("allow", "POST")], b"")
            return
        try:
            headers = {str(name).lower(): str(value) for name, value in scope.headers.items()}
            status, given, answer = await self._received(headers, protocol)
        except TimeoutError:
            status, given, answer = 408, _TEXT, b"the body did not come in time\r\n"
        except StoreDown as down:
            _log.error("store down", says=str(down))
            status, given, answer = 503, [("retry-after", "30")], b""
        except Exception:  # ends in an answer: a partner is never left without a word
            _log.exception("request failed", path=scope.path)
            status, given, answer = 500, _TEXT, b"a defect of the hub; send it again later\r\n"
        protocol.response_bytes(status, given, answer)

    async def _received(self, headers: Mapping[str, str], protocol: Any) -> tuple[int, Headers, bytes]:
        parts, size, length = list[bytes](), 0, headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:_LENGTH_DIGITS]) > self._max_bytes:
            return 413, _TEXT, b"a message may have %d bytes\r\n" % self._max_bytes
        try:
            async with asyncio.timeout(_BODY_MAX_S):
                async for part in protocol:
                    size += len(part)
                    self._held_bytes += len(part)
                    if size > self._max_bytes:
                        return 413, _TEXT, b"a message may have %d bytes\r\n" % self._max_bytes
                    if self._held_bytes > self._max_bytes * _HELD_TIMES:
                        return 503, [("retry-after", "5")], b""
                    parts.append(part)
            return await self._answer(headers, b"".join(parts))
        finally:
            self._held_bytes -= size

    async def _answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, Headers, bytes]:
        handed = await self._station.open(headers, body)
        if handed.is_mdn:
            return 200, [], b""
        if handed.system is None:
            return self._told(handed, handed.reply())
        if self._door.shut(handed.system) is not None:
            return 503, [("retry-after", "60")], b""
        key = f"as2/{hashlib.sha256(handed.arrival.encode()).hexdigest()}"
        known = self._recall(key)
        if known is not None:
            if known[0] != handed.digest:
                return self._told(handed, handed.conflicting())
            again = self._told(handed, handed.reply())  # posts the MDN once more where it was asked for later
            return again if handed.later else _unpacked(known[1])
        for index, (document, media_type) in enumerate(handed.payloads):
            try:
                accepted = await self._door.receive(
                    handed.system, None, document, {"content-type": media_type}, key=f"{key}/{index}"
                )
            except Unreadable as fault:
                self._door.refused(handed.system, fault.status, fault.says, document)
                return self._told(handed, handed.refused(fault.says))
            if accepted.verdict is Verdict.CONFLICT:
                return self._told(handed, handed.conflicting())
        reply = handed.reply()
        await self._keep(key, handed.digest, _packed(_plain(reply)))
        return self._told(handed, reply)

    def _told(self, handed: Handed, reply: Reply) -> tuple[int, Headers, bytes]:
        """The answer now; whoever must know of it is told, and an MDN that was asked for later is on its way."""
        if handed.amiss is not None:
            self._door.amiss(*handed.amiss)
        if handed.later and len(self._tasks) < _DELIVERIES_MAX:
            self._run(self._deliver(handed))
        return _plain(reply)

    async def _deliver(self, handed: Handed) -> None:
        """Posts an MDN; a partner that does not take it sends its message again and gets it then."""
        for turn in range(_DELIVERY_TRIES):
            try:
                await handed.deliver()
            except Fault as fault:
                _log.warning("an MDN was not taken", system=handed.system, says=str(fault), turn=turn + 1)
                await asyncio.sleep(_DELIVERY_PAUSE_S)
            else:
                return

    def _run(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Gives up what was not delivered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _plain(reply: Reply) -> tuple[int, Headers, bytes]:
    return reply.status, list(reply.headers.items()), reply.body


def _packed(reply: tuple[int, Headers, bytes]) -> bytes:
    status, headers, body = reply
    return json.dumps([status, headers, base64.b64encode(body).decode()]).encode()


def _unpacked(kept: bytes) -> tuple[int, Headers, bytes]:
    status, headers, body = json.loads(kept)
    return status, [(name, value) for name, value in headers], base64.b64decode(body)
