"""How each system stands: what may pass, how requests to it fare, and how much waits from it and for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossdock.charter.charter import Charter, System
from crossdock.journal.sql import flow
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.restored import handing_in
from crossdock.kit.guarded import ClientStanding, GuardedClient
from crossdock.message.gate import Direction
from crossdock.message.names import moment
from crossdock.message.states import TransmissionState
from crossdock.pipeline.bound import Bound
from crossdock.pipeline.gates import DRAINING, Gates, Shut

_S = TransmissionState
_MOVING = (_S.DUE, _S.SENDING, _S.RETRYING, _S.IN_DOUBT)
_STATES = (*_MOVING, _S.HELD, _S.DESK)
Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counted:
    """What one snapshot of the store tells: what waits, when the oldest of each was accepted, what drains."""

    waiting: Sequence[flow.Waiting]
    oldest_ms: Mapping[str, int]  #: by system that it came from
    left: Mapping[str, int]  #: by target whose way out is draining
    restored: Mapping[str, int]  #: by system that hands in again after a restore: when the backup was taken


def counted(connection: Connection, gates: Gates, systems: Iterable[str]) -> Counted:
    """Reads what `standing` shows."""
    waits = flow.waiting(connection)
    oldest: dict[str, int] = {}
    for one in waits:
        if one.state not in (_S.HELD.value, _S.DESK.value) or one.what != "transmissions":
            at_ms = flow.accepted_ms(connection, one)
            if at_ms is not None:
                oldest[one.origin] = min(at_ms, oldest.get(one.origin, at_ms))
    left = {
        name: flow.left_to_drain(connection, name, shut.upto)
        for name in systems
        if (shut := gates.shut(name, Direction.OUT)) is not None and shut.state == DRAINING
    }
    return Counted(waits, oldest, left, handing_in(connection))


def standing(
    charter: Charter, gates: Gates, found: Counted, bound: Mapping[str, Bound], now_ms: int,
    only: str | None = None, at_door: Mapping[str, int] | None = None,
) -> Tree:  # fmt: skip
    """The answer of GET /v1/systems; `bound` is empty where no hub runs, and `only` narrows to one system.

    `at_door` says how many requests of each system wait at the door of this process.
    """
    waits = at_door or {}
    items = [
        _one(charter, system, gates, found, bound.get(name), now_ms, waits.get(name, 0))
        for name, system in charter.systems.items()
        if only is None or name == only
    ]
    hub = {way.value: _hub_way(gates, charter, way) for way in Direction}
    return {"at": moment(now_ms), "hub": hub, "items": items}


def _hub_way(gates: Gates, charter: Charter, way: Direction) -> Tree:
    closed = (gates.by_hub(name, way) for name in charter.systems)
    return _shown(next((shut for shut in closed if shut is not None), None))


def _one(
    charter: Charter, system: System, gates: Gates, found: Counted, bound: Bound | None, now_ms: int, at_door: int
) -> Tree:  # fmt: skip
    name = system.name
    sends = [one for one in found.waiting if one.what == "transmissions"]
    from_it = [one for one in found.waiting if one.origin == name]
    under_way = sum(
        one.count for one in from_it if one.what != "transmissions" or one.state in _values(_MOVING)
    )
    into = gates.shut(name, Direction.IN)
    out = gates.shut(name, Direction.OUT)
    tree: Tree = {
        "system": name,
        "connector": system.connector,
        "in": _way(into, under_way) if system.flows_in else None,
        "out": _way(out, found.left.get(name, 0)) if system.flows_out else None,
        "when_closed": system.when_closed.value,
        "next_blackout": _next_blackout(charter, name, now_ms),
        "hands_in_again_since": moment(found.restored[name]) if name in found.restored else None,
        "from": {
            "captures": sum(one.count for one in from_it if one.what == "captures"),
            "messages": sum(one.count for one in from_it if one.what == "messages"),
            "transmissions": sum(one.count for one in from_it if one.what == "transmissions" and _moves(one)),
            "oldest_at": moment(found.oldest_ms[name]) if name in found.oldest_ms else None,
            "backlog_max": charter.backlog_max(name),
            "at_door": at_door,
        },
        "to": {
            state.name.lower(): sum(
                one.count for one in sends if one.target == name and one.state == state.value
            )
            for state in _STATES
        },
        "calls": None,
    }
    if bound is not None and isinstance(bound.client, GuardedClient):
        tree["calls"] = _calls(system, bound.client.standing(), now_ms)
    return tree


def _moves(one: flow.Waiting) -> bool:
    return one.state in _values(_MOVING)


def _values(states: Iterable[TransmissionState]) -> frozenset[int]:
    return frozenset(state.value for state in states)


# -- ways ------------------------------------------------------------------------


def _way(shut: Shut | None, left: int) -> Tree:
    """One way of a system; a draining one tells how much has still to pass."""
    tree = _shown(shut)
    if shut is not None and shut.state == DRAINING:
        tree["left"] = left
        tree["state"] = DRAINING if left else "drained"
    return tree


def _shown(shut: Shut | None) -> Tree:
    if shut is None:
        return {"state": "open"}
    return {
        "state": shut.state,
        "since": moment(shut.since_ms),
        "until": moment(shut.until_ms) if shut.until_ms is not None else None,
        "by": shut.who or None,
        "reason": shut.reason or None,
        "whole_hub": shut.whole_hub,
        "says": shut.says,
    }


def _next_blackout(charter: Charter, name: str, now_ms: int) -> Tree | None:
    """The first blackout that has not begun yet, whichever way it closes."""
    found = [
        (ahead.from_ms, {"way": way.value, "from": moment(ahead.from_ms), "until": moment(ahead.to_ms)})
        for way in Direction
        if (ahead := charter.calendar(name, way.value).next_after(now_ms)) is not None
    ]
    return min(found, key=lambda one: one[0])[1] if found else None


# -- requests --------------------------------------------------------------------


def _calls(system: System, client: ClientStanding, now_ms: int) -> Tree:
    breaker, learned = client.breaker, client.learned

    def at(clock_s: float) -> str:
        return moment(now_ms - int(max(client.at_s - clock_s, 0.0) * 1000))

    return {
        "in_flight": client.in_flight,
        "concurrency": system.limits.concurrency,
        "rate_per_s": system.limits.rate_per_s,
        "learned_per_s": round(learned.per_s, 3) if learned and learned.per_s is not None else None,
        "lesson": learned.lesson.value if learned else None,
        "throttled": learned.throttled if learned else None,
        "throttled_at": at(learned.since_s) if learned and learned.throttled else None,
        "held_s": round(client.held_s, 3),
        "breaker": {
            "state": breaker.state.value,
            "since": at(breaker.since_s) if breaker.opened else None,
            "failures": breaker.failures,
            "opened": breaker.opened,
            "probes": breaker.probes,
            "probes_good": breaker.probes_good,
            "probes_needed": system.limits.breaker_probes,
            "next_probe_s": round(breaker.wait_s, 3),
            "says": breaker.says or None,
        },
    }
