"""MDNs that are promised for later, and who waits for them."""

from __future__ import annotations

import asyncio

from crossdock.transport.as2.outgoing import Expected
from crossdock.transport.as2.report import Mdn, about, judge

#: What anybody may have posted: the partner's own MDN may still come.
_FORGED = frozenset({"mdn_signature", "mdn_unsigned", "mdn_unreadable"})
#: MDNs for one message that wait to be looked at.
_KEPT = 8


class AwaitedMdns:
    """MDNs that partners promised for later; whoever sent the message waits for its own."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Queue[Mdn]] = {}

    async def of(self, expected: Expected, within_s: float) -> Mdn | None:
        """The MDN of one message; None when it does not come in time.

        One that proves nothing is given only when no better one has come by then.
        """
        name = about(expected.us, expected.them, expected.message_id)
        self._waiting[name] = came = asyncio.Queue[Mdn](_KEPT)
        doubtful: Mdn | None = None
        try:
            async with asyncio.timeout(within_s):
                while True:
                    mdn = await came.get()
                    if judge(mdn, expected).kind not in _FORGED:
                        return mdn
                    doubtful = mdn
        except TimeoutError:
            return doubtful
        finally:
            self._waiting.pop(name, None)

    def came(self, mdn: Mdn) -> bool:
        """Whether somebody waited for it."""
        came = self._waiting.get(mdn.about)
        if came is None or came.full():
            return False
        came.put_nowait(mdn)
        return True


#: One process answers for what it has sent itself.
AWAITED = AwaitedMdns()
