"""Changes of an order that was shared out: each part is changed as far as its warehouse has not begun."""

from __future__ import annotations

from pathlib import Path

from tests.pipeline.sourcing.sourced import lines, policy, sourced
from tests.pipeline.sourcing.test_orders_find_their_site import DUTCH, UNITS
from tests.pipeline.world import order

CLOSED = 6


async def test_less_is_taken_from_what_waits_first_and_then_from_what_was_released(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy(UNITS)) as world:
        await world.has("AMS", 3)
        await world.orders("SO-1", ("A", 5), ship_to=DUTCH)
        assert world.shares() == {"SO-1-1": ("AMS", [("A", 3)]), "SO-1-2": (None, [("A", 2)])}
        await world.orders("SO-1", ("A", 2), ship_to=DUTCH)
        assert world.shares()["SO-1-1"] == ("AMS", [("A", 2)])
        assert world.parts()["SO-1-2"]["_state"] == CLOSED
        assert (world.held(), world.incidents()) == ({("A", "AMS"): 2}, [])
        assert world.got("ams") == ["SO-1-1", "SO-1-1"], "the warehouse has the revision"
        assert (world.told()[-1]["occasion"], world.told()[-1]["lines"][0]["ordered"]) == ("amended", 2)


async def test_more_and_new_lines_become_new_parts(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy(UNITS)) as world:
        await world.has("AMS", 9)
        await world.has("RTM", 9, "B")
        await world.orders("SO-1", ("A", 2), ship_to=DUTCH)
        await world.orders("SO-1", ("A", 3), ("B", 1), ship_to=DUTCH)
        assert sorted((site, *what) for site, what in world.shares().values()) == [
            ("AMS", ("A", 1)), ("AMS", ("A", 2)), ("RTM", ("B", 1)),
        ]  # fmt: skip


async def test_a_new_address_reaches_every_part_that_has_not_begun_and_the_others_are_named(
    tmp_path: Path,
) -> None:
    async with sourced(tmp_path, policy(UNITS)) as world:
        await world.has("AMS", 3)
        await world.has("RTM", 2)
        await world.orders("SO-1", ("A", 5), ship_to=DUTCH)
        await world.picks("SO-1-1", "picking")
        moved = DUTCH | {"street": "Singel 2"}
        await world.orders("SO-1", ("A", 5), ship_to=moved)
        streets = {number: tree["ship_to"]["street"] for number, tree in world.parts().items()}
        assert streets == {"SO-1-1": "Damrak 1", "SO-1-2": "Singel 2"}
        told = world.told()[-1]
        assert told["occasion"] == "amend_refused"
        assert "SO-1-1 at AMS is picking: a change of address comes too late" in told["reason"]


async def test_a_change_that_comes_too_late_for_every_part_waits_for_a_person(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy(UNITS)) as world:
        await world.has("AMS", 5)
        await world.orders("SO-1", ("A", 5), ship_to=DUTCH)
        await world.picks("SO-1-1", "picking")
        await world.orders("SO-1", ("A", 4), ship_to=DUTCH)
        assert [kind for kind, _ in world.incidents()] == ["bad_transition"]
        assert world.shares() == {"SO-1-1": ("AMS", [("A", 5)])}
        assert world.held() == {("A", "AMS"): 5}


async def test_a_dropped_line_stops_its_own_part_only(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy(UNITS)) as world:
        await world.has("AMS", 5, "A")
        await world.has("RTM", 5, "B")
        await world.orders("SO-1", ("A", 1), ("B", 2), ship_to=DUTCH)
        await world.push(order("SO-1", lines=lines(("A", 1)), ship_to=DUTCH))
        await world.calm()
        parts = world.shares()
        dropped = next(number for number, (site, _) in parts.items() if site == "RTM")
        assert world.got("rtm") == [dropped, dropped], "the part, and the wish to stop it"
        assert len(world.got("ams")) == 1
        assert world.held() == {("A", "AMS"): 1}
        await world.picks(dropped, "cancelled", cancellation="accepted")
        assert len(world.shares()) == len(parts), "nothing goes elsewhere"


async def test_some_units_of_a_line_are_cancelled(tmp_path: Path) -> None:
    async with sourced(tmp_path, policy(UNITS)) as world:
        await world.has("AMS", 5, "A")
        await world.orders("SO-1", ("A", 5), ship_to=DUTCH)
        gone = [{"line": 1, "sku": "A", "quantity": 2, "unit": "EA"}]
        await world.push({"number": "C-1", "order": "SO-1", "lines": gone}, document="cancellation")
        await world.calm()
        assert world.shares() == {"SO-1-1": ("AMS", [("A", 3)])}
        assert world.held() == {("A", "AMS"): 3}
        told = world.told()[-1]["lines"][0]
        assert (told["ordered"], told["cancelled"]) == (5, 2)
        await world.ships("SO-1-1", (1, "A", 3))
        assert world.told()[-1]["state"] == "shipped"
        assert len(world.shares()) == 1
