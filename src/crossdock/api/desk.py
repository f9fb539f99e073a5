"""What a supervisor does over HTTP beside acts on one incident: playbooks, acts on many, replays, notes, reports."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, cast

import msgspec
from fastapi import FastAPI, Header, Request, Response

from crossdock.api import shapes_of_desk as shapes
from crossdock.api.acts import act_body
from crossdock.api.guest import Guest
from crossdock.api.keys import Keys
from crossdock.api.refusals import Refusal
from crossdock.desk.closeup import closeup
from crossdock.desk.playbook import playbook, playbook_of, playbooks, told, with_facts
from crossdock.desk.preview import selection
from crossdock.desk.report import week_of, weekly
from crossdock.desk.runs import ONCE, RUN, run_tree
from crossdock.desk.supervision import Supervision
from crossdock.faults import Invalid
from crossdock.journal.contract import Overtaken
from crossdock.journal.sql import desk_reads, incidents
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.names import INCIDENT, id_of

_encode = msgspec.json.Encoder(decimal_format="number").encode
_TEXT_MAX, _KEY_MAX = 1_000, 255
Make = Callable[[], Awaitable[Any]]


def _body(model: Any) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    return {"requestBody": {"content": {"application/json": {"schema": schema}}, "required": True}}


def add_desk(
    app: FastAPI, keys: Keys, journal: SiteJournal, supervision: Supervision, now_ms: Callable[[], int]
) -> None:
    """Adds the routes."""
    guest, once = Guest(keys), _Once(journal, now_ms)
    _add_playbooks(app, guest, journal, supervision)
    _add_many(app, guest, journal, supervision, once)
    _add_runs(app, guest, journal, supervision)
    _add_shifts(app, guest, journal, supervision)
    _add_replays(app, guest, supervision, once)
    _add_reports(app, guest, journal, supervision, now_ms)


# -- playbooks -------------------------------------------------------------------


def _add_playbooks(app: FastAPI, guest: Guest, journal: SiteJournal, supervision: Supervision) -> None:
    charter = supervision.context.charter

    @app.get("/v1/playbooks", response_model=shapes.Playbooks, tags=["desk"])
    async def listed(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        """What to do about every type of incident."""
        guest.holder(request)
        return _answer({"items": [told(book, charter.desk, charter.owners) for book in playbooks().values()]})

    @app.get("/v1/playbooks/{type}", response_model=shapes.PlaybookItem, tags=["desk"])
    async def one(request: Request, type: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """What to do about one type of incident."""
        guest.holder(request)
        if type not in playbooks():
            raise Refusal(404, f"there is no playbook {type[:40]}", fix=f"one of: {', '.join(playbooks())}")
        return _answer(told(playbook(type), charter.desk, charter.owners))

    @app.get("/v1/incidents/{id}/playbook", response_model=shapes.PlaybookItem, tags=["desk"])
    async def beside(request: Request, id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """The playbook of one incident with its facts in it: the text for the partner can be sent as it is."""
        holder, number = guest.holder(request), id_of(INCIDENT, id)
        origin = guest.origin(holder)
        item = (
            None
            if number is None
            else await journal.view(lambda c: incidents.incident(c, number, origin=origin))
        )
        book = None if item is None else playbook_of(item)
        if item is None or book is None:
            raise Refusal(404, f"there is no incident {id[:40]}", fix="take the id from GET /v1/incidents")
        more = await journal.view(lambda c: closeup(c, item))
        return _answer(with_facts(book, item | more, charter.desk, charter.owners, charter.site.name))


# -- acts on many ------------------------------------------------------------------


def _add_many(
    app: FastAPI, guest: Guest, journal: SiteJournal, supervision: Supervision, once: _Once
) -> None:
    @app.post(
        "/v1/desk/preview",
        response_model=shapes.ActEffect,
        tags=["desk"],
        openapi_extra=_body(shapes.Selected),
    )
    async def preview(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        """What an act on some incidents would do, document by document. Nothing is changed, nothing is sent."""
        guest.operator(request)
        body = await _object(request)
        act = _given(body, "act")
        return _answer(await supervision.preview.of(selection(body), act, body.get("body") or {}))

    @app.post(
        "/v1/desk/runs",
        response_model=shapes.RunItem,
        status_code=202,
        tags=["desk"],
        openapi_extra=_body(shapes.Selected),
    )
    async def begin(  # pyright: ignore[reportUnusedFunction]
        request: Request, idempotency_key: Annotated[str | None, Header(max_length=_KEY_MAX)] = None
    ) -> Response:
        """Begins an act on some incidents; its progress is read at `GET /v1/desk/runs/{id}`."""
        holder, body = guest.operator(request), await _object(request)
        wanted, act = selection(body), _given(body, "act")

        async def make() -> Any:
            ids = await journal.view(wanted.of)
            given: Any = body.get("body") or {}
            why = _text(body, "why")
            return run_tree(await supervision.runs.bulk(ids, act, given, who=holder.name, why=why))

        return await once(holder.name, idempotency_key, body, make, 202)


def _add_runs(app: FastAPI, guest: Guest, journal: SiteJournal, supervision: Supervision) -> None:
    @app.get("/v1/desk/runs", response_model=shapes.RunItems, tags=["desk"])
    async def listed(request: Request, before: str | None = None) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Acts on many incidents, and replays, newest first; `before` is the id of the last one seen."""
        guest.insider(request)
        number = _run_id(before) if before else 0
        found = await journal.view(lambda c: desk_reads.runs(c, number))
        return _answer({"items": [run_tree(one) for one in found]})

    @app.get("/v1/desk/runs/{id}", response_model=shapes.RunItem, tags=["desk"])
    async def one(request: Request, id: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        """How far one of them is, and what could not be done."""
        guest.insider(request)
        shown = await supervision.runs.shown(_run_id(id))
        if shown is None:
            raise _no_run(id)
        return _answer(shown)


def _add_shifts(app: FastAPI, guest: Guest, journal: SiteJournal, supervision: Supervision) -> None:
    @app.post(
        "/v1/desk/hand-over", response_model=shapes.ShiftNote, status_code=201, tags=["desk"],
        openapi_extra=_body(shapes.HandOver),
    )  # fmt: skip
    async def hand_over(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Gives all open incidents of one owner to another, with a word for the next shift."""
        holder, body = guest.operator(request), await _object(request)
        made = await supervision.hand_over(
            holder.name, _given(body, "to"), _text(body, "says"), of=_text(body, "of") or None
        )
        return _answer(made, 201)

    @app.get("/v1/desk/notes", response_model=shapes.ShiftNotes, tags=["desk"])
    async def notes(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        """What one shift told the next, newest first."""
        guest.operator(request)
        return _answer({"items": await journal.view(desk_reads.shift_notes)})


# -- replays -----------------------------------------------------------------------


def _add_replays(app: FastAPI, guest: Guest, supervision: Supervision, once: _Once) -> None:
    replay = supervision.replay

    @app.post(
        "/v1/desk/replay/preview", response_model=shapes.ReplayEffect, tags=["desk"],
        openapi_extra=_body(shapes.ReplayOrder),
    )  # fmt: skip
    async def preview(request: Request) -> Response:  # pyright: ignore[reportUnusedFunction]
        """Which deliveries would be made again, which not and why, and under which key. Nothing is sent."""
        guest.operator(request)
        return _answer(await replay.preview(replay.read(await _object(request))))

    @app.post(
        "/v1/desk/replay", response_model=shapes.RunItem, status_code=202, tags=["desk"],
        openapi_extra=_body(shapes.ReplayOrder),
    )  # fmt: skip
    async def begin(  # pyright: ignore[reportUnusedFunction]
        request: Request, idempotency_key: Annotated[str | None, Header(max_length=_KEY_MAX)] = None
    ) -> Response:
        """Has deliveries made again: each at the end of its lane, never an older state after a newer one."""
        holder, body = guest.operator(request), await _object(request)
        wanted, expect = replay.read(body), body.get("expect")
        if expect is not None and (not isinstance(expect, int) or isinstance(expect, bool)):
            fix = "give the `count` of POST /v1/desk/replay/preview, or leave it out"
            raise Invalid("expect is the count of the preview", path="expect", value=expect, fix=fix)

        async def make() -> Any:
            run = await replay.begin(wanted, who=holder.name, why=_text(body, "why"), expect=expect)
            return run_tree(run)

        return await once(holder.name, idempotency_key, body, make, 202)


# -- reports -----------------------------------------------------------------------


def _add_reports(
    app: FastAPI, guest: Guest, journal: SiteJournal, supervision: Supervision, now_ms: Callable[[], int]
) -> None:
    zone = supervision.context.charter.site.timezone

    @app.get("/v1/reports/weekly", response_model=shapes.WeeklyReport, tags=["desk"])
    async def week(  # pyright: ignore[reportUnusedFunction]
        request: Request,
        week: str | None = None,
    ) -> Response:
        """What went wrong in a week, by type, item, system and owner: how often, how long, and whether it grows."""
        holder = guest.holder(request)
        wanted, origin = week_of(week, now_ms(), zone), guest.origin(holder)
        systems = None if origin is None else (origin,)
        tree = await journal.view(lambda c: weekly(c, wanted, now_ms(), systems))
        return _answer(tree)


# -- what is given and answered ------------------------------------------------------


class _Once:
    """Does what a key asks for once, and gives the same answer again."""

    def __init__(self, journal: SiteJournal, now_ms: Callable[[], int]) -> None:
        self._journal = journal
        self._now_ms = now_ms
        self._turn = asyncio.Lock()  #: of two requests with one key, the second finds the answer to the first

    async def __call__(self, who: str, key: str | None, body: Any, make: Make, status: int) -> Response:
        """The answer; raises Overtaken where the key was used for something else."""
        if not key:
            return _answer(await make(), status)
        async with self._turn:
            return await self._answered(who, key, body, make, status)

    async def _answered(self, who: str, key: str, body: Any, make: Make, status: int) -> Response:
        digest = hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).digest()
        name = f"desk/{who}/{key}"
        found = self._journal.answer(name)
        if found is not None and found[0] != digest:
            raise Overtaken("this Idempotency-Key was used for another act")
        if found is not None:
            return Response(found[1], status, media_type="application/json")
        ONCE.set(f"{name}/{digest.hex()}")  # in this request alone: a run that was begun is found again
        answer = _encode(await make())
        changes = self._journal.changes()
        changes.row("insert_answer", name, digest, answer, self._now_ms())
        try:
            await self._journal.submit(changes)
        except Overtaken:  # another host answered the same request at this moment
            found = self._journal.answer(name)
            if found is None or found[0] != digest:
                raise
            answer = found[1]
        return Response(answer, status, media_type="application/json")


async def _object(request: Request) -> dict[str, Any]:
    body = act_body(await request.body())
    if not isinstance(body, dict):
        raise Invalid("the body is a JSON object", fix="send {…}")
    return cast("dict[str, Any]", body)


def _given(body: Mapping[str, Any], name: str) -> str:
    text = _text(body, name)
    if not text:
        raise Invalid(f"{name} is missing", path=name, fix=f"give {name}")
    return text


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _TEXT_MAX or "\x00" in value:
        raise Invalid(f"{name} must be a text of at most {_TEXT_MAX} characters", path=name, fix="write less")
    return value.strip()


def _run_id(name: str) -> int:
    id_ = id_of(RUN, name)
    if id_ is None:
        raise _no_run(name)
    return id_


def _no_run(name: str) -> Refusal:
    return Refusal(404, f"there is no run {name[:40]}", fix="take the id from GET /v1/desk/runs")


def _answer(tree: object, status: int = 200) -> Response:
    return Response(_encode(tree), status, media_type="application/json")
