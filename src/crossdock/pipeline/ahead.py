"""What decisions and sendings are about to ask of the store, as far as that can be told before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from crossdock.charter.charter import Charter, ItemCheck
from crossdock.journal.contract import Ahead
from crossdock.kit.connector import Draft
from crossdock.message.records import Capture
from crossdock.model import register
from crossdock.pipeline.knowledge import shares_numbers
from crossdock.pipeline.lanes import AHEAD_MAX, Flight, Lane
from crossdock.pipeline.transmit import Outcome


@dataclass(frozen=True, slots=True)
class Reading:
    """What a connector made of one capture, or why it could make nothing of it."""

    capture: Capture
    drafts: Sequence[Draft] = ()
    wrong: Exception | None = None


def of_readings(readings: Iterable[Reading], charter: Charter) -> Ahead:
    """What deciding them asks: the objects they speak of, those they belong to, the items they name."""
    ahead = Ahead()
    for reading in readings:
        system = reading.capture.system
        for draft in reading.drafts:
            above = [draft.parent] if draft.parent else list(_named(draft.tree))
            ahead.objects.append((system, draft.document, draft.their_id))
            ahead.objects += [(system, kind, number) for kind, number in above]
            ahead.numbers += above
            if shares_numbers(charter, system, draft.document):
                ahead.numbers.append((draft.document, str(draft.tree.get("number") or draft.their_id)))
            if charter.checks.item_known is not ItemCheck.SKIP:
                ahead.items += _skus(draft.tree)
    return ahead


def _named(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind and number of every object that a document may belong to, as its fields are called."""
    for name, value in tree.items():
        if isinstance(value, str) and (name == "order" or name in register.kinds()):
            yield ("sales_order" if name == "order" else name), value


def _skus(tree: Mapping[str, Any]) -> Iterator[str]:
    """The items that a document names."""
    lines = tree.get("lines")
    parts = [tree, *cast("list[object]", lines if isinstance(lines, list) else [])]
    for part in parts:
        sku = cast("Mapping[str, object]", part).get("sku") if isinstance(part, Mapping) else None
        if isinstance(sku, str):
            yield sku


def of_renderings(flights: Iterable[Flight]) -> Ahead:
    """What rendering them asks: the ids that the target gave to their objects."""
    return Ahead(hubs=[hub for flight in flights for hub in {flight.t.hub, flight.t.root}])


def of_end(lane: Lane, flight: Flight, outcome: Outcome) -> Ahead:
    """What the end of a sending asks: whose id the target gave it, and what those behind it are rendered with."""
    ahead = of_renderings(islice(lane.flights, 1, AHEAD_MAX + 1))
    if outcome.done is not None and outcome.done.their_id is not None:
        ahead.objects.append((flight.t.target, flight.t.document, outcome.done.their_id))
    return ahead
