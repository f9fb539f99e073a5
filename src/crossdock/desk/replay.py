"""A range of deliveries made again: which ones, what the target would see twice, and under which key."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, cast

import structlog

from crossdock.charter.charter import Charter, FlowOut, OnUnclear
from crossdock.desk.entries import entry_of_desk
from crossdock.desk.runs import ENDED, LAYING_OUT, REPLAY, RETRY_S, RUNNING, Runs
from crossdock.faults import Invalid
from crossdock.journal.contract import StoreDown
from crossdock.journal.sql import desk_reads, resend_reads
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.desk_reads import Run
from crossdock.journal.sql.reads import Reads
from crossdock.journal.sql.resend_reads import Range
from crossdock.journal.sql.site import SiteJournal
from crossdock.kit.connector import Unclear
from crossdock.message.four_eyes import FourEyes, Kind
from crossdock.message.names import moment
from crossdock.message.records import Transmission
from crossdock.model import register
from crossdock.pipeline.bound import Context
from crossdock.pipeline.resending import ASK, LEFT_OUT, MADE, NEW, SAME, TREATMENTS, WAITING, why_not

_log = structlog.get_logger("crossdock.desk")
#: Deliveries that are judged for a preview, those that it shows, and those read at once.
JUDGED_MAX, SHOWN_MAX, _PAGE = 1_000, 50, 500
_NUMBERS_MAX = 1_000
_WATCH_S = 0.5
_SLACK_MS = 5_000  #: entries of one moment may be written a little out of order
_KEYS = frozenset({"to", "from", "until", "document", "origin", "numbers", "key", "why", "expect"})
_TREATS = {
    SAME: "word for word under the key of the first time: a target that still knows the key does nothing twice",
    ASK: "the target is asked first, and gets only what it does not have",
    NEW: "rendered anew under a new key: the target takes each as something new, so it may be there twice",
}

_SHORT = {
    SAME: "word for word under the same keys",
    ASK: "and only what it says it does not have",
    NEW: "each as something new",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be sent again: to whom, and which, by time or by number."""

    to: str
    treatment: str
    from_ms: int | None = None
    until_ms: int | None = None
    document: str | None = None
    origin: str | None = None
    numbers: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """In words, for the ledger."""
        what = (self.document or "everything").replace("_", " ")
        if self.numbers:
            named = ", ".join(self.numbers[:3]) + (" …" if len(self.numbers) > 3 else "")
            return f"{what} {named} to {self.to} again" if self.document else f"{named} to {self.to} again"
        since, until = moment(self.from_ms or 0), moment(self.until_ms or 0)
        return f"{what} from {since} until {until} to {self.to} again"


def wanted_from(given: Mapping[str, Any]) -> Wanted:
    """What was noted of a replay, read again."""
    fields = {name: value for name, value in given.items() if name not in ("why", "numbers", "expect")}
    return Wanted(**fields, numbers=tuple(given["numbers"]))


class Replay:
    """Foretells and begins replays."""

    def __init__(
        self, journal: SiteJournal, context: Context, runs: Runs, now_ms: Callable[[], int], eyes: FourEyes
    ) -> None:
        self._journal = journal
        self._context = context
        self._charter: Charter = context.charter
        self._runs = runs
        self._now_ms = now_ms
        self._eyes = eyes
        runs.begins[REPLAY] = self._begin

    # -- what is wanted ----------------------------------------------------------------

    def read(self, body: Mapping[str, Any]) -> Wanted:
        """What a request asks for. Raises Invalid."""
        for name in body:
            if name not in _KEYS:
                raise Invalid(
                    f"{name} means nothing here", path=name, fix=f"one of: {', '.join(sorted(_KEYS))}"
                )
        to = str(body.get("to") or "")
        system = self._charter.systems.get(to)
        if system is None:
            known = ", ".join(sorted(self._charter.systems))
            raise Invalid(f"the charter has no system {to[:40]}", path="to", value=to, fix=f"one of: {known}")
        writers = self._context.systems[to].writers
        document = str(body["document"]) if body.get("document") else None
        if document is not None and document not in writers:
            known = ", ".join(sorted(writers)) or "nothing"
            raise Invalid(f"{to} gets no {document}", path="document", value=document, fix=f"it gets {known}")
        numbers = _numbers(body)
        from_ms, until_ms = (_time(body, "from"), _time(body, "until")) if not numbers else (None, None)
        if from_ms is not None and until_ms is not None and until_ms <= from_ms:
            raise Invalid(
                "the range ends before it begins", path="until", value=body.get("until"), fix="swap from and until"
            )  # fmt: skip
        origin = str(body["origin"]) if body.get("origin") else None
        kinds = [document] if document else sorted(writers)
        treatment = str(body.get("key") or self._usual(to, kinds))
        if treatment not in TREATMENTS:
            raise Invalid(
                f"there is no way {treatment[:20]} to treat keys",
                path="key",
                value=treatment,
                fix="same, ask or new",
            )
        if treatment == ASK and any(writers[kind].unclear is not Unclear.FIND for kind in kinds):
            raise Invalid(
                f"{to} cannot be asked what it has",
                path="key",
                value=ASK,
                fix="give it a `find`, or use same",
            )
        return Wanted(to, treatment, from_ms, until_ms, document, origin, numbers)

    def _usual(self, to: str, kinds: Sequence[str]) -> str:
        """The safest way: asked where it can be asked, else under the same key."""
        writers = self._context.systems[to].writers
        return ASK if kinds and all(writers[kind].unclear is Unclear.FIND for kind in kinds) else SAME

    def _warning(self, wanted: Wanted) -> str:
        """What the way of sending may do that nobody wants; "" where it is safe."""
        system = self._charter.systems[wanted.to]
        flows = [f for f in system.flows_out if wanted.document in (None, f.document)]
        keyless = [f.document for f in flows if _is_keyless(f)]
        if wanted.treatment == SAME and keyless:
            return f"{wanted.to} gets no key with {', '.join(keyless)}: it may take each as something new"
        return _TREATS[NEW] if wanted.treatment == NEW else ""

    # -- before it is done -------------------------------------------------------------

    async def preview(self, wanted: Wanted) -> dict[str, Any]:
        """What would be sent again, what would be left out and why. Nothing is changed."""
        found = await self._journal.view(lambda c: self._all(c, wanted))
        left_out, kinds, items = Counter[str](), Counter[str](), list[dict[str, Any]]()
        judged = found[:JUDGED_MAX]
        for at in range(0, len(judged), _PAGE // 5):
            part = judged[at : at + _PAGE // 5]
            for t, says in await self._journal.view(lambda c, p=part: _judged(c, p)):
                if says:
                    left_out[says] += 1
                kinds[t.document] += not says
                if len(items) < SHOWN_MAX:
                    items.append({"delivery": f"t{t.id}", "object": t.document, "number": t.number, "says": says,
                                  "key": self._key(t, wanted)})  # fmt: skip
            await asyncio.sleep(0)
        out = sum(left_out.values())
        again = len(found) - out
        too_many = len(found) > self._charter.desk.replay_max
        return {
            "to": wanted.to, "count": len(found), "again": again, "left_out": out, "judged": len(judged),
            "kinds": dict(kinds), "key": wanted.treatment, "key_says": _TREATS[wanted.treatment],
            "warning": self._warning(wanted), "may": not too_many and again > 0,
            "reasons": [{"says": says, "count": count} for says, count in left_out.most_common(20)],
            "items": items, "says": self._says(wanted, again, out, too_many=too_many),
        }  # fmt: skip

    def _key(self, t: Transmission, wanted: Wanted) -> str:
        return "new" if wanted.treatment == NEW else t.idempotency_key

    def _says(self, wanted: Wanted, again: int, out: int, *, too_many: bool) -> str:
        if too_many:
            return f"More than {self._charter.desk.replay_max} deliveries: choose a shorter range."
        if not again:
            return f"Nothing of it can be sent to {wanted.to} again."
        rest = f" {out} would be left out." if out else ""
        many = "1 document" if again == 1 else f"{again} documents"
        return f"{wanted.to} would see {many} again, {_SHORT[wanted.treatment]}.{rest}"

    def _all(self, connection: Connection, wanted: Wanted) -> list[Transmission]:
        """The deliveries meant, in order, each message once; one more than is allowed at most."""
        most, seen, found = self._charter.desk.replay_max + 1, set[int](), list[Transmission]()

        def add(t: Transmission) -> None:
            if t.message not in seen and len(found) < most:
                seen.add(t.message)
                found.append(t)

        if wanted.numbers:
            kinds = [wanted.document] if wanted.document else list(register.kinds())
            for number in wanted.numbers:
                for t in resend_reads.delivered_of(connection, wanted.to, number, kinds):
                    add(t)
            return sorted(found, key=lambda t: t.id)
        begin = resend_reads.position_at(connection, (wanted.from_ms or 0) - _SLACK_MS)
        end = resend_reads.position_at(connection, wanted.until_ms or 0)
        span, after = Range(wanted.to, begin, end, wanted.document, wanted.origin), begin
        while len(found) < most:
            page = resend_reads.delivered_in(connection, span, after, _PAGE)
            for after, t in page:  # noqa: B007 - the last one begins the next page
                add(t)
            if len(page) < _PAGE:
                break
        return found

    # -- doing -------------------------------------------------------------------------

    async def begin(self, wanted: Wanted, *, who: str, why: str, expect: int | None = None) -> Run:
        """Has a range sent again. `expect` is the count of the preview.

        Raises Invalid, and Asked where another person must agree.
        """
        if (known := await self._runs.known()) is not None:
            return known
        found = await self._journal.view(lambda c: self._all(c, wanted))
        if not found:
            raise Invalid("nothing was delivered there in this range", fix="look at the preview")
        if len(found) > self._charter.desk.replay_max:
            raise Invalid(self._says(wanted, 1, 0, too_many=True), path="from", fix="choose a shorter range")
        if expect is not None and expect != len(found):
            says = f"the preview had {expect} deliveries, now there are {len(found)}"
            raise Invalid(says, path="expect", value=expect, fix="look at the preview again")
        order = asdict(wanted) | {"why": why, "expect": len(found)}
        says = f"{len(found)} {'delivery' if len(found) == 1 else 'deliveries'}: {wanted.says}"
        await self._eyes.must_agree(Kind.REPLAY, "desk/replay", wanted.to, order, who=who, says=lambda: says)
        given = {"says": wanted.says, "wanted": asdict(wanted)}
        return await self._runs.add(REPLAY, given, len(found), who=who, why=why, state=LAYING_OUT)

    async def _begin(self, run: Run) -> None:
        """Lays out what is to be made again, which whoever holds each partition makes; waits for the end of it.

        Nothing is made before the list is whole, and the list does not change after that, whoever goes on with it.
        """
        wanted = wanted_from(run.given["wanted"])
        while run.state == LAYING_OUT:
            run = await self._laid_out(run, wanted)
        while (counts := await self._counts(run)).get(WAITING, 1):
            await self._runs.sleep(_WATCH_S)
        done, out = counts.get(MADE, 0), counts.get(LEFT_OUT, 0)
        ended = replace(run, state=ENDED, done=done, failed=out, ended_ms=self._now_ms())
        says = f"r{run.id} of {run.who} is done: {done} deliveries made again, {out} left out"
        await self._runs.keep(ended, run.who, "end", says)

    async def _counts(self, run: Run) -> dict[int, int]:
        try:
            return await self._journal.view(lambda c: {WAITING: 0} | desk_reads.resend_counts(c, run.id))
        except StoreDown:
            return {}

    async def _laid_out(self, run: Run, wanted: Wanted) -> Run:
        """The run once all of it is laid out; as it was where the store gave way."""
        try:
            found = await self._journal.view(lambda c: self._all(c, wanted))
            known = await self._journal.view(lambda c: desk_reads.resends_laid_out(c, run.id))
            left = [t for t in found if t.id not in known]
            for at in range(0, len(left), _PAGE):
                await self._lay_out(run, wanted, left[at : at + _PAGE])
            whole = replace(run, state=RUNNING, total=len(known) + len(left))
            await self._runs.keep(
                whole, run.who, "laid_out", f"{whole.total} deliveries go again for r{run.id}"
            )
        except StoreDown as down:
            _log.error("store down", says=str(down), run=run.id)
            await self._runs.sleep(RETRY_S)
            return run
        return whole

    async def _lay_out(self, run: Run, wanted: Wanted, page: Sequence[Transmission]) -> None:
        changes = self._journal.changes()
        says = f"{len(page)} deliveries are to be made again for r{run.id} of {run.who}"
        entry = entry_of_desk(run.who, "replay_lay_out", says, {"run": f"r{run.id}", "deliveries": len(page)})
        changes.entry(entry)
        for t in page:
            values = (run.id, t.id, self._journal.scope, t.partition, wanted.treatment, WAITING, None, "")
            changes.row("insert_resend", *values)
        await self._journal.submit(changes)


def _judged(connection: Connection, page: Sequence[Transmission]) -> list[tuple[Transmission, str]]:
    reads = Reads(connection)
    return [(t, why_not(reads, t)) for t in page]


def _is_keyless(flow: FlowOut) -> bool:
    return flow.idempotency_header is None and flow.on_unclear is OnUnclear.PERSON and bool(flow.path)


def _numbers(body: Mapping[str, Any]) -> tuple[str, ...]:
    given: Any = body.get("numbers") or []
    if not isinstance(given, list) or not all(isinstance(one, str) for one in cast("list[Any]", given)):
        raise Invalid("numbers is a list of texts", path="numbers", fix='write ["SO-1001", "SO-1002"]')
    numbers = cast("list[str]", given)
    if len(numbers) > _NUMBERS_MAX:
        says = f"at most {_NUMBERS_MAX} numbers at once"
        raise Invalid(says, path="numbers", fix="send them in several replays")
    return tuple(numbers)


def _time(body: Mapping[str, Any], name: str) -> int:
    try:
        at = datetime.fromisoformat(str(body.get(name)))
        at_ms = int(at.timestamp() * 1000)
    except (ValueError, OverflowError):
        at, at_ms = None, 0
    if at is None or at.tzinfo is None:
        fix = 'write "2026-11-21T00:00:00+01:00", or give numbers'
        raise Invalid(f"{name} must be a time with its zone", path=name, value=body.get(name), fix=fix)
    return at_ms
