"""`crossdock check` with examples, and the schema of the charter, as a person types them."""

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from crossdock.cli.main import app

FIRST_SITE = Path(__file__).resolve().parents[2] / "examples" / "first-site"
EXAMPLES = "examples/wms-out.yaml"
SAYS = "cases are counted in pieces, single pieces stay as they are"


def said(*words: str):
    return CliRunner().invoke(app, list(words))


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(FIRST_SITE, folder / "site"))


def test_the_examples_of_the_first_site_hold():
    assert said("check", "--site", str(FIRST_SITE), "--examples").exit_code == 0


def test_an_example_that_does_not_hold_is_told_with_its_line(tmp_path):
    site = copied(tmp_path)
    text = (site / EXAMPLES).read_text("utf-8")
    (site / EXAMPLES).write_text(text.replace("quantity: 24}", "quantity: 25}"), "utf-8")
    line = text[: text.index(SAYS)].count("\n")
    result = said("check", "--site", str(site), "--examples")
    assert result.exit_code == 1
    assert f"{EXAMPLES}:{line}: {SAYS}: " in result.stderr
    assert "order_lines[0].quantity: expected 25, made 24" in result.stderr
    assert "the examples do not hold" in result.stderr
    assert said("check", "--site", str(site)).exit_code == 0


def test_to_ask_for_examples_where_there_are_none_is_told(tmp_path):
    site = copied(tmp_path)
    shutil.rmtree(site / "examples")
    result = said("check", "--site", str(site), "--examples")
    assert (result.exit_code, "there are no examples" in result.stderr) == (1, True)


def test_differences_come_as_json_too(tmp_path):
    site = copied(tmp_path)
    first, mark, rest = (site / EXAMPLES).read_text("utf-8").partition("carrier_service: AIR")
    assert mark
    (site / EXAMPLES).write_text(f"{first}carrier_service: ROAD{rest}", "utf-8")
    answer = json.loads(said("check", "--site", str(site), "--examples", "--json").stdout)
    assert answer["ok"] is False
    differs = [problem["says"].rpartition(": ")[2] for problem in answer["problems"]]
    assert differs == ['expected "ROAD", made "AIR"']


def test_the_schema_of_the_charter_knows_the_connectors_of_the_site():
    schema = json.loads(said("charter", "schema", "--site", str(FIRST_SITE)).stdout)
    kinds = schema["$defs"]["system"]["properties"]["connector"]["enum"]
    assert {"http", "warehouse", "tryton"} <= set(kinds)
