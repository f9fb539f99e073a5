"""That a good poller meets every duty, and that each bad one fails for its own reason."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossdock.faults import TryLater
from crossdock.kit.connector import (
    Content,
    DocumentIn,
    Page,
    Polled,
    Reading,
)
from crossdock.kit.duties_in import _not_before
from tests.kit.bent_connector import Bent, bent, lapses

ORDER = {"order_no": "A-1", "shipping": "STD", "items": [{"pos": 1, "article": "W-1", "qty": 1}]}
ORDER["address"] = {"name": "B", "street": "Canal 1", "zip": "1011", "city": "Amsterdam", "country": "NL"}


class Poller:
    """Asks for what is after a number, one page at a time."""

    async def poll(self, cursor: str | None, client: Any) -> Page:
        answer = await client.send("GET", f"/orders?after={cursor or 0}")
        if answer.status == 429:
            raise TryLater("asked to wait", wait_s=7.0)
        try:
            tree = json.loads(answer.body) if answer.status == 200 else None
        except ValueError:
            tree = None
        if tree is None:
            raise TryLater(f"answered {answer.status}")
        found = [Polled("sales_order", Content(json.dumps(one).encode())) for one in tree["orders"]]
        return Page(found, str(tree["last"]), more=tree["more"])


@pytest.fixture
def polled(acme, tmp_path) -> tuple[Callable[[Any], Any], Path]:
    """The connector as one that polls, given a poller; and its samples with two pages recorded."""
    connector, samples = acme
    shutil.copytree(samples, tmp_path / "samples")
    folder = tmp_path / "samples" / "poll" / "sales_order"
    folder.mkdir(parents=True)

    def asked(after: int, last: int, more: bool, *orders: Any) -> dict[str, Any]:
        body = {"orders": orders, "last": last, "more": more}
        return {
            "ask": {"method": "GET", "path": f"/orders?after={after}"},
            "answer": {"status": 200, "body": body},
        }

    found = {"document": "sales_order", "body": ORDER}
    recorded = {
        "cursor": None,
        "dialogue": [asked(0, 9, True, ORDER), asked(9, 10, False)],
        "pages": [{"cursor": "9", "more": True, "found": [found]}, {"cursor": "10", "found": []}],
    }
    (folder / "two_pages.json").write_text(json.dumps(recorded))

    def polling(poller: Any) -> Any:
        made = bent(connector, documents_in=(DocumentIn("sales_order", Reading.POLL),))
        made.poller = lambda document, tools: poller
        return made

    return polling, tmp_path / "samples"


def paging(change: Callable[[Page], Page]) -> Any:
    class Changed(Poller):
        async def poll(self, cursor: str | None, client: Any) -> Page:
            return change(await super().poll(cursor, client))

    return Changed()


def test_a_good_poller_meets_every_duty(polled):
    polling, samples = polled
    assert lapses(polling(Poller()), samples) == {}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda page: replace(page, cursor="9"), "cursor is '9', expected '10'"),
        (lambda page: replace(page, found=()), "found"),
        (lambda page: replace(page, more=False), "more is False"),
    ],
)
def test_a_poller_that_pages_otherwise_than_recorded_fails(polled, change, says):
    polling, samples = polled
    found = lapses(polling(paging(change)), samples)
    assert list(found) == ["is_polled_as_recorded"]
    assert says in found["is_polled_as_recorded"]


@pytest.mark.parametrize(("cursors", "says"), [(("9", "8"), "went back"), (("9", "9"), "")])
def test_a_cursor_never_goes_back(polled, cursors, says):
    polling, samples = polled
    path = samples / "poll" / "sales_order" / "two_pages.json"
    tree = json.loads(path.read_text())
    for page, exchange, cursor in zip(tree["pages"], tree["dialogue"], cursors, strict=True):
        page["cursor"], exchange["answer"]["body"]["last"] = cursor, int(cursor)
    path.write_text(json.dumps(tree))
    found = lapses(polling(Poller()), samples)
    assert says in found.get("is_polled_as_recorded", "")
    assert bool(found) == bool(says)


def test_a_cursor_that_stands_still_while_there_is_more_fails(polled):
    polling, samples = polled
    path = samples / "poll" / "sales_order" / "two_pages.json"
    tree = json.loads(path.read_text())
    tree["cursor"] = "9"
    tree["dialogue"][0]["ask"]["path"] = "/orders?after=9"
    path.write_text(json.dumps(tree))
    assert "stands still" in lapses(polling(Poller()), samples)["is_polled_as_recorded"]


@pytest.mark.parametrize(
    ("old", "new", "fine"),
    [
        ('["2026-11-22", 7]', '["2026-11-22", 8]', True),
        ('["2026-11-22", 7]', '["2026-11-21", 9]', False),
        ('{"orders": 7, "lines": 9}', '{"orders": 8, "lines": 9}', True),
        ('{"orders": 7, "lines": 9}', '{"orders": 8, "lines": 3}', False),
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:01Z", True),
        ("9", "10", True),
        ("9", "b", False),
    ],
)
def test_cursors_are_compared_part_by_part(old, new, fine):
    assert _not_before(old, new) is fine


class Trusting(Poller):
    async def poll(self, cursor: str | None, client: Any) -> Page:
        answer = await client.send("GET", f"/orders?after={cursor or 0}")
        if answer.status >= 400:
            return Page((), cursor or "0")  # as if there were nothing new
        return await super().poll(cursor, Bent(client, send=lambda *a, **k: _given(answer)))


async def _given(answer: Any) -> Any:
    return answer


def test_a_poller_that_takes_a_failure_for_nothing_new_fails(polled):
    polling, samples = polled
    found = lapses(polling(Trusting()), samples)
    assert list(found) == ["a_failing_poll_is_a_fault"]
    assert "taken for a page" in found["a_failing_poll_is_a_fault"]
