"""What the pipeline is handed: the systems of the charter bound to their connectors, and the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from crossdock.charter.charter import Charter, System
from crossdock.journal.contract import Journal
from crossdock.journal.tenure import Alone, Signals, Silence, Tenure
from crossdock.kit.connector import Poller, Read, Reader, Writer
from crossdock.kit.http import Client
from crossdock.kit.share import Share
from crossdock.message.turns import Turns
from crossdock.pipeline.gates import Gates
from crossdock.pipeline.order import InTurns, Order
from crossdock.pipeline.restored import Restored
from crossdock.pipeline.stockkeeping.guard import NeverOversell, ReservationGuard
from crossdock.pipeline.stockkeeping.stockroom import Stockroom


class Clock(Protocol):
    """Time as the pipeline sees it."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        ...


class DecisionTime:
    """The time at which a decision counts as made: kept with what it decided, so that a replay has it too."""

    def __init__(self) -> None:
        self.at_ms = 0

    def now_s(self) -> float:
        """Seconds since 1970."""
        return self.at_ms / 1000


class GatedClient(Client, Protocol):
    """A client that tells beforehand whether it would send."""

    def wait_s(self) -> float:
        """Seconds until a request could go, 0 now."""
        ...


@dataclass(slots=True)
class Bound:
    """One system of the charter with everything it is spoken to through."""

    system: System
    client: GatedClient
    readers: Mapping[str, Reader] = field(default_factory=dict[str, Reader])
    writers: Mapping[str, Writer] = field(default_factory=dict[str, Writer])
    pollers: Mapping[str, Poller] = field(default_factory=dict[str, Poller])
    reads: Callable[[], tuple[Read, ...]] = tuple  #: what the connector looked up since the last call
    share: Share | None = None  #: of the system's places; None: all that its limits name


@dataclass(slots=True)
class Context:
    """The pipeline's surroundings, chosen and wired by assembly."""

    charter: Charter
    systems: Mapping[str, Bound]
    journal: Journal
    clock: Clock
    random: Random
    time: DecisionTime
    tenure: Tenure = field(default_factory=Alone)  #: what this process holds of the store
    signals: Signals = field(default_factory=Silence)  #: the other processes of the site
    refresh: Callable[[], None] = lambda: None  #: reads anew what people have added to crosswalks
    order: Callable[[], Order] = InTurns  #: whose capture is decided next
    turns: Callable[[], Turns[Any]] = Turns  #: whose lane is sent from next
    full: Callable[[str], bool] = lambda _: False  #: whether a system should not be asked for more now
    backlogs: Callable[[], Mapping[str, int]] = (
        dict  #: how much of each system is under way, as far as is known
    )
    reservation: ReservationGuard = field(default_factory=NeverOversell)  #: whether stock may be set aside
    stock: Stockroom | None = field(init=False)  #: what may be promised; None: no stock is kept
    restored: Restored = field(init=False)  #: what came back from a backup, if anything did
    gates: Gates = field(init=False)  #: what may pass now

    def __post_init__(self) -> None:
        """Looks whether the store was restored from a backup; what people have closed is read by the worker."""
        self.restored = Restored(self.journal)
        self.gates = Gates(self.charter, self.clock, self.journal.gate_acts)
        policy = self.charter.stock
        zone = self.charter.site.timezone
        self.stock = Stockroom(self.journal, self.clock, policy, self.reservation, zone) if policy else None
