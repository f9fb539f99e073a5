"""What the files connector owes the hub, on the samples of one system."""

from __future__ import annotations

from pathlib import Path

from crossdock.charter.charter import FlowIn, FlowOut, System
from crossdock.charter.flow_settings import FileForm
from crossdock.connectors.files.connector import CONNECTOR
from crossdock.kit.conformance import suite

SYSTEM = System(
    "erp",
    "files",
    flows_in=(
        FlowIn("item", id="sku", file=FileForm("csv", match="items*.csv", decimal=",")),
        FlowIn("sales_order", id="number", file=FileForm("csv", match="orders*.csv", group=True)),
    ),
    flows_out=(FlowOut("sales_order", file=FileForm("csv", name="order-{number}-{key}.csv")),),
)
TestFilesConformance = suite(CONNECTOR, samples=Path(__file__).parent / "samples", system=SYSTEM)
