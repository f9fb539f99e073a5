"""What can go wrong, sorted by what the hub does next.

    Fault
    ├── TryLater       the target is not ready: wait, then send the same bytes under the same key
    ├── InDoubt        nobody knows whether it was applied: settle as the flow says, never guess
    ├── Rejected       the target said no: a person mends it, then a new round goes out
    ├── Invalid        our document breaks a rule: a person mends the value
    ├── Unmapped       a code has no counterpart: a person adds the crosswalk row
    ├── Waits          a predecessor is missing: park until it arrives or the clock runs out
    ├── NotOwned       the charter does not let this system change that
    ├── Unreadable     the bytes are not what they claim to be: refused at the door
    └── Misconfigured  the site's own files are wrong: the hub does not start with them

A fault is about the world. A defect of the hub is an `assert`. Public faults are defined here only.
"""

from __future__ import annotations

__all__ = [
    "Fault",
    "InDoubt",
    "Invalid",
    "Misconfigured",
    "NotOwned",
    "Rejected",
    "TryLater",
    "Unmapped",
    "Unreadable",
    "Waits",
]


class Fault(Exception):
    """Something in the world is not as the hub needs it.

    `says` is one sentence a supervisor understands; `path` leads a person to the place
    (`lines[2].sku`); `value` is what stood there; `fix` is the next act. Never a secret or a
    whole document in any of them.
    """

    type: str = "invalid"  #: the incident type this becomes (docs/reference/incidents)

    def __init__(self, says: str, *, path: str = "", value: object = None, fix: str = "") -> None:
        super().__init__(says)
        self.says = says
        self.path = path
        self.value = value
        self.fix = fix


class TryLater(Fault):
    """The other side is not ready; the same bytes may go again after `wait_s` (None: our back-off)."""

    type = "throttled"

    def __init__(self, says: str, *, wait_s: float | None = None, path: str = "", fix: str = "") -> None:
        super().__init__(says, path=path, fix=fix)
        self.wait_s = wait_s


class InDoubt(Fault):
    """The request left and no trustworthy answer came back."""

    type = "in_doubt"


class Rejected(Fault):
    """The target answered that it will not take this document as it is."""

    type = "rejected"


class Invalid(Fault):
    """A document or value breaks a rule of the model or of a target."""

    type = "invalid"

    def __init__(
        self, says: str, *, path: str = "", value: object = None, fix: str = "", type: str = "invalid"
    ) -> None:
        super().__init__(says, path=path, value=value, fix=fix)
        self.type = type


class Unmapped(Fault):
    """A code has no row in its crosswalk."""

    type = "unmapped_code"

    def __init__(self, says: str, *, crosswalk: str, value: object, path: str = "", fix: str = "") -> None:
        super().__init__(says, path=path, value=value, fix=fix)
        self.crosswalk = crosswalk


class Waits(Fault):
    """A predecessor has not arrived yet: `kind` and `number` name it.

    `until_ms` is when it goes on, or somebody must look; without it the charter's clock runs, or none
    where it is `patient`.
    """

    type = "bad_transition"

    def __init__(
        self,
        says: str,
        *,
        kind: str,
        number: str,
        path: str = "",
        fix: str = "",
        until_ms: int | None = None,
        patient: bool = False,
    ) -> None:
        super().__init__(says, path=path, value=number, fix=fix)
        self.kind = kind
        self.number = number
        self.until_ms = until_ms
        self.patient = patient


class NotOwned(Fault):
    """The charter gives this object, field or move to another system."""

    type = "not_owned"


class Unreadable(Fault):
    """The bytes cannot be read at all; `status` is the HTTP answer at the door."""

    type = "poison"

    def __init__(
        self, says: str, *, status: int = 400, path: str = "", value: object = None, fix: str = ""
    ) -> None:
        super().__init__(says, path=path, value=value, fix=fix)
        self.status = status


class Misconfigured(Fault):
    """A file of the site is wrong: `file`, `line` (from 1) and what to write instead."""

    def __init__(self, says: str, *, file: str = "", line: int = 0, path: str = "", fix: str = "") -> None:
        super().__init__(says, path=path, fix=fix)
        self.file = file
        self.line = line

    def __str__(self) -> str:
        """`file:line: what is wrong; what to write instead`."""
        place = (
            f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        )
        return f"{place}{self.says}" + (f"; {self.fix}" if self.fix else "")
