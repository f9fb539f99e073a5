"""The main job with a real ERP: what `make demo` runs, smaller, and the judgement that it ends with."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from demo import report
from demo.comparison import Verdict, compare
from demo.goods import GoodsRecords, GoodsRow
from demo.screen import Screen
from demo.stage import Stage
from demo.story import Outcome, Story
from demo.tryton.sales import MoveRecord, SaleRecord, ShipmentRecord

# -- the whole way ---------------------------------------------------------------


class Run:
    """One small demo that has ended, and what it printed."""

    def __init__(self, stage: Stage, outcome: Outcome, said: str) -> None:
        self.stage = stage
        self.outcome = outcome
        self.said = said


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    out = StringIO()
    screen = Screen(Console(file=out, width=100, highlight=False))
    home: Path = tmp_path_factory.mktemp("demo") / "home"
    with Stage(screen, home=home) as stage:
        outcome = Story(stage, sales=6, cancelled=1).run()
        report.figures(screen, outcome)
        report.records(screen, outcome.verdict)
        report.goods(screen, outcome.goods)
        report.story(screen, stage, outcome.interesting or "")
        report.ending(screen, outcome)
        yield Run(stage, outcome, out.getvalue())


@pytest.mark.tryton
@pytest.mark.slow
def test_nothing_is_lost_or_twice_between_a_real_erp_and_a_faulty_warehouse(run: Run) -> None:
    verdict = run.outcome.verdict
    assert (verdict.lost, verdict.twice, verdict.out_of_order) == ([], [], [])
    assert [row for row in verdict.rows if not row.fine] == []
    assert run.outcome.fine, run.said


@pytest.mark.tryton
@pytest.mark.slow
def test_the_erp_shows_shipments_lots_tracking_and_backorders(run: Run) -> None:
    rows = run.outcome.verdict.rows
    shipped = [row for row in rows if row.here]
    assert shipped
    assert all(tracking for row in shipped for _, tracking in row.parcels_here)
    assert {lot for row in shipped if row.sku == "HON-0350" for lot, _ in row.parcels_here} >= {"H2611-A"}
    short = [row for row in rows if row.rest]
    assert short
    backorders = {row.rest.partition(" ")[0] for row in short}
    assert any(row.release in backorders and row.here for row in rows), (
        "a back-order shipped when goods came in"
    )


@pytest.mark.tryton
@pytest.mark.slow
def test_a_sale_cancelled_in_time_is_cancelled_there_and_one_too_late_is_on_the_desk(run: Run) -> None:
    outcome = run.outcome
    assert {row.says for row in outcome.verdict.rows if row.release in outcome.cancelled} == {
        "both cancelled it"
    }
    late = [one for one in outcome.incidents if one["object"] == "warehouse_order_cancel"]
    assert [one["number"] for one in late] == [outcome.late]
    assert all(one["fix"] and one["owner"] for one in outcome.incidents)


@pytest.mark.tryton
@pytest.mark.slow
def test_the_faults_struck_and_the_story_is_told_from_the_erp_to_the_warehouse_and_back(run: Run) -> None:
    struck = {name for name in run.outcome.warehouse["requests"] if name.startswith("fault:")}
    assert len(struck) >= 3
    assert f"sales order {run.outcome.interesting}" in run.said
    for who in ("erp", "wms", "hub"):
        assert f"  {who}  " in run.said
    assert max(map(len, run.said.splitlines())) <= 100


@pytest.mark.tryton
@pytest.mark.slow
def test_a_purchase_a_return_and_a_count_stand_in_the_erps_own_books(run: Run) -> None:
    goods = run.outcome.goods
    assert {row.what for row in goods.rows} == {"purchase", "return", "count"}
    assert [row for row in goods.rows if not row.agrees] == []
    assert goods.purchase_state == "received", "the piece that never came is not expected any more"
    places = {(row.what, row.place) for row in goods.rows}
    assert places >= {("purchase", "Quarantine"), ("return", "Scrap"), ("return", "Storage Zone")}
    assert {row.lot for row in goods.rows if row.sku == "HON-0350"} == {"H2612-C"}


def test_goods_that_differ_are_seen() -> None:
    agreeing = GoodsRow("purchase", "PO-1", "GR-1", "TEA-0250", "", "Storage Zone", Decimal(3), Decimal(3))
    lost = GoodsRow("purchase", "PO-1", "GR-2", "TEA-0250", "", "Storage Zone", Decimal(3), Decimal(0))
    assert GoodsRecords((agreeing,), "received").fine
    assert not GoodsRecords((agreeing, lost), "received").fine
    assert not GoodsRecords((agreeing,), "partially shipped").fine


# -- the judgement -----------------------------------------------------------------


def a_sale(**changed: Any) -> SaleRecord:
    """Ten asked for, six left, four on a back-order that waits."""
    left = MoveRecord("7", "TEA-0250", Decimal(6), "u", "L-1", "TRK-1")
    rest = MoveRecord("7", "TEA-0250", Decimal(4), "u", None, None)
    first = {"number": "OUT-1", "state": "done", "reference": "SH-1", "moves": (left,), **changed}
    return SaleRecord(
        1, "SO-1", "processing", "partially shipped", ((7, "TEA-0250", Decimal(10), "u"),),
        (
            ShipmentRecord(1, tracking="TRK-1", packages=("TRK-1",), **first),
            ShipmentRecord(2, "OUT-2", "waiting", None, None, (), (rest,)),
        ),
    )  # fmt: skip


def a_warehouse() -> dict[str, Any]:
    """The same, as the warehouse tells it."""

    def line(quantity: int) -> dict[str, Any]:
        return {"line": "7", "sku": "TEA-0250", "quantity": quantity, "unit": "EA"}

    package = {"tracking": "TRK-1", "lines": [line(6) | {"lot": "L-1"}]}
    return {
        "orders": [
            {
                "number": "OUT-1",
                "status": "shipped",
                "asked": {"lines": [line(10)]},
                "shipments": [{"number": "SH-1", "packages": [package]}],
            },
            {"number": "OUT-2", "status": "acknowledged", "asked": {"lines": [line(4)]}, "shipments": []},
        ],
        "effects": [
            {"effect": 1, "kind": "order_created", "number": "OUT-1"},
            {"effect": 2, "kind": "order_created", "number": "OUT-2"},
        ],
    }


def judged(warehouse: dict[str, Any], *, desk: Any = (), **changed: Any) -> Verdict:
    return compare([a_sale(**changed)], warehouse, desk)


def test_a_short_shipment_with_its_backorder_agrees() -> None:
    verdict = judged(a_warehouse())
    assert verdict.fine
    assert [(row.there, row.here, row.rest, row.says) for row in verdict.rows] == [
        (6, 6, "OUT-2 4", "short, rest on OUT-2"),
        (0, 0, "", "both wait for stock"),
    ]


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ({"quantity": Decimal(5)}, "other quantities"),
        ({"lot": "L-2"}, "other lots"),
        ({"tracking": "TRK-2"}, "other tracking numbers"),
    ],
)
def test_a_difference_of_quantity_lot_or_tracking_is_seen(what: dict[str, Any], says: str) -> None:
    move = {
        "line": "7",
        "sku": "TEA-0250",
        "quantity": Decimal(6),
        "unit": "u",
        "lot": "L-1",
        "tracking": "TRK-1",
    }
    verdict = judged(a_warehouse(), moves=(MoveRecord(**move | what),))
    assert (verdict.fine, verdict.rows[0].says) == (False, says)


def test_what_is_missing_and_on_no_backorder_is_seen() -> None:
    warehouse = a_warehouse()
    warehouse["orders"][1]["asked"]["lines"][0]["quantity"] = 3
    assert "4 missing, 3 on back-order" in judged(warehouse).rows[0].says


def test_a_release_that_never_came_and_a_shipment_that_was_never_booked_are_lost() -> None:
    warehouse = a_warehouse()
    del warehouse["orders"][1]
    assert judged(warehouse).lost == ["OUT-2 never reached the warehouse"]
    open_ = judged(a_warehouse(), state="waiting", reference=None)
    assert open_.lost == ["SH-1 of OUT-1 left and is not booked in the ERP"]
    assert not open_.fine


def test_a_shipment_on_the_desk_is_not_lost_and_says_why_it_differs() -> None:
    desk = [{"object": "shipment", "number": "SH-1", "id": "i9"}]
    verdict = judged(a_warehouse(), desk=desk, state="cancelled", reference=None)
    assert verdict.fine
    assert (verdict.rows[0].says, verdict.rows[0].incident) == ("cancelled too late", "i9")


def test_an_order_that_was_made_twice_is_seen() -> None:
    warehouse = a_warehouse()
    warehouse["effects"].append(copy.copy(warehouse["effects"][0]) | {"effect": 3})
    assert judged(warehouse).twice == ["order_created OUT-1 2 times in the warehouse"]


def test_a_line_that_left_twice_is_seen() -> None:
    twice = (MoveRecord("7", "TEA-0250", Decimal(12), "u", "L-1", "TRK-1"),)
    assert judged(a_warehouse(), moves=twice).twice == ["12 of 10 pieces of SO-1 line 7 left"]


def test_releases_that_changed_places_are_seen() -> None:
    warehouse = a_warehouse()
    warehouse["effects"][0]["effect"] = 3
    assert judged(warehouse).out_of_order == ["the releases of SO-1 came as OUT-2, OUT-1"]


@pytest.mark.tryton
@pytest.mark.slow
def test_what_the_readme_shows_is_what_the_demo_prints(run: Run) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    counts, rows, goods = re.findall(r"```text\n(.*?)```", readme, re.DOTALL)[:3]
    labels = [re.split(r"\s{2,}", line)[0] for line in counts.splitlines()]
    heads = {re.sub(r"\s+", " ", line).strip() for line in run.said.splitlines()}
    assert [label for label in labels if f"\n{label}  " not in run.said] == []
    assert re.sub(r"\s+", " ", rows.splitlines()[1]).strip() in heads
    assert re.sub(r"\s+", " ", goods.splitlines()[0]).strip() in heads
