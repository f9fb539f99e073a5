"""Systems: how each stands, and pause, resume and drain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from crossdock.access.roles import Right
from crossdock.console import today
from crossdock.console.clock import ms_of
from crossdock.console.gate import Visit, not_found
from crossdock.console.table import as_csv
from crossdock.console.words import say
from crossdock.control.operate import read
from crossdock.journal.sql import tail
from crossdock.message.gate import HUB

Tree = Mapping[str, Any]
MOVING = ("due", "sending", "retrying", "in_doubt")


async def page(visit: Visit) -> Response:
    """All systems in scope."""
    tree, rates = await today.standing(visit.shown), await today.rates(visit.shown)
    items = [one for one in tree["items"] if visit.scope.has(one["system"])]
    if visit.asked("as") == "csv":
        return _csv(items)
    heard = await _heard(visit, [one["system"] for one in items if one["in"] is not None])
    return visit.page(
        "systems.html", items=items, rates=rates, heard=heard, hub=tree["hub"], says=_says(items), picked=None,
        words=words, ms_of=ms_of, moving=MOVING, whole=visit.may(Right.GATE) and visit.scope.everything,
    )  # fmt: skip


async def one(visit: Visit) -> Response:
    """One system."""
    name = visit.request.path_params["system"]
    tree, rates = await today.standing(visit.shown), await today.rates(visit.shown)
    item = next((one for one in tree["items"] if one["system"] == name), None)
    if item is None or not visit.scope.has(name):
        return not_found(visit, say("system.none", name=name[:60]), say("system.none_fix"))
    heard = await _heard(visit, [name])
    return visit.page(
        "system.html", item=item, system=visit.shown.hub.charter.systems[name], rates=rates, heard=heard.get(name),
        words=words, ms_of=ms_of, moving=MOVING, done=visit.asked("done"), may=visit.may(Right.GATE),
        asked=visit.asked("act"),
    )  # fmt: skip


async def act(visit: Visit) -> Response:
    """Pauses, resumes or drains one system, or all of them where none is named."""
    name, move = visit.request.path_params.get("system"), visit.request.path_params["act"]
    if name is None and not visit.scope.everything:
        return visit.page("refused.html", 403, says=say("refused.scope"), fix=say("refused.role_fix"))
    if name is not None and (name not in visit.shown.hub.charter.systems or not visit.scope.has(name)):
        return not_found(visit, say("system.none", name=name[:60]), say("system.none_fix"))
    body = {"direction": visit.form.get("direction", "both"), "reason": visit.form.get("reason", "")}
    await visit.shown.running.operator.act(name or HUB, read(move, body), who=visit.who.person.name)
    visit.shown.looks.forget()
    return visit.to(f"/systems/{name}?done={move}" if name else f"/systems?done={move}")


async def _heard(visit: Visit, names: list[str]) -> dict[str, int | None]:
    """When each system was last heard."""

    async def look() -> dict[str, int | None]:
        journal = visit.shown.hub.journal
        return await journal.view(lambda c: {name: tail.last_heard(c, name) for name in names})

    return await visit.shown.looks.look(f"heard {names}", look, every_s=2)


def words(item: Tree) -> tuple[str, str]:
    """The state of a system as a class of its looks and a word."""
    calls = item["calls"]
    if calls is not None and calls["breaker"]["state"] != "closed":
        return "bad", say("state.down")
    for way in ("in", "out"):
        if item[way] is not None and item[way]["state"] != "open":
            return "wait", say(f"state.{item[way]['state']}")
    if item["to"]["desk"]:
        return "wait", say("state.desk")
    return "fine", say("state.open")


def _says(items: list[Tree]) -> str:
    told = [(one["system"], words(one)) for one in items]
    desk = [name for name, word in told if word == ("wait", say("state.desk"))]
    shut = [name for name, word in told if word[0] != "fine" and name not in desk]
    first = (
        say("systems.trouble", count=len(shut), names=", ".join(shut))
        if shut
        else say("systems.fine", count=len(items))
    )
    return f"{first} {say('systems.desk', names=', '.join(desk))}" if desk else first


def _csv(items: list[Tree]) -> Response:
    head = (
        "system",
        "connector",
        "state",
        "from it",
        *(f"to it: {name}" for name in (*MOVING, "held", "desk")),
    )
    return as_csv("systems", head, (
        (one["system"], one["connector"], words(one)[1],
         one["from"]["captures"] + one["from"]["messages"] + one["from"]["transmissions"],
         *(one["to"][name] for name in (*MOVING, "held", "desk")))
        for one in items
    ))  # fmt: skip
