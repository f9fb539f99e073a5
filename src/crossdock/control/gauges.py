"""Figures of this moment about each system: what waits, what is closed, how requests to it fare."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.control.courtesy import Courtesy
from crossdock.control.metrics import Gauge
from crossdock.kit.adaptive import Lesson
from crossdock.kit.breaker import BreakerState
from crossdock.kit.guarded import ClientStanding, GuardedClient
from crossdock.message.gate import Direction
from crossdock.pipeline.bound import Context


def system_gauges(context: Context) -> dict[str, Gauge]:
    """The gauges of the systems of a running hub, by name; one value for each system."""
    gates = context.gates
    standing = dict(_standing(context))
    gauges = {
        f"crossdock_{way.value}_closed": Gauge(
            f"1 while what a system {'sends' if way is Direction.IN else 'gets'} is paused, drained or in a blackout.",
            {name: float(gates.shut(name, way) is not None) for name in context.charter.systems},
            label="system",
        )
        for way in Direction
    }
    backlogs = {name: float(count) for name, count in context.backlogs().items()}
    gauges["crossdock_backlog"] = Gauge("Documents of a system under way.", backlogs, label="system")
    for name, says, value in (
        ("crossdock_breaker_open", "1 while a system does not answer and is only probed.", _open),
        ("crossdock_breaker_opened_total", "How often a system was found not to answer.", _opened),
        ("crossdock_calls_under_way", "Requests to a system without an answer yet.", _in_flight),
        ("crossdock_throttled_total", "Answers of a system that asked for a slower pace.", _throttled),
        ("crossdock_learned_per_s", "The slower pace that a system taught us; 0: none.", _learned),
    ):
        gauges[name] = Gauge(says, {system: value(one) for system, one in standing.items()}, label="system")
    if context.restored.all:
        gauges["crossdock_restored"] = Gauge(
            "1 while a system hands in again what a restored store has lost.",
            {one.system: float(one.ended_id is None) for one in context.restored.all},
            label="system",
        )
    return gauges


def flood_gauge(courtesy: Courtesy) -> dict[str, Gauge]:
    """What waits at the doors so that others need not."""
    says = "Requests of a system that wait at its door, because it floods or the store is slow."
    values = {name: float(count) for name, count in courtesy.waiting().items()}
    return {"crossdock_door_waiting": Gauge(says, values, label="system")}


def _standing(context: Context) -> Iterator[tuple[str, ClientStanding]]:
    for name, bound in context.systems.items():
        if isinstance(bound.client, GuardedClient):
            yield name, bound.client.standing()


def _open(one: ClientStanding) -> float:
    return float(one.breaker.state is not BreakerState.CLOSED)


def _opened(one: ClientStanding) -> float:
    return float(one.breaker.opened)


def _in_flight(one: ClientStanding) -> float:
    return float(one.in_flight)


def _throttled(one: ClientStanding) -> float:
    return float(one.learned.throttled) if one.learned is not None else 0.0


def _learned(one: ClientStanding) -> float:
    if one.learned is None or one.learned.lesson is not Lesson.LEARNED:
        return 0.0
    return one.learned.per_s or 0.0
