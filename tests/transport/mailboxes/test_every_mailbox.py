"""What holds for every mailbox, over SFTP with a real server and in a local folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crossdock.faults import Invalid, Rejected, TryLater
from crossdock.transport.mailbox import Entry, Inbox, Outbox

CONTENT = b"ISA*00*~" * 5_000


def put(folder: Path, name: str, content: bytes = CONTENT, modified_s: float = 1_000.0) -> Path:
    """A file that the partner put there."""
    path = folder / name
    path.write_bytes(content)
    path.chmod(0o666)
    os.utime(path, (modified_s, modified_s))
    return path


def there(folder: Path) -> dict[str, bytes]:
    """What a person sees in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def names(box) -> list[str]:
    return [entry.name for entry in await box.waiting()]


async def test_waiting_files_come_the_oldest_first_and_whole(world):
    box = world.open()
    put(world.inbox, "b.edi", b"two", 2_000)
    put(world.inbox, "a.edi", b"three", 3_000)
    put(world.inbox, "c.edi", b"", 1_000)
    found = await box.waiting()
    assert found == [Entry("c.edi", 0, 1_000.0), Entry("b.edi", 3, 2_000.0), Entry("a.edi", 5, 3_000.0)]
    assert [await box.fetch(one) for one in found] == [b"", b"two", b"three"]


async def test_a_large_file_comes_to_the_last_byte(world):
    content = os.urandom(3_000_001)
    put(world.inbox, "large.edi", content)
    box = world.open()
    (entry,) = await box.waiting()
    assert await box.fetch(entry) == content


async def test_a_file_that_still_has_its_partial_name_is_not_seen(world):
    for name in (
        ".a.edi",
        ".a.edi.part",
        "a.edi.part",
        "a.edi.filepart",
        "a.edi.tmp",
        "a.writing",
        "other.txt",
    ):
        put(world.inbox, name)
    (world.inbox / "folder.edi").mkdir()
    put(world.inbox, "a.edi")
    assert await names(world.open(Inbox(match="*.edi"))) == ["a.edi"]


async def test_a_file_waits_for_its_marker_and_takes_it_along(world):
    box = world.open(Inbox(marker=".done"))
    put(world.inbox, "a.edi")
    assert await box.waiting() == []
    put(world.inbox, "a.edi.done", b"")
    (entry,) = await box.waiting()
    await box.done(entry)
    assert there(world.inbox) == {}


async def test_a_growing_file_waits_until_its_size_has_settled(world):
    box = world.open(Inbox(settled_s=30))
    put(world.inbox, "a.edi", b"some")
    assert await names(box) == []
    world.now_s = 29
    put(world.inbox, "a.edi", b"some more")
    assert await names(box) == []
    world.now_s = 58
    assert await names(box) == []
    world.now_s = 60
    assert await names(box) == ["a.edi"]


async def test_a_listing_gives_only_so_many(world):
    for number in range(12):
        put(world.inbox, f"{number:02}.edi", modified_s=1_000 + number)
    assert await names(world.open(Inbox(entries_max=5))) == [f"{number:02}.edi" for number in range(5)]
    assert len(await names(world.open(Inbox(names_max=7)))) == 7


async def test_a_file_that_changed_since_it_was_listed_is_not_read(world):
    box = world.open()
    put(world.inbox, "a.edi")
    (entry,) = await box.waiting()
    put(world.inbox, "a.edi", b"another", 5_000)
    with pytest.raises(TryLater, match="not the file that was listed"):
        await box.fetch(entry)
    (world.inbox / "a.edi").unlink()
    with pytest.raises(TryLater):
        await box.fetch(entry)


async def test_a_file_beyond_the_limit_is_refused_unread(world):
    box = world.open(Inbox(bytes_max=len(CONTENT) - 1))
    put(world.inbox, "a.edi")
    (entry,) = await box.waiting()
    with pytest.raises(Rejected, match="at most"):
        await box.fetch(entry)
    assert await world.open(Inbox(bytes_max=len(CONTENT))).fetch(entry) == CONTENT  # the control


async def test_what_is_done_goes_away_once_and_again_is_nothing(world):
    box = world.open()
    put(world.inbox, "a.edi")
    (entry,) = await box.waiting()
    await box.done(entry)
    await box.done(entry)
    assert there(world.inbox) == {}


async def test_what_is_done_goes_to_the_archive_beside_others_of_its_name(world):
    box = world.open(Inbox(archive="archive"))
    for round_ in (b"one", b"two", b"three"):
        put(world.inbox, "a.edi", round_)
        (entry,) = await box.waiting()
        await box.done(entry)
    assert there(world.archive) == {"a.edi": b"one", "a.edi.1": b"two", "a.edi.2": b"three"}
    assert there(world.inbox) == {}


@pytest.mark.parametrize("archive", ["", "archive"])
async def test_another_file_that_came_under_the_same_name_is_left_alone(world, archive):
    box = world.open(Inbox(archive=archive))
    put(world.inbox, "a.edi", b"one")
    (entry,) = await box.waiting()
    put(world.inbox, "a.edi", b"other", 5_000)
    await box.done(entry)
    assert there(world.inbox) == {"a.edi": b"other"}
    assert there(world.archive) == {}


async def test_a_file_handed_over_is_there_whole_under_its_name_only(world):
    box = world.open()
    await box.hand_over("out.edi", CONTENT)
    await box.hand_over("empty.edi", b"")
    assert there(world.outbox) == {"out.edi": CONTENT, "empty.edi": b""}


async def test_the_same_file_again_is_done_already(world):
    box = world.open()
    await box.hand_over("out.edi", CONTENT)
    before = (world.outbox / "out.edi").stat().st_mtime_ns
    await box.hand_over("out.edi", CONTENT)
    assert (world.outbox / "out.edi").stat().st_mtime_ns == before
    assert await box.holds("out.edi", CONTENT)


@pytest.mark.parametrize(
    "other", [b"x", CONTENT[:-1] + b"?", CONTENT + b"?"], ids=["short", "same length", "longer"]
)
async def test_a_name_that_holds_something_else_is_never_written_over(world, other):
    put(world.outbox, "out.edi", other)
    box = world.open()
    with pytest.raises(Rejected, match="another file"):
        await box.hand_over("out.edi", CONTENT)
    assert there(world.outbox) == {"out.edi": other}
    assert not await box.holds("out.edi", CONTENT)


async def test_what_a_crash_left_half_written_is_written_anew(world):
    put(world.outbox, ".out.edi.part", b"half" * 100_000)
    await world.open().hand_over("out.edi", CONTENT)
    assert there(world.outbox) == {"out.edi": CONTENT}


async def test_a_marker_follows_the_file_and_a_missing_one_is_made_up_for(world):
    box = world.open(outbox=Outbox(marker=".done"))
    await box.hand_over("out.edi", CONTENT)
    assert there(world.outbox) == {"out.edi": CONTENT, "out.edi.done": b""}
    (world.outbox / "out.edi.done").unlink()
    await box.hand_over("out.edi", CONTENT)
    assert there(world.outbox) == {"out.edi": CONTENT, "out.edi.done": b""}


async def test_another_partial_name_is_used_where_the_partner_reads_hidden_files(world):
    put(world.outbox, "out.edi.writing", b"left")
    await world.open(outbox=Outbox(partial="{name}.writing")).hand_over("out.edi", CONTENT)
    assert there(world.outbox) == {"out.edi": CONTENT}


BAD_NAMES = [
    "",
    ".",
    "..",
    "../out.edi",
    "a/b",
    "a\\b",
    "a\0b",
    "a\nb",
    ".hidden",
    "x" * 201,
    "C:con",
    "\udcff",
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=range(len(BAD_NAMES)))
async def test_no_name_leads_out_of_the_folder(world, name):
    box = world.open()
    for act in (box.hand_over, box.holds):
        with pytest.raises(Invalid):
            await act(name, CONTENT)
    assert there(world.outbox) == {}


async def test_links_in_the_inbox_are_not_followed(world, tmp_path):
    secret = put(world.archive, "secret")
    (world.inbox / "link.edi").symlink_to(secret)
    box = world.open()
    assert await box.waiting() == []
    with pytest.raises(TryLater):
        await box.fetch(Entry("link.edi", len(CONTENT), 1_000.0))
    await box.done(Entry("link.edi", len(CONTENT), 1_000.0))
    assert secret.exists()
    assert (world.inbox / "link.edi").is_symlink()


async def test_a_link_where_a_file_shall_go_is_a_name_that_is_taken(world):
    target = put(world.archive, "elsewhere", b"")
    (world.outbox / "out.edi").symlink_to(target)
    with pytest.raises(Rejected):
        await world.open().hand_over("out.edi", CONTENT)
    assert target.read_bytes() == b""


async def test_names_that_are_no_text_are_passed_over(world):
    os.close(os.open(os.fsencode(world.inbox) + b"/bad-\xff.edi", os.O_CREAT | os.O_WRONLY))
    put(world.inbox, "good.edi")
    assert await names(world.open()) == ["good.edi"]


@pytest.mark.parametrize("act", ["waiting", "hand_over", "holds"])
async def test_a_folder_that_is_gone_is_waited_for(world, act):
    box = world.open()
    world.inbox.rmdir()
    world.outbox.rmdir()
    with pytest.raises(TryLater) as later:
        await (box.waiting() if act == "waiting" else getattr(box, act)("out.edi", CONTENT))
    assert later.value.fix or act == "holds"
    world.inbox.mkdir()
    assert await box.waiting() == []  # it goes on once the folder is back
