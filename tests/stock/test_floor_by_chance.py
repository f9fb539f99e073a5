"""Lots, kits, packs and receipts, moved at random: nothing is lost, what expires first goes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from crossdock.model.quantity import Quantity, convert
from crossdock.model.receiving import received
from crossdock.pipeline.knowledge import Pack
from crossdock.stock.amount import PARTS
from crossdock.stock.kit import Part, exploded, makes
from crossdock.stock.lots import Lot, first_expired_first_out, is_good
from tests.model.test_receiving import in_base, order, receipt, tea

TODAY = date(2026, 11, 23)
PACKS = (Pack("IN", 6), Pack("CS", 24), Pack("PL", 960))
#: Each box holds two of tea and one cup; each crate two boxes and a mug.
KITS = {
    "BOX": (Part("TEA", 2 * PARTS), Part("CUP", PARTS)),
    "CRATE": (Part("BOX", 2 * PARTS), Part("MUG", PARTS)),
}


class Lots(RuleBasedStateMachine):
    """Lots come and are taken; `chooses` says from which."""

    chooses: ClassVar[Callable[..., list[tuple[Lot, int]] | None]] = staticmethod(first_expired_first_out)

    def __init__(self) -> None:
        super().__init__()
        self.there: dict[str, Lot] = {}
        self.came = self.left = 0

    @rule(amount=st.integers(1, 9), days=st.integers(-3, 30))
    def comes(self, amount: int, days: int) -> None:
        name = f"L{len(self.there)}"
        self.there[name] = Lot(name, amount, TODAY + timedelta(days=days))
        self.came += amount

    @rule(amount=st.integers(1, 12), left_days=st.integers(0, 5))
    def leaves(self, amount: int, left_days: int) -> None:
        taken = self.chooses(self.there.values(), amount, TODAY, left_days=left_days)
        good = [one for one in self.there.values() if is_good(one.expires_on, TODAY, left_days)]
        if taken is None:
            assert sum(one.amount for one in good) < amount, "it was there"
            return
        assert sum(some for _, some in taken) == amount
        for lot, some in taken:
            assert is_good(lot.expires_on, TODAY, left_days), "too old"
            self.there[lot.name] = Lot(lot.name, self.there[lot.name].amount - some, lot.expires_on)
        self.left += amount
        newest = max(lot.expires_on or date.max for lot, _ in taken)
        older = [one for one in good if self.there[one.name].amount and (one.expires_on or date.max) < newest]
        assert not older, "what expires sooner stayed"

    @invariant()
    def nothing_is_lost(self) -> None:
        assert sum(one.amount for one in self.there.values()) == self.came - self.left
        assert all(one.amount >= 0 for one in self.there.values())


def last_in_first_out(
    lots: Iterable[Lot], amount: int, on: date, *, left_days: int = 0
) -> list[tuple[Lot, int]] | None:
    """The control: newest first."""
    good = [one for one in lots if one.amount and is_good(one.expires_on, on, left_days)]
    taken: list[tuple[Lot, int]] = []
    for lot in sorted(good, key=lambda one: one.expires_on or date.max, reverse=True):
        some = min(lot.amount, amount)
        taken += [(lot, some)] if some else []
        amount -= some
    return taken if not amount else None


class LotsBackwards(Lots):
    chooses = staticmethod(last_in_first_out)


class Kits(RuleBasedStateMachine):
    """Components come, kits of any depth leave: `counts` says how many can be made."""

    counts: ClassVar[Callable[..., int]] = staticmethod(makes)

    def __init__(self) -> None:
        super().__init__()
        self.free = {"TEA": 0, "CUP": 0, "MUG": 0}

    @rule(sku=st.sampled_from(("TEA", "CUP", "MUG")), amount=st.integers(1, 9))
    def comes(self, sku: str, amount: int) -> None:
        self.free[sku] += amount * PARTS

    @rule(kit=st.sampled_from(("BOX", "CRATE")), wanted=st.integers(1, 4))
    def leaves(self, kit: str, wanted: int) -> None:
        before = self.counts(kit, self.free, KITS)
        if before < wanted * PARTS:
            return
        for sku, amount in exploded(kit, wanted * PARTS, KITS).items():
            self.free[sku] -= amount
        assert makes(kit, self.free, KITS) == before - wanted * PARTS

    @invariant()
    def no_component_is_owed(self) -> None:
        assert all(amount >= 0 for amount in self.free.values())

    @invariant()
    def the_scarcest_component_decides(self) -> None:
        tea, cup, mug = (self.free[sku] // PARTS for sku in ("TEA", "CUP", "MUG"))
        assert makes("BOX", self.free, KITS) == min(tea // 2, cup) * PARTS
        assert makes("CRATE", self.free, KITS) == min(tea // 4, cup // 2, mug) * PARTS


def most(sku: str, free: dict[str, int], kits: Any) -> int:
    """The control: the component of which there is most decides."""
    return max(free[name] // amount for name, amount in exploded(sku, PARTS, kits).items()) * PARTS


class KitsByTheMost(Kits):
    counts = staticmethod(most)


class Packs(RuleBasedStateMachine):
    """One heap, counted in one unit after the other: `into` converts."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces = Fraction(0)
        self.heap = Quantity.of(0, "EA")

    def into(self, heap: Quantity, unit: str) -> Quantity:
        return convert(heap, unit, base="EA", packs=PACKS)

    @rule(unit=st.sampled_from(("EA", "IN", "CS", "PL")), quantity=st.integers(1, 500))
    def comes(self, unit: str, quantity: int) -> None:
        sizes = {"EA": 1} | {pack.unit: int(pack.factor) for pack in PACKS}
        self.pieces += quantity * sizes[unit]
        self.heap = self.into(self.heap, unit) + Quantity.of(quantity, unit)

    @rule(unit=st.sampled_from(("EA", "IN", "CS", "PL")))
    def is_counted_in(self, unit: str) -> None:
        self.heap = self.into(self.heap, unit)

    @invariant()
    def it_is_as_much_as_came(self) -> None:
        assert convert(self.heap, "EA", base="EA", packs=PACKS).value == self.pieces


class PacksRounded(Packs):
    """The control: every count is rounded to hundredths."""

    def into(self, heap: Quantity, unit: str) -> Quantity:
        exact = super().into(heap, unit).value
        return Quantity.of(round(Decimal(exact.numerator) / exact.denominator, 2), unit)


class Receipts(RuleBasedStateMachine):
    """Trucks come, some are told twice: what was told before is no second truck."""

    once = True

    def __init__(self) -> None:
        super().__init__()
        self.ordered = order(("TEA", 24, "EA"), ("TEA", 12, "EA"))
        self.told: list[Any] = []
        self.came = 0

    @rule(quantity=st.integers(1, 20), unit=st.sampled_from(("EA", "CS")))
    def comes(self, quantity: int, unit: str) -> None:
        self.told.append(receipt(f"R{len(self.told)}", tea(quantity, unit=unit)))
        self.came += quantity * (12 if unit == "CS" else 1)

    @rule(place=st.integers(0, 9))
    def is_told_again(self, place: int) -> None:
        if place < len(self.told):
            self.told.append(self.told[place])

    @invariant()
    def what_stands_is_what_came(self) -> None:
        known = list({one.number: one for one in self.told}.values()) if self.once else self.told
        now = received(self.ordered, known, in_base)
        assert sum(line.arrived for line in now.lines) == self.came


class ReceiptsTwice(Receipts):
    once = False


TestLots, TestKits, TestPacks, TestReceipts = Lots.TestCase, Kits.TestCase, Packs.TestCase, Receipts.TestCase
TestLots.settings = TestKits.settings = TestPacks.settings = TestReceipts.settings = settings(
    max_examples=40, stateful_step_count=20, deadline=None
)


@pytest.mark.parametrize("control", [LotsBackwards, KitsByTheMost, PacksRounded, ReceiptsTwice])
def test_a_machine_whose_rule_is_broken_fails(control: type[RuleBasedStateMachine]) -> None:
    quick = settings(
        max_examples=200, stateful_step_count=20, deadline=None, derandomize=True, database=None,
        phases=(Phase.generate,), report_multiple_bugs=False,
    )  # fmt: skip
    with pytest.raises(AssertionError):
        run_state_machine_as_test(control, settings=quick)
