"""What a store tells of one story: all that was said of an object and of what hangs on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crossdock.message.records import Message
from crossdock.message.states import TransmissionState


@dataclass(frozen=True, slots=True)
class Sent:
    """One sending of a message of a story."""

    id: int
    target: str
    state: TransmissionState


class Stories(Protocol):
    """Reads of one story, of what is committed."""

    def story(self, root: int) -> Sequence[tuple[Message, Sequence[Sent]]]:
        """What was told of a root object and of all that hangs on it, in order of making, and where it was sent."""
        ...

    def owner_of(self, hub: int) -> str | None:
        """The system that introduced an object; None while nothing of it is committed."""
        ...

    def doubted(self, root: int, transmission: int) -> bool:
        """Whether nobody knew at some time if a transmission had arrived."""
        ...

    def was_judged_impossible(self, message: int) -> bool:
        """Whether a message was on the desk as `bad_transition`."""
        ...
