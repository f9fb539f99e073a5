"""Where connectors are found, and what a person is told when one is not."""

import shutil
import sys
from pathlib import Path

import pytest

from crossdock.assembly import read_charter
from crossdock.faults import Misconfigured
from crossdock.kit.registry import Found, Registry, connectors
from crossdock.kit.scaffold import new_connector

FIRST_SITE = Path(__file__).resolve().parents[2] / "examples" / "first-site"


@pytest.fixture(autouse=True)
def _path_as_it_was():
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith("crossdock_"):
            del sys.modules[name]


def test_a_connector_in_the_sites_folder_is_found_without_any_edit(tmp_path):
    assert "my_shop" not in connectors(tmp_path)
    new_connector("my_shop", tmp_path / "connectors")
    found = connectors(tmp_path)
    assert "my_shop" in found
    assert found["my_shop"].declaration.kind == "my_shop"
    assert found["my_shop"] is found["my_shop"]
    assert str(tmp_path) in found.place("my_shop")


def test_installed_connectors_are_found_by_their_entry_point():
    assert "http" in connectors()
    assert connectors().place("http") == "crossdock.connectors.http.connector:CONNECTOR"


def test_an_unknown_kind_is_told_with_the_nearest(tmp_path):
    with pytest.raises(Misconfigured, match="no connector 'htpp'") as caught:
        connectors(tmp_path)["htpp"]
    assert caught.value.fix == "write http"
    with pytest.raises(Misconfigured) as caught:
        connectors(tmp_path)["zzz"]
    assert "install" in caught.value.fix


def test_two_connectors_of_one_name_are_refused(tmp_path):
    new_connector("my_shop", tmp_path / "connectors")
    (tmp_path / "connectors" / "my_shop").rename(tmp_path / "connectors" / "http")
    with pytest.raises(Misconfigured, match="two connectors are called http"):
        connectors(tmp_path)


def test_a_folder_without_a_connector_is_refused(tmp_path):
    (tmp_path / "connectors" / "notes").mkdir(parents=True)
    with pytest.raises(Misconfigured, match="0 packages"):
        connectors(tmp_path)


def written(site: Path, text: str) -> Registry:
    """A site with a connector `odd` whose module is the text."""
    package = site / "connectors" / "odd" / "crossdock_odd"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "connector.py").write_text(text)
    return connectors(site)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import nothing_like_it", "does not load: ModuleNotFoundError"),
        (
            "raise SystemExit(3)\n".replace("SystemExit(3)", "RuntimeError('no')"),
            "does not load: RuntimeError: no",
        ),
        ("", "lacks declaration, reader, writer, poller"),
        ("CONNECTOR = 5", "lacks declaration, reader, writer, poller"),
        (
            """from crossdock.kit.connector import Declaration
class C:
    declaration = Declaration('other', 'Other', 'Something else.')
    reader = writer = poller = lambda *a: None
CONNECTOR = C()""",
            "declares the kind other",
        ),
    ],
)
def test_a_connector_that_is_none_is_told_with_its_file(tmp_path, text, says):
    with pytest.raises(Misconfigured, match=says) as caught:
        written(tmp_path, text)["odd"]
    assert caught.value.file.endswith("connector.py")
    assert caught.value.fix


def test_a_broken_connector_that_nobody_uses_harms_nobody(tmp_path):
    shutil.copytree(FIRST_SITE, tmp_path, dirs_exist_ok=True)
    assert "odd" in written(tmp_path, "import nothing_like_it")
    assert read_charter(tmp_path)[0].systems.keys() == {"shop", "wms"}
    text = (tmp_path / "charter.yaml").read_text("utf-8")
    (tmp_path / "charter.yaml").write_text(text.replace("connector: http", "connector: odd", 1), "utf-8")
    with pytest.raises(Misconfigured, match="does not load"):
        read_charter(tmp_path)


def test_each_is_loaded_once_and_only_when_asked_for():
    loads: list[str] = []

    def load() -> object:
        loads.append("once")
        return None

    found = Registry({"lazy": Found("lazy", "here", load)})
    assert (list(found), loads) == (["lazy"], [])
    with pytest.raises(Misconfigured):
        found["lazy"]
    assert loads == ["once"]
