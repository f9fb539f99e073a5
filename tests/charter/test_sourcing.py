"""The `sourcing` section: what it becomes, and every mistake by its line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from crossdock.assembly import connector_fields
from crossdock.charter.load import check, load
from crossdock.kit import registry
from crossdock.model import register
from crossdock.stock.sourcing.policy import Backorder, Split

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "route-orders.md"
CHARTER = PAGE.read_text("utf-8").split("```yaml charter\n", 1)[1].split("```", 1)[0]


def site(folder: Path, text: str) -> Path:
    """A site with this charter."""
    (folder / "charter.yaml").write_text(text, "utf-8")
    return folder


def found(folder: Path, text: str) -> list[str]:
    """What the loader finds wrong."""
    connectors = connector_fields(registry.connectors(folder))
    return [str(one) for one in check(site(folder, text), connectors=connectors, documents=register.kinds())]


def test_the_section_becomes_rules_sites_and_calendars(tmp_path: Path) -> None:
    connectors = connector_fields(registry.connectors(tmp_path))
    sourcing = load(site(tmp_path, CHARTER), connectors=connectors, documents=register.kinds()).sourcing
    assert sourcing is not None
    wholesale, retail = sourcing.rules
    assert (wholesale.ship_complete, retail.split, retail.backorder) == (True, Split.UNITS, Backorder.SPLIT)
    assert sourcing.rule_for({"order_type": "b2b", "system": "shop"}).name == "wholesale"
    assert sourcing.rule_for({"system": "edi"}).name == "default"
    assert sourcing.sites["AMS"].cost("near") == Decimal("4.5")
    assert sourcing.sites["LYO"].cost("near") == Decimal(6)
    assert sourcing.sites["LYO"].zone.key == "Europe/Paris"
    assert sourcing.dock("AMS", "express").cut_off == sourcing.sites["AMS"].cut_off


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ('cut_off: "16:00"', 'cut_off: "25:00"', '"25:00" is no time of day'),
        ('"2026-12-28"]', '"28 December"]', '"28 December" is no day'),
        ("near: 4.5", "nearby: 4.5", 'there is no zone "nearby"'),
        ("cut_offs: {AMS:", "cut_offs: {AMX:", 'there is no site "AMX"'),
        ("    LYO:\n      timezone", "    LYN:\n      timezone", 'there is no site "LYN"'),
        ("systems: [shop], split", "systems: [shp], split", 'there is no system "shp"'),
        ("split: units", "split: unit", '"unit" is not known here'),
        ("{system: acme, skus", "{system: erp, skus", "erp takes no purchase_order"),
        ("TEA-1: {by: [TEA-2]}", "TEA-1: {by: [TEA-1]}", "TEA-1 would be sent instead of itself"),
        ("warehouse_order: {owner: hub,", "warehouse_order: {owner: erp,", "the hub itself must own warehouse_order"),
        ("hub, readers: [ams, lyo]}\n  warehouse_order_c", "hub, readers: [ams]}\n  warehouse_order_c",
         "lyo does not read warehouse_order, and ships from LYO"),
        ("stock:\n  sites: {AMS: {system: ams}, LYO: {system: lyo}}\n", "", "orders are routed by stock"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(tmp_path: Path, right: str, wrong: str, says: str) -> None:
    assert right in CHARTER
    told = found(tmp_path, CHARTER.replace(right, wrong, 1))
    assert any(says in one and one.startswith("charter.yaml:") for one in told), told
