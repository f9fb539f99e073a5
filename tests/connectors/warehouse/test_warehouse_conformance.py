"""The warehouse connector does what every connector owes the hub."""

from pathlib import Path

from crossdock.connectors.warehouse import connector
from crossdock.kit import conformance

TestWarehouse = conformance.suite(connector.CONNECTOR, samples=Path(connector.__file__).parent / "samples")
