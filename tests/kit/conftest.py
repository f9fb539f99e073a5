"""A connector fresh from the generator, for the tests of the kit."""

import sys
from pathlib import Path

import pytest

from crossdock.kit.connector import Connector
from crossdock.kit.registry import connectors
from crossdock.kit.scaffold import new_connector


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> tuple[Connector, Path]:
    """The generated connector, found in a site's folder, and the folder of its samples."""
    site = tmp_path_factory.mktemp("site")
    new_connector("acme", site / "connectors")
    path = list(sys.path)
    try:
        return connectors(site)["acme"], site / "connectors" / "acme" / "samples"
    finally:
        sys.path[:] = path
