"""MDNs that are promised for later, and who waits for them."""

from __future__ import annotations

import asyncio

from crossdock.transport.as2.outgoing import Expected
from crossdock.transport.as2.report import Mdn


class AwaitedMdns:
    """MDNs that partners promised for later; whoever sent the message waits for its own."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[Mdn]] = {}

    async def of(self, expected: Expected, within_s: float) -> Mdn | None:
        """The MDN of one message; None when it does not come in time."""
        future: asyncio.Future[Mdn] = asyncio.get_running_loop().create_future()
        self._waiting[expected.message_id] = future
        try:
            async with asyncio.timeout(within_s):
                return await future
        except TimeoutError:
            return None
        finally:
            self._waiting.pop(expected.message_id, None)

    def came(self, mdn: Mdn) -> bool:
        """Whether somebody waited for it."""
        future = self._waiting.get(mdn.about)
        if future is None or future.done():
            return False
        future.set_result(mdn)
        return True


#: One process answers for what it has sent itself.
AWAITED = AwaitedMdns()
