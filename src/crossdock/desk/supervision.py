"""What a supervisor works with: the desk, acts on many, replays, clocks, what one shift tells the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from crossdock.desk.desk import Desk
from crossdock.desk.effect import Effects
from crossdock.desk.entries import entry_of_desk
from crossdock.desk.escalation import Escalator
from crossdock.desk.preview import Preview, Trying
from crossdock.desk.replay import Replay, wanted_from
from crossdock.desk.runs import Runs, run_tree
from crossdock.faults import Fault, Invalid
from crossdock.journal.contract import Overtaken
from crossdock.journal.sql import desk_reads
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.four_eyes import FourEyes, OnePair
from crossdock.message.names import INCIDENT, id_of, moment
from crossdock.pipeline.bound import Context

#: Incidents that one person hands over at once, and characters of what they say.
HANDED_MAX, _SAYS_MAX = 5_000, 4_000


class Supervision:
    """The desk of a running hub with everything around it."""

    def __init__(
        self,
        journal: SiteJournal,
        desk: Desk,
        context: Context,
        now_ms: Callable[[], int],
        *,
        trying: Trying,
        eyes: FourEyes | None = None,
    ) -> None:
        """`trying` holds a row more in the crosswalks; `eyes` say what two people must want."""
        self._journal = journal
        self._now_ms = now_ms
        self.desk = desk
        self.context = context
        self.preview = Preview(journal, Effects(context), trying)
        eyes = eyes or OnePair()
        self.runs = Runs(journal, desk, now_ms, eyes, context.clock.sleep)
        self.replay = Replay(journal, context, self.runs, now_ms, eyes)
        self.escalator = Escalator(journal, desk.attending, now_ms, context.clock.sleep)
        self._clock: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Looks at the clocks from now on, and goes on with what was begun."""
        self._clock = asyncio.get_running_loop().create_task(self.escalator.run(), name="escalation")
        self.runs.start()

    async def stop(self) -> None:
        """Ends at once."""
        if self._clock is not None:
            self._clock.cancel()
            await asyncio.gather(self._clock, return_exceptions=True)
        await self.runs.stop()

    async def begin_bulk(self, order: Mapping[str, Any], who: str) -> dict[str, Any]:
        """An act on many that another person has approved."""
        ids = [id_of(INCIDENT, name) or 0 for name in order["incidents"]]
        return run_tree(await self.runs.bulk(ids, order["act"], order["body"], who=who, why=order["why"]))

    async def begin_replay(self, order: Mapping[str, Any], who: str) -> dict[str, Any]:
        """A replay that another person has approved."""
        wanted, expect = wanted_from(order), order.get("expect")
        return run_tree(await self.replay.begin(wanted, who=who, why=order["why"], expect=expect))

    async def hand_over(self, who: str, heir: str, says: str, *, of: str | None = None) -> dict[str, Any]:
        """Gives all open incidents of one owner (None: one's own) to another, with a word. Raises Invalid."""
        former = of or who
        if not heir.strip() or heir == former:
            raise Invalid("to whom is not said", path="to", value=heir, fix="name a person, or role:NAME")
        if len(says) > _SAYS_MAX:
            raise Invalid(f"at most {_SAYS_MAX} characters", path="says", fix="write less")
        given = 0
        for id_ in await self._journal.view(lambda c: desk_reads.owned_by(c, former, HANDED_MAX)):
            try:
                await self.desk.act(id_, "assign", {"owner": heir}, who=who)
            except (Fault, Overtaken):
                continue  # it ended at this moment
            given += 1
        at_ms = self._now_ms()
        changes = self._journal.changes()
        told = f"{who} handed {given} incidents of {former} over to {heir}{': ' if says else ''}{says}"
        entry = entry_of_desk(who, "hand_over", told, {"to": heir, "incidents": given}, {"says": says})
        id_ = self._journal.next_id()
        values = (id_, self._journal.scope, who, heir, says, given, at_ms)
        changes.entry(entry, ("insert_shift_note", values, None))
        await self._journal.submit(changes)
        return {
            "id": f"n{id_}",
            "who": who,
            "to": heir,
            "says": says,
            "incidents": given,
            "at": moment(at_ms),
        }
