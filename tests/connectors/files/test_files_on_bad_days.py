"""Files that are half there, commits that fail, and hubs that end between a commit and a move."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from crossdock.charter.charter import FlowIn, System
from crossdock.charter.flow_settings import FileForm
from crossdock.connectors.files.carriage import MailboxClient
from crossdock.connectors.files.connector import CONNECTOR
from crossdock.connectors.files.poller import FilePoller
from crossdock.faults import TryLater
from crossdock.kit.connector import Page
from crossdock.kit.http import Response
from crossdock.kit.samples import Samples
from crossdock.transport.folder import FolderMailbox
from crossdock.transport.mailbox import Inbox, Outbox
from tests.connectors.files.files_site import CHARTER, stand

SYSTEM = System("erp", "files", flows_in=(FlowIn("item", id="sku", file=FileForm("csv", match="*.csv")),))


class Folder:
    """The four folders of one system, with a clock that the test moves."""

    def __init__(self, root: Path, *, settled_s: float = 0.0, marker: str = "") -> None:
        for name in ("in", "out", "archive", "failed"):
            (root / name).mkdir()
        self.inbox = root / "in"
        self.archive = root / "archive"
        self.now_s = 0.0
        boxes = {
            box: FolderMailbox(
                root,
                inbox=Inbox("in", archive=box, settled_s=settled_s, marker=marker),
                clock=lambda: self.now_s,
            )
            for box in ("archive", "failed")
        }
        self.client = MailboxClient(boxes, {box: FolderMailbox(root, outbox=Outbox(box)) for box in boxes})

    def poller(self) -> FilePoller:
        """The connector's own."""
        found = CONNECTOR.poller("item", Samples(self.inbox).tools(SYSTEM))
        assert isinstance(found, FilePoller)
        return found


class Hasty:
    """A client under which a file is gone as soon as it is read: what the order of commit and move guards against."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        answer = await self._folder.client.send(method, path, body=body, headers=headers)
        if method == "GET" and "?" not in path:
            (self._folder.inbox / path.lstrip("/")).unlink()
        return answer

    async def close(self) -> None:
        """Nothing."""


def names(page: Page) -> int:
    return len(page.found)


async def test_a_file_is_moved_only_after_the_commit_that_holds_it(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (folder.inbox / "a.csv").write_text("sku,unit\nA,EA\n", "utf-8")
    page = await folder.poller().poll(None, folder.client)
    assert names(page) == 1
    assert (folder.inbox / "a.csv").exists()
    again = await folder.poller().poll(None, folder.client)  # the commit failed: the cursor is where it was
    assert names(again) == 1
    after = await folder.poller().poll(page.cursor, folder.client)
    assert names(after) == 0
    assert sorted(one.name for one in folder.archive.iterdir()) == ["a.csv", "a.csv.report.txt"]


async def test_a_file_that_is_moved_before_its_commit_is_lost_with_it(tmp_path: Path) -> None:
    """The control: the same failed commit, and nothing is left to read."""
    folder = Folder(tmp_path)
    (folder.inbox / "a.csv").write_text("sku,unit\nA,EA\n", "utf-8")
    assert names(await folder.poller().poll(None, Hasty(folder))) == 1
    assert names(await folder.poller().poll(None, Hasty(folder))) == 0


class Stuck(Hasty):
    """A client under which one file cannot be filed away."""

    def __init__(self, folder: Folder, name: str) -> None:
        super().__init__(folder)
        self.name: str | None = name
        self.read: list[str] = []

    async def send(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        if method == "DELETE" and path == f"/{self.name}":
            raise TryLater("it stays", path=self.name)
        if method == "GET" and "?" not in path:
            self.read.append(path.lstrip("/"))
        return await self._folder.client.send(method, path, body=body, headers=headers)


async def test_a_file_that_cannot_be_filed_away_is_told_and_never_read_twice(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    client, poller, cursor = Stuck(folder, "b.csv"), folder.poller(), None
    for name in "abc":
        (folder.inbox / f"{name}.csv").write_text(f"sku,unit\n{name},EA\n", "utf-8")
    for _ in range(4):  # whoever asks next asks from the cursor that was committed last
        page = await poller.poll(cursor, client)
        cursor = page.cursor
    assert [fault.path for fault in page.amiss] == ["b.csv"]
    assert sorted(client.read) == ["a.csv", "b.csv", "c.csv"]
    client.name = None
    page = await poller.poll(cursor, client)
    assert (list(page.amiss), list(folder.inbox.iterdir())) == ([], [])
    assert sorted(client.read) == ["a.csv", "b.csv", "c.csv"]


async def test_a_growing_file_is_not_read(tmp_path: Path) -> None:
    folder = Folder(tmp_path, settled_s=2.0)
    file, poller = folder.inbox / "a.csv", folder.poller()
    file.write_text("sku,unit\nA,", "utf-8")
    for folder.now_s in (0.0, 1.5):
        assert names(await poller.poll(None, folder.client)) == 0
    file.write_text("sku,unit\nA,EA\n", "utf-8")
    for folder.now_s, found in ((2.5, 0), (4.0, 0), (4.5, 1)):
        assert names(await poller.poll(None, folder.client)) == found


async def test_a_file_waits_for_its_marker_and_both_go_away(tmp_path: Path) -> None:
    folder = Folder(tmp_path, marker=".done")
    (folder.inbox / "a.csv").write_text("sku,unit\nA,EA\n", "utf-8")
    assert names(await folder.poller().poll(None, folder.client)) == 0
    (folder.inbox / "a.csv.done").touch()
    page = await folder.poller().poll(None, folder.client)
    assert names(page) == 1
    await folder.poller().poll(page.cursor, folder.client)
    assert list(folder.inbox.iterdir()) == []


async def test_names_of_unfinished_files_are_never_read(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for name in (".a.csv", "a.csv.part", "a.csv.tmp", "a.csv.filepart"):
        (folder.inbox / name).write_text("sku,unit\nA,EA\n", "utf-8")
    assert names(await folder.poller().poll(None, folder.client)) == 0


async def test_a_hub_that_ends_between_commit_and_move_takes_nothing_twice(tmp_path: Path) -> None:
    async with stand(tmp_path) as world:
        world.drop("erp", "items.csv", "sku,unit\nA-1,EA\n")
        await world.until(lambda: world.sent() == ["item-A-1.xml"])
        await world.until(lambda: world.files("erp", "archive"))
    (tmp_path / "exchange/erp/archive/items.csv").rename(tmp_path / "exchange/erp/in/items.csv")
    async with stand(tmp_path) as world:
        await world.until(lambda: not world.files("erp", "in"))
        counts = await world.counts()
        assert (counts["captures"]["accepted"], counts["transmissions"]["made"]) == (1, 1)


async def test_a_file_under_a_taken_name_is_refused_and_the_other_left_alone(tmp_path: Path) -> None:
    async with stand(tmp_path, CHARTER.replace("item-{number}-{key}.xml", "item-{key}.xml")) as world:
        out = tmp_path / "exchange/wms/out"
        for number in range(1, 200):
            (out / f"item-t{number}.1.xml").write_text("theirs", "utf-8")
        world.drop("erp", "items.csv", "sku,unit\nA-1,EA\n")
        (incident,) = await world.incidents_once_there()
        assert incident["type"] == "rejected"
        assert {path.read_text("utf-8") for path in out.iterdir()} == {"theirs"}
