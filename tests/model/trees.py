"""One full tree of every kind of document, and strategies that make more of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from crossdock.model.codes.identifiers import check_digit
from crossdock.model.codes.units import UNITS

SSCC = "376000000000000013"
GTIN = "4006381333931"
ADDRESS = {
    "name": "Ewa Łuczak",
    "street": "ul. Piotrkowska 12",
    "postcode": "90-001",
    "city": "Łódź",
    "country": "PL",
    "gln": "4006381333931",
}
ORDER_LINE = {
    "line": 1,
    "sku": "W-10",
    "quantity": 3,
    "unit": "CS",
    "price": Decimal("10.00"),
    "currency": "EUR",
}
SHIPPED = {
    "line": 1,
    "sku": "W-10",
    "quantity": 2,
    "unit": "CS",
    "ordered": 3,
    "lot": "L7",
    "serials": ["S1", "S2"],
}
PACKAGE = {
    "sscc": SSCC,
    "tracking": "1Z999",
    "weight_kg": Decimal("1.250"),
    "lines": [{"line": 1, "sku": "W-10", "quantity": 2, "unit": "CS"}],
}

TREES: dict[str, dict[str, Any]] = {
    "item": {
        "sku": "W-10",
        "name": "Wine",
        "status": "active",
        "unit": "EA",
        "packs": [{"unit": "CS", "factor": 12, "gtin": GTIN}, {"unit": "half pallet", "factor": 360}],
        "gtin": GTIN,
        "lot_tracked": True,
        "weight_kg": Decimal("0.750"),
        "hazard": {"un_number": "1170", "hazard_class": "3", "packing_group": "II"},
        "shelf_life_days": 730,
        "origin": "FR",
    },
    "kit_composition": {"sku": "K-1", "components": [{"sku": "W-10", "quantity": 2, "unit": "EA"}]},
    "price": {
        "sku": "W-10",
        "unit": "EA",
        "price": Decimal("9.95"),
        "currency": "EUR",
        "valid_from": "2026-11-22",
    },
    "party": {
        "id": "C-1",
        "name": "Café Ewa",
        "roles": ["customer"],
        "addresses": [ADDRESS | {"use": "ship_to"}],
        "contacts": [{"name": "Ewa", "email": "ewa@example.org"}],
    },
    "location": {"site": "AMS", "code": "A-01-03", "use": "picking"},
    "sales_order": {
        "number": "SO-1001",
        "placed_at": "2026-11-22T10:00:00+01:00",
        "customer": {"id": "C-1", "name": "Café Ewa"},
        "ship_to": ADDRESS,
        "ship_method": "express",
        "notes": "Ring twice.\nThen wait.",
        "extra": {"seq": 7, "gift": None},
        "lines": [ORDER_LINE, ORDER_LINE | {"line": "002", "quantity": Decimal("0.50"), "unit": "KG"}],
    },
    "order_hold": {"order": "SO-1001", "hold": "fraud", "state": "set", "at": "2026-11-22T10:00:00Z"},
    "transport_status": {
        "number": "TS-1",
        "shipment": "SH-1",
        "state": "delivered",
        "at": "2026-11-23T09:00:00Z",
        "signed_by": "Ewa",
    },
    "order_status": {
        "number": "SO-1001:7",
        "order": "SO-1001",
        "occasion": "cancelled",
        "state": "cancelled",
        "fulfilment": "released",
        "billing": "not_ready",
        "cancellation": "accepted",
        "amendment": "none",
        "returned": "none",
        "closed": True,
        "lines": [
            {
                "line": 1,
                "sku": "W-10",
                "unit": "CS",
                "ordered": 3,
                "allocated": 0,
                "picked": 0,
                "packed": 0,
                "shipped": 0,
                "backordered": 0,
                "cancelled": 3,
                "returned": 0,
                "state": "cancelled",
            }
        ],
    },
    "cancellation": {"number": "SO-1001", "order": "SO-1001", "reason": "changed my mind"},
    "reservation": {
        "number": "R-1",
        "order": "SO-1001",
        "site": "AMS",
        "lines": [{"line": 1, "sku": "W-10", "quantity": 3, "unit": "CS"}],
    },
    "warehouse_order": {
        "number": "WO-1",
        "order": "SO-1001",
        "site": "AMS",
        "ship_to": ADDRESS,
        "requested_at": "2026-11-24",
        "backorder_of": "WO-0",
        "lines": [{"line": 1, "order_line": 1, "sku": "W-10", "quantity": 3, "unit": "CS", "lot": "L7"}],
    },
    "warehouse_order_cancel": {"number": "WO-1", "order": "SO-1001", "reason": "customer cancelled"},
    "wave": {"number": "V-1", "site": "AMS", "at": "2026-11-22T10:00:00Z", "warehouse_orders": ["WO-1"]},
    "pick_status": {
        "warehouse_order": "WO-1",
        "order": "SO-1001",
        "state": "picked",
        "at": "2026-11-22T10:00:00.125000Z",
        "lines": [{"line": 1, "sku": "W-10", "picked": 2, "short": 1, "unit": "CS", "lot": "L7"}],
    },
    "shipment": {
        "number": "SH-1",
        "warehouse_order": "WO-1",
        "order": "SO-1001",
        "site": "AMS",
        "shipped_at": "2026-11-22T15:30:00Z",
        "carrier": "dhl",
        "tracking": "JJD0001",
        "complete": False,
        "lines": [SHIPPED],
        "packages": [PACKAGE],
    },
    "inventory_balance": {
        "sku": "W-10",
        "site": "AMS",
        "status": "available",
        "lot": "L7",
        "quantity": 120,
        "unit": "EA",
        "as_of": "2026-11-22T10:00:00Z",
    },
    "order_response": {
        "number": "R-1",
        "order": "SO-1001",
        "status": "changed",
        "note": "the rest follows",
        "lines": [{"line": 1, "sku": "W-10", "status": "changed", "quantity": 2, "unit": "EA"}],
    },
    "acknowledgement": {
        "number": "ACK-1",
        "form": "997",
        "direction": "got",
        "interchange": "000000007",
        "group": "7",
        "verdict": "accepted_with_errors",
        "sets": [{"set": "856", "control": "0001", "group": "7", "verdict": "accepted"}],
    },
    "stock_level": {"sku": "W-10", "quantity": 7, "unit": "EA", "as_of": "2026-11-22T10:00:00Z"},
    "inventory_adjustment": {
        "number": "A-1",
        "sku": "W-10",
        "site": "AMS",
        "quantity": -2,
        "unit": "EA",
        "reason": "broken",
        "at": "2026-11-22T10:00:00Z",
    },
    "inventory_count": {
        "number": "N-1",
        "site": "AMS",
        "at": "2026-11-22T10:00:00Z",
        "lines": [{"line": 1, "sku": "W-10", "counted": 0, "expected": 2, "unit": "EA"}],
    },
    "stock_transfer": {
        "number": "T-1",
        "from_site": "AMS",
        "to_site": "LDZ",
        "lines": [{"line": 1, "sku": "W-10", "quantity": 12, "unit": "EA"}],
    },
    "number_change": {
        "number": "NC-1",
        "object": "item",
        "how": "rename",
        "old": "W-10",
        "new": "W-0010",
        "reason": "new scheme",
    },
    "purchase_order": {
        "number": "PO-1",
        "supplier": {"id": "S-1"},
        "expected_at": "2026-12-01",
        "lines": [ORDER_LINE],
    },
    "despatch_advice": {
        "number": "DA-1",
        "purchase_order": "PO-1",
        "lines": [SHIPPED],
        "packages": [PACKAGE],
    },
    "goods_receipt": {
        "number": "GR-1",
        "purchase_order": "PO-1",
        "site": "AMS",
        "received_at": "2026-12-01T08:00:00Z",
        "lines": [SHIPPED | {"status": "quality", "expires_on": "2028-12-31"}],
    },
    "return_authorisation": {
        "number": "RA-1",
        "order": "SO-1001",
        "lines": [{"line": 1, "sku": "W-10", "quantity": 1, "unit": "CS", "reason": "corked"}],
    },
    "return_receipt": {
        "number": "RR-1",
        "return_authorisation": "RA-1",
        "site": "AMS",
        "received_at": "2026-12-09",
        "lines": [
            {"line": 1, "sku": "W-10", "quantity": 1, "unit": "CS", "status": "damaged", "outcome": "scrap"}
        ],
    },
    "return_to_vendor": {
        "number": "RV-1",
        "purchase_order": "PO-1",
        "lines": [{"line": 1, "sku": "W-10", "quantity": 1, "unit": "CS"}],
    },
    "invoice": {
        "number": "I-1",
        "order": "SO-1001",
        "invoiced_on": "2026-11-23",
        "currency": "EUR",
        "taxes": [{"rate": 21, "amount": Decimal("6.30")}],
        "total": Decimal("36.30"),
        "lines": [{"line": 1, "sku": "W-10", "quantity": 3, "unit": "CS", "price": Decimal("10.00")}],
    },
    "billing_event": {
        "number": "B-1",
        "client": "CL-1",
        "activity": "pick",
        "quantity": 3,
        "unit": "EA",
        "at": "2026-11-22T10:00:00Z",
    },
}

#: Codes with neither blanks at an end nor control characters.
codes = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=20)
exact_numbers = st.one_of(
    st.integers(0, 10**18 - 1),
    st.decimals(0, 10**9, places=4, allow_nan=False, allow_infinity=False),
)
above_nothing = exact_numbers.filter(lambda number: number > 0)
units = st.sampled_from(sorted(UNITS))
gtins = (
    st.sampled_from((7, 11, 12, 13))
    .flatmap(lambda length: st.text("0123456789", min_size=length, max_size=length))
    .map(lambda payload: payload + str(check_digit(payload)))
)


@st.composite
def sales_orders(draw: st.DrawFn) -> dict[str, Any]:
    """A sales order as a plain tree, with any optional field present, null or absent."""
    lines = draw(
        st.lists(
            st.fixed_dictionaries(
                {"sku": codes, "quantity": above_nothing, "unit": units},
                optional={"name": st.none() | codes, "lot": codes, "requested_at": st.just("2026-11-24")},
            ),
            min_size=1,
            max_size=4,
        )
    )
    for number, line in enumerate(lines):
        line["line"] = draw(st.sampled_from((number, f"{number:03}")))
        if draw(st.booleans()):
            line |= {"price": draw(exact_numbers), "currency": "EUR"}
    optional = {
        "placed_at": st.datetimes(timezones=st.timezones()).map(
            lambda at: at.isoformat(timespec="seconds")[:25]
        ),
        "customer": st.fixed_dictionaries({}, optional={"id": codes, "name": st.none() | codes}),
        "notes": st.none() | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
        "extra": st.dictionaries(codes, st.integers() | codes | st.none(), max_size=3),
    }
    return draw(st.fixed_dictionaries({"number": codes, "lines": st.just(lines)}, optional=optional))
