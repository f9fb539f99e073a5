"""Pause, resume and drain: what an operator does to the ways into and out of systems, durable before it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import msgspec

from crossdock.faults import Invalid
from crossdock.journal.chain import partition_of
from crossdock.journal.contract import Journal
from crossdock.message.four_eyes import FourEyes, Kind, OnePair, second
from crossdock.message.gate import HUB, Direction, GateAct, GateMove
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.message.whence import WHENCE

_REASON_MAX = 1_000
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Order:
    """What shall be done to which ways, and why."""

    move: GateMove
    directions: tuple[Direction, ...]
    reason: str


class Gatekeeper(Protocol):
    """What is told of an act once it is durable."""

    def gates_changed(self) -> None:
        """Ways were opened or closed; the store knows which."""
        ...


def read(move: str, body: Any) -> Order:
    """The order in a request. Raises Invalid with the path of what is wrong."""
    if move not in {one.value for one in GateMove}:
        names = ", ".join(one.value for one in GateMove)
        raise Invalid(f"there is no act {move}", path="act", value=move, fix=f"one of: {names}")
    if not isinstance(body, dict):
        raise Invalid("the body is no object", fix='send {"direction": "out", "reason": "stocktake"}')
    given = cast("Mapping[str, Any]", body)
    for name in given:
        if name not in {"direction", "reason"}:
            raise Invalid(f"{name} is not known here", path=name, fix="send direction and reason")
    direction, reason = given.get("direction") or "both", given.get("reason") or ""
    if direction not in ("in", "out", "both"):
        raise Invalid(
            f"{direction} is no direction", path="direction", value=direction, fix="in, out or both"
        )
    if not isinstance(reason, str) or len(reason) > _REASON_MAX:
        says = f"a reason is a text of at most {_REASON_MAX} characters"
        raise Invalid(says, path="reason", fix="write it in a few words")
    if not reason.strip() and move != GateMove.RESUME.value:
        raise Invalid(
            "a reason is missing",
            path="reason",
            fix="say why; whoever waits reads it, and the ledger keeps it",
        )
    directions = tuple(Direction) if direction == "both" else (Direction(direction),)
    return Order(GateMove(move), directions, " ".join(reason.split()))


class Operator:
    """Opens and closes ways. Doing what is done already changes nothing and is no mistake."""

    def __init__(
        self, journal: Journal, keeper: Gatekeeper, now_ms: Callable[[], int], systems: Collection[str],
        *, eyes: FourEyes | None = None,
    ) -> None:  # fmt: skip
        """`eyes` says whether two people must want it."""
        self._eyes = eyes or OnePair()
        self._journal = journal
        self._keeper = keeper
        self._now_ms = now_ms
        self._systems = systems
        self._acting = asyncio.Lock()

    def knows(self, system: str) -> bool:
        """Whether a way can be named so."""
        return system == HUB or system in self._systems

    async def act(self, system: str, order: Order, *, who: str) -> Sequence[GateAct]:
        """Carries out an order on a system, or on HUB; gives what it changed. Raises Asked, StoreDown."""
        ways = [one.value for one in order.directions]
        body = {"direction": "both" if len(ways) > 1 else ways[0], "reason": order.reason}
        await self._eyes.must_agree(
            Kind.GATES, f"gate/{order.move.value}", system, body, who=who,
            says=lambda: f"{order.move.value} {system or 'the hub'} ({body['direction']}): {order.reason}",
        )  # fmt: skip
        async with self._acting:
            last = {(act.system, act.direction): act for act in self._journal.gate_acts()}
            changes, done = self._journal.changes(), list[GateAct]()
            for direction in order.directions:
                before = last.get((system, direction))
                if before is None and order.move is GateMove.RESUME:
                    continue
                if before is not None and (before.move, before.reason) == (order.move, order.reason):
                    continue
                if before is not None and before.move is order.move is GateMove.RESUME:
                    continue
                now_ms = max(self._now_ms(), before.at_ms + 1 if before else 0)
                act = GateAct(
                    self._journal.next_id(), system, direction, order.move, who, order.reason, now_ms
                )
                changes.entry(_entry(act, before), ("insert_gate_act", self._row(act), None))
                done.append(act)
            if done:
                await self._journal.submit(changes)
                self._keeper.gates_changed()
            return done

    def _row(self, act: GateAct) -> tuple[Any, ...]:
        return (
            act.id, self._journal.scope, act.system, act.direction.value, act.move.value, act.who, act.reason,
            act.at_ms,
        )  # fmt: skip


def _entry(act: GateAct, before: GateAct | None) -> Entry:
    """The line of the ledger: who did what to which way, and why."""
    what = act.system or "the hub"
    done = {GateMove.PAUSE: "paused", GateMove.DRAIN: "is draining", GateMove.RESUME: "resumed"}[act.move]
    why = f": {act.reason}" if act.reason else ""
    detail = {
        "who": act.who,
        "act": act.move.value,
        "from": WHENCE.get(),
        "before": before.move.value if before else None,
        "given": {"direction": act.direction.value, "reason": act.reason},
    } | second()
    return Entry(
        EntryKind.act,
        system=act.system,
        says=f"{act.who} {done} {what} ({act.direction.value}){why}",
        detail=_encode(detail).decode(),
        partition=partition_of(f"gate/{act.system}"),
    )
