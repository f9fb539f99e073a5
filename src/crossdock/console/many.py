"""Acts on many incidents, replays, their progress, and what one shift tells the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from crossdock.console.clock import ms_of
from crossdock.console.gate import Visit, not_found
from crossdock.console.shown import within
from crossdock.console.words import say
from crossdock.desk.preview import INCIDENTS_MAX, Selection, selection
from crossdock.desk.replay import Wanted
from crossdock.desk.runs import RUN, run_tree
from crossdock.faults import Fault, Invalid
from crossdock.journal.sql import desk_reads
from crossdock.message.incident import TYPES
from crossdock.message.names import id_of, whole

_SELECTED = ("type", "system", "owner")


# -- incidents ---------------------------------------------------------------------


async def bulk_page(visit: Visit) -> Response:
    """What trying all of some incidents again would do."""
    names = visit.request.query_params.getlist("incident")
    if not names and not any(visit.asked(one) for one in _SELECTED):
        return visit.to("/incidents")
    wanted = _selection(visit, names, visit.request.query_params)
    effect = await visit.shown.running.supervision.preview.of(wanted, "retry", {})
    kept = {name: visit.asked(name) for name in _SELECTED if visit.asked(name)}
    return visit.page("bulk.html", effect=effect, kept=kept, types=TYPES, many=len(effect["incidents"]))


async def bulk(visit: Visit) -> Response:
    """Begins it, and shows how far it is."""
    names = [one for one in visit.form.get("incidents", "").split(",") if one]
    wanted = _selection(visit, names, {})
    runs, who = visit.shown.running.supervision.runs, visit.who.person.name
    ids = await visit.shown.hub.journal.view(wanted.of)
    why = visit.form.get("why", "").strip()[:1000]
    act, body = ("resolve", {"reason": why}) if visit.form.get("do") == "resolve" else ("retry", {})
    run = await runs.bulk(ids, act, body, who=who, why=why)
    visit.shown.looks.forget()
    return visit.to(f"/runs/{RUN}{run.id}")


def _selection(visit: Visit, names: list[str], given: Mapping[str, str]) -> Selection:
    named = {name: given[name] for name in _SELECTED if given.get(name)}
    body: dict[str, Any] = {"incidents": names[:INCIDENTS_MAX]} if names else named
    return selection(body, within(visit.scope))


# -- replays -----------------------------------------------------------------------


async def replay_page(visit: Visit) -> Response:
    """The form, and once it is filled in, what would be sent again."""
    problem: Fault | None = None
    effect: dict[str, Any] | None = None
    given = _given(visit)
    if visit.asked("to"):
        try:
            if not {"numbers", "from"} & given.keys():
                raise Invalid(say("replay.no_range"), path="from", fix=say("replay.no_range_fix"))
            wanted = _wanted(visit, given)
            effect = await visit.shown.running.supervision.replay.preview(wanted)
        except Fault as fault:
            problem = fault
    systems = {
        name: sorted(bound.writers)
        for name, bound in visit.shown.hub.context.systems.items()
        if bound.writers and visit.scope.has(name)
    }
    kinds = sorted({kind for written in systems.values() for kind in written})
    return visit.page(
        "replay.html", 200 if problem is None else 422,
        systems=systems, kinds=kinds, given=given, effect=effect, problem=problem, asked=visit.asked,
    )  # fmt: skip


async def replay(visit: Visit) -> Response:
    """Begins it, and shows how far it is."""
    supervision = visit.shown.running.supervision
    given = {
        name: value for name in ("to", "document", "from", "until", "key") if (value := visit.form.get(name))
    }
    numbers = (visit.form.get("numbers") or "").split()
    wanted = _wanted(visit, given | ({"numbers": numbers} if numbers else {}))
    expect = whole(visit.form.get("expect", ""))
    why = visit.form.get("why", "").strip()[:1000]
    run = await supervision.replay.begin(wanted, who=visit.who.person.name, why=why, expect=expect)
    return visit.to(f"/runs/{RUN}{run.id}")


def _wanted(visit: Visit, given: Mapping[str, Any]) -> Wanted:
    to = str(given.get("to") or "")
    if not visit.scope.has(to):  # before anything else is said: a refusal there names every system
        raise Invalid(say("replay.not_yours", system=to or "—"), path="to", fix=say("refused.role_fix"))
    return visit.shown.running.supervision.replay.read(given)


def _given(visit: Visit) -> dict[str, Any]:
    """What the form says, its times on the clock of the site."""
    given: dict[str, Any] = {
        name: value for name in ("to", "document", "key") if (value := visit.asked(name))
    }
    numbers = visit.asked("numbers").split()
    if numbers:
        return given | {"numbers": numbers}
    return given | {
        name: visit.clock.stated(value) for name in ("from", "until") if (value := visit.asked(name))
    }


# -- runs --------------------------------------------------------------------------


async def runs(visit: Visit) -> Response:
    """Acts on many incidents and replays, newest first."""
    before = id_of(RUN, visit.asked("before")) or 0
    found = [
        run_tree(one)
        for one in await visit.shown.hub.journal.view(lambda c: desk_reads.runs(c, before))
        if _sees(visit, one.who)
    ]
    more = found[-1]["id"] if len(found) == desk_reads.PAGE else ""
    going = sum(1 for one in found if one["state"] == "running")
    return visit.page("runs.html", runs=found, more=more, going=going, ms_of=ms_of)


def _sees(visit: Visit, who: str) -> bool:
    """Whoever does not see every system sees what they did themselves."""
    return visit.scope.everything or who == visit.who.person.name


async def run(visit: Visit) -> Response:
    """How far one of them is."""
    name = visit.request.path_params["id"]
    id_ = id_of(RUN, name)
    tree = await visit.shown.running.supervision.runs.shown(id_) if id_ is not None else None
    if tree is None or not _sees(visit, tree["who"]):
        return not_found(visit, say("run.none", id=name[:40]), say("run.none_fix"))
    part = min(tree["done"] + tree["failed"], tree["total"]) / tree["total"] if tree["total"] else 1.0
    return visit.page("run.html", run=tree, ms_of=ms_of, part=part)


# -- shifts ------------------------------------------------------------------------


async def hand_over(visit: Visit) -> Response:
    """Gives all of one's own to somebody else, with a word."""
    who = visit.who.person.name
    heir, says = visit.form.get("to", "").strip(), visit.form.get("says", "").strip()
    await visit.shown.running.supervision.hand_over(who, heir, says)
    visit.shown.looks.forget()
    return visit.to("/incidents?view=mine&done=hand_over")
