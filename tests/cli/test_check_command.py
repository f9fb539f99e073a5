"""`crossdock check` with examples, and the schema of the charter, as a person types them."""

import json
import re
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


def test_a_system_that_sends_what_is_anothers_alone_is_noted_and_the_site_still_holds(tmp_path):
    site = copied(tmp_path)
    assert json.loads(said("check", "--site", str(site), "--json").stdout)["notes"] == []
    till = """  till:
    connector: http
    in:
      - {document: sales_order, id: orderNumber, map: mappings/shop-in.jsonata, optional: [notes]}

  wms:
"""
    charter = site / "charter.yaml"
    charter.write_text(charter.read_text("utf-8").replace("  wms:\n", till, 1), "utf-8")
    result = said("check", "--site", str(site))
    assert result.exit_code == 0
    assert "note: till sends sales_order, which objects.sales_order gives to shop alone" in result.stderr


def test_a_mapping_that_writes_what_the_model_has_not_is_noted_with_line_and_fix(tmp_path):
    site = copied(tmp_path)
    mapping = site / "mappings" / "shop-in.jsonata"
    text = (
        mapping.read_text("utf-8")
        .replace('"postcode"', '"postcod"')
        .replace('"extra": {', '"till": 1, "extra": {')
    )
    mapping.write_text(text, "utf-8")
    notes = json.loads(said("check", "--site", str(site), "--json").stdout)["notes"]
    lines = {name: text[: text.index(name)].count("\n") + 1 for name in ("postcod", "till")}
    refused = "is no field of sales_order, which is refused with it;"
    assert notes == [
        f"mappings/shop-in.jsonata:{lines['postcod']}: ship_to.postcod {refused} did you mean `postcode`?",
        f"mappings/shop-in.jsonata:{lines['till']}: till {refused} put it under `extra`",
    ]


def test_a_missing_secret_is_found_when_secrets_are_looked_for(tmp_path, monkeypatch):
    site = copied(tmp_path)
    charter = site / "charter.yaml"
    text = charter.read_text("utf-8")
    charter.write_text(text.replace("{type: none}", "{type: bearer, secret: WMS}"), "utf-8")
    monkeypatch.delenv("CROSSDOCK_SECRET_WMS", raising=False)
    assert said("check", "--site", str(site)).exit_code == 0
    missing = said("check", "--site", str(site), "--secrets")
    assert missing.exit_code == 1
    assert "the secret WMS is missing" in missing.stderr
    monkeypatch.setenv("CROSSDOCK_SECRET_WMS", "x")
    assert said("check", "--site", str(site), "--secrets").exit_code == 0


def with_a_blackout(folder: Path, *, system: str = "", home: str = "") -> str:
    """A copy of the first site whose warehouse is left alone by night."""
    charter = copied(folder) / "charter.yaml"
    of_the_site = f"  timezone: {home}\n" if home else ""
    text = re.sub(r"(?m)^  timezone: .*\n", of_the_site, charter.read_text("utf-8"))
    own = f"    timezone: {system}\n" if system else ""
    night = '    blackouts: [{every: day, from: "22:00", to: "06:00"}]\n'
    charter.write_text(re.sub(r"(?m)^  wms:\n", f"  wms:\n{own}{night}", text), "utf-8")
    return str(charter.parent)


def test_by_whose_clock_a_blackout_goes_is_said(tmp_path):
    asked = {
        ("Asia/Tokyo", "Europe/Paris"): "on the clock of Asia/Tokyo (its own timezone)",
        ("", "Europe/Paris"): "on the clock of Europe/Paris (the site's timezone",
        ("", ""): "on the clock of UTC (the site's timezone, and UTC where it names none)",
    }
    for number, ((system, home), says) in enumerate(asked.items()):
        (tmp_path / str(number)).mkdir()
        site = with_a_blackout(tmp_path / str(number), system=system, home=home)
        result = said("check", "--site", site)
        assert result.exit_code == 0, result.stderr
        assert f"wms: its blackouts are {says}" in result.stdout
    assert "blackouts" not in said("check", "--site", str(FIRST_SITE)).stdout
