"""A newcomer's first commands: what they print, and what they say when something is wrong."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main
from typer.testing import CliRunner

from crossdock.cli import start, terminal
from crossdock.cli.main import app
from crossdock.cli.terminal import Group
from tests.cli.console import crossdock


def test_a_new_site_passes_its_check(site: Path) -> None:
    said = crossdock("check", "--site", site)
    assert (said.code, said.err) == (0, "")
    assert "all is well: 2 systems, 2 flows" in said.out


def test_a_new_site_says_what_to_do_next(tmp_path: Path) -> None:
    said = crossdock("init", tmp_path / "acme")
    assert f"crossdock up --site {tmp_path / 'acme'}" in said.out
    assert "crossdock people add" in said.out, "the console is not found by itself"
    assert 'name: "acme"' in (tmp_path / "acme" / "charter.yaml").read_text("utf-8")
    assert "](../" not in (tmp_path / "acme" / "README.md").read_text("utf-8")
    assert "data/" in (tmp_path / "acme" / ".gitignore").read_text("utf-8")


def test_a_new_site_overwrites_nothing(site: Path) -> None:
    before = (site / "charter.yaml").read_text("utf-8")
    said = crossdock("init", site)
    assert said.code == 2
    assert "is there already" in said.err
    assert (site / "charter.yaml").read_text("utf-8") == before


def test_every_mistake_is_told_with_file_line_and_what_to_write(site: Path) -> None:
    charter = site / "charter.yaml"
    text = charter.read_text("utf-8").replace("readers", "raeders").replace("on_unclear", "on_uncler")
    charter.write_text(text, "utf-8")
    said = crossdock("check", "--site", site)
    line = 1 + text[: text.index("raeders")].count("\n")
    assert said.code == 1
    assert f"charter.yaml:{line}: " in said.err
    assert "readers" in said.err
    assert "on_unclear" in said.err
    assert "things are wrong" in said.err
    told = crossdock("check", "--site", site, "--json")
    assert told.code == 1
    assert told.tree["ok"] is False
    assert line in [problem["line"] for problem in told.tree["problems"]]
    assert all(problem["says"] for problem in told.tree["problems"])


def test_an_example_that_does_not_hold_is_told_with_the_difference(site: Path) -> None:
    (site / "examples").mkdir(exist_ok=True)
    (site / "examples" / "planted.yaml").write_text(
        "- mapping: mappings/shop-in.jsonata\n"
        "  says: nobody ships by bike\n"
        "  given: {orderNumber: A, shipMethod: BIKE}\n"
        "  fails: unmapped_code\n"
        "- mapping: mappings/shop-in.jsonata\n"
        "  says: a wish\n"
        "  given: {orderNumber: A, shipMethod: BIKE}\n"
        "  expect: {number: A}\n",
        "utf-8",
    )
    said = crossdock("check", "--site", site, "--examples")
    assert said.code == 1
    assert "examples/planted.yaml:5: mappings/shop-in.jsonata does not hold: a wish" in said.err
    assert "nobody ships by bike" not in said.err
    told = crossdock("check", "--site", site, "--examples", "--json").tree
    planted = [one for one in told["examples"] if one["file"] == "examples/planted.yaml"]
    assert [one["ok"] for one in planted] == [True, False]
    assert crossdock("check", "--site", site).code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["keys", "creat"], "create"),
        (["keys", "create"], "say whose key it is"),
        (["keys", "create", "shup"], "did you mean shop?"),
        (["keys", "create", "--role", "boss"], "observer"),
        (["up", "--workers", "3"], "3 workers need PostgreSQL"),
        (["up", "--database", "mysql://db/hub"], "no kind of database"),
        (["twin", "up", "warehouse", "--key-env", "NO_SUCH_KEY"], "NO_SUCH_KEY is not set"),
        (["up", "--listen", "here"], "HOST:PORT"),
        (["schema", "sales_oder"], "did you mean sales_order?"),
        (["trace", "odrer", "SO-1"], "did you mean order?"),
        (["trace", "order"], "NUMBER"),
        (["desk", "show", "10"], "such as i10"),
        (["desk", "list", "--type", "sorrow"], "unmapped_code"),
        (["desk", "list", "--url", "http://127.0.0.1:1"], "CROSSDOCK_KEY"),
        (["desk", "list", "--url", "127.0.0.1:1", "--key", "x"], "http://HOST:PORT"),
        (["desk", "fix", "i1"], "--crosswalk"),
        (["desk", "fix", "i1", "--crosswalk", "units", "--ours", "EA"], "--system and --theirs"),
        (["desk", "fix", "i1", "--path", "a"], "--value"),
        (["desk", "fix", "i1", "--path", "a", "--value-json", "{"], "--value"),
        (["desk", "fix", "i1", "--path", "a", "--value-json", "1,5"], "12 or 0.25"),
        (["desk", "fix", "i1", "--path", "a", "--value-json", "05"], "12 or 0.25"),
        (["desk", "resolve", "i1"], "--reason"),
        (["send", "nowhere.json", "--system", "shop"], "cannot be read"),
        (["send", "a", "b", "--system", "shop", "--idempotency-key", "k"], "one by one"),
        (["connectors", "new", "Class"], "a-z"),
        (["twin", "up", "wharehouse"], "warehouse"),
        (["nonsense"], "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_ends_with_2_and_a_word_about_what_is_right(
    words: list[str], says: str, site: Path
) -> None:
    said = crossdock(*words, env={"CROSSDOCK_SITE": str(site)})
    assert said.code == 2, said.out + said.err
    assert says.lower() in said.err.lower()
    assert said.out == ""
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["check"], ["up"], ["keys", "create", "shop"], ["charter", "show"], ["audit", "verify"], ["conservation"],
        ["trace", "order", "SO-1"], ["desk", "list"], ["desk", "show", "i1"], ["desk", "retry", "i1"],
        ["desk", "assign", "i1", "--owner", "x"], ["desk", "resolve", "i1", "--reason", "x"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_folder_that_is_no_site_is_told_in_one_paragraph(words: list[str], tmp_path: Path) -> None:
    said = crossdock(*words, "--site", tmp_path / "nowhere")
    assert said.code == 1
    assert "nowhere" in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "nowhere").exists(), "a command that finds no site makes none"


def test_a_file_that_is_no_store_is_told_in_one_paragraph(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("This has never been a database, and never will be one.", "utf-8")
    database = f"sqlite:{tmp_path / 'x.db'}"
    for words in (
        ["keys", "list"],
        ["keys", "create", "--role", "observer"],
        ["conservation"],
        ["desk", "list"],
    ):
        said = crossdock(*words, "--database", database)
        assert said.code == 1
        assert "not a database" in said.err
        assert "defect" not in said.err


def test_ctrl_c_while_the_commands_load_ends_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def load() -> Callable[[], None]:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as ended:
        start.main(load)
    assert (ended.value.code, *capsys.readouterr()) == (start.INTERRUPTED, "", "")


def test_what_is_not_permitted_names_whose_it_is(tmp_path: Path) -> None:
    error = PermissionError(13, "Permission denied", str(tmp_path / "data" / "crossdock.db"))
    assert terminal.whose(error).startswith(f"{tmp_path} belongs to {tmp_path.owner()}: run the command as")


def test_a_defect_is_one_line_for_people_and_a_traceback_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    broken = typer.Typer(cls=Group)
    broken.callback()(lambda: None)

    @broken.command()
    def break_() -> None:
        raise RuntimeError("this cannot be")

    result = CliRunner().invoke(broken, ["break-"])
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "defect: RuntimeError: this cannot be" in result.stderr
    assert str(tmp_path / "crossdock-errors.log") in result.stderr
    assert "Traceback" in (tmp_path / "crossdock-errors.log").read_text("utf-8")


def every_command(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every group and command."""
    yield words
    for child in getattr(command, "commands", {}).values():
        yield from every_command(child, (*words, child.name))


COMMANDS = list(every_command(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    said = crossdock(*words, "--help")
    assert said.code == 0
    assert "Usage: crossdock" in said.out.replace("root", "crossdock", 1)


def test_every_command_of_the_plan_is_there() -> None:
    expected = {
        "init", "check", "keys create", "keys list", "keys revoke", "up", "send", "trace", "desk list", "desk show",
        "desk assign", "desk fix", "desk retry", "desk resolve", "conservation", "audit verify", "doctor",
        "charter show", "schema", "connectors list", "connectors new", "twin up", "version",
    }  # fmt: skip
    assert expected <= {" ".join(words) for words in COMMANDS}


def test_the_documents_are_listed_and_each_has_its_schema() -> None:
    listed = crossdock("schema", "--json").tree["documents"]
    assert {
        "kind": "sales_order",
        "says": listed[[d["kind"] for d in listed].index("sales_order")]["says"],
    } in listed
    assert "sales_order" in crossdock("schema").out
    schema = crossdock("schema", "sales_order").tree
    assert schema["$id"] == "urn:crossdock:model:sales_order"


def test_a_new_connector_stands_in_the_site_and_is_listed(site: Path) -> None:
    said = crossdock("connectors", "new", "acme_shop", "--site", site)
    assert said.code == 0
    assert (site / "connectors" / "acme_shop" / "README.md").is_file()
    kinds = [
        one["kind"] for one in crossdock("connectors", "list", "--site", site, "--json").tree["connectors"]
    ]
    assert {"acme_shop", "http", "tryton", "warehouse"} <= set(kinds)
    assert "acme_shop" in crossdock("connectors", "list", "--site", site).out
    assert crossdock("connectors", "new", "acme_shop", "--site", site).code == 2


def test_the_charter_is_shown_with_what_was_left_unsaid(site: Path) -> None:
    said = crossdock("charter", "show", "--site", site)
    assert "sales order: shop owns it, wms gets it" in said.out
    tree = crossdock("charter", "show", "--site", site, "--json").tree
    assert tree["systems"]["wms"]["limits"]["concurrency"] == 16
    assert tree["systems"]["shop"]["flows_in"][0]["on_change"] == "refuse"
    assert "files" not in tree


def test_the_version_is_told_alone_and_with_what_it_stands_on() -> None:
    assert crossdock("version").out.startswith("crossdock 0")
    assert crossdock("--version").out == crossdock("version").out
    assert set(crossdock("version", "--json").tree) == {"crossdock", "python", "sqlite"}


def test_the_module_is_the_command() -> None:
    ended = [
        subprocess.run(
            [sys.executable, "-m", "crossdock", word], capture_output=True, text=True, timeout=60, check=False
        )
        for word in ("version", "nowhere")
    ]
    assert (ended[0].returncode, ended[0].stdout) == (0, crossdock("version").out)
    assert ended[1].returncode == 2
