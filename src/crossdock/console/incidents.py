"""Incidents: the list, the one that is looked at, and what a person does about it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from crossdock.access.roles import Right
from crossdock.console.clock import ms_of
from crossdock.console.gate import Visit, not_found
from crossdock.console.paper import query
from crossdock.console.shown import within
from crossdock.console.table import as_csv
from crossdock.console.words import say
from crossdock.desk.closeup import closeup
from crossdock.desk.playbook import playbook_of, with_facts
from crossdock.desk.preview import Selection
from crossdock.desk.typed import takes_number
from crossdock.faults import Fault, Invalid
from crossdock.journal.contract import Overtaken
from crossdock.journal.sql import desk_list, desk_reads, incidents
from crossdock.journal.sql.connection import Connection
from crossdock.message.incident import TYPES
from crossdock.message.names import INCIDENT, id_of, whole
from crossdock.model.personal import is_personal

Tree = Mapping[str, Any]
MASK = "\N{BULLET}" * 3
VIEWS = ("team", "mine", "all", "asleep", "ended")
#: How the hub says which row of which crosswalk is missing.
_NO_ROW = re.compile(r"(?P<crosswalk>[\w.-]+) has no row for .*?(?: of (?P<system>[\w-]+))?$")
_KNOWN = re.compile(r"\(known codes: (?P<codes>.*)\)$")
_NOTES_MAX = 3  #: notes of shifts that are shown
#: Types whose sendings go again word for word: no value helps.
_WORD_FOR_WORD = frozenset({"overdue", "throttled"})


async def page(visit: Visit) -> Response:
    """The list, and nothing picked."""
    return await _shown(visit, None)


async def one(visit: Visit) -> Response:
    """The list, and one of them beside it."""
    return await _shown(visit, visit.request.path_params["id"])


async def _shown(
    visit: Visit,
    name: str | None,
    problem: Fault | Overtaken | None = None,
    foreseen: Mapping[str, Any] | None = None,
) -> Response:
    journal, systems = visit.shown.hub.journal, within(visit.scope)
    wanted, view = _wanted(visit, systems)
    listed, following, clocks = await journal.view(lambda c: _list(c, wanted))
    counts = await counted(visit)
    if visit.asked("as") == "csv":
        return _csv(visit, listed)
    # Where there is room for both panes, the first one is looked at already.
    first = None if name or not listed else listed[0].id
    asked = name or first
    item = await _item(visit, asked) if asked else None
    if name and item is None:
        return not_found(visit, say("incident.none", id=name[:40]), say("incident.none_fix"))
    kept = {"view": view, "type": wanted.type, "system": wanted.system}
    shown = {} if item is None else await _around(visit, item, foreseen)
    notes = await _notes(visit) if view == "mine" else []
    total = sum(many for _, _, _, many, _, _ in counts)
    mine = sum(many for _, _, owner, many, _, _ in counts if owner == visit.who.person.name)
    return visit.page(
        "incidents.html", 200 if problem is None else 409 if isinstance(problem, Overtaken) else 422,
        rows=listed, picked=item, view=view, views=VIEWS, total=total, mine=mine, types=TYPES,
        kinds=sorted({type_ for type_, *_ in counts}), late=sum(1 for one in listed if visit.clock.is_past(one.due_ms)),
        kept=query(**kept), more=query(after=following, **kept) if following else "", wanted=wanted,
        csv=query(**kept, **{"as": "csv"}), done=visit.asked("done"), problem=problem,
        says=_says(visit, total, counts), is_first=first is not None, clocks=clocks, notes=notes,
        may_act=visit.may(Right.ACT), ms_of=ms_of, **shown,
    )  # fmt: skip


async def counted(visit: Visit) -> list[tuple[str, str, str, int, int, int]]:
    """What is open within somebody's reach, by kind, as `desk_list.counts` gives it: read once for all pages."""
    shown, systems = visit.shown, within(visit.scope)
    return await shown.looks.look(
        f"kinds {systems}",
        lambda: shown.hub.journal.view(lambda c: desk_list.counts(c, systems, shown.now_ms)),
    )


def _wanted(visit: Visit, systems: tuple[str, ...] | None) -> tuple[desk_list.Wanted, str]:
    view = visit.asked("view", "all")
    view = view if view in VIEWS else "all"
    due, _, id_ = visit.asked("after").partition(".")
    after = (whole(due), whole(id_))
    owner = {"mine": visit.who.person.name, "team": "role:"}.get(view)
    type_ = visit.asked("type")
    return desk_list.Wanted(
        ended=view == "ended", owner=owner, type=type_ if type_ in TYPES else None,
        system=visit.asked("system") or None, systems=systems, after=after,
        asleep=None if view == "ended" else view == "asleep", now_ms=visit.shown.now_ms,
    ), view  # fmt: skip


async def _notes(visit: Visit) -> list[dict[str, Any]]:
    """The last notes of the shifts; whoever does not see every system sees those from or to themselves."""
    found = await visit.shown.hub.journal.view(desk_reads.shift_notes)
    own = visit.who.person.name
    return [one for one in found if visit.scope.everything or own in (one["who"], one["to"])][:_NOTES_MAX]


def _list(
    connection: Connection, wanted: desk_list.Wanted
) -> tuple[list[desk_list.Listed], str | None, Mapping[str, desk_reads.IncidentClock]]:
    """One page, and the clocks of those that do not stand as they were opened."""
    listed, following = desk_list.page(connection, wanted)
    ids = [id_of(INCIDENT, one.id) or 0 for one in listed]
    clocks = desk_reads.clocks_of(connection, ids) if ids else {}
    return listed, following, {f"{INCIDENT}{id_}": clock for id_, clock in clocks.items()}


def _says(visit: Visit, total: int, counts: Sequence[tuple[Any, ...]]) -> str:
    if not total:
        return say("incidents.none")
    late = sum(1 for *_, due_ms, _ in counts if visit.clock.is_past(due_ms))
    first_ms = min(due_ms for *_, due_ms, _ in counts)
    oldest = visit.clock.when(min(opened_ms for *_, opened_ms in counts))
    clock = say("incidents.late") if late else say("incidents.first", left=visit.clock.left(first_ms))
    return f"{say('incidents.open', count=total, since=oldest)} {clock}"


async def _item(visit: Visit, name: str) -> dict[str, Any] | None:
    id_ = id_of(INCIDENT, name)
    if id_ is None:
        return None

    def read(connection: Connection) -> dict[str, Any] | None:
        if not desk_list.is_seen(connection, id_, within(visit.scope)):
            return None
        item = incidents.incident(connection, id_)
        if item is None:
            return None
        more: dict[str, Any] = {
            "differs": None,
            "answer": None,
            "history": incidents.history(connection, id_),
            "clock_now": desk_reads.clock_of(connection, id_),
        }
        return item | more | closeup(connection, item)

    item = await visit.shown.hub.journal.view(read)
    return item if item is None or visit.may(Right.BYTES) else masked(item)


def masked(item: Tree) -> dict[str, Any]:
    """An incident for somebody who may not read what came and left word by word: without what tells of people."""
    shown = dict(item)
    if item.get("value") is not None and is_personal(item.get("path") or ""):
        shown["value"] = MASK
    if item.get("differs"):
        shown["differs"] = [one | {"first": MASK, "second": MASK} for one in item["differs"]]
    if item.get("answer"):
        shown["answer"] = item["answer"] | {"body": MASK}
    return shown


async def _around(visit: Visit, item: Tree, foreseen: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the right pane shows beside the incident itself."""
    right = Right.ACT
    row = _missing_row(item)
    charter = visit.shown.hub.charter
    if foreseen is None and visit.asked("preview") == "retry" and "retry" in item["acts"]:
        wanted = Selection(ids=(id_of(INCIDENT, item["id"]) or 0,), systems=within(visit.scope))
        foreseen = {"act": "retry", "form": {}} | {
            "effect": await visit.shown.running.supervision.preview.of(wanted, "retry", {})
        }
    book = playbook_of(item)
    return {
        "book": with_facts(book, item, charter.desk, charter.owners, charter.site.name) if book else None,
        "places": _places(visit, item), "clock_now": item["clock_now"],
        "may": visit.may(right), "right": right, "row": row, "foreseen": foreseen, "about": TYPES.get(item["type"]),
        "opened_ms": ms_of(item["opened_at"]), "due_ms": ms_of(item["due_at"]),
        "closed_ms": ms_of(item.get("closed_at")), "fields": item.get("fields") or [],
        "word_for_word": item["type"] in _WORD_FOR_WORD, "as_number": _as_number(item),
    }  # fmt: skip


def _as_number(item: Tree) -> bool:
    """Whether the value that is asked for first is a number."""
    fields: list[Tree] = item.get("fields") or []
    named = next((one for one in fields if one["path"] == item["path"]), fields[0] if fields else None)
    return takes_number(item) if named is None else not named["text"]


def _missing_row(item: Tree) -> dict[str, str] | None:
    """The row of a crosswalk that an unmapped code lacks, as far as the incident tells."""
    if item["type"] != "unmapped_code" or item["value"] is None:
        return None
    named = _NO_ROW.match(item["says"])
    crosswalk, system = (named["crosswalk"], named["system"]) if named else ("", item["system"])
    system = system or item["system"]
    # Which side of the row is missing, only the way to mend it tells: what comes in lacks ours, what goes out theirs.
    given = "ours" if f"add the row {system},THEIRS," in item["fix"] else "theirs"
    known = _KNOWN.search(item["fix"])
    row = {"crosswalk": crosswalk, "system": system, "known": known["codes"] if known else ""}
    return {**row, "theirs": "", "ours": "", given: item["value"]}


def _places(visit: Visit, item: Tree) -> dict[str, str]:
    """Where the facts of a step are: the address of each place that a playbook may name."""
    at = f"{visit.shown.prefix}/incidents/{item['id']}"
    places = {
        "charter": f"{visit.shown.prefix}/charter", "message": "#message", "fix": "#fix", "row": "#row",
        "resolve": "#resolve", "assign": "#assign", "retry": f"{at}?preview=retry",
        "stock": f"{visit.shown.prefix}/stock{query(sku=(item['value'] or '').split(' ')[0])}",
    }  # fmt: skip
    if item["system"]:
        places["system"] = f"{visit.shown.prefix}/systems/{quote(item['system'], safe='')}"
    if item["object"] and item["number"]:
        number = quote(item["number"], safe="")
        places["story"] = f"{visit.shown.prefix}/orders/{item['object']}/{number}"
    return places


def _csv(visit: Visit, rows: Sequence[desk_list.Listed]) -> Response:
    clock = visit.clock
    head = ("id", "type", "severity", "owner", "opened (UTC)", "due (UTC)", "system", "document", "number",
            "members", "says", "ended (UTC)", "reason")  # fmt: skip
    return as_csv("incidents", head, (
        (one.id, one.type, one.severity, one.owner, clock.machine(one.opened_ms), clock.machine(one.due_ms),
         one.system, one.document, one.number, one.members, one.says, clock.machine(one.closed_ms), one.reason)
        for one in rows
    ))  # fmt: skip


async def _foreseen(visit: Visit, name: str, id_: int) -> Response:
    """The page with what a fix would do, before it is done."""
    wanted = Selection(ids=(id_,), systems=within(visit.scope))
    try:
        given = _in_reach(visit, _body(visit, "fix"))
        effect = await visit.shown.running.supervision.preview.of(wanted, "fix", given)
    except (Fault, Overtaken) as problem:
        return await _shown(visit, name, problem)
    form = {key: value for key, value in visit.form.items() if key not in {"csrf", "key"}}
    return await _shown(visit, name, foreseen={"act": "fix", "form": form, "effect": effect})


# -- acts ------------------------------------------------------------------------


async def act(visit: Visit) -> Response:
    """Carries out one act; what is wrong with it is said beside the form."""
    name, what = visit.request.path_params["id"], visit.request.path_params["act"]
    item = await _item(visit, name)
    if item is None:
        return not_found(visit, say("incident.none", id=name[:40]), say("incident.none_fix"))
    id_ = id_of(INCIDENT, name)
    assert id_ is not None, "it was found by its name"
    if what == "foresee":
        return await _foreseen(visit, name, id_)
    key = visit.form.get("key") or None
    try:
        given = _in_reach(visit, _body(visit, what))
        await visit.shown.running.desk.act(id_, what, given, who=visit.who.person.name, key=key)
    except (Fault, Overtaken) as problem:
        return await _shown(visit, name, problem)
    visit.shown.looks.forget()
    return visit.to(f"/incidents/{name}?done={what}")


def _in_reach(visit: Visit, given: dict[str, Any]) -> dict[str, Any]:
    """An act as it was given; a row of a crosswalk only for a system that whoever acts may see. Raises Invalid."""
    system = given.get("system")
    if system is not None and not visit.scope.has(system):
        says = say("replay.not_yours", system=system or "\N{EM DASH}")
        raise Invalid(says, path="system", fix=say("refused.role_fix"))
    return given


def _body(visit: Visit, what: str) -> dict[str, Any]:
    """The act as the desk takes it, from the fields of a form."""
    form = {name: value.strip() for name, value in visit.form.items() if name not in {"csrf", "key"}}
    match what:
        case "assign":
            return {"owner": form.get("owner") or visit.who.person.name}
        case "retry" | "wake":
            return {}
        case "comment":
            return {"says": form.get("says", "")}
        case "snooze":
            return {"for_s": whole(form.get("for_s", "")), "reason": form.get("reason", "")}
        case "resolve":
            return {name: form[name] for name in ("outcome", "reason", "their_id") if form.get(name)}
        case _ if "crosswalk" in form:
            return {name: form.get(name, "") for name in ("crosswalk", "system", "theirs", "ours")}
        case _:
            return {
                "path": form.get("path", ""),
                "value": _value(form.get("value", ""), form.get("as", "text")),
            }


def _value(text: str, kind: str) -> Any:
    """A value as the person meant it: a text, or a number with its digits as they were typed."""
    if kind == "number":
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    if kind == "json":
        try:
            return json.loads(text, parse_float=Decimal)
        except (ValueError, RecursionError):
            return text
    return text
