"""Goods that customers send back held against the leave they got, and what becomes of each line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from types import MappingProxyType

from crossdock.faults import Invalid
from crossdock.model.arrival import Arrived, Expected, InBase, LineStanding, Standing, standing, told
from crossdock.model.documents.returns import ReturnAuthorisation, ReturnedLine, ReturnReceipt
from crossdock.model.quantity import Quantity


class Disposition(Enum):
    """What becomes of goods that came back."""

    RESTOCK = "restock"  #: can be sold again
    QUARANTINE = "quarantine"  #: somebody must look at it before anybody decides
    SCRAP = "scrap"  #: thrown away
    BACK = "return_to_vendor"  #: goes on to the supplier


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a disposition puts goods: states that fit it, the first is meant where none is said."""

    statuses: tuple[str, ...]
    sellable: bool = False


#: Disposition -> the states of stock that fit it.
SHELVES = MappingProxyType(
    {
        Disposition.RESTOCK: Shelf(("available",), sellable=True),
        Disposition.QUARANTINE: Shelf(("quality", "held", "quarantine")),
        Disposition.SCRAP: Shelf(("damaged", "expired")),
        Disposition.BACK: Shelf(("held", "damaged", "expired", "quality", "quarantine")),
    }
)

#: What a document says became of a line (`repair` waits like quarantine), and its state where it does not say.
_SAID = MappingProxyType(
    {
        "restock": Disposition.RESTOCK,
        "repair": Disposition.QUARANTINE,
        "scrap": Disposition.SCRAP,
        "return_to_vendor": Disposition.BACK,
    }
)
_BY_STATUS = MappingProxyType(
    {
        None: Disposition.QUARANTINE,  # nobody looked at it yet
        "available": Disposition.RESTOCK,
        "allocated": Disposition.RESTOCK,
        "quality": Disposition.QUARANTINE,
        "quarantine": Disposition.QUARANTINE,
        "held": Disposition.QUARANTINE,
        "picked": Disposition.QUARANTINE,
        "in_transit": Disposition.QUARANTINE,
        "damaged": Disposition.SCRAP,
        "expired": Disposition.SCRAP,
    }
)


@dataclass(frozen=True, slots=True)
class Credit:
    """So much of one line may be credited: it came back and was looked at; nothing of what nobody allowed."""

    line: str
    sku: str
    amount: Quantity


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one more return receipt came to, with all that came back before."""

    standing: Standing
    credit: tuple[Credit, ...]
    wrong: Invalid | None

    def says(self) -> str:
        """The credit in one sentence."""
        ready = ", ".join(
            f"{told(one.amount.value, one.amount.unit)} of {one.sku}"
            for one in self.credit
            if one.amount.value
        )
        return f"ready to credit: {ready}" if ready else "nothing to credit yet"


def disposition(line: ReturnedLine, path: str = "") -> Disposition:
    """What becomes of a line. Raises Invalid where its state and what becomes of it cannot both be."""
    if line.outcome is None:
        return _BY_STATUS[line.status]
    chosen = _SAID[line.outcome]
    shelf = SHELVES[chosen]
    if line.status is not None and line.status not in shelf.statuses:
        raise Invalid(
            f"goods to {line.outcome} cannot lie as {line.status}",
            path=".".join(filter(None, (path, "status"))), value=line.status,
            fix=f"put them away as {' or '.join(shelf.statuses)}, or say what else becomes of them",
            type="bad_transition",
        )  # fmt: skip
    return chosen


def judge(
    leave: ReturnAuthorisation | None,
    before: Iterable[ReturnReceipt],
    receipt: ReturnReceipt,
    in_base: InBase,
    by_lot: Callable[[str], bool],
) -> Judgement:
    """What one more return receipt comes to. Raises Invalid for an unknown unit.

    `before` are those that were taken, each once and in its newest version. Without a leave the
    receipt's own lines are looked at, and all that came back is ready to credit.
    """
    wrong = next(_wrong_lines(receipt, by_lot), None)
    if wrong is not None:
        return Judgement(Standing((), ended=False), (), wrong)
    if leave is None:
        amounts = [(line, in_base(line.sku, _amount(line))) for line in receipt.lines]
        credit = tuple(Credit(str(line.line), line.sku, amount) for line, amount in amounts)
        return Judgement(Standing((), ended=False), credit, None)
    now = returned(leave, (*before, receipt), in_base)
    credit = tuple(
        Credit(one.line, one.sku, Quantity(min(one.arrived, one.expected), one.unit)) for one in now.lines
    )
    return Judgement(now, credit, _late(leave, receipt) or next(_too_much(now, receipt), None))


def returned(leave: ReturnAuthorisation, receipts: Iterable[ReturnReceipt], in_base: InBase) -> Standing:
    """How returns, in any order, stand to the leave for them. Raises Invalid for an unknown unit."""
    allowed = [
        Expected(str(line.line), line.sku, Quantity.of(line.quantity, line.unit)) for line in leave.lines
    ]
    by_order = {str(line.order_line): str(line.line) for line in leave.lines if line.order_line is not None}
    return standing(allowed, _arrived(receipts, by_order), in_base)


def _arrived(receipts: Iterable[ReturnReceipt], by_order: Mapping[str, str]) -> Iterator[Arrived]:
    """The lines of returns; `by_order` leads from a line of the sales order to that of the leave."""
    for receipt in receipts:
        for line in receipt.lines:
            name = by_order.get(str(line.order_line), "")
            yield Arrived(name, line.sku, _amount(line), not SHELVES[disposition(line)].sellable)


def _amount(line: ReturnedLine) -> Quantity:
    return Quantity.of(line.quantity, line.unit)


def _wrong_lines(receipt: ReturnReceipt, by_lot: Callable[[str], bool]) -> Iterator[Invalid]:
    for index, line in enumerate(receipt.lines):
        path = f"lines[{index}]"
        try:
            chosen = disposition(line, path)
        except Invalid as fault:
            yield fault
            continue
        if chosen is Disposition.RESTOCK and line.quantity and line.lot is None and by_lot(line.sku):
            yield Invalid(
                f"{line.sku} is kept by lot, and what goes back on the shelf names none",
                path=f"{path}.lot", fix="read the lot off the goods, or quarantine them, then retry",
                type="lot_missing",
            )  # fmt: skip


def _late(leave: ReturnAuthorisation, receipt: ReturnReceipt) -> Invalid | None:
    until, came = leave.expires_at, receipt.received_at
    if until is None or _day(came) <= _day(until):
        return None
    return Invalid(
        f"the leave {leave.number} held until {_day(until)}, and the goods came {_day(came)}",
        path="received_at", value=str(_day(came)), fix="give the customer a new leave, or send the goods back",
        type="bad_transition",
    )  # fmt: skip


def _too_much(now: Standing, receipt: ReturnReceipt) -> Iterator[Invalid]:
    rows = {line.sku: index for index, line in reversed(tuple(enumerate(receipt.lines)))}
    for line in now.lines:
        if line.over and line.sku in rows:
            yield _over(line, f"lines[{rows[line.sku]}].quantity")


def _over(line: LineStanding, path: str) -> Invalid:
    came, may = told(line.arrived, line.unit), told(line.expected, line.unit)
    return Invalid(
        f"{came} of {line.sku} came back, and {may} may", path=path, value=came,
        fix="widen the leave where it was given, or send the rest back, then retry", type="bad_transition",
    )  # fmt: skip


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
