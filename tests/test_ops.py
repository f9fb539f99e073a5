"""What is beside the hub to run it: the service of systemd, the bill of materials."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crossdock.cli.terminal import MISUSED

ROOT = Path(__file__).resolve().parents[1]
UNIT = ROOT / "ops" / "systemd" / "crossdock.service"


def test_the_service_is_fenced_in() -> None:
    said = dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE))
    wanted = {
        "NoNewPrivileges": "true", "ProtectSystem": "strict", "ProtectHome": "true", "PrivateTmp": "true",
        "PrivateDevices": "true", "CapabilityBoundingSet": "", "RestrictNamespaces": "true", "UMask": "0077",
        "ProtectKernelModules": "true", "LimitCORE": "0", "User": "crossdock",
    }  # fmt: skip
    assert {name: said.get(name) for name in wanted} == wanted


def test_the_backup_reads_the_same_environment_as_the_hub() -> None:
    units = (UNIT, UNIT.with_name("crossdock-backup.service"))
    read = [re.findall(r"^EnvironmentFile=(.*)$", unit.read_text("utf-8"), re.MULTILINE) for unit in units]
    assert read[0] == read[1] == ["-/etc/crossdock/hub.env"], "else it would back another store up"


def test_the_service_tries_on_while_its_database_is_away_and_rests_when_a_person_must_mend_it() -> None:
    said = dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE))
    assert (said["StartLimitIntervalSec"], said["Restart"], int(said["RestartSec"]) >= 5) == (
        "0",
        "always",
        True,
    )
    # systemd looks at the status of ExecStart alone, so a site that is wrong must end there, with 2.
    assert said["RestartPreventExitStatus"] == str(MISUSED)
    assert "ExecStartPre" not in said
    assert f"crossdock check --secrets || exit {MISUSED}; exec " in said["ExecStart"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_finds_little_that_the_service_could_do() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "Unknown" in done.stderr or "unrecognized" in done.stderr:
        pytest.skip("this systemd cannot look at a file")
    assert done.returncode == 0, done.stdout[-400:]


def test_the_bill_of_materials_names_every_locked_package() -> None:
    done = subprocess.run(
        [sys.executable, "ops/audit/sbom.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    tree = json.loads(done.stdout)
    assert (tree["bomFormat"], tree["specVersion"]) == ("CycloneDX", "1.6")
    locked = set(
        re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    )
    assert {(one["name"], one["version"]) for one in tree["components"]} == locked
    licences = {one["licenses"][0]["license"]["name"] for one in tree["components"] if "licenses" in one}
    assert not [one for one in licences if re.search(r"(?<!L)GPL|AGPL", one)], "nothing that we import is GPL"
