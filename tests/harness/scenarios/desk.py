"""A person at the desk: doubts settled, codes added, values mended, orders given up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.harness.arrivals import Arrival
from tests.harness.hub import make_key
from tests.harness.orders import Order, write
from tests.harness.outcome import Outcome
from tests.harness.scenarios.duplicates import post
from tests.harness.site import Plan
from tests.harness.stage import Stage, stage

REST_WAIT_S = 120.0


async def act(world: Stage, incident: str, name: str, value: object) -> tuple[int, Any]:
    """One act with the operator's key: status and JSON."""
    client = world.client(await make_key(world.hub.site, role="operator"))
    reply = await client.ask("POST", f"/v1/incidents/{incident}/{name}", json.dumps(value).encode())
    await client.close()
    return reply.status, reply.json


async def doubts(folder: Path, decision: str, *, followers: int = 3) -> Outcome:
    """One order applied without an answer, its followers held, and a person who decides.

    `decision`: applied | not_applied | abandoned.
    """
    outcome = Outcome(f"a doubt settled by a person: {decision}")
    async with stage(folder, Plan(on_unclear="person")) as world:
        await world.target.turn(vanish_rate=1.0, vanish_how="500")
        orders = [Order(n, "C1", n) for n in range(1, followers + 2)]
        await post(world, orders[0].body())
        await world.settled(REST_WAIT_S, accepted=1)
        await world.target.turn(vanish_rate=0.0)
        for order in orders[1:]:
            await post(world, order.body())
        figures = await world.settled(REST_WAIT_S, accepted=len(orders))
        incidents = await world.view().incidents("type=in_doubt")
        arrivals = await world.target.arrivals()
        told = {
            "one arrival": len(arrivals) == 1,
            "followers held": figures["transmissions"]["held"] == followers,
            "one on the desk": figures["transmissions"]["desk"] == 1,
            "one incident": len(incidents) == 1,
            "members": [one["members"] for one in incidents] == [followers + 1],
        }
        outcome.problems += [
            f"not so: {name}: {figures['transmissions']} {incidents}" for name, ok in told.items() if not ok
        ]
        if incidents:
            value = {"outcome": decision, "reason": "looked it up at the warehouse"}
            status, answered = await act(world, incidents[0]["id"], "resolve", value)
            if status != 200 or answered["state"] == "open":
                outcome.problems.append(f"resolve: {status} {answered}")
        figures = await world.settled(REST_WAIT_S)
        _decided(outcome, decision, orders, await world.target.arrivals(), figures)
        if left := await world.view().incidents():
            outcome.problems.append(f"still open: {left}")
    return outcome


def _decided(
    outcome: Outcome,
    decision: str,
    orders: Sequence[Order],
    arrivals: Sequence[Arrival],
    figures: dict[str, Any],
) -> None:
    """What each decision must have led to: the target was asked to act again only where a person said so."""
    numbers = [arrival.number for arrival in arrivals]
    first, rest = orders[0].number, [order.number for order in orders[1:]]
    awaited = [first, *([first] if decision == "not_applied" else []), *rest]
    if numbers != awaited:
        outcome.problems.append(f"arrivals {numbers} instead of {awaited}")
    keys = [arrival.key for arrival in arrivals if arrival.number == first]
    rounds = [key.rpartition(".")[2] for key in keys]
    if decision == "not_applied" and (len(set(keys)) != 2 or int(rounds[1]) != int(rounds[0]) + 1):
        outcome.problems.append(f"the round did not rise: {keys}")
    closed = figures["transmissions"]["closed"]
    if closed != (decision == "abandoned"):
        outcome.problems.append(f"closed: {figures['transmissions']}")


async def unmapped(folder: Path, *, orders: int = 30) -> Outcome:
    """Many orders with one code that has no row: one incident; one row added, and all of them go."""
    outcome = Outcome("an unmapped code")
    async with stage(folder, Plan(order_by=None)) as world:
        made = [Order(n, "C1", n) for n in range(1, orders + 1)]
        for order in made:
            await post(world, write({**order.tree(), "shipMethod": "DRONE"}).encode())
        await world.settled(REST_WAIT_S, accepted=orders)
        incidents = await world.view().incidents()
        if [(one["type"], one["members"]) for one in incidents] != [("unmapped_code", orders)]:
            outcome.problems.append(f"incidents: {[(one['type'], one['members']) for one in incidents]}")
        row = {"crosswalk": "ship_method", "system": "shop", "theirs": "DRONE", "ours": "EXPRESS"}
        status, answered = await act(world, incidents[0]["id"], "fix", row)
        if status != 200:
            outcome.problems.append(f"fix: {status} {answered}")
        figures = await world.settled(REST_WAIT_S)
        effects = [a for a in await world.target.arrivals() if a.applied]
        services = {json.loads(a.body)["carrier_service"] for a in effects}
        outcome.rows += [("effects", len(effects)), ("services", services)]
        if len(effects) != orders or services != {"E9"} or figures["transmissions"]["done"] != orders:
            outcome.problems.append(f"{len(effects)} effects with {services}: {figures}")
        if left := await world.view().incidents():
            outcome.problems.append(f"still open: {[(one['type'], one['members']) for one in left]}")
    return outcome


async def rejected(folder: Path) -> Outcome:
    """The target says no; after a retry by a person it goes in a new round under a new key."""
    outcome = Outcome("a rejected order sent again by a person")
    async with stage(folder, Plan(), dials={"reject_rate": 1.0}) as world:
        order, follower = Order(1, "C1", 1), Order(2, "C1", 2)
        await post(world, order.body())
        await world.settled(REST_WAIT_S, accepted=1)
        await post(world, follower.body())
        await world.settled(REST_WAIT_S, accepted=2)
        await world.target.turn(reject_rate=0.0)
        incidents = await world.view().incidents()
        if [one["type"] for one in incidents] != ["rejected"]:
            outcome.problems.append(f"incidents: {incidents}")
        status, answered = await act(world, incidents[0]["id"], "retry", {})
        if status != 200:
            outcome.problems.append(f"retry: {status} {answered}")
        await world.settled(REST_WAIT_S)
        arrivals = await world.target.arrivals()
        told = [(a.number, a.key.rpartition(".")[2], a.attempt, a.outcome) for a in arrivals]
        awaited = [
            (order.number, "1", "1", "rejected"),
            (order.number, "2", "2", "done"),
            (follower.number, "1", "1", "done"),
        ]
        if told != awaited:
            outcome.problems.append(f"arrivals {told} instead of {awaited}")
        if left := await world.view().incidents():
            outcome.problems.append(f"still open: {left}")
    return outcome
