"""Four eyes: an act that one person asks for and another approves, with both in the ledger."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec

from crossdock.faults import Fault, Invalid
from crossdock.governance.request import Request, State, request_of, requests, same_open, times_asked
from crossdock.journal.chain import partition_of
from crossdock.journal.changes import Row
from crossdock.journal.contract import Overtaken, StoreDown
from crossdock.journal.sql import desk_reads
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.four_eyes import APPROVED_BY, CARRIED, Asked, Kind
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.message.whence import WHENCE

_REASON_MAX = 1_000
#: Requests that may wait at once, so that nobody fills the list.
OPEN_MAX = 200
_encode = msgspec.json.Encoder(decimal_format="number").encode

#: Carries out an act: its subject, what it was given, who asked for it, and a key under which it is done once.
Carry = Callable[[str, Any, str, str], Awaitable[object]]


def no_such(name: str) -> Invalid:
    """The refusal of a request that nobody made."""
    return Invalid(f"there is no request {name[:40]}", path="id", fix="GET /v1/approvals lists them")


class Approvals:
    """Keeps what was asked for, and has it carried out once somebody else approves it."""

    def __init__(
        self, journal: SiteJournal, now_ms: Callable[[], int], kinds: Collection[str], within_s: float
    ) -> None:
        """`kinds` are the acts that two people must want; a request is good for `within_s` seconds."""
        self._journal = journal
        self._now_ms = now_ms
        self._kinds = frozenset(kinds)
        self._within_ms = int(within_s * 1000)
        self._carries: dict[str, Carry] = {}
        self._asking = asyncio.Lock()
        self._carried: set[str] = set()

    def carries(self, verb: str, carry: Carry) -> None:
        """Says how acts of a kind are carried out."""
        self._carries[verb] = carry

    def asks(self, kind: Kind) -> bool:
        """Whether the charter wants two people for an act."""
        return kind.value in self._kinds

    async def listed(self, *, open_only: bool = False) -> Sequence[dict[str, Any]]:
        """Requests as answers show them, newest first."""
        found = await self._journal.view(lambda c: requests(c, open_only=open_only))
        now_ms = self._now_ms()
        return [one.shown(now_ms) for one in found if not (open_only and one.is_over(now_ms))]

    # -- asking ------------------------------------------------------------------

    async def must_agree(
        self, kind: Kind, verb: str, subject: str, body: Any, *, who: str, says: Callable[[], str]
    ) -> None:
        """Returns where one person is enough, or another has approved it. Raises Asked, Invalid, StoreDown."""
        if not self.asks(kind) or CARRIED.get():
            return
        given = _encode(body).decode()
        async with self._asking:
            act = (verb, subject, given, who)
            # In one look: what another host writes between two would be neither found nor counted.
            known, times = await self._journal.view(lambda c: (same_open(c, *act), times_asked(c, *act)))
            now_ms = self._now_ms()
            if known is not None and not known.is_over(now_ms):
                raise Asked(known.shown(now_ms))
            waiting = await self._journal.view(lambda c: requests(c, open_only=True))
            if sum(not one.is_over(now_ms) for one in waiting) >= OPEN_MAX:
                raise Invalid(
                    f"{OPEN_MAX} requests wait already", path="act", fix="decide some of them first"
                )
            request = Request(
                self._journal.next_id(), self._journal.scope, kind.value, verb, subject, given, says()[:_REASON_MAX],
                who, WHENCE.get(), now_ms, now_ms + self._within_ms,
            )  # fmt: skip
            await self._ask(request, times)
        raise Asked(request.shown(now_ms))

    async def _ask(self, request: Request, times: int) -> None:
        """Writes a request that was made so many `times` before, unless another host was asked for it at this moment.

        Raises Asked then.
        """
        act, who = (request.verb, request.subject, request.body, request.asked_by), request.asked_by
        digest = hashlib.sha256(_encode([*act, times])).hexdigest()
        changes = self._journal.changes()
        entry = _entry(request, who, "ask", f"{who} asks for approval: {request.says}", None)
        claim = (f"ask/{digest}", request.scope, request.id, request.asked_ms)
        changes.entry(entry, ("insert_approval", request.values, None), ("claim_once", claim, 1))
        try:
            await self._journal.submit(changes)
        except Overtaken:
            known = await self._journal.view(lambda c: same_open(c, *act))
            if known is None:
                raise
            raise Asked(known.shown(self._now_ms())) from None

    # -- deciding ----------------------------------------------------------------

    async def approve(self, name: str, *, who: str) -> dict[str, Any]:
        """Has it carried out, in the name of both; gives the request as it is then, with what came of it.

        One that was cut off while it was carried out may be approved again, once whoever carried it out is gone.
        Raises Invalid, Overtaken, StoreDown, and what the act itself raises.
        """
        request = await self._open(name)
        if _same(request.asked_by, who):
            says = f"{who} asked for this, so somebody else must approve it"
            raise Invalid(says, path="id", fix="ask another approver")
        if name in self._carried:
            raise Overtaken(f"{name} is being carried out already")
        self._carried.add(name)
        try:
            return await self._approved(request, who)
        finally:
            self._carried.discard(name)

    async def _approved(self, request: Request, who: str) -> dict[str, Any]:
        if request.state == State.ASKED.value:
            says = f"{who} approved what {request.asked_by} asked for: {request.says}"
            claim = await self._claim(request)
            request = await self._move(request, State.APPROVED, who, "approve", says, claim=claim)
        else:
            says = f"{who} has it carried out once more, since that was cut off: {request.says}"
            changes = self._journal.changes()
            changes.entry(_entry(request, who, "approve", says, State.APPROVED), await self._claim(request))
            await self._journal.submit(changes)
        approver, carried = APPROVED_BY.set(who), CARRIED.set(request.name)
        try:
            carry, body = self._carries[request.verb], json.loads(request.body, parse_float=Decimal)
            result = await carry(request.subject, body, request.asked_by, f"approval/{request.name}")
        except StoreDown:
            raise  # nobody knows how far it came: whoever approves it again has it done to its end
        except Exception as problem:
            told = (
                str(problem) if isinstance(problem, Fault | Overtaken) else f"the hub stumbled: {problem!r}"
            )
            says = f"what {request.asked_by} asked for could not be done: {told}"
            await self._move(request, State.FAILED, who, "fail", says, told[:_REASON_MAX])
            raise
        finally:
            APPROVED_BY.reset(approver)
            CARRIED.reset(carried)
        says = f"done as {request.asked_by} asked and {who} approved: {request.says}"
        done = (await self._move(request, State.DONE, who, "done", says)).shown(self._now_ms())
        return {**done, "result": result} if isinstance(result, dict) else done

    async def decline(self, name: str, reason: object, *, who: str) -> dict[str, Any]:
        """Ends a request with a no; its asker withdraws it so. Raises Invalid, Overtaken, StoreDown."""
        if not isinstance(reason, str) or not reason.strip() or len(reason) > _REASON_MAX or "\x00" in reason:
            says = f"a reason is a text of 1 to {_REASON_MAX} characters"
            raise Invalid(says, path="reason", fix="say why; whoever asked reads it")
        request = await self._open(name)
        if request.state != State.ASKED.value:
            raise Overtaken(f"{name} is being carried out already")
        is_own = _same(request.asked_by, who)
        said = "withdrew the request" if is_own else f"declined what {request.asked_by} asked for"
        state = State.WITHDRAWN if is_own else State.DECLINED
        says, act = f"{who} {said}: {request.says}", "withdraw" if is_own else "decline"
        return (await self._move(request, state, who, act, says, " ".join(reason.split()))).shown(
            self._now_ms()
        )

    async def end_what_is_over(self) -> int:
        """Ends what nobody decided in time, so that it keeps no longer whom it was about; gives how many.

        Raises StoreDown.
        """
        waiting = await self._journal.view(lambda c: requests(c, open_only=True))
        over = [one for one in waiting if one.is_over(self._now_ms())]
        for one in over:
            says = f"nobody decided in time what {one.asked_by} asked for: {one.says}"
            with suppress(Overtaken):  # another host did it
                await self._move(one, State.EXPIRED, "the hub", "expire", says)
        return len(over)

    async def is_own(self, name: str, who: str) -> bool:
        """Whether somebody asked for it themselves. Raises Invalid."""
        return _same((await self._open(name)).asked_by, who)

    async def _open(self, name: str) -> Request:
        request = await self._journal.view(lambda c: request_of(c, name))
        if request is None:
            raise no_such(name)
        if request.is_over(self._now_ms()) or request.state == State.EXPIRED.value:
            raise Overtaken(f"{name} was not approved in time; ask again")
        if request.state not in {State.ASKED.value, State.APPROVED.value}:
            raise Overtaken(f"{name} is ended: {State(request.state).name.lower()} by {request.decided_by}")
        return request

    async def _claim(self, request: Request) -> Row:
        """The row by which this process, and no other, carries a request out. Raises Overtaken while another does."""
        name, own = f"approval/{request.name}", self._journal.member_id
        holder = await self._journal.view(lambda c: desk_reads.claim(c, name))
        values = (name, request.scope, own, self._now_ms())
        if holder is None:
            return "claim_once", values, 1
        if await self._journal.is_member(holder):
            raise Overtaken(f"{request.name} is being carried out by another host")
        return "move_claim", (*values, holder), 1

    async def _move(
        self, request: Request, to: State, who: str, act: str, says: str, reason: str = "", claim: Row | None = None
    ) -> Request:  # fmt: skip
        moved = replace(request, state=to.value, decided_by=who, decided_ms=self._now_ms(), reason=reason)
        if to is not State.APPROVED and request.kind == Kind.ERASE.value:
            # Once it is ended nothing needs to know any more whom it was about.
            moved = replace(moved, body=_nobody(request.body))
        changes = self._journal.changes()
        row = ("decide_approval", (*moved.values, request.state), 1)
        changes.entry(_entry(moved, who, act, says, State(request.state)), row, *filter(None, [claim]))
        await self._journal.submit(changes)
        return moved


def _nobody(body: str) -> str:
    """What an erasure was given, without whom it was about."""
    given: dict[str, Any] = json.loads(body)
    return _encode({**given, "value": "erased"}).decode()


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _entry(request: Request, who: str, act: str, says: str, before: State | None) -> Entry:
    """The line of the ledger: who asked and who decided, from where, before and after."""
    detail = {
        "who": who, "act": act, "from": WHENCE.get(), "asked_by": request.asked_by, "approval": request.name,
        "before": {"state": before.name.lower()} if before else None,
        "after": {"state": State(request.state).name.lower()},
        "given": {"kind": request.kind, "subject": request.subject},
    }  # fmt: skip
    return Entry(
        EntryKind.act,
        says=says,
        detail=_encode(detail).decode(),
        partition=partition_of(f"approval/{request.id}"),
    )
