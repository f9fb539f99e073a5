"""The systems that a hub calls: some dedupe on our key, some can be asked, some only a person can ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from random import Random
from typing import Any
from urllib.parse import unquote, urlsplit

from crossdock.kit.http import Response
from tests.simulation.machine import START_MS
from tests.simulation.network import Sent, Weather

#: Statuses of an outcome that nobody can trust; the last three stand in no table.
_UNCLEAR = (500, 502, 504, 408, 500, 302, 507, 599)
_LATER = (503, 503, 425)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one request changed at a system."""

    at_s: float
    key: str
    attempt: int
    document: str
    number: str
    mark: str  #: what the sender wrote into this very content
    body: bytes
    path: str

    @property
    def transmission(self) -> int:
        """The transmission that the key names; 0 when it names none."""
        head = self.key.removeprefix("t").partition(".")[0]
        return int(head) if head.isdecimal() else 0


class Receiver:
    """A system that takes JSON by HTTP. Its memory is what the checks at the end look at."""

    def __init__(
        self, name: str, way: Callable[[str], str], random: Random, now_s: Callable[[], float]
    ) -> None:
        self.name = name
        self.weather = Weather()
        self.way = way  #: kind of document -> how a doubt about it is settled
        self.late_s = 0.5
        self.lag_s = 0.0  #: how long after a change its own reads still miss it
        self.tokens: frozenset[str] | None = None  #: what it wants to see in `Authorization`
        self.refuses: set[str] = set()  #: marks refused in every first round, and
        self.refuses_always: set[str] = set()  #: marks refused in every round
        self.effects: list[Effect] = []
        self.requests = 0
        self._random = random
        self._now_s = now_s
        self._kept: dict[str, tuple[bytes, Response]] = {}
        self._has: dict[tuple[str, str], float] = {}
        self.quarrels: list[str] = []  #: what no correct hub would do

    def handle(self, sent: Sent, mood: str) -> Response:
        """The answer to one request that arrived."""
        self.requests += 1
        if self.tokens is not None and sent.headers.get("authorization") not in self.tokens:
            return Response(401, {}, b'{"error": "who are you?"}')
        before = refusal(mood, self._random, self._now_s())
        if before is not None:
            return before
        if sent.method == "GET":
            return self._asked(sent, mood)
        answer = self._told(sent)
        return after(mood, answer, self._random)

    def dedupes(self, sent: Sent) -> bool:
        """Whether the same request twice has one effect."""
        return self.way(sent.path.strip("/")) == "resend"

    def _asked(self, sent: Sent, mood: str) -> Response:
        if mood in {"broken", "garbled"}:
            return Response(500, {}, b"")
        _, document, number = urlsplit(sent.path).path.split("/", 2)
        since_s = self._has.get((document, unquote(number)))
        if since_s is None or self._now_s() - since_s < self.lag_s:
            return Response(404, {}, b"{}")
        return _json(200, {"id": self.id_of(document, unquote(number))})

    def _told(self, sent: Sent) -> Response:
        document = sent.path.strip("/")
        tree = json.loads(sent.body)
        number, mark = number_of(document, tree), mark_of(tree)
        if self.way(document) == "resend" and sent.key in self._kept:
            body, answer = self._kept[sent.key]
            if body != sent.body:
                self.quarrels.append(f"{self.name}: other bytes under the key {sent.key}")
            return answer
        first_round = sent.key.endswith(".1")
        if mark in self.refuses_always or (first_round and mark in self.refuses):
            answer = Response(422, {"content-type": "application/json"}, b'{"error": "no such street"}')
        else:
            self.effects.append(
                Effect(self._now_s(), sent.key, sent.attempt, document, number, mark, sent.body, sent.path)
            )
            self._has.setdefault((document, number), self._now_s())
            answer = _json(200, {"id": self.id_of(document, number)})
        self._kept[sent.key] = (sent.body, answer)
        return answer

    def id_of(self, document: str, number: str) -> str:
        """The id that this system gives to a document."""
        return f"{self.name}-{document}-{number}"

    def has(self, key: str) -> bool:
        """What a person finds out who looks into this system: whether a sending had its effect."""
        return any(effect.key == key for effect in self.effects)


def refusal(mood: str, random: Random, now_s: float) -> Response | None:
    """The answer of a system that does nothing now; None when it does."""
    match mood:
        case "busy":
            return Response(429, retry_after(random, now_s), b"")
        case "unavailable":
            wanted = retry_after(random, now_s) if random.random() < 0.5 else {}
            return Response(random.choice(_LATER), wanted, b'{"error": "not now"}')
        case "broken" if random.random() < 0.5:
            return Response(random.choice(_UNCLEAR), {}, b"<h1>oops</h1>")
        case _:
            return None


def after(mood: str, answer: Response, random: Random) -> Response:
    """What becomes of the answer of a system that did what it was asked."""
    if not 200 <= answer.status < 300:
        return answer
    match mood:
        case "broken":
            return Response(random.choice(_UNCLEAR), {}, answer.body[: random.randrange(9)])
        case "garbled":
            return Response(random.choice(_UNCLEAR), {}, b"\xff\xfe{")
        case "nameless":
            return Response(answer.status, answer.headers, b'{"ok": true}')
        case _:
            return answer


def retry_after(random: Random, now_s: float) -> Mapping[str, str]:
    """Seconds, or a date against the system's own clock; sometimes nothing."""
    wait_s = random.choice((1, 1, 2, 3, 5))
    match random.randrange(4):
        case 0:
            return {}
        case 1:
            # Its clock is an hour off, which must not matter.
            own_s = START_MS / 1000 + int(now_s) + 3600
            date = {"date": formatdate(own_s, usegmt=True)}
            return {**date, "retry-after": formatdate(own_s + wait_s, usegmt=True)}
        case _:
            return {"retry-after": str(wait_s)}


def number_of(document: str, tree: Mapping[str, Any]) -> str:
    """What a document is known by, in our words or in the words of the mapping."""
    if document == "inventory_balance":
        return f"{tree['site']}:{tree['sku']}"
    named = tree.get("wh_order") or tree.get("number") or tree.get("sku")
    return str(named or f"{tree.get('warehouse_order')}:{tree.get('extra', {}).get('event_id')}")


def mark_of(tree: Mapping[str, Any]) -> str:
    """The sender's mark in a content; documents of the warehouse have their own time or number instead."""
    extra = tree.get("extra") or {}
    return str(
        extra.get("mark")
        or tree.get("mark")
        or extra.get("event_id")
        or tree.get("as_of")
        or tree.get("number")
    )


def _json(status: int, tree: Mapping[str, Any]) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(tree).encode())
