"""The small trading company that the ERP of the demo belongs to.

Everything is made through the ERP's own API: one company with its accounts, seven products (one by
lot, one a kit), cases of 12, five customers, two suppliers, a carrier, a web shop and opening stock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from demo.tryton.day import ZONE, today
from demo.tryton.rpc import Erp

HUB_USER = "crossdock"
SHOP = "Shop window"
WAREHOUSE = "MAIN"
LOTS = ("H2611-A", "H2611-B")


@dataclass(frozen=True, slots=True)
class Product:
    """One article of the company; `opening` is its stock at the start, in base units."""

    sku: str
    name: str
    price: str
    grams: int
    gtin: str = ""
    opening: int = 0
    sold_in: str = "Unit"
    by_lot: bool = False
    parts: tuple[tuple[str, int], ...] = ()


SET = (("POT-0001", 1), ("CUP-0001", 2))
PRODUCTS = (
    Product("TEA-0250", "Green tea, tin 250 g", "8.90", 310, "2000000002507", 4_000),
    Product("TEA-0500", "Black tea, tin 500 g", "14.50", 590, "2000000005003", 4_000),
    Product("CUP-0001", "Stoneware cup", "6.00", 280, "2000000000015", 4_000),
    Product("POT-0001", "Cast iron teapot 0.8 l", "49.00", 1_450, "2000000000022", 2_000),
    Product("FLT-0012", "Paper tea filters", "3.20", 60, "2000000000121", 12_000, sold_in="Case of 12"),
    Product("HON-0350", "Heather honey 350 g", "7.40", 520, "2000000003504", 2_000, by_lot=True),
    Product("SET-0001", "Tea set: pot and two cups", "58.00", 2_010, "2000000000503", parts=SET),
)  # fmt: skip

#: code, name, street, postcode, city, country
CUSTOMERS = (
    ("C-1001", "Kaffeehaus am Fluss", "Uferweg 12", "50667", "Köln", "DE"),
    ("C-1002", "Herbaciarnia Łódzka", "ulica Źródlana 7", "90-001", "Łódź", "PL"),
    ("C-1003", "De Theekamer", "Gracht 3", "3511 AB", "Utrecht", "NL"),
    ("C-1004", "Salon de thé du Marché", "4 place du Marché", "67000", "Strasbourg", "FR"),
    ("C-1005", "Tearoom at the Pier", "1 Harbour Walk", "D01 X2Y3", "Dublin", "IE"),
)
#: The same of suppliers.
SUPPLIERS = (
    ("S-2001", "Bergtee Import", "Speicherstraße 3", "20457", "Hamburg", "DE"),
    ("S-2002", "Miel des Landes", "12 rue des Pins", "40000", "Mont-de-Marsan", "FR"),
)
#: code, name of where goods lie that cannot be sold: nothing is picked from there.
SET_ASIDE = (("QUAR", "Quarantine"), ("SCRAP", "Scrap"))
COUNTRIES = {"NL": "Netherlands", "DE": "Germany", "PL": "Poland", "FR": "France", "IE": "Ireland"}


def seed(erp: Erp, hub_password: str, tell: Callable[[str], None]) -> None:
    """Fills a fresh database; `erp` is the administrator, the password is for the hub's own user."""
    tell("company and accounts")
    countries = {
        code: _create(erp, "country.country", code=code, name=name) for code, name in COUNTRIES.items()
    }
    company = _company(erp, countries["NL"])
    _hub_user(erp, company, hub_password)
    tell("products, units and lots")
    units = _units(erp)
    products = _products(erp, units)
    tell("customers, carrier, web shop")
    _carrier(erp, units)
    for code, name, street, postcode, city, country in CUSTOMERS:
        _party(erp, name, street, postcode, city, countries[country], code=code)
    warehouse = erp.first_id("stock.location", [["type", "=", "warehouse"]])
    erp("stock.location.write", [warehouse], {"code": WAREHOUSE, "name": "Main warehouse"})
    currency = erp.first_id("currency.currency", [["code", "=", "EUR"]])
    _create(erp, "web.shop", name=SHOP, company=company, currency=currency, warehouses=[["add", [warehouse]]])
    _create(erp, "stock.package.type", name="Carton")
    for code, name, street, postcode, city, country in SUPPLIERS:
        _party(erp, name, street, postcode, city, countries[country], code=code)
    aside = [
        _create(erp, "stock.location", name=name, code=code, type="lost_found") for code, name in SET_ASIDE
    ]
    erp("stock.location.write", [warehouse], {"waste_locations": [["add", aside]]})
    _house_rules(erp)
    tell("opening stock")
    _opening_stock(erp, products, company)


def _house_rules(erp: Erp) -> None:
    """Numbers that tell their kind, and carriage that is not charged to the customer."""
    for model, field, prefix in (
        ("sale.configuration", "sale_sequence", "SO-"),
        ("purchase.configuration", "purchase_sequence", "PO-"),
        ("stock.configuration", "shipment_out_sequence", "OUT-"),
        ("stock.configuration", "shipment_in_sequence", "IN-"),
        ("stock.configuration", "shipment_in_return_sequence", "RTV-"),
        ("stock.configuration", "shipment_out_return_sequence", "RET-"),
    ):
        sequence = erp(f"{model}.read", [1], [field])[0][field]
        erp("ir.sequence.write", [sequence], {"prefix": prefix, "padding": 5})
    erp("sale.configuration.write", [1], {"sale_shipment_cost_method": None, "sale_invoice_method": "manual"})


def _create(erp: Erp, model: str, **values: Any) -> int:
    return erp(f"{model}.create", [values])[0]


def _party(erp: Erp, name: str, street: str, postcode: str, city: str, country: int, **values: Any) -> int:
    address = {
        "street_unstructured": street, "postal_code": postcode, "city": city, "country": country,
        "delivery": True, "invoice": True,
    }  # fmt: skip
    return _create(erp, "party.party", name=name, addresses=[["create", [address]]], **values)


def _company(erp: Erp, country: int) -> int:
    currency = _create(
        erp, "currency.currency", name="Euro", code="EUR", numeric_code="978", symbol="€", digits=2,
        rounding=Decimal("0.01"), rates=[["create", [{"date": dt.date(2000, 1, 1), "rate": Decimal(1)}]]],
    )  # fmt: skip
    party = _party(erp, "Cross & Dock Trading", "Kade 1", "1011 AA", "Amsterdam", country, code="C-0001")
    company = _create(erp, "company.company", party=party, currency=currency, timezone=ZONE)
    erp("res.user.write", [erp.uid], {"companies": [["add", [company]]], "company": company})
    erp.refresh_context()
    _accounts(erp, company)
    return company


def _accounts(erp: Erp, company: int) -> None:
    template = erp.first_id("account.account.template", [["parent", "=", None]])
    session = erp("wizard.account.create_chart.create")[0]
    erp("wizard.account.create_chart.execute", session, {}, "account")
    chosen = {"account": {"company": company, "account_template": template}}
    erp("wizard.account.create_chart.execute", session, chosen, "create_account")
    kinds = {
        kind: erp("account.account.search", [[f"type.{kind}", "=", True], ["closed", "!=", True]], 0, 1, None)
        for kind in ("receivable", "payable")
    }
    defaults = {
        "company": company,
        "account_receivable": next(iter(kinds["receivable"]), None),
        "account_payable": next(iter(kinds["payable"]), None),
    }
    erp(
        "wizard.account.create_chart.execute",
        session,
        {**chosen, "properties": defaults},
        "create_properties",
    )
    erp("wizard.account.create_chart.delete", session)


def _hub_user(erp: Erp, company: int, password: str) -> None:
    groups = erp("res.group.search", [], 0, None, None)
    _create(
        erp, "res.user", name="Crossdock hub", login=HUB_USER, password=password,
        groups=[["add", groups]], companies=[["add", [company]]], company=company,
    )  # fmt: skip


def _units(erp: Erp) -> dict[str, int]:
    unit = erp.rows("product.uom", [["name", "=", "Unit"]], ["category"])[0]
    case = _create(
        erp, "product.uom", name="Case of 12", symbol="cs12", category=unit["category"],
        factor=12.0, rate=round(1 / 12, 12), rounding=1.0, digits=0,
    )  # fmt: skip
    gram = erp.first_id("product.uom", [["name", "=", "Gram"]])
    return {"Unit": unit["id"], "Case of 12": case, "Gram": gram}


def _products(erp: Erp, units: dict[str, int]) -> dict[str, int]:
    made: dict[str, int] = {}
    for product in PRODUCTS:
        values: dict[str, Any] = {
            "name": product.name, "code": product.sku, "type": "kit" if product.parts else "goods",
            "default_uom": units["Unit"], "sale_uom": units[product.sold_in], "salable": True,
            "purchasable": not product.parts, "purchase_uom": None if product.parts else units["Unit"],
            "list_price": Decimal(product.price), "weight": float(product.grams), "weight_uom": units["Gram"],
        }  # fmt: skip
        if product.by_lot:
            values |= {"lot_required": ["storage", "customer", "supplier"], "shelf_life_state": "optional"}
        variant = {"identifiers": [["create", [{"type": "ean", "code": product.gtin}]]]}
        template = _create(erp, "product.template", **values, products=[["create", [variant]]])
        made[product.sku] = erp.first_id("product.product", [["template", "=", template]])
        if product.parts:
            # Written on the template: through the variant Tryton refuses the parent.
            parts = [
                {"product": made[sku], "quantity": float(count), "unit": units["Unit"], "fixed": False}
                for sku, count in product.parts
            ]
            erp("product.template.write", [template], {"components": [["create", parts]]})
    return made


def _carrier(erp: Erp, units: dict[str, int]) -> None:
    fee = _create(
        erp, "product.template", name="Parcel to the door", code="SHIP-01", type="service",
        default_uom=units["Unit"], sale_uom=units["Unit"], list_price=Decimal("4.95"), salable=True,
        products=[["create", [{}]]],
    )  # fmt: skip
    party = _create(erp, "party.party", name="Parcel Post", code="PARCEL")
    product = erp.first_id("product.product", [["template", "=", fee]])
    _create(erp, "carrier", party=party, carrier_product=product)


def _opening_stock(erp: Erp, products: dict[str, int], company: int) -> None:
    storage = erp.rows("stock.location", [["type", "=", "warehouse"]], ["storage_location"])[0]
    lines: list[dict[str, Any]] = []
    for product in PRODUCTS:
        if product.by_lot:
            for number in LOTS:
                lot = _create(erp, "stock.lot", number=number, product=products[product.sku])
                share = product.opening / len(LOTS)
                lines.append({"product": products[product.sku], "lot": lot, "quantity": share})
        elif product.opening:
            lines.append({"product": products[product.sku], "quantity": float(product.opening)})
    inventory = _create(
        erp, "stock.inventory", location=storage["storage_location"], company=company,
        date=today(), empty_quantity="keep", lines=[["create", lines]],
    )  # fmt: skip
    erp("stock.inventory.confirm", [inventory])
