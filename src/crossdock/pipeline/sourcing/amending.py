"""What a change of an order does to its parts: what can still be changed, and what comes too late."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from crossdock.faults import Invalid
from crossdock.message.records import Message
from crossdock.message.states import MessageState
from crossdock.model.lifecycle.lines import Convert
from crossdock.model.lifecycle.words import Fulfilment
from crossdock.pipeline.sourcing.plan import RELEASE, Part, PartLine, Revised, lines_of, number_of
from crossdock.pipeline.sourcing.standing import OpenPart

#: Whether a kind of change still goes to a warehouse that is so far.
Sends = Callable[[str, Fulfilment], bool]
#: Kinds of change that concern every part of an order.
HEADER = ("address", "ship_method", "other")
#: Decimal places that quantities are reckoned with, and those that a document has.
_PLACES, _WRITTEN = 12, 6
_SHIPPED = (Fulfilment.PART_SHIPPED, Fulfilment.SHIPPED, Fulfilment.DELIVERED)


@dataclass(slots=True)
class Cut:
    """What was taken out of parts."""

    revised: list[Revised] = field(default_factory=list[Revised])
    #: Part, line, what is left of that.
    freed: list[tuple[Message, PartLine, PartLine]] = field(
        default_factory=list[tuple[Message, PartLine, PartLine]]
    )
    refused: list[str] = field(default_factory=list[str])


def cut(
    parts: Sequence[OpenPart],
    excess: Mapping[str, Decimal],
    header: Sequence[str],
    sends: Sends,
    units: Mapping[str, str],
    convert: Convert,
) -> Cut:
    """Takes so much of each line out of the parts of an order, and gives each the order's new header.

    What waits gives way before what was released, the newest first. `units` are those of the order's lines now.
    """
    left, found = dict(excess), Cut()
    kept: dict[int, list[PartLine]] = {}
    going = [part for part in parts if _is_open(part)]
    for part in sorted(going, key=_gives_way):
        lines = list(lines_of(part.message.tree))
        for line in lines:
            _told(line, units.get(line.line, line.unit), convert)
        for index, line in enumerate(lines):
            wanted = left.get(line.line)
            if not wanted:
                continue
            rest = _without(line, wanted, units[line.line], convert)
            if not _changes(part, "quantity" if rest.quantity else "lines", sends):
                continue
            left[line.line] = max(wanted - _told(line, units[line.line], convert), Decimal())
            lines[index] = rest
            found.freed.append((part.message, line, rest))
        kept[part.message.id] = [line for line in lines if line.quantity > 0]
    for part in going:
        _revise(part, kept[part.message.id], header, sends, found)
    found.refused += [
        f"line {line}: {number_of(amount)} more than is wanted now are on their way already"
        for line, amount in left.items()
        if amount > 0
    ]
    return found


def _revise(
    part: OpenPart, lines: Sequence[PartLine], header: Sequence[str], sends: Sends, found: Cut
) -> None:
    tree = part.message.tree
    late = [kind for kind in header if not _changes(part, kind, sends)]
    if late:
        where = f"{part.message.number} at {part.site or 'its supplier'} is {part.release.fulfilment.value}"
        found.refused.append(f"{where}: a change of {', '.join(late)} comes too late")
    if not lines:
        found.revised.append(Revised(part.message, None))
    elif list(lines) != list(lines_of(tree)) or (header and not late):
        made = Part(tuple(lines), part.site, None, tree.get("promised_ship_on"), tree.get("release_at"))
        found.revised.append(Revised(part.message, made))


def _without(line: PartLine, less: Decimal, unit: str, convert: Convert) -> PartLine:
    """What is left of a line, in the unit of the order's line where that can write it, else in its own."""
    gone = replace(line, quantity=less, unit=unit)
    rest = round(_told(line, unit, convert) - less, _PLACES)
    if rest == round(rest, _WRITTEN):
        return replace(line, quantity=max(rest, Decimal()), unit=unit)
    rest = round(line.quantity - _told(gone, line.unit, convert), _WRITTEN)
    return replace(line, quantity=max(rest, Decimal()))


def _told(line: PartLine, unit: str, convert: Convert) -> Decimal:
    """The quantity of a line in another unit. Raises Invalid where nobody knows it."""
    told = convert(line.sku, line.quantity, line.unit, unit)
    if told is None:
        raise Invalid(
            f"{number_of(line.quantity)} {line.unit} of {line.sku} go their way: nobody knows how many {unit} that is",
            path="lines", type="bad_transition", fix=f"change the order in {line.unit}, or cancel the line",
        )  # fmt: skip
    return told


def _is_open(part: OpenPart) -> bool:
    closed = part.message.state is MessageState.CLOSED
    return part.message.document == RELEASE and not (closed or part.refused or part.release.ended)


def _gives_way(part: OpenPart) -> tuple[bool, bool, int]:
    return not part.pending, part.site is not None, -part.message.id


def _changes(part: OpenPart, kind: str, sends: Sends) -> bool:
    """Whether a kind of change can still be made to a part."""
    if part.pending:
        return True
    return part.release.fulfilment not in _SHIPPED and sends(kind, part.release.fulfilment)


def excess_of(ordered: Mapping[str, Decimal], spoken: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """How much more of each line somebody answers for than is ordered now."""
    found = {line: whole - ordered.get(line, Decimal()) for line, whole in spoken}
    return {line: amount for line, amount in found.items() if amount > 0}
