"""Today tells how the service levels stand, to those who see the whole site."""

from pathlib import Path

from crossdock.access.roles import Role
from tests.console.world import PREFIX, WATCH, World, world


async def _counted(w: World) -> None:
    key = w.key("monitor", "observer")
    for _ in range(2_000):
        _, seen = await w.api("GET", "/v1/watch", key)
        if seen["levels"] and seen["levels"][0]["share"] is not None:
            return
        await w.shown.hub.clock.sleep(0.05)
    raise AssertionError("nothing was counted for the level")


async def test_a_level_stands_on_today_with_its_share_and_what_was_promised(tmp_path: Path) -> None:
    async with world(tmp_path, more={"watch": WATCH}) as w:
        await w.order("SO-1")
        await w.settled()
        await _counted(w)
        whole, part = (
            await w.person("boss", Role.VIEWER),
            await w.person("dora", Role.VIEWER, systems=["erp"]),
        )
        seen = (await w.ask("GET", PREFIX, whole)).text
        assert "Order release" in seen and "99.5 % within 1 min" in seen and "100.0 %" in seen
        assert "Order release" not in (await w.ask("GET", PREFIX, part)).text, (
            "the level is of the whole site"
        )
