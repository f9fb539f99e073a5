"""What the `http` connector owes the hub, shown by a shop and a warehouse."""

from pathlib import Path

from crossdock.charter.charter import Find, FlowIn, FlowOut, OnUnclear, System
from crossdock.connectors.http.connector import CONNECTOR
from crossdock.kit import conformance

SYSTEM = System(
    "both", "http", url="http://both.test",
    flows_in=(
        FlowIn(
            "sales_order", id="orderNumber", version="rev", order_by="customer.id", ignore=("sentAt",),
            map="mappings/shop-in.jsonata",
        ),
    ),
    flows_out=(
        FlowOut(
            "sales_order", method="PUT", path="/wh/{number}", map="mappings/wms-out.jsonata", their_id="id",
            idempotency_header="Idempotency-Key", on_unclear=OnUnclear.FIND, find=Find("GET", "/wh/{number}"),
        ),
    ),
)  # fmt: skip

TestHttp = conformance.suite(CONNECTOR, samples=Path(__file__).with_name("samples"), system=SYSTEM)
