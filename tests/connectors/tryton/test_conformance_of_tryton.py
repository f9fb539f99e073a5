"""The duties of every connector, on recorded samples."""

from pathlib import Path

from crossdock.connectors.tryton import connector
from crossdock.kit import conformance

TestTryton = conformance.suite(connector.CONNECTOR, samples=Path(connector.__file__).parent / "samples")
