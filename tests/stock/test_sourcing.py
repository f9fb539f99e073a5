"""Order routing as pure rules: cut-offs and calendars, choices and their scores, and that nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.stock.kit import Part
from crossdock.stock.sourcing import choose as choosing
from crossdock.stock.sourcing.ask import Ask, Choice, Demand, Swap
from crossdock.stock.sourcing.calendar import Dock, Workdays, departure
from crossdock.stock.sourcing.choose import Supply, choose
from crossdock.stock.sourcing.policy import Backorder, Method, Rule, SourceSite, Sourcing, Split, Zone

AMSTERDAM, NEW_YORK = ZoneInfo("Europe/Amsterdam"), ZoneInfo("America/New_York")
WEEK = frozenset(range(5))
ONE = 1_000_000


def ms(text: str, zone: ZoneInfo = AMSTERDAM) -> int:
    """A moment on a wall."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


def leaves(now: str, dock: Dock, **more: int) -> str:
    """The day on which an order leaves."""
    found = departure(dock, ms(now, dock.zone), **more)
    assert found is not None
    return found.day.isoformat()


XMAS = Workdays("AMS", WEEK, frozenset({"12-25", "2026-12-28"}))
DOCK = Dock(AMSTERDAM, (XMAS,), time(16))


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-12-23T16:00", "2026-12-23"),  # on the minute
        ("2026-12-23T16:01", "2026-12-24"),
        ("2026-12-24T18:00", "2026-12-29"),  # the 25th and 28th are holidays, between them a weekend
        ("2026-12-26T09:00", "2026-12-29"),
        ("2026-10-24T17:00", "2026-10-26"),  # the clock goes back on the Sunday between
    ],
)
def test_an_order_after_the_cut_off_leaves_on_the_next_working_day(now: str, day: str) -> None:
    assert leaves(now, DOCK) == day


def test_the_cut_off_is_on_the_wall_of_the_site() -> None:
    now = int(datetime(2026, 12, 23, 20, tzinfo=UTC).timestamp() * 1000)  # 21:00 there, 15:00 over there
    here, there = departure(DOCK, now), departure(replace(DOCK, zone=NEW_YORK), now)
    assert here is not None and there is not None
    assert (here.day.day, there.day.day) == (24, 23)
    assert here.why == ("after the cut-off of 16:00 Europe/Amsterdam on 2026-12-23",)


def test_the_earlier_of_two_cut_offs_counts_and_both_must_work() -> None:
    site = SourceSite("AMS", AMSTERDAM, cut_off=time(17), work=XMAS)
    van = Method("van", cut_offs={"AMS": time(12)}, work=Workdays("van", frozenset({0, 3})))
    policy = Sourcing(sites={"AMS": site}, methods={"van": van})
    assert leaves("2026-11-23T11:00", policy.dock("AMS", "van")) == "2026-11-23"
    assert leaves("2026-11-23T13:00", policy.dock("AMS", "van")) == "2026-11-26"
    assert leaves("2026-11-23T13:00", policy.dock("AMS", None)) == "2026-11-23"


def test_waves_release_on_their_time_and_those_after_the_cut_off_are_for_the_next_day() -> None:
    dock = replace(DOCK, waves=(time(8), time(14), time(18)))
    found = departure(dock, ms("2026-11-23T09:00"))
    assert found is not None
    assert (found.day.day, found.release_ms) == (23, ms("2026-11-23T14:00"))
    found = departure(dock, ms("2026-11-23T15:00"))
    assert found is not None
    assert (found.day.day, found.release_ms) == (24, ms("2026-11-24T08:00"))


def test_what_is_not_to_leave_before_a_moment_says_so() -> None:
    found = departure(DOCK, ms("2026-11-23T09:00"), ms("2026-11-24T10:00"))
    assert found is not None
    assert (found.day.day, found.why) == (24, ("not before 2026-11-24 10:00",))


@pytest.mark.parametrize(
    ("ready", "leaves", "released"),
    [
        ("2026-11-23T08:00", "2026-11-23", "2026-11-23T09:00"),
        ("2026-11-23T09:00", "2026-11-23", "2026-11-23T09:00"),
        ("2026-11-23T09:01", "2026-11-23", "2026-11-23T16:00"),  # the wave of the very minute of the cut-off
        ("2026-11-23T16:00", "2026-11-23", "2026-11-23T16:00"),
        ("2026-11-23T16:01", "2026-11-24", "2026-11-24T09:00"),
    ],
)
def test_a_wave_up_to_the_cut_off_leaves_that_day(ready: str, leaves: str, released: str):
    found = departure(replace(DOCK, waves=(time(16), time(9), time(18))), ms(ready))
    assert found is not None
    assert (found.day.isoformat(), found.release_ms) == (leaves, ms(released))


def test_who_never_works_never_ships() -> None:
    assert departure(replace(DOCK, works=(Workdays("x", frozenset({9})),)), ms("2026-11-23T09:00")) is None


# -- the choice ------------------------------------------------------------------

SITES = ("A", "B", "C")
COSTS = {"A": {"near": Decimal(4), "far": Decimal(9)}, "B": {"near": Decimal(6)}, "C": {"*": Decimal(7)}}
POLICY = Sourcing(
    sites={name: SourceSite(name, AMSTERDAM, COSTS[name]) for name in SITES},
    zones=(Zone("near", frozenset({"NL"}), ("10", "20")), Zone("far")),
)
NOW = ms("2026-11-23T09:00")


def asked(*counts: int, **more: object) -> Ask:
    """So many units on each line, of items named by their line."""
    demands = tuple(Demand(str(n), f"S{n}", count, ONE) for n, count in enumerate(counts, 1))
    return Ask(demands, NOW, **{"zone": "near", **more})  # type: ignore[arg-type]


def stock(**there: int) -> Supply:
    """`A1=5`: five of the first item at A."""
    free = {(f"S{name[1:]}", name[0]): amount * ONE for name, amount in there.items()}
    most: dict[str, int] = {}
    for (sku, _), amount in free.items():
        most[sku] = most.get(sku, 0) + amount
    return Supply(free, most, {})


def chosen(choice: Choice) -> dict[str, list[int]]:
    """Site -> units of each share."""
    return {site: [one.count for one in choice.shares if one.site == site] for site in choice.sites}


@pytest.mark.parametrize(
    ("zone", "site"), [("near", "A"), ("far", "C"), ("", "C")], ids=["near", "far", "unknown"]
)
def test_the_cheapest_that_serves_the_zone_ships(zone: str, site: str) -> None:
    choice = choose(asked(2, zone=zone), Rule(), SITES, POLICY, stock(A1=5, B1=5, C1=5))
    assert chosen(choice) == {site: [2]}
    assert choice.out.keys() == {"near": set(), "far": {"B"}, "": {"A", "B"}}[zone]


def test_sites_of_which_one_would_ship_nothing_are_no_choice() -> None:
    choice = choose(asked(2), Rule(split=Split.LINES), SITES, POLICY, stock(A1=5, B1=5))
    assert [one.sites for one in choice.candidates] == [("A",), ("B",)]


def test_zones_are_told_apart_by_country_and_post_code() -> None:
    assert [POLICY.zone_of(*one) for one in (("NL", "1012 LG"), ("NL", "3011 AA"), ("FR", "10"))] == [
        "near", "far", "far",
    ]  # fmt: skip


def test_the_day_counts_where_lateness_does() -> None:
    slow = replace(POLICY.sites["A"], work=Workdays("A", frozenset({4})))
    policy = replace(POLICY, sites={**POLICY.sites, "A": slow})
    found = [
        next(iter(chosen(choose(asked(1), Rule(late_penalty=Decimal(p)), SITES, policy, stock(A1=1, B1=1)))))
        for p in (0, "0.4", "0.6")
    ]
    assert found == ["A", "A", "B"]


def test_a_kit_comes_whole_from_one_site() -> None:
    kits = {"S1": (Part("X", 2 * ONE), Part("Y", ONE))}
    free = {("X", "A"): 2 * ONE, ("Y", "B"): 5 * ONE, ("X", "B"): 4 * ONE}
    supply = Supply(free, {"X": 6 * ONE, "Y": 5 * ONE}, kits)
    choice = choose(asked(3), Rule(split=Split.UNITS, backorder=Backorder.SPLIT), SITES, POLICY, supply)
    assert (chosen(choice), choice.waits[0].count) == ({"B": [2]}, 1)


def test_a_channel_takes_no_more_than_its_share_over_all_sites() -> None:
    supply = replace(stock(A1=5, B1=5), most={"S1": 6 * ONE})
    choice = choose(asked(8), Rule(split=Split.UNITS, backorder=Backorder.CANCEL), SITES, POLICY, supply)
    assert (chosen(choice), choice.cancelled[0].count) == ({"A": [5], "B": [1]}, 2)


counts = st.lists(st.integers(1, 9), min_size=1, max_size=4)
shelves = st.dictionaries(
    st.tuples(st.sampled_from([f"S{n}" for n in range(1, 5)] + ["T"]), st.sampled_from(SITES)),
    st.integers(0, 9),
)
rules = st.builds(
    Rule, split=st.sampled_from(Split), backorder=st.sampled_from(Backorder), parts_max=st.integers(1, 3),
    split_penalty=st.integers(0, 9).map(Decimal), substitute=st.booleans(), ship_complete=st.booleans(),
)  # fmt: skip


@given(wanted=counts, there=shelves, rule=rules)
@settings(max_examples=150, deadline=None)
def test_what_is_shipped_waits_and_is_cancelled_is_what_was_ordered(
    wanted: list[int], there: dict[tuple[str, str], int], rule: Rule
) -> None:
    assert _losses(wanted, there, rule) == []


def _losses(wanted: list[int], there: dict[tuple[str, str], int], rule: Rule) -> list[str]:
    """What does not add up in a choice."""
    demands = [replace(one, swaps=(Swap("T", ONE),)) for one in asked(*wanted).demands]
    free = {key: amount * ONE for key, amount in there.items()}
    most: dict[str, int] = {}
    for (sku, _), amount in free.items():
        most[sku] = most.get(sku, 0) + amount
    ask = Ask(tuple(demands), NOW, "near")
    choice = choose(ask, rule, SITES, POLICY, Supply(free, most, {}))
    found: list[str] = []
    for demand in demands:
        parts = (*choice.shares, *choice.waits, *choice.cancelled)
        if sum(one.count for one in parts if one.line == demand.line) != demand.count:
            found.append(f"line {demand.line}")
    for key, amount in free.items():
        if sum(one.amount for one in choice.shares if (one.sku, one.site) == key) > amount:
            found.append(f"{key} is oversold")
    if len(choice.sites) > (1 if rule.ship_complete or rule.split is Split.NEVER else rule.parts_max):
        found.append("too many sites")
    if (
        choice.shares
        and (choice.waits or choice.cancelled)
        and (rule.ship_complete or rule.backorder is Backorder.WAIT)
    ):
        found.append("not complete")
    return found


def test_the_control_that_forgets_what_is_lacking_loses_units(monkeypatch: pytest.MonkeyPatch) -> None:
    fates = {**choosing.FATES, Backorder.SPLIT: lambda _demands, shares, _lacking: (shares, (), ())}
    monkeypatch.setattr(choosing, "FATES", fates)
    assert _losses([5], {("S1", "A"): 3}, Rule(backorder=Backorder.SPLIT)) == ["line 1"]
