"""Goods received held against the order, transfer or advice that announced them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from crossdock.faults import Invalid
from crossdock.model.arrival import (
    Arrived,
    Expected,
    InBase,
    LineStanding,
    Receiving,
    Standing,
    standing,
    told,
)
from crossdock.model.documents.inventory import StockTransfer
from crossdock.model.documents.purchase import DespatchAdvice, GoodsReceipt, PurchaseOrder, ReceivedLine
from crossdock.model.quantity import Quantity

#: What announces goods.
Announcement = PurchaseOrder | StockTransfer | DespatchAdvice

#: States in which stock cannot be sold as it is.
SPOILT = frozenset({"damaged", "expired"})
#: States in which a lot past its date may lie: nobody promises it.
SET_ASIDE = frozenset({"damaged", "expired", "held", "quality", "quarantine"})


class Finding(Enum):
    """What can be wrong with a receipt."""

    OVER = "over"
    UNEXPECTED = "unexpected"
    LOT_MISSING = "lot_missing"
    LOT_EXPIRED = "lot_expired"


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a finding leads to: an incident of a type, with what to do."""

    type: str
    fix: str


_ASK = "raise the order where it was placed, or send the rest back, then retry"
#: Finding -> what it leads to. It keeps the receipt from all readers until then.
CONSEQUENCES = {
    Finding.OVER: Consequence("bad_transition", _ASK),
    Finding.UNEXPECTED: Consequence("bad_transition", "add the line where it was ordered, or send it back, then retry"),
    Finding.LOT_MISSING: Consequence("lot_missing", "read the lot off the goods, put it on the line, then retry"),
    Finding.LOT_EXPIRED: Consequence("lot_expired", "set the lot aside as expired or held, or correct its date"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """One finding with its words, and where it stands in the receipt."""

    finding: Finding
    says: str
    path: str = ""
    value: str | None = None

    def fault(self) -> Invalid:
        """The incident that it becomes."""
        consequence = CONSEQUENCES[self.finding]
        return Invalid(
            self.says, path=self.path, value=self.value, fix=consequence.fix, type=consequence.type
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """What a judgement needs besides the documents."""

    in_base: InBase
    by_lot: Callable[[str], bool]  #: whether an item is kept by lot
    over_percent: Decimal = Decimal(0)  #: more than announced that is taken without asking


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a receipt came to, with all that was received before."""

    standing: Standing
    found: tuple[Found, ...]

    def fault(self) -> Invalid | None:
        """The first finding; each needs a person."""
        return self.found[0].fault() if self.found else None

    def says(self) -> str:
        """How far it is in one sentence, such as `closed_short: 2 EA of TEA-1 are missing`."""
        lines = self.standing.lines
        notes = [f"{told(one.spoilt, one.unit)} of {one.sku} cannot be sold" for one in lines if one.spoilt]
        if self.standing.state is Receiving.SHORT:
            notes += [
                f"{told(one.missing, one.unit)} of {one.sku} are missing" for one in lines if one.missing
            ]
        return ": ".join(filter(None, (self.standing.state.value, ", ".join(notes))))


def expected(announcement: Announcement) -> Iterator[Expected]:
    """The lines of what announces goods."""
    for line in announcement.lines:
        yield Expected(str(line.line), line.sku, Quantity.of(line.quantity, line.unit))


def arrived(receipts: Iterable[GoodsReceipt]) -> Iterator[Arrived]:
    """The lines of receipts."""
    for receipt in receipts:
        for line in receipt.lines:
            # A receipt numbers its lines as it likes: only the order's own name of a line leads to it, None to none.
            yield Arrived(str(line.purchase_line), line.sku, line.amount(), line.status in SPOILT)


def received(announcement: Announcement, receipts: Iterable[GoodsReceipt], in_base: InBase) -> Standing:
    """How receipts, in any order, stand to what announced them. Raises Invalid for an unknown unit."""
    known = tuple(receipts)
    ended = any(receipt.complete is True for receipt in known)
    return standing(expected(announcement), arrived(known), in_base, ended=ended)


def judge(
    announcement: Announcement | None, before: Iterable[GoodsReceipt], receipt: GoodsReceipt, rules: Rules
) -> Judgement:
    """What one more receipt comes to. Raises Invalid for an unknown unit.

    `before` are those that were taken, each once and in its newest version; without an announcement
    only the receipt's own lines are looked at.
    """
    found = list(_lots(receipt, rules))
    if announcement is None:
        return Judgement(Standing((), ended=False), tuple(found))
    now = received(announcement, (*before, receipt), rules.in_base)
    touched = {line.sku: index for index, line in reversed(tuple(enumerate(receipt.lines)))}
    for line in now.lines:
        if line.sku in touched:
            found += _amounts(line, f"lines[{touched[line.sku]}].quantity", rules.over_percent)
    return Judgement(now, tuple(found))


def _amounts(line: LineStanding, path: str, over_percent: Decimal) -> Iterator[Found]:
    came = told(line.arrived, line.unit)
    if not line.line:
        says = f"{came} of {line.sku} came, and nobody announced it"
        yield Found(Finding.UNEXPECTED, says, path.replace("quantity", "sku"), line.sku)
    elif line.beyond(over_percent):
        says = (
            f"{came} of {line.sku} came in all for line {line.line}, announced were "
            f"{told(line.expected, line.unit)}; {over_percent.normalize():f} % over is allowed"
        )
        yield Found(Finding.OVER, says, path, came)


def _lots(receipt: GoodsReceipt, rules: Rules) -> Iterator[Found]:
    for index, line in enumerate(receipt.lines):
        if not line.quantity or not rules.by_lot(line.sku):
            continue
        if line.lot is None:
            says = f"{line.sku} is kept by lot, and the line names none"
            yield Found(Finding.LOT_MISSING, says, f"lines[{index}].lot")
        elif _is_past(line, receipt) and line.status not in SET_ASIDE:
            says = f"lot {line.lot} of {line.sku} ended on {line.expires_on}"
            yield Found(Finding.LOT_EXPIRED, says, f"lines[{index}].status", line.status or "available")


def _is_past(line: ReceivedLine, receipt: GoodsReceipt) -> bool:
    came: date | datetime = receipt.received_at
    day = came.date() if isinstance(came, datetime) else came
    return line.expires_on is not None and line.expires_on < day
