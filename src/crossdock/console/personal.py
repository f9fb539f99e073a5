"""The data of people: how long it is kept, what is kept of one person, and how that is exported and erased."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from crossdock.console.gate import Visit, not_found
from crossdock.console.words import say
from crossdock.faults import Fault, Invalid
from crossdock.governance.subjects import BY, Subject

_encode = msgspec.json.Encoder(decimal_format="number").encode
#: Objects that are named one by one.
NAMED_MAX = 50


async def page(visit: Visit) -> Response:
    """What is kept how long, and the form by which somebody is looked for."""
    return _shown(visit)


def _shown(
    visit: Visit,
    problem: Fault | None = None,
    found: Mapping[str, Any] | None = None,
    erased: Mapping[str, Any] | None = None,
) -> Response:
    if not visit.scope.everything:
        return visit.page("refused.html", 403, says=say("refused.scope"), fix=say("refused.role_fix"))
    running = visit.shown.running
    rules = visit.shown.hub.charter.retention
    return visit.page(
        "personal.html", 200 if problem is None else 422, problem=problem, found=found, erased=erased,
        rules=rules, ways=BY, given={one: visit.form.get(one, "") for one in ("by", "value", "reason")},
        last=running.retainer.last, eyes="erase" in visit.shown.hub.charter.four_eyes.acts,
        says=_says(rules.documents_days),
    )  # fmt: skip


def _says(days: int | None) -> str:
    return say("data.for_ever") if days is None else say("data.for_days", count=days)


async def act(visit: Visit) -> Response:
    """Looks for somebody, hands out what is kept of them, or takes it out; a value never stands in an address."""
    what = visit.request.path_params["act"]
    if not visit.scope.everything or what not in {"find", "export", "erase"}:
        return _shown(visit) if not visit.scope.everything else not_found(visit, say("nowhere"))
    subjects, who = visit.shown.running.subjects, visit.who.person.name
    try:
        subject, reason = Subject.read({name: visit.form.get(name, "") for name in ("by", "value", "reason")})
        if what == "export":
            return _file(await subjects.export(subject, who=who))
        if what == "find":
            return _shown(visit, found=_counted(await subjects.found(subject)))
        if visit.form.get("sure") != "yes":
            raise Invalid(say("data.not_sure"), path="sure", fix=say("data.not_sure_fix"))
        erased = await subjects.erase(subject, reason, who=who)
    except Fault as problem:
        return _shown(visit, problem)
    visit.shown.looks.forget()
    return _shown(visit, erased=erased)


def _counted(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept, by kind, and the first of the numbers: enough to know whom one has, nothing of the person."""
    kinds = Counter(str(one["document"]) for one in found["documents"])
    named = {(str(one["document"]), str(one["number"])): None for one in found["documents"]}
    return {
        **found,
        "kinds": kinds.most_common(),
        "named": list(named)[:NAMED_MAX],
        "more": max(len(named) - NAMED_MAX, 0),
    }


def _file(tree: Mapping[str, Any]) -> Response:
    headers = {"content-disposition": 'attachment; filename="personal-data.json"'}
    return Response(_encode(tree), headers=headers, media_type="application/json")
