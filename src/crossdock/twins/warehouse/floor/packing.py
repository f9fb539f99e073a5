"""Cartons, their SSCC and tracking numbers: how picked goods are put into packages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from crossdock.model.codes.identifiers import check_digit

__all__ = ["Carton", "CartonLine", "Labels", "cartons"]

CARTON_KG_MAX = Decimal(15)
CARTONS_MAX = 200  #: of one shipment; the last takes the rest whatever it weighs
UNIT_KG = Decimal("0.5")  #: weight of one unit of an item whose weight is unknown
GS1_COMPANY = "9521234"  #: under GS1 prefix 952, kept for demonstrations


@dataclass(frozen=True, slots=True)
class CartonLine:
    """Goods of one order line and lot; `pack` is the smallest piece that stays whole, in the item's own unit."""

    line: int | str
    sku: str
    lot: str | None
    quantity: Decimal
    pack: Decimal
    weight_kg: Decimal  #: of one of the item's own unit


@dataclass(slots=True)
class Carton:
    """One package before it has its labels."""

    lines: list[CartonLine] = field(default_factory=list[CartonLine])
    weight_kg: Decimal = Decimal(0)


def cartons(lines: Sequence[CartonLine]) -> list[Carton]:
    """The goods in cartons of at most CARTON_KG_MAX, in the order given; a heavier piece goes alone."""
    filled: list[Carton] = []
    for line in lines:
        left = line.quantity
        while left > 0:
            if not filled:
                filled.append(Carton())
            carton = filled[-1]
            part = _fitting(line, left, CARTON_KG_MAX - carton.weight_kg)
            if len(filled) >= CARTONS_MAX:
                part = left
            elif part <= 0 and carton.lines:
                filled.append(Carton())
                continue
            part = part if part > 0 else min(left, line.pack)
            carton.lines.append(CartonLine(line.line, line.sku, line.lot, part, line.pack, line.weight_kg))
            carton.weight_kg += part * line.weight_kg
            left -= part
    return filled


def _fitting(line: CartonLine, left: Decimal, room_kg: Decimal) -> Decimal:
    """How much of a line goes into the room that is left: whole pieces, or all of it."""
    if left * line.weight_kg <= room_kg:
        return left
    return room_kg // (line.weight_kg * line.pack) * line.pack


class Labels:
    """Numbers that are given once: SSCCs with a valid check digit, and tracking numbers.

    Two twins whose seeds differ modulo 1000 never give the same number.
    """

    def __init__(self, seed: int) -> None:
        self._part = seed % 1000
        self._ssccs = 0
        self._parcels = 0

    def sscc(self) -> str:
        """The next Serial Shipping Container Code, 18 digits. Source: GS1 General Specifications, 3.3.1."""
        assert self._ssccs < 10_000_000, "all serial references are used up"
        extension, serial = divmod(self._ssccs, 1_000_000)
        self._ssccs += 1
        body = f"{extension}{GS1_COMPANY}{self._part:03d}{serial:06d}"
        return f"{body}{check_digit(body)}"

    def tracking(self) -> str:
        """The next parcel number in the form of UPU S10: two letters, eight digits, check digit, country."""
        assert self._parcels < 10_000_000, "all parcel numbers are used up"
        block, serial = divmod(self._parcels, 100_000)
        self._parcels += 1
        digits = f"{self._part:03d}{serial:05d}"
        prefix = "C" + chr(ord("A") + block % 26)
        weighted = sum(int(d) * w for d, w in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
        check = {10: 0, 11: 5}.get(11 - weighted % 11, 11 - weighted % 11)
        return f"{prefix}{digits}{check}XX"
