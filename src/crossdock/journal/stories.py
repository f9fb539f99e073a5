"""What a store tells of one story: all that was said of an object and of what hangs on it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from crossdock.message.records import Message, Transmission
from crossdock.message.states import TransmissionState


@dataclass(frozen=True, slots=True)
class Sent:
    """One sending of a message of a story."""

    id: int
    target: str
    state: TransmissionState


@dataclass(frozen=True, slots=True)
class Resend:
    """A delivery that a person wants made again."""

    run: int
    transmission: int
    treatment: str  #: same | ask | new
    who: str
    why: str


class Stories(Protocol):
    """Reads of one story, of what is committed."""

    def resends_waiting(self, partitions: Collection[int], limit: int) -> Sequence[Resend]:
        """Deliveries to be made again, in the order in which they were made first."""
        ...

    def sent_after(
        self, root: int, target: str, transmission: int, *, run: int = 0
    ) -> Sequence[Transmission]:
        """What was made for a target later than one delivery of the same story, newest first; not what `run` made."""
        ...

    def story(self, root: int) -> Sequence[tuple[Message, Sequence[Sent]]]:
        """What was told of a root object and of all that hangs on it, in order of making, and where it was sent."""
        ...

    def number_changes(self) -> Sequence[Message]:
        """Every change of a number that was taken, in order."""
        ...

    def number_changes_version(self) -> int:
        """A number that rises with every change of a number."""
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
