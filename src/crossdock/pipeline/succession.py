"""Newer states in the place of older ones, which leave their lane at once, and come back if that is never written."""

from __future__ import annotations

from collections.abc import Mapping

from crossdock.journal.changes import Changes
from crossdock.kit.connector import Writer
from crossdock.message.records import Transmission
from crossdock.message.states import EntryKind, TransmissionState
from crossdock.pipeline.conclude import Concluder
from crossdock.pipeline.lanes import Flight, Lane, Lanes
from crossdock.pipeline.transmit import entry_of

_S = TransmissionState
_OPEN = (_S.DUE, _S.RETRYING, _S.IN_DOUBT)


class Succession:
    """Which states take the place of which, until that is durable."""

    def __init__(self, lanes: Lanes, writers: Mapping[str, Writer], concluder: Concluder) -> None:
        self._lanes = lanes
        self._writers = writers
        self._concluder = concluder
        #: A newer state -> its lane, the flights that it displaced, each with its state before, and whether it
        #: freed the lane.
        self._displaced: dict[int, tuple[Lane, list[tuple[Flight, TransmissionState]], bool]] = {}

    def take_place(self, lane: Lane, newer: Transmission, changes: Changes, *, whole: bool) -> None:
        """A newer state takes the place of older ones that have not left, or that nobody knows of.

        It waits for what may still arrive of an older one, which would undo it at the target. Unless the lane is
        in memory as a `whole`, only what never left goes: what stands between the two in the store waits for nobody.
        """
        open_ = _OPEN if whole else (_S.DUE,)
        older = [
            f for f in lane.flights
            if f.t.hub == newer.hub and f.stored and f.t.state in open_
            and not (lane.busy and f is lane.flights[0])
        ]  # fmt: skip
        before = [(flight, flight.t.state) for flight in older]
        settled_ms = newer.due_ms + int(self._writers[newer.document].settle_s * 1000)
        for flight, state in before:
            newer.due_ms = max(newer.due_ms, flight.t.due_ms if state is _S.DUE else settled_ms)
            entry = entry_of(flight.t, EntryKind.superseded, f"{newer.document} {newer.number} is newer")
            changes.move_transmission(flight.t, _S.SUPERSEDED, entry)
        self._lanes.part(lane, older)
        freed = lane.blocked_by is not None and self._concluder.supersede_blocking(lane, newer, changes)
        if freed:
            lane.blocked_by, newer.due_ms = None, settled_ms
        if older or freed:
            lane.leaving += 1
            self._displaced[newer.id] = lane, before, freed

    def durable(self, newer: Transmission) -> None:
        """It is so."""
        self._pop(newer)

    def undone(self, newer: Transmission) -> tuple[list[Flight], bool]:
        """It was never written: what stands again as before, and whether the lane must be read anew."""
        before, freed = self._pop(newer)
        for flight, state in before:
            flight.t.state = state
        older = [flight for flight, _ in before]
        self._lanes.put_back(self._lanes.of(newer), older)
        return older, freed

    def _pop(self, newer: Transmission) -> tuple[list[tuple[Flight, TransmissionState]], bool]:
        if newer.id not in self._displaced:
            return [], False
        lane, before, freed = self._displaced.pop(newer.id)
        lane.leaving -= 1
        self._lanes.parted(flight.t.id for flight, _ in before)
        return before, freed
