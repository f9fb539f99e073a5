"""Files in a mailbox that cannot be read or taken away: the others come, and each is told by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from crossdock.connectors.edi.carriage import MailboxClient
from crossdock.connectors.edi.poller import EdiPoller
from crossdock.faults import TryLater
from crossdock.kit.connector import Page
from crossdock.transport.mailbox import Entry


@dataclass
class Box:
    """A mailbox whose acts on some files fail, each with the path that its fault names."""

    files: dict[str, bytes]
    unread: dict[str, str] = field(default_factory=dict[str, str])
    stuck: dict[str, str] = field(default_factory=dict[str, str])

    async def waiting(self) -> Sequence[Entry]:
        return [Entry(name, len(body), 1.0) for name, body in sorted(self.files.items())]

    async def fetch(self, entry: Entry) -> bytes:
        if entry.name in self.unread:
            raise TryLater(f"no {entry.name}", path=self.unread[entry.name])
        return self.files[entry.name]

    async def done(self, entry: Entry) -> None:
        if entry.name in self.stuck:
            raise TryLater(f"{entry.name} stays", path=self.stuck[entry.name])
        self.files.pop(entry.name, None)

    async def hand_over(self, name: str, content: bytes) -> None:
        self.files[name] = content

    async def holds(self, name: str, content: bytes) -> bool:
        return self.files.get(name) == content

    async def close(self) -> None:
        """Nothing is open."""


def three(**amiss: dict[str, str]) -> Box:
    """Three files."""
    return Box({"a": b"A", "b": b"B", "c": b"C"}, **amiss)


def had(page: Page) -> list[bytes]:
    """What a page brought."""
    return [one.content.body for one in page.found]


def told(page: Page) -> list[tuple[str, str]]:
    """What a page could not bring, with the reason."""
    return [(one.path, one.says) for one in page.amiss]


async def test_a_file_that_cannot_be_read_is_told_while_the_others_come_and_comes_once_it_can() -> None:
    box, poller = three(unread={"a": "a"}), EdiPoller("interchange", "application/edi-x12")
    client = MailboxClient(box)
    first = await poller.poll(None, client)
    assert (had(first), told(first)) == ([b"B", b"C"], [("a", "no a")])
    again = await poller.poll(first.cursor, client)
    assert (had(again), told(again), sorted(box.files)) == ([], [("a", "no a")], ["a"])
    box.unread.clear()
    last = await poller.poll(again.cursor, client)
    assert (had(last), told(last)) == ([b"A"], [])


async def test_a_file_amid_which_the_server_drops_holds_up_no_other() -> None:
    box, poller = three(unread={"a": "host"}), EdiPoller("interchange", "application/edi-x12")
    client = MailboxClient(box)
    first = await poller.poll(None, client)
    assert (had(first), told(first)) == ([], [("a", "no a")])
    second = await poller.poll(first.cursor, client)
    assert (had(second), told(second)) == ([b"B", b"C"], [("a", "no a")])


async def test_a_file_that_cannot_be_taken_away_is_told_and_never_read_twice() -> None:
    box, poller = three(stuck={"b": "b"}), EdiPoller("interchange", "application/edi-x12")
    client = MailboxClient(box)
    first = await poller.poll(None, client)
    box.files["d"] = b"D"
    second = await poller.poll(first.cursor, client)
    assert (had(second), told(second)) == ([b"D"], [("b", "b stays")])
    third = await poller.poll(second.cursor, client)
    assert (had(third), sorted(box.files)) == ([], ["b"])
    box.stuck.clear()
    last = await poller.poll(third.cursor, client)
    assert (had(last), told(last), box.files) == ([], [], {})


async def test_a_mailbox_of_which_nothing_can_be_taken_away_is_not_read_further() -> None:
    box, poller = three(stuck={"b": "folder"}), EdiPoller("interchange", "application/edi-x12")
    first = await poller.poll(None, MailboxClient(box))
    with pytest.raises(TryLater, match="b stays"):
        await poller.poll(first.cursor, MailboxClient(box))
