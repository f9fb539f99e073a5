"""Seeded shop orders, and what the warehouse must receive for them, computed without the product."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

PACKS = {"W": 12, "G": 24, "B": 6}  #: eaches in a case, by the first letter of the SKU
SHIP_METHODS = {"DHL-STD": "STANDARD", "DHL-EXP": "EXPRESS", "PICKUP": "COLLECT", "FRT": "FREIGHT"}
CARRIER_SERVICES = {"STANDARD": "S1", "EXPRESS": "E9", "COLLECT": "C0", "FREIGHT": "F4"}
PRICES = ("10.00", "0.50", "1249.900", "19.99", "7", "3.10", "100.0", "0.0375")
NAMES = (
    "Łódź Części",
    "Größe & Söhne",
    "Ünal Ticaret",
    'O\'Brien "Tools" Ltd',
    "Société Générale de Bois",
    "Ng",
)
STREETS = (
    "Piotrkowska 104a",
    "Straße des 17. Juni 135",
    "Rue de l'Œuvre 8",
    "Main Street 1\\2",
    "Nygårdsgaten 5",
)
CITIES = (
    ("PL", "90-926", "Łódź"),
    ("DE", "10623", "Berlin"),
    ("FR", "69002", "Lyon"),
    ("NO", "5015", "Bergen"),
)
REMARKS = ("Leave at dock 4 🙂", "", "Nur vormittags, bitte läuten", "tab\there, newline\nthere", "x" * 60)
SHAPES = 97  #: distinct order shapes of one seed


class Digits(str):
    """A JSON number with a fraction, kept as its literal digits."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Order:
    """One order as the shop holds it; `n` names it, `seq` counts within its customer."""

    n: int
    customer: str
    seq: int
    seed: int = 1
    change: int = 0  #: 0 as first written; other values give other content under the same number
    prefix: str = "SO"
    extra: tuple[tuple[str, Any], ...] = ()  #: more members of the body, such as a version

    @property
    def number(self) -> str:
        """The shop's number."""
        return f"{self.prefix}-{self.n:06d}"

    def tree(self) -> dict[str, Any]:
        """The body as a plain tree."""
        shape = _shape(self.seed, self.n % SHAPES)
        tree = {"orderNumber": self.number, **shape, "seq": self.seq, **dict(self.extra)}
        tree["customer"] = {**shape["customer"], "id": self.customer}
        if self.change:
            tree["remarks"] = f"change {self.change}"
        return tree

    def body(self) -> bytes:
        """The body as the shop posts it."""
        if self.change or self.extra:
            return write(self.tree()).encode()
        parts = _parts(self.seed, self.n % SHAPES, self.prefix)
        filled = (parts[0], self.number, parts[1], self.customer, parts[2], str(self.seq), parts[3])
        return "".join(filled).encode()

    def expected(self) -> dict[str, Any]:
        """What the warehouse must receive."""
        tree = self.tree()
        ship_to = tree["shipTo"]
        return {
            "wh_order": tree["orderNumber"],
            "owner_ref": tree["customer"]["id"],
            "seq": tree["seq"],
            "carrier_service": CARRIER_SERVICES[SHIP_METHODS[tree["shipMethod"]]],
            "consignee": {
                "name": ship_to["name"], "address1": ship_to["street"], "postcode": ship_to["zip"],
                "city": ship_to["city"], "country": ship_to["country"],
            },
            "instructions": tree["remarks"],
            "order_lines": [_expected_line(line) for line in tree["lines"]],
        }  # fmt: skip


def _expected_line(line: dict[str, Any]) -> dict[str, Any]:
    pack = PACKS[line["sku"][0]] if line["uom"] == "CS" else 1
    price = line["unitPrice"]
    return {
        "line": line["lineNo"], "item": line["sku"], "unit": "EA",
        "price": price if isinstance(price, int) else Digits(str(price)), "quantity": line["qty"] * pack,
    }  # fmt: skip


@lru_cache(maxsize=4096)
def _shape(seed: int, shape: int) -> dict[str, Any]:
    dice = random.Random(f"{seed}:{shape}")
    country, postcode, city = dice.choice(CITIES)
    name = dice.choice(NAMES)
    return {
        "orderDate": f"2026-11-{dice.randint(1, 28):02d}T{dice.randint(0, 23):02d}:15:30Z",
        "customer": {"id": "", "name": name, "group": "wholesale", "email": "orders@example.com"},
        "shipTo": {
            "name": name, "street": dice.choice(STREETS), "zip": postcode, "city": city, "country": country,
            "phone": "+31 20 555 0100", "instructions": "ring twice; the yard closes at five in the afternoon",
        },
        "shipMethod": dice.choice(tuple(SHIP_METHODS)),
        "remarks": dice.choice(REMARKS),
        "lines": [_line(dice, number) for number in range(1, 6)],
    }  # fmt: skip


def _line(dice: random.Random, number: int) -> dict[str, Any]:
    price = dice.choice(PRICES)
    return {
        "lineNo": number, "sku": f"{dice.choice('WGB')}-{dice.randint(10000, 10400)}", "qty": dice.randint(1, 40),
        "uom": dice.choice(("EA", "CS")), "unitPrice": Decimal(price) if "." in price else int(price),
        "currency": "EUR", "description": dice.choice(("hex bolt M8 zinc", "brass fitting ¾ in", "gasket, Ø 40 mm")),
        "taxCode": "V21", "discount": Decimal("0.00"), "packed": dice.random() < 0.5, "giftWrap": None,
    }  # fmt: skip


@lru_cache(maxsize=4096)
def _parts(seed: int, shape: int, prefix: str) -> tuple[str, str, str, str]:
    """The body's text around number, customer and sequence."""
    order = Order(shape, "\x00customer\x00", -424242, seed, prefix=prefix)
    text = write(order.tree())
    first, rest = text.split(order.number)
    second, rest = rest.split(json.dumps("\x00customer\x00")[1:-1])
    third, last = rest.split("-424242")
    return first, second, third, last


def write(value: Any) -> str:
    """JSON with decimals as numbers that keep their digits."""
    if isinstance(value, Digits):
        return str(value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{write(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(write(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def read(body: bytes) -> Any:
    """JSON with fractions as `Digits`. Raises ValueError for duplicate keys, too."""
    return json.loads(body, parse_float=Digits, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        raise ValueError("duplicate keys")
    return tree


@dataclass(slots=True)
class OrderBook:
    """Gives out orders of one seed: numbers rise over all, `seq` rises within a customer."""

    seed: int = 1
    prefix: str = "SO"
    made: int = 0
    _seqs: dict[str, int] = field(default_factory=dict)

    def next(self, customer: str) -> Order:
        """The customer's next order."""
        self.made += 1
        seq = self._seqs.get(customer, 0) + 1
        self._seqs[customer] = seq
        return Order(self.made, customer, seq, self.seed, prefix=self.prefix)
