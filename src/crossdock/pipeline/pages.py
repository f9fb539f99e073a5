"""Stores the pages of polls: what can be taken with the cursor in one commit, what cannot be taken on the desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossdock.faults import Fault, Invalid
from crossdock.journal.contract import Accepted, Arrival, StoreDown, Verdict
from crossdock.journal.unfit import OF_A_VALUE
from crossdock.kit.connector import Page, Polled
from crossdock.pipeline.bound import Bound, Context
from crossdock.pipeline.receive import Door
from crossdock.pipeline.set_aside import Bad, SetAside


@dataclass(frozen=True, slots=True)
class _Taken:
    """One thing of a page as the store will know it."""

    polled: Polled
    place: int
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for a page: the flow, and the cursor before it."""

    system: str
    document: str
    cursor: str | None


class Pages:
    """Takes pages thing by thing: one that cannot be taken holds back nothing but itself."""

    def __init__(self, context: Context, door: Door) -> None:
        self._context = context
        self._door = door
        self._aside = SetAside(context)

    async def store(self, bound: Bound, document: str, page: Page, cursor: str | None) -> bool:
        """Stores a page that was asked for with `cursor`; whether it brought anything new. Raises StoreDown."""
        asked, taken, bad = _Asked(bound.system.name, document, cursor), list[_Taken](), list[Bad]()
        for place, polled in enumerate(page.found, 1):
            one = self._read(bound, polled, place)
            if isinstance(one, Bad):
                bad.append(one)
            else:
                taken.append(one)
        # Before the cursor moves: what stands before it must be known, taken or not.
        new = await self._kept(asked, bad)
        try:
            return await self._accept(asked, taken, page.cursor) or new
        except OF_A_VALUE:
            if not taken:
                raise
        new = await self._halves(asked, taken) or new
        return await self._accept(asked, (), page.cursor) or new

    def _read(self, bound: Bound, polled: Polled, place: int) -> _Taken | Bad:
        document = polled.document
        reader = bound.readers[document]
        try:
            arrival = self._door.arrival(bound, document, reader, polled.content, key=None, polled=True)
        except StoreDown:
            raise
        except Fault as fault:
            return Bad(polled, place, fault)
        except Exception as error:  # ends on the desk
            return Bad(polled, place, _stumbled(error))
        return _Taken(polled, place, arrival)

    async def _accept(self, asked: _Asked, taken: Sequence[_Taken], cursor: str | None) -> bool:
        """One commit; whether anything in it was new."""
        arrivals = [one.arrival for one in taken]
        accepted = self._context.journal.accept_page(arrivals, asked.system, asked.document, cursor)
        # Not after the wait for it: what was committed behind it would be offered before it, and it never.
        accepted.add_done_callback(self._door.offer_page)
        return any(map(_is_new, await accepted))

    async def _halves(self, asked: _Asked, taken: Sequence[_Taken]) -> bool:
        """Stores what the store can keep, in order, and finds what it cannot; the cursor stays meanwhile."""
        try:
            return await self._accept(asked, taken, None)
        except OF_A_VALUE as error:
            if len(taken) == 1:
                one = taken[0]
                return await self._kept(asked, [Bad(one.polled, one.place, _unfit(error))])
        half = len(taken) // 2
        new = await self._halves(asked, taken[:half])
        return await self._halves(asked, taken[half:]) or new

    async def _kept(self, asked: _Asked, bad: Sequence[Bad]) -> bool:
        if not bad:
            return False
        return await self._aside.keep(asked.system, asked.document, asked.cursor, bad) > 0


def _is_new(one: Accepted) -> bool:
    return one.verdict in (Verdict.NEW, Verdict.LATE)


def _stumbled(error: Exception) -> Invalid:
    return Invalid(
        f"the hub could not read this: {type(error).__name__}: {error}",
        fix="look at the bytes; if they are right, this is a defect of the hub", type="poison",
    )  # fmt: skip


def _unfit(error: Exception) -> Invalid:
    return Invalid(
        f"the store cannot keep a value of it: {error}",
        fix="look for a number or a text that is far too large", type="poison",
    )  # fmt: skip
