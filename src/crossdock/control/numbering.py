"""Control numbers of partners: where each sequence stands, and the number that a person lets it go on with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from crossdock.faults import Invalid, TryLater
from crossdock.journal.chain import partition_of
from crossdock.journal.contract import Journal, Overtaken
from crossdock.journal.numbers import AGAIN, NUMBERS
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.message.whence import WHENCE

#: The highest control number of an envelope.
MOST = 999_999_999
_REASON_MAX = 1_000
_TRIES_MAX = 10
_FIELDS = frozenset({"next", "kind", "reason", "force"})


class Pair(Protocol):
    """What must be known of a partner: which numbers its standard has, and under which names they are kept."""

    @property
    def numbered(self) -> tuple[str, ...]: ...

    def sequence(self, kind: str) -> str:
        """The name under which numbers of one kind are kept."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """What the next number of which sequence shall be, and why."""

    next: int
    kind: str | None  #: interchange or group; None: both
    reason: str
    force: bool = False  #: also below what was given


@dataclass(frozen=True, slots=True)
class Standing:
    """One sequence: the last number given (0: none was), and the one that follows."""

    kind: str
    last: int
    next: int


def read(body: Any) -> Order:
    """The order in a request. Raises Invalid with the path of what is wrong."""
    if not isinstance(body, dict):
        raise Invalid(
            "the body is no object", fix='send {"next": 1000, "reason": "moved from another system"}'
        )
    given = cast("Mapping[str, Any]", body)
    for name in given:
        if name not in _FIELDS:
            raise Invalid(
                f"{name} is not known here", path=name, fix="send next and reason, kind and force if need be"
            )
    next_, kind, reason, force = (
        given.get("next"),
        given.get("kind"),
        given.get("reason"),
        given.get("force", False),
    )
    if not isinstance(next_, int) or isinstance(next_, bool) or not 1 <= next_ <= MOST:
        raise Invalid(
            f"next is a number from 1 to {MOST}", path="next", value=str(next_), fix="send the next number"
        )
    if kind is not None and kind not in ("interchange", "group"):
        raise Invalid(
            f"{kind} is no kind of number",
            path="kind",
            value=str(kind),
            fix="interchange or group; none: both",
        )
    if not isinstance(reason, str) or not reason.strip() or len(reason) > _REASON_MAX:
        raise Invalid("a reason is missing", path="reason", fix="say why in a few words; the ledger keeps it")
    if not isinstance(force, bool):
        raise Invalid(
            "force is true or false", path="force", value=str(force), fix="leave it out, or send true"
        )
    return Order(next_, kind, " ".join(reason.split()), force)


class Numbering:
    """Keeps the sequences of every partner: a number is never given twice unless a person insists."""

    def __init__(self, journal: Journal, profiles: Mapping[str, Pair]) -> None:
        self._journal = journal
        self._profiles = profiles

    def standing(self, system: str) -> Sequence[Standing]:
        """Where the sequences of one partner stand. Raises Invalid for a system without a profile."""
        profile = self._profile(system)
        known = {sequence: (value, most) for sequence, value, most in self._journal.numbers()}
        found: list[Standing] = []
        for kind in profile.numbered:
            last, most = known.get(profile.sequence(kind), (0, MOST))
            found.append(Standing(kind, last, 1 if last >= most else last + 1))
        return found

    async def begin(self, system: str, order: Order, *, who: str) -> Sequence[Standing]:
        """Lets a partner's sequences go on with a number; gives how they stand then.

        A number that was given is refused without `force`. Raises Invalid, TryLater, StoreDown.
        """
        kinds = self._profile(system).numbered
        if order.kind is not None and order.kind not in kinds:
            raise Invalid(
                f"{system} has no {order.kind} numbers", path="kind", value=order.kind, fix=f"send {kinds[0]}"
            )
        for _ in range(_TRIES_MAX):
            try:
                await self._move(system, order, [order.kind] if order.kind else list(kinds), who)
            except Overtaken:
                continue  # a number was given meanwhile: it counts
            return self.standing(system)
        raise TryLater(
            f"numbers of {system} are given all the time now", fix="pause the system, then try again"
        )

    async def _move(self, system: str, order: Order, kinds: Sequence[str], who: str) -> None:
        """One commit, or none where a sequence is not as it was found. Raises Overtaken, Invalid."""
        changes, profile = self._journal.changes(), self._profile(system)
        for stands in self.standing(system):
            if stands.kind not in kinds or stands.next == order.next:
                continue
            if order.next <= stands.last and not order.force:
                raise Invalid(
                    f"the {stands.kind} number {order.next} was given to {system} already, up to {stands.last}",
                    path="next", value=str(order.next),
                    fix=f"send {stands.last + 1} or more, or force it if the partner has forgotten its numbers",
                )  # fmt: skip
            sequence, value = profile.sequence(stands.kind), order.next - 1
            if not stands.last:
                changes.row("introduce_number", self._journal.scope, sequence, 0, MOST, 0)
            row = (self._journal.scope, sequence, value, MOST, stands.last)
            changes.entry(_entry(system, sequence, stands, order, who), ("move_number", row, 1))
        if changes.entries:
            await self._journal.submit(changes)

    def _profile(self, system: str) -> Pair:
        profile = self._profiles.get(system)
        if profile is None:
            known = ", ".join(self._profiles) or "none"
            raise Invalid(
                f"{system} is no EDI partner", path="system", value=system, fix=f"the partners are: {known}"
            )
        return profile


def _entry(system: str, sequence: str, stands: Standing, order: Order, who: str) -> Entry:
    """The line of the ledger, with the numbers that are left out or given once more."""
    detail: dict[str, Any] = {
        "who": who, "act": "number", "from": WHENCE.get(), "before": {"next": stands.next},
        "given": {"kind": stands.kind, "next": order.next, "reason": order.reason, "force": order.force},
    }  # fmt: skip
    if order.next > stands.last:
        detail[NUMBERS] = {sequence: [stands.last + 1, order.next - 1]}
    else:
        detail[AGAIN] = {sequence: [order.next, stands.last]}
    says = (
        f"{who} lets the {stands.kind} numbers for {system} go on with {order.next} instead of {stands.next}:"
        f" {order.reason}"
    )
    return Entry(
        EntryKind.act, system=system, says=says, detail=json.dumps(detail, sort_keys=True),
        partition=partition_of(f"numbers/{system}"),
    )  # fmt: skip
