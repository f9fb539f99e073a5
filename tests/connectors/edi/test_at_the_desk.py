"""Incidents of EDI at the desk: every command that it proposes works when it is typed, and mends what it says."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.console import Said, crossdock
from tests.connectors.edi.trade import RETAILER, drop, envelope, order, sent, set_850, shipped, site, until
from tests.harness.hub import Hub

WITH_UNITS = RETAILER.replace("transport:", "crosswalks: {unit: units}\ntransport:")
BAD = "PO1*1*48*EA*12.75*PE*VN*PT-100~\nPO1*2**XX*1*PE*VN*PT-210~\n"
#: A 997 for a group that nobody sent.
STRAY = envelope("ST*997*0001~\nAK1*PO*9~\nAK9*A*1*1*1~\nSE*4*0001~\n", "FA", 3)


class Terminal:
    """Somebody at a terminal beside a hub that runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def run(self, *words: str) -> Said:
        """Types a command."""
        return await asyncio.to_thread(crossdock, *words, "--site", str(self.folder))

    async def open(self) -> dict[str, Any]:
        """The one incident that is open, once there is one."""
        for _ in range(200):
            items = (await self.run("desk", "list", "--json")).tree["items"]
            if items:
                (one,) = items
                return one
            await asyncio.sleep(0.02)
        raise AssertionError("no incident came")

    async def proposed(self, incident: str) -> dict[str, list[str]]:
        """The commands that the desk proposes, by what they do."""
        out = (await self.run("desk", "show", incident)).out
        lines = [line.strip() for line in out.splitlines() if line.strip().startswith("crossdock desk ")]
        found: dict[str, list[str]] = {}
        for line in lines:
            command = re.sub(r"   \(.*\)$", "", line)
            found.setdefault(command.split()[2], []).append(command)
        return found

    async def type(self, command: str, **given: str) -> Said:
        """One of them, with its blanks filled in."""
        for blank, text in given.items():
            command = re.sub(rf"\b{blank}\b", shlex.quote(text), command)
        words = shlex.split(command.partition(" --site ")[0])[1:]
        said = await self.run(*words)
        assert said.code == 0, (command, said.err, said.out)
        return said


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    """A hub with a retailer whose units are a crosswalk."""
    site(tmp_path, retailer=WITH_UNITS)
    (tmp_path / "crosswalks").mkdir()
    (tmp_path / "crosswalks" / "units.csv").write_text("system,theirs,ours\nretailer,EA,EA\n")
    hub = Hub(tmp_path)
    await hub.start()
    try:
        yield Terminal(tmp_path)
    finally:
        await hub.process.stop()


async def test_every_proposed_command_works_when_it_is_typed(terminal: Terminal) -> None:
    folder = terminal.folder

    # a row that is missing: the order goes on with it
    drop(folder, "retailer", "a.edi", order("PO-1", 7))
    one = await terminal.open()
    commands = await terminal.proposed(one["id"])
    assert "--crosswalk units --system retailer --theirs CA --ours CODE" in commands["fix"][0]
    await terminal.type(commands["assign"][0], WHO="role:edi")
    await terminal.type(commands["fix"][0], CODE="CA")
    await until(lambda: sent(folder, "threepl", "940"))
    assert "W01*10*CA" in sent(folder, "threepl", "940")[0]

    # a notice that says too much: the number is mended as a number
    drop(folder, "threepl", "s.edi", shipped(5, "PO-1", second=12))
    one = await terminal.open()
    commands = await terminal.proposed(one["id"])
    assert all("--value-json NUMBER" in line for line in commands["fix"])
    assert "lines[1].quantity" in commands["fix"][0]
    await terminal.type(commands["fix"][0], NUMBER="10")
    one = await terminal.open()
    assert one["says"] == "12 CA of PT-210 are in the packages, 10 were shipped"
    packed = [
        line
        for line in (await terminal.proposed(one["id"]))["fix"]
        if "packages[0].lines[1].quantity" in line
    ]
    await terminal.type(packed[0], NUMBER="10")
    await until(lambda: sent(folder, "retailer", "856"))
    assert "SN1*2*10*CA" in sent(folder, "retailer", "856")[0]

    # a set that is wrong: it is found by its order, and no value of it can be mended
    drop(folder, "retailer", "b.edi", envelope(set_850("0001", "PO-2", lines=BAD), "PO", 8))
    one = await terminal.open()
    assert (one["number"], one["path"]) == ("PO-2", "850[0001]/PO1[2]/PO102")
    assert "on the desk" in (await terminal.run("trace", "sales_order", "PO-2")).out
    commands = await terminal.proposed(one["id"])
    assert sorted(commands) == ["assign", "resolve", "retry"]
    await terminal.type(commands["retry"][0])
    again = await terminal.open()
    assert again["path"] == one["path"], "it is as wrong as before"
    await terminal.type(
        (await terminal.proposed(again["id"]))["resolve"][0], TEXT="sent again by the partner"
    )

    # what is not for us, and what answers nothing: only ended, tried or given away
    for name, text in (("c.edi", order("PO-3", 9).replace("HARBORLANE", "SOMEBODYXX")), ("d.edi", STRAY)):
        drop(folder, "retailer", name, text)
        one = await terminal.open()
        commands = await terminal.proposed(one["id"])
        assert "fix" not in commands
        await terminal.type(commands["assign"][0], WHO="role:edi")
        await terminal.type(commands["resolve"][0], TEXT="known")
