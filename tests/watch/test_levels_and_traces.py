"""Service levels burn when documents are late, and are told once; traces are found by the number of the order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossdock.charter.watch import Level
from crossdock.control.watch import traces
from crossdock.control.watch.levels import PACES, WINDOWS_S, Standing
from crossdock.control.watch.traces import Tracer
from crossdock.faults import TryLater
from tests.journal.places import Place
from tests.watch.ears import Heard, ear
from tests.watch.stand import Stand, charter, order, shipment, stand, until

LEVEL = Level("order_release", 1.0, 0.99, ("sales_order",))


def _looks(hub: Stand) -> None:
    """Has the levels looked at with the next look, not only when it is time."""
    hub.app.watch._levels_s = float("-inf")


@pytest.mark.parametrize(
    ("misses", "total", "burning"),
    [
        (0, 100, None),
        (2, 2, None),  # two misses are no trend
        (3, 100, "slow"),
        (7, 100, "steady"),
        (20, 100, "fast"),
    ],
)
def test_the_pace_of_burning_follows_from_the_misses(misses: int, total: int, burning: str | None) -> None:
    counts = dict.fromkeys(WINDOWS_S, (total, total - misses))
    assert Standing(LEVEL, counts).burning == burning


def test_what_burnt_an_hour_ago_and_is_over_is_not_told() -> None:
    counts = dict.fromkeys(WINDOWS_S, (100, 50)) | {300: (100, 100), 1800: (100, 100), 21_600: (100, 100)}
    assert Standing(LEVEL, counts).burning is None
    still = counts | dict.fromkeys((300,), (100, 50))
    assert Standing(LEVEL, still).burning == "fast"
    assert {pace.name for pace in PACES} == {"fast", "steady", "slow"}


async def test_a_level_that_burns_is_told_once_over_a_restart(place: Place, tmp_path: Path) -> None:
    """Orders that their warehouse refuses to take at first are late; those that wait count as missed already."""
    async with ear() as out:
        out.answer = lambda heard: (503, b"") if heard.path.startswith("/wms") else (200, b"{}")
        watch: dict[str, Any] = {
            "levels": {"order_release": {"within_s": 0.01}},
            "alerts": {"ways": {"team": {"type": "chat", "url": f"{out.url}/team"}}},
        }
        tree = charter(out.url, watch)
        async with stand(tmp_path, tree, database=place.database) as hub:
            for n in range(4):
                await hub.send("shop", "sales_order", order(f"SO-{n}"))
            await until(lambda: _looks(hub) or out.at("/team"))
            (level,) = (await hub.get("/v1/watch"))["levels"]
            assert (level["burning"], level["stuck"]) == ("fast", 4)
        async with stand(tmp_path, tree, database=place.database) as hub:
            await until(lambda: hub.app.watch.standings)
            looked_s = hub.app.watch.looked_s
            await until(lambda: hub.app.watch.looked_s > looked_s)
            out.answer = lambda heard: (200, b"{}")

            async def late() -> bool:
                (level,) = (await hub.get("/v1/watch"))["levels"]
                return bool((level["total"], level["good"]) == (4, 0))

            await until(late)
        assert len(out.at("/team")) == 1
        assert "order_release is at risk" in out.at("/team")[0].json["text"]


async def test_a_trace_is_found_by_the_number_of_the_order(tmp_path: Path) -> None:
    async with ear() as out:
        async with stand(tmp_path, charter(out.url, {"traces": {"url": f"{out.url}/v1/traces"}})) as hub:
            await hub.send("shop", "sales_order", order("SO-1"))
            await until(lambda: out.at("/wms/sales_order"))
            await hub.send("wms", "shipment", shipment("SH-1", "SO-1"))
            await until(lambda: out.at("/erp/shipment"))
            await until(lambda: len(_spans(out.heard)) == 4)
        spans = _spans(out.heard)
        mine = [span for span in spans if _attribute(span, "crossdock.order") == "SO-1"]
        assert [span["name"] for span in mine] == [
            "sales_order from shop", "sales_order to wms", "shipment from wms", "shipment to erp",
        ]  # fmt: skip
        assert len({span["traceId"] for span in mine}) == 1
        assert mine[1]["parentSpanId"] == mine[0]["spanId"]
        for span in mine:
            assert len(span["traceId"]) == 32
            assert len(span["spanId"]) == 16
            assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])


async def test_without_a_collector_in_the_charter_nothing_is_made(tmp_path: Path) -> None:
    async with ear() as out, stand(tmp_path, charter(out.url, {})) as hub:
        await hub.send("shop", "sales_order", order("SO-1"))
        await until(lambda: out.at("/wms/sales_order"))
        assert hub.app.watch.tracer is None


def _spans(heard: list[Heard]) -> list[dict[str, Any]]:
    return [
        span
        for one in heard
        if one.path == "/v1/traces"
        for resource in one.json["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def _attribute(span: dict[str, Any], key: str) -> str | None:
    return next((one["value"]["stringValue"] for one in span["attributes"] if one["key"] == key), None)


async def test_spans_that_come_while_others_are_sent_are_neither_lost_nor_sent_twice(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(traces, "WAITING_MAX", 3)
    sent: list[int] = []
    came = iter(range(10))

    class Collector:
        status = 503

        async def send(self, method: str, path: str, *, body: bytes, headers: Any) -> Any:
            spans = json.loads(body)["resourceSpans"][0]["scopeSpans"][0]["spans"]
            tracer._waiting.extend({"n": n} for _, n in zip(range(2), came, strict=False))
            tracer.note((), {})
            if self.status == 200:
                sent.extend(one["n"] for one in spans)
            return self

    collector: Any = Collector()
    tracer = Tracer(collector, collector, site="demo", version="1")
    tracer._waiting.extend({"n": next(came)} for _ in range(3))
    with pytest.raises(TryLater):
        await tracer.flush()
    collector.status = 200
    await tracer.flush()
    assert sent == sorted(set(sent))
    assert tracer.sent + tracer.dropped == 10
    assert not tracer._waiting
