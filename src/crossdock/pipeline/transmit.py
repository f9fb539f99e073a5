"""One sending: the dialogue with a target, and what its outcome makes of the transmission."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Protocol, TypeVar

import msgspec
import structlog

from crossdock.charter.charter import System
from crossdock.faults import Fault, InDoubt, Invalid, TryLater
from crossdock.journal.chain import partition_of
from crossdock.journal.changes import Changes
from crossdock.journal.contract import StoreDown
from crossdock.kit.breaker import back_off_s
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job, Unclear, Writer
from crossdock.kit.http import Client
from crossdock.message.records import Entry, Transmission
from crossdock.message.states import EntryKind
from crossdock.pipeline.lanes import Flight
from crossdock.pipeline.report import reads_json

Step = TypeVar("Step")

_log = structlog.get_logger("crossdock.target")

_encode = msgspec.json.Encoder().encode
#: Requests of one dialogue; more means that a connector talks in circles.
STEPS_MAX = 60
#: However long a target asks us to wait, it is asked again after this.
WAIT_MAX_S = 900.0
#: Bytes of an answer that are kept.
ANSWER_MAX = 65_536


class DoubtGuard(Protocol):
    """How an unclear outcome is settled."""

    def way(self, unclear: Unclear) -> tuple[Unclear, int]:
        """The way to settle it, and by how much the round rises (a new key)."""
        ...


class NeverGuess:
    """The guard of promise P4: the flow's own way, and never a new key for what may have arrived."""

    def way(self, unclear: Unclear) -> tuple[Unclear, int]:
        """As the flow says."""
        return unclear, 0


@dataclass(slots=True)
class Outcome:
    """What came of one sending."""

    done: Done | None = None
    fault: Fault | None = None
    answer: Answer | None = None


class Sender:
    """Speaks with one target through its writers."""

    def __init__(self, system: System, client: Client, store: Callable[[Flight, Ask], Any]) -> None:
        self._system = system
        self._client = client
        self._store = store

    async def send(self, flight: Flight, writer: Writer, job: Job) -> Outcome:
        """Carries out the dialogue of one flight; never raises a Fault, gives it."""
        exchanges: list[Exchange] = []
        ask = flight.ask
        asked = ask
        try:
            if ask is None:
                step = writer.step(job, ())
                if isinstance(step, Done):
                    return Outcome(done=step)
                ask = asked = step
            while True:
                answer = await self._ask(ask, flight.t)
                exchanges.append(Exchange(ask, answer))
                asked = ask
                step = _understood(lambda: writer.step(job, exchanges))
                if isinstance(step, Done):
                    return Outcome(done=step, answer=answer)
                if len(exchanges) >= STEPS_MAX:
                    raise Invalid(f"the connector asked {STEPS_MAX} times without coming to an end")
                ask = asked = step
                if not ask.safe:
                    await self._store(flight, ask)
        except InDoubt as fault:
            last = exchanges[-1].answer if exchanges else None
            if asked is not None and asked.safe:
                # A question that changes nothing may be asked again.
                return Outcome(fault=TryLater(fault.says), answer=last)
            return Outcome(fault=fault, answer=last)
        except Fault as fault:
            return Outcome(fault=fault, answer=exchanges[-1].answer if exchanges else None)

    async def find(self, flight: Flight, writer: Writer, job: Job, ask: Ask) -> Outcome:
        """Asks whether the target has it. No done and no fault: it has not."""
        try:
            answer = await self._ask(ask, flight.t, find=True)
            return Outcome(done=_understood(lambda: writer.found(job, answer)), answer=answer)
        except InDoubt as fault:
            return Outcome(fault=TryLater(fault.says))
        except Fault as fault:
            return Outcome(fault=fault)

    async def _ask(self, ask: Ask, t: Transmission, *, find: bool = False) -> Answer:
        headers = ask.headers if find else {**ask.headers, "crossdock-attempt": str(t.attempt)}
        response = await self._client.send(ask.method, ask.path, body=ask.body, headers=headers)
        return Answer(response.status, response.body, response.headers)


def _understood(read: Callable[[], Step]) -> Step:
    """What the writer makes of an answer. One over which it stumbles says nothing: raises InDoubt."""
    try:
        return read()
    except (Fault, StoreDown):
        raise
    except Exception as error:  # ends in a doubt: it may have been taken
        _log.exception("an answer could not be understood")
        says = f"the connector could make nothing of the answer: {type(error).__name__}: {error}"
        raise InDoubt(says) from error


def in_words(ask: Ask) -> str:
    """What a request does, as the order's story tells it."""
    return ask.says or f"{ask.method} {ask.path}"


def request_json(ask: Ask, key: str | None = None) -> str:
    """The request as the store keeps it beside its body; `key` where it goes under that of another delivery."""
    request = (ask.method, ask.path, ask.headers)
    return _encode(request if key is None else (*request, key)).decode()


def request_again(request: str | None, key: str) -> str:
    """A stored request that goes again under its key; None: one that is rendered yet, and goes under it."""
    stored: list[Any] = json.loads(request) if request is not None else ["", "", {}]
    method, path, headers, *_ = stored
    return _encode((method, path, headers, key)).decode()


def request_from(text: str, body: bytes) -> Ask:
    """The exact request of a round, from the store."""
    method, path, headers, *_ = json.loads(text)
    return Ask(method, path, body, headers)


def entry_of(t: Transmission, kind: EntryKind, says: str, **more: Any) -> Entry:
    """A ledger entry about a transmission."""
    return Entry(
        kind,
        system=t.target,
        origin=t.origin,
        message=t.message,
        transmission=t.id,
        attempt=t.attempt or None,
        root=t.root,
        says=says,
        partition=partition_of(t.key),
        **more,
    )


def answered(t: Transmission, outcome: Outcome, changes: Changes, says: str) -> Entry:
    """The entry that tells of an answer, with its bytes."""
    entry = entry_of(t, EntryKind.answered, says)
    if outcome.answer is not None and outcome.answer.body:
        entry.payload, entry.digest = changes.payload(outcome.answer.body[:ANSWER_MAX])
    if outcome.done is not None:
        entry.reads = reads_json(outcome.done.reads)
    return entry


def next_due_ms(
    t: Transmission, fault: TryLater, system: System, random: Random, now_ms: int, closed_ms: int = 0
) -> int | None:
    """When a transmission goes again; None when its time is over. `closed_ms` of that time did not count."""
    limits = system.limits
    wait_s = back_off_s(
        max(t.attempt, 1), first_s=limits.retry_first_s, max_s=limits.retry_max_s, random=random
    )
    if fault.wait_s is not None:
        wait_s = min(max(fault.wait_s, wait_s if fault.wait_s == 0 else fault.wait_s), WAIT_MAX_S)
    over_ms = t.first_ms + int(limits.retry_for_s * 1000) + closed_ms
    return None if now_ms >= over_ms else min(now_ms + int(wait_s * 1000), over_ms)


def new_round(t: Transmission, rise: int) -> None:
    """A new round has a new key and no body yet."""
    if rise:
        t.round += rise
        t.payload = t.request = None


def by_key(ask: Ask, job: Job) -> bool:
    """Whether a question looks for a document by the key of its round."""
    return job.key in ask.path or job.key.encode() in ask.body or job.key in ask.headers.values()


def settling(job: Job) -> Job:
    """The same job, known to be in doubt."""
    return replace(job, settling=True)
