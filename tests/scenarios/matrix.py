"""The test matrix: order type, stock, site, channel, fault and story, pairwise, with every expectation written out.

`python -m tests.scenarios.matrix` writes scenarios/matrix/matrix.yaml anew. What is expected is worked out here by
plain arithmetic over the choices, never by running the hub.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "scenarios" / "matrix" / "matrix.yaml"
KG = Decimal("0.5")  #: of everything, by unit
RATES = {"STANDARD": ("4.50", "0.20"), "EXPRESS": ("12.00", "0.50"), "FREIGHT": ("45.00", "0.10")}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order: what it takes from the shelf, and its price."""

    text: str
    sku: str
    pieces: str
    quantity: str
    price: str

    @property
    def worth(self) -> Decimal:
        return Decimal(self.quantity) * Decimal(self.price)


ORDERS: dict[str, tuple[str, str, tuple[Line, ...]]] = {
    "b2c": ("b2c", "STANDARD", (Line("2 TEA-1", "TEA-1", "2", "2", "9.50"),)),
    "b2b": ("b2b", "FREIGHT",
            (Line("1 CS TEA-1 @ 99", "TEA-1", "12", "1", "99"), Line("3 CUP-1", "CUP-1", "3", "3", "4"))),
    "multi": ("b2c", "EXPRESS",
              (Line("1 CUP-1 @ 3.95", "CUP-1", "1", "1", "3.95"), Line("2 TEA-1", "TEA-1", "2", "2", "9.50"))),
    "lots": ("b2c", "STANDARD", (Line("3 MILK-1", "MILK-1", "3", "3", "1.29"),)),
    "weighed": ("b2b", "STANDARD", (Line("1.5 KG FLOUR", "FLOUR", "1.5", "1.5", "3.333"),)),
}  # fmt: skip
STOCKS = ("plenty", "exact", "short", "none", "held", "two_bins")
SITES = ("AMS", "RTM", "BER")
CHANNELS = {"web": "{}", "cautious": "{buffer: 1}", "strict": "{short: refuse}", "shown": "{publish: true}"}
FAULTS: dict[str, tuple[str, str]] = {  #: before the order, right after it
    "none": ("", ""),
    "wms_silent": ("{wms behaves: {late: 0.5}}", ""),
    "wms_hangs_up": ("{wms behaves: {drop: 0.5}}", ""),
    "wms_fails": ("{wms behaves: {fail: 0.5}}", ""),
    "wms_busy": ("{wms behaves: {throttle: 0.5}}", ""),
    "wms_garbles": ("{wms behaves: {malformed: 0.5}}", ""),
    "wms_down": ("{wms goes: down}", "{wms goes: up, at: 40s}"),
    "told_twice": ("{wms behaves: {duplicate: 1}}", "{shop repeats: sales_order}"),
    "told_in_disorder": ("{wms behaves: {reorder: 0.5}}", ""),
    "erp_down": ("{erp goes: down}", "{erp goes: up, at: 45s}"),
    "erp_silent": ("{erp behaves: {late: 0.5}}", ""),
    "shop_and_carrier_fail": ("{shop behaves: {fail: 0.5}}, {carrier behaves: {fail: 0.5}}", ""),
    "restart": ("", "{hub restarts: , at_once: true}"),
}
STORIES = ("ships", "held", "returned", "cancelled", "too_late")
#: Where there is too little: the story ends, or the goods come after all.
LACKING = ("waits", "restocked")
Row = tuple[str, str, str, str, str, str]


def rows() -> Iterator[Row]:
    """Order type, stock and fault in every combination; site, channel and story so that every pair of words meets."""
    seen: dict[tuple[int, str, int, str], int] = {}
    for order, stock, fault in itertools.product(ORDERS, STOCKS, FAULTS):
        best: tuple[int, Row] | None = None
        for site, channel, story in itertools.product(SITES, CHANNELS, (*STORIES, *LACKING)):
            if covered(order, stock, channel) != (story in STORIES) or (
                channel == "strict" and story == "restocked"
            ):
                continue
            row = (order, stock, site, channel, story, fault)
            met = sum(seen.get(pair, 0) for pair in _pairs(row))
            if best is None or met < best[0]:
                best = met, row
        assert best is not None, "there is always a story"
        for pair in _pairs(best[1]):
            seen[pair] = seen.get(pair, 0) + 1
        yield best[1]


def _pairs(row: Sequence[str]) -> Iterator[tuple[int, str, int, str]]:
    for (a, one), (b, other) in itertools.combinations(enumerate(row), 2):
        yield a, one, b, other


def there(order: str, stock: str) -> dict[str, tuple[Decimal, str]]:
    """What lies on the shelf: item to how much, in which state."""
    found: dict[str, tuple[Decimal, str]] = {}
    for place, line in enumerate(ORDERS[order][2]):
        need = Decimal(line.pieces)
        amount, state = need + 5, "available"
        if place == 0:
            amount = {"exact": need, "short": need - 1, "none": Decimal()}.get(stock, amount)
            state = "quality" if stock == "held" else state
        found[line.sku] = amount, state
    return found


def covered(order: str, stock: str, channel: str) -> bool:
    """Whether the channel may sell all of it."""
    least = 1 if channel == "cautious" else 0
    shelf = there(order, stock)
    return all(
        (shelf[line.sku][0] if shelf[line.sku][1] == "available" else 0) - least >= Decimal(line.pieces)
        for line in ORDERS[order][2]
    )


# -- one row, written out ------------------------------------------------------------------------------------


def written(row: Row) -> str:
    """The row as a line of YAML."""
    order, stock, site, channel, story, fault = row
    facts = {
        "order": order, "stock": stock, "site": site, "channel": channel, "story": story, "fault": fault,
        "have": f"[{', '.join(_have(order, stock, site))}]",
        "holds": "[fraud]" if story == "held" else "null",
        **_expected(order, stock, site, channel, story),
    }  # fmt: skip
    return "  - {" + ", ".join(f"{name}: {value}" for name, value in facts.items()) + "}"


def _have(order: str, stock: str, site: str) -> Iterator[str]:
    yield f"{site} TOY-1 1"
    for sku, (amount, state) in there(order, stock).items():
        lot = sku == "MILK-1"
        if amount <= 0:
            continue
        parts = [amount]
        if stock == "two_bins" or lot:
            parts = [one for one in (Decimal(1), amount - 1) if one > 0]
        for place, part in enumerate(parts, 1):
            more = f", lot: L{place}, expires: 202{6 + place}-12-31" if lot else ""
            yield f"{{sku: {sku}, quantity: {part}, status: {state}, bin: B-{sku}-{place}{more}}}"


def _expected(order: str, stock: str, site: str, channel: str, story: str) -> Mapping[str, str]:
    lines, shelf = ORDERS[order][2], there(order, stock)
    left = story in ("ships", "held", "returned", "too_late", "restocked")
    back = Decimal(lines[0].pieces) if story == "returned" else Decimal()
    came = Decimal(lines[0].pieces) + 1 if story == "restocked" else Decimal()
    total = _cents(sum((line.worth for line in lines), Decimal())) if left else Decimal()
    credited = _cents(lines[0].worth) if back else Decimal()
    stocks: dict[str, str] = {f"{site} TOY-1": "1"}
    for place, line in enumerate(lines):
        amount, state = shelf[line.sku]
        states = {"available": Decimal(), "quality": Decimal()} | {state: amount}
        states["available"] += (back + came if place == 0 else 0) - (Decimal(line.pieces) if left else 0)
        stocks[f"{site} {line.sku}"] = _map({name: str(value) for name, value in states.items()})
    refused = channel == "strict" and not covered(order, stock, channel)
    state = {"ships": "delivered", "held": "delivered", "returned": "delivered", "restocked": "delivered",
             "too_late": "shipped", "cancelled": "cancelled"}.get(story, "received")  # fmt: skip
    incident = {"waits": "" if refused else "backorder", "too_late": "rejected"}.get(story, "")
    set_aside = _map({f"{site} {line.sku}": "{set_aside: 0}" for line in lines if shelf[line.sku][0] > 0})
    return {
        "state": state,
        "billing": "credited" if back else "invoiced" if left else "not_ready",
        "cancellation": {"cancelled": "accepted", "too_late": "refused"}.get(story, "none"),
        "returned": "credited" if back else "none",
        "stocks": _map(stocks), "set_aside": set_aside,
        "charged": str(total), "credited": str(credited), "freight": str(_freight(order) if left else 0),
        "incidents": f"[{incident}]",
    }  # fmt: skip


def _freight(order: str) -> Decimal:
    _, method, lines = ORDERS[order]
    parcel, kilo = map(Decimal, RATES[method])
    kilos = sum((Decimal(line.pieces) * KG for line in lines), Decimal())
    return _cents(parcel + kilo * kilos)


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _map(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in values.items()) + "}"


# -- the file --------------------------------------------------------------------------------------------------

_HEAD = """\
# Written by `python -m tests.scenarios.matrix`; every expectation stands here as it must be.
scenario: Matrix
says: Order type, stock and fault in every combination; site, channel and story so that every pair of words meets.
given:
  systems: {shop: shop, erp: erp, wms: {kind: wms, dials: {on_short: wait}}, carrier: carrier}
  default_site: $site
  items:
    TEA-1: {price: 9.50, packs: {CS: 12}}
    CUP-1: {price: 4.00}
    MILK-1: {price: 1.29, lot_tracked: true}
    FLOUR: {unit: KG, price: 3.333}
    TOY-1: {price: 1}
  stock: $have
  charter: {stock: {channels: {shop: $channel}}}
"""
_TAIL = """\
when:
  - $fault
  - shop orders: $order
    at: 2s
  - $after
  - $story
then:
  orders: {SO-1: {state: $state, billing: $billing, cancellation: $cancellation, returned: $returned}}
  stock: {wms: $stocks, erp: $stocks, hub: $set_aside}
  money:
    erp: {receivable: $charged, credited: $credited, payable: 0}
    shop: {captured: $charged, refunded: $credited}
    carrier: {freight: $freight}
  incidents: $incidents
rows:
"""


def text() -> str:
    """The whole file."""
    found = [_HEAD, "parts:\n", *_orders(), "  channel:\n"]
    found += [f"    {name}: {value}\n" for name, value in CHANNELS.items()]
    found.append("  fault:\n")
    found += [f"    {name}: [{before}]\n" for name, (before, _) in FAULTS.items()]
    found.append("  after:\n")
    found += [f"    {name}: [{after}]\n" for name, (_, after) in FAULTS.items()]
    found.append("  site:\n")
    found += [f"    {name}: {name}\n" for name in SITES]
    found.append("  stock:\n")
    found += [f"    {name}: {name}\n" for name in STOCKS]
    found.append("  story:\n")
    found += [f"    {name}: [{steps}]\n" for name, steps in _stories().items()]
    found.append(_TAIL)
    found += [_with_after(row) + "\n" for row in rows()]
    return "".join(found)


def _with_after(row: Row) -> str:
    """The row with what its story needs: what comes back, or what comes after all."""
    order, story = row[0], row[4]
    line = ORDERS[order][2][0]
    unit = {"b2b": "CS", "weighed": "KG"}.get(order, "EA")
    lot = line.sku == "MILK-1"
    more: dict[str, str] = {"after": row[5]}
    if story == "returned":
        named = f"sku: {line.sku}, quantity: {line.quantity}, unit: {unit}"
        more["authorised"] = f"{{{named}}}"
        day = ", lot: L2, expires_on: 2028-12-31" if lot else ""
        more["came_back"] = f"{{{named}, outcome: restock{day}}}"
    if story == "restocked":
        day = ", lot: L9, expires: 2029-12-31" if lot else ""
        base = "KG" if order == "weighed" else "EA"
        more["came"] = f"{{sku: {line.sku}, quantity: {Decimal(line.pieces) + 1}, unit: {base}{day}}}"
    return f"{written(row)[:-1]}, {', '.join(f'{name}: {value}' for name, value in more.items())}}}"


def _orders() -> Iterator[str]:
    yield "  order:\n"
    for name, (type_, method, lines) in ORDERS.items():
        listed = ", ".join(line.text for line in lines)
        yield (
            f"    {name}: {{number: SO-1, order_type: {type_}, ship_method: {method}, site: $site, holds: $holds,"
            f" lines: [{listed}]}}\n"
        )


def _stories() -> dict[str, str]:
    works, arrives = "{wms works: 6}", "{carrier delivers: SO-1}"
    authorises = "{shop authorises: {number: RMA-1, order: SO-1, lines: [$authorised]}}"
    receives = "{wms receives: {number: RMA-1, lines: [$came_back], complete: true}}"
    restocks = "{wms adjusts: $came}"
    return {
        "ships": f"{works}, {arrives}",
        "held": f"{{shop lifts: SO-1}}, {works}, {arrives}",
        "returned": f"{works}, {arrives}, {authorises}, {receives}",
        "cancelled": "{wms works: 1}, {shop cancels: SO-1}",
        "too_late": "{wms works: 2}, {shop cancels: SO-1}, {wms works: 4}",
        "waits": "",
        "restocked": f"{restocks}, {works}, {arrives}",
    }


def main() -> None:
    """Writes the file."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(text())


if __name__ == "__main__":
    main()
