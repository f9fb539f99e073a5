"""Reading the warehouse's feed: everything once, what turned up late too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import pytest

from crossdock.connectors.warehouse.connector import CONNECTOR
from crossdock.connectors.warehouse.poller import OVERLAP_EVENTS
from crossdock.faults import Fault, InDoubt, Rejected, TryLater
from crossdock.kit.connector import Poller, Tools
from crossdock.kit.http import Response
from crossdock.kit.samples import SampleSystem


def tools(**options: object) -> Tools:
    def no_code(crosswalk: str, value: object) -> str:
        raise AssertionError(f"{crosswalk} was asked for {value}")

    return Tools(SampleSystem(options=options), no_code, no_code, str, lambda: 0.0, lambda: ())


def poller(document: str = "shipment", **options: object) -> Poller:
    found = CONNECTOR.poller(document, tools(events="poll", **options))
    assert found is not None
    return found


class Feed:
    """A warehouse that may number an event before it shows it."""

    def __init__(self) -> None:
        self.shown: list[int] = []
        self.asked: list[str] = []

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        self.asked.append(path)
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        after, limit, overlap = (int(query.get(name, 0)) for name in ("after", "limit", "overlap"))
        shown = sorted(self.shown)
        before = [n for n in shown if n <= after][-overlap:] if overlap else []
        items = (before + [n for n in shown if n > after])[:limit]
        more = bool(items) and items[-1] < shown[-1]
        page = {"items": [{"id": f"EV-{n}"} for n in items], "next": str(max([after, *items])), "more": more}
        return Response(200, {}, json.dumps(page).encode())

    async def close(self) -> None:
        pass


async def all_pages(feed: Feed, cursor: str | None, made: Poller) -> tuple[list[str], str]:
    found: list[str] = []
    for _ in range(100):
        page = await made.poll(cursor, feed)
        found += [json.loads(one.content.body)["id"] for one in page.found]
        cursor = page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("the poller never ends")


async def test_every_event_comes_once_over_all_pages() -> None:
    feed, made = Feed(), poller()
    feed.shown = list(range(1, 601))
    found, cursor = await all_pages(feed, None, made)
    assert found == [f"EV-{n}" for n in range(1, 601)]
    assert (await all_pages(feed, cursor, made))[0] == []


async def test_an_event_that_turns_up_behind_the_cursor_is_found_once() -> None:
    feed, made = Feed(), poller()
    feed.shown = [n for n in range(1, 101) if n != 90]
    _, cursor = await all_pages(feed, None, made)
    feed.shown.append(90)
    found, cursor = await all_pages(feed, cursor, made)
    assert found == ["EV-90"]
    assert (await all_pages(feed, cursor, made))[0] == []


async def test_an_event_further_back_than_the_overlap_is_not_found() -> None:
    """The control: it is the overlap that finds the late event."""
    feed, made = Feed(), poller()
    late = 100 - OVERLAP_EVENTS - 5
    feed.shown = [n for n in range(1, 101) if n != late]
    _, cursor = await all_pages(feed, None, made)
    feed.shown.append(late)
    assert (await all_pages(feed, cursor, made))[0] == []


@pytest.mark.parametrize("bad", [17, {}, {"id": 17}, {"id": ""}, {"id": "x" * 300}])
async def test_an_event_whose_id_cannot_be_read_is_found_once_too_and_holds_up_no_other(bad: object) -> None:
    made, page = (
        poller(),
        json.dumps({"items": [{"id": "EV-1"}, bad, {"id": "EV-2"}], "next": "2", "more": False}),
    )
    first = await made.poll(None, Answering(200, page.encode()))
    assert [json.loads(one.content.body) for one in first.found] == [{"id": "EV-1"}, bad, {"id": "EV-2"}]
    assert len(first.cursor) < 200
    again = await made.poll(first.cursor, Answering(200, page.encode()))
    assert (again.found, again.cursor) == ([], first.cursor)


async def test_each_document_asks_for_its_own_types() -> None:
    feed = Feed()
    await poller("shipment").poll(None, feed)
    await poller("pick_status").poll(None, feed)
    types = [parse_qs(urlsplit(path).query)["types"][0].split(",") for path in feed.asked]
    assert types[0] == ["shipped"]
    assert "picked" in types[1] and "shipped" not in types[1]


class Answering:
    """A warehouse that gives one answer, or hangs up."""

    def __init__(
        self, status: int | None, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        self._status, self._body, self._headers = status, body, headers or {}

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        if self._status is None:
            raise InDoubt("no answer came")
        return Response(self._status, self._headers, self._body)

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("document", ["shipment", "inventory_balance"])
@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (None, b"", TryLater),
        (500, b"", TryLater),
        (429, b"", TryLater),
        (200, b"<html>", TryLater),
        (200, b"{}", TryLater),
        (401, b"", Rejected),
        (410, b'{"code":"cursor_expired"}', Rejected),
    ],
)
async def test_a_failing_poll_is_later_unless_a_person_is_needed(
    document: str, status: int | None, body: bytes, fault: type[Fault]
) -> None:
    with pytest.raises(fault):
        await poller(document).poll(None, Answering(status, body))


async def test_a_busy_warehouse_says_when_to_come_again() -> None:
    with pytest.raises(TryLater) as raised:
        await poller().poll(None, Answering(429, headers={"retry-after": "7"}))
    assert raised.value.wait_s == 7


def test_events_are_polled_only_where_the_charter_says_so_and_stock_always() -> None:
    assert CONNECTOR.poller("shipment", tools()) is None
    assert CONNECTOR.poller("shipment", tools(events="both")) is not None
    assert CONNECTOR.poller("inventory_balance", tools()) is not None
