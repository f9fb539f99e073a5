"""What the simulated ERP, shop and carrier have in common: a door for documents, and a memory of keys."""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from hashlib import sha256
from typing import Any, ClassVar, cast

import msgspec

from crossdock.faults import Misconfigured
from crossdock.twins.clock import Clock, rfc3339
from crossdock.twins.dials import Dials, Dice, turned
from crossdock.twins.door import Reply, Request
from crossdock.twins.faulty import Faulty
from crossdock.twins.warehouse.floor.feed import JSON, Event
from crossdock.twins.warehouse.push import Push

__all__ = ["Office", "Refused", "Tree", "amount", "lines_of", "trees"]

KEYS_MAX = 200_000
RECORD_MAX = 200_000
Tree = dict[str, Any]
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Refused(Exception):
    """A document that is not taken: HTTP status, a word for the reason, where in the document."""

    def __init__(self, status: int, code: str, path: str = "", value: object = None) -> None:
        super().__init__(code)
        self.status, self.code, self.path, self.value = status, code, path, value

    def reply(self) -> Reply:
        """The refusal as a problem document (RFC 9457)."""
        tree = {
            "type": f"urn:crossdock:problem:{self.code}",
            "title": self.code.replace("_", " "),
            "code": self.code,
        }
        more = {"path": self.path, "value": None if self.value is None else str(self.value)}
        body = JSON.encode(tree | {"status": self.status} | {k: v for k, v in more.items() if v})
        return Reply(self.status, body, "application/problem+json", outcome="refused")


class Office(ABC):
    """One simulated system that takes and tells documents in the hub's own words, as JSON.

    `POST /{document}` takes one and answers `{"id": …}`; `GET /{document}/{number}` says whether it is there.
    The same seed, requests and clock steps give the same story.
    """

    #: What it is called on the command line.
    kind: ClassVar[str] = "office"
    #: Documents that it takes, and those that it tells of.
    takes: ClassVar[Mapping[str, str]] = {}
    tells: ClassVar[Sequence[str]] = ()

    def __init__(
        self,
        *,
        seed: int = 1,
        clock: Clock | None = None,
        dials: Dials | None = None,
        api_key: str | None = None,
    ) -> None:
        self.seed, self.clock, self.dice = seed, clock or Clock(), Dice(seed)
        self.faulty = Faulty(self._answer, _busy, _failed, dials or Dials(), self.dice)
        self.pushes: Sequence[Push] = ()
        #: What was taken, in order, as `document number`, with a word about it.
        self.record: deque[str] = deque(maxlen=RECORD_MAX)
        #: Documents that it refuses for now.
        self.refusing: set[str] = set()
        self._there: dict[tuple[str, str], str] = {}
        self._kept: OrderedDict[str, tuple[bytes, Reply]] = OrderedDict()
        self._api_key = api_key
        self._events = 0

    # -- the door -------------------------------------------------------------

    async def handle(self, request: Request) -> Reply | None:
        """The answer to one request, if it gets one; doors for tests begin with an underscore and never misbehave."""
        if request.parts and request.parts[0].startswith("_"):
            try:
                return self._backstage(request)
            except Refused as refused:
                return refused.reply()
        return await self.faulty.handle(request)

    def _answer(self, request: Request) -> Reply:
        given = request.headers.get("authorization", "")
        if self._api_key is not None and not hmac.compare_digest(
            given.encode(), f"Bearer {self._api_key}".encode()
        ):
            return Refused(401, "unauthorized").reply()
        try:
            if request.method == "GET":
                return self._look(request)
            return self._once(request)
        except Refused as refused:
            return refused.reply()

    def _look(self, request: Request) -> Reply:
        if (
            len(request.parts) != 2
            or (found := self._there.get((request.parts[0], request.parts[1]))) is None
        ):
            raise Refused(404, "not_found")
        return Reply(200, JSON.encode({"id": found, "number": request.parts[1]}))

    def _once(self, request: Request) -> Reply:
        """The change, or the answer that its key got before."""
        if request.method not in ("POST", "PUT") or not request.parts or request.parts[0] not in self.takes:
            raise Refused(404, "not_found", "path", request.target)
        key = request.headers.get("idempotency-key", "")
        digest = sha256(b"\0".join((request.target.encode(), request.body))).digest()
        if key and (kept := self._kept.get(key)) is not None:
            if kept[0] != digest:
                raise Refused(422, "key_reused", "Idempotency-Key", key)
            return replace(kept[1], outcome="repeated")
        reply = self._taken(request.parts[0], request.body)
        if key:
            self._kept[key] = digest, reply
            if len(self._kept) > KEYS_MAX:
                self._kept.popitem(last=False)
        return reply

    def _taken(self, document: str, body: bytes) -> Reply:
        try:
            tree: Any = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Refused(400, "unreadable") from None
        if not isinstance(tree, dict):
            raise Refused(422, "invalid", "body")
        tree = cast("Tree", tree)
        number = str(tree.get(self.takes[document]) or "")
        if not number:
            raise Refused(422, "invalid", self.takes[document])
        if document in self.refusing:
            raise Refused(422, "refused", "document", document)
        says = self.take(document, number, tree)
        # What the hub tells of an order has a number of the hub's own, which says nothing.
        shown = str(tree.get("order")) if document == "order_status" else number
        self.record.append(f"{document} {shown}{f' {says}' if says else ''}")
        known = self._there.get((document, number))
        id_ = known or f"{self.kind.upper()}-{len(self._there) + 1:06d}"
        self._there[document, number] = id_
        return Reply(200 if known else 201, JSON.encode({"id": id_, "number": number}), outcome="applied")

    @abstractmethod
    def take(self, document: str, number: str, tree: Tree) -> str:
        """Books a document; gives a word about it. Raises Refused."""

    # -- what it tells --------------------------------------------------------

    def subscribe(self, pushes: Sequence[Push]) -> None:
        """Sends every document from now on to the subscribers."""
        self.pushes = pushes

    def tell(self, document: str, number: str, tree: Tree, group: str = "") -> None:
        """Tells a document; those of one `group` (an order) are told in order."""
        self._events += 1
        id_ = f"{self.kind}-{self.seed}-{self._events:07d}"
        event = Event(self._events, id_, document, document, group or number, JSON.encode(tree))
        for push in self.pushes:
            push.offer(event)

    @property
    def quiet(self) -> bool:
        """Whether everything that was told has arrived."""
        return not any(push.pending for push in self.pushes)

    def now(self) -> str:
        """The present moment as text."""
        return rfc3339(self.clock.now())

    def work(self) -> None:  # noqa: B027 — most systems do nothing by themselves
        """One step of whatever this system does by itself."""

    # -- doors for tests --------------------------------------------------------

    def turn_dials(self, changes: Mapping[str, Any]) -> None:
        """Turns some dials, in effect at once. Raises Misconfigured."""
        self.faulty.dials = turned(self.faulty.dials, changes)

    def act(self, name: str, tree: Tree) -> None:
        """Does what a person at this system would do. Raises Refused for what there is not."""
        raise Refused(404, "not_found", "act", name) from None

    def figures(self) -> dict[str, Any]:
        """What its books say."""
        return {}

    def state(self) -> dict[str, Any]:
        """All that it knows, for comparison by tests and demos."""
        return {
            "kind": self.kind, "seed": self.seed, "now": self.now(), "quiet": self.quiet,
            "requests": dict(self.faulty.counts), "taken": list(self.record), **self.figures(),
            "pushes": [{"url": p.subscription.url, "pending": p.pending, **p.counts} for p in self.pushes],
        }  # fmt: skip

    def _backstage(self, request: Request) -> Reply:
        match (request.method, *request.parts):
            case ("GET", "_state"):
                return Reply(200, JSON.encode(self.state()))
            case ("GET", "_requests"):
                return Reply(200, JSON.encode([asdict(met) for met in self.faulty.record]))
            case ("GET", "_dials"):
                return Reply(200, JSON.encode(asdict(self.faulty.dials)))
            case ("PUT", "_dials"):
                return self._put(request, self.turn_dials)
            case ("PUT", "_clock") if self.clock.simulated:
                return self._put(request, lambda tree: self.clock.advance(float(tree["advance_s"])))
            case ("PUT", "_act", name):
                return self._put(request, lambda tree: self.act(name, tree))
            case _:
                raise Refused(404, "not_found")

    def _put(self, request: Request, act: Callable[[Tree], None]) -> Reply:
        try:
            act(_decode(request.body or b"{}"))
        except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
            raise Refused(400, "unreadable", value=error) from None
        except Misconfigured as fault:
            raise Refused(422, "invalid", fault.path, str(fault)) from None
        return Reply(200, JSON.encode({"now": self.now()}))


def amount(value: object) -> Decimal:
    """A figure of a document, exact; nothing said is nothing."""
    return Decimal(str(value)) if value is not None else Decimal()


def lines_of(tree: Tree) -> list[Tree]:
    """The lines of a document."""
    return trees(tree.get("lines"))


def trees(value: object) -> list[Tree]:
    """The mappings of a list; none of anything else."""
    every = cast("list[object]", value) if isinstance(value, list | tuple) else []
    return [cast("Tree", one) for one in every if isinstance(one, dict)]


def _busy(wait_s: int) -> Reply:
    return replace(Refused(429, "busy").reply(), headers={"Retry-After": str(wait_s)})


def _failed() -> Reply:
    return Refused(500, "failed").reply()
