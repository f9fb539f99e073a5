"""How much of each order line somebody already ships, has shipped or has given up: the rest is free to be routed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from crossdock.model.lifecycle.facts import Fact
from crossdock.model.lifecycle.life import Life, Release
from crossdock.model.lifecycle.lines import Convert, same_unit
from crossdock.model.lifecycle.words import Cancellation, Fulfilment, Told

_NONE = Decimal()
_OVER = frozenset({Fulfilment.SHIPPED, Fulfilment.DELIVERED})


@dataclass(slots=True)
class Spoken:
    """One order line: asked of a part that goes on, left with one, given up. In the line's own unit."""

    under_way: Decimal = _NONE
    left: Decimal = _NONE
    cancelled: Decimal = _NONE
    parts: dict[str, Decimal] = field(
        default_factory=dict[str, Decimal]
    )  #: release -> what is under way there

    @property
    def whole(self) -> Decimal:
        """All that somebody answers for."""
        return self.under_way + self.left + self.cancelled


def spoken_for(life: Life, units: Mapping[str, str], *, convert: Convert = same_unit) -> dict[str, Spoken]:
    """What is spoken for of each line; `units` are the lines of the order.

    A part that ended answers for what left with it; one that was refused or stopped for nothing more.
    """
    found = {line: Spoken() for line in units}
    for fact in life.told:
        for one in fact.lines:
            line = found.get(one.line)
            if line is None or one.quantity is None:
                continue
            amount = convert(one.sku, one.quantity, one.unit, units[one.line]) or _NONE
            if fact.told is Told.AMEND_REQUESTED:
                line.cancelled += amount
            elif fact.told in (Told.SHIPPED, Told.PART_SHIPPED) and fact.about:
                line.left += amount
                _less(line, fact.release, amount)
            elif _asks(fact) and not _over(life.releases.get(fact.release)):
                line.parts[fact.release] = line.parts.get(fact.release, _NONE) + amount
    for line in found.values():
        line.under_way = sum((amount for amount in line.parts.values() if amount > 0), _NONE)
    return found


def _asks(fact: Fact) -> bool:
    return bool(fact.release) and fact.told in (Told.RELEASED, Told.VALIDATED)


def _less(line: Spoken, release: str, amount: Decimal) -> None:
    line.parts[release] = line.parts.get(release, _NONE) - amount


def _over(release: Release | None) -> bool:
    """Whether nothing more will leave of it."""
    if release is None:
        return False
    stopped = release.cancellation is Cancellation.ACCEPTED
    return stopped or release.fulfilment is Fulfilment.REFUSED or release.fulfilment in _OVER
