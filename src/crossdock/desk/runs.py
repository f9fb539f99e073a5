"""Acts on many things at once: begun, watched, and told in the ledger, each with who asked for it and why."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import msgspec
import structlog

from crossdock.desk.act import kind_of
from crossdock.desk.desk import Desk
from crossdock.desk.entries import entry_of_desk
from crossdock.desk.preview import act_of, refusal
from crossdock.faults import Fault, Invalid
from crossdock.journal.chain import PARTITIONS
from crossdock.journal.changes import Row
from crossdock.journal.contract import Overtaken, StoreDown
from crossdock.journal.sql import desk_reads, incidents
from crossdock.journal.sql.desk_reads import Run
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.four_eyes import CARRIED, Asked, FourEyes, Kind
from crossdock.message.incident import IncidentState
from crossdock.message.names import INCIDENT, moment, name_of

_log = structlog.get_logger("crossdock.desk")
BULK, REPLAY = "bulk", "replay"
#: A run whose deliveries are noted yet: nothing of it leaves before the list is whole.
LAYING_OUT, RUNNING, ENDED = "laying_out", "running", "ended"
#: The request that is being answered, where one comes with a key of its own; "" where none does.
ONCE: ContextVar[str] = ContextVar("ONCE", default="")
RUN = "r"  #: runs are named r17
_encode = msgspec.json.Encoder(decimal_format="number").encode
#: Incidents acted on before the progress is written, and the failures that a run names.
_STEP, _NAMED_MAX = 25, 50
#: Seconds until a store that gave way is tried again, and between two looks at what goes on.
RETRY_S = LOOK_S = 1.0


class Runs:
    """The runs of a site. Each belongs to a partition, and goes on wherever that is held."""

    def __init__(
        self,
        journal: SiteJournal,
        desk: Desk,
        now_ms: Callable[[], int],
        eyes: FourEyes,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._journal = journal
        self._desk = desk
        self._now_ms = now_ms
        self._eyes = eyes
        self.sleep = sleep
        self._turn = asyncio.Lock()  #: one run at a time
        self._going: dict[int, asyncio.Task[None]] = {}  #: by the run
        self._watch: asyncio.Task[None] | None = None
        self._failures: dict[int, list[dict[str, str]]] = {}  #: of the runs of this process
        #: What carries out a run of another kind once it may begin.
        self.begins: dict[str, Callable[[Run], Coroutine[Any, Any, None]]] = {BULK: self._begin_bulk}

    # -- asking ------------------------------------------------------------------

    async def bulk(self, ids: Sequence[int], act: str, body: Any, *, who: str, why: str) -> Run:
        """Begins an act on some incidents. Raises Invalid, and Asked where another person must agree."""
        read = act_of(act, body)
        if (known := await self.known()) is not None:
            return known
        if not ids:
            raise Invalid("no open incident is meant", path="incidents", fix="look at the list again")
        order = {"act": act, "body": body, "incidents": [f"{INCIDENT}{one}" for one in ids], "why": why}
        for kind in (Kind.REPLAY, kind_of("", read)):
            if kind is not None:
                says = f"{act} of {len(ids)} incident{'' if len(ids) == 1 else 's'}"
                await self._eyes.must_agree(kind, "desk/bulk", "desk", order, who=who, says=lambda s=says: s)
        given = {"act": act, "body": body, "incidents": list(ids), "approval": CARRIED.get()}
        total = await self._journal.view(lambda c: desk_reads.held_count(c, ids))
        return await self.add(BULK, given, total, who=who, why=why)

    async def add(
        self, kind: str, given: Mapping[str, Any], total: int, *, who: str, why: str, state: str = RUNNING
    ) -> Run:
        """Writes a new run, and begins it; where another host was asked the same and was faster, gives that one's."""
        given = {**given, "partition": next(filter(self._journal.owns, range(PARTITIONS)), 0)}
        now_ms, once = self._now_ms(), _once()
        run = Run(self._journal.next_id(), kind, who, why, given, state, total, 0, 0, now_ms, None)
        claims: list[Row] = [("claim_once", (once, self._journal.scope, run.id, now_ms), 1)] if once else []
        try:
            await self.keep(run, who, "begin", f"{who} began {_told(run)}", *claims)
        except Overtaken:
            if (known := await self.known()) is None:
                raise
            return known
        self._start(run)
        return run

    async def known(self) -> Run | None:
        """The run that this request, or this approval, has begun already: it may have been cut off after that."""
        once = _once()
        return await self._journal.view(lambda c: desk_reads.run_once(c, once)) if once else None

    # -- looking -----------------------------------------------------------------

    async def shown(self, id_: int) -> dict[str, Any] | None:
        """One run as every answer shows it, its progress as of now; None when there is none."""
        run = await self._journal.view(lambda c: desk_reads.run(c, id_))
        if run is None:
            return None
        tree = run_tree(run) | {"failures": self._failures.get(id_, [])}
        if run.kind == BULK and run.ended_ms is None:
            ids: Sequence[int] = run.given["incidents"]
            left = await self._journal.view(lambda c: desk_reads.held_count(c, ids))
            tree["done"] = max(run.total - left, 0)
        if run.kind == REPLAY:
            found = await self._journal.view(
                lambda c: (desk_reads.resend_counts(c, id_), desk_reads.resends(c, id_))
            )
            tree |= {"done": found[0].get(2, 0), "left_out": found[0].get(3, 0), "items": found[1]}
        return tree

    # -- doing -------------------------------------------------------------------

    def start(self) -> None:
        """Looks from now on for what goes on here: what a host that is gone had begun, or this one before its stop."""
        self._watch = asyncio.get_running_loop().create_task(self._look_on(), name="desk-runs")

    async def _look_on(self) -> None:
        while True:
            try:
                await self.look()
            except StoreDown as down:
                _log.error("store down", says=str(down))
            except Exception:  # ends in the next look
                _log.exception("what goes on at the desk could not be looked at")
            await self.sleep(LOOK_S)

    async def look(self) -> None:
        """Takes up the runs whose partition came here, and leaves those to others whose partition went."""
        runs = {run.id: run for run in await self._journal.view(desk_reads.runs_open)}
        ours = {id_ for id_, run in runs.items() if self._journal.owns(run.given.get("partition", 0))}
        for id_, task in list(self._going.items()):
            if id_ in runs and id_ not in ours:
                task.cancel()
        for id_ in ours - self._going.keys():
            self._start(runs[id_])

    async def stop(self) -> None:
        """Ends at once; what is not done yet goes on wherever its partition is held next."""
        tasks = [*self._going.values(), *filter(None, [self._watch])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, run: Run) -> None:
        task = asyncio.get_running_loop().create_task(self.begins[run.kind](run), name=f"run-{run.id}")
        self._going[run.id] = task
        task.add_done_callback(lambda _: self._going.pop(run.id, None))

    async def _begin_bulk(self, run: Run) -> None:
        CARRIED.set(
            run.given.get("approval", "")
        )  # in this task alone: what was approved is not asked for again
        async with self._turn:
            while not await self._carried_out(run):
                await self.sleep(RETRY_S)

    async def _carried_out(self, run: Run) -> bool:
        """Carries out what is left of a run; False when the store gave way."""
        try:
            await self._carry_out(run)
        except StoreDown as down:
            _log.error("store down", says=str(down), run=run.id)
            return False
        return True

    async def _carry_out(self, run: Run) -> None:
        ids: Sequence[int] = run.given["incidents"]
        done = failed = 0
        failures = self._failures[run.id] = []
        act = act_of(run.given["act"], run.given["body"])
        for at, id_ in enumerate(ids, 1):
            incident = await self._journal.view(lambda c, i=id_: incidents.record(c, i))
            says = "there is no such incident" if incident is None else ""
            if incident is not None and incident.state is not IncidentState.RESOLVED:
                says = refusal(incident, act) or await self._one(run, id_)
            failed += bool(says)
            done += not says
            if says and len(failures) < _NAMED_MAX:
                failures.append({"incident": name_of(INCIDENT, id_) or "", "says": says})
            if at % _STEP == 0 and at < len(ids):
                now = replace(run, done=run.total * at // len(ids), failed=failed)
                await self.keep(now, run.who, "progress", f"{_told(run)}: {at} of {len(ids)} incidents")
        left = await self._journal.view(lambda c: desk_reads.held_count(c, ids))
        ended = replace(
            run, state=ENDED, done=max(run.total - left, 0), failed=failed, ended_ms=self._now_ms()
        )
        stay = f", {failed} could not be" if failed else ""
        says = f"{_told(run)} of {run.who} is done: {done} incidents ended{stay}"
        await self.keep(ended, run.who, "end", says)

    async def _one(self, run: Run, id_: int) -> str:
        """Acts on one incident; what stood in the way, or ""."""
        try:
            await self._desk.act(
                id_, run.given["act"], run.given["body"], who=run.who, key=f"{RUN}{run.id}/{id_}"
            )
        except Asked as waits:
            return str(waits)
        except (Fault, Overtaken) as error:
            now = await self._journal.view(lambda c: incidents.record(c, id_))
            if now is not None and now.state is IncidentState.RESOLVED:
                return ""  # whoever held this run's partition before has done it
            return error.says if isinstance(error, Fault) else str(error)
        return ""

    async def keep(self, run: Run, who: str, act: str, says: str, *rows: Row) -> None:
        """Writes how a run stands, with the entry that tells of it."""
        changes = self._journal.changes()
        after = {"run": f"{RUN}{run.id}", "state": run.state, "done": run.done, "failed": run.failed}
        entry = entry_of_desk(who, f"{run.kind}_{act}", says, after, {"total": run.total, "why": run.why})
        values = (
            run.id, self._journal.scope, run.kind, run.who, run.why, _encode(run.given).decode(), run.state, run.total,
            run.done, run.failed, run.at_ms, run.ended_ms,
        )  # fmt: skip
        changes.entry(entry, ("upsert_desk_run", values, None), *rows)
        await self._journal.submit(changes)


def _once() -> str:
    """What marks the run of one approval or of one request with a key; "" where there is neither."""
    name = CARRIED.get() or ONCE.get()
    return f"run/{hashlib.sha256(name.encode()).hexdigest()}" if name else ""


def _told(run: Run) -> str:
    """What a run does, in words."""
    if run.kind == BULK:
        count = len(run.given["incidents"])
        return f"{RUN}{run.id}: {run.given['act']} of {count} incident{'' if count == 1 else 's'}"
    return f"{RUN}{run.id}: {run.given['says']}"


def run_tree(run: Run) -> dict[str, Any]:
    """A run as every answer shows it."""
    given = {
        name: value
        for name, value in run.given.items()
        if name not in ("host", "partition", "incidents", "approval", "once")
    }
    if "incidents" in run.given:
        given["incidents"] = [name_of(INCIDENT, one) for one in run.given["incidents"]]
    return {
        "id": f"{RUN}{run.id}", "kind": run.kind, "who": run.who, "why": run.why,
        "state": ENDED if run.state == ENDED else RUNNING,
        "says": _told(run), "total": run.total, "done": run.done, "failed": run.failed, "at": moment(run.at_ms),
        "ended_at": None if run.ended_ms is None else moment(run.ended_ms), "given": given,
    }  # fmt: skip
