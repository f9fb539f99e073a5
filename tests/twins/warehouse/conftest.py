"""Warehouses for the tests of the twin."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock.twins.warehouse.opening import Opening
from tests.twins.warehouse.warehouse_stand import ApiDocument, MakeStand, Stand, a_stand


@pytest.fixture(scope="session")
def document() -> ApiDocument:
    """The API document."""
    return ApiDocument()


@pytest.fixture
def stand(document: ApiDocument) -> MakeStand:
    """Makes a warehouse: `stand(seed=7, late=0.1)`."""

    def make(seed: int = 7, opening: Opening | None = None, **dials: Any) -> Stand:
        return a_stand(document, seed, opening, **dials)

    return make
