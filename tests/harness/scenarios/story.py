"""What the hub tells about one order: a story without gaps, down to the bytes on both sides."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from tests.harness.arrivals import Arrival
from tests.harness.hub import View
from tests.harness.orders import Order
from tests.harness.outcome import Outcome
from tests.harness.scenarios.duplicates import post
from tests.harness.site import Plan
from tests.harness.stage import stage

KINDS = frozenset({
    "accepted", "repeated", "translated", "decided", "due", "sent", "answered", "doubted", "settled", "superseded",
    "incident", "act",
})  # fmt: skip
MEMBERS = frozenset({"position", "at", "kind", "says", "charter", "code"})
REST_WAIT_S = 120.0


async def run(folder: Path) -> Outcome:
    """An order that is repeated, busy once, doubted once and found: its trace names every step and every byte."""
    outcome = Outcome("the story of one order")
    async with stage(folder, Plan(on_unclear="find"), dials={"dedupe": False}) as world:
        order = Order(1, "C1", 1)
        await world.target.turn(busy_rate=1.0)
        await post(world, order.body())
        await world.target.until(bool)
        await world.target.turn(busy_rate=0.0, vanish_rate=1.0, vanish_how="500")
        await world.target.until(lambda arrivals: any(arrival.applied for arrival in arrivals))
        await world.target.turn(vanish_rate=0.0)
        await post(world, order.body())
        await world.settled(REST_WAIT_S, accepted=1)
        view = world.view()
        trace = await view.trace(order.number)
        if trace is None:
            outcome.problems.append("no trace")
            return outcome
        arrivals = await world.target.arrivals()
        outcome.rows.append(("told", " ".join(entry["kind"] for entry in trace["entries"])))
        outcome.problems += _shape(trace)
        outcome.problems += await _bytes(view, trace, order, arrivals)
    return outcome


def _shape(trace: dict[str, Any]) -> list[str]:
    entries = trace["entries"]
    kinds = [entry["kind"] for entry in entries]
    positions = [entry["position"] for entry in entries]
    wrong = [
        f"no kind {kind!r}"
        for kind in ("accepted", "repeated", "translated", "due", "doubted")
        if kind not in kinds
    ]
    wrong += [f"unknown kinds {sorted(set(kinds) - KINDS)}"] if set(kinds) - KINDS else []
    wrong += ["positions do not ascend"] if positions != sorted(set(positions)) else []
    wrong += [f"an entry without {MEMBERS - set(one)}: {one}" for one in entries if set(one) < MEMBERS]
    ids = {(one["system"], one["id"]) for one in trace["ids"]}
    wrong += [f"ids {ids}"] if ids != {("shop", "SO-000001"), ("wms", "W700000")} else []
    read = {one["what"] for entry in entries for one in entry.get("reads") or ()}
    wrong += [f"reads {read}"] if "crosswalk ship_method" not in read else []
    return wrong


async def _bytes(view: View, trace: dict[str, Any], order: Order, arrivals: list[Arrival]) -> list[str]:
    """Every body that is mentioned can be had, and is what the shop sent and the target got."""
    wrong: list[str] = []
    kept: dict[str, list[bytes]] = {}
    for entry in trace["entries"]:
        if (told := entry.get("bytes")) is not None:
            body = await view.bytes(told["href"])
            if (hashlib.sha256(body).hexdigest(), len(body)) != (
                told["sha256"].removeprefix("sha256:"),
                told["length"],
            ):
                wrong.append(f"bytes of {entry['kind']} are not as told: {told}")
            kept.setdefault(entry["kind"], []).append(body)
    if kept.get("accepted") != [order.body()]:
        wrong.append("the accepted bytes are not those that the shop sent")
    if kept.get("sent") != [arrival.body for arrival in arrivals]:
        wrong.append(f"{len(kept.get('sent', []))} sent bodies told, {len(arrivals)} arrived, not the same")
    attempts = [str(entry.get("attempt")) for entry in trace["entries"] if entry["kind"] == "sent"]
    if attempts != [arrival.attempt for arrival in arrivals]:
        wrong.append(f"attempts told {attempts}, arrived {[arrival.attempt for arrival in arrivals]}")
    return wrong
