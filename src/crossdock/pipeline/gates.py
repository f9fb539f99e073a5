"""The ways into and out of systems: open, or closed by a person or by the calendar of the charter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from crossdock.charter.blackouts import Stretch, covered_ms
from crossdock.charter.charter import Charter
from crossdock.charter.flow_settings import WhenClosed
from crossdock.message.gate import HUB, Direction, GateAct, GateMove
from crossdock.message.names import moment

#: How long an answer about a calendar is kept at most, so that a long open time is looked at again.
_KEPT_MS = 3_600_000
PAUSED, DRAINING, BLACKOUT = "paused", "draining", "blackout"


@dataclass(frozen=True, slots=True)
class Shut:
    """Why a way is closed. Times in milliseconds since 1970; `until_ms` None: until a person opens it.

    A way that is draining lets through what was there when it began: numbers up to `upto`.
    """

    system: str  #: whose way it is
    state: str  #: paused | draining | blackout
    since_ms: int
    until_ms: int | None = None
    who: str = ""
    reason: str = ""
    whole_hub: bool = False  #: closed with all the others
    upto: int = 0

    @property
    def says(self) -> str:
        """One sentence for whoever waits, without its end."""
        why = f" ({self.reason})" if self.reason else ""
        if self.state == BLACKOUT:
            return f"{self.system} is left alone until {moment(self.until_ms or 0)}{why}"
        return f"{self._what} by {self.who} since {moment(self.since_ms)}{why}"

    @property
    def told(self) -> str:
        """The same for the system itself, which need not know who it was."""
        if self.state == BLACKOUT:
            return self.says
        why = f" ({self.reason})" if self.reason else ""
        return f"{self._what} since {moment(self.since_ms)}{why}"

    @property
    def _what(self) -> str:
        what = "the hub" if self.whole_hub else self.system
        return f"{what} {'is paused' if self.state == PAUSED else 'is being drained'}"


class GateClock(Protocol):
    """What the gates need of time."""

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        ...


class Gates:
    """What may pass now. Acts come from the store, blackouts from the charter; questions cost next to nothing.

    `load` gives all acts, oldest first; `refresh` reads them anew.
    """

    def __init__(self, charter: Charter, clock: GateClock, load: Callable[[], Sequence[GateAct]]) -> None:
        self._charter = charter
        self._clock = clock
        self._load = load
        self._acts: Sequence[GateAct] = ()
        self._last: dict[tuple[str, Direction], GateAct] = {}
        self._calendars = {
            (name, direction): charter.calendar(name, direction.value)
            for name in charter.systems
            for direction in Direction
        }
        self._kept: dict[tuple[str, Direction], tuple[tuple[Shut, ...], int]] = {}

    def refresh(self) -> bool:
        """Reads what people did; True when something is not as before."""
        acts = self._load()
        if len(acts) == len(self._acts) and (not acts or acts[-1] == self._acts[-1]):
            return False
        self._acts = acts
        self._last = {(act.system, act.direction): act for act in acts}
        self._kept.clear()
        return True

    @property
    def last_act(self) -> int:
        """The greatest number of an act; 0 while there is none."""
        return max((act.id for act in self._acts), default=0)

    # -- what may pass -------------------------------------------------------

    def shut(self, system: str, direction: Direction, id_: int | None = None) -> Shut | None:
        """Why nothing passes one way of a system now; None when it does.

        `id_` is the number of what wants to pass: a draining way lets the old ones through.
        """
        kept = self._kept.get((system, direction))
        if kept is None or self._clock.now_ms() >= kept[1]:
            kept = self._kept[system, direction] = self._look(system, direction)
        for shut in kept[0]:
            if shut.state != DRAINING or id_ is None or id_ > shut.upto:
                return shut
        return None

    def by_hub(self, system: str, direction: Direction) -> Shut | None:
        """Whether the whole hub is closed that way, as it shows at one of its systems."""
        return next((shut for shut in self._by_people(system, direction) if shut.whole_hub), None)

    def door(self, system: str) -> Shut | None:
        """Why nothing is taken from a system now; None when something is."""
        shut = self.shut(system, Direction.IN)
        if shut is None or shut.state == DRAINING or not self._keeps(system):
            return shut
        return None

    def passes(self, target: str, transmission: int) -> bool:
        """Whether something may be sent to a system."""
        return self.shut(target, Direction.OUT, transmission) is None

    def why(self, system: str, way: str, id_: int) -> str | None:
        """In words, why something waits here; None when it may pass."""
        direction = Direction(way)
        if direction is Direction.IN and not self.holds(system):
            return None
        shut = self.shut(system, direction, id_)
        return shut.says if shut else None

    def holds(self, system: str) -> bool:
        """Whether what was accepted from a system must wait here."""
        shut = self.shut(system, Direction.IN)
        return shut is not None and shut.state != DRAINING and self._keeps(system)

    def _keeps(self, system: str) -> bool:
        known = self._charter.systems.get(system)
        return known is not None and known.when_closed is WhenClosed.HOLD

    def _look(self, system: str, direction: Direction) -> tuple[tuple[Shut, ...], int]:
        """Everything that closes a way now, and until when that holds at most."""
        now_ms = self._clock.now_ms()
        found = list(self._by_people(system, direction))
        holds_until_ms = now_ms + _KEPT_MS
        calendar = self._calendars.get((system, direction))
        if calendar:
            stretch = calendar.at(now_ms)
            if stretch is not None:
                found.append(_blackout(system, stretch))
                holds_until_ms = min(holds_until_ms, stretch.to_ms)
            elif (ahead := calendar.next_after(now_ms, within_days=1)) is not None:
                holds_until_ms = min(holds_until_ms, ahead.from_ms)
        return tuple(found), holds_until_ms

    def _by_people(self, system: str, direction: Direction) -> Iterator[Shut]:
        for name in (system, HUB):
            act = self._last.get((name, direction))
            if act is not None and act.move is not GateMove.RESUME:
                state = PAUSED if act.move is GateMove.PAUSE else DRAINING
                yield Shut(
                    system, state, self._since_ms(act), who=act.who, reason=act.reason,
                    whole_hub=name == HUB, upto=act.id,
                )  # fmt: skip

    def _since_ms(self, last: GateAct) -> int:
        """When the way was closed: a pause that follows a drain goes on from there."""
        since_ms = last.at_ms
        for act in reversed(self._acts):
            if (act.system, act.direction) == (last.system, last.direction):
                if act.move is GateMove.RESUME:
                    break
                since_ms = act.at_ms
        return since_ms

    # -- clocks --------------------------------------------------------------

    def closed_ms(self, system: str, direction: Direction, from_ms: int) -> int:
        """How long a way has been closed from an instant until now: clocks that wait for it stand still."""
        now_ms = self._clock.now_ms()
        calendar = self._calendars.get((system, direction))
        if not self._acts and not calendar:
            return 0
        blackouts = calendar.between(from_ms, now_ms) if calendar else ()
        return covered_ms([*self._pauses(system, direction), *blackouts], from_ms, now_ms)

    def advanced(self, system: str, direction: Direction, open_ms: int) -> int:
        """The instant at which a clock that begins now and stands still in blackouts has run for so long."""
        calendar = self._calendars.get((system, direction))
        now_ms = self._clock.now_ms()
        return calendar.advanced(now_ms, open_ms) if calendar else now_ms + open_ms

    def _pauses(self, system: str, direction: Direction) -> Iterator[Stretch]:
        """When people had this way closed; the last one without an end lasts until now."""
        for name in (system, HUB):
            began_ms: int | None = None
            for act in self._acts:
                if (act.system, act.direction) != (name, direction):
                    continue
                if act.move is GateMove.PAUSE:
                    began_ms = act.at_ms if began_ms is None else began_ms
                elif began_ms is not None:
                    yield Stretch(began_ms, act.at_ms)
                    began_ms = None
            if began_ms is not None:
                yield Stretch(began_ms, max(self._clock.now_ms(), began_ms))


def _blackout(system: str, stretch: Stretch) -> Shut:
    return Shut(system, BLACKOUT, stretch.from_ms, stretch.to_ms, reason=stretch.reason)
