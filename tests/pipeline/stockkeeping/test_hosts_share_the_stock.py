"""Two hosts of one site sell from one shelf."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from crossdock.pipeline.blind import NoReservation
from crossdock.stock.policy import ChannelPolicy, Policy, SitePolicy
from tests.database import Server
from tests.pipeline.crew import crew
from tests.pipeline.stockkeeping.shelf import cart, promised
from tests.pipeline.stockkeeping.stocked import DOCUMENTS, OWNERS, balance, lines
from tests.pipeline.world import order

POLICY = Policy({"AMS": SitePolicy("AMS", "wms")}, {"erp": ChannelPolicy("erp", ("AMS",), publish=True)})
ORDERS = 60


@pytest.mark.parametrize("guarded", [True, False])
async def test_orders_and_carts_on_two_hosts_race_for_the_last_units(
    postgresql: Server, tmp_path: Path, guarded: bool
) -> None:
    """With the guard exactly what is there is sold; without it the same run oversells."""
    blind = {} if guarded else {"surroundings": {"reservation": NoReservation()}}
    async with crew(
        postgresql, tmp_path, documents=DOCUMENTS, owners=OWNERS, revise=True, stock=POLICY, **blind
    ) as site:
        members = one, other = site.member(), site.member()
        await one.start()
        await other.start()
        await site.shared_out(one, other)
        world = site.world
        await one.push(balance(3), system="wms", document="inventory_balance")
        await world.until(lambda: world.journal.levels(["A"]))

        async def sold(n: int) -> None:
            await members[n % 2].push(order(f"SO-{n}", lines=lines(("A", 1))))

        rooms = [member.context.stock for member in members]
        carts = [promised(rooms[n % 2], cart()) for n in range(20)]  # type: ignore[arg-type]
        _, *won = await asyncio.gather(asyncio.gather(*(sold(n) for n in range(ORDERS))), *carts)
        ended = "SELECT count(*) FROM messages WHERE document = 'sales_order' AND state IN (2, 5)"
        await world.until(lambda: world.rows(ended)[0][0] == ORDERS)
        held = world.rows("SELECT count(*), sum(amount) / 1000000 FROM reservations WHERE state = 1")[0]
        routed = world.rows("SELECT count(*) FROM messages WHERE document = 'sales_order' AND state = 2")[0][
            0
        ]
        promises = sum(cart is not None for cart in won)
        assert held == (routed + promises, routed + promises)
        assert (routed + promises == 3) is guarded
        assert [
            (row.supply // 1_000_000, row.reserved // 1_000_000) for row in world.journal.levels(["A"])
        ] == [(3, routed + promises)]
        await world.until(lambda: not world.rows("SELECT 1 FROM transmissions WHERE state IN (1, 3, 4, 5)"))
        assert len(set(world.wms.applied)) == routed
