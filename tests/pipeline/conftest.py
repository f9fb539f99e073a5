"""The store that a small world stands on: a file, and for some modules a database as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journal.places import postgresql_place
from tests.pipeline import world

#: Modules that are tried on both stores: what they show rests on what the store does.
ON_BOTH = {
    "test_a_doubt_is_never_guessed", "test_a_lane_keeps_its_order", "test_a_store_that_refuses",
    "test_goods", "test_messages_find_their_place", "test_lives_of_orders", "test_ids_that_no_store_keeps",
    "test_a_feed_on_bad_days",
}  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each store."""
    if "stands_on" in metafunc.fixturenames:
        module = metafunc.module.__name__.rpartition(".")[2]
        kinds = ["sqlite", "postgresql"] if module in ON_BOTH else ["sqlite"]
        metafunc.parametrize("stands_on", kinds, indirect=True)


@pytest.fixture(autouse=True)
def stands_on(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where every world of this test keeps its store, unless it says so itself."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        databases: dict[Path, str] = {}  # a second world in a folder goes on where the first one ended

        def database(folder: Path) -> str:
            return databases.setdefault(folder, postgresql_place(server).database)

        monkeypatch.setattr(world, "fresh_database", database)
    return request.param
