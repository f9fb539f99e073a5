"""What `connectors new` writes: complete, passing, found, and touching nothing else."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from crossdock.faults import Misconfigured
from crossdock.kit.scaffold import new_connector


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["my_shop", "acme_acme"])
def test_a_new_connector_of_two_documents_passes_conformance_as_it_is(tmp_path, name):
    written = new_connector(name, tmp_path)
    assert {path.relative_to(tmp_path).parts[0] for path in written} == {name}
    done = run(tmp_path / name, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    passed = done.stdout.rsplit("\n", 2)[-2]
    assert "passed" in passed
    assert "skipped" not in passed


def test_control_a_sample_that_does_not_hold_fails_its_conformance(tmp_path):
    new_connector("my_shop", tmp_path)
    sample = tmp_path / "my_shop" / "samples" / "in" / "sales_order" / "one.json"
    sample.write_text(sample.read_text().replace('"sku": "W-10001"', '"sku": "W-10009"'))
    done = run(tmp_path / "my_shop", "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 1
    assert "W-10009" in done.stdout


def test_what_is_written_is_neat(tmp_path):
    new_connector("my_shop", tmp_path)
    for arguments in (["check", "--isolated"], ["format", "--isolated", "--check"]):
        options = ["--config", "line-length=110"] + (
            ["--select", "E,F,I,UP,B"] if arguments[0] == "check" else []
        )
        done = run(tmp_path / "my_shop", "ruff", *arguments, *options, ".")
        assert done.returncode == 0, done.stdout


def test_nothing_of_the_template_is_left_in_it(tmp_path):
    for path in new_connector("my_shop", tmp_path):
        text = path.read_text()
        assert "acme" not in str(path).lower() + text.lower(), path


def test_its_package_names_the_entry_point(tmp_path):
    new_connector("my_shop", tmp_path)
    project = tomllib.loads((tmp_path / "my_shop" / "pyproject.toml").read_text())
    points = project["project"]["entry-points"]["crossdock.connectors"]
    assert points == {"my_shop": "crossdock_my_shop.connector:CONNECTOR"}


def test_nothing_is_overwritten(tmp_path):
    new_connector("my_shop", tmp_path)
    with pytest.raises(Misconfigured, match="there already"):
        new_connector("my_shop", tmp_path)


@pytest.mark.parametrize(
    "name", ["", "x", "Shop", "my-shop", "1shop", "class", "json", "http", "my__shop", "a" * 41, "../up"]
)
def test_a_name_that_would_not_work_is_refused(tmp_path, name):
    with pytest.raises(Misconfigured) as caught:
        new_connector(name, tmp_path / "inside")
    assert caught.value.fix
    assert list(tmp_path.rglob("*")) == []
