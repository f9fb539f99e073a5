"""`crossdock edi send`: the envelope tells whose an interchange is, and the hub takes it once."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from tests.cli.console import crossdock
from tests.connectors.edi.trade import order, site
from tests.harness.hub import Hub


def send(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the command beside a hub, or without one."""
    command = [sys.executable, "-m", "crossdock.cli.main", "edi", "send", *words, "--site", str(folder)]
    env = {name: text for name, text in os.environ.items() if not name.startswith("CROSSDOCK_")}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=60)


async def test_an_interchange_is_handed_in_for_the_partner_that_its_envelope_names(tmp_path: Path) -> None:
    folder, file, alien = site(tmp_path / "site"), tmp_path / "po.edi", tmp_path / "alien.edi"
    file.write_text(order("PO-1", 7))
    alien.write_text(order("PO-1", 7).replace("HARBORLANE", "SOMEBODY  "))
    hub = Hub(folder)
    await hub.start()
    try:
        first = await asyncio.to_thread(send, folder, str(file), "--json")
        again = await asyncio.to_thread(send, folder, str(file), "--json")
        nobody = await asyncio.to_thread(send, folder, str(alien))
        file.write_text(order("PO-2", 7))
        another = await asyncio.to_thread(send, folder, str(file), "--json")
        for _ in range(200):
            held = (await asyncio.to_thread(crossdock, "desk", "list", "--json", "--site", folder)).tree[
                "items"
            ]
            if held:
                break
            await asyncio.sleep(0.02)
    finally:
        await hub.process.stop()
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert (told["system"], told["status"], told["duplicate"]) == ("retailer", 202, False)
    assert json.loads(again.stdout)["duplicate"] is True
    assert json.loads(another.stdout)["status"] == 202, "it is safe, and held as it would be from a mailbox"
    assert [(one["type"], one["number"], "retry" in one["acts"]) for one in held] == [
        ("duplicate_conflict", "PO-2", True)
    ]
    assert nobody.returncode != 0 and "no partner of the site has these ids" in nobody.stderr


def test_without_a_hub_it_says_what_to_start(tmp_path: Path) -> None:
    folder, file = site(tmp_path), tmp_path / "po.edi"
    file.write_text(order("PO-1", 7))
    found = send(folder, str(file))
    assert found.returncode != 0 and "crossdock up" in found.stderr


def test_what_cannot_be_read_is_named_and_does_not_steer_the_terminal(tmp_path: Path) -> None:
    folder = site(tmp_path)
    for name, octets, says in (
        ("short.edi", b"ISA*00*", "short.edi begins with ISA and cannot be read"),
        ("empty.edi", b"", "empty.edi: this cannot be read as EDIFACT"),
        ("red.edi", order().replace("HARBORLANE ", "\x1b[31mRED   ", 1).encode(), r"from \x1b[31mRED"),
    ):
        (tmp_path / name).write_bytes(octets)
        found = send(folder, str(tmp_path / name))
        assert found.returncode != 0 and says in found.stderr and "\x1b" not in found.stderr
