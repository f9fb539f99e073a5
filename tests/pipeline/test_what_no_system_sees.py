"""Rules whose end no other system sees: what is noted, what is kept in memory, what an older model wrote."""

from __future__ import annotations

from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from crossdock.charter.charter import Charter, Checks, ItemCheck, Site
from crossdock.journal.contract import Journal
from crossdock.journal.stock import LevelRow
from crossdock.kit.connector import Read
from crossdock.message.records import Message
from crossdock.message.states import MessageState
from crossdock.model import register
from crossdock.model.lifecycle.life import Life
from crossdock.model.lifecycle.lines import same_unit
from crossdock.pipeline import check
from crossdock.pipeline.knowledge import Knowledge
from crossdock.pipeline.sourcing.sourcer import Sourcer
from crossdock.pipeline.sourcing.standing import Standing
from crossdock.pipeline.stockkeeping.cancelling import less
from crossdock.pipeline.stockkeeping.guard import NeverOversell
from crossdock.pipeline.stockkeeping.kept import Kept
from crossdock.pipeline.stockkeeping.ledger import StockLedger
from crossdock.pipeline.stockkeeping.measures import Measures
from crossdock.stock.policy import Policy
from crossdock.stock.reservation import Reservation, ReservationState
from crossdock.stock.sourcing.policy import Sourcing

ITEM = {"sku": "TEA-1", "unit": "EA", "packs": [{"unit": "BRICK", "factor": 4}]}


def told(document: str, tree: dict[str, Any], id_: int = 1) -> Message:
    """A message that went its way."""
    number = str(tree.get("number") or tree.get("sku"))
    return Message(id_, 1, "shop", document, number, number, 1, 1, "k", 1, tree, MessageState.ROUTED)


class Master:
    """An item master that knows some items."""

    def __init__(self, *skus: str) -> None:
        self.skus = skus
        self.asked: list[str] = []

    def item(self, sku: str) -> Any:
        """What `check` needs of it."""
        self.asked.append(sku)
        return type("Known", (), {"units": {"EA", "BRICK"}, "version": "m7"}) if sku in self.skus else None


def looked_at(how: ItemCheck, *lines: dict[str, Any]) -> tuple[list[Read], list[str]]:
    """What an order's check reads and notes where the master knows TEA-1 alone."""
    tree = {
        "number": "SO-1",
        "lines": [{"line": n, "quantity": 1, **line} for n, line in enumerate(lines, 1)],
    }
    charter = Charter("sha256:test", Site(), {}, {}, Checks(how))
    document = register.read("sales_order", tree, declares=lambda *_: True)
    return check.items(document, charter, cast(Knowledge, Master("TEA-1")))


KNOWN, STRANGE = {"sku": "TEA-1", "unit": "EA"}, {"sku": "CUP-9", "unit": "EA"}


def test_where_items_are_not_checked_nothing_is_noted_of_them() -> None:
    assert looked_at(ItemCheck.SKIP, STRANGE) == ([], [])
    assert looked_at(ItemCheck.WARN, STRANGE)[1] == ["the item master does not know CUP-9"]


def test_where_items_are_not_checked_an_item_is_read_for_a_unit_of_its_own_alone() -> None:
    assert looked_at(ItemCheck.SKIP, KNOWN, {"sku": "TEA-1", "unit": "BRICK"})[0] == [
        Read("item TEA-1", "m7")
    ]
    assert looked_at(ItemCheck.SKIP, KNOWN)[0] == []
    assert looked_at(ItemCheck.SKIP, {"sku": "CUP-9", "unit": "BRICK"})[0] == []


def test_items_are_kept_parsed_up_to_a_bound() -> None:
    items = {f"S-{n}": told("item", {**ITEM, "sku": f"S-{n}"}, n) for n in range(5)}
    measures = Measures(items.get, kept_max=2)
    first = measures.item("S-0")
    assert measures.item("S-0") == first
    for sku in items:
        measures.item(sku)
    assert len(measures._parsed) <= 2  # pyright: ignore[reportPrivateUsage]


def unreadable() -> Message:
    """An order of a model that nobody reads any more."""
    return told("sales_order", {"number": "SO-1", "rows": []})


def test_an_order_that_an_older_model_wrote_is_none() -> None:
    assert Standing([(unreadable(), ())], Life([]), same_unit).order() is None


class Room:
    """A stockroom without numbers that changed."""

    measures = Measures({}.get)
    numbers = type("Numbers", (), {"applied": staticmethod(lambda _document, tree: tree)})


def test_a_part_of_such_an_order_goes_its_way_as_it_is() -> None:
    nobody = cast(Any, None)
    sourcer = Sourcer(
        Sourcing(),
        cast(Any, Room),
        nobody,
        nobody,
        lambda _: [(unreadable(), ())],
        ZoneInfo("UTC"),
        lambda: 0,
        nobody,
    )
    part = told("warehouse_order", {"number": "SO-1-1", "order": "SO-1", "lines": []})
    assert sourcer.release(part, Life([]), again=True) == Kept()


class Shelf:
    """A store with one thing set aside."""

    def __init__(self, one: Reservation) -> None:
        self.one = one

    def reservations(self, holder: int) -> list[Reservation]:
        """All of it."""
        return [self.one]

    def levels(self, skus: object) -> list[LevelRow]:
        """No figure was ever told."""
        return []


@pytest.mark.parametrize(
    ("back", "state", "amount"), [(4, ReservationState.RELEASED, 4), (3, ReservationState.HELD, 1)]
)
def test_what_is_given_back_whole_is_set_aside_no_more(
    back: int, state: ReservationState, amount: int
) -> None:
    one = Reservation(1, "TEA-1", "AMS", "shop", 7, "1", 4, made_ms=1)
    ledger = StockLedger(cast(Journal, Shelf(one)), Policy({}, {}), NeverOversell())
    less(ledger, 7, "1", "TEA-1", back)
    (after,) = ledger.of(7)
    assert (after.state, after.amount) == (state, amount)
