"""What the warehouse reports, step by step into a shipment of Tryton."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from crossdock.connectors.tryton import connector
from crossdock.connectors.tryton.wire import dumped, method_of
from crossdock.faults import Fault, Invalid, Rejected
from crossdock.kit.connector import Answer, Ask, Done, Exchange, Job
from crossdock.kit.samples import Sample, Samples

SAMPLES = Samples(Path(connector.__file__).parent / "samples")
WRITER = connector.CONNECTOR.writer("shipment", SAMPLES.tools())
Rows = list[dict[str, Any]]


@pytest.fixture
def sample() -> Sample:
    """The recorded shipment: 3 of 5 jars from one lot, none of the tea, one package."""
    return SAMPLES.one("out", "shipment", "short-with-a-lot")


def looks(sample: Sample) -> Rows:
    """The recorded looks at the shipment, in order."""
    return [
        exchange["answer"]["body"]["result"][0]
        for exchange in sample.tree["dialogue"]
        if exchange["ask"]["body"]["method"] == "model.stock.shipment.out.search_read"
    ]


def after(job: Job, look: dict[str, Any] | None) -> Ask | Done:
    """The step that follows from one look."""
    ask = WRITER.step(job, ())
    assert isinstance(ask, Ask)
    body = dumped({"id": 1, "result": [] if look is None else [look]})
    return WRITER.step(job, [Exchange(ask, Answer(200, body))])


def button(step: Ask | Done) -> str:
    assert isinstance(step, Ask)
    return method_of(step).rpartition(".")[2]


def test_each_state_has_its_next_step(sample: Sample) -> None:
    waiting, assigned, picked, done = looks(sample)
    packed_in = picked | {"packages": [1], "shipping_reference": "TRK-100", "reference": sample.job().number}
    steps = {
        "waiting": waiting, "assigned": assigned, "picked": picked, "picked and packed in": packed_in,
        "packed": packed_in | {"state": "packed"}, "shipped": packed_in | {"state": "shipped"},
    }  # fmt: skip
    assert {name: button(after(sample.job(), look)) for name, look in steps.items()} == {
        "waiting": "search_read",  # the lots, before anything is written
        "assigned": "pick",
        "picked": "search_read",  # the type of package
        "picked and packed in": "pack",
        "packed": "do",
        "shipped": "do",
    }
    assert button(after(sample.job(), assigned | {"state": "waiting"})) == "assign_try"
    assert after(sample.job(), done) == Done(str(done["id"]), f"{done['number']} is done")


def test_assigned_moves_are_opened_before_their_quantities_change(sample: Sample) -> None:
    waiting, *_ = looks(sample)
    look = deepcopy(waiting) | {"state": "assigned"}
    for move in look["inventory_moves."]:
        move["state"] = "assigned"
    assert button(after(sample.job(), look)) == "wait"


def test_a_shipment_that_another_closed_with_the_same_goods_is_done(sample: Sample) -> None:
    done = deepcopy(looks(sample)[-1])
    assert isinstance(after(sample.job(), done | {"reference": "by hand"}), Done)


def _without_the_honey(tree: dict[str, Any]) -> None:
    tree["lines"][0]["line"] = "99"


def _another_item(tree: dict[str, Any]) -> None:
    tree["lines"][0]["sku"] = "TEA-0500"


def _a_strange_unit(tree: dict[str, Any]) -> None:
    tree["lines"][0]["unit"] = "KG"


def _no_lot(tree: dict[str, Any]) -> None:
    del tree["lines"][0]["lot"]


def _more_to_come(tree: dict[str, Any]) -> None:
    tree["complete"] = False


@pytest.mark.parametrize(
    ("spoil", "fault", "path"),
    [
        (_without_the_honey, Rejected, "lines[0].line"),
        (_another_item, Rejected, "lines[0].sku"),
        (_a_strange_unit, Invalid, "lines[0].unit"),
        (_no_lot, Invalid, "lines[0].lot"),
        (_more_to_come, Rejected, "complete"),
    ],
)
def test_what_does_not_fit_the_release_is_named(
    sample: Sample, spoil: Callable[[dict[str, Any]], None], fault: type[Fault], path: str
) -> None:
    job = sample.job()
    spoil(job.tree)
    with pytest.raises(Fault) as raised:
        after(job, looks(sample)[0])
    assert (type(raised.value), raised.value.path) == (fault, path)


@pytest.mark.parametrize("state", ["draft", "cancelled"])
def test_goods_that_tryton_does_not_expect_go_to_a_person(sample: Sample, state: str) -> None:
    with pytest.raises(Rejected, match=f"is {state} in Tryton"):
        after(sample.job(), looks(sample)[0] | {"state": state})


def test_other_quantities_in_a_closed_shipment_are_told_with_both_figures(sample: Sample) -> None:
    done = deepcopy(looks(sample)[-1])
    done["outgoing_moves."][0]["quantity"] = 5.0
    with pytest.raises(Rejected, match="HON-0350 lot H2611-A 5, here 3"):
        after(sample.job(), done)
    found = Answer(200, dumped({"id": 1, "result": [done]}))
    assert WRITER.found(sample.job(), found) is None


def test_a_number_that_tryton_does_not_know_is_refused(sample: Sample) -> None:
    with pytest.raises(Rejected, match="has no shipment"):
        after(sample.job(), None)


def test_a_warehouse_without_an_output_zone_is_refused_in_words(sample: Sample) -> None:
    with pytest.raises(Rejected, match="ships from storage"):
        after(sample.job(), looks(sample)[0] | {"inventory_moves.": []})


def test_what_a_person_wrote_as_reference_stays(sample: Sample) -> None:
    packed_in = deepcopy(looks(sample)[2]) | {"packages": [1], "shipping_reference": "TRK-100"}
    packed_in["reference"] = "call before delivery"
    assert button(after(sample.job(), packed_in)) == "pack"
    assert button(after(sample.job(), packed_in | {"reference": None})) == "write"


def test_a_move_in_two_packages_is_split_first(sample: Sample) -> None:
    job = sample.job()
    line = job.tree["packages"][0]["lines"][0]
    job.tree["packages"] = [{"tracking": f"T{n}", "lines": [line | {"quantity": n}]} for n in (1, 2)]
    step = after(job, looks(sample)[2])
    assert isinstance(step, Ask)
    written = json.loads(step.body)["params"][1]["outgoing_moves"]
    honey = next(move for move in looks(sample)[2]["outgoing_moves."] if move["quantity"])
    assert written == [
        ["write", [honey["id"]], {"quantity": 1.0}],
        ["copy", [honey["id"]], {"quantity": 2.0}],
    ]
