"""`crossdock check` with examples, and the schema of the charter, as a person types them."""

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner

from crossdock.cli.main import app

FIRST_SITE = Path(__file__).resolve().parents[2] / "examples" / "first-site"
EXAMPLES = "examples/orders.yaml"
SAYS = "the warehouse counts in pieces"


def said(*words: str):
    return CliRunner().invoke(app, list(words))


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(FIRST_SITE, folder / "site"))


def test_the_examples_of_the_first_site_hold():
    assert said("check", "--site", str(FIRST_SITE), "--examples").exit_code == 0


def with_a_wrong_example(folder: Path) -> tuple[str, int]:
    """A copy of the first site where an example expects too much, and the example's line."""
    site = copied(folder)
    text = (site / EXAMPLES).read_text("utf-8")
    (site / EXAMPLES).write_text(text.replace("quantity: 24}", "quantity: 25}"), "utf-8")
    return str(site), text[: text.index(SAYS)].count("\n")


def test_an_example_that_does_not_hold_is_told_with_its_line(tmp_path):
    site, line = with_a_wrong_example(tmp_path)
    result = said("check", "--site", site, "--examples")
    assert result.exit_code == 1
    assert f"{EXAMPLES}:{line}: " in result.stderr
    assert "order_lines[0].quantity: expected 25, made 24" in result.stderr
    assert said("check", "--site", site).exit_code == 0


def test_differences_come_as_json_too(tmp_path):
    site, line = with_a_wrong_example(tmp_path)
    answer = json.loads(said("check", "--site", site, "--examples", "--json").stdout)
    assert (answer["ok"], answer["problems"]) == (False, [])
    differing = [one for one in answer["examples"] if not one["ok"]]
    assert [(one["line"], one["differs"]) for one in differing] == [
        (line, ["order_lines[0].quantity: expected 25, made 24"])
    ]


def test_the_schema_of_the_charter_knows_the_connectors_of_the_site():
    schema = json.loads(said("charter", "schema", "--site", str(FIRST_SITE)).stdout)
    kinds = schema["$defs"]["system"]["properties"]["connector"]["enum"]
    assert {"http", "warehouse", "tryton"} <= set(kinds)
