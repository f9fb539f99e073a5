"""Orders shared out over three warehouses: who ships what, why, and what everybody is told."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from crossdock.stock.sourcing.policy import Backorder, Rule, Split
from tests.pipeline.sourcing.sourced import policy, sourced

DUTCH = {"street": "Damrak 1", "postcode": "1012 LG", "city": "Amsterdam", "country": "NL"}
FRENCH = {"street": "Rue 1", "postcode": "69001", "city": "Lyon", "country": "FR"}
UNITS = Rule("units", split=Split.UNITS, parts_max=3, split_penalty=Decimal(7), backorder=Backorder.SPLIT)


async def test_the_cheapest_site_that_has_it_all_gets_a_part_and_nobody_else_does(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy()) as world:
        for site in ("AMS", "RTM", "LYO"):
            await world.has(site, 10)
        await world.orders("SO-1", ("A", 2), ship_to=DUTCH)
        await world.orders("SO-2", ("A", 2), ship_to=FRENCH)
        assert world.shares() == {"SO-1-1": ("AMS", [("A", 2)]), "SO-2-1": ("LYO", [("A", 2)])}
        assert (world.got("ams"), world.got("rtm"), world.got("lyo")) == (["SO-1-1"], [], ["SO-2-1"])
        assert world.held() == {("A", "AMS"): 2, ("A", "LYO"): 2}
        assert world.got("erp", "sales_order") == ["SO-1", "SO-2"]
        why = next(says for says in world.said() if "goes to erp" in says)
        assert "by the rule default: ships from AMS on" in why
        assert "AMS counts 4 (4 carriage); RTM counts 5 (5 carriage); LYO counts 12 (12 carriage)" in why
        told = [one for one in world.told() if one["order"] == "SO-1"][-1]
        assert told["occasion"] == "sourced"
        assert [(part["number"], part["site"], part["state"]) for part in told["parts"]] == [
            ("SO-1-1", "AMS", "released")
        ]


@pytest.mark.parametrize(("penalty", "sites"), [(2, {"AMS", "RTM"}), (4, {"LYO"})])
async def test_an_order_is_split_where_that_counts_less_than_the_dearer_site(
    tmp_path: Path, penalty: int, sites: set[str]
) -> None:
    rule = Rule("lines", split=Split.LINES, split_penalty=Decimal(penalty))
    async with sourced(tmp_path, policy(rule)) as world:
        await world.has("AMS", 5, "A")
        await world.has("RTM", 5, "B")
        await world.has("LYO", 5, "A")
        await world.has("LYO", 5, "B")
        await world.orders("SO-1", ("A", 1), ("B", 1), ship_to=DUTCH)
        assert {site for site, _ in world.shares().values()} == sites


async def test_a_line_is_divided_and_the_parts_add_up_to_what_was_ordered(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy(UNITS)) as world:
        await world.has("AMS", 3)
        await world.has("RTM", 2)
        await world.orders("SO-1", ("A", 7), ship_to=DUTCH)
        assert world.shares() == {
            "SO-1-1": ("AMS", [("A", 3)]), "SO-1-2": ("RTM", [("A", 2)]), "SO-1-3": (None, [("A", 2)]),
        }  # fmt: skip
        assert world.incidents() == [("backorder", "A")]
        assert world.told()[-1]["lines"][0]["backordered"] == 2
        await world.has("LYO", 9)
        await world.until(lambda: world.shares().get("SO-1-3") == ("LYO", [("A", 2)]))
        await world.calm()
        assert world.incidents() == []
        assert (world.got("ams"), world.got("rtm"), world.got("lyo")) == (["SO-1-1"], ["SO-1-2"], ["SO-1-3"])


@pytest.mark.parametrize(
    ("backorder", "shares", "cancelled"),
    [
        (Backorder.WAIT, {"SO-1-1": (None, [("A", 5)])}, 0),
        (Backorder.SPLIT, {"SO-1-1": ("AMS", [("A", 3)]), "SO-1-2": (None, [("A", 2)])}, 0),
        (Backorder.CANCEL, {"SO-1-1": ("AMS", [("A", 3)])}, 2),
    ],
)
async def test_what_is_not_there_waits_is_split_off_or_is_cancelled_as_the_rule_says(
    tmp_path: Path, backorder: Backorder, shares: dict[str, object], cancelled: int
) -> None:
    async with sourced(tmp_path, policy(Rule("r", backorder=backorder))) as world:
        await world.has("AMS", 3)
        await world.orders("SO-1", ("A", 5), ship_to=DUTCH)
        assert world.shares() == shares
        line = world.told()[-1]["lines"][0]
        assert (line["ordered"], line["cancelled"]) == (5, cancelled)
        assert sum(world.held().values()) == sum(q for s, ls in shares.values() if s for _, q in ls)  # type: ignore[misc]
        if backorder is Backorder.WAIT:
            await world.has("AMS", 5, seconds=1)
            await world.until(lambda: world.shares() == {"SO-1-1": ("AMS", [("A", 5)])})


async def test_a_cancellation_stops_every_part_and_gives_all_stock_back(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy(UNITS)) as world:
        await world.has("AMS", 3)
        await world.has("RTM", 2)
        await world.orders("SO-1", ("A", 7), ship_to=DUTCH)
        await world.push({"number": "C-1", "order": "SO-1"}, document="cancellation")
        await world.calm()
        assert world.incidents() == [], "what waited for stock waits no more"
        assert (world.got("ams"), world.got("rtm")) == (["SO-1-1", "SO-1-1"], ["SO-1-2", "SO-1-2"])
        assert world.got("lyo") == [], "who never had a part hears nothing"
        await world.picks("SO-1-1", "cancelled", cancellation="accepted")
        await world.picks("SO-1-2", "cancelled", cancellation="accepted")
        await world.until(lambda: world.told()[-1]["occasion"] == "cancelled")
        assert world.told()[-1]["lines"][0]["cancelled"] == 7
        assert world.held() == {}
        assert world.shares().keys() == {"SO-1-1", "SO-1-2", "SO-1-3"}, "nothing is sent elsewhere"


async def test_a_part_that_a_site_refuses_goes_to_the_next_best(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy()) as world:
        for site in ("AMS", "RTM"):
            await world.has(site, 10)
        await world.orders("SO-1", ("A", 2), ship_to=DUTCH)
        await world.picks("SO-1-1", "refused")
        assert world.shares()["SO-1-2"] == ("RTM", [("A", 2)])
        assert world.held() == {("A", "RTM"): 2}
        assert any("AMS left out: it would not ship this order" in says for says in world.said())
        await world.ships("SO-1-2", (1, "A", 2))
        assert world.held() in ({("A", "RTM"): 2}, {}), "until the figures show that it has gone"
        assert world.told()[-1]["state"] == "shipped"


async def test_what_a_site_ships_short_goes_to_another_and_the_order_ends_with_the_last_part(
    tmp_path: Path,
) -> None:
    async with sourced(tmp_path, policy(Rule("r", split=Split.UNITS))) as world:
        await world.has("AMS", 5)
        await world.has("RTM", 5)
        await world.orders("SO-1", ("A", 4), ship_to=DUTCH)
        await world.ships("SO-1-1", (1, "A", 3), complete=True)
        assert world.shares()["SO-1-2"] == ("RTM", [("A", 1)])
        assert world.held()[("A", "RTM")] == 1
        assert world.told()[-1]["state"] == "part_shipped"
        await world.ships("SO-1-2", (1, "A", 1), seconds=30)
        assert (world.told()[-1]["state"], world.told()[-1]["lines"][0]["shipped"]) == ("shipped", 4)


async def test_where_a_person_decides_a_refused_part_waits_for_a_retry(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy(Rule("r", reroute=False))) as world:
        for site in ("AMS", "RTM"):
            await world.has(site, 10)
        await world.orders("SO-1", ("A", 2), ship_to=DUTCH)
        await world.picks("SO-1-1", "refused")
        assert world.shares()["SO-1-2"] == (None, [("A", 2)])
        assert [kind for kind, _ in world.incidents()] == ["rejected"], (
            "stock that comes does not send it elsewhere"
        )


async def test_a_part_that_a_warehouse_would_not_take_goes_to_another_and_nobody_need_look(
    tmp_path: Path,
) -> None:
    async with sourced(tmp_path, policy()) as world:
        for site in ("AMS", "RTM"):
            await world.has(site, 10)
        world.targets["ams"].script = lambda _one, _nth: 422
        await world.orders("SO-1", ("A", 2), ship_to=DUTCH)
        await world.until(lambda: world.got("rtm") == ["SO-1-2"], "it stayed where it was refused")
        assert world.shares()["SO-1-2"] == ("RTM", [("A", 2)])
        assert world.held() == {("A", "RTM"): 2}
        assert world.incidents() == []
        assert any("ams would not take SO-1-1: " in says for says in world.said())
        assert any("AMS left out: it would not ship this order" in says for says in world.said())
        await world.ships("SO-1-2", (1, "A", 2))
        assert world.told()[-1]["state"] == "shipped"


@pytest.mark.parametrize(("reroute", "elsewhere"), [(False, 10), (True, 1)])
async def test_what_no_other_may_ship_stays_with_a_person_where_it_was_refused(
    tmp_path: Path, reroute: bool, elsewhere: int
) -> None:
    """The control: by the rule a person looks, or no other site has it."""
    async with sourced(tmp_path, policy(Rule("r", reroute=reroute))) as world:
        await world.has("AMS", 10)
        await world.has("RTM", elsewhere)
        world.targets["ams"].script = lambda _one, _nth: 422
        await world.orders("SO-1", ("A", 2), ship_to=DUTCH)
        await world.until(lambda: not world.worker._term._turned_away._noted, "nobody looked at it")  # pyright: ignore[reportPrivateUsage]
        assert [kind for kind, _ in world.incidents()] == ["rejected"]
        assert (world.shares().keys(), world.held()) == ({"SO-1-1"}, {("A", "AMS"): 2})


async def test_a_held_order_is_shared_out_and_its_part_waits_until_the_hold_is_lifted(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy()) as world:
        await world.has("AMS", 10)
        await world.orders("SO-1", ("A", 2), ship_to=DUTCH, holds=["fraud"])
        assert (world.got("ams"), world.held()) == ([], {("A", "AMS"): 2})
        lifted = {"order": "SO-1", "hold": "fraud", "state": "lifted", "at": "2030-01-01T00:00:00Z"}
        await world.push(lifted, document="order_hold")
        await world.until(lambda: world.got("ams") == ["SO-1-1"])


@pytest.mark.parametrize("elsewhere", [5, 1])
async def test_a_site_that_is_out_of_stock_is_stopped_where_another_has_all_of_it(
    tmp_path: Path, elsewhere: int
) -> None:
    async with sourced(tmp_path, policy()) as world:
        await world.has("AMS", 5)
        await world.has("RTM", elsewhere)
        await world.orders("SO-1", ("A", 2), ship_to=DUTCH)
        await world.picks("SO-1-1", "backordered")
        asked = world.got("ams", "warehouse_order_cancel")
        assert asked == (["SO-1-1"] if elsewhere == 5 else [])
        if asked:
            await world.picks("SO-1-1", "cancelled", seconds=11, cancellation="accepted")
            assert world.shares()["SO-1-2"] == ("RTM", [("A", 2)])
            assert world.held() == {("A", "RTM"): 2}
