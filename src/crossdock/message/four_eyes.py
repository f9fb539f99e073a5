"""An act that two people must want: what is asked of whoever decides that, and how it says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from enum import Enum
from typing import Any, Protocol

#: Who said yes to what somebody else asked for, while it is carried out; empty where one person is enough.
APPROVED_BY: ContextVar[str] = ContextVar("approved_by", default="")
#: The request that is carried out now, so that it is not asked for again.
CARRIED: ContextVar[str] = ContextVar("carried", default="")


class Kind(Enum):
    """What may be asked for by one person and approved by another. The word stands in the charter."""

    IN_DOUBT = "in_doubt"  #: saying what became of a sending whose fate nobody knows
    MASS_CHANGE = "mass_change"  #: letting pass, or dropping, a feed that changes far more than usual
    ABANDON = "abandon"  #: ending documents without sending them
    FIX = "fix"  #: a value or a crosswalk row in place of what the sender wrote
    REPLAY = "replay"  #: sending again what has been sent, or many documents at once
    GATES = "gates"  #: pausing, draining and resuming systems
    PEOPLE = "people"  #: who may sign in, and as what
    ERASE = "erase"  #: erasing the data of a person
    RESTORED = "restored"  #: saying that a system has sent again all that a restored store had lost
    CHARTER = "charter"  #: another version of the charter


class Asked(Exception):
    """Nothing was done: the act now waits for somebody else. Not a fault, and not a refusal."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        super().__init__(f"{request['says']}: waits for another person's approval as {request['id']}")
        self.request = request


class FourEyes(Protocol):
    """Says whether one person is enough for an act."""

    async def must_agree(
        self, kind: Kind, verb: str, subject: str, body: Any, *, who: str, says: Callable[[], str]
    ) -> None:
        """Returns where the act may be done now. Raises Asked once it is noted for another person, StoreDown.

        `verb`, `subject` and `body` are all that is needed to carry it out later.
        """
        ...


class OnePair:
    """One person is enough for everything."""

    async def must_agree(
        self, kind: Kind, verb: str, subject: str, body: Any, *, who: str, says: Callable[[], str]
    ) -> None:
        """Always returns."""


def second() -> dict[str, str]:
    """What the ledger adds to an act that somebody else approved."""
    approver = APPROVED_BY.get()
    return {"approved_by": approver, "approval": CARRIED.get()} if approver else {}
