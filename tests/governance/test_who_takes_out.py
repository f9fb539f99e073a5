"""Which process of a site takes out what is beyond its time: one, and no other."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from crossdock.charter.charter import Retention
from crossdock.governance.retention import Retainer


class Store:
    """A store in which nothing is old; it counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def view(self, _read: Any) -> Any:
        self.asked += 1
        return cast("Any", type("Found", (), {"count": 0})()), 0


@pytest.mark.parametrize("may", [True, False])
async def test_only_the_process_that_may_looks_and_ends_what_is_over(may: bool):
    store, ended = Store(), asyncio.Event()

    async def also() -> None:
        ended.set()

    retainer = Retainer(cast("Any", store), lambda: 0, Retention(), may=lambda: may, also=also)
    retainer.start()
    for _ in range(20):
        await asyncio.sleep(0)
    await retainer.stop()
    assert (bool(store.asked), ended.is_set()) == (may, may)
