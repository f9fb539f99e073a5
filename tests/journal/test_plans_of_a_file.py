"""How a SQLite store finds open work: by the indexes made for it, never by going through all that ever was."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from crossdock.journal.sql import flow, views
from crossdock.journal.sql.connection import Dialect
from crossdock.journal.sql.reads import Reads
from crossdock.journal.sqlite.schema import SqliteConnection, connect, migrate

#: What is asked while orders flow or a way is held, and the index that finds it.
_ASKED: dict[str, tuple[Callable[[Reads, SqliteConnection], object], str]] = {
    "a lane": (lambda r, _: r.lane("wms", "C1", 0, 10), "transmissions_lane"),
    "blocked lanes": (lambda r, _: r.lanes_blocked("wms", range(256)), "transmissions_lane"),
    "freed lanes": (lambda r, _: r.lanes_freed("wms", ["C1"]), "transmissions_lane"),
    "who waits in a lane": (lambda r, _: r.lane_waits("wms", "C1", 0, 9), "transmissions_lane"),
    "origins": (lambda r, _: r.origins_open("wms"), "transmissions_open"),
    "what waits": (lambda _, c: flow.waiting(c), "transmissions_open"),
    "what a drain lets through": (lambda _, c: flow.left_to_drain(c, "wms", 9), "transmissions_open"),
    "what has ended": (lambda _, c: views.conservation(c, at_ms=0), "transmissions_state"),
    "what was made": (lambda _, c: views.conservation(c, at_ms=0), "ledger_made"),
}


def plans_of(store: SqliteConnection, ask: Callable[[Reads, SqliteConnection], object]) -> list[str]:
    """How the store goes about everything that is asked."""
    asked: list[str] = []
    store.set_trace_callback(asked.append)
    ask(Reads(store), store)
    store.set_trace_callback(None)
    about = [sql for sql in asked if "transmissions" in sql or "ledger" in sql]
    assert about
    return [row[3] for sql in about for row in store.execute(f"EXPLAIN QUERY PLAN {sql}")]


def goes_through_all(plans: list[str]) -> bool:
    """Whether a table is read from end to end."""
    return any(
        (plan.startswith("SCAN transmissions") and "USING" not in plan) or plan == "SCAN t" for plan in plans
    )


@pytest.mark.parametrize("name", _ASKED)
def test_open_work_is_found_by_an_index(name: str, tmp_path: Path) -> None:
    """Each question names its index in its plan, and reads no table from end to end."""
    ask, index = _ASKED[name]
    with closing(connect(tmp_path / "store.db")) as store:
        migrate(store)
        plans = plans_of(store, ask)
    assert index in " ".join(plans)
    assert not goes_through_all(plans), plans


def test_other_words_than_those_of_the_index_do_not_find_it(tmp_path: Path) -> None:
    """The control: said in the words of the other store, the same question goes through everything."""
    with closing(connect(tmp_path / "store.db")) as store:
        migrate(store)
        store.dialect = Dialect(index="", dense=True)
        assert goes_through_all(plans_of(store, _ASKED["freed lanes"][0]))


def test_no_index_of_the_hot_path_has_a_list_in_its_condition(tmp_path: Path) -> None:
    """A longer list would be made into a table of its own for every row that is written."""
    with closing(connect(tmp_path / "store.db")) as store:
        migrate(store)
        rows = store.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            " AND tbl_name IN ('ledger', 'transmissions', 'messages', 'captures', 'hubs', 'identity', 'beliefs')"
        ).fetchall()
    assert rows
    assert not [sql for (sql,) in rows if " IN (" in sql]
