"""Restored mode: what a backup cannot know, and how the hub avoids sending it a second time.

After a backup was taken the hub went on: it sent what was due, and took in documents that the backup
does not have. So what was open is in doubt, under the keys that it has; and a document that comes from a
system while it hands in again may have been sent before, under a key that nobody knows any more. Such a
one is sent only when its target, asked, says that it does not have it; else a person decides.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping

from crossdock.journal.changes import Changes
from crossdock.journal.contract import Journal, RestoredSystem
from crossdock.journal.numbers import NUMBERS, begins_again
from crossdock.journal.tenure import ALL
from crossdock.message.names import moment
from crossdock.message.records import Entry, Transmission
from crossdock.message.states import EntryKind, TransmissionState
from crossdock.pipeline.transmit import entry_of

_S = TransmissionState
_PAGE = 500
#: Numbers that may have been given after the backup: none of them is ever given again, since targets know them as keys.
LOST_MAX = 1 << 40
#: Numbers that a hub gives in a millisecond at most.
_GIVEN_PER_MS = 16
#: The first round after a restore: the floor without so many bits. Every restore has a higher one, and the rounds that
#: may have been used since the backup lie far below it.
_ROUND_BITS = 20
#: How a doubt begins that comes from a restore: the desk has a playbook of its own for it.
SAYS = "restored from the backup of"
#: Control numbers and serials of labels that are skipped, for those that may have been given after the backup; at most
#: a tenth of what a sequence has.
SKIPPED_MAX, _SKIPPED_PART = 1_000_000, 10
_MAY_HAVE_LEFT = (_S.DUE, _S.SENDING, _S.RETRYING)


class Restored:
    """Which documents came from systems that hand in again what a restored store has lost."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._systems: Mapping[str, RestoredSystem] = {}

    def refresh(self) -> None:
        """Reads anew which systems hand in again."""
        self._systems = {one.system: one for one in self._journal.restored_systems()}

    @property
    def all(self) -> list[RestoredSystem]:
        """Every system that hands in again, or did."""
        return list(self._systems.values())

    @property
    def open(self) -> list[RestoredSystem]:
        """Systems that may still hand in what was sent before."""
        return [one for one in self._systems.values() if one.ended_id is None]

    def doubts(self, origin: str, capture: int) -> bool:
        """Whether a capture may be of a document that was sent before, under a key that is lost."""
        if not self._systems:
            return False
        one = self._systems.get(origin)
        return one is not None and (one.ended_id is None or capture < one.ended_id)

    def may_have_left(self, t: Transmission) -> bool:
        """Whether a transmission that was held may have been sent before the store was restored."""
        if not self._systems:
            return False
        if any(t.id < one.floor - LOST_MAX for one in self._systems.values()):
            return True
        message = self._journal.message(t.message)
        return message is not None and self.doubts(message.system, message.capture)

    def rounds_lost(self, t: Transmission) -> bool:
        """Whether a transmission of the backup may have gone in rounds that nobody knows any more.

        So it is until it has begun a round since: that one is in doubt first, those after it are not.
        """
        if not self._systems:
            return False
        floor = max(one.floor for one in self._systems.values())
        return t.id < floor - LOST_MAX and t.round < floor >> _ROUND_BITS

    def new_round(self, t: Transmission) -> TransmissionState:
        """Begins a new round, with a new key and no body yet; gives the state that it is in then."""
        lost = self.rounds_lost(t)
        t.round = max(one.floor for one in self._systems.values()) >> _ROUND_BITS if lost else t.round + 1
        t.payload = t.request = None
        return _S.IN_DOUBT if lost else _S.DUE

    def begun_anew(self, t: Transmission) -> bool:
        """Whether no target can know the key of a round: the first since the restore, and not sent yet."""
        floor = max((one.floor for one in self._systems.values()), default=0)
        return bool(floor) and t.payload is None and t.round >= floor >> _ROUND_BITS

    def doubt(self, t: Transmission) -> tuple[str, str]:
        """Why a transmission is in doubt though nobody saw it leave, and what else ends that."""
        if not self._systems:
            return "it may have been sent before", ""
        backup = f"{SAYS} {moment(max(one.backup_ms for one in self._systems.values()))}"
        one = self._systems.get(t.origin)
        if one is None or t.id <= one.floor:
            return f"{backup}: it may have been sent again since; look there first", ""
        fix = f"once {t.origin} has sent again all that was lost, say `crossdock restored end {t.origin}`"
        says = f"{backup}, and {t.origin} hands in again what was lost: it may have been sent before"
        return says, "" if one.ended_id is not None else fix

    def keyless(self, t: Transmission) -> bool:
        """Whether no target can know a transmission by its key: made after the restore, and never sent."""
        one = self._systems.get(t.origin)
        return one is not None and t.id > one.floor and t.attempt == 0

    async def end(self, system: str, says: str, who: str = "") -> bool:
        """A system has handed in all that was lost; True when it was still doing so."""
        one = self._systems.get(system)
        if one is None or one.ended_id is not None:
            return False
        changes = self._journal.changes()
        kind = EntryKind.act if who else EntryKind.decided
        changes.entry(Entry(kind, system=system, origin=who or system, says=says))
        ended = RestoredSystem(one.system, one.backup_ms, one.since_ms, one.floor, self._journal.next_id())
        changes.row("upsert_restored", *ended.columns)
        await self._journal.submit(changes)
        self.refresh()
        return True


async def put_in_doubt(journal: Journal, targets: list[str], progress: Callable[[int], None]) -> Counter[str]:
    """Everything open at these targets may have been sent since the backup; gives how many at each."""
    counted = Counter[str]()
    for target in targets:
        after = 0
        while page := journal.open_transmissions(target, _MAY_HAVE_LEFT, after, _PAGE, ALL):
            changes = journal.changes()
            for t in page:
                says = f"restored from a backup: {target} may have it since"
                changes.move_transmission(t, _S.IN_DOUBT, entry_of(t, EntryKind.doubted, says))
            await journal.submit(changes)
            after = page[-1].id
            counted[target] += len(page)
            progress(sum(counted.values()))
    return counted


async def begin(journal: Journal, systems: list[str], *, backup_ms: int, now_ms: int, says: str) -> None:
    """Notes in the ledger that the store was restored, and that these systems hand in again."""
    changes = journal.changes()
    changes.entry(Entry(EntryKind.act, origin="restore", says=says))
    # One backup may come back twice: what was given after the first time is not given again after the second.
    floor = journal.next_id() + LOST_MAX + now_ms * _GIVEN_PER_MS
    _skip(journal, changes)
    for system in systems:
        changes.row("upsert_restored", *RestoredSystem(system, backup_ms, now_ms, floor, None).columns)
    await journal.submit(changes)


def _skip(journal: Journal, changes: Changes) -> None:
    """Goes on far behind the last number that the store knows: partners saw numbers that it has lost."""
    for sequence, value, most in journal.numbers():
        count = min(SKIPPED_MAX, most // _SKIPPED_PART)
        beyond, runs = value + count, [value + 1, value + count]
        if beyond > most:
            beyond = beyond - most if begins_again(sequence) else most
            runs = [value + 1, most] if value < most else []
            runs += [1, beyond] if begins_again(sequence) else []
        if value == beyond:
            continue
        says = f"skips {count} numbers of {sequence}: they may have been given after the backup"
        detail = json.dumps({NUMBERS: {sequence: runs}})
        changes.entry(
            Entry(EntryKind.act, origin="restore", says=says, detail=detail),
            ("upsert_number", (journal.scope, sequence, beyond, most), None),
        )
