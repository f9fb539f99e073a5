"""The same order again: as a repeat, as other content, as a revision, as an older version."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.harness.orders import Digits, Order, read, write
from tests.harness.outcome import Outcome
from tests.harness.sender import INTAKE
from tests.harness.site import Plan
from tests.harness.stage import Stage, stage
from tests.harness.verdict import right
from tests.harness.wire import Reply

PROBLEM_MEMBERS = ("title", "status", "detail", "fix")  #: `type` may be left out and is then about:blank
REST_WAIT_S = 120.0


async def post(world: Stage, body: bytes, key: str | None = None) -> Reply:
    """One post over a connection of its own."""
    client = world.client()
    reply = await client.ask("POST", INTAKE, body, {"Idempotency-Key": key} if key else {})
    await client.close()
    return reply


def not_a_problem(reply: Reply, status: int) -> list[str]:
    """What keeps an answer from being the problem document (RFC 9457) of that status."""
    if reply.status != status:
        return [f"status {reply.status} instead of {status}: {reply.body[:300]!r}"]
    if (reply.header("content-type") or "").split(";")[0] != "application/problem+json":
        return [f"content type {reply.header('content-type')}"]
    told = reply.json
    wrong = [f"no member {name!r}" for name in PROBLEM_MEMBERS if name not in told]
    return wrong + ([f"says status {told.get('status')}"] if told.get("status") != status else [])


def _repeat(first: Reply, again: Reply) -> list[str]:
    wrong = (
        [] if (again.status, again.body) == (202, first.body) else [f"{again.status} {again.body[:200]!r}"]
    )
    return wrong + ([] if again.header("crossdock-duplicate") == "true" else ["no mark of a duplicate"])


async def at_once(folder: Path, *, times: int = 50, headed: bool = True) -> Outcome:
    """The same order over `times` connections at the same time."""
    outcome = Outcome(f"the same order {times} times at once, header: {headed}")
    async with stage(folder, Plan()) as world:
        order = Order(1, "C1", 1)
        key = "one" if headed else None
        replies = await asyncio.gather(*(post(world, order.body(), key) for _ in range(times)))
        figures = await world.settled(REST_WAIT_S, accepted=1)
        effects = [a for a in await world.target.arrivals() if a.applied]
        bodies = {reply.body for reply in replies}
        marked = sum(reply.header("crossdock-duplicate") == "true" for reply in replies)
        outcome.rows += [("effects", len(effects)), ("different bodies", len(bodies)), ("marked", marked)]
        told = {
            "statuses": {reply.status for reply in replies} == {202}, "one body": len(bodies) == 1,
            "all but one marked": marked == times - 1, "one effect": len(effects) == 1,
            "right body": all(right(effect, order) for effect in effects),
            "one capture": figures["captures"]["accepted"] == 1,
            "repeats counted": figures["outside"]["repeats"] == times - 1,
        }  # fmt: skip
        outcome.problems += [f"not so: {name}" for name, true in told.items() if not true]
        return outcome


async def other_content(folder: Path) -> Outcome:
    """Repeats in other clothes are repeats; other content is refused, and on the desk."""
    outcome = Outcome("other content under a known id or key")
    async with stage(folder, Plan()) as world:
        order = Order(1, "C1", 1)
        first = await post(world, order.body(), "one")
        tree = order.tree()
        dressed = {
            "other member order": write(dict(reversed(tree.items()))),
            "white space": json.dumps(json.loads(order.body()), indent=2),
            "ignored member": write({**tree, "sentAt": "2026-11-22T10:00:00Z"}),
            "other digits of one number": write(_redigited(tree)),
        }  # fmt: skip
        for name, text in dressed.items():
            outcome.problems += [
                f"{name}: {said}" for said in _repeat(first, await post(world, text.encode()))
            ]
        changed = Order(1, "C1", 1, change=1).body()
        for name, key in (("known id", None), ("known key", "one"), ("known id, new key", "two")):
            reply = await post(world, changed, key)
            outcome.problems += [f"{name}: {said}" for said in not_a_problem(reply, 409)]
        other = await post(world, Order(2, "C1", 2).body(), "one")
        outcome.problems += [f"known key, other id: {said}" for said in not_a_problem(other, 409)]
        incidents = await world.view().incidents("type=duplicate_conflict")
        numbers = {incident["number"] for incident in incidents}
        if "SO-000001" not in numbers:
            outcome.problems.append(f"no incident duplicate_conflict for SO-000001: {incidents}")
        # A refused request never occupies a key: the very same key takes a sound order afterwards.
        if (bad := await post(world, b"{", "three")).status != 400:
            outcome.problems.append(f"not JSON: {bad.status}")
        if (sound := await post(world, Order(3, "C1", 3).body(), "three")).status != 202:
            outcome.problems.append(f"a refused request keeps its key: {sound.status} {sound.body[:200]!r}")
        await world.settled(REST_WAIT_S, accepted=2)
        await _effects_are(world, outcome, [order, Order(3, "C1", 3)])
        return outcome


def _redigited(tree: dict[str, Any]) -> dict[str, Any]:
    """The same tree with one price written with more digits."""
    lines = [dict(line) for line in tree["lines"]]
    price = str(lines[0]["unitPrice"])
    lines[0]["unitPrice"] = Digits(price + ("00" if "." in price else ".00"))
    return {**tree, "lines": lines}


async def revisions(folder: Path) -> Outcome:
    """A, then B, then A again where changes are revisions: three effects in order; a repeat of the last is none."""
    outcome = Outcome("on_change: revise, A, B, A")
    async with stage(folder, Plan(on_change="revise")) as world:
        one, two = Order(1, "C1", 1), Order(1, "C1", 1, change=1)
        replies = [await post(world, order.body()) for order in (one, two, one)]
        captures = {reply.json.get("capture") for reply in replies}
        if {reply.status for reply in replies} != {202} or len(captures) != 3:
            outcome.problems.append(f"three revisions: {[(r.status, r.body) for r in replies]}")
        if any(reply.header("crossdock-duplicate") for reply in replies):
            outcome.problems.append("a revision is marked as a duplicate")
        outcome.problems += _repeat(replies[2], await post(world, one.body()))
        keyed = await post(world, Order(2, "C1", 2).body(), "key")
        outcome.problems += [] if keyed.status == 202 else [f"second order: {keyed.status}"]
        clash = await post(world, Order(2, "C1", 2, change=1).body(), "key")
        outcome.problems += [f"known key, other content: {said}" for said in not_a_problem(clash, 409)]
        await world.settled(REST_WAIT_S, accepted=4)
        await _effects_are(world, outcome, [one, two, one, Order(2, "C1", 2)])
        return outcome


async def versions(folder: Path) -> Outcome:
    """Versions from the sender: a newer one is sent, an older one that arrives late is superseded."""
    outcome = Outcome("versions by path")
    async with stage(folder, Plan(version="rev", on_change="revise")) as world:

        def version(n: int) -> Order:
            return Order(1, "C1", 1, change=n, extra=(("rev", n),))

        for n in (1, 3):
            if (reply := await post(world, version(n).body())).status != 202:
                outcome.problems.append(f"version {n}: {reply.status} {reply.body[:200]!r}")
            await world.settled(REST_WAIT_S, accepted=1)
        late = await post(world, version(2).body())
        if late.status != 202 or late.header("crossdock-duplicate"):
            outcome.problems.append(f"older version: {late.status} {late.body[:200]!r}")
        outcome.problems += _repeat(late, await post(world, version(2).body()))
        figures = await world.settled(REST_WAIT_S, accepted=3)
        if figures["messages"]["superseded"] != 1:
            outcome.problems.append(f"superseded: {figures['messages']}")
        missing = await post(world, Order(2, "C1", 2).body())
        outcome.problems += [f"no version: {said}" for said in not_a_problem(missing, 422)]
        await _effects_are(world, outcome, [version(1), version(3)])
        return outcome


async def _effects_are(world: Stage, outcome: Outcome, awaited: Sequence[Order]) -> None:
    """The target applied exactly these, in this order."""
    effects = [a for a in await world.target.arrivals() if a.applied]
    outcome.rows.append(("effects", len(effects)))
    if len(effects) != len(awaited):
        outcome.problems.append(f"{len(effects)} effects instead of {len(awaited)}")
    for n, (effect, order) in enumerate(zip(effects, awaited, strict=False), 1):
        if not right(effect, order):
            outcome.problems.append(
                f"effect {n} is {write(read(effect.body))} instead of {write(order.expected())}"
            )
