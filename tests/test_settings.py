"""Settings: flags before environment before defaults, and nothing unsafe by accident."""

from pathlib import Path

import pytest

from crossdock.faults import Misconfigured
from crossdock.settings import secrets_from, settings_from


def test_without_anything_the_hub_listens_on_this_machine_and_keeps_its_store_in_the_site() -> None:
    s = settings_from({}, site="demo")
    assert (s.host, s.port, s.workers, s.lease_s) == ("127.0.0.1", 8080, 1, 5.0)
    assert s.sqlite_path == Path("demo/data/crossdock.db")
    assert s.host_id
    assert not s.warnings


def test_a_flag_wins_over_the_environment() -> None:
    environment = {"CROSSDOCK_SITE": "a", "CROSSDOCK_LISTEN": "0.0.0.0:1", "CROSSDOCK_HOST_ID": "one"}
    s = settings_from(environment, site="b", listen="[::1]:9000")
    assert (s.site, s.host, s.port, s.host_id) == (Path("b"), "::1", 9000, "one")


@pytest.mark.parametrize(
    "environment",
    [
        {"CROSSDOCK_LISTEN": "8080"},
        {"CROSSDOCK_LISTEN": "127.0.0.1:http"},
        {"CROSSDOCK_LISTEN": "127.0.0.1:70000"},
        {"CROSSDOCK_DATABASE": "mysql://x"},
        {"CROSSDOCK_DATABASE": "sqlite:"},
        {"CROSSDOCK_WORKERS": "two"},
        {"CROSSDOCK_WORKERS": "0"},
        {"CROSSDOCK_WORKERS": "2"},
        {"CROSSDOCK_LEASE_S": "nan"},
        {"CROSSDOCK_LEASE_S": "inf"},
        {"CROSSDOCK_LOG": "loud"},
        {"CROSSDOCK_GUARD_OFF": "dedup"},
        {"CROSSDOCK_SQLITE_SYNC": "off"},
        {"CROSSDOCK_GUARD_OFF": "luck", "CROSSDOCK_UNSAFE_TEST": "1"},
        {"CROSSDOCK_SQLITE_SYNC": "maybe", "CROSSDOCK_UNSAFE_TEST": "1"},
    ],
)
def test_what_cannot_be_meant_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(Misconfigured) as caught:
        settings_from(environment)
    assert caught.value.path in environment


def test_unsafe_switches_work_in_a_test_and_are_told_at_start() -> None:
    environment = {
        "CROSSDOCK_UNSAFE_TEST": "1",
        "CROSSDOCK_GUARD_OFF": "dedup,order",
        "CROSSDOCK_SQLITE_SYNC": "off",
    }
    s = settings_from(environment)
    assert s.guards_off == {"dedup", "order"}
    assert s.sqlite_synchronous == "OFF"
    assert len(s.warnings) == 3


def test_a_secret_comes_from_the_environment_or_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "erp-token").write_text("from a file\n")
    (tmp_path / "wms").write_text("never seen")
    secret = secrets_from({"CROSSDOCK_SECRET_WMS": "from outside"}, tmp_path)
    assert secret("wms") == "from outside"
    assert secret("erp-token") == "from a file"


@pytest.mark.parametrize("name", ["missing", "../escape", "", ".hidden", "a/b"])
def test_a_secret_that_is_not_there_names_the_variable_to_set(tmp_path: Path, name: str) -> None:
    (tmp_path.parent / "escape").write_text("outside the folder")
    with pytest.raises(Misconfigured):
        secrets_from({}, tmp_path)(name)


@pytest.mark.parametrize(
    "place", ["/console", "/tools/crossdock", "https://hub.example.com/tools/crossdock/", "off"]
)
def test_the_console_may_stand_below_any_path_of_its_own(place: str) -> None:
    assert settings_from({"CROSSDOCK_CONSOLE": place}).console == place.rstrip("/")


@pytest.mark.parametrize(
    "place", ["/", "console", "/v1/console", "/as2", "//x", "/a//b", "/a/../b", "https://hub.example.com"]
)
def test_the_console_does_not_stand_where_other_doors_are(place: str) -> None:
    with pytest.raises(Misconfigured, match="no place for the console"):
        settings_from({"CROSSDOCK_CONSOLE": place})
