"""The network between a hub and the systems it calls: every request meets a fate drawn from the seed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any, Protocol

from crossdock.faults import InDoubt, TryLater
from crossdock.kit.http import Response
from tests.simulation.loop import PROCESS, Process, SimulatedLoop


@dataclass(slots=True)
class Weather:
    """How one system and the way to it are now: shares of requests that meet each fate."""

    refused: float = 0.0  #: the connection is refused: nothing was sent
    lost: float = 0.0  #: the request never arrives
    late: float = 0.0  #: it arrives after the hub has given up
    answer_lost: float = 0.0  #: it is applied, the answer never comes
    reset: float = 0.0  #: the connection breaks: it may have arrived, or may arrive yet
    twice: float = 0.0  #: something on the way sends it twice
    garbled: float = 0.0  #: a success whose answer nobody can read
    busy: float = 0.0  #: 429, mostly with Retry-After
    unavailable: float = 0.0  #: 503, 425: nothing was done
    broken: float = 0.0  #: 500, 502, 504, 408 and what stands in no table, before or after it is applied
    nameless: float = 0.0  #: a success that does not tell the target's id
    down: str = ""  #: "refused" or "silent": nothing gets through
    slow_s: float = 0.0  #: the longest that a request takes beside its usual time

    def calm(self) -> None:
        """Everything is well again."""
        for each in fields(self):
            setattr(self, each.name, each.default)


@dataclass(slots=True, eq=False)
class Sent:
    """One request that left a hub."""

    process: Process
    system: str
    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    at_s: float
    key: str = ""
    attempt: int = 0
    fate: str = ""
    notes: dict[str, Any] = field(default_factory=dict[str, Any])


class Party(Protocol):
    """A system that can be called."""

    name: str
    weather: Weather
    late_s: float  #: how long after the hub gave up a request may still arrive

    def handle(self, sent: Sent, mood: str) -> Response:
        """The answer to one request that arrived."""
        ...

    def dedupes(self, sent: Sent) -> bool:
        """Whether the same request twice has one effect."""
        ...


class Watcher(Protocol):
    """Who looks at every request and every answer."""

    def leaving(self, sent: Sent) -> None: ...
    def heard(self, sent: Sent, outcome: Response | Exception) -> None: ...
    def dropped(self, sent: Sent) -> None: ...


class Network:
    """Carries requests to parties."""

    def __init__(
        self, loop: SimulatedLoop, random: Random, watcher: Watcher, tell: Callable[..., None]
    ) -> None:
        self._loop = loop
        self._random = random
        self._watcher = watcher
        self._tell = tell
        self.parties: dict[str, Party] = {}
        self._coming: dict[Process, list[Sent]] = {}

    def client(self, system: str, timeout_s: float) -> Line:
        """A line to one party, for one hub process."""
        return Line(self, system, timeout_s)

    async def carry(self, sent: Sent, timeout_s: float) -> Response:
        """One request and its complete answer. Raises TryLater, InDoubt."""
        self._loop.guarded(self._watcher.leaving, sent)
        future: asyncio.Future[Response] = self._loop.create_future()
        self._cast(sent, future, timeout_s)
        try:
            answer = await future
        except (TryLater, InDoubt) as fault:
            self._loop.guarded(self._watcher.heard, sent, fault)
            raise
        except asyncio.CancelledError:  # a term that was lost ends at once
            self._loop.guarded(self._watcher.dropped, sent)
            raise
        self._loop.guarded(self._watcher.heard, sent, answer)
        return answer

    def died(self, process: Process) -> None:
        """A process is dead: what it had sent arrives about now, or not long after."""
        for sent in self._coming.pop(process, ()):
            lateness_s = self._random.random() * self.parties[sent.system].late_s
            self._loop.in_world(lateness_s, self._arrives, sent, "", None)

    # -- fates -----------------------------------------------------------------

    def _cast(self, sent: Sent, future: asyncio.Future[Response], timeout_s: float) -> None:
        party, draw, later = self.parties[sent.system], self._random, self._loop.in_world
        weather = party.weather
        latest_s = timeout_s * 0.9
        there_s = min(draw.uniform(0.0005, 0.02) + draw.random() * weather.slow_s, latest_s)
        fate = self._fate(weather, sent.method)
        if fate == "twice" and not party.dedupes(sent):
            fate = "answer_lost"  # a second one would be nobody's fault but the network's
        sent.fate = fate
        if fate != "through":
            self._tell("net", sent.system, fate, sent.method, sent.path, sent.key)
        match fate:
            case "refused":
                later(there_s, _set, future, TryLater(f"{sent.system} cannot be reached"))
                return
            case "lost":
                pass
            case "late":
                lateness_s = draw.random() * party.late_s
                self._coming.setdefault(sent.process, []).append(sent)
                later(timeout_s + lateness_s, self._late, sent)
            case "answer_lost":
                later(min(there_s, timeout_s / 2), self._arrives, sent, "", None)
            case "reset":
                broke = InDoubt(f"{sent.system} gave no complete answer: connection reset")
                later(there_s, _set, future, broke)
                if draw.random() < 0.6:
                    later(draw.random() * (there_s + party.late_s), self._arrives, sent, "", None)
                return
            case "twice":
                later(there_s, self._arrives, sent, "", future)
                later(draw.random() * 2, self._arrives, sent, "", None)
            case _:
                later(there_s, self._arrives, sent, fate, future)
        given_up = InDoubt(f"{sent.system} gave no complete answer within {timeout_s:g} s")
        later(timeout_s, _set, future, given_up)

    def _fate(self, weather: Weather, method: str) -> str:
        if weather.down:
            return "refused" if weather.down == "refused" else "lost"
        at = self._random.random()
        for name in (
            "refused", "lost", "late", "answer_lost", "reset", "twice", "garbled", "busy", "unavailable",
            "broken", "nameless",
        ):  # fmt: skip
            at -= getattr(weather, name)
            if at < 0:
                # A question that arrives late or twice is only noise.
                return "lost" if method == "GET" and name in {"late", "twice"} else name
        return "through"

    def _late(self, sent: Sent) -> None:
        coming = self._coming.get(sent.process, [])
        if sent in coming:  # else its process died, and it arrived then
            coming.remove(sent)
            self._arrives(sent, "", None)

    def _arrives(self, sent: Sent, fate: str, future: asyncio.Future[Response] | None) -> None:
        party = self.parties[sent.system]
        answer = party.handle(sent, fate if fate != "through" else "")
        if future is not None:
            back_s = self._random.uniform(0.0005, 0.02) + self._random.random() * party.weather.slow_s
            self._loop.in_world(back_s, _set, future, answer)


class Line:
    """The client of one system in one hub process: what the kit guards."""

    def __init__(self, network: Network, system: str, timeout_s: float) -> None:
        self._network = network
        self._system = system
        self._timeout_s = timeout_s

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """One request through the network of the world."""
        lower = {name.lower(): value for name, value in (headers or {}).items()}
        sent = Sent(
            PROCESS.get(), self._system, method, path, body, lower, asyncio.get_running_loop().time(),
            lower.get("idempotency-key", ""), int(lower.get("crossdock-attempt", 0)),
        )  # fmt: skip
        return await self._network.carry(sent, self._timeout_s)

    async def close(self) -> None:
        """Nothing is held open."""


def _set(future: asyncio.Future[Response], outcome: Response | Exception) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
