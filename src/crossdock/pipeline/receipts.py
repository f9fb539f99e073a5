"""What partners say of what they were sent: matched to it, missed when it does not come."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
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
_ANSWERED = (ACCEPTED, REJECTED)


class Receipts:
    """Keeps the account of what is owed and what has come."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._journal = context.journal
        self._asked = any(system.partner is not None for system in context.charter.systems.values())
        self._deadlines = Deadlines(context)
        self._next_s = 0.0

    def match(self, message: Message, batch: Batch, *, again: bool = False) -> None:
        """Notes the verdict of an acknowledgement on what it speaks of; a refusal is an incident.

        Raises Invalid for one that speaks of nothing we sent, or contradicts itself; a person who sends it back
        (`again`) takes it as it stands.
        """
        tree = message.tree
        known: Mapping[str, Any] = tree.get("extra", {}).get("edi", {})
        found = self._owed(message.system, tree)
        if not found:
            self._of_nothing(message, known)
        for receipt in found:
            self._judge(message, receipt, known, batch, again=again)

    def _of_nothing(self, message: Message, known: Mapping[str, Any]) -> None:
        """Raises Invalid, unless nobody expected that what it speaks of is acknowledged and it was taken."""
        tree, partner = message.tree, self._context.charter.systems[message.system].partner
        is_rejected = tree["verdict"] == "rejected"
        if not is_rejected and (
            known.get("family") == "FA" or partner is None or not partner.answering.expect
        ):
            return
        told = "rejects" if is_rejected else "acknowledges"
        what = "group" if tree.get("group") else "interchange"
        why = [str(one["says"]) for one in tree.get("sets", ()) if one.get("says")] or [
            str(tree.get("says", ""))
        ]
        raise Invalid(
            f"this {tree['form']} {told} {what} {tree.get(what, '')}, and nothing that went to {message.system} under"
            f" that number waits for it" + (f": {why[0]}" if why[0] else ""),
            path=what, value=str(tree.get(what, "")),
            fix="ask the partner which document it means; retry looks once more, resolve ends it",
        )  # fmt: skip

    def _judge(
        self, message: Message, receipt: Receipt, known: Mapping[str, Any], batch: Batch, *, again: bool
    ) -> None:
        tree, ours = message.tree, receipt.says.partition(" of ")[0]
        verdict, says = _verdict(tree, ours)
        holds = known.get("holds")
        if holds is not None and ours not in holds:
            verdict = None
        if verdict is None and not again:
            named = [f"{one['set']} {one['control']}" for one in tree.get("sets", ())]
            other = named[0] if named else f"a group of {known.get('family', '?')}"
            raise Invalid(
                f"this {tree['form']} speaks of {other}; what {message.system} got there was {receipt.says}",
                path="sets", value=other, fix="ask the partner which document it means, then resolve with a reason",
            )  # fmt: skip
        amiss = str(known.get("amiss", ""))
        if amiss and verdict != "rejected" and not again:
            raise Invalid(
                f"the {tree['form']} for {receipt.says} contradicts itself: {amiss}", path="verdict", value=verdict,
                fix="ask the partner what it took; retry takes it as it stands, resolve ends it",
            )  # fmt: skip
        state = _STATES[verdict or "accepted"]
        if verdict is None or (tree["form"] == "TA1" and (receipt.state in _ANSWERED or state != REJECTED)):
            return  # a TA1 says less than what came already, and of an interchange that was taken nothing of its sets
        self._note(message, receipt, state, "; ".join(filter(None, (says, amiss))), batch)

    def _note(self, message: Message, receipt: Receipt, state: int, says: str, batch: Batch) -> None:
        told = f"{receipt.says}: {STANDINGS[state].replace('_', ' ')} by {message.system}"
        batch.changes.row("answer_receipt", state, says or None, receipt.transmission, receipt.round)
        form = message.tree["form"]
        entry = self._entry(receipt, f"{told} ({form})" + (f": {says}" if says else ""))
        if state == REJECTED:
            fault = Rejected(
                f"{told}: {says}" if says else told, value=receipt.number,
                fix="mend what the partner names, then send the document again under a new number",
            )  # fmt: skip
            self._open(receipt, fault, message.capture, entry, batch)
        else:
            batch.changes.entry(entry)
        for former in ("overdue",) if state == REJECTED else ("overdue", "rejected"):
            self._close(receipt, former, f"{told} since", batch)

    def _close(self, receipt: Receipt, type_: str, why: str, batch: Batch) -> None:
        """Ends what was opened for the same receipt: the partner has answered, or has changed its mind."""
        cause = _cause(type_, receipt)
        incident = batch.amiss.pop(cause, None) or self._journal.incident_of_cause(cause)
        if incident is not None:
            now_ms = self._context.clock.now_ms()
            batch.changes.row("resolve_empty_incident", why, now_ms, incident)

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
        incident.cause = _cause(fault.type, receipt)
        incident.members = []  # the sending itself is done: there is nothing to send back, only to find out
        batch.changes.open_incident(incident, entry)
        batch.amiss[incident.cause] = incident.id


def _cause(type_: str, receipt: Receipt) -> str:
    return f"{type_}/{receipt.system}/receipt/{receipt.transmission}.{receipt.round}"


def _verdict(tree: dict[str, Any], ours: str) -> tuple[str | None, str]:
    """What is said of the one set that was sent, and why; None where another set is judged in its place.

    What is not named is as the whole is, and nothing of a whole that is refused was taken.
    """
    whole, says = str(tree["verdict"]), str(tree.get("says", ""))
    sets = list[dict[str, Any]](tree.get("sets", ()))
    named = next((one for one in sets if one["set"] in (ours, *_UNSAID) and _is_first(one["control"])), None)
    if whole == "rejected":
        return whole, str(named.get("says") or says) if named is not None else says
    if named is not None:
        return str(named["verdict"]), str(named.get("says", says))
    return (None if sets else whole), says


def _is_first(control: str) -> bool:
    """Whether this can be the number of our set: it is the first of its envelope, and 0 stands for none said."""
    return control.isdecimal() and int(control[-_CONTROL_DIGITS_MAX:]) in (0, 1)
