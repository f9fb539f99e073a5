"""The desk: what a person can do about an incident, each act durable and in the ledger before it is answered."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from crossdock.charter.desk import DeskRules
from crossdock.desk.act import (
    ENDING,
    NAMES,
    Act,
    AddRow,
    Assign,
    Comment,
    Mend,
    Resolve,
    Retry,
    Snooze,
    Wake,
    kind_of,
    read,
)
from crossdock.desk.attending import Attending
from crossdock.desk.entries import entry_of, given_of
from crossdock.desk.moves import SAME_ROUND, Moves, Woken, counted
from crossdock.desk.nudge import Nudge
from crossdock.faults import Invalid
from crossdock.journal.changes import Changes, Row
from crossdock.journal.contract import Overtaken
from crossdock.journal.sql import incidents
from crossdock.journal.sql.connection import Connection
from crossdock.journal.sql.flow import BRAKE
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.four_eyes import FourEyes, OnePair
from crossdock.message.incident import Incident, IncidentState, MemberKind
from crossdock.message.names import INCIDENT, moment, name_of
from crossdock.pipeline import brake
from crossdock.pipeline.trial import TRIED_MAX, Trial

#: Members moved in one commit.
CHUNK = 500
#: Commits of one act at most, so that an act ends even while members keep joining.
_CHUNKS_MAX = 2_000
_DAY_MS = 86_400_000
#: How long the answer to an act is kept for its Idempotency-Key.
_ANSWER_DAYS = 7
_FIXED = "fixed "
#: What no other try can end.
_NOT_TRIED_AGAIN = frozenset({"in_doubt", "duplicate_conflict"})
_CODES_MAX = 8  #: that a warning names

_encode = msgspec.json.Encoder(decimal_format="number").encode
Item = dict[str, Any]


class Desk:
    """Acts on incidents. One act at a time on each; who comes second is told what happened."""

    def __init__(
        self,
        journal: SiteJournal,
        nudge: Nudge,
        now_ms: Callable[[], int],
        *,
        crosswalks_changed: Callable[[], None] = lambda: None,
        trial: Trial | None = None,
        known_codes: Callable[[str], Collection[str] | None] = lambda _: (),
        eyes: FourEyes | None = None,
        rules: DeskRules = DeskRules(),  # noqa: B008 - it cannot be changed
    ) -> None:
        """`trial` tries a value before it is kept; without it every value is taken.

        `known_codes` gives our codes that a crosswalk has already (None: there is no such crosswalk):
        another one may be a slip of the pen. `eyes` says which acts two people must want.
        """
        self._journal = journal
        self._nudge = nudge
        self._now_ms = now_ms
        self._crosswalks_changed = crosswalks_changed
        self._trial = trial
        self._known_codes = known_codes
        self._eyes = eyes or OnePair()
        self._moves = Moves(journal, now_ms)
        self.attending = Attending(journal, now_ms, rules)
        self._acting: dict[int, asyncio.Event] = {}

    async def act(self, id_: int, name: str, body: Any, *, who: str, key: str | None = None) -> bytes | None:
        """Does one act and gives the incident as it is then, as JSON; None when there is no such incident.

        `key` is the caller's Idempotency-Key. Raises Invalid when the act makes no sense, Overtaken
        when somebody else was faster or the key belongs to another act, StoreDown.
        """
        if name not in NAMES:
            raise Invalid(
                f"there is no act {name}", path="act", value=name, fix=f"one of: {', '.join(NAMES)}"
            )
        asked = _Asked(f"act/{who}/{key}" if key else None, _digest(id_, name, body))
        waited = id_ in self._acting
        while id_ in self._acting:
            await self._acting[id_].wait()
        self._acting[id_] = asyncio.Event()
        try:
            known = self._known(asked)
            if known is not None:
                return known
            return await self._once(id_, name, body, who, asked, waited=waited)
        finally:
            self._acting.pop(id_).set()

    async def _once(
        self, id_: int, name: str, body: Any, who: str, asked: _Asked, *, waited: bool
    ) -> bytes | None:
        found = await self._journal.view(lambda connection: _look(connection, id_))
        if found is None:
            return None
        incident, item, last = found
        if incident.state is IncidentState.RESOLVED:
            if name == "retry" and (incident.reason or "").startswith(_FIXED):
                return _encode(item)  # the fix has sent everything back already
            reason = (incident.reason or "").removeprefix("abandoned: ")
            says = f"{name_of(INCIDENT, id_)} is ended: {reason}" + (f" ({last})" if last else "")
            raise Overtaken(says)
        if waited and name in ENDING:
            raise Overtaken(
                f"somebody acted on {name_of(INCIDENT, id_)} at the same time: {last or 'look again'}"
            )
        act = read(name, body, type_=incident.type)
        let_go = isinstance(act, Retry) and name in item["acts"]  # a document that came twice
        if isinstance(act, Retry | Mend | AddRow) and incident.type in _NOT_TRIED_AGAIN and not let_go:
            raise Invalid(
                f"{incident.type} is not ended by another try", path="act", value=name,
                fix=f"one of: {', '.join(item['acts'])}; a doubt ends with an outcome and a reason",
            )  # fmt: skip
        if isinstance(act, Mend | AddRow) and incident.type == brake.TYPE:
            raise Invalid(
                "no value is wrong here: so many of them are new", path="act", value=name,
                fix="retry lets the feed pass, resolve drops what is held",
            )  # fmt: skip
        if isinstance(act, Comment | Snooze | Wake):
            changes = self._journal.changes()
            after = await self.attending.write(changes, incident, act, who)
            answer = self._answer(changes, asked, item | {"desk": after})
            await self._journal.submit(changes)
            return answer
        kind = kind_of(incident.type, act)
        if isinstance(act, Mend):
            await self._try(incident, act)
        elif isinstance(act, AddRow):
            act = self._doubted(act)
            item["says"] += f"; {act.doubt}" if act.doubt else ""
        if kind is not None:
            name_ = name_of(INCIDENT, id_) or ""
            says = f"{name} {name_} ({incident.type}, {item['members']} in it)"
            await self._eyes.must_agree(kind, f"incident/{name}", name_, body, who=who, says=lambda: says)
        if isinstance(act, Assign):
            return await self._assign(incident, item, act, who, asked)
        return await self._end(incident, item, act, who, asked)

    async def _try(self, incident: Incident, act: Mend) -> None:
        """Nothing goes again unchanged because of a value. Raises Invalid."""
        if self._trial is None:
            return
        if incident.type in SAME_ROUND:
            raise Invalid(
                f"{incident.system} never refused this: it goes again word for word, under the same key",
                path="path", fix="retry it, or resolve it with a reason",
            )  # fmt: skip
        held = await self._journal.view(lambda c: incidents.held(c, incident.id, TRIED_MAX))
        mendable = [one for one in held if one[0] is not MemberKind.FOLLOWER]
        if not mendable:
            says = "nothing waits for a value here"
            raise Invalid(says, path="path", fix="resolve it with a reason")
        self._trial.check(mendable, act.path, act.value)

    def _doubted(self, act: AddRow) -> AddRow:
        """The row, with a word of doubt where no other row knows our code. Raises Invalid."""
        codes = self._known_codes(act.crosswalk)
        if codes is None:
            says = f"there is no crosswalk {act.crosswalk}"
            raise Invalid(says, path="crosswalk", fix="write the name of a file in crosswalks/, without .csv")
        if self._trial is not None and act.system not in self._trial.systems:
            says = f"the charter has no system {act.system}"
            raise Invalid(says, path="system", fix=f"write one of {', '.join(sorted(self._trial.systems))}")
        known = sorted(codes)
        if not known or act.ours in known:
            return act
        names = ", ".join(known[:_CODES_MAX]) + (" …" if len(known) > _CODES_MAX else "")
        return replace(
            act, doubt=f"warning: no other row of {act.crosswalk} has our code {act.ours} (known: {names})"
        )

    # -- one owner to another ------------------------------------------------

    async def _assign(self, incident: Incident, item: Item, act: Assign, who: str, asked: _Asked) -> bytes:
        changes = self._journal.changes()
        entry = entry_of(
            incident,
            who,
            "assign",
            f"{who} took it" if act.owner == who else f"{who} gave it to {act.owner}",
            {"owner": item["owner"]},
            {"owner": act.owner},
        )
        changes.assign_incident(incident, act.owner, entry)
        self.attending.handed_on(changes, incident)
        answer = self._answer(changes, asked, item | {"owner": act.owner})
        await self._journal.submit(changes)
        return answer

    # -- the end of an incident ----------------------------------------------

    async def _end(self, incident: Incident, item: Item, act: Act, who: str, asked: _Asked) -> bytes:
        """Moves every member, chunk by chunk; the last commit ends the incident and holds the answer.

        An incident that a new member joined meanwhile does not end: the next round takes it along.
        """
        woken = Woken()
        await self._prepare(incident, act, who)
        try:
            return await self._chunks(incident, item, act, who, asked, woken)
        finally:  # also where it broke off: what was written by then has been sent back
            self._wake(act, woken)

    async def _chunks(
        self, incident: Incident, item: Item, act: Act, who: str, asked: _Asked, woken: Woken
    ) -> bytes:
        for _ in range(_CHUNKS_MAX):
            members = await self._journal.view(lambda c: incidents.held(c, incident.id, CHUNK + 1))
            chunk, is_last = members[:CHUNK], len(members) <= CHUNK
            changes = self._journal.changes()
            try:
                answer = self._chunk(incident, item, act, who, asked, chunk, changes, woken, is_last=is_last)
            except Overtaken:
                continue  # a newer state took the place of one of them: who is left is read anew
            try:
                await self._journal.submit(changes)
            except Overtaken:
                incident.state = IncidentState.OPEN
                if not is_last:
                    raise
                continue
            if is_last:
                return answer
        raise Overtaken(
            f"members joined {name_of(INCIDENT, incident.id)} faster than they could be sent back"
        )

    def _chunk(
        self, incident: Incident, item: Item, act: Act, who: str, asked: _Asked,
        members: Sequence[tuple[MemberKind, int]], changes: Changes, woken: Woken, *, is_last: bool,
    ) -> bytes:  # fmt: skip
        if isinstance(act, Resolve):
            rows = self._moves.end(members, act.outcome, act.their_id, changes, woken)
        else:
            rows = self._moves.send_back(
                members, incident.type, changes, woken, mended=not isinstance(act, Retry)
            )
        reason = _reason(act)
        after: dict[str, Any] = {"state": "resolved" if is_last else "open", "members": counted(members)}
        said = (
            f"{who}: {reason}" if isinstance(act, Resolve) else f"{who} had {_many(len(members))} tried again"
        )
        entry = entry_of(incident, who, _name(act), said, {"state": "open"}, after, given_of(act))
        if not is_last:
            entry.incident = incident.id
            changes.entry(entry, *rows)
            return b""
        closed_ms = self._now_ms()
        changes.resolve_incident(incident, reason, closed_ms, entry)
        for row in rows:
            changes.row(row[0], *row[1])
        ended: Item = {"state": "resolved", "acts": [], "reason": reason, "closed_at": moment(closed_ms)}
        return self._answer(changes, asked, item | ended)

    async def _prepare(self, incident: Incident, act: Act, who: str) -> None:
        """Writes what a fix adds, before anything is tried again."""
        if isinstance(act, AddRow):
            values = (act.crosswalk, act.system, act.theirs, act.ours)
            await self._write_fix(incident, act, who, [("upsert_crosswalk_row", values, None)])
        elif isinstance(act, Retry) and incident.type == brake.TYPE:
            await self._let_pass(incident, act, who)
        elif isinstance(act, Mend):
            after = 0
            until = self._now_ms() + act.days * _DAY_MS
            value = _encode(act.value).decode()
            while found := await self._journal.view(
                lambda c, a=after: incidents.sources(c, incident.id, a, CHUNK)
            ):
                rows: list[Row] = []
                for after, system, document, their_id in found:  # noqa: B007 - the last one begins the next page
                    place = (self._journal.next_id(), self._journal.scope, system, document, their_id)
                    rows.append(("insert_override", (*place, act.path, value, until), None))
                await self._write_fix(incident, act, who, rows)

    async def _let_pass(self, incident: Incident, act: Retry, who: str) -> None:
        """A person has looked at a feed that runs away: for a while it may change as much as it likes."""
        feed = (incident.system, f"{BRAKE}{incident.document}")
        values = (self._journal.next_id(), self._journal.scope, *feed, brake.PASS, who, "", self._now_ms())
        changes = self._journal.changes()
        entry = entry_of(incident, who, "retry", f"{who} let it pass", {}, {"feed": "passes"}, given_of(act))
        entry.incident = incident.id
        changes.entry(entry, ("insert_gate_act", values, None))
        await self._journal.submit(changes)

    async def _write_fix(self, incident: Incident, act: Act, who: str, rows: Sequence[Row]) -> None:
        changes = self._journal.changes()
        entry = entry_of(incident, who, "fix", f"{who} {_reason(act)}", {}, {}, given_of(act))
        entry.incident = incident.id
        changes.entry(entry, *rows)
        await self._journal.submit(changes)

    def _wake(self, act: Act, woken: Woken) -> None:
        if isinstance(act, AddRow):
            self._crosswalks_changed()
        self._nudge.nudge(captures=woken.captures, messages=woken.messages, lanes=list(woken.lanes))

    # -- answers that are given again ----------------------------------------

    def _known(self, asked: _Asked) -> bytes | None:
        """The answer that this key had before. Raises Overtaken when it was for another act."""
        found = self._journal.answer(asked.key) if asked.key else None
        if found is None:
            return None
        if found[0] != asked.digest:
            raise Overtaken("this Idempotency-Key was used for another act")
        return found[1]

    def _answer(self, changes: Changes, asked: _Asked, item: Item) -> bytes:
        answer = _encode(item)
        if asked.key is not None:
            now = self._now_ms()
            changes.row("delete_answers", now - _ANSWER_DAYS * _DAY_MS)
            changes.row("insert_answer", asked.key, asked.digest, answer, now)
        return answer


class _Asked(msgspec.Struct, frozen=True):
    """A request by its Idempotency-Key (None: it has none) and what it asks."""

    key: str | None
    digest: bytes


def _digest(id_: int, name: str, body: Any) -> bytes:
    return hashlib.sha256(json.dumps([id_, name, body], sort_keys=True, default=str).encode()).digest()


def _look(connection: Connection, id_: int) -> tuple[Incident, Item, str | None] | None:
    """An incident as a record and as it is shown, and what was done last."""
    incident, item = incidents.record(connection, id_), incidents.incident(connection, id_)
    if incident is None or item is None:
        return None
    told = incidents.history(connection, id_)
    return incident, item, told[-1]["says"] if told else None


def _name(act: Act) -> str:
    match act:
        case Assign():
            return "assign"
        case Retry():
            return "retry"
        case Resolve():
            return "resolve"
        case _:
            return "fix"


def _reason(act: Act) -> str:
    """Why the incident ends, in one line."""
    match act:
        case Mend():
            return f"{_FIXED}{act.path}; the value holds for {act.days} days"
        case AddRow():
            row = f"{_FIXED}the crosswalk {act.crosswalk}: {act.theirs} of {act.system} is our {act.ours}"
            return f"{row}; {act.doubt}" if act.doubt else row
        case Resolve():
            return f"{act.outcome.value}: {act.reason}"
        case _:
            return "retried"


def _many(count: int) -> str:
    return "1 document" if count == 1 else f"{count} documents"
