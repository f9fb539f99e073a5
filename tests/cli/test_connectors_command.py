"""What `crossdock connectors` shows and writes."""

import json

import pytest
from typer.testing import CliRunner

from crossdock.cli.connectors import app


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CROSSDOCK_SITE", raising=False)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_the_list_names_every_connector_with_its_documents(run):
    shown = run("list", "--json")
    assert shown.exit_code == 0
    by_kind = {one["kind"]: one for one in json.loads(shown.stdout)["connectors"]}
    assert {"http", "tryton", "warehouse"} <= set(by_kind)
    assert by_kind["http"]["gives"] == []
    assert by_kind["warehouse"]["takes"]
    told = run("list").stdout
    assert "as its flows say" in told
    assert by_kind["http"]["from"] not in told, "where its code lies is for programs"


def test_a_new_connector_stands_here_or_in_the_site_and_is_then_listed(run, tmp_path):
    assert run("new", "acme").exit_code == 0
    assert (tmp_path / "acme" / "crossdock_acme" / "connector.py").exists()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "charter.yaml").write_text("crossdock: 1\n", "utf-8")
    made = run("new", "acme_shop", "--site", "site")
    assert made.exit_code == 0
    assert "README.md" in made.stdout
    assert run("list", "--site", "site").stderr == ""
    listed = json.loads(run("list", "--json", "--site", "site").stdout)
    assert "acme_shop" in [one["kind"] for one in listed["connectors"]]
    assert "acme_shop  this site's own" in run("list", "--site", "site").stdout


def test_a_name_that_would_not_work_is_wrong_use_with_a_hint(run, tmp_path):
    refused = run("new", "warehouse")
    assert refused.exit_code == 2
    assert "installed already; take a name" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_broken_connector_of_the_site_exits_with_one_and_its_place(run, tmp_path):
    (tmp_path / "site" / "connectors" / "notes").mkdir(parents=True)
    refused = run("list", "--site", "site")
    assert refused.exit_code == 1
    assert "notes" in refused.stderr
