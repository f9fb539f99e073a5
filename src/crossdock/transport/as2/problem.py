"""What can be wrong with an AS2 message, in the words that an MDN uses for it."""

from __future__ import annotations

from enum import StrEnum

from crossdock.faults import Unreadable


class Problem(StrEnum):
    """Why a message was not taken; the value is the modifier of the MDN's disposition (RFC 4130, 7.5.3)."""

    DECRYPTION = "decryption-failed"
    AUTHENTICATION = "authentication-failed"
    INTEGRITY = "integrity-check-failed"
    DECOMPRESSION = "decompression-failed"
    SECURITY = "insufficient-message-security"
    UNEXPECTED = "unexpected-processing-error"
    FORMAT = "unsupported format"
    MIC_ALGORITHM = "unsupported MIC-algorithms"

    @property
    def disposition(self) -> str:
        """The type and modifier as an MDN writes them."""
        failures = (Problem.FORMAT, Problem.MIC_ALGORITHM)
        return f"failed/failure: {self}" if self in failures else f"processed/error: {self}"


class Refused(Unreadable):
    """A message that is not taken, while it is opened; `receive` turns it into a refusal.

    `says` is for our own desk: the sender gets the problem only, so that a stranger who tries
    changed bytes learns nothing from the differences.
    """

    def __init__(self, problem: Problem, says: str, *, fix: str = "", path: str = "") -> None:
        super().__init__(says, path=path, fix=fix)
        self.problem = problem
