"""The roles of people, the rights that each role has, and how far they reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from crossdock.faults import Invalid


class Role(Enum):
    """What a person is here for. The word is what the store keeps; never re-used."""

    VIEWER = "viewer"  #: sees what goes on, and changes nothing
    OPERATOR = "operator"  #: works on incidents, pauses and resumes systems
    INTEGRATOR = "integrator"  #: as an operator, and connects systems: keys, crosswalks, charter
    APPROVER = "approver"  #: says yes to what somebody else asks for, and sees everything
    ADMIN = "admin"  #: everything, and who may do what


class Right(Enum):
    """One thing that may be allowed."""

    SEE = "see"  #: pages, figures, incidents, stories
    BYTES = "bytes"  #: what came and left word by word, with the personal data in it
    ACT = "act"  #: assign, fix, retry and resolve incidents
    GATE = "gate"  #: pause, drain and resume systems
    CONNECT = "connect"  #: keys of systems
    APPROVE = "approve"  #: let pass what is held for a second pair of eyes
    PEOPLE = "people"  #: who may sign in, and as what
    AUDIT = "audit"  #: what people did


_WORK = frozenset({Right.SEE, Right.BYTES, Right.ACT, Right.GATE})
RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.SEE}),
    Role.OPERATOR: _WORK,
    Role.INTEGRATOR: _WORK | {Right.CONNECT, Right.AUDIT},
    Role.APPROVER: frozenset({Right.SEE, Right.BYTES, Right.APPROVE, Right.AUDIT}),
    Role.ADMIN: frozenset(Right),
}


def role_of(word: str) -> Role:
    """The role that a word means. Raises Invalid."""
    try:
        return Role(word)
    except ValueError:
        words = ", ".join(one.value for one in Role)
        raise Invalid(f"there is no role {word}", path="role", value=word, fix=f"one of: {words}") from None


@dataclass(frozen=True, slots=True)
class Scope:
    """How far somebody's rights reach; an empty set means all."""

    tenant: str = "default"
    sites: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()

    @property
    def everything(self) -> bool:
        """Whether no system is left out."""
        return not self.systems

    def has(self, system: str) -> bool:
        """Whether a system is within it."""
        return not self.systems or system in self.systems

    def touches(self, systems: Iterable[str]) -> bool:
        """Whether any of some systems is within it; nothing named is within everything only."""
        return not self.systems or any(system in self.systems for system in systems)

    def at(self, site: str) -> bool:
        """Whether a site is within it."""
        return not self.sites or site in self.sites


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and from where."""

    name: str
    origin: str
