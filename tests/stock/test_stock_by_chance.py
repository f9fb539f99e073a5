"""Orders, a warehouse and late news in any order: never more is promised than is there, and nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crossdock.stock.policy import Figure, SitePolicy
from crossdock.stock.promise import Level, at_site
from crossdock.stock.reservation import Reservation, ReservationState, passed, shown, split

_S = ReservationState


@dataclass
class Warehouse:
    """What is so: the shelf, what is set aside there for which order, what has left."""

    shelf: int = 0
    came: int = 0
    left: int = 0
    aside: dict[int, int] = field(default_factory=dict)
    open: dict[int, int] = field(default_factory=dict)  #: orders that it has been given, not yet shipped


class Promises(RuleBasedStateMachine):
    """One item at one site. News from the warehouse is told late and in any order."""

    guard = True

    def __init__(self) -> None:
        super().__init__()
        self.clock = 0
        self.ids = 0
        self.truth = Warehouse()
        self.supply = self.as_of = 0
        self.book: dict[int, Reservation] = {}
        self.news: list[tuple[str, int, int, int]] = []  # what, order, amount, at

    @initialize(figure=st.sampled_from(Figure))
    def begins(self, figure: Figure) -> None:
        self.policy = SitePolicy("AMS", "wms", figure)

    def _now(self) -> int:
        self.clock += 1
        return self.clock

    # -- what the warehouse does -------------------------------------------------

    @rule(amount=st.integers(1, 9))
    def goods_come(self, amount: int) -> None:
        self.truth.shelf += amount
        self.truth.came += amount

    @precondition(lambda self: self.truth.open)
    @rule(data=st.data())
    def sets_aside(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(sorted(self.truth.open)))
        if order not in self.truth.aside:
            self.truth.aside[order] = self.truth.open[order]
            self.news.append(("allocated", order, self.truth.open[order], self._now()))

    @precondition(lambda self: self.truth.open)
    @rule(data=st.data(), share=st.integers(1, 3))
    def ships(self, data: st.DataObject, share: int) -> None:
        order = data.draw(st.sampled_from(sorted(self.truth.open)))
        amount = max(self.truth.open[order] // share, 1)
        self.truth.shelf -= amount
        self.truth.left += amount
        self.truth.open[order] -= amount
        if order in self.truth.aside:
            self.truth.aside[order] -= amount
        if self.truth.open[order] == 0:
            del self.truth.open[order]
            self.truth.aside.pop(order, None)
        self.news.append(("shipped", order, amount, self._now()))

    @rule()
    def counts(self) -> None:
        net = self.truth.shelf - sum(self.truth.aside.values())
        figure = net if self.policy.figure is Figure.NET else self.truth.shelf
        self.news.append(("figure", 0, figure, self._now()))

    # -- what the hub does -------------------------------------------------------

    @rule(amount=st.integers(1, 6))
    def is_promised(self, amount: int) -> None:
        if self.guard and at_site(self._level(), self.policy, "A") < amount:
            return
        self.ids += 1
        self.book[self.ids] = Reservation(self.ids, "A", "AMS", "shop", self.ids, "1", amount)
        self.truth.open[self.ids] = amount

    @precondition(lambda self: any(one.state is _S.HELD for one in self.book.values()))
    @rule(data=st.data())
    def is_cancelled_in_time(self, data: st.DataObject) -> None:
        """Before anybody at the warehouse began: it forgets the order at once."""
        held = [
            one.id
            for one in self.book.values()
            if one.state is _S.HELD
            and one.id not in self.truth.aside
            and self.truth.open.get(one.holder) == one.amount
        ]
        if held:
            id_ = data.draw(st.sampled_from(held))
            del self.truth.open[self.book[id_].holder]
            self.book[id_] = self.book[id_].moved(_S.RELEASED)

    @precondition(lambda self: self.news)
    @rule(data=st.data())
    def hears(self, data: st.DataObject) -> None:
        what, order, amount, at = self.news.pop(data.draw(st.integers(0, len(self.news) - 1)))
        if what == "figure":
            self._hears_figure(amount, at)
        elif what == "shipped" or self.policy.figure is Figure.NET:
            self._hears_of_order(order, amount, at)

    def _hears_figure(self, amount: int, at: int) -> None:
        if at < self.as_of:
            return
        self.supply, self.as_of = amount, at
        for one in self.book.values():
            if shown(one, at, None):
                self.book[one.id] = one.moved(_S.GONE)

    def _hears_of_order(self, order: int, amount: int, at: int) -> None:
        """Allocated, or shipped without that having been told: what is still held of it has gone."""
        for one in [one for one in self.book.values() if one.holder == order and one.state is _S.HELD]:
            some = min(amount, one.amount)
            amount -= some
            if some == 0:
                return
            taken = one
            if some < one.amount:
                self.ids += 1
                taken, self.book[one.id] = split(one, some, self.ids)
            self.book[taken.id] = passed(taken, at, None, self.as_of)

    def _level(self) -> Level:
        return Level(self.supply, sum(one.amount for one in self.book.values() if one.counts))

    # -- what must hold ----------------------------------------------------------

    @invariant()
    def nothing_is_promised_that_is_not_there(self) -> None:
        assert sum(self.truth.open.values()) <= self.truth.shelf

    @invariant()
    def stock_is_conserved(self) -> None:
        assert self.truth.came == self.truth.shelf + self.truth.left
        by_order: dict[int, int] = {}
        for one in self.book.values():
            by_order[one.holder] = by_order.get(one.holder, 0) + one.amount
        assert all(amount > 0 for amount in by_order.values())

    def teardown(self) -> None:
        """Once all is told, everything that is there and not promised can be promised: nothing is taken off twice."""
        if not hasattr(self, "policy"):
            return
        for order in list(self.truth.open):
            self.truth.aside.setdefault(order, self.truth.open[order])
            self.news.append(("allocated", order, self.truth.open[order], self._now()))
        for what, order, amount, at in sorted(self.news, key=lambda one: one[3]):
            if what != "figure" and (what == "shipped" or self.policy.figure is Figure.NET):
                self._hears_of_order(order, amount, at)
        net = self.truth.shelf - sum(self.truth.aside.values())
        self._hears_figure(net if self.policy.figure is Figure.NET else self.truth.shelf, self._now())
        if self.guard:
            free = at_site(self._level(), self.policy, "A")
            assert free == self.truth.shelf - sum(self.truth.open.values())


class WithoutGuard(Promises):
    """The same, but nobody looks whether there is enough."""

    guard = False


TestPromises = Promises.TestCase
TestPromises.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_without_looking_at_the_stock_the_same_machine_oversells() -> None:
    machine = WithoutGuard()
    machine.policy = SitePolicy("AMS", "wms")
    machine.goods_come(1)
    machine.nothing_is_promised_that_is_not_there()
    machine.is_promised(1)
    machine.is_promised(1)
    assert sum(machine.truth.open.values()) > machine.truth.shelf


def test_a_reservation_is_split_without_losing_anything() -> None:
    one = Reservation(1, "A", "AMS", "shop", 7, "1", 10)
    taken, left = split(one, 4, 2)
    assert (taken, left) == (replace(one, id=2, amount=4), replace(one, amount=6))


def test_a_figure_of_another_lot_shows_nothing() -> None:
    one = passed(Reservation(1, "A", "AMS", "shop", 7, "1", 10), 50, "L1", 0)
    assert one.counts
    assert not shown(one, 60, "L2")
    assert not shown(one, 49, "L1")
    assert shown(one, 50, "L1")
    assert shown(one, 60, None)
