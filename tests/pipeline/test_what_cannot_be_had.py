"""What waits at a system and cannot be had: told once, and ended once it was read or is gone, not before."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.charter.charter import Charter, Checks, Site
from crossdock.faults import Fault, Rejected, TryLater
from crossdock.kit.connector import Page
from crossdock.pipeline.unhad import LOOKS, Unhad


class Desk:
    """Keeps which causes are open, and counts how often one was opened."""

    def __init__(self) -> None:
        self.open: dict[str, int] = {}
        self.opened: list[str] = []
        self.entries: list[object] = []
        charter, clock = Charter("", Site(), {}, {}, Checks(), ()), SimpleNamespace(now_ms=lambda: 0)
        self.unhad = Unhad(cast("Any", SimpleNamespace(journal=self, charter=charter, clock=clock)))

    def incidents_of_causes(self, prefix: str) -> list[str]:
        return [one for one in self.open if one.startswith(prefix)]

    def incident_of_cause(self, cause: str) -> int | None:
        return self.open.get(cause)

    def next_id(self) -> int:
        return len(self.opened) + 1

    def changes(self) -> Desk:
        self.entries = []
        return self

    def open_incident(self, incident: Any, entry: object) -> None:
        self.open[incident.cause] = incident.id
        self.opened.append(incident.cause.rpartition("/")[2])
        self.entries.append(entry)

    def row(self, name: str, _why: str, _now_ms: int, id_: int) -> None:
        assert name == "resolve_empty_incident"
        self.open = {cause: one for cause, one in self.open.items() if one != id_}

    def entry(self, entry: object) -> None:
        self.entries.append(entry)

    async def submit(self, _changes: object) -> None: ...

    async def looked(self, *amiss: Fault, more: bool = False) -> list[str]:
        """The names that are open after a page."""
        await self.unhad.note("erp", "item", Page([], "1", more=more, amiss=amiss))
        return sorted(cause.rpartition("/")[2] for cause in self.open)


def later(*names: str) -> Sequence[Fault]:
    return [TryLater("it grows", path=name) for name in names]


async def test_what_is_missed_now_and_then_is_told_once_it_was_missed_so_often_in_a_row():
    desk = Desk()
    for _ in range(LOOKS - 1):
        assert await desk.looked(*later("a")) == []
    assert await desk.looked() == [], "it was read"
    for _ in range(LOOKS - 1):
        assert await desk.looked(*later("a")) == []
    assert await desk.looked(*later("a")) == ["a"]


@pytest.mark.parametrize("fault", [Rejected("too large", path="a"), *later("a")])
async def test_it_is_told_once_however_long_it_stays(fault: Fault):
    desk = Desk()
    for _ in range(5 * LOOKS):
        await desk.looked(fault)
    assert (desk.opened, list(desk.open)) == (["a"], ["poison/erp/item/file/a"])
    assert await desk.looked() == []


async def test_what_stands_behind_the_first_page_is_not_gone_before_the_last():
    desk = Desk()
    refused = Rejected("too large", path="z")
    assert await desk.looked(refused) == ["z"]
    for _ in range(3):
        assert await desk.looked(more=True) == ["z"], "nobody looked at it yet"
    assert await desk.looked(refused) == ["z"]
    assert desk.opened == ["z"]
    assert await desk.looked(more=True) == ["z"]
    assert await desk.looked() == []


async def test_another_process_goes_on_from_what_was_told():
    desk = Desk()
    await desk.looked(Rejected("too large", path="a"))
    desk.unhad.forget("erp", "item")
    assert await desk.looked(Rejected("too large", path="a")) == ["a"]
    assert desk.opened == ["a"]
    desk.unhad.forget("erp", "item")
    assert await desk.looked() == []
