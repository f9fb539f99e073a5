"""The poll, without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from crossdock.connectors.tryton.reading.poller import TrytonPoller
from crossdock.connectors.tryton.settings import Settings
from crossdock.connectors.tryton.wire import dumped
from crossdock.faults import InDoubt, TryLater
from crossdock.kit.http import Response

NINE = {"hour": 9, "minute": 0, "second": 0, "microsecond": 0}
STAMP = {"__class__": "datetime", "year": 2026, "month": 11, "day": 22, **NINE}


class Company:
    """A Tryton with parties 1 to `count`, all written at nine; answers the questions of the poll."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked: list[str] = []

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        tree = json.loads(body)
        domain, _, rows_max, order, fields = tree["params"][:5]
        self.asked.append(tree["method"])
        found = [] if "address" in tree["method"] else self._found(domain, order)
        rows = [self._row(id_, fields) for id_ in found[:rows_max]]
        return Response(200, {"date": "Sun, 22 Nov 2026 09:00:30 GMT"}, dumped({"id": 1, "result": rows}))

    async def close(self) -> None:
        pass

    def _found(self, domain: list[Any], order: list[Any]) -> list[int]:
        ids = list(range(1, self.count + 1))
        for clause in domain:
            if clause[0] == "id" and clause[1] == ">":
                ids = [id_ for id_ in ids if id_ > clause[2]]
            elif clause[0] == "id":
                ids = [id_ for id_ in ids if id_ in clause[2]]
            elif clause[0] == "OR" and clause[2][0][2] == STAMP:
                ids = [id_ for id_ in ids if id_ > clause[2][1][2]]
        return ids[::-1] if order[0][1] == "DESC" else ids

    def _row(self, id_: int, fields: list[str]) -> dict[str, Any]:
        if fields == ["last_modified_at"]:
            return {"id": id_, "last_modified_at": STAMP}
        return {"id": id_, "code": f"C{id_}", "name": "x", "active": True, "lang.": None, "addresses.": []}


class Unreachable:
    """A client whose answers never come."""

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        raise InDoubt("no complete answer")

    async def close(self) -> None:
        pass


async def test_the_first_load_comes_page_by_page_and_is_not_shown_again() -> None:
    poller, company = TrytonPoller("party", Settings("erp", page_rows=4)), Company(10)
    cursor, pages = None, []
    for _ in range(5):
        page = await poller.poll(cursor, company)
        cursor = page.cursor
        pages.append(([json.loads(one.content.body)["id"] for one in page.found], page.more))
    assert pages[:3] == [([1, 2, 3, 4], True), ([5, 6, 7, 8], True), ([9, 10], False)]
    assert [found for found, _ in pages[3:]] == [
        [],
        [],
    ]  # the overlap shows them once more, and they are known


async def test_a_new_record_is_found_after_the_load() -> None:
    poller, company = TrytonPoller("party", Settings("erp")), Company(3)
    cursor = (await poller.poll(None, company)).cursor
    company.count = 4
    page = await poller.poll(cursor, company)
    assert [json.loads(one.content.body)["id"] for one in page.found] == [4]


async def test_an_idle_poll_leaves_the_cursor_as_it_is() -> None:
    poller, company = TrytonPoller("party", Settings("erp")), Company(3)
    cursor = (await poller.poll(None, company)).cursor
    second = (await poller.poll(cursor, company)).cursor
    assert (await poller.poll(second, company)).cursor == second


async def test_a_poll_without_an_answer_may_go_again() -> None:
    with pytest.raises(TryLater):
        await TrytonPoller("party", Settings("erp")).poll(None, Unreachable())
