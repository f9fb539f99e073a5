"""What may be promised: statuses, gross and net, buffers, channels, kits, packs and days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from crossdock.faults import Invalid
from crossdock.stock.amount import PARTS, number, supplied, wanted, whole
from crossdock.stock.belief import Belief, counted, good_until
from crossdock.stock.kit import Part, exploded, makes
from crossdock.stock.policy import ChannelPolicy, Figure, Policy, SitePolicy
from crossdock.stock.promise import Expected, Level, at_site, expected, for_channel, there_by

ROME = ZoneInfo("Europe/Rome")
NOON = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
AMS, RTM = SitePolicy("AMS", "wms"), SitePolicy("RTM", "wms")
SITES = {"AMS": AMS, "RTM": RTM}


def belief(status: str = "available", gross: int = 10, **more: object) -> Belief:
    return Belief("wms", "AMS", "A", status, gross * PARTS, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "gross", "net"),
    [
        ("available", 10, 10), ("allocated", 10, 0), ("picked", 10, 0), ("held", 0, 0), ("quality", 0, 0),
        ("quarantine", 0, 0), ("damaged", 0, 0), ("expired", 0, 0), ("in_transit", 0, 0),
    ],
)  # fmt: skip
def test_only_good_stock_is_promised_and_nothing_set_aside_is_taken_off_twice(
    status: str, gross: int, net: int
) -> None:
    """Gross figures hold what is set aside, and the reservations stand against it; net ones have it taken off."""
    assert counted(belief(status), AMS, NOON, ROME) == gross * PARTS
    assert counted(belief(status), SitePolicy("AMS", "wms", Figure.NET), NOON, ROME) == net * PARTS


def test_a_net_figure_goes_before_the_gross_one_only_where_the_site_reckons_net() -> None:
    both = belief(gross=10, net=7 * PARTS)
    assert counted(both, AMS, NOON, ROME) == 10 * PARTS
    assert counted(both, SitePolicy("AMS", "wms", Figure.NET), NOON, ROME) == 7 * PARTS


def test_the_stock_of_another_owner_is_not_ours_to_promise() -> None:
    assert counted(belief(owner="ACME"), AMS, NOON, ROME) == 0


def test_a_lot_is_good_to_the_end_of_its_last_day_on_the_clock_of_the_site() -> None:
    lot = belief(lot="L1", expires_on=date(2026, 11, 22))
    assert counted(lot, AMS, datetime(2026, 11, 22, 22, 59, tzinfo=UTC), ROME) == 10 * PARTS
    assert counted(lot, AMS, datetime(2026, 11, 22, 23, 0, tzinfo=UTC), ROME) == 0


def test_a_lot_must_have_the_days_left_that_the_site_asks_for() -> None:
    lot = belief(lot="L1", expires_on=date(2026, 11, 30))
    assert counted(lot, SitePolicy("AMS", "wms", left_days=8), NOON, ROME) == 10 * PARTS
    assert counted(lot, SitePolicy("AMS", "wms", left_days=9), NOON, ROME) == 0


def test_an_expired_lot_below_nothing_still_counts_against_the_site() -> None:
    assert counted(belief(gross=-3, expires_on=date(2026, 1, 1)), AMS, NOON, ROME) == -3 * PARTS


def test_the_first_and_the_last_day_of_all_calendars_are_no_defect() -> None:
    assert good_until(date.max, 0, ROME) is None
    assert good_until(date.min, 30, ROME) is not None


def test_reservations_buffers_and_what_comes_in_time_make_the_figure_of_a_site() -> None:
    site = SitePolicy("AMS", "wms", buffer=Decimal(2), buffers={"B": Decimal(5)}, inbound_days=3)
    level = Level(10 * PARTS, 3 * PARTS)
    assert at_site(level, site, "A") == 5 * PARTS
    assert at_site(level, site, "B") == 2 * PARTS
    assert at_site(Level(1 * PARTS, 3 * PARTS), site, "A") == 0
    day_ms = 86_400_000
    coming = (Expected(4 * PARTS, 3 * day_ms), Expected(9 * PARTS, 3 * day_ms + 1))
    assert expected(coming, site, 0, 9 * day_ms) == 4 * PARTS
    assert expected(coming, AMS, 0, 9 * day_ms) == 0
    assert expected(coming, site, 0, None) == 0, "a promise for today is not given of what is to come"
    assert expected(coming, site, 0, 3 * day_ms - 1) == 0, "nor is one for a day before it comes"
    assert expected(coming, site, 3 * day_ms + 1, 9 * day_ms) == 9 * PARTS, "what is overdue may never come"


def test_what_is_lacking_is_there_when_enough_of_what_comes_has_come() -> None:
    coming = (Expected(4, 10), Expected(9, 20))
    assert [there_by(coming, lacking) for lacking in (-1, 0, 4, 5, 13, 14)] == [None, None, 10, 20, 20, None]


def test_a_site_below_nothing_takes_nothing_from_another() -> None:
    levels = {"AMS": Level(2 * PARTS, 5 * PARTS), "RTM": Level(4 * PARTS)}
    assert for_channel(levels, SITES, ChannelPolicy("shop", ("AMS", "RTM")), "A") == 4 * PARTS
    assert for_channel(levels, SITES, ChannelPolicy("shop", ("AMS",)), "A") == 0


def test_a_channel_sees_no_more_than_its_buffer_its_share_and_its_most() -> None:
    levels = {"AMS": Level(10 * PARTS, 4 * PARTS)}
    buffered = ChannelPolicy("shop", ("AMS",), buffer=Decimal(1))
    sharing = ChannelPolicy("shop", ("AMS",), share=Decimal("0.5"))
    capped = ChannelPolicy("shop", ("AMS",), at_most=Decimal(2))
    assert for_channel(levels, SITES, buffered, "A") == 5 * PARTS
    assert for_channel(levels, SITES, sharing, "A", held=2 * PARTS) == 3 * PARTS
    assert for_channel(levels, SITES, sharing, "A", held=9 * PARTS) == 0
    assert for_channel(levels, SITES, capped, "A") == 2 * PARTS


def test_a_kit_is_as_many_as_its_scarcest_component_makes() -> None:
    kits = {
        "SET": (Part("CUP", 2 * PARTS), Part("POT", PARTS)),
        "GIFT": (Part("SET", PARTS), Part("BOX", PARTS)),
    }
    free = {"CUP": 7 * PARTS, "POT": 9 * PARTS, "BOX": 2 * PARTS}
    assert makes("SET", free, kits) == 3 * PARTS
    assert makes("GIFT", free, kits) == 2 * PARTS
    assert makes("POT", free, kits) == 9 * PARTS
    assert exploded("GIFT", 3 * PARTS, kits) == {"CUP": 6 * PARTS, "POT": 3 * PARTS, "BOX": 3 * PARTS}
    assert makes("SET", {"CUP": -4 * PARTS}, kits) == 0


def test_a_kit_that_holds_itself_is_refused() -> None:
    with pytest.raises(Invalid, match="holds itself"):
        exploded("A", PARTS, {"A": (Part("B", PARTS),), "B": (Part("A", PARTS),)})


def test_what_is_there_is_rounded_down_and_what_is_asked_for_up() -> None:
    third = Fraction(1, 3)
    assert (supplied(third), wanted(third)) == (333_333, 333_334)
    assert (supplied(-third), wanted(-third)) == (-333_334, -333_333)
    assert number(1_500_000) == Decimal("1.5")
    assert number(-20 * PARTS) == -20
    assert whole(25 * PARTS, Fraction(12)) == 2
    assert whole(-25 * PARTS, Fraction(12)) == 0
    with pytest.raises(Invalid, match="more than any stock"):
        supplied(10**13)


def test_a_system_that_the_charter_does_not_list_sells_from_every_site() -> None:
    policy = Policy(SITES, {"shop": ChannelPolicy("shop", ("RTM",))})
    assert policy.channel("shop").sites == ("RTM",)
    assert policy.channel("other").sites == ("AMS", "RTM")
    assert policy.site_of("wms", "AMS") is AMS
    assert policy.site_of("erp", "AMS") is None
