"""However many wait for one thing, all of them are looked at when it comes, and again when it comes once more."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.journal.contract import Overtaken, StoreDown
from crossdock.journal.tenure import Hold, News
from crossdock.message.states import MessageState
from crossdock.pipeline import waking
from crossdock.pipeline.waiters import Waiters
from crossdock.pipeline.waking import Waking


class _Desk:
    """Orders on the desk, every third of which is decided elsewhere."""

    def __init__(self, count: int) -> None:
        self.lacking = list(range(1, count + 1))
        self.told: list[int] = []
        self.asked = 0

    def messages_lacking_stock(self, _sku: str, limit: int, after: int) -> list[tuple[int, int]]:
        self.asked += 1
        return [(n, n % 3) for n in self.lacking if n > after][:limit]

    def tell(self, news: News) -> None:
        self.told += news.messages


def _waking(desk: _Desk) -> Waking:
    return Waking(cast("Any", SimpleNamespace(journal=desk, signals=desk)), Hold([1, 2]))


def _looked_at(waking: Waking, *, looks: int = 100) -> list[int]:
    found = list[int]()
    for _ in range(looks):
        found += [id_ for id_, _desk in waking.take()]
    return found


@pytest.mark.parametrize("bound", [1, 7, 10_000])
def test_all_who_lack_an_item_are_looked_at_when_stock_of_it_comes(monkeypatch: Any, bound: int):
    monkeypatch.setattr(waking, "AGAIN_MAX", bound)
    desk = _Desk(900)
    woken = _waking(desk)
    woken.stock_come("TEA-1")
    found = _looked_at(woken, looks=1_000)
    assert found == [n for n in desk.lacking if n % 3], "those beyond the first page could go, too"
    assert desk.told == [n for n in desk.lacking if not n % 3]
    assert not woken


def test_more_stock_that_comes_amid_it_wakes_all_of_them_once_more():
    desk = _Desk(900)
    woken = _waking(desk)
    woken.stock_come("TEA-1")
    found = _looked_at(woken, looks=2)
    for _ in range(50):
        woken.stock_come("TEA-1")  # as often as it may come: they are asked for once more, not fifty times
    assert desk.asked == 2
    found += _looked_at(woken)
    assert found == [n for n in desk.lacking if n % 3] * 2
    assert not woken


@pytest.mark.parametrize("desk", [False, True])
@pytest.mark.parametrize(
    ("error", "again"),
    [
        (Overtaken("another was faster"), True),
        (StoreDown("no disk"), True),
        (ValueError("a defect"), False),
        (None, False),
    ],
)
async def test_who_could_not_be_written_is_looked_at_once_more(
    error: Exception | None, again: bool, desk: bool
):
    message = SimpleNamespace(state=MessageState.DESK if desk else MessageState.WAITING, partition=1)
    context = cast(
        "Any", SimpleNamespace(journal=SimpleNamespace(message=lambda _id: message), signals=None, clock=None)
    )
    translator = SimpleNamespace(batch=lambda: None, again=lambda _message, _batch: None)
    hold, woken, forgotten = Hold([1]), Waking(context, Hold([1])), list[object]()

    async def commit(_batch: object) -> None:
        if error is not None:
            raise error

    waiters = Waiters(
        context, hold, cast("Any", translator), cast("Any", None), woken, decides=asyncio.Lock(), commit=commit,
        forget=forgotten.append,
    )  # fmt: skip
    await waiters.again(7, desk=desk)
    assert list(woken.take()) == ([(7, desk)] if again else [])
    assert len(forgotten) == (error is not None)
