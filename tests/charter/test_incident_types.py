"""The incident types that a charter may give owners to."""

from __future__ import annotations

from crossdock.charter.load import INCIDENT_TYPES
from crossdock.message.incident import TYPES


def test_a_charter_knows_exactly_the_types_that_the_desk_knows() -> None:
    assert sorted(INCIDENT_TYPES) == sorted(TYPES)
