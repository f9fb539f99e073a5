"""What the hub exposes, and whether every figure of the dashboard and the rules is among it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from crossdock.charter.sheet import read_sheet
from crossdock.control.metrics import Gauge, Metrics
from crossdock.journal.sql.watched import Variance, variances
from crossdock.message.records import Entry
from crossdock.message.states import EntryKind
from crossdock.settings import Settings
from crossdock.stock.amount import PARTS
from tests.journal.places import Place
from tests.stories import stories
from tests.watch.ears import Heard, ear
from tests.watch.stand import charter, order, shipment, stand, until

ROOT = Path(__file__).resolve().parents[2]
_METRIC = re.compile(r"\bcrossdock_[a-z_0-9]+\b")
_SELECTED = re.compile(r"\b(crossdock_[a-z_0-9]+)\{([^}]*)\}")
_BY = re.compile(r"\bby \(([^)]*)\)")
_COUNTED = re.compile(r"\b(?:rate|increase)\((crossdock_[a-z_0-9]+)")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The metrics of a hub with everything turned on, after an order was shipped and another was refused."""
    return asyncio.run(_page(tmp_path_factory.mktemp("site")))


async def _page(site: Path) -> str:

    def answer(heard: Heard) -> tuple[int, bytes]:
        return (422, b"{}") if b"SO-2" in heard.body else (200, b"{}")

    async with ear(answer=answer) as out:
        watch: dict[str, Any] = {
            "expects": [{"system": "wms", "document": "inventory_balance", "every_s": 3600}],
            "levels": {"order_release": {"within_s": 30}},
            "beat": {"url": f"{out.url}/beat", "every_s": 0.2},
            "traces": {"url": f"{out.url}/v1/traces"},
            "alerts": {"ways": {"team": {"type": "chat", "url": f"{out.url}/team"}}},
        }
        tree = charter(out.url, watch)
        tree["stock"] = {"sites": {"AMS": {"system": "wms"}}, "channels": {"shop": {}}}
        async with stand(site, tree) as hub:
            await hub.send("wms", "inventory_balance", _balance())
            await hub.send("shop", "sales_order", order("SO-1"))
            await until(lambda: any(b"SO-1" in one.body for one in out.at("/wms/sales_order")))
            await hub.send("wms", "shipment", shipment("SH-1", "SO-1"))
            await hub.send("shop", "sales_order", order("SO-2"))
            await until(lambda: out.at("/team") and out.at("/beat") and out.at("/v1/traces"))

            hub.app.watch.variances = {"erp": Variance(1, 2.5)}

            async def shown() -> str | None:
                found = str(await hub.get("/metrics"))
                return found if 'deliveries_total{document="shipment",system="erp"}' in found else None

            return str(await until(shown))


def _balance() -> dict[str, Any]:
    moment = "2026-11-22T10:00:00Z"
    return {
        "sku": "TEA-1",
        "site": "AMS",
        "quantity": 50,
        "unit": "EA",
        "status": "available",
        "as_of": moment,
    }


def exposed(text: str) -> dict[str, tuple[str, set[str]]]:
    """Every series by name, with its type and its labels."""
    found: dict[str, tuple[str, set[str]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            kind, labels = found.setdefault(sample.name, (family.type, set()))
            labels.update(sample.labels)
            assert kind == family.type
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """Every query of the dashboard and every expression of the rules, with its title."""
    dashboard = json.loads((ROOT / "ops/grafana/crossdock.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    rules = (ROOT / "ops/prometheus/crossdock.rules.yml").read_text("utf-8")
    entry: Any = read_sheet(rules, "crossdock.rules.yml", [])
    assert entry is not None
    for group in entry.value["groups"].value:
        for rule in group.value["rules"].value:
            yield rule.value["alert"].value, rule.value["expr"].value


def lacking(expression: str, known: dict[str, tuple[str, set[str]]]) -> list[str]:
    """What an expression asks for that nobody exposes."""
    names = set(_METRIC.findall(expression))
    found = [name for name in names if name not in known]
    labels = [
        (name, re.findall(r"([a-z_]+)\s*[=!]~?=?", inside)) for name, inside in _SELECTED.findall(expression)
    ]
    found += [
        f"{name}{{{one}}}"
        for name, given in labels
        for one in given
        if name in known and one not in known[name][1]
    ]
    wanted = {one.strip() for inside in _BY.findall(expression) for one in inside.split(",")}
    found += [one for one in wanted if not any(one in known[name][1] for name in names if name in known)]
    kinds = {name: known[name][0] for name in _COUNTED.findall(expression) if name in known}
    return found + [
        f"{name} is a {kind}" for name, kind in kinds.items() if kind not in ("counter", "histogram")
    ]


def test_every_query_of_dashboard_and_rules_finds_what_it_asks_for(page: str) -> None:
    known = exposed(page)
    wrong = {
        (title, expression): gone
        for title, expression in expressions()
        if (gone := lacking(expression, known))
    }
    assert not wrong


def test_a_query_for_what_is_not_there_is_noticed(page: str) -> None:
    known = exposed(page)
    assert lacking("sum(crossdock_orders_total)", known) == ["crossdock_orders_total"]
    assert lacking('crossdock_backlog{site="x"}', known) == ["crossdock_backlog{site}"]
    assert lacking("rate(crossdock_backlog[5m])", known) == ["crossdock_backlog is a gauge"]


def test_names_units_and_types_are_those_of_prometheus(page: str) -> None:
    families = {f.name: f for f in text_string_to_metric_families(page) if f.name.startswith("crossdock_")}
    assert all(family.documentation for family in families.values())
    for name, family in families.items():
        if family.type == "histogram":
            assert name.endswith("_seconds"), name
        if family.type == "gauge":
            assert not name.endswith(("_total", "_count")), name


def test_the_figures_of_an_order_are_right(page: str) -> None:
    samples = {
        (s.name, tuple(sorted(s.labels.items()))): s.value
        for family in text_string_to_metric_families(page)
        for s in family.samples
    }
    wms = (("document", "sales_order"), ("system", "wms"))
    assert samples["crossdock_deliveries_total", wms] == 1
    assert samples["crossdock_delivery_failures_total", wms] == 1
    assert samples["crossdock_incidents_opened_total", (("type", "rejected"),)] == 1
    assert samples["crossdock_order_cycle_seconds_count", ()] == 1
    assert samples["crossdock_order_lines_shipped_total", ()] == 1
    assert samples["crossdock_order_lines_filled_total", ()] == 1


async def test_a_system_that_believes_other_stock_than_the_sites_own_varies(place: Place) -> None:
    async with stories(place.database) as told:
        changes = told.journal.changes()
        for hub, (system, sku, gross) in enumerate(
            [
                ("wms", "TEA-1", 5),
                ("erp", "TEA-1", 7),
                ("wms", "TEA-2", 3),
                ("erp", "TEA-2", 3),
                ("erp", "TEA-3", 1),
            ],
            900,
        ):
            belief = (
                hub,
                system,
                sku,
                "AMS",
                "available",
                None,
                None,
                None,
                None,
                "EA",
                gross * PARTS,
                None,
                1,
                1,
            )
            changes.entry(
                Entry(EntryKind.decided, says="told"),
                ("upsert_stock_belief", (*belief, gross * PARTS, 0, None, 0), None),
            )
        await told.journal.submit(changes)
        found = await told.journal.view(lambda c: variances(c, {"AMS": "wms"}))
    assert found == {"erp": Variance(items=2, units=3.0)}


@pytest.mark.parametrize("worker", ["2", ""])
def test_one_of_several_workers_says_which_counts_are_its_own(worker: str):
    metrics = Metrics(worker)
    metrics.received("shop", 202, 0.01)
    gauges = {
        "crossdock_commits_total": Gauge("Commits.", {"": 3}),
        "crossdock_incidents_open": Gauge("Open.", {"invalid": 1}, label="type"),
    }
    page = metrics.page(gauges).decode()
    found = {line for line in page.splitlines() if not line.startswith("#")}
    assert any(
        line.startswith("crossdock_intake_requests_total{") and ('worker="2"' in line) == bool(worker)
        for line in found
    )
    assert ('crossdock_commits_total{worker="2"} 3.0' if worker else "crossdock_commits_total 3.0") in found
    assert 'crossdock_incidents_open{type="invalid"} 1.0' in found, "what is the site's is nobody's own"
    assert any(
        "crossdock_intake_seconds_bucket{" in line and ('worker="2"' in line) == bool(worker)
        for line in found
    )


def test_only_who_shares_an_address_has_a_number_of_its_own():
    alone = Settings(site=ROOT, host_id="eu/7")
    assert alone.worker == ""
    assert replace(alone, shares_port=True).worker == "7"
