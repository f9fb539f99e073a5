"""The system calls of the hub around an answer of 202."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.scenarios import durable

needs_strace = pytest.mark.skipif(not durable.available(), reason="strace is not installed")


@needs_strace
async def test_every_202_is_written_after_a_sync_of_the_database(tmp_path: Path) -> None:
    outcome = await durable.run(tmp_path, orders=4)
    assert outcome.findings == {}, outcome.shown()


@needs_strace
async def test_without_syncs_the_same_check_fails(tmp_path: Path) -> None:
    outcome = await durable.run(tmp_path, orders=2, sync_off=True)
    assert len(outcome.problems) == 2, outcome.shown()
    assert all("202 on socket" in said for said in outcome.problems)


TRACE = """\
7 1.0 read(9<socket:[5]>, "POST /v1/systems/shop/messages H"..., 8192) = 700
8 1.1 pwrite64(4<site/data/crossdock.db-wal>, "..."..., 4096, 32) = 4096
8 1.2 fdatasync(4<site/data/crossdock.db-wal> <unfinished ...>
7 1.3 read(9<socket:[5]>, 0x7f, 8192) = -1 EAGAIN (Resource temporarily unavailable)
8 1.4 <... fdatasync resumed>) = 0
7 1.5 writev(9<socket:[5]>, [{iov_base="HTTP/1.1 202 Accepted\\r\\nserver"..., iov_len=300}], 1) = 300
"""


def test_a_sync_between_request_and_answer_is_seen() -> None:
    assert durable.unsynced(durable.calls(TRACE.splitlines())) == (1, [])


@pytest.mark.parametrize(
    "early",
    [
        [2, 4, 0, 1, 3, 5],  # the sync ended before the request was read
        [0, 1, 2, 3, 5, 4],  # the answer left while the sync was under way
        [0, 1, 3, 5],  # none at all
    ],
)
def test_a_sync_at_the_wrong_time_does_not_count(early: list[int]) -> None:
    lines = TRACE.splitlines()
    answers, wrong = durable.unsynced(durable.calls(lines[n] for n in early))
    assert (answers, len(wrong)) == (1, 1)
