"""What the `http` connector reads of its system in the charter."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Protocol
from zoneinfo import ZoneInfo


class Meaning(Enum):
    """What an answer's status means for a transmission."""

    DONE = "done"  #: the target has it
    LATER = "later"  #: the same bytes again after a pause
    UNCLEAR = "unclear"  #: settled as the flow says
    REJECTED = "rejected"  #: a person mends it


class Answers(Protocol):
    """The table of statuses of one flow."""

    def meaning(self, status: int, /) -> Enum:
        """The meaning of one status: done, later, unclear or rejected."""
        ...


class Find(Protocol):
    """The request that asks whether the target has a document."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def present(self) -> frozenset[int]: ...
    @property
    def absent(self) -> frozenset[int]: ...
    @property
    def settle_s(self) -> float: ...


class FlowIn(Protocol):
    """One kind of document that the system sends."""

    @property
    def id(self) -> str | None: ...
    @property
    def version(self) -> str | None: ...
    @property
    def order_by(self) -> str | None: ...
    @property
    def ignore(self) -> tuple[str, ...]: ...
    @property
    def map(self) -> str | None: ...
    @property
    def optional(self) -> tuple[str, ...]: ...


class FlowOut(Protocol):
    """One kind of document that the system gets."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def map(self) -> str | None: ...
    @property
    def their_id(self) -> str | None: ...
    @property
    def idempotency_header(self) -> str | None: ...
    @property
    def on_unclear(self) -> Enum: ...
    @property
    def find(self) -> Find | None: ...
    @property
    def answers(self) -> Answers: ...
    @property
    def optional(self) -> tuple[str, ...]: ...
    @property
    def lengths(self) -> Mapping[str, int]: ...
    @property
    def charset(self) -> str | None: ...


class System(Protocol):
    """The system that a reader or writer is bound to."""

    @property
    def name(self) -> str: ...
    @property
    def timezone(self) -> ZoneInfo | None: ...

    def flow_in(self, document: str, /) -> FlowIn | None:
        """The inbound flow of one document, if there is one."""
        ...

    def flow_out(self, document: str, /) -> FlowOut | None:
        """The outbound flow of one document, if there is one."""
        ...
