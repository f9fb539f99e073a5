"""What partners say of what they were sent: matched to it, missed when it does not come."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from crossdock.faults import Invalid, Rejected
from crossdock.journal.chain import partition_of
from crossdock.journal.numbers import ACCEPTED, OVERDUE, REJECTED, STANDINGS, WITH_ERRORS, Receipt
from crossdock.journal.tenure import Hold
from crossdock.message.incident import MemberKind
from crossdock.message.records import Entry, Message
from crossdock.message.states import EntryKind
from crossdock.pipeline.batch import Batch
from crossdock.pipeline.bound import Context
from crossdock.pipeline.deadlines import Deadlines
from crossdock.pipeline.report import Subject, incident_of

_STATES = {
    "accepted": ACCEPTED,
    "accepted_with_errors": WITH_ERRORS,
    "partly": WITH_ERRORS,
    "rejected": REJECTED,
}
#: Overdue receipts that become incidents in one commit.
OVERDUE_PAGE = 200
#: How often it is looked whether a partner owes us something for too long.
_LOOK_EVERY_S = 1.0
#: Of a control number; X12 has 9 and EDIFACT 14. A longer one is none of ours, and no store could look for it.
_CONTROL_DIGITS_MAX = 14
#: What stands in an acknowledgement where the partner does not say which set it speaks of.
_UNSAID = frozenset({"000", "?"})


class Receipts:
    """Keeps the account of what is owed and what has come."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._journal = context.journal
        self._asked = any(system.partner is not None for system in context.charter.systems.values())
        self._deadlines = Deadlines(context)
        self._next_s = 0.0

    def match(self, message: Message, batch: Batch) -> None:
        """Notes the verdict of an acknowledgement on everything that it speaks of; a refusal is an incident."""
        tree = message.tree
        for receipt in self._owed(message.system, tree):
            judged = _verdict(tree, receipt)
            if judged is None:
                continue  # it is still owed
            verdict, says = judged
            state = _STATES[verdict]
            if receipt.state in (ACCEPTED, REJECTED) and tree["form"] == "TA1":
                continue  # a TA1 says less than what came already
            if tree["form"] == "TA1" and state != REJECTED:
                continue  # the interchange was taken; what becomes of its sets is told by a 997
            told = f"{receipt.says}: {STANDINGS[state].replace('_', ' ')} by {message.system}"
            batch.changes.row("answer_receipt", state, says or None, receipt.transmission, receipt.round)
            entry = self._entry(receipt, f"{told} ({tree['form']})" + (f": {says}" if says else ""))
            if state == REJECTED:
                fault = Rejected(
                    f"{told}: {says}" if says else told, value=receipt.number,
                    fix="mend what the partner names, then send the document again under a new number",
                )  # fmt: skip
                self._open(receipt, fault, message.capture, entry, batch)
            else:
                batch.changes.entry(entry)

    def due(self, now_s: float) -> bool:
        """Whether it is time to look for receipts that did not come; never where there are no partners."""
        if not self._asked or now_s < self._next_s:
            return False
        self._next_s = now_s + _LOOK_EVERY_S
        return True

    async def missed(
        self, batch: Batch, hold: Hold, commit: Callable[[Batch], Coroutine[Any, Any, None]]
    ) -> None:
        """Looks for receipts that did not come in time, and commits what it found."""
        if self.overdue(frozenset(hold.partitions), batch):
            await commit(batch)

    def overdue(self, partitions: frozenset[int], batch: Batch) -> int:
        """Opens an incident for each receipt that should have come by now; gives how many."""
        late = self._journal.receipts_overdue(partitions, self._context.clock.now_ms(), OVERDUE_PAGE)
        for receipt in late:
            if receipt.control < 0:
                self._deadline(receipt, batch)
                continue
            says = f"{receipt.system} has not acknowledged {receipt.says} (interchange {receipt.control})"
            fault = Invalid(
                says, value=str(receipt.control), type="overdue",
                fix="ask the partner whether it has the interchange; if not, send it again",
            )  # fmt: skip
            batch.changes.row("answer_receipt", OVERDUE, None, receipt.transmission, receipt.round)
            self._open(receipt, fault, None, self._entry(receipt, says), batch)
        return len(late)

    def _deadline(self, receipt: Receipt, batch: Batch) -> None:
        """A clock has run out: what it waited for was done, or somebody must look at once."""
        if self._deadlines.met(receipt):
            answered = (ACCEPTED, None, receipt.transmission, receipt.round)
            entry = replace(self._entry(receipt, f"in time: {receipt.says}"), transmission=None)
            batch.changes.entry(entry, ("answer_receipt", answered, None))
            return
        says = f"{receipt.system} should have {receipt.says} by now"
        fault = Invalid(
            says, value=receipt.number, type="overdue",
            fix="look why it waits: on the desk, or not told; send it, or agree on another time",
        )  # fmt: skip
        batch.changes.row("answer_receipt", OVERDUE, None, receipt.transmission, receipt.round)
        entry = replace(self._entry(receipt, says), transmission=None)
        self._open(receipt, fault, None, entry, batch)

    def _owed(self, system: str, tree: dict[str, Any]) -> Sequence[Receipt]:
        """The newest document under the number that is acknowledged."""
        for key in ("group", "interchange"):
            text = str(tree.get(key, ""))
            if text.isdecimal() and len(text) <= _CONTROL_DIGITS_MAX:
                number = int(text)
                found = (
                    self._journal.receipts_owed(system, group=number)
                    if key == "group"
                    else self._journal.receipts_owed(system, control=number)
                )
                return found[:1]
        return ()

    def _entry(self, receipt: Receipt, says: str) -> Entry:
        return Entry(
            EntryKind.decided, system=receipt.system, origin=receipt.system, transmission=receipt.transmission,
            root=receipt.root, says=says, partition=receipt.partition or partition_of(receipt.number),
        )  # fmt: skip

    def _open(
        self, receipt: Receipt, fault: Invalid | Rejected, capture: int | None, entry: Entry, batch: Batch
    ) -> None:
        del capture
        incident = incident_of(
            fault,
            Subject(receipt.system, receipt.document, receipt.number),
            (MemberKind.TRANSMISSION, receipt.transmission),
            id_=self._journal.next_id(),
            now_ms=self._context.clock.now_ms(),
            charter=self._context.charter,
        )
        incident.owner = f"partner:{receipt.system}" if fault.type == "overdue" else incident.owner
        incident.cause = f"{fault.type}/{receipt.system}/receipt/{receipt.transmission}.{receipt.round}"
        incident.members = []  # the sending itself is done: there is nothing to send back, only to find out
        batch.changes.open_incident(incident, entry)


def _verdict(tree: dict[str, Any], receipt: Receipt) -> tuple[str, str] | None:
    """What is said of the one set that was sent, and why; None where another set is accepted in its place.

    What is not named is as the whole is, and nothing of a whole that is refused was taken.
    """
    whole, says = str(tree["verdict"]), str(tree.get("says", ""))
    sets = list[dict[str, Any]](tree.get("sets", ()))
    ours = {receipt.says.partition(" of ")[0], *_UNSAID}
    named = next((one for one in sets if one["set"] in ours), None)
    if whole == "rejected":
        return whole, str(named.get("says") or says) if named is not None else says
    if named is not None:
        return str(named["verdict"]), str(named.get("says", says))
    return None if sets else (whole, says)
