"""How members leave an incident: tried again, taken as done, or closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossdock.desk.act import Outcome
from crossdock.journal.changes import Changes, Row
from crossdock.journal.contract import Overtaken
from crossdock.journal.sql.site import SiteJournal
from crossdock.message.incident import MemberKind
from crossdock.message.records import Capture, Transmission
from crossdock.message.states import CaptureState, MessageState, TransmissionState
from crossdock.pipeline.restored import Restored

_C, _M, _T = CaptureState, MessageState, TransmissionState
#: A belief that rests on what a target acknowledged; here on what a person found there.
_ACKNOWLEDGED = 2
#: Types whose transmissions were never refused: the same key goes again, since a new one might double them.
SAME_ROUND = frozenset({"overdue", "throttled"})


@dataclass(slots=True)
class Woken:
    """What the worker must look at once the act is durable."""

    captures: list[int] = field(default_factory=list[int])
    messages: list[int] = field(default_factory=list[int])
    lanes: dict[tuple[str, str], None] = field(default_factory=dict[tuple[str, str], None])


class Moves:
    """Writes the moves of members into changes."""

    def __init__(self, journal: SiteJournal, now_ms: Callable[[], int]) -> None:
        self._journal = journal
        self._now_ms = now_ms

    def send_back(
        self,
        members: Iterable[tuple[MemberKind, int]],
        type_: str,
        changes: Changes,
        woken: Woken,
        *,
        mended: bool,
    ) -> list[Row]:
        """Everything is tried again; a refused sending in a new round, with a new key and body.

        One that may have arrived before it was refused keeps its key unless it was `mended`: a refusal at the
        gate, such as a 401, says nothing of what went before.
        """
        restored = self._restored()
        for kind, id_ in members:
            match kind:
                case MemberKind.CAPTURE:
                    changes.move_capture(_on_desk(id_), _C.WAITING)
                    woken.captures.append(id_)
                case MemberKind.MESSAGE:
                    self._move_message(id_, _M.WAITING, changes)
                    woken.messages.append(id_)
                case MemberKind.FOLLOWER:
                    self._let_go(self._transmission(id_), restored, changes, woken)
                case MemberKind.TRANSMISSION:
                    t = self._transmission(id_)
                    same = type_ in SAME_ROUND or (not mended and self._journal.doubted(t.root, t.id))
                    same = same and not restored.rounds_lost(t)
                    self._move(t, self._again(t, restored, new_round=not same), changes, woken)
        return []

    def end(
        self,
        members: Iterable[tuple[MemberKind, int]],
        outcome: Outcome,
        their_id: str | None,
        changes: Changes,
        woken: Woken,
    ) -> list[Row]:
        """What a person found out: done, not there after all, or given up. Followers go on in any case."""
        rows: list[Row] = []
        restored = self._restored()
        for kind, id_ in members:
            match kind:
                case MemberKind.CAPTURE:
                    changes.move_capture(_on_desk(id_), _C.CLOSED)
                case MemberKind.MESSAGE:
                    self._move_message(id_, _M.CLOSED, changes)
                case MemberKind.FOLLOWER:
                    self._let_go(self._transmission(id_), restored, changes, woken)
                case MemberKind.TRANSMISSION:
                    rows += self._end(self._transmission(id_), outcome, their_id, restored, changes, woken)
        return rows

    def _restored(self) -> Restored:
        """What came back from a backup, as it is now."""
        restored = Restored(self._journal)
        restored.refresh()
        return restored

    def _let_go(self, t: Transmission, restored: Restored, changes: Changes, woken: Woken) -> None:
        """Nothing holds it any more; what may have been sent before a restore is asked for first."""
        doubtful = restored.may_have_left(t)
        self._move(t, _T.IN_DOUBT if doubtful else _T.DUE, changes, woken)

    def _end(
        self,
        t: Transmission,
        outcome: Outcome,
        their_id: str | None,
        restored: Restored,
        changes: Changes,
        woken: Woken,
    ) -> list[Row]:
        rows: list[Row] = []
        if outcome is Outcome.NOT_APPLIED:
            to = self._again(t, restored, new_round=True)
        elif outcome is Outcome.ABANDONED:
            to = _T.CLOSED
        else:
            to = _T.DONE
            now = self._now_ms()
            rows.append(
                changes.belief(
                    t.hub,
                    t.target,
                    how=_ACKNOWLEDGED,
                    version=0,
                    message=t.message,
                    transmission=t.id,
                    at_ms=now,
                )
            )
            if their_id is not None:
                rows.append(changes.identity(t.target, t.document, their_id, t.hub))
        self._move(t, to, changes, woken)
        return rows

    def _again(self, t: Transmission, restored: Restored, *, new_round: bool) -> TransmissionState:
        """Due now, its retry clock from the beginning; attempts go on counting over all rounds.

        What stood on the desk when a backup was taken may have gone since: its first new round begins in doubt.
        """
        t.due_ms, t.first_ms = self._now_ms(), 0
        return restored.new_round(t) if new_round else _T.DUE

    def _move(self, t: Transmission, to: TransmissionState, changes: Changes, woken: Woken) -> None:
        changes.move_transmission(t, to, None)
        woken.lanes[t.target, t.key] = None
        for lane in self._journal.lanes_after(t.id, t.message):
            woken.lanes[lane] = None

    def _transmission(self, id_: int) -> Transmission:
        t = self._journal.transmission(id_)
        assert t is not None, f"transmission {id_} is a member and not in the store"
        if t.state not in (_T.DESK, _T.HELD):
            raise Overtaken(f"{t.document} {t.number} for {t.target} has left the incident by itself")
        return t

    def _move_message(self, id_: int, to: MessageState, changes: Changes) -> None:
        message = self._journal.message(id_)
        assert message is not None, f"message {id_} is a member and not in the store"
        if message.state is not _M.DESK:
            raise Overtaken(f"{message.document} {message.number} has left the incident by itself")
        changes.move_message(message, to)


def _on_desk(id_: int) -> Capture:
    """A capture as far as a move needs it; its bytes may be many and stay where they are."""
    return Capture(id_, "", "", "", 0, None, "", 0, 0, state=_C.DESK)


def counted(members: Iterable[tuple[MemberKind, int]]) -> Mapping[str, int]:
    """How many members of each kind, for the ledger."""
    counts: dict[str, Any] = {}
    for kind, _ in members:
        counts[kind.name.lower()] = counts.get(kind.name.lower(), 0) + 1
    return counts
