"""What the desk needs of the running hub once an act is durable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Nudge(Protocol):
    """Wakes the worker; everything named is in the store in its new state."""

    def nudge(
        self,
        *,
        captures: Sequence[int] = (),
        messages: Sequence[int] = (),
        lanes: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Captures to translate again, messages to look at again, lanes (target, ordering key) to read anew."""
        ...
