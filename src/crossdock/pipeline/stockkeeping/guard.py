"""What must be left of a level before anything may be taken from it."""

from __future__ import annotations

from typing import Protocol


class ReservationGuard(Protocol):
    """Whether stock may be set aside."""

    def free(self, there: int) -> int:
        """How much may be taken of what is there, in parts."""
        ...

    def least(self, kept: int) -> int:
        """What must be left of a level after something was taken, where so much is kept back."""
        ...


class NeverOversell:
    """The guard against overselling: what is not there is not promised, whoever else asks at this moment."""

    def free(self, there: int) -> int:
        """No more than is there."""
        return there

    def least(self, kept: int) -> int:
        """All that is kept back."""
        return kept
