"""Admin: people, and what they did."""

from __future__ import annotations

import json
from typing import Any, cast

from starlette.responses import Response

from crossdock.access import acts
from crossdock.access.roles import RIGHTS, Role
from crossdock.console.clock import ms_of
from crossdock.console.gate import Visit
from crossdock.console.paper import query
from crossdock.console.table import as_csv
from crossdock.console.words import say
from crossdock.faults import Invalid
from crossdock.journal.sql import people as store

AUDIT_PAGE, _TYPED_MAX = 100, 100


async def people(visit: Visit) -> Response:
    """Who may sign in."""
    return await _people(visit)


async def _people(
    visit: Visit, problem: Invalid | None = None, made: dict[str, Any] | None = None
) -> Response:
    if not visit.scope.everything:
        return narrow(visit)
    found = [acts.shown(one) for one in await visit.shown.running.people.all()]
    if visit.asked("as") == "csv":
        names = ("name", "shown", "role", "systems", "sites", "disabled_at", "authenticator", "since")
        return as_csv("people", names, ([one[name] for name in names] for one in found))
    return visit.page(
        "people.html", 200 if problem is None else 422, rows=found, roles=list(Role), rights=RIGHTS, made=made,
        problem=problem, systems=visit.shown.hub.charter.systems, picked=visit.asked("who"), ms_of=ms_of,
        says=say("people.says", count=sum(one["disabled_at"] is None for one in found)),
    )  # fmt: skip


async def person_act(visit: Visit) -> Response:
    """Makes an account, or changes one."""
    if not visit.scope.everything:
        return narrow(visit)
    act = visit.request.path_params.get("act", "add")
    name = visit.request.path_params.get("name") or visit.form.get("name", "")
    body: dict[str, Any] = {}
    if act in ("add", "role"):
        body = {"role": visit.form.get("role", ""), "systems": visit.form.get("systems", "").split()}
    if act == "add":
        body["shown"] = visit.form.get("shown", "")
    try:
        made = await acts.do(visit.shown.running.people, name, act, body, visit.by)
    except Invalid as problem:
        return await _people(visit, problem)
    visit.shown.sessions.forget()
    if "password" in made:
        return await _people(visit, made=made)
    return visit.to(f"/admin/people{query(who=name, done=act)}")


async def audit(visit: Visit) -> Response:
    """What people did, newest first."""
    if not visit.scope.everything:
        return narrow(visit)
    before = visit.number("before")
    q = " ".join(visit.asked("q").split())[:_TYPED_MAX]
    rows = await visit.shown.hub.journal.view(lambda c: store.acts(c, before, AUDIT_PAGE, about=q))
    if visit.asked("as") == "csv":
        names = ("at", "who", "from", "act", "says", "system", "incident", "before", "after", "position")
        return as_csv("audit", names, ([_cell(one[name]) for name in names] for one in rows))
    more = query(q=q, before=rows[-1]["position"]) if len(rows) == AUDIT_PAGE else ""
    return visit.page(
        "audit.html", rows=rows, more=more, ms_of=ms_of, picked=visit.asked("entry"), changed=changed,
        csv=query(q=q, before=before, **{"as": "csv"}), q=q,
        says=say("audit.found", q=q) if q else say("audit.says"),
    )  # fmt: skip


def _cell(value: Any) -> Any:
    """A value as a spreadsheet shows it; what has parts as JSON, so that programs read it too."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def changed(before: Any, after: Any) -> list[tuple[str, str, str]]:
    """What an act changed: name, before, after."""
    old, new = (cast("dict[str, Any]", one) if isinstance(one, dict) else {} for one in (before, after))
    names = dict.fromkeys([*old, *new])
    return [
        (name, _word(old.get(name)), _word(new.get(name))) for name in names if old.get(name) != new.get(name)
    ]


def _word(value: Any) -> str:
    if value is None:
        return "\N{EM DASH}"
    if isinstance(value, bool):
        return say("yes" if value else "no")
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or say("all")  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return str(value)[:200]


def narrow(visit: Visit) -> Response:
    """The refusal of somebody for some systems: what is here is of the whole site."""
    return visit.page("refused.html", 403, says=say("refused.scope"), fix=say("refused.role_fix"))
