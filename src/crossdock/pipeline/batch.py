"""What is decided together and written in one commit."""

from __future__ import annotations

from dataclasses import dataclass, field

from crossdock.journal.changes import Changes
from crossdock.message.records import Transmission


@dataclass(slots=True)
class Batch:
    """One set of changes under construction, and what has to happen once it is durable."""

    changes: Changes
    arrived: list[str] = field(default_factory=list[str])  #: "document/number" that waiters may be woken by
    late: list[int] = field(default_factory=list[int])  #: messages on the desk whose answer may have come
    routed: list[Transmission] = field(default_factory=list[Transmission])
    waiting: int = 0  #: messages that began to wait
    waits: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    #: (message, system, "document/number") of those
    elsewhere: set[int] = field(default_factory=set[int])  #: partitions that got something to decide
    freed: set[int] = field(default_factory=set[int])  #: incidents that lost members
    displaced: set[int] = field(default_factory=set[int])  #: messages on the desk that a newer one ended
    #: cause -> incident, of refused and overdue receipts: an answer that comes with the refusal ends it
    amiss: dict[str, int] = field(default_factory=dict[str, int])
