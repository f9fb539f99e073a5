"""What a mailbox in a local folder does when the disk is full, slow, or of a simpler kind."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from pathlib import Path

import pytest

from crossdock.faults import InDoubt, Rejected, TryLater
from crossdock.transport import folder
from crossdock.transport.folder import FolderMailbox
from crossdock.transport.mailbox import Inbox, Outbox


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))  # noqa: PTH208 - names, the hidden ones too


class Disk:
    """A disk that notes what is made durable, and refuses when told."""

    def __init__(self, *outcomes: OSError | None) -> None:
        self.outcomes = list(outcomes)
        self.synced: list[str] = []

    def sync(self, descriptor: int) -> None:
        self.synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is not None:
            raise outcome
        os.fsync(descriptor)


async def test_a_file_is_on_the_disk_before_it_has_its_name_and_the_name_before_the_call_returns(tmp_path):
    disk = Disk()
    await FolderMailbox(tmp_path, sync=disk.sync).hand_over("out.edi", b"x")
    assert disk.synced == [".out.edi.part", tmp_path.name]


async def test_a_full_disk_is_waited_for_and_shows_nothing(tmp_path):
    disk = Disk(OSError(errno.ENOSPC, "No space left on device"))
    box = FolderMailbox(tmp_path, sync=disk.sync)
    with pytest.raises(TryLater, match="No space left"):
        await box.hand_over("out.edi", b"x")
    assert names(tmp_path) == [".out.edi.part"]
    await box.hand_over("out.edi", b"x")
    assert names(tmp_path) == ["out.edi"]


async def test_a_name_that_the_disk_did_not_confirm_is_in_doubt_and_settled_by_trying_again(tmp_path):
    disk = Disk(None, OSError(errno.EIO, "Input/output error"))
    box = FolderMailbox(tmp_path, sync=disk.sync)
    with pytest.raises(InDoubt, match="did not confirm"):
        await box.hand_over("out.edi", b"x")
    await box.hand_over("out.edi", b"x")
    assert disk.synced[-1] == tmp_path.name  # the second time the folder is made durable all the same
    assert await box.holds("out.edi", b"x")


def no_links(old: str, new: str, folder: int) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


async def test_a_file_system_without_links_is_renamed_on_but_never_over_another(tmp_path):
    box = FolderMailbox(tmp_path, link=no_links)
    await box.hand_over("out.edi", b"x")
    assert names(tmp_path) == ["out.edi"]
    with pytest.raises(Rejected):
        await box.hand_over("out.edi", b"another")


async def test_a_name_taken_in_the_last_instant_is_seen(tmp_path):
    def taken_meanwhile(old: str, new: str, folder: int) -> None:
        (tmp_path / new).write_bytes(b"another")
        raise FileExistsError(errno.EEXIST, "File exists")

    with pytest.raises(Rejected, match="another file"):
        await FolderMailbox(tmp_path, link=taken_meanwhile).hand_over("out.edi", b"x")
    assert (tmp_path / "out.edi").read_bytes() == b"another"
    assert names(tmp_path) == ["out.edi"]


async def test_an_act_that_is_cancelled_ends_before_the_next_begins(tmp_path):
    begun, go_on = threading.Event(), threading.Event()

    def slow(descriptor: int) -> None:
        begun.set()
        go_on.wait(10)

    box = FolderMailbox(tmp_path, sync=slow)
    first = asyncio.create_task(box.hand_over("out.edi", b"first"))
    await asyncio.to_thread(begun.wait, 10)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.create_task(box.hand_over("out.edi", b"second"))
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(Rejected):  # the first one came to its end, whole
        await second
    assert (tmp_path / "out.edi").read_bytes() == b"first"
    assert names(tmp_path) == ["out.edi"]


@pytest.mark.parametrize(
    "to", [b"longer than it was", b"short", b"another!"], ids=["grows", "shrinks", "is another"]
)
async def test_a_file_that_changes_while_it_is_read_is_not_taken(tmp_path, monkeypatch, to):
    file, read = tmp_path / "a.edi", folder._read
    file.write_bytes(b"as it is")
    box = FolderMailbox(tmp_path)
    (entry,) = await box.waiting()

    def slowly(descriptor: int, name: str, bytes_max: int) -> bytes | None:
        content = read(descriptor, name, bytes_max)
        file.write_bytes(to)
        os.utime(file, (5_000.0, 5_000.0))
        return content

    assert await box.fetch(entry) == b"as it is", "control"
    monkeypatch.setattr(folder, "_read", slowly)
    with pytest.raises(TryLater, match="changed while it was read"):
        await box.fetch(entry)
    await box.close()


async def test_what_is_no_file_is_passed_over(tmp_path):
    os.mkfifo(tmp_path / "pipe.edi")
    (tmp_path / "folder.edi").mkdir()
    (tmp_path / "file.edi").write_bytes(b"x")
    assert [one.name for one in await FolderMailbox(tmp_path).waiting()] == ["file.edi"]


async def test_several_mailboxes_hand_over_the_same_file_and_it_is_there_once(tmp_path):
    boxes = [FolderMailbox(tmp_path, outbox=Outbox(partial=f".{number}.{{name}}")) for number in range(8)]
    await asyncio.gather(*(box.hand_over("out.edi", b"the same" * 10_000) for box in boxes))
    assert names(tmp_path) == ["out.edi"]


async def test_the_archive_may_be_the_partners_own_way_of_seeing_what_was_read(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "read").mkdir()
    box = FolderMailbox(tmp_path, inbox=Inbox(folder="in", archive="read"))
    (tmp_path / "in" / "a.edi").write_bytes(b"x")
    (entry,) = await box.waiting()
    await box.done(entry)
    assert (names(tmp_path / "in"), names(tmp_path / "read")) == ([], ["a.edi"])
    await box.close()


async def test_a_file_that_the_disk_cannot_read_is_named():
    box = FolderMailbox(Path("/proc/self"), inbox=Inbox(match="mem"))  # the first byte of it is never there
    (listed,) = await box.waiting()
    with pytest.raises(TryLater, match="mem cannot be taken: Input/output error") as later:
        await box.fetch(listed)
    assert later.value.path == "mem"
