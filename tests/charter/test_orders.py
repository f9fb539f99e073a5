"""The section that says how orders go, the words that systems report, and what the hub makes itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.charter.charter import Charter
from crossdock.charter.load import check, load
from crossdock.model.lifecycle.words import Fulfilment
from tests.charter.sites import CONNECTORS, DOCUMENTS, changed, site

LIMITS = "    limits: {concurrency: 4}\n"
OWNED = "  sales_order: {owner: shop, readers: [wms]}\n"
KINDS = DOCUMENTS | {"order_status"}


def loaded(folder: Path, old: str, new: str) -> Charter:
    return load(site(folder, changed(old, new)), connectors=CONNECTORS, documents=KINDS)


def mistakes(folder: Path, old: str, new: str) -> list[str]:
    found = check(site(folder, changed(old, new)), connectors=CONNECTORS, documents=KINDS)
    return [str(one) for one in found]


def test_a_site_says_how_its_orders_go(tmp_path: Path) -> None:
    text = (
        "orders: {cancel_answer: taken, cancel_wait_s: 60, change_until: {address: packed, lines: never}}\n"
    )
    orders = loaded(tmp_path, OWNED, OWNED + text).orders
    assert (orders.cancel_answer, orders.cancel_wait_s) == ("taken", 60.0)
    assert orders.sends("address", Fulfilment.PACKED)
    assert not orders.sends("address", Fulfilment.SHIPPED)
    assert not orders.sends("lines", Fulfilment.RELEASED)
    assert orders.sends("quantity", Fulfilment.ALLOCATED), "what is not named goes until the pick begins"
    assert not orders.sends("quantity", Fulfilment.PICKING)


def test_a_system_says_which_states_it_tells(tmp_path: Path) -> None:
    charter = loaded(tmp_path, LIMITS, LIMITS + "    reports: [picked, shipped]\n")
    assert charter.systems["wms"].reports == ("picked", "shipped")
    assert charter.is_warehouse("wms")
    assert not charter.is_warehouse("shop")


def test_the_hub_may_own_what_it_makes_itself(tmp_path: Path) -> None:
    charter = loaded(tmp_path, OWNED, OWNED + "  order_status: {owner: hub}\n")
    assert charter.made_by_hub("order_status")
    assert not charter.made_by_hub("sales_order")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (LIMITS, LIMITS + "    reports: [piked]\n", '"piked" is no state that a system reports; write picked'),
        (OWNED, OWNED + "  item: {owner: hub}\n", "the hub makes no item"),
        (OWNED, OWNED + "orders: {change_until: {adress: packed}}\n", 'there is no change "adress"; write address'),
        (OWNED, OWNED + "orders: {change_until: {address: paked}}\n", '"paked" is no state; write packed'),
        (OWNED, OWNED + "orders: {packages: all}\n", "packages"),
    ],
)  # fmt: skip
def test_a_slip_is_named_with_what_was_meant(tmp_path: Path, old: str, new: str, says: str) -> None:
    (said,) = mistakes(tmp_path, old, new)
    assert says in said
