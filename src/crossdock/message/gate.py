"""The acts by which people open and close the ways into and out of a system."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

#: Stands for all systems at once where one could be named; no system can be called so.
HUB = ""


class Direction(Enum):
    """A way through the hub, as seen from it."""

    IN = "in"  #: what a system sends
    OUT = "out"  #: what a system gets


class GateMove(Enum):
    """What a person did to a way."""

    PAUSE = "pause"  #: nothing passes any more
    DRAIN = "drain"  #: what is there already passes, nothing new does
    RESUME = "resume"  #: everything passes


@dataclass(frozen=True, slots=True)
class GateAct:
    """One act: who did what to which way, and why. `at_ms` is milliseconds since 1970."""

    id: int
    system: str  #: HUB for all of them
    direction: Direction
    move: GateMove
    who: str
    reason: str
    at_ms: int
