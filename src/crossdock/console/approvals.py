"""Approvals: what one person asked for and another may approve."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from crossdock.access.roles import Right
from crossdock.console.clock import ms_of
from crossdock.console.gate import Visit, not_found
from crossdock.console.paper import query
from crossdock.console.table import as_csv
from crossdock.console.words import say
from crossdock.faults import Fault
from crossdock.journal.contract import Overtaken

_VIEWS = ("open", "all")


async def page(visit: Visit) -> Response:
    """What waits, and what was decided."""
    return await _shown(visit)


async def _shown(visit: Visit, problem: Fault | Overtaken | None = None) -> Response:
    view = visit.asked("view") if visit.asked("view") in _VIEWS else "open"
    asked = visit.asked("asked")
    rows = [
        one
        for one in await visit.shown.running.approvals.listed(open_only=view == "open")
        if _sees(visit, one["asked_by"])
    ]
    if visit.asked("as") == "csv":
        names = (
            "id",
            "kind",
            "says",
            "state",
            "asked_by",
            "asked_at",
            "until",
            "decided_by",
            "decided_at",
            "reason",
        )
        return as_csv("approvals", names, ([one[name] for name in names] for one in rows))
    waiting = sum(one["state"] == "asked" for one in rows)
    status = 200 if problem is None else 409 if isinstance(problem, Overtaken) else 422
    return visit.page(
        "approvals.html", status, rows=rows, view=view, views=_VIEWS, asked=asked, problem=problem, ms_of=ms_of,
        says=say("approvals.says", count=waiting) if waiting else say("approvals.none"),
        me=visit.who.person.name, may=visit.may(Right.APPROVE) and visit.scope.everything,
        csv=query(view=view, **{"as": "csv"}), done=visit.asked("done"),
    )  # fmt: skip


def _sees(visit: Visit, asked_by: str) -> bool:
    """Somebody for some systems sees what they asked for themselves: a request may be about any of the others."""
    return visit.scope.everything or asked_by == visit.who.person.name


async def act(visit: Visit) -> Response:
    """Says yes or no to a request; its asker withdraws it."""
    name, what = visit.request.path_params["id"], visit.request.path_params["act"]
    approvals, me = visit.shown.running.approvals, visit.who.person.name
    known = {one["id"]: one for one in await approvals.listed() if _sees(visit, one["asked_by"])}
    if name not in known or what not in {"approve", "decline"}:
        return not_found(visit, say("approval.none", id=name[:40]))
    own = what == "decline" and known[name]["asked_by"] == me
    if not own and not (visit.may(Right.APPROVE) and visit.scope.everything):
        return visit.page("refused.html", 403, says=say("refused.approver"), fix=say("refused.role_fix"))
    try:
        if what == "approve":
            done = await approvals.approve(name, who=me)
            result: dict[str, Any] = done.get("result") or {}
            visit.shown.sessions.forget()
            visit.shown.looks.forget()
            for once in ("password", "key"):
                if once in result:
                    return visit.page("once.html", name=result["name"], what=once, value=result[once])
        else:
            await approvals.decline(name, visit.form.get("reason", ""), who=me)
    except (Fault, Overtaken) as problem:
        return await _shown(visit, problem)
    return visit.to(f"/approvals?view=all&done={name}")
