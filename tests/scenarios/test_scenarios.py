"""The language, its mistakes, and a quick part of the stories; all of them run with `make scenarios`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossdock.cli.main import app
from crossdock.model.lifecycle.tables import TABLES
from crossdock.scenario.run import gathered, run_one
from tests.scenarios import cuts, matrix, mutate

ROOT = Path(__file__).resolve().parents[2]
STORY = """\
scenario: An order ships
given: {items: {TEA-1: {price: 9.50}}, stock: [AMS TEA-1 10]}
when:
  - shop orders: {number: SO-1, lines: [2 TEA-1]}
  - wms works: 6
then:
  orders: {SO-1: {state: shipped}}
  stock: {wms: {AMS TEA-1: 8}, erp: {AMS TEA-1: 8}, hub: {AMS TEA-1: 8}}
  money: {erp: {receivable: 19.00}, shop: {captured: 19}}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "story.yaml"
    path.write_text(text)
    return path


def ran(path: Path, *more: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["twin", "scenario", "run", str(path), "--jobs", "1", *more])
    return result.exit_code, result.output + (result.stderr if result.stderr_bytes else "")


def test_a_story_holds_and_its_result_is_counted(tmp_path: Path) -> None:
    status, text = ran(written(tmp_path, STORY), "--json")
    told = json.loads(text)
    assert (status, told["ok"], told["scenarios"], told["outcomes"]) == (0, True, 1, 1)


@pytest.mark.parametrize(
    ("true", "false", "says"),
    [
        ("state: shipped", "state: packed", 'orders.SO-1.state: expected "packed", seen "shipped"'),
        ("wms: {AMS TEA-1: 8}", "wms: {AMS TEA-1: 9}", "stock.wms.AMS TEA-1.available: expected 9, seen 8"),
        ("receivable: 19.00", "receivable: 18", "money.erp.receivable: expected 18, seen 19"),
        ("  money:", "  told: {erp: []}\n  money:", 'told.erp: expected [], seen ["sales_order SO-1"'),
        ("  money:", "  incidents: [overdue]\n  money:", 'incidents: expected 1 (["overdue"]), seen 0'),
        ("2 TEA-1]", "20 TEA-1]", "incidents: expected 0 ([]), seen 1"),
    ],
)
def test_what_differs_is_told_with_both_sides(tmp_path: Path, true: str, false: str, says: str) -> None:
    status, text = ran(written(tmp_path, STORY.replace(true, false)))
    assert (status, says in text) == (1, True), text


@pytest.mark.parametrize(
    ("true", "false", "line", "says"),
    [
        ("  - wms works: 6", "  - wms wroks: 6", 5, "write works"),
        ("  - wms works: 6", "  - vms works: 6", 5, "write wms"),
        ("then:", "than:", 6, "write then"),
        ("  money:", "  mony:", 9, "write money"),
        ("lines: [2 TEA-1]", "lines: [two teas]", 4, "QUANTITY SKU"),
        ("number: SO-1, ", "", 4, "this key is missing"),
        ("[AMS TEA-1 10]", "[AMS TEA-1 ten]", 2, "write SITE SKU QUANTITY"),
        ("  - wms works: 6", "  - wms works: 6\n    at: soon", 5, "write it like 90s"),
        ("state: shipped", "state: shiped", 7, "write shipped"),
        ("{state: shipped}", "{stat: shipped}", 7, "write state"),
        ("state: shipped", "state: [shipped]", 7, "one word, not a list"),
        ("{SO-1: {state: shipped}}", "[SO-1]", 7, "this must be a mapping, not a list"),
        ("  stock: {wms", "  stock: {wmz", 8, "write wms"),
        ("  money: {erp: {receivable", "  money: {epr: {receivable", 9, "write erp"),
        ("  money:", "  incidents: [overdeu]\n  money:", 9, "write overdue"),
        ("  money:", "  incidents: [{typ: overdue}]\n  money:", 9, "write type"),
        ("scenario: An order ships", "use: nowhere.yaml\nscenario: x", 1, "there is no file nowhere.yaml"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_write(
    tmp_path: Path, true: str, false: str, line: int, says: str
) -> None:
    _, problems = gathered([written(tmp_path, STORY.replace(true, false))])
    assert any(one.line == line and says in str(one) for one in problems), problems


def test_a_file_with_mistakes_runs_nothing(tmp_path: Path) -> None:
    status, text = ran(written(tmp_path, STORY.replace("then:", "than:")))
    assert (status, "story.yaml:6" in text) == (2, True), text


def test_a_row_without_a_word_is_a_mistake(tmp_path: Path) -> None:
    text = STORY.replace("2 TEA-1]", "$many TEA-1]") + "rows:\n  - {many: 2}\n  - {few: 2}\n"
    _, problems = gathered([written(tmp_path, text)])
    assert ["$many is no word of this row" in one.says for one in problems] == [True], problems


def test_a_step_that_cannot_be_done_fails_with_its_line(tmp_path: Path) -> None:
    status, text = ran(written(tmp_path, STORY.replace("wms works: 6", "carrier delivers: SO-9")))
    assert (status, "story.yaml:5" in text, "unknown_shipment" in text) == (1, True, True), text


def test_two_runs_end_the_same(tmp_path: Path) -> None:
    (scenario,), _ = gathered([written(tmp_path, STORY)])
    assert run_one(scenario).outcome == run_one(scenario).outcome


def test_the_matrix_on_disk_is_the_one_that_the_script_writes() -> None:
    assert matrix.FILE.read_text() == matrix.text()


def test_every_pair_of_words_of_the_matrix_meets() -> None:
    rows = list(matrix.rows())
    assert len(rows) >= 300
    met = {(a, b) for row in rows for a in enumerate(row) for b in enumerate(row) if a < b}
    for fault in matrix.FAULTS:
        for place, words in ((2, matrix.SITES), (3, tuple(matrix.CHANNELS))):
            assert all(((place, word), (5, fault)) in met for word in words), fault


def test_a_quick_part_of_the_stories_holds() -> None:
    scenarios, problems = gathered([ROOT / "scenarios"])
    assert not problems
    assert len(scenarios) > 400
    red = [one for one in map(run_one, scenarios[::61]) if not one.holds]
    assert not red


def test_without_a_row_of_a_table_a_story_turns_red() -> None:
    scenarios, _ = gathered([ROOT / "scenarios" / "lifecycle"])
    story = next(one for one in scenarios if one.name == "An order ships and is charged")
    (cut,) = (one for one in cuts.rows() if one.what == "fulfilment: shipped -delivered-> delivered")
    before = TABLES.fulfilment
    assert run_one(story).holds
    assert mutate.noticed(cut, [story]) is not None
    assert TABLES.fulfilment == before
