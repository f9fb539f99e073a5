"""Parts of orders that their warehouse would not take, on their way to another."""

from __future__ import annotations

from asyncio import Lock
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from crossdock.journal.contract import Overtaken
from crossdock.pipeline.batch import Batch
from crossdock.pipeline.decide import Decider

_log = structlog.get_logger("crossdock.worker")
#: Refusals that are looked at; of more at once people hear as ever.
_NOTED_MAX = 1_000


class TurnedAway:
    """Notes what went to the desk, and has it go elsewhere where the sourcing rule says so."""

    def __init__(
        self, decider: Decider, forget: Callable[[Batch], None], reload: Callable[[str, str], None]
    ) -> None:
        """`forget` is told a batch that was not written, `reload` the target and the lane that are free."""
        self._decider = decider
        self._forget = forget
        self._reload = reload
        self._noted = deque[int](maxlen=_NOTED_MAX)

    def note(self, transmission: int) -> None:
        """A target did not take this, for whatever reason."""
        self._noted.append(transmission)

    async def look(
        self, decides: Lock, new: Callable[[], Batch], commit: Callable[[Batch], Coroutine[Any, Any, None]]
    ) -> None:
        """Has each go elsewhere, in a commit of its own; what stays is with a person already."""
        while self._noted:
            transmission = self._noted.popleft()
            async with decides:
                batch = new()
                try:
                    free = self._decider.turned_away(transmission, batch)
                    if free is None:
                        self._forget(batch)
                        continue
                    await commit(batch)
                except Exception as error:  # ends with the person who has it
                    self._forget(batch)
                    if not isinstance(error, Overtaken):
                        raise
                    # A person, or another document, was faster: it is looked at as it is then.
                    _log.info("what was turned away is looked at again", says=str(error))
                    self._noted.append(transmission)
                    return
            self._reload(*free)
